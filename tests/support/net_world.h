/* net_world.h - one loop with a listener and a client on 127.0.0.1, port 0, and what happened to both. */
#ifndef NET_WORLD_H
#define NET_WORLD_H

#include "core/crypto.h"
#include "io/net/listener.h"

#include <uv.h>

struct net_end {
    struct pt_conn *conn; /* NULL before it is there and after on_close */
    struct pt_keypair keys;
    struct pt_tls_identity *identity;
    void (*on_open)(struct net_end *end); /* what the test does; may be NULL */
    void (*on_frame)(struct net_end *end, struct pt_bytes frame);
    void (*on_drained)(struct net_end *end);
    void (*on_closed)(struct net_end *end);
    void *script;
    struct net_world *world;
    unsigned n_opened;
    unsigned n_frames;
    unsigned n_drained;
    unsigned n_closed;
    enum pt_err why;
    uint8_t peer_key[PT_KEY_BYTES];
    char alpn[PT_ALPN_BYTES_MAX + 1];
    char address[64];
    uint64_t bytes_in; /* at the end */
    uint64_t bytes_out;
    struct pt_problem problem;
};

struct net_world {
    uv_loop_t loop;
    struct pt_listener *listener;
    struct pt_listener_counts counts; /* at the end */
    char listen_at[64];               /* "127.0.0.1:port" */
    struct net_end client;
    struct net_end server;
    struct pt_conn_options client_options; /* may be changed before net_world_connect */
    unsigned n_ends; /* listener closes once so many server connections have ended; 1 unless changed */
};

/* A peer that can do what ours never does: any bytes, inside TLS or not. It closes itself when the stream ends, and
 * then stops the world's listener unless the server's end of a connection is still there. */
struct net_raw {
    struct net_world *world;
    uv_tcp_t tcp;
    uv_connect_t connect;
    uv_shutdown_t shutdown;
    struct pt_tls *tls; /* NULL: plain TCP */
    bool opened;
    void (*on_open)(struct net_raw *raw); /* connected, and the handshake (if any) is done */
    void (*on_data)(struct net_raw *raw); /* plaintext came for the first time */
    size_t n_read;                        /* plaintext, or TCP bytes without TLS */
    bool closed;
};
void net_raw_connect(struct net_world *world, struct net_raw *raw, bool with_tls);
void net_raw_send(struct net_raw *raw, struct pt_bytes bytes); /* inside TLS if there is one */
void net_raw_goodbye(struct net_raw *raw);
void net_raw_half_close(struct net_raw *raw); /* sends no more, goes on reading */
void net_raw_close(struct net_raw *raw);
void net_raw_reset(struct net_raw *raw);

/* Short clocks for tests: fast, yet long enough for a loaded machine. */
struct pt_conn_clocks net_clocks(void);
void net_world_open(struct net_world *world, const struct pt_listener_options *options);
void net_world_connect(struct net_world *world);
/* Until nothing is open any more. */
void net_world_run(struct net_world *world);
/* Checks that the loop and the heap are empty. */
void net_world_close(struct net_world *world);
void net_world_stop_listening(struct net_world *world);

#endif
