#include "core/instrument/compile.h"

#include "core/wire/pack.h"
#include "instrument.pb-c.h"

static char *lend_filled(const char *text)
{
    return text == NULL || text[0] == '\0' ? NULL : pt_text_of(text);
}

static void encode_settings(const struct pt_settings *from, Patuh__InstrumentSettings *to)
{
    patuh__instrument_settings__init(to);
    to->form_id = pt_text_of(from->form_id);
    to->form_title = pt_text_of(from->form_title);
    to->version = pt_text_of(from->version);
    to->cycle = pt_text_of(from->cycle);
    to->note = lend_filled(from->note);
    to->has_institution_rule = to->has_carry_unit = to->has_carry_institution = to->has_decimals = 1;
    to->has_missing = to->has_inapplicable = to->has_utc_offset_min = to->has_official = 1;
    to->institution_rule = from->institution_rule;
    to->has_product_repeat = from->product_repeat != 0;
    to->product_repeat = from->product_repeat;
    to->carry_unit = from->carry_unit;
    to->carry_institution = from->carry_institution;
    to->decimals = from->decimals;
    to->missing = from->missing;
    to->inapplicable = from->inapplicable;
    to->utc_offset_min = from->utc_offset_min;
    to->official = from->official;
}

static void encode_reference(uint32_t index, protobuf_c_boolean *has, uint32_t *to)
{
    *has = index != PT_NONE;
    *to = index == PT_NONE ? 0 : index + 1;
}

static void encode_node(const struct pt_node *from, Patuh__InstrumentNode *to)
{
    patuh__instrument_node__init(to);
    to->has_number = to->has_type = to->has_parent = 1;
    to->number = from->number;
    to->type = from->type;
    to->parent = from->parent;
    to->name = pt_text_of(from->name);
    to->label_id = lend_filled(from->label.id);
    to->label_en = lend_filled(from->label.en);
    to->hint_id = lend_filled(from->hint.id);
    to->hint_en = lend_filled(from->hint.en);
    to->constraint_id = lend_filled(from->constraint_message.id);
    to->constraint_en = lend_filled(from->constraint_message.en);
    to->same_as = lend_filled(from->same_as);
    encode_reference(from->list, &to->has_list, &to->list);
    encode_reference(from->relevant, &to->has_relevant, &to->relevant);
    encode_reference(from->constraint, &to->has_constraint, &to->constraint);
    encode_reference(from->calculation, &to->has_calculation, &to->calculation);
    to->has_required = to->required = from->required;
    to->has_weight = from->has_weight;
    to->weight = from->weight;
    to->has_weights = from->weights != PT_WEIGHTS_SUM100;
    to->weights = from->weights;
    to->has_max_score = from->max_score != 0;
    to->max_score = from->max_score;
    to->has_aggregate = from->aggregate != PT_AGGREGATE_MEAN;
    to->aggregate = from->aggregate;
    to->has_min_count = from->min_count != 0;
    to->min_count = from->min_count;
    to->has_placeholder = to->placeholder = from->placeholder;
    to->has_actionable = to->actionable = from->actionable;
    to->has_role = from->role != PT_ROLE_NONE;
    to->role = from->role;
}

static void encode_choice(const struct pt_choice *from, Patuh__InstrumentChoice *to)
{
    patuh__instrument_choice__init(to);
    to->has_number = to->has_text = 1;
    to->number = from->number;
    to->text = from->text;
    to->label_id = lend_filled(from->label.id);
    to->label_en = lend_filled(from->label.en);
    to->has_score = from->has_score;
    to->score = from->score;
    to->has_retired = to->retired = from->retired;
}

static void encode_zone(const struct pt_zone *from, Patuh__InstrumentZone *to)
{
    patuh__instrument_zone__init(to);
    to->has_lower = to->has_lower_exclusive = to->has_zone = 1;
    to->lower = from->lower;
    to->lower_exclusive = from->lower_exclusive;
    to->zone = from->zone;
    to->category = pt_text_of(from->category);
    to->label_id = pt_text_of(from->label.id);
    to->label_en = pt_text_of(from->label.en);
    to->colour = pt_text_of(from->colour);
}

/* n messages of one type and the array of pointers protobuf-c wants. */
#define ROWS(arena, n, items, pointers)                                                                                \
    ((items) = pt_arena_zalloc((arena), (n), sizeof *(items)),                                                         \
     (pointers) = pt_arena_zalloc((arena), (n), sizeof *(pointers)), (items) != NULL && (pointers) != NULL)

static enum pt_err encode_nodes(const struct pt_instrument *ins, struct pt_arena *arena, Patuh__Instrument *to)
{
    Patuh__InstrumentNode *nodes;
    if (!ROWS(arena, ins->n_nodes, nodes, to->node)) {
        return PT_ENOMEM;
    }
    for (size_t i = 0; i < ins->n_nodes; i++) {
        encode_node(&ins->nodes[i], &nodes[i]);
        to->node[i] = &nodes[i];
    }
    to->n_node = ins->n_nodes;
    return PT_OK;
}

