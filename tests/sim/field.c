/* field.c - what surveyors do with their devices, by the rules of the device's library: entries wait in a tail, sealing
 * comes before the first byte, a store that was restored or copied goes on in a new incarnation. */
#include "sim.h"

#include "base/check.h"
#include "core/log/texts.h"
#include "core/wire/pack.h"

#include <string.h>

/* One visit: what is seen at its beginning, and what is written on top of it. */
struct visit {
    struct sim *s;
    struct sim_device *device;
    struct pt_txn *txn;
    struct sim_sight sight;
    struct pt_author_pen pen;
    struct pt_head head;
};

static size_t chance(struct visit *v, size_t below)
{
    return sim_chance(&v->device->random, below);
}

static struct pt_entry entry_of(struct visit *v, Patuh__EntryKind kind)
{
    return pt_entry_of(kind, v->pen.wall_ms / 1000);
}

static enum pt_err put(struct visit *v, const struct pt_entry *entry)
{
    uint64_t seq;
    v->s->result.entries++;
    return pt_tail_put(v->txn, &v->pen, &v->head, entry, &seq);
}

static enum pt_err put_detail(struct visit *v, struct pt_entry *entry, const ProtobufCMessage *detail)
{
    enum pt_err err = pt_pack(detail, &v->sight.arena, &entry->detail);
    return err == PT_OK ? put(v, entry) : err;
}

static enum pt_err text(struct visit *v, struct pt_hash *hash)
{
    uint8_t bytes[40];
    for (size_t i = 0; i < sizeof bytes; i++) { /* a salt of 16, then letters */
        bytes[i] = (uint8_t)(i < 16 ? chance(v, 256) : 'a' + chance(v, 26));
    }
    return pt_text_put(v->txn, &v->head.log.subject, pt_bytes_of(bytes, sizeof bytes), hash);
}

/* --- where --- */

struct place {
    const struct pt_node *node;
    uint32_t instance; /* as in pt_answer */
    const char *name;  /* of the instance; "" = none */
};

static bool has_type(const struct pt_node *node, bool as_text)
{
    return as_text ? node->type == PT_NODE_TEXT : node->type == PT_NODE_INTEGER;
}

/* Some question of the type; false when it stands in a repeat that has no instance yet. */
static bool choose(struct visit *v, bool as_text, struct place *out)
{
    const struct pt_instrument *ins = &v->s->instrument;
    const struct pt_answers *answers = &v->sight.state.answers;
    size_t at = chance(v, ins->n_nodes);
    while (!has_type(&ins->nodes[at], as_text)) {
        at = (at + 1) % ins->n_nodes;
    }
    *out = (struct place){.node = &ins->nodes[at], .name = ""};
    if (ins->nodes[at].repeat == 0) {
        return true;
    }
    if (answers->n_instances == 0) {
        return false;
    }
    size_t i = chance(v, answers->n_instances);
    out->instance = (uint32_t)i + 1;
    out->name = answers->instances[i].name;
    return answers->instances[i].repeat == ins->nodes[ins->nodes[at].repeat].number;
}

/* Where an office has decided: a surveyor who does not know of it yet races it. */
static bool choose_decided(struct visit *v, struct place *out)
{
    const struct sim_unit *unit = sim_unit_of(v->s, &v->sight.subject);
    const struct pt_instrument *ins = &v->s->instrument;
    const struct pt_answers *answers = &v->sight.state.answers;
    if (unit == NULL || unit->decided == 0) {
        return false;
    }
    *out = (struct place){.node = &ins->nodes[pt_node_by_number(ins, unit->decided)], .name = unit->decided_at};
    for (size_t i = 0; unit->decided_at[0] != '\0' && i < answers->n_instances; i++) {
        if (strcmp(answers->instances[i].name, unit->decided_at) == 0) {
            out->instance = (uint32_t)i + 1;
        }
    }
    return (unit->decided_at[0] == '\0' || out->instance != 0) && has_type(out->node, false);
}

