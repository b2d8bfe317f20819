#include "forks.h"

#include "base/mem.h"
#include "core/merge/load.h"

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
    enum pt_err err = pt_store_begin_read(office->store, &txn);
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
