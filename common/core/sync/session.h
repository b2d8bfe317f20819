/* session.h - one sync session as a pure machine: event in, update out.
 *
 * The same machine serves both ends: device or region as the side that connects, office as the side that answers.
 *
 *   connecting side                                  answering side
 *     Hello, unreceipted chunks (credit) ---------->   admit, store ... Receipt
 *                                        <----------   Welcome (digests equal or not), Receipts of the upper tier
 *     (equal: nothing more to compare)   <----------   Heads, when a digest differs
 *     Chunks that are missing there      ---------->
 *     Want                               ---------->   Chunks that are missing here
 *     BlobOffer (own, unreceipted)       ---------->   Receipt for what is here, BlobWant for the rest
 *     Settled / BlobWant / BlobPart      <--------->   both ways, until both are settled
 *
 * The driver does what an update asks in this order: inboxes to the writer, frames to the connection, then close. It
 * answers each inbox with pt_session_stored after the commit; receipts are made there and nowhere else, so nothing is
 * receipted that is not durable. Files too are written and looked at with the inboxes (file_work.h); to give a part of
 * one it is read here. No clock, socket, disk or thread in here: time comes with the event.
 * Thread: any one thread at a time.  Memory: updates are freed by pt_update_close; inboxes in them belong to the driver
 * until it hands them back. */
#ifndef PT_SESSION_H
#define PT_SESSION_H

#include "core/sync/inbox.h"
#include "wire.pb-c.h"

/* Which logs a session is about, and which of them the connecting side brings up. */
struct pt_scope {
    bool (*has)(void *data, const struct pt_log_id *log);
    bool (*is_up)(void *data, const struct pt_log_id *log);
    /* All subjects with logs in scope, each once, in the arena: where they are few beside what the store has. NULL: the
     * whole store is looked through. Errors: NOMEM. */
    enum pt_err (*subjects)(void *data, struct pt_arena *arena, struct pt_subject **out, size_t *n);
    void *data;
    /* Answering side: may the peer bring a log that it does not see (yet)? NULL: only what it sees. */
    bool (*brings)(void *data, const struct pt_log_id *log);
};

/* Whom the answering side has let in. */
struct pt_peer {
    struct pt_author author;
    enum pt_tier tier; /* DEVICE or REGION */
    struct pt_scope scope;
    bool revoked; /* it may deliver what it wrote, which scope.has says, gets nothing, and is told in Welcome */
};

/* Clocks of the machine the session runs on, given with every event. */
struct pt_now {
    int64_t wall_ms;
    uint64_t monotonic_ms;
    uint64_t boot;
};

struct pt_session_config {
    struct pt_store *store;
    const struct pt_blob_ops *blobs;
    struct pt_blob_policy policy;
    struct pt_random random;
    struct pt_author author;              /* this store's own */
    enum pt_tier tier;                    /* this side's */
    const uint64_t *epoch;                /* of this office's store, as it is now; NULL on a device */
    const uint64_t *incarnation;          /* of this store's own logs, as it is now; NULL: not watched */
    const struct pt_keypair *office_pair; /* signs receipts; NULL on a device */
    /* Answering side: this store was restored and others have more than it, as it is now. It takes and receipts, and
     * gives nothing: what it has may be taken back by what it lost. NULL: never. */
    const bool *refilling;
    /* connecting side */
    bool connects;
    /* Of the answering office: its own; of the side that connects: the highest it has seen of that office. A lower one
     * than was seen is an office that was replaced and came back: the session ends. 0 = not said, not compared. */
    uint64_t generation;
    enum pt_tier upper_tier;                /* of the office it connects to: its receipts say what is delivered there */
    bool live;                              /* stay after everything is settled, and send news */
    struct pt_bytes statement;              /* signed statement (message SignedStatement); must stay */
    const struct pt_public_key *region_key; /* who signs receipts of tier 1; NULL: accept none */
    const struct pt_public_key *national_key; /* tier 2 */
    struct pt_scope scope;
    /* answering side: look at the statement and fill peer. DENIED or SIGNATURE with a failure code. */
    enum pt_err (*admit)(void *data, const Patuh__SignedStatement *statement, struct pt_peer *peer,
                         Patuh__FailureCode *code);
    /* answering side: this store is older than it was (a peer holds what it has signed or written since). Take a new
     * epoch and a new incarnation, durably, before this returns: nothing is signed under the old ones any more. */
    enum pt_err (*renew)(void *data);
    /* The same on a peer's word alone, which may be a lie: it has seen more of this epoch than is here. */
    enum pt_err (*renew_on_word)(void *data);
    void *admit_data;
};

