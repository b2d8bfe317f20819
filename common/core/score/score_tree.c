#include "base/arith.h"
#include "core/score/score_layout.h"

/* What has come up to a group: weighted sums of its scored children. */
struct gather {
    struct pt_sum low;
    struct pt_sum high;
    int64_t weight;
    bool sure; /* one of them has a score in any case */
};

/* One that may lack is a whole scale. So a group above need not ask what the rest would come to without it: a mean of
 * the rest lies between those with 0 and with full at its place. */
struct range {
    bool has_score;
    bool may_lack;
    bool exact;
    int64_t low;
    int64_t high;
};

static const struct range none = {false, false, true, 0, 0};
static const struct range whole_scale = {true, false, false, 0, PT_SCORE_MAX};
static const struct range full = {true, false, true, PT_SCORE_MAX, PT_SCORE_MAX};
static const struct range zero = {true, false, true, 0, 0};

static struct range of_missing(const struct pt_layout *layout)
{
    switch (layout->ins->settings.missing) {
    case PT_MISSING_ZERO:
        return zero;
    case PT_MISSING_EXCLUDE:
        return none;
    case PT_MISSING_RANGE:
        return whole_scale;
    }
    return none;
}

struct counts {
    uint32_t relevant;
    uint32_t sure; /* of them: whatever the missing answers are */
    uint32_t answered;
    uint32_t open; /* no answer yet, or a calculation whose value may still change */
    bool may_relevant;
};

static bool is_open(const struct pt_layout *layout, uint32_t node, const struct pt_slot *slot)
{
    bool calculated = layout->ins->nodes[node].type == PT_NODE_CALCULATE;
    return slot->unknown && (calculated || !slot->answered);
}

static struct counts count_slots(const struct pt_layout *layout, uint32_t node)
{
    struct counts counts = {0};
    const struct pt_span *span = &layout->spans[node];
    for (uint32_t i = 0; i < span->count; i++) {
        const struct pt_slot *slot = &layout->slots[span->first + i];
        counts.relevant += slot->relevant ? 1 : 0;
        counts.sure += slot->relevant && !slot->may_relevant ? 1 : 0;
        counts.may_relevant |= slot->may_relevant;
        if (is_open(layout, node, slot)) {
            counts.open++;
        } else {
            counts.answered += slot->answered ? 1 : 0;
        }
    }
    return counts;
}

/* One of the two ends of the range: the values of all slots that count, combined, as a score. */
static bool combine(const struct pt_layout *layout, uint32_t node, bool high, int64_t *out)
{
    const struct pt_node *n = &layout->ins->nodes[node];
    const struct pt_span *span = &layout->spans[node];
    struct pt_sum sum = {0};
    int64_t best = -1;
    int64_t n_used = 0;
    for (uint32_t i = 0; i < span->count; i++) {
        const struct pt_slot *slot = &layout->slots[span->first + i];
        if (!slot->answered && !is_open(layout, node, slot)) {
            continue;
        }
        int64_t value = high ? slot->high : slot->low;
        if (!pt_sum_add(&sum, value, PT_SCORE_MAX)) {
            return false;
        }
        bool better = n->aggregate == PT_AGGREGATE_MIN ? value < best : value > best;
        best = best < 0 || better ? value : best;
        n_used++;
    }
    if (n->aggregate != PT_AGGREGATE_MEAN) {
        return pt_muldiv(best, PT_SCORE_MAX, n->max_score, PT_ROUND_HALF_EVEN, out);
    }
    int64_t divisor;
    return pt_mul_i64(n->max_score, n_used, &divisor) && pt_sum_divide(&sum, divisor, PT_ROUND_HALF_EVEN, out);
}

/* Asked or not: that is open, or instances are to come. Full is within the scale too. */
static struct range of_open(const struct pt_layout *layout, uint32_t node, const struct counts *counts)
{
    const struct pt_slot *repeat = &layout->slots[layout->spans[layout->ins->nodes[node].repeat].first];
    bool to_come = layout->spans[node].open && repeat->relevant && !repeat->may_relevant;
    bool certain = counts->sure > 0 || (to_come && pt_layout_unconditional(layout, node));
    struct range range = whole_scale;
    range.may_lack = !certain && layout->ins->settings.inapplicable == PT_INAPPLICABLE_EXCLUDE;
    return range;
}

