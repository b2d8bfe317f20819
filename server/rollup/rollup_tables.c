/* rollup_tables.c - results.csv, units.csv, comparison.csv. */
#include "rollup/rollup_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define COMMON_COLUMNS                                                                                                 \
    "cycle,type,code,name,score_low,score_high,score,zone,category,rank_low,rank_high,units,placeholder_weights,"      \
    "imported,level,status,version,range_exact,zone_label_id,zone_label_en"

const char *pt__version_text(const struct pt__rollup *r, const char *none, char *buf)
{
    if (r->fix.version == 0) {
        return none;
    }
    (void)snprintf(buf, 12, "%" PRIu32, r->fix.version);
    return buf;
}

void pt__put_origin(const struct pt__rollup *r, struct pt_csv_writer *csv)
{
    char version[12];
    pt_csv_put(csv, r->in->cycle);
    pt_csv_put(csv, pt_level_name(r->in->level));
    pt_csv_put(csv, r->status);
    pt_csv_put(csv, pt__version_text(r, "", version));
}

/* Quotes do not help: a spreadsheet takes them off and then reads the formula. */
void pt__put_words(struct pt_csv_writer *csv, const char *text)
{
    bool harmless = text[0] == '\0' || strchr("=+-@\t\r", text[0]) == NULL;
    if (harmless) {
        pt_csv_put(csv, text);
        return;
    }
    struct pt_buf quoted = {0};
    pt_buf_put_str(&quoted, "'");
    pt_buf_put_str(&quoted, text);
    pt_csv_put(csv, pt_buf_text(&quoted));
    csv->out->err = quoted.err != PT_OK ? quoted.err : csv->out->err;
    pt_buf_free(&quoted);
}

static void put_score(struct pt_csv_writer *csv, const struct pt__rollup *r, bool has_score, int64_t score)
{
    pt_csv_put(csv, "");
    if (has_score) {
        pt_score_put(csv->out, score, r->ins->settings.decimals); /* never needs quotes */
    }
}

/* Nearly all of them are settled: then it is three times the same text. */
void pt__put_range(struct pt_csv_writer *csv, const struct pt__rollup *r, bool has_score, bool settled, int64_t low,
                   int64_t high)
{
    struct pt_buf *out = csv->out;
    char field[40];
    size_t at = out->n;
    put_score(csv, r, has_score, low);
    size_t n = out->n - at;
    if (settled && n <= sizeof field && out->err == PT_OK) {
        memcpy(field, out->data + at, n);
        pt_buf_put(out, field, n);
        pt_buf_put(out, field, n);
        return;
    }
    put_score(csv, r, has_score, high);
    put_score(csv, r, settled, low);
}

static void put_rank(struct pt_csv_writer *csv, uint32_t rank)
{
    if (rank == 0) {
        pt_csv_put(csv, "");
    } else {
        pt_csv_put_int(csv, rank);
    }
}

/* What results.csv and units.csv begin with. */
struct common {
    const char *type;
    const char *code;
    const char *name;
    bool has_score;
    bool settled;
    int64_t low;
    int64_t high;
    uint32_t rank_low;
    uint32_t rank_high;
    size_t n_units;
    bool placeholder;
    bool imported;
    bool exact;
};

static void put_common(const struct pt__rollup *r, const struct common *c, struct pt_csv_writer *csv)
{
    const struct pt_zone *zone = pt__zone(r, c->settled, c->low);
    char version[12];
    pt_csv_put(csv, r->in->cycle);
    pt__put_words(csv, c->type);
    pt_csv_put(csv, c->code);
    pt__put_words(csv, c->name);
    pt__put_range(csv, r, c->has_score, c->settled, c->low, c->high);
    pt_csv_put(csv, zone == NULL ? "" : pt_zone_name(zone->zone));
    pt__put_words(csv, zone == NULL ? "" : zone->category);
    put_rank(csv, c->rank_low);
    put_rank(csv, c->rank_high);
    pt_csv_put_int(csv, (int64_t)c->n_units);
    pt_csv_put_int(csv, c->placeholder);
    pt_csv_put_int(csv, c->imported);
    pt_csv_put(csv, pt_level_name(r->in->level));
    pt_csv_put(csv, r->status);
    pt_csv_put(csv, pt__version_text(r, "", version));
    pt_csv_put_int(csv, c->exact);
    pt__put_words(csv, zone == NULL ? "" : zone->label.id);
    pt__put_words(csv, zone == NULL ? "" : zone->label.en);
}

