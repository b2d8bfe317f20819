#include "client/action.h"

#include "core/log/texts.h"
#include "core/wire/pack.h"

#include <string.h>

enum pt_err pt_action_begin(struct pt_action *action, struct patuh *device, const char *assessment,
                            struct pt_problem *problem)
{
    struct pt_subject subject;
    *action = (struct pt_action){.device = device};
    enum pt_err err = pt_work_subject(assessment, &subject, problem);
    if (err == PT_OK) {
        err = pt_store_begin_write(device->store, &action->txn);
    }
    if (err != PT_OK) {
        return err;
    }
    err = pt_device_work(&action->work, device, action->txn, &subject, true, problem);
    if (err == PT_OK) {
        err = pt_work_need_instrument(&action->work, problem);
    }
    if (err == PT_OK) {
        action->pen = pt_device_pen(device, &action->work.instrument_hash);
        err = pt_pen_log(action->txn, &action->pen, &subject, &action->head);
    }
    if (err == PT_OK) {
        action->last_before = action->head.tail_seq > action->head.seq ? action->head.tail_seq : action->head.seq;
    }
    return err;
}

enum pt_err pt_action_put(struct pt_action *action, const struct pt_entry *entry, uint64_t *seq)
{
    uint64_t number;
    return pt_tail_put(action->txn, &action->pen, &action->head, entry, seq == NULL ? &number : seq);
}

enum pt_err pt_action_text(struct pt_action *action, const char *text, size_t n_max, struct pt_hash *hash,
                           struct pt_problem *problem)
{
    return pt_text_keep(action->txn, &action->work.subject, &action->device->random, text, n_max, hash, problem);
}

struct pt_bytes pt_action_pack(struct pt_action *action, const ProtobufCMessage *message)
{
    struct pt_bytes packed = {0};
    (void)pt_pack(message, &action->work.arena, &packed);
    return packed;
}

enum pt_err pt_action_target(struct pt_action *action, const char *path, struct pt_target *out,
                             struct pt_problem *problem)
{
    const struct pt_instrument *instrument = action->work.instrument;
    struct pt_target target = {.path = path};
    enum pt_err err = pt_path_read(instrument, path, &target.node, target.name, problem);
    if (err != PT_OK) {
        return err;
    }
    const struct pt_node *node = &instrument->nodes[target.node];
    uint32_t repeat = node->type == PT_NODE_REPEAT ? target.node : node->repeat;
    if (target.name[0] != '\0') {
        target.instance = pt_work_instance(&action->work, repeat, target.name);
        if (target.instance == 0) {
            return pt_problem_set(problem, PT_EINVALID, PT_MSG_CLIENT_NO_INSTANCE, instrument->nodes[repeat].name,
                                  target.name, NULL);
        }
    }
    *out = target;
    return PT_OK;
}

struct pt_entry pt_action_entry(const struct pt_action *action, Patuh__EntryKind kind, const struct pt_target *target)
{
    struct pt_entry entry = pt_entry_of(kind, action->pen.wall_ms / 1000);
    if (target != NULL) {
        entry.question = action->work.instrument->nodes[target->node].number;
        entry.instance = target->name;
    }
    return entry;
}

static enum pt_err refuse(enum pt_msg why, const struct pt_action *action, struct pt_problem *problem)
{
    if (why == PT_MSG_ENTRY_NOT_ASSIGNED) {
        return pt_problem_set(problem, PT_EDENIED, PT_MSG_CLIENT_NOT_ASSIGNED, pt_subject_name(&action->work.subject),
                              NULL);
    }
    return pt_problem_set(problem, PT_EDENIED, why, NULL);
}

enum pt_err pt_action_check(struct pt_action *action, struct pt_work *after, struct pt_problem *problem)
{
    enum pt_err err = pt_device_work(after, action->device, action->txn, &action->work.subject, true, problem);
    for (size_t i = 0; err == PT_OK && i < after->state.n_ineffective; i++) {
        const struct pt_ineffective *ineffective = &after->state.ineffective[i];
        if (ineffective->seq > action->last_before && pt_log_id_eq(&ineffective->view->log, &action->head.log)) {
            err = refuse(ineffective->why, action, problem);
        }
    }
    return err;
}

enum pt_err pt_action_end(struct pt_action *action, enum pt_err err, bool checked, struct pt_problem *problem)
{
    if (action->txn == NULL) {
        return err;
    }
    if (err == PT_OK && !checked) {
        struct pt_work after;
        err = pt_action_check(action, &after, problem);
        pt_work_close(&after);
    }
    if (err == PT_OK) {
        err = pt_store_commit(action->txn);
    } else {
        pt_store_abort(action->txn);
    }
    pt_work_close(&action->work);
    action->txn = NULL;
    return err;
}
