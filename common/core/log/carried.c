#include "core/log/carried.h"

#include "core/log/logs_internal.h"
#include "core/wire/pack.h"
#include "core/wire/unpack.h"
#include "records.pb-c.h"

#include <string.h>

static enum pt_err read_place(struct pt_bytes value, struct pt_arena *arena, struct pt_chunk_end *out)
{
    ProtobufCMessage *message;
    enum pt_err err = pt_unpack(&patuh__receipt_record__descriptor, value, arena, &message);
    if (err != PT_OK) {
        return err == PT_ENOMEM ? err : PT_EDAMAGED;
    }
    const Patuh__ReceiptRecord *row = (const Patuh__ReceiptRecord *)message;
    if (row->link.len != sizeof out->link.b) {
        return PT_EDAMAGED;
    }
    out->seq = row->seq;
    memcpy(out->link.b, row->link.data, sizeof out->link.b);
    return PT_OK;
}

/* All rows of a log, one for every end of a branch. */
static enum pt_err read_places(struct pt_txn *txn, const struct pt_head *head, struct pt_arena *arena,
                               struct pt_chunk_end **out, size_t *n_out)
{
    struct pt_key prefix = pt_key_receipt(head->number, PT_TIER_DEVICE);
    struct pt_rows rows = pt_rows_of(txn, PT_TABLE_RECEIPTS, pt_key_bytes(&prefix));
    struct pt_bytes key;
    struct pt_bytes value;
    size_t capacity = 0;
    enum pt_err err = PT_OK;
    *out = NULL;
    *n_out = 0;
    while (err == PT_OK && pt_rows_next(&rows, &key, &value)) {
        err = pt_reserve(out, &capacity, *n_out + 1, sizeof **out);
        if (err == PT_OK) {
            err = read_place(value, arena, &(*out)[*n_out]);
            *n_out += err == PT_OK;
        }
    }
    enum pt_err end = pt_rows_end(&rows);
    return err == PT_OK ? end : err;
}

static enum pt_err put_place(struct pt_txn *txn, const struct pt_head *head, const struct pt_chunk_end *place,
                             int64_t now_ms)
{
    Patuh__ReceiptRecord row;
    struct pt_key key = pt_key_receipt_held(head->number, PT_TIER_DEVICE, &place->link);
    patuh__receipt_record__init(&row);
    row.has_seq = row.has_link = row.has_time_ms = true;
    row.seq = place->seq;
    row.link = pt_binary(place->link.b, sizeof place->link.b);
    row.time_ms = now_ms;
    return pt__row_put(txn, PT_TABLE_RECEIPTS, &key, &row.base);
}

static enum pt_err drop_places(struct pt_txn *txn, const struct pt_head *head, const struct pt_chunk_end *places,
                               size_t n)
{
    enum pt_err err = PT_OK;
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        struct pt_key key = pt_key_receipt_held(head->number, PT_TIER_DEVICE, &places[i].link);
        err = pt_store_del(txn, PT_TABLE_RECEIPTS, pt_key_bytes(&key));
    }
    return err;
}

enum pt_err pt_carried_put_log(struct pt_txn *txn, const struct pt_head *head, int64_t now_ms)
{
    struct pt_arena arena;
    struct pt_chunk_end whole = {.seq = head->seq, .link = head->link};
    struct pt_chunk_end *ends = NULL;
    struct pt_chunk_end *before = NULL;
    size_t n_ends = 0;
    size_t n_before = 0;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = read_places(txn, head, &arena, &before, &n_before);
    if (err == PT_OK) {
        err = drop_places(txn, head, before, n_before);
    }
    if (err == PT_OK) {
        err = pt_logs_branch_ends(txn, head, &arena, &ends, &n_ends);
    }
    if (err == PT_OK && n_ends == 0 && head->seq > 0) {
        err = put_place(txn, head, &whole, now_ms);
    }
    for (size_t i = 0; i < n_ends && err == PT_OK; i++) {
        err = put_place(txn, head, &ends[i], now_ms);
    }
    pt_free(before);
    pt_arena_close(&arena);
    return err;
}

enum pt_err pt_carried_covers(struct pt_txn *txn, const struct pt_head *head, uint64_t *seq)
{
    struct pt_arena arena;
    struct pt_chunk_end *places = NULL;
    size_t n = 0;
    pt_arena_init(&arena, SIZE_MAX);
    *seq = 0;
    enum pt_err err = read_places(txn, head, &arena, &places, &n);
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        enum pt_stand stand = PT_STAND_NONE;
        if (places[i].seq > *seq) {
            err = pt_logs_stand(txn, head, places[i].seq, &places[i].link, &stand);
        }
        *seq = stand == PT_STAND_GOOD ? places[i].seq : *seq;
    }
    pt_free(places);
    pt_arena_close(&arena);
    return err;
}

enum pt_err pt_carried_put_file(struct pt_txn *txn, const struct pt_hash *hash, int64_t now_ms)
{
    Patuh__ReceiptRecord row;
    struct pt_key key = pt_key_hash_tier(hash, PT_TIER_DEVICE);
    patuh__receipt_record__init(&row);
    row.has_time_ms = true;
    row.time_ms = now_ms;
    return pt__row_put(txn, PT_TABLE_BLOB_RECEIPTS, &key, &row.base);
}

enum pt_err pt_carried_file(struct pt_txn *txn, const struct pt_hash *hash, bool *carried)
{
    struct pt_bytes value;
    struct pt_key key = pt_key_hash_tier(hash, PT_TIER_DEVICE);
    enum pt_err err = pt_store_get(txn, PT_TABLE_BLOB_RECEIPTS, pt_key_bytes(&key), &value);
    *carried = err == PT_OK;
    return err == PT_ENOTFOUND ? PT_OK : err;
}
