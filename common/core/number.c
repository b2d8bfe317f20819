#include "core/number.h"

#include <string.h>

/* An unsigned integer of up to 2560 bits, least limb first: holds 10^400 x 2^64 and 2^1074 x 2^64. */
#define BIG_LIMBS 80
#define TEXT_BYTES_MAX 400

struct big {
    uint32_t limb[BIG_LIMBS];
};

static void big_mul_add(struct big *big, uint32_t factor, uint32_t add)
{
    uint64_t carry = add;
    for (size_t i = 0; i < BIG_LIMBS; i++) {
        carry += (uint64_t)big->limb[i] * factor;
        big->limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
}

static void big_shift(struct big *big, unsigned bits)
{
    unsigned whole = bits / 32;
    unsigned part = bits % 32;
    for (size_t i = BIG_LIMBS; i-- > 0;) {
        uint64_t high = i >= whole ? big->limb[i - whole] : 0;
        uint64_t low = i >= whole + 1 ? big->limb[i - whole - 1] : 0;
        big->limb[i] = (uint32_t)((high << 32 | low) >> (32 - part));
    }
}

static int big_cmp(const struct big *a, const struct big *b)
{
    for (size_t i = BIG_LIMBS; i-- > 0;) {
        if (a->limb[i] != b->limb[i]) {
            return a->limb[i] > b->limb[i] ? 1 : -1;
        }
    }
    return 0;
}

static void big_sub(struct big *a, const struct big *b)
{
    uint64_t borrow = 0;
    for (size_t i = 0; i < BIG_LIMBS; i++) {
        uint64_t left = (uint64_t)a->limb[i] - b->limb[i] - borrow;
        a->limb[i] = (uint32_t)left;
        borrow = left >> 63;
    }
}

static int big_bits(const struct big *big)
{
    for (int i = BIG_LIMBS - 1; i >= 0; i--) {
        if (big->limb[i] != 0) {
            return 32 * i + 32 - __builtin_clz(big->limb[i]);
        }
    }
    return 0;
}

static struct big big_of(uint64_t value)
{
    struct big big = {{(uint32_t)value, (uint32_t)(value >> 32)}};
    return big;
}

/* The quotient (below 2^63) of a / b, half to even; b is not 0. */
static uint64_t big_divide(struct big a, const struct big *b)
{
    uint64_t quotient = 0;
    int first = big_bits(&a) - big_bits(b);
    for (int bit = first; bit >= 0; bit--) {
        struct big part = *b;
        big_shift(&part, (unsigned)bit);
        quotient <<= 1;
        if (big_cmp(&a, &part) >= 0) {
            big_sub(&a, &part);
            quotient |= 1;
        }
    }
    big_shift(&a, 1);
    int order = big_cmp(&a, b);
    return quotient + (order > 0 || (order == 0 && (quotient & 1) != 0) ? 1 : 0);
}

double pt_number_nan(void)
{
    return __builtin_nan("");
}

bool pt_number_is_nan(double value)
{
    return value != value;
}

/* Exact while the result is a double: each step is a power of two. */
static double scale_by_two(double value, int power)
{
    for (; power > 0; power--) {
        value *= 2.0;
    }
    for (; power < 0; power++) {
        value *= 0.5;
    }
    return value;
}

/* The double nearest to digits / 10^decimals. */
static double nearest(struct big digits, unsigned decimals)
{
    struct big divisor = big_of(1);
    for (unsigned i = 0; i < decimals; i++) {
        big_mul_add(&divisor, 10, 0);
    }
    if (big_bits(&digits) == 0) {
        return 0;
    }
    /* Scale by 2^shift so that the quotient has 53 bits, or one more that the second look removes. */
    int shift = 53 - (big_bits(&digits) - big_bits(&divisor));
    for (;;) {
        shift = shift > 1074 ? 1074 : shift; /* nothing is finer than 2^-1074 */
        struct big a = digits;
        struct big b = divisor;
        big_shift(shift > 0 ? &a : &b, (unsigned)(shift > 0 ? shift : -shift));
        uint64_t quotient = big_divide(a, &b);
        if (quotient <= (uint64_t)1 << 53) {
            return scale_by_two((double)quotient, -shift);
        }
        shift--;
    }
}

enum pt_err pt_number_read(struct pt_bytes text, double *out)
{
    struct big digits = {0};
    unsigned decimals = 0;
    size_t n_digits = 0;
    bool point = false;
    bool negative = text.n > 0 && text.data[0] == '-';
    if (text.n > TEXT_BYTES_MAX) {
        return PT_EMALFORMED;
    }
    for (size_t i = negative ? 1 : 0; i < text.n; i++) {
        uint8_t c = text.data[i];
        if (c == '.' && !point) {
            point = true;
            continue;
        }
        if (c < '0' || c > '9') {
            return PT_EMALFORMED;
        }
        big_mul_add(&digits, 10, (uint32_t)(c - '0'));
        decimals += point ? 1 : 0;
        n_digits++;
    }
    if (n_digits == 0) {
        return PT_EMALFORMED;
    }
    double value = nearest(digits, decimals);
    *out = negative ? -value : value;
    return PT_OK;
}

/* |value| = mantissa x 2^exponent, exactly. value is finite. */
static uint64_t split(double value, int *exponent)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint64_t fraction = bits & 0xfffffffffffffULL;
    int power = (int)(bits >> 52 & 0x7ff);
    *exponent = power == 0 ? -1074 : power - 1075;
    return power == 0 ? fraction : fraction | 1ULL << 52;
}

static bool is_infinite(double value)
{
    return value - value != 0 && !pt_number_is_nan(value);
}

