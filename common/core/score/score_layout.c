#include "core/score/score_layout.h"

#include "base/arith.h"
#include "core/number.h"

static bool lay_out(struct pt_layout *layout)
{
    const struct pt_answers *answers = layout->answers;
    size_t n_slots = 0;
    for (uint32_t i = 0; i < layout->ins->n_nodes; i++) {
        const struct pt_node *node = &layout->ins->nodes[i];
        struct pt_span *span = &layout->spans[i];
        *span = (struct pt_span){.first = n_slots, .count = 1, .repeated = node->repeat != 0};
        if (node->type == PT_NODE_REPEAT) {
            uint32_t first = 0;
            while (first < answers->n_instances && answers->instances[first].repeat != node->number) {
                first++;
            }
            layout->first_instance[i] = first;
        }
        if (span->repeated) {
            uint32_t first = layout->first_instance[node->repeat];
            uint32_t end = first;
            while (end < answers->n_instances &&
                   answers->instances[end].repeat == layout->ins->nodes[node->repeat].number) {
                end++;
            }
            span->count = end - first;
        }
        if (!pt_add_size(n_slots, span->count, &n_slots)) {
            return false;
        }
    }
    layout->n_slots = n_slots;
    return true;
}

/* Keep one instance of the product repeat. */
static void reduce_to_product(struct pt_layout *layout)
{
    uint32_t repeat = layout->ins->settings.product_repeat;
    if (layout->product == 0) {
        return;
    }
    layout->first_instance[repeat] = layout->product - 1;
    size_t n_slots = 0;
    for (uint32_t i = 0; i < layout->ins->n_nodes; i++) {
        layout->spans[i].count = layout->ins->nodes[i].repeat == repeat ? 1 : layout->spans[i].count;
        layout->spans[i].first = n_slots;
        n_slots += layout->spans[i].count;
    }
    layout->n_slots = n_slots;
}

/* The slot of a question at an instance (as in pt_answer), SIZE_MAX when there is none. */
static size_t slot_of(const struct pt_layout *layout, uint32_t node, uint32_t instance)
{
    const struct pt_node *n = &layout->ins->nodes[node];
    const struct pt_span *span = &layout->spans[node];
    if (n->repeat == 0 || instance == 0) {
        return n->repeat == 0 && instance == 0 ? span->first : SIZE_MAX;
    }
    uint32_t first = layout->first_instance[n->repeat];
    return instance - 1 >= first && instance - 1 - first < span->count ? span->first + (instance - 1 - first)
                                                                       : SIZE_MAX;
}

static void map_answers(struct pt_layout *layout)
{
    for (size_t i = 0; i < layout->answers->n_answers; i++) {
        const struct pt_answer *answer = &layout->answers->answers[i];
        uint32_t node = pt_node_by_number(layout->ins, answer->question);
        size_t slot = SIZE_MAX;
        if (node != PT_NONE && pt_node_is_question(&layout->ins->nodes[node])) {
            slot = slot_of(layout, node, answer->instance);
        }
        if (slot != SIZE_MAX) {
            layout->answer_of[slot] = (uint32_t)i + 1;
        }
    }
}

enum pt_err pt_layout_make(const struct pt_instrument *ins, const struct pt_answers *answers, uint32_t product,
                           struct pt_arena *arena, struct pt_layout *out)
{
    struct pt_layout layout = {.ins = ins, .answers = answers, .product = product};
    layout.spans = pt_arena_zalloc(arena, ins->n_nodes, sizeof *layout.spans);
    layout.first_instance = pt_arena_zalloc(arena, ins->n_nodes, sizeof *layout.first_instance);
    layout.picks = pt_arena_zalloc(arena, answers->n_answers, sizeof *layout.picks);
    if (layout.spans == NULL || layout.first_instance == NULL || layout.picks == NULL) {
        return pt_arena_err(arena);
    }
    if (answers->n_instances >= UINT32_MAX || answers->n_answers >= UINT32_MAX || !lay_out(&layout)) {
        return PT_ELIMIT;
    }
    reduce_to_product(&layout);
    layout.slots = pt_arena_zalloc(arena, layout.n_slots, sizeof *layout.slots);
    layout.answer_of = pt_arena_zalloc(arena, layout.n_slots, sizeof *layout.answer_of);
    layout.slot_node = pt_arena_zalloc(arena, layout.n_slots, sizeof *layout.slot_node);
    if (layout.slots == NULL || layout.answer_of == NULL || layout.slot_node == NULL) {
        return pt_arena_err(arena);
    }
    for (uint32_t i = 0; i < ins->n_nodes; i++) {
        for (uint32_t k = 0; k < layout.spans[i].count; k++) {
            layout.slot_node[layout.spans[i].first + k] = i;
        }
    }
    map_answers(&layout);
    *out = layout;
    return PT_OK;
}

