#include "core/table/registry.h"

#include "core/limits.h"
#include "core/table/csv.h"

#include <stdlib.h>
#include <string.h>

#define CODE_BYTES_MAX 31 /* of an office or institution */
#define UNIT_BYTES_MAX 71 /* institution and part: leaves room for a cycle in a subject */

static const char *const institution_types[] = {"ministry", "agency",        "province",    "city",
                                                "regency",  "police_resort", "land_office", "vertical_unit"};
#define N_TYPES (sizeof institution_types / sizeof institution_types[0])
#define TYPES_TEXT "ministry agency province city regency police_resort land_office vertical_unit"

/* What the rows of all tables begin with. */
struct any_row {
    const char *code;
    size_t line;
};

/* One table while it is read. */
struct table {
    struct pt_csv csv;
    struct pt_problem *problem;
    void *rows;
    size_t row_bytes;
};

bool pt_code_ok(const char *code, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool known = (code[i] >= 'a' && code[i] <= 'z') || (code[i] >= '0' && code[i] <= '9') || code[i] == '.' ||
                     code[i] == '_' || code[i] == '-';
        if (!known) {
            return false;
        }
    }
    return n > 0;
}

bool pt_type_word_ok(const char *word)
{
    size_t n = strlen(word);
    bool begins = word[0] >= 'a' && word[0] <= 'z';
    return begins && n <= CODE_BYTES_MAX && strchr(word, '.') == NULL && strchr(word, '-') == NULL &&
           pt_code_ok(word, n);
}

bool pt_name_ok(const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)name[i] < ' ' || name[i] == 0x7f) {
            return false;
        }
    }
    return n > 0 && n <= PT_NAME_BYTES_MAX;
}

static const char *field(const struct table *t, size_t i, const char *column)
{
    return pt_csv_get(&t->csv, &t->csv.rows[i], column);
}

static enum pt_err refuse(const struct table *t, size_t line, const char *column, enum pt_msg msg, const char *detail)
{
    return pt_csv_refuse(&t->csv, line, column, msg, detail, t->problem);
}

static enum pt_err open_table(struct table *t, struct pt_bytes bytes, const char *name,
                              const struct pt_csv_header *headers, size_t n_headers, struct pt_arena *arena)
{
    enum pt_err err = pt_csv_read(bytes, name, arena, &t->csv, t->problem);
    if (err == PT_OK) {
        err = pt_csv_check(&t->csv, headers, n_headers, t->problem);
    }
    if (err == PT_OK && t->csv.n_rows == 0) {
        return refuse(t, 2, t->csv.headers[0], PT_MSG_TABLE_EMPTY, "");
    }
    t->rows = err == PT_OK ? pt_arena_zalloc(arena, t->csv.n_rows, t->row_bytes) : NULL;
    return err == PT_OK && t->rows == NULL ? PT_ENOMEM : err;
}

static struct any_row *row_at(const struct table *t, size_t i)
{
    char *rows = t->rows;
    void *row = rows + i * t->row_bytes;
    return row;
}

static int compare_rows(const void *a, const void *b)
{
    const struct any_row *x = a;
    const struct any_row *y = b;
    int order = strcmp(x->code, y->code);
    return order != 0 ? order : (x->line > y->line) - (x->line < y->line);
}

static enum pt_err sort_table(const struct table *t)
{
    qsort(t->rows, t->csv.n_rows, t->row_bytes, compare_rows);
    for (size_t i = 1; i < t->csv.n_rows; i++) {
        if (strcmp(row_at(t, i - 1)->code, row_at(t, i)->code) == 0) {
            return refuse(t, row_at(t, i)->line, "code", PT_MSG_TABLE_TWICE, row_at(t, i)->code);
        }
    }
    return PT_OK;
}

