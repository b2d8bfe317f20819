/* work.h - one assessment as this store has it: logs, authority, instrument, merge, score. For device and office alike.
 *
 * Read inside one transaction, so that all parts tell of the same moment.
 * Thread: the caller's.  Memory: everything in work->arena, freed by pt_work_close; nothing points into the
 * transaction. */
#ifndef PT_WORK_H
#define PT_WORK_H

#include "core/log/logs.h"
#include "core/merge/seen.h"
#include "core/score/score.h"
#include "io/assessment/instruments.h"
#include "io/assessment/registries.h"

/* Whose store it is. */
struct pt_work_place {
    struct pt_blobs *blobs;  /* instruments */
    struct pt_author root;   /* head office */
    struct pt_author author; /* who asks: a device, a reviewer, an office */
    const char *name;        /* how its owner is called */
    /* What many assessments share, read before; the work points into them. NULL: each reads its own. */
    const struct pt_authority *authority;
    struct pt_instruments *instruments;
    struct pt_registries *registries;
};

struct pt_work {
    struct pt_work_place place;
    struct pt_txn *txn; /* only while loading */
    struct pt_arena arena;
    struct pt_subject subject;
    struct pt_view *views; /* the assessment's logs, tails included */
    size_t n_views;
    struct pt_authority authority;
    bool ready; /* the cycle's instrument is here */
    struct pt_hash instrument_hash;
    const struct pt_instrument *instrument; /* of the cycle; NULL while not ready */
    const char *office;                     /* that the registry gives the unit to; NULL while none is here */
    struct pt_instruments instruments;      /* its own: every version an entry names, unless they are shared */
    struct pt_assessment state;
    struct pt_unit_score score; /* when ready */
};

/* Errors: INVALID, NOTFOUND (no such assessment here; sentence), those of the store. with_tail: unsealed entries too.
 * Always followed by pt_work_close. */
enum pt_err pt_work_load(struct pt_work *work, const struct pt_work_place *place, struct pt_txn *txn,
                         const struct pt_subject *subject, bool with_tail, struct pt_problem *problem);
/* The same without the score: who has only to know what waits. */
enum pt_err pt_work_load_state(struct pt_work *work, const struct pt_work_place *place, struct pt_txn *txn,
                               const struct pt_subject *subject, bool with_tail, struct pt_problem *problem);
void pt_work_close(struct pt_work *work);

/* The subject of an assessment as it is typed. Errors: INVALID (sentence). */
enum pt_err pt_work_subject(const char *assessment, struct pt_subject *out, struct pt_problem *problem);
/* Effective entries outside what counts in its state: they wait for the next move. Errors: NOMEM. */
enum pt_err pt_work_pending(struct pt_work *work, size_t *n);
/* The office in charge if the registry gave the unit to this office ("": to none); NULL: no opening would count, nor
 * anything else. Errors: NOMEM. */
enum pt_err pt_work_office_if(struct pt_work *work, const char *office, const char **out);
/* What an office took back with the move that made the state, as a sentence with {1} who and {2} why; NONE: nothing. An
 * approval, the confirmation of "not assessed", or the fixing of a result. */
enum pt_msg pt_work_taken_back(const struct pt_work *work);
/* DENIED with a sentence while the instrument has not arrived. */
enum pt_err pt_work_need_instrument(const struct pt_work *work, struct pt_problem *problem);
/* A log of who asks (in any incarnation). */
bool pt_work_is_own(const struct pt_work *work, const struct pt_view *view);
bool pt_work_is_assigned(const struct pt_work *work);
/* Who wrote a log: name of surveyor, reviewer or office; the first digits of the key when unknown. In the arena given;
 * NULL when out of memory. */
const char *pt_work_author(const struct pt_work *work, const struct pt_author *author, struct pt_arena *arena);
/* Whose value stands in a register: "siti", or all who say the same, "siti, budi"; each once. As pt_work_author. */
const char *pt_work_authors(const struct pt_work *work, const struct pt_register *reg, struct pt_arena *arena);
/* A log, short, as the office is told: first digits of author and incarnation. In the arena; "" when out of memory. */
const char *pt_work_log_name(const struct pt_log_id *log, struct pt_arena *arena);
/* "answer", "add_instance": the name in the protocol without its prefix, in small letters. In the arena. */
const char *pt_work_kind_name(Patuh__EntryKind kind, struct pt_arena *arena);
/* Number of an instance as in pt_answer; 0 when it is not there. repeat: node. */
uint32_t pt_work_instance(const struct pt_work *work, uint32_t repeat, const char *name);

#endif