/* Digits of |value| rounded to `decimals` places after the point (negative: zeros before it) as an integer. */
static uint64_t scaled(double value, int decimals)
{
    int exponent;
    struct big a = big_of(split(value, &exponent));
    struct big b = big_of(1);
    for (int i = 0; i < decimals; i++) {
        big_mul_add(&a, 10, 0);
    }
    for (int i = 0; i > decimals; i--) {
        big_mul_add(&b, 10, 0);
    }
    big_shift(exponent > 0 ? &a : &b, (unsigned)(exponent > 0 ? exponent : -exponent));
    return big_divide(a, &b);
}

/* Appends digits / 10^decimals. */
static void put_scaled(struct pt_buf *out, uint64_t digits, int decimals)
{
    char text[TEXT_BYTES_MAX]; /* last digit first */
    int n = 0;
    do {
        text[n++] = (char)('0' + digits % 10);
        digits /= 10;
    } while (digits > 0 || n <= decimals);
    for (int i = n - 1; i >= 0; i--) {
        pt_buf_put(out, &text[i], 1);
        pt_buf_put_str(out, i == decimals && decimals > 0 ? "." : "");
    }
    for (int i = decimals; i < 0; i++) {
        pt_buf_put_str(out, "0");
    }
}

/* The power of ten of the first digit, or one beside it: 123 -> 2, 0.012 -> -2. */
static int first_power(double value)
{
    int power = 0;
    for (; value >= 10; power++) {
        value /= 10;
    }
    for (; value < 1; power--) {
        value *= 10;
    }
    return power;
}

void pt_number_put(struct pt_buf *out, double value)
{
    if (pt_number_is_nan(value) || is_infinite(value)) {
        pt_buf_put_str(out, pt_number_is_nan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
        return;
    }
    if (value == 0) {
        pt_buf_put_str(out, "0");
        return;
    }
    struct pt_buf text = {0};
    double size = pt_number_abs(value);
    int first = -first_power(size);
    for (int decimals = first - 1; decimals <= first + 17; decimals++) {
        double back = 0;
        pt_buf_clear(&text);
        put_scaled(&text, scaled(size, decimals), decimals);
        if (text.err != PT_OK || (pt_number_read(pt_buf_bytes(&text), &back) == PT_OK && back == size)) {
            break;
        }
    }
    pt_buf_put_str(out, value < 0 ? "-" : "");
    pt_buf_put_bytes(out, pt_buf_bytes(&text));
    out->err = out->err == PT_OK ? text.err : out->err;
    pt_buf_free(&text);
}

double pt_number_of_decimal(struct pt_decimal value)
{
    double power = 1;
    for (uint8_t i = 0; i < value.scale; i++) {
        power *= 10;
    }
    return (double)value.mantissa / power;
}

/* Doubles from 2^52 on have no fraction. */
static bool is_whole(double value)
{
    return !(pt_number_abs(value) < 4503599627370496.0);
}

double pt_number_int(double value)
{
    return is_whole(value) ? value : (double)(int64_t)value;
}

double pt_number_floor(double value)
{
    double whole = pt_number_int(value);
    return whole > value ? whole - 1 : whole;
}

double pt_number_ceiling(double value)
{
    double whole = pt_number_int(value);
    return whole < value ? whole + 1 : whole;
}

double pt_number_abs(double value)
{
    return value < 0 ? -value : value;
}

double pt_number_round(double value, unsigned decimals)
{
    if (is_whole(value)) {
        return value;
    }
    int64_t power = 1;
    for (unsigned i = 0; i < decimals; i++) {
        power *= 10;
    }
    int exponent;
    uint64_t mantissa = split(value, &exponent);
    if (exponent < -62) { /* below 2^-9: bring it to 62 places; what is lost cannot reach a half of 10^-9 */
        int lost = -62 - exponent;
        mantissa = lost > 63 ? 0 : mantissa >> lost;
        exponent = -62;
    }
    int64_t digits;
    if (!pt_muldiv((int64_t)mantissa, power, (int64_t)1 << -exponent, PT_ROUND_HALF_UP, &digits) ||
        digits > (int64_t)1 << 53) {
        return value; /* more digits than a double has: nothing to round */
    }
    double rounded = (double)digits / (double)power;
    return value < 0 ? -rounded : rounded;
}

double pt_number_mod(double a, double b)
{
    double left = pt_number_abs(a);
    double by = pt_number_abs(b);
    if (!(by > 0) || left - left != 0) {
        return pt_number_nan();
    }
    if (is_infinite(by)) {
        return a;
    }
    while (left >= by) { /* each subtraction is exact: part <= left < 2 part */
        double part = by;
        while (part <= left / 2) {
            part *= 2;
        }
        left -= part;
    }
    return a < 0 ? -left : left;
}

bool pt_number_fixed(double value, int64_t *out)
{
    if (value - value != 0) {
        return false;
    }
    int exponent;
    uint64_t mantissa = split(value, &exponent);
    int64_t size;
    if (exponent >= 0) {
        int64_t power = exponent > 10 ? 0 : (int64_t)1 << exponent;
        if (power == 0 || !pt_muldiv((int64_t)mantissa, 1000000000 * power, 1, PT_ROUND_HALF_EVEN, &size)) {
            return false;
        }
    } else if (exponent >= -62) {
        if (!pt_muldiv((int64_t)mantissa, 1000000000, (int64_t)1 << -exponent, PT_ROUND_HALF_EVEN, &size)) {
            return false;
        }
    } else {
        size = (int64_t)scaled(value, 9);
    }
    *out = value < 0 ? -size : size;
    return true;
}
