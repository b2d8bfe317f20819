/* file_work.h - what a session wants done with blobs that are files, done where the store is written.
 *
 * To take a part, to read a whole file and to sync it waits for the disk. So a session only says what is to be done; it
 * is done beside what the same inbox brings for the store, and answered when both are durable. May run twice.
 * Thread: filled and read on the session's thread, run on the writer's, never both at once.
 * Memory: in the arena of the inbox.  Limits: PT_BLOB_HASHES_MAX offered hashes. */
#ifndef PT_FILE_WORK_H
#define PT_FILE_WORK_H

#include "base/arena.h"
#include "core/store/store.h"

/* Blobs that are files. All synchronous; sizes at most PT_BLOB_BYTES_MAX. */
struct pt_blob_ops {
    /* On the session's thread: part of a blob; NOTFOUND. *bytes lives in the arena. Reads, and syncs nothing. */
    enum pt_err (*read)(void *data, const struct pt_hash *hash, uint64_t offset, size_t n_max, struct pt_arena *arena,
                        struct pt_bytes *bytes, uint64_t *total);
    /* The rest is for the writer's thread alone. Take a part. *next: the offset to go on from, also when the part does
     * not follow what is here. *complete: all there, the hash fits and it is durable. MALFORMED: all there and the hash
     * does not fit. LIMIT: not a part of such a content. */
    enum pt_err (*append)(void *data, const struct pt_hash *hash, uint64_t offset, uint64_t total, struct pt_bytes part,
                          uint64_t *next, bool *complete);
    /* Where to go on: parts came in an earlier session. 0: nothing is here. Errors: IO, NOMEM. */
    enum pt_err (*resume)(void *data, const struct pt_hash *hash, uint64_t *offset);
    /* All of it is here, good and durable: may be receipted. */
    bool (*is_durable)(void *data, const struct pt_hash *hash);
    void *data;
};

enum pt_file_task {
    PT_FILE_NOTHING,
    PT_FILE_LOOK,   /* before a blob is asked for: is it here, or some of it? */
    PT_FILE_PART,   /* a part came */
    PT_FILE_OFFERED /* a peer offers these: which of them are here? */
};

struct pt_file_work {
    enum pt_file_task task;
    const struct pt_blob_ops *ops; /* must stay */
    struct pt_hash hash;           /* LOOK, PART */
    uint64_t offset;               /* PART; and the size that was declared */
    uint64_t total;
    struct pt_bytes part;
    struct pt_author offers; /* OFFERED: who does */
    const struct pt_hash *offered;
    size_t n_offered;
    /* out */
    bool whole;           /* LOOK, PART: all of it is durable, and nobody wants it any more */
    bool refused;         /* PART: it is not what its hash says */
    uint64_t next;        /* not whole: the offset to go on from */
    struct pt_hash *here; /* OFFERED: durable. Room for n_offered, as in lost */
    size_t n_here;
    struct pt_hash *lost; /* OFFERED: not here, and not asked for because a log of this peer names it */
    size_t n_lost;
};

/* In a write transaction. Errors: FULL, IO, NOMEM, those of the store. */
enum pt_err pt_file_work_run(struct pt_txn *txn, struct pt_file_work *work);

#endif
