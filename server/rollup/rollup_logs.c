/* rollup_logs.c - the logs of a rollup: verified anew, and read as far as they count. */
#include "base/text.h"
#include "core/log/branches.h"
#include "rollup/rollup_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUN_BYTES 1 /* one signed piece at a time, so that damage is named closely */

static int compare_heads(const void *a, const void *b)
{
    const struct pt_head *x = a;
    const struct pt_head *y = b;
    int order = strcmp(x->log.subject.text, y->log.subject.text);
    return order != 0 ? order : pt_log_id_cmp(&x->log, &y->log);
}

enum pt_err pt__rollup_list_heads(struct pt__rollup *r)
{
    struct pt_txn *txn;
    struct pt_hash unused;
    enum pt_err err = pt_store_begin_read(r->in->store, &txn);
    if (err != PT_OK) {
        return err;
    }
    r->upto_lsn = r->in->upto_lsn;
    if (r->limits == NULL && r->upto_lsn == 0) {
        err = pt_arrival_last(txn, &r->upto_lsn, &unused);
    }
    if (err == PT_OK) {
        err = pt_logs_all(txn, &r->heads, &r->n_heads);
    }
    pt_store_abort(txn);
    if (err == PT_OK && r->n_heads > 1) {
        qsort(r->heads, r->n_heads, sizeof *r->heads, compare_heads);
    }
    return err;
}

static enum pt_err damaged(struct pt__rollup *r, const struct pt_head *head, uint64_t seq, enum pt_err why)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%" PRIu64, seq);
    enum pt_err err = why == PT_ENOMEM || why == PT_EIO ? why : PT_EDAMAGED;
    return pt_problem_set(r->problem, err, PT_MSG_ROLLUP_CHUNK, head->log.subject.text, text, pt_err_name(why), NULL);
}

/* Every link and signature from the first chunk to an entry, along a branch or (NULL) before any fork. */
static enum pt_err check_chain(struct pt__rollup *r, struct pt_txn *txn, const struct pt_head *head,
                               const struct pt_branch *branch)
{
    struct pt_arena arena;
    uint64_t upto = branch == NULL ? head->seq : branch->seq;
    struct pt_hash link = pt_link_first(&head->log);
    uint64_t seq = 0;
    enum pt_err err = PT_OK;
    pt_arena_init(&arena, SIZE_MAX);
    while (err == PT_OK && seq < upto) {
        struct pt_run run;
        struct pt_checked_run checked;
        uint64_t last = 0;
        err = pt_logs_branch_run(txn, head, branch, seq + 1, RUN_BYTES, &arena, &run, &last);
        if (err == PT_OK && !pt_hash_eq(&run.previous, &link)) {
            err = PT_ELINK;
        }
        if (err == PT_OK) {
            err = pt_run_check_stored(&run, &arena, &checked);
        }
        if (err == PT_OK) {
            link = checked.links[run.n_chunks - 1];
            seq = last;
        }
        pt_arena_reset(&arena);
    }
    pt_arena_close(&arena);
    return err == PT_OK ? PT_OK : damaged(r, head, seq, err);
}

/* Of a forked log every branch: which one counts is not known yet. */
static enum pt_err check_log(struct pt__rollup *r, struct pt_txn *txn, const struct pt_head *head)
{
    struct pt_fork fork;
    struct pt_arena arena;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_logs_fork(txn, head, 0, &arena, &fork);
    if (err == PT_OK && fork.n == 0) {
        err = check_chain(r, txn, head, NULL);
    }
    for (size_t i = 0; err == PT_OK && i < fork.n; i++) {
        err = check_chain(r, txn, head, &fork.branches[i]);
    }
    pt_arena_close(&arena);
    return err;
}

bool pt__rollup_of_cycle(const struct pt__rollup *r, const struct pt_subject *subject)
{
    char cycle[PT_SUBJECT_BYTES_MAX + 1];
    if (pt_subject_kind(subject) != PT_SUBJECT_ASSESSMENT || pt_subject_is_second(subject)) {
        return false;
    }
    pt_subject_cycle(subject, cycle);
    return strcmp(cycle, r->in->cycle) == 0;
}

enum pt_err pt__rollup_check_chains(struct pt__rollup *r)
{
    enum pt_err err = PT_OK;
    for (size_t i = 0; i < r->n_heads && err == PT_OK; i++) {
        const struct pt_subject *subject = &r->heads[i].log.subject;
        struct pt_txn *txn;
        if (pt_subject_kind(subject) == PT_SUBJECT_ASSESSMENT && !pt__rollup_of_cycle(r, subject)) {
            continue;
        }
        err = pt_store_begin_read(r->in->store, &txn);
        if (err == PT_OK) {
            err = check_log(r, txn, &r->heads[i]);
            pt_store_abort(txn);
        }
    }
    return err;
}

static void incarnation_text(uint64_t incarnation, char out[17])
{
    (void)snprintf(out, 17, "%016" PRIx64, incarnation);
}

const struct pt__limit *pt__rollup_limit(const struct pt__rollup *r, const struct pt_log_id *log)
{
    char author[17];
    char incarnation[17];
    pt__pseudonym(r, &log->author, author);
    incarnation_text(log->incarnation, incarnation);
    size_t low = 0;
    size_t high = r->checked->n_limits;
    while (low < high) { /* the first of the subject */
        size_t middle = low + (high - low) / 2;
        bool before = strcmp(r->limits[middle].subject, log->subject.text) < 0;
        low = before ? middle + 1 : low;
        high = before ? high : middle;
    }
    for (; low < r->checked->n_limits && strcmp(r->limits[low].subject, log->subject.text) == 0; low++) {
        if (strcmp(r->limits[low].author, author) == 0 && strcmp(r->limits[low].incarnation, incarnation) == 0) {
            return &r->limits[low];
        }
    }
    return NULL;
}

