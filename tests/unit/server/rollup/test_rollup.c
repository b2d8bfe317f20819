#include "world.h"

#include "base/mem.h"
#include "base/text.h"

#include <criterion/criterion.h>
#include <stdio.h>
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
        {"results.csv", "62.01",
         "2023,regency,62.01,Kabupaten Satu,46.25,46.25,46.25,red,E,2,2,2,1,0,region,interim,,"},
        {"results.csv", "62.02", "2023,regency,62.02,Kabupaten Dua,55.00,75.00,,,,1,1,2,1,0,region,interim,,"},
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
    const char *foreign = world_line(&files, "units.csv", "62.02/disdukcapil");
    cr_expect_not_null(strstr(foreign, ",62.02,,0,0,0,0,0,2,0"), "opened by an office not in charge: %s", foreign);
    cr_expect_not_null(strstr(world_line(&files, "coverage.csv", "62.02"), ",3,2,2,2,0,2,0,1,1"), "listed there too");
    cr_expect_str_eq(world_line(&files, "results.csv", "63.01"), "", "nothing was opened there");
    cr_expect_not_null(strstr(world_line(&files, "coverage.csv", "62.01"), ",3,3,2,2,1,2,0,0,1"));
    pt_rollup_files_free(&files);
    world_close(&w);
}

Test(rollup, what_is_late_or_below_the_level_waits)
{
    struct world w;
    struct pt_rollup_files files = {0};
    world_open(&w, "2023");
    world_fill(&w);
    world_open_unit(&w, WORLD_SOUTH, "62.02/disdukcapil", "62", "ana");
    world_answer(&w, WORLD_ANA, "62.02/disdukcapil", "desk", "l4");
    world_rollup(&w, PT_LEVEL_REGION, &files);
    cr_expect_not_null(strstr(world_line(&files, "units.csv", "62.01/dinkes"), ",approved_region,0,1,0,0,1,0"));
    cr_expect_not_null(strstr(world_line(&files, "units.csv", "62.02/disdukcapil"), ",62.02,draft,0,0,0,0,"));
    pt_rollup_files_free(&files);
    files = (struct pt_rollup_files){0};
    world_rollup(&w, PT_LEVEL_NATIONAL, &files);
    cr_expect(begins(world_line(&files, "results.csv", "62.01"), "2023,regency,62.01,Kabupaten Satu,,,,,,,,0,0,0,"));
    pt_rollup_files_free(&files);
    world_close(&w);
}

Test(rollup, what_cannot_be_said_is_refused_with_a_sentence)
{
    struct world w;
    struct pt_rollup_files files = {0};
    struct pt_problem problem = {0};
    world_open(&w, "2023");
    struct pt_rollup_input input = world_input(&w, PT_LEVEL_FIXED);
    cr_expect_eq(pt_rollup_build(&input, &files, &problem), PT_EINVALID);
    cr_expect_eq(problem.msg, PT_MSG_ROLLUP_NO_CYCLE);
    world_fill(&w);
    cr_expect_eq(pt_rollup_build(&input, &files, &problem), PT_EINVALID);
    cr_expect_eq(problem.msg, PT_MSG_ROLLUP_NOT_FIXED);
    input.version = 3;
    cr_expect_eq(pt_rollup_build(&input, &files, &problem), PT_EINVALID);
    cr_expect_eq(problem.msg, PT_MSG_ROLLUP_NOT_FIXED, "there is no last version to name");
    input.version = 0;
    w.n_blobs--; /* the registry has not arrived */
    input.level = PT_LEVEL_REGION;
    cr_expect_eq(pt_rollup_build(&input, &files, &problem), PT_EINVALID);
    cr_expect_eq(problem.msg, PT_MSG_ROLLUP_NO_BLOB);
    w.n_blobs++;
    pt_rollup_files_free(&files);
    world_close(&w);
}

