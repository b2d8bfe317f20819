/* What a reviewer may do in which state, and what it comes to: over the world of the rollup tests, where the office of
 * region 62 (reviewer rini) and head office (reviewer dewi) share one store. */
#include "desk.h"

#include "core/wire/pack.h"
#include "review/review_print.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static void expect_changes(struct desk *d, size_t n, bool first)
{
    struct review_case c = desk_look(d);
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

/* --- who may do what --- */

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
            desk_bring_to(&d, may[i].stage);
        }
        said = desk_act_on(&d, k < 3 ? PT_TIER_REGION : PT_TIER_NATIONAL, kinds[k % 3], UNIT_NAME);
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
    cr_expect_eq(desk_act_on(&d, 1, REVIEW_APPROVE, "2023/" OWN_UNIT), PT_MSG_REVIEWER_NOT_IN_CHARGE);
    cr_expect_eq(desk_act_on(&d, 2, REVIEW_APPROVE, "2023/" OWN_UNIT), PT_MSG_NONE);
    cr_expect_eq(desk_act_on(&d, 2, REVIEW_UNAPPROVE, "2023/" OWN_UNIT), PT_MSG_NONE);
    cr_expect_eq(desk_act_on(&d, 2, REVIEW_APPROVE, "2023/" OWN_UNIT), PT_MSG_NONE);
    desk_close(&d);
}

/* Else the next approval would approve an assessment that nobody made. */
Test(review, not_assessed_that_is_taken_back_goes_back_to_the_surveyor)
{
    static const enum stage stages[] = {CONFIRMED_REGION, CONFIRMED_NATION};
    for (enum pt_tier tier = 1; tier <= 2; tier++) {
        struct desk d;
        desk_open(&d);
        desk_bring_to(&d, stages[tier - 1]);
        cr_expect_eq(desk_act_on(&d, tier, REVIEW_UNAPPROVE, UNIT_NAME), PT_MSG_NONE);
        cr_expect_eq(desk_state(&d), PATUH__STATE__STATE_HAS_ISSUES);
        cr_expect_eq(desk_act_on(&d, 1, REVIEW_APPROVE, UNIT_NAME), PT_MSG_REVIEW_NOT_SUBMITTED);
        world_move(&d.w, WORLD_ANA, UNIT, PATUH__STATE__STATE_SUBMITTED);
        cr_expect_eq(desk_act_on(&d, 1, REVIEW_APPROVE, UNIT_NAME), PT_MSG_NONE);
        cr_expect_eq(desk_state(&d), PATUH__STATE__STATE_APPROVED_REGION);
        desk_close(&d);
    }
}

Test(review, who_returns_again_adds_to_the_comments)
{
    struct desk d;
    desk_open(&d);
    desk_bring_to(&d, SUBMITTED);
    desk_return(&d, 1, "desk", "loket yang mana?");
    desk_return(&d, 2, "sign", "papan yang mana?");
    desk_return(&d, 2, "input", "lengkapi semuanya");
    struct review_case c = desk_look(&d);
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
    desk_return(&d, 1, "staff", "siapa petugasnya?");
    c = desk_look(&d);
    cr_assert_eq(c.work.state.n_comments, 4);
    size_t n_standing = 0;
    for (size_t i = 0; i < 4; i++) {
        n_standing += c.work.state.comments[i].stands ? 1 : 0;
    }
    cr_expect_eq(n_standing, 1);
    review_case_close(&c);
    desk_close(&d);
}

static enum pt_msg return_at(struct desk *d, const char *path)
{
    struct review_comment comments[] = {{.path = "desk", .text = "yang mana?"}, {.path = path, .text = "siapa?"}};
    return desk_act(
        d, 1,
        &(struct review_act){.kind = REVIEW_RETURN, .assessment = UNIT_NAME, .comments = comments, .n_comments = 2});
}

static void remove_instance(struct desk *d, const char *path, const char *name)
{
    struct pt_entry entry = desk_about(d, path, PATUH__ENTRY_KIND__ENTRY_REMOVE_INSTANCE);
    entry.instance = name;
    world_put(&d->w, WORLD_ANA, UNIT, &entry);
}

