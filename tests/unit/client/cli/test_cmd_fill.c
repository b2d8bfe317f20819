#include "support/field.h"
#include "unit/client/program.h"

#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

static struct run fill(const struct field *field, const char *typed)
{
    const char *const argv[] = {"fill", "--dir", field->dir[FIELD_SARI], FIELD_UNIT, NULL};
    return program_run(argv, typed);
}

static void expect_value(const struct field *field, const char *path, const char *value)
{
    struct patuh *device = field_device(field, FIELD_SARI);
    struct patuh_form form = field_form(device, FIELD_UNIT);
    cr_expect_str_eq(field_item(&form, path)->value, value, "%s", path);
    patuh_form_free(&form);
    patuh_close(device);
}

static size_t count(const struct pt_buf *out, const char *word)
{
    size_t n = 0;
    for (const char *at = strstr(pt_buf_text(out), word); at != NULL; at = strstr(at + 1, word)) {
        n++;
    }
    return n;
}

Test(cmd_fill, takes_choices_by_number_or_name_goes_back_skips_and_quits)
{
    struct field field;
    field_open(&field);
    struct run run = fill(&field, "1\n4\n<\n5\nq\n"); /* unit_kind, officials_available, back from the photo */
    cr_expect_eq(run.code, 0, "%s", pt_buf_text(&run.err));
    cr_expect_eq(count(&run.out, "/ saved: "), 3, "%s", pt_buf_text(&run.out));
    cr_expect_eq(count(&run.out, "\nofficials_available\n"), 2);
    cr_expect_not_null(strstr(pt_buf_text(&run.out), "tersimpan: DPMPTSP (perizinan) / saved: Licensing office\n"));
    program_free(&run);
    expect_value(&field, "unit_kind", "licensing");
    expect_value(&field, "officials_available", "5");
    struct run last = fill(&field, "<\n<\n005\nq\n"); /* what is stored is said, not what was typed */
    cr_expect_not_null(strstr(pt_buf_text(&last.out), "tersimpan: 5 / saved: 5\n"), "%s", pt_buf_text(&last.out));
    program_free(&last);
    run = fill(&field, "<\n<\n<\n<\ncivil_registry\n \t \nq\n"); /* before the first official, and no further */
    cr_expect_eq(count(&run.out, "/ saved: "), 1);
    cr_expect_eq(count(&run.out, "\nofficials_available\n"), 2);
    cr_expect_eq(count(&run.out, "\nunit_photo\n"), 2);
    program_free(&run);
    expect_value(&field, "unit_kind", "civil_registry");
    expect_value(&field, "officials_available", "5");
    field_close(&field);
}

Test(cmd_fill, says_its_keys_and_begins_where_something_is_missing)
{
    struct field field;
    field_open(&field);
    struct run run = fill(&field, "q\n");
    cr_expect_not_null(strstr(pt_buf_text(&run.out), "q ends, < goes back, Enter skips"));
    cr_expect_not_null(strstr(pt_buf_text(&run.out), "not the official one"), "the note above the first question");
    cr_expect_eq(count(&run.out, "\n> "), 1);
    cr_expect_not_null(strstr(pt_buf_text(&run.out), "\nunit_kind\n"));
    program_free(&run);
    run = fill(&field, "1\nq\n");
    program_free(&run);
    run = fill(&field, "q\n");
    cr_expect_not_null(strstr(pt_buf_text(&run.out), "\nofficial\n"), "%s", pt_buf_text(&run.out));
    cr_expect_null(strstr(pt_buf_text(&run.out), "not the official one"), "it stands in another group");
    program_free(&run);
    field_close(&field);
}

Test(cmd_fill, shows_a_note_where_it_stands_and_asks_for_no_name)
{
    struct field field;
    struct pt_buf typed = {0};
    field_open(&field);
    for (size_t i = 0; i < 200; i++) { /* a line of blanks skips */
        pt_buf_put_str(&typed, i % 2 == 0 ? "\n" : "  \n");
    }
    struct run run = fill(&field, pt_buf_text(&typed));
    const char *note = strstr(pt_buf_text(&run.out), "Do not write down a user's name");
    const char *repeat = strstr(pt_buf_text(&run.out), "\nrespondent\n");
    const char *few = strstr(pt_buf_text(&run.out), "Fewer than five answers");
    cr_assert(note != NULL && repeat != NULL && few != NULL, "%s", pt_buf_text(&run.out));
    cr_expect(strstr(pt_buf_text(&run.out), "\nproduct\n") < note && note < repeat && repeat < few);
    cr_expect_not_null(strstr(repeat, "Sebutan, bukan nama orang"));
    cr_expect_eq(count(&run.out, "/ saved"), 0);
    cr_expect_eq(run.err.n, 0, "%s", pt_buf_text(&run.err));
    program_free(&run);
    pt_buf_free(&typed);
    field_close(&field);
}

Test(cmd_fill, says_when_an_answer_breaks_the_condition_of_another)
{
    struct field field;
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    field_answer(device, "complaints_received", "10");
    field_answer(device, "complaints_settled", "9");
    field_answer(device, "complaints_received", "5");
    patuh_close(device);
    struct run run = fill(&field, "q\n");
    cr_expect_not_null(strstr(pt_buf_text(&run.out), "the condition of their question: 1;"));
    program_free(&run);
    field_close(&field);
}

