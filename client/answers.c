/* Answers, notes and places: what is typed becomes entries of this device's log. */
#include "client/answers.h"

#include <stdio.h>
#include <string.h>

static enum pt_err read_value(struct pt_action *action, const struct pt_target *target, const char *text,
                              struct pt_value *out, struct pt_problem *problem)
{
    const struct pt_node *node = &action->work.instrument->nodes[target->node];
    if (node->type == PT_NODE_REPEAT) {
        return pt_problem_set(problem, PT_EINVALID, PT_MSG_VALUE_NOT_ANSWERED, target->path, NULL);
    }
    if (node->type == PT_NODE_IMAGE) {
        return pt_problem_set(problem, PT_EINVALID, PT_MSG_CLIENT_USE_ATTACH, target->path, NULL);
    }
    if (node->type != PT_NODE_TEXT) {
        return pt_value_read(action->work.instrument, target->node, text, out, problem);
    }
    struct pt_value value = {.type = PT_VALUE_TEXT};
    enum pt_err err = pt_action_text(action, text, PT_TEXT_BYTES_MAX, &value.text, problem);
    *out = err == PT_OK ? value : *out;
    return err;
}

/* An answer or its clearing: it replaces what this device has seen of the register. */
static enum pt_err put_claim(struct pt_action *action, struct pt_entry *entry, const struct pt_target *target)
{
    enum pt_err err = pt_seen_replaces(&action->work.state, entry->question, target->instance, &action->head.log,
                                       &action->work.arena, &entry->replaces, &entry->n_replaces);
    return err == PT_OK ? pt_action_put(action, entry, NULL) : err;
}

static enum pt_err put_note(struct pt_action *action, const struct pt_target *target, const char *text,
                            struct pt_problem *problem)
{
    struct pt_entry entry = pt_action_entry(action, PATUH__ENTRY_KIND__ENTRY_NOTE, target);
    enum pt_err err = pt_action_text(action, text, PT_TEXT_BYTES_MAX, &entry.hash, problem);
    return err == PT_OK ? pt_action_put(action, &entry, NULL) : err;
}

enum pt_err pt_answer_put(struct pt_action *action, struct pt_answering *answer, struct pt_problem *problem)
{
    struct pt_entry entry;
    enum pt_err err = pt_action_target(action, answer->path, &answer->target, problem);
    if (err == PT_OK) {
        entry = pt_action_entry(action, PATUH__ENTRY_KIND__ENTRY_ANSWER, &answer->target);
        err = read_value(action, &answer->target, answer->value, &entry.value, problem);
    }
    if (err == PT_OK) {
        answer->read = entry.value;
        err = put_claim(action, &entry, &answer->target);
    }
    if (err == PT_OK && answer->note != NULL && answer->note[0] != '\0') {
        err = put_note(action, &answer->target, answer->note, problem);
    }
    return err;
}

enum pt_err pt_answers_check(struct pt_action *action, const struct pt_answering *answers, size_t n, size_t *bad,
                             struct pt_problem *problem)
{
    struct pt_work after;
    enum pt_err err = pt_action_check(action, &after, problem);
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        *bad = i;
        err = pt_answer_check(after.instrument, &after.state.answers, &after.score, answers[i].target.node,
                              answers[i].target.instance, &answers[i].read, problem);
    }
    pt_work_close(&after);
    return err;
}

enum patuh_result patuh_answer(struct patuh *device, const char *assessment, const char *path, const char *value,
                               const char *note, struct patuh_problem *problem)
{
    struct pt_action action;
    struct pt_problem inner = {0};
    struct pt_answering answer = {.path = path, .value = value, .note = note};
    size_t bad;
    enum pt_err err = pt_action_begin(&action, device, assessment, &inner);
    if (err == PT_OK) {
        err = pt_answer_put(&action, &answer, &inner);
    }
    if (err == PT_OK) {
        err = pt_answers_check(&action, &answer, 1, &bad, &inner);
    }
    err = pt_action_end(&action, err, true, &inner);
    return pt_device_tell(device, err, &inner, "answer", problem);
}

