#include "io/assessment/conditions.h"

static bool is_broken(const struct pt_work *work, uint32_t node, const struct pt_answer *answer,
                      struct pt_problem *problem)
{
    const struct pt_instrument *instrument = work->instrument;
    const struct pt_answers *answers = &work->state.answers;
    if (node == PT_NONE || answer->n_values != 1) {
        return false;
    }
    const struct pt_slot *slot = pt_unit_slot(instrument, answers, &work->score, node, answer->instance);
    return slot != NULL && slot->relevant &&
           pt_answer_check(instrument, answers, &work->score, node, answer->instance, &answer->values[0], problem) !=
               PT_OK;
}

enum pt_err pt_conditions_check(const struct pt_work *work, struct pt_arena *arena, struct pt_conditions *out)
{
    *out = (struct pt_conditions){0};
    if (!work->ready) {
        return PT_OK;
    }
    const struct pt_answers *answers = &work->state.answers;
    out->broken = pt_arena_zalloc(arena, answers->n_answers, sizeof *out->broken);
    for (size_t i = 0; out->broken != NULL && i < answers->n_answers; i++) {
        const struct pt_answer *answer = &answers->answers[i];
        struct pt_problem problem = {0};
        uint32_t node = pt_node_by_number(work->instrument, answer->question);
        if (is_broken(work, node, answer, &problem)) { /* its sentence: the question, then the rule */
            out->broken[out->n_broken++] = (struct pt_broken){.node = node,
                                                              .instance = answer->instance,
                                                              .rule_id = pt_arena_str(arena, problem.arg[1]),
                                                              .rule_en = pt_arena_str(arena, problem.arg[2])};
        }
    }
    return arena->exhausted || out->broken == NULL ? PT_ENOMEM : PT_OK;
}

const struct pt_broken *pt_conditions_find(const struct pt_conditions *conditions, uint32_t node, uint32_t instance)
{
    for (size_t i = 0; i < conditions->n_broken; i++) {
        if (conditions->broken[i].node == node && conditions->broken[i].instance == instance) {
            return &conditions->broken[i];
        }
    }
    return NULL;
}
