/* expr.h - expressions of a sheet: compiled once to a list of operations, evaluated without recursion.
 *
 * The stated subset of XPath: ${name}, . (constraints), numbers, strings, + - * div mod, = != < <= > >=, and, or, not,
 * if, selected, count-selected, count, count-answered, sum, min, max (over a repeat), coalesce, floor, ceiling, round,
 * int, abs, number, true, false. Everything else is refused with a reason. Numbers are IEEE binary64; NaN is "no
 * number" and what an empty question reads as. All arguments are evaluated: no operation jumps.
 * Thread: any.  Memory: programs live in the arena given. */
#ifndef PT_EXPR_H
#define PT_EXPR_H

#include "base/arena.h"
#include "base/problem.h"

#define PT_EXPR_BYTES_MAX 2000
#define PT_EXPR_OPS_MAX 512
#define PT_EXPR_STACK_MAX 32
#define PT_EXPR_NESTING_MAX 24

/* Texts in expressions are indexes into the instrument's table. */
#define PT_TEXT_EMPTY 0u
#define PT_TEXT_SOME UINT32_MAX /* there is a text, and nobody may ask which */

/* X(name, how many values it takes from the stack); each puts one. */
#define PT_OP_MAP(X)                                                                                                   \
    X(NUMBER, 0)              /* a: index in numbers */                                                                \
    X(TEXT, 0)                /* a: index in the instrument's texts */                                                 \
    X(LOAD, 0)                /* a: node */                                                                            \
    X(SELF, 0)                /* the value a constraint is checked for */                                              \
    X(SELECTED, 0)            /* a: node, b: choice number */                                                          \
    X(SELF_SELECTED, 0)       /* b: choice number */                                                                   \
    X(COUNT_SELECTED, 0)      /* a: node */                                                                            \
    X(SELF_COUNT_SELECTED, 0) /* how many choices of the checked value */                                              \
    X(COUNT, 0)               /* a: repeat */                                                                          \
    X(COUNT_ANSWERED, 0)      /* a: node in a repeat */                                                                \
    X(SUM, 0)                 /* a: node in a repeat; of the answers, 0 when there are none */                         \
    X(MIN, 0)                 /* a: node in a repeat; NaN when there are none */                                       \
    X(MAX, 0)                 /* as MIN */                                                                             \
    X(NEGATE, 1)                                                                                                       \
    X(NOT, 1)                                                                                                          \
    X(TRUTH, 1)      /* number: neither 0 nor NaN */                                                                   \
    X(TRUTH_TEXT, 1) /* not empty */                                                                                   \
    X(FLOOR, 1)                                                                                                        \
    X(CEILING, 1)                                                                                                      \
    X(INT, 1)                                                                                                          \
    X(ABS, 1)                                                                                                          \
    X(ROUND, 1) /* a: decimals 0..9 */                                                                                 \
    X(AS_NUMBER, 1)                                                                                                    \
    X(ADD, 2)                                                                                                          \
    X(SUBTRACT, 2)                                                                                                     \
    X(MULTIPLY, 2)                                                                                                     \
    X(DIVIDE, 2)                                                                                                       \
    X(MODULO, 2)                                                                                                       \
    X(EQUAL, 2)                                                                                                        \
    X(NOT_EQUAL, 2)                                                                                                    \
    X(LESS, 2)                                                                                                         \
    X(LESS_EQUAL, 2)                                                                                                   \
    X(GREATER, 2)                                                                                                      \
    X(GREATER_EQUAL, 2)                                                                                                \
    X(EQUAL_TEXT, 2)                                                                                                   \
    X(NOT_EQUAL_TEXT, 2)                                                                                               \
    X(AND, 2)                                                                                                          \
    X(OR, 2)                                                                                                           \
    X(COALESCE, 2)                                                                                                     \
    X(COALESCE_TEXT, 2)                                                                                                \
    X(IF, 3)

