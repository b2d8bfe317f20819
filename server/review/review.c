#include "review/review.h"

#include "core/log/texts.h"
#include "core/merge/seen.h"
#include "core/wire/pack.h"
#include "io/assessment/conditions.h"
#include "io/clock.h"

#include <stdio.h>
#include <string.h>

/* --- reading --- */

enum pt_err review_load(const struct office *office, struct pt_txn *txn, const char *assessment, struct pt_work *work,
                        struct pt_problem *problem)
{
    struct pt_subject subject;
    struct pt_work_place place = office_place(office);
    *work = (struct pt_work){0};
    if (pt_subject_make(PT_SUBJECT_ASSESSMENT, assessment, &subject) != PT_OK) {
        return pt_problem_set(problem, PT_EINVALID, PT_MSG_ASSESSMENT_INVALID, assessment, NULL);
    }
    enum pt_err err = pt_work_load(work, &place, txn, &subject, false, problem);
    if (err == PT_ENOTFOUND || (err == PT_OK && work->state.opening == NULL)) {
        return pt_problem_set(problem, PT_ENOTFOUND, PT_MSG_REVIEW_NOT_HERE, assessment, NULL);
    }
    if (err == PT_OK && !work->ready) {
        return pt_problem_set(problem, PT_EINVALID, PT_MSG_ENTRY_NO_INSTRUMENT, NULL);
    }
    return err;
}

enum pt_err review_case_open(const struct office *office, const char *assessment, struct review_case *out,
                             struct pt_problem *problem)
{
    *out = (struct review_case){0};
    enum pt_err err = pt_store_begin_read(office->store, &out->txn);
    return err == PT_OK ? review_load(office, out->txn, assessment, &out->work, problem) : err;
}

void review_case_close(struct review_case *c)
{
    pt_work_close(&c->work);
    if (c->txn != NULL) {
        pt_store_abort(c->txn);
    }
    *c = (struct review_case){0};
}

enum pt_err review_path_read(const struct pt_instrument *instrument, const char *path, uint32_t *node, char *name,
                             struct pt_problem *problem)
{
    uint32_t found = pt_node_find(instrument, pt_bytes_str(path));
    if (found != PT_NONE && instrument->nodes[found].type == PT_NODE_REPEAT) {
        *node = found;
        name[0] = '\0';
        return PT_OK;
    }
    enum pt_err err = pt_path_read(instrument, path, node, name, problem);
    if (err != PT_OK && problem != NULL && problem->msg == PT_MSG_PATH_UNKNOWN) { /* a device has another command */
        char unknown[PT_PROBLEM_ARG_BYTES];
        (void)snprintf(unknown, sizeof unknown, "%s", problem->arg[0]);
        return pt_problem_set(problem, err, PT_MSG_REVIEW_PATH_UNKNOWN, unknown, NULL);
    }
    return err;
}

const char *review_entry_name(const struct pt_view *view, uint64_t seq, struct pt_arena *arena)
{
    const char *name = pt_arena_printf(arena, "%s:%llu", pt_work_log_name(&view->log, arena), (unsigned long long)seq);
    return name == NULL ? "" : name;
}

/* --- who may --- */

struct acting {
    const struct office *office;
    const struct reviewer *by;
    const struct review_act *act;
    struct pt_problem *problem;
    struct pt_txn *txn;
    struct pt_work work;
    enum pt_tier tier;
    struct review_done done;
};

static enum pt_err refuse(struct acting *a, enum pt_msg why)
{
    const char *state = pt_state_name(a->work.state.state);
    return pt_problem_set(a->problem, PT_EINVALID, why, a->act->assessment, state, NULL);
}

static enum pt_err check_reviewer(struct acting *a)
{
    const struct pt_authority *authority = &a->work.authority;
    if (pt_authority_member(authority, &a->by->author) == NULL) {
        return pt_problem_set(a->problem, PT_EDENIED, PT_MSG_REVIEWER_UNKNOWN, a->by->name, NULL);
    }
    if (pt_authority_is_revoked(authority, &a->by->author, a->office->code)) {
        return pt_problem_set(a->problem, PT_EDENIED, PT_MSG_REVIEWER_REVOKED, a->by->name, NULL);
    }
    if (!pt_authority_acts_for(authority, &a->by->author, a->work.state.office, &a->tier)) {
        return pt_problem_set(a->problem, PT_EDENIED, PT_MSG_REVIEWER_NOT_IN_CHARGE, a->by->name, a->act->assessment,
                              a->work.state.office, NULL);
    }
    return PT_OK;
}

