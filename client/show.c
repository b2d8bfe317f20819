/* One assessment as a form: the instrument's tree in order, each question with what stands there and why. */
#include "client/detail.h"
#include "client/show_internal.h"
#include "client/summary.h"

#include "core/number.h"
#include "io/assessment/work_score.h"

#include <stdio.h>
#include <string.h>

static const char *const role_names[] = {"", "interview", "observation", "documents"};

/* --- values --- */

static const char *value_of(struct pt__showing *b, uint32_t node, const struct pt_value *value, bool label)
{
    struct pt_buf text = {0};
    if (value->type == PT_VALUE_TEXT) {
        return pt__show_text(b, &value->text);
    }
    if (label) {
        pt_value_put_label(&text, b->work->instrument, node, value);
    } else {
        pt_value_put(&text, b->work->instrument, node, value);
    }
    return pt__show_keep_buf(b, &text);
}

static const char *entry_name(struct pt__showing *b, const struct pt_view *view, uint64_t seq)
{
    const char *name =
        pt_arena_printf(b->arena, "%s:%llu", pt_work_log_name(&view->log, b->arena), (unsigned long long)seq);
    return name == NULL ? "" : name;
}

static void fill_claims(struct pt__showing *b, uint32_t node, const struct pt_register *reg, struct patuh_item *item)
{
    struct patuh_claim *claims = pt_arena_zalloc(b->arena, reg->n_heads, sizeof *claims);
    for (size_t i = 0; claims != NULL && i < reg->n_heads; i++) {
        const struct pt_claim *head = &reg->heads[i];
        claims[i] = (struct patuh_claim){.value = value_of(b, node, &head->value, false),
                                         .label = value_of(b, node, &head->value, true),
                                         .author = pt__show_author(b, head->view),
                                         .entry = entry_name(b, head->view, head->seq),
                                         .own = pt_work_is_own(b->work, head->view)};
    }
    item->claims = claims;
    item->n_claims = claims == NULL ? 0 : reg->n_heads;
}

static const char *authors_of(struct pt__showing *b, const struct pt_register *reg)
{
    const char *names = pt_work_authors(b->work, reg, b->arena);
    return names == NULL ? "" : names;
}

static void fill_answer(struct pt__showing *b, uint32_t node, uint32_t instance, struct patuh_item *item)
{
    const struct pt_register *reg;
    const struct pt_answer *answer =
        pt_assessment_answer(&b->work->state, b->work->instrument->nodes[node].number, instance, &reg);
    if (answer == NULL) {
        return;
    }
    fill_claims(b, node, reg, item);
    item->conflict = answer->n_values > 1;
    bool has_value = !item->conflict && answer->values[0].type != PT_VALUE_NONE;
    item->answered = item->conflict || has_value || answer->n_evidence > 0;
    if (has_value && item->n_claims > 0) {
        item->value = item->claims[0].value;
        item->author = authors_of(b, reg);
    }
}

/* --- items --- */

static enum patuh_kind kind_of(enum pt_node_type type)
{
    static const enum patuh_kind kinds[PT_NODE_TYPE_COUNT] = {
        [PT_NODE_GROUP] = PATUH_GROUP,
        [PT_NODE_REPEAT] = PATUH_REPEAT,
        [PT_NODE_SELECT_ONE] = PATUH_ONE,
        [PT_NODE_SELECT_MULTIPLE] = PATUH_MANY,
        [PT_NODE_INTEGER] = PATUH_INTEGER,
        [PT_NODE_DECIMAL] = PATUH_DECIMAL,
        [PT_NODE_TEXT] = PATUH_TEXT,
        [PT_NODE_NOTE] = PATUH_NOTE,
        [PT_NODE_CALCULATE] = PATUH_CALCULATED,
        [PT_NODE_IMAGE] = PATUH_IMAGE,
    };
    return kinds[type];
}

static void fill_choices(struct pt__showing *b, const struct pt_node *node, struct patuh_item *item)
{
    if (node->list == PT_NONE) {
        return;
    }
    const struct pt_list *list = &b->work->instrument->lists[node->list];
    struct patuh_choice *choices = pt_arena_zalloc(b->arena, list->n_choices, sizeof *choices);
    for (size_t i = 0; choices != NULL && i < list->n_choices; i++) {
        const struct pt_choice *choice = &list->choices[i];
        if (!choice->retired) {
            choices[item->n_choices++] = (struct patuh_choice){.name = pt__show_keep(b, choice->name),
                                                               .label_id = pt__show_keep(b, choice->label.id),
                                                               .label_en = pt__show_keep(b, choice->label.en)};
        }
    }
    item->choices = choices;
}

