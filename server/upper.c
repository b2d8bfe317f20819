/* upper.c - a region's session with head office.
 *
 * It stays open; when it breaks it is begun again after a pause that doubles from 1 s to 5 min, half of it random, or
 * after what head office asked for. */
#include "server.h"

#include "base/log.h"
#include "base/mem.h"
#include "link_state.h"
#include "renewal.h"

#include <string.h>

#define PAUSE_MS_MIN 1000
#define PAUSE_MS_MAX 300000
#define WISH_S_MAX 3600 /* of head office; no number in a frame may keep a region away for days */

struct upper {
    struct server *server;
    uv_timer_t timer;
    struct pt_link *link;
    struct pt_arena arena; /* the enrolment */
    struct pt_enrolment enrolment;
    uint64_t pause_ms;
    bool up; /* the session that runs has been settled once */
    bool closing;
    bool timer_closed;
};

static bool has_all(void *data, const struct pt_log_id *log)
{
    (void)data;
    (void)log;
    return true;
}

static bool is_up(void *data, const struct pt_log_id *log)
{
    const struct upper *upper = data;
    return !directory_is_of_root(server_directory(upper->server), upper->server->office, &log->author);
}

static void maybe_ended(struct upper *upper)
{
    if (!upper->closing || upper->link != NULL || !upper->timer_closed) {
        return;
    }
    struct server *server = upper->server;
    server->upper = NULL;
    pt_arena_close(&upper->arena);
    pt_free(upper);
    server_part_ended(server);
}

static void connect_now(struct upper *upper);

static void on_timer(uv_timer_t *timer)
{
    connect_now(timer->data);
}

static void pause_then_connect(struct upper *upper, uint32_t wish_s)
{
    struct pt_random random = pt_random_system();
    uint64_t half = upper->pause_ms / 2;
    uint64_t wait_ms = half + pt_random_u64(&random) % (half + 1);
    uint64_t wish_ms = (uint64_t)(wish_s < WISH_S_MAX ? wish_s : WISH_S_MAX) * 1000;
    wait_ms = wish_ms > wait_ms ? wish_ms : wait_ms;
    upper->pause_ms = upper->pause_ms * 2 > PAUSE_MS_MAX ? PAUSE_MS_MAX : upper->pause_ms * 2;
    (void)uv_timer_start(&upper->timer, on_timer, wait_ms, 0);
}

static void on_grown(struct pt_link *link, const struct pt_inbox *inbox, void *data)
{
    (void)link;
    struct upper *upper = data;
    server_grown(upper->server, inbox);
}

/* Head office knows more of us than we do. When it does not work now, the next session says so again. */
static void on_stale(struct pt_link *link, void *data)
{
    (void)link;
    struct upper *upper = data;
    (void)!office_renew(upper->server->office, "head_office");
}

/* Up is when both sides have had everything once; a connection alone has carried nothing yet. */
static void on_step(struct pt_link *link, void *data)
{
    struct upper *upper = data;
    if (!upper->up && pt_session_is_settled(pt_link_session(link))) {
        upper->up = true;
        link_state_note(upper->server->office->writer, true, NULL);
    }
    if (upper->server->office->refilling && upper_is_level(upper)) {
        server_check_refilled(upper->server);
    }
}

bool upper_is_level(const struct upper *upper)
{
    const struct pt_session *session = upper->link == NULL ? NULL : pt_link_session(upper->link);
    return session != NULL && pt_session_is_settled(session) && !pt_session_only_delivers(session);
}

static void on_end(struct pt_link *link, const struct pt_link_end *end, void *data)
{
    struct upper *upper = data;
    if (pt_session_is_settled(pt_link_session(link))) {
        upper->pause_ms = PAUSE_MS_MIN; /* it worked: a new attempt is not a repeated one */
    }
    upper->link = NULL;
    upper->up = false;
    link_state_note(upper->server->office->writer, false, &end->problem);
    pt_log("upper_left", "why=%s failure=%d in=%llu out=%llu", pt_err_name(end->why), (int)end->failure,
           (unsigned long long)end->bytes_in, (unsigned long long)end->bytes_out);
    if (end->why == PT_EIO) {
        server_check_disk(upper->server);
    }
    if (!upper->closing) {
        pause_then_connect(upper, end->retry_s);
    }
    maybe_ended(upper);
}

static void connect_now(struct upper *upper)
{
    struct server *server = upper->server;
    struct office *office = server->office;
    const struct pt_office_record *root = pt_enrolment_root(&upper->enrolment);
    struct pt_link_options options = {
        .session =
            {
                .store = office->store,
                .blobs = &server->blob_ops,
                .policy = {.evidence = true, .registry = true}, /* asked of the devices, should it be lost here */
                .random = pt_random_system(),
                .author = office->author,
                .tier = PT_TIER_REGION,
                .incarnation = &office->incarnation,
                .office_pair = &office->pair,
                .connects = true,
                .generation = root->generation,
                .upper_tier = PT_TIER_NATIONAL,
                .live = true,
                .statement = upper->enrolment.signed_statement,
                .national_key = &root->key,
                .scope = {.has = has_all, .is_up = is_up, .data = upper},
            },
        .writer = office->writer,
        .events = {.on_grown = on_grown, .on_stale = on_stale, .on_step = on_step, .on_end = on_end},
        .data = upper,
    };
    struct pt_problem problem = {0};
    enum pt_err err = pt_link_connect(&server->loop, office->upper_address, server->identity, root->transport_key.b,
                                      &options, &upper->link, &problem);
    if (err != PT_OK) {
        link_state_note(office->writer, false, &problem);
        pt_log("upper_failed", "why=%s address=%s", pt_err_name(err), office->upper_address);
        pause_then_connect(upper, 0);
    }
}

enum pt_err upper_start(struct server *server)
{
    struct upper *upper = pt_zalloc(sizeof *upper);
    if (upper == NULL) {
        return PT_ENOMEM;
    }
    upper->server = server;
    upper->pause_ms = PAUSE_MS_MIN;
    pt_arena_init(&upper->arena, SIZE_MAX);
    enum pt_err err =
        pt_enrolment_read(pt_buf_bytes(&server->office->enrolment), NULL, &upper->arena, &upper->enrolment);
    if (err != PT_OK) {
        pt_arena_close(&upper->arena);
        pt_free(upper);
        return err;
    }
    (void)uv_timer_init(&server->loop, &upper->timer);
    upper->timer.data = upper;
    server->upper = upper;
    server->n_open++;
    connect_now(upper);
    return PT_OK;
}

void upper_news(struct upper *upper, const struct pt_news *news)
{
    if (upper != NULL && upper->link != NULL) {
        pt_link_news(upper->link, news);
    }
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct upper *upper = handle->data;
    upper->timer_closed = true;
    maybe_ended(upper);
}

void upper_close(struct upper *upper)
{
    if (upper == NULL || upper->closing) {
        return;
    }
    upper->closing = true;
    uv_close((uv_handle_t *)&upper->timer, on_timer_closed);
    if (upper->link != NULL) {
        pt_link_close_soon(upper->link);
    }
}