static struct pt_entry entry_at(struct visit *v, Patuh__EntryKind kind, const struct place *place)
{
    struct pt_entry entry = entry_of(v, kind);
    entry.question = place->node->number;
    entry.instance = place->name;
    return entry;
}

static enum pt_err put_claim(struct visit *v, struct pt_entry *entry, const struct place *place)
{
    enum pt_err err = pt_seen_replaces(&v->sight.state, entry->question, place->instance, &v->head.log, &v->sight.arena,
                                       &entry->replaces, &entry->n_replaces);
    return err == PT_OK ? put(v, entry) : err;
}

/* --- what --- */

static uint32_t repeat_of(const struct sim *s)
{
    for (size_t i = 0; i < s->instrument.n_nodes; i++) {
        if (s->instrument.nodes[i].type == PT_NODE_REPEAT) {
            return s->instrument.nodes[i].number;
        }
    }
    PT_CHECK(false);
    return 0;
}

static enum pt_err add_instance(struct visit *v)
{
    struct pt_hash label;
    Patuh__Instance detail = PATUH__INSTANCE__INIT;
    struct pt_entry entry = entry_of(v, PATUH__ENTRY_KIND__ENTRY_ADD_INSTANCE);
    enum pt_err err = text(v, &label);
    entry.question = repeat_of(v->s);
    detail.has_label = true;
    detail.label = pt_binary(label.b, sizeof label.b);
    return err == PT_OK ? put_detail(v, &entry, &detail.base) : err;
}

static enum pt_err remove_instance(struct visit *v)
{
    const struct pt_answers *answers = &v->sight.state.answers;
    if (answers->n_instances == 0) {
        return PT_OK;
    }
    const struct pt_instance *instance = &answers->instances[chance(v, answers->n_instances)];
    struct pt_entry entry = entry_of(v, PATUH__ENTRY_KIND__ENTRY_REMOVE_INSTANCE);
    entry.question = instance->repeat;
    entry.instance = instance->name;
    return put(v, &entry);
}

static enum pt_err answer(struct visit *v, bool as_text)
{
    struct place place;
    bool races = !as_text && chance(v, 4) == 0 && choose_decided(v, &place);
    if (!races && !choose(v, as_text, &place)) {
        return add_instance(v);
    }
    struct pt_entry entry = entry_at(v, PATUH__ENTRY_KIND__ENTRY_ANSWER, &place);
    entry.value = (struct pt_value){.type = PT_VALUE_INTEGER, .number = {.mantissa = (int64_t)chance(v, 6)}};
    if (as_text) {
        entry.value = (struct pt_value){.type = PT_VALUE_TEXT};
        enum pt_err err = text(v, &entry.value.text);
        if (err != PT_OK) {
            return err;
        }
    }
    return put_claim(v, &entry, &place);
}

static enum pt_err clear(struct visit *v)
{
    struct place place;
    if (!choose(v, false, &place)) {
        return PT_OK;
    }
    struct pt_entry entry = entry_at(v, PATUH__ENTRY_KIND__ENTRY_CLEAR, &place);
    return put_claim(v, &entry, &place);
}

static enum pt_err note(struct visit *v)
{
    struct place place;
    if (!choose(v, false, &place)) {
        return PT_OK;
    }
    struct pt_entry entry = entry_at(v, PATUH__ENTRY_KIND__ENTRY_NOTE, &place);
    enum pt_err err = text(v, &entry.hash);
    return err == PT_OK ? put(v, &entry) : err;
}

static enum pt_err attach(struct visit *v)
{
    struct place place;
    if (!choose(v, false, &place)) {
        return PT_OK;
    }
    Patuh__Evidence detail = PATUH__EVIDENCE__INIT;
    struct pt_entry entry = entry_at(v, PATUH__ENTRY_KIND__ENTRY_ADD_EVIDENCE, &place);
    size_t n = 200 + chance(v, 6000);
    entry.hash = world_file(v->device->node, n);
    detail.has_bytes = true;
    detail.bytes = (uint32_t)n;
    return put_detail(v, &entry, &detail.base);
}

