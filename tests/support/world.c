/* world.c - links and the order in which things happen. */
#include "support/world.h"

#include "base/check.h"
#include "base/mem.h"

#include <string.h>

#define WORLD_STEPS_MAX 2000000
#define STEP_MS 7

size_t world_number(const struct world_node *node)
{
    return (size_t)(node - node->world->node);
}

struct pt_now world_now(const struct world_node *node)
{
    int64_t now_ms = node->world->now_ms;
    return (struct pt_now){
        .wall_ms = now_ms + node->clock_ms, .monotonic_ms = (uint64_t)(now_ms - node->boot_ms), .boot = node->boot};
}

/* --- nodes --- */

struct world *world_create(uint64_t seed)
{
    struct world *w = pt_zalloc(sizeof *w);
    PT_CHECK(w != NULL && pt_crypto_init() == PT_OK);
    w->seed = w->state = seed;
    w->now_ms = 1700000000000;
    return w;
}

static void end_link(struct world_link *link)
{
    link->in_use = false;
    for (int side = 0; side < 2; side++) {
        pt_session_destroy(link->session[side]);
        pt_buf_free(&link->pipe[side]);
        pt_frames_close(&link->frames[side]);
        link->session[side] = NULL;
    }
}

void world_destroy(struct world *w)
{
    for (size_t i = 0; i < w->n_jobs; i++) {
        pt_inbox_destroy(w->job[i].inbox);
    }
    for (size_t i = 0; i < w->n_links; i++) {
        end_link(&w->link[i]);
    }
    for (size_t i = 0; i < w->n_nodes; i++) {
        for (size_t k = 0; k < w->node[i].n_blobs; k++) {
            pt_buf_free(&w->node[i].blobs[k].bytes);
        }
        pt_free(w->node[i].blobs);
        pt_free(w->node[i].subjects);
        world_set_free(&w->node[i].there);
        pt_store_close(w->node[i].store);
    }
    pt_buf_free(&w->trace);
    pt_free(w->promises);
    world_set_free(&w->written);
    pt_free(w);
}

/* --- calls of the tested code: only there do allocations fail --- */

static void call_begins(struct world *w)
{
    if (++w->n_calls == w->fault_call) {
        pt_mem_fault_arm(w->fault_pass);
    }
}

static void call_ends(void)
{
    pt_mem_fault_disarm();
}

/* --- links --- */

static void side_closed(struct world_link *link, int side, const struct pt_update *u)
{
    link->ended[side] = true;
    link->reason[side] = u->reason;
    link->failure[side] = u->failure;
    link->retry_s[side] = u->retry_s;
    world_trace(link->node[0]->world, "link %zu: node %zu closes: %s, failure %d\n",
                world_link_number(link->node[0]->world, link), world_number(link->node[side]),
                u->reason == PT_OK ? "settled" : pt_err_name(u->reason), (int)u->failure);
}

static int64_t delay(struct world_link *link)
{
    return link->delay_ms == 0 ? 0 : (int64_t)world_chance(link->node[0]->world, (size_t)link->delay_ms + 1);
}

static void take_update(struct world_link *link, int side, struct pt_update *u)
{
    struct world *w = link->node[0]->world;
    for (size_t i = 0; i < u->n_inboxes; i++) {
        PT_CHECK(w->n_jobs < WORLD_JOBS_MAX);
        w->job[w->n_jobs++] = (struct world_job){.link = link, .side = side, .inbox = u->inboxes[i]};
    }
    if (u->known) {
        link->frames[side].body_max = PT_FRAME_BYTES_MAX;
    }
    for (size_t i = 0; i < u->n_frames && !link->ended[side] && link->open; i++) {
        world_watch_frame(link, side, u->frames[i], true);
        if (link->pipe[side].n == 0) {
            link->ready_ms[side] = w->now_ms + delay(link);
        }
        pt_frame_put(&link->pipe[side], u->frames[i]);
        if (w->record[side] != NULL) {
            pt_frame_put(w->record[side], u->frames[i]);
        }
        link->n_bytes[side] += PT_FRAME_HEAD_BYTES + u->frames[i].n;
        link->n_frames[side]++;
    }
    link->fresh[side] = link->fresh[side] || u->fresh_incarnation;
    if (u->fresh_incarnation && w->stale != NULL) {
        w->stale(w, link->node[side]);
    }
    link->more[side] = u->more;
    bool too_large = u->reason == PT_ELIMIT && u->failure == PATUH__FAILURE_CODE__FAILURE_BUSY;
    world_expect(w, !u->close || !too_large, "a frame that no peer takes");
    if (u->close && !link->ended[side]) {
        side_closed(link, side, u);
    }
    pt_update_close(u);
}

