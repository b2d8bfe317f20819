/* patuh answer ASSESSMENT PATH VALUE [--note TEXT] | --from FILE.csv */
#include "client/cli/cli.h"

static int answer_file(struct pt_cli *cli, const char *file)
{
    size_t n = 0;
    int code = pt_cli_end(cli, patuh_answer_file(cli->device, cli->words[0], file, &n, &cli->problem));
    if (code == PT_EXIT_GOOD) {
        char count[24];
        (void)snprintf(count, sizeof count, "%zu", n);
        pt_say_to(stderr, PT_MSG_CLI_SAVED_MANY, count, NULL);
        pt_cli_say_after(cli, cli->words[0], NULL);
    }
    return code;
}

int pt_cmd_answer(struct pt_cli *cli)
{
    struct pt_option options[] = {{.name = "--note", .has_value = true}, {.name = "--from", .has_value = true}};
    if (!pt_cli_read(cli, options, 2, "ASSESSMENT [PATH] [VALUE]")) {
        return PT_EXIT_USAGE;
    }
    const char *note = options[0].value;
    const char *file = options[1].value;
    if (file == NULL && cli->n_words < 3) {
        return pt_cli_refuse(cli, PT_MSG_WORD_NEEDED, cli->n_words == 1 ? "PATH" : "VALUE");
    }
    if (file != NULL && (cli->n_words > 1 || note != NULL)) {
        return pt_cli_refuse(cli, PT_MSG_OPTION_WORD, note != NULL ? "--note" : cli->words[1]);
    }
    if (!pt_cli_open_standing(cli)) {
        return PT_EXIT_FAILED;
    }
    if (file != NULL) {
        return answer_file(cli, file);
    }
    int code =
        pt_cli_end(cli, patuh_answer(cli->device, cli->words[0], cli->words[1], cli->words[2], note, &cli->problem));
    if (code == PT_EXIT_GOOD) {
        pt_cli_say_saved(cli, cli->words[0], cli->words[1]);
    }
    return code;
}
