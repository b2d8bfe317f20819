/* cmd_load.c - patuhd load: instrument, registry, assignments and published results into a cycle. */
#include "assessments.h"
#include "commands/command.h"
#include "commands/registry_check.h"
#include "commands/surveyors.h"
#include "core/table/csv.h"
#include "core/table/results.h"
#include "core/wire/pack.h"
#include "io/clock.h"
#include "io/disk/files.h"

#include <stdio.h>
#include <string.h>

#define SHEET_BYTES_MAX (8 * 1024 * 1024)

static bool is_practice(const char *cycle)
{
    return strncmp(cycle, "latihan-", 8) == 0;
}

/* Practice and real cycles never meet in one store. */
static enum pt_err check_kind(struct command *c, const char *cycle)
{
    struct pt_arena arena;
    const char **codes;
    size_t n = 0;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = cycle_codes(c->office, &arena, &codes, &n);
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        if (is_practice(codes[i]) != is_practice(cycle)) {
            err = pt_problem_set(&c->problem, PT_EINVALID, PT_MSG_CYCLE_MIXED, cycle, codes[i], NULL);
        }
    }
    pt_arena_close(&arena);
    return err;
}

/* One entry of the cycle log that names a blob; nothing when the same blob is current. */
static enum pt_err load_blob(struct command *c, const char *cycle, Patuh__EntryKind kind, struct pt_bytes content,
                             const char *title)
{
    struct pt_arena arena;
    struct cycle_data data;
    struct pt_subject subject;
    Patuh__Loaded detail = PATUH__LOADED__INIT;
    struct pt_entry entry = pt_entry_of(kind, pt_now_read().wall_ms / 1000);
    enum pt_err err = pt_subject_make(PT_SUBJECT_CYCLE, cycle, &subject);
    if (err == PT_OK) {
        err = check_kind(c, cycle);
    }
    if (err == PT_OK) {
        err = pt_blobs_put(c->office->blobs, content, &entry.hash); /* durable before an entry names it */
    }
    if (err == PT_OK) {
        err = cycle_data_open(c->office, cycle, &data);
    }
    if (err != PT_OK) {
        return err;
    }
    const struct pt_loaded *current = pt_cycle_current(&data.cycle, kind);
    bool same = current != NULL && pt_hash_eq(&current->blob, &entry.hash);
    cycle_data_close(&data);
    pt_arena_init(&arena, SIZE_MAX);
    detail.title = pt_text_of(title);
    detail.has_bytes = true;
    detail.bytes = (uint32_t)content.n;
    if (!same) {
        err = pt_pack(&detail.base, &arena, &entry.detail);
        err = err == PT_OK ? office_log(c->office, &subject, &entry, 1) : err;
    }
    pt_arena_close(&arena);
    if (err == PT_OK) {
        command_tell(c, same ? PT_MSG_LOADED_SAME : PT_MSG_LOADED, title, cycle);
    }
    return err;
}

/* A file of a folder; one that is not there stays empty when it may. */
static enum pt_err read_part(struct command *c, const char *folder, const char *name, bool needed, struct pt_buf *out)
{
    char path[PATH_MAX];
    enum pt_err err = pt_path_join(path, sizeof path, folder, name);
    if (err != PT_OK || (!needed && !pt_file_exists(path))) {
        return err;
    }
    return pt_file_read(path, SHEET_BYTES_MAX, out, &c->problem);
}

/* --- instrument --- */

/* A sheet may be absent, but not an empty file: that is a copy that failed. */
static enum pt_err read_sheet(struct command *c, const char *folder, const char *name, bool needed, struct pt_buf *out)
{
    char file[32];
    char path[PATH_MAX];
    (void)snprintf(file, sizeof file, "%s.csv", name);
    enum pt_err err = read_part(c, folder, file, needed, out);
    if (err == PT_OK && out->n == 0 && pt_path_join(path, sizeof path, folder, file) == PT_OK && pt_file_exists(path)) {
        struct pt_csv sheet = {.name = file};
        err = pt_csv_refuse(&sheet, 1, "1", PT_MSG_CSV_NO_HEADER, "", &c->problem);
    }
    return err;
}

