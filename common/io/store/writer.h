/* writer.h - the one thread that writes the store: everything that has gathered goes into one commit.
 *
 *   loop thread:  submit --> queue, until the turn ends          done(req, err), later
 *   writer:                  take <= 200 requests or 4 MiB -> begin -> run each -> commit -^ (durable, or err)
 *
 * A request whose run fails spoils no other: the transaction is aborted and each request runs in one of its own.
 * Thread: submit, stop and the done callbacks belong to the loop's thread; pt_writer_call to any other than the
 * writer's. Memory: requests are the caller's, embedded where they belong, until done.
 * Limits: PT_WRITER_QUEUE_MAX requests wait; then BUSY, the caller refuses or stops reading. */
#ifndef PT_WRITER_H
#define PT_WRITER_H

#include "core/store/store.h"

#define PT_WRITER_QUEUE_MAX 1024
#define PT_WRITER_BATCH_MAX 200
#define PT_WRITER_BATCH_BYTES_MAX (4 * 1024 * 1024)

struct uv_loop_s;
struct pt_writer;
struct pt_write_req;

/* On the writer thread, inside the transaction; touches nothing but txn and what the request owns. It may run twice
 * (the first transaction was aborted), so it begins by resetting its results. An error takes back this request only. */
typedef enum pt_err (*pt_write_run)(struct pt_txn *txn, struct pt_write_req *req);
/* On the loop thread. PT_OK: the request is durable. Otherwise nothing of it is in the store, except after IO: then
 * nobody knows. */
typedef void (*pt_write_done)(struct pt_write_req *req, enum pt_err err);

struct pt_write_req {
    pt_write_run run;
    pt_write_done done;
    void *data;   /* the caller's */
    size_t bytes; /* about how much it will write: bounds a commit */
    /* The rest is the writer's. */
    struct pt_write_req *next;
    enum pt_err err;
    bool blocking; /* pt_writer_call waits for it */
    bool finished;
};

/* Start the thread. The store stays the caller's and outlives the writer. Errors: NOMEM, IO (no thread). */
enum pt_err pt_writer_start(struct uv_loop_s *loop, struct pt_store *store, struct pt_writer **out);

/* Errors: BUSY (queue full), CLOSED (stopped): done never runs. PT_OK: done runs exactly once, later, on the loop
 * thread, never inside this call; after it the request is not touched. Requests run in the order of their submission.
 */
enum pt_err pt_writer_submit(struct pt_writer *writer, struct pt_write_req *req);

/* For other threads: run in a commit, wait, return what done would get. Waits for room in the queue.
 * Errors: those of run and of the commit; CLOSED. */
enum pt_err pt_writer_call(struct pt_writer *writer, pt_write_run run, void *data, size_t bytes);

/* Take no more, commit what is queued, end the thread; done callbacks still due run inside this call. All callers of
 * pt_writer_call have returned. The writer is freed and `on_stopped(data)` runs later on the loop (may be NULL). */
void pt_writer_stop(struct pt_writer *writer, void (*on_stopped)(void *data), void *data);

#endif
