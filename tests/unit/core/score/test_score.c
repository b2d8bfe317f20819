#include "support/instrument_fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>

/* Input 40 (pledge 30, hours 70), products 60: shown once for each product, fee likewise. */
static const char survey[] =
    "type,name,relevant,calculation,required,weight,weights,max_score,aggregate,min_count,placeholder\n"
    "select_one level,gate,,,,,,,,,\n"
    "begin_group,input,${gate} != '0',,,40,sum100,,,,yes\n"
    "select_one level,pledge,,,,30,,,,,\n"
    "integer,hours,,,,70,,8,,,\n"
    "end_group,,,,,,,,,,\n"
    "begin_repeat,product,,,,60,normalise,,,,\n"
    "select_one level,shown,,,,2,,,,,\n"
    "decimal,fee,,,,,,,,,\n"
    "calculate,fair,,\"if(${fee} <= 10, 4, 1)\",,1,,4,min,,\n"
    "end_repeat,,,,,,,,,,\n";
static const char choices[] = "list_name,name,score\nlevel,0,0\nlevel,1,1\nlevel,3,3\nlevel,5,5\n";

static void score(const struct fixture *f, const struct answers *a, struct pt_arena *arena, struct pt_unit_score *out)
{
    cr_assert_eq(pt_score_unit(&f->ins, &a->all, arena, out), PT_OK);
}

/* gate 1, pledge 3 of 5 -> 60, hours 6 of 8 -> 75; input = (30 x 60 + 70 x 75) / 100 = 70.5
 * shown 5 and 1 -> mean 3 of 5 = 60; fair 4 and 1 -> min 1 of 4 = 25; product = (2 x 60 + 25) / 3 = 48.333333333
 * unit = (40 x 70.5 + 60 x 48.333333333) / 100 = 57.2 - 0.0000000002 = 57.1999999998 -> 57.200000000 */
static void by_hand(const struct fixture *f, struct answers *a)
{
    *a = (struct answers){0};
    uint32_t akta = instance_add(f, a, "product", "akta");
    uint32_t ktp = instance_add(f, a, "product", "ktp");
    answer_one(f, a, "gate", 0, "1");
    answer_one(f, a, "pledge", 0, "3");
    answer_one(f, a, "hours", 0, "6");
    answer_one(f, a, "shown", akta, "5");
    answer_one(f, a, "shown", ktp, "1");
    answer_one(f, a, "fee", akta, "10");
    answer_one(f, a, "fee", ktp, "10.5");
}

Test(score, equals_the_sum_by_hand)
{
    struct fixture f;
    struct answers a;
    struct pt_unit_score s;
    fixture_open(&f, survey, choices, SETTINGS("zero", "exclude"));
    by_hand(&f, &a);
    score(&f, &a, &f.arena, &s);
    cr_expect(s.has_score && s.exact && s.placeholder);
    cr_expect_eq(s.nodes[fixture_node(&f, "pledge")].low, 60 * PT_POINT);
    cr_expect_eq(s.nodes[fixture_node(&f, "hours")].low, 75 * PT_POINT);
    cr_expect_eq(s.nodes[fixture_node(&f, "input")].low, 70500000000);
    cr_expect_eq(s.nodes[fixture_node(&f, "shown")].low, 60 * PT_POINT);
    cr_expect_eq(s.nodes[fixture_node(&f, "fair")].low, 25 * PT_POINT);
    cr_expect_eq(s.nodes[fixture_node(&f, "product")].low, 48333333333);
    cr_expect_eq(s.low, 57200000000, "%ld", (long)s.low);
    cr_expect_eq(s.high, s.low);
    cr_expect_eq(s.n_missing, 0);
    cr_expect_eq(s.nodes[fixture_node(&f, "shown")].n_answered, 2);
    cr_expect_eq(s.nodes[0].n_answered, 7);
    const struct pt_slot *slot = pt_unit_slot(&f.ins, &a.all, &s, fixture_node(&f, "fair"), 2);
    cr_expect_eq(slot->number, 1);
    cr_expect_null(pt_unit_slot(&f.ins, &a.all, &s, fixture_node(&f, "fair"), 3));
    fixture_close(&f);
}

