#include "core/table/csv.h"

#include "base/check.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum ending {
    END_FIELD, /* a comma follows */
    END_ROW,
    END_BAD_QUOTE
};

/* Where the reading stands. */
struct scan {
    const uint8_t *at;
    const uint8_t *end;
    size_t line;
    struct pt_arena *arena;
    struct pt_buf field;
};

enum pt_err pt_csv_refuse(const struct pt_csv *csv, size_t line, const char *column, enum pt_msg msg,
                          const char *detail, struct pt_problem *problem)
{
    char number[24];
    (void)snprintf(number, sizeof number, "%zu", line);
    return pt_problem_set(problem, PT_EINVALID, msg, csv->name, number, column, detail, NULL);
}

/* Past a line end (LF or CRLF) or at the end of the file. */
static bool take_line_end(struct scan *scan)
{
    if (scan->at == scan->end) {
        return true;
    }
    bool crlf = scan->at[0] == '\r' && scan->end - scan->at > 1 && scan->at[1] == '\n';
    if (!crlf && scan->at[0] != '\n') {
        return false;
    }
    scan->at += crlf ? 2 : 1;
    scan->line++;
    return true;
}

static enum ending after_field(struct scan *scan)
{
    if (take_line_end(scan)) {
        return END_ROW;
    }
    if (*scan->at != ',') {
        return END_BAD_QUOTE;
    }
    scan->at++;
    return END_FIELD;
}

static enum ending scan_quoted(struct scan *scan)
{
    scan->at++;
    while (scan->at < scan->end) {
        uint8_t c = *scan->at++;
        if (c == '"') {
            if (scan->at == scan->end || *scan->at != '"') {
                return after_field(scan);
            }
            scan->at++;
        }
        scan->line += c == '\n';
        pt_buf_put_u8(&scan->field, c);
    }
    return END_BAD_QUOTE;
}

static enum ending scan_field(struct scan *scan)
{
    pt_buf_clear(&scan->field);
    if (scan->at < scan->end && *scan->at == '"') {
        return scan_quoted(scan);
    }
    while (scan->at < scan->end && *scan->at != ',' && *scan->at != '\n') {
        bool crlf = *scan->at == '\r' && scan->end - scan->at > 1 && scan->at[1] == '\n';
        if (crlf) {
            break;
        }
        if (*scan->at == '"') {
            return END_BAD_QUOTE;
        }
        pt_buf_put_u8(&scan->field, *scan->at++);
    }
    return after_field(scan);
}

static bool is_other_separator(char c)
{
    return c == ';' || c == '\t';
}

/* Where commas are decimal, programs save with something else between the fields. */
static enum pt_err refuse_separator(const struct pt_csv *csv, char separator, struct pt_problem *problem)
{
    return pt_csv_refuse(csv, 1, separator == '\t' ? "tab" : ";", PT_MSG_CSV_SEPARATOR, "", problem);
}

static enum pt_err check_separator(const struct pt_csv *csv, const char *only_header, struct pt_problem *problem)
{
    const char *found = strpbrk(only_header, ";\t");
    return found == NULL ? PT_OK : refuse_separator(csv, *found, problem);
}

static enum pt_err refuse_quote(const struct scan *scan, const struct pt_csv *csv, size_t line, size_t field,
                                struct pt_problem *problem)
{
    char column[24];
    bool first = csv->headers == NULL && field == 0;
    if (first && scan->at < scan->end && is_other_separator((char)*scan->at)) {
        return refuse_separator(csv, (char)*scan->at, problem);
    }
    (void)snprintf(column, sizeof column, "%zu", field + 1);
    return pt_csv_refuse(csv, line, field < csv->n_columns ? csv->headers[field] : column, PT_MSG_CSV_QUOTE, "",
                         problem);
}

/* One record into fields (PT_CSV_COLUMNS_MAX + 1 places; more fields than that are counted only). */
static enum pt_err scan_row(struct scan *scan, const struct pt_csv *csv, const char **fields, size_t *n_fields,
                            struct pt_problem *problem)
{
    size_t line = scan->line;
    enum ending ending = END_FIELD;
    *n_fields = 0;
    while (ending == END_FIELD) {
        ending = scan_field(scan);
        if (ending == END_BAD_QUOTE) {
            return refuse_quote(scan, csv, line, *n_fields, problem);
        }
        if (*n_fields <= PT_CSV_COLUMNS_MAX) {
            fields[*n_fields] = pt_arena_strn(scan->arena, pt_buf_text(&scan->field), scan->field.n);
            if (fields[*n_fields] == NULL || scan->field.err != PT_OK) {
                return PT_ENOMEM;
            }
        }
        (*n_fields)++;
    }
    return PT_OK;
}

