#include "base/bytes.h"
#include "base/mem.h"

#include <criterion/criterion.h>
#include <string.h>

Test(bytes, buffer_and_reader_round_trip)
{
    struct pt_buf buf = {0};
    pt_buf_put_u8(&buf, 7);
    pt_buf_put_u32(&buf, 0x01020304);
    pt_buf_put_u64(&buf, 0x1122334455667788);
    pt_buf_printf(&buf, "%s-%d", "x", 5);
    cr_assert_eq(buf.err, PT_OK);
    struct pt_reader reader = pt_reader_on(pt_buf_bytes(&buf));
    cr_expect_eq(pt_read_u8(&reader), 7);
    cr_expect_eq(pt_read_u32(&reader), 0x01020304);
    cr_expect_eq(pt_read_u64(&reader), 0x1122334455667788);
    cr_expect(pt_bytes_eq(pt_read_rest(&reader), pt_bytes_str("x-5")));
    cr_expect_eq(pt_read_end(&reader), PT_OK);
    pt_buf_free(&buf);
    cr_expect_eq(pt_mem_alive(), 0);
}

Test(bytes, whole_numbers_are_written_as_printf_does)
{
    static const struct {
        int64_t value;
        unsigned digits_min;
        const char *text;
    } rows[] = {{0, 1, "0"},   {0, 2, "00"},    {7, 2, "07"},
                {-5, 1, "-5"}, {123, 2, "123"}, {INT64_MAX, 1, "9223372036854775807"},
                {10, 0, "10"}, {0, 0, "0"},     {INT64_MIN, 1, "-9223372036854775808"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pt_buf buf = {0};
        pt_buf_put_int(&buf, rows[i].value, rows[i].digits_min);
        cr_expect_str_eq(pt_buf_text(&buf), rows[i].text, "row %zu", i);
        pt_buf_free(&buf);
    }
}

/* What fits is written in place; what does not, or just not, comes out the same. */
Test(bytes, printf_of_any_length_is_whole)
{
    struct pt_buf buf = {0};
    size_t n = 0;
    for (size_t length = 0; length < 200; length++) {
        pt_buf_printf(&buf, "%*s", (int)length, "");
        n += length;
        cr_assert_eq(buf.n, n, "length %zu", length);
        cr_assert_eq(strlen(pt_buf_text(&buf)), n, "length %zu", length);
    }
    pt_buf_free(&buf);
    cr_expect_eq(pt_mem_alive(), 0);
}

Test(bytes, reading_past_the_end_sticks_and_gives_zeros)
{
    struct pt_reader reader = pt_reader_on(pt_bytes_of("\x01\x02", 2));
    cr_expect_eq(pt_read_u32(&reader), 0);
    cr_expect_eq(pt_read_u8(&reader), 0);
    cr_expect_eq(pt_read_end(&reader), PT_EMALFORMED);
    struct pt_reader left = pt_reader_on(pt_bytes_of("ab", 2));
    (void)pt_read_u8(&left);
    cr_expect_eq(pt_read_end(&left), PT_EMALFORMED, "something is left over");
}

Test(bytes, buffer_keeps_the_first_error_of_an_allocation_sweep)
{
    for (size_t n = 0; n < 20; n++) {
        struct pt_buf buf = {0};
        pt_mem_fault_arm(n);
        for (int i = 0; i < 100; i++) {
            pt_buf_put_str(&buf, "0123456789");
        }
        pt_mem_fault_disarm();
        bool good = buf.err == PT_OK;
        cr_expect(good ? buf.n == 1000 : buf.err == PT_ENOMEM, "n %zu", n);
        pt_buf_free(&buf);
        cr_assert_eq(pt_mem_alive(), 0);
        if (good) {
            return;
        }
    }
    cr_assert_fail("the sweep never succeeded");
}

Test(bytes, order_is_memcmp_then_length)
{
    cr_expect_lt(pt_bytes_cmp(pt_bytes_str("a"), pt_bytes_str("b")), 0);
    cr_expect_lt(pt_bytes_cmp(pt_bytes_str("a"), pt_bytes_str("aa")), 0);
    cr_expect_eq(pt_bytes_cmp(pt_bytes_str(""), (struct pt_bytes){0}), 0);
}