/* Nobody would be shown a comment at a respondent that is not there; one whose respondent is removed later stays on
 * the list, so that the reviewer sees what became of it. */
Test(review, a_comment_is_about_something_that_is_there)
{
    struct desk d;
    char name[PT_INSTANCE_BYTES_MAX + 1];
    char path[64];
    struct pt_buf out = {0};
    desk_open(&d);
    world_load_small_with(&d.w, "text,remark,Catatan,,,\n",
                          "begin_repeat,user,Pengguna,,,\nselect_one level,heard,Didengar,,,\nend_repeat,,,,,\n");
    desk_keep_blobs(&d);
    world_open_unit(&d.w, WORLD_SOUTH, UNIT, "62", "ana");
    world_add(&d.w, WORLD_ANA, UNIT, "user", name);
    (void)snprintf(path, sizeof path, "user[%s].heard", name);
    world_move(&d.w, WORLD_ANA, UNIT, PATUH__STATE__STATE_SUBMITTED);
    cr_expect_eq(return_at(&d, "user[zzz].heard"), PT_MSG_REVIEW_NO_INSTANCE);
    cr_expect_eq(return_at(&d, "user[zzz]"), PT_MSG_REVIEW_NO_INSTANCE);
    cr_expect_eq(return_at(&d, "tiada"), PT_MSG_REVIEW_PATH_UNKNOWN);
    cr_expect_eq(desk_state(&d), PATUH__STATE__STATE_SUBMITTED, "nothing was written");
    cr_expect_eq(return_at(&d, path), PT_MSG_NONE);
    (void)snprintf(path, sizeof path, "user[%s]", name);
    remove_instance(&d, path, name);
    cr_expect_eq(return_at(&d, path), PT_MSG_REVIEW_NO_INSTANCE, "it was removed");
    struct review_case c = desk_look(&d);
    cr_assert_eq(review_put_form(&c, false, &out), PT_OK);
    cr_expect_not_null(strstr(pt_buf_text(&out), "].heard\n       > siapa? (rini)\n"), "%s", pt_buf_text(&out));
    review_case_close(&c);
    pt_buf_free(&out);
    desk_close(&d);
}

static void expect_history(struct desk *d, const char *path, bool json, const char *kind, const char *part,
                           const char *fate)
{
    struct review_case c = desk_look(d);
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
        desk_bring_to(&d, SUBMITTED);
        desk_return(&d, 1, "desk", "loket yang mana?");
        expect_history(&d, "desk", json, "comment", "loket yang mana?", "stands");
        world_answer(&d.w, WORLD_ANA, UNIT, "desk", "l3");
        world_move(&d.w, WORLD_ANA, UNIT, PATUH__STATE__STATE_SUBMITTED);
        expect_history(&d, "desk", json, "comment", "loket yang mana?", "answered");
        desk_return(&d, 1, "desk", "masih kurang");
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
    desk_open_for_both(&d);
    world_answer(&d.w, WORLD_ANA, UNIT, "desk", "l2");
    world_answer(&d.w, WORLD_ANA, UNIT, "staff", "l2");
    expect_changes(&d, 2, true);
    world_move(&d.w, WORLD_ANA, UNIT, PATUH__STATE__STATE_SUBMITTED);
    expect_changes(&d, 2, true);
    desk_return(&d, 1, "desk", "loket yang mana?");
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
    desk_open_for_both(&d);
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
    desk_open_for_both(&d);
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
    desk_bring_to(&d, APPROVED_REGION);
    expect_changes(&d, 0, false);
    world_answer(&d.w, WORLD_ANA, UNIT, "staff", "l1");
    world_move(&d.w, WORLD_ANA, UNIT, PATUH__STATE__STATE_SUBMITTED);
    expect_changes(&d, 1, false);
    cr_expect_eq(desk_act_on(&d, 1, REVIEW_APPROVE, UNIT_NAME), PT_MSG_NONE);
    expect_changes(&d, 0, false);
    desk_close(&d);
}

/* --- conflicts --- */

