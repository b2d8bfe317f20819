/* What a reviewer may do in which state, and what it comes to: over the world of the rollup tests, where the office of
 * region 62 (reviewer rini) and head office (reviewer dewi) share one store. */
#include "review/review.h"

#include "../rollup/world.h"
#include "commands/command.h"
#include "core/wire/pack.h"
#include "review/review_print.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNIT "62.01/dinkes"
#define UNIT_NAME "2023/" UNIT
#define OWN_UNIT "62.01-polres/polres" /* head office's own */

struct desk {
    struct world w;
    char folder[32];
    struct office offices[2]; /* of tier 1 and 2 */
    struct reviewer reviewers[2];
};

static struct reviewer reviewer_of(const struct world *w, enum world_author who, const char *name)
{
    struct reviewer out = {.pair = w->pairs[who], .author = pt_author_of(w->pairs[who].public_key)};
    (void)snprintf(out.name, sizeof out.name, "%s", name);
    return out;
}

static void keep_blobs(struct desk *d)
{
    struct pt_hash hash;
    for (size_t i = 0; i < d->w.n_blobs; i++) {
        cr_assert_eq(pt_blobs_put(d->offices[0].blobs, pt_buf_bytes(&d->w.blobs[i]), &hash), PT_OK);
    }
}

static void desk_open(struct desk *d)
{
    struct pt_random random = pt_random_system();
    struct pt_blobs *blobs;
    struct pt_txn *txn;
    *d = (struct desk){.folder = "/tmp/patuh-review-XXXXXX"};
    cr_assert_not_null(mkdtemp(d->folder));
    cr_assert_eq(pt_blobs_open(d->folder, NULL, &random, (struct pt_disk_reserve){0}, &blobs, NULL), PT_OK);
    world_open(&d->w, "2023");
    world_load_small(&d->w);
    world_load_registry(&d->w);
    world_name_member(&d->w, WORLD_SOUTH, WORLD_RINI, "rini", PATUH__ROLE__ROLE_REVIEWER);
    world_name_member(&d->w, WORLD_ROOT, WORLD_DEWI, "dewi", PATUH__ROLE__ROLE_REVIEWER);
    d->reviewers[0] = reviewer_of(&d->w, WORLD_RINI, "rini");
    d->reviewers[1] = reviewer_of(&d->w, WORLD_DEWI, "dewi");
    for (size_t i = 0; i < 2; i++) {
        struct office *office = &d->offices[i];
        *office = (struct office){.store = d->w.store, .blobs = blobs, .joined = true};
        office->pair = d->w.pairs[i == 0 ? WORLD_SOUTH : WORLD_ROOT];
        office->author = pt_author_of(office->pair.public_key);
        office->root = pt_author_of(d->w.pairs[WORLD_ROOT].public_key);
        office->national = i == 1;
        (void)snprintf(office->code, sizeof office->code, "%s", i == 0 ? "62" : "pusat");
    }
    keep_blobs(d);
    cr_assert_eq(pt_store_begin(d->w.store, true, &txn), PT_OK);
    cr_assert_eq(pt_meta_put_u64(txn, "incarnation", 77), PT_OK);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *at)
{
    (void)status;
    (void)type;
    (void)at;
    return remove(path);
}

