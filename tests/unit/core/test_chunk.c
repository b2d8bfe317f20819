#include "core/chunk.h"

#include "base/mem.h"
#include "base/text.h"
#include "core/unpack.h"
#include "support/logs_kit.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <zstd.h>

#define SUBJECT "a:2023/62.71/disdukcapil"
#define RANDOM_CASES 400

static struct pt_log_id log_id(void)
{
    struct pt_keypair pair = kit_pair(1);
    return kit_log(SUBJECT, &pair, 0x0102030405060708);
}

static struct pt_arena arena_make(void)
{
    struct pt_arena arena;
    pt_arena_init(&arena, SIZE_MAX);
    return arena;
}

static struct pt_bytes encode(const struct pt_chunk_header *header, const struct pt_entry *entries,
                              struct pt_arena *arena)
{
    struct pt_buf out = {0};
    cr_assert_eq(pt_chunk_encode(header, entries, &out), PT_OK);
    struct pt_bytes kept = pt_arena_dup(arena, pt_buf_bytes(&out));
    pt_buf_free(&out);
    return kept;
}

/* Decodes a copy that ends where the bytes end, so that AddressSanitizer sees a step past them. */
static enum pt_err decode_copy(struct pt_bytes bytes, struct pt_arena *arena, struct pt_chunk_header *header,
                               struct pt_entry **entries)
{
    uint8_t *copy = pt_alloc(bytes.n);
    cr_assert_not_null(copy);
    memcpy(copy, bytes.data, bytes.n);
    enum pt_err err = pt_chunk_decode(pt_bytes_of(copy, bytes.n), arena, header, entries);
    pt_free(copy);
    return err;
}

static bool headers_eq(const struct pt_chunk_header *a, const struct pt_chunk_header *b)
{
    return pt_log_id_eq(&a->log, &b->log) && a->first_seq == b->first_seq && a->count == b->count &&
           a->has_instrument == b->has_instrument && pt_hash_eq(&a->instrument, &b->instrument) &&
           a->has_seen == b->has_seen && a->seen_epoch == b->seen_epoch && a->seen_lsn == b->seen_lsn &&
           memcmp(a->seen_hash, b->seen_hash, sizeof a->seen_hash) == 0 && a->wall_ms == b->wall_ms &&
           a->monotonic_ms == b->monotonic_ms && a->boot == b->boot && a->has_previous == b->has_previous &&
           pt_hash_eq(&a->previous, &b->previous);
}

/* --- golden bytes: what was written once is read for ever --- */

static struct pt_bytes golden(const char *name, struct pt_arena *arena)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s.hex", PT_TEST_GOLDEN, name);
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file, "%s", path);
    char *text = pt_arena_alloc(arena, 65536);
    size_t n = 0;
    for (int c = fgetc(file); c != EOF && n < 65536; c = fgetc(file)) {
        if (c > ' ') {
            text[n++] = (char)c;
        }
    }
    (void)fclose(file);
    uint8_t *bytes = pt_arena_alloc(arena, n / 2);
    cr_assert_eq(pt_hex_read(pt_bytes_of(text, n), bytes, n / 2), PT_OK, "%s", path);
    return pt_bytes_of(bytes, n / 2);
}

static void expect_golden(struct pt_bytes bytes, const char *name, struct pt_arena *arena)
{
    struct pt_buf hex = {0};
    pt_hex_put(&hex, bytes);
    bool equal = pt_bytes_eq(bytes, golden(name, arena));
    if (!equal) {
        (void)fprintf(stderr, "%s is now %s\n", name, pt_buf_text(&hex)); /* too long for Criterion */
    }
    cr_expect(equal, "%s", name);
    pt_buf_free(&hex);
}

Test(chunk, golden_links)
{
    struct pt_log_id log = log_id();
    struct pt_hash first = pt_link_first(&log);
    struct pt_hash next = pt_link_next(&first, pt_bytes_str("abc"));
    struct pt_arena arena = arena_make();
    expect_golden(pt_hash_bytes(&first), "link_first", &arena);
    expect_golden(pt_hash_bytes(&next), "link_next", &arena);
    pt_arena_close(&arena);
}