static enum pt_err encode_lists(const struct pt_instrument *ins, struct pt_arena *arena, Patuh__Instrument *to)
{
    Patuh__InstrumentList *lists;
    if (!ROWS(arena, ins->n_lists, lists, to->list)) {
        return PT_ENOMEM;
    }
    for (size_t i = 0; i < ins->n_lists; i++) {
        const struct pt_list *from = &ins->lists[i];
        Patuh__InstrumentChoice *choices;
        patuh__instrument_list__init(&lists[i]);
        if (!ROWS(arena, from->n_choices, choices, lists[i].choice)) {
            return PT_ENOMEM;
        }
        for (size_t k = 0; k < from->n_choices; k++) {
            encode_choice(&from->choices[k], &choices[k]);
            lists[i].choice[k] = &choices[k];
        }
        lists[i].n_choice = from->n_choices;
        lists[i].name = pt_text_of(from->name);
        lists[i].has_retired = lists[i].retired = from->retired;
        to->list[i] = &lists[i];
    }
    to->n_list = ins->n_lists;
    return PT_OK;
}

static enum pt_err encode_program(const struct pt_program *from, struct pt_arena *arena, Patuh__InstrumentProgram *to)
{
    patuh__instrument_program__init(to);
    to->op = pt_arena_zalloc(arena, from->n_ops, sizeof *to->op);
    to->a = pt_arena_zalloc(arena, from->n_ops, sizeof *to->a);
    to->b = pt_arena_zalloc(arena, from->n_ops, sizeof *to->b);
    to->number = pt_arena_zalloc(arena, from->n_numbers, sizeof *to->number);
    if (to->op == NULL || to->a == NULL || to->b == NULL || to->number == NULL) {
        return PT_ENOMEM;
    }
    for (size_t i = 0; i < from->n_ops; i++) {
        to->op[i] = from->ops[i].code;
        to->a[i] = from->ops[i].a;
        to->b[i] = from->ops[i].b;
    }
    for (size_t i = 0; i < from->n_numbers; i++) {
        to->number[i] = from->numbers[i];
    }
    to->n_op = to->n_a = to->n_b = from->n_ops;
    to->n_number = from->n_numbers;
    to->source = pt_text_of(from->source);
    return PT_OK;
}

static enum pt_err encode_programs(const struct pt_instrument *ins, struct pt_arena *arena, Patuh__Instrument *to)
{
    Patuh__InstrumentProgram *programs;
    if (!ROWS(arena, ins->n_programs, programs, to->program)) {
        return PT_ENOMEM;
    }
    for (size_t i = 0; i < ins->n_programs; i++) {
        enum pt_err err = encode_program(&ins->programs[i], arena, &programs[i]);
        if (err != PT_OK) {
            return err;
        }
        to->program[i] = &programs[i];
    }
    to->n_program = ins->n_programs;
    return PT_OK;
}

static enum pt_err encode_small(const struct pt_instrument *ins, struct pt_arena *arena, Patuh__Instrument *to)
{
    Patuh__InstrumentZone *zones;
    Patuh__InstrumentName *names;
    to->text = pt_arena_zalloc(arena, ins->n_texts, sizeof *to->text);
    if (to->text == NULL || !ROWS(arena, ins->n_zones, zones, to->zone) ||
        !ROWS(arena, ins->n_retired, names, to->retired)) {
        return PT_ENOMEM;
    }
    for (size_t i = 0; i < ins->n_texts; i++) {
        to->text[i] = pt_text_of(ins->texts[i]);
    }
    for (size_t i = 0; i < ins->n_zones; i++) {
        encode_zone(&ins->zones[i], &zones[i]);
        to->zone[i] = &zones[i];
    }
    for (size_t i = 0; i < ins->n_retired; i++) {
        patuh__instrument_name__init(&names[i]);
        names[i].has_number = names[i].has_type = 1;
        names[i].number = ins->retired[i].number;
        names[i].type = ins->retired[i].type;
        names[i].name = pt_text_of(ins->retired[i].name);
        names[i].list = lend_filled(ins->retired[i].list);
        to->retired[i] = &names[i];
    }
    to->n_text = ins->n_texts;
    to->n_zone = ins->n_zones;
    to->n_retired = ins->n_retired;
    return PT_OK;
}

enum pt_err pt_compile_encode(const struct pt_instrument *ins, struct pt_buf *out)
{
    struct pt_arena arena;
    Patuh__InstrumentSettings settings;
    Patuh__Instrument message = PATUH__INSTRUMENT__INIT;
    pt_arena_init(&arena, SIZE_MAX);
    encode_settings(&ins->settings, &settings);
    message.settings = &settings;
    message.has_format = 1;
    message.format = 1;
    enum pt_err err = encode_nodes(ins, &arena, &message);
    if (err == PT_OK) {
        err = encode_lists(ins, &arena, &message);
    }
    if (err == PT_OK) {
        err = encode_programs(ins, &arena, &message);
    }
    if (err == PT_OK) {
        err = encode_small(ins, &arena, &message);
    }
    struct pt_bytes packed;
    if (err == PT_OK) {
        err = pt_pack(&message.base, &arena, &packed);
    }
    if (err == PT_OK) {
        pt_buf_put_bytes(out, packed);
        err = out->err;
    }
    pt_arena_close(&arena);
    return err;
}
