/* prune_proof.c - what receipts prove about a log that may leave this device, and about its evidence. */
#include "core/log/prune.h"

#include "base/arith.h"
#include "base/mem.h"
#include "core/log/entry_blobs.h"
#include "core/log/receipts.h"
#include "core/store/meta.h"

#include <stdlib.h>
#include <string.h>

/* The office has all of the log, and it counts there. */
static bool covers(const struct pt_receipted *receipted, const struct pt_head *head)
{
    return receipted->seq == head->seq && pt_hash_eq(&receipted->link, &head->link);
}

/* Between two times of offices: the device's own clock may say anything. */
static bool is_old(int64_t time_ms, const struct pt_prune_rule *rule)
{
    int64_t age_ms;
    return pt_sub_i64(rule->office_ms, time_ms, &age_ms) && age_ms >= rule->age_ms;
}

enum pt_err pt_prune_is_at_head_office(struct pt_txn *txn, const struct pt_head *head, const struct pt_prune_rule *rule,
                                       bool *is)
{
    struct pt_arena arena;
    struct pt_receipted receipted;
    uint64_t epoch;
    uint64_t lsn;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_receipted(txn, head, PT_TIER_NATIONAL, &arena, &receipted);
    if (err == PT_OK) {
        err = pt_receipt_newest(txn, PT_TIER_NATIONAL, &epoch, &lsn);
    }
    /* A receipt of an earlier life of head office says nothing about what that office has now. */
    *is = err == PT_OK && covers(&receipted, head) && receipted.epoch == epoch && is_old(receipted.time_ms, rule);
    pt_arena_close(&arena);
    return err;
}

enum pt_err pt_prune_is_delivered(struct pt_txn *txn, const struct pt_head *head, const struct pt_prune_rule *rule,
                                  bool *is)
{
    struct pt_arena arena;
    struct pt_receipted receipted;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_receipted(txn, head, rule->office_tier, &arena, &receipted);
    *is = err == PT_OK && covers(&receipted, head);
    pt_arena_close(&arena);
    return err;
}

/* --- evidence --- */

struct evidence {
    struct pt_txn *txn;
    enum pt_tier tier;
    uint64_t epoch; /* of its newest receipt */
    bool present;   /* and that is the one it has now */
    bool safe;
};

static enum pt_err look_at_blob(void *data, const struct pt_hash *hash, bool small, Patuh__EntryKind kind)
{
    struct evidence *e = data;
    struct pt_blob_receipted receipted;
    if (small || kind != PATUH__ENTRY_KIND__ENTRY_ADD_EVIDENCE || !e->safe) {
        return PT_OK;
    }
    enum pt_err err = pt_blob_receipted(e->txn, hash, e->tier, &receipted);
    e->safe = err == PT_OK && e->present && receipted.found && receipted.epoch == e->epoch;
    return err;
}

/* One call for each blob that the entries of a log name, those too that are held or wait in the tail. */
static enum pt_err visit_blobs(struct pt_txn *txn, const struct pt_head *head, pt_blob_visit visit, void *data)
{
    struct pt_arena arena;
    struct pt_view view;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_logs_view(txn, head, 0, true, &arena, &view);
    for (size_t i = 0; err == PT_OK && i < view.n_entries; i++) {
        err = pt_entry_blobs(&view.entries[i], &arena, visit, data);
    }
    for (size_t b = 0; err == PT_OK && b < view.n_branches; b++) {
        for (size_t i = 0; err == PT_OK && i < view.branches[b].n_entries; i++) {
            err = pt_entry_blobs(&view.branches[b].entries[i], &arena, visit, data);
        }
    }
    pt_arena_close(&arena);
    return err;
}

/* An office that was restored says its epoch in Welcome, and may have signed nothing for us since. */
static enum pt_err is_present(struct pt_txn *txn, uint64_t epoch, bool *is)
{
    uint64_t said = epoch;
    enum pt_err err = pt_meta_get_u64(txn, PT_META_OFFICE_EPOCH, &said);
    *is = said == epoch;
    return err == PT_ENOTFOUND ? PT_OK : err;
}

