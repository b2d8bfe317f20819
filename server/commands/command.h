/* command.h - one command of patuhd: words in, bytes out, an exit code.
 *
 * The same function runs beside a server (through its control socket, on a worker thread) or alone under the lock.
 * Thread: the caller's; commands read the store in short transactions and write through office_write.
 * Memory: out and err are the command's until command_close. */
#ifndef PATUHD_COMMAND_H
#define PATUHD_COMMAND_H

#include "base/options.h"
#include "office.h"

#define COMMAND_LISTEN_DEFAULT "127.0.0.1:7440" /* what serve listens on unless told otherwise */

#define COMMAND_KEY_BYTES 4 /* of a key, where a name is not enough: printed by status, taken by revoke */

struct command {
    struct office *office;
    const char *folder; /* paths in words are relative to it */
    int argc;           /* words after the command's name */
    const char *const *argv;
    struct pt_bytes input; /* secrets, one a line, for commands that take some */
    struct pt_buf out;
    struct pt_buf err;
    struct pt_problem problem;
    bool usage; /* the words were wrong: exit code 2 */
};

/* Secrets of a command, in the order of the lines of its input. */
enum {
    SECRET_CODE = 1,           /* a one-time code */
    SECRET_NEW_PASSPHRASE = 2, /* on a terminal asked twice */
    SECRET_PASSPHRASE = 4      /* of the reviewer, when --as is given */
};

struct command_row {
    const char *name;
    enum pt_err (*run)(struct command *command);
    const char *words; /* for --help */
    enum pt_msg help;
    unsigned secrets; /* what main reads for it, line by line into input */
};

/* Closed by a row without a name. */
extern const struct command_row command_rows[];
const struct command_row *command_find(const char *name);

/* Run by name and fill out and err; returns the exit code. */
int command_run(struct command *command, const char *name);
void command_close(struct command *command);

/* Read the words; sets usage on error. --dir is always accepted (and was taken by main). */
enum pt_err command_words(struct command *command, struct pt_option *options, size_t n_options, const char **words,
                          size_t n_words_max, size_t *n_words);
/* A path word as an absolute path. Errors: LIMIT. */
enum pt_err command_path(const struct command *command, const char *word, char *out, size_t n);
enum pt_err command_usage(struct command *command, enum pt_msg msg, const char *argument);
/* Of an entry in clear text: it has to fit into a chunk. Errors: INVALID with a sentence (empty, long, not UTF-8). */
#define COMMAND_REASON_BYTES_MAX 500
enum pt_err command_check_reason(struct command *command, const char *reason);
/* The secret on a line of the input, from 0; empty when there is none. */
struct pt_bytes command_secret(const struct command *command, size_t line);
/* The reviewer of --as, whose passphrase is the first secret; to be closed. Errors with a sentence. */
struct reviewer;
enum pt_err command_reviewer(struct command *command, const char *name, struct reviewer *out);
/* What a rollup reads of this office, and that the end of the server cancels it; cycle and level are the caller's. */
struct pt_rollup_input;
struct pt_rollup_input command_rollup_input(struct command *command);
/* One line to err, both languages. */
void command_tell(struct command *command, enum pt_msg msg, const char *a, const char *b);

enum pt_err cmd_load(struct command *command);
enum pt_err cmd_invite(struct command *command);
enum pt_err cmd_join(struct command *command);
enum pt_err cmd_status(struct command *command);
enum pt_err cmd_assign(struct command *command);
enum pt_err cmd_fix(struct command *command);
enum pt_err cmd_unfix(struct command *command);
enum pt_err cmd_enroll(struct command *command);
enum pt_err cmd_review(struct command *command);
enum pt_err cmd_decide(struct command *command);
enum pt_err cmd_revoke(struct command *command);
enum pt_err cmd_release(struct command *command);
enum pt_err cmd_bundle(struct command *command);
enum pt_err cmd_rollup(struct command *command);
enum pt_err cmd_verify(struct command *command);

#endif
