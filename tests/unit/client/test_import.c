#include "io/disk/files.h"
#include "support/field.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static void write_file(const struct field *field, const char *content, char *path, size_t n)
{
    (void)snprintf(path, n, "%s/answers.csv", field->root);
    cr_assert_eq(pt_file_write(path, pt_bytes_str(content), 0600, NULL), PT_OK);
}

Test(import, takes_all_rows_of_a_file)
{
    struct field field;
    struct patuh_problem problem = {""};
    char path[96];
    size_t n = 0;
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    write_file(&field, "path,value,note\nofficials_available,4,\"dua cuti, satu sakit\"\nunit_kind,licensing,\n", path,
               sizeof path);
    cr_assert_eq(patuh_answer_file(device, FIELD_UNIT, path, &n, &problem), PATUH_OK, "%s", problem.text);
    cr_expect_eq(n, 2);
    struct patuh_form form = field_form(device, FIELD_UNIT);
    cr_expect_str_eq(field_item(&form, "officials_available")->value, "4");
    cr_expect_str_eq(field_item(&form, "officials_available")->notes[0].text, "dua cuti, satu sakit");
    cr_expect_str_eq(field_item(&form, "unit_kind")->value, "licensing");
    patuh_form_free(&form);
    patuh_close(device);
    field_close(&field);
}

Test(import, of_a_prepared_file_takes_what_was_filled_in)
{
    struct field field;
    char path[96];
    size_t n = 0;
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    write_file(&field,
               "path,value,note\nunit_kind,,\n officials_available , 4\t,  dua cuti \nsupervision,  , \nno_such,,\n",
               path, sizeof path);
    cr_assert_eq(patuh_answer_file(device, FIELD_UNIT, path, &n, NULL), PATUH_OK);
    cr_expect_eq(n, 1);
    struct patuh_form form = field_form(device, FIELD_UNIT);
    cr_expect_eq(form.summary.n_answered, 1);
    cr_expect_str_eq(field_item(&form, "officials_available")->value, "4");
    cr_expect_str_eq(field_item(&form, "officials_available")->notes[0].text, "dua cuti");
    patuh_form_free(&form);
    patuh_close(device);
    field_close(&field);
}

Test(import, is_all_or_nothing_and_names_the_line)
{
    static const struct {
        const char *content;
        const char *says;
    } rows[] = {
        {"path,value\nunit_kind,licensing\n\nofficials_available,21\n", "answers.csv:4: "},
        {"path,value\nunit_kind,licensing\nofficials_available,4\nno_such,1\n", "answers.csv:4: "},
        {"path,value\nunit_kind,licensing\nrespondent[aaaaa].delay,l1\n", "answers.csv:3: "},
        {"path,value\nunit_kind,palace\n", "answers.csv:2: "},
        {"path,worth\nunit_kind,licensing\n", "those that are: path, value, note"},
        {"path;value;note\nunit_kind;licensing;\nfee;2,5;\n", "separated by ;"},
        {"path\tvalue\n", "separated by tab"},
        {"\"path\";\"value\"\n", "separated by ;"},
        {"path\nunit_kind\n", "value"},
        {"path,value\nunit_kind,\"licensing\n", "answers.csv"},
    };
    struct field field;
    char path[96];
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct patuh_problem problem = {""};
        size_t n = 77;
        write_file(&field, rows[i].content, path, sizeof path);
        cr_expect_eq(patuh_answer_file(device, FIELD_UNIT, path, &n, &problem), PATUH_INVALID, "row %zu", i);
        cr_expect_not_null(strstr(problem.text, rows[i].says), "row %zu: %s", i, problem.text);
        cr_expect_eq(n, 77, "row %zu", i);
    }
    struct patuh_problem problem = {""};
    size_t n;
    cr_expect_eq(patuh_answer_file(device, FIELD_UNIT, "/nowhere/x.csv", &n, &problem), PATUH_NOTFOUND);
    struct patuh_form form = field_form(device, FIELD_UNIT);
    cr_expect_eq(form.summary.n_answered, 0);
    patuh_form_free(&form);
    patuh_close(device);
    field_close(&field);
}
