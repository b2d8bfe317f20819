#include "core/score/score.h"

#include <criterion/criterion.h>

/* "93.57" -> units. */
static int64_t units(const char *text)
{
    struct pt_decimal value;
    cr_assert_eq(pt_decimal_read(pt_bytes_str(text), &value), PT_OK);
    int64_t factor = PT_POINT;
    for (uint8_t i = 0; i < value.scale; i++) {
        factor /= 10;
    }
    return value.mantissa * factor;
}

static struct pt_unit_part part_of(const char *score, uint32_t n_products)
{
    return (struct pt_unit_part){
        .has_score = true, .low = units(score), .high = units(score), .n_products = n_products};
}

Test(score_institution, mean_of_units_gives_the_published_score_of_bangka_tengah_2023)
{
    const char *const scores[] = {"95.32", "94.34", "94.29", "94.00", "93.57", "92.86", "91.58"};
    struct pt_unit_part parts[7];
    for (size_t i = 0; i < 7; i++) {
        parts[i] = part_of(scores[i], 2);
    }
    struct pt_settings settings = {.institution_rule = PT_MEAN_OF_UNITS,
                                   .carry_unit = PT_CARRY_AS_PRINTED,
                                   .carry_institution = PT_CARRY_AS_PRINTED,
                                   .decimals = 2};
    struct pt_institution_score score;
    cr_assert_eq(pt_score_institution(&settings, parts, 7, &score), PT_OK);
    cr_expect(score.has_score);
    cr_expect_eq(score.n_units, 7);
    cr_expect_eq(score.low, units("93.71")); /* 655.96 / 7 = 93.7085... */
    cr_expect_eq(score.high, score.low);
    settings.carry_institution = PT_CARRY_EXACT;
    cr_assert_eq(pt_score_institution(&settings, parts, 7, &score), PT_OK);
    cr_expect_eq(score.low, 93708571429);
}

Test(score_institution, mean_of_products_gives_the_published_score_of_banten_2021)
{
    struct pt_unit_part parts[] = {part_of("90.09", 21), part_of("40.05", 10)};
    struct pt_settings settings = {.institution_rule = PT_MEAN_OF_PRODUCTS,
                                   .carry_unit = PT_CARRY_AS_PRINTED,
                                   .carry_institution = PT_CARRY_AS_PRINTED,
                                   .decimals = 2};
    struct pt_institution_score score;
    cr_assert_eq(pt_score_institution(&settings, parts, 2, &score), PT_OK);
    cr_expect_eq(score.low, units("73.95")); /* (90.09 x 21 + 40.05 x 10) / 31 = 73.9480... */
}

Test(score_institution, products_known_one_by_one_weigh_alike)
{
    const struct pt_product_score products[] = {{0, true, false, true, 90 * PT_POINT, 90 * PT_POINT},
                                                {1, false, false, true, 0, 0},
                                                {2, true, false, true, 60 * PT_POINT, 63 * PT_POINT}};
    struct pt_unit_part parts[] = {{.products = products, .n_product_scores = 3}, part_of("30", 1)};
    struct pt_settings settings = {.institution_rule = PT_MEAN_OF_PRODUCTS, .decimals = 2};
    struct pt_institution_score score;
    cr_assert_eq(pt_score_institution(&settings, parts, 2, &score), PT_OK);
    cr_expect_eq(score.low, 60 * PT_POINT); /* (90 + 60 + 30) / 3 */
    cr_expect_eq(score.high, 61 * PT_POINT);
    cr_expect_eq(score.n_units, 2);
}

Test(score_institution, carry_decides_where_a_half_goes)
{
    /* 50.005 and 50.004: as printed 50.01 + 50.00 -> 50.005 -> 50.01; exact 50.0045 -> 50.00 */
    struct pt_unit_part parts[] = {part_of("50.005", 1), part_of("50.004", 1)};
    struct pt_settings settings = {
        .carry_unit = PT_CARRY_AS_PRINTED, .carry_institution = PT_CARRY_AS_PRINTED, .decimals = 2};
    struct pt_institution_score score;
    cr_assert_eq(pt_score_institution(&settings, parts, 2, &score), PT_OK);
    cr_expect_eq(score.low, units("50.01"));
    settings.carry_unit = PT_CARRY_EXACT;
    cr_assert_eq(pt_score_institution(&settings, parts, 2, &score), PT_OK);
    cr_expect_eq(score.low, units("50"));
}