static struct pt_session *make_session(struct world_node *node, struct world_node *lower, bool connects, bool live,
                                       const struct pt_blob_ops *blobs, struct pt_bytes statement)
{
    struct pt_session_config config = {
        .store = node->store,
        .blobs = blobs,
        .policy = node->policy,
        .random = world_random(node->world),
        .author = node->author,
        .tier = node->tier,
        .epoch = &node->epoch,
        .incarnation = &node->incarnation,
        .renew = world_renew,
        .renew_on_word = world_renew,
        .refilling = connects ? NULL : &node->refilling,
        .generation = node->generation,
        .office_pair = node->tier != PT_TIER_DEVICE ? &node->pair : NULL,
        .connects = connects,
        .upper_tier = node->upper == NULL ? 0 : node->upper->tier,
        .live = live,
        .statement = statement,
        .scope = world_scope(lower, false),
        .admit = world_admit,
        .admit_data = node,
    };
    for (struct world_node *above = node->upper; above != NULL; above = above->upper) {
        if (above->tier == PT_TIER_REGION) {
            config.region_key = &above->key;
        } else {
            config.national_key = &above->key;
        }
    }
    struct pt_session *session = pt_session_create(&config);
    PT_CHECK(session != NULL);
    return session;
}

/* Packed SignedStatement { body = author }: what admit reads. */
static struct pt_bytes statement_of(struct world_node *node, uint8_t *out)
{
    Patuh__SignedStatement statement = PATUH__SIGNED_STATEMENT__INIT;
    statement.has_body = true;
    statement.body = (ProtobufCBinaryData){.len = sizeof node->author.b, .data = node->author.b};
    return pt_bytes_of(out, patuh__signed_statement__pack(&statement, out));
}

static struct world_link *free_link(struct world *w)
{
    for (size_t i = 0; i < w->n_links; i++) {
        if (!w->link[i].in_use) {
            return &w->link[i];
        }
    }
    PT_CHECK(w->n_links < WORLD_LINKS_MAX);
    return &w->link[w->n_links++];
}

struct world_link *world_connect(struct world *w, struct world_node *from, struct world_node *to, bool live)
{
    struct world_link *link = free_link(w);
    struct pt_now now = world_now(from);
    struct pt_update u;
    *link = (struct world_link){
        .in_use = true, .open = true, .node = {from, to}, .cut_after = UINT64_MAX, .piece_max = w->piece_max};
    for (int side = 0; side < 2; side++) {
        link->blobs[side] = world_blob_ops(link->node[side]);
        pt_frames_init(&link->frames[side], PT_FRAME_BYTES_MAX_UNKNOWN);
    }
    struct pt_bytes statement = statement_of(from, link->statement);
    link->session[0] = make_session(from, from, true, live, &link->blobs[0], statement);
    link->session[1] = make_session(to, from, false, false, &link->blobs[1], (struct pt_bytes){0});
    world_trace(w, "link %zu: node %zu connects to %zu\n", world_link_number(w, link), world_number(from),
                world_number(to));
    call_begins(w);
    pt_session_start(link->session[0], &now, &u);
    call_ends();
    take_update(link, 0, &u);
    return link;
}

size_t world_open_links(const struct world *w)
{
    size_t n = 0;
    for (size_t i = 0; i < w->n_links; i++) {
        n += w->link[i].in_use;
    }
    return n;
}

