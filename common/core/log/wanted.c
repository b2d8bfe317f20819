#include "core/log/wanted.h"

#include "core/log/entry_blobs.h"
#include "core/log/logs.h"
#include "core/store/keys.h"
#include "core/wire/unpack.h"
#include "records.pb-c.h"

enum pt_err pt_wanted_put(struct pt_txn *txn, const struct pt_wanted *wanted, const struct pt_subject *subject)
{
    Patuh__WantedRecord row;
    uint8_t bytes[64];
    bool file = pt_kind_names_file(wanted->kind);
    struct pt_key key = pt_key_wanted_log(&wanted->hash, file ? NULL : subject, wanted->log);
    patuh__wanted_record__init(&row);
    row.has_log = row.has_kind = true;
    row.log = wanted->log;
    row.kind = (uint32_t)wanted->kind;
    size_t size = patuh__wanted_record__pack(&row, bytes);
    return pt_store_put(txn, PT_TABLE_WANTED, pt_key_bytes(&key), pt_bytes_of(bytes, size));
}

enum pt_err pt_wanted_read(struct pt_bytes key, struct pt_bytes value, struct pt_arena *arena, struct pt_wanted *out)
{
    ProtobufCMessage *message;
    struct pt_hash hash;
    enum pt_err err = pt_key_read_wanted(key, &hash);
    if (err == PT_OK) {
        err = pt_unpack(&patuh__wanted_record__descriptor, value, arena, &message);
    }
    if (err == PT_OK) {
        const Patuh__WantedRecord *row = (const Patuh__WantedRecord *)message;
        *out = (struct pt_wanted){.hash = hash, .log = row->log, .kind = (Patuh__EntryKind)row->kind};
    }
    return err == PT_EMALFORMED || err == PT_ELIMIT ? PT_EDAMAGED : err;
}

/* The first row under the prefix. Errors: NOTFOUND. */
static enum pt_err first_row(struct pt_txn *txn, const struct pt_key *prefix, struct pt_arena *arena,
                             struct pt_wanted *out)
{
    struct pt_rows rows = pt_rows_of(txn, PT_TABLE_WANTED, pt_key_bytes(prefix));
    struct pt_bytes key;
    struct pt_bytes value;
    enum pt_err err = pt_rows_next(&rows, &key, &value) ? pt_wanted_read(key, value, arena, out) : PT_ENOTFOUND;
    enum pt_err end = pt_rows_end(&rows);
    return end == PT_OK ? err : end;
}

static enum pt_err del_row(struct pt_txn *txn, const struct pt_key *key)
{
    enum pt_err err = pt_store_del(txn, PT_TABLE_WANTED, pt_key_bytes(key));
    return err == PT_ENOTFOUND ? PT_EDAMAGED : err; /* its value names another log than its key */
}

static enum pt_err head_of(struct pt_txn *txn, const struct pt_wanted *wanted, struct pt_head *head)
{
    enum pt_err err = pt_logs_head(txn, wanted->log, head);
    return err == PT_ENOTFOUND ? PT_EDAMAGED : err; /* a log that was here stays */
}

/* A row of before says by its log what it was about. */
static enum pt_err del_old_row(struct pt_txn *txn, const struct pt_hash *hash, const struct pt_subject *subject,
                               struct pt_arena *arena)
{
    struct pt_bytes value;
    struct pt_wanted old;
    struct pt_head head;
    struct pt_key key = pt_key_hash(hash);
    enum pt_err err = pt_store_get(txn, PT_TABLE_WANTED, pt_key_bytes(&key), &value);
    if (err == PT_OK) {
        err = pt_wanted_read(pt_key_bytes(&key), value, arena, &old);
    }
    if (err != PT_OK) {
        return err == PT_ENOTFOUND ? PT_OK : err;
    }
    bool file = pt_kind_names_file(old.kind);
    if (subject != NULL && !file) {
        err = head_of(txn, &old, &head);
    }
    bool got = subject == NULL ? file : !file && err == PT_OK && pt_subject_eq(&head.log.subject, subject);
    return got ? del_row(txn, &key) : err;
}

