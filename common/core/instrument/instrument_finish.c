#include "core/instrument/instrument_finish.h"

#include <stdlib.h>
#include <string.h>

static bool is_group(const struct pt_node *node)
{
    return node->type == PT_NODE_GROUP || node->type == PT_NODE_REPEAT;
}

enum pt_err pt_instrument_shape(struct pt_node *nodes, size_t n_nodes)
{
    uint32_t open = 0; /* innermost group that the next node may still belong to */
    if (n_nodes == 0 || n_nodes > PT_INSTRUMENT_NODES_MAX || nodes[0].type != PT_NODE_GROUP || nodes[0].parent != 0) {
        return PT_EMALFORMED;
    }
    for (uint32_t i = 0; i < n_nodes; i++) {
        struct pt_node *node = &nodes[i];
        node->end = i + 1;
        node->repeat = 0;
        node->scorer = 0;
        if (i == 0) {
            continue;
        }
        while (open != node->parent && open != 0) {
            open = nodes[open].parent;
        }
        if (open != node->parent) {
            return PT_EMALFORMED;
        }
        const struct pt_node *parent = &nodes[open];
        node->repeat = parent->type == PT_NODE_REPEAT ? open : parent->repeat;
        node->scorer = parent->has_weight || open == 0 ? open : parent->scorer;
        if (node->type == PT_NODE_REPEAT && node->repeat != 0) {
            return PT_EMALFORMED;
        }
        open = is_group(node) ? i : open;
    }
    for (size_t i = n_nodes; i-- > 1;) {
        struct pt_node *parent = &nodes[nodes[i].parent];
        parent->end = nodes[i].end > parent->end ? nodes[i].end : parent->end;
    }
    return PT_OK;
}

static bool loads_value(enum pt_node_type type)
{
    return type != PT_NODE_GROUP && type != PT_NODE_REPEAT && type != PT_NODE_NOTE;
}

static bool is_select(enum pt_node_type type)
{
    return type == PT_NODE_SELECT_ONE || type == PT_NODE_SELECT_MULTIPLE;
}

static bool choice_fits(uint32_t number)
{
    return number >= 1 && number <= PT_CHOICES_MAX;
}

/* May an expression of `self` read one value of `node`? A repeat's own expression comes before its instances. */
static bool in_reach(const struct pt_instrument *ins, uint32_t self, uint32_t node)
{
    uint32_t repeat = ins->nodes[node].repeat;
    return repeat == 0 || repeat == ins->nodes[self].repeat;
}

static bool op_fits(const struct pt_instrument *ins, uint32_t self, const struct pt_op *op, bool is_constraint)
{
    const struct pt_node *node = op->a < ins->n_nodes ? &ins->nodes[op->a] : NULL;
    switch ((int)op->code) {
    case PT_OP_TEXT:
        return op->a < ins->n_texts;
    case PT_OP_LOAD:
        return node != NULL && loads_value(node->type) && in_reach(ins, self, op->a);
    case PT_OP_SELECTED:
        return node != NULL && is_select(node->type) && in_reach(ins, self, op->a) && choice_fits(op->b);
    case PT_OP_COUNT_SELECTED:
        return node != NULL && is_select(node->type) && in_reach(ins, self, op->a);
    case PT_OP_SELF_SELECTED:
        return is_constraint && choice_fits(op->b);
    case PT_OP_SELF:
    case PT_OP_SELF_COUNT_SELECTED:
        return is_constraint;
    case PT_OP_COUNT:
        return node != NULL && node->type == PT_NODE_REPEAT;
    case PT_OP_COUNT_ANSWERED:
    case PT_OP_SUM:
    case PT_OP_MIN:
    case PT_OP_MAX:
        return node != NULL && node->repeat != 0 && loads_value(node->type);
    default:
        return true;
    }
}

static enum pt_err check_program(const struct pt_instrument *ins, uint32_t self, uint32_t program, bool is_constraint)
{
    if (program == PT_NONE) {
        return PT_OK;
    }
    if (program >= ins->n_programs) {
        return PT_EMALFORMED;
    }
    enum pt_err err = pt_program_check(&ins->programs[program]);
    for (size_t i = 0; err == PT_OK && i < ins->programs[program].n_ops; i++) {
        err = op_fits(ins, self, &ins->programs[program].ops[i], is_constraint) ? PT_OK : PT_EMALFORMED;
    }
    return err;
}

static enum pt_err check_programs(const struct pt_instrument *ins)
{
    for (uint32_t i = 0; i < ins->n_nodes; i++) {
        const struct pt_node *node = &ins->nodes[i];
        enum pt_err err = check_program(ins, i, node->relevant, false);
        if (err == PT_OK) {
            err = check_program(ins, i, node->calculation, false);
        }
        if (err == PT_OK) {
            err = check_program(ins, i, node->constraint, true);
        }
        if (err != PT_OK) {
            return err;
        }
    }
    return PT_OK;
}

/* The node an operation reads, or PT_NONE. */
static uint32_t read_by(const struct pt_op *op)
{
    switch ((int)op->code) {
    case PT_OP_LOAD:
    case PT_OP_SELECTED:
    case PT_OP_COUNT_SELECTED:
    case PT_OP_COUNT:
    case PT_OP_COUNT_ANSWERED:
    case PT_OP_SUM:
    case PT_OP_MIN:
    case PT_OP_MAX:
        return op->a;
    default:
        return PT_NONE;
    }
}

static size_t ops_of(const struct pt_instrument *ins, uint32_t program)
{
    return program == PT_NONE ? 0 : ins->programs[program].n_ops;
}

