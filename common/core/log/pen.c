/* pen.c - writing our own logs: the tail, sealing, and an office's immediate entries. */
#include "core/log/logs_internal.h"
#include "core/log/prune.h"
#include "core/store/meta.h"

#include <string.h>

enum pt_err pt_pen_log(struct pt_txn *txn, const struct pt_author_pen *pen, const struct pt_subject *subject,
                       struct pt_head *out)
{
    struct pt_log_id id = {.subject = *subject, .incarnation = pen->incarnation};
    struct pt_public_key key;
    id.author = pt_author_of(pen->pair->public_key);
    for (size_t i = 0; i < sizeof key.b; i++) {
        key.b[i] = pen->pair->public_key[i];
    }
    bool pruned;
    enum pt_err err = pt_pruned_has(txn, subject, &pruned);
    if (err == PT_OK && pruned) {
        err = PT_EGAP; /* also in a log of a new incarnation: it could name nothing of before */
    }
    return err == PT_OK ? pt_logs_find_or_add(txn, &id, &key, out) : err;
}

#define SEAL_MARGIN_BYTES 64 /* what zstd and numbers that grow until sealing may add */

/* What could never be sealed or read must not enter the tail: it would keep everything behind it from being sent. */
static enum pt_err check_sealable(const struct pt_author_pen *pen, const struct pt_head *head,
                                  const struct pt_entry *entry)
{
    struct pt_chunk_header header = {
        .log = head->log,
        .first_seq = UINT64_MAX - PT_CHUNK_ENTRIES_MAX,
        .count = 1,
        .has_instrument = pen->instrument != NULL,
        .has_seen = true,
        .seen_lsn = UINT64_MAX,
        .wall_ms = pen->wall_ms,
        .monotonic_ms = UINT64_MAX,
        .has_previous = true,
    };
    struct pt_arena arena;
    struct pt_entry *back;
    struct pt_buf chunk = {0};
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_chunk_encode(&header, entry, &chunk);
    if (err == PT_OK && chunk.n > PT_CHUNK_BYTES_MAX - SEAL_MARGIN_BYTES) {
        err = PT_ELIMIT;
    }
    if (err == PT_OK) {
        err = pt_chunk_decode(pt_buf_bytes(&chunk), &arena, &header, &back);
    }
    pt_buf_free(&chunk);
    pt_arena_close(&arena);
    return err;
}

static enum pt_err seal_other_instrument(struct pt_txn *txn, const struct pt_author_pen *pen, struct pt_head *head)
{
    struct pt_arena arena;
    bool changes;
    enum pt_err err = pt__tail_changes(txn, pen, head, &changes);
    if (err != PT_OK || !changes) {
        return err;
    }
    pt_arena_init(&arena, SIZE_MAX);
    err = pt_tail_seal(txn, pen, head, &arena, NULL);
    pt_arena_close(&arena);
    return err;
}

enum pt_err pt_tail_put(struct pt_txn *txn, const struct pt_author_pen *pen, struct pt_head *head,
                        const struct pt_entry *entry, uint64_t *seq)
{
    struct pt_entry stamped = *entry;
    struct pt_head grown = *head;
    stamped.wall_s = pen->wall_ms / 1000;
    enum pt_err err = check_sealable(pen, head, &stamped);
    if (err == PT_OK) {
        err = pt__tail_check(txn, head);
    }
    if (err == PT_OK) {
        err = seal_other_instrument(txn, pen, &grown);
    }
    if (err == PT_OK) {
        err = pt__tail_add(txn, pen, &grown, &stamped);
    }
    if (err == PT_OK) {
        *head = grown;
        *seq = grown.tail_seq;
    }
    return err;
}

static enum pt_err fill_previous(struct pt_txn *txn, const struct pt_author_pen *pen, const struct pt_head *head,
                                 struct pt_chunk_header *header)
{
    if (head->seq != 0 || !pen->has_previous_incarnation) {
        return PT_OK;
    }
    struct pt_head *heads;
    struct pt_arena arena;
    uint64_t newest_lsn = 0;
    size_t n = 0;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_logs_list(txn, &head->log.subject, &arena, &heads, &n);
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        bool own = pt_author_eq(&heads[i].log.author, &head->log.author) && heads[i].seq > 0;
        bool last = heads[i].log.incarnation == pen->previous_incarnation;
        uint64_t lsn = last ? UINT64_MAX : heads[i].last_lsn; /* the last incarnation may not have written about this */
        if (own && lsn > newest_lsn) {
            newest_lsn = lsn;
            header->has_previous = true;
            header->previous = heads[i].link;
        }
    }
    pt_arena_close(&arena);
    return err;
}

/* The newest receipt known here. */
static enum pt_err fill_seen(struct pt_txn *txn, struct pt_chunk_header *header)
{
    struct pt_bytes value;
    enum pt_err err = pt_meta_get(txn, PT_META_NEWEST, &value);
    if (err != PT_OK) {
        return err == PT_ENOTFOUND ? PT_OK : err;
    }
    struct pt_reader reader = pt_reader_on(value);
    header->seen_epoch = pt_read_u64(&reader);
    header->seen_lsn = pt_read_u64(&reader);
    pt_read_into(&reader, header->seen_hash, sizeof header->seen_hash);
    header->has_seen = pt_read_end(&reader) == PT_OK;
    return PT_OK;
}

/* A chunk is for ever: one that nobody can read must not be signed. Errors: MALFORMED. */
static enum pt_err check_readable(struct pt_bytes chunk)
{
    struct pt_arena arena;
    struct pt_chunk_header header;
    struct pt_entry *entries;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_chunk_decode(chunk, &arena, &header, &entries);
    pt_arena_close(&arena);
    return err;
}

