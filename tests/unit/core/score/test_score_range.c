/* What a range is made of, case by case. */
#include "support/instrument_fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define HEAD "type,name,relevant,calculation,weight,weights,max_score,aggregate,min_count\n"
#define NORMALISED(rule, product, missing, inapplicable)                                                               \
    SETTINGS_HEAD "uji,1,2023," rule "," product ",as_printed,as_printed,2," missing "," inapplicable                  \
                  ",normalise,+07:00,no\n"
#define UNITS(missing) NORMALISED("mean_of_units", "", missing, "exclude")
static const char choices[] = "list_name,name,score\nlevel,0,0\nlevel,1,1\nlevel,5,5\nsome,a,1\nsome,b,2\n";
static const char *const both[] = {"0", "1", NULL};

static struct pt_unit_score score(const struct fixture *f, const struct answers *a, struct pt_arena *arena)
{
    struct pt_unit_score s;
    cr_assert_eq(pt_score_unit(&f->ins, &a->all, arena, &s), PT_OK);
    return s;
}

/* Two respondents, one answered. */
Test(score_range, an_instance_that_is_missing_widens_beside_those_that_answered)
{
    static const struct {
        const char *aggregate;
        const char *settings;
        int64_t low;
        int64_t high;
    } rows[] = {
        {"mean", UNITS("range"), 40, 90}, /* (8 + 0) / 20, (8 + 10) / 20 */
        {"min", UNITS("range"), 0, 80},   {"max", UNITS("range"), 80, 100},
        {"mean", UNITS("zero"), 80, 80},  {"mean", UNITS("exclude"), 80, 80},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture f;
        struct answers a = {0};
        struct pt_buf sheet = {0};
        pt_buf_printf(&sheet, HEAD "begin_repeat,r,,,30,normalise,,,\ninteger,d,,,1,,10,%s,1\nend_repeat,,,,,,,,\n",
                      rows[i].aggregate);
        fixture_open(&f, pt_buf_text(&sheet), choices, rows[i].settings);
        (void)instance_add(&f, &a, "r", "a");
        (void)instance_add(&f, &a, "r", "b");
        answer_one(&f, &a, "d", 1, "8");
        struct pt_unit_score s = score(&f, &a, &f.arena);
        cr_expect(s.exact && s.low == rows[i].low * PT_POINT && s.high == rows[i].high * PT_POINT, "row %zu: %ld..%ld",
                  i, (long)s.low, (long)s.high);
        cr_expect(s.n_missing == 1 && s.missing[0].instance == 2, "row %zu", i);
        answer_one(&f, &a, "d", 2, "0");
        s = score(&f, &a, &f.arena);
        cr_expect(s.n_missing == 0 && s.low == s.high, "row %zu: nothing is missing any more", i);
        fixture_close(&f);
        pt_buf_free(&sheet);
    }
}

Test(score_range, what_is_missing_is_worth_no_less_and_no_more_than_its_choices)
{
    struct fixture f;
    struct answers a = {0};
    fixture_open(&f, HEAD "select_one some,q,,,1,,,,\n", choices, UNITS("range"));
    struct pt_unit_score s = score(&f, &a, &f.arena);
    cr_expect(s.exact && s.low == 50 * PT_POINT && s.high == 100 * PT_POINT);
    fixture_close(&f);
}

/* Whatever x is, the calculation comes to 2: nobody finds out, so it is not called exact. */
Test(score_range, what_reads_a_missing_answer_is_not_called_exact)
{
    struct fixture f;
    struct answers a = {0};
    fixture_open(&f, HEAD "integer,x,,,,,,,\ncalculate,c,,\"if(${x} > 3, 2, 2)\",1,,4,,\n", choices, UNITS("range"));
    struct pt_unit_score s = score(&f, &a, &f.arena);
    cr_expect(!s.exact && s.low == 0 && s.high == PT_SCORE_MAX && s.n_missing == 1);
    answer_one(&f, &a, "x", 0, "1");
    s = score(&f, &a, &f.arena);
    cr_expect(s.exact && s.low == 50 * PT_POINT && s.high == s.low);
    fixture_close(&f);
}

