#include "io/store/writer.h"

#include "base/mem.h"

#include <uv.h>

struct queue {
    struct pt_write_req *first;
    struct pt_write_req **end;
    size_t n;
};

struct pt_writer {
    struct pt_store *store;
    uv_thread_t thread;
    uv_async_t wake_loop; /* some requests are finished, or were submitted */
    uv_mutex_t mutex;     /* guards everything below */
    uv_cond_t work;       /* the queue has something, or stopping */
    uv_cond_t progress;   /* a batch was taken or finished: for blocking callers */
    struct queue waiting;
    struct queue finished; /* their done callbacks are due */
    bool stopping;
    void (*on_stopped)(void *data);
    void *stopped_data;
};

static void queue_init(struct queue *queue)
{
    *queue = (struct queue){.end = &queue->first};
}

static void queue_add(struct queue *queue, struct pt_write_req *req)
{
    req->next = NULL;
    *queue->end = req;
    queue->end = &req->next;
    queue->n++;
}

static struct pt_write_req *queue_take(struct queue *queue)
{
    struct pt_write_req *req = queue->first;
    if (req == NULL) {
        return NULL;
    }
    queue->first = req->next;
    queue->n--;
    if (queue->first == NULL) {
        queue->end = &queue->first;
    }
    return req;
}

/* What goes into one commit: at least one request. */
static size_t batch_take(struct queue *waiting, struct pt_write_req *batch[PT_WRITER_BATCH_MAX])
{
    size_t n = 0;
    size_t bytes = 0;
    while (n < PT_WRITER_BATCH_MAX && waiting->first != NULL) {
        size_t more = waiting->first->bytes;
        if (n > 0 && (more > PT_WRITER_BATCH_BYTES_MAX || bytes > PT_WRITER_BATCH_BYTES_MAX - more)) {
            break;
        }
        bytes += more < PT_WRITER_BATCH_BYTES_MAX ? more : PT_WRITER_BATCH_BYTES_MAX;
        batch[n++] = queue_take(waiting);
    }
    return n;
}

/* All of them in one transaction. *spoilt: a run failed, nothing was committed, each has to go alone. */
static enum pt_err commit_together(struct pt_store *store, struct pt_write_req **batch, size_t n, bool *spoilt)
{
    struct pt_txn *txn;
    *spoilt = false;
    enum pt_err err = pt_store_begin_write(store, &txn);
    if (err != PT_OK) {
        return err;
    }
    for (size_t i = 0; i < n; i++) {
        err = batch[i]->run(txn, batch[i]);
        if (err != PT_OK) {
            pt_store_abort(txn);
            *spoilt = true;
            return err;
        }
    }
    return pt_store_commit(txn);
}

static void batch_run(struct pt_store *store, struct pt_write_req **batch, size_t n)
{
    bool spoilt;
    enum pt_err err = commit_together(store, batch, n, &spoilt);
    bool alone = spoilt && n > 1;
    for (size_t i = 0; i < n; i++) {
        batch[i]->err = alone ? commit_together(store, &batch[i], 1, &spoilt) : err;
    }
}

/* With the mutex held. */
static void batch_finish(struct pt_writer *writer, struct pt_write_req **batch, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (batch[i]->blocking) {
            batch[i]->finished = true; /* from here on the waiting thread may drop it */
        } else {
            queue_add(&writer->finished, batch[i]);
        }
    }
    if (writer->finished.n > 0) {
        (void)uv_async_send(&writer->wake_loop);
    }
    uv_cond_broadcast(&writer->progress);
}

static void thread_main(void *data)
{
    struct pt_writer *writer = data;
    struct pt_write_req *batch[PT_WRITER_BATCH_MAX];
    uv_mutex_lock(&writer->mutex);
    for (;;) {
        while (writer->waiting.n == 0 && !writer->stopping) {
            uv_cond_wait(&writer->work, &writer->mutex);
        }
        size_t n = batch_take(&writer->waiting, batch);
        if (n == 0) {
            break;
        }
        uv_cond_broadcast(&writer->progress);
        uv_mutex_unlock(&writer->mutex);
        batch_run(writer->store, batch, n);
        uv_mutex_lock(&writer->mutex);
        batch_finish(writer, batch, n);
    }
    uv_mutex_unlock(&writer->mutex);
}

static void done_run(struct pt_writer *writer)
{
    uv_mutex_lock(&writer->mutex);
    struct pt_write_req *req = writer->finished.first;
    queue_init(&writer->finished);
    uv_mutex_unlock(&writer->mutex);
    while (req != NULL) {
        struct pt_write_req *next = req->next;
        req->done(req, req->err);
        req = next;
    }
}

