#include "core/bundle/bundle.h"
#include "io/disk/files.h"
#include "io/store/bundle_file.h"
#include "support/field.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

struct found {
    uint32_t chunks, texts, parts, heads, wants, receipts;
};

static const char *in_field(const struct field *field, const char *name)
{
    static char path[160];
    (void)snprintf(path, sizeof path, "%s/%s", field->root, name);
    return path;
}

/* What the office finds in it. */
static struct found look(const struct field *field, const char *file, const struct patuh *device)
{
    struct pt_bundle_in in = {0};
    struct found found = {0};
    enum pt_err err = pt_bundle_in_open(&in, file, &field->transport, NULL);
    cr_assert_eq(err, PT_OK, "%s", pt_err_name(err));
    struct pt_public_key key = pt_bundle_key(in.reader);
    cr_expect_arr_eq(key.b, device->author_pair.public_key, sizeof key.b);
    while (err == PT_OK) {
        struct pt_arena arena;
        const Patuh__BundleRecord *record;
        pt_arena_init(&arena, SIZE_MAX);
        err = pt_bundle_in_next(&in, &arena, &record, NULL);
        if (err == PT_OK) {
            found.chunks += record->chunks == NULL ? 0 : (uint32_t)record->chunks->n_chunk;
            found.texts += record->chunks == NULL ? 0 : (uint32_t)record->chunks->n_text;
            found.parts += record->part != NULL;
            found.heads += record->heads == NULL ? 0 : (uint32_t)record->heads->n_head;
            found.wants += record->wants != NULL;
            found.receipts += record->receipt != NULL;
        }
        pt_arena_close(&arena);
    }
    pt_bundle_in_close(&in);
    return found;
}

static size_t pieces_at(struct patuh *device, enum patuh_where where)
{
    struct patuh_status status;
    size_t n = 0;
    cr_assert_eq(patuh_status(device, &status, NULL), PATUH_OK);
    for (size_t i = 0; i < status.n_pieces; i++) {
        n += status.pieces[i].where == where;
    }
    patuh_status_free(&status);
    return n;
}

static void attach_photo(struct field *field, struct patuh *device)
{
    const char *photo = in_field(field, "foto.jpg");
    cr_assert_eq(pt_file_write(photo, pt_bytes_str("\xff\xd8\xff isi foto"), 0600, NULL), PT_OK);
    cr_assert_eq(patuh_attach(device, FIELD_UNIT, "unit_photo", photo, NULL, NULL), PATUH_OK);
}

Test(bundle_out, brings_entries_texts_and_evidence_and_calls_them_carried)
{
    struct field field;
    struct patuh_bundle_out out = {0};
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    cr_assert_eq(patuh_answer(device, FIELD_UNIT, "officials_available", "4", "dua cuti", NULL), PATUH_OK);
    attach_photo(&field, device);
    cr_expect_eq(pieces_at(device, PATUH_CARRIED), 0);
    cr_assert_eq(patuh_bundle_out(device, in_field(&field, "a"), &out, NULL), PATUH_OK);
    cr_expect_eq(out.files, 1);
    struct found found = look(&field, in_field(&field, "a"), device);
    cr_expect_eq(found.chunks, out.chunks);
    cr_expect_eq(found.texts, 1);
    cr_expect_eq(found.parts, 1);
    cr_expect_eq(found.heads, 5, "two office logs, a cycle, two assessments: %u", found.heads);
    cr_expect_eq(found.receipts, 0);
    cr_expect_eq(pieces_at(device, PATUH_CARRIED), out.chunks + 1);
    cr_expect_eq(pieces_at(device, PATUH_ON_DEVICE), 0);
    patuh_close(device);
    field_close(&field);
}

/* Until a receipt comes everything goes out again: who carried the first one may have lost it. */
Test(bundle_out, goes_on_from_the_last_receipt_of_its_office)
{
    struct field field;
    struct patuh_bundle_out out = {0};
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    field_answer(device, "officials_available", "4");
    cr_assert_eq(patuh_bundle_out(device, in_field(&field, "a"), &out, NULL), PATUH_OK);
    cr_expect_eq(out.chunks, 1);
    field_answer(device, "officials_available", "5");
    cr_expect_eq(pieces_at(device, PATUH_ON_DEVICE), 1);
    cr_assert_eq(patuh_bundle_out(device, in_field(&field, "b"), &out, NULL), PATUH_OK);
    cr_expect_eq(out.chunks, 2);
    cr_expect_eq(pieces_at(device, PATUH_CARRIED), 2);
    field_receipt(&field, device, PT_TIER_REGION);
    cr_expect_eq(pieces_at(device, PATUH_CARRIED), 0, "a receipt goes before");
    cr_expect_eq(pieces_at(device, PATUH_AT_REGION), 2);
    cr_assert_eq(patuh_bundle_out(device, in_field(&field, "c"), &out, NULL), PATUH_OK);
    cr_expect_eq(out.chunks + out.files, 0, "it only asks");
    cr_expect_eq(look(&field, in_field(&field, "c"), device).heads, 5);
    patuh_close(device);
    field_close(&field);
}

Test(bundle_out, a_file_that_is_there_or_cannot_be_made_leaves_everything_as_it_was)
{
    struct field field;
    struct patuh_problem problem = {""};
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    field_answer(device, "officials_available", "4");
    cr_assert_eq(pt_file_write(in_field(&field, "a"), pt_bytes_str("mine"), 0600, NULL), PT_OK);
    cr_expect_eq(patuh_bundle_out(device, in_field(&field, "a"), NULL, &problem), PATUH_INVALID);
    cr_expect_not_null(strstr(problem.text, "written over"), "%s", problem.text);
    cr_expect_eq(patuh_bundle_out(device, in_field(&field, "no/b"), NULL, &problem), PATUH_NOTFOUND);
    cr_expect_not_null(strstr(problem.text, "no/b"), "%s", problem.text);
    cr_expect_eq(patuh_bundle_out(device, "/dev/full", NULL, &problem), PATUH_INVALID);
    cr_expect_eq(pieces_at(device, PATUH_CARRIED), 0);
    cr_expect_eq(pieces_at(device, PATUH_ON_DEVICE), 1);
    patuh_close(device);
    field_close(&field);
}

Test(bundle_out, the_folder_goes_on_in_the_same_log_afterwards)
{
    struct field field;
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    uint64_t incarnation = device->incarnation;
    field_answer(device, "officials_available", "4");
    cr_assert_eq(patuh_bundle_out(device, in_field(&field, "a"), NULL, NULL), PATUH_OK);
    patuh_close(device);
    device = field_device(&field, FIELD_SARI);
    cr_expect_eq(device->incarnation, incarnation);
    patuh_close(device);
    field_close(&field);
}
