/* logs_append.c - where a verified chunk goes: connected, duplicate, parked or held. */
#include "core/logs_internal.h"

#include <string.h>

enum pt_err pt_arrival_last(struct pt_txn *txn, uint64_t *lsn, struct pt_hash *hash)
{
    struct pt_bytes key;
    struct pt_bytes value;
    enum pt_err err = pt_store_last(txn, PT_TABLE_ARRIVAL, (struct pt_bytes){0}, &key, &value);
    if (err == PT_ENOTFOUND) {
        *lsn = 0;
        *hash = (struct pt_hash){0};
        return PT_OK;
    }
    struct pt_arena arena;
    struct pt_record record;
    pt_arena_init(&arena, SIZE_MAX);
    if (err == PT_OK) {
        err = pt__record_read(value, &arena, &record, hash);
    }
    if (err == PT_OK) {
        err = pt_key_read_u64(key, lsn);
    }
    pt_arena_close(&arena);
    return err;
}

enum pt_err pt__arrival_add(struct pt_txn *txn, const struct pt_record *record, uint64_t *lsn)
{
    uint64_t last;
    struct pt_hash before;
    enum pt_err err = pt_arrival_last(txn, &last, &before);
    if (err != PT_OK) {
        return err;
    }
    struct pt_hash hash = pt_hash2(PT_CONTEXT_ARRIVAL, pt_hash_bytes(&before), pt_hash_bytes(&record->link));
    struct pt_key key = pt_key_u64(last + 1);
    err = pt__record_put(txn, PT_TABLE_ARRIVAL, &key, record, &hash);
    if (err == PT_OK) {
        struct pt_key index = pt_key_log_seq_link(record->log, record->first_seq, &record->link);
        err = pt_store_put(txn, PT_TABLE_CHUNKS, pt_key_bytes(&index), pt_key_bytes(&key));
    }
    if (err == PT_OK) {
        *lsn = last + 1;
    }
    return err;
}

enum pt_err pt_arrival_read(struct pt_txn *txn, uint64_t lsn, struct pt_arena *arena, struct pt_record *out)
{
    struct pt_bytes value;
    struct pt_hash hash;
    struct pt_key key = pt_key_u64(lsn);
    enum pt_err err = pt_store_get(txn, PT_TABLE_ARRIVAL, pt_key_bytes(&key), &value);
    return err == PT_OK ? pt__record_read(value, arena, out, &hash) : err;
}

static enum pt_err is_stored(struct pt_txn *txn, const struct pt_record *record, bool *stored)
{
    struct pt_bytes value;
    struct pt_key key = pt_key_log_seq_link(record->log, record->first_seq, &record->link);
    enum pt_err err = pt_store_get(txn, PT_TABLE_CHUNKS, pt_key_bytes(&key), &value);
    if (err == PT_ENOTFOUND) {
        err = pt_store_get(txn, PT_TABLE_PARKED, pt_key_bytes(&key), &value);
    }
    *stored = err == PT_OK;
    return err == PT_ENOTFOUND ? PT_OK : err;
}

/* Is the link before this chunk one that we have, at that place? Then it is a branch of a fork, not a gap. */
static enum pt_err predecessor_known(struct pt_txn *txn, const struct pt_record *record, struct pt_arena *arena,
                                     bool *known)
{
    *known = false;
    if (record->first_seq == 1) {
        *known = true; /* link 0 follows from the log id; pt_run_check has compared it */
        return PT_OK;
    }
    struct pt_key prefix = pt_key_u64(record->log);
    struct pt_rows rows = pt_rows_of(txn, PT_TABLE_CHUNKS, pt_key_bytes(&prefix));
    struct pt_bytes key;
    struct pt_bytes value;
    enum pt_err err = PT_OK;
    while (err == PT_OK && !*known && pt_rows_next(&rows, &key, &value)) {
        uint64_t lsn = 0;
        struct pt_record other;
        err = pt_key_read_u64(value, &lsn);
        if (err == PT_OK) {
            err = pt_arrival_read(txn, lsn, arena, &other);
        }
        *known = err == PT_OK && other.last_seq + 1 == record->first_seq && pt_hash_eq(&other.link, &record->previous);
    }
    enum pt_err end = pt_rows_end(&rows);
    return err == PT_OK ? end : err;
}

static enum pt_err add_good(struct pt_txn *txn, const struct pt_record *record, struct pt_append *out)
{
    uint64_t lsn;
    enum pt_err err = pt__arrival_add(txn, record, &lsn);
    if (err != PT_OK) {
        return err;
    }
    out->head.seq = record->last_seq;
    out->head.link = record->link;
    out->head.last_lsn = lsn;
    out->first_lsn = out->first_lsn == 0 ? lsn : out->first_lsn;
    out->n_accepted++;
    return PT_OK;
}

static enum pt_err park(struct pt_txn *txn, const struct pt_record *record, struct pt_append *out)
{
    if (out->head.n_parked >= PT_PARKED_PER_LOG_MAX) {
        return PT_ELIMIT;
    }
    struct pt_key key = pt_key_log_seq_link(record->log, record->first_seq, &record->link);
    enum pt_err err = pt__record_put(txn, PT_TABLE_PARKED, &key, record, NULL);
    if (err == PT_OK) {
        out->head.n_parked++;
        out->n_parked++;
    }
    return err;
}

