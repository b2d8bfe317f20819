/* world.h - devices and offices in one process: memory stores, pure sessions, byte streams that can be cut.
 *
 *   w = world_create(seed);  office = world_node(w, 2, "0", NULL);  region = world_node(w, 1, "62", office); ...
 *   world_write(device, "a:2023/62.71/dinkes", 3);  world_connect(w, device, region, false);  world_run(w);
 *
 * Everything that happens is a step (bytes arrive, a writer commits, a session hears of it), chosen by a generator that
 * starts from the seed: one seed, one history. After every step the promises of the protocol are checked; a broken one
 * prints the trace and aborts. Thread: one.  Memory: world_destroy frees everything. */
#ifndef WORLD_H
#define WORLD_H

#include "core/log/prune.h"
#include "core/store/store_mem.h"
#include "core/sync/session.h"
#include "core/wire/frame.h"

enum { WORLD_NODES_MAX = 96, WORLD_LINKS_MAX = 256, WORLD_JOBS_MAX = 4096, WORLD_WRITERS_MAX = 2 };

struct world;

/* A set of hashes (none is all zeros). */
struct world_set {
    struct pt_hash *slots;
    size_t n, capacity;
};

/* A blob as a file: whole, or staged up to bytes.n. */
struct world_blob {
    struct pt_hash hash;
    struct pt_buf bytes;
    uint64_t total; /* while it arrives: what its owner said */
    bool whole;
};

/* Whoever writes at an office with a key of its own: its logs lie in the office's store. */
struct world_writer {
    struct pt_keypair pair;
    struct pt_public_key key;
    struct pt_author author;
};

struct world_node {
    struct world *world;
    enum pt_tier tier;
    const char *code;         /* a region's: institutions that begin with it are its own */
    struct world_node *upper; /* who signs its receipts */
    struct pt_keypair pair;
    struct pt_public_key key;
    struct pt_author author;
    struct world_writer writers[WORLD_WRITERS_MAX]; /* an office's reviewers */
    size_t n_writers;
    struct pt_store *store;
    uint64_t incarnation;
    uint64_t previous_incarnation;
    uint64_t epoch;
    uint64_t generation;         /* 0 = not said */
    struct pt_subject *subjects; /* a device's assessments, as its office sees it */
    size_t n_subjects, subjects_capacity;
    size_t n_narrow; /* when not 0: the device itself knows of the first so many only */
    bool revoked;    /* its office takes what it wrote and tells it so */
    bool refilling;  /* an office that was restored: gives nothing before it is refilled */
    bool asks_anew;  /* its regions' sessions begin anew at the end of this step */
    struct pt_blob_policy policy;
    struct world_blob *blobs;
    size_t n_blobs, blobs_capacity;
    bool writing; /* its writer is at work: only then are files written or looked at */
    uint64_t n_texts;
    const struct pt_hash *instrument; /* chunks are written with it; NULL = none */
    int64_t clock_ms;                 /* its wall clock is ahead by this; may be negative */
    uint64_t boot;
    int64_t boot_ms;        /* world time of the last start */
    bool power_fails;       /* in the next write transaction ... */
    size_t power_pass;      /* ... after so many writes, or right after its commit */
    bool power_now;         /* the open local write is that one */
    uint64_t begun_lsn;     /* last arrival when it began */
    uint64_t checked_lsn;   /* arrivals up to here were looked at */
    uint64_t checked_log;   /* the last log that was looked at without having grown */
    struct world_set there; /* their links */
};

struct world_link;

/* An inbox on its way: to the writer, then back to its session. */
struct world_job {
    struct world_link *link;
    int side;
    struct pt_inbox *inbox;
    bool applied;
    bool done; /* committed, or failed */
    enum pt_err err;
};

/* Side 0 connects, side 1 answers. What side i sends waits in pipe[i]. */
struct world_link {
    bool in_use; /* until both sessions are gone */
    bool open;
    struct world_node *node[2];
    struct pt_session *session[2];
    struct pt_buf pipe[2];
    size_t taken[2];            /* bytes of pipe[i] that have arrived */
    struct pt_frames frames[2]; /* splitter of side i */
    struct pt_blob_ops blobs[2];
    uint8_t statement[64];
    bool ended[2]; /* side i has closed */
    bool hostile;  /* bytes were put in that are not a frame of ours */
    bool more[2];
    bool news[2];
    uint64_t news_lsn[2]; /* arrivals that side i has heard of */
    size_t n_bytes[2];    /* sent by side i */
    size_t n_frames[2];   /* sent by side i */
    size_t n_kind[2][16];
    uint64_t cut_after;    /* bytes of both directions; UINT64_MAX = never */
    size_t piece_max;      /* as in the world */
    int64_t delay_ms;      /* most between two pieces of one direction */
    int64_t ready_ms[2];   /* from then on the next piece of side i can arrive */
    enum pt_err reason[2]; /* why side i closed */
    Patuh__FailureCode failure[2];
    uint32_t retry_s[2];
    bool settled;  /* side 1 saw the session end well */
    bool fresh[2]; /* side i was told to take a new incarnation */
    struct pt_session_counts counts[2];
    size_t way[64]; /* chunk bytes of each run that side 0 sent and that side 1 has not answered, oldest first */
    size_t n_way;
    size_t way_max; /* most of them at once */
};

