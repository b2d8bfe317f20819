/* rollup_import.c - published results of the cycle: units and products join the units, institutions wait for theirs. */
#include "base/arith.h"
#include "rollup/rollup_internal.h"

#include <string.h>

static enum pt_err import_unit(struct pt__rollup *r, const struct pt_result *row)
{
    struct pt__unit *unit = pt__rollup_unit(r, row->code);
    if (unit == NULL) {
        return PT_ENOMEM;
    }
    if (unit->opened) { /* what was assessed here stands */
        return PT_OK;
    }
    unit->institution = row->parent;
    unit->name = row->name;
    unit->type = row->type;
    unit->imported = true;
    unit->has_score = true;
    unit->low = unit->high = row->score;
    unit->n_products = row->weight;
    return PT_OK;
}

static bool in_unit(const struct pt_result *row, const char *unit)
{
    return row->level == PT_RESULT_PRODUCT && strcmp(row->parent, unit) == 0;
}

/* All products of one unit, and, when the unit itself was not given, their mean as its score. */
static enum pt_err import_products(struct pt__rollup *r, struct pt__unit *unit)
{
    struct pt_sum sum = {0};
    size_t n = 0;
    for (size_t i = 0; i < r->n_results; i++) {
        n += in_unit(r->results[i], unit->code);
    }
    struct pt_product_score *products = pt_arena_zalloc(&r->keep, n, sizeof *products);
    if (products == NULL) {
        return PT_ENOMEM;
    }
    size_t filled = 0;
    for (size_t i = 0; i < r->n_results; i++) {
        const struct pt_result *row = r->results[i];
        if (in_unit(row, unit->code)) {
            products[filled++] =
                (struct pt_product_score){.has_score = true, .exact = true, .low = row->score, .high = row->score};
            if (!pt_sum_add(&sum, row->score, 1)) {
                return PT_ELIMIT;
            }
        }
    }
    unit->products = products;
    unit->n_product_scores = n;
    if (!unit->imported) {
        unit->imported = unit->has_score = true;
        if (!pt_sum_divide(&sum, (int64_t)n, PT_ROUND_HALF_EVEN, &unit->low)) {
            return PT_ELIMIT;
        }
        unit->high = unit->low;
    }
    return PT_OK;
}

enum pt_err pt__rollup_import(struct pt__rollup *r)
{
    enum pt_err err = PT_OK;
    for (size_t i = 0; i < r->n_results && err == PT_OK; i++) {
        if (r->results[i]->level == PT_RESULT_UNIT) {
            err = import_unit(r, r->results[i]);
        }
    }
    for (size_t i = 0; i < r->n_results && err == PT_OK; i++) {
        if (r->results[i]->level != PT_RESULT_PRODUCT) {
            continue;
        }
        struct pt__unit *unit = pt__rollup_unit(r, r->results[i]->parent);
        err = unit == NULL ? PT_ENOMEM : PT_OK;
        if (err == PT_OK && !unit->opened && unit->products == NULL) {
            err = import_products(r, unit);
        }
    }
    return err == PT_OK ? pt__rollup_sort_units(r) : err;
}

const struct pt_result *pt__published(const struct pt__rollup *r, const char *code)
{
    for (size_t i = 0; i < r->n_results; i++) {
        if (r->results[i]->level == PT_RESULT_INSTITUTION && strcmp(r->results[i]->code, code) == 0) {
            return r->results[i];
        }
    }
    return NULL;
}

const char *pt__published_note(const struct pt__rollup *r, const char *code)
{
    for (size_t i = 0; i < r->n_results; i++) {
        const struct pt_result *row = r->results[i];
        bool meant = strcmp(row->level == PT_RESULT_INSTITUTION ? row->code : row->parent, code) == 0;
        if (meant && row->level != PT_RESULT_PRODUCT && row->note[0] != '\0') {
            return row->note;
        }
    }
    return "";
}
