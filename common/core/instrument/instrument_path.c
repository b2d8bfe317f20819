#include "core/instrument/instrument.h"

#include <stdio.h>
#include <string.h>

#define NONE_OF_THEM "-"

static enum pt_err refuse(struct pt_problem *problem, enum pt_msg msg, const char *text, const char *other)
{
    return pt_problem_set(problem, PT_EINVALID, msg, text, other, NULL);
}

static bool instance_ok(const char *text, size_t n)
{
    if (n == 0 || n > PT_INSTANCE_BYTES_MAX) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '[' || text[i] == ']' || (unsigned char)text[i] <= ' ') {
            return false;
        }
    }
    return true;
}

static enum pt_err read_plain(const struct pt_instrument *ins, const char *text, uint32_t *node,
                              struct pt_problem *problem)
{
    uint32_t found = pt_node_find(ins, pt_bytes_str(text));
    if (found == PT_NONE || found == 0 || ins->nodes[found].type == PT_NODE_REPEAT) {
        return refuse(problem, found == PT_NONE || found == 0 ? PT_MSG_PATH_UNKNOWN : PT_MSG_PATH_SYNTAX, text, "");
    }
    if (ins->nodes[found].repeat != 0) {
        return refuse(problem, PT_MSG_PATH_NEEDS_INSTANCE, text, ins->nodes[ins->nodes[found].repeat].name);
    }
    *node = found;
    return PT_OK;
}

enum pt_err pt_path_read(const struct pt_instrument *instrument, const char *text, uint32_t *node, char *instance,
                         struct pt_problem *problem)
{
    const char *open = strchr(text, '[');
    if (open == NULL) {
        enum pt_err plain = read_plain(instrument, text, node, problem);
        instance[0] = plain == PT_OK ? '\0' : instance[0];
        return plain;
    }
    const char *close = strchr(open, ']');
    if (close == NULL || !instance_ok(open + 1, (size_t)(close - open - 1)) ||
        (close[1] != '\0' && (close[1] != '.' || close[2] == '\0'))) {
        return refuse(problem, PT_MSG_PATH_SYNTAX, text, "");
    }
    uint32_t repeat = pt_node_find(instrument, pt_bytes_of(text, (size_t)(open - text)));
    if (repeat == PT_NONE || instrument->nodes[repeat].type != PT_NODE_REPEAT) {
        return refuse(problem, PT_MSG_PATH_UNKNOWN, text, "");
    }
    uint32_t found = close[1] == '\0' ? repeat : pt_node_find(instrument, pt_bytes_str(close + 2));
    if (found == PT_NONE || found == 0) {
        return refuse(problem, PT_MSG_PATH_UNKNOWN, close + 2, "");
    }
    if (found != repeat && instrument->nodes[found].repeat != repeat) {
        return refuse(problem, PT_MSG_PATH_WRONG_REPEAT, close + 2, instrument->nodes[repeat].name);
    }
    *node = found;
    memcpy(instance, open + 1, (size_t)(close - open - 1));
    instance[close - open - 1] = '\0';
    return PT_OK;
}

void pt_path_put(struct pt_buf *out, const struct pt_instrument *instrument, uint32_t node, const char *instance)
{
    const struct pt_node *n = &instrument->nodes[node];
    if (instance[0] == '\0') {
        pt_buf_put_str(out, n->name);
        return;
    }
    bool is_repeat = n->type == PT_NODE_REPEAT;
    pt_buf_put_str(out, is_repeat ? n->name : instrument->nodes[n->repeat].name);
    pt_buf_put_str(out, "[");
    pt_buf_put_str(out, instance);
    pt_buf_put_str(out, is_repeat ? "]" : "].");
    pt_buf_put_str(out, is_repeat ? "" : n->name);
}

#define REST ", ..."

/* The choices in one language, as many as a problem keeps. */
struct listing {
    struct pt_buf text;
    bool full;
};

