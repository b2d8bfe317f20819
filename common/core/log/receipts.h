/* receipts.h - "durable here up to this link", signed by an office.
 *
 * One signed body covers the logs of one author; what is kept is the newest per log and tier. Of a forked log it names
 * what counts, up to the fork, and as held the last chunk of every branch: those are kept one by one.
 * Thread: as the transaction.  Memory: in the given arena. */
#ifndef PT_RECEIPTS_H
#define PT_RECEIPTS_H

#include "core/log/branches.h"
#include "core/store/store.h"

struct pt_receipt_log {
    struct pt_log_id log;
    uint64_t seq;
    struct pt_hash link;
    bool held;
};

struct pt_receipt {
    struct pt_author office;
    enum pt_tier tier;
    struct pt_author author;
    uint64_t epoch;
    uint64_t lsn;
    int64_t time_ms;
    struct pt_receipt_log *logs;
    size_t n_logs;
    struct pt_hash *blobs; /* contents that are durable there */
    size_t n_blobs;        /* at most PT_BLOB_HASHES_MAX */
    struct pt_bytes body;  /* the signed bytes */
    struct pt_signature signature;
    bool current;   /* said by an office in a session: it holds there now, whatever clocks say; false after reading */
    bool passed_on; /* and not by the office that signed it: of several epochs it may be an earlier one */
};

/* Fill body and signature of a receipt whose other fields are set. Errors: NOMEM. */
enum pt_err pt_receipt_sign(struct pt_receipt *receipt, const struct pt_keypair *office, struct pt_arena *arena);
/* Errors: MALFORMED, SIGNATURE (not signed by this office key), LIMIT, NOMEM. */
enum pt_err pt_receipt_read(struct pt_bytes bytes, const struct pt_signature *signature,
                            const struct pt_public_key *office_key, struct pt_arena *arena, struct pt_receipt *out);

/* The same of an office that is known only by its tier, which stands in the signed body: each tier has its own key.
 * NULL: no receipt of that tier is accepted. */
enum pt_err pt_receipt_read_tier(struct pt_bytes bytes, const struct pt_signature *signature,
                                 const struct pt_public_key *region_key, const struct pt_public_key *national_key,
                                 struct pt_arena *arena, struct pt_receipt *out);
/* What a receipt says of one log: what counts, and of a forked log the ends of its branches. Room for
 * PT_RECEIPT_LOGS_MAX; returns how many. */
#define PT_RECEIPT_LOGS_MAX (PT_RECEIPT_BRANCHES_MAX + 1)
size_t pt_receipt_logs_of(const struct pt_head *head, const struct pt_chunk_end *ends, size_t n_ends,
                          struct pt_receipt_log *out);

/* Keep what is newer than what is kept: for the logs that are here, and for blobs. */
enum pt_err pt_receipt_store(struct pt_txn *txn, const struct pt_receipt *receipt);

struct pt_receipted {
    uint64_t seq; /* 0: none yet */
    struct pt_hash link;
    bool held;
    uint64_t epoch;
    uint64_t lsn;
    int64_t time_ms;
    struct pt_bytes body; /* empty: no receipt yet */
    struct pt_signature signature;
};
/* How far a log is receipted at a tier, without what is only held there. */
enum pt_err pt_receipted(struct pt_txn *txn, const struct pt_head *head, enum pt_tier tier, struct pt_arena *arena,
                         struct pt_receipted *out);
/* The receipt of a branch that ends with this link; seq 0: none. */
enum pt_err pt_receipted_held(struct pt_txn *txn, const struct pt_head *head, enum pt_tier tier,
                              const struct pt_hash *link, struct pt_arena *arena, struct pt_receipted *out);
/* All receipts of what is held of a log, in the order of their links. */
enum pt_err pt_receipts_held(struct pt_txn *txn, const struct pt_head *head, enum pt_tier tier, struct pt_arena *arena,
                             struct pt_receipted **out, size_t *n_out);
/* How far our own chain of the log is durable there, counting or held: what has to go out begins after it. It differs
 * from pt_receipted in a forked log, where nothing past the fork counts. */
enum pt_err pt_receipt_covers(struct pt_txn *txn, const struct pt_head *head, enum pt_tier tier, uint64_t *seq);
/* The same of one branch of a forked log. */
enum pt_err pt_receipt_covers_branch(struct pt_txn *txn, const struct pt_head *head, enum pt_tier tier,
                                     const struct pt_branch *branch, uint64_t *seq);

/* The newest receipt that came from an office of this tier, whatever it was for: of the epoch in which the office spoke
 * last, the largest LSN. Both 0: none yet. */
enum pt_err pt_receipt_newest(struct pt_txn *txn, enum pt_tier tier, uint64_t *epoch, uint64_t *lsn);
/* The newest receipt of a tier for a blob. */
struct pt_blob_receipted {
    bool found;
    uint64_t epoch;
    int64_t time_ms;
};
enum pt_err pt_blob_receipted(struct pt_txn *txn, const struct pt_hash *hash, enum pt_tier tier,
                              struct pt_blob_receipted *out);

#endif
