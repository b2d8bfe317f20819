/* prune.c - devices let go of what is done, by the rule of the product with days made hours; and what has to hold of
 * it, looked up at head office itself. */
#include "sim.h"

#include "base/check.h"

enum { AGE_HOURS = 6 };

/* By this device's merge, as client/prune.c asks for it. */
static bool is_done(struct sim *s, struct sim_device *device, const struct pt_subject *subject)
{
    struct sim_sight sight;
    struct pt_txn *txn;
    PT_CHECK(pt_store_begin_read(device->node->store, &txn) == PT_OK);
    PT_CHECK(sim_sight_open(s, device->node, txn, subject, PT_LEVEL_WORK, true, &sight) == PT_OK);
    pt_store_abort(txn);
    bool done = sight.ready && sight.state.state == PATUH__STATE__STATE_APPROVED_NATIONAL && !sight.state.incomplete;
    if (done) {
        PT_CHECK(sim_sight_merge(s, PT_LEVEL_NATIONAL, &sight) == PT_OK);
        done = sight.state.n_pending == 0;
    }
    sim_sight_close(&sight);
    return done;
}

static bool is_due(struct sim_device *device, const struct pt_subject *subject)
{
    struct pt_txn *txn;
    bool due = false;
    PT_CHECK(pt_store_begin_read(device->node->store, &txn) == PT_OK);
    struct pt_prune_rule rule = world_prune_rule(device->node, txn, AGE_HOURS * SIM_HOUR_MS);
    PT_CHECK(pt_prune_is_due(txn, subject, &rule, &due) == PT_OK);
    pt_store_abort(txn);
    return due;
}

/* Head office has signed for it and was restored since: this device cannot know, and somebody else has it. */
static bool is_elsewhere(const struct sim *s, const struct pt_head *head)
{
    bool elsewhere = false;
    for (size_t i = 0; i < s->w->n_promises && !elsewhere; i++) {
        const struct world_promise *p = &s->w->promises[i];
        elsewhere = p->office == s->offices[0] && p->elsewhere && !p->log.held && p->log.seq >= head->seq &&
                    pt_log_id_eq(&p->log.log, &head->log);
    }
    return elsewhere;
}

static bool is_at_head_office(struct sim *s, const struct pt_head *head)
{
    struct pt_head there;
    enum pt_stand stand = PT_STAND_NONE;
    struct pt_txn *txn;
    PT_CHECK(pt_store_begin_read(s->offices[0]->store, &txn) == PT_OK);
    if (pt_logs_find(txn, &head->log, &there) == PT_OK) {
        PT_CHECK(pt_logs_stand(txn, &there, head->seq, &head->link, &stand) == PT_OK);
    }
    pt_store_abort(txn);
    return stand != PT_STAND_NONE;
}

static void judge_pruned(struct sim *s, struct sim_device *device, const struct pt_subject *subject)
{
    struct pt_arena arena;
    struct pt_head *heads;
    struct pt_txn *txn;
    size_t n = 0;
    pt_arena_init(&arena, SIZE_MAX);
    PT_CHECK(pt_store_begin_read(device->node->store, &txn) == PT_OK);
    PT_CHECK(pt_logs_list(txn, subject, &arena, &heads, &n) == PT_OK);
    for (size_t i = 0; i < n; i++) {
        bool own = pt_author_eq(&heads[i].log.author, &device->node->author) && heads[i].seq > 0;
        bool kept = !own || is_at_head_office(s, &heads[i]) || is_elsewhere(s, &heads[i]);
        world_expect(s->w, kept, "a device lets go of what head office has not");
    }
    pt_store_abort(txn);
    pt_arena_close(&arena);
}

void sim_count_recalled(struct sim *s, struct sim_device *device)
{
    size_t n = 0;
    for (size_t i = 0; i < device->node->n_subjects; i++) {
        bool recalled;
        n += sim_is_pruned(device->node, &device->node->subjects[i], &recalled) && !recalled;
    }
    s->result.deeds[SIM_RECALLED] += n < device->n_gone ? device->n_gone - n : 0;
    device->n_gone = n;
}

/* As the product does before it looks for what may go. */
static void note_settled(struct sim_device *device)
{
    struct pt_txn *txn;
    if (world_write_begin(device->node, &txn) == PT_OK) {
        enum pt_err err = world_write_end(device->node, txn, pt_prune_settled(txn, &device->node->author));
        PT_CHECK(err == PT_OK || err == PT_EIO || err == PT_EFULL);
    }
}

void sim_prune(struct sim *s, struct sim_device *device)
{
    note_settled(device);
    for (size_t i = 0; i < device->node->n_subjects; i++) {
        const struct pt_subject *subject = &device->node->subjects[i];
        bool pruned = false;
        bool planted = s->options.plant == SIM_PLANT_PRUNE; /* then the state is not looked at either */
        if (!is_due(device, subject) || !(planted || is_done(s, device, subject))) {
            continue;
        }
        enum pt_err err = world_prune(device->node, subject, AGE_HOURS * SIM_HOUR_MS, &pruned);
        PT_CHECK(err == PT_OK || err == PT_EIO || err == PT_EFULL);
        if (pruned) {
            s->result.deeds[SIM_PRUNED]++;
            device->n_gone++;
            judge_pruned(s, device, subject);
        }
    }
}

bool sim_is_pruned(struct world_node *node, const struct pt_subject *subject, bool *recalled)
{
    struct pt_arena arena;
    struct pt_pruned pruned = {.recalled = false};
    struct pt_txn *txn;
    PT_CHECK(pt_store_begin_read(node->store, &txn) == PT_OK);
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_pruned_read(txn, subject, &arena, &pruned);
    PT_CHECK(err == PT_OK || err == PT_ENOTFOUND);
    *recalled = pruned.recalled;
    pt_arena_close(&arena);
    pt_store_abort(txn);
    return err == PT_OK;
}
