/* merge_instances.c - products and respondents: which are there, under which name.
 *
 * A removal takes an instance away only when its author had seen everything that others wrote there; else the instance
 * stays, so that no answer disappears without anybody having looked at it. */
#include "core/merge/merge_internal.h"

#include <stdlib.h>
#include <string.h>

static int compare_instances(const void *a, const void *b)
{
    const struct pt_instance *x = a;
    const struct pt_instance *y = b;
    int order = (x->repeat > y->repeat) - (x->repeat < y->repeat);
    return order != 0 ? order : strcmp(x->name, y->name);
}

static uint32_t find(const struct pt_instance *instances, size_t n, uint32_t repeat, const char *name)
{
    struct pt_instance wanted = {.repeat = repeat, .name = name};
    const struct pt_instance *found = bsearch(&wanted, instances, n, sizeof *instances, compare_instances);
    return found == NULL ? 0 : (uint32_t)(found - instances) + 1;
}

uint32_t pt__merge_find_instance(const struct pt__merge *m, uint32_t repeat, const char *name)
{
    return find(m->out->answers.instances, m->out->answers.n_instances, repeat, name);
}

bool pt__merge_had_instance(const struct pt__merge *m, uint32_t repeat, const char *name)
{
    return find(m->instances, m->n_instances, repeat, name) != 0;
}

static void add_instance(struct pt__merge *m, bool counts, struct pt_instance instance)
{
    m->instances[m->n_instances++] = instance;
    if (counts) {
        m->out->answers.instances[m->out->answers.n_instances++] = instance;
    }
}

/* Products of the registry come with the opening and keep their code. */
static void add_product_instances(struct pt__merge *m)
{
    const Patuh__Opening *opening = m->out->opening;
    const struct pt_instrument *instrument = m->in->instrument;
    uint32_t node = instrument == NULL ? 0 : instrument->settings.product_repeat;
    uint32_t repeat = node == 0 ? 0 : instrument->nodes[node].number;
    for (size_t i = 0; repeat != 0 && opening != NULL && i < opening->n_product; i++) {
        const Patuh__Product *product = opening->product[i];
        if (product->code != NULL) {
            add_instance(m, true,
                         (struct pt_instance){.repeat = repeat,
                                              .name = product->code,
                                              .label = product->name == NULL ? "" : product->name});
        }
    }
}

static const char *label_of(struct pt__merge *m, const struct pt_entry *entry)
{
    const Patuh__Instance *detail = pt__merge_detail(m, entry, &patuh__instance__descriptor);
    struct pt_hash hash;
    if (detail == NULL || detail->label.len != sizeof hash.b) {
        return "";
    }
    memcpy(hash.b, detail->label.data, sizeof hash.b);
    const char *text = m->in->lookup.text == NULL ? NULL : m->in->lookup.text(m->in->lookup.data, &hash);
    return text == NULL ? "" : text;
}

/* One that was removed, with everything that was known of it. */
struct removal {
    size_t view;
    uint64_t seq;
    const struct pt_entry *entry;
    bool in_vain; /* somebody wrote there of whom its author did not know */
};

static bool is_content(Patuh__EntryKind kind)
{
    return kind == PATUH__ENTRY_KIND__ENTRY_ANSWER || kind == PATUH__ENTRY_KIND__ENTRY_DECIDE ||
           kind == PATUH__ENTRY_KIND__ENTRY_NOTE || kind == PATUH__ENTRY_KIND__ENTRY_ADD_EVIDENCE;
}

/* Had the author of the removal seen entry seq of view v? Of its own log it knows what came before. */
static bool had_seen(const struct pt__merge *m, const struct removal *removal, size_t v, uint64_t seq)
{
    if (v == removal->view) {
        return seq < removal->seq;
    }
    const struct pt_view *view = &m->in->views[v];
    for (size_t i = 0; i < removal->entry->n_replaces; i++) {
        const struct pt_entry_ref *ref = &removal->entry->replaces[i];
        if (ref->seq >= seq && pt_view_is(view, ref)) {
            return true;
        }
    }
    return false;
}

static bool names_same(const struct pt_entry *a, const struct pt_entry *b)
{
    return a->question == b->question && strcmp(a->instance, b->instance) == 0;
}

/* Entry seq of view v is about the instance of this removal: does any of the removals of the same one know it? */
static bool is_known(const struct pt__merge *m, const struct removal *removals, size_t n, const struct removal *about,
                     size_t v, uint64_t seq)
{
    for (size_t i = 0; i < n; i++) {
        if (names_same(removals[i].entry, about->entry) && had_seen(m, &removals[i], v, seq)) {
            return true;
        }
    }
    return false;
}

uint32_t pt__merge_repeat_of(const struct pt__merge *m, uint32_t question)
{
    const struct pt_instrument *instrument = m->in->instrument;
    uint32_t node = instrument == NULL ? PT_NONE : pt_node_by_number(instrument, question);
    uint32_t enclosing = node == PT_NONE ? 0 : instrument->nodes[node].repeat;
    return enclosing == 0 ? 0 : instrument->nodes[enclosing].number;
}

/* Does entry i of view v say something about the instance that is taken away? What only names it, at a question that is
 * asked elsewhere, is ineffective, and so holds up nothing. */
