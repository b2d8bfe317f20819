/* Positions as people copy them from a map or a phone. */
#include "client/cli/cli.h"

#include "base/text.h"

#include <string.h>

#define DECIMALS_MAX 9 /* that pt_decimal_read takes; the fifteen of a map are less than a hair */

/* Decimals after the ninth cut off; further decimals of the same sign change nothing in what is kept. */
static bool read_cut(const char *text, struct pt_decimal *out)
{
    const char *point = strchr(text, '.');
    size_t n = strlen(text);
    if (point != NULL) {
        size_t whole = (size_t)(point + 1 - text);
        size_t decimals = strspn(point + 1, "0123456789");
        if (whole + decimals != n) {
            return false;
        }
        n = decimals > DECIMALS_MAX ? whole + DECIMALS_MAX : n;
    }
    return pt_decimal_read(pt_bytes_of(text, n), out) == PT_OK;
}

bool pt_cli_read_degrees(const char *text, int32_t *out)
{
    struct pt_decimal value;
    if (!read_cut(text, &value)) {
        return false;
    }
    int64_t units = value.mantissa;
    for (unsigned scale = value.scale; scale > 7; scale--) {
        units /= 10;
    }
    bool fits = true;
    for (unsigned scale = value.scale; scale < 7 && fits; scale++) {
        fits = units <= INT32_MAX && units >= INT32_MIN;
        units = fits ? units * 10 : units;
    }
    fits = fits && units <= INT32_MAX && units >= INT32_MIN;
    *out = fits ? (int32_t)units : INT32_MAX; /* a number, but nowhere on earth: said further on */
    return true;
}

bool pt_cli_read_metres(const char *text, uint32_t *out)
{
    struct pt_decimal value;
    if (!read_cut(text, &value) || value.mantissa < 0) {
        return false;
    }
    int64_t metres = value.mantissa;
    for (unsigned scale = value.scale; scale > 0; scale--) {
        metres /= 10;
    }
    metres += value.scale > 0 ? 1 : 0; /* never better than it was; canonical, so something was cut off */
    *out = (uint32_t)metres;
    return metres <= 1000000;
}
