/* Which branch of a forked log stands: who may say so, whose word holds, and what becomes visible. */
#include "base/mem.h"
#include "core/wire/pack.h"
#include "support/office_kit.h"

#include <criterion/criterion.h>
#include <string.h>

#define A1 "a:2023/62.71/dinkes"

/* Link of the chunk that ends with entry seq on a branch. */
static struct pt_hash branch_link(const struct pt_view *view, uint8_t branch, uint64_t seq)
{
    uint8_t what[2] = {branch, (uint8_t)seq};
    struct pt_hash first = pt_link_first(&view->log);
    return pt_link_next(&first, pt_bytes_of(what, sizeof what));
}

/* The log is forked after what it has now; branch i has n[i] chunks of one entry, question 100 + i. */
static void fork_add(struct world *w, struct pt_view *view, const size_t *n, size_t n_branches)
{
    view->forked = true;
    view->fork_seq = view->n_entries;
    view->branches = pt_arena_zalloc(&w->arena, n_branches, sizeof *view->branches);
    view->n_branches = n_branches;
    for (size_t i = 0; i < n_branches; i++) {
        struct pt_view_branch *branch = &view->branches[i];
        *branch = (struct pt_view_branch){.n_entries = n[i], .n_chunks = n[i]};
        branch->entries = pt_arena_zalloc(&w->arena, n[i], sizeof *branch->entries);
        branch->chunks = pt_arena_zalloc(&w->arena, n[i], sizeof *branch->chunks);
        for (size_t k = 0; k < n[i]; k++) {
            branch->entries[k] = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_ANSWER, 0);
            branch->entries[k].question = 100 + (uint32_t)i;
            branch->chunks[k].last_seq = view->fork_seq + k + 1;
            branch->chunks[k].link = branch_link(view, (uint8_t)i, branch->chunks[k].last_seq);
        }
    }
}

static struct pt_entry stand_entry(struct world *w, const struct pt_view *about, uint8_t branch, uint64_t seq)
{
    Patuh__Stand stand = PATUH__STAND__INIT;
    struct pt_hash link = branch_link(about, branch, seq);
    struct pt_bytes author = pt_arena_dup(&w->arena, pt_bytes_of(about->log.author.b, sizeof about->log.author.b));
    struct pt_bytes kept = pt_arena_dup(&w->arena, pt_hash_bytes(&link));
    struct pt_bytes subject = pt_arena_dup(&w->arena, pt_bytes_str(about->log.subject.text));
    stand.has_subject = stand.has_author = stand.has_incarnation = stand.has_seq = stand.has_link = true;
    stand.subject = pt_binary(subject.data, subject.n);
    stand.author = pt_binary(author.data, author.n);
    stand.incarnation = about->log.incarnation;
    stand.seq = seq;
    stand.link = pt_binary(kept.data, kept.n);
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_STAND, 0);
    entry.detail = kit_pack(&stand, &w->arena);
    return entry;
}

static void stand_add(struct world *w, struct pt_view *office, const struct pt_view *about, uint8_t branch,
                      uint64_t seq)
{
    struct pt_entry entry = stand_entry(w, about, branch, seq);
    chunk_add(office, &entry);
}

#define LOG 2 /* its view */

/* usual(), and a log of budi's device with two entries, then branches of 3, 4 and 2. */
static struct world forked_world(void)
{
    static const size_t branches[] = {3, 4, 2};
    struct world w = usual();
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_ANSWER, 0);
    struct pt_view *log = log_add(&w, A1, BUDI, 1);
    chunk_add(log, &entry);
    chunk_add(log, &entry);
    fork_add(&w, log, branches, 3);
    return w;
}

/* How many entries count, and of which branch the last one is; 0 = none past the fork. */
static void expect_stands(struct world *w, const struct pt_view *log, size_t n_entries, uint32_t question)
{
    struct pt_authority authority = build(w);
    struct pt_view view = *log;
    cr_assert_eq(pt_authority_stand(&authority, &view, 1, &w->arena), PT_OK);
    cr_expect_eq(view.n_entries, n_entries, "%zu entries", view.n_entries);
    cr_expect_eq(view.n_chunks, n_entries);
    if (view.n_entries > 0) {
        cr_expect_eq(view.entries[view.n_entries - 1].question, question);
        cr_expect_eq(view.chunks[view.n_chunks - 1].last_seq, n_entries);
    }
}

Test(rulings, without_one_everything_past_the_fork_is_held)
{
    struct world w = forked_world();
    struct pt_view *log = &w.views[LOG];
    expect_stands(&w, log, 2, 0);
    pt_arena_close(&w.arena);
}

Test(rulings, one_of_three_branches_stands_up_to_exactly_its_chunk)
{
    for (uint8_t branch = 0; branch < 3; branch++) {
        static const uint64_t ends[] = {5, 6, 4};
        for (uint64_t seq = 3; seq <= ends[branch]; seq++) {
            struct world w = forked_world();
            struct pt_view *log = &w.views[LOG];
            stand_add(&w, &w.views[1], log, branch, seq);
            expect_stands(&w, log, (size_t)seq, 100 + branch);
            pt_arena_close(&w.arena);
        }
    }
}

