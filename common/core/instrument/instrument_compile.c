#include "core/instrument/compile.h"

#include <stdio.h>
#include <string.h>

#define BLANKS " \t\r\n"

static const char *trimmed(const char *field, struct pt_arena *arena)
{
    const char *from = field + strspn(field, BLANKS);
    size_t n = strlen(from);
    while (n > 0 && strchr(BLANKS, from[n - 1]) != NULL) {
        n--;
    }
    return from == field && field[n] == '\0' ? field : pt_arena_strn(arena, from, n);
}

/* Blanks around a field say nothing, as for the tools that write such sheets; a row of blanks is an empty row. */
static enum pt_err trim_rows(struct pt_csv *csv, struct pt_arena *arena)
{
    struct pt_csv_row *rows = pt_arena_zalloc(arena, csv->n_rows, sizeof *rows);
    size_t n_rows = 0;
    for (size_t i = 0; rows != NULL && i < csv->n_rows; i++) {
        const char **fields = pt_arena_zalloc(arena, csv->n_columns, sizeof *fields);
        bool any = false;
        for (size_t k = 0; fields != NULL && k < csv->n_columns; k++) {
            fields[k] = trimmed(csv->rows[i].fields[k], arena);
            any = any || (fields[k] != NULL && fields[k][0] != '\0');
        }
        rows[n_rows] = (struct pt_csv_row){.line = csv->rows[i].line, .fields = fields};
        n_rows += any ? 1 : 0;
    }
    csv->rows = rows;
    csv->n_rows = n_rows;
    return arena->exhausted ? PT_ENOMEM : PT_OK;
}

static enum pt_err read_sheet(struct pt_compile *c, struct pt_bytes bytes, const char *name, struct pt_csv *out)
{
    out->name = name;
    if (bytes.n == 0) {
        return PT_OK;
    }
    enum pt_err err = pt_csv_read(bytes, name, c->arena, out, c->problem);
    return err == PT_OK ? trim_rows(out, c->arena) : err;
}

static enum pt_err read_sheets(struct pt_compile *c, const struct pt_sheets *sheets)
{
    enum pt_err err = read_sheet(c, sheets->settings, "settings.csv", &c->settings);
    if (err == PT_OK) {
        err = read_sheet(c, sheets->zones, "zones.csv", &c->zones);
    }
    if (err == PT_OK) {
        err = read_sheet(c, sheets->choices, "choices.csv", &c->choices);
    }
    if (err == PT_OK) {
        err = read_sheet(c, sheets->survey, "survey.csv", &c->survey);
    }
    return err;
}

static enum pt_err open_previous(struct pt_compile *c, struct pt_bytes bytes)
{
    if (bytes.n == 0) {
        return PT_OK;
    }
    struct pt_instrument *previous = pt_arena_zalloc(c->arena, 1, sizeof *previous);
    if (previous == NULL) {
        return PT_ENOMEM;
    }
    enum pt_err err = pt_instrument_open(bytes, c->arena, previous);
    if (err == PT_EMALFORMED || err == PT_EVERSION || err == PT_ELIMIT) {
        return pt_problem_set(c->problem, PT_EINVALID, PT_MSG_INSTRUMENT_PREVIOUS, NULL);
    }
    c->previous = previous;
    return err;
}

static enum pt_err make_texts(struct pt_compile *c)
{
    c->texts_max = PT_INSTRUMENT_TEXTS_MAX;
    c->texts = pt_arena_zalloc(c->arena, c->texts_max, sizeof *c->texts);
    c->text_numbers = pt_arena_zalloc(c->arena, c->texts_max, sizeof *c->text_numbers);
    if (c->texts == NULL || c->text_numbers == NULL) {
        return PT_ENOMEM;
    }
    return pt_compile_text(c, (struct pt_bytes){0}) == PT_TEXT_EMPTY ? PT_OK : PT_ENOMEM;
}

static enum pt_err refuse_size(struct pt_compile *c, size_t n_bytes)
{
    char is[24];
    char limit[24];
    (void)snprintf(is, sizeof is, "%zu", n_bytes);
    (void)snprintf(limit, sizeof limit, "%d", PT_INSTRUMENT_BYTES_MAX);
    return pt_problem_set(c->problem, PT_EINVALID, PT_MSG_INSTRUMENT_TOO_LARGE, is, limit, NULL);
}

/* What nobody could open never leaves the compiler. */
static enum pt_err check_opens(struct pt_compile *c, struct pt_bytes packed)
{
    struct pt_instrument opened;
    if (packed.n > (size_t)PT_INSTRUMENT_BYTES_MAX) {
        return refuse_size(c, packed.n);
    }
    enum pt_err err = pt_instrument_open(packed, c->arena, &opened);
    if (err == PT_ELIMIT) {
        return refuse_size(c, packed.n);
    }
    if (err == PT_EMALFORMED) { /* alone they were sound: odd numbers come from the version before */
        enum pt_msg msg = c->previous == NULL ? PT_MSG_INSTRUMENT_UNSOUND : PT_MSG_INSTRUMENT_PREVIOUS;
        return pt_problem_set(c->problem, PT_EINVALID, msg, NULL);
    }
    return err;
}

static enum pt_err encode_checked(struct pt_compile *c, struct pt_buf *out)
{
    struct pt_buf packed = {0};
    enum pt_err err = pt_compile_encode(&c->ins, &packed);
    if (err == PT_OK) {
        err = check_opens(c, pt_buf_bytes(&packed));
    }
    if (err == PT_OK) {
        pt_buf_put_bytes(out, pt_buf_bytes(&packed));
        err = out->err;
    }
    pt_buf_free(&packed);
    return err;
}

static enum pt_err compile(struct pt_compile *c, const struct pt_sheets *sheets, struct pt_buf *out)
{
    enum pt_err (*const steps[])(struct pt_compile *) = {
        make_texts,        pt_compile_settings, pt_compile_zones,       pt_compile_choices,
        pt_compile_survey, pt_compile_numbers,  pt_compile_expressions, pt_compile_weights,
    };
    enum pt_err err = read_sheets(c, sheets);
    if (err == PT_OK) {
        err = open_previous(c, sheets->previous);
    }
    for (size_t i = 0; err == PT_OK && i < sizeof steps / sizeof steps[0]; i++) {
        err = steps[i](c);
    }
    return err == PT_OK ? encode_checked(c, out) : err;
}

enum pt_err pt_instrument_compile(const struct pt_sheets *sheets, struct pt_buf *out, struct pt_problem *problem)
{
    struct pt_arena arena;
    pt_arena_init(&arena, SIZE_MAX);
    struct pt_compile c = {.arena = &arena, .problem = problem};
    enum pt_err err = compile(&c, sheets, out);
    pt_arena_close(&arena);
    return err;
}
