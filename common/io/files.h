/* files.h - whole files in and out.
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
/* Make the folder (and parents) if it is missing. */
enum pt_err pt_folder_make(const char *path, unsigned mode, struct pt_problem *problem);
/* Makes the entry of path (a file or folder just created or renamed) durable: fsync of the folder it lies in.
 * Errors: IO. */
enum pt_err pt_parent_sync(const char *path);
bool pt_file_exists(const char *path);
/* folder/name into out (n bytes); LIMIT when it does not fit. */
enum pt_err pt_path_join(char *out, size_t n, const char *folder, const char *name);

#endif