/* Head office assesses some units itself: nobody stands between it and them. */
static bool is_own_unit(const struct acting *a)
{
    const struct pt_office *office = pt_authority_office_by_code(&a->work.authority, a->work.state.office);
    return office != NULL && office->is_root;
}

/* What head office approved is its own to take back; what it returned, or gave back to the region, is not. */
static enum pt_err check_not_above(struct acting *a)
{
    Patuh__State state = a->work.state.state;
    if (state == PATUH__STATE__STATE_FIXED) {
        return refuse(a, PT_MSG_REVIEW_FIXED);
    }
    bool approved = state == PATUH__STATE__STATE_APPROVED_REGION || state == PATUH__STATE__STATE_APPROVED_NATIONAL ||
                    state == PATUH__STATE__STATE_NOT_ASSESSED;
    return approved && a->work.state.state_tier > a->tier ? refuse(a, PT_MSG_REVIEW_UPPER) : PT_OK;
}

/* Who goes on from a move has to have what it names: else the next cut would be poorer than the last. */
static enum pt_err check_whole(struct acting *a)
{
    return a->work.state.incomplete ? refuse(a, PT_MSG_REVIEW_INCOMPLETE) : PT_OK;
}

static enum pt_err check_return(struct acting *a)
{
    if (a->work.state.state == PATUH__STATE__STATE_DRAFT) {
        return refuse(a, PT_MSG_REVIEW_NOT_SUBMITTED);
    }
    if (a->act->n_comments == 0) {
        return refuse(a, PT_MSG_REVIEW_COMMENT_NEEDED);
    }
    return PT_OK;
}

static enum pt_err check_conflicts(struct acting *a)
{
    const struct pt_answers *answers = &a->work.state.answers;
    struct pt_buf paths = {0};
    char count[24];
    if (a->work.state.n_conflicts == 0) {
        return PT_OK;
    }
    (void)snprintf(count, sizeof count, "%zu", a->work.state.n_conflicts);
    for (size_t i = 0; i < answers->n_answers; i++) {
        const struct pt_answer *answer = &answers->answers[i];
        uint32_t node = pt_node_by_number(a->work.instrument, answer->question);
        if (answer->n_values > 1 && node != PT_NONE) { /* else a question of an earlier version only */
            pt_buf_put_str(&paths, paths.n == 0 ? "" : ", ");
            const char *instance = answer->instance == 0 ? "" : answers->instances[answer->instance - 1].name;
            pt_path_put(&paths, a->work.instrument, node, instance);
        }
    }
    enum pt_err err = pt_problem_set(a->problem, PT_EINVALID, PT_MSG_REVIEW_CONFLICTS, a->act->assessment, count,
                                     pt_buf_text(&paths), NULL);
    pt_buf_free(&paths);
    return err;
}

static bool is_approved_here(const struct acting *a)
{
    Patuh__State state = a->work.state.state;
    bool region = state == PATUH__STATE__STATE_APPROVED_REGION && a->tier == PT_TIER_REGION;
    bool nation = state == PATUH__STATE__STATE_APPROVED_NATIONAL && a->tier == PT_TIER_NATIONAL;
    return region || nation || (state == PATUH__STATE__STATE_NOT_ASSESSED && a->work.state.state_tier == a->tier);
}

/* Approving again takes in what came after the approval. */
static enum pt_err check_approve(struct acting *a)
{
    Patuh__State state = a->work.state.state;
    size_t n_pending = 0;
    enum pt_err err = pt_work_pending(&a->work, &n_pending);
    if (err != PT_OK) {
        return err;
    }
    if (is_approved_here(a) && n_pending == 0) {
        return refuse(a, PT_MSG_REVIEW_APPROVED_ALREADY);
    }
    bool handed_in = state == PATUH__STATE__STATE_SUBMITTED || state == PATUH__STATE__STATE_NOT_ASSESSED ||
                     state == PATUH__STATE__STATE_APPROVED_REGION || is_approved_here(a);
    if (!handed_in) {
        return refuse(a, PT_MSG_REVIEW_NOT_SUBMITTED);
    }
    bool by_region = state != PATUH__STATE__STATE_SUBMITTED && a->work.state.state_tier != PT_TIER_DEVICE;
    if (a->tier == PT_TIER_NATIONAL && !by_region && !is_own_unit(a)) {
        return refuse(a, PT_MSG_REVIEW_REGION_FIRST);
    }
    return check_conflicts(a);
}

