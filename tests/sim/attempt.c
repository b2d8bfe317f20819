#include "attempt.h"

#include "base/check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define EVENTS_MAX ((size_t)1 << 20) /* more than any history has */
#define TRACE_SHOWN ((size_t)3 * 1024)

static int answer_fd;
static bool tells;

static void answer(struct sim_result result)
{
    (void)!write(answer_fd, &result, sizeof result);
}

/* In the child: the promise that was broken goes to the parent, the trace to people. */
static void failed(struct world *w, const char *what)
{
    struct sim *s = w->data;
    s->result.failed = true;
    s->result.trace = w->trace_hash;
    s->result.steps = w->n_steps;
    (void)snprintf(s->result.what, sizeof s->result.what, "%s", what);
    if (tells) {
        size_t from = w->trace.n > TRACE_SHOWN ? w->trace.n - TRACE_SHOWN : 0;
        (void)fprintf(stderr, "%s\n", pt_buf_text(&w->trace) + from);
    }
    answer(s->result);
    _exit(3);
}

static void child(const struct sim_options *options, bool tell)
{
    struct sim_result result = {0};
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    tells = tell;
    if (!tell && nowhere >= 0) {
        (void)dup2(nowhere, STDERR_FILENO);
    }
    sim_run(options, failed, &result);
    answer(result);
    _exit(0);
}

void sim_attempt(const struct sim_options *options, bool tell, struct sim_result *out)
{
    int ends[2];
    int status = 0;
    *out = (struct sim_result){0};
    (void)fflush(NULL);
    PT_CHECK(pipe2(ends, O_CLOEXEC) == 0);
    pid_t pid = fork();
    PT_CHECK(pid >= 0);
    if (pid == 0) {
        answer_fd = ends[1];
        child(options, tell);
    }
    (void)close(ends[1]);
    bool answered = read(ends[0], out, sizeof *out) == (ssize_t)sizeof *out;
    (void)close(ends[0]);
    PT_CHECK(waitpid(pid, &status, 0) == pid);
    if (!answered) {
        *out = (struct sim_result){.failed = true};
        (void)snprintf(out->what, sizeof out->what, "the program died: %s %d",
                       WIFSIGNALED(status) ? "signal" : "status",
                       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    }
}

/* --- smaller --- */

struct shrinking {
    struct sim_options best;
    const char *what;
    size_t tries_left;
};

static bool try(struct shrinking *k, struct sim_options smaller)
{
    struct sim_result result;
    if (k->tries_left == 0) {
        return false;
    }
    k->tries_left--;
    sim_attempt(&smaller, false, &result);
    if (!result.failed || strcmp(result.what, k->what) != 0) {
        return false;
    }
    k->best = smaller;
    return true;
}

/* The least value that still fails, by halves: histories are not monotonic, so it is a good one, not the best. */
static bool lessen(struct shrinking *k, size_t *field_of_best, size_t least)
{
    bool changed = false;
    size_t low = least;
    while (low < *field_of_best && k->tries_left > 0) {
        struct sim_options smaller = k->best;
        size_t middle = low + (*field_of_best - low) / 2;
        size_t *field = (size_t *)(void *)((char *)&smaller + ((char *)field_of_best - (char *)&k->best));
        *field = middle;
        if (try(k, smaller)) {
            changed = true;
        } else {
            low = middle + 1;
        }
    }
    return changed;
}

struct sim_options sim_shrink(const struct sim_options *options, const struct sim_result *failure, size_t tries_max)
{
    struct shrinking k = {.best = *options, .what = failure->what, .tries_left = tries_max};
    bool changed = true;
    if (k.best.events > failure->events && failure->events > 0) {
        k.best.events = failure->events; /* it failed there */
    }
    k.best.events = k.best.events > EVENTS_MAX ? EVENTS_MAX : k.best.events;
    while (changed && k.tries_left > 0) {
        changed = lessen(&k, &k.best.days, 1);
        changed = lessen(&k, &k.best.devices, 1) || changed;
        changed = lessen(&k, &k.best.regions, 1) || changed;
        for (unsigned fault = 0; fault < SIM_FAULTS; fault++) {
            struct sim_options smaller = k.best;
            smaller.without |= 1u << fault;
            changed = (smaller.without != k.best.without && try(&k, smaller)) || changed;
        }
        changed = lessen(&k, &k.best.events, 0) || changed;
    }
    return k.best;
}

void sim_replay_put(struct pt_buf *out, const struct sim_options *options)
{
    struct sim_options usual = sim_defaults();
    pt_buf_printf(out, "--seed %llu", (unsigned long long)options->seed);
    if (options->regions != usual.regions) {
        pt_buf_printf(out, " --regions %zu", options->regions);
    }
    if (options->devices != usual.devices) {
        pt_buf_printf(out, " --devices %zu", options->devices);
    }
    if (options->days != usual.days) {
        pt_buf_printf(out, " --days %zu", options->days);
    }
    if (options->events != usual.events) {
        pt_buf_printf(out, " --events %zu", options->events);
    }
    const char *before = " --without ";
    for (unsigned fault = 0; fault < SIM_FAULTS; fault++) {
        if ((options->without & (1u << fault)) != 0) {
            pt_buf_printf(out, "%s%s", before, sim_fault_name((enum sim_fault)fault));
            before = ",";
        }
    }
}
