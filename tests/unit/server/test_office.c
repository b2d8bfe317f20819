/* An office's folder on a disk that fails: made whole, or not made yet. */
#include "office.h"

#include "support/disk_shim.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

TestSuite(office, .timeout = 60);

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *at)
{
    (void)status;
    (void)type;
    (void)at;
    return remove(path);
}

/* Entries of head office's log about itself. */
static uint64_t own_entries(const struct office *office)
{
    struct pt_txn *txn;
    struct pt_arena arena;
    struct pt_head *heads;
    size_t n = 0;
    uint64_t entries = 0;
    pt_arena_init(&arena, SIZE_MAX);
    cr_assert_eq(pt_store_begin_read(office->store, &txn), PT_OK);
    cr_assert_eq(pt_logs_list(txn, &office->root_subject, &arena, &heads, &n), PT_OK);
    for (size_t i = 0; i < n; i++) {
        entries += heads[i].seq;
    }
    pt_store_abort(txn);
    pt_arena_close(&arena);
    return entries;
}

/* Lets `pass` writes and syncs through; true when that was enough for all of it. */
static bool init_with_fault(const char *dir, size_t pass)
{
    struct pt_problem problem = {0};
    disk_shim_fault_arm(pass, EIO);
    enum pt_err err = office_init(dir, true, "pusat", "Kantor Pusat", &problem);
    disk_shim_fault_disarm();
    return err == PT_OK;
}

Test(office, init_that_was_cut_can_be_done_again_or_is_whole)
{
    bool done = false;
    cr_assert_eq(pt_crypto_init(), PT_OK);
    for (size_t pass = 0; !done; pass++) {
        char dir[] = "/dev/shm/patuh-office-XXXXXX"; /* hundreds of syncs */
        struct pt_problem problem = {0};
        struct office office;
        cr_assert_not_null(mkdtemp(dir));
        disk_shim_watch(dir);
        done = init_with_fault(dir, pass);
        enum pt_err again = office_init(dir, true, "pusat", "Kantor Pusat", &problem);
        cr_expect(again == PT_OK || again == PT_EEXISTS, "after %zu writes: %s", pass, pt_err_name(again));
        problem = (struct pt_problem){0};
        cr_assert_eq(office_open(dir, &office, &problem), PT_OK, "after %zu writes", pass);
        cr_expect_eq(own_entries(&office), 1, "after %zu writes: %llu", pass, (unsigned long long)own_entries(&office));
        office_close(&office);
        disk_shim_watch(NULL);
        (void)nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    }
}