/* "l0 (0 - Tidak ada)" */
static void list_choice(struct listing *to, const char *name, const char *label)
{
    size_t n = strlen(name) + strlen(label) + strlen(",  ()");
    if (!to->full && to->text.n + n + sizeof REST > PT_PROBLEM_ARG_BYTES) {
        pt_buf_put_str(&to->text, REST);
        to->full = true;
    }
    if (to->full) {
        return;
    }
    pt_buf_printf(&to->text, "%s%s", to->text.n == 0 ? "" : ", ", name);
    if (label[0] != '\0') {
        pt_buf_printf(&to->text, " (%s)", label);
    }
}

static void list_choices(const struct pt_instrument *ins, uint32_t node, struct listing *id, struct listing *en)
{
    const struct pt_list *list = &ins->lists[ins->nodes[node].list];
    if (ins->nodes[node].type == PT_NODE_SELECT_MULTIPLE) {
        list_choice(id, NONE_OF_THEM, pt_msg_indonesian(PT_MSG_VALUE_NONE_OF_THEM));
        list_choice(en, NONE_OF_THEM, pt_msg_english(PT_MSG_VALUE_NONE_OF_THEM));
    }
    for (size_t i = 0; i < list->n_choices; i++) {
        const struct pt_choice *choice = &list->choices[i];
        if (!choice->retired) {
            list_choice(id, choice->name, choice->label.id);
            list_choice(en, choice->name, choice->label.en[0] == '\0' ? choice->label.id : choice->label.en);
        }
    }
}

static enum pt_err refuse_choice(const struct pt_instrument *ins, uint32_t node, struct pt_bytes word,
                                 struct pt_problem *problem)
{
    struct listing id = {0};
    struct listing en = {0};
    char typed[64];
    list_choices(ins, node, &id, &en);
    (void)snprintf(typed, sizeof typed, "%.*s", word.n > 63 ? 63 : (int)word.n,
                   word.data == NULL ? "" : (const char *)word.data);
    enum pt_err err = pt_problem_set(problem, PT_EINVALID, PT_MSG_VALUE_CHOICE, typed, ins->nodes[node].name,
                                     pt_buf_text(&id.text), pt_buf_text(&en.text), NULL);
    pt_buf_free(&id.text);
    pt_buf_free(&en.text);
    return err;
}

static const struct pt_choice *choice_named(const struct pt_list *list, struct pt_bytes word)
{
    for (size_t i = 0; i < list->n_choices; i++) {
        const struct pt_choice *choice = &list->choices[i];
        if (!choice->retired && pt_bytes_eq(pt_bytes_str(choice->name), word)) {
            return choice;
        }
    }
    return NULL;
}

/* That none of the choices fits is an answer as well, and not the same as no answer. */
static bool is_none(const struct pt_list *list, const char *text)
{
    return strcmp(text, NONE_OF_THEM) == 0 && choice_named(list, pt_bytes_str(text)) == NULL;
}

static enum pt_err read_choices(const struct pt_instrument *ins, uint32_t node, const char *text, struct pt_value *out,
                                struct pt_problem *problem)
{
    const struct pt_list *list = &ins->lists[ins->nodes[node].list];
    bool several = ins->nodes[node].type == PT_NODE_SELECT_MULTIPLE;
    struct pt_value value = {.type = several ? PT_VALUE_CHOICES : PT_VALUE_CHOICE};
    size_t n_words = 0;
    if (several && is_none(list, text)) {
        *out = value;
        return PT_OK;
    }
    for (const char *at = text + strspn(text, " ,"); *at != '\0'; at += strspn(at, " ,")) {
        struct pt_bytes word = pt_bytes_of(at, strcspn(at, " ,"));
        const struct pt_choice *found = choice_named(list, word);
        if (found == NULL || (!several && n_words > 0)) {
            return refuse_choice(ins, node, found == NULL ? word : pt_bytes_str(text), problem);
        }
        value.choices = several ? value.choices | (uint64_t)1 << (found->number - 1) : found->number;
        n_words++;
        at += word.n;
    }
    if (n_words == 0) {
        return refuse_choice(ins, node, pt_bytes_str(text), problem);
    }
    *out = value;
    return PT_OK;
}

