/* Answers out of a CSV file: all of its rows, or none. Blanks around a field say nothing, and a row without a value and
 * a note is one of a prepared file that was not filled in. */
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
    size_t *lines; /* of each answer */
    size_t n;
    struct pt_arena arena;
};

static const char *field(struct import *in, const struct pt_csv_row *row, const char *header)
{
    const char *text = pt_csv_get(&in->csv, row, header);
    text += strspn(text, " \t");
    size_t n = strlen(text);
    while (n > 0 && strchr(" \t", text[n - 1]) != NULL) {
        n--;
    }
    const char *trimmed = pt_arena_strn(&in->arena, text, n);
    return trimmed == NULL ? "" : trimmed; /* the arena remembers that it was exhausted */
}

static void take_row(struct import *in, const struct pt_csv_row *row)
{
    struct pt_answering answer = {
        .path = field(in, row, "path"), .value = field(in, row, "value"), .note = field(in, row, "note")};
    if (answer.value[0] != '\0' || answer.note[0] != '\0') {
        in->lines[in->n] = row->line;
        in->answers[in->n++] = answer;
    }
}

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
        in->lines = pt_arena_zalloc(&in->arena, in->csv.n_rows, sizeof *in->lines);
        err = in->answers == NULL || in->lines == NULL ? PT_ENOMEM : PT_OK;
    }
    for (size_t i = 0; err == PT_OK && i < in->csv.n_rows; i++) {
        take_row(in, &in->csv.rows[i]);
    }
    pt_buf_free(&bytes);
    return err == PT_OK && in->arena.exhausted ? PT_ENOMEM : err;
}

static enum pt_err put_rows(struct import *in, struct pt_action *action, struct pt_problem *problem)
{
    size_t n = in->n;
    for (size_t i = 0; i < n; i++) {
        enum pt_err err = pt_answer_put(action, &in->answers[i], problem);
        if (err != PT_OK) {
            in->line = in->lines[i];
            return err;
        }
    }
    size_t bad = SIZE_MAX;
    enum pt_err err = pt_answers_check(action, in->answers, n, &bad, problem);
    if (err != PT_OK && bad < n) {
        in->line = in->lines[bad];
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
        *n_rows = in.n;
    }
    pt_arena_close(&in.arena);
    enum patuh_result result = pt_device_tell(device, err, &inner, "answer", problem);
    if (err != PT_OK) {
        name_line(&in, problem);
    }
    return result;
}
