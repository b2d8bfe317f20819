/* renewal_report.h - that the store went back in time: as people are told, and what it may not do until it has heard
 * from everybody.
 *
 * Thread: a command's. */
#ifndef PATUHD_RENEWAL_REPORT_H
#define PATUHD_RENEWAL_REPORT_H

#include "commands/command.h"

/* A sentence to err, for a month. Errors: those of the store. */
enum pt_err renewal_report(struct command *command);
/* While the office waits for what it lost, so that it gives nothing and what it has may not be all: a sentence to err.
 */
void renewal_tell_refilling(struct command *command);
/* Has every region brought back what it has? What was fixed and lost may still come from one that has not. Errors:
 * INVALID (with a sentence that names the first such region), those of the store. */
enum pt_err renewal_check_heard(struct command *command);

#endif
