#include "io/store/store_lmdb.h"
#include "support/disk_shim.h"
#include "support/store_checks.h"

#include "base/mem.h"
#include "io/disk/files.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct pt_store_lmdb_options no_reserve = {0};

struct folder {
    char path[PATH_MAX];
    const struct pt_store_key *key;
};

static void folder_make(struct folder *folder)
{
    (void)snprintf(folder->path, sizeof folder->path, "/tmp/patuh-store-XXXXXX");
    cr_assert_not_null(mkdtemp(folder->path));
    cr_assert_eq(pt_crypto_init(), PT_OK);
}

static void folder_remove(const struct folder *folder)
{
    static const char *const names[] = {"data.mdb", "lock.mdb"};
    for (size_t i = 0; i < 2; i++) {
        char path[PATH_MAX];
        cr_assert_eq(pt_path_join(path, sizeof path, folder->path, names[i]), PT_OK);
        (void)unlink(path);
    }
    cr_expect_eq(rmdir(folder->path), 0);
}

static struct pt_store *store_open(const struct folder *folder)
{
    struct pt_store *store = NULL;
    struct pt_problem problem = {0};
    enum pt_err err = pt_store_lmdb_open(folder->path, folder->key, &no_reserve, &store, &problem);
    cr_assert_eq(err, PT_OK, "%s", problem.arg[1]);
    return store;
}

static void fault_arm(struct store_subject *subject, size_t pass, enum pt_err err)
{
    (void)subject;
    disk_shim_fault_arm(pass, err == PT_EFULL ? ENOSPC : EIO);
}

static void fault_disarm(struct store_subject *subject)
{
    (void)subject;
    disk_shim_fault_disarm();
}

static void reopen(struct store_subject *subject)
{
    pt_store_close(subject->store);
    subject->store = store_open(subject->data);
}

static void check_on_disk(const struct pt_store_key *key)
{
    struct folder folder = {.key = key};
    folder_make(&folder);
    disk_shim_watch(folder.path);
    struct store_subject subject = {.store = store_open(&folder),
                                    .fault_arm = fault_arm,
                                    .fault_disarm = fault_disarm,
                                    .reopen = reopen,
                                    .data = &folder};
    check_store(&subject);
    pt_store_close(subject.store);
    folder_remove(&folder);
    cr_expect_eq(pt_mem_alive(), 0);
}

Test(store_lmdb, keeps_the_promises_of_a_store)
{
    check_on_disk(NULL);
}

Test(store_lmdb, keeps_the_promises_of_a_store_when_sealed)
{
    struct pt_store_key key = {.present = true, .id = 3, .key = {5}};
    check_on_disk(&key);
}

static enum pt_err put_one(struct pt_store *store, const char *key, const char *value)
{
    struct pt_txn *txn;
    enum pt_err err = pt_store_begin_write(store, &txn);
    if (err != PT_OK) {
        return err;
    }
    err = pt_store_put(txn, PT_TABLE_META, pt_bytes_str(key), pt_bytes_str(value));
    cr_assert_eq(err, PT_OK);
    return pt_store_commit(txn);
}

Test(store_lmdb, is_there_after_closing)
{
    struct folder folder = {0};
    folder_make(&folder);
    struct pt_store *store = store_open(&folder);
    cr_assert_eq(put_one(store, "k", "v"), PT_OK);
    pt_store_close(store);
    store = store_open(&folder);
    struct pt_txn *txn;
    struct pt_bytes value;
    cr_assert_eq(pt_store_begin_read(store, &txn), PT_OK);
    cr_assert_eq(pt_store_get(txn, PT_TABLE_META, pt_bytes_str("k"), &value), PT_OK);
    cr_expect(pt_bytes_eq(value, pt_bytes_str("v")));
    pt_store_abort(txn);
    pt_store_close(store);
    folder_remove(&folder);
}

Test(store_lmdb, opens_once_only)
{
    struct folder folder = {0};
    folder_make(&folder);
    struct pt_store *store = store_open(&folder);
    struct pt_store *second;
    struct pt_problem problem = {0};
    cr_expect_eq(pt_store_lmdb_open(folder.path, NULL, &no_reserve, &second, &problem), PT_EBUSY);
    cr_expect_eq(problem.msg, PT_MSG_STORE_IN_USE);
    pt_store_close(store);
    pt_store_close(store_open(&folder));
    folder_remove(&folder);
}

