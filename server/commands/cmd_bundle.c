/* cmd_bundle.c - patuhd bundle: what a colleague or a stick has brought, and the reply. */
#include "bundle.h"
#include "commands/command.h"
#include "io/disk/files.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

struct figures {
    char text[6][16];
};

static void put_number(char out[16], uint32_t number)
{
    (void)snprintf(out, 16, "%u", number);
}

static void say(struct command *c, enum pt_msg msg, const char *const args[5])
{
    pt_say(&c->err, msg, args[0], args[1], args[2], args[3], args[4], NULL);
    pt_buf_put_str(&c->err, "\n");
}

static void tell_taken(struct command *c, const struct bundle *bundle)
{
    const struct pt_bundle_counts *counts = &bundle->taker.counts;
    struct figures f;
    put_number(f.text[0], counts->chunks_new);
    put_number(f.text[1], counts->chunks_duplicate);
    put_number(f.text[2], counts->files_new);
    put_number(f.text[3], counts->chunks_held);
    put_number(f.text[4], counts->chunks_parked);
    put_number(f.text[5], counts->left_out);
    say(c, PT_MSG_BUNDLE_TAKEN, (const char *[5]){bundle->peer.name, f.text[0], f.text[1], f.text[2], NULL});
    if (counts->chunks_held + counts->chunks_parked + counts->left_out > 0) {
        say(c, PT_MSG_BUNDLE_TAKEN_ODD, (const char *[5]){f.text[3], f.text[4], f.text[5], NULL, NULL});
    }
}

static enum pt_err reply(struct command *c, struct bundle *bundle, const char *file)
{
    struct bundle_told told;
    struct figures f;
    enum pt_err err = bundle_reply(bundle, file, &told, &c->problem);
    if (err == PT_OK) {
        put_number(f.text[0], told.receipts);
        put_number(f.text[1], told.chunks);
        put_number(f.text[2], told.files);
        say(c, PT_MSG_BUNDLE_REPLY, (const char *[5]){file, f.text[0], f.text[1], f.text[2], bundle->peer.name});
    }
    if (err == PT_OK && told.refilling) {
        command_tell(c, PT_MSG_BUNDLE_REPLY_REFILLING, NULL, NULL);
    }
    return err;
}

/* An answer that could not be written is said before anything is taken. */
static enum pt_err check_reply(struct command *c, const char *file)
{
    bool exists = file[0] != '\0' && pt_file_exists(file);
    return exists ? pt_problem_set(&c->problem, PT_EEXISTS, PT_MSG_FILE_EXISTS, file, NULL) : PT_OK;
}

static enum pt_err take(struct command *c, const char *file, const char *reply_file)
{
    struct bundle bundle;
    enum pt_err err = check_reply(c, reply_file);
    if (err != PT_OK) {
        return err;
    }
    err = bundle_take(c->office, file, &bundle, &c->problem);
    if (err == PT_OK) {
        tell_taken(c, &bundle);
    }
    if (err == PT_OK && reply_file[0] != '\0') {
        err = reply(c, &bundle, reply_file);
    } else if (err == PT_OK) {
        command_tell(c, PT_MSG_BUNDLE_NO_REPLY, NULL, NULL);
    }
    bundle_close(&bundle);
    return err;
}

enum pt_err cmd_bundle(struct command *c)
{
    struct pt_option options[] = {{.name = "--reply", .has_value = true}};
    const char *words[2];
    char file[PATH_MAX];
    char reply_file[PATH_MAX] = "";
    size_t n = 0;
    enum pt_err err = command_words(c, options, 1, words, 2, &n);
    if (err != PT_OK) {
        return err;
    }
    if (n == 0 || strcmp(words[0], "in") != 0) {
        return n == 0 ? command_usage(c, PT_MSG_WORD_NEEDED, "in") : command_usage(c, PT_MSG_OPTION_WORD, words[0]);
    }
    if (n == 1) {
        return command_usage(c, PT_MSG_WORD_NEEDED, "FILE");
    }
    err = command_path(c, words[1], file, sizeof file);
    if (err == PT_OK && options[0].value != NULL) {
        err = command_path(c, options[0].value, reply_file, sizeof reply_file);
    }
    if (err == PT_OK && !c->office->joined) {
        err = pt_problem_set(&c->problem, PT_EINVALID, PT_MSG_OFFICE_NOT_JOINED, NULL);
    }
    return err == PT_OK ? take(c, file, reply_file) : err;
}