static enum pt_err compile(struct command *c, const char *folder, struct pt_buf part[4], struct pt_buf *out)
{
    static const char *const names[] = {"survey", "choices", "settings", "zones"};
    enum pt_err err = PT_OK;
    for (size_t i = 0; i < 4 && err == PT_OK; i++) {
        err = read_sheet(c, folder, names[i], i >= 2, &part[i]);
    }
    if (err != PT_OK) {
        return err;
    }
    struct pt_sheets sheets = {.survey = pt_buf_bytes(&part[0]),
                               .choices = pt_buf_bytes(&part[1]),
                               .settings = pt_buf_bytes(&part[2]),
                               .zones = pt_buf_bytes(&part[3])};
    return pt_instrument_compile(&sheets, out, &c->problem);
}

/* Compiled once more with the version before, so that a name keeps its number for the whole cycle. */
static enum pt_err compile_after(struct command *c, const char *cycle, const struct pt_buf part[4], struct pt_buf *out)
{
    struct cycle_data data;
    enum pt_err err = cycle_data_open(c->office, cycle, &data);
    if (err != PT_OK) {
        return err;
    }
    if (data.instrument_bytes.n > 0) {
        struct pt_sheets sheets = {.survey = pt_buf_bytes(&part[0]),
                                   .choices = pt_buf_bytes(&part[1]),
                                   .settings = pt_buf_bytes(&part[2]),
                                   .zones = pt_buf_bytes(&part[3]),
                                   .previous = data.instrument_bytes};
        pt_buf_clear(out);
        err = pt_instrument_compile(&sheets, out, &c->problem);
    }
    cycle_data_close(&data);
    return err;
}

static enum pt_err load_instrument(struct command *c, const char *folder)
{
    struct pt_buf part[4] = {0};
    struct pt_buf compiled = {0};
    struct pt_arena arena;
    struct pt_instrument instrument;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = compile(c, folder, part, &compiled);
    if (err == PT_OK) {
        err = pt_instrument_open(pt_buf_bytes(&compiled), &arena, &instrument);
    }
    if (err == PT_OK) {
        err = compile_after(c, instrument.settings.cycle, part, &compiled);
    }
    if (err == PT_OK) {
        err = load_blob(c, instrument.settings.cycle, PATUH__ENTRY_KIND__ENTRY_INSTRUMENT, pt_buf_bytes(&compiled),
                        instrument.settings.form_title);
    }
    pt_arena_close(&arena);
    for (size_t i = 0; i < 4; i++) {
        pt_buf_free(&part[i]);
    }
    pt_buf_free(&compiled);
    return err;
}

/* --- registry --- */

/* A registry as it was read, and as it is stored. */
struct registry_load {
    struct pt_registry registry;
    struct pt_buf blob;
};

/* "+3 -1" */
static void write_change(const struct registry_change *change, char out[48])
{
    (void)snprintf(out, 48, "+%zu -%zu", change->n_added, change->n_removed);
}

/* Only a registry says which code is head office's: init took any. */
static void tell_other_root(struct command *c, const struct pt_registry *registry)
{
    for (size_t i = 0; i < registry->n_offices; i++) {
        const struct pt_office_row *row = &registry->offices[i];
        if (row->upper[0] == '\0' && strcmp(row->code, c->office->code) != 0) {
            command_tell(c, PT_MSG_REGISTRY_ROOT, row->code, c->office->code);
        }
    }
}

/* Into one cycle. */
static enum pt_err load_checked(struct command *c, const char *cycle, const struct registry_load *load,
                                const struct registry_changes *changes)
{
    char text[3][48];
    enum pt_err err = load_blob(c, cycle, PATUH__ENTRY_KIND__ENTRY_REGISTRY, pt_buf_bytes(&load->blob), "registry");
    if (err == PT_OK) {
        write_change(&changes->institutions, text[0]);
        write_change(&changes->units, text[1]);
        write_change(&changes->products, text[2]);
        pt_say(&c->err, PT_MSG_REGISTRY_CHANGED, cycle, text[0], text[1], text[2], NULL);
        pt_buf_put_str(&c->err, "\n");
    }
    return err;
}