static void work_begin(struct pt_writer *writer)
{
    uv_mutex_lock(&writer->mutex);
    if (writer->waiting.n > 0) {
        uv_cond_signal(&writer->work);
    }
    uv_mutex_unlock(&writer->mutex);
}

static void on_wake(uv_async_t *async)
{
    work_begin(async->data);
    done_run(async->data);
}

static void thread_end(struct pt_writer *writer)
{
    uv_mutex_lock(&writer->mutex);
    writer->stopping = true;
    uv_cond_signal(&writer->work);
    uv_mutex_unlock(&writer->mutex);
    (void)uv_thread_join(&writer->thread);
}

static void locks_close(struct pt_writer *writer)
{
    uv_cond_destroy(&writer->progress);
    uv_cond_destroy(&writer->work);
    uv_mutex_destroy(&writer->mutex);
}

static bool locks_init(struct pt_writer *writer)
{
    if (uv_mutex_init(&writer->mutex) != 0) {
        return false;
    }
    if (uv_cond_init(&writer->work) != 0) {
        uv_mutex_destroy(&writer->mutex);
        return false;
    }
    if (uv_cond_init(&writer->progress) != 0) {
        uv_cond_destroy(&writer->work);
        uv_mutex_destroy(&writer->mutex);
        return false;
    }
    return true;
}

/* The thread first: it does not touch wake_loop before a request, and unlike a handle it can be undone at once. */
static bool thread_start(struct pt_writer *writer, uv_loop_t *loop)
{
    if (!locks_init(writer)) {
        return false;
    }
    if (uv_thread_create(&writer->thread, thread_main, writer) != 0) {
        locks_close(writer);
        return false;
    }
    if (uv_async_init(loop, &writer->wake_loop, on_wake) != 0) {
        thread_end(writer);
        locks_close(writer);
        return false;
    }
    return true;
}

enum pt_err pt_writer_start(struct uv_loop_s *loop, struct pt_store *store, struct pt_writer **out)
{
    struct pt_writer *writer = pt_zalloc(sizeof *writer);
    if (writer == NULL) {
        return PT_ENOMEM;
    }
    writer->store = store;
    writer->wake_loop.data = writer;
    queue_init(&writer->waiting);
    queue_init(&writer->finished);
    if (!thread_start(writer, loop)) {
        pt_free(writer);
        return PT_EIO;
    }
    *out = writer;
    return PT_OK;
}

/* With the mutex held. */
static enum pt_err enqueue(struct pt_writer *writer, struct pt_write_req *req, bool blocking)
{
    if (writer->stopping) {
        return PT_ECLOSED;
    }
    if (writer->waiting.n >= PT_WRITER_QUEUE_MAX) {
        return PT_EBUSY;
    }
    req->blocking = blocking;
    req->finished = false;
    queue_add(&writer->waiting, req);
    return PT_OK;
}

/* The thread hears of it in the next turn of the loop: what comes in during this one goes into one commit. A thread
 * that is at work takes it when it is done. */
enum pt_err pt_writer_submit(struct pt_writer *writer, struct pt_write_req *req)
{
    uv_mutex_lock(&writer->mutex);
    enum pt_err err = enqueue(writer, req, false);
    uv_mutex_unlock(&writer->mutex);
    if (err == PT_OK) {
        (void)uv_async_send(&writer->wake_loop);
    }
    return err;
}

enum pt_err pt_writer_call(struct pt_writer *writer, pt_write_run run, void *data, size_t bytes)
{
    struct pt_write_req req = {.run = run, .data = data, .bytes = bytes};
    uv_mutex_lock(&writer->mutex);
    enum pt_err err = enqueue(writer, &req, true);
    while (err == PT_EBUSY) {
        uv_cond_wait(&writer->progress, &writer->mutex);
        err = enqueue(writer, &req, true);
    }
    uv_cond_signal(&writer->work);
    while (err == PT_OK && !req.finished) {
        uv_cond_wait(&writer->progress, &writer->mutex);
    }
    uv_mutex_unlock(&writer->mutex);
    return err == PT_OK ? req.err : err;
}

static void on_closed(uv_handle_t *handle)
{
    struct pt_writer *writer = handle->data;
    void (*on_stopped)(void *) = writer->on_stopped;
    void *data = writer->stopped_data;
    locks_close(writer);
    pt_free(writer);
    if (on_stopped != NULL) {
        on_stopped(data);
    }
}

void pt_writer_stop(struct pt_writer *writer, void (*on_stopped)(void *data), void *data)
{
    thread_end(writer);
    done_run(writer);
    writer->on_stopped = on_stopped;
    writer->stopped_data = data;
    uv_close((uv_handle_t *)&writer->wake_loop, on_closed);
}
