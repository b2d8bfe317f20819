/* registry_check.h - what a new registry of a cycle would take from its office.
 *
 * A unit belongs to the office that the registry gives it to: where another registry gives it to another office, what
 * was opened, answered and approved there counts nowhere any more.
 * Thread: a command's.  Memory: the caller's. */
#ifndef PATUHD_REGISTRY_CHECK_H
#define PATUHD_REGISTRY_CHECK_H

#include "core/table/registry.h"
#include "office.h"

/* Would every unit of the cycle that is opened stay with the office in charge? Errors: INVALID (a sentence that names
 * the first of those that would not), CANCELED (the server ends), those of the store. */
enum pt_err registry_check(const struct office *office, const char *cycle, const struct pt_registry *fresh,
                           struct pt_problem *problem);

#endif
