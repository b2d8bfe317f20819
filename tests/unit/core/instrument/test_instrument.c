#include "support/instrument_fixture.h"

#include <criterion/criterion.h>
#include <string.h>

#define SURVEY_HEAD                                                                                                    \
    "type,name,label::Bahasa Indonesia (id),label::English (en),relevant,constraint,calculation,required,weight,"      \
    "weights,max_score,aggregate,min_count,placeholder\n"
#define GOOD                                                                                                           \
    SURVEY_HEAD "select_one yesno,open,Buka,Open,,,,yes,40,,,,,\n"                                                     \
                "begin_group,g,Kelompok,Group,${open} = 'yes',,,,60,normalise,,,,yes\n"                                \
                "integer,n,Jumlah,Count,,. >= 0 and . <= 20,,,3,,20,,,\n"                                              \
                "calculate,half,,,,,${n} div 2,,1,,10,,,\n"                                                            \
                "end_group,,,,,,,,,,,,,\n"                                                                             \
                "begin repeat,product,Produk,Product,,,,,,,,,,\n"                                                      \
                "select_multiple parts,shown,Tampil,Shown,,,,,,,,,,\n"                                                 \
                "decimal,fee,Biaya,Fee,,,,,,,,,,\n"                                                                    \
                "text,remark,Catatan,Remark,,,,,,,,,,\n"                                                               \
                "end repeat,,,,,,,,,,,,,\n"
#define CHOICES                                                                                                        \
    "list_name,name,label::Bahasa Indonesia (id),label::English (en),score\n"                                          \
    "yesno,yes,Ya,Yes,1\nyesno,no,Tidak,No,0\nparts,a,Bagian A,Part A,1\nparts,b,Bagian B,Part B,2\n"

static enum pt_err compile(const char *survey, const char *choices, const char *settings, const char *zones,
                           struct pt_bytes previous, struct pt_buf *out, struct pt_problem *problem)
{
    struct pt_sheets sheets = {pt_bytes_str(survey), pt_bytes_str(choices), pt_bytes_str(settings), pt_bytes_str(zones),
                               previous};
    return pt_instrument_compile(&sheets, out, problem);
}

Test(instrument, comes_back_as_it_was_written)
{
    struct fixture f;
    fixture_open(&f, GOOD, CHOICES, SETTINGS("zero", "exclude"));
    cr_assert_eq(f.ins.n_nodes, 9);
    uint32_t n = fixture_node(&f, "n");
    uint32_t g = fixture_node(&f, "g");
    const struct pt_node *node = &f.ins.nodes[n];
    cr_expect_eq(node->type, PT_NODE_INTEGER);
    cr_expect_eq(node->parent, g);
    cr_expect_eq(node->scorer, g);
    cr_expect_eq(node->weight, 3 * PT_POINT);
    cr_expect_eq(node->max_score, 20 * PT_POINT);
    cr_expect(node->needed && node->referenced);
    cr_expect_eq(f.ins.nodes[g].end, n + 2);
    cr_expect(f.ins.nodes[g].placeholder);
    cr_expect_str_eq(node->label.id, "Jumlah");
    cr_expect_str_eq(f.ins.nodes[fixture_node(&f, "half")].label.en, "half");
    cr_expect_str_eq(f.ins.programs[f.ins.nodes[g].relevant].source, "${open} = 'yes'");
    cr_expect_eq(f.ins.nodes[fixture_node(&f, "fee")].repeat, fixture_node(&f, "product"));
    cr_expect_eq(pt_node_by_number(&f.ins, node->number), n);
    cr_expect_eq(pt_node_by_number(&f.ins, 99), PT_NONE);
    cr_expect_eq(f.ins.settings.utc_offset_min, 420);
    cr_expect_eq(f.ins.settings.carry_unit, PT_CARRY_AS_PRINTED);
    cr_expect_eq(f.ins.n_zones, 3);
    cr_expect_str_eq(pt_zone_of(&f.ins, 80 * PT_POINT)->category, "sedang");
    cr_expect_str_eq(pt_zone_of(&f.ins, 80 * PT_POINT + 10000000)->category, "tinggi");
    cr_expect_str_eq(pt_zone_of(&f.ins, 0)->category, "rendah");
    fixture_close(&f);
}

