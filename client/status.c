/* Where everything of this device is: chunk by chunk, and every piece of evidence. */
#include "client/evidence.h"
#include "client/summary.h"

#include "base/mem.h"
#include "core/log/carried.h"
#include "core/log/receipts.h"

#include <stdio.h>
#include <string.h>

const char *patuh_where_name(enum patuh_where where)
{
    static const char *const names[] = {"device", "carried", "region", "head_office"};
    return names[where];
}

/* --- status --- */

struct pieces {
    struct patuh *device;
    struct pt_txn *txn;
    struct pt_arena *arena;
    struct patuh_piece *items;
    size_t n;
    size_t capacity;
    struct pt_covered covered; /* of the log in hand */
};

static enum patuh_where where_is(const struct pieces *p, uint64_t seq)
{
    if (seq <= p->covered.head_office) {
        return PATUH_AT_HEAD_OFFICE;
    }
    if (seq <= p->covered.region) {
        return PATUH_AT_REGION;
    }
    return seq <= p->covered.carried ? PATUH_CARRIED : PATUH_ON_DEVICE;
}

static enum pt_err add_piece(struct pieces *p, struct patuh_piece piece)
{
    enum pt_err err = pt_reserve(&p->items, &p->capacity, p->n + 1, sizeof *p->items);
    if (err == PT_OK) {
        p->items[p->n++] = piece;
    }
    return err;
}

static const char *span_name(struct pieces *p, uint64_t first, uint64_t last)
{
    const char *name = pt_arena_printf(p->arena, "%llu-%llu", (unsigned long long)first, (unsigned long long)last);
    return name == NULL ? "" : name;
}

/* Whole signed runs from a sequence number on; *from is where the next one begins, 0 at the end. */
static enum pt_err next_run(struct pt_txn *txn, const struct pt_head *head, uint64_t *from, struct pt_arena *arena,
                            struct pt_run *run)
{
    uint64_t last = 0;
    enum pt_err err = pt_logs_run(txn, head, *from, PT_CHUNK_BYTES_MAX, arena, run, &last);
    if (err == PT_ENOTFOUND) {
        *from = 0;
        return PT_OK;
    }
    *from = last + 1;
    return err;
}

static enum pt_err add_chunks(struct pieces *p, const struct pt_head *head, const char *assessment)
{
    enum pt_err err = PT_OK;
    for (uint64_t from = 1; err == PT_OK && from != 0;) {
        struct pt_run run = {0};
        err = next_run(p->txn, head, &from, p->arena, &run);
        for (size_t i = 0; err == PT_OK && from != 0 && i < run.n_chunks; i++) {
            struct pt_chunk_header header;
            err = pt_chunk_read_header(run.chunks[i], p->arena, &header);
            if (err == PT_OK) {
                uint64_t last = header.first_seq + header.count - 1;
                err = add_piece(
                    p, (struct patuh_piece){.assessment = assessment,
                                            .what = "chunk",
                                            .name = span_name(p, header.first_seq, last),
                                            .n_entries = header.count,
                                            .n_bytes = run.chunks[i].n,
                                            .where = where_is(p, last),
                                            .held = where_is(p, last) >= PATUH_AT_REGION && last > p->covered.counted,
                                            .here = true});
            }
        }
    }
    uint64_t here = head->pruned ? 0 : head->seq;
    uint64_t last = head->pruned ? head->seq : head->recalled_seq;
    if (err == PT_OK && last > here) { /* head office has it */
        err = add_piece(p, (struct patuh_piece){.assessment = assessment,
                                                .what = "chunk",
                                                .name = span_name(p, here + 1, last),
                                                .n_entries = last - here,
                                                .where = where_is(p, last)});
    }
    if (err == PT_OK && head->tail_seq > head->seq) {
        err = add_piece(p, (struct patuh_piece){.assessment = assessment,
                                                .what = "tail",
                                                .name = span_name(p, head->seq + 1, head->tail_seq),
                                                .n_entries = head->tail_seq - head->seq,
                                                .where = PATUH_ON_DEVICE,
                                                .here = true});
    }
    return err;
}

/* An office has it: known from signed receipts alone. Evidence stays at the office that the device enrolled at. */
static enum pt_err where_is_blob(struct pieces *p, const struct pt_hash *hash, enum patuh_where *where)
{
    struct pt_blob_receipted region;
    struct pt_blob_receipted head_office = {0};
    enum pt_err err = pt_blob_receipted(p->txn, hash, PT_TIER_REGION, &region);
    if (err == PT_OK) {
        err = pt_blob_receipted(p->txn, hash, PT_TIER_NATIONAL, &head_office);
    }
    bool carried = false;
    if (err == PT_OK) {
        err = pt_carried_file(p->txn, hash, &carried);
    }
    *where = carried ? PATUH_CARRIED : PATUH_ON_DEVICE;
    *where = region.found ? PATUH_AT_REGION : *where;
    *where = head_office.found ? PATUH_AT_HEAD_OFFICE : *where;
    return err;
}

