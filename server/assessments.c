#include "assessments.h"

#include "core/merge/seen.h"
#include "core/wire/pack.h"
#include "core/wire/unpack.h"
#include "io/clock.h"

#include <string.h>

bool person_name_ok(const char *name)
{
    size_t n = strlen(name);
    return n <= PT_INSTANCE_BYTES_MAX && pt_code_ok(name, n);
}

enum pt_err assignment_check(const struct office *office, const struct cycle_data *cycle,
                             const struct assignment *assignment, struct pt_problem *problem)
{
    char unit_code[PT_SUBJECT_BYTES_MAX + 1];
    char code[PT_SUBJECT_BYTES_MAX + 1];
    pt_subject_cycle(&assignment->subject, code);
    pt_subject_unit(&assignment->subject, unit_code);
    if (!person_name_ok(assignment->surveyor)) {
        return pt_problem_set(problem, PT_EINVALID, PT_MSG_NAME_INVALID, assignment->surveyor, NULL);
    }
    if (cycle->instrument_bytes.n == 0) {
        bool coming = pt_cycle_current(&cycle->cycle, PATUH__ENTRY_KIND__ENTRY_INSTRUMENT) != NULL;
        return pt_problem_set(problem, PT_EINVALID, coming ? PT_MSG_INSTRUMENT_COMING : PT_MSG_NO_INSTRUMENT, code,
                              NULL);
    }
    if (!cycle->has_registry) {
        bool coming = pt_cycle_current(&cycle->cycle, PATUH__ENTRY_KIND__ENTRY_REGISTRY) != NULL;
        return pt_problem_set(problem, PT_EINVALID, coming ? PT_MSG_REGISTRY_COMING : PT_MSG_NO_REGISTRY, code, NULL);
    }
    const struct pt_unit_row *unit = pt_registry_unit(&cycle->registry, unit_code);
    const struct pt_institution_row *institution =
        unit == NULL ? NULL : pt_registry_institution(&cycle->registry, unit->institution);
    if (institution == NULL) {
        return pt_problem_set(problem, PT_EINVALID, PT_MSG_UNIT_UNKNOWN, unit_code, NULL);
    }
    if (strcmp(institution->office, office->code) != 0) {
        return pt_problem_set(problem, PT_EINVALID, PT_MSG_UNIT_OTHER_OFFICE, unit_code, institution->office, NULL);
    }
    return PT_OK;
}

static enum pt_err add_products(Patuh__Opening *opening, const struct pt_registry *registry, const char *unit,
                                struct pt_arena *arena)
{
    size_t n = 0;
    const struct pt_product_row *rows = pt_registry_products(registry, unit, &n);
    Patuh__Product *items = pt_arena_zalloc(arena, n, sizeof *items);
    opening->product = pt_arena_zalloc(arena, n, sizeof(Patuh__Product *));
    if (items == NULL || opening->product == NULL) {
        return PT_ENOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        const char *slash = strrchr(rows[i].code, '/');
        patuh__product__init(&items[i]);
        items[i].code = pt_text_of(slash == NULL ? rows[i].code : slash + 1);
        items[i].name = pt_text_of(rows[i].name);
        opening->product[i] = &items[i];
    }
    opening->n_product = n;
    return PT_OK;
}

static enum pt_err opening_entry(const struct office *office, const struct cycle_data *cycle,
                                 const struct pt_subject *subject, int64_t wall_s, struct pt_arena *arena,
                                 struct pt_entry *out)
{
    char unit_code[PT_SUBJECT_BYTES_MAX + 1];
    Patuh__Opening opening = PATUH__OPENING__INIT;
    pt_subject_unit(subject, unit_code);
    const struct pt_unit_row *unit = pt_registry_unit(&cycle->registry, unit_code);
    const struct pt_institution_row *institution = pt_registry_institution(&cycle->registry, unit->institution);
    opening.unit_name = pt_text_of(unit->name);
    opening.unit_type = pt_text_of(unit->type);
    opening.institution_name = pt_text_of(institution->name);
    opening.institution_type = pt_text_of(institution->type);
    opening.office = pt_text_of(office->code);
    *out = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_OPEN, wall_s);
    enum pt_err err = add_products(&opening, &cycle->registry, unit_code, arena);
    return err == PT_OK ? pt_pack(&opening.base, arena, &out->detail) : err;
}

struct job {
    const struct office *office;
    const struct cycle_data *cycle;
    const struct assignment *assignments;
    size_t n;
    int64_t wall_s;
    size_t n_written;
};

static bool has_assignments(const struct pt_view *view)
{
    bool has = false;
    for (size_t i = 0; i < view->n_entries && !has; i++) {
        has = view->entries[i].kind == PATUH__ENTRY_KIND__ENTRY_ASSIGN;
    }
    return has;
}

