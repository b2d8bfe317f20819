#include "worlds.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define WORLDS_TRIED_MAX 1000
#define CLEARED 9

uint32_t worlds_roll(uint64_t *state, uint32_t n)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 40) % n;
}

/* --- instruments --- */

static const char choices[] = "list_name,name,score\nlevel,0,0\nlevel,1,1\nlevel,3,3\nlevel,5,5\nsome,a,1\nsome,b,2\n";

static const struct {
    const char *name;
    unsigned repeat; /* 0: none, 1: r, 2: s */
    const char *domain[5];
} questions[WORLDS_QUESTIONS] = {
    {"g0", 0, {"0", "1", "3", "5"}}, {"g1", 0, {"a", "b"}},        {"n0", 0, {"0", "5", "10"}},
    {"q0", 0, {"0", "5", "10"}},     {"q1", 0, {"0", "3", "5"}},   {"r0", 1, {"0", "5", "10"}},
    {"r1", 1, {"a", "b"}},           {"r2", 1, {"0", "2.5", "9"}}, {"s0", 2, {"0", "5", "10"}},
};

static const char *pick(uint64_t *state, const char *const *list, uint32_t n)
{
    return list[worlds_roll(state, n)];
}

static void random_survey(uint64_t *state, struct pt_buf *out)
{
    static const char *const none[] = {"", "", ""};
    static const char *const early[] = {"", "", "${g0} != '0'", "${g0} = '5' or ${g1} = 'a'", "${n0} > 4"};
    static const char *const late[] = {"",
                                       "",
                                       "${g0} = '1'",
                                       "${g1} = 'b'",
                                       "count-answered(${r0}) > 1",
                                       "sum(${s0}) > 5",
                                       "count(${r}) > 2",
                                       "max(${rc}) > 1"};
    static const char *const sums[] = {"sum(${r0})", "if(${n0} > 3, 2, 2)", "count(${r}) * 3 + count-answered(${s0})",
                                       "if(${g0} = '5', 7, sum(${s0}))", "min(${r0}) + ${q0}"};
    static const char *const inside[] = {"", "", "${r0} > 4", "${r0} != 5", "${g0} = '3'"};
    static const char *const ways[] = {"mean", "min", "max"};
    static const char *const all_weights[] = {"", "5", "40"};
    bool gated = worlds_roll(state, 3) == 0; /* nothing scores unless a gate is open */
    const char *const *weights = gated ? none : all_weights;
    pt_buf_put_str(out, "type,name,relevant,calculation,weight,weights,max_score,aggregate,min_count\n");
    pt_buf_printf(out, "select_one level,g0,,,%s,,,,\n", pick(state, weights, 3));
    pt_buf_printf(out, "select_one some,g1,%s,,%s,,,,\n", worlds_roll(state, 3) == 0 ? early[2] : "",
                  pick(state, weights, 3));
    pt_buf_printf(out, "integer,n0,,,%s,,8,,\n", pick(state, weights, 3));
    pt_buf_printf(out, "begin_repeat,r,%s,,30,normalise,,,\n", gated ? early[2] : pick(state, early, 5));
    pt_buf_printf(out, "integer,r0,,,1,,10,%s,%u\n", pick(state, ways, 3), worlds_roll(state, 4));
    pt_buf_printf(out, "select_one some,r1,%s,,2,,,,%u\n", pick(state, inside, 5), worlds_roll(state, 4));
    pt_buf_printf(out, "decimal,r2,,,,,,,\ncalculate,rc,,\"if(${r2} <= 4, 4, 1)\",%s,,4,min,\nend_repeat,,,,,,,,\n",
                  worlds_roll(state, 3) == 0 ? "" : "1");
    pt_buf_printf(out, "begin_repeat,s,,,%s,normalise,,,\ninteger,s0,%s,,%s,,10,,%s\nend_repeat,,,,,,,,\n",
                  gated || worlds_roll(state, 2) == 0 ? "" : "10", pick(state, early, 5), gated ? "" : "1",
                  gated || worlds_roll(state, 2) == 0 ? "" : "2");
    pt_buf_printf(out, "begin_group,g,%s,,50,normalise,,,\ninteger,q0,,,3,,8,,\n",
                  gated ? late[2 + worlds_roll(state, 6)] : pick(state, late, 8));
    pt_buf_printf(out, "begin_group,h,%s,,2,normalise,,,\nselect_one level,q1,%s,,3,,,,\nend_group,,,,,,,,\n",
                  pick(state, late, 8), pick(state, late, 8));
    pt_buf_printf(out, "calculate,c0,,\"%s\",2,,20,,\nend_group,,,,,,,,\n", pick(state, sums, 5));
}

#define RULES(rule, product, missing, inapplicable, carry)                                                             \
    SETTINGS_HEAD "uji,1,2023," rule "," product "," carry ",as_printed,2," missing "," inapplicable                   \
                  ",normalise,+07:00,no\n"