Test(score, a_question_that_is_not_relevant_reads_as_empty)
{
    struct fixture f;
    struct answers a;
    struct pt_unit_score s;
    fixture_open(&f, survey, choices, SETTINGS("zero", "exclude"));
    by_hand(&f, &a);
    cr_assert_eq(pt_value_read(&f.ins, fixture_node(&f, "gate"), "0", &a.values[0][0], NULL), PT_OK);
    score(&f, &a, &f.arena, &s);
    uint32_t input = fixture_node(&f, "input");
    uint32_t hours = fixture_node(&f, "hours");
    cr_expect_not(s.nodes[input].has_score);
    cr_expect_not(s.nodes[hours].relevant);
    cr_expect_eq(s.nodes[hours].blocker, input);
    cr_expect_eq(s.low, 48333333333, "only the products count");
    fixture_close(&f);
    fixture_open(&f, survey, choices, SETTINGS("zero", "full"));
    score(&f, &a, &f.arena, &s);
    cr_expect_eq(s.low, 69 * PT_POINT, "(40 x 100 + 60 x 48.333333333) / 100 = 68.9999999998: %ld", (long)s.low);
    fixture_close(&f);
}

Test(score, missing_answers_follow_the_rule)
{
    const struct {
        const char *settings;
        bool has_score;
        int64_t low;
        int64_t high;
    } rows[] = {
        /* hours missing: input = 30 x 60 / 100 = 18; 60; 18..88 */
        {SETTINGS("zero", "exclude"), true, 36200000000, 36200000000},
        {SETTINGS("exclude", "exclude"), true, 53 * PT_POINT, 53 * PT_POINT},
        {SETTINGS("range", "exclude"), true, 36200000000, 64200000000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture f;
        struct answers a;
        struct pt_unit_score s;
        fixture_open(&f, survey, choices, rows[i].settings);
        by_hand(&f, &a);
        a.values[2][0].type = PT_VALUE_NONE;
        score(&f, &a, &f.arena, &s);
        cr_expect_eq(s.has_score, rows[i].has_score);
        cr_expect_eq(s.low, rows[i].low, "row %zu: %ld", i, (long)s.low);
        cr_expect_eq(s.high, rows[i].high, "row %zu: %ld", i, (long)s.high);
        cr_assert_eq(s.n_missing, 1);
        cr_expect_eq(s.missing[0].node, fixture_node(&f, "hours"));
        fixture_close(&f);
    }
}

Test(score, nothing_answered_is_zero_nothing_or_everything)
{
    const struct {
        const char *settings;
        bool has_score;
        int64_t high;
    } rows[] = {{SETTINGS("zero", "exclude"), true, 0},
                {SETTINGS("exclude", "exclude"), false, 0},
                {SETTINGS("range", "exclude"), true, PT_SCORE_MAX}};
    for (size_t i = 0; i < 3; i++) {
        struct fixture f;
        struct answers a = {0};
        struct pt_unit_score s;
        fixture_open(&f, survey, choices, rows[i].settings);
        score(&f, &a, &f.arena, &s);
        cr_expect_eq(s.has_score, rows[i].has_score, "row %zu", i);
        cr_expect_eq(s.low, 0);
        cr_expect_eq(s.high, rows[i].high, "row %zu", i);
        /* gate, pledge, hours; shown has no instance; fee feeds a calculation but has no instance to point at */
        cr_expect_eq(s.n_missing, 4, "row %zu: %zu", i, s.n_missing);
        fixture_close(&f);
    }
}

Test(score, min_count_counts_answers)
{
    const char *users = "type,name,weight,max_score,min_count\nbegin_repeat,user,,,\ninteger,delay,100,10,3\n"
                        "end_repeat,,,,\n";
    struct fixture f;
    struct answers a = {0};
    struct pt_unit_score s;
    fixture_open(&f, users, "", SETTINGS("zero", "exclude"));
    for (int i = 0; i < 4; i++) {
        static const char *const names[] = {"a", "b", "c", "d"};
        (void)instance_add(&f, &a, "user", names[i]);
    }
    answer_one(&f, &a, "delay", 1, "5");
    answer_one(&f, &a, "delay", 2, "8");
    score(&f, &a, &f.arena, &s);
    cr_expect_eq(s.low, 0, "two of three");
    cr_expect_eq(s.n_missing, 2);
    answer_one(&f, &a, "delay", 4, "99");
    score(&f, &a, &f.arena, &s);
    cr_expect_eq(s.low, 76666666667, "(5 + 8 + 10) / 30: %ld", (long)s.low);
    fixture_close(&f);
}

Test(score, values_of_another_kind_read_as_empty)
{
    struct fixture f;
    struct answers a;
    struct pt_unit_score s;
    fixture_open(&f, survey, choices, SETTINGS("zero", "exclude"));
    by_hand(&f, &a);
    a.values[2][0].type = PT_VALUE_DECIMAL;
    a.values[1][0].choices = 60; /* no such choice */
    a.answers[3].instance = 77;  /* no such instance */
    a.answers[4].question = 999; /* no such question */
    score(&f, &a, &f.arena, &s);
    cr_expect_eq(s.nodes[fixture_node(&f, "input")].low, 0);
    cr_expect_eq(s.nodes[fixture_node(&f, "shown")].low, 0);
    fixture_close(&f);
}

Test(score, a_conflict_no_expression_reads_widens_exactly)
{
    const char *both[] = {"3", "5", NULL};
    struct fixture f;
    struct answers a = {0};
    struct pt_unit_score s;
    fixture_open(&f, survey, choices, SETTINGS("zero", "exclude"));
    answer_one(&f, &a, "gate", 0, "1");
    answer_add(&f, &a, "pledge", 0, both);
    answer_one(&f, &a, "hours", 0, "6");
    score(&f, &a, &f.arena, &s);
    uint32_t pledge = fixture_node(&f, "pledge");
    cr_expect_eq(s.n_conflicts, 1);
    cr_expect(s.exact);
    cr_expect_eq(s.nodes[pledge].low, 60 * PT_POINT);
    cr_expect_eq(s.nodes[pledge].high, 100 * PT_POINT);
    cr_expect_eq(s.low, 28200000000);    /* 40 x 70.5 / 100 */
    cr_expect_eq(s.high, 33 * PT_POINT); /* 40 x 82.5 / 100 */
    fixture_close(&f);
}

/* Low and high over all combinations, each scored alone. */
static void brute_force(const struct fixture *f, const struct answers *conflicts, int64_t *low, int64_t *high)
{
    struct answers one = *conflicts;
    size_t picks[FIXTURE_ANSWERS] = {0};
    *low = INT64_MAX;
    *high = INT64_MIN;
    one.all.answers = one.answers;
    one.all.instances = one.instances;
    for (;;) {
        struct pt_arena arena;
        struct pt_unit_score s;
        pt_arena_init(&arena, SIZE_MAX);
        for (size_t i = 0; i < one.all.n_answers; i++) {
            one.values[i][0] = conflicts->values[i][picks[i]];
            one.answers[i].values = one.values[i];
            one.answers[i].n_values = 1;
        }
        score(f, &one, &arena, &s);
        cr_assert_eq(s.n_conflicts, 0);
        if (s.has_score) {
            *low = s.low < *low ? s.low : *low;
            *high = s.high > *high ? s.high : *high;
        }
        pt_arena_close(&arena);
        size_t i = 0;
        while (i < one.all.n_answers && ++picks[i] == conflicts->answers[i].n_values) {
            picks[i++] = 0;
        }
        if (i == one.all.n_answers) {
            return;
        }
    }
}

static uint32_t roll(uint64_t *state, uint32_t n)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 40) % n;
}

