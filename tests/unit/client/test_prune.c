#include "client/prune.h"
#include "client/sync.h"
#include "support/field.h"

#include "io/disk/files.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define DAY_MS (24LL * 3600 * 1000)
#define PHOTO "\xff\xd8\xff isi foto"

/* Sari's device, and budi's, which here holds what the office has. */
struct two {
    struct field field;
    struct patuh *sari;
    struct patuh *office;
};

static void open_two(struct two *t)
{
    field_open(&t->field);
    t->sari = field_device(&t->field, FIELD_SARI);
    t->office = field_device(&t->field, FIELD_BUDI);
}

static void close_two(struct two *t)
{
    patuh_close(t->sari);
    patuh_close(t->office);
    field_close(&t->field);
}

static void attach(struct two *t, const char *assessment, const char *path)
{
    char photo[96];
    struct patuh_problem problem = {""};
    (void)snprintf(photo, sizeof photo, "%s/foto.jpg", t->field.root);
    cr_assert_eq(pt_file_write(photo, pt_bytes_str(PHOTO), 0600, NULL), PT_OK);
    cr_assert_eq(patuh_attach(t->sari, assessment, path, photo, NULL, &problem), PATUH_OK, "%s", problem.text);
}

static struct pt_hash photo_hash(void)
{
    return pt_blob_hash(pt_bytes_str(PHOTO));
}

static void hand_in(struct two *t)
{
    struct patuh_problem problem = {""};
    field_answer(t->sari, "unit_kind", "licensing");
    field_answer(t->sari, "officials_available", "4");
    attach(t, FIELD_UNIT, "unit_photo");
    cr_assert_eq(patuh_note(t->sari, FIELD_UNIT, "unit_kind", "loket dua", &problem), PATUH_OK, "%s", problem.text);
    cr_assert_eq(patuh_submit(t->sari, FIELD_UNIT, true, &problem), PATUH_OK, "%s", problem.text);
}

static void receipts(struct two *t)
{
    struct pt_hash photo = photo_hash();
    field_receipt(&t->field, t->sari, PT_TIER_REGION);
    field_receipt(&t->field, t->sari, PT_TIER_NATIONAL);
    field_receipt_blobs(&t->field, t->sari, PT_TIER_REGION, &photo, 1);
    field_office_time(t->sari, t->field.now_ms + 31 * DAY_MS);
}

static void approve(struct two *t)
{
    field_office_moves(&t->field, t->sari, PT_TIER_REGION, PATUH__STATE__STATE_APPROVED_REGION);
    field_office_moves(&t->field, t->sari, PT_TIER_NATIONAL, PATUH__STATE__STATE_APPROVED_NATIONAL);
}

static uint32_t prune(struct two *t)
{
    uint32_t n = 0;
    cr_assert_eq(pt_device_prune(t->sari, PT_PRUNE_AGE_MS, &n), PT_OK);
    return n;
}

/* All that the rule asks for. */
static void be_done(struct two *t)
{
    hand_in(t);
    approve(t);
    receipts(t);
}

static struct patuh_listed line_of(struct patuh *device, struct patuh_list *list)
{
    cr_assert_eq(patuh_list(device, list, NULL), PATUH_OK);
    for (size_t i = 0; i < list->n_items; i++) {
        if (strcmp(list->items[i].assessment, FIELD_UNIT) == 0) {
            return list->items[i];
        }
    }
    cr_assert_fail("not listed");
    return list->items[0];
}

/* --- when --- */

Test(prune, prune_waits_for_national)
{
    struct two t;
    open_two(&t);
    struct pt_hash photo = photo_hash();
    hand_in(&t);
    approve(&t);
    cr_expect_eq(prune(&t), 0, "no office has said its time");
    field_receipt(&t.field, t.sari, PT_TIER_REGION);
    field_receipt_blobs(&t.field, t.sari, PT_TIER_REGION, &photo, 1);
    field_office_time(t.sari, t.field.now_ms + 100 * DAY_MS);
    cr_expect_eq(prune(&t), 0, "the region has it, head office not");
    field_receipt(&t.field, t.sari, PT_TIER_NATIONAL);
    field_office_time(t.sari, t.field.now_ms + 29 * DAY_MS);
    cr_expect_eq(prune(&t), 0, "not for long");
    field_office_time(t.sari, t.field.now_ms + 30 * DAY_MS);
    cr_expect_eq(prune(&t), 1);
    cr_expect_eq(prune(&t), 0);
    close_two(&t);
}

