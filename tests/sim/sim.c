/* sim.c - one history: what is planned happens, and between two plans the world takes its steps. */
#include "sim.h"

#include "base/check.h"
#include "base/mem.h"

struct sim_options sim_defaults(void)
{
    return (struct sim_options){.seed = 1, .regions = 3, .devices = 20, .days = 7, .events = SIZE_MAX};
}

static void link_ended(struct world *w, struct world_link *link)
{
    struct sim *s = w->data;
    s->result.bytes += link->n_bytes[0] + link->n_bytes[1];
    sim_sync_ended(s, link);
}

/* A device looks at it when its sync is over, an office at once. */
static void node_is_stale(struct world *w, struct world_node *node)
{
    (void)w;
    if (node->tier != PT_TIER_DEVICE) {
        (void)world_renew(node); /* a full disk: it hears it again */
    }
}

static struct sim_device *device_of(struct sim *s, const struct world_node *node)
{
    for (size_t i = 0; i < s->n_devices; i++) {
        if (s->devices[i].node == node) {
            return &s->devices[i];
        }
    }
    return NULL;
}

static void node_restarted(struct world *w, struct world_node *node)
{
    struct sim_device *device = device_of(w->data, node);
    if (device != NULL) {
        sim_check_saved(w->data, device);
    }
}

/* A commit of a device's may have taken away what it had saved before. */
static void log_stored(struct world *w, struct world_node *node, const struct pt_log_id *log)
{
    node_restarted(w, node);
    sim_note_change(w, node, log);
}

static void step_over(struct world *w)
{
    sim_look(w->data);
}

/* --- plans of a day --- */

static int64_t at_hour(struct sim_random *random, int64_t day_ms, size_t from, size_t to)
{
    return day_ms + (int64_t)from * SIM_HOUR_MS + (int64_t)sim_chance(random, (to - from) * (size_t)SIM_HOUR_MS);
}

static void plan_day(struct sim *s, int64_t day_ms)
{
    for (size_t i = 0; i < s->n_devices; i++) {
        struct sim_random *random = &s->devices[i].random;
        for (size_t n = 2 + sim_chance(random, 4); n > 0; n--) {
            sim_plan(s, at_hour(random, day_ms, 8, 17), SIM_WORK, i);
        }
        for (size_t n = 1 + sim_chance(random, 4); n > 0; n--) {
            sim_plan(s, at_hour(random, day_ms, 6, 22), SIM_SYNC, i);
        }
    }
    for (size_t i = 0; i <= s->options.regions; i++) {
        for (size_t n = i == 0 ? 30 : 40; n > 0; n--) {
            sim_plan(s, at_hour(&s->random, day_ms, 7, 17), SIM_REVIEW, i);
        }
        size_t n_uplinks = s->rate[SIM_WINDOWS] > 0 ? 2 : 48; /* a lost one is made again within half an hour */
        for (size_t k = 0; k < n_uplinks && i > 0; k++) {
            sim_plan(s, day_ms + SIM_DAY_MS * (int64_t)k / (int64_t)n_uplinks, SIM_UPLINK, i);
        }
    }
    for (int64_t hour = 0; hour < 24; hour++) {
        sim_plan(s, day_ms + hour * SIM_HOUR_MS + SIM_HOUR_MS / 2, SIM_CHECK, (size_t)hour);
    }
    sim_plan_faults(s, day_ms);
}

/* --- what happens --- */

static void uplink(struct sim *s, struct world_node *region)
{
    for (size_t i = 0; i < s->w->n_links; i++) {
        const struct world_link *link = &s->w->link[i];
        if (link->in_use && link->open && !link->ended[0] && link->node[0] == region) {
            return;
        }
    }
    if (world_open_links(s->w) < WORLD_LINKS_MAX) {
        sim_spoil_link(s, world_connect(s->w, region, region->upper, s->rate[SIM_WINDOWS] == 0));
        s->result.sessions++;
        s->result.happened[SIM_WINDOWS] += s->rate[SIM_WINDOWS] > 0;
    }
}

static void happen(struct sim *s, const struct sim_event *event)
{
    world_trace(s->w, "event %d of %zu\n", (int)event->kind, event->who);
    switch (event->kind) {
    case SIM_DAY:
        plan_day(s, event->at_ms);
        break;
    case SIM_WORK:
        if (s->devices[event->who].post == SIM_SURVEYOR) {
            sim_work(s, &s->devices[event->who]);
        } else {
            sim_intrude(s, &s->devices[event->who]);
        }
        break;
    case SIM_SYNC:
        sim_sync(s, &s->devices[event->who]);
        break;
    case SIM_REVIEW:
        sim_review(s, event->who);
        break;
    case SIM_UPLINK:
        uplink(s, s->offices[event->who]);
        break;
    case SIM_CHECK: /* a whole store, its signatures too */
        world_check_node(&s->w->node[sim_chance(&s->orders, s->w->n_nodes)]);
        break;
    case SIM_FAULT:
        sim_do_fault(s, (enum sim_fault)event->who);
        break;
    case SIM_DISK_GOOD:
        pt_store_mem_fault_disarm(s->w->node[event->who].store);
        break;
    }
}

static void live(struct sim *s)
{
    struct sim_event event;
    for (size_t day = 0; day < s->options.days; day++) {
        sim_plan(s, s->start_ms + (int64_t)day * SIM_DAY_MS, SIM_DAY, day);
    }
    while (s->result.events < s->options.events && sim_next(s, &event)) {
        while (s->w->now_ms < event.at_ms && world_step_before(s->w, event.at_ms)) {
        }
        s->w->now_ms = s->w->now_ms > event.at_ms ? s->w->now_ms : event.at_ms;
        s->result.events++;
        happen(s, &event);
        sim_look(s);
    }
}

/* --- beginning and end --- */

static void end(struct sim *s)
{
    s->result.trace = s->w->trace_hash;
    s->result.steps = s->w->n_steps;
    s->result.happened[SIM_ORDER] = s->w->n_overtaken;
    s->result.chunks = s->w->written.n;
    for (size_t i = 0; i < s->n_devices; i++) {
        pt_store_close(s->devices[i].backup);
    }
    for (size_t i = 0; i <= s->options.regions; i++) {
        pt_store_close(s->office_backups[i]);
    }
    world_destroy(s->w);
    pt_free(s->devices);
    pt_free(s->units);
    pt_free(s->approvals);
    pt_free(s->words);
    pt_free(s->changes);
    pt_free(s->agenda);
    pt_arena_close(&s->arena);
    pt_buf_free(&s->instrument_bytes);
}

void sim_run(const struct sim_options *options, void (*failed)(struct world *w, const char *what),
             struct sim_result *out)
{
    struct sim s = {.options = *options};
    s.w = world_create(options->seed);
    s.w->refills = true;
    s.w->data = &s;
    s.w->failed = failed;
    s.w->ended = link_ended;
    s.w->stale = node_is_stale;
    s.w->stored = log_stored;
    s.w->restarted = node_restarted;
    s.w->stepped = step_over;
    s.w->quick = true; /* whole stores are checked now and then */
    s.w->early = options->plant == SIM_PLANT_EARLY;
    s.random.state = options->seed ^ 0x0ff1ceull;
    s.orders.state = options->seed ^ 0x0bde5ull;
    pt_arena_init(&s.arena, SIZE_MAX);
    sim_choose_faults(&s);
    sim_found(&s);
    s.start_ms = s.w->now_ms;
    live(&s);
    sim_settle(&s);
    end(&s);
    *out = s.result;
}
