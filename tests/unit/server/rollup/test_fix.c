#include "rollup/fix.h"

#include "base/mem.h"
#include "world.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const char *const units[] = {"62.01/dinkes", "62.01/dinsos", "62.02/dinsos", "62.01-polres/polres",
                                    "62.02/dinkes"};
#define N_UNITS (sizeof units / sizeof units[0])

/* The cycle of world_fill with everything that was assessed approved by head office; one of it is a range. */
static void approve_all(struct world *w)
{
    world_open(w, "2023");
    world_fill(w);
    for (size_t i = 0; i < N_UNITS; i++) {
        world_move(w, WORLD_ROOT, units[i], PATUH__STATE__STATE_APPROVED_NATIONAL);
    }
}

static void settle(struct world *w)
{
    world_decide(w, WORLD_SOUTH, "62.02/dinkes", "staff", "l4");
    world_move(w, WORLD_ROOT, "62.02/dinkes", PATUH__STATE__STATE_APPROVED_NATIONAL);
}

static const struct pt_fix_row *row_of(const struct pt_fix *fix, const char *code)
{
    for (size_t i = 0; i < fix->n_rows; i++) {
        if (strcmp(fix->rows[i].code, code) == 0) {
            return &fix->rows[i];
        }
    }
    cr_assert_fail("no row %s", code);
    return NULL;
}

static void expect_same(const struct pt_rollup_files *a, const struct pt_rollup_files *b)
{
    cr_assert_eq(a->n, b->n);
    for (size_t i = 0; i < a->n; i++) {
        cr_expect(pt_rollup_file_eq(&a->file[i], &b->file[i]), "%s", a->file[i].name);
    }
}

static void rollup_version(struct world *w, uint32_t version, struct pt_rollup_files *files)
{
    struct pt_rollup_input input = world_input(w, PT_LEVEL_FIXED);
    struct pt_problem problem = {0};
    struct pt_buf report = {0};
    input.version = version;
    cr_assert_eq(pt_rollup_build(&input, files, &problem), PT_OK, "%d", (int)problem.msg);
    cr_expect_eq(pt_rollup_verify(&input, files, &report), PT_OK, "%s", pt_buf_text(&report));
    pt_buf_free(&report);
}

Test(fix, a_plan_says_what_stands_in_the_way)
{
    static const struct {
        const char *code;
        enum pt_fix_part part;
        const char *state;
        enum pt_msg todo;
    } rows[] = {
        {"62.01/dinkes", PT_FIX_ENTERS, "approved_national", PT_MSG_NONE},
        {"62.01/disdukcapil", PT_FIX_NOT_ASSESSED, "not_assessed", PT_MSG_NONE},
        {"62.02/dinkes", PT_FIX_OPEN, "approved_national", PT_MSG_FIX_TODO_DECIDE},
        {"62.02/disdukcapil", PT_FIX_LEFT_OUT, "", PT_MSG_FIX_TODO_OPEN},
        {"62.02/dinsos", PT_FIX_LEFT_OUT, "approved_region", PT_MSG_FIX_TODO_APPROVE},
    };
    struct world w;
    struct pt_fix fix;
    approve_all(&w);
    world_move(&w, WORLD_ROOT, "62.02/dinsos", PATUH__STATE__STATE_APPROVED_REGION);
    world_plan(&w, &fix);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct pt_fix_row *row = row_of(&fix, rows[i].code);
        cr_expect_eq(row->part, rows[i].part, "row %zu: %d", i, (int)row->part);
        cr_expect_str_eq(row->state, rows[i].state, "row %zu", i);
        cr_expect_eq(row->todo, rows[i].todo, "row %zu", i);
    }
    const struct pt_fix_row *open = row_of(&fix, "62.02/dinkes");
    cr_expect(open->low == 60000000000 && open->high == 100000000000 && open->n_conflicts == 1);
    cr_expect_eq(open->move.n, 0, "nothing would be written of it");
    cr_expect(!fix.stands && fix.version == 1);
    pt_fix_close(&fix);
    world_close(&w);
}

