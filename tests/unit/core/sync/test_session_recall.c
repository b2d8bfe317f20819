/* What a device pruned comes back when something new about it arrives, and an office that was restored asks in vain. */
#include "core/log/prune.h"
#include "core/log/texts.h"
#include "support/scene.h"

#include <criterion/criterion.h>
#include <string.h>

static struct pt_subject subject_of(const char *text)
{
    struct pt_subject subject;
    cr_assert_eq(pt_subject_read(pt_bytes_str(text), &subject), PT_OK);
    return subject;
}

static void prune(struct world_node *device, const char *text)
{
    bool pruned = false;
    struct pt_subject subject = subject_of(text);
    cr_assert_eq(world_prune(device, &subject, 0, &pruned), PT_OK);
    cr_assert(pruned);
}

static bool is_gone(struct world_node *device, const char *text)
{
    bool pruned;
    struct pt_txn *txn = NULL;
    struct pt_subject subject = subject_of(text);
    cr_assert_eq(pt_store_begin_read(device->store, &txn), PT_OK);
    cr_assert_eq(pt_pruned_has(txn, &subject, &pruned), PT_OK);
    pt_store_abort(txn);
    return pruned;
}

/* The chunks of all logs of a subject, one behind the other. */
static struct pt_hash bytes_of(struct world_node *node, const char *text)
{
    struct pt_arena arena;
    struct pt_head *heads;
    struct pt_txn *txn = NULL;
    size_t n = 0;
    struct pt_buf all = {0};
    struct pt_subject subject = subject_of(text);
    pt_arena_init(&arena, SIZE_MAX);
    cr_assert_eq(pt_store_begin_read(node->store, &txn), PT_OK);
    cr_assert_eq(pt_logs_list(txn, &subject, &arena, &heads, &n), PT_OK);
    for (size_t i = 0; i < n; i++) {
        for (uint64_t next = 1; next <= heads[i].seq;) {
            struct pt_run run;
            uint64_t last = 0;
            cr_assert_eq(pt_logs_run(txn, &heads[i], next, PT_RUN_BYTES_MAX, &arena, &run, &last), PT_OK);
            next = last + 1;
            for (size_t k = 0; k < run.n_chunks; k++) {
                pt_buf_put_bytes(&all, run.chunks[k]);
            }
        }
    }
    struct pt_hash hash = pt_hash1("patuh/1 test", pt_buf_bytes(&all));
    pt_buf_free(&all);
    pt_arena_close(&arena);
    pt_store_abort(txn);
    return hash;
}

static void expect_all_back(struct scene *s)
{
    struct pt_hash here = bytes_of(s->device, A1);
    struct pt_hash there = bytes_of(s->region, A1);
    cr_expect_not(is_gone(s->device, A1));
    cr_expect(pt_hash_eq(&here, &there));
    world_check_node(s->device);
    struct pt_head own = world_head(s->device, s->device, A1);
    cr_expect_eq(own.recalled_seq, 0);
    cr_expect_not(own.forked);
}

/* A1 with two surveyors and A2, at head office, and A1 gone from the device, which wrote n_writes times 100 entries. */
static struct scene gone_with(uint64_t seed, size_t n_writes)
{
    struct scene s = scene_open(seed);
    world_assign(s.device, A1);
    world_assign(s.other, A1);
    world_assign(s.device, A2);
    (void)scene_sync(&s, s.device);
    (void)scene_sync(&s, s.other);
    for (size_t i = 0; i < n_writes; i++) {
        world_write(s.other, A1, 60);
        world_write(s.device, A1, 100);
    }
    world_write(s.device, A2, 10);
    (void)scene_sync(&s, s.other);
    (void)scene_sync(&s, s.device);
    (void)scene_sync(&s, s.region);
    (void)scene_sync(&s, s.device);
    prune(s.device, A1);
    return s;
}

static struct scene gone(uint64_t seed)
{
    return gone_with(seed, 3);
}

Test(session_recall, what_comes_back_is_as_it_was_after_one_session)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct scene s = gone(seed);
        world_write(s.region, A1, 3);
        struct world_link link = scene_sync(&s, s.device);
        cr_expect_not(link.fresh[0], "it is the same incarnation");
        expect_all_back(&s);
        cr_expect_eq(world_count(s.device, PT_TABLE_WANTED), 0, "its texts are back too");
        link = scene_sync(&s, s.device);
        cr_expect_eq(link.n_frames[0], 1);
        world_write(s.device, A1, 5);
        link = scene_sync(&s, s.device);
        cr_expect_not(link.fresh[0]);
        cr_expect_eq(world_head(s.region, s.device, A1).seq, 305);
        cr_expect_not(world_head(s.region, s.device, A1).forked);
        scene_close(&s);
    }
}

