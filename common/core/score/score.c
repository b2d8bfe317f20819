#include "core/score/score.h"

#include "core/instrument/instrument_finish.h"
#include "core/score/score_layout.h"

#include <string.h>

/* Conflicts whose values are tried one by one. */
struct trial {
    struct pt_layout *layout;
    uint32_t *answers; /* index into pt_answers.answers */
    size_t n_answers;
    size_t n_combinations; /* 0: more than PT_CONFLICT_COMBINATIONS_MAX */
};

/* No expression reads it and each value counts as an answer: its own lowest and highest value bound the score. */
static bool enters_by_itself(const struct pt_layout *layout, uint32_t node, const struct pt_answer *answer)
{
    const struct pt_node *n = &layout->ins->nodes[node];
    bool all_answer = true;
    for (size_t i = 0; i < answer->n_values; i++) {
        const struct pt_value *value = &answer->values[i];
        all_answer = all_answer && value->type != PT_VALUE_NONE && pt_value_fits(layout->ins, node, value);
    }
    return !n->referenced && (all_answer || !pt_node_is_scored(n));
}

static enum pt_err plan_trial(struct pt_layout *layout, struct pt_arena *arena, struct trial *out)
{
    struct trial trial = {.layout = layout, .n_combinations = 1};
    trial.answers = pt_arena_zalloc(arena, layout->answers->n_answers, sizeof *trial.answers);
    if (trial.answers == NULL) {
        return pt_arena_err(arena);
    }
    for (size_t slot = 0; slot < layout->n_slots; slot++) {
        const struct pt_answer *answer =
            layout->answer_of[slot] == 0 ? NULL : &layout->answers->answers[layout->answer_of[slot] - 1];
        if (answer == NULL || answer->n_values < 2) {
            continue;
        }
        size_t index = layout->answer_of[slot] - 1;
        if (enters_by_itself(layout, layout->slot_node[slot], answer)) {
            layout->picks[index] = PT_PICK_ALL;
            continue;
        }
        trial.answers[trial.n_answers++] = (uint32_t)index;
        bool fits = answer->n_values <= PT_CONFLICT_COMBINATIONS_MAX &&
                    trial.n_combinations * answer->n_values <= PT_CONFLICT_COMBINATIONS_MAX;
        trial.n_combinations = fits ? trial.n_combinations * answer->n_values : 0;
    }
    *out = trial;
    return PT_OK;
}

/* The next combination; after the last one the first again. */
static void advance(const struct trial *trial)
{
    for (size_t i = 0; i < trial->n_answers; i++) {
        size_t *pick = &trial->layout->picks[trial->answers[i]];
        if (++*pick < trial->layout->answers->answers[trial->answers[i]].n_values) {
            return;
        }
        *pick = 0;
    }
}

/* A new combination beside what was found so far. */
static void widen(struct pt_node_score *to, const struct pt_node_score *from)
{
    to->may_lack = to->may_lack || from->may_lack || to->has_score != from->has_score;
    if (from->has_score) {
        to->low = !to->has_score || from->low < to->low ? from->low : to->low;
        to->high = !to->has_score || from->high > to->high ? from->high : to->high;
        to->has_score = true;
    }
    if (from->relevant && !to->relevant) {
        to->relevant = true;
        to->blocker = PT_NONE;
    }
    to->n_answered = from->n_answered > to->n_answered ? from->n_answered : to->n_answered;
}

static enum pt_err try_all(const struct trial *trial, struct pt_arena *arena, struct pt_node_score *scores, bool *exact)
{
    size_t n_nodes = trial->layout->ins->n_nodes;
    struct pt_node_score *one = pt_arena_zalloc(arena, n_nodes, sizeof *one);
    if (one == NULL) {
        return pt_arena_err(arena);
    }
    struct pt_arena scratch;
    pt_arena_init(&scratch, arena->budget);
    enum pt_err err = PT_OK;
    for (size_t i = 0; err == PT_OK && i < trial->n_combinations; i++) {
        pt_layout_run(trial->layout);
        err = pt_tree_run(trial->layout, NULL, &scratch, i == 0 ? scores : one, exact);
        for (size_t k = 0; err == PT_OK && i > 0 && k < n_nodes; k++) {
            widen(&scores[k], &one[k]);
        }
        advance(trial);
        pt_arena_reset(&scratch);
    }
    pt_arena_close(&scratch);
    if (trial->n_combinations > 1) {
        pt_layout_run(trial->layout); /* leave the slots of the first combination */
    }
    *exact = *exact && !scores[0].may_lack;
    return err;
}