/* Some random answers, with one to three values each ("" = cleared). */
static void random_answers(const struct fixture *f, uint64_t *state, bool cleared, struct answers *a)
{
    static const struct {
        const char *question;
        bool in_product;
        const char *values[4];
    } rows[] = {
        {"gate", false, {"0", "1", "5", ""}},   {"pledge", false, {"0", "3", "5", ""}},
        {"hours", false, {"2", "6", "9", ""}},  {"shown", true, {"0", "1", "5", ""}},
        {"fee", true, {"5", "10.5", "99", ""}},
    };
    *a = (struct answers){0};
    (void)instance_add(f, a, "product", "akta");
    (void)instance_add(f, a, "product", "ktp");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (uint32_t instance = rows[i].in_product ? 1 : 0; instance <= (rows[i].in_product ? 2 : 0); instance++) {
            uint32_t first = roll(state, cleared ? 4 : 3);
            uint32_t n = 1 + roll(state, 3);
            const char *values[4] = {0};
            for (uint32_t k = 0; k < n; k++) {
                values[k] = rows[i].values[(first + k) % (cleared ? 4 : 3)];
            }
            answer_add(f, a, rows[i].question, instance, values);
        }
    }
}

Test(score, trying_all_combinations_equals_brute_force)
{
    const char *const settings[] = {SETTINGS("zero", "exclude"), SETTINGS("exclude", "full"),
                                    SETTINGS("range", "exclude")};
    uint64_t state = 11;
    for (size_t i = 0; i < 30; i++) {
        struct fixture f;
        struct answers a;
        struct pt_unit_score s;
        int64_t low;
        int64_t high;
        fixture_open(&f, survey, choices, settings[i % 3]);
        random_answers(&f, &state, i % 2 == 0, &a);
        score(&f, &a, &f.arena, &s);
        brute_force(&f, &a, &low, &high);
        if (s.has_score) {
            cr_expect_eq(s.low, low, "case %zu: %ld, by force %ld", i, (long)s.low, (long)low);
            cr_expect_eq(s.high, high, "case %zu: %ld, by force %ld", i, (long)s.high, (long)high);
        }
        fixture_close(&f);
    }
}

