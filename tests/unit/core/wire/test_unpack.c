#include "base/mem.h"
#include "core/limits.h"
#include "core/wire/unpack.h"

#include "hostile.pb-c.h"
#include "wire.pb-c.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

Test(unpack, gives_the_message_in_the_arena)
{
    char wire[] = "\x08\x07\x3a\x02hi\x42\x03\x01\x02\x03\x4a\x02\x08\x05";
    struct pt_arena arena;
    pt_arena_init(&arena, pt_unpack_budget(sizeof wire - 1));
    ProtobufCMessage *message = NULL;
    enum pt_err err = pt_unpack(&test__kinds__descriptor, pt_bytes_of(wire, sizeof wire - 1), &arena, &message);
    cr_assert_eq(err, PT_OK);
    memset(wire, 0, sizeof wire);
    const Test__Kinds *kinds = (const Test__Kinds *)message;
    cr_expect_eq(kinds->i32, 7);
    cr_expect_str_eq(kinds->text, "hi");
    cr_expect_eq(kinds->raw.len, 3);
    cr_expect_eq(kinds->leaf->number, 5);
    pt_arena_close(&arena);
    cr_expect_eq(pt_mem_alive(), 0);
}

Test(unpack, tells_a_small_arena_and_no_memory_from_bad_bytes)
{
    struct pt_bytes wire = pt_bytes_of("\x3a\x02hi", 4);
    ProtobufCMessage *message = NULL;
    struct pt_arena arena;
    pt_arena_init(&arena, 64);
    cr_expect_eq(pt_unpack(&test__kinds__descriptor, wire, &arena, &message), PT_ELIMIT);
    pt_arena_close(&arena);
    pt_arena_init(&arena, SIZE_MAX);
    pt_mem_fault_arm(0);
    cr_expect_eq(pt_unpack(&test__kinds__descriptor, wire, &arena, &message), PT_ENOMEM);
    pt_mem_fault_disarm();
    cr_expect_null(message);
    pt_arena_close(&arena);
}

Test(unpack, trusted_bytes_may_have_a_larger_budget)
{
    struct pt_buf wire = {0};
    for (size_t i = 0; i < 2000; i++) {
        pt_buf_put(&wire, "\x7a\x00", 2);
    }
    struct pt_arena arena;
    pt_arena_init(&arena, SIZE_MAX);
    ProtobufCMessage *message = NULL;
    cr_expect_eq(pt_unpack(&test__kinds__descriptor, pt_buf_bytes(&wire), &arena, &message), PT_ELIMIT,
                 "the budget of foreign bytes holds whatever the arena would allow");
    cr_expect_eq(pt_unpack_within(&test__kinds__descriptor, pt_buf_bytes(&wire), 1024 * 1024, &arena, &message), PT_OK);
    cr_expect_eq(((const Test__Kinds *)message)->n_leaves, 2000);
    pt_arena_close(&arena);
    pt_buf_free(&wire);
}

Test(unpack, budget_does_not_overflow)
{
    cr_expect_eq(pt_unpack_budget(0), PT_FRAME_ARENA_BASE);
    cr_expect_geq(pt_unpack_budget(SIZE_MAX), SIZE_MAX - PT_FRAME_ARENA_FACTOR);
}

/* The smallest messages expand most: a full page of heads by number is the densest frame of the protocol. */
Test(unpack, a_full_page_of_heads_fits_its_budget)
{
    struct pt_buf page = {0};
    for (unsigned i = 0; i < PT_HEADS_PER_PAGE; i++) {
        static const uint8_t link[PT_HASH_BYTES] = {1};
        pt_buf_put(&page, "\x0a\x28\x0a\x02\x08\x01\x10\x05\x1a\x20", 10); /* head { log { number } seq link */
        pt_buf_put(&page, link, sizeof link);
    }
    struct pt_arena arena;
    pt_arena_init(&arena, pt_unpack_budget(page.n));
    ProtobufCMessage *message = NULL;
    cr_assert_eq(pt_unpack(&patuh__heads__descriptor, pt_buf_bytes(&page), &arena, &message), PT_OK);
    const Patuh__Heads *heads = (const Patuh__Heads *)message;
    cr_expect_eq(heads->n_head, PT_HEADS_PER_PAGE);
    cr_expect_eq(heads->head[0]->link.len, PT_HASH_BYTES);
    pt_arena_close(&arena);
    pt_buf_free(&page);
}
