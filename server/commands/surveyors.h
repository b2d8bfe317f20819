/* surveyors.h - whom an assignment reaches: surveyors with a device of this office.
 *
 * Thread: a command's.  Memory: the caller's. */
#ifndef PATUHD_SURVEYORS_H
#define PATUHD_SURVEYORS_H

#include "commands/command.h"
#include "directory.h"

/* Tell which of the names have none, each once, and how to invite; nothing when all have one. Errors: those of the
 * store. */
enum pt_err surveyors_tell_missing(struct command *command, const char *const *names, size_t n);

#endif