/* What happened in a session, for people and for figures. */
struct pt_session_counts {
    uint32_t chunks_sent;
    uint32_t chunks_received;
    uint32_t chunks_new;
    uint32_t chunks_refilled; /* of these, in logs that the peer does not write: they were lost here */
    uint32_t entries_receipted;
    uint32_t receipts;
    uint32_t blobs_received;
    uint32_t files_sent; /* evidence and the like, whole; texts come with their entries */
    uint32_t held;
};

/* What has come into a store: read from it once, then told to every session on it. */
struct pt_news_item {
    struct pt_log_id log;
    uint64_t number;    /* of the log; 0 in a receipt */
    uint64_t lsn;       /* of the chunk; 0: a receipt of head office for the log */
    uint64_t first_seq; /* of the chunk */
    uint64_t last_seq;
    struct pt_hash link;
};
struct pt_news {
    struct pt_news_item *items;
    size_t n, capacity;
    bool blobs; /* texts or files have come */
};
/* Add the chunks that arrived after *lsn; *lsn becomes that of the last. Errors: the store's. */
enum pt_err pt_news_read(struct pt_txn *txn, uint64_t *lsn, struct pt_news *news);
/* Add the logs of a receipt. Errors: NOMEM. */
enum pt_err pt_news_add_receipt(struct pt_news *news, const struct pt_receipt *receipt);
void pt_news_close(struct pt_news *news);

struct pt_session;

/* What one event may give the writer: what the frame brought, and what was looked at since. */
enum { PT_UPDATE_INBOXES_MAX = 4 };

struct pt_update {
    struct pt_arena arena;
    struct pt_bytes *frames; /* bodies, in the arena */
    size_t n_frames, frames_capacity;
    struct pt_inbox *inboxes[PT_UPDATE_INBOXES_MAX];
    size_t n_inboxes;
    bool known;                 /* the peer is known: larger frames may come */
    bool more;                  /* call pt_session_drained when the connection can take more */
    bool close;                 /* after the frames */
    enum pt_err reason;         /* with close: PT_OK = all settled */
    Patuh__FailureCode failure; /* with close: told to the peer, or by the peer */
    uint32_t retry_s;
    bool fresh_incarnation; /* connecting side: this store was restored or cloned: take a new incarnation before sealing
                             */
};
void pt_update_close(struct pt_update *update); /* not the inboxes */

/* NULL when out of memory. The config's pointers must stay. */
struct pt_session *pt_session_create(const struct pt_session_config *config);
void pt_session_destroy(struct pt_session *session);

/* The events. Each fills *update (which the caller closes). */
void pt_session_start(struct pt_session *session, const struct pt_now *now, struct pt_update *update);
void pt_session_frame(struct pt_session *session, struct pt_bytes frame, const struct pt_now *now,
                      struct pt_update *update);
/* The inbox is durable (PT_OK) or failed; it is freed here. */
void pt_session_stored(struct pt_session *session, struct pt_inbox *inbox, enum pt_err err, const struct pt_now *now,
                       struct pt_update *update);
/* The store has new chunks or receipts: everything that came in since the session began, or since the last news. */
void pt_session_news(struct pt_session *session, const struct pt_news *news, const struct pt_now *now,
                     struct pt_update *update);
void pt_session_drained(struct pt_session *session, const struct pt_now *now, struct pt_update *update);

struct pt_session_counts pt_session_counts(const struct pt_session *session);
const struct pt_peer *pt_session_peer(const struct pt_session *session); /* NULL before it is admitted */
bool pt_session_is_settled(const struct pt_session *session);
/* Connecting side, after Welcome: the office was restored and is not refilled. */
bool pt_session_is_refilling(const struct pt_session *session);
/* For that reason, or because it took this side out, it takes and gives nothing back. */
bool pt_session_only_delivers(const struct pt_session *session);
/* The peer asked for a blob in vain: it wants to know when blobs have come. */
bool pt_session_owes(const struct pt_session *session);

#endif
