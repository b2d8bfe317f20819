#include "cycle_data.h"

#include "core/merge/load.h"

#include <string.h>

static enum pt_err read_log(const struct office *office, const char *code, struct cycle_data *data)
{
    struct pt_txn *txn;
    struct pt_authority authority;
    enum pt_err err = pt_store_begin_read(office->store, &txn);
    if (err != PT_OK) {
        return err;
    }
    err = pt_authority_load(txn, &office->root, &data->arena, &authority);
    if (err == PT_OK) {
        err = pt_cycle_load(txn, code, &authority, &office->root, &data->arena, &data->cycle);
    }
    pt_store_abort(txn);
    return err;
}

static enum pt_err read_blob(const struct office *office, struct cycle_data *data, Patuh__EntryKind kind,
                             struct pt_bytes *out)
{
    const struct pt_loaded *loaded = pt_cycle_current(&data->cycle, kind);
    struct pt_buf content = {0};
    *out = (struct pt_bytes){0};
    if (loaded == NULL) {
        return PT_OK;
    }
    enum pt_err err = pt_blobs_get(office->blobs, &loaded->blob, &content);
    if (err == PT_OK) {
        *out = pt_arena_dup(&data->arena, pt_buf_bytes(&content));
        err = out->data == NULL ? PT_ENOMEM : PT_OK;
    }
    pt_buf_free(&content);
    return err == PT_ENOTFOUND ? PT_OK : err; /* named, but not here yet */
}

static enum pt_err fill(const struct office *office, const char *cycle, struct cycle_data *data)
{
    struct pt_bytes blob;
    struct pt_registry_files files;
    enum pt_err err = read_log(office, cycle, data);
    if (err == PT_OK) {
        err = read_blob(office, data, PATUH__ENTRY_KIND__ENTRY_INSTRUMENT, &data->instrument_bytes);
    }
    if (err == PT_OK && data->instrument_bytes.n > 0) {
        err = pt_instrument_open(data->instrument_bytes, &data->arena, &data->instrument);
    }
    if (err == PT_OK) {
        err = read_blob(office, data, PATUH__ENTRY_KIND__ENTRY_REGISTRY, &blob);
    }
    if (err == PT_OK && blob.n > 0) {
        err = pt_registry_unpack(blob, &data->arena, &files);
        if (err == PT_OK) {
            err = pt_registry_read(&files, &data->arena, &data->registry, NULL);
        }
        data->has_registry = err == PT_OK;
    }
    return err;
}

enum pt_err cycle_data_open(const struct office *office, const char *cycle, struct cycle_data *out)
{
    struct cycle_data data = {0};
    pt_arena_init(&data.arena, SIZE_MAX);
    enum pt_err err = fill(office, cycle, &data);
    if (err != PT_OK) {
        cycle_data_close(&data);
        return err;
    }
    *out = data;
    return PT_OK;
}

void cycle_data_close(struct cycle_data *data)
{
    pt_arena_close(&data->arena);
    *data = (struct cycle_data){0};
}

enum pt_err cycle_codes(const struct office *office, struct pt_arena *arena, const char ***out, size_t *n_out)
{
    struct pt_txn *txn;
    struct pt_head *heads;
    size_t n = 0;
    enum pt_err err = pt_store_begin_read(office->store, &txn);
    if (err != PT_OK) {
        return err;
    }
    err = pt_logs_list(txn, NULL, arena, &heads, &n);
    pt_store_abort(txn);
    const char **codes = err == PT_OK ? pt_arena_zalloc(arena, n, sizeof *codes) : NULL;
    if (codes == NULL) {
        return err == PT_OK ? PT_ENOMEM : err;
    }
    size_t filled = 0;
    for (size_t i = 0; i < n; i++) { /* sorted: the same subject comes in one run */
        const char *name = pt_subject_name(&heads[i].log.subject);
        bool again = filled > 0 && strcmp(codes[filled - 1], name) == 0;
        if (heads[i].log.subject.text[0] == 'c' && !again) {
            codes[filled++] = name;
        }
    }
    *out = codes;
    *n_out = filled;
    return PT_OK;
}
