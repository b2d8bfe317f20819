/* rollup_input.c - what a rollup reads: logs as far as they count, and what the cycle's log has loaded. */
#include "base/mem.h"
#include "base/text.h"
#include "core/wire/unpack.h"
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

/* Heads and the last LSN of one moment. */
static enum pt_err list_heads(struct pt__rollup *r)
{
    struct pt_txn *txn;
    struct pt_hash unused;
    enum pt_err err = pt_store_begin(r->in->store, false, &txn);
    if (err != PT_OK) {
        return err;
    }
    r->upto_lsn = r->in->upto_lsn;
    if (r->limits == NULL && r->upto_lsn == 0) {
        err = pt_arrival_last(txn, &r->upto_lsn, &unused);
    }
    if (err == PT_OK) {
        err = pt_logs_list(txn, NULL, &r->keep, &r->heads, &r->n_heads);
    }
    pt_store_abort(txn);
    if (err == PT_OK && r->n_heads > 1) {
        qsort(r->heads, r->n_heads, sizeof *r->heads, compare_heads);
    }
    return err;
}

const char *pt__pseudonym(const struct pt__rollup *r, const struct pt_author *author, char *buf)
{
    struct pt_hash hash =
        pt_hash2(PT_CONTEXT_PSEUDONYM, pt_hash_bytes(&r->salt), pt_bytes_of(author->b, sizeof author->b));
    for (size_t i = 0; i < 8; i++) {
        (void)snprintf(buf + 2 * i, 3, "%02x", hash.b[i]);
    }
    return buf;
}

static enum pt_err damaged(struct pt__rollup *r, const struct pt_head *head, uint64_t seq, enum pt_err why)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%" PRIu64, seq);
    enum pt_err err = why == PT_ENOMEM || why == PT_EIO ? why : PT_EDAMAGED;
    return pt_problem_set(r->problem, err, PT_MSG_ROLLUP_CHUNK, head->log.subject.text, text, pt_err_name(why), NULL);
}

