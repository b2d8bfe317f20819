#include "world.h"

#include <criterion/criterion.h>
#include <string.h>

static bool begins(const char *line, const char *with)
{
    return strncmp(line, with, strlen(with)) == 0;
}

/* Figures by hand: desk and sign share 60, staff has 40, levels in quarters.
 *   62.01/dinkes 4 2 3: 60 x 0.75 + 40 x 0.75 = 75     62.01/dinsos 1 0 1: 60 x 0.125 + 40 x 0.25 = 17.5
 *   62.01: (75 + 17.5) / 2 = 46.25                     62.02/dinsos 2 2 2: 50
 *   62.02/dinkes 4 4, staff 0 or 4: 60 to 100          62.02: (60 + 50) / 2 = 55 to (100 + 50) / 2 = 75 */
Test(rollup, figures_are_those_of_the_pencil)
{
    static const struct {
        const char *table, *code, *row;
    } rows[] = {
        {"results.csv", "62.01", "2023,regency,62.01,Kabupaten Satu,46.25,46.25,46.25,red,E,2,2,2,1,0,region,interim,"},
        {"results.csv", "62.02", "2023,regency,62.02,Kabupaten Dua,55.00,75.00,,,,1,1,2,1,0,region,interim,"},
        {"results.csv", "62.01-polres",
         "2023,police_resort,62.01-polres,Polres Satu,100.00,100.00,100.00,green,A,1,1,1,1,0,"},
        {"units.csv", "62.01/dinkes", "2023,health,62.01/dinkes,Dinas Kesehatan,75.00,75.00,75.00,yellow,C,1,2,1,1,0,"},
        {"units.csv", "62.01/dinsos", "2023,social,62.01/dinsos,Dinas Sosial,17.50,17.50,17.50,red,E,2,2,1,1,0,"},
        {"units.csv", "62.01/disdukcapil", "2023,civil_registry,62.01/disdukcapil,Disdukcapil,,,,,,,,0,0,0,"},
        {"units.csv", "62.02/dinkes", "2023,health,62.02/dinkes,Dinas Kesehatan,60.00,100.00,,,,1,2,1,1,0,"},
    };
    struct world w;
    struct pt_rollup_files files = {0};
    world_open(&w, "2023");
    world_fill(&w);
    world_rollup(&w, PT_LEVEL_REGION, &files);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *line = world_line(&files, rows[i].table, rows[i].code);
        cr_expect(begins(line, rows[i].row), "row %zu: %s", i, line);
    }
    cr_expect_str_eq(world_line(&files, "units.csv", "62.02/disdukcapil"), "", "opened by an office not in charge");
    cr_expect_str_eq(world_line(&files, "results.csv", "63.01"), "", "nothing was opened there");
    cr_expect_not_null(strstr(world_line(&files, "coverage.csv", "62.01"), ",3,3,2,2,1,2,0"));
    pt_rollup_files_free(&files);
    world_close(&w);
}

Test(rollup, print_for_looking)
{
    struct world w;
    struct pt_rollup_files files = {0};
    world_open(&w, "2023");
    world_fill(&w);
    world_rollup(&w, PT_LEVEL_REGION, &files);
    for (size_t i = 0; i < files.n; i++) {
        fprintf(stderr, "== %s\n%s", files.file[i].name, pt_buf_text(&files.file[i].content));
    }
    pt_rollup_files_free(&files);
    world_close(&w);
}
