/* patuh place ASSESSMENT LATITUDE LONGITUDE METRES: degrees with a decimal point, metres. */
#include "client/cli/cli.h"

#include "base/text.h"

/* Degrees to units of 10^-7, further decimals cut off. */
static bool read_degrees(const char *text, int32_t *out)
{
    struct pt_decimal value;
    if (pt_decimal_read(pt_bytes_str(text), &value) != PT_OK) {
        return false;
    }
    int64_t units = value.mantissa;
    for (unsigned scale = value.scale; scale > 7; scale--) {
        units /= 10;
    }
    for (unsigned scale = value.scale; scale < 7; scale++) {
        if (units > INT32_MAX || units < INT32_MIN) {
            return false;
        }
        units *= 10;
    }
    *out = (int32_t)units;
    return units <= INT32_MAX && units >= INT32_MIN;
}

static bool read_metres(const char *text, uint32_t *out)
{
    struct pt_decimal value;
    bool good = pt_decimal_read(pt_bytes_str(text), &value) == PT_OK && value.mantissa >= 0;
    int64_t metres = good ? value.mantissa : 0;
    for (unsigned scale = good ? value.scale : 0; scale > 0; scale--) {
        metres = metres / 10 + (scale == 1 && metres % 10 != 0 ? 1 : 0); /* never better than it was */
    }
    *out = (uint32_t)metres;
    return good && metres <= 1000000;
}

int pt_cmd_place(struct pt_cli *cli)
{
    struct patuh_position position;
    if (!pt_cli_read(cli, NULL, 0, "ASSESSMENT LATITUDE LONGITUDE METRES")) {
        return PT_EXIT_USAGE;
    }
    if (!read_degrees(cli->words[1], &position.latitude_e7) || !read_degrees(cli->words[2], &position.longitude_e7) ||
        !read_metres(cli->words[3], &position.accuracy_m)) {
        pt_say_to(stderr, PT_MSG_CLIENT_PLACE, NULL);
        return PT_EXIT_FAILED;
    }
    if (!pt_cli_open_standing(cli)) {
        return PT_EXIT_FAILED;
    }
    int code = pt_cli_end(cli, patuh_place(cli->device, cli->words[0], position, &cli->problem));
    if (code == PT_EXIT_GOOD) {
        pt_say_to(stderr, PT_MSG_CLI_SAVED, NULL);
    }
    return code;
}
