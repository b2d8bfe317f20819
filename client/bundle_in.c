/* A bundle in, when all goes well:
 *   1. the file is read through, and was made by an office of ours;
 *   2. all of its records go into the store, in one transaction;
 *   3. as after a sync: a new incarnation when an office has more of our log than we, and the marker.
 * What can go wrong: the file (1: nothing is taken); our disk (2: nothing is taken, but for files that are whole). */
#include "client/sync.h"

#include "core/bundle/take.h"
#include "io/clock.h"
#include "io/net/link.h"
#include "io/store/bundle_file.h"

#include <string.h>

struct taking {
    struct patuh *device;
    struct pt_bundle_in in;
    struct pt_blob_ops blobs;
    struct pt_bundle_taker taker;
    bool stale; /* an office has of our log what is not here */
};

/* A device takes what its office sends, as in a session. */
static bool takes_any(void *data, const struct pt_log_id *log)
{
    (void)data;
    (void)log;
    return true;
}

static enum pt_err check_office(struct taking *t, const char *file, struct pt_problem *problem)
{
    const struct pt_enrolment *enrolment = &t->device->enrolment;
    struct pt_public_key key = pt_bundle_key(t->in.reader);
    for (size_t i = 0; i < enrolment->n_offices; i++) {
        if (memcmp(enrolment->offices[i].key.b, key.b, sizeof key.b) == 0) {
            return PT_OK;
        }
    }
    return pt_problem_set(problem, PT_EDENIED, PT_MSG_CLIENT_BUNDLE_OFFICE, file, enrolment->offices[0].name, NULL);
}

/* So far our log went; what was pruned and is being fetched again is not lost. */
static uint64_t last_of(const struct pt_head *head)
{
    uint64_t last = head->held_seq > head->seq ? head->held_seq : head->seq;
    return head->recalled_seq > last ? head->recalled_seq : last;
}

/* Does this receipt speak of entries of ours, in this incarnation, that are not here? */
static enum pt_err look_at_receipt(struct taking *t, struct pt_txn *txn, const Patuh__Receipt *message)
{
    struct pt_receipt receipt;
    struct pt_signature signature;
    struct pt_arena arena;
    pt_arena_init(&arena, SIZE_MAX);
    if (message->signature.len != sizeof signature.b) {
        return PT_OK; /* left out */
    }
    memcpy(signature.b, message->signature.data, sizeof signature.b);
    enum pt_err err = pt_receipt_read_tier(pt_bytes_of(message->body.data, message->body.len), &signature,
                                           t->taker.region_key, t->taker.national_key, &arena, &receipt);
    size_t n = err == PT_OK ? receipt.n_logs : 0;
    err = err == PT_ENOMEM ? err : PT_OK;
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        const struct pt_receipt_log *log = &receipt.logs[i];
        struct pt_head head = {0};
        if (log->log.incarnation == t->device->incarnation && pt_author_eq(&log->log.author, &t->device->author)) {
            err = pt_logs_find(txn, &log->log, &head);
            t->stale = t->stale || err == PT_ENOTFOUND || (err == PT_OK && log->seq > last_of(&head));
            err = err == PT_ENOTFOUND ? PT_OK : err;
        }
    }
    pt_arena_close(&arena);
    return err;
}

static enum pt_err take_records(struct taking *t, struct pt_txn *txn, struct pt_problem *problem)
{
    enum pt_err err = PT_OK;
    while (err == PT_OK) {
        const Patuh__BundleRecord *record;
        struct pt_arena arena;
        bool whole = false;
        pt_arena_init(&arena, SIZE_MAX);
        err = pt_bundle_in_next(&t->in, &arena, &record, problem);
        if (err == PT_OK) {
            err = pt_bundle_take(&t->taker, txn, record, &whole);
        }
        if (err == PT_OK && record->receipt != NULL) {
            err = look_at_receipt(t, txn, record->receipt);
        }
        pt_arena_close(&arena);
    }
    return err == PT_ENOTFOUND ? PT_OK : err;
}

static enum pt_err take_all(struct taking *t, struct pt_problem *problem)
{
    struct pt_txn *txn;
    enum pt_err err = pt_store_begin_write(t->device->store, &txn);
    if (err != PT_OK) {
        return err;
    }
    err = take_records(t, txn, problem);
    if (err != PT_OK) {
        pt_store_abort(txn);
        return err;
    }
    return pt_store_commit(txn);
}

static void set_up(struct taking *t)
{
    const struct pt_office_record *office = &t->device->enrolment.offices[0];
    t->blobs = pt_blob_files(t->device->blobs);
    t->taker = (struct pt_bundle_taker){.author = t->device->author,
                                        .takes = takes_any,
                                        .blobs = &t->blobs,
                                        .region_key = office->tier == PT_TIER_REGION ? &office->key : NULL,
                                        .national_key = &pt_enrolment_root(&t->device->enrolment)->key,
                                        .now_ms = pt_now_read().wall_ms};
}

static enum pt_err bring_in(struct taking *t, const char *file, struct patuh_bundle_in *out, struct pt_problem *problem)
{
    enum pt_err err = pt_bundle_in_open(&t->in, file, &t->device->transport_pair, problem);
    if (err == PT_OK) {
        err = check_office(t, file, problem);
    }
    if (err == PT_OK) {
        set_up(t);
        err = take_all(t, problem);
    }
    if (err == PT_OK && pt_bundle_from(t->in.reader)->revoked) { /* that it is no longer so only a session says */
        err = pt_device_note_revoked(t->device, true);
    }
    return err == PT_OK ? pt_sync_settle(t->device, t->stale, &out->fresh_incarnation, problem) : err;
}

enum patuh_result patuh_bundle_in(struct patuh *device, const char *file, struct patuh_bundle_in *out,
                                  struct patuh_problem *problem)
{
    struct pt_problem inner = {0};
    struct taking t = {.device = device};
    struct patuh_bundle_in counts = {0};
    enum pt_err err = pt_device_need_enrolment(device, &inner);
    if (err == PT_OK) {
        err = bring_in(&t, file, &counts, &inner);
        pt_bundle_in_close(&t.in);
    }
    counts.receipts = t.taker.counts.receipts;
    counts.chunks = t.taker.counts.chunks_new + t.taker.counts.chunks_held;
    counts.files = t.taker.counts.files_new;
    counts.left_out = t.taker.counts.left_out;
    if (err == PT_OK && out != NULL) {
        *out = counts;
    }
    return pt_device_tell(device, err, &inner, "bundle", problem);
}
