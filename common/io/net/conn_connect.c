/* How a connection of ours comes about:
 *   1. pt_conn_connect asks for the addresses of the name (in libuv's pool).
 *   2. attempt opens a socket to the next address; a failure closes it and, once closed, tries the one after.
 *   3. on_connected begins TLS.
 * What can go wrong: no address, none answers in time (NOTFOUND, TIMEOUT), the owner closes meanwhile (ENDING). */
#include "io/net/conn_internal.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

static void attempt(struct pt_conn *conn);

/* An address of ours that a person may mend says why it failed; the last one counts. */
static void note_failure(struct pt_conn *conn, enum pt_msg msg, int code)
{
    (void)!pt_problem_set(&conn->problem, PT_EIO, msg, conn->asked, uv_strerror(code), NULL);
}

static void on_attempt_closed(uv_handle_t *handle)
{
    struct pt_conn *conn = handle->data;
    if (conn->state == CONN_ENDING) {
        pt__conn_released(conn);
        return;
    }
    (void)uv_tcp_init(conn->loop, &conn->tcp);
    conn->tcp.data = conn;
    attempt(conn);
}

static void attempt_failed(struct pt_conn *conn, int code)
{
    note_failure(conn, PT_MSG_NET_CONNECT, code);
    conn->next_address = conn->next_address->ai_next;
    if (conn->next_address == NULL) {
        pt__conn_abort(conn, pt_uv_err(code));
        return;
    }
    pt__clock_set(conn, CLOCK_STATE, 0);
    uv_close((uv_handle_t *)&conn->tcp, on_attempt_closed);
}

void pt__connect_timeout(struct pt_conn *conn)
{
    if (!uv_is_closing((const uv_handle_t *)&conn->tcp)) {
        attempt_failed(conn, UV_ETIMEDOUT);
    }
}

static void on_connected(uv_connect_t *connect, int status)
{
    struct pt_conn *conn = connect->handle->data;
    if (conn->state != CONN_CONNECTING || uv_is_closing((const uv_handle_t *)&conn->tcp)) {
        return; /* given up or timed out */
    }
    if (status < 0) {
        attempt_failed(conn, status);
        return;
    }
    struct pt_tls_options options = {
        .role = PT_TLS_CLIENT,
        .alpns = {conn->alpn},
        .expected_key = conn->any_key ? NULL : conn->expected_key,
    };
    pt__conn_begin(conn, &options, conn->identity);
}

/* The socket is made by us because the segment size must be set before the connection. */
static int open_socket(struct pt_conn *conn, int family)
{
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return uv_translate_sys_error(errno);
    }
    int segment = PT_SEGMENT_BYTES;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment);
    int code = uv_tcp_open(&conn->tcp, fd);
    if (code < 0) {
        (void)close(fd);
    }
    return code;
}

static void attempt(struct pt_conn *conn)
{
    conn->state = CONN_CONNECTING;
    const struct addrinfo *address = conn->next_address;
    int code = open_socket(conn, address->ai_family);
    if (code == 0) {
        code = uv_tcp_connect(&conn->connect, &conn->tcp, address->ai_addr, on_connected);
    }
    if (code < 0) {
        attempt_failed(conn, code);
        return;
    }
    pt__clock_set(conn, CLOCK_STATE, conn->clocks.connect_ms);
}

static void on_resolved(uv_getaddrinfo_t *resolve, int status, struct addrinfo *addresses)
{
    struct pt_conn *conn = resolve->data;
    conn->resolving = false;
    conn->addresses = addresses;
    conn->next_address = addresses;
    if (conn->state == CONN_RESOLVING && (status < 0 || addresses == NULL)) {
        int code = status < 0 ? status : UV_EAI_NODATA;
        note_failure(conn, PT_MSG_NET_RESOLVE, code);
        pt__conn_abort(conn, pt_uv_err(code));
    } else if (conn->state == CONN_RESOLVING) {
        attempt(conn);
    }
    pt__conn_released(conn);
}

enum pt_err pt_conn_connect(struct uv_loop_s *loop, const char *address, const struct pt_conn_options *options,
                            const struct pt_conn_events *events, void *data, struct pt_conn **out,
                            struct pt_problem *problem)
{
    struct pt_address target;
    enum pt_err err = pt_address_read(address, &target, problem);
    if (err != PT_OK) {
        return err;
    }
    struct pt_conn *conn;
    err = pt__conn_create(loop, options->clocks, &conn);
    if (err != PT_OK) {
        return err;
    }
    conn->we_made_it = true;
    conn->identity = options->identity;
    conn->alpn = options->alpn;
    conn->any_key = options->expected_key == NULL;
    if (!conn->any_key) {
        memcpy(conn->expected_key, options->expected_key, sizeof conn->expected_key);
    }
    (void)snprintf(conn->asked, sizeof conn->asked, "%s", address);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_TCP, .ai_flags = AI_NUMERICSERV};
    conn->resolve.data = conn;
    int code = uv_getaddrinfo(loop, &conn->resolve, on_resolved, target.host, target.port, &hints);
    if (code < 0) {
        pt__conn_abort(conn, PT_OK); /* without events: nobody hears of it */
        return pt_uv_err(code) == PT_ENOMEM
                   ? PT_ENOMEM
                   : pt_problem_set(problem, PT_EINVALID, PT_MSG_NET_RESOLVE, address, uv_strerror(code), NULL);
    }
    conn->resolving = true;
    conn->n_open++;
    conn->events = *events;
    conn->data = data;
    pt__clock_set(conn, CLOCK_STATE, conn->clocks.connect_ms);
    *out = conn;
    return PT_OK;
}

void pt__connect_describe(struct pt_conn *conn)
{
    enum pt_msg msg = PT_MSG_NET_LOST;
    if (conn->why == PT_OK) {
        conn->problem.msg = PT_MSG_NONE;
        return;
    }
    if (conn->tls == NULL && conn->problem.msg != PT_MSG_NONE) {
        return; /* never connected: the address said why */
    }
    if (conn->tls == NULL) {
        msg = PT_MSG_NET_CONNECT;
    } else if (conn->why == PT_EDENIED) {
        msg = pt_tls_denied_by_us(conn->tls) ? PT_MSG_NET_KEY : PT_MSG_NET_REFUSED;
    } else if (conn->why == PT_EMALFORMED || conn->why == PT_ELIMIT) {
        msg = PT_MSG_NET_PROTOCOL;
    }
    (void)!pt_problem_set(&conn->problem, conn->why, msg, conn->asked, pt_err_text(conn->why), NULL);
}
