/* review_list.c - the assessments of an office as a reviewer looks for work in them. */
#include "base/json.h"
#include "base/text.h"
#include "review/review_print.h"
#include "waiting.h"

#include <stdio.h>
#include <string.h>

/* What a row has beside what waits: it takes the answers themselves. */
struct figures {
    size_t n_changed;
    bool first;
    size_t n_missing; /* answers that are needed */
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

/* What all rows of one list share. */
struct listing {
    const struct office *office;
    const struct review_filter *filter;
    const struct waiting *waiting;
    struct pt_work_place place;
    struct pt_instruments instruments;
    struct pt_registries registries;
};

static enum pt_err count(const struct pt_work *work, struct pt_arena *arena, struct figures *out)
{
    struct review_change *changes;
    bool shown = work->ready && work->state.opening != NULL; /* else its instrument is not here yet */
    out->n_missing = shown ? work->score.n_missing : 0;
    return shown ? review_changes(work, arena, &changes, &out->n_changed, &out->first) : PT_OK;
}

static enum pt_err read_figures(const struct listing *l, const char *assessment, struct figures *out)
{
    struct pt_work work;
    struct pt_txn *txn;
    struct pt_subject subject;
    enum pt_err err = pt_subject_make(PT_SUBJECT_ASSESSMENT, assessment, &subject);
    if (err == PT_OK) {
        err = pt_store_begin_read(l->office->store, &txn);
    }
    if (err != PT_OK) {
        return err;
    }
    err = pt_work_load(&work, &l->place, txn, &subject, false, NULL);
    if (err == PT_OK) {
        err = count(&work, &work.arena, out);
    }
    pt_work_close(&work);
    pt_store_abort(txn);
    return err;
}

static void put_json(struct pt_json *json, const struct waiting_assessment *a, const struct figures *figures)
{
    char time[24];
    pt_json_begin(json, NULL, '{');
    pt_json_text(json, "assessment", a->name);
    pt_json_text(json, "state", pt_state_name(a->state));
    pt_json_text(json, "since", a->since_ms == 0 ? "" : pt_time_text(a->since_ms / 1000, time, sizeof time));
    pt_json_text(json, "surveyors", a->surveyors);
    pt_json_count(json, "changed", figures->n_changed);
    pt_json_bool(json, "first_submission", figures->first);
    pt_json_count(json, "missing", figures->n_missing);
    pt_json_count(json, "conflicts", a->n_conflicts);
    pt_json_count(json, "pending", a->n_outside);
    pt_json_count(json, "ineffective", a->n_ineffective);
    pt_json_bool(json, "awaits_chunks", a->incomplete);
    pt_json_end(json, '}');
}

static void put_line(struct pt_buf *out, const struct waiting_assessment *a, const struct figures *figures)
{
    char time[24];
    const char *since = a->since_ms == 0 ? "-" : pt_time_text(a->since_ms / 1000, time, sizeof time);
    pt_buf_printf(out, "%-32s %-17s %-20s %-16s %7zu%c %8zu %8zu %8zu %8zu\n", a->name, pt_state_name(a->state), since,
                  a->surveyors, figures->n_changed, figures->first ? '*' : ' ', figures->n_missing, a->n_conflicts,
                  a->n_outside, a->n_ineffective);
    if (a->incomplete) {
        pt_buf_put_str(out, "    ");
        pt_say(out, PT_MSG_REVIEW_INCOMPLETE, a->name, pt_state_name(a->state), NULL);
        pt_buf_put_str(out, "\n");
    }
}

static enum pt_err put_rows(const struct listing *l, struct pt_json *json, struct pt_buf *out)
{
    enum pt_err err = PT_OK;
    for (size_t i = 0; i < l->waiting->n_assessments && err == PT_OK; i++) {
        const struct waiting_assessment *a = &l->waiting->assessments[i];
        struct figures figures = {0};
        if (!is_meant(a, l->filter)) {
            continue;
        }
        err = office_is_stopping(l->office) ? PT_ECANCELED : read_figures(l, a->name, &figures);
        if (err == PT_OK && json != NULL) {
            put_json(json, a, &figures);
        } else if (err == PT_OK) {
            put_line(out, a, &figures);
        }
    }
    return err;
}

static enum pt_err put_list(struct listing *l, struct pt_json *json, struct pt_buf *out)
{
    pt_instruments_open(&l->instruments, l->office->blobs);
    pt_registries_open(&l->registries, l->office->blobs);
    l->place = office_place(l->office);
    l->place.authority = &l->waiting->directory.authority;
    l->place.instruments = &l->instruments;
    l->place.registries = &l->registries;
    enum pt_err err = put_rows(l, json, out);
    pt_instruments_close(&l->instruments);
    pt_registries_close(&l->registries);
    return err;
}

enum pt_err review_put_list(const struct office *office, const struct review_filter *filter, bool json,
                            struct pt_buf *out)
{
    struct waiting waiting;
    struct pt_json writer = {.out = out};
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
    struct listing listing = {.office = office, .filter = filter, .waiting = &waiting};
    err = put_list(&listing, json ? &writer : NULL, out);
    if (json) {
        pt_json_end(&writer, ']');
        pt_buf_put_str(out, "\n");
    }
    waiting_close(&waiting);
    return err;
}
