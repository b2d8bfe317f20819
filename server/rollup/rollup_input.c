/* rollup_input.c - what a rollup reads: who may write what, and what the cycle's log has loaded. */
#include "base/mem.h"
#include "core/wire/unpack.h"
#include "rollup/rollup_internal.h"

#include <string.h>

/* The logs of one subject are a leaf without a row. */
static enum pt_err add_plain_leaf(struct pt__rollup *r, const char *subject, const struct pt_hash *inputs)
{
    static const struct pt_hash no_row;
    return pt__rollup_add_leaf(r, subject, &no_row, inputs);
}

/* Heads from first on that are about one subject end before this one. */
static size_t end_of_subject(const struct pt__rollup *r, size_t first)
{
    size_t end = first + 1;
    while (end < r->n_heads && pt_subject_eq(&r->heads[end].log.subject, &r->heads[first].log.subject)) {
        end++;
    }
    return end;
}

static size_t first_of_subject(const struct pt__rollup *r, const struct pt_subject *subject)
{
    size_t first = 0;
    while (first < r->n_heads && !pt_subject_eq(&r->heads[first].log.subject, subject)) {
        first++;
    }
    return first;
}

static enum pt_err read_cycle(struct pt__rollup *r, const struct pt_subject *subject)
{
    size_t first = first_of_subject(r, subject);
    if (first == r->n_heads) {
        return PT_OK;
    }
    enum pt_err err = pt__rollup_views(r, first, end_of_subject(r, first), &r->keep, &r->cycle_views, &r->n_cycle_views,
                                       &r->cycle_inputs);
    return err == PT_OK && r->n_cycle_views > 0 ? add_plain_leaf(r, subject->text, &r->cycle_inputs) : err;
}

/* From the cycle's logs as a whole, before limits or a version cut them. */
static enum pt_err find_version(struct pt__rollup *r, const struct pt_subject *subject)
{
    struct pt_txn *txn;
    struct pt_view *views;
    size_t n = 0;
    enum pt_err err = pt_store_begin_read(r->in->store, &txn);
    if (err != PT_OK) {
        return err;
    }
    err = pt_logs_views(txn, subject, r->upto_lsn, false, &r->keep, &views, &n);
    pt_store_abort(txn);
    return err == PT_OK && n > 0 ? pt__version_open(r, views, n) : err;
}

/* As the authority has left them; noting the inputs moves the others about. */
static enum pt_err keep_office_views(struct pt__rollup *r, const struct pt_view *views, size_t n)
{
    r->office_views = pt_arena_zalloc(&r->keep, n + 1, sizeof *r->office_views);
    if (r->office_views == NULL) {
        return PT_ENOMEM;
    }
    if (n > 0) {
        memcpy(r->office_views, views, n * sizeof *views);
    }
    r->n_office_views = n;
    return PT_OK;
}

/* Office logs follow each other. Their inputs are noted when the authority has said how far forked ones count. */
static enum pt_err read_authority(struct pt__rollup *r, struct pt_view **views, size_t *n_views)
{
    size_t first = 0;
    while (first < r->n_heads && pt_subject_kind(&r->heads[first].log.subject) != PT_SUBJECT_OFFICE) {
        first++;
    }
    size_t end = first;
    while (end < r->n_heads && pt_subject_kind(&r->heads[end].log.subject) == PT_SUBJECT_OFFICE) {
        end++;
    }
    *n_views = end - first;
    enum pt_err err = pt__rollup_read_views(r, first, end, &r->keep, views);
    if (err == PT_OK) {
        err = pt__version_cut(r, *views, *n_views, &r->keep);
    }
    if (err == PT_OK) {
        err = pt_authority_build(*views, *n_views, &r->in->root, &r->keep, &r->authority);
    }
    return err == PT_OK ? keep_office_views(r, *views, *n_views) : err;
}

