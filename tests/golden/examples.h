/* examples.h - the examples of a document: made by the code, and read from the document to compare.
 *
 * In a block fenced with ```example a line is "name = value"; lines that begin with a blank go on with the value
 * before. Every failure fails the test. */
#ifndef PT_EXAMPLES_H
#define PT_EXAMPLES_H

#include "base/arena.h"

#define EXAMPLES_MAX 64
#define EXAMPLE_NOT_THERE "(not there)"

struct examples {
    struct pt_arena arena;
    const char *names[EXAMPLES_MAX];
    const char *values[EXAMPLES_MAX];
    size_t n;
};

void example_add_text(struct examples *x, const char *name, const char *value);
/* In hexadecimal. */
void example_add(struct examples *x, const char *name, const void *bytes, size_t n);
/* EXAMPLE_NOT_THERE when there is none of that name. */
const char *example_value(const struct examples *x, const char *name);
/* To stderr, as the document has it: short values behind the name, long ones in lines of their own. */
void example_print(const char *name, const char *value);
/* All of a document. */
void examples_read(struct examples *x, const char *path);

/* score_example.c: an instrument, and the scores of its nodes for some answers. */
void score_example(struct examples *x);

#endif
