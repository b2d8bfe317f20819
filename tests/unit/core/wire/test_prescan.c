#include "base/mem.h"
#include "core/limits.h"
#include "core/wire/prescan.h"
#include "core/wire/unpack.h"

#include "hostile.pb-c.h"
#define TYPE(name)
#include "protocol_types.def"
#undef TYPE

#include <criterion/criterion.h>
#include <string.h>

#define KINDS (&test__kinds__descriptor)
#define NEST (&test__nest__descriptor)

static void put_varint(struct pt_buf *out, uint64_t value)
{
    while (value >= 0x80) {
        pt_buf_put_u8(out, (uint8_t)(value | 0x80));
        value >>= 7;
    }
    pt_buf_put_u8(out, (uint8_t)value);
}

/* depth messages inside each other; the innermost is empty. */
static void put_nest(struct pt_buf *out, size_t depth)
{
    struct pt_buf outer = {0};
    pt_buf_clear(out);
    for (size_t i = 1; i < depth; i++) {
        pt_buf_clear(&outer);
        put_varint(&outer, 1 << 3 | 2);
        put_varint(&outer, out->n);
        pt_buf_put_bytes(&outer, pt_buf_bytes(out));
        struct pt_buf swap = *out;
        *out = outer;
        outer = swap;
    }
    pt_buf_free(&outer);
}

static void put_repeated(struct pt_buf *out, const char *part, size_t part_bytes, size_t times)
{
    for (size_t i = 0; i < times; i++) {
        pt_buf_put(out, part, part_bytes);
    }
}

/* A packed field of n elements of one byte. */
static void put_packed(struct pt_buf *out, unsigned field, size_t n)
{
    put_varint(out, field << 3 | 2);
    put_varint(out, n);
    for (size_t i = 0; i < n; i++) {
        pt_buf_put_u8(out, 1);
    }
}

/* Unpack within the budget of the size; whatever the answer, the heap taken stays within it. */
static enum pt_err unpack(const ProtobufCMessageDescriptor *descriptor, struct pt_bytes wire)
{
    struct pt_arena arena;
    pt_arena_init(&arena, pt_unpack_budget(wire.n));
    ProtobufCMessage *message = NULL;
    enum pt_err err = pt_unpack(descriptor, wire, &arena, &message);
    cr_expect_leq(arena.used, PT_FRAME_ARENA_FACTOR * wire.n + PT_FRAME_ARENA_BASE);
    cr_expect_eq(err == PT_OK, message != NULL);
    pt_arena_close(&arena);
    return err;
}

