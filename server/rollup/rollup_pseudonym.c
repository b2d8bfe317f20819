/* rollup_pseudonym.c - authors as others see them: a hash with a salt that only those can make who hold the cycle's
 * logs.
 *
 * The salt is the first chunk of head office's oldest log of the cycle, which is not published. Which one that is, the
 * manifest says by its link: later logs may come, or come back, and files that were made keep their pseudonyms. */
#include "rollup/rollup_internal.h"

#include "core/log/branches.h"

/* The first chunk of a log, along a branch or (NULL) before any fork. NOTFOUND: another one is meant. */
static enum pt_err try_chunk(struct pt__rollup *r, struct pt_txn *txn, const struct pt_head *head,
                             const struct pt_branch *branch)
{
    const struct pt__checked *checked = r->checked;
    struct pt_run run;
    struct pt_checked_run links;
    uint64_t last = 0;
    enum pt_err err = pt_logs_branch_run(txn, head, branch, 1, 1, &r->work, &run, &last);
    if (err == PT_OK) {
        err = pt_run_check_stored(&run, &r->work, &links);
    }
    if (err != PT_OK) {
        return err;
    }
    if (checked != NULL && checked->has_salt_link && !pt_hash_eq(&checked->salt_link, &links.links[0])) {
        return PT_ENOTFOUND;
    }
    r->salt = pt_hash2(PT_CONTEXT_PSEUDONYM, pt_bytes_str(r->in->cycle), run.chunks[0]);
    r->salt_link = links.links[0];
    return PT_OK;
}

static enum pt_err try_log(struct pt__rollup *r, struct pt_txn *txn, const struct pt_log_id *log)
{
    struct pt_head head;
    struct pt_fork fork = {0};
    enum pt_err err = pt_logs_find(txn, log, &head);
    if (err == PT_OK) {
        err = pt_logs_fork(txn, &head, 0, &r->work, &fork);
    }
    if (err != PT_OK || fork.n == 0 || fork.seq > 0) {
        return err == PT_OK ? try_chunk(r, txn, &head, NULL) : err;
    }
    err = PT_ENOTFOUND;
    for (size_t i = 0; i < fork.n && err == PT_ENOTFOUND; i++) {
        err = try_chunk(r, txn, &head, &fork.branches[i]);
    }
    return err;
}

static enum pt_err find(struct pt__rollup *r, struct pt_txn *txn, const struct pt_subject *cycle)
{
    struct pt_view *views;
    const struct pt_view **sorted = NULL;
    size_t n = 0;
    enum pt_err err = pt_logs_views(txn, cycle, 0, false, &r->work, &views, &n);
    if (err == PT_OK) {
        err = pt_views_by_age(views, n, &r->work, &sorted);
    }
    if (err != PT_OK) {
        return err;
    }
    err = PT_ENOTFOUND;
    for (size_t v = 0; v < n && err == PT_ENOTFOUND; v++) {
        if (pt_author_eq(&sorted[v]->log.author, &r->in->root) && pt__version_has(r, sorted[v])) {
            err = try_log(r, txn, &sorted[v]->log);
        }
    }
    return err;
}

enum pt_err pt__pseudonym_open(struct pt__rollup *r, const struct pt_subject *cycle)
{
    struct pt_txn *txn;
    enum pt_err err = pt_store_begin_read(r->in->store, &txn);
    if (err != PT_OK) {
        return err;
    }
    err = find(r, txn, cycle);
    pt_store_abort(txn);
    pt_arena_reset(&r->work);
    return err;
}

const char *pt__pseudonym(const struct pt__rollup *r, const struct pt_author *author, char *buf)
{
    struct pt_hash hash =
        pt_hash2(PT_CONTEXT_PSEUDONYM, pt_hash_bytes(&r->salt), pt_bytes_of(author->b, sizeof author->b));
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < 8; i++) {
        buf[2 * i] = digits[hash.b[i] >> 4];
        buf[2 * i + 1] = digits[hash.b[i] & 15];
    }
    buf[16] = '\0';
    return buf;
}
