#include "commands/registry_check.h"

#include "cycle_data.h"
#include "directory.h"
#include "io/assessment/work.h"

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
    struct names {
        struct pt_buf text;
        size_t n;
    } taken, dropped; /* "62.71/disdukcapil (62 > 75), ...", "62.71/disdukcapil, ..." */
};

/* --- what is added and removed --- */

/* Every row of a registry begins with its code. */
static const char *code_at(const void *rows, size_t row_bytes, size_t i)
{
    const char *code;
    memcpy(&code, (const char *)rows + i * row_bytes, sizeof code);
    return code;
}

/* Both are sorted by code. */
static struct registry_change compare(const void *old, size_t n_old, const void *fresh, size_t n_fresh,
                                      size_t row_bytes)
{
    struct registry_change change = {0};
    size_t i = 0;
    size_t k = 0;
    while (i < n_old && k < n_fresh) {
        int order = strcmp(code_at(old, row_bytes, i), code_at(fresh, row_bytes, k));
        change.n_removed += order < 0;
        change.n_added += order > 0;
        i += order <= 0;
        k += order >= 0;
    }
    change.n_removed += n_old - i;
    change.n_added += n_fresh - k;
    return change;
}

static struct registry_changes changes_of(const struct checking *c)
{
    const struct pt_registry *old = &c->cycle.registry; /* empty when there is none */
    const struct pt_registry *fresh = c->fresh;
    return (struct registry_changes){
        .institutions = compare(old->institutions, old->n_institutions, fresh->institutions, fresh->n_institutions,
                                sizeof *old->institutions),
        .units = compare(old->units, old->n_units, fresh->units, fresh->n_units, sizeof *old->units),
        .products = compare(old->products, old->n_products, fresh->products, fresh->n_products, sizeof *old->products),
    };
}

/* --- what is opened --- */

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

/* It was listed until now: what has fallen out before keeps nothing back. */
static bool drops(const struct checking *c, const struct pt_subject *subject)
{
    char unit[PT_SUBJECT_BYTES_MAX + 1];
    pt_subject_unit(subject, unit);
    bool listed = !c->cycle.has_registry || pt_registry_unit(&c->cycle.registry, unit) != NULL;
    return listed && pt_registry_unit(c->fresh, unit) == NULL;
}

/* true: there is room for one more, and its name stands there. */
static bool add_name(struct names *names, const struct pt_subject *subject)
{
    char unit[PT_SUBJECT_BYTES_MAX + 1];
    pt_subject_unit(subject, unit);
    size_t n = names->n++;
    if (n < NAMES_MAX) {
        pt_buf_printf(&names->text, "%s%s", n == 0 ? "" : ", ", unit);
    } else if (n == NAMES_MAX) {
        pt_buf_put_str(&names->text, ", ...");
    }
    return n < NAMES_MAX;
}

static void add_taken(struct checking *c, const struct pt_subject *subject, const char *from)
{
    const char *to = office_of(c->fresh, subject);
    if (add_name(&c->taken, subject)) {
        pt_buf_printf(&c->taken.text, " (%s > %s)", from, to[0] == '\0' ? "-" : to);
    }
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
        add_taken(c, subject, now);
    } else if (err == PT_OK && now != NULL && drops(c, subject)) {
        (void)add_name(&c->dropped, subject);
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
        if (strcmp(code, cycle) == 0 && (gives_to_another(c, subject) || drops(c, subject))) {
            err = check_one(c, subject);
        }
    }
    err = err == PT_OK ? c->taken.text.err : err;
    return err == PT_OK ? c->dropped.text.err : err;
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

static enum pt_err refuse(enum pt_msg msg, const char *cycle, const struct names *names, struct pt_problem *problem)
{
    char count[24];
    (void)snprintf(count, sizeof count, "%zu", names->n);
    return pt_problem_set(problem, PT_EINVALID, msg, cycle, count, pt_buf_text(&names->text), NULL);
}

enum pt_err registry_check(const struct office *office, const char *cycle, const struct pt_registry *fresh,
                           struct registry_changes *out, struct pt_problem *problem)
{
    struct checking c = {.office = office, .fresh = fresh};
    enum pt_err err = cycle_data_open(office, cycle, &c.cycle);
    if (err != PT_OK) {
        return err;
    }
    err = directory_open(office, &c.directory);
    if (err == PT_OK) {
        err = check_opened(&c, cycle);
        directory_close(&c.directory);
    }
    *out = changes_of(&c);
    cycle_data_close(&c.cycle);
    if (err == PT_OK && c.taken.n > 0) {
        err = refuse(PT_MSG_REGISTRY_TAKES, cycle, &c.taken, problem);
    } else if (err == PT_OK && c.dropped.n > 0) {
        err = refuse(PT_MSG_REGISTRY_DROPS, cycle, &c.dropped, problem);
    }
    pt_buf_free(&c.taken.text);
    pt_buf_free(&c.dropped.text);
    return err;
}
