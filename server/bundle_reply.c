/* bundle_reply.c - what goes back to the device: all of it read in one transaction, so that receipts are for what is
 * durable, and their epoch and LSN are those of the same moment. */
#include "bundle.h"

#include "core/bundle/fill.h"
#include "io/clock.h"
#include "io/store/bundle_file.h"
#include "renewal.h"

#include <string.h>

struct replying {
    struct bundle *bundle;
    struct pt_arena arena;
    struct pt_bundle_out out;
    struct pt_bundle_fill fill;
    bool refilling;
    bool gives; /* more than receipts: the device was not taken out, and this office has back what it lost */
    uint64_t epoch;
    uint64_t lsn;
};

static enum pt_err begin_file(struct replying *r, const char *file, struct pt_problem *problem)
{
    const struct bundle *b = r->bundle;
    struct pt_random random = pt_random_system();
    struct pt_bundle_origin origin = {
        .author = &b->office->pair, .made_ms = pt_now_read().wall_ms, .revoked = b->peer.revoked};
    enum pt_err err = pt_bundle_out_begin(&r->out, file, &random, &b->transport, 1, &origin, problem);
    r->fill.writer = r->out.writer;
    return err;
}

static enum pt_err put_receipt(struct replying *r, struct pt_receipt *receipt)
{
    const struct office *office = r->bundle->office;
    receipt->office = office->author;
    receipt->tier = office->national ? PT_TIER_NATIONAL : PT_TIER_REGION;
    receipt->author = r->bundle->peer.author;
    receipt->epoch = r->epoch;
    receipt->lsn = r->lsn;
    receipt->time_ms = pt_now_read().wall_ms;
    enum pt_err err = pt_receipt_sign(receipt, &office->pair, &r->arena);
    return err == PT_OK ? pt_fill_receipt(&r->fill, receipt->body, &receipt->signature) : err;
}

/* A log of the device: how it stands here, and what head office said of it. */
static enum pt_err put_own_log(struct replying *r, const struct pt_head *head)
{
    struct pt_receipt_log logs[PT_RECEIPT_LOGS_MAX];
    struct pt_chunk_end *ends;
    size_t n_ends = 0;
    enum pt_err err = pt_logs_branch_ends(r->fill.txn, head, &r->arena, &ends, &n_ends);
    if (err != PT_OK) {
        return err;
    }
    struct pt_receipt receipt = {.logs = logs, .n_logs = pt_receipt_logs_of(head, ends, n_ends, logs)};
    if (receipt.n_logs > 0) {
        err = put_receipt(r, &receipt);
    }
    return err == PT_OK && !r->bundle->office->national ? pt_fill_receipts_of(&r->fill, head, PT_TIER_NATIONAL) : err;
}

static enum pt_err put_other_log(struct replying *r, const struct pt_head *head)
{
    const struct bundle *b = r->bundle;
    const struct pt_chunk_end *place = NULL;
    for (size_t i = 0; i < b->n_places && place == NULL; i++) {
        place = pt_log_id_eq(&b->places[i].log, &head->log) ? &b->places[i].end : NULL;
    }
    return pt_fill_after(&r->fill, head, place);
}

static enum pt_err put_subject(struct replying *r, const struct pt_subject *subject)
{
    const struct pt_scope *scope = &r->bundle->session.scope;
    struct pt_head *heads;
    size_t n = 0;
    enum pt_err err = pt_logs_list(r->fill.txn, subject, &r->arena, &heads, &n);
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        if (!scope->has(scope->data, &heads[i].log)) {
            continue;
        }
        if (scope->is_up(scope->data, &heads[i].log)) {
            err = put_own_log(r, &heads[i]);
        } else if (r->gives) {
            err = put_other_log(r, &heads[i]);
        }
    }
    return err;
}

static enum pt_err put_file_receipts(struct replying *r)
{
    struct bundle *b = r->bundle;
    enum pt_err err = PT_OK;
    for (size_t i = 0; i < b->n_files && err == PT_OK; i += PT_BLOB_HASHES_MAX) {
        size_t left = b->n_files - i;
        struct pt_receipt receipt = {.blobs = b->files + i,
                                     .n_blobs = left < PT_BLOB_HASHES_MAX ? left : PT_BLOB_HASHES_MAX};
        err = put_receipt(r, &receipt);
    }
    return err;
}

static enum pt_err put_wanted(struct replying *r)
{
    const struct bundle *b = r->bundle;
    enum pt_err err = PT_OK;
    for (size_t i = 0; i < b->n_wants && err == PT_OK && r->gives && !b->peer.elsewhere; i++) {
        err = pt_fill_file(&r->fill, &b->wants[i]);
    }
    return err;
}

static enum pt_err fill(struct replying *r, struct pt_problem *problem)
{
    const struct pt_scope *scope = &r->bundle->session.scope;
    struct pt_subject *subjects;
    struct pt_hash hash;
    size_t n = 0;
    enum pt_err err = office_is_refilling(r->fill.txn, &r->refilling);
    r->gives = !r->refilling && !r->bundle->peer.revoked;
    if (err == PT_OK) {
        err = office_epoch(r->fill.txn, &r->epoch);
    }
    if (err == PT_OK) {
        err = pt_arrival_last(r->fill.txn, &r->lsn, &hash);
    }
    if (err == PT_OK) {
        err = scope->subjects(scope->data, &r->arena, &subjects, &n);
    }
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        err = put_subject(r, &subjects[i]);
    }
    if (err == PT_OK) {
        err = put_file_receipts(r);
    }
    if (err == PT_OK) {
        err = put_wanted(r);
    }
    return err == PT_OK ? pt_bundle_out_finish(&r->out, problem) : err;
}

/* What was taken may have told who is who, and whose an assessment is. */
static enum pt_err read_directory(struct bundle *b)
{
    directory_close(&b->directory);
    return directory_open(b->office, &b->directory);
}

enum pt_err bundle_reply(struct bundle *bundle, const char *file, struct bundle_told *told, struct pt_problem *problem)
{
    struct replying r = {.bundle = bundle, .fill = {.blobs = &bundle->blobs, .instruments = true}};
    pt_arena_init(&r.arena, SIZE_MAX);
    enum pt_err err = read_directory(bundle);
    if (err == PT_OK) {
        err = begin_file(&r, file, problem);
    }
    if (err == PT_OK) {
        err = pt_store_begin_read(bundle->office->store, &r.fill.txn);
    }
    if (err == PT_OK) {
        err = pt_bundle_out_tell(&r.out, fill(&r, problem), problem);
        pt_store_abort(r.fill.txn);
    }
    pt_bundle_out_drop(&r.out);
    pt_arena_close(&r.arena);
    *told = (struct bundle_told){
        .receipts = r.fill.n_receipts, .chunks = r.fill.n_chunks, .files = r.fill.n_files, .refilling = r.refilling};
    return err;
}
