#include "merge_scene.h"

#include <criterion/criterion.h>

Test(merge_state, what_comes_after_the_cut_is_pending)
{
    struct merge_scene s;
    ms_open(&s);
    ms_answer(&s, s.budi, 5);
    ms_expect_n(&s, PT_LEVEL_SUBMITTED, "-");
    ms_move(&s, s.budi, PATUH__STATE__STATE_SUBMITTED, &s.region, 1);
    ms_answer(&s, s.budi, 6);
    ms_expect_n(&s, PT_LEVEL_SUBMITTED, "5");
    ms_expect_n(&s, PT_LEVEL_WORK, "6");
    struct pt_assessment a = ms_merge(&s, PT_LEVEL_SUBMITTED);
    cr_expect_eq(a.state, PATUH__STATE__STATE_SUBMITTED);
    cr_expect_eq(a.n_pending, 1);
    ms_move(&s, s.budi, PATUH__STATE__STATE_SUBMITTED, &s.region, 1);
    ms_expect_n(&s, PT_LEVEL_SUBMITTED, "6");
    ms_close(&s);
}

Test(merge_state, two_concurrent_submits_count_together)
{
    struct merge_scene s;
    ms_open(&s);
    ms_answer(&s, s.budi, 5);
    ms_claim(&s, s.siti, PATUH__ENTRY_KIND__ENTRY_ANSWER, "k", 4, NULL, 0);
    ms_move(&s, s.budi, PATUH__STATE__STATE_SUBMITTED, &s.region, 1);
    ms_move(&s, s.siti, PATUH__STATE__STATE_SUBMITTED, &s.region, 1);
    cr_expect_eq(ms_merge(&s, PT_LEVEL_SUBMITTED).answers.n_answers, 2);
    ms_close(&s);
}

Test(merge_state, a_return_stands_after_the_submit_and_a_new_submit_after_the_return)
{
    struct merge_scene s;
    ms_open(&s);
    ms_answer(&s, s.budi, 5);
    ms_move(&s, s.budi, PATUH__STATE__STATE_SUBMITTED, &s.region, 1);
    ms_move(&s, s.region, PATUH__STATE__STATE_HAS_ISSUES, &s.budi, 1);
    cr_expect_eq(ms_merge(&s, PT_LEVEL_WORK).state, PATUH__STATE__STATE_HAS_ISSUES);
    ms_expect_n(&s, PT_LEVEL_SUBMITTED, "-");
    ms_answer(&s, s.budi, 6);
    ms_move(&s, s.budi, PATUH__STATE__STATE_SUBMITTED, &s.region, 1);
    cr_expect_eq(ms_merge(&s, PT_LEVEL_WORK).state, PATUH__STATE__STATE_SUBMITTED);
    ms_expect_n(&s, PT_LEVEL_SUBMITTED, "6");
    ms_close(&s);
}

/* A surveyor who submits again undoes no approval; a region none of head office's. */
Test(merge_state, a_lower_tier_does_not_undo_an_approval)
{
    struct merge_scene s;
    ms_open(&s);
    ms_answer(&s, s.budi, 5);
    ms_move(&s, s.region, PATUH__STATE__STATE_APPROVED_REGION, &s.budi, 1);
    ms_answer(&s, s.budi, 6);
    ms_move(&s, s.budi, PATUH__STATE__STATE_SUBMITTED, &s.region, 1);
    cr_expect_eq(ms_merge(&s, PT_LEVEL_WORK).state, PATUH__STATE__STATE_APPROVED_REGION);
    ms_expect_n(&s, PT_LEVEL_REGION, "5");
    struct pt_view *seen[2] = {s.budi, s.region};
    ms_move(&s, s.root, PATUH__STATE__STATE_APPROVED_NATIONAL, seen, 2);
    ms_expect_n(&s, PT_LEVEL_NATIONAL, "6");
    seen[1] = s.root;
    ms_move(&s, s.region, PATUH__STATE__STATE_HAS_ISSUES, seen, 2);
    cr_expect_eq(ms_merge(&s, PT_LEVEL_WORK).state, PATUH__STATE__STATE_APPROVED_NATIONAL);
    ms_move(&s, s.root, PATUH__STATE__STATE_HAS_ISSUES, &s.region, 1);
    cr_expect_eq(ms_merge(&s, PT_LEVEL_WORK).state, PATUH__STATE__STATE_HAS_ISSUES);
    ms_close(&s);
}

