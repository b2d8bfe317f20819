/* patuh bundle out FILE | in FILE */
#include "client/cli/cli.h"

#include <string.h>

static int run_out(struct pt_cli *cli, const char *file)
{
    struct patuh_bundle_out out = {0};
    char chunks[16];
    char files[16];
    int code = pt_cli_end(cli, patuh_bundle_out(cli->device, file, &out, &cli->problem));
    if (code != PT_EXIT_GOOD) {
        return code;
    }
    const char *office = patuh_identity(cli->device).office_name;
    (void)snprintf(chunks, sizeof chunks, "%u", out.chunks);
    (void)snprintf(files, sizeof files, "%u", out.files);
    if (out.chunks + out.files > 0) {
        pt_say_to(stderr, PT_MSG_CLI_BUNDLE_OUT, file, chunks, files, office, NULL);
    } else {
        pt_say_to(stderr, PT_MSG_CLI_BUNDLE_ASKS, file, office, NULL);
    }
    pt_cli_tell_standing(cli);
    if (out.fresh_incarnation) {
        pt_say_to(stderr, PT_MSG_CLI_FRESH, NULL);
    }
    return code;
}

static int run_in(struct pt_cli *cli, const char *file)
{
    struct patuh_bundle_in in = {0};
    char receipts[16];
    char chunks[16];
    char files[16];
    char left_out[16];
    int code = pt_cli_end(cli, patuh_bundle_in(cli->device, file, &in, &cli->problem));
    if (code == PT_EXIT_GOOD) {
        (void)snprintf(receipts, sizeof receipts, "%u", in.receipts);
        (void)snprintf(chunks, sizeof chunks, "%u", in.chunks);
        (void)snprintf(files, sizeof files, "%u", in.files);
        (void)snprintf(left_out, sizeof left_out, "%u", in.left_out);
        pt_say_to(stderr, PT_MSG_CLI_BUNDLE_IN, receipts, chunks, files, left_out, NULL);
        pt_cli_tell_standing(cli);
    }
    if (in.fresh_incarnation) {
        pt_say_to(stderr, PT_MSG_CLI_FRESH, NULL);
    }
    return code;
}

int pt_cmd_bundle(struct pt_cli *cli)
{
    if (!pt_cli_read(cli, NULL, 0, "out|in FILE")) {
        return PT_EXIT_USAGE;
    }
    bool out = strcmp(cli->words[0], "out") == 0;
    if (!out && strcmp(cli->words[0], "in") != 0) {
        return pt_cli_refuse(cli, PT_MSG_OPTION_WORD, cli->words[0]);
    }
    if (!pt_cli_open(cli)) {
        return PT_EXIT_FAILED;
    }
    return out ? run_out(cli, cli->words[1]) : run_in(cli, cli->words[1]);
}
