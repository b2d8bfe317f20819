/* registry_check.h - what a new registry of a cycle would take from its office, or drop.
 *
 * A unit belongs to the office that the registry gives it to: where another registry gives it to another office, what
 * was opened, answered and approved there counts nowhere any more. A unit that a registry does not list any more is
 * expected nowhere and can be assigned to nobody: whoever left it out by mistake has to be told.
 * Thread: a command's.  Memory: the caller's. */
#ifndef PATUHD_REGISTRY_CHECK_H
#define PATUHD_REGISTRY_CHECK_H

#include "core/table/registry.h"
#include "office.h"

/* Rows by code, against the registry that the cycle has now. */
struct registry_change {
    size_t n_added;
    size_t n_removed;
};
struct registry_changes {
    struct registry_change institutions;
    struct registry_change units;
    struct registry_change products;
};

/* Would every unit of the cycle that is opened stay listed, and with the office in charge? Errors: INVALID (a sentence
 * that names the first of those that would not), CANCELED (the server ends), those of the store. */
enum pt_err registry_check(const struct office *office, const char *cycle, const struct pt_registry *fresh,
                           struct registry_changes *out, struct pt_problem *problem);

#endif