/* A receipt as it left an office. */
struct world_promise {
    struct world_node *office;
    struct pt_receipt_log log;
    bool elsewhere; /* the office was restored and waits for it; others have it */
};

struct world {
    uint64_t seed;
    uint64_t state;     /* of the generator */
    size_t piece_max;   /* most bytes that arrive at once; 0 = all that is there */
    bool quick;         /* stores are not checked after every commit */
    bool blind;         /* nor is anything else that reads them: they are made to fail */
    size_t n_calls;     /* of the tested code: session events and commits */
    size_t fault_call;  /* in this one, from 1 ... */
    size_t fault_pass;  /* ... allocations fail after so many */
    bool lifo;          /* completions reach the sessions in any order */
    size_t n_refilled;  /* offices that were restored and have everything back */
    size_t n_overtaken; /* completions that reached a session before an earlier one of it */
    bool refills;       /* restored offices are refilled before they give anything, as servers do */
    bool early;         /* planted fault: a writer that answers before it has committed */
    void *data;         /* of whoever uses the world */
    void (*stale)(struct world *w, struct world_node *node); /* its store is older than it was, says its upper office */
    void (*ended)(struct world *w, struct world_link *link); /* a link is over; its sessions are still there */
    /* A commit has made this log longer at the node; nothing else may be done here than to note it. */
    void (*stored)(struct world *w, struct world_node *node, const struct pt_log_id *log);
    void (*restarted)(struct world *w, struct world_node *node); /* after a power cut; the same */
    void (*stepped)(struct world *w);                            /* a step is over: the time to look at everything */
    void (*failed)(struct world *w, const char *what); /* hears of a broken promise; NULL: print the trace, abort */
    int64_t now_ms;
    size_t n_steps;
    struct world_node node[WORLD_NODES_MAX];
    size_t n_nodes;
    struct world_link link[WORLD_LINKS_MAX];
    size_t n_links;
    struct world_job job[WORLD_JOBS_MAX];
    size_t n_jobs;
    struct world_promise *promises;
    size_t n_promises, promises_capacity;
    struct world_set written; /* links of all chunks that authors have sealed */
    struct pt_buf trace;      /* the last lines */
    uint64_t trace_hash;      /* of all lines and of every frame: two runs are the same when it is */
    struct pt_buf *record[2]; /* when set: what links send, per side, with frame heads */
};

struct world *world_create(uint64_t seed);
void world_destroy(struct world *w);

/* tier as in pt_session_config; upper NULL at head office. */
struct world_node *world_node(struct world *w, enum pt_tier tier, const char *code, struct world_node *upper);
/* The office lets this device have an assessment: scope, and an entry in the office's own log about it. */
void world_assign(struct world_node *device, const char *subject);
/* One more who writes at this office. */
const struct world_writer *world_add_writer(struct world_node *office);
/* Is this author the office, or one who writes there? */
bool world_is_of(const struct world_node *office, const struct pt_author *author);
/* Scope only: the office writes about it elsewhere. */
void world_allow(struct world_node *device, const char *subject);
/* What the node's chunks say of its circumstances now. */
struct pt_author_pen world_pen(const struct world_node *node);
/* n answers by this node, sealed; every eighth one is a small text that is kept here. */
void world_write(struct world_node *node, const char *subject, size_t n);
/* Entries of any kind, sealed. */
void world_write_entries(struct world_node *node, const char *subject, const struct pt_entry *entries, size_t n);
/* One. */
void world_write_entry(struct world_node *node, const char *subject, const struct pt_entry *entry);
/* A text about the subject, kept at the node if so. */
struct pt_hash world_text(struct world_node *node, const char *subject, bool keep);
/* A file blob of n bytes at the node. */
struct pt_hash world_file(struct world_node *node, size_t n);
/* A file blob with these bytes, which the node takes over. */
struct pt_hash world_keep_file(struct world_node *node, struct pt_buf *bytes);
struct world_blob *world_blob(struct world_node *node, const struct pt_hash *hash);

/* --- disks (world_disk.c) --- */

/* A write of the node's own, apart from sessions: begin, work in *txn, end. Ending commits when err is PT_OK, notes
 * what was sealed and wakes the sessions; power may fail in it. Errors: those of the store, and err itself. */
enum pt_err world_write_begin(struct world_node *node, struct pt_txn **txn);
enum pt_err world_write_end(struct world_node *node, struct pt_txn *txn, enum pt_err err);
/* Everything that is not durable is gone: sessions, inboxes, half a blob. The node starts again at once. */
void world_power_cut(struct world_node *node);
/* What sessions on this node's store hear of: chunks after *lsn, and every log as if it had got a receipt. False: the
 * store cannot be read now. */
