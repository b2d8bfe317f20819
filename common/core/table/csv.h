/* csv.h - tables as text (RFC 4180): what sheets, registries and results are read from and written to.
 *
 * UTF-8, comma, fields in double quotes where needed, line ends LF or CRLF, a byte order mark is skipped. The first row
 * is the header. Rows whose fields are all empty are skipped.
 * Thread: any.  Memory: rows and fields live in the arena given. */
#ifndef PT_CSV_H
#define PT_CSV_H

#include "base/arena.h"
#include "base/problem.h"

#include <stdint.h>

#define PT_CSV_COLUMNS_MAX 128
#define PT_CSV_NO_COLUMN SIZE_MAX

struct pt_csv_row {
    size_t line; /* in the file, from 1: where the row begins */
    const char *const *fields;
};

struct pt_csv {
    const char *name; /* of the file, for problems; the caller's */
    const char *const *headers;
    size_t n_columns;
    const struct pt_csv_row *rows;
    size_t n_rows;
};

/* A column that somebody knows. */
struct pt_csv_header {
    const char *name; /* one that ends with * is a prefix: such columns are skipped */
    bool required;
};

/* Errors: INVALID (with a problem that names file, line, column), NOMEM. */
enum pt_err pt_csv_read(struct pt_bytes bytes, const char *name, struct pt_arena *arena, struct pt_csv *out,
                        struct pt_problem *problem);
/* Refuses a header that is not known and a required one that is absent. Errors: INVALID. */
enum pt_err pt_csv_check(const struct pt_csv *csv, const struct pt_csv_header *known, size_t n_known,
                         struct pt_problem *problem);
/* Index of a column or PT_CSV_NO_COLUMN. */
size_t pt_csv_column(const struct pt_csv *csv, const char *header);
/* Field by header; "" when there is no such column. Lent. */
const char *pt_csv_get(const struct pt_csv *csv, const struct pt_csv_row *row, const char *header);
/* `return pt_csv_refuse(...)`: a problem of a message with {1} file, {2} line, {3} column, {4} detail; INVALID. */
enum pt_err pt_csv_refuse(const struct pt_csv *csv, size_t line, const char *column, enum pt_msg msg,
                          const char *detail, struct pt_problem *problem);

/* Writes fields one after the other; quotes where needed; LF line ends. */
struct pt_csv_writer {
    struct pt_buf *out;
    bool in_row; /* a field was written since the last line end */
};
void pt_csv_put(struct pt_csv_writer *writer, const char *field);
void pt_csv_put_int(struct pt_csv_writer *writer, int64_t field);
void pt_csv_put_row(struct pt_csv_writer *writer, const char *const *fields, size_t n);
void pt_csv_end_row(struct pt_csv_writer *writer);

#endif
