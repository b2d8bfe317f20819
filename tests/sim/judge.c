/* judge.c - what has to hold of an assessment, worked out from its entries without the code that merges them. */
#include "sim.h"

#include "base/check.h"
#include "core/wire/unpack.h"

#include <string.h>

static bool is_claim(const struct pt_entry *entry)
{
    return entry->kind == PATUH__ENTRY_KIND__ENTRY_ANSWER || entry->kind == PATUH__ENTRY_KIND__ENTRY_CLEAR ||
           entry->kind == PATUH__ENTRY_KIND__ENTRY_DECIDE;
}

/* The judge's own list of claims; whether merge rightly says that one is without effect: words.c. */
struct claim {
    const struct pt_view *view;
    uint64_t seq;
    const struct pt_entry *entry;
};

static bool is_effective(const struct pt_assessment *state, const struct pt_view *view, uint64_t seq)
{
    for (size_t i = 0; i < state->n_ineffective; i++) {
        if (state->ineffective[i].view == view && state->ineffective[i].seq == seq) {
            return false;
        }
    }
    return true;
}

static struct claim *collect(struct sim_sight *sight, size_t *n_out)
{
    size_t n = 0;
    for (size_t v = 0; v < sight->n_views; v++) {
        n += sight->views[v].n_entries;
    }
    struct claim *claims = pt_arena_zalloc(&sight->arena, n + 1, sizeof *claims);
    PT_CHECK(claims != NULL);
    n = 0;
    for (size_t v = 0; v < sight->n_views; v++) {
        const struct pt_view *view = &sight->views[v];
        for (uint64_t seq = 1; seq <= view->n_entries; seq++) {
            const struct pt_entry *entry = &view->entries[seq - 1];
            if (is_claim(entry) && is_effective(&sight->state, view, seq)) {
                claims[n++] = (struct claim){.view = view, .seq = seq, .entry = entry};
            }
        }
    }
    *n_out = n;
    return claims;
}

static bool same_register(const struct claim *a, const struct claim *b)
{
    return a->entry->question == b->entry->question && strcmp(a->entry->instance, b->entry->instance) == 0;
}

static struct pt_value value_of(const struct claim *claim)
{
    struct pt_value none = {0};
    return claim->entry->kind == PATUH__ENTRY_KIND__ENTRY_CLEAR ? none : claim->entry->value;
}

static bool names(const struct claim *by, const struct claim *of)
{
    const struct pt_view_chunk *chunk = pt_view_chunk_of(of->view, of->seq);
    for (size_t i = 0; i < by->entry->n_replaces && chunk != NULL; i++) {
        const struct pt_entry_ref *ref = &by->entry->replaces[i];
        if (ref->seq == of->seq && ref->incarnation == of->view->log.incarnation &&
            pt_author_eq(&ref->author, &of->view->log.author) &&
            memcmp(ref->link, chunk->link.b, sizeof ref->link) == 0) {
            return true;
        }
    }
    return false;
}

/* Does an answer name claims with different values? Then it settles nothing: only a decision does. */
static bool settles_too_much(const struct claim *claims, size_t n, const struct claim *by)
{
    struct pt_value first = {0};
    bool found = false;
    for (size_t i = 0; i < n; i++) {
        if (same_register(&claims[i], by) && claims[i].view != by->view && names(by, &claims[i])) {
            struct pt_value value = value_of(&claims[i]);
            if (found && !pt_value_eq(&first, &value)) {
                return true;
            }
            first = value;
            found = true;
        }
    }
    return false;
}

/* Its author changed it later, or somebody who had seen it answered or decided in its place. */
static bool is_superseded(const struct claim *claims, size_t n, const struct claim *claim)
{
    for (size_t i = 0; i < n; i++) {
        const struct claim *by = &claims[i];
        if (by == claim || !same_register(by, claim)) {
            continue;
        }
        if (by->view == claim->view && by->seq > claim->seq) {
            return true;
        }
        bool decides = by->entry->kind == PATUH__ENTRY_KIND__ENTRY_DECIDE;
        if (by->view != claim->view && names(by, claim) && (decides || !settles_too_much(claims, n, by))) {
            return true;
        }
    }
    return false;
}

