#include "base/arith.h"
#include "core/score/score.h"

#include <stdio.h>

#define PRODUCTS_MAX ((int64_t)1 << 31)

static int64_t step_of(uint32_t decimals)
{
    int64_t step = PT_POINT;
    for (uint32_t i = 0; i < decimals; i++) {
        step /= 10;
    }
    return step;
}

int64_t pt_score_round(int64_t score, uint32_t decimals)
{
    int64_t step = step_of(decimals);
    int64_t rounded = score;
    if (pt_muldiv(score, 1, step, PT_ROUND_HALF_UP, &rounded)) {
        rounded *= step;
    }
    return rounded;
}

void pt_score_put(struct pt_buf *out, int64_t score, uint32_t decimals)
{
    int64_t step = step_of(decimals);
    int64_t digits = pt_score_round(score, decimals) / step;
    int64_t per_point = PT_POINT / step;
    int64_t size = digits < 0 ? -digits : digits;
    pt_buf_put_str(out, digits < 0 ? "-" : "");
    pt_buf_put_int(out, size / per_point, 1);
    if (decimals > 0) {
        pt_buf_put_str(out, ".");
        pt_buf_put_int(out, size % per_point, decimals);
    }
}

/* What enters a mean: one unit, one product, or several alike. */
struct item {
    bool may_lack;
    bool exact;
    int64_t low;
    int64_t high;
    int64_t n; /* 0: nothing */
};

/* The k-th item of a part; false past the last. */
static bool item_at(const struct pt_settings *settings, const struct pt_unit_part *part, size_t k, struct item *out)
{
    bool by_products = settings->institution_rule == PT_MEAN_OF_PRODUCTS;
    bool one_by_one = by_products && part->products != NULL;
    size_t n_known = one_by_one ? part->n_product_scores : 1;
    if (k < n_known && one_by_one) {
        const struct pt_product_score *product = &part->products[k];
        *out = (struct item){product->may_lack, product->exact, product->low, product->high, product->has_score};
    } else if (k < n_known) {
        int64_t n = by_products ? part->n_products : 1;
        *out = (struct item){part->may_lack, part->exact, part->low, part->high, part->has_score ? n : 0};
    } else {
        bool any = part->n_to_come == PT_PRODUCTS_ANY; /* their number is not asked for: takes_all */
        *out = (struct item){true, false, 0, PT_SCORE_MAX, !by_products ? 0 : any ? 1 : part->n_to_come};
    }
    return k <= n_known;
}

struct mean {
    struct pt_sum sum;
    int64_t n;
};

/* One end of the range, from items as they are carried. */
struct end {
    const struct pt_settings *settings;
    const struct pt_unit_part *parts;
    size_t n_parts;
    bool high;
};

static int64_t carried(const struct end *end, const struct item *item)
{
    int64_t value = end->high ? item->high : item->low;
    bool printed = end->settings->carry_unit == PT_CARRY_AS_PRINTED;
    return printed ? pt_score_round(value, end->settings->decimals) : value;
}

static bool add(struct mean *mean, int64_t value, int64_t n)
{
    mean->n += n;
    return pt_sum_add(&mean->sum, value, n);
}

/* Does the value lie outside the mean, on the side of this end? */
static bool beyond(const struct end *end, int64_t value, const struct mean *mean)
{
    struct pt_sum all = {0};
    if (!pt_sum_add(&all, value, mean->n)) {
        return false; /* cannot be: value and n are bounded */
    }
    const struct pt_sum *less = end->high ? &mean->sum : &all;
    const struct pt_sum *more = end->high ? &all : &mean->sum;
    return less->high != more->high ? less->high < more->high : less->low < more->low;
}

/* All that surely count; with `than`, also those that may lack a score and lie beyond that mean. */
static bool gather(const struct end *end, const struct mean *than, struct mean *out)
{
    struct item item;
    *out = (struct mean){0};
    for (size_t i = 0; i < end->n_parts; i++) {
        for (size_t k = 0; item_at(end->settings, &end->parts[i], k, &item); k++) {
            int64_t value = carried(end, &item);
            bool counts = item.n > 0 && (!item.may_lack || (than != NULL && beyond(end, value, than)));
            if (counts && !add(out, value, item.n)) {
                return false;
            }
        }
    }
    return true;
}

