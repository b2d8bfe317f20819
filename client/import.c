/* Answers out of a CSV file: all of its rows, or none. */
#include "client/answers.h"
#include "core/table/csv.h"
#include "io/disk/files.h"

#include <stdio.h>
#include <string.h>

#define FILE_BYTES_MAX ((size_t)4 * 1024 * 1024)

static const struct pt_csv_header columns[] = {{"path", true}, {"value", true}, {"note", false}, {"x_*", false}};

struct import {
    const char *file;
    size_t line; /* of the row at fault; 0 = none */
    struct pt_csv csv;
    struct pt_answering *answers;
    struct pt_arena arena;
};

static enum pt_err read_rows(struct import *in, struct pt_problem *problem)
{
    struct pt_buf bytes = {0};
    enum pt_err err = pt_file_read(in->file, FILE_BYTES_MAX, &bytes, problem);
    if (err == PT_OK) {
        err = pt_csv_read(pt_buf_bytes(&bytes), in->file, &in->arena, &in->csv, problem);
    }
    if (err == PT_OK) {
        err = pt_csv_check(&in->csv, columns, sizeof columns / sizeof columns[0], problem);
    }
    if (err == PT_OK) {
        in->answers = pt_arena_zalloc(&in->arena, in->csv.n_rows, sizeof *in->answers);
        err = in->answers == NULL ? PT_ENOMEM : PT_OK;
    }
    for (size_t i = 0; err == PT_OK && i < in->csv.n_rows; i++) {
        const struct pt_csv_row *row = &in->csv.rows[i];
        in->answers[i].path = pt_csv_get(&in->csv, row, "path");
        in->answers[i].value = pt_csv_get(&in->csv, row, "value");
        in->answers[i].note = pt_csv_get(&in->csv, row, "note");
    }
    pt_buf_free(&bytes);
    return err;
}

static enum pt_err put_rows(struct import *in, struct pt_action *action, struct pt_problem *problem)
{
    size_t n = in->csv.n_rows;
    for (size_t i = 0; i < n; i++) {
        enum pt_err err = pt_answer_put(action, &in->answers[i], problem);
        if (err != PT_OK) {
            in->line = in->csv.rows[i].line;
            return err;
        }
    }
    size_t bad = SIZE_MAX;
    enum pt_err err = pt_answers_check(action, in->answers, n, &bad, problem);
    if (err != PT_OK && bad < n) {
        in->line = in->csv.rows[bad].line;
    }
    return err;
}

/* "answers.csv:12: " before the sentence. */
static void name_line(const struct import *in, struct patuh_problem *problem)
{
    struct patuh_problem plain;
    if (problem == NULL || in->line == 0) {
        return;
    }
    plain = *problem;
    int n = snprintf(problem->text, sizeof problem->text, "%s:%zu: ", in->file, in->line);
    size_t at = n < 0 || (size_t)n >= sizeof problem->text ? 0 : (size_t)n;
    (void)snprintf(problem->text + at, sizeof problem->text - at, "%s", plain.text);
}

enum patuh_result patuh_answer_file(struct patuh *device, const char *assessment, const char *file, size_t *n_rows,
                                    struct patuh_problem *problem)
{
    struct import in = {.file = file};
    struct pt_action action = {0};
    struct pt_problem inner = {0};
    pt_arena_init(&in.arena, SIZE_MAX);
    enum pt_err err = read_rows(&in, &inner);
    if (err == PT_OK) {
        err = pt_action_begin(&action, device, assessment, &inner);
    }
    if (err == PT_OK) {
        err = put_rows(&in, &action, &inner);
    }
    err = pt_action_end(&action, err, true, &inner);
    if (err == PT_OK) {
        *n_rows = in.csv.n_rows;
    }
    pt_arena_close(&in.arena);
    enum patuh_result result = pt_device_tell(device, err, &inner, "answer", problem);
    if (err != PT_OK) {
        name_line(&in, problem);
    }
    return result;
}
