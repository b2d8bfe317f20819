/* offices.c - what offices do: name their devices, open and assign, review, decide, approve, revoke. */
#include "sim.h"

#include "base/check.h"
#include "base/mem.h"
#include "core/wire/pack.h"

#include <stdio.h>
#include <string.h>

static const char *const codes[SIM_REGIONS_MAX] = {"62", "63", "64"};

#define SURVEY                                                                                                         \
    "type,name,label,weight,max_score\n"                                                                               \
    "integer,loket,Loket,20,5\ninteger,jadwal,Jadwal,20,5\ninteger,biaya,Biaya,20,5\ninteger,antre,Antre,20,5\n"       \
    "integer,pintu,Pintu,20,5\ntext,catatan,Catatan,,\ntext,saran,Saran,,\n"                                           \
    "begin repeat,responden,Responden,,\ninteger,lama,Lama,,\ninteger,puas,Puas,,\nend repeat,,,,\n"
#define SETTINGS                                                                                                       \
    "form_id,version,cycle,institution_rule,product_repeat,carry_unit,carry_institution,decimals,missing,"             \
    "inapplicable,weights,utc_offset,official\n"                                                                       \
    "uji,1,2023,mean_of_units,,as_printed,as_printed,2,zero,exclude,sum100,+07:00,no\n"
#define ZONES "lower,lower_exclusive,zone,category,label_id,label_en,colour\n0,no,red,rendah,Rendah,Low,#cc0000\n"

/* One write of an office about one subject. */
struct act {
    struct sim *s;
    struct world_node *office;
    struct pt_txn *txn;
    struct pt_author_pen pen;
    struct pt_log_id log; /* its own */
    struct sim_sight sight;
    struct pt_entry entries[8];
    size_t n;
    bool approves;
    struct pt_hash approved;
    size_t over; /* as in sim_approval */
};

static ProtobufCBinaryData key_of(const struct world_node *node)
{
    return pt_binary(node->key.b, sizeof node->key.b);
}

static enum pt_err add(struct act *a, Patuh__EntryKind kind, const ProtobufCMessage *detail)
{
    struct pt_entry *entry = &a->entries[a->n];
    *entry = pt_entry_of(kind, a->pen.wall_ms / 1000);
    enum pt_err err = pt_pack(detail, &a->sight.arena, &entry->detail);
    a->n += err == PT_OK;
    return err;
}

/* --- the beginning: all is well, every write succeeds --- */

static void write_one(struct world_node *node, const char *subject, Patuh__EntryKind kind, const struct pt_hash *hash,
                      const ProtobufCMessage *detail)
{
    struct pt_arena arena;
    struct pt_entry entry = pt_entry_of(kind, node->world->now_ms / 1000);
    pt_arena_init(&arena, SIZE_MAX);
    PT_CHECK(pt_pack(detail, &arena, &entry.detail) == PT_OK);
    if (hash != NULL) {
        entry.hash = *hash;
    }
    world_write_entry(node, subject, &entry);
    pt_arena_close(&arena);
}

static void found_instrument(struct sim *s)
{
    struct pt_sheets sheets = {.survey = pt_bytes_str(SURVEY),
                               .choices = pt_bytes_str("list_name,name,label\n"),
                               .settings = pt_bytes_str(SETTINGS),
                               .zones = pt_bytes_str(ZONES)};
    struct pt_problem problem = {0};
    struct pt_buf copy = {0};
    Patuh__Loaded detail = PATUH__LOADED__INIT;
    PT_CHECK(pt_instrument_compile(&sheets, &s->instrument_bytes, &problem) == PT_OK);
    PT_CHECK(pt_instrument_open(pt_buf_bytes(&s->instrument_bytes), &s->arena, &s->instrument) == PT_OK);
    pt_buf_put_bytes(&copy, pt_buf_bytes(&s->instrument_bytes));
    s->instrument_hash = world_keep_file(s->offices[0], &copy);
    write_one(s->offices[0], "c:2023", PATUH__ENTRY_KIND__ENTRY_INSTRUMENT, &s->instrument_hash, &detail.base);
}

