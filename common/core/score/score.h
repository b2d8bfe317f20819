/* score.h - scores: a pure function of instrument and answers, in integers.
 *
 * One point is PT_POINT units, a score lies between 0 and PT_SCORE_MAX. Expressions decide relevance and calculations;
 * each question is combined over the instances that answered it; then weighted means go up the tree, one half-even
 * rounding a node.
 *
 * Range. Open conflicts and (where missing = range) missing answers make one: low <= every score that is still possible
 * <= high; where it is possible that there is none, may_lack says so, and a mean above is widened by that too.
 * - Conflicts that expressions read are tried one by one, up to PT_CONFLICT_COMBINATIONS_MAX combinations; beyond that
 *   what they reach takes its whole scale and is weighed into the groups above as anything else. Others add up.
 * - Missing is a needed question that is asked and not answered (at each instance for itself), and an instance that a
 *   repeat is short of: a scored node in it has fewer relevant instances than its min_count (1 without one).
 * - What is listed as missing widens the range, and nothing else that is empty does.
 * - An unanswered instance is worth the least to the most of its question, beside those that answered.
 * - In a repeat that is short every scored node takes its whole scale, and what is counted over it is unknown.
 * - What reads an unknown value takes its whole scale, whatever its expression makes of it.
 * - With missing = zero or exclude an unanswered instance is listed too, but is no part of the mean and widens nothing.
 * - A calculation that comes to no number counts as missing; it is not listed, since nobody answers it.
 * Thread: any.  Memory: results live in the arena given. */
#ifndef PT_SCORE_H
#define PT_SCORE_H

#include "core/instrument/instrument.h"
#include "core/merge/answers.h"

struct pt_node_score {
    bool has_score; /* false: does not score, left out (inapplicable or missing = exclude), or nothing inside scored */
    bool may_lack;  /* has a score, and it is possible that it has none */
    int64_t low;
    int64_t high;
    bool relevant;       /* at least one instance */
    uint32_t blocker;    /* when not relevant: the node whose `relevant` says so */
    uint32_t n_answered; /* instances that answered; of a group: of all questions inside */
};

/* A question that is relevant, decides something, and has no answer. */
struct pt_missing {
    uint32_t node;
    uint32_t instance; /* as in pt_answer; 0 in a repeat: it has fewer answers than it needs */
};

/* The unit's score with the product repeat reduced to one product. */
struct pt_product_score {
    uint32_t instance; /* index into pt_answers.instances */
    bool has_score;
    bool may_lack;
    bool exact; /* as of the unit; and all products of the unit can be at their low, or high, together */
    int64_t low;
    int64_t high;
};

struct pt_unit_score {
    bool has_score;
    bool may_lack;
    int64_t low;
    int64_t high;
    bool exact; /* low and high are both reached by some choice and answers, and there is a score in any case */
    const struct pt_node_score *nodes; /* by node of the instrument */
    size_t n_nodes;
    const struct pt_missing *missing; /* by node, instance */
    size_t n_missing;
    size_t n_conflicts;                      /* registers with several values */
    bool placeholder;                        /* a weight or scale that is not official took part */
    const struct pt_product_score *products; /* mean_of_products only */
    size_t n_products;
    uint32_t n_to_come;          /* products that missing answers wait for (missing = range): any score or none */
    const struct pt_slot *slots; /* relevance and value per instance, with the first value of each conflict */
    const struct pt_span *spans; /* by node */
};

/* Errors: LIMIT (arena's budget, or a scale times instances beyond 64 bits), NOMEM. */
enum pt_err pt_score_unit(const struct pt_instrument *instrument, const struct pt_answers *answers,
                          struct pt_arena *arena, struct pt_unit_score *out);

/* The state of one question at one instance (as in pt_answer) of a result; NULL when there is no such instance. Lent.
 */
const struct pt_slot *pt_unit_slot(const struct pt_instrument *instrument, const struct pt_answers *answers,
                                   const struct pt_unit_score *score, uint32_t node, uint32_t instance);

/* Does a value meet the constraint of its question, beside the other answers, as pt_score_unit has laid them out?
 * instance as in pt_answer; a text counts as filled. Errors: INVALID (with the sheet's own sentence in the problem). */
enum pt_err pt_answer_check(const struct pt_instrument *instrument, const struct pt_answers *answers,
                            const struct pt_unit_score *beside, uint32_t node, uint32_t instance,
                            const struct pt_value *value, struct pt_problem *problem);

/* No bound on the products to come: a condition may leave each of them out. */
#define PT_PRODUCTS_ANY UINT32_MAX

/* One unit (or product) on its way into an institution. */
struct pt_unit_part {
    bool has_score;
    bool may_lack;
    bool exact;
    int64_t low;
    int64_t high;
    uint32_t n_products;                     /* mean_of_products without `products`: how many the score stands for */
    const struct pt_product_score *products; /* NULL: not known one by one */
    size_t n_product_scores;
    uint32_t n_to_come; /* as in pt_unit_score */
};

struct pt_institution_score {
    bool has_score; /* false: no unit can have one */
    bool may_lack;  /* no unit has one in any case */
    bool exact;     /* as of units */
    int64_t low;
    int64_t high;
    size_t n_units; /* that take part, or may */
};

/* Mean over units or over products, by the settings' rule and carry. Those that may lack a score are left out or taken
 * in as it widens the range most. Errors: LIMIT (a score below 0, or 2^31
 * products and more). */
enum pt_err pt_score_institution(const struct pt_settings *settings, const struct pt_unit_part *parts, size_t n_parts,
                                 struct pt_institution_score *out);

/* As printed: half up to `decimals` (0..9) places. */
int64_t pt_score_round(int64_t score, uint32_t decimals);
/* "93.71": rounded half up, always `decimals` places. */
void pt_score_put(struct pt_buf *out, int64_t score, uint32_t decimals);

#endif