Test(score_institution, a_unit_without_a_score_leaves_the_mean)
{
    struct pt_unit_part parts[] = {part_of("80", 1), {.has_score = false}, part_of("90", 1)};
    struct pt_settings settings = {.decimals = 2};
    struct pt_institution_score score;
    cr_assert_eq(pt_score_institution(&settings, parts, 3, &score), PT_OK);
    cr_expect_eq(score.low, units("85"));
    cr_expect_eq(score.n_units, 2);
    cr_assert_eq(pt_score_institution(&settings, &parts[1], 1, &score), PT_OK);
    cr_expect_not(score.has_score);
    cr_assert_eq(pt_score_institution(&settings, NULL, 0, &score), PT_OK);
    cr_expect_not(score.has_score);
}

/* Each of the last ones is taken in, or left out, as it widens most. */
Test(score_institution, units_that_may_lack_a_score_widen_the_mean)
{
    static const struct {
        int64_t sure; /* -1: none */
        int64_t perhaps[3];
        int64_t low;
        int64_t high;
    } rows[] = {
        {100, {50, 100, 100}, 75, 100}, /* (100 + 50) / 2; without it */
        {50, {50, 50, 50}, 50, 50},     /* the same in any case */
        {60, {0, 50, 100}, 30, 80},     /* 60 and 0; 50 does not lower 30: (60 + 0 + 50) / 3 is more */
        {90, {0, 10, 20}, 30, 90},      /* (90 + 0 + 10 + 20) / 4 = 30: with 0 and 10 it is 33.33, and 20 lowers it */
        {-1, {40, 70, 55}, 40, 70},     /* one alone at either end, or nobody */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pt_unit_part parts[4];
        struct pt_settings settings = {.decimals = 2};
        struct pt_institution_score score;
        size_t n = 0;
        for (; n < 3; n++) {
            parts[n] = (struct pt_unit_part){.has_score = true, .may_lack = true};
            parts[n].low = parts[n].high = rows[i].perhaps[n] * PT_POINT;
        }
        if (rows[i].sure >= 0) {
            parts[n] = (struct pt_unit_part){.has_score = true, .exact = true};
            parts[n].low = parts[n].high = rows[i].sure * PT_POINT;
            n++;
        }
        cr_assert_eq(pt_score_institution(&settings, parts, n, &score), PT_OK);
        cr_expect(score.low == rows[i].low * PT_POINT && score.high == rows[i].high * PT_POINT, "row %zu: %ld..%ld", i,
                  (long)score.low, (long)score.high);
        cr_expect(score.has_score && score.may_lack == (rows[i].sure < 0) && !score.exact, "row %zu", i);
    }
}

Test(score_institution, scores_below_zero_are_not_scores)
{
    struct pt_unit_part part = {.has_score = true, .low = -1, .high = 5};
    struct pt_settings settings = {.decimals = 2};
    struct pt_institution_score score;
    cr_expect_eq(pt_score_institution(&settings, &part, 1, &score), PT_ELIMIT);
}

Test(score_institution, scores_are_printed_half_up_with_all_places)
{
    const struct {
        int64_t score;
        uint32_t decimals;
        const char *text;
    } rows[] = {
        {93705000000, 2, "93.71"}, {93704999999, 2, "93.70"}, {100 * PT_POINT, 2, "100.00"}, {0, 2, "0.00"},
        {54994999999, 2, "54.99"}, {87995000000, 2, "88.00"}, {12500000000, 0, "13"},        {1, 9, "0.000000001"},
        {-5000000, 2, "-0.01"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pt_buf out = {0};
        pt_score_put(&out, rows[i].score, rows[i].decimals);
        cr_expect_str_eq(pt_buf_text(&out), rows[i].text, "row %zu: %s", i, pt_buf_text(&out));
        pt_buf_free(&out);
    }
}
