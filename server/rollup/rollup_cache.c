/* rollup_cache.c - what a rollup took from each assessment, kept for the next one.
 *
 * A record is found by a key over everything it was computed from: where each log of the assessment ends, where the
 * cycle's logs end (instrument, registry, results, salt of the pseudonyms), what the office logs say of its authors,
 * the level, and the version of the engine. Another key, or a record that is not what was written: computed anew. So
 * the file can be deleted or damaged at any time, and the result has the same bytes with it or without it. Nothing here
 * fails a rollup: a cache that cannot be read or written is left alone.
 *
 *     file   = MAGIC, records in the order of subjects
 *     record = u32 length of the rest, 32 key, u8 length and subject, body, 32 hash of key, subject and body
 *     body   = u32 length of the payload, payload in zstd: its rows repeat themselves, and a twentieth is soon hashed
 */
#include "base/mem.h"
#include "core/wire/pack.h"
#include "io/files.h"
#include "rollup/rollup_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#define MAGIC "patuh/1 rollup cache\n"
#define RECORD_BYTES_MAX (16u * 1024 * 1024)
#define BUFFER_BYTES (256u * 1024)
#define ZSTD_LEVEL 1

enum flag {
    OPENED = 1,
    COUNTS = 2,
    NOT_ASSESSED = 4,
    PLACEHOLDER = 8,
    EXACT = 16,
    HAS_SCORE = 32,
    FOREIGN = 64,
    MAY_LACK = 128
};

/* --- the key --- */

static void put_text(struct pt_buf *out, const char *text)
{
    pt_buf_put_u32(out, (uint32_t)strlen(text));
    pt_buf_put_str(out, text);
}

/* Whether it stands, and the cut: an office may revoke again with another one. */
static enum pt_err put_member(struct pt__rollup *r, const struct pt_member *member, struct pt_buf *out)
{
    struct pt_bytes revocation = {0};
    enum pt_err err = member->revoked ? pt_pack(&member->revocation->base, &r->work, &revocation) : PT_OK;
    put_text(out, member->office->code);
    put_text(out, member->name);
    pt_buf_put_u8(out, member->office->is_root);
    pt_buf_put_u8(out, member->revoked);
    pt_buf_put_u32(out, (uint32_t)member->role);
    pt_buf_put_u32(out, (uint32_t)revocation.n);
    pt_buf_put_bytes(out, revocation);
    return err;
}

static enum pt_err put_author(struct pt__rollup *r, const struct pt_author *author, struct pt_buf *out)
{
    const struct pt_office *office = pt_authority_office(&r->authority, author);
    const struct pt_member *member = pt_authority_member(&r->authority, author);
    enum pt_err err = PT_OK;
    put_text(out, office == NULL ? "" : office->code);
    pt_buf_put_u8(out, office != NULL && office->is_root);
    for (; member != NULL && err == PT_OK; member = pt_authority_member_next(&r->authority, member)) {
        err = put_member(r, member, out);
    }
    return err;
}

/* LIMIT when the end of a log is not known without reading it: it goes on past the moment that is computed, or forks.
 */
static enum pt_err make_key(struct pt__rollup *r, size_t first, size_t last, struct pt__kept *out)
{
    struct pt_buf ends = {0};
    struct pt_buf rest = {0};
    enum pt_err err = PT_OK;
    for (size_t i = first; i < last && err == PT_OK; i++) {
        const struct pt_head *head = &r->heads[i];
        if (head->seq > 0) { /* as note_inputs does it from the views */
            pt_log_id_put(&ends, &head->log);
            pt_buf_put_u64(&ends, head->seq);
            pt_buf_put_bytes(&ends, pt_hash_bytes(&head->link));
        }
        bool known = head->last_lsn <= r->upto_lsn && !head->forked; /* of a forked log rulings decide */
        err = !known ? PT_ELIMIT : put_author(r, &head->log.author, &rest);
    }
    out->inputs = pt_hash1(PT_CONTEXT_DIGEST, pt_buf_bytes(&ends));
    put_text(&rest, PT_ENGINE_VERSION);
    pt_buf_put_u8(&rest, (uint8_t)r->in->level);
    out->key = pt_hash4(PT_CONTEXT_DIGEST, pt_bytes_str(MAGIC), pt_hash_bytes(&out->inputs),
                        pt_hash_bytes(&r->cycle_inputs), pt_buf_bytes(&rest));
    err = err == PT_OK ? ends.err : err;
    err = err == PT_OK ? rest.err : err;
    pt_buf_free(&ends);
    pt_buf_free(&rest);
    return err;
}

