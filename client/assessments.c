/* The list of assessments: what head office and region opened and assigned, as far as it has come here. */
#include "client/prune.h"

#include "base/mem.h"
#include "core/log/carried.h"
#include "core/log/receipts.h"
#include "core/log/texts.h"
#include "io/assessment/conditions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pt_kept *pt_kept_create(void)
{
    struct pt_kept *kept = pt_zalloc(sizeof *kept);
    if (kept != NULL) {
        pt_arena_init(&kept->arena, SIZE_MAX);
    }
    return kept;
}

void pt_kept_destroy(struct pt_kept *kept)
{
    if (kept != NULL) {
        pt_arena_close(&kept->arena);
        pt_free(kept);
    }
}

enum patuh_result pt_summary_read(struct patuh *device, const char *assessment, const char *action,
                                  pt_summary_reader read, void *out, struct pt_kept **kept,
                                  struct patuh_problem *problem)
{
    struct pt_problem inner = {0};
    struct pt_subject subject;
    struct pt_txn *txn = NULL;
    struct pt_work work;
    *kept = pt_kept_create();
    enum pt_err err = *kept == NULL ? PT_ENOMEM : pt_work_subject(assessment, &subject, &inner);
    if (err == PT_OK) {
        err = pt_store_begin_read(device->store, &txn);
    }
    if (err == PT_OK) {
        err = pt_device_work(&work, device, txn, &subject, true, &inner);
        if (err == PT_OK) {
            err = read(&work, txn, &(*kept)->arena, out);
        }
        pt_work_close(&work);
        pt_store_abort(txn);
    }
    if (err != PT_OK) {
        pt_kept_destroy(*kept);
        *kept = NULL;
    }
    return pt_device_tell(device, err, &inner, action, problem);
}

/* counted: what a receipt says of another branch, where nothing of ours has come yet, is no word about ours. */
static enum pt_err cover_tier(struct pt_txn *txn, const struct pt_head *head, enum pt_tier tier, struct pt_arena *arena,
                              uint64_t *covered, uint64_t *counted)
{
    struct pt_receipted row;
    enum pt_stand place = PT_STAND_NONE;
    enum pt_err err = pt_receipted(txn, head, tier, arena, &row);
    if (err == PT_OK && row.seq > *counted) {
        err = pt_logs_stand(txn, head, row.seq, &row.link, &place);
    }
    if (err == PT_OK) {
        bool returns = row.seq > *counted && row.seq <= head->recalled_seq; /* as in pt_receipt_covers */
        *counted = place == PT_STAND_GOOD || returns ? row.seq : *counted;
        err = pt_receipt_covers(txn, head, tier, covered);
    }
    return err;
}

/* The branch that stands is the one written here: then it counts as far as the ruling says. */
static enum pt_err count_standing(struct pt_txn *txn, const struct pt_head *head, const struct pt_authority *authority,
                                  struct pt_covered *out)
{
    enum pt_stand place = PT_STAND_NONE;
    const struct pt_ruling *ruling =
        authority == NULL || !head->forked ? NULL : pt_authority_ruling(authority, &head->log);
    enum pt_err err = ruling == NULL ? PT_OK : pt_logs_stand(txn, head, ruling->seq, &ruling->link, &place);
    if (err == PT_OK && place == PT_STAND_GOOD && ruling->seq > out->counted) {
        out->counted = ruling->seq;
    }
    return err;
}

enum pt_err pt_covered_read(struct pt_txn *txn, const struct pt_head *head, const struct pt_authority *authority,
                            struct pt_arena *arena, struct pt_covered *out)
{
    *out = (struct pt_covered){0};
    enum pt_err err = cover_tier(txn, head, PT_TIER_REGION, arena, &out->region, &out->counted);
    if (err == PT_OK) {
        err = cover_tier(txn, head, PT_TIER_NATIONAL, arena, &out->head_office, &out->counted);
    }
    if (err == PT_OK) {
        err = pt_carried_covers(txn, head, &out->carried);
    }
    return err == PT_OK ? count_standing(txn, head, authority, out) : err;
}

