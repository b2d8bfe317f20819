/* work_score.h - the score of one assessment and what it still lacks, as people are told it at device and office.
 *
 * Thread: the caller's.  Memory: the arena given. */
#ifndef PT_WORK_SCORE_H
#define PT_WORK_SCORE_H

#include "io/assessment/work.h"

/* A provisional score as printed; strings are "" where there is nothing to say. */
struct pt_points {
    bool has_score;
    const char *low;
    const char *high;
    bool settled; /* low and high are the same: zone and category stand */
    const char *zone;
    const char *category;
    bool exact;        /* low and high can be reached */
    bool placeholders; /* weights that are not official took part */
};
struct pt_points pt_work_points(const struct pt_work *work, struct pt_arena *arena);

/* Does this question need an answer that it has not? instance as in pt_answer. */
bool pt_work_is_missing(const struct pt_work *work, uint32_t node, uint32_t instance);
/* Is a repeat short of answers: of which it has n_have, and needs n_need? Of its questions the one that lacks most. */
bool pt_work_is_short(const struct pt_work *work, uint32_t repeat, uint32_t *n_have, uint32_t *n_need);

#endif
