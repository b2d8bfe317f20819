/* branches.h - what lies past the fork of a forked log: one branch for every chunk that nothing follows.
 *
 * The same chunks give the same branches, whatever order they came in. A log that is not forked has none, and asking
 * costs nothing then; of a forked log all chunks past the fork are read.
 * Thread: as the transaction.  Memory: in the given arena. Errors: those of the store, NOMEM, DAMAGED. */
#ifndef PT_BRANCHES_H
#define PT_BRANCHES_H

#include "core/log/logs.h"

struct pt_branch_chunk {
    uint64_t first_seq;
    uint64_t last_seq;
    uint64_t lsn;
    int64_t received_ms;
    struct pt_hash previous;
    struct pt_hash link;
};

struct pt_branch {
    uint64_t seq; /* last entry, with its link */
    struct pt_hash link;
    struct pt_branch_chunk *chunks; /* from the fork on, in order; branches may begin alike */
    size_t n_chunks;
};

/* At least two branches, sorted by seq, then link; or none. */
struct pt_fork {
    uint64_t seq; /* last entry before the fork; without branches 0 */
    struct pt_branch *branches;
    size_t n;
};

/* As it was known at an LSN (0: now). */
enum pt_err pt_logs_fork(struct pt_txn *txn, const struct pt_head *head, uint64_t upto_lsn, struct pt_arena *arena,
                         struct pt_fork *out);
/* Only where the branches end, now. */
enum pt_err pt_logs_branch_ends(struct pt_txn *txn, const struct pt_head *head, struct pt_arena *arena,
                                struct pt_chunk_end **out, size_t *n_out);
/* The branch on which a chunk with this link lies, the first of several; NULL when there is none. */
const struct pt_branch *pt_fork_branch(const struct pt_fork *fork, const struct pt_hash *link);
/* The chunk of the branch with this link; NULL when it is not on it. */
const struct pt_branch_chunk *pt_branch_chunk(const struct pt_branch *branch, const struct pt_hash *link);
/* As pt_logs_run, along this branch: what lies before the fork, then what the branch names. */
enum pt_err pt_logs_branch_run(struct pt_txn *txn, const struct pt_head *head, const struct pt_branch *branch,
                               uint64_t from_seq, size_t n_bytes_max, struct pt_arena *arena, struct pt_run *out,
                               uint64_t *last_seq);
/* The same, for a peer that takes no more than PT_RUN_BYTES_MAX under one signature. Where branches join unsigned
 * chunks of several runs, the next signature along this one may lie further away than that; the run each chunk came in
 * led to a nearer one, so it is followed there, onto another branch if need be. last_seq: of the run; next_seq: where
 * this branch goes on behind what the run has of it. Errors: NOTFOUND; LIMIT (no signature is near enough: a version
 * before that limit took a longer run). */
enum pt_err pt_logs_sendable_run(struct pt_txn *txn, const struct pt_head *head, const struct pt_branch *branch,
                                 uint64_t from_seq, size_t n_bytes_max, struct pt_arena *arena, struct pt_run *out,
                                 uint64_t *last_seq, uint64_t *next_seq);

#endif
