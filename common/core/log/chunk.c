#include "core/log/chunk.h"

#include "base/mem.h"
#include "core/wire/pack.h"
#include "core/wire/prescan.h"
#include "core/wire/unpack.h"

#include <string.h>
#include <zstd.h>

#define ZSTD_LEVEL 3
enum { CODEC_PLAIN = 0, CODEC_ZSTD = 1 };

struct pt_hash pt_link_first(const struct pt_log_id *log)
{
    uint8_t incarnation[8];
    uint8_t n = (uint8_t)strlen(log->subject.text);
    for (size_t i = 0; i < sizeof incarnation; i++) {
        incarnation[i] = (uint8_t)(log->incarnation >> (56 - 8 * i));
    }
    return pt_hash4(PT_CONTEXT_LOG, pt_bytes_of(&n, 1), pt_bytes_of(log->subject.text, n),
                    pt_bytes_of(log->author.b, sizeof log->author.b), pt_bytes_of(incarnation, sizeof incarnation));
}

struct pt_hash pt_link_next(const struct pt_hash *previous, struct pt_bytes chunk)
{
    struct pt_hash content = pt_hash1(PT_CONTEXT_CHUNK, chunk);
    return pt_hash2(PT_CONTEXT_LINK, pt_hash_bytes(previous), pt_hash_bytes(&content));
}

static void fill_header(Patuh__Chunk *chunk, Patuh__Seen *seen, const struct pt_chunk_header *header)
{
    patuh__chunk__init(chunk);
    patuh__seen__init(seen);
    chunk->has_subject = chunk->has_author = chunk->has_incarnation = chunk->has_first_seq = chunk->has_count = true;
    chunk->subject = pt_binary(header->log.subject.text, strlen(header->log.subject.text));
    chunk->author = pt_binary(header->log.author.b, PT_HASH_BYTES);
    chunk->incarnation = header->log.incarnation;
    chunk->first_seq = header->first_seq;
    chunk->count = header->count;
    chunk->has_instrument = header->has_instrument;
    chunk->instrument = pt_binary(header->instrument.b, PT_HASH_BYTES);
    if (header->has_seen) {
        seen->has_epoch = seen->has_lsn = seen->has_hash = true;
        seen->epoch = header->seen_epoch;
        seen->lsn = header->seen_lsn;
        seen->hash = pt_binary(header->seen_hash, sizeof header->seen_hash);
        chunk->seen = seen;
    }
    chunk->has_wall_ms = chunk->has_monotonic_ms = chunk->has_boot = true;
    chunk->wall_ms = header->wall_ms;
    chunk->monotonic_ms = header->monotonic_ms;
    chunk->boot = header->boot;
    chunk->has_previous = header->has_previous;
    chunk->previous = pt_binary(header->previous.b, PT_HASH_BYTES);
}

/* zstd where it is smaller; packed keeps the compressed bytes alive. */
static enum pt_err fill_body(Patuh__Chunk *chunk, const struct pt_buf *raw, struct pt_buf *packed)
{
    chunk->has_codec = chunk->has_raw_bytes = chunk->has_body = true;
    chunk->codec = CODEC_PLAIN;
    chunk->raw_bytes = (uint32_t)raw->n;
    chunk->body = pt_binary(raw->data, raw->n);
    enum pt_err err = pt_reserve(&packed->data, &packed->capacity, ZSTD_compressBound(raw->n), 1);
    if (err != PT_OK) {
        return err;
    }
    size_t n = ZSTD_compress(packed->data, packed->capacity, raw->data, raw->n, ZSTD_LEVEL);
    if (!ZSTD_isError(n) && n < raw->n) {
        chunk->codec = CODEC_ZSTD;
        chunk->body = pt_binary(packed->data, n);
    }
    return PT_OK;
}

