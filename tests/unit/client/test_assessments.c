#include "client/sync.h"
#include "core/log/receipts.h"
#include "support/field.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

Test(assessments, are_those_assigned_to_the_surveyor)
{
    static const size_t expected[FIELD_DEVICES] = {1, 2, 0};
    struct field field;
    field_open(&field);
    for (int i = 0; i < FIELD_DEVICES; i++) {
        struct patuh *device = field_device(&field, i);
        struct patuh_list list;
        cr_assert_eq(patuh_list(device, &list, NULL), PATUH_OK);
        cr_expect_eq(list.n_items, expected[i], "device %d: %zu", i, list.n_items);
        patuh_list_free(&list);
        patuh_close(device);
    }
    field_close(&field);
}

Test(assessments, say_where_the_entries_are_and_outlive_the_device)
{
    struct field field;
    struct patuh_list list;
    uint32_t n = 0;
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_BUDI);
    field_answer(device, "officials_available", "4");
    field_answer(device, "unit_kind", "licensing");
    cr_assert_eq(pt_sync_seal(device, &n), PT_OK);
    field_receipt(&field, device, PT_TIER_NATIONAL);
    field_answer(device, "officials_available", "5");
    cr_assert_eq(pt_sync_seal(device, &n), PT_OK);
    field_receipt(&field, device, PT_TIER_REGION);
    field_answer(device, "officials_available", "6");
    cr_assert_eq(patuh_list(device, &list, NULL), PATUH_OK);
    patuh_close(device);
    cr_assert_eq(list.n_items, 2);
    cr_expect_str_eq(list.items[0].assessment, FIELD_OTHER_UNIT);
    cr_expect_str_eq(list.items[1].assessment, FIELD_UNIT);
    cr_expect_eq(list.items[0].places.device, 0);
    cr_expect_eq(list.items[1].places.device, 1);
    cr_expect_eq(list.items[1].places.region, 1);
    cr_expect_eq(list.items[1].places.head_office, 2);
    cr_expect_eq(list.items[1].n_answered, 2);
    cr_expect(list.items[1].ready);
    patuh_list_free(&list);
    field_close(&field);
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
    return (struct patuh_listed){0};
}

static void expect_advice(struct patuh *device, const char *part, uint32_t n_outside)
{
    struct patuh_list list;
    struct patuh_listed line = line_of(device, &list);
    cr_expect_not_null(strstr(line.advice, part), "%s: %s", part, line.advice);
    cr_expect_eq(line.n_outside, n_outside, "%s: %u", part, line.n_outside);
    patuh_list_free(&list);
}

Test(assessments, say_what_the_state_means_and_what_does_not_count_yet)
{
    struct field field;
    uint32_t n = 0;
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    field_answer(device, "officials_available", "4");
    expect_advice(device, "submit it with patuh submit", 0);
    cr_assert_eq(patuh_submit(device, FIELD_UNIT, true, NULL), PATUH_OK);
    expect_advice(device, "not sent yet", 0);
    field_receipt(&field, device, PT_TIER_REGION);
    expect_advice(device, "waits for the office", 0);
    field_answer(device, "officials_available", "5");
    field_answer(device, "unit_kind", "licensing");
    expect_advice(device, "waits for the office", 2);
    cr_assert_eq(pt_sync_seal(device, &n), PT_OK);
    expect_advice(device, "waits for the office", 2);
    cr_assert_eq(patuh_submit(device, FIELD_UNIT, true, NULL), PATUH_OK);
    expect_advice(device, "not sent yet", 0);
    patuh_close(device);
    field_close(&field);
}

static struct pt_entry assign_instead(const char *surveyor, const char *instead_of, uint8_t *packed, size_t n)
{
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_ASSIGN, 0);
    Patuh__Assignment detail = PATUH__ASSIGNMENT__INIT;
    char names[2][32];
    (void)snprintf(names[0], sizeof names[0], "%s", surveyor);
    (void)snprintf(names[1], sizeof names[1], "%s", instead_of);
    detail.surveyor = names[0];
    detail.instead_of = names[1];
    cr_assert(patuh__assignment__get_packed_size(&detail) <= n);
    entry.detail = pt_bytes_of(packed, patuh__assignment__pack(&detail, packed));
    return entry;
}

