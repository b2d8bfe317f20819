/* faults.c - what goes wrong: a random part of the list for each seed, each with a rate of its own. */
#include "sim.h"

#include "base/check.h"
#include "base/mem.h"

const char *sim_fault_name(enum sim_fault fault)
{
    static const char *const names[SIM_FAULTS] = {"cut",     "slow",     "pieces", "abandon", "twice",
                                                  "order",   "windows",  "power",  "full",    "clock",
                                                  "restore", "old-copy", "clone",  "office",  "revoke"};
    return names[fault];
}

const char *sim_deed_name(enum sim_deed deed)
{
    static const char *const names[SIM_DEEDS] = {"unapproved", "not-assessed", "confirmed", "raced",   "replaced",
                                                 "intruded",   "wrote-on",     "pruned",    "recalled"};
    return names[deed];
}

void sim_choose_faults(struct sim *s)
{
    struct sim_random random = {.state = s->options.seed * 0x2545f4914f6cdd1du};
    for (size_t i = 0; i < SIM_FAULTS; i++) {
        size_t rate = 1 + sim_chance(&random, 8);
        bool on = sim_chance(&random, 2) == 0;
        s->chances[i].state = s->options.seed ^ ((uint64_t)(i + 1) << 40);
        s->rate[i] = on && (s->options.without & (1u << i)) == 0 ? rate : 0;
    }
    s->w->lifo = s->rate[SIM_ORDER] > 0;
}

/* How often in a day at most; those of a week are rarer than one a day. */
static size_t a_day(enum sim_fault fault, size_t rate)
{
    switch (fault) {
    case SIM_POWER:
        return 4 * rate;
    case SIM_FULL:
    case SIM_CLOCK:
        return rate;
    case SIM_RESTORE:
    case SIM_OLD_COPY:
    case SIM_OFFICE:
        return 1 + rate / 2;
    case SIM_CLONE:
    case SIM_REVOKE:
        return 1;
    case SIM_CUT:
    case SIM_SLOW:
    case SIM_PIECES:
    case SIM_ABANDON:
    case SIM_TWICE:
    case SIM_ORDER:
    case SIM_WINDOWS:
    case SIM_FAULTS:
        break;
    }
    return 0;
}

void sim_plan_faults(struct sim *s, int64_t day_ms)
{
    for (enum sim_fault fault = SIM_POWER; fault < SIM_FAULTS; fault++) {
        size_t most = s->rate[fault] == 0 ? 0 : a_day(fault, s->rate[fault]);
        size_t n = most == 0 ? 0 : sim_chance(&s->chances[fault], most + 1);
        for (size_t i = 0; i < n; i++) {
            sim_plan(s, day_ms + (int64_t)sim_chance(&s->chances[fault], (size_t)SIM_DAY_MS), SIM_FAULT, fault);
        }
    }
}

static size_t chance(struct sim *s, enum sim_fault fault, size_t below)
{
    return sim_chance(&s->chances[fault], below);
}

/* An office now and then, else a device. */
static struct world_node *any_node(struct sim *s, enum sim_fault fault)
{
    if (chance(s, fault, 3) == 0) {
        return s->offices[chance(s, fault, s->options.regions + 1)];
    }
    return s->devices[chance(s, fault, s->n_devices)].node;
}

static struct sim_device *any_device(struct sim *s, enum sim_fault fault)
{
    return &s->devices[chance(s, fault, s->n_devices)];
}

static void cut_power(struct sim *s)
{
    struct world_node *node = any_node(s, SIM_POWER);
    if (chance(s, SIM_POWER, 3) == 0) {
        world_power_cut(node);
    } else {
        node->power_fails = true;
        node->power_pass = chance(s, SIM_POWER, 30);
    }
}

