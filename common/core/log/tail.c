/* tail.c - rows of the open tail: entries of our own that are not sealed yet. */
#include "core/log/logs_internal.h"

#include <string.h>

/* A row: u64 seconds of the clock, u8 has instrument, instrument (32), body of one entry. */

static void put_row(struct pt_buf *row, const struct pt_entry *entry, const struct pt_hash *instrument)
{
    pt_buf_put_u64(row, (uint64_t)entry->wall_s);
    pt_buf_put_u8(row, instrument != NULL);
    if (instrument != NULL) {
        pt_buf_put_bytes(row, pt_hash_bytes(instrument));
    }
    if (row->err == PT_OK) {
        row->err = pt_body_encode(entry, 1, entry->wall_s, row);
    }
}

static enum pt_err read_row(struct pt_bytes value, struct pt_arena *arena, struct pt__tail *tail,
                            struct pt_entry *entry)
{
    struct pt_bytes kept = pt_arena_dup(arena, value);
    if (kept.data == NULL) {
        return pt_arena_err(arena);
    }
    struct pt_reader reader = pt_reader_on(kept);
    int64_t wall_s = (int64_t)pt_read_u64(&reader);
    tail->has_instrument = pt_read_u8(&reader) != 0;
    if (tail->has_instrument) {
        pt_read_into(&reader, tail->instrument.b, sizeof tail->instrument.b);
    }
    struct pt_bytes body = pt_read_rest(&reader);
    if (reader.err != PT_OK) {
        return PT_EDAMAGED;
    }
    struct pt_entry *only;
    enum pt_err err = pt_body_decode(body, 1, wall_s, arena, &only);
    if (err == PT_OK) {
        *entry = *only;
    }
    return err == PT_EMALFORMED ? PT_EDAMAGED : err;
}

enum pt_err pt__tail_read(struct pt_txn *txn, const struct pt_head *head, struct pt_arena *arena, struct pt__tail *out)
{
    struct pt__tail tail = {0};
    struct pt_entry *entries = NULL;
    size_t capacity = 0;
    struct pt_key prefix = pt_key_u64(head->number);
    struct pt_rows rows = pt_rows_of(txn, PT_TABLE_TAIL, pt_key_bytes(&prefix));
    struct pt_bytes key;
    struct pt_bytes value;
    enum pt_err err = PT_OK;
    while (err == PT_OK && pt_rows_next(&rows, &key, &value)) {
        struct pt_entry entry = {0};
        uint64_t log;
        uint64_t seq = 0;
        err = pt_key_read_log_seq(key, &log, &seq);
        tail.first_seq = tail.n == 0 ? seq : tail.first_seq;
        if (err == PT_OK) {
            err = seq == tail.first_seq + tail.n ? read_row(value, arena, &tail, &entry) : PT_EDAMAGED;
        }
        if (err == PT_OK) {
            err = pt_reserve(&entries, &capacity, tail.n + 1, sizeof *entries);
        }
        if (err == PT_OK) {
            entries[tail.n++] = entry;
        }
    }
    enum pt_err end = pt_rows_end(&rows);
    err = err == PT_OK ? end : err;
    if (err == PT_OK) {
        struct pt_bytes copy = pt_arena_dup(arena, pt_bytes_of(entries, tail.n * sizeof *entries));
        memcpy(&tail.entries, &copy.data, sizeof tail.entries);
        err = copy.data == NULL ? pt_arena_err(arena) : PT_OK;
    }
    if (err == PT_OK) {
        *out = tail;
    }
    pt_free(entries);
    return err;
}

enum pt_err pt__tail_check(struct pt_txn *txn, const struct pt_head *head)
{
    if (head->forked) {
        return PT_EFORK;
    }
    if (head->pruned || head->recalled_seq > head->seq) {
        return PT_EGAP;
    }
    if (head->tail_seq == 0) {
        return PT_OK;
    }
    struct pt_key prefix = pt_key_u64(head->number);
    struct pt_rows rows = pt_rows_of(txn, PT_TABLE_TAIL, pt_key_bytes(&prefix));
    struct pt_bytes key;
    struct pt_bytes value;
    uint64_t log;
    uint64_t seq = 0;
    enum pt_err err = PT_EDAMAGED; /* no row at all */
    if (pt_rows_next(&rows, &key, &value)) {
        err = pt_key_read_log_seq(key, &log, &seq);
    }
    enum pt_err end = pt_rows_end(&rows);
    if (err != PT_OK || end != PT_OK) {
        return end != PT_OK ? end : err;
    }
    return seq == head->seq + 1 ? PT_OK : PT_EFORK;
}

enum pt_err pt__tail_changes(struct pt_txn *txn, const struct pt_author_pen *pen, const struct pt_head *head,
                             bool *changes)
{
    struct pt_bytes value;
    struct pt_hash instrument = {0};
    *changes = false;
    if (head->tail_seq == 0) {
        return PT_OK;
    }
    struct pt_key key = pt_key_log_seq(head->number, head->tail_seq);
    enum pt_err err = pt_store_get(txn, PT_TABLE_TAIL, pt_key_bytes(&key), &value);
    if (err != PT_OK) {
        return err == PT_ENOTFOUND ? PT_EDAMAGED : err;
    }
    struct pt_reader reader = pt_reader_on(value);
    (void)pt_read_u64(&reader);
    bool has = pt_read_u8(&reader) != 0;
    if (has) {
        pt_read_into(&reader, instrument.b, sizeof instrument.b);
    }
    bool same = has == (pen->instrument != NULL) && (!has || pt_hash_eq(&instrument, pen->instrument));
    *changes = !same;
    return PT_OK;
}

enum pt_err pt__tail_add(struct pt_txn *txn, const struct pt_author_pen *pen, struct pt_head *head,
                         const struct pt_entry *entry)
{
    struct pt_buf row = {0};
    uint64_t next = (head->tail_seq == 0 ? head->seq : head->tail_seq) + 1;
    struct pt_key key = pt_key_log_seq(head->number, next);
    put_row(&row, entry, pen->instrument);
    enum pt_err err = row.err;
    if (err == PT_OK) {
        err = pt_store_put(txn, PT_TABLE_TAIL, pt_key_bytes(&key), pt_buf_bytes(&row));
    }
    pt_buf_free(&row);
    if (err == PT_OK) {
        head->tail_seq = next;
        err = pt_logs_put_head(txn, head);
    }
    return err;
}
