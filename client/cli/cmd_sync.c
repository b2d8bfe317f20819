/* patuh sync: progress on a terminal, one line of figures at the end. */
#include "client/cli/cli.h"

#include <inttypes.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define COLUMNS 80 /* where the terminal does not say */

struct figures {
    char sent[16];
    char received[16];
    char evidence[16];
    char bytes[24];
};

static struct figures figures_of(const struct patuh_counts *counts, uint64_t unit)
{
    struct figures f;
    (void)snprintf(f.sent, sizeof f.sent, "%u", counts->chunks_sent);
    (void)snprintf(f.received, sizeof f.received, "%u", counts->chunks_received);
    (void)snprintf(f.evidence, sizeof f.evidence, "%u", counts->evidence_sent);
    (void)snprintf(f.bytes, sizeof f.bytes, "%" PRIu64, (counts->bytes_in + counts->bytes_out) / unit);
    return f;
}

void pt_cli_put_progress(struct pt_buf *out, const struct patuh_counts *counts, size_t columns)
{
    struct figures f = figures_of(counts, 1024);
    struct pt_buf line = {0};
    pt_say(&line, PT_MSG_CLI_PROGRESS, f.sent, f.received, f.evidence, f.bytes, NULL);
    bool whole = line.n < columns; /* the last column would begin a new line */
    pt_buf_put(out, line.data, whole ? line.n : columns - 1);
    pt_buf_free(&line);
}

static size_t columns_of(int fd)
{
    struct winsize size;
    return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col : COLUMNS;
}

/* In the same line again; a line is never shorter than the one before. */
static void show_progress(void *data, const struct patuh_counts *counts)
{
    (void)data;
    struct pt_buf line = {0};
    pt_cli_put_progress(&line, counts, columns_of(STDERR_FILENO));
    (void)fprintf(stderr, "\r%s", pt_buf_text(&line));
    pt_buf_free(&line);
}

static void say_counts(const struct patuh_counts *counts)
{
    struct figures f = figures_of(counts, 1);
    pt_say_to(stderr, PT_MSG_CLI_SYNCED, f.sent, f.received, f.evidence, f.bytes, NULL);
    if (counts->held > 0) {
        pt_say_to(stderr, PT_MSG_CLI_HELD, NULL);
    }
    if (counts->pruned > 0) {
        char n[16];
        (void)snprintf(n, sizeof n, "%u", counts->pruned);
        pt_say_to(stderr, PT_MSG_CLI_PRUNED, n, NULL);
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
        if (counts.office_refilling) {
            pt_say_to(stderr, PT_MSG_CLI_OFFICE_REFILLING, NULL);
        }
    }
    if (counts.fresh_incarnation) {
        pt_say_to(stderr, PT_MSG_CLI_FRESH, NULL);
    }
    return code;
}
