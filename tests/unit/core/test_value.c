#include "core/value.h"

#include <criterion/criterion.h>

/* In the order of pt_value_cmp, all different. */
static const struct pt_value sorted[] = {
    {.type = PT_VALUE_NONE},
    {.type = PT_VALUE_INTEGER, .number = {INT64_MIN, 0}},
    {.type = PT_VALUE_INTEGER, .number = {-1, 0}},
    {.type = PT_VALUE_INTEGER, .number = {INT64_MAX, 0}},
    {.type = PT_VALUE_DECIMAL, .number = {5, 0}},
    {.type = PT_VALUE_DECIMAL, .number = {5, 1}},
    {.type = PT_VALUE_DECIMAL, .number = {6, 1}},
    {.type = PT_VALUE_CHOICE, .choices = 1},
    {.type = PT_VALUE_CHOICE, .choices = 64},
    {.type = PT_VALUE_CHOICES, .choices = 1},
    {.type = PT_VALUE_CHOICES, .choices = 1ULL << 63},
    {.type = PT_VALUE_TEXT},
    {.type = PT_VALUE_TEXT, .text = {.b = {[31] = 1}}},
    {.type = PT_VALUE_TEXT, .text = {.b = {[0] = 0x80}}},
};
#define N_SORTED (sizeof sorted / sizeof sorted[0])

Test(value, has_one_total_order)
{
    for (size_t i = 0; i < N_SORTED; i++) {
        for (size_t k = 0; k < N_SORTED; k++) {
            int order = pt_value_cmp(&sorted[i], &sorted[k]);
            cr_expect_eq((order > 0) - (order < 0), (i > k) - (i < k), "rows %zu and %zu", i, k);
            cr_expect_eq(pt_value_eq(&sorted[i], &sorted[k]), i == k, "rows %zu and %zu", i, k);
        }
    }
}

Test(value, what_another_type_uses_does_not_count)
{
    struct pt_value a = {.type = PT_VALUE_CHOICE, .choices = 3};
    struct pt_value b = {.type = PT_VALUE_CHOICE, .choices = 3, .number = {7, 1}, .text = {.b = {9}}};
    cr_expect(pt_value_eq(&a, &b));
    a.type = b.type = PT_VALUE_NONE;
    b.choices = 4;
    cr_expect(pt_value_eq(&a, &b));
}
