/* rollup_institution.c - units become institutions: score, coverage, ranks. */
#include "base/mem.h"
#include "rollup/rollup_internal.h"

#include <stdlib.h>
#include <string.h>

static bool is_approved(Patuh__State state)
{
    return state == PATUH__STATE__STATE_APPROVED_REGION || state == PATUH__STATE__STATE_APPROVED_NATIONAL ||
           state == PATUH__STATE__STATE_FIXED;
}

static bool is_submitted(Patuh__State state)
{
    return state == PATUH__STATE__STATE_SUBMITTED || is_approved(state);
}

bool pt__unit_settled(const struct pt__unit *unit)
{
    return unit->has_score && !unit->may_lack && unit->low == unit->high;
}

bool pt__institution_settled(const struct pt__institution *institution)
{
    return institution->has_score && !institution->may_lack && institution->low == institution->high;
}

const struct pt_zone *pt__zone(const struct pt__rollup *r, bool settled, int64_t score)
{
    return settled ? pt_zone_of(r->ins, pt_score_round(score, r->ins->settings.decimals)) : NULL;
}

static int compare_institutions(const void *a, const void *b)
{
    const struct pt__institution *x = a;
    const struct pt__institution *y = b;
    return strcmp(x->code, y->code);
}

static enum pt_err add_institution(struct pt__rollup *r, const char *code, const char *name, const char *type)
{
    if (pt_reserve(&r->institutions, &r->institutions_capacity, r->n_institutions + 1, sizeof *r->institutions) !=
        PT_OK) {
        return PT_ENOMEM;
    }
    struct pt__institution *institution = &r->institutions[r->n_institutions++];
    *institution = (struct pt__institution){.code = code, .name = name, .type = type, .exact = true};
    institution->province = institution->office = "";
    return PT_OK;
}

static enum pt_err add_from_registry(struct pt__rollup *r)
{
    enum pt_err err = PT_OK;
    for (size_t i = 0; i < r->registry.n_institutions && err == PT_OK; i++) {
        const struct pt_institution_row *row = &r->registry.institutions[i];
        err = add_institution(r, row->code, row->name, row->type);
        if (err == PT_OK) {
            struct pt__institution *institution = &r->institutions[r->n_institutions - 1];
            institution->province = row->province_code;
            institution->office = row->office;
            institution->in_registry = true;
        }
    }
    return err;
}

/* Those outside the registry: of published results first (they have a name), then of units. Doubles are dropped. */
static enum pt_err add_others(struct pt__rollup *r)
{
    enum pt_err err = PT_OK;
    for (size_t i = 0; i < r->n_results && err == PT_OK; i++) {
        const struct pt_result *row = r->results[i];
        if (row->level == PT_RESULT_INSTITUTION && pt_registry_institution(&r->registry, row->code) == NULL) {
            err = add_institution(r, row->code, row->name, row->type);
        }
    }
    size_t n_named = r->n_institutions;
    for (size_t i = 0; i < r->n_units && err == PT_OK; i++) {
        const char *code = r->units[i].institution;
        bool known = pt_registry_institution(&r->registry, code) != NULL;
        for (size_t k = r->registry.n_institutions; k < r->n_institutions && !known; k++) {
            known = (k < n_named || k + 1 == r->n_institutions) && strcmp(r->institutions[k].code, code) == 0;
        }
        if (!known) {
            err = add_institution(r, code, code, "other");
        }
    }
    return err;
}

/* Units of one institution need not stand together in the order of codes when a published one names another parent. */
static void drop_doubles(struct pt__rollup *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->n_institutions; i++) {
        if (n == 0 || strcmp(r->institutions[n - 1].code, r->institutions[i].code) != 0) {
            r->institutions[n++] = r->institutions[i];
        }
    }
    r->n_institutions = n;
}

static struct pt__institution *find(struct pt__rollup *r, const char *code)
{
    struct pt__institution key = {.code = code};
    return bsearch(&key, r->institutions, r->n_institutions, sizeof *r->institutions, compare_institutions);
}

/* Counts of coverage, and the parts of the score. */
static void count_unit(struct pt__institution *institution, const struct pt__unit *unit)
{
    institution->n_expected += unit->expected;
    institution->n_opened += unit->opened;
    institution->n_submitted += unit->opened && is_submitted(unit->state);
    institution->n_approved += unit->opened && is_approved(unit->state);
    institution->n_not_assessed += unit->not_assessed;
    institution->n_scored += unit->has_score;
    institution->n_foreign += unit->foreign;
    institution->shown = institution->shown || unit->opened || unit->imported;
    institution->placeholder = institution->placeholder || (unit->has_score && unit->placeholder);
}