#define RULES_OF(missing, inapplicable, units, products)                                                               \
    RULES("mean_of_units", "", missing, inapplicable, units),                                                          \
        RULES("mean_of_products", "r", missing, inapplicable, products)
const char *const worlds_rules[WORLDS_RULES] = {
    RULES_OF("zero", "exclude", "exact", "as_printed"),   RULES_OF("exclude", "exclude", "as_printed", "exact"),
    RULES_OF("zero", "full", "as_printed", "as_printed"), RULES_OF("exclude", "full", "exact", "exact"),
    RULES_OF("range", "exclude", "as_printed", "exact"),  RULES_OF("range", "full", "exact", "as_printed")};

void worlds_open(struct fixture *f, uint64_t *state, size_t rule, struct pt_buf *sheet)
{
    struct pt_buf survey = {0};
    random_survey(state, &survey);
    fixture_open(f, pt_buf_text(&survey), choices, worlds_rules[rule]);
    pt_buf_put_bytes(sheet, pt_buf_bytes(&survey));
    pt_buf_free(&survey);
}

/* --- answers in the making --- */

static unsigned domain_size(size_t q)
{
    unsigned n = 0;
    while (questions[q].domain[n] != NULL) {
        n++;
    }
    return n;
}

void worlds_model(uint64_t *state, struct model *m)
{
    *m = (struct model){.n_instances = {1, worlds_roll(state, 4), worlds_roll(state, 3)}};
    for (size_t q = 0; q < WORLDS_QUESTIONS; q++) {
        for (unsigned i = 0; i < m->n_instances[questions[q].repeat]; i++) {
            m->cells[q][i] = (struct cell){1, {worlds_roll(state, domain_size(q)), 0}};
        }
    }
    if (worlds_roll(state, 3) == 0) { /* the gate of most */
        m->cells[0][0] = (struct cell){2, {0, 1 + worlds_roll(state, 3)}};
    }
    for (uint32_t n = worlds_roll(state, 6); n > 0; n--) {
        size_t q = worlds_roll(state, WORLDS_QUESTIONS);
        unsigned n_at = m->n_instances[questions[q].repeat];
        struct cell *cell = &m->cells[q][n_at == 0 ? 0 : worlds_roll(state, n_at)];
        if (n_at == 0 || cell->n != 1 || cell->values[0] == CLEARED) {
            continue;
        }
        unsigned other = (cell->values[0] + 1 + worlds_roll(state, domain_size(q) - 1)) % domain_size(q);
        switch (worlds_roll(state, 4)) {
        case 0:
            cell->n = 0;
            break;
        case 1:
            *cell = (struct cell){2, {cell->values[0], CLEARED}};
            break;
        default:
            *cell = (struct cell){2, {cell->values[0], other}};
        }
    }
}

static void build(const struct fixture *f, const struct model *m, bool backwards, struct answers *a)
{
    static const char *const names[2][WORLDS_INSTANCES_MAX] = {{"a", "b", "c", "d", "e", "f"},
                                                               {"k", "l", "m", "n", "o", "p"}};
    *a = (struct answers){0};
    for (unsigned repeat = 1; repeat < 3; repeat++) {
        for (unsigned i = 0; i < m->n_instances[repeat]; i++) {
            (void)instance_add(f, a, repeat == 1 ? "r" : "s", names[repeat - 1][i]);
        }
    }
    for (size_t q = 0; q < WORLDS_QUESTIONS; q++) {
        unsigned before = questions[q].repeat == 2 ? m->n_instances[1] : 0;
        for (unsigned i = 0; i < m->n_instances[questions[q].repeat]; i++) {
            const struct cell *cell = &m->cells[q][i];
            const char *texts[3] = {0};
            for (unsigned k = 0; k < cell->n; k++) {
                unsigned value = cell->values[backwards ? cell->n - 1 - k : k];
                texts[k] = value == CLEARED ? "" : questions[q].domain[value];
            }
            if (cell->n > 0) {
                answer_add(f, a, questions[q].name, questions[q].repeat == 0 ? 0 : before + i + 1, texts);
            }
        }
    }
}

void worlds_score(const struct fixture *f, const struct model *m, bool backwards, struct pt_arena *arena,
                  struct pt_unit_score *out)
{
    struct answers a;
    build(f, m, backwards, &a);
    cr_assert_eq(pt_score_unit(&f->ins, &a.all, arena, out), PT_OK);
}

/* --- worlds --- */

static bool same_outcome(const struct outcome *a, const struct outcome *b)
{
    bool same = a->part.has_score == b->part.has_score && a->part.low == b->part.low && a->part.high == b->part.high &&
                a->part.n_product_scores == b->part.n_product_scores;
    for (size_t i = 0; same && i < a->part.n_product_scores; i++) {
        same = a->products[i].has_score == b->products[i].has_score && a->products[i].low == b->products[i].low &&
               a->products[i].high == b->products[i].high;
    }
    return same;
}

