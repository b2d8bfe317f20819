/* merge_state.c - the state an assessment is in, and what counts at a level.
 *
 * A move carries its cut: what its author had. A move that has another one inside its cut stands after it. The moves
 * that nobody stands after are the heads: among several the higher tier wins, then the less approved. */
#include "core/merge/merge_internal.h"
#include "core/merge/seen.h"

struct move {
    size_t view;
    uint64_t seq;
    const Patuh__Move *detail;
    int tier;
    bool passed; /* another effective move stands after it */
};

static size_t collect_moves(struct pt__merge *m, struct move **out)
{
    size_t n = 0;
    for (size_t v = 0; v < m->in->n_views; v++) {
        for (size_t i = 0; i < m->in->views[v].n_entries; i++) {
            n += m->effective[v][i] && m->in->views[v].entries[i].kind == PATUH__ENTRY_KIND__ENTRY_MOVE;
        }
    }
    struct move *moves = pt_arena_zalloc(m->arena, n, sizeof *moves);
    size_t filled = 0;
    for (size_t v = 0; moves != NULL && v < m->in->n_views; v++) {
        const struct pt_view *view = &m->in->views[v];
        for (size_t i = 0; i < view->n_entries; i++) {
            if (m->effective[v][i] && view->entries[i].kind == PATUH__ENTRY_KIND__ENTRY_MOVE) {
                const Patuh__Move *detail = pt__merge_detail(m, &view->entries[i], &patuh__move__descriptor);
                moves[filled] = (struct move){.view = v, .seq = i + 1, .detail = detail};
                (void)pt__merge_in_charge(m, view, i + 1, &moves[filled].tier);
                filled += detail != NULL;
            }
        }
    }
    *out = moves;
    return filled;
}

static uint64_t cut_at(const struct pt__merge *m, const struct move *move, size_t v)
{
    return pt_seen_reach(&m->in->views[move->view], move->seq, move->detail, &m->in->views[v]);
}

/* What a surveyor proposes an office confirms; then there is nothing left to approve, at no level. */
static bool is_confirmed(const struct move *move)
{
    return move->detail->to == PATUH__STATE__STATE_NOT_ASSESSED && move->tier > 0;
}

static bool is_approval(const struct move *move)
{
    return move->detail->to == PATUH__STATE__STATE_APPROVED_REGION ||
           move->detail->to == PATUH__STATE__STATE_APPROVED_NATIONAL || is_confirmed(move);
}

/* What a tier approved, a lower one does not undo: who submits again after an approval waits for the next move. */
static bool stands_after(const struct pt__merge *m, const struct move *later, const struct move *earlier)
{
    if (is_approval(earlier) && later->tier < earlier->tier) {
        return false;
    }
    return later != earlier && cut_at(m, later, earlier->view) >= earlier->seq &&
           !(later->view == earlier->view && later->seq < earlier->seq);
}

/* Not assessed counts as submitted, unless an office confirmed it (reaches). */
enum pt_level pt_level_of(Patuh__State state)
{
    switch (state) {
    case PATUH__STATE__STATE_SUBMITTED:
    case PATUH__STATE__STATE_NOT_ASSESSED:
        return PT_LEVEL_SUBMITTED;
    case PATUH__STATE__STATE_APPROVED_REGION:
        return PT_LEVEL_REGION;
    case PATUH__STATE__STATE_APPROVED_NATIONAL:
        return PT_LEVEL_NATIONAL;
    case PATUH__STATE__STATE_FIXED:
        return PT_LEVEL_FIXED;
    case PATUH__STATE__STATE_DRAFT:
    case PATUH__STATE__STATE_HAS_ISSUES:
    case _PATUH__STATE_IS_INT_SIZE:
        break;
    }
    return PT_LEVEL_WORK;
}

static bool wins(const struct move *a, const struct move *b)
{
    if (a->tier != b->tier) {
        return a->tier > b->tier;
    }
    return pt_level_of(a->detail->to) < pt_level_of(b->detail->to); /* views are sorted: the first of equals stays */
}

static const struct move *effective_move(const struct pt__merge *m, struct move *moves, size_t n)
{
    const struct move *best = NULL;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < n && !moves[i].passed; k++) {
            moves[i].passed = stands_after(m, &moves[k], &moves[i]);
        }
        if (!moves[i].passed && (best == NULL || wins(&moves[i], best))) {
            best = &moves[i];
        }
    }
    return best;
}

/* Heads that agree on the state (two assistants who submit without knowing of each other) count together. */
static void set_cut(struct pt__merge *m, const struct move *moves, size_t n, const struct move *best)
{
    for (size_t v = 0; v < m->in->n_views; v++) {
        uint64_t upto = 0;
        for (size_t i = 0; i < n; i++) {
            if (!moves[i].passed && moves[i].tier == best->tier && moves[i].detail->to == best->detail->to) {
                uint64_t cut = cut_at(m, &moves[i], v);
                upto = cut > upto ? cut : upto;
            }
        }
        m->upto[v] = upto;
    }
}

static bool reaches(const struct move *move, enum pt_level level)
{
    return pt_level_of(move->detail->to) >= level || (is_confirmed(move) && level <= PT_LEVEL_NATIONAL);
}

static void count_nothing(struct pt__merge *m)
{
    for (size_t v = 0; v < m->in->n_views; v++) {
        m->upto[v] = 0;
    }
}

enum pt_err pt__merge_state(struct pt__merge *m)
{
    struct move *moves;
    size_t n = collect_moves(m, &moves);
    if (moves == NULL) {
        return PT_ENOMEM;
    }
    const struct move *best = effective_move(m, moves, n);
    if (best != NULL) {
        struct pt_claim *by = pt_arena_zalloc(m->arena, 1, sizeof *by);
        if (by == NULL) {
            return PT_ENOMEM;
        }
        const struct pt_view *view = &m->in->views[best->view];
        *by = (struct pt_claim){.view = view, .seq = best->seq, .entry = &view->entries[best->seq - 1]};
        m->out->state = best->detail->to;
        m->out->state_by = by;
        m->out->state_move = best->detail;
        m->out->state_tier = best->tier;
    }
    if (m->in->level == PT_LEVEL_WORK) {
        return PT_OK;
    }
    m->out->counts = best != NULL && reaches(best, m->in->level);
    if (m->out->counts) {
        set_cut(m, moves, n, best);
    } else {
        count_nothing(m);
    }
    return PT_OK;
}
