/* fuzz_csv.c - a table of anybody: refused with a sentence, or what was read is the same when it is written and read.
 */
#include "base/check.h"
#include "core/table/csv.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void write_table(const struct pt_csv *csv, struct pt_buf *out)
{
    struct pt_csv_writer writer = {.out = out};
    pt_buf_put_str(out, "\xef\xbb\xbf"); /* a header may begin with one of its own */
    pt_csv_put_row(&writer, csv->headers, csv->n_columns);
    for (size_t i = 0; i < csv->n_rows; i++) {
        pt_csv_put_row(&writer, csv->rows[i].fields, csv->n_columns);
    }
}

static void expect_same(const struct pt_csv *a, const struct pt_csv *b)
{
    PT_CHECK(a->n_columns == b->n_columns && a->n_rows == b->n_rows);
    for (size_t c = 0; c < a->n_columns; c++) {
        PT_CHECK(strcmp(a->headers[c], b->headers[c]) == 0);
        PT_CHECK(pt_csv_column(a, a->headers[c]) == c);
        for (size_t i = 0; i < a->n_rows; i++) {
            PT_CHECK(strcmp(a->rows[i].fields[c], b->rows[i].fields[c]) == 0);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct pt_arena arena;
    struct pt_problem problem = {0};
    struct pt_csv csv;
    struct pt_csv back;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_csv_read(pt_bytes_of(data, n), "uji", &arena, &csv, &problem);
    PT_CHECK(err == PT_OK || (err == PT_EINVALID && problem.msg != PT_MSG_NONE));
    if (err == PT_OK) {
        struct pt_buf again = {0};
        write_table(&csv, &again);
        PT_CHECK(pt_csv_read(pt_buf_bytes(&again), "uji", &arena, &back, &problem) == PT_OK);
        expect_same(&csv, &back);
        pt_buf_free(&again);
    }
    pt_arena_close(&arena);
    return 0;
}
