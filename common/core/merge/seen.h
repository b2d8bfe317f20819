/* seen.h - what an author names of what it has: the claims an answer replaces, the cut of a move.
 *
 * Thread: any.  Memory: results live in the given arena and point into the views. Errors: NOMEM. */
#ifndef PT_SEEN_H
#define PT_SEEN_H

#include "core/merge/merge.h"

/* The register at a question and instance (as in pt_answer); NULL when nobody wrote there. */
const struct pt_answer *pt_assessment_answer(const struct pt_assessment *state, uint32_t question, uint32_t instance,
                                             const struct pt_register **reg);

/* The sealed heads of a register in other logs than `own`, when all its heads agree: what an answer replaces; n is 0
 * for a register in conflict, which is a reviewer's to settle. At most PT_ENTRY_REPLACES_MAX. */
enum pt_err pt_seen_replaces(const struct pt_assessment *state, uint32_t question, uint32_t instance,
                             const struct pt_log_id *own, struct pt_arena *arena, const struct pt_entry_ref **out,
                             size_t *n_out);

/* The last sealed entry about an instance in every other log than `own`: what a removal had seen. At most
 * PT_ENTRY_REPLACES_MAX; where more wrote, the removal is in vain. */
enum pt_err pt_seen_instance(const struct pt_view *views, size_t n_views, const char *instance,
                             const struct pt_log_id *own, struct pt_arena *arena, const struct pt_entry_ref **out,
                             size_t *n_out);

/* Name one entry of a log as it is here; false for an entry of the tail, which nobody else can have seen. */
bool pt_seen_refer(const struct pt_view *view, uint64_t seq, struct pt_entry_ref *ref);
/* The last sealed entry in every other log than `own` that added the file which `removal` takes away. */
enum pt_err pt_seen_evidence(const struct pt_view *views, size_t n_views, const struct pt_entry *removal,
                             const struct pt_log_id *own, struct pt_arena *arena, const struct pt_entry_ref **out,
                             size_t *n_out);

/* How far the author of a move, entry seq of the log `by`, had read the log `view`: its own up to the move, others as
 * the cut says. Links tell apart the branches of a fork: of another one, or of an end that is not here, it had read
 * what comes before. 0 = nothing. */
uint64_t pt_seen_reach(const struct pt_view *by, uint64_t seq, const Patuh__Move *move, const struct pt_view *view);
/* The same, of a move about a version only as much as counts. */
uint64_t pt_seen_counted(const struct pt_view *by, uint64_t seq, const Patuh__Move *move, const struct pt_view *view);
/* Is all that the cut names here, and does it stand? */
bool pt_seen_is_whole(const Patuh__Move *move, const struct pt_view *views, size_t n_views);

/* Fill the cut of a move: all sealed chunks of every log but `own`, which counts up to the move itself. state: its logs
 * without an effective entry are left out; NULL: none is. */
enum pt_err pt_seen_cut(const struct pt_assessment *state, struct pt_view *views, size_t n_views,
                        const struct pt_log_id *own, struct pt_arena *arena, Patuh__Move *move);

#endif
