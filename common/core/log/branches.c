#include "core/log/branches.h"

#include "core/log/logs_internal.h"

#include <stdlib.h>
#include <string.h>

/* A chunk past the fork. */
struct node {
    struct pt_branch_chunk chunk;
    bool followed;
};

struct tree {
    struct node *nodes; /* by first entry, so that a chunk stands after the one it follows */
    size_t n, capacity;
    struct node **by_link;
};

static enum pt_err read_nodes(struct pt_txn *txn, const struct pt_head *head, uint64_t upto_lsn, struct tree *tree)
{
    struct pt_key prefix = pt_key_u64(head->number);
    struct pt_key from = pt_key_log_seq(head->number, head->seq + 1);
    struct pt_rows rows = pt_rows_from(txn, PT_TABLE_CHUNKS, pt_key_bytes(&prefix), pt_key_bytes(&from));
    struct pt_bytes key;
    struct pt_bytes value;
    enum pt_err err = PT_OK;
    while (err == PT_OK && pt_rows_next(&rows, &key, &value)) {
        struct pt_arena arena;
        struct pt_record record;
        uint64_t lsn;
        pt_arena_init(&arena, SIZE_MAX);
        err = pt__indexed_read(txn, value, &arena, &record, &lsn);
        if (err == PT_OK && (upto_lsn == 0 || lsn <= upto_lsn)) {
            err = pt_reserve(&tree->nodes, &tree->capacity, tree->n + 1, sizeof *tree->nodes);
            if (err == PT_OK) {
                tree->nodes[tree->n++] = (struct node){.chunk = {.first_seq = record.first_seq,
                                                                 .last_seq = record.last_seq,
                                                                 .lsn = lsn,
                                                                 .received_ms = record.received_ms,
                                                                 .previous = record.previous,
                                                                 .link = record.link}};
            }
        }
        pt_arena_close(&arena);
    }
    enum pt_err end = pt_rows_end(&rows);
    return err == PT_OK ? end : err;
}

static int compare_links(const void *a, const void *b)
{
    const struct node *const *x = a;
    const struct node *const *y = b;
    return memcmp((*x)->chunk.link.b, (*y)->chunk.link.b, sizeof(struct pt_hash));
}

static struct node *find_node(const struct tree *tree, const struct pt_hash *link)
{
    struct node wanted = {.chunk.link = *link};
    struct node *key = &wanted;
    struct node **found = bsearch(&key, tree->by_link, tree->n, sizeof *tree->by_link, compare_links);
    return found == NULL ? NULL : *found;
}

static enum pt_err tie_nodes(struct tree *tree, struct pt_arena *arena)
{
    tree->by_link = pt_arena_zalloc(arena, tree->n, sizeof *tree->by_link);
    if (tree->by_link == NULL) {
        return pt_arena_err(arena);
    }
    for (size_t i = 0; i < tree->n; i++) {
        tree->by_link[i] = &tree->nodes[i];
    }
    qsort(tree->by_link, tree->n, sizeof *tree->by_link, compare_links);
    for (size_t i = 0; i < tree->n; i++) {
        struct node *before = find_node(tree, &tree->nodes[i].chunk.previous);
        if (before != NULL) {
            before->followed = true;
        }
    }
    return PT_OK;
}

static enum pt_err make_branch(const struct tree *tree, const struct node *last, struct pt_arena *arena,
                               struct pt_branch *out)
{
    size_t n = 0;
    for (const struct node *node = last; node != NULL; node = find_node(tree, &node->chunk.previous)) {
        n++;
    }
    struct pt_branch_chunk *chunks = pt_arena_zalloc(arena, n, sizeof *chunks);
    if (chunks == NULL) {
        return pt_arena_err(arena);
    }
    size_t at = n;
    for (const struct node *node = last; node != NULL; node = find_node(tree, &node->chunk.previous)) {
        chunks[--at] = node->chunk;
    }
    *out = (struct pt_branch){.seq = last->chunk.last_seq, .link = last->chunk.link, .chunks = chunks, .n_chunks = n};
    return PT_OK;
}

static int compare_branches(const void *a, const void *b)
{
    const struct pt_branch *x = a;
    const struct pt_branch *y = b;
    int order = (x->seq > y->seq) - (x->seq < y->seq);
    return order != 0 ? order : memcmp(x->link.b, y->link.b, sizeof x->link.b);
}

/* At an earlier LSN the fork may have lain further on: what all branches begin with comes before it. */
static void find_fork(const struct pt_head *head, struct pt_fork *fork)
{
    size_t common = 0;
    bool same = true;
    while (same) {
        for (size_t i = 0; i < fork->n && same; i++) {
            same = common < fork->branches[i].n_chunks &&
                   pt_hash_eq(&fork->branches[i].chunks[common].link, &fork->branches[0].chunks[common].link);
        }
        common += same;
    }
    fork->seq = common == 0 ? head->seq : fork->branches[0].chunks[common - 1].last_seq;
    for (size_t i = 0; i < fork->n; i++) {
        fork->branches[i].chunks += common;
        fork->branches[i].n_chunks -= common;
    }
}

