/* number.h - IEEE binary64 without libm and without the locale: exact reading, printing, rounding.
 *
 * Every machine must get the same bits from the same text, so nothing here calls strtod, printf("%g") or libm. NaN
 * means "no number". Thread: any.  Memory: by value. */
#ifndef PT_NUMBER_H
#define PT_NUMBER_H

#include "base/arith.h"
#include "base/bytes.h"
#include "base/text.h"

/* Digits with an optional point and minus ("12", "-0.5", ".5", "5."), correctly rounded to the nearest double, ties to
 * even; no exponent. Errors: MALFORMED (also when longer than 400 characters). */
enum pt_err pt_number_read(struct pt_bytes text, double *out);
/* The shortest digits that read back as the same double, never an exponent; "NaN", "Infinity", "-Infinity". */
void pt_number_put(struct pt_buf *out, double value);

double pt_number_nan(void);
bool pt_number_is_nan(double value);
double pt_number_of_decimal(struct pt_decimal value);
double pt_number_floor(double value);
double pt_number_ceiling(double value);
double pt_number_int(double value); /* towards zero */
double pt_number_abs(double value);
/* To 0..9 decimals, half away from zero, from the exact value of the double. */
double pt_number_round(double value, unsigned decimals);
double pt_number_mod(double a, double b); /* sign of a, as XPath's mod */

/* value x 10^9 from the double's exact value, half to even. false for NaN and what does not fit into int64. */
bool pt_number_fixed(double value, int64_t *out);

#endif
