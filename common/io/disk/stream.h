/* stream.h - files written and read piece by piece, where they are too large to be put together first.
 *
 * Thread: any one thread at a time.  Memory: start from zeros; ended by pt_out_finish or pt_out_drop, and
 * pt_in_close. */
#ifndef PT_STREAM_FILE_H
#define PT_STREAM_FILE_H

#include "base/problem.h"

#include <limits.h>
#include <stdbool.h>

struct pt_out {
    char path[PATH_MAX];
    char temporary[PATH_MAX]; /* the file until it is whole */
    int fd;
    bool is_open;
};

/* Begin a file that is not there yet: under a temporary name beside it. Errors with a sentence: EXISTS, IO, FULL,
 * NOTFOUND (no such folder), LIMIT (name too long). */
enum pt_err pt_out_begin(struct pt_out *out, const char *path, unsigned mode, struct pt_problem *problem);
/* What follows. Errors: IO, FULL. */
enum pt_err pt_out_put(struct pt_out *out, struct pt_bytes bytes);
/* Durable under its name when it returns PT_OK; else there is no file. Errors with a sentence: IO, FULL. */
enum pt_err pt_out_finish(struct pt_out *out, struct pt_problem *problem);
void pt_out_drop(struct pt_out *out);

struct pt_in {
    int fd;
    bool is_open;
};

/* A regular file. Errors with a sentence: NOTFOUND, INVALID (no regular file), IO. */
enum pt_err pt_in_open(struct pt_in *in, const char *path, struct pt_problem *problem);
/* The next n bytes; fewer at the end only. Errors: IO. */
enum pt_err pt_in_read(struct pt_in *in, void *out, size_t n, size_t *n_read);
/* From the beginning again. Errors: IO. */
enum pt_err pt_in_rewind(struct pt_in *in);
void pt_in_close(struct pt_in *in);

#endif
