#include "client/device.h"
#include "support/field.h"

#include "io/disk/files.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

Test(device, opens_for_one_program_at_a_time)
{
    struct field field;
    struct patuh *second;
    struct patuh_problem problem = {""};
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    cr_expect_eq(patuh_open(field.dir[FIELD_SARI], &second, &problem), PATUH_BUSY);
    cr_expect_not_null(strstr(problem.text, field.dir[FIELD_SARI]), "%s", problem.text);
    patuh_close(device);
    device = field_device(&field, FIELD_SARI);
    cr_expect_str_eq(patuh_identity(device).surveyor, "sari");
    cr_expect_str_eq(patuh_identity(device).office_code, "62");
    patuh_close(device);
    field_close(&field);
}

Test(device, without_a_folder_or_an_enrolment_says_what_to_do)
{
    struct field field;
    struct patuh *device;
    struct patuh_list list;
    struct patuh_problem problem = {""};
    char path[128];
    field_open(&field);
    (void)snprintf(path, sizeof path, "%s/new", field.root);
    cr_expect_eq(patuh_open(path, &device, &problem), PATUH_NOTFOUND);
    cr_expect_not_null(strstr(problem.text, "patuh enroll"));
    cr_expect_not(pt_file_exists(path));
    cr_assert_eq(patuh_create(path, &device, &problem), PATUH_OK, "%s", problem.text);
    cr_expect_not(patuh_identity(device).enrolled);
    cr_expect_eq(patuh_list(device, &list, &problem), PATUH_DENIED);
    cr_expect_not_null(strstr(problem.text, "patuh enroll"));
    cr_expect_eq(patuh_sync(device, NULL, NULL, NULL, &problem), PATUH_DENIED);
    cr_expect_eq(patuh_answer(device, FIELD_UNIT, "unit_kind", "licensing", NULL, &problem), PATUH_DENIED);
    cr_expect_eq(patuh_enroll(device, "not a code", &problem), PATUH_INVALID);
    patuh_close(device);
    field_close(&field);
}

Test(device, with_another_key_cannot_be_read)
{
    struct field field;
    struct patuh *device;
    struct patuh_problem problem = {""};
    char path[128];
    uint8_t key[32] = {9};
    field_open(&field);
    (void)snprintf(path, sizeof path, "%s/store.key", field.dir[FIELD_SARI]);
    cr_assert_eq(pt_file_write(path, pt_bytes_of(key, sizeof key), 0600, NULL), PT_OK);
    cr_expect_eq(patuh_open(field.dir[FIELD_SARI], &device, &problem), PATUH_FAILED);
    cr_expect_not_null(strstr(problem.text, "key"), "%s", problem.text);
    cr_assert_eq(pt_file_write(path, pt_bytes_of(key, 31), 0600, NULL), PT_OK);
    cr_expect_eq(patuh_open(field.dir[FIELD_SARI], &device, &problem), PATUH_FAILED);
    field_close(&field);
}
