#include "core/bundle/fill.h"

#include "base/mem.h"
#include "core/log/entry_blobs.h"
#include "core/log/run_message.h"
#include "core/wire/pack.h"

#include <string.h>

/* --- runs --- */

/* Texts that found no room beside their run. */
static enum pt_err put_more_texts(struct pt_bundle_fill *fill, const struct pt_run *run, Patuh__LogRef *ref,
                                  size_t n_before, struct pt_arena *arena)
{
    ProtobufCBinaryData *texts;
    size_t n = 0;
    enum pt_err err = pt_run_texts(fill->txn, run, n_before, arena, &texts, &n);
    while (err == PT_OK && n > 0) {
        for (size_t i = 0; i < n && err == PT_OK; i++) {
            Patuh__BundleRecord record = PATUH__BUNDLE_RECORD__INIT;
            Patuh__BundleText text = PATUH__BUNDLE_TEXT__INIT;
            text.log = ref;
            text.has_content = true;
            text.content = texts[i];
            record.text = &text;
            err = pt_bundle_put(fill->writer, &record);
        }
        n_before += n;
        err = err == PT_OK ? pt_run_texts(fill->txn, run, n_before, arena, &texts, &n) : err;
    }
    return err;
}

static enum pt_err put_instrument(void *data, const struct pt_hash *hash, bool small, Patuh__EntryKind kind)
{
    return !small && kind == PATUH__ENTRY_KIND__ENTRY_INSTRUMENT ? pt_fill_file(data, hash) : PT_OK;
}

static enum pt_err put_instruments(struct pt_bundle_fill *fill, const struct pt_run *run, struct pt_arena *arena)
{
    enum pt_err err = PT_OK;
    for (size_t i = 0; i < run->n_chunks && err == PT_OK; i++) {
        struct pt_chunk_header header;
        struct pt_entry *entries;
        if (pt_chunk_decode(run->chunks[i], arena, &header, &entries) != PT_OK) {
            continue; /* relayed as it is */
        }
        for (uint32_t k = 0; k < header.count && err == PT_OK; k++) {
            err = pt_entry_blobs(&entries[k], arena, put_instrument, fill);
        }
    }
    return err;
}

static enum pt_err put_run(struct pt_bundle_fill *fill, const struct pt_run *run, struct pt_arena *arena)
{
    Patuh__BundleRecord record = PATUH__BUNDLE_RECORD__INIT;
    Patuh__Chunks chunks;
    enum pt_err err = pt_run_message(fill->txn, run, arena, &chunks);
    if (err != PT_OK) {
        return err;
    }
    chunks.log = pt_log_ref_of(&run->log, &run->key, arena);
    record.chunks = &chunks;
    err = chunks.log == NULL ? pt_arena_err(arena) : pt_bundle_put(fill->writer, &record);
    if (err == PT_OK) {
        fill->n_chunks += (uint32_t)run->n_chunks;
        err = put_more_texts(fill, run, chunks.log, chunks.n_text, arena);
    }
    return err == PT_OK && fill->instruments ? put_instruments(fill, run, arena) : err;
}

/* The log or a branch of it, from an entry on. What can go to no peer ends it, as in a session: what lies behind would
 * only be parked there. */
static enum pt_err put_chain(struct pt_bundle_fill *fill, const struct pt_head *head, const struct pt_branch *branch,
                             uint64_t from_seq)
{
    enum pt_err err = PT_OK;
    while (err == PT_OK) {
        struct pt_arena arena;
        struct pt_run run;
        uint64_t last_seq = 0;
        uint64_t next_seq = 0;
        pt_arena_init(&arena, SIZE_MAX);
        err = pt_logs_sendable_run(fill->txn, head, branch, from_seq, PT_CREDIT_BYTES, &arena, &run, &last_seq,
                                   &next_seq);
        bool ended = err == PT_ENOTFOUND || err == PT_ELIMIT;
        err = err == PT_OK ? put_run(fill, &run, &arena) : err;
        pt_arena_close(&arena);
        if (ended) {
            return PT_OK;
        }
        from_seq = next_seq;
    }
    return err;
}

/* --- logs --- */

