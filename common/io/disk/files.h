/* files.h - whole files in and out, and files that are mapped.
 *
 * Thread: any.  Memory: buffers are the caller's.  Sentences for people go into the problem. */
#ifndef PT_FILES_H
#define PT_FILES_H

#include "base/problem.h"

#include <stdbool.h>

/* Append the file to out. Errors: NOTFOUND, INVALID (larger than n_max bytes), IO, NOMEM. */
enum pt_err pt_file_read(const char *path, size_t n_max, struct pt_buf *out, struct pt_problem *problem);
/* Durable and all or nothing: temporary name, fsync, rename, fsync of the folder. mode as for open(2). */
enum pt_err pt_file_write(const char *path, struct pt_bytes content, unsigned mode, struct pt_problem *problem);
/* The same of pieces that follow each other, without putting them together first. */
enum pt_err pt_file_write_parts(const char *path, const struct pt_bytes *parts, size_t n, unsigned mode,
                                struct pt_problem *problem);
/* All or nothing, but not durable: for what can be made again. One writer of a path at a time: the temporary name is
 * always the same, so that what a crash leaves behind is overwritten. Errors: IO, FULL, LIMIT (name too long). */
enum pt_err pt_file_replace(const char *path, const struct pt_bytes *parts, size_t n, unsigned mode);
/* Make the folder (and parents) if it is missing. */
enum pt_err pt_folder_make(const char *path, unsigned mode, struct pt_problem *problem);
/* Makes the entry of path (a file or folder just created or renamed) durable: fsync of the folder it lies in.
 * Errors: IO. */
enum pt_err pt_parent_sync(const char *path);
/* Hold a folder against everyone else who asks, until *out is closed (also by the end of the process). Errors: BUSY
 * (somebody else holds it), NOTFOUND, IO. */
enum pt_err pt_folder_lock(const char *path, int *out);
bool pt_file_exists(const char *path);
bool pt_file_is_regular(const char *path); /* no folder, pipe or device */
/* folder/name into out (n bytes); LIMIT when it does not fit. */
enum pt_err pt_path_join(char *out, size_t n, const char *folder, const char *name);

/* A file mapped for reading, as far as it went when it was opened, and read in at once: most of it will be needed. It
 * may grow at its end or be replaced by another of its name meanwhile; nobody may cut it or write into what is there.
 * Starts from zeros; unmapped in every case. */
struct pt_mapped {
    struct pt_bytes bytes; /* lent until pt_file_unmap */
    int fd;                /* valid while is_open */
    bool is_open;
};

/* Errors: NOTFOUND, IO, NOMEM (too large for the address space). */
enum pt_err pt_file_map(const char *path, struct pt_mapped *out);
/* Add to the end of the very file that is mapped; *at: where it begins there. Not durable. On error the file is as long
 * as before, if that can be had. One writer at a time. Errors: IO, FULL. */
enum pt_err pt_file_append(const struct pt_mapped *mapped, const struct pt_bytes *parts, size_t n, uint64_t *at);
void pt_file_unmap(struct pt_mapped *mapped);

#endif
