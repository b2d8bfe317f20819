/* patuh place ASSESSMENT LATITUDE LONGITUDE METRES: degrees with a decimal point, metres. */
#include "client/cli/cli.h"

/* False: said why. */
static bool read_position(const struct pt_cli *cli, struct patuh_position *out)
{
    int32_t *const degrees[] = {&out->latitude_e7, &out->longitude_e7};
    for (size_t i = 0; i < 2; i++) {
        if (!pt_cli_read_degrees(cli->words[1 + i], degrees[i])) {
            pt_say_to(stderr, PT_MSG_CLI_DEGREES, cli->words[1 + i], NULL);
            return false;
        }
    }
    if (!pt_cli_read_metres(cli->words[3], &out->accuracy_m)) {
        pt_say_to(stderr, PT_MSG_CLI_METRES, cli->words[3], NULL);
        return false;
    }
    return true;
}

int pt_cmd_place(struct pt_cli *cli)
{
    struct patuh_position position;
    if (!pt_cli_read(cli, NULL, 0, "ASSESSMENT LATITUDE LONGITUDE METRES")) {
        return PT_EXIT_USAGE;
    }
    if (!read_position(cli, &position)) {
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