Test(instrument, compiles_to_the_same_bytes_again)
{
    struct pt_buf one = {0};
    struct pt_buf two = {0};
    cr_assert_eq(compile(GOOD, CHOICES, SETTINGS("zero", "full"), ZONES, (struct pt_bytes){0}, &one, NULL), PT_OK);
    cr_assert_eq(compile(GOOD, CHOICES, SETTINGS("zero", "full"), ZONES, pt_buf_bytes(&one), &two, NULL), PT_OK);
    cr_expect(pt_bytes_eq(pt_buf_bytes(&one), pt_buf_bytes(&two)));
    pt_buf_free(&one);
    pt_buf_free(&two);
}

Test(instrument, a_cycle_may_be_settings_and_zones_alone)
{
    struct fixture f;
    fixture_open(&f, "", "", SETTINGS("zero", "exclude"));
    cr_expect_eq(f.ins.n_nodes, 1);
    fixture_close(&f);
}

Test(instrument, a_cycle_that_asks_goes_on_asking)
{
    static const char *const surveys[] = {"", SURVEY_HEAD "note,only_text,Catatan,Note,,,,,,,,,,\n", SURVEY_HEAD};
    struct pt_buf asks = {0};
    struct pt_buf out = {0};
    struct pt_problem problem = {0};
    cr_assert_eq(compile(GOOD, CHOICES, SETTINGS("zero", "full"), ZONES, (struct pt_bytes){0}, &asks, NULL), PT_OK);
    for (size_t i = 0; i < sizeof surveys / sizeof surveys[0]; i++) {
        cr_expect_eq(compile(surveys[i], CHOICES, SETTINGS("zero", "full"), ZONES, pt_buf_bytes(&asks), &out, &problem),
                     PT_EINVALID, "row %zu", i);
        cr_expect_eq(problem.msg, i < 2 ? PT_MSG_INSTRUMENT_NO_QUESTIONS : PT_MSG_SHEET_EMPTY, "row %zu", i);
        cr_expect_eq(out.n, 0);
    }
    cr_expect_eq(compile(surveys[2], CHOICES, SETTINGS("zero", "full"), ZONES, (struct pt_bytes){0}, &out, &problem),
                 PT_EINVALID, "a sheet without rows is refused the first time too");
    pt_buf_free(&asks);
    pt_buf_free(&out);
}

Test(instrument, names_and_choices_keep_their_numbers)
{
    const char *first = SURVEY_HEAD "integer,a,,,,,,,,,,,,\nselect_one l,b,,,,,,,,,,,,\ninteger,c,,,,,,,,,,,,\n";
    const char *second = SURVEY_HEAD "integer,d,,,,,,,,,,,,\nselect_one l,b,,,,,,,,,,,,\ninteger,a,,,,,,,,,,,,\n";
    const char *third = SURVEY_HEAD "integer,c,,,,,,,,,,,,\nselect_one l,b,,,,,,,,,,,,\ninteger,e,,,,,,,,,,,,\n";
    const char *lists[] = {"list_name,name\nl,x\nl,y\n", "list_name,name\nl,z\nl,y\n", "list_name,name\nl,x\nl,z\n"};
    const char *surveys[] = {first, second, third};
    struct pt_buf bytes[4] = {0};
    for (size_t i = 0; i < 3; i++) {
        struct pt_problem problem = {0};
        cr_assert_eq(compile(surveys[i], lists[i], SETTINGS("zero", "full"), ZONES,
                             i == 0 ? (struct pt_bytes){0} : pt_buf_bytes(&bytes[i - 1]), &bytes[i], &problem),
                     PT_OK);
    }
    struct pt_arena arena;
    struct pt_instrument ins;
    pt_arena_init(&arena, SIZE_MAX);
    cr_assert_eq(pt_instrument_open(pt_buf_bytes(&bytes[2]), &arena, &ins), PT_OK);
    const struct {
        const char *name;
        uint32_t number;
    } rows[] = {{"c", 3}, {"b", 2}, {"e", 5}};
    for (size_t i = 0; i < 3; i++) {
        uint32_t node = pt_node_find(&ins, pt_bytes_str(rows[i].name));
        cr_expect_eq(ins.nodes[node].number, rows[i].number, "%s: %u", rows[i].name, ins.nodes[node].number);
    }
    cr_expect_str_eq(pt_choice_by_number(&ins, 0, 1)->name, "x");
    cr_expect_str_eq(pt_choice_by_number(&ins, 0, 3)->name, "z");
    cr_expect(pt_choice_by_number(&ins, 0, 2)->retired);
    cr_expect_not(pt_choice_by_number(&ins, 0, 1)->retired);
    struct pt_problem problem = {0};
    cr_expect_eq(compile(SURVEY_HEAD "decimal,a,,,,,,,,,,,,\n", lists[0], SETTINGS("zero", "full"), ZONES,
                         pt_buf_bytes(&bytes[2]), &bytes[3], &problem),
                 PT_EINVALID, "a was an integer");
    cr_expect_eq(problem.msg, PT_MSG_SHEET_CHANGED);
    pt_arena_close(&arena);
    for (size_t i = 0; i < 4; i++) {
        pt_buf_free(&bytes[i]);
    }
}

