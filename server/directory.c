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
    const struct directory_own *x = a;
    const struct directory_own *y = b;
    int order = pt_author_cmp(&x->author, &y->author);
    return order != 0 ? order : strcmp(x->subject.text, y->subject.text);
}

/* --- one assessment --- */

/* What an assessment's logs say, read with room for one of them at a time. */
struct reading {
    struct pt_txn *txn;
    struct directory *d;
    struct pt_arena scratch;
};

/* Each name once. Out of memory: the arena remembers. */
static void add_name(struct directory *d, struct directory_names *names, const char *name)
{
    if (directory_names_has(names, name)) {
        return;
    }
    const char *kept = pt_arena_str(&d->arena, name);
    const char **grown = pt_arena_zalloc(&d->arena, names->n + 1, sizeof *grown);
    if (kept == NULL || grown == NULL) {
        return;
    }
    for (size_t i = 0; i < names->n; i++) {
        grown[i] = names->list[i];
    }
    grown[names->n++] = kept;
    names->list = grown;
}

static void take_opening(struct reading *r, struct directory_assessment *a, const struct pt_author *author,
                         const struct pt_entry *entry)
{
    ProtobufCMessage *message;
    enum pt_tier tier;
    if (pt_unpack(&patuh__opening__descriptor, entry->detail, &r->scratch, &message) != PT_OK) {
        return;
    }
    const char *office = ((const Patuh__Opening *)message)->office;
    if (office != NULL && pt_authority_acts_for(&r->d->authority, author, office, &tier)) {
        add_name(r->d, &a->offices, office);
    }
}

static void take_entry(struct reading *r, struct directory_assessment *a, const struct pt_author *author,
                       const struct pt_entry *entry)
{
    ProtobufCMessage *message;
    if (entry->kind == PATUH__ENTRY_KIND__ENTRY_OPEN) {
        take_opening(r, a, author, entry);
    }
    if (entry->kind == PATUH__ENTRY_KIND__ENTRY_ASSIGN &&
        pt_unpack(&patuh__assignment__descriptor, entry->detail, &r->scratch, &message) == PT_OK) {
        const Patuh__Assignment *assignment = (const Patuh__Assignment *)message;
        if (assignment->surveyor != NULL) {
            add_name(r->d, &a->surveyors, assignment->surveyor);
        }
    }
}

static bool is_by_office(const struct directory *d, const struct pt_log_id *log)
{
    return pt_authority_office(&d->authority, &log->author) != NULL;
}

static enum pt_err take_log(struct reading *r, const struct pt_head *head, struct directory_assessment *a)
{
    struct pt_view view;
    enum pt_err err = pt_logs_view(r->txn, head, 0, false, &r->scratch, &view);
    if (err == PT_OK) {
        err = pt_authority_stand(&r->d->authority, &view, 1, &r->scratch);
    }
    for (size_t i = 0; err == PT_OK && i < view.n_entries; i++) {
        take_entry(r, a, &head->log.author, &view.entries[i]);
    }
    bool exhausted = r->scratch.exhausted || r->d->arena.exhausted;
    return err == PT_OK && exhausted ? PT_ENOMEM : err;
}

/* heads: all logs of one assessment. Only offices open and assign. */
static enum pt_err read_assessment(struct reading *r, const struct pt_head *heads, size_t n,
                                   struct directory_assessment *out)
{
    enum pt_err err = PT_OK;
    *out = (struct directory_assessment){.subject = heads[0].log.subject};
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        if (is_by_office(r->d, &heads[i].log)) {
            err = take_log(r, &heads[i], out);
        }
    }
    return err;
}

/* --- all of them --- */

/* Adds behind the others; of an author with several incarnations the same again, but never twice in a row. */
static enum pt_err add_owns(struct directory *d, const struct pt_head *heads, size_t n)
{
    enum pt_err err = pt_reserve(&d->owns, &d->owns_capacity, d->n_owns + n, sizeof *d->owns);
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        if (!is_by_office(d, &heads[i].log)) {
            d->owns[d->n_owns++] =
                (struct directory_own){.author = heads[i].log.author, .subject = heads[i].log.subject};
        }
    }
    return err;
}

static enum pt_err add_assessment(struct reading *r, const struct pt_head *heads, size_t n)
{
    struct directory *d = r->d;
    enum pt_err err =
        pt_reserve(&d->assessments, &d->assessments_capacity, d->n_assessments + 1, sizeof *d->assessments);
    if (err == PT_OK) {
        err = read_assessment(r, heads, n, &d->assessments[d->n_assessments]);
        d->n_assessments += err == PT_OK;
    }
    return err == PT_OK ? add_owns(d, heads, n) : err;
}

/* Logs come sorted by subject. */
static size_t same_subject(const struct pt_head *heads, size_t n)
{
    size_t same = 1;
    while (same < n && pt_subject_eq(&heads[same].log.subject, &heads[0].log.subject)) {
        same++;
    }
    return same;
}

/* Log ids sort by length first, look-ups want plain order. */
static void sort(struct directory *d)
{
    size_t kept = 0;
    if (d->n_assessments > 0) {
        qsort(d->assessments, d->n_assessments, sizeof *d->assessments, compare_assessments);
    }
    if (d->n_owns > 0) {
        qsort(d->owns, d->n_owns, sizeof *d->owns, compare_owns);
    }
    for (size_t i = 0; i < d->n_owns; i++) { /* several incarnations write about one subject */
        if (i == 0 || compare_owns(&d->owns[i], &d->owns[kept - 1]) != 0) {
            d->owns[kept++] = d->owns[i];
        }
    }
    d->n_owns = kept;
}

