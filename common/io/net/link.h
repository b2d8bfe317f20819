/* link.h - a session on a connection: does what the pure session machine asks for.
 *
 *   conn --frame--> session --update--> inboxes to the writer, frames to the conn, close
 *   writer --durable--> session --update--> receipts ...
 *
 * The loop never waits for the disk: what a session brings, files too, goes to the writer. Only the part that a peer
 * asks for is read from its file here.
 *
 * Serves both ends: the side that connects (pt_link_connect) and the side that answers (pt_link_accept).
 * Thread: the loop's.  Memory: a link frees itself after on_end; its pointers in options must stay until then. */
#ifndef PT_LINK_H
#define PT_LINK_H

#include "core/sync/session.h"
#include "io/net/conn.h"
#include "io/store/blobs.h"
#include "io/store/writer.h"

#define PT_ALPN_SYNC "patuh/1"
#define PT_ALPN_ENROL "patuh-enrol/1"

struct pt_link;

/* How a link ended. */
struct pt_link_end {
    enum pt_err why;            /* PT_OK: all settled, or closed by us */
    Patuh__FailureCode failure; /* told by the peer or to it; UNKNOWN = none */
    bool by_peer;
    bool by_store;             /* our own store or memory failed, not the connection: no sentence speaks of it */
    uint32_t retry_s;          /* the peer's wish; 0 = none */
    struct pt_problem problem; /* a sentence, when why is not PT_OK */
    struct pt_session_counts counts;
    uint64_t bytes_in; /* TCP payload, handshake included */
    uint64_t bytes_out;
};

struct pt_link_events {
    /* A commit brought something new into the store, this: other links may want to know. Lent. May be NULL. */
    void (*on_grown)(struct pt_link *link, const struct pt_inbox *inbox, void *data);
    /* The peer says that this store is older than it was: take a new incarnation. May be NULL. */
    void (*on_stale)(struct pt_link *link, void *data);
    /* After every step of the session, for progress. May be NULL. */
    void (*on_step)(struct pt_link *link, void *data);
    /* Exactly once. */
    void (*on_end)(struct pt_link *link, const struct pt_link_end *end, void *data);
};

struct pt_link_options {
    struct pt_session_config session;
    struct pt_writer *writer;
    struct pt_link_events events;
    void *data;
};

/* Connect to "host:port" whose key must be peer_key (NULL: any). Errors: INVALID (address; sentence), NOMEM; then no
 * callback ever runs. */
enum pt_err pt_link_connect(struct uv_loop_s *loop, const char *address, struct pt_tls_identity *identity,
                            const uint8_t *peer_key, const struct pt_link_options *options, struct pt_link **out,
                            struct pt_problem *problem);
/* Give an accepted connection its session. Errors: NOMEM (the connection is closed). */
enum pt_err pt_link_accept(struct pt_conn *conn, const struct pt_link_options *options, struct pt_link **out);

/* What has come into the store: send what this peer should have of it. */
void pt_link_news(struct pt_link *link, const struct pt_news *news);
void pt_link_close(struct pt_link *link);
/* The same for a program that ends: it does not wait long for the peer. */
void pt_link_close_soon(struct pt_link *link);

const struct pt_session *pt_link_session(const struct pt_link *link);
const struct pt_conn *pt_link_conn(const struct pt_link *link);

/* The sentence for a failure code. */
enum pt_msg pt_failure_msg(Patuh__FailureCode code);

/* Blob files for sessions. Who runs what: core/sync/file_work.h. */
struct pt_blob_ops pt_blob_files(struct pt_blobs *blobs);

#endif
