#include "client/sync.h"
#include "core/log/receipts.h"
#include "support/field.h"

#include <criterion/criterion.h>
#include <string.h>

static void expect_where(struct patuh *device, const char *what, enum patuh_where where, size_t n)
{
    struct patuh_status status;
    size_t found = 0;
    cr_assert_eq(patuh_status(device, &status, NULL), PATUH_OK);
    for (size_t i = 0; i < status.n_pieces; i++) {
        found += strcmp(status.pieces[i].what, what) == 0 && status.pieces[i].where == where ? 1 : 0;
    }
    cr_expect_eq(found, n, "%s %s: %zu", what, patuh_where_name(where), found);
    patuh_status_free(&status);
}

Test(status, tells_device_region_and_head_office_apart)
{
    struct field field;
    uint32_t n = 0;
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    field_answer(device, "officials_available", "4");
    expect_where(device, "tail", PATUH_ON_DEVICE, 1);
    expect_where(device, "chunk", PATUH_ON_DEVICE, 0);
    cr_assert_eq(pt_sync_seal(device, &n), PT_OK);
    cr_expect_eq(n, 1);
    expect_where(device, "tail", PATUH_ON_DEVICE, 0);
    expect_where(device, "chunk", PATUH_ON_DEVICE, 1);
    field_receipt(&field, device, PT_TIER_REGION);
    expect_where(device, "chunk", PATUH_AT_REGION, 1);
    field_answer(device, "officials_available", "5");
    cr_assert_eq(pt_sync_seal(device, &n), PT_OK);
    expect_where(device, "chunk", PATUH_AT_REGION, 1);
    expect_where(device, "chunk", PATUH_ON_DEVICE, 1);
    field_receipt(&field, device, PT_TIER_NATIONAL);
    expect_where(device, "chunk", PATUH_AT_HEAD_OFFICE, 2);
    patuh_close(device);
    field_close(&field);
}

/* A device that is enrolled directly at head office never gets a receipt of a region. */
Test(status, a_device_of_head_office_needs_no_region)
{
    struct field field;
    uint32_t n = 0;
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    field_answer(device, "officials_available", "4");
    cr_assert_eq(pt_sync_seal(device, &n), PT_OK);
    field_receipt(&field, device, PT_TIER_NATIONAL);
    expect_where(device, "chunk", PATUH_AT_HEAD_OFFICE, 1);
    expect_where(device, "chunk", PATUH_AT_REGION, 0);
    expect_where(device, "chunk", PATUH_ON_DEVICE, 0);
    patuh_close(device);
    field_close(&field);
}