Test(rollup, practice_never_mixes_with_the_real_cycle)
{
    struct world w;
    struct pt_rollup_files before = {0};
    struct pt_rollup_files after = {0};
    world_open(&w, "2023");
    world_fill(&w);
    world_rollup(&w, PT_LEVEL_REGION, &before);
    w.cycle = "latihan-2023";
    world_assess(&w, "62.01/dinkes", "000");
    w.cycle = "2023";
    world_rollup(&w, PT_LEVEL_REGION, &after);
    for (size_t i = 0; i < before.n; i++) {
        cr_expect(pt_rollup_file_eq(&before.file[i], &after.file[i]), "%s", before.file[i].name);
    }
    pt_rollup_files_free(&before);
    pt_rollup_files_free(&after);
    world_close(&w);
}

/* Every log of `from` into a store of its own, log by log in the order of a simple generator. */
static void copy_shuffled(struct world *from, struct pt_store *to, uint32_t seed)
{
    struct pt_txn *txn;
    struct pt_txn *into;
    struct pt_head *heads;
    struct pt_arena arena;
    size_t n;
    pt_arena_init(&arena, SIZE_MAX);
    cr_assert_eq(pt_store_begin_read(from->store, &txn), PT_OK);
    cr_assert_eq(pt_logs_list(txn, NULL, &arena, &heads, &n), PT_OK);
    for (; n > 0; n--) {
        struct pt_run run;
        struct pt_checked_run checked;
        struct pt_append append;
        uint64_t last;
        seed = seed * 1664525u + 1013904223u;
        size_t pick = (seed >> 8) % n;
        cr_assert_eq(pt_logs_run(txn, &heads[pick], 1, 1 << 20, &arena, &run, &last), PT_OK);
        cr_assert_eq(last, heads[pick].seq);
        cr_assert_eq(pt_run_check(&run, &arena, &checked), PT_OK);
        cr_assert_eq(pt_store_begin_write(to, &into), PT_OK);
        cr_assert_eq(pt_logs_append(into, &checked, seed, &arena, &append), PT_OK);
        cr_assert_eq(pt_store_commit(into), PT_OK);
        heads[pick] = heads[n - 1];
    }
    pt_store_abort(txn);
    pt_arena_close(&arena);
}

Test(rollup, order_of_arrival_changes_no_byte)
{
    struct pt_random random = pt_random_system();
    struct world w;
    struct pt_rollup_files files = {0};
    world_open(&w, "2023");
    world_fill(&w);
    world_rollup(&w, PT_LEVEL_REGION, &files);
    for (uint32_t seed = 1; seed <= 10; seed++) {
        struct pt_rollup_files other = {0};
        struct pt_problem problem = {0};
        struct pt_rollup_input input = world_input(&w, PT_LEVEL_REGION);
        cr_assert_eq(pt_store_mem_create(NULL, &random, &input.store), PT_OK);
        copy_shuffled(&w, input.store, seed);
        cr_assert_eq(pt_rollup_build(&input, &other, &problem), PT_OK);
        for (size_t i = 0; i < files.n; i++) {
            cr_expect(pt_rollup_file_eq(&files.file[i], &other.file[i]), "seed %u: %s", seed, files.file[i].name);
        }
        pt_store_close(input.store);
        pt_rollup_files_free(&other);
    }
    pt_rollup_files_free(&files);
    world_close(&w);
}

/* A unit under the reference instrument of 2023, with calculations inside repeats: two officials, of whom one names ten
 * components (level 5 of 5), the other five (level 2), and who know their duties at levels 5 and 2. Both questions give
 * 70 of 100; Input = 70 x (12.22 + 6.27) / 100 = 12.943; the unit = 12.943 x 21.85 / 100 = 2.83. */
