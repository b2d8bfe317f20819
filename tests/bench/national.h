/* national.h - the invented country of the rollup: offices, institutions and units that follow from a number.
 *
 * Thread: any.  Memory: caller's. */
#ifndef BENCH_NATIONAL_H
#define BENCH_NATIONAL_H

#include "base/bytes.h"

#define NATIONAL_OFFICES 34
#define NATIONAL_UNITS 4400
#define NATIONAL_UNITS_PER_INSTITUTION 8

/* "k07" */
void national_office(size_t i, char *out, size_t n);
size_t national_office_of(size_t unit);
/* "k07.12/u3" */
void national_unit(size_t unit, char *out, size_t n);
/* The four tables of a registry with so many units, as `patuhd load` takes them. */
void national_registry(size_t n_units, struct pt_buf *offices, struct pt_buf *institutions, struct pt_buf *units,
                       struct pt_buf *products);

#endif