static enum pt_err visit_place(struct visit *v)
{
    Patuh__Place detail = PATUH__PLACE__INIT;
    struct pt_entry entry = entry_of(v, PATUH__ENTRY_KIND__ENTRY_PLACE);
    detail.has_latitude_e7 = detail.has_longitude_e7 = true;
    detail.latitude_e7 = -22000000 - (int32_t)chance(v, 100000);
    detail.longitude_e7 = 1139000000 + (int32_t)chance(v, 100000);
    return put_detail(v, &entry, &detail.base);
}

static enum pt_err submit(struct visit *v, Patuh__State to)
{
    Patuh__Move move = PATUH__MOVE__INIT;
    struct pt_entry entry = entry_of(v, PATUH__ENTRY_KIND__ENTRY_MOVE);
    move.has_to = true;
    move.to = to;
    enum pt_err err =
        pt_seen_cut(&v->sight.state, v->sight.views, v->sight.n_views, &v->head.log, &v->sight.arena, &move);
    if (err == PT_OK && move.n_cut > PT_CUT_LOGS_MAX) {
        return PT_OK;
    }
    err = err == PT_OK ? put_detail(v, &entry, &move.base) : err;
    return err == PT_OK ? pt_tail_seal(v->txn, &v->pen, &v->head, &v->sight.arena, NULL) : err;
}

/* The office is closed, or has moved away: so a surveyor proposes. */
static enum pt_err propose_not_assessed(struct visit *v)
{
    struct pt_entry entry = entry_of(v, PATUH__ENTRY_KIND__ENTRY_NOT_ASSESSED);
    enum pt_err err = text(v, &entry.hash);
    err = err == PT_OK ? put(v, &entry) : err;
    v->s->result.deeds[SIM_NOT_ASSESSED]++;
    return err == PT_OK ? submit(v, PATUH__STATE__STATE_NOT_ASSESSED) : err;
}

static enum pt_err something(struct visit *v)
{
    size_t which = chance(v, 100);
    if (which < 66) {
        return answer(v, false);
    }
    if (which < 74) {
        return answer(v, true);
    }
    if (which < 79) {
        return clear(v);
    }
    if (which < 85) {
        return add_instance(v);
    }
    if (which < 87) {
        return remove_instance(v);
    }
    if (which < 92) {
        return note(v);
    }
    return which < 96 ? attach(v) : visit_place(v);
}

static enum pt_err visit(struct visit *v)
{
    size_t n = 1 + chance(v, 10);
    enum pt_err err = pt_pen_log(v->txn, &v->pen, &v->sight.subject, &v->head);
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        err = something(v);
    }
    bool done =
        v->sight.state.state == PATUH__STATE__STATE_DRAFT || v->sight.state.state == PATUH__STATE__STATE_HAS_ISSUES;
    if (err != PT_OK || !done || chance(v, 5) > 0) {
        return err;
    }
    return chance(v, 8) == 0 ? propose_not_assessed(v) : submit(v, PATUH__STATE__STATE_SUBMITTED);
}