bool pt_covered_is_held(const struct pt_covered *covered)
{
    return covered->region > covered->counted || covered->head_office > covered->counted;
}

enum pt_err pt_places_add(struct pt_txn *txn, const struct pt_head *head, const struct pt_authority *authority,
                          struct pt_arena *arena, struct patuh_places *places)
{
    struct pt_covered covered;
    uint64_t last = head->tail_seq > head->seq ? head->tail_seq : head->seq;
    last = head->recalled_seq > last ? head->recalled_seq : last; /* on its way back */
    enum pt_err err = pt_covered_read(txn, head, authority, arena, &covered);
    if (err != PT_OK) {
        return err;
    }
    uint64_t at_top = covered.head_office > last ? last : covered.head_office;
    uint64_t at_region = covered.region > last ? last : covered.region;
    at_region = at_region > at_top ? at_region : at_top;
    uint64_t carried = covered.carried > last ? last : covered.carried;
    carried = carried > at_region ? carried : at_region;
    places->head_office += at_top;
    places->region += at_region - at_top;
    places->carried += carried - at_region;
    places->device += last - carried;
    places->held = places->held || pt_covered_is_held(&covered);
    return PT_OK;
}

static void count_answers(const struct pt_work *work, struct patuh_listed *out)
{
    for (size_t i = 0; i < work->state.answers.n_answers; i++) {
        const struct pt_answer *answer = &work->state.answers.answers[i];
        bool has_value = answer->n_values > 1 || answer->values[0].type != PT_VALUE_NONE || answer->n_evidence > 0;
        out->n_answered += has_value ? 1 : 0;
    }
}

static const char *join_names(const char *const *names, size_t n, struct pt_arena *arena)
{
    struct pt_buf text = {0};
    for (size_t i = 0; i < n; i++) {
        pt_buf_printf(&text, "%s%s", i == 0 ? "" : ", ", names[i]);
    }
    const char *kept = pt_arena_str(arena, pt_buf_text(&text));
    pt_buf_free(&text);
    return kept == NULL ? "" : kept;
}

/* Has what made the state left this device, and is it only held there? What others wrote has come from the office. */
static enum pt_err has_left(const struct pt_work *work, struct pt_txn *txn, struct pt_arena *arena, bool *left,
                            bool *held)
{
    const struct pt_claim *by = work->state.state_by;
    struct pt_head head;
    struct pt_covered covered = {0};
    *left = true;
    *held = false;
    if (by == NULL || !pt_work_is_own(work, by->view)) {
        return PT_OK;
    }
    enum pt_err err = pt_logs_find(txn, &by->view->log, &head);
    if (err == PT_OK) {
        err = pt_covered_read(txn, &head, &work->authority, arena, &covered);
    }
    *left = by->seq <= covered.region || by->seq <= covered.head_office;
    *held = *left && by->seq > covered.counted;
    return err;
}

static enum pt_msg advice_of_handed_in(const struct pt_work *work, const struct patuh_listed *line, bool left)
{
    if (line->held) {
        return PT_MSG_ADVICE_SUBMITTED_HELD;
    }
    if (line->revoked && work->state.state_by != NULL && pt_work_is_own(work, work->state.state_by->view)) {
        return PT_MSG_ADVICE_SUBMITTED_REVOKED; /* receipts do not say whether it was early enough */
    }
    if (!left && line->places.device == 0) {
        return PT_MSG_ADVICE_CARRIED;
    }
    return left ? pt_state_msg(work->state.state) : PT_MSG_ADVICE_NOT_SENT;
}

