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

struct mean {
    struct pt_sum low;
    struct pt_sum high;
    int64_t n;
};

static enum pt_err add(struct mean *mean, const struct pt_settings *settings, int64_t low, int64_t high, int64_t n)
{
    if (low < 0 || high < 0) {
        return PT_ELIMIT;
    }
    if (settings->carry_unit == PT_CARRY_AS_PRINTED) {
        low = pt_score_round(low, settings->decimals);
        high = pt_score_round(high, settings->decimals);
    }
    bool fits = pt_sum_add(&mean->low, low, n) && pt_sum_add(&mean->high, high, n) && mean->n + n < PRODUCTS_MAX;
    mean->n += n;
    return fits ? PT_OK : PT_ELIMIT;
}

static enum pt_err add_products(struct mean *mean, const struct pt_settings *settings, const struct pt_unit_part *part)
{
    if (part->products == NULL) {
        return part->has_score ? add(mean, settings, part->low, part->high, part->n_products) : PT_OK;
    }
    enum pt_err err = PT_OK;
    for (size_t i = 0; err == PT_OK && i < part->n_product_scores; i++) {
        const struct pt_product_score *product = &part->products[i];
        err = product->has_score ? add(mean, settings, product->low, product->high, 1) : PT_OK;
    }
    return err;
}

/* One rounding, straight from the exact quotient. */
static bool divide(const struct pt_sum *sum, int64_t n, const struct pt_settings *settings, int64_t *out)
{
    if (settings->carry_institution == PT_CARRY_EXACT) {
        return pt_sum_divide(sum, n, PT_ROUND_HALF_EVEN, out);
    }
    int64_t step = step_of(settings->decimals);
    if (!pt_sum_divide(sum, n * step, PT_ROUND_HALF_UP, out)) {
        return false;
    }
    *out *= step;
    return true;
}

enum pt_err pt_score_institution(const struct pt_settings *settings, const struct pt_unit_part *parts, size_t n_parts,
                                 struct pt_institution_score *out)
{
    struct pt_institution_score score = {0};
    struct mean mean = {0};
    for (size_t i = 0; i < n_parts; i++) {
        const struct pt_unit_part *part = &parts[i];
        int64_t before = mean.n;
        enum pt_err err = PT_OK;
        if (settings->institution_rule == PT_MEAN_OF_PRODUCTS) {
            err = add_products(&mean, settings, part);
        } else if (part->has_score) {
            err = add(&mean, settings, part->low, part->high, 1);
        }
        if (err != PT_OK) {
            return err;
        }
        score.n_units += mean.n > before ? 1 : 0;
    }
    if (mean.n > 0) {
        score.has_score = true;
        if (!divide(&mean.low, mean.n, settings, &score.low) || !divide(&mean.high, mean.n, settings, &score.high)) {
            return PT_ELIMIT;
        }
    }
    *out = score;
    return PT_OK;
}
