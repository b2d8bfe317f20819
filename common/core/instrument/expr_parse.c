#include "core/instrument/expr.h"

#include "core/instrument/expr_lexer.h"
#include "core/number.h"

#include <stdio.h>
#include <string.h>

#define END_BYTES_SHOWN 40u

/* Static kind of what an expression leaves on the stack. */
enum kind {
    KIND_NUMBER, /* also truth */
    KIND_NAME,   /* a string: literal, or the name of a choice */
    KIND_FILLED  /* known only as empty or not: texts, several choices */
};

struct parse {
    const char *source;
    struct pt_lexer lex;
    const struct pt_expr_scope *scope;
    struct pt_op *ops; /* PT_EXPR_OPS_MAX */
    size_t n_ops;
    double *numbers; /* PT_EXPR_OPS_MAX */
    size_t n_numbers;
    size_t depth;   /* of the run-time stack */
    size_t nesting; /* of this parser */
    enum pt_err err;
    struct pt_expr_fault *fault;
};

struct operand {
    enum kind kind;
    bool literal;         /* one string literal */
    struct pt_bytes text; /* of that literal */
    uint32_t choice_of;   /* node of a select_one; 0 = none */
};

static struct operand parse_expr(struct parse *p, int level);

static struct operand refuse(struct parse *p, enum pt_msg msg, struct pt_bytes detail)
{
    if (p->err == PT_OK) {
        p->err = PT_EINVALID;
        p->fault->msg = msg;
        (void)snprintf(p->fault->detail, sizeof p->fault->detail, "%.*s", detail.n > 200 ? 200 : (int)detail.n,
                       detail.data == NULL ? "" : (const char *)detail.data);
    }
    p->lex.token = PT_TOKEN_END;
    return (struct operand){0};
}

static void next(struct parse *p)
{
    if (p->err == PT_OK) {
        pt_lexer_next(&p->lex);
    } else {
        p->lex.token = PT_TOKEN_END;
    }
}

static bool is(const struct parse *p, enum pt_token token, const char *text)
{
    return p->lex.token == token && pt_bytes_eq(p->lex.text, pt_bytes_str(text));
}

/* What stands here is not what has to: the rest of the source, or that it ends here and after what. */
static struct operand refuse_here(struct parse *p, enum pt_msg msg)
{
    if (p->lex.token != PT_TOKEN_END) {
        const char *from = (const char *)p->lex.text.data;
        return refuse(p, msg, pt_bytes_of(from, strlen(from)));
    }
    const char *end = p->source + strlen(p->source);
    size_t n = (size_t)(end - p->source) > END_BYTES_SHOWN ? END_BYTES_SHOWN : (size_t)(end - p->source);
    while (n > 0 && ((unsigned char)end[-(ptrdiff_t)n] & 0xc0) == 0x80) {
        n--; /* no half letter */
    }
    return refuse(p, PT_MSG_EXPR_END, pt_bytes_of(end - n, n));
}

static void expect(struct parse *p, const char *sign)
{
    if (!is(p, PT_TOKEN_SIGN, sign)) {
        (void)refuse_here(p, PT_MSG_EXPR_SYNTAX);
        return;
    }
    next(p);
}

static void emit(struct parse *p, enum pt_op_code code, uint32_t a, uint32_t b)
{
    if (p->err != PT_OK) {
        return;
    }
    p->depth = p->depth - pt_op_takes(code) + 1;
    if (p->n_ops == PT_EXPR_OPS_MAX || p->depth > PT_EXPR_STACK_MAX) {
        (void)refuse(p, PT_MSG_EXPR_TOO_LARGE, (struct pt_bytes){0});
        return;
    }
    p->ops[p->n_ops++] = (struct pt_op){.code = code, .a = a, .b = b};
}

static struct operand emit_number(struct parse *p, double number)
{
    if (p->n_numbers < PT_EXPR_OPS_MAX) { /* one operation each: emit refuses first */
        p->numbers[p->n_numbers] = number;
    }
    emit(p, PT_OP_NUMBER, (uint32_t)p->n_numbers, 0);
    p->n_numbers++;
    return (struct operand){.kind = KIND_NUMBER};
}

static struct operand parse_number(struct parse *p)
{
    double number = 0;
    if (pt_number_read(p->lex.text, &number) != PT_OK) {
        return refuse(p, PT_MSG_EXPR_SYNTAX, p->lex.text);
    }
    next(p);
    return emit_number(p, number);
}