Test(prescan, refuses_malformed_bytes)
{
    static const struct {
        const char *name;
        const char *wire;
        size_t n;
    } rows[] = {
        {"start group", "\x0b", 1},
        {"end group", "\x0c", 1},
        {"wire type 6", "\x0e", 1},
        {"wire type 7", "\x0f", 1},
        {"unknown group", "\xf3\x07", 2},
        {"field number 0", "\x00\x01", 2},
        {"tag cut off", "\x88", 1},
        {"tag of six bytes", "\x88\x80\x80\x80\x80\x00\x01", 7},
        {"tag over 32 bits", "\x88\x80\x80\x80\x7f\x01", 6},
        {"varint cut off", "\x08\xff", 2},
        {"varint of eleven bytes", "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12},
        {"varint missing", "\x08", 1},
        {"fixed 32 cut off", "\x1d\x01\x02\x03", 4},
        {"fixed 64 cut off", "\x21\x01\x02\x03\x04\x05\x06\x07", 8},
        {"text longer than the bytes", "\x3a\x05xyz", 5},
        {"length of 4 GiB", "\x42\xff\xff\xff\xff\x0f", 6},
        {"length of 2^63", "\x42\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 10},
        {"int32 as a run", "\x0a\x01\x01", 3},
        {"bool as a run", "\x2a\x01\x01", 3},
        {"text as a varint", "\x38\x01", 2},
        {"message as a varint", "\x48\x01", 2},
        {"fixed 32 as a varint", "\x18\x01", 2},
        {"submessage cut off inside", "\x4a\x01\x08", 3},
        {"submessage twice", "\x4a\x00\x4a\x00", 4},
        {"oneof submessage twice", "\x92\x01\x00\x92\x01\x00", 6},
        {"text that is not UTF-8", "\x3a\x02\xc3\x28", 4},
        {"text with a NUL",
         "\x3a\x03"
         "a\0b",
         5},
        {"packed varint cut off", "\x52\x02\x01\x80", 4},
        {"packed fixed 64 of 7 bytes", "\x5a\x07xxxxxxx", 9},
        {"packed bool of 2", "\x62\x01\x02", 3},
        {"unknown run past the end", "\xf2\x07\x05x", 4},
        {"unknown varint cut off", "\xf0\x07\x80", 3},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pt_prescan scan = {.memory = 77};
        struct pt_bytes wire = pt_bytes_of(rows[i].wire, rows[i].n);
        cr_expect_eq(pt_prescan(KINDS, wire, &scan), PT_EMALFORMED, "%s", rows[i].name);
        cr_expect_eq(scan.memory, 77, "%s", rows[i].name);
        cr_expect_eq(unpack(KINDS, wire), PT_EMALFORMED, "%s", rows[i].name);
    }
}

Test(prescan, accepts_what_protobuf_allows)
{
    static const struct {
        const char *name;
        const char *wire;
        size_t n;
    } rows[] = {
        {"nothing", "", 0},
        {"the last of two numbers", "\x08\x01\x08\x02", 4},
        {"unknown fields of every type", "\xf0\x07\x01\xf1\x07xxxxxxxx\xf2\x07\x01x\xf5\x07xxxx", 23},
        {"packed written loose", "\x50\x01\x50\x02", 4},
        {"loose written packed", "\x82\x01\x02\x01\x02", 5},
        {"empty packed run", "\x52\x00", 2},
        {"one oneof member after the other", "\x88\x01\x01\x92\x01\x00", 6},
        {"repeated submessages", "\x7a\x00\x7a\x02\x08\x01", 6},
        {"an enum value from the future", "\x30\x63", 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_expect_eq(unpack(KINDS, pt_bytes_of(rows[i].wire, rows[i].n)), PT_OK, "%s", rows[i].name);
    }
}

Test(prescan, proto_nest_10000)
{
    struct pt_buf wire = {0};
    static const struct {
        size_t depth;
        enum pt_err err;
    } rows[] = {{1, PT_OK}, {PT_FRAME_DEPTH_MAX, PT_OK}, {PT_FRAME_DEPTH_MAX + 1, PT_ELIMIT}, {10000, PT_ELIMIT}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        put_nest(&wire, rows[i].depth);
        cr_expect_eq(unpack(NEST, pt_buf_bytes(&wire)), rows[i].err, "depth %zu", rows[i].depth);
    }
    pt_buf_free(&wire);
}

Test(prescan, bombs_stay_within_eight_times_their_size)
{
    static const struct {
        const char *name;
        const char *part;
        size_t part_bytes;
        size_t times;
    } rows[] = {
        {"proto_empty_submsg_1MiB", "\x7a\x00", 2, 524288},
        {"empty submessages within the count", "\x7a\x00", 2, PT_FRAME_FIELDS_MAX},
        {"proto_unknown_flood", "\xf0\x07\x01", 3, PT_FRAME_FIELDS_MAX},
        {"unknown empty runs", "\xf2\x07\x00", 3, PT_FRAME_FIELDS_MAX},
        {"empty strings", "\x6a\x00", 2, PT_FRAME_FIELDS_MAX},
        {"empty bytes", "\x72\x00", 2, PT_FRAME_FIELDS_MAX},
        {"loose numbers", "\x80\x01\x01", 3, PT_FRAME_FIELDS_MAX},
        {"one field too many", "\x80\x01\x01", 3, PT_FRAME_FIELDS_MAX + 1},
        {"the same text again and again", "\x3a\x01x", 3, PT_FRAME_FIELDS_MAX},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pt_buf wire = {0};
        put_repeated(&wire, rows[i].part, rows[i].part_bytes, rows[i].times);
        cr_assert_eq(wire.err, PT_OK);
        cr_expect_eq(unpack(KINDS, pt_buf_bytes(&wire)), PT_ELIMIT, "%s", rows[i].name);
        pt_buf_free(&wire);
    }
}

Test(prescan, proto_packed_bomb)
{
    for (unsigned field = 10; field <= 12; field += 2) { /* uint64 and bool */
        struct pt_buf wire = {0};
        put_packed(&wire, field, 1024 * 1024);
        enum pt_err err = unpack(KINDS, pt_buf_bytes(&wire));
        cr_expect_eq(err, PT_OK, "field %u: eight bytes for one is what the budget allows", field);
        pt_buf_free(&wire);
    }
}

/* An allocator that counts what an arena would hand out. */
static void *count_alloc(void *data, size_t n)
{
    *(size_t *)data += n == 0 ? 16 : (n + 15) / 16 * 16;
    return pt_alloc(n);
}

static void count_free(void *data, void *memory)
{
    (void)data;
    pt_free(memory);
}

static void put_all_kinds(struct pt_buf *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        put_repeated(out, "\x6a\x03xyz\x72\x00\x7a\x02\x08\x01\x7a\x05\x12\x03zzz\x80\x01\x07", 21, 1);
        put_repeated(out, "\xf0\x07\x01\xf2\x07\x02xx", 8, 1);
        put_packed(out, 10, i);
        put_packed(out, 12, 3);
    }
    put_repeated(out, "\x4a\x02\x08\x05\x3a\x02hi\x42\x01z", 11, 1);
}

Test(prescan, foretells_the_memory_of_unpacking)
{
    for (size_t n = 0; n < 40; n++) {
        struct pt_buf wire = {0};
        put_all_kinds(&wire, n);
        struct pt_prescan scan;
        cr_assert_eq(pt_prescan(KINDS, pt_buf_bytes(&wire), &scan), PT_OK, "n %zu", n);
        size_t taken = 0;
        ProtobufCAllocator allocator = {count_alloc, count_free, &taken};
        ProtobufCMessage *message = protobuf_c_message_unpack(KINDS, &allocator, wire.n, wire.data);
        cr_assert_not_null(message);
        cr_expect_leq(taken, scan.memory, "n %zu", n);
        cr_expect_leq(scan.memory, taken + 16 * 8, "n %zu: not far off either", n);
        protobuf_c_message_free_unpacked(message, &allocator);
        pt_buf_free(&wire);
    }
    cr_expect_eq(pt_mem_alive(), 0);
}

Test(prescan, every_truncation_and_flipped_byte_is_answered)
{
    struct pt_buf wire = {0};
    put_all_kinds(&wire, 3);
    for (size_t n = 0; n < wire.n; n++) {
        uint8_t *cut = pt_alloc(n);
        memcpy(cut, wire.data, n);
        (void)unpack(KINDS, pt_bytes_of(cut, n));
        pt_free(cut);
    }
    size_t refused = 0;
    for (size_t i = 0; i < wire.n; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            wire.data[i] ^= (uint8_t)(1u << bit);
            refused += unpack(KINDS, pt_buf_bytes(&wire)) != PT_OK;
            wire.data[i] ^= (uint8_t)(1u << bit);
        }
    }
    cr_expect_gt(refused, wire.n);
    pt_buf_free(&wire);
    cr_expect_eq(pt_mem_alive(), 0);
}

Test(prescan, recursive_types_are_found)
{
    cr_expect(pt_descriptor_is_bounded(KINDS));
    cr_expect(pt_descriptor_is_bounded(&test__level1__descriptor), "exactly the depth allowed");
    cr_expect_not(pt_descriptor_is_bounded(&test__level0__descriptor), "one deeper");
    cr_expect_not(pt_descriptor_is_bounded(NEST), "recursive");
}

Test(prescan, every_type_of_the_protocol_is_bounded)
{
    static const ProtobufCMessageDescriptor *const types[] = {
#define TYPE(name) &patuh__##name##__descriptor,
#include "protocol_types.def"
#undef TYPE
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        cr_expect(pt_descriptor_is_bounded(types[i]), "%s", types[i]->name);
    }
    cr_expect_gt(sizeof types / sizeof *types, 20);
}
