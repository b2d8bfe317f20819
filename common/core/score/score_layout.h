/* score_layout.h - the answers of one unit laid out for evaluation: one slot a node and instance. Inside scoring only.
 *
 * Memory: the arena's. */
#ifndef PT_SCORE_LAYOUT_H
#define PT_SCORE_LAYOUT_H

#include "core/score/score.h"

#define PT_PICK_ALL SIZE_MAX /* all values of a conflict at once: it reaches the score by itself only */

struct pt_layout {
    const struct pt_instrument *ins;
    const struct pt_answers *answers;
    uint32_t product; /* 0: all; else the product repeat has only instance product - 1 */
    struct pt_span *spans;
    uint32_t *first_instance; /* by node, of repeats: index into answers.instances */
    struct pt_slot *slots;
    size_t n_slots;
    uint32_t *answer_of; /* by slot: 1 + index into answers.answers, 0 = no answer */
    uint32_t *slot_node; /* by slot */
    size_t *picks;       /* by answer: index of its value, or PT_PICK_ALL */
    uint32_t n_to_come;  /* product instances that missing answers wait for: the most of all runs so far */
};

/* A node whose score is not worked out: its whole scale is possible. */
struct pt_forced {
    bool whole;
    bool may_lack;
};

/* product as in pt_layout. Errors: LIMIT, NOMEM. */
enum pt_err pt_layout_make(const struct pt_instrument *ins, const struct pt_answers *answers, uint32_t product,
                           struct pt_arena *arena, struct pt_layout *out);
/* Fill all slots from the values picked. Where missing = range: what missing answers can still change is unknown, and
 * spans of repeats that are short (a scored node has fewer relevant instances than it needs answers) are open. */
void pt_layout_run(struct pt_layout *layout);
/* Open the spans of repeats that are short and were not known to be; true when there was one. */
bool pt_layout_open_short(struct pt_layout *layout);
/* Product instances to come when nothing is sure of those that are here. */
uint32_t pt_layout_to_come_at_most(const struct pt_layout *layout);
/* Is it asked at every instance of its repeat (or at all, outside) that is itself asked? */
bool pt_layout_unconditional(const struct pt_layout *layout, uint32_t node);
/* A value as expressions and scores read it. evidence: number of photos, for images. */
void pt_slot_read(const struct pt_instrument *ins, uint32_t node, const struct pt_value *value, uint32_t evidence,
                  struct pt_slot *slot);

/* Up the tree from filled slots. forced: by node; NULL for none. scores: by node. *exact: set to false when what is
 * missing does not simply add up, so that an end of a range may be out of reach. Errors: LIMIT, NOMEM. */
enum pt_err pt_tree_run(const struct pt_layout *layout, const struct pt_forced *forced, struct pt_arena *arena,
                        struct pt_node_score *scores, bool *exact);
/* What has no answer, from the slots of the first combination and the scores of all: fills missing and n_missing.
 * Errors: LIMIT, NOMEM. */
enum pt_err pt_list_missing(const struct pt_layout *layout, struct pt_arena *arena, struct pt_unit_score *out);
/* Answers a question needs to count as answered. */
uint32_t pt_layout_min_count(const struct pt_layout *layout, uint32_t node);

#endif