static enum pt_err read_header(struct scan *scan, struct pt_csv *csv, struct pt_problem *problem)
{
    const char *fields[PT_CSV_COLUMNS_MAX + 1];
    size_t n;
    enum pt_err err = scan_row(scan, csv, fields, &n, problem);
    if (err != PT_OK) {
        return err;
    }
    if (n > PT_CSV_COLUMNS_MAX || (n == 1 && fields[0][0] == '\0')) {
        return pt_csv_refuse(csv, 1, "1", PT_MSG_CSV_NO_HEADER, "", problem);
    }
    err = n == 1 ? check_separator(csv, fields[0], problem) : PT_OK;
    if (err != PT_OK) {
        return err;
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(fields[i], fields[k]) == 0) {
                return pt_csv_refuse(csv, 1, fields[i], PT_MSG_CSV_HEADER_TWICE, "", problem);
            }
        }
    }
    const char **headers = pt_arena_zalloc(scan->arena, n, sizeof *headers);
    if (headers == NULL) {
        return PT_ENOMEM;
    }
    memcpy(headers, fields, n * sizeof *fields);
    csv->headers = headers;
    csv->n_columns = n;
    return PT_OK;
}

static bool all_empty(const char *const *fields, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (fields[i][0] != '\0') {
            return false;
        }
    }
    return true;
}

static enum pt_err read_rows(struct scan *scan, struct pt_csv *csv, struct pt_csv_row *rows, struct pt_problem *problem)
{
    PT_CHECK(csv->headers != NULL);
    while (scan->at < scan->end) {
        const char *fields[PT_CSV_COLUMNS_MAX + 1];
        size_t line = scan->line;
        size_t n;
        enum pt_err err = scan_row(scan, csv, fields, &n, problem);
        if (err != PT_OK) {
            return err;
        }
        if (n == 1 && fields[0][0] == '\0') {
            continue;
        }
        if (n != csv->n_columns) {
            char detail[64];
            (void)snprintf(detail, sizeof detail, "%zu / %zu", n, csv->n_columns);
            return pt_csv_refuse(csv, line, csv->headers[n < csv->n_columns ? n : csv->n_columns - 1],
                                 PT_MSG_CSV_FIELDS, detail, problem);
        }
        if (all_empty(fields, n)) {
            continue;
        }
        const char **kept = pt_arena_zalloc(scan->arena, n, sizeof *kept);
        if (kept == NULL) {
            return PT_ENOMEM;
        }
        memcpy(kept, fields, n * sizeof *fields);
        rows[csv->n_rows++] = (struct pt_csv_row){.line = line, .fields = kept};
    }
    return PT_OK;
}

static size_t line_ends(struct pt_bytes bytes)
{
    size_t n = 0;
    for (size_t i = 0; i < bytes.n; i++) {
        n += bytes.data[i] == '\n';
    }
    return n;
}

/* Line by line, so that the problem can say where. */
static enum pt_err check_utf8(struct pt_bytes bytes, const struct pt_csv *csv, struct pt_problem *problem)
{
    if (pt_utf8_ok(bytes)) {
        return PT_OK;
    }
    size_t line = 1;
    size_t start = 0;
    for (size_t i = 0; i < bytes.n; i++) {
        if (bytes.data[i] != '\n') {
            continue;
        }
        if (!pt_utf8_ok(pt_bytes_of(bytes.data + start, i - start))) {
            break;
        }
        start = i + 1;
        line++;
    }
    return pt_csv_refuse(csv, line, "-", PT_MSG_CSV_UTF8, "", problem);
}

enum pt_err pt_csv_read(struct pt_bytes bytes, const char *name, struct pt_arena *arena, struct pt_csv *out,
                        struct pt_problem *problem)
{
    struct pt_csv csv = {.name = name};
    if (bytes.n >= 3 && memcmp(bytes.data, "\xef\xbb\xbf", 3) == 0) {
        bytes = pt_bytes_of(bytes.data + 3, bytes.n - 3);
    }
    enum pt_err err = check_utf8(bytes, &csv, problem);
    if (err != PT_OK) {
        return err;
    }
    struct pt_csv_row *rows = pt_arena_zalloc(arena, line_ends(bytes) + 1, sizeof *rows);
    if (rows == NULL) {
        return PT_ENOMEM;
    }
    csv.rows = rows;
    struct scan scan = {.at = bytes.data, .end = bytes.data, .line = 1, .arena = arena};
    scan.end = bytes.n == 0 ? scan.at : bytes.data + bytes.n;
    err = read_header(&scan, &csv, problem);
    if (err == PT_OK) {
        err = read_rows(&scan, &csv, rows, problem);
    }
    pt_buf_free(&scan.field);
    if (err == PT_OK) {
        *out = csv;
    }
    return err;
}

