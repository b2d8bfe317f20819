#include "core/table/registry.h"

#include "base/mem.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define OFFICES "code,name,upper\npusat,Pusat,\n62,Kalteng,pusat\n"
#define INSTITUTIONS                                                                                                   \
    "code,name,type,province_code,office,same_as\n62,Provinsi,province,,62,\n62.71,Kota,city,62,62,62.09\n"
#define UNITS "code,institution_code,name,type\n62.71/dinkes,62.71,Dinas Kesehatan,health\n"
#define PRODUCTS "code,unit_code,name\n62.71/dinkes/izin,62.71/dinkes,Izin\n62.71/dinkes/akta,62.71/dinkes,Akta\n"

#define WITH_MARK                                                                                                      \
    "\xef\xbb\xbf"                                                                                                     \
    "code,name,upper\r\npusat,Pusat,\r\n62,Kalteng,pusat\r\n"
#define NOT_UTF8 "code,name,upper\npusat,Pus\xff-at,\n"

static enum pt_err read_tables(const char *const tables[4], struct pt_arena *arena, struct pt_registry *out,
                               struct pt_problem *problem)
{
    struct pt_registry_files files = {pt_bytes_str(tables[0]), pt_bytes_str(tables[1]), pt_bytes_str(tables[2]),
                                      pt_bytes_str(tables[3])};
    return pt_registry_read(&files, arena, out, problem);
}

Test(registry, rows_are_sorted_and_found)
{
    struct pt_arena arena;
    struct pt_registry r;
    size_t n;
    pt_arena_init(&arena, SIZE_MAX);
    cr_assert_eq(read_tables((const char *const[]){OFFICES, INSTITUTIONS, UNITS, PRODUCTS}, &arena, &r, NULL), PT_OK);
    cr_expect_str_eq(r.offices[0].code, "62");
    cr_expect_str_eq(pt_registry_office(&r, "62")->upper, "pusat");
    cr_expect_str_eq(pt_registry_institution(&r, "62.71")->same_as, "62.09");
    cr_expect_str_eq(pt_registry_unit(&r, "62.71/dinkes")->name, "Dinas Kesehatan");
    const struct pt_product_row *products = pt_registry_products(&r, "62.71/dinkes", &n);
    cr_assert_eq(n, 2);
    cr_expect_str_eq(products[0].code, "62.71/dinkes/akta");
    cr_expect_null(pt_registry_unit(&r, "62.71/dinke"));
    cr_expect_null(pt_registry_products(&r, "62.71/dinke", &n));
    cr_expect_eq(n, 0);
    pt_arena_close(&arena);
}

Test(registry, byte_order_mark_and_crlf_are_taken)
{
    struct pt_arena arena;
    struct pt_registry r;
    pt_arena_init(&arena, SIZE_MAX);
    const char *const tables[] = {WITH_MARK, INSTITUTIONS, UNITS, PRODUCTS};
    cr_expect_eq(read_tables(tables, &arena, &r, NULL), PT_OK);
    cr_expect_eq(r.n_offices, 2);
    pt_arena_close(&arena);
}

