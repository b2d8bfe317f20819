/* prune.c - what goes when an assessment is pruned, and how it comes back. */
#include "core/log/prune.h"

#include "base/mem.h"
#include "core/log/logs_internal.h"
#include "core/log/wanted.h"
#include "core/store/meta.h"
#include "core/wire/pack.h"
#include "core/wire/unpack.h"
#include "records.pb-c.h"

#include <stdio.h>
#include <string.h>

/* --- the record --- */

struct name {
    char text[sizeof PT_META_PRUNED + 1 + PT_SUBJECT_BYTES_MAX];
};

static struct name name_of(const struct pt_subject *subject)
{
    struct name name;
    (void)snprintf(name.text, sizeof name.text, PT_META_PRUNED " %s", subject->text);
    return name;
}

static char *text_of(const char *text, struct pt_arena *arena)
{
    return pt_arena_str(arena, text == NULL ? "" : text);
}

static enum pt_err put_record(struct pt_txn *txn, const struct pt_subject *subject, const struct pt_pruned *pruned)
{
    struct pt_arena arena;
    struct pt_bytes row;
    struct name name = name_of(subject);
    Patuh__PrunedRecord record;
    patuh__pruned_record__init(&record);
    pt_arena_init(&arena, SIZE_MAX);
    record.has_recalled = record.has_state = record.has_since_ms = record.has_pruned_ms = true;
    record.has_assigned = record.has_n_answered = true;
    record.recalled = pruned->recalled;
    record.state = pruned->state;
    record.since_ms = pruned->since_ms;
    record.pruned_ms = pruned->pruned_ms;
    record.unit = text_of(pruned->unit, &arena);
    record.institution = text_of(pruned->institution, &arena);
    record.surveyors = text_of(pruned->surveyors, &arena);
    record.assigned = pruned->assigned;
    record.n_answered = pruned->n_answered;
    enum pt_err err = arena.exhausted ? PT_ENOMEM : pt_pack(&record.base, &arena, &row);
    if (err == PT_OK) {
        err = pt_meta_put(txn, name.text, row);
    }
    pt_arena_close(&arena);
    return err;
}

enum pt_err pt_pruned_read(struct pt_txn *txn, const struct pt_subject *subject, struct pt_arena *arena,
                           struct pt_pruned *out)
{
    struct pt_bytes value;
    ProtobufCMessage *message;
    struct name name = name_of(subject);
    enum pt_err err = pt_meta_get(txn, name.text, &value);
    if (err != PT_OK) {
        return err;
    }
    err = pt_unpack(&patuh__pruned_record__descriptor, value, arena, &message);
    if (err != PT_OK) {
        return err == PT_ENOMEM || arena->exhausted ? err : PT_EDAMAGED;
    }
    const Patuh__PrunedRecord *record = (const Patuh__PrunedRecord *)message;
    *out = (struct pt_pruned){.recalled = record->recalled,
                              .state = record->state,
                              .since_ms = record->since_ms,
                              .pruned_ms = record->pruned_ms,
                              .unit = text_of(record->unit, arena),
                              .institution = text_of(record->institution, arena),
                              .surveyors = text_of(record->surveyors, arena),
                              .assigned = record->assigned,
                              .n_answered = record->n_answered};
    return arena->exhausted ? PT_ENOMEM : PT_OK;
}

enum pt_err pt_pruned_has(struct pt_txn *txn, const struct pt_subject *subject, bool *pruned)
{
    struct pt_bytes value;
    struct name name = name_of(subject);
    enum pt_err err = pt_meta_get(txn, name.text, &value);
    *pruned = err == PT_OK;
    return err == PT_ENOTFOUND ? PT_OK : err;
}

/* --- going --- */

/* The first row under a prefix. Errors: NOTFOUND. */
static enum pt_err first_row(struct pt_txn *txn, enum pt_table table, const struct pt_key *prefix, struct pt_key *key,
                             uint64_t *number)
{
    struct pt_rows rows = pt_rows_of(txn, table, pt_key_bytes(prefix));
    struct pt_bytes row;
    struct pt_bytes value;
    enum pt_err err = PT_ENOTFOUND;
    if (pt_rows_next(&rows, &row, &value)) {
        *key = pt_key_copy(row);
        err = number == NULL ? PT_OK : pt_key_read_u64(value, number);
    }
    enum pt_err end = pt_rows_end(&rows);
    return end == PT_OK ? err : end;
}

static enum pt_err delete_texts(struct pt_txn *txn, const struct pt_subject *subject)
{
    struct pt_key key;
    struct pt_key prefix = pt_key_subject(subject);
    enum pt_err err = first_row(txn, PT_TABLE_TEXTS, &prefix, &key, NULL);
    while (err == PT_OK) {
        err = pt_store_del(txn, PT_TABLE_TEXTS, pt_key_bytes(&key));
        err = err == PT_OK ? first_row(txn, PT_TABLE_TEXTS, &prefix, &key, NULL) : err;
    }
    return err == PT_ENOTFOUND ? PT_OK : err;
}

/* A row of the arrival log; of the last one everything but the chunk stays. */
static enum pt_err delete_arrival(struct pt_txn *txn, uint64_t lsn, uint64_t last)
{
    struct pt_arena arena;
    struct pt_bytes value;
    struct pt_record record;
    struct pt_hash hash;
    struct pt_key key = pt_key_u64(lsn);
    if (lsn != last) {
        return pt_store_del(txn, PT_TABLE_ARRIVAL, pt_key_bytes(&key));
    }
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_store_get(txn, PT_TABLE_ARRIVAL, pt_key_bytes(&key), &value);
    if (err == PT_OK) {
        err = pt__record_read(value, &arena, &record, &hash);
    }
    if (err == PT_OK) {
        record.chunk = (struct pt_bytes){0};
        record.has_signature = false;
        err = pt__record_put(txn, PT_TABLE_ARRIVAL, &key, &record, &hash);
    }
    pt_arena_close(&arena);
    return err;
}