/* --- the file --- */

static struct pt_hash check_of(const struct pt_hash *key, const char *subject, struct pt_bytes body)
{
    return pt_hash4(PT_CONTEXT_DIGEST, pt_hash_bytes(key), pt_bytes_str(subject), body, (struct pt_bytes){0});
}

static void stop_reading(struct pt__cache *cache)
{
    if (cache->in != NULL) {
        (void)fclose(cache->in);
    }
    cache->in = NULL;
    cache->subject[0] = '\0';
}

static void stop_writing(struct pt__cache *cache)
{
    if (cache->out != NULL) {
        (void)fclose(cache->out);
        (void)unlink(cache->temporary);
    }
    cache->out = NULL;
}

/* The next record of the old file; the end of it, or what is damaged, ends the reading. */
static void read_record(struct pt__cache *cache)
{
    uint8_t size[4];
    uint32_t n = 0;
    if (cache->in != NULL && fread(size, sizeof size, 1, cache->in) == 1) {
        struct pt_reader reader = pt_reader_on(pt_bytes_of(size, sizeof size));
        n = pt_read_u32(&reader);
    }
    if (n == 0 || n > RECORD_BYTES_MAX || pt_reserve(&cache->record, &cache->capacity, n, 1) != PT_OK ||
        fread(cache->record, n, 1, cache->in) != 1) {
        stop_reading(cache);
        return;
    }
    struct pt_reader reader = pt_reader_on(pt_bytes_of(cache->record, n));
    pt_read_into(&reader, cache->key.b, sizeof cache->key.b);
    size_t n_subject = pt_read_u8(&reader);
    struct pt_bytes subject = pt_read_bytes(&reader, n_subject <= PT_SUBJECT_BYTES_MAX ? n_subject : n);
    struct pt_bytes rest = pt_read_rest(&reader);
    if (reader.err != PT_OK || rest.n < sizeof cache->check.b) {
        stop_reading(cache);
        return;
    }
    memcpy(cache->subject, subject.data, subject.n);
    cache->subject[subject.n] = '\0';
    cache->body = pt_bytes_of(rest.data, rest.n - sizeof cache->check.b);
    cache->check = check_of(&cache->key, cache->subject, cache->body);
    if (memcmp(cache->check.b, rest.data + cache->body.n, sizeof cache->check.b) != 0) {
        stop_reading(cache);
    }
}

static void write_record(struct pt__cache *cache, const struct pt_hash *key, const char *subject, struct pt_bytes body,
                         const struct pt_hash *check)
{
    struct pt_buf head = {0};
    size_t n_subject = strlen(subject);
    if (cache->out == NULL || body.n > RECORD_BYTES_MAX / 2) {
        return;
    }
    pt_buf_put_u32(&head, (uint32_t)(2 * sizeof key->b + 1 + n_subject + body.n));
    pt_buf_put_bytes(&head, pt_hash_bytes(key));
    pt_buf_put_u8(&head, (uint8_t)n_subject);
    pt_buf_put_str(&head, subject);
    bool good = head.err == PT_OK && fwrite(head.data, head.n, 1, cache->out) == 1 &&
                (body.n == 0 || fwrite(body.data, body.n, 1, cache->out) == 1) &&
                fwrite(check->b, sizeof check->b, 1, cache->out) == 1;
    if (!good) {
        stop_writing(cache);
    }
    pt_buf_free(&head);
}

