/* The clocks of a connection: four deadlines behind one timer. */
#include "io/net/conn_internal.h"

static void on_timer(uv_timer_t *timer);

/* Make sure the timer fires no later than the earliest deadline; one that fires early only looks and goes on. */
static void arm(struct pt_conn *conn)
{
    uint64_t earliest = 0;
    for (size_t i = 0; i < CLOCK_COUNT; i++) {
        if (conn->deadline[i] != 0 && (earliest == 0 || conn->deadline[i] < earliest)) {
            earliest = conn->deadline[i];
        }
    }
    if (earliest == 0 || conn->state == CONN_ENDING || (conn->armed != 0 && conn->armed <= earliest)) {
        return;
    }
    uint64_t now = uv_now(conn->loop);
    conn->armed = earliest;
    (void)uv_timer_start(&conn->timer, on_timer, earliest > now ? earliest - now : 0, 0);
}

void pt__clock_set(struct pt_conn *conn, enum pt__conn_clock clock, unsigned ms)
{
    conn->deadline[clock] = ms == 0 ? 0 : uv_now(conn->loop) + ms;
    arm(conn);
}

static void progress_begin(struct pt_conn *conn)
{
    conn->progress_mark = conn->bytes_in;
    conn->n_frames_mark = conn->n_frames;
    pt__clock_set(conn, CLOCK_PROGRESS, conn->clocks.progress_ms);
}

void pt__clock_progress(struct pt_conn *conn)
{
    bool runs = conn->deadline[CLOCK_PROGRESS] != 0;
    bool waits = conn->state == CONN_OPEN && pt_frames_is_open(&conn->frames) && !conn->has_more;
    if (waits && (!runs || conn->n_frames != conn->n_frames_mark)) {
        progress_begin(conn);
    } else if (!waits && runs) {
        pt__clock_set(conn, CLOCK_PROGRESS, 0);
    }
}

static void stall_begin(struct pt_conn *conn)
{
    conn->stall_mark = pt_conn_bytes_out(conn);
    conn->overfull = pt_conn_queued(conn) >= PT_QUEUE_BYTES_MAX;
    pt__clock_set(conn, CLOCK_STALL, conn->clocks.stall_ms);
}

void pt__clock_stall(struct pt_conn *conn)
{
    bool runs = conn->deadline[CLOCK_STALL] != 0;
    size_t queued = pt_conn_queued(conn);
    conn->overfull = conn->overfull && queued >= PT_QUEUE_BYTES_MAX;
    if (queued > 0 && !runs) {
        stall_begin(conn);
    } else if (queued == 0 && runs) {
        pt__clock_set(conn, CLOCK_STALL, 0);
    }
}

void pt__clock_hurry(struct pt_conn *conn)
{
    uint64_t left = conn->deadline[CLOCK_LIFE];
    if (left == 0 || left > uv_now(conn->loop) + conn->clocks.end_ms) {
        pt__clock_set(conn, CLOCK_LIFE, conn->clocks.end_ms);
    }
}

/* First a goodbye; who takes our last words a byte at a time does not get all of them. */
static void life_expired(struct pt_conn *conn)
{
    if (conn->state < CONN_FLUSHING) {
        pt__conn_finish(conn, PT_ETIMEOUT);
        pt__clock_hurry(conn);
    } else {
        pt__conn_abort(conn, conn->state == CONN_LINGERING ? conn->why : PT_ETIMEOUT);
    }
}

static void state_expired(struct pt_conn *conn)
{
    switch (conn->state) {
    case CONN_RESOLVING:
    case CONN_HANDSHAKE:
        pt__conn_abort(conn, PT_ETIMEOUT);
        break;
    case CONN_CONNECTING:
        pt__connect_timeout(conn);
        break;
    case CONN_OPEN:
        pt__conn_finish(conn, PT_ETIMEOUT);
        break;
    case CONN_LINGERING: /* all of ours is out; the peer just does not end */
        pt__conn_abort(conn, conn->why);
        break;
    case CONN_FLUSHING:
    case CONN_ENDING:
        break;
    }
}

static void expired(struct pt_conn *conn, enum pt__conn_clock clock)
{
    switch (clock) {
    case CLOCK_STATE:
        state_expired(conn);
        break;
    case CLOCK_PROGRESS:
        if (conn->bytes_in - conn->progress_mark >= PT_PROGRESS_BYTES) {
            progress_begin(conn);
        } else {
            pt__conn_finish(conn, PT_ETIMEOUT);
        }
        break;
    case CLOCK_STALL:
        if (pt_conn_bytes_out(conn) == conn->stall_mark || conn->overfull) {
            pt__conn_abort(conn, PT_ETIMEOUT);
        } else {
            stall_begin(conn);
        }
        break;
    case CLOCK_LIFE:
        life_expired(conn);
        break;
    case CLOCK_COUNT:
        break;
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct pt_conn *conn = timer->data;
    uint64_t now = uv_now(conn->loop);
    conn->armed = 0;
    for (unsigned i = 0; i < CLOCK_COUNT; i++) {
        if (conn->deadline[i] != 0 && conn->deadline[i] <= now && conn->state != CONN_ENDING) {
            conn->deadline[i] = 0;
            expired(conn, (enum pt__conn_clock)i);
        }
    }
    arm(conn);
}