static enum pt_msg advice_of(const struct pt_work *work, const struct patuh_listed *line, bool left)
{
    bool mine = line->assigned;
    switch (work->state.state) {
    case PATUH__STATE__STATE_DRAFT:
        return mine ? PT_MSG_ADVICE_DRAFT : PT_MSG_STATE_DRAFT;
    case PATUH__STATE__STATE_HAS_ISSUES:
        if (mine && pt_work_taken_back(work) != PT_MSG_NONE) {
            return PT_MSG_ADVICE_UNCONFIRMED;
        }
        return mine ? PT_MSG_ADVICE_RETURNED : PT_MSG_STATE_HAS_ISSUES;
    case PATUH__STATE__STATE_SUBMITTED:
    case PATUH__STATE__STATE_NOT_ASSESSED:
        return advice_of_handed_in(work, line, left);
    case PATUH__STATE__STATE_APPROVED_REGION:
    case PATUH__STATE__STATE_APPROVED_NATIONAL:
    case PATUH__STATE__STATE_FIXED:
    case _PATUH__STATE_IS_INT_SIZE:
        break;
    }
    return pt_state_msg(work->state.state);
}

static const char *taken_back(const struct pt_work *work, struct pt_txn *txn, struct pt_arena *arena)
{
    enum pt_msg msg = pt_work_taken_back(work);
    const char *reason = "-";
    struct pt_buf text = {0};
    struct pt_hash hash;
    if (msg == PT_MSG_NONE) {
        return "";
    }
    const ProtobufCBinaryData *field = &work->state.state_move->reason;
    if (field->len == sizeof hash.b) {
        memcpy(hash.b, field->data, sizeof hash.b);
        reason = pt_text_get(txn, &work->subject, &hash, arena, &reason) == PT_OK ? reason : "...";
    }
    const char *author = pt_work_author(work, &work->state.state_by->view->log.author, arena);
    pt_say(&text, msg, author == NULL ? "" : author, reason, NULL);
    const char *kept = pt_arena_str(arena, pt_buf_text(&text));
    pt_buf_free(&text);
    return kept == NULL ? "" : kept; /* the arena remembers */
}

static enum pt_err advise(const struct pt_work *work, struct pt_txn *txn, struct pt_arena *arena,
                          struct patuh_listed *line)
{
    bool left = true;
    char comments[16];
    struct pt_buf text = {0};
    enum pt_err err = has_left(work, txn, arena, &left, &line->held);
    if (err != PT_OK) {
        return err;
    }
    (void)snprintf(comments, sizeof comments, "%u", line->n_comments);
    pt_say(&text, advice_of(work, line, left), line->assessment, comments, NULL);
    line->advice = pt_arena_str(arena, pt_buf_text(&text));
    err = line->advice == NULL ? PT_ENOMEM : text.err;
    pt_buf_free(&text);
    return err;
}

enum pt_err pt_summary_fill(struct pt_work *work, struct pt_txn *txn, struct pt_arena *arena, struct patuh_listed *out)
{
    const struct pt_assessment *state = &work->state;
    const Patuh__Opening *opening = state->opening;
    bool unit = opening != NULL && opening->unit_name != NULL;
    bool institution = opening != NULL && opening->institution_name != NULL;
    struct patuh_listed line = {
        .assessment = pt_arena_str(arena, pt_subject_name(&work->subject)),
        .unit = pt_arena_str(arena, unit ? opening->unit_name : ""),
        .institution = pt_arena_str(arena, institution ? opening->institution_name : ""),
        .state = pt_state_name(state->state),
        .assigned = pt_work_is_assigned(work),
        .ready = work->ready,
        .n_missing = (uint32_t)work->score.n_missing,
        .n_conflicts = (uint32_t)state->n_conflicts,
        .n_ineffective = (uint32_t)state->n_ineffective,
        .surveyors = join_names(state->surveyors, state->n_surveyors, arena),
        .advice = "",
        .taken_back = taken_back(work, txn, arena),
        .revoked = out->revoked,
    };
    count_answers(work, &line);
    for (size_t i = 0; i < state->n_comments; i++) {
        line.n_comments += state->comments[i].stands ? 1 : 0;
    }
    struct pt_head *heads;
    struct pt_conditions conditions;
    size_t n = 0;
    enum pt_err err = pt_conditions_check(work, arena, &conditions);
    line.n_broken = (uint32_t)conditions.n_broken;
    if (err == PT_OK) {
        err = pt_logs_list(txn, &work->subject, arena, &heads, &n);
    }
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        if (pt_author_eq(&heads[i].log.author, &work->place.author)) {
            err = pt_places_add(txn, &heads[i], &work->authority, arena, &line.places);
        }
    }
    size_t n_outside = 0;
    if (err == PT_OK) {
        err = pt_work_pending(work, &n_outside);
    }
    if (err == PT_OK) {
        line.n_outside = (uint32_t)n_outside;
        err = advise(work, txn, arena, &line);
    }
    *out = line;
    return err == PT_OK && arena->exhausted ? PT_ENOMEM : err;
}