static enum pt_err pack(struct pt__cache *cache, const struct pt_buf *payload, struct pt_buf *body)
{
    size_t bound = ZSTD_compressBound(payload->n);
    pt_buf_put_u32(body, (uint32_t)payload->n);
    size_t head = body->n;
    if (payload->err != PT_OK || body->err != PT_OK || payload->n > RECORD_BYTES_MAX || cache->packer == NULL ||
        pt_reserve(&body->data, &body->capacity, head + bound + 1, 1) != PT_OK) {
        return PT_ENOMEM;
    }
    size_t n = ZSTD_compressCCtx(cache->packer, body->data + head, bound, payload->data, payload->n, ZSTD_LEVEL);
    body->n += ZSTD_isError(n) ? 0 : n;
    body->data[body->n] = 0;
    return ZSTD_isError(n) ? PT_ENOMEM : PT_OK;
}

/* The payload of the record, into cache->payload. Errors: NOTFOUND when it cannot be had. */
static enum pt_err unpack(struct pt__cache *cache, struct pt_bytes *payload)
{
    struct pt_reader reader = pt_reader_on(cache->body);
    size_t wanted = pt_read_u32(&reader);
    struct pt_bytes packed = pt_read_rest(&reader);
    if (reader.err != PT_OK || wanted > RECORD_BYTES_MAX || cache->unpacker == NULL ||
        pt_reserve(&cache->payload, &cache->payload_capacity, wanted, 1) != PT_OK) {
        return PT_ENOTFOUND;
    }
    size_t n = ZSTD_decompressDCtx(cache->unpacker, cache->payload, wanted, packed.data, packed.n);
    *payload = pt_bytes_of(cache->payload, wanted);
    return n == wanted ? PT_OK : PT_ENOTFOUND; /* an error is a large number */
}

static void open_old(struct pt__cache *cache)
{
    char magic[sizeof MAGIC - 1];
    cache->in = fopen(cache->path, "rb");
    if (cache->in == NULL) {
        return;
    }
    (void)setvbuf(cache->in, NULL, _IOFBF, BUFFER_BYTES);
    if (fread(magic, sizeof magic, 1, cache->in) != 1 || memcmp(magic, MAGIC, sizeof magic) != 0) {
        stop_reading(cache);
        return;
    }
    read_record(cache);
}

static void open_new(struct pt__cache *cache)
{
    int n = snprintf(cache->temporary, sizeof cache->temporary, "%s.XXXXXX", cache->path);
    int fd = n < 0 || (size_t)n >= sizeof cache->temporary ? -1 : mkstemp(cache->temporary);
    cache->out = fd < 0 ? NULL : fdopen(fd, "wb");
    if (cache->out == NULL) {
        if (fd >= 0) {
            (void)close(fd);
            (void)unlink(cache->temporary);
        }
        return;
    }
    (void)setvbuf(cache->out, NULL, _IOFBF, BUFFER_BYTES);
    if (fwrite(MAGIC, sizeof MAGIC - 1, 1, cache->out) != 1) {
        stop_writing(cache);
    }
}

void pt__cache_open(struct pt__rollup *r)
{
    struct pt__cache *cache = &r->cache;
    bool uses = r->in->cache != NULL && r->limits == NULL && !r->check_chains && r->plan == NULL &&
                r->in->level != PT_LEVEL_FIXED;
    if (!uses || pt_folder_make(r->in->cache, 0700, NULL) != PT_OK) {
        return;
    }
    int n = snprintf(cache->path, sizeof cache->path, "%s/rollup-%s-%s", r->in->cache, r->in->cycle,
                     pt_level_name(r->in->level));
    cache->on = n > 0 && (size_t)n < sizeof cache->path;
    if (cache->on) {
        cache->packer = ZSTD_createCCtx();
        cache->unpacker = ZSTD_createDCtx();
        open_old(cache);
        open_new(cache);
    }
}

void pt__cache_close(struct pt__rollup *r, bool whole)
{
    struct pt__cache *cache = &r->cache;
    stop_reading(cache);
    if (cache->out != NULL && whole) {
        FILE *out = cache->out;
        cache->out = NULL;
        if (fclose(out) != 0 || rename(cache->temporary, cache->path) != 0) {
            (void)unlink(cache->temporary);
        }
    }
    stop_writing(cache);
    pt_free(cache->record);
    pt_free(cache->payload);
    (void)ZSTD_freeCCtx(cache->packer);
    (void)ZSTD_freeDCtx(cache->unpacker);
    *cache = (struct pt__cache){0};
}