static void put_institution(const struct pt__rollup *r, const struct pt__institution *x, struct pt_csv_writer *csv)
{
    struct common common = {.type = x->type, .code = x->code, .name = x->name, .has_score = x->has_score};
    common.settled = pt__institution_settled(x);
    common.low = x->low;
    common.high = x->high;
    common.rank_low = x->rank_low;
    common.rank_high = x->rank_high;
    common.n_units = x->n_units;
    common.placeholder = x->placeholder;
    common.imported = x->imported;
    common.exact = x->exact;
    put_common(r, &common, csv);
    pt_csv_put_int(csv, (int64_t)x->n_expected);
    pt_csv_put_int(csv, (int64_t)x->n_opened);
    pt_csv_put_int(csv, (int64_t)x->n_submitted);
    pt_csv_put_int(csv, (int64_t)x->n_approved);
    pt_csv_put_int(csv, (int64_t)x->n_not_assessed);
    pt_csv_put_int(csv, (int64_t)x->n_scored);
    pt_csv_put(csv, x->province);
    pt_csv_put(csv, x->office);
    pt_csv_end_row(csv);
}

void pt__put_results(const struct pt__rollup *r, struct pt_buf *out)
{
    struct pt_csv_writer csv = {.out = out};
    pt_buf_put_str(out,
                   COMMON_COLUMNS ",expected,opened,submitted,approved,not_assessed,scored,province_code,office\n");
    for (size_t i = 0; i < r->n_institutions; i++) {
        if (r->institutions[i].shown) {
            put_institution(r, &r->institutions[i], &csv);
        }
    }
}

bool pt__unit_shown(const struct pt__unit *unit)
{
    return unit->opened || unit->imported || unit->foreign;
}

void pt__put_unit_heading(struct pt_buf *out)
{
    pt_buf_put_str(
        out, COMMON_COLUMNS
        ",institution_code,state,not_assessed,counts,conflicts,missing,pending,ineffective,reason_recorded\n");
}

void pt__put_unit(const struct pt__rollup *r, const struct pt__unit *unit, struct pt_buf *out)
{
    struct pt_csv_writer csv = {.out = out};
    struct common common = {.type = unit->type, .code = unit->code, .name = unit->name, .has_score = unit->has_score};
    common.settled = pt__unit_settled(unit);
    common.low = unit->low;
    common.high = unit->high;
    common.rank_low = unit->rank_low;
    common.rank_high = unit->rank_high;
    common.n_units = unit->has_score ? 1 : 0;
    common.placeholder = unit->placeholder;
    common.imported = unit->imported;
    common.exact = unit->exact;
    put_common(r, &common, &csv);
    pt_csv_put(&csv, unit->institution);
    pt_csv_put(&csv, unit->opened ? pt_state_name(unit->state) : "");
    pt_csv_put_int(&csv, unit->not_assessed);
    pt_csv_put_int(&csv, unit->counts);
    pt_csv_put_int(&csv, (int64_t)unit->n_conflicts);
    pt_csv_put_int(&csv, (int64_t)unit->n_missing);
    pt_csv_put_int(&csv, (int64_t)unit->n_pending);
    pt_csv_put_int(&csv, (int64_t)unit->n_ineffective);
    pt_csv_put_int(&csv, unit->has_reason);
    pt_csv_end_row(&csv);
}

static void put_zone(const struct pt__rollup *r, int64_t score, struct pt_csv_writer *csv)
{
    const struct pt_zone *zone = pt__zone(r, true, score);
    pt_csv_put(csv, zone == NULL ? "" : pt_zone_name(zone->zone));
    pt__put_words(csv, zone == NULL ? "" : zone->category);
}

/* Zone and category of a published score are those that were published, or empty: our bounds say nothing of them. */
void pt__put_comparison(const struct pt__rollup *r, struct pt_buf *out)
{
    struct pt_csv_writer csv = {.out = out};
    uint32_t decimals = r->ins->settings.decimals;
    pt_buf_put_str(out, PT__ORIGIN_COLUMNS "type,code,name,computed,published,equal,computed_zone,computed_category,"
                                           "published_zone,published_category,placeholder_weights,note\n");
    for (size_t i = 0; i < r->n_institutions; i++) {
        const struct pt__institution *x = &r->institutions[i];
        if (!x->has_published || !x->has_computed) {
            continue;
        }
        pt__put_origin(r, &csv);
        pt__put_words(&csv, x->type);
        pt_csv_put(&csv, x->code);
        pt__put_words(&csv, x->name);
        put_score(&csv, r, true, x->computed);
        put_score(&csv, r, true, x->published);
        pt_csv_put_int(&csv, pt_score_round(x->computed, decimals) == pt_score_round(x->published, decimals));
        put_zone(r, x->computed, &csv);
        const struct pt_result *published = pt__published(r, x->code);
        pt_csv_put(&csv, published == NULL ? "" : published->zone);
        pt__put_words(&csv, published == NULL ? "" : published->category);
        pt_csv_put_int(&csv, x->placeholder);
        pt__put_words(&csv, pt__published_note(r, x->code));
        pt_csv_end_row(&csv);
    }
}
