/* offices.c - what offices do: open and assign and revoke with their own keys, review, decide, approve and take back
 * with those of their reviewers. */
#include "sim.h"

#include "base/check.h"
#include "base/mem.h"
#include "core/wire/pack.h"

#include <stdio.h>
#include <string.h>

/* One write of an office about one subject. */
struct act {
    struct sim *s;
    struct world_node *office;
    struct pt_txn *txn;
    struct pt_author_pen pen;
    size_t number;        /* of the office */
    struct pt_log_id log; /* of the key it is written with */
    struct sim_sight sight;
    struct pt_entry entries[8];
    size_t n;
    bool approves, takes_back, confirms;
    struct pt_hash approved;
    size_t over; /* as in sim_approval */
    bool replaces;
    struct sim_cut cut[SIM_CUT_LOGS_MAX]; /* of a revocation */
    size_t n_cut;
};

static enum pt_err add(struct act *a, Patuh__EntryKind kind, const ProtobufCMessage *detail)
{
    struct pt_entry *entry = &a->entries[a->n];
    *entry = pt_entry_of(kind, a->pen.wall_ms / 1000);
    enum pt_err err = pt_pack(detail, &a->sight.arena, &entry->detail);
    a->n += err == PT_OK;
    return err;
}

/* --- opening and assigning --- */

static void allow(struct sim *s, const struct sim_unit *unit, size_t surveyor)
{
    for (size_t i = 0; i < s->n_devices; i++) { /* copies have the same keys */
        if (pt_author_eq(&s->devices[i].node->author, &s->devices[surveyor].node->author)) {
            world_allow(s->devices[i].node, unit->subject);
        }
    }
}

static enum pt_err assign(struct act *a, const char *name, const char *instead_of)
{
    Patuh__Assignment detail = PATUH__ASSIGNMENT__INIT;
    detail.surveyor = pt_text_of(name);
    detail.instead_of = pt_text_of(instead_of);
    return add(a, PATUH__ENTRY_KIND__ENTRY_ASSIGN, &detail.base);
}

static enum pt_err open_unit(struct act *a, struct sim_unit *unit)
{
    Patuh__Opening detail = PATUH__OPENING__INIT;
    detail.unit_name = detail.unit_type = detail.institution_name = detail.institution_type = pt_text_of("x");
    detail.office = pt_text_of(a->office->code);
    enum pt_err err = add(a, PATUH__ENTRY_KIND__ENTRY_OPEN, &detail.base);
    for (size_t i = 0; i < 2 && err == PT_OK; i++) {
        err = assign(a, a->s->devices[unit->surveyors[i]].name, NULL);
    }
    return err;
}

static enum pt_err reassign(struct act *a, struct sim_unit *unit)
{
    struct sim *s = a->s;
    size_t who = (unit->region - 1) * s->options.devices + sim_chance(&s->random, s->options.devices);
    for (size_t i = 0; i < unit->n_surveyors; i++) {
        if (unit->surveyors[i] == who) {
            return PT_OK;
        }
    }
    if (unit->n_surveyors == SIM_UNIT_SURVEYORS_MAX || s->devices[who].revoked) {
        return PT_OK;
    }
    size_t gone = sim_chance(&s->random, unit->n_surveyors);
    bool instead = sim_chance(&s->random, 2) == 0;
    if (instead) { /* who does not know of it yet, and works on */
        sim_plan(s, s->w->now_ms + 1, SIM_WORK, unit->surveyors[gone]);
    }
    a->replaces = instead;
    unit->surveyors[unit->n_surveyors] = who; /* counted when it is committed */
    return assign(a, s->devices[who].name, instead ? s->devices[unit->surveyors[gone]].name : NULL);
}

/* --- review --- */

size_t sim_approval_of(const struct sim *s, const struct pt_subject *subject, const struct pt_claim *move)
{
    for (size_t i = 0; i < s->n_approvals && move != NULL; i++) {
        const struct sim_approval *a = &s->approvals[i];
        if (pt_subject_eq(&a->subject, subject) && pt_log_id_eq(&a->log, &move->view->log) && a->seq == move->seq) {
            return i + 1;
        }
    }
    return 0;
}

static enum pt_err move_to(struct act *a, Patuh__State to)
{
    Patuh__Move move = PATUH__MOVE__INIT;
    move.has_to = true;
    move.to = to;
    enum pt_err err = pt_seen_cut(&a->sight.state, a->sight.views, a->sight.n_views, &a->log, &a->sight.arena, &move);
    if (err != PT_OK || move.n_cut > PT_CUT_LOGS_MAX) {
        return err;
    }
    a->confirms = to == PATUH__STATE__STATE_NOT_ASSESSED;
    a->approves =
        a->confirms || to == PATUH__STATE__STATE_APPROVED_REGION || to == PATUH__STATE__STATE_APPROVED_NATIONAL;
    a->approved = sim_answers_digest(&a->sight.state);
    a->over = sim_approval_of(a->s, &a->log.subject, a->sight.state.state_by);
    return add(a, PATUH__ENTRY_KIND__ENTRY_MOVE, &move.base);
}

