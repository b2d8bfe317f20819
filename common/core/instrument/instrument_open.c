#include "core/instrument/instrument.h"

#include "core/instrument/instrument_finish.h"
#include "core/number.h"
#include "core/wire/unpack.h"
#include "instrument.pb-c.h"

#define FORMAT 1

struct opening {
    struct pt_arena *arena;
    const Patuh__Instrument *from;
    struct pt_instrument ins;
    struct pt_node *nodes;
    enum pt_err err; /* the first */
};

static void fail(struct opening *o, enum pt_err err)
{
    o->err = o->err == PT_OK ? err : o->err;
}

static void need(struct opening *o, bool good)
{
    if (!good) {
        fail(o, PT_EMALFORMED);
    }
}

static void *array(struct opening *o, size_t n, size_t item_bytes)
{
    void *items = pt_arena_zalloc(o->arena, n, item_bytes);
    if (items == NULL) {
        fail(o, PT_ENOMEM);
    }
    return items;
}

static const char *text_of(struct opening *o, const char *text)
{
    char *copy = pt_arena_str(o->arena, text == NULL ? "" : text); /* UTF-8: unpacking has checked */
    if (copy == NULL) {
        fail(o, PT_ENOMEM);
    }
    return copy;
}

static const char *text_or(struct opening *o, const char *text, const char *otherwise)
{
    const char *copy = text_of(o, text);
    return copy != NULL && copy[0] == '\0' ? otherwise : copy;
}

static unsigned word_of(struct opening *o, uint32_t value, uint32_t count)
{
    need(o, value < count);
    return value < count ? value : 0;
}

static int64_t amount_of(struct opening *o, int64_t value, int64_t low)
{
    need(o, value >= low && value <= PT_WEIGHT_MAX * PT_POINT);
    return value;
}

static void open_settings(struct opening *o)
{
    const Patuh__InstrumentSettings *from = o->from->settings;
    if (from == NULL) {
        fail(o, PT_EMALFORMED);
        return;
    }
    struct pt_settings *to = &o->ins.settings;
    to->form_id = text_of(o, from->form_id);
    to->form_title = text_of(o, from->form_title);
    to->version = text_of(o, from->version);
    to->cycle = text_of(o, from->cycle);
    to->institution_rule = (enum pt_institution_rule)word_of(o, from->institution_rule, 2);
    to->product_repeat = from->product_repeat;
    to->carry_unit = (enum pt_carry)word_of(o, from->carry_unit, 2);
    to->carry_institution = (enum pt_carry)word_of(o, from->carry_institution, 2);
    to->decimals = word_of(o, from->decimals, 10);
    to->missing = (enum pt_missing_rule)word_of(o, from->missing, 3);
    to->inapplicable = (enum pt_inapplicable_rule)word_of(o, from->inapplicable, 2);
    to->utc_offset_min = from->utc_offset_min;
    need(o, from->utc_offset_min >= -24 * 60 && from->utc_offset_min <= 24 * 60);
    to->official = from->official;
    to->note = text_of(o, from->note);
}

static void open_texts(struct opening *o)
{
    size_t n = o->from->n_text;
    need(o, n >= 1 && n <= PT_INSTRUMENT_TEXTS_MAX && o->from->text[0][0] == '\0');
    const char **texts = array(o, n, sizeof *texts);
    double *numbers = array(o, n, sizeof *numbers);
    for (size_t i = 0; o->err == PT_OK && i < n; i++) {
        texts[i] = text_of(o, o->from->text[i]);
        if (pt_number_read(pt_bytes_str(o->from->text[i]), &numbers[i]) != PT_OK) {
            numbers[i] = pt_number_nan();
        }
    }
    o->ins.texts = texts;
    o->ins.text_numbers = numbers;
    o->ins.n_texts = n;
}

static void open_choice(struct opening *o, const Patuh__InstrumentChoice *from, struct pt_choice *to, uint64_t *seen)
{
    if (from->number < 1 || from->number > PT_CHOICES_MAX || from->text >= o->ins.n_texts) {
        fail(o, PT_EMALFORMED);
        return;
    }
    uint64_t bit = (uint64_t)1 << (from->number - 1);
    need(o, (*seen & bit) == 0);
    *seen |= bit;
    to->number = from->number;
    to->text = from->text;
    to->name = o->ins.texts[from->text];
    to->label.id = text_or(o, from->label_id, to->name);
    to->label.en = text_or(o, from->label_en, to->label.id);
    to->has_score = from->has_score;
    to->score = amount_of(o, from->score, -PT_WEIGHT_MAX * PT_POINT);
    to->retired = from->retired;
}

