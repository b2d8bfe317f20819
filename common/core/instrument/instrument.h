/* instrument.h - a cycle's method as plain data: tree of questions, weights, expressions, settings, zones.
 *
 * Made by pt_instrument_compile from sheets (head office, once) and read by pt_instrument_open from those bytes
 * (everybody). A question's number belongs to its name for the whole cycle, a choice's number to its name in its list:
 * later versions keep them. Fixed-point numbers are in units of 10^-9; scores go from 0 to 100 points.
 * Thread: read-only after it is made.  Memory: everything lives in the arena given to pt_instrument_open. */
#ifndef PT_INSTRUMENT_H
#define PT_INSTRUMENT_H

#include "core/instrument/expr.h"
#include "core/limits.h"
#include "core/value.h"

#define PT_POINT 1000000000LL /* one point in units */
#define PT_SCORE_MAX (100 * PT_POINT)
#define PT_NONE UINT32_MAX /* no node, list, program */

/* The numbers of these enums are part of the compiled form. */
enum pt_node_type {
    PT_NODE_GROUP,
    PT_NODE_REPEAT,
    PT_NODE_SELECT_ONE,
    PT_NODE_SELECT_MULTIPLE,
    PT_NODE_INTEGER,
    PT_NODE_DECIMAL,
    PT_NODE_TEXT,
    PT_NODE_NOTE,
    PT_NODE_CALCULATE,
    PT_NODE_IMAGE,
    PT_NODE_TYPE_COUNT
};

enum pt_weights { PT_WEIGHTS_SUM100, PT_WEIGHTS_NORMALISE };

enum pt_aggregate { PT_AGGREGATE_MEAN, PT_AGGREGATE_MIN, PT_AGGREGATE_MAX };

enum pt_role { PT_ROLE_NONE, PT_ROLE_INTERVIEW, PT_ROLE_OBSERVATION, PT_ROLE_DOCUMENTS };

enum pt_institution_rule { PT_MEAN_OF_UNITS, PT_MEAN_OF_PRODUCTS };

enum pt_carry {
    PT_CARRY_EXACT,
    PT_CARRY_AS_PRINTED /* rounded half-up to `decimals` before it goes on */
};

enum pt_missing_rule {
    PT_MISSING_ZERO,
    PT_MISSING_EXCLUDE,
    PT_MISSING_RANGE /* anything that an answer can be worth */
};

enum pt_inapplicable_rule { PT_INAPPLICABLE_EXCLUDE, PT_INAPPLICABLE_FULL };

enum pt_zone_colour { PT_ZONE_GREEN, PT_ZONE_YELLOW, PT_ZONE_RED };

/* A text for people in both languages; "" where the sheet says nothing. */
struct pt_label {
    const char *id;
    const char *en;
};

struct pt_choice {
    uint32_t number; /* 1..PT_CHOICES_MAX */
    uint32_t text;   /* its name as an index in the instrument's texts */
    const char *name;
    struct pt_label label;
    bool has_score;
    int64_t score;
    bool retired; /* of an earlier version: kept for its number only */
};

struct pt_list {
    const char *name;
    const struct pt_choice *choices; /* in the order of the sheet, retired ones last */
    size_t n_choices;
    bool retired;
};

struct pt_node {
    uint32_t number; /* 0 for the form itself */
    enum pt_node_type type;
    const char *name;
    struct pt_label label; /* the name where the sheet has none */
    struct pt_label hint;
    struct pt_label constraint_message;
    uint32_t parent;      /* node; of node 0: 0 */
    uint32_t repeat;      /* node of the enclosing repeat; 0 = outside repeats */
    uint32_t end;         /* the node after its last descendant */
    uint32_t list;        /* PT_NONE: no choices */
    uint32_t relevant;    /* program or PT_NONE */
    uint32_t constraint;  /* program or PT_NONE */
    uint32_t calculation; /* program or PT_NONE */
    bool required;
    bool has_weight;
    int64_t weight;
    enum pt_weights weights; /* groups, repeats, the form */
    int64_t max_score;       /* scored questions: above 0 */
    enum pt_aggregate aggregate;
    uint32_t min_count;
    bool placeholder; /* weight or scale is not official */
    bool actionable;
    enum pt_role role;
    const char *same_as; /* name in an earlier cycle; "" = none */
    /* worked out, not stored: */
    uint32_t scorer; /* the node whose score this one enters: nearest ancestor with a weight, else the form */
    bool needed;     /* required, scored, or read by something that decides a score: open until answered */
    bool referenced; /* read by a relevant or calculation */
};

struct pt_settings {
    const char *form_id;
    const char *form_title;
    const char *version;
    const char *cycle;
    enum pt_institution_rule institution_rule;
    uint32_t product_repeat; /* node; 0 = none */
    enum pt_carry carry_unit;
    enum pt_carry carry_institution;
    uint32_t decimals; /* 0..9 */
    enum pt_missing_rule missing;
    enum pt_inapplicable_rule inapplicable;
    int32_t utc_offset_min;
    bool official;
    const char *note;
};

