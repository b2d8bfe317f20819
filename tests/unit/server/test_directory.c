/* A directory that follows what comes in is the one that is read anew. Over the world of the rollup tests. */
#include "directory.h"

#include "base/check.h"
#include "rollup/world.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(directory, .timeout = 60);

#define UNIT "62.01/dinkes"
#define OTHER_UNIT "62.02/dinkes"
#define OWN_UNIT "62.01-polres/polres"

struct desk {
    struct world w;
    struct office office;
    struct directory directory;
    uint64_t lsn;
    unsigned n_opened; /* how often it could not follow */
};

static void read_anew(struct desk *d)
{
    directory_close(&d->directory);
    cr_assert_eq(directory_open(&d->office, &d->directory), PT_OK);
    d->n_opened++;
}

static void desk_open(struct desk *d)
{
    *d = (struct desk){0};
    world_open(&d->w, "2023");
    world_load_small(&d->w);
    d->office = (struct office){.store = d->w.store, .joined = true, .national = true};
    d->office.root = pt_author_of(d->w.pairs[WORLD_ROOT].public_key);
    struct pt_hash hash;
    struct pt_txn *txn;
    cr_assert_eq(pt_store_begin_read(d->w.store, &txn), PT_OK);
    cr_assert_eq(pt_arrival_last(txn, &d->lsn, &hash), PT_OK);
    pt_store_abort(txn);
    read_anew(d);
}

static void desk_close(struct desk *d)
{
    directory_close(&d->directory);
    world_close(&d->w);
}

static void expect_same_names(const struct directory_names *a, const struct directory_names *b, const char *when)
{
    cr_assert_eq(a->n, b->n, "%s", when);
    for (size_t i = 0; i < a->n; i++) {
        cr_expect_str_eq(a->list[i], b->list[i], "%s", when);
    }
}

static void expect_same_assessment(const struct directory_assessment *a, const struct directory_assessment *b,
                                   const char *when)
{
    cr_expect_str_eq(a->subject.text, b->subject.text, "%s", when);
    expect_same_names(&a->offices, &b->offices, when);
    expect_same_names(&a->surveyors, &b->surveyors, when);
}

static void expect_same(const struct directory *a, const struct directory *b, const char *when)
{
    cr_expect_eq(a->authority.n_members, b->authority.n_members, "%s", when);
    cr_expect_eq(a->authority.n_rulings, b->authority.n_rulings, "%s", when);
    cr_assert_eq(a->n_assessments, b->n_assessments, "%s", when);
    for (size_t i = 0; i < a->n_assessments; i++) {
        PT_CHECK(a->assessments != NULL && b->assessments != NULL);
        expect_same_assessment(&a->assessments[i], &b->assessments[i], when);
    }
    cr_assert_eq(a->n_owns, b->n_owns, "%s", when);
    for (size_t i = 0; i < a->n_owns; i++) {
        cr_expect(pt_author_eq(&a->owns[i].author, &b->owns[i].author), "%s: %zu", when, i);
        cr_expect(pt_subject_eq(&a->owns[i].subject, &b->owns[i].subject), "%s: %zu", when, i);
    }
}

/* What the server does at the end of a turn. */
static void turn(struct desk *d, const char *when)
{
    struct pt_txn *txn;
    struct pt_news news = {0};
    struct directory anew;
    cr_assert_eq(pt_store_begin_read(d->w.store, &txn), PT_OK);
    cr_assert_eq(pt_news_read(txn, &d->lsn, &news), PT_OK);
    pt_store_abort(txn);
    if (directory_can_follow(&d->directory, &news)) {
        cr_assert_eq(directory_follow(&d->directory, &d->office, &news), PT_OK, "%s", when);
    } else {
        read_anew(d);
    }
    pt_news_close(&news);
    cr_assert_eq(directory_open(&d->office, &anew), PT_OK);
    expect_same(&d->directory, &anew, when);
    directory_close(&anew);
}

