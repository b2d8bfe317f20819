/* session_internal.h - the session machine's state, shared by its files. Not for others. */
#ifndef PT_SESSION_INTERNAL_H
#define PT_SESSION_INTERNAL_H

#include "core/store/keys.h"
#include "core/sync/session.h"
#include "core/wire/pack.h"

enum phase { PHASE_NEW, PHASE_GREETING, PHASE_OPEN, PHASE_CLOSED };

/* A log, or one branch of a forked log, that has to go out from a place on. */
struct task {
    uint64_t log;
    uint64_t next_seq;
    bool is_branch;
    struct pt_hash link; /* of a chunk on the branch */
};

/* Chunks on their way without a receipt. */
struct in_flight {
    uint64_t log;
    uint64_t last_seq;
    struct pt_hash link; /* of the last one */
    size_t bytes;
};

/* What this session knows of the end of a branch, or of another place in a forked log. */
struct branch_mark {
    uint64_t log;
    struct pt_hash link;
    bool named; /* the peer has it: its Heads say so */
    bool sent;  /* it goes out in this session */
    bool asked;
};

/* What the peer's number of a log means: numbers are given in order, from 1. */
struct peer_ref {
    struct pt_log_id log;
    struct pt_public_key key;
};

/* What this session knows of a log of ours. */
struct mark {
    uint64_t log;    /* 0 = a free place of the table */
    uint32_t number; /* under which the peer knows it; 0 = it does not yet */
    uint32_t n_tasks;
    bool stuck;         /* what comes next of it is more than a peer takes */
    bool mentioned;     /* the peer named it in Heads */
    bool asked;         /* what we lack of it was asked for when Heads came */
    uint64_t fork_seq;  /* the head that the peer named: of a log that is forked there the fork */
    uint64_t peer_seq;  /* how far the peer has what we have, as Heads say; before the fork of a forked log */
    uint64_t sent_from; /* first entry of what went out in this session; 0 = nothing */
    uint64_t sent_seq;  /* last entry of it */
    bool told;          /* an upper receipt went to this peer */
    uint64_t told_lsn;  /* the newest of them */
};

/* A blob that the peer asked for in vain. */
struct owed_blob {
    struct pt_hash hash;
    bool small;
    struct pt_subject subject; /* of a text */
};

/* Blobs come to us one at a time: what WANTED names is looked at in order.
 *
 *              a text                                 its text: into an inbox
 *   IDLE ---------------------------------> ASKED ------------------------------> IDLE
 *   IDLE --a file--> AT_DISK --not whole--> ASKED --part--> AT_DISK ...           not there, or not what was named:
 *                    AT_DISK --whole------> IDLE                                  IDLE, and unavailable
 *
 * AT_DISK: an inbox is out, whose file_work is about it. */
/* A file is one blob whoever names it, and asked for once; a text is asked for as what this log names. */
struct asked_blob {
    struct pt_hash hash;
    uint64_t log; /* 0: a file */
};

enum fetch_state { FETCH_IDLE, FETCH_ASKED, FETCH_AT_DISK };

struct blob_fetch {
    enum fetch_state state;
    struct asked_blob blob;    /* what is asked for */
    struct pt_subject subject; /* of a text */
    uint64_t offset;           /* of the part that was asked for */
    uint64_t total;            /* as the first part said; 0: none came yet */
    bool first;                /* the part at the disk is the first one of this session */
    struct pt_key looked_upto; /* rows up to this one were looked at since the last new entries */
    bool looked_all;
    struct asked_blob *unavailable; /* blobs the peer does not have, sorted */
    size_t n_unavailable, unavailable_capacity;
};

struct pt_session {
    struct pt_session_config config;
    struct pt_scope scope;
    struct pt_peer peer;
    bool has_peer;
    bool revoked;              /* connecting side: the office took us out; the session ends so when all is delivered */
    bool refills;              /* connecting side: the office is being refilled */
    bool delivered_told;       /* and has heard that it has everything from here */
    bool said_refilling;       /* answering side: Welcome said that this store is being refilled */
    uint64_t peer_incarnation; /* answering side: as in Hello */
    enum phase phase;
    struct pt_session_counts counts;

    struct task *tasks; /* from first_task on */
    size_t first_task, n_tasks, tasks_capacity;
    struct in_flight *flight;
    size_t n_flight, flight_capacity;
    size_t flight_bytes;
    size_t credit;

    struct mark *marks; /* a table by log number: a session knows few of the many logs of its store */
    size_t n_marks, marks_capacity;
    struct branch_mark *branches; /* of forked logs only */
    size_t n_branches, branches_capacity;
    uint32_t last_number;  /* of those we gave to logs in this session */
    struct peer_ref *refs; /* [the peer's number - 1] */
    size_t n_refs, refs_capacity;

