#include "base/mem.h"
#include "core/log/branches.h"
#include "core/store/keys.h"
#include "core/store/store_mem.h"
#include "support/logs_kit.h"

#include <criterion/criterion.h>
#include <string.h>

#define SUBJECT "a:2023/62.71/disdukcapil"
#define N_CHUNKS 6

struct world {
    struct pt_arena arena;
    struct pt_store *store;
    struct pt_keypair pair;
    struct pt_log_id log;
    struct kit_chunk chain[N_CHUNKS]; /* one after the other */
};

static struct world make(void)
{
    struct world w = {.store = kit_store(), .pair = kit_pair(1)};
    pt_arena_init(&w.arena, SIZE_MAX);
    w.log = kit_log(SUBJECT, &w.pair, 7);
    for (size_t i = 0; i < N_CHUNKS; i++) {
        w.chain[i] =
            kit_chunk_after(&w.log, i == 0 ? NULL : &w.chain[i - 1], (uint32_t)i % 3 + 1, (int64_t)i, &w.arena);
    }
    return w;
}

static void leave(struct world *w)
{
    pt_arena_close(&w->arena);
    pt_store_close(w->store);
    cr_expect_eq(pt_mem_alive(), 0);
}

static struct pt_append deliver(struct world *w, const struct kit_chunk *chunks, size_t n)
{
    struct pt_run run = kit_run(&w->log, &w->pair, chunks, n, &w->arena);
    return kit_deliver(w->store, &run);
}

/* What a log is, without what depends on the order of arrival (LSN, number). */
static struct pt_hash state_of(struct world *w, struct pt_head *head, size_t *n_entries)
{
    struct pt_buf state = {0};
    struct pt_view view;
    struct pt_txn *txn = kit_begin(w->store, false);
    cr_assert_eq(pt_logs_find(txn, &w->log, head), PT_OK);
    cr_assert_eq(pt_logs_view(txn, head, 0, true, &w->arena, &view), PT_OK);
    pt_buf_put_u64(&state, head->seq);
    pt_buf_put_bytes(&state, pt_hash_bytes(&head->link));
    pt_buf_put_u8(&state, head->forked);
    pt_buf_put_u64(&state, head->held_seq);
    pt_buf_put_u64(&state, head->n_parked);
    for (size_t i = 0; i < view.n_entries; i++) {
        pt_buf_put_u64(&state, view.entries[i].question);
        pt_buf_put_u64(&state, (uint64_t)view.entries[i].value.number.mantissa);
    }
    for (size_t i = 0; i < view.n_chunks; i++) {
        pt_buf_put_bytes(&state, pt_hash_bytes(&view.chunks[i].link));
        pt_buf_put_u64(&state, view.chunks[i].last_seq);
    }
    pt_store_abort(txn);
    *n_entries = view.n_entries;
    struct pt_hash hash = pt_hash1("test", pt_buf_bytes(&state));
    pt_buf_free(&state);
    return hash;
}

Test(logs, chunks_in_order_are_connected)
{
    struct world w = make();
    for (size_t i = 0; i < N_CHUNKS; i++) {
        struct pt_append append = deliver(&w, &w.chain[i], 1);
        cr_expect_eq(append.n_accepted, 1);
        cr_expect_eq(append.first_lsn, i + 1);
        cr_expect_eq(append.head.seq, w.chain[i].last_seq);
        cr_expect(pt_hash_eq(&append.head.link, &w.chain[i].link));
    }
    struct pt_head head;
    size_t n = 0;
    (void)state_of(&w, &head, &n);
    cr_expect_eq(n, 12);
    cr_expect_eq(head.last_lsn, N_CHUNKS);
    cr_expect_eq(memcmp(head.key.b, w.pair.public_key, PT_KEY_BYTES), 0);
    leave(&w);
}

/* Heap's algorithm over the order of delivery. */
static bool next_order(size_t *order, size_t *counts, size_t n, size_t *at)
{
    while (*at < n) {
        if (counts[*at] < *at) {
            size_t other = *at % 2 == 0 ? 0 : counts[*at];
            size_t kept = order[other];
            order[other] = order[*at];
            order[*at] = kept;
            counts[*at]++;
            *at = 0;
            return true;
        }
        counts[*at] = 0;
        ++*at;
    }
    return false;
}