static void fill_reference(struct world *w)
{
    static const char *const named[] = {
        "legal_basis requirements procedure time fee product facilities competence supervision complaints",
        "legal_basis requirements procedure time fee"};
    static const char *const duties[] = {"l5", "l2"};
    world_load_cycle(w, "2023");
    world_load_registry(w);
    world_open_unit(w, WORLD_SOUTH, "62.01/dinkes", "62", "ana");
    for (size_t i = 0; i < 2; i++) {
        char name[6];
        char path[64];
        world_add(w, WORLD_ANA, "62.01/dinkes", "official", name);
        (void)snprintf(path, sizeof path, "official[%s].components_named", name);
        world_answer(w, WORLD_ANA, "62.01/dinkes", path, named[i]);
        (void)snprintf(path, sizeof path, "official[%s].knows_duties", name);
        world_answer(w, WORLD_ANA, "62.01/dinkes", path, duties[i]);
    }
    world_move(w, WORLD_ANA, "62.01/dinkes", PATUH__STATE__STATE_SUBMITTED);
}

Test(rollup, reference_instrument_gives_the_figures_of_its_sheets)
{
    struct world w;
    struct pt_rollup_files files = {0};
    world_open(&w, "2023");
    fill_reference(&w);
    world_rollup(&w, PT_LEVEL_SUBMITTED, &files);
    const char *line = world_line(&files, "units.csv", "62.01/dinkes");
    cr_expect_not_null(strstr(line, ",2.83,2.83,2.83,red,E,1,1,1,1,0,submitted,interim,,"), "%s", line);
    cr_expect_not_null(strstr(world_line(&files, "tree.csv", "knows_components"), ",70.00,70.00,70.00,1,2,0"));
    cr_expect_not_null(strstr(world_line(&files, "tree.csv", "input"), ",12.94,12.94,12.94,1,"));
    pt_rollup_files_free(&files);
    world_close(&w);
}

/* The range of 62.02 is in no mean: what counts the settled ones says so. */
Test(rollup, settled_scores_are_counted_apart_from_ranges)
{
    struct world w;
    struct pt_rollup_files files = {0};
    world_open(&w, "2023");
    world_fill(&w);
    world_rollup(&w, PT_LEVEL_REGION, &files);
    const char *json = pt_buf_text(&pt_rollup_file(&files, "national.json")->content);
    const char *page = pt_buf_text(&pt_rollup_file(&files, "report.html")->content);
    cr_expect_not_null(strstr(json, "\"scored\": 2, \"imported\": 0, \"settled\": 1, "
                                    "\"open\": 1, \"mean_of_settled\": 46.25, "));
    cr_expect_not_null(strstr(page, "<b>2 <small>+ 1</small></b><span>instansi bernilai pasti + masih berupa rentang"));
    pt_rollup_files_free(&files);
    world_close(&w);
}

/* The last field of a line. */
static const char *last_field(const char *line)
{
    const char *comma = strrchr(line, ',');
    return comma == NULL ? "" : comma + 1;
}

/* Every output that has a score or a weight says where one that is not official took part. */
Test(rollup, placeholders_are_marked_where_a_score_rests_on_them)
{
    static const struct {
        const char *table, *code, *mark;
    } rows[] = {
        {"tree.csv", "knows_components", "0"}, /* the one whose weight is public */
        {"tree.csv", "knows_duties", "1"},
        {"tree.csv", "input", "1"}, /* a public weight, on top of others */
        {"coverage.csv", "62.01", "1"},
        {"coverage.csv", "62.02", "0"},
        {"zones.csv", "regency", "0"}, /* green A: none */
        {"zones.csv", "E", "1"},
    };
    struct world w;
    struct pt_rollup_files files = {0};
    world_open(&w, "2023");
    fill_reference(&w);
    world_rollup(&w, PT_LEVEL_SUBMITTED, &files);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *line = world_line(&files, rows[i].table, rows[i].code);
        cr_expect_str_eq(last_field(line), rows[i].mark, "row %zu: %s", i, line);
    }
    for (size_t i = 0; i < 2; i++) {
        const char *name = i == 0 ? PT_ROLLUP_MANIFEST : "national.json";
        const char *json = pt_buf_text(&pt_rollup_file(&files, name)->content);
        cr_expect_not_null(strstr(json, "\"official\": false,\n  \"placeholder_weights\": true,\n"), "%s", name);
    }
    pt_rollup_files_free(&files);
    world_close(&w);
}