/* Into a cycle that something was loaded for: another one is a slip of the keyboard. */
static enum pt_err load_registry_into(struct command *c, const char *const *codes, size_t n, const char *cycle,
                                      const struct registry_load *load)
{
    struct pt_buf known = {0};
    for (size_t i = 0; i < n; i++) {
        if (strcmp(codes[i], cycle) == 0) {
            pt_buf_free(&known);
            struct registry_changes changes;
            enum pt_err err = registry_check(c->office, cycle, &load->registry, &changes, &c->problem);
            return err == PT_OK ? load_checked(c, cycle, load, &changes) : err;
        }
        pt_buf_printf(&known, "%s%s", known.n == 0 ? "" : ", ", codes[i]);
    }
    const char *list = known.n == 0 ? "-" : pt_buf_text(&known);
    enum pt_err err = pt_problem_set(&c->problem, PT_EINVALID, PT_MSG_CYCLE_UNKNOWN, cycle, list, NULL);
    pt_buf_free(&known);
    return err;
}

static enum pt_err asks_questions(struct command *c, const char *cycle, bool *asks)
{
    struct cycle_data data;
    enum pt_err err = cycle_data_open(c->office, cycle, &data);
    *asks = false;
    if (err == PT_OK) {
        *asks = data.instrument_bytes.n > 0 && data.instrument.n_nodes > 1;
        cycle_data_close(&data);
    }
    return err;
}

/* All cycles are looked at before the first one is written. */
static enum pt_err load_registry_everywhere(struct command *c, const char **codes, size_t n,
                                            const struct registry_load *load, struct pt_arena *arena)
{
    size_t n_asking = 0;
    struct registry_changes *changes = pt_arena_zalloc(arena, n, sizeof *changes);
    enum pt_err err = changes == NULL ? PT_ENOMEM : PT_OK;
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        bool asks = false;
        err = asks_questions(c, codes[i], &asks);
        if (err == PT_OK && asks) {
            err = registry_check(c->office, codes[i], &load->registry, &changes[n_asking], &c->problem);
            codes[n_asking++] = codes[i];
        }
    }
    for (size_t i = 0; i < n_asking && err == PT_OK; i++) {
        err = load_checked(c, codes[i], load, &changes[i]);
    }
    bool nowhere = err == PT_OK && n_asking == 0;
    return nowhere ? pt_problem_set(&c->problem, PT_EINVALID, PT_MSG_REGISTRY_NOWHERE, NULL) : err;
}

/* Into one cycle, or into every cycle that has questions. */
static enum pt_err load_registry_blob(struct command *c, const char *cycle, const struct registry_load *load)
{
    struct pt_arena arena;
    const char **codes;
    size_t n = 0;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = cycle_codes(c->office, &arena, &codes, &n);
    if (err == PT_OK) {
        err = cycle == NULL ? load_registry_everywhere(c, codes, n, load, &arena)
                            : load_registry_into(c, codes, n, cycle, load);
    }
    pt_arena_close(&arena);
    return err;
}

static enum pt_err load_registry(struct command *c, const char *folder, const char *cycle)
{
    static const char *const names[] = {"offices.csv", "institutions.csv", "units.csv", "products.csv"};
    struct pt_buf part[4] = {0};
    struct registry_load load = {.blob = {0}};
    struct pt_arena arena;
    enum pt_err err = PT_OK;
    pt_arena_init(&arena, SIZE_MAX);
    for (size_t i = 0; i < 4 && err == PT_OK; i++) {
        err = read_part(c, folder, names[i], true, &part[i]);
    }
    struct pt_registry_files files = {.offices = pt_buf_bytes(&part[0]),
                                      .institutions = pt_buf_bytes(&part[1]),
                                      .units = pt_buf_bytes(&part[2]),
                                      .products = pt_buf_bytes(&part[3])};
    if (err == PT_OK) {
        err = pt_registry_read(&files, &arena, &load.registry, &c->problem);
    }
    if (err == PT_OK) {
        err = pt_registry_pack(&files, &load.blob, &c->problem);
    }
    if (err == PT_OK) {
        err = load_registry_blob(c, cycle, &load);
    }
    if (err == PT_OK) {
        tell_other_root(c, &load.registry);
    }
    pt_arena_close(&arena);
    for (size_t i = 0; i < 4; i++) {
        pt_buf_free(&part[i]);
    }
    pt_buf_free(&load.blob);
    return err;
}

