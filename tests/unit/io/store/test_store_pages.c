/* A store's file is damaged in every place that LMDB trusts. What is promised: the check finds it, or opening and
 * reading the store gives what was written, or DAMAGED; nothing dies, and nothing is missing without a word. */
#include "io/store/store_pages.h"
#include "support/workload.h"

#include "base/mem.h"
#include "core/crypto.h"
#include "io/disk/files.h"
#include "io/store/store_lmdb.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MEMORY_DISK "/dev/shm" /* thousands of openings, each with its fsync */
#define PAGE_BYTES 4096
#define N_COMMITS 20
#define N_LARGE 20 /* commits that grow, and as many that shrink */
#define N_LARGE_ROWS 1000
#define HEAD_BYTES 160 /* of a meta page */
#define LIST_BYTES 48  /* a page's head and the begin of its list of nodes */

static const struct pt_store_lmdb_options no_reserve = {0};

struct bench {
    char folder[64];
    char file[PATH_MAX];
    struct pt_buf good; /* the file */
    struct pt_hash rows;
};

static struct pt_store *open_store(const struct bench *bench)
{
    struct pt_store *store = NULL;
    return pt_store_lmdb_open(bench->folder, NULL, &no_reserve, &store, NULL) == PT_OK ? store : NULL;
}

/* All rows of all tables. */
static enum pt_err read_rows(struct pt_store *store, struct pt_hash *out)
{
    struct pt_buf all = {0};
    enum pt_err err = PT_OK;
    for (int i = 0; i < PT_TABLE_COUNT && err == PT_OK; i++) {
        struct pt_txn *txn;
        struct pt_bytes key;
        struct pt_bytes value;
        cr_assert_eq(pt_store_begin_read(store, &txn), PT_OK);
        struct pt_rows rows = pt_rows_of(txn, (enum pt_table)i, (struct pt_bytes){0});
        while (pt_rows_next(&rows, &key, &value)) {
            pt_buf_put_u64(&all, key.n);
            pt_buf_put_bytes(&all, key);
            pt_buf_put_u64(&all, value.n);
            pt_buf_put_bytes(&all, value);
        }
        err = pt_rows_end(&rows);
        pt_store_abort(txn);
    }
    *out = pt_hash1(PT_CONTEXT_LINK, pt_buf_bytes(&all));
    pt_buf_free(&all);
    return err;
}

static void make_bench(struct bench *bench)
{
    struct pt_problem problem = {0};
    *bench = (struct bench){.folder = MEMORY_DISK "/patuh-pages-XXXXXX"};
    cr_assert_not_null(mkdtemp(bench->folder));
    cr_assert_eq(pt_crypto_init(), PT_OK);
    cr_assert_eq(pt_path_join(bench->file, sizeof bench->file, bench->folder, "data.mdb"), PT_OK);
    struct pt_store *store = open_store(bench);
    cr_assert_not_null(store);
    for (uint64_t k = 1; k <= N_COMMITS; k++) {
        cr_assert_eq(workload_commit(store, k), PT_OK);
        enum pt_err err = pt_store_pages_check(bench->folder, false, &problem);
        cr_expect_eq(err, PT_OK, "page %s after commit %d", problem.arg[1], (int)k);
    }
    cr_assert_eq(read_rows(store, &bench->rows), PT_OK);
    pt_store_close(store);
    cr_assert_eq(pt_file_read(bench->file, SIZE_MAX, &bench->good, NULL), PT_OK);
}

static void end_bench(struct bench *bench)
{
    char lock[PATH_MAX];
    cr_assert_eq(pt_path_join(lock, sizeof lock, bench->folder, "lock.mdb"), PT_OK);
    (void)unlink(bench->file);
    (void)unlink(lock);
    (void)rmdir(bench->folder);
    pt_buf_free(&bench->good);
    cr_expect_eq(pt_mem_alive(), 0);
}