Test(store_lmdb, below_the_reserve_only_deletes_are_committed)
{
    struct folder folder = {0};
    folder_make(&folder);
    pt_store_close(store_open(&folder));
    struct pt_store *store = store_open(&folder);
    cr_assert_eq(put_one(store, "k", "v"), PT_OK);
    pt_store_close(store);
    struct pt_store_lmdb_options options = {.reserve = {.bytes = LLONG_MAX, .percent = 101}};
    cr_assert_eq(pt_store_lmdb_open(folder.path, NULL, &options, &store, NULL), PT_OK, "opens and reads");
    cr_expect_eq(put_one(store, "more", "v"), PT_EFULL);
    cr_expect_eq(put_one(store, "more", "v"), PT_EFULL, "goes on answering");
    struct pt_txn *txn;
    cr_assert_eq(pt_store_begin_write(store, &txn), PT_OK);
    cr_expect_eq(pt_store_del(txn, PT_TABLE_META, pt_bytes_str("k")), PT_OK);
    cr_expect_eq(pt_store_commit(txn), PT_OK);
    pt_store_close(store);
    folder_remove(&folder);
}

Test(store_lmdb, takes_no_write_after_an_io_error_until_opened_again)
{
    struct folder folder = {0};
    folder_make(&folder);
    disk_shim_watch(folder.path);
    struct pt_store *store = store_open(&folder);
    disk_shim_fault_arm(0, EIO);
    cr_expect_eq(put_one(store, "k", "v"), PT_EIO);
    disk_shim_fault_disarm();
    cr_expect_eq(put_one(store, "k", "v"), PT_EIO);
    struct pt_txn *txn;
    cr_assert_eq(pt_store_begin_read(store, &txn), PT_OK, "reads go on");
    pt_store_abort(txn);
    pt_store_close(store);
    store = store_open(&folder);
    cr_expect_eq(put_one(store, "k", "v"), PT_OK);
    pt_store_close(store);
    folder_remove(&folder);
}

Test(store_lmdb, more_readers_than_slots_are_busy)
{
    struct folder folder = {0};
    static struct pt_txn *readers[1000];
    size_t n = 0;
    enum pt_err err = PT_OK;
    folder_make(&folder);
    struct pt_store *store = store_open(&folder);
    while (n < 1000 && (err = pt_store_begin_read(store, &readers[n])) == PT_OK) {
        n++;
    }
    cr_expect_eq(err, PT_EBUSY);
    cr_expect_geq(n, 256);
    while (n > 0) {
        pt_store_abort(readers[--n]);
    }
    cr_assert_eq(pt_store_begin_read(store, &readers[0]), PT_OK);
    pt_store_abort(readers[0]);
    pt_store_close(store);
    folder_remove(&folder);
}

#if !defined(__SANITIZE_ADDRESS__) /* which takes terabytes of address space itself */
Test(store_lmdb, a_small_address_space_halves_the_map)
{
    struct folder folder = {0};
    struct rlimit limit = {.rlim_cur = 3UL << 30, .rlim_max = RLIM_INFINITY};
    folder_make(&folder);
    cr_assert_eq(setrlimit(RLIMIT_AS, &limit), 0);
    struct pt_store *store = store_open(&folder);
    cr_expect_eq(put_one(store, "k", "v"), PT_OK);
    pt_store_close(store);
    folder_remove(&folder);
}
#endif

Test(store_lmdb, a_foreign_file_is_refused_with_a_sentence)
{
    struct folder folder = {0};
    char path[PATH_MAX];
    static const char junk[8192] = "this is no database";
    folder_make(&folder);
    cr_assert_eq(pt_path_join(path, sizeof path, folder.path, "data.mdb"), PT_OK);
    cr_assert_eq(pt_file_write(path, pt_bytes_of(junk, sizeof junk), 0600, NULL), PT_OK);
    struct pt_store *store;
    struct pt_problem problem = {0};
    cr_expect_eq(pt_store_lmdb_open(folder.path, NULL, &no_reserve, &store, &problem), PT_EDAMAGED);
    cr_expect_eq(problem.msg, PT_MSG_STORE_PAGE);
    folder_remove(&folder);
}

Test(store_lmdb, an_open_that_fails_leaves_nothing_behind)
{
    struct folder folder = {0};
    folder_make(&folder);
    disk_shim_watch(folder.path);
    for (size_t pass = 0; pass < 100; pass++) {
        struct pt_store *store;
        struct pt_problem problem = {0};
        disk_shim_fault_arm(pass, EIO);
        enum pt_err err = pt_store_lmdb_open(folder.path, NULL, &no_reserve, &store, &problem);
        disk_shim_fault_disarm();
        if (err == PT_OK) {
            pt_store_close(store);
            cr_expect_gt(pass, 0);
            folder_remove(&folder);
            cr_expect_eq(pt_mem_alive(), 0);
            return;
        }
        cr_expect_eq(problem.msg, PT_MSG_STORE_OPEN, "pass %zu", pass);
        cr_expect_eq(pt_mem_alive(), 0, "pass %zu", pass);
    }
    cr_assert_fail("the sweep never succeeded");
}
