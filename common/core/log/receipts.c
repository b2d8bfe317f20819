#include "core/log/receipts.h"

#include "core/log/logs_internal.h"
#include "core/store/keys.h"
#include "core/store/meta.h"
#include "core/wire/pack.h"
#include "core/wire/unpack.h"
#include "records.pb-c.h"
#include "wire.pb-c.h"

#include <string.h>

/* Receipts of what is held stand beside the newest of what counts, one for every end of a branch. */
#define TIER_HELD 0x10

static Patuh__ReceiptLog *pack_log(const struct pt_receipt_log *log, struct pt_arena *arena)
{
    Patuh__ReceiptLog *out = pt_arena_alloc(arena, sizeof *out);
    if (out == NULL) {
        return NULL;
    }
    patuh__receipt_log__init(out);
    out->has_subject = out->has_incarnation = out->has_seq = out->has_link = true;
    out->subject = pt_binary(log->log.subject.text, strlen(log->log.subject.text));
    out->incarnation = log->log.incarnation;
    out->seq = log->seq;
    out->link = pt_binary(log->link.b, sizeof log->link.b);
    out->has_held = log->held;
    out->held = log->held;
    return out;
}

static void fill_body(Patuh__ReceiptBody *body, const struct pt_receipt *receipt)
{
    patuh__receipt_body__init(body);
    body->has_office = body->has_tier = body->has_author = body->has_epoch = body->has_lsn = body->has_time_ms = true;
    body->office = pt_binary(receipt->office.b, sizeof receipt->office.b);
    body->tier = receipt->tier;
    body->author = pt_binary(receipt->author.b, sizeof receipt->author.b);
    body->epoch = receipt->epoch;
    body->lsn = receipt->lsn;
    body->time_ms = receipt->time_ms;
}

enum pt_err pt_receipt_sign(struct pt_receipt *receipt, const struct pt_keypair *office, struct pt_arena *arena)
{
    Patuh__ReceiptBody body;
    fill_body(&body, receipt);
    body.log = pt_arena_zalloc(arena, receipt->n_logs, sizeof(Patuh__ReceiptLog *));
    for (size_t i = 0; body.log != NULL && i < receipt->n_logs; i++) {
        body.log[i] = pack_log(&receipt->logs[i], arena);
    }
    if (arena->exhausted) {
        return PT_ENOMEM;
    }
    body.n_log = receipt->n_logs;
    body.has_blobs = receipt->n_blobs > 0;
    body.blobs = pt_binary(receipt->blobs, receipt->n_blobs * sizeof *receipt->blobs);
    enum pt_err err = pt_pack(&body.base, arena, &receipt->body);
    if (err != PT_OK) {
        return err;
    }
    struct pt_hash hash = pt_hash1(PT_CONTEXT_RECEIPT, receipt->body);
    pt_sign(office, PT_CONTEXT_RECEIPT, &hash, &receipt->signature);
    return PT_OK;
}

static enum pt_err read_log(const Patuh__ReceiptLog *log, const struct pt_author *author, struct pt_receipt_log *out)
{
    out->log.author = *author;
    out->log.incarnation = log->incarnation;
    out->seq = log->seq;
    out->held = log->held;
    if (log->link.len != sizeof out->link.b) {
        return PT_EMALFORMED;
    }
    memcpy(out->link.b, log->link.data, sizeof out->link.b);
    return pt_subject_read(pt_bytes_of(log->subject.data, log->subject.len), &out->log.subject);
}

static enum pt_err read_blobs(const Patuh__ReceiptBody *body, struct pt_arena *arena, struct pt_receipt *out)
{
    if (body->blobs.len % sizeof *out->blobs != 0) {
        return PT_EMALFORMED;
    }
    out->n_blobs = body->blobs.len / sizeof *out->blobs;
    if (out->n_blobs > PT_BLOB_HASHES_MAX) {
        return PT_ELIMIT;
    }
    out->blobs = pt_arena_zalloc(arena, out->n_blobs, sizeof *out->blobs);
    if (out->blobs == NULL) {
        return pt_arena_err(arena);
    }
    if (out->n_blobs > 0) {
        memcpy(out->blobs, body->blobs.data, body->blobs.len);
    }
    return PT_OK;
}