/* --- what is kept of an assessment --- */

static void put_products(const struct pt__unit *unit, struct pt_buf *out)
{
    pt_buf_put_u32(out, (uint32_t)unit->n_product_scores);
    for (size_t i = 0; i < unit->n_product_scores; i++) {
        const struct pt_product_score *product = &unit->products[i];
        pt_buf_put_u32(out, product->instance);
        pt_buf_put_u8(out, (uint8_t)((product->has_score ? HAS_SCORE : 0) | (product->exact ? EXACT : 0) |
                                     (product->may_lack ? MAY_LACK : 0)));
        pt_buf_put_u64(out, (uint64_t)product->low);
        pt_buf_put_u64(out, (uint64_t)product->high);
    }
}

static void put_slice(struct pt_buf *out, const struct pt_buf *from, size_t at)
{
    pt_buf_put_u32(out, (uint32_t)(from->n - at));
    pt_buf_put_bytes(out, pt_bytes_of(from->data + at, from->n - at));
}

void pt__cache_put(struct pt__rollup *r, const struct pt__unit *unit, const struct pt__kept *kept)
{
    struct pt_buf payload = {0};
    struct pt_buf body = {0};
    unsigned flags = (unit->opened ? OPENED : 0) | (unit->counts ? COUNTS : 0) |
                     (unit->not_assessed ? NOT_ASSESSED : 0) | (unit->placeholder ? PLACEHOLDER : 0) |
                     (unit->exact ? EXACT : 0) | (unit->has_score ? HAS_SCORE : 0) | (unit->foreign ? FOREIGN : 0) |
                     (unit->may_lack ? MAY_LACK : 0);
    if (!kept->usable || !pt_hash_eq(&kept->inputs, &unit->inputs)) { /* read at another moment than its heads */
        return;
    }
    pt_buf_put_u8(&payload, (uint8_t)flags);
    pt_buf_put_u8(&payload, (uint8_t)unit->state);
    pt_buf_put_u64(&payload, unit->n_conflicts);
    pt_buf_put_u64(&payload, unit->n_missing);
    pt_buf_put_u64(&payload, unit->n_pending);
    pt_buf_put_u64(&payload, unit->n_ineffective);
    pt_buf_put_u64(&payload, (uint64_t)unit->low);
    pt_buf_put_u64(&payload, (uint64_t)unit->high);
    put_text(&payload, unit->expected ? "" : unit->name);
    put_text(&payload, unit->expected ? "" : unit->type);
    pt_buf_put_u32(&payload, unit->n_to_come);
    put_products(unit, &payload);
    put_slice(&payload, &r->inputs, kept->inputs_at);
    put_slice(&payload, &r->tree, kept->tree_at);
    put_slice(&payload, &r->answers, kept->answers_at);
    if (pack(&r->cache, &payload, &body) == PT_OK) {
        struct pt_hash check = check_of(&kept->key, unit->subject.text, pt_buf_bytes(&body));
        write_record(&r->cache, &kept->key, unit->subject.text, pt_buf_bytes(&body), &check);
    }
    pt_buf_free(&body);
    pt_buf_free(&payload);
}

static const char *read_text(struct pt__rollup *r, struct pt_reader *reader, const char *instead)
{
    struct pt_bytes text = pt_read_bytes(reader, pt_read_u32(reader));
    return text.n == 0 ? instead : pt_arena_strn(&r->keep, (const char *)text.data, text.n);
}

static enum pt_err read_products(struct pt__rollup *r, struct pt_reader *reader, struct pt__unit *unit)
{
    size_t n = pt_read_u32(reader);
    if (n == 0 || n > (size_t)(reader->end - reader->at)) { /* a product takes more than a byte */
        return reader->err;
    }
    struct pt_product_score *products = pt_arena_zalloc(&r->keep, n, sizeof *products);
    if (products == NULL) {
        return PT_ENOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        products[i].instance = pt_read_u32(reader);
        unsigned flags = pt_read_u8(reader);
        products[i].has_score = (flags & HAS_SCORE) != 0;
        products[i].exact = (flags & EXACT) != 0;
        products[i].may_lack = (flags & MAY_LACK) != 0;
        products[i].low = (int64_t)pt_read_u64(reader);
        products[i].high = (int64_t)pt_read_u64(reader);
    }
    unit->products = products;
    unit->n_product_scores = n;
    return reader->err;
}

