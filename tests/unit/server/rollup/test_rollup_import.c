#include "world.h"

#include "base/text.h"
#include "core/table/csv.h"
#include "core/table/registry.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static void load_results(struct world *w, const char *name)
{
    struct pt_buf content = {0};
    world_read(name, &content);
    world_load(w, PATUH__ENTRY_KIND__ENTRY_RESULTS, pt_buf_bytes(&content), name);
    pt_buf_free(&content);
}

static void load_real_registry(struct world *w)
{
    static const char *const names[] = {"deploy/registry/offices.csv", "deploy/registry/institutions.csv",
                                        "deploy/registry/units.csv", "deploy/registry/products.csv"};
    struct pt_buf tables[4] = {0};
    struct pt_buf blob = {0};
    for (size_t i = 0; i < 4; i++) {
        world_read(names[i], &tables[i]);
    }
    struct pt_registry_files files = {pt_buf_bytes(&tables[0]), pt_buf_bytes(&tables[1]), pt_buf_bytes(&tables[2]),
                                      pt_buf_bytes(&tables[3])};
    cr_assert_eq(pt_registry_pack(&files, &blob, NULL), PT_OK);
    cr_expect_leq(blob.n, PT_BLOB_BYTES_MAX);
    world_load(w, PATUH__ENTRY_KIND__ENTRY_REGISTRY, pt_buf_bytes(&blob), "registry");
    for (size_t i = 0; i < 4; i++) {
        pt_buf_free(&tables[i]);
    }
    pt_buf_free(&blob);
}

