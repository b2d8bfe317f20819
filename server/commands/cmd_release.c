/* cmd_release.c - patuhd release: say which branch of a forked log stands. */
#include "commands/command.h"
#include "core/wire/pack.h"
#include "forks.h"
#include "io/clock.h"

#include <stdio.h>
#include <string.h>

/* Lower-case digits of a link's beginning. */
static bool read_digits(const char *word, char *out)
{
    size_t n = strlen(word);
    if (n == 0 || n > 2 * PT_HASH_BYTES || strspn(word, "0123456789abcdefABCDEF") != n) {
        return false;
    }
    for (size_t i = 0; i <= n; i++) {
        out[i] = (char)(word[i] >= 'A' && word[i] <= 'F' ? word[i] - 'A' + 'a' : word[i]);
    }
    return true;
}

static enum pt_err find_branch(struct command *c, const struct forks *forks, const char *word,
                               const struct forks_branch **out)
{
    char digits[2 * PT_HASH_BYTES + 1];
    size_t n = 0;
    if (!read_digits(word, digits)) {
        return pt_problem_set(&c->problem, PT_EINVALID, PT_MSG_RELEASE_LINK, word, NULL);
    }
    for (size_t i = 0; i < forks->n_branches; i++) {
        if (strncmp(forks->branches[i].digits, digits, strlen(digits)) == 0) {
            *out = &forks->branches[i];
            n++;
        }
    }
    if (n == 1) {
        return PT_OK;
    }
    enum pt_msg msg = n == 0 ? PT_MSG_RELEASE_UNKNOWN : PT_MSG_RELEASE_SEVERAL;
    return pt_problem_set(&c->problem, n == 0 ? PT_ENOTFOUND : PT_EINVALID, msg, word, NULL);
}

static enum pt_err check_right(struct command *c, const struct forks *forks, const struct forks_log *log)
{
    const struct pt_office *office = pt_authority_office(&forks->authority, &c->office->author);
    if (office == NULL || !pt_authority_may_rule(&forks->authority, office, &log->log.author)) {
        return pt_problem_set(&c->problem, PT_EDENIED, PT_MSG_RELEASE_NOT_OURS, log->subject, log->author, NULL);
    }
    if (log->ruling != NULL && log->ruling->by->is_root && !office->is_root) {
        return pt_problem_set(&c->problem, PT_EDENIED, PT_MSG_RELEASE_ABOVE, log->subject, NULL);
    }
    return PT_OK;
}

static enum pt_err write_ruling(struct command *c, const struct forks_branch *branch, const struct forks_log *log,
                                const char *reason)
{
    Patuh__Stand stand = PATUH__STAND__INIT;
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_STAND, pt_now_read().wall_ms / 1000);
    struct pt_subject subject;
    struct pt_arena arena;
    stand.has_subject = stand.has_author = stand.has_incarnation = stand.has_seq = stand.has_link = true;
    stand.subject = pt_binary(log->log.subject.text, strlen(log->log.subject.text));
    stand.author = pt_binary(log->log.author.b, sizeof log->log.author.b);
    stand.incarnation = log->log.incarnation;
    stand.seq = branch->seq;
    stand.link = pt_binary(branch->link.b, sizeof branch->link.b);
    stand.reason = pt_text_of(reason);
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_pack(&stand.base, &arena, &entry.detail);
    if (err == PT_OK) {
        err = pt_subject_make(PT_SUBJECT_OFFICE, c->office->code, &subject);
    }
    if (err == PT_OK) {
        err = office_log(c->office, &subject, &entry, 1);
    }
    pt_arena_close(&arena);
    return err;
}

static enum pt_err release(struct command *c, const struct forks *forks, const char *word, const char *reason)
{
    const struct forks_branch *branch = NULL;
    char digits[FORKS_LINK_DIGITS + 1];
    char seq[24];
    enum pt_err err = find_branch(c, forks, word, &branch);
    if (err != PT_OK || branch == NULL) {
        return err;
    }
    const struct forks_log *log = &forks->logs[branch->log];
    bool already =
        log->ruling != NULL && log->ruling->seq == branch->seq && pt_hash_eq(&log->ruling->link, &branch->link);
    (void)snprintf(digits, sizeof digits, "%.*s", FORKS_LINK_DIGITS, branch->digits);
    (void)snprintf(seq, sizeof seq, "%llu", (unsigned long long)branch->seq);
    if (already) {
        command_tell(c, PT_MSG_RELEASE_ALREADY, digits, log->subject);
        return PT_OK;
    }
    err = check_right(c, forks, log);
    if (err == PT_OK) {
        err = write_ruling(c, branch, log, reason);
    }
    if (err == PT_OK) {
        pt_say(&c->err, PT_MSG_RELEASED, digits, log->subject, seq, NULL);
        pt_buf_put_str(&c->err, "\n");
    }
    return err;
}

enum pt_err cmd_release(struct command *c)
{
    struct pt_option options[] = {{.name = "--reason", .has_value = true}};
    const char *words[1];
    size_t n = 0;
    struct forks forks;
    enum pt_err err = command_words(c, options, 1, words, 1, &n);
    if (err != PT_OK) {
        return err;
    }
    if (n == 0) {
        return command_usage(c, PT_MSG_WORD_NEEDED, "LINK");
    }
    const char *reason = options[0].value;
    if (reason == NULL) {
        return command_usage(c, PT_MSG_OPTION_NEEDED, "--reason");
    }
    err = command_check_reason(c, reason);
    if (err == PT_OK) {
        err = forks_open(c->office, &forks);
    }
    if (err == PT_OK) {
        err = release(c, &forks, words[0], reason);
        forks_close(&forks);
    }
    return err;
}
