/* Whatever changes, a rollup has the same bytes with its cache and without it. */
#include "world.h"

#include "base/mem.h"
#include "io/disk/files.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define N_ASSESSMENTS 7 /* of world_fill, without the second one */

struct cached {
    struct world w;
    char folder[64];
    char region[128];
    char index[160];
    char heap[160];
};

static void cached_open(struct cached *c)
{
    (void)snprintf(c->folder, sizeof c->folder, "/tmp/patuh-cache-XXXXXX");
    cr_assert_not_null(mkdtemp(c->folder));
    (void)snprintf(c->region, sizeof c->region, "%s/rollup-2023-region", c->folder);
    (void)snprintf(c->index, sizeof c->index, "%s/index", c->region);
    (void)snprintf(c->heap, sizeof c->heap, "%s/heap", c->region);
    world_open(&c->w, "2023");
    world_fill(&c->w);
}

static void remove_level(struct cached *c, const char *level)
{
    static const char *const names[] = {"/index", "/heap", ""};
    char path[256];
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(path, sizeof path, "%s/rollup-2023-%s%s", c->folder, level, names[i]);
        (void)remove(path);
    }
}

static void cached_close(struct cached *c)
{
    remove_level(c, "region");
    remove_level(c, "submitted");
    cr_expect_eq(rmdir(c->folder), 0, "no half-written file is left");
    world_close(&c->w);
}

static void build(struct cached *c, enum pt_level level, const char *cache, struct pt_rollup_files *out)
{
    struct pt_problem problem = {0};
    struct pt_rollup_input input = world_input(&c->w, level);
    input.cache = cache;
    cr_assert_eq(pt_rollup_build(&input, out, &problem), PT_OK);
}

/* Both ways; returns how many assessments came out of the cache. */
static size_t expect_truth(struct cached *c, enum pt_level level, const char *what)
{
    struct pt_rollup_files with = {0};
    struct pt_rollup_files without = {0};
    build(c, level, c->folder, &with);
    build(c, level, NULL, &without);
    cr_expect_eq(without.n_taken, 0);
    cr_assert_eq(with.n, without.n);
    for (size_t i = 0; i < with.n; i++) {
        cr_expect(pt_rollup_file_eq(&with.file[i], &without.file[i]), "%s: %s", what, with.file[i].name);
    }
    size_t n_taken = with.n_taken;
    pt_rollup_files_free(&with);
    pt_rollup_files_free(&without);
    return n_taken;
}

static void load(const char *path, struct pt_buf *out)
{
    pt_buf_clear(out);
    cr_assert_eq(pt_file_read(path, 1 << 22, out, NULL), PT_OK, "%s", path);
}

static void store(const char *path, struct pt_bytes bytes)
{
    cr_assert_eq(pt_file_write(path, bytes, 0600, NULL), PT_OK, "%s", path);
}

static void answer_late(struct world *w)
{
    world_answer(w, WORLD_ANA, "62.01/dinsos", "desk", "l4");
}

/* In the assessment that comes first in the heap, so that all others lie elsewhere. */
static void answer_first_late(struct world *w)
{
    world_answer(w, WORLD_ANA, "62.01/dinkes", "desk", "l4");
}

static void approve_again(struct world *w)
{
    world_move(w, WORLD_SOUTH, "62.01/dinsos", PATUH__STATE__STATE_APPROVED_REGION);
}

static void revoke_budi(struct world *w)
{
    world_revoke(w, WORLD_BUDI);
}

static void name_cici(struct world *w)
{
    world_name_device(w, WORLD_ROOT, "cici"); /* it writes about no assessment here */
}

static void load_other_weights(struct world *w)
{
    world_load_small_with(w, "Papan,1", "Papan,3");
}

static void load_registry(struct world *w)
{
    world_load_registry_of(w, "63");
}

static void fix_the_result(struct world *w)
{
    world_move(w, WORLD_ROOT, "62.01/dinkes", PATUH__STATE__STATE_APPROVED_NATIONAL);
    world_fix(w);
}