static enum pt_err check_unapprove(struct acting *a)
{
    if (!is_approved_here(a)) {
        return refuse(a, PT_MSG_REVIEW_NOT_APPROVED);
    }
    return PT_OK;
}

/* --- entries --- */

static enum pt_err put_text(struct acting *a, const char *text, struct pt_hash **out)
{
    struct pt_random random = pt_random_system();
    *out = pt_arena_zalloc(&a->work.arena, 1, sizeof **out);
    return *out == NULL ? PT_ENOMEM
                        : pt_text_keep(a->txn, &a->work.subject, &random, text, PT_TEXT_BYTES_MAX, *out, a->problem);
}

/* A product or respondent that is not there is no place for a comment: no device would show it to anybody. */
static enum pt_err check_instance(struct acting *a, uint32_t node, const char *name)
{
    const struct pt_node *at = &a->work.instrument->nodes[node];
    uint32_t repeat = at->type == PT_NODE_REPEAT ? node : at->repeat;
    if (name[0] == '\0' || pt_work_instance(&a->work, repeat, name) != 0) {
        return PT_OK;
    }
    return pt_problem_set(a->problem, PT_ENOTFOUND, PT_MSG_REVIEW_NO_INSTANCE, a->act->assessment,
                          a->work.instrument->nodes[repeat].name, name, NULL);
}

static enum pt_err fill_comment(struct acting *a, const struct review_comment *from, Patuh__Comment *out)
{
    uint32_t node;
    char name[PT_INSTANCE_BYTES_MAX + 1];
    struct pt_hash *hash;
    enum pt_err err = review_path_read(a->work.instrument, from->path, &node, name, a->problem);
    if (err == PT_OK) {
        err = check_instance(a, node, name);
    }
    if (err == PT_OK) {
        err = put_text(a, from->text, &hash);
    }
    if (err != PT_OK) {
        return err;
    }
    const char *kept = pt_arena_str(&a->work.arena, name);
    patuh__comment__init(out);
    out->has_question = out->has_text = true;
    out->has_instance = kept != NULL && kept[0] != '\0';
    out->question = a->work.instrument->nodes[node].number;
    out->instance = pt_binary((const uint8_t *)kept, kept == NULL ? 0 : strlen(kept));
    out->text = pt_binary(hash->b, sizeof hash->b);
    return kept == NULL ? PT_ENOMEM : PT_OK;
}

/* Its own: those of an earlier return stand beside them until somebody goes on from there. */
static enum pt_err fill_comments(struct acting *a, Patuh__Move *move)
{
    size_t n = a->act->n_comments;
    Patuh__Comment *items = pt_arena_zalloc(&a->work.arena, n, sizeof *items);
    move->comment = pt_arena_zalloc(&a->work.arena, n, sizeof *move->comment);
    if (items == NULL || move->comment == NULL) {
        return PT_ENOMEM;
    }
    enum pt_err err = PT_OK;
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        err = fill_comment(a, &a->act->comments[i], &items[i]);
        move->comment[move->n_comment++] = &items[i];
    }
    return err;
}

static enum pt_err move_entry(struct acting *a, Patuh__State to, const struct pt_log_id *own, struct pt_entry *out)
{
    Patuh__Move move = PATUH__MOVE__INIT;
    struct pt_hash *reason = NULL;
    move.has_to = true;
    move.to = to;
    enum pt_err err = pt_seen_cut(&a->work.state, a->work.views, a->work.n_views, own, &a->work.arena, &move);
    if (err == PT_OK && move.n_cut > PT_CUT_LOGS_MAX) {
        err = pt_problem_set(a->problem, PT_ELIMIT, PT_MSG_MANY_LOGS, a->act->assessment, NULL);
    }
    if (err == PT_OK && a->act->kind == REVIEW_RETURN) {
        err = fill_comments(a, &move);
    }
    if (err == PT_OK && a->act->reason != NULL) {
        err = put_text(a, a->act->reason, &reason);
    }
    if (err == PT_OK && reason != NULL) {
        move.has_reason = true;
        move.reason = pt_binary(reason->b, sizeof reason->b);
    }
    *out = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_MOVE, pt_now_read().wall_ms / 1000);
    return err == PT_OK ? pt_pack(&move.base, &a->work.arena, &out->detail) : err;
}

