/* session_scope.c - the logs a session is about, out of a store that may have those of a whole country. */
#include "core/sync/session_internal.h"

#include "core/store/keys.h"

#include <stdlib.h>
#include <string.h>

/* As rows of LOGS: the canonical id. */
static int compare_heads(const void *a, const void *b)
{
    struct pt_key x = pt_key_log_id(&((const struct pt_head *)a)->log);
    struct pt_key y = pt_key_log_id(&((const struct pt_head *)b)->log);
    return pt_bytes_cmp(pt_key_bytes(&x), pt_key_bytes(&y));
}

struct found {
    struct pt_head *heads;
    size_t n;
};

static enum pt_err gather(const struct found *parts, size_t n_parts, size_t n, struct pt_arena *arena,
                          struct pt_head **out)
{
    struct pt_head *all = pt_arena_zalloc(arena, n, sizeof *all);
    size_t at = 0;
    if (all == NULL) {
        return pt_arena_err(arena);
    }
    for (size_t i = 0; i < n_parts; i++) {
        memcpy(all + at, parts[i].heads, parts[i].n * sizeof *all);
        at += parts[i].n;
    }
    qsort(all, n, sizeof *all, compare_heads);
    *out = all;
    return PT_OK;
}

enum pt_err pt__session_heads(struct pt_session *s, struct pt_txn *txn, struct pt_arena *arena, struct pt_head **out,
                              size_t *n)
{
    struct pt_subject *subjects;
    size_t n_subjects = 0;
    if (s->scope.subjects == NULL) {
        return pt_logs_list(txn, NULL, arena, out, n);
    }
    enum pt_err err = s->scope.subjects(s->scope.data, arena, &subjects, &n_subjects);
    if (err != PT_OK) {
        return err;
    }
    struct found *parts = pt_arena_zalloc(arena, n_subjects, sizeof *parts);
    *n = 0;
    err = parts == NULL ? pt_arena_err(arena) : PT_OK;
    for (size_t i = 0; i < n_subjects && err == PT_OK; i++) {
        err = pt_logs_list(txn, &subjects[i], arena, &parts[i].heads, &parts[i].n);
        *n += parts[i].n;
    }
    return err == PT_OK ? gather(parts, n_subjects, *n, arena, out) : err;
}
