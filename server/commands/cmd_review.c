/* cmd_review.c - patuhd review: list, show, return, approve, unapprove. */
#include "commands/command.h"
#include "review/review_print.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { OPTION_AS, OPTION_STATE, OPTION_SURVEYOR, OPTION_COMMENT, OPTION_REASON, OPTION_SAVE, OPTION_JSON, N_OPTIONS };
#define WORDS_MAX 65 /* the verb, and the assessments to approve */

struct line {
    struct pt_option options[N_OPTIONS];
    const char *words[WORDS_MAX]; /* once read: after the verb */
    size_t n_words;
};

static bool is_state(const char *name)
{
    for (int i = 0; i <= PATUH__STATE__STATE_NOT_ASSESSED; i++) {
        if (strcmp(name, pt_state_name((Patuh__State)i)) == 0) {
            return true;
        }
    }
    return false;
}

static enum pt_err list(struct command *c, const struct line *line)
{
    struct review_filter filter = {.state = line->options[OPTION_STATE].value,
                                   .surveyor = line->options[OPTION_SURVEYOR].value};
    if (filter.state != NULL && !is_state(filter.state)) {
        return command_usage(c, PT_MSG_REVIEW_STATE_UNKNOWN, filter.state);
    }
    return review_put_list(c->office, &filter, line->options[OPTION_JSON].n > 0, &c->out);
}

static enum pt_err show(struct command *c, const struct line *line)
{
    struct review_case found;
    char save[PATH_MAX];
    bool json = line->options[OPTION_JSON].n > 0;
    const char *folder = line->options[OPTION_SAVE].value;
    if (line->n_words == 0) {
        return command_usage(c, PT_MSG_WORD_NEEDED, "ASSESSMENT");
    }
    if (line->n_words > 2 || (folder != NULL && (json || line->n_words == 1))) { /* what was saved is told as text */
        return command_usage(c, PT_MSG_OPTION_WORD, line->n_words > 2 ? line->words[2] : "--save");
    }
    enum pt_err err = folder == NULL ? PT_OK : command_path(c, folder, save, sizeof save);
    if (err != PT_OK) {
        return err;
    }
    err = review_case_open(c->office, line->words[0], &found, &c->problem);
    if (err == PT_OK && line->n_words > 1) {
        err = review_put_history(&found, line->words[1], c->office, folder == NULL ? NULL : save, json, &c->out,
                                 &c->problem);
    } else if (err == PT_OK) {
        err = review_put_form(&found, json, &c->out);
    }
    review_case_close(&found);
    return err;
}

/* "PATH=TEXT"; a path has no "=". */
static enum pt_err read_comments(struct command *c, const struct pt_option *option, struct pt_arena *arena,
                                 struct review_act *act)
{
    struct review_comment *comments = pt_arena_zalloc(arena, option->n, sizeof *comments);
    if (comments == NULL) {
        return PT_ENOMEM;
    }
    for (size_t i = 0; i < option->n; i++) {
        const char *mark = strchr(option->values[i], '=');
        if (mark == NULL || mark == option->values[i]) {
            return command_usage(c, PT_MSG_REVIEW_COMMENT_FORM, option->values[i]);
        }
        comments[i].path = pt_arena_strn(arena, option->values[i], (size_t)(mark - option->values[i]));
        comments[i].text = mark + 1;
    }
    act->comments = comments;
    act->n_comments = option->n;
    return arena->exhausted ? PT_ENOMEM : PT_OK;
}

static void tell_done(struct command *c, const char *assessment, const char *reviewer, const struct review_done *done)
{
    char missing[24];
    char broken[24];
    if (done->n_missing == 0 && done->n_broken == 0) {
        command_tell(c, done->msg, assessment, reviewer);
        return;
    }
    (void)snprintf(missing, sizeof missing, "%zu", done->n_missing);
    (void)snprintf(broken, sizeof broken, "%zu", done->n_broken);
    pt_say(&c->err, PT_MSG_REVIEW_APPROVED_LACKING, assessment, reviewer, missing, broken, NULL);
    pt_buf_put_str(&c->err, "\n");
}

/* Of several some failed: a sentence about a failure does not always name the assessment. */
static void tell_some(struct command *c, const struct pt_buf names[2])
{
    bool none = names[0].n == 0;
    command_tell(c, PT_MSG_REVIEW_SOME, none ? "-" : pt_buf_text(&names[0]), pt_buf_text(&names[1]));
}

