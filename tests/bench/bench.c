#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double seconds_of(clockid_t clock)
{
    struct timespec t;
    (void)clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

double bench_now(void)
{
    return seconds_of(CLOCK_MONOTONIC);
}

double bench_cpu(void)
{
    return seconds_of(CLOCK_PROCESS_CPUTIME_ID);
}

void bench_row(const char *figure, double value, const char *unit)
{
    (void)printf("%s\t%.6g\t%s\n", figure, value, unit);
    (void)fflush(stdout);
}

void bench_row_of(const char *group, const char *figure, double value, const char *unit)
{
    char name[96];
    (void)snprintf(name, sizeof name, "%s.%s", group, figure);
    bench_row(name, value, unit);
}

_Noreturn void bench_die(const char *what)
{
    (void)fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

void bench_must(enum pt_err err, const char *what)
{
    if (err != PT_OK) {
        (void)fprintf(stderr, "bench: %s: %s\n", what, pt_err_name(err));
        exit(1);
    }
}

void *bench_need(void *made, const char *what)
{
    if (made == NULL) {
        bench_die(what);
    }
    return made;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_percentile(double *values, size_t n, double percent)
{
    if (n == 0) {
        return 0;
    }
    qsort(values, n, sizeof *values, compare);
    size_t at = (size_t)((double)(n - 1) * percent / 100);
    return values[at];
}

static const char *find(int argc, char **argv, const char *name)
{
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], name) == 0) {
            return argv[i + 1];
        }
    }
    return NULL;
}

size_t bench_number(int argc, char **argv, const char *name, size_t otherwise)
{
    const char *word = find(argc, argv, name);
    return word == NULL ? otherwise : strtoul(word, NULL, 10);
}

const char *bench_word(int argc, char **argv, const char *name)
{
    const char *word = find(argc, argv, name);
    if (word == NULL) {
        (void)fprintf(stderr, "bench: %s is missing\n", name);
        exit(2);
    }
    return word;
}
