/* settle.c - after the faults: everybody syncs, all end with the same, and then there is nothing left to say. */
#include "sim.h"

#include "base/check.h"

enum { ROUNDS_MAX = 12, IDLE_FRAMES_UP = 1, IDLE_FRAMES_DOWN = 2 };

/* One session without faults. true: nothing was new to anybody. */
static bool meet(struct sim *s, struct world_node *lower)
{
    struct world_link link = world_sync(s->w, lower, lower->upper);
    world_expect(s->w, link.reason[0] == PT_OK, "a session without faults fails");
    bool idle = link.n_frames[0] == IDLE_FRAMES_UP && link.n_frames[1] == IDLE_FRAMES_DOWN && !link.fresh[0];
    if (!idle) {
        world_trace(s->w, "node %zu is not idle: %zu frames up, %zu down, new incarnation %d\n", world_number(lower),
                    link.n_frames[0], link.n_frames[1], link.fresh[0]);
        (void)world_is_converged(lower, lower->upper); /* traces what they differ in */
    }
    return idle;
}

/* Who was revoked gets nothing any more, but delivers: an office that lost it may get it back from nowhere else. */
static void deliver_revoked(struct sim *s)
{
    for (size_t i = 0; i < s->n_devices; i++) {
        if (s->devices[i].revoked) {
            sim_seal(s, s->devices[i].node);
            (void)world_sync(s->w, s->devices[i].node, s->devices[i].node->upper);
            (void)world_sync(s->w, s->devices[i].node, s->devices[i].node->upper);
        }
    }
}

static bool meet_all(struct sim *s)
{
    bool quiet = true;
    for (size_t i = 0; i < s->n_devices; i++) {
        if (!s->devices[i].revoked) {
            sim_seal(s, s->devices[i].node);
            quiet = meet(s, s->devices[i].node) && quiet;
        }
    }
    for (size_t i = 1; i <= s->options.regions; i++) {
        quiet = meet(s, s->offices[i]) && quiet;
    }
    return quiet;
}

static struct pt_hash state_at(struct sim *s, struct world_node *node, const struct pt_subject *subject)
{
    struct sim_sight sight;
    struct pt_txn *txn;
    PT_CHECK(pt_store_begin_read(node->store, &txn) == PT_OK);
    PT_CHECK(sim_sight_open(s, node, txn, subject, PT_LEVEL_WORK, false, &sight) == PT_OK);
    pt_store_abort(txn);
    world_expect(s->w, sight.ready, "the instrument has not arrived");
    struct pt_hash digest = sim_sight_digest(&sight);
    sim_sight_close(&sight);
    return digest;
}

static bool has_subject(const struct world_node *node, const struct pt_subject *subject)
{
    for (size_t i = 0; i < node->n_subjects; i++) {
        if (pt_subject_eq(&node->subjects[i], subject)) {
            return true;
        }
    }
    return false;
}

static void compare_unit(struct sim *s, const struct sim_unit *unit)
{
    struct pt_subject subject = sim_subject(unit->subject);
    struct pt_hash top = state_at(s, s->offices[0], &subject);
    struct pt_hash region = state_at(s, s->offices[unit->region], &subject);
    world_expect(s->w, pt_hash_eq(&top, &region), "head office and region do not see the same");
    for (size_t i = 0; i < s->n_devices; i++) {
        struct sim_device *device = &s->devices[i];
        bool recalled = false;
        bool pruned = sim_is_pruned(device->node, &subject, &recalled);
        if (!device->revoked && has_subject(device->node, &subject)) {
            world_expect(s->w, !recalled, "what was returned is not back on its device");
        }
        if (!device->revoked && !pruned && has_subject(device->node, &subject)) {
            struct pt_hash here = state_at(s, device->node, &subject);
            world_expect(s->w, pt_hash_eq(&top, &here), "a device does not see what its office sees");
        }
    }
    sim_judge_unit(s, s->offices[0], &subject);
}

static void compare_nodes(struct sim *s)
{
    for (size_t i = 0; i < s->n_devices; i++) {
        sim_check_saved(s, &s->devices[i]);
        if (!s->devices[i].revoked) {
            world_expect(s->w, world_is_converged(s->devices[i].node, s->devices[i].node->upper),
                         "a device and its office differ");
        }
    }
    for (size_t i = 1; i <= s->options.regions; i++) {
        world_expect(s->w, world_is_converged(s->offices[i], s->offices[0]), "a region and head office differ");
    }
}

void sim_settle(struct sim *s)
{
    size_t rounds = 0;
    sim_end_faults(s);
    deliver_revoked(s);
    while (!meet_all(s)) {
        world_expect(s->w, ++rounds < ROUNDS_MAX, "sync never becomes idle");
    }
    compare_nodes(s);
    world_check_promises(s->w);
    for (size_t i = 0; i < s->w->n_nodes; i++) {
        world_check_new(&s->w->node[i]);
        world_check_node(&s->w->node[i]);
    }
    for (size_t i = 0; i < s->n_units; i++) {
        if (s->units[i].n_surveyors > 0) {
            compare_unit(s, &s->units[i]);
        }
    }
}
