#include "client/sync.h"
#include "core/log/receipts.h"
#include "support/field.h"

#include <criterion/criterion.h>

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
