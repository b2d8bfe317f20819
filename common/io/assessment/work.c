#include "io/assessment/work.h"

#include "core/log/texts.h"
#include "core/merge/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- what merge looks up --- */

static struct pt_instruments *instruments_of(struct pt_work *work)
{
    return work->place.instruments != NULL ? work->place.instruments : &work->instruments;
}

static const struct pt_instrument *find_instrument(void *data, const struct pt_hash *hash)
{
    return pt_instruments_find(instruments_of(data), hash);
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
        return pt_problem_set(problem, PT_EINVALID, PT_MSG_ASSESSMENT_INVALID, assessment, NULL);
    }
    return PT_OK;
}

static enum pt_err load_authority(struct pt_work *work)
{
    if (work->place.authority != NULL) {
        work->authority = *work->place.authority;
        return PT_OK;
    }
    return pt_authority_load(work->txn, &work->place.root, &work->arena, &work->authority);
}

/* As the work keeps it, also when another registry is opened. */
static enum pt_err find_office(struct pt_work *work, const struct pt_loaded *registry)
{
    struct pt_registries own;
    struct pt_registries *registries = work->place.registries;
    if (registries == NULL) {
        pt_registries_open(&own, work->place.blobs);
        registries = &own;
    }
    const char *office = pt_registries_office(registries, &registry->blob, &work->subject);
    work->office = office == NULL ? NULL : pt_arena_str(&work->arena, office);
    bool lost = office != NULL && work->office == NULL;
    if (work->place.registries == NULL) {
        pt_registries_close(&own);
    }
    return lost ? PT_ENOMEM : PT_OK;
}

/* The instrument and whose the unit is. */
static enum pt_err load_cycle(struct pt_work *work)
{
    char code[PT_SUBJECT_BYTES_MAX + 1];
    struct pt_cycle cycle;
    pt_subject_cycle(&work->subject, code);
    enum pt_err err = pt_cycle_load(work->txn, code, &work->authority, &work->place.root, &work->arena, &cycle);
    if (err != PT_OK) {
        return err;
    }
    const struct pt_loaded *loaded = pt_cycle_current(&cycle, PATUH__ENTRY_KIND__ENTRY_INSTRUMENT);
    if (loaded != NULL) {
        work->instrument_hash = loaded->blob;
        work->instrument = pt_instruments_find(instruments_of(work), &loaded->blob);
    }
    work->ready = work->instrument != NULL;
    const struct pt_loaded *registry = pt_cycle_current(&cycle, PATUH__ENTRY_KIND__ENTRY_REGISTRY);
    return registry == NULL ? PT_OK : find_office(work, registry);
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
                                   .office = work->office,
                                   .instrument = work->instrument,
                                   .lookup = {.instrument = find_instrument, .data = work},
                                   .level = level};
}

enum pt_err pt_work_load_state(struct pt_work *work, const struct pt_work_place *place, struct pt_txn *txn,
                               const struct pt_subject *subject, bool with_tail, struct pt_problem *problem)
{
    *work = (struct pt_work){.place = *place, .txn = txn, .subject = *subject};
    pt_arena_init(&work->arena, SIZE_MAX);
    pt_instruments_open(&work->instruments, place->blobs);
    enum pt_err err = load_authority(work);
    if (err == PT_OK) {
        err = load_cycle(work);
    }
    if (err == PT_OK) {
        err = load_logs(work, with_tail, problem);
    }
    if (err == PT_OK) {
        struct pt_merge_input input = merge_input(work, PT_LEVEL_WORK);
        input.lookup.text = find_text;
        err = pt_merge(&input, &work->arena, &work->state);
    }
    work->txn = NULL;
    return err;
}

enum pt_err pt_work_load(struct pt_work *work, const struct pt_work_place *place, struct pt_txn *txn,
                         const struct pt_subject *subject, bool with_tail, struct pt_problem *problem)
{
    enum pt_err err = pt_work_load_state(work, place, txn, subject, with_tail, problem);
    if (err == PT_OK && work->ready) {
        err = pt_score_unit(work->instrument, &work->state.answers, &work->arena, &work->score);
    }
    return err;
}

void pt_work_close(struct pt_work *work)
{
    pt_instruments_close(&work->instruments);
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

enum pt_err pt_work_office_if(struct pt_work *work, const char *office, const char **out)
{
    struct pt_assessment then;
    struct pt_merge_input input = merge_input(work, PT_LEVEL_WORK);
    input.office = office;
    enum pt_err err = pt_merge(&input, &work->arena, &then);
    *out = err == PT_OK ? then.office : NULL;
    return err;
}

enum pt_msg pt_work_taken_back(const struct pt_work *work)
{
    const Patuh__Move *move = work->state.state_move;
    if (move == NULL || work->state.state_tier == 0) {
        return PT_MSG_NONE;
    }
    if (move->reopens > 0) {
        return PT_MSG_STATE_REOPENED;
    }
    if (move->to == PATUH__STATE__STATE_SUBMITTED) {
        return PT_MSG_STATE_UNAPPROVED;
    }
    bool asks = move->to != PATUH__STATE__STATE_HAS_ISSUES || move->n_comment > 0; /* a return says what to do */
    return asks ? PT_MSG_NONE : PT_MSG_STATE_UNCONFIRMED;
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

const char *pt_work_authors(const struct pt_work *work, const struct pt_register *reg, struct pt_arena *arena)
{
    struct pt_buf text = {0};
    for (size_t i = 0; i < reg->n_heads; i++) {
        const struct pt_author *author = &reg->heads[i].view->log.author;
        bool named = false; /* in another log of the same author */
        for (size_t k = 0; k < i; k++) {
            named = named || pt_author_eq(&reg->heads[k].view->log.author, author);
        }
        const char *name = named ? "" : pt_work_author(work, author, arena);
        pt_buf_printf(&text, "%s%s", named || text.n == 0 ? "" : ", ", name == NULL ? "" : name);
    }
    const char *kept = text.err == PT_OK ? pt_arena_str(arena, pt_buf_text(&text)) : NULL;
    pt_buf_free(&text);
    return kept;
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