struct pt_zone {
    int64_t lower;
    bool lower_exclusive;
    enum pt_zone_colour zone;
    const char *category;
    struct pt_label label;
    const char *colour; /* #rrggbb */
};

/* A name that only earlier versions use. */
struct pt_retired_name {
    uint32_t number;
    const char *name;
    enum pt_node_type type;
    const char *list; /* "" = none */
};

/* Sorted, for looking up nodes. */
struct pt_node_key {
    const char *name;
    uint32_t number;
    uint32_t node;
};

struct pt_instrument {
    struct pt_settings settings;
    const struct pt_node *nodes; /* preorder; nodes[0] is the form, its name is "" */
    size_t n_nodes;
    const struct pt_list *lists;
    size_t n_lists;
    const struct pt_program *programs;
    size_t n_programs;
    const char *const *texts;
    const double *text_numbers;
    size_t n_texts;
    const struct pt_zone *zones;
    size_t n_zones;
    const struct pt_retired_name *retired;
    size_t n_retired;
    const uint32_t *order; /* all nodes, each after what its relevant and calculation read */
    const struct pt_node_key *by_name;
    const struct pt_node_key *by_number;
};

/* One sheet each; survey and choices may be empty ({NULL, 0}) for a cycle of imported results. previous: the compiled
 * bytes of the cycle's version before, or {NULL, 0}. Appends at most PT_INSTRUMENT_BYTES_MAX bytes, always the same for
 * the same sheets. Errors: INVALID (problem names sheet, row, column), NOMEM. */
struct pt_sheets {
    struct pt_bytes survey;
    struct pt_bytes choices;
    struct pt_bytes settings;
    struct pt_bytes zones;
    struct pt_bytes previous;
};
enum pt_err pt_instrument_compile(const struct pt_sheets *sheets, struct pt_buf *out, struct pt_problem *problem);

/* From compiled bytes of anybody, checked in full. Errors: MALFORMED, VERSION (a newer format), LIMIT (more
 * than PT_INSTRUMENT_ARENA_BYTES would hold), NOMEM. */
enum pt_err pt_instrument_open(struct pt_bytes bytes, struct pt_arena *arena, struct pt_instrument *out);

/* Node index or PT_NONE. */
uint32_t pt_node_find(const struct pt_instrument *instrument, struct pt_bytes name);
uint32_t pt_node_by_number(const struct pt_instrument *instrument, uint32_t number);
bool pt_node_is_question(const struct pt_node *node); /* a person answers it: not a group, note, calculation */
bool pt_node_is_scored(const struct pt_node *node);   /* a question or calculation with a weight */
const struct pt_choice *pt_choice_by_number(const struct pt_instrument *instrument, uint32_t list, uint32_t number);
const char *pt_node_type_name(enum pt_node_type type); /* as in the sheet */

/* "delay", "respondent[k3f9q].delay", "product[akta]" (the instance itself). instance: at least
 * PT_INSTANCE_BYTES_MAX + 1 bytes, "" outside repeats. Errors: INVALID (with a problem). */
enum pt_err pt_path_read(const struct pt_instrument *instrument, const char *text, uint32_t *node, char *instance,
                         struct pt_problem *problem);
void pt_path_put(struct pt_buf *out, const struct pt_instrument *instrument, uint32_t node, const char *instance);

/* What a person types for a question: "5", "12.50", the name of a choice, names of choices with blanks or commas
 * between, "-" for none of several. Texts are the caller's (their hash). Errors: INVALID (with a problem). */
enum pt_err pt_value_read(const struct pt_instrument *instrument, uint32_t node, const char *text, struct pt_value *out,
                          struct pt_problem *problem);
/* As it is typed ("5", "yes", "a b", "-"); "" for no value, "..." for a text. */
void pt_value_put(struct pt_buf *out, const struct pt_instrument *instrument, uint32_t node,
                  const struct pt_value *value);
/* For people: the labels of the choices, Indonesian, "tidak ada / none" without any; otherwise as pt_value_put. */
void pt_value_put_label(struct pt_buf *out, const struct pt_instrument *instrument, uint32_t node,
                        const struct pt_value *value);
/* Type, list and choices fit the question (PT_VALUE_NONE always does): what scoring takes, else it reads as empty. */
bool pt_value_fits(const struct pt_instrument *instrument, uint32_t node, const struct pt_value *value);

/* First zone whose bound the score passes; score already rounded to decimals. NULL when there are no zones. */
const struct pt_zone *pt_zone_of(const struct pt_instrument *instrument, int64_t score);
const char *pt_zone_name(enum pt_zone_colour zone); /* "green", "yellow", "red" */

#endif
