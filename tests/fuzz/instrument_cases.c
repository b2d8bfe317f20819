#include "instrument_cases.h"

#include "base/check.h"
#include "core/table/csv.h"

static const char settings[] =
    "form_id,version,cycle,institution_rule,product_repeat,carry_unit,carry_institution,decimals,missing,"
    "inapplicable,weights,utc_offset,official\n"
    "uji,1,2023,mean_of_units,,as_printed,as_printed,2,range,exclude,sum100,+07:00,no\n";
static const char zones[] = "lower,lower_exclusive,zone,category,label_id,label_en,colour\n"
                            "50,yes,green,tinggi,Tinggi,High,#00aa00\n0,no,red,rendah,Rendah,Low,#cc0000\n";
static const char choices[] = "list_name,name,score\nlevel,0,0\nlevel,a,1\nlevel,5,5\n";
static const char before[] = "type,name,relevant,constraint,calculation,weight,max_score\n"
                             "select_one level,one,,,,60,\n"
                             "select_multiple level,many,,,,,\n"
                             "integer,count,,,,,\n"
                             "decimal,amount,,,,,\n"
                             "text,words,,,,,\n"
                             "begin_repeat,item,,,,40,\n"
                             "integer,fee,,,,100,8\n"
                             "select_multiple level,shown,,,,,\n";

enum pt_err expression_compile(const char *expression, unsigned form, struct pt_buf *out)
{
    unsigned column = form % 3;
    struct pt_buf survey = {0};
    struct pt_csv_writer writer = {.out = &survey};
    const char *const asked[] = {column == 2 ? "calculate" : "integer",
                                 "asked",
                                 column == 0 ? expression : "",
                                 column == 1 ? expression : "",
                                 column == 2 ? expression : "",
                                 "",
                                 ""};
    pt_buf_put_str(&survey, before);
    pt_buf_put_str(&survey, form < 3 ? "end_repeat,,,,,,\n" : "");
    pt_csv_put_row(&writer, asked, sizeof asked / sizeof asked[0]);
    pt_buf_put_str(&survey, form < 3 ? "" : "end_repeat,,,,,,\n");
    struct pt_sheets sheets = {.survey = pt_buf_bytes(&survey),
                               .choices = pt_bytes_str(choices),
                               .settings = pt_bytes_str(settings),
                               .zones = pt_bytes_str(zones)};
    struct pt_problem problem = {0};
    enum pt_err err = survey.err == PT_OK ? pt_instrument_compile(&sheets, out, &problem) : survey.err;
    pt_buf_free(&survey);
    return err;
}

/* A list may be empty: then the answer is one that nobody can give. */
static struct pt_value first_choice(const struct pt_list *list)
{
    return (struct pt_value){.type = PT_VALUE_CHOICE, .choices = list->n_choices == 0 ? 1 : list->choices[0].number};
}

static struct pt_value value_for(const struct pt_instrument *instrument, const struct pt_node *node)
{
    switch ((int)node->type) {
    case PT_NODE_SELECT_ONE:
        return first_choice(&instrument->lists[node->list]);
    case PT_NODE_SELECT_MULTIPLE:
        return (struct pt_value){.type = PT_VALUE_CHOICES, .choices = 3};
    case PT_NODE_DECIMAL:
        return (struct pt_value){.type = PT_VALUE_DECIMAL, .number = {25, 1}};
    case PT_NODE_TEXT:
        return (struct pt_value){.type = PT_VALUE_TEXT, .text = {{1}}};
    default:
        return (struct pt_value){.type = PT_VALUE_INTEGER, .number = {7, 0}};
    }
}

static void add_answer(const struct pt_instrument *instrument, uint32_t node, struct pt_answers *all,
                       struct pt_value *value)
{
    const struct pt_node *question = &instrument->nodes[node];
    struct pt_answer answer = {.question = question->number, .n_values = 1, .values = value};
    for (size_t i = 0; question->repeat != 0 && i < all->n_instances; i++) {
        if (all->instances[i].repeat == instrument->nodes[question->repeat].number) {
            answer.instance = (uint32_t)i + 1;
        }
    }
    *value = value_for(instrument, question);
    all->answers[all->n_answers++] = answer;
}

struct pt_answers answer_everything(const struct pt_instrument *instrument, struct pt_arena *arena)
{
    size_t n = instrument->n_nodes;
    struct pt_answers all = {.instances = pt_arena_zalloc(arena, n, sizeof *all.instances),
                             .answers = pt_arena_zalloc(arena, n, sizeof *all.answers)};
    struct pt_value *values = pt_arena_zalloc(arena, n, sizeof *values);
    PT_CHECK(all.instances != NULL && all.answers != NULL && values != NULL);
    for (size_t i = 0; i + 1 < n; i++) { /* every node but the form itself, by number */
        const struct pt_node *node = &instrument->nodes[instrument->by_number[i].node];
        if (node->type == PT_NODE_REPEAT) {
            all.instances[all.n_instances++] = (struct pt_instance){.repeat = node->number, .name = "x", .label = "x"};
        }
    }
    for (size_t i = 0; i + 1 < n; i++) {
        uint32_t node = instrument->by_number[i].node;
        if (pt_node_is_question(&instrument->nodes[node])) {
            add_answer(instrument, node, &all, &values[i]);
        }
    }
    return all;
}

void score_survives(const struct pt_instrument *instrument, const struct pt_answers *answers)
{
    struct pt_arena arena;
    struct pt_unit_score score;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_score_unit(instrument, answers, &arena, &score);
    PT_CHECK(err == PT_OK || err == PT_ELIMIT);
    if (err == PT_OK && score.has_score) {
        PT_CHECK(0 <= score.low && score.low <= score.high && score.high <= PT_SCORE_MAX);
    }
    for (size_t i = 0; i < answers->n_answers && err == PT_OK; i++) {
        const struct pt_answer *answer = &answers->answers[i];
        struct pt_problem problem = {0};
        enum pt_err checked =
            pt_answer_check(instrument, answers, &score, pt_node_by_number(instrument, answer->question),
                            answer->instance, answer->values, &problem);
        PT_CHECK(checked == PT_OK || checked == PT_EINVALID);
    }
    pt_arena_close(&arena);
}