Test(rollup_cache, does_not_lie_whatever_changes)
{
    static const struct {
        const char *what;
        void (*change)(struct world *w);
        size_t n_taken;
    } rows[] = {
        {"a late answer", answer_late, N_ASSESSMENTS - 1},
        {"a new approval", approve_again, N_ASSESSMENTS - 1},
        {"a device is revoked that wrote in one", revoke_budi, N_ASSESSMENTS - 1},
        {"a key that wrote nothing is named", name_cici, N_ASSESSMENTS},
        {"the weights are others", load_other_weights, 0},
        {"an institution is another office's", load_registry, 0},
        {"the cycle is fixed", fix_the_result, 0},
    };
    struct cached c;
    cached_open(&c);
    cr_expect_eq(expect_truth(&c, PT_LEVEL_REGION, "first"), 0);
    cr_expect_eq(expect_truth(&c, PT_LEVEL_REGION, "again"), N_ASSESSMENTS);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        rows[i].change(&c.w);
        size_t n = expect_truth(&c, PT_LEVEL_REGION, rows[i].what);
        cr_expect_eq(n, rows[i].n_taken, "%s: %zu taken", rows[i].what, n);
        cr_expect_eq(expect_truth(&c, PT_LEVEL_REGION, rows[i].what), N_ASSESSMENTS, "%s, again", rows[i].what);
    }
    cr_expect_eq(expect_truth(&c, PT_LEVEL_SUBMITTED, "another level"), 0);
    cached_close(&c);
}

Test(rollup_cache, of_another_level_is_not_taken)
{
    struct cached c;
    char other[128];
    cached_open(&c);
    cr_expect_eq(expect_truth(&c, PT_LEVEL_REGION, "region"), 0);
    (void)snprintf(other, sizeof other, "%s/rollup-2023-submitted", c.folder);
    cr_assert_eq(rename(c.region, other), 0);
    cr_expect_eq(expect_truth(&c, PT_LEVEL_SUBMITTED, "submitted"), 0, "the key has the level");
    cached_close(&c);
}

/* Of one file of a good cache every eightieth byte in turn is wrong, then it ends there. The other file stays good.
 * n_least: of the assessments, so many are still taken when one byte is wrong. */
static void expect_damage_noticed(const char *(*path_of)(struct cached *c), size_t n_least)
{
    struct cached c;
    struct pt_buf index = {0};
    struct pt_buf heap = {0};
    cached_open(&c);
    cr_expect_eq(expect_truth(&c, PT_LEVEL_REGION, "first"), 0);
    load(c.index, &index);
    load(c.heap, &heap);
    const char *path = path_of(&c);
    struct pt_buf *damaged = path == c.index ? &index : &heap;
    for (size_t at = 0; at < damaged->n; at += damaged->n / 80 + 1) {
        store(c.index, pt_buf_bytes(&index));
        store(c.heap, pt_buf_bytes(&heap));
        damaged->data[at] ^= 0x10;
        store(path, pt_buf_bytes(damaged));
        damaged->data[at] ^= 0x10;
        size_t n = expect_truth(&c, PT_LEVEL_REGION, "flipped");
        cr_expect_eq(n, n_least, "byte %zu: %zu taken", at, n);
        cr_expect_eq(expect_truth(&c, PT_LEVEL_REGION, "mended"), N_ASSESSMENTS);
        store(c.index, pt_buf_bytes(&index));
        store(c.heap, pt_buf_bytes(&heap));
        store(path, pt_bytes_of(damaged->data, at));
        cr_expect_lt(expect_truth(&c, PT_LEVEL_REGION, "cut"), N_ASSESSMENTS, "length %zu", at);
        cr_expect_eq(expect_truth(&c, PT_LEVEL_REGION, "mended"), N_ASSESSMENTS);
    }
    pt_buf_free(&index);
    pt_buf_free(&heap);
    cached_close(&c);
}

static const char *index_of(struct cached *c)
{
    return c->index;
}

static const char *heap_of(struct cached *c)
{
    return c->heap;
}

Test(rollup_cache, a_damaged_index_is_not_believed)
{
    expect_damage_noticed(index_of, 0);
}

Test(rollup_cache, of_a_damaged_heap_what_is_damaged_is_computed_anew)
{
    expect_damage_noticed(heap_of, N_ASSESSMENTS - 1);
}

Test(rollup_cache, without_one_of_its_files_is_none)
{
    struct cached c;
    cached_open(&c);
    const char *const paths[] = {c.index, c.heap};
    for (size_t i = 0; i < 2; i++) {
        (void)expect_truth(&c, PT_LEVEL_REGION, "first");
        cr_assert_eq(unlink(paths[i]), 0);
        cr_expect_eq(expect_truth(&c, PT_LEVEL_REGION, "without"), 0, "%s", paths[i]);
        cr_expect_eq(expect_truth(&c, PT_LEVEL_REGION, "again"), N_ASSESSMENTS, "%s", paths[i]);
    }
    cached_close(&c);
}

