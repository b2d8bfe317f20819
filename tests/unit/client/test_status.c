#include "client/sync.h"
#include "core/log/receipts.h"
#include "io/disk/files.h"
#include "support/field.h"

#include <criterion/criterion.h>
#include <stdio.h>
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

/* Entry and content have a receipt each: what the office has stored of the one says nothing of the other. */
Test(status, evidence_is_where_a_receipt_says)
{
    struct field field;
    char photo[96];
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    struct pt_bytes content = pt_bytes_str("\xff\xd8\xff isi foto");
    struct pt_hash hash = pt_blob_hash(content);
    (void)snprintf(photo, sizeof photo, "%s/foto.jpg", field.root);
    cr_assert_eq(pt_file_write(photo, content, 0600, NULL), PT_OK);
    cr_assert_eq(patuh_attach(device, FIELD_UNIT, "unit_photo", photo, NULL, NULL), PATUH_OK);
    uint32_t n = 0;
    cr_assert_eq(pt_sync_seal(device, &n), PT_OK);
    field_receipt(&field, device, PT_TIER_REGION);
    expect_where(device, "chunk", PATUH_AT_REGION, 1);
    expect_where(device, "evidence", PATUH_ON_DEVICE, 1);
    field_receipt_blobs(&field, device, PT_TIER_REGION, &hash, 1);
    expect_where(device, "evidence", PATUH_AT_REGION, 1);
    patuh_close(device);
    field_close(&field);
}
