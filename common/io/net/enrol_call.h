/* enrol_call.h - ask an office to be known: one request, one answer, on a loop of its own.
 *
 * Thread: blocks the caller's; any.  Memory: the answer goes into the caller's buffer. */
#ifndef PT_ENROL_CALL_H
#define PT_ENROL_CALL_H

#include "core/sync/enrol.h"

/* Connect to code->address, check the office's key against the code, send the request, append the packed EnrolAnswer
 * (verified with pt_enrolment_read) to answer. transport: pair shown in TLS.
 * Errors (sentence in problem): DENIED (wrong, used, expired code), SIGNATURE (another office answered), NOTFOUND,
 * CLOSED, TIMEOUT, IO, NOMEM. */
enum pt_err pt_enrol_call(const struct pt_code *code, const struct pt_applicant *applicant,
                          const struct pt_keypair *transport, struct pt_buf *answer, struct pt_problem *problem);

#endif