Test(fix, a_version_keeps_its_bytes_whatever_comes_after_it)
{
    struct world w;
    struct pt_rollup_files first = {0};
    struct pt_rollup_files again = {0};
    struct pt_rollup_files second = {0};
    struct pt_fix fix;
    approve_all(&w);
    settle(&w);
    world_fix(&w);
    rollup_version(&w, 0, &first);
    cr_expect_not_null(strstr(world_line(&first, "units.csv", "62.01/dinkes"), ",45.00,45.00,45.00,red,E,"));
    cr_expect_not_null(strstr(world_line(&first, "units.csv", "62.01/dinkes"), ",fixed,published,1,"));
    cr_expect_not_null(strstr(world_line(&first, "units.csv", "62.02/dinkes"), ",100.00,100.00,100.00,"));
    cr_expect_not_null(strstr(world_line(&first, "units.csv", "62.01/disdukcapil"), ",not_assessed,1,"));
    cr_expect_not_null(strstr(pt_buf_text(&pt_rollup_file(&first, "manifest.json")->content), "\"version\": 1,"));
    /* late: an answer, an approval that knew of the fixing, a new device, a unit that nobody had opened */
    world_answer(&w, WORLD_ANA, "62.01/dinkes", "desk", "l1");
    world_move(&w, WORLD_ROOT, "62.01/dinkes", PATUH__STATE__STATE_APPROVED_NATIONAL);
    world_name_device(&w, WORLD_NORTH, "cici");
    world_assess(&w, "62.02/disdukcapil", "111");
    rollup_version(&w, 0, &again);
    expect_same(&first, &again);
    pt_rollup_files_free(&again);
    world_plan(&w, &fix);
    cr_expect(fix.stands && fix.version == 1);
    cr_expect_eq(row_of(&fix, "62.01/dinkes")->part, PT_FIX_LATE);
    cr_expect_eq(row_of(&fix, "62.01/dinkes")->n_late, 2);
    cr_expect_eq(fix.n_of[PT_FIX_LATE], 1);
    pt_fix_close(&fix);
    world_fix(&w); /* open again */
    struct pt_rollup_input input = world_input(&w, PT_LEVEL_FIXED);
    cr_expect_eq(pt_rollup_build(&input, &again, NULL), PT_EINVALID);
    pt_rollup_files_free(&again);
    struct pt_problem problem = {0};
    input.version = 2;
    cr_expect_eq(pt_rollup_build(&input, &again, &problem), PT_EINVALID);
    cr_expect_eq(problem.msg, PT_MSG_ROLLUP_NO_VERSION);
    cr_expect_str_eq(problem.arg[2], "1", "the last one there is");
    pt_rollup_files_free(&again);
    world_rollup(&w, PT_LEVEL_NATIONAL, &again);
    cr_expect_not_null(strstr(world_line(&again, "units.csv", "62.01/dinkes"), ",45.00,45.00,45.00,"), "as it was");
    pt_rollup_files_free(&again);
    world_move(&w, WORLD_ROOT, "62.01/dinkes", PATUH__STATE__STATE_APPROVED_NATIONAL);
    world_fix(&w);
    rollup_version(&w, 0, &second);
    cr_expect_not_null(strstr(world_line(&second, "units.csv", "62.01/dinkes"), ",52.50,52.50,52.50,"), "%s",
                       world_line(&second, "units.csv", "62.01/dinkes"));
    cr_expect_not_null(strstr(world_line(&second, "units.csv", "62.01/dinkes"), ",fixed,published,2,"));
    rollup_version(&w, 2, &again);
    expect_same(&second, &again);
    pt_rollup_files_free(&again);
    rollup_version(&w, 1, &again);
    expect_same(&first, &again);
    pt_rollup_files_free(&again);
    pt_rollup_files_free(&first);
    pt_rollup_files_free(&second);
    world_close(&w);
}

