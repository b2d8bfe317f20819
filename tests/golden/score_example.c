/* The worked example of scoring in proto/README.md: a small instrument, the answers that the document tells in words,
 * and the score of every node that has one. */
#include "golden/examples.h"
#include "support/instrument_fixture.h"

#include <criterion/criterion.h>

static const char survey[] = "type,name,relevant,calculation,weight,weights,max_score,aggregate,min_count\n"
                             "select_one yesno,counter,,,,,,,\n"
                             "begin_group,service,,,60,sum100,,,\n"
                             "select_one level,signs,,,50,,,,\n"
                             "integer,desks,${counter} = 'yes',,30,,4,,\n"
                             "integer,hours,,,20,,8,,\n"
                             "end_group,,,,,,,,\n"
                             "begin_repeat,respondent,,,40,normalise,,,\n"
                             "select_one level,polite,,,2,,,,\n"
                             "integer,minutes,,,,,,,\n"
                             "calculate,quick,,\"if(${minutes} <= 30, 4, round(60 div ${minutes}, 2))\",1,,4,min,2\n"
                             "end_repeat,,,,,,,,\n";
static const char choices[] = "list_name,name,score\nyesno,yes,\nyesno,no,\nlevel,none,0\nlevel,some,2\nlevel,full,3\n";

static void answer_two(const struct fixture *f, struct answers *a, const char *question, uint32_t instance,
                       const char *first, const char *second)
{
    const char *values[] = {first, second, NULL};
    answer_add(f, a, question, instance, values);
}

static void answer(const struct fixture *f, struct answers *a)
{
    uint32_t first = instance_add(f, a, "respondent", "3k9qd");
    uint32_t second = instance_add(f, a, "respondent", "7t0wa");
    uint32_t third = instance_add(f, a, "respondent", "k3f9q");
    answer_one(f, a, "counter", 0, "no");
    answer_two(f, a, "signs", 0, "some", "full");
    answer_one(f, a, "polite", first, "full");
    answer_one(f, a, "polite", second, "some");
    answer_one(f, a, "polite", third, "none");
    answer_one(f, a, "minutes", first, "20");
    answer_two(f, a, "minutes", second, "20", "45");
}

static void show(struct examples *x, const char *name, const struct pt_node_score *score)
{
    struct pt_buf text = {0};
    pt_buf_put_str(&text, score->has_score ? "" : "none");
    if (score->has_score) {
        pt_score_put(&text, score->low, 9);
        pt_buf_put_str(&text, " to ");
        pt_score_put(&text, score->high, 9);
    }
    example_add_text(x, pt_arena_printf(&x->arena, "score_of_%s", name), pt_buf_text(&text));
    pt_buf_free(&text);
}

void score_example(struct examples *x)
{
    struct fixture f;
    struct answers a = {0};
    struct pt_unit_score score;
    fixture_open(&f, survey, choices, SETTINGS("zero", "exclude"));
    answer(&f, &a);
    cr_assert_eq(pt_score_unit(&f.ins, &a.all, &f.arena, &score), PT_OK);
    cr_expect(score.exact && score.n_conflicts == 2);
    example_add(x, "instrument", f.bytes.data, f.bytes.n);
    for (uint32_t i = 1; i < score.n_nodes; i++) {
        const struct pt_node *node = &f.ins.nodes[i];
        if (node->has_weight) {
            show(x, node->name, &score.nodes[i]);
        }
    }
    show(x, "unit", &score.nodes[0]);
    fixture_close(&f);
}