static enum pt_err clear(struct pt_action *action, const char *path, struct pt_problem *problem)
{
    struct pt_target target;
    const struct pt_register *reg;
    enum pt_err err = pt_action_target(action, path, &target, problem);
    if (err != PT_OK) {
        return err;
    }
    struct pt_entry entry = pt_action_entry(action, PATUH__ENTRY_KIND__ENTRY_CLEAR, &target);
    const struct pt_answer *answer = pt_assessment_answer(&action->work.state, entry.question, target.instance, &reg);
    if (answer == NULL || (answer->n_values == 1 && answer->values[0].type == PT_VALUE_NONE)) {
        return pt_problem_set(problem, PT_EINVALID, PT_MSG_CLIENT_NOTHING_TO_CLEAR, path, NULL);
    }
    return put_claim(action, &entry, &target);
}

enum patuh_result patuh_clear(struct patuh *device, const char *assessment, const char *path,
                              struct patuh_problem *problem)
{
    struct pt_action action;
    struct pt_problem inner = {0};
    enum pt_err err = pt_action_begin(&action, device, assessment, &inner);
    if (err == PT_OK) {
        err = clear(&action, path, &inner);
    }
    err = pt_action_end(&action, err, false, &inner);
    return pt_device_tell(device, err, &inner, "clear", problem);
}

static enum pt_err note(struct pt_action *action, const char *path, const char *text, struct pt_problem *problem)
{
    struct pt_target target;
    enum pt_err err = pt_action_target(action, path, &target, problem);
    if (err == PT_OK && action->work.instrument->nodes[target.node].type == PT_NODE_REPEAT) {
        err = pt_problem_set(problem, PT_EINVALID, PT_MSG_PATH_SYNTAX, path, NULL);
    }
    return err == PT_OK ? put_note(action, &target, text, problem) : err;
}

enum patuh_result patuh_note(struct patuh *device, const char *assessment, const char *path, const char *text,
                             struct patuh_problem *problem)
{
    struct pt_action action;
    struct pt_problem inner = {0};
    enum pt_err err = pt_action_begin(&action, device, assessment, &inner);
    if (err == PT_OK) {
        err = note(&action, path, text, &inner);
    }
    err = pt_action_end(&action, err, false, &inner);
    return pt_device_tell(device, err, &inner, "note", problem);
}

/* --- the place of the visit --- */

enum patuh_result patuh_place(struct patuh *device, const char *assessment, struct patuh_position position,
                              struct patuh_problem *problem)
{
    struct pt_action action;
    struct pt_problem inner = {0};
    bool on_earth = position.latitude_e7 >= -900000000 && position.latitude_e7 <= 900000000 &&
                    position.longitude_e7 >= -1800000000 && position.longitude_e7 <= 1800000000;
    enum pt_err err = pt_action_begin(&action, device, assessment, &inner);
    if (err == PT_OK && position.latitude_e7 == 0 && position.longitude_e7 == 0) {
        err = pt_problem_set(&inner, PT_EINVALID, PT_MSG_CLIENT_PLACE_NONE, NULL); /* what a phone says without a fix */
    }
    if (err == PT_OK && !on_earth) {
        err = pt_problem_set(&inner, PT_EINVALID, PT_MSG_CLIENT_PLACE, NULL);
    }
    if (err == PT_OK) {
        Patuh__Place detail = PATUH__PLACE__INIT;
        detail.has_latitude_e7 = detail.has_longitude_e7 = detail.has_accuracy_m = true;
        detail.latitude_e7 = position.latitude_e7;
        detail.longitude_e7 = position.longitude_e7;
        detail.accuracy_m = position.accuracy_m;
        struct pt_entry entry = pt_action_entry(&action, PATUH__ENTRY_KIND__ENTRY_PLACE, NULL);
        entry.detail = pt_action_pack(&action, &detail.base);
        err = entry.detail.data == NULL ? PT_ENOMEM : pt_action_put(&action, &entry, NULL);
    }
    err = pt_action_end(&action, err, false, &inner);
    return pt_device_tell(device, err, &inner, "place", problem);
}