bool world_gather_news(struct world_node *node, uint64_t *lsn, struct pt_news *out);
/* A new store with the logs, receipts and small facts that the old one has now: the backup. */
struct pt_store *world_backup(struct world_node *node);
/* The backup becomes the store; the old one is gone, and with it the sessions. */
void world_restore(struct world_node *node, struct pt_store *backup);
/* A device with the same keys and a copy of the store. NULL when there is no room for one more node. */
struct world_node *world_clone(struct world_node *node);

/* A device lets go of an assessment when logs, receipts and evidence allow it (core/log/prune.h), its files with it;
 * *pruned says so. age_ms: as in the rule. Errors: those of the store. */
enum pt_err world_prune(struct world_node *device, const struct pt_subject *subject, int64_t age_ms, bool *pruned);
/* The rule as it is for this device now. */
struct pt_prune_rule world_prune_rule(struct world_node *device, struct pt_txn *txn, int64_t age_ms);

struct world_link *world_connect(struct world *w, struct world_node *from, struct world_node *to, bool live);
void world_cut(struct world_link *link);
/* Side 0 gives up without a word; what it has sent still arrives, whenever it does. */
void world_abandon(struct world_link *link);
size_t world_open_links(const struct world *w);
/* One thing happens. false: nothing is left to happen. */
bool world_step(struct world *w);
/* The same, unless the next thing happens at limit_ms or later. */
bool world_step_before(struct world *w, int64_t limit_ms);
/* A frame that anybody made up arrives at one side; its writer is done before this returns. */
void world_feed(struct world_link *link, int side, struct pt_bytes frame);
/* Until nothing is left to happen. A world that never comes to rest aborts. */
void world_run(struct world *w);
/* Connect, run, and the link as it ended (valid until the next call). */
struct world_link world_sync(struct world *w, struct world_node *from, struct world_node *to);

/* Head of a log at a node; seq 0 when it is not there. */
struct pt_head world_head(const struct world_node *node, const struct world_node *author, const char *subject);
struct pt_receipted world_receipted(const struct world_node *node, const struct world_node *author, const char *subject,
                                    enum pt_tier tier);
size_t world_count(const struct world_node *node, enum pt_table table);

/* What sync between a node and its office is about. */
struct pt_scope world_scope(struct world_node *lower, bool at_office);

/* --- for the world's own files (world_node.c) --- */

size_t world_chance(struct world *w, size_t below);
struct pt_now world_now(const struct world_node *node);
void world_trace(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
void world_trace_bytes(struct world *w, struct pt_bytes bytes); /* into the hash only */
size_t world_number(const struct world_node *node);
size_t world_link_number(const struct world *w, const struct world_link *link);
/* Look at a frame: trace it, and note what it promises. */
void world_watch_frame(struct world_link *link, int side, struct pt_bytes bytes, bool leaving);
/* The sessions of a node hear that its store has something new. */
void world_news(struct world_node *node);
/* When power fails in the next write transaction, it does so from here on. */
void world_power_arm(struct world_node *node);
void world_make_store(struct world *w, struct pt_store **out);
struct pt_random world_random(struct world *w);
/* As in pt_session_config; data is the node. */
enum pt_err world_admit(void *data, const Patuh__SignedStatement *statement, struct pt_peer *peer,
                        Patuh__FailureCode *code);
enum pt_err world_renew(void *data);
/* After every step: has an office that is refilling got everything, and do its regions begin anew? */
void world_follow_refilling(struct world_node *node);
/* The small facts that a store keeps of its node, in a write of the caller's; and back from the store. */
void world_remember(struct pt_txn *txn, const struct world_node *node, enum pt_err *err);
void world_recall(struct world_node *node);
struct pt_blob_ops world_blob_ops(struct world_node *node);
/* As in pt_blob_ops; data is the node. */
bool world_blob_is_durable(void *data, const struct pt_hash *hash);

/* --- promises (world_check.c) --- */

/* An author sealed this. */
void world_note_written(struct world_node *node, uint64_t after_lsn);
void world_set_add(struct world_set *set, const struct pt_hash *hash);
bool world_set_has(const struct world_set *set, const struct pt_hash *hash);
void world_set_free(struct world_set *set);
/* An office signed this. */
void world_note_receipt(struct world_node *office, struct pt_bytes body, const struct pt_signature *signature);
/* Every promise about this node's store: what it receipted is there, chains verify, and nothing is there that its
 * author did not write. */
void world_check_node(struct world_node *node);
/* The part of it that is cheap after every commit: what arrived since the last look was written by its author, follows
 * its chain, and is new; the logs it belongs to, and one other log in turn, are whole, with all that was receipted. */
void world_check_new(struct world_node *node);
/* The store of an office is an older one now: what it receipted meanwhile has to be somewhere. */
void world_check_elsewhere(struct world_node *office);
/* Would every promise still be kept by somebody if this node's store were this one? */
bool world_can_lose(struct world_node *node, struct pt_store *instead);
/* All have settled: every office has what it ever receipted. */
void world_check_promises(struct world *w);
/* Both have the same of everything that device and office share, with receipts for all that came up. */
bool world_is_converged(struct world_node *lower, struct world_node *upper);
_Noreturn void world_failed(struct world *w, const char *what);
void world_expect(struct world *w, bool good, const char *what);

#endif
