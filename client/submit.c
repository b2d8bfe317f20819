/* Handing in: a move to "submitted" or "not assessed" whose cut names every other log as this device has it, so that
 * what counts is exactly what the surveyor saw. Sealed in the same transaction. */
#include "client/action.h"

#include <stdio.h>

static bool is_settled_by_office(Patuh__State state)
{
    return state == PATUH__STATE__STATE_APPROVED_REGION || state == PATUH__STATE__STATE_APPROVED_NATIONAL ||
           state == PATUH__STATE__STATE_FIXED;
}

static enum pt_err may_move(const struct pt_action *action, struct pt_problem *problem)
{
    if (!is_settled_by_office(action->work.state.state)) {
        return PT_OK;
    }
    return pt_problem_set(problem, PT_EINVALID, PT_MSG_CLIENT_APPROVED, pt_subject_name(&action->work.subject), NULL);
}

static enum pt_err add_cut(struct pt_action *action, Patuh__Move *move)
{
    const struct pt_work *work = &action->work;
    struct pt_arena *arena = &action->work.arena;
    move->cut = pt_arena_zalloc(arena, work->n_views, sizeof *move->cut);
    Patuh__LogSeen *seen = pt_arena_zalloc(arena, work->n_views, sizeof *seen);
    if (move->cut == NULL || seen == NULL) {
        return PT_ENOMEM;
    }
    for (size_t v = 0; v < work->n_views; v++) {
        struct pt_view *view = &work->views[v];
        if (view->n_chunks == 0 || pt_log_id_eq(&view->log, &action->head.log)) {
            continue; /* its own log counts up to the move itself */
        }
        struct pt_view_chunk *last = &view->chunks[view->n_chunks - 1];
        Patuh__LogSeen *at = &seen[move->n_cut];
        patuh__log_seen__init(at);
        at->has_author = at->has_incarnation = at->has_seq = at->has_link = true;
        at->author.data = view->log.author.b;
        at->author.len = sizeof view->log.author.b;
        at->incarnation = view->log.incarnation;
        at->seq = last->last_seq;
        at->link.data = last->link.b;
        at->link.len = sizeof last->link.b;
        move->cut[move->n_cut++] = at;
    }
    return PT_OK;
}

static enum pt_err put_move(struct pt_action *action, Patuh__State to, struct pt_problem *problem)
{
    Patuh__Move move = PATUH__MOVE__INIT;
    move.has_to = true;
    move.to = to;
    enum pt_err err = add_cut(action, &move);
    if (err == PT_OK && move.n_cut > PT_CUT_LOGS_MAX) {
        err = pt_problem_set(problem, PT_ELIMIT, PT_MSG_CLIENT_MANY_LOGS, pt_subject_name(&action->work.subject), NULL);
    }
    if (err == PT_OK) {
        struct pt_entry entry = pt_action_entry(action, PATUH__ENTRY_KIND__ENTRY_MOVE, NULL);
        entry.detail = pt_action_pack(action, &move.base);
        err = entry.detail.data == NULL ? PT_ENOMEM : pt_action_put(action, &entry, NULL);
    }
    return err;
}

/* The move is looked at as it will be: sealed. */
static enum pt_err seal(struct pt_action *action, enum pt_err err)
{
    return err == PT_OK ? pt_tail_seal(action->txn, &action->pen, &action->head, &action->work.arena, NULL) : err;
}

static enum pt_err submit(struct pt_action *action, bool with_missing, struct pt_problem *problem)
{
    size_t n_missing = action->work.score.n_missing;
    enum pt_err err = may_move(action, problem);
    if (err == PT_OK && n_missing > 0 && !with_missing) {
        char count[24];
        (void)snprintf(count, sizeof count, "%zu", n_missing);
        err = pt_problem_set(problem, PT_EINVALID, PT_MSG_CLIENT_MISSING, pt_subject_name(&action->work.subject), count,
                             NULL);
    }
    return err == PT_OK ? put_move(action, PATUH__STATE__STATE_SUBMITTED, problem) : err;
}

enum patuh_result patuh_submit(struct patuh *device, const char *assessment, bool with_missing,
                               struct patuh_problem *problem)
{
    struct pt_action action;
    struct pt_problem inner = {0};
    enum pt_err err = pt_action_begin(&action, device, assessment, &inner);
    if (err == PT_OK) {
        err = seal(&action, submit(&action, with_missing, &inner));
    }
    err = pt_action_end(&action, err, false, &inner);
    return pt_device_tell(device, err, &inner, "submit", problem);
}

static enum pt_err not_assessed(struct pt_action *action, const char *reason, struct pt_problem *problem)
{
    struct pt_entry entry = pt_action_entry(action, PATUH__ENTRY_KIND__ENTRY_NOT_ASSESSED, NULL);
    enum pt_err err = may_move(action, problem);
    if (err == PT_OK) {
        err = pt_action_text(action, reason, PT_TEXT_BYTES_MAX, &entry.hash, problem);
    }
    if (err == PT_OK) {
        err = pt_action_put(action, &entry, NULL);
    }
    return err == PT_OK ? put_move(action, PATUH__STATE__STATE_NOT_ASSESSED, problem) : err;
}

enum patuh_result patuh_not_assessed(struct patuh *device, const char *assessment, const char *reason,
                                     struct patuh_problem *problem)
{
    struct pt_action action;
    struct pt_problem inner = {0};
    enum pt_err err = pt_action_begin(&action, device, assessment, &inner);
    if (err == PT_OK) {
        err = seal(&action, not_assessed(&action, reason, &inner));
    }
    err = pt_action_end(&action, err, false, &inner);
    return pt_device_tell(device, err, &inner, "not-assessed", problem);
}
