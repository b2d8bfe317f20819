/* What was published stays what it was, whatever becomes of head office's logs: restored from a backup, copied, forked.
 * The result of a moment is looked at before and after, by building it again and by verifying the old files. */
#include "world.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define UNIT "62.01/dinkes"

/* Everything is approved, and one conflict decided. */
static void open_approved(struct world *w)
{
    static const char *const units[] = {UNIT, "62.01/dinsos", "62.02/dinsos", "62.01-polres/polres", "62.02/dinkes"};
    world_open(w, "2023");
    world_fill(w);
    world_decide(w, WORLD_SOUTH, "62.02/dinkes", "staff", "l4");
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        world_move(w, WORLD_ROOT, units[i], PATUH__STATE__STATE_APPROVED_NATIONAL);
    }
}

struct published {
    struct pt_rollup_input input;
    struct pt_rollup_files files;
};

static struct published publish(struct world *w, enum pt_level level)
{
    struct published p = {.input = world_input(w, level)};
    struct pt_problem problem = {0};
    p.input.version = level == PT_LEVEL_FIXED ? 1 : 0;
    cr_assert_eq(pt_rollup_build(&p.input, &p.files, &problem), PT_OK, "%d", (int)problem.msg);
    return p;
}

static void expect_verified(struct published *p, const char *what)
{
    struct pt_buf report = {0};
    cr_expect_eq(pt_rollup_verify(&p->input, &p->files, &report), PT_OK, "%s: %s", what, pt_buf_text(&report));
    pt_buf_free(&report);
}

/* Of a version: the same bytes when it is built again. */
static void expect_same(struct published *p, const char *what)
{
    struct pt_rollup_files again = {0};
    struct pt_problem problem = {0};
    enum pt_err err = pt_rollup_build(&p->input, &again, &problem);
    cr_expect_eq(err, PT_OK, "%s: %d", what, (int)problem.msg);
    for (size_t i = 0; i < p->files.n && err == PT_OK; i++) {
        cr_expect(pt_rollup_file_eq(&p->files.file[i], &again.file[i]), "%s: %s", what, p->files.file[i].name);
    }
    pt_rollup_files_free(&again);
    expect_verified(p, what);
}

static struct pt_head cycle_head(struct world *w)
{
    struct pt_log_id id = {.incarnation = world_pen(w, WORLD_ROOT).incarnation};
    struct pt_head head;
    struct pt_txn *txn;
    cr_assert_eq(pt_subject_make(PT_SUBJECT_CYCLE, w->cycle, &id.subject), PT_OK);
    id.author = pt_author_of(w->pairs[WORLD_ROOT].public_key);
    cr_assert_eq(pt_store_begin_read(w->store, &txn), PT_OK);
    cr_assert_eq(pt_logs_find(txn, &id, &head), PT_OK);
    pt_store_abort(txn);
    return head;
}

/* The last chunk of a log comes over from another store. */
static void carry_last(struct world *from, struct world *to, const struct pt_head *head)
{
    struct pt_txn *txn;
    struct pt_run run;
    struct pt_checked_run checked;
    struct pt_append append;
    uint64_t last;
    cr_assert_eq(pt_store_begin_read(from->store, &txn), PT_OK);
    cr_assert_eq(pt_logs_run(txn, head, head->seq, 1, &from->arena, &run, &last), PT_OK);
    cr_assert_eq(pt_run_check(&run, &from->arena, &checked), PT_OK);
    pt_store_abort(txn);
    cr_assert_eq(pt_store_begin_write(to->store, &txn), PT_OK);
    cr_assert_eq(pt_logs_append(txn, &checked, 1, &from->arena, &append), PT_OK);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
}

/* The instrument once more, or with other weights: an entry at the end of the cycle's log. */
static void load_again(struct world *w, struct pt_bytes content)
{
    world_load(w, PATUH__ENTRY_KIND__ENTRY_INSTRUMENT, content, "instrument");
}

static void stay_after_a_restore(uint64_t incarnation)
{
    struct world w;
    open_approved(&w);
    world_fix(&w);
    struct published fixed = publish(&w, PT_LEVEL_FIXED);
    struct published interim = publish(&w, PT_LEVEL_REGION);
    w.root_incarnation = incarnation;
    load_again(&w, pt_buf_bytes(&w.blobs[0]));
    expect_same(&fixed, "a version");
    expect_verified(&interim, "an interim result");
    pt_rollup_files_free(&fixed.files);
    pt_rollup_files_free(&interim.files);
    world_close(&w);
}

Test(fix_restored, pseudonyms_stay_when_head_office_writes_in_an_incarnation_that_sorts_before_or_behind)
{
    stay_after_a_restore(5);
    stay_after_a_restore(5000);
}

Test(fix_restored, a_version_stays_when_the_log_with_its_fix_is_forked)
{
    struct world w;
    struct pt_fix fix;
    open_approved(&w);
    struct world copy = world_copy(&w);
    world_fix(&w);
    struct published fixed = publish(&w, PT_LEVEL_FIXED);
    load_again(&copy, pt_buf_bytes(&w.blobs[0]));
    struct pt_head other = cycle_head(&copy);
    carry_last(&copy, &w, &other);
    cr_assert(cycle_head(&w).forked);
    expect_same(&fixed, "before anybody has ruled");
    world_plan(&w, &fix);
    cr_expect(fix.stands && fix.version == 1, "it was fixed, whichever branch will stand");
    pt_fix_close(&fix);
    pt_rollup_files_free(&fixed.files);
    world_copy_close(&copy);
    world_close(&w);
}

