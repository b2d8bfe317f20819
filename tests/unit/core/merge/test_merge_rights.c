/* Rights: what other offices, revoked keys and copies of devices cannot change. */
#include "merge_scene.h"

#include "base/mem.h"
#include "core/wire/pack.h"

#include <criterion/criterion.h>
#include <string.h>

static void revoke(struct merge_scene *s, struct pt_view *by, uint8_t who)
{
    Patuh__Revocation revocation = PATUH__REVOCATION__INIT;
    struct pt_author author = author_of(who);
    revocation.has_author = true;
    revocation.author = (ProtobufCBinaryData){.len = sizeof author.b, .data = author.b};
    entry_add(&s->offices, by, PATUH__ENTRY_KIND__ENTRY_REVOKE, &revocation);
    s->authority = build(&s->offices);
}

/* Office 11 of somebody who means no good. */
static struct pt_view *rogue_office(struct merge_scene *s)
{
    office_add(&s->offices, &s->offices.views[0], "11", STRANGER, 1);
    return log_add(&s->offices, "o:11", STRANGER, 1);
}

static void name_member(struct merge_scene *s, struct pt_view *by, uint8_t who, Patuh__Role role)
{
    member_add(&s->offices, by, "x", who, role);
    s->authority = build(&s->offices);
}

/* budi answers and submits, the reviewer siti of 62 approves. */
static void approve_as_reviewer(struct merge_scene *s)
{
    struct pt_view *reviewer = log_add(&s->logs, SUBJECT, SITI, 1);
    ms_answer(s, s->budi, 5);
    ms_move(s, s->budi, PATUH__STATE__STATE_SUBMITTED, &s->region, 1);
    ms_move(s, reviewer, PATUH__STATE__STATE_APPROVED_REGION, &s->budi, 1);
}

static void expect_state(struct merge_scene *s, const char *state)
{
    cr_expect_str_eq(pt_state_name(ms_merge(s, PT_LEVEL_WORK).state), state);
}

Test(merge_rights, another_office_takes_no_reviewers_rights)
{
    struct merge_scene s;
    ms_open(&s);
    approve_as_reviewer(&s);
    struct pt_view *rogue = rogue_office(&s);
    name_member(&s, rogue, SITI, PATUH__ROLE__ROLE_DEVICE);
    expect_state(&s, "approved_region");
    revoke(&s, rogue, SITI);
    expect_state(&s, "approved_region");
    ms_close(&s);
}

Test(merge_rights, another_office_gives_no_rights_back)
{
    struct merge_scene s;
    ms_open(&s);
    revoke(&s, &s.offices.views[1], SITI);
    approve_as_reviewer(&s);
    expect_state(&s, "submitted");
    name_member(&s, rogue_office(&s), SITI, PATUH__ROLE__ROLE_REVIEWER);
    expect_state(&s, "submitted");
    ms_close(&s);
}

Test(merge_rights, a_revoked_reviewer_assigns_nobody)
{
    struct merge_scene s;
    ms_open(&s);
    name_member(&s, &s.offices.views[1], STRANGER, PATUH__ROLE__ROLE_DEVICE);
    struct pt_view *reviewer = log_add(&s.logs, SUBJECT, SITI, 1);
    struct pt_view *stranger = log_add(&s.logs, SUBJECT, STRANGER, 1);
    ms_assign(&s, reviewer, "x");
    ms_answer(&s, stranger, 9);
    ms_expect_n(&s, PT_LEVEL_WORK, "9");
    revoke(&s, &s.offices.views[1], SITI);
    ms_expect_n(&s, PT_LEVEL_WORK, "-");
    struct pt_assessment a = ms_merge(&s, PT_LEVEL_WORK);
    cr_expect_eq(a.n_surveyors, 2);
    cr_expect_eq(a.n_ineffective, 2);
    ms_close(&s);
}

static void open_as(struct merge_scene *s, struct pt_view *by, const char *office)
{
    Patuh__Opening opening = PATUH__OPENING__INIT;
    opening.office = pt_text_of(office);
    entry_add(&s->logs, by, PATUH__ENTRY_KIND__ENTRY_OPEN, &opening);
}