/* A small instrument by chance: questions in and outside a repeat, some asked only after another one's answer, some
 * weighed by what a calculation makes of them or of how many answered. */
static void random_survey(uint64_t *state, struct pt_buf *out)
{
    static const char *const conditions[] = {"", "${q0} != '0'", "${q1} = '3' or ${q0} = '5'",
                                             "count-answered(${r0}) > 1", "${q0} = '1'"};
    static const char *const sums[] = {"sum(${r0})", "count(${r}) * 3 + count-answered(${r0})",
                                       "if(${q0} = '5', 7, sum(${r0}))"};
    pt_buf_put_str(out, "type,name,relevant,calculation,weight,weights,max_score,aggregate,min_count\n"
                        "select_one level,q0,,,,,,,\n");
    pt_buf_printf(out, "select_one level,q1,%s,,20,,,,\n", conditions[roll(state, 2)]);
    pt_buf_put_str(out, "begin_repeat,r,,,30,normalise,,,\n");
    pt_buf_printf(out, "integer,r0,,,1,,10,%s,%u\n", roll(state, 2) == 0 ? "mean" : "min", roll(state, 3));
    pt_buf_printf(out, "select_one level,r1,%s,,2,,,,\nend_repeat,,,,,,,,\n",
                  roll(state, 2) == 0 ? "${r0} > 4" : conditions[roll(state, 3)]);
    pt_buf_printf(out, "begin_group,g,%s,,50,normalise,,,\n", conditions[roll(state, 5)]);
    pt_buf_put_str(out, "integer,q2,,,3,,8,,\n");
    pt_buf_printf(out, "calculate,c,,\"%s\",2,,20,,\nend_group,,,,,,,,\n", sums[roll(state, 3)]);
}

static void random_conflicts(const struct fixture *f, uint64_t *state, struct answers *a)
{
    static const struct {
        const char *question;
        bool repeated;
        const char *values[4];
    } rows[] = {{"q0", false, {"0", "1", "5", ""}},
                {"q1", false, {"0", "3", "5", ""}},
                {"q2", false, {"2", "6", "9", ""}},
                {"r0", true, {"1", "5", "9", ""}},
                {"r1", true, {"0", "3", "5", ""}}};
    static const char *const names[] = {"a", "b", "c"};
    uint32_t n_instances = roll(state, 4);
    *a = (struct answers){0};
    for (uint32_t i = 0; i < n_instances; i++) {
        (void)instance_add(f, a, "r", names[i]);
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (uint32_t at = rows[i].repeated ? 1 : 0; at <= (rows[i].repeated ? n_instances : 0); at++) {
            const char *values[4] = {0};
            uint32_t first = roll(state, 4);
            uint32_t n = roll(state, 5) == 0 ? 0 : 1 + roll(state, 2); /* 0: nobody answered */
            for (uint32_t k = 0; k < n; k++) {
                values[k] = rows[i].values[(first + k) % 4];
            }
            if (n > 0) {
                answer_add(f, a, rows[i].question, at, values);
            }
        }
    }
}

