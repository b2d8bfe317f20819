/* patuh sync: progress on a terminal, one line of figures at the end. */
#include "client/cli/cli.h"

#include <inttypes.h>
#include <unistd.h>

static void put_counts(const struct patuh_counts *counts, char sent[16], char received[16], char bytes[24])
{
    (void)snprintf(sent, 16, "%u", counts->chunks_sent);
    (void)snprintf(received, 16, "%u", counts->chunks_received);
    (void)snprintf(bytes, 24, "%" PRIu64, counts->bytes_in + counts->bytes_out);
}

static void show_progress(void *data, const struct patuh_counts *counts)
{
    (void)data;
    char sent[16];
    char received[16];
    char bytes[24];
    struct pt_buf line = {0};
    put_counts(counts, sent, received, bytes);
    pt_say(&line, PT_MSG_CLI_PROGRESS, sent, received, bytes, NULL);
    (void)fprintf(stderr, "\r%s", pt_buf_text(&line)); /* never shorter than the one before */
    pt_buf_free(&line);
}

static void say_counts(const struct patuh_counts *counts)
{
    char sent[16];
    char received[16];
    char bytes[24];
    put_counts(counts, sent, received, bytes);
    pt_say_to(stderr, PT_MSG_CLI_SYNCED, sent, received, bytes, NULL);
    if (counts->held > 0) {
        pt_say_to(stderr, PT_MSG_CLI_HELD, NULL);
    }
}

int pt_cmd_sync(struct pt_cli *cli)
{
    struct patuh_counts counts = {0};
    if (!pt_cli_read(cli, NULL, 0, "")) {
        return PT_EXIT_USAGE;
    }
    if (!pt_cli_open(cli)) {
        return PT_EXIT_FAILED;
    }
    bool terminal = isatty(STDERR_FILENO) != 0;
    enum patuh_result result = patuh_sync(cli->device, terminal ? show_progress : NULL, NULL, &counts, &cli->problem);
    if (terminal) {
        (void)fputs("\n", stderr);
    }
    int code = pt_cli_end(cli, result);
    if (code == PT_EXIT_GOOD) {
        say_counts(&counts);
    }
    if (counts.fresh_incarnation) {
        pt_say_to(stderr, PT_MSG_CLI_FRESH, NULL);
    }
    return code;
}
