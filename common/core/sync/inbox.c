#include "core/sync/inbox.h"

#include "base/mem.h"
#include "base/text.h"
#include "core/store/keys.h"
#include "core/store/meta.h"
#include "core/wire/unpack.h"
#include "records.pb-c.h"

#include <stdio.h>
#include <string.h>

struct pt_inbox *pt_inbox_create(void)
{
    struct pt_inbox *inbox = pt_zalloc(sizeof *inbox);
    if (inbox != NULL) {
        pt_arena_init(&inbox->arena, SIZE_MAX);
    }
    return inbox;
}

void pt_inbox_destroy(struct pt_inbox *inbox)
{
    if (inbox != NULL) {
        pt_arena_close(&inbox->arena);
        pt_free(inbox);
    }
}

struct pt_hash pt_text_hash(struct pt_bytes content)
{
    return pt_hash1(PT_CONTEXT_BLOB, content);
}

static enum pt_err put_text(struct pt_txn *txn, const struct pt_subject *subject, struct pt_bytes content,
                            const struct pt_hash *hash)
{
    struct pt_key key = pt_key_text(subject, hash);
    if (content.n > PT_TEXT_CONTENT_BYTES_MAX) {
        return PT_ELIMIT; /* nobody could pass it on */
    }
    enum pt_err err = pt_store_put(txn, PT_TABLE_TEXTS, pt_key_bytes(&key), content);
    return err == PT_OK ? pt_wanted_got(txn, hash, subject) : err;
}

enum pt_err pt_text_put(struct pt_txn *txn, const struct pt_subject *subject, struct pt_bytes content,
                        struct pt_hash *hash)
{
    *hash = pt_text_hash(content);
    return put_text(txn, subject, content, hash);
}

static enum pt_err check_text(const char *text, size_t n_max, struct pt_problem *problem)
{
    size_t n = strlen(text);
    bool blank = pt_text_is_blank(pt_bytes_of(text, n)); /* says no more than nothing does */
    if (!blank && n <= n_max && pt_utf8_ok(pt_bytes_of(text, n))) {
        return PT_OK;
    }
    char limit[24];
    (void)snprintf(limit, sizeof limit, "%zu", n_max);
    return pt_problem_set(problem, PT_EINVALID, blank ? PT_MSG_TEXT_EMPTY : PT_MSG_TEXT_FORM, limit, NULL);
}

enum pt_err pt_text_keep(struct pt_txn *txn, const struct pt_subject *subject, const struct pt_random *random,
                         const char *text, size_t n_max, struct pt_hash *hash, struct pt_problem *problem)
{
    uint8_t salt[PT_TEXT_SALT_BYTES];
    struct pt_buf content = {0};
    enum pt_err err = check_text(text, n_max, problem);
    if (err == PT_OK) {
        pt_random_fill(random, salt, sizeof salt);
        pt_buf_put(&content, salt, sizeof salt);
        pt_buf_put_str(&content, text);
        err = content.err == PT_OK ? pt_text_put(txn, subject, pt_buf_bytes(&content), hash) : content.err;
    }
    pt_buf_free(&content);
    return err;
}

static enum pt_err read_text(struct pt_txn *txn, const struct pt_subject *subject, const struct pt_hash *hash,
                             size_t n_max, struct pt_arena *arena, struct pt_bytes *out)
{
    struct pt_bytes value;
    struct pt_key key = pt_key_text(subject, hash);
    enum pt_err err = pt_store_get(txn, PT_TABLE_TEXTS, pt_key_bytes(&key), &value);
    if (err != PT_OK || value.n > n_max) {
        return err == PT_OK ? PT_ENOTFOUND : err;
    }
    *out = pt_arena_dup(arena, value);
    return out->data == NULL ? pt_arena_err(arena) : PT_OK;
}

enum pt_err pt_text_content(struct pt_txn *txn, const struct pt_subject *subject, const struct pt_hash *hash,
                            struct pt_arena *arena, struct pt_bytes *out)
{
    return read_text(txn, subject, hash, PT_TEXT_CONTENT_BYTES_MAX, arena, out);
}

enum pt_err pt_text_get(struct pt_txn *txn, const struct pt_subject *subject, const struct pt_hash *hash,
                        struct pt_arena *arena, const char **out)
{
    struct pt_bytes content;
    enum pt_err err = read_text(txn, subject, hash, SIZE_MAX, arena, &content);
    if (err != PT_OK) {
        return err;
    }
    if (content.n < PT_TEXT_SALT_BYTES) {
        return PT_EDAMAGED;
    }
    struct pt_bytes text = pt_bytes_of(content.data + PT_TEXT_SALT_BYTES, content.n - PT_TEXT_SALT_BYTES);
    if (!pt_utf8_ok(text)) {
        return PT_EDAMAGED; /* the hash fits, so its author wrote it so: to us it says nothing */
    }
    const char *copy = pt_arena_strn(arena, (const char *)text.data, text.n);
    if (copy == NULL) {
        return pt_arena_err(arena);
    }
    *out = copy;
    return PT_OK;
}

