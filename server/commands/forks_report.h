/* forks_report.h - what a report of an office says of forked logs.
 *
 * Thread: a command's.  Memory: appended to the command's buffers. */
#ifndef PATUHD_FORKS_REPORT_H
#define PATUHD_FORKS_REPORT_H

#include "base/json.h"
#include "commands/command.h"

/* The part of a report about forks: a table to out with a sentence to err for each log that waits for a decision
 * (json NULL), or the array "branches" into an open object. Errors: those of forks_open. */
enum pt_err forks_report(struct command *command, struct pt_json *json);

#endif