/* What the conflicts that are too many reach. */
struct reach {
    bool value; /* its value or its relevance */
    bool asked; /* its relevance */
};

/* Does an operation of its `relevant` read something reached, or is the group around it reached? */
static bool reaches_asked(const struct pt_instrument *ins, uint32_t node, const struct reach *reach)
{
    uint32_t program = ins->nodes[node].relevant;
    size_t n_relevant = program == PT_NONE ? 0 : ins->programs[program].n_ops;
    bool reached = reach[ins->nodes[node].parent].asked;
    uint32_t on;
    for (size_t d = 1; d <= n_relevant && pt_node_dependency(ins, node, d, &on); d++) { /* 0 is the parent */
        reached = reached || (on != PT_NONE && reach[on].value);
    }
    return reached;
}

/* Whether a repeat is short may hang on one scored node in it; then all that is counted over it does too. */
static bool spread_in_repeats(const struct pt_instrument *ins, struct reach *reach)
{
    bool found = false;
    for (uint32_t i = 1; i < ins->n_nodes; i++) {
        uint32_t repeat = ins->nodes[i].repeat;
        if (repeat == 0 || !reach[i].asked || reach[repeat].value || !pt_node_is_scored(&ins->nodes[i])) {
            continue;
        }
        for (uint32_t k = repeat; k < ins->nodes[repeat].end; k++) {
            reach[k].value = reach[k].asked = true;
        }
        found = true;
    }
    return found;
}

/* Every node that a conflict can reach. `order` puts what is read first. */
static void spread(const struct trial *trial, struct reach *reach)
{
    const struct pt_instrument *ins = trial->layout->ins;
    for (size_t i = 0; i < trial->n_answers; i++) {
        const struct pt_answer *answer = &trial->layout->answers->answers[trial->answers[i]];
        reach[pt_node_by_number(ins, answer->question)].value = true;
    }
    do {
        for (size_t k = 0; k < ins->n_nodes; k++) {
            uint32_t node = ins->order[k];
            uint32_t on;
            reach[node].asked |= node != 0 && reaches_asked(ins, node, reach);
            for (size_t d = 1; pt_node_dependency(ins, node, d, &on); d++) {
                reach[node].value |= on != PT_NONE && reach[on].value;
            }
            reach[node].value |= reach[node].asked;
        }
    } while (ins->settings.missing == PT_MISSING_RANGE && spread_in_repeats(ins, reach));
}

/* Scored nodes that are reached take their whole scale; groups above weigh it as anything else. */
static enum pt_err bound_all(const struct trial *trial, struct pt_arena *arena, struct pt_node_score *scores)
{
    const struct pt_instrument *ins = trial->layout->ins;
    struct reach *reach = pt_arena_zalloc(arena, ins->n_nodes, sizeof *reach);
    struct pt_forced *forced = pt_arena_zalloc(arena, ins->n_nodes, sizeof *forced);
    bool exact = false;
    if (reach == NULL || forced == NULL) {
        return pt_arena_err(arena);
    }
    spread(trial, reach);
    for (size_t i = 1; i < ins->n_nodes; i++) {
        forced[i].whole = reach[i].value && pt_node_is_scored(&ins->nodes[i]);
        forced[i].may_lack = ins->settings.missing == PT_MISSING_EXCLUDE ||
                             (reach[i].asked && ins->settings.inapplicable == PT_INAPPLICABLE_EXCLUDE);
    }
    pt_layout_run(trial->layout);
    uint32_t repeat = ins->settings.product_repeat;
    uint32_t n_to_come = repeat != 0 && reach[repeat].value ? pt_layout_to_come_at_most(trial->layout) : 0;
    trial->layout->n_to_come = n_to_come > trial->layout->n_to_come ? n_to_come : trial->layout->n_to_come;
    return pt_tree_run(trial->layout, forced, arena, scores, &exact);
}