/* Whatever the instrument: the range is that of all combinations, each scored alone; where their scores are ranges
 * themselves (missing = range) or one has none, it holds them all. */
Test(score, the_range_is_that_of_all_combinations_for_any_instrument)
{
    static const char *const settings[] = {SETTINGS("zero", "exclude"), SETTINGS("exclude", "full"),
                                           SETTINGS("exclude", "exclude"), SETTINGS("range", "exclude")};
    uint64_t state = 2023;
    size_t n_ranges = 0;
    for (size_t i = 0; i < 160; i++) {
        struct pt_buf sheet = {0};
        struct fixture f;
        struct answers a;
        struct pt_unit_score s;
        int64_t low;
        int64_t high;
        random_survey(&state, &sheet);
        fixture_open(&f, pt_buf_text(&sheet), choices, settings[i % 4]);
        random_conflicts(&f, &state, &a);
        score(&f, &a, &f.arena, &s);
        brute_force(&f, &a, &low, &high);
        cr_expect_eq(s.has_score, low <= high, "case %zu", i);
        if (s.has_score && i % 4 != 3) {
            cr_expect(s.low == low && s.high == high, "case %zu: %ld..%ld, by force %ld..%ld\n%s", i, (long)s.low,
                      (long)s.high, (long)low, (long)high, pt_buf_text(&sheet));
        }
        cr_expect(!s.has_score || (s.low <= low && high <= s.high), "case %zu: %ld..%ld holds %ld..%ld", i, (long)s.low,
                  (long)s.high, (long)low, (long)high);
        n_ranges += s.has_score && s.low < s.high;
        fixture_close(&f);
        pt_buf_free(&sheet);
    }
    cr_expect_gt(n_ranges, 60, "%zu ranges", n_ranges);
}

/* gate is read by a relevant, and 13 more like it are: 2^13 combinations. */
Test(score, beyond_the_limit_the_touched_groups_take_their_whole_scale)
{
    struct pt_buf sheet = {0};
    pt_buf_put_str(&sheet, "type,name,relevant,weight,weights,max_score\n"
                           "begin_group,calm,,25,sum100,\ninteger,x,,100,,10\nend_group,,,,,\n"
                           "begin_group,wild,,75,normalise,\n");
    for (int i = 0; i < 13; i++) {
        pt_buf_printf(&sheet, "select_one level,g%d,,,,\ninteger,y%d,${g%d} = '1',1,,10\n", i, i, i);
    }
    pt_buf_put_str(&sheet, "end_group,,,,,\n");
    struct fixture f;
    struct answers a = {0};
    struct pt_unit_score s;
    fixture_open(&f, pt_buf_text(&sheet), choices, SETTINGS("zero", "exclude"));
    answer_one(&f, &a, "x", 0, "8");
    for (int i = 0; i < 13; i++) {
        const char *both[] = {"0", "1", NULL};
        char name[16];
        (void)snprintf(name, sizeof name, "g%d", i);
        answer_add(&f, &a, name, 0, both);
        (void)snprintf(name, sizeof name, "y%d", i);
        answer_one(&f, &a, name, 0, "4");
    }
    score(&f, &a, &f.arena, &s);
    cr_expect_not(s.exact);
    cr_expect_eq(s.n_conflicts, 13);
    cr_expect_eq(s.nodes[fixture_node(&f, "calm")].high, 80 * PT_POINT);
    cr_expect_eq(s.nodes[fixture_node(&f, "calm")].low, 80 * PT_POINT);
    cr_expect_eq(s.low, 20 * PT_POINT); /* 25 x 80 / 100 */
    cr_expect_eq(s.high, 95 * PT_POINT);
    a.answers[a.all.n_answers - 2].n_values = 1; /* 2^12 = 4,096: tried one by one */
    score(&f, &a, &f.arena, &s);
    cr_expect(s.exact);
    cr_expect_eq(s.low, 50 * PT_POINT, "with some y at 4 of 10: (25 x 80 + 75 x 40) / 100: %ld", (long)s.low);
    cr_expect_eq(s.high, 80 * PT_POINT, "with no y at all only calm counts: %ld", (long)s.high);
    fixture_close(&f);
    pt_buf_free(&sheet);
}

