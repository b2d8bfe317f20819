#include "directory.h"

#include "base/mem.h"
#include "core/merge/load.h"
#include "core/wire/unpack.h"

#include <stdlib.h>
#include <string.h>

static int compare_assessments(const void *a, const void *b)
{
    const struct directory_assessment *x = a;
    const struct directory_assessment *y = b;
    return strcmp(x->subject.text, y->subject.text);
}

static int compare_owns(const void *a, const void *b)
{
    return pt_author_cmp(&((const struct directory_own *)a)->author, &((const struct directory_own *)b)->author);
}

static void add_surveyor(struct directory_assessment *a, const char *name)
{
    for (size_t i = 0; i < a->n_surveyors; i++) {
        if (strcmp(a->surveyors[i], name) == 0) {
            return;
        }
    }
    a->surveyors[a->n_surveyors++] = name;
}

/* The same opening that counts in merge: of an office for itself, head office's before others. */
static void take_opening(struct directory *d, struct directory_assessment *a, const struct pt_author *author,
                         const struct pt_entry *entry)
{
    ProtobufCMessage *message;
    int tier;
    bool by_root = pt_authority_office(&d->authority, author)->is_root;
    if ((a->opening != NULL && (a->by_root || !by_root)) ||
        pt_unpack(&patuh__opening__descriptor, entry->detail, &d->arena, &message) != PT_OK) {
        return;
    }
    const Patuh__Opening *opening = (const Patuh__Opening *)message;
    if (opening->office != NULL && pt_authority_acts_for(&d->authority, author, opening->office, &tier)) {
        a->opening = opening;
        a->office = opening->office;
        a->by_root = by_root;
    }
}

static void take_entry(struct directory *d, struct directory_assessment *a, const struct pt_author *author,
                       const struct pt_entry *entry)
{
    ProtobufCMessage *message;
    if (entry->kind == PATUH__ENTRY_KIND__ENTRY_OPEN) {
        take_opening(d, a, author, entry);
    }
    if (entry->kind == PATUH__ENTRY_KIND__ENTRY_ASSIGN &&
        pt_unpack(&patuh__assignment__descriptor, entry->detail, &d->arena, &message) == PT_OK) {
        const Patuh__Assignment *assignment = (const Patuh__Assignment *)message;
        if (assignment->surveyor != NULL) {
            add_surveyor(a, assignment->surveyor);
        }
    }
}

/* Logs come sorted by subject: the assessment of the last one, or a new one. */
static struct directory_assessment *assessment_for(struct directory *d, const struct pt_subject *subject)
{
    if (d->n_assessments > 0 && pt_subject_eq(&d->assessments[d->n_assessments - 1].subject, subject)) {
        return &d->assessments[d->n_assessments - 1];
    }
    d->assessments[d->n_assessments] = (struct directory_assessment){.subject = *subject};
    return &d->assessments[d->n_assessments++];
}

static enum pt_err take_log(struct pt_txn *txn, struct directory *d, const struct pt_head *head)
{
    struct pt_view view;
    struct directory_assessment *a = assessment_for(d, &head->log.subject);
    if (pt_authority_office(&d->authority, &head->log.author) == NULL) {
        d->owns[d->n_owns++] = (struct directory_own){.author = head->log.author, .subject = head->log.subject};
        return PT_OK; /* only offices open and assign */
    }
    enum pt_err err = pt_logs_view(txn, head, 0, false, &d->arena, &view);
    if (err == PT_OK) {
        err = pt_authority_stand(&d->authority, &view, 1, &d->arena);
    }
    if (err != PT_OK) {
        return err;
    }
    const char **grown = pt_arena_zalloc(&d->arena, a->n_surveyors + view.n_entries, sizeof *grown);
    if (grown == NULL) {
        return PT_ENOMEM;
    }
    if (a->n_surveyors > 0) {
        memcpy(grown, a->surveyors, a->n_surveyors * sizeof *grown);
    }
    a->surveyors = grown;
    for (size_t i = 0; i < view.n_entries; i++) {
        take_entry(d, a, &head->log.author, &view.entries[i]);
    }
    return d->arena.exhausted ? PT_ENOMEM : PT_OK;
}

