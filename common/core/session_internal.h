/* session_internal.h - the session machine's state, shared by its files. Not for others. */
#ifndef PT_SESSION_INTERNAL_H
#define PT_SESSION_INTERNAL_H

#include "core/session.h"

enum phase { PHASE_NEW, PHASE_GREETING, PHASE_OPEN, PHASE_CLOSED };

/* A log that has to go out from a place on. */
struct task {
    uint64_t log;
    uint64_t next_seq;
};

/* Chunks on their way without a receipt. */
struct in_flight {
    uint64_t log;
    uint64_t last_seq;
    size_t bytes;
};

/* A number the peer gave to a log. */
struct peer_ref {
    uint32_t number;
    struct pt_log_id log;
    struct pt_public_key key;
};

struct sent_receipt {
    uint64_t log;
    uint64_t seq;
};

struct pt_session {
    struct pt_session_config config;
    struct pt_scope scope;
    struct pt_peer peer;
    bool has_peer;
    enum phase phase;
    struct pt_session_counts counts;

    struct task *tasks;
    size_t n_tasks, tasks_capacity;
    struct in_flight *flight;
    size_t n_flight, flight_capacity;
    size_t flight_bytes;
    size_t credit;

    uint8_t *announced; /* [log number]: the peer knows our number */
    size_t announced_capacity;
    struct peer_ref *refs; /* sorted by number */
    size_t n_refs, refs_capacity;

    uint64_t frames_in;      /* of the peer, seen */
    uint64_t frames_durable; /* of the peer, processed and durable */
    uint64_t frames_out;
    uint64_t settled_told;  /* frames_durable in our last Settled */
    uint64_t settled_heard; /* frames_out in the peer's last Settled */
    size_t n_inboxes_open;

    uint64_t news_lsn;   /* arrivals up to here are covered */
    uint64_t *mentioned; /* logs the peer named in Heads */
    size_t n_mentioned, mentioned_capacity;
    struct sent_receipt *told; /* upper receipts that went to this peer */
    size_t n_told, told_capacity;

    bool asking; /* a blob is on its way to us */
    struct pt_hash asked;
    bool asked_small;
    struct pt_hash *unavailable; /* blobs the peer does not have */
    size_t n_unavailable, unavailable_capacity;
};

/* session.c */
void pt__session_fail(struct pt_session *s, struct pt_update *u, enum pt_err why, Patuh__FailureCode code);
/* Pack and queue one frame. */
void pt__session_emit(struct pt_session *s, struct pt_update *u, const Patuh__Frame *frame);
struct pt_inbox *pt__session_inbox(struct pt_session *s, struct pt_update *u, const struct pt_now *now);
void pt__session_submit(struct pt_session *s, struct pt_update *u, struct pt_inbox *inbox);
ProtobufCBinaryData pt__binary(const void *data, size_t n);

/* session_send.c: tasks, runs, log references, heads, receipts. */
void pt__session_add_task(struct pt_session *s, struct pt_update *u, uint64_t log, uint64_t next_seq);
void pt__session_send_tasks(struct pt_session *s, struct pt_txn *txn, struct pt_update *u);
void pt__session_flight_done(struct pt_session *s, uint64_t log, uint64_t seq);
/* Our number for a log, with everything at its first mention. NULL after a failure. */
Patuh__LogRef *pt__session_ref_out(struct pt_session *s, struct pt_update *u, const struct pt_head *head);
/* The log a peer's reference means. Errors: MALFORMED, LIMIT, NOMEM. */
enum pt_err pt__session_ref_in(struct pt_session *s, const Patuh__LogRef *ref, struct pt_log_id *log,
                               struct pt_public_key *key);
void pt__session_send_heads(struct pt_session *s, struct pt_txn *txn, struct pt_update *u);
void pt__session_send_receipt(struct pt_session *s, struct pt_update *u, const struct pt_receipt *receipt);
void pt__session_pass_receipts(struct pt_session *s, struct pt_txn *txn, struct pt_update *u);

/* session_hello.c */
void pt__session_say_hello(struct pt_session *s, const struct pt_now *now, struct pt_update *u);
void pt__session_on_hello(struct pt_session *s, const Patuh__Hello *hello, const struct pt_now *now,
                          struct pt_update *u);
void pt__session_on_welcome(struct pt_session *s, const Patuh__Welcome *welcome, const struct pt_now *now,
                            struct pt_update *u);

/* session_receive.c */
void pt__session_on_chunks(struct pt_session *s, const Patuh__Chunks *chunks, const struct pt_now *now,
                           struct pt_update *u);
void pt__session_on_receipt(struct pt_session *s, const Patuh__Receipt *receipt, const struct pt_now *now,
                            struct pt_update *u);
void pt__session_on_gap(struct pt_session *s, const Patuh__Gap *gap, struct pt_update *u);
void pt__session_on_heads(struct pt_session *s, const Patuh__Heads *heads, struct pt_update *u);
void pt__session_on_want(struct pt_session *s, const Patuh__Want *want, struct pt_update *u);
void pt__session_after_run(struct pt_session *s, const struct pt_inbox *inbox, const struct pt_now *now,
                           struct pt_update *u);

/* session_blobs.c */
void pt__session_ask_blob(struct pt_session *s, struct pt_txn *txn, struct pt_update *u);
void pt__session_on_blob_want(struct pt_session *s, const Patuh__BlobWant *want, struct pt_update *u);
void pt__session_on_blob_part(struct pt_session *s, const Patuh__BlobPart *part, const struct pt_now *now,
                              struct pt_update *u);

#endif
