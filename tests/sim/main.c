/* main.c - sim: histories by seed. See README.md. */
#include "attempt.h"

#include "base/options.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define SHRINK_TRIES 80

static const char usage[] = "sim [--seed N | --seeds A-B] [--regions 1..3] [--devices N] [--days N] [--events N] "
                            "[--without FAULT,...] [--no-shrink]\n";

static bool number(const struct pt_option *option, size_t low, size_t high, size_t *out)
{
    int64_t value;
    if (option->value == NULL) {
        return true;
    }
    if (pt_int_read(pt_bytes_str(option->value), &value) != PT_OK || value < (int64_t)low ||
        (high < INT64_MAX && value > (int64_t)high)) {
        (void)fprintf(stderr, "%s %s: a number of at least %zu is needed\n", option->name, option->value, low);
        return false;
    }
    *out = (size_t)value;
    return true;
}

static bool seeds(const struct pt_option *option, uint64_t *first, uint64_t *last)
{
    const char *dash = option->value == NULL ? NULL : strchr(option->value, '-');
    int64_t from;
    int64_t to;
    if (option->value == NULL) {
        return true;
    }
    if (dash == NULL || pt_int_read(pt_bytes_of(option->value, (size_t)(dash - option->value)), &from) != PT_OK ||
        pt_int_read(pt_bytes_str(dash + 1), &to) != PT_OK || from < 0 || to < from) {
        (void)fprintf(stderr, "--seeds %s: two numbers with a hyphen between them are needed\n", option->value);
        return false;
    }
    *first = (uint64_t)from;
    *last = (uint64_t)to;
    return true;
}

static const char *fault_name(unsigned i)
{
    return sim_fault_name((enum sim_fault)i);
}

/* Bits of the names in a list with commas. */
static bool names(const struct pt_option *option, const char *(*name_of)(unsigned i), unsigned n_names, unsigned *out)
{
    const char *list = option->value;
    while (list != NULL && *list != '\0') {
        size_t n = strcspn(list, ",");
        unsigned i = 0;
        while (i < n_names && (strlen(name_of(i)) != n || strncmp(name_of(i), list, n) != 0)) {
            i++;
        }
        if (i == n_names) {
            (void)fprintf(stderr, "%s %s: there is no such name\n", option->name, list);
            return false;
        }
        *out |= 1u << i;
        list += n + (list[n] == ',');
    }
    return true;
}

static void tell(const struct sim_options *options, const struct sim_result *r, double seconds)
{
    (void)printf(
        "seed %llu: trace %016llx, %zu events, %zu steps, %zu sessions, %zu kB, %zu entries in %zu chunks, %zu "
        "merges, %zu looks, %zu approvals, %.1f s CPU, %.0f events a second, %.0f times real time\n",
        (unsigned long long)options->seed, (unsigned long long)r->trace, r->events, r->steps, r->sessions,
        r->bytes / 1000, r->entries, r->chunks, r->merges, r->looks, r->approvals, seconds,
        seconds > 0 ? (double)(r->events + r->steps) / seconds : 0,
        seconds > 0 ? (double)options->days * 86400 / seconds : 0);
    (void)printf("  faults:");
    for (int fault = 0; fault < SIM_FAULTS; fault++) {
        if (r->happened[fault] > 0) {
            (void)printf(" %s %zu", sim_fault_name((enum sim_fault)fault), r->happened[fault]);
        }
    }
    (void)printf("\n  deeds:");
    for (int deed = 0; deed < SIM_DEEDS; deed++) {
        if (r->deeds[deed] > 0) {
            (void)printf(" %s %zu", sim_deed_name((enum sim_deed)deed), r->deeds[deed]);
        }
    }
    (void)printf("\n");
}

static void tell_failure(const char *program, const struct sim_options *options, const struct sim_result *r,
                         bool shrinks)
{
    struct pt_buf line = {0};
    sim_replay_put(&line, options);
    (void)printf("seed %llu failed: %s (event %zu, step %zu)\nreplay:   %s %s\n", (unsigned long long)options->seed,
                 r->what, r->events, r->steps, program, pt_buf_text(&line));
    (void)fflush(stdout);
    pt_buf_free(&line);
    if (shrinks) {
        struct sim_options small = sim_shrink(options, r, SHRINK_TRIES);
        sim_replay_put(&line, &small);
        (void)printf("smallest: %s %s --no-shrink\n", program, pt_buf_text(&line));
        pt_buf_free(&line);
    }
}

/* CPU time of the histories so far, for the figures only. */
static double child_seconds(void)
{
    struct rusage used;
    (void)getrusage(RUSAGE_CHILDREN, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static size_t run(const char *program, struct sim_options options, uint64_t last, bool shrinks)
{
    size_t n_failed = 0;
    for (;; options.seed++) {
        struct sim_result result;
        double before = child_seconds();
        sim_attempt(&options, true, &result);
        if (result.failed) {
            n_failed++;
            tell_failure(program, &options, &result, shrinks);
        } else {
            tell(&options, &result, child_seconds() - before);
        }
        if (options.seed >= last) {
            return n_failed;
        }
    }
}

int main(int argc, char **argv)
{
    struct pt_option options[] = {
        {.name = "--seed", .has_value = true},    {.name = "--seeds", .has_value = true},
        {.name = "--regions", .has_value = true}, {.name = "--devices", .has_value = true},
        {.name = "--days", .has_value = true},    {.name = "--events", .has_value = true},
        {.name = "--without", .has_value = true}, {.name = "--no-shrink"},
    };
    struct pt_problem problem = {0};
    struct pt_words words = {0};
    struct sim_options o = sim_defaults();
    if (pt_options_read(argc - 1, (const char *const *)argv + 1, options, sizeof options / sizeof options[0], &words,
                        &problem) != PT_OK) {
        (void)fputs(usage, stderr);
        return 2;
    }
    size_t seed = o.seed;
    bool good = number(&options[0], 0, SIZE_MAX, &seed);
    uint64_t last = o.seed = seed;
    good = seeds(&options[1], &o.seed, &last) && number(&options[2], 1, SIM_REGIONS_MAX, &o.regions) &&
           number(&options[3], 1, 26, &o.devices) && number(&options[4], 1, 366, &o.days) &&
           number(&options[5], 0, SIZE_MAX, &o.events) && names(&options[6], fault_name, SIM_FAULTS, &o.without) &&
           good;
    if (!good) {
        (void)fputs(usage, stderr);
        return 2;
    }
    size_t n_failed = run(argv[0], o, last, options[7].n == 0);
    size_t n = (size_t)(last - o.seed) + 1;
    (void)printf("%zu passed, %zu failed\n", n - n_failed, n_failed);
    return n_failed == 0 ? 0 : 1;
}
