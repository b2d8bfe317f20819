/* merge_state.c - the state an assessment is in, and what counts at a level.
 *
 * A move carries its cut: what its author had. A move that has another one inside its cut stands after it. The moves
 * that nobody stands after are the heads: among several the higher tier wins, then the less approved.
 *
 * A level asks for the state as it would be without what was approved further up: so the region's own approval decides
 * what counts at the region's level, also after head office approved something else. Where that does not reach the
 * level (head office approved at once, or overruled a return), the next level up decides.
 *
 * What is fixed stays so until a move that reopens this very version: a move by somebody who knew of the fixing, but of
 * no reopening, is void, and one that did not know of it loses. */
#include "core/merge/merge_internal.h"
#include "core/merge/seen.h"

struct move {
    size_t view;
    uint64_t seq;
    const Patuh__Move *detail;
    enum pt_tier tier;
    bool open;   /* it takes part at the level */
    bool passed; /* another open move stands after it */
};

struct moves {
    struct move *list;
    size_t n;
};

static enum pt_err collect_moves(struct pt__merge *m, struct moves *out)
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
    *out = (struct moves){.list = moves, .n = filled};
    return moves == NULL ? PT_ENOMEM : PT_OK;
}

static uint64_t cut_at(const struct pt__merge *m, const struct move *move, size_t v)
{
    return pt_seen_reach(&m->in->views[move->view], move->seq, move->detail, &m->in->views[v]);
}

/* Of a move about a version that may be less. */
static uint64_t counts_at(const struct pt__merge *m, const struct move *move, size_t v)
{
    return pt_seen_counted(&m->in->views[move->view], move->seq, move->detail, &m->in->views[v]);
}

static bool has_seen(const struct pt__merge *m, const struct move *later, const struct move *earlier)
{
    return later != earlier && cut_at(m, later, earlier->view) >= earlier->seq &&
           !(later->view == earlier->view && later->seq < earlier->seq);
}

/* Of a whole result: it goes into a version, or comes out of one. */
static bool is_about_version(const struct move *move)
{
    return move->detail->version > 0 || move->detail->reopens > 0;
}

/* What a surveyor proposes an office confirms; then there is nothing left to approve, at no level. */
static bool is_confirmed(const struct move *move)
{
    return move->detail->to == PATUH__STATE__STATE_NOT_ASSESSED && move->tier != PT_TIER_DEVICE;
}

static bool is_approval(const struct move *move)
{
    return move->detail->to == PATUH__STATE__STATE_APPROVED_REGION ||
           move->detail->to == PATUH__STATE__STATE_APPROVED_NATIONAL || is_confirmed(move);
}

/* What a tier approved, a lower one does not undo: who submits again after an approval waits for the next move. What is
 * fixed only a move about a version goes past. */
static bool stands_after(const struct pt__merge *m, const struct move *later, const struct move *earlier)
{
    if (is_approval(earlier) && later->tier < earlier->tier) {
        return false;
    }
    return (earlier->detail->version == 0 || is_about_version(later)) && has_seen(m, later, earlier);
}