static void fill_relevance(struct pt__showing *b, uint32_t node, uint32_t instance, struct patuh_item *item)
{
    const struct pt_instrument *instrument = b->work->instrument;
    const struct pt_slot *slot = pt_unit_slot(instrument, &b->work->state.answers, &b->work->score, node, instance);
    item->asked = slot == NULL || slot->relevant;
    if (slot == NULL || slot->relevant || slot->blocker >= instrument->n_nodes) {
        return;
    }
    const struct pt_node *blocker = &instrument->nodes[slot->blocker];
    item->blocker = pt__show_keep(b, blocker->name);
    if (blocker->relevant != PT_NONE) {
        item->condition = pt__show_keep(b, instrument->programs[blocker->relevant].source);
    }
}

static void fill_calculated(struct pt__showing *b, uint32_t node, uint32_t instance, struct patuh_item *item)
{
    const struct pt_slot *slot =
        pt_unit_slot(b->work->instrument, &b->work->state.answers, &b->work->score, node, instance);
    if (item->kind == PATUH_CALCULATED && slot != NULL && slot->relevant && !pt_number_is_nan(slot->number)) {
        struct pt_buf text = {0};
        pt_number_put(&text, slot->number);
        item->value = pt__show_keep_buf(b, &text);
        item->answered = true;
    }
}

static void fill_condition(const struct pt__showing *b, uint32_t node, uint32_t instance, struct patuh_item *item)
{
    const struct pt_broken *broken = pt_conditions_find(&b->conditions, node, instance);
    if (broken != NULL) {
        item->broken = true;
        item->rule_id = broken->rule_id;
        item->rule_en = broken->rule_en;
    }
}

static void fill_shortage(const struct pt__showing *b, uint32_t repeat, struct patuh_item *item)
{
    item->missing = pt_work_is_short(b->work, repeat, &item->n_have, &item->n_need) || item->missing;
}

static unsigned depth_of(const struct pt_instrument *instrument, uint32_t node)
{
    unsigned depth = 0;
    for (uint32_t at = instrument->nodes[node].parent; at != 0; at = instrument->nodes[at].parent) {
        depth++;
    }
    return depth;
}

static struct patuh_item blank_item(struct pt__showing *b, uint32_t node)
{
    const struct pt_node *n = &b->work->instrument->nodes[node];
    return (struct patuh_item){.kind = kind_of(n->type),
                               .depth = depth_of(b->work->instrument, node),
                               .instance = "",
                               .label_id = pt__show_keep(b, n->label.id),
                               .label_en = pt__show_keep(b, n->label.en),
                               .hint_id = pt__show_keep(b, n->hint.id),
                               .hint_en = pt__show_keep(b, n->hint.en),
                               .role = role_names[n->role],
                               .blocker = "",
                               .condition = "",
                               .value = "",
                               .author = "",
                               .rule_id = "",
                               .rule_en = "",
                               .asked = true,
                               .needed = n->needed};
}

static struct patuh_item *next_item(struct pt__showing *b)
{
    return b->n_items < b->capacity ? &b->items[b->n_items++] : NULL;
}

static const char *instance_label(struct pt__showing *b, uint32_t instance)
{
    if (instance == 0) {
        return "";
    }
    const struct pt_instance *what = &b->work->state.answers.instances[instance - 1];
    return pt__show_keep(b, what->label[0] == '\0' ? what->name : what->label);
}