/* A second respondent has to come: what is counted over them is not known, nor what the other question comes to. */
Test(score_range, a_repeat_that_is_short_leaves_open_what_is_taken_over_it)
{
    static const char *const nodes[] = {"d", "e", "n", "sum"};
    struct fixture f;
    struct answers a = {0};
    fixture_open(&f,
                 HEAD
                 "begin_repeat,r,,,3,normalise,,,\ninteger,d,,,1,,10,,2\ninteger,e,,,1,,10,,1\nend_repeat,,,,,,,,\n"
                 "calculate,n,,count(${r}),1,,4,,\ncalculate,sum,,sum(${d}),1,,40,,\ninteger,calm,,,1,,10,,\n",
                 choices, UNITS("range"));
    (void)instance_add(&f, &a, "r", "a");
    answer_one(&f, &a, "d", 1, "10");
    answer_one(&f, &a, "e", 1, "10");
    answer_one(&f, &a, "calm", 0, "5");
    struct pt_unit_score s = score(&f, &a, &f.arena);
    cr_assert_eq(s.n_missing, 1);
    cr_expect(s.missing[0].node == fixture_node(&f, "d") && s.missing[0].instance == 0 && !s.exact);
    for (size_t i = 0; i < sizeof nodes / sizeof nodes[0]; i++) {
        const struct pt_node_score *node = &s.nodes[fixture_node(&f, nodes[i])];
        cr_expect(node->low == 0 && node->high == PT_SCORE_MAX, "%s: %ld..%ld", nodes[i], (long)node->low,
                  (long)node->high);
    }
    cr_expect_eq(s.nodes[fixture_node(&f, "calm")].high, 50 * PT_POINT);
    (void)instance_add(&f, &a, "r", "b");
    answer_one(&f, &a, "d", 2, "0");
    answer_one(&f, &a, "e", 2, "0");
    s = score(&f, &a, &f.arena);
    cr_expect(s.exact && s.low == s.high && s.n_missing == 0);
    fixture_close(&f);
}

/* With d = 5 at b nobody asks e there, and a third has to come. */
Test(score_range, a_repeat_may_become_short_by_an_answer)
{
    struct fixture f;
    struct answers a = {0};
    fixture_open(&f,
                 HEAD "begin_repeat,r,,,,,,,\ninteger,d,,,1,,10,,\ninteger,e,${d} != 5,,1,,10,,2\nend_repeat,,,,,,,,\n"
                      "calculate,n,,count(${r}),1,,4,,\n",
                 choices, UNITS("range"));
    (void)instance_add(&f, &a, "r", "a");
    (void)instance_add(&f, &a, "r", "b");
    answer_one(&f, &a, "d", 1, "8");
    answer_one(&f, &a, "e", 1, "8");
    answer_one(&f, &a, "e", 2, "8");
    struct pt_unit_score s = score(&f, &a, &f.arena);
    const struct pt_node_score *n = &s.nodes[fixture_node(&f, "n")];
    cr_expect(s.n_missing == 1 && n->low == 0 && n->high == PT_SCORE_MAX && !s.exact);
    fixture_close(&f);
}

/* Nobody answers a calculation, so the question it reads is listed. */
Test(score_range, a_repeat_whose_calculation_is_short_names_a_question)
{
    struct fixture f;
    struct answers a = {0};
    fixture_open(&f,
                 HEAD "begin_repeat,r,,,1,normalise,,,\ndecimal,fee,,,,,,,\ntext,note,,,,,,,\n"
                      "calculate,fair,,\"if(${fee} <= 10, 4, 1)\",1,,4,min,\nend_repeat,,,,,,,,\n",
                 choices, UNITS("zero"));
    struct pt_unit_score s = score(&f, &a, &f.arena);
    cr_assert_eq(s.n_missing, 1);
    cr_expect(s.missing[0].node == fixture_node(&f, "fee") && s.missing[0].instance == 0 && s.low == 0);
    fixture_close(&f);
}

