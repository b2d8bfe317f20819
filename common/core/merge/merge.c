#include "core/merge/merge_internal.h"

#include "core/wire/unpack.h"

bool pt__merge_counts(const struct pt__merge *m, size_t v, size_t i)
{
    return m->effective[v][i] && i < m->upto[v];
}

const void *pt__merge_detail(struct pt__merge *m, const struct pt_entry *entry, const ProtobufCMessageDescriptor *kind)
{
    ProtobufCMessage *message;
    return pt_unpack(kind, entry->detail, m->arena, &message) == PT_OK ? message : NULL;
}

size_t pt__merge_count_kind(const struct pt__merge *m, Patuh__EntryKind kind)
{
    size_t n = 0;
    for (size_t v = 0; v < m->in->n_views; v++) {
        for (size_t i = 0; i < m->in->views[v].n_entries; i++) {
            n += m->in->views[v].entries[i].kind == kind;
        }
    }
    return n;
}

static enum pt_err start(struct pt__merge *m)
{
    size_t n = m->in->n_views;
    m->effective = pt_arena_zalloc(m->arena, n, sizeof *m->effective);
    m->upto = pt_arena_zalloc(m->arena, n, sizeof *m->upto);
    if (m->effective == NULL || m->upto == NULL) {
        return PT_ENOMEM;
    }
    for (size_t v = 0; v < n; v++) {
        m->upto[v] = UINT64_MAX;
        m->effective[v] = pt_arena_zalloc(m->arena, m->in->views[v].n_entries, sizeof **m->effective);
        if (m->effective[v] == NULL) {
            return PT_ENOMEM;
        }
    }
    return PT_OK;
}

/* Offices' steps and submissions wait for nobody: what they are about does. */
static bool can_change(const struct pt_entry *entry)
{
    return entry->kind != PATUH__ENTRY_KIND__ENTRY_OPEN && entry->kind != PATUH__ENTRY_KIND__ENTRY_ASSIGN &&
           entry->kind != PATUH__ENTRY_KIND__ENTRY_MOVE && entry->kind != PATUH__ENTRY_KIND__ENTRY_MOVE_OFFICE;
}

static void count_entries(struct pt__merge *m)
{
    for (size_t v = 0; v < m->in->n_views; v++) {
        const struct pt_view *view = &m->in->views[v];
        for (size_t i = 0; i < view->n_entries; i++) {
            if (!m->effective[v][i]) {
                continue;
            }
            if (i >= m->upto[v]) {
                m->out->n_pending += can_change(&view->entries[i]);
                continue;
            }
            m->out->n_entries++;
        }
    }
}

enum pt_err pt_merge(const struct pt_merge_input *input, struct pt_arena *arena, struct pt_assessment *out)
{
    struct pt_assessment assessment = {.subject = input->subject, .counts = input->level == PT_LEVEL_WORK};
    struct pt__merge m = {.in = input, .arena = arena, .out = &assessment};
    enum pt_err err = start(&m);
    if (err == PT_OK) {
        err = pt__merge_effect(&m);
    }
    if (err == PT_OK) {
        err = pt__merge_state(&m);
    }
    if (err == PT_OK) {
        err = pt__merge_registers(&m);
    }
    if (err == PT_OK && arena->exhausted) {
        err = PT_ENOMEM;
    }
    if (err == PT_OK) {
        count_entries(&m);
        assessment.upto = m.upto;
        *out = assessment;
    }
    return err;
}

static const struct {
    const char *name;
    enum pt_msg msg;
} states[] = {
    [PATUH__STATE__STATE_DRAFT] = {"draft", PT_MSG_STATE_DRAFT},
    [PATUH__STATE__STATE_SUBMITTED] = {"submitted", PT_MSG_STATE_SUBMITTED},
    [PATUH__STATE__STATE_HAS_ISSUES] = {"has_issues", PT_MSG_STATE_HAS_ISSUES},
    [PATUH__STATE__STATE_APPROVED_REGION] = {"approved_region", PT_MSG_STATE_APPROVED_REGION},
    [PATUH__STATE__STATE_APPROVED_NATIONAL] = {"approved_national", PT_MSG_STATE_APPROVED_NATIONAL},
    [PATUH__STATE__STATE_FIXED] = {"fixed", PT_MSG_STATE_FIXED},
    [PATUH__STATE__STATE_NOT_ASSESSED] = {"not_assessed", PT_MSG_STATE_NOT_ASSESSED},
};

static bool is_state(Patuh__State state)
{
    return (unsigned)state < sizeof states / sizeof states[0];
}

const char *pt_state_name(Patuh__State state)
{
    return is_state(state) ? states[state].name : "?";
}

enum pt_msg pt_state_msg(Patuh__State state)
{
    return is_state(state) ? states[state].msg : PT_MSG_NONE;
}