void sim_check_saved(struct sim *s, struct sim_device *device)
{
    struct pt_txn *txn;
    struct pt_arena arena;
    struct pt_head *heads;
    size_t n = 0;
    uint64_t n_saved = 0;
    PT_CHECK(pt_store_begin_read(device->node->store, &txn) == PT_OK);
    pt_arena_init(&arena, SIZE_MAX);
    PT_CHECK(pt_logs_list(txn, NULL, &arena, &heads, &n) == PT_OK);
    for (size_t i = 0; i < n; i++) {
        uint64_t sealed = heads[i].seq > heads[i].held_seq ? heads[i].seq : heads[i].held_seq;
        sealed = heads[i].recalled_seq > sealed ? heads[i].recalled_seq : sealed; /* on its way back */
        if (pt_author_eq(&heads[i].log.author, &device->node->author)) {
            n_saved += heads[i].tail_seq > sealed ? heads[i].tail_seq : sealed;
        }
    }
    pt_arena_close(&arena);
    pt_store_abort(txn);
    world_expect(s->w, n_saved >= device->n_saved, "a device has lost what it had saved");
    device->n_saved = n_saved;
}

/* What waits in the tail is nowhere else yet. */
static void judge_with_tail(struct sim *s, struct world_node *node, const struct pt_subject *subject)
{
    struct sim_sight sight;
    struct pt_txn *txn;
    PT_CHECK(pt_store_begin_read(node->store, &txn) == PT_OK);
    PT_CHECK(sim_sight_open(s, node, txn, subject, PT_LEVEL_WORK, true, &sight) == PT_OK);
    pt_store_abort(txn);
    sim_judge(s, node, &sight, PT_LEVEL_WORK);
    sim_sight_close(&sight);
}

void sim_work(struct sim *s, struct sim_device *device)
{
    struct world_node *node = device->node;
    struct visit v = {.s = s, .device = device, .pen = world_pen(node)};
    bool recalled;
    if (node->n_subjects == 0) {
        return;
    }
    struct pt_subject subject = node->subjects[chance(&v, node->n_subjects)];
    if (sim_is_pruned(node, &subject, &recalled)) {
        return;
    }
    if (world_write_begin(node, &v.txn) != PT_OK) {
        return;
    }
    s->result.deeds[SIM_WROTE_ON] += device->revoked;
    enum pt_err err = sim_sight_open(s, node, v.txn, &subject, PT_LEVEL_WORK, true, &v.sight);
    if (err == PT_OK && v.sight.ready && v.sight.state.opening != NULL) {
        sim_judge(s, node, &v.sight, PT_LEVEL_WORK);
        err = visit(&v);
    }
    sim_sight_close(&v.sight);
    err = world_write_end(node, v.txn, err);
    PT_CHECK(err == PT_OK || err == PT_EIO || err == PT_EFULL || err == PT_EFORK);
    sim_check_saved(s, device);
    if (err == PT_OK) {
        judge_with_tail(s, node, &subject);
    }
    if (err == PT_EFORK) {
        (void)sim_renew(s, node);
    }
}

/* --- incarnations --- */

bool sim_renew(struct sim *s, struct world_node *node)
{
    struct pt_txn *txn;
    struct pt_random random = world_random(s->w);
    struct world_node renewed = *node;
    struct pt_author_pen pen = world_pen(node);
    renewed.incarnation = pen.incarnation = pt_random_u64(&random);
    renewed.previous_incarnation = node->incarnation;
    if (world_write_begin(node, &txn) != PT_OK) {
        return false;
    }
    enum pt_err err = pt_tails_move(txn, &pen);
    world_remember(txn, &renewed, &err);
    err = world_write_end(node, txn, err);
    PT_CHECK(err == PT_OK || err == PT_EIO || err == PT_EFULL);
    world_trace(s->w, "node %zu: a new incarnation: %s\n", world_number(node), pt_err_name(err));
    world_recall(node);
    return err == PT_OK;
}

/* --- sync --- */

static enum pt_err seal_logs(struct pt_txn *txn, const struct world_node *node)
{
    struct pt_arena arena;
    struct pt_head *heads;
    size_t n = 0;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_logs_list(txn, NULL, &arena, &heads, &n);
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        if (pt_author_eq(&heads[i].log.author, &node->author) && heads[i].tail_seq > 0) {
            struct pt_author_pen pen = world_pen(node);
            pen.incarnation = heads[i].log.incarnation;
            err = pt_tail_seal(txn, &pen, &heads[i], &arena, NULL);
        }
    }
    pt_arena_close(&arena);
    return err;
}