Test(cmd_fill, asks_again_after_what_does_not_fit)
{
    struct field field;
    field_open(&field);
    struct run run = fill(&field, "99\npalace\n2\ntwenty\n21\n20\nq\n");
    cr_expect_eq(run.code, 0);
    cr_expect_eq(count(&run.out, "/ saved: "), 2);
    cr_expect_eq(count(&run.out, "\nunit_kind\n"), 3);
    cr_expect_eq(count(&run.out, "\nofficials_available\n"), 3);
    cr_expect_not_null(strstr(pt_buf_text(&run.err), "palace"));
    program_free(&run);
    expect_value(&field, "officials_available", "20");
    field_close(&field);
}

Test(cmd_fill, adds_respondents_where_they_come_and_ends_with_the_input)
{
    struct field field;
    struct pt_buf typed = {0};
    field_open(&field);
    pt_buf_put_str(&typed, "1\n4\n\nPak A\n\n"); /* photo skipped, one official added, then its questions */
    struct run run = fill(&field, pt_buf_text(&typed));
    cr_expect_eq(run.code, 0, "%s", pt_buf_text(&run.err));
    cr_expect_not_null(strstr(pt_buf_text(&run.out), "].position (Pak A)\n"), "%s", pt_buf_text(&run.out));
    program_free(&run);
    pt_buf_free(&typed);
    for (size_t i = 0; i < 200; i++) { /* nothing but skips walks through everything */
        pt_buf_put_str(&typed, "\n");
    }
    run = fill(&field, pt_buf_text(&typed));
    cr_expect_eq(run.code, 0);
    cr_expect_not_null(strstr(pt_buf_text(&run.out), "patuh submit"));
    cr_expect_eq(count(&run.out, "/ saved"), 0);
    program_free(&run);
    pt_buf_free(&typed);
    field_close(&field);
}

Test(cmd_fill, ends_by_any_of_its_words_and_says_how_far_it_is)
{
    static const char *const words[] = {"q\n", "Q\n", " quit \n", "KELUAR\n"};
    struct field field;
    field_open(&field);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        struct run run = fill(&field, words[i]);
        cr_expect_eq(run.code, 0);
        cr_expect_eq(count(&run.out, "\n> "), 1, "row %zu", i);
        cr_expect_not_null(strstr(pt_buf_text(&run.out), "\n1 dari "), "%s", pt_buf_text(&run.out));
        program_free(&run);
    }
    field_close(&field);
}

/* Read until the word was printed n times in all. */
static void read_until(const struct child *child, struct pt_buf *seen, const char *word, size_t n)
{
    char part[512];
    while (count(seen, word) < n) {
        ssize_t got = read(child->out, part, sizeof part);
        cr_assert(got > 0);
        pt_buf_put(seen, part, (size_t)got);
    }
}

Test(cmd_fill, leaves_the_folder_to_others_while_it_waits)
{
    struct field field;
    struct pt_buf seen = {0};
    field_open(&field);
    const char *const argv[] = {"fill", "--dir", field.dir[FIELD_SARI], FIELD_UNIT, NULL};
    struct child child = program_start(PATUH_PROGRAM, argv);
    read_until(&child, &seen, "\n> ", 1);
    cr_assert_eq(write(child.in, "licensing\n", 10), 10);
    read_until(&child, &seen, "\n> ", 2);
    const char *const answer[] = {"answer", "--dir", field.dir[FIELD_SARI], FIELD_UNIT, "supervision", "monthly", NULL};
    struct run run;
    do { /* fill closes the folder after it has printed */
        run = program_run(answer, NULL);
        program_free(&run);
    } while (run.code != 0);
    struct patuh *device = field_device(&field, FIELD_SARI); /* as a sync would hold it */
    cr_assert_eq(write(child.in, "4\n\n", 3), 3);
    patuh_close(device);
    cr_assert_eq(write(child.in, "\n\n\n", 3), 3);
    read_until(&child, &seen, "saved: 4", 1);
    program_kill(&child);
    pt_buf_free(&seen);
    expect_value(&field, "supervision", "monthly");
    expect_value(&field, "unit_kind", "licensing");
    expect_value(&field, "officials_available", "4");
    field_close(&field);
}

Test(cmd_fill, what_it_called_saved_survives_kill_9)
{
    static const char *const values[] = {"1", "2", "3", "4", "5", "6", "7", "8"};
    struct field field;
    field_open(&field);
    const char *const argv[] = {"fill", "--dir", field.dir[FIELD_SARI], FIELD_UNIT, NULL};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct pt_buf seen = {0};
        struct patuh *device = field_device(&field, FIELD_SARI);
        enum patuh_result cleared = patuh_clear(device, FIELD_UNIT, "unit_kind", NULL); /* so that it begins there */
        cr_assert_eq(cleared, i == 0 ? PATUH_INVALID : PATUH_OK);
        patuh_close(device);
        struct child child = program_start(PATUH_PROGRAM, argv);
        char typed[32];
        int n = snprintf(typed, sizeof typed, "1\n%s\n<\n", values[i]);
        cr_assert_eq(write(child.in, typed, (size_t)n), n);
        read_until(&child, &seen, "/ saved", 2);
        n = snprintf(typed, sizeof typed, "%d\n", 20 - (int)i); /* killed somewhere in this one, before or after it */
        cr_assert_eq(write(child.in, typed, (size_t)n), n);
        program_kill(&child);
        device = field_device(&field, FIELD_SARI);
        struct patuh_form form = field_form(device, FIELD_UNIT);
        const char *value = field_item(&form, "officials_available")->value;
        typed[n - 1] = '\0';
        cr_expect(strcmp(value, values[i]) == 0 || strcmp(value, typed) == 0, "round %zu: %s", i, value);
        patuh_form_free(&form);
        patuh_close(device);
        pt_buf_free(&seen);
    }
    field_close(&field);
}
