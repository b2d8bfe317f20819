/* A forked log in a rollup: what stands counts, whatever came first, and what was computed before still verifies. */
#include "core/log/branches.h"
#include "rollup/rollup_internal.h"
#include "world.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNIT "62.01/dinkes"
#define PIECES_MAX 128

/* Every signed piece of a store's logs, those of all branches. */
struct pieces {
    struct pt_arena arena;
    struct pt_run runs[PIECES_MAX];
    size_t n;
};

static void take_chain(struct pt_txn *txn, const struct pt_head *head, const struct pt_branch *branch, uint64_t from,
                       struct pieces *p)
{
    uint64_t end = branch == NULL ? head->seq : branch->seq;
    for (uint64_t last = from - 1; last < end;) {
        cr_assert_lt(p->n, PIECES_MAX);
        cr_assert_eq(pt_logs_branch_run(txn, head, branch, last + 1, 1, &p->arena, &p->runs[p->n++], &last), PT_OK);
    }
}

static struct pieces pieces_of(struct pt_store *store)
{
    struct pieces p = {0};
    struct pt_txn *txn;
    struct pt_head *heads;
    size_t n;
    pt_arena_init(&p.arena, SIZE_MAX);
    cr_assert_eq(pt_store_begin_read(store, &txn), PT_OK);
    cr_assert_eq(pt_logs_list(txn, NULL, &p.arena, &heads, &n), PT_OK);
    for (size_t i = 0; i < n; i++) {
        struct pt_fork fork;
        cr_assert_eq(pt_logs_fork(txn, &heads[i], 0, &p.arena, &fork), PT_OK);
        for (size_t b = 0; b < fork.n; b++) {
            take_chain(txn, &heads[i], &fork.branches[b], b == 0 ? 1 : fork.seq + 1, &p);
        }
        if (fork.n == 0) {
            take_chain(txn, &heads[i], NULL, 1, &p);
        }
    }
    pt_store_abort(txn);
    return p;
}

static void deliver(struct pt_store *to, const struct pt_run *run)
{
    struct pt_txn *txn;
    struct pt_arena arena;
    struct pt_checked_run checked;
    struct pt_append append;
    pt_arena_init(&arena, SIZE_MAX);
    cr_assert_eq(pt_run_check(run, &arena, &checked), PT_OK);
    cr_assert_eq(pt_store_begin_write(to, &txn), PT_OK);
    cr_assert_eq(pt_logs_append(txn, &checked, 1, &arena, &append), PT_OK);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
    pt_arena_close(&arena);
}

static void deliver_all(struct pt_store *from, struct pt_store *to)
{
    struct pieces p = pieces_of(from);
    for (size_t i = 0; i < p.n; i++) {
        deliver(to, &p.runs[i]);
    }
    pt_arena_close(&p.arena);
}

static struct pt_chunk_end end_of(struct world *w)
{
    struct pt_head head = world_head(w, WORLD_ANA, UNIT);
    return (struct pt_chunk_end){.seq = head.seq, .link = head.link};
}

static void go_on(struct world *w, const char *sign, const char *staff)
{
    world_answer(w, WORLD_ANA, UNIT, "sign", sign);
    world_answer(w, WORLD_ANA, UNIT, "staff", staff);
    world_move(w, WORLD_ANA, UNIT, PATUH__STATE__STATE_SUBMITTED);
}

/* Ana's device was copied after its first answer; w has what the device wrote then, copy what the copy wrote. */
static void open_forked(struct world *w, struct world *copy)
{
    world_open(w, "2023");
    world_load_small(w);
    world_load_registry(w);
    world_open_unit(w, WORLD_SOUTH, UNIT, "62", "ana");
    world_answer(w, WORLD_ANA, UNIT, "desk", "l4");
    *copy = world_copy(w);
    go_on(w, "l1", "l2");
    go_on(copy, "l4", "l3");
}

static void close_forked(struct world *w, struct world *copy)
{
    world_copy_close(copy);
    world_close(w);
}

static void expect_line(const struct pt_rollup_files *files, const struct pt_rollup_files *as)
{
    char line[512];
    (void)snprintf(line, sizeof line, "%s", world_line(as, "units.csv", UNIT));
    cr_expect_str_neq(line, "");
    cr_expect_str_eq(world_line(files, "units.csv", UNIT), line);
}

static void expect_verified(struct world *w, const struct pt_rollup_files *files, const char *what)
{
    struct pt_rollup_input input = world_input(w, PT_LEVEL_SUBMITTED);
    struct pt_buf report = {0};
    cr_expect_eq(pt_rollup_verify(&input, files, &report), PT_OK, "%s: %s", what, pt_buf_text(&report));
    pt_buf_free(&report);
}