/* The text is a blob that nobody here holds: it may be erased, and the bytes stay as they are. */
Test(rollup, of_a_reason_the_files_say_only_that_there_is_one)
{
    struct world w;
    struct pt_rollup_files files = {0};
    struct pt_entry reason = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_NOT_ASSESSED, 0);
    world_open(&w, "2023");
    world_fill(&w);
    world_open_unit(&w, WORLD_SOUTH, "62.02/disdukcapil", "62", "ana");
    reason.hash = pt_hash1(PT_CONTEXT_BLOB, pt_bytes_str("jalan terputus"));
    world_put(&w, WORLD_ANA, "62.02/disdukcapil", &reason);
    world_move(&w, WORLD_ANA, "62.02/disdukcapil", PATUH__STATE__STATE_NOT_ASSESSED);
    world_move(&w, WORLD_SOUTH, "62.02/disdukcapil", PATUH__STATE__STATE_NOT_ASSESSED);
    world_rollup(&w, PT_LEVEL_REGION, &files);
    const char *line = world_line(&files, "units.csv", "62.02/disdukcapil");
    cr_expect(strstr(line, ",not_assessed,1,") != NULL && strcmp(last_field(line), "1") == 0, "%s", line);
    cr_expect_str_eq(last_field(world_line(&files, "units.csv", "62.01/disdukcapil")), "0");
    const char *page = pt_buf_text(&pt_rollup_file(&files, "report.html")->content);
    cr_expect_not_null(strstr(page, " 1 dengan alasan di catatan"));
    pt_rollup_files_free(&files);
    world_close(&w);
}

/* Whatever allocation fails, the rollup says so, keeps nothing, and works when there is memory again. */
Test(rollup, memory_may_end_at_any_point)
{
    struct world w;
    enum pt_err err = PT_ENOMEM;
    size_t n = 0;
    world_open(&w, "2023");
    world_load_small(&w);
    world_load_registry(&w);
    world_assess(&w, "62.01/dinkes", "423");
    struct pt_rollup_input input = world_input(&w, PT_LEVEL_REGION);
    long alive = pt_mem_alive();
    for (; err != PT_OK && n < 20000; n++) {
        struct pt_rollup_files files = {0};
        pt_mem_fault_arm(n);
        err = pt_rollup_build(&input, &files, NULL);
        pt_mem_fault_disarm();
        cr_expect(err == PT_OK || err == PT_ENOMEM, "allocation %zu: %s", n, pt_err_name(err));
        pt_rollup_files_free(&files);
        cr_expect_eq(pt_mem_alive(), alive, "allocation %zu leaks", n);
    }
    cr_expect_eq(err, PT_OK);
    cr_expect_gt(n, 100, "%zu allocations", n);
    world_close(&w);
}

/* The hash of manifest.json, which has the hash of every other file: the same on every compiler and build type. */
static void expect_manifest(struct world *w, enum pt_level level, const char *golden)
{
    struct pt_rollup_files files = {0};
    struct pt_buf hex = {0};
    world_rollup(w, level, &files);
    struct pt_hash hash = pt_hash1(PT_CONTEXT_BLOB, pt_buf_bytes(&pt_rollup_file(&files, PT_ROLLUP_MANIFEST)->content));
    pt_hex_put(&hex, pt_hash_bytes(&hash));
    cr_expect_str_eq(pt_buf_text(&hex), golden);
    pt_buf_free(&hex);
    pt_rollup_files_free(&files);
}

Test(rollup, bytes_are_those_of_every_other_build)
{
    struct world w;
    world_open(&w, "2023");
    world_fill(&w);
    expect_manifest(&w, PT_LEVEL_REGION, "5d67a61842d6e1eae740b2be124c26fd35fbf703777a563848fca9057d90392c");
    world_close(&w);
    world_open(&w, "2023");
    fill_reference(&w);
    expect_manifest(&w, PT_LEVEL_SUBMITTED, "42217ad2de379ce5db3996d719de2ef959a72b043a09961405ccd77aa4296cf2");
    world_close(&w);
}