static bool is_content_of(const struct pt__merge *m, const struct pt_entry *removal, size_t v, size_t i)
{
    const struct pt_entry *entry = &m->in->views[v].entries[i];
    return is_content(entry->kind) && strcmp(entry->instance, removal->instance) == 0 && pt__merge_counts(m, v, i) &&
           pt__merge_repeat_of(m, entry->question) == removal->question &&
           pt__merge_had_instance(m, removal->question, removal->instance);
}

static bool is_in_vain(const struct pt__merge *m, const struct removal *removals, size_t n, const struct removal *about)
{
    for (size_t v = 0; v < m->in->n_views; v++) {
        const struct pt_view *view = &m->in->views[v];
        for (size_t i = 0; i < view->n_entries; i++) {
            if (is_content_of(m, about->entry, v, i) && !is_known(m, removals, n, about, v, i + 1)) {
                return true;
            }
        }
    }
    return false;
}

static enum pt_err collect_removals(struct pt__merge *m, struct removal **out, size_t *n_out)
{
    size_t n = pt__merge_count_kind(m, PATUH__ENTRY_KIND__ENTRY_REMOVE_INSTANCE);
    struct removal *removals = pt_arena_zalloc(m->arena, n, sizeof *removals);
    if (removals == NULL) {
        return PT_ENOMEM;
    }
    *n_out = 0;
    for (size_t v = 0; v < m->in->n_views && n > 0; v++) {
        const struct pt_view *view = &m->in->views[v];
        for (size_t i = 0; i < view->n_entries; i++) {
            if (view->entries[i].kind == PATUH__ENTRY_KIND__ENTRY_REMOVE_INSTANCE && pt__merge_counts(m, v, i)) {
                removals[(*n_out)++] = (struct removal){.view = v, .seq = i + 1, .entry = &view->entries[i]};
            }
        }
    }
    *out = removals;
    return PT_OK;
}

static bool is_removed(const struct removal *removals, size_t n, const struct pt_instance *instance)
{
    for (size_t i = 0; i < n; i++) {
        if (!removals[i].in_vain && removals[i].entry->question == instance->repeat &&
            strcmp(removals[i].entry->instance, instance->name) == 0) {
            return true;
        }
    }
    return false;
}

/* What somebody wrote without knowing of the removal is not taken away: the instance stays, and the removal is listed.
 */
static void list_in_vain(struct pt__merge *m, const struct removal *removal)
{
    m->out->ineffective[m->out->n_ineffective++] = (struct pt_ineffective){
        .view = &m->in->views[removal->view], .seq = removal->seq, .why = PT_MSG_ENTRY_REMOVED_IN_VAIN};
}

static enum pt_err drop_removed(struct pt__merge *m)
{
    struct removal *removals;
    size_t n;
    enum pt_err err = collect_removals(m, &removals, &n);
    if (err != PT_OK) {
        return err;
    }
    for (size_t i = 0; i < n; i++) {
        removals[i].in_vain = is_in_vain(m, removals, n, &removals[i]);
        if (removals[i].in_vain) {
            list_in_vain(m, &removals[i]);
        }
    }
    struct pt_answers *answers = &m->out->answers;
    size_t kept = 0;
    for (size_t i = 0; i < answers->n_instances; i++) {
        if (!is_removed(removals, n, &answers->instances[i])) {
            answers->instances[kept++] = answers->instances[i];
        }
    }
    answers->n_instances = kept;
    return PT_OK;
}

/* Everything that was ever added, also outside the cut. */
static void add_effective_instances(struct pt__merge *m)
{
    for (size_t v = 0; v < m->in->n_views; v++) {
        const struct pt_view *view = &m->in->views[v];
        for (size_t i = 0; i < view->n_entries; i++) {
            const struct pt_entry *entry = &view->entries[i];
            char name[6];
            if (entry->kind == PATUH__ENTRY_KIND__ENTRY_ADD_INSTANCE && m->effective[v][i]) {
                pt_entry_instance_name(&view->log, i + 1, name);
                add_instance(m, pt__merge_counts(m, v, i),
                             (struct pt_instance){.repeat = entry->question,
                                                  .name = pt_arena_str(m->arena, name),
                                                  .label = label_of(m, entry)});
            }
        }
    }
}

enum pt_err pt__merge_instances(struct pt__merge *m)
{
    size_t n = m->out->opening == NULL ? 0 : m->out->opening->n_product;
    n += pt__merge_count_kind(m, PATUH__ENTRY_KIND__ENTRY_ADD_INSTANCE);
    struct pt_answers *answers = &m->out->answers;
    m->instances = pt_arena_zalloc(m->arena, n, sizeof *m->instances);
    answers->instances = pt_arena_zalloc(m->arena, n, sizeof *answers->instances);
    if (m->instances == NULL || answers->instances == NULL) {
        return PT_ENOMEM;
    }
    add_product_instances(m);
    add_effective_instances(m);
    if (m->arena->exhausted) {
        return PT_ENOMEM;
    }
    qsort(m->instances, m->n_instances, sizeof *m->instances, compare_instances);
    enum pt_err err = drop_removed(m);
    qsort(answers->instances, answers->n_instances, sizeof *answers->instances, compare_instances);
    return err;
}
