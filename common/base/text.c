#include "base/text.h"

#include "base/arith.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static size_t utf8_follow(uint8_t first, uint8_t *low, uint8_t *high)
{
    *low = 0x80;
    *high = 0xbf;
    if (first >= 0xc2 && first <= 0xdf) {
        return 1;
    }
    if (first >= 0xe0 && first <= 0xef) {
        *low = first == 0xe0 ? 0xa0 : 0x80;  /* no overlong forms */
        *high = first == 0xed ? 0x9f : 0xbf; /* no surrogates */
        return 2;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        *low = first == 0xf0 ? 0x90 : 0x80;
        *high = first == 0xf4 ? 0x8f : 0xbf;
        return 3;
    }
    return 0;
}

bool pt_utf8_ok(struct pt_bytes text)
{
    for (size_t i = 0; i < text.n; i++) {
        uint8_t first = text.data[i];
        if (first == 0) {
            return false;
        }
        if (first < 0x80) {
            continue;
        }
        uint8_t low;
        uint8_t high;
        size_t follow = utf8_follow(first, &low, &high);
        if (follow == 0 || follow > text.n - i - 1) {
            return false;
        }
        for (size_t k = 1; k <= follow; k++) {
            uint8_t byte = text.data[i + k];
            if (byte < low || byte > high) {
                return false;
            }
            low = 0x80;
            high = 0xbf;
        }
        i += follow;
    }
    return true;
}

/* Bytes of the blank that begins here; 0: none does. */
static size_t blank_bytes(const uint8_t *at, size_t n)
{
    static const char *const wide[] = {"\xc2\xa0",     "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe2\x81\xa0",
                                       "\xe3\x80\x80", "\xef\xbb\xbf"}; /* no-break, ideographic, joiners */
    if (at[0] <= ' ' || at[0] == 0x7f) {
        return 1;
    }
    if (n >= 3 && at[0] == 0xe2 && at[1] == 0x80 && at[2] >= 0x80 && at[2] <= 0x8f) { /* U+2000 to U+200F */
        return 3;
    }
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++) {
        size_t length = strlen(wide[i]);
        if (n >= length && memcmp(at, wide[i], length) == 0) {
            return length;
        }
    }
    return 0;
}

bool pt_text_is_blank(struct pt_bytes text)
{
    size_t step = 0;
    for (size_t i = 0; i < text.n; i += step) {
        step = blank_bytes(text.data + i, text.n - i);
        if (step == 0) {
            return false;
        }
    }
    return true;
}

void pt_hex_put(struct pt_buf *out, struct pt_bytes bytes)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.n; i++) {
        char pair[2] = {digits[bytes.data[i] >> 4], digits[bytes.data[i] & 15]};
        pt_buf_put(out, pair, sizeof pair);
    }
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

enum pt_err pt_hex_read(struct pt_bytes text, uint8_t *out, size_t n)
{
    if (text.n != 2 * n) {
        return PT_EMALFORMED;
    }
    for (size_t i = 0; i < n; i++) {
        int high = hex_digit(text.data[2 * i]);
        int low = hex_digit(text.data[2 * i + 1]);
        if (high < 0 || low < 0) {
            return PT_EMALFORMED;
        }
        out[i] = (uint8_t)(high << 4 | low);
    }
    return PT_OK;
}

static const char base32_digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

void pt_base32_put(struct pt_buf *out, struct pt_bytes bytes)
{
    uint32_t bits = 0;
    int n_bits = 0;
    for (size_t i = 0; i < bytes.n; i++) {
        bits = (bits << 8 | bytes.data[i]) & 0xfff;
        n_bits += 8;
        while (n_bits >= 5) {
            n_bits -= 5;
            pt_buf_put(out, &base32_digits[bits >> n_bits & 31], 1);
        }
    }
    if (n_bits > 0) {
        pt_buf_put(out, &base32_digits[bits << (5 - n_bits) & 31], 1);
    }
}

static int base32_digit(uint8_t c)
{
    if (c >= 'A' && c <= 'Z') {
        c = (uint8_t)(c - 'A' + 'a');
    }
    if (c == 'i' || c == 'l') {
        return 1;
    }
    if (c == 'o') {
        return 0;
    }
    const char *found = c == 0 ? NULL : strchr(base32_digits, c);
    return found == NULL ? -1 : (int)(found - base32_digits);
}

