/* A sync, when all goes well:
 *   1. what waits in tails is sealed: chunks are made before the first byte is sent;
 *   2. the link runs on a loop of its own until both sides have everything;
 *   3. what is done and safe at head office leaves the device;
 *   4. the marker is written anew.
 * What can go wrong: no connection (2: nothing but the sealing happened); the connection is lost (2: what was stored
 * stays, the rest goes next time); our disk fails (2: nothing more is taken); the office says that this store is older
 * than it was (3: nothing leaves, a new incarnation instead, or at the next opening when it ends before). */
#include "client/sync.h"

#include "client/evidence.h"
#include "client/incarnation.h"
#include "client/prune.h"
#include "client/summary.h"

#include "base/check.h"
#include "base/mem.h"
#include "io/net/link.h"

#include <string.h>
#include <uv.h>

struct syncing {
    struct patuh *device;
    patuh_progress progress;
    void *data;
    uv_loop_t loop;
    struct pt_blob_ops files;
    bool stale;
    bool ended;
    bool refilling; /* the office is, and gives nothing: what it says of this device may be out of date */
    struct pt_link_end end;
    struct patuh_counts counts;
};

/* --- 1: sealing --- */

static enum pt_err seal_logs(struct patuh *device, struct pt_txn *txn, uint32_t *n_sealed)
{
    struct pt_arena arena;
    struct pt_head *heads;
    size_t n = 0;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_logs_list(txn, NULL, &arena, &heads, &n);
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        if (pt_author_eq(&heads[i].log.author, &device->author) && heads[i].tail_seq > 0) {
            struct pt_author_pen pen = pt_device_pen(device, NULL); /* the tail knows its instrument */
            pen.incarnation = heads[i].log.incarnation;
            err = pt_tail_seal(txn, &pen, &heads[i], &arena, n_sealed);
        }
    }
    pt_arena_close(&arena);
    return err;
}

static enum pt_err seal_once(struct patuh *device, uint32_t *n_sealed)
{
    struct pt_txn *txn;
    uint32_t n = 0;
    enum pt_err err = pt_store_begin_write(device->store, &txn);
    if (err != PT_OK) {
        return err;
    }
    err = seal_logs(device, txn, &n);
    if (err != PT_OK) {
        pt_store_abort(txn);
        return err;
    }
    err = pt_store_commit(txn);
    *n_sealed += err == PT_OK ? n : 0;
    return err;
}

enum pt_err pt_sync_seal(struct patuh *device, uint32_t *n_sealed)
{
    enum pt_err err = seal_once(device, n_sealed);
    if (err == PT_EFORK) { /* a copy of this folder went on in the same log */
        err = pt_incarnation_renew(device);
        err = err == PT_OK ? seal_once(device, n_sealed) : err;
    }
    return err;
}

/* --- 2: the link --- */

static bool in_scope(void *data, const struct pt_log_id *log)
{
    (void)data;
    (void)log;
    return true; /* a device holds nothing that is not its own or sent to it */
}

static bool goes_up(void *data, const struct pt_log_id *log)
{
    return pt_author_eq(&log->author, data);
}

static void take_counts(struct syncing *s, const struct pt_session_counts *from)
{
    s->counts.chunks_sent = from->chunks_sent;
    s->counts.chunks_received = from->chunks_new;
    s->counts.receipts = from->receipts;
    s->counts.blobs_received = from->blobs_received;
    s->counts.evidence_sent = from->files_sent;
    s->counts.held = from->held;
}

static void link_on_step(struct pt_link *link, void *data)
{
    struct syncing *s = data;
    struct pt_session_counts counts = pt_session_counts(pt_link_session(link));
    take_counts(s, &counts);
    s->refilling = pt_session_is_refilling(pt_link_session(link));
    if (pt_link_conn(link) != NULL) {
        s->counts.bytes_in = pt_conn_bytes_in(pt_link_conn(link));
        s->counts.bytes_out = pt_conn_bytes_out(pt_link_conn(link));
    }
    if (s->progress != NULL) {
        s->progress(s->data, &s->counts);
    }
}

