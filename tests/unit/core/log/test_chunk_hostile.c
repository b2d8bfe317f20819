/* Chunks that no encoder of ours makes. */
#include "base/mem.h"
#include "core/log/chunk.h"
#include "support/chunk_kit.h"

#include <criterion/criterion.h>
#include <string.h>
#include <zstd.h>

static bool foreign_result(enum pt_err err)
{
    return err == PT_OK || err == PT_EMALFORMED || err == PT_ELIMIT;
}

static void cut_and_flip(struct pt_bytes chunk, const struct pt_chunk_header *header, const struct pt_entry *entries)
{
    struct pt_chunk_header back;
    struct pt_entry *list;
    for (size_t n = 0; n < chunk.n; n++) {
        struct pt_arena arena = kit_arena();
        enum pt_err err = kit_decode(pt_bytes_of(chunk.data, n), &arena, &back, &list);
        cr_expect_eq(err, PT_EMALFORMED, "cut at %zu", n);
        pt_arena_close(&arena);
    }
    uint8_t *flipped = pt_alloc(chunk.n);
    cr_assert_not_null(flipped);
    size_t n_unseen = 0;
    for (size_t bit = 0; bit < 8 * chunk.n; bit++) {
        struct pt_arena arena = kit_arena();
        memcpy(flipped, chunk.data, chunk.n);
        flipped[bit / 8] ^= (uint8_t)(1U << (bit % 8));
        enum pt_err err = kit_decode(pt_bytes_of(flipped, chunk.n), &arena, &back, &list);
        cr_expect(foreign_result(err), "bit %zu: %s", bit, pt_err_name(err));
        n_unseen += err == PT_OK && kit_headers_eq(header, &back) && kit_entries_eq(entries, list, header->count);
        pt_arena_close(&arena);
    }
    pt_free(flipped);
    cr_expect_leq(n_unseen, 64, "the number of an unused field, bits that zstd does not read: %zu", n_unseen);
}

Test(chunk_hostile, every_cut_and_every_flipped_bit_is_survived)
{
    struct pt_arena arena = kit_arena();
    struct pt_log_id log = kit_chunk_log();
    struct pt_entry typical[60];
    size_t n;
    struct pt_entry *entries = kit_every_kind(&n, &arena);
    struct pt_chunk_header header = kit_header(&log, 4, (uint32_t)n);
    cut_and_flip(kit_encode(&header, entries, &arena), &header, entries);
    kit_typical(typical, 60);
    header.count = 60;
    cut_and_flip(kit_encode(&header, typical, &arena), &header, typical);
    kit_typical(typical, 1);
    header.count = 1;
    cut_and_flip(kit_encode(&header, typical, &arena), &header, typical);
    pt_arena_close(&arena);
    cr_expect_eq(pt_mem_alive(), 0);
}

/* A chunk message that a test may spoil before it is packed. */
struct spoiled {
    struct pt_arena arena;
    Patuh__Chunk *chunk;
    ProtobufCBinaryData body; /* the chunk's own, while it has another one */
};

static struct spoiled spoiled_make(const struct pt_entry *entries, uint32_t n)
{
    struct spoiled s = {.arena = kit_arena()};
    struct pt_log_id log = kit_chunk_log();
    struct pt_chunk_header header = kit_header(&log, 1, n);
    struct pt_bytes bytes = kit_encode(&header, entries, &s.arena);
    s.chunk = patuh__chunk__unpack(NULL, bytes.n, bytes.data);
    cr_assert_not_null(s.chunk);
    s.body = s.chunk->body;
    return s;
}

static enum pt_err spoiled_decode(struct spoiled *s, size_t *arena_used)
{
    struct pt_chunk_header header;
    struct pt_entry *entries;
    struct pt_arena arena = kit_arena();
    enum pt_err err = kit_decode(kit_pack(s->chunk, &s->arena), &arena, &header, &entries);
    if (arena_used != NULL) {
        *arena_used = arena.used;
    }
    pt_arena_close(&arena);
    return err;
}

