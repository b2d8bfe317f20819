#include "merge_scene.h"

#include "base/mem.h"
#include "core/limits.h"
#include "core/wire/pack.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

Test(merge, concurrent_answers_are_a_conflict_until_a_decision)
{
    struct merge_scene s;
    ms_open(&s);
    ms_answer(&s, s.budi, 5);
    ms_answer(&s, s.siti, 7);
    ms_expect_n(&s, PT_LEVEL_WORK, "5 7");
    cr_expect_eq(ms_merge(&s, PT_LEVEL_WORK).n_conflicts, 1);
    struct pt_entry_ref both[2] = {ms_last_of(s.budi), ms_last_of(s.siti)};
    ms_claim(&s, s.region, PATUH__ENTRY_KIND__ENTRY_DECIDE, "n", 7, both, 2);
    ms_expect_n(&s, PT_LEVEL_WORK, "7");
    ms_close(&s);
}

Test(merge, equal_answers_are_one_value)
{
    struct merge_scene s;
    ms_open(&s);
    ms_answer(&s, s.budi, 5);
    ms_answer(&s, s.siti, 5);
    ms_expect_n(&s, PT_LEVEL_WORK, "5");
    ms_answer(&s, s.siti, 6);
    ms_expect_n(&s, PT_LEVEL_WORK, "5 6");
    ms_close(&s);
}

/* reviewer_resolution_races_new_edit, and two decisions that differ */
Test(merge, what_a_decision_did_not_see_is_a_conflict_again)
{
    struct merge_scene s;
    ms_open(&s);
    ms_answer(&s, s.budi, 5);
    ms_answer(&s, s.siti, 7);
    struct pt_entry_ref both[2] = {ms_last_of(s.budi), ms_last_of(s.siti)};
    ms_answer(&s, s.budi, 6);
    ms_claim(&s, s.region, PATUH__ENTRY_KIND__ENTRY_DECIDE, "n", 7, both, 2);
    ms_expect_n(&s, PT_LEVEL_WORK, "6 7");
    both[0] = ms_last_of(s.budi);
    ms_claim(&s, s.root, PATUH__ENTRY_KIND__ENTRY_DECIDE, "n", 8, both, 2);
    ms_expect_n(&s, PT_LEVEL_WORK, "7 8");
    ms_close(&s);
}

Test(merge, an_answer_replaces_what_it_has_seen)
{
    struct merge_scene s;
    ms_open(&s);
    ms_answer(&s, s.budi, 5);
    ms_answer_over(&s, s.siti, 7, ms_last_of(s.budi));
    ms_expect_n(&s, PT_LEVEL_WORK, "7");
    ms_answer_over(&s, s.budi, 8, ms_last_of(s.siti));
    ms_expect_n(&s, PT_LEVEL_WORK, "8");
    ms_answer_over(&s, s.siti, 9, ms_last_of(s.budi));
    ms_expect_n(&s, PT_LEVEL_WORK, "9");
    ms_close(&s);
}

Test(merge, no_answer_settles_two_values)
{
    struct merge_scene s;
    ms_open(&s);
    ms_answer(&s, s.budi, 5);
    ms_answer(&s, s.siti, 7);
    ms_answer_over(&s, s.siti, 7, ms_last_of(s.budi)); /* its own 7 against budi's 5 */
    ms_expect_n(&s, PT_LEVEL_WORK, "5 7");
    ms_answer_over(&s, s.siti, 8, ms_last_of(s.budi));
    ms_expect_n(&s, PT_LEVEL_WORK, "5 8");
    ms_answer(&s, s.siti, 5);
    ms_expect_n(&s, PT_LEVEL_WORK, "5");
    ms_close(&s);
}

Test(merge, a_missing_or_forked_target_is_waited_for)
{
    struct merge_scene s;
    ms_open(&s);
    ms_answer(&s, s.budi, 5);
    ms_answer_over(&s, s.siti, 7, ms_last_of(s.budi));
    s.budi->n_entries = s.budi->n_chunks = 0;
    ms_expect_n(&s, PT_LEVEL_WORK, "7");
    s.budi->n_entries = s.budi->n_chunks = 1;
    ms_expect_n(&s, PT_LEVEL_WORK, "7");
    s.budi->chunks[0].link.b[0] ^= 1; /* the other branch */
    ms_expect_n(&s, PT_LEVEL_WORK, "5 7");
    ms_close(&s);
}

