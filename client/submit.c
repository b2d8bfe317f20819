/* Handing in: a move to "submitted" or "not assessed" whose cut names every other log as this device has it, so that
 * what counts is exactly what the surveyor saw. Sealed in the same transaction. */
#include "client/action.h"
#include "io/assessment/conditions.h"

#include <stdio.h>

static enum pt_err may_move(const struct pt_action *action, struct pt_problem *problem)
{
    const struct pt_assessment *assessment = &action->work.state;
    const char *name = pt_subject_name(&action->work.subject);
    enum pt_err err = pt_device_need_standing(action->device, problem);
    if (err != PT_OK) {
        return err;
    }
    switch (assessment->state) {
    case PATUH__STATE__STATE_APPROVED_REGION:
        return pt_problem_set(problem, PT_EDENIED, PT_MSG_CLIENT_APPROVED, name, NULL);
    case PATUH__STATE__STATE_APPROVED_NATIONAL:
        return pt_problem_set(problem, PT_EDENIED, PT_MSG_CLIENT_APPROVED_NATIONAL, name, NULL);
    case PATUH__STATE__STATE_FIXED:
        return pt_problem_set(problem, PT_EDENIED, PT_MSG_CLIENT_FIXED, name, NULL);
    case PATUH__STATE__STATE_NOT_ASSESSED:
        if (assessment->state_tier > 0) {
            return pt_problem_set(problem, PT_EDENIED, PT_MSG_CLIENT_CONFIRMED, name, NULL);
        }
        break;
    case PATUH__STATE__STATE_DRAFT:
    case PATUH__STATE__STATE_SUBMITTED:
    case PATUH__STATE__STATE_HAS_ISSUES:
    case _PATUH__STATE_IS_INT_SIZE:
        break;
    }
    return PT_OK;
}

static enum pt_err put_move(struct pt_action *action, Patuh__State to, struct pt_problem *problem)
{
    Patuh__Move move = PATUH__MOVE__INIT;
    move.has_to = true;
    move.to = to;
    struct pt_work *work = &action->work;
    enum pt_err err = pt_seen_cut(&work->state, work->views, work->n_views, &action->head.log, &work->arena, &move);
    if (err == PT_OK && move.n_cut > PT_CUT_LOGS_MAX) {
        err = pt_problem_set(problem, PT_ELIMIT, PT_MSG_MANY_LOGS, pt_subject_name(&action->work.subject), NULL);
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

/* Refused while it is not as it should be, unless the surveyor says so. */
static enum pt_err check_whole(struct pt_action *action, struct pt_problem *problem)
{
    char missing[24];
    char broken[24];
    struct pt_conditions conditions;
    size_t n_missing = action->work.score.n_missing;
    enum pt_err err = pt_conditions_check(&action->work, &action->work.arena, &conditions);
    if (err != PT_OK || (n_missing == 0 && conditions.n_broken == 0)) {
        return err;
    }
    (void)snprintf(missing, sizeof missing, "%zu", n_missing);
    (void)snprintf(broken, sizeof broken, "%zu", conditions.n_broken);
    const char *name = pt_subject_name(&action->work.subject);
    if (conditions.n_broken == 0) {
        return pt_problem_set(problem, PT_EINVALID, PT_MSG_CLIENT_MISSING, name, missing, NULL);
    }
    if (n_missing == 0) {
        return pt_problem_set(problem, PT_EINVALID, PT_MSG_CLIENT_BROKEN, name, broken, NULL);
    }
    return pt_problem_set(problem, PT_EINVALID, PT_MSG_CLIENT_MISSING_BROKEN, name, missing, broken, NULL);
}

static enum pt_err submit(struct pt_action *action, bool with_missing, struct pt_problem *problem)
{
    enum pt_err err = may_move(action, problem);
    if (err == PT_OK && !with_missing) {
        err = check_whole(action, problem);
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