/* Which table is replaced by what, and what the sentence has to name. */
Test(registry, bad_input_is_named_with_file_line_and_column)
{
    static const struct {
        size_t table;
        const char *text;
        const char *file, *line, *column;
    } rows[] = {
        {0, "", "offices.csv", "1", "1"},
        {0, "code,name,upper\n", "offices.csv", "2", "code"},
        {0, "kode,name,upper\npusat,Pusat,\n", "offices.csv", "1", "kode"},
        {0, "code,name\npusat,Pusat\n", "offices.csv", "1", "upper"},
        {0, "code,name,upper\npusat,Pusat,\npusat,Dua,pusat\n", "offices.csv", "3", "code"},
        {0, "code,name,upper\npusat,Pusat,\n62,Dua,63\n", "offices.csv", "3", "upper"},
        {0, "code,name,upper\npusat,Pusat,\n62,Dua,62\n", "offices.csv", "3", "upper"},
        {0, "code,name,upper\npusat,Pusat,\n62,Dua,\n", "offices.csv", "2", "upper"},
        {0, "code,name,upper\nPusat,Pusat,\n", "offices.csv", "2", "code"},
        {0, "code,name,upper\npusat,,\n", "offices.csv", "2", "name"},
        {0, "code,name,upper\npusat,\"Pusat,\n", "offices.csv", "2", "name"},
        {0, NOT_UTF8, "offices.csv", "2", "-"},
        {0, "code,name,upper\npusat,Pusat\n", "offices.csv", "2", "upper"},
        {0, "code,name,upper\npusat,\"Pu\nsat\",\n", "offices.csv", "2", "name"},
        {1, "code,name,type,province_code,office,same_as\n62,P,kota,,62,\n", "institutions.csv", "2", "type"},
        {1, "code,name,type,province_code,office,same_as\n62,P,city,,64,\n", "institutions.csv", "2", "office"},
        {1, "code,name,type,province_code,office,same_as\n62,P,city,11,62,\n", "institutions.csv", "2",
         "province_code"},
        {1, "code,name,type,province_code,office,same_as\n62/a,P,city,,62,\n", "institutions.csv", "2", "code"},
        {2, "code,institution_code,name,type\n62.72/a,62.72,A,health\n", "units.csv", "2", "institution_code"},
        {2, "code,institution_code,name,type\n62.71a,62.71,A,health\n", "units.csv", "2", "code"},
        {2, "code,institution_code,name,type\n62.71/a b,62.71,A,health\n", "units.csv", "2", "code"},
        {2, "code,institution_code,name,type\n62.71/a~2,62.71,A,health\n", "units.csv", "2", "code"},
        {2, "code,institution_code,name,type\n62.71/a,62.71,A,Health\n", "units.csv", "2", "type"},
        {2, "code,institution_code,name,type\n62.71/a,62.71,A,health\n\n62.71/a,62.71,B,health\n", "units.csv", "4",
         "code"},
        {3, "code,unit_code,name\n62.71/dinkos/x,62.71/dinkos,X\n", "products.csv", "2", "unit_code"},
        {3, "code,unit_code,name\n62.71/dinkes,62.71/dinkes,X\n", "products.csv", "2", "code"},
        {3, "code,unit_code,name\n62.71/dinkes/a23456789012345678901234567890123,62.71/dinkes,X\n", "products.csv", "2",
         "code"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *tables[] = {OFFICES, INSTITUTIONS, UNITS, PRODUCTS};
        struct pt_arena arena;
        struct pt_registry r = {0};
        struct pt_problem problem = {0};
        struct pt_buf said = {0};
        tables[rows[i].table] = rows[i].text;
        pt_arena_init(&arena, SIZE_MAX);
        cr_expect_eq(read_tables(tables, &arena, &r, &problem), PT_EINVALID, "row %zu", i);
        pt_problem_put(&said, &problem);
        cr_expect_str_eq(problem.arg[0], rows[i].file, "row %zu: %s", i, pt_buf_text(&said));
        cr_expect_str_eq(problem.arg[1], rows[i].line, "row %zu: %s", i, pt_buf_text(&said));
        cr_expect_str_eq(problem.arg[2], rows[i].column, "row %zu: %s", i, pt_buf_text(&said));
        cr_expect_null(r.offices, "row %zu", i);
        pt_buf_free(&said);
        pt_arena_close(&arena);
    }
}

Test(registry, blob_gives_the_tables_back)
{
    const struct pt_registry_files files = {pt_bytes_str(OFFICES), pt_bytes_str(INSTITUTIONS), pt_bytes_str(UNITS),
                                            pt_bytes_str(PRODUCTS)};
    struct pt_registry_files back;
    struct pt_buf blob = {0};
    struct pt_buf again = {0};
    struct pt_arena arena;
    pt_arena_init(&arena, SIZE_MAX);
    cr_assert_eq(pt_registry_pack(&files, &blob, NULL), PT_OK);
    cr_assert_eq(pt_registry_pack(&files, &again, NULL), PT_OK);
    cr_expect(pt_bytes_eq(pt_buf_bytes(&blob), pt_buf_bytes(&again)));
    cr_assert_eq(pt_registry_unpack(pt_buf_bytes(&blob), &arena, &back), PT_OK);
    cr_expect(pt_bytes_eq(back.offices, files.offices));
    cr_expect(pt_bytes_eq(back.institutions, files.institutions));
    cr_expect(pt_bytes_eq(back.units, files.units));
    cr_expect(pt_bytes_eq(back.products, files.products));
    for (size_t n = 0; n < blob.n; n++) {
        cr_expect_neq(pt_registry_unpack(pt_bytes_of(blob.data, n), &arena, &back), PT_OK, "cut at %zu", n);
    }
    blob.data[6] = 0xff; /* a first table of 4 GB */
    cr_expect_eq(pt_registry_unpack(pt_buf_bytes(&blob), &arena, &back), PT_ELIMIT);
    pt_buf_free(&blob);
    pt_buf_free(&again);
    pt_arena_close(&arena);
}

Test(registry, memory_may_end_at_any_point)
{
    const char *const tables[] = {OFFICES, INSTITUTIONS, UNITS, PRODUCTS};
    enum pt_err err = PT_ENOMEM;
    long alive = pt_mem_alive();
    for (size_t n = 0; err != PT_OK && n < 1000; n++) {
        struct pt_arena arena;
        struct pt_registry r = {0};
        pt_arena_init(&arena, SIZE_MAX);
        pt_mem_fault_arm(n);
        err = read_tables(tables, &arena, &r, NULL);
        pt_mem_fault_disarm();
        cr_expect(err == PT_OK || err == PT_ENOMEM, "allocation %zu", n);
        cr_expect_eq(err == PT_OK, r.offices != NULL, "allocation %zu", n);
        pt_arena_close(&arena);
        cr_expect_eq(pt_mem_alive(), alive, "allocation %zu leaks", n);
    }
    cr_expect_eq(err, PT_OK);
}