/* 13 gates in a group that weighs 1 of 100: 0.99 x 80 and anything from 0 to 1. */
Test(score_range, beyond_the_limit_only_what_is_touched_takes_its_whole_scale)
{
    struct pt_buf sheet = {0};
    struct fixture f;
    struct answers a = {0};
    pt_buf_put_str(&sheet, HEAD "begin_group,big,,,1,normalise,,,\ninteger,calm,,,99,,10,,\n"
                                "begin_group,small,,,1,normalise,,,\n");
    for (int i = 0; i < 13; i++) {
        pt_buf_printf(&sheet, "select_one level,g%d,,,,,,,\ninteger,y%d,${g%d} = '1',,1,,10,,\n", i, i, i);
    }
    pt_buf_put_str(&sheet, "end_group,,,,,,,,\nend_group,,,,,,,,\n");
    fixture_open(&f, pt_buf_text(&sheet), choices, UNITS("zero"));
    answer_one(&f, &a, "calm", 0, "8");
    for (int i = 0; i < 13; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "g%d", i);
        answer_add(&f, &a, name, 0, both);
        (void)snprintf(name, sizeof name, "y%d", i);
        answer_one(&f, &a, name, 0, "4");
    }
    struct pt_unit_score s = score(&f, &a, &f.arena);
    cr_expect(!s.exact && !s.may_lack && s.low == 79200000000 && s.high == 80200000000, "%ld..%ld", (long)s.low,
              (long)s.high);
    cr_expect(s.nodes[fixture_node(&f, "small")].may_lack, "no gate may be open");
    cr_expect_eq(s.nodes[fixture_node(&f, "small")].high, PT_SCORE_MAX);
    fixture_close(&f);
    pt_buf_free(&sheet);
}

Test(score_range, a_gate_in_conflict_leaves_open_whether_there_is_a_score)
{
    const char *sheet = HEAD "select_one level,gate,,,,,,,\nbegin_group,g,${gate} = '1',,1,normalise,,,\n"
                             "integer,q,,,1,,10,,\nend_group,,,,,,,,\n";
    struct fixture f;
    struct answers a = {0};
    fixture_open(&f, sheet, choices, UNITS("zero"));
    answer_add(&f, &a, "gate", 0, both);
    answer_one(&f, &a, "q", 0, "5");
    struct pt_unit_score s = score(&f, &a, &f.arena);
    cr_expect(s.has_score && s.may_lack && !s.exact && s.low == 50 * PT_POINT && s.high == s.low);
    fixture_close(&f);
    fixture_open(&f, sheet, choices, NORMALISED("mean_of_units", "", "zero", "full"));
    s = score(&f, &a, &f.arena);
    cr_expect(!s.may_lack && s.exact && s.low == 50 * PT_POINT && s.high == 100 * PT_POINT);
    fixture_close(&f);
}

/* akta: asked or not; ktp: 20. One respondent's conflict is in both, where an expression reads it. */
Test(score_range, products_say_whether_they_may_lack_a_score)
{
    struct fixture f;
    struct answers a = {0};
    fixture_open(&f,
                 HEAD "begin_repeat,p,,,1,normalise,,,\nselect_one level,open,,,,,,,\n"
                      "integer,q,${open} = '1',,1,,10,,\nend_repeat,,,,,,,,\n",
                 choices, NORMALISED("mean_of_products", "p", "zero", "exclude"));
    (void)instance_add(&f, &a, "p", "akta");
    (void)instance_add(&f, &a, "p", "ktp");
    answer_add(&f, &a, "open", 1, both);
    answer_one(&f, &a, "open", 2, "1");
    answer_one(&f, &a, "q", 1, "8");
    answer_one(&f, &a, "q", 2, "2");
    struct pt_unit_score s = score(&f, &a, &f.arena);
    cr_assert_eq(s.n_products, 2);
    cr_expect(s.products[0].may_lack && !s.products[0].exact && !s.products[1].may_lack && s.products[1].exact);
    struct pt_unit_part part = {.has_score = true, .exact = true, .products = s.products, .n_product_scores = 2};
    struct pt_institution_score mean;
    cr_assert_eq(pt_score_institution(&f.ins.settings, &part, 1, &mean), PT_OK);
    cr_expect(mean.low == 20 * PT_POINT && mean.high == 50 * PT_POINT && !mean.may_lack && !mean.exact);
    fixture_close(&f);
}