/* --- results --- */

static enum pt_err load_results(struct command *c, const char *path)
{
    struct pt_buf file = {0};
    struct pt_arena arena;
    struct pt_results results;
    pt_arena_init(&arena, SIZE_MAX);
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    enum pt_err err = pt_file_read(path, PT_BLOB_BYTES_MAX, &file, &c->problem);
    if (err == PT_OK) {
        err = pt_results_read(pt_buf_bytes(&file), name, &arena, &results, &c->problem);
    }
    if (err == PT_OK) {
        err = load_blob(c, results.cycle, PATUH__ENTRY_KIND__ENTRY_RESULTS, pt_buf_bytes(&file), name);
    }
    pt_arena_close(&arena);
    pt_buf_free(&file);
    return err;
}

/* --- assignments --- */

/* All rows of one cycle must name the same one: its registry and instrument are opened once. */
static enum pt_err read_assignments(struct command *c, const struct pt_csv *csv, struct pt_arena *arena,
                                    struct assignment **out)
{
    struct assignment *list = pt_arena_zalloc(arena, csv->n_rows, sizeof *list);
    if (list == NULL) {
        return PT_ENOMEM;
    }
    struct pt_subject subject;
    const char *first = pt_csv_get(csv, &csv->rows[0], "cycle");
    if (pt_subject_make(PT_SUBJECT_CYCLE, first, &subject) != PT_OK) {
        return pt_csv_refuse(csv, csv->rows[0].line, "cycle", PT_MSG_ASSIGN_ROW_CYCLE, first, &c->problem);
    }
    for (size_t i = 0; i < csv->n_rows; i++) {
        const struct pt_csv_row *row = &csv->rows[i];
        const char *cycle = pt_csv_get(csv, row, "cycle");
        char *name = pt_arena_printf(arena, "%s/%s", cycle, pt_csv_get(csv, row, "unit_code"));
        if (name == NULL) {
            return PT_ENOMEM;
        }
        if (strcmp(cycle, first) != 0) {
            return pt_csv_refuse(csv, row->line, "cycle", PT_MSG_ASSIGN_ONE_CYCLE, cycle, &c->problem);
        }
        if (pt_subject_make(PT_SUBJECT_ASSESSMENT, name, &list[i].subject) != PT_OK) {
            return pt_csv_refuse(csv, row->line, "unit_code", PT_MSG_ASSIGN_ROW_UNIT, pt_csv_get(csv, row, "unit_code"),
                                 &c->problem);
        }
        list[i].surveyor = pt_csv_get(csv, row, "surveyor");
    }
    *out = list;
    return PT_OK;
}

/* What is wrong with a row, told with its place; what the whole cycle lacks needs none. */
static enum pt_err refuse_row(struct command *c, const struct pt_csv *csv, const struct pt_csv_row *row,
                              const struct pt_problem *why)
{
    char line[24];
    (void)snprintf(line, sizeof line, "%zu", row->line);
    switch ((int)why->msg) {
    case PT_MSG_NAME_INVALID:
        return pt_csv_refuse(csv, row->line, "surveyor", PT_MSG_ASSIGN_ROW_NAME, why->arg[0], &c->problem);
    case PT_MSG_UNIT_UNKNOWN:
        return pt_csv_refuse(csv, row->line, "unit_code", PT_MSG_ASSIGN_ROW_UNIT, why->arg[0], &c->problem);
    case PT_MSG_UNIT_OTHER_OFFICE:
        return pt_problem_set(&c->problem, PT_EINVALID, PT_MSG_ASSIGN_ROW_OFFICE, csv->name, line, "unit_code",
                              why->arg[0], why->arg[1], NULL);
    default:
        c->problem = *why;
        return PT_EINVALID;
    }
}

