#include "base/mem.h"
#include "core/store/meta.h"
#include "core/store/store_mem.h"
#include "support/logs_kit.h"

#include <criterion/criterion.h>
#include <string.h>

#define SUBJECT "a:2023/62.71/disdukcapil"

static const struct pt_hash version_1 = {.b = {1}};
static const struct pt_hash version_2 = {.b = {2}};

struct world {
    struct pt_arena arena;
    struct pt_store *store;
    struct pt_keypair pair;
    struct pt_subject subject;
};

static struct world make(void)
{
    struct world w = {.store = kit_store(), .pair = kit_pair(1), .subject = kit_subject(SUBJECT)};
    pt_arena_init(&w.arena, SIZE_MAX);
    return w;
}

static void leave(struct world *w)
{
    pt_arena_close(&w->arena);
    pt_store_close(w->store);
    cr_expect_eq(pt_mem_alive(), 0);
}

static struct pt_author_pen pen_of(const struct world *w)
{
    return (struct pt_author_pen){.pair = &w->pair,
                                  .incarnation = 7,
                                  .wall_ms = 1700000000000,
                                  .monotonic_ms = 5,
                                  .boot = 6,
                                  .instrument = &version_1};
}

/* In a transaction of its own. */
static struct pt_head put(struct world *w, const struct pt_author_pen *pen, uint32_t question, int64_t number)
{
    struct pt_head head;
    uint64_t seq = 0;
    struct pt_entry entry = kit_answer(question, number);
    struct pt_txn *txn = kit_begin(w->store, true);
    cr_assert_eq(pt_pen_log(txn, pen, &w->subject, &head), PT_OK);
    cr_assert_eq(pt_tail_put(txn, pen, &head, &entry, &seq), PT_OK);
    cr_expect_eq(seq, head.tail_seq);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
    return head;
}

static struct pt_head seal(struct world *w, const struct pt_author_pen *pen, uint32_t *n_sealed)
{
    struct pt_head head;
    struct pt_txn *txn = kit_begin(w->store, true);
    cr_assert_eq(pt_pen_log(txn, pen, &w->subject, &head), PT_OK);
    cr_assert_eq(pt_tail_seal(txn, pen, &head, &w->arena, n_sealed), PT_OK);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
    return head;
}

static struct pt_view view(struct world *w, bool with_tail)
{
    struct pt_view *views;
    size_t n = 0;
    struct pt_txn *txn = kit_begin(w->store, false);
    cr_assert_eq(pt_logs_views(txn, &w->subject, 0, with_tail, &w->arena, &views, &n), PT_OK);
    cr_assert_eq(n, 1);
    pt_store_abort(txn);
    return views[0];
}

static struct pt_run run_from(struct world *w, const struct pt_head *head, uint64_t from_seq)
{
    struct pt_run run = {0};
    uint64_t last;
    struct pt_txn *txn = kit_begin(w->store, false);
    cr_assert_eq(pt_logs_run(txn, head, from_seq, 1 << 20, &w->arena, &run, &last), PT_OK);
    pt_store_abort(txn);
    return run;
}

Test(pen, a_tail_is_seen_at_once_and_sealed_as_one_chunk)
{
    struct world w = make();
    struct pt_author_pen pen = pen_of(&w);
    uint32_t n_sealed = 0;
    for (uint32_t i = 1; i <= 5; i++) {
        pen.wall_ms += 20000;
        (void)put(&w, &pen, i, 10 * i);
    }
    cr_expect_eq(view(&w, false).n_entries, 0);
    struct pt_view open = view(&w, true);
    cr_assert_eq(open.n_entries, 5);
    cr_expect(pt_hash_eq(&open.tail_instrument, &version_1), "the view knows what the tail was written with");
    cr_expect_null(pt_view_chunk_of(&open, 5));
    struct pt_head head = seal(&w, &pen, &n_sealed);
    cr_expect_eq(n_sealed, 1);
    cr_expect_eq(head.seq, 5);
    cr_expect_eq(head.tail_seq, 0);
    struct pt_view sealed = view(&w, true);
    cr_assert_eq(sealed.n_entries, 5);
    cr_expect(kit_entries_eq(open.entries, sealed.entries, 5), "sealing changes no entry");
    cr_expect_eq(sealed.entries[0].wall_s, 1700000020);
    cr_expect_eq(pt_view_chunk_of(&sealed, 5)->last_seq, 5);
    struct pt_run run = run_from(&w, &head, 1);
    struct pt_checked_run checked;
    cr_expect_eq(pt_run_check(&run, &w.arena, &checked), PT_OK, "others can verify it");
    n_sealed = 0;
    (void)seal(&w, &pen, &n_sealed);
    cr_expect_eq(n_sealed, 0, "nothing more to seal");
    leave(&w);
}

