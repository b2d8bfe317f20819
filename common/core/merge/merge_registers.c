/* merge_registers.c - registers and their heads; notes, evidence and places beside them. */
#include "core/merge/merge_internal.h"

#include <stdlib.h>
#include <string.h>

static int compare_rows(const void *a, const void *b)
{
    const struct pt__row *x = a;
    const struct pt__row *y = b;
    if (x->question != y->question) {
        return x->question < y->question ? -1 : 1;
    }
    if (x->instance != y->instance) {
        return x->instance < y->instance ? -1 : 1;
    }
    if (x->view != y->view) {
        return x->view < y->view ? -1 : 1;
    }
    return (x->seq > y->seq) - (x->seq < y->seq);
}

/* Where an entry about a path belongs. */
enum place {
    PLACE_HERE,
    PLACE_GONE, /* at an instance that was there, or in a question of an earlier instrument */
    PLACE_NEVER
};

static enum place place_of(const struct pt__merge *m, const struct pt_entry *entry, uint32_t *instance)
{
    const struct pt_instrument *instrument = m->in->instrument;
    uint32_t repeat = pt__merge_repeat_of(m, entry->question);
    *instance = 0;
    if (repeat == 0) {
        bool asked = instrument != NULL && pt_node_by_number(instrument, entry->question) != PT_NONE;
        enum place elsewhere = asked ? PLACE_NEVER : PLACE_GONE;
        return entry->instance[0] == '\0' ? PLACE_HERE : elsewhere;
    }
    *instance = pt__merge_find_instance(m, repeat, entry->instance);
    if (*instance != 0) {
        return PLACE_HERE;
    }
    return pt__merge_had_instance(m, repeat, entry->instance) ? PLACE_GONE : PLACE_NEVER;
}

static void list_nowhere(struct pt__merge *m, size_t v, size_t i)
{
    m->effective[v][i] = false;
    m->out->ineffective[m->out->n_ineffective++] =
        (struct pt_ineffective){.view = &m->in->views[v], .seq = i + 1, .why = PT_MSG_ENTRY_NO_INSTANCE};
}

static bool is_about_path(Patuh__EntryKind kind)
{
    return pt__merge_is_claim(kind) || kind == PATUH__ENTRY_KIND__ENTRY_ADD_EVIDENCE ||
           kind == PATUH__ENTRY_KIND__ENTRY_REMOVE_EVIDENCE || kind == PATUH__ENTRY_KIND__ENTRY_NOTE;
}

static enum pt_err collect_rows(struct pt__merge *m, struct pt__row **out, size_t *n_out)
{
    size_t n = 0;
    for (size_t v = 0; v < m->in->n_views; v++) {
        n += m->in->views[v].n_entries;
    }
    struct pt__row *rows = pt_arena_zalloc(m->arena, n, sizeof *rows);
    if (rows == NULL) {
        return PT_ENOMEM;
    }
    size_t filled = 0;
    for (size_t v = 0; v < m->in->n_views; v++) {
        const struct pt_view *view = &m->in->views[v];
        for (size_t i = 0; i < view->n_entries; i++) {
            const struct pt_entry *entry = &view->entries[i];
            struct pt__row row = {.question = entry->question, .view = v, .seq = i + 1, .entry = entry};
            if (!is_about_path(entry->kind) || !pt__merge_counts(m, v, i)) {
                continue;
            }
            enum place place = place_of(m, entry, &row.instance);
            if (place == PLACE_HERE) {
                rows[filled++] = row;
            } else if (place == PLACE_NEVER) {
                list_nowhere(m, v, i);
            }
        }
    }
    qsort(rows, filled, sizeof *rows, compare_rows);
    *out = rows;
    *n_out = filled;
    return PT_OK;
}

static int compare_values(const void *a, const void *b)
{
    return pt_value_cmp(a, b);
}

/* What only an earlier version of the instrument asked nobody can decide any more, and nothing reads it. */
static bool is_asked(const struct pt__merge *m, uint32_t question)
{
    return m->in->instrument == NULL || pt_node_by_number(m->in->instrument, question) != PT_NONE;
}

static enum pt_err make_answer(struct pt__merge *m, const struct pt__row *rows, size_t n, struct pt_answer *answer,
                               struct pt_register *reg)
{
    *answer = (struct pt_answer){.question = rows[0].question, .instance = rows[0].instance};
    reg->heads = pt_arena_zalloc(m->arena, n, sizeof *reg->heads);
    answer->values = pt_arena_zalloc(m->arena, n + 1, sizeof *answer->values);
    if (reg->heads == NULL || answer->values == NULL) {
        return PT_ENOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        if (pt__merge_is_claim(rows[i].entry->kind) && !rows[i].replaced) {
            reg->heads[reg->n_heads++] = (struct pt_claim){.value = pt__merge_value(&rows[i]),
                                                           .view = &m->in->views[rows[i].view],
                                                           .seq = rows[i].seq,
                                                           .entry = rows[i].entry};
            answer->values[answer->n_values++] = pt__merge_value(&rows[i]);
        }
    }
    if (answer->n_values == 0) {
        answer->n_values = 1; /* only evidence so far: no value */
    }
    qsort(answer->values, answer->n_values, sizeof *answer->values, compare_values);
    size_t distinct = 1;
    for (size_t i = 1; i < answer->n_values; i++) {
        if (!pt_value_eq(&answer->values[i], &answer->values[distinct - 1])) {
            answer->values[distinct++] = answer->values[i];
        }
    }
    answer->n_values = distinct;
    m->out->n_conflicts += distinct > 1 && is_asked(m, answer->question);
    return PT_OK;
}

