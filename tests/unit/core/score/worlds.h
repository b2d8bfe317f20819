/* worlds.h - ranges against brute force: small instruments and answers by chance, and every way ("world") in which the
 * conflicts and missing answers of a state can end, each scored as a plain state that has none of them left. */
#ifndef PT_TEST_WORLDS_H
#define PT_TEST_WORLDS_H

#include "support/instrument_fixture.h"

#define WORLDS_QUESTIONS 9
#define WORLDS_INSTANCES_MAX 6
#define WORLDS_OUTCOMES_MAX 24
#define WORLDS_RULES 12

/* One question at one instance: indexes into its domain, or CLEARED. */
struct cell {
    unsigned n;
    unsigned values[2];
};

struct model {
    unsigned n_instances[3]; /* by repeat; [0] is 1 */
    struct cell cells[WORLDS_QUESTIONS][WORLDS_INSTANCES_MAX];
};

/* A plain state's unit: what it brings into an institution. */
struct outcome {
    struct pt_unit_part part;
    struct pt_product_score products[WORLDS_INSTANCES_MAX];
};

struct worlds {
    const struct fixture *f;
    const struct pt_unit_score *root; /* whose range is checked */
    char fault[300];                  /* the first one found; "": none */
    size_t n;
    bool whole; /* all of them were seen */
    bool plain; /* none is itself a range: a calculation that comes to no number stays one */
    bool some;  /* some have a score */
    bool none;  /* some have none */
    int64_t low, high;
    struct outcome outcomes[WORLDS_OUTCOMES_MAX]; /* different ones */
    size_t n_outcomes;
};

/* Settings: units and products, missing zero, exclude, range, inapplicable exclude and full. */
extern const char *const worlds_rules[WORLDS_RULES];

/* Below n, the next of a sequence that is the same everywhere. */
uint32_t worlds_roll(uint64_t *state, uint32_t n);
/* A random instrument under one of the rules; its survey is appended to sheet. */
void worlds_open(struct fixture *f, uint64_t *state, size_t rule, struct pt_buf *sheet);
/* Random answers to it, up to five of them open. */
void worlds_model(uint64_t *state, struct model *m);
/* backwards: the values of each conflict the other way round. */
void worlds_score(const struct fixture *f, const struct model *m, bool backwards, struct pt_arena *arena,
                  struct pt_unit_score *out);
/* A state on the way, or at its end, has to lie within the root: the unit, and every node. */
void worlds_look(struct worlds *w, const struct pt_unit_score *s);
/* Go through the worlds of m, and look at every state on the way. */
void worlds_explore(struct worlds *w, const struct fixture *f, const struct model *m, const struct pt_unit_score *root);

#endif
