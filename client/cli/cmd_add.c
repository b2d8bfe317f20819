/* patuh add ASSESSMENT REPEAT LABEL: prints the path of what was added. */
#include "client/cli/cli.h"

int pt_cmd_add(struct pt_cli *cli)
{
    char path[PATUH_PATH_BYTES];
    if (!pt_cli_read(cli, NULL, 0, "ASSESSMENT REPEAT LABEL")) {
        return PT_EXIT_USAGE;
    }
    if (!pt_cli_open_standing(cli)) {
        return PT_EXIT_FAILED;
    }
    int code =
        pt_cli_end(cli, patuh_add(cli->device, cli->words[0], cli->words[1], cli->words[2], path, &cli->problem));
    if (code == PT_EXIT_GOOD) {
        struct pt_buf out = {0};
        pt_buf_printf(&out, "%s\n", path);
        code = pt_cli_print(&out);
        pt_cli_say_saved(cli, cli->words[0], path);
    }
    return code;
}
