#include "client/device.h"
#include "client/sync.h"
#include "core/merge/seen.h"
#include "support/field.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static size_t index_of(const struct patuh_form *form, const char *path)
{
    return (size_t)(field_item(form, path) - form->items);
}

Test(show, follows_the_order_of_the_instrument)
{
    static const char *const order[] = {"opening",         "unit_kind",   "officials_available", "input",
                                        "official",        "supervision", "supervision_proof",   "process",
                                        "product",         "output",      "respondent",          "complaints",
                                        "complaint_remark"};
    struct field field;
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    struct patuh_form form = field_form(device, FIELD_UNIT);
    for (size_t i = 1; i < sizeof order / sizeof order[0]; i++) {
        cr_expect(index_of(&form, order[i - 1]) < index_of(&form, order[i]), "%s", order[i]);
    }
    cr_expect_eq(field_item(&form, "opening")->kind, PATUH_GROUP);
    cr_expect_eq(field_item(&form, "official")->kind, PATUH_REPEAT);
    cr_expect_eq(field_item(&form, "unit_kind")->kind, PATUH_ONE);
    cr_expect_str_eq(field_item(&form, "unit_kind")->role, "observation");
    cr_expect_str_eq(field_item(&form, "unit_kind")->label_en, "Kind of service unit");
    cr_expect_str_eq(form.summary.unit, "Unit Contoh");
    cr_expect_eq(form.n_surveyors, 2);
    patuh_form_free(&form);
    patuh_close(device);
    field_close(&field);
}

Test(show, puts_each_instance_after_its_repeat_with_all_its_questions)
{
    struct field field;
    char paths[2][PATUH_PATH_BYTES];
    char question[sizeof paths + 20];
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    for (size_t i = 0; i < 2; i++) {
        cr_assert_eq(patuh_add(device, FIELD_UNIT, "respondent", i == 0 ? "A" : "B", paths[i], NULL), PATUH_OK);
    }
    struct patuh_form form = field_form(device, FIELD_UNIT);
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(question, sizeof question, "%s.impropriety", paths[i]);
        cr_expect(index_of(&form, "respondent") < index_of(&form, paths[i]));
        cr_expect(index_of(&form, paths[i]) < index_of(&form, question));
        cr_expect(index_of(&form, question) < index_of(&form, "respondents_counted"));
    }
    cr_expect_str_eq(field_item(&form, "respondents_counted")->value, "2");
    patuh_form_free(&form);
    patuh_close(device);
    field_close(&field);
}

Test(show, instances_stand_in_the_order_they_were_added)
{
    struct field field;
    char paths[12][PATUH_PATH_BYTES];
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    for (size_t i = 0; i < 12; i++) {
        cr_assert_eq(patuh_add(device, FIELD_UNIT, "respondent", "x", paths[i], NULL), PATUH_OK);
    }
    cr_assert_eq(patuh_remove(device, FIELD_UNIT, paths[5], NULL), PATUH_OK);
    struct patuh_form form = field_form(device, FIELD_UNIT);
    for (size_t i = 1; i < 12; i++) {
        size_t before = i == 6 ? 4 : i - 1;
        cr_expect(i == 5 || index_of(&form, paths[before]) < index_of(&form, paths[i]), "row %zu", i);
    }
    patuh_form_free(&form);
    patuh_close(device);
    field_close(&field);
}

Test(show, says_how_many_answers_a_repeat_has_of_those_it_needs)
{
    struct field field;
    char path[PATUH_PATH_BYTES];
    char question[PATUH_PATH_BYTES + 20];
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    for (uint32_t i = 0; i <= 5; i++) {
        struct patuh_form form = field_form(device, FIELD_UNIT);
        const struct patuh_item *item = field_item(&form, "respondent");
        cr_expect_eq(item->n_have, i < 5 ? i : 0, "%u: %u", i, item->n_have);
        cr_expect_eq(item->n_need, i < 5 ? 5 : 0, "%u: %u", i, item->n_need);
        cr_expect_eq(item->missing, i < 5, "%u", i);
        patuh_form_free(&form);
        cr_assert_eq(patuh_add(device, FIELD_UNIT, "respondent", "x", path, NULL), PATUH_OK);
        static const char *const names[] = {"delay", "payment", "deviation", "incompetence", "impropriety"};
        for (size_t k = 0; k < 5; k++) {
            (void)snprintf(question, sizeof question, "%s.%s", path, names[k]);
            field_answer(device, question, "never");
        }
    }
    patuh_close(device);
    field_close(&field);
}