enum pt_err pt_base32_read(struct pt_bytes text, uint8_t *out, size_t n)
{
    uint32_t bits = 0;
    int n_bits = 0;
    size_t filled = 0;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.data[i];
        if (c == '-' || c == ' ' || c == '\n' || c == '\r' || c == '\t') {
            continue;
        }
        int digit = base32_digit(c);
        if (digit < 0) {
            return PT_EMALFORMED;
        }
        bits = (bits << 5 | (uint32_t)digit) & 0xfff;
        n_bits += 5;
        if (n_bits >= 8) {
            n_bits -= 8;
            if (filled == n) {
                return PT_EMALFORMED;
            }
            out[filled++] = (uint8_t)(bits >> n_bits);
        }
    }
    return filled == n ? PT_OK : PT_EMALFORMED;
}

static bool take_digit(int64_t *mantissa, uint8_t c, bool negative)
{
    int64_t digit = c - '0';
    return pt_mul_i64(*mantissa, 10, mantissa) && pt_add_i64(*mantissa, negative ? -digit : digit, mantissa);
}

enum pt_err pt_decimal_read(struct pt_bytes text, struct pt_decimal *out)
{
    struct pt_decimal value = {0};
    size_t i = 0;
    bool negative = text.n > 0 && text.data[0] == '-';
    i += negative;
    bool point = false;
    size_t digits_before = 0;
    size_t decimals = 0;
    for (; i < text.n; i++) {
        uint8_t c = text.data[i];
        if (c == '.' && !point && digits_before > 0) {
            point = true;
            continue;
        }
        if (c < '0' || c > '9') {
            return PT_EMALFORMED;
        }
        if (point) {
            decimals++;
        } else {
            digits_before++;
        }
        if (decimals > 9 || !take_digit(&value.mantissa, c, negative)) {
            return PT_ELIMIT;
        }
    }
    if (digits_before == 0 || (point && decimals == 0)) {
        return PT_EMALFORMED;
    }
    value.scale = (uint8_t)decimals;
    while (value.scale > 0 && value.mantissa % 10 == 0) {
        value.mantissa /= 10;
        value.scale--;
    }
    *out = value;
    return PT_OK;
}

void pt_decimal_put(struct pt_buf *out, struct pt_decimal value)
{
    uint64_t whole = value.mantissa < 0 ? 0 - (uint64_t)value.mantissa : (uint64_t)value.mantissa;
    uint64_t power = 1;
    for (uint8_t i = 0; i < value.scale; i++) {
        power *= 10;
    }
    pt_buf_put_str(out, value.mantissa < 0 ? "-" : "");
    pt_buf_printf(out, "%llu", (unsigned long long)(whole / power));
    if (value.scale > 0) {
        pt_buf_printf(out, ".%0*llu", value.scale, (unsigned long long)(whole % power));
    }
}

void pt_degrees_put(struct pt_buf *out, int32_t units_e7)
{
    int64_t size = units_e7 < 0 ? -(int64_t)units_e7 : units_e7;
    pt_buf_printf(out, "%s%lld.%07lld", units_e7 < 0 ? "-" : "", (long long)(size / 10000000),
                  (long long)(size % 10000000));
}

enum pt_err pt_int_read(struct pt_bytes text, int64_t *out)
{
    bool negative = text.n > 0 && text.data[0] == '-';
    int64_t value = 0;
    size_t i = negative ? 1 : 0;
    if (i == text.n) {
        return PT_EMALFORMED;
    }
    for (; i < text.n; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return PT_EMALFORMED;
        }
        if (!take_digit(&value, text.data[i], negative)) {
            return PT_ELIMIT;
        }
    }
    *out = value;
    return PT_OK;
}

const char *pt_time_text(int64_t unix_s, char *buf, size_t n)
{
    time_t seconds = (time_t)unix_s;
    struct tm utc;
    if (unix_s < 946684800 || gmtime_r(&seconds, &utc) == NULL || strftime(buf, n, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0) {
        (void)snprintf(buf, n, "?");
    }
    return buf;
}