static size_t expect_every_order_alike(const struct kit_chunk *chunks, size_t n, size_t *n_entries)
{
    size_t order[8];
    size_t counts[8] = {0};
    size_t at = 0;
    size_t n_orders = 0;
    struct pt_hash first = {0};
    for (size_t i = 0; i < n; i++) {
        order[i] = i;
    }
    do {
        struct world w = make();
        struct pt_head head;
        for (size_t i = 0; i < n; i++) {
            (void)deliver(&w, &chunks[order[i]], 1);
        }
        struct pt_hash state = state_of(&w, &head, n_entries);
        first = n_orders == 0 ? state : first;
        cr_assert(pt_hash_eq(&state, &first), "order %zu%zu%zu%zu%zu", order[0], order[1], order[2], order[3],
                  order[4]);
        cr_assert_eq(head.n_parked, 0);
        n_orders++;
        pt_arena_close(&w.arena);
        pt_store_close(w.store);
    } while (next_order(order, counts, n, &at));
    return n_orders;
}

Test(logs, every_order_of_delivery_gives_the_same_head_and_view, .timeout = 120)
{
    struct world w = make();
    size_t n = 0;
    cr_expect_eq(expect_every_order_alike(w.chain, N_CHUNKS, &n), 720);
    cr_expect_eq(n, 12);
    leave(&w);
}

/* Two branches of two chunks each, and a branch of the branch. */
Test(logs, every_order_of_a_fork_gives_the_same_head_and_view, .timeout = 120)
{
    struct world w = make();
    struct kit_chunk set[6] = {w.chain[0], w.chain[1], w.chain[2]};
    size_t n = 0;
    set[3] = kit_chunk_after(&w.log, &w.chain[0], 3, 70, &w.arena);
    set[4] = kit_chunk_after(&w.log, &set[3], 1, 71, &w.arena);
    set[5] = kit_chunk_after(&w.log, &set[3], 2, 72, &w.arena);
    cr_expect_eq(expect_every_order_alike(set, 6, &n), 720);
    cr_expect_eq(n, 1, "what lies before the fork");
    leave(&w);
}

Test(logs, a_fork_of_the_first_chunk_leaves_nothing)
{
    struct world w = make();
    struct kit_chunk other = kit_chunk_after(&w.log, NULL, 2, 70, &w.arena);
    struct pt_head head;
    size_t n = 1;
    (void)deliver(&w, w.chain, 3);
    struct pt_append append = deliver(&w, &other, 1);
    cr_expect_eq(append.n_held, 1);
    cr_expect_eq(append.head.seq, 0);
    cr_expect(append.head.forked);
    cr_expect_eq(append.head.held_seq, w.chain[2].last_seq);
    (void)state_of(&w, &head, &n);
    cr_expect_eq(n, 0);
    append = deliver(&w, &w.chain[3], 1);
    cr_expect_eq(append.n_held, 1, "a branch may go on; it stays held");
    leave(&w);
}

/* An author makes as many branches as it likes: where they end takes room for each chunk once, not once a branch. */
Test(logs, the_ends_of_many_long_branches_take_little_room)
{
    enum { STEM = 60, LEAVES = 60 };
    struct pt_keypair pair = kit_pair(1);
    struct pt_log_id log = kit_log("a:2023/62.71/disdukcapil", &pair, 7);
    struct kit_chunk stem[STEM];
    struct pt_arena arena;
    struct pt_arena small;
    struct pt_append append = {0};
    struct pt_store *store = kit_store();
    pt_arena_init(&arena, SIZE_MAX);
    for (size_t i = 0; i < STEM; i++) {
        stem[i] = kit_chunk_after(&log, i == 0 ? NULL : &stem[i - 1], 1, 5, &arena);
    }
    struct pt_run run = kit_run(&log, &pair, stem, STEM, &arena);
    (void)kit_deliver(store, &run);
    for (size_t i = 0; i <= LEAVES; i++) { /* the first one follows the first chunk: there the log is forked */
        struct kit_chunk leaf = kit_chunk_after(&log, &stem[i == 0 ? 0 : STEM - 2], 1, 100 + (int64_t)i, &arena);
        run = kit_run(&log, &pair, &leaf, 1, &arena);
        append = kit_deliver(store, &run);
    }
    struct pt_chunk_end *ends = NULL;
    size_t n = 0;
    pt_arena_init(&small, (size_t)(STEM + LEAVES + 1) * 256);
    struct pt_txn *txn = kit_begin(store, false);
    cr_expect_eq(pt_logs_branch_ends(txn, &append.head, &small, &ends, &n), PT_OK);
    cr_expect_eq(n, LEAVES + 2);
    for (size_t i = 1; i < n; i++) {
        cr_expect_leq(ends[i - 1].seq, ends[i].seq);
    }
    pt_store_abort(txn);
    pt_arena_close(&small);
    pt_arena_close(&arena);
    pt_store_close(store);
}

