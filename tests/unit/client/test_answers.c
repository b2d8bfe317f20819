#include "client/answers.h"
#include "support/field.h"

#include "base/mem.h"

#include <criterion/criterion.h>
#include <string.h>

/* The claims of the register at a path outside repeats, loaded from the device's store. */
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

static const struct pt_entry *last_entry(const struct pt_work *work)
{
    for (size_t v = 0; v < work->n_views; v++) {
        if (pt_work_is_own(work, &work->views[v])) {
            return &work->views[v].entries[work->views[v].n_entries - 1];
        }
    }
    return NULL;
}

static void expect_replaces(struct patuh *device, size_t n)
{
    struct pt_work work = load(device);
    const struct pt_entry *entry = last_entry(&work);
    cr_assert_not_null(entry);
    cr_expect_eq(entry->n_replaces, n, "%zu", entry->n_replaces);
    pt_work_close(&work);
}

static void expect_value(struct patuh *device, const char *path, const char *value)
{
    struct patuh_form form = field_form(device, FIELD_UNIT);
    cr_expect_str_eq(field_item(&form, path)->value, value);
    patuh_form_free(&form);
}

Test(answers, stay_after_the_folder_was_closed)
{
    static const struct {
        const char *path;
        const char *value;
    } rows[] = {
        {"unit_kind", "licensing"}, {"officials_available", "4"}, {"information_media", "website banner"},
        {"lapor_connected", "yes"}, {"lapor_first_reply", "2.5"}, {"complaint_remark", "dijawab hari itu juga"}};
    struct field field;
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    struct patuh_form before = field_form(device, FIELD_UNIT);
    const struct patuh_item *media = field_item(&before, "information_media");
    cr_assert(media->n_choices >= 2);
    char both[100];
    (void)snprintf(both, sizeof both, "%s %s", media->choices[0].name, media->choices[1].name);
    patuh_form_free(&before);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        field_answer(device, rows[i].path, i == 2 ? both : rows[i].value);
    }
    patuh_close(device);
    device = field_device(&field, FIELD_SARI);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        expect_value(device, rows[i].path, i == 2 ? both : rows[i].value);
    }
    patuh_close(device);
    field_close(&field);
}

Test(answers, a_later_one_takes_the_place_of_an_earlier_one_and_clearing_of_both)
{
    struct field field;
    struct patuh_problem problem;
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    field_answer(device, "officials_available", "4");
    field_answer(device, "officials_available", "5");
    expect_value(device, "officials_available", "5");
    cr_expect_eq(patuh_clear(device, FIELD_UNIT, "officials_available", &problem), PATUH_OK);
    expect_value(device, "officials_available", "");
    cr_expect_eq(patuh_clear(device, FIELD_UNIT, "officials_available", &problem), PATUH_INVALID);
    cr_expect_not_null(strstr(problem.text, "officials_available"));
    patuh_close(device);
    field_close(&field);
}

Test(answers, of_two_who_do_not_know_of_each_other_are_a_conflict)
{
    struct field field;
    field_open(&field);
    struct patuh *sari = field_device(&field, FIELD_SARI);
    struct patuh *budi = field_device(&field, FIELD_BUDI);
    field_answer(sari, "officials_available", "4");
    field_answer(budi, "officials_available", "6");
    field_meet(sari, budi);
    struct patuh_form form = field_form(sari, FIELD_UNIT);
    const struct patuh_item *item = field_item(&form, "officials_available");
    cr_expect(item->conflict);
    cr_expect_str_empty(item->value);
    cr_expect_eq(item->n_claims, 2);
    cr_expect_neq(item->claims[0].own, item->claims[1].own);
    cr_expect_eq(form.summary.n_conflicts, 1);
    patuh_form_free(&form);
    field_answer(sari, "officials_available", "6"); /* what both say now is no conflict */
    expect_replaces(sari, 0);
    form = field_form(sari, FIELD_UNIT);
    cr_expect_not(field_item(&form, "officials_available")->conflict);
    patuh_form_free(&form);
    patuh_close(sari);
    patuh_close(budi);
    field_close(&field);
}