Test(rulings, a_release_that_arrives_before_the_chunks_waits_for_them)
{
    struct world w = forked_world();
    struct pt_view *log = &w.views[LOG];
    struct pt_view whole = *log;
    stand_add(&w, &w.views[1], log, 1, 6);
    log->n_branches = 0; /* one branch alone is here: not forked, as far as anybody knows */
    log->forked = false;
    expect_stands(&w, log, 2, 0);
    *log = whole;
    log->n_branches = 1; /* that branch is not here yet */
    expect_stands(&w, log, 2, 0);
    *log = whole;
    expect_stands(&w, log, 6, 101);
    pt_arena_close(&w.arena);
}

Test(rulings, in_one_office_log_the_later_word_holds)
{
    struct world w = forked_world();
    struct pt_view *log = &w.views[LOG];
    stand_add(&w, &w.views[1], log, 0, 5);
    stand_add(&w, &w.views[1], log, 2, 4);
    expect_stands(&w, log, 4, 102);
    pt_arena_close(&w.arena);
}

Test(rulings, head_office_overrules_a_region_in_any_order)
{
    for (int order = 0; order < 2; order++) {
        struct world w = forked_world();
        struct pt_view *log = &w.views[LOG];
        stand_add(&w, &w.views[1], log, 0, 5);
        stand_add(&w, &w.views[0], log, 1, 6);
        stand_add(&w, &w.views[1], log, 2, 4);
        if (order == 1) {
            struct pt_view first = w.views[0];
            w.views[0] = w.views[1];
            w.views[1] = first;
        }
        expect_stands(&w, log, 6, 101);
        pt_arena_close(&w.arena);
    }
}

Test(rulings, who_is_not_the_authors_office_rules_nothing)
{
    static const uint8_t others[] = {REGION_63, STRANGER, BUDI, SITI};
    static const char *const subjects[] = {"o:63", "o:62", "o:62", "o:62"};
    for (size_t i = 0; i < 4; i++) {
        struct world w = forked_world();
        struct pt_view *log = &w.views[LOG];
        struct pt_view *other = log_add(&w, subjects[i], others[i], 1);
        stand_add(&w, other, log, 0, 5);
        expect_stands(&w, log, 2, 0);
        pt_arena_close(&w.arena);
    }
}

/* Head office lets a branch of a region's office log stand: who is named in it is a member, and what it rules holds. */
Test(rulings, a_forked_office_log_is_settled_before_it_is_heard)
{
    static const size_t branches[] = {2, 2};
    struct world w = forked_world();
    struct pt_view *log = &w.views[LOG];
    struct pt_view *office = &w.views[1];
    fork_add(&w, office, branches, 2);
    office->branches[1].entries[0] = stand_entry(&w, log, 1, 6);
    office->branches[1].entries[1] = stand_entry(&w, office, 0, office->fork_seq + 2);
    expect_stands(&w, log, 2, 0);
    stand_add(&w, &w.views[0], office, 1, office->fork_seq + 2);
    expect_stands(&w, log, 6, 101);
    cr_expect_eq(office->n_entries, office->fork_seq + 2);
    struct pt_authority again = build(&w); /* of views that are extended already */
    cr_expect_eq(office->n_entries, office->fork_seq + 2);
    cr_expect_eq(again.n_rulings, 2);
    expect_stands(&w, log, 6, 101);
    pt_arena_close(&w.arena);
}

/* What it says past its own fork says nothing about that fork. */
Test(rulings, a_branch_does_not_release_itself)
{
    static const size_t branches[] = {1, 1};
    struct world w = forked_world();
    struct pt_view *root = &w.views[0];
    fork_add(&w, root, branches, 2);
    root->branches[0].entries[0] = stand_entry(&w, root, 0, root->fork_seq + 1);
    (void)build(&w);
    cr_expect_eq(root->n_entries, root->fork_seq);
    struct pt_view *next = log_add(&w, root->log.subject.text, ROOT, 2); /* its next incarnation */
    stand_add(&w, next, root, 0, root->fork_seq + 1);
    (void)build(&w);
    cr_expect_eq(w.views[0].n_entries, w.views[0].fork_seq + 1);
    pt_arena_close(&w.arena);
}

Test(rulings, entries_of_our_own_that_wait_in_the_tail_are_not_lost)
{
    struct world w = forked_world();
    struct pt_view *log = &w.views[LOG];
    stand_add(&w, &w.views[1], log, 0, 5);
    log->entries[log->n_entries++] = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_ANSWER, 0);
    struct pt_authority authority = build(&w);
    cr_assert_eq(pt_authority_stand(&authority, log, 1, &w.arena), PT_OK);
    cr_expect_eq(log->n_entries, 3);
    pt_arena_close(&w.arena);
}

Test(rulings, out_of_memory_at_every_allocation)
{
    struct world w = forked_world();
    struct pt_view *log = &w.views[LOG];
    struct pt_author root = author_of(ROOT);
    stand_add(&w, &w.views[1], log, 0, 5);
    stand_add(&w, &w.views[0], log, 1, 6);
    enum pt_err err = PT_ENOMEM;
    for (size_t n = 0; err != PT_OK; n++) {
        struct pt_arena arena;
        struct pt_authority authority;
        struct pt_view view = *log;
        pt_arena_init(&arena, SIZE_MAX);
        pt_mem_fault_arm(n);
        err = pt_authority_build(w.views, w.n, &root, &arena, &authority);
        if (err == PT_OK) {
            err = pt_authority_stand(&authority, &view, 1, &arena);
        }
        pt_mem_fault_disarm();
        cr_expect(err == PT_OK || err == PT_ENOMEM, "allocation %zu: %s", n, pt_err_name(err));
        pt_arena_close(&arena);
        cr_assert_lt(n, 1000);
    }
    pt_arena_close(&w.arena);
}
