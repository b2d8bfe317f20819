#include "io/store/store_lmdb.h"
#include "io/store/writer.h"
#include "support/disk_shim.h"

#include "base/mem.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#define N_MAX 1500

struct job {
    struct pt_write_req req;
    struct bench *bench;
    uint64_t number;
    uint64_t seen; /* counter committed before this one ran */
    bool fails;
    enum pt_err err;
    int n_done;
};

struct bench {
    char dir[64];
    uv_loop_t loop;
    struct pt_store *store;
    struct pt_writer *writer;
    struct job jobs[N_MAX];
    size_t n_done;
    uint64_t last_done;
    bool in_submit;
    bool stopped;
};

static struct bench bench;

static void setup(void)
{
    static const struct pt_store_lmdb_options options = {0};
    (void)snprintf(bench.dir, sizeof bench.dir, "/tmp/patuh-writer-XXXXXX");
    cr_assert_not_null(mkdtemp(bench.dir));
    cr_assert_eq(pt_store_lmdb_open(bench.dir, NULL, &options, &bench.store, NULL), PT_OK);
    cr_assert_eq(uv_loop_init(&bench.loop), 0);
    cr_assert_eq(pt_writer_start(&bench.loop, bench.store, &bench.writer), PT_OK);
}

static void on_stopped(void *data)
{
    struct bench *at = data;
    at->stopped = true;
}

static void finish(void)
{
    static const char *const names[] = {"data.mdb", "lock.mdb"};
    char path[96];
    if (!bench.stopped) {
        pt_writer_stop(bench.writer, on_stopped, &bench);
    }
    (void)uv_run(&bench.loop, UV_RUN_DEFAULT);
    cr_expect(bench.stopped);
    cr_expect_eq(uv_loop_close(&bench.loop), 0);
    pt_store_close(bench.store);
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", bench.dir, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(bench.dir);
    cr_expect_eq(pt_mem_alive(), 0);
}

static uint64_t counter_get(struct pt_txn *txn)
{
    struct pt_bytes value;
    if (pt_store_get(txn, PT_TABLE_META, pt_bytes_str("counter"), &value) != PT_OK) {
        return 0;
    }
    struct pt_reader reader = pt_reader_on(value);
    return pt_read_u64(&reader);
}

static uint64_t counter_committed(struct pt_store *store)
{
    struct pt_txn *txn;
    if (pt_store_begin_read(store, &txn) != PT_OK) {
        return 0;
    }
    uint64_t value = counter_get(txn);
    pt_store_abort(txn);
    return value;
}

static enum pt_err count_up(struct pt_txn *txn)
{
    struct pt_buf value = {0};
    pt_buf_put_u64(&value, counter_get(txn) + 1);
    enum pt_err err = pt_store_put(txn, PT_TABLE_META, pt_bytes_str("counter"), pt_buf_bytes(&value));
    pt_buf_free(&value);
    return err;
}

static enum pt_err job_run(struct pt_txn *txn, struct pt_write_req *req)
{
    struct job *job = req->data;
    job->seen = counter_committed(bench.store);
    enum pt_err err = count_up(txn);
    return err == PT_OK && job->fails ? PT_EDENIED : err;
}

static void job_done(struct pt_write_req *req, enum pt_err err)
{
    struct job *job = req->data;
    cr_expect_not(bench.in_submit, "done ran inside submit");
    cr_expect(bench.n_done == 0 || job->number > bench.last_done, "in the order of submission");
    bench.last_done = job->number;
    bench.n_done++;
    job->err = err;
    job->n_done++;
}

static enum pt_err submit(size_t i, bool fails, size_t bytes)
{
    struct job *job = &bench.jobs[i];
    *job = (struct job){.number = i, .fails = fails};
    job->req = (struct pt_write_req){.run = job_run, .done = job_done, .data = job, .bytes = bytes};
    bench.in_submit = true;
    enum pt_err err = pt_writer_submit(bench.writer, &job->req);
    bench.in_submit = false;
    return err;
}

static void run_until_done(size_t n)
{
    while (bench.n_done < n) {
        (void)uv_run(&bench.loop, UV_RUN_ONCE);
    }
}

/* The writer waits for this transaction, so that requests gather. */
static struct pt_txn *writer_hold(void)
{
    struct pt_txn *txn;
    cr_assert_eq(pt_store_begin_write(bench.store, &txn), PT_OK);
    return txn;
}

static size_t commits_of(size_t n)
{
    size_t commits = 1;
    for (size_t i = 1; i < n; i++) {
        commits += bench.jobs[i].seen != bench.jobs[i - 1].seen;
    }
    return commits;
}

Test(writer, commits_together_what_has_gathered)
{
    setup();
    struct pt_txn *held = writer_hold();
    for (size_t i = 0; i < 500; i++) {
        cr_assert_eq(submit(i, false, 100), PT_OK);
    }
    pt_store_abort(held);
    run_until_done(500);
    for (size_t i = 0; i < 500; i++) {
        cr_expect(bench.jobs[i].err == PT_OK && bench.jobs[i].n_done == 1, "job %zu", i);
    }
    cr_expect_eq(counter_committed(bench.store), 500);
    cr_expect_geq(commits_of(500), 3, "200 a commit at most");
    cr_expect_leq(commits_of(500), 4);
    finish();
}