/* What readers refuse must not be written: a body that is too large, or takes more memory than its size allows. */
static enum pt_err check_raw(const struct pt_buf *raw)
{
    struct pt_prescan scan = {0};
    if (raw->n > PT_CHUNK_RAW_BYTES_MAX) {
        return PT_ELIMIT;
    }
    enum pt_err err = pt_prescan(&patuh__body__descriptor, pt_buf_bytes(raw), &scan);
    return err == PT_OK && scan.memory > pt_unpack_budget(raw->n) ? PT_ELIMIT : err;
}

static enum pt_err encode_n(const struct pt_chunk_header *header, const struct pt_entry *entries, size_t n,
                            struct pt_buf *out)
{
    Patuh__Chunk chunk;
    Patuh__Seen seen;
    struct pt_chunk_header numbered = *header;
    struct pt_buf raw = {0};
    struct pt_buf packed = {0};
    numbered.count = (uint32_t)n;
    fill_header(&chunk, &seen, &numbered);
    enum pt_err err = pt_body_encode(entries, n, header->wall_ms / 1000, &raw);
    if (err == PT_OK) {
        err = check_raw(&raw);
    }
    if (err == PT_OK) {
        err = fill_body(&chunk, &raw, &packed);
    }
    if (err == PT_OK) {
        size_t n_bytes = patuh__chunk__get_packed_size(&chunk);
        err = pt_reserve(&out->data, &out->capacity, out->n + n_bytes + 1, 1);
        if (err == PT_OK) {
            out->n += patuh__chunk__pack(&chunk, out->data + out->n);
            out->data[out->n] = 0;
        }
    }
    pt_buf_free(&raw);
    pt_buf_free(&packed);
    return err;
}

enum pt_err pt_chunk_encode(const struct pt_chunk_header *header, const struct pt_entry *entries, struct pt_buf *out)
{
    size_t before = out->n;
    enum pt_err err = encode_n(header, entries, header->count, out);
    if (err == PT_OK && out->n - before > PT_CHUNK_BYTES_MAX) {
        out->n = before;
        out->data[before] = 0;
        return PT_ELIMIT;
    }
    return err;
}

static enum pt_err encoded_size(const struct pt_chunk_header *header, const struct pt_entry *entries, size_t n,
                                size_t *out)
{
    struct pt_buf buf = {0};
    enum pt_err err = encode_n(header, entries, n, &buf);
    *out = err == PT_ELIMIT ? SIZE_MAX : buf.n;
    pt_buf_free(&buf);
    return err == PT_ELIMIT ? PT_OK : err;
}

enum pt_err pt_chunk_fit(const struct pt_chunk_header *header, const struct pt_entry *entries, size_t n, size_t *n_fit)
{
    size_t fits = 0; /* this many stay at or below the seal size */
    size_t too_many = (n < PT_CHUNK_ENTRIES_MAX ? n : PT_CHUNK_ENTRIES_MAX) + 1;
    while (fits + 1 < too_many) { /* halving: the size grows with n up to the noise of zstd */
        size_t middle = fits + (too_many - fits) / 2;
        size_t bytes;
        enum pt_err err = encoded_size(header, entries, middle, &bytes);
        if (err != PT_OK) {
            return err;
        }
        if (bytes <= PT_CHUNK_SEAL_BYTES) {
            fits = middle;
        } else {
            too_many = middle;
        }
    }
    *n_fit = fits == 0 ? 1 : fits; /* one large entry has a chunk of its own, up to PT_CHUNK_BYTES_MAX */
    return PT_OK;
}

static bool hash_field(bool has, const ProtobufCBinaryData *field, struct pt_hash *out)
{
    if (has && field->len != PT_HASH_BYTES) {
        return false;
    }
    if (has) {
        memcpy(out->b, field->data, PT_HASH_BYTES);
    }
    return true;
}