Test(pen, a_long_tail_becomes_chunks_of_seal_size)
{
    struct world w = make();
    struct pt_author_pen pen = pen_of(&w);
    uint32_t n_sealed = 0;
    uint64_t state = 1;
    for (uint32_t i = 1; i <= 600; i++) {
        (void)put(&w, &pen, (uint32_t)(kit_random(&state) >> 40), (int64_t)kit_random(&state));
    }
    struct pt_head head = seal(&w, &pen, &n_sealed);
    cr_expect_gt(n_sealed, 3);
    struct pt_run run = run_from(&w, &head, 1);
    cr_expect_eq(run.n_chunks, n_sealed);
    for (size_t i = 0; i < run.n_chunks; i++) {
        cr_expect_leq(run.chunks[i].n, PT_CHUNK_SEAL_BYTES, "chunk %zu", i);
    }
    cr_expect_eq(view(&w, true).n_entries, 600);
    leave(&w);
}

/* Entries are checked against the version they were written with, so a chunk holds one version. */
Test(pen, another_instrument_seals_the_tail_first)
{
    struct world w = make();
    struct pt_author_pen pen = pen_of(&w);
    (void)put(&w, &pen, 1, 1);
    (void)put(&w, &pen, 2, 2);
    pen.instrument = &version_2;
    struct pt_head head = put(&w, &pen, 3, 3);
    cr_expect_eq(head.seq, 2);
    cr_expect_eq(head.tail_seq, 3);
    struct pt_view now = view(&w, true);
    cr_assert_eq(now.n_entries, 3);
    cr_expect(pt_hash_eq(&pt_view_chunk_of(&now, 2)->instrument, &version_1));
    cr_expect(pt_hash_eq(&now.tail_instrument, &version_2));
    pen.instrument = &version_1;
    (void)seal(&w, &pen, NULL);
    now = view(&w, true);
    cr_expect(pt_hash_eq(&pt_view_chunk_of(&now, 3)->instrument, &version_2), "whatever the pen says at sealing");
    leave(&w);
}

/* clock_forward_10y and further: recorded as it was, beyond 2038 too. */
Test(pen, any_clock_is_kept)
{
    struct world w = make();
    struct pt_author_pen pen = pen_of(&w);
    static const int64_t seconds[] = {0, 1700000000, 2147483647, 2147483648, 3000000000, 946684800};
    for (size_t i = 0; i < 6; i++) {
        pen.wall_ms = 1000 * seconds[i];
        (void)put(&w, &pen, (uint32_t)i + 1, 1);
    }
    struct pt_view open = view(&w, true);
    pen.wall_ms = 1700000000000;
    (void)seal(&w, &pen, NULL);
    struct pt_view sealed = view(&w, true);
    for (size_t i = 0; i < 6; i++) {
        cr_expect_eq(open.entries[i].wall_s, seconds[i], "row %zu", i);
        cr_expect_eq(sealed.entries[i].wall_s, seconds[i], "row %zu", i);
    }
    leave(&w);
}

/* One entry that can never be sealed would keep all others on the device for ever. */
Test(pen, what_cannot_be_sealed_is_refused_at_once)
{
    struct world w = make();
    struct pt_author_pen pen = pen_of(&w);
    static uint8_t noise[PT_CHUNK_BYTES_MAX];
    static struct pt_entry_ref refs[PT_ENTRY_REPLACES_MAX + 1];
    struct pt_entry bad[4] = {kit_answer(1, 1), kit_answer(1, 1), kit_answer(1, 1),
                              pt_entry_of(PATUH__ENTRY_KIND__ENTRY_MOVE, 0)};
    static const enum pt_err expected[4] = {PT_EMALFORMED, PT_EMALFORMED, PT_EMALFORMED, PT_ELIMIT};
    struct pt_head head = put(&w, &pen, 1, 1);
    uint64_t state = 1;
    uint64_t seq = 0;
    for (size_t i = 0; i < sizeof noise; i++) {
        noise[i] = (uint8_t)kit_random(&state);
    }
    bad[0].value = (struct pt_value){.type = PT_VALUE_DECIMAL, .number = {50, 1}};
    bad[1].instance = "Not A Name";
    bad[2].replaces = refs;
    bad[2].n_replaces = PT_ENTRY_REPLACES_MAX + 1;
    bad[3].detail = pt_bytes_of(noise, sizeof noise);
    struct pt_txn *txn = kit_begin(w.store, true);
    for (size_t i = 0; i < 4; i++) {
        cr_expect_eq(pt_tail_put(txn, &pen, &head, &bad[i], &seq), expected[i], "row %zu", i);
        cr_expect_eq(pt_pen_write(txn, &pen, &w.subject, &bad[i], 1, &w.arena), expected[i], "row %zu", i);
        cr_expect_eq(head.tail_seq, 1);
    }
    pt_store_abort(txn);
    (void)put(&w, &pen, 2, 2);
    cr_expect_eq(seal(&w, &pen, NULL).seq, 2);
    leave(&w);
}