Test(fix_restored, a_version_stays_when_an_assessment_of_it_is_forked_by_head_office)
{
    struct world w;
    open_approved(&w);
    struct world copy = world_copy(&w);
    world_fix(&w);
    struct pt_head move = world_head(&w, WORLD_ROOT, UNIT);
    struct published fixed = publish(&w, PT_LEVEL_FIXED);
    world_move(&copy, WORLD_ROOT, UNIT, PATUH__STATE__STATE_HAS_ISSUES);
    struct pt_head other = world_head(&copy, WORLD_ROOT, UNIT);
    carry_last(&copy, &w, &other);
    expect_same(&fixed, "before anybody has ruled");
    world_let_stand(&w, WORLD_ROOT, WORLD_ROOT, UNIT, &(struct pt_chunk_end){.seq = move.seq, .link = move.link});
    expect_same(&fixed, "after a ruling for it");
    world_let_stand(&w, WORLD_ROOT, WORLD_ROOT, UNIT, &(struct pt_chunk_end){.seq = other.seq, .link = other.link});
    expect_same(&fixed, "after a ruling against it");
    pt_rollup_files_free(&fixed.files);
    world_copy_close(&copy);
    world_close(&w);
}

/* Restored from a backup of before FIX, head office fixes again, with another answer, before the first FIX comes back.
 */
static void give_a_number_twice(uint64_t incarnation)
{
    struct world w;
    struct pt_fix fix;
    open_approved(&w);
    struct world restored = world_copy(&w);
    world_fix(&w);
    struct published first = publish(&w, PT_LEVEL_FIXED);
    restored.root_incarnation = incarnation;
    world_answer(&restored, WORLD_ANA, UNIT, "desk", "l1");
    world_move(&restored, WORLD_ANA, UNIT, PATUH__STATE__STATE_SUBMITTED);
    world_move(&restored, WORLD_ROOT, UNIT, PATUH__STATE__STATE_APPROVED_NATIONAL);
    world_fix(&restored);
    world_copy_without(&restored, w.store, "nothing");
    w.blob_hashes[w.n_blobs] = restored.blob_hashes[restored.n_blobs - 1];
    pt_buf_put_bytes(&w.blobs[w.n_blobs++], pt_buf_bytes(&restored.blobs[restored.n_blobs - 1]));
    expect_same(&first, "the first that was published keeps the number");
    w.root_incarnation = incarnation;
    world_plan(&w, &fix);
    cr_expect(fix.stands && fix.version == 1);
    pt_fix_close(&fix);
    pt_rollup_files_free(&first.files);
    world_copy_close(&restored);
    world_close(&w);
}

Test(fix_restored, a_number_that_was_given_twice_stays_with_the_first)
{
    give_a_number_twice(5);
    give_a_number_twice(5000);
}

/* Sheets of other weights, kept with the world's blobs. */
static struct pt_bytes other_instrument(struct world *w)
{
    struct world side;
    world_open(&side, w->cycle);
    world_load_small_with(&side, "Loket,1", "Loket,9");
    struct pt_bytes bytes = pt_arena_dup(&w->arena, pt_buf_bytes(&side.blobs[0]));
    world_close(&side);
    return bytes;
}

/* The log that the newer one names as its predecessor is forked before that place. */
static void order_past_a_fork(uint64_t incarnation)
{
    struct world w;
    open_approved(&w);
    struct world copy = world_copy(&w);
    load_again(&w, pt_buf_bytes(&w.blobs[0]));
    w.root_incarnation = incarnation;
    load_again(&w, other_instrument(&w));
    world_load(&copy, PATUH__ENTRY_KIND__ENTRY_INSTRUMENT, pt_buf_bytes(&w.blobs[0]), "by the copy");
    struct pt_head other = cycle_head(&copy);
    carry_last(&copy, &w, &other);
    struct published national = publish(&w, PT_LEVEL_NATIONAL);
    expect_verified(&national, "interim");
    char score[64]; /* "62.01,Kabupaten Satu,45.00,45.00" */
    const char *line = world_line(&national.files, "results.csv", "62.01");
    (void)snprintf(score, sizeof score, "%.32s", strstr(line, "62.01,"));
    world_fix(&w);
    struct published fixed = publish(&w, PT_LEVEL_FIXED);
    line = world_line(&fixed.files, "results.csv", "62.01");
    cr_expect_not_null(strstr(line, score), "national %s, fixed %s", score, line);
    expect_verified(&fixed, "fixed");
    pt_rollup_files_free(&national.files);
    pt_rollup_files_free(&fixed.files);
    world_copy_close(&copy);
    world_close(&w);
}

Test(fix_restored, the_newest_instrument_is_the_same_in_interim_and_fixed_results)
{
    order_past_a_fork(5);
    order_past_a_fork(5000);
}