static struct operand parse_string(struct parse *p)
{
    uint32_t index = p->scope->text(p->scope->data, p->lex.text);
    if (index == PT_TEXT_SOME) {
        p->err = p->err == PT_OK ? PT_ENOMEM : p->err;
    }
    emit(p, PT_OP_TEXT, index, 0);
    struct operand operand = {.kind = KIND_NAME, .literal = true, .text = p->lex.text};
    next(p);
    return operand;
}

static bool find_ref(struct parse *p, struct pt_ref *ref)
{
    if (p->lex.token != PT_TOKEN_REF) {
        (void)refuse_here(p, PT_MSG_EXPR_NEEDS_NAME);
        return false;
    }
    if (!p->scope->find(p->scope->data, p->lex.text, ref)) {
        (void)refuse(p, PT_MSG_EXPR_NO_NAME, p->lex.text);
        return false;
    }
    return true;
}

/* A name read as one value: outside repeats, or in the repeat of the expression itself. */
static bool readable(struct parse *p, const struct pt_ref *ref)
{
    uint32_t own = p->scope->self.kind == PT_REF_REPEAT ? p->scope->self.node : p->scope->self.repeat;
    bool fits = ref->repeat == 0 || ref->repeat == own;
    if (p->scope->self.kind == PT_REF_REPEAT && ref->repeat == own && own != 0) {
        fits = false; /* a repeat's own relevance is asked before it has instances */
    }
    if (ref->kind == PT_REF_REPEAT || ref->kind == PT_REF_GROUP) {
        (void)refuse(p, PT_MSG_EXPR_NO_VALUE, p->lex.text);
    } else if (!fits) {
        (void)refuse(p, PT_MSG_EXPR_OTHER_REPEAT, p->lex.text);
    }
    return p->err == PT_OK;
}

static struct operand operand_of(const struct pt_ref *ref)
{
    struct operand operand = {.kind = KIND_FILLED};
    if (ref->kind == PT_REF_NUMBER) {
        operand.kind = KIND_NUMBER;
    } else if (ref->kind == PT_REF_CHOICE) {
        operand.kind = KIND_NAME;
        operand.choice_of = ref->node;
    }
    return operand;
}

static struct operand parse_ref(struct parse *p)
{
    struct pt_ref ref;
    if (!find_ref(p, &ref) || !readable(p, &ref)) {
        return (struct operand){0};
    }
    emit(p, PT_OP_LOAD, ref.node, 0);
    next(p);
    return operand_of(&ref);
}

static struct operand parse_dot(struct parse *p)
{
    if (!p->scope->is_constraint) {
        return refuse(p, PT_MSG_EXPR_DOT, p->lex.text);
    }
    emit(p, PT_OP_SELF, 0, 0);
    next(p);
    return operand_of(&p->scope->self);
}

/* The value must be usable as a number. */
static void need_number(struct parse *p, const struct operand *operand)
{
    if (p->err == PT_OK && operand->kind == KIND_FILLED) {
        (void)refuse(p, PT_MSG_EXPR_ONLY_EMPTY, (struct pt_bytes){0});
    }
}

static void make_truth(struct parse *p, const struct operand *operand)
{
    emit(p, operand->kind == KIND_NUMBER ? PT_OP_TRUTH : PT_OP_TRUTH_TEXT, 0, 0);
}

static struct operand parse_one_number(struct parse *p, enum pt_op_code code)
{
    struct operand operand = parse_expr(p, 0);
    need_number(p, &operand);
    emit(p, code, 0, 0);
    return (struct operand){.kind = KIND_NUMBER};
}

static struct operand parse_not(struct parse *p, enum pt_op_code code)
{
    struct operand operand = parse_expr(p, 0);
    make_truth(p, &operand);
    emit(p, code, 0, 0);
    return (struct operand){.kind = KIND_NUMBER};
}

static struct operand parse_round(struct parse *p, enum pt_op_code code)
{
    struct operand operand = parse_expr(p, 0);
    need_number(p, &operand);
    expect(p, ",");
    bool good = p->lex.token == PT_TOKEN_NUMBER && p->lex.text.n == 1;
    uint32_t decimals = good ? (uint32_t)(p->lex.text.data[0] - '0') : 0;
    if (!good) {
        return refuse_here(p, PT_MSG_EXPR_ROUND);
    }
    next(p);
    emit(p, code, decimals, 0);
    return (struct operand){.kind = KIND_NUMBER};
}