/* A note whose text is as long as texts get. */
static void write_long_note(struct world_node *device, unsigned number)
{
    struct pt_txn *txn;
    struct pt_buf text = {0};
    struct pt_subject subject = subject_of(A1);
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_NOTE, 1700000000);
    pt_buf_printf(&text, "%016u%02000u", number, number);
    entry.question = 1;
    cr_assert_eq(world_write_begin(device, &txn), PT_OK);
    cr_assert_eq(pt_text_put(txn, &subject, pt_buf_bytes(&text), &entry.hash), PT_OK);
    cr_assert_eq(world_write_end(device, txn, PT_OK), PT_OK);
    pt_buf_free(&text);
    world_write_entry(device, A1, &entry);
}

/* More of our own texts than ride beside the entries that name them. */
Test(session_recall, all_texts_of_our_own_come_back)
{
    struct scene s = scene_open(6);
    world_assign(s.device, A1);
    (void)scene_sync(&s, s.device);
    for (unsigned i = 0; i < 30; i++) {
        write_long_note(s.device, i);
    }
    (void)scene_sync(&s, s.device);
    (void)scene_sync(&s, s.region);
    (void)scene_sync(&s, s.device);
    cr_assert_eq(world_count(s.region, PT_TABLE_TEXTS), 30);
    prune(s.device, A1);
    world_write(s.region, A1, 1);
    (void)scene_sync(&s, s.device);
    expect_all_back(&s);
    cr_expect_eq(world_count(s.device, PT_TABLE_WANTED), 0);
    cr_expect_eq(world_count(s.device, PT_TABLE_TEXTS), 30);
    scene_close(&s);
}

/* The region is one of before they came, and the device has let go of them: head office has them. */
Test(session_recall, a_restored_region_gets_the_texts_from_head_office)
{
    struct scene s = scene_open(6);
    world_assign(s.device, A1);
    (void)scene_sync(&s, s.device);
    (void)scene_sync(&s, s.region);
    struct pt_store *before = world_backup(s.region);
    for (unsigned i = 0; i < 30; i++) {
        write_long_note(s.device, i);
    }
    (void)scene_sync(&s, s.device);
    (void)scene_sync(&s, s.region);
    (void)scene_sync(&s, s.device);
    cr_assert_eq(world_count(s.head, PT_TABLE_TEXTS), 30);
    prune(s.device, A1);
    world_restore(s.region, before);
    cr_assert_eq(world_renew(s.region), PT_OK);
    (void)world_sync(s.w, s.region, s.head);
    (void)scene_sync(&s, s.region);
    (void)scene_sync(&s, s.device);
    cr_expect_eq(world_head(s.region, s.device, A1).seq, 30);
    cr_expect_eq(world_count(s.region, PT_TABLE_TEXTS), 30);
    cr_expect_eq(world_count(s.region, PT_TABLE_WANTED), 0);
    scene_close(&s);
}

/* More chunks than a log may park, and a log that was not here before. */
Test(session_recall, much_news_and_a_new_author_come_along)
{
    struct scene s = gone(3);
    const struct world_writer *reviewer = world_add_writer(s.region);
    for (int i = 0; i < PT_PARKED_PER_LOG_MAX + 10; i++) {
        world_write(s.region, A1, 1);
        world_write(s.other, A1, 1);
    }
    struct world_node writes = *s.region;
    struct pt_subject subject = subject_of(A1);
    struct pt_author_pen pen = world_pen(&writes);
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_CLEAR, 1700000000);
    struct pt_arena arena;
    struct pt_txn *txn;
    entry.question = 1;
    pen.pair = &reviewer->pair;
    pt_arena_init(&arena, SIZE_MAX);
    cr_assert_eq(world_write_begin(s.region, &txn), PT_OK);
    cr_assert_eq(pt_pen_write(txn, &pen, &subject, &entry, 1, &arena), PT_OK);
    cr_assert_eq(world_write_end(s.region, txn, PT_OK), PT_OK);
    pt_arena_close(&arena);
    (void)scene_sync(&s, s.other);
    (void)scene_sync(&s, s.device);
    expect_all_back(&s);
    scene_close(&s);
}

