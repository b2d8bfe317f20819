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

static void count_entries(struct pt__merge *m)
{
    for (size_t v = 0; v < m->in->n_views; v++) {
        const struct pt_view *view = &m->in->views[v];
        for (size_t i = 0; i < view->n_entries; i++) {
            if (!m->effective[v][i]) {
                continue;
            }
            if (i >= m->upto[v]) {
                m->out->n_pending++;
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

const char *pt_state_name(Patuh__State state)
{
    switch (state) {
    case PATUH__STATE__STATE_DRAFT:
        return "draft";
    case PATUH__STATE__STATE_SUBMITTED:
        return "submitted";
    case PATUH__STATE__STATE_HAS_ISSUES:
        return "has_issues";
    case PATUH__STATE__STATE_APPROVED_REGION:
        return "approved_region";
    case PATUH__STATE__STATE_APPROVED_NATIONAL:
        return "approved_national";
    case PATUH__STATE__STATE_FIXED:
        return "fixed";
    case PATUH__STATE__STATE_NOT_ASSESSED:
        return "not_assessed";
    case _PATUH__STATE_IS_INT_SIZE:
        break;
    }
    return "?";
}