static struct operand parse_if(struct parse *p, enum pt_op_code code)
{
    struct operand condition = parse_expr(p, 0);
    make_truth(p, &condition);
    expect(p, ",");
    struct operand yes = parse_expr(p, 0);
    expect(p, ",");
    struct operand no = parse_expr(p, 0);
    if (yes.kind == KIND_FILLED || no.kind == KIND_FILLED) {
        return refuse(p, PT_MSG_EXPR_ONLY_EMPTY, (struct pt_bytes){0});
    }
    emit(p, code, 0, 0);
    return (struct operand){.kind = yes.kind == KIND_NAME && no.kind == KIND_NAME ? KIND_NAME : KIND_NUMBER};
}

static struct operand parse_coalesce(struct parse *p, enum pt_op_code code)
{
    struct operand first = parse_expr(p, 0);
    expect(p, ",");
    struct operand second = parse_expr(p, 0);
    if (first.kind == KIND_FILLED || second.kind == KIND_FILLED) {
        return refuse(p, PT_MSG_EXPR_ONLY_EMPTY, (struct pt_bytes){0});
    }
    bool names = first.kind == KIND_NAME && second.kind == KIND_NAME;
    emit(p, names ? PT_OP_COALESCE_TEXT : code, 0, 0);
    return (struct operand){.kind = names ? KIND_NAME : KIND_NUMBER};
}

/* The question of selected() and count-selected(): ${name}, or the dot. */
static bool parse_select(struct parse *p, struct pt_ref *ref, bool *self)
{
    *self = is(p, PT_TOKEN_SIGN, ".") && p->scope->is_constraint;
    if (*self) {
        *ref = p->scope->self;
    } else if (!find_ref(p, ref) || !readable(p, ref)) {
        return false;
    }
    if (ref->kind != PT_REF_CHOICE && ref->kind != PT_REF_CHOICES) {
        (void)refuse(p, PT_MSG_EXPR_NOT_SELECT, p->lex.text);
        return false;
    }
    next(p);
    return true;
}

static struct operand parse_selected(struct parse *p, enum pt_op_code code)
{
    struct pt_ref ref;
    bool self;
    if (!parse_select(p, &ref, &self)) {
        return (struct operand){0};
    }
    expect(p, ",");
    if (p->lex.token != PT_TOKEN_STRING) {
        return refuse_here(p, PT_MSG_EXPR_SYNTAX);
    }
    uint32_t choice = p->scope->choice(p->scope->data, ref.node, p->lex.text);
    if (choice == 0) {
        return refuse(p, PT_MSG_EXPR_NO_CHOICE, p->lex.text);
    }
    next(p);
    emit(p, self ? PT_OP_SELF_SELECTED : code, self ? 0 : ref.node, choice);
    return (struct operand){.kind = KIND_NUMBER};
}

static struct operand parse_count_selected(struct parse *p, enum pt_op_code code)
{
    struct pt_ref ref;
    bool self;
    if (parse_select(p, &ref, &self)) {
        emit(p, self ? PT_OP_SELF_COUNT_SELECTED : code, self ? 0 : ref.node, 0);
    }
    return (struct operand){.kind = KIND_NUMBER};
}

static struct operand parse_over_repeat(struct parse *p, enum pt_op_code code)
{
    struct pt_ref ref;
    if (!find_ref(p, &ref)) {
        return (struct operand){0};
    }
    bool fits = ref.kind == PT_REF_REPEAT;
    if (code != PT_OP_COUNT) {
        fits = ref.repeat != 0 && (ref.kind == PT_REF_NUMBER || ref.kind == PT_REF_CHOICE ||
                                   (code == PT_OP_COUNT_ANSWERED && ref.kind != PT_REF_GROUP));
    }
    if (!fits) {
        return refuse(p, code == PT_OP_COUNT ? PT_MSG_EXPR_NOT_REPEAT : PT_MSG_EXPR_NOT_IN_REPEAT, p->lex.text);
    }
    next(p);
    emit(p, code, ref.node, 0);
    return (struct operand){.kind = KIND_NUMBER};
}

static struct operand parse_constant(struct parse *p, enum pt_op_code code)
{
    return emit_number(p, code == PT_OP_NOT ? 0 : 1);
}