enum pt_err pt_receipt_read(struct pt_bytes bytes, const struct pt_signature *signature,
                            const struct pt_public_key *office_key, struct pt_arena *arena, struct pt_receipt *out)
{
    struct pt_hash hash = pt_hash1(PT_CONTEXT_RECEIPT, bytes);
    ProtobufCMessage *message;
    enum pt_err err = pt_verify(office_key->b, PT_CONTEXT_RECEIPT, &hash, signature);
    if (err == PT_OK) {
        err = pt_unpack(&patuh__receipt_body__descriptor, bytes, arena, &message);
    }
    if (err != PT_OK) {
        return err;
    }
    const Patuh__ReceiptBody *body = (const Patuh__ReceiptBody *)message;
    struct pt_receipt receipt = {.tier = (enum pt_tier)body->tier, .epoch = body->epoch, .lsn = body->lsn};
    if (body->office.len != sizeof receipt.office.b || body->author.len != sizeof receipt.author.b ||
        (body->tier != PT_TIER_REGION && body->tier != PT_TIER_NATIONAL)) {
        return PT_EMALFORMED;
    }
    memcpy(receipt.office.b, body->office.data, sizeof receipt.office.b);
    memcpy(receipt.author.b, body->author.data, sizeof receipt.author.b);
    receipt.time_ms = body->time_ms;
    receipt.body = bytes;
    receipt.signature = *signature;
    receipt.n_logs = body->n_log;
    receipt.logs = pt_arena_zalloc(arena, body->n_log, sizeof *receipt.logs);
    if (receipt.logs == NULL) {
        return pt_arena_err(arena);
    }
    err = read_blobs(body, arena, &receipt);
    for (size_t i = 0; i < body->n_log && err == PT_OK; i++) {
        err = read_log(body->log[i], &receipt.author, &receipt.logs[i]);
    }
    if (err == PT_OK) {
        *out = receipt;
    }
    return err;
}

enum pt_err pt_receipt_read_tier(struct pt_bytes bytes, const struct pt_signature *signature,
                                 const struct pt_public_key *region_key, const struct pt_public_key *national_key,
                                 struct pt_arena *arena, struct pt_receipt *out)
{
    enum pt_err err = PT_ESIGNATURE;
    for (enum pt_tier tier = PT_TIER_REGION; tier <= PT_TIER_NATIONAL; tier++) {
        const struct pt_public_key *key = tier == PT_TIER_REGION ? region_key : national_key;
        err = key == NULL ? PT_ESIGNATURE : pt_receipt_read(bytes, signature, key, arena, out);
        if (err == PT_OK && out->tier == tier) {
            return PT_OK;
        }
        err = err == PT_OK ? PT_ESIGNATURE : err;
    }
    return err;
}

size_t pt_receipt_logs_of(const struct pt_head *head, const struct pt_chunk_end *ends, size_t n_ends,
                          struct pt_receipt_log *out)
{
    size_t n = 0;
    if (head->seq > 0 || head->forked) {
        out[n++] = (struct pt_receipt_log){.log = head->log, .seq = head->seq, .link = head->link};
    }
    for (size_t i = 0; i < n_ends && i < PT_RECEIPT_BRANCHES_MAX; i++) {
        out[n++] = (struct pt_receipt_log){.log = head->log, .seq = ends[i].seq, .link = ends[i].link, .held = true};
    }
    return n;
}

static enum pt_err put_row(struct pt_txn *txn, const struct pt_key *key, const struct pt_receipt *receipt,
                           const struct pt_receipt_log *log)
{
    Patuh__ReceiptRecord row;
    patuh__receipt_record__init(&row);
    row.has_seq = row.has_link = row.has_body = row.has_signature = row.has_epoch = row.has_time_ms = true;
    row.seq = log->seq;
    row.link = pt_binary(log->link.b, sizeof log->link.b);
    row.body = pt_binary(receipt->body.data, receipt->body.n);
    row.signature = pt_binary(receipt->signature.b, sizeof receipt->signature.b);
    row.epoch = receipt->epoch;
    row.time_ms = receipt->time_ms;
    row.has_held = row.held = log->held;
    row.has_lsn = true;
    row.lsn = receipt->lsn;
    return pt__row_put(txn, PT_TABLE_RECEIPTS, key, &row.base);
}

static enum pt_err unpack_row(struct pt_bytes value, struct pt_arena *arena, struct pt_receipted *out)
{
    ProtobufCMessage *message;
    enum pt_err err = pt_unpack(&patuh__receipt_record__descriptor, value, arena, &message);
    if (err != PT_OK) {
        return err;
    }
    const Patuh__ReceiptRecord *row = (const Patuh__ReceiptRecord *)message;
    if (row->link.len != sizeof out->link.b || row->signature.len != sizeof out->signature.b) {
        return PT_EDAMAGED;
    }
    out->seq = row->seq;
    out->held = row->held;
    out->epoch = row->epoch;
    out->lsn = row->lsn;
    out->time_ms = row->time_ms;
    out->body = pt_bytes_of(row->body.data, row->body.len);
    memcpy(out->link.b, row->link.data, sizeof out->link.b);
    memcpy(out->signature.b, row->signature.data, sizeof out->signature.b);
    return PT_OK;
}

