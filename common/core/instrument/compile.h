/* compile.h - the compiler of sheets, shared by its parts (sheet_*.c): one struct that fills up sheet by sheet.
 *
 * Thread: any.  Memory: everything in the compiler's arena. Every function: INVALID with a problem, or NOMEM. */
#ifndef PT_COMPILE_H
#define PT_COMPILE_H

#include "core/instrument/instrument.h"
#include "core/table/csv.h"

struct pt_compile {
    struct pt_arena *arena;
    struct pt_problem *problem;
    struct pt_csv survey; /* n_columns 0: no such sheet */
    struct pt_csv choices;
    struct pt_csv settings;
    struct pt_csv zones;
    const struct pt_instrument *previous; /* NULL: the first version of the cycle */
    struct pt_instrument ins;             /* what is being made; the arrays below are its arrays */
    struct pt_node *nodes;
    size_t *lines; /* of each node: line of survey.csv */
    struct pt_list *lists;
    struct pt_program *programs;
    const char **texts;
    double *text_numbers;
    size_t texts_max;
    enum pt_weights root_weights;
    const char *product_repeat; /* name; "" = none */
};

enum pt_err pt_compile_settings(struct pt_compile *c);
enum pt_err pt_compile_zones(struct pt_compile *c);
enum pt_err pt_compile_choices(struct pt_compile *c);
enum pt_err pt_compile_survey(struct pt_compile *c);      /* rows to nodes */
enum pt_err pt_compile_numbers(struct pt_compile *c);     /* a number for each name, kept from the version before */
enum pt_err pt_compile_expressions(struct pt_compile *c); /* relevant, constraint, calculation */
enum pt_err pt_compile_weights(struct pt_compile *c);     /* scales, sums of weights */
enum pt_err pt_compile_encode(const struct pt_instrument *ins, struct pt_buf *out);

/* Index of a text in the instrument's table, added when new; PT_TEXT_SOME when out of memory or full. */
uint32_t pt_compile_text(struct pt_compile *c, struct pt_bytes text);

/* Reading one field of one row. */
struct pt_field {
    struct pt_compile *c;
    const struct pt_csv *csv;
    const struct pt_csv_row *row;
};
const char *pt_field_text(const struct pt_field *field, const char *column);
enum pt_err pt_field_refuse(const struct pt_field *field, const char *column, enum pt_msg msg, const char *detail);
/* The same with a fifth part of the sentence: what would be good there. {4} is what stands in the column. */
enum pt_err pt_field_refuse_word(const struct pt_field *field, const char *column, enum pt_msg msg, const char *good);
/* Index of the word in a NULL-ended list; an empty field gives `otherwise` (SIZE_MAX: required). */
enum pt_err pt_field_word(const struct pt_field *field, const char *column, const char *const *words, size_t otherwise,
                          size_t *out);
enum pt_err pt_field_yes(const struct pt_field *field, const char *column,
                         bool *out); /* yes/no/true/false; empty: no */
/* A decimal in units of 10^-9, at least low; *present false when empty. */
enum pt_err pt_field_amount(const struct pt_field *field, const char *column, int64_t low, bool *present, int64_t *out);
/* 0..max; empty gives otherwise. */
enum pt_err pt_field_count(const struct pt_field *field, const char *column, uint32_t max, uint32_t otherwise,
                           uint32_t *out);
bool pt_sheet_name_ok(const char *name); /* [a-z][a-z0-9_]{0,39} */

#endif
