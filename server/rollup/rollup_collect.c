/* rollup_collect.c - assessment by assessment: logs, merge, score, one unit. */
#include "base/mem.h"
#include "rollup/rollup_internal.h"

#include <stdlib.h>
#include <string.h>

static int compare_units(const void *a, const void *b)
{
    const struct pt__unit *x = a;
    const struct pt__unit *y = b;
    return strcmp(x->code, y->code);
}

static struct pt__unit *find_unit(struct pt__rollup *r, const char *code)
{
    struct pt__unit key = {.code = code};
    struct pt__unit *found =
        r->n_registry_units == 0 ? NULL : bsearch(&key, r->units, r->n_registry_units, sizeof *r->units, compare_units);
    for (size_t i = r->n_units; found == NULL && i > r->n_registry_units; i--) { /* the newest is asked for most */
        found = strcmp(r->units[i - 1].code, code) == 0 ? &r->units[i - 1] : NULL;
    }
    return found;
}

struct pt__unit *pt__rollup_unit(struct pt__rollup *r, const char *code)
{
    struct pt__unit *unit = find_unit(r, code);
    if (unit != NULL) {
        return unit;
    }
    const char *slash = strchr(code, '/');
    if (pt_reserve(&r->units, &r->units_capacity, r->n_units + 1, sizeof *r->units) != PT_OK) {
        return NULL;
    }
    unit = &r->units[r->n_units];
    *unit = (struct pt__unit){.type = "other", .exact = true};
    unit->code = pt_arena_str(&r->keep, code);
    unit->name = unit->code;
    unit->institution = pt_arena_strn(&r->keep, code, slash == NULL ? strlen(code) : (size_t)(slash - code));
    if (unit->code == NULL || unit->institution == NULL) {
        return NULL;
    }
    r->n_units++;
    return unit;
}

enum pt_err pt__rollup_sort_units(struct pt__rollup *r)
{
    if (r->n_units > 1) {
        qsort(r->units, r->n_units, sizeof *r->units, compare_units);
    }
    return r->n_units == 0 || r->units[0].code != NULL ? PT_OK : PT_ENOMEM;
}

static enum pt_err expect_registry_units(struct pt__rollup *r)
{
    for (size_t i = 0; i < r->registry.n_units; i++) {
        const struct pt_unit_row *row = &r->registry.units[i];
        if (pt_reserve(&r->units, &r->units_capacity, r->n_units + 1, sizeof *r->units) != PT_OK) {
            return PT_ENOMEM;
        }
        r->units[r->n_units++] = (struct pt__unit){
            .code = row->code,
            .institution = row->institution,
            .name = row->name,
            .type = row->type,
            .expected = true,
            .exact = true,
        };
    }
    r->n_registry_units = r->n_units;
    return PT_OK;
}

/* Who the registry gives a unit of the institution to; "" for nobody. */
static const char *office_of(const struct pt__rollup *r, const char *institution)
{
    const struct pt_institution_row *row = pt_registry_institution(&r->registry, institution);
    return row == NULL ? "" : row->office;
}

/* An office that is not in charge opened it too, in vain. */
static bool has_foreign_opening(const struct pt_assessment *a)
{
    for (size_t i = 0; i < a->n_ineffective; i++) {
        const struct pt_ineffective *row = &a->ineffective[i];
        if (row->view->entries[row->seq - 1].kind == PATUH__ENTRY_KIND__ENTRY_OPEN) {
            return true;
        }
    }
    return false;
}

/* Proposed by a surveyor it counts at the level submitted only; above, an office has to have said so. */
static bool is_not_assessed(const struct pt__rollup *r, const struct pt_assessment *a)
{
    if (a->state != PATUH__STATE__STATE_NOT_ASSESSED) {
        return false;
    }
    return r->in->level == PT_LEVEL_SUBMITTED || a->state_tier > 0;
}

/* Only that there is one: its text is a blob that may be erased by law, and then these bytes would differ. */
static bool has_reason(const struct pt_assessment *a)
{
    return a->n_not_assessed > 0 || (a->state_move != NULL && a->state_move->reason.len > 0);
}

static enum pt_err keep_products(struct pt__rollup *r, struct pt__unit *unit, const struct pt_unit_score *score)
{
    if (r->ins->settings.institution_rule != PT_MEAN_OF_PRODUCTS) {
        return PT_OK;
    }
    struct pt_bytes copy =
        pt_arena_dup(&r->keep, pt_bytes_of(score->products, score->n_products * sizeof *score->products));
    if (copy.data == NULL) {
        return PT_ENOMEM;
    }
    memcpy(&unit->products, &copy.data, sizeof unit->products);
    unit->n_product_scores = score->n_products;
    return PT_OK;
}

static enum pt_err score_unit(struct pt__rollup *r, struct pt__unit *unit, const struct pt_assessment *a)
{
    struct pt_unit_score score;
    enum pt_err err = pt_score_unit(r->ins, &a->answers, &r->work, &score);
    if (err != PT_OK) {
        return err;
    }
    unit->has_score = score.has_score;
    unit->may_lack = score.may_lack;
    unit->n_to_come = score.n_to_come;
    unit->low = score.low;
    unit->high = score.high;
    unit->exact = score.exact;
    unit->placeholder = score.placeholder;
    unit->n_conflicts = score.n_conflicts;
    unit->n_missing = score.n_missing;
    err = pt__rollup_put_tree(r, unit, &score);
    if (err == PT_OK) {
        err = keep_products(r, unit, &score);
    }
    return err == PT_OK ? pt__rollup_put_answers(r, unit, a) : err;
}

