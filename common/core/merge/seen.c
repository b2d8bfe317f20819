#include "core/merge/seen.h"

#include <string.h>

const struct pt_answer *pt_assessment_answer(const struct pt_assessment *state, uint32_t question, uint32_t instance,
                                             const struct pt_register **reg)
{
    const struct pt_answers *answers = &state->answers;
    size_t low = 0;
    size_t high = answers->n_answers;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct pt_answer *a = &answers->answers[middle];
        bool before = a->question != question ? a->question < question : a->instance < instance;
        low = before ? middle + 1 : low;
        high = before ? high : middle;
    }
    bool found = low < answers->n_answers && answers->answers[low].question == question &&
                 answers->answers[low].instance == instance;
    if (!found) {
        return NULL;
    }
    *reg = &state->registers[low];
    return &answers->answers[low];
}

bool pt_seen_refer(const struct pt_view *view, uint64_t seq, struct pt_entry_ref *ref)
{
    const struct pt_view_chunk *chunk = seq == 0 ? NULL : pt_view_chunk_of(view, seq);
    if (chunk == NULL) {
        return false;
    }
    *ref = (struct pt_entry_ref){.author = view->log.author, .incarnation = view->log.incarnation, .seq = seq};
    memcpy(ref->link, chunk->link.b, sizeof ref->link);
    return true;
}

enum pt_err pt_seen_replaces(const struct pt_assessment *state, uint32_t question, uint32_t instance,
                             const struct pt_log_id *own, struct pt_arena *arena, const struct pt_entry_ref **out,
                             size_t *n_out)
{
    const struct pt_register *reg;
    const struct pt_answer *answer = pt_assessment_answer(state, question, instance, &reg);
    *n_out = 0;
    if (answer == NULL || answer->n_values > 1) {
        return PT_OK;
    }
    struct pt_entry_ref *refs = pt_arena_zalloc(arena, reg->n_heads, sizeof *refs);
    if (refs == NULL) {
        return PT_ENOMEM;
    }
    size_t n = 0;
    for (size_t i = 0; i < reg->n_heads && n < PT_ENTRY_REPLACES_MAX; i++) {
        const struct pt_claim *claim = &reg->heads[i];
        if (!pt_log_id_eq(&claim->view->log, own)) { /* within a log the later entry replaces by itself */
            n += pt_seen_refer(claim->view, claim->seq, &refs[n]);
        }
    }
    *out = refs;
    *n_out = n;
    return PT_OK;
}

/* Where the cut of a move speaks of a log; n_cut when it does not. */
static size_t find_seen(const Patuh__Move *move, const struct pt_log_id *log)
{
    for (size_t i = 0; i < move->n_cut; i++) {
        const Patuh__LogSeen *seen = move->cut[i];
        if (seen->incarnation == log->incarnation && seen->author.len == PT_HASH_BYTES &&
            memcmp(seen->author.data, log->author.b, PT_HASH_BYTES) == 0) {
            return i;
        }
    }
    return move->n_cut;
}

static bool is_here(const struct pt_view *view, const Patuh__LogSeen *seen)
{
    return pt_view_has(view, seen->seq, pt_bytes_of(seen->link.data, seen->link.len));
}

uint64_t pt_seen_reach(const struct pt_view *by, uint64_t seq, const Patuh__Move *move, const struct pt_view *view)
{
    if (view == by) {
        return seq;
    }
    size_t at = find_seen(move, &view->log);
    const Patuh__LogSeen *seen = at < move->n_cut ? move->cut[at] : NULL;
    return seen == NULL ? 0 : pt_view_seen(view, seen->seq, pt_bytes_of(seen->link.data, seen->link.len));
}

bool pt_seen_is_whole(const Patuh__Move *move, const struct pt_view *views, size_t n_views)
{
    for (size_t i = 0; i < move->n_cut; i++) {
        bool here = move->cut[i]->seq == 0;
        for (size_t v = 0; v < n_views && !here; v++) {
            here = find_seen(move, &views[v].log) == i && is_here(&views[v], move->cut[i]);
        }
        if (!here) {
            return false;
        }
    }
    return true;
}

uint64_t pt_seen_counted(const struct pt_view *by, uint64_t seq, const Patuh__Move *move, const struct pt_view *view)
{
    uint64_t reach = pt_seen_reach(by, seq, move, view);
    size_t at = view == by ? move->n_cut : find_seen(move, &view->log);
    bool less = at < move->n_cut && at < move->n_counted && move->counted[at] < reach;
    return less ? move->counted[at] : reach;
}