/* *additive: each conflict enters by itself, so that all lows of anything it is in are reached together. */
static enum pt_err score_layout(struct pt_layout *layout, struct pt_arena *arena, struct pt_node_score *scores,
                                bool *exact, bool *additive)
{
    struct trial trial = {.layout = layout};
    enum pt_err err = plan_trial(layout, arena, &trial);
    *exact = err == PT_OK && trial.n_combinations > 0;
    *additive = err == PT_OK && trial.n_combinations == 1;
    if (err != PT_OK) {
        return err;
    }
    return *exact ? try_all(&trial, arena, scores, exact) : bound_all(&trial, arena, scores);
}

static void describe_unit(const struct pt_layout *layout, struct pt_unit_score *out)
{
    for (size_t i = 0; i < layout->n_slots; i++) {
        size_t answer = layout->answer_of[i];
        out->n_conflicts += answer != 0 && layout->answers->answers[answer - 1].n_values > 1 ? 1 : 0;
    }
    for (size_t i = 1; i < out->n_nodes; i++) {
        const struct pt_node *node = &layout->ins->nodes[i];
        out->placeholder |= node->placeholder && node->has_weight && out->nodes[i].has_score;
    }
    out->has_score = out->nodes[0].has_score;
    out->may_lack = out->nodes[0].may_lack;
    out->n_to_come = layout->n_to_come;
    out->low = out->nodes[0].low;
    out->high = out->nodes[0].high;
}

static enum pt_err score_product(const struct pt_layout *unit, uint32_t instance, struct pt_product_score *out,
                                 bool *additive)
{
    struct pt_arena scratch;
    struct pt_layout layout;
    bool exact = false;
    pt_arena_init(&scratch, SIZE_MAX);
    enum pt_err err = pt_layout_make(unit->ins, unit->answers, instance + 1, &scratch, &layout);
    struct pt_node_score *scores = pt_arena_zalloc(&scratch, unit->ins->n_nodes, sizeof *scores);
    if (err == PT_OK) {
        err = scores == NULL ? PT_ENOMEM : score_layout(&layout, &scratch, scores, &exact, additive);
    }
    if (err == PT_OK) {
        *out = (struct pt_product_score){.instance = instance,
                                         .has_score = scores[0].has_score,
                                         .may_lack = scores[0].may_lack,
                                         .exact = exact,
                                         .low = scores[0].low,
                                         .high = scores[0].high};
    }
    pt_arena_close(&scratch);
    return err;
}

/* Two products that follow the same conflict need not be at their lowest together. */
static void doubt_together(struct pt_product_score *products, size_t n, bool additive)
{
    size_t n_open = 0;
    for (size_t i = 0; i < n; i++) {
        n_open += products[i].low != products[i].high ? 1 : 0;
    }
    for (size_t i = 0; i < n; i++) {
        products[i].exact = products[i].exact && (additive || n_open < 2);
    }
}

static enum pt_err score_products(const struct pt_layout *layout, struct pt_arena *arena, struct pt_unit_score *out)
{
    uint32_t repeat = layout->ins->settings.product_repeat;
    if (layout->ins->settings.institution_rule != PT_MEAN_OF_PRODUCTS || repeat == 0) {
        return PT_OK;
    }
    uint32_t first = layout->first_instance[repeat];
    size_t n = 0;
    while (first + n < layout->answers->n_instances &&
           layout->answers->instances[first + n].repeat == layout->ins->nodes[repeat].number) {
        n++;
    }
    struct pt_product_score *products = pt_arena_zalloc(arena, n, sizeof *products);
    enum pt_err err = PT_OK;
    if (products == NULL) {
        return pt_arena_err(arena);
    }
    bool all_additive = true;
    for (size_t i = 0; err == PT_OK && i < n; i++) {
        bool additive = false;
        err = score_product(layout, first + (uint32_t)i, &products[i], &additive);
        all_additive = all_additive && additive;
    }
    doubt_together(products, n, all_additive);
    out->products = products;
    out->n_products = n;
    return err;
}

