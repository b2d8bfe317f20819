#include "client/incarnation.h"
#include "client/sync.h"
#include "support/field.h"

#include "core/store/meta.h"
#include "core/sync/inbox.h"
#include "io/disk/files.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void marker_path(const struct field *field, char *path, size_t n)
{
    (void)snprintf(path, n, "%s/marker", field->dir[FIELD_SARI]);
}

Test(incarnation, stays_while_the_marker_fits)
{
    struct field field;
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    uint64_t first = device->incarnation;
    cr_expect_not(device->has_previous);
    cr_assert_eq(pt_incarnation_mark(device, NULL), PT_OK);
    patuh_close(device);
    device = field_device(&field, FIELD_SARI);
    cr_expect_eq(device->incarnation, first);
    patuh_close(device);
    field_close(&field);
}

Test(incarnation, what_the_office_said_survives_a_crash)
{
    struct field field;
    struct pt_txn *txn;
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    uint64_t first = device->incarnation;
    cr_assert_eq(pt_store_begin_write(device->store, &txn), PT_OK);
    cr_assert_eq(pt_meta_put_u64(txn, PT_META_STALE, 1), PT_OK); /* as a sync does, which then ends before its end */
    cr_assert_eq(pt_store_commit(txn), PT_OK);
    patuh_close(device);
    device = field_device(&field, FIELD_SARI);
    uint64_t second = device->incarnation;
    cr_expect_neq(second, first);
    cr_expect_eq(device->previous, first);
    patuh_close(device);
    device = field_device(&field, FIELD_SARI);
    cr_expect_eq(device->incarnation, second); /* once is enough */
    patuh_close(device);
    field_close(&field);
}

Test(incarnation, a_crash_between_store_and_marker_changes_nothing)
{
    struct field field;
    char path[128];
    struct pt_buf before = {0};
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    uint64_t first = device->incarnation;
    marker_path(&field, path, sizeof path);
    cr_assert_eq(pt_file_read(path, 100, &before, NULL), PT_OK);
    cr_assert_eq(pt_incarnation_mark(device, NULL), PT_OK);
    patuh_close(device);
    cr_assert_eq(pt_file_write(path, pt_buf_bytes(&before), 0600, NULL), PT_OK); /* as if it had not been written */
    device = field_device(&field, FIELD_SARI);
    cr_expect_eq(device->incarnation, first);
    cr_assert_eq(pt_incarnation_mark(device, NULL), PT_OK);
    cr_assert_eq(pt_incarnation_mark(device, NULL), PT_OK);
    patuh_close(device);
    cr_assert_eq(pt_file_write(path, pt_buf_bytes(&before), 0600, NULL), PT_OK); /* three older: another life */
    device = field_device(&field, FIELD_SARI);
    cr_expect_neq(device->incarnation, first);
    cr_expect_eq(device->previous, first);
    patuh_close(device);
    pt_buf_free(&before);
    field_close(&field);
}

/* After the marker is lost: nothing typed is lost, no conflict with oneself, instances keep their answers. */
Test(incarnation, what_waited_moves_to_the_new_log)
{
    struct field field;
    char path[128];
    char instance[PATUH_PATH_BYTES];
    char question[PATUH_PATH_BYTES + 20];
    uint32_t n = 0;
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    field_answer(device, "officials_available", "4");
    cr_assert_eq(pt_sync_seal(device, &n), PT_OK);
    field_answer(device, "officials_available", "5");
    cr_assert_eq(patuh_add(device, FIELD_UNIT, "respondent", "A", instance, NULL), PATUH_OK);
    (void)snprintf(question, sizeof question, "%s.delay", instance);
    struct patuh_form form = field_form(device, FIELD_UNIT);
    field_answer(device, question, field_item(&form, question)->choices[0].name);
    patuh_form_free(&form);
    uint64_t first = device->incarnation;
    patuh_close(device);
    marker_path(&field, path, sizeof path);
    cr_assert_eq(unlink(path), 0);
    device = field_device(&field, FIELD_SARI);
    cr_expect_neq(device->incarnation, first);
    form = field_form(device, FIELD_UNIT);
    cr_expect_str_eq(field_item(&form, "officials_available")->value, "5");
    cr_expect_eq(form.summary.n_conflicts, 0);
    cr_expect_eq(form.summary.n_answered, 2);
    cr_expect_eq(form.summary.places.device, 4);
    patuh_form_free(&form);
    cr_assert_eq(pt_sync_seal(device, &n), PT_OK);
    form = field_form(device, FIELD_UNIT);
    cr_expect_str_eq(field_item(&form, "officials_available")->value, "5");
    cr_expect_eq(form.summary.n_answered, 2);
    patuh_form_free(&form);
    patuh_close(device);
    field_close(&field);
}

