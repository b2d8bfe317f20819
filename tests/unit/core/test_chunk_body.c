#include "core/chunk.h"

#include "base/mem.h"
#include "support/logs_kit.h"

#include <criterion/criterion.h>
#include <string.h>

static struct pt_arena arena_make(void)
{
    struct pt_arena arena;
    pt_arena_init(&arena, SIZE_MAX);
    return arena;
}

Test(chunk_body, a_clock_further_off_than_the_format_holds_is_kept_as_far_as_it_goes)
{
    struct pt_arena arena = arena_make();
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

static enum pt_err decode_body(const struct pt_entry *entry)
{
    struct pt_arena arena = arena_make();
    struct pt_buf body = {0};
    struct pt_entry *list;
    cr_assert_eq(pt_body_encode(entry, 1, 0, &body), PT_OK);
    enum pt_err err = pt_body_decode(pt_buf_bytes(&body), 1, 0, &arena, &list);
    pt_buf_free(&body);
    pt_arena_close(&arena);
    return err;
}

Test(chunk_body, values_have_one_form)
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

Test(chunk_body, instance_names_are_short_and_plain)
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

Test(chunk_body, too_many_replaced_entries_are_malformed)
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
Test(chunk_body, every_item_of_every_column_is_used)
{
    struct pt_arena arena = arena_make();
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
Test(chunk_body, unknown_kinds_are_kept_beside_known_ones)
{
    struct pt_arena arena = arena_make();
    struct pt_entry entries[4] = {kit_answer(5, 50), pt_entry_of((Patuh__EntryKind)99, 1700000001), kit_answer(7, 70),
                                  pt_entry_of(PATUH__ENTRY_KIND__ENTRY_PLACE, 1700000002)};
    struct pt_entry *list;
    struct pt_buf bytes = {0};
    entries[1].detail = pt_bytes_str("later");
    entries[3].detail = pt_bytes_str("now");
    cr_assert_eq(pt_body_encode(entries, 4, 0, &bytes), PT_OK);
    cr_assert_eq(pt_body_decode(pt_buf_bytes(&bytes), 4, 0, &arena, &list), PT_OK);
    cr_expect(kit_entries_eq(entries, list, 4));
    pt_buf_free(&bytes);
    pt_arena_close(&arena);
}

/* Without the agreed form of later kinds an item of theirs would be taken for a neighbour's. */
Test(chunk_body, an_unknown_kind_with_other_columns_spoils_the_chunk_and_no_value)
{
    struct pt_arena arena = arena_make();
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