enum pt_err pt_score_unit(const struct pt_instrument *instrument, const struct pt_answers *answers,
                          struct pt_arena *arena, struct pt_unit_score *out)
{
    struct pt_unit_score score = {.n_nodes = instrument->n_nodes};
    struct pt_layout layout;
    enum pt_err err = pt_layout_make(instrument, answers, 0, arena, &layout);
    if (err != PT_OK) {
        return err;
    }
    struct pt_node_score *nodes = pt_arena_zalloc(arena, instrument->n_nodes, sizeof *nodes);
    if (nodes == NULL) {
        return pt_arena_err(arena);
    }
    bool additive = false;
    err = score_layout(&layout, arena, nodes, &score.exact, &additive);
    score.nodes = nodes;
    score.slots = layout.slots;
    score.spans = layout.spans;
    if (err == PT_OK) {
        describe_unit(&layout, &score);
        err = pt_list_missing(&layout, arena, &score);
    }
    if (err == PT_OK) {
        err = score_products(&layout, arena, &score);
    }
    if (err == PT_OK) {
        *out = score;
    }
    return err;
}

const struct pt_slot *pt_unit_slot(const struct pt_instrument *instrument, const struct pt_answers *answers,
                                   const struct pt_unit_score *score, uint32_t node, uint32_t instance)
{
    const struct pt_span *span = &score->spans[node];
    if (!span->repeated || instance == 0 || instance > answers->n_instances) {
        return !span->repeated && instance == 0 ? &score->slots[span->first] : NULL;
    }
    uint32_t number = instrument->nodes[instrument->nodes[node].repeat].number;
    uint32_t first = instance - 1;
    if (answers->instances[first].repeat != number) {
        return NULL;
    }
    while (first > 0 && answers->instances[first - 1].repeat == number) {
        first--;
    }
    return &score->slots[span->first + (instance - 1 - first)];
}

enum pt_err pt_answer_check(const struct pt_instrument *instrument, const struct pt_answers *answers,
                            const struct pt_unit_score *beside, uint32_t node, uint32_t instance,
                            const struct pt_value *value, struct pt_problem *problem)
{
    const struct pt_node *n = &instrument->nodes[node];
    if (n->constraint == PT_NONE || value->type == PT_VALUE_NONE) {
        return PT_OK;
    }
    const struct pt_slot *at = pt_unit_slot(instrument, answers, beside, node, instance);
    if (n->repeat != 0 && at == NULL) {
        return PT_OK; /* an instance nobody knows yet: there is nothing beside it to compare with */
    }
    struct pt_slot self = {0};
    pt_slot_read(instrument, node, value, 0, &self);
    struct pt_expr_env env = {.slots = beside->slots,
                              .spans = beside->spans,
                              .text_numbers = instrument->text_numbers,
                              .instance = at == NULL ? 0 : (uint32_t)(at - &beside->slots[beside->spans[node].first]),
                              .self = &self};
    struct pt_cell cell = pt_expr_eval(&instrument->programs[n->constraint], &env);
    if (pt_cell_true(&cell)) {
        return PT_OK;
    }
    const char *rule = instrument->programs[n->constraint].source;
    const char *id = n->constraint_message.id[0] != '\0' ? n->constraint_message.id : rule;
    const char *en = n->constraint_message.en[0] != '\0' ? n->constraint_message.en : id;
    return pt_problem_set(problem, PT_EINVALID, PT_MSG_VALUE_CONSTRAINT, n->name, id, en, NULL);
}
