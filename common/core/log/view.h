/* view.h - the entries of one log, as merge and authority read them.
 *
 * Made by logs.h from a store, and by tests by hand.
 * Thread: read-only after it is made.  Memory: everything lives in the maker's arena. */
#ifndef PT_VIEW_H
#define PT_VIEW_H

#include "base/arena.h"
#include "core/log/entry.h"

/* One sealed chunk of the log: where it ends and what its header said. */
struct pt_view_chunk {
    uint64_t last_seq;
    struct pt_hash link;
    bool has_instrument;
    struct pt_hash instrument;
    int64_t received_ms; /* office clock at arrival here; local, never decides anything */
};

/* What one branch of a forked log adds past the fork. */
struct pt_view_branch {
    struct pt_entry *entries; /* entries[i] has sequence number fork_seq + i + 1 */
    size_t n_entries;
    struct pt_view_chunk *chunks;
    size_t n_chunks;
};

struct pt_view {
    struct pt_log_id log;
    uint8_t public_key[PT_KEY_BYTES];
    struct pt_entry *entries; /* entries[i] has sequence number i + 1 */
    size_t n_entries;         /* sealed entries, then the ones that wait in the tail */
    struct pt_view_chunk *chunks;
    size_t n_chunks;
    struct pt_hash tail_instrument; /* what tail entries are written with */
    bool has_previous;              /* its author began it after its log about the subject that held this link */
    struct pt_hash previous;
    /* Of a forked log the entries above end at the fork, until an office says which branch stands (pt_view_stand). */
    bool forked;
    uint64_t fork_seq;
    struct pt_view_branch *branches; /* sorted by last entry, then link */
    size_t n_branches;
};

/* Is (seq, link) the end of one of the log's chunks past its fork? Gives the branch; NULL otherwise. */
const struct pt_view_branch *pt_view_branch_of(const struct pt_view *view, uint64_t seq, const struct pt_hash *link);
/* Let the branch stand up to exactly this chunk: its entries follow those before the fork, the others stay held.
 * Nothing changes where there is no such chunk, or while entries of our own wait in the tail. Replaces what stood
 * before. Errors: NOMEM. */
enum pt_err pt_view_stand(struct pt_view *view, uint64_t seq, const struct pt_hash *link, struct pt_arena *arena);

/* The chunk that holds an entry; NULL for an entry of the tail. */
const struct pt_view_chunk *pt_view_chunk_of(const struct pt_view *view, uint64_t seq);
/* Is this the log that somebody saw as far as (seq, link of the chunk that holds seq)? Links tell apart the branches of
 * a fork, and one author's logs about different subjects. link: whole. */
bool pt_view_has(const struct pt_view *view, uint64_t seq, struct pt_bytes link);
/* How far had somebody read this log who saw it as far as (seq, link)? Of an end that is not here, or lies on a branch
 * that does not stand, what comes before it was seen all the same. 0 = nothing of what is here. */
uint64_t pt_view_seen(const struct pt_view *view, uint64_t seq, struct pt_bytes link);
/* Is this the log that a reference means: its author's, with the same link at that entry? */
bool pt_view_is(const struct pt_view *view, const struct pt_entry_ref *ref);
/* The view of a log in a list; NULL when it is not there. */
const struct pt_view *pt_view_find(const struct pt_view *views, size_t n_views, const struct pt_author *author,
                                   uint64_t incarnation);

/* The views by subject and author, and one author's logs about one subject in the order in which it began them, as far
 * as they name each other; else by incarnation, those that name none first. The same set, as far as it counts, gives
 * the same order. Errors: NOMEM. */
enum pt_err pt_views_by_age(const struct pt_view *views, size_t n, struct pt_arena *arena, const struct pt_view ***out);

#endif