Test(instrument, refusals_name_sheet_row_and_column)
{
    const struct {
        const char *survey;
        enum pt_msg msg;
        const char *row;
        const char *column;
    } rows[] = {
        {"range,a,,,,,,,,,,,,\n", PT_MSG_SHEET_TYPE, "2", "type"},
        {"integer x,a,,,,,,,,,,,,\n", PT_MSG_SHEET_TYPE, "2", "type"},
        {",a,,,,,,,,,,,,\n", PT_MSG_SHEET_REQUIRED, "2", "type"},
        {"integer,A,,,,,,,,,,,,\n", PT_MSG_SHEET_NAME, "2", "name"},
        {"integer,,,,,,,,,,,,,\n", PT_MSG_SHEET_NAME, "2", "name"},
        {"integer,a,,,,,,,,,,,,\ntext,a,,,,,,,,,,,,\n", PT_MSG_SHEET_TWICE, "3", "name"},
        {"select_one nix,a,,,,,,,,,,,,\n", PT_MSG_SHEET_LIST, "2", "type"},
        {"begin_group,g,,,,,,,,,,,,\n", PT_MSG_SHEET_OPEN, "2", "type"},
        {"end_group,,,,,,,,,,,,,\n", PT_MSG_SHEET_END, "2", "type"},
        {"begin_group,g,,,,,,,,,,,,\nend_repeat,,,,,,,,,,,,,\n", PT_MSG_SHEET_END, "3", "type"},
        {"begin_repeat,r,,,,,,,,,,,,\nbegin_repeat,s,,,,,,,,,,,,\n", PT_MSG_SHEET_NESTED, "3", "type"},
        {"integer,a,,,,,,,40,,5,,,\n", PT_MSG_SHEET_WEIGHTS_SUM, "2", "weights"},
        {"begin_group,g,,,,,,,100,,,,,\ninteger,a,,,,,,,40,,5,,,\nend_group,,,,,,,,,,,,,\n", PT_MSG_SHEET_WEIGHTS_SUM,
         "2", "weights"},
        {"begin_group,g,,,,,,,100,,,,,\ninteger,a,,,,,,,,,,,,\nend_group,,,,,,,,,,,,,\n", PT_MSG_SHEET_NO_SCORED, "2",
         "weight"},
        {"integer,a,,,,,,,100,,,,,\n", PT_MSG_SHEET_MAX_SCORE, "2", "max_score"},
        {"select_one bare,a,,,,,,,100,,,,,\n", PT_MSG_SHEET_NO_SCORE, "2", "weight"},
        {"integer,a,,,,,,,x,,,,,\n", PT_MSG_SHEET_NUMBER, "2", "weight"},
        {"integer,a,,,,,,,-1,,,,,\n", PT_MSG_SHEET_NUMBER, "2", "weight"},
        {"text,a,,,,,,,5,,,,,\n", PT_MSG_SHEET_NOT_EMPTY, "2", "weight"},
        {"integer,a,,,,,1 + 1,,,,,,,\n", PT_MSG_SHEET_NOT_EMPTY, "2", "calculation"},
        {"integer,a,,,,,,,,,,mean,,\n", PT_MSG_SHEET_NOT_EMPTY, "2", "aggregate"},
        {"begin_repeat,r,,,,,,,,,,,,\ninteger,a,,,,,,,100,,5,sum,,\nend_repeat,,,,,,,,,,,,,\n", PT_MSG_SHEET_WORD, "3",
         "aggregate"},
        {"calculate,a,,,,,,,,,,,,\n", PT_MSG_SHEET_REQUIRED, "2", "calculation"},
        {"integer,a,,,,,,maybe,,,,,,\n", PT_MSG_SHEET_WORD, "2", "required"},
        {"calculate,a,,,,,   ,,,,,,,\n", PT_MSG_SHEET_REQUIRED, "2", "calculation"},
        {" ,  ,,,,,,,,,,,,\ncalculate,a,,,,,1 and ,,,,,,,\n", PT_MSG_EXPR_END, "3", "calculation"},
        {"integer,a,,,${b} = 1,,,,,,,,,\n", PT_MSG_EXPR_NO_NAME, "2", "relevant"},
        {"integer,a,,,,. > today(),,,,,,,,\n", PT_MSG_EXPR_FUNCTION, "2", "constraint"},
        {"calculate,a,,,,,${a} + 1,,,,,,,\n", PT_MSG_SHEET_CIRCLE, "2", "calculation"},
        {"begin_group,g,,,${a} = 1,,,,,,,,,\ninteger,a,,,,,,,,,,,,\nend_group,,,,,,,,,,,,,\n", PT_MSG_SHEET_CIRCLE, "2",
         "relevant"},
    };
    const char *choices = "list_name,name\nbare,x\n";
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pt_buf survey = {0};
        struct pt_buf out = {0};
        struct pt_problem problem = {0};
        pt_buf_put_str(&survey, SURVEY_HEAD);
        pt_buf_put_str(&survey, rows[i].survey);
        bool at_root = rows[i].msg == PT_MSG_SHEET_WEIGHTS_SUM && strncmp(rows[i].survey, "begin", 5) != 0;
        enum pt_err err = compile(pt_buf_text(&survey), choices, SETTINGS("zero", "full"), ZONES, (struct pt_bytes){0},
                                  &out, &problem);
        cr_expect_eq(err, PT_EINVALID, "row %zu", i);
        cr_expect_eq(problem.msg, rows[i].msg, "row %zu: %s", i, pt_msg_english(problem.msg));
        cr_expect_str_eq(problem.arg[0], at_root ? "settings.csv" : "survey.csv", "row %zu", i);
        cr_expect_str_eq(problem.arg[1], rows[i].row, "row %zu: %s", i, problem.arg[1]);
        cr_expect_str_eq(problem.arg[2], rows[i].column, "row %zu: %s", i, problem.arg[2]);
        cr_expect_eq(out.n, 0);
        pt_buf_free(&survey);
        pt_buf_free(&out);
    }
}