static enum pt_err header_from(const Patuh__Chunk *chunk, struct pt_chunk_header *out)
{
    struct pt_chunk_header header = {
        .first_seq = chunk->first_seq,
        .count = chunk->count,
        .has_instrument = chunk->has_instrument,
        .wall_ms = chunk->wall_ms,
        .monotonic_ms = chunk->monotonic_ms,
        .boot = chunk->boot,
        .has_previous = chunk->has_previous,
    };
    header.log.incarnation = chunk->incarnation;
    struct pt_hash author;
    bool good = chunk->has_author && hash_field(true, &chunk->author, &author) &&
                hash_field(chunk->has_instrument, &chunk->instrument, &header.instrument) &&
                hash_field(chunk->has_previous, &chunk->previous, &header.previous) && chunk->first_seq > 0 &&
                chunk->count > 0 && chunk->count <= PT_CHUNK_ENTRIES_MAX &&
                chunk->first_seq <= UINT64_MAX - PT_CHUNK_ENTRIES_MAX;
    if (!good) {
        return PT_EMALFORMED;
    }
    memcpy(header.log.author.b, author.b, sizeof author.b);
    const Patuh__Seen *seen = chunk->seen;
    if (seen != NULL && seen->hash.len == sizeof header.seen_hash) {
        header.has_seen = true;
        header.seen_epoch = seen->epoch;
        header.seen_lsn = seen->lsn;
        memcpy(header.seen_hash, seen->hash.data, sizeof header.seen_hash);
    }
    enum pt_err err = pt_subject_read(pt_bytes_of(chunk->subject.data, chunk->subject.len), &header.log.subject);
    if (err == PT_OK) {
        *out = header;
    }
    return err;
}

static enum pt_err unpack_chunk(struct pt_bytes bytes, struct pt_arena *arena, Patuh__Chunk **chunk,
                                struct pt_chunk_header *header)
{
    ProtobufCMessage *message;
    if (bytes.n > PT_CHUNK_BYTES_MAX) {
        return PT_ELIMIT;
    }
    enum pt_err err = pt_unpack(&patuh__chunk__descriptor, bytes, arena, &message);
    if (err != PT_OK) {
        return err;
    }
    *chunk = (Patuh__Chunk *)message;
    return header_from(*chunk, header);
}

enum pt_err pt_chunk_read_header(struct pt_bytes bytes, struct pt_arena *arena, struct pt_chunk_header *header)
{
    Patuh__Chunk *chunk;
    return unpack_chunk(bytes, arena, &chunk, header);
}

static enum pt_err plain_body(const Patuh__Chunk *chunk, struct pt_arena *arena, struct pt_bytes *out)
{
    if (chunk->codec == CODEC_PLAIN) {
        *out = pt_bytes_of(chunk->body.data, chunk->body.len);
        return chunk->body.len == chunk->raw_bytes ? PT_OK : PT_EMALFORMED;
    }
    if (chunk->codec != CODEC_ZSTD || chunk->raw_bytes > PT_CHUNK_RAW_BYTES_MAX ||
        ZSTD_getFrameContentSize(chunk->body.data, chunk->body.len) != chunk->raw_bytes) {
        return PT_EMALFORMED;
    }
    uint8_t *raw = pt_arena_alloc(arena, chunk->raw_bytes);
    if (raw == NULL) {
        return pt_arena_err(arena);
    }
    size_t n = ZSTD_decompress(raw, chunk->raw_bytes, chunk->body.data, chunk->body.len);
    if (ZSTD_isError(n) || n != chunk->raw_bytes) {
        return PT_EMALFORMED;
    }
    *out = pt_bytes_of(raw, n);
    return PT_OK;
}

enum pt_err pt_chunk_decode(struct pt_bytes bytes, struct pt_arena *arena, struct pt_chunk_header *header,
                            struct pt_entry **entries)
{
    Patuh__Chunk *chunk;
    struct pt_bytes body = {0};
    struct pt_chunk_header read;
    enum pt_err err = unpack_chunk(bytes, arena, &chunk, &read);
    if (err == PT_OK) {
        err = plain_body(chunk, arena, &body);
    }
    if (err == PT_OK) {
        err = pt_body_decode(body, read.count, read.wall_ms / 1000, arena, entries);
    }
    if (err == PT_OK) {
        *header = read;
    }
    return err;
}