Test(logs, a_snapshot_does_not_change_when_a_fork_is_found_later)
{
    struct world w = make();
    struct kit_chunk other = kit_chunk_after(&w.log, &w.chain[0], 2, 70, &w.arena);
    struct pt_view before;
    struct pt_view after;
    struct pt_head head = deliver(&w, w.chain, 3).head;
    struct pt_txn *txn = kit_begin(w.store, false);
    cr_assert_eq(pt_logs_view(txn, &head, 3, false, &w.arena, &before), PT_OK);
    pt_store_abort(txn);
    head = deliver(&w, &other, 1).head;
    txn = kit_begin(w.store, false);
    cr_assert_eq(pt_logs_view(txn, &head, 3, false, &w.arena, &after), PT_OK);
    cr_expect_eq(before.n_entries, 6);
    cr_expect_eq(after.n_entries, before.n_entries);
    cr_assert_eq(pt_logs_view(txn, &head, 4, false, &w.arena, &after), PT_OK);
    cr_expect_eq(after.n_entries, 1, "with the LSN of the second branch it is cut");
    cr_assert_eq(pt_logs_view(txn, &head, 2, false, &w.arena, &after), PT_OK);
    cr_expect_eq(after.n_entries, 3);
    pt_store_abort(txn);
    leave(&w);
}

/* ack_lost_resend_identical, and the same chunks cut into other runs */
Test(logs, duplicates_are_harmless)
{
    struct world w = make();
    struct pt_append append = deliver(&w, w.chain, 3);
    uint64_t lsn = append.head.last_lsn;
    for (size_t i = 0; i < 5; i++) {
        append = deliver(&w, &w.chain[1], 1);
        cr_expect_eq(append.n_duplicate, 1);
        cr_expect_eq(append.n_accepted + append.n_held + append.n_parked, 0);
    }
    append = deliver(&w, &w.chain[1], 3);
    cr_expect_eq(append.n_duplicate, 2);
    cr_expect_eq(append.n_accepted, 1);
    cr_expect_eq(append.head.last_lsn, lsn + 1);
    append = deliver(&w, w.chain, N_CHUNKS);
    cr_expect_eq(append.n_duplicate, 4);
    cr_expect_eq(append.head.seq, w.chain[N_CHUNKS - 1].last_seq);
    append = deliver(&w, &w.chain[5], 1);
    cr_expect_eq(append.n_duplicate, 1);
    leave(&w);
}

Test(logs, a_chunk_ahead_is_parked_once_and_enters_when_the_gap_is_filled)
{
    struct world w = make();
    struct pt_append append = deliver(&w, &w.chain[3], 2);
    cr_expect_eq(append.n_parked, 2);
    cr_expect_eq(append.head.seq, 0);
    append = deliver(&w, &w.chain[4], 2);
    cr_expect_eq(append.n_duplicate, 1);
    cr_expect_eq(append.n_parked, 1);
    append = deliver(&w, &w.chain[1], 1);
    cr_expect_eq(append.head.n_parked, 4);
    append = deliver(&w, &w.chain[0], 1);
    cr_expect_eq(append.n_accepted, 2, "two more are still behind a gap");
    cr_expect_eq(append.head.seq, w.chain[1].last_seq);
    append = deliver(&w, &w.chain[2], 1);
    cr_expect_eq(append.n_accepted, 4);
    cr_expect_eq(append.head.n_parked, 0);
    cr_expect_eq(append.head.seq, w.chain[5].last_seq);
    leave(&w);
}