/* The one head whose name begins as typed. */
static enum pt_err find_head(struct acting *a, const struct pt_register *reg, const struct pt_claim **out)
{
    size_t n_found = 0;
    for (size_t i = 0; i < reg->n_heads; i++) {
        const char *name = review_entry_name(reg->heads[i].view, reg->heads[i].seq, &a->work.arena);
        size_t n = strlen(a->act->entry);
        if (strcmp(name, a->act->entry) == 0) {
            *out = &reg->heads[i];
            return PT_OK;
        }
        if (n > 0 && strncmp(name, a->act->entry, n) == 0) {
            n_found++;
            *out = &reg->heads[i];
        }
    }
    if (n_found == 1) {
        return PT_OK;
    }
    return pt_problem_set(a->problem, PT_ENOTFOUND, PT_MSG_DECIDE_ENTRY, a->act->entry, a->act->path, NULL);
}

/* The decision has seen every value that stands. */
static enum pt_err refer_heads(struct acting *a, const struct pt_register *reg, struct pt_entry *entry)
{
    struct pt_entry_ref *refs = pt_arena_zalloc(&a->work.arena, reg->n_heads, sizeof *refs);
    if (refs == NULL) {
        return PT_ENOMEM;
    }
    if (reg->n_heads > PT_ENTRY_REPLACES_MAX) {
        return PT_ELIMIT;
    }
    for (size_t i = 0; i < reg->n_heads; i++) {
        (void)pt_seen_refer(reg->heads[i].view, reg->heads[i].seq, &refs[i]);
    }
    entry->replaces = refs;
    entry->n_replaces = reg->n_heads;
    return PT_OK;
}

static enum pt_err find_register(struct acting *a, uint32_t *question, const char **instance,
                                 const struct pt_register **reg)
{
    uint32_t node;
    char name[PT_INSTANCE_BYTES_MAX + 1];
    enum pt_err err = review_path_read(a->work.instrument, a->act->path, &node, name, a->problem);
    if (err != PT_OK) {
        return err;
    }
    const struct pt_node *at = &a->work.instrument->nodes[node];
    uint32_t number = name[0] == '\0' ? 0 : pt_work_instance(&a->work, at->repeat, name);
    const struct pt_answer *answer = pt_assessment_answer(&a->work.state, at->number, number, reg);
    if (answer == NULL || answer->n_values < 2) {
        return pt_problem_set(a->problem, PT_EINVALID, PT_MSG_DECIDE_NO_CONFLICT, a->act->path, a->act->assessment,
                              NULL);
    }
    *question = at->number;
    *instance = pt_arena_str(&a->work.arena, name);
    return *instance == NULL ? PT_ENOMEM : PT_OK;
}

static enum pt_err decide_entry(struct acting *a, struct pt_entry *out)
{
    const struct pt_register *reg;
    const struct pt_claim *head = NULL;
    struct pt_hash *reason = NULL;
    Patuh__Decision decision = PATUH__DECISION__INIT;
    *out = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_DECIDE, pt_now_read().wall_ms / 1000);
    enum pt_err err = find_register(a, &out->question, &out->instance, &reg);
    if (err == PT_OK) {
        err = find_head(a, reg, &head);
    }
    if (err == PT_OK && head != NULL) {
        out->value = head->value;
        err = refer_heads(a, reg, out);
    }
    if (err == PT_OK) {
        err = put_text(a, a->act->reason, &reason);
    }
    if (err == PT_OK) {
        decision.has_reason = true;
        decision.reason = pt_binary(reason->b, sizeof reason->b);
        err = pt_pack(&decision.base, &a->work.arena, &out->detail);
    }
    return err;
}

/* --- one act --- */

/* Nobody handed in an assessment that is not assessed after all: it goes back to whoever proposed it. */
static Patuh__State taken_back_state(const struct acting *a)
{
    bool proposed = a->work.state.state == PATUH__STATE__STATE_NOT_ASSESSED;
    return proposed ? PATUH__STATE__STATE_HAS_ISSUES : PATUH__STATE__STATE_SUBMITTED;
}

