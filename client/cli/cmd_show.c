/* patuh show ASSESSMENT [PATH] [--missing] [--role ROLE] [--json]: one question in full, with its choices, or all. */
#include "client/cli/cli.h"

#include <string.h>

struct filter {
    bool missing;
    const char *role; /* NULL: all */
    const char *path; /* the same; with what lies in it */
};

/* The item itself, or one of an instance that the path names. */
static bool lies_in(const struct patuh_item *item, const char *path)
{
    size_t n = strlen(path);
    return strncmp(item->path, path, n) == 0 && (item->path[n] == '\0' || item->path[n] == '.');
}

static bool is_shown(const struct filter *filter, const struct patuh_item *item)
{
    if (filter->missing && !item->missing && !item->broken) {
        return false;
    }
    if (filter->path != NULL && !lies_in(item, filter->path)) {
        return false;
    }
    return filter->role == NULL || strcmp(item->role, filter->role) == 0;
}

static const char *kind_name(enum patuh_kind kind)
{
    static const char *const names[] = {"group",   "repeat",  "instance", "note",  "select_one", "select_multiple",
                                        "integer", "decimal", "text",     "image", "calculate"};
    return names[kind];
}

/* --- for programs --- */

static void put_remarks(struct pt_json *json, const char *key, const struct patuh_remark *remarks, size_t n)
{
    pt_json_begin(json, key, '[');
    for (size_t i = 0; i < n; i++) {
        pt_json_begin(json, NULL, '{');
        pt_json_text(json, "author", remarks[i].author);
        pt_json_text(json, "text", remarks[i].text);
        pt_json_text(json, "id", remarks[i].id);
        pt_json_text(json, "time", remarks[i].time);
        pt_json_end(json, '}');
    }
    pt_json_end(json, ']');
}

static void put_choices(struct pt_json *json, const struct patuh_item *item)
{
    pt_json_begin(json, "choices", '[');
    for (size_t i = 0; i < item->n_choices; i++) {
        pt_json_begin(json, NULL, '{');
        pt_json_text(json, "name", item->choices[i].name);
        pt_json_text(json, "label_id", item->choices[i].label_id);
        pt_json_text(json, "label_en", item->choices[i].label_en);
        pt_json_end(json, '}');
    }
    pt_json_end(json, ']');
}

static void put_claims(struct pt_json *json, const struct patuh_item *item)
{
    pt_json_begin(json, "claims", '[');
    for (size_t i = 0; i < item->n_claims; i++) {
        pt_json_begin(json, NULL, '{');
        pt_json_text(json, "value", item->claims[i].value);
        pt_json_text(json, "author", item->claims[i].author);
        pt_json_text(json, "entry", item->claims[i].entry);
        pt_json_bool(json, "own", item->claims[i].own);
        pt_json_end(json, '}');
    }
    pt_json_end(json, ']');
}

static void put_item_json(struct pt_json *json, const struct patuh_item *item)
{
    pt_json_begin(json, NULL, '{');
    pt_json_text(json, "kind", kind_name(item->kind));
    pt_json_text(json, "path", item->path);
    pt_json_text(json, "instance", item->instance);
    pt_json_bool(json, "registered", item->registered);
    pt_json_text(json, "label_id", item->label_id);
    pt_json_text(json, "label_en", item->label_en);
    pt_json_text(json, "role", item->role);
    pt_json_bool(json, "asked", item->asked);
    pt_json_text(json, "blocker", item->blocker);
    pt_json_text(json, "condition", item->condition);
    pt_json_bool(json, "needed", item->needed);
    pt_json_count(json, "have", item->n_have);
    pt_json_count(json, "need", item->n_need);
    pt_json_bool(json, "missing", item->missing);
    pt_json_bool(json, "answered", item->answered);
    pt_json_bool(json, "conflict", item->conflict);
    pt_json_bool(json, "broken", item->broken);
    pt_json_text(json, "rule_id", item->rule_id);
    pt_json_text(json, "rule_en", item->rule_en);
    pt_json_text(json, "value", item->value);
    pt_json_text(json, "author", item->author);
    put_choices(json, item);
    put_claims(json, item);
    put_remarks(json, "notes", item->notes, item->n_notes);
    put_remarks(json, "evidence", item->evidence, item->n_evidence);
    put_remarks(json, "comments", item->comments, item->n_comments);
    put_remarks(json, "answered_comments", item->earlier, item->n_earlier);
    pt_json_end(json, '}');
}