static void link_on_stale(struct pt_link *link, void *data)
{
    (void)link;
    ((struct syncing *)data)->stale = true;
}

static void link_on_end(struct pt_link *link, const struct pt_link_end *end, void *data)
{
    (void)link;
    struct syncing *s = data;
    s->ended = true;
    s->end = *end;
    take_counts(s, &end->counts);
    s->counts.bytes_in = end->bytes_in;
    s->counts.bytes_out = end->bytes_out;
    s->counts.retry_s = end->retry_s;
    uv_stop(&s->loop);
}

static struct pt_session_config config_of(struct syncing *s)
{
    struct patuh *device = s->device;
    const struct pt_office_record *office = &device->enrolment.offices[0];
    const struct pt_office_record *root = pt_enrolment_root(&device->enrolment);
    return (struct pt_session_config){
        .store = device->store,
        .blobs = &s->files,
        .random = device->random,
        .author = device->author,
        .incarnation = &device->incarnation,
        .connects = true,
        .generation = office->generation,
        .upper_tier = office->tier,
        .statement = device->enrolment.signed_statement,
        .region_key = office->tier == PT_TIER_REGION ? &office->key : NULL,
        .national_key = &root->key,
        .scope = {.has = in_scope, .is_up = goes_up, .data = &device->author},
    };
}

static enum pt_err run_link(struct syncing *s, struct pt_writer *writer, struct pt_tls_identity *identity,
                            struct pt_problem *problem)
{
    struct pt_link *link;
    const struct pt_office_record *office = &s->device->enrolment.offices[0];
    const char *address = s->device->address[0] != '\0' ? s->device->address : office->address;
    struct pt_link_options options = {
        .session = config_of(s),
        .writer = writer,
        .events = {.on_stale = link_on_stale, .on_step = link_on_step, .on_end = link_on_end},
        .data = s};
    enum pt_err err = pt_link_connect(&s->loop, address, identity, office->transport_key.b, &options, &link, problem);
    if (err != PT_OK) {
        return err;
    }
    while (!s->ended) {
        (void)uv_run(&s->loop, UV_RUN_DEFAULT);
    }
    if (s->end.why != PT_OK) {
        *problem = s->end.problem;
    }
    return s->end.why;
}

/* An office that cannot be reached is one kind of failure to the caller, whatever the network said; a disk of our own
 * that fails is another, and no sentence may blame the network for it. */
static enum pt_err outcome(const struct syncing *s, enum pt_err err)
{
    bool network = !s->end.by_store && (err == PT_ENOTFOUND || err == PT_EIO || err == PT_EMALFORMED);
    return network ? PT_ECLOSED : err;
}

static enum pt_err exchange(struct syncing *s, struct pt_problem *problem)
{
    struct pt_tls_identity *identity;
    struct pt_writer *writer;
    enum pt_err err = pt_tls_identity_create(s->device->transport_pair.secret_key, &identity);
    if (err != PT_OK) {
        return err;
    }
    if (uv_loop_init(&s->loop) != 0) {
        pt_tls_identity_destroy(identity);
        return PT_ENOMEM;
    }
    err = pt_writer_start(&s->loop, s->device->store, &writer);
    if (err == PT_OK) {
        err = outcome(s, run_link(s, writer, identity, problem));
        pt_writer_stop(writer, NULL, NULL);
        (void)uv_run(&s->loop, UV_RUN_DEFAULT);
    }
    PT_CHECK(uv_loop_close(&s->loop) == 0);
    pt_tls_identity_destroy(identity);
    return err;
}

/* --- 3: afterwards --- */

/* A second chunk after one link in our own log, or chunks of it that the office holds: somebody else writes with our
 * key and incarnation. */
