/* writer.c - many threads and a loop feed one writer while others read; meant for the thread sanitizer.
 *
 * Four threads call, the loop submits, two threads read. At the end every counted request is in the store, every done
 * ran once, and no reader ever saw half a request. Ends with "N passed, N failed". */
#include "io/store/writer.h"
#include "core/store/keys.h"
#include "io/store/store_lmdb.h"

#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#define CALLERS 4
#define CALLS 150
#define READERS 2
#define SUBMITS 600
#define IN_FLIGHT 64

static const struct pt_store_lmdb_options options = {0};

struct job {
    struct pt_write_req req;
    uint64_t name;
    bool fails;
};

static struct pt_store *store;
static struct pt_writer *writer;
static uv_loop_t loop;
static atomic_bool readers_end;
static atomic_uint torn_reads;
static atomic_uint wrong_results;
static struct job jobs[IN_FLIGHT];
static unsigned n_submitted;
static unsigned n_done;
static bool stopped;

static void need(bool good, const char *what)
{
    if (!good) {
        (void)fprintf(stderr, "%s failed\n", what);
        exit(2);
    }
}

/* One row in each of two tables: both or none. */
static enum pt_err job_run(struct pt_txn *txn, struct pt_write_req *req)
{
    const struct job *job = req->data;
    struct pt_key key = pt_key_u64(job->name);
    enum pt_err err = pt_store_put(txn, PT_TABLE_ARRIVAL, pt_key_bytes(&key), pt_key_bytes(&key));
    if (err == PT_OK && job->fails) {
        return PT_EDENIED;
    }
    return err == PT_OK ? pt_store_put(txn, PT_TABLE_HEADS, pt_key_bytes(&key), pt_key_bytes(&key)) : err;
}

static bool fails(uint64_t name)
{
    return name % 37 == 5;
}

static void caller_main(void *data)
{
    uint64_t base = *(const uint64_t *)data;
    for (uint64_t i = 0; i < CALLS; i++) {
        struct job job = {.name = base + i, .fails = fails(i)};
        enum pt_err err = pt_writer_call(writer, job_run, &job, 100);
        if (err != (job.fails ? PT_EDENIED : PT_OK)) {
            atomic_fetch_add(&wrong_results, 1);
        }
    }
}

/* -1 when it could not be read. */
static long rows_count(struct pt_txn *txn, enum pt_table table)
{
    long n = 0;
    struct pt_bytes key;
    struct pt_bytes value;
    struct pt_rows rows = pt_rows_of(txn, table, (struct pt_bytes){0});
    while (pt_rows_next(&rows, &key, &value)) {
        n++;
    }
    return pt_rows_end(&rows) == PT_OK ? n : -1;
}

static void reader_main(void *data)
{
    (void)data;
    while (!atomic_load(&readers_end)) {
        struct pt_txn *txn;
        need(pt_store_begin_read(store, &txn) == PT_OK, "begin");
        long arrived = rows_count(txn, PT_TABLE_ARRIVAL);
        if (arrived < 0 || arrived != rows_count(txn, PT_TABLE_HEADS)) {
            atomic_fetch_add(&torn_reads, 1);
        }
        pt_store_abort(txn);
    }
}

static void on_stopped(void *data)
{
    *(bool *)data = true;
}

static void submit_next(struct job *job);

static void job_done(struct pt_write_req *req, enum pt_err err)
{
    struct job *job = req->data;
    if (err != (job->fails ? PT_EDENIED : PT_OK)) {
        atomic_fetch_add(&wrong_results, 1);
    }
    n_done++;
    if (n_submitted < SUBMITS) {
        submit_next(job);
    } else if (n_done == SUBMITS) {
        uv_stop(&loop);
    }
}

static void submit_next(struct job *job)
{
    job->name = n_submitted;
    job->fails = fails(n_submitted);
    job->req = (struct pt_write_req){.run = job_run, .done = job_done, .data = job, .bytes = 100};
    n_submitted++;
    need(pt_writer_submit(writer, &job->req) == PT_OK, "submit");
}

static long expected_rows(void)
{
    long n = 0;
    for (uint64_t i = 0; i < SUBMITS; i++) {
        n += !fails(i);
    }
    for (uint64_t i = 0; i < CALLS; i++) {
        n += fails(i) ? 0 : CALLERS;
    }
    return n;
}

static void run_all(void)
{
    uv_thread_t callers[CALLERS];
    uv_thread_t readers[READERS];
    uint64_t bases[CALLERS]; /* of the callers' names */
    for (size_t i = 0; i < READERS; i++) {
        need(uv_thread_create(&readers[i], reader_main, NULL) == 0, "thread");
    }
    for (size_t i = 0; i < CALLERS; i++) {
        bases[i] = (i + 1) * 1000000;
        need(uv_thread_create(&callers[i], caller_main, &bases[i]) == 0, "thread");
    }
    for (size_t i = 0; i < IN_FLIGHT; i++) {
        submit_next(&jobs[i]);
    }
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    for (size_t i = 0; i < CALLERS; i++) {
        need(uv_thread_join(&callers[i]) == 0, "join");
    }
    atomic_store(&readers_end, true);
    for (size_t i = 0; i < READERS; i++) {
        need(uv_thread_join(&readers[i]) == 0, "join");
    }
    pt_writer_stop(writer, on_stopped, &stopped);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
}

static void folder_remove(const char *dir)
{
    static const char *const names[] = {"data.mdb", "lock.mdb"};
    char path[PATH_MAX + 16];
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(dir);
}

static int expect(bool good, const char *what)
{
    if (!good) {
        (void)printf("not so: %s\n", what);
    }
    return good ? 1 : 0;
}

int main(void)
{
    char dir[] = "/tmp/patuh-stress-XXXXXX";
    struct pt_txn *txn;
    need(mkdtemp(dir) != NULL, "mkdtemp");
    need(pt_crypto_init() == PT_OK, "crypto");
    need(pt_store_lmdb_open(dir, NULL, &options, &store, NULL) == PT_OK, "open");
    need(uv_loop_init(&loop) == 0, "loop");
    need(pt_writer_start(&loop, store, &writer) == PT_OK, "start");
    run_all();
    need(pt_store_begin_read(store, &txn) == PT_OK, "begin");
    int passed = expect(n_done == SUBMITS, "every done ran once");
    passed += expect(atomic_load(&wrong_results) == 0, "every request got its own result");
    passed += expect(atomic_load(&torn_reads) == 0, "no reader saw half a request");
    passed += expect(rows_count(txn, PT_TABLE_ARRIVAL) == expected_rows(), "what succeeded is there, nothing else");
    passed += expect(stopped && uv_loop_close(&loop) == 0, "nothing is left on the loop");
    pt_store_abort(txn);
    pt_store_close(store);
    folder_remove(dir);
    (void)printf("%d passed, %d failed\n", passed, 5 - passed);
    return passed == 5 ? 0 : 1;
}