/* Head office approves more than the region did: each level has its own. */
Test(merge_state, every_level_counts_what_its_own_move_had)
{
    struct merge_scene s;
    ms_open(&s);
    struct pt_view *seen[] = {s.budi, s.region};
    ms_answer(&s, s.budi, 5);
    ms_move(&s, s.budi, PATUH__STATE__STATE_SUBMITTED, &s.region, 1);
    ms_answer(&s, s.budi, 6);
    ms_move(&s, s.region, PATUH__STATE__STATE_APPROVED_REGION, &s.budi, 1);
    ms_answer(&s, s.budi, 7);
    ms_move(&s, s.root, PATUH__STATE__STATE_APPROVED_NATIONAL, seen, 2);
    ms_answer(&s, s.budi, 8);
    ms_expect_n(&s, PT_LEVEL_SUBMITTED, "5");
    ms_expect_n(&s, PT_LEVEL_REGION, "6");
    ms_expect_n(&s, PT_LEVEL_NATIONAL, "7");
    cr_expect_eq(ms_merge(&s, PT_LEVEL_REGION).n_pending, 2, "7 and 8; moves wait for nobody");
    cr_expect_eq(ms_merge(&s, PT_LEVEL_REGION).state, PATUH__STATE__STATE_APPROVED_NATIONAL);
    ms_move(&s, s.region, PATUH__STATE__STATE_APPROVED_REGION, &s.budi, 1);
    ms_expect_n(&s, PT_LEVEL_REGION, "8");
    ms_expect_n(&s, PT_LEVEL_NATIONAL, "7");
    ms_fix(&s, 1, 4); /* as the approval has it */
    ms_expect_n(&s, PT_LEVEL_FIXED, "7");
    ms_expect_n(&s, PT_LEVEL_REGION, "8");
    ms_close(&s);
}

Test(merge_state, head_office_alone_counts_at_every_level)
{
    struct merge_scene s;
    ms_open(&s);
    struct pt_view *seen[] = {s.budi, s.region};
    ms_answer(&s, s.budi, 5);
    ms_move(&s, s.budi, PATUH__STATE__STATE_SUBMITTED, &s.region, 1);
    ms_move(&s, s.root, PATUH__STATE__STATE_APPROVED_NATIONAL, seen, 2);
    ms_expect_n(&s, PT_LEVEL_REGION, "5");
    seen[1] = s.root;
    ms_move(&s, s.region, PATUH__STATE__STATE_HAS_ISSUES, seen, 2); /* has no say any more */
    ms_expect_n(&s, PT_LEVEL_SUBMITTED, "5");
    ms_expect_n(&s, PT_LEVEL_REGION, "5");
    seen[1] = s.region;
    ms_move(&s, s.root, PATUH__STATE__STATE_HAS_ISSUES, seen, 2);
    ms_expect_n(&s, PT_LEVEL_SUBMITTED, "-");
    ms_expect_n(&s, PT_LEVEL_NATIONAL, "-");
    ms_close(&s);
}

