#include "core/bundle/bundle.h"

#include "base/mem.h"
#include "core/bundle/seal.h"
#include "core/sync/enrol.h"
#include "core/wire/pack.h"
#include "core/wire/unpack.h"

#include <assert.h>
#include <string.h>

#define MAGIC "patuh/bundle"
#define MAGIC_BYTES (sizeof MAGIC - 1)
#define FORMAT 1
#define FRONT_BYTES (MAGIC_BYTES + 4 + 4) /* magic, format, length of the head */
#define SEALED_RECORD_BYTES_MAX (PT_BUNDLE_RECORD_BYTES_MAX + PT_STREAM_MORE_BYTES)

static_assert(PT_BUNDLE_RECIPIENTS_MAX == PT_OFFICE_CHAIN_MAX, "a bundle is sealed to every office of a chain");

static struct pt_hash hash_of_front(struct pt_bytes front)
{
    return pt_hash1(PT_CONTEXT_BUNDLE, front);
}

/* --- writing --- */

struct pt_bundle_writer {
    struct pt_bundle_sink sink;
    struct pt_stream *stream;
    uint64_t n_records;
    uint8_t sealed[4 + SEALED_RECORD_BYTES_MAX];
};

struct sealing {
    Patuh__BundleRecipient recipients[PT_BUNDLE_RECIPIENTS_MAX];
    Patuh__BundleRecipient *list[PT_BUNDLE_RECIPIENTS_MAX];
    uint8_t key_hash[PT_BUNDLE_RECIPIENTS_MAX][PT_CODE_KEY_BYTES];
    uint8_t sealed[PT_BUNDLE_RECIPIENTS_MAX][PT_SEALED_BYTES];
    uint8_t header[PT_STREAM_HEADER_BYTES];
    uint8_t key[PT_STREAM_KEY_BYTES];
};

static enum pt_err seal_to(struct sealing *s, size_t i, const struct pt_public_key *recipient,
                           const struct pt_random *random)
{
    Patuh__BundleRecipient *out = &s->recipients[i];
    patuh__bundle_recipient__init(out);
    pt_code_key_of(recipient->b, s->key_hash[i]);
    out->has_key_hash = out->has_sealed = true;
    out->key_hash = pt_binary(s->key_hash[i], sizeof s->key_hash[i]);
    out->sealed = pt_binary(s->sealed[i], sizeof s->sealed[i]);
    s->list[i] = out;
    return pt_seal(recipient->b, s->key, random, s->sealed[i]);
}

/* Everything before the first record. */
static enum pt_err make_front(struct sealing *s, const struct pt_public_key *recipients, size_t n,
                              const struct pt_random *random, struct pt_buf *out)
{
    Patuh__BundleHead head = PATUH__BUNDLE_HEAD__INIT;
    struct pt_arena arena;
    struct pt_bytes packed;
    enum pt_err err = PT_OK;
    pt_random_fill(random, s->key, sizeof s->key);
    pt_random_fill(random, s->header, sizeof s->header);
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        err = seal_to(s, i, &recipients[i], random);
    }
    head.n_recipient = n;
    head.recipient = s->list;
    head.has_stream = true;
    head.stream = pt_binary(s->header, sizeof s->header);
    pt_arena_init(&arena, SIZE_MAX);
    err = err == PT_OK ? pt_pack(&head.base, &arena, &packed) : err;
    if (err == PT_OK) {
        pt_buf_put_str(out, MAGIC);
        pt_buf_put_u32(out, FORMAT);
        pt_buf_put_u32(out, (uint32_t)packed.n);
        pt_buf_put_bytes(out, packed);
        err = out->err;
    }
    pt_arena_close(&arena);
    return err;
}

static void put_u32(uint8_t *out, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        out[i] = (uint8_t)(value >> (24 - 8 * i));
    }
}

static enum pt_err put_record(struct pt_bundle_writer *w, const Patuh__BundleRecord *record, bool last)
{
    struct pt_arena arena;
    struct pt_bytes plain;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_pack(&record->base, &arena, &plain);
    if (err == PT_OK && plain.n > PT_BUNDLE_RECORD_BYTES_MAX) {
        err = PT_ELIMIT;
    }
    if (err == PT_OK) {
        size_t n = plain.n + PT_STREAM_MORE_BYTES;
        put_u32(w->sealed, (uint32_t)n);
        pt_stream_push(w->stream, plain, last, w->sealed + 4);
        err = w->sink.put(w->sink.data, pt_bytes_of(w->sealed, 4 + n));
        w->n_records++;
    }
    pt_arena_close(&arena);
    return err;
}

