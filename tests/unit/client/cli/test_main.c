/* The whole program, offline: what it prints, how it ends. */
#include "support/field.h"
#include "unit/client/program.h"

#include "io/disk/files.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void expect_run(const char *const *argv, int code, const char *out, const char *err)
{
    struct run run = program_run(argv, NULL);
    cr_expect_eq(run.code, code, "%s: %d %s", argv[0], run.code, pt_buf_text(&run.err));
    cr_expect_not_null(strstr(pt_buf_text(&run.out), out), "%s: %s", argv[0], pt_buf_text(&run.out));
    cr_expect_not_null(strstr(pt_buf_text(&run.err), err), "%s: %s", argv[0], pt_buf_text(&run.err));
    cr_expect(code == 0 || run.out.n == 0, "%s: %s", argv[0], pt_buf_text(&run.out)); /* messages go to stderr */
    program_free(&run);
}

Test(main, used_wrongly_ends_with_2_and_says_how)
{
    static const char *const rows[][8] = {
        {"dance"},
        {"list"},
        {"list", "--dir"},
        {"list", "--dir", "x", "--colour"},
        {"list", "--dir", "x", "extra"},
        {"show", "--dir", "x"},
        {"show", "--dir", "x", "a", "p", "q"},
        {"show", "--dir", "x", "a", "--role", "cook"},
        {"answer", "--dir", "x", "a", "p"},
        {"answer", "--dir", "x", "a", "p", "v", "--from"},
        {"answer", "--dir", "x", "a", "p", "--from", "f"},
        {"place", "--dir", "x", "a", "1", "2"},
        {"not-assessed", "--dir", "x", "a"},
        {"add", "--dir", "x", "a", "b", "c", "d"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct run run = program_run(rows[i], NULL);
        cr_expect_eq(run.code, 2, "row %zu: %d", i, run.code);
        cr_expect_eq(run.out.n, 0, "row %zu", i);
        cr_expect_not_null(strstr(pt_buf_text(&run.err), " / "), "row %zu: %s", i, pt_buf_text(&run.err));
        program_free(&run);
    }
    expect_run(ARGS("--help"), 0, "not-assessed", "");
    expect_run(ARGS("fill", "--help"), 0, "q or quit ends, < goes back", "");
    expect_run(ARGS("--version"), 0, "patuh 0.", "");
}

Test(main, options_are_read_as_by_the_server)
{
    struct field field;
    field_open(&field);
    struct pt_buf dir = {0};
    pt_buf_printf(&dir, "--dir=%s", field.dir[FIELD_SARI]);
    const char *with_dir = pt_buf_text(&dir);
    expect_run(ARGS("list", with_dir, "--json"), 0, "[{", "");
    expect_run(ARGS("answer", with_dir, "--note=n", "--", FIELD_UNIT, "complaint_remark", "--teks"), 0, "", "saved");
    expect_run(ARGS("show", FIELD_UNIT, with_dir), 0, "= --teks", "");
    expect_run(ARGS("show", with_dir, "--missing=yes", FIELD_UNIT), 2, "", "--missing=yes");
    pt_buf_free(&dir);
    field_close(&field);
}

Test(main, every_command_works_without_a_network)
{
    struct field field;
    char photo[96];
    field_open(&field);
    const char *dir = field.dir[FIELD_SARI];
    (void)snprintf(photo, sizeof photo, "%s/a.jpg", field.root);
    cr_assert_eq(pt_file_write(photo, pt_bytes_str("\xff\xd8\xff"), 0600, NULL), PT_OK);
    expect_run(ARGS("list", "--dir", dir), 0, FIELD_UNIT "  draft", "");
    expect_run(ARGS("answer", "--dir", dir, FIELD_UNIT, "unit_kind", "licensing", "--note", "n"), 0, "", "saved");
    expect_run(ARGS("answer", "--dir", dir, FIELD_UNIT, "unit_kind", "palace"), 1, "", "palace");
    expect_run(ARGS("show", "--dir", dir, FIELD_UNIT), 0, "= DPMPTSP (perizinan) (sari)", "");
    expect_run(ARGS("add", "--dir", dir, FIELD_UNIT, "respondent", "Bapak B"), 0, "respondent[", "saved");
    expect_run(ARGS("attach", "--dir", dir, FIELD_UNIT, "unit_photo", photo), 0, "unit_photo#", "saved");
    expect_run(ARGS("answer", "--dir", dir, FIELD_UNIT, "unit_photo", "x"), 1, "", "use patuh attach");
    expect_run(ARGS("place", "--dir", dir, FIELD_UNIT, "-2.2161", "113.91350001", "7.5"), 0, "", "saved");
    expect_run(ARGS("show", "--dir", dir, FIELD_UNIT), 0,
               "Place according to sari: latitude -2.2161000, longitude 113.9135000, within 8 m (20", "");
    expect_run(ARGS("log", "--dir", dir, FIELD_UNIT), 0, "  place  -2.2161000 113.9135000 8\n", "");
    expect_run(ARGS("log", "--dir", dir, FIELD_UNIT), 0, "]  Bapak B\n", "");
    expect_run(ARGS("log", "--dir", dir, FIELD_UNIT), 0, "  assign  budi\n", "");
    expect_run(ARGS("log", "--dir", dir, FIELD_UNIT), 0, "  a.jpg\n", "");
    expect_run(ARGS("show", "--dir", dir, FIELD_UNIT, "--missing"), 0, "! baru 0 dari 5 jawaban", "");
    expect_run(ARGS("place", "--dir", dir, FIELD_UNIT, "-2,2161", "1", "1"), 1, "", "decimal point");
    expect_run(ARGS("place", "--dir", dir, FIELD_UNIT, "1", "1", "10m"), 1, "", "without a unit");
    expect_run(ARGS("place", "--dir", dir, FIELD_UNIT, "0", "0.0", "0"), 1, "", "has not found its place");
    expect_run(ARGS("place", "--dir", dir, FIELD_UNIT, "300", "1", "1"), 1, "", "latitude");
    expect_run(ARGS("clear", "--dir", dir, FIELD_UNIT, "unit_kind"), 0, "", "saved");
    expect_run(ARGS("remove", "--dir", dir, FIELD_UNIT, "unit_kind"), 1, "", "patuh clear");
    expect_run(ARGS("submit", "--dir", dir, FIELD_UNIT), 1, "", "unit_kind  Jenis unit layanan");
    expect_run(ARGS("submit", "--dir", dir, FIELD_UNIT, "--with-missing"), 0, "", "patuh sync");
    expect_run(ARGS("list", "--dir", dir), 0, FIELD_UNIT "  submitted", "");
    expect_run(ARGS("status", "--dir", dir), 0, "evidence  a.jpg", "on this device only");
    expect_run(ARGS("log", "--dir", dir, FIELD_UNIT), 0, "  good  ", "");
    expect_run(ARGS("not-assessed", "--dir", dir, FIELD_UNIT, "--reason", "tutup"), 0, "", "patuh sync");
    expect_run(ARGS("show", "--dir", dir, FIELD_UNIT), 0, "not_assessed", "");
    expect_run(ARGS("sync", "--dir", dir), 1, "", "127.0.0.1:1");
    expect_run(ARGS("show", "--dir", dir, "2023/62.71/rsud"), 1, "", "patuh list");
    field_close(&field);
}

Test(main, shows_one_question_with_its_choices_and_names_them_when_refusing)
{
    struct field field;
    field_open(&field);
    const char *dir = field.dir[FIELD_SARI];
    expect_run(ARGS("answer", "--dir", dir, FIELD_UNIT, "supervision", "monthly", "--note", "lihat notula"), 0, "", "");
    struct run run = program_run(ARGS("show", "--dir", dir, FIELD_UNIT, "supervision"), NULL);
    const char *out = pt_buf_text(&run.out);
    cr_expect_not_null(strstr(out, "See reports or minutes of supervision"), "%s", out);
    cr_expect_not_null(strstr(out, "    5) monthly  5 - Setiap bulan"), "%s", out);
    cr_expect_not_null(strstr(out, "= 5 - Setiap bulan"), "%s", out);
    cr_expect_not_null(strstr(out, "\" lihat notula (sari)"), "%s", out);
    cr_expect_null(strstr(out, "unit_kind"), "%s", out);
    program_free(&run);
    expect_run(ARGS("show", "--dir", dir, FIELD_UNIT, "supervizion"), 1, "", "no question \"supervizion\"");
    expect_run(ARGS("answer", "--dir", dir, FIELD_UNIT, "supervision", "6"), 1, "", "never (0 - Tidak pernah), once");
    expect_run(ARGS("answer", "--dir", dir, FIELD_UNIT, "supervision", "6"), 1, "", "use one of: never (0 - Never");
    expect_run(ARGS("answer", "--dir", dir, FIELD_UNIT, "safety_items", "none"), 1, "", "use one of: - (none), ");
    field_close(&field);
}

Test(main, says_what_does_not_count_with_the_answer_itself)
{
    struct field field;
    field_open(&field);
    const char *dir = field.dir[FIELD_SARI];
    expect_run(ARGS("answer", "--dir", dir, FIELD_UNIT, "staff_needed", "5"), 0, "",
               "saved: 5\ntersimpan, tetapi kini tidak ditanyakan");
    expect_run(ARGS("answer", "--dir", dir, FIELD_UNIT, "workload_analysis", "yes"), 0, "", "saved: Yes\n");
    expect_run(ARGS("answer", "--dir", dir, FIELD_UNIT, "staff_needed", "007"), 0, "", "saved: 7\n");
    expect_run(ARGS("submit", "--dir", dir, FIELD_UNIT, "--with-missing"), 0, "", "submitted");
    expect_run(ARGS("answer", "--dir", dir, FIELD_UNIT, "staff_needed", "8"), 0, "",
               "until it is submitted again with patuh submit: 1");
    expect_run(ARGS("clear", "--dir", dir, FIELD_UNIT, "staff_needed"), 0, "", "patuh submit: 2");
    expect_run(ARGS("add", "--dir", dir, FIELD_UNIT, "respondent", "Ibu A"), 0, "respondent[", "patuh submit: 3");
    field_close(&field);
}

Test(main, names_instances_by_their_label_and_says_what_a_removal_takes)
{
    struct field field;
    char path[PATUH_PATH_BYTES];
    char question[PATUH_PATH_BYTES + 20];
    char expected[PATUH_PATH_BYTES + 80];
    field_open(&field);
    const char *dir = field.dir[FIELD_SARI];
    struct patuh *device = field_device(&field, FIELD_SARI);
    cr_assert_eq(patuh_add(device, FIELD_UNIT, "official", "kepala", path, NULL), PATUH_OK);
    patuh_close(device);
    (void)snprintf(expected, sizeof expected, "! %s.knows_duties (kepala)  Memahami", path);
    expect_run(ARGS("show", "--dir", dir, FIELD_UNIT, "--missing"), 0, expected, "");
    (void)snprintf(expected, sizeof expected, "%s.knows_duties (kepala)  Memahami", path);
    expect_run(ARGS("submit", "--dir", dir, FIELD_UNIT), 1, "", expected);
    (void)snprintf(expected, sizeof expected, "%s has that label already", path);
    expect_run(ARGS("add", "--dir", dir, FIELD_UNIT, "official", "kepala"), 0, "official[", expected);
    (void)snprintf(question, sizeof question, "%s.position", path);
    expect_run(ARGS("answer", "--dir", dir, FIELD_UNIT, question, "head"), 0, "", "saved: Head or secretary");
    expect_run(ARGS("remove", "--dir", dir, FIELD_UNIT, path), 0, "", "removed: kepala; answers in it: 1\n");
    field_close(&field);
}

Test(main, of_a_device_that_was_revoked_says_so_with_every_command)
{
    struct field field;
    field_open(&field);
    const char *dir = field.dir[FIELD_SARI];
    struct patuh *device = field_device(&field, FIELD_SARI);
    cr_assert_eq(pt_device_note_revoked(device, true), PT_OK);
    patuh_close(device);
    expect_run(ARGS("list", "--dir", dir), 0, FIELD_UNIT, "revoked this device");
    expect_run(ARGS("list", "--dir", dir, "--json"), 0, "\"revoked\":true", "revoked this device");
    expect_run(ARGS("show", "--dir", dir, FIELD_UNIT), 0, "unit_kind", "revoked this device");
    expect_run(ARGS("answer", "--dir", dir, FIELD_UNIT, "unit_kind", "licensing"), 0, "", "revoked this device");
    expect_run(ARGS("status", "--dir", dir, "--json"), 0, "\"revoked\":true", "revoked this device");
    expect_run(ARGS("submit", "--dir", dir, FIELD_UNIT, "--with-missing"), 1, "", "revoked this device");
    field_close(&field);
}

Test(main, shows_only_what_is_missing_or_of_a_role)
{
    struct field field;
    field_open(&field);
    const char *dir = field.dir[FIELD_SARI];
    struct run run = program_run(ARGS("show", "--dir", dir, FIELD_UNIT, "--missing", "--role", "observation"), NULL);
    cr_expect_eq(run.code, 0);
    cr_expect_not_null(strstr(pt_buf_text(&run.out), "! unit_kind"));
    cr_expect_null(strstr(pt_buf_text(&run.out), "supervision "));
    cr_expect_null(strstr(pt_buf_text(&run.out), "unit_photo"));
    program_free(&run);
    field_close(&field);
}

Test(main, lists_answers_that_break_their_condition_with_what_is_missing)
{
    struct field field;
    field_open(&field);
    const char *dir = field.dir[FIELD_SARI];
    struct patuh *device = field_device(&field, FIELD_SARI);
    field_answer(device, "complaints_received", "10");
    field_answer(device, "complaints_settled", "9");
    field_answer(device, "complaints_received", "5");
    patuh_close(device);
    const char *rule =
        "! tidak memenuhi syarat: Tidak boleh lebih dari jumlah pengaduan yang diterima. / does not meet "
        "its condition: May not exceed the complaints received.";
    expect_run(ARGS("show", "--dir", dir, FIELD_UNIT), 0, "! complaints_settled", "");
    expect_run(ARGS("show", "--dir", dir, FIELD_UNIT, "--missing"), 0, rule, "");
    expect_run(ARGS("show", "--dir", dir, FIELD_UNIT, "--json"), 0, "\"broken\":true,\"rule_id\":\"Tidak boleh", "");
    expect_run(ARGS("list", "--dir", dir), 0, "the condition of their question: 1;", "");
    expect_run(ARGS("submit", "--dir", dir, FIELD_UNIT), 1, "", rule);
    expect_run(ARGS("submit", "--dir", dir, FIELD_UNIT, "--with-missing"), 0, "", rule);
    field_close(&field);
}

/* Each key of an object once: what a second one would hold is lost without a word. */
#define UNIQUE_KEYS                                                                                                    \
    "import json, sys\n"                                                                                               \
    "def once(pairs):\n"                                                                                               \
    "    assert len(dict(pairs)) == len(pairs), [key for key, value in pairs]\n"                                       \
    "    return dict(pairs)\n"                                                                                         \
    "json.loads(sys.stdin.read(), object_pairs_hook=once)\n"

static bool python_reads(const struct pt_buf *json)
{
    struct child child = program_start("python3", ARGS("-c", UNIQUE_KEYS));
    char rest[4096];
    size_t at = 0;
    int status = 0;
    while (at < json->n) {
        ssize_t n = write(child.in, json->data + at, json->n - at);
        cr_assert(n > 0);
        at += (size_t)n;
    }
    (void)close(child.in);
    while (read(child.out, rest, sizeof rest) > 0) {
    }
    (void)close(child.out);
    cr_assert_eq(waitpid(child.pid, &status, 0), child.pid);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

Test(main, json_is_json)
{
    struct field field;
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    field_answer(device, "complaint_remark", "ia berkata \"tidak\"\n\\ dan pergi \x01");
    cr_assert_eq(patuh_note(device, FIELD_UNIT, "unit_kind", "\t.", NULL), PATUH_OK);
    patuh_close(device);
    const char *dir = field.dir[FIELD_SARI];
    const char *const *const rows[] = {
        ARGS("list", "--dir", dir, "--json"), ARGS("show", "--dir", dir, FIELD_UNIT, "--json"),
        ARGS("show", "--dir", dir, FIELD_UNIT, "--json", "--role", "documents"), ARGS("status", "--dir", dir, "--json"),
        ARGS("log", "--dir", dir, FIELD_UNIT, "--json")};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct run run = program_run(rows[i], NULL);
        cr_expect_eq(run.code, 0, "row %zu", i);
        cr_expect(run.out.n > 100, "row %zu", i);
        cr_expect(python_reads(&run.out), "row %zu", i);
        program_free(&run);
    }
    static const char *const bad[] = {"{\"a\":}", "[{\"a\":1,\"b\":2,\"a\":3}]"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct pt_buf broken = {0};
        pt_buf_put_str(&broken, bad[i]);
        cr_expect_not(python_reads(&broken), "%s", bad[i]);
        pt_buf_free(&broken);
    }
    field_close(&field);
}

Test(main, takes_a_code_from_a_file_or_a_pipe_and_never_as_an_argument)
{
    struct field field;
    char dir[96];
    char code[96];
    field_open(&field);
    (void)snprintf(dir, sizeof dir, "%s/new", field.root);
    (void)snprintf(code, sizeof code, "%s/code", field.root);
    cr_assert_eq(pt_file_write(code, pt_bytes_str("127.0.0.1:1/aaaaa-bbbbb\n"), 0600, NULL), PT_OK);
    expect_run(ARGS("enroll", "--dir", dir, "--code-file", code), 1, "", "new one");
    expect_run(ARGS("enroll", "--dir", dir, "--code-file", "/nowhere/code"), 1, "", "/nowhere/code");
    expect_run(ARGS("enroll", "--dir", dir, "127.0.0.1:1/aaaaa"), 2, "", "A code is not given as a word");
    struct run run = program_run(ARGS("enroll", "--dir", dir, "127.0.0.1:1/aaaaa"), NULL);
    cr_expect_null(strstr(pt_buf_text(&run.err), "aaaaa"), "%s", pt_buf_text(&run.err));
    program_free(&run);
    run = program_run(ARGS("enroll", "--dir", dir), "not a code\n");
    cr_expect_eq(run.code, 1);
    program_free(&run);
    run = program_run(ARGS("enroll", "--dir", dir), "");
    cr_expect_eq(run.code, 1);
    program_free(&run);
    field_close(&field);
}