Test(merge_state, what_is_fixed_stays_until_it_is_reopened)
{
    struct merge_scene s;
    struct pt_assessment a;
    ms_open(&s);
    struct pt_view *all[] = {s.budi, s.region, s.root};
    ms_answer(&s, s.budi, 5);
    ms_move(&s, s.region, PATUH__STATE__STATE_APPROVED_REGION, &s.budi, 1);
    ms_move(&s, s.root, PATUH__STATE__STATE_APPROVED_NATIONAL, all, 2);
    ms_answer(&s, s.budi, 6); /* pending: there, and not approved */
    ms_fix(&s, 1, 1);
    cr_expect_eq(ms_merge(&s, PT_LEVEL_WORK).state, PATUH__STATE__STATE_FIXED);
    ms_expect_n(&s, PT_LEVEL_FIXED, "5");
    ms_answer(&s, s.budi, 7);
    ms_move(&s, s.root, PATUH__STATE__STATE_APPROVED_NATIONAL, all, 2); /* late, whoever says so */
    ms_move(&s, s.region, PATUH__STATE__STATE_HAS_ISSUES, all, 3);
    a = ms_merge(&s, PT_LEVEL_FIXED);
    cr_expect_eq(a.state, PATUH__STATE__STATE_FIXED);
    cr_expect_eq(a.n_pending, 2, "6 and 7");
    ms_expect_n(&s, PT_LEVEL_FIXED, "5");
    ms_expect_n(&s, PT_LEVEL_NATIONAL, "5");
    ms_reopen(&s, 1);
    cr_expect_eq(ms_merge(&s, PT_LEVEL_WORK).state, PATUH__STATE__STATE_APPROVED_NATIONAL);
    ms_expect_n(&s, PT_LEVEL_FIXED, "-");
    a = ms_merge_version(&s, PT_LEVEL_FIXED, 1);
    ms_expect_values(&s, &a, "5");
    ms_move(&s, s.root, PATUH__STATE__STATE_APPROVED_NATIONAL, all, 2);
    ms_expect_n(&s, PT_LEVEL_NATIONAL, "7");
    ms_fix(&s, 2, 3);
    ms_expect_n(&s, PT_LEVEL_FIXED, "7");
    a = ms_merge_version(&s, PT_LEVEL_FIXED, 1);
    ms_expect_values(&s, &a, "5");
    a = ms_merge_version(&s, PT_LEVEL_FIXED, 3);
    cr_expect(!a.counts);
    ms_close(&s);
}

/* A reviewer returned it while head office fixed: neither knew of the other. */
Test(merge_state, fixing_is_the_last_word_of_what_was_under_way)
{
    struct merge_scene s;
    ms_open(&s);
    struct pt_view *reviewer = log_add(&s.logs, SUBJECT, ROOT, 2);
    struct pt_view *seen[] = {s.budi, s.region};
    ms_answer(&s, s.budi, 5);
    ms_move(&s, s.root, PATUH__STATE__STATE_APPROVED_NATIONAL, seen, 2);
    ms_move(&s, reviewer, PATUH__STATE__STATE_HAS_ISSUES, seen, 2);
    ms_fix(&s, 1, 1);
    cr_expect_eq(ms_merge(&s, PT_LEVEL_WORK).state, PATUH__STATE__STATE_FIXED);
    ms_expect_n(&s, PT_LEVEL_FIXED, "5");
    ms_close(&s);
}

Test(merge_state, only_head_office_itself_moves_into_a_version)
{
    struct merge_scene s;
    ms_open(&s);
    struct pt_view *by[] = {s.budi, s.region, s.root};
    for (size_t i = 0; i < 3; i++) {
        Patuh__Move kind = PATUH__MOVE__INIT;
        kind.to = PATUH__STATE__STATE_FIXED;
        kind.has_version = true;
        kind.version = 1;
        ms_move_as(&s, by[i], &kind, NULL, 0);
        cr_expect_eq(ms_merge(&s, PT_LEVEL_WORK).n_ineffective, i < 2 ? i + 1 : 2, "row %zu", i);
    }
    Patuh__Move both = PATUH__MOVE__INIT;
    both.to = PATUH__STATE__STATE_NOT_ASSESSED;
    both.has_version = both.has_reopens = true;
    both.version = both.reopens = 1;
    ms_move_as(&s, s.root, &both, NULL, 0);
    cr_expect_eq(ms_merge(&s, PT_LEVEL_WORK).n_ineffective, 3, "in and out at once");
    ms_close(&s);
}

