#include "core/log/chunk.h"

#include "base/mem.h"
#include "base/text.h"
#include "support/chunk_kit.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define RANDOM_CASES 400

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
    struct pt_log_id log = kit_chunk_log();
    struct pt_hash first = pt_link_first(&log);
    struct pt_hash next = pt_link_next(&first, pt_bytes_str("abc"));
    struct pt_arena arena = kit_arena();
    expect_golden(pt_hash_bytes(&first), "link_first", &arena);
    expect_golden(pt_hash_bytes(&next), "link_next", &arena);
    pt_arena_close(&arena);
}

Test(chunk, golden_plain_chunk)
{
    struct pt_arena arena = kit_arena();
    struct pt_log_id log = kit_chunk_log();
    struct pt_entry entries[2] = {kit_answer(5, -3), kit_answer(7, 1000)};
    struct pt_chunk_header header = kit_header(&log, 9, 2);
    struct pt_chunk_header back;
    struct pt_entry *list;
    header.has_previous = true;
    header.previous.b[31] = 0xee;
    entries[1].instance = "k3f9q";
    expect_golden(kit_encode(&header, entries, &arena), "chunk_plain", &arena);
    cr_assert_eq(kit_decode(golden("chunk_plain", &arena), &arena, &back, &list), PT_OK);
    cr_expect(kit_headers_eq(&header, &back));
    cr_expect(kit_entries_eq(entries, list, 2));
    pt_arena_close(&arena);
}

Test(chunk, golden_body_of_every_kind)
{
    struct pt_arena arena = kit_arena();
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
    struct pt_arena arena = kit_arena();
    struct pt_log_id log = kit_chunk_log();
    struct pt_entry entries[60];
    struct pt_entry *list;
    struct pt_chunk_header back;
    struct pt_chunk_header header = kit_header(&log, 1, 60);
    kit_typical(entries, 60);
    cr_assert_eq(kit_decode(golden("chunk_zstd", &arena), &arena, &back, &list), PT_OK);
    cr_expect(kit_headers_eq(&header, &back));
    cr_expect(kit_entries_eq(entries, list, 60));
    pt_arena_close(&arena);
}

/* --- there and back --- */

static void round_trip(uint64_t seed)
{
    struct pt_arena arena = kit_arena();
    uint64_t state = seed;
    struct pt_log_id log = kit_chunk_log();
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
    struct pt_bytes chunk = kit_encode(&header, entries, &arena);
    cr_assert_eq(kit_decode(chunk, &arena, &back, &list), PT_OK, "seed %zu", (size_t)seed);
    cr_expect(kit_headers_eq(&header, &back), "seed %zu", (size_t)seed);
    cr_expect(kit_entries_eq(entries, list, n), "seed %zu", (size_t)seed);
    cr_assert_eq(pt_chunk_read_header(chunk, &arena, &back), PT_OK);
    cr_expect(kit_headers_eq(&header, &back), "seed %zu", (size_t)seed);
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
    struct pt_arena arena = kit_arena();
    struct pt_log_id log = kit_chunk_log();
    struct pt_chunk_header header = kit_header(&log, UINT64_MAX - PT_CHUNK_ENTRIES_MAX, 6);
    struct pt_chunk_header back;
    struct pt_entry *list;
    for (size_t i = 0; i < 3; i++) {
        entries[3 + i].value = values[i];
    }
    entries[0].wall_s = header.wall_ms / 1000 + INT32_MAX;
    entries[1].wall_s = header.wall_ms / 1000 + INT32_MIN;
    cr_assert_eq(kit_decode(kit_encode(&header, entries, &arena), &arena, &back, &list), PT_OK);
    cr_expect(kit_headers_eq(&header, &back));
    cr_expect(kit_entries_eq(entries, list, 6));
    pt_arena_close(&arena);
}

Test(chunk, a_clock_further_off_than_the_format_holds_is_kept_as_far_as_it_goes)
{
    struct pt_arena arena = kit_arena();
    struct pt_entry entry = kit_answer(1, 1);
    struct pt_entry *list;
    struct pt_buf body = {0};
    entry.wall_s = (int64_t)INT32_MAX + 5;
    cr_assert_eq(pt_body_encode(&entry, 1, 0, &body), PT_OK);
    cr_assert_eq(pt_body_decode(pt_buf_bytes(&body), 1, 0, &arena, &list), PT_OK);
    cr_expect_eq(list[0].wall_s, INT32_MAX);
    pt_buf_free(&body);
    pt_arena_close(&arena);
}

/* --- sizes --- */

static size_t size_of(const struct pt_entry *entries, uint32_t n)
{
    struct pt_buf out = {0};
    struct pt_log_id log = kit_chunk_log();
    struct pt_chunk_header header = kit_header(&log, 1, n);
    enum pt_err err = pt_chunk_encode(&header, entries, &out);
    size_t n_bytes = out.n;
    pt_buf_free(&out);
    return err == PT_OK ? n_bytes : SIZE_MAX;
}

Test(chunk, fits_as_many_entries_as_stay_within_the_seal_size)
{
    struct pt_arena arena = kit_arena();
    struct pt_log_id log = kit_chunk_log();
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
    struct pt_arena arena = kit_arena();
    struct pt_log_id log = kit_chunk_log();
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
    struct pt_arena arena = kit_arena();
    struct pt_log_id log = kit_chunk_log();
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
        cr_expect_eq(kit_decode(kit_encode(&header, entries, &arena), &arena, &back, &list), PT_OK, "row %zu, %zu fit",
                     k, n_fit);
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
    struct pt_log_id log = kit_chunk_log();
    struct pt_entry entries[60];
    struct pt_chunk_header header = kit_header(&log, 1, 60);
    kit_typical(entries, 60);
    long alive = pt_mem_alive();
    enum pt_err err = PT_ENOMEM;
    for (size_t pass = 0; err != PT_OK; pass++) {
        struct pt_arena arena = kit_arena();
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
