#include "io/net/conn_internal.h"

#include "base/mem.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

struct pt_conn_clocks pt_conn_clocks_default(void)
{
    return (struct pt_conn_clocks){
        .connect_ms = PT_CONNECT_MS_MAX,
        .tls_ms = PT_TLS_MS_MAX,
        .hello_ms = PT_HELLO_MS_MAX,
        .progress_ms = PT_PROGRESS_MS,
        .stall_ms = PT_STALL_MS_MAX,
        .linger_ms = PT_LINGER_MS_MAX,
        .life_ms = PT_SESSION_MS_MAX,
        .end_ms = PT_LAST_WORDS_MS_MAX,
    };
}

enum pt_err pt__conn_create(uv_loop_t *loop, const struct pt_conn_clocks *clocks, struct pt_conn **out)
{
    struct pt_conn *conn = pt_zalloc(sizeof *conn);
    if (conn == NULL) {
        return PT_ENOMEM;
    }
    pt_sigpipe_ignore();
    conn->loop = loop;
    conn->clocks = clocks == NULL ? pt_conn_clocks_default() : *clocks;
    pt_frames_init(&conn->frames, PT_FRAME_BYTES_MAX_UNKNOWN);
    (void)uv_tcp_init(loop, &conn->tcp); /* without a socket these three cannot fail */
    (void)uv_timer_init(loop, &conn->timer);
    (void)uv_idle_init(loop, &conn->turn);
    conn->tcp.data = conn;
    conn->timer.data = conn;
    conn->turn.data = conn;
    conn->n_open = 3;
    uv_update_time(loop);
    pt__clock_set(conn, CLOCK_LIFE, conn->clocks.life_ms);
    *out = conn;
    return PT_OK;
}

static void set_option(int fd, int level, int option, int value)
{
    /* Only tuning: a kernel without the option serves as well. */
    (void)setsockopt(fd, level, option, &value, sizeof value);
}

static void set_socket_options(struct pt_conn *conn)
{
    uv_os_fd_t fd;
    if (uv_fileno((const uv_handle_t *)&conn->tcp, &fd) != 0) {
        return;
    }
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1); /* small hellos and receipts; we gather ourselves */
    /* libuv would probe ten times a second apart, which kills a link with a radio gap of eleven seconds. */
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 60);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 15);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 4);
    set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, conn->we_made_it ? 60000 : 90000);
    if (conn->we_made_it) {
        set_option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, 8192); /* keeps unsent bytes here, where order can change */
    }
}

void pt__conn_note_address(struct pt_conn *conn)
{
    struct sockaddr_storage peer = {0};
    int n = sizeof peer;
    (void)uv_tcp_getpeername(&conn->tcp, (struct sockaddr *)&peer, &n);
    pt_address_host_text((const struct sockaddr *)&peer, conn->address);
}

void pt__conn_begin(struct pt_conn *conn, const struct pt_tls_options *options, struct pt_tls_identity *identity)
{
    conn->state = CONN_HANDSHAKE;
    set_socket_options(conn);
    pt__conn_note_address(conn);
    enum pt_err err = pt_tls_create(identity, options, &conn->tls);
    if (err != PT_OK) {
        pt__conn_abort(conn, err);
        return;
    }
    pt__clock_set(conn, CLOCK_STATE, conn->clocks.tls_ms);
    pt__conn_flush(conn);
    pt__conn_update_reading(conn);
}

void pt__conn_opened(struct pt_conn *conn)
{
    conn->state = CONN_OPEN;
    pt__clock_set(conn, CLOCK_STATE, conn->clocks.hello_ms);
    if (conn->listener != NULL) {
        pt__listener_opened(conn);
    } else if (conn->events.on_open != NULL) {
        conn->events.on_open(conn, conn->data);
    }
}

/* --- the end --- */