Test(merge, an_ineffective_entry_replaces_nothing_until_its_authority_arrives)
{
    struct merge_scene s;
    ms_open(&s);
    ms_answer(&s, s.budi, 5);
    ms_answer_over(&s, s.siti, 7, ms_last_of(s.budi));
    s.region->n_entries = s.region->n_chunks = 2; /* ani is not assigned yet */
    ms_expect_n(&s, PT_LEVEL_WORK, "5");
    struct pt_assessment a = ms_merge(&s, PT_LEVEL_WORK);
    cr_assert_eq(a.n_ineffective, 1);
    cr_expect_eq(a.ineffective[0].why, PT_MSG_ENTRY_NOT_ASSIGNED);
    s.region->n_entries = s.region->n_chunks = 3;
    ms_expect_n(&s, PT_LEVEL_WORK, "7");
    cr_expect_eq(ms_merge(&s, PT_LEVEL_WORK).n_ineffective, 0);
    s.siti->chunks[0].instrument.b[0] = 9;
    a = ms_merge(&s, PT_LEVEL_WORK);
    cr_assert_eq(a.n_ineffective, 1);
    cr_expect_eq(a.ineffective[0].why, PT_MSG_ENTRY_NO_INSTRUMENT);
    ms_close(&s);
}

/* Names of surveyors are unique within an office only. */
Test(merge, a_surveyor_of_the_same_name_elsewhere_may_not_write)
{
    struct merge_scene s;
    ms_open(&s);
    struct pt_view *neighbour = log_add(&s.offices, "o:63", REGION_63, 1);
    member_add(&s.offices, neighbour, "budi", STRANGER, PATUH__ROLE__ROLE_DEVICE);
    s.authority = build(&s.offices);
    ms_answer(&s, log_add(&s.logs, SUBJECT, STRANGER, 1), 66);
    ms_expect_n(&s, PT_LEVEL_WORK, "-");
    member_add(&s.offices, neighbour, "claimed", BUDI, PATUH__ROLE__ROLE_DEVICE);
    s.authority = build(&s.offices);
    ms_answer(&s, s.budi, 5);
    ms_expect_n(&s, PT_LEVEL_WORK, "5");
    ms_close(&s);
}

Test(merge, a_move_between_offices_keeps_what_the_old_one_did)
{
    struct merge_scene s;
    Patuh__OfficeMove detail = PATUH__OFFICE_MOVE__INIT;
    Patuh__LogSeen seen = PATUH__LOG_SEEN__INIT;
    Patuh__LogSeen *cut[] = {&seen};
    char code[] = "63";
    ms_open(&s);
    ms_answer(&s, s.budi, 5);
    seen.has_seq = seen.has_link = true;
    seen.seq = s.region->n_entries;
    seen.link = (ProtobufCBinaryData){.len = PT_HASH_BYTES, .data = s.region->chunks[s.region->n_chunks - 1].link.b};
    detail.office = code;
    detail.n_cut = 1;
    detail.cut = cut;
    entry_add(&s.logs, s.root, PATUH__ENTRY_KIND__ENTRY_MOVE_OFFICE, &detail);
    cr_expect_eq(ms_merge(&s, PT_LEVEL_WORK).n_ineffective, 0, "opening and assignments stand");
    ms_expect_n(&s, PT_LEVEL_WORK, "5");
    ms_move(&s, s.region, PATUH__STATE__STATE_APPROVED_REGION, &s.budi, 1);
    cr_expect_eq(ms_merge(&s, PT_LEVEL_WORK).state, PATUH__STATE__STATE_DRAFT, "after the move it has no say");
    ms_move(&s, log_add(&s.logs, SUBJECT, REGION_63, 1), PATUH__STATE__STATE_APPROVED_REGION, &s.budi, 1);
    cr_expect_eq(ms_merge(&s, PT_LEVEL_WORK).state, PATUH__STATE__STATE_APPROVED_REGION);
    ms_close(&s);
}

static void add_respondent(struct merge_scene *s, struct pt_view *by, char *name)
{
    struct pt_entry add = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_ADD_INSTANCE, 0);
    add.question = ms_number_of(s, "respondent");
    chunk_add(by, &add);
    pt_entry_instance_name(&by->log, by->n_entries, name);
}

