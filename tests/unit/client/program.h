/* program.h - runs the program patuh as a person does: arguments, standard input, what it prints. */
#ifndef PT_TEST_CLIENT_PROGRAM_H
#define PT_TEST_CLIENT_PROGRAM_H

#include "base/bytes.h"

#include <sys/types.h>

struct run {
    int code; /* exit status; -1 when it was killed */
    struct pt_buf out;
    struct pt_buf err;
};

/* argv: what follows the program's name, closed by NULL. input may be NULL. */
struct run program_run(const char *const *argv, const char *input);
void program_free(struct run *run);

/* Started, with its standard input and output in hand. */
struct child {
    pid_t pid;
    int in;
    int out;
};
struct child program_start(const char *program, const char *const *argv);
/* kill -9, wait, close. */
void program_kill(struct child *child);

#endif