enum pt_err pt_prune_is_evidence_safe(struct pt_txn *txn, const struct pt_head *head, const struct pt_prune_rule *rule,
                                      bool *safe)
{
    uint64_t lsn;
    struct evidence e = {.txn = txn, .tier = rule->office_tier, .safe = true};
    enum pt_err err = pt_receipt_newest(txn, rule->office_tier, &e.epoch, &lsn);
    if (err == PT_OK) {
        err = is_present(txn, e.epoch, &e.present);
    }
    if (err == PT_OK) {
        err = visit_blobs(txn, head, look_at_blob, &e);
    }
    *safe = e.safe;
    return err;
}

/* --- files --- */

struct files {
    struct pt_hash *hashes;
    size_t n, capacity;
};

static enum pt_err add_file(void *data, const struct pt_hash *hash, bool small, Patuh__EntryKind kind)
{
    struct files *files = data;
    if (small || kind != PATUH__ENTRY_KIND__ENTRY_ADD_EVIDENCE) {
        return PT_OK;
    }
    enum pt_err err = pt_reserve(&files->hashes, &files->capacity, files->n + 1, sizeof *files->hashes);
    if (err == PT_OK) {
        files->hashes[files->n++] = *hash;
    }
    return err;
}

static int compare_hashes(const void *a, const void *b)
{
    return pt_hash_cmp(a, b);
}

static void sort_once(struct files *files)
{
    size_t kept = 0;
    if (files->n > 1) {
        qsort(files->hashes, files->n, sizeof *files->hashes, compare_hashes);
    }
    for (size_t i = 0; i < files->n; i++) {
        if (i == 0 || !pt_hash_eq(&files->hashes[i], &files->hashes[kept - 1])) {
            files->hashes[kept++] = files->hashes[i];
        }
    }
    files->n = kept;
}

/* Somebody else names it, for whatever: it stays. */
static enum pt_err keep_file(void *data, const struct pt_hash *hash, bool small, Patuh__EntryKind kind)
{
    (void)kind;
    struct files *files = data;
    struct pt_hash *found =
        small || files->n == 0 ? NULL : bsearch(hash, files->hashes, files->n, sizeof *files->hashes, compare_hashes);
    if (found != NULL) {
        size_t at = (size_t)(found - files->hashes);
        memmove(found, found + 1, (files->n - at - 1) * sizeof *found);
        files->n--;
    }
    return PT_OK;
}

/* First those of the subject, then without what any other log names. */
static enum pt_err gather_files(struct pt_txn *txn, const struct pt_subject *subject, struct files *files)
{
    struct pt_head *heads;
    size_t n = 0;
    enum pt_err err = pt_logs_all(txn, &heads, &n);
    if (err != PT_OK) {
        return err;
    }
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        bool its = pt_subject_eq(&heads[i].log.subject, subject);
        err = its ? visit_blobs(txn, &heads[i], add_file, files) : PT_OK;
    }
    sort_once(files);
    for (size_t i = 0; i < n && err == PT_OK && files->n > 0; i++) {
        bool its = pt_subject_eq(&heads[i].log.subject, subject);
        err = its ? PT_OK : visit_blobs(txn, &heads[i], keep_file, files);
    }
    pt_free(heads);
    return err;
}

enum pt_err pt_prune_files(struct pt_txn *txn, const struct pt_subject *subject, struct pt_arena *arena,
                           struct pt_hash **out, size_t *n)
{
    struct files files = {0};
    enum pt_err err = gather_files(txn, subject, &files);
    if (err == PT_OK) {
        struct pt_bytes copy = pt_arena_dup(arena, pt_bytes_of(files.hashes, files.n * sizeof *files.hashes));
        err = copy.data == NULL ? pt_arena_err(arena) : PT_OK;
        memcpy(out, &copy.data, sizeof *out);
        *n = files.n;
    }
    pt_free(files.hashes);
    return err;
}
