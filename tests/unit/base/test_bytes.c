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
