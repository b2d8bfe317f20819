/* conditions.h - answers that do not meet the condition of their question.
 *
 * An answer is checked when it is given, but a condition may read other questions, whose answers change later.
 * Thread: the caller's.  Memory: the arena given. */
#ifndef PT_CONDITIONS_H
#define PT_CONDITIONS_H

#include "io/assessment/work.h"

struct pt_broken {
    uint32_t node;
    uint32_t instance;   /* as in pt_answer */
    const char *rule_id; /* what the sheet says about it */
    const char *rule_en;
};

struct pt_conditions {
    struct pt_broken *broken; /* in the order of the answers */
    size_t n_broken;
};

/* All settled answers of questions that are asked; an open conflict is the reviewer's. Nothing while the instrument is
 * not here. Errors: NOMEM. */
enum pt_err pt_conditions_check(const struct pt_work *work, struct pt_arena *arena, struct pt_conditions *out);
/* The one of a question; NULL when it has none. */
const struct pt_broken *pt_conditions_find(const struct pt_conditions *conditions, uint32_t node, uint32_t instance);

#endif