/* One conflict is settled: some head's value, in the place of all heads. */
static enum pt_err decide(struct act *a)
{
    const struct pt_assessment *state = &a->sight.state;
    size_t at = 0;
    while (at < state->answers.n_answers && state->answers.answers[at].n_values < 2) {
        at++;
    }
    PT_CHECK(at < state->answers.n_answers);
    const struct pt_answer *answer = &state->answers.answers[at];
    const struct pt_register *reg = &state->registers[at];
    struct pt_entry_ref *refs = pt_arena_zalloc(&a->sight.arena, reg->n_heads, sizeof *refs);
    Patuh__Decision detail = PATUH__DECISION__INIT;
    PT_CHECK(refs != NULL && reg->n_heads <= PT_ENTRY_REPLACES_MAX);
    for (size_t i = 0; i < reg->n_heads; i++) {
        const struct pt_claim *claim = &reg->heads[i];
        const struct pt_view_chunk *chunk = pt_view_chunk_of(claim->view, claim->seq);
        refs[i] = (struct pt_entry_ref){
            .author = claim->view->log.author, .incarnation = claim->view->log.incarnation, .seq = claim->seq};
        memcpy(refs[i].link, chunk->link.b, sizeof refs[i].link);
    }
    enum pt_err err = add(a, PATUH__ENTRY_KIND__ENTRY_DECIDE, &detail.base);
    if (err == PT_OK) {
        struct pt_entry *entry = &a->entries[a->n - 1];
        entry->question = answer->question;
        entry->instance = answer->instance == 0 ? "" : state->answers.instances[answer->instance - 1].name;
        entry->value = answer->values[sim_chance(&a->s->random, answer->n_values)];
        entry->replaces = refs;
        entry->n_replaces = reg->n_heads;
    }
    return err;
}

static void count_races(struct act *a)
{
    const struct pt_assessment *state = &a->sight.state;
    for (size_t i = 0; i < state->answers.n_answers; i++) {
        const struct pt_register *reg = &state->registers[i];
        for (size_t k = 0; k < reg->n_heads && state->answers.answers[i].n_values > 1; k++) {
            a->s->result.deeds[SIM_RACED] += reg->heads[k].entry->kind == PATUH__ENTRY_KIND__ENTRY_DECIDE;
        }
    }
}

/* One in so many; of those that need no thought. */
static bool now_and_then(struct act *a, size_t of)
{
    return sim_chance(&a->s->random, of) == 0;
}

/* What the own tier has approved or confirmed it takes back now and then. */
static enum pt_err take_back(struct act *a)
{
    if (!now_and_then(a, 12)) {
        return PT_OK;
    }
    bool confirmed = a->sight.state.state == PATUH__STATE__STATE_NOT_ASSESSED;
    a->takes_back = true;
    return move_to(a, confirmed ? PATUH__STATE__STATE_HAS_ISSUES : PATUH__STATE__STATE_SUBMITTED);
}

static enum pt_err review_at_head_office(struct act *a)
{
    const struct pt_assessment *state = &a->sight.state;
    bool approved = state->state == PATUH__STATE__STATE_APPROVED_REGION;
    bool left_out = state->state == PATUH__STATE__STATE_NOT_ASSESSED && state->state_tier > 0;
    if ((approved || left_out) && state->state_tier < 2) {
        Patuh__State good = left_out ? PATUH__STATE__STATE_NOT_ASSESSED : PATUH__STATE__STATE_APPROVED_NATIONAL;
        return move_to(a, now_and_then(a, 4) ? PATUH__STATE__STATE_HAS_ISSUES : good);
    }
    bool ours = state->state_tier == 2 && (state->state == PATUH__STATE__STATE_APPROVED_NATIONAL || left_out);
    return ours ? take_back(a) : PT_OK;
}

