/* After saving: the value as it was stored, so that what was typed and what is kept can be compared. */
#include "client/cli/cli.h"

#include "base/text.h"

#include <string.h>

const struct patuh_item *pt_cli_item(const struct patuh_form *form, const char *path)
{
    for (size_t i = 0; i < form->n_items; i++) {
        if (strcmp(form->items[i].path, path) == 0) {
            return &form->items[i];
        }
    }
    return NULL;
}

static const struct patuh_choice *choice_named(const struct patuh_item *item, struct pt_bytes name)
{
    for (size_t i = 0; i < item->n_choices; i++) {
        if (pt_bytes_eq(pt_bytes_str(item->choices[i].name), name)) {
            return &item->choices[i];
        }
    }
    return NULL;
}

/* Label after label. False: a choice is not offered any more, or there is none to name. */
static bool put_labels(const struct patuh_item *item, const char *value, struct pt_buf *id, struct pt_buf *en)
{
    for (const char *at = value; *at != '\0'; at += strspn(at, " ")) {
        struct pt_bytes name = pt_bytes_of(at, strcspn(at, " "));
        const struct patuh_choice *choice = choice_named(item, name);
        if (choice == NULL) {
            return false;
        }
        pt_buf_put_str(id, id->n == 0 ? "" : ", ");
        pt_buf_put_str(en, en->n == 0 ? "" : ", ");
        pt_buf_put_str(id, choice->label_id[0] == '\0' ? choice->label_en : choice->label_id);
        pt_buf_put_str(en, choice->label_en[0] == '\0' ? choice->label_id : choice->label_en);
        at += name.n;
    }
    return id->n > 0;
}

static const struct patuh_claim *own_claim(const struct patuh_item *item)
{
    const struct patuh_claim *own = NULL;
    for (size_t i = 0; i < item->n_claims; i++) {
        own = item->claims[i].own ? &item->claims[i] : own;
    }
    return own;
}

/* "tersimpan: ID / saved: EN" */
static void put_value(struct pt_buf *out, const struct patuh_item *item)
{
    struct pt_buf id = {0};
    struct pt_buf en = {0};
    struct pt_buf line = {0};
    const struct patuh_claim *own = own_claim(item);
    if (item->kind == PATUH_INSTANCE) {
        pt_say(&line, PT_MSG_CLI_SAVED_VALUE, item->label_id, item->label_en, NULL);
    } else if (own == NULL || own->value[0] == '\0') {
        pt_say(&line, PT_MSG_CLI_SAVED, NULL);
    } else if (item->kind == PATUH_MANY && strcmp(own->value, "-") == 0) {
        pt_say(&line, PT_MSG_CLI_SAVED_VALUE, pt_msg_indonesian(PT_MSG_CLI_NONE_OF_THEM),
               pt_msg_english(PT_MSG_CLI_NONE_OF_THEM), NULL);
    } else if (put_labels(item, own->value, &id, &en)) {
        pt_say(&line, PT_MSG_CLI_SAVED_VALUE, pt_buf_text(&id), pt_buf_text(&en), NULL);
    } else {
        pt_say(&line, PT_MSG_CLI_SAVED_VALUE, own->label, own->label, NULL);
    }
    pt_cli_put(out, pt_buf_text(&line));
    pt_buf_put_str(out, "\n");
    pt_buf_free(&id);
    pt_buf_free(&en);
    pt_buf_free(&line);
}

static bool same_repeat(const struct patuh_item *a, const struct patuh_item *b)
{
    size_t n = strcspn(a->path, "[");
    return strncmp(a->path, b->path, n + 1) == 0;
}

/* Two under one label cannot be told apart by who fills in or reviews. */
static void put_same_label(struct pt_buf *out, const struct patuh_form *form, const struct patuh_item *added)
{
    for (size_t i = 0; added->kind == PATUH_INSTANCE && i < form->n_items; i++) {
        const struct patuh_item *other = &form->items[i];
        if (other != added && other->kind == PATUH_INSTANCE && same_repeat(other, added) &&
            strcmp(other->label_id, added->label_id) == 0) {
            pt_say(out, PT_MSG_CLI_SAME_LABEL, other->path, added->path, NULL);
            pt_buf_put_str(out, "\n");
            return;
        }
    }
}

static void put_after(struct pt_buf *out, const struct patuh_item *item)
{
    if (item != NULL && !item->asked) {
        pt_say(out, PT_MSG_CLI_SAVED_NOT_ASKED, item->blocker, item->condition, NULL);
        pt_buf_put_str(out, "\n");
    }
}

void pt_cli_put_saved(struct pt_buf *out, const struct patuh_form *form, const char *path)
{
    const struct patuh_item *item = pt_cli_item(form, path);
    if (item == NULL) {
        pt_say(out, PT_MSG_CLI_SAVED, NULL);
        pt_buf_put_str(out, "\n");
        return;
    }
    put_value(out, item);
    put_same_label(out, form, item);
    put_after(out, item);
}

static void say_of_form(struct pt_cli *cli, const char *assessment, const char *path, bool value)
{
    struct patuh_form form;
    struct patuh_problem ignored; /* it is saved all the same */
    if (patuh_form(cli->device, assessment, &form, &ignored) != PATUH_OK) {
        pt_say_to(stderr, PT_MSG_CLI_SAVED, NULL);
        return;
    }
    struct pt_buf out = {0};
    if (value) {
        pt_cli_put_saved(&out, &form, path);
    } else {
        put_after(&out, path == NULL ? NULL : pt_cli_item(&form, path));
    }
    pt_cli_put_outside(&out, &form.summary);
    (void)fputs(pt_buf_text(&out), stderr);
    pt_buf_free(&out);
    patuh_form_free(&form);
}

void pt_cli_say_saved(struct pt_cli *cli, const char *assessment, const char *path)
{
    say_of_form(cli, assessment, path, true);
}

void pt_cli_say_after(struct pt_cli *cli, const char *assessment, const char *path)
{
    say_of_form(cli, assessment, path, false);
}
