/* assessments.h - opening assessments and giving them to surveyors.
 *
 * Thread: a command's.  Memory: the caller's. */
#ifndef PATUHD_ASSESSMENTS_H
#define PATUHD_ASSESSMENTS_H

#include "cycle_data.h"

struct assignment {
    struct pt_subject subject; /* an assessment */
    const char *surveyor;
    const char *instead_of; /* NULL: adds */
};

/* Check one assignment against registry and instrument of its cycle. Errors: INVALID with a sentence. */
enum pt_err assignment_check(const struct office *office, const struct cycle_data *cycle,
                             const struct assignment *assignment, struct pt_problem *problem);
/* Open what is not opened, then assign; all in one transaction. *n_written: how many did not stand already. */
enum pt_err assignments_write(struct office *office, const struct cycle_data *cycle,
                              const struct assignment *assignments, size_t n, size_t *n_written);
/* [a-z0-9._-], 1 to 32 bytes: how people are called in commands. */
bool person_name_ok(const char *name);

#endif
