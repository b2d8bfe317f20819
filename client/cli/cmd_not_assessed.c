/* patuh not-assessed ASSESSMENT --reason TEXT */
#include "client/cli/cli.h"

int pt_cmd_not_assessed(struct pt_cli *cli)
{
    struct pt_option options[] = {{.name = "--reason", .has_value = true}};
    if (!pt_cli_read(cli, options, 1, "ASSESSMENT")) {
        return PT_EXIT_USAGE;
    }
    const char *reason = options[0].value;
    if (reason == NULL) {
        return pt_cli_refuse(cli, PT_MSG_OPTION_NEEDED, "--reason TEXT");
    }
    if (!pt_cli_open(cli)) {
        return PT_EXIT_FAILED;
    }
    int code = pt_cli_end(cli, patuh_not_assessed(cli->device, cli->words[0], reason, &cli->problem));
    if (code == PT_EXIT_GOOD) {
        pt_say_to(stderr, PT_MSG_CLI_HANDED_IN, NULL);
    }
    return code;
}