/* An index beside a heap that was made from another beginning: places are right, what is there is not. */
Test(rollup_cache, a_heap_of_another_run_is_not_believed)
{
    struct cached c;
    struct pt_buf other = {0};
    cached_open(&c);
    (void)expect_truth(&c, PT_LEVEL_REGION, "first");
    load(c.heap, &other);
    cr_assert_eq(unlink(c.index), 0);
    cr_assert_eq(unlink(c.heap), 0);
    answer_first_late(&c.w);
    (void)expect_truth(&c, PT_LEVEL_REGION, "another beginning");
    store(c.heap, pt_buf_bytes(&other));
    cr_expect_lt(expect_truth(&c, PT_LEVEL_REGION, "exchanged"), N_ASSESSMENTS);
    cr_expect_eq(expect_truth(&c, PT_LEVEL_REGION, "again"), N_ASSESSMENTS);
    pt_buf_free(&other);
    cached_close(&c);
}

/* A crash leaves one of the two files as it was before. */
Test(rollup_cache, a_crash_between_heap_and_index_costs_what_was_new)
{
    struct cached c;
    struct pt_buf index = {0};
    struct pt_buf heap = {0};
    struct pt_buf grown = {0};
    cached_open(&c);
    (void)expect_truth(&c, PT_LEVEL_REGION, "first");
    load(c.index, &index);
    load(c.heap, &heap);
    answer_late(&c.w);
    cr_expect_eq(expect_truth(&c, PT_LEVEL_REGION, "late"), N_ASSESSMENTS - 1);
    load(c.heap, &grown);
    cr_assert_gt(grown.n, heap.n, "it grows at its end");
    cr_expect_eq(memcmp(grown.data, heap.data, heap.n), 0, "and nowhere else");
    store(c.index, pt_buf_bytes(&index)); /* the heap had grown, the index was not there yet */
    cr_expect_eq(expect_truth(&c, PT_LEVEL_REGION, "old index"), N_ASSESSMENTS - 1);
    cr_expect_eq(expect_truth(&c, PT_LEVEL_REGION, "again"), N_ASSESSMENTS);
    store(c.heap,
          pt_buf_bytes(&heap)); /* the power failed: the index had reached the disk, what it points to had not */
    cr_expect_eq(expect_truth(&c, PT_LEVEL_REGION, "old heap"), N_ASSESSMENTS - 1);
    cr_expect_eq(expect_truth(&c, PT_LEVEL_REGION, "again"), N_ASSESSMENTS);
    pt_buf_free(&index);
    pt_buf_free(&heap);
    pt_buf_free(&grown);
    cached_close(&c);
}

Test(rollup_cache, what_a_crash_left_half_written_is_overwritten)
{
    static const char *const names[] = {"index.new", "heap.new"};
    struct cached c;
    char path[192];
    cached_open(&c);
    cr_assert_eq(pt_folder_make(c.region, 0700, NULL), PT_OK);
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", c.region, names[i]);
        store(path, pt_bytes_str("half"));
    }
    cr_expect_eq(expect_truth(&c, PT_LEVEL_REGION, "first"), 0);
    cr_expect_eq(expect_truth(&c, PT_LEVEL_REGION, "again"), N_ASSESSMENTS);
    cached_close(&c); /* finds nothing else in the folder */
}

Test(rollup_cache, dead_space_is_given_back)
{
    struct cached c;
    struct pt_buf heap = {0};
    size_t n_last = 0;
    size_t n_max = 0;
    size_t n_shrunk = 0;
    cached_open(&c);
    (void)expect_truth(&c, PT_LEVEL_REGION, "first");
    load(c.heap, &heap);
    size_t n_first = heap.n;
    for (size_t round = 0; round < 6; round++) { /* all of it is of another key each time */
        world_load_small_with(&c.w, "Papan,1", round % 2 == 0 ? "Papan,3" : "Papan,2");
        cr_expect_eq(expect_truth(&c, PT_LEVEL_REGION, "all is new"), 0);
        cr_expect_eq(expect_truth(&c, PT_LEVEL_REGION, "again"), N_ASSESSMENTS);
        load(c.heap, &heap);
        n_shrunk += heap.n < n_last;
        n_last = heap.n;
        n_max = heap.n > n_max ? heap.n : n_max;
    }
    cr_expect_geq(n_shrunk, 1);
    cr_expect_lt(n_max, 2 * n_first + n_first / 4, "%zu of %zu bytes", n_max, n_first);
    pt_buf_free(&heap);
    cached_close(&c);
}

