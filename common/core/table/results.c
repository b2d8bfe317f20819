#include "core/table/results.h"

#include "base/text.h"
#include "core/instrument/instrument.h"
#include "core/table/csv.h"
#include "core/table/registry.h"

#include <stdlib.h>
#include <string.h>

static const char *const level_names[] = {"institution", "unit", "product"};
#define N_LEVELS (sizeof level_names / sizeof level_names[0])

struct reading {
    struct pt_csv csv;
    struct pt_problem *problem;
    const struct pt_csv_row *row;
};

static const char *field(const struct reading *r, const char *column)
{
    return pt_csv_get(&r->csv, r->row, column);
}

static enum pt_err refuse(const struct reading *r, const char *column, enum pt_msg msg, const char *detail)
{
    return pt_csv_refuse(&r->csv, r->row->line, column, msg, detail, r->problem);
}

/* Parts with slashes between them. */
static bool path_ok(const char *code)
{
    size_t n = strlen(code);
    while (n <= PT_SUBJECT_BYTES_MAX) {
        size_t part = strcspn(code, "/");
        if (!pt_code_ok(code, part)) {
            return false;
        }
        if (code[part] == '\0') {
            return true;
        }
        code += part + 1;
    }
    return false;
}

static enum pt_err read_score(const struct reading *r, int64_t *out)
{
    struct pt_decimal score;
    const char *text = field(r, "score");
    if (pt_decimal_read(pt_bytes_str(text), &score) != PT_OK) {
        return refuse(r, "score", PT_MSG_RESULTS_SCORE, text);
    }
    int64_t units = score.mantissa;
    for (unsigned i = score.scale; i < 9; i++) {
        if (units > PT_SCORE_MAX) {
            break;
        }
        units *= 10;
    }
    if (score.mantissa < 0 || units > PT_SCORE_MAX) {
        return refuse(r, "score", PT_MSG_RESULTS_SCORE, text);
    }
    *out = units;
    return PT_OK;
}

static enum pt_err read_weight(const struct reading *r, uint32_t *out)
{
    const char *text = field(r, "weight");
    int64_t weight = 0;
    if (text[0] != '\0' &&
        (pt_int_read(pt_bytes_str(text), &weight) != PT_OK || weight < 1 || weight > PT_RESULT_WEIGHT_MAX)) {
        return refuse(r, "weight", PT_MSG_RESULTS_WEIGHT, text);
    }
    *out = (uint32_t)weight;
    return PT_OK;
}

static enum pt_err read_level(const struct reading *r, enum pt_result_level *out)
{
    const char *text = field(r, "level");
    for (size_t i = 0; i < N_LEVELS; i++) {
        if (strcmp(level_names[i], text) == 0) {
            *out = (enum pt_result_level)i;
            return PT_OK;
        }
    }
    return refuse(r, "level", PT_MSG_TABLE_TYPE, "institution unit product");
}

static bool is_zone(const char *text)
{
    return text[0] == '\0' || strcmp(text, "green") == 0 || strcmp(text, "yellow") == 0 || strcmp(text, "red") == 0;
}

/* What else was printed, and what is to be known: a table of earlier days has no such columns. */
static enum pt_err read_printed(const struct reading *r, struct pt_result *out)
{
    static const char *const columns[] = {"category", "note"};
    const char **const texts[] = {&out->category, &out->note};
    out->zone = field(r, "zone");
    if (!is_zone(out->zone)) {
        return refuse(r, "zone", PT_MSG_TABLE_TYPE, "green yellow red");
    }
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        *texts[i] = field(r, columns[i]);
        if ((*texts[i])[0] != '\0' && !pt_name_ok(*texts[i])) {
            return refuse(r, columns[i], PT_MSG_TABLE_NAME, *texts[i]);
        }
    }
    return PT_OK;
}

