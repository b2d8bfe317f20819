#include "core/instrument/compile.h"

#include <string.h>

/* "+07:00" -> 420. */
static enum pt_err read_utc_offset(const struct pt_field *field, int32_t *out)
{
    const char *text = pt_field_text(field, "utc_offset");
    int64_t hours;
    int64_t minutes;
    if (text[0] == '\0') {
        *out = 0;
        return PT_OK;
    }
    bool form = strlen(text) == 6 && (text[0] == '+' || text[0] == '-') && text[3] == ':';
    if (!form || pt_int_read(pt_bytes_of(text + 1, 2), &hours) != PT_OK || hours < 0 || hours > 14 ||
        pt_int_read(pt_bytes_of(text + 4, 2), &minutes) != PT_OK || minutes < 0 || minutes > 59) {
        return pt_field_refuse_word(field, "utc_offset", PT_MSG_SHEET_FORM, "+07:00");
    }
    *out = (int32_t)(hours * 60 + minutes) * (text[0] == '-' ? -1 : 1);
    return PT_OK;
}

static enum pt_err read_words(const struct pt_field *field, struct pt_settings *to, enum pt_weights *root_weights)
{
    static const char *const rules[] = {"mean_of_units", "mean_of_products", NULL};
    static const char *const carries[] = {"exact", "as_printed", NULL};
    static const char *const missing[] = {"zero", "exclude", "range", NULL};
    static const char *const inapplicable[] = {"exclude", "full", NULL};
    static const char *const weights[] = {"sum100", "normalise", NULL};
    size_t rule;
    size_t unit;
    size_t institution;
    size_t missing_rule;
    size_t inapplicable_rule;
    size_t weights_rule;
    const struct {
        const char *column;
        const char *const *words;
        size_t *out;
        size_t otherwise;
    } rows[] = {
        {"institution_rule", rules, &rule, 0},
        {"carry_unit", carries, &unit, PT_CARRY_AS_PRINTED},
        {"carry_institution", carries, &institution, PT_CARRY_AS_PRINTED},
        {"missing", missing, &missing_rule, SIZE_MAX},
        {"inapplicable", inapplicable, &inapplicable_rule, PT_INAPPLICABLE_EXCLUDE},
        {"weights", weights, &weights_rule, PT_WEIGHTS_SUM100},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum pt_err err = pt_field_word(field, rows[i].column, rows[i].words, rows[i].otherwise, rows[i].out);
        if (err != PT_OK) {
            return err;
        }
    }
    to->institution_rule = (enum pt_institution_rule)rule;
    to->carry_unit = (enum pt_carry)unit;
    to->carry_institution = (enum pt_carry)institution;
    to->missing = (enum pt_missing_rule)missing_rule;
    to->inapplicable = (enum pt_inapplicable_rule)inapplicable_rule;
    *root_weights = (enum pt_weights)weights_rule;
    return PT_OK;
}

/* The cycle becomes part of subject names: only what those may hold. */
static bool cycle_ok(const char *cycle)
{
    size_t n = strlen(cycle);
    return n > 0 && n <= PT_NODE_NAME_BYTES_MAX && strspn(cycle, "abcdefghijklmnopqrstuvwxyz0123456789._-") == n;
}

static enum pt_err read_texts(const struct pt_field *field, struct pt_settings *to)
{
    static const char *const required[] = {"form_id", "version", "cycle"};
    for (size_t i = 0; i < sizeof required / sizeof required[0]; i++) {
        if (pt_field_text(field, required[i])[0] == '\0') {
            return pt_field_refuse(field, required[i], PT_MSG_SHEET_REQUIRED, "");
        }
    }
    to->form_id = pt_field_text(field, "form_id");
    to->version = pt_field_text(field, "version");
    to->cycle = pt_field_text(field, "cycle");
    to->form_title = pt_field_text(field, "form_title")[0] == '\0' ? to->form_id : pt_field_text(field, "form_title");
    to->note = pt_field_text(field, "x_note");
    return cycle_ok(to->cycle) ? PT_OK : pt_field_refuse_word(field, "cycle", PT_MSG_SHEET_FORM, "2023, latihan-2023");
}

static const struct pt_csv_header settings_headers[] = {
    {"form_id", true},
    {"form_title", false},
    {"version", true},
    {"cycle", true},
    {"institution_rule", true},
    {"carry_unit", false},
    {"carry_institution", false},
    {"decimals", false},
    {"missing", true},
    {"inapplicable", false},
    {"weights", false},
    {"utc_offset", false},
    {"official", true},
    {"product_repeat", false},
    {"default_language", false},
    {"style", false},
    {"instance_name", false},
    {"public_key", false},
    {"submission_url", false},
    {"auto_send", false},
    {"auto_delete", false},
    {"namespaces", false},
    {"clean_text_values", false},
    {"x_*", false},
};