/* The one item at the very end, where none surely counts. */
static void outermost(const struct end *end, struct mean *out)
{
    struct item item;
    *out = (struct mean){0};
    for (size_t i = 0; i < end->n_parts; i++) {
        for (size_t k = 0; item_at(end->settings, &end->parts[i], k, &item); k++) {
            int64_t value = carried(end, &item);
            if (item.n > 0 && (out->n == 0 || beyond(end, value, out))) {
                *out = (struct mean){.n = 1};
                (void)pt_sum_add(&out->sum, value, 1); /* fits */
            }
        }
    }
}

/* The furthest that a mean can come by leaving out or taking in those that may lack a score: one helps while it lies
 * beyond the mean, and each round leaves fewer that do. */
static bool furthest(const struct end *end, struct mean *out)
{
    struct mean mean;
    if (!gather(end, NULL, &mean)) {
        return false;
    }
    if (mean.n == 0) {
        outermost(end, out);
        return true;
    }
    for (bool moved = true; moved;) {
        struct mean next;
        if (!gather(end, &mean, &next)) {
            return false;
        }
        moved = next.n != mean.n;
        mean = next;
    }
    *out = mean;
    return true;
}

/* One rounding, straight from the exact quotient. */
static bool divide(const struct mean *mean, const struct pt_settings *settings, int64_t *out)
{
    if (settings->carry_institution == PT_CARRY_EXACT) {
        return pt_sum_divide(&mean->sum, mean->n, PT_ROUND_HALF_EVEN, out);
    }
    int64_t step = step_of(settings->decimals);
    if (!pt_sum_divide(&mean->sum, mean->n * step, PT_ROUND_HALF_UP, out)) {
        return false;
    }
    *out *= step;
    return true;
}

/* What takes part at all. Errors: LIMIT. */
static enum pt_err look_through(const struct pt_settings *settings, const struct pt_unit_part *parts, size_t n_parts,
                                struct pt_institution_score *score)
{
    struct item item;
    int64_t n = 0;
    bool sure = false;
    for (size_t i = 0; i < n_parts; i++) {
        int64_t before = n;
        for (size_t k = 0; item_at(settings, &parts[i], k, &item); k++) {
            if (item.n == 0) {
                continue;
            }
            n += item.n;
            if (item.low < 0 || item.high < 0 || n >= PRODUCTS_MAX) {
                return PT_ELIMIT;
            }
            sure = sure || !item.may_lack;
            score->exact = score->exact && item.exact;
        }
        score->n_units += n > before ? 1 : 0;
    }
    score->has_score = n > 0;
    score->may_lack = n > 0 && !sure;
    return PT_OK;
}

/* So many products may come, all at one end, that the mean is what they are, whatever else is in it. */
static bool takes_all(const struct pt_settings *settings, const struct pt_unit_part *parts, size_t n_parts)
{
    bool any = false;
    for (size_t i = 0; i < n_parts; i++) {
        any = any || parts[i].n_to_come == PT_PRODUCTS_ANY;
    }
    return any && settings->institution_rule == PT_MEAN_OF_PRODUCTS;
}

enum pt_err pt_score_institution(const struct pt_settings *settings, const struct pt_unit_part *parts, size_t n_parts,
                                 struct pt_institution_score *out)
{
    struct pt_institution_score score = {.exact = true};
    enum pt_err err = look_through(settings, parts, n_parts, &score);
    if (err != PT_OK) {
        return err;
    }
    bool all = takes_all(settings, parts, n_parts);
    score.high = all ? PT_SCORE_MAX : 0;
    for (int high = 0; score.has_score && !all && high < 2; high++) {
        struct end end = {settings, parts, n_parts, high == 1};
        struct mean mean;
        if (!furthest(&end, &mean) || !divide(&mean, settings, high == 1 ? &score.high : &score.low)) {
            return PT_ELIMIT;
        }
    }
    *out = score;
    return PT_OK;
}