static size_t count_rows(struct pt_store *store, enum pt_table table)
{
    struct pt_txn *txn = kit_begin(store, false);
    struct pt_rows rows = pt_rows_of(txn, table, (struct pt_bytes){0});
    struct pt_bytes key;
    struct pt_bytes value;
    size_t n = 0;
    while (pt_rows_next(&rows, &key, &value)) {
        n++;
    }
    cr_assert_eq(pt_rows_end(&rows), PT_OK);
    pt_store_abort(txn);
    return n;
}

/* The transaction goes on after LIMIT, as in a group commit. */
Test(logs, the_parked_limit_refuses_whole_runs_and_changes_nothing)
{
    struct world w = make();
    static struct kit_chunk chain[PT_PARKED_PER_LOG_MAX + 3];
    struct pt_checked_run checked;
    struct pt_append append = {0};
    size_t n = PT_PARKED_PER_LOG_MAX + 3;
    for (size_t i = 0; i < n; i++) {
        chain[i] = kit_chunk_after(&w.log, i == 0 ? NULL : &chain[i - 1], 1, 1, &w.arena);
    }
    struct pt_run run = kit_run(&w.log, &w.pair, chain + 2, PT_PARKED_PER_LOG_MAX + 1, &w.arena);
    cr_assert_eq(pt_run_check(&run, &w.arena, &checked), PT_OK);
    struct pt_txn *txn = kit_begin(w.store, true);
    cr_expect_eq(pt_logs_append(txn, &checked, 0, &w.arena, &append), PT_ELIMIT);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
    cr_expect_eq(count_rows(w.store, PT_TABLE_PARKED) + count_rows(w.store, PT_TABLE_LOGS), 0);
    append = deliver(&w, chain + 3, PT_PARKED_PER_LOG_MAX);
    cr_expect_eq(append.head.n_parked, PT_PARKED_PER_LOG_MAX);
    append = deliver(&w, chain + 3, PT_PARKED_PER_LOG_MAX);
    cr_expect_eq(append.n_duplicate, PT_PARKED_PER_LOG_MAX, "what is parked may come again");
    txn = kit_begin(w.store, true);
    cr_expect_eq(pt_logs_append(txn, &checked, 0, &w.arena, &append), PT_ELIMIT);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
    cr_expect_eq(count_rows(w.store, PT_TABLE_PARKED), PT_PARKED_PER_LOG_MAX);
    append = deliver(&w, chain, 3);
    cr_expect_eq(append.head.n_parked, 0, "what fills the gap is always taken");
    cr_expect_eq(append.head.seq, n);
    leave(&w);
}

Test(logs, the_arrival_chain_can_be_computed_again)
{
    struct world w = make();
    struct pt_keypair other = kit_pair(2);
    struct pt_log_id log = kit_log("o:62", &other, 1);
    struct kit_chunk chunk = kit_chunk_after(&log, NULL, 2, 1, &w.arena);
    struct pt_run run = kit_run(&log, &other, &chunk, 1, &w.arena);
    struct pt_hash expected = {0};
    struct pt_hash hash = {0};
    uint64_t last = 0;
    (void)deliver(&w, w.chain, 3);
    (void)kit_deliver(w.store, &run);
    (void)deliver(&w, w.chain + 4, 2);
    (void)deliver(&w, w.chain + 3, 1);
    struct pt_txn *txn = kit_begin(w.store, false);
    cr_assert_eq(pt_arrival_last(txn, &last, &hash), PT_OK);
    cr_expect_eq(last, 7);
    for (uint64_t lsn = 1; lsn <= last; lsn++) {
        struct pt_record record;
        cr_assert_eq(pt_arrival_read(txn, lsn, &w.arena, &record), PT_OK);
        struct pt_hash link = pt_link_next(&record.previous, record.chunk);
        cr_expect(pt_hash_eq(&link, &record.link), "LSN %zu", (size_t)lsn);
        expected = pt_hash2(PT_CONTEXT_ARRIVAL, pt_hash_bytes(&expected), pt_hash_bytes(&link));
    }
    cr_expect(pt_hash_eq(&hash, &expected));
    pt_store_abort(txn);
    leave(&w);
}