static enum pt_err review(struct act *a)
{
    const struct pt_assessment *state = &a->sight.state;
    a->s->result.conflicts += state->n_conflicts;
    if (state->incomplete) { /* as patuhd review refuses it */
        return PT_OK;
    }
    if (a->number == 0) {
        return review_at_head_office(a);
    }
    if (state->n_conflicts > 0 && sim_chance(&a->s->random, 3) > 0) {
        count_races(a);
        return decide(a);
    }
    bool left_out = state->state == PATUH__STATE__STATE_NOT_ASSESSED;
    if (state->state == PATUH__STATE__STATE_SUBMITTED || (left_out && state->state_tier == 0)) {
        Patuh__State good = left_out ? PATUH__STATE__STATE_NOT_ASSESSED : PATUH__STATE__STATE_APPROVED_REGION;
        return move_to(a, now_and_then(a, 3) ? PATUH__STATE__STATE_HAS_ISSUES : good);
    }
    bool ours = state->state_tier == 1 && (state->state == PATUH__STATE__STATE_APPROVED_REGION || left_out);
    return ours ? take_back(a) : PT_OK;
}

/* Where the last entry of the log stands. */
static uint64_t last_of(struct act *a)
{
    struct pt_head head;
    struct pt_txn *txn;
    PT_CHECK(pt_store_begin_read(a->office->store, &txn) == PT_OK);
    PT_CHECK(pt_logs_find(txn, &a->log, &head) == PT_OK);
    pt_store_abort(txn);
    return head.seq;
}

static void note_approval(struct act *a)
{
    struct sim *s = a->s;
    PT_CHECK(pt_reserve(&s->approvals, &s->approvals_capacity, s->n_approvals + 1, sizeof *s->approvals) == PT_OK);
    s->approvals[s->n_approvals++] = (struct sim_approval){.subject = a->sight.subject,
                                                           .log = a->log,
                                                           .seq = last_of(a),
                                                           .answers = a->approved,
                                                           .office = a->number,
                                                           .over = a->confirms ? 0 : a->over};
    s->result.approvals += !a->confirms;
    s->result.deeds[SIM_CONFIRMED] += a->confirms;
}

static void write_as(struct act *a, const struct pt_keypair *pair, const struct pt_author *author)
{
    a->pen.pair = pair;
    a->log.author = *author;
}

static enum pt_err choose_act(struct act *a, struct sim_unit *unit)
{
    if (a->office->upper != NULL && unit->n_surveyors == 0) {
        return open_unit(a, unit);
    }
    if (!a->sight.ready || a->sight.state.opening == NULL) {
        return PT_OK; /* of head office: not here yet; of a region: it was restored and has not got it back */
    }
    sim_judge(a->s, a->office, &a->sight, PT_LEVEL_WORK);
    if (a->office->upper != NULL && sim_chance(&a->s->random, 10) == 0) {
        return reassign(a, unit);
    }
    const struct world_writer *reviewer = &a->office->writers[sim_chance(&a->s->random, a->office->n_writers)];
    write_as(a, &reviewer->pair, &reviewer->author);
    return review(a);
}

/* The entries were the last of the log. */
static void note_words(struct act *a, const struct sim_unit *unit)
{
    uint64_t before = last_of(a) - a->n;
    for (size_t i = 0; i < a->n; i++) {
        bool opens = a->entries[i].kind == PATUH__ENTRY_KIND__ENTRY_OPEN;
        if (opens || a->entries[i].kind == PATUH__ENTRY_KIND__ENTRY_ASSIGN) {
            struct sim_word *word =
                sim_say(a->s, opens ? SIM_OPENS : SIM_ASSIGNS, &a->log, before + i + 1, unit->region);
            const struct sim_device *surveyor =
                &a->s->devices[unit->surveyors[a->n == 1 ? unit->n_surveyors : i - !opens]];
            (void)snprintf(word->name, sizeof word->name, "%s", opens ? "" : surveyor->name);
        }
    }
}

static void take_effect(struct act *a, struct sim_unit *unit)
{
    struct sim *s = a->s;
    bool assigns = a->entries[0].kind == PATUH__ENTRY_KIND__ENTRY_ASSIGN;
    if (a->entries[0].kind == PATUH__ENTRY_KIND__ENTRY_OPEN) {
        note_words(a, unit);
        unit->n_surveyors = 2;
        allow(s, unit, unit->surveyors[0]);
        allow(s, unit, unit->surveyors[1]);
    } else if (assigns) {
        note_words(a, unit);
        allow(s, unit, unit->surveyors[unit->n_surveyors++]);
        s->result.deeds[SIM_REPLACED] += a->replaces;
    } else if (a->approves) {
        note_approval(a);
    } else if (a->takes_back) {
        s->result.deeds[SIM_UNAPPROVED]++;
        if (a->over > 0) {
            s->approvals[a->over - 1].withdrawn = true;
        }
    } else if (a->entries[0].kind == PATUH__ENTRY_KIND__ENTRY_DECIDE) {
        unit->decided = a->entries[0].question;
        (void)snprintf(unit->decided_at, sizeof unit->decided_at, "%s", a->entries[0].instance);
    }
}