static enum pt_err seal_once(struct world_node *node)
{
    struct pt_txn *txn;
    enum pt_err err = world_write_begin(node, &txn);
    if (err == PT_OK) {
        err = world_write_end(node, txn, seal_logs(txn, node));
    }
    PT_CHECK(err == PT_OK || err == PT_EIO || err == PT_EFULL || err == PT_EFORK);
    return err;
}

void sim_seal(struct sim *s, struct world_node *node)
{
    if (seal_once(node) == PT_EFORK && sim_renew(s, node)) {
        (void)seal_once(node);
    }
}

static size_t links_of(const struct world *w, const struct world_node *node, struct world_link **last)
{
    size_t n = 0;
    for (size_t i = 0; i < w->n_links; i++) {
        const struct world_link *link = &w->link[i];
        if (link->in_use && link->open && !link->ended[0] && link->node[0] == node) {
            *last = &node->world->link[i];
            n++;
        }
    }
    return n;
}

void sim_sync(struct sim *s, struct sim_device *device)
{
    struct world_link *last = NULL;
    struct world_node *node = device->node;
    sim_check_saved(s, device);
    sim_seal(s, node);
    size_t n_links = links_of(s->w, node, &last);
    if (n_links > 0 && s->rate[SIM_ABANDON] > 0 && sim_chance(&s->chances[SIM_ABANDON], 2) == 0) {
        world_abandon(last);
        s->result.happened[SIM_ABANDON]++;
        n_links--;
    }
    if (n_links >= (s->rate[SIM_TWICE] > 0 ? 3 : 1) || world_open_links(s->w) >= WORLD_LINKS_MAX) {
        return;
    }
    s->result.happened[SIM_TWICE] += n_links > 0;
    sim_spoil_link(s, world_connect(s->w, node, node->upper, false));
    s->result.sessions++;
}

/* A second chunk after one link in our own log, or chunks of it that the office holds. */
static bool was_copied(struct world_node *node)
{
    struct pt_txn *txn;
    struct pt_arena arena;
    struct pt_head *heads;
    size_t n = 0;
    bool copied = false;
    PT_CHECK(pt_store_begin_read(node->store, &txn) == PT_OK);
    pt_arena_init(&arena, SIZE_MAX);
    PT_CHECK(pt_logs_list(txn, NULL, &arena, &heads, &n) == PT_OK);
    for (size_t i = 0; i < n; i++) {
        struct pt_receipted counted;
        uint64_t covered;
        if (pt_author_eq(&heads[i].log.author, &node->author) && heads[i].log.incarnation == node->incarnation) {
            PT_CHECK(pt_receipted(txn, &heads[i], PT_TIER_REGION, &arena, &counted) == PT_OK);
            PT_CHECK(pt_receipt_covers(txn, &heads[i], PT_TIER_REGION, &covered) == PT_OK);
            copied = copied || heads[i].forked || covered > counted.seq;
        }
    }
    pt_arena_close(&arena);
    pt_store_abort(txn);
    return copied;
}

static struct sim_device *device_of(struct sim *s, const struct world_node *node)
{
    size_t at = 0;
    while (s->devices[at].node != node) {
        PT_CHECK(++at < s->n_devices);
    }
    return &s->devices[at];
}

void sim_sync_ended(struct sim *s, struct world_link *link)
{
    struct world_node *node = link->node[0];
    if (node->tier != PT_TIER_DEVICE || link->session[0] == NULL) {
        return;
    }
    sim_count_recalled(s, device_of(s, node));
    if (link->fresh[0] || was_copied(node)) {
        (void)sim_renew(s, node);
    } else if (link->reason[0] == PT_OK) {
        sim_prune(s, device_of(s, node));
    }
}
