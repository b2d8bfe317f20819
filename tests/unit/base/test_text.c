#include "base/text.h"

#include <criterion/criterion.h>
#include <string.h>

Test(text, utf8_follows_rfc_3629)
{
    const struct {
        const char *text;
        size_t n;
        bool ok;
    } rows[] = {
        {"", 0, true},
        {"Kab. Gunung Mas", 15, true},
        {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9, true},
        {"a\0b", 3, false},
        {"\xc0\xaf", 2, false},
        {"\xe0\x80\xaf", 3, false},
        {"\xed\xa0\x80", 3, false},
        {"\xf4\x90\x80\x80", 4, false},
        {"\xe2\x82", 2, false},
        {"\x80", 1, false},
        {"\xff", 1, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_expect_eq(pt_utf8_ok(pt_bytes_of(rows[i].text, rows[i].n)), rows[i].ok, "row %zu", i);
    }
}

Test(text, is_blank_when_nothing_can_be_seen_in_it)
{
    static const char *const blank[] = {"", " ", "\t\r\n", "\xc2\xa0", "\xe2\x80\x8b \xe3\x80\x80", "\xef\xbb\xbf\x01"};
    static const char *const seen[] = {".", " a", "\xc3\xa0", "\xe2\x80\x94", "\xe2\x82\xac ", "\xe2\x80"};
    for (size_t i = 0; i < sizeof blank / sizeof blank[0]; i++) {
        cr_expect(pt_text_is_blank(pt_bytes_str(blank[i])), "row %zu", i);
    }
    for (size_t i = 0; i < sizeof seen / sizeof seen[0]; i++) {
        cr_expect_not(pt_text_is_blank(pt_bytes_str(seen[i])), "row %zu", i);
    }
}

Test(text, base32_round_trips_and_forgives_typing)
{
    uint8_t bytes[16];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 37 + 11);
    }
    for (size_t n = 0; n <= sizeof bytes; n++) {
        struct pt_buf out = {0};
        uint8_t back[16];
        pt_base32_put(&out, pt_bytes_of(bytes, n));
        cr_expect_eq(pt_base32_read(pt_buf_bytes(&out), back, n), PT_OK, "n %zu", n);
        cr_expect_eq(memcmp(bytes, back, n), 0);
        cr_expect_neq(pt_base32_read(pt_buf_bytes(&out), back, n + 1), PT_OK);
        pt_buf_free(&out);
    }
    uint8_t one;
    uint8_t other;
    cr_expect_eq(pt_base32_read(pt_bytes_str("0-1"), &one, 1), PT_OK);
    cr_expect_eq(pt_base32_read(pt_bytes_str("O L\n"), &other, 1), PT_OK);
    cr_expect_eq(one, other);
    cr_expect_eq(pt_base32_read(pt_bytes_str("u0"), &one, 1), PT_EMALFORMED);
}

Test(text, decimals_are_exact_and_canonical)
{
    const struct {
        const char *text;
        enum pt_err err;
        int64_t mantissa;
        uint8_t scale;
        const char *back;
    } rows[] = {
        {"12.50", PT_OK, 125, 1, "12.5"},
        {"-0.05", PT_OK, -5, 2, "-0.05"},
        {"0", PT_OK, 0, 0, "0"},
        {"1.000000000", PT_OK, 1, 0, "1"},
        {"-9223372036854775808", PT_OK, INT64_MIN, 0, "-9223372036854775808"},
        {"9223372036854775808", PT_ELIMIT, 0, 0, NULL},
        {"1.0000000001", PT_ELIMIT, 0, 0, NULL},
        {"", PT_EMALFORMED, 0, 0, NULL},
        {"-", PT_EMALFORMED, 0, 0, NULL},
        {".5", PT_EMALFORMED, 0, 0, NULL},
        {"5.", PT_EMALFORMED, 0, 0, NULL},
        {"1e3", PT_EMALFORMED, 0, 0, NULL},
        {"1,5", PT_EMALFORMED, 0, 0, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pt_decimal value = {0};
        cr_expect_eq(pt_decimal_read(pt_bytes_str(rows[i].text), &value), rows[i].err, "row %zu", i);
        if (rows[i].err != PT_OK) {
            continue;
        }
        cr_expect(value.mantissa == rows[i].mantissa && value.scale == rows[i].scale, "row %zu", i);
        struct pt_buf out = {0};
        pt_decimal_put(&out, value);
        cr_expect_str_eq(pt_buf_text(&out), rows[i].back, "row %zu", i);
        pt_buf_free(&out);
    }
}

Test(text, degrees_have_seven_decimals)
{
    static const struct {
        int32_t units_e7;
        const char *text;
    } rows[] = {{-22110000, "-2.2110000"}, {1139200001, "113.9200001"}, {0, "0.0000000"}, {-1, "-0.0000001"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pt_buf out = {0};
        pt_degrees_put(&out, rows[i].units_e7);
        cr_expect_str_eq(pt_buf_text(&out), rows[i].text, "row %zu", i);
        pt_buf_free(&out);
    }
}

Test(text, a_clock_that_was_never_set_is_no_date)
{
    char buf[24];
    cr_expect_str_eq(pt_time_text(0, buf, sizeof buf), "?");
    cr_expect_str_eq(pt_time_text(1690859045, buf, sizeof buf), "2023-08-01T03:04:05Z");
}
