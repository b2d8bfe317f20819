/* conn.h - one TCP connection that carries frames over TLS, for both ends.
 *
 * A connection ends with exactly one on_close, whatever happens; it is freed when that returns. No callback runs inside
 * the call that caused it except on_frame, on_drained and on_open, which run from the loop only. All functions may be
 * called inside callbacks. Back-pressure: while more than PT_QUEUE_BYTES_HIGH wait to be sent an accepted connection
 * is not read (one that we made is, so that two full ends cannot wait for each other for ever); at PT_QUEUE_BYTES_MAX
 * pt_conn_send refuses; a peer that takes nothing for a stall time is dropped.
 * Thread: the loop's.  Memory: frames are lent for the call; options and events are copied. */
#ifndef PT_CONN_H
#define PT_CONN_H

#include "base/problem.h"
#include "core/limits.h"
#include "io/net/tls.h"

#include <stdbool.h>

struct uv_loop_s;
struct pt_conn;

struct pt_conn_events {
    /* A connection we made: the peer is known by its key and the protocol is agreed on. May be NULL. */
    void (*on_open)(struct pt_conn *conn, void *data);
    void (*on_frame)(struct pt_conn *conn, struct pt_bytes frame, void *data);
    /* The queue was above its high water and is below the low one now. May be NULL. */
    void (*on_drained)(struct pt_conn *conn, void *data);
    /* Last call. OK: closed by us, or the peer said goodbye. CLOSED: the stream ended without a goodbye. TIMEOUT,
     * MALFORMED, DENIED (key, certificate or protocol refused by one side), LIMIT (frame too long), NOTFOUND (name or
     * server not there), IO, NOMEM. */
    void (*on_close)(struct pt_conn *conn, enum pt_err why, void *data);
};

/* Milliseconds; 0 switches a clock off. */
struct pt_conn_clocks {
    unsigned connect_ms;
    unsigned tls_ms;      /* from the connection to the end of the handshake */
    unsigned hello_ms;    /* from there to pt_conn_set_known */
    unsigned progress_ms; /* a window in which an open frame must get PT_PROGRESS_BYTES or end */
    unsigned stall_ms;    /* with bytes queued, none of which leaves */
    unsigned linger_ms;   /* for the peer to end, once all of ours is sent */
    unsigned life_ms;     /* of the whole connection */
    unsigned end_ms;      /* after that, or after pt_conn_close_soon: for what is still queued */
};
struct pt_conn_clocks pt_conn_clocks_default(void); /* from limits.h */

struct pt_conn_options {
    struct pt_tls_identity *identity;
    const uint8_t *expected_key;         /* PT_KEY_BYTES, or NULL for any */
    const char *alpn;                    /* outlives the connection */
    const struct pt_conn_clocks *clocks; /* NULL: the defaults */
};

/* Begin to connect to "host:port". Errors: INVALID (address; sentence set), NOMEM; then no callback ever runs. */
enum pt_err pt_conn_connect(struct uv_loop_s *loop, const char *address, const struct pt_conn_options *options,
                            const struct pt_conn_events *events, void *data, struct pt_conn **out,
                            struct pt_problem *problem);

/* Queue one frame; copies. Errors: BUSY (PT_QUEUE_BYTES_MAX reached: wait for on_drained), CLOSED (not open), NOMEM
 * (the connection ends). */
enum pt_err pt_conn_send(struct pt_conn *conn, struct pt_bytes frame);
/* The session knows who the peer is: ends the hello clock and allows PT_FRAME_BYTES_MAX. */
void pt_conn_set_known(struct pt_conn *conn);
/* A smaller (or larger) maximum from the next frame on. */
void pt_conn_set_frame_max(struct pt_conn *conn, size_t body_bytes_max);
/* Stop and resume on_frame, for an owner whose own queue is full. The clocks for the peer stand still meanwhile. */
void pt_conn_pause(struct pt_conn *conn);
void pt_conn_resume(struct pt_conn *conn);
/* Send what is queued, say goodbye and end; no on_frame or on_drained after it. May be called twice. */
void pt_conn_close(struct pt_conn *conn);
/* The same for a program that ends: it waits end_ms at most, even for a peer that goes on taking a little. */
void pt_conn_close_soon(struct pt_conn *conn);

size_t pt_conn_queued(const struct pt_conn *conn);           /* bytes that wait to be sent */
const uint8_t *pt_conn_peer_key(const struct pt_conn *conn); /* once open: PT_KEY_BYTES; lent */
const char *pt_conn_alpn(const struct pt_conn *conn);        /* once open; lent */
const char *pt_conn_address(const struct pt_conn *conn);     /* numeric, without port; lent */
uint64_t pt_conn_bytes_in(const struct pt_conn *conn);       /* TCP payload, handshake included */
uint64_t pt_conn_bytes_out(const struct pt_conn *conn);
/* In on_close of a connection we made that failed: a sentence for the person who asked for it. Lent. */
const struct pt_problem *pt_conn_problem(const struct pt_conn *conn);

#endif
