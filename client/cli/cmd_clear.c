/* patuh clear ASSESSMENT PATH */
#include "client/cli/cli.h"

int pt_cmd_clear(struct pt_cli *cli)
{
    if (!pt_cli_read(cli, NULL, 0, "ASSESSMENT PATH")) {
        return PT_EXIT_USAGE;
    }
    if (!pt_cli_open_standing(cli)) {
        return PT_EXIT_FAILED;
    }
    int code = pt_cli_end(cli, patuh_clear(cli->device, cli->words[0], cli->words[1], &cli->problem));
    if (code == PT_EXIT_GOOD) {
        pt_cli_say_saved(cli, cli->words[0], cli->words[1]);
    }
    return code;
}