static struct pt_unit_part part_of(const struct pt__unit *unit)
{
    struct pt_unit_part part = {.has_score = unit->has_score, .low = unit->low, .high = unit->high};
    part.may_lack = unit->may_lack;
    part.exact = unit->exact;
    part.n_to_come = unit->n_to_come;
    part.n_products = unit->n_products;
    part.products = unit->products;
    part.n_product_scores = unit->n_product_scores;
    return part;
}

/* The units of one institution as parts. *divisible false: a published unit says not how many products it has, where
 * the rule needs it. */
struct parts {
    struct pt_unit_part *list;
    size_t n, capacity;
    bool divisible;
    bool assessed; /* at least one score from logs */
    bool imported;
};

static enum pt_err gather(struct pt__rollup *r, struct pt__institution *institution, struct pt__unit *const *units,
                          size_t n, struct parts *parts)
{
    bool by_products = r->ins->settings.institution_rule == PT_MEAN_OF_PRODUCTS;
    parts->n = 0;
    parts->divisible = true;
    parts->assessed = parts->imported = false;
    if (pt_reserve(&parts->list, &parts->capacity, n, sizeof *parts->list) != PT_OK) {
        return PT_ENOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        const struct pt__unit *unit = units[i];
        count_unit(institution, unit);
        parts->list[parts->n++] = part_of(unit);
        parts->assessed = parts->assessed || (unit->has_score && !unit->imported);
        parts->imported = parts->imported || unit->imported;
        bool unsaid = by_products && unit->imported && unit->products == NULL && unit->n_products == 0;
        parts->divisible = parts->divisible && !unsaid;
    }
    return PT_OK;
}

static enum pt_err score_institution(struct pt__rollup *r, struct pt__institution *institution,
                                     const struct parts *parts)
{
    struct pt_institution_score score = {.exact = true};
    if (parts->divisible) {
        enum pt_err err = pt_score_institution(&r->ins->settings, parts->list, parts->n, &score);
        if (err == PT_ELIMIT) {
            return pt_problem_set(r->problem, PT_EINVALID, PT_MSG_ROLLUP_ASSESSMENT, institution->code,
                                  pt_err_text(err), NULL);
        }
        if (err != PT_OK) {
            return err;
        }
    }
    institution->has_score = score.has_score;
    institution->may_lack = score.may_lack;
    institution->exact = score.exact;
    institution->low = score.low;
    institution->high = score.high;
    institution->n_units = score.n_units;
    institution->imported = parts->imported;
    institution->has_computed = pt__institution_settled(institution);
    institution->computed = score.low;
    if (institution->has_published && !parts->assessed) { /* published as it is, unless assessed here */
        institution->has_score = institution->imported = institution->exact = true;
        institution->low = institution->high = institution->published;
        institution->placeholder = institution->may_lack = false;
    }
    return PT_OK;
}

static void take_published(struct pt__rollup *r)
{
    for (size_t i = 0; i < r->n_results; i++) {
        const struct pt_result *row = r->results[i];
        struct pt__institution *institution = row->level == PT_RESULT_INSTITUTION ? find(r, row->code) : NULL;
        if (institution != NULL) {
            institution->shown = institution->has_published = true;
            institution->published = row->score;
        }
    }
}

static int compare_by_institution(const void *a, const void *b)
{
    const struct pt__unit *const *x = a;
    const struct pt__unit *const *y = b;
    int order = strcmp((*x)->institution, (*y)->institution);
    return order != 0 ? order : strcmp((*x)->code, (*y)->code);
}

static enum pt_err score_all(struct pt__rollup *r)
{
    struct parts parts = {0};
    struct pt__unit **units = pt_arena_zalloc(&r->keep, r->n_units, sizeof(struct pt__unit *));
    enum pt_err err = units == NULL ? PT_ENOMEM : PT_OK;
    for (size_t i = 0; i < r->n_units && err == PT_OK; i++) {
        units[i] = &r->units[i];
    }
    if (err == PT_OK && r->n_units > 1) {
        qsort(units, r->n_units, sizeof *units, compare_by_institution);
    }
    size_t at = 0;
    for (size_t i = 0; i < r->n_institutions && err == PT_OK; i++) { /* both lists are sorted by institution */
        size_t n = 0;
        while (at + n < r->n_units && strcmp(units[at + n]->institution, r->institutions[i].code) == 0) {
            n++;
        }
        err = gather(r, &r->institutions[i], units + at, n, &parts);
        if (err == PT_OK) {
            err = score_institution(r, &r->institutions[i], &parts);
        }
        at += n;
    }
    pt_free(parts.list);
    return err;
}