Test(logs, runs_to_send_are_whole_signed_pieces)
{
    struct world w = make();
    struct pt_run run = {0};
    struct pt_checked_run checked;
    uint64_t last = 99;
    (void)deliver(&w, w.chain, 3);
    struct pt_head head = deliver(&w, w.chain + 3, 3).head;
    struct pt_txn *txn = kit_begin(w.store, false);
    cr_assert_eq(pt_logs_run(txn, &head, 1, 1, &w.arena, &run, &last), PT_OK);
    cr_expect_eq(run.n_chunks, 3, "at least one piece, however small the room");
    cr_expect_eq(last, w.chain[2].last_seq);
    cr_expect_eq(pt_run_check(&run, &w.arena, &checked), PT_OK);
    cr_assert_eq(pt_logs_run(txn, &head, 1, 1 << 20, &w.arena, &run, &last), PT_OK);
    cr_expect_eq(run.n_chunks, 6);
    cr_assert_eq(pt_logs_run(txn, &head, w.chain[4].first_seq, 1 << 20, &w.arena, &run, &last), PT_OK);
    cr_expect_eq(run.n_chunks, 2, "from inside a piece");
    cr_expect_eq(pt_run_check(&run, &w.arena, &checked), PT_OK);
    last = 99;
    cr_expect_eq(pt_logs_run(txn, &head, head.seq + 1, 1 << 20, &w.arena, &run, &last), PT_ENOTFOUND);
    cr_expect_eq(pt_logs_run(txn, &head, w.chain[2].first_seq + 1, 1 << 20, &w.arena, &run, &last), PT_ENOTFOUND);
    cr_expect_eq(last, 99, "an error leaves the outputs");
    pt_store_abort(txn);
    leave(&w);
}

/* As many small chunks under one signature as a run may have bytes. */
Test(logs, the_longest_piece_is_sent_on)
{
    struct world w = make();
    static struct kit_chunk chain[PT_RUN_CHUNKS_MAX];
    struct pt_run run;
    uint64_t last = 0;
    uint64_t next = 0;
    size_t n = 0;
    for (size_t n_bytes = 0; n < PT_RUN_CHUNKS_MAX; n++) {
        chain[n] = kit_chunk_after(&w.log, n == 0 ? NULL : &chain[n - 1], 1, 1, &w.arena);
        n_bytes += chain[n].bytes.n;
        if (n_bytes > PT_RUN_BYTES_MAX) {
            break;
        }
    }
    struct pt_head head = deliver(&w, chain, n).head;
    struct pt_txn *txn = kit_begin(w.store, false);
    cr_expect_eq(pt_logs_sendable_run(txn, &head, NULL, 1, 4096, &w.arena, &run, &last, &next), PT_OK);
    cr_expect_eq(run.n_chunks, n);
    cr_expect_eq(last, chain[n - 1].last_seq);
    cr_expect_eq(next, last + 1);
    cr_expect_eq(pt_logs_sendable_run(txn, &head, NULL, next, 4096, &w.arena, &run, &last, &next), PT_ENOTFOUND);
    pt_store_abort(txn);
    leave(&w);
}

/* Runs that overlap come in any order: each signature stays where its run ended, parked or not. */
Test(logs, overlapping_runs_do_not_join_to_one)
{
    struct world w = make();
    struct pt_run run;
    uint64_t last = 0;
    (void)deliver(&w, w.chain + 3, 3);
    (void)deliver(&w, w.chain + 2, 2);
    struct pt_head head = deliver(&w, w.chain, 3).head;
    cr_expect_eq(head.seq, w.chain[5].last_seq);
    struct pt_txn *txn = kit_begin(w.store, false);
    static const size_t ends[] = {2, 3, 5};
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(pt_logs_run(txn, &head, last + 1, 1, &w.arena, &run, &last), PT_OK);
        cr_expect_eq(last, w.chain[ends[i]].last_seq, "piece %zu", i);
    }
    pt_store_abort(txn);
    leave(&w);
}

