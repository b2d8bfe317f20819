#include "commands/registry_check.h"

#include "cycle_data.h"
#include "directory.h"
#include "io/work/work.h"

#include <stdio.h>
#include <string.h>

#define NAMES_MAX 8 /* in the sentence */

struct checking {
    const struct office *office;
    const struct pt_registry *fresh;
    struct cycle_data cycle; /* as it is now */
    struct directory directory;
    struct pt_work_place place; /* shared by all assessments */
    struct pt_instruments instruments;
    struct pt_registries registries;
    struct pt_buf names; /* "62.71/disdukcapil (62 > 75), ..." */
    size_t n;
};

static const char *office_of(const struct pt_registry *registry, const struct pt_subject *subject)
{
    char code[PT_SUBJECT_BYTES_MAX + 1];
    pt_subject_institution(subject, code);
    const struct pt_institution_row *row = pt_registry_institution(registry, code);
    return row == NULL ? "" : row->office;
}

static bool gives_to_another(const struct checking *c, const struct pt_subject *subject)
{
    return !c->cycle.has_registry || strcmp(office_of(&c->cycle.registry, subject), office_of(c->fresh, subject)) != 0;
}

static void add_name(struct checking *c, const struct pt_subject *subject, const char *from)
{
    char unit[PT_SUBJECT_BYTES_MAX + 1];
    pt_subject_unit(subject, unit);
    if (c->n < NAMES_MAX) {
        const char *to = office_of(c->fresh, subject);
        pt_buf_printf(&c->names, "%s%s (%s > %s)", c->n == 0 ? "" : ", ", unit, from, to[0] == '\0' ? "-" : to);
    } else if (c->n == NAMES_MAX) {
        pt_buf_put_str(&c->names, ", ...");
    }
    c->n++;
}

/* Merge says whose it is, now and then. */
static enum pt_err check_one(struct checking *c, const struct pt_subject *subject)
{
    struct pt_txn *txn;
    struct pt_work work;
    const char *then = NULL;
    enum pt_err err = office_is_stopping(c->office) ? PT_ECANCELED : pt_store_begin_read(c->office->store, &txn);
    if (err != PT_OK) {
        return err;
    }
    err = pt_work_load_state(&work, &c->place, txn, subject, false, NULL);
    const char *now = err == PT_OK ? work.state.office : NULL;
    if (now != NULL) {
        err = pt_work_office_if(&work, office_of(c->fresh, subject), &then);
    }
    if (err == PT_OK && now != NULL && (then == NULL || strcmp(now, then) != 0)) {
        add_name(c, subject, now);
    }
    pt_work_close(&work);
    pt_store_abort(txn);
    return err;
}

static enum pt_err check_all(struct checking *c, const char *cycle)
{
    char code[PT_SUBJECT_BYTES_MAX + 1];
    enum pt_err err = PT_OK;
    for (size_t i = 0; i < c->directory.n_assessments && err == PT_OK; i++) {
        const struct pt_subject *subject = &c->directory.assessments[i].subject;
        pt_subject_cycle(subject, code);
        if (strcmp(code, cycle) == 0 && gives_to_another(c, subject)) {
            err = check_one(c, subject);
        }
    }
    return err == PT_OK ? c->names.err : err;
}

static enum pt_err check_opened(struct checking *c, const char *cycle)
{
    pt_instruments_open(&c->instruments, c->office->blobs);
    pt_registries_open(&c->registries, c->office->blobs);
    c->place = office_place(c->office);
    c->place.authority = &c->directory.authority;
    c->place.instruments = &c->instruments;
    c->place.registries = &c->registries;
    enum pt_err err = check_all(c, cycle);
    pt_instruments_close(&c->instruments);
    pt_registries_close(&c->registries);
    return err;
}

enum pt_err registry_check(const struct office *office, const char *cycle, const struct pt_registry *fresh,
                           struct pt_problem *problem)
{
    struct checking c = {.office = office, .fresh = fresh};
    char count[24];
    enum pt_err err = cycle_data_open(office, cycle, &c.cycle);
    if (err != PT_OK) {
        return err;
    }
    err = directory_open(office, &c.directory);
    if (err == PT_OK) {
        err = check_opened(&c, cycle);
        directory_close(&c.directory);
    }
    cycle_data_close(&c.cycle);
    if (err == PT_OK && c.n > 0) {
        (void)snprintf(count, sizeof count, "%zu", c.n);
        err = pt_problem_set(problem, PT_EINVALID, PT_MSG_REGISTRY_TAKES, cycle, count, pt_buf_text(&c.names), NULL);
    }
    pt_buf_free(&c.names);
    return err;
}
