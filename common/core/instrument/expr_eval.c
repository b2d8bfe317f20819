#include "core/instrument/expr.h"

#include "core/number.h"

static const uint8_t takes_of[] = {
#define PT_OP_TAKES(name, takes) takes,
    PT_OP_MAP(PT_OP_TAKES)
#undef PT_OP_TAKES
};

unsigned pt_op_takes(enum pt_op_code code)
{
    return takes_of[code];
}

enum pt_err pt_program_check(const struct pt_program *program)
{
    size_t depth = 0;
    if (program->n_ops == 0 || program->n_ops > PT_EXPR_OPS_MAX) {
        return PT_EMALFORMED;
    }
    for (size_t i = 0; i < program->n_ops; i++) {
        const struct pt_op *op = &program->ops[i];
        if ((unsigned)op->code >= PT_OP_COUNT_OF_CODES || depth < takes_of[op->code]) {
            return PT_EMALFORMED;
        }
        if ((op->code == PT_OP_NUMBER && op->a >= program->n_numbers) || (op->code == PT_OP_ROUND && op->a > 9)) {
            return PT_EMALFORMED;
        }
        depth = depth - takes_of[op->code] + 1;
        if (depth > PT_EXPR_STACK_MAX) {
            return PT_EMALFORMED;
        }
    }
    return depth == 1 ? PT_OK : PT_EMALFORMED;
}

static struct pt_cell cell_of(double number)
{
    uint32_t text = pt_number_is_nan(number) ? PT_TEXT_EMPTY : PT_TEXT_SOME;
    return (struct pt_cell){.number = number, .text = text};
}

static struct pt_cell cell_of_bool(bool value)
{
    return cell_of(value ? 1 : 0);
}

bool pt_cell_true(const struct pt_cell *cell)
{
    return cell->number != 0 && !pt_number_is_nan(cell->number);
}

static const struct pt_slot *slot_of(const struct pt_expr_env *env, uint32_t node)
{
    const struct pt_span *span = &env->spans[node];
    return &env->slots[span->first + (span->repeated ? env->instance : 0)];
}

static double count_choices(uint64_t choices)
{
    double n = 0;
    for (; choices != 0; choices &= choices - 1) {
        n++;
    }
    return n;
}

static double fold(enum pt_op_code code, double total, double number)
{
    if (code == PT_OP_SUM) {
        return pt_number_is_nan(total) ? number : total + number;
    }
    if (pt_number_is_nan(total)) {
        return number;
    }
    return (code == PT_OP_MIN) == (number < total) ? number : total;
}

/* Over the answered instances, in the order of their names. */
static struct pt_cell over_repeat(const struct pt_op *op, const struct pt_expr_env *env)
{
    const struct pt_span *span = &env->spans[op->a];
    double total = op->code == PT_OP_SUM ? 0 : pt_number_nan();
    double n = 0;
    bool unknown = span->open;
    for (uint32_t i = 0; i < span->count; i++) {
        const struct pt_slot *slot = &env->slots[span->first + i];
        unknown |= slot->unknown;
        if (slot->answered) {
            total = fold(op->code, total, slot->number);
            n++;
        }
    }
    struct pt_cell cell = cell_of(op->code == PT_OP_COUNT_ANSWERED ? n : total);
    cell.unknown = unknown;
    return cell;
}

static struct pt_cell read_slot(const struct pt_op *op, const struct pt_slot *slot)
{
    struct pt_cell cell = {.number = slot->number, .text = slot->text};
    if (op->code == PT_OP_SELECTED || op->code == PT_OP_SELF_SELECTED) {
        cell = cell_of_bool((slot->choices >> (op->b - 1) & 1) != 0);
    } else if (op->code == PT_OP_COUNT_SELECTED || op->code == PT_OP_SELF_COUNT_SELECTED) {
        cell = cell_of(count_choices(slot->choices));
    }
    cell.unknown = slot->unknown;
    return cell;
}