static void free_when_released(struct pt_conn *conn)
{
    if (conn->n_open > 0) {
        return;
    }
    if (conn->we_made_it) {
        pt__connect_describe(conn);
    }
    if (conn->events.on_close != NULL) {
        conn->events.on_close(conn, conn->why, conn->data);
    }
    if (conn->listener != NULL) {
        pt__listener_forget(conn);
    }
    uv_freeaddrinfo(conn->addresses);
    pt_tls_destroy(conn->tls);
    pt_frames_close(&conn->frames);
    pt_buf_free(&conn->rest);
    pt_buf_free(&conn->plain_out);
    pt_buf_free(&conn->cipher_out);
    pt_buf_free(&conn->in_flight);
    pt_free(conn);
}

void pt__conn_released(struct pt_conn *conn)
{
    conn->n_open--;
    free_when_released(conn);
}

static void on_handle_closed(uv_handle_t *handle)
{
    pt__conn_released(handle->data);
}

void pt__conn_abort(struct pt_conn *conn, enum pt_err why)
{
    if (conn->state == CONN_ENDING) {
        return;
    }
    conn->state = CONN_ENDING;
    conn->why = conn->why == PT_OK ? why : conn->why;
    conn->bytes_unsent = conn->tcp.write_queue_size;
    if (conn->resolving) {
        (void)uv_cancel((uv_req_t *)&conn->resolve); /* when it already runs we wait for it */
    }
    if (!uv_is_closing((const uv_handle_t *)&conn->tcp)) {
        uv_close((uv_handle_t *)&conn->tcp, on_handle_closed);
    }
    uv_close((uv_handle_t *)&conn->timer, on_handle_closed);
    uv_close((uv_handle_t *)&conn->turn, on_handle_closed);
}

void pt__conn_finish(struct pt_conn *conn, enum pt_err why)
{
    if (conn->state < CONN_HANDSHAKE) {
        pt__conn_abort(conn, why);
        return;
    }
    if (conn->state >= CONN_FLUSHING) {
        return;
    }
    conn->state = CONN_FLUSHING;
    conn->why = why;
    conn->throttled = false;
    pt__clock_set(conn, CLOCK_PROGRESS, 0);
    pt__clock_set(conn, CLOCK_STATE, 0); /* a thin link may need long for the queue: the stall clock watches it */
    pt__conn_flush(conn);
    pt__conn_update_reading(conn);
}

/* --- for the owner --- */

void pt_conn_close(struct pt_conn *conn)
{
    /* Given up before it was open: there is nobody to say goodbye to. */
    if (conn->state < CONN_OPEN) {
        pt__conn_abort(conn, PT_OK);
        return;
    }
    pt__conn_finish(conn, PT_OK);
}

void pt_conn_close_soon(struct pt_conn *conn)
{
    pt_conn_close(conn);
    pt__clock_hurry(conn);
}

void pt_conn_set_known(struct pt_conn *conn)
{
    conn->frames.body_max = PT_FRAME_BYTES_MAX;
    if (conn->state == CONN_OPEN) {
        pt__clock_set(conn, CLOCK_STATE, 0);
    }
}

void pt_conn_set_frame_max(struct pt_conn *conn, size_t body_bytes_max)
{
    conn->frames.body_max = body_bytes_max;
}

void pt_conn_pause(struct pt_conn *conn)
{
    conn->paused = true;
    conn->has_more = true;
    pt__clock_progress(conn);
    pt__conn_update_reading(conn);
}

void pt_conn_resume(struct pt_conn *conn)
{
    conn->paused = false;
    pt__clock_progress(conn);
    pt__conn_update_reading(conn);
}

const uint8_t *pt_conn_peer_key(const struct pt_conn *conn)
{
    return pt_tls_peer_key(conn->tls);
}

const char *pt_conn_alpn(const struct pt_conn *conn)
{
    return pt_tls_alpn(conn->tls);
}

const char *pt_conn_address(const struct pt_conn *conn)
{
    return conn->address;
}

uint64_t pt_conn_bytes_in(const struct pt_conn *conn)
{
    return conn->bytes_in;
}

uint64_t pt_conn_bytes_out(const struct pt_conn *conn)
{
    size_t unsent = conn->state == CONN_ENDING ? conn->bytes_unsent : conn->tcp.write_queue_size;
    return conn->bytes_handed - unsent;
}

const struct pt_problem *pt_conn_problem(const struct pt_conn *conn)
{
    return &conn->problem;
}