/* Approved entries only: what had come after the approval is there when it is fixed, and does not count. */
Test(fix, what_was_pending_stays_out)
{
    struct world w;
    struct pt_rollup_files files = {0};
    approve_all(&w);
    settle(&w);
    world_answer(&w, WORLD_ANA, "62.02/dinsos", "desk", "l4");
    world_fix(&w);
    rollup_version(&w, 0, &files);
    const char *line = world_line(&files, "units.csv", "62.02/dinsos");
    cr_expect_not_null(strstr(line, ",50.00,50.00,50.00,"), "%s", line);
    cr_expect_not_null(strstr(line, ",fixed,0,1,0,0,1,0"), "one pending: %s", line);
    pt_rollup_files_free(&files);
    world_close(&w);
}

Test(fix, a_plan_of_yesterday_writes_nothing)
{
    struct world w;
    struct pt_fix fix;
    struct pt_txn *txn;
    approve_all(&w);
    settle(&w);
    struct pt_author_pen pen = {.pair = &w.pairs[WORLD_ROOT], .incarnation = 1000 + WORLD_ROOT};
    world_plan(&w, &fix);
    world_move(&w, WORLD_ROOT, "62.01/dinsos", PATUH__STATE__STATE_HAS_ISSUES);
    cr_assert_eq(pt_store_begin_write(w.store, &txn), PT_OK);
    cr_expect_eq(pt_fix_write(txn, &pen, &fix, NULL), PT_EBUSY);
    pt_store_abort(txn);
    pt_fix_close(&fix);
    world_plan(&w, &fix);
    cr_expect_eq(row_of(&fix, "62.01/dinsos")->part, PT_FIX_LEFT_OUT);
    pt_fix_close(&fix);
    world_close(&w);
}

/* A device begins so many logs about a unit, one place in each: a copied folder does, or somebody who means it. */
static void begin_logs(struct world *w, const char *unit, uint64_t first, uint64_t n)
{
    struct pt_entry place = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_PLACE, 0);
    struct pt_author_pen pen = world_pen(w, WORLD_ANA);
    struct pt_subject subject;
    struct pt_txn *txn;
    struct pt_arena arena;
    char name[PT_SUBJECT_BYTES_MAX];
    (void)snprintf(name, sizeof name, "2023/%s", unit);
    cr_assert_eq(pt_subject_make(PT_SUBJECT_ASSESSMENT, name, &subject), PT_OK);
    place.detail = pt_bytes_of("", 0);
    pen.instrument = &w->instrument;
    pt_arena_init(&arena, SIZE_MAX);
    cr_assert_eq(pt_store_begin_write(w->store, &txn), PT_OK);
    for (uint64_t i = 0; i < n; i++) {
        pen.incarnation = 90000 + first + i;
        cr_assert_eq(pt_pen_write(txn, &pen, &subject, &place, 1, &arena), PT_OK);
    }
    cr_assert_eq(pt_store_commit(txn), PT_OK);
    pt_arena_close(&arena);
}

static void expect_part(struct world *w, const char *code, enum pt_fix_part part, enum pt_msg todo)
{
    struct pt_fix fix;
    world_plan(w, &fix);
    const struct pt_fix_row *row = row_of(&fix, code);
    cr_expect_eq(row->part, part, "%s: %d", code, (int)row->part);
    cr_expect_eq(row->todo, todo, "%s: %d", code, (int)row->todo);
    cr_expect_eq(row->move.n > 0, part != PT_FIX_LEFT_OUT, "%s", code);
    pt_fix_close(&fix);
}