static void expect_arg(const char *survey, const char *settings, size_t arg, const char *expected)
{
    struct pt_buf out = {0};
    struct pt_problem problem = {0};
    cr_expect_eq(compile(survey, CHOICES, settings, ZONES, (struct pt_bytes){0}, &out, &problem), PT_EINVALID);
    cr_expect_str_eq(problem.arg[arg], expected, "%s", pt_msg_english(problem.msg));
    pt_buf_free(&out);
}

Test(instrument, refusals_name_the_words_that_would_be_good)
{
    expect_arg(SURVEY_HEAD "integer,a,,,,,,maybe,,,,,,\n", SETTINGS("zero", "full"), 4, "yes, no");
    expect_arg(GOOD, SETTINGS("none", "full"), 4, "zero, exclude, range");
    expect_arg(GOOD, SETTINGS_HEAD "u,1,2023,mean_of_products,g,,,2,zero,full,,,no\n", 4, "product");
    expect_arg(GOOD, SETTINGS_HEAD "u,1,2023,mean_of_units,,,,2,zero,full,,7,no\n", 4, "+07:00");
}

Test(instrument, a_sum_of_weights_names_the_group_and_the_sum)
{
    const char *group = SURVEY_HEAD "begin_group,g,,,,,,,100,,,,,\ninteger,a,,,,,,,40,,5,,,\nend_group,,,,,,,,,,,,,\n";
    expect_arg(group, SETTINGS("zero", "full"), 3, "g");
    expect_arg(group, SETTINGS("zero", "full"), 4, "40");
    expect_arg(SURVEY_HEAD "integer,a,,,,,,,40.5,,5,,,\n", SETTINGS("zero", "full"), 4, "40.5");
}