static enum pt_err hold(struct pt_txn *txn, struct pt_record *record, struct pt_append *out)
{
    uint64_t lsn;
    record->held = true;
    enum pt_err err = pt__arrival_add(txn, record, &lsn);
    if (err != PT_OK) {
        return err;
    }
    uint64_t fork_seq = record->first_seq - 1;
    if (!out->head.forked || fork_seq < out->head.fork_seq) {
        out->head.fork_seq = fork_seq;
    }
    out->head.forked = true;
    out->head.held_seq = record->last_seq > out->head.held_seq ? record->last_seq : out->head.held_seq;
    out->head.last_lsn = lsn;
    out->n_held++;
    return PT_OK;
}

static enum pt_err place(struct pt_txn *txn, struct pt_record *record, struct pt_arena *arena, struct pt_append *out)
{
    bool stored;
    enum pt_err err = is_stored(txn, record, &stored);
    if (err != PT_OK) {
        return err;
    }
    if (stored) {
        out->n_duplicate++;
        return PT_OK;
    }
    if (record->first_seq == out->head.seq + 1 && pt_hash_eq(&record->previous, &out->head.link)) {
        return add_good(txn, record, out);
    }
    bool branch;
    err = predecessor_known(txn, record, arena, &branch);
    if (err != PT_OK) {
        return err;
    }
    return branch ? hold(txn, record, out) : park(txn, record, out);
}

/* One parked chunk that the head has reached; NOTFOUND when none fits. */
static enum pt_err take_parked(struct pt_txn *txn, struct pt_arena *arena, struct pt_append *out)
{
    struct pt_key prefix = pt_key_log_seq(out->head.number, out->head.seq + 1);
    struct pt_rows rows = pt_rows_of(txn, PT_TABLE_PARKED, pt_key_bytes(&prefix));
    struct pt_bytes key;
    struct pt_bytes value;
    struct pt_record record;
    bool found = false;
    enum pt_err err = PT_OK;
    while (err == PT_OK && !found && pt_rows_next(&rows, &key, &value)) {
        err = pt__record_read(value, arena, &record, NULL);
        found = err == PT_OK && pt_hash_eq(&record.previous, &out->head.link);
    }
    enum pt_err end = pt_rows_end(&rows);
    err = err == PT_OK ? end : err;
    if (err != PT_OK || !found) {
        return err == PT_OK ? PT_ENOTFOUND : err;
    }
    struct pt_key row = pt_key_log_seq_link(record.log, record.first_seq, &record.link);
    err = pt_store_del(txn, PT_TABLE_PARKED, pt_key_bytes(&row));
    if (err == PT_OK) {
        out->head.n_parked--;
        err = add_good(txn, &record, out);
    }
    return err;
}

enum pt_err pt_logs_append(struct pt_txn *txn, const struct pt_checked_run *checked, int64_t now_ms,
                           struct pt_arena *arena, struct pt_append *out)
{
    const struct pt_run *run = checked->run;
    struct pt_append result = {0};
    enum pt_err err = pt_logs_find_or_add(txn, &run->log, &run->key, &result.head);
    for (size_t i = 0; i < run->n_chunks && err == PT_OK; i++) {
        struct pt_record record = {
            .log = result.head.number,
            .first_seq = i == 0 ? run->first_seq : checked->last_seqs[i - 1] + 1,
            .last_seq = checked->last_seqs[i],
            .chunk = run->chunks[i],
            .previous = i == 0 ? run->previous : checked->links[i - 1],
            .link = checked->links[i],
            .has_signature = i + 1 == run->n_chunks,
            .signature = run->signature,
            .received_ms = now_ms,
        };
        err = place(txn, &record, arena, &result);
    }
    while (err == PT_OK && result.head.n_parked > 0) {
        err = take_parked(txn, arena, &result);
    }
    err = err == PT_ENOTFOUND ? PT_OK : err;
    if (err == PT_OK) {
        err = pt_logs_put_head(txn, &result.head);
    }
    if (err == PT_OK) {
        *out = result;
    }
    return err;
}

enum pt_err pt_logs_find(struct pt_txn *txn, const struct pt_log_id *id, struct pt_head *out)
{
    struct pt_bytes value;
    uint64_t number = 0;
    struct pt_key key = pt_key_log_id(id);
    enum pt_err err = pt_store_get(txn, PT_TABLE_LOGS, pt_key_bytes(&key), &value);
    if (err == PT_OK) {
        err = pt_key_read_u64(value, &number);
    }
    return err == PT_OK ? pt_logs_head(txn, number, out) : err;
}

enum pt_err pt_logs_find_or_add(struct pt_txn *txn, const struct pt_log_id *id, const struct pt_public_key *key,
                                struct pt_head *out)
{
    enum pt_err err = pt_logs_find(txn, id, out);
    if (err != PT_ENOTFOUND) {
        return err;
    }
    uint64_t last = 0;
    err = pt_meta_get_u64(txn, "last_log", &last);
    if (err != PT_OK && err != PT_ENOTFOUND) {
        return err;
    }
    struct pt_head head = {.number = last + 1, .log = *id, .key = *key, .link = pt_link_first(id)};
    struct pt_key row = pt_key_log_id(id);
    struct pt_key number = pt_key_u64(head.number);
    err = pt_meta_put_u64(txn, "last_log", head.number);
    if (err == PT_OK) {
        err = pt_store_put(txn, PT_TABLE_LOGS, pt_key_bytes(&row), pt_key_bytes(&number));
    }
    if (err == PT_OK) {
        err = pt_logs_put_head(txn, &head);
    }
    if (err == PT_OK) {
        *out = head;
    }
    return err;
}