Test(merge_rights, a_revoked_reviewer_of_head_office_neither_opens_nor_moves)
{
    struct merge_scene s;
    Patuh__OfficeMove move = PATUH__OFFICE_MOVE__INIT;
    char code[] = "63";
    ms_open(&s);
    name_member(&s, &s.offices.views[0], NEW_62, PATUH__ROLE__ROLE_REVIEWER);
    struct pt_view *former = log_add(&s.logs, SUBJECT, NEW_62, 1);
    ms_answer(&s, s.budi, 5);
    open_as(&s, former, "63");
    cr_expect_str_eq(ms_merge(&s, PT_LEVEL_WORK).office, "63", "head office's reviewer may");
    revoke(&s, &s.offices.views[0], NEW_62);
    cr_expect_str_eq(ms_merge(&s, PT_LEVEL_WORK).office, "62");
    move.office = code;
    entry_add(&s.logs, former, PATUH__ENTRY_KIND__ENTRY_MOVE_OFFICE, &move);
    cr_expect_str_eq(ms_merge(&s, PT_LEVEL_WORK).office, "62");
    ms_expect_n(&s, PT_LEVEL_WORK, "5");
    ms_close(&s);
}

/* Whichever of the keys comes first in the order of logs. */
Test(merge_rights, the_registry_says_whose_a_unit_is)
{
    static const uint8_t keys[] = {REGION_63, STRANGER, NEW_62, SITI + 5, SITI + 6, SITI + 7};
    size_t n_before = 0;
    for (size_t i = 0; i < sizeof keys; i++) {
        struct merge_scene s;
        ms_open(&s);
        office_add(&s.offices, &s.offices.views[0], "77", keys[i], 1);
        s.authority = build(&s.offices);
        ms_answer(&s, s.budi, 5);
        struct pt_view *other = log_add(&s.logs, SUBJECT, keys[i], 1);
        open_as(&s, other, "77");
        n_before += strcmp(ms_merge(&s, PT_LEVEL_WORK).office, "77") == 0;
        s.office = "62";
        struct pt_assessment a = ms_merge(&s, PT_LEVEL_WORK);
        cr_expect_str_eq(a.office, "62", "row %zu", i);
        cr_expect_eq(a.n_ineffective, 1, "row %zu: the other opening", i);
        ms_expect_n(&s, PT_LEVEL_WORK, "5");
        s.office = "63"; /* corrected before 63 has opened it */
        cr_expect_null(ms_merge(&s, PT_LEVEL_WORK).opening);
        ms_close(&s);
    }
    cr_expect(n_before > 0 && n_before < sizeof keys, "the order of logs decides without a registry: %zu", n_before);
}

/* --- a device that was restored from a backup after its work was approved --- */

/* budi's answers 5 and then 6 to n, one for k; approved with all of it. A copy of the device comes: its entries past
 * the first are two branches now, as the store shows them. */
struct copy {
    struct pt_view_branch branches[2];
    struct pt_entry entry;
    struct pt_view_chunk chunk;
};

static void fork_log(struct pt_view *view, uint64_t fork_seq, struct copy *copy)
{
    copy->entry = view->entries[fork_seq];
    copy->chunk = view->chunks[fork_seq];
    copy->chunk.link.b[3] ^= 1;
    copy->branches[0] =
        (struct pt_view_branch){.entries = &copy->entry, .n_entries = 1, .chunks = &copy->chunk, .n_chunks = 1};
    copy->branches[1] = (struct pt_view_branch){.entries = view->entries + fork_seq,
                                                .n_entries = view->n_entries - fork_seq,
                                                .chunks = view->chunks + fork_seq,
                                                .n_chunks = view->n_chunks - fork_seq};
    view->forked = true;
    view->fork_seq = fork_seq;
    view->branches = copy->branches;
    view->n_branches = 2;
    view->n_entries = view->n_chunks = fork_seq;
}

static void stand(struct merge_scene *s)
{
    cr_assert_eq(pt_authority_stand(&s->authority, s->logs.views, s->logs.n, &s->logs.arena), PT_OK);
}

Test(merge_rights, a_copy_of_a_device_takes_nothing_from_what_was_approved)
{
    struct merge_scene s;
    struct copy copy;
    bool right;
    ms_open(&s);
    ms_answer(&s, s.budi, 5);
    ms_answer(&s, s.budi, 6);
    ms_move(&s, s.budi, PATUH__STATE__STATE_SUBMITTED, &s.region, 1);
    ms_move(&s, s.region, PATUH__STATE__STATE_APPROVED_REGION, &s.budi, 1);
    ms_answer(&s, s.budi, 7); /* later, on the same branch: nobody has approved it */
    fork_log(s.budi, 1, &copy);
    struct pt_view *budi = s.budi;
    stand(&s);
    cr_expect_eq(budi->n_entries, 3, "as far as the approval names it");
    ms_expect_n(&s, PT_LEVEL_REGION, "6");
    cr_assert_eq(pt_authority_check_stand(&s.authority, s.logs.views, s.logs.n, (size_t)(budi - s.logs.views),
                                          &s.logs.arena, &right),
                 PT_OK);
    cr_expect(right);
    budi->n_entries = budi->n_chunks = 2; /* not where the approval lets it end */
    cr_assert_eq(pt_authority_check_stand(&s.authority, s.logs.views, s.logs.n, (size_t)(budi - s.logs.views),
                                          &s.logs.arena, &right),
                 PT_OK);
    cr_expect_not(right);
    ms_close(&s);
}

