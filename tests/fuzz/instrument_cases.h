/* instrument_cases.h - a small instrument around one expression, and an answer to everything an instrument asks. */
#ifndef PT_INSTRUMENT_CASES_H
#define PT_INSTRUMENT_CASES_H

#include "core/score/score.h"

/* Where the expression stands: column form % 3 (relevant, constraint, calculation); outside the repeat, from 3 on
 * inside it. */
#define EXPRESSION_FORMS 6

/* Compiles a survey that has a question of every kind and, as its last one, `asked` with the expression. As
 * pt_instrument_compile. */
enum pt_err expression_compile(const char *expression, unsigned form, struct pt_buf *out);

/* One instance of every repeat, and one answer to every question, in the arena. */
struct pt_answers answer_everything(const struct pt_instrument *instrument, struct pt_arena *arena);
/* The instrument scores and checks these answers, or says that it is too large to. */
void score_survives(const struct pt_instrument *instrument, const struct pt_answers *answers);

#endif