static const void *find_row(const void *rows, size_t n, size_t row_bytes, const char *code)
{
    struct any_row key = {.code = code};
    const char *base = rows;
    size_t low = 0;
    size_t high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const void *at = base + middle * row_bytes;
        const struct any_row *row = at;
        int order = strcmp(row->code, key.code);
        if (order == 0) {
            return row;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return NULL;
}

/* A code without a slash, and the name beside it. */
static enum pt_err read_plain(const struct table *t, size_t i, const char **code, const char **name)
{
    *code = field(t, i, "code");
    *name = field(t, i, "name");
    size_t line = t->csv.rows[i].line;
    if (!pt_code_ok(*code, strlen(*code)) || strlen(*code) > CODE_BYTES_MAX) {
        return refuse(t, line, "code", PT_MSG_TABLE_CODE, *code);
    }
    return pt_name_ok(*name) ? PT_OK : refuse(t, line, "name", PT_MSG_TABLE_NAME, *name);
}

/* A code that is its parent's, a slash and a part. */
static enum pt_err read_below(const struct table *t, size_t i, const char *parent_column, size_t part_bytes_max,
                              const char **code, const char **parent)
{
    *code = field(t, i, "code");
    *parent = field(t, i, parent_column);
    size_t line = t->csv.rows[i].line;
    size_t n = strlen(*parent);
    bool below = strncmp(*code, *parent, n) == 0 && (*code)[n] == '/' && n > 0;
    const char *part = below ? *code + n + 1 : *code;
    if (!below || !pt_code_ok(part, strlen(part)) || strlen(part) > part_bytes_max) {
        return refuse(t, line, "code", PT_MSG_TABLE_CODE_BELOW, *code);
    }
    const char *name = field(t, i, "name");
    return pt_name_ok(name) ? PT_OK : refuse(t, line, "name", PT_MSG_TABLE_NAME, name);
}

static enum pt_err check_offices(const struct table *t, const struct pt_registry *r)
{
    size_t n_roots = 0;
    for (size_t i = 0; i < r->n_offices; i++) {
        const struct pt_office_row *row = &r->offices[i];
        n_roots += row->upper[0] == '\0';
        if (n_roots > 1) {
            return refuse(t, row->line, "upper", PT_MSG_TABLE_TWO_ROOTS, row->code);
        }
        const struct pt_office_row *upper = pt_registry_office(r, row->upper);
        if (row->upper[0] != '\0' && (upper == NULL || upper->upper[0] != '\0')) {
            return refuse(t, row->line, "upper", PT_MSG_TABLE_PARENT, row->upper);
        }
    }
    return PT_OK;
}

static enum pt_err read_offices(struct table *t, struct pt_bytes bytes, struct pt_arena *arena, struct pt_registry *r)
{
    static const struct pt_csv_header headers[] = {{"code", true}, {"name", true}, {"upper", true}, {"x_*", false}};
    t->row_bytes = sizeof(struct pt_office_row);
    enum pt_err err = open_table(t, bytes, "offices.csv", headers, 4, arena);
    struct pt_office_row *rows = t->rows;
    for (size_t i = 0; err == PT_OK && i < t->csv.n_rows; i++) {
        rows[i].line = t->csv.rows[i].line;
        rows[i].upper = field(t, i, "upper");
        err = read_plain(t, i, &rows[i].code, &rows[i].name);
    }
    err = err == PT_OK ? sort_table(t) : err;
    if (err == PT_OK) {
        r->offices = rows;
        r->n_offices = t->csv.n_rows;
        err = check_offices(t, r);
    }
    return err;
}

static bool institution_type_ok(const char *type)
{
    for (size_t i = 0; i < N_TYPES; i++) {
        if (strcmp(institution_types[i], type) == 0) {
            return true;
        }
    }
    return false;
}

static enum pt_err check_institution(const struct table *t, const struct pt_registry *r,
                                     const struct pt_institution_row *row)
{
    if (!institution_type_ok(row->type)) {
        return refuse(t, row->line, "type", PT_MSG_TABLE_TYPE, TYPES_TEXT);
    }
    if (pt_registry_office(r, row->office) == NULL) {
        return refuse(t, row->line, "office", PT_MSG_TABLE_PARENT, row->office);
    }
    const struct pt_institution_row *province =
        row->province_code[0] == '\0' ? NULL : pt_registry_institution(r, row->province_code);
    if (row->province_code[0] != '\0' && (province == NULL || strcmp(province->type, "province") != 0)) {
        return refuse(t, row->line, "province_code", PT_MSG_TABLE_PARENT, row->province_code);
    }
    return PT_OK;
}

static enum pt_err read_institutions(struct table *t, struct pt_bytes bytes, struct pt_arena *arena,
                                     struct pt_registry *r)
{
    static const struct pt_csv_header headers[] = {{"code", true},          {"name", true},   {"type", true},
                                                   {"province_code", true}, {"office", true}, {"same_as", false},
                                                   {"x_*", false}};
    t->row_bytes = sizeof(struct pt_institution_row);
    enum pt_err err = open_table(t, bytes, "institutions.csv", headers, 7, arena);
    struct pt_institution_row *rows = t->rows;
    for (size_t i = 0; err == PT_OK && i < t->csv.n_rows; i++) {
        rows[i].line = t->csv.rows[i].line;
        rows[i].type = field(t, i, "type");
        rows[i].province_code = field(t, i, "province_code");
        rows[i].office = field(t, i, "office");
        rows[i].same_as = field(t, i, "same_as");
        err = read_plain(t, i, &rows[i].code, &rows[i].name);
    }
    err = err == PT_OK ? sort_table(t) : err;
    if (err == PT_OK) {
        r->institutions = rows;
        r->n_institutions = t->csv.n_rows;
    }
    for (size_t i = 0; err == PT_OK && i < t->csv.n_rows; i++) {
        err = check_institution(t, r, &rows[i]);
    }
    return err;
}

static enum pt_err check_unit(const struct table *t, const struct pt_registry *r, const struct pt_unit_row *row)
{
    if (strlen(row->code) > UNIT_BYTES_MAX) {
        return refuse(t, row->line, "code", PT_MSG_TABLE_CODE_BELOW, row->code);
    }
    if (!pt_type_word_ok(row->type)) {
        return refuse(t, row->line, "type", PT_MSG_TABLE_TYPE, "dpmptsp, health_centre, hospital, ...");
    }
    if (pt_registry_institution(r, row->institution) == NULL) {
        return refuse(t, row->line, "institution_code", PT_MSG_TABLE_PARENT, row->institution);
    }
    return PT_OK;
}

static enum pt_err read_units(struct table *t, struct pt_bytes bytes, struct pt_arena *arena, struct pt_registry *r)
{
    static const struct pt_csv_header headers[] = {{"code", true}, {"institution_code", true}, {"name", true},
                                                   {"type", true}, {"same_as", false},         {"x_*", false}};
    t->row_bytes = sizeof(struct pt_unit_row);
    enum pt_err err = open_table(t, bytes, "units.csv", headers, 6, arena);
    struct pt_unit_row *rows = t->rows;
    for (size_t i = 0; err == PT_OK && i < t->csv.n_rows; i++) {
        rows[i].line = t->csv.rows[i].line;
        rows[i].name = field(t, i, "name");
        rows[i].type = field(t, i, "type");
        rows[i].same_as = field(t, i, "same_as");
        err = read_below(t, i, "institution_code", UNIT_BYTES_MAX, &rows[i].code, &rows[i].institution);
    }
    for (size_t i = 0; err == PT_OK && i < t->csv.n_rows; i++) {
        err = check_unit(t, r, &rows[i]);
    }
    err = err == PT_OK ? sort_table(t) : err;
    if (err == PT_OK) {
        r->units = rows;
        r->n_units = t->csv.n_rows;
    }
    return err;
}

static enum pt_err read_products(struct table *t, struct pt_bytes bytes, struct pt_arena *arena, struct pt_registry *r)
{
    static const struct pt_csv_header headers[] = {{"code", true}, {"unit_code", true}, {"name", true}, {"x_*", false}};
    t->row_bytes = sizeof(struct pt_product_row);
    enum pt_err err = open_table(t, bytes, "products.csv", headers, 4, arena);
    struct pt_product_row *rows = t->rows;
    for (size_t i = 0; err == PT_OK && i < t->csv.n_rows; i++) {
        rows[i].line = t->csv.rows[i].line;
        rows[i].name = field(t, i, "name");
        err = read_below(t, i, "unit_code", PT_INSTANCE_BYTES_MAX, &rows[i].code, &rows[i].unit);
        if (err == PT_OK && pt_registry_unit(r, rows[i].unit) == NULL) {
            err = refuse(t, rows[i].line, "unit_code", PT_MSG_TABLE_PARENT, rows[i].unit);
        }
    }
    err = err == PT_OK ? sort_table(t) : err;
    if (err == PT_OK) {
        r->products = rows;
        r->n_products = t->csv.n_rows;
    }
    return err;
}

enum pt_err pt_registry_read(const struct pt_registry_files *files, struct pt_arena *arena, struct pt_registry *out,
                             struct pt_problem *problem)
{
    struct pt_registry r = {0};
    struct table t = {.problem = problem};
    enum pt_err err = read_offices(&t, files->offices, arena, &r);
    if (err == PT_OK) {
        err = read_institutions(&t, files->institutions, arena, &r);
    }
    if (err == PT_OK) {
        err = read_units(&t, files->units, arena, &r);
    }
    if (err == PT_OK) {
        err = read_products(&t, files->products, arena, &r);
    }
    if (err == PT_OK) {
        *out = r;
    }
    return err;
}

const struct pt_office_row *pt_registry_office(const struct pt_registry *registry, const char *code)
{
    return find_row(registry->offices, registry->n_offices, sizeof *registry->offices, code);
}

const struct pt_institution_row *pt_registry_institution(const struct pt_registry *registry, const char *code)
{
    return find_row(registry->institutions, registry->n_institutions, sizeof *registry->institutions, code);
}

const struct pt_unit_row *pt_registry_unit(const struct pt_registry *registry, const char *code)
{
    return find_row(registry->units, registry->n_units, sizeof *registry->units, code);
}

const struct pt_product_row *pt_registry_products(const struct pt_registry *registry, const char *unit, size_t *n)
{
    size_t n_unit = strlen(unit);
    size_t low = 0;
    size_t high = registry->n_products;
    while (low < high) { /* the first whose code is not before "unit/" */
        size_t middle = low + (high - low) / 2;
        const char *code = registry->products[middle].code;
        int order = strncmp(code, unit, n_unit);
        bool before = order < 0 || (order == 0 && (unsigned char)code[n_unit] < '/');
        low = before ? middle + 1 : low;
        high = before ? high : middle;
    }
    *n = 0;
    while (low + *n < registry->n_products && strcmp(registry->products[low + *n].unit, unit) == 0) {
        (*n)++;
    }
    return *n == 0 ? NULL : &registry->products[low];
}