/* rank_low = 1 + those surely above, rank_high = 1 + those possibly above, on figures as printed. */
struct ranked {
    const char *type;
    bool may_lack;
    int64_t low;
    int64_t high;
    uint32_t *rank_low;
    uint32_t *rank_high;
};

static int compare_types(const void *a, const void *b)
{
    const struct ranked *x = a;
    const struct ranked *y = b;
    return strcmp(x->type, y->type);
}

static int compare_scores(const void *a, const void *b)
{
    const int64_t *x = a;
    const int64_t *y = b;
    return (*x > *y) - (*x < *y);
}

/* How many of the sorted scores lie above a bound. */
static uint32_t count_above(const int64_t *scores, size_t n, int64_t bound)
{
    size_t low = 0;
    size_t high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        bool above = scores[middle] > bound;
        high = above ? middle : high;
        low = above ? low : middle + 1;
    }
    return (uint32_t)(n - low);
}

/* All of one type. Its own high lies above its own low while it is a range: that one does not count. One that may have
 * no score is not surely above anybody. */
static void rank_type(const struct ranked *list, size_t n, int64_t *lows, int64_t *highs)
{
    size_t n_sure = 0;
    for (size_t i = 0; i < n; i++) {
        highs[i] = list[i].high;
        if (!list[i].may_lack) {
            lows[n_sure++] = list[i].low;
        }
    }
    qsort(lows, n_sure, sizeof *lows, compare_scores);
    qsort(highs, n, sizeof *highs, compare_scores);
    for (size_t i = 0; i < n; i++) {
        *list[i].rank_low = 1 + count_above(lows, n_sure, list[i].high);
        *list[i].rank_high = 1 + count_above(highs, n, list[i].low) - (list[i].high > list[i].low ? 1 : 0);
    }
}

static enum pt_err rank(struct pt__rollup *r, struct ranked *list, size_t n)
{
    int64_t *lows = pt_arena_zalloc(&r->keep, n, sizeof *lows);
    int64_t *highs = pt_arena_zalloc(&r->keep, n, sizeof *highs);
    if (lows == NULL || highs == NULL) {
        return PT_ENOMEM;
    }
    if (n > 1) {
        qsort(list, n, sizeof *list, compare_types);
    }
    size_t end;
    for (size_t i = 0; i < n; i = end) {
        for (end = i + 1; end < n && strcmp(list[end].type, list[i].type) == 0;) {
            end++;
        }
        rank_type(list + i, end - i, lows, highs);
    }
    return PT_OK;
}

static enum pt_err rank_institutions(struct pt__rollup *r)
{
    uint32_t decimals = r->ins->settings.decimals;
    struct ranked *list = pt_arena_zalloc(&r->keep, r->n_institutions, sizeof *list);
    size_t n = 0;
    for (size_t i = 0; i < r->n_institutions && list != NULL; i++) {
        struct pt__institution *x = &r->institutions[i];
        if (x->has_score) {
            list[n++] = (struct ranked){
                x->type,      x->may_lack,  pt_score_round(x->low, decimals), pt_score_round(x->high, decimals),
                &x->rank_low, &x->rank_high};
        }
    }
    return list == NULL ? PT_ENOMEM : rank(r, list, n);
}

static enum pt_err rank_units(struct pt__rollup *r)
{
    uint32_t decimals = r->ins->settings.decimals;
    struct ranked *list = pt_arena_zalloc(&r->keep, r->n_units, sizeof *list);
    size_t n = 0;
    for (size_t i = 0; i < r->n_units && list != NULL; i++) {
        struct pt__unit *x = &r->units[i];
        if (x->has_score) {
            list[n++] = (struct ranked){
                x->type,      x->may_lack,  pt_score_round(x->low, decimals), pt_score_round(x->high, decimals),
                &x->rank_low, &x->rank_high};
        }
    }
    return list == NULL ? PT_ENOMEM : rank(r, list, n);
}

enum pt_err pt__rollup_institutions(struct pt__rollup *r)
{
    enum pt_err err = add_from_registry(r);
    if (err == PT_OK) {
        err = add_others(r);
    }
    if (err != PT_OK) {
        return err;
    }
    if (r->n_institutions > 1) {
        qsort(r->institutions, r->n_institutions, sizeof *r->institutions, compare_institutions);
    }
    drop_doubles(r);
    take_published(r);
    err = score_all(r);
    if (err == PT_OK) {
        err = rank_institutions(r);
    }
    return err == PT_OK ? rank_units(r) : err;
}