Test(chunk, golden_plain_chunk)
{
    struct pt_arena arena = arena_make();
    struct pt_log_id log = log_id();
    struct pt_entry entries[2] = {kit_answer(5, -3), kit_answer(7, 1000)};
    struct pt_chunk_header header = kit_header(&log, 9, 2);
    struct pt_chunk_header back;
    struct pt_entry *list;
    header.has_previous = true;
    header.previous.b[31] = 0xee;
    entries[1].instance = "k3f9q";
    expect_golden(encode(&header, entries, &arena), "chunk_plain", &arena);
    cr_assert_eq(decode_copy(golden("chunk_plain", &arena), &arena, &back, &list), PT_OK);
    cr_expect(headers_eq(&header, &back));
    cr_expect(kit_entries_eq(entries, list, 2));
    pt_arena_close(&arena);
}

Test(chunk, golden_body_of_every_kind)
{
    struct pt_arena arena = arena_make();
    size_t n;
    struct pt_entry *entries = kit_every_kind(&n, &arena);
    struct pt_entry *list;
    struct pt_buf body = {0};
    cr_assert_eq(pt_body_encode(entries, n, 1700000000, &body), PT_OK);
    expect_golden(pt_buf_bytes(&body), "body_every_kind", &arena);
    cr_assert_eq(pt_body_decode(golden("body_every_kind", &arena), n, 1700000000, &arena, &list), PT_OK);
    cr_expect(kit_entries_eq(entries, list, n));
    pt_buf_free(&body);
    pt_arena_close(&arena);
}

/* Another version of zstd may compress otherwise; it has to read this. */
Test(chunk, golden_compressed_chunk_is_read)
{
    struct pt_arena arena = arena_make();
    struct pt_log_id log = log_id();
    struct pt_entry entries[60];
    struct pt_entry *list;
    struct pt_chunk_header back;
    struct pt_chunk_header header = kit_header(&log, 1, 60);
    kit_typical(entries, 60);
    cr_assert_eq(decode_copy(golden("chunk_zstd", &arena), &arena, &back, &list), PT_OK);
    cr_expect(headers_eq(&header, &back));
    cr_expect(kit_entries_eq(entries, list, 60));
    pt_arena_close(&arena);
}

/* --- there and back --- */

static void round_trip(uint64_t seed)
{
    struct pt_arena arena = arena_make();
    uint64_t state = seed;
    struct pt_log_id log = log_id();
    uint32_t n = 1 + (uint32_t)(kit_random(&state) % 40);
    struct pt_entry *entries = kit_entries(n, &state, &arena);
    struct pt_chunk_header header = kit_header(&log, 1 + (kit_random(&state) >> 20), n);
    struct pt_chunk_header back;
    struct pt_entry *list;
    header.has_seen = kit_random(&state) % 2 == 0;
    if (!header.has_seen) {
        header.seen_epoch = header.seen_lsn = 0;
        memset(header.seen_hash, 0, sizeof header.seen_hash);
    }
    struct pt_bytes chunk = encode(&header, entries, &arena);
    cr_assert_eq(decode_copy(chunk, &arena, &back, &list), PT_OK, "seed %zu", (size_t)seed);
    cr_expect(headers_eq(&header, &back), "seed %zu", (size_t)seed);
    cr_expect(kit_entries_eq(entries, list, n), "seed %zu", (size_t)seed);
    cr_assert_eq(pt_chunk_read_header(chunk, &arena, &back), PT_OK);
    cr_expect(headers_eq(&header, &back), "seed %zu", (size_t)seed);
    pt_arena_close(&arena);
}

Test(chunk, random_entries_come_back)
{
    for (uint64_t seed = 1; seed <= RANDOM_CASES; seed++) {
        round_trip(seed);
    }
    cr_expect_eq(pt_mem_alive(), 0);
}

Test(chunk, extreme_values_come_back)
{
    struct pt_entry entries[6] = {kit_answer(UINT32_MAX, INT64_MIN),
                                  kit_answer(0, INT64_MAX),
                                  kit_answer(1U << 31, 0),
                                  kit_answer(1, 1),
                                  kit_answer(2, 2),
                                  kit_answer(3, 3)};
    static const struct pt_value values[] = {
        {.type = PT_VALUE_DECIMAL, .number = {INT64_MIN, 0}},
        {.type = PT_VALUE_DECIMAL, .number = {INT64_MAX, 9}},
        {.type = PT_VALUE_CHOICES, .choices = UINT64_MAX},
    };
    struct pt_arena arena = arena_make();
    struct pt_log_id log = log_id();
    struct pt_chunk_header header = kit_header(&log, UINT64_MAX - PT_CHUNK_ENTRIES_MAX, 6);
    struct pt_chunk_header back;
    struct pt_entry *list;
    for (size_t i = 0; i < 3; i++) {
        entries[3 + i].value = values[i];
    }
    entries[0].wall_s = header.wall_ms / 1000 + INT32_MAX;
    entries[1].wall_s = header.wall_ms / 1000 + INT32_MIN;
    cr_assert_eq(decode_copy(encode(&header, entries, &arena), &arena, &back, &list), PT_OK);
    cr_expect(headers_eq(&header, &back));
    cr_expect(kit_entries_eq(entries, list, 6));
    pt_arena_close(&arena);
}

