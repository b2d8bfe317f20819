#include "core/number.h"

#include <criterion/criterion.h>
#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

Test(number, reads_as_the_c_library_does)
{
    const char *const texts[] = {"0",
                                 "1",
                                 "0.1",
                                 ".5",
                                 "5.",
                                 "-12.75",
                                 "9007199254740993",
                                 "9007199254740992.5",
                                 "0.1000000000000000055511151231257827021181583404541015625",
                                 "123456789012345678901234567890",
                                 "0.000000000000000000000000000001",
                                 "2.675",
                                 "4503599627370497.5",
                                 "4503599627370496.5"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        double value = -1;
        cr_expect_eq(pt_number_read(pt_bytes_str(texts[i]), &value), PT_OK, "%s", texts[i]);
        cr_expect_eq(bits_of(value), bits_of(strtod(texts[i], NULL)), "%s", texts[i]);
    }
    const char *const bad[] = {"", "-", ".", "1.2.3", "1e3", " 1", "1,5", "+1", "NaN"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        double value = 7;
        cr_expect_eq(pt_number_read(pt_bytes_str(bad[i]), &value), PT_EMALFORMED, "%s", bad[i]);
        cr_expect_eq(value, 7);
    }
}

Test(number, prints_the_shortest_text_that_reads_back)
{
    const struct {
        double value;
        const char *text;
    } rows[] = {
        {0, "0"},
        {0.1, "0.1"},
        {-2.5, "-2.5"},
        {100, "100"},
        {1.0 / 3, "0.3333333333333333"},
        {123456.75, "123456.75"},
        {1e21, "1000000000000000000000"},
        {0.000001, "0.000001"},
        {5e-3, "0.005"},
        {9.95, "9.95"},
        {pt_number_nan(), "NaN"},
        {99, "99"},
        {0.3 - 0.2, "0.09999999999999998"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pt_buf out = {0};
        pt_number_put(&out, rows[i].value);
        cr_expect_str_eq(pt_buf_text(&out), rows[i].text, "row %zu: %s", i, pt_buf_text(&out));
        pt_buf_free(&out);
    }
}

Test(number, every_kind_of_double_survives_the_round_trip)
{
    uint64_t state = 7;
    const double edges[] = {DBL_MIN, DBL_TRUE_MIN, DBL_MAX, DBL_EPSILON, 3 * DBL_TRUE_MIN};
    for (size_t i = 0; i < 300; i++) {
        double value = i < 5 ? edges[i] : 0;
        if (i >= 5) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            uint64_t bits = state;
            memcpy(&value, &bits, sizeof value);
        }
        if (value - value != 0 || pt_number_abs(value) > 1e300) {
            continue;
        }
        struct pt_buf out = {0};
        double back = 0;
        pt_number_put(&out, value);
        cr_expect_eq(pt_number_read(pt_buf_bytes(&out), &back), PT_OK, "%zu: %s", i, pt_buf_text(&out));
        cr_expect_eq(bits_of(back), bits_of(value), "%zu: %s", i, pt_buf_text(&out));
        pt_buf_free(&out);
    }
}

Test(number, rounds_without_libm)
{
    cr_expect_eq(pt_number_floor(-1.5), -2);
    cr_expect_eq(pt_number_floor(2), 2);
    cr_expect_eq(pt_number_ceiling(1.25), 2);
    cr_expect_eq(pt_number_ceiling(-1.25), -1);
    cr_expect_eq(pt_number_int(-7.9), -7);
    cr_expect_eq(pt_number_abs(-3), 3);
    cr_expect_eq(pt_number_round(2.5, 0), 3);
    cr_expect_eq(pt_number_round(-2.5, 0), -3);
    cr_expect_eq(pt_number_round(2.675, 2), 2.67, "2.675 is a little below the tie");
    cr_expect_eq(pt_number_round(0.125, 2), 0.13);
    cr_expect_eq(pt_number_round(1e300, 2), 1e300);
    cr_expect_eq(pt_number_round(1e-30, 9), 0);
    cr_expect_eq(pt_number_floor(1e300), 1e300);
    cr_expect_eq(pt_number_mod(5.5, 2), 1.5);
    cr_expect_eq(pt_number_mod(-5, 3), -2);
    cr_expect_eq(pt_number_mod(1e20, 3), 1);
    cr_expect(pt_number_is_nan(pt_number_mod(1, 0)));
    cr_expect(pt_number_is_nan(pt_number_floor(pt_number_nan())));
}

Test(number, fixed_point_is_half_even_from_the_exact_value)
{
    const struct {
        double value;
        bool fits;
        int64_t units;
    } rows[] = {
        {1, true, 1000000000},
        {-2.5, true, -2500000000},
        {0.1, true, 100000000},
        {1.0 / 1024 / 1024, true, 954}, /* 953.674... */
        {1.0 / 1024, true, 976562},     /* 976562.5: to even */
        {3.0 / 1024, true, 2929688},    /* 2929687.5: to even */
        {1e-30, true, 0},
        {1e-9, true, 1},
        {9.2e9, true, 9200000000000000000},
        {9.3e9, false, 0},
        {1e300, false, 0},
        {5e9, true, 5000000000000000000},
        {4398046511104.0, false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t units = 0;
        cr_expect_eq(pt_number_fixed(rows[i].value, &units), rows[i].fits, "row %zu", i);
        cr_expect_eq(units, rows[i].units, "row %zu: %ld", i, (long)units);
    }
    int64_t units = 5;
    cr_expect_not(pt_number_fixed(pt_number_nan(), &units));
    cr_expect_not(pt_number_fixed(-1e300, &units));
    cr_expect_eq(units, 5);
}