/* Not before the fork, when an earlier branch brings that already. */
static uint64_t past_trunk(const struct pt_fork *fork, bool trunk_goes, uint64_t from_seq)
{
    return trunk_goes && from_seq <= fork->seq ? fork->seq + 1 : from_seq;
}

static enum pt_err put_unreceipted(struct pt_bundle_fill *fill, const struct pt_head *head, enum pt_tier tier,
                                   const struct pt_fork *fork)
{
    uint64_t covered = 0;
    bool trunk_goes = false;
    enum pt_err err = PT_OK;
    if (fork->n == 0) {
        err = pt_receipt_covers(fill->txn, head, tier, &covered);
        return err == PT_OK && covered < head->seq ? put_chain(fill, head, NULL, covered + 1) : err;
    }
    for (size_t i = 0; i < fork->n && err == PT_OK; i++) {
        const struct pt_branch *branch = &fork->branches[i];
        err = pt_receipt_covers_branch(fill->txn, head, tier, branch, &covered);
        if (err == PT_OK && covered < branch->seq) {
            err = put_chain(fill, head, branch, past_trunk(fork, trunk_goes, covered + 1));
            trunk_goes = true;
        }
    }
    return err;
}

enum pt_err pt_fill_unreceipted(struct pt_bundle_fill *fill, const struct pt_head *head, enum pt_tier tier)
{
    struct pt_fork fork;
    struct pt_arena arena;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_logs_fork(fill->txn, head, 0, &arena, &fork);
    if (err == PT_OK) {
        err = put_unreceipted(fill, head, tier, &fork);
    }
    pt_arena_close(&arena);
    return err;
}

static enum pt_err put_after(struct pt_bundle_fill *fill, const struct pt_head *head, const struct pt_chunk_end *place,
                             const struct pt_fork *fork)
{
    enum pt_stand stand = PT_STAND_NONE;
    enum pt_err err = place == NULL ? PT_OK : pt_logs_stand(fill->txn, head, place->seq, &place->link, &stand);
    if (err != PT_OK || fork->n == 0) {
        return err == PT_OK ? put_chain(fill, head, NULL, stand == PT_STAND_GOOD ? place->seq + 1 : 1) : err;
    }
    uint64_t named = stand == PT_STAND_NONE ? 0 : place->seq;
    bool trunk_goes = named >= fork->seq && stand != PT_STAND_NONE;
    for (size_t i = 0; i < fork->n && err == PT_OK; i++) {
        const struct pt_branch *branch = &fork->branches[i];
        bool on_it = named > fork->seq && pt_branch_chunk(branch, &place->link) != NULL;
        uint64_t from = on_it || named <= fork->seq ? named + 1 : 1;
        err = put_chain(fill, head, branch, past_trunk(fork, trunk_goes, from));
        trunk_goes = true;
    }
    return err;
}

enum pt_err pt_fill_after(struct pt_bundle_fill *fill, const struct pt_head *head, const struct pt_chunk_end *place)
{
    struct pt_fork fork;
    struct pt_arena arena;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_logs_fork(fill->txn, head, 0, &arena, &fork);
    if (err == PT_OK) {
        err = put_after(fill, head, place, &fork);
    }
    pt_arena_close(&arena);
    return err;
}

/* --- receipts --- */

enum pt_err pt_fill_receipt(struct pt_bundle_fill *fill, struct pt_bytes body, const struct pt_signature *signature)
{
    Patuh__BundleRecord record = PATUH__BUNDLE_RECORD__INIT;
    Patuh__Receipt receipt = PATUH__RECEIPT__INIT;
    receipt.has_body = receipt.has_signature = true;
    receipt.body = pt_binary(body.data, body.n);
    receipt.signature = pt_binary(signature->b, sizeof signature->b);
    record.receipt = &receipt;
    enum pt_err err = pt_bundle_put(fill->writer, &record);
    fill->n_receipts += err == PT_OK;
    return err;
}