static enum pt_err read_row(struct pt_txn *txn, const struct pt_key *key, struct pt_arena *arena,
                            struct pt_receipted *out)
{
    struct pt_bytes value;
    *out = (struct pt_receipted){0};
    enum pt_err err = pt_store_get(txn, PT_TABLE_RECEIPTS, pt_key_bytes(key), &value);
    if (err == PT_ENOTFOUND) {
        return PT_OK;
    }
    return err == PT_OK ? unpack_row(value, arena, out) : err;
}

enum pt_err pt_receipted(struct pt_txn *txn, const struct pt_head *head, enum pt_tier tier, struct pt_arena *arena,
                         struct pt_receipted *out)
{
    struct pt_key key = pt_key_receipt(head->number, tier);
    return read_row(txn, &key, arena, out);
}

enum pt_err pt_receipted_held(struct pt_txn *txn, const struct pt_head *head, enum pt_tier tier,
                              const struct pt_hash *link, struct pt_arena *arena, struct pt_receipted *out)
{
    struct pt_key key = pt_key_receipt_held(head->number, tier | TIER_HELD, link);
    return read_row(txn, &key, arena, out);
}

enum pt_err pt_receipts_held(struct pt_txn *txn, const struct pt_head *head, enum pt_tier tier, struct pt_arena *arena,
                             struct pt_receipted **out, size_t *n_out)
{
    struct pt_key prefix = pt_key_receipt(head->number, tier | TIER_HELD);
    struct pt_rows rows = pt_rows_of(txn, PT_TABLE_RECEIPTS, pt_key_bytes(&prefix));
    struct pt_bytes key;
    struct pt_bytes value;
    struct pt_receipted *list = NULL;
    size_t capacity = 0;
    size_t n = 0;
    enum pt_err err = PT_OK;
    while (err == PT_OK && pt_rows_next(&rows, &key, &value)) {
        err = pt_reserve(&list, &capacity, n + 1, sizeof *list);
        if (err == PT_OK) {
            err = unpack_row(value, arena, &list[n++]);
        }
    }
    enum pt_err end = pt_rows_end(&rows);
    err = err == PT_OK ? end : err;
    if (err == PT_OK) {
        struct pt_bytes copy = pt_arena_dup(arena, pt_bytes_of(list, n * sizeof *list));
        err = copy.data == NULL ? pt_arena_err(arena) : PT_OK;
        memcpy(out, &copy.data, sizeof *out);
        *n_out = n;
    }
    pt_free(list);
    return err;
}

enum pt_err pt_receipt_covers(struct pt_txn *txn, const struct pt_head *head, enum pt_tier tier, uint64_t *seq)
{
    struct pt_arena arena;
    struct pt_receipted *rows = NULL;
    struct pt_receipted counted;
    size_t n = 0;
    pt_arena_init(&arena, SIZE_MAX);
    *seq = 0;
    enum pt_err err = pt_receipts_held(txn, head, tier, &arena, &rows, &n);
    if (err == PT_OK) {
        err = pt_receipted(txn, head, tier, &arena, &counted);
    }
    for (size_t i = 0; i <= n && err == PT_OK; i++) {
        const struct pt_receipted *row = i < n ? &rows[i] : &counted;
        enum pt_stand place = PT_STAND_NONE;
        if (row->seq > *seq) {
            err = pt_logs_stand(txn, head, row->seq, &row->link, &place);
        }
        /* What comes back was pruned because this receipt covers it. */
        bool returns = row == &counted && row->seq > *seq && row->seq <= head->recalled_seq;
        *seq = place == PT_STAND_GOOD || returns ? row->seq : *seq;
    }
    pt_arena_close(&arena);
    return err;
}

static bool is_place(const struct pt_receipted *row, const struct pt_branch_chunk *chunk)
{
    return row->seq == chunk->last_seq && pt_hash_eq(&row->link, &chunk->link);
}

