#include "core/instrument/expr.h"

#include "core/number.h"

#include <criterion/criterion.h>
#include <string.h>

/* A sheet of a handful of names: node 1 count (integer), 2 level (select_one a=1 b=2 "3"=3), 3 many (select_multiple),
 * 4 remark (text), 5 product (repeat), 6 fee (decimal in it), 7 info (note). */
static const struct {
    const char *name;
    struct pt_ref ref;
} names[] = {
    {"count", {PT_REF_NUMBER, 1, 0}}, {"level", {PT_REF_CHOICE, 2, 0}},   {"many", {PT_REF_CHOICES, 3, 0}},
    {"remark", {PT_REF_TEXT, 4, 0}},  {"product", {PT_REF_REPEAT, 5, 0}}, {"fee", {PT_REF_NUMBER, 6, 5}},
    {"info", {PT_REF_GROUP, 7, 0}},
};

static const char *const texts[] = {"", "a", "b", "3"};

static bool find(void *data, struct pt_bytes name, struct pt_ref *out)
{
    (void)data;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (pt_bytes_eq(pt_bytes_str(names[i].name), name)) {
            *out = names[i].ref;
            return true;
        }
    }
    return false;
}

static uint32_t text_index(void *data, struct pt_bytes text)
{
    (void)data;
    for (uint32_t i = 0; i < 4; i++) {
        if (pt_bytes_eq(pt_bytes_str(texts[i]), text)) {
            return i;
        }
    }
    return 0;
}

static uint32_t choice(void *data, uint32_t node, struct pt_bytes name)
{
    (void)node;
    return name.n == 0 ? 0 : text_index(data, name);
}

static struct pt_expr_scope scope_of(bool constraint, uint32_t repeat)
{
    return (struct pt_expr_scope){.find = find,
                                  .choice = choice,
                                  .text = text_index,
                                  .self = {PT_REF_NUMBER, 9, repeat},
                                  .is_constraint = constraint};
}

static double evaluate(const char *source, const struct pt_slot *slots)
{
    struct pt_arena arena;
    struct pt_program program;
    struct pt_expr_fault fault = {0};
    struct pt_expr_scope scope = scope_of(true, 0);
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_expr_compile(source, &scope, &arena, &program, &fault);
    cr_assert_eq(err, PT_OK, "%s: %s %s", source, pt_msg_english(fault.msg), fault.detail);
    cr_assert_eq(pt_program_check(&program), PT_OK, "%s", source);
    const struct pt_span spans[] = {{0, 1, false, false}, {1, 1, false, false}, {2, 1, false, false},
                                    {3, 1, false, false}, {4, 1, false, false}, {5, 1, false, false},
                                    {6, 3, true, false}};
    const double numbers[] = {pt_number_nan(), pt_number_nan(), pt_number_nan(), 3};
    struct pt_expr_env env = {.slots = slots, .spans = spans, .text_numbers = numbers, .self = &slots[1]};
    double number = pt_expr_eval(&program, &env).number;
    pt_arena_close(&arena);
    return number;
}

static void fill(struct pt_slot *slots)
{
    memset(slots, 0, 9 * sizeof *slots);
    for (size_t i = 0; i < 9; i++) {
        slots[i].number = pt_number_nan();
    }
    slots[1] = (struct pt_slot){.number = 7, .text = PT_TEXT_SOME, .answered = true};
    slots[2] = (struct pt_slot){.number = 3, .text = 3, .choices = 4, .answered = true};
    slots[3] = (struct pt_slot){.number = pt_number_nan(), .text = PT_TEXT_SOME, .choices = 5, .answered = true};
    slots[5] = (struct pt_slot){.number = 3, .text = PT_TEXT_SOME};
    slots[6] = (struct pt_slot){.number = 2.5, .text = PT_TEXT_SOME, .answered = true};
    slots[8] = (struct pt_slot){.number = 4, .text = PT_TEXT_SOME, .answered = true};
}

