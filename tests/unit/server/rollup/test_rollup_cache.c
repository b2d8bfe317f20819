/* Whatever changes, a rollup has the same bytes with its cache and without it. */
#include "world.h"

#include "io/files.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define N_ASSESSMENTS 7 /* of world_fill, without the second one */

struct cached {
    struct world w;
    char folder[64];
    char file[128];
};

static void cached_open(struct cached *c)
{
    (void)snprintf(c->folder, sizeof c->folder, "/tmp/patuh-cache-XXXXXX");
    cr_assert_not_null(mkdtemp(c->folder));
    (void)snprintf(c->file, sizeof c->file, "%s/rollup-2023-region", c->folder);
    world_open(&c->w, "2023");
    world_fill(&c->w);
}

static void cached_close(struct cached *c)
{
    char other[128];
    (void)snprintf(other, sizeof other, "%s/rollup-2023-submitted", c->folder);
    (void)unlink(c->file);
    (void)unlink(other);
    cr_expect_eq(rmdir(c->folder), 0, "no half-written file is left");
    world_close(&c->w);
}

/* Both ways; returns how many assessments came out of the cache. */
static size_t expect_truth(struct cached *c, enum pt_level level, const char *what)
{
    struct pt_rollup_files with = {0};
    struct pt_rollup_files without = {0};
    struct pt_problem problem = {0};
    struct pt_rollup_input input = world_input(&c->w, level);
    input.cache = c->folder;
    cr_assert_eq(pt_rollup_build(&input, &with, &problem), PT_OK, "%s", what);
    input.cache = NULL;
    cr_assert_eq(pt_rollup_build(&input, &without, &problem), PT_OK, "%s", what);
    cr_expect_eq(without.n_taken, 0);
    for (size_t i = 0; i < with.n; i++) {
        cr_expect(pt_bytes_eq(pt_buf_bytes(&with.file[i].content), pt_buf_bytes(&without.file[i].content)), "%s: %s",
                  what, with.file[i].name);
    }
    size_t n_taken = with.n_taken;
    pt_rollup_files_free(&with);
    pt_rollup_files_free(&without);
    return n_taken;
}

static void answer_late(struct world *w)
{
    world_answer(w, WORLD_ANA, "62.01/dinsos", "desk", "l4");
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
    cr_assert_eq(rename(c.file, other), 0);
    cr_expect_eq(expect_truth(&c, PT_LEVEL_SUBMITTED, "submitted"), 0, "the key has the level");
    cached_close(&c);
}

/* Every byte of it in turn is wrong; then it ends at every length. */
Test(rollup_cache, damaged_is_computed_anew)
{
    struct cached c;
    struct pt_buf good = {0};
    cached_open(&c);
    cr_expect_eq(expect_truth(&c, PT_LEVEL_REGION, "first"), 0);
    cr_assert_eq(pt_file_read(c.file, 1 << 20, &good, NULL), PT_OK);
    for (size_t at = 0; at < good.n; at += 37) {
        struct pt_problem problem = {0};
        good.data[at] ^= 0x10;
        cr_assert_eq(pt_file_write(c.file, pt_buf_bytes(&good), 0600, &problem), PT_OK);
        size_t n = expect_truth(&c, PT_LEVEL_REGION, "flipped");
        cr_expect_lt(n, N_ASSESSMENTS, "byte %zu", at);
        good.data[at] ^= 0x10;
        cr_assert_eq(pt_file_write(c.file, pt_bytes_of(good.data, at), 0600, &problem), PT_OK);
        n = expect_truth(&c, PT_LEVEL_REGION, "cut");
        cr_expect_lt(n, N_ASSESSMENTS, "length %zu", at);
    }
    cr_expect_eq(expect_truth(&c, PT_LEVEL_REGION, "mended"), N_ASSESSMENTS);
    pt_buf_free(&good);
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