enum pt_err pt_receipt_covers_branch(struct pt_txn *txn, const struct pt_head *head, enum pt_tier tier,
                                     const struct pt_branch *branch, uint64_t *seq)
{
    struct pt_arena arena;
    struct pt_receipted counted = {0};
    bool found = false;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_receipted(txn, head, tier, &arena, &counted);
    *seq = counted.seq < head->seq ? counted.seq : head->seq;
    for (size_t i = branch->n_chunks; err == PT_OK && i > 0 && !found; i--) {
        const struct pt_branch_chunk *chunk = &branch->chunks[i - 1];
        struct pt_receipted held;
        err = pt_receipted_held(txn, head, tier, &chunk->link, &arena, &held);
        found = err == PT_OK && (is_place(&held, chunk) || is_place(&counted, chunk));
        *seq = found ? chunk->last_seq : *seq; /* what comes before it is there as well */
    }
    pt_arena_close(&arena);
    return err;
}

/* What an office has is a matter of its LSN, and a fork makes what counts shorter. A restored office begins a new
 * epoch: what it says itself is later; of receipts that came on a longer way its clock says which. */
static bool is_newer(const struct pt_receipt *receipt, const struct pt_receipted *kept)
{
    if (kept->body.n == 0 || receipt->epoch == kept->epoch) {
        return receipt->lsn >= kept->lsn;
    }
    return receipt->current || receipt->time_ms > kept->time_ms;
}

static enum pt_err store_one(struct pt_txn *txn, const struct pt_receipt *receipt, const struct pt_receipt_log *log)
{
    struct pt_head head;
    struct pt_receipted kept;
    struct pt_arena arena;
    enum pt_err err = pt_logs_find(txn, &log->log, &head);
    if (err != PT_OK) {
        return err == PT_ENOTFOUND ? PT_OK : err; /* a log that is not here needs no receipt here */
    }
    struct pt_key key = log->held ? pt_key_receipt_held(head.number, receipt->tier | TIER_HELD, &log->link)
                                  : pt_key_receipt(head.number, receipt->tier);
    pt_arena_init(&arena, SIZE_MAX);
    err = read_row(txn, &key, &arena, &kept);
    if (err == PT_OK && is_newer(receipt, &kept)) {
        err = put_row(txn, &key, receipt, log);
    }
    pt_arena_close(&arena);
    return err;
}

enum pt_err pt_blob_receipted(struct pt_txn *txn, const struct pt_hash *hash, enum pt_tier tier,
                              struct pt_blob_receipted *out)
{
    struct pt_bytes value;
    struct pt_arena arena;
    ProtobufCMessage *message;
    struct pt_key key = pt_key_hash_tier(hash, tier);
    *out = (struct pt_blob_receipted){0};
    enum pt_err err = pt_store_get(txn, PT_TABLE_BLOB_RECEIPTS, pt_key_bytes(&key), &value);
    if (err != PT_OK) {
        return err == PT_ENOTFOUND ? PT_OK : err;
    }
    pt_arena_init(&arena, SIZE_MAX);
    err = pt_unpack(&patuh__receipt_record__descriptor, value, &arena, &message);
    if (err == PT_OK) {
        const Patuh__ReceiptRecord *row = (const Patuh__ReceiptRecord *)message;
        *out = (struct pt_blob_receipted){.found = true, .epoch = row->epoch, .time_ms = row->time_ms};
    }
    pt_arena_close(&arena);
    return err;
}

static enum pt_err store_blob(struct pt_txn *txn, const struct pt_receipt *receipt, const struct pt_hash *hash)
{
    struct pt_blob_receipted kept;
    Patuh__ReceiptRecord row;
    enum pt_err err = pt_blob_receipted(txn, hash, receipt->tier, &kept);
    bool earlier = receipt->epoch != kept.epoch && !receipt->current && receipt->time_ms <= kept.time_ms;
    if (err != PT_OK || (kept.found && earlier)) {
        return err; /* of an earlier life of the office, on a longer way */
    }
    patuh__receipt_record__init(&row);
    row.has_body = row.has_signature = row.has_epoch = row.has_time_ms = true;
    row.body = pt_binary(receipt->body.data, receipt->body.n);
    row.signature = pt_binary(receipt->signature.b, sizeof receipt->signature.b);
    row.epoch = receipt->epoch;
    row.time_ms = receipt->time_ms;
    struct pt_key key = pt_key_hash_tier(hash, receipt->tier);
    return pt__row_put(txn, PT_TABLE_BLOB_RECEIPTS, &key, &row.base);
}

static const char *newest_of(enum pt_tier tier)
{
    return tier == PT_TIER_REGION ? PT_META_NEWEST_REGION : PT_META_NEWEST_NATIONAL;
}

