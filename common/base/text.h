/* text.h - text forms: UTF-8 check, hexadecimal, base 32 for codes that people type, exact decimals.
 *
 * Thread: any.  Memory: caller's. */
#ifndef PT_TEXT_H
#define PT_TEXT_H

#include "base/bytes.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* Well-formed UTF-8 (RFC 3629) without NUL. */
bool pt_utf8_ok(struct pt_bytes text);

/* Nothing in it that could be seen: blanks, line ends and control characters, of Unicode too. text: UTF-8. */
bool pt_text_is_blank(struct pt_bytes text);

/* Lower-case hexadecimal. */
void pt_hex_put(struct pt_buf *out, struct pt_bytes bytes);
/* Exactly n bytes from 2n digits. Errors: MALFORMED. */
enum pt_err pt_hex_read(struct pt_bytes text, uint8_t *out, size_t n);

/* Base 32 with the alphabet 0-9 a-z without i l o u (Crockford); reading takes either case, i and l as 1, o as 0, and
 * skips hyphens and white space. pt_base32_put writes ceil(8n/5) digits, no padding. */
void pt_base32_put(struct pt_buf *out, struct pt_bytes bytes);
/* Errors: MALFORMED (digit outside the alphabet, or not exactly n bytes). */
enum pt_err pt_base32_read(struct pt_bytes text, uint8_t *out, size_t n);

/* An exact decimal number: mantissa / 10^scale. */
struct pt_decimal {
    int64_t mantissa;
    uint8_t scale; /* 0..9; canonical: no trailing zero of the mantissa while scale > 0 */
};
/* "-12.50" -> {-125, 1}. ASCII digits, one optional point, optional minus; no exponent, no blank.
 * Errors: MALFORMED; LIMIT (more than 9 decimals or outside int64). */
enum pt_err pt_decimal_read(struct pt_bytes text, struct pt_decimal *out);
void pt_decimal_put(struct pt_buf *out, struct pt_decimal value);
/* A coordinate in degrees * 10^7, always with seven decimals: "-6.1753924". */
void pt_degrees_put(struct pt_buf *out, int32_t units_e7);
/* ASCII digits with optional minus. Errors: MALFORMED, LIMIT. */
enum pt_err pt_int_read(struct pt_bytes text, int64_t *out);

/* Calendar date and time of a Unix time in seconds, UTC: "2023-08-01T03:04:05Z"; "?" for a time before 2000 (a clock
 * that was never set). buf: at least 24 bytes. Returns buf. */
const char *pt_time_text(int64_t unix_s, char *buf, size_t n);

#endif