static enum pt_err make_branches(const struct pt_head *head, const struct tree *tree, struct pt_arena *arena,
                                 struct pt_fork *out)
{
    struct pt_fork fork = {0};
    for (size_t i = 0; i < tree->n; i++) {
        fork.n += !tree->nodes[i].followed;
    }
    if (fork.n < 2) {
        *out = (struct pt_fork){0}; /* not forked yet at that LSN */
        return PT_OK;
    }
    fork.branches = pt_arena_zalloc(arena, fork.n, sizeof *fork.branches);
    enum pt_err err = fork.branches == NULL ? pt_arena_err(arena) : PT_OK;
    size_t n = 0;
    for (size_t i = 0; i < tree->n && err == PT_OK; i++) {
        if (!tree->nodes[i].followed) {
            err = make_branch(tree, &tree->nodes[i], arena, &fork.branches[n++]);
        }
    }
    if (err == PT_OK) {
        if (fork.n > 1) {
            qsort(fork.branches, fork.n, sizeof *fork.branches, compare_branches);
        }
        find_fork(head, &fork);
        *out = fork;
    }
    return err;
}

enum pt_err pt_logs_fork(struct pt_txn *txn, const struct pt_head *head, uint64_t upto_lsn, struct pt_arena *arena,
                         struct pt_fork *out)
{
    struct tree tree = {0};
    struct pt_arena work;
    if (!head->forked) {
        *out = (struct pt_fork){0};
        return PT_OK;
    }
    pt_arena_init(&work, SIZE_MAX);
    enum pt_err err = read_nodes(txn, head, upto_lsn, &tree);
    if (err == PT_OK) {
        err = tie_nodes(&tree, &work);
    }
    if (err == PT_OK) {
        err = make_branches(head, &tree, arena, out);
    }
    pt_free(tree.nodes);
    pt_arena_close(&work);
    return err;
}

static int compare_ends(const void *a, const void *b)
{
    const struct pt_chunk_end *x = a;
    const struct pt_chunk_end *y = b;
    int order = (x->seq > y->seq) - (x->seq < y->seq);
    return order != 0 ? order : memcmp(x->link.b, y->link.b, sizeof x->link.b);
}

static enum pt_err list_ends(const struct tree *tree, struct pt_arena *arena, struct pt_chunk_end **out, size_t *n_out)
{
    struct pt_chunk_end *ends = pt_arena_zalloc(arena, tree->n, sizeof *ends);
    size_t n = 0;
    if (ends == NULL) {
        return pt_arena_err(arena);
    }
    for (size_t i = 0; i < tree->n; i++) {
        const struct node *node = &tree->nodes[i];
        if (!node->followed) {
            ends[n++] = (struct pt_chunk_end){.seq = node->chunk.last_seq, .link = node->chunk.link};
        }
    }
    qsort(ends, n, sizeof *ends, compare_ends);
    *out = ends;
    *n_out = n < 2 ? 0 : n; /* as pt_logs_fork */
    return PT_OK;
}

/* This is asked after every commit to a forked log, and its author says how many branches it has: so no branch is
 * written out here, whose sizes add up to the square of what came. */
enum pt_err pt_logs_branch_ends(struct pt_txn *txn, const struct pt_head *head, struct pt_arena *arena,
                                struct pt_chunk_end **out, size_t *n_out)
{
    struct tree tree = {0};
    struct pt_arena work;
    *out = NULL;
    *n_out = 0;
    if (!head->forked) {
        return PT_OK;
    }
    pt_arena_init(&work, SIZE_MAX);
    enum pt_err err = read_nodes(txn, head, 0, &tree);
    if (err == PT_OK) {
        err = tie_nodes(&tree, &work);
    }
    if (err == PT_OK) {
        err = list_ends(&tree, arena, out, n_out);
    }
    pt_free(tree.nodes);
    pt_arena_close(&work);
    return err;
}

const struct pt_branch_chunk *pt_branch_chunk(const struct pt_branch *branch, const struct pt_hash *link)
{
    for (size_t i = 0; i < branch->n_chunks; i++) {
        if (pt_hash_eq(&branch->chunks[i].link, link)) {
            return &branch->chunks[i];
        }
    }
    return NULL;
}

const struct pt_branch *pt_fork_branch(const struct pt_fork *fork, const struct pt_hash *link)
{
    for (size_t i = 0; i < fork->n; i++) {
        if (pt_branch_chunk(&fork->branches[i], link) != NULL) {
            return &fork->branches[i];
        }
    }
    return NULL;
}