static void put_score_json(struct pt_json *json, const struct patuh_score *score)
{
    pt_json_begin(json, "score", '{');
    pt_json_number(json, "low", score->low);
    pt_json_number(json, "high", score->high);
    pt_json_bool(json, "settled", score->settled);
    pt_json_bool(json, "exact", score->exact);
    pt_json_text(json, "zone", score->zone);
    pt_json_text(json, "category", score->category);
    pt_json_bool(json, "placeholders", score->placeholders);
    pt_json_end(json, '}');
}

static void put_ineffective_json(struct pt_json *json, const struct patuh_form *form)
{
    pt_json_begin(json, "ineffective_entries", '[');
    for (size_t i = 0; i < form->n_ineffective; i++) {
        const struct patuh_ineffective *entry = &form->ineffective[i];
        pt_json_begin(json, NULL, '{');
        pt_json_text(json, "path", entry->path);
        pt_json_text(json, "author", entry->author);
        pt_json_text(json, "entry", entry->entry);
        pt_json_text(json, "why", entry->why);
        pt_json_bool(json, "own", entry->own);
        pt_json_end(json, '}');
    }
    pt_json_end(json, ']');
}

static void put_people_json(struct pt_json *json, const struct patuh_form *form)
{
    pt_json_begin(json, "writers", '[');
    for (size_t i = 0; i < form->n_writers; i++) {
        pt_json_begin(json, NULL, '{');
        pt_json_text(json, "name", form->writers[i].name);
        pt_json_text(json, "role", form->writers[i].role);
        pt_json_count(json, "entries", form->writers[i].n_entries);
        pt_json_end(json, '}');
    }
    pt_json_end(json, ']');
    pt_json_begin(json, "places", '[');
    for (size_t i = 0; i < form->n_visits; i++) {
        pt_json_begin(json, NULL, '{');
        pt_json_text(json, "author", form->visits[i].author);
        pt_json_number(json, "latitude", form->visits[i].latitude);
        pt_json_number(json, "longitude", form->visits[i].longitude);
        pt_json_count(json, "accuracy_m", form->visits[i].accuracy_m);
        pt_json_text(json, "time", form->visits[i].time);
        pt_json_end(json, '}');
    }
    pt_json_end(json, ']');
    put_remarks(json, "not_assessed_reasons", form->reasons, form->n_reasons);
}

static void put_json(struct pt_buf *out, const struct patuh_form *form, const struct filter *filter)
{
    struct pt_json json = {.out = out};
    pt_json_begin(&json, NULL, '{');
    pt_json_summary(&json, &form->summary);
    put_score_json(&json, &form->score);
    put_people_json(&json, form);
    put_ineffective_json(&json, form);
    pt_json_begin(&json, "items", '[');
    for (size_t i = 0; i < form->n_items; i++) {
        if (is_shown(filter, &form->items[i])) {
            put_item_json(&json, &form->items[i]);
        }
    }
    pt_json_end(&json, ']');
    pt_json_end(&json, '}');
    pt_buf_put_str(out, "\n");
}

/* --- for people --- */