static void put_file(const struct bench *bench, size_t n)
{
    int fd = open(bench->file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, bench->good.data, n), (ssize_t)n);
    cr_assert_eq(close(fd), 0);
}

static void flip(const struct bench *bench, size_t offset, unsigned bits)
{
    int fd = open(bench->file, O_WRONLY | O_CLOEXEC);
    uint8_t byte = (uint8_t)(bench->good.data[offset] ^ bits);
    cr_assert_eq(pwrite(fd, &byte, 1, (off_t)offset), 1);
    cr_assert_eq(close(fd), 0);
}

/* True when the damage is found or does no harm, not even when the store goes on. */
static bool is_safe(const struct bench *bench, bool goes_on, size_t *n_found)
{
    struct pt_hash rows;
    struct pt_problem problem = {0};
    enum pt_err err = pt_store_pages_check(bench->folder, false, &problem);
    if (err != PT_OK) {
        (*n_found)++;
        return err == PT_EDAMAGED && problem.msg != PT_MSG_NONE;
    }
    struct pt_store *store = open_store(bench);
    if (store == NULL) {
        return false; /* after the check nothing is left that LMDB could refuse */
    }
    err = read_rows(store, &rows);
    bool safe = err != PT_OK || pt_hash_eq(&rows, &bench->rows); /* whatever the envelope says, it is said */
    if (err == PT_OK && safe && goes_on) {
        safe =
            workload_commit(store, N_COMMITS + 1) == PT_OK && pt_store_pages_check(bench->folder, false, NULL) == PT_OK;
    }
    pt_store_close(store);
    return safe;
}

/* The one bit that nothing contradicts: the newest commit looks like one that never came to be. */
static bool is_the_blind_spot(const struct bench *bench, size_t offset, unsigned bits)
{
    uint64_t txn[2];
    const size_t at = 16 + 128; /* of a meta page: the number of its commit */
    memcpy(&txn[0], bench->good.data + at, sizeof txn[0]);
    memcpy(&txn[1], bench->good.data + PAGE_BYTES + at, sizeof txn[1]);
    return offset == (txn[1] > txn[0] ? PAGE_BYTES : 0) + at && bits == 2;
}

/* Grows to several levels and shrinks to nothing, in an order without order: pages are split, merged, freed, reused. */
Test(store_pages, a_whole_store_is_never_called_damaged)
{
    struct bench bench = {.folder = MEMORY_DISK "/patuh-pages-XXXXXX"};
    struct pt_problem problem = {0};
    cr_assert_not_null(mkdtemp(bench.folder));
    cr_assert_eq(pt_crypto_init(), PT_OK);
    cr_assert_eq(pt_path_join(bench.file, sizeof bench.file, bench.folder, "data.mdb"), PT_OK);
    struct pt_store *store = open_store(&bench);
    cr_assert_not_null(store);
    static const uint8_t value[3000];
    for (uint64_t k = 0; k < 2 * N_LARGE; k++) {
        struct pt_txn *txn;
        cr_assert_eq(pt_store_begin_write(store, &txn), PT_OK);
        for (uint64_t i = 0; i < N_LARGE_ROWS; i++) {
            uint64_t number = (k % N_LARGE * N_LARGE_ROWS + i) * 0x9E3779B97F4A7C15u;
            struct pt_hash key = pt_hash1(PT_CONTEXT_LINK, pt_bytes_of(&number, sizeof number));
            enum pt_err err = k < N_LARGE ? pt_store_put(txn, PT_TABLE_TEXTS, pt_hash_bytes(&key),
                                                         pt_bytes_of(value, i % 50 == 0 ? sizeof value : i % 200))
                                          : pt_store_del(txn, PT_TABLE_TEXTS, pt_hash_bytes(&key));
            cr_assert_eq(err, PT_OK);
        }
        cr_assert_eq(pt_store_commit(txn), PT_OK);
        enum pt_err err = pt_store_pages_check(bench.folder, false, &problem);
        cr_expect_eq(err, PT_OK, "page %s after commit %d", problem.arg[1], (int)k);
    }
    pt_store_close(store);
    end_bench(&bench);
}

