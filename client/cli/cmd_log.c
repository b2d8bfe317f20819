/* patuh log ASSESSMENT */
#include "client/cli/cli.h"

static void put_json(struct pt_buf *out, const struct patuh_history *history)
{
    struct pt_json json = {.out = out};
    pt_json_begin(&json, NULL, '[');
    for (size_t i = 0; i < history->n_entries; i++) {
        const struct patuh_entry *entry = &history->entries[i];
        pt_json_begin(&json, NULL, '{');
        pt_json_text(&json, "log", entry->log);
        pt_json_text(&json, "author", entry->author);
        pt_json_count(&json, "seq", entry->seq);
        pt_json_text(&json, "time", entry->time);
        pt_json_text(&json, "kind", entry->kind);
        pt_json_text(&json, "path", entry->path);
        pt_json_text(&json, "value", entry->value);
        pt_json_text(&json, "check", entry->check);
        pt_json_text(&json, "problem", entry->problem);
        pt_json_end(&json, '}');
    }
    pt_json_end(&json, ']');
    pt_buf_put_str(out, "\n");
}

static void put_lines(struct pt_buf *out, const struct patuh_history *history)
{
    for (size_t i = 0; i < history->n_entries; i++) {
        const struct patuh_entry *entry = &history->entries[i];
        pt_buf_printf(out, "%s:%llu  %s  %s  ", entry->log, (unsigned long long)entry->seq, entry->check, entry->time);
        pt_cli_put(out, entry->author);
        pt_buf_printf(out, "  %s", entry->kind);
        const char *const rest[] = {entry->path, entry->value, entry->problem};
        for (size_t k = 0; k < sizeof rest / sizeof rest[0]; k++) {
            pt_buf_put_str(out, rest[k][0] == '\0' ? "" : "  ");
            pt_cli_put(out, rest[k]);
        }
        pt_buf_put_str(out, "\n");
    }
}

int pt_cmd_log(struct pt_cli *cli)
{
    struct patuh_history history;
    if (!pt_cli_read(cli, NULL, 0, "ASSESSMENT")) {
        return PT_EXIT_USAGE;
    }
    if (!pt_cli_open_standing(cli)) {
        return PT_EXIT_FAILED;
    }
    int code = pt_cli_end(cli, patuh_history(cli->device, cli->words[0], &history, &cli->problem));
    if (code != PT_EXIT_GOOD) {
        return code;
    }
    struct pt_buf out = {0};
    if (cli->json) {
        put_json(&out, &history);
    } else {
        put_lines(&out, &history);
    }
    bool damaged = history.n_damaged > 0;
    patuh_history_free(&history);
    code = pt_cli_print(&out);
    if (damaged) {
        pt_say_to(stderr, PT_MSG_CLI_LOG_DAMAGED, cli->words[0], NULL);
        code = PT_EXIT_FAILED;
    }
    return code;
}
