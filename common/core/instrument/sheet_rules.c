#include "core/instrument/compile.h"

#include "core/instrument/instrument_finish.h"
#include "core/number.h"

#include <stdio.h>
#include <string.h>

static enum pt_err refuse_node(const struct pt_compile *c, uint32_t node, const char *column, enum pt_msg msg,
                               const char *detail)
{
    return pt_csv_refuse(&c->survey, c->lines[node], column, msg, detail, c->problem);
}

static const char *list_name(const struct pt_instrument *ins, uint32_t list)
{
    return list == PT_NONE ? "" : ins->lists[list].name;
}

/* A name of the version before, used or retired there. */
static bool find_previous(const struct pt_instrument *previous, const char *name, struct pt_retired_name *out)
{
    uint32_t node = previous == NULL ? PT_NONE : pt_node_find(previous, pt_bytes_str(name));
    if (node != PT_NONE) {
        const struct pt_node *old = &previous->nodes[node];
        *out = (struct pt_retired_name){old->number, old->name, old->type, list_name(previous, old->list)};
        return true;
    }
    for (size_t i = 0; previous != NULL && i < previous->n_retired; i++) {
        if (strcmp(previous->retired[i].name, name) == 0) {
            *out = previous->retired[i];
            return true;
        }
    }
    return false;
}

static uint32_t highest_number(const struct pt_instrument *previous)
{
    uint32_t highest = 0;
    for (size_t i = 0; previous != NULL && i < previous->n_nodes; i++) {
        highest = previous->nodes[i].number > highest ? previous->nodes[i].number : highest;
    }
    for (size_t i = 0; previous != NULL && i < previous->n_retired; i++) {
        highest = previous->retired[i].number > highest ? previous->retired[i].number : highest;
    }
    return highest;
}

