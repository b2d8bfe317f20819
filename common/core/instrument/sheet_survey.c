#include "core/instrument/compile.h"

#include <stdio.h>
#include <string.h>

static const struct pt_csv_header survey_headers[] = {
    {"type", true},
    {"name", true},
    {"label::*", false},
    {"hint::*", false},
    {"relevant", false},
    {"constraint", false},
    {"constraint_message::*", false},
    {"calculation", false},
    {"required", false},
    {"weight", false},
    {"weights", false},
    {"max_score", false},
    {"aggregate", false},
    {"min_count", false},
    {"placeholder", false},
    {"actionable", false},
    {"role", false},
    {"same_as", false},
    {"x_*", false},
    {"label", false},
    {"hint", false},
    {"constraint_message", false},
    {"required_message", false},
    {"required_message::*", false},
    {"guidance_hint", false},
    {"guidance_hint::*", false},
    {"appearance", false},
    {"default", false},
    {"read_only", false},
    {"readonly", false},
    {"note", false},
    {"media::*", false},
    {"image", false},
    {"audio", false},
    {"video", false},
    {"parameters", false},
    {"choice_filter", false},
    {"repeat_count", false},
    {"trigger", false},
    {"autoplay", false},
    {"body::*", false},
    {"bind::*", false},
    {"instance::*", false},
};

/* First words of the column type, after the begin and end rows. */
static const struct {
    const char *word;
    enum pt_node_type type;
} type_words[] = {
    {"select_one", PT_NODE_SELECT_ONE},
    {"select_multiple", PT_NODE_SELECT_MULTIPLE},
    {"integer", PT_NODE_INTEGER},
    {"decimal", PT_NODE_DECIMAL},
    {"text", PT_NODE_TEXT},
    {"note", PT_NODE_NOTE},
    {"calculate", PT_NODE_CALCULATE},
    {"image", PT_NODE_IMAGE},
};

struct survey_row {
    bool begin;
    bool end;
    enum pt_node_type type;
    const char *list; /* "" = none */
};

static bool read_bracket(const char *text, const char *word, enum pt_node_type type, struct survey_row *out)
{
    bool begin = strncmp(text, "begin", 5) == 0;
    size_t n = begin ? 5 : 3;
    if ((!begin && strncmp(text, "end", 3) != 0) || (text[n] != '_' && text[n] != ' ') ||
        strcmp(text + n + 1, word) != 0) {
        return false;
    }
    *out = (struct survey_row){.begin = begin, .end = !begin, .type = type, .list = ""};
    return true;
}

static enum pt_err read_type(const struct pt_field *field, struct survey_row *out)
{
    const char *text = pt_field_text(field, "type");
    if (read_bracket(text, "group", PT_NODE_GROUP, out) || read_bracket(text, "repeat", PT_NODE_REPEAT, out)) {
        return PT_OK;
    }
    size_t n = strcspn(text, " ");
    const char *rest = text + n + strspn(text + n, " ");
    for (size_t i = 0; i < sizeof type_words / sizeof type_words[0]; i++) {
        bool select = type_words[i].type == PT_NODE_SELECT_ONE || type_words[i].type == PT_NODE_SELECT_MULTIPLE;
        if (strlen(type_words[i].word) == n && strncmp(text, type_words[i].word, n) == 0 &&
            select == (rest[0] != '\0')) {
            *out = (struct survey_row){.type = type_words[i].type, .list = rest};
            return PT_OK;
        }
    }
    return pt_field_refuse(field, "type", text[0] == '\0' ? PT_MSG_SHEET_REQUIRED : PT_MSG_SHEET_TYPE, text);
}

static enum pt_err find_list(const struct pt_field *field, const char *name, uint32_t *out)
{
    const struct pt_compile *c = field->c;
    *out = PT_NONE;
    for (uint32_t i = 0; name[0] != '\0' && i < c->ins.n_lists; i++) {
        if (strcmp(c->lists[i].name, name) == 0 && !c->lists[i].retired) {
            *out = i;
            return PT_OK;
        }
    }
    return name[0] == '\0' ? PT_OK : pt_field_refuse(field, "type", PT_MSG_SHEET_LIST, name);
}

static enum pt_err refuse_filled(const struct pt_field *field, const char *column)
{
    const char *text = pt_field_text(field, column);
    return text[0] == '\0' ? PT_OK : pt_field_refuse(field, column, PT_MSG_SHEET_NOT_EMPTY, text);
}