static bool wrote_there(const struct pt_work *work)
{
    for (size_t v = 0; v < work->n_views; v++) {
        if (pt_work_is_own(work, &work->views[v]) && work->views[v].n_entries > 0) {
            return true;
        }
    }
    return false;
}

static enum pt_err add_line(struct patuh *device, struct pt_txn *txn, const struct pt_subject *subject,
                            struct pt_arena *arena, struct patuh_listed *out, bool *added, struct pt_problem *problem)
{
    struct pt_work work;
    enum pt_err err = pt_prune_line(device, txn, subject, arena, out);
    *added = err == PT_OK;
    if (err != PT_ENOTFOUND) {
        return err;
    }
    err = pt_device_work(&work, device, txn, subject, true, problem);
    *added = err == PT_OK && (pt_work_is_assigned(&work) || wrote_there(&work));
    if (*added) {
        out->revoked = device->revoked_ms != 0;
        err = pt_summary_fill(&work, txn, arena, out);
    }
    pt_work_close(&work);
    return err;
}

static int compare_lines(const void *a, const void *b)
{
    const struct patuh_listed *x = a;
    const struct patuh_listed *y = b;
    return strcmp(x->assessment, y->assessment);
}

static enum pt_err fill_list(struct patuh *device, struct pt_txn *txn, struct pt_arena *arena, struct patuh_list *out,
                             struct pt_problem *problem)
{
    struct pt_head *heads;
    size_t n_heads = 0;
    size_t n = 0;
    enum pt_err err = pt_logs_list(txn, NULL, arena, &heads, &n_heads);
    struct patuh_listed *items = err == PT_OK ? pt_arena_zalloc(arena, n_heads, sizeof *items) : NULL;
    if (err == PT_OK && items == NULL) {
        err = PT_ENOMEM;
    }
    const struct pt_subject *before = NULL;
    for (size_t i = 0; i < n_heads && err == PT_OK; i++) { /* sorted by subject: one round for each */
        const struct pt_subject *subject = &heads[i].log.subject;
        bool seen = before != NULL && pt_subject_eq(subject, before);
        before = subject;
        if (!seen && pt_subject_kind(subject) == PT_SUBJECT_ASSESSMENT) {
            bool added;
            err = add_line(device, txn, subject, arena, &items[n], &added, problem);
            n += added ? 1 : 0;
        }
    }
    if (err == PT_OK && n > 1) { /* keys of the store sort by length first */
        qsort(items, n, sizeof *items, compare_lines);
    }
    out->items = items;
    out->n_items = n;
    return err;
}

enum patuh_result patuh_list(struct patuh *device, struct patuh_list *out, struct patuh_problem *problem)
{
    struct pt_problem inner = {0};
    struct pt_txn *txn = NULL;
    struct pt_kept *kept = pt_kept_create();
    struct patuh_list list = {.memory = kept};
    enum pt_err err = kept == NULL ? PT_ENOMEM : pt_device_need_enrolment(device, &inner);
    if (err == PT_OK) {
        err = pt_store_begin_read(device->store, &txn);
    }
    if (err == PT_OK) {
        err = fill_list(device, txn, &kept->arena, &list, &inner);
        pt_store_abort(txn);
    }
    if (err == PT_OK) {
        *out = list;
    } else {
        pt_kept_destroy(kept);
    }
    return pt_device_tell(device, err, &inner, "list", problem);
}

void patuh_list_free(struct patuh_list *list)
{
    pt_kept_destroy(list->memory);
    *list = (struct patuh_list){0};
}
