/* patuh fill ASSESSMENT: question by question from any input, each answer saved before the next question. It begins
 * where something is still to be done; notes are printed where they stand.
 *
 * The form is read anew after each answer, since an answer decides what is asked next; the place in it is kept as a
 * path, which no answer moves. */
#include "client/cli/cli.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct filling {
    struct pt_cli *cli;
    const char *assessment;
    struct patuh_form form;
    char (*asked)[PATUH_PATH_BYTES]; /* paths in the order they were asked, for the way back */
    size_t n_asked, asked_capacity;
    struct pt_buf line;
    bool advised;                 /* that this does not count yet: once is enough */
    char saved[PATUH_PATH_BYTES]; /* where the last step stored something; "" when it did not */
};

enum step { STEP_NEXT, STEP_AGAIN, STEP_BACK, STEP_QUIT, STEP_FAILED };

static bool is_question(const struct patuh_item *item)
{
    switch (item->kind) {
    case PATUH_ONE:
    case PATUH_MANY:
    case PATUH_INTEGER:
    case PATUH_DECIMAL:
    case PATUH_TEXT:
    case PATUH_IMAGE:
    case PATUH_REPEAT:
        return item->asked;
    case PATUH_GROUP:
    case PATUH_INSTANCE:
    case PATUH_NOTE:
    case PATUH_CALCULATED:
        break;
    }
    return false;
}

/* Is the item in a group around the question, or beside it? */
static bool stands_over(const struct filling *f, size_t item, size_t asked)
{
    for (size_t i = item + 1; i <= asked && i < f->form.n_items; i++) {
        if (f->form.items[i].depth < f->form.items[item].depth) {
            return false;
        }
    }
    return true;
}

/* --- asking --- */

static void print_out(struct pt_buf *out)
{
    (void)fputs(pt_buf_text(out), stdout);
    (void)fflush(stdout);
    pt_buf_free(out);
}

static void print_label(const char *sign, const char *text)
{
    if (text[0] != '\0') {
        struct pt_buf out = {0};
        pt_buf_put_str(&out, sign);
        pt_cli_put(&out, text);
        pt_buf_put_str(&out, "\n");
        print_out(&out);
    }
}

static void print_choices(const struct patuh_item *item)
{
    struct pt_buf out = {0};
    pt_cli_put_choices(&out, item, 2);
    if (item->kind == PATUH_MANY) {
        pt_buf_put_str(&out, "  -) ");
        pt_say(&out, PT_MSG_CLI_NONE_OF_THEM, NULL);
        pt_buf_put_str(&out, "\n");
    }
    print_out(&out);
}

static void print_standing(const struct patuh_item *item)
{
    struct pt_buf out = {0};
    for (size_t i = 0; i < item->n_claims; i++) {
        pt_buf_put_str(&out, item->conflict ? "  ? " : "  = ");
        pt_cli_put(&out, item->claims[i].label);
        pt_buf_put_str(&out, " (");
        pt_cli_put(&out, item->claims[i].author);
        pt_buf_put_str(&out, ")\n");
    }
    pt_cli_put_faults(&out, item, 2);
    print_out(&out);
    for (size_t i = 0; i < item->n_evidence; i++) {
        print_label("  # ", item->evidence[i].text);
    }
    for (size_t i = 0; i < item->n_comments; i++) {
        print_label("  << ", item->comments[i].text);
    }
}

static void print_note(const struct patuh_item *item)
{
    if (item->kind == PATUH_NOTE && item->asked) {
        (void)fputs("\n", stdout);
        print_label("", item->label_id);
        print_label("", strcmp(item->label_id, item->label_en) == 0 ? "" : item->label_en);
    }
}

/* Who is there already, so that nobody is added twice. */
static void print_instances(const struct patuh_form *form, const struct patuh_item *repeat)
{
    struct pt_buf out = {0};
    size_t n = strlen(repeat->path);
    for (size_t i = 0; i < form->n_items; i++) {
        const struct patuh_item *item = &form->items[i];
        if (item->kind == PATUH_INSTANCE && strncmp(item->path, repeat->path, n) == 0 && item->path[n] == '[') {
            if (out.n == 0) {
                pt_say(&out, PT_MSG_CLI_THERE, NULL);
                pt_buf_put_str(&out, "\n");
            }
            pt_buf_put_str(&out, "  * ");
            pt_cli_put(&out, item->label_id);
            pt_buf_printf(&out, "  %s\n", item->path);
        }
    }
    print_out(&out);
}

static void print_path(const struct patuh_item *item)
{
    struct pt_buf out = {0};
    pt_cli_put_path(&out, item);
    pt_buf_put_str(&out, "\n");
    print_out(&out);
}

/* "12 dari 48", of the questions that are asked as things are. */
static void print_progress(const struct filling *f, const struct patuh_item *item)
{
    size_t at = 0;
    size_t n = 0;
    char counts[2][24];
    for (size_t i = 0; i < f->form.n_items; i++) {
        n += is_question(&f->form.items[i]) ? 1 : 0;
        at = &f->form.items[i] == item ? n : at;
    }
    (void)snprintf(counts[0], sizeof counts[0], "%zu", at);
    (void)snprintf(counts[1], sizeof counts[1], "%zu", n);
    (void)fputs("\n", stdout);
    pt_say_to(stdout, PT_MSG_CLI_FILL_PROGRESS, counts[0], counts[1], NULL);
}

