#include "core/sync/inbox.h"
#include "core/log/entry_blobs.h"
#include "core/log/texts.h"

#include "base/mem.h"
#include "base/text.h"
#include "core/store/keys.h"
#include "core/store/meta.h"
#include "core/sync/peers.h"
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

enum pt_err pt_inbox_take_chunks(struct pt_inbox *inbox, const Patuh__Chunks *chunks)
{
    struct pt_run *run = &inbox->run;
    if (chunks->n_text > PT_INBOX_TEXTS_MAX) {
        return PT_ELIMIT;
    }
    struct pt_bytes *list = pt_arena_zalloc(&inbox->arena, chunks->n_chunk, sizeof *list);
    inbox->texts = pt_arena_zalloc(&inbox->arena, chunks->n_text, sizeof *inbox->texts);
    if (list == NULL || inbox->texts == NULL) {
        return PT_ENOMEM;
    }
    if (chunks->previous_link.len != sizeof run->previous.b || chunks->signature.len != sizeof run->signature.b) {
        return PT_EMALFORMED;
    }
    memcpy(run->previous.b, chunks->previous_link.data, sizeof run->previous.b);
    memcpy(run->signature.b, chunks->signature.data, sizeof run->signature.b);
    run->first_seq = chunks->first_seq;
    for (size_t i = 0; i < chunks->n_chunk; i++) {
        list[i] = pt_arena_dup(&inbox->arena, pt_bytes_of(chunks->chunk[i].data, chunks->chunk[i].len));
    }
    for (size_t i = 0; i < chunks->n_text; i++) {
        inbox->texts[i] = pt_arena_dup(&inbox->arena, pt_bytes_of(chunks->text[i].data, chunks->text[i].len));
        if (chunks->text[i].len > PT_TEXT_CONTENT_BYTES_MAX) {
            return PT_ELIMIT;
        }
    }
    inbox->n_texts = chunks->n_text;
    run->chunks = list;
    run->n_chunks = chunks->n_chunk;
    return inbox->arena.exhausted ? PT_ENOMEM : PT_OK;
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
    struct pt_hash same;
    for (size_t i = 0; small && i < n->n_texts; i++) {
        if (pt_hash_eq(&n->text_hashes[i], hash)) {
            return pt_text_put(n->txn, &n->head->log.subject, n->texts[i], &same);
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
    struct pt_peer_visit visit = {.salt = inbox->salt,
                                  .salt_before = inbox->salt_before,
                                  .epoch = inbox->salt_epoch,
                                  .seen_ms = inbox->peer_seen_ms,
                                  .offset_ms = inbox->peer_offset_ms};
    return pt_peer_put(txn, &inbox->peer, inbox->peer_incarnation, &visit);
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
    if (err == PT_OK && inbox->has_delivered) {
        err = pt_peer_put_delivered(txn, &inbox->peer, inbox->peer_incarnation, inbox->salt_epoch);
    }
    if (err == PT_OK && inbox->has_own_salt) {
        err = pt_meta_put_u64(txn, PT_META_SALT, inbox->salt);
    }
    if (err == PT_OK && inbox->has_own_salt) {
        err = pt_meta_put_u64(txn, PT_META_OFFICE_MS, (uint64_t)inbox->office_ms);
    }
    if (err == PT_OK && inbox->has_own_salt) {
        err = pt_meta_put_u64(txn, PT_META_OFFICE_EPOCH, inbox->office_epoch);
    }
    if (err == PT_OK && inbox->own_stale) {
        err = pt_meta_put_u64(txn, PT_META_STALE, 1);
    }
    if (err == PT_OK) {
        err = pt_arrival_last(txn, &inbox->lsn, &inbox->lsn_hash);
    }
    return err;
}