static void put_head(struct pt_buf *out, const struct patuh_form *form)
{
    const struct patuh_score *score = &form->score;
    pt_buf_printf(out, "%s  %s  ", form->summary.assessment, form->summary.state);
    pt_cli_put(out, form->summary.unit);
    pt_buf_printf(out, "\n    %s\n", form->summary.advice);
    pt_cli_put_advice(out, &form->summary);
    for (size_t i = 0; i < form->n_ineffective; i++) {
        const struct patuh_ineffective *entry = &form->ineffective[i];
        pt_buf_put_str(out, "    ");
        pt_say(out, PT_MSG_CLI_INEFFECTIVE, entry->path, entry->author, entry->entry, entry->why_id, entry->why_en,
               NULL);
        pt_buf_put_str(out, "\n");
    }
    if (!score->has_score) {
        pt_say(out, PT_MSG_SCORE_NONE, NULL);
    } else if (score->settled) {
        pt_say(out, PT_MSG_SCORE_SETTLED, score->low, score->zone, score->category, NULL);
    } else {
        pt_say(out, PT_MSG_SCORE_RANGE, score->low, score->high, NULL);
    }
    pt_buf_put_str(out, "\n");
    if (score->placeholders) {
        pt_say(out, PT_MSG_SCORE_PLACEHOLDERS, NULL);
        pt_buf_put_str(out, "\n");
    }
    for (size_t i = 0; i < form->n_writers; i++) {
        pt_buf_put_str(out, "  ");
        pt_cli_put(out, form->writers[i].name);
        pt_buf_printf(out, " (%s): %llu\n", form->writers[i].role, (unsigned long long)form->writers[i].n_entries);
    }
    for (size_t i = 0; i < form->n_visits; i++) {
        const struct patuh_visit *visit = &form->visits[i];
        char metres[16];
        (void)snprintf(metres, sizeof metres, "%u", visit->accuracy_m);
        pt_say(out, PT_MSG_CLI_PLACE, visit->author, visit->latitude, visit->longitude, metres, NULL);
        pt_buf_printf(out, " (%s)\n", visit->time);
    }
    for (size_t i = 0; i < form->n_reasons; i++) {
        pt_say(out, PT_MSG_CLI_REASON, form->reasons[i].author, form->reasons[i].text, NULL);
        pt_buf_put_str(out, "\n");
    }
}

static void put_indent(struct pt_buf *out, unsigned depth)
{
    for (unsigned i = 0; i < depth; i++) {
        pt_buf_put_str(out, "  ");
    }
}

static void put_remark_lines(struct pt_buf *out, unsigned depth, const char *sign, const struct patuh_remark *remarks,
                             size_t n)
{
    for (size_t i = 0; i < n; i++) {
        put_indent(out, depth);
        pt_buf_printf(out, "%s ", sign);
        pt_cli_put(out, remarks[i].id);
        pt_buf_put_str(out, remarks[i].id[0] == '\0' ? "" : "  ");
        pt_cli_put(out, remarks[i].text);
        pt_buf_put_str(out, " (");
        pt_cli_put(out, remarks[i].author);
        pt_buf_put_str(out, ")\n");
    }
}

/* What the office asked for earlier, and what was written since then answers. */
static void put_answered_lines(struct pt_buf *out, unsigned depth, const struct patuh_item *item)
{
    for (size_t i = 0; i < item->n_earlier; i++) {
        const struct patuh_remark *comment = &item->earlier[i];
        struct pt_buf sentence = {0};
        put_indent(out, depth);
        pt_buf_put_str(out, "< ");
        pt_say(&sentence, PT_MSG_CLI_COMMENT_ANSWERED, comment->author, comment->time, comment->text, NULL);
        pt_cli_put(out, pt_buf_text(&sentence));
        pt_buf_put_str(out, "\n");
        pt_buf_free(&sentence);
    }
}

static void put_values(struct pt_buf *out, const struct patuh_item *item)
{
    for (size_t i = 0; item->conflict && i < item->n_claims; i++) {
        put_indent(out, item->depth + 2);
        pt_buf_put_str(out, "? ");
        pt_cli_put(out, item->claims[i].label);
        pt_buf_put_str(out, " (");
        pt_cli_put(out, item->claims[i].author);
        pt_buf_printf(out, ", %s)\n", item->claims[i].entry);
    }
    if (item->value[0] != '\0') {
        put_indent(out, item->depth + 2);
        pt_buf_put_str(out, "= ");
        pt_cli_put(out, item->n_claims > 0 ? item->claims[0].label : item->value);
        if (item->author[0] != '\0') {
            pt_buf_put_str(out, " (");
            pt_cli_put(out, item->author);
            pt_buf_put_str(out, ")");
        }
        pt_buf_put_str(out, "\n");
    }
}