static void ask(const struct filling *f, const struct patuh_item *item)
{
    print_progress(f, item);
    print_path(item);
    print_label("", item->label_id);
    print_label("", item->label_en);
    print_label("  ", item->hint_id);
    print_label("  ", item->hint_en);
    print_choices(item);
    print_standing(item);
    if (item->kind == PATUH_REPEAT) {
        print_instances(&f->form, item);
        pt_say_to(stdout, PT_MSG_CLI_FILL_ADD, NULL);
    } else if (item->kind == PATUH_IMAGE) {
        pt_say_to(stdout, PT_MSG_CLI_FILL_FILE, NULL);
    }
    (void)fputs("> ", stdout);
    (void)fflush(stdout);
}

/* --- taking the answer --- */

static enum patuh_result save(struct filling *f, const struct patuh_item *item)
{
    struct pt_cli *cli = f->cli;
    const char *typed = pt_buf_text(&f->line);
    if (item->kind == PATUH_REPEAT) {
        return patuh_add(cli->device, f->assessment, item->path, typed, f->saved, &cli->problem);
    }
    (void)snprintf(f->saved, sizeof f->saved, "%s", item->path);
    if (item->kind == PATUH_IMAGE) {
        return patuh_attach(cli->device, f->assessment, item->path, typed, NULL, &cli->problem);
    }
    struct pt_buf named = {0};
    if (item->n_choices > 0) {
        pt_cli_name_choices(item, typed, &named);
    } else {
        pt_buf_put_str(&named, typed);
    }
    enum patuh_result result =
        patuh_answer(cli->device, f->assessment, item->path, pt_buf_text(&named), NULL, &cli->problem);
    pt_buf_free(&named);
    return result;
}

/* Blanks around what was typed say nothing. */
static void trim(struct pt_buf *line)
{
    size_t from = 0;
    while (line->n > 0 && strchr(" \t", line->data[line->n - 1]) != NULL) {
        line->n--;
    }
    while (from < line->n && strchr(" \t", line->data[from]) != NULL) {
        from++;
    }
    if (line->data != NULL) {
        memmove(line->data, line->data + from, line->n - from);
        line->n -= from;
        line->data[line->n] = '\0';
    }
}

static bool read_line(struct pt_buf *line)
{
    bool any = pt_cli_line(stdin, line);
    trim(line);
    return any;
}

static bool is_quit(const char *typed)
{
    static const char *const words[] = {"q", "quit", "keluar"};
    bool found = false;
    for (size_t i = 0; i < sizeof words / sizeof words[0] && !found; i++) {
        found = strcasecmp(typed, words[i]) == 0;
    }
    return found;
}

/* The folder is closed while nothing is done with it, so that other commands can be used beside this one. False: said
 * why. */
static bool open_again(struct filling *f)
{
    struct pt_cli *cli = f->cli;
    enum patuh_result result = patuh_open(cli->dir, &cli->device, &cli->problem);
    struct pt_buf line = {0};
    while (result == PATUH_BUSY) { /* a sync, for example; what was typed stays */
        pt_say_to(stderr, PT_MSG_CLI_FILL_BUSY, NULL);
        if (!read_line(&line) || is_quit(pt_buf_text(&line))) {
            break;
        }
        result = patuh_open(cli->dir, &cli->device, &cli->problem);
    }
    pt_buf_free(&line);
    return pt_cli_end(cli, result) == PT_EXIT_GOOD;
}

static bool read_typed(struct filling *f)
{
    patuh_close(f->cli->device);
    f->cli->device = NULL;
    return read_line(&f->line) && !is_quit(pt_buf_text(&f->line));
}

static enum step read_step(struct filling *f, const struct patuh_item *item)
{
    ask(f, item);
    if (!read_typed(f)) {
        (void)fputs("\n", stdout);
        return STEP_QUIT;
    }
    if (!open_again(f)) {
        return STEP_FAILED;
    }
    const char *typed = pt_buf_text(&f->line);
    if (typed[0] == '\0' || strcmp(typed, "<") == 0) {
        return typed[0] == '\0' ? STEP_NEXT : STEP_BACK;
    }
    enum patuh_result result = save(f, item);
    if (result != PATUH_OK) {
        f->saved[0] = '\0';
        (void)fprintf(stderr, "%s\n", f->cli->problem.text);
        bool correctable = result == PATUH_INVALID || result == PATUH_NOTFOUND;
        return correctable ? STEP_AGAIN : STEP_FAILED;
    }
    return item->kind == PATUH_REPEAT || item->kind == PATUH_IMAGE ? STEP_AGAIN : STEP_NEXT;
}

/* --- the way through the form --- */

