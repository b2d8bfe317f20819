#include "client/device.h"
#include "support/field.h"

#include "core/wire/unpack.h"

#include <criterion/criterion.h>
#include <string.h>

static struct pt_work load(struct patuh *device)
{
    struct pt_work work;
    struct pt_subject subject;
    struct pt_txn *txn;
    cr_assert_eq(pt_work_subject(FIELD_UNIT, &subject, NULL), PT_OK);
    cr_assert_eq(pt_store_begin_read(device->store, &txn), PT_OK);
    cr_assert_eq(pt_device_work(&work, device, txn, &subject, true, NULL), PT_OK);
    pt_store_abort(txn);
    return work;
}

static void submit(struct patuh *device)
{
    struct patuh_problem problem = {""};
    cr_assert_eq(patuh_submit(device, FIELD_UNIT, true, &problem), PATUH_OK, "%s", problem.text);
}

static void expect_state(struct patuh *device, const char *state)
{
    struct patuh_form form = field_form(device, FIELD_UNIT);
    cr_expect_str_eq(form.summary.state, state);
    patuh_form_free(&form);
}

Test(submit, refuses_while_needed_answers_are_missing)
{
    struct field field;
    struct patuh_problem problem = {""};
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    field_answer(device, "unit_kind", "licensing");
    cr_expect_eq(patuh_submit(device, FIELD_UNIT, false, &problem), PATUH_INVALID);
    cr_expect_not_null(strstr(problem.text, "--with-missing"), "%s", problem.text);
    expect_state(device, "draft");
    submit(device);
    expect_state(device, "submitted");
    patuh_close(device);
    field_close(&field);
}

Test(submit, refuses_an_answer_whose_condition_another_answer_broke)
{
    struct field field;
    struct patuh_problem problem = {""};
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    field_answer(device, "complaints_received", "10");
    field_answer(device, "complaints_settled", "9");
    cr_expect_eq(patuh_submit(device, FIELD_UNIT, false, &problem), PATUH_INVALID);
    cr_expect_null(strstr(problem.text, "condition"), "%s", problem.text);
    field_answer(device, "complaints_received", "5");
    cr_expect_eq(patuh_submit(device, FIELD_UNIT, false, &problem), PATUH_INVALID);
    cr_expect_not_null(strstr(problem.text, "do not meet the condition of their question (1 in all)"), "%s",
                       problem.text);
    expect_state(device, "draft");
    submit(device);
    expect_state(device, "submitted");
    patuh_close(device);
    field_close(&field);
}

Test(submit, cuts_every_other_log_where_this_device_has_it_and_seals)
{
    struct field field;
    field_open(&field);
    struct patuh *sari = field_device(&field, FIELD_SARI);
    struct patuh *budi = field_device(&field, FIELD_BUDI);
    field_answer(budi, "officials_available", "4");
    field_meet(sari, budi);
    field_answer(sari, "unit_kind", "licensing");
    submit(sari);
    struct pt_work work = load(sari);
    const struct pt_claim *by = work.state.state_by;
    cr_assert_not_null(by);
    cr_expect(pt_work_is_own(&work, by->view));
    cr_expect_not_null(pt_view_chunk_of(by->view, by->seq)); /* sealed */
    const Patuh__Move *move = work.state.state_move;
    cr_expect_eq(move->n_cut, work.n_views - 1);
    for (size_t i = 0; i < move->n_cut; i++) {
        struct pt_author author;
        memcpy(author.b, move->cut[i]->author.data, sizeof author.b);
        const struct pt_view *view = pt_view_find(work.views, work.n_views, &author, move->cut[i]->incarnation);
        cr_assert_not_null(view);
        cr_expect_neq(view, by->view);
        cr_expect_eq(move->cut[i]->seq, view->n_entries);
        cr_expect_eq(memcmp(move->cut[i]->link.data, view->chunks[view->n_chunks - 1].link.b, PT_HASH_BYTES), 0);
    }
    pt_work_close(&work);
    patuh_close(sari);
    patuh_close(budi);
    field_close(&field);
}