static void desk_close(struct desk *d)
{
    pt_blobs_close(d->offices[0].blobs);
    cr_expect_eq(nftw(d->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
    world_close(&d->w);
}

/* What the reviewer of the tier is told; NONE: done. */
static enum pt_msg act(struct desk *d, int tier, const struct review_act *wanted)
{
    struct pt_problem problem = {0};
    enum pt_msg done;
    enum pt_err err = review_do(&d->offices[tier - 1], &d->reviewers[tier - 1], wanted, &done, &problem);
    cr_expect_eq(err == PT_OK, problem.msg == PT_MSG_NONE, "%s without a sentence", pt_err_name(err));
    return problem.msg;
}

static enum pt_msg act_on(struct desk *d, int tier, enum review_kind kind, const char *unit)
{
    static const struct review_comment comment = {.path = "desk", .text = "foto kurang jelas"};
    struct review_act wanted = {.kind = kind, .assessment = unit, .reason = "salah unit"};
    if (kind == REVIEW_RETURN) {
        wanted.comments = &comment;
        wanted.n_comments = 1;
    }
    return act(d, tier, &wanted);
}

static void return_with(struct desk *d, int tier, const char *path, const char *text)
{
    struct review_comment comment = {.path = path, .text = text};
    struct review_act wanted = {.kind = REVIEW_RETURN, .assessment = UNIT_NAME, .comments = &comment, .n_comments = 1};
    cr_assert_eq(act(d, tier, &wanted), PT_MSG_NONE);
}

static struct review_case look(struct desk *d)
{
    struct review_case c;
    struct pt_problem problem = {0};
    cr_assert_eq(review_case_open(&d->offices[0], UNIT_NAME, &c, &problem), PT_OK, "%d", (int)problem.msg);
    return c;
}

static Patuh__State state_now(struct desk *d)
{
    struct review_case c = look(d);
    Patuh__State state = c.work.state.state;
    review_case_close(&c);
    return state;
}

static void expect_changes(struct desk *d, size_t n, bool first)
{
    struct review_case c = look(d);
    struct review_change *changes;
    size_t n_found = 0;
    bool found_first = !first;
    cr_assert_eq(review_changes(&c.work, &c.work.arena, &changes, &n_found, &found_first), PT_OK);
    cr_expect_eq(n_found, n, "%zu changes, not %zu", n_found, n);
    cr_expect_eq(found_first, first);
    review_case_close(&c);
}

/* A move whose author knows of no other log. */
static void move_blindly(struct desk *d, enum world_author by, Patuh__State to)
{
    Patuh__Move move = PATUH__MOVE__INIT;
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_MOVE, 0);
    move.has_to = true;
    move.to = to;
    cr_assert_eq(pt_pack(&move.base, &d->w.arena, &entry.detail), PT_OK);
    world_put(&d->w, by, UNIT, &entry);
}

static void open_for_both(struct desk *d)
{
    world_open_unit(&d->w, WORLD_SOUTH, UNIT, "62", "ana");
    world_assign(&d->w, WORLD_SOUTH, UNIT, "budi");
}

/* --- who may do what --- */

enum stage {
    DRAFT,
    SUBMITTED,
    RETURNED,
    PROPOSED,
    APPROVED_REGION,
    CONFIRMED_REGION,
    APPROVED_NATION,
    CONFIRMED_NATION,
    FIXED
};

static void bring_to(struct desk *d, enum stage stage)
{
    bool assessed = stage != PROPOSED && stage != CONFIRMED_REGION && stage != CONFIRMED_NATION;
    Patuh__State handed = assessed ? PATUH__STATE__STATE_SUBMITTED : PATUH__STATE__STATE_NOT_ASSESSED;
    world_open_unit(&d->w, WORLD_SOUTH, UNIT, "62", "ana");
    world_answer(&d->w, WORLD_ANA, UNIT, "desk", "l2");
    if (stage == DRAFT) {
        return;
    }
    world_move(&d->w, WORLD_ANA, UNIT, handed);
    if (stage == RETURNED) {
        world_move(&d->w, WORLD_SOUTH, UNIT, PATUH__STATE__STATE_HAS_ISSUES);
    }
    if (stage >= APPROVED_REGION) {
        world_move(&d->w, WORLD_SOUTH, UNIT, assessed ? PATUH__STATE__STATE_APPROVED_REGION : handed);
    }
    if (stage >= APPROVED_NATION) {
        world_move(&d->w, WORLD_ROOT, UNIT, assessed ? PATUH__STATE__STATE_APPROVED_NATIONAL : handed);
    }
    if (stage == FIXED) {
        world_fix(&d->w);
    }
}

/* What each tier is told when it returns, approves, takes back. */
static const struct {
    enum stage stage;
    enum pt_msg said[2][3];
} may[] = {
    {DRAFT,
     {{PT_MSG_REVIEW_NOT_SUBMITTED, PT_MSG_REVIEW_NOT_SUBMITTED, PT_MSG_REVIEW_NOT_APPROVED},
      {PT_MSG_REVIEW_NOT_SUBMITTED, PT_MSG_REVIEW_NOT_SUBMITTED, PT_MSG_REVIEW_NOT_APPROVED}}},
    {SUBMITTED,
     {{PT_MSG_NONE, PT_MSG_NONE, PT_MSG_REVIEW_NOT_APPROVED},
      {PT_MSG_NONE, PT_MSG_REVIEW_REGION_FIRST, PT_MSG_REVIEW_NOT_APPROVED}}},
    {RETURNED,
     {{PT_MSG_NONE, PT_MSG_REVIEW_NOT_SUBMITTED, PT_MSG_REVIEW_NOT_APPROVED},
      {PT_MSG_NONE, PT_MSG_REVIEW_NOT_SUBMITTED, PT_MSG_REVIEW_NOT_APPROVED}}},
    {PROPOSED,
     {{PT_MSG_NONE, PT_MSG_NONE, PT_MSG_REVIEW_NOT_APPROVED},
      {PT_MSG_NONE, PT_MSG_REVIEW_REGION_FIRST, PT_MSG_REVIEW_NOT_APPROVED}}},
    {APPROVED_REGION,
     {{PT_MSG_NONE, PT_MSG_REVIEW_APPROVED_ALREADY, PT_MSG_NONE},
      {PT_MSG_NONE, PT_MSG_NONE, PT_MSG_REVIEW_NOT_APPROVED}}},
    {CONFIRMED_REGION,
     {{PT_MSG_NONE, PT_MSG_REVIEW_APPROVED_ALREADY, PT_MSG_NONE},
      {PT_MSG_NONE, PT_MSG_NONE, PT_MSG_REVIEW_NOT_APPROVED}}},
    {APPROVED_NATION,
     {{PT_MSG_REVIEW_UPPER, PT_MSG_REVIEW_UPPER, PT_MSG_REVIEW_UPPER},
      {PT_MSG_NONE, PT_MSG_REVIEW_APPROVED_ALREADY, PT_MSG_NONE}}},
    {CONFIRMED_NATION,
     {{PT_MSG_REVIEW_UPPER, PT_MSG_REVIEW_UPPER, PT_MSG_REVIEW_UPPER},
      {PT_MSG_NONE, PT_MSG_REVIEW_APPROVED_ALREADY, PT_MSG_NONE}}},
    {FIXED,
     {{PT_MSG_REVIEW_FIXED, PT_MSG_REVIEW_FIXED, PT_MSG_REVIEW_FIXED},
      {PT_MSG_REVIEW_FIXED, PT_MSG_REVIEW_FIXED, PT_MSG_REVIEW_FIXED}}},
};

/* The stage that an act left behind is made anew for the next one; what was refused has changed nothing. */
static void expect_stage(size_t i)
{
    static const enum review_kind kinds[] = {REVIEW_RETURN, REVIEW_APPROVE, REVIEW_UNAPPROVE};
    struct desk d;
    enum pt_msg said = PT_MSG_NONE;
    for (size_t k = 0; k < 6; k++) {
        if (said == PT_MSG_NONE) {
            desk_open(&d);
            bring_to(&d, may[i].stage);
        }
        said = act_on(&d, (int)(k / 3) + 1, kinds[k % 3], UNIT_NAME);
        enum pt_msg expected = may[i].said[k / 3][k % 3];
        cr_expect_eq(said, expected, "stage %zu, tier %zu, act %zu: \"%s\", not \"%s\"", i, k / 3 + 1, k % 3,
                     pt_msg_english(said), pt_msg_english(expected));
        if (said == PT_MSG_NONE || k == 5) {
            desk_close(&d);
        }
    }
}

Test(review, each_state_says_who_may_do_what)
{
    for (size_t i = 0; i < sizeof may / sizeof may[0]; i++) {
        expect_stage(i);
    }
}

Test(review, head_office_approves_its_own_units_at_once)
{
    struct desk d;
    desk_open(&d);
    world_name_member(&d.w, WORLD_ROOT, WORLD_BUDI, "budi", PATUH__ROLE__ROLE_DEVICE);
    world_open_unit(&d.w, WORLD_ROOT, OWN_UNIT, "pusat", "budi");
    world_answer(&d.w, WORLD_BUDI, OWN_UNIT, "desk", "l2");
    world_move(&d.w, WORLD_BUDI, OWN_UNIT, PATUH__STATE__STATE_SUBMITTED);
    cr_expect_eq(act_on(&d, 1, REVIEW_APPROVE, "2023/" OWN_UNIT), PT_MSG_REVIEWER_NOT_IN_CHARGE);
    cr_expect_eq(act_on(&d, 2, REVIEW_APPROVE, "2023/" OWN_UNIT), PT_MSG_NONE);
    cr_expect_eq(act_on(&d, 2, REVIEW_UNAPPROVE, "2023/" OWN_UNIT), PT_MSG_NONE);
    cr_expect_eq(act_on(&d, 2, REVIEW_APPROVE, "2023/" OWN_UNIT), PT_MSG_NONE);
    desk_close(&d);
}

/* Else the next approval would approve an assessment that nobody made. */
Test(review, not_assessed_that_is_taken_back_goes_back_to_the_surveyor)
{
    static const enum stage stages[] = {CONFIRMED_REGION, CONFIRMED_NATION};
    for (int tier = 1; tier <= 2; tier++) {
        struct desk d;
        desk_open(&d);
        bring_to(&d, stages[tier - 1]);
        cr_expect_eq(act_on(&d, tier, REVIEW_UNAPPROVE, UNIT_NAME), PT_MSG_NONE);
        cr_expect_eq(state_now(&d), PATUH__STATE__STATE_HAS_ISSUES);
        cr_expect_eq(act_on(&d, 1, REVIEW_APPROVE, UNIT_NAME), PT_MSG_REVIEW_NOT_SUBMITTED);
        world_move(&d.w, WORLD_ANA, UNIT, PATUH__STATE__STATE_SUBMITTED);
        cr_expect_eq(act_on(&d, 1, REVIEW_APPROVE, UNIT_NAME), PT_MSG_NONE);
        cr_expect_eq(state_now(&d), PATUH__STATE__STATE_APPROVED_REGION);
        desk_close(&d);
    }
}

Test(review, who_returns_again_adds_to_the_comments)
{
    struct desk d;
    desk_open(&d);
    bring_to(&d, SUBMITTED);
    return_with(&d, 1, "desk", "loket yang mana?");
    return_with(&d, 2, "sign", "papan yang mana?");
    return_with(&d, 2, "input", "lengkapi semuanya");
    struct review_case c = look(&d);
    struct pt_buf out = {0};
    cr_expect_eq(c.work.state.state_move->n_comment, 1);
    cr_assert_eq(c.work.state.n_comments, 3);
    cr_assert_eq(review_put_form(&c, false, &out), PT_OK);
    cr_expect_not_null(strstr(pt_buf_text(&out), "loket yang mana? (rini)"));
    cr_expect_not_null(strstr(pt_buf_text(&out), "papan yang mana? (dewi)"), "of a question without an answer");
    cr_expect_not_null(strstr(pt_buf_text(&out), "lengkapi semuanya"), "of a group");
    pt_buf_clear(&out);
    cr_assert_eq(review_put_form(&c, true, &out), PT_OK);
    cr_expect_not_null(strstr(pt_buf_text(&out), "lengkapi semuanya"));
    pt_buf_free(&out);
    review_case_close(&c);
    /* Handed in again: what was said before is done with. */
    world_move(&d.w, WORLD_ANA, UNIT, PATUH__STATE__STATE_SUBMITTED);
    return_with(&d, 1, "staff", "siapa petugasnya?");
    c = look(&d);
    cr_assert_eq(c.work.state.n_comments, 4);
    size_t n_standing = 0;
    for (size_t i = 0; i < 4; i++) {
        n_standing += c.work.state.comments[i].stands ? 1 : 0;
    }
    cr_expect_eq(n_standing, 1);
    review_case_close(&c);
    desk_close(&d);
}

static void expect_history(struct desk *d, const char *path, bool json, const char *kind, const char *part,
                           const char *fate)
{
    struct review_case c = look(d);
    struct pt_buf out = {0};
    cr_assert_eq(review_put_history(&c, path, &d->offices[0], NULL, json, &out, NULL), PT_OK);
    const char *at = pt_buf_text(&out);
    bool found = false;
    while ((at = strstr(at, kind)) != NULL && !found) { /* kind, then fate and text in whatever order: of one row */
        const char *end = at + strcspn(at, json ? "}" : "\n");
        const char *text = strstr(at, part);
        const char *told = strstr(at, fate);
        found = text != NULL && text < end && told != NULL && told < end;
        at = end;
    }
    cr_expect(found, "%s: %s\n%s", part, fate, pt_buf_text(&out));
    pt_buf_free(&out);
    review_case_close(&c);
}

Test(review, the_history_of_a_question_has_what_was_asked_there)
{
    for (int json = 0; json <= 1; json++) {
        struct desk d;
        desk_open(&d);
        bring_to(&d, SUBMITTED);
        return_with(&d, 1, "desk", "loket yang mana?");
        expect_history(&d, "desk", json, "comment", "loket yang mana?", "stands");
        world_answer(&d.w, WORLD_ANA, UNIT, "desk", "l3");
        world_move(&d.w, WORLD_ANA, UNIT, PATUH__STATE__STATE_SUBMITTED);
        expect_history(&d, "desk", json, "comment", "loket yang mana?", "answered");
        return_with(&d, 1, "desk", "masih kurang");
        expect_history(&d, "desk", json, "comment", "loket yang mana?", "answered");
        expect_history(&d, "desk", json, "comment", "masih kurang", "stands");
        desk_close(&d);
    }
}

/* --- what changed --- */

Test(review, changes_are_those_since_the_submission_before)
{
    struct desk d;
    desk_open(&d);
    open_for_both(&d);
    world_answer(&d.w, WORLD_ANA, UNIT, "desk", "l2");
    world_answer(&d.w, WORLD_ANA, UNIT, "staff", "l2");
    expect_changes(&d, 2, true);
    world_move(&d.w, WORLD_ANA, UNIT, PATUH__STATE__STATE_SUBMITTED);
    expect_changes(&d, 2, true);
    return_with(&d, 1, "desk", "loket yang mana?");
    expect_changes(&d, 0, false);
    world_answer(&d.w, WORLD_ANA, UNIT, "desk", "l3");
    world_answer(&d.w, WORLD_ANA, UNIT, "desk", "l4");
    world_move(&d.w, WORLD_ANA, UNIT, PATUH__STATE__STATE_SUBMITTED);
    expect_changes(&d, 1, false);
    desk_close(&d);
}

Test(review, what_two_surveyors_hand_in_side_by_side_is_all_new)
{
    struct desk d;
    desk_open(&d);
    open_for_both(&d);
    world_answer(&d.w, WORLD_ANA, UNIT, "desk", "l2");
    world_answer(&d.w, WORLD_BUDI, UNIT, "staff", "l2");
    move_blindly(&d, WORLD_ANA, PATUH__STATE__STATE_SUBMITTED);
    move_blindly(&d, WORLD_BUDI, PATUH__STATE__STATE_SUBMITTED);
    expect_changes(&d, 2, true);
    desk_close(&d);
}

Test(review, a_submission_that_does_not_count_hides_no_change)
{
    struct desk d;
    desk_open(&d);
    open_for_both(&d);
    world_answer(&d.w, WORLD_ANA, UNIT, "desk", "l2");
    world_move(&d.w, WORLD_NORTH, UNIT, PATUH__STATE__STATE_SUBMITTED); /* an office that is not in charge */
    world_move(&d.w, WORLD_ANA, UNIT, PATUH__STATE__STATE_SUBMITTED);
    expect_changes(&d, 1, true);
    desk_close(&d);
}

Test(review, what_waits_after_an_approval_has_changed)
{
    struct desk d;
    desk_open(&d);
    bring_to(&d, APPROVED_REGION);
    expect_changes(&d, 0, false);
    world_answer(&d.w, WORLD_ANA, UNIT, "staff", "l1");
    world_move(&d.w, WORLD_ANA, UNIT, PATUH__STATE__STATE_SUBMITTED);
    expect_changes(&d, 1, false);
    cr_expect_eq(act_on(&d, 1, REVIEW_APPROVE, UNIT_NAME), PT_MSG_NONE);
    expect_changes(&d, 0, false);
    desk_close(&d);
}

/* --- conflicts --- */

/* The name of the head that this author wrote; its first n bytes. */
static void head_of(struct desk *d, enum world_author who, size_t n, char out[64])
{
    struct review_case c = look(d);
    struct pt_author author = pt_author_of(d->w.pairs[who].public_key);
    out[0] = '\0';
    for (size_t i = 0; i < c.work.state.answers.n_answers; i++) {
        const struct pt_register *reg = &c.work.state.registers[i];
        for (size_t k = 0; k < reg->n_heads; k++) {
            if (pt_author_eq(&reg->heads[k].view->log.author, &author)) {
                const char *name = review_entry_name(reg->heads[k].view, reg->heads[k].seq, &c.work.arena);
                (void)snprintf(out, 64, "%.*s", (int)n, name);
            }
        }
    }
    cr_assert_neq(out[0], '\0');
    review_case_close(&c);
}

static enum pt_msg decide(struct desk *d, const char *path, const char *entry)
{
    struct review_act wanted = {.kind = REVIEW_DECIDE, .assessment = UNIT_NAME, .path = path, .entry = entry};
    wanted.reason = "foto menunjukkan loket";
    return act(d, 1, &wanted);
}

static struct pt_value value_now(struct desk *d, size_t *n_values)
{
    struct review_case c = look(d);
    cr_assert_eq(c.work.state.answers.n_answers, 1);
    struct pt_value value = c.work.state.answers.answers[0].values[0];
    *n_values = c.work.state.answers.answers[0].n_values;
    review_case_close(&c);
    return value;
}

Test(review, decide_takes_the_beginning_of_one_name)
{
    struct desk d;
    char name[64];
    size_t n_values;
    desk_open(&d);
    open_for_both(&d);
    world_answer(&d.w, WORLD_ANA, UNIT, "desk", "l4");
    world_answer(&d.w, WORLD_BUDI, UNIT, "desk", "l0");
    world_move(&d.w, WORLD_ANA, UNIT, PATUH__STATE__STATE_SUBMITTED);
    cr_expect_eq(act_on(&d, 1, REVIEW_APPROVE, UNIT_NAME), PT_MSG_REVIEW_CONFLICTS);
    cr_expect_eq(decide(&d, "desk", ""), PT_MSG_DECIDE_ENTRY, "it begins them all");
    cr_expect_eq(decide(&d, "desk", "zz"), PT_MSG_DECIDE_ENTRY);
    cr_expect_eq(decide(&d, "staff", "zz"), PT_MSG_DECIDE_NO_CONFLICT);
    head_of(&d, WORLD_BUDI, 8, name);
    cr_expect_eq(decide(&d, "desk", name), PT_MSG_NONE);
    cr_expect_eq(value_now(&d, &n_values).choices, 1, "l0 is the first choice");
    cr_expect_eq(n_values, 1);
    cr_expect_eq(decide(&d, "desk", name), PT_MSG_DECIDE_NO_CONFLICT);
    cr_expect_eq(act_on(&d, 1, REVIEW_APPROVE, UNIT_NAME), PT_MSG_NONE);
    desk_close(&d);
}

/* An entry about the question of ana's last one, by budi. */
static struct pt_entry about(struct desk *d, const char *path, Patuh__EntryKind kind)
{
    struct review_case c = look(d);
    struct pt_entry entry = pt_entry_of(kind, 0);
    char instance[PT_INSTANCE_BYTES_MAX + 1];
    uint32_t node;
    cr_assert_eq(pt_path_read(c.work.instrument, path, &node, instance, NULL), PT_OK);
    entry.question = c.work.instrument->nodes[node].number;
    entry.instance = "";
    review_case_close(&c);
    return entry;
}

static void write_remark(struct desk *d, enum world_author by, const char *text)
{
    struct pt_entry entry = about(d, "remark", PATUH__ENTRY_KIND__ENTRY_ANSWER);
    entry.value.type = PT_VALUE_TEXT;
    entry.value.text = pt_blob_hash(pt_bytes_str(text));
    world_put(&d->w, by, UNIT, &entry);
}

Test(review, decide_for_what_was_cleared)
{
    struct desk d;
    char name[64];
    size_t n_values;
    desk_open(&d);
    open_for_both(&d);
    world_answer(&d.w, WORLD_ANA, UNIT, "desk", "l4");
    struct pt_entry entry = about(&d, "desk", PATUH__ENTRY_KIND__ENTRY_CLEAR);
    world_put(&d.w, WORLD_BUDI, UNIT, &entry);
    head_of(&d, WORLD_BUDI, 63, name);
    cr_expect_eq(decide(&d, "desk", name), PT_MSG_NONE);
    cr_expect_eq(value_now(&d, &n_values).type, PT_VALUE_NONE);
    cr_expect_eq(n_values, 1);
    desk_close(&d);
}

Test(review, decide_for_a_text)
{
    struct desk d;
    char name[64];
    size_t n_values;
    struct pt_hash wanted = pt_blob_hash(pt_bytes_str("satu"));
    desk_open(&d);
    open_for_both(&d);
    write_remark(&d, WORLD_ANA, "satu");
    write_remark(&d, WORLD_BUDI, "dua");
    head_of(&d, WORLD_ANA, 63, name);
    cr_expect_eq(decide(&d, "remark", name), PT_MSG_NONE);
    struct pt_value value = value_now(&d, &n_values);
    cr_expect(value.type == PT_VALUE_TEXT && pt_hash_eq(&value.text, &wanted));
    cr_expect_eq(n_values, 1);
    desk_close(&d);
}

/* Nobody can decide it any more, it has no path, and nothing reads it. */
Test(review, a_conflict_of_an_earlier_version_keeps_nothing_back)
{
    struct desk d;
    struct pt_buf out = {0};
    desk_open(&d);
    open_for_both(&d);
    world_answer(&d.w, WORLD_ANA, UNIT, "desk", "l4");
    write_remark(&d, WORLD_ANA, "satu");
    write_remark(&d, WORLD_BUDI, "dua");
    world_move(&d.w, WORLD_ANA, UNIT, PATUH__STATE__STATE_SUBMITTED);
    cr_expect_eq(act_on(&d, 1, REVIEW_APPROVE, UNIT_NAME), PT_MSG_REVIEW_CONFLICTS);
    world_load_small_with(&d.w, "text,remark,Catatan,,,\n", "");
    keep_blobs(&d);
    struct review_case c = look(&d);
    cr_expect_eq(review_put_form(&c, false, &out), PT_OK);
    cr_expect_not_null(strstr(pt_buf_text(&out), "desk"));
    cr_expect_eq(review_put_form(&c, true, &out), PT_OK);
    review_case_close(&c);
    cr_expect_eq(act_on(&d, 1, REVIEW_APPROVE, UNIT_NAME), PT_MSG_NONE);
    pt_buf_free(&out);
    desk_close(&d);
}

/* What the reviewer wrote before the store was restored stands in another log. */
Test(review, an_older_log_of_the_reviewer_keeps_nothing_back)
{
    struct desk d;
    desk_open(&d);
    bring_to(&d, SUBMITTED);
    world_move(&d.w, WORLD_RINI, UNIT, PATUH__STATE__STATE_APPROVED_NATIONAL); /* not a region's to say */
    cr_expect_eq(act_on(&d, 1, REVIEW_APPROVE, UNIT_NAME), PT_MSG_NONE);
    cr_expect_eq(state_now(&d), PATUH__STATE__STATE_APPROVED_REGION);
    desk_close(&d);
}

/* --- what is shown --- */

static void expect_shown(struct desk *d, bool json, const char *part)
{
    struct review_case c = look(d);
    struct pt_buf out = {0};
    cr_assert_eq(review_put_form(&c, json, &out), PT_OK);
    cr_expect_not_null(strstr(pt_buf_text(&out), part), "without %s:\n%s", part, pt_buf_text(&out));
    pt_buf_free(&out);
    review_case_close(&c);
}

Test(review, shows_texts_labels_score_and_what_is_missing)
{
    struct desk d;
    desk_open(&d);
    open_for_both(&d);
    world_answer(&d.w, WORLD_ANA, UNIT, "desk", "l2");
    expect_shown(&d, false, "Provisional score: ");
    expect_shown(&d, false, "\n       Loket\n");
    expect_shown(&d, false, "Still missing:\n   sign  Papan\n   staff  Petugas\n");
    expect_shown(&d, true, "\"label\":\"Loket\",\"value\":\"l2\",\"value_label\":\"l2\"");
    expect_shown(&d, true, "\"settled\":");
    expect_shown(&d, true, "\"missing\":[{\"path\":\"sign\",\"label\":\"Papan\",");
    world_answer(&d.w, WORLD_BUDI, UNIT, "desk", "l4");
    expect_shown(&d, false, "l2 (ana) <> l4 (budi)");
    desk_close(&d);
}

Test(review, who_agrees_is_named_with_the_others)
{
    struct desk d;
    desk_open(&d);
    open_for_both(&d);
    world_answer(&d.w, WORLD_ANA, UNIT, "desk", "l2");
    struct pt_entry entry = about(&d, "desk", PATUH__ENTRY_KIND__ENTRY_ANSWER);
    entry.value = (struct pt_value){.type = PT_VALUE_CHOICE, .choices = 3};
    world_put(&d.w, WORLD_BUDI, UNIT, &entry);
    struct review_case c = look(&d);
    const struct pt_register *reg = &c.work.state.registers[0];
    const char *names = pt_work_authors(&c.work, reg, &c.work.arena);
    bool ana_first = strcmp(names, "ana, budi") == 0; /* by log */
    cr_expect_eq(reg->n_heads, 2);
    cr_expect(ana_first || strcmp(names, "budi, ana") == 0, "%s", names);
    review_case_close(&c);
    expect_shown(&d, true, ana_first ? "\"author\":\"ana, budi\"" : "\"author\":\"budi, ana\"");
    desk_close(&d);
}

/* --- what status and list say --- */

/* What a command prints at the office of a tier; to be freed. */
static struct pt_buf printed(struct desk *d, int tier, const char *name, const char *const *words, int n)
{
    struct office office = d->offices[tier - 1];
    struct pt_buf out = {0};
    (void)snprintf(office.dir, sizeof office.dir, "%s", d->folder);
    struct command c = {.office = &office, .folder = "/", .argc = n, .argv = words};
    cr_assert_eq(command_run(&c, name), EXIT_GOOD, "%s", pt_buf_text(&c.err));
    pt_buf_put_str(&out, pt_buf_text(&c.out));
    command_close(&c);
    return out;
}

static bool prints(struct desk *d, int tier, const char *name, const char *word, const char *part)
{
    struct pt_buf out = printed(d, tier, name, &word, word == NULL ? 0 : 1);
    bool found = strstr(pt_buf_text(&out), part) != NULL;
    pt_buf_free(&out);
    return found;
}

static void expect_todo(struct desk *d, int tier, const char *code, const char *other, const char *part)
{
    char text[64];
    (void)snprintf(text, sizeof text, "\"code\":\"%s\"", code);
    cr_expect(prints(d, tier, "status", "--json", text), "tier %d: no %s", tier, code);
    (void)snprintf(text, sizeof text, "\"code\":\"%s\"", other);
    cr_expect_not(prints(d, tier, "status", "--json", text), "tier %d: %s", tier, other);
    cr_expect(prints(d, tier, "status", NULL, part), "tier %d: without \"%s\"", tier, part);
}

static void write_world(struct desk *d)
{
    struct pt_txn *txn;
    cr_assert_eq(pt_store_begin(d->w.store, true, &txn), PT_OK);
    cr_assert_eq(pt_meta_put_u64(txn, "epoch", 8), PT_OK);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
}

Test(review, status_says_who_can_go_on)
{
    static const struct {
        enum stage stage;
        bool late; /* the surveyor writes afterwards */
        int tier;
        const char *code;
        const char *other;
        const char *part;
    } rows[] = {
        {SUBMITTED, false, 1, "submitted", "submitted_region", "wait for review"},
        {SUBMITTED, false, 2, "submitted_region", "submitted", "approval of their region"},
        {PROPOSED, false, 1, "not_assessed", "not_assessed_region", "wait for the office"},
        {PROPOSED, false, 2, "not_assessed_region", "not_assessed", "wait for their region"},
        {CONFIRMED_REGION, false, 2, "not_assessed", "not_assessed_region", "wait for the office"},
        {APPROVED_REGION, true, 1, "outside", "outside_upper", "approve again, or return it"},
        {APPROVED_REGION, true, 2, "outside", "outside_region", "approve again, or return it"},
        {APPROVED_NATION, true, 1, "outside_upper", "outside", "ask head office"},
        {APPROVED_NATION, true, 2, "outside", "outside_upper", "approve again, or return it"},
        {FIXED, true, 1, "outside_fixed", "outside", "patuhd unfix"},
        {FIXED, true, 2, "outside_fixed", "outside", "patuhd unfix"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct desk d;
        desk_open(&d);
        write_world(&d);
        bring_to(&d, rows[i].stage);
        if (rows[i].late) {
            world_answer(&d.w, WORLD_ANA, UNIT, "staff", "l1");
        }
        expect_todo(&d, rows[i].tier, rows[i].code, rows[i].other, rows[i].part);
        desk_close(&d);
    }
}

/* What the move names has not come: nobody can go on, and both lists say why. */
Test(review, what_is_not_whole_is_listed_as_such)
{
    struct desk d;
    Patuh__Move move = PATUH__MOVE__INIT;
    Patuh__LogSeen seen = PATUH__LOG_SEEN__INIT;
    Patuh__LogSeen *cut[] = {&seen};
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_MOVE, 0);
    desk_open(&d);
    write_world(&d);
    open_for_both(&d);
    world_answer(&d.w, WORLD_ANA, UNIT, "desk", "l2");
    struct pt_head head = world_head(&d.w, WORLD_SOUTH, UNIT);
    struct pt_author budi = pt_author_of(d.w.pairs[WORLD_BUDI].public_key);
    seen.has_author = seen.has_incarnation = seen.has_seq = seen.has_link = true;
    seen.author = (ProtobufCBinaryData){.len = sizeof budi.b, .data = budi.b};
    seen.incarnation = head.log.incarnation;
    seen.seq = 3;
    seen.link = (ProtobufCBinaryData){.len = sizeof head.link.b, .data = head.link.b};
    move.has_to = true;
    move.to = PATUH__STATE__STATE_SUBMITTED;
    move.n_cut = 1;
    move.cut = cut;
    cr_assert_eq(pt_pack(&move.base, &d.w.arena, &entry.detail), PT_OK);
    world_put(&d.w, WORLD_ANA, UNIT, &entry);
    cr_expect_eq(act_on(&d, 1, REVIEW_APPROVE, UNIT_NAME), PT_MSG_REVIEW_INCOMPLETE);
    expect_todo(&d, 1, "incomplete", "submitted", "not whole here");
    expect_todo(&d, 2, "incomplete", "submitted_region", "not whole here");
    cr_expect(prints(&d, 1, "review", "list", "not whole here"));
    desk_close(&d);
}

Test(review, a_revoked_key_stays_out_and_nothing_else_is_promised)
{
    struct desk d;
    desk_open(&d);
    write_world(&d);
    bring_to(&d, SUBMITTED);
    world_revoke(&d.w, WORLD_ANA);
    cr_expect(prints(&d, 1, "status", NULL, "stays out; answer it again on another device"));
    desk_close(&d);
}

Test(review, a_reviewer_does_not_sync)
{
    struct desk d;
    desk_open(&d);
    write_world(&d);
    cr_expect(prints(&d, 1, "status", NULL, "reviewer\trini\t-\t0\t\t\n"));
    cr_expect(prints(&d, 1, "status", NULL, "device\tana\t\t0\t\tbelum pernah / never\n"));
    desk_close(&d);
}