static enum pt_err build(struct pt_txn *txn, const struct office *office, struct directory *d)
{
    struct pt_head *heads;
    size_t n = 0;
    enum pt_err err = pt_logs_list(txn, NULL, &d->arena, &heads, &n);
    if (err == PT_OK) {
        err = pt_authority_load(txn, &office->root, &d->arena, &d->authority);
    }
    d->assessments = pt_arena_zalloc(&d->arena, n, sizeof *d->assessments);
    d->owns = pt_arena_zalloc(&d->arena, n, sizeof *d->owns);
    if (err == PT_OK && (d->assessments == NULL || d->owns == NULL)) {
        err = PT_ENOMEM;
    }
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        if (heads[i].log.subject.text[0] == 'a') {
            err = take_log(txn, d, &heads[i]);
        }
    }
    if (err == PT_OK) { /* log ids sort by length first; look-ups want plain order */
        qsort(d->assessments, d->n_assessments, sizeof *d->assessments, compare_assessments);
        qsort(d->owns, d->n_owns, sizeof *d->owns, compare_owns);
    }
    return err;
}

enum pt_err directory_open(const struct office *office, struct directory *out)
{
    struct pt_txn *txn;
    struct directory d = {0};
    enum pt_err err = pt_store_begin(office->store, false, &txn);
    if (err != PT_OK) {
        return err;
    }
    pt_arena_init(&d.arena, SIZE_MAX);
    err = build(txn, office, &d);
    pt_store_abort(txn);
    if (err != PT_OK) {
        directory_close(&d);
        return err;
    }
    *out = d;
    return PT_OK;
}

const char *directory_author(const struct pt_authority *authority, const struct pt_author *author,
                             struct pt_arena *arena)
{
    const struct pt_member *member = pt_authority_member(authority, author);
    const struct pt_office *office = pt_authority_office(authority, author);
    if (member != NULL) {
        return member->name;
    }
    const uint8_t *b = author->b;
    const char *unknown = office != NULL ? NULL : pt_arena_printf(arena, "?%02x%02x%02x%02x", b[0], b[1], b[2], b[3]);
    return office != NULL ? office->code : unknown == NULL ? "?" : unknown;
}

void directory_close(struct directory *directory)
{
    pt_arena_close(&directory->arena);
    *directory = (struct directory){0};
}

const struct directory_assessment *directory_find(const struct directory *directory, const struct pt_subject *subject)
{
    struct directory_assessment wanted = {.subject = *subject};
    return bsearch(&wanted, directory->assessments, directory->n_assessments, sizeof *directory->assessments,
                   compare_assessments);
}

bool directory_is_assigned(const struct directory_assessment *assessment, const char *surveyor)
{
    for (size_t i = 0; i < assessment->n_surveyors; i++) {
        if (strcmp(assessment->surveyors[i], surveyor) == 0) {
            return true;
        }
    }
    return false;
}

bool directory_is_of_root(const struct directory *directory, const struct office *office,
                          const struct pt_author *author)
{
    const struct pt_member *member = directory == NULL ? NULL : pt_authority_member(&directory->authority, author);
    bool of_root = pt_author_eq(author, &office->root);
    for (; member != NULL && !of_root; member = pt_authority_member_next(&directory->authority, member)) {
        of_root = member->office->is_root;
    }
    return of_root;
}

bool directory_has_cycle(const struct directory *directory, const char *surveyor, const char *cycle)
{
    for (size_t i = 0; i < directory->n_assessments; i++) {
        const struct directory_assessment *a = &directory->assessments[i];
        char of[PT_SUBJECT_BYTES_MAX + 1];
        pt_subject_cycle(&a->subject, of);
        if (strcmp(of, cycle) == 0 && directory_is_assigned(a, surveyor)) {
            return true;
        }
    }
    return false;
}