Test(directory, follows_what_comes_in)
{
    struct desk d;
    desk_open(&d);
    turn(&d, "nothing");
    cr_expect_null(directory_find(&d.directory, &(struct pt_subject){.text = "a:2023/" UNIT}));
    world_open_unit(&d.w, WORLD_SOUTH, OTHER_UNIT, "62", "ana");
    turn(&d, "a first assessment");
    world_open_unit(&d.w, WORLD_SOUTH, UNIT, "62", "ana");
    world_assign(&d.w, WORLD_SOUTH, OTHER_UNIT, "budi");
    turn(&d, "one before it, and one more surveyor");
    world_answer(&d.w, WORLD_BUDI, UNIT, "desk", "l1");
    turn(&d, "somebody who was not assigned");
    world_assign(&d.w, WORLD_SOUTH, UNIT, "budi");
    world_answer(&d.w, WORLD_BUDI, UNIT, "desk", "l2");
    world_answer(&d.w, WORLD_ANA, OTHER_UNIT, "desk", "l2");
    turn(&d, "who was assigned writes on");
    world_answer(&d.w, WORLD_ANA, OWN_UNIT, "desk", "l2");
    turn(&d, "an assessment that nobody has opened");
    world_open_unit(&d.w, WORLD_NORTH, OWN_UNIT, "63", "ana");
    turn(&d, "the office that is not it opens it");
    world_open_unit(&d.w, WORLD_ROOT, OWN_UNIT, "62", "budi");
    turn(&d, "head office opens it");
    world_open_unit(&d.w, WORLD_NORTH, UNIT, "62", "ana");
    turn(&d, "an office that may not");
    cr_expect_eq(d.n_opened, 1, "read anew %u times", d.n_opened);
    world_name_device(&d.w, WORLD_RINI, "rini");
    turn(&d, "a new device");
    world_revoke(&d.w, WORLD_ANA);
    turn(&d, "a revocation");
    cr_expect_eq(d.n_opened, 3, "read anew %u times", d.n_opened);
    desk_close(&d);
}

/* A whole log from one store into another. */
static void deliver_log(struct world *from, enum world_author author, const char *unit, struct pt_store *to)
{
    struct pt_head head = world_head(from, author, unit);
    struct pt_arena arena;
    struct pt_txn *txn;
    struct pt_checked_run checked;
    struct pt_append append;
    pt_arena_init(&arena, SIZE_MAX);
    for (uint64_t last = 0; last < head.seq;) {
        struct pt_run run;
        cr_assert_eq(pt_store_begin_read(from->store, &txn), PT_OK);
        cr_assert_eq(pt_logs_run(txn, &head, last + 1, 1, &arena, &run, &last), PT_OK);
        pt_store_abort(txn);
        cr_assert_eq(pt_run_check(&run, &arena, &checked), PT_OK);
        cr_assert_eq(pt_store_begin_write(to, &txn), PT_OK);
        cr_assert_eq(pt_logs_append(txn, &checked, 1, &arena, &append), PT_OK);
        cr_assert_eq(pt_store_commit(txn), PT_OK);
    }
    pt_arena_close(&arena);
}

/* The world's store becomes what it was, and somebody writes something else: a fork. */
Test(directory, follows_a_forked_log)
{
    struct desk d;
    desk_open(&d);
    world_open_unit(&d.w, WORLD_SOUTH, UNIT, "62", "ana");
    struct world copy = world_copy(&d.w);
    world_assign(&d.w, WORLD_SOUTH, UNIT, "budi");
    turn(&d, "before the fork");
    cr_expect(directory_is_assigned(directory_find(&d.directory, &d.directory.assessments[0].subject), "budi"));
    world_assign(&copy, WORLD_SOUTH, UNIT, "rini");
    deliver_log(&copy, WORLD_SOUTH, UNIT, d.w.store);
    turn(&d, "a fork: nothing past it is known");
    cr_expect_not(directory_is_assigned(&d.directory.assessments[0], "budi"));
    cr_expect_eq(d.n_opened, 1, "read anew %u times", d.n_opened);
    struct pt_head head = world_head(&copy, WORLD_SOUTH, UNIT);
    world_let_stand(&d.w, WORLD_ROOT, WORLD_SOUTH, UNIT, &(struct pt_chunk_end){.seq = head.seq, .link = head.link});
    turn(&d, "head office has said which branch stands");
    cr_expect(directory_is_assigned(&d.directory.assessments[0], "rini"));
    world_copy_close(&copy);
    desk_close(&d);
}

/* Its memory is not for ever the sum of all it once was. */
Test(directory, is_read_anew_when_most_of_it_is_old)
{
    struct desk d;
    desk_open(&d);
    for (unsigned i = 0; i < 2000 && d.n_opened == 1; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "surveyor-%u", i);
        world_assign(&d.w, WORLD_SOUTH, UNIT, name);
        struct pt_txn *txn;
        struct pt_news news = {0};
        cr_assert_eq(pt_store_begin_read(d.w.store, &txn), PT_OK);
        cr_assert_eq(pt_news_read(txn, &d.lsn, &news), PT_OK);
        pt_store_abort(txn);
        if (!directory_can_follow(&d.directory, &news)) {
            read_anew(&d);
        } else {
            cr_assert_eq(directory_follow(&d.directory, &d.office, &news), PT_OK);
        }
        pt_news_close(&news);
        cr_expect_leq(d.directory.arena.used, (size_t)8 << 20);
    }
    cr_expect_eq(d.n_opened, 2);
    desk_close(&d);
}
