#include "io/disk/files.h"
#include "support/field.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define SECRET_PHOTO "\xff\xd8\xff isi foto yang tidak boleh terbaca di kartu memori"
#define SECRET_NOTE "catatan rahasia tentang loket"

static void write_photo(const struct field *field, char *path, size_t n)
{
    (void)snprintf(path, n, "%s/foto.jpg", field->root);
    cr_assert_eq(pt_file_write(path, pt_bytes_str(SECRET_PHOTO), 0600, NULL), PT_OK);
}

static size_t n_scanned;
static size_t n_found;

static int scan_file(const char *path, const struct stat *info, int type, struct FTW *at)
{
    static const char *const secrets[] = {"tidak boleh terbaca", "rahasia tentang", "licensing", "Ibu Rahayu"};
    struct pt_buf bytes = {0};
    (void)info;
    (void)at;
    if (type != FTW_F || pt_file_read(path, (size_t)1 << 26, &bytes, NULL) != PT_OK) {
        return 0;
    }
    n_scanned++;
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        n_found += memmem(bytes.data, bytes.n, secrets[i], strlen(secrets[i])) != NULL ? 1 : 0;
    }
    pt_buf_free(&bytes);
    return 0;
}

Test(evidence, backup_extract_no_plaintext)
{
    struct field field;
    struct patuh_problem problem = {""};
    char photo[96];
    char path[PATUH_PATH_BYTES];
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    write_photo(&field, photo, sizeof photo);
    cr_assert_eq(patuh_attach(device, FIELD_UNIT, "unit_photo", photo, NULL, &problem), PATUH_OK, "%s", problem.text);
    cr_assert_eq(patuh_note(device, FIELD_UNIT, "unit_kind", SECRET_NOTE, &problem), PATUH_OK);
    cr_assert_eq(patuh_add(device, FIELD_UNIT, "respondent", "Ibu Rahayu", path, &problem), PATUH_OK);
    cr_assert_eq(patuh_submit(device, FIELD_UNIT, true, &problem), PATUH_OK);
    patuh_close(device);
    cr_expect_eq(nftw(field.dir[FIELD_SARI], scan_file, 16, FTW_PHYS), 0);
    cr_expect(n_scanned >= 6); /* store, lock, keys, marker, instrument, photo */
    cr_expect_eq(n_found, 0);
    cr_expect_eq(scan_file(photo, NULL, FTW_F, NULL), 0);
    cr_expect_eq(n_found, 1); /* the search does find what is there */
    field_close(&field);
}

Test(evidence, stands_at_its_question_until_it_is_removed)
{
    struct field field;
    struct patuh_problem problem = {""};
    char photo[96];
    char id[PATUH_PATH_BYTES + 9];
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    write_photo(&field, photo, sizeof photo);
    cr_assert_eq(patuh_attach(device, FIELD_UNIT, "unit_photo", photo, id, &problem), PATUH_OK);
    cr_expect_eq(strncmp(id, "unit_photo#", 11), 0);
    struct patuh_form form = field_form(device, FIELD_UNIT);
    const struct patuh_item *item = field_item(&form, "unit_photo");
    cr_assert_eq(item->n_evidence, 1);
    cr_expect_str_eq(item->evidence[0].text, "foto.jpg");
    cr_expect_str_eq(item->evidence[0].id, id);
    cr_expect(item->answered);
    patuh_form_free(&form);
    cr_expect_eq(patuh_remove(device, FIELD_UNIT, id, &problem), PATUH_OK, "%s", problem.text);
    cr_expect_eq(patuh_remove(device, FIELD_UNIT, id, &problem), PATUH_INVALID);
    form = field_form(device, FIELD_UNIT);
    cr_expect_eq(field_item(&form, "unit_photo")->n_evidence, 0);
    patuh_form_free(&form);
    patuh_close(device);
    field_close(&field);
}

Test(evidence, that_cannot_be_taken_is_refused_in_one_sentence)
{
    struct field field;
    struct patuh_problem problem = {""};
    char photo[96];
    char empty[96];
    char large[96];
    char text[96];
    char pipe[96];
    static uint8_t bytes[PT_BLOB_BYTES_MAX + 1];
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    write_photo(&field, photo, sizeof photo);
    (void)snprintf(empty, sizeof empty, "%s/kosong", field.root);
    (void)snprintf(large, sizeof large, "%s/besar", field.root);
    (void)snprintf(text, sizeof text, "%s/teks.jpg", field.root);
    (void)snprintf(pipe, sizeof pipe, "%s/pipa", field.root);
    cr_assert_eq(mkfifo(pipe, 0600), 0);
    cr_assert_eq(pt_file_write(text, pt_bytes_str("JPEG"), 0600, NULL), PT_OK);
    cr_assert_eq(pt_file_write(empty, (struct pt_bytes){0}, 0600, NULL), PT_OK);
    cr_assert_eq(pt_file_write(large, pt_bytes_of(bytes, sizeof bytes), 0600, NULL), PT_OK);
    cr_assert_eq(patuh_attach(device, FIELD_UNIT, "unit_photo", photo, NULL, &problem), PATUH_OK);
    const struct {
        const char *path;
        const char *file;
        enum patuh_result result;
        const char *says;
    } rows[] = {
        {"unit_photo", photo, PATUH_INVALID, "already"},
        {"unit_photo", empty, PATUH_INVALID, "empty"},
        {"unit_photo", large, PATUH_INVALID, "262144"},
        {"unit_photo", "/nowhere/x", PATUH_NOTFOUND, "/nowhere/x"},
        {"unit_photo", field.root, PATUH_INVALID, "no ordinary file"},
        {"unit_photo", pipe, PATUH_INVALID, "no ordinary file"},
        {"unit_photo", text, PATUH_INVALID, "is no image"},
        {"unit_photo", large, PATUH_INVALID, "-resize 1280"},
        {"input", photo, PATUH_INVALID, "input"},
        {"no_such", photo, PATUH_INVALID, "no_such"},
        {"staffing_ratio", photo, PATUH_INVALID, "none"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_expect_eq(patuh_attach(device, FIELD_UNIT, rows[i].path, rows[i].file, NULL, &problem), rows[i].result,
                     "row %zu", i);
        cr_expect_not_null(strstr(problem.text, rows[i].says), "row %zu: %s", i, problem.text);
    }
    patuh_close(device);
    field_close(&field);
}