void world_cut(struct world_link *link)
{
    world_trace(link->node[0]->world, "link %zu: cut\n", world_link_number(link->node[0]->world, link));
    link->open = false;
    pt_buf_clear(&link->pipe[0]);
    pt_buf_clear(&link->pipe[1]);
    link->taken[0] = link->taken[1] = 0;
}

void world_abandon(struct world_link *link)
{
    world_trace(link->node[0]->world, "link %zu: abandoned\n", world_link_number(link->node[0]->world, link));
    link->ended[0] = true;
    link->reason[0] = PT_ECLOSED;
}

/* --- steps --- */

static void arrive(struct world *w, struct world_link *link, int from)
{
    struct pt_buf *pipe = &link->pipe[from];
    int to = 1 - from;
    size_t n = pipe->n - link->taken[from];
    if (link->piece_max > 0 && n > link->piece_max) {
        n = 1 + world_chance(w, link->piece_max);
    }
    n = n > link->cut_after ? (size_t)link->cut_after : n;
    uint8_t *piece = pt_alloc(n + 1); /* exact, so that reading past it is seen */
    PT_CHECK(piece != NULL);
    memcpy(piece, pipe->data + link->taken[from], n);
    link->taken[from] += n;
    link->cut_after -= link->cut_after == UINT64_MAX ? 0 : n;
    link->ready_ms[from] = w->now_ms + delay(link);
    if (link->taken[from] == pipe->n) {
        pt_buf_clear(pipe);
        link->taken[from] = 0;
    }
    struct pt_bytes input = pt_bytes_of(piece, n);
    struct pt_bytes frame;
    enum pt_err err = PT_OK;
    while (!link->ended[to] && link->open && (err = pt_frames_next(&link->frames[to], &input, &frame)) == PT_OK) {
        struct pt_now now = world_now(link->node[to]);
        struct pt_update u;
        if (!link->hostile) {
            world_watch_frame(link, to, frame, false);
        }
        call_begins(w);
        pt_session_frame(link->session[to], frame, &now, &u);
        call_ends();
        take_update(link, to, &u);
    }
    PT_CHECK(err != PT_ELIMIT);
    pt_free(piece);
    if (link->cut_after == 0) {
        world_cut(link);
    }
}

static bool has_news(const struct pt_inbox *inbox)
{
    return inbox->append.n_accepted + inbox->append.n_held + inbox->n_receipts > 0 || inbox->has_text ||
           inbox->files.whole;
}

static bool has_earlier(const struct world *w, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (w->job[i].done && w->job[i].link == w->job[at].link && w->job[i].side == w->job[at].side) {
            return true;
        }
    }
    return false;
}

static void complete(struct world *w, size_t at)
{
    struct world_job job = w->job[at];
    struct pt_now now = world_now(job.link->node[job.side]);
    struct pt_update u;
    w->n_overtaken += has_earlier(w, at);
    memmove(&w->job[at], &w->job[at + 1], (--w->n_jobs - at) * sizeof w->job[0]);
    call_begins(w);
    pt_session_stored(job.link->session[job.side], job.inbox, job.err, &now, &u);
    call_ends();
    take_update(job.link, job.side, &u);
}

/* The writer takes the oldest inboxes of one node. */
static enum pt_err apply(struct world *w, struct world_node *node, struct pt_txn *txn, size_t n)
{
    enum pt_err err = PT_OK;
    for (size_t i = 0; i < w->n_jobs && n > 0 && err == PT_OK; i++) {
        struct world_job *job = &w->job[i];
        if (!job->applied && job->link->node[job->side] == node) {
            node->writing = true;
            err = pt_inbox_apply(txn, job->inbox);
            node->writing = false;
            job->applied = true;
            n--;
        }
    }
    return err;
}

void world_news(struct world_node *node)
{
    struct world *w = node->world;
    for (size_t i = 0; i < w->n_links; i++) {
        struct world_link *link = &w->link[i];
        for (int side = 0; side < 2; side++) {
            link->news[side] = link->news[side] || (link->open && link->node[side] == node);
        }
    }
}

