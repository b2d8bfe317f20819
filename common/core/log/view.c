#include "core/log/view.h"

#include <stdlib.h>
#include <string.h>

const struct pt_view_chunk *pt_view_chunk_of(const struct pt_view *view, uint64_t seq)
{
    size_t low = 0;
    size_t high = view->n_chunks;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (view->chunks[middle].last_seq < seq) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < view->n_chunks ? &view->chunks[low] : NULL;
}

bool pt_view_has(const struct pt_view *view, uint64_t seq, struct pt_bytes link)
{
    const struct pt_view_chunk *chunk = seq == 0 ? NULL : pt_view_chunk_of(view, seq);
    return chunk != NULL && pt_bytes_eq(pt_bytes_of(chunk->link.b, sizeof chunk->link.b), link);
}

uint64_t pt_view_seen(const struct pt_view *view, uint64_t seq, struct pt_bytes link)
{
    uint64_t sealed = view->n_chunks == 0 ? 0 : view->chunks[view->n_chunks - 1].last_seq;
    uint64_t common = view->forked ? view->fork_seq : sealed;
    if (pt_view_has(view, seq, link)) {
        return seq;
    }
    return seq > common ? common : 0;
}

bool pt_view_is(const struct pt_view *view, const struct pt_entry_ref *ref)
{
    if (view->log.incarnation != ref->incarnation || !pt_author_eq(&view->log.author, &ref->author)) {
        return false;
    }
    const struct pt_view_chunk *chunk = pt_view_chunk_of(view, ref->seq);
    return chunk != NULL && memcmp(chunk->link.b, ref->link, sizeof ref->link) == 0;
}

const struct pt_view *pt_view_find(const struct pt_view *views, size_t n_views, const struct pt_author *author,
                                   uint64_t incarnation)
{
    for (size_t i = 0; i < n_views; i++) {
        if (views[i].log.incarnation == incarnation && pt_author_eq(&views[i].log.author, author)) {
            return &views[i];
        }
    }
    return NULL;
}

struct aged {
    const struct pt_view *view;
    size_t age; /* how many logs of the author about the subject it comes after */
};

static bool has_link(const struct pt_view_chunk *chunks, size_t n, const struct pt_hash *link)
{
    for (size_t i = 0; i < n; i++) {
        if (pt_hash_eq(&chunks[i].link, link)) {
            return true;
        }
    }
    return false;
}

/* The log in which this one's predecessor lies; NULL when it is not there. Held branches are not looked at: what counts
 * must not hang on what does not. */
static const struct pt_view *view_before(const struct pt_view *views, size_t n, const struct pt_view *view)
{
    for (size_t v = 0; v < n; v++) {
        bool other = views[v].log.incarnation != view->log.incarnation;
        if (other && pt_author_eq(&views[v].log.author, &view->log.author) &&
            pt_subject_eq(&views[v].log.subject, &view->log.subject) &&
            has_link(views[v].chunks, views[v].n_chunks, &view->previous)) {
            return &views[v];
        }
    }
    return NULL;
}

/* Also after a predecessor that is not there: a log that names one is never its author's first. */
static size_t age_of(const struct pt_view *views, size_t n, const struct pt_view *view)
{
    size_t age = 0;
    while (view != NULL && view->has_previous && age < n) { /* links are hashes: a circle is in made-up logs only */
        view = view_before(views, n, view);
        age++;
    }
    return age;
}

static int compare_aged(const void *a, const void *b)
{
    const struct aged *x = a;
    const struct aged *y = b;
    struct pt_log_id left = x->view->log;
    left.incarnation = y->view->log.incarnation;
    int order = pt_log_id_cmp(&left, &y->view->log);
    if (order == 0) {
        order = (x->age > y->age) - (x->age < y->age);
    }
    return order != 0 ? order : pt_log_id_cmp(&x->view->log, &y->view->log);
}

enum pt_err pt_views_by_age(const struct pt_view *views, size_t n, struct pt_arena *arena, const struct pt_view ***out)
{
    struct aged *aged = pt_arena_zalloc(arena, n, sizeof *aged);
    const struct pt_view **list = pt_arena_zalloc(arena, n, sizeof(const struct pt_view *));
    if (aged == NULL || list == NULL) {
        return PT_ENOMEM;
    }
    for (size_t v = 0; v < n; v++) {
        aged[v] = (struct aged){.view = &views[v], .age = age_of(views, n, &views[v])};
    }
    if (n > 1) {
        qsort(aged, n, sizeof *aged, compare_aged);
    }
    for (size_t v = 0; v < n; v++) {
        list[v] = aged[v].view;
    }
    *out = list;
    return PT_OK;
}

/* How many of the first chunks end at or before an entry. */
static size_t chunks_upto(const struct pt_view_chunk *chunks, size_t n, uint64_t seq)
{
    size_t upto = 0;
    while (upto < n && chunks[upto].last_seq <= seq) {
        upto++;
    }
    return upto;
}

const struct pt_view_branch *pt_view_branch_of(const struct pt_view *view, uint64_t seq, const struct pt_hash *link)
{
    for (size_t i = 0; i < view->n_branches; i++) {
        const struct pt_view_branch *branch = &view->branches[i];
        size_t n = chunks_upto(branch->chunks, branch->n_chunks, seq);
        if (n > 0 && branch->chunks[n - 1].last_seq == seq && pt_hash_eq(&branch->chunks[n - 1].link, link)) {
            return branch;
        }
    }
    return NULL;
}

enum pt_err pt_view_stand(struct pt_view *view, uint64_t seq, const struct pt_hash *link, struct pt_arena *arena)
{
    const struct pt_view_branch *branch = pt_view_branch_of(view, seq, link);
    uint64_t sealed = view->n_chunks == 0 ? 0 : view->chunks[view->n_chunks - 1].last_seq;
    if (branch == NULL || view->n_entries > sealed) {
        return PT_OK;
    }
    size_t before = (size_t)view->fork_seq;
    size_t past = (size_t)(seq - view->fork_seq);
    size_t chunks_before = chunks_upto(view->chunks, view->n_chunks, view->fork_seq);
    size_t chunks_past = chunks_upto(branch->chunks, branch->n_chunks, seq);
    struct pt_entry *entries = pt_arena_zalloc(arena, before + past, sizeof *entries);
    struct pt_view_chunk *chunks = pt_arena_zalloc(arena, chunks_before + chunks_past, sizeof *chunks);
    if (entries == NULL || chunks == NULL) {
        return pt_arena_err(arena);
    }
    if (before > 0) {
        memcpy(entries, view->entries, before * sizeof *entries);
        memcpy(chunks, view->chunks, chunks_before * sizeof *chunks);
    }
    memcpy(entries + before, branch->entries, past * sizeof *entries);
    memcpy(chunks + chunks_before, branch->chunks, chunks_past * sizeof *chunks);
    view->entries = entries;
    view->n_entries = before + past;
    view->chunks = chunks;
    view->n_chunks = chunks_before + chunks_past;
    return PT_OK;
}
