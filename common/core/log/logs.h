/* logs.h - the log store: chunks by arrival and by log, over any store of store.h.
 *
 * The arrival log numbers accepted chunks (LSN, from 1) and carries a running hash. A log's head is how far it is
 * connected from its first chunk. What comes ahead of its predecessor is parked and enters by itself; a second chunk
 * after one link is a fork: the head goes back to that link, and the entries of all branches past it are held. So the
 * same chunks give the same head, whatever order they came in. An office that says which branch stands changes nothing
 * here: head, receipts and what is held stay as they are, and the ruling takes effect in views (pt_authority_stand).
 * Nothing here decides by time; now_ms is only recorded. Thread: as the transaction.  Memory: results live in the given
 * arena, or by value. Errors of all: those of the store, NOMEM (LIMIT for an arena with a budget); DAMAGED for a stored
 * row that cannot be read.
 */
#ifndef PT_LOGS_H
#define PT_LOGS_H

#include "core/log/chunk.h"
#include "core/log/view.h"
#include "core/store/store.h"

struct pt_head {
    uint64_t number; /* of the log in this store */
    struct pt_log_id log;
    struct pt_public_key key;
    uint64_t seq; /* last entry connected from the first chunk, of a forked log the last before the fork; 0 = none */
    struct pt_hash link;
    bool forked;
    uint64_t fork_seq; /* last entry before the fork: seq */
    uint64_t held_seq; /* furthest entry past the fork */
    uint64_t last_lsn;
    uint64_t tail_seq; /* last entry that waits in the tail; 0 = none (a log of our own only) */
    uint32_t n_parked;
    bool pruned;           /* the head stays, the chunks are gone from here (prune.h) */
    uint64_t recalled_seq; /* how far it went when it was pruned, until all of that is back; 0 = none */
};

/* A chunk as it is stored. */
struct pt_record {
    uint64_t log; /* number */
    uint64_t first_seq;
    uint64_t last_seq;
    struct pt_bytes chunk;
    struct pt_hash previous;
    struct pt_hash link;
    bool has_signature;
    struct pt_signature signature;
    bool held;
    int64_t received_ms;
};

/* Consecutive chunks of one log with one signature at the end: what travels. */
struct pt_run {
    struct pt_log_id log;
    struct pt_public_key key;
    uint64_t first_seq;
    struct pt_hash previous;
    const struct pt_bytes *chunks;
    size_t n_chunks;
    struct pt_signature signature;
};

/* A run whose headers, links and signature were verified; links and last_seqs stand beside the chunks. */
struct pt_checked_run {
    const struct pt_run *run;
    struct pt_hash *links;
    uint64_t *last_seqs;
};

/* Sum of the chunks. */
size_t pt_run_bytes(const struct pt_run *run);
/* Verify without a store. Errors: MALFORMED, LIMIT (also of PT_RUN_BYTES_MAX), LINK (headers do not continue each
 * other), SIGNATURE. */
enum pt_err pt_run_check(const struct pt_run *run, struct pt_arena *arena, struct pt_checked_run *out);
/* The same for a run out of a store, where it may be longer: branches join what came in several runs, and versions
 * before PT_RUN_BYTES_MAX took more at once. */
enum pt_err pt_run_check_stored(const struct pt_run *run, struct pt_arena *arena, struct pt_checked_run *out);

/* The end of a chunk. */
struct pt_chunk_end {
    uint64_t seq;
    struct pt_hash link;
};

struct pt_append {
    uint32_t n_accepted;
    uint32_t n_duplicate;
    uint32_t n_parked;
    uint32_t n_held;
    uint32_t n_returned;              /* of the accepted: they were here before they were pruned */
    bool recalled;                    /* the subject was pruned: all of its logs have to come again, this run too */
    uint64_t first_lsn;               /* of the first accepted or held chunk; 0 = none */
    bool last_held;                   /* the run's last chunk is stored past a fork */
    bool last_parked;                 /* the run's last chunk waits for what comes before it */
    struct pt_head head;              /* afterwards */
    struct pt_chunk_end *branch_ends; /* of a forked log, afterwards; in the arena */
    size_t n_branch_ends;
};

/* Put a verified run into the store. What comes about a pruned subject recalls it (prune.h); while a log of it comes
 * again, a run ahead of that is left out instead of parked. Errors: LIMIT (more than PT_PARKED_PER_LOG_MAX would be
 * parked; nothing changed). */
enum pt_err pt_logs_append(struct pt_txn *txn, const struct pt_checked_run *checked, int64_t now_ms,
                           struct pt_arena *arena, struct pt_append *out);

/* Errors: NOTFOUND. */
enum pt_err pt_logs_find(struct pt_txn *txn, const struct pt_log_id *id, struct pt_head *out);
enum pt_err pt_logs_head(struct pt_txn *txn, uint64_t number, struct pt_head *out);
enum pt_err pt_logs_find_or_add(struct pt_txn *txn, const struct pt_log_id *id, const struct pt_public_key *key,
                                struct pt_head *out);
/* Is a chunk that ends with entry seq and this link here, and on which chain? GOOD: on the one that pt_logs_run gives,
 * also for seq 0 and the first link. */
