/* patuh attach ASSESSMENT PATH FILE: prints the name under which the evidence can be removed. */
#include "client/cli/cli.h"

int pt_cmd_attach(struct pt_cli *cli)
{
    char id[PATUH_PATH_BYTES + 9];
    if (!pt_cli_read(cli, NULL, 0, "ASSESSMENT PATH FILE")) {
        return PT_EXIT_USAGE;
    }
    if (!pt_cli_open_standing(cli)) {
        return PT_EXIT_FAILED;
    }
    int code =
        pt_cli_end(cli, patuh_attach(cli->device, cli->words[0], cli->words[1], cli->words[2], id, &cli->problem));
    if (code == PT_EXIT_GOOD) {
        struct pt_buf out = {0};
        pt_buf_printf(&out, "%s\n", id);
        code = pt_cli_print(&out);
        pt_say_to(stderr, PT_MSG_CLI_SAVED, NULL);
        pt_cli_say_after(cli, cli->words[0], cli->words[1]);
    }
    return code;
}