/* The largest entry that the tail takes can be sealed, whatever the header grows to meanwhile. */
Test(pen, the_largest_entry_is_sealed)
{
    struct world w = make();
    struct pt_author_pen pen = pen_of(&w);
    static uint8_t noise[PT_CHUNK_BYTES_MAX];
    struct pt_head head;
    uint64_t state = 1;
    uint64_t seq = 0;
    size_t n = sizeof noise;
    for (size_t i = 0; i < sizeof noise; i++) {
        noise[i] = (uint8_t)kit_random(&state);
    }
    struct pt_txn *txn = kit_begin(w.store, true);
    cr_assert_eq(pt_pen_log(txn, &pen, &w.subject, &head), PT_OK);
    enum pt_err err = PT_ELIMIT;
    for (; err == PT_ELIMIT && n > 0; n--) {
        struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_MOVE, 0);
        entry.detail = pt_bytes_of(noise, n);
        err = pt_tail_put(txn, &pen, &head, &entry, &seq);
    }
    cr_assert_eq(err, PT_OK);
    cr_expect_gt(n, 3600);
    uint8_t seen[24];
    memset(seen, 0xff, sizeof seen);
    cr_assert_eq(pt_meta_put(txn, PT_META_NEWEST, pt_bytes_of(seen, sizeof seen)), PT_OK);
    pen.monotonic_ms = UINT64_MAX;
    pen.wall_ms = INT64_C(1) << 50;
    cr_expect_eq(pt_tail_seal(txn, &pen, &head, &w.arena, NULL), PT_OK);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
    leave(&w);
}

/* clone_two_phones_same_identity: our own log went on elsewhere while entries wait here. */
Test(pen, a_log_that_went_on_elsewhere_takes_no_more_of_ours)
{
    struct world w = make();
    struct pt_author_pen pen = pen_of(&w);
    struct pt_log_id log = kit_log(SUBJECT, &w.pair, 7);
    struct kit_chunk first = kit_chunk_after(&log, NULL, 1, 1, &w.arena);
    struct kit_chunk other = kit_chunk_after(&log, NULL, 2, 2, &w.arena);
    struct pt_run run = kit_run(&log, &w.pair, &first, 1, &w.arena);
    struct pt_entry entry = kit_answer(9, 9);
    uint64_t seq = 0;
    (void)put(&w, &pen, 1, 1);
    (void)put(&w, &pen, 2, 2);
    struct pt_head head = kit_deliver(w.store, &run).head;
    cr_expect_eq(view(&w, true).n_entries, 1, "numbers are not given twice");
    struct pt_txn *txn = kit_begin(w.store, true);
    cr_expect_eq(pt_tail_seal(txn, &pen, &head, &w.arena, NULL), PT_EFORK);
    cr_expect_eq(pt_tail_put(txn, &pen, &head, &entry, &seq), PT_EFORK);
    cr_expect_eq(pt_pen_write(txn, &pen, &w.subject, &entry, 1, &w.arena), PT_EFORK);
    pt_store_abort(txn);
    run = kit_run(&log, &w.pair, &other, 1, &w.arena);
    head = kit_deliver(w.store, &run).head;
    cr_expect(head.forked);
    txn = kit_begin(w.store, true);
    cr_expect_eq(pt_tail_put(txn, &pen, &head, &entry, &seq), PT_EFORK);
    pt_store_abort(txn);
    leave(&w);
}