static size_t fill_seen(const struct pt_bundle_origin *origin, Patuh__BundleSeen rows[2], Patuh__BundleSeen *list[2])
{
    const struct pt_bundle_seen *const seen[2] = {&origin->region, &origin->national};
    size_t n = 0;
    for (size_t i = 0; i < 2; i++) {
        if (seen[i]->lsn == 0) {
            continue;
        }
        patuh__bundle_seen__init(&rows[n]);
        rows[n].has_tier = rows[n].has_epoch = rows[n].has_lsn = true;
        rows[n].tier = i == 0 ? PT_TIER_REGION : PT_TIER_NATIONAL;
        rows[n].epoch = seen[i]->epoch;
        rows[n].lsn = seen[i]->lsn;
        list[n] = &rows[n];
        n++;
    }
    return n;
}

static enum pt_err put_from(struct pt_bundle_writer *w, const struct pt_bundle_origin *origin, struct pt_bytes front)
{
    Patuh__BundleRecord record = PATUH__BUNDLE_RECORD__INIT;
    Patuh__BundleFrom from = PATUH__BUNDLE_FROM__INIT;
    Patuh__BundleSeen rows[2];
    Patuh__BundleSeen *seen[2];
    struct pt_arena arena;
    struct pt_signature signature;
    struct pt_hash hash = hash_of_front(front);
    ProtobufCMessage *statement = NULL;
    enum pt_err err = PT_OK;
    pt_sign(origin->author, PT_CONTEXT_BUNDLE, &hash, &signature);
    pt_arena_init(&arena, SIZE_MAX);
    if (origin->statement.n > 0) {
        err = pt_unpack(&patuh__signed_statement__descriptor, origin->statement, &arena, &statement);
    }
    from.has_public_key = from.has_signature = from.has_made_ms = true;
    from.public_key = pt_binary(origin->author->public_key, sizeof origin->author->public_key);
    from.signature = pt_binary(signature.b, sizeof signature.b);
    from.statement = (Patuh__SignedStatement *)statement;
    from.made_ms = origin->made_ms;
    from.n_seen = fill_seen(origin, rows, seen);
    from.seen = seen;
    from.has_revoked = from.revoked = origin->revoked;
    record.from = &from;
    err = err == PT_OK ? put_record(w, &record, false) : err;
    pt_arena_close(&arena);
    return err;
}

enum pt_err pt_bundle_begin(struct pt_bundle_sink sink, const struct pt_random *random,
                            const struct pt_public_key *recipients, size_t n_recipients,
                            const struct pt_bundle_origin *origin, struct pt_bundle_writer **out)
{
    struct sealing sealing;
    struct pt_buf front = {0};
    *out = NULL;
    if (n_recipients == 0 || n_recipients > PT_BUNDLE_RECIPIENTS_MAX) {
        return PT_ELIMIT;
    }
    struct pt_bundle_writer *w = pt_zalloc(sizeof *w);
    enum pt_err err = w == NULL ? PT_ENOMEM : make_front(&sealing, recipients, n_recipients, random, &front);
    if (err == PT_OK) {
        w->sink = sink;
        w->stream = pt_stream_create(sealing.key, sealing.header);
        err = w->stream == NULL ? PT_ENOMEM : sink.put(sink.data, pt_buf_bytes(&front));
    }
    if (err == PT_OK) {
        err = put_from(w, origin, pt_buf_bytes(&front));
    }
    pt_wipe(sealing.key, sizeof sealing.key);
    pt_buf_free(&front);
    if (err != PT_OK) {
        pt_bundle_writer_destroy(w);
        return err;
    }
    *out = w;
    return PT_OK;
}

enum pt_err pt_bundle_put(struct pt_bundle_writer *writer, const Patuh__BundleRecord *record)
{
    return put_record(writer, record, false);
}

enum pt_err pt_bundle_end(struct pt_bundle_writer *writer)
{
    Patuh__BundleRecord record = PATUH__BUNDLE_RECORD__INIT;
    Patuh__BundleEnd end = PATUH__BUNDLE_END__INIT;
    end.has_records = true;
    end.records = writer->n_records;
    record.end = &end;
    return put_record(writer, &record, true);
}

void pt_bundle_writer_destroy(struct pt_bundle_writer *writer)
{
    if (writer != NULL) {
        pt_stream_destroy(writer->stream);
        pt_free(writer);
    }
}

/* --- reading --- */