Test(rollup_cache, another_run_that_writes_is_left_alone)
{
    struct cached c;
    struct pt_buf before = {0};
    struct pt_buf after = {0};
    int lock;
    cached_open(&c);
    (void)expect_truth(&c, PT_LEVEL_REGION, "first");
    load(c.index, &before);
    answer_late(&c.w);
    cr_assert_eq(pt_folder_lock(c.region, &lock), PT_OK);
    for (size_t i = 0; i < 2; i++) {
        cr_expect_eq(expect_truth(&c, PT_LEVEL_REGION, "beside another"), N_ASSESSMENTS - 1, "it may read");
    }
    load(c.index, &after);
    cr_expect(pt_bytes_eq(pt_buf_bytes(&before), pt_buf_bytes(&after)));
    (void)close(lock);
    (void)expect_truth(&c, PT_LEVEL_REGION, "alone");
    cr_expect_eq(expect_truth(&c, PT_LEVEL_REGION, "again"), N_ASSESSMENTS);
    pt_buf_free(&before);
    pt_buf_free(&after);
    cached_close(&c);
}

/* Files point into the heap as it was: whatever becomes of it, they stay what they are. */
Test(rollup_cache, files_outlive_their_cache)
{
    struct cached c;
    struct pt_rollup_files taken = {0};
    struct pt_rollup_files computed = {0};
    cached_open(&c);
    (void)expect_truth(&c, PT_LEVEL_REGION, "first");
    build(&c, PT_LEVEL_REGION, c.folder, &taken);
    build(&c, PT_LEVEL_REGION, NULL, &computed);
    cr_expect_eq(taken.n_taken, N_ASSESSMENTS);
    for (size_t round = 0; round < 3; round++) { /* grows, is replaced */
        world_load_small_with(&c.w, "Papan,1", round % 2 == 0 ? "Papan,3" : "Papan,2");
        (void)expect_truth(&c, PT_LEVEL_REGION, "later");
    }
    remove_level(&c, "region");
    for (size_t i = 0; i < taken.n; i++) {
        cr_expect(pt_rollup_file_eq(&taken.file[i], &computed.file[i]), "%s", taken.file[i].name);
    }
    pt_rollup_files_free(&taken);
    pt_rollup_files_free(&computed);
    cached_close(&c);
}

/* Of a build one allocation after the other fails. without: a file of the cache that is not there. */
static void expect_no_leak(struct cached *c, const char *without)
{
    struct pt_rollup_input input = world_input(&c->w, PT_LEVEL_REGION);
    enum pt_err err = PT_ENOMEM;
    size_t n = 0;
    input.cache = c->folder;
    for (; err != PT_OK && n < 100000; n++) {
        struct pt_rollup_files files = {0};
        (void)unlink(without);
        long alive = pt_mem_alive();
        pt_mem_fault_arm(n);
        err = pt_rollup_build(&input, &files, NULL);
        pt_mem_fault_disarm();
        cr_expect(err == PT_OK || err == PT_ENOMEM, "allocation %zu: %s", n, pt_err_name(err));
        pt_rollup_files_free(&files);
        cr_expect_eq(pt_mem_alive(), alive, "allocation %zu leaks", n);
    }
    cr_expect_eq(err, PT_OK);
}

Test(rollup_cache, memory_that_runs_out_costs_the_cache_at_most)
{
    struct cached c;
    cached_open(&c);
    (void)expect_truth(&c, PT_LEVEL_REGION, "first");
    expect_no_leak(&c, "/nothing");
    expect_no_leak(&c, c.index);
    expect_no_leak(&c, c.heap);
    (void)expect_truth(&c, PT_LEVEL_REGION, "afterwards");
    cr_expect_eq(expect_truth(&c, PT_LEVEL_REGION, "again"), N_ASSESSMENTS);
    cached_close(&c);
}

Test(rollup_cache, that_cannot_be_written_fails_nothing)
{
    struct cached c;
    cached_open(&c);
    struct pt_rollup_files files = {0};
    struct pt_rollup_input input = world_input(&c.w, PT_LEVEL_REGION);
    input.cache = "/dev/null/nowhere";
    cr_expect_eq(pt_rollup_build(&input, &files, NULL), PT_OK);
    pt_rollup_files_free(&files);
    cached_close(&c);
}
