#include "core/table/results.h"

#include <criterion/criterion.h>
#include <string.h>

#define HEADER "cycle,level,type,code,name,parent_code,score,weight\n"
#define PRINTED "cycle,level,type,code,name,parent_code,score,weight,zone,category,note\n"

Test(results, rows_keep_their_order_and_figures)
{
    static const char *const text = HEADER "2021,unit,licensing,36/dpmptsp,DPMPTSP,36,90.09,21\n"
                                           "2021,institution,province,36,Provinsi Banten,,73.95,\n"
                                           "2021,product,licence,x-a/b/c,Izin,x-a/b,100,\n";
    struct pt_arena arena;
    struct pt_results r;
    pt_arena_init(&arena, SIZE_MAX);
    cr_assert_eq(pt_results_read(pt_bytes_str(text), "hasil.csv", &arena, &r, NULL), PT_OK);
    cr_expect_str_eq(r.cycle, "2021");
    cr_assert_eq(r.n_rows, 3);
    cr_expect_eq(r.rows[0].score, 90090000000);
    cr_expect_eq(r.rows[0].weight, 21);
    cr_expect_str_eq(r.rows[0].parent, "36");
    cr_expect_eq(r.rows[1].level, PT_RESULT_INSTITUTION);
    cr_expect_eq(r.rows[1].weight, 0);
    cr_expect_eq(r.rows[2].score, 100000000000);
    cr_expect_str_eq(r.rows[1].zone, "", "not in this table");
    pt_arena_close(&arena);
}

Test(results, what_was_printed_beside_a_score_is_kept_as_it_was)
{
    static const char *const text =
        PRINTED "2024,institution,agency,bps,BPS,,94.99,,green,A tertinggi,\n"
                "2024,institution,city,75.71,Kota Gorontalo,,75.57,,,sedang,catatan / note\n";
    struct pt_arena arena;
    struct pt_results r;
    pt_arena_init(&arena, SIZE_MAX);
    cr_assert_eq(pt_results_read(pt_bytes_str(text), "hasil.csv", &arena, &r, NULL), PT_OK);
    cr_expect_str_eq(r.rows[0].zone, "green");
    cr_expect_str_eq(r.rows[0].category, "A tertinggi");
    cr_expect_str_eq(r.rows[0].note, "");
    cr_expect_str_eq(r.rows[1].zone, "");
    cr_expect_str_eq(r.rows[1].category, "sedang");
    cr_expect_str_eq(r.rows[1].note, "catatan / note");
    pt_arena_close(&arena);
}

Test(results, bad_input_is_named_with_file_line_and_column)
{
    static const struct {
        const char *text, *line, *column;
    } rows[] = {
        {"", "1", "1"},
        {HEADER, "2", "cycle"},
        {"cycle,level,type,code,name,score,weight\n", "1", "parent_code"},
        {HEADER "2021,institution,city,36,B,,73,\n2022,institution,city,37,B,,73,\n", "3", "cycle"},
        {HEADER "20 21,institution,city,36,B,,73,\n", "2", "cycle"},
        {HEADER "2021,kota,city,36,B,,73,\n", "2", "level"},
        {HEADER "2021,institution,City,36,B,,73,\n", "2", "type"},
        {HEADER "2021,institution,city,36//a,B,,73,\n", "2", "code"},
        {HEADER "2021,institution,city,36,,,73,\n", "2", "name"},
        {HEADER "2021,institution,city,36,B,62,73,\n", "2", "parent_code"},
        {HEADER "2021,unit,health,36/a,B,,73,\n", "2", "parent_code"},
        {HEADER "2021,institution,city,36,B,,\"73,95\",\n", "2", "score"},
        {HEADER "2021,institution,city,36,B,,100.01,\n", "2", "score"},
        {HEADER "2021,institution,city,36,B,,9223372036854775807,\n", "2", "score"},
        {HEADER "2021,institution,city,36,B,,-1,\n", "2", "score"},
        {HEADER "2021,institution,city,36,B,,,\n", "2", "score"},
        {HEADER "2021,unit,health,36/a,B,36,73,0\n", "2", "weight"},
        {HEADER "2021,unit,health,36/a,B,36,73,1.5\n", "2", "weight"},
        {HEADER "2021,institution,city,36,B,,73,\n2021,unit,health,36/a,A,36,1,\n2021,institution,city,36,C,,7,\n", "4",
         "code"},
        {PRINTED "2021,institution,city,36,B,,73,,hijau,,\n", "2", "zone"},
        {PRINTED "2021,institution,city,36,B,,73,,,A\x01,\n", "2", "category"},
        {PRINTED "2021,institution,city,36,B,,73,,,,\x7f\n", "2", "note"},
        {HEADER "2021,institution,city,36,\"B,,73,\n", "2", "name"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pt_arena arena;
        struct pt_results r;
        struct pt_problem problem = {0};
        pt_arena_init(&arena, SIZE_MAX);
        cr_expect_eq(pt_results_read(pt_bytes_str(rows[i].text), "hasil.csv", &arena, &r, &problem), PT_EINVALID,
                     "row %zu", i);
        cr_expect_str_eq(problem.arg[0], "hasil.csv", "row %zu", i);
        cr_expect_str_eq(problem.arg[1], rows[i].line, "row %zu: column %s", i, problem.arg[2]);
        cr_expect_str_eq(problem.arg[2], rows[i].column, "row %zu", i);
        pt_arena_close(&arena);
    }
}