/* seen: the last entry of another log that its author knew; NULL for none. */
static void remove_instance(struct merge_scene *s, struct pt_view *by, const char *name,
                            const struct pt_entry_ref *seen)
{
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_REMOVE_INSTANCE, 0);
    entry.question = ms_number_of(s, "respondent");
    entry.instance = pt_arena_str(&s->logs.arena, name);
    if (seen != NULL) {
        struct pt_entry_ref *kept = pt_arena_alloc(&s->logs.arena, sizeof *kept);
        *kept = *seen;
        entry.replaces = kept;
        entry.n_replaces = 1;
    }
    chunk_add(by, &entry);
}

Test(merge, instances_come_and_go_with_their_answers)
{
    struct merge_scene s;
    ms_open(&s);
    struct pt_entry delay = kit_answer(ms_number_of(&s, "r"), 3);
    char name[6];
    add_respondent(&s, s.budi, name);
    delay.instance = name;
    chunk_add(s.siti, &delay);
    struct pt_assessment a = ms_merge(&s, PT_LEVEL_WORK);
    cr_assert_eq(a.answers.n_instances, 1);
    cr_expect_str_eq(a.answers.instances[0].name, name);
    cr_assert_eq(a.answers.n_answers, 1);
    cr_expect_eq(a.answers.answers[0].instance, 1);
    remove_instance(&s, s.siti, name, NULL);
    a = ms_merge(&s, PT_LEVEL_WORK);
    cr_expect_eq(a.answers.n_instances, 0);
    cr_expect_eq(a.answers.n_answers, 0);
    ms_close(&s);
}

Test(merge, no_answer_disappears_in_a_removal_that_did_not_know_of_it)
{
    struct merge_scene s;
    ms_open(&s);
    struct pt_entry delay = kit_answer(ms_number_of(&s, "r"), 3);
    char name[6];
    add_respondent(&s, s.budi, name);
    delay.instance = name;
    chunk_add(s.siti, &delay);
    struct pt_entry_ref seen = ms_last_of(s.siti);
    chunk_add(s.siti, &delay);
    remove_instance(&s, s.budi, name, &seen);
    struct pt_assessment a = ms_merge(&s, PT_LEVEL_WORK);
    cr_expect_eq(a.answers.n_instances, 1, "siti answered again meanwhile");
    cr_assert_eq(a.n_ineffective, 1);
    cr_expect_eq(a.ineffective[0].why, PT_MSG_ENTRY_REMOVED_IN_VAIN);
    cr_expect_eq(a.ineffective[0].seq, s.budi->n_entries);
    seen = ms_last_of(s.siti);
    remove_instance(&s, s.budi, name, &seen);
    a = ms_merge(&s, PT_LEVEL_WORK);
    cr_expect_eq(a.answers.n_instances, 0, "now it was known");
    cr_expect_eq(a.answers.n_answers, 0);
    ms_close(&s);
}

Test(merge, two_removals_take_away_what_each_of_them_knew)
{
    struct merge_scene s;
    ms_open(&s);
    struct pt_entry delay = kit_answer(ms_number_of(&s, "r"), 3);
    char name[6];
    add_respondent(&s, s.budi, name);
    delay.instance = name;
    chunk_add(s.siti, &delay);
    remove_instance(&s, s.budi, name, NULL);
    cr_expect_eq(ms_merge(&s, PT_LEVEL_WORK).answers.n_instances, 1);
    remove_instance(&s, s.siti, name, NULL);
    cr_expect_eq(ms_merge(&s, PT_LEVEL_WORK).answers.n_instances, 0);
    cr_expect_eq(ms_merge(&s, PT_LEVEL_WORK).n_ineffective, 0, "both were in time");
    ms_close(&s);
}

/* Only what is at the instance holds up its removal: what names it at a question of no repeat, or of another one, is
 * ineffective. */
Test(merge, an_answer_that_belongs_elsewhere_does_not_keep_an_instance)
{
    static const char *const questions[] = {"n", "d", "r"};
    for (size_t i = 0; i < 3; i++) {
        struct merge_scene s;
        char name[6];
        bool holds = i == 2;
        ms_open(&s);
        add_respondent(&s, s.siti, name);
        struct pt_entry answer = kit_answer(ms_number_of(&s, questions[i]), 3);
        answer.instance = name;
        chunk_add(s.budi, &answer);
        remove_instance(&s, s.siti, name, NULL);
        struct pt_assessment a = ms_merge(&s, PT_LEVEL_WORK);
        cr_expect_eq(a.answers.n_instances, holds, "at %s", questions[i]);
        cr_assert_eq(a.n_ineffective, 1, "at %s", questions[i]);
        cr_expect_eq(a.ineffective[0].view->log.author.b[0], (holds ? s.siti : s.budi)->log.author.b[0]);
        cr_expect_eq(a.ineffective[0].why, holds ? PT_MSG_ENTRY_REMOVED_IN_VAIN : PT_MSG_ENTRY_NO_INSTANCE);
        ms_close(&s);
    }
}