Test(expr, gives_what_xpath_gives)
{
    const struct {
        const char *source;
        double want;
    } rows[] = {
        {"1 + 2 * 3", 7},
        {"(1 + 2) * 3", 9},
        {"10 - 4 - 3", 3},
        {"-2 * -3", 6},
        {"- 2 + 5", 3},
        {"7 div 2", 3.5},
        {"7 mod 4", 3},
        {"24 div 4 div 2", 3},
        {"1 + 1 = 2", 1},
        {"1 < 2 = 1", 1},
        {"1 = 1 and 2 > 3 or 4 >= 4", 1},
        {"1 or 1 and 0", 1},
        {"not(1 = 2)", 1},
        {"if(2 > 1, 10, 20)", 10},
        {"if(false(), 10, if(true(), 5, 6))", 5},
        {"${count} >= 5", 1},
        {"${count}-1", 6},
        {". != 7", 0},
        {"${level} = '3'", 1},
        {"${level} != \"a\"", 1},
        {"${level} >= 3", 1},
        {"${level} + 1", 4},
        {"selected(${many}, 'a') + selected(${many}, 'b')", 1},
        {"count-selected(${many})", 2},
        {"${remark} = ''", 1},
        {"${remark} != ''", 0},
        {"${many} != ''", 1},
        {"${count} = ''", 0},
        {"count(${product})", 3},
        {"count-answered(${fee})", 2},
        {"sum(${fee})", 6.5},
        {"min(${fee}) + max(${fee})", 6.5},
        {"coalesce(number(''), 3)", 3},
        {"floor(-1.5) + ceiling(1.2) + int(2.9) + abs(-4)", 6},
        {"round(2.345, 1)", 2.3},
        {"1 div 3 * 3 = 1", 1},
        {"number('3') = 3", 1},
    };
    struct pt_slot slots[9];
    fill(slots);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double is = evaluate(rows[i].source, slots);
        cr_expect_eq(is, rows[i].want, "%s = %f", rows[i].source, is);
    }
}

Test(expr, of_several_choices_none_is_counted_as_none)
{
    struct pt_slot slots[9];
    fill(slots);
    slots[3] = (struct pt_slot){.number = pt_number_nan(), .text = PT_TEXT_EMPTY, .answered = true};
    cr_expect_eq(evaluate("selected(${many}, 'a')", slots), 0);
    cr_expect_eq(evaluate("count-selected(${many})", slots), 0);
    cr_expect_eq(evaluate("if(count-selected(${many}) >= 1, 5, 0)", slots), 0);
    cr_expect_eq(evaluate("${many} = ''", slots), 1);
}

Test(expr, what_is_empty_is_no_number)
{
    struct pt_slot slots[9];
    memset(slots, 0, sizeof slots);
    for (size_t i = 0; i < 9; i++) {
        slots[i].number = pt_number_nan();
    }
    cr_expect(pt_number_is_nan(evaluate("${count} + 1", slots)));
    cr_expect(pt_number_is_nan(evaluate("1 div 0", slots)));
    cr_expect(pt_number_is_nan(evaluate("min(${fee})", slots)));
    cr_expect_eq(evaluate("sum(${fee})", slots), 0);
    cr_expect_eq(evaluate("${count} >= 0", slots), 0);
    cr_expect_eq(evaluate("${count} < 0", slots), 0);
    cr_expect_eq(evaluate("${count} = ''", slots), 1);
    cr_expect_eq(evaluate("${level} = ''", slots), 1);
    cr_expect_eq(evaluate("${level} = 'a'", slots), 0);
    cr_expect_eq(evaluate("if(${count} > 1, 5, 2)", slots), 2);
    cr_expect_eq(evaluate("not(${count})", slots), 1);
    cr_expect_eq(evaluate("coalesce(${count}, 9)", slots), 9);
    cr_expect_eq(evaluate("selected(${level}, 'a')", slots), 0);
}

Test(expr, what_was_read_unknown_makes_the_result_unknown)
{
    struct pt_slot slots[9];
    struct pt_arena arena;
    struct pt_program program;
    struct pt_expr_fault fault;
    struct pt_expr_scope scope = scope_of(false, 0);
    const struct pt_span spans[] = {{0, 1, false, false}, {1, 1, false, false}};
    fill(slots);
    slots[1].unknown = true;
    pt_arena_init(&arena, SIZE_MAX);
    cr_assert_eq(pt_expr_compile("if(${count} > 1, 5, 2)", &scope, &arena, &program, &fault), PT_OK);
    struct pt_expr_env env = {.slots = slots, .spans = spans};
    cr_expect(pt_expr_eval(&program, &env).unknown);
    slots[1].unknown = false;
    cr_expect_not(pt_expr_eval(&program, &env).unknown);
    pt_arena_close(&arena);
}

