/* A bundle out, when all goes well:
 *   1. what waits in tails is sealed;
 *   2. everything without a receipt goes into the file, with what this device has and lacks of the rest;
 *   3. the file is made durable under its name;
 *   4. what went out is remembered as carried, and the marker is written anew.
 * What can go wrong: the file (2, 3: there is none then; 1 stays); our disk (4: the bundle is good, and its contents
 * count as being on this device only). */
#include "client/sync.h"

#include "base/mem.h"
#include "core/bundle/fill.h"
#include "core/log/carried.h"
#include "core/log/entry_blobs.h"
#include "core/log/wanted.h"
#include "io/clock.h"
#include "io/net/link.h"
#include "io/store/bundle_file.h"

#include <string.h>

struct bundling {
    struct patuh *device;
    struct pt_arena arena;
    struct pt_head *heads; /* all logs here */
    size_t n_heads;
    struct pt_head *gone; /* our logs of which something goes out */
    size_t n_gone;
    struct pt_hash *files; /* that go out */
    size_t n_files, files_capacity;
    struct pt_blob_ops blobs;
    struct pt_bundle_out out;
    struct pt_bundle_fill fill;
};

static bool is_own(const struct bundling *b, const struct pt_head *head)
{
    return pt_author_eq(&head->log.author, &b->device->author);
}

static enum pt_tier upper_tier(const struct bundling *b)
{
    return b->device->enrolment.offices[0].tier;
}

/* --- 2: what goes in --- */

static enum pt_err begin_file(struct bundling *b, const char *file, struct pt_problem *problem)
{
    const struct pt_enrolment *enrolment = &b->device->enrolment;
    struct pt_public_key recipients[PT_OFFICE_CHAIN_MAX];
    struct pt_bundle_origin origin = {
        .author = &b->device->author_pair, .statement = enrolment->signed_statement, .made_ms = pt_now_read().wall_ms};
    struct pt_txn *txn = b->fill.txn;
    for (size_t i = 0; i < enrolment->n_offices; i++) {
        recipients[i] = enrolment->offices[i].transport_key;
    }
    enum pt_err err = pt_receipt_newest(txn, PT_TIER_REGION, &origin.region.epoch, &origin.region.lsn);
    if (err == PT_OK) {
        err = pt_receipt_newest(txn, PT_TIER_NATIONAL, &origin.national.epoch, &origin.national.lsn);
    }
    if (err == PT_OK) {
        err =
            pt_bundle_out_begin(&b->out, file, &b->device->random, recipients, enrolment->n_offices, &origin, problem);
    }
    b->fill.writer = b->out.writer;
    return err;
}

static enum pt_err put_own_logs(struct bundling *b)
{
    enum pt_err err = PT_OK;
    b->gone = pt_arena_zalloc(&b->arena, b->n_heads, sizeof *b->gone);
    if (b->gone == NULL) {
        return pt_arena_err(&b->arena);
    }
    for (size_t i = 0; i < b->n_heads && err == PT_OK; i++) {
        uint32_t before = b->fill.n_chunks;
        err = is_own(b, &b->heads[i]) ? pt_fill_unreceipted(&b->fill, &b->heads[i], upper_tier(b)) : PT_OK;
        if (b->fill.n_chunks > before) {
            b->gone[b->n_gone++] = b->heads[i];
        }
    }
    return err;
}

static bool has_gone(const struct bundling *b, const struct pt_hash *hash)
{
    bool found = false;
    for (size_t i = 0; i < b->n_files && !found; i++) {
        found = pt_hash_eq(&b->files[i], hash);
    }
    return found;
}

static enum pt_err put_evidence(struct bundling *b, const struct pt_hash *hash)
{
    struct pt_blob_receipted receipted;
    uint32_t before = b->fill.n_files;
    enum pt_err err = pt_blob_receipted(b->fill.txn, hash, upper_tier(b), &receipted);
    if (err != PT_OK || receipted.found || has_gone(b, hash)) {
        return err;
    }
    err = pt_fill_file(&b->fill, hash);
    if (err == PT_OK && b->fill.n_files > before) {
        err = pt_reserve(&b->files, &b->files_capacity, b->n_files + 1, sizeof *b->files);
        if (err == PT_OK) {
            b->files[b->n_files++] = *hash;
        }
    }
    return err;
}

/* After the entries that name it: who takes the bundle asks for nothing else. */
static enum pt_err put_own_files(struct bundling *b)
{
    enum pt_err err = PT_OK;
    for (size_t i = 0; i < b->n_heads && err == PT_OK; i++) {
        struct pt_view view = {0};
        err = is_own(b, &b->heads[i]) ? pt_logs_view(b->fill.txn, &b->heads[i], 0, false, &b->arena, &view) : PT_OK;
        for (size_t k = 0; k < view.n_entries && err == PT_OK; k++) {
            const struct pt_entry *entry = &view.entries[k];
            if (entry->kind == PATUH__ENTRY_KIND__ENTRY_ADD_EVIDENCE) {
                err = put_evidence(b, &entry->hash);
            }
        }
    }
    return err;
}

