/* instrument_finish.h - what follows from a tree of nodes: shared by the compiler and the reader of compiled bytes.
 *
 * Thread: any.  Memory: the arena's. */
#ifndef PT_INSTRUMENT_FINISH_H
#define PT_INSTRUMENT_FINISH_H

#include "core/instrument/instrument.h"

/* Fills repeat, end and scorer of every node, from type, parent and has_weight.
 * Errors: MALFORMED (not a preorder tree of groups, or nested repeats). */
enum pt_err pt_instrument_shape(struct pt_node *nodes, size_t n_nodes);
/* After pt_instrument_shape: checks that every program fits its node, then fills order, by_name, by_number, needed and
 * referenced. nodes are instrument->nodes. Errors: MALFORMED (bad index, a name or number twice), INVALID (*circle: a
 * node that depends on itself), NOMEM. */
enum pt_err pt_instrument_finish(struct pt_instrument *instrument, struct pt_node *nodes, struct pt_arena *arena,
                                 uint32_t *circle);
/* What the value and relevance of a node depend on, one after the other (i = 0, 1, ...): its parent, then what its
 * relevant and calculation read. *out is PT_NONE for an operation that reads nothing; false at the end. */
bool pt_node_dependency(const struct pt_instrument *ins, uint32_t node, size_t i, uint32_t *out);

#endif
