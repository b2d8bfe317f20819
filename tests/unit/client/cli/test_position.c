#include "client/cli/cli.h"

#include <criterion/criterion.h>

Test(position, degrees_are_cut_to_what_is_kept)
{
    const struct {
        const char *text;
        bool good;
        int32_t e7;
    } rows[] = {
        {"-2.2161", true, -22161000},
        {"113.913500123456789", true, 1139135001},
        {"-2.216100000000009", true, -22161000},
        {"-0.000000049", true, 0},
        {"5", true, 50000000},
        {"300", true, INT32_MAX}, /* not on earth */
        {"-99999999999", true, INT32_MAX},
        {"-2,2161", false, 0},
        {"2.2161 S", false, 0},
        {"-2.2161,", false, 0},
        {"1.2.3", false, 0},
        {"1.", false, 0},
        {"north", false, 0},
        {"", false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int32_t e7 = 0;
        cr_expect_eq(pt_cli_read_degrees(rows[i].text, &e7), rows[i].good, "%s", rows[i].text);
        cr_expect_eq(e7, rows[i].e7, "%s: %d", rows[i].text, e7);
    }
}

Test(position, metres_are_never_better_than_they_were)
{
    const struct {
        const char *text;
        bool good;
        uint32_t metres;
    } rows[] = {{"0", true, 0},
                {"7.5", true, 8},
                {"7.000000000001", true, 7},
                {"3.01", true, 4},
                {"1000000", true, 1000000},
                {"1000001", false, 0},
                {"10m", false, 0},
                {"-1", false, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t metres = 0;
        cr_expect_eq(pt_cli_read_metres(rows[i].text, &metres), rows[i].good, "%s", rows[i].text);
        cr_expect(!rows[i].good || metres == rows[i].metres, "%s: %u", rows[i].text, metres);
    }
}