/* poison_record: a chunk whose body nobody can read keeps its place; its neighbours count. */
Test(logs, an_unreadable_body_keeps_its_place_and_counts_nowhere)
{
    struct world w = make();
    struct kit_chunk chain[3] = {w.chain[0]};
    struct pt_view view;
    Patuh__Chunk *chunk = patuh__chunk__unpack(NULL, w.chain[1].bytes.n, w.chain[1].bytes.data);
    cr_assert_not_null(chunk);
    chunk->body.data[chunk->body.len - 1] ^= 0xff;
    chain[1] = w.chain[1];
    chain[1].bytes = kit_pack(chunk, &w.arena);
    chain[1].link = pt_link_next(&chain[0].link, chain[1].bytes);
    patuh__chunk__free_unpacked(chunk, NULL);
    chain[2] = kit_chunk_after(&w.log, &chain[1], 2, 5, &w.arena);
    struct pt_head head = deliver(&w, chain, 3).head;
    struct pt_txn *txn = kit_begin(w.store, false);
    cr_assert_eq(pt_logs_view(txn, &head, 0, false, &w.arena, &view), PT_OK);
    cr_assert_eq(view.n_entries, 5);
    cr_expect_eq(view.entries[1].kind, PATUH__ENTRY_KIND__ENTRY_UNKNOWN);
    cr_expect_eq(view.entries[2].kind, PATUH__ENTRY_KIND__ENTRY_UNKNOWN);
    cr_expect_eq(view.entries[3].value.number.mantissa, 5);
    enum pt_err err = PT_ELIMIT;
    for (size_t budget = 256; err != PT_OK; budget += 256) { /* too little memory is no unreadable body */
        struct pt_arena small;
        struct pt_view again;
        pt_arena_init(&small, budget);
        err = pt_logs_view(txn, &head, 0, false, &small, &again);
        cr_expect(err == PT_OK ? kit_entries_eq(view.entries, again.entries, 5) : err == PT_ELIMIT, "%zu bytes: %s",
                  budget, pt_err_name(err));
        pt_arena_close(&small);
    }
    pt_store_abort(txn);
    leave(&w);
}

Test(logs, lists_logs_of_one_subject_in_order)
{
    struct world w = make();
    struct pt_keypair pairs[3] = {kit_pair(1), kit_pair(2), kit_pair(3)};
    static const char *const subjects[] = {"o:6", "o:62", "a:2023/62.71/x", "a:2023/62.71/x~2"};
    struct pt_head *heads;
    struct pt_view *views;
    size_t n = 0;
    for (size_t i = 0; i < 12; i++) {
        struct pt_log_id log = kit_log(subjects[i % 4], &pairs[i % 3], 12 - i);
        struct kit_chunk chunk = kit_chunk_after(&log, NULL, 1, 1, &w.arena);
        struct pt_run run = kit_run(&log, &pairs[i % 3], &chunk, 1, &w.arena);
        (void)kit_deliver(w.store, &run);
    }
    struct pt_txn *txn = kit_begin(w.store, false);
    cr_assert_eq(pt_logs_all(txn, &heads, &n), PT_OK);
    cr_expect_eq(n, 12);
    for (size_t i = 0; i < n; i++) {
        struct pt_log_id log = kit_log(subjects[i % 4], &pairs[i % 3], 12 - i);
        cr_expect(pt_log_id_eq(&heads[i].log, &log), "log %zu", i);
        cr_expect_eq(heads[i].seq, 1, "log %zu", i);
    }
    pt_free(heads);
    cr_assert_eq(pt_logs_list(txn, NULL, &w.arena, &heads, &n), PT_OK);
    cr_expect_eq(n, 12);
    for (size_t i = 0; i < 4; i++) {
        struct pt_subject subject = kit_subject(subjects[i]);
        cr_assert_eq(pt_logs_views(txn, &subject, 0, false, &w.arena, &views, &n), PT_OK);
        cr_expect_eq(n, 3, "%s", subjects[i]);
        for (size_t k = 0; k < n; k++) {
            cr_expect_str_eq(views[k].log.subject.text, subjects[i]);
            cr_expect(k == 0 || pt_log_id_cmp(&views[k - 1].log, &views[k].log) < 0);
        }
    }
    struct pt_subject none = kit_subject("o:63");
    cr_assert_eq(pt_logs_views(txn, &none, 0, false, &w.arena, &views, &n), PT_OK);
    cr_expect_eq(n, 0);
    pt_store_abort(txn);
    leave(&w);
}

