/* inbox.h - what one frame brings for the store: applied in one transaction, answered after it is durable.
 *
 * The session fills an inbox (runs verified, receipts verified), the writer applies it, the session answers.
 * Thread: filled and read on the session's thread, applied on the writer's, never both at once.
 * Memory: everything lives in its own arena; pt_inbox_destroy frees it. */
#ifndef PT_INBOX_H
#define PT_INBOX_H

#include "base/problem.h"
#include "core/log/logs.h"
#include "core/log/receipts.h"
#include "core/log/wanted.h"
#include "core/sync/file_work.h"
#include "wire.pb-c.h"

enum { PT_INBOX_RUNS_MAX = 8, PT_INBOX_RECEIPTS_MAX = 64, PT_INBOX_TEXTS_MAX = 1024 };

/* Which blobs this store asks for when an entry names one. */
struct pt_blob_policy {
    bool evidence; /* offices: of devices that enrolled there */
    bool registry; /* offices: registry and imported results */
};

struct pt_inbox {
    struct pt_arena arena;
    /* in */
    struct pt_run run;
    struct pt_checked_run checked;
    bool has_run;
    struct pt_bytes *texts;
    size_t n_texts;
    struct pt_receipt *receipts;
    size_t n_receipts;
    bool has_text; /* one small blob that was asked for */
    struct pt_subject text_subject;
    struct pt_bytes text;
    struct pt_file_work files;
    struct pt_wanted *missing; /* files to be asked for */
    size_t n_missing;
    bool has_salt; /* of the peer whose author this is */
    struct pt_author peer;
    uint64_t peer_incarnation; /* whose salts these are; 0 = not said */
    uint64_t salt;
    uint64_t salt_before;
    uint64_t salt_epoch; /* in which it was given */
    int64_t peer_seen_ms;
    int64_t peer_offset_ms;
    bool has_delivered; /* this peer has brought back all it has, in salt_epoch */
    bool has_own_salt;  /* given to us by the upper office */
    bool own_stale;     /* and what it says of us: an older store than it knew. Kept with the salt (PT_META_STALE) */
    int64_t office_ms;  /* and its time (PT_META_OFFICE_MS) */
    uint64_t office_epoch;
    struct pt_blob_policy policy;
    int64_t now_ms;
    /* out */
    struct pt_append append;
    uint64_t lsn;            /* last of the arrival log afterwards */
    struct pt_hash lsn_hash; /* running hash there */
    uint64_t frames;         /* the session's: frames processed when this is durable */
};

/* NULL when out of memory. */
struct pt_inbox *pt_inbox_create(void);
void pt_inbox_destroy(struct pt_inbox *inbox);

/* Copy what a message says of its run and the texts beside it; the log of the run is set already. Errors: MALFORMED,
 * LIMIT, NOMEM. */
enum pt_err pt_inbox_take_chunks(struct pt_inbox *inbox, const Patuh__Chunks *chunks);

/* In a write transaction; may run twice. Errors: those of the store; LIMIT (too much parked). */
enum pt_err pt_inbox_apply(struct pt_txn *txn, struct pt_inbox *inbox);

#endif