/* Columns that would be ignored for this type of row are refused: whoever filled them expects an effect. */
static enum pt_err check_meaning(const struct pt_field *field, const struct pt_node *node)
{
    bool group = node->type == PT_NODE_GROUP || node->type == PT_NODE_REPEAT;
    bool counts = group || pt_node_is_question(node) || node->type == PT_NODE_CALCULATE;
    bool scores = counts && node->type != PT_NODE_TEXT && node->type != PT_NODE_IMAGE;
    const struct {
        const char *column;
        bool allowed;
    } rows[] = {
        {"weight", scores},
        {"weights", group},
        {"max_score", scores && !group},
        {"aggregate", scores && !group && node->repeat != 0},
        {"min_count", scores && !group && node->repeat != 0},
        {"constraint", pt_node_is_question(node) && node->type != PT_NODE_IMAGE},
        {"calculation", node->type == PT_NODE_CALCULATE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum pt_err err = rows[i].allowed ? PT_OK : refuse_filled(field, rows[i].column);
        if (err != PT_OK) {
            return err;
        }
    }
    if (node->type == PT_NODE_CALCULATE && pt_field_text(field, "calculation")[0] == '\0') {
        return pt_field_refuse(field, "calculation", PT_MSG_SHEET_REQUIRED, "");
    }
    return PT_OK;
}

static enum pt_err read_rules(const struct pt_field *field, struct pt_node *node)
{
    static const char *const weights[] = {"sum100", "normalise", NULL};
    static const char *const aggregates[] = {"mean", "min", "max", NULL};
    static const char *const roles[] = {"", "interview", "observation", "documents", NULL};
    size_t word;
    bool present;
    enum pt_err err = pt_field_amount(field, "weight", 0, &node->has_weight, &node->weight);
    if (err == PT_OK) {
        err = pt_field_word(field, "weights", weights, PT_WEIGHTS_SUM100, &word);
        node->weights = err == PT_OK ? (enum pt_weights)word : PT_WEIGHTS_SUM100;
    }
    if (err == PT_OK) {
        err = pt_field_amount(field, "max_score", 1, &present, &node->max_score);
    }
    if (err == PT_OK) {
        err = pt_field_word(field, "aggregate", aggregates, PT_AGGREGATE_MEAN, &word);
        node->aggregate = err == PT_OK ? (enum pt_aggregate)word : PT_AGGREGATE_MEAN;
    }
    if (err == PT_OK) {
        err = pt_field_count(field, "min_count", 10000, 0, &node->min_count);
    }
    if (err == PT_OK) {
        err = pt_field_word(field, "role", roles, PT_ROLE_NONE, &word);
        node->role = err == PT_OK ? (enum pt_role)word : PT_ROLE_NONE;
    }
    return err;
}

static const char *either(const char *first, const char *second)
{
    return first[0] != '\0' ? first : second;
}

static void read_labels(const struct pt_field *field, struct pt_node *node)
{
    node->label.id = pt_field_text(field, "label::Bahasa Indonesia (id)");
    node->label.en = pt_field_text(field, "label::English (en)");
    node->label.id = either(node->label.id, either(pt_field_text(field, "label"), node->label.en));
    node->hint.id = pt_field_text(field, "hint::Bahasa Indonesia (id)");
    node->hint.en = pt_field_text(field, "hint::English (en)");
    node->constraint_message.id = pt_field_text(field, "constraint_message::Bahasa Indonesia (id)");
    node->constraint_message.en = pt_field_text(field, "constraint_message::English (en)");
    node->same_as = pt_field_text(field, "same_as");
}

static enum pt_err read_node(const struct pt_field *field, const struct survey_row *row, struct pt_node *node)
{
    const struct pt_compile *c = field->c;
    *node = (struct pt_node){.type = row->type,
                             .name = pt_field_text(field, "name"),
                             .parent = node->parent,
                             .repeat = node->repeat,
                             .relevant = PT_NONE,
                             .constraint = PT_NONE,
                             .calculation = PT_NONE};
    if (!pt_sheet_name_ok(node->name)) {
        return pt_field_refuse(field, "name", PT_MSG_SHEET_NAME, node->name);
    }
    for (size_t i = 1; i < c->ins.n_nodes; i++) {
        if (strcmp(c->nodes[i].name, node->name) == 0) {
            return pt_field_refuse(field, "name", PT_MSG_SHEET_TWICE, node->name);
        }
    }
    read_labels(field, node);
    enum pt_err err = find_list(field, row->list, &node->list);
    if (err == PT_OK) {
        err = check_meaning(field, node);
    }
    if (err == PT_OK) {
        err = read_rules(field, node);
    }
    if (err == PT_OK) {
        err = pt_field_yes(field, "required", &node->required);
    }
    if (err == PT_OK) {
        err = pt_field_yes(field, "placeholder", &node->placeholder);
    }
    return err == PT_OK ? pt_field_yes(field, "actionable", &node->actionable) : err;
}

static enum pt_err add_row(struct pt_compile *c, const struct pt_csv_row *csv_row, uint32_t *open)
{
    struct pt_field field = {.c = c, .csv = &c->survey, .row = csv_row};
    struct survey_row row = {0};
    enum pt_err err = read_type(&field, &row);
    if (err != PT_OK) {
        return err;
    }
    if (row.end) {
        if (*open == 0 || c->nodes[*open].type != row.type) {
            return pt_field_refuse(&field, "type", PT_MSG_SHEET_END, pt_field_text(&field, "type"));
        }
        *open = c->nodes[*open].parent;
        return PT_OK;
    }
    if (c->ins.n_nodes == PT_INSTRUMENT_NODES_MAX) {
        return pt_field_refuse(&field, "type", PT_MSG_SHEET_TOO_LARGE, "4000");
    }
    uint32_t index = (uint32_t)c->ins.n_nodes;
    struct pt_node *node = &c->nodes[index];
    node->parent = *open;
    node->repeat = c->nodes[*open].type == PT_NODE_REPEAT ? *open : c->nodes[*open].repeat;
    err = read_node(&field, &row, node);
    if (err == PT_OK && row.type == PT_NODE_REPEAT && node->repeat != 0) {
        err = pt_field_refuse(&field, "type", PT_MSG_SHEET_NESTED, node->name);
    }
    if (err == PT_OK) {
        c->lines[index] = csv_row->line;
        c->ins.n_nodes++;
        *open = row.begin ? index : *open;
    }
    return err;
}

static enum pt_err refuse_repeat(const struct pt_field *field)
{
    const struct pt_compile *c = field->c;
    struct pt_buf repeats = {0};
    for (size_t i = 1; i < c->ins.n_nodes; i++) {
        if (c->nodes[i].type == PT_NODE_REPEAT) {
            pt_buf_printf(&repeats, "%s%s", repeats.n == 0 ? "" : ", ", c->nodes[i].name);
        }
    }
    enum pt_err err = pt_field_refuse_word(field, "product_repeat", PT_MSG_SHEET_WORD, pt_buf_text(&repeats));
    pt_buf_free(&repeats);
    return err;
}

static enum pt_err find_product_repeat(struct pt_compile *c)
{
    struct pt_field field = {.c = c, .csv = &c->settings, .row = &c->settings.rows[0]};
    bool by_product = c->ins.settings.institution_rule == PT_MEAN_OF_PRODUCTS;
    if (c->product_repeat[0] == '\0') {
        return by_product && c->ins.n_nodes > 1 ? pt_field_refuse(&field, "product_repeat", PT_MSG_SHEET_REQUIRED, "")
                                                : PT_OK;
    }
    for (uint32_t i = 1; i < c->ins.n_nodes; i++) {
        if (c->nodes[i].type == PT_NODE_REPEAT && strcmp(c->nodes[i].name, c->product_repeat) == 0) {
            c->ins.settings.product_repeat = i;
            return PT_OK;
        }
    }
    return c->ins.n_nodes == 1 ? PT_OK : refuse_repeat(&field);
}

static size_t count_questions(const struct pt_node *nodes, size_t n_nodes)
{
    size_t n = 0;
    for (size_t i = 0; i < n_nodes; i++) {
        n += pt_node_is_question(&nodes[i]) ? 1 : 0;
    }
    return n;
}

/* A folder without its survey is a slip: it would take every question from the people who are answering them. */
static enum pt_err check_still_asks(const struct pt_compile *c)
{
    char count[24];
    size_t n_before = c->previous == NULL ? 0 : count_questions(c->previous->nodes, c->previous->n_nodes);
    if (n_before == 0 || count_questions(c->nodes, c->ins.n_nodes) > 0) {
        return PT_OK;
    }
    (void)snprintf(count, sizeof count, "%zu", n_before);
    return pt_problem_set(c->problem, PT_EINVALID, PT_MSG_INSTRUMENT_NO_QUESTIONS, c->ins.settings.cycle, count, NULL);
}

enum pt_err pt_compile_survey(struct pt_compile *c)
{
    size_t n_rows = c->survey.n_rows;
    c->nodes = pt_arena_zalloc(c->arena, n_rows + 1, sizeof *c->nodes);
    c->lines = pt_arena_zalloc(c->arena, n_rows + 1, sizeof *c->lines);
    if (c->nodes == NULL || c->lines == NULL) {
        return PT_ENOMEM;
    }
    c->nodes[0] = (struct pt_node){.name = "",
                                   .type = PT_NODE_GROUP,
                                   .label = {c->ins.settings.form_title, ""},
                                   .hint = {"", ""},
                                   .constraint_message = {"", ""},
                                   .same_as = "",
                                   .list = PT_NONE,
                                   .relevant = PT_NONE,
                                   .constraint = PT_NONE,
                                   .calculation = PT_NONE,
                                   .weights = c->root_weights};
    c->ins.nodes = c->nodes;
    c->ins.n_nodes = 1;
    enum pt_err err = PT_OK;
    if (c->survey.n_columns > 0) {
        size_t n_headers = sizeof survey_headers / sizeof survey_headers[0];
        err = pt_csv_check(&c->survey, survey_headers, n_headers, c->problem);
        if (err == PT_OK && n_rows == 0) {
            err = pt_csv_refuse(&c->survey, 2, "type", PT_MSG_SHEET_EMPTY, "", c->problem);
        }
    }
    uint32_t open = 0;
    for (size_t i = 0; err == PT_OK && i < n_rows; i++) {
        err = add_row(c, &c->survey.rows[i], &open);
    }
    if (err == PT_OK && open != 0) {
        err = pt_csv_refuse(&c->survey, c->lines[open], "type", PT_MSG_SHEET_OPEN, c->nodes[open].name, c->problem);
    }
    if (err == PT_OK) {
        err = check_still_asks(c);
    }
    return err == PT_OK ? find_product_repeat(c) : err;
}