Test(session_recall, cut_anywhere_it_goes_on_and_nothing_is_written_meanwhile)
{
    size_t n_half = 0;
    for (uint64_t cut = 700; cut < 120000; cut += 4999) {
        struct scene s = gone_with(7, 40); /* more than one frame of each log */
        struct pt_head own;
        struct pt_txn *txn = NULL;
        struct pt_subject subject = subject_of(A1);
        struct pt_author_pen pen = world_pen(s.device);
        world_write(s.region, A1, 3);
        struct world_link *link = world_connect(s.w, s.device, s.region, false);
        link->cut_after = cut;
        world_run(s.w);
        cr_expect_not(link->fresh[0]);
        if (is_gone(s.device, A1)) {
            own = world_head(s.device, s.device, A1);
            n_half += own.recalled_seq > 0 && own.seq > 0;
            cr_assert_eq(pt_store_begin_write(s.device->store, &txn), PT_OK);
            cr_expect_eq(pt_pen_log(txn, &pen, &subject, &own), PT_EGAP);
            pt_store_abort(txn);
        }
        struct world_link again = scene_sync(&s, s.device);
        cr_expect_not(again.fresh[0], "cut after %llu", (unsigned long long)cut);
        expect_all_back(&s);
        scene_close(&s);
    }
    cr_expect(n_half > 2, "cut within our own log: %zu times", n_half);
}

/* The store of the region is one of before the device delivered. What is gone here cannot be given; head office has it.
 */
Test(session_recall, a_restored_office_asks_in_vain)
{
    for (int noticed = 0; noticed < 2; noticed++) {
        struct scene s = scene_open(5);
        world_assign(s.device, A1);
        world_assign(s.device, A2);
        (void)scene_sync(&s, s.region);
        struct pt_store *nothing = world_backup(s.region);
        world_write(s.device, A1, 30);
        (void)scene_sync(&s, s.device);
        struct pt_store *part = world_backup(s.region);
        world_write(s.device, A1, 200);
        (void)scene_sync(&s, s.device);
        (void)scene_sync(&s, s.region);
        (void)scene_sync(&s, s.device);
        prune(s.device, A1);
        world_restore(s.region, noticed == 0 ? nothing : part);
        pt_store_close(noticed == 0 ? part : nothing);
        world_check_elsewhere(s.region);
        cr_assert_eq(world_renew(s.region), PT_OK);
        for (int i = 0; i < 2; i++) {
            struct world_link link = world_sync(s.w, s.device, s.region);
            cr_expect_eq(link.reason[0], PT_OK, "the session settles");
            cr_expect_not(link.fresh[0]);
            cr_expect(is_gone(s.device, A1));
            cr_expect_eq(world_head(s.region, s.device, A1).seq, noticed == 0 ? 0 : 30);
        }
        (void)world_sync(s.w, s.region, s.head); /* brings it; the receipts of it come in the next one */
        (void)scene_sync(&s, s.region);
        cr_expect_eq(world_head(s.region, s.device, A1).seq, 230, "from head office");
        (void)scene_sync(&s, s.device);
        scene_close(&s);
    }
}

/* A copy of the folder wrote on after the original let go: the office has more than we ever had. */
Test(session_recall, a_copy_that_wrote_on_is_found_out)
{
    struct scene s = gone(9);
    struct world_node *copy = NULL;
    world_write(s.region, A1, 1);
    (void)scene_sync(&s, s.device);
    copy = world_clone(s.device);
    (void)scene_sync(&s, s.region);
    (void)scene_sync(&s, s.device);
    prune(s.device, A1);
    world_write(copy, A1, 4);
    (void)world_sync(s.w, copy, s.region);
    struct world_link link = world_sync(s.w, s.device, s.region);
    cr_expect(link.fresh[0], "somebody else writes this log");
    (void)scene_sync(&s, s.device);
    cr_expect_not(is_gone(s.device, A1));
    cr_expect_eq(world_head(s.device, s.device, A1).seq, 304);
    world_check_node(s.device);
    scene_close(&s);
}

/* A colleague's log forked at the office after it was pruned here: every branch comes back, not only the news. */
Test(session_recall, a_fork_comes_back_with_all_its_branches)
{
    struct scene s = scene_open(4);
    world_assign(s.device, A1);
    world_assign(s.other, A1);
    (void)scene_sync(&s, s.device);
    (void)scene_sync(&s, s.other);
    world_write(s.other, A1, 5);
    (void)scene_sync(&s, s.other);
    struct world_node *copy = world_clone(s.other);
    world_write(s.other, A1, 9);
    world_write(s.device, A1, 20);
    (void)scene_sync(&s, s.other);
    (void)scene_sync(&s, s.device);
    (void)scene_sync(&s, s.region);
    (void)scene_sync(&s, s.device);
    prune(s.device, A1);
    world_write(copy, A1, 7); /* no further than what is known */
    (void)world_sync(s.w, copy, s.region);
    cr_assert(world_head(s.region, s.other, A1).forked);
    (void)scene_sync(&s, s.device);
    cr_expect_not(is_gone(s.device, A1));
    cr_expect(world_head(s.device, s.other, A1).forked);
    struct world_link link = scene_sync(&s, s.device);
    cr_expect_eq(link.n_frames[0], 1);
    world_check_node(s.device);
    scene_close(&s);
}