    uint64_t frames_in;      /* of the peer, seen */
    uint64_t frames_durable; /* of the peer, processed and durable */
    uint64_t frames_out;
    uint64_t settled_told;  /* frames_durable in our last Settled */
    uint64_t settled_heard; /* frames_out in the peer's last Settled */
    size_t n_inboxes_open;

    uint64_t news_lsn; /* arrivals up to here are covered */

    struct blob_fetch fetch;
    struct owed_blob *owed; /* blobs the peer asked for in vain */
    size_t n_owed, owed_capacity;
    bool refilled; /* got back what was lost here: compare once more */
    bool searched; /* logs were searched for who names what the peer offers */
    bool sorting;  /* an inbox is out that finds out what is here of an offer */
};

/* session.c */
/* Does the peer get anything? Not one that was revoked, and nobody while this office is being refilled. */
bool pt__session_gives(const struct pt_session *s);
void pt__session_fail(struct pt_session *s, struct pt_update *u, enum pt_err why, Patuh__FailureCode code);
/* Pack and queue one frame. */
void pt__session_emit(struct pt_session *s, struct pt_update *u, const Patuh__Frame *frame);
struct pt_inbox *pt__session_inbox(struct pt_session *s, struct pt_update *u, const struct pt_now *now);
/* At most PT_UPDATE_INBOXES_MAX in one update: how many an event makes does not depend on what a peer says. */
void pt__session_submit(struct pt_session *s, struct pt_update *u, struct pt_inbox *inbox);

/* session_scope.c: heads of the logs that may be in scope (has decides), in the order of their canonical ids. */
enum pt_err pt__session_heads(struct pt_session *s, struct pt_txn *txn, struct pt_arena *arena, struct pt_head **out,
                              size_t *n);

/* session_refs.c */
/* NULL after a failure. Lent until the next call. */
struct mark *pt__session_mark(struct pt_session *s, struct pt_update *u, uint64_t log);
/* One that was made before. Lent until the next call of pt__session_mark. */
struct mark *pt__session_known_mark(struct pt_session *s, uint64_t log);
/* Our number for a log, with everything at its first mention. NULL after a failure. */
Patuh__LogRef *pt__session_ref_out(struct pt_session *s, struct pt_update *u, const struct pt_head *head);
/* The same for a log that is not here. */
Patuh__LogRef *pt__session_ref_stranger(struct pt_session *s, struct pt_update *u, const struct pt_log_id *log,
                                        const struct pt_public_key *key);
/* The log a peer's reference means. Errors: MALFORMED, LIMIT, NOMEM. */
enum pt_err pt__session_ref_in(struct pt_session *s, const Patuh__LogRef *ref, struct pt_log_id *log,
                               struct pt_public_key *key);

/* session_send.c: tasks, runs, heads. */
void pt__session_add_task(struct pt_session *s, struct pt_update *u, const struct task *task);
void pt__session_send_tasks(struct pt_session *s, struct pt_txn *txn, struct pt_update *u);
/* A receipt has come: of what counts it covers all up to its place, of what is held the chunk it names. */
void pt__session_flight_done(struct pt_session *s, uint64_t log, const struct pt_receipt_log *receipted);
/* The peer has to get these again, or never will: they are no longer on the way. */
void pt__session_flight_drop(struct pt_session *s, uint64_t log, uint64_t after_seq);
void pt__session_send_heads(struct pt_session *s, struct pt_txn *txn, struct pt_update *u);

/* session_receipts.c */
/* Sign and send; office, tier, epoch and time are filled in here. */
void pt__session_say_receipt(struct pt_session *s, struct pt_receipt *receipt, const struct pt_now *now,
                             struct pt_update *u);
/* For what a run brought; it is durable. */
void pt__session_receipt_run(struct pt_session *s, const struct pt_inbox *inbox, const struct pt_now *now,
                             struct pt_update *u);
/* Who asks for a branch of a log that it brings learns how the whole log stands here; what is read is durable. */
enum pt_err pt__session_receipt_fork(struct pt_session *s, struct pt_txn *txn, const struct pt_head *head,
                                     const struct pt_now *now, struct pt_update *u);
void pt__session_pass_receipts(struct pt_session *s, struct pt_txn *txn, struct pt_update *u);
/* The same for the logs that the news have a receipt for. */
void pt__session_pass_new_receipts(struct pt_session *s, struct pt_txn *txn, const struct pt_news *news,
                                   struct pt_update *u);
/* Who signs receipts of a tier; NULL: none is accepted. */
const struct pt_public_key *pt__session_receipt_key(const struct pt_session *s, enum pt_tier tier);
void pt__session_on_receipt(struct pt_session *s, const Patuh__Receipt *receipt, const struct pt_now *now,
                            struct pt_update *u);

/* session_branches.c: forked logs go out branch by branch. */
/* NULL after a failure. Lent until the next call. */
struct branch_mark *pt__session_branch_mark(struct pt_session *s, struct pt_update *u, uint64_t log,
                                            const struct pt_hash *link);
