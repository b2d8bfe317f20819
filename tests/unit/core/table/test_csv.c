#include "core/table/csv.h"

#include <criterion/criterion.h>
#include <string.h>

Test(csv, reads_what_rfc_4180_allows)
{
    const char *text = "\xef\xbb\xbf"
                       "name,note\r\nakta,\"a, \"\"b\"\"\nc\"\n\n,\nktp,\n\"x\",\"\"";
    struct pt_arena arena;
    struct pt_csv csv;
    pt_arena_init(&arena, SIZE_MAX);
    cr_assert_eq(pt_csv_read(pt_bytes_str(text), "t", &arena, &csv, NULL), PT_OK);
    cr_assert_eq(csv.n_columns, 2);
    cr_assert_eq(csv.n_rows, 3);
    cr_expect_str_eq(csv.headers[0], "name");
    cr_expect_str_eq(pt_csv_get(&csv, &csv.rows[0], "note"), "a, \"b\"\nc");
    cr_expect_eq(csv.rows[0].line, 2);
    cr_expect_eq(csv.rows[1].line, 6);
    cr_expect_str_eq(pt_csv_get(&csv, &csv.rows[1], "note"), "");
    cr_expect_str_eq(pt_csv_get(&csv, &csv.rows[2], "name"), "x");
    cr_expect_str_eq(pt_csv_get(&csv, &csv.rows[2], "absent"), "");
    pt_arena_close(&arena);
}

Test(csv, says_where_a_table_is_wrong)
{
    const struct {
        const char *text;
        enum pt_msg msg;
        const char *line;
        const char *column;
    } rows[] = {
        {"", PT_MSG_CSV_NO_HEADER, "1", "1"},
        {"a,b\n1,\"2\n", PT_MSG_CSV_QUOTE, "2", "b"},
        {"a,b\n1,\"2\"x\n", PT_MSG_CSV_QUOTE, "2", "b"},
        {"a,b\n1\"2,3\n", PT_MSG_CSV_QUOTE, "2", "a"},
        {"a,b\n1,2\n1\n", PT_MSG_CSV_FIELDS, "3", "b"},
        {"a,b\n1,2,3\n", PT_MSG_CSV_FIELDS, "2", "b"},
        {"a,b,a\n", PT_MSG_CSV_HEADER_TWICE, "1", "a"},
        {"a,b\n1,2\n1,\xff\n", PT_MSG_CSV_UTF8, "3", "-"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pt_arena arena;
        struct pt_csv csv;
        struct pt_problem problem = {0};
        pt_arena_init(&arena, SIZE_MAX);
        cr_expect_eq(pt_csv_read(pt_bytes_str(rows[i].text), "t", &arena, &csv, &problem), PT_EINVALID, "row %zu", i);
        cr_expect_eq(problem.msg, rows[i].msg, "row %zu: %d", i, (int)problem.msg);
        cr_expect_str_eq(problem.arg[0], "t", "row %zu", i);
        cr_expect_str_eq(problem.arg[1], rows[i].line, "row %zu: %s", i, problem.arg[1]);
        cr_expect_str_eq(problem.arg[2], rows[i].column, "row %zu: %s", i, problem.arg[2]);
        pt_arena_close(&arena);
    }
}

Test(csv, knows_its_headers)
{
    const struct pt_csv_header known[] = {{"name", true}, {"label::*", false}};
    const struct {
        const char *text;
        enum pt_err err;
        enum pt_msg msg;
    } rows[] = {
        {"name,label::id\n", PT_OK, PT_MSG_NONE},
        {"label::id\n", PT_EINVALID, PT_MSG_CSV_HEADER_MISSING},
        {"name,lable::id\n", PT_EINVALID, PT_MSG_CSV_HEADER_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pt_arena arena;
        struct pt_csv csv;
        struct pt_problem problem = {0};
        pt_arena_init(&arena, SIZE_MAX);
        cr_assert_eq(pt_csv_read(pt_bytes_str(rows[i].text), "t", &arena, &csv, &problem), PT_OK);
        cr_expect_eq(pt_csv_check(&csv, known, 2, &problem), rows[i].err, "row %zu", i);
        cr_expect_eq(problem.msg, rows[i].msg, "row %zu", i);
        pt_arena_close(&arena);
    }
}

Test(csv, what_is_written_reads_back)
{
    const char *const fields[] = {"plain", "a,b", "say \"x\"", "two\nlines", "", " padded "};
    struct pt_buf out = {0};
    struct pt_csv_writer writer = {.out = &out};
    const char *const headers[] = {"a", "b", "c", "d", "e", "f"};
    pt_csv_put_row(&writer, headers, 6);
    pt_csv_put_row(&writer, fields, 6);
    pt_csv_put(&writer, "");
    pt_csv_put_int(&writer, -5);
    pt_csv_end_row(&writer);
    cr_assert_str_eq(pt_buf_text(&out),
                     "a,b,c,d,e,f\nplain,\"a,b\",\"say \"\"x\"\"\",\"two\nlines\",,\" padded \"\n,-5\n");
    struct pt_arena arena;
    struct pt_csv csv;
    pt_arena_init(&arena, SIZE_MAX);
    cr_assert_eq(pt_csv_read(pt_bytes_of(out.data, out.n - 4), "t", &arena, &csv, NULL), PT_OK);
    for (size_t i = 0; i < 6; i++) {
        cr_expect_str_eq(csv.rows[0].fields[i], fields[i], "field %zu", i);
    }
    pt_arena_close(&arena);
    pt_buf_free(&out);
}