Test(rollup_forks, the_branch_that_stands_counts_and_earlier_results_still_verify)
{
    struct world w;
    struct world copy;
    struct pt_rollup_files first = {0};
    struct pt_rollup_files second = {0};
    struct pt_rollup_files held = {0};
    struct pt_rollup_files released = {0};
    struct pt_rollup_files overruled = {0};
    open_forked(&w, &copy);
    world_rollup(&w, PT_LEVEL_SUBMITTED, &first);
    world_rollup(&copy, PT_LEVEL_SUBMITTED, &second);
    struct pt_chunk_end first_end = end_of(&w);
    struct pt_chunk_end second_end = end_of(&copy);
    deliver_all(copy.store, w.store);
    world_rollup(&w, PT_LEVEL_SUBMITTED, &held);
    char line[512];
    (void)snprintf(line, sizeof line, "%s", world_line(&held, "units.csv", UNIT));
    cr_expect_str_neq(world_line(&first, "units.csv", UNIT), line, "nothing past the fork counts");
    world_let_stand(&w, WORLD_SOUTH, WORLD_ANA, UNIT, &first_end);
    world_rollup(&w, PT_LEVEL_SUBMITTED, &released);
    expect_line(&released, &first);
    world_let_stand(&w, WORLD_ROOT, WORLD_ANA, UNIT, &second_end);
    world_let_stand(&w, WORLD_SOUTH, WORLD_ANA, UNIT, &first_end);
    world_rollup(&w, PT_LEVEL_SUBMITTED, &overruled);
    expect_line(&overruled, &second);
    expect_verified(&w, &first, "before the fork");
    expect_verified(&w, &held, "nothing decided");
    expect_verified(&w, &released, "released");
    expect_verified(&w, &overruled, "overruled");
    struct pt_rollup_files *all[] = {&first, &second, &held, &released, &overruled};
    for (size_t i = 0; i < 5; i++) {
        pt_rollup_files_free(all[i]);
    }
    close_forked(&w, &copy);
}

Test(rollup_forks, order_of_arrival_changes_no_byte)
{
    struct pt_random random = pt_random_system();
    struct world w;
    struct world copy;
    struct pt_rollup_files files = {0};
    open_forked(&w, &copy);
    struct pt_chunk_end end = end_of(&copy);
    deliver_all(copy.store, w.store);
    world_let_stand(&w, WORLD_SOUTH, WORLD_ANA, UNIT, &end);
    world_rollup(&w, PT_LEVEL_SUBMITTED, &files);
    struct pieces p = pieces_of(w.store);
    uint32_t state = 1;
    for (size_t round = 0; round < 20; round++) {
        struct pt_rollup_files other = {0};
        struct pt_problem problem = {0};
        struct pt_rollup_input input = world_input(&w, PT_LEVEL_SUBMITTED);
        cr_assert_eq(pt_store_mem_create(NULL, &random, &input.store), PT_OK);
        for (size_t left = p.n; left > 0; left--) {
            state = state * 1664525u + 1013904223u;
            size_t pick = (state >> 8) % left;
            struct pt_run run = p.runs[pick];
            p.runs[pick] = p.runs[left - 1];
            p.runs[left - 1] = run;
            deliver(input.store, &run);
        }
        cr_assert_eq(pt_rollup_build(&input, &other, &problem), PT_OK);
        for (size_t i = 0; i < files.n; i++) {
            cr_expect(pt_rollup_file_eq(&files.file[i], &other.file[i]), "round %zu: %s", round, files.file[i].name);
        }
        pt_store_close(input.store);
        pt_rollup_files_free(&other);
    }
    pt_arena_close(&p.arena);
    pt_rollup_files_free(&files);
    close_forked(&w, &copy);
}

/* Whoever computes may leave out what arrived late, but not choose a branch. */
Test(rollup_forks, a_branch_that_nobody_let_stand_is_refused)
{
    struct world w;
    struct world copy;
    struct pt_rollup_files held = {0};
    struct pt_rollup_files chosen = {0};
    struct pt_problem problem = {0};
    struct pt_csv csv;
    open_forked(&w, &copy);
    struct pt_chunk_end end = end_of(&w);
    deliver_all(copy.store, w.store);
    world_rollup(&w, PT_LEVEL_SUBMITTED, &held);
    cr_assert_eq(
        pt_csv_read(pt_buf_bytes(&pt_rollup_file(&held, "inputs.csv")->content), "inputs.csv", &w.arena, &csv, NULL),
        PT_OK);
    struct pt__limit limits[32] = {{0}};
    size_t n_forked = 0;
    cr_assert_leq(csv.n_rows, 32);
    for (size_t i = 0; i < csv.n_rows; i++) {
        const struct pt_csv_row *row = &csv.rows[i];
        const char *link = pt_csv_get(&csv, row, "link");
        struct pt__limit *limit = &limits[i];
        limit->subject = pt_csv_get(&csv, row, "subject");
        limit->author = pt_csv_get(&csv, row, "author");
        limit->incarnation = pt_csv_get(&csv, row, "incarnation");
        limit->forked = pt_csv_get(&csv, row, "fork")[0] != '\0';
        limit->seq = (uint64_t)strtoull(pt_csv_get(&csv, row, "seq"), NULL, 10);
        cr_assert_eq(pt_hex_read(pt_bytes_str(link), limit->link.b, sizeof limit->link.b), PT_OK);
        if (limit->forked) {
            cr_expect_str_eq(pt_csv_get(&csv, row, "fork"), "1");
            limit->fork_seq = 1;
            limit->seq = end.seq;
            limit->link = end.link;
            n_forked++;
        }
    }
    cr_expect_eq(n_forked, 1);
    struct pt_rollup_input input = world_input(&w, PT_LEVEL_SUBMITTED);
    cr_expect_eq(
        pt__rollup_run(&input, &(struct pt__checked){.limits = limits, .n_limits = csv.n_rows}, &chosen, &problem),
        PT_EINVALID);
    cr_expect_eq(problem.msg, PT_MSG_ROLLUP_NOT_RULED);
    pt_rollup_files_free(&chosen);
    pt_rollup_files_free(&held);
    close_forked(&w, &copy);
}