Test(store_pages, a_changed_byte_is_found_or_harmless)
{
    struct bench bench;
    size_t n_found = 0;
    size_t n = 0;
    make_bench(&bench);
    size_t n_pages = bench.good.n / PAGE_BYTES;
    for (size_t page = 0; page < n_pages; page++) {
        for (size_t at = 0; at < PAGE_BYTES; at += at < LIST_BYTES ? 1 : 83) {
            size_t offset = page * PAGE_BYTES + at;
            unsigned bits = 1u << ((at + page) % 8);
            if (is_the_blind_spot(&bench, offset, bits)) {
                continue;
            }
            put_file(&bench, bench.good.n);
            flip(&bench, offset, bits);
            cr_expect(is_safe(&bench, n % 8 == 0, &n_found), "page %zu byte %zu bits %02x", page, at, bits);
            n++;
        }
    }
    (void)fprintf(stderr, "%zu pages: %zu changes, %zu found before opening\n", n_pages, n, n_found);
    cr_expect_gt(n_found, n_pages);
    end_bench(&bench);
}

Test(store_pages, every_bit_of_the_meta_pages)
{
    struct bench bench;
    size_t n_found = 0;
    make_bench(&bench);
    for (size_t i = 0; i < (size_t)2 * HEAD_BYTES * 8; i++) {
        size_t offset = i / 8 % HEAD_BYTES + (i / 8 / HEAD_BYTES) * PAGE_BYTES;
        if (!is_the_blind_spot(&bench, offset, 1u << (i % 8))) {
            put_file(&bench, bench.good.n);
            flip(&bench, offset, 1u << (i % 8));
            cr_expect(is_safe(&bench, true, &n_found), "byte %zu bit %zu", offset, i % 8);
        }
    }
    end_bench(&bench);
}

Test(store_pages, a_file_cut_anywhere_is_found)
{
    struct bench bench;
    size_t n_found = 0;
    make_bench(&bench);
    for (size_t n = 0; n < bench.good.n; n += n < 300 ? 7 : PAGE_BYTES / 2) {
        put_file(&bench, n);
        cr_expect(is_safe(&bench, true, &n_found), "cut after %zu", n);
    }
    cr_expect_gt(n_found, bench.good.n / PAGE_BYTES);
    end_bench(&bench);
}

Test(store_pages, an_empty_store_is_good_only_where_one_may_begin)
{
    struct bench bench = {.folder = MEMORY_DISK "/patuh-pages-XXXXXX"};
    struct pt_problem problem = {0};
    struct pt_store_lmdb_options options = {.must_exist = true};
    struct pt_store *store;
    cr_assert_not_null(mkdtemp(bench.folder));
    cr_assert_eq(pt_path_join(bench.file, sizeof bench.file, bench.folder, "data.mdb"), PT_OK);
    for (int made = 0; made < 2; made++) {
        if (made == 1) {
            put_file(&bench, 0);
        }
        cr_expect_eq(pt_store_pages_check(bench.folder, true, &problem), PT_OK);
        cr_expect_eq(pt_store_lmdb_open(bench.folder, NULL, &options, &store, &problem), PT_EDAMAGED);
        cr_expect_eq(problem.msg, PT_MSG_STORE_EMPTY);
        problem = (struct pt_problem){0};
    }
    end_bench(&bench);
}

Test(store_pages, without_memory_it_says_so)
{
    struct bench bench;
    make_bench(&bench);
    for (size_t pass = 0; pass < 2; pass++) {
        struct pt_problem problem = {0};
        pt_mem_fault_arm(pass);
        cr_expect_eq(pt_store_pages_check(bench.folder, false, &problem), PT_ENOMEM);
        pt_mem_fault_disarm();
        cr_expect_eq(problem.msg, PT_MSG_ERR_NOMEM);
    }
    end_bench(&bench);
}
