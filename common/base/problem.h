/* problem.h - one sentence for a person, in Indonesian and English, from the catalogue messages.def.
 *
 * The place that knows what is wrong fills a pt_problem and returns its pt_err; the program that talks to the person
 * prints it. A sentence is "Indonesian / English" on one line; what is there in both languages is two arguments.
 * Thread: any one thread at a time.  Memory: a problem copies its arguments (cut off at PT_PROBLEM_ARG_BYTES). */
#ifndef PT_PROBLEM_H
#define PT_PROBLEM_H

#include "base/bytes.h"
#include "base/err.h"

#include <stdio.h>

enum pt_msg {
#define PT_MSG(name, indonesian, english) PT_MSG_##name,
#include "base/messages.def"
#undef PT_MSG
    PT_MSG_COUNT
};

#define PT_PROBLEM_ARGS 5
#define PT_PROBLEM_ARG_BYTES 256

struct pt_problem {
    enum pt_msg msg; /* PT_MSG_NONE: nothing was said */
    char arg[PT_PROBLEM_ARGS][PT_PROBLEM_ARG_BYTES];
};

/* The two texts of a message with their placeholders. Static. */
const char *pt_msg_indonesian(enum pt_msg msg);
const char *pt_msg_english(enum pt_msg msg);

/* Fill *problem (may be NULL: then nothing is said) with up to five strings, closed by NULL; returns err, so that
 * `return pt_problem_set(problem, PT_EINVALID, PT_MSG_X, name, NULL);` is one line. */
enum pt_err pt_problem_set(struct pt_problem *problem, enum pt_err err, enum pt_msg msg, ...) __attribute__((sentinel));
/* A sentence for an error that nobody described: only set when *problem is still PT_MSG_NONE. */
enum pt_err pt_problem_default(struct pt_problem *problem, enum pt_err err, const char *action);

/* Append "Indonesian / English" without a line end. */
void pt_problem_put(struct pt_buf *out, const struct pt_problem *problem);
/* The same, each language for itself: for a sentence inside another one (PT_MSG_EACH). */
void pt_problem_put_each(struct pt_buf *indonesian, struct pt_buf *english, const struct pt_problem *problem);
/* Append one message: both languages, or one of them. Arguments as for pt_problem_set. */
void pt_say(struct pt_buf *out, enum pt_msg msg, ...) __attribute__((sentinel));
void pt_say_indonesian(struct pt_buf *out, enum pt_msg msg, ...) __attribute__((sentinel));
/* To a stream, with a line end. */
void pt_say_to(FILE *out, enum pt_msg msg, ...) __attribute__((sentinel));
void pt_problem_print(FILE *out, const struct pt_problem *problem);

#endif
