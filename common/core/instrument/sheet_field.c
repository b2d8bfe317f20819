#include "core/instrument/compile.h"

#include "base/arith.h"

#include <stdio.h>
#include <string.h>

const char *pt_field_text(const struct pt_field *field, const char *column)
{
    return pt_csv_get(field->csv, field->row, column);
}

enum pt_err pt_field_refuse(const struct pt_field *field, const char *column, enum pt_msg msg, const char *detail)
{
    return pt_csv_refuse(field->csv, field->row->line, column, msg, detail, field->c->problem);
}

enum pt_err pt_field_refuse_word(const struct pt_field *field, const char *column, enum pt_msg msg, const char *good)
{
    char row[24];
    (void)snprintf(row, sizeof row, "%zu", field->row->line);
    return pt_problem_set(field->c->problem, PT_EINVALID, msg, field->csv->name, row, column,
                          pt_field_text(field, column), good, NULL);
}

static enum pt_err refuse_other(const struct pt_field *field, const char *column, const char *const *words)
{
    struct pt_buf good = {0};
    for (size_t i = 0; words[i] != NULL; i++) {
        pt_buf_printf(&good, "%s%s", good.n == 0 ? "" : ", ", words[i]);
    }
    enum pt_err err = pt_field_refuse_word(field, column, PT_MSG_SHEET_WORD, pt_buf_text(&good));
    pt_buf_free(&good);
    return err;
}

enum pt_err pt_field_word(const struct pt_field *field, const char *column, const char *const *words, size_t otherwise,
                          size_t *out)
{
    const char *text = pt_field_text(field, column);
    if (text[0] == '\0' && otherwise != SIZE_MAX) {
        *out = otherwise;
        return PT_OK;
    }
    for (size_t i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], text) == 0) {
            *out = i;
            return PT_OK;
        }
    }
    return text[0] == '\0' ? pt_field_refuse(field, column, PT_MSG_SHEET_REQUIRED, "")
                           : refuse_other(field, column, words);
}

enum pt_err pt_field_yes(const struct pt_field *field, const char *column, bool *out)
{
    static const char *const words[] = {"no", "yes", "false", "true", "FALSE", "TRUE", "false()", "true()"};
    const char *text = pt_field_text(field, column);
    if (text[0] == '\0') {
        *out = false;
        return PT_OK;
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i], text) == 0) {
            *out = (i & 1) != 0;
            return PT_OK;
        }
    }
    return pt_field_refuse_word(field, column, PT_MSG_SHEET_WORD, "yes, no");
}

static bool to_units(struct pt_decimal value, int64_t *out)
{
    int64_t factor = PT_POINT;
    for (uint8_t i = 0; i < value.scale; i++) {
        factor /= 10;
    }
    return pt_mul_i64(value.mantissa, factor, out);
}

enum pt_err pt_field_amount(const struct pt_field *field, const char *column, int64_t low, bool *present, int64_t *out)
{
    const char *text = pt_field_text(field, column);
    struct pt_decimal value;
    int64_t units;
    *present = text[0] != '\0';
    if (!*present) {
        *out = 0;
        return PT_OK;
    }
    if (pt_decimal_read(pt_bytes_str(text), &value) != PT_OK || !to_units(value, &units) || units < low ||
        units > PT_WEIGHT_MAX * PT_POINT) {
        return pt_field_refuse(field, column, PT_MSG_SHEET_NUMBER, text);
    }
    *out = units;
    return PT_OK;
}

enum pt_err pt_field_count(const struct pt_field *field, const char *column, uint32_t max, uint32_t otherwise,
                           uint32_t *out)
{
    const char *text = pt_field_text(field, column);
    int64_t value = otherwise;
    if (text[0] != '\0' && (pt_int_read(pt_bytes_str(text), &value) != PT_OK || value < 0 || value > max)) {
        return pt_field_refuse(field, column, PT_MSG_SHEET_NUMBER, text);
    }
    *out = (uint32_t)value;
    return PT_OK;
}

bool pt_sheet_name_ok(const char *name)
{
    size_t n = strlen(name);
    if (n == 0 || n > PT_NODE_NAME_BYTES_MAX || name[0] < 'a' || name[0] > 'z') {
        return false;
    }
    return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == n;
}