Test(answers, replace_what_the_device_has_seen_of_others)
{
    struct field field;
    field_open(&field);
    struct patuh *sari = field_device(&field, FIELD_SARI);
    struct patuh *budi = field_device(&field, FIELD_BUDI);
    field_answer(sari, "officials_available", "4");
    expect_replaces(sari, 0);
    field_meet(sari, budi);
    field_answer(budi, "officials_available", "6");
    expect_replaces(budi, 1);
    field_meet(sari, budi);
    expect_value(sari, "officials_available", "6");
    field_answer(sari, "officials_available", "7");
    expect_replaces(sari, 1);
    field_answer(sari, "officials_available", "8"); /* its own are replaced by the order of the log */
    expect_replaces(sari, 0);
    field_meet(sari, budi);
    expect_value(budi, "officials_available", "8");
    patuh_close(sari);
    patuh_close(budi);
    field_close(&field);
}

Test(answers, that_cannot_stand_are_refused_in_one_sentence_and_store_nothing)
{
    static const struct {
        const char *assessment;
        const char *path;
        const char *value;
        enum patuh_result result;
        const char *says;
    } rows[] = {
        {FIELD_UNIT, "no_such_question", "1", PATUH_INVALID, "no_such_question"},
        {FIELD_UNIT, "officials_available", "four", PATUH_INVALID, "\"four\""},
        {FIELD_UNIT, "officials_available", "21", PATUH_INVALID, "0 to 20"},
        {FIELD_UNIT, "officials_available", "", PATUH_INVALID, "\"\""},
        {FIELD_UNIT, "unit_kind", "palace", PATUH_INVALID, "palace"},
        {FIELD_UNIT, "respondent[xxxxx].delay", "l1", PATUH_INVALID, "xxxxx"},
        {FIELD_UNIT, "delay", "l1", PATUH_INVALID, "respondent["},
        {FIELD_UNIT, "respondent[", "l1", PATUH_INVALID, "respondent["},
        {FIELD_UNIT, "input", "1", PATUH_INVALID, "input"},
        {FIELD_UNIT, "unit_photo", "1", PATUH_INVALID, "unit_photo"},
        {FIELD_UNIT, "complaint_remark", "", PATUH_INVALID, "empty"},
        {FIELD_UNIT, "complaint_remark", "\xff", PATUH_INVALID, "UTF-8"},
        {FIELD_OTHER_UNIT, "officials_available", "4", PATUH_DENIED, "not assigned"},
        {"2023/62.71/rsud", "officials_available", "4", PATUH_NOTFOUND, "patuh sync"},
        {"rsud", "officials_available", "4", PATUH_INVALID, "\"rsud\""},
    };
    struct field field;
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct patuh_problem problem = {""};
        enum patuh_result result =
            patuh_answer(device, rows[i].assessment, rows[i].path, rows[i].value, NULL, &problem);
        cr_expect_eq(result, rows[i].result, "row %zu: %d %s", i, (int)result, problem.text);
        cr_expect_not_null(strstr(problem.text, rows[i].says), "row %zu: %s", i, problem.text);
        cr_expect_not_null(strstr(problem.text, " / "), "row %zu: %s", i, problem.text);
    }
    struct patuh_status status;
    cr_assert_eq(patuh_status(device, &status, NULL), PATUH_OK);
    cr_expect_eq(status.n_pieces, 0);
    patuh_status_free(&status);
    patuh_close(device);
    field_close(&field);
}

