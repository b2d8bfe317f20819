/* merge.h - the state of one assessment: a pure function of its logs.
 *
 * The same set of entries gives the same state whatever the order they came in; no clock and no order of arrival
 * decides anything. A register is one question at one path. Within a log the later entry replaces the earlier; across
 * logs an entry replaces only what it names. Heads are the effective entries nobody replaced: one value among them is
 * the value, several are an open conflict, which only a decision settles. Thread: read-only after it is made.  Memory:
 * in the caller's arena; points into the views, which must stay. */
#ifndef PT_MERGE_H
#define PT_MERGE_H

#include "base/problem.h"
#include "core/instrument/instrument.h"
#include "core/merge/answers.h"
#include "core/merge/authority.h"

/* What counts: everything at hand, or what lies inside the cut of the move that reached a level. */
enum pt_level {
    PT_LEVEL_WORK, /* all effective entries: what surveyor and reviewer see */
    PT_LEVEL_SUBMITTED,
    PT_LEVEL_REGION,
    PT_LEVEL_NATIONAL,
    PT_LEVEL_FIXED
};

/* One head of a register: a value and who wrote it. */
struct pt_claim {
    struct pt_value value;
    const struct pt_view *view; /* the log it stands in */
    uint64_t seq;
    const struct pt_entry *entry;
};

/* Registers lie beside answers.answers[i], index by index. */
struct pt_register {
    struct pt_claim *heads; /* sorted by log id, then seq */
    size_t n_heads;
};

/* A note, place or piece of evidence with its author. */
struct pt_remark {
    const struct pt_view *view;
    uint64_t seq;
    const struct pt_entry *entry;
    uint32_t instance; /* as in pt_answer */
};

/* What a reviewer asked for at a question. */
struct pt_comment {
    const struct pt_view *view; /* the log of the move */
    uint64_t seq;
    const Patuh__Comment *detail;
    bool stands; /* it is returned still, and nobody has gone on from this return; false: it was answered */
};

struct pt_ineffective {
    const struct pt_view *view;
    uint64_t seq;
    enum pt_msg why; /* a sentence with what to do next */
};

struct pt_assessment {
    const struct pt_subject *subject;
    const Patuh__Opening *opening; /* NULL: not opened by the office that is responsible (yet) */
    const char *office;     /* responsible now: who opened it, or whom head office gave it to; NULL: not opened */
    const char **surveyors; /* assigned now, sorted */
    size_t n_surveyors;
    Patuh__State state;
    bool counts;                     /* at the level that was asked for */
    const struct pt_claim *state_by; /* the move that made the state; NULL while draft */
    const Patuh__Move *state_move;
    enum pt_tier state_tier; /* of its author; DEVICE also for a draft */
    bool
        incomplete; /* of what the move names that decides (at the level) not all is here, or stands: counts is false */
    struct pt_comment *comments; /* by log id, seq */
    size_t n_comments;
    struct pt_answers answers;
    struct pt_register *registers;
    struct pt_remark *notes; /* as evidence and places: by (question, instance), log id, seq */
    size_t n_notes;
    struct pt_remark *evidence;
    size_t n_evidence;
    struct pt_remark *places;
    size_t n_places;
    struct pt_remark *not_assessed; /* reasons proposed by surveyors */
    size_t n_not_assessed;
    struct pt_ineffective *ineffective;
    size_t n_ineffective;
    size_t
        n_pending; /* effective entries outside the cut; opening, assigning and moves change no answer and never wait */
    uint64_t *upto;            /* by view: entries up to here count at the level */
    size_t n_conflicts;        /* open ones, of questions that the instrument still asks */
    size_t n_entries;          /* effective entries that count */
    struct pt_hash instrument; /* newest version that an entry names; zeros when none does */
};

/* Where merge finds what logs only name by hash. */
struct pt_lookup {
    /* Opened instrument; NULL while it is not here: entries that need it are ineffective. */
    const struct pt_instrument *(*instrument)(void *data, const struct pt_hash *hash);
    /* A text; NULL when it was erased or has not arrived. Never decides anything; may be NULL itself: no texts. */
    const char *(*text)(void *data, const struct pt_hash *hash);
    void *data;
};

struct pt_merge_input {
    const struct pt_subject *subject;
    const struct pt_view *views; /* all logs of the assessment, sorted by log id */
    size_t n_views;
    const struct pt_authority *authority;
    const char *office;                     /* that the registry of the cycle gives the unit to; NULL: not known here */
    const struct pt_instrument *instrument; /* current version of the cycle; NULL when there is none here */
    struct pt_lookup lookup;
    enum pt_level level;
    uint32_t version; /* FIXED only: of the result, also when it was opened again; 0 = what stands */
};

/* Errors: NOMEM. */
enum pt_err pt_merge(const struct pt_merge_input *input, struct pt_arena *arena, struct pt_assessment *out);

/* The level that counts something in this state; PT_LEVEL_WORK while nothing does (draft, has_issues). */
enum pt_level pt_level_of(Patuh__State state);
const char *pt_state_name(Patuh__State state); /* "draft", "submitted", ... */
enum pt_msg pt_state_msg(Patuh__State state);  /* what it means to people */

#endif
