/* review_list.c - the assessments of an office as a reviewer looks for work in them. */
#include "base/json.h"
#include "base/text.h"
#include "review/review_print.h"
#include "waiting.h"

#include <stdio.h>
#include <string.h>

struct changed {
    size_t n;
    bool first;
};

/* "budi, siti" names this one? */
static bool has_name(const char *names, const char *name)
{
    size_t n = strlen(name);
    for (const char *at = strstr(names, name); at != NULL; at = strstr(at + 1, name)) {
        bool begins = at == names || at[-1] == ' ';
        if (begins && (at[n] == '\0' || at[n] == ',')) {
            return true;
        }
    }
    return false;
}

static bool is_meant(const struct waiting_assessment *a, const struct review_filter *filter)
{
    bool state = filter->state == NULL || strcmp(filter->state, pt_state_name(a->state)) == 0;
    return state && (filter->surveyor == NULL || has_name(a->surveyors, filter->surveyor));
}

static enum pt_err read_changed(const struct office *office, const char *assessment, struct changed *out)
{
    struct review_case c;
    struct review_change *changes;
    struct pt_problem ignored = {0};
    enum pt_err err = review_case_open(office, assessment, &c, &ignored);
    if (err == PT_OK) {
        err = review_changes(&c.work, &c.work.arena, &changes, &out->n, &out->first);
    }
    review_case_close(&c);
    return err == PT_EINVALID || err == PT_ENOTFOUND ? PT_OK : err; /* its instrument is not here yet */
}

static void put_json(struct pt_json *json, const struct waiting_assessment *a, const struct changed *changed)
{
    char time[24];
    pt_json_begin(json, NULL, '{');
    pt_json_text(json, "assessment", a->name);
    pt_json_text(json, "state", pt_state_name(a->state));
    pt_json_text(json, "since", a->since_ms == 0 ? "" : pt_time_text(a->since_ms / 1000, time, sizeof time));
    pt_json_text(json, "surveyors", a->surveyors);
    pt_json_count(json, "changed", changed->n);
    pt_json_bool(json, "first_submission", changed->first);
    pt_json_count(json, "conflicts", a->n_conflicts);
    pt_json_count(json, "pending", a->n_outside);
    pt_json_count(json, "ineffective", a->n_ineffective);
    pt_json_end(json, '}');
}

static void put_line(struct pt_buf *out, const struct waiting_assessment *a, const struct changed *changed)
{
    char time[24];
    const char *since = a->since_ms == 0 ? "-" : pt_time_text(a->since_ms / 1000, time, sizeof time);
    pt_buf_printf(out, "%-32s %-17s %-20s %-16s %7zu%c %8zu %8zu %8zu\n", a->name, pt_state_name(a->state), since,
                  a->surveyors, changed->n, changed->first ? '*' : ' ', a->n_conflicts, a->n_outside, a->n_ineffective);
}

static enum pt_err put_rows(const struct office *office, const struct waiting *waiting,
                            const struct review_filter *filter, struct pt_json *json, struct pt_buf *out)
{
    enum pt_err err = PT_OK;
    for (size_t i = 0; i < waiting->n_assessments && err == PT_OK; i++) {
        const struct waiting_assessment *a = &waiting->assessments[i];
        struct changed changed = {0};
        if (!is_meant(a, filter)) {
            continue;
        }
        err = read_changed(office, a->name, &changed);
        if (err == PT_OK && json != NULL) {
            put_json(json, a, &changed);
        } else if (err == PT_OK) {
            put_line(out, a, &changed);
        }
    }
    return err;
}

static bool is_state(const char *name)
{
    for (int i = 0; i <= PATUH__STATE__STATE_NOT_ASSESSED; i++) {
        if (strcmp(name, pt_state_name((Patuh__State)i)) == 0) {
            return true;
        }
    }
    return false;
}

enum pt_err review_put_list(const struct office *office, const struct review_filter *filter, bool json,
                            struct pt_buf *out, struct pt_problem *problem)
{
    struct waiting waiting;
    struct pt_json writer = {.out = out};
    if (filter->state != NULL && !is_state(filter->state)) {
        return pt_problem_set(problem, PT_EINVALID, PT_MSG_REVIEW_STATE_UNKNOWN, filter->state, NULL);
    }
    enum pt_err err = waiting_open(office, &waiting);
    if (err != PT_OK) {
        return err;
    }
    if (json) {
        pt_json_begin(&writer, NULL, '[');
    } else {
        pt_say(out, PT_MSG_REVIEW_LIST_HEAD, NULL);
        pt_buf_put_str(out, "\n");
    }
    err = put_rows(office, &waiting, filter, json ? &writer : NULL, out);
    if (json) {
        pt_json_end(&writer, ']');
        pt_buf_put_str(out, "\n");
    }
    waiting_close(&waiting);
    return err;
}