static enum pt_err write_assignments(struct command *c, const struct pt_csv *csv, const struct assignment *list)
{
    struct cycle_data cycle;
    char written[24];
    char before[24];
    size_t n_written = 0;
    enum pt_err err = cycle_data_open(c->office, pt_csv_get(csv, &csv->rows[0], "cycle"), &cycle);
    if (err != PT_OK) {
        return err;
    }
    for (size_t i = 0; i < csv->n_rows && err == PT_OK; i++) {
        struct pt_problem why = {0};
        err = assignment_check(c->office, &cycle, &list[i], &why);
        if (err == PT_EINVALID) {
            err = refuse_row(c, csv, &csv->rows[i], &why);
        }
    }
    if (err == PT_OK) {
        err = assignments_write(c->office, &cycle, list, csv->n_rows, &n_written);
    }
    cycle_data_close(&cycle);
    if (err == PT_OK) {
        (void)snprintf(written, sizeof written, "%zu", n_written);
        (void)snprintf(before, sizeof before, "%zu", csv->n_rows - n_written);
        command_tell(c, PT_MSG_ASSIGNED_MANY, written, before);
    }
    return err;
}

static enum pt_err tell_missing_devices(struct command *c, const struct assignment *list, size_t n,
                                        struct pt_arena *arena)
{
    const char **names = pt_arena_zalloc(arena, n, sizeof *names);
    if (names == NULL) {
        return pt_arena_err(arena);
    }
    for (size_t i = 0; i < n; i++) {
        names[i] = list[i].surveyor;
    }
    return surveyors_tell_missing(c, names, n);
}

static enum pt_err load_assignments(struct command *c, const char *path)
{
    static const struct pt_csv_header known[] = {{"cycle", true}, {"surveyor", true}, {"unit_code", true}};
    struct pt_buf file = {0};
    struct pt_arena arena;
    struct pt_csv csv;
    struct assignment *list = NULL;
    pt_arena_init(&arena, SIZE_MAX);
    const char *slash = strrchr(path, '/');
    enum pt_err err = pt_file_read(path, SHEET_BYTES_MAX, &file, &c->problem);
    if (err == PT_OK) {
        err = pt_csv_read(pt_buf_bytes(&file), slash == NULL ? path : slash + 1, &arena, &csv, &c->problem);
    }
    if (err == PT_OK) {
        err = pt_csv_check(&csv, known, 3, &c->problem);
    }
    if (err == PT_OK && csv.n_rows == 0) {
        err = pt_csv_refuse(&csv, 1, "cycle", PT_MSG_TABLE_EMPTY, "", &c->problem);
    }
    if (err == PT_OK) {
        err = read_assignments(c, &csv, &arena, &list);
        err = err == PT_OK ? write_assignments(c, &csv, list) : err;
    }
    if (err == PT_OK && list != NULL) {
        err = tell_missing_devices(c, list, csv.n_rows, &arena);
    }
    pt_arena_close(&arena);
    pt_buf_free(&file);
    return err;
}

enum pt_err cmd_load(struct command *c)
{
    struct pt_option options[] = {{.name = "--cycle", .has_value = true}};
    const char *words[2];
    char path[PATH_MAX];
    size_t n = 0;
    enum pt_err err = command_words(c, options, 1, words, 2, &n);
    if (err == PT_OK && n < 2) {
        err = command_usage(c, PT_MSG_WORD_NEEDED, n == 0 ? "instrument|registry|assignments|results" : "FOLDER|FILE");
    }
    if (err == PT_OK) {
        err = command_path(c, words[1], path, sizeof path);
    }
    if (err != PT_OK) {
        return err;
    }
    if (strcmp(words[0], "assignments") == 0) {
        return load_assignments(c, path);
    }
    if (!c->office->national) {
        return pt_problem_set(&c->problem, PT_EINVALID, PT_MSG_OFFICE_ONLY_NATIONAL, "load", NULL);
    }
    if (strcmp(words[0], "instrument") == 0) {
        return load_instrument(c, path);
    }
    if (strcmp(words[0], "registry") == 0) {
        return load_registry(c, path, options[0].value);
    }
    return strcmp(words[0], "results") == 0 ? load_results(c, path) : command_usage(c, PT_MSG_LOAD_WHAT, words[0]);
}
