/* answers.h - what the merge of an assessment's logs says, in the form that scoring reads.
 *
 * Made by merge.h (from logs) and by tests; read by score.h and by everything that shows an assessment.
 * Thread: read-only after it is made.  Memory: arrays live in the maker's arena. */
#ifndef PT_ANSWERS_H
#define PT_ANSWERS_H

#include "core/value.h"

/* One product or respondent that was added and not removed. */
struct pt_instance {
    uint32_t repeat;   /* number of the repeat in the instrument */
    const char *name;  /* stable name in paths: product code, or five base-32 digits */
    const char *label; /* what people call it; "" when its text was erased or has not arrived */
};

/* One register that has at least one head. */
struct pt_answer {
    uint32_t question;       /* number of the question in the instrument */
    uint32_t instance;       /* 0 = outside repeats, else 1 + index into pt_answers.instances */
    size_t n_values;         /* 1 = settled; more = open conflict, distinct, sorted by pt_value_cmp */
    struct pt_value *values; /* PT_VALUE_NONE is possible (cleared) */
    uint32_t n_evidence;     /* photos and documents attached to this question and not removed */
};

/* Sorted: instances by (repeat, name); answers by (question, instance). */
struct pt_answers {
    struct pt_instance *instances;
    size_t n_instances;
    struct pt_answer *answers;
    size_t n_answers;
};

#endif
