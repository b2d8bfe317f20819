/* pen.c - writing our own logs: the tail, sealing, and an office's immediate entries. */
#include "core/logs_internal.h"

enum pt_err pt_pen_log(struct pt_txn *txn, const struct pt_author_pen *pen, const struct pt_subject *subject,
                       struct pt_head *out)
{
    struct pt_log_id id = {.subject = *subject, .incarnation = pen->incarnation};
    struct pt_public_key key;
    id.author = pt_author_of(pen->pair->public_key);
    for (size_t i = 0; i < sizeof key.b; i++) {
        key.b[i] = pen->pair->public_key[i];
    }
    return pt_logs_find_or_add(txn, &id, &key, out);
}

enum pt_err pt_tail_put(struct pt_txn *txn, const struct pt_author_pen *pen, struct pt_head *head,
                        const struct pt_entry *entry, uint64_t *seq)
{
    struct pt_buf row = {0};
    uint64_t next = (head->tail_seq > head->seq ? head->tail_seq : head->seq) + 1;
    struct pt_key key = pt_key_log_seq(head->number, next);
    struct pt_entry stamped = *entry;
    stamped.wall_s = pen->wall_ms / 1000;
    enum pt_err err = pt_body_encode(&stamped, 1, 0, &row);
    if (err == PT_OK) {
        err = pt_store_put(txn, PT_TABLE_TAIL, pt_key_bytes(&key), pt_buf_bytes(&row));
    }
    pt_buf_free(&row);
    if (err != PT_OK) {
        return err;
    }
    struct pt_head grown = *head;
    grown.tail_seq = next;
    err = pt_logs_put_head(txn, &grown);
    if (err == PT_OK) {
        *head = grown;
        *seq = next;
    }
    return err;
}

static enum pt_err fill_previous(struct pt_txn *txn, const struct pt_author_pen *pen, const struct pt_head *head,
                                 struct pt_chunk_header *header)
{
    if (head->seq != 0 || !pen->has_previous_incarnation) {
        return PT_OK;
    }
    struct pt_log_id old = head->log;
    struct pt_head old_head;
    old.incarnation = pen->previous_incarnation;
    enum pt_err err = pt_logs_find(txn, &old, &old_head);
    header->has_previous = err == PT_OK;
    header->previous = err == PT_OK ? old_head.link : header->previous;
    return err == PT_ENOTFOUND ? PT_OK : err;
}

/* Newest receipt known here: META "seen" holds epoch, LSN and 8 bytes of the receipt's hash. */
static enum pt_err fill_seen(struct pt_txn *txn, struct pt_chunk_header *header)
{
    struct pt_bytes value;
    enum pt_err err = pt_meta_get(txn, "seen", &value);
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
    struct pt_view view;
    if (head->tail_seq <= head->seq) {
        return PT_OK;
    }
    struct pt_head grown = *head;
    enum pt_err err = pt_logs_view(txn, head, 0, true, arena, &view);
    if (err == PT_OK && view.n_entries != head->tail_seq) {
        err = PT_EDAMAGED;
    }
    if (err == PT_OK) {
        size_t n = (size_t)(head->tail_seq - head->seq);
        err = seal_all(txn, pen, &grown, view.entries + head->seq, n, &sealed);
    }
    if (err == PT_OK) {
        err = delete_tail(txn, head, head->seq + 1, head->tail_seq);
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

enum pt_err pt_pen_write(struct pt_txn *txn, const struct pt_author_pen *pen, const struct pt_subject *subject,
                         const struct pt_entry *entries, size_t n, struct pt_arena *arena)
{
    struct pt_head head;
    uint32_t n_sealed = 0;
    enum pt_err err = pt_pen_log(txn, pen, subject, &head);
    if (err == PT_OK && head.tail_seq > head.seq) {
        err = pt_tail_seal(txn, pen, &head, arena, NULL);
    }
    if (err == PT_OK) {
        err = seal_all(txn, pen, &head, entries, n, &n_sealed);
    }
    return err == PT_OK ? pt_logs_put_head(txn, &head) : err;
}