/* --- foreign bytes --- */

static bool foreign_result(enum pt_err err)
{
    return err == PT_OK || err == PT_EMALFORMED || err == PT_ELIMIT;
}

static void cut_and_flip(struct pt_bytes chunk, const struct pt_chunk_header *header, const struct pt_entry *entries)
{
    struct pt_chunk_header back;
    struct pt_entry *list;
    for (size_t n = 0; n < chunk.n; n++) {
        struct pt_arena arena = arena_make();
        enum pt_err err = decode_copy(pt_bytes_of(chunk.data, n), &arena, &back, &list);
        cr_expect_eq(err, PT_EMALFORMED, "cut at %zu", n);
        pt_arena_close(&arena);
    }
    uint8_t *flipped = pt_alloc(chunk.n);
    cr_assert_not_null(flipped);
    size_t n_unseen = 0;
    for (size_t bit = 0; bit < 8 * chunk.n; bit++) {
        struct pt_arena arena = arena_make();
        memcpy(flipped, chunk.data, chunk.n);
        flipped[bit / 8] ^= (uint8_t)(1U << (bit % 8));
        enum pt_err err = decode_copy(pt_bytes_of(flipped, chunk.n), &arena, &back, &list);
        cr_expect(foreign_result(err), "bit %zu: %s", bit, pt_err_name(err));
        n_unseen += err == PT_OK && headers_eq(header, &back) && kit_entries_eq(entries, list, header->count);
        pt_arena_close(&arena);
    }
    pt_free(flipped);
    cr_expect_leq(n_unseen, 64, "the number of an unused field, bits that zstd does not read: %zu", n_unseen);
}

Test(chunk, every_cut_and_every_flipped_bit_is_survived)
{
    struct pt_arena arena = arena_make();
    struct pt_log_id log = log_id();
    struct pt_entry typical[60];
    size_t n;
    struct pt_entry *entries = kit_every_kind(&n, &arena);
    struct pt_chunk_header header = kit_header(&log, 4, (uint32_t)n);
    cut_and_flip(encode(&header, entries, &arena), &header, entries);
    kit_typical(typical, 60);
    header.count = 60;
    cut_and_flip(encode(&header, typical, &arena), &header, typical);
    kit_typical(typical, 1);
    header.count = 1;
    cut_and_flip(encode(&header, typical, &arena), &header, typical);
    pt_arena_close(&arena);
    cr_expect_eq(pt_mem_alive(), 0);
}

/* A chunk message that a test may spoil before it is packed. */
struct spoiled {
    struct pt_arena arena;
    Patuh__Chunk *chunk;
};

static struct spoiled spoiled_make(const struct pt_entry *entries, uint32_t n)
{
    struct spoiled s = {.arena = arena_make()};
    struct pt_log_id log = log_id();
    struct pt_chunk_header header = kit_header(&log, 1, n);
    struct pt_bytes bytes = encode(&header, entries, &s.arena);
    ProtobufCMessage *message;
    cr_assert_eq(pt_unpack(&patuh__chunk__descriptor, bytes, &s.arena, &message), PT_OK);
    s.chunk = (Patuh__Chunk *)message;
    return s;
}

static enum pt_err spoiled_decode(struct spoiled *s, size_t *arena_used)
{
    struct pt_chunk_header header;
    struct pt_entry *entries;
    struct pt_arena arena = arena_make();
    enum pt_err err = decode_copy(kit_pack(s->chunk, &s->arena), &arena, &header, &entries);
    if (arena_used != NULL) {
        *arena_used = arena.used;
    }
    pt_arena_close(&arena);
    return err;
}

static void spoiled_close(struct spoiled *s)
{
    pt_arena_close(&s->arena);
}