Test(merge_rights, approvals_of_two_branches_need_a_ruling)
{
    struct merge_scene s;
    struct copy copy;
    ms_open(&s);
    ms_answer(&s, s.budi, 5);
    ms_answer(&s, s.budi, 6);
    ms_move(&s, s.region, PATUH__STATE__STATE_APPROVED_REGION, &s.budi, 1);
    fork_log(s.budi, 1, &copy);
    struct pt_view before = *s.budi;
    s.budi->n_entries = 2;
    s.budi->chunks = (struct pt_view_chunk[]){before.chunks[0], copy.chunk};
    s.budi->n_chunks = 2;
    ms_move(&s, s.root, PATUH__STATE__STATE_APPROVED_NATIONAL, &s.budi, 1); /* head office had the other one */
    *s.budi = before;
    stand(&s);
    cr_expect_eq(s.budi->n_entries, 1);
    struct pt_assessment a = ms_merge(&s, PT_LEVEL_NATIONAL);
    cr_expect(a.incomplete);
    cr_expect_not(a.counts, "a part of what was approved would be another result");
    ms_close(&s);
}

Test(merge_rights, a_device_rules_nothing_by_a_move)
{
    struct merge_scene s;
    struct copy copy;
    ms_open(&s);
    ms_answer(&s, s.budi, 5);
    ms_answer(&s, s.budi, 6);
    ms_move(&s, s.siti, PATUH__STATE__STATE_APPROVED_REGION, &s.budi, 1);
    fork_log(s.budi, 1, &copy);
    stand(&s);
    cr_expect_eq(s.budi->n_entries, 1);
    ms_close(&s);
}

/* --- cuts --- */

Test(merge_rights, what_a_move_names_has_to_be_here)
{
    struct merge_scene s;
    ms_open(&s);
    ms_answer(&s, s.budi, 5);
    ms_answer(&s, s.budi, 6);
    ms_move(&s, s.region, PATUH__STATE__STATE_APPROVED_REGION, &s.budi, 1);
    cr_expect(ms_merge(&s, PT_LEVEL_REGION).counts);
    s.budi->n_entries = s.budi->n_chunks = 1; /* the rest has not arrived */
    struct pt_assessment a = ms_merge(&s, PT_LEVEL_REGION);
    cr_expect(a.incomplete);
    cr_expect_not(a.counts);
    cr_expect(ms_merge(&s, PT_LEVEL_WORK).incomplete);
    s.budi->n_entries = s.budi->n_chunks = 2;
    a = ms_merge(&s, PT_LEVEL_REGION);
    cr_expect_not(a.incomplete);
    cr_expect(a.counts);
    ms_close(&s);
}

/* --- evidence --- */

static void evidence(struct merge_scene *s, struct pt_view *by, Patuh__EntryKind kind, const struct pt_view *seen)
{
    struct pt_entry entry = pt_entry_of(kind, 0);
    Patuh__Evidence detail = PATUH__EVIDENCE__INIT;
    entry.question = ms_number_of(s, "n");
    entry.hash = (struct pt_hash){.b = {7}};
    if (kind == PATUH__ENTRY_KIND__ENTRY_ADD_EVIDENCE) {
        entry.detail = kit_pack(&detail, &s->logs.arena);
    }
    struct pt_entry_ref *ref = pt_arena_zalloc(&s->logs.arena, 1, sizeof *ref);
    if (seen != NULL) {
        *ref = ms_last_of(seen);
        entry.replaces = ref;
        entry.n_replaces = 1;
    }
    chunk_add(by, &entry);
}