/* The other logs that assign somebody, as far as they are here: what "instead of" had in view. */
static enum pt_err see_others(struct pt_txn *txn, const struct office *office, const struct pt_subject *subject,
                              struct pt_arena *arena, Patuh__Assignment *detail)
{
    struct pt_log_id own = {.subject = *subject, .author = office->author};
    struct pt_view *views;
    size_t n = 0;
    size_t n_others = 0;
    Patuh__Move move = PATUH__MOVE__INIT;
    enum pt_err err = office_incarnation(txn, &own.incarnation);
    if (err == PT_OK) {
        err = pt_logs_views(txn, subject, 0, false, arena, &views, &n);
    }
    for (size_t i = 0; err == PT_OK && i < n; i++) {
        if (has_assignments(&views[i])) {
            views[n_others++] = views[i];
        }
    }
    err = err == PT_OK ? pt_seen_cut(NULL, views, n_others, &own, arena, &move) : err;
    detail->n_seen = move.n_cut;
    detail->seen = move.cut;
    return err;
}

static enum pt_err assignment_entry(struct pt_txn *txn, const struct job *job, const struct assignment *assignment,
                                    struct pt_arena *arena, struct pt_entry *out)
{
    Patuh__Assignment detail = PATUH__ASSIGNMENT__INIT;
    enum pt_err err = PT_OK;
    detail.surveyor = pt_text_of(assignment->surveyor);
    detail.instead_of = pt_text_of(assignment->instead_of);
    if (assignment->instead_of != NULL) {
        err = see_others(txn, job->office, &assignment->subject, arena, &detail);
    }
    *out = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_ASSIGN, job->wall_s);
    return err != PT_OK ? err : pt_pack(&detail.base, arena, &out->detail);
}

/* What our own log about the assessment says so far. */
struct so_far {
    bool opened;
    bool assigned; /* this surveyor, now */
};

static void follow(const struct pt_entry *entry, const char *surveyor, struct pt_arena *arena, struct so_far *out)
{
    ProtobufCMessage *message;
    out->opened = out->opened || entry->kind == PATUH__ENTRY_KIND__ENTRY_OPEN;
    if (entry->kind != PATUH__ENTRY_KIND__ENTRY_ASSIGN ||
        pt_unpack(&patuh__assignment__descriptor, entry->detail, arena, &message) != PT_OK) {
        return;
    }
    const Patuh__Assignment *detail = (const Patuh__Assignment *)message;
    if (detail->instead_of != NULL && strcmp(detail->instead_of, surveyor) == 0) {
        out->assigned = false;
    }
    if (detail->surveyor != NULL && strcmp(detail->surveyor, surveyor) == 0) {
        out->assigned = true;
    }
}

static enum pt_err read_so_far(struct pt_txn *txn, const struct office *office, const struct assignment *assignment,
                               struct pt_arena *arena, struct so_far *out)
{
    struct pt_view *views;
    const struct pt_view **sorted = NULL;
    size_t n = 0;
    *out = (struct so_far){0};
    enum pt_err err = pt_logs_views(txn, &assignment->subject, 0, false, arena, &views, &n);
    if (err == PT_OK) {
        err = pt_views_by_age(views, n, arena, &sorted);
    }
    for (size_t v = 0; v < n && err == PT_OK; v++) { /* every incarnation of ours */
        bool own = pt_author_eq(&sorted[v]->log.author, &office->author);
        for (size_t i = 0; own && i < sorted[v]->n_entries; i++) {
            follow(&sorted[v]->entries[i], assignment->surveyor, arena, out);
        }
    }
    return err;
}

/* An assignment that stands already is not written again: the same file may be loaded twice. */
static enum pt_err write_one(struct pt_txn *txn, struct job *job, const struct assignment *assignment)
{
    struct pt_arena arena;
    struct pt_entry entries[2];
    struct so_far so_far;
    size_t n = 0;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = read_so_far(txn, job->office, assignment, &arena, &so_far);
    if (err == PT_OK && !so_far.opened) {
        err = opening_entry(job->office, job->cycle, &assignment->subject, job->wall_s, &arena, &entries[n++]);
    }
    if (err == PT_OK && (!so_far.assigned || assignment->instead_of != NULL)) {
        err = assignment_entry(txn, job, assignment, &arena, &entries[n++]);
    }
    if (err == PT_OK && n > 0) {
        err = office_log_in(txn, job->office, &assignment->subject, entries, n);
        job->n_written++;
    }
    pt_arena_close(&arena);
    return err;
}

static enum pt_err run_job(struct pt_txn *txn, struct pt_write_req *req)
{
    struct job *job = req->data;
    enum pt_err err = PT_OK;
    job->n_written = 0;
    for (size_t i = 0; i < job->n && err == PT_OK; i++) {
        err = write_one(txn, job, &job->assignments[i]);
    }
    return err;
}

enum pt_err assignments_write(struct office *office, const struct cycle_data *cycle,
                              const struct assignment *assignments, size_t n, size_t *n_written)
{
    struct job job = {.office = office, .cycle = cycle, .assignments = assignments, .n = n};
    job.wall_s = pt_now_read().wall_ms / 1000;
    enum pt_err err = office_write(office, run_job, &job);
    *n_written = job.n_written;
    return err;
}
