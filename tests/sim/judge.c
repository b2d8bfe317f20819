/* judge.c - what has to hold of an assessment, worked out from its entries without the code that merges them. */
#include "sim.h"

#include "base/check.h"
#include "base/mem.h"

#include <string.h>

static bool is_claim(const struct pt_entry *entry)
{
    return entry->kind == PATUH__ENTRY_KIND__ENTRY_ANSWER || entry->kind == PATUH__ENTRY_KIND__ENTRY_CLEAR ||
           entry->kind == PATUH__ENTRY_KIND__ENTRY_DECIDE;
}

/* The judge's own list of claims: what merge says to be without effect is looked at elsewhere. */
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

/* An author whose store was restored or copied may have approved what its other copy did not know of. */
static bool has_other_life(const struct sim *s, const struct sim_approval *of)
{
    for (size_t i = 0; i < s->n_approvals; i++) {
        const struct sim_approval *a = &s->approvals[i];
        if (pt_subject_eq(&a->subject, &of->subject) && pt_author_eq(&a->log.author, &of->log.author) &&
            a->log.incarnation != of->log.incarnation) {
            return true;
        }
    }
    return false;
}

/* Entries of whoever is revoked stop counting. */
static bool has_revoked(const struct sim *s, const struct pt_subject *subject)
{
    for (size_t i = 0; i < s->n_units; i++) {
        for (size_t k = 0; strcmp(s->units[i].subject, subject->text) == 0 && k < s->units[i].n_surveyors; k++) {
            if (s->devices[s->units[i].surveyors[k]].revoked) {
                return true;
            }
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
    PT_CHECK(pt_store_begin(node->store, false, &txn) == PT_OK);
    pt_arena_init(&arena, SIZE_MAX);
    PT_CHECK(pt_logs_list(txn, subject, &arena, &heads, &n) == PT_OK);
    for (size_t i = 0; i < n; i++) {
        forked = forked || heads[i].forked;
    }
    pt_arena_close(&arena);
    pt_store_abort(txn);
    return forked;
}

/* Of the same respondents and registers: what was approved is what counts. Head office approves what a region approved
 * before; then each level has its own, and what came in between counts at head office's alone. At the level of what was
 * submitted no approval decides. */
static void judge_approval(struct sim *s, struct world_node *node, struct sim_sight *sight, enum pt_level level)
{
    size_t number = sim_approval_of(s, &sight->subject, sight->state.state_by);
    if (number == 0 || level == PT_LEVEL_SUBMITTED) {
        return;
    }
    const struct sim_approval *last = &s->approvals[number - 1];
    const struct sim_approval *own = level == PT_LEVEL_REGION && last->over > 0 ? &s->approvals[last->over - 1] : last;
    if (!has_other_life(s, last) && !has_other_life(s, own) && !has_revoked(s, &sight->subject) &&
        !has_forks(node, &sight->subject)) {
        struct pt_hash answers = sim_answers_digest(&sight->state);
        world_expect(s->w, pt_hash_eq(&answers, &own->answers), "what counts is not what was approved");
    }
}

void sim_judge(struct sim *s, struct world_node *node, struct sim_sight *sight, enum pt_level level)
{
    if (!sight->ready) {
        return;
    }
    if (level == PT_LEVEL_WORK) {
        judge_claims(s, sight);
    } else if (sight->state.counts) {
        judge_approval(s, node, sight, level);
    }
}

/* --- any order of arrival --- */

struct piece {
    struct pt_run run;
    struct pt_checked_run checked;
};

/* All chunks that the assessment's state depends on, held ones too. */
static struct pt_record *records_of(struct pt_txn *txn, const struct pt_subject *subject, struct pt_arena *arena,
                                    size_t *n_out)
{
    uint64_t last = 0;
    struct pt_hash hash;
    size_t n = 0;
    PT_CHECK(pt_arrival_last(txn, &last, &hash) == PT_OK);
    struct pt_record *records = pt_arena_zalloc(arena, last + 1, sizeof *records);
    PT_CHECK(records != NULL);
    for (uint64_t lsn = 1; lsn <= last; lsn++) {
        struct pt_head head;
        PT_CHECK(pt_arrival_read(txn, lsn, arena, &records[n]) == PT_OK);
        PT_CHECK(pt_logs_head(txn, records[n].log, &head) == PT_OK);
        n += pt_subject_kind(&head.log.subject) == PT_SUBJECT_OFFICE || pt_subject_eq(&head.log.subject, subject);
    }
    *n_out = n;
    return records;
}

/* The chunk before this one, when the same signature covers both. */
static const struct pt_record *before_in_piece(const struct pt_record *records, size_t n, const struct pt_record *of)
{
    for (size_t i = 0; i < n; i++) {
        if (records[i].log == of->log && !records[i].has_signature && pt_hash_eq(&records[i].link, &of->previous)) {
            return &records[i];
        }
    }
    return NULL;
}

/* The chunks up to a signed one, back to the signature before. */
static void make_piece(struct pt_txn *txn, const struct pt_record *records, size_t n,
                       const struct pt_record *signed_one, struct pt_arena *arena, struct piece *out)
{
    struct pt_head head;
    size_t n_chunks = 1;
    const struct pt_record *first = signed_one;
    for (const struct pt_record *at = first; (at = before_in_piece(records, n, at)) != NULL; n_chunks++) {
        first = at;
    }
    struct pt_bytes *chunks = pt_arena_zalloc(arena, n_chunks, sizeof *chunks);
    const struct pt_record *at = signed_one;
    PT_CHECK(chunks != NULL && pt_logs_head(txn, signed_one->log, &head) == PT_OK);
    for (size_t i = n_chunks; i > 0; i--) {
        chunks[i - 1] = at->chunk;
        at = i > 1 ? before_in_piece(records, n, at) : at;
    }
    *out = (struct piece){.run = {.log = head.log,
                                  .key = head.key,
                                  .first_seq = first->first_seq,
                                  .previous = first->previous,
                                  .chunks = chunks,
                                  .n_chunks = n_chunks,
                                  .signature = signed_one->signature}};
}

static struct piece *pieces_of(struct pt_txn *txn, const struct pt_subject *subject, struct pt_arena *arena,
                               size_t *n_out)
{
    size_t n_records;
    size_t n = 0;
    struct pt_record *records = records_of(txn, subject, arena, &n_records);
    struct piece *pieces = pt_arena_zalloc(arena, n_records + 1, sizeof *pieces);
    PT_CHECK(pieces != NULL);
    for (size_t i = 0; i < n_records; i++) {
        if (records[i].has_signature) {
            make_piece(txn, records, n_records, &records[i], arena, &pieces[n++]);
        }
    }
    *n_out = n;
    return pieces;
}

static void deliver(struct sim *s, struct pt_txn *txn, struct piece *piece, struct pt_arena *arena)
{
    struct pt_append append;
    world_expect(s->w, pt_run_check(&piece->run, arena, &piece->checked) == PT_OK, "a stored run that does not verify");
    enum pt_err err = pt_logs_append(txn, &piece->checked, 0, arena, &append);
    PT_CHECK(err == PT_OK || err == PT_ELIMIT);
}

/* The same chunks into a new store: in any order, some of them twice, at last all in their own order (a log parks a
 * bounded number only). */
static struct pt_store *shuffled(struct sim *s, struct world_node *node, const struct pt_subject *subject)
{
    struct pt_store *store;
    struct pt_txn *from;
    struct pt_txn *to;
    struct pt_arena arena;
    size_t n;
    world_make_store(s->w, &store);
    pt_arena_init(&arena, SIZE_MAX);
    PT_CHECK(pt_store_begin(node->store, false, &from) == PT_OK && pt_store_begin(store, true, &to) == PT_OK);
    struct piece *pieces = pieces_of(from, subject, &arena, &n);
    for (size_t i = 0; i < n + n / 4; i++) {
        size_t at = i < n ? i + sim_chance(&s->random, n - i) : sim_chance(&s->random, n);
        struct piece kept = pieces[at];
        deliver(s, to, &kept, &arena);
        if (i < n) {
            pieces[at] = pieces[i];
            pieces[i] = kept;
        }
    }
    for (size_t pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < n; i++) {
            deliver(s, to, &pieces[i], &arena);
        }
    }
    pt_store_abort(from);
    PT_CHECK(pt_store_commit(to) == PT_OK);
    pt_arena_close(&arena);
    return store;
}

static struct pt_hash state_of(struct sim *s, struct world_node *node, struct pt_store *store,
                               const struct pt_subject *subject, enum pt_level level, bool judged)
{
    struct sim_sight sight;
    struct pt_txn *txn;
    PT_CHECK(pt_store_begin(store, false, &txn) == PT_OK);
    PT_CHECK(sim_sight_open(s, node, txn, subject, level, false, &sight) == PT_OK);
    pt_store_abort(txn);
    if (judged) {
        sim_judge(s, node, &sight, level);
    }
    struct pt_hash digest = sim_sight_digest(&sight);
    sim_sight_close(&sight);
    return digest;
}

void sim_judge_unit(struct sim *s, struct world_node *node, const char *text)
{
    struct pt_subject subject = sim_subject(text);
    struct pt_store *other = shuffled(s, node, &subject);
    for (enum pt_level level = PT_LEVEL_WORK; level <= PT_LEVEL_NATIONAL; level++) {
        struct pt_hash here = state_of(s, node, node->store, &subject, level, true);
        struct pt_hash there = state_of(s, node, other, &subject, level, false);
        world_expect(s->w, pt_hash_eq(&here, &there), "another order of arrival gives another state");
    }
    pt_store_close(other);
}