/* What a surveyor proposes counts as submitted; what the office says so is final up to head office's level. */
Test(merge_state, not_assessed_is_final_when_an_office_confirms_it)
{
    struct merge_scene s;
    ms_open(&s);
    ms_move(&s, s.budi, PATUH__STATE__STATE_NOT_ASSESSED, &s.region, 1);
    cr_expect(ms_merge(&s, PT_LEVEL_SUBMITTED).counts);
    struct pt_assessment a = ms_merge(&s, PT_LEVEL_REGION);
    cr_expect_not(a.counts);
    cr_expect_eq(a.state_tier, 0);
    ms_move(&s, s.region, PATUH__STATE__STATE_NOT_ASSESSED, &s.budi, 1);
    ms_answer(&s, s.budi, 6);
    ms_move(&s, s.budi, PATUH__STATE__STATE_SUBMITTED, &s.region, 1);
    for (int level = PT_LEVEL_SUBMITTED; level <= PT_LEVEL_NATIONAL; level++) {
        a = ms_merge(&s, (enum pt_level)level);
        cr_expect(a.counts, "level %d", level);
        cr_expect_eq(a.state, PATUH__STATE__STATE_NOT_ASSESSED, "a surveyor does not undo it");
        cr_expect_eq(a.state_tier, 1);
        cr_expect_eq(a.n_pending, 1, "level %d", level);
    }
    cr_expect_not(ms_merge(&s, PT_LEVEL_FIXED).counts);
    ms_move(&s, s.region, PATUH__STATE__STATE_HAS_ISSUES, &s.budi, 1);
    ms_move(&s, s.budi, PATUH__STATE__STATE_SUBMITTED, &s.region, 1);
    cr_expect_eq(ms_merge(&s, PT_LEVEL_WORK).state, PATUH__STATE__STATE_SUBMITTED, "after a return it goes on");
    ms_close(&s);
}

Test(merge_state, of_concurrent_moves_the_higher_tier_and_then_the_less_approved_wins)
{
    struct merge_scene s;
    ms_open(&s);
    ms_answer(&s, s.budi, 5);
    ms_move(&s, s.region, PATUH__STATE__STATE_APPROVED_REGION, &s.budi, 1);
    ms_move(&s, s.root, PATUH__STATE__STATE_HAS_ISSUES, &s.budi, 1);
    cr_expect_eq(ms_merge(&s, PT_LEVEL_WORK).state, PATUH__STATE__STATE_HAS_ISSUES);
    struct pt_view *restored = log_add(&s.logs, SUBJECT, REGION_62, 2);
    struct pt_view *seen[2] = {s.region, s.root};
    ms_move(&s, restored, PATUH__STATE__STATE_APPROVED_REGION, seen, 1);
    cr_expect_eq(ms_merge(&s, PT_LEVEL_WORK).state, PATUH__STATE__STATE_HAS_ISSUES);
    ms_close(&s);
}

Test(merge_state, who_may_move)
{
    static const struct {
        Patuh__State to;
        bool surveyor, region, root;
    } rows[] = {{PATUH__STATE__STATE_DRAFT, false, false, false},
                {PATUH__STATE__STATE_SUBMITTED, true, true, true},
                {PATUH__STATE__STATE_HAS_ISSUES, false, true, true},
                {PATUH__STATE__STATE_APPROVED_REGION, false, true, true},
                {PATUH__STATE__STATE_APPROVED_NATIONAL, false, false, true},
                {PATUH__STATE__STATE_FIXED, false, false, false},
                {PATUH__STATE__STATE_NOT_ASSESSED, true, true, true}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t who = 0; who < 3; who++) {
            struct merge_scene s;
            ms_open(&s);
            struct pt_view *by = who == 0 ? s.budi : who == 1 ? s.region : s.root;
            bool may = who == 0 ? rows[i].surveyor : who == 1 ? rows[i].region : rows[i].root;
            ms_move(&s, by, rows[i].to, NULL, 0);
            cr_expect_eq(ms_merge(&s, PT_LEVEL_WORK).n_ineffective, may ? 0 : 1, "row %zu, who %zu", i, who);
            ms_close(&s);
        }
    }
}