static void fill_disk(struct sim *s)
{
    struct world_node *node = any_node(s, SIM_FULL);
    pt_store_mem_fault_arm(node->store, PT_STORE_MEM_PUT, chance(s, SIM_FULL, 40), PT_EFULL);
    int64_t hours = 1 + (int64_t)chance(s, SIM_FULL, 6);
    sim_plan(s, s->w->now_ms + hours * SIM_HOUR_MS, SIM_DISK_GOOD, world_number(node));
}

static void set_clock(struct sim *s)
{
    struct world_node *node = any_node(s, SIM_CLOCK);
    static const int64_t year_ms = 365 * SIM_DAY_MS;
    switch (chance(s, SIM_CLOCK, 5)) {
    case 0:
        node->clock_ms = -s->w->now_ms; /* a battery died: 1970 */
        break;
    case 1:
        node->clock_ms = 10 * year_ms;
        break;
    case 2:
        node->clock_ms = -10 * year_ms;
        break;
    case 3:
        node->clock_ms += (int64_t)chance(s, SIM_CLOCK, 4 * (size_t)SIM_HOUR_MS) - 2 * SIM_HOUR_MS;
        break;
    default:
        node->clock_ms = 0;
        break;
    }
}

/* --- old backups --- */

static void keep_backup(struct pt_store **backup, struct world_node *node)
{
    pt_store_close(*backup);
    *backup = world_backup(node);
}

/* A backup that is taken now and then, and put back later. What it lost and an office receipted has to be somewhere: a
 * device and its office that burn down together are beyond every promise. */
static void restore_device(struct sim *s, enum sim_fault fault)
{
    struct sim_device *device = any_device(s, fault);
    if (device->backup == NULL || chance(s, fault, 3) == 0) {
        keep_backup(&device->backup, device->node);
        return;
    }
    if (!world_can_lose(device->node, device->backup)) {
        return;
    }
    world_restore(device->node, device->backup);
    device->backup = NULL;
    device->n_saved = 0;
    device->n_gone = 0;
    world_recall(device->node);
    if (fault == SIM_RESTORE) {
        (void)sim_renew(s, device->node);
    }
    s->result.happened[fault]++;
}

static void clone_device(struct sim *s)
{
    size_t of = chance(s, SIM_CLONE, s->n_devices);
    struct sim_device *from = &s->devices[of];
    struct world_node *node = s->n_devices > s->n_founded + 8 ? NULL : world_clone(from->node);
    if (node == NULL) {
        return;
    }
    PT_CHECK(pt_reserve(&s->devices, &s->devices_capacity, s->n_devices + 1, sizeof *s->devices) == PT_OK);
    from = &s->devices[of];
    s->devices[s->n_devices] = *from;
    s->devices[s->n_devices].node = node;
    s->devices[s->n_devices].backup = NULL;
    s->devices[s->n_devices].n_saved = 0;
    s->devices[s->n_devices].random.state = from->random.state ^ s->n_devices;
    s->n_devices++;
    s->result.happened[SIM_CLONE]++;
}

/* Does the store have this much of the log? */
static bool has_head(struct pt_store *store, const struct pt_head *head)
{
    struct pt_txn *txn;
    enum pt_stand stand = PT_STAND_NONE;
    struct pt_head there;
    PT_CHECK(pt_store_begin_read(store, &txn) == PT_OK);
    if (pt_logs_find(txn, &head->log, &there) == PT_OK) {
        PT_CHECK(pt_logs_stand(txn, &there, head->seq, &head->link, &stand) == PT_OK);
    }
    pt_store_abort(txn);
    return stand != PT_STAND_NONE || head->seq == 0;
}

/* Everything that was written at the office itself is in the backup: going on in its logs forks none.
 * besides: leave out the office's own key. */
static bool keeps_own_words(struct world_node *office, struct pt_store *backup)
{
    struct pt_txn *txn;
    struct pt_arena arena;
    struct pt_head *heads;
    size_t n = 0;
    bool keeps = true;
    PT_CHECK(pt_store_begin_read(office->store, &txn) == PT_OK);
    pt_arena_init(&arena, SIZE_MAX);
    PT_CHECK(pt_logs_list(txn, NULL, &arena, &heads, &n) == PT_OK);
    for (size_t i = 0; i < n; i++) {
        bool ours = world_is_of(office, &heads[i].log.author);
        keeps = keeps && (!ours || has_head(backup, &heads[i]));
    }
    pt_arena_close(&arena);
    pt_store_abort(txn);
    return keeps;
}

