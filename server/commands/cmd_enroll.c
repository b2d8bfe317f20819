/* cmd_enroll.c - patuhd enroll: a person with a one-time code becomes a reviewer of this office. */
#include "commands/command.h"
#include "review/reviewers.h"

enum pt_err cmd_enroll(struct command *c)
{
    struct pt_buf code = {0};
    struct reviewer reviewer = {0};
    const char *word;
    size_t n = 0;
    enum pt_err err = command_words(c, NULL, 0, &word, 1, &n);
    if (err == PT_OK && n > 0) {
        err = command_usage(c, PT_MSG_CODE_AS_WORD, "");
    }
    if (err == PT_OK && !c->office->joined) {
        err = pt_problem_set(&c->problem, PT_EINVALID, PT_MSG_OFFICE_NOT_JOINED, NULL);
    }
    if (err != PT_OK) {
        return err;
    }
    pt_buf_put_bytes(&code, command_secret(c, 0));
    err = reviewer_enroll(c->office, pt_buf_text(&code), command_secret(c, 1), &reviewer, &c->problem);
    if (err == PT_OK) {
        command_tell(c, PT_MSG_REVIEWER_READY, reviewer.name, c->office->code);
    }
    reviewer_close(&reviewer);
    pt_buf_wipe(&code);
    return err;
}
