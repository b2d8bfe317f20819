#include "core/merge/load.h"

enum pt_err pt_authority_load(struct pt_txn *txn, const struct pt_author *root, struct pt_arena *arena,
                              struct pt_authority *out)
{
    struct pt_head *heads;
    size_t n = 0;
    enum pt_err err = pt_logs_list(txn, NULL, arena, &heads, &n);
    struct pt_view *views = err == PT_OK ? pt_arena_zalloc(arena, n, sizeof *views) : NULL;
    if (err == PT_OK && views == NULL) {
        err = pt_arena_err(arena);
    }
    size_t n_views = 0;
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        if (pt_subject_kind(&heads[i].log.subject) == PT_SUBJECT_OFFICE) {
            err = pt_logs_view(txn, &heads[i], 0, false, arena, &views[n_views++]);
        }
    }
    return err == PT_OK ? pt_authority_build(views, n_views, root, arena, out) : err;
}

enum pt_err pt_cycle_load(struct pt_txn *txn, const char *code, const struct pt_authority *authority,
                          const struct pt_author *root, struct pt_arena *arena, struct pt_cycle *out)
{
    struct pt_subject subject;
    struct pt_view *views;
    size_t n = 0;
    enum pt_err err = pt_subject_make(PT_SUBJECT_CYCLE, code, &subject);
    if (err == PT_OK) {
        err = pt_logs_views(txn, &subject, 0, false, arena, &views, &n);
    }
    if (err == PT_OK) {
        err = pt_authority_stand(authority, views, n, arena);
    }
    return err == PT_OK ? pt_cycle_build(views, n, root, arena, out) : err;
}
