/* conn_internal.h - the inside of a connection, for conn*.c and listener.c only.
 *
 *   RESOLVING -> CONNECTING -> HANDSHAKE -> OPEN -> FLUSHING -> LINGERING -> ENDING -> freed
 *       (a connection we made)     ^ an accepted one begins here
 *
 * finish() leads to FLUSHING: what is queued (an alert, the last frames, the goodbye) goes out, then our half of TCP is
 * shut, and what the peer still sends is read and dropped until it ends too, because closing over unread bytes would
 * reset the connection and take our last words with it. abort() leads straight to ENDING. Every state has a clock.
 * n_open counts what libuv still holds; at 0 the connection tells its owner and is freed. */
#ifndef PT_CONN_INTERNAL_H
#define PT_CONN_INTERNAL_H

#include "core/wire/frame.h"
#include "io/net/address.h"
#include "io/net/conn.h"

#include <uv.h>

struct pt_listener;

enum pt__conn_state {
    CONN_RESOLVING,
    CONN_CONNECTING,
    CONN_HANDSHAKE,
    CONN_OPEN,
    CONN_FLUSHING,
    CONN_LINGERING,
    CONN_ENDING
};

enum pt__conn_clock {
    CLOCK_STATE,    /* connect, tls, hello, linger: one after the other; FLUSHING has CLOCK_STALL and CLOCK_LIFE */
    CLOCK_PROGRESS, /* an open frame */
    CLOCK_STALL,    /* a queue that does not move */
    CLOCK_LIFE,     /* of all of it, last words included */
    CLOCK_COUNT
};

struct pt_conn {
    enum pt__conn_state state;
    enum pt_err why; /* what on_close will say */
    unsigned n_open; /* handles and name look-ups that libuv still holds */
    bool we_made_it;
    struct pt_conn_events events;
    void *data;
    struct pt_listener *listener; /* of an accepted one */
    bool counted;                 /* in the listener's counts */
    struct pt_conn *next;         /* in the listener's list */
    struct pt_conn *previous;

    uv_loop_t *loop;
    uv_tcp_t tcp;
    uv_timer_t timer;
    uv_idle_t turn; /* runs while undelivered bytes wait for the next turn */
    uv_connect_t connect;
    uv_getaddrinfo_t resolve;
    uv_write_t write;
    uv_shutdown_t shutdown;
    struct addrinfo *addresses; /* result of the look-up */
    struct addrinfo *next_address;
    bool resolving;

    struct pt_conn_clocks clocks;
    uint64_t deadline[CLOCK_COUNT]; /* loop time; 0 = off */
    uint64_t armed;                 /* when the timer will fire; 0 = not running */

    struct pt_tls_identity *identity; /* until the handshake begins */
    uint8_t expected_key[PT_KEY_BYTES];
    bool any_key;
    const char *alpn;
    struct pt_tls *tls;

    struct pt_frames frames;
    struct pt_buf rest; /* plaintext read from TLS and not delivered yet */
    size_t rest_at;
    bool has_more;  /* rest or TLS may hold undelivered bytes: the socket is not read */
    bool paused;    /* by the owner */
    bool throttled; /* the queue went above high water */
    bool reading;
    bool eof;
    uint64_t progress_mark; /* bytes_in when the window began */
    uint64_t n_frames;
    uint64_t n_frames_mark;

    struct pt_buf plain_out;  /* frames to encrypt */
    struct pt_buf cipher_out; /* to write next */
    struct pt_buf in_flight;  /* lent to libuv */
    bool writing;
    bool corked;   /* inside a callback of ours: write once at its end */
    bool overfull; /* queue at its maximum during the whole stall window so far */
    uint64_t stall_mark;

    uint64_t bytes_in;
    uint64_t bytes_handed; /* to libuv */
    size_t bytes_unsent;   /* at the end */
    char address[PT_ADDRESS_TEXT_BYTES];
    char asked[PT_HOST_BYTES_MAX + 10]; /* "host:port" as the person wrote it */
    struct pt_problem problem;
};

/* conn.c */
/* Handles initialised, nothing started. Errors: NOMEM. */
enum pt_err pt__conn_create(uv_loop_t *loop, const struct pt_conn_clocks *clocks, struct pt_conn **out);
/* TCP is there: socket options, TLS, reading. */
void pt__conn_begin(struct pt_conn *conn, const struct pt_tls_options *options, struct pt_tls_identity *identity);
void pt__conn_note_address(struct pt_conn *conn);
void pt__conn_finish(struct pt_conn *conn, enum pt_err why);
void pt__conn_abort(struct pt_conn *conn, enum pt_err why);
/* One handle or look-up less; at 0 the owner is told and the connection is freed. */
void pt__conn_released(struct pt_conn *conn);
/* The handshake is done. */
void pt__conn_opened(struct pt_conn *conn);
/* conn_clock.c */
void pt__clock_set(struct pt_conn *conn, enum pt__conn_clock clock, unsigned ms); /* 0 = off */
void pt__clock_progress(struct pt_conn *conn);                                    /* after reading: is a frame open? */
void pt__clock_stall(struct pt_conn *conn);                                       /* after queueing or writing */
/* It has end_ms left at most. */
void pt__clock_hurry(struct pt_conn *conn);
/* conn_stream.c */
void pt__conn_update_reading(struct pt_conn *conn);
void pt__conn_flush(struct pt_conn *conn);
/* conn_connect.c */
void pt__connect_timeout(struct pt_conn *conn);
/* The sentence for why an attempt of ours ended. */
void pt__connect_describe(struct pt_conn *conn);
/* listener.c */
void pt__listener_opened(struct pt_conn *conn);
void pt__listener_forget(struct pt_conn *conn);

#endif