static void add_cycle(const struct pt_subject *assessment, struct pt_subject *subjects, size_t *n)
{
    char cycle[PT_SUBJECT_BYTES_MAX + 1];
    struct pt_subject subject;
    pt_subject_cycle(assessment, cycle);
    if (pt_subject_make(PT_SUBJECT_CYCLE, cycle, &subject) != PT_OK) {
        return; /* no log has such a subject */
    }
    for (size_t i = 0; i < *n; i++) {
        if (pt_subject_eq(&subjects[i], &subject)) {
            return;
        }
    }
    subjects[(*n)++] = subject;
}

/* The first log that the author wrote, or where it would stand. */
static size_t first_own(const struct directory *directory, const struct pt_author *author)
{
    size_t low = 0;
    size_t high = directory->n_owns;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (pt_author_cmp(&directory->owns[middle].author, author) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static size_t end_of_owns(const struct directory *directory, size_t first, const struct pt_author *author)
{
    while (first < directory->n_owns && pt_author_eq(&directory->owns[first].author, author)) {
        first++;
    }
    return first;
}

static bool is_assigned_to(const struct directory *directory, const struct pt_subject *subject, const char *surveyor)
{
    const struct directory_assessment *a = directory_find(directory, subject);
    return a != NULL && directory_is_assigned(a, surveyor);
}

bool directory_knows(const struct directory *directory, const struct pt_log_id *log)
{
    const struct pt_member *member = pt_authority_member(&directory->authority, &log->author);
    if (member != NULL && is_assigned_to(directory, &log->subject, member->name)) {
        return true;
    }
    size_t first = first_own(directory, &log->author);
    for (size_t i = first; i < end_of_owns(directory, first, &log->author); i++) {
        if (pt_subject_eq(&directory->owns[i].subject, &log->subject)) {
            return true;
        }
    }
    return false;
}

static size_t add_assigned(const struct directory *directory, const char *surveyor, struct pt_subject *subjects)
{
    size_t n = 0;
    for (size_t i = 0; i < directory->n_assessments; i++) { /* the cycles first: few to compare with */
        const struct directory_assessment *a = &directory->assessments[i];
        if (directory_is_assigned(a, surveyor)) {
            add_cycle(&a->subject, subjects, &n);
        }
    }
    for (size_t i = 0; i < directory->n_assessments; i++) {
        if (directory_is_assigned(&directory->assessments[i], surveyor)) {
            subjects[n++] = directory->assessments[i].subject;
        }
    }
    return n;
}

/* Several incarnations write about one subject. */
static bool is_first_about(const struct directory *directory, size_t first, size_t at)
{
    for (size_t i = first; i < at; i++) {
        if (pt_subject_eq(&directory->owns[i].subject, &directory->owns[at].subject)) {
            return false;
        }
    }
    return true;
}

enum pt_err directory_subjects(const struct directory *directory, const char *surveyor, const struct pt_author *author,
                               struct pt_arena *arena, struct pt_subject **out, size_t *n)
{
    size_t n_assigned = 0;
    size_t first = first_own(directory, author);
    size_t end = end_of_owns(directory, first, author);
    for (size_t i = 0; i < directory->n_assessments; i++) {
        n_assigned += directory_is_assigned(&directory->assessments[i], surveyor);
    }
    struct pt_subject *subjects = pt_arena_zalloc(arena, 2 * n_assigned + end - first, sizeof *subjects);
    if (subjects == NULL) {
        return pt_arena_err(arena);
    }
    *n = add_assigned(directory, surveyor, subjects);
    for (size_t i = first; i < end; i++) {
        const struct pt_subject *subject = &directory->owns[i].subject;
        if (!is_assigned_to(directory, subject, surveyor) && is_first_about(directory, first, i)) {
            subjects[(*n)++] = *subject;
        }
    }
    *out = subjects;
    return PT_OK;
}