struct pt_bundle_reader {
    struct pt_bundle_source source;
    struct pt_stream *stream;
    struct pt_arena arena; /* of what is lent */
    const Patuh__BundleFrom *from;
    struct pt_public_key key;
    uint64_t n_records;
    enum pt_err err; /* sticky */
    uint8_t sealed[SEALED_RECORD_BYTES_MAX];
    uint8_t plain[PT_BUNDLE_RECORD_BYTES_MAX];
};

/* Errors: DAMAGED (the file ends before). */
static enum pt_err read_whole(struct pt_bundle_reader *r, void *out, size_t n)
{
    size_t n_read = 0;
    enum pt_err err = r->source.read(r->source.data, out, n, &n_read);
    return err == PT_OK && n_read < n ? PT_EDAMAGED : err;
}

/* What is wrong inside a bundle was done to it on its way, or by a program that is wrong: people do the same then. */
static enum pt_err as_damaged(enum pt_err err)
{
    return err == PT_EMALFORMED || err == PT_ELIMIT || err == PT_ESIGNATURE ? PT_EDAMAGED : err;
}

static enum pt_err read_front(struct pt_bundle_reader *r, uint8_t out[FRONT_BYTES + PT_BUNDLE_HEAD_BYTES_MAX],
                              size_t *n_head)
{
    enum pt_err err = read_whole(r, out, FRONT_BYTES);
    if (err != PT_OK || memcmp(out, MAGIC, MAGIC_BYTES) != 0) {
        return err == PT_OK || err == PT_EDAMAGED ? PT_EMALFORMED : err;
    }
    struct pt_reader front = pt_reader_on(pt_bytes_of(out + MAGIC_BYTES, FRONT_BYTES - MAGIC_BYTES));
    uint32_t format = pt_read_u32(&front);
    uint32_t n = pt_read_u32(&front);
    if (format != FORMAT) {
        return format > FORMAT ? PT_EVERSION : PT_EDAMAGED;
    }
    *n_head = n;
    return n > PT_BUNDLE_HEAD_BYTES_MAX ? PT_EDAMAGED : read_whole(r, out + FRONT_BYTES, n);
}

static bool is_for(const Patuh__BundleRecipient *recipient, const uint8_t key_hash[PT_CODE_KEY_BYTES])
{
    return recipient->key_hash.len == PT_CODE_KEY_BYTES && recipient->sealed.len == PT_SEALED_BYTES &&
           memcmp(recipient->key_hash.data, key_hash, PT_CODE_KEY_BYTES) == 0;
}

static enum pt_err open_stream(struct pt_bundle_reader *r, const Patuh__BundleHead *head,
                               const struct pt_keypair *transport)
{
    uint8_t key_hash[PT_CODE_KEY_BYTES];
    uint8_t key[PT_STREAM_KEY_BYTES];
    enum pt_err err = PT_EDENIED;
    if (head->stream.len != PT_STREAM_HEADER_BYTES || head->n_recipient > PT_BUNDLE_RECIPIENTS_MAX) {
        return PT_EDAMAGED;
    }
    pt_code_key_of(transport->public_key, key_hash);
    for (size_t i = 0; i < head->n_recipient && err == PT_EDENIED; i++) {
        if (is_for(head->recipient[i], key_hash)) {
            err = as_damaged(pt_unseal(transport, head->recipient[i]->sealed.data, key));
        }
    }
    if (err == PT_OK) {
        r->stream = pt_stream_create(key, head->stream.data);
        err = r->stream == NULL ? PT_ENOMEM : PT_OK;
    }
    pt_wipe(key, sizeof key);
    return err;
}

static int n_fields(const Patuh__BundleRecord *record)
{
    return (record->from != NULL) + (record->chunks != NULL) + (record->text != NULL) + (record->receipt != NULL) +
           (record->part != NULL) + (record->heads != NULL) + (record->wants != NULL) + (record->end != NULL);
}

static enum pt_err read_record(struct pt_bundle_reader *r, struct pt_arena *arena, bool *last,
                               const Patuh__BundleRecord **out)
{
    uint8_t length[4];
    ProtobufCMessage *message;
    enum pt_err err = read_whole(r, length, sizeof length);
    struct pt_reader reader = pt_reader_on(pt_bytes_of(length, sizeof length));
    uint32_t n = pt_read_u32(&reader);
    if (err == PT_OK && (n < PT_STREAM_MORE_BYTES || n > sizeof r->sealed)) {
        err = PT_EDAMAGED;
    }
    if (err == PT_OK) {
        err = read_whole(r, r->sealed, n);
    }
    if (err == PT_OK) {
        err = pt_stream_pull(r->stream, pt_bytes_of(r->sealed, n), r->plain, last);
    }
    if (err == PT_OK) {
        err = pt_unpack(&patuh__bundle_record__descriptor, pt_bytes_of(r->plain, n - PT_STREAM_MORE_BYTES), arena,
                        &message);
    }
    if (err == PT_OK) {
        *out = (const Patuh__BundleRecord *)message;
        err = n_fields(*out) == 1 ? PT_OK : PT_EDAMAGED;
    }
    return as_damaged(err);
}

