/* blob_files.c - the session's blob operations over files. */
#include "io/net/link.h"

static enum pt_err read_file(void *data, const struct pt_hash *hash, uint64_t offset, size_t n_max,
                             struct pt_arena *arena, struct pt_bytes *bytes, uint64_t *total)
{
    struct pt_buf content = {0};
    enum pt_err err = pt_blobs_get(data, hash, &content);
    if (err == PT_OK) {
        size_t from = offset < content.n ? (size_t)offset : content.n;
        size_t n = content.n - from < n_max ? content.n - from : n_max;
        *bytes = pt_arena_dup(arena, pt_bytes_of(content.data + from, n));
        *total = content.n;
        err = bytes->data == NULL ? PT_ENOMEM : PT_OK;
    }
    pt_buf_free(&content);
    return err;
}

static enum pt_err append_file(void *data, const struct pt_hash *hash, uint64_t offset, uint64_t total,
                               struct pt_bytes part, uint64_t *next, bool *complete)
{
    struct pt_blobs *blobs = data;
    struct pt_blob_claim claim = {.hash = *hash, .size = (uint32_t)total};
    uint32_t arrived = 0;
    *complete = pt_blobs_is_durable(blobs, hash);
    if (*complete) {
        return PT_OK;
    }
    enum pt_err err = pt_blobs_append(blobs, &claim, (uint32_t)offset, part, &arrived);
    if (err == PT_OK && arrived == claim.size) {
        err = pt_blobs_finish(blobs, &claim);
        *complete = err == PT_OK;
    }
    *next = arrived;
    return err == PT_EGAP ? PT_OK : err; /* go on from where we are */
}

/* Of a content that is all there and was not finished the last byte is asked for again: with it comes its end. */
static enum pt_err resume_file(void *data, const struct pt_hash *hash, uint64_t *offset)
{
    struct pt_blob_claim claim;
    uint32_t arrived = 0;
    enum pt_err err = pt_blobs_arrived(data, hash, &claim, &arrived);
    *offset = arrived > 0 && arrived == claim.size ? arrived - 1 : arrived;
    return err;
}

static bool is_durable(void *data, const struct pt_hash *hash)
{
    return pt_blobs_is_durable(data, hash);
}

struct pt_blob_ops pt_blob_files(struct pt_blobs *blobs)
{
    return (struct pt_blob_ops){
        .read = read_file, .append = append_file, .resume = resume_file, .is_durable = is_durable, .data = blobs};
}