static enum pt_err add_evidence(struct pieces *p, const struct pt_head *head, const char *assessment)
{
    struct pt_view view;
    enum pt_err err = pt_logs_view(p->txn, head, 0, true, p->arena, &view);
    for (size_t i = 0; err == PT_OK && i < view.n_entries; i++) {
        const struct pt_entry *entry = &view.entries[i];
        if (entry->kind != PATUH__ENTRY_KIND__ENTRY_ADD_EVIDENCE) {
            continue;
        }
        const Patuh__Evidence *detail = pt_evidence_detail(entry, p->arena);
        const char *name = detail == NULL || detail->name == NULL ? "" : detail->name;
        struct patuh_piece piece = {.assessment = assessment,
                                    .what = "evidence",
                                    .name = pt_arena_str(p->arena, name),
                                    .n_bytes = detail == NULL ? 0 : detail->bytes,
                                    .here = pt_blobs_has(p->device->blobs, &entry->hash)};
        err = piece.name == NULL ? PT_ENOMEM : where_is_blob(p, &entry->hash, &piece.where);
        if (err == PT_OK) {
            err = add_piece(p, piece);
        }
    }
    return err;
}

/* Which branch of a forked log stands is looked up; of any other log all that is receipted counts. */
static enum pt_err read_covered(struct pieces *p, const struct pt_head *head)
{
    struct pt_work work;
    if (!head->forked) {
        return pt_covered_read(p->txn, head, NULL, p->arena, &p->covered);
    }
    enum pt_err err = pt_device_work(&work, p->device, p->txn, &head->log.subject, true, NULL);
    if (err == PT_OK) {
        err = pt_covered_read(p->txn, head, &work.authority, p->arena, &p->covered);
    }
    pt_work_close(&work);
    return err;
}

static enum pt_err add_log(struct pieces *p, const struct pt_head *head)
{
    const char *assessment = pt_arena_str(p->arena, pt_subject_name(&head->log.subject));
    enum pt_err err = assessment == NULL ? PT_ENOMEM : read_covered(p, head);
    if (err == PT_OK) {
        err = add_chunks(p, head, assessment);
    }
    return err == PT_OK ? add_evidence(p, head, assessment) : err;
}

static enum pt_err fill_status(struct pieces *p, struct patuh_status *out)
{
    struct pt_head *heads;
    size_t n_heads = 0;
    enum pt_err err = pt_logs_list(p->txn, NULL, p->arena, &heads, &n_heads);
    for (size_t i = 0; i < n_heads && err == PT_OK; i++) {
        bool own = pt_author_eq(&heads[i].log.author, &p->device->author);
        err = own ? add_log(p, &heads[i]) : PT_OK;
    }
    struct pt_bytes items = pt_arena_dup(p->arena, pt_bytes_of(p->items, p->n * sizeof *p->items));
    if (err != PT_OK || items.data == NULL) {
        return err == PT_OK ? PT_ENOMEM : err;
    }
    memcpy(&out->pieces, &items.data, sizeof out->pieces);
    out->n_pieces = p->n;
    for (size_t i = 0; i < p->n; i++) {
        out->n_on_device += out->pieces[i].where == PATUH_ON_DEVICE ? 1 : 0;
        out->n_carried += out->pieces[i].where == PATUH_CARRIED ? 1 : 0;
    }
    return PT_OK;
}

enum patuh_result patuh_status(struct patuh *device, struct patuh_status *out, struct patuh_problem *problem)
{
    struct pt_problem inner = {0};
    struct pt_txn *txn = NULL;
    struct pt_kept *kept = pt_kept_create();
    struct patuh_status status = {.memory = kept};
    enum pt_err err = kept == NULL ? PT_ENOMEM : pt_store_begin_read(device->store, &txn);
    if (err == PT_OK) {
        struct pieces p = {.device = device, .txn = txn, .arena = &kept->arena};
        err = fill_status(&p, &status);
        status.revoked = device->revoked_ms != 0;
        pt_free(p.items);
        pt_store_abort(txn);
    }
    if (err == PT_OK) {
        *out = status;
    } else {
        pt_kept_destroy(kept);
    }
    return pt_device_tell(device, err, &inner, "status", problem);
}

void patuh_status_free(struct patuh_status *status)
{
    pt_kept_destroy(status->memory);
    *status = (struct patuh_status){0};
}
