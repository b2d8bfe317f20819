/* The log store over LMDB: what tests/unit/core/test_logs.c and test_pen.c prove in memory holds on disk. */
#include "io/store/store_lmdb.h"
#include "support/logs_kit.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SUBJECT "a:2023/62.71/disdukcapil"

static struct pt_store *open_store(const char *dir)
{
    struct pt_store *store = NULL;
    struct pt_problem problem = {0};
    struct pt_store_lmdb_options options = pt_store_lmdb_defaults();
    options.reserve = (struct pt_disk_reserve){0};
    cr_assert_eq(pt_crypto_init(), PT_OK);
    cr_assert_eq(pt_store_lmdb_open(dir, NULL, &options, &store, &problem), PT_OK);
    return store;
}

static void folder_remove(const char *dir)
{
    static const char *const names[] = {"data.mdb", "lock.mdb"};
    for (size_t i = 0; i < 2; i++) {
        char path[64];
        (void)snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        (void)unlink(path);
    }
    cr_expect_eq(rmdir(dir), 0);
}

Test(logs_lmdb, gaps_forks_and_tails_survive_closing)
{
    char dir[] = "/tmp/patuh-logs-XXXXXX";
    struct pt_arena arena;
    struct pt_keypair pair = kit_pair(1);
    struct pt_log_id log = kit_log(SUBJECT, &pair, 7);
    struct kit_chunk chain[4];
    struct pt_view view;
    struct pt_head head;
    uint64_t seq = 0;
    cr_assert_not_null(mkdtemp(dir));
    pt_arena_init(&arena, SIZE_MAX);
    struct pt_store *store = open_store(dir);
    for (size_t i = 0; i < 4; i++) {
        chain[i] = kit_chunk_after(&log, i == 0 ? NULL : &chain[i - 1], 2, (int64_t)i, &arena);
    }
    for (size_t i = 4; i > 0; i--) {
        struct pt_run run = kit_run(&log, &pair, &chain[i - 1], 1, &arena);
        (void)kit_deliver(store, &run);
        pt_store_close(store);
        store = open_store(dir);
    }
    struct pt_author_pen pen = {.pair = &pair, .incarnation = 7, .wall_ms = 1700000000000};
    struct pt_entry entry = kit_answer(9, 9);
    struct pt_txn *txn = kit_begin(store, true);
    cr_assert_eq(pt_logs_find(txn, &log, &head), PT_OK);
    cr_expect_eq(head.seq, 8);
    cr_expect_eq(head.n_parked, 0);
    cr_assert_eq(pt_tail_put(txn, &pen, &head, &entry, &seq), PT_OK);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
    pt_store_close(store);
    store = open_store(dir);
    txn = kit_begin(store, true);
    cr_assert_eq(pt_tail_seal(txn, &pen, &head, &arena, NULL), PT_OK);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
    struct kit_chunk branch = kit_chunk_after(&log, &chain[1], 1, 70, &arena);
    struct pt_run run = kit_run(&log, &pair, &branch, 1, &arena);
    (void)kit_deliver(store, &run);
    txn = kit_begin(store, false);
    cr_assert_eq(pt_logs_find(txn, &log, &head), PT_OK);
    cr_expect_eq(head.seq, 4);
    cr_expect_eq(head.held_seq, 9);
    cr_assert_eq(pt_logs_view(txn, &head, 0, true, &arena, &view), PT_OK);
    cr_expect_eq(view.n_entries, 4);
    cr_assert_eq(pt_logs_view(txn, &head, 5, true, &arena, &view), PT_OK);
    cr_expect_eq(view.n_entries, 9, "as it was before the branch came");
    pt_store_abort(txn);
    pt_store_close(store);
    pt_arena_close(&arena);
    folder_remove(dir);
}
