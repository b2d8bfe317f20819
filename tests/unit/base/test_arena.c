#include "base/arena.h"
#include "base/mem.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

Test(arena, keeps_nothing_as_an_empty_text)
{
    struct pt_arena arena;
    pt_arena_init(&arena, SIZE_MAX);
    const char *text = pt_arena_strn(&arena, NULL, 0); /* a field of a message that was not there */
    cr_assert_not_null(text);
    cr_expect_str_eq(text, "");
    pt_arena_close(&arena);
}

Test(arena, never_takes_more_than_its_budget)
{
    struct pt_arena arena;
    pt_arena_init(&arena, 10000);
    size_t n = 0;
    while (pt_arena_alloc(&arena, 100) != NULL) {
        n++;
    }
    cr_expect(arena.exhausted);
    cr_expect_leq(arena.used, 10000);
    cr_expect_geq(n, 80);
    cr_expect_eq(pt_arena_err(&arena), PT_ELIMIT);
    pt_arena_reset(&arena);
    cr_expect_not(arena.exhausted);
    cr_expect_not_null(pt_arena_alloc(&arena, 100));
    pt_arena_close(&arena);
    cr_expect_eq(pt_mem_alive(), 0);
}

Test(arena, huge_requests_fail_without_overflow)
{
    struct pt_arena arena;
    pt_arena_init(&arena, SIZE_MAX);
    cr_expect_null(pt_arena_alloc(&arena, SIZE_MAX));
    cr_expect_null(pt_arena_alloc(&arena, SIZE_MAX - 8));
    cr_expect_null(pt_arena_zalloc(&arena, SIZE_MAX / 2, 3));
    pt_arena_close(&arena);
}

Test(arena, copies_are_independent_and_terminated)
{
    struct pt_arena arena;
    pt_arena_init(&arena, SIZE_MAX);
    char source[] = "hello";
    char *copy = pt_arena_strn(&arena, source, 4);
    source[0] = 'J';
    cr_expect_str_eq(copy, "hell");
    cr_expect_str_eq(pt_arena_printf(&arena, "%d %s", 5, copy), "5 hell");
    cr_expect_eq((uintptr_t)pt_arena_alloc(&arena, 3) % 16, 0);
    pt_arena_close(&arena);
}