static enum pt_err score_question(const struct pt_layout *layout, uint32_t node, struct range *out)
{
    const struct pt_node *n = &layout->ins->nodes[node];
    const struct pt_span *span = &layout->spans[node];
    struct counts counts = count_slots(layout, node);
    uint32_t need = pt_layout_min_count(layout, node);
    const struct pt_slot *repeat = &layout->slots[layout->spans[n->repeat].first];
    bool may_matter = counts.may_relevant || (span->count == 0 && repeat->may_relevant);
    bool may_suffice = n->type == PT_NODE_CALCULATE && counts.answered < need && counts.answered + counts.open >= need;
    if (may_matter || span->open) {
        *out = of_open(layout, node, &counts);
    } else if (span->count == 0 ? !repeat->relevant : counts.relevant == 0) {
        *out = layout->ins->settings.inapplicable == PT_INAPPLICABLE_FULL ? full : none;
    } else if (may_suffice) {
        *out = whole_scale;
    } else if (counts.answered + counts.open < need) {
        *out = of_missing(layout);
    } else {
        *out = whole_scale;
        out->exact = n->type != PT_NODE_CALCULATE || counts.open == 0;
        return combine(layout, node, false, &out->low) && combine(layout, node, true, &out->high) ? PT_OK : PT_ELIMIT;
    }
    return PT_OK;
}

static enum pt_err score_group(const struct gather *gather, struct range *out)
{
    *out = none;
    if (gather->weight == 0) {
        return PT_OK;
    }
    out->has_score = true;
    out->may_lack = !gather->sure;
    bool fits = pt_sum_divide(&gather->low, gather->weight, PT_ROUND_HALF_EVEN, &out->low) &&
                pt_sum_divide(&gather->high, gather->weight, PT_ROUND_HALF_EVEN, &out->high);
    return fits ? PT_OK : PT_ELIMIT;
}

static enum pt_err hand_up(struct gather *gather, int64_t weight, const struct range *range)
{
    gather->sure = gather->sure || !range->may_lack;
    bool fits = pt_sum_add(&gather->low, weight, range->low) && pt_sum_add(&gather->high, weight, range->high) &&
                pt_add_i64(gather->weight, weight, &gather->weight);
    return fits ? PT_OK : PT_ELIMIT;
}

static void describe(const struct pt_layout *layout, uint32_t node, struct pt_node_score *score)
{
    const struct pt_span *span = &layout->spans[node];
    score->relevant = false;
    score->blocker = PT_NONE;
    for (uint32_t i = 0; i < span->count; i++) {
        const struct pt_slot *slot = &layout->slots[span->first + i];
        score->relevant |= slot->relevant;
        score->blocker = i == 0 ? slot->blocker : score->blocker;
    }
    if (span->count == 0) { /* as relevant as the repeat it waits in */
        const struct pt_slot *repeat = &layout->slots[layout->spans[layout->ins->nodes[node].repeat].first];
        score->relevant = repeat->relevant;
        score->blocker = repeat->blocker;
    }
    score->blocker = score->relevant ? PT_NONE : score->blocker;
}

static void count_answers(const struct pt_layout *layout, struct pt_node_score *scores)
{
    for (size_t i = layout->ins->n_nodes; i-- > 1;) {
        const struct pt_node *node = &layout->ins->nodes[i];
        if (pt_node_is_question(node) || node->type == PT_NODE_CALCULATE) {
            struct counts counts = count_slots(layout, (uint32_t)i);
            scores[i].n_answered = counts.answered;
        }
        bool adds = node->type != PT_NODE_CALCULATE;
        scores[node->parent].n_answered += adds ? scores[i].n_answered : 0;
    }
}

enum pt_err pt_tree_run(const struct pt_layout *layout, const struct pt_forced *forced, struct pt_arena *arena,
                        struct pt_node_score *scores, bool *exact)
{
    const struct pt_instrument *ins = layout->ins;
    struct gather *gathers = pt_arena_zalloc(arena, ins->n_nodes, sizeof *gathers);
    if (gathers == NULL) {
        return pt_arena_err(arena);
    }
    for (uint32_t i = (uint32_t)ins->n_nodes; i-- > 0;) {
        const struct pt_node *node = &ins->nodes[i];
        struct range range = none;
        enum pt_err err = PT_OK;
        scores[i] = (struct pt_node_score){0};
        describe(layout, i, &scores[i]);
        if (pt_node_is_scored(node)) {
            err = score_question(layout, i, &range);
        } else if (i == 0 || node->has_weight) {
            err = score_group(&gathers[i], &range);
        }
        if (forced != NULL && forced[i].whole) {
            range = whole_scale;
            range.may_lack = forced[i].may_lack;
        }
        *exact = *exact && range.exact;
        scores[i].has_score = range.has_score;
        scores[i].may_lack = range.may_lack;
        scores[i].low = range.low;
        scores[i].high = range.high;
        if (err == PT_OK && i != 0 && range.has_score) {
            err = hand_up(&gathers[node->scorer], node->weight, &range);
        }
        if (err != PT_OK) {
            return err;
        }
    }
    count_answers(layout, scores);
    return PT_OK;
}
