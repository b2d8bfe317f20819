#include "io/net/listener.h"

#include "base/mem.h"
#include "io/net/conn_internal.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG 1024

struct pt_listener {
    uv_loop_t *loop;
    uv_tcp_t tcp;
    uv_tcp_t spare; /* takes and drops a connection when there is no memory for it */
    bool spare_busy;
    bool pending; /* a connection waits for the spare handle */
    struct pt_listener_options options;
    struct pt_conn_clocks clocks;
    struct pt_conn *conns;
    struct pt_listener_counts counts;
    unsigned port;
    bool closing;
    bool tcp_closed;
    void (*on_closed)(void *data);
    void *closed_data;
};

/* --- connections --- */

static void link_conn(struct pt_listener *listener, struct pt_conn *conn)
{
    conn->listener = listener;
    conn->next = listener->conns;
    if (conn->next != NULL) {
        conn->next->previous = conn;
    }
    listener->conns = conn;
    listener->counts.now++;
}

static void free_when_closed(struct pt_listener *listener)
{
    if (!listener->tcp_closed || listener->spare_busy || listener->conns != NULL) {
        return;
    }
    if (listener->on_closed != NULL) {
        listener->on_closed(listener->closed_data);
    }
    pt_free(listener);
}

void pt__listener_forget(struct pt_conn *conn)
{
    struct pt_listener *listener = conn->listener;
    if (conn->previous != NULL) {
        conn->previous->next = conn->next;
    } else {
        listener->conns = conn->next;
    }
    if (conn->next != NULL) {
        conn->next->previous = conn->previous;
    }
    listener->counts.now--;
    listener->counts.unfinished += !conn->counted;
    free_when_closed(listener);
}

/* A connection that its owner did not take would deliver frames to nobody. */
void pt__listener_opened(struct pt_conn *conn)
{
    struct pt_listener *listener = conn->listener;
    conn->counted = true;
    listener->counts.opened++;
    listener->options.on_conn(conn, listener->options.data);
    if (conn->events.on_frame == NULL) {
        pt_conn_close(conn);
    }
}

void pt_conn_attach(struct pt_conn *conn, const struct pt_conn_events *events, void *data)
{
    conn->events = *events;
    conn->data = data;
}

static bool over_cap(const struct pt_listener *listener, const struct pt_conn *conn)
{
    unsigned same = 0;
    for (const struct pt_conn *other = listener->conns; other != NULL; other = other->next) {
        same += strcmp(other->address, conn->address) == 0;
    }
    return listener->counts.now > listener->options.connections_max || same > listener->options.per_address_max;
}

static void refuse(struct pt_listener *listener, struct pt_conn *conn)
{
    listener->counts.refused++;
    conn->counted = true;
    pt__conn_abort(conn, PT_EBUSY);
}

static void accept_next(struct pt_listener *listener);

/* The spare handle is free again: take what came meanwhile. libuv accepts nothing until the pending one is taken. */
static void on_spare_closed(uv_handle_t *handle)
{
    struct pt_listener *listener = handle->data;
    listener->spare_busy = false;
    if (listener->closing) {
        free_when_closed(listener);
    } else if (listener->pending) {
        listener->pending = false;
        accept_next(listener);
    }
}

/* No memory for a connection: the spare handle takes the socket and closes it. */
static void drop(struct pt_listener *listener)
{
    if (listener->spare_busy) {
        listener->pending = true;
        return;
    }
    listener->counts.refused++;
    (void)uv_tcp_init(listener->loop, &listener->spare);
    listener->spare.data = listener;
    listener->spare_busy = true;
    (void)uv_accept((uv_stream_t *)&listener->tcp, (uv_stream_t *)&listener->spare);
    uv_close((uv_handle_t *)&listener->spare, on_spare_closed);
}

static void accept_next(struct pt_listener *listener)
{
    struct pt_conn *conn;
    if (pt__conn_create(listener->loop, &listener->clocks, &conn) != PT_OK) {
        drop(listener);
        return;
    }
    link_conn(listener, conn);
    if (uv_accept((uv_stream_t *)&listener->tcp, (uv_stream_t *)&conn->tcp) != 0) {
        refuse(listener, conn);
        return;
    }
    pt__conn_note_address(conn);
    if (over_cap(listener, conn)) {
        refuse(listener, conn);
        return;
    }
    struct pt_tls_options tls = {.role = PT_TLS_SERVER};
    memcpy(tls.alpns, listener->options.alpns, sizeof tls.alpns);
    pt__conn_begin(conn, &tls, listener->options.identity);
}

