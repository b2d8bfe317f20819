/* patuh list */
#include "client/cli/cli.h"

#include <string.h>

static void put_places(struct pt_json *json, const struct patuh_places *places)
{
    pt_json_begin(json, "entries", '{');
    pt_json_count(json, "device", places->device);
    pt_json_count(json, "carried", places->carried);
    pt_json_count(json, "region", places->region);
    pt_json_count(json, "head_office", places->head_office);
    pt_json_bool(json, "held", places->held);
    pt_json_end(json, '}');
}

void pt_json_summary(struct pt_json *json, const struct patuh_listed *listed)
{
    pt_json_text(json, "assessment", listed->assessment);
    pt_json_text(json, "unit", listed->unit);
    pt_json_text(json, "institution", listed->institution);
    pt_json_text(json, "state", listed->state);
    pt_json_text(json, "advice", listed->advice);
    pt_json_text(json, "taken_back", listed->taken_back);
    pt_json_text(json, "surveyors", listed->surveyors);
    pt_json_bool(json, "revoked", listed->revoked);
    pt_json_bool(json, "held", listed->held);
    pt_json_bool(json, "assigned", listed->assigned);
    pt_json_bool(json, "ready", listed->ready);
    pt_json_bool(json, "pruned", listed->pruned);
    pt_json_count(json, "answered", listed->n_answered);
    pt_json_count(json, "missing", listed->n_missing);
    pt_json_count(json, "broken", listed->n_broken);
    pt_json_count(json, "conflicts", listed->n_conflicts);
    pt_json_count(json, "comments", listed->n_comments);
    pt_json_count(json, "outside", listed->n_outside);
    pt_json_count(json, "ineffective", listed->n_ineffective);
    put_places(json, &listed->places);
}

static void put_json(struct pt_buf *out, const struct patuh_list *list)
{
    struct pt_json json = {.out = out};
    pt_json_begin(&json, NULL, '[');
    for (size_t i = 0; i < list->n_items; i++) {
        pt_json_begin(&json, NULL, '{');
        pt_json_summary(&json, &list->items[i]);
        pt_json_end(&json, '}');
    }
    pt_json_end(&json, ']');
    pt_buf_put_str(out, "\n");
}

static void put_sentence(struct pt_buf *out, enum pt_msg msg, uint32_t n, const char *assessment)
{
    char count[16];
    if (n > 0) {
        (void)snprintf(count, sizeof count, "%u", n);
        pt_buf_put_str(out, "    ");
        pt_say(out, msg, count, assessment, NULL);
        pt_buf_put_str(out, "\n");
    }
}

static enum pt_msg outside_msg(const char *state)
{
    if (strcmp(state, "fixed") == 0) {
        return PT_MSG_ADVICE_OUTSIDE_FIXED;
    }
    return strncmp(state, "approved", strlen("approved")) == 0 ? PT_MSG_ADVICE_OUTSIDE_APPROVED
                                                               : PT_MSG_ADVICE_OUTSIDE_SUBMITTED;
}

void pt_cli_put_outside(struct pt_buf *out, const struct patuh_listed *listed)
{
    put_sentence(out, outside_msg(listed->state), listed->n_outside, listed->assessment);
}

/* Whatever keeps entries from counting, a sentence each. */
void pt_cli_put_advice(struct pt_buf *out, const struct patuh_listed *listed)
{
    if (listed->taken_back[0] != '\0') {
        pt_buf_put_str(out, "    ");
        pt_cli_put(out, listed->taken_back);
        pt_buf_put_str(out, "\n");
    }
    put_sentence(out, PT_MSG_ADVICE_CONFLICTS, listed->n_conflicts, listed->assessment);
    put_sentence(out, PT_MSG_ADVICE_BROKEN, listed->n_broken, listed->assessment);
    pt_cli_put_outside(out, listed);
    put_sentence(out, PT_MSG_ADVICE_INEFFECTIVE, listed->n_ineffective, listed->assessment);
    if (!listed->assigned) {
        pt_buf_put_str(out, "    ");
        pt_say(out, PT_MSG_CLI_NOT_ASSIGNED_NOW, listed->surveyors, NULL);
        pt_buf_put_str(out, "\n");
    }
}

static void put_places_line(struct pt_buf *out, const struct patuh_places *places)
{
    char counts[4][24];
    (void)snprintf(counts[0], sizeof counts[0], "%llu", (unsigned long long)places->device);
    (void)snprintf(counts[1], sizeof counts[1], "%llu", (unsigned long long)places->carried);
    (void)snprintf(counts[2], sizeof counts[2], "%llu", (unsigned long long)places->region);
    (void)snprintf(counts[3], sizeof counts[3], "%llu", (unsigned long long)places->head_office);
    pt_say(out, PT_MSG_CLI_ENTRIES_AT, counts[0], counts[1], counts[2], counts[3], NULL);
    pt_buf_put_str(out, "\n");
    if (places->held) {
        pt_buf_put_str(out, "    ");
        pt_say(out, PT_MSG_CLI_ENTRIES_HELD, NULL);
        pt_buf_put_str(out, "\n");
    }
}

static void put_line(struct pt_buf *out, const struct patuh_listed *listed)
{
    pt_buf_printf(out, "%s  %s  ", listed->assessment, listed->state);
    pt_cli_put(out, listed->unit);
    pt_buf_put_str(out, ", ");
    pt_cli_put(out, listed->institution);
    pt_buf_put_str(out, "\n    ");
    pt_buf_put_str(out, listed->advice);
    pt_buf_put_str(out, "\n    ");
    char answered[16];
    char missing[16];
    char conflicts[16];
    char comments[16];
    (void)snprintf(answered, sizeof answered, "%u", listed->n_answered);
    (void)snprintf(missing, sizeof missing, "%u", listed->n_missing);
    (void)snprintf(conflicts, sizeof conflicts, "%u", listed->n_conflicts);
    (void)snprintf(comments, sizeof comments, "%u", listed->n_comments);
    pt_say(out, PT_MSG_CLI_LIST_COUNTS, answered, missing, conflicts, comments, NULL);
    pt_buf_put_str(out, "\n    ");
    const struct patuh_places *places = &listed->places;
    put_places_line(out, places);
    pt_cli_put_advice(out, listed);
    if (!listed->ready) {
        pt_buf_put_str(out, "    ");
        pt_say(out, PT_MSG_CLIENT_NO_INSTRUMENT, listed->assessment, NULL);
        pt_buf_put_str(out, "\n");
    }
}

int pt_cmd_list(struct pt_cli *cli)
{
    struct patuh_list list;
    if (!pt_cli_read(cli, NULL, 0, "")) {
        return PT_EXIT_USAGE;
    }
    if (!pt_cli_open_standing(cli)) {
        return PT_EXIT_FAILED;
    }
    int code = pt_cli_end(cli, patuh_list(cli->device, &list, &cli->problem));
    if (code != PT_EXIT_GOOD) {
        return code;
    }
    struct pt_buf out = {0};
    if (cli->json) {
        put_json(&out, &list);
    }
    for (size_t i = 0; !cli->json && i < list.n_items; i++) {
        put_line(&out, &list.items[i]);
    }
    if (list.n_items == 0) {
        pt_say_to(stderr, PT_MSG_CLI_LIST_EMPTY, NULL);
    }
    patuh_list_free(&list);
    return pt_cli_print(&out);
}