/* The disk of the device is full at the k-th put of letting go, or of the recall: all of it happened, or nothing. */
Test(session_recall, full_at_every_put_leaves_all_or_nothing)
{
    struct pt_subject subject = subject_of(A1);
    bool passed = false;
    for (size_t k = 0; !passed; k++) {
        struct scene s = gone(11);
        bool pruned;
        world_write(s.region, A1, 1);
        (void)scene_sync(&s, s.device);
        pt_store_mem_fault_arm(s.device->store, PT_STORE_MEM_PUT, k, PT_EFULL);
        enum pt_err err = world_prune(s.device, &subject, 0, &pruned);
        pt_store_mem_fault_disarm(s.device->store);
        passed = err == PT_OK;
        cr_expect(passed ? pruned : err == PT_EFULL, "put %zu", k);
        cr_expect_eq(is_gone(s.device, A1), pruned);
        world_check_node(s.device);
        scene_close(&s);
        cr_assert_lt(k, 200);
    }
}

Test(session_recall, full_at_every_put_while_it_comes_back)
{
    bool passed = false;
    for (size_t k = 0; !passed; k++) {
        struct scene s = gone(12);
        world_write(s.region, A1, 3);
        pt_store_mem_fault_arm(s.device->store, PT_STORE_MEM_PUT, k, PT_EFULL);
        struct world_link link = world_sync(s.w, s.device, s.region);
        pt_store_mem_fault_disarm(s.device->store);
        passed = link.reason[0] == PT_OK;
        world_check_node(s.device);
        link = scene_sync(&s, s.device);
        cr_expect_not(link.fresh[0], "put %zu", k);
        expect_all_back(&s);
        scene_close(&s);
        cr_assert_lt(k, 1000);
    }
}

/* One recall in which allocations of one call fail. true: it went well all the same. */
static bool recall_without_memory(size_t call, size_t pass, size_t *n_calls)
{
    struct scene s = gone_with(13, 1);
    world_write(s.region, A1, 1);
    s.w->n_calls = 0;
    s.w->fault_call = call;
    s.w->fault_pass = pass;
    struct world_link link = world_sync(s.w, s.device, s.region);
    bool well = link.ended[0] && link.reason[0] == PT_OK;
    *n_calls = s.w->n_calls;
    s.w->fault_call = 0;
    (void)scene_sync(&s, s.device);
    expect_all_back(&s);
    scene_close(&s);
    return well;
}

/* Of each call the first allocations, and of many some of the later ones: seconds, not minutes with sanitizers. */
Test(session_recall, out_of_memory_in_every_call)
{
    size_t n_calls = 1;
    size_t n_failed = 0;
    for (size_t call = 1; call <= n_calls; call++) {
        for (size_t pass = 0; !recall_without_memory(call, pass, &n_calls); pass += 1 + pass / 3) {
            n_failed++;
            cr_assert_lt(pass, 2000);
        }
    }
    cr_expect_gt(n_failed, 100, "only %zu allocations", n_failed);
}

/* The region lost its last words about the assessment: no more of them will ever come. */
Test(session_recall, what_the_office_has_lost_is_not_waited_for)
{
    struct scene s = gone(15);
    struct pt_txn *txn = NULL;
    struct pt_store *old = world_backup(s.region);
    world_write(s.region, A1, 3);
    (void)scene_sync(&s, s.device);
    prune(s.device, A1);
    world_restore(s.region, old);
    cr_assert_eq(world_renew(s.region), PT_OK);
    world_write(s.region, A1, 1); /* in a log of a new incarnation */
    struct world_link link = world_sync(s.w, s.device, s.region);
    cr_expect_eq(link.reason[0], PT_OK);
    cr_expect(is_gone(s.device, A1));
    cr_assert_eq(pt_store_begin_write(s.device->store, &txn), PT_OK);
    cr_expect_eq(pt_prune_settled(txn, &s.device->author), PT_OK);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
    expect_all_back(&s);
    (void)scene_sync(&s, s.device);
    scene_close(&s);
}