static enum pt_err name_unit(struct pt__rollup *r, struct pt__unit *unit, const Patuh__Opening *opening)
{
    if (unit->expected) { /* the registry names it */
        return PT_OK;
    }
    unit->name = opening->unit_name == NULL ? unit->name : pt_arena_str(&r->keep, opening->unit_name);
    unit->type = opening->unit_type == NULL ? unit->type : pt_arena_str(&r->keep, opening->unit_type);
    return unit->name == NULL || unit->type == NULL ? PT_ENOMEM : PT_OK;
}

static enum pt_err take_assessment(struct pt__rollup *r, const struct pt_assessment *a, const struct pt_hash *inputs,
                                   struct pt__unit *unit)
{
    unit->has_logs = true;
    unit->subject = *a->subject;
    unit->inputs = *inputs;
    unit->n_ineffective = a->n_ineffective;
    if (a->opening == NULL) {
        return PT_OK;
    }
    unit->opened = true;
    unit->state = a->state;
    unit->n_pending = a->n_pending;
    unit->not_assessed = is_not_assessed(r, a);
    unit->has_reason = unit->not_assessed && has_reason(a);
    unit->counts = a->counts && !unit->not_assessed;
    enum pt_err err = name_unit(r, unit, a->opening);
    return err == PT_OK && unit->counts ? score_unit(r, unit, a) : err;
}

/* What the merge came to, into the unit and, for fixing, into the plan. */
static enum pt_err take(struct pt__rollup *r, struct pt_view *views, size_t n_views, const struct pt_assessment *a,
                        const struct pt_hash *inputs, struct pt__unit **out)
{
    char code[PT_SUBJECT_BYTES_MAX + 1];
    pt_subject_unit(a->subject, code);
    struct pt__unit *unit = pt__rollup_unit(r, code);
    *out = unit;
    enum pt_err err = unit == NULL ? PT_ENOMEM : take_assessment(r, a, inputs, unit);
    return err == PT_OK && r->plan != NULL ? pt__fix_take(r, views, n_views, a, unit) : err;
}

/* *out stays NULL when nothing of it counts. */
static enum pt_err assess(struct pt__rollup *r, size_t first, size_t last, struct pt__unit **out)
{
    const struct pt_subject *subject = &r->heads[first].log.subject;
    struct pt_merge_input input = {.subject = subject, .authority = &r->authority, .instrument = r->ins};
    struct pt_assessment assessment;
    struct pt_hash inputs;
    struct pt_view *views;
    char institution[PT_SUBJECT_BYTES_MAX + 1];
    input.level = r->in->level;
    input.version = r->fix.version;
    input.lookup.instrument = pt__rollup_instrument;
    input.lookup.data = r;
    enum pt_err err = pt__rollup_views(r, first, last, &r->work, &views, &input.n_views, &inputs);
    if (err != PT_OK || input.n_views == 0) {
        return err;
    }
    input.views = views;
    pt_subject_institution(subject, institution);
    input.office = r->has_registry ? office_of(r, institution) : NULL;
    err = pt_merge(&input, &r->work, &assessment);
    if (err == PT_OK) {
        err = take(r, views, input.n_views, &assessment, &inputs, out);
    }
    if (err == PT_OK) {
        (*out)->foreign = r->has_registry && has_foreign_opening(&assessment);
    }
    bool said = r->problem != NULL && r->problem->msg != PT_MSG_NONE; /* by who knows better */
    if (err == PT_ELIMIT && !said) {
        return pt_problem_set(r->problem, PT_EINVALID, PT_MSG_ROLLUP_ASSESSMENT, pt_subject_name(subject),
                              pt_err_text(err), NULL);
    }
    return err;
}

/* As an earlier run made it, or anew. */
static enum pt_err collect_one(struct pt__rollup *r, size_t first, size_t last)
{
    struct pt__kept kept;
    struct pt__unit *unit = NULL;
    enum pt_err err = pt__cache_take(r, first, last, &kept);
    if (err != PT_ENOTFOUND) {
        return err;
    }
    err = assess(r, first, last, &unit);
    if (err == PT_OK) {
        err = pt__part_end(r, &r->tree, &kept.tree);
    }
    if (err == PT_OK) {
        err = pt__part_end(r, &r->answers, &kept.answers);
    }
    if (err == PT_OK && unit != NULL) {
        pt__cache_put(r, &r->heads[first].log.subject, unit, &kept);
    }
    return err;
}

enum pt_err pt__rollup_collect(struct pt__rollup *r)
{
    enum pt_err err = expect_registry_units(r);
    size_t end;
    if (err == PT_OK) {
        err = pt__rollup_put_headings(r);
    }
    pt__cache_open(r);
    for (size_t i = 0; i < r->n_heads && err == PT_OK; i = end) {
        const struct pt_subject *subject = &r->heads[i].log.subject;
        for (end = i + 1; end < r->n_heads && pt_subject_eq(&r->heads[end].log.subject, subject);) {
            end++;
        }
        if (r->in->is_cancelled != NULL && r->in->is_cancelled(r->in->cancel_data)) {
            err = PT_ECANCELED;
        } else if (pt__rollup_of_cycle(r, subject)) {
            err = collect_one(r, i, end);
            pt_arena_reset(&r->work);
        }
    }
    pt__cache_close(r, err == PT_OK);
    return err;
}
