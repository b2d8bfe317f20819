/* A bundle in, when all goes well:
 *   1. the file is read through: it is whole, and for this office;
 *   2. who made it is admitted by its statement;
 *   3. its records go into the store, so many in one transaction that sessions beside it do not wait long;
 *   4. bundle_reply signs what is durable then.
 * What can go wrong: the file or its maker (1, 2: nothing is taken); our disk, or the server ends (3: what was taken
 * stays; the same file again takes the rest). */
#include "bundle.h"

#include "base/log.h"
#include "base/mem.h"
#include "core/log/run_message.h"
#include "core/sync/peers.h"
#include "io/clock.h"
#include "io/net/link.h"
#include "io/store/bundle_file.h"
#include "renewal.h"

#include <string.h>

#define BATCH_RECORDS 16
#define PLACES_MAX 65536 /* as log references in a session */

static const struct directory *directory_of(void *data)
{
    return &((struct bundle *)data)->directory;
}

static bool takes(void *data, const struct pt_log_id *log)
{
    const struct pt_scope *scope = &((struct bundle *)data)->session.scope;
    return scope->has(scope->data, log) || (scope->brings != NULL && scope->brings(scope->data, log));
}

/* --- 2: who made it --- */

static enum pt_err admit(struct bundle *b, const struct pt_bundle_in *in, struct pt_problem *problem)
{
    const Patuh__BundleFrom *from = pt_bundle_from(in->reader);
    struct pt_public_key key = pt_bundle_key(in->reader);
    enum pt_err err =
        from->statement == NULL ? PT_EDENIED : peer_admit_bundle(&b->peer, from->statement, &key, &b->transport);
    if (err == PT_ESIGNATURE || err == PT_EMALFORMED || err == PT_EDENIED || err == PT_ELIMIT) {
        return pt_problem_set(problem, PT_EDENIED, PT_MSG_BUNDLE_STRANGER, in->path, NULL);
    }
    b->session = peer_session(&b->peer);
    return err;
}

/* As in Hello: a receipt of this very epoch for more than is here means that the store went back in time. Nothing is
 * signed under that epoch any more. Not on the word of who was revoked. */
static enum pt_err check_epoch(struct bundle *b, const struct pt_bundle_in *in, struct pt_problem *problem)
{
    const Patuh__BundleFrom *from = pt_bundle_from(in->reader);
    uint32_t tier = b->office->national ? PT_TIER_NATIONAL : PT_TIER_REGION;
    struct pt_txn *txn;
    struct pt_hash hash;
    uint64_t epoch = 0;
    uint64_t lsn = 0;
    bool older = false;
    enum pt_err err = pt_store_begin_read(b->office->store, &txn);
    if (err != PT_OK) {
        return err;
    }
    err = office_epoch(txn, &epoch);
    if (err == PT_OK) {
        err = pt_arrival_last(txn, &lsn, &hash);
    }
    pt_store_abort(txn);
    for (size_t i = 0; i < from->n_seen; i++) {
        older = older || (from->seen[i]->tier == tier && from->seen[i]->epoch == epoch && from->seen[i]->lsn > lsn);
    }
    if (err != PT_OK || !older || b->peer.revoked) {
        return err;
    }
    if (b->office->writer != NULL) { /* epoch and incarnation are the loop's then */
        return pt_problem_set(problem, PT_EBUSY, PT_MSG_BUNDLE_STALE, in->path, NULL);
    }
    return office_renew(b->office, "bundle");
}

/* --- 3: its records --- */

struct batch {
    struct bundle *bundle;
    struct pt_arena arena;
    const Patuh__BundleRecord *records[BATCH_RECORDS];
    bool whole[BATCH_RECORDS];
    size_t n;
    struct pt_bundle_counts before;
};

static enum pt_err run_batch(struct pt_txn *txn, struct pt_write_req *req)
{
    struct batch *batch = req->data;
    struct pt_bundle_taker *taker = &batch->bundle->taker;
    enum pt_err err = PT_OK;
    taker->counts = batch->before;
    for (size_t i = 0; i < batch->n && err == PT_OK; i++) {
        err = pt_bundle_take(taker, txn, batch->records[i], &batch->whole[i]);
    }
    return err;
}

static enum pt_err note_file(struct bundle *b, const Patuh__BlobPart *part)
{
    struct pt_hash hash;
    memcpy(hash.b, part->hash.data, sizeof hash.b); /* looked over when it was taken */
    for (size_t i = b->n_files; i > 0; i--) {
        if (pt_hash_eq(&b->files[i - 1], &hash)) {
            return PT_OK;
        }
    }
    enum pt_err err = pt_reserve(&b->files, &b->files_capacity, b->n_files + 1, sizeof *b->files);
    if (err == PT_OK) {
        b->files[b->n_files++] = hash;
    }
    return err;
}