/* Nobody holds the writer back: it hears of requests when the turn is over. */
Test(writer, commits_together_what_comes_in_one_turn_of_the_loop)
{
    setup();
    cr_assert_eq(submit(0, false, 100), PT_OK);
    run_until_done(1); /* from here on the thread waits */
    for (size_t i = 1; i <= 10; i++) {
        cr_assert_eq(submit(i, false, 100), PT_OK);
        for (int look = 0; look < 500; look++) { /* what a turn takes beside: the first would be long committed */
            cr_expect_eq(counter_committed(bench.store), 1);
        }
    }
    run_until_done(11);
    cr_expect_eq(commits_of(11), 2);
    finish();
}

Test(writer, bounds_a_commit_by_bytes)
{
    setup();
    struct pt_txn *held = writer_hold();
    for (size_t i = 0; i < 20; i++) {
        cr_assert_eq(submit(i, false, i == 10 ? SIZE_MAX : 1024 * 1024), PT_OK);
    }
    pt_store_abort(held);
    run_until_done(20);
    cr_expect_geq(commits_of(20), 6);
    cr_expect_leq(commits_of(20), 8);
    finish();
}

Test(writer, a_failing_request_spoils_no_other)
{
    setup();
    struct pt_txn *held = writer_hold();
    for (size_t i = 0; i < 30; i++) {
        cr_assert_eq(submit(i, i % 7 == 3, 100), PT_OK);
    }
    pt_store_abort(held);
    run_until_done(30);
    for (size_t i = 0; i < 30; i++) {
        cr_expect_eq(bench.jobs[i].err, i % 7 == 3 ? PT_EDENIED : PT_OK, "job %zu", i);
        cr_expect_eq(bench.jobs[i].n_done, 1, "job %zu", i);
    }
    cr_expect_eq(counter_committed(bench.store), 26);
    finish();
}

Test(writer, a_full_queue_is_busy_and_loses_nothing)
{
    setup();
    struct pt_txn *held = writer_hold();
    size_t n = 0;
    enum pt_err err = PT_OK;
    while (n < N_MAX && (err = submit(n, false, 100)) == PT_OK) {
        n++;
    }
    cr_expect_eq(err, PT_EBUSY);
    cr_expect_geq(n, PT_WRITER_QUEUE_MAX);
    cr_expect_leq(n, PT_WRITER_QUEUE_MAX + PT_WRITER_BATCH_MAX);
    pt_store_abort(held);
    run_until_done(n);
    cr_expect_eq(counter_committed(bench.store), n);
    cr_expect_eq(submit(n, false, 100), PT_OK, "takes again");
    run_until_done(n + 1);
    finish();
}

Test(writer, stopping_commits_what_is_queued)
{
    setup();
    for (size_t i = 0; i < 300; i++) {
        cr_assert_eq(submit(i, false, 100), PT_OK);
    }
    pt_writer_stop(bench.writer, on_stopped, &bench);
    cr_expect_eq(bench.n_done, 300);
    cr_expect_eq(counter_committed(bench.store), 300);
    cr_expect_eq(submit(300, false, 100), PT_ECLOSED);
    cr_expect_not(bench.stopped, "later, on the loop");
    (void)uv_run(&bench.loop, UV_RUN_DEFAULT);
    cr_expect_eq(bench.n_done, 300);
    finish();
}

Test(writer, a_failing_disk_reaches_every_request_of_the_commit)
{
    setup();
    disk_shim_watch(bench.dir);
    struct pt_txn *held = writer_hold();
    for (size_t i = 0; i < 10; i++) {
        cr_assert_eq(submit(i, false, 100), PT_OK);
    }
    disk_shim_fault_arm(0, EIO);
    pt_store_abort(held);
    run_until_done(10);
    disk_shim_fault_disarm();
    for (size_t i = 0; i < 10; i++) {
        cr_expect_eq(bench.jobs[i].err, PT_EIO, "job %zu", i);
    }
    cr_expect_eq(counter_committed(bench.store), 0);
    finish();
}

static enum pt_err call_run(struct pt_txn *txn, struct pt_write_req *req)
{
    const bool *fails = req->data;
    enum pt_err err = count_up(txn);
    return err == PT_OK && *fails ? PT_EDENIED : err;
}

Test(writer, other_threads_wait_for_their_commit)
{
    setup();
    bool fails = false;
    cr_expect_eq(pt_writer_call(bench.writer, call_run, &fails, 10), PT_OK);
    cr_expect_eq(counter_committed(bench.store), 1);
    fails = true;
    cr_expect_eq(pt_writer_call(bench.writer, call_run, &fails, 10), PT_EDENIED);
    cr_expect_eq(counter_committed(bench.store), 1);
    finish();
}

Test(writer, start_survives_failing_allocations)
{
    struct pt_writer *writer;
    setup();
    pt_mem_fault_arm(0);
    cr_expect_eq(pt_writer_start(&bench.loop, bench.store, &writer), PT_ENOMEM);
    pt_mem_fault_disarm();
    finish();
}