Test(pen, a_new_incarnation_names_the_last_link_of_the_old_one)
{
    struct world w = make();
    struct pt_author_pen pen = pen_of(&w);
    struct pt_chunk_header header;
    (void)put(&w, &pen, 1, 1);
    struct pt_head old = seal(&w, &pen, NULL);
    pen.incarnation = 8;
    pen.has_previous_incarnation = true;
    pen.previous_incarnation = 7;
    (void)put(&w, &pen, 2, 2);
    struct pt_head head = seal(&w, &pen, NULL);
    struct pt_run run = run_from(&w, &head, 1);
    cr_assert_eq(pt_chunk_read_header(run.chunks[0], &w.arena, &header), PT_OK);
    cr_expect(header.has_previous);
    cr_expect(pt_hash_eq(&header.previous, &old.link));
    (void)put(&w, &pen, 3, 3);
    head = seal(&w, &pen, NULL);
    run = run_from(&w, &head, 2);
    cr_assert_eq(pt_chunk_read_header(run.chunks[0], &w.arena, &header), PT_OK);
    cr_expect_not(header.has_previous, "the first chunk only");
    leave(&w);
}

Test(pen, an_office_writes_chunks_at_once)
{
    struct world w = make();
    struct pt_author_pen pen = pen_of(&w);
    struct pt_entry entries[2] = {kit_answer(2, 2), kit_answer(3, 3)};
    (void)put(&w, &pen, 1, 1);
    struct pt_txn *txn = kit_begin(w.store, true);
    cr_assert_eq(pt_pen_write(txn, &pen, &w.subject, entries, 2, &w.arena), PT_OK);
    cr_assert_eq(pt_pen_write(txn, &pen, &w.subject, entries, 0, &w.arena), PT_OK);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
    struct pt_view now = view(&w, false);
    cr_assert_eq(now.n_entries, 3);
    for (uint32_t i = 0; i < 3; i++) {
        cr_expect_eq(now.entries[i].question, i + 1, "the tail comes first");
    }
    leave(&w);
}

/* power_cut_after_saved, crash_between_record_and_head: what was said to be saved is there, in one place. */
Test(pen, a_power_cut_at_any_call_keeps_every_saved_entry)
{
    enum pt_err err = PT_EIO;
    for (size_t pass = 0; err != PT_OK; pass++) {
        struct world w = make();
        struct pt_author_pen pen = pen_of(&w);
        struct pt_head head;
        for (uint32_t i = 1; i <= 4; i++) {
            (void)put(&w, &pen, i, 10 * i);
        }
        struct pt_txn *txn = kit_begin(w.store, true);
        pt_store_mem_fault_arm(w.store, PT_STORE_MEM_ALL, pass, PT_EIO);
        err = pt_pen_log(txn, &pen, &w.subject, &head);
        if (err == PT_OK) {
            err = pt_tail_seal(txn, &pen, &head, &w.arena, NULL);
        }
        if (err == PT_OK) {
            err = pt_store_commit(txn);
        }
        pt_store_mem_crash(w.store);
        struct pt_view now = view(&w, true);
        cr_assert_eq(now.n_entries, 4, "fault %zu", pass);
        cr_assert_eq(now.n_chunks, err == PT_OK ? 1 : 0, "fault %zu", pass);
        cr_expect_eq(put(&w, &pen, 5, 50).tail_seq, 5);
        cr_expect_eq(seal(&w, &pen, NULL).seq, 5);
        leave(&w);
        cr_assert_lt(pass, 500);
    }
}

Test(pen, oom_loop)
{
    enum pt_err err = PT_ENOMEM;
    for (size_t pass = 0; err != PT_OK; pass++) {
        struct world w = make();
        struct pt_author_pen pen = pen_of(&w);
        struct pt_entry entry = kit_answer(2, 2);
        struct pt_head head = put(&w, &pen, 1, 1);
        struct pt_head before = head;
        uint64_t seq = 0;
        struct pt_txn *txn = kit_begin(w.store, true);
        pt_mem_fault_arm(pass);
        err = pt_tail_put(txn, &pen, &head, &entry, &seq);
        cr_assert(err == PT_OK || head.tail_seq == before.tail_seq);
        if (err == PT_OK) {
            err = pt_tail_seal(txn, &pen, &head, &w.arena, NULL);
            cr_assert(err == PT_OK || head.seq == before.seq);
        }
        pt_mem_fault_disarm();
        cr_assert(err == PT_OK || err == PT_ENOMEM, "allocation %zu: %s", pass, pt_err_name(err));
        pt_store_abort(txn);
        leave(&w);
        cr_assert_lt(pass, 2000);
    }
}