enum pt_err pt_compile_settings(struct pt_compile *c)
{
    size_t n = sizeof settings_headers / sizeof settings_headers[0];
    enum pt_err err = pt_csv_check(&c->settings, settings_headers, n, c->problem);
    if (err == PT_OK && c->settings.n_rows != 1) {
        bool none = c->settings.n_rows == 0;
        err = pt_csv_refuse(&c->settings, none ? 2 : c->settings.rows[1].line, "form_id",
                            none ? PT_MSG_SHEET_EMPTY : PT_MSG_SHEET_ONE_ROW, "", c->problem);
    }
    if (err != PT_OK) {
        return err;
    }
    struct pt_field field = {.c = c, .csv = &c->settings, .row = &c->settings.rows[0]};
    struct pt_settings *to = &c->ins.settings;
    err = read_texts(&field, to);
    if (err == PT_OK) {
        err = read_words(&field, to, &c->root_weights);
    }
    if (err == PT_OK) {
        err = pt_field_count(&field, "decimals", 9, 2, &to->decimals);
    }
    if (err == PT_OK) {
        err = pt_field_yes(&field, "official", &to->official);
    }
    if (err == PT_OK) {
        err = read_utc_offset(&field, &to->utc_offset_min);
    }
    c->product_repeat = pt_field_text(&field, "product_repeat");
    return err;
}

static bool colour_ok(const char *colour)
{
    return strlen(colour) == 7 && colour[0] == '#' && strspn(colour + 1, "0123456789abcdefABCDEF") == 6;
}

static enum pt_err read_zone(const struct pt_field *field, const struct pt_zone *above, struct pt_zone *to)
{
    static const char *const zones[] = {"green", "yellow", "red", NULL};
    size_t zone;
    bool present;
    enum pt_err err = pt_field_amount(field, "lower", 0, &present, &to->lower);
    if (err == PT_OK && (!present || to->lower > PT_SCORE_MAX)) {
        err = pt_field_refuse(field, "lower", PT_MSG_SHEET_NUMBER, pt_field_text(field, "lower"));
    }
    if (err == PT_OK && above != NULL && to->lower >= above->lower) {
        err = pt_field_refuse(field, "lower", PT_MSG_SHEET_ZONE_ORDER, pt_field_text(field, "lower"));
    }
    if (err == PT_OK) {
        err = pt_field_yes(field, "lower_exclusive", &to->lower_exclusive);
    }
    if (err == PT_OK) {
        err = pt_field_word(field, "zone", zones, SIZE_MAX, &zone);
    }
    if (err != PT_OK) {
        return err;
    }
    to->zone = (enum pt_zone_colour)zone;
    to->category = pt_field_text(field, "category");
    to->label = (struct pt_label){pt_field_text(field, "label_id"), pt_field_text(field, "label_en")};
    to->colour = pt_field_text(field, "colour");
    return colour_ok(to->colour) ? PT_OK : pt_field_refuse_word(field, "colour", PT_MSG_SHEET_FORM, "#1a9850");
}

enum pt_err pt_compile_zones(struct pt_compile *c)
{
    static const struct pt_csv_header headers[] = {
        {"lower", true},    {"lower_exclusive", true}, {"zone", true},   {"category", true},
        {"label_id", true}, {"label_en", true},        {"colour", true}, {"x_*", false},
    };
    enum pt_err err = pt_csv_check(&c->zones, headers, sizeof headers / sizeof headers[0], c->problem);
    if (err != PT_OK) {
        return err;
    }
    size_t n = c->zones.n_rows;
    struct pt_zone *zones = pt_arena_zalloc(c->arena, n, sizeof *zones);
    if (zones == NULL) {
        return PT_ENOMEM;
    }
    if (n == 0) {
        return pt_csv_refuse(&c->zones, 2, "lower", PT_MSG_SHEET_EMPTY, "", c->problem);
    }
    for (size_t i = 0; i < n; i++) {
        struct pt_field field = {.c = c, .csv = &c->zones, .row = &c->zones.rows[i]};
        err = read_zone(&field, i == 0 ? NULL : &zones[i - 1], &zones[i]);
        if (err != PT_OK) {
            return err;
        }
    }
    if (zones[n - 1].lower != 0 || zones[n - 1].lower_exclusive) {
        return pt_csv_refuse(&c->zones, c->zones.rows[n - 1].line, "lower", PT_MSG_SHEET_ZONE_LAST,
                             pt_csv_get(&c->zones, &c->zones.rows[n - 1], "lower"), c->problem);
    }
    c->ins.zones = zones;
    c->ins.n_zones = n;
    return PT_OK;
}
