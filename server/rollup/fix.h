/* fix.h - fixing the national result of a cycle, and opening it again.
 *
 * A plan says what would enter the next version (or, while one stands, what is in it and what came late) and holds the
 * entries that make it so: a move of head office in each assessment, with how far every log was there and how much of
 * it counts, and one FIX in the cycle's log. All of them are written in one transaction, or none: there is no
 * half-fixed result, and a plan that was made of an older state is refused. Memory: the plan's arena until
 * pt_fix_close.  Thread: any one at a time. */
#ifndef PT_FIX_H
#define PT_FIX_H

#include "core/log/logs.h"
#include "rollup/rollup.h"

enum pt_fix_part {
    PT_FIX_ENTERS,
    PT_FIX_NOT_ASSESSED, /* an office confirmed the reason */
    PT_FIX_OPEN,         /* approved, its score a range: has to be decided first */
    PT_FIX_LEFT_OUT,     /* not approved by head office, nobody opened it, or too many logs for one move */
    PT_FIX_LATE          /* in the version that stands, with entries that came after it */
};

/* A unit of the registry or with an assessment. */
struct pt_fix_row {
    const char *code;
    enum pt_fix_part part;
    const char *state; /* "" = nobody opened it */
    bool has_score;
    int64_t low;
    int64_t high;
    size_t n_conflicts;
    size_t n_missing;
    size_t n_late;    /* entries */
    bool many_logs;   /* LEFT_OUT: it would have entered, but one entry cannot name them all */
    enum pt_msg todo; /* NONE: nothing */
    struct pt_subject subject;
    struct pt_bytes move; /* packed; empty: none is written */
    uint64_t own_seq;     /* of head office's own log when the plan was made */
};

struct pt_fix {
    struct pt_arena arena;
    uint32_t version; /* the one that stands, or the next */
    bool stands;
    uint32_t decimals;
    struct pt_fix_row *rows; /* sorted by unit */
    size_t n_rows, capacity;
    size_t n_of[PT_FIX_LATE + 1]; /* rows by part */
    size_t n_late;                /* entries */
    /* what is written */
    struct pt_subject cycle;
    uint64_t cycle_seq;
    struct pt_bytes pins; /* how far cycle and office logs were read; to be kept as a blob before the plan is written */
    struct pt_hash pins_hash;
    uint64_t incarnation; /* of the log that the entries go into */
    bool has_reason;
    struct pt_hash reason; /* a text */
};

/* input: level and version are not used. Errors: those of pt_rollup_build; LIMIT (offices of too many logs, or a
 * version to open of an assessment of too many; with a problem). */
enum pt_err pt_fix_plan(const struct pt_rollup_input *input, uint64_t incarnation, const struct pt_hash *reason,
                        struct pt_fix *out, struct pt_problem *problem);
void pt_fix_close(struct pt_fix *fix);
/* Write the entries, inside a transaction: fix when no version stands, else open it again. reason: of opening it, for
 * the cycle's log; may be NULL. Errors: BUSY (head office wrote about one of them meanwhile: plan anew), those of the
 * store; after any of them the transaction has to be aborted. */
enum pt_err pt_fix_write(struct pt_txn *txn, const struct pt_author_pen *pen, const struct pt_fix *fix,
                         const char *reason);

#endif