static enum pt_err read_row(const struct reading *r, struct pt_result *out)
{
    struct pt_result row = {.line = r->row->line};
    enum pt_err err = read_level(r, &row.level);
    if (err != PT_OK) {
        return err;
    }
    row.type = field(r, "type");
    row.code = field(r, "code");
    row.name = field(r, "name");
    row.parent = field(r, "parent_code");
    if (!pt_type_word_ok(row.type)) {
        return refuse(r, "type", PT_MSG_TABLE_TYPE, "regency, city, licensing, ...");
    }
    if (!path_ok(row.code)) {
        return refuse(r, "code", PT_MSG_TABLE_CODE, row.code);
    }
    if (!pt_name_ok(row.name)) {
        return refuse(r, "name", PT_MSG_TABLE_NAME, row.name);
    }
    bool at_top = row.level == PT_RESULT_INSTITUTION;
    if (at_top ? row.parent[0] != '\0' : !path_ok(row.parent)) {
        return refuse(r, "parent_code", PT_MSG_RESULTS_PARENT, row.parent);
    }
    err = read_score(r, &row.score);
    if (err == PT_OK) {
        err = read_weight(r, &row.weight);
    }
    if (err == PT_OK) {
        err = read_printed(r, &row);
    }
    if (err == PT_OK) {
        *out = row;
    }
    return err;
}

static int compare_results(const void *a, const void *b)
{
    const struct pt_result *const *x = a;
    const struct pt_result *const *y = b;
    if ((*x)->level != (*y)->level) {
        return (*x)->level < (*y)->level ? -1 : 1;
    }
    int order = strcmp((*x)->code, (*y)->code);
    return order != 0 ? order : ((*x)->line > (*y)->line) - ((*x)->line < (*y)->line);
}

static enum pt_err check_twice(struct reading *r, const struct pt_result *rows, size_t n, struct pt_arena *arena)
{
    const struct pt_result **sorted = pt_arena_zalloc(arena, n, sizeof *sorted);
    if (sorted == NULL) {
        return PT_ENOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        sorted[i] = &rows[i];
    }
    qsort(sorted, n, sizeof *sorted, compare_results);
    for (size_t i = 1; i < n; i++) {
        if (sorted[i]->level == sorted[i - 1]->level && strcmp(sorted[i]->code, sorted[i - 1]->code) == 0) {
            return pt_csv_refuse(&r->csv, sorted[i]->line, "code", PT_MSG_TABLE_TWICE, sorted[i]->code, r->problem);
        }
    }
    return PT_OK;
}

enum pt_err pt_results_read(struct pt_bytes bytes, const char *name, struct pt_arena *arena, struct pt_results *out,
                            struct pt_problem *problem)
{
    static const struct pt_csv_header headers[] = {
        {"cycle", true}, {"level", true},  {"type", true},  {"code", true},      {"name", true},  {"parent_code", true},
        {"score", true}, {"weight", true}, {"zone", false}, {"category", false}, {"note", false}, {"x_*", false}};
    struct reading r = {.problem = problem};
    enum pt_err err = pt_csv_read(bytes, name, arena, &r.csv, problem);
    if (err == PT_OK) {
        err = pt_csv_check(&r.csv, headers, sizeof headers / sizeof headers[0], problem);
    }
    if (err != PT_OK) {
        return err;
    }
    struct pt_result *rows = pt_arena_zalloc(arena, r.csv.n_rows, sizeof *rows);
    if (rows == NULL) {
        return PT_ENOMEM;
    }
    if (r.csv.n_rows == 0) {
        return pt_csv_refuse(&r.csv, 2, "cycle", PT_MSG_TABLE_EMPTY, "", problem);
    }
    const char *cycle = pt_csv_get(&r.csv, &r.csv.rows[0], "cycle");
    for (size_t i = 0; err == PT_OK && i < r.csv.n_rows; i++) {
        r.row = &r.csv.rows[i];
        if (!pt_code_ok(cycle, strlen(cycle)) || strcmp(field(&r, "cycle"), cycle) != 0) {
            err = refuse(&r, "cycle", PT_MSG_RESULTS_CYCLE, field(&r, "cycle"));
        } else {
            err = read_row(&r, &rows[i]);
        }
    }
    if (err == PT_OK) {
        err = check_twice(&r, rows, r.csv.n_rows, arena);
    }
    if (err == PT_OK) {
        *out = (struct pt_results){.cycle = cycle, .rows = rows, .n_rows = r.csv.n_rows};
    }
    return err;
}
