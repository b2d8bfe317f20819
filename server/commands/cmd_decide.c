/* cmd_decide.c - patuhd decide: which of several values stands, and why. */
#include "commands/command.h"
#include "review/review_print.h"

enum { OPTION_AS, OPTION_REASON, OPTION_JSON, N_OPTIONS };

/* Without an entry: the values beside each other, and how to choose where there is something to choose. */
static enum pt_err compare(struct command *c, const char *assessment, const char *path, bool json)
{
    struct review_case found;
    bool conflict = false;
    enum pt_err err = review_case_open(c->office, assessment, &found, &c->problem);
    if (err == PT_OK) {
        err = review_put_claims(&found, path, json, &c->out, &conflict, &c->problem);
    }
    review_case_close(&found);
    if (err == PT_OK) {
        command_tell(c, conflict ? PT_MSG_DECIDE_CHOOSE : PT_MSG_DECIDE_NO_CONFLICT, conflict ? assessment : path,
                     conflict ? path : assessment);
    }
    return err;
}

static enum pt_err decide(struct command *c, const char *name, const struct review_act *act)
{
    struct reviewer reviewer;
    struct review_done done;
    enum pt_err err = command_reviewer(c, name, &reviewer);
    if (err != PT_OK) {
        return err;
    }
    err = review_do(c->office, &reviewer, act, &done, &c->problem);
    if (err == PT_OK) {
        command_tell(c, done.msg, act->path, act->entry);
    }
    reviewer_close(&reviewer);
    return err;
}

enum pt_err cmd_decide(struct command *c)
{
    struct pt_option options[N_OPTIONS] = {[OPTION_AS] = {.name = "--as", .has_value = true},
                                           [OPTION_REASON] = {.name = "--reason", .has_value = true},
                                           [OPTION_JSON] = {.name = "--json"}};
    const char *words[3];
    size_t n = 0;
    enum pt_err err = command_words(c, options, N_OPTIONS, words, 3, &n);
    if (err != PT_OK) {
        return err;
    }
    if (n < 2) {
        return command_usage(c, PT_MSG_WORD_NEEDED, n == 0 ? "ASSESSMENT" : "PATH");
    }
    if (n == 2) {
        return compare(c, words[0], words[1], options[OPTION_JSON].n > 0);
    }
    if (options[OPTION_JSON].n > 0) { /* a decision is told as a sentence */
        return command_usage(c, PT_MSG_OPTION_WORD, "--json");
    }
    if (options[OPTION_REASON].value == NULL) {
        return command_usage(c, PT_MSG_OPTION_NEEDED, "--reason");
    }
    struct review_act act = {.kind = REVIEW_DECIDE,
                             .assessment = words[0],
                             .path = words[1],
                             .entry = words[2],
                             .reason = options[OPTION_REASON].value};
    return decide(c, options[OPTION_AS].value, &act);
}