Test(fix, a_unit_of_too_many_logs_stays_out_and_keeps_nobody_waiting)
{
    struct world w;
    struct pt_rollup_files files = {0};
    approve_all(&w);
    settle(&w);
    begin_logs(&w, "62.01/dinkes", 0, 45); /* after everything was approved */
    expect_part(&w, "62.01/dinkes", PT_FIX_LEFT_OUT, PT_MSG_FIX_TODO_LOGS);
    expect_part(&w, "62.02/dinkes", PT_FIX_ENTERS, PT_MSG_NONE);
    world_fix(&w);
    rollup_version(&w, 1, &files);
    cr_expect_not_null(strstr(world_line(&files, "units.csv", "62.02/dinkes"), ",fixed,published,1,"));
    cr_expect_null(strstr(world_line(&files, "units.csv", "62.01/dinkes"), ",45.00,"));
    pt_rollup_files_free(&files);
    world_fix(&w); /* open again */
    world_revoke(&w, WORLD_ANA);
    expect_part(&w, "62.01/dinkes", PT_FIX_ENTERS, PT_MSG_NONE);
    world_close(&w);
}

/* What enters can be taken out again, from another log of head office too. */
Test(fix, a_version_of_as_many_logs_as_it_takes_can_be_opened_again)
{
    struct world w;
    bool enters = true;
    uint64_t n = 0;
    approve_all(&w);
    settle(&w);
    for (; enters; n++) { /* which is the last one that enters? */
        struct pt_fix fix;
        begin_logs(&w, "62.01/dinkes", n, 1);
        world_plan(&w, &fix);
        enters = row_of(&fix, "62.01/dinkes")->part == PT_FIX_ENTERS;
        pt_fix_close(&fix);
    }
    world_close(&w);
    cr_assert_gt(n, 25);
    approve_all(&w);
    settle(&w);
    begin_logs(&w, "62.01/dinkes", 0, n - 1);
    world_fix(&w);
    w.root_incarnation = 7;
    expect_part(&w, "62.01/dinkes", PT_FIX_ENTERS, PT_MSG_NONE);
    world_fix(&w);
    world_close(&w);
}

/* A store that lacks a log as far as the version has it says so, and computes nothing. */
Test(fix, a_version_is_computed_whole_or_not_at_all)
{
    struct pt_random random = pt_random_system();
    struct world w;
    struct pt_rollup_files files = {0};
    approve_all(&w);
    settle(&w);
    world_fix(&w);
    struct pt_rollup_input input = world_input(&w, PT_LEVEL_FIXED);
    static const char *const missing[] = {"o:62", "a:2023/62.01/dinsos", "a:2023/62.02/dinkes"};
    for (size_t i = 0; i < sizeof missing / sizeof missing[0]; i++) {
        struct pt_problem problem = {0};
        cr_assert_eq(pt_store_mem_create(NULL, &random, &input.store), PT_OK);
        world_copy_without(&w, input.store, missing[i]);
        cr_expect_eq(pt_rollup_build(&input, &files, &problem), PT_EINVALID, "row %zu", i);
        cr_expect_eq(problem.msg, PT_MSG_ROLLUP_PIN, "row %zu: %d", i, (int)problem.msg);
        pt_rollup_files_free(&files);
        pt_store_close(input.store);
    }
    world_close(&w);
}

Test(fix, memory_may_end_at_any_point)
{
    struct world w;
    enum pt_err err = PT_ENOMEM;
    size_t n = 0;
    world_open(&w, "2023");
    world_load_small(&w);
    world_load_registry(&w);
    world_assess(&w, "62.01/dinkes", "423");
    world_move(&w, WORLD_ROOT, "62.01/dinkes", PATUH__STATE__STATE_APPROVED_NATIONAL);
    struct pt_rollup_input input = world_input(&w, PT_LEVEL_NATIONAL);
    long alive = pt_mem_alive();
    for (; err != PT_OK && n < 20000; n++) {
        struct pt_fix fix;
        pt_mem_fault_arm(n);
        err = pt_fix_plan(&input, 1, NULL, &fix, NULL);
        pt_mem_fault_disarm();
        cr_expect(err == PT_OK || err == PT_ENOMEM, "allocation %zu: %s", n, pt_err_name(err));
        if (err == PT_OK) {
            pt_fix_close(&fix);
        }
        cr_expect_eq(pt_mem_alive(), alive, "allocation %zu leaks", n);
    }
    cr_expect_eq(err, PT_OK);
    cr_expect_gt(n, 50, "%zu allocations", n);
    world_close(&w);
}
