/* cycle.h - what head office has loaded for a cycle: a pure function of the cycle's log.
 *
 * Thread: read-only after it is built.  Memory: in the builder's arena; points into the views. */
#ifndef PT_CYCLE_H
#define PT_CYCLE_H

#include "base/arena.h"
#include "core/log/view.h"

/* One blob that a cycle entry names. */
struct pt_loaded {
    struct pt_hash blob;
    Patuh__EntryKind kind; /* INSTRUMENT, REGISTRY or RESULTS */
    const char *title;
    const char *source;
};

struct pt_cycle {
    struct pt_loaded *loaded; /* in the order of the log: the last instrument and the last registry are current */
    size_t n_loaded;
};

/* views: logs of the cycle's subject; only the root's count. Errors: NOMEM. */
enum pt_err pt_cycle_build(const struct pt_view *views, size_t n_views, const struct pt_author *root,
                           struct pt_arena *arena, struct pt_cycle *out);
/* The current blob of a kind; NULL when nothing was loaded. */
const struct pt_loaded *pt_cycle_current(const struct pt_cycle *cycle, Patuh__EntryKind kind);

#endif