static enum pt_err del_rows(struct pt_txn *txn, const struct pt_hash *hash, const struct pt_subject *subject,
                            struct pt_arena *arena)
{
    struct pt_wanted wanted;
    struct pt_key prefix = pt_key_wanted(hash, subject);
    enum pt_err err = first_row(txn, &prefix, arena, &wanted);
    while (err == PT_OK) {
        struct pt_key key = pt_key_wanted_log(hash, subject, wanted.log);
        err = del_row(txn, &key);
        err = err == PT_OK ? first_row(txn, &prefix, arena, &wanted) : err;
    }
    return err == PT_ENOTFOUND ? PT_OK : err;
}

enum pt_err pt_wanted_got(struct pt_txn *txn, const struct pt_hash *hash, const struct pt_subject *subject)
{
    struct pt_arena arena;
    struct pt_wanted any;
    struct pt_key prefix = pt_key_hash(hash);
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = first_row(txn, &prefix, &arena, &any); /* mostly there is none: the text rode along */
    if (err == PT_OK) {
        err = del_old_row(txn, hash, subject, &arena);
    }
    if (err == PT_OK) {
        err = del_rows(txn, hash, subject, &arena);
    }
    pt_arena_close(&arena);
    return err == PT_ENOTFOUND ? PT_OK : err;
}

enum pt_err pt_wanted_is(struct pt_txn *txn, const struct pt_hash *hash, const struct pt_subject *subject, bool *wanted)
{
    struct pt_arena arena;
    struct pt_wanted any;
    struct pt_key prefix = pt_key_wanted(hash, subject);
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = first_row(txn, &prefix, &arena, &any);
    pt_arena_close(&arena);
    *wanted = err == PT_OK;
    return err == PT_ENOTFOUND ? PT_OK : err;
}

/* The first row of a log at or after a key; *key goes there. Errors: NOTFOUND. */
static enum pt_err next_of_log(struct pt_txn *txn, uint64_t log, struct pt_key *key)
{
    struct pt_arena arena;
    struct pt_key from = *key;
    struct pt_rows rows = pt_rows_from(txn, PT_TABLE_WANTED, (struct pt_bytes){0}, pt_key_bytes(&from));
    struct pt_bytes row;
    struct pt_bytes value;
    enum pt_err err = PT_OK;
    bool found = false;
    pt_arena_init(&arena, SIZE_MAX);
    while (err == PT_OK && !found && pt_rows_next(&rows, &row, &value)) {
        struct pt_wanted wanted;
        err = pt_wanted_read(row, value, &arena, &wanted);
        found = err == PT_OK && wanted.log == log;
        *key = found ? pt_key_copy(row) : *key;
        pt_arena_reset(&arena);
    }
    enum pt_err end = pt_rows_end(&rows);
    pt_arena_close(&arena);
    err = err == PT_OK ? end : err;
    return err == PT_OK && !found ? PT_ENOTFOUND : err;
}

enum pt_err pt_wanted_forget(struct pt_txn *txn, uint64_t log)
{
    struct pt_key key = {0};
    enum pt_err err = next_of_log(txn, log, &key);
    while (err == PT_OK) {
        err = pt_store_del(txn, PT_TABLE_WANTED, pt_key_bytes(&key));
        err = err == PT_OK ? next_of_log(txn, log, &key) : err;
    }
    return err == PT_ENOTFOUND ? PT_OK : err;
}

enum pt_err pt_wanted_file_of(struct pt_txn *txn, const struct pt_hash *hash, const struct pt_author *author,
                              bool *wanted)
{
    struct pt_arena arena;
    struct pt_key prefix = pt_key_wanted(hash, NULL);
    struct pt_rows rows = pt_rows_of(txn, PT_TABLE_WANTED, pt_key_bytes(&prefix));
    struct pt_bytes key;
    struct pt_bytes value;
    enum pt_err err = PT_OK;
    *wanted = false;
    pt_arena_init(&arena, SIZE_MAX);
    for (int i = 0; i < PT_WANTED_NAMERS_LOOKED && err == PT_OK && !*wanted && pt_rows_next(&rows, &key, &value); i++) {
        struct pt_wanted row;
        struct pt_head head;
        err = pt_wanted_read(key, value, &arena, &row);
        err = err == PT_OK ? head_of(txn, &row, &head) : err;
        *wanted = err == PT_OK && pt_author_eq(&head.log.author, author);
    }
    enum pt_err end = pt_rows_end(&rows);
    pt_arena_close(&arena);
    return err == PT_OK ? end : err;
}