static const struct function {
    const char *name;
    struct operand (*parse)(struct parse *p, enum pt_op_code code);
    enum pt_op_code code;
} functions[] = {
    {"not", parse_not, PT_OP_NOT},
    {"if", parse_if, PT_OP_IF},
    {"selected", parse_selected, PT_OP_SELECTED},
    {"count-selected", parse_count_selected, PT_OP_COUNT_SELECTED},
    {"count", parse_over_repeat, PT_OP_COUNT},
    {"count-answered", parse_over_repeat, PT_OP_COUNT_ANSWERED},
    {"sum", parse_over_repeat, PT_OP_SUM},
    {"min", parse_over_repeat, PT_OP_MIN},
    {"max", parse_over_repeat, PT_OP_MAX},
    {"coalesce", parse_coalesce, PT_OP_COALESCE},
    {"floor", parse_one_number, PT_OP_FLOOR},
    {"ceiling", parse_one_number, PT_OP_CEILING},
    {"int", parse_one_number, PT_OP_INT},
    {"abs", parse_one_number, PT_OP_ABS},
    {"number", parse_one_number, PT_OP_AS_NUMBER},
    {"round", parse_round, PT_OP_ROUND},
    {"true", parse_constant, PT_OP_TRUTH},
    {"false", parse_constant, PT_OP_NOT},
};

static struct operand parse_call(struct parse *p)
{
    struct pt_bytes name = p->lex.text;
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        if (!is(p, PT_TOKEN_NAME, functions[i].name)) {
            continue;
        }
        next(p);
        expect(p, "(");
        struct operand operand = functions[i].parse(p, functions[i].code);
        expect(p, ")");
        return operand;
    }
    return refuse(p, PT_MSG_EXPR_FUNCTION, name);
}

static struct operand parse_primary(struct parse *p)
{
    if (is(p, PT_TOKEN_SIGN, "(")) {
        next(p);
        struct operand operand = parse_expr(p, 0);
        expect(p, ")");
        return operand;
    }
    if (is(p, PT_TOKEN_SIGN, "-")) {
        next(p);
        struct operand operand = parse_expr(p, 6);
        need_number(p, &operand);
        emit(p, PT_OP_NEGATE, 0, 0);
        return (struct operand){.kind = KIND_NUMBER};
    }
    if (is(p, PT_TOKEN_SIGN, ".")) {
        return parse_dot(p);
    }
    if (p->lex.token == PT_TOKEN_NUMBER) {
        return parse_number(p);
    }
    if (p->lex.token == PT_TOKEN_STRING) {
        return parse_string(p);
    }
    if (p->lex.token == PT_TOKEN_REF) {
        return parse_ref(p);
    }
    return p->lex.token == PT_TOKEN_NAME ? parse_call(p) : refuse_here(p, PT_MSG_EXPR_SYNTAX);
}

/* Binary operators, loosest level first; all of them group from the left. */
static const struct operator
{
    const char *text;
    enum pt_token token;
    int level;
    enum pt_op_code code;
}
operators[] = {
    {"or", PT_TOKEN_NAME, 1, PT_OP_OR},      {"and", PT_TOKEN_NAME, 2, PT_OP_AND},
    {"=", PT_TOKEN_SIGN, 3, PT_OP_EQUAL},    {"!=", PT_TOKEN_SIGN, 3, PT_OP_NOT_EQUAL},
    {"<", PT_TOKEN_SIGN, 4, PT_OP_LESS},     {"<=", PT_TOKEN_SIGN, 4, PT_OP_LESS_EQUAL},
    {">", PT_TOKEN_SIGN, 4, PT_OP_GREATER},  {">=", PT_TOKEN_SIGN, 4, PT_OP_GREATER_EQUAL},
    {"+", PT_TOKEN_SIGN, 5, PT_OP_ADD},      {"-", PT_TOKEN_SIGN, 5, PT_OP_SUBTRACT},
    {"*", PT_TOKEN_SIGN, 6, PT_OP_MULTIPLY}, {"div", PT_TOKEN_NAME, 6, PT_OP_DIVIDE},
    {"mod", PT_TOKEN_NAME, 6, PT_OP_MODULO},
};

static const struct operator* find_operator(const struct parse *p)
{
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        if (is(p, operators[i].token, operators[i].text)) {
            return &operators[i];
        }
    }
    return NULL;
}

/* A literal beside a select_one must be one of its choices: a typing error would never match. */
static void check_choice(struct parse *p, const struct operand *question, const struct operand *literal)
{
    if (question->choice_of == 0 || !literal->literal || literal->text.n == 0) {
        return;
    }
    if (p->scope->choice(p->scope->data, question->choice_of, literal->text) == 0) {
        (void)refuse(p, PT_MSG_EXPR_NO_CHOICE, literal->text);
    }
}

