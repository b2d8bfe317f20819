#include "base/arith.h"

#include "base/check.h"

bool pt_add_i64(int64_t a, int64_t b, int64_t *out)
{
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum)) {
        return false;
    }
    *out = sum;
    return true;
}

bool pt_sub_i64(int64_t a, int64_t b, int64_t *out)
{
    int64_t difference;
    if (__builtin_sub_overflow(a, b, &difference)) {
        return false;
    }
    *out = difference;
    return true;
}

bool pt_mul_i64(int64_t a, int64_t b, int64_t *out)
{
    int64_t product;
    if (__builtin_mul_overflow(a, b, &product)) {
        return false;
    }
    *out = product;
    return true;
}

bool pt_add_size(size_t a, size_t b, size_t *out)
{
    size_t sum;
    if (__builtin_add_overflow(a, b, &sum)) {
        return false;
    }
    *out = sum;
    return true;
}

static uint64_t magnitude(int64_t value)
{
    return value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
}

/* Both ways of dividing end here: |a*b| = quotient * divisor + remainder. */
static bool round_quotient(uint64_t quotient, uint64_t remainder, uint64_t divisor, bool negative,
                           enum pt_rounding rounding, int64_t *out)
{
    bool up = false; /* away from zero */
    uint64_t twice_left = divisor - remainder;
    switch (rounding) {
    case PT_ROUND_HALF_EVEN:
        up = remainder > twice_left || (remainder == twice_left && (quotient & 1) != 0);
        break;
    case PT_ROUND_HALF_UP:
        up = remainder >= twice_left;
        break;
    case PT_ROUND_FLOOR:
        up = negative && remainder != 0;
        break;
    case PT_ROUND_CEIL:
        up = !negative && remainder != 0;
        break;
    }
    if (up) {
        if (quotient == UINT64_MAX) {
            return false;
        }
        quotient++;
    }
    uint64_t limit = (uint64_t)INT64_MAX + (negative ? 1u : 0u);
    if (quotient > limit) {
        return false;
    }
    *out = negative ? (quotient == limit ? INT64_MIN : -(int64_t)quotient) : (int64_t)quotient;
    return true;
}

static struct pt_sum wide_product(uint64_t x, uint64_t y)
{
    uint64_t low_low = (x & 0xffffffff) * (y & 0xffffffff);
    uint64_t mid = (x >> 32) * (y & 0xffffffff) + (low_low >> 32);
    uint64_t mid2 = (x & 0xffffffff) * (y >> 32) + (mid & 0xffffffff);
    return (struct pt_sum){.high = (x >> 32) * (y >> 32) + (mid >> 32) + (mid2 >> 32),
                           .low = mid2 << 32 | (low_low & 0xffffffff)};
}

static bool wide_divide(struct pt_sum dividend, uint64_t divisor, uint64_t *quotient, uint64_t *remainder)
{
    if (dividend.high >= divisor) {
        return false; /* the quotient needs more than 64 bits */
    }
    *quotient = 0;
    *remainder = dividend.high;
    for (int bit = 63; bit >= 0; bit--) { /* long division, one bit a turn */
        bool carry = (*remainder >> 63) != 0;
        *remainder = *remainder << 1 | (dividend.low >> bit & 1);
        if (carry || *remainder >= divisor) {
            *remainder -= divisor;
            *quotient |= (uint64_t)1 << bit;
        }
    }
    return true;
}

bool pt_muldiv_portable(int64_t a, int64_t b, int64_t c, enum pt_rounding rounding, int64_t *out)
{
    PT_CHECK(c != 0);
    uint64_t divisor = magnitude(c);
    uint64_t quotient;
    uint64_t remainder;
    if (!wide_divide(wide_product(magnitude(a), magnitude(b)), divisor, &quotient, &remainder)) {
        return false;
    }
    bool negative = ((a < 0) != (b < 0)) != (c < 0);
    return round_quotient(quotient, remainder, divisor, negative, rounding, out);
}

bool pt_muldiv(int64_t a, int64_t b, int64_t c, enum pt_rounding rounding, int64_t *out)
{
#ifdef __SIZEOF_INT128__
    PT_CHECK(c != 0);
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)magnitude(a) * magnitude(b);
    wide quotient = product / magnitude(c);
    if (quotient > UINT64_MAX) {
        return false;
    }
    bool negative = ((a < 0) != (b < 0)) != (c < 0);
    return round_quotient((uint64_t)quotient, (uint64_t)(product % magnitude(c)), magnitude(c), negative, rounding,
                          out);
#else
    return pt_muldiv_portable(a, b, c, rounding, out);
#endif
}

bool pt_sum_add(struct pt_sum *sum, int64_t a, int64_t b)
{
    PT_CHECK(a >= 0 && b >= 0);
    struct pt_sum product = wide_product((uint64_t)a, (uint64_t)b);
    uint64_t low = sum->low + product.low;
    uint64_t carry = low < sum->low ? 1 : 0;
    uint64_t high;
    if (__builtin_add_overflow(sum->high, product.high + carry, &high)) { /* a product's high half is below 2^62 */
        return false;
    }
    sum->high = high;
    sum->low = low;
    return true;
}

/* wide_divide, with the machine's own division where the compiler has it. */
static bool divide_sum(struct pt_sum dividend, uint64_t divisor, uint64_t *quotient, uint64_t *remainder)
{
#ifdef __SIZEOF_INT128__
    __extension__ typedef unsigned __int128 wide;
    wide whole = (wide)dividend.high << 64 | dividend.low;
    if (dividend.high >= divisor) {
        return false;
    }
    *quotient = (uint64_t)(whole / divisor);
    *remainder = (uint64_t)(whole % divisor);
    return true;
#else
    return wide_divide(dividend, divisor, quotient, remainder);
#endif
}

bool pt_sum_divide(const struct pt_sum *sum, int64_t divisor, enum pt_rounding rounding, int64_t *out)
{
    PT_CHECK(divisor > 0);
    uint64_t quotient;
    uint64_t remainder;
    return divide_sum(*sum, (uint64_t)divisor, &quotient, &remainder) &&
           round_quotient(quotient, remainder, (uint64_t)divisor, false, rounding, out);
}
