#include "forks.h"

#include "base/mem.h"
#include "base/text.h"
#include "core/merge/load.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void add_branch(struct forks *f, const struct pt_view *view, const struct pt_view_branch *from)
{
    struct forks_branch *branch = &f->branches[f->n_branches++];
    const struct pt_view_chunk *last = &from->chunks[from->n_chunks - 1];
    const struct pt_ruling *ruling = f->logs[f->n_logs - 1].ruling;
    *branch = (struct forks_branch){
        .log = f->n_logs - 1,
        .seq = last->last_seq,
        .link = last->link,
        .n_entries = from->n_entries,
        .first_s = from->entries[0].wall_s,
        .last_s = from->entries[from->n_entries - 1].wall_s,
    };
    for (size_t i = 0; i < sizeof last->link.b; i++) {
        (void)snprintf(branch->digits + 2 * i, 3, "%02x", last->link.b[i]);
    }
    branch->stands = ruling != NULL && pt_view_branch_of(view, ruling->seq, &ruling->link) == from;
}

static enum pt_err add_log(struct pt_txn *txn, const struct pt_head *head, struct forks *f)
{
    struct pt_view view;
    enum pt_err err = pt_logs_view(txn, head, 0, false, &f->arena, &view);
    struct forks_branch *grown =
        err == PT_OK ? pt_arena_zalloc(&f->arena, f->n_branches + view.n_branches, sizeof *grown) : NULL;
    if (grown == NULL) {
        return err == PT_OK ? PT_ENOMEM : err;
    }
    if (f->n_branches > 0) {
        memcpy(grown, f->branches, f->n_branches * sizeof *grown);
    }
    f->branches = grown;
    f->logs[f->n_logs++] = (struct forks_log){
        .log = head->log,
        .subject = pt_arena_str(&f->arena, pt_subject_name(&head->log.subject)),
        .author = directory_author(&f->authority, &head->log.author, &f->arena),
        .fork_seq = view.fork_seq,
        .ruling = pt_authority_ruling(&f->authority, &head->log),
    };
    for (size_t i = 0; i < view.n_branches; i++) {
        add_branch(f, &view, &view.branches[i]);
    }
    return f->arena.exhausted ? PT_ENOMEM : PT_OK;
}

static enum pt_err read_forks(struct pt_txn *txn, const struct office *office, struct forks *f)
{
    struct pt_head *heads;
    size_t n = 0;
    enum pt_err err = pt_logs_list(txn, NULL, &f->arena, &heads, &n);
    size_t n_forked = 0;
    for (size_t i = 0; err == PT_OK && i < n; i++) {
        n_forked += heads[i].forked;
    }
    if (err != PT_OK || n_forked == 0) {
        return err;
    }
    f->logs = pt_arena_zalloc(&f->arena, n_forked, sizeof *f->logs);
    err = f->logs == NULL ? PT_ENOMEM : pt_authority_load(txn, &office->root, &f->arena, &f->authority);
    for (size_t i = 0; err == PT_OK && i < n; i++) {
        if (heads[i].forked) {
            err = add_log(txn, &heads[i], f);
        }
    }
    return err;
}

enum pt_err forks_open(const struct office *office, struct forks *out)
{
    struct pt_txn *txn;
    struct forks f = {0};
    enum pt_err err = pt_store_begin(office->store, false, &txn);
    if (err != PT_OK) {
        return err;
    }
    pt_arena_init(&f.arena, SIZE_MAX);
    err = read_forks(txn, office, &f);
    pt_store_abort(txn);
    if (err != PT_OK) {
        forks_close(&f);
        return err;
    }
    *out = f;
    return PT_OK;
}

void forks_close(struct forks *forks)
{
    pt_arena_close(&forks->arena);
    *forks = (struct forks){0};
}

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