static void remember(struct world_node *node)
{
    struct pt_txn *txn;
    enum pt_err err = world_write_begin(node, &txn);
    PT_CHECK(err == PT_OK);
    world_remember(txn, node, &err);
    PT_CHECK(world_write_end(node, txn, err) == PT_OK);
}

static void found_device(struct sim *s, size_t region)
{
    PT_CHECK(pt_reserve(&s->devices, &s->devices_capacity, s->n_devices + 1, sizeof *s->devices) == PT_OK);
    struct sim_device *device = &s->devices[s->n_devices];
    struct world_node *office = s->offices[region];
    *device = (struct sim_device){.node = world_node(s->w, 0, "", office), .region = region};
    (void)snprintf(device->name, sizeof device->name, "s%zu", s->n_devices);
    device->random.state = s->options.seed ^ (0x5157ull << 32) ^ s->n_devices++;
    Patuh__Member detail = PATUH__MEMBER__INIT;
    detail.name = pt_text_of(device->name);
    detail.has_public_key = detail.has_transport_key = detail.has_role = true;
    detail.public_key = detail.transport_key = key_of(device->node);
    detail.role = PATUH__ROLE__ROLE_DEVICE;
    char subject[8];
    (void)snprintf(subject, sizeof subject, "o:%s", office->code);
    write_one(office, subject, PATUH__ENTRY_KIND__ENTRY_MEMBER, NULL, &detail.base);
    remember(device->node);
    device->node->instrument = &s->instrument_hash;
}

static void found_units(struct sim *s, size_t region, size_t n)
{
    size_t first = (region - 1) * s->options.devices;
    PT_CHECK(pt_reserve(&s->units, &s->units_capacity, s->n_units + n, sizeof *s->units) == PT_OK);
    for (size_t i = 0; i < n; i++) {
        struct sim_unit *unit = &s->units[s->n_units++];
        *unit = (struct sim_unit){.region = region};
        (void)snprintf(unit->subject, sizeof unit->subject, "a:2023/%s.%zu/dinas%zu", s->offices[region]->code, i % 5,
                       i);
        unit->surveyors[0] = first + i % s->options.devices; /* two assistants visit every unit */
        unit->surveyors[1] = first + (i + 1 + i / s->options.devices) % s->options.devices;
    }
}

static void found_region(struct sim *s, size_t region)
{
    Patuh__Office detail = PATUH__OFFICE__INIT;
    struct world_node *office = world_node(s->w, 1, codes[region - 1], s->offices[0]);
    s->offices[region] = office;
    detail.code = detail.name = pt_text_of(office->code);
    detail.has_public_key = detail.has_transport_key = detail.has_generation = true;
    detail.public_key = detail.transport_key = key_of(office);
    detail.generation = 1;
    write_one(s->offices[0], "o:00", PATUH__ENTRY_KIND__ENTRY_OFFICE, NULL, &detail.base);
    remember(office);
}

