/* Forked logs, read along their branches. */
#include "core/log/branches.h"

#include "base/mem.h"
#include "support/logs_kit.h"

#include <criterion/criterion.h>

/* Two branches wait for their beginning. It comes in a run with one of them; the other one enters first, so that the
 * only signature over what lies before the fork lies past it, where all is held. */
Test(branches, what_lies_before_a_fork_is_read_with_a_signature_past_it)
{
    struct pt_arena arena;
    struct pt_store *store = kit_store();
    struct pt_keypair pair = kit_pair(1);
    struct pt_log_id log = kit_log("a:2023/62.71/disdukcapil", &pair, 7);
    struct kit_chunk chain[3];
    pt_arena_init(&arena, SIZE_MAX);
    for (size_t i = 0; i < 3; i++) {
        chain[i] = kit_chunk_after(&log, i == 0 ? NULL : &chain[i - 1], 2, (int64_t)i, &arena);
    }
    struct kit_chunk run_of_two[2] = {chain[0]};
    for (int64_t salt = 99; salt == 99 || pt_hash_cmp(&chain[1].link, &run_of_two[1].link) > 0; salt++) {
        run_of_two[1] = kit_chunk_after(&log, &chain[0], 2, salt, &arena); /* enters in the order of links */
    }
    struct pt_run one = kit_run(&log, &pair, chain + 1, 2, &arena);
    struct pt_run other = kit_run(&log, &pair, run_of_two + 1, 1, &arena);
    struct pt_run beginning = kit_run(&log, &pair, run_of_two, 2, &arena);
    cr_assert_eq(kit_deliver(store, &one).n_parked, 2);
    cr_assert_eq(kit_deliver(store, &other).n_parked, 1);
    struct pt_head head = kit_deliver(store, &beginning).head;
    cr_assert(head.forked);
    cr_assert_eq(head.seq, chain[0].last_seq);

    struct pt_run run;
    struct pt_checked_run checked;
    uint64_t last = 0;
    uint64_t next = 0;
    struct pt_txn *txn = kit_begin(store, false);
    cr_assert_eq(pt_logs_run(txn, &head, 1, 1, &arena, &run, &last), PT_OK);
    cr_expect_eq(pt_run_check(&run, &arena, &checked), PT_OK);
    cr_expect(pt_hash_eq(&checked.links[0], &head.link));
    cr_expect_eq(pt_logs_sendable_run(txn, &head, NULL, 1, 4096, &arena, &run, &last, &next), PT_OK);
    cr_expect_eq(pt_run_check(&run, &arena, &checked), PT_OK);
    cr_expect_eq(pt_logs_run(txn, &head, head.seq + 1, 1, &arena, &run, &last), PT_ENOTFOUND, "what counts ends here");
    pt_store_abort(txn);
    pt_arena_close(&arena);
    pt_store_close(store);
    cr_expect_eq(pt_mem_alive(), 0);
}
