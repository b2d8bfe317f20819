/* directory_find.c - questions that the directory answers. */
#include "directory.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *subject, const void *assessment)
{
    return strcmp(((const struct pt_subject *)subject)->text,
                  ((const struct directory_assessment *)assessment)->subject.text);
}

const struct directory_assessment *directory_find(const struct directory *directory, const struct pt_subject *subject)
{
    if (directory->n_assessments == 0) {
        return NULL; /* bsearch takes no NULL, not even of nothing */
    }
    return bsearch(subject, directory->assessments, directory->n_assessments, sizeof *directory->assessments, compare);
}

bool directory_names_has(const struct directory_names *names, const char *name)
{
    for (size_t i = 0; i < names->n; i++) {
        if (strcmp(names->list[i], name) == 0) {
            return true;
        }
    }
    return false;
}

bool directory_is_assigned(const struct directory_assessment *assessment, const char *surveyor)
{
    return directory_names_has(&assessment->surveyors, surveyor);
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
        if (!is_assigned_to(directory, subject, surveyor)) {
            subjects[(*n)++] = *subject;
        }
    }
    *out = subjects;
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
