#include "commands/command.h"

#include "base/text.h"
#include "commands/renewal_report.h"
#include "review/reviewers.h"
#include "rollup/rollup.h"

#include <stdio.h>
#include <string.h>

const struct command_row command_rows[] = {
    {"load", cmd_load, "instrument FOLDER | registry FOLDER [--cycle CYCLE] | assignments FILE | results FILE",
     PT_MSG_HELP_LOAD, 0},
    {"invite", cmd_invite, "--surveyor NAME | --reviewer NAME | --office CODE [--ttl 7d] [--address HOST:PORT]",
     PT_MSG_HELP_INVITE, 0},
    {"join", cmd_join, "[--code-file FILE] [--address HOST:PORT]", PT_MSG_HELP_JOIN, SECRET_CODE},
    {"status", cmd_status, "[--json]", PT_MSG_HELP_STATUS, 0},
    {"assign", cmd_assign, "ASSESSMENT --surveyor NAME [--instead-of NAME]", PT_MSG_HELP_ASSIGN, 0},
    {"enroll", cmd_enroll, "[--code-file FILE] [--passphrase-file FILE]", PT_MSG_HELP_ENROLL,
     SECRET_CODE | SECRET_NEW_PASSPHRASE},
    {"review", cmd_review,
     "list [--state STATE] [--surveyor NAME] [--json] | "
     "show ASSESSMENT [PATH] [--save FOLDER] [--json] | "
     "--as NAME return ASSESSMENT --comment PATH=TEXT... | "
     "--as NAME approve ASSESSMENT... | "
     "--as NAME unapprove ASSESSMENT --reason TEXT",
     PT_MSG_HELP_REVIEW, SECRET_PASSPHRASE},
    {"decide", cmd_decide, "ASSESSMENT PATH [--json] | ASSESSMENT PATH ENTRY --as NAME --reason TEXT",
     PT_MSG_HELP_DECIDE, SECRET_PASSPHRASE},
    {"revoke", cmd_revoke, "NAME|KEY --after now|ASSESSMENT:NUMBER [--reason TEXT]", PT_MSG_HELP_REVOKE, 0},
    {"release", cmd_release, "LINK --reason TEXT", PT_MSG_HELP_RELEASE, 0},
    {"bundle", cmd_bundle, "in FILE [--reply FILE]", PT_MSG_HELP_BUNDLE, 0},
    {"fix", cmd_fix, "--cycle CYCLE [--leave-out-rest] [--alone] | --cycle CYCLE --check [--json]", PT_MSG_HELP_FIX, 0},
    {"unfix", cmd_unfix, "--cycle CYCLE --reason TEXT", PT_MSG_HELP_UNFIX, 0},
    {"rollup", cmd_rollup, "--cycle CYCLE [--level submitted|region|national|fixed] [--version NUMBER] --out OUT",
     PT_MSG_HELP_ROLLUP, 0},
    {"verify", cmd_verify, "OUT", PT_MSG_HELP_VERIFY, 0},
    {NULL, NULL, NULL, PT_MSG_NONE, 0},
};

const struct command_row *command_find(const char *name)
{
    for (const struct command_row *row = command_rows; row->name != NULL; row++) {
        if (strcmp(row->name, name) == 0) {
            return row;
        }
    }
    return NULL;
}

int command_run(struct command *command, const char *name)
{
    const struct command_row *row = command_find(name);
    enum pt_err err = row == NULL ? command_usage(command, PT_MSG_COMMAND_UNKNOWN, name) : row->run(command);
    if (err == PT_OK) {
        err = command->out.err;
    }
    if (err == PT_OK) {
        if (row->run != cmd_status) { /* which says it among what is to be done */
            renewal_tell_refilling(command);
        }
        return PT_EXIT_GOOD;
    }
    if (err == PT_EDAMAGED && command->problem.msg == PT_MSG_NONE) {
        (void)!pt_problem_set(&command->problem, err, PT_MSG_STORE_DAMAGED, command->office->dir, NULL);
    }
    if (err == PT_ECANCELED && command->problem.msg == PT_MSG_NONE) {
        (void)!pt_problem_set(&command->problem, err, PT_MSG_SERVER_LOST, NULL);
    }
    (void)pt_problem_default(&command->problem, err, name);
    pt_problem_put(&command->err, &command->problem);
    pt_buf_put_str(&command->err, "\n");
    return command->usage ? PT_EXIT_USAGE : PT_EXIT_FAILED;
}

void command_close(struct command *command)
{
    pt_buf_free(&command->out);
    pt_buf_free(&command->err);
}

enum pt_err command_usage(struct command *command, enum pt_msg msg, const char *argument)
{
    command->usage = true;
    return pt_problem_set(&command->problem, PT_EINVALID, msg, argument, NULL);
}

enum pt_err command_words(struct command *command, struct pt_option *options, size_t n_options, const char **words,
                          size_t n_words_max, size_t *n_words)
{
    struct pt_words list = {.words = words, .n_max = n_words_max};
    enum pt_err err = pt_options_read(command->argc, command->argv, options, n_options, &list, &command->problem);
    command->usage = err != PT_OK;
    *n_words = list.n;
    return err;
}

enum pt_err command_check_reason(struct command *command, const char *reason)
{
    char limit[24];
    size_t n = strlen(reason);
    (void)snprintf(limit, sizeof limit, "%d", COMMAND_REASON_BYTES_MAX);
    bool good = n > 0 && n <= COMMAND_REASON_BYTES_MAX && pt_utf8_ok(pt_bytes_of(reason, n));
    return good ? PT_OK : pt_problem_set(&command->problem, PT_EINVALID, PT_MSG_REASON_FORM, limit, NULL);
}

struct pt_bytes command_secret(const struct command *command, size_t line)
{
    struct pt_bytes rest = command->input;
    for (;;) {
        const uint8_t *end = rest.n == 0 ? NULL : memchr(rest.data, '\n', rest.n);
        size_t n = end == NULL ? rest.n : (size_t)(end - rest.data);
        if (line == 0) {
            return pt_bytes_of(rest.data, n);
        }
        if (end == NULL) {
            return (struct pt_bytes){0};
        }
        rest = pt_bytes_of(end + 1, rest.n - n - 1);
        line--;
    }
}

enum pt_err command_reviewer(struct command *command, const char *name, struct reviewer *out)
{
    if (name == NULL) {
        return command_usage(command, PT_MSG_OPTION_NEEDED, "--as");
    }
    return reviewer_open(command->office, name, command_secret(command, 0), out, &command->problem);
}

enum pt_err command_path(const struct command *command, const char *word, char *out, size_t n)
{
    int written = word[0] == '/' ? snprintf(out, n, "%s", word) : snprintf(out, n, "%s/%s", command->folder, word);
    return written < 0 || (size_t)written >= n ? PT_ELIMIT : PT_OK;
}

static enum pt_err read_blob(void *data, const struct pt_hash *hash, struct pt_buf *out)
{
    return pt_blobs_get(data, hash, out);
}

static bool is_stopping(void *data)
{
    return office_is_stopping(data);
}

struct pt_rollup_input command_rollup_input(struct command *command)
{
    struct office *office = command->office;
    return (struct pt_rollup_input){
        .store = office->store,
        .root = office->root,
        .office = &office->pair,
        .blob = read_blob,
        .blob_data = office->blobs,
        .is_cancelled = is_stopping,
        .cancel_data = office,
    };
}

void command_tell(struct command *command, enum pt_msg msg, const char *a, const char *b)
{
    pt_say(&command->err, msg, a, b, NULL);
    pt_buf_put_str(&command->err, "\n");
}