/* Whatever is answered later, the score stays inside the range. */
Test(score, the_range_encloses_what_later_answers_can_give)
{
    uint64_t state = 5;
    for (size_t i = 0; i < 40; i++) {
        struct fixture f;
        struct answers later;
        struct pt_unit_score before;
        struct pt_unit_score after;
        fixture_open(&f, survey, choices, i % 2 == 0 ? SETTINGS("range", "exclude") : SETTINGS("range", "full"));
        random_answers(&f, &state, false, &later);
        for (size_t k = 0; k < later.all.n_answers; k++) {
            later.answers[k].n_values = 1;
        }
        struct answers now = later;
        now.all.answers = now.answers;
        now.all.instances = now.instances;
        for (size_t k = 0; k < now.all.n_answers; k++) {
            now.answers[k].values = now.values[k];
            bool drop = roll(&state, 2) == 0;
            now.values[k][0].type = drop ? PT_VALUE_NONE : now.values[k][0].type;
        }
        score(&f, &now, &f.arena, &before);
        score(&f, &later, &f.arena, &after);
        cr_expect(before.has_score && before.low <= after.low && after.high <= before.high,
                  "case %zu: %ld..%ld holds %ld..%ld", i, (long)before.low, (long)before.high, (long)after.low,
                  (long)after.high);
        fixture_close(&f);
    }
}

/* Tree with one product each: akta shown 5 -> 100, fair 4 -> 100: product 100; ktp shown 1 -> 20, fair 1 -> 25: 65/3.
 * input stays 70.5: akta = 28.2 + 60 = 88.2; ktp = 28.2 + 0.6 x 21.666666667 = 41.2 */
Test(score, each_product_is_scored_with_all_else_shared)
{
    struct fixture f;
    struct answers a;
    struct pt_unit_score s;
    fixture_open(&f, survey, choices,
                 SETTINGS_HEAD "uji,1,2021,mean_of_products,product,as_printed,as_printed,2,zero,exclude,,,no\n");
    by_hand(&f, &a);
    score(&f, &a, &f.arena, &s);
    cr_assert_eq(s.n_products, 2);
    cr_expect_eq(s.products[0].low, 88200000000);
    cr_expect_eq(s.products[1].low, 41200000000, "%ld", (long)s.products[1].low);
    cr_expect(s.products[0].exact && s.products[0].has_score);
    fixture_close(&f);
}

Test(score, constraints_are_checked_beside_the_other_answers)
{
    struct fixture f;
    struct answers a = {0};
    struct pt_unit_score beside;
    struct pt_value value;
    struct pt_problem problem = {0};
    const char *good = "type,name,constraint,constraint_message::Bahasa Indonesia (id)\ninteger,all,. >= 0,\n"
                       "integer,late,. <= ${all},Tidak boleh lebih dari jumlah\nselect_multiple level,many,"
                       "\"not(selected(., '0')) or count-selected(.) = 1\",\n";
    fixture_open(&f, good, choices, SETTINGS("zero", "exclude"));
    answer_one(&f, &a, "all", 0, "7");
    score(&f, &a, &f.arena, &beside);
    const struct {
        const char *question;
        const char *text;
        enum pt_err err;
    } rows[] = {
        {"all", "0", PT_OK},  {"all", "-1", PT_EINVALID}, {"late", "7", PT_OK},         {"late", "8", PT_EINVALID},
        {"many", "0", PT_OK}, {"many", "1 3", PT_OK},     {"many", "0 1", PT_EINVALID},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t node = fixture_node(&f, rows[i].question);
        cr_assert_eq(pt_value_read(&f.ins, node, rows[i].text, &value, NULL), PT_OK);
        cr_expect_eq(pt_answer_check(&f.ins, &a.all, &beside, node, 0, &value, &problem), rows[i].err, "row %zu", i);
        if (i == 3) {
            cr_expect_str_eq(problem.arg[1], "Tidak boleh lebih dari jumlah");
        }
    }
    fixture_close(&f);
}