/* Each stands for itself: one that fails keeps none back. The last failure is said as the command's own. */
static enum pt_err act_on_each(struct command *c, const struct line *line, const struct reviewer *by,
                               struct review_act *act)
{
    enum pt_err failed = PT_OK;
    struct pt_buf names[2] = {0}; /* done, and not */
    for (size_t i = 0; i < line->n_words; i++) {
        struct pt_problem problem = {0};
        struct review_done done;
        act->assessment = line->words[i];
        enum pt_err err = review_do(c->office, by, act, &done, &problem);
        struct pt_buf *list = &names[err != PT_OK];
        pt_buf_printf(list, "%s%s", list->n == 0 ? "" : ", ", line->words[i]);
        if (err == PT_OK) {
            tell_done(c, line->words[i], by->name, &done);
            continue;
        }
        if (failed != PT_OK) {
            pt_problem_put(&c->err, &c->problem);
            pt_buf_put_str(&c->err, "\n");
        }
        (void)pt_problem_default(&problem, err, line->words[i]);
        c->problem = problem;
        failed = err;
    }
    if (failed != PT_OK && line->n_words > 1) {
        tell_some(c, names);
    }
    pt_buf_free(&names[0]);
    pt_buf_free(&names[1]);
    return failed;
}

static enum pt_err act_on(struct command *c, const struct line *line, struct review_act *act)
{
    struct reviewer reviewer;
    struct pt_arena arena;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = read_comments(c, &line->options[OPTION_COMMENT], &arena, act);
    if (err == PT_OK) {
        err = command_reviewer(c, line->options[OPTION_AS].value, &reviewer);
    }
    if (err == PT_OK) {
        err = act_on_each(c, line, &reviewer, act);
        reviewer_close(&reviewer);
    }
    pt_arena_close(&arena);
    return err;
}

static enum pt_err act(struct command *c, const struct line *line, enum review_kind kind)
{
    struct review_act act = {.kind = kind, .reason = line->options[OPTION_REASON].value};
    if (line->n_words == 0) {
        return command_usage(c, PT_MSG_WORD_NEEDED, "ASSESSMENT");
    }
    if (line->n_words > 1 && kind != REVIEW_APPROVE) {
        return command_usage(c, PT_MSG_OPTION_WORD, line->words[1]);
    }
    if (kind == REVIEW_UNAPPROVE && act.reason == NULL) {
        return command_usage(c, PT_MSG_OPTION_NEEDED, "--reason");
    }
    if (kind != REVIEW_RETURN && line->options[OPTION_COMMENT].n > 0) {
        return command_usage(c, PT_MSG_OPTION_WORD, "--comment");
    }
    return act_on(c, line, &act);
}

static enum pt_err run_verb(struct command *c, const char *verb, const struct line *line)
{
    if (strcmp(verb, "list") == 0) {
        return list(c, line);
    }
    if (strcmp(verb, "show") == 0) {
        return show(c, line);
    }
    if (strcmp(verb, "return") == 0) {
        return act(c, line, REVIEW_RETURN);
    }
    if (strcmp(verb, "approve") == 0) {
        return act(c, line, REVIEW_APPROVE);
    }
    if (strcmp(verb, "unapprove") == 0) {
        return act(c, line, REVIEW_UNAPPROVE);
    }
    return command_usage(c, PT_MSG_REVIEW_VERB, verb);
}

enum pt_err cmd_review(struct command *c)
{
    struct line line = {.options = {
                            [OPTION_AS] = {.name = "--as", .has_value = true},
                            [OPTION_STATE] = {.name = "--state", .has_value = true},
                            [OPTION_SURVEYOR] = {.name = "--surveyor", .has_value = true},
                            [OPTION_COMMENT] = {.name = "--comment", .has_value = true, .repeats = true},
                            [OPTION_REASON] = {.name = "--reason", .has_value = true},
                            [OPTION_SAVE] = {.name = "--save", .has_value = true},
                            [OPTION_JSON] = {.name = "--json"},
                        }};
    struct pt_words words = {.words = line.words, .n_max = WORDS_MAX, .repeat = true};
    enum pt_err err = pt_options_read(c->argc, c->argv, line.options, N_OPTIONS, &words, &c->problem);
    if (err != PT_OK) {
        c->usage = true;
        return err;
    }
    if (words.n == 0) {
        return command_usage(c, PT_MSG_WORD_NEEDED, "list|show|return|approve|unapprove");
    }
    const char *verb = line.words[0];
    line.n_words = words.n - 1;
    memmove(&line.words[0], &line.words[1], line.n_words * sizeof line.words[0]);
    return run_verb(c, verb, &line);
}
