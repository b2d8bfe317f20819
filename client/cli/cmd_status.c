/* patuh status */
#include "client/cli/cli.h"

#include <string.h>

static void put_json(struct pt_buf *out, const struct patuh_status *status)
{
    struct pt_json json = {.out = out};
    pt_json_begin(&json, NULL, '[');
    for (size_t i = 0; i < status->n_pieces; i++) {
        const struct patuh_piece *piece = &status->pieces[i];
        pt_json_begin(&json, NULL, '{');
        pt_json_text(&json, "assessment", piece->assessment);
        pt_json_text(&json, "what", piece->what);
        pt_json_text(&json, "name", piece->name);
        pt_json_count(&json, "entries", piece->n_entries);
        pt_json_count(&json, "bytes", piece->n_bytes);
        pt_json_text(&json, "where", patuh_where_name(piece->where));
        pt_json_bool(&json, "held", piece->held);
        pt_json_bool(&json, "here", piece->here);
        pt_json_bool(&json, "revoked", status->revoked);
        pt_json_end(&json, '}');
    }
    pt_json_end(&json, ']');
    pt_buf_put_str(out, "\n");
}

/* First where everything is, in one line. */
static void put_summary(struct pt_buf *out, const struct patuh_status *status)
{
    size_t at[PATUH_AT_HEAD_OFFICE + 1] = {0};
    char count[PATUH_AT_HEAD_OFFICE + 1][24];
    for (size_t i = 0; i < status->n_pieces; i++) {
        at[status->pieces[i].where]++;
    }
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        (void)snprintf(count[i], sizeof count[i], "%zu", at[i]);
    }
    pt_say(out, PT_MSG_CLI_PLACES, count[PATUH_ON_DEVICE], count[PATUH_CARRIED], count[PATUH_AT_REGION],
           count[PATUH_AT_HEAD_OFFICE], NULL);
    pt_buf_put_str(out, "\n");
}

static void put_lines(struct pt_buf *out, const struct patuh_status *status)
{
    put_summary(out, status);
    for (size_t i = 0; i < status->n_pieces; i++) {
        const struct patuh_piece *piece = &status->pieces[i];
        pt_buf_printf(out, "%-12s%s  %s  ", patuh_where_name(piece->where), piece->assessment, piece->what);
        pt_cli_put(out, piece->name);
        pt_buf_printf(out, "  %llu B%s\n", (unsigned long long)piece->n_bytes, piece->held ? "  held" : "");
    }
}

/* A sentence for each assessment with held entries. */
static void say_held(const struct patuh_status *status)
{
    const char *said = "";
    for (size_t i = 0; i < status->n_pieces; i++) {
        const struct patuh_piece *piece = &status->pieces[i];
        if (piece->held && strcmp(piece->assessment, said) != 0) {
            said = piece->assessment;
            pt_say_to(stderr, PT_MSG_CLI_HELD_BRANCH, said, NULL);
        }
    }
}

static void say_count(enum pt_msg msg, uint64_t n)
{
    char count[24];
    (void)snprintf(count, sizeof count, "%llu", (unsigned long long)n);
    if (n > 0) {
        pt_say_to(stderr, msg, count, NULL);
    }
}

int pt_cmd_status(struct pt_cli *cli)
{
    struct patuh_status status;
    if (!pt_cli_read(cli, NULL, 0, "")) {
        return PT_EXIT_USAGE;
    }
    if (!pt_cli_open_standing(cli)) {
        return PT_EXIT_FAILED;
    }
    int code = pt_cli_end(cli, patuh_status(cli->device, &status, &cli->problem));
    if (code != PT_EXIT_GOOD) {
        return code;
    }
    struct pt_buf out = {0};
    if (cli->json) {
        put_json(&out, &status);
    } else {
        put_lines(&out, &status);
    }
    say_held(&status);
    say_count(PT_MSG_CLI_ONLY_HERE, status.n_on_device);
    say_count(PT_MSG_CLI_CARRIED, status.n_carried);
    patuh_status_free(&status);
    return pt_cli_print(&out);
}