Test(prune, prune_waits_for_the_approval_of_head_office)
{
    static const Patuh__State states[] = {PATUH__STATE__STATE_SUBMITTED, PATUH__STATE__STATE_APPROVED_REGION,
                                          PATUH__STATE__STATE_NOT_ASSESSED, PATUH__STATE__STATE_HAS_ISSUES};
    struct two t;
    open_two(&t);
    hand_in(&t);
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        if (states[i] != PATUH__STATE__STATE_SUBMITTED) {
            field_office_moves(&t.field, t.sari, PT_TIER_REGION, states[i]);
        }
        receipts(&t);
        cr_expect_eq(prune(&t), 0, "state %zu", i);
    }
    close_two(&t);
}

/* What was typed after the approval waits for the next one: head office may still want to look at it. */
Test(prune, prune_waits_while_something_is_outside_of_what_counts)
{
    struct two t;
    uint32_t n = 0;
    open_two(&t);
    hand_in(&t);
    approve(&t);
    field_answer(t.sari, "officials_available", "3");
    cr_expect_eq(prune(&t), 0);
    cr_assert_eq(pt_sync_seal(t.sari, &n), PT_OK);
    receipts(&t);
    cr_expect_eq(prune(&t), 0);
    close_two(&t);
}

Test(prune, prune_waits_for_the_receipt_of_its_photo)
{
    struct two t;
    struct pt_hash photo = photo_hash();
    open_two(&t);
    hand_in(&t);
    approve(&t);
    field_receipt(&t.field, t.sari, PT_TIER_REGION);
    field_receipt(&t.field, t.sari, PT_TIER_NATIONAL);
    field_office_time(t.sari, t.field.now_ms + 31 * DAY_MS);
    cr_expect_eq(prune(&t), 0);
    cr_expect(pt_blobs_has(t.sari->blobs, &photo));
    field_receipt_blobs(&t.field, t.sari, PT_TIER_REGION, &photo, 1);
    cr_expect_eq(prune(&t), 1);
    cr_expect_not(pt_blobs_has(t.sari->blobs, &photo));
    close_two(&t);
}

Test(prune, prune_takes_what_is_fixed_too)
{
    struct two t;
    open_two(&t);
    be_done(&t);
    field_office_moves(&t.field, t.sari, PT_TIER_NATIONAL, PATUH__STATE__STATE_FIXED);
    cr_expect_eq(prune(&t), 1);
    struct patuh_list list;
    cr_expect_str_eq(line_of(t.sari, &list).state, "fixed");
    patuh_list_free(&list);
    close_two(&t);
}

/* --- what people see --- */

static void expect_refused(enum patuh_result result, const struct patuh_problem *problem, const char *why)
{
    cr_expect_eq(result, PATUH_NOTFOUND, "%s", problem->text);
    cr_expect_not_null(strstr(problem->text, why), "%s", problem->text);
}

static void expect_all_refused(struct patuh *device, const char *why)
{
    struct patuh_form form;
    struct patuh_history history;
    struct patuh_problem problem = {""};
    char path[PATUH_PATH_BYTES];
    expect_refused(patuh_form(device, FIELD_UNIT, &form, &problem), &problem, why);
    expect_refused(patuh_history(device, FIELD_UNIT, &history, &problem), &problem, why);
    expect_refused(patuh_answer(device, FIELD_UNIT, "officials_available", "3", NULL, &problem), &problem, why);
    expect_refused(patuh_add(device, FIELD_UNIT, "respondent", "x", path, &problem), &problem, why);
    expect_refused(patuh_submit(device, FIELD_UNIT, true, &problem), &problem, why);
    expect_refused(patuh_not_assessed(device, FIELD_UNIT, "tutup", &problem), &problem, why);
}

Test(prune, list_and_status_know_it_and_the_rest_says_where_it_is)
{
    struct two t;
    struct patuh_list list;
    struct patuh_status status;
    open_two(&t);
    be_done(&t);
    struct patuh_listed before = line_of(t.sari, &list);
    uint32_t n_answered = before.n_answered;
    uint64_t n_entries = before.places.head_office;
    cr_expect_not(before.pruned);
    cr_expect_gt(n_entries, 0);
    patuh_list_free(&list);
    cr_assert_eq(prune(&t), 1);
    patuh_close(t.sari);
    t.sari = field_device(&t.field, FIELD_SARI); /* as it is read from the disk */
    struct patuh_listed line = line_of(t.sari, &list);
    cr_expect(line.pruned);
    cr_expect(line.assigned && line.ready);
    cr_expect_str_eq(line.state, "approved_national");
    cr_expect_str_eq(line.unit, "Unit Contoh");
    cr_expect_str_eq(line.institution, "Kota Contoh");
    cr_expect_str_eq(line.surveyors, "budi, sari");
    cr_expect_eq(line.n_answered, n_answered);
    cr_expect_eq(line.places.head_office, n_entries);
    cr_expect_eq(line.places.device + line.places.region, 0);
    cr_expect_not_null(strstr(line.advice, "2023-08-01T03:03:05Z"), "%s", line.advice);
    patuh_list_free(&list);
    cr_assert_eq(patuh_status(t.sari, &status, NULL), PATUH_OK);
    cr_assert_eq(status.n_pieces, 1);
    cr_expect_eq(status.pieces[0].n_entries, n_entries);
    cr_expect_eq(status.pieces[0].where, PATUH_AT_HEAD_OFFICE);
    cr_expect_not(status.pieces[0].here);
    cr_expect_eq(status.n_on_device, 0);
    patuh_status_free(&status);
    expect_all_refused(t.sari, "no longer on this device");
    close_two(&t);
}