uint32_t pt_layout_min_count(const struct pt_layout *layout, uint32_t node)
{
    const struct pt_node *n = &layout->ins->nodes[node];
    bool one_product = layout->product != 0 && n->repeat == layout->ins->settings.product_repeat;
    return one_product || n->min_count == 0 ? 1 : n->min_count;
}

static int64_t clamp(int64_t value, int64_t high)
{
    if (value < 0) {
        return 0;
    }
    return value > high ? high : value;
}

static int64_t decimal_units(struct pt_decimal value)
{
    int64_t factor = PT_POINT;
    int64_t units;
    for (uint8_t i = 0; i < value.scale && i < 9; i++) {
        factor /= 10;
    }
    if (!pt_mul_i64(value.mantissa, factor, &units)) {
        return value.mantissa < 0 ? INT64_MIN : INT64_MAX;
    }
    return units;
}

static int64_t number_units(double number)
{
    int64_t units;
    if (pt_number_fixed(number, &units)) {
        return units;
    }
    return number > 0 ? INT64_MAX : INT64_MIN;
}

static int64_t choices_units(const struct pt_list *list, uint64_t set)
{
    int64_t sum = 0;
    for (size_t i = 0; i < list->n_choices; i++) {
        sum += (set >> (list->choices[i].number - 1) & 1) != 0 ? list->choices[i].score : 0;
    }
    return sum;
}

static void read_choice(const struct pt_instrument *ins, const struct pt_node *node, const struct pt_value *value,
                        struct pt_slot *slot)
{
    const struct pt_choice *choice = pt_choice_by_number(ins, node->list, (uint32_t)value->choices);
    slot->choices = (uint64_t)1 << (value->choices - 1);
    slot->text = choice->text;
    slot->number = ins->text_numbers[choice->text];
    slot->low = choice->score;
}

void pt_slot_read(const struct pt_instrument *ins, uint32_t node, const struct pt_value *value, uint32_t evidence,
                  struct pt_slot *slot)
{
    const struct pt_node *n = &ins->nodes[node];
    slot->number = pt_number_nan();
    slot->text = PT_TEXT_EMPTY;
    slot->choices = 0;
    slot->low = 0;
    slot->answered = n->type == PT_NODE_IMAGE ? evidence > 0 : value->type != PT_VALUE_NONE;
    slot->answered = slot->answered && pt_value_fits(ins, node, value);
    if (slot->answered && value->type == PT_VALUE_CHOICE) {
        read_choice(ins, n, value, slot);
    } else if (slot->answered) {
        slot->text = PT_TEXT_SOME;
        if (value->type == PT_VALUE_INTEGER || value->type == PT_VALUE_DECIMAL) {
            slot->number = pt_number_of_decimal(value->number);
            slot->low = decimal_units(value->number);
        } else if (value->type == PT_VALUE_CHOICES) {
            slot->text = value->choices == 0 ? PT_TEXT_EMPTY : PT_TEXT_SOME;
            slot->choices = value->choices;
            slot->low = choices_units(&ins->lists[n->list], value->choices);
        }
    }
    slot->low = clamp(slot->low, n->max_score);
    slot->high = slot->low;
}

/* The least and the most that an answer can be worth. */
static void take_scale(const struct pt_instrument *ins, const struct pt_node *n, struct pt_slot *slot)
{
    const struct pt_list *list = n->list == PT_NONE ? NULL : &ins->lists[n->list];
    int64_t sum = 0;
    slot->low = 0;
    slot->high = n->max_score;
    for (size_t i = 0; list != NULL && i < list->n_choices; i++) {
        int64_t score = list->choices[i].score;
        sum += score > 0 ? score : 0;
        slot->low = i == 0 || score < slot->low ? score : slot->low;
        slot->high = i == 0 || score > slot->high ? score : slot->high;
    }
    if (n->type == PT_NODE_SELECT_MULTIPLE) {
        slot->low = 0; /* none of them */
        slot->high = sum;
    }
    slot->low = clamp(slot->low, n->max_score);
    slot->high = clamp(slot->high, n->max_score);
}

static struct pt_cell eval(const struct pt_layout *layout, uint32_t program, uint32_t instance)
{
    struct pt_expr_env env = {.slots = layout->slots,
                              .spans = layout->spans,
                              .text_numbers = layout->ins->text_numbers,
                              .instance = instance};
    return pt_expr_eval(&layout->ins->programs[program], &env);
}

static bool by_range(const struct pt_layout *layout)
{
    return layout->ins->settings.missing == PT_MISSING_RANGE;
}