/* An index row without what it names is damage, never "not there" and never success. */
Test(logs, missing_rows_are_damage)
{
    struct world w = make();
    struct pt_checked_run checked;
    struct pt_append append;
    struct pt_head head = deliver(&w, w.chain, 3).head;
    struct kit_chunk branch = kit_chunk_after(&w.log, &w.chain[0], 1, 70, &w.arena);
    struct pt_run run = kit_run(&w.log, &w.pair, &branch, 1, &w.arena);
    struct pt_key lsn = pt_key_u64(1);
    struct pt_key number = pt_key_u64(head.number);
    cr_assert_eq(pt_run_check(&run, &w.arena, &checked), PT_OK);
    struct pt_txn *txn = kit_begin(w.store, true);
    cr_assert_eq(pt_store_del(txn, PT_TABLE_ARRIVAL, pt_key_bytes(&lsn)), PT_OK);
    cr_expect_eq(pt_logs_append(txn, &checked, 0, &w.arena, &append), PT_EDAMAGED);
    struct pt_view view;
    cr_expect_eq(pt_logs_view(txn, &head, 0, false, &w.arena, &view), PT_EDAMAGED);
    cr_assert_eq(pt_store_del(txn, PT_TABLE_HEADS, pt_key_bytes(&number)), PT_OK);
    cr_expect_eq(pt_logs_find(txn, &w.log, &head), PT_EDAMAGED);
    cr_expect_eq(pt_logs_append(txn, &checked, 0, &w.arena, &append), PT_EDAMAGED);
    pt_store_abort(txn);
    leave(&w);
}

/* --- faults: at every call of the store and at every allocation --- */

static enum pt_err try_deliver(struct world *w, const struct pt_checked_run *checked)
{
    struct pt_txn *txn;
    struct pt_arena arena;
    struct pt_append append;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_store_begin_write(w->store, &txn);
    if (err == PT_OK) {
        err = pt_logs_append(txn, checked, 0, &arena, &append);
        if (err == PT_OK) {
            err = pt_store_commit(txn);
        } else {
            pt_store_abort(txn);
        }
    }
    pt_arena_close(&arena);
    return err;
}

/* Fills a gap behind which two chunks are parked, with a fault at every place in turn. */
static void sweep(bool memory, enum pt_err fault)
{
    enum pt_err err = fault;
    for (size_t pass = 0; err != PT_OK; pass++) {
        struct world w = make();
        struct pt_head head;
        size_t n;
        struct pt_checked_run checked;
        (void)deliver(&w, w.chain, 1);
        (void)deliver(&w, w.chain + 3, 3);
        struct pt_hash before = state_of(&w, &head, &n);
        struct pt_run run = kit_run(&w.log, &w.pair, w.chain + 1, 2, &w.arena);
        cr_assert_eq(pt_run_check(&run, &w.arena, &checked), PT_OK);
        if (memory) {
            pt_mem_fault_arm(pass);
        } else {
            pt_store_mem_fault_arm(w.store, PT_STORE_MEM_ALL, pass, fault);
        }
        err = try_deliver(&w, &checked);
        pt_mem_fault_disarm();
        pt_store_mem_fault_disarm(w.store);
        cr_assert(err == PT_OK || err == fault, "fault %zu: %s", pass, pt_err_name(err));
        struct pt_hash after = state_of(&w, &head, &n);
        cr_assert_eq(pt_hash_eq(&before, &after), err != PT_OK, "fault %zu", pass);
        cr_assert_eq(head.seq, err == PT_OK ? w.chain[5].last_seq : w.chain[0].last_seq);
        leave(&w);
        cr_assert_lt(pass, 2000);
    }
}

Test(logs, io_error_loop)
{
    sweep(false, PT_EIO);
    sweep(false, PT_EFULL);
}

Test(logs, oom_loop)
{
    sweep(true, PT_ENOMEM);
}
