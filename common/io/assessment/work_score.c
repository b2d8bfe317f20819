#include "io/assessment/work_score.h"

static const char *kept(struct pt_arena *arena, struct pt_buf *text)
{
    const char *out = pt_arena_str(arena, pt_buf_text(text));
    pt_buf_free(text);
    return out == NULL ? "" : out; /* the arena remembers that it was exhausted */
}

static const char *points_text(const struct pt_work *work, int64_t score, struct pt_arena *arena)
{
    struct pt_buf text = {0};
    pt_score_put(&text, score, work->instrument->settings.decimals);
    return kept(arena, &text);
}

struct pt_points pt_work_points(const struct pt_work *work, struct pt_arena *arena)
{
    const struct pt_unit_score *from = &work->score;
    const struct pt_instrument *instrument = work->instrument;
    struct pt_points points = {.low = "", .high = "", .zone = "", .category = ""};
    if (!work->ready || !from->has_score) {
        return points;
    }
    points.has_score = true;
    points.low = points_text(work, from->low, arena);
    points.high = points_text(work, from->high, arena);
    points.exact = from->exact;
    points.placeholders = from->placeholder;
    points.settled = !from->may_lack && from->low == from->high;
    const struct pt_zone *zone =
        points.settled ? pt_zone_of(instrument, pt_score_round(from->low, instrument->settings.decimals)) : NULL;
    if (zone != NULL) {
        const char *category = pt_arena_str(arena, zone->category);
        points.zone = pt_zone_name(zone->zone);
        points.category = category == NULL ? "" : category;
    }
    return points;
}

bool pt_work_is_missing(const struct pt_work *work, uint32_t node, uint32_t instance)
{
    for (size_t i = 0; i < work->score.n_missing; i++) {
        const struct pt_missing *missing = &work->score.missing[i];
        if (missing->node == node && missing->instance == instance) {
            return true;
        }
    }
    return false;
}

bool pt_work_is_short(const struct pt_work *work, uint32_t repeat, uint32_t *n_have, uint32_t *n_need)
{
    *n_have = *n_need = 0;
    for (uint32_t i = repeat + 1; i < work->instrument->nodes[repeat].end; i++) {
        const struct pt_node *node = &work->instrument->nodes[i];
        const struct pt_node_score *score = &work->score.nodes[i];
        uint32_t need = node->min_count == 0 ? 1 : node->min_count;
        bool counted = need > 1 && pt_node_is_scored(node) && score->relevant && score->n_answered < need;
        if ((counted || pt_work_is_missing(work, i, 0)) && need - score->n_answered > *n_need - *n_have) {
            *n_have = score->n_answered;
            *n_need = need;
        }
    }
    return *n_need > 0;
}