static enum pt_err visit_field(const ProtobufCBinaryData *field, Patuh__EntryKind kind, pt_blob_visit visit, void *data)
{
    struct pt_hash hash;
    if (field->len != sizeof hash.b) {
        return PT_OK;
    }
    memcpy(hash.b, field->data, sizeof hash.b);
    return visit(data, &hash, true, kind);
}

static enum pt_err visit_move(const struct pt_entry *entry, struct pt_arena *arena, pt_blob_visit visit, void *data)
{
    ProtobufCMessage *message;
    enum pt_err err = pt_unpack(&patuh__move__descriptor, entry->detail, arena, &message);
    if (err != PT_OK) {
        return err == PT_ENOMEM ? err : PT_OK; /* not readable: names nothing */
    }
    const Patuh__Move *move = (const Patuh__Move *)message;
    err = visit_field(&move->reason, entry->kind, visit, data);
    for (size_t i = 0; i < move->n_comment && err == PT_OK; i++) {
        err = visit_field(&move->comment[i]->text, entry->kind, visit, data);
    }
    return err;
}

static enum pt_err visit_detail(const struct pt_entry *entry, struct pt_arena *arena, pt_blob_visit visit, void *data)
{
    ProtobufCMessage *message;
    bool instance = entry->kind == PATUH__ENTRY_KIND__ENTRY_ADD_INSTANCE;
    if (entry->kind == PATUH__ENTRY_KIND__ENTRY_MOVE) {
        return visit_move(entry, arena, visit, data);
    }
    if (!instance && entry->kind != PATUH__ENTRY_KIND__ENTRY_DECIDE) {
        return PT_OK;
    }
    const ProtobufCMessageDescriptor *kind = instance ? &patuh__instance__descriptor : &patuh__decision__descriptor;
    enum pt_err err = pt_unpack(kind, entry->detail, arena, &message);
    if (err != PT_OK) {
        return err == PT_ENOMEM ? err : PT_OK;
    }
    const ProtobufCBinaryData *field =
        instance ? &((const Patuh__Instance *)message)->label : &((const Patuh__Decision *)message)->reason;
    return visit_field(field, entry->kind, visit, data);
}

enum pt_err pt_entry_blobs(const struct pt_entry *entry, struct pt_arena *arena, pt_blob_visit visit, void *data)
{
    unsigned fields = pt_entry_fields(entry->kind);
    bool text = (fields & PT_FIELD_TEXT_HASH) != 0;
    enum pt_err err = PT_OK;
    if ((fields & PT_FIELD_VALUE) != 0 && entry->value.type == PT_VALUE_TEXT) {
        err = visit(data, &entry->value.text, true, entry->kind);
    }
    if (err == PT_OK && (text || pt_kind_names_file(entry->kind))) {
        err = visit(data, &entry->hash, text, entry->kind);
    }
    if (err == PT_OK && (fields & PT_FIELD_DETAIL) != 0) {
        err = visit_detail(entry, arena, visit, data);
    }
    return err;
}

struct noting {
    struct pt_txn *txn;
    const struct pt_head *head;
    const struct pt_bytes *texts;
    struct pt_hash *text_hashes;
    size_t n_texts;
    const struct pt_blob_policy *policy;
};

static bool is_wanted(const struct noting *n, bool small, Patuh__EntryKind kind)
{
    if (small || kind == PATUH__ENTRY_KIND__ENTRY_INSTRUMENT) {
        return true;
    }
    return kind == PATUH__ENTRY_KIND__ENTRY_ADD_EVIDENCE ? n->policy->evidence : n->policy->registry;
}

static enum pt_err note_blob(void *data, const struct pt_hash *hash, bool small, Patuh__EntryKind kind)
{
    struct noting *n = data;
    for (size_t i = 0; small && i < n->n_texts; i++) {
        if (pt_hash_eq(&n->text_hashes[i], hash)) {
            return put_text(n->txn, &n->head->log.subject, n->texts[i], hash);
        }
    }
    struct pt_bytes value;
    struct pt_key key = pt_key_text(&n->head->log.subject, hash);
    enum pt_err err = small ? pt_store_get(n->txn, PT_TABLE_TEXTS, pt_key_bytes(&key), &value) : PT_ENOTFOUND;
    if (err != PT_ENOTFOUND) {
        return err; /* it is here */
    }
    struct pt_wanted missing = {.hash = *hash, .log = n->head->number, .kind = kind};
    return is_wanted(n, small, kind) ? pt_wanted_put(n->txn, &missing, &n->head->log.subject) : PT_OK;
}