enum pt_stand { PT_STAND_NONE, PT_STAND_GOOD, PT_STAND_HELD };
enum pt_err pt_logs_stand(struct pt_txn *txn, const struct pt_head *head, uint64_t seq, const struct pt_hash *link,
                          enum pt_stand *out);
enum pt_err pt_logs_put_head(struct pt_txn *txn, const struct pt_head *head);
/* All logs, or those of one subject (NULL: all), in the order of their canonical id bytes. */
enum pt_err pt_logs_list(struct pt_txn *txn, const struct pt_subject *subject, struct pt_arena *arena,
                         struct pt_head **out, size_t *n_out);
/* All logs in the order in which they became known here: half the work of the above. *out is the caller's, to pt_free.
 */
enum pt_err pt_logs_all(struct pt_txn *txn, struct pt_head **out, size_t *n_out);

/* The run that begins at from_seq: whole signed pieces, as many as stay within n_bytes_max and PT_RUN_BYTES_MAX, at
 * least one however long. Of a forked log it follows the branch that came first, or one with a signature where what
 * lies before the fork has none; branches.h has the others. Errors: NOTFOUND (nothing there, or from_seq is not where a
 * chunk begins). */
enum pt_err pt_logs_run(struct pt_txn *txn, const struct pt_head *head, uint64_t from_seq, size_t n_bytes_max,
                        struct pt_arena *arena, struct pt_run *out, uint64_t *last_seq);
/* Decoded entries up to upto_lsn (0: all), the tail at the end when with_tail. Those past a fork lie in the branches of
 * the view: which of them stands, if one does, office logs say (authority.h). */
enum pt_err pt_logs_view(struct pt_txn *txn, const struct pt_head *head, uint64_t upto_lsn, bool with_tail,
                         struct pt_arena *arena, struct pt_view *out);
/* Views of all logs of a subject, sorted by log id. */
enum pt_err pt_logs_views(struct pt_txn *txn, const struct pt_subject *subject, uint64_t upto_lsn, bool with_tail,
                          struct pt_arena *arena, struct pt_view **out, size_t *n_out);

/* Arrival log. */
enum pt_err pt_arrival_last(struct pt_txn *txn, uint64_t *lsn, struct pt_hash *hash); /* 0 when empty */
enum pt_err pt_arrival_read(struct pt_txn *txn, uint64_t lsn, struct pt_arena *arena, struct pt_record *out);

/* --- writing a log of our own --- */

/* Who writes, and what its chunks say of the circumstances. */
struct pt_author_pen {
    const struct pt_keypair *pair;
    uint64_t incarnation;
    bool has_previous_incarnation;
    uint64_t previous_incarnation; /* its last link goes into the first chunk of a new log */
    int64_t wall_ms;
    uint64_t monotonic_ms;
    uint64_t boot;
    const struct pt_hash *instrument; /* NULL outside assessments */
};

/* The pen's log about a subject, made when it is not there. Errors: GAP (the subject is pruned, or not all back). */
enum pt_err pt_pen_log(struct pt_txn *txn, const struct pt_author_pen *pen, const struct pt_subject *subject,
                       struct pt_head *out);
/* Add one entry to the open tail; *seq is its number. A tail written with another instrument is sealed first, so head
 * may go forward. Errors: LIMIT (too large for a chunk), MALFORMED (no reader would take it), FORK (the log went on
 * elsewhere: take a new incarnation), GAP (as pt_pen_log). */
enum pt_err pt_tail_put(struct pt_txn *txn, const struct pt_author_pen *pen, struct pt_head *head,
                        const struct pt_entry *entry, uint64_t *seq);
/* Seal the whole tail into signed chunks, in this transaction; they name the instrument the tail was written with.
 * n_sealed may be NULL. Errors: FORK. */
enum pt_err pt_tail_seal(struct pt_txn *txn, const struct pt_author_pen *pen, struct pt_head *head,
                         struct pt_arena *arena, uint32_t *n_sealed);
/* What was taken out of a tail: entries[i] was number first_seq + i. */
struct pt_taken {
    struct pt_entry *entries; /* in the arena */
    size_t n;
    uint64_t first_seq;
    bool has_instrument;
    struct pt_hash instrument;
};
/* Empty the tail of a log that will not go on, also when it was forked or went on elsewhere: the entries are put into
 * the log of a new incarnation. Errors: DAMAGED. */
enum pt_err pt_tail_take(struct pt_txn *txn, struct pt_head *head, struct pt_arena *arena, struct pt_taken *out);
/* Every tail of the pen's author moves to the pen's logs, which are those of a new incarnation: instances are named
 * anew, and an answer names its author's earlier one, a removal what it takes away: these are in another log now.
 * Errors: as pt_tail_put, DAMAGED. */
enum pt_err pt_tails_move(struct pt_txn *txn, const struct pt_author_pen *pen);
/* Both at once for an office's own logs: entries become chunks immediately. Errors: as pt_tail_put. */
enum pt_err pt_pen_write(struct pt_txn *txn, const struct pt_author_pen *pen, const struct pt_subject *subject,
                         const struct pt_entry *entries, size_t n, struct pt_arena *arena);

#endif