static void on_connection(uv_stream_t *server, int status)
{
    struct pt_listener *listener = server->data;
    if (status < 0) {
        listener->counts.refused++;
    } else {
        accept_next(listener);
    }
}

/* --- the listening socket --- */

static int bind_and_listen(struct pt_listener *listener, const struct sockaddr *address)
{
    int code = uv_tcp_init_ex(listener->loop, &listener->tcp, address->sa_family);
    if (code < 0) {
        return code;
    }
    listener->tcp.data = listener;
    uv_os_fd_t fd;
    int segment = PT_SEGMENT_BYTES;
    if (uv_fileno((const uv_handle_t *)&listener->tcp, &fd) == 0) {
        (void)setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment);
    }
    code = uv_tcp_bind(&listener->tcp, address, 0);
    return code < 0 ? code : uv_listen((uv_stream_t *)&listener->tcp, BACKLOG, on_connection);
}

static void on_tcp_closed(uv_handle_t *handle)
{
    struct pt_listener *listener = handle->data;
    listener->tcp_closed = true;
    free_when_closed(listener);
}

static void note_port(struct pt_listener *listener)
{
    struct sockaddr_storage own = {0};
    int n = sizeof own;
    (void)uv_tcp_getsockname(&listener->tcp, (struct sockaddr *)&own, &n);
    listener->port = pt_address_port((const struct sockaddr *)&own);
}

static enum pt_err listen_problem(int code, const char *address, struct pt_problem *problem)
{
    if (code == UV_EADDRINUSE) {
        return pt_problem_set(problem, PT_EBUSY, PT_MSG_NET_PORT_USED, address, NULL);
    }
    return pt_problem_set(problem, PT_EIO, PT_MSG_NET_LISTEN, address, uv_strerror(code), NULL);
}

enum pt_err pt_listener_start(struct uv_loop_s *loop, const char *address, const struct pt_listener_options *options,
                              struct pt_listener **out, struct pt_problem *problem)
{
    struct pt_address target;
    struct sockaddr_storage numeric;
    enum pt_err err = pt_address_read(address, &target, problem);
    if (err != PT_OK) {
        return err;
    }
    if (pt_address_numeric(&target, &numeric) != PT_OK) {
        return pt_problem_set(problem, PT_EINVALID, PT_MSG_NET_ADDRESS_NUMERIC, address, NULL);
    }
    struct pt_listener *listener = pt_zalloc(sizeof *listener);
    if (listener == NULL) {
        return PT_ENOMEM;
    }
    pt_sigpipe_ignore();
    listener->loop = loop;
    listener->options = *options;
    listener->clocks = options->clocks == NULL ? pt_conn_clocks_default() : *options->clocks;
    if (listener->options.connections_max == 0) {
        listener->options.connections_max = PT_SESSIONS_MAX;
    }
    if (listener->options.per_address_max == 0) {
        listener->options.per_address_max = PT_SESSIONS_PER_ADDRESS_MAX;
    }
    int code = bind_and_listen(listener, (const struct sockaddr *)&numeric);
    if (code < 0) {
        if (listener->tcp.data == NULL) { /* not even a socket: libuv holds nothing */
            pt_free(listener);
        } else {
            pt_listener_close(listener, NULL, NULL);
        }
        return listen_problem(code, address, problem);
    }
    note_port(listener);
    *out = listener;
    return PT_OK;
}

void pt_listener_close(struct pt_listener *listener, void (*on_closed)(void *data), void *data)
{
    if (listener->closing) {
        return;
    }
    listener->closing = true;
    listener->on_closed = on_closed;
    listener->closed_data = data;
    uv_close((uv_handle_t *)&listener->tcp, on_tcp_closed);
    for (struct pt_conn *conn = listener->conns; conn != NULL; conn = conn->next) {
        pt_conn_close_soon(conn);
    }
}

unsigned pt_listener_port(const struct pt_listener *listener)
{
    return listener->port;
}

struct pt_listener_counts pt_listener_counts(const struct pt_listener *listener)
{
    return listener->counts;
}