static void spoiled_close(struct spoiled *s)
{
    s->chunk->body = s->body;
    patuh__chunk__free_unpacked(s->chunk, NULL);
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

Test(chunk_hostile, zstd_bomb)
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

Test(chunk_hostile, zstd_no_content_size)
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

Test(chunk_hostile, zstd_window_huge)
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

Test(chunk_hostile, a_wrong_declared_size_is_malformed)
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

Test(chunk_hostile, count_mismatch)
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

Test(chunk_hostile, seq_overflow_u64)
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

Test(chunk_hostile, header_fields_of_a_wrong_size_are_malformed)
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

Test(chunk_hostile, larger_than_its_limit_is_refused_unread)
{
    static uint8_t zeros[PT_CHUNK_BYTES_MAX + 1];
    struct pt_chunk_header header;
    struct pt_arena arena = kit_arena();
    cr_expect_eq(pt_chunk_read_header(pt_bytes_of(zeros, sizeof zeros), &arena, &header), PT_ELIMIT);
    cr_expect_eq(arena.used, 0);
    pt_arena_close(&arena);
}

/* --- bodies that no encoder of ours makes --- */

static enum pt_err decode_body(const struct pt_entry *entry)
{
    struct pt_arena arena = kit_arena();
    struct pt_buf body = {0};
    struct pt_entry *list;
    cr_assert_eq(pt_body_encode(entry, 1, 0, &body), PT_OK);
    enum pt_err err = pt_body_decode(pt_buf_bytes(&body), 1, 0, &arena, &list);
    pt_buf_free(&body);
    pt_arena_close(&arena);
    return err;
}

Test(chunk_hostile, values_have_one_form)
{
    static const struct {
        struct pt_value value;
        enum pt_err err;
    } rows[] = {
        {{.type = PT_VALUE_DECIMAL, .number = {50, 1}}, PT_EMALFORMED},
        {{.type = PT_VALUE_DECIMAL, .number = {0, 1}}, PT_EMALFORMED},
        {{.type = PT_VALUE_DECIMAL, .number = {-100, 9}}, PT_EMALFORMED},
        {{.type = PT_VALUE_DECIMAL, .number = {51, 10}}, PT_EMALFORMED},
        {{.type = PT_VALUE_DECIMAL, .number = {50, 0}}, PT_OK},
        {{.type = PT_VALUE_DECIMAL, .number = {0, 0}}, PT_OK},
        {{.type = PT_VALUE_CHOICE, .choices = 0}, PT_EMALFORMED},
        {{.type = PT_VALUE_CHOICE, .choices = 65}, PT_EMALFORMED},
        {{.type = PT_VALUE_CHOICE, .choices = 64}, PT_OK},
        {{.type = (enum pt_value_type)6}, PT_EMALFORMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pt_entry entry = kit_answer(1, 1);
        entry.value = rows[i].value;
        cr_expect_eq(decode_body(&entry), rows[i].err, "row %zu", i);
    }
}

Test(chunk_hostile, instance_names_are_short_and_plain)
{
    static const struct {
        const char *name;
        enum pt_err err;
    } rows[] = {{"akta", PT_OK},
                {"12345678901234567890123456789012", PT_OK},
                {"123456789012345678901234567890123", PT_EMALFORMED},
                {"Akta", PT_EMALFORMED},
                {"a b", PT_EMALFORMED},
                {"a]", PT_EMALFORMED},
                {"a/b", PT_EMALFORMED}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pt_entry entry = kit_answer(1, 1);
        entry.instance = rows[i].name;
        cr_expect_eq(decode_body(&entry), rows[i].err, "%s", rows[i].name);
    }
}

Test(chunk_hostile, too_many_replaced_entries_are_malformed)
{
    static struct pt_entry_ref refs[PT_ENTRY_REPLACES_MAX + 1];
    struct pt_entry entry = kit_answer(1, 1);
    entry.replaces = refs;
    entry.n_replaces = PT_ENTRY_REPLACES_MAX;
    cr_expect_eq(decode_body(&entry), PT_OK);
    entry.n_replaces = PT_ENTRY_REPLACES_MAX + 1;
    cr_expect_eq(decode_body(&entry), PT_EMALFORMED);
}

/* Columns longer or shorter than the kinds ask for. */
Test(chunk_hostile, every_item_of_every_column_is_used)
{
    struct pt_arena arena = kit_arena();
    size_t n;
    struct pt_entry *entries = kit_every_kind(&n, &arena);
    struct pt_entry *list;
    struct pt_buf bytes = {0};
    cr_assert_eq(pt_body_encode(entries, n, 0, &bytes), PT_OK);
    Patuh__Body *body = patuh__body__unpack(NULL, bytes.n, bytes.data);
    cr_assert_not_null(body);
    size_t *columns[] = {&body->n_kind,       &body->n_wall_s,  &body->n_question,     &body->n_instance,
                         &body->n_value_type, &body->n_number,  &body->n_scale,        &body->n_n_replaces,
                         &body->n_instances,  &body->n_detail,  &body->n_replaced_log, &body->n_replaced_seq,
                         &body->n_logs,       &body->hashes.len};
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        cr_assert_gt(*columns[i], 0, "column %zu", i);
        *columns[i] -= 1;
        cr_expect_eq(pt_body_decode(kit_pack(body, &arena), n, 0, &arena, &list), PT_EMALFORMED, "column %zu", i);
        *columns[i] += 1;
    }
    cr_expect_eq(pt_body_decode(kit_pack(body, &arena), n, 0, &arena, &list), PT_OK);
    patuh__body__free_unpacked(body, NULL);
    uint8_t more_hashes[] = {0x42, 0x20};
    pt_buf_put(&bytes, more_hashes, sizeof more_hashes);
    pt_buf_put(&bytes, entries[0].hash.b, PT_HASH_BYTES);
    pt_buf_put(&bytes, "\x08\x01", 2); /* one more kind, unpacked */
    cr_expect_eq(pt_body_decode(pt_buf_bytes(&bytes), n, 0, &arena, &list), PT_EMALFORMED);
    pt_buf_free(&bytes);
    pt_arena_close(&arena);
}

/* newer_client_older_server: what a later version adds keeps its place, and the neighbours keep their values. */
Test(chunk_hostile, unknown_kinds_are_kept_beside_known_ones)
{
    struct pt_arena arena = kit_arena();
    struct pt_log_id log = kit_chunk_log();
    struct pt_entry entries[4] = {kit_answer(5, 50), pt_entry_of((Patuh__EntryKind)99, 1700000001), kit_answer(7, 70),
                                  pt_entry_of(PATUH__ENTRY_KIND__ENTRY_PLACE, 1700000002)};
    struct pt_chunk_header header = kit_header(&log, 1, 4);
    struct pt_chunk_header back;
    struct pt_entry *list;
    entries[1].detail = pt_bytes_str("later");
    entries[3].detail = pt_bytes_str("now");
    cr_assert_eq(kit_decode(kit_encode(&header, entries, &arena), &arena, &back, &list), PT_OK);
    cr_expect(kit_entries_eq(entries, list, 4));
    pt_arena_close(&arena);
}

/* Without the agreed form of later kinds an item of theirs would be taken for a neighbour's. */
Test(chunk_hostile, an_unknown_kind_with_other_columns_spoils_the_chunk_and_no_value)
{
    struct pt_arena arena = kit_arena();
    struct pt_entry entries[2] = {kit_answer(5, 50), kit_answer(7, 70)};
    struct pt_entry *list;
    struct pt_buf bytes = {0};
    cr_assert_eq(pt_body_encode(entries, 2, 0, &bytes), PT_OK);
    Patuh__Body *body = patuh__body__unpack(NULL, bytes.n, bytes.data);
    cr_assert_not_null(body);
    body->kind[0] = 99;
    cr_expect_eq(pt_body_decode(kit_pack(body, &arena), 2, 0, &arena, &list), PT_EMALFORMED);
    patuh__body__free_unpacked(body, NULL);
    pt_buf_free(&bytes);
    pt_arena_close(&arena);
}
