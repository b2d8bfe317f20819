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

static void store_receipt(const struct pt_keypair *office, struct patuh *device, enum pt_tier tier,
                          struct pt_receipt_log *logs, size_t n)
{
    struct pt_arena arena;
    struct pt_txn *txn;
    struct pt_receipt receipt = {.office = pt_author_of(office->public_key),
                                 .tier = tier,
                                 .author = device->author,
                                 .epoch = 7,
                                 .lsn = 1,
                                 .logs = logs,
                                 .n_logs = n};
    pt_arena_init(&arena, SIZE_MAX);
    cr_assert_eq(pt_receipt_sign(&receipt, office, &arena), PT_OK);
    cr_assert_eq(pt_store_begin_write(device->store, &txn), PT_OK);
    cr_assert_eq(pt_receipt_store(txn, &receipt), PT_OK);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
    pt_arena_close(&arena);
}

static struct pt_receipt_log sealed_answer(struct patuh *device, const char *value)
{
    uint32_t n_sealed = 0;
    struct pt_arena arena;
    struct pt_txn *txn;
    struct pt_head *heads;
    struct pt_receipt_log end = {0};
    size_t n = 0;
    field_answer(device, "officials_available", value);
    cr_assert_eq(pt_sync_seal(device, &n_sealed), PT_OK);
    pt_arena_init(&arena, SIZE_MAX);
    cr_assert_eq(pt_store_begin_read(device->store, &txn), PT_OK);
    cr_assert_eq(pt_logs_list(txn, NULL, &arena, &heads, &n), PT_OK);
    for (size_t i = 0; i < n; i++) {
        if (pt_author_eq(&heads[i].log.author, &device->author)) {
            end = (struct pt_receipt_log){.log = heads[i].log, .seq = heads[i].seq, .link = heads[i].link};
        }
    }
    pt_store_abort(txn);
    pt_arena_close(&arena);
    return end;
}

/* Of a copied device the region holds both branches, and head office has heard of the other one only. */
Test(status, a_receipt_for_another_branch_does_not_make_ours_count)
{
    struct field field;
    struct patuh_status status;
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    struct pt_receipt_log first = sealed_answer(device, "4");
    struct pt_receipt_log second = sealed_answer(device, "5");
    struct pt_receipt_log other = second;
    other.link.b[0] ^= 1;
    store_receipt(&field.head_office, device, PT_TIER_NATIONAL, &other, 1);
    second.held = true;
    store_receipt(&field.region, device, PT_TIER_REGION, (struct pt_receipt_log[2]){first, second}, 2);
    cr_assert_eq(patuh_status(device, &status, NULL), PATUH_OK);
    cr_assert_eq(status.n_pieces, 2);
    for (size_t i = 0; i < 2; i++) {
        cr_expect_eq(status.pieces[i].where, PATUH_AT_REGION);
        cr_expect_eq(status.pieces[i].held, i == 1);
    }
    patuh_status_free(&status);
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
