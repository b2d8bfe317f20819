/* bench.h - what the programs here share: a clock, a row of the table, and an end with one sentence.
 *
 * A row is "FIGURE<TAB>VALUE<TAB>UNIT" on standard output; `run` makes the ratios of them. Thread: any. */
#ifndef BENCH_H
#define BENCH_H

#include "base/bytes.h"

double bench_now(void); /* seconds of the monotonic clock */
double bench_cpu(void); /* seconds this process has computed */

void bench_row(const char *figure, double value, const char *unit);
/* The same with a number in the name: "codec.%s" and so on. */
void bench_row_of(const char *group, const char *figure, double value, const char *unit);

/* Ends the program unless err is PT_OK. */
void bench_must(enum pt_err err, const char *what);
_Noreturn void bench_die(const char *what);
/* What was asked for; ends the program when it is NULL. */
void *bench_need(void *made, const char *what) __attribute__((returns_nonnull));

/* Of n values, which are sorted by it: the one that `percent` of them do not exceed. */
double bench_percentile(double *values, size_t n, double percent);

/* The number behind --name, or the default. */
size_t bench_number(int argc, char **argv, const char *name, size_t otherwise);
/* The word behind --name; ends the program when there is none and it is needed. */
const char *bench_word(int argc, char **argv, const char *name);

#endif
