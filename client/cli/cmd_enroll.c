/* patuh enroll [--code-file FILE]: the code comes from a file, a pipe or the terminal, never as an argument. */
#include "client/cli/cli.h"

#include "io/keys/secret.h"

static int enroll(struct pt_cli *cli, const char *code)
{
    int result = pt_cli_end(cli, patuh_create(cli->dir, &cli->device, &cli->problem));
    if (result == PT_EXIT_GOOD) {
        result = pt_cli_end(cli, patuh_enroll(cli->device, code, &cli->problem));
    }
    if (result == PT_EXIT_GOOD) {
        struct patuh_identity who = patuh_identity(cli->device);
        pt_say_to(stderr, PT_MSG_CLI_ENROLLED, who.surveyor, who.office_name, NULL);
    }
    return result;
}

int pt_cmd_enroll(struct pt_cli *cli)
{
    struct pt_option options[] = {{.name = "--code-file", .has_value = true}};
    struct pt_buf code = {0};
    struct pt_problem problem = {0};
    if (!pt_cli_read(cli, options, 1, "[CODE]")) {
        return PT_EXIT_USAGE;
    }
    if (cli->n_words > 0) {
        return pt_cli_refuse(cli, PT_MSG_CODE_AS_WORD, NULL);
    }
    int result = PT_EXIT_FAILED;
    if (pt_secret_read(options[0].value, PT_MSG_CODE_ASK, &code, &problem) == PT_OK) {
        result = enroll(cli, pt_buf_text(&code));
    } else {
        pt_problem_print(stderr, &problem);
    }
    pt_buf_wipe(&code);
    return result;
}