static void note_done(struct world_node *node, bool began, enum pt_err err)
{
    struct world *w = node->world;
    bool news = false;
    for (size_t k = 0; k < w->n_jobs; k++) {
        struct world_job *job = &w->job[k];
        if (job->link->node[job->side] == node && !job->done && (job->applied || !began)) {
            job->applied = job->done = true;
            job->err = err;
            news = news || (err == PT_OK && has_news(job->inbox));
        }
    }
    if (news) {
        world_news(node);
    }
}

/* The planted fault: sessions hear of what is not durable yet. */
static void answer_early(struct world *w, struct world_node *node)
{
    for (size_t i = 0; i < w->n_jobs;) {
        struct world_job *job = &w->job[i];
        if (job->applied && !job->done && job->link->node[job->side] == node) {
            complete(w, i);
            i = 0;
        } else {
            i++;
        }
    }
}

/* Inboxes into one transaction. */
static void commit(struct world *w, struct world_node *node)
{
    size_t n = 1 + world_chance(w, 3);
    struct pt_txn *txn = NULL;
    bool power_fails = node->power_fails;
    world_power_arm(node);
    call_begins(w);
    enum pt_err err = pt_store_begin_write(node->store, &txn);
    bool began = err == PT_OK;
    err = began ? apply(w, node, txn, n) : err;
    if (w->early && err == PT_OK) {
        answer_early(w, node);
    }
    if (err == PT_OK) {
        err = pt_store_commit(txn);
    } else if (began) {
        pt_store_abort(txn);
    }
    call_ends();
    world_trace(w, "node %zu: commit: %s\n", world_number(node), err == PT_OK ? "done" : pt_err_name(err));
    if (power_fails) {
        world_power_cut(node);
    } else {
        note_done(node, began, err);
    }
    world_check_new(node);
    if (!w->quick) {
        world_check_node(node);
    }
}

static void hear_news(struct world *w, struct world_link *link, int side)
{
    struct pt_now now = world_now(link->node[side]);
    struct pt_update u;
    struct pt_news news = {0};
    link->news[side] = !world_gather_news(link->node[side], &link->news_lsn[side], &news); /* else again */
    call_begins(w);
    pt_session_news(link->session[side], &news, &now, &u);
    call_ends();
    pt_news_close(&news);
    bool more = link->more[side];
    take_update(link, side, &u);
    link->more[side] = link->more[side] || more;
}

static void drained(struct world *w, struct world_link *link, int side)
{
    struct pt_now now = world_now(link->node[side]);
    struct pt_update u;
    link->more[side] = false;
    call_begins(w);
    pt_session_drained(link->session[side], &now, &u);
    call_ends();
    take_update(link, side, &u);
}

void world_feed(struct world_link *link, int side, struct pt_bytes frame)
{
    struct world *w = link->node[0]->world;
    struct pt_now now = world_now(link->node[side]);
    struct pt_update u;
    call_begins(w);
    pt_session_frame(link->session[side], frame, &now, &u);
    call_ends();
    take_update(link, side, &u);
    while (w->n_jobs > 0) {
        commit(w, link->node[side]);
        while (w->n_jobs > 0 && w->job[0].done) {
            complete(w, 0);
        }
    }
}

enum event_kind { EVENT_ARRIVE, EVENT_COMMIT, EVENT_COMPLETE, EVENT_NEWS, EVENT_DRAINED };

struct event {
    enum event_kind kind;
    size_t at; /* link, node or job */
    int side;
};

struct events {
    struct event list[1024];
    size_t n;
    int64_t soonest_ms; /* of what has to wait */
};

static void may(struct events *events, bool yes, enum event_kind kind, size_t at, int side)
{
    if (yes && events->n < sizeof events->list / sizeof events->list[0]) {
        events->list[events->n++] = (struct event){.kind = kind, .at = at, .side = side};
    }
}