Test(prune, a_photo_of_another_assessment_too_stays)
{
    struct two t;
    struct pt_hash photo = photo_hash();
    open_two(&t);
    struct patuh *sari = t.sari;
    t.sari = t.office; /* budi has both */
    t.office = sari;
    be_done(&t);
    attach(&t, FIELD_OTHER_UNIT, "unit_photo"); /* not sealed yet */
    cr_expect_eq(prune(&t), 1);
    cr_expect(pt_blobs_has(t.sari->blobs, &photo));
    cr_expect(pt_blobs_has(t.sari->blobs, &(struct pt_hash){0}) == false);
    struct patuh_form form = field_form(t.sari, FIELD_OTHER_UNIT);
    patuh_form_free(&form);
    close_two(&t);
}

/* --- coming back --- */

Test(prune, what_is_returned_is_as_it_was_and_goes_on)
{
    struct two t;
    struct patuh_list list;
    struct patuh_problem problem = {""};
    char low[32];
    char high[32];
    open_two(&t);
    be_done(&t);
    struct patuh_form form = field_form(t.sari, FIELD_UNIT);
    (void)snprintf(low, sizeof low, "%s", form.score.low);
    (void)snprintf(high, sizeof high, "%s", form.score.high);
    uint32_t n_answered = form.summary.n_answered;
    patuh_form_free(&form);
    uint64_t incarnation = t.sari->incarnation;
    field_carry(t.sari, t.office);
    cr_assert_eq(prune(&t), 1);
    field_office_moves(&t.field, t.office, PT_TIER_NATIONAL, PATUH__STATE__STATE_HAS_ISSUES);
    field_carry(t.office, t.sari); /* the news: everything has to come again */
    expect_all_refused(t.sari, "run patuh sync first");
    cr_expect_not_null(strstr(line_of(t.sari, &list).advice, "run patuh sync first"));
    patuh_list_free(&list);
    field_carry(t.office, t.sari);
    form = field_form(t.sari, FIELD_UNIT);
    cr_expect_str_eq(form.summary.state, "has_issues");
    cr_expect_str_eq(form.score.low, low);
    cr_expect_str_eq(form.score.high, high);
    cr_expect_eq(form.summary.n_answered, n_answered);
    cr_expect_eq(field_item(&form, "unit_kind")->n_notes, 1);
    cr_expect_str_eq(field_item(&form, "unit_kind")->notes[0].text, "loket dua");
    patuh_form_free(&form);
    field_answer(t.sari, "officials_available", "3");
    cr_expect_eq(patuh_submit(t.sari, FIELD_UNIT, true, &problem), PATUH_OK, "%s", problem.text);
    field_carry(t.sari, t.office);
    form = field_form(t.office, FIELD_UNIT);
    cr_expect_str_eq(form.summary.state, "submitted");
    cr_expect_str_eq(field_item(&form, "officials_available")->value, "3");
    patuh_form_free(&form);
    cr_expect_eq(t.sari->incarnation, incarnation);
    struct patuh_history history;
    cr_assert_eq(patuh_history(t.sari, FIELD_UNIT, &history, NULL), PATUH_OK);
    cr_expect_eq(history.n_damaged, 0);
    patuh_history_free(&history);
    close_two(&t);
}

/* A bundle has nothing of it, and goes out all the same. */
Test(prune, a_bundle_goes_out_of_a_device_that_pruned)
{
    struct two t;
    char file[128];
    struct patuh_problem problem = {""};
    struct patuh_bundle_out out = {0};
    open_two(&t);
    be_done(&t);
    cr_assert_eq(prune(&t), 1);
    (void)snprintf(file, sizeof file, "%s/bundel", t.field.root);
    cr_assert_eq(patuh_bundle_out(t.sari, file, &out, &problem), PATUH_OK, "%s", problem.text);
    cr_expect_eq(out.chunks, 0);
    cr_expect_eq(out.files, 0);
    close_two(&t);
}
