/* cli.h - what the commands of patuh share: options from tables, opening the folder, output.
 *
 * A command is one function in cmd_NAME.c and one line of the table in main.c. Data goes to stdout, messages to stderr;
 * a command returns 0 (good), 1 (failed, said why) or 2 (used wrongly, said how).
 * Thread: the main one. */
#ifndef PT_CLIENT_CLI_H
#define PT_CLIENT_CLI_H

#include "base/json.h"
#include "base/options.h"
#include "client/patuh.h"

#define PT_CLI_WORDS_MAX 5 /* one more than a command takes, to be named */
#define PT_CLI_OPTIONS_MAX 2

struct pt_cli {
    const char *usage; /* of this command: what follows "patuh NAME " */
    const char *name;
    int argc; /* what follows the name of the command */
    const char *const *argv;
    const char *dir;
    bool json;
    const char *words[PT_CLI_WORDS_MAX]; /* what is not an option, in order */
    size_t n_words;
    struct patuh *device;
    struct patuh_problem problem;
};

/* Read options (beside --dir and --json) and words, whose names stand in a list parted by blanks; those in brackets, at
 * its end, may be absent. False: said why, exit with usage. */
bool pt_cli_read(struct pt_cli *cli, struct pt_option *options, size_t n_options, const char *names);
/* Open the folder --dir into cli->device. False: said why. */
bool pt_cli_open(struct pt_cli *cli);
/* Says so when the office took the device out: no command may go on as if nothing had happened. */
void pt_cli_tell_standing(const struct pt_cli *cli);
/* Both. */
bool pt_cli_open_standing(struct pt_cli *cli);
/* Print cli->problem when result is not good; the exit code. */
int pt_cli_end(struct pt_cli *cli, enum patuh_result result);
/* Say what is wrong with the words, and how the command is used; the exit code. */
int pt_cli_refuse(const struct pt_cli *cli, enum pt_msg msg, const char *argument);

/* Write the buffer and a line end to stdout, free it; the exit code. */
int pt_cli_print(struct pt_buf *out);
/* A text of somebody else for a terminal: control characters become "?". */
void pt_cli_put(struct pt_buf *out, const char *text);
/* "id / en", or one of them when both are the same. */
void pt_cli_put_label(struct pt_buf *out, const char *id, const char *en);
/* One line of a stream without its end; false at the end of input. *line is reused and freed by the caller. */
bool pt_cli_line(FILE *in, struct pt_buf *line);

/* The path, with the label of the instance it lies in: "official[k3f9q].position (kepala)". */
void pt_cli_put_path(struct pt_buf *out, const struct patuh_item *item);
/* A line each: how many answers a repeat has of those it needs, and which condition an answer does not meet. indent:
 * blanks before it. */
void pt_cli_put_faults(struct pt_buf *out, const struct patuh_item *item, size_t indent);
/* What keeps entries of an assessment from counting, a line each; nothing when all is well. */
void pt_cli_put_advice(struct pt_buf *out, const struct patuh_listed *listed);

/* The choices of a question, a line each, every one with the number that is typed for it where the list has numbers.
 * indent: blanks before it. */
void pt_cli_put_choices(struct pt_buf *out, const struct patuh_item *item, size_t indent);
/* "1 3" becomes "yes maybe": a word that is a number of the list stands for its name; any other stays. */
void pt_cli_name_choices(const struct patuh_item *item, const char *typed, struct pt_buf *out);

/* NULL: there is no such path. */
const struct patuh_item *pt_cli_item(const struct patuh_form *form, const char *path);
/* What this device stored at the path, and what is odd about it, a line each. form: as it is afterwards. */
void pt_cli_put_saved(struct pt_buf *out, const struct patuh_form *form, const char *path);
/* Entries that do not count until it is handed in or approved again: a line, or none. */
void pt_cli_put_outside(struct pt_buf *out, const struct patuh_listed *listed);
/* Both to stderr, of a form that is read anew. */
void pt_cli_say_saved(struct pt_cli *cli, const char *assessment, const char *path);
/* The same without the value. path: NULL when it is about no question. */
void pt_cli_say_after(struct pt_cli *cli, const char *assessment, const char *path);

/* Degrees with a decimal point to units of 10^-7; further decimals are cut off, and what does not fit becomes a place
 * that is not on earth. False: no such number. */
bool pt_cli_read_degrees(const char *text, int32_t *out);
/* Whole metres, rounded up. False: no such number, or more than a thousand kilometres. */
bool pt_cli_read_metres(const char *text, uint32_t *out);

/* How far a sync has come, in one line that is not as wide as the terminal; columns > 0. */
void pt_cli_put_progress(struct pt_buf *out, const struct patuh_counts *counts, size_t columns);

void pt_json_summary(struct pt_json *json, const struct patuh_listed *listed);

int pt_cmd_enroll(struct pt_cli *cli);
int pt_cmd_sync(struct pt_cli *cli);
int pt_cmd_list(struct pt_cli *cli);
int pt_cmd_show(struct pt_cli *cli);
int pt_cmd_fill(struct pt_cli *cli);
int pt_cmd_answer(struct pt_cli *cli);
int pt_cmd_clear(struct pt_cli *cli);
int pt_cmd_remove(struct pt_cli *cli);
int pt_cmd_add(struct pt_cli *cli);
int pt_cmd_attach(struct pt_cli *cli);
int pt_cmd_bundle(struct pt_cli *cli);
int pt_cmd_place(struct pt_cli *cli);
int pt_cmd_not_assessed(struct pt_cli *cli);
int pt_cmd_submit(struct pt_cli *cli);
int pt_cmd_status(struct pt_cli *cli);
int pt_cmd_log(struct pt_cli *cli);

#endif