Test(expr, refuses_with_a_reason)
{
    const struct {
        const char *source;
        enum pt_msg msg;
        const char *detail;
    } rows[] = {
        {"1 +", PT_MSG_EXPR_END, "1 +"},
        {"1 and", PT_MSG_EXPR_END, "1 and"},
        {"", PT_MSG_EXPR_END, ""},
        {"sum(", PT_MSG_EXPR_END, "sum("},
        {"${count} > 1 and ${count} < 20000 and (${count} > 3 or", PT_MSG_EXPR_END,
         "nd ${count} < 20000 and (${count} > 3 or"},
        {"1 2", PT_MSG_EXPR_SYNTAX, "2"},
        {"(1", PT_MSG_EXPR_END, "(1"},
        {"1)", PT_MSG_EXPR_SYNTAX, ")"},
        {"'a", PT_MSG_EXPR_SYNTAX, "'a"},
        {"${count", PT_MSG_EXPR_SYNTAX, "${count"},
        {"1 % 2", PT_MSG_EXPR_SYNTAX, "% 2"},
        {"1.2.3", PT_MSG_EXPR_SYNTAX, "1.2.3"},
        {"if(1, 2)", PT_MSG_EXPR_SYNTAX, ")"},
        {"${nothing} = 1", PT_MSG_EXPR_NO_NAME, "nothing"},
        {"${info} = 1", PT_MSG_EXPR_NO_VALUE, "info"},
        {"${product} > 1", PT_MSG_EXPR_NO_VALUE, "product"},
        {"${fee} > 1", PT_MSG_EXPR_OTHER_REPEAT, "fee"},
        {"count(${fee})", PT_MSG_EXPR_NOT_REPEAT, "fee"},
        {"sum(${count})", PT_MSG_EXPR_NOT_IN_REPEAT, "count"},
        {"sum(1)", PT_MSG_EXPR_NEEDS_NAME, "1)"},
        {"selected(${count}, 'a')", PT_MSG_EXPR_NOT_SELECT, "count"},
        {"selected(${many}, 'z')", PT_MSG_EXPR_NO_CHOICE, "z"},
        {"${level} = 'z'", PT_MSG_EXPR_NO_CHOICE, "z"},
        {"${remark} = 'a'", PT_MSG_EXPR_ONLY_EMPTY, ""},
        {"${remark} + 1", PT_MSG_EXPR_ONLY_EMPTY, ""},
        {"${many} > 1", PT_MSG_EXPR_ONLY_EMPTY, ""},
        {"'a'", PT_MSG_EXPR_NOT_NUMBER, ""},
        {"round(1.5, 10)", PT_MSG_EXPR_ROUND, "10)"},
        {". > 1", PT_MSG_EXPR_DOT, "."},
        {"now() > 1", PT_MSG_EXPR_FUNCTION, "now"},
        {"today()", PT_MSG_EXPR_FUNCTION, "today"},
        {"random()", PT_MSG_EXPR_FUNCTION, "random"},
        {"once(1)", PT_MSG_EXPR_FUNCTION, "once"},
        {"pulldata('a', 'b')", PT_MSG_EXPR_FUNCTION, "pulldata"},
        {"string-length(${remark}) > 3", PT_MSG_EXPR_FUNCTION, "string-length"},
        {"((((((((((((((((((((((((((1))))))))))))))))))))))))))", PT_MSG_EXPR_TOO_LARGE, ""},
    };
    struct pt_expr_scope scope = scope_of(false, 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pt_arena arena;
        struct pt_program program;
        struct pt_expr_fault fault = {0};
        pt_arena_init(&arena, SIZE_MAX);
        cr_expect_eq(pt_expr_compile(rows[i].source, &scope, &arena, &program, &fault), PT_EINVALID, "%s",
                     rows[i].source);
        cr_expect_eq(fault.msg, rows[i].msg, "%s: %s", rows[i].source, pt_msg_english(fault.msg));
        cr_expect_str_eq(fault.detail, rows[i].detail, "%s: %s", rows[i].source, fault.detail);
        pt_arena_close(&arena);
    }
}

Test(expr, foreign_programs_are_checked)
{
    const double one[] = {1};
    const struct {
        struct pt_op ops[3];
        size_t n_ops;
        enum pt_err err;
    } rows[] = {
        {{{PT_OP_NUMBER, 0, 0}}, 1, PT_OK},
        {{{PT_OP_NUMBER, 1, 0}}, 1, PT_EMALFORMED},
        {{{PT_OP_NUMBER, 0, 0}, {PT_OP_ADD, 0, 0}}, 2, PT_EMALFORMED},
        {{{PT_OP_NUMBER, 0, 0}, {PT_OP_NUMBER, 0, 0}}, 2, PT_EMALFORMED},
        {{{PT_OP_NUMBER, 0, 0}, {PT_OP_ROUND, 10, 0}}, 2, PT_EMALFORMED},
        {{{PT_OP_COUNT_OF_CODES, 0, 0}}, 1, PT_EMALFORMED},
        {{{PT_OP_NUMBER, 0, 0}}, 0, PT_EMALFORMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pt_program program = {.ops = rows[i].ops, .n_ops = rows[i].n_ops, .numbers = one, .n_numbers = 1};
        cr_expect_eq(pt_program_check(&program), rows[i].err, "row %zu", i);
    }
    struct pt_op deep[PT_EXPR_STACK_MAX + 1] = {0};
    struct pt_program program = {.ops = deep, .n_ops = PT_EXPR_STACK_MAX + 1, .numbers = one, .n_numbers = 1};
    cr_expect_eq(pt_program_check(&program), PT_EMALFORMED);
}
