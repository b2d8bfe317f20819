/* fuzz_text.c - text forms: whatever is accepted must come back the same. */
#include "base/check.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void decimal_round_trip(struct pt_bytes text)
{
    struct pt_decimal value;
    if (pt_decimal_read(text, &value) != PT_OK) {
        return;
    }
    struct pt_buf out = {0};
    pt_decimal_put(&out, value);
    struct pt_decimal back;
    PT_CHECK(pt_decimal_read(pt_buf_bytes(&out), &back) == PT_OK);
    PT_CHECK(back.mantissa == value.mantissa && back.scale == value.scale);
    pt_buf_free(&out);
}

static void base32_round_trip(struct pt_bytes text)
{
    uint8_t bytes[16];
    if (pt_base32_read(text, bytes, sizeof bytes) != PT_OK) {
        return;
    }
    struct pt_buf out = {0};
    pt_base32_put(&out, pt_bytes_of(bytes, sizeof bytes));
    uint8_t back[16];
    PT_CHECK(pt_base32_read(pt_buf_bytes(&out), back, sizeof back) == PT_OK);
    PT_CHECK(pt_bytes_eq(pt_bytes_of(bytes, sizeof bytes), pt_bytes_of(back, sizeof back)));
    pt_buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct pt_bytes text = pt_bytes_of(data, n);
    (void)pt_utf8_ok(text);
    int64_t number;
    (void)!pt_int_read(text, &number);
    decimal_round_trip(text);
    base32_round_trip(text);
    return 0;
}
