#include "client/cli/cli.h"

#include "base/check.h"
#include "io/store/fault.h"

#include <string.h>

int pt_cli_refuse(const struct pt_cli *cli, enum pt_msg msg, const char *argument)
{
    struct pt_buf usage = {0};
    pt_say_to(stderr, msg, argument, NULL);
    pt_say(&usage, PT_MSG_CLI_USAGE, NULL);
    (void)fprintf(stderr, "%s: patuh %s %s\n", pt_buf_text(&usage), cli->name, cli->usage);
    pt_buf_free(&usage);
    return PT_EXIT_USAGE;
}

/* The name that stands at a place of the list; false when there is none. In brackets: it may be absent. */
static bool word_name(const char *names, size_t at, char out[32])
{
    const char *name = names;
    for (size_t i = 0; i < at; i++) {
        name += strcspn(name, " ");
        name += strspn(name, " ");
    }
    (void)snprintf(out, 32, "%.*s", (int)strcspn(name, " "), name);
    return out[0] != '\0';
}

static size_t n_names(const char *names)
{
    char name[32];
    size_t n = 0;
    while (word_name(names, n, name)) {
        n++;
    }
    return n;
}

/* Names what is missing or too much. */
static bool is_complete(const struct pt_cli *cli, const char *names)
{
    char name[32];
    if (cli->dir == NULL) {
        (void)pt_cli_refuse(cli, PT_MSG_OPTION_NEEDED, "--dir DIR");
        return false;
    }
    if (cli->n_words > n_names(names)) {
        (void)pt_cli_refuse(cli, PT_MSG_OPTION_WORD, cli->words[n_names(names)]);
        return false;
    }
    if (word_name(names, cli->n_words, name) && name[0] != '[') {
        (void)pt_cli_refuse(cli, PT_MSG_WORD_NEEDED, name);
        return false;
    }
    return true;
}

bool pt_cli_read(struct pt_cli *cli, struct pt_option *options, size_t n_options, const char *names)
{
    struct pt_option all[PT_CLI_OPTIONS_MAX + 2] = {{.name = "--dir", .has_value = true}, {.name = "--json"}};
    struct pt_words words = {.words = cli->words, .n_max = PT_CLI_WORDS_MAX};
    struct pt_problem problem = {0};
    PT_CHECK(n_options <= PT_CLI_OPTIONS_MAX);
    for (size_t i = 0; i < n_options; i++) {
        all[2 + i] = options[i];
    }
    if (pt_options_read(cli->argc, cli->argv, all, 2 + n_options, &words, &problem) != PT_OK) {
        pt_problem_print(stderr, &problem);
        return false;
    }
    for (size_t i = 0; i < n_options; i++) {
        options[i] = all[2 + i];
    }
    cli->dir = all[0].value;
    cli->json = all[1].n > 0;
    cli->n_words = words.n;
    if (!is_complete(cli, names)) {
        return false;
    }
    pt_fault_watch(cli->dir);
    return true;
}

bool pt_cli_open(struct pt_cli *cli)
{
    return pt_cli_end(cli, patuh_open(cli->dir, &cli->device, &cli->problem)) == PT_EXIT_GOOD;
}

void pt_cli_tell_standing(const struct pt_cli *cli)
{
    const char *revoked = patuh_identity(cli->device).revoked;
    if (revoked[0] != '\0') {
        pt_say_to(stderr, PT_MSG_CLIENT_REVOKED, revoked, NULL);
    }
}

bool pt_cli_open_standing(struct pt_cli *cli)
{
    bool open = pt_cli_open(cli);
    if (open) {
        pt_cli_tell_standing(cli);
    }
    return open;
}

int pt_cli_end(struct pt_cli *cli, enum patuh_result result)
{
    if (result == PATUH_OK) {
        return PT_EXIT_GOOD;
    }
    (void)fprintf(stderr, "%s\n", cli->problem.text);
    return PT_EXIT_FAILED;
}

int pt_cli_print(struct pt_buf *out)
{
    bool good = out->err == PT_OK && (out->n == 0 || fputs(pt_buf_text(out), stdout) >= 0) && fflush(stdout) == 0;
    pt_buf_free(out);
    if (!good) {
        pt_say_to(stderr, PT_MSG_OUTPUT_WRITE, NULL);
    }
    return good ? PT_EXIT_GOOD : PT_EXIT_FAILED;
}

void pt_cli_put(struct pt_buf *out, const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;
        pt_buf_put_u8(out, c < 0x20 || c == 0x7f ? '?' : c);
    }
}

void pt_cli_put_label(struct pt_buf *out, const char *id, const char *en)
{
    pt_cli_put(out, id);
    if (en[0] != '\0' && strcmp(id, en) != 0) {
        pt_buf_put_str(out, id[0] == '\0' ? "" : " / ");
        pt_cli_put(out, en);
    }
}

void pt_cli_put_path(struct pt_buf *out, const struct patuh_item *item)
{
    pt_buf_put_str(out, item->path);
    if (item->instance[0] != '\0') {
        pt_buf_put_str(out, " (");
        pt_cli_put(out, item->instance);
        pt_buf_put_str(out, ")");
    }
}

static void put_broken(struct pt_buf *out, const struct patuh_item *item)
{
    struct pt_buf rule = {0};
    pt_say(&rule, PT_MSG_CLI_BROKEN, item->rule_id, item->rule_en, NULL);
    pt_buf_put_str(out, "! ");
    pt_cli_put(out, pt_buf_text(&rule));
    pt_buf_free(&rule);
}

static void put_shortage(struct pt_buf *out, const struct patuh_item *item)
{
    char have[16];
    char need[16];
    (void)snprintf(have, sizeof have, "%u", item->n_have);
    (void)snprintf(need, sizeof need, "%u", item->n_need);
    pt_buf_put_str(out, "! ");
    pt_say(out, PT_MSG_ITEM_SHORTAGE, have, need, NULL);
}

void pt_cli_put_faults(struct pt_buf *out, const struct patuh_item *item, size_t indent)
{
    if (item->n_need > 0) {
        pt_buf_printf(out, "%*s", (int)indent, "");
        put_shortage(out, item);
        pt_buf_put_str(out, "\n");
    }
    if (item->broken) {
        pt_buf_printf(out, "%*s", (int)indent, "");
        put_broken(out, item);
        pt_buf_put_str(out, "\n");
    }
}

bool pt_cli_line(FILE *in, struct pt_buf *line)
{
    int c;
    bool any = false;
    pt_buf_clear(line);
    while ((c = fgetc(in)) != EOF && c != '\n') {
        any = true;
        if (c != '\r' && line->n < 4096) { /* longer than any answer: refused further on */
            pt_buf_put_u8(line, (uint8_t)c);
        }
    }
    return any || c == '\n';
}
