/* intruders.c - devices that write where they may not: of this region but of no assessment, or named by another region
 * under the name of somebody who may. They write what others write, and what only offices do; sync carries it
 * everywhere, and it counts nowhere. */
#include "sim.h"

#include "base/check.h"
#include "core/wire/pack.h"

static size_t chance(struct sim_device *device, size_t below)
{
    return sim_chance(&device->random, below);
}

static struct pt_entry an_answer(struct sim *s, struct sim_device *device, Patuh__EntryKind kind, int64_t wall_s)
{
    struct pt_entry entry = pt_entry_of(kind, wall_s);
    size_t at = chance(device, s->instrument.n_nodes);
    while (s->instrument.nodes[at].type != PT_NODE_INTEGER || s->instrument.nodes[at].repeat != 0) {
        at = (at + 1) % s->instrument.n_nodes;
    }
    entry.question = s->instrument.nodes[at].number;
    entry.value = (struct pt_value){.type = PT_VALUE_INTEGER, .number = {.mantissa = (int64_t)chance(device, 6)}};
    return entry;
}

static struct pt_entry something(struct sim *s, struct sim_device *device, int64_t wall_s, struct pt_arena *arena)
{
    static const Patuh__State states[] = {PATUH__STATE__STATE_SUBMITTED, PATUH__STATE__STATE_HAS_ISSUES,
                                          PATUH__STATE__STATE_APPROVED_REGION, PATUH__STATE__STATE_APPROVED_NATIONAL,
                                          PATUH__STATE__STATE_NOT_ASSESSED};
    Patuh__Decision decision = PATUH__DECISION__INIT;
    Patuh__Assignment assignment = PATUH__ASSIGNMENT__INIT;
    Patuh__Move move = PATUH__MOVE__INIT;
    struct pt_entry entry;
    switch (chance(device, 6)) {
    case 0:
        entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_MOVE, wall_s);
        move.has_to = true;
        move.to = states[chance(device, 5)];
        PT_CHECK(pt_pack(&move.base, arena, &entry.detail) == PT_OK);
        return entry;
    case 1:
        entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_ASSIGN, wall_s);
        assignment.surveyor = pt_text_of(device->name);
        PT_CHECK(pt_pack(&assignment.base, arena, &entry.detail) == PT_OK);
        return entry;
    case 2:
        entry = an_answer(s, device, PATUH__ENTRY_KIND__ENTRY_DECIDE, wall_s);
        PT_CHECK(pt_pack(&decision.base, arena, &entry.detail) == PT_OK);
        return entry;
    default:
        return an_answer(s, device, PATUH__ENTRY_KIND__ENTRY_ANSWER, wall_s);
    }
}

/* A unit of the region; of any region now and then, which stays here unless regions offer everything. */
static const struct sim_unit *some_unit(struct sim *s, struct sim_device *device)
{
    size_t n_own = s->n_units / s->options.regions;
    size_t which = (device->region - 1) * n_own + chance(device, n_own);
    return &s->units[chance(device, 4) == 0 ? chance(device, s->n_units) : which];
}

static enum pt_err write_all(struct sim *s, struct sim_device *device, struct pt_txn *txn, struct pt_arena *arena)
{
    struct pt_author_pen pen = world_pen(device->node);
    struct pt_subject subject = sim_subject(some_unit(s, device)->subject);
    struct pt_head head;
    enum pt_err err = pt_pen_log(txn, &pen, &subject, &head);
    for (size_t n = 1 + chance(device, 4); n > 0 && err == PT_OK; n--) {
        struct pt_entry entry = something(s, device, pen.wall_ms / 1000, arena);
        uint64_t seq;
        err = pt_tail_put(txn, &pen, &head, &entry, &seq);
        s->result.entries++;
    }
    return err;
}

void sim_intrude(struct sim *s, struct sim_device *device)
{
    struct pt_txn *txn;
    struct pt_arena arena;
    if (world_write_begin(device->node, &txn) != PT_OK) {
        return;
    }
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = world_write_end(device->node, txn, write_all(s, device, txn, &arena));
    PT_CHECK(err == PT_OK || err == PT_EIO || err == PT_EFULL || err == PT_EFORK || err == PT_EGAP); /* pruned */
    pt_arena_close(&arena);
    sim_check_saved(s, device);
    s->result.deeds[SIM_INTRUDED]++;
    if (err == PT_EFORK) {
        (void)sim_renew(s, device->node);
    }
}
