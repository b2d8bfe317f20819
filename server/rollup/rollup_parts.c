/* rollup_parts.c - files in pieces: tree.csv and answers.csv are as large as all the others twenty times over, and most
 * of their rows are those of the last run. So their hash is over hashes of parts, each made once:
 *
 *     part = H("patuh/1 part", the heading, or the rows of one unit)
 *     file = H("patuh/1 parts", part || part || ...)             in the order of the file, the heading first */
#include "base/mem.h"
#include "rollup/rollup_internal.h"

#include <string.h>

enum pt_err pt__part_add(struct pt__divided *divided, const struct pt__part *part)
{
    if (part->bytes.n == 0) {
        return PT_OK;
    }
    if (pt_reserve(&divided->parts, &divided->capacity, divided->n_parts + 1, sizeof *divided->parts) != PT_OK) {
        return PT_ENOMEM;
    }
    divided->parts[divided->n_parts++] = part->bytes;
    pt_buf_put_bytes(&divided->hashes, pt_hash_bytes(&part->hash));
    return divided->hashes.err;
}

enum pt_err pt__part_end(struct pt__rollup *r, struct pt__divided *divided, struct pt__part *out)
{
    if (divided->rows.err != PT_OK) {
        return divided->rows.err;
    }
    out->bytes = pt_arena_dup(&r->rows->made, pt_buf_bytes(&divided->rows));
    if (out->bytes.data == NULL) {
        return PT_ENOMEM;
    }
    out->hash = pt_hash1(PT_CONTEXT_PART, out->bytes);
    pt_buf_clear(&divided->rows);
    return pt__part_add(divided, out);
}

struct pt_hash pt__divided_hash(const struct pt__divided *divided)
{
    return pt_hash1(PT_CONTEXT_PARTS, pt_buf_bytes(&divided->hashes));
}

void pt__divided_free(struct pt__divided *divided)
{
    pt_free(divided->parts);
    pt_buf_free(&divided->rows);
    pt_buf_free(&divided->hashes);
    *divided = (struct pt__divided){0};
}

void pt__rows_free(struct pt_rollup_rows *rows)
{
    if (rows != NULL) {
        pt_arena_close(&rows->made);
        pt_file_unmap(&rows->taken);
        pt_free(rows);
    }
}

const struct pt__divided *pt__divided_of(const struct pt__rollup *r, const char *name)
{
    if (strcmp(name, "answers.csv") == 0) {
        return &r->answers;
    }
    return strcmp(name, "tree.csv") == 0 ? &r->tree : NULL;
}

/* --- one file, whether it is divided or not --- */

static size_t n_pieces(const struct pt_rollup_file *file)
{
    return file->n_parts > 0 ? file->n_parts : 1;
}

static struct pt_bytes piece(const struct pt_rollup_file *file, size_t i)
{
    return file->n_parts > 0 ? file->parts[i] : pt_buf_bytes(&file->content);
}

void pt_rollup_file_put(const struct pt_rollup_file *file, struct pt_buf *out)
{
    for (size_t i = 0; i < n_pieces(file); i++) {
        pt_buf_put_bytes(out, piece(file, i));
    }
}

static size_t size_of(const struct pt_rollup_file *file)
{
    size_t n = 0;
    for (size_t i = 0; i < n_pieces(file); i++) {
        n += piece(file, i).n;
    }
    return n;
}

/* What is left of the piece at hand; the next one when nothing is. */
static struct pt_bytes rest_of(const struct pt_rollup_file *file, size_t *i, struct pt_bytes rest)
{
    while (rest.n == 0 && *i < n_pieces(file)) {
        rest = piece(file, (*i)++);
    }
    return rest;
}

bool pt_rollup_file_eq(const struct pt_rollup_file *a, const struct pt_rollup_file *b)
{
    struct pt_bytes x = {0};
    struct pt_bytes y = {0};
    size_t i = 0;
    size_t k = 0;
    if (size_of(a) != size_of(b)) {
        return false;
    }
    for (;;) {
        x = rest_of(a, &i, x);
        y = rest_of(b, &k, y);
        size_t n = x.n < y.n ? x.n : y.n;
        if (n == 0) { /* of one size: both end here */
            return true;
        }
        if (memcmp(x.data, y.data, n) != 0) {
            return false;
        }
        x = pt_bytes_of(x.data + n, x.n - n);
        y = pt_bytes_of(y.data + n, y.n - n);
    }
}
