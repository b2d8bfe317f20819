/* world_fix.c - the world fixes its result, and is copied, whole or in part. */
#include "world.h"

#include <criterion/criterion.h>
#include <string.h>

struct pt_author_pen world_pen(const struct world *w, enum world_author by)
{
    struct pt_author_pen pen = {.pair = &w->pairs[by], .incarnation = 1000 + (uint64_t)by, .wall_ms = 1690000000000};
    if (by == WORLD_ROOT && w->root_incarnation != 0) {
        pen.has_previous_incarnation = true;
        pen.previous_incarnation = pen.incarnation;
        pen.incarnation = w->root_incarnation;
    }
    return pen;
}

void world_plan(struct world *w, struct pt_fix *out)
{
    struct pt_rollup_input input = world_input(w, PT_LEVEL_NATIONAL);
    struct pt_problem problem = {0};
    cr_assert_eq(pt_fix_plan(&input, world_pen(w, WORLD_ROOT).incarnation, NULL, out, &problem), PT_OK, "%d",
                 (int)problem.msg);
}

void world_fix(struct world *w)
{
    struct pt_author_pen pen = world_pen(w, WORLD_ROOT);
    struct pt_fix fix;
    struct pt_txn *txn;
    world_plan(w, &fix);
    cr_assert_lt(w->n_blobs, WORLD_BLOBS_MAX);
    pt_buf_put_bytes(&w->blobs[w->n_blobs], fix.pins);
    w->blob_hashes[w->n_blobs++] = fix.pins_hash;
    cr_assert_eq(pt_store_begin_write(w->store, &txn), PT_OK);
    cr_assert_eq(pt_fix_write(txn, &pen, &fix, fix.stands ? "salah hitung" : NULL), PT_OK);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
    pt_fix_close(&fix);
}

void world_copy_without(struct world *w, struct pt_store *to, const char *without)
{
    struct pt_txn *txn;
    struct pt_txn *into;
    struct pt_head *heads;
    size_t n;
    cr_assert_eq(pt_store_begin_read(w->store, &txn), PT_OK);
    cr_assert_eq(pt_logs_list(txn, NULL, &w->arena, &heads, &n), PT_OK);
    for (size_t i = 0; i < n; i++) {
        struct pt_run run;
        struct pt_checked_run checked;
        struct pt_append append;
        uint64_t last;
        if (strcmp(heads[i].log.subject.text, without) == 0) {
            continue;
        }
        cr_assert_eq(pt_logs_run(txn, &heads[i], 1, 1 << 20, &w->arena, &run, &last), PT_OK);
        cr_assert_eq(pt_run_check(&run, &w->arena, &checked), PT_OK);
        cr_assert_eq(pt_store_begin_write(to, &into), PT_OK);
        cr_assert_eq(pt_logs_append(into, &checked, 0, &w->arena, &append), PT_OK);
        cr_assert_eq(pt_store_commit(into), PT_OK);
    }
    pt_store_abort(txn);
}

struct world world_copy(struct world *w)
{
    struct pt_random random = pt_random_system();
    struct world copy = *w;
    struct pt_txn *from;
    struct pt_txn *to;
    pt_arena_init(&copy.arena, SIZE_MAX);
    copy.n_shared = w->n_blobs;
    cr_assert_eq(pt_store_mem_create(NULL, &random, &copy.store), PT_OK);
    cr_assert_eq(pt_store_begin_read(w->store, &from), PT_OK);
    cr_assert_eq(pt_store_begin_write(copy.store, &to), PT_OK);
    for (int table = 0; table < PT_TABLE_COUNT; table++) {
        struct pt_rows rows = pt_rows_of(from, (enum pt_table)table, (struct pt_bytes){0});
        struct pt_bytes key;
        struct pt_bytes value;
        while (pt_rows_next(&rows, &key, &value)) {
            cr_assert_eq(pt_store_put(to, (enum pt_table)table, key, value), PT_OK);
        }
        cr_assert_eq(pt_rows_end(&rows), PT_OK);
    }
    pt_store_abort(from);
    cr_assert_eq(pt_store_commit(to), PT_OK);
    return copy;
}

void world_copy_close(struct world *copy)
{
    for (size_t i = copy->n_shared; i < copy->n_blobs; i++) {
        pt_buf_free(&copy->blobs[i]);
    }
    pt_arena_close(&copy->arena);
    pt_store_close(copy->store);
}