static void open_lists(struct opening *o)
{
    struct pt_list *lists = array(o, o->from->n_list, sizeof *lists);
    for (size_t i = 0; o->err == PT_OK && i < o->from->n_list; i++) {
        const Patuh__InstrumentList *from = o->from->list[i];
        uint64_t seen = 0;
        struct pt_choice *choices = array(o, from->n_choice, sizeof *choices);
        lists[i].name = text_of(o, from->name);
        lists[i].retired = from->retired;
        for (size_t k = 0; o->err == PT_OK && k < from->n_choice; k++) {
            open_choice(o, from->choice[k], &choices[k], &seen);
        }
        lists[i].choices = choices;
        lists[i].n_choices = from->n_choice;
    }
    o->ins.lists = lists;
    o->ins.n_lists = o->from->n_list;
}

static void open_program(struct opening *o, const Patuh__InstrumentProgram *from, struct pt_program *to)
{
    if (from->n_op > PT_EXPR_OPS_MAX || from->n_a != from->n_op || from->n_b != from->n_op) {
        fail(o, PT_EMALFORMED);
        return;
    }
    struct pt_op *ops = array(o, from->n_op, sizeof *ops);
    double *numbers = array(o, from->n_number, sizeof *numbers);
    for (size_t i = 0; o->err == PT_OK && i < from->n_op; i++) {
        ops[i] = (struct pt_op){(enum pt_op_code)word_of(o, from->op[i], PT_OP_COUNT_OF_CODES), from->a[i], from->b[i]};
    }
    for (size_t i = 0; o->err == PT_OK && i < from->n_number; i++) {
        numbers[i] = from->number[i];
    }
    *to = (struct pt_program){.ops = ops,
                              .n_ops = from->n_op,
                              .numbers = numbers,
                              .n_numbers = from->n_number,
                              .source = text_of(o, from->source)};
}

static void open_programs(struct opening *o)
{
    struct pt_program *programs = array(o, o->from->n_program, sizeof *programs);
    for (size_t i = 0; o->err == PT_OK && i < o->from->n_program; i++) {
        open_program(o, o->from->program[i], &programs[i]);
    }
    o->ins.programs = programs;
    o->ins.n_programs = o->from->n_program;
}

static void open_node_rules(struct opening *o, const Patuh__InstrumentNode *from, struct pt_node *to)
{
    bool select = to->type == PT_NODE_SELECT_ONE || to->type == PT_NODE_SELECT_MULTIPLE;
    need(o, select ? from->list >= 1 && from->list <= o->ins.n_lists : from->list == 0);
    to->list = from->list - 1; /* 0 - 1 is PT_NONE; so below: pt_instrument_finish checks the range */
    to->relevant = from->relevant - 1;
    to->constraint = from->constraint - 1;
    to->calculation = from->calculation - 1;
    need(o, (to->type == PT_NODE_CALCULATE) == (to->calculation != PT_NONE));
    to->required = from->required;
    to->has_weight = from->has_weight;
    to->weight = amount_of(o, from->weight, 0);
    to->weights = (enum pt_weights)word_of(o, from->weights, 2);
    to->max_score = amount_of(o, from->max_score, 0);
    bool can_score = to->type != PT_NODE_TEXT && to->type != PT_NODE_NOTE && to->type != PT_NODE_IMAGE;
    need(o, !to->has_weight || can_score);
    need(o, !pt_node_is_scored(to) || to->max_score > 0);
    to->aggregate = (enum pt_aggregate)word_of(o, from->aggregate, 3);
    to->min_count = from->min_count;
    to->placeholder = from->placeholder;
    to->actionable = from->actionable;
    to->role = (enum pt_role)word_of(o, from->role, 4);
}

static void open_nodes(struct opening *o)
{
    size_t n = o->from->n_node;
    need(o, n >= 1 && n <= PT_INSTRUMENT_NODES_MAX);
    o->nodes = array(o, n, sizeof *o->nodes);
    for (size_t i = 0; o->err == PT_OK && i < n; i++) {
        const Patuh__InstrumentNode *from = o->from->node[i];
        struct pt_node *to = &o->nodes[i];
        need(o, (i == 0) == (from->number == 0) && from->name != NULL);
        to->number = from->number;
        to->type = (enum pt_node_type)word_of(o, from->type, PT_NODE_TYPE_COUNT);
        to->parent = from->parent;
        to->name = text_of(o, from->name);
        to->label.id = text_or(o, from->label_id, to->name);
        to->label.en = text_or(o, from->label_en, to->label.id);
        to->hint = (struct pt_label){text_of(o, from->hint_id), text_of(o, from->hint_en)};
        to->constraint_message = (struct pt_label){text_of(o, from->constraint_id), text_of(o, from->constraint_en)};
        to->same_as = text_of(o, from->same_as);
        open_node_rules(o, from, to);
    }
    o->ins.nodes = o->nodes;
    o->ins.n_nodes = n;
}