static bool name_lives(const struct pt_compile *c, const char *name)
{
    for (size_t i = 1; i < c->ins.n_nodes; i++) {
        if (strcmp(c->nodes[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static enum pt_err keep_retired(struct pt_compile *c)
{
    const struct pt_instrument *previous = c->previous;
    if (previous == NULL) {
        return PT_OK;
    }
    struct pt_retired_name *names = pt_arena_zalloc(c->arena, previous->n_nodes + previous->n_retired, sizeof *names);
    if (names == NULL) {
        return PT_ENOMEM;
    }
    size_t n = 0;
    for (size_t i = 1; i < previous->n_nodes; i++) {
        if (!name_lives(c, previous->nodes[i].name)) {
            n += find_previous(previous, previous->nodes[i].name, &names[n]) ? 1 : 0;
        }
    }
    for (size_t i = 0; i < previous->n_retired; i++) {
        if (!name_lives(c, previous->retired[i].name)) {
            names[n++] = previous->retired[i];
        }
    }
    c->ins.retired = names;
    c->ins.n_retired = n;
    return PT_OK;
}

enum pt_err pt_compile_numbers(struct pt_compile *c)
{
    uint32_t highest = highest_number(c->previous);
    if (highest > UINT32_MAX - PT_INSTRUMENT_NODES_MAX) {
        return pt_problem_set(c->problem, PT_EINVALID, PT_MSG_INSTRUMENT_PREVIOUS, NULL);
    }
    for (uint32_t i = 1; i < c->ins.n_nodes; i++) {
        struct pt_node *node = &c->nodes[i];
        struct pt_retired_name old;
        if (!find_previous(c->previous, node->name, &old)) {
            node->number = ++highest;
            continue;
        }
        if (old.type != node->type || strcmp(old.list, list_name(&c->ins, node->list)) != 0) {
            return refuse_node(c, i, "type", PT_MSG_SHEET_CHANGED, node->name);
        }
        node->number = old.number;
    }
    return keep_retired(c);
}

uint32_t pt_compile_text(struct pt_compile *c, struct pt_bytes text)
{
    for (uint32_t i = 0; i < c->ins.n_texts; i++) {
        if (pt_bytes_eq(pt_bytes_str(c->texts[i]), text)) {
            return i;
        }
    }
    const char *copy = c->ins.n_texts < c->texts_max
                           ? pt_arena_strn(c->arena, text.n == 0 ? "" : (const char *)text.data, text.n)
                           : NULL;
    if (copy == NULL) {
        return PT_TEXT_SOME;
    }
    if (pt_number_read(text, &c->text_numbers[c->ins.n_texts]) != PT_OK) {
        c->text_numbers[c->ins.n_texts] = pt_number_nan();
    }
    c->texts[c->ins.n_texts] = copy;
    return (uint32_t)c->ins.n_texts++;
}

static enum pt_ref_kind ref_kind(enum pt_node_type type)
{
    switch (type) {
    case PT_NODE_REPEAT:
        return PT_REF_REPEAT;
    case PT_NODE_SELECT_ONE:
        return PT_REF_CHOICE;
    case PT_NODE_SELECT_MULTIPLE:
        return PT_REF_CHOICES;
    case PT_NODE_INTEGER:
    case PT_NODE_DECIMAL:
    case PT_NODE_CALCULATE:
        return PT_REF_NUMBER;
    case PT_NODE_TEXT:
    case PT_NODE_IMAGE:
        return PT_REF_TEXT;
    case PT_NODE_GROUP:
    case PT_NODE_NOTE:
    case PT_NODE_TYPE_COUNT:
        break;
    }
    return PT_REF_GROUP;
}

static struct pt_ref ref_of(const struct pt_compile *c, uint32_t node)
{
    return (struct pt_ref){.kind = ref_kind(c->nodes[node].type), .node = node, .repeat = c->nodes[node].repeat};
}

static bool find_name(void *data, struct pt_bytes name, struct pt_ref *out)
{
    const struct pt_compile *c = data;
    for (uint32_t i = 1; i < c->ins.n_nodes; i++) {
        if (pt_bytes_eq(pt_bytes_str(c->nodes[i].name), name)) {
            *out = ref_of(c, i);
            return true;
        }
    }
    return false;
}

static uint32_t find_choice(void *data, uint32_t node, struct pt_bytes name)
{
    const struct pt_compile *c = data;
    const struct pt_list *list = &c->lists[c->nodes[node].list];
    for (size_t i = 0; i < list->n_choices; i++) {
        if (!list->choices[i].retired && pt_bytes_eq(pt_bytes_str(list->choices[i].name), name)) {
            return list->choices[i].number;
        }
    }
    return 0;
}

static uint32_t find_text(void *data, struct pt_bytes text)
{
    return pt_compile_text(data, text);
}

static enum pt_err compile_one(struct pt_compile *c, uint32_t node, const char *column, uint32_t *out)
{
    const struct pt_csv_row *row = NULL;
    for (size_t i = 0; row == NULL && i < c->survey.n_rows; i++) {
        row = c->survey.rows[i].line == c->lines[node] ? &c->survey.rows[i] : NULL;
    }
    const char *source = row == NULL ? "" : pt_csv_get(&c->survey, row, column);
    if (source[strspn(source, " \t\r\n")] == '\0') {
        return PT_OK;
    }
    struct pt_expr_scope scope = {.find = find_name,
                                  .choice = find_choice,
                                  .text = find_text,
                                  .data = c,
                                  .self = ref_of(c, node),
                                  .is_constraint = strcmp(column, "constraint") == 0};
    struct pt_expr_fault fault = {0};
    struct pt_program *program = &c->programs[c->ins.n_programs];
    enum pt_err err = pt_expr_compile(source, &scope, c->arena, program, &fault);
    if (err == PT_EINVALID) {
        return refuse_node(c, node, column, fault.msg, fault.detail);
    }
    if (err == PT_OK) {
        *out = (uint32_t)c->ins.n_programs++;
    }
    return err;
}

enum pt_err pt_compile_expressions(struct pt_compile *c)
{
    c->programs = pt_arena_zalloc(c->arena, 3 * c->ins.n_nodes, sizeof *c->programs);
    if (c->programs == NULL) {
        return PT_ENOMEM;
    }
    for (uint32_t i = 1; i < c->ins.n_nodes; i++) {
        struct pt_node *node = &c->nodes[i];
        enum pt_err err = compile_one(c, i, "relevant", &node->relevant);
        if (err == PT_OK) {
            err = compile_one(c, i, "constraint", &node->constraint);
        }
        if (err == PT_OK) {
            err = compile_one(c, i, "calculation", &node->calculation);
        }
        if (err != PT_OK) {
            return err;
        }
    }
    c->ins.programs = c->programs;
    c->ins.texts = c->texts;
    c->ins.text_numbers = c->text_numbers;
    uint32_t circle = 0;
    enum pt_err err = pt_instrument_shape(c->nodes, c->ins.n_nodes);
    if (err == PT_OK) {
        err = pt_instrument_finish(&c->ins, c->nodes, c->arena, &circle);
    }
    if (err == PT_EINVALID) {
        const char *column = c->nodes[circle].calculation != PT_NONE ? "calculation" : "relevant";
        return refuse_node(c, circle, column, PT_MSG_SHEET_CIRCLE, c->nodes[circle].name);
    }
    return err;
}

/* The highest score the choices allow: one of them, or all good ones. */
static enum pt_err scale_of_list(const struct pt_compile *c, uint32_t i, int64_t *out)
{
    const struct pt_list *list = &c->lists[c->nodes[i].list];
    int64_t highest = 0;
    int64_t sum = 0;
    for (size_t k = 0; k < list->n_choices; k++) {
        const struct pt_choice *choice = &list->choices[k];
        if (choice->retired) {
            continue;
        }
        if (!choice->has_score) {
            return refuse_node(c, i, "weight", PT_MSG_SHEET_NO_SCORE, choice->name);
        }
        highest = choice->score > highest ? choice->score : highest;
        sum += choice->score > 0 ? choice->score : 0; /* 64 times PT_WEIGHT_MAX points fits */
    }
    *out = c->nodes[i].type == PT_NODE_SELECT_ONE ? highest : sum;
    return PT_OK;
}

static enum pt_err check_scale(const struct pt_compile *c, uint32_t i)
{
    struct pt_node *node = &c->nodes[i];
    int64_t scale = node->max_score;
    if (node->list != PT_NONE) {
        enum pt_err err = scale_of_list(c, i, &scale);
        if (err != PT_OK) {
            return err;
        }
    }
    node->max_score = node->max_score == 0 ? scale : node->max_score;
    if (node->max_score <= 0 || node->max_score > PT_WEIGHT_MAX * PT_POINT) {
        return refuse_node(c, i, "max_score", PT_MSG_SHEET_MAX_SCORE, node->name);
    }
    return PT_OK;
}

static enum pt_err refuse_sum(const struct pt_compile *c, uint32_t i, int64_t sum)
{
    const struct pt_csv *csv = i == 0 ? &c->settings : &c->survey;
    const char *group = i == 0 ? c->ins.settings.form_id : c->nodes[i].name;
    char line[24];
    struct pt_buf text = {0};
    struct pt_decimal shown = {.mantissa = sum / 1000, .scale = 6};
    while (shown.scale > 0 && shown.mantissa % 10 == 0) {
        shown.mantissa /= 10;
        shown.scale--;
    }
    (void)snprintf(line, sizeof line, "%zu", i == 0 ? c->settings.rows[0].line : c->lines[i]);
    pt_decimal_put(&text, shown);
    enum pt_err err = text.err;
    if (err == PT_OK) {
        err = pt_problem_set(c->problem, PT_EINVALID, PT_MSG_SHEET_WEIGHTS_SUM, csv->name, line, "weights", group,
                             pt_buf_text(&text), NULL);
    }
    pt_buf_free(&text);
    return err;
}

static enum pt_err check_sums(const struct pt_compile *c, const int64_t *sums)
{
    for (uint32_t i = 0; i < c->ins.n_nodes; i++) {
        const struct pt_node *node = &c->nodes[i];
        bool group = (node->type == PT_NODE_GROUP || node->type == PT_NODE_REPEAT) && (i == 0 || node->has_weight);
        if (!group || (i == 0 && sums[0] < 0)) { /* a form where nothing scores */
            continue;
        }
        if (sums[i] <= 0) {
            return i == 0 ? refuse_sum(c, 0, 0) : refuse_node(c, i, "weight", PT_MSG_SHEET_NO_SCORED, node->name);
        }
        if (node->weights == PT_WEIGHTS_SUM100 && sums[i] != PT_SCORE_MAX) {
            return refuse_sum(c, i, sums[i]);
        }
    }
    return PT_OK;
}

enum pt_err pt_compile_weights(struct pt_compile *c)
{
    int64_t *sums = pt_arena_zalloc(c->arena, c->ins.n_nodes, sizeof *sums);
    if (sums == NULL) {
        return PT_ENOMEM;
    }
    for (size_t i = 0; i < c->ins.n_nodes; i++) {
        sums[i] = -1; /* nothing with a weight inside */
    }
    for (uint32_t i = 1; i < c->ins.n_nodes; i++) {
        const struct pt_node *node = &c->nodes[i];
        enum pt_err err = pt_node_is_scored(node) ? check_scale(c, i) : PT_OK;
        if (err != PT_OK) {
            return err;
        }
        if (node->has_weight) { /* 4,000 times PT_WEIGHT_MAX points fits */
            int64_t *sum = &sums[node->scorer];
            *sum = (*sum < 0 ? 0 : *sum) + node->weight;
        }
    }
    return check_sums(c, sums);
}
