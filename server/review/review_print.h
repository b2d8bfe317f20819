/* review_print.h - what `patuhd review` prints: the list of assessments, and one of them. As tables or JSON.
 *
 * Thread: a command's.  Memory: appended to the caller's buffer. */
#ifndef PATUHD_REVIEW_PRINT_H
#define PATUHD_REVIEW_PRINT_H

#include "review/review.h"

struct review_filter {
    const char *state;    /* "submitted": one that there is; NULL: all */
    const char *surveyor; /* assigned now; NULL: all */
};

enum pt_err review_put_list(const struct office *office, const struct review_filter *filter, bool json,
                            struct pt_buf *out);
/* Everything that was answered, with authors, conflicts, evidence, comments, and what changed since an earlier
 * submission. */
enum pt_err review_put_form(const struct review_case *c, bool json, struct pt_buf *out);
/* One question at one path: every entry ever written there. save: a folder that gets the evidence as files, or NULL. */
enum pt_err review_put_history(const struct review_case *c, const char *path, const struct office *office,
                               const char *save, bool json, struct pt_buf *out, struct pt_problem *problem);
/* The values that stand at a question beside each other, with authors and times; conflict: do they differ? Errors with
 * a sentence, and nothing in out: INVALID. */
enum pt_err review_put_claims(const struct review_case *c, const char *path, bool json, struct pt_buf *out,
                              bool *conflict, struct pt_problem *problem);

#endif