/* Replaces the body by a zstd frame. */
static void spoil_body(struct spoiled *s, const void *raw, size_t n, bool with_size, int window)
{
    ZSTD_CCtx *context = ZSTD_createCCtx();
    size_t room = ZSTD_compressBound(n);
    s->chunk->body.data = pt_arena_alloc(&s->arena, room);
    cr_assert_not_null(s->chunk->body.data);
    (void)ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, with_size ? 1 : 0);
    if (window > 0) {
        (void)ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window);
    }
    ZSTD_inBuffer in = {raw, n, 0};
    ZSTD_outBuffer out = {s->chunk->body.data, room, 0};
    cr_assert_eq(ZSTD_compressStream2(context, &out, &in, with_size ? ZSTD_e_end : ZSTD_e_flush) == 0, true);
    cr_assert_eq(ZSTD_compressStream2(context, &out, &in, ZSTD_e_end), 0);
    s->chunk->body.len = out.pos;
    s->chunk->codec = 1;
    ZSTD_freeCCtx(context);
}

static struct pt_buf typical_body(size_t n)
{
    struct pt_entry entries[PT_CHUNK_ENTRIES_MAX];
    struct pt_buf body = {0};
    kit_typical(entries, n);
    cr_assert_eq(pt_body_encode(entries, n, 1700000000, &body), PT_OK);
    return body;
}

Test(chunk, zstd_bomb)
{
    struct pt_entry entry = kit_answer(1, 1);
    struct spoiled s = spoiled_make(&entry, 1);
    size_t n = (size_t)64 * 1024 * 1024;
    size_t used = 0;
    uint8_t *zeros = pt_zalloc(n);
    cr_assert_not_null(zeros);
    spoil_body(&s, zeros, n, true, 0);
    static const uint32_t declared[] = {64 * 1024 * 1024, PT_CHUNK_RAW_BYTES_MAX + 1, PT_CHUNK_RAW_BYTES_MAX, 0};
    for (size_t i = 0; i < sizeof declared / sizeof declared[0]; i++) {
        s.chunk->raw_bytes = declared[i];
        enum pt_err err = spoiled_decode(&s, &used);
        cr_expect(err == PT_EMALFORMED || err == PT_ELIMIT, "row %zu", i);
        cr_expect_lt(used, 256 * 1024, "row %zu", i);
    }
    pt_free(zeros);
    spoiled_close(&s);
}

Test(chunk, zstd_no_content_size)
{
    struct pt_entry entry = kit_answer(1, 1);
    struct spoiled s = spoiled_make(&entry, 1);
    struct pt_buf body = typical_body(1);
    s.chunk->raw_bytes = (uint32_t)body.n;
    spoil_body(&s, body.data, body.n, false, 0);
    cr_expect_eq(spoiled_decode(&s, NULL), PT_EMALFORMED);
    spoil_body(&s, body.data, body.n, true, 0);
    cr_expect_eq(spoiled_decode(&s, NULL), PT_OK, "the same with its size is good");
    pt_buf_free(&body);
    spoiled_close(&s);
}

Test(chunk, zstd_window_huge)
{
    struct pt_entry entry = kit_answer(1, 1);
    struct spoiled s = spoiled_make(&entry, 1);
    struct pt_buf body = typical_body(1);
    size_t used = 0;
    s.chunk->raw_bytes = (uint32_t)body.n;
    spoil_body(&s, body.data, body.n, false, 27);
    cr_expect_eq(spoiled_decode(&s, &used), PT_EMALFORMED);
    cr_expect_lt(used, 64 * 1024);
    pt_buf_free(&body);
    spoiled_close(&s);
}

Test(chunk, a_wrong_declared_size_is_malformed)
{
    struct pt_entry entries[60];
    kit_typical(entries, 60);
    for (uint32_t n = 1; n <= 60; n += 59) { /* plain, then compressed */
        struct spoiled s = spoiled_make(entries, n);
        uint32_t size = s.chunk->raw_bytes;
        cr_expect_eq(s.chunk->codec, n == 1 ? 0 : 1);
        s.chunk->raw_bytes = size + 1;
        cr_expect_eq(spoiled_decode(&s, NULL), PT_EMALFORMED);
        s.chunk->raw_bytes = size - 1;
        cr_expect_eq(spoiled_decode(&s, NULL), PT_EMALFORMED);
        s.chunk->raw_bytes = size;
        cr_expect_eq(spoiled_decode(&s, NULL), PT_OK);
        s.chunk->codec = 2;
        cr_expect_eq(spoiled_decode(&s, NULL), PT_EMALFORMED);
        spoiled_close(&s);
    }
}