static void restore_office(struct sim *s)
{
    size_t which = chance(s, SIM_OFFICE, s->options.regions + 1);
    struct world_node *office = s->offices[which];
    struct pt_store **backup = &s->office_backups[which];
    if (*backup == NULL || chance(s, SIM_OFFICE, 3) == 0) {
        keep_backup(backup, office);
        return;
    }
    if (!world_can_lose(office, *backup)) {
        return;
    }
    bool noticed = chance(s, SIM_OFFICE, 2) == 0 || !keeps_own_words(office, *backup);
    world_restore(office, *backup);
    *backup = NULL;
    world_recall(office);
    if (noticed) {
        PT_CHECK(world_renew(office) == PT_OK);
    }
    world_check_elsewhere(office);
    s->result.happened[SIM_OFFICE]++;
}

static void lose_device(struct sim *s)
{
    struct sim_device *device = any_device(s, SIM_REVOKE);
    bool ours = device->post != SIM_ELSEWHERE; /* else another region's to revoke */
    if (ours && !device->revoked && s->result.happened[SIM_REVOKE] < s->options.regions * s->options.devices / 4) {
        sim_revoke(s, device);
        s->result.happened[SIM_REVOKE]++;
    }
}

void sim_do_fault(struct sim *s, enum sim_fault fault)
{
    switch (fault) {
    case SIM_POWER:
        cut_power(s);
        s->result.happened[fault]++;
        break;
    case SIM_FULL:
        fill_disk(s);
        s->result.happened[fault]++;
        break;
    case SIM_CLOCK:
        set_clock(s);
        s->result.happened[fault]++;
        break;
    case SIM_RESTORE:
    case SIM_OLD_COPY:
        restore_device(s, fault);
        break;
    case SIM_CLONE:
        clone_device(s);
        break;
    case SIM_OFFICE:
        restore_office(s);
        break;
    case SIM_REVOKE:
        lose_device(s);
        break;
    case SIM_CUT:
    case SIM_SLOW:
    case SIM_PIECES:
    case SIM_ABANDON:
    case SIM_TWICE:
    case SIM_ORDER:
    case SIM_WINDOWS:
    case SIM_FAULTS:
        break;
    }
}

void sim_spoil_link(struct sim *s, struct world_link *link)
{
    if (s->rate[SIM_PIECES] > 0) {
        static const size_t sizes[] = {1400, 1400, 536, 200, 60};
        link->piece_max = sizes[chance(s, SIM_PIECES, 5)];
        s->result.happened[SIM_PIECES]++;
    }
    if (s->rate[SIM_SLOW] > 0) {
        link->delay_ms = (int64_t)chance(s, SIM_SLOW, 400 * s->rate[SIM_SLOW]);
        s->result.happened[SIM_SLOW]++;
    }
    if (s->rate[SIM_CUT] > 0 && chance(s, SIM_CUT, 10) < s->rate[SIM_CUT]) {
        link->cut_after = 1 + chance(s, SIM_CUT, chance(s, SIM_CUT, 2) == 0 ? 1500 : 30000);
        s->result.happened[SIM_CUT]++;
    }
}

void sim_end_faults(struct sim *s)
{
    struct world *w = s->w;
    for (size_t i = 0; i < w->n_nodes; i++) {
        pt_store_mem_fault_disarm(w->node[i].store);
        w->node[i].power_fails = false;
    }
    for (size_t i = 0; i < w->n_links; i++) {
        if (w->link[i].in_use && w->link[i].open) {
            world_cut(&w->link[i]);
        }
    }
    world_run(w);
}