static void add_question(struct pt__showing *b, uint32_t node, uint32_t instance)
{
    struct patuh_item *item = next_item(b);
    const struct pt_assessment *state = &b->work->state;
    const char *name = instance == 0 ? "" : state->answers.instances[instance - 1].name;
    uint32_t question = b->work->instrument->nodes[node].number;
    if (item == NULL) {
        return;
    }
    *item = blank_item(b, node);
    item->path = pt__show_path(b, node, name);
    item->depth += instance == 0 ? 0 : 1;
    item->instance = instance_label(b, instance);
    fill_choices(b, &b->work->instrument->nodes[node], item);
    fill_relevance(b, node, instance, item);
    if (pt_node_is_question(&b->work->instrument->nodes[node])) {
        fill_answer(b, node, instance, item);
        fill_condition(b, node, instance, item);
        item->missing = pt_work_is_missing(b->work, node, instance);
    }
    fill_calculated(b, node, instance, item);
    item->notes = pt__show_remarks(b, state->notes, state->n_notes, question, instance, item->path, &item->n_notes);
    item->evidence =
        pt__show_remarks(b, state->evidence, state->n_evidence, question, instance, item->path, &item->n_evidence);
    pt__show_comments(b, node, name, item);
}

static void add_instance(struct pt__showing *b, uint32_t repeat, uint32_t instance)
{
    struct patuh_item *item = next_item(b);
    const struct pt_instance *what = &b->work->state.answers.instances[instance - 1];
    if (item == NULL) {
        return;
    }
    *item = blank_item(b, repeat);
    item->kind = PATUH_INSTANCE;
    item->depth++;
    item->path = pt__show_path(b, repeat, what->name);
    item->label_id = item->label_en = instance_label(b, instance);
    item->registered = pt_detail_is_registered(b->work, repeat, what->name);
    item->hint_id = item->hint_en = "";
    pt__show_comments(b, repeat, what->name, item);
    for (uint32_t i = repeat + 1; i < b->work->instrument->nodes[repeat].end; i++) {
        add_question(b, i, instance);
    }
}

static void add_repeat(struct pt__showing *b, uint32_t repeat)
{
    const struct pt_answers *answers = &b->work->state.answers;
    add_question(b, repeat, 0);
    if (b->n_items > 0) {
        fill_shortage(b, repeat, &b->items[b->n_items - 1]);
    }
    for (size_t i = 0; i < answers->n_instances; i++) {
        uint32_t instance = b->instances[i];
        if (answers->instances[instance - 1].repeat == b->work->instrument->nodes[repeat].number) {
            add_instance(b, repeat, instance);
        }
    }
}

static void add_items(struct pt__showing *b)
{
    const struct pt_instrument *instrument = b->work->instrument;
    size_t per_instance = instrument->n_nodes;
    b->capacity = instrument->n_nodes + b->work->state.answers.n_instances * per_instance;
    b->items = pt_arena_zalloc(b->arena, b->capacity, sizeof *b->items);
    b->instances = pt_detail_instance_order(b->work, b->arena);
    if (b->items == NULL || b->instances == NULL) {
        b->err = PT_ENOMEM;
        return;
    }
    for (uint32_t i = 1; i < instrument->n_nodes;) {
        if (instrument->nodes[i].type == PT_NODE_REPEAT) {
            add_repeat(b, i);
            i = instrument->nodes[i].end;
        } else {
            add_question(b, i, 0);
            i++;
        }
    }
}

/* --- score and people --- */

static struct patuh_score score_of(struct pt__showing *b)
{
    struct pt_points points = pt_work_points(b->work, b->arena);
    return (struct patuh_score){.has_score = points.has_score,
                                .low = points.low,
                                .high = points.high,
                                .settled = points.settled,
                                .zone = points.zone,
                                .category = points.category,
                                .exact = points.exact,
                                .placeholders = points.placeholders};
}

static const char *role_of(const struct pt__showing *b, const struct pt_author *author)
{
    const struct pt_member *member = pt_authority_member(&b->work->authority, author);
    if (member != NULL) {
        return member->role == PATUH__ROLE__ROLE_REVIEWER ? "reviewer" : "device";
    }
    return pt_authority_office(&b->work->authority, author) != NULL ? "office" : "unknown";
}

