/* fill.h - what goes out of a store into a bundle.
 *
 * The same pieces as in a session, but all that could be asked for is said at once: nobody asks a file.
 * Thread: as the transaction.  Errors of all: those of pt_bundle_put, of the store, of the blobs; DAMAGED. */
#ifndef PT_BUNDLE_FILL_H
#define PT_BUNDLE_FILL_H

#include "core/bundle/bundle.h"
#include "core/log/branches.h"
#include "core/log/receipts.h"
#include "core/sync/file_work.h"

struct pt_bundle_fill {
    struct pt_bundle_writer *writer;
    struct pt_txn *txn;
    const struct pt_blob_ops *blobs;
    bool instruments; /* files of instruments go behind the run that names them */
    /* out */
    uint32_t n_chunks;
    uint32_t n_files;
    uint32_t n_receipts;
};

/* Of a log that goes up: what no receipt of this tier covers, of a forked one every branch. */
enum pt_err pt_fill_unreceipted(struct pt_bundle_fill *fill, const struct pt_head *head, enum pt_tier tier);
/* What follows a place that the other side has named in a log (NULL: everything); all of it when that place is not on
 * our chain, so that the fork is seen there. */
enum pt_err pt_fill_after(struct pt_bundle_fill *fill, const struct pt_head *head, const struct pt_chunk_end *place);
/* One that we sign, or pass on: body and signature. */
enum pt_err pt_fill_receipt(struct pt_bundle_fill *fill, struct pt_bytes body, const struct pt_signature *signature);
/* All that this store has of this tier for a log. */
enum pt_err pt_fill_receipts_of(struct pt_bundle_fill *fill, const struct pt_head *head, enum pt_tier tier);
/* A whole file in parts; nothing when it is not here. */
enum pt_err pt_fill_file(struct pt_bundle_fill *fill, const struct pt_hash *hash);
/* What this side has of logs, for the other one to go on from. */
enum pt_err pt_fill_heads(struct pt_bundle_fill *fill, const struct pt_head *heads, size_t n);
/* Files that this side lacks; at most PT_BLOB_HASHES_MAX. */
enum pt_err pt_fill_wants(struct pt_bundle_fill *fill, const struct pt_hash *hashes, size_t n);

#endif
