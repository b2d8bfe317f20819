/* Products and respondents: added, and a product of the registry that was removed taken up again. */
#include "client/action.h"
#include "client/detail.h"

#include <stdio.h>
#include <string.h>

static enum pt_err find_repeat(const struct pt_action *action, const char *name, struct pt_target *out,
                               struct pt_problem *problem)
{
    const struct pt_instrument *instrument = action->work.instrument;
    struct pt_target target = {.path = name, .node = pt_node_find(instrument, pt_bytes_str(name))};
    if (target.node == PT_NONE || instrument->nodes[target.node].type != PT_NODE_REPEAT) {
        struct pt_buf known = {0};
        for (size_t i = 0; i < instrument->n_nodes; i++) {
            if (instrument->nodes[i].type == PT_NODE_REPEAT) {
                pt_buf_printf(&known, "%s%s", known.n == 0 ? "" : ", ", instrument->nodes[i].name);
            }
        }
        enum pt_err err =
            pt_problem_set(problem, PT_EINVALID, PT_MSG_CLIENT_NO_REPEAT, name, pt_buf_text(&known), NULL);
        pt_buf_free(&known);
        return err;
    }
    *out = target;
    return PT_OK;
}

/* A removal takes nothing away once something is written there that it did not know: so a note, on the first question,
 * brings the product back with all that was answered. */
static enum pt_err take_up(struct pt_action *action, const struct pt_target *repeat, const char *code, char *path,
                           struct pt_problem *problem)
{
    const struct pt_instrument *instrument = action->work.instrument;
    struct pt_target target = *repeat;
    (void)snprintf(path, PATUH_PATH_BYTES, "%s[%s]", repeat->path, code);
    if (pt_work_instance(&action->work, repeat->node, code) != 0) {
        return pt_problem_set(problem, PT_EEXISTS, PT_MSG_CLIENT_PRODUCT_THERE, path, NULL);
    }
    target.node = repeat->node + 1;
    while (target.node < instrument->nodes[repeat->node].end && !pt_node_is_question(&instrument->nodes[target.node])) {
        target.node++;
    }
    if (target.node == instrument->nodes[repeat->node].end || strlen(code) >= sizeof target.name) {
        return PT_EUNSUPPORTED;
    }
    (void)snprintf(target.name, sizeof target.name, "%s", code);
    struct pt_buf said = {0};
    pt_say(&said, PT_MSG_CLIENT_TAKEN_UP, NULL);
    struct pt_entry entry = pt_action_entry(action, PATUH__ENTRY_KIND__ENTRY_NOTE, &target);
    enum pt_err err = pt_action_text(action, pt_buf_text(&said), PT_TEXT_BYTES_MAX, &entry.hash, problem);
    pt_buf_free(&said);
    return err == PT_OK ? pt_action_put(action, &entry, NULL) : err;
}

static enum pt_err add(struct pt_action *action, const char *repeat, const char *label, char *path,
                       struct pt_problem *problem)
{
    struct pt_target target;
    struct pt_hash hash;
    uint64_t seq = 0;
    enum pt_err err = find_repeat(action, repeat, &target, problem);
    if (err == PT_OK && pt_detail_is_registered(&action->work, target.node, label)) {
        return take_up(action, &target, label, path, problem);
    }
    if (err == PT_OK) {
        err = pt_action_text(action, label, PT_NAME_BYTES_MAX, &hash, problem);
    }
    if (err != PT_OK) {
        return err;
    }
    Patuh__Instance detail = PATUH__INSTANCE__INIT;
    detail.has_label = true;
    detail.label.data = hash.b;
    detail.label.len = sizeof hash.b;
    struct pt_entry entry = pt_action_entry(action, PATUH__ENTRY_KIND__ENTRY_ADD_INSTANCE, &target);
    entry.detail = pt_action_pack(action, &detail.base);
    err = entry.detail.data == NULL ? PT_ENOMEM : pt_action_put(action, &entry, &seq);
    if (err == PT_OK) {
        char name[PT_INSTANCE_BYTES_MAX + 1];
        pt_entry_instance_name(&action->head.log, seq, name);
        (void)snprintf(path, PATUH_PATH_BYTES, "%s[%s]", repeat, name);
    }
    return err;
}

enum patuh_result patuh_add(struct patuh *device, const char *assessment, const char *repeat, const char *label,
                            char *path, struct patuh_problem *problem)
{
    struct pt_action action;
    struct pt_problem inner = {0};
    enum pt_err err = pt_action_begin(&action, device, assessment, &inner);
    if (err == PT_OK) {
        err = add(&action, repeat, label, path, &inner);
    }
    err = pt_action_end(&action, err, false, &inner);
    return pt_device_tell(device, err, &inner, "add", problem);
}