/* A removal of what never was has nothing to wait for. */
Test(merge, an_answer_at_an_instance_that_never_was_holds_up_no_removal)
{
    struct merge_scene s;
    ms_open(&s);
    struct pt_entry answer = kit_answer(ms_number_of(&s, "r"), 3);
    answer.instance = "akta";
    chunk_add(s.budi, &answer);
    remove_instance(&s, s.siti, "akta", NULL);
    struct pt_assessment a = ms_merge(&s, PT_LEVEL_WORK);
    cr_assert_eq(a.n_ineffective, 1);
    cr_expect_eq(a.ineffective[0].why, PT_MSG_ENTRY_NO_INSTANCE);
    ms_close(&s);
}

/* In the place of budi: of what the author knew, whatever the order of the logs. */
static void put_instead(struct merge_scene *s, struct pt_view *by, const char *name, struct pt_view *seen)
{
    Patuh__Assignment detail = PATUH__ASSIGNMENT__INIT;
    Patuh__LogSeen item = PATUH__LOG_SEEN__INIT;
    Patuh__LogSeen *items[] = {&item};
    detail.surveyor = pt_text_of(name);
    detail.instead_of = pt_text_of("budi");
    if (seen != NULL) {
        item.has_seq = item.has_link = true;
        item.seq = seen->n_entries;
        item.link = (ProtobufCBinaryData){.len = PT_HASH_BYTES, .data = seen->chunks[seen->n_chunks - 1].link.b};
        detail.n_seen = 1;
        detail.seen = items;
    }
    entry_add(&s->logs, by, PATUH__ENTRY_KIND__ENTRY_ASSIGN, &detail);
}

static void expect_surveyors(struct merge_scene *s, const char *expected)
{
    struct pt_buf text = {0};
    struct pt_assessment a = ms_merge(s, PT_LEVEL_WORK);
    for (size_t i = 0; i < a.n_surveyors; i++) {
        pt_buf_printf(&text, "%s%s", i == 0 ? "" : " ", a.surveyors[i]);
    }
    cr_expect_str_eq(pt_buf_text(&text), expected);
    pt_buf_free(&text);
}

Test(merge, instead_of_ends_what_its_author_knew)
{
    struct merge_scene s;
    ms_open(&s);
    expect_surveyors(&s, "ani budi");
    put_instead(&s, s.root, "citra", NULL);
    expect_surveyors(&s, "ani budi citra"); /* the region's assignment was not known there */
    put_instead(&s, s.root, "citra", s.region);
    expect_surveyors(&s, "ani citra");
    ms_assign(&s, s.region, "budi");
    expect_surveyors(&s, "ani budi citra"); /* said afterwards, or elsewhere meanwhile */
    put_instead(&s, s.region, "dewi", NULL);
    expect_surveyors(&s, "ani citra dewi");
    ms_answer(&s, s.budi, 5);
    ms_expect_n(&s, PT_LEVEL_WORK, "5"); /* who was ever assigned may write */
    ms_close(&s);
}

Test(merge, evidence_is_there_until_removed_and_again_when_attached_again)
{
    struct merge_scene s;
    static const Patuh__EntryKind kinds[] = {PATUH__ENTRY_KIND__ENTRY_ADD_EVIDENCE,
                                             PATUH__ENTRY_KIND__ENTRY_REMOVE_EVIDENCE,
                                             PATUH__ENTRY_KIND__ENTRY_ADD_EVIDENCE};
    static const size_t expected[] = {1, 0, 1};
    ms_open(&s);
    for (size_t i = 0; i < 3; i++) {
        struct pt_entry entry = pt_entry_of(kinds[i], 0);
        entry.question = ms_number_of(&s, "n");
        entry.hash.b[0] = 5;
        chunk_add(s.budi, &entry);
        cr_expect_eq(ms_merge(&s, PT_LEVEL_WORK).n_evidence, expected[i], "row %zu", i);
    }
    ms_close(&s);
}