/* What the office sees once both have brought their entries. */
static void expect_both(struct patuh *office)
{
    struct patuh_form form = field_form(office, FIELD_UNIT);
    const struct patuh_item *both = field_item(&form, "officials_available");
    cr_expect(both->conflict);
    cr_expect_eq(both->n_claims, 2);
    cr_expect_str_eq(field_item(&form, "unit_kind")->author, "sari");
    cr_expect_str_eq(field_item(&form, "complaints_received")->author, "tono");
    cr_expect_eq(form.n_ineffective, 0);
    cr_expect_str_eq(form.summary.surveyors, "budi, tono");
    patuh_form_free(&form);
}

/* tono gets the unit instead of sari while both are in the field; the office hears of it in either order. */
Test(assessments, that_went_to_somebody_else_lose_nothing)
{
    for (int order = 0; order < 2; order++) {
        struct field field;
        struct patuh_list list;
        uint8_t packed[64];
        uint32_t n = 0;
        field_open(&field);
        struct patuh *sari = field_device(&field, FIELD_SARI);
        struct patuh *tono = field_device(&field, FIELD_TONO);
        struct patuh *office = field_device(&field, FIELD_BUDI);
        field_answer(sari, "unit_kind", "licensing");
        field_answer(sari, "officials_available", "4");
        field_region_writes(&field, tono, FIELD_UNIT, assign_instead("tono", "sari", packed, sizeof packed));
        field_answer(tono, "officials_available", "6");
        field_answer(tono, "complaints_received", "9");
        field_answer(sari, "officials_available", "5"); /* she does not know yet */
        cr_assert_eq(pt_sync_seal(sari, &n), PT_OK);
        cr_assert_eq(pt_sync_seal(tono, &n), PT_OK);
        field_carry(order == 0 ? sari : tono, office);
        field_carry(order == 0 ? tono : sari, office);
        expect_both(office);
        field_carry(office, sari);
        struct patuh_listed line = line_of(sari, &list);
        cr_expect_not(line.assigned);
        cr_expect_str_eq(line.surveyors, "budi, tono");
        cr_expect_eq(line.n_conflicts, 1);
        cr_expect_eq(line.n_ineffective, 0);
        patuh_list_free(&list);
        expect_both(sari);
        patuh_close(sari);
        patuh_close(tono);
        patuh_close(office);
        field_close(&field);
    }
}

/* By roles: one observes, one interviews, both at once. */
Test(assessments, of_two_assistants_are_filled_in_side_by_side)
{
    struct field field;
    field_open(&field);
    struct patuh *sari = field_device(&field, FIELD_SARI);
    struct patuh *budi = field_device(&field, FIELD_BUDI);
    field_answer(sari, "unit_kind", "licensing");
    field_answer(budi, "officials_available", "4");
    field_meet(sari, budi);
    for (int i = 0; i < 2; i++) {
        struct patuh_form form = field_form(i == 0 ? sari : budi, FIELD_UNIT);
        const struct patuh_item *seen = field_item(&form, "unit_kind");
        const struct patuh_item *asked = field_item(&form, "officials_available");
        cr_expect_str_eq(seen->role, "observation");
        cr_expect_str_eq(seen->author, "sari");
        cr_expect_str_eq(asked->role, "interview");
        cr_expect_str_eq(asked->author, "budi");
        cr_expect_eq(form.summary.n_conflicts, 0);
        patuh_form_free(&form);
    }
    field_answer(sari, "complaints_received", "8"); /* and now both the same question, out of sight of each other */
    field_answer(budi, "complaints_received", "9");
    field_meet(sari, budi);
    for (int i = 0; i < 2; i++) {
        struct patuh_form form = field_form(i == 0 ? sari : budi, FIELD_UNIT);
        const struct patuh_item *item = field_item(&form, "complaints_received");
        cr_expect(item->conflict);
        cr_assert_eq(item->n_claims, 2);
        cr_expect_str_neq(item->claims[0].author, item->claims[1].author);
        cr_expect_str_neq(item->claims[0].value, item->claims[1].value);
        cr_expect_eq(form.summary.n_conflicts, 1);
        patuh_form_free(&form);
    }
    patuh_close(sari);
    patuh_close(budi);
    field_close(&field);
}
