#include "core/merge/cycle.h"

#include "core/wire/unpack.h"

static bool is_loading(Patuh__EntryKind kind)
{
    return kind == PATUH__ENTRY_KIND__ENTRY_INSTRUMENT || kind == PATUH__ENTRY_KIND__ENTRY_REGISTRY ||
           kind == PATUH__ENTRY_KIND__ENTRY_RESULTS;
}

static void add(struct pt_cycle *cycle, const struct pt_entry *entry, struct pt_arena *arena)
{
    ProtobufCMessage *message;
    struct pt_loaded loaded = {.blob = entry->hash, .kind = entry->kind, .title = "", .source = ""};
    if (pt_unpack(&patuh__loaded__descriptor, entry->detail, arena, &message) == PT_OK) {
        const Patuh__Loaded *detail = (const Patuh__Loaded *)message;
        loaded.title = detail->title == NULL ? "" : detail->title;
        loaded.source = detail->source == NULL ? "" : detail->source;
    }
    cycle->loaded[cycle->n_loaded++] = loaded;
}

enum pt_err pt_cycle_build(const struct pt_view *views, size_t n_views, const struct pt_author *root,
                           struct pt_arena *arena, struct pt_cycle *out)
{
    struct pt_cycle cycle = {0};
    const struct pt_view **sorted;
    size_t n = 0;
    if (pt_views_by_age(views, n_views, arena, &sorted) != PT_OK) {
        return PT_ENOMEM;
    }
    for (size_t v = 0; v < n_views; v++) {
        n += views[v].n_entries;
    }
    cycle.loaded = pt_arena_zalloc(arena, n, sizeof *cycle.loaded);
    if (cycle.loaded == NULL) {
        return PT_ENOMEM;
    }
    for (size_t v = 0; v < n_views; v++) { /* what a later incarnation loads comes after */
        const struct pt_view *view = sorted[v];
        bool counts = view->log.subject.text[0] == 'c' && pt_author_eq(&view->log.author, root);
        for (size_t i = 0; counts && i < view->n_entries; i++) {
            if (is_loading(view->entries[i].kind)) {
                add(&cycle, &view->entries[i], arena);
            }
        }
    }
    *out = cycle;
    return arena->exhausted ? PT_ENOMEM : PT_OK;
}

const struct pt_loaded *pt_cycle_current(const struct pt_cycle *cycle, Patuh__EntryKind kind)
{
    const struct pt_loaded *found = NULL;
    for (size_t i = 0; i < cycle->n_loaded; i++) {
        found = cycle->loaded[i].kind == kind ? &cycle->loaded[i] : found;
    }
    return found;
}