/* The published cases whose units are all known, computed from the units by the cycle's rule. */
Test(rollup_import, published_scores_come_out_of_their_units)
{
    static const struct {
        const char *year, *code, *score, *units;
    } rows[] = {
        {"2021", "36", ",73.95,73.95,73.95,yellow,sedang,", ",2,0,1,"},
        {"2023", "19.04", ",93.71,93.71,93.71,green,A,", ",7,0,1,"},
        {"2024", "33.27", ",98.59,98.59,98.59,green,A,", ",6,0,1,"},
        {"2024", "33.25", ",93.70,93.70,93.70,green,A,", ",6,0,1,"}, /* 93.74 was published: a contradiction */
        {"2025", "75", ",76.82,76.82,76.82,yellow,C,", ",3,0,1,"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct world w;
        struct pt_rollup_files files = {0};
        char name[64];
        world_open(&w, rows[i].year);
        world_load_cycle(&w, rows[i].year);
        load_real_registry(&w);
        (void)snprintf(name, sizeof name, "deploy/published/units-%s.csv", rows[i].year);
        load_results(&w, name);
        world_rollup(&w, PT_LEVEL_REGION, &files);
        const char *line = world_line(&files, "results.csv", rows[i].code);
        cr_expect_not_null(strstr(line, rows[i].score), "row %zu: %s", i, line);
        cr_expect_not_null(strstr(line, rows[i].units), "row %zu: %s", i, line);
        cr_expect_not_null(strstr(line, ",imported,"), "row %zu: %s", i, line);
        pt_rollup_files_free(&files);
        world_close(&w);
    }
}

/* A spreadsheet runs what looks like a formula, quoted or not. */
Test(rollup_import, a_name_is_no_formula)
{
    static const char *const results = "cycle,level,type,code,name,parent_code,score,weight,zone,category,note\n"
                                       "2023,institution,city,x-a,\"=HYPERLINK(\"\"x\"\",1)\",,90,,,,\n"
                                       "2023,institution,city,x-b,-1+1,,80,,,,\n"
                                       "2023,institution,city,x-c,Kota a=b,,70,,,,\n";
    struct world w;
    struct pt_rollup_files files = {0};
    world_open(&w, "2023");
    world_load_small(&w);
    world_load_registry(&w);
    world_load(&w, PATUH__ENTRY_KIND__ENTRY_RESULTS, pt_bytes_str(results), "hasil.csv");
    world_rollup(&w, PT_LEVEL_REGION, &files);
    cr_expect_not_null(strstr(world_line(&files, "results.csv", "x-a"), ",\"'=HYPERLINK(\"\"x\"\",1)\",90.00"));
    cr_expect_not_null(strstr(world_line(&files, "results.csv", "x-b"), ",'-1+1,80.00"));
    cr_expect_not_null(strstr(world_line(&files, "coverage.csv", "x-b"), ",'-1+1,"));
    cr_expect_not_null(strstr(world_line(&files, "results.csv", "x-c"), ",Kota a=b,70.00"));
    pt_rollup_files_free(&files);
    world_close(&w);
}

#define NOTE                                                                                                           \
    "31 produk, 21 + 10: disimpulkan dari nilai terbit / 31 products, 21 + 10: inferred from the published score"

/* With both files loaded the published score stands, and the computed one is laid beside it. */
Test(rollup_import, contradictions_are_listed_and_nothing_else)
{
    static const struct {
        const char *year, *code, *row;
    } rows[] = {
        {"2021", "36",
         "2021,region,imported,,province,36,Provinsi Banten,73.95,73.95,1,yellow,sedang,yellow,sedang,0,\"" NOTE "\""},
        {"2023", "19.04",
         "2023,region,imported,,regency,19.04,Kabupaten Bangka Tengah,93.71,93.71,1,green,A,green,A tertinggi,0,"},
        {"2024", "33.25",
         "2024,region,imported,,regency,33.25,Kabupaten Batang,93.70,93.74,0,green,A,green,A tertinggi,0,"},
        {"2024", "33.27",
         "2024,region,imported,,regency,33.27,Kabupaten Pemalang,98.59,98.59,1,green,A,green,A tertinggi,0,"},
        {"2025", "75",
         "2025,region,imported,,province,75,Provinsi Gorontalo,76.82,76.82,1,yellow,C,,sedang tanpa "
         "maladministrasi,0,"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct world w;
        struct pt_rollup_files files = {0};
        char name[64];
        world_open(&w, rows[i].year);
        world_load_cycle(&w, rows[i].year);
        load_real_registry(&w);
        (void)snprintf(name, sizeof name, "deploy/published/units-%s.csv", rows[i].year);
        load_results(&w, name);
        (void)snprintf(name, sizeof name, "deploy/published/results-%s.csv", rows[i].year);
        load_results(&w, name);
        world_rollup(&w, PT_LEVEL_REGION, &files);
        cr_expect_str_eq(world_line(&files, "comparison.csv", rows[i].code), rows[i].row, "row %zu", i);
        const char *report = pt_buf_text(&pt_rollup_file(&files, "report.html")->content);
        bool equal = strstr(rows[i].row, ",1,") != NULL;
        if (!equal) {
            cr_expect_not_null(strstr(report, "93.70 A</td><td class=\"n\">93.74 A tertinggi"), "row %zu", i);
        }
        cr_expect_eq(strstr(report, "Provinsi Banten: 31 produk, 21 + 10: ") != NULL, strcmp(rows[i].code, "36") == 0,
                     "row %zu", i);
        pt_rollup_files_free(&files);
        world_close(&w);
    }
}

/* "A tertinggi" of the press is category A of the cycle; before 2022 the words are the same. */
static bool category_fits(const char *published, const char *category)
{
    size_t n = strlen(category);
    return strncmp(published, category, n) == 0 && (published[n] == '\0' || published[n] == ' ');
}

Test(rollup_import, every_published_zone_and_category_is_that_of_the_bounds)
{
    static const char *const years[] = {"2017", "2018", "2019", "2021", "2022", "2023", "2024"};
    struct pt_buf scores = {0};
    struct pt_arena arena;
    struct pt_csv csv;
    size_t n_checked = 0;
    pt_arena_init(&arena, SIZE_MAX);
    world_read("deploy/published/scores.csv", &scores);
    cr_assert_eq(pt_csv_read(pt_buf_bytes(&scores), "scores.csv", &arena, &csv, NULL), PT_OK);
    for (size_t y = 0; y < sizeof years / sizeof years[0]; y++) {
        struct world w;
        struct pt_instrument instrument;
        world_open(&w, years[y]);
        world_load_cycle(&w, years[y]);
        cr_assert_eq(pt_instrument_open(pt_buf_bytes(&w.blobs[0]), &arena, &instrument), PT_OK);
        for (size_t i = 0; i < csv.n_rows; i++) {
            struct pt_decimal score;
            const char *zone = pt_csv_get(&csv, &csv.rows[i], "zone");
            const char *category = pt_csv_get(&csv, &csv.rows[i], "category");
            if (strcmp(pt_csv_get(&csv, &csv.rows[i], "year"), years[y]) != 0 || (*zone == '\0' && *category == '\0')) {
                continue;
            }
            const char *text = pt_csv_get(&csv, &csv.rows[i], "score");
            cr_assert_eq(pt_decimal_read(pt_bytes_str(text), &score), PT_OK);
            int64_t units = score.mantissa;
            for (unsigned k = score.scale; k < 9; k++) {
                units *= 10;
            }
            const struct pt_zone *found = pt_zone_of(&instrument, units);
            cr_assert_not_null(found);
            cr_expect(*zone == '\0' || strcmp(zone, pt_zone_name(found->zone)) == 0, "line %zu", csv.rows[i].line);
            cr_expect(*category == '\0' || category_fits(category, found->category), "line %zu", csv.rows[i].line);
            n_checked++;
        }
        world_close(&w);
    }
    cr_expect_gt(n_checked, 200, "%zu rows", n_checked);
    pt_buf_free(&scores);
    pt_arena_close(&arena);
}

Test(rollup_import, a_unit_without_its_number_of_products_gives_no_mean)
{
    static const char *const results = "cycle,level,type,code,name,parent_code,score,weight\n"
                                       "2021,unit,licensing,36/dpmptsp,DPMPTSP,36,90.09,21\n"
                                       "2021,unit,education,36/disdik,Disdik,36,40.05,\n";
    struct world w;
    struct pt_rollup_files files = {0};
    world_open(&w, "2021");
    world_load_cycle(&w, "2021");
    world_load(&w, PATUH__ENTRY_KIND__ENTRY_RESULTS, pt_bytes_str(results), "hasil.csv");
    world_rollup(&w, PT_LEVEL_REGION, &files);
    cr_expect_not_null(strstr(world_line(&files, "results.csv", "36"), "2021,other,36,36,,,,,,,,0,0,1,"));
    cr_expect_not_null(strstr(world_line(&files, "units.csv", "36/disdik"), ",40.05,40.05,40.05,red,rendah,1,1,"));
    pt_rollup_files_free(&files);
    world_close(&w);
}

Test(rollup_import, products_make_their_unit_and_institution)
{
    static const char *const results = "cycle,level,type,code,name,parent_code,score,weight\n"
                                       "2021,product,licence,36/a/x,X,36/a,90,\n"
                                       "2021,product,licence,36/a/y,Y,36/a,80,\n"
                                       "2021,product,licence,36/b/z,Z,36/b,40,\n";
    struct world w;
    struct pt_rollup_files files = {0};
    world_open(&w, "2021");
    world_load_cycle(&w, "2021");
    world_load(&w, PATUH__ENTRY_KIND__ENTRY_RESULTS, pt_bytes_str(results), "hasil.csv");
    world_rollup(&w, PT_LEVEL_REGION, &files);
    cr_expect_not_null(strstr(world_line(&files, "units.csv", "36/a"), ",85.00,85.00,85.00,"));
    cr_expect_not_null(strstr(world_line(&files, "results.csv", "36"), ",70.00,70.00,70.00,yellow,sedang,1,1,2,"));
    pt_rollup_files_free(&files);
    world_close(&w);
}
