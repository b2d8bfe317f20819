/* patuh remove ASSESSMENT PATH: says what went, and how much was answered in it. */
#include "client/cli/cli.h"

#include <string.h>

/* What is going to be removed, as the surveyor knows it. */
struct going {
    struct pt_buf label; /* empty: nothing is known of it */
    size_t n_answers;
    bool file;
    bool registered;
};

static void find_file(const struct patuh_form *form, const char *id, struct going *going)
{
    for (size_t i = 0; i < form->n_items; i++) {
        const struct patuh_item *item = &form->items[i];
        for (size_t k = 0; k < item->n_evidence; k++) {
            if (strcmp(item->evidence[k].id, id) == 0) {
                pt_cli_put(&going->label, item->evidence[k].text);
                going->file = true;
                return;
            }
        }
    }
}

static void find_instance(const struct patuh_form *form, const char *path, struct going *going)
{
    const struct patuh_item *found = pt_cli_item(form, path);
    size_t n = strlen(path);
    if (found == NULL || found->kind != PATUH_INSTANCE) {
        return;
    }
    pt_cli_put(&going->label, found->label_id);
    going->registered = found->registered;
    for (size_t i = 0; i < form->n_items; i++) {
        const struct patuh_item *item = &form->items[i];
        bool inside = strncmp(item->path, path, n) == 0 && item->path[n] == '.';
        going->n_answers += inside && item->answered && item->kind != PATUH_CALCULATED ? 1 : 0;
    }
}

static void look(struct pt_cli *cli, const char *path, struct going *going)
{
    struct patuh_form form;
    struct patuh_problem ignored; /* removing says what is wrong */
    if (patuh_form(cli->device, cli->words[0], &form, &ignored) != PATUH_OK) {
        return;
    }
    find_file(&form, path, going);
    find_instance(&form, path, going);
    patuh_form_free(&form);
}

static void say_removed(const struct pt_cli *cli, const struct going *going)
{
    const char *label = pt_buf_text(&going->label);
    char count[24];
    char repeat[PATUH_PATH_BYTES];
    (void)snprintf(count, sizeof count, "%zu", going->n_answers);
    if (going->label.n == 0) {
        pt_say_to(stderr, PT_MSG_CLI_SAVED, NULL);
    } else if (going->file) {
        pt_say_to(stderr, PT_MSG_CLI_REMOVED_FILE, label, NULL);
    } else {
        pt_say_to(stderr, PT_MSG_CLI_REMOVED, label, count, NULL);
    }
    if (going->registered) { /* product[CODE] */
        (void)snprintf(repeat, sizeof repeat, "%s", cli->words[1]);
        char *code = repeat + strcspn(repeat, "[");
        code[strcspn(code, "]")] = '\0';
        *code++ = '\0';
        pt_say_to(stderr, PT_MSG_CLI_TAKE_UP, cli->words[0], repeat, code, cli->dir, NULL);
    }
}

int pt_cmd_remove(struct pt_cli *cli)
{
    struct going going = {0};
    if (!pt_cli_read(cli, NULL, 0, "ASSESSMENT PATH")) {
        return PT_EXIT_USAGE;
    }
    if (!pt_cli_open_standing(cli)) {
        return PT_EXIT_FAILED;
    }
    look(cli, cli->words[1], &going);
    int code = pt_cli_end(cli, patuh_remove(cli->device, cli->words[0], cli->words[1], &cli->problem));
    if (code == PT_EXIT_GOOD) {
        say_removed(cli, &going);
        pt_cli_say_after(cli, cli->words[0], NULL);
    }
    pt_buf_free(&going.label);
    return code;
}
