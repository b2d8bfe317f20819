/* options.h - command line words against a small table.
 *
 * "--name VALUE" and "--name=VALUE" for options with a value, "--name" for switches, everything else is positional;
 * "--" ends the options. Thread: any.  Memory: values are lent from argv. */
#ifndef PT_OPTIONS_H
#define PT_OPTIONS_H

#include "base/problem.h"

#include <stdbool.h>
#include <stddef.h>

/* How programs end. */
enum { PT_EXIT_GOOD = 0, PT_EXIT_FAILED = 1, PT_EXIT_USAGE = 2 };

#define PT_OPTION_VALUES_MAX 64

struct pt_option {
    const char *name;  /* "--dir" */
    bool has_value;    /* else a switch */
    bool repeats;      /* may be given more than once */
    size_t n;          /* times given */
    const char *value; /* the last one; NULL when not given */
    const char *values[PT_OPTION_VALUES_MAX];
};

struct pt_words {
    const char **words; /* positional; room for n_max */
    size_t n_max;
    bool repeat; /* the last kind of word may stand any number of times: n_max is our limit, not the command's form */
    size_t n;
};

/* argv without program and command. Errors (with a sentence): INVALID. */
enum pt_err pt_options_read(int argc, const char *const *argv, struct pt_option *options, size_t n_options,
                            struct pt_words *words, struct pt_problem *problem);

#endif
