/* score_short.c - repeats with fewer instances than their scored nodes need answers. Where missing = range, instances
 * are to come, and what is taken over all of them is open. */
#include "core/score/score_layout.h"

bool pt_layout_unconditional(const struct pt_layout *layout, uint32_t node)
{
    const struct pt_node *nodes = layout->ins->nodes;
    uint32_t top = nodes[node].repeat;
    for (uint32_t at = node; at != top && at != 0; at = nodes[at].parent) {
        if (nodes[at].relevant != PT_NONE) {
            return false;
        }
    }
    return true;
}

/* What a scored node of a repeat lacks to have its answers; those that are asked for sure count. */
struct lack {
    uint32_t n;
    bool now; /* it counts as it stands, or may; else only at an instance that is still to come */
};

static struct lack lack_of(const struct pt_layout *layout, uint32_t node, bool nothing_sure)
{
    const struct pt_span *span = &layout->spans[node];
    uint32_t need = pt_layout_min_count(layout, node);
    uint32_t n_sure = 0;
    bool may_count = span->count == 0 || nothing_sure;
    for (uint32_t i = 0; i < span->count && !nothing_sure; i++) {
        const struct pt_slot *slot = &layout->slots[span->first + i];
        n_sure += slot->relevant && !slot->may_relevant ? 1 : 0;
        may_count |= slot->relevant || slot->may_relevant;
    }
    uint32_t n = n_sure < need ? need - n_sure : 0;
    return (struct lack){.n = n, .now = n > 0 && may_count};
}

/* Instances that a repeat is short of. One more helps every node that is asked at each; a node with a condition need
 * not be asked there and lacks as much as before, or only then begins to lack: any number may come. */
static uint32_t short_of(const struct pt_layout *layout, uint32_t repeat, bool nothing_sure)
{
    const struct pt_node *nodes = layout->ins->nodes;
    const struct pt_slot *slot = &layout->slots[layout->spans[repeat].first];
    uint32_t together = 0;
    bool is_short = false;
    bool any = false;
    if (!slot->relevant && !slot->may_relevant && !nothing_sure) {
        return 0;
    }
    for (uint32_t i = repeat + 1; i < nodes[repeat].end; i++) {
        struct lack lack = {0};
        if (pt_node_is_scored(&nodes[i])) {
            lack = lack_of(layout, i, nothing_sure);
        }
        is_short = is_short || lack.now;
        if (!pt_layout_unconditional(layout, i)) {
            any = any || lack.n > 0;
        } else if (lack.now && lack.n > together) {
            together = lack.n;
        }
    }
    return is_short && any ? PT_PRODUCTS_ANY : together;
}

uint32_t pt_layout_to_come_at_most(const struct pt_layout *layout)
{
    const struct pt_settings *settings = &layout->ins->settings;
    uint32_t repeat = settings->product_repeat;
    return settings->missing == PT_MISSING_RANGE && repeat != 0 ? short_of(layout, repeat, true) : 0;
}

/* The spans of a repeat. */
static void set_open(struct pt_layout *layout, uint32_t repeat, bool open)
{
    for (uint32_t i = repeat; i < layout->ins->nodes[repeat].end; i++) {
        layout->spans[i].open = open;
    }
}

bool pt_layout_open_short(struct pt_layout *layout)
{
    const struct pt_settings *settings = &layout->ins->settings;
    bool found = false;
    for (uint32_t i = 1; i < layout->ins->n_nodes; i++) {
        bool reduced = layout->product != 0 && i == settings->product_repeat;
        if (layout->ins->nodes[i].type != PT_NODE_REPEAT || reduced) {
            continue;
        }
        uint32_t n = short_of(layout, i, false);
        if (n > 0 && !layout->spans[i].open) {
            set_open(layout, i, true);
            found = true;
        }
        if (i == settings->product_repeat && n > layout->n_to_come) {
            layout->n_to_come = n;
        }
    }
    return found;
}
