/* rollup_coverage.c - coverage.csv, codebook.csv, zones.csv, and the order of institution types. */
#include "base/text.h"
#include "rollup/rollup_internal.h"

#include <string.h>

struct type_name {
    const char *type;
    const char *id;
    const char *en;
};

/* In the order in which people list them. */
static const struct type_name types[] = {
    {"ministry", "Kementerian", "Ministries"},
    {"agency", "Lembaga", "Agencies"},
    {"province", "Pemerintah provinsi", "Provinces"},
    {"city", "Pemerintah kota", "Cities"},
    {"regency", "Pemerintah kabupaten", "Regencies"},
    {"police_resort", "Kepolisian resor", "Police resorts"},
    {"land_office", "Kantor pertanahan", "Land offices"},
    {"vertical_unit", "Unit vertikal lain", "Other vertical units"},
};
#define N_TYPES (sizeof types / sizeof types[0])

static bool is_listed(const char *type)
{
    for (size_t i = 0; i < N_TYPES; i++) {
        if (strcmp(types[i].type, type) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_present(const struct pt__rollup *r, const char *type)
{
    for (size_t i = 0; i < r->n_institutions; i++) {
        if (strcmp(r->institutions[i].type, type) == 0) {
            return true;
        }
    }
    return false;
}

/* The smallest type that is not listed and comes after `after`. */
static const char *next_other(const struct pt__rollup *r, const char *after)
{
    const char *found = NULL;
    for (size_t i = 0; i < r->n_institutions; i++) {
        const char *type = r->institutions[i].type;
        if (!is_listed(type) && strcmp(type, after) > 0 && (found == NULL || strcmp(type, found) < 0)) {
            found = type;
        }
    }
    return found;
}

const char *pt__type_at(const struct pt__rollup *r, size_t i)
{
    for (size_t k = 0; k < N_TYPES; k++) {
        if (is_present(r, types[k].type) && i-- == 0) {
            return types[k].type;
        }
    }
    const char *other = "";
    for (size_t k = 0; k <= i && other != NULL; k++) {
        other = next_other(r, other);
    }
    return other;
}

const char *pt__type_label(const char *type, bool english)
{
    for (size_t i = 0; i < N_TYPES; i++) {
        if (strcmp(types[i].type, type) == 0) {
            return english ? types[i].en : types[i].id;
        }
    }
    return strcmp(type, "other") == 0 ? (english ? "Others" : "Lain-lain") : type;
}

bool pt__has_placeholders(const struct pt__rollup *r)
{
    for (size_t i = 0; i < r->n_institutions; i++) {
        if (r->institutions[i].placeholder) {
            return true;
        }
    }
    return false;
}

void pt__put_coverage(const struct pt__rollup *r, struct pt_buf *out)
{
    struct pt_csv_writer csv = {.out = out};
    struct pt_buf root = {0};
    pt_hex_put(&root, pt_hash_bytes(&r->root));
    pt_buf_put_str(out, PT__ORIGIN_COLUMNS
                   "manifest_root,type,code,name,province_code,office,expected,opened,submitted,approved,not_assessed,"
                   "scored,imported,opened_elsewhere,placeholder_weights\n");
    for (size_t i = 0; i < r->n_institutions; i++) {
        const struct pt__institution *x = &r->institutions[i];
        pt__put_origin(r, &csv);
        pt_csv_put(&csv, pt_buf_text(&root));
        pt__put_words(&csv, x->type);
        pt_csv_put(&csv, x->code);
        pt__put_words(&csv, x->name);
        pt_csv_put(&csv, x->province);
        pt_csv_put(&csv, x->office);
        pt_csv_put_int(&csv, (int64_t)x->n_expected);
        pt_csv_put_int(&csv, (int64_t)x->n_opened);
        pt_csv_put_int(&csv, (int64_t)x->n_submitted);
        pt_csv_put_int(&csv, (int64_t)x->n_approved);
        pt_csv_put_int(&csv, (int64_t)x->n_not_assessed);
        pt_csv_put_int(&csv, (int64_t)x->n_scored);
        pt_csv_put_int(&csv, x->imported);
        pt_csv_put_int(&csv, (int64_t)x->n_foreign);
        pt_csv_put_int(&csv, x->placeholder);
        pt_csv_end_row(&csv);
    }
    out->err = root.err != PT_OK ? root.err : out->err;
    pt_buf_free(&root);
}

static void put_decimal(struct pt_csv_writer *csv, bool present, int64_t units)
{
    struct pt_buf text = {0};
    struct pt_decimal value = {.mantissa = units, .scale = 9};
    while (value.scale > 0 && value.mantissa % 10 == 0) {
        value.mantissa /= 10;
        value.scale--;
    }
    if (present) {
        pt_decimal_put(&text, value);
    }
    pt_csv_put(csv, pt_buf_text(&text));
    csv->out->err = text.err != PT_OK ? text.err : csv->out->err;
    pt_buf_free(&text);
}

/* "l0 l1 l2": in the order that numbers them. */
static void put_choices(struct pt_csv_writer *csv, const struct pt__rollup *r, const struct pt_node *node)
{
    struct pt_buf text = {0};
    const struct pt_list *list = node->list == PT_NONE ? NULL : &r->ins->lists[node->list];
    for (size_t i = 0; list != NULL && i < list->n_choices; i++) {
        if (!list->choices[i].retired) {
            pt_buf_printf(&text, "%s%s", text.n == 0 ? "" : " ", list->choices[i].name);
        }
    }
    pt_csv_put(csv, pt_buf_text(&text));
    csv->out->err = text.err != PT_OK ? text.err : csv->out->err;
    pt_buf_free(&text);
}

void pt__put_codebook(const struct pt__rollup *r, struct pt_buf *out)
{
    static const char *const aggregates[] = {"mean", "min", "max"};
    static const char *const roles[] = {"", "interview", "observation", "documents"};
    struct pt_csv_writer csv = {.out = out};
    pt_buf_put_str(out, PT__ORIGIN_COLUMNS "number,name,type,parent,label_id,label_en,weight,weights,max_score,"
                                           "aggregate,min_count,placeholder,actionable,role,same_as,choices\n");
    for (size_t i = 1; i < r->ins->n_nodes; i++) {
        const struct pt_node *node = &r->ins->nodes[i];
        bool group = node->type == PT_NODE_GROUP || node->type == PT_NODE_REPEAT;
        pt__put_origin(r, &csv);
        pt_csv_put_int(&csv, node->number);
        pt_csv_put(&csv, node->name);
        pt_csv_put(&csv, pt_node_type_name(node->type));
        pt_csv_put(&csv, r->ins->nodes[node->parent].name);
        pt__put_words(&csv, node->label.id);
        pt__put_words(&csv, node->label.en);
        put_decimal(&csv, node->has_weight, node->weight);
        pt_csv_put(&csv, !group ? "" : node->weights == PT_WEIGHTS_SUM100 ? "sum100" : "normalise");
        put_decimal(&csv, pt_node_is_scored(node), node->max_score);
        pt_csv_put(&csv, pt_node_is_scored(node) ? aggregates[node->aggregate] : "");
        pt_csv_put_int(&csv, node->min_count);
        pt_csv_put_int(&csv, node->placeholder);
        pt_csv_put_int(&csv, node->actionable);
        pt_csv_put(&csv, roles[node->role]);
        pt_csv_put(&csv, node->same_as);
        put_choices(&csv, r, node);
        pt_csv_end_row(&csv);
    }
}

/* Institutions of one type (NULL: all) in one zone (NULL: those that have a score but no zone yet). */
struct zone_counts {
    size_t all;
    size_t imported;    /* of them: scored by publication */
    size_t placeholder; /* of them: the score rests on weights or scales that are not official */
};

static struct zone_counts count_zone(const struct pt__rollup *r, const char *type, const struct pt_zone *zone)
{
    struct zone_counts n = {0};
    for (size_t i = 0; i < r->n_institutions; i++) {
        const struct pt__institution *x = &r->institutions[i];
        bool meant = x->has_score && (type == NULL || strcmp(x->type, type) == 0);
        meant = meant && pt__zone(r, pt__institution_settled(x), x->low) == zone;
        n.all += meant;
        n.imported += meant && x->imported;
        n.placeholder += meant && x->placeholder;
    }
    return n;
}

static void put_zone_rows(const struct pt__rollup *r, const char *type, struct pt_csv_writer *csv)
{
    for (size_t z = 0; z <= r->ins->n_zones; z++) {
        const struct pt_zone *zone = z < r->ins->n_zones ? &r->ins->zones[z] : NULL;
        struct zone_counts n = count_zone(r, type, zone);
        pt__put_origin(r, csv);
        pt_csv_put(csv, type == NULL ? "all" : type);
        pt_csv_put(csv, zone == NULL ? "" : pt_zone_name(zone->zone));
        pt__put_words(csv, zone == NULL ? "" : zone->category);
        pt__put_words(csv, zone == NULL ? "Belum pasti" : zone->label.id);
        pt__put_words(csv, zone == NULL ? "Not settled yet" : zone->label.en);
        pt_csv_put_int(csv, (int64_t)n.all);
        pt_csv_put_int(csv, (int64_t)n.imported);
        pt_csv_put_int(csv, (int64_t)n.placeholder);
        pt_csv_end_row(csv);
    }
}

void pt__put_zones(const struct pt__rollup *r, struct pt_buf *out)
{
    struct pt_csv_writer csv = {.out = out};
    const char *type;
    pt_buf_put_str(out, PT__ORIGIN_COLUMNS
                   "type,zone,category,label_id,label_en,institutions,imported,placeholder_weights\n");
    for (size_t i = 0; (type = pt__type_at(r, i)) != NULL; i++) {
        put_zone_rows(r, type, &csv);
    }
    put_zone_rows(r, NULL, &csv);
}
