#include "io/work.h"

#include "base/mem.h"
#include "core/merge/cycle.h"
#include "core/sync/inbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- what merge looks up --- */

static enum pt_err open_instrument(struct pt_work *work, const struct pt_hash *hash, const struct pt_instrument **out)
{
    struct pt_buf bytes = {0};
    enum pt_err err = pt_blobs_get(work->place.blobs, hash, &bytes);
    if (err == PT_OK) {
        struct pt_instrument *instrument = pt_arena_zalloc(&work->arena, 1, sizeof *instrument);
        struct pt_bytes kept = pt_arena_dup(&work->arena, pt_buf_bytes(&bytes));
        err = instrument == NULL || kept.data == NULL ? PT_ENOMEM : pt_instrument_open(kept, &work->arena, instrument);
        if (err == PT_OK) {
            *out = instrument;
        }
    }
    pt_buf_free(&bytes);
    return err == PT_ENOTFOUND ? PT_OK : err;
}

static const struct pt_instrument *find_instrument(void *data, const struct pt_hash *hash)
{
    struct pt_work *work = data;
    for (size_t i = 0; i < work->n_opened; i++) {
        if (pt_hash_eq(&work->opened[i].hash, hash)) {
            return work->opened[i].instrument;
        }
    }
    struct pt_opened opened = {.hash = *hash};
    if (open_instrument(work, hash, &opened.instrument) != PT_OK) {
        return NULL; /* a damaged or newer instrument is like one that has not arrived */
    }
    if (pt_reserve(&work->opened, &work->opened_capacity, work->n_opened + 1, sizeof opened) == PT_OK) {
        work->opened[work->n_opened++] = opened;
    }
    return opened.instrument;
}

static const char *find_text(void *data, const struct pt_hash *hash)
{
    struct pt_work *work = data;
    const char *text = NULL;
    return pt_text_get(work->txn, &work->subject, hash, &work->arena, &text) == PT_OK ? text : NULL;
}

/* --- loading --- */

enum pt_err pt_work_subject(const char *assessment, struct pt_subject *out, struct pt_problem *problem)
{
    if (pt_subject_make(PT_SUBJECT_ASSESSMENT, assessment, out) != PT_OK) {
        return pt_problem_set(problem, PT_EINVALID, PT_MSG_CLIENT_ASSESSMENT_FORM, assessment, NULL);
    }
    return PT_OK;
}

static enum pt_err load_authority(struct pt_work *work)
{
    struct pt_head *heads;
    size_t n_heads = 0;
    enum pt_err err = pt_logs_list(work->txn, NULL, &work->arena, &heads, &n_heads);
    struct pt_view *views = err == PT_OK ? pt_arena_zalloc(&work->arena, n_heads, sizeof *views) : NULL;
    if (err == PT_OK && views == NULL) {
        err = PT_ENOMEM;
    }
    size_t n = 0;
    for (size_t i = 0; i < n_heads && err == PT_OK; i++) {
        if (pt_subject_kind(&heads[i].log.subject) == PT_SUBJECT_OFFICE) {
            err = pt_logs_view(work->txn, &heads[i], 0, false, &work->arena, &views[n++]);
        }
    }
    if (err == PT_OK) {
        err = pt_authority_build(views, n, &work->place.root, &work->arena, &work->authority);
    }
    return err;
}

static enum pt_err load_instrument(struct pt_work *work)
{
    char name[PT_SUBJECT_BYTES_MAX + 1];
    struct pt_subject subject;
    struct pt_view *views;
    size_t n = 0;
    struct pt_cycle cycle;
    pt_subject_cycle(&work->subject, name);
    enum pt_err err = pt_subject_make(PT_SUBJECT_CYCLE, name, &subject);
    if (err == PT_OK) {
        err = pt_logs_views(work->txn, &subject, 0, false, &work->arena, &views, &n);
    }
    if (err == PT_OK) {
        err = pt_authority_stand(&work->authority, views, n, &work->arena);
    }
    if (err == PT_OK) {
        err = pt_cycle_build(views, n, &work->place.root, &work->arena, &cycle);
    }
    if (err != PT_OK) {
        return err;
    }
    const struct pt_loaded *loaded = pt_cycle_current(&cycle, PATUH__ENTRY_KIND__ENTRY_INSTRUMENT);
    if (loaded != NULL) {
        work->instrument_hash = loaded->blob;
        work->instrument = find_instrument(work, &loaded->blob);
    }
    work->ready = work->instrument != NULL;
    return PT_OK;
}

static enum pt_err load_logs(struct pt_work *work, bool with_tail, struct pt_problem *problem)
{
    enum pt_err err =
        pt_logs_views(work->txn, &work->subject, 0, with_tail, &work->arena, &work->views, &work->n_views);
    if (err == PT_OK) {
        err = pt_authority_stand(&work->authority, work->views, work->n_views, &work->arena);
    }
    if (err == PT_OK && work->n_views == 0) {
        const char *name = pt_subject_name(&work->subject);
        err = pt_problem_set(problem, PT_ENOTFOUND, PT_MSG_CLIENT_NO_ASSESSMENT, name, NULL);
    }
    return err;
}

