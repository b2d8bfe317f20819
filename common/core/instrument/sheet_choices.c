#include "core/instrument/compile.h"

#include <string.h>

static bool choice_name_ok(const char *name)
{
    size_t n = strlen(name);
    return n > 0 && n <= PT_NODE_NAME_BYTES_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") == n;
}

static const struct pt_list *previous_list(const struct pt_compile *c, const char *name)
{
    for (size_t i = 0; c->previous != NULL && i < c->previous->n_lists; i++) {
        if (strcmp(c->previous->lists[i].name, name) == 0) {
            return &c->previous->lists[i];
        }
    }
    return NULL;
}

static const struct pt_choice *choice_named(const struct pt_choice *choices, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(choices[i].name, name) == 0) {
            return &choices[i];
        }
    }
    return NULL;
}

static enum pt_err read_choice(const struct pt_field *field, struct pt_choice *to)
{
    const char *name = pt_field_text(field, "name");
    if (!choice_name_ok(name)) {
        return pt_field_refuse(field, "name", PT_MSG_SHEET_NAME, name);
    }
    to->text = pt_compile_text(field->c, pt_bytes_str(name));
    if (to->text == PT_TEXT_SOME) {
        return PT_ENOMEM;
    }
    to->name = field->c->texts[to->text];
    to->label.id = pt_field_text(field, "label::Bahasa Indonesia (id)");
    to->label.en = pt_field_text(field, "label::English (en)");
    return pt_field_amount(field, "score", -PT_WEIGHT_MAX * PT_POINT, &to->has_score, &to->score);
}

/* Choices of the version before that this one no longer has keep their numbers. */
static enum pt_err add_retired(struct pt_compile *c, const struct pt_list *before, struct pt_choice *choices, size_t *n)
{
    size_t n_live = *n;
    for (size_t i = 0; before != NULL && i < before->n_choices; i++) {
        const struct pt_choice *old = &before->choices[i];
        if (choice_named(choices, n_live, old->name) != NULL) {
            continue;
        }
        choices[*n] = *old;
        choices[*n].retired = true;
        choices[*n].text = pt_compile_text(c, pt_bytes_str(old->name));
        if (choices[*n].text == PT_TEXT_SOME) {
            return PT_ENOMEM;
        }
        (*n)++;
    }
    return PT_OK;
}

static void number_choices(const struct pt_list *before, struct pt_choice *choices, size_t n)
{
    uint32_t highest = 0;
    for (size_t i = 0; before != NULL && i < before->n_choices; i++) {
        highest = before->choices[i].number > highest ? before->choices[i].number : highest;
    }
    for (size_t i = 0; i < n; i++) {
        const struct pt_choice *old =
            before == NULL ? NULL : choice_named(before->choices, before->n_choices, choices[i].name);
        choices[i].number = old != NULL ? old->number : ++highest;
    }
}

/* All rows of the list whose first row is `first`. */
static enum pt_err read_list(struct pt_compile *c, size_t first, struct pt_list *list)
{
    const struct pt_list *before = previous_list(c, list->name);
    struct pt_choice *choices = pt_arena_zalloc(c->arena, (size_t)2 * PT_CHOICES_MAX, sizeof *choices);
    size_t n = 0;
    if (choices == NULL) {
        return PT_ENOMEM;
    }
    for (size_t i = first; i < c->choices.n_rows; i++) {
        struct pt_field field = {.c = c, .csv = &c->choices, .row = &c->choices.rows[i]};
        if (strcmp(pt_field_text(&field, "list_name"), list->name) != 0) {
            continue;
        }
        if (n == PT_CHOICES_MAX) {
            return pt_field_refuse(&field, "list_name", PT_MSG_SHEET_TOO_LARGE, "64");
        }
        enum pt_err err = read_choice(&field, &choices[n]);
        if (err == PT_OK && choice_named(choices, n, choices[n].name) != NULL) {
            err = pt_field_refuse(&field, "name", PT_MSG_SHEET_TWICE, choices[n].name);
        }
        if (err != PT_OK) {
            return err;
        }
        n++;
    }
    enum pt_err err = add_retired(c, before, choices, &n);
    if (err == PT_OK && n > PT_CHOICES_MAX) {
        err = pt_csv_refuse(&c->choices, c->choices.rows[first].line, "list_name", PT_MSG_SHEET_TOO_LARGE, "64",
                            c->problem);
    }
    number_choices(before, choices, n);
    list->choices = choices;
    list->n_choices = n;
    return err;
}

static bool list_known(const struct pt_compile *c, const char *name)
{
    for (size_t i = 0; i < c->ins.n_lists; i++) {
        if (strcmp(c->lists[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static enum pt_err keep_old_lists(struct pt_compile *c)
{
    for (size_t i = 0; c->previous != NULL && i < c->previous->n_lists; i++) {
        const struct pt_list *old = &c->previous->lists[i];
        if (list_known(c, old->name)) {
            continue;
        }
        struct pt_choice *choices = pt_arena_zalloc(c->arena, old->n_choices, sizeof *choices);
        size_t n = 0;
        if (choices == NULL || add_retired(c, old, choices, &n) != PT_OK) {
            return PT_ENOMEM;
        }
        c->lists[c->ins.n_lists++] =
            (struct pt_list){.name = old->name, .choices = choices, .n_choices = n, .retired = true};
    }
    return PT_OK;
}

static enum pt_err read_lists(struct pt_compile *c)
{
    for (size_t i = 0; i < c->choices.n_rows; i++) {
        struct pt_field field = {.c = c, .csv = &c->choices, .row = &c->choices.rows[i]};
        const char *name = pt_field_text(&field, "list_name");
        if (!pt_sheet_name_ok(name)) {
            return pt_field_refuse(&field, "list_name", PT_MSG_SHEET_NAME, name);
        }
        if (list_known(c, name)) {
            continue;
        }
        struct pt_list list = {.name = name};
        enum pt_err err = read_list(c, i, &list);
        if (err != PT_OK) {
            return err;
        }
        c->lists[c->ins.n_lists++] = list;
    }
    return PT_OK;
}

enum pt_err pt_compile_choices(struct pt_compile *c)
{
    static const struct pt_csv_header headers[] = {
        {"list_name", true}, {"name", true},      {"score", false},    {"label", false},    {"label::*", false},
        {"image", false},    {"image::*", false}, {"media::*", false}, {"geometry", false}, {"x_*", false},
    };
    size_t n_old = c->previous == NULL ? 0 : c->previous->n_lists;
    c->lists = pt_arena_zalloc(c->arena, c->choices.n_rows + n_old, sizeof *c->lists);
    if (c->lists == NULL) {
        return PT_ENOMEM;
    }
    enum pt_err err = PT_OK;
    if (c->choices.n_columns > 0) {
        err = pt_csv_check(&c->choices, headers, sizeof headers / sizeof headers[0], c->problem);
    }
    if (err == PT_OK) {
        err = read_lists(c);
    }
    if (err == PT_OK) {
        err = keep_old_lists(c);
    }
    c->ins.lists = c->lists;
    return err;
}