/* Note every blob that the entries of a chunk name and that is not here, and keep the texts that came along and that
 * they name. */
static enum pt_err note_blobs(struct pt_txn *txn, const struct pt_head *head, const struct pt_entry *entries,
                              size_t n_entries, const struct pt_bytes *texts, size_t n_texts,
                              const struct pt_blob_policy *policy)
{
    struct noting n = {.txn = txn, .head = head, .texts = texts, .n_texts = n_texts, .policy = policy};
    struct pt_arena arena;
    pt_arena_init(&arena, SIZE_MAX);
    n.text_hashes = pt_arena_zalloc(&arena, n_texts, sizeof *n.text_hashes);
    enum pt_err err = n.text_hashes == NULL ? PT_ENOMEM : PT_OK;
    for (size_t i = 0; i < n_texts && err == PT_OK; i++) {
        n.text_hashes[i] = pt_text_hash(texts[i]);
    }
    for (size_t i = 0; i < n_entries && err == PT_OK; i++) {
        err = pt_entry_blobs(&entries[i], &arena, note_blob, &n);
    }
    pt_arena_close(&arena);
    return err;
}

static enum pt_err apply_run(struct pt_txn *txn, struct pt_inbox *inbox)
{
    enum pt_err err = pt_logs_append(txn, &inbox->checked, inbox->now_ms, &inbox->arena, &inbox->append);
    bool news = inbox->append.n_accepted + inbox->append.n_held + inbox->append.n_parked > 0;
    for (size_t i = 0; i < inbox->run.n_chunks && err == PT_OK && news; i++) {
        struct pt_chunk_header header;
        struct pt_entry *entries;
        err = pt_chunk_decode(inbox->run.chunks[i], &inbox->arena, &header, &entries);
        if (err == PT_OK) {
            err = note_blobs(txn, &inbox->append.head, entries, header.count, inbox->texts, inbox->n_texts,
                             &inbox->policy);
        } else if (err != PT_ENOMEM) {
            err = PT_OK; /* a body its author encoded wrongly is kept and names nothing */
        }
    }
    return err;
}

static enum pt_err apply_peer(struct pt_txn *txn, const struct pt_inbox *inbox)
{
    Patuh__PeerRecord row;
    uint8_t bytes[128];
    patuh__peer_record__init(&row);
    row.has_salt = row.has_salt_before = row.has_last_seen_ms = row.has_clock_offset_ms = true;
    row.salt = inbox->salt;
    row.salt_before = inbox->salt_before;
    row.has_epoch = true;
    row.epoch = inbox->salt_epoch;
    row.last_seen_ms = inbox->peer_seen_ms;
    row.clock_offset_ms = inbox->peer_offset_ms;
    struct pt_key key = pt_key_peer(&inbox->peer, inbox->peer_incarnation);
    size_t n = patuh__peer_record__pack(&row, bytes);
    return pt_store_put(txn, PT_TABLE_PEERS, pt_key_bytes(&key), pt_bytes_of(bytes, n));
}

enum pt_err pt_inbox_apply(struct pt_txn *txn, struct pt_inbox *inbox)
{
    enum pt_err err = PT_OK;
    inbox->append = (struct pt_append){0};
    if (inbox->has_run) {
        err = apply_run(txn, inbox);
    }
    for (size_t i = 0; i < inbox->n_receipts && err == PT_OK; i++) {
        err = pt_receipt_store(txn, &inbox->receipts[i]);
    }
    if (err == PT_OK && inbox->has_text) {
        struct pt_hash hash;
        err = pt_text_put(txn, &inbox->text_subject, inbox->text, &hash);
    }
    if (err == PT_OK) {
        err = pt_file_work_run(txn, &inbox->files);
    }
    for (size_t i = 0; i < inbox->n_missing && err == PT_OK; i++) {
        err = pt_wanted_put(txn, &inbox->missing[i], NULL);
    }
    if (err == PT_OK && inbox->has_salt) {
        err = apply_peer(txn, inbox);
    }
    if (err == PT_OK && inbox->has_own_salt) {
        err = pt_meta_put_u64(txn, PT_META_SALT, inbox->salt);
    }
    if (err == PT_OK && inbox->own_stale) {
        err = pt_meta_put_u64(txn, PT_META_STALE, 1);
    }
    if (err == PT_OK) {
        err = pt_arrival_last(txn, &inbox->lsn, &inbox->lsn_hash);
    }
    return err;
}