static const struct pt_register *register_of(const struct sim *s, const struct pt_assessment *state,
                                             const struct claim *claim, const struct pt_answer **answer)
{
    const struct pt_node *node = &s->instrument.nodes[pt_node_by_number(&s->instrument, claim->entry->question)];
    const struct pt_register *reg;
    uint32_t instance = 0;
    for (size_t i = 0; node->repeat != 0 && i < state->answers.n_instances; i++) {
        if (strcmp(state->answers.instances[i].name, claim->entry->instance) == 0) {
            instance = (uint32_t)i + 1;
        }
    }
    if (node->repeat != 0 && instance == 0) {
        return NULL; /* of a respondent who was removed */
    }
    *answer = pt_assessment_answer(state, claim->entry->question, instance, &reg);
    return *answer == NULL ? NULL : reg;
}

static bool is_head(const struct pt_register *reg, const struct claim *claim)
{
    for (size_t i = 0; i < reg->n_heads; i++) {
        if (reg->heads[i].view == claim->view && reg->heads[i].seq == claim->seq) {
            return true;
        }
    }
    return false;
}

static bool has_value(const struct pt_answer *answer, const struct claim *claim)
{
    struct pt_value value = value_of(claim);
    for (size_t i = 0; i < answer->n_values; i++) {
        if (pt_value_eq(&answer->values[i], &value)) {
            return true;
        }
    }
    return false;
}

/* Everything counts at this level: each claim is a head, or somebody who had seen it put another in its place. */
static void judge_claims(struct sim *s, struct sim_sight *sight)
{
    size_t n;
    struct claim *claims = collect(sight, &n);
    for (size_t i = 0; i < n; i++) {
        const struct pt_answer *answer = NULL;
        const struct pt_register *reg = register_of(s, &sight->state, &claims[i], &answer);
        if (reg == NULL) {
            /* of a respondent who was removed, or whose entry has not come (in another author's log) */
            world_expect(s->w, claims[i].entry->instance[0] != '\0', "an answer without a register");
            continue;
        }
        if (is_head(reg, &claims[i])) {
            world_expect(s->w, has_value(answer, &claims[i]), "a head whose value is not shown");
        } else {
            world_expect(s->w, is_superseded(claims, n, &claims[i]), "a value has disappeared in a conflict");
        }
    }
}

static bool has_move(const struct pt_view *view)
{
    bool has = false;
    for (size_t i = 0; i < view->n_entries && !has; i++) {
        has = view->entries[i].kind == PATUH__ENTRY_KIND__ENTRY_MOVE;
    }
    return has;
}

/* An office whose store was restored may have approved, or returned, what its other life did not know of. */
static bool has_other_life(const struct sim *s, const struct sim_sight *sight, const struct sim_approval *of)
{
    for (size_t i = 0; i < sight->n_views; i++) {
        const struct pt_view *view = &sight->views[i];
        if (world_is_of(s->offices[of->office], &view->log.author) && view->log.incarnation != of->log.incarnation &&
            has_move(view)) {
            return true;
        }
    }
    return false;
}

/* Entries of whoever is revoked stop counting. */
static bool has_revoked(struct sim *s, const struct pt_subject *subject)
{
    const struct sim_unit *unit = sim_unit_of(s, subject);
    for (size_t k = 0; unit != NULL && k < unit->n_surveyors; k++) {
        if (s->devices[unit->surveyors[k]].revoked) {
            return true;
        }
    }
    return false;
}