static enum pt_err delete_chunks(struct pt_txn *txn, uint64_t log)
{
    uint64_t last = 0;
    uint64_t lsn = 0;
    struct pt_hash hash;
    struct pt_key key;
    struct pt_key prefix = pt_key_u64(log);
    enum pt_err err = pt_arrival_last(txn, &last, &hash);
    if (err == PT_OK) {
        err = first_row(txn, PT_TABLE_CHUNKS, &prefix, &key, &lsn);
    }
    while (err == PT_OK) {
        err = delete_arrival(txn, lsn, last);
        err = err == PT_ENOTFOUND ? PT_EDAMAGED : err; /* the index names a chunk that is not there */
        if (err == PT_OK) {
            err = pt_store_del(txn, PT_TABLE_CHUNKS, pt_key_bytes(&key));
        }
        err = err == PT_OK ? first_row(txn, PT_TABLE_CHUNKS, &prefix, &key, &lsn) : err;
    }
    return err == PT_ENOTFOUND ? PT_OK : err;
}

static enum pt_err prune_log(struct pt_txn *txn, struct pt_head *head)
{
    enum pt_err err = delete_chunks(txn, head->number);
    if (err == PT_OK) {
        err = pt_wanted_forget(txn, head->number);
    }
    if (err == PT_OK) {
        head->pruned = head->seq > 0;
        err = pt_logs_put_head(txn, head);
    }
    return err;
}

enum pt_err pt_prune(struct pt_txn *txn, const struct pt_subject *subject, const struct pt_pruned *pruned)
{
    struct pt_arena arena;
    struct pt_head *heads;
    size_t n = 0;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_logs_list(txn, subject, &arena, &heads, &n);
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        err = prune_log(txn, &heads[i]);
    }
    if (err == PT_OK) {
        err = delete_texts(txn, subject);
    }
    if (err == PT_OK) {
        err = put_record(txn, subject, pruned);
    }
    pt_arena_close(&arena);
    return err;
}

/* --- coming back --- */

/* As if it had never been here, but for the receipts, and that we know how far it went. */
static enum pt_err begin_anew(struct pt_txn *txn, struct pt_head *head)
{
    if (!head->pruned) {
        return PT_OK;
    }
    head->pruned = false;
    head->recalled_seq = head->seq;
    head->seq = 0;
    head->link = pt_link_first(&head->log);
    return pt_logs_put_head(txn, head);
}

static enum pt_err recall(struct pt_txn *txn, const struct pt_subject *subject, struct pt_pruned *pruned,
                          struct pt_arena *arena)
{
    struct pt_head *heads;
    size_t n = 0;
    enum pt_err err = pt_logs_list(txn, subject, arena, &heads, &n);
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        err = begin_anew(txn, &heads[i]);
    }
    pruned->recalled = true;
    return err == PT_OK ? put_record(txn, subject, pruned) : err;
}

enum pt_err pt_prune_recall(struct pt_txn *txn, const struct pt_subject *subject, bool *recalled)
{
    struct pt_arena arena;
    struct pt_pruned pruned;
    *recalled = false;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_pruned_read(txn, subject, &arena, &pruned);
    if (err == PT_OK && !pruned.recalled) {
        err = recall(txn, subject, &pruned, &arena);
        *recalled = err == PT_OK;
    }
    pt_arena_close(&arena);
    return err == PT_ENOTFOUND ? PT_OK : err;
}

static enum pt_err forget_when_whole(struct pt_txn *txn, const struct pt_subject *subject)
{
    struct pt_arena arena;
    struct pt_head *heads;
    struct name name = name_of(subject);
    size_t n = 0;
    bool whole = true;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_logs_list(txn, subject, &arena, &heads, &n);
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        whole = whole && heads[i].recalled_seq == 0;
    }
    if (err == PT_OK && whole) {
        err = pt_meta_del(txn, name.text);
    }
    pt_arena_close(&arena);
    return err;
}

static enum pt_err wait_no_longer(struct pt_txn *txn, struct pt_head *head)
{
    head->recalled_seq = 0;
    enum pt_err err = pt_logs_put_head(txn, head);
    return err == PT_OK ? forget_when_whole(txn, &head->log.subject) : err;
}

enum pt_err pt_prune_settled(struct pt_txn *txn, const struct pt_author *author)
{
    struct pt_head *heads;
    size_t n = 0;
    enum pt_err err = pt_logs_all(txn, &heads, &n);
    if (err != PT_OK) {
        return err;
    }
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        bool waits = heads[i].recalled_seq > 0 && !pt_author_eq(&heads[i].log.author, author);
        err = waits ? wait_no_longer(txn, &heads[i]) : PT_OK;
    }
    pt_free(heads);
    return err;
}

enum pt_err pt__prune_returned(struct pt_txn *txn, struct pt_head *head)
{
    /* A fork that nobody knew of before: what lies past it is held, and the head never gets as far as it was. */
    bool returned = head->recalled_seq > 0 && (head->seq >= head->recalled_seq || head->forked);
    head->recalled_seq = returned ? 0 : head->recalled_seq;
    enum pt_err err = pt_logs_put_head(txn, head);
    return err == PT_OK && returned ? forget_when_whole(txn, &head->log.subject) : err;
}