/* Every branch that no receipt of the upper tier covers. */
enum pt_err pt__session_send_unreceipted(struct pt_session *s, struct pt_txn *txn, struct pt_update *u,
                                         const struct pt_head *head);
/* What the peer lacks, after its last page of Heads. */
enum pt_err pt__session_send_unnamed(struct pt_session *s, struct pt_txn *txn, struct pt_update *u,
                                     const struct pt_head *head);
/* One chunk that arrived past the fork, and what follows it on its branch. */
enum pt_err pt__session_send_arrived(struct pt_session *s, struct pt_txn *txn, struct pt_update *u,
                                     const struct pt_head *head, const struct pt_record *record);
/* What follows (seq, link) of any log, forked or not, on every branch; all of it when that place is not here. */
enum pt_err pt__session_send_after(struct pt_session *s, struct pt_txn *txn, struct pt_update *u,
                                   const struct pt_head *head, uint64_t seq, const struct pt_hash *link);
/* The log from from_seq on, or from entry 1 when no chunk begins there; of a forked log the branch with this link on it
 * (NULL: all of them). */
enum pt_err pt__session_send_wanted(struct pt_session *s, struct pt_txn *txn, struct pt_update *u,
                                    const struct pt_head *head, uint64_t from_seq, const struct pt_hash *link);

/* session.c: arrivals since the last look that this peer should have. */
enum pt_err pt__session_take_news(struct pt_session *s, struct pt_txn *txn, struct pt_update *u);

/* session_hello.c */
void pt__session_say_hello(struct pt_session *s, const struct pt_now *now, struct pt_update *u);
void pt__session_on_hello(struct pt_session *s, const Patuh__Hello *hello, const struct pt_now *now,
                          struct pt_update *u);
void pt__session_on_welcome(struct pt_session *s, const Patuh__Welcome *welcome, const struct pt_now *now,
                            struct pt_update *u);

/* session_receive.c */
/* What the peer hears when it brought something that does not fit. */
Patuh__FailureCode pt__session_code_for(enum pt_err err);
/* May the peer bring this log, though it may not see it? */
bool pt__session_brings(const struct pt_session *s, const struct pt_log_id *log);
/* A branch of which the peer named a chunk that is not here: asked for once. */
void pt__session_ask_for_branch(struct pt_session *s, struct pt_update *u, const struct pt_head *head,
                                uint64_t from_seq, const struct pt_hash *link);
void pt__session_on_chunks(struct pt_session *s, const Patuh__Chunks *chunks, const struct pt_now *now,
                           struct pt_update *u);
void pt__session_on_gap(struct pt_session *s, const Patuh__Gap *gap, struct pt_update *u);
void pt__session_on_heads(struct pt_session *s, const Patuh__Heads *heads, struct pt_update *u);
void pt__session_on_want(struct pt_session *s, const Patuh__Want *want, const struct pt_now *now, struct pt_update *u);
void pt__session_after_run(struct pt_session *s, const struct pt_inbox *inbox, const struct pt_now *now,
                           struct pt_update *u);

/* session_fetch.c */
/* New entries may name blobs that are not here. */
void pt__session_look_again(struct pt_session *s);
void pt__session_ask_blob(struct pt_session *s, struct pt_txn *txn, const struct pt_now *now, struct pt_update *u);
void pt__session_on_blob_part(struct pt_session *s, const Patuh__BlobPart *part, const struct pt_now *now,
                              struct pt_update *u);
/* A file was looked for, or a part of it was taken. */
void pt__session_after_file(struct pt_session *s, const struct pt_inbox *inbox, const struct pt_now *now,
                            struct pt_update *u);
/* The peer has this blob now. */
void pt__session_offered(struct pt_session *s, const struct pt_hash *hash);

/* session_offer.c */
/* What the peer offered was looked at. */
void pt__session_after_offer(struct pt_session *s, const struct pt_inbox *inbox, const struct pt_now *now,
                             struct pt_update *u);
/* For blobs of the peer that are durable here; lsn: as in the inbox that found them so. */
void pt__session_receipt_blobs(struct pt_session *s, struct pt_hash *hashes, size_t n, uint64_t lsn,
                               const struct pt_now *now, struct pt_update *u);
/* A device: its own blobs without a receipt of this epoch of the office. */
enum pt_err pt__session_offer_own(struct pt_session *s, struct pt_txn *txn, uint64_t epoch, struct pt_update *u);
/* What the peer asked for in vain and is here now. */
void pt__session_offer_owed(struct pt_session *s, struct pt_txn *txn, struct pt_update *u);
void pt__session_on_blob_offer(struct pt_session *s, const Patuh__BlobOffer *message, const struct pt_now *now,
                               struct pt_update *u);
void pt__session_on_blob_want(struct pt_session *s, const Patuh__BlobWant *want, struct pt_update *u);

#endif