static void keep_outcome(struct worlds *w, const struct pt_unit_score *s)
{
    struct outcome o = {.part = {.has_score = s->has_score, .low = s->low, .high = s->high}};
    if (s->n_products > WORLDS_INSTANCES_MAX || w->n_outcomes == WORLDS_OUTCOMES_MAX) {
        w->whole = false;
        return;
    }
    o.part.n_product_scores = s->n_products;
    for (size_t i = 0; i < s->n_products; i++) {
        o.products[i] = s->products[i];
    }
    for (size_t i = 0; i < w->n_outcomes; i++) {
        if (same_outcome(&w->outcomes[i], &o)) {
            return;
        }
    }
    w->outcomes[w->n_outcomes++] = o;
}

static bool holds(bool has_score, bool may_lack, int64_t low, int64_t high, const struct pt_node_score *s)
{
    return s->has_score ? has_score && low <= s->low && s->high <= high : !has_score || may_lack;
}

/* The first thing found wrong is enough. */
static void note(struct worlds *w, const char *name, const struct pt_node_score *a, const struct pt_node_score *b)
{
    if (w->fault[0] == '\0') {
        (void)snprintf(w->fault, sizeof w->fault, "%s: score %d %ld..%ld%s does not hold score %d %ld..%ld%s", name,
                       a->has_score, (long)a->low, (long)a->high, a->may_lack ? " or none" : "", b->has_score,
                       (long)b->low, (long)b->high, b->may_lack ? " or none" : "");
    }
}

void worlds_look(struct worlds *w, const struct pt_unit_score *s)
{
    const struct pt_unit_score *root = w->root;
    for (size_t i = 0; i < s->n_nodes; i++) {
        const struct pt_node_score *a = &root->nodes[i];
        const struct pt_node_score *b = &s->nodes[i];
        if (!holds(a->has_score, a->may_lack, a->low, a->high, b) || (b->may_lack && !a->may_lack)) {
            note(w, i == 0 ? "unit" : w->f->ins.nodes[i].name, a, b);
        }
    }
}

static void end_world(struct worlds *w, const struct pt_unit_score *s)
{
    w->n++;
    w->none = w->none || !s->has_score;
    if (s->has_score) {
        w->low = !w->some || s->low < w->low ? s->low : w->low;
        w->high = !w->some || s->high > w->high ? s->high : w->high;
        w->some = true;
        w->plain = w->plain && s->low == s->high;
    }
    keep_outcome(w, s);
}

static bool find_conflict(const struct model *m, size_t *q, unsigned *i)
{
    for (*q = 0; *q < WORLDS_QUESTIONS; ++*q) {
        for (*i = 0; *i < m->n_instances[questions[*q].repeat]; ++*i) {
            if (m->cells[*q][*i].n > 1) {
                return true;
            }
        }
    }
    return false;
}

/* The cell of a missing answer; false when an instance has to be added first, to *repeat. */
static bool find_missing(const struct fixture *f, const struct model *m, const struct pt_missing *missing, size_t *q,
                         unsigned *i, unsigned *repeat)
{
    for (*q = 0; fixture_node(f, questions[*q].name) != missing->node; ++*q) {
    }
    *repeat = questions[*q].repeat;
    *i = missing->instance == 0 ? 0 : missing->instance - 1 - (*repeat == 2 ? m->n_instances[1] : 0);
    return *repeat == 0 || missing->instance != 0;
}

static void explore(struct worlds *w, const struct model *m) // NOLINT(misc-no-recursion): one level an open item
{
    struct model next = *m;
    struct pt_arena arena;
    struct pt_unit_score s;
    size_t q;
    unsigned i;
    unsigned repeat;
    if (w->n >= WORLDS_TRIED_MAX) {
        w->whole = false;
        return;
    }
    pt_arena_init(&arena, SIZE_MAX);
    worlds_score(w->f, m, false, &arena, &s);
    worlds_look(w, &s);
    if (find_conflict(m, &q, &i)) {
        for (unsigned k = 0; k < m->cells[q][i].n; k++) {
            next.cells[q][i] = (struct cell){1, {m->cells[q][i].values[k], 0}};
            explore(w, &next);
        }
    } else if (w->f->ins.settings.missing != PT_MISSING_RANGE || s.n_missing == 0) {
        end_world(w, &s);
    } else if (find_missing(w->f, m, &s.missing[0], &q, &i, &repeat)) {
        for (unsigned k = 0; k < domain_size(q); k++) {
            next.cells[q][i] = (struct cell){1, {k, 0}};
            explore(w, &next);
        }
    } else if (m->n_instances[repeat] < WORLDS_INSTANCES_MAX) {
        next.n_instances[repeat]++;
        explore(w, &next);
    } else {
        w->whole = false;
    }
    pt_arena_close(&arena);
}

void worlds_explore(struct worlds *w, const struct fixture *f, const struct model *m, const struct pt_unit_score *root)
{
    *w = (struct worlds){.f = f, .root = root, .whole = true, .plain = true};
    explore(w, m);
}