/* Held entries had counted until the other branch came. */
static bool has_forks(struct world_node *node, const struct pt_subject *subject)
{
    struct pt_arena arena;
    struct pt_head *heads;
    struct pt_txn *txn;
    size_t n = 0;
    bool forked = false;
    PT_CHECK(pt_store_begin_read(node->store, &txn) == PT_OK);
    pt_arena_init(&arena, SIZE_MAX);
    PT_CHECK(pt_logs_list(txn, subject, &arena, &heads, &n) == PT_OK);
    for (size_t i = 0; i < n; i++) {
        forked = forked || heads[i].forked;
    }
    pt_arena_close(&arena);
    pt_store_abort(txn);
    return forked;
}

static bool has_log(const struct sim_sight *sight, const Patuh__LogSeen *seen)
{
    for (size_t i = 0; i < sight->n_views; i++) {
        const struct pt_view *view = &sight->views[i];
        if (view->log.incarnation == seen->incarnation &&
            memcmp(view->log.author.b, seen->author.data, PT_HASH_BYTES) == 0) {
            return pt_view_has(view, seen->seq, pt_bytes_of(seen->link.data, seen->link.len));
        }
    }
    return false;
}

/* Is everything here that was here when it was approved? */
static bool is_whole(struct sim_sight *sight, const struct sim_approval *of)
{
    const struct pt_view *view = pt_view_find(sight->views, sight->n_views, &of->log.author, of->log.incarnation);
    ProtobufCMessage *message;
    if (view == NULL || view->n_entries < of->seq) {
        return false;
    }
    PT_CHECK(pt_unpack(&patuh__move__descriptor, view->entries[of->seq - 1].detail, &sight->arena, &message) == PT_OK);
    const Patuh__Move *move = (const Patuh__Move *)message;
    bool whole = true;
    for (size_t i = 0; i < move->n_cut && whole; i++) {
        whole = has_log(sight, move->cut[i]);
    }
    return whole;
}

/* What the region approved after it had taken `own` back, or head office its own (while that is not whole here, nobody
 * knows); when nothing, what head office did. */
static bool is_later(const struct sim *s, struct sim_sight *sight, const struct sim_approval *own,
                     const struct sim_approval *last, const struct pt_hash *answers)
{
    for (const struct sim_approval *a = own + 1; a < s->approvals + s->n_approvals; a++) {
        if (pt_subject_eq(&a->subject, &own->subject) && a->office == own->office &&
            (pt_hash_eq(&a->answers, answers) || !is_whole(sight, a))) {
            return true;
        }
    }
    return pt_hash_eq(answers, &last->answers);
}

/* Of the same respondents and registers: what was approved is what counts. Head office approves what a region approved
 * before; then each level has its own, and what came in between counts at head office's alone; but where the region
 * took its own back without knowing of head office's, what it approved next counts, or else head office's for both. At
 * the level of what was submitted no approval decides. */
static void judge_approval(struct sim *s, struct world_node *node, struct sim_sight *sight, enum pt_level level)
{
    size_t number = sim_approval_of(s, &sight->subject, sight->state.state_by);
    if (number == 0 || level == PT_LEVEL_SUBMITTED) {
        return;
    }
    const struct sim_approval *last = &s->approvals[number - 1];
    const struct sim_approval *own = level == PT_LEVEL_REGION && last->over > 0 ? &s->approvals[last->over - 1] : last;
    if (!has_other_life(s, sight, last) && !has_other_life(s, sight, own) && !has_revoked(s, &sight->subject) &&
        !has_forks(node, &sight->subject) && is_whole(sight, last) && is_whole(sight, own)) {
        struct pt_hash answers = sim_answers_digest(&sight->state);
        bool withdrawn = own->withdrawn || last->withdrawn;
        bool right = pt_hash_eq(&answers, &own->answers) || (withdrawn && is_later(s, sight, own, last, &answers));
        world_expect(s->w, right, "what counts is not what was approved");
    }
}

void sim_judge(struct sim *s, struct world_node *node, struct sim_sight *sight, enum pt_level level)
{
    if (!sight->ready) {
        return;
    }
    if (level == PT_LEVEL_WORK) {
        sim_judge_authors(s, sight);
        judge_claims(s, sight);
    } else if (sight->state.counts) {
        judge_approval(s, node, sight, level);
    }
}