/* The last sealed entry in every other log than `own` for which is_meant says yes. */
static enum pt_err name_last(const struct pt_view *views, size_t n_views, const struct pt_log_id *own,
                             bool (*is_meant)(const struct pt_entry *entry, const void *what), const void *what,
                             struct pt_arena *arena, const struct pt_entry_ref **out, size_t *n_out)
{
    struct pt_entry_ref *refs = pt_arena_zalloc(arena, n_views, sizeof *refs);
    if (refs == NULL) {
        return PT_ENOMEM;
    }
    size_t n = 0;
    for (size_t v = 0; v < n_views && n < PT_ENTRY_REPLACES_MAX; v++) {
        const struct pt_view *view = &views[v];
        uint64_t seq = view->n_chunks == 0 ? 0 : view->chunks[view->n_chunks - 1].last_seq;
        while (seq > 0 && !is_meant(&view->entries[seq - 1], what)) {
            seq--;
        }
        if (!pt_log_id_eq(&view->log, own)) {
            n += pt_seen_refer(view, seq, &refs[n]);
        }
    }
    *out = refs;
    *n_out = n;
    return PT_OK;
}

static bool is_about_instance(const struct pt_entry *entry, const void *instance)
{
    return strcmp(entry->instance, instance) == 0;
}

enum pt_err pt_seen_instance(const struct pt_view *views, size_t n_views, const char *instance,
                             const struct pt_log_id *own, struct pt_arena *arena, const struct pt_entry_ref **out,
                             size_t *n_out)
{
    return name_last(views, n_views, own, is_about_instance, instance, arena, out, n_out);
}

static bool adds_file(const struct pt_entry *entry, const void *what)
{
    const struct pt_entry *removal = what;
    return entry->kind == PATUH__ENTRY_KIND__ENTRY_ADD_EVIDENCE && entry->question == removal->question &&
           strcmp(entry->instance, removal->instance) == 0 && pt_hash_eq(&entry->hash, &removal->hash);
}

enum pt_err pt_seen_evidence(const struct pt_view *views, size_t n_views, const struct pt_entry *removal,
                             const struct pt_log_id *own, struct pt_arena *arena, const struct pt_entry_ref **out,
                             size_t *n_out)
{
    return name_last(views, n_views, own, adds_file, removal, arena, out, n_out);
}

/* Is any entry of the log effective? Who has no right here fills nobody's cut. */
static bool has_effect(const struct pt_assessment *state, const struct pt_view *view)
{
    size_t n_ineffective = 0;
    for (size_t i = 0; i < state->n_ineffective; i++) {
        n_ineffective += pt_log_id_eq(&state->ineffective[i].view->log, &view->log);
    }
    return n_ineffective < view->n_entries;
}

static void name_end(struct pt_view *view, Patuh__LogSeen *seen)
{
    struct pt_view_chunk *last = &view->chunks[view->n_chunks - 1];
    patuh__log_seen__init(seen);
    seen->has_author = seen->has_incarnation = seen->has_seq = seen->has_link = true;
    seen->author.data = view->log.author.b;
    seen->author.len = sizeof view->log.author.b;
    seen->incarnation = view->log.incarnation;
    seen->seq = last->last_seq;
    seen->link.data = last->link.b;
    seen->link.len = sizeof last->link.b;
}

enum pt_err pt_seen_cut(const struct pt_assessment *state, struct pt_view *views, size_t n_views,
                        const struct pt_log_id *own, struct pt_arena *arena, Patuh__Move *move)
{
    move->cut = pt_arena_zalloc(arena, n_views, sizeof *move->cut);
    Patuh__LogSeen *seen = pt_arena_zalloc(arena, n_views, sizeof *seen);
    if (move->cut == NULL || seen == NULL) {
        return PT_ENOMEM;
    }
    for (size_t v = 0; v < n_views; v++) {
        bool other = views[v].n_chunks > 0 && !pt_log_id_eq(&views[v].log, own);
        if (other && (state == NULL || has_effect(state, &views[v]))) {
            name_end(&views[v], &seen[move->n_cut]);
            move->cut[move->n_cut] = &seen[move->n_cut];
            move->n_cut++;
        }
    }
    return PT_OK;
}