/* The name of the head that this author wrote; its first n bytes. */
static void head_of(struct desk *d, enum world_author who, size_t n, char out[64])
{
    struct review_case c = desk_look(d);
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
    return desk_act(d, 1, &wanted);
}

static struct pt_value value_now(struct desk *d, size_t *n_values)
{
    struct review_case c = desk_look(d);
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
    desk_open_for_both(&d);
    world_answer(&d.w, WORLD_ANA, UNIT, "desk", "l4");
    world_answer(&d.w, WORLD_BUDI, UNIT, "desk", "l0");
    world_move(&d.w, WORLD_ANA, UNIT, PATUH__STATE__STATE_SUBMITTED);
    cr_expect_eq(desk_act_on(&d, 1, REVIEW_APPROVE, UNIT_NAME), PT_MSG_REVIEW_CONFLICTS);
    cr_expect_eq(decide(&d, "desk", ""), PT_MSG_DECIDE_ENTRY, "it begins them all");
    cr_expect_eq(decide(&d, "desk", "zz"), PT_MSG_DECIDE_ENTRY);
    cr_expect_eq(decide(&d, "staff", "zz"), PT_MSG_DECIDE_NO_CONFLICT);
    head_of(&d, WORLD_BUDI, 8, name);
    cr_expect_eq(decide(&d, "desk", name), PT_MSG_NONE);
    cr_expect_eq(value_now(&d, &n_values).choices, 1, "l0 is the first choice");
    cr_expect_eq(n_values, 1);
    cr_expect_eq(decide(&d, "desk", name), PT_MSG_DECIDE_NO_CONFLICT);
    cr_expect_eq(desk_act_on(&d, 1, REVIEW_APPROVE, UNIT_NAME), PT_MSG_NONE);
    desk_close(&d);
}

static void write_remark(struct desk *d, enum world_author by, const char *text)
{
    struct pt_entry entry = desk_about(d, "remark", PATUH__ENTRY_KIND__ENTRY_ANSWER);
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
    desk_open_for_both(&d);
    world_answer(&d.w, WORLD_ANA, UNIT, "desk", "l4");
    struct pt_entry entry = desk_about(&d, "desk", PATUH__ENTRY_KIND__ENTRY_CLEAR);
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
    desk_open_for_both(&d);
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
    desk_open_for_both(&d);
    world_answer(&d.w, WORLD_ANA, UNIT, "desk", "l4");
    write_remark(&d, WORLD_ANA, "satu");
    write_remark(&d, WORLD_BUDI, "dua");
    world_move(&d.w, WORLD_ANA, UNIT, PATUH__STATE__STATE_SUBMITTED);
    cr_expect_eq(desk_act_on(&d, 1, REVIEW_APPROVE, UNIT_NAME), PT_MSG_REVIEW_CONFLICTS);
    world_load_small_with(&d.w, "text,remark,Catatan,,,\n", "");
    desk_keep_blobs(&d);
    struct review_case c = desk_look(&d);
    cr_expect_eq(review_put_form(&c, false, &out), PT_OK);
    cr_expect_not_null(strstr(pt_buf_text(&out), "desk"));
    cr_expect_eq(review_put_form(&c, true, &out), PT_OK);
    review_case_close(&c);
    cr_expect_eq(desk_act_on(&d, 1, REVIEW_APPROVE, UNIT_NAME), PT_MSG_NONE);
    pt_buf_free(&out);
    desk_close(&d);
}

/* What the reviewer wrote before the store was restored stands in another log. */
Test(review, an_older_log_of_the_reviewer_keeps_nothing_back)
{
    struct desk d;
    desk_open(&d);
    desk_bring_to(&d, SUBMITTED);
    world_move(&d.w, WORLD_RINI, UNIT, PATUH__STATE__STATE_APPROVED_NATIONAL); /* not a region's to say */
    cr_expect_eq(desk_act_on(&d, 1, REVIEW_APPROVE, UNIT_NAME), PT_MSG_NONE);
    cr_expect_eq(desk_state(&d), PATUH__STATE__STATE_APPROVED_REGION);
    desk_close(&d);
}
