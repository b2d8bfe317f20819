/* listener.h - takes connections on one address, within caps.
 *
 * The owner hears of a peer only when the handshake is done. Over a cap, or without memory, a connection is dropped at
 * once and counted; when the process has no file descriptor left, libuv's spare one lets the pending ones be dropped,
 * and listening goes on.
 * Thread: the loop's.  Memory: options are copied; the identity may not go before the listener is closed. */
#ifndef PT_LISTENER_H
#define PT_LISTENER_H

#include "io/net/conn.h"

struct pt_listener;

struct pt_listener_options {
    struct pt_tls_identity *identity;
    const char *alpns[4];                /* closed by NULL; strings outlive the listener */
    const struct pt_conn_clocks *clocks; /* NULL: the defaults */
    unsigned connections_max;            /* 0: PT_SESSIONS_MAX */
    unsigned per_address_max;            /* 0: PT_SESSIONS_PER_ADDRESS_MAX */
    /* A peer is there; its key, protocol and address can be asked for. The owner calls pt_conn_attach or
     * pt_conn_close, at once. */
    void (*on_conn)(struct pt_conn *conn, void *data);
    void *data;
};

struct pt_listener_counts {
    uint64_t opened;     /* handshakes done */
    uint64_t refused;    /* over a cap, or no memory or descriptor */
    uint64_t unfinished; /* ended before the handshake was done */
    unsigned now;        /* connections in any state */
};

/* Listen on a numeric "host:port"; port 0 takes a free one. Errors: INVALID (address), BUSY (in use), IO (each with a
 * sentence); NOMEM. */
enum pt_err pt_listener_start(struct uv_loop_s *loop, const char *address, const struct pt_listener_options *options,
                              struct pt_listener **out, struct pt_problem *problem);
/* Stop listening and close every connection as pt_conn_close_soon does; on_closed (may be NULL) runs once when the last
 * is gone, and the listener is freed when it returns. */
void pt_listener_close(struct pt_listener *listener, void (*on_closed)(void *data), void *data);

unsigned pt_listener_port(const struct pt_listener *listener);
struct pt_listener_counts pt_listener_counts(const struct pt_listener *listener);

/* Give an accepted connection its owner. events->on_open is not called. */
void pt_conn_attach(struct pt_conn *conn, const struct pt_conn_events *events, void *data);

#endif
