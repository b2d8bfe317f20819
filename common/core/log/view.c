#include "core/log/view.h"

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
