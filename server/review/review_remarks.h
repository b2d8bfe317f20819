/* review_remarks.h - what people wrote beside the answers, as a reviewer reads it: comments of reviewers, notes of
 * surveyors, where they were, and why an assessment is not assessed.
 *
 * Each is written as lines (json NULL) or as the objects of a JSON array (out NULL).
 * Thread: a command's.  Memory: appended to the caller's buffer; strings live until showing_close. */
#ifndef PATUHD_REVIEW_REMARKS_H
#define PATUHD_REVIEW_REMARKS_H

#include "base/json.h"
#include "review/showing.h"

/* "foto buram (rini)": those that stand at a question. */
const char *remarks_comments(struct showing *s, uint32_t question, const char *instance);
/* What stands and is at no line of the form: what it is about was not answered or is gone, or is a group. */
void remarks_put_other_comments(struct showing *s, struct pt_buf *out, struct pt_json *json);
/* Of surveyors, at a question; instance as in pt_answer. Whoever writes one makes a line of the form. */
void remarks_put_notes(struct showing *s, uint32_t question, uint32_t instance, struct pt_buf *out,
                       struct pt_json *json);
void remarks_put_reasons(struct showing *s, struct pt_buf *out, struct pt_json *json);
void remarks_put_places(struct showing *s, struct pt_buf *out, struct pt_json *json);

#endif
