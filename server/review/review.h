/* review.h - what a reviewer does with an assessment: return, approve, unapprove, decide.
 *
 * Everything a reviewer does is one entry in the reviewer's own log about the assessment. A move carries its cut: what
 * this office had when it was made, read in the same transaction that writes it; what comes later is pending until the
 * next move. At a regional office the moves are the region's, at head office the nation's.
 * Thread: a command's.  Memory: by value. */
#ifndef PATUHD_REVIEW_H
#define PATUHD_REVIEW_H

#include "io/assessment/work.h"
#include "review/reviewers.h"

enum review_kind { REVIEW_RETURN, REVIEW_APPROVE, REVIEW_UNAPPROVE, REVIEW_DECIDE };

struct review_comment {
    const char *path; /* question, or a whole group or repeat; NUL-terminated */
    const char *text; /* 1 .. PT_TEXT_BYTES_MAX bytes of UTF-8 */
};

struct review_act {
    enum review_kind kind;
    const char *assessment; /* "2023/62.71/disdukcapil" */
    const struct review_comment *comments;
    size_t n_comments;
    const char *reason; /* of unapproving and deciding */
    const char *path;   /* what is decided */
    const char *entry;  /* whose value stands: LOG:SEQ as review_entry_name says, or its beginning */
};

/* What an act came to. */
struct review_done {
    enum pt_msg msg; /* {1} assessment (of a decision: question), {2} who (of a decision: entry) */
    /* Of an approval that assesses: what it was given in spite of. */
    size_t n_missing; /* answers that are needed */
    size_t n_broken;  /* answers that do not meet their condition */
};

/* Write what the reviewer does, durable when it returns PT_OK. Errors with a sentence:
 * NOTFOUND (no such assessment, question, instance, entry), INVALID (not in this state; text empty or too long), DENIED
 * (the reviewer is not in charge, or was revoked), those of the store. */
enum pt_err review_do(struct office *office, const struct reviewer *by, const struct review_act *act,
                      struct review_done *done, struct pt_problem *problem);

/* --- reading, for the commands that show --- */

/* One assessment as this office has it, read in one transaction that stays open: texts are looked up in it. */
struct review_case {
    struct pt_txn *txn;
    struct pt_work work;
};
/* Errors with a sentence: INVALID, NOTFOUND. Always followed by review_case_close. */
enum pt_err review_case_open(const struct office *office, const char *assessment, struct review_case *out,
                             struct pt_problem *problem);
void review_case_close(struct review_case *c);
/* The same inside a transaction that somebody else ends. */
enum pt_err review_load(const struct office *office, struct pt_txn *txn, const char *assessment, struct pt_work *work,
                        struct pt_problem *problem);

/* A path as a reviewer types it: as pt_path_read, or the name of a whole repeat. name: PT_INSTANCE_BYTES_MAX + 1 bytes.
 */
enum pt_err review_path_read(const struct pt_instrument *instrument, const char *path, uint32_t *node, char *name,
                             struct pt_problem *problem);
/* "0a1b2c3d.beef:12": log and number. In the arena; "" when out of memory. */
const char *review_entry_name(const struct pt_view *view, uint64_t seq, struct pt_arena *arena);
/* Registers and instances that changed since the last submission that the move which made the state had seen (what
 * waits after an approval has changed too), as pairs of question and instance name in the order of the instrument.
 * first: there was none before. */
struct review_change {
    uint32_t question;
    const char *instance;
};
enum pt_err review_changes(const struct pt_work *work, struct pt_arena *arena, struct review_change **out,
                           size_t *n_out, bool *first);

#endif