static enum pt_err was_copied(struct patuh *device, bool *copied)
{
    struct pt_txn *txn;
    struct pt_arena arena;
    struct pt_head *heads;
    size_t n = 0;
    *copied = false;
    enum pt_err err = pt_store_begin_read(device->store, &txn);
    if (err != PT_OK) {
        return err;
    }
    pt_arena_init(&arena, SIZE_MAX);
    err = pt_logs_list(txn, NULL, &arena, &heads, &n);
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        struct pt_covered covered;
        bool own = pt_author_eq(&heads[i].log.author, &device->author);
        if (own && heads[i].log.incarnation == device->incarnation) {
            err = pt_covered_read(txn, &heads[i], NULL, &arena, &covered);
            *copied = *copied || heads[i].forked || (err == PT_OK && pt_covered_is_held(&covered));
        }
    }
    pt_arena_close(&arena);
    pt_store_abort(txn);
    return err;
}

/* The office says so at the end of each session, and of a session that ended well it did not: a connection that was
 * lost says nothing, and an office that was restored may have lost it. */
static enum pt_err note_revoked(struct syncing *s)
{
    bool revoked = s->end.failure == PATUH__FAILURE_CODE__FAILURE_REVOKED;
    bool heard = revoked || (s->ended && s->end.why == PT_OK && !s->refilling);
    return heard ? pt_device_note_revoked(s->device, revoked) : PT_OK;
}

enum pt_err pt_sync_settle(struct patuh *device, bool stale, bool *fresh, struct pt_problem *problem)
{
    bool copied = false;
    enum pt_err err = was_copied(device, &copied);
    if (err == PT_OK && (copied || stale)) {
        *fresh = true;
        err = pt_incarnation_renew(device);
    }
    return err == PT_OK ? pt_incarnation_mark(device, problem) : err;
}

static enum pt_err finish(struct syncing *s, struct pt_problem *problem)
{
    enum pt_err err = note_revoked(s);
    if (err == PT_OK) {
        err = pt_sync_settle(s->device, s->stale, &s->counts.fresh_incarnation, problem);
    }
    bool all = s->ended && s->end.why == PT_OK && !s->refilling; /* else the office may need all that is here */
    if (err == PT_OK && all && !s->counts.fresh_incarnation) {
        err = pt_prune_note_settled(s->device);
        err = err == PT_OK ? pt_device_prune(s->device, PT_PRUNE_AGE_MS, &s->counts.pruned) : err;
    }
    return err;
}

enum patuh_result patuh_sync(struct patuh *device, patuh_progress progress, void *data, struct patuh_counts *counts,
                             struct patuh_problem *problem)
{
    struct pt_problem inner = {0};
    struct pt_problem after = {0};
    struct syncing *s = pt_zalloc(sizeof *s);
    if (s == NULL) {
        return pt_device_tell(device, PT_ENOMEM, &inner, "sync", problem);
    }
    s->device = device;
    s->progress = progress;
    s->data = data;
    s->files = pt_blob_files(device->blobs);
    enum pt_err err = pt_device_need_enrolment(device, &inner);
    if (err == PT_OK) {
        err = pt_sync_seal(device, &s->counts.chunks_sealed);
    }
    if (err == PT_OK) {
        err = exchange(s, &inner);
        if (inner.msg == PT_MSG_NET_CONNECT) { /* the moment to hear of another way */
            (void)pt_problem_set(&inner, err, PT_MSG_CLIENT_NO_NETWORK, inner.arg[0], inner.arg[1], NULL);
        }
        enum pt_err end = finish(s, &after);
        if (err == PT_OK && end != PT_OK) {
            err = end;
            inner = after;
        }
    }
    if (counts != NULL) {
        *counts = s->counts;
        counts->office_refilling = s->refilling;
    }
    pt_free(s);
    return pt_device_tell(device, err, &inner, "sync", problem);
}
