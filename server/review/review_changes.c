/* review_changes.c - what a reviewer who saw an earlier submission has to look at again. */
#include "core/merge/seen.h"
#include "core/wire/unpack.h"
#include "review/review.h"

#include <stdlib.h>
#include <string.h>

struct reading {
    const struct pt_work *work;
    struct pt_arena *arena;
    uint64_t *base; /* [view]: entries up to here were in an earlier submission */
    bool has_base;
    struct review_change *changes;
    size_t n_changes;
};

static const Patuh__Move *submission(struct reading *r, const struct pt_entry *entry)
{
    ProtobufCMessage *message;
    if (entry->kind != PATUH__ENTRY_KIND__ENTRY_MOVE ||
        pt_unpack(&patuh__move__descriptor, entry->detail, r->arena, &message) != PT_OK) {
        return NULL;
    }
    const Patuh__Move *move = (const Patuh__Move *)message;
    return move->to == PATUH__STATE__STATE_SUBMITTED ? move : NULL;
}

static void add_base(struct reading *r, const struct pt_view *by, uint64_t seq, const Patuh__Move *move)
{
    for (size_t v = 0; v < r->work->n_views; v++) {
        uint64_t reach = pt_seen_reach(by, seq, move, &r->work->views[v]);
        r->base[v] = reach > r->base[v] ? reach : r->base[v];
    }
    r->has_base = true;
}

static bool is_effective(const struct reading *r, const struct pt_view *view, uint64_t seq)
{
    const struct pt_assessment *state = &r->work->state;
    for (size_t i = 0; i < state->n_ineffective; i++) {
        if (state->ineffective[i].view == view && state->ineffective[i].seq == seq) {
            return false;
        }
    }
    return true;
}

/* An earlier submission is one that the move which made the state had seen: not the move itself, not what another
 * surveyor handed in meanwhile, and not what came after an approval. */
static bool is_earlier(const struct reading *r, const struct pt_view *view, uint64_t seq)
{
    const struct pt_claim *by = r->work->state.state_by;
    bool itself = by != NULL && by->view == view && by->seq == seq;
    return by != NULL && !itself && pt_seen_reach(by->view, by->seq, r->work->state.state_move, view) >= seq;
}

static void find_base(struct reading *r)
{
    for (size_t v = 0; v < r->work->n_views; v++) {
        const struct pt_view *view = &r->work->views[v];
        for (uint64_t seq = 1; seq <= view->n_entries; seq++) {
            const Patuh__Move *move = is_earlier(r, view, seq) ? submission(r, &view->entries[seq - 1]) : NULL;
            if (move != NULL && is_effective(r, view, seq)) {
                add_base(r, view, seq, move);
            }
        }
    }
}

static bool is_change(Patuh__EntryKind kind)
{
    return kind == PATUH__ENTRY_KIND__ENTRY_ANSWER || kind == PATUH__ENTRY_KIND__ENTRY_CLEAR ||
           kind == PATUH__ENTRY_KIND__ENTRY_DECIDE || kind == PATUH__ENTRY_KIND__ENTRY_ADD_EVIDENCE ||
           kind == PATUH__ENTRY_KIND__ENTRY_REMOVE_EVIDENCE || kind == PATUH__ENTRY_KIND__ENTRY_ADD_INSTANCE ||
           kind == PATUH__ENTRY_KIND__ENTRY_REMOVE_INSTANCE;
}

/* What an earlier version asked is shown nowhere any more. */
static bool is_asked(const struct reading *r, uint32_t question)
{
    return pt_node_by_number(r->work->instrument, question) != PT_NONE;
}

static bool counts(const struct reading *r, const struct pt_view *view, uint64_t seq)
{
    const struct pt_entry *entry = &view->entries[seq - 1];
    return is_change(entry->kind) && is_asked(r, entry->question) && is_effective(r, view, seq);
}

/* What is added is named by the entry itself: each product or respondent is a change. NULL: out of memory. */
static const char *instance_of(struct reading *r, const struct pt_view *view, uint64_t seq)
{
    char added[PT_INSTANCE_BYTES_MAX + 1];
    const struct pt_entry *entry = &view->entries[seq - 1];
    if (entry->kind != PATUH__ENTRY_KIND__ENTRY_ADD_INSTANCE) {
        return entry->instance;
    }
    pt_entry_instance_name(&view->log, seq, added);
    return pt_arena_str(r->arena, added);
}

static enum pt_err collect(struct reading *r)
{
    size_t n = 0;
    for (size_t v = 0; v < r->work->n_views; v++) {
        n += r->work->views[v].n_entries;
    }
    r->changes = pt_arena_zalloc(r->arena, n, sizeof *r->changes);
    for (size_t v = 0; r->changes != NULL && v < r->work->n_views; v++) {
        const struct pt_view *view = &r->work->views[v];
        for (uint64_t i = r->base[v]; i < view->n_entries; i++) {
            if (counts(r, view, i + 1)) {
                const char *instance = instance_of(r, view, i + 1);
                r->changes[r->n_changes++] = (struct review_change){.question = view->entries[i].question,
                                                                    .instance = instance == NULL ? "" : instance};
            }
        }
    }
    return r->changes == NULL || r->arena->exhausted ? PT_ENOMEM : PT_OK;
}

static int compare_changes(const void *a, const void *b)
{
    const struct review_change *x = a;
    const struct review_change *y = b;
    int order = (x->question > y->question) - (x->question < y->question);
    return order != 0 ? order : strcmp(x->instance, y->instance);
}

static void drop_repeated(struct reading *r)
{
    size_t kept = 0;
    if (r->n_changes > 1) {
        qsort(r->changes, r->n_changes, sizeof *r->changes, compare_changes);
    }
    for (size_t i = 0; i < r->n_changes; i++) {
        if (kept == 0 || compare_changes(&r->changes[kept - 1], &r->changes[i]) != 0) {
            r->changes[kept++] = r->changes[i];
        }
    }
    r->n_changes = kept;
}

enum pt_err review_changes(const struct pt_work *work, struct pt_arena *arena, struct review_change **out,
                           size_t *n_out, bool *first)
{
    struct reading r = {.work = work, .arena = arena};
    r.base = pt_arena_zalloc(arena, work->n_views, sizeof *r.base);
    if (r.base == NULL) {
        return PT_ENOMEM;
    }
    find_base(&r);
    enum pt_err err = collect(&r);
    if (err == PT_OK) {
        drop_repeated(&r);
        *out = r.changes;
        *n_out = r.n_changes;
        *first = !r.has_base;
    }
    return err;
}
