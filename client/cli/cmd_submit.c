/* patuh submit ASSESSMENT [--with-missing]: without it, what is missing or does not meet its condition is listed and
 * nothing is handed in. */
#include "client/cli/cli.h"

static void list_missing(struct pt_cli *cli)
{
    struct patuh_form form;
    struct patuh_problem ignored; /* the refusal itself is said anyway */
    if (patuh_form(cli->device, cli->words[0], &form, &ignored) != PATUH_OK) {
        return;
    }
    struct pt_buf out = {0};
    for (size_t i = 0; i < form.n_items; i++) {
        const struct patuh_item *item = &form.items[i];
        if (item->missing || item->broken) {
            pt_cli_put_path(&out, item);
            pt_buf_put_str(&out, "  ");
            pt_cli_put_label(&out, item->label_id, item->label_en);
            pt_buf_put_str(&out, "\n");
        }
        pt_cli_put_faults(&out, item, 4);
    }
    (void)fputs(pt_buf_text(&out), stderr);
    pt_buf_free(&out);
    patuh_form_free(&form);
}

/* What the surveyor should know of what was just handed in. */
static void advise(struct pt_cli *cli)
{
    struct patuh_form form;
    struct patuh_problem ignored; /* it is handed in all the same */
    if (patuh_form(cli->device, cli->words[0], &form, &ignored) != PATUH_OK) {
        return;
    }
    struct pt_buf out = {0};
    pt_cli_put_advice(&out, &form.summary);
    if (form.n_surveyors > 1) {
        pt_say(&out, PT_MSG_ADVICE_OTHERS, form.summary.surveyors, NULL);
        pt_buf_put_str(&out, "\n");
    }
    (void)fputs(pt_buf_text(&out), stderr);
    pt_buf_free(&out);
    patuh_form_free(&form);
}

int pt_cmd_submit(struct pt_cli *cli)
{
    struct pt_option options[] = {{.name = "--with-missing"}};
    if (!pt_cli_read(cli, options, 1, "ASSESSMENT")) {
        return PT_EXIT_USAGE;
    }
    if (!pt_cli_open(cli)) {
        return PT_EXIT_FAILED;
    }
    enum patuh_result result = patuh_submit(cli->device, cli->words[0], options[0].n > 0, &cli->problem);
    if (result == PATUH_OK || result == PATUH_INVALID) {
        list_missing(cli);
    }
    int code = pt_cli_end(cli, result);
    if (code == PT_EXIT_GOOD) {
        advise(cli);
        pt_say_to(stderr, PT_MSG_CLI_HANDED_IN, NULL);
    }
    return code;
}