static void open_zones(struct opening *o)
{
    size_t n = o->from->n_zone;
    struct pt_zone *zones = array(o, n, sizeof *zones);
    for (size_t i = 0; o->err == PT_OK && i < n; i++) {
        const Patuh__InstrumentZone *from = o->from->zone[i];
        zones[i] = (struct pt_zone){.lower = amount_of(o, from->lower, 0),
                                    .lower_exclusive = from->lower_exclusive,
                                    .zone = (enum pt_zone_colour)word_of(o, from->zone, 3),
                                    .category = text_of(o, from->category),
                                    .label = {text_of(o, from->label_id), text_of(o, from->label_en)},
                                    .colour = text_of(o, from->colour)};
        need(o, i == 0 || zones[i].lower < zones[i - 1].lower);
    }
    need(o, n == 0 || o->err != PT_OK || (zones[n - 1].lower == 0 && !zones[n - 1].lower_exclusive));
    o->ins.zones = zones;
    o->ins.n_zones = n;
}

static void open_retired(struct opening *o)
{
    struct pt_retired_name *names = array(o, o->from->n_retired, sizeof *names);
    for (size_t i = 0; o->err == PT_OK && i < o->from->n_retired; i++) {
        const Patuh__InstrumentName *from = o->from->retired[i];
        names[i] = (struct pt_retired_name){.number = from->number,
                                            .name = text_of(o, from->name),
                                            .type = (enum pt_node_type)word_of(o, from->type, PT_NODE_TYPE_COUNT),
                                            .list = text_of(o, from->list)};
    }
    o->ins.retired = names;
    o->ins.n_retired = o->from->n_retired;
}

/* Once everything is there: tree, programs, product repeat. */
static void open_whole(struct opening *o)
{
    uint32_t circle;
    if (o->err == PT_OK) {
        fail(o, pt_instrument_shape(o->nodes, o->ins.n_nodes));
    }
    if (o->err == PT_OK) {
        enum pt_err err = pt_instrument_finish(&o->ins, o->nodes, o->arena, &circle);
        fail(o, err == PT_EINVALID ? PT_EMALFORMED : err);
    }
    if (o->err != PT_OK) {
        return;
    }
    uint32_t product = o->ins.settings.product_repeat;
    bool by_product = o->ins.settings.institution_rule == PT_MEAN_OF_PRODUCTS && o->ins.n_nodes > 1;
    need(o, !by_product || product != 0);
    need(o, product == 0 || (product < o->ins.n_nodes && o->nodes[product].type == PT_NODE_REPEAT));
}

static enum pt_err open_message(const Patuh__Instrument *from, struct pt_arena *arena, struct pt_instrument *out)
{
    struct opening o = {.arena = arena, .from = from};
    if (from->format != FORMAT) {
        return from->format > FORMAT ? PT_EVERSION : PT_EMALFORMED;
    }
    void (*const parts[])(struct opening *) = {open_settings, open_texts, open_lists,   open_programs,
                                               open_nodes,    open_zones, open_retired, open_whole};
    for (size_t i = 0; o.err == PT_OK && i < sizeof parts / sizeof parts[0]; i++) {
        parts[i](&o);
    }
    if (o.err == PT_OK) {
        *out = o.ins;
    }
    return o.err;
}

enum pt_err pt_instrument_open(struct pt_bytes bytes, struct pt_arena *arena, struct pt_instrument *out)
{
    if (bytes.n == 0 || bytes.n > (size_t)PT_INSTRUMENT_BYTES_MAX) {
        return PT_EMALFORMED;
    }
    struct pt_arena scratch;
    ProtobufCMessage *message = NULL;
    pt_arena_init(&scratch, SIZE_MAX);
    enum pt_err err =
        pt_unpack_within(&patuh__instrument__descriptor, bytes, PT_INSTRUMENT_ARENA_BYTES, &scratch, &message);
    if (err == PT_OK) {
        err = open_message((const Patuh__Instrument *)message, arena, out);
    }
    pt_arena_close(&scratch);
    return err;
}