static void expect_named(struct patuh *device, const char *question, bool missing, const char *named)
{
    struct patuh_form form = field_form(device, FIELD_UNIT);
    const struct patuh_item *item = field_item(&form, question);
    cr_expect_eq(item->missing, missing, "%s", question);
    cr_expect_eq(item->answered, !missing);
    cr_expect_str_eq(item->value, named);
    cr_expect_str_eq(item->n_claims > 0 ? item->claims[0].label : "", missing ? "" : "tidak ada / none");
    patuh_form_free(&form);
}

static double low_score(struct patuh *device)
{
    struct patuh_form form = field_form(device, FIELD_UNIT);
    double low = strtod(form.score.low, NULL);
    patuh_form_free(&form);
    return low;
}

Test(show, that_none_of_several_was_named_is_an_answer_and_enters_the_mean)
{
    struct field field;
    char path[2][PATUH_PATH_BYTES];
    char question[2][PATUH_PATH_BYTES + 32];
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    for (size_t i = 0; i < 2; i++) {
        cr_assert_eq(patuh_add(device, FIELD_UNIT, "official", i == 0 ? "kepala" : "petugas", path[i], NULL), PATUH_OK);
        (void)snprintf(question[i], sizeof question[i], "%s.knows_vulnerable", path[i]);
    }
    struct patuh_form form = field_form(device, FIELD_UNIT);
    field_answer(device, question[0], field_item(&form, question[0])->choices[0].name);
    patuh_form_free(&form);
    double before = low_score(device);
    expect_named(device, question[1], true, "");
    field_answer(device, question[1], "-");
    expect_named(device, question[1], false, "-");
    cr_expect_lt(low_score(device), before);
    (void)snprintf(question[0], sizeof question[0], "%s.components_named", path[0]); /* counted by a calculation */
    expect_named(device, question[0], true, "");
    field_answer(device, question[0], "-");
    expect_named(device, question[0], false, "-");
    cr_assert_eq(patuh_clear(device, FIELD_UNIT, question[1], NULL), PATUH_OK);
    expect_named(device, question[1], true, "");
    patuh_close(device);
    field_close(&field);
}

Test(show, says_why_a_question_is_not_asked)
{
    struct field field;
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    field_answer(device, "workload_analysis", "no");
    struct patuh_form form = field_form(device, FIELD_UNIT);
    const struct patuh_item *item = field_item(&form, "staff_needed");
    cr_expect_not(item->asked);
    cr_expect_not(item->missing);
    cr_expect_str_eq(item->blocker, "staff_needed");
    cr_expect_str_eq(item->condition, "${workload_analysis} = 'yes'");
    patuh_form_free(&form);
    field_answer(device, "workload_analysis", "yes");
    form = field_form(device, FIELD_UNIT);
    cr_expect(field_item(&form, "staff_needed")->asked);
    cr_expect_str_empty(field_item(&form, "staff_needed")->condition);
    cr_expect(field_item(&form, "staff_needed")->missing);
    patuh_form_free(&form);
    patuh_close(device);
    field_close(&field);
}

Test(show, a_missing_answer_is_missing_until_it_is_there)
{
    struct field field;
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    struct patuh_form form = field_form(device, FIELD_UNIT);
    uint32_t before = form.summary.n_missing;
    cr_expect(field_item(&form, "unit_kind")->missing);
    cr_expect(field_item(&form, "respondent")->missing); /* too few answers inside */
    patuh_form_free(&form);
    field_answer(device, "unit_kind", "licensing");
    form = field_form(device, FIELD_UNIT);
    cr_expect_not(field_item(&form, "unit_kind")->missing);
    cr_expect_eq(form.summary.n_missing, before - 1);
    cr_expect_eq(form.summary.n_answered, 1);
    patuh_form_free(&form);
    patuh_close(device);
    field_close(&field);
}