void sim_found(struct sim *s)
{
    s->offices[0] = world_node(s->w, 2, "0", NULL);
    remember(s->offices[0]);
    found_instrument(s);
    for (size_t region = 1; region <= s->options.regions; region++) {
        found_region(s, region);
    }
    for (size_t region = 1; region <= s->options.regions; region++) {
        for (size_t i = 0; i < s->options.devices; i++) {
            found_device(s, region);
        }
        found_units(s, region, 2 * s->options.devices);
    }
    for (size_t i = 0; i <= s->options.regions; i++) { /* after the logs that have no instrument */
        s->offices[i]->instrument = &s->instrument_hash;
    }
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
    a->approves = to == PATUH__STATE__STATE_APPROVED_REGION || to == PATUH__STATE__STATE_APPROVED_NATIONAL;
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

static enum pt_err review(struct act *a)
{
    const struct pt_assessment *state = &a->sight.state;
    bool head_office = a->office->upper == NULL;
    a->s->result.conflicts += state->n_conflicts;
    if (state->incomplete) { /* as patuhd review refuses it */
        return PT_OK;
    }
    if (head_office && state->state == PATUH__STATE__STATE_APPROVED_REGION) {
        bool good = sim_chance(&a->s->random, 4) > 0;
        return move_to(a, good ? PATUH__STATE__STATE_APPROVED_NATIONAL : PATUH__STATE__STATE_HAS_ISSUES);
    }
    if (head_office) {
        return PT_OK;
    }
    if (state->n_conflicts > 0 && sim_chance(&a->s->random, 3) > 0) {
        return decide(a);
    }
    if (state->state == PATUH__STATE__STATE_SUBMITTED) {
        bool good = sim_chance(&a->s->random, 3) > 0;
        return move_to(a, good ? PATUH__STATE__STATE_APPROVED_REGION : PATUH__STATE__STATE_HAS_ISSUES);
    }
    return PT_OK;
}

static void note_approval(struct act *a)
{
    struct sim *s = a->s;
    struct pt_head head;
    struct pt_txn *txn;
    PT_CHECK(pt_store_begin(a->office->store, false, &txn) == PT_OK);
    PT_CHECK(pt_logs_find(txn, &a->log, &head) == PT_OK);
    pt_store_abort(txn);
    PT_CHECK(pt_reserve(&s->approvals, &s->approvals_capacity, s->n_approvals + 1, sizeof *s->approvals) == PT_OK);
    s->approvals[s->n_approvals++] = (struct sim_approval){
        .subject = a->sight.subject, .log = a->log, .seq = head.seq, .answers = a->approved, .over = a->over};
    s->result.approvals++;
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
    return review(a);
}

static void take_effect(struct act *a, struct sim_unit *unit)
{
    struct sim *s = a->s;
    bool assigns = a->entries[0].kind == PATUH__ENTRY_KIND__ENTRY_ASSIGN;
    if (a->entries[0].kind == PATUH__ENTRY_KIND__ENTRY_OPEN) {
        unit->n_surveyors = 2;
        allow(s, unit, unit->surveyors[0]);
        allow(s, unit, unit->surveyors[1]);
    } else if (assigns) {
        allow(s, unit, unit->surveyors[unit->n_surveyors++]);
    } else if (a->approves) {
        note_approval(a);
    }
}

void sim_review(struct sim *s, size_t office)
{
    struct world_node *node = s->offices[office];
    size_t n_own = s->n_units / s->options.regions;
    size_t which =
        office == 0 ? sim_chance(&s->random, s->n_units) : (office - 1) * n_own + sim_chance(&s->random, n_own);
    struct sim_unit *unit = &s->units[which];
    struct act a = {.s = s, .office = node, .pen = world_pen(node)};
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
    }
    return PT_OK;
}

void sim_revoke(struct sim *s, struct sim_device *device)
{
    struct world_node *node = device->node->upper;
    struct act a = {.s = s, .office = node, .pen = world_pen(node)};
    Patuh__Revocation detail = PATUH__REVOCATION__INIT;
    char subject[8];
    a.pen.instrument = NULL;
    if (world_write_begin(node, &a.txn) != PT_OK) {
        return;
    }
    pt_arena_init(&a.sight.arena, SIZE_MAX);
    (void)snprintf(subject, sizeof subject, "o:%s", node->code);
    a.sight.subject = sim_subject(subject);
    enum pt_err err = revocation(&a, device, &detail);
    if (err == PT_OK) {
        err = add(&a, PATUH__ENTRY_KIND__ENTRY_REVOKE, &detail.base);
    }
    if (err == PT_OK) {
        err = pt_pen_write(a.txn, &a.pen, &a.sight.subject, a.entries, a.n, &a.sight.arena);
    }
    err = world_write_end(node, a.txn, err);
    for (size_t i = 0; i < s->n_devices && err == PT_OK; i++) {
        if (pt_author_eq(&s->devices[i].node->author, &device->node->author)) {
            s->devices[i].revoked = s->devices[i].node->revoked = true;
        }
    }
    pt_arena_close(&a.sight.arena);
}