/* The record that says who made it, signed by that key. */
static enum pt_err read_from(struct pt_bundle_reader *r, struct pt_bytes front)
{
    const Patuh__BundleRecord *record;
    struct pt_signature signature;
    struct pt_hash hash = hash_of_front(front);
    bool last = false;
    enum pt_err err = read_record(r, &r->arena, &last, &record);
    if (err != PT_OK) {
        return err;
    }
    r->n_records = 1;
    r->from = record->from;
    if (r->from == NULL || last || r->from->public_key.len != sizeof r->key.b ||
        r->from->signature.len != sizeof signature.b) {
        return PT_EDAMAGED;
    }
    memcpy(r->key.b, r->from->public_key.data, sizeof r->key.b);
    memcpy(signature.b, r->from->signature.data, sizeof signature.b);
    return as_damaged(pt_verify(r->key.b, PT_CONTEXT_BUNDLE, &hash, &signature));
}

static enum pt_err open_reader(struct pt_bundle_reader *r, const struct pt_keypair *transport)
{
    uint8_t front[FRONT_BYTES + PT_BUNDLE_HEAD_BYTES_MAX];
    size_t n_head = 0;
    ProtobufCMessage *head;
    enum pt_err err = read_front(r, front, &n_head);
    if (err == PT_OK) {
        err = as_damaged(
            pt_unpack(&patuh__bundle_head__descriptor, pt_bytes_of(front + FRONT_BYTES, n_head), &r->arena, &head));
    }
    if (err == PT_OK) {
        err = open_stream(r, (const Patuh__BundleHead *)head, transport);
    }
    return err == PT_OK ? read_from(r, pt_bytes_of(front, FRONT_BYTES + n_head)) : err;
}

enum pt_err pt_bundle_open(struct pt_bundle_source source, const struct pt_keypair *transport,
                           struct pt_bundle_reader **out)
{
    struct pt_bundle_reader *r = pt_zalloc(sizeof *r);
    *out = NULL;
    if (r == NULL) {
        return PT_ENOMEM;
    }
    r->source = source;
    pt_arena_init(&r->arena, SIZE_MAX);
    enum pt_err err = open_reader(r, transport);
    if (err != PT_OK) {
        pt_bundle_reader_destroy(r);
        return err;
    }
    *out = r;
    return PT_OK;
}

const Patuh__BundleFrom *pt_bundle_from(const struct pt_bundle_reader *reader)
{
    return reader->from;
}

struct pt_public_key pt_bundle_key(const struct pt_bundle_reader *reader)
{
    return reader->key;
}

/* Nothing may follow the last record. */
static enum pt_err check_end(struct pt_bundle_reader *r, const Patuh__BundleEnd *end)
{
    uint8_t byte;
    size_t n_read = 0;
    if (end->records != r->n_records) {
        return PT_EDAMAGED;
    }
    enum pt_err err = r->source.read(r->source.data, &byte, 1, &n_read);
    return err == PT_OK && n_read > 0 ? PT_EDAMAGED : err;
}

enum pt_err pt_bundle_next(struct pt_bundle_reader *r, struct pt_arena *arena, const Patuh__BundleRecord **out)
{
    const Patuh__BundleRecord *record = NULL;
    bool last = false;
    if (r->err == PT_OK) {
        r->err = read_record(r, arena, &last, &record);
    }
    if (r->err == PT_OK && (record->from != NULL || last != (record->end != NULL))) {
        r->err = PT_EDAMAGED;
    }
    if (r->err == PT_OK && last) {
        enum pt_err err = check_end(r, record->end);
        r->err = err == PT_OK ? PT_ENOTFOUND : err;
    }
    r->n_records++;
    *out = record;
    return r->err;
}

void pt_bundle_reader_destroy(struct pt_bundle_reader *reader)
{
    if (reader != NULL) {
        pt_stream_destroy(reader->stream);
        pt_arena_close(&reader->arena);
        pt_wipe(reader->plain, sizeof reader->plain);
        pt_free(reader);
    }
}