Test(answers, of_a_respondent_stand_at_its_path_until_it_is_removed)
{
    struct field field;
    struct patuh_problem problem = {""};
    char path[PATUH_PATH_BYTES];
    char question[PATUH_PATH_BYTES + 20];
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    cr_assert_eq(patuh_add(device, FIELD_UNIT, "respondent", "Ibu A", path, &problem), PATUH_OK, "%s", problem.text);
    cr_expect_eq(strlen(path), strlen("respondent[k3f9q]"));
    (void)snprintf(question, sizeof question, "%s.delay", path);
    struct patuh_form form = field_form(device, FIELD_UNIT);
    cr_expect_str_eq(field_item(&form, path)->label_id, "Ibu A");
    cr_assert(field_item(&form, question)->n_choices > 0);
    field_answer(device, question, field_item(&form, question)->choices[0].name);
    patuh_form_free(&form);
    cr_expect_eq(patuh_remove(device, FIELD_UNIT, path, &problem), PATUH_OK, "%s", problem.text);
    cr_expect_eq(patuh_remove(device, FIELD_UNIT, path, &problem), PATUH_INVALID);
    cr_expect_eq(patuh_answer(device, FIELD_UNIT, question, "l1", NULL, &problem), PATUH_INVALID);
    cr_expect_eq(patuh_remove(device, FIELD_UNIT, "unit_kind", &problem), PATUH_INVALID);
    cr_expect_eq(patuh_add(device, FIELD_UNIT, "input", "x", path, &problem), PATUH_INVALID);
    cr_expect_not_null(strstr(problem.text, "respondent"), "%s", problem.text);
    cr_expect_eq(patuh_add(device, FIELD_UNIT, "respondent", "", path, &problem), PATUH_INVALID);
    patuh_close(device);
    field_close(&field);
}

Test(answers, carry_notes_and_the_place_of_the_visit)
{
    struct field field;
    struct patuh_problem problem = {""};
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    cr_expect_eq(patuh_answer(device, FIELD_UNIT, "officials_available", "4", "dua cuti", &problem), PATUH_OK);
    cr_expect_eq(patuh_note(device, FIELD_UNIT, "unit_kind", "papan nama lama", &problem), PATUH_OK);
    cr_expect_eq(patuh_note(device, FIELD_UNIT, "unit_kind", "", &problem), PATUH_INVALID);
    cr_expect_eq(patuh_note(device, FIELD_UNIT, "unit_kind", " \t\xc2\xa0\xe2\x80\x8b", &problem), PATUH_INVALID);
    cr_expect_not_null(strstr(problem.text, "empty"), "%s", problem.text);
    struct patuh_position here = {.latitude_e7 = -22161000, .longitude_e7 = 1139135000, .accuracy_m = 8};
    struct patuh_position nowhere = {.latitude_e7 = 900000001};
    cr_expect_eq(patuh_place(device, FIELD_UNIT, here, &problem), PATUH_OK, "%s", problem.text);
    cr_expect_eq(patuh_place(device, FIELD_UNIT, nowhere, &problem), PATUH_INVALID);
    struct patuh_position no_fix = {.accuracy_m = 5};
    cr_expect_eq(patuh_place(device, FIELD_UNIT, no_fix, &problem), PATUH_INVALID);
    cr_expect_not_null(strstr(problem.text, "has not found its place"), "%s", problem.text);
    struct patuh_form form = field_form(device, FIELD_UNIT);
    const struct patuh_item *item = field_item(&form, "officials_available");
    cr_assert_eq(item->n_notes, 1);
    cr_expect_str_eq(item->notes[0].text, "dua cuti");
    cr_expect_str_eq(item->notes[0].author, "sari");
    cr_expect_eq(field_item(&form, "unit_kind")->n_notes, 1);
    patuh_form_free(&form);
    patuh_close(device);
    field_close(&field);
}

Test(answers, fail_whole_when_memory_runs_out)
{
    struct field field;
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    long alive = pt_mem_alive();
    bool done = false;
    size_t failed = 0;
    for (size_t pass = 0; !done; pass++) {
        pt_mem_fault_arm(pass);
        enum patuh_result result = patuh_answer(device, FIELD_UNIT, "officials_available", "4", "catatan", NULL);
        pt_mem_fault_disarm();
        done = result == PATUH_OK;
        failed += done ? 0 : 1;
        cr_assert_eq(pt_mem_alive(), alive, "after %zu", pass);
        if (!done) {
            cr_assert_eq(result, PATUH_FAILED, "after %zu: %d", pass, (int)result);
        }
    }
    cr_expect(failed > 10);
    expect_value(device, "officials_available", "4");
    patuh_close(device);
    field_close(&field);
}