static enum pt_err seal_some(struct pt_txn *txn, const struct pt_author_pen *pen, struct pt_head *head,
                             const struct pt_entry *entries, size_t n, size_t *n_done)
{
    struct pt_chunk_header header = {
        .log = head->log,
        .first_seq = head->seq + 1,
        .has_instrument = pen->instrument != NULL,
        .wall_ms = pen->wall_ms,
        .monotonic_ms = pen->monotonic_ms,
        .boot = pen->boot,
    };
    if (pen->instrument != NULL) {
        header.instrument = *pen->instrument;
    }
    struct pt_buf chunk = {0};
    size_t n_fit = 0;
    enum pt_err err = fill_previous(txn, pen, head, &header);
    if (err == PT_OK) {
        err = fill_seen(txn, &header);
    }
    if (err == PT_OK) {
        err = pt_chunk_fit(&header, entries, n, &n_fit);
    }
    if (err == PT_OK) {
        header.count = (uint32_t)n_fit;
        err = pt_chunk_encode(&header, entries, &chunk);
    }
    if (err == PT_OK) {
        err = check_readable(pt_buf_bytes(&chunk));
    }
    if (err == PT_OK) {
        struct pt_record record = {.log = head->number, .first_seq = header.first_seq, .previous = head->link};
        uint64_t lsn = 0;
        record.last_seq = header.first_seq + n_fit - 1;
        record.chunk = pt_buf_bytes(&chunk);
        record.link = pt_link_next(&head->link, record.chunk);
        record.has_signature = true;
        record.received_ms = pen->wall_ms;
        pt_sign(pen->pair, PT_CONTEXT_LINK, &record.link, &record.signature);
        err = pt__arrival_add(txn, &record, &lsn);
        head->seq = record.last_seq;
        head->link = record.link;
        head->last_lsn = lsn;
        *n_done = n_fit;
    }
    pt_buf_free(&chunk);
    return err;
}

static enum pt_err delete_tail(struct pt_txn *txn, const struct pt_head *head, uint64_t first, uint64_t last)
{
    for (uint64_t seq = first; seq <= last; seq++) {
        struct pt_key key = pt_key_log_seq(head->number, seq);
        enum pt_err err = pt_store_del(txn, PT_TABLE_TAIL, pt_key_bytes(&key));
        if (err != PT_OK) {
            return err;
        }
    }
    return PT_OK;
}

static enum pt_err seal_all(struct pt_txn *txn, const struct pt_author_pen *pen, struct pt_head *head,
                            const struct pt_entry *entries, size_t n, uint32_t *n_sealed)
{
    for (size_t at = 0; at < n;) {
        size_t n_done = 0;
        enum pt_err err = seal_some(txn, pen, head, entries + at, n - at, &n_done);
        if (err != PT_OK) {
            return err;
        }
        at += n_done;
        *n_sealed += 1;
    }
    return PT_OK;
}

enum pt_err pt_tail_seal(struct pt_txn *txn, const struct pt_author_pen *pen, struct pt_head *head,
                         struct pt_arena *arena, uint32_t *n_sealed)
{
    uint32_t sealed = 0;
    struct pt__tail tail;
    struct pt_head grown = *head;
    if (head->tail_seq == 0) {
        return PT_OK;
    }
    enum pt_err err = pt__tail_check(txn, head);
    if (err == PT_OK) {
        err = pt__tail_read(txn, head, arena, &tail);
    }
    if (err == PT_OK && tail.first_seq + tail.n - 1 != head->tail_seq) {
        err = PT_EDAMAGED;
    }
    if (err == PT_OK) {
        struct pt_author_pen same = *pen;
        same.instrument = tail.has_instrument ? &tail.instrument : NULL;
        err = seal_all(txn, &same, &grown, tail.entries, tail.n, &sealed);
    }
    if (err == PT_OK) {
        err = delete_tail(txn, head, tail.first_seq, head->tail_seq);
    }
    if (err == PT_OK) {
        grown.tail_seq = 0;
        err = pt_logs_put_head(txn, &grown);
    }
    if (err == PT_OK) {
        *head = grown;
        if (n_sealed != NULL) {
            *n_sealed += sealed;
        }
    }
    return err;
}

enum pt_err pt_tail_take(struct pt_txn *txn, struct pt_head *head, struct pt_arena *arena, struct pt_taken *out)
{
    struct pt__tail tail;
    struct pt_head emptied = *head;
    enum pt_err err = pt__tail_read(txn, head, arena, &tail);
    if (err == PT_OK && tail.n > 0) {
        err = delete_tail(txn, head, tail.first_seq, tail.first_seq + tail.n - 1);
    }
    if (err == PT_OK) {
        emptied.tail_seq = 0;
        err = pt_logs_put_head(txn, &emptied);
    }
    if (err == PT_OK) {
        *head = emptied;
        *out = (struct pt_taken){.entries = tail.entries,
                                 .n = tail.n,
                                 .first_seq = tail.first_seq,
                                 .has_instrument = tail.has_instrument,
                                 .instrument = tail.instrument};
    }
    return err;
}

enum pt_err pt_pen_write(struct pt_txn *txn, const struct pt_author_pen *pen, const struct pt_subject *subject,
                         const struct pt_entry *entries, size_t n, struct pt_arena *arena)
{
    struct pt_head head;
    uint32_t n_sealed = 0;
    enum pt_err err = pt_pen_log(txn, pen, subject, &head);
    if (err == PT_OK) {
        err = pt__tail_check(txn, &head);
    }
    if (err == PT_OK) {
        err = pt_tail_seal(txn, pen, &head, arena, NULL);
    }
    if (err == PT_OK) {
        err = seal_all(txn, pen, &head, entries, n, &n_sealed);
    }
    return err == PT_OK ? pt_logs_put_head(txn, &head) : err;
}
