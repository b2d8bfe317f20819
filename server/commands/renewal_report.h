/* renewal_report.h - that the store went back in time, as people are told.
 *
 * Thread: a command's. */
#ifndef PATUHD_RENEWAL_REPORT_H
#define PATUHD_RENEWAL_REPORT_H

#include "commands/command.h"

/* A sentence to err, for a month. Errors: those of the store. */
enum pt_err renewal_report(struct command *command);

#endif
