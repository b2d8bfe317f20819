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

uint64_t pt_seen_reach(const struct pt_view *by, uint64_t seq, const Patuh__Move *move, const struct pt_view *view)
{
    if (view == by) {
        return seq;
    }
    for (size_t i = 0; i < move->n_cut; i++) {
        const Patuh__LogSeen *seen = move->cut[i];
        if (seen->incarnation != view->log.incarnation || seen->author.len != PT_HASH_BYTES ||
            memcmp(seen->author.data, view->log.author.b, PT_HASH_BYTES) != 0) {
            continue;
        }
        bool same = pt_view_has(view, seen->seq, pt_bytes_of(seen->link.data, seen->link.len));
        return same ? seen->seq : 0;
    }
    return 0;
}

static uint64_t last_about(const struct pt_view *view, const char *instance)
{
    uint64_t seq = view->n_chunks == 0 ? 0 : view->chunks[view->n_chunks - 1].last_seq;
    while (seq > 0 && strcmp(view->entries[seq - 1].instance, instance) != 0) {
        seq--;
    }
    return seq;
}

enum pt_err pt_seen_instance(const struct pt_view *views, size_t n_views, const char *instance,
                             const struct pt_log_id *own, struct pt_arena *arena, const struct pt_entry_ref **out,
                             size_t *n_out)
{
    struct pt_entry_ref *refs = pt_arena_zalloc(arena, n_views, sizeof *refs);
    if (refs == NULL) {
        return PT_ENOMEM;
    }
    size_t n = 0;
    for (size_t v = 0; v < n_views && n < PT_ENTRY_REPLACES_MAX; v++) {
        if (!pt_log_id_eq(&views[v].log, own)) {
            n += pt_seen_refer(&views[v], last_about(&views[v], instance), &refs[n]);
        }
    }
    *out = refs;
    *n_out = n;
    return PT_OK;
}

enum pt_err pt_seen_cut(struct pt_view *views, size_t n_views, const struct pt_log_id *own, struct pt_arena *arena,
                        Patuh__Move *move)
{
    move->cut = pt_arena_zalloc(arena, n_views, sizeof *move->cut);
    Patuh__LogSeen *seen = pt_arena_zalloc(arena, n_views, sizeof *seen);
    if (move->cut == NULL || seen == NULL) {
        return PT_ENOMEM;
    }
    for (size_t v = 0; v < n_views; v++) {
        struct pt_view *view = &views[v];
        if (view->n_chunks == 0 || pt_log_id_eq(&view->log, own)) {
            continue;
        }
        struct pt_view_chunk *last = &view->chunks[view->n_chunks - 1];
        Patuh__LogSeen *at = &seen[move->n_cut];
        patuh__log_seen__init(at);
        at->has_author = at->has_incarnation = at->has_seq = at->has_link = true;
        at->author.data = view->log.author.b;
        at->author.len = sizeof view->log.author.b;
        at->incarnation = view->log.incarnation;
        at->seq = last->last_seq;
        at->link.data = last->link.b;
        at->link.len = sizeof last->link.b;
        move->cut[move->n_cut++] = at;
    }
    return PT_OK;
}
