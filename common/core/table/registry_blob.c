/* registry_blob.c - the registry as one blob:  "ptreg1", u32 size of each table, zstd of the tables one after the
 * other. */
#include "base/arith.h"
#include "base/mem.h"
#include "core/limits.h"
#include "core/table/registry.h"

#include <stdio.h>
#include <zstd.h>

#define MAGIC "ptreg1"
#define MAGIC_BYTES 6
#define LEVEL 19 /* once a cycle, and everybody takes it over a thin link */
#define N_TABLES 4

static void tables_of(const struct pt_registry_files *files, struct pt_bytes tables[N_TABLES])
{
    tables[0] = files->offices;
    tables[1] = files->institutions;
    tables[2] = files->units;
    tables[3] = files->products;
}

static enum pt_err too_large(size_t n, size_t n_max, struct pt_problem *problem)
{
    char size[24];
    char limit[24];
    (void)snprintf(size, sizeof size, "%zu", n);
    (void)snprintf(limit, sizeof limit, "%zu", n_max);
    return pt_problem_set(problem, PT_EINVALID, PT_MSG_REGISTRY_TOO_LARGE, size, limit, NULL);
}

static enum pt_err compress_into(struct pt_buf *raw, struct pt_buf *out)
{
    size_t bound = ZSTD_compressBound(raw->n);
    uint8_t *room = pt_alloc(bound);
    if (room == NULL) {
        return PT_ENOMEM;
    }
    size_t n = ZSTD_compress(room, bound, raw->data, raw->n, LEVEL);
    enum pt_err err = ZSTD_isError(n) ? PT_ENOMEM : PT_OK; /* the room is enough: memory is all that can lack */
    if (err == PT_OK) {
        pt_buf_put(out, room, n);
        err = out->err;
    }
    pt_free(room);
    return err;
}

enum pt_err pt_registry_pack(const struct pt_registry_files *files, struct pt_buf *out, struct pt_problem *problem)
{
    struct pt_bytes tables[N_TABLES];
    struct pt_buf raw = {0};
    struct pt_buf blob = {0};
    tables_of(files, tables);
    pt_buf_put(&blob, MAGIC, MAGIC_BYTES);
    size_t total = 0;
    for (size_t i = 0; i < N_TABLES; i++) {
        if (!pt_add_size(total, tables[i].n, &total) || total > PT_REGISTRY_BYTES_MAX) {
            pt_buf_free(&raw);
            pt_buf_free(&blob);
            return too_large(total, PT_REGISTRY_BYTES_MAX, problem);
        }
        pt_buf_put_bytes(&raw, tables[i]);
        pt_buf_put_u32(&blob, (uint32_t)tables[i].n);
    }
    enum pt_err err = raw.err != PT_OK ? raw.err : compress_into(&raw, &blob);
    if (err == PT_OK && blob.n > PT_BLOB_BYTES_MAX) {
        err = too_large(blob.n, PT_BLOB_BYTES_MAX, problem);
    }
    if (err == PT_OK) {
        pt_buf_put_bytes(out, pt_buf_bytes(&blob));
        err = out->err;
    }
    pt_buf_free(&raw);
    pt_buf_free(&blob);
    return err;
}

enum pt_err pt_registry_unpack(struct pt_bytes blob, struct pt_arena *arena, struct pt_registry_files *out)
{
    struct pt_reader reader = pt_reader_on(blob);
    struct pt_bytes magic = pt_read_bytes(&reader, MAGIC_BYTES);
    size_t sizes[N_TABLES];
    size_t total = 0;
    for (size_t i = 0; i < N_TABLES; i++) {
        sizes[i] = pt_read_u32(&reader);
        total += sizes[i];
    }
    struct pt_bytes packed = pt_read_rest(&reader);
    if (reader.err != PT_OK || !pt_bytes_eq(magic, pt_bytes_of(MAGIC, MAGIC_BYTES))) {
        return PT_EMALFORMED;
    }
    if (total > PT_REGISTRY_BYTES_MAX) {
        return PT_ELIMIT;
    }
    uint8_t *raw = pt_arena_alloc(arena, total);
    if (raw == NULL) {
        return pt_arena_err(arena);
    }
    size_t n = ZSTD_decompress(raw, total, packed.data, packed.n);
    if (ZSTD_isError(n) || n != total) {
        return PT_EMALFORMED;
    }
    struct pt_registry_files files = {.offices = {raw, sizes[0]}};
    files.institutions = pt_bytes_of(raw + sizes[0], sizes[1]);
    files.units = pt_bytes_of(files.institutions.data + sizes[1], sizes[2]);
    files.products = pt_bytes_of(files.units.data + sizes[2], sizes[3]);
    *out = files;
    return PT_OK;
}
