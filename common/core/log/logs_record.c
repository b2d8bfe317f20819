/* logs_record.c - rows of the log store's tables as structs, and back. */
#include "core/log/logs_internal.h"

#include "core/store/keys.h"
#include "core/wire/pack.h"
#include "core/wire/unpack.h"
#include "records.pb-c.h"

#include <string.h>

static bool copy_exact(const ProtobufCBinaryData *field, void *out, size_t n)
{
    if (field->len != n) {
        return false;
    }
    memcpy(out, field->data, n);
    return true;
}

enum pt_err pt__row_put(struct pt_txn *txn, enum pt_table table, const struct pt_key *key,
                        const ProtobufCMessage *message)
{
    struct pt_arena arena;
    struct pt_bytes row;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_pack(message, &arena, &row);
    if (err == PT_OK) {
        err = pt_store_put(txn, table, pt_key_bytes(key), row);
    }
    pt_arena_close(&arena);
    return err;
}

/* A row that cannot be read back is damaged, whatever the parser calls it; a full arena is not the row's fault. */
static enum pt_err unpack_row(const ProtobufCMessageDescriptor *kind, struct pt_bytes value, struct pt_arena *arena,
                              ProtobufCMessage **out)
{
    enum pt_err err = pt_unpack(kind, value, arena, out);
    return err == PT_OK || err == PT_ENOMEM || arena->exhausted ? err : PT_EDAMAGED;
}

enum pt_err pt_logs_put_head(struct pt_txn *txn, const struct pt_head *head)
{
    Patuh__HeadRecord record;
    struct pt_buf id = {0};
    patuh__head_record__init(&record);
    pt_log_id_put(&id, &head->log);
    record.has_log_id = record.has_seq = record.has_link = record.has_forked = record.has_last_lsn = true;
    record.has_tail_seq = record.has_n_parked = record.has_held_seq = record.has_public_key = true;
    record.has_fork_seq = true;
    record.has_pruned = record.pruned = head->pruned;
    record.has_recalled_seq = head->recalled_seq > 0;
    record.recalled_seq = head->recalled_seq;
    record.log_id = pt_binary(id.data, id.n);
    record.seq = head->seq;
    record.link = pt_binary(head->link.b, sizeof head->link.b);
    record.forked = head->forked;
    record.fork_seq = head->fork_seq;
    record.held_seq = head->held_seq;
    record.last_lsn = head->last_lsn;
    record.tail_seq = head->tail_seq;
    record.n_parked = head->n_parked;
    record.public_key = pt_binary(head->key.b, sizeof head->key.b);
    struct pt_key key = pt_key_u64(head->number);
    enum pt_err err = id.err;
    if (err == PT_OK) {
        err = pt__row_put(txn, PT_TABLE_HEADS, &key, &record.base);
    }
    pt_buf_free(&id);
    return err;
}

static enum pt_err head_from(const Patuh__HeadRecord *record, uint64_t number, struct pt_head *out)
{
    struct pt_head head = {
        .number = number,
        .seq = record->seq,
        .forked = record->forked,
        .fork_seq = record->fork_seq,
        .held_seq = record->held_seq,
        .last_lsn = record->last_lsn,
        .tail_seq = record->tail_seq,
        .n_parked = record->n_parked,
        .pruned = record->pruned,
        .recalled_seq = record->recalled_seq,
    };
    if (!copy_exact(&record->link, head.link.b, sizeof head.link.b) ||
        !copy_exact(&record->public_key, head.key.b, sizeof head.key.b) ||
        pt_log_id_read(pt_bytes_of(record->log_id.data, record->log_id.len), &head.log) != PT_OK) {
        return PT_EDAMAGED;
    }
    *out = head;
    return PT_OK;
}

enum pt_err pt__head_read(struct pt_bytes value, uint64_t number, struct pt_arena *scratch, struct pt_head *out)
{
    ProtobufCMessage *message;
    enum pt_err err = unpack_row(&patuh__head_record__descriptor, value, scratch, &message);
    return err == PT_OK ? head_from((const Patuh__HeadRecord *)message, number, out) : err;
}

enum pt_err pt_logs_head(struct pt_txn *txn, uint64_t number, struct pt_head *out)
{
    struct pt_bytes value;
    struct pt_key key = pt_key_u64(number);
    enum pt_err err = pt_store_get(txn, PT_TABLE_HEADS, pt_key_bytes(&key), &value);
    if (err != PT_OK) {
        return err;
    }
    struct pt_arena arena;
    pt_arena_init(&arena, SIZE_MAX);
    err = pt__head_read(value, number, &arena, out);
    pt_arena_close(&arena);
    return err;
}

static void fill_record(Patuh__ChunkRecord *out, const struct pt_record *record, const struct pt_hash *arrival_hash)
{
    patuh__chunk_record__init(out);
    out->has_log = out->has_first_seq = out->has_count = out->has_previous_link = true;
    out->has_chunk = record->chunk.n > 0;
    out->has_link = out->has_status = out->has_received_ms = true;
    out->log = record->log;
    out->first_seq = record->first_seq;
    out->count = (uint32_t)(record->last_seq - record->first_seq + 1);
    out->chunk = pt_binary(record->chunk.data, record->chunk.n);
    out->previous_link = pt_binary(record->previous.b, sizeof record->previous.b);
    out->link = pt_binary(record->link.b, sizeof record->link.b);
    out->has_signature = record->has_signature;
    out->signature = pt_binary(record->signature.b, sizeof record->signature.b);
    out->status = record->held ? PATUH__CHUNK_STATUS__CHUNK_HELD : PATUH__CHUNK_STATUS__CHUNK_GOOD;
    out->received_ms = record->received_ms;
    out->has_arrival_hash = arrival_hash != NULL;
    if (arrival_hash != NULL) {
        out->arrival_hash = pt_binary(arrival_hash->b, sizeof arrival_hash->b);
    }
}

enum pt_err pt__record_put(struct pt_txn *txn, enum pt_table table, const struct pt_key *key,
                           const struct pt_record *record, const struct pt_hash *arrival_hash)
{
    Patuh__ChunkRecord row;
    fill_record(&row, record, arrival_hash);
    return pt__row_put(txn, table, key, &row.base);
}

enum pt_err pt__record_read(struct pt_bytes value, struct pt_arena *arena, struct pt_record *out,
                            struct pt_hash *arrival_hash)
{
    ProtobufCMessage *message;
    enum pt_err err = unpack_row(&patuh__chunk_record__descriptor, value, arena, &message);
    if (err != PT_OK) {
        return err;
    }
    const Patuh__ChunkRecord *row = (const Patuh__ChunkRecord *)message;
    struct pt_record record = {
        .log = row->log,
        .first_seq = row->first_seq,
        .last_seq = row->first_seq + row->count - 1,
        .chunk = pt_bytes_of(row->chunk.data, row->chunk.len),
        .has_signature = row->has_signature,
        .held = row->status == PATUH__CHUNK_STATUS__CHUNK_HELD,
        .received_ms = row->received_ms,
    };
    if (!copy_exact(&row->previous_link, record.previous.b, sizeof record.previous.b) ||
        !copy_exact(&row->link, record.link.b, sizeof record.link.b) ||
        (row->has_signature && !copy_exact(&row->signature, record.signature.b, sizeof record.signature.b)) ||
        (arrival_hash != NULL && !copy_exact(&row->arrival_hash, arrival_hash->b, sizeof arrival_hash->b))) {
        return PT_EDAMAGED;
    }
    *out = record;
    return PT_OK;
}