static void set_flags(struct pt__unit *unit, unsigned flags)
{
    unit->opened = (flags & OPENED) != 0;
    unit->counts = (flags & COUNTS) != 0;
    unit->not_assessed = (flags & NOT_ASSESSED) != 0;
    unit->placeholder = (flags & PLACEHOLDER) != 0;
    unit->exact = (flags & EXACT) != 0;
    unit->has_score = (flags & HAS_SCORE) != 0;
    unit->foreign = (flags & FOREIGN) != 0;
    unit->may_lack = (flags & MAY_LACK) != 0;
}

/* The payload passed its hash, so it is what pt__cache_put wrote. */
static enum pt_err take_record(struct pt__rollup *r, const struct pt_subject *subject, const struct pt__kept *kept,
                               struct pt_bytes payload)
{
    struct pt_reader reader = pt_reader_on(payload);
    char code[PT_SUBJECT_BYTES_MAX + 1];
    pt_subject_unit(subject, code);
    struct pt__unit *unit = pt__rollup_unit(r, code);
    if (unit == NULL) {
        return PT_ENOMEM;
    }
    unit->has_logs = true;
    unit->subject = *subject;
    unit->inputs = kept->inputs;
    set_flags(unit, pt_read_u8(&reader));
    unit->state = (Patuh__State)pt_read_u8(&reader);
    unit->n_conflicts = pt_read_u64(&reader);
    unit->n_missing = pt_read_u64(&reader);
    unit->n_pending = pt_read_u64(&reader);
    unit->n_ineffective = pt_read_u64(&reader);
    unit->low = (int64_t)pt_read_u64(&reader);
    unit->high = (int64_t)pt_read_u64(&reader);
    unit->name = read_text(r, &reader, unit->name);
    unit->type = read_text(r, &reader, unit->type);
    unit->n_to_come = pt_read_u32(&reader);
    enum pt_err err = read_products(r, &reader, unit);
    pt_buf_put_bytes(&r->inputs, pt_read_bytes(&reader, pt_read_u32(&reader)));
    pt_buf_put_bytes(&r->tree, pt_read_bytes(&reader, pt_read_u32(&reader)));
    pt_buf_put_bytes(&r->answers, pt_read_bytes(&reader, pt_read_u32(&reader)));
    return unit->name == NULL || unit->type == NULL ? PT_ENOMEM : err;
}

enum pt_err pt__cache_take(struct pt__rollup *r, size_t first, size_t last, struct pt__kept *kept)
{
    const struct pt_subject *subject = &r->heads[first].log.subject;
    struct pt__cache *cache = &r->cache;
    *kept = (struct pt__kept){.inputs_at = r->inputs.n, .tree_at = r->tree.n, .answers_at = r->answers.n};
    if (!cache->on) {
        return PT_ENOTFOUND;
    }
    enum pt_err err = make_key(r, first, last, kept);
    if (err != PT_OK) {
        return err == PT_ENOMEM ? err : PT_ENOTFOUND;
    }
    kept->usable = true;
    while (cache->in != NULL && strcmp(cache->subject, subject->text) < 0) {
        read_record(cache);
    }
    if (cache->in == NULL || strcmp(cache->subject, subject->text) != 0 || !pt_hash_eq(&cache->key, &kept->key)) {
        return PT_ENOTFOUND;
    }
    struct pt_bytes payload;
    err = unpack(cache, &payload);
    if (err == PT_OK) {
        r->n_taken++;
        err = take_record(r, subject, kept, payload);
    }
    if (err == PT_OK) {
        write_record(cache, &cache->key, cache->subject, cache->body, &cache->check);
    }
    return err;
}