/* "path, value, note": as many as a problem keeps. */
static void list_known(struct pt_buf *out, const struct pt_csv_header *known, size_t n_known)
{
    static const char rest[] = ", ...";
    for (size_t k = 0; k < n_known; k++) {
        if (out->n + strlen(known[k].name) + sizeof rest + 2 > PT_PROBLEM_ARG_BYTES) {
            pt_buf_put_str(out, rest);
            return;
        }
        pt_buf_printf(out, "%s%s", k == 0 ? "" : ", ", known[k].name);
    }
}

static enum pt_err refuse_header(const struct pt_csv *csv, const char *header, const struct pt_csv_header *known,
                                 size_t n_known, struct pt_problem *problem)
{
    struct pt_buf names = {0};
    list_known(&names, known, n_known);
    enum pt_err err = pt_csv_refuse(csv, 1, header, PT_MSG_CSV_HEADER_UNKNOWN, pt_buf_text(&names), problem);
    pt_buf_free(&names);
    return err;
}

static bool header_fits(const char *header, const char *pattern)
{
    size_t n = strlen(pattern);
    if (n > 0 && pattern[n - 1] == '*') {
        return strncmp(header, pattern, n - 1) == 0;
    }
    return strcmp(header, pattern) == 0;
}

enum pt_err pt_csv_check(const struct pt_csv *csv, const struct pt_csv_header *known, size_t n_known,
                         struct pt_problem *problem)
{
    for (size_t i = 0; i < csv->n_columns; i++) {
        size_t k = 0;
        while (k < n_known && !header_fits(csv->headers[i], known[k].name)) {
            k++;
        }
        if (k == n_known) {
            return refuse_header(csv, csv->headers[i], known, n_known, problem);
        }
    }
    for (size_t k = 0; k < n_known; k++) {
        if (known[k].required && pt_csv_column(csv, known[k].name) == PT_CSV_NO_COLUMN) {
            return pt_csv_refuse(csv, 1, known[k].name, PT_MSG_CSV_HEADER_MISSING, "", problem);
        }
    }
    return PT_OK;
}

size_t pt_csv_column(const struct pt_csv *csv, const char *header)
{
    for (size_t i = 0; i < csv->n_columns; i++) {
        if (strcmp(csv->headers[i], header) == 0) {
            return i;
        }
    }
    return PT_CSV_NO_COLUMN;
}

const char *pt_csv_get(const struct pt_csv *csv, const struct pt_csv_row *row, const char *header)
{
    size_t column = pt_csv_column(csv, header);
    return column == PT_CSV_NO_COLUMN ? "" : row->fields[column];
}

static void begin_field(struct pt_csv_writer *writer)
{
    if (writer->in_row) {
        pt_buf_put_u8(writer->out, ',');
    }
    writer->in_row = true;
}

void pt_csv_put(struct pt_csv_writer *writer, const char *field)
{
    begin_field(writer);
    size_t n = strlen(field);
    bool padded = n > 0 && (field[0] == ' ' || field[n - 1] == ' ');
    if (!padded && field[strcspn(field, ",\"\r\n")] == '\0') {
        pt_buf_put(writer->out, field, n);
        return;
    }
    pt_buf_put_u8(writer->out, '"');
    for (; *field != '\0'; field++) {
        pt_buf_put(writer->out, "\"\"", *field == '"' ? 1 : 0);
        pt_buf_put(writer->out, field, 1);
    }
    pt_buf_put_u8(writer->out, '"');
}

void pt_csv_put_int(struct pt_csv_writer *writer, int64_t field)
{
    begin_field(writer);
    pt_buf_put_int(writer->out, field, 1); /* never needs quotes */
}

void pt_csv_put_row(struct pt_csv_writer *writer, const char *const *fields, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        pt_csv_put(writer, fields[i]);
    }
    pt_csv_end_row(writer);
}

void pt_csv_end_row(struct pt_csv_writer *writer)
{
    pt_buf_put_u8(writer->out, '\n');
    writer->in_row = false;
}