static enum pt_err put_others(struct bundling *b)
{
    struct pt_head *others = pt_arena_zalloc(&b->arena, b->n_heads, sizeof *others);
    size_t n = 0;
    if (others == NULL) {
        return pt_arena_err(&b->arena);
    }
    for (size_t i = 0; i < b->n_heads; i++) {
        if (!is_own(b, &b->heads[i]) && b->heads[i].seq > 0) {
            others[n++] = b->heads[i];
        }
    }
    return pt_fill_heads(&b->fill, others, n);
}

/* Files only: texts come with the entries that name them. */
static enum pt_err put_wants(struct bundling *b)
{
    struct pt_hash hashes[PT_BLOB_HASHES_MAX];
    size_t n = 0;
    struct pt_rows rows = pt_rows_of(b->fill.txn, PT_TABLE_WANTED, (struct pt_bytes){0});
    struct pt_bytes key;
    struct pt_bytes value;
    enum pt_err err = PT_OK;
    while (err == PT_OK && n < PT_BLOB_HASHES_MAX && pt_rows_next(&rows, &key, &value)) {
        struct pt_wanted wanted;
        err = pt_wanted_read(key, value, &b->arena, &wanted);
        bool again = n > 0 && err == PT_OK && pt_hash_eq(&hashes[n - 1], &wanted.hash);
        if (err == PT_OK && pt_kind_names_file(wanted.kind) && !again) {
            hashes[n++] = wanted.hash;
        }
    }
    enum pt_err end = pt_rows_end(&rows);
    err = err == PT_OK ? end : err;
    return err == PT_OK ? pt_fill_wants(&b->fill, hashes, n) : err;
}

static enum pt_err fill(struct bundling *b, const char *file, struct pt_problem *problem)
{
    enum pt_err err = begin_file(b, file, problem);
    if (err == PT_OK) {
        err = pt_logs_list(b->fill.txn, NULL, &b->arena, &b->heads, &b->n_heads);
    }
    if (err == PT_OK) {
        err = put_own_logs(b);
    }
    if (err == PT_OK) {
        err = put_own_files(b);
    }
    if (err == PT_OK) {
        err = put_others(b);
    }
    if (err == PT_OK) {
        err = put_wants(b);
    }
    return err == PT_OK ? pt_bundle_out_finish(&b->out, problem) : err;
}

static enum pt_err write_file(struct bundling *b, const char *file, struct pt_problem *problem)
{
    b->fill = (struct pt_bundle_fill){.blobs = &b->blobs};
    enum pt_err err = pt_store_begin_read(b->device->store, &b->fill.txn);
    if (err == PT_OK) {
        err = fill(b, file, problem);
        pt_store_abort(b->fill.txn);
    }
    return pt_bundle_out_tell(&b->out, err, problem);
}

/* --- 4: afterwards --- */

static enum pt_err put_carried(const struct bundling *b, struct pt_txn *txn)
{
    int64_t now_ms = pt_now_read().wall_ms;
    enum pt_err err = PT_OK;
    for (size_t i = 0; i < b->n_gone && err == PT_OK; i++) {
        err = pt_carried_put_log(txn, &b->gone[i], now_ms);
    }
    for (size_t i = 0; i < b->n_files && err == PT_OK; i++) {
        err = pt_carried_put_file(txn, &b->files[i], now_ms);
    }
    return err;
}

static enum pt_err remember(const struct bundling *b, bool *fresh, struct pt_problem *problem)
{
    struct pt_txn *txn;
    enum pt_err err = pt_store_begin_write(b->device->store, &txn);
    if (err != PT_OK) {
        return err;
    }
    err = put_carried(b, txn);
    if (err != PT_OK) {
        pt_store_abort(txn);
        return err;
    }
    err = pt_store_commit(txn);
    return err == PT_OK ? pt_sync_settle(b->device, false, fresh, problem) : err;
}

enum patuh_result patuh_bundle_out(struct patuh *device, const char *file, struct patuh_bundle_out *out,
                                   struct patuh_problem *problem)
{
    struct pt_problem inner = {0};
    struct bundling b = {.device = device, .blobs = pt_blob_files(device->blobs)};
    uint32_t n_sealed = 0;
    bool fresh = false;
    pt_arena_init(&b.arena, SIZE_MAX);
    enum pt_err err = pt_device_need_enrolment(device, &inner);
    if (err == PT_OK) {
        err = pt_sync_seal(device, &n_sealed);
    }
    if (err == PT_OK) {
        err = write_file(&b, file, &inner);
        pt_bundle_out_drop(&b.out);
    }
    if (err == PT_OK) {
        err = remember(&b, &fresh, &inner);
    }
    if (err == PT_OK && out != NULL) {
        *out =
            (struct patuh_bundle_out){.chunks = b.fill.n_chunks, .files = b.fill.n_files, .fresh_incarnation = fresh};
    }
    pt_free(b.files);
    pt_arena_close(&b.arena);
    return pt_device_tell(device, err, &inner, "bundle", problem);
}