static void set_relevance(const struct pt_layout *layout, uint32_t node, uint32_t instance, struct pt_slot *slot)
{
    const struct pt_node *n = &layout->ins->nodes[node];
    slot->relevant = true;
    slot->blocker = PT_NONE;
    if (node == 0) {
        return;
    }
    const struct pt_span *span = &layout->spans[n->parent];
    const struct pt_slot *parent = &layout->slots[span->first + (span->repeated ? instance : 0)];
    slot->relevant = parent->relevant;
    slot->may_relevant = parent->may_relevant;
    slot->blocker = parent->blocker;
    if (n->relevant == PT_NONE || (!parent->relevant && !parent->may_relevant)) {
        return;
    }
    struct pt_cell cell = eval(layout, n->relevant, instance);
    bool own = pt_cell_true(&cell);
    bool open = by_range(layout) && cell.unknown;
    slot->may_relevant = open || (own && parent->may_relevant);
    if (!own) {
        slot->blocker = parent->relevant ? node : parent->blocker;
        slot->relevant = false;
    }
}

static void read_answer(const struct pt_layout *layout, size_t at, uint32_t node, struct pt_slot *slot)
{
    static const struct pt_value nothing = {.type = PT_VALUE_NONE};
    if (layout->answer_of[at] == 0) {
        pt_slot_read(layout->ins, node, &nothing, 0, slot);
        return;
    }
    size_t index = layout->answer_of[at] - 1;
    const struct pt_answer *answer = &layout->answers->answers[index];
    bool all = layout->picks[index] == PT_PICK_ALL;
    size_t pick = all ? 0 : layout->picks[index];
    pt_slot_read(layout->ins, node, answer->n_values == 0 ? &nothing : &answer->values[pick], answer->n_evidence, slot);
    for (size_t i = 1; all && i < answer->n_values; i++) {
        struct pt_slot other = {0};
        pt_slot_read(layout->ins, node, &answer->values[i], answer->n_evidence, &other);
        slot->low = other.low < slot->low ? other.low : slot->low;
        slot->high = other.high > slot->high ? other.high : slot->high;
    }
}

static void calculate(const struct pt_layout *layout, uint32_t node, uint32_t instance, struct pt_slot *slot)
{
    const struct pt_node *n = &layout->ins->nodes[node];
    struct pt_cell cell = eval(layout, n->calculation, instance);
    slot->number = cell.number;
    slot->answered = !pt_number_is_nan(cell.number);
    slot->text = slot->answered ? PT_TEXT_SOME : PT_TEXT_EMPTY;
    slot->unknown = cell.unknown;
    slot->low = slot->answered ? clamp(number_units(cell.number), n->max_score) : 0;
    slot->high = slot->low;
    if (slot->unknown) {
        slot->low = 0;
        slot->high = n->max_score;
    }
}

static void fill(const struct pt_layout *layout, uint32_t node, uint32_t instance)
{
    static const struct pt_value nothing = {.type = PT_VALUE_NONE};
    const struct pt_node *n = &layout->ins->nodes[node];
    size_t at = layout->spans[node].first + instance;
    struct pt_slot *slot = &layout->slots[at];
    *slot = (struct pt_slot){0};
    set_relevance(layout, node, instance, slot);
    if (n->type == PT_NODE_REPEAT) {
        uint32_t child = node + 1 < n->end ? layout->spans[node + 1].count : 0;
        slot->number = slot->relevant ? child : 0;
        slot->text = PT_TEXT_SOME;
        slot->unknown = slot->may_relevant || layout->spans[node].open;
        return;
    }
    if (!slot->relevant || (n->type != PT_NODE_CALCULATE && !pt_node_is_question(n))) {
        pt_slot_read(layout->ins, node, &nothing, 0, slot);
        slot->unknown = slot->may_relevant;
        return;
    }
    if (n->type == PT_NODE_CALCULATE) {
        calculate(layout, node, instance, slot);
    } else {
        read_answer(layout, at, node, slot);
        slot->unknown = by_range(layout) && n->needed && !slot->answered;
        if (slot->unknown) {
            take_scale(layout->ins, n, slot);
        }
    }
    slot->unknown |= slot->may_relevant;
}

static void fill_all(struct pt_layout *layout)
{
    for (size_t k = 0; k < layout->ins->n_nodes; k++) {
        uint32_t node = layout->ins->order[k];
        for (uint32_t i = 0; i < layout->spans[node].count; i++) {
            fill(layout, node, i);
        }
    }
}

/* What an open repeat leaves unknown may decide whether another one is asked: once more for each that is opened. */
void pt_layout_run(struct pt_layout *layout)
{
    for (uint32_t i = 0; i < layout->ins->n_nodes; i++) {
        layout->spans[i].open = false;
    }
    do {
        fill_all(layout);
    } while (by_range(layout) && pt_layout_open_short(layout));
}