struct seen {
    uint64_t epoch;
    uint64_t lsn;
    int64_t time_ms;
};

static enum pt_err read_seen(struct pt_txn *txn, enum pt_tier tier, struct seen *out)
{
    struct pt_bytes value;
    *out = (struct seen){0};
    enum pt_err err = pt_meta_get(txn, newest_of(tier), &value);
    if (err != PT_OK) {
        return err == PT_ENOTFOUND ? PT_OK : err;
    }
    struct pt_reader reader = pt_reader_on(value);
    struct seen seen = {.epoch = pt_read_u64(&reader), .lsn = pt_read_u64(&reader)};
    if (value.n > 2 * sizeof(uint64_t)) { /* stores of before do not know it */
        seen.time_ms = (int64_t)pt_read_u64(&reader);
    }
    if (pt_read_end(&reader) != PT_OK) {
        return PT_EDAMAGED;
    }
    *out = seen;
    return PT_OK;
}

enum pt_err pt_receipt_newest(struct pt_txn *txn, enum pt_tier tier, uint64_t *epoch, uint64_t *lsn)
{
    struct seen seen;
    enum pt_err err = read_seen(txn, tier, &seen);
    if (err == PT_OK) {
        *epoch = seen.epoch;
        *lsn = seen.lsn;
    }
    return err;
}

/* Within an epoch the later place in the arrival log. A restored office begins a new epoch, and its clock says nothing
 * about which one is later: the one in which it speaks itself is. Who passes its receipts on may have some of each
 * epoch, in any order; there is nothing but the clock then. */
static bool is_later(const struct pt_receipt *receipt, const struct seen *before)
{
    if (before->lsn == 0 || receipt->epoch == before->epoch) {
        return receipt->lsn > before->lsn;
    }
    return receipt->current && (!receipt->passed_on || receipt->time_ms > before->time_ms);
}

static enum pt_err put_newest(struct pt_txn *txn, const struct pt_receipt *receipt)
{
    struct pt_buf seen = {0};
    pt_buf_put_u64(&seen, receipt->epoch);
    pt_buf_put_u64(&seen, receipt->lsn);
    pt_buf_put_u64(&seen, (uint64_t)receipt->time_ms);
    enum pt_err err = seen.err == PT_OK ? pt_meta_put(txn, newest_of(receipt->tier), pt_buf_bytes(&seen)) : seen.err;
    pt_buf_free(&seen);
    return err;
}

/* The newest receipt known goes into our next chunks: it brackets them in office time. */
static enum pt_err note_for_chunks(struct pt_txn *txn, const struct pt_receipt *receipt)
{
    struct pt_bytes before;
    if (pt_meta_get(txn, PT_META_NEWEST, &before) == PT_OK) {
        struct pt_reader reader = pt_reader_on(before);
        uint64_t epoch = pt_read_u64(&reader);
        if (epoch == receipt->epoch && pt_read_u64(&reader) >= receipt->lsn) {
            return PT_OK; /* an older one on a longer way */
        }
    }
    struct pt_hash hash = pt_hash1(PT_CONTEXT_RECEIPT, receipt->body);
    struct pt_buf seen = {0};
    pt_buf_put_u64(&seen, receipt->epoch);
    pt_buf_put_u64(&seen, receipt->lsn);
    pt_buf_put(&seen, hash.b, PT_LINK_PREFIX_BYTES);
    enum pt_err err = seen.err == PT_OK ? pt_meta_put(txn, PT_META_NEWEST, pt_buf_bytes(&seen)) : seen.err;
    pt_buf_free(&seen);
    return err;
}

static enum pt_err note_seen(struct pt_txn *txn, const struct pt_receipt *receipt)
{
    struct seen before;
    enum pt_err err = note_for_chunks(txn, receipt);
    if (err == PT_OK) {
        err = read_seen(txn, receipt->tier, &before);
    }
    return err == PT_OK && is_later(receipt, &before) ? put_newest(txn, receipt) : err;
}

enum pt_err pt_receipt_store(struct pt_txn *txn, const struct pt_receipt *receipt)
{
    enum pt_err err = note_seen(txn, receipt);
    for (size_t i = 0; i < receipt->n_logs && err == PT_OK; i++) {
        err = store_one(txn, receipt, &receipt->logs[i]);
    }
    for (size_t i = 0; i < receipt->n_blobs && err == PT_OK; i++) {
        err = store_blob(txn, receipt, &receipt->blobs[i]);
    }
    return err;
}