/* The folder's marker is lost: the device goes on in a new incarnation. */
static struct patuh *opened_anew(struct field *field, struct patuh *device)
{
    char path[128];
    uint64_t before = device->incarnation;
    patuh_close(device);
    marker_path(field, path, sizeof path);
    cr_assert_eq(unlink(path), 0);
    device = field_device(field, FIELD_SARI);
    cr_assert_neq(device->incarnation, before);
    return device;
}

static void expect_removed(struct patuh *device, const char *when)
{
    struct patuh_form form = field_form(device, FIELD_UNIT);
    cr_expect_eq(form.summary.n_answered, 0, "%s: the respondent is back", when);
    cr_expect_eq(field_item(&form, "unit_photo")->n_evidence, 0, "%s: the photo is back", when);
    patuh_form_free(&form);
}

/* What was sealed lies in the old log, what takes it away in the new one: it has to say what it had seen there. */
Test(incarnation, what_was_removed_stays_removed_when_its_removal_moves_to_the_new_log)
{
    struct field field;
    char photo[96];
    char instance[PATUH_PATH_BYTES];
    char path[PATUH_PATH_BYTES + 20];
    uint32_t n = 0;
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    cr_assert_eq(patuh_add(device, FIELD_UNIT, "respondent", "A", instance, NULL), PATUH_OK);
    (void)snprintf(path, sizeof path, "%s.delay", instance);
    struct patuh_form form = field_form(device, FIELD_UNIT);
    field_answer(device, path, field_item(&form, path)->choices[0].name);
    patuh_form_free(&form);
    (void)snprintf(photo, sizeof photo, "%s/foto.jpg", field.root);
    cr_assert_eq(pt_file_write(photo, pt_bytes_str("\xff\xd8\xff foto"), 0600, NULL), PT_OK);
    cr_assert_eq(patuh_attach(device, FIELD_UNIT, "unit_photo", photo, NULL, NULL), PATUH_OK);
    cr_assert_eq(pt_sync_seal(device, &n), PT_OK);
    form = field_form(device, FIELD_UNIT);
    cr_assert_eq(form.summary.n_answered, 2);
    (void)snprintf(path, sizeof path, "%s", field_item(&form, "unit_photo")->evidence[0].id);
    patuh_form_free(&form);
    cr_assert_eq(patuh_remove(device, FIELD_UNIT, instance, NULL), PATUH_OK);
    cr_assert_eq(patuh_remove(device, FIELD_UNIT, path, NULL), PATUH_OK);
    expect_removed(device, "at once");
    device = opened_anew(&field, device);
    expect_removed(device, "in a new incarnation");
    device = opened_anew(&field, device);
    expect_removed(device, "in a third one");
    cr_assert_eq(pt_sync_seal(device, &n), PT_OK);
    expect_removed(device, "sealed");
    patuh_close(device);
    field_close(&field);
}

/* A copy of the folder goes on in the same log: what the copy typed is kept beside it, and nobody replaces what he had
 * not seen. */
Test(incarnation, of_a_copied_folder_goes_on_in_a_log_of_its_own)
{
    struct field field;
    struct field copied;
    char command[300];
    uint32_t n = 0;
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    field_answer(device, "officials_available", "4");
    cr_assert_eq(pt_sync_seal(device, &n), PT_OK);
    patuh_close(device);
    copied = field;
    cr_assert_eq(pt_path_join(copied.dir[FIELD_SARI], sizeof copied.dir[FIELD_SARI], field.root, "copy"), PT_OK);
    (void)snprintf(command, sizeof command, "cp -r %s %s", field.dir[FIELD_SARI], copied.dir[FIELD_SARI]);
    cr_assert_eq(system(command), 0); /* NOLINT(cert-env33-c): both paths are the test's own */
    device = field_device(&field, FIELD_SARI);
    struct patuh *copy = field_device(&copied, FIELD_SARI);
    field_answer(copy, "officials_available", "6");
    field_answer(device, "officials_available", "5");
    cr_assert_eq(pt_sync_seal(device, &n), PT_OK);
    field_carry(device, copy);
    cr_assert_eq(pt_sync_seal(copy, &n), PT_OK);
    cr_expect_neq(copy->incarnation, device->incarnation);
    field_carry(copy, device);
    struct patuh *const both[] = {device, copy};
    for (size_t i = 0; i < 2; i++) {
        struct patuh_form form = field_form(both[i], FIELD_UNIT);
        const struct patuh_item *item = field_item(&form, "officials_available");
        cr_expect(item->conflict);
        cr_expect_eq(item->n_claims, 2);
        patuh_form_free(&form);
        patuh_close(both[i]);
    }
    field_close(&field);
}