/* Did its author know of a fixing, and of no reopening of it? */
static bool is_void(const struct pt__merge *m, const struct moves *moves, const struct move *move)
{
    for (size_t i = 0; i < moves->n && !is_about_version(move); i++) {
        const struct move *fixed = &moves->list[i];
        bool closed = fixed->detail->version > 0 && has_seen(m, move, fixed);
        for (size_t k = 0; k < moves->n && closed; k++) {
            const struct move *opened = &moves->list[k];
            closed = opened->detail->reopens < fixed->detail->version || !has_seen(m, move, opened);
        }
        if (closed) {
            return true;
        }
    }
    return false;
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

/* Fixing is the last word, whatever else was under way. */
static bool wins(const struct move *a, const struct move *b)
{
    if ((a->detail->version > 0) != (b->detail->version > 0)) {
        return a->detail->version > 0;
    }
    if (a->tier != b->tier) {
        return a->tier > b->tier;
    }
    return pt_level_of(a->detail->to) < pt_level_of(b->detail->to); /* views are sorted: the first of equals stays */
}

/* The effective one among the moves that reach no further than the level. */
static const struct move *effective_move(const struct pt__merge *m, struct moves *moves, enum pt_level level)
{
    const struct move *best = NULL;
    for (size_t i = 0; i < moves->n; i++) {
        struct move *move = &moves->list[i];
        bool fixes = move->detail->version > 0 && level < PT_LEVEL_FIXED;
        move->open = pt_level_of(move->detail->to) <= level && !fixes && !is_void(m, moves, move);
        move->passed = false;
    }
    for (size_t i = 0; i < moves->n; i++) {
        struct move *move = &moves->list[i];
        for (size_t k = 0; k < moves->n && move->open && !move->passed; k++) {
            move->passed = moves->list[k].open && stands_after(m, &moves->list[k], move);
        }
        if (move->open && !move->passed && (best == NULL || wins(move, best))) {
            best = move;
        }
    }
    return best;
}

/* The one that put the assessment into a version, also when it was reopened since; the first in the order of logs. */
static const struct move *move_of_version(const struct moves *moves, uint32_t version)
{
    for (size_t i = 0; i < moves->n; i++) {
        if (moves->list[i].detail->version == version) {
            return &moves->list[i];
        }
    }
    return NULL;
}

/* Heads that agree on the state (two assistants who submit without knowing of each other) count together. */
static bool counts_with(const struct move *move, const struct move *best)
{
    bool agrees = move->tier == best->tier && move->detail->to == best->detail->to;
    return move == best || (best->detail->version == 0 && agrees && move->open && !move->passed);
}

static void set_cut(struct pt__merge *m, const struct moves *moves, const struct move *best)
{
    for (size_t v = 0; v < m->in->n_views; v++) {
        uint64_t upto = 0;
        for (size_t i = 0; i < moves->n && best != NULL; i++) {
            uint64_t cut = counts_with(&moves->list[i], best) ? counts_at(m, &moves->list[i], v) : 0;
            upto = cut > upto ? cut : upto;
        }
        m->upto[v] = upto;
    }
}

/* A cut of which something is missing says nothing yet: a part of it would be another result. */
static bool is_whole(const struct pt__merge *m, const struct moves *moves, const struct move *best)
{
    for (size_t i = 0; i < moves->n; i++) {
        const struct move *move = &moves->list[i];
        if (counts_with(move, best) && !pt_seen_is_whole(move->detail, m->in->views, m->in->n_views)) {
            return false;
        }
    }
    return true;
}

/* Has anybody gone on from this return? Another return only adds to it. */
static bool is_answered(const struct pt__merge *m, const struct moves *moves, const struct move *move)
{
    for (size_t i = 0; i < moves->n; i++) {
        const struct move *later = &moves->list[i];
        if (later->open && later->detail->to != PATUH__STATE__STATE_HAS_ISSUES && has_seen(m, later, move)) {
            return true;
        }
    }
    return false;
}

/* While it is returned, by whomever: what the returns say that nobody has gone on from. */
static bool has_standing_comments(const struct pt__merge *m, const struct moves *moves, const struct move *best,
                                  const struct move *move)
{
    bool returned = best->detail->to == PATUH__STATE__STATE_HAS_ISSUES;
    bool returns = move->open && move->detail->to == PATUH__STATE__STATE_HAS_ISSUES;
    return returned && returns && !is_answered(m, moves, move);
}

/* What reviewers asked for, of all returns. */
static enum pt_err list_comments(struct pt__merge *m, const struct moves *moves, const struct move *best)
{
    size_t n = 0;
    for (size_t i = 0; i < moves->n; i++) {
        n += moves->list[i].detail->n_comment;
    }
    m->out->comments = pt_arena_zalloc(m->arena, n, sizeof *m->out->comments);
    for (size_t i = 0; i < moves->n && m->out->comments != NULL; i++) {
        const struct move *move = &moves->list[i];
        bool stands = has_standing_comments(m, moves, best, move);
        for (size_t k = 0; k < move->detail->n_comment; k++) {
            m->out->comments[m->out->n_comments++] = (struct pt_comment){.view = &m->in->views[move->view],
                                                                         .seq = move->seq,
                                                                         .detail = move->detail->comment[k],
                                                                         .stands = stands};
        }
    }
    return m->out->comments == NULL ? PT_ENOMEM : PT_OK;
}

static enum pt_err set_state(struct pt__merge *m, const struct moves *moves, const struct move *best)
{
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
    m->out->incomplete = !is_whole(m, moves, best);
    return list_comments(m, moves, best);
}

static bool reaches(const struct move *move, enum pt_level level)
{
    bool last = move != NULL && is_confirmed(move);
    enum pt_level final = last && move->detail->version > 0 ? PT_LEVEL_FIXED : PT_LEVEL_NATIONAL;
    return move != NULL && (pt_level_of(move->detail->to) >= level || (last && level <= final));
}

enum pt_err pt__merge_state(struct pt__merge *m)
{
    enum pt_level level = m->in->level;
    uint32_t version = m->in->version;
    struct moves moves;
    enum pt_err err = collect_moves(m, &moves);
    if (err != PT_OK) {
        return err;
    }
    const struct move *best =
        version > 0 ? move_of_version(&moves, version) : effective_move(m, &moves, PT_LEVEL_FIXED);
    if (best != NULL) {
        err = set_state(m, &moves, best);
    }
    if (level == PT_LEVEL_WORK || err != PT_OK) {
        return err;
    }
    bool found = version > 0;
    for (unsigned upto = level; !found && upto <= PT_LEVEL_FIXED; upto++) {
        best = effective_move(m, &moves, (enum pt_level)upto);
        found = reaches(best, level);
    }
    m->out->incomplete = reaches(best, level) && !is_whole(m, &moves, best);
    m->out->counts = reaches(best, level) && !m->out->incomplete;
    set_cut(m, &moves, m->out->counts ? best : NULL);
    return PT_OK;
}