enum pt_err pt_value_read(const struct pt_instrument *instrument, uint32_t node, const char *text, struct pt_value *out,
                          struct pt_problem *problem)
{
    const struct pt_node *n = &instrument->nodes[node];
    struct pt_value value = {0};
    if (n->list != PT_NONE) {
        return read_choices(instrument, node, text, out, problem);
    }
    if (n->type == PT_NODE_INTEGER) {
        value.type = PT_VALUE_INTEGER;
        if (pt_int_read(pt_bytes_str(text), &value.number.mantissa) != PT_OK) {
            return refuse(problem, PT_MSG_VALUE_INTEGER, text, "");
        }
    } else if (n->type == PT_NODE_DECIMAL) {
        value.type = PT_VALUE_DECIMAL;
        if (pt_decimal_read(pt_bytes_str(text), &value.number) != PT_OK) {
            return refuse(problem, PT_MSG_VALUE_DECIMAL, text, "");
        }
    } else {
        return refuse(problem, PT_MSG_VALUE_NOT_ANSWERED, n->name, "");
    }
    *out = value;
    return PT_OK;
}

static void put_choices(struct pt_buf *out, const struct pt_list *list, uint64_t set, bool label)
{
    bool first = true;
    for (size_t i = 0; i < list->n_choices; i++) {
        const struct pt_choice *choice = &list->choices[i];
        if ((set >> (choice->number - 1) & 1) != 0) {
            pt_buf_put_str(out, first ? "" : (label ? ", " : " "));
            pt_buf_put_str(out, label ? choice->label.id : choice->name);
            first = false;
        }
    }
    if (set == 0 && label) {
        pt_say(out, PT_MSG_VALUE_NONE_OF_THEM, NULL);
    } else if (set == 0) {
        pt_buf_put_str(out, NONE_OF_THEM);
    }
}

static void put_value(struct pt_buf *out, const struct pt_instrument *ins, uint32_t node, const struct pt_value *value,
                      bool label)
{
    uint32_t list = ins->nodes[node].list;
    switch (value->type) {
    case PT_VALUE_NONE:
        break;
    case PT_VALUE_INTEGER:
    case PT_VALUE_DECIMAL:
        pt_decimal_put(out, value->number);
        break;
    case PT_VALUE_CHOICE:
        if (list != PT_NONE && value->choices >= 1 && value->choices <= PT_CHOICES_MAX) {
            put_choices(out, &ins->lists[list], (uint64_t)1 << (value->choices - 1), label);
        }
        break;
    case PT_VALUE_CHOICES:
        if (list != PT_NONE) {
            put_choices(out, &ins->lists[list], value->choices, label);
        }
        break;
    case PT_VALUE_TEXT:
        pt_buf_put_str(out, "...");
        break;
    }
}

void pt_value_put(struct pt_buf *out, const struct pt_instrument *instrument, uint32_t node,
                  const struct pt_value *value)
{
    put_value(out, instrument, node, value, false);
}

void pt_value_put_label(struct pt_buf *out, const struct pt_instrument *instrument, uint32_t node,
                        const struct pt_value *value)
{
    put_value(out, instrument, node, value, true);
}

static uint64_t all_choices(const struct pt_list *list)
{
    uint64_t all = 0;
    for (size_t i = 0; i < list->n_choices; i++) {
        all |= (uint64_t)1 << (list->choices[i].number - 1);
    }
    return all;
}

bool pt_value_fits(const struct pt_instrument *instrument, uint32_t node, const struct pt_value *value)
{
    const struct pt_node *n = &instrument->nodes[node];
    switch (value->type) {
    case PT_VALUE_NONE:
        return pt_node_is_question(n);
    case PT_VALUE_INTEGER:
        return n->type == PT_NODE_INTEGER;
    case PT_VALUE_DECIMAL:
        return n->type == PT_NODE_DECIMAL;
    case PT_VALUE_CHOICE:
        return n->type == PT_NODE_SELECT_ONE && value->choices >= 1 && value->choices <= PT_CHOICES_MAX &&
               pt_choice_by_number(instrument, n->list, (uint32_t)value->choices) != NULL;
    case PT_VALUE_CHOICES:
        return n->type == PT_NODE_SELECT_MULTIPLE && (value->choices & ~all_choices(&instrument->lists[n->list])) == 0;
    case PT_VALUE_TEXT:
        return n->type == PT_NODE_TEXT;
    }
    return false;
}