static struct pt_merge_input merge_input(struct pt_work *work, enum pt_level level)
{
    return (struct pt_merge_input){.subject = &work->subject,
                                   .views = work->views,
                                   .n_views = work->n_views,
                                   .authority = &work->authority,
                                   .instrument = work->instrument,
                                   .lookup = {.instrument = find_instrument, .data = work},
                                   .level = level};
}

enum pt_err pt_work_load(struct pt_work *work, const struct pt_work_place *place, struct pt_txn *txn,
                         const struct pt_subject *subject, bool with_tail, struct pt_problem *problem)
{
    *work = (struct pt_work){.place = *place, .txn = txn, .subject = *subject};
    pt_arena_init(&work->arena, SIZE_MAX);
    enum pt_err err = load_authority(work);
    if (err == PT_OK) {
        err = load_instrument(work);
    }
    if (err == PT_OK) {
        err = load_logs(work, with_tail, problem);
    }
    if (err == PT_OK) {
        struct pt_merge_input input = merge_input(work, PT_LEVEL_WORK);
        input.lookup.text = find_text;
        err = pt_merge(&input, &work->arena, &work->state);
    }
    if (err == PT_OK && work->ready) {
        err = pt_score_unit(work->instrument, &work->state.answers, &work->arena, &work->score);
    }
    work->txn = NULL;
    return err;
}

void pt_work_close(struct pt_work *work)
{
    pt_free(work->opened);
    pt_arena_close(&work->arena);
}

/* --- questions about it --- */

enum pt_err pt_work_pending(struct pt_work *work, size_t *n)
{
    struct pt_assessment counting;
    struct pt_merge_input input = merge_input(work, pt_level_of(work->state.state));
    *n = 0;
    if (input.level == PT_LEVEL_WORK) {
        return PT_OK; /* nothing counts yet: nothing is outside */
    }
    enum pt_err err = pt_merge(&input, &work->arena, &counting);
    *n = err == PT_OK ? counting.n_pending : 0;
    return err;
}

enum pt_err pt_work_need_instrument(const struct pt_work *work, struct pt_problem *problem)
{
    if (work->ready) {
        return PT_OK;
    }
    return pt_problem_set(problem, PT_EDENIED, PT_MSG_CLIENT_NO_INSTRUMENT, pt_subject_name(&work->subject), NULL);
}

bool pt_work_is_own(const struct pt_work *work, const struct pt_view *view)
{
    return pt_author_eq(&view->log.author, &work->place.author);
}

bool pt_work_is_assigned(const struct pt_work *work)
{
    for (size_t i = 0; i < work->state.n_surveyors; i++) {
        if (strcmp(work->state.surveyors[i], work->place.name) == 0) {
            return true;
        }
    }
    return false;
}

const char *pt_work_author(const struct pt_work *work, const struct pt_author *author, struct pt_arena *arena)
{
    const struct pt_member *member = pt_authority_member(&work->authority, author);
    if (member != NULL) {
        return pt_arena_str(arena, member->name);
    }
    const struct pt_office *office = pt_authority_office(&work->authority, author);
    if (office != NULL) {
        return pt_arena_str(arena, office->name[0] != '\0' ? office->name : office->code);
    }
    return pt_arena_printf(arena, "?%02x%02x%02x%02x", author->b[0], author->b[1], author->b[2], author->b[3]);
}

const char *pt_work_log_name(const struct pt_log_id *log, struct pt_arena *arena)
{
    const uint8_t *a = log->author.b;
    const char *name =
        pt_arena_printf(arena, "%02x%02x%02x%02x.%04x", a[0], a[1], a[2], a[3], (unsigned)(log->incarnation >> 48));
    return name == NULL ? "" : name;
}

uint32_t pt_work_instance(const struct pt_work *work, uint32_t repeat, const char *name)
{
    const struct pt_answers *answers = &work->state.answers;
    for (size_t i = 0; i < answers->n_instances; i++) {
        if (answers->instances[i].repeat == work->instrument->nodes[repeat].number &&
            strcmp(answers->instances[i].name, name) == 0) {
            return (uint32_t)i + 1;
        }
    }
    return 0;
}

const char *pt_work_kind_name(Patuh__EntryKind kind, struct pt_arena *arena)
{
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(&patuh__entry_kind__descriptor, (int)kind);
    if (value == NULL || strlen(value->name) <= strlen("ENTRY_")) {
        return "unknown";
    }
    char *name = pt_arena_str(arena, value->name + strlen("ENTRY_"));
    for (size_t i = 0; name != NULL && name[i] != '\0'; i++) {
        name[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] - 'A' + 'a' : name[i]);
    }
    return name == NULL ? "" : name;
}