void sim_review(struct sim *s, size_t office)
{
    struct world_node *node = s->offices[office];
    size_t n_own = s->n_units / s->options.regions;
    size_t which =
        office == 0 ? sim_chance(&s->random, s->n_units) : (office - 1) * n_own + sim_chance(&s->random, n_own);
    struct sim_unit *unit = &s->units[which];
    struct act a = {.s = s, .office = node, .number = office, .pen = world_pen(node)};
    if (world_write_begin(node, &a.txn) != PT_OK) {
        return;
    }
    a.log = (struct pt_log_id){.author = node->author, .incarnation = node->incarnation};
    a.log.subject = sim_subject(unit->subject);
    enum pt_err err = sim_sight_open(s, node, a.txn, &a.log.subject, PT_LEVEL_WORK, false, &a.sight);
    if (err == PT_OK) {
        err = choose_act(&a, unit);
    }
    if (err == PT_OK && a.n > 0) {
        err = pt_pen_write(a.txn, &a.pen, &a.log.subject, a.entries, a.n, &a.sight.arena);
    }
    err = world_write_end(node, a.txn, err);
    PT_CHECK(err == PT_OK || err == PT_EIO || err == PT_EFULL);
    if (err == PT_OK && a.n > 0) {
        s->result.entries += a.n;
        take_effect(&a, unit);
    }
    sim_sight_close(&a.sight);
}

/* --- a lost device --- */

/* Everything the office has of it. */
static enum pt_err revocation(struct act *a, const struct sim_device *device, Patuh__Revocation *out)
{
    struct pt_head *heads;
    size_t n = 0;
    enum pt_err err = pt_logs_list(a->txn, NULL, &a->sight.arena, &heads, &n);
    if (err != PT_OK) {
        return err;
    }
    Patuh__LogSeen *seen = pt_arena_zalloc(&a->sight.arena, n, sizeof *seen);
    out->cut = pt_arena_zalloc(&a->sight.arena, n, sizeof *out->cut);
    out->has_author = true;
    out->author = pt_binary(device->node->author.b, sizeof device->node->author.b);
    PT_CHECK(seen != NULL && out->cut != NULL);
    for (size_t i = 0; i < n; i++) {
        if (!pt_author_eq(&heads[i].log.author, &device->node->author) || heads[i].seq == 0) {
            continue;
        }
        Patuh__LogSeen *at = &seen[out->n_cut];
        patuh__log_seen__init(at);
        at->has_author = at->has_incarnation = at->has_seq = at->has_link = true;
        at->author = out->author;
        at->incarnation = heads[i].log.incarnation;
        at->seq = heads[i].seq;
        at->link = pt_binary(heads[i].link.b, sizeof heads[i].link.b);
        out->cut[out->n_cut++] = at;
        PT_CHECK(a->n_cut < SIM_CUT_LOGS_MAX);
        a->cut[a->n_cut++] = (struct sim_cut){.log = heads[i].log, .seq = heads[i].seq, .link = heads[i].link};
    }
    return PT_OK;
}

static void note_revocation(struct act *a, const struct sim_device *device)
{
    struct sim_word *word = sim_say(a->s, SIM_REVOKES, &a->log, last_of(a), device->region);
    word->author = device->node->author;
    memcpy(word->cut, a->cut, sizeof word->cut);
    word->n_cut = a->n_cut;
}

void sim_revoke(struct sim *s, struct sim_device *device)
{
    struct world_node *node = device->node->upper;
    struct act a = {.s = s, .office = node, .pen = world_pen(node)};
    Patuh__Revocation detail = PATUH__REVOCATION__INIT;
    a.pen.instrument = NULL;
    if (world_write_begin(node, &a.txn) != PT_OK) {
        return;
    }
    pt_arena_init(&a.sight.arena, SIZE_MAX);
    a.sight.subject = sim_office_subject(s, device->region);
    a.log = (struct pt_log_id){.subject = a.sight.subject, .author = node->author, .incarnation = node->incarnation};
    enum pt_err err = revocation(&a, device, &detail);
    if (err == PT_OK) {
        err = add(&a, PATUH__ENTRY_KIND__ENTRY_REVOKE, &detail.base);
    }
    if (err == PT_OK) {
        err = pt_pen_write(a.txn, &a.pen, &a.sight.subject, a.entries, a.n, &a.sight.arena);
    }
    err = world_write_end(node, a.txn, err);
    if (err == PT_OK) {
        note_revocation(&a, device);
    }
    for (size_t i = 0; i < s->n_devices && err == PT_OK; i++) {
        if (pt_author_eq(&s->devices[i].node->author, &device->node->author)) {
            s->devices[i].revoked = s->devices[i].node->revoked = true;
        }
    }
    pt_arena_close(&a.sight.arena);
}