/* Every link and signature of the log anew, up to a fork if there is one. */
static enum pt_err check_chain(struct pt__rollup *r, struct pt_txn *txn, const struct pt_head *head)
{
    struct pt_arena arena;
    uint64_t upto = head->forked ? head->fork_seq : head->seq;
    struct pt_hash link = pt_link_first(&head->log);
    uint64_t seq = 0;
    enum pt_err err = PT_OK;
    pt_arena_init(&arena, SIZE_MAX);
    while (err == PT_OK && seq < upto) {
        struct pt_run run;
        struct pt_checked_run checked;
        uint64_t last = 0;
        err = pt_logs_run(txn, head, seq + 1, RUN_BYTES, &arena, &run, &last);
        if (err == PT_OK && !pt_hash_eq(&run.previous, &link)) {
            err = PT_ELINK;
        }
        if (err == PT_OK) {
            err = pt_run_check(&run, &arena, &checked);
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

bool pt__rollup_of_cycle(const struct pt__rollup *r, const struct pt_subject *subject)
{
    char cycle[PT_SUBJECT_BYTES_MAX + 1];
    if (pt_subject_kind(subject) != PT_SUBJECT_ASSESSMENT || pt_subject_is_second(subject)) {
        return false;
    }
    pt_subject_cycle(subject, cycle);
    return strcmp(cycle, r->in->cycle) == 0;
}

/* Before anything is read from them: all logs that can take part. */
static enum pt_err check_chains(struct pt__rollup *r)
{
    enum pt_err err = PT_OK;
    for (size_t i = 0; i < r->n_heads && err == PT_OK; i++) {
        const struct pt_subject *subject = &r->heads[i].log.subject;
        struct pt_txn *txn;
        if (pt_subject_kind(subject) == PT_SUBJECT_ASSESSMENT && !pt__rollup_of_cycle(r, subject)) {
            continue;
        }
        err = pt_store_begin(r->in->store, false, &txn);
        if (err == PT_OK) {
            err = check_chain(r, txn, &r->heads[i]);
            pt_store_abort(txn);
        }
    }
    return err;
}

static void incarnation_text(uint64_t incarnation, char out[17])
{
    (void)snprintf(out, 17, "%016" PRIx64, incarnation);
}

/* How far the log counts: UINT64_MAX without limits, 0 when the limits do not know it. */
static uint64_t limit_of(const struct pt__rollup *r, const struct pt_log_id *log)
{
    char author[17];
    char incarnation[17];
    if (r->limits == NULL || r->in->level == PT_LEVEL_FIXED) { /* a version says itself how far */
        return UINT64_MAX;
    }
    pt__pseudonym(r, &log->author, author);
    incarnation_text(log->incarnation, incarnation);
    size_t low = 0;
    size_t high = r->n_limits;
    while (low < high) { /* the first of the subject */
        size_t middle = low + (high - low) / 2;
        bool before = strcmp(r->limits[middle].subject, log->subject.text) < 0;
        low = before ? middle + 1 : low;
        high = before ? high : middle;
    }
    for (; low < r->n_limits && strcmp(r->limits[low].subject, log->subject.text) == 0; low++) {
        if (strcmp(r->limits[low].author, author) == 0 && strcmp(r->limits[low].incarnation, incarnation) == 0) {
            return r->limits[low].seq;
        }
    }
    return 0;
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
    pt_csv_end_row(&csv);
    r->inputs.err = hex.err != PT_OK ? hex.err : r->inputs.err;
    pt_buf_free(&hex);
}

static enum pt_err read_view(struct pt__rollup *r, struct pt_txn *txn, const struct pt_head *head,
                             struct pt_arena *arena, struct pt_view *view)
{
    enum pt_err err = pt_logs_view(txn, head, r->upto_lsn, false, arena, view);
    if (err != PT_OK) {
        return err == PT_ENOMEM || err == PT_EIO ? err : damaged(r, head, 0, err);
    }
    pt__cut_view(view, limit_of(r, &head->log));
    return PT_OK;
}

/* Those that count anything move to the front; *inputs is the hash over where they end. */
static enum pt_err note_inputs(struct pt__rollup *r, struct pt_view *list, size_t n, size_t *n_kept,
                               struct pt_hash *inputs)
{
    struct pt_buf heads = {0};
    *n_kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (list[i].n_chunks == 0) {
            continue;
        }
        const struct pt_view_chunk *end = &list[i].chunks[list[i].n_chunks - 1];
        pt_log_id_put(&heads, &list[i].log);
        pt_buf_put_u64(&heads, end->last_seq);
        pt_buf_put_bytes(&heads, pt_hash_bytes(&end->link));
        put_input(r, &list[i]);
        list[(*n_kept)++] = list[i];
    }
    *inputs = pt_hash1(PT_CONTEXT_DIGEST, pt_buf_bytes(&heads));
    enum pt_err err = heads.err;
    pt_buf_free(&heads);
    return err;
}

enum pt_err pt__rollup_views(struct pt__rollup *r, size_t first, size_t last, struct pt_arena *arena,
                             struct pt_view **views, size_t *n_views, struct pt_hash *inputs)
{
    struct pt_txn *txn;
    struct pt_view *list = pt_arena_zalloc(arena, last - first, sizeof *list);
    if (list == NULL) {
        return PT_ENOMEM;
    }
    enum pt_err err = pt_store_begin(r->in->store, false, &txn);
    if (err != PT_OK) {
        return err;
    }
    for (size_t i = first; i < last && err == PT_OK; i++) {
        err = read_view(r, txn, &r->heads[i], arena, &list[i - first]);
    }
    pt_store_abort(txn);
    if (err == PT_OK) {
        err = pt__version_cut(r, list, last - first, arena);
    }
    if (err == PT_OK) {
        err = note_inputs(r, list, last - first, n_views, inputs);
    }
    *views = list;
    return err;
}

/* Nobody outside can turn an author into a pseudonym: the first chunk of the cycle's log is not published. */
static enum pt_err find_salt(struct pt__rollup *r, const char *subject)
{
    struct pt_txn *txn;
    enum pt_err err = pt_store_begin(r->in->store, false, &txn);
    if (err != PT_OK) {
        return err;
    }
    err = PT_ENOTFOUND;
    for (size_t i = 0; i < r->n_heads && err == PT_ENOTFOUND; i++) {
        const struct pt_head *head = &r->heads[i];
        if (strcmp(head->log.subject.text, subject) == 0 && pt_author_eq(&head->log.author, &r->in->root)) {
            struct pt_run run;
            uint64_t last;
            err = pt_logs_run(txn, head, 1, 1, &r->work, &run, &last);
            if (err == PT_OK) {
                r->salt = pt_hash2(PT_CONTEXT_PSEUDONYM, pt_bytes_str(r->in->cycle), run.chunks[0]);
            }
        }
    }
    pt_store_abort(txn);
    pt_arena_reset(&r->work);
    return err;
}

/* The logs of one kind of subject, or of one subject, as leaves without a row. */
static enum pt_err read_subjects(struct pt__rollup *r, const char *prefix, bool whole, struct pt_view **views,
                                 size_t *n_views)
{
    static const struct pt_hash no_row;
    struct pt_view *all = pt_arena_zalloc(&r->keep, r->n_heads, sizeof *all);
    size_t n = 0;
    enum pt_err err = all == NULL ? PT_ENOMEM : PT_OK;
    size_t end;
    for (size_t i = 0; i < r->n_heads && err == PT_OK; i = end) {
        const char *subject = r->heads[i].log.subject.text;
        for (end = i + 1; end < r->n_heads && strcmp(r->heads[end].log.subject.text, subject) == 0;) {
            end++;
        }
        bool meant = whole ? strcmp(subject, prefix) == 0 : strncmp(subject, prefix, strlen(prefix)) == 0;
        struct pt_view *some;
        size_t n_some = 0;
        struct pt_hash inputs = {0};
        if (meant) {
            err = pt__rollup_views(r, i, end, &r->keep, &some, &n_some, &inputs);
        }
        for (size_t k = 0; k < n_some && err == PT_OK; k++) {
            all[n++] = some[k];
        }
        r->cycle_inputs = meant && whole ? inputs : r->cycle_inputs;
        if (err == PT_OK && n_some > 0) {
            err = pt__rollup_add_leaf(r, subject, &no_row, &inputs);
        }
    }
    *views = all;
    *n_views = n;
    return err;
}

static enum pt_err no_blob(struct pt__rollup *r, const struct pt_loaded *loaded, enum pt_err err)
{
    if (err == PT_ENOMEM || err == PT_EIO) {
        return err;
    }
    return pt_problem_set(r->problem, PT_EINVALID, PT_MSG_ROLLUP_NO_BLOB, r->in->cycle, loaded->title, NULL);
}

enum pt_err pt__rollup_blob(struct pt__rollup *r, const struct pt_loaded *loaded, struct pt_arena *arena,
                            struct pt_bytes *out)
{
    struct pt_buf content = {0};
    enum pt_err err = r->in->blob(r->in->blob_data, &loaded->blob, &content);
    err = err == PT_OK ? content.err : err;
    struct pt_hash hash = pt_hash1(PT_CONTEXT_BLOB, pt_buf_bytes(&content));
    if (err == PT_OK && !pt_hash_eq(&hash, &loaded->blob)) {
        err = PT_EDAMAGED;
    }
    if (err == PT_OK) {
        *out = pt_arena_dup(arena, pt_buf_bytes(&content));
        err = out->data == NULL ? PT_ENOMEM : PT_OK;
    }
    pt_buf_free(&content);
    return err == PT_OK ? PT_OK : no_blob(r, loaded, err);
}

const struct pt_instrument *pt__rollup_instrument(void *data, const struct pt_hash *hash)
{
    const struct pt__rollup *r = data;
    for (size_t i = 0; i < r->n_versions; i++) {
        if (pt_hash_eq(&r->versions[i].hash, hash)) {
            return &r->versions[i].instrument;
        }
    }
    return NULL;
}

static enum pt_err other_cycle(struct pt__rollup *r, const char *cycle)
{
    return pt_problem_set(r->problem, PT_EINVALID, PT_MSG_ROLLUP_OTHER_CYCLE, r->in->cycle, cycle, NULL);
}

static enum pt_err open_version(struct pt__rollup *r, const struct pt_loaded *loaded)
{
    struct pt__version *version = &r->versions[r->n_versions++];
    struct pt_bytes bytes = {0};
    version->hash = loaded->blob;
    pt_arena_init(&version->arena, PT_INSTRUMENT_ARENA_BYTES);
    enum pt_err err = pt__rollup_blob(r, loaded, &r->keep, &bytes);
    if (err != PT_OK) {
        return err;
    }
    err = pt_instrument_open(bytes, &version->arena, &version->instrument);
    if (err != PT_OK) {
        return no_blob(r, loaded, err);
    }
    const char *cycle = version->instrument.settings.cycle;
    return strcmp(cycle, r->in->cycle) == 0 ? PT_OK : other_cycle(r, cycle);
}

static enum pt_err open_versions(struct pt__rollup *r)
{
    const struct pt_loaded *current = pt_cycle_current(&r->cycle, PATUH__ENTRY_KIND__ENTRY_INSTRUMENT);
    if (current == NULL) {
        return pt_problem_set(r->problem, PT_EINVALID, PT_MSG_ROLLUP_NO_CYCLE, r->in->cycle, NULL);
    }
    r->versions = pt_arena_zalloc(&r->keep, r->cycle.n_loaded, sizeof *r->versions);
    enum pt_err err = r->versions == NULL ? PT_ENOMEM : PT_OK;
    for (size_t i = 0; i < r->cycle.n_loaded && err == PT_OK; i++) {
        const struct pt_loaded *loaded = &r->cycle.loaded[i];
        bool known = pt__rollup_instrument(r, &loaded->blob) != NULL;
        if (loaded->kind == PATUH__ENTRY_KIND__ENTRY_INSTRUMENT && !known) {
            err = open_version(r, loaded);
        }
    }
    if (err == PT_OK) {
        r->instrument_hash = current->blob;
        r->ins = pt__rollup_instrument(r, &current->blob);
    }
    return err;
}

static enum pt_err open_registry(struct pt__rollup *r)
{
    const struct pt_loaded *loaded = pt_cycle_current(&r->cycle, PATUH__ENTRY_KIND__ENTRY_REGISTRY);
    struct pt_bytes blob = {0};
    struct pt_registry_files files;
    if (loaded == NULL) {
        return PT_OK;
    }
    enum pt_err err = pt__rollup_blob(r, loaded, &r->keep, &blob);
    if (err != PT_OK) {
        return err;
    }
    err = pt_registry_unpack(blob, &r->keep, &files);
    if (err != PT_OK) {
        return no_blob(r, loaded, err);
    }
    r->has_registry = true;
    r->registry_hash = loaded->blob;
    return pt_registry_read(&files, &r->keep, &r->registry, r->problem);
}

/* A later row of the same level and code takes the place of the earlier. */
static void take_result(struct pt__rollup *r, const struct pt_result *row, size_t n_before)
{
    for (size_t i = 0; i < n_before; i++) {
        if (r->results[i]->level == row->level && strcmp(r->results[i]->code, row->code) == 0) {
            r->results[i] = row;
            return;
        }
    }
    r->results[r->n_results++] = row;
}

static enum pt_err open_results(struct pt__rollup *r, const struct pt_loaded *loaded)
{
    struct pt_bytes blob = {0};
    struct pt_results results;
    enum pt_err err = pt__rollup_blob(r, loaded, &r->keep, &blob);
    if (err == PT_OK) {
        err = pt_results_read(blob, loaded->title, &r->keep, &results, r->problem);
    }
    if (err == PT_OK && strcmp(results.cycle, r->in->cycle) != 0) {
        err = other_cycle(r, results.cycle);
    }
    if (err != PT_OK) {
        return err;
    }
    const struct pt_result **grown = pt_arena_zalloc(&r->keep, r->n_results + results.n_rows, sizeof *grown);
    if (grown == NULL) {
        return PT_ENOMEM;
    }
    if (r->n_results > 0) {
        memcpy(grown, r->results, r->n_results * sizeof *grown);
    }
    r->results = grown;
    size_t n_before = r->n_results;
    for (size_t i = 0; i < results.n_rows; i++) {
        take_result(r, &results.rows[i], n_before);
    }
    r->result_hashes[r->n_result_hashes++] = loaded->blob;
    return PT_OK;
}

static enum pt_err open_all_results(struct pt__rollup *r)
{
    r->result_hashes = pt_arena_zalloc(&r->keep, r->cycle.n_loaded, sizeof *r->result_hashes);
    enum pt_err err = r->result_hashes == NULL ? PT_ENOMEM : PT_OK;
    for (size_t i = 0; i < r->cycle.n_loaded && err == PT_OK; i++) {
        if (r->cycle.loaded[i].kind == PATUH__ENTRY_KIND__ENTRY_RESULTS) {
            err = open_results(r, &r->cycle.loaded[i]);
        }
    }
    return err;
}

/* The cycle's log as a whole, before a version limits it. */
static enum pt_err find_version(struct pt__rollup *r, const struct pt_subject *subject)
{
    struct pt_txn *txn;
    struct pt_view *views;
    size_t n = 0;
    enum pt_err err = pt_store_begin(r->in->store, false, &txn);
    if (err != PT_OK) {
        return err;
    }
    views = pt_arena_zalloc(&r->keep, r->n_heads, sizeof *views);
    err = views == NULL ? PT_ENOMEM : PT_OK;
    for (size_t i = 0; i < r->n_heads && err == PT_OK; i++) {
        if (pt_subject_eq(&r->heads[i].log.subject, subject)) {
            err = read_view(r, txn, &r->heads[i], &r->keep, &views[n++]);
        }
    }
    pt_store_abort(txn);
    return err == PT_OK ? pt__version_open(r, views, n) : err;
}

static enum pt_err open_cycle(struct pt__rollup *r)
{
    struct pt_subject subject;
    enum pt_err err = pt_subject_make(PT_SUBJECT_CYCLE, r->in->cycle, &subject);
    if (err == PT_OK) {
        err = find_salt(r, subject.text);
    }
    if (err == PT_ENOTFOUND || err == PT_EMALFORMED) {
        return pt_problem_set(r->problem, PT_EINVALID, PT_MSG_ROLLUP_NO_CYCLE, r->in->cycle, NULL);
    }
    if (err == PT_OK) {
        err = find_version(r, &subject);
    }
    if (err == PT_OK) {
        err = read_subjects(r, subject.text, true, &r->cycle_views, &r->n_cycle_views);
    }
    if (err == PT_OK) {
        err = pt_cycle_build(r->cycle_views, r->n_cycle_views, &r->in->root, &r->keep, &r->cycle);
    }
    if (err == PT_OK) {
        err = open_versions(r);
    }
    if (err == PT_OK) {
        err = open_registry(r);
    }
    return err == PT_OK ? open_all_results(r) : err;
}

enum pt_err pt__rollup_open(struct pt__rollup *r)
{
    pt_arena_init(&r->keep, SIZE_MAX);
    pt_arena_init(&r->work, SIZE_MAX);
    enum pt_err err = list_heads(r);
    if (err == PT_OK && r->check_chains) {
        err = check_chains(r);
    }
    if (err == PT_OK) {
        err = open_cycle(r);
    }
    if (err == PT_OK) {
        err = read_subjects(r, "o:", false, &r->office_views, &r->n_office_views);
    }
    if (err == PT_OK) {
        err = pt_authority_build(r->office_views, r->n_office_views, &r->in->root, &r->keep, &r->authority);
        r->inputs_above = r->inputs; /* "c:" and "o:" sort after the assessments, which are read next */
        r->inputs = (struct pt_buf){0};
    }
    return err;
}

void pt__rollup_close(struct pt__rollup *r)
{
    for (size_t i = 0; i < r->n_versions; i++) {
        pt_arena_close(&r->versions[i].arena);
    }
    pt_arena_close(&r->keep);
    pt_arena_close(&r->work);
    pt_free(r->units);
    pt_free(r->institutions);
    pt_free(r->leaves);
    pt_buf_free(&r->tree);
    pt_buf_free(&r->answers);
    pt_buf_free(&r->inputs);
    pt_buf_free(&r->inputs_above);
}