/* A removal takes away what its author had seen: its own copies before it, and those that it names. */
static bool takes_away(const struct pt__merge *m, const struct pt__row *removal, const struct pt__row *added)
{
    if (removal->view == added->view) {
        return removal->seq > added->seq;
    }
    for (size_t i = 0; i < removal->entry->n_replaces; i++) {
        const struct pt_entry_ref *ref = &removal->entry->replaces[i];
        if (ref->seq >= added->seq && pt_view_is(&m->in->views[added->view], ref)) {
            return true;
        }
    }
    return false;
}

static bool evidence_removed(const struct pt__merge *m, const struct pt__row *rows, size_t n,
                             const struct pt__row *added)
{
    for (size_t i = 0; i < n; i++) {
        if (rows[i].entry->kind == PATUH__ENTRY_KIND__ENTRY_REMOVE_EVIDENCE &&
            pt_hash_eq(&rows[i].entry->hash, &added->entry->hash) && takes_away(m, &rows[i], added)) {
            return true;
        }
    }
    return false;
}

static void collect_remarks(struct pt__merge *m, const struct pt__row *rows, size_t n, struct pt_answer *answer)
{
    for (size_t i = 0; i < n; i++) {
        struct pt_remark remark = {.view = &m->in->views[rows[i].view],
                                   .seq = rows[i].seq,
                                   .entry = rows[i].entry,
                                   .instance = rows[i].instance};
        if (rows[i].entry->kind == PATUH__ENTRY_KIND__ENTRY_NOTE) {
            m->out->notes[m->out->n_notes++] = remark;
        } else if (rows[i].entry->kind == PATUH__ENTRY_KIND__ENTRY_ADD_EVIDENCE &&
                   !evidence_removed(m, rows, n, &rows[i])) {
            m->out->evidence[m->out->n_evidence++] = remark;
            answer->n_evidence++;
        }
    }
}

static enum pt_err group_rows(struct pt__merge *m, struct pt__row *rows, size_t n)
{
    struct pt_answers *answers = &m->out->answers;
    answers->answers = pt_arena_zalloc(m->arena, n, sizeof *answers->answers);
    m->out->registers = pt_arena_zalloc(m->arena, n, sizeof *m->out->registers);
    m->out->notes = pt_arena_zalloc(m->arena, n, sizeof *m->out->notes);
    m->out->evidence = pt_arena_zalloc(m->arena, n, sizeof *m->out->evidence);
    if (answers->answers == NULL || m->out->registers == NULL || m->out->notes == NULL || m->out->evidence == NULL) {
        return PT_ENOMEM;
    }
    for (size_t from = 0; from < n;) {
        size_t to = from + 1;
        while (to < n && rows[to].question == rows[from].question && rows[to].instance == rows[from].instance) {
            to++;
        }
        struct pt_answer *answer = &answers->answers[answers->n_answers];
        enum pt_err err = pt__merge_mark_replaced(m, rows + from, to - from);
        if (err == PT_OK) {
            err = make_answer(m, rows + from, to - from, answer, &m->out->registers[answers->n_answers]);
        }
        if (err != PT_OK) {
            return err;
        }
        collect_remarks(m, rows + from, to - from, answer);
        answers->n_answers++;
        from = to;
    }
    return PT_OK;
}

/* Places and reasons belong to the assessment, not to a question. */
static enum pt_err collect_general(struct pt__merge *m, Patuh__EntryKind kind, struct pt_remark **out, size_t *n_out)
{
    size_t n = 0;
    for (size_t v = 0; v < m->in->n_views; v++) {
        for (size_t i = 0; i < m->in->views[v].n_entries; i++) {
            n += m->in->views[v].entries[i].kind == kind;
        }
    }
    *out = pt_arena_zalloc(m->arena, n, sizeof **out);
    if (*out == NULL) {
        return PT_ENOMEM;
    }
    for (size_t v = 0; v < m->in->n_views; v++) {
        const struct pt_view *view = &m->in->views[v];
        for (size_t i = 0; i < view->n_entries; i++) {
            if (view->entries[i].kind == kind && pt__merge_counts(m, v, i)) {
                (*out)[(*n_out)++] = (struct pt_remark){.view = view, .seq = i + 1, .entry = &view->entries[i]};
            }
        }
    }
    return PT_OK;
}

enum pt_err pt__merge_registers(struct pt__merge *m)
{
    struct pt__row *rows;
    size_t n;
    enum pt_err err = pt__merge_instances(m);
    if (err == PT_OK) {
        err = collect_rows(m, &rows, &n);
    }
    if (err == PT_OK) {
        err = group_rows(m, rows, n);
    }
    if (err == PT_OK) {
        err = collect_general(m, PATUH__ENTRY_KIND__ENTRY_PLACE, &m->out->places, &m->out->n_places);
    }
    if (err == PT_OK) {
        err = collect_general(m, PATUH__ENTRY_KIND__ENTRY_NOT_ASSESSED, &m->out->not_assessed, &m->out->n_not_assessed);
    }
    return err;
}