Test(submit, does_not_undo_what_the_office_approved)
{
    struct field field;
    struct patuh_problem problem = {""};
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    field_answer(device, "unit_kind", "licensing");
    submit(device);
    field_office_moves(&field, device, PT_TIER_REGION, PATUH__STATE__STATE_APPROVED_REGION);
    expect_state(device, "approved_region");
    cr_expect_eq(patuh_submit(device, FIELD_UNIT, false, &problem), PATUH_DENIED);
    cr_expect_not_null(strstr(problem.text, "ask the office to return it"), "%s", problem.text);
    cr_expect_eq(patuh_submit(device, FIELD_UNIT, true, &problem), PATUH_DENIED);
    cr_expect_eq(patuh_not_assessed(device, FIELD_UNIT, "tutup", &problem), PATUH_DENIED);
    expect_state(device, "approved_region");
    field_office_moves(&field, device, PT_TIER_REGION, PATUH__STATE__STATE_HAS_ISSUES);
    submit(device);
    expect_state(device, "submitted");
    field_office_moves(&field, device, PT_TIER_REGION, PATUH__STATE__STATE_NOT_ASSESSED);
    cr_expect_eq(patuh_submit(device, FIELD_UNIT, true, &problem), PATUH_DENIED);
    cr_expect_not_null(strstr(problem.text, "has confirmed"), "%s", problem.text);
    expect_state(device, "not_assessed");
    patuh_close(device);
    field_close(&field);
}

/* As a sync does that the office ends so. */
static void office_says(struct patuh *device, bool revoked)
{
    cr_assert_eq(pt_device_note_revoked(device, revoked), PT_OK);
}

Test(submit, of_a_revoked_device_is_refused_until_the_office_takes_that_back)
{
    struct field field;
    struct patuh_problem problem = {""};
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    office_says(device, true);
    patuh_close(device);
    device = field_device(&field, FIELD_SARI); /* it is kept */
    cr_expect_neq(patuh_identity(device).revoked[0], '\0');
    cr_expect_eq(patuh_submit(device, FIELD_UNIT, true, &problem), PATUH_DENIED);
    cr_expect_not_null(strstr(problem.text, "revoked"), "%s", problem.text);
    cr_expect_eq(patuh_not_assessed(device, FIELD_UNIT, "tutup", &problem), PATUH_DENIED);
    field_answer(device, "unit_kind", "licensing"); /* nothing typed is lost */
    struct patuh_form form = field_form(device, FIELD_UNIT);
    cr_expect(form.summary.revoked);
    cr_expect_str_eq(form.summary.state, "draft");
    patuh_form_free(&form);
    struct patuh_list list;
    cr_assert_eq(patuh_list(device, &list, NULL), PATUH_OK);
    cr_expect(list.items[0].revoked);
    patuh_list_free(&list);
    office_says(device, false);
    cr_expect_str_eq(patuh_identity(device).revoked, "");
    submit(device);
    expect_state(device, "submitted");
    patuh_close(device);
    field_close(&field);
}

Test(submit, of_not_assessed_needs_a_reason_and_shows_it)
{
    struct field field;
    struct patuh_problem problem = {""};
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    cr_expect_eq(patuh_not_assessed(device, FIELD_UNIT, "", &problem), PATUH_INVALID);
    expect_state(device, "draft");
    cr_expect_eq(patuh_not_assessed(device, FIELD_UNIT, "kantor tutup", &problem), PATUH_OK, "%s", problem.text);
    struct patuh_form form = field_form(device, FIELD_UNIT);
    cr_expect_str_eq(form.summary.state, "not_assessed");
    cr_assert_eq(form.n_reasons, 1);
    cr_expect_str_eq(form.reasons[0].text, "kantor tutup");
    patuh_form_free(&form);
    cr_expect_eq(patuh_submit(device, FIELD_OTHER_UNIT, true, &problem), PATUH_DENIED);
    patuh_close(device);
    field_close(&field);
}