Test(chunk, count_mismatch)
{
    struct pt_entry entries[3];
    kit_typical(entries, 3);
    struct spoiled s = spoiled_make(entries, 3);
    static const uint32_t counts[] = {0, 2, 4, PT_CHUNK_ENTRIES_MAX + 1, UINT32_MAX};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        s.chunk->count = counts[i];
        cr_expect_eq(spoiled_decode(&s, NULL), PT_EMALFORMED, "row %zu", i);
    }
    spoiled_close(&s);
}

Test(chunk, seq_overflow_u64)
{
    static const struct {
        uint64_t first_seq;
        enum pt_err err;
    } rows[] = {{0, PT_EMALFORMED},
                {1, PT_OK},
                {UINT64_MAX - PT_CHUNK_ENTRIES_MAX, PT_OK},
                {UINT64_MAX - PT_CHUNK_ENTRIES_MAX + 1, PT_EMALFORMED},
                {UINT64_MAX, PT_EMALFORMED}};
    struct pt_entry entries[3];
    kit_typical(entries, 3);
    struct spoiled s = spoiled_make(entries, 3);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        s.chunk->first_seq = rows[i].first_seq;
        cr_expect_eq(spoiled_decode(&s, NULL), rows[i].err, "row %zu", i);
    }
    spoiled_close(&s);
}

Test(chunk, header_fields_of_a_wrong_size_are_malformed)
{
    struct pt_entry entry = kit_answer(1, 1);
    struct spoiled s = spoiled_make(&entry, 1);
    ProtobufCBinaryData *fields[] = {&s.chunk->author, &s.chunk->instrument, &s.chunk->subject};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        size_t len = fields[i]->len;
        for (size_t n = 0; n < 3; n++) {
            fields[i]->len = n;
            cr_expect_eq(spoiled_decode(&s, NULL), PT_EMALFORMED, "field %zu, %zu bytes", i, n);
        }
        fields[i]->len = len;
    }
    cr_expect_eq(spoiled_decode(&s, NULL), PT_OK);
    spoiled_close(&s);
}

Test(chunk, larger_than_its_limit_is_refused_unread)
{
    static uint8_t zeros[PT_CHUNK_BYTES_MAX + 1];
    struct pt_chunk_header header;
    struct pt_arena arena = arena_make();
    cr_expect_eq(pt_chunk_read_header(pt_bytes_of(zeros, sizeof zeros), &arena, &header), PT_ELIMIT);
    cr_expect_eq(arena.used, 0);
    pt_arena_close(&arena);
}

/* --- sizes --- */

static size_t size_of(const struct pt_entry *entries, uint32_t n)
{
    struct pt_buf out = {0};
    struct pt_log_id log = log_id();
    struct pt_chunk_header header = kit_header(&log, 1, n);
    enum pt_err err = pt_chunk_encode(&header, entries, &out);
    size_t n_bytes = out.n;
    pt_buf_free(&out);
    return err == PT_OK ? n_bytes : SIZE_MAX;
}

Test(chunk, fits_as_many_entries_as_stay_within_the_seal_size)
{
    struct pt_arena arena = arena_make();
    struct pt_log_id log = log_id();
    struct pt_chunk_header header = kit_header(&log, 1, 0);
    uint64_t state = 3;
    struct pt_entry *entries = kit_entries(400, &state, &arena);
    size_t n_fit = 0;
    cr_assert_eq(pt_chunk_fit(&header, entries, 400, &n_fit), PT_OK);
    cr_expect_gt(n_fit, 1);
    cr_expect_leq(size_of(entries, (uint32_t)n_fit), PT_CHUNK_SEAL_BYTES);
    cr_expect_gt(size_of(entries, (uint32_t)n_fit + 1), PT_CHUNK_SEAL_BYTES);
    cr_assert_eq(pt_chunk_fit(&header, entries, 3, &n_fit), PT_OK);
    cr_expect_eq(n_fit, 3, "all of a few");
    pt_arena_close(&arena);
}