static void add_people(struct pt__showing *b, struct patuh_form *form)
{
    const struct pt_work *work = b->work;
    struct patuh_writer *writers = pt_arena_zalloc(b->arena, work->n_views, sizeof *writers);
    const char **surveyors = pt_arena_zalloc(b->arena, work->state.n_surveyors, sizeof *surveyors);
    struct patuh_remark *reasons = pt_arena_zalloc(b->arena, work->state.n_not_assessed, sizeof *reasons);
    struct patuh_visit *visits = pt_arena_zalloc(b->arena, work->state.n_places, sizeof *visits);
    if (writers == NULL || surveyors == NULL || reasons == NULL || visits == NULL) {
        b->err = PT_ENOMEM;
        return;
    }
    for (size_t v = 0; v < work->n_views; v++) {
        writers[form->n_writers++] = (struct patuh_writer){.name = pt__show_author(b, &work->views[v]),
                                                           .role = role_of(b, &work->views[v].log.author),
                                                           .n_entries = work->views[v].n_entries};
    }
    for (size_t i = 0; i < work->state.n_surveyors; i++) {
        surveyors[form->n_surveyors++] = pt__show_keep(b, work->state.surveyors[i]);
    }
    for (size_t i = 0; i < work->state.n_not_assessed; i++) {
        reasons[form->n_reasons++] = pt__show_remark(b, &work->state.not_assessed[i], "");
    }
    for (size_t i = 0; i < work->state.n_places; i++) {
        const struct pt_remark *place = &work->state.places[i];
        if (pt_detail_visit(place->entry, b->arena, &visits[form->n_visits])) {
            visits[form->n_visits++].author = pt__show_author(b, place->view);
        }
    }
    form->visits = visits;
    form->writers = writers;
    form->surveyors = surveyors;
    form->reasons = reasons;
}

static const char *why_of(struct pt__showing *b, enum pt_msg why)
{
    struct pt_buf text = {0};
    pt_say(&text, why, NULL);
    return pt__show_keep_buf(b, &text);
}

static void add_ineffective(struct pt__showing *b, struct patuh_form *form)
{
    const struct pt_work *work = b->work;
    size_t n = work->state.n_ineffective;
    struct patuh_ineffective *out = pt_arena_zalloc(b->arena, n, sizeof *out);
    for (size_t i = 0; out != NULL && i < n; i++) {
        const struct pt_ineffective *from = &work->state.ineffective[i];
        const struct pt_entry *entry = &from->view->entries[from->seq - 1];
        uint32_t node =
            work->ready && entry->question != 0 ? pt_node_by_number(work->instrument, entry->question) : PT_NONE;
        out[i] = (struct patuh_ineffective){
            .author = pt__show_author(b, from->view),
            .entry = entry_name(b, from->view, from->seq),
            .path = node == PT_NONE ? "" : pt__show_path(b, node, entry->instance == NULL ? "" : entry->instance),
            .why = why_of(b, from->why),
            .why_id = pt_msg_indonesian(from->why),
            .why_en = pt_msg_english(from->why),
            .own = pt_work_is_own(work, from->view)};
    }
    form->ineffective = out;
    form->n_ineffective = out == NULL ? 0 : n;
}

static enum pt_err fill_form(struct pt__showing *b, struct patuh_form *form)
{
    b->err = pt_summary_fill(b->work, b->txn, b->arena, &form->summary);
    if (b->err == PT_OK) {
        b->err = pt_conditions_check(b->work, b->arena, &b->conditions);
    }
    if (b->err == PT_OK && b->work->ready) {
        add_items(b);
    }
    if (b->err == PT_OK) {
        form->items = b->items;
        form->n_items = b->n_items;
        form->score = score_of(b);
        add_people(b, form);
        add_ineffective(b, form);
    }
    return b->err == PT_OK && b->arena->exhausted ? PT_ENOMEM : b->err;
}

static enum pt_err read_form(struct pt_work *work, struct pt_txn *txn, struct pt_arena *arena, void *out)
{
    struct pt__showing b = {.work = work, .txn = txn, .arena = arena};
    return fill_form(&b, out);
}

enum patuh_result patuh_form(struct patuh *device, const char *assessment, struct patuh_form *out,
                             struct patuh_problem *problem)
{
    struct pt_kept *kept;
    struct patuh_form form = {.summary = {.revoked = device->revoked_ms != 0}};
    enum patuh_result result = pt_summary_read(device, assessment, "show", read_form, &form, &kept, problem);
    if (result == PATUH_OK) {
        form.memory = kept;
        *out = form;
    }
    return result;
}

void patuh_form_free(struct patuh_form *form)
{
    pt_kept_destroy(form->memory);
    *form = (struct patuh_form){0};
}
