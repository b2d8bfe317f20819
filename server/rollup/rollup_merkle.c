/* rollup_merkle.c - one leaf for every subject, and the tree over them (RFC 9162, section 2.1, with our contexts).
 *
 *     row   = H("patuh/1 row", its line of units.csv)          32 zero bytes for cycle and offices
 *     leaf  = H("patuh/1 leaf", subject || row || inputs)      inputs: hash over its logs' heads, zeros when imported
 *     node  = H("patuh/1 node", left || right)
 *
 * So one unit's score and logs are proved by a path of hashes, without the rest. */
#include "base/mem.h"
#include "rollup/rollup_internal.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 64

enum pt_err pt__rollup_add_leaf(struct pt__rollup *r, const char *subject, const struct pt_hash *row,
                                const struct pt_hash *inputs)
{
    if (pt_reserve(&r->leaves, &r->leaves_capacity, r->n_leaves + 1, sizeof *r->leaves) != PT_OK) {
        return PT_ENOMEM;
    }
    struct pt__leaf *leaf = &r->leaves[r->n_leaves];
    leaf->subject = pt_arena_str(&r->keep, subject);
    if (leaf->subject == NULL) {
        return PT_ENOMEM;
    }
    leaf->hash = pt_hash4(PT_CONTEXT_LEAF, pt_bytes_str(subject), pt_hash_bytes(row), pt_hash_bytes(inputs),
                          (struct pt_bytes){0});
    r->n_leaves++;
    return PT_OK;
}

static int compare_leaves(const void *a, const void *b)
{
    const struct pt__leaf *x = a;
    const struct pt__leaf *y = b;
    return strcmp(x->subject, y->subject);
}

static struct pt_hash node_of(const struct pt_hash *left, const struct pt_hash *right)
{
    return pt_hash2(PT_CONTEXT_NODE, pt_hash_bytes(left), pt_hash_bytes(right));
}

/* Full subtrees are joined as they become equal in size; what is left is joined from the right. */
struct pt_hash pt__merkle_root(const struct pt__leaf *leaves, size_t n)
{
    struct pt_hash stack[DEPTH_MAX];
    size_t depth = 0;
    if (n == 0) {
        return pt_hash1(PT_CONTEXT_NODE, (struct pt_bytes){0});
    }
    for (size_t i = 0; i < n; i++) {
        stack[depth++] = leaves[i].hash;
        for (size_t full = i + 1; full % 2 == 0; full /= 2) {
            depth--;
            stack[depth - 1] = node_of(&stack[depth - 1], &stack[depth]);
        }
    }
    for (; depth > 1; depth--) {
        stack[depth - 2] = node_of(&stack[depth - 2], &stack[depth - 1]);
    }
    return stack[0];
}

/* Its row goes into units.csv, where it is shown. */
static enum pt_err add_unit(struct pt__rollup *r, const struct pt__unit *unit)
{
    static const struct pt_hash nothing;
    struct pt_buf *rows = &r->unit_rows;
    size_t at = rows->n;
    if (pt__unit_shown(unit)) {
        pt__put_unit(r, unit, rows);
    }
    if (rows->err != PT_OK) {
        return rows->err;
    }
    struct pt_hash hash = pt_hash1(PT_CONTEXT_ROW, pt_bytes_of(rows->data + at, rows->n - at));
    const char *name = unit->subject.text;
    if (!unit->has_logs) { /* published codes may be longer than a subject */
        name = pt_arena_printf(&r->keep, "a:%s/%s", r->in->cycle, unit->code);
    }
    return name == NULL ? PT_ENOMEM : pt__rollup_add_leaf(r, name, &hash, unit->has_logs ? &unit->inputs : &nothing);
}

enum pt_err pt__rollup_leaves(struct pt__rollup *r)
{
    pt__put_unit_heading(&r->unit_rows);
    enum pt_err err = r->unit_rows.err;
    for (size_t i = 0; i < r->n_units && err == PT_OK; i++) {
        if (r->units[i].has_logs || pt__unit_shown(&r->units[i])) {
            err = add_unit(r, &r->units[i]);
        }
    }
    if (r->n_leaves > 1) {
        qsort(r->leaves, r->n_leaves, sizeof *r->leaves, compare_leaves);
    }
    r->root = pt__merkle_root(r->leaves, r->n_leaves);
    return err;
}