enum pt_err pt_fill_receipts_of(struct pt_bundle_fill *fill, const struct pt_head *head, enum pt_tier tier)
{
    struct pt_arena arena;
    struct pt_receipted counted;
    struct pt_receipted *held = NULL;
    size_t n = 0;
    struct pt_bytes last = {0}; /* one receipt may be for several branches */
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_receipted(fill->txn, head, tier, &arena, &counted);
    if (err == PT_OK && head->forked) {
        err = pt_receipts_held(fill->txn, head, tier, &arena, &held, &n);
    }
    for (size_t i = 0; i <= n && err == PT_OK; i++) {
        const struct pt_receipted *row = i == 0 ? &counted : &held[i - 1];
        if (row->body.n > 0 && !pt_bytes_eq(last, row->body)) {
            err = pt_fill_receipt(fill, row->body, &row->signature);
            last = row->body;
        }
    }
    pt_arena_close(&arena);
    return err;
}

/* --- files --- */

static enum pt_err put_part(struct pt_bundle_fill *fill, const struct pt_hash *hash, uint64_t *offset, uint64_t *total)
{
    Patuh__BundleRecord record = PATUH__BUNDLE_RECORD__INIT;
    Patuh__BlobPart part = PATUH__BLOB_PART__INIT;
    struct pt_arena arena;
    struct pt_bytes bytes;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = fill->blobs->read(fill->blobs->data, hash, *offset, PT_BLOB_PART_BYTES, &arena, &bytes, total);
    if (err == PT_OK) {
        part.has_hash = part.has_offset = part.has_total = part.has_data = true;
        part.hash = pt_binary(hash->b, sizeof hash->b);
        part.offset = *offset;
        part.total = *total;
        part.data = pt_binary(bytes.data, bytes.n);
        record.part = &part;
        err = pt_bundle_put(fill->writer, &record);
        *offset += bytes.n;
    }
    pt_arena_close(&arena);
    return err;
}

enum pt_err pt_fill_file(struct pt_bundle_fill *fill, const struct pt_hash *hash)
{
    uint64_t offset = 0;
    uint64_t total = 1;
    enum pt_err err = PT_OK;
    while (err == PT_OK && offset < total) {
        err = put_part(fill, hash, &offset, &total);
    }
    if (err == PT_ENOTFOUND && offset == 0) {
        return PT_OK;
    }
    fill->n_files += err == PT_OK;
    return err;
}

/* --- what this side has and lacks --- */

static enum pt_err put_page(struct pt_bundle_fill *fill, const struct pt_head *heads, size_t n)
{
    Patuh__BundleRecord record = PATUH__BUNDLE_RECORD__INIT;
    Patuh__Heads page = PATUH__HEADS__INIT;
    Patuh__Head rows[PT_HEADS_PER_PAGE];
    Patuh__Head *list[PT_HEADS_PER_PAGE];
    struct pt_arena arena;
    enum pt_err err = PT_OK;
    pt_arena_init(&arena, SIZE_MAX);
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        patuh__head__init(&rows[i]);
        rows[i].log = pt_log_ref_of(&heads[i].log, &heads[i].key, &arena);
        rows[i].has_seq = rows[i].has_link = true;
        rows[i].seq = heads[i].seq;
        rows[i].link = pt_binary(heads[i].link.b, sizeof heads[i].link.b);
        list[i] = &rows[i];
        err = rows[i].log == NULL ? pt_arena_err(&arena) : PT_OK;
    }
    page.n_head = n;
    page.head = list;
    record.heads = &page;
    err = err == PT_OK ? pt_bundle_put(fill->writer, &record) : err;
    pt_arena_close(&arena);
    return err;
}

enum pt_err pt_fill_heads(struct pt_bundle_fill *fill, const struct pt_head *heads, size_t n)
{
    enum pt_err err = PT_OK;
    for (size_t i = 0; i < n && err == PT_OK; i += PT_HEADS_PER_PAGE) {
        err = put_page(fill, heads + i, n - i < PT_HEADS_PER_PAGE ? n - i : PT_HEADS_PER_PAGE);
    }
    return err;
}

enum pt_err pt_fill_wants(struct pt_bundle_fill *fill, const struct pt_hash *hashes, size_t n)
{
    Patuh__BundleRecord record = PATUH__BUNDLE_RECORD__INIT;
    Patuh__BlobOffer wants = PATUH__BLOB_OFFER__INIT;
    wants.has_hashes = true;
    wants.hashes = pt_binary(hashes, n * sizeof *hashes);
    record.wants = &wants;
    return n == 0 ? PT_OK : pt_bundle_put(fill->writer, &record);
}
