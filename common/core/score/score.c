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
static void widen(struct pt_node_score *to, const struct pt_node_score *from, bool *exact)
{
    *exact = *exact && to->has_score == from->has_score;
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
        err = pt_tree_run(trial->layout, NULL, &scratch, i == 0 ? scores : one);
        bool same = true;
        for (size_t k = 0; err == PT_OK && i > 0 && k < n_nodes; k++) {
            widen(&scores[k], &one[k], k == 0 ? exact : &same);
        }
        advance(trial);
        pt_arena_reset(&scratch);
    }
    pt_arena_close(&scratch);
    if (trial->n_combinations > 1) {
        pt_layout_run(trial->layout); /* leave the slots of the first combination */
    }
    return err;
}

/* Every scored node that a conflict can reach, and all it hands its score to. `order` puts what is read first. */
static void force_reached(const struct trial *trial, bool *reached, bool *forced)
{
    const struct pt_instrument *ins = trial->layout->ins;
    for (size_t i = 0; i < trial->n_answers; i++) {
        const struct pt_answer *answer = &trial->layout->answers->answers[trial->answers[i]];
        reached[pt_node_by_number(ins, answer->question)] = true;
    }
    for (size_t k = 0; k < ins->n_nodes; k++) {
        uint32_t node = ins->order[k];
        uint32_t on;
        for (size_t d = 0; pt_node_dependency(ins, node, d, &on); d++) {
            reached[node] |= on != PT_NONE && reached[on];
        }
        for (uint32_t up = node; reached[node] && pt_node_is_scored(&ins->nodes[node]) && up != 0;
             up = ins->nodes[up].scorer) {
            forced[up] = true;
        }
    }
}

static enum pt_err bound_all(const struct trial *trial, struct pt_arena *arena, struct pt_node_score *scores)
{
    size_t n_nodes = trial->layout->ins->n_nodes;
    bool *reached = pt_arena_zalloc(arena, n_nodes, sizeof *reached);
    bool *forced = pt_arena_zalloc(arena, n_nodes, sizeof *forced);
    if (reached == NULL || forced == NULL) {
        return pt_arena_err(arena);
    }
    force_reached(trial, reached, forced);
    pt_layout_run(trial->layout);
    return pt_tree_run(trial->layout, forced, arena, scores);
}

static enum pt_err score_layout(struct pt_layout *layout, struct pt_arena *arena, struct pt_node_score *scores,
                                bool *exact)
{
    struct trial trial = {.layout = layout};
    enum pt_err err = plan_trial(layout, arena, &trial);
    *exact = err == PT_OK && trial.n_combinations > 0;
    if (err != PT_OK) {
        return err;
    }
    return *exact ? try_all(&trial, arena, scores, exact) : bound_all(&trial, arena, scores);
}

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

static enum pt_err list_missing(const struct pt_layout *layout, struct pt_arena *arena, struct pt_unit_score *out)
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
        if (too_few(layout, i, &out->nodes[i], n - before)) {
            missing[n++] = (struct pt_missing){.node = i};
        }
    }
    out->missing = missing;
    out->n_missing = n;
    return PT_OK;
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
    out->low = out->nodes[0].low;
    out->high = out->nodes[0].high;
}

static enum pt_err score_product(const struct pt_layout *unit, uint32_t instance, struct pt_product_score *out)
{
    struct pt_arena scratch;
    struct pt_layout layout;
    bool exact = false;
    pt_arena_init(&scratch, SIZE_MAX);
    enum pt_err err = pt_layout_make(unit->ins, unit->answers, instance + 1, &scratch, &layout);
    struct pt_node_score *scores = pt_arena_zalloc(&scratch, unit->ins->n_nodes, sizeof *scores);
    if (err == PT_OK) {
        err = scores == NULL ? PT_ENOMEM : score_layout(&layout, &scratch, scores, &exact);
    }
    if (err == PT_OK) {
        *out = (struct pt_product_score){.instance = instance,
                                         .has_score = scores[0].has_score,
                                         .exact = exact,
                                         .low = scores[0].low,
                                         .high = scores[0].high};
    }
    pt_arena_close(&scratch);
    return err;
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
    for (size_t i = 0; err == PT_OK && i < n; i++) {
        err = score_product(layout, first + (uint32_t)i, &products[i]);
    }
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
    err = score_layout(&layout, arena, nodes, &score.exact);
    score.nodes = nodes;
    score.slots = layout.slots;
    score.spans = layout.spans;
    if (err == PT_OK) {
        describe_unit(&layout, &score);
        err = list_missing(&layout, arena, &score);
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
