/* take.h - what one record of a bundle does to a store.
 *
 * As a frame of a session: looked over, then stored as an inbox is. What is not for this store, or is wrong, is counted
 * and left out; the rest of the bundle goes on. So a bundle that comes twice, or ahead of an earlier one, gives the
 * same in the end. Nobody brings what this store wrote itself: that would mean that it went back in time, which is a
 * session's matter.
 * Thread: that of the transaction.  Memory: the caller's. */
#ifndef PT_BUNDLE_TAKE_H
#define PT_BUNDLE_TAKE_H

#include "core/bundle/bundle.h"
#include "core/sync/inbox.h"

struct pt_bundle_counts {
    uint32_t chunks_new;
    uint32_t chunks_duplicate;
    uint32_t chunks_held;
    uint32_t chunks_parked;
    uint32_t files_new;
    uint32_t receipts;
    uint32_t left_out; /* records: a log or file that is not for here, or a wrong content */
};

struct pt_bundle_taker {
    struct pt_author author; /* this store's own */
    /* May who made the bundle bring this log? */
    bool (*takes)(void *data, const struct pt_log_id *log);
    void *data;
    const struct pt_blob_ops *blobs;
    struct pt_blob_policy policy;
    const struct pt_public_key *region_key; /* who signs receipts of tier 1; NULL: none is taken */
    const struct pt_public_key *national_key;
    int64_t now_ms;
    struct pt_bundle_counts counts;
};

/* In a write transaction; counts are those so far, also after an error, so who runs it twice puts them back first.
 * Heads and wants do nothing: they are the caller's. *whole: the record is about a file, all of which is durable here.
 * Errors: NOMEM, FULL, IO, those of the store. */
enum pt_err pt_bundle_take(struct pt_bundle_taker *taker, struct pt_txn *txn, const Patuh__BundleRecord *record,
                           bool *whole);

#endif