Test(show, an_answer_whose_condition_another_answer_broke_is_marked)
{
    static const struct {
        const char *received;
        bool broken;
    } rows[] = {{"10", false}, {"5", true}, {"9", false}, {"8", true}, {"0", false}}; /* at 0 it is not asked */
    struct field field;
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    field_answer(device, "complaints_received", "10");
    field_answer(device, "complaints_settled", "9");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        field_answer(device, "complaints_received", rows[i].received);
        struct patuh_form form = field_form(device, FIELD_UNIT);
        const struct patuh_item *item = field_item(&form, "complaints_settled");
        cr_expect_eq(item->broken, rows[i].broken, "row %zu", i);
        cr_expect_str_eq(item->rule_en, rows[i].broken ? "May not exceed the complaints received." : "", "row %zu", i);
        cr_expect_eq(form.summary.n_broken, rows[i].broken ? 1 : 0, "row %zu", i);
        cr_expect_not(field_item(&form, "complaints_received")->broken);
        patuh_form_free(&form);
    }
    patuh_close(device);
    field_close(&field);
}

/* The score over the same logs in another store, without the library's form. */
static struct pt_unit_score score_elsewhere(struct patuh *device, struct pt_work *work)
{
    struct pt_subject subject;
    struct pt_txn *txn;
    struct pt_unit_score score;
    cr_assert_eq(pt_work_subject(FIELD_UNIT, &subject, NULL), PT_OK);
    cr_assert_eq(pt_store_begin_read(device->store, &txn), PT_OK);
    cr_assert_eq(pt_device_work(work, device, txn, &subject, false, NULL), PT_OK);
    pt_store_abort(txn);
    cr_assert_eq(pt_score_unit(work->instrument, &work->state.answers, &work->arena, &score), PT_OK);
    return score;
}

Test(show, the_score_is_the_one_that_anybody_gets_from_the_same_entries)
{
    struct field field;
    field_open(&field);
    struct patuh *sari = field_device(&field, FIELD_SARI);
    struct patuh *budi = field_device(&field, FIELD_BUDI);
    static const char *const answers[][2] = {{"supervision", "monthly"},    {"waiting_room", "l5"},
                                             {"compensation", "l3"},        {"complaint_duties", "l4"},
                                             {"complaints_received", "10"}, {"complaints_settled", "9"}};
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        struct patuh_form form = field_form(sari, FIELD_UNIT);
        const struct patuh_item *item = field_item(&form, answers[i][0]);
        field_answer(sari, answers[i][0], item->n_choices > 0 ? item->choices[0].name : answers[i][1]);
        patuh_form_free(&form);
    }
    struct patuh_form here = field_form(sari, FIELD_UNIT); /* unsealed */
    field_meet(sari, budi);
    struct pt_work work;
    struct pt_unit_score there = score_elsewhere(budi, &work);
    struct pt_buf low = {0};
    pt_score_put(&low, there.low, work.instrument->settings.decimals);
    cr_expect(here.score.has_score);
    cr_expect_str_eq(here.score.low, pt_buf_text(&low));
    cr_expect(there.low > 0);
    struct patuh_form copy = field_form(budi, FIELD_UNIT);
    cr_expect_str_eq(here.score.low, copy.score.low);
    cr_expect_str_eq(here.score.high, copy.score.high);
    pt_buf_free(&low);
    pt_work_close(&work);
    patuh_form_free(&here);
    patuh_form_free(&copy);
    patuh_close(sari);
    patuh_close(budi);
    field_close(&field);
}