static bool read_form(struct filling *f)
{
    uint32_t n_before = f->form.summary.n_broken;
    patuh_form_free(&f->form);
    struct pt_cli *cli = f->cli;
    bool good = pt_cli_end(cli, patuh_form(cli->device, f->assessment, &f->form, &cli->problem)) == PT_EXIT_GOOD;
    if (good && f->saved[0] != '\0') {
        struct pt_buf out = {0};
        pt_cli_put_saved(&out, &f->form, f->saved);
        if (!f->advised) {
            pt_cli_put_outside(&out, &f->form.summary);
        }
        f->advised = f->advised || f->form.summary.n_outside > 0;
        print_out(&out);
    }
    f->saved[0] = '\0';
    if (good && f->form.summary.n_broken > n_before) { /* by the answer just given, or an earlier one */
        char count[16];
        (void)snprintf(count, sizeof count, "%u", f->form.summary.n_broken);
        pt_say_to(stdout, PT_MSG_ADVICE_BROKEN, count, f->assessment, NULL);
    }
    return good;
}

static size_t find_path(const struct filling *f, const char *path)
{
    for (size_t i = 0; i < f->form.n_items; i++) {
        if (strcmp(f->form.items[i].path, path) == 0) {
            return i;
        }
    }
    return 0; /* the instance was removed meanwhile: from the beginning */
}

static size_t next_question(const struct filling *f, size_t from)
{
    while (from < f->form.n_items && !is_question(&f->form.items[from])) {
        from++;
    }
    return from;
}

/* Where there is something to do: what is missing, does not fit or was sent back with a comment, then whatever is
 * empty, else the beginning. */
static size_t first_open(const struct filling *f)
{
    size_t empty = f->form.n_items;
    for (size_t i = next_question(f, 0); i < f->form.n_items; i = next_question(f, i + 1)) {
        const struct patuh_item *item = &f->form.items[i];
        if (item->missing || item->broken || item->n_comments > 0) {
            return i;
        }
        bool open = !item->answered && item->kind != PATUH_REPEAT;
        empty = open && empty == f->form.n_items ? i : empty;
    }
    return empty < f->form.n_items ? empty : next_question(f, 0);
}

static size_t question_before(const struct filling *f, size_t at)
{
    for (size_t i = at; i-- > 0;) {
        if (is_question(&f->form.items[i])) {
            return i;
        }
    }
    return at;
}

static bool remember(struct filling *f, const char *path)
{
    if (f->n_asked > 0 && strcmp(f->asked[f->n_asked - 1], path) == 0) {
        return true;
    }
    if (pt_reserve(&f->asked, &f->asked_capacity, f->n_asked + 1, sizeof *f->asked) != PT_OK) {
        pt_say_to(stderr, PT_MSG_ERR_NOMEM, NULL);
        return false;
    }
    (void)snprintf(f->asked[f->n_asked++], sizeof *f->asked, "%s", path);
    return true;
}

/* Where to go on in the form that was read anew: back along the way, and before its beginning along the form. */
static size_t after_step(struct filling *f, enum step step)
{
    size_t now = find_path(f, f->asked[f->n_asked - 1]);
    if (step == STEP_BACK) {
        f->n_asked--;
        return f->n_asked > 0 ? find_path(f, f->asked[f->n_asked - 1]) : question_before(f, now);
    }
    if (step != STEP_NEXT) {
        return now;
    }
    size_t at = next_question(f, now + 1);
    for (size_t i = now + 1; i < at; i++) {
        print_note(&f->form.items[i]);
    }
    return at;
}

static int fill(struct filling *f)
{
    if (!read_form(f)) {
        return PT_EXIT_FAILED;
    }
    if (!f->form.summary.ready) {
        pt_say_to(stderr, PT_MSG_CLIENT_NO_INSTRUMENT, f->assessment, NULL);
        return PT_EXIT_FAILED;
    }
    pt_say_to(stdout, PT_MSG_CLI_FILL_KEYS, NULL);
    size_t at = first_open(f);
    for (size_t i = 0; i < at; i++) {
        if (stands_over(f, i, at)) {
            print_note(&f->form.items[i]);
        }
    }
    while (at < f->form.n_items) {
        if (!remember(f, f->form.items[at].path)) {
            return PT_EXIT_FAILED;
        }
        enum step step = read_step(f, &f->form.items[at]);
        if (step == STEP_QUIT || step == STEP_FAILED) {
            return step == STEP_QUIT ? PT_EXIT_GOOD : PT_EXIT_FAILED;
        }
        if (!read_form(f)) {
            return PT_EXIT_FAILED;
        }
        at = after_step(f, step);
    }
    pt_say_to(stdout, PT_MSG_CLI_FILL_END, f->assessment, f->cli->dir, NULL);
    return PT_EXIT_GOOD;
}

int pt_cmd_fill(struct pt_cli *cli)
{
    struct filling f = {.cli = cli};
    if (!pt_cli_read(cli, NULL, 0, "ASSESSMENT")) {
        return PT_EXIT_USAGE;
    }
    if (!pt_cli_open_standing(cli)) {
        return PT_EXIT_FAILED;
    }
    f.assessment = cli->words[0];
    int code = fill(&f);
    patuh_form_free(&f.form);
    pt_free(f.asked);
    pt_buf_free(&f.line);
    return code;
}