Test(chunk, one_large_entry_has_a_chunk_of_its_own_up_to_the_limit)
{
    struct pt_arena arena = arena_make();
    struct pt_log_id log = log_id();
    struct pt_chunk_header header = kit_header(&log, 1, 1);
    struct pt_entry entries[2] = {pt_entry_of(PATUH__ENTRY_KIND__ENTRY_OPEN, 0),
                                  pt_entry_of(PATUH__ENTRY_KIND__ENTRY_OPEN, 0)};
    uint8_t noise[5000];
    uint64_t state = 1;
    size_t n_fit = 0;
    for (size_t i = 0; i < sizeof noise; i++) {
        noise[i] = (uint8_t)kit_random(&state);
    }
    entries[0].detail = entries[1].detail = pt_bytes_of(noise, 3000);
    cr_assert_eq(pt_chunk_fit(&header, entries, 2, &n_fit), PT_OK);
    cr_expect_eq(n_fit, 1);
    cr_expect_leq(size_of(entries, 1), PT_CHUNK_BYTES_MAX);
    struct pt_buf out = {0};
    pt_buf_put_str(&out, "before");
    entries[0].detail = pt_bytes_of(noise, 4500);
    cr_expect_eq(pt_chunk_encode(&header, entries, &out), PT_ELIMIT);
    cr_expect_str_eq(pt_buf_text(&out), "before");
    pt_buf_free(&out);
    pt_arena_close(&arena);
}

/* Small for zstd, large for a reader's memory: must not be written, or nobody could read it. */
Test(chunk, what_fits_can_be_read_back)
{
    static struct pt_entry entries[PT_CHUNK_ENTRIES_MAX];
    struct pt_arena arena = arena_make();
    struct pt_log_id log = log_id();
    static const Patuh__EntryKind kinds[] = {PATUH__ENTRY_KIND__ENTRY_PLACE, PATUH__ENTRY_KIND__ENTRY_ANSWER,
                                             PATUH__ENTRY_KIND__ENTRY_NOTE, PATUH__ENTRY_KIND__ENTRY_DECIDE,
                                             PATUH__ENTRY_KIND__ENTRY_ADD_INSTANCE};
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        struct pt_chunk_header header = kit_header(&log, 1, 0);
        struct pt_chunk_header back;
        struct pt_entry *list;
        size_t n_fit = 0;
        for (size_t i = 0; i < PT_CHUNK_ENTRIES_MAX; i++) {
            entries[i] = pt_entry_of(kinds[k], 1700000000);
        }
        cr_assert_eq(pt_chunk_fit(&header, entries, PT_CHUNK_ENTRIES_MAX, &n_fit), PT_OK);
        header.count = (uint32_t)n_fit;
        cr_expect_eq(decode_copy(encode(&header, entries, &arena), &arena, &back, &list), PT_OK, "row %zu, %zu fit", k,
                     n_fit);
    }
    pt_arena_close(&arena);
}

Test(chunk, typical_answers_take_few_bytes)
{
    struct pt_entry entries[300];
    kit_typical(entries, 300);
    size_t few = size_of(entries, 20);
    size_t many = size_of(entries, 300);
    (void)printf("20 answers: %zu bytes, %.1f each; 300: %zu bytes, %.1f each\n", few, (double)few / 20, many,
                 (double)many / 300);
    cr_expect_leq(few, 20 * 18, "with the header");
    cr_expect_leq(many, 300 * 4);
}

/* --- faults --- */

Test(chunk, every_failed_allocation_is_reported_and_leaves_nothing)
{
    struct pt_log_id log = log_id();
    struct pt_entry entries[60];
    struct pt_chunk_header header = kit_header(&log, 1, 60);
    kit_typical(entries, 60);
    long alive = pt_mem_alive();
    enum pt_err err = PT_ENOMEM;
    for (size_t pass = 0; err != PT_OK; pass++) {
        struct pt_arena arena = arena_make();
        struct pt_buf out = {0};
        struct pt_entry *list;
        size_t n_fit;
        pt_mem_fault_arm(pass);
        err = pt_chunk_fit(&header, entries, 60, &n_fit);
        if (err == PT_OK) {
            err = pt_chunk_encode(&header, entries, &out);
        }
        if (err == PT_OK) {
            err = pt_chunk_decode(pt_buf_bytes(&out), &arena, &header, &list);
        }
        pt_mem_fault_disarm();
        cr_assert(err == PT_OK || err == PT_ENOMEM, "allocation %zu: %s", pass, pt_err_name(err));
        pt_buf_free(&out);
        pt_arena_close(&arena);
        cr_assert_eq(pt_mem_alive(), alive, "allocation %zu", pass);
        cr_assert_lt(pass, 1000);
    }
}
