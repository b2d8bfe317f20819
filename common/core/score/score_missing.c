#include "core/instrument/instrument_finish.h"
#include "core/score/score_layout.h"

static bool is_missing(const struct pt_layout *layout, size_t slot)
{
    const struct pt_slot *s = &layout->slots[slot];
    size_t answer = layout->answer_of[slot];
    bool in_conflict = answer != 0 && layout->answers->answers[answer - 1].n_values > 1;
    return s->relevant && !s->answered && !in_conflict;
}

/* A question of a repeat that is asked and has fewer answers than it needs, with no empty instance to point at. */
static bool too_few(const struct pt_layout *layout, uint32_t node, const struct pt_node_score *score, size_t n_found)
{
    const struct pt_node *n = &layout->ins->nodes[node];
    return n->repeat != 0 && score->relevant && n_found == 0 && pt_node_is_scored(n) &&
           score->n_answered < pt_layout_min_count(layout, node);
}

/* Has a scored node of a repeat fewer instances than it needs answers? */
static bool is_short(const struct pt_layout *layout, uint32_t node, const struct pt_node_score *scores)
{
    return pt_node_is_scored(&layout->ins->nodes[node]) && scores[node].relevant &&
           layout->spans[node].count < pt_layout_min_count(layout, node);
}

static bool reads(const struct pt_instrument *ins, uint32_t node, uint32_t what)
{
    uint32_t on;
    for (size_t d = 1; pt_node_dependency(ins, node, d, &on); d++) { /* 0 is the parent */
        if (on == what) {
            return true;
        }
    }
    return false;
}

/* Only a calculation of its repeat is short, and this is what the calculation reads: a person answers questions. */
static bool feeds_short(const struct pt_layout *layout, uint32_t node, const struct pt_node_score *scores)
{
    const struct pt_instrument *ins = layout->ins;
    uint32_t repeat = ins->nodes[node].repeat;
    bool feeds = false;
    for (uint32_t i = repeat + 1; repeat != 0 && i < ins->nodes[repeat].end; i++) {
        if (is_short(layout, i, scores) && pt_node_is_question(&ins->nodes[i])) {
            return false;
        }
        feeds = feeds || (is_short(layout, i, scores) && reads(ins, i, node));
    }
    return feeds;
}

enum pt_err pt_list_missing(const struct pt_layout *layout, struct pt_arena *arena, struct pt_unit_score *out)
{
    struct pt_missing *missing = pt_arena_zalloc(arena, layout->n_slots + layout->ins->n_nodes, sizeof *missing);
    if (missing == NULL) {
        return pt_arena_err(arena);
    }
    size_t n = 0;
    for (uint32_t i = 0; i < layout->ins->n_nodes; i++) {
        const struct pt_node *node = &layout->ins->nodes[i];
        if (!node->needed || !pt_node_is_question(node)) {
            continue;
        }
        size_t before = n;
        for (uint32_t k = 0; k < layout->spans[i].count; k++) {
            if (is_missing(layout, layout->spans[i].first + k)) {
                uint32_t instance = node->repeat == 0 ? 0 : layout->first_instance[node->repeat] + k + 1;
                missing[n++] = (struct pt_missing){.node = i, .instance = instance};
            }
        }
        if (too_few(layout, i, &out->nodes[i], n - before) ||
            (n == before && !pt_node_is_scored(node) && feeds_short(layout, i, out->nodes))) {
            missing[n++] = (struct pt_missing){.node = i};
        }
    }
    out->missing = missing;
    out->n_missing = n;
    return PT_OK;
}