static bool is_empty_literal(const struct operand *operand)
{
    return operand->literal && operand->text.n == 0;
}

static void emit_equal(struct parse *p, enum pt_op_code code, const struct operand *left, const struct operand *right)
{
    bool filled = left->kind == KIND_FILLED || right->kind == KIND_FILLED;
    bool with_empty = is_empty_literal(left) || is_empty_literal(right);
    if (filled && !with_empty) {
        (void)refuse(p, PT_MSG_EXPR_ONLY_EMPTY, (struct pt_bytes){0});
        return;
    }
    check_choice(p, left, right);
    check_choice(p, right, left);
    bool names = left->kind == KIND_NAME && right->kind == KIND_NAME;
    bool as_text = with_empty || names;
    enum pt_op_code text_code = code == PT_OP_EQUAL ? PT_OP_EQUAL_TEXT : PT_OP_NOT_EQUAL_TEXT;
    emit(p, as_text ? text_code : code, 0, 0);
}

static void parse_right(struct parse *p, const struct operator* operator, const struct operand * left)
{
    bool logical = operator->code == PT_OP_AND || operator->code == PT_OP_OR;
    if (logical) {
        make_truth(p, left);
    }
    next(p);
    struct operand right = parse_expr(p, operator->level);
    if (operator->level == 3) {
        emit_equal(p, operator->code, left, &right);
        return;
    }
    if (logical) {
        make_truth(p, &right);
    } else {
        need_number(p, left);
        need_number(p, &right);
    }
    emit(p, operator->code, 0, 0);
}

/* Precedence climbing: operators that bind tighter than `level`. */
static struct operand parse_expr(struct parse *p, int level)
{
    if (p->nesting == PT_EXPR_NESTING_MAX) {
        return refuse(p, PT_MSG_EXPR_TOO_LARGE, (struct pt_bytes){0});
    }
    p->nesting++;
    struct operand left = parse_primary(p);
    for (;;) {
        const struct operator* operator= find_operator(p);
        if (p->err != PT_OK || operator== NULL || operator->level <= level) {
            break;
        }
        parse_right(p, operator, & left);
        left = (struct operand){.kind = KIND_NUMBER};
    }
    p->nesting--;
    return left;
}

static enum pt_err keep(struct parse *p, const char *source, struct pt_arena *arena, struct pt_program *out)
{
    struct pt_op *ops = pt_arena_zalloc(arena, p->n_ops, sizeof *ops);
    double *numbers = pt_arena_zalloc(arena, p->n_numbers, sizeof *numbers);
    char *copy = pt_arena_str(arena, source);
    if (ops == NULL || numbers == NULL || copy == NULL) {
        return PT_ENOMEM;
    }
    memcpy(ops, p->ops, p->n_ops * sizeof *ops);
    memcpy(numbers, p->numbers, p->n_numbers * sizeof *numbers);
    *out = (struct pt_program){
        .ops = ops, .n_ops = p->n_ops, .numbers = numbers, .n_numbers = p->n_numbers, .source = copy};
    return PT_OK;
}

enum pt_err pt_expr_compile(const char *source, const struct pt_expr_scope *scope, struct pt_arena *arena,
                            struct pt_program *out, struct pt_expr_fault *fault)
{
    struct pt_op ops[PT_EXPR_OPS_MAX];
    double numbers[PT_EXPR_OPS_MAX];
    struct parse p = {
        .source = source, .lex = {.at = source}, .scope = scope, .ops = ops, .numbers = numbers, .fault = fault};
    if (strlen(source) > PT_EXPR_BYTES_MAX) {
        (void)refuse(&p, PT_MSG_EXPR_TOO_LARGE, (struct pt_bytes){0});
        return p.err;
    }
    next(&p);
    struct operand whole = parse_expr(&p, 0);
    if (p.err == PT_OK && p.lex.token != PT_TOKEN_END) {
        (void)refuse_here(&p, PT_MSG_EXPR_SYNTAX);
    }
    if (p.err == PT_OK && whole.kind != KIND_NUMBER) {
        (void)refuse(&p, PT_MSG_EXPR_NOT_NUMBER, (struct pt_bytes){0});
    }
    return p.err != PT_OK ? p.err : keep(&p, source, arena, out);
}
