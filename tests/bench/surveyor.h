/* surveyor.h - the surveyors of the measured region: keys, names and units that follow from a number.
 *
 * world.c makes them known to the office, load.c plays them. Thread: any.  Memory: caller's. */
#ifndef BENCH_SURVEYOR_H
#define BENCH_SURVEYOR_H

#include "core/crypto.h"

#define SURVEYOR_OFFICE "62"

void surveyor_author(size_t i, struct pt_keypair *out);
void surveyor_transport(size_t i, struct pt_keypair *out);
/* "s0042"; n: at least 16 bytes. */
void surveyor_name(size_t i, char *out, size_t n);

/* Units are numbered like surveyors: each surveyor has the one of its number, and the first SURVEYOR_TRAVELLERS visit
 * them all twice, each unit by two of them: the k-th visit of one of them is to this unit. */
#define SURVEYOR_UNITS 1000
#define SURVEYOR_TRAVELLERS 64
#define SURVEYOR_VISITS 30
size_t surveyor_visit(size_t i, size_t k);
/* "62.71/u0042", and the assessment of it. */
void surveyor_unit(size_t unit, char *out, size_t n);
struct pt_subject surveyor_subject(size_t unit);

#endif