bool pt_node_dependency(const struct pt_instrument *ins, uint32_t node, size_t i, uint32_t *out)
{
    const struct pt_node *n = &ins->nodes[node];
    size_t n_relevant = ops_of(ins, n->relevant);
    if (i == 0) {
        *out = node == 0 ? PT_NONE : n->parent;
        return true;
    }
    i--;
    if (i < n_relevant) {
        *out = read_by(&ins->programs[n->relevant].ops[i]);
        return true;
    }
    i -= n_relevant;
    if (i < ops_of(ins, n->calculation)) {
        *out = read_by(&ins->programs[n->calculation].ops[i]);
        return true;
    }
    return false;
}

struct visit {
    uint32_t node;
    size_t next; /* dependency to look at */
};

enum mark {
    MARK_NEW,
    MARK_OPEN, /* on the stack */
    MARK_DONE
};

struct sorter {
    uint8_t *marks;
    struct visit *stack;
    size_t depth;
    uint32_t *order;
    size_t n_order;
};

static void sorter_push(struct sorter *sorter, uint32_t node)
{
    sorter->marks[node] = MARK_OPEN;
    sorter->stack[sorter->depth++] = (struct visit){.node = node};
}

/* Depth first with a stack of its own: foreign bytes decide how deep it goes. */
static enum pt_err sort_from(const struct pt_instrument *ins, struct sorter *sorter, uint32_t node, uint32_t *circle)
{
    sorter_push(sorter, node);
    while (sorter->depth > 0) {
        struct visit *visit = &sorter->stack[sorter->depth - 1];
        uint32_t on = PT_NONE;
        if (!pt_node_dependency(ins, visit->node, visit->next++, &on)) {
            sorter->marks[visit->node] = MARK_DONE;
            sorter->order[sorter->n_order++] = visit->node;
            sorter->depth--;
        } else if (on != PT_NONE && sorter->marks[on] == MARK_OPEN) {
            *circle = on;
            return PT_EINVALID;
        } else if (on != PT_NONE && sorter->marks[on] == MARK_NEW) {
            sorter_push(sorter, on);
        }
    }
    return PT_OK;
}

static enum pt_err make_order(struct pt_instrument *ins, struct pt_arena *arena, uint32_t *circle)
{
    struct sorter sorter = {.marks = pt_arena_zalloc(arena, ins->n_nodes, 1),
                            .stack = pt_arena_zalloc(arena, ins->n_nodes, sizeof(struct visit)),
                            .order = pt_arena_zalloc(arena, ins->n_nodes, sizeof(uint32_t))};
    if (sorter.marks == NULL || sorter.stack == NULL || sorter.order == NULL) {
        return PT_ENOMEM;
    }
    for (uint32_t i = 0; i < ins->n_nodes; i++) {
        enum pt_err err = sorter.marks[i] == MARK_NEW ? sort_from(ins, &sorter, i, circle) : PT_OK;
        if (err != PT_OK) {
            return err;
        }
    }
    ins->order = sorter.order;
    return PT_OK;
}

static bool answers_may_stay_empty(enum pt_node_type type)
{
    return type == PT_NODE_TEXT || type == PT_NODE_IMAGE; /* that a proof is absent is an answer too */
}

/* From those that decide a score back to what they read: `order` puts what is read first. */
static void mark_needed(const struct pt_instrument *ins, struct pt_node *nodes)
{
    for (size_t k = ins->n_nodes; k-- > 0;) {
        uint32_t i = ins->order[k];
        nodes[i].needed |= nodes[i].required || pt_node_is_scored(&nodes[i]);
        uint32_t on;
        for (size_t d = 0; pt_node_dependency(ins, i, d, &on); d++) {
            if (on == PT_NONE) {
                continue;
            }
            nodes[on].referenced |= d > 0;
            nodes[on].needed |= nodes[i].needed && !(d > 0 && answers_may_stay_empty(nodes[on].type));
        }
    }
}

static int cmp_name(const void *a, const void *b)
{
    return strcmp(((const struct pt_node_key *)a)->name, ((const struct pt_node_key *)b)->name);
}

static int cmp_number(const void *a, const void *b)
{
    uint32_t x = ((const struct pt_node_key *)a)->number;
    uint32_t y = ((const struct pt_node_key *)b)->number;
    return (x > y) - (x < y);
}

static enum pt_err make_keys(const struct pt_instrument *ins, struct pt_arena *arena,
                             int (*cmp)(const void *, const void *), const struct pt_node_key **out)
{
    struct pt_node_key *keys = pt_arena_zalloc(arena, ins->n_nodes, sizeof *keys);
    if (keys == NULL) {
        return PT_ENOMEM;
    }
    for (uint32_t i = 0; i < ins->n_nodes; i++) {
        keys[i] = (struct pt_node_key){.name = ins->nodes[i].name, .number = ins->nodes[i].number, .node = i};
    }
    qsort(keys, ins->n_nodes, sizeof *keys, cmp);
    for (size_t i = 1; i < ins->n_nodes; i++) {
        if (cmp(&keys[i - 1], &keys[i]) == 0) {
            return PT_EMALFORMED;
        }
    }
    *out = keys;
    return PT_OK;
}

enum pt_err pt_instrument_finish(struct pt_instrument *instrument, struct pt_node *nodes, struct pt_arena *arena,
                                 uint32_t *circle)
{
    enum pt_err err = check_programs(instrument);
    if (err == PT_OK) {
        err = make_keys(instrument, arena, cmp_name, &instrument->by_name);
    }
    if (err == PT_OK) {
        err = make_keys(instrument, arena, cmp_number, &instrument->by_number);
    }
    if (err == PT_OK) {
        err = make_order(instrument, arena, circle);
    }
    if (err == PT_OK) {
        mark_needed(instrument, nodes);
    }
    return err;
}
