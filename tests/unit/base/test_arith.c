#include "base/arith.h"

#include <criterion/criterion.h>
#include <stdint.h>

struct row {
    int64_t a, b, c;
    enum pt_rounding rounding;
    bool fits;
    int64_t want;
};

static const struct row rows[] = {
    {5, 1, 2, PT_ROUND_HALF_EVEN, true, 2},
    {7, 1, 2, PT_ROUND_HALF_EVEN, true, 4},
    {-5, 1, 2, PT_ROUND_HALF_EVEN, true, -2},
    {5, 1, 2, PT_ROUND_HALF_UP, true, 3},
    {-5, 1, 2, PT_ROUND_HALF_UP, true, -3},
    {-5, 1, 2, PT_ROUND_FLOOR, true, -3},
    {-5, 1, 2, PT_ROUND_CEIL, true, -2},
    {7, 1, 3, PT_ROUND_CEIL, true, 3},
    {INT64_MAX, INT64_MAX, INT64_MAX, PT_ROUND_HALF_EVEN, true, INT64_MAX},
    {INT64_MIN, 1, 1, PT_ROUND_HALF_EVEN, true, INT64_MIN},
    {INT64_MIN, 1, -1, PT_ROUND_HALF_EVEN, false, 0},
    {INT64_MAX, 2, 1, PT_ROUND_HALF_EVEN, false, 0},
    {INT64_MAX, INT64_MAX, 1, PT_ROUND_HALF_EVEN, false, 0},
    {100000000000, 3237, 10000, PT_ROUND_HALF_EVEN, true, 32370000000},
};

Test(arith, muldiv_rounds_as_stated_in_both_builds)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *r = &rows[i];
        int64_t wide = 77;
        int64_t portable = 77;
        cr_expect_eq(pt_muldiv(r->a, r->b, r->c, r->rounding, &wide), r->fits, "row %zu", i);
        cr_expect_eq(pt_muldiv_portable(r->a, r->b, r->c, r->rounding, &portable), r->fits, "row %zu", i);
        cr_expect_eq(wide, r->fits ? r->want : 77, "row %zu: %ld", i, (long)wide);
        cr_expect_eq(portable, wide, "row %zu: %ld", i, (long)portable);
    }
}

Test(arith, portable_twin_agrees_on_many_numbers)
{
    uint64_t state = 42;
    for (int i = 0; i < 200000; i++) {
        int64_t n[3];
        for (int k = 0; k < 3; k++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            n[k] = (int64_t)(state >> (state >> 59)) * ((state & 1) != 0 ? 1 : -1);
        }
        n[2] = n[2] == 0 ? 1 : n[2];
        int64_t a = 0;
        int64_t b = 0;
        enum pt_rounding rounding = (enum pt_rounding)(i % 4);
        bool fits = pt_muldiv(n[0], n[1], n[2], rounding, &a);
        cr_assert_eq(fits, pt_muldiv_portable(n[0], n[1], n[2], rounding, &b));
        cr_assert_eq(a, b);
    }
}

Test(arith, overflow_is_seen_and_leaves_the_output)
{
    int64_t out = 5;
    cr_assert_not(pt_add_i64(INT64_MAX, 1, &out));
    cr_assert_not(pt_sub_i64(0, INT64_MIN, &out));
    cr_assert_not(pt_mul_i64(INT64_MAX, 2, &out));
    cr_assert_eq(out, 5);
    size_t n = 5;
    cr_assert_not(pt_add_size(SIZE_MAX, 1, &n));
    cr_assert_eq(n, 5);
}

Test(arith, sums_of_products_are_rounded_once)
{
    struct pt_sum sum = {0};
    int64_t out = 0;
    /* (1 + 1 + 3) / 2 = 2.5: to even; away from zero; one thirds: 5/3 */
    cr_assert(pt_sum_add(&sum, 1, 1) && pt_sum_add(&sum, 1, 1) && pt_sum_add(&sum, 1, 3));
    cr_expect(pt_sum_divide(&sum, 2, PT_ROUND_HALF_EVEN, &out));
    cr_expect_eq(out, 2);
    cr_expect(pt_sum_divide(&sum, 2, PT_ROUND_HALF_UP, &out));
    cr_expect_eq(out, 3);
    cr_expect(pt_sum_divide(&sum, 3, PT_ROUND_HALF_EVEN, &out));
    cr_expect_eq(out, 2);
    struct pt_sum large = {0};
    for (int i = 0; i < 4; i++) {
        cr_assert(pt_sum_add(&large, INT64_MAX, INT64_MAX));
    }
    cr_expect_not(pt_sum_add(&large, INT64_MAX, INT64_MAX), "5 * 2^126 needs more than 128 bits");
    cr_expect_not(pt_sum_divide(&large, INT64_MAX, PT_ROUND_HALF_EVEN, &out), "the quotient needs 65 bits");
    cr_expect_eq(out, 2);
}
