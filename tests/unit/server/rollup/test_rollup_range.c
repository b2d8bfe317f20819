#include "world.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A unit has a score only where the gate is open. */
static const char survey[] = "type,name,label,weight,weights,relevant\n"
                             "select_one level,gate,Ada layanan,,,\n"
                             "begin_group,input,Masukan,100,sum100,${gate} != 'l0'\n"
                             "select_one level,desk,Loket,100,,\n"
                             "end_group,,,,,\n";

/* budi has not seen ana's answer to the gate: a score of the desk's, or none. */
static void gate_in_conflict(struct world *w, const char *unit, const char *desk)
{
    world_open_unit(w, WORLD_SOUTH, unit, "62", "ana");
    world_assign(w, WORLD_SOUTH, unit, "budi");
    world_answer(w, WORLD_ANA, unit, "gate", "l4");
    world_answer(w, WORLD_ANA, unit, "desk", desk);
    world_answer(w, WORLD_BUDI, unit, "gate", "l0");
    world_move(w, WORLD_ANA, unit, PATUH__STATE__STATE_SUBMITTED);
    world_move(w, WORLD_ROOT, unit, PATUH__STATE__STATE_APPROVED_NATIONAL);
}

static void settled(struct world *w, const char *unit, const char *desk)
{
    world_open_unit(w, WORLD_SOUTH, unit, "62", "ana");
    world_answer(w, WORLD_ANA, unit, "gate", "l4");
    world_answer(w, WORLD_ANA, unit, "desk", desk);
    world_move(w, WORLD_ANA, unit, PATUH__STATE__STATE_SUBMITTED);
    world_move(w, WORLD_ROOT, unit, PATUH__STATE__STATE_APPROVED_NATIONAL);
}

/* 62.01: 50 or none, and 100: 75 or 100.   62.02: 100 or none, and 50: 50 or 75.   polres: 75 or none. */
static void fill(struct world *w)
{
    world_open(w, "2023");
    world_load_survey(w, survey);
    world_load_registry(w);
    gate_in_conflict(w, "62.01/dinkes", "l2");
    settled(w, "62.01/dinsos", "l4");
    gate_in_conflict(w, "62.02/dinkes", "l4");
    settled(w, "62.02/dinsos", "l2");
    gate_in_conflict(w, "62.01-polres/polres", "l3");
}

Test(rollup_range, a_unit_that_may_have_no_score_widens_its_institution)
{
    static const struct {
        const char *table, *code, *row;
        bool exact;
    } rows[] = {
        /* score, zone, category; ranks; units that took part */
        {"results.csv", "62.01", "2023,regency,62.01,Kabupaten Satu,75.00,100.00,,,,1,1,2,", false},
        {"results.csv", "62.02", "2023,regency,62.02,Kabupaten Dua,50.00,75.00,,,,1,2,2,", false},
        {"results.csv", "62.01-polres", "2023,police_resort,62.01-polres,Polres Satu,75.00,75.00,,,,1,1,1,", false},
        {"units.csv", "62.01/dinkes", "2023,health,62.01/dinkes,Dinas Kesehatan,50.00,50.00,,,,1,2,1,", false},
        {"units.csv", "62.02/dinkes", "2023,health,62.02/dinkes,Dinas Kesehatan,100.00,100.00,,,,1,1,1,", false},
        {"units.csv", "62.01/dinsos", "2023,social,62.01/dinsos,Dinas Sosial,100.00,100.00,100.00,green,A,1,1,1,",
         true},
    };
    struct world w;
    struct pt_rollup_files files = {0};
    fill(&w);
    world_rollup(&w, PT_LEVEL_NATIONAL, &files);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *line = world_line(&files, rows[i].table, rows[i].code);
        cr_expect_eq(strncmp(line, rows[i].row, strlen(rows[i].row)), 0, "row %zu: %s", i, line);
        const char *national = strstr(line, ",national,interim,,");
        cr_assert_not_null(national, "%s", line);
        cr_expect_eq(national[strlen(",national,interim,,")], rows[i].exact ? '1' : '0', "row %zu: %s", i, line);
    }
    const char *national = pt_buf_text(&pt_rollup_file(&files, "national.json")->content);
    cr_expect_not_null(strstr(national, "\"settled\": 0, \"open\": 3, \"mean_of_settled\": null"), "%s", national);
    const char *tree = world_line(&files, "tree.csv", "62.01/dinkes");
    cr_expect_not_null(strstr(tree, ",input,,50.00,50.00,,"), "%s", tree);
    pt_rollup_files_free(&files);
    world_close(&w);
}

Test(rollup_range, a_unit_that_may_have_no_score_is_not_fixed)
{
    static const struct {
        const char *code;
        enum pt_fix_part part;
        enum pt_msg todo;
    } rows[] = {
        {"62.01/dinkes", PT_FIX_OPEN, PT_MSG_FIX_TODO_DECIDE},
        {"62.01/dinsos", PT_FIX_ENTERS, PT_MSG_NONE},
        {"62.02/dinkes", PT_FIX_OPEN, PT_MSG_FIX_TODO_DECIDE},
    };
    struct world w;
    struct pt_fix fix;
    fill(&w);
    world_plan(&w, &fix);
    cr_expect_eq(fix.n_of[PT_FIX_OPEN], 3);
    for (size_t i = 0, k = 0; i < fix.n_rows && k < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(fix.rows[i].code, rows[k].code) == 0) {
            cr_expect(fix.rows[i].part == rows[k].part && fix.rows[i].todo == rows[k].todo, "%s", rows[k].code);
            k++;
        }
    }
    pt_fix_close(&fix);
    world_decide(&w, WORLD_SOUTH, "62.01/dinkes", "gate", "l0");
    world_move(&w, WORLD_ROOT, "62.01/dinkes", PATUH__STATE__STATE_APPROVED_NATIONAL);
    world_plan(&w, &fix);
    cr_expect_eq(fix.n_of[PT_FIX_OPEN], 2);
    pt_fix_close(&fix);
    world_close(&w);
}

Test(rollup_range, out_of_the_cache_it_is_the_same)
{
    static const char *const kept[] = {"/rollup-2023-national/index", "/rollup-2023-national/heap",
                                       "/rollup-2023-national", ""};
    struct world w;
    struct pt_rollup_files plain = {0};
    char folder[] = "/tmp/patuh-range-XXXXXX";
    char path[128];
    cr_assert_not_null(mkdtemp(folder));
    fill(&w);
    world_rollup(&w, PT_LEVEL_NATIONAL, &plain);
    struct pt_rollup_input input = world_input(&w, PT_LEVEL_NATIONAL);
    input.cache = folder;
    for (size_t round = 0; round < 2; round++) {
        struct pt_rollup_files files = {0};
        cr_assert_eq(pt_rollup_build(&input, &files, NULL), PT_OK);
        cr_expect_eq(files.n_taken, round == 0 ? 0 : 5);
        for (size_t i = 0; i < files.n; i++) {
            cr_expect(pt_rollup_file_eq(&files.file[i], &plain.file[i]), "%s", plain.file[i].name);
        }
        pt_rollup_files_free(&files);
    }
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        (void)snprintf(path, sizeof path, "%s%s", folder, kept[i]);
        cr_expect_eq(remove(path), 0, "%s", path);
    }
    pt_rollup_files_free(&plain);
    world_close(&w);
}
