/* secret.h - a secret from a file, a pipe or the terminal; never from an argument.
 *
 * Thread: any.  Memory: into the caller's buffer, which it wipes. */
#ifndef PT_SECRET_H
#define PT_SECRET_H

#include "base/problem.h"

/* One line without its end: of the file when one is named, else of standard input; on a terminal after the question on
 * standard error, without echo. Errors (with a sentence): NOTFOUND, INVALID (nothing there: said of what
 * the question asks for), IO. */
enum pt_err pt_secret_read(const char *path, enum pt_msg question, struct pt_buf *out, struct pt_problem *problem);

#endif