Test(instrument, blanks_around_a_field_say_nothing)
{
    struct pt_buf one = {0};
    struct pt_buf two = {0};
    const char *padded = SURVEY_HEAD " integer , a ,\" Jumlah\",,,\t. > 1 ,, yes , 100 ,, 5 ,,,\n ,,,,,,,,,,,,, \n";
    const char *plain = SURVEY_HEAD "integer,a,Jumlah,,,. > 1,,yes,100,,5,,,\n";
    cr_assert_eq(compile(padded, "", SETTINGS("zero", "full"), ZONES, (struct pt_bytes){0}, &one, NULL), PT_OK);
    cr_assert_eq(compile(plain, "", SETTINGS("zero", "full"), ZONES, (struct pt_bytes){0}, &two, NULL), PT_OK);
    cr_expect(pt_bytes_eq(pt_buf_bytes(&one), pt_buf_bytes(&two)));
    pt_buf_free(&one);
    pt_buf_free(&two);
}

Test(instrument, refuses_bad_settings_zones_and_choices)
{
    const struct {
        const char *choices;
        const char *settings;
        const char *zones;
        enum pt_msg msg;
        const char *sheet;
        const char *column;
    } rows[] = {
        {CHOICES, SETTINGS("none", "full"), ZONES, PT_MSG_SHEET_WORD, "settings.csv", "missing"},
        {CHOICES, SETTINGS_HEAD "u,1,2023,mean_of_x,,,,2,zero,full,,,no\n", ZONES, PT_MSG_SHEET_WORD, "settings.csv",
         "institution_rule"},
        {CHOICES, SETTINGS_HEAD "u,1,2023,mean_of_products,,,,2,zero,full,,,no\n", ZONES, PT_MSG_SHEET_REQUIRED,
         "settings.csv", "product_repeat"},
        {CHOICES, SETTINGS_HEAD "u,1,2023,mean_of_products,g,,,2,zero,full,,,no\n", ZONES, PT_MSG_SHEET_WORD,
         "settings.csv", "product_repeat"},
        {CHOICES, SETTINGS_HEAD "u,1,2023,mean_of_units,,,,10,zero,full,,,no\n", ZONES, PT_MSG_SHEET_NUMBER,
         "settings.csv", "decimals"},
        {CHOICES, SETTINGS_HEAD "u,1,2023,mean_of_units,,,,2,zero,full,,7,no\n", ZONES, PT_MSG_SHEET_FORM,
         "settings.csv", "utc_offset"},
        {CHOICES, SETTINGS_HEAD "u,1,20/23,mean_of_units,,,,2,zero,full,,,no\n", ZONES, PT_MSG_SHEET_FORM,
         "settings.csv", "cycle"},
        {CHOICES, SETTINGS_HEAD, ZONES, PT_MSG_SHEET_EMPTY, "settings.csv", "form_id"},
        {CHOICES, "form_id\nx\n", ZONES, PT_MSG_CSV_HEADER_MISSING, "settings.csv", "version"},
        {CHOICES, SETTINGS("zero", "full"),
         "lower,lower_exclusive,zone,category,label_id,label_en,colour\n50,no,green,A,A,A,#00aa00\n"
         "80,no,red,B,B,B,#00aa00\n",
         PT_MSG_SHEET_ZONE_ORDER, "zones.csv", "lower"},
        {CHOICES, SETTINGS("zero", "full"),
         "lower,lower_exclusive,zone,category,label_id,label_en,colour\n50,no,green,A,A,A,#00aa00\n",
         PT_MSG_SHEET_ZONE_LAST, "zones.csv", "lower"},
        {CHOICES, SETTINGS("zero", "full"),
         "lower,lower_exclusive,zone,category,label_id,label_en,colour\n0,no,blue,A,A,A,#00aa00\n", PT_MSG_SHEET_WORD,
         "zones.csv", "zone"},
        {CHOICES, SETTINGS("zero", "full"),
         "lower,lower_exclusive,zone,category,label_id,label_en,colour\n0,no,red,A,A,A,red\n", PT_MSG_SHEET_FORM,
         "zones.csv", "colour"},
        {"list_name,name,score\nl,a b,1\n", SETTINGS("zero", "full"), ZONES, PT_MSG_SHEET_NAME, "choices.csv", "name"},
        {"list_name,name,score\nl,a,1\nl,a,2\n", SETTINGS("zero", "full"), ZONES, PT_MSG_SHEET_TWICE, "choices.csv",
         "name"},
        {"list_name,name,score\nl,a,x\n", SETTINGS("zero", "full"), ZONES, PT_MSG_SHEET_NUMBER, "choices.csv", "score"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pt_buf out = {0};
        struct pt_problem problem = {0};
        enum pt_err err =
            compile(GOOD, rows[i].choices, rows[i].settings, rows[i].zones, (struct pt_bytes){0}, &out, &problem);
        cr_expect_eq(err, PT_EINVALID, "row %zu", i);
        cr_expect_eq(problem.msg, rows[i].msg, "row %zu: %s", i, pt_msg_english(problem.msg));
        cr_expect_str_eq(problem.arg[0], rows[i].sheet, "row %zu", i);
        cr_expect_str_eq(problem.arg[2], rows[i].column, "row %zu: %s", i, problem.arg[2]);
        pt_buf_free(&out);
    }
}

static void try_open(struct pt_bytes bytes, size_t *n_good)
{
    struct pt_arena arena;
    struct pt_instrument ins;
    pt_arena_init(&arena, PT_INSTRUMENT_ARENA_BYTES);
    enum pt_err err = pt_instrument_open(bytes, &arena, &ins);
    cr_expect(err == PT_OK || err == PT_EMALFORMED || err == PT_EVERSION || err == PT_ELIMIT, "%s", pt_err_name(err));
    if (err == PT_OK) { /* whatever was accepted can be scored */
        struct pt_answers answers = {0};
        struct pt_unit_score score;
        *n_good += 1;
        cr_expect_eq(pt_score_unit(&ins, &answers, &arena, &score), PT_OK);
    }
    pt_arena_close(&arena);
}

Test(instrument, damaged_bytes_never_do_harm)
{
    struct fixture f;
    fixture_open(&f, GOOD, CHOICES, SETTINGS("range", "exclude"));
    size_t n_good = 0;
    for (size_t n = 0; n < f.bytes.n; n++) {
        uint8_t *exact = pt_arena_alloc(&f.arena, n); /* so that reading past the end is seen */
        memcpy(exact, f.bytes.data, n);
        try_open(pt_bytes_of(exact, n), &n_good);
    }
    size_t n_cut = n_good;
    for (size_t i = 0; i < f.bytes.n; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            f.bytes.data[i] ^= (uint8_t)(1u << bit);
            try_open(pt_buf_bytes(&f.bytes), &n_good);
            f.bytes.data[i] ^= (uint8_t)(1u << bit);
        }
    }
    cr_expect_gt(n_good, n_cut, "a flipped letter in a label is no damage");
    cr_expect_lt(n_good, f.bytes.n * 8, "flips in numbers and types are found");
    fixture_close(&f);
}