/* The region returns the unit with this said about a question, of an instance or "". */
static void return_about(struct field *field, struct patuh *device, const char *question, const char *instance,
                         const char *said)
{
    struct pt_hash hash = field_text(device, said);
    struct pt_work work;
    (void)score_elsewhere(device, &work);
    Patuh__Comment comment = PATUH__COMMENT__INIT;
    Patuh__Comment *comments[] = {&comment};
    Patuh__Move move = PATUH__MOVE__INIT;
    uint8_t packed[512];
    uint32_t node = pt_node_find(work.instrument, pt_bytes_str(question));
    comment.has_question = comment.has_text = true;
    comment.has_instance = instance[0] != '\0';
    comment.instance = (ProtobufCBinaryData){.len = strlen(instance), .data = (uint8_t *)(uintptr_t)instance};
    comment.question = work.instrument->nodes[node].number;
    comment.text = (ProtobufCBinaryData){.len = sizeof hash.b, .data = hash.b};
    move.has_to = true;
    move.to = PATUH__STATE__STATE_HAS_ISSUES;
    move.n_comment = 1;
    move.comment = comments;
    struct pt_log_id none = {.incarnation = 0};
    cr_assert_eq(pt_seen_cut(NULL, work.views, work.n_views, &none, &work.arena, &move), PT_OK);
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_MOVE, 1700000000);
    cr_assert(patuh__move__get_packed_size(&move) <= sizeof packed);
    entry.detail = pt_bytes_of(packed, patuh__move__pack(&move, packed));
    field_region_writes(field, device, FIELD_UNIT, entry);
    pt_work_close(&work);
}

static void return_unit(struct field *field, struct patuh *device, const char *said)
{
    return_about(field, device, "unit_kind", "", said);
}

/* Counted in the list, so it has to stand somewhere: at the repeat, with the path it was written for. */
Test(show, a_comment_on_a_respondent_that_was_removed_stands_at_its_repeat)
{
    struct field field;
    char path[PATUH_PATH_BYTES];
    char name[16];
    uint32_t n = 0;
    struct patuh_problem problem;
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    cr_assert_eq(patuh_add(device, FIELD_UNIT, "respondent", "loket 2", path, &problem), PATUH_OK);
    (void)snprintf(name, sizeof name, "%.5s", path + strlen("respondent["));
    cr_assert_eq(pt_sync_seal(device, &n), PT_OK);
    return_about(&field, device, "respondent", name, "siapa ini?");
    struct patuh_form form = field_form(device, FIELD_UNIT);
    cr_expect_eq(field_item(&form, path)->n_comments, 1);
    cr_expect_eq(field_item(&form, "respondent")->n_comments, 0);
    patuh_form_free(&form);
    cr_assert_eq(patuh_remove(device, FIELD_UNIT, path, &problem), PATUH_OK, "%s", problem.text);
    form = field_form(device, FIELD_UNIT);
    const struct patuh_item *repeat = field_item(&form, "respondent");
    cr_expect_eq(form.summary.n_comments, 1);
    cr_assert_eq(repeat->n_comments, 1);
    cr_expect_str_eq(repeat->comments[0].text, "siapa ini?");
    cr_expect_str_eq(repeat->comments[0].id, path);
    patuh_form_free(&form);
    patuh_close(device);
    field_close(&field);
}

Test(show, brings_the_comments_of_a_return)
{
    struct field field;
    uint32_t n = 0;
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    return_unit(&field, device, "foto buram");
    struct patuh_form form = field_form(device, FIELD_UNIT);
    cr_expect_str_eq(form.summary.state, "has_issues");
    cr_expect_eq(form.summary.n_comments, 1);
    cr_assert_eq(field_item(&form, "unit_kind")->n_comments, 1);
    cr_expect_str_eq(field_item(&form, "unit_kind")->comments[0].text, "foto buram");
    cr_expect_eq(field_item(&form, "officials_available")->n_comments, 0);
    patuh_form_free(&form);
    /* Handed in again: it is told what had been asked, and the next return only what it says itself. */
    field_answer(device, "unit_kind", "licensing");
    cr_assert_eq(patuh_submit(device, FIELD_UNIT, true, NULL), PATUH_OK);
    cr_assert_eq(pt_sync_seal(device, &n), PT_OK);
    return_unit(&field, device, "jenisnya keliru");
    form = field_form(device, FIELD_UNIT);
    const struct patuh_item *item = field_item(&form, "unit_kind");
    cr_expect_eq(form.summary.n_comments, 1);
    cr_assert_eq(item->n_comments, 1);
    cr_expect_str_eq(item->comments[0].text, "jenisnya keliru");
    cr_assert_eq(item->n_earlier, 1);
    cr_expect_str_eq(item->earlier[0].text, "foto buram");
    cr_expect_str_eq(item->earlier[0].time, "2023-11-14T22:13:20Z");
    cr_expect_str_not_empty(item->earlier[0].author);
    patuh_form_free(&form);
    patuh_close(device);
    field_close(&field);
}