static enum pt_err build(struct pt_txn *txn, const struct office *office, struct directory *d)
{
    struct reading r = {.txn = txn, .d = d};
    struct pt_arena list;
    struct pt_head *heads;
    size_t n = 0;
    pt_arena_init(&list, SIZE_MAX);
    pt_arena_init(&r.scratch, SIZE_MAX);
    enum pt_err err = pt_authority_load(txn, &office->root, &d->arena, &d->authority);
    if (err == PT_OK) {
        err = pt_logs_list(txn, NULL, &list, &heads, &n);
    }
    for (size_t i = 0, same; i < n && err == PT_OK; i += same) {
        same = same_subject(&heads[i], n - i);
        if (pt_subject_kind(&heads[i].log.subject) == PT_SUBJECT_ASSESSMENT) {
            err = add_assessment(&r, &heads[i], same);
            pt_arena_reset(&r.scratch);
        }
    }
    sort(d);
    d->built_bytes = d->arena.used;
    pt_arena_close(&r.scratch);
    pt_arena_close(&list);
    return err;
}

enum pt_err directory_open(const struct office *office, struct directory *out)
{
    struct pt_txn *txn;
    struct directory d = {0};
    enum pt_err err = pt_store_begin_read(office->store, &txn);
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

void directory_close(struct directory *directory)
{
    pt_free(directory->assessments);
    pt_free(directory->owns);
    pt_arena_close(&directory->arena);
    *directory = (struct directory){0};
}

/* --- following --- */

#define FOLLOWED_BYTES_MIN ((size_t)1 << 20)

bool directory_can_follow(const struct directory *directory, const struct pt_news *news)
{
    bool can = directory->arena.used <= 2 * directory->built_bytes + FOLLOWED_BYTES_MIN;
    for (size_t i = 0; i < news->n && can; i++) {
        can = news->items[i].lsn == 0 || pt_subject_kind(&news->items[i].log.subject) != PT_SUBJECT_OFFICE;
    }
    return can;
}

/* Where an item stands in a sorted array, or would stand. */
static size_t place_of(const void *key, const void *items, size_t n, size_t item_bytes,
                       int (*compare)(const void *a, const void *b))
{
    size_t low = 0;
    size_t high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare((const uint8_t *)items + middle * item_bytes, key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static enum pt_err put_assessment(struct directory *d, const struct directory_assessment *a)
{
    size_t at = place_of(a, d->assessments, d->n_assessments, sizeof *a, compare_assessments);
    if (at < d->n_assessments && pt_subject_eq(&d->assessments[at].subject, &a->subject)) {
        d->assessments[at] = *a;
        return PT_OK;
    }
    enum pt_err err = pt_reserve(&d->assessments, &d->assessments_capacity, d->n_assessments + 1, sizeof *a);
    if (err == PT_OK) {
        memmove(&d->assessments[at + 1], &d->assessments[at], (d->n_assessments - at) * sizeof *a);
        d->assessments[at] = *a;
        d->n_assessments++;
    }
    return err;
}

/* *at: where it is, or would be. */
static bool find_own(const struct directory *d, const struct directory_own *own, size_t *at)
{
    *at = place_of(own, d->owns, d->n_owns, sizeof *own, compare_owns);
    return *at < d->n_owns && compare_owns(&d->owns[*at], own) == 0;
}

static enum pt_err put_own(struct directory *d, const struct pt_log_id *log)
{
    struct directory_own own = {.author = log->author, .subject = log->subject};
    size_t at;
    if (is_by_office(d, log) || find_own(d, &own, &at)) {
        return PT_OK;
    }
    enum pt_err err = pt_reserve(&d->owns, &d->owns_capacity, d->n_owns + 1, sizeof own);
    if (err == PT_OK) {
        memmove(&d->owns[at + 1], &d->owns[at], (d->n_owns - at) * sizeof own);
        d->owns[at] = own;
        d->n_owns++;
    }
    return err;
}

static enum pt_err follow_one(struct reading *r, const struct pt_subject *subject)
{
    struct pt_head *heads;
    size_t n = 0;
    struct directory_assessment a;
    enum pt_err err = pt_logs_list(r->txn, subject, &r->scratch, &heads, &n);
    if (err == PT_OK && n > 0) {
        err = read_assessment(r, heads, n, &a);
        err = err == PT_OK ? put_assessment(r->d, &a) : err;
    }
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        err = put_own(r->d, &heads[i].log);
    }
    pt_arena_reset(&r->scratch);
    return err;
}

/* Offices open and assign; others only begin to write about an assessment. */
static bool says_something(const struct directory *d, const struct pt_news_item *item)
{
    struct directory_own own = {.author = item->log.author, .subject = item->log.subject};
    size_t at;
    return item->lsn != 0 && pt_subject_kind(&item->log.subject) == PT_SUBJECT_ASSESSMENT &&
           (is_by_office(d, &item->log) || !find_own(d, &own, &at));
}

enum pt_err directory_follow(struct directory *directory, const struct office *office, const struct pt_news *news)
{
    struct reading r = {.d = directory};
    const struct pt_subject *last = NULL;
    enum pt_err err = pt_store_begin_read(office->store, &r.txn);
    if (err != PT_OK) {
        return err;
    }
    pt_arena_init(&r.scratch, SIZE_MAX);
    for (size_t i = 0; i < news->n && err == PT_OK; i++) {
        const struct pt_subject *subject = &news->items[i].log.subject;
        bool again = last != NULL && pt_subject_eq(last, subject); /* the same log comes chunk by chunk */
        if (!again && says_something(directory, &news->items[i])) {
            err = follow_one(&r, subject);
            last = subject;
        }
    }
    pt_arena_close(&r.scratch);
    pt_store_abort(r.txn);
    return err;
}