void pt__cut_view(struct pt_view *view, uint64_t upto)
{
    while (view->n_chunks > 0 && view->chunks[view->n_chunks - 1].last_seq > upto) {
        view->n_chunks--;
    }
    view->n_entries = view->n_chunks == 0 ? 0 : (size_t)view->chunks[view->n_chunks - 1].last_seq;
}

static void put_input(struct pt__rollup *r, const struct pt_view *view)
{
    const struct pt_view_chunk *last = &view->chunks[view->n_chunks - 1];
    struct pt_csv_writer csv = {.out = &r->inputs};
    struct pt_buf hex = {0};
    char author[17];
    char incarnation[17];
    incarnation_text(view->log.incarnation, incarnation);
    pt_hex_put(&hex, pt_hash_bytes(&last->link));
    pt_csv_put(&csv, view->log.subject.text);
    pt_csv_put(&csv, pt__pseudonym(r, &view->log.author, author));
    pt_csv_put(&csv, incarnation);
    pt_csv_put_int(&csv, (int64_t)last->last_seq);
    pt_csv_put(&csv, pt_buf_text(&hex));
    if (view->forked) {
        pt_csv_put_int(&csv, (int64_t)view->fork_seq);
    } else {
        pt_csv_put(&csv, "");
    }
    pt_csv_end_row(&csv);
    r->inputs.err = hex.err != PT_OK ? hex.err : r->inputs.err;
    pt_buf_free(&hex);
}

/* What was computed earlier went as far as one chunk, which tells its branch: whether the log was known to be forked
 * then stands beside it, whatever has become of the log since. */
static enum pt_err limit_view(const struct pt__limit *limit, struct pt_arena *arena, struct pt_view *view)
{
    static const struct pt__limit nothing;
    limit = limit == NULL ? &nothing : limit;
    enum pt_err err = pt_view_stand(view, limit->seq, &limit->link, arena);
    pt__cut_view(view, limit->seq);
    view->forked = limit->forked;
    view->fork_seq = limit->fork_seq;
    view->n_branches = 0;
    return err;
}

static enum pt_err read_view(struct pt__rollup *r, struct pt_txn *txn, const struct pt_head *head,
                             struct pt_arena *arena, struct pt_view *view)
{
    enum pt_err err = pt_logs_view(txn, head, r->upto_lsn, false, arena, view);
    if (err != PT_OK) {
        return err == PT_ENOMEM || err == PT_EIO ? err : damaged(r, head, 0, err);
    }
    return r->limits == NULL ? PT_OK : limit_view(pt__rollup_limit(r, &head->log), arena, view);
}

enum pt_err pt__rollup_read_views(struct pt__rollup *r, size_t first, size_t last, struct pt_arena *arena,
                                  struct pt_view **out)
{
    struct pt_txn *txn;
    struct pt_view *views = pt_arena_zalloc(arena, last - first, sizeof *views);
    enum pt_err err = views == NULL ? PT_ENOMEM : pt_store_begin_read(r->in->store, &txn);
    if (err != PT_OK) {
        return err;
    }
    for (size_t i = first; i < last && err == PT_OK; i++) {
        err = read_view(r, txn, &r->heads[i], arena, &views[i - first]);
    }
    pt_store_abort(txn);
    *out = views;
    return err;
}

enum pt_err pt__rollup_note_inputs(struct pt__rollup *r, struct pt_view *views, size_t *n_views, struct pt_hash *inputs)
{
    struct pt_buf heads = {0};
    size_t n = 0;
    for (size_t i = 0; i < *n_views; i++) {
        if (views[i].n_chunks > 0) {
            const struct pt_view_chunk *end = &views[i].chunks[views[i].n_chunks - 1];
            pt_log_id_put(&heads, &views[i].log);
            pt_buf_put_u64(&heads, end->last_seq);
            pt_buf_put_bytes(&heads, pt_hash_bytes(&end->link));
            put_input(r, &views[i]);
            views[n++] = views[i];
        }
    }
    *inputs = pt_hash1(PT_CONTEXT_DIGEST, pt_buf_bytes(&heads));
    *n_views = n;
    enum pt_err err = heads.err;
    pt_buf_free(&heads);
    return err;
}

/* What was computed earlier is computed again from the same branches, if an office has let them stand. */
static enum pt_err check_stands(struct pt__rollup *r, struct pt_view *views, size_t n_views, struct pt_arena *arena)
{
    enum pt_err err = PT_OK;
    for (size_t v = 0; v < n_views && err == PT_OK; v++) {
        bool right;
        err = pt_authority_check_stand(&r->authority, views, n_views, v, arena, &right);
        if (err == PT_OK && !right) {
            return pt_problem_set(r->problem, PT_EINVALID, PT_MSG_ROLLUP_NOT_RULED, views[v].log.subject.text, NULL);
        }
    }
    return err;
}

enum pt_err pt__rollup_views(struct pt__rollup *r, size_t first, size_t last, struct pt_arena *arena,
                             struct pt_view **views, size_t *n_views, struct pt_hash *inputs)
{
    enum pt_err err = pt__rollup_read_views(r, first, last, arena, views);
    *n_views = last - first;
    if (err == PT_OK && r->limits != NULL) {
        err = check_stands(r, *views, *n_views, arena);
    } else if (err == PT_OK) {
        err = pt_authority_stand(&r->authority, *views, *n_views, arena);
    }
    if (err == PT_OK) {
        err = pt__version_cut(r, *views, *n_views, arena);
    }
    return err == PT_OK ? pt__rollup_note_inputs(r, *views, n_views, inputs) : err;
}