static enum pt_err note_offices(struct pt__rollup *r, struct pt_view *views, size_t n_views)
{
    enum pt_err err = PT_OK;
    size_t end;
    for (size_t i = 0; i < n_views && err == PT_OK; i = end) {
        struct pt_hash inputs;
        for (end = i + 1; end < n_views && pt_subject_eq(&views[end].log.subject, &views[i].log.subject);) {
            end++;
        }
        size_t n = end - i;
        err = pt__rollup_note_inputs(r, &views[i], &n, &inputs);
        if (err == PT_OK && n > 0) {
            err = add_plain_leaf(r, views[i].log.subject.text, &inputs);
        }
    }
    return err;
}

/* Past a fork that was known an office has to have said so. */
static enum pt_err check_rulings(struct pt__rollup *r)
{
    for (size_t i = 0; i < r->n_heads && r->limits != NULL; i++) {
        const struct pt_log_id *log = &r->heads[i].log;
        const struct pt__limit *limit = pt__rollup_limit(r, log);
        const struct pt_ruling *ruling = pt_authority_ruling(&r->authority, log);
        bool later = pt_subject_kind(&log->subject) == PT_SUBJECT_ASSESSMENT; /* with the approvals beside it */
        if (limit == NULL || !limit->forked || limit->seq <= limit->fork_seq || later) {
            continue;
        }
        if (ruling == NULL || ruling->seq != limit->seq || !pt_hash_eq(&ruling->link, &limit->link)) {
            return pt_problem_set(r->problem, PT_EINVALID, PT_MSG_ROLLUP_NOT_RULED, log->subject.text, NULL);
        }
    }
    return PT_OK;
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

static enum pt_err open_cycle(struct pt__rollup *r, const struct pt_subject *subject)
{
    enum pt_err err = read_cycle(r, subject);
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

static enum pt_err open_above(struct pt__rollup *r)
{
    struct pt_subject subject;
    struct pt_view *offices;
    size_t n_offices;
    enum pt_err err = pt_subject_make(PT_SUBJECT_CYCLE, r->in->cycle, &subject);
    if (err == PT_OK) {
        err = find_version(r, &subject);
    }
    if (err == PT_OK) {
        err = pt__pseudonym_open(r, &subject);
    }
    if (err == PT_ENOTFOUND || err == PT_EMALFORMED) {
        return pt_problem_set(r->problem, PT_EINVALID, PT_MSG_ROLLUP_NO_CYCLE, r->in->cycle, NULL);
    }
    if (err == PT_OK) {
        err = read_authority(r, &offices, &n_offices);
    }
    if (err == PT_OK) {
        err = check_rulings(r);
    }
    if (err == PT_OK) {
        err = open_cycle(r, &subject);
    }
    return err == PT_OK ? note_offices(r, offices, n_offices) : err;
}

enum pt_err pt__rollup_open(struct pt__rollup *r)
{
    pt_arena_init(&r->keep, SIZE_MAX);
    pt_arena_init(&r->work, SIZE_MAX);
    if (r->checked != NULL && r->in->level != PT_LEVEL_FIXED) { /* a version says itself how far it goes */
        r->limits = r->checked->limits;
    }
    r->rows = pt_zalloc(sizeof *r->rows);
    if (r->rows == NULL) {
        return PT_ENOMEM;
    }
    pt_arena_init(&r->rows->made, SIZE_MAX);
    enum pt_err err = pt__rollup_list_heads(r);
    if (err == PT_OK && r->checked != NULL) {
        err = pt__rollup_check_chains(r);
    }
    if (err == PT_OK) {
        err = open_above(r);
    }
    if (err == PT_OK) {
        r->inputs_above = r->inputs; /* "c:" and "o:" sort after the assessments, which are read next */
        r->inputs = (struct pt_buf){0};
        pt_buf_put_str(&r->inputs, "subject,author,incarnation,seq,link,fork\n");
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
    pt_free(r->heads);
    pt_free(r->units);
    pt_free(r->institutions);
    pt_free(r->leaves);
    pt__divided_free(&r->tree);
    pt__divided_free(&r->answers);
    pt__rows_free(r->rows);
    pt_buf_free(&r->unit_rows);
    pt_buf_free(&r->key_ends);
    pt_buf_free(&r->key_rest);
    pt_buf_free(&r->inputs);
    pt_buf_free(&r->inputs_above);
}