Test(merge_rights, a_removal_takes_only_evidence_that_its_author_had_seen)
{
    struct merge_scene s;
    ms_open(&s);
    evidence(&s, s.siti, PATUH__ENTRY_KIND__ENTRY_ADD_EVIDENCE, NULL);
    evidence(&s, s.siti, PATUH__ENTRY_KIND__ENTRY_REMOVE_EVIDENCE, NULL);
    evidence(&s, s.budi, PATUH__ENTRY_KIND__ENTRY_ADD_EVIDENCE, NULL); /* the same file, without knowing of hers */
    cr_expect_eq(ms_merge(&s, PT_LEVEL_WORK).n_evidence, 1);
    evidence(&s, s.siti, PATUH__ENTRY_KIND__ENTRY_REMOVE_EVIDENCE, s.budi);
    cr_expect_eq(ms_merge(&s, PT_LEVEL_WORK).n_evidence, 0);
    evidence(&s, s.budi, PATUH__ENTRY_KIND__ENTRY_ADD_EVIDENCE, NULL);
    cr_expect_eq(ms_merge(&s, PT_LEVEL_WORK).n_evidence, 1, "attached again");
    ms_close(&s);
}

/* --- comments --- */

Test(merge_rights, comments_of_two_returns_stand_both_and_stay_afterwards)
{
    struct merge_scene s;
    Patuh__Comment comment = PATUH__COMMENT__INIT;
    Patuh__Comment *list[] = {&comment};
    Patuh__Move kind = PATUH__MOVE__INIT;
    ms_open(&s);
    ms_answer(&s, s.budi, 5);
    ms_move(&s, s.budi, PATUH__STATE__STATE_SUBMITTED, &s.region, 1);
    kind.to = PATUH__STATE__STATE_HAS_ISSUES;
    kind.n_comment = 1;
    kind.comment = list;
    comment.has_question = true;
    comment.question = ms_number_of(&s, "n");
    ms_move_as(&s, s.region, &kind, &s.budi, 1);
    struct pt_view *other = log_add(&s.logs, SUBJECT, SITI, 1);
    comment.question = ms_number_of(&s, "k");
    ms_move_as(&s, other, &kind, &s.budi, 1);
    struct pt_assessment a = ms_merge(&s, PT_LEVEL_WORK);
    cr_assert_eq(a.n_comments, 2);
    cr_expect(a.comments[0].stands && a.comments[1].stands);
    struct pt_view *seen[] = {s.region, other};
    ms_move(&s, s.budi, PATUH__STATE__STATE_SUBMITTED, seen, 2);
    a = ms_merge(&s, PT_LEVEL_WORK);
    cr_assert_eq(a.n_comments, 2);
    cr_expect_not(a.comments[0].stands || a.comments[1].stands);
    ms_close(&s);
}

/* dewi is of head office: her return decides, and what the region asked for at the same time stands as well. */
Test(merge_rights, comments_of_returns_on_both_tiers_stand_until_somebody_goes_on)
{
    struct merge_scene s;
    Patuh__Comment comment = PATUH__COMMENT__INIT;
    Patuh__Comment *list[] = {&comment};
    Patuh__Move kind = PATUH__MOVE__INIT;
    ms_open(&s);
    ms_answer(&s, s.budi, 5);
    ms_move(&s, s.budi, PATUH__STATE__STATE_SUBMITTED, &s.region, 1);
    kind.to = PATUH__STATE__STATE_HAS_ISSUES;
    kind.n_comment = 1;
    kind.comment = list;
    comment.has_question = true;
    comment.question = ms_number_of(&s, "n");
    ms_move_as(&s, s.region, &kind, &s.budi, 1);
    ms_move_as(&s, s.root, &kind, &s.budi, 1);
    struct pt_view *first[] = {s.region, s.budi};
    ms_move_as(&s, s.root, &kind, first, 2);
    struct pt_assessment a = ms_merge(&s, PT_LEVEL_WORK);
    cr_assert_eq(a.n_comments, 3);
    cr_expect(a.comments[0].stands && a.comments[1].stands && a.comments[2].stands);
    struct pt_view *seen[] = {s.region};
    ms_move(&s, s.budi, PATUH__STATE__STATE_SUBMITTED, seen, 1);
    a = ms_merge(&s, PT_LEVEL_WORK);
    cr_expect_eq(a.state, PATUH__STATE__STATE_HAS_ISSUES);
    for (size_t i = 0; i < a.n_comments; i++) {
        bool unseen = pt_log_id_eq(&a.comments[i].view->log, &s.root->log);
        cr_expect_eq(a.comments[i].stands, unseen, "only what was not seen");
    }
    ms_close(&s);
}