Test(merge, oom_loop)
{
    struct merge_scene s;
    ms_open(&s);
    ms_answer(&s, s.budi, 5);
    ms_move(&s, s.budi, PATUH__STATE__STATE_SUBMITTED, &s.region, 1);
    qsort(s.logs.views, s.logs.n, sizeof *s.logs.views, ms_compare_views);
    struct pt_merge_input input = {.subject = &s.subject,
                                   .views = s.logs.views,
                                   .n_views = s.logs.n,
                                   .authority = &s.authority,
                                   .instrument = &s.f.ins,
                                   .lookup = {.instrument = ms_find_instrument, .text = ms_find_text, .data = &s}};
    enum pt_err err = PT_ENOMEM;
    for (size_t pass = 0; err != PT_OK; pass++) {
        struct pt_arena arena;
        struct pt_assessment out = {.n_entries = 77};
        pt_arena_init(&arena, SIZE_MAX);
        pt_mem_fault_arm(pass);
        err = pt_merge(&input, &arena, &out);
        pt_mem_fault_disarm();
        cr_assert(err == PT_OK || (err == PT_ENOMEM && out.n_entries == 77), "allocation %zu", pass);
        pt_arena_close(&arena);
        cr_assert_lt(pass, 200);
    }
    ms_close(&s);
}

/* Every question of a repeat is asked of every instance: without a limit one device could fill everybody's memory. */
Test(merge, an_author_adds_so_many_instances_and_no_more)
{
    struct merge_scene s;
    Patuh__Instance detail = PATUH__INSTANCE__INIT;
    ms_open(&s);
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_ADD_INSTANCE, 0);
    entry.question = ms_number_of(&s, "respondent");
    entry.detail = kit_pack(&detail, &s.logs.arena);
    for (size_t i = 0; i < PT_INSTANCES_PER_LOG_MAX + 1; i++) {
        chunk_add(s.budi, &entry);
    }
    chunk_add(s.siti, &entry);
    struct pt_assessment a = ms_merge(&s, PT_LEVEL_WORK);
    cr_expect_eq(a.answers.n_instances, PT_INSTANCES_PER_LOG_MAX + 1);
    cr_assert_eq(a.n_ineffective, 1);
    cr_expect_eq(a.ineffective[0].why, PT_MSG_ENTRY_TOO_MANY_INSTANCES);
    cr_expect_eq(a.ineffective[0].seq, PT_INSTANCES_PER_LOG_MAX + 1);
    ms_close(&s);
}

/* A value that counts nowhere is never silent. */
Test(merge, an_answer_at_an_instance_that_never_was_is_listed_until_it_is_added)
{
    struct merge_scene s;
    Patuh__Instance detail = PATUH__INSTANCE__INIT;
    struct pt_view *one[1];
    ms_open(&s);
    struct pt_entry add = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_ADD_INSTANCE, 0);
    add.question = ms_number_of(&s, "respondent");
    add.detail = kit_pack(&detail, &s.logs.arena);
    struct pt_entry answer = kit_answer(ms_number_of(&s, "r"), 3);
    char name[PT_INSTANCE_BYTES_MAX + 1];
    pt_entry_instance_name(&s.siti->log, 1, name);
    answer.instance = name;
    chunk_add(s.budi, &answer); /* there once siti has added it */
    answer.instance = "";
    chunk_add(s.budi, &answer); /* none where one is needed */
    answer = kit_answer(ms_number_of(&s, "n"), 3);
    answer.instance = "akta";
    chunk_add(s.budi, &answer); /* one where none belongs */
    struct pt_assessment a = ms_merge(&s, PT_LEVEL_WORK);
    cr_assert_eq(a.n_ineffective, 3);
    for (size_t i = 0; i < 3; i++) {
        cr_expect_eq(a.ineffective[i].seq, i + 1);
        cr_expect_eq(a.ineffective[i].why, PT_MSG_ENTRY_NO_INSTANCE);
    }
    one[0] = s.budi;
    ms_move(&s, s.budi, PATUH__STATE__STATE_SUBMITTED, one, 1);
    chunk_add(s.siti, &add);
    a = ms_merge(&s, PT_LEVEL_WORK);
    cr_expect_eq(a.n_ineffective, 2);
    cr_expect_eq(a.answers.n_answers, 1);
    a = ms_merge(&s, PT_LEVEL_SUBMITTED); /* outside the cut it does not count, but is no fault of the answer */
    cr_expect_eq(a.n_ineffective, 2);
    cr_expect_eq(a.answers.n_answers, 0);
    ms_close(&s);
}