/* Places that make no sense are as if they were not named: then the log goes out whole. */
static enum pt_err note_places(struct bundle *b, const Patuh__Heads *heads)
{
    enum pt_err err = PT_OK;
    for (size_t i = 0; i < heads->n_head && err == PT_OK && b->n_places < PLACES_MAX; i++) {
        const Patuh__Head *head = heads->head[i];
        struct bundle_place place = {.end.seq = head->seq};
        struct pt_public_key key;
        if (head->log == NULL || head->link.len != sizeof place.end.link.b ||
            pt_log_ref_read(head->log, &place.log, &key) != PT_OK) {
            continue;
        }
        memcpy(place.end.link.b, head->link.data, sizeof place.end.link.b);
        err = pt_reserve(&b->places, &b->places_capacity, b->n_places + 1, sizeof *b->places);
        if (err == PT_OK) {
            b->places[b->n_places++] = place;
        }
    }
    return err;
}

static void note_wants(struct bundle *b, const Patuh__BlobOffer *wants)
{
    size_t n = wants->hashes.len / sizeof b->wants[0];
    for (size_t i = 0; i < n && b->n_wants < PT_BLOB_HASHES_MAX; i++) {
        memcpy(b->wants[b->n_wants++].b, wants->hashes.data + i * sizeof b->wants[0], sizeof b->wants[0]);
    }
}

static enum pt_err note_record(struct bundle *b, const Patuh__BundleRecord *record, bool whole)
{
    if (record->heads != NULL) {
        return note_places(b, record->heads);
    }
    if (record->wants != NULL) {
        note_wants(b, record->wants);
    }
    return record->part != NULL && whole ? note_file(b, record->part) : PT_OK;
}

static enum pt_err take_batch(struct batch *batch)
{
    batch->before = batch->bundle->taker.counts;
    enum pt_err err = office_is_stopping(batch->bundle->office) ? PT_ECANCELED
                                                                : office_write(batch->bundle->office, run_batch, batch);
    for (size_t i = 0; i < batch->n && err == PT_OK; i++) {
        err = note_record(batch->bundle, batch->records[i], batch->whole[i]);
    }
    batch->n = 0;
    pt_arena_reset(&batch->arena);
    return err;
}

static enum pt_err take_records(struct bundle *b, struct pt_bundle_in *in, struct pt_problem *problem)
{
    struct batch batch = {.bundle = b};
    enum pt_err err = PT_OK;
    enum pt_err end = PT_OK;
    pt_arena_init(&batch.arena, SIZE_MAX);
    while (err == PT_OK && end == PT_OK) {
        end = pt_bundle_in_next(in, &batch.arena, &batch.records[batch.n], problem);
        batch.n += end == PT_OK;
        if (batch.n == BATCH_RECORDS || (end != PT_OK && batch.n > 0)) {
            err = take_batch(&batch);
        }
    }
    pt_arena_close(&batch.arena);
    return err == PT_OK && end != PT_ENOTFOUND ? end : err;
}

static enum pt_err run_seen(struct pt_txn *txn, struct pt_write_req *req)
{
    const struct bundle *b = req->data;
    return pt_peer_put_seen(txn, &b->peer.author, b->taker.now_ms);
}

static void set_up(struct bundle *b, struct office *office)
{
    *b = (struct bundle){.office = office, .blobs = pt_blob_files(office->blobs)};
    b->peer = peer_of(office, directory_of, b);
    b->taker = (struct pt_bundle_taker){.author = office->author,
                                        .takes = takes,
                                        .data = b,
                                        .blobs = &b->blobs,
                                        .policy = {.evidence = true, .registry = true},
                                        .now_ms = pt_now_read().wall_ms};
}

enum pt_err bundle_take(struct office *office, const char *file, struct bundle *out, struct pt_problem *problem)
{
    struct pt_bundle_in in = {0};
    set_up(out, office);
    enum pt_err err = directory_open(office, &out->directory);
    if (err == PT_OK) {
        err = pt_bundle_in_open(&in, file, &office->transport, problem);
    }
    if (err == PT_OK) {
        err = admit(out, &in, problem);
    }
    if (err == PT_OK) {
        err = check_epoch(out, &in, problem);
    }
    if (err == PT_OK) {
        err = take_records(out, &in, problem);
        const struct pt_bundle_counts *counts = &out->taker.counts;
        pt_log("bundle", "name=%s elsewhere=%d chunks_new=%u held=%u parked=%u left_out=%u result=%s", out->peer.name,
               out->peer.elsewhere, counts->chunks_new, counts->chunks_held, counts->chunks_parked, counts->left_out,
               pt_err_name(err));
    }
    if (err == PT_OK && !out->peer.elsewhere) { /* of its own people status says when they were heard of */
        err = office_write(office, run_seen, out);
    }
    pt_bundle_in_close(&in);
    return err;
}

void bundle_close(struct bundle *bundle)
{
    directory_close(&bundle->directory);
    pt_free(bundle->places);
    pt_free(bundle->files);
    *bundle = (struct bundle){0};
}
