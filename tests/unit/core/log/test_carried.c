#include "core/log/carried.h"

#include "base/mem.h"
#include "core/log/receipts.h"
#include "support/logs_kit.h"

#include <criterion/criterion.h>

#define SUBJECT "a:2023/62.71/disdukcapil"

struct world {
    struct pt_arena arena;
    struct pt_store *store;
    struct pt_keypair pair;
    struct pt_log_id log;
    struct kit_chunk chain[4];
};

static struct world make(void)
{
    struct world w = {.store = kit_store(), .pair = kit_pair(1)};
    pt_arena_init(&w.arena, SIZE_MAX);
    w.log = kit_log(SUBJECT, &w.pair, 7);
    for (size_t i = 0; i < 4; i++) {
        w.chain[i] = kit_chunk_after(&w.log, i == 0 ? NULL : &w.chain[i - 1], 1, (int64_t)i, &w.arena);
    }
    return w;
}

static void leave(struct world *w)
{
    pt_arena_close(&w->arena);
    pt_store_close(w->store);
    cr_expect_eq(pt_mem_alive(), 0);
}

static void deliver(struct world *w, const struct kit_chunk *chunks, size_t n)
{
    struct pt_run run = kit_run(&w->log, &w->pair, chunks, n, &w->arena);
    (void)kit_deliver(w->store, &run);
}

static struct pt_head head_of(struct world *w)
{
    struct pt_head head;
    struct pt_txn *txn = kit_begin(w->store, false);
    cr_assert_eq(pt_logs_find(txn, &w->log, &head), PT_OK);
    pt_store_abort(txn);
    return head;
}

static void hand_out(struct world *w)
{
    struct pt_head head = head_of(w);
    struct pt_txn *txn = kit_begin(w->store, true);
    cr_assert_eq(pt_carried_put_log(txn, &head, 1700000000000), PT_OK);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
}

static uint64_t carried(struct world *w)
{
    struct pt_head head = head_of(w);
    struct pt_txn *txn = kit_begin(w->store, false);
    uint64_t seq = 77;
    cr_assert_eq(pt_carried_covers(txn, &head, &seq), PT_OK);
    pt_store_abort(txn);
    return seq;
}

Test(carried, goes_as_far_as_the_log_went_when_it_was_handed_out)
{
    struct world w = make();
    deliver(&w, w.chain, 2);
    cr_expect_eq(carried(&w), 0);
    hand_out(&w);
    cr_expect_eq(carried(&w), 2);
    deliver(&w, &w.chain[2], 1);
    cr_expect_eq(carried(&w), 2);
    hand_out(&w);
    hand_out(&w);
    cr_expect_eq(carried(&w), 3);
    leave(&w);
}

Test(carried, of_a_forked_log_it_is_told_for_the_branch_that_is_ours)
{
    struct world w = make();
    struct kit_chunk other = kit_chunk_after(&w.log, &w.chain[0], 1, 99, &w.arena);
    deliver(&w, w.chain, 3);
    hand_out(&w);
    deliver(&w, &other, 1);
    cr_expect_eq(carried(&w), 3, "the fork came later");
    hand_out(&w);
    cr_expect_eq(carried(&w), 3);
    leave(&w);
}

Test(carried, is_no_receipt)
{
    struct world w = make();
    deliver(&w, w.chain, 2);
    hand_out(&w);
    struct pt_head head = head_of(&w);
    struct pt_txn *txn = kit_begin(w.store, false);
    uint64_t seq = 77;
    uint64_t epoch = 77;
    cr_expect_eq(pt_receipt_covers(txn, &head, PT_TIER_REGION, &seq), PT_OK);
    cr_expect_eq(seq, 0);
    cr_expect_eq(pt_receipt_covers(txn, &head, PT_TIER_NATIONAL, &seq), PT_OK);
    cr_expect_eq(seq, 0);
    cr_expect_eq(pt_receipt_newest(txn, PT_TIER_REGION, &epoch, &seq), PT_OK);
    cr_expect_eq(seq, 0);
    pt_store_abort(txn);
    leave(&w);
}

Test(carried, a_file_is_or_is_not)
{
    struct world w = make();
    struct pt_hash hash = {.b = {1}};
    struct pt_hash other = {.b = {2}};
    bool is = true;
    struct pt_txn *txn = kit_begin(w.store, true);
    cr_expect_eq(pt_carried_file(txn, &hash, &is), PT_OK);
    cr_expect_not(is);
    cr_expect_eq(pt_carried_put_file(txn, &hash, 1700000000000), PT_OK);
    cr_expect_eq(pt_carried_file(txn, &hash, &is), PT_OK);
    cr_expect(is);
    cr_expect_eq(pt_carried_file(txn, &other, &is), PT_OK);
    cr_expect_not(is);
    struct pt_blob_receipted receipted;
    cr_expect_eq(pt_blob_receipted(txn, &hash, PT_TIER_REGION, &receipted), PT_OK);
    cr_expect_not(receipted.found);
    pt_store_abort(txn);
    leave(&w);
}