static void collect(struct world *w, struct events *events)
{
    bool waiting[WORLD_NODES_MAX] = {false};
    for (size_t i = 0; i < w->n_jobs; i++) {
        const struct world_job *job = &w->job[i];
        waiting[world_number(job->link->node[job->side])] |= !job->done;
        may(events, job->done && (w->lifo || !has_earlier(w, i)), EVENT_COMPLETE, i, 0);
    }
    for (size_t i = 0; i < w->n_nodes; i++) {
        may(events, waiting[i], EVENT_COMMIT, i, 0);
    }
    for (size_t i = 0; i < w->n_links; i++) {
        const struct world_link *link = &w->link[i];
        for (int side = 0; side < 2 && link->open; side++) {
            bool waits = link->taken[side] < link->pipe[side].n;
            bool late = waits && link->ready_ms[side] > w->now_ms;
            events->soonest_ms =
                late && link->ready_ms[side] < events->soonest_ms ? link->ready_ms[side] : events->soonest_ms;
            may(events, waits && !late, EVENT_ARRIVE, i, side);
            may(events, link->news[side] && !link->ended[side], EVENT_NEWS, i, side);
            may(events, link->more[side] && !link->ended[side], EVENT_DRAINED, i, side);
        }
    }
}

/* A link ends when a side has closed and everything it sent has arrived; sessions go when their inboxes are back. */
static void tidy(struct world *w)
{
    for (size_t i = 0; i < w->n_links; i++) {
        struct world_link *link = &w->link[i];
        for (int side = 0; side < 2; side++) {
            if (link->open && link->ended[side] && link->pipe[side].n == 0) {
                pt_buf_clear(&link->pipe[1 - side]);
                link->open = false;
            }
        }
        bool needed = link->open || !link->in_use;
        for (size_t k = 0; k < w->n_jobs && !needed; k++) {
            needed = w->job[k].link == link;
        }
        if (!needed) {
            if (w->ended != NULL) {
                w->ended(w, link);
            }
            link->settled = link->session[1] != NULL && pt_session_is_settled(link->session[1]);
            for (int side = 0; side < 2; side++) {
                link->counts[side] = link->session[side] == NULL ? (struct pt_session_counts){0}
                                                                 : pt_session_counts(link->session[side]);
            }
            end_link(link);
        }
    }
}

static void happen(struct world *w, struct event e)
{
    w->now_ms += STEP_MS;
    w->n_steps++;
    switch (e.kind) {
    case EVENT_ARRIVE:
        arrive(w, &w->link[e.at], e.side);
        break;
    case EVENT_COMMIT:
        commit(w, &w->node[e.at]);
        break;
    case EVENT_COMPLETE:
        complete(w, e.at);
        break;
    case EVENT_NEWS:
        hear_news(w, &w->link[e.at], e.side);
        break;
    case EVENT_DRAINED:
        drained(w, &w->link[e.at], e.side);
        break;
    }
    for (size_t i = 0; i < w->n_nodes; i++) {
        world_follow_refilling(&w->node[i]);
    }
    tidy(w);
}

bool world_step_before(struct world *w, int64_t limit_ms)
{
    struct events events = {.soonest_ms = INT64_MAX};
    collect(w, &events);
    if (events.n == 0 && events.soonest_ms < limit_ms) {
        w->now_ms = events.soonest_ms;
        collect(w, &events);
    }
    if (events.n == 0) {
        return false;
    }
    happen(w, events.list[world_chance(w, events.n)]);
    if (w->stepped != NULL) {
        w->stepped(w);
    }
    return true;
}

bool world_step(struct world *w)
{
    return world_step_before(w, INT64_MAX);
}

void world_run(struct world *w)
{
    size_t end = w->n_steps + WORLD_STEPS_MAX;
    while (world_step(w)) {
        if (w->n_steps > end) {
            world_failed(w, "the world never comes to rest");
        }
    }
    tidy(w); /* a session may have ended before anything happened */
}

struct world_link world_sync(struct world *w, struct world_node *from, struct world_node *to)
{
    struct world_link *link = world_connect(w, from, to, false);
    world_run(w);
    if (link->open) {
        world_failed(w, "a session waits for something that never comes");
    }
    return *link;
}