/* What is to be answered: hint and choices. */
static void put_asking(struct pt_buf *out, const struct patuh_item *item)
{
    if (item->hint_id[0] != '\0' || item->hint_en[0] != '\0') {
        put_indent(out, item->depth + 2);
        pt_cli_put_label(out, item->hint_id, item->hint_en);
        pt_buf_put_str(out, "\n");
    }
    pt_cli_put_choices(out, item, 2 * ((size_t)item->depth + 2));
}

static void put_item(struct pt_buf *out, const struct patuh_item *item, const struct filter *filter)
{
    /* without the tree around it, nothing else names the instance */
    bool alone = filter->missing || filter->role != NULL || filter->path != NULL;
    put_indent(out, item->depth);
    pt_buf_put_str(out, item->missing || item->broken ? "! " : "- ");
    if (alone) {
        pt_cli_put_path(out, item);
    } else {
        pt_buf_put_str(out, item->path);
    }
    pt_buf_put_str(out, "  ");
    pt_cli_put_label(out, item->label_id, item->label_en);
    pt_buf_put_str(out, "\n");
    if (!item->asked) {
        put_indent(out, item->depth + 2);
        pt_say(out, PT_MSG_CLI_NOT_ASKED, item->blocker, item->condition, NULL);
        pt_buf_put_str(out, "\n");
    }
    if (filter->path != NULL) {
        put_asking(out, item);
    }
    put_values(out, item);
    pt_cli_put_faults(out, item, 2 * ((size_t)item->depth + 2));
    put_remark_lines(out, item->depth + 2, "#", item->evidence, item->n_evidence);
    put_remark_lines(out, item->depth + 2, "\"", item->notes, item->n_notes);
    put_remark_lines(out, item->depth + 2, "<<", item->comments, item->n_comments);
    put_answered_lines(out, item->depth + 2, item);
}

static void put_form(struct pt_buf *out, const struct patuh_form *form, const struct filter *filter)
{
    if (filter->path == NULL) {
        put_head(out, form);
    }
    for (size_t i = 0; i < form->n_items; i++) {
        if (is_shown(filter, &form->items[i])) {
            put_item(out, &form->items[i], filter);
        }
    }
    if (!form->summary.ready) {
        pt_say(out, PT_MSG_CLIENT_NO_INSTRUMENT, form->summary.assessment, NULL);
        pt_buf_put_str(out, "\n");
    }
}

static bool role_known(const char *role)
{
    return role == NULL || strcmp(role, "interview") == 0 || strcmp(role, "observation") == 0 ||
           strcmp(role, "documents") == 0;
}

static int print_form(const struct patuh_form *form, const struct filter *filter, bool json)
{
    struct pt_buf out = {0};
    if (filter->path != NULL && form->summary.ready && pt_cli_item(form, filter->path) == NULL) {
        pt_say_to(stderr, PT_MSG_PATH_UNKNOWN, filter->path, NULL);
        return PT_EXIT_FAILED;
    }
    if (json) {
        put_json(&out, form, filter);
    } else {
        put_form(&out, form, filter);
    }
    if (form->summary.places.held) {
        pt_say_to(stderr, PT_MSG_CLI_HELD_BRANCH, form->summary.assessment, NULL);
    }
    return pt_cli_print(&out);
}

int pt_cmd_show(struct pt_cli *cli)
{
    struct patuh_form form;
    struct pt_option options[] = {{.name = "--missing"}, {.name = "--role", .has_value = true}};
    if (!pt_cli_read(cli, options, 2, "ASSESSMENT [PATH]")) {
        return PT_EXIT_USAGE;
    }
    struct filter filter = {.missing = options[0].n > 0, .role = options[1].value, .path = cli->words[1]};
    if (!role_known(filter.role)) {
        pt_say_to(stderr, PT_MSG_CLI_ROLE, filter.role, NULL);
        return PT_EXIT_USAGE;
    }
    if (!pt_cli_open_standing(cli)) {
        return PT_EXIT_FAILED;
    }
    int code = pt_cli_end(cli, patuh_form(cli->device, cli->words[0], &form, &cli->problem));
    if (code != PT_EXIT_GOOD) {
        return code;
    }
    code = print_form(&form, &filter, cli->json);
    patuh_form_free(&form);
    return code;
}
