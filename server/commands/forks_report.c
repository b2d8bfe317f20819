#include "commands/forks_report.h"

#include "base/text.h"
#include "forks.h"

#include <inttypes.h>

static const char *state_of(const struct forks *f, const struct forks_branch *branch)
{
    if (f->logs[branch->log].ruling == NULL) {
        return "undecided";
    }
    return branch->stands ? "stands" : "held";
}

static void put_json(const struct forks *f, struct pt_json *json)
{
    char first[24];
    char last[24];
    pt_json_begin(json, "branches", '[');
    for (size_t i = 0; i < f->n_branches; i++) {
        const struct forks_branch *branch = &f->branches[i];
        const struct forks_log *log = &f->logs[branch->log];
        pt_json_begin(json, NULL, '{');
        pt_json_text(json, "log", log->subject);
        pt_json_text(json, "author", log->author);
        pt_json_count(json, "fork", log->fork_seq);
        pt_json_count(json, "entries", branch->n_entries);
        pt_json_text(json, "from", pt_time_text(branch->first_s, first, sizeof first));
        pt_json_text(json, "until", pt_time_text(branch->last_s, last, sizeof last));
        pt_json_text(json, "link", branch->digits);
        pt_json_text(json, "state", state_of(f, branch));
        pt_json_end(json, '}');
    }
    pt_json_end(json, ']');
}

static void put_table(const struct forks *f, struct command *c)
{
    char first[24];
    char last[24];
    for (size_t i = 0; i < f->n_branches; i++) {
        const struct forks_branch *branch = &f->branches[i];
        const struct forks_log *log = &f->logs[branch->log];
        pt_buf_printf(&c->out, "branch\t%s\t%s\t%" PRIu64 "\t%s\t%s\t%.*s\t%s\n", log->subject, log->author,
                      branch->n_entries, pt_time_text(branch->first_s, first, sizeof first),
                      pt_time_text(branch->last_s, last, sizeof last), FORKS_LINK_DIGITS, branch->digits,
                      state_of(f, branch));
    }
    for (size_t i = 0; i < f->n_logs; i++) {
        if (f->logs[i].ruling == NULL) {
            command_tell(c, PT_MSG_STATUS_BRANCHES, f->logs[i].subject, f->logs[i].author);
        }
    }
}

enum pt_err forks_report(struct command *command, struct pt_json *json)
{
    struct forks forks;
    enum pt_err err = forks_open(command->office, &forks);
    if (err != PT_OK) {
        return err;
    }
    if (json != NULL) {
        put_json(&forks, json);
    } else {
        put_table(&forks, command);
    }
    forks_close(&forks);
    return PT_OK;
}