static Patuh__State approved_state(const struct acting *a)
{
    if (a->work.state.state == PATUH__STATE__STATE_NOT_ASSESSED) {
        return PATUH__STATE__STATE_NOT_ASSESSED;
    }
    return a->tier == PT_TIER_NATIONAL ? PATUH__STATE__STATE_APPROVED_NATIONAL : PATUH__STATE__STATE_APPROVED_REGION;
}

static enum pt_err make_entry(struct acting *a, const struct pt_log_id *own, struct pt_entry *out)
{
    enum pt_err err = check_not_above(a);
    Patuh__State to = PATUH__STATE__STATE_SUBMITTED;
    err = err == PT_OK ? check_whole(a) : err;
    if (err != PT_OK) {
        return err;
    }
    switch (a->act->kind) {
    case REVIEW_RETURN:
        err = check_return(a);
        to = PATUH__STATE__STATE_HAS_ISSUES;
        a->done.msg = PT_MSG_REVIEW_RETURNED;
        break;
    case REVIEW_APPROVE:
        err = check_approve(a);
        to = approved_state(a);
        a->done.msg = to == PATUH__STATE__STATE_NOT_ASSESSED ? PT_MSG_REVIEW_CONFIRMED : PT_MSG_REVIEW_APPROVED;
        break;
    case REVIEW_UNAPPROVE:
        err = check_unapprove(a);
        to = taken_back_state(a);
        a->done.msg = PT_MSG_REVIEW_UNAPPROVED;
        break;
    case REVIEW_DECIDE:
        a->done.msg = PT_MSG_DECIDED;
        return decide_entry(a, out);
    }
    return err == PT_OK ? move_entry(a, to, own, out) : err;
}

/* Nothing of this keeps a reviewer from approving; it has only to be said. */
static enum pt_err count_lacks(struct acting *a)
{
    struct pt_conditions conditions;
    enum pt_err err = pt_conditions_check(&a->work, &a->work.arena, &conditions);
    bool assesses = err == PT_OK && a->done.msg == PT_MSG_REVIEW_APPROVED;
    a->done.n_missing = assesses ? a->work.score.n_missing : 0;
    a->done.n_broken = assesses ? conditions.n_broken : 0;
    return err;
}

/* What was written has to count, as everybody will read it: else it is taken back with the reason. */
static enum pt_err check_effective(struct acting *a, const struct pt_log_id *own)
{
    struct pt_work after;
    enum pt_err err = review_load(a->office, a->txn, a->act->assessment, &after, a->problem);
    for (size_t i = 0; err == PT_OK && i < after.state.n_ineffective; i++) {
        const struct pt_ineffective *row = &after.state.ineffective[i];
        if (row->seq == row->view->n_entries && pt_log_id_eq(&row->view->log, own)) {
            err = pt_problem_set(a->problem, PT_EDENIED, row->why, NULL);
        }
    }
    pt_work_close(&after);
    return err;
}

static enum pt_err act_in(struct acting *a)
{
    struct pt_entry entry;
    struct pt_log_id own = {.author = a->by->author};
    enum pt_err err = check_reviewer(a);
    if (err == PT_OK) {
        err = office_incarnation(a->txn, &own.incarnation);
    }
    own.subject = a->work.subject;
    if (err == PT_OK) {
        err = make_entry(a, &own, &entry);
    }
    if (err == PT_OK) {
        err = count_lacks(a);
    }
    if (err == PT_OK) {
        err = office_log_as(a->txn, &a->by->pair, &a->work.instrument_hash, &a->work.subject, &entry, 1);
    }
    return err == PT_OK ? check_effective(a, &own) : err;
}

/* May run twice: everything is read anew. */
static enum pt_err run_act(struct pt_txn *txn, struct pt_write_req *req)
{
    struct acting *a = req->data;
    a->txn = txn;
    *a->problem = (struct pt_problem){0};
    enum pt_err err = review_load(a->office, txn, a->act->assessment, &a->work, a->problem);
    if (err == PT_OK) {
        err = act_in(a);
    }
    pt_work_close(&a->work);
    return err;
}

enum pt_err review_do(struct office *office, const struct reviewer *by, const struct review_act *act,
                      struct review_done *done, struct pt_problem *problem)
{
    struct acting a = {.office = office, .by = by, .act = act, .problem = problem};
    enum pt_err err = office_write(office, run_act, &a);
    if (err == PT_OK) {
        *done = a.done;
    }
    return err;
}