static struct pt_cell leaf(const struct pt_program *program, const struct pt_op *op, const struct pt_expr_env *env)
{
    switch ((int)op->code) {
    case PT_OP_NUMBER:
        return cell_of(program->numbers[op->a]);
    case PT_OP_TEXT:
        return (struct pt_cell){.number = env->text_numbers[op->a], .text = op->a};
    case PT_OP_SELF:
    case PT_OP_SELF_SELECTED:
    case PT_OP_SELF_COUNT_SELECTED:
        return read_slot(op, env->self);
    case PT_OP_COUNT_ANSWERED:
    case PT_OP_SUM:
    case PT_OP_MIN:
    case PT_OP_MAX:
        return over_repeat(op, env);
    default: /* LOAD, SELECTED, COUNT_SELECTED, and COUNT: the slot of a repeat holds its number of instances */
        return read_slot(op, slot_of(env, op->a));
    }
}

static struct pt_cell unary(const struct pt_op *op, const struct pt_cell *a)
{
    switch ((int)op->code) {
    case PT_OP_NEGATE:
        return cell_of(-a->number);
    case PT_OP_NOT:
        return cell_of_bool(!pt_cell_true(a));
    case PT_OP_TRUTH:
        return cell_of_bool(pt_cell_true(a));
    case PT_OP_TRUTH_TEXT:
        return cell_of_bool(a->text != PT_TEXT_EMPTY);
    case PT_OP_FLOOR:
        return cell_of(pt_number_floor(a->number));
    case PT_OP_CEILING:
        return cell_of(pt_number_ceiling(a->number));
    case PT_OP_INT:
        return cell_of(pt_number_int(a->number));
    case PT_OP_ABS:
        return cell_of(pt_number_abs(a->number));
    case PT_OP_ROUND:
        return cell_of(pt_number_round(a->number, op->a));
    default: /* AS_NUMBER */
        return cell_of(a->number);
    }
}

static struct pt_cell compare(enum pt_op_code code, const struct pt_cell *a, const struct pt_cell *b)
{
    switch ((int)code) {
    case PT_OP_EQUAL:
        return cell_of_bool(a->number == b->number);
    case PT_OP_NOT_EQUAL:
        return cell_of_bool(a->number != b->number);
    case PT_OP_LESS:
        return cell_of_bool(a->number < b->number);
    case PT_OP_LESS_EQUAL:
        return cell_of_bool(a->number <= b->number);
    case PT_OP_GREATER:
        return cell_of_bool(a->number > b->number);
    case PT_OP_GREATER_EQUAL:
        return cell_of_bool(a->number >= b->number);
    case PT_OP_EQUAL_TEXT:
        return cell_of_bool(a->text == b->text);
    default: /* NOT_EQUAL_TEXT */
        return cell_of_bool(a->text != b->text);
    }
}

static struct pt_cell binary(enum pt_op_code code, const struct pt_cell *a, const struct pt_cell *b)
{
    switch ((int)code) {
    case PT_OP_ADD:
        return cell_of(a->number + b->number);
    case PT_OP_SUBTRACT:
        return cell_of(a->number - b->number);
    case PT_OP_MULTIPLY:
        return cell_of(a->number * b->number);
    case PT_OP_DIVIDE:
        return cell_of(b->number == 0 ? pt_number_nan() : a->number / b->number);
    case PT_OP_MODULO:
        return cell_of(pt_number_mod(a->number, b->number));
    case PT_OP_AND:
        return cell_of_bool(pt_cell_true(a) && pt_cell_true(b));
    case PT_OP_OR:
        return cell_of_bool(pt_cell_true(a) || pt_cell_true(b));
    case PT_OP_COALESCE:
        return pt_number_is_nan(a->number) ? *b : *a;
    case PT_OP_COALESCE_TEXT:
        return a->text == PT_TEXT_EMPTY ? *b : *a;
    default:
        return compare(code, a, b);
    }
}

struct pt_cell pt_expr_eval(const struct pt_program *program, const struct pt_expr_env *env)
{
    struct pt_cell stack[PT_EXPR_STACK_MAX + 1] = {0};
    size_t depth = 0;
    bool unknown = false;
    for (size_t i = 0; i < program->n_ops; i++) {
        const struct pt_op *op = &program->ops[i];
        unsigned takes = takes_of[op->code];
        depth -= takes;
        struct pt_cell *at = &stack[depth];
        if (takes == 0) {
            *at = leaf(program, op, env);
            unknown |= at->unknown;
        } else if (takes == 1) {
            *at = unary(op, &at[0]);
        } else if (takes == 2) {
            *at = binary(op->code, &at[0], &at[1]);
        } else {
            *at = pt_cell_true(&at[0]) ? at[1] : at[2];
        }
        depth++;
    }
    stack[0].unknown = unknown;
    return stack[0];
}