/* Two products are asked for and one is here, full: the other may bring anything. */
Test(score_range, a_product_that_is_missing_widens_the_institution)
{
    struct fixture f;
    struct answers a = {0};
    fixture_open(&f, HEAD "begin_repeat,p,,,1,normalise,,,\ninteger,q,,,1,,10,,2\nend_repeat,,,,,,,,\n", choices,
                 NORMALISED("mean_of_products", "p", "range", "exclude"));
    (void)instance_add(&f, &a, "p", "akta");
    answer_one(&f, &a, "q", 1, "10");
    struct pt_unit_score s = score(&f, &a, &f.arena);
    cr_expect_eq(s.n_to_come, 1);
    struct pt_unit_part part = {.has_score = s.has_score, .products = s.products, .n_product_scores = s.n_products};
    part.n_to_come = s.n_to_come;
    struct pt_institution_score mean;
    cr_assert_eq(pt_score_institution(&f.ins.settings, &part, 1, &mean), PT_OK);
    cr_expect(mean.low == 50 * PT_POINT && mean.high == 100 * PT_POINT && !mean.exact, "%ld..%ld", (long)mean.low,
              (long)mean.high);
    fixture_close(&f);
}

/* A product that comes need not be one that e is asked at: then another one is needed. */
Test(score_range, a_condition_lets_any_number_of_products_come)
{
    static const struct {
        const char *q; /* minimum of q and of e, answers of the one product */
        const char *e;
        const char *answer;
        uint32_t n_to_come;
    } rows[] = {
        {"2", "1", "10", 1}, /* e has what it needs */
        {"1", "2", "10", PT_PRODUCTS_ANY},
        {"2", "2", "10", PT_PRODUCTS_ANY},
        {"2", "1", "3", PT_PRODUCTS_ANY}, /* e is not asked yet, and may be at the one that q waits for */
        {"1", "2", "3", 0},               /* nothing is lacking: e is not asked */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture f;
        struct answers a = {0};
        struct pt_buf sheet = {0};
        struct pt_institution_score mean;
        bool any = rows[i].n_to_come == PT_PRODUCTS_ANY;
        pt_buf_printf(&sheet,
                      HEAD "begin_repeat,p,,,1,normalise,,,\ninteger,q,,,1,,10,,%s\ninteger,e,${q} > 4,,1,,10,,%s\n"
                           "end_repeat,,,,,,,,\n",
                      rows[i].q, rows[i].e);
        fixture_open(&f, pt_buf_text(&sheet), choices, NORMALISED("mean_of_products", "p", "range", "exclude"));
        (void)instance_add(&f, &a, "p", "akta");
        answer_one(&f, &a, "q", 1, rows[i].answer);
        answer_one(&f, &a, "e", 1, "10");
        struct pt_unit_score s = score(&f, &a, &f.arena);
        cr_expect_eq(s.n_to_come, rows[i].n_to_come, "row %zu: %u", i, (unsigned)s.n_to_come);
        struct pt_unit_part parts[2] = {
            {.has_score = s.has_score, .products = s.products, .n_to_come = s.n_to_come},
            {.has_score = true, .exact = true, .low = 50 * PT_POINT, .high = 50 * PT_POINT}};
        parts[0].n_product_scores = s.n_products;
        parts[1].n_products = 100;
        cr_assert_eq(pt_score_institution(&f.ins.settings, parts, 2, &mean), PT_OK);
        cr_expect(mean.has_score && !mean.may_lack && mean.exact == (rows[i].n_to_come == 0), "row %zu", i);
        cr_expect_eq(mean.low == 0 && mean.high == PT_SCORE_MAX, any, "row %zu: %ld..%ld", i, (long)mean.low,
                     (long)mean.high);
        fixture_close(&f);
        pt_buf_free(&sheet);
    }
}
