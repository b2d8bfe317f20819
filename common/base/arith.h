/* arith.h - integer arithmetic that cannot overflow unseen, and the one multiply-divide with stated rounding.
 *
 * Scores are integers (1 point = 10^9 units), so every rounding of the project happens in pt_muldiv.
 * Thread: any. */
#ifndef PT_ARITH_H
#define PT_ARITH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pt_rounding {
    PT_ROUND_HALF_EVEN, /* inside a unit */
    PT_ROUND_HALF_UP,   /* away from zero on .5: figures as printed */
    PT_ROUND_FLOOR,     /* lower bound of a range */
    PT_ROUND_CEIL       /* upper bound of a range */
};

/* false on overflow, *out untouched then. */
bool pt_add_i64(int64_t a, int64_t b, int64_t *out);
bool pt_sub_i64(int64_t a, int64_t b, int64_t *out);
bool pt_mul_i64(int64_t a, int64_t b, int64_t *out);
bool pt_add_size(size_t a, size_t b, size_t *out);

/* a * b / c with the exact product in between (128 bit). c != 0. false when the quotient does not fit. */
bool pt_muldiv(int64_t a, int64_t b, int64_t c, enum pt_rounding rounding, int64_t *out);
/* The same through 64-bit halves, for compilers without __int128; always built, tested against the other. */
bool pt_muldiv_portable(int64_t a, int64_t b, int64_t c, enum pt_rounding rounding, int64_t *out);

/* A sum of products of numbers that are not negative, exact in 128 bits, so that a weighted mean is rounded once.
 * Starts as zeros. */
struct pt_sum {
    uint64_t high;
    uint64_t low;
};
/* Adds a * b; a and b >= 0. false when 128 bits do not hold it, *sum untouched then. */
bool pt_sum_add(struct pt_sum *sum, int64_t a, int64_t b);
/* sum / divisor; divisor > 0. false when the quotient does not fit. */
bool pt_sum_divide(const struct pt_sum *sum, int64_t divisor, enum pt_rounding rounding, int64_t *out);

#endif