enum pt_op_code {
#define PT_OP_CODE(name, takes) PT_OP_##name,
    PT_OP_MAP(PT_OP_CODE)
#undef PT_OP_CODE
        PT_OP_COUNT_OF_CODES
};

struct pt_op {
    enum pt_op_code code;
    uint32_t a;
    uint32_t b;
};

struct pt_program {
    const struct pt_op *ops;
    size_t n_ops;
    const double *numbers;
    size_t n_numbers;
    const char *source; /* as written in the sheet */
};

/* How many values the operation takes from the stack. */
unsigned pt_op_takes(enum pt_op_code code);
/* Every operation known, stack never below 0 nor over PT_EXPR_STACK_MAX, one value at the end, number and decimals in
 * range. Indexes of nodes, choices and texts are the instrument's matter. Errors: MALFORMED. */
enum pt_err pt_program_check(const struct pt_program *program);

/* What a name stands for, as far as expressions care. */
enum pt_ref_kind {
    PT_REF_NUMBER,  /* integer, decimal, calculate */
    PT_REF_CHOICE,  /* select_one: the name of the choice */
    PT_REF_CHOICES, /* select_multiple: selected(), count-selected(), or compared with '' */
    PT_REF_TEXT,    /* text, image: only compared with '' */
    PT_REF_REPEAT,  /* only inside count() */
    PT_REF_GROUP    /* groups and notes have no value */
};

struct pt_ref {
    enum pt_ref_kind kind;
    uint32_t node;
    uint32_t repeat; /* node of the enclosing repeat, 0 = none */
};

/* The sheet around an expression. */
struct pt_expr_scope {
    bool (*find)(void *data, struct pt_bytes name, struct pt_ref *out);
    /* Number of a choice in the list of the question; 0 when it has none of that name. */
    uint32_t (*choice)(void *data, uint32_t node, struct pt_bytes name);
    /* Index of a text in the instrument's table, added when new; PT_TEXT_SOME when out of memory. */
    uint32_t (*text)(void *data, struct pt_bytes text);
    void *data;
    struct pt_ref self; /* the node the expression belongs to */
    bool is_constraint; /* the dot is known */
};

/* Why an expression was refused: a message whose {4} is the detail. */
struct pt_expr_fault {
    enum pt_msg msg;
    char detail[PT_PROBLEM_ARG_BYTES];
};

/* Errors: INVALID (fault says why), NOMEM. */
enum pt_err pt_expr_compile(const char *source, const struct pt_expr_scope *scope, struct pt_arena *arena,
                            struct pt_program *out, struct pt_expr_fault *fault);

/* One question at one instance, as expressions read it. Not relevant or not answered: NaN, PT_TEXT_EMPTY, 0. */
struct pt_slot {
    double number;
    uint32_t text;
    uint64_t choices; /* bit n-1 = choice n */
    bool answered;
    bool relevant;
    bool unknown;      /* the value may still change when missing answers come in */
    bool may_relevant; /* relevance itself may still change */
    int64_t low;       /* value towards the score, 10^-9, within 0..max_score */
    int64_t high;
    uint32_t blocker; /* when not relevant: the node whose `relevant` says so */
};

/* Slots of a node: one outside repeats, one an instance inside. */
struct pt_span {
    size_t first;
    uint32_t count;
    bool repeated;
    bool open; /* instances are still to come: nothing over all of them is known */
};

struct pt_expr_env {
    const struct pt_slot *slots;
    const struct pt_span *spans; /* by node */
    const double *text_numbers;  /* by text: its value as a number, NaN when it is none */
    uint32_t instance;           /* of the expression's node within its repeat, from 0 */
    const struct pt_slot *self;  /* constraints */
};

struct pt_cell {
    double number;
    uint32_t text;
    bool unknown; /* a slot that was read is unknown */
};

/* program has passed pt_program_check and fits the environment. */
struct pt_cell pt_expr_eval(const struct pt_program *program, const struct pt_expr_env *env);
bool pt_cell_true(const struct pt_cell *cell);

#endif
