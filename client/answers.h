/* answers.h - answers inside an action: one by one, and many at once (import.c). Inside the library only. */
#ifndef PT_CLIENT_ANSWERS_H
#define PT_CLIENT_ANSWERS_H

#include "client/action.h"

struct pt_answering {
    const char *path;
    const char *value;
    const char *note; /* NULL or "": none */
    /* filled by pt_answer_put: */
    struct pt_target target;
    struct pt_value read;
};

/* Errors: INVALID with a sentence. */
enum pt_err pt_answer_put(struct pt_action *action, struct pt_answering *answer, struct pt_problem *problem);
/* After all are put: do they count, and do they meet their constraints beside each other? *bad: the index of the one
 * that does not. Errors: INVALID, DENIED. */
enum pt_err pt_answers_check(struct pt_action *action, const struct pt_answering *answers, size_t n, size_t *bad,
                             struct pt_problem *problem);

#endif
