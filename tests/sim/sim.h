/* sim.h - a week of field work in one process: regions, devices, bad links, bad disks, one seed one history.
 *
 * Nodes, sessions and links are those of support/world.h, which checks the promises of sync after every step. Here are
 * the people who use them, the faults, and what has to hold of the assessments themselves.
 * Thread: one, and no real time.  Memory: sim_run frees everything. */
#ifndef SIM_H
#define SIM_H

#include "core/merge/seen.h"
#include "support/world.h"

#define SIM_MINUTE_MS ((int64_t)60 * 1000)
#define SIM_HOUR_MS (60 * SIM_MINUTE_MS)
#define SIM_DAY_MS (24 * SIM_HOUR_MS)

enum { SIM_REGIONS_MAX = 3, SIM_UNIT_SURVEYORS_MAX = 4, SIM_CUT_LOGS_MAX = 64 };

enum sim_fault {
    SIM_CUT,      /* connections end after any byte */
    SIM_SLOW,     /* bytes take their time */
    SIM_PIECES,   /* reads deliver a few bytes at once */
    SIM_ABANDON,  /* a device gives up; what it sent arrives later, beside its next connection */
    SIM_TWICE,    /* a device connects again while it is connected */
    SIM_ORDER,    /* sessions hear of their commits in any order */
    SIM_WINDOWS,  /* regions meet head office twice a day only */
    SIM_POWER,    /* power cuts, also in the middle of a write */
    SIM_FULL,     /* a full disk for some hours */
    SIM_CLOCK,    /* clocks in 1970, years ahead, jumping */
    SIM_RESTORE,  /* a device's store is an old backup, and it notices */
    SIM_OLD_COPY, /* the same, marker and all: only its office can notice */
    SIM_CLONE,    /* a second device with the same keys and store */
    SIM_OFFICE,   /* an office's store is an old backup */
    SIM_REVOKE,   /* a device is lost and revoked */
    SIM_FAULTS
};

/* Faults put into the code under test, to see that the simulator bites (planted.c). */
enum sim_plant {
    SIM_PLANT_NONE,
    SIM_PLANT_EARLY,   /* a receipt before the commit */
    SIM_PLANT_GAP,     /* a receipt over a gap */
    SIM_PLANT_LAST,    /* the last writer wins */
    SIM_PLANT_DEDUP,   /* a chunk that came twice is stored twice */
    SIM_PLANT_CUT,     /* the cut of a move is ignored */
    SIM_PLANT_CUT_OFF, /* what a revoked key wrote past its cut counts */
    SIM_PLANT_ANYBODY, /* every key that some office named acts for every office */
    SIM_PLANT_GIVES,   /* an office that was restored gives before it is refilled */
    SIM_PLANT_PRUNE,   /* a device lets go of what only its region has */
    SIM_PLANTS
};

/* What people do that is rare, or not allowed. */
enum sim_deed {
    SIM_UNAPPROVED,
    SIM_NOT_ASSESSED, /* proposed */
    SIM_CONFIRMED,    /* not assessed */
    SIM_RACED,        /* a decision and an answer that did not know of each other, seen by a reviewer */
    SIM_REPLACED,     /* a surveyor by another one */
    SIM_INTRUDED,     /* visits of those who may not write */
    SIM_WROTE_ON,     /* visits of those who were revoked */
    SIM_PRUNED,       /* assessments that left a device */
    SIM_RECALLED,     /* and came back, or are on their way */
    SIM_DEEDS
};

struct sim_options {
    uint64_t seed;
    size_t regions; /* 1 to SIM_REGIONS_MAX */
    size_t devices; /* in each */
    size_t days;
    size_t events;    /* of the agenda, then all settles; SIZE_MAX = no limit */
    unsigned without; /* bits of faults that never happen */
    enum sim_plant plant;
};

struct sim_result {
    bool failed;
    char what[128]; /* the promise that was broken */
    uint64_t trace; /* hash of everything that happened */
    size_t events;  /* of the agenda */
    size_t steps;   /* of the world */
    size_t sessions, entries, chunks, bytes, merges, conflicts, approvals;
    size_t looks; /* at an assessment that a step has changed, at every level and in another order of arrival */
    size_t happened[SIM_FAULTS];
    size_t deeds[SIM_DEEDS];
};

struct sim_random {
    uint64_t state;
};

enum sim_post {
    SIM_SURVEYOR,
    SIM_UNASSIGNED, /* of this region, but of no assessment */
    SIM_ELSEWHERE   /* comes to this region, but another one named it: under the name of a surveyor of this one */
};

struct sim_device {
    struct world_node *node;
    size_t region;
    enum sim_post post;
    char name[16]; /* of its surveyor; each region has the same names */
    struct sim_random random;
    struct pt_store *backup; /* NULL: none yet */
    uint64_t n_saved;        /* entries of its own that were in the store; 0 after a restore */
    bool revoked;
    size_t n_gone; /* assessments that left it, when it was last looked at */
};

/* An assessment and who was ever assigned to it. */
struct sim_unit {
    char subject[40];
    size_t region;
    size_t surveyors[SIM_UNIT_SURVEYORS_MAX]; /* devices */
    size_t n_surveyors;
    uint32_t decided; /* the question that was decided last; 0 = none */
    char decided_at[PT_INSTANCE_BYTES_MAX + 1];
};

/* Something an office said of who may write, and where it stands: it holds wherever that entry is. */
enum sim_word_kind { SIM_NAMES_OFFICE, SIM_NAMES_MEMBER, SIM_OPENS, SIM_ASSIGNS, SIM_REVOKES };

struct sim_cut {
    struct pt_log_id log;
    uint64_t seq;
    struct pt_hash link;
};

struct sim_word {
    enum sim_word_kind kind;
    struct pt_log_id log;
    uint64_t seq;
    size_t office;                        /* that is named, that names, or whose unit it is; 0 = head office */
    struct pt_author author;              /* named as a member, or revoked */
    bool reviews;                         /* a member: reviewer, else device */
    char name[16];                        /* of a member; whom it assigns */
    struct sim_cut cut[SIM_CUT_LOGS_MAX]; /* of a revocation */
    size_t n_cut;
};

/* An assessment that has changed at a node; no subject: an office log has, so every assessment there may have. */
struct sim_change {
    struct world_node *node;
    struct pt_subject subject;
};

/* What a reviewer saw when approving: that counts at the reviewer's level, whatever comes later. */
struct sim_approval {
    struct pt_subject subject;
    struct pt_log_id log;
    uint64_t seq;
    struct pt_hash answers;
    size_t office;
    size_t over;    /* of head office: 1 + the number of the region's approval it had before it; 0 of a region */
    bool withdrawn; /* its office took it back */
};

enum sim_event_kind { SIM_DAY, SIM_WORK, SIM_SYNC, SIM_REVIEW, SIM_UPLINK, SIM_CHECK, SIM_FAULT, SIM_DISK_GOOD };

struct sim_event {
    int64_t at_ms;
    uint64_t order; /* of equal times: the earlier planned first */
    enum sim_event_kind kind;
    size_t who; /* device, office or fault */
};

struct sim {
    struct sim_options options;
    struct sim_result result;
    struct world *w;
    int64_t start_ms;
    struct world_node *offices[1 + SIM_REGIONS_MAX]; /* head office, then the regions */
    struct pt_store *office_backups[1 + SIM_REGIONS_MAX];
    struct sim_device *devices; /* first those of the first region; clones at the end */
    size_t n_devices, devices_capacity;
    size_t n_founded; /* devices of the beginning; the others are copies */
    struct sim_unit *units;
    size_t n_units, units_capacity;
    struct sim_approval *approvals;
    size_t n_approvals, approvals_capacity;
    struct sim_word *words;
    size_t n_words, words_capacity;
    struct sim_change *changes; /* since the last look */
    size_t n_changes, changes_capacity;
    struct sim_event *agenda; /* a heap */
    size_t n_agenda, agenda_capacity;
    uint64_t order;
    struct sim_random random;              /* of the offices and the checks */
    struct sim_random orders;              /* of arrival, when looking; so that looking changes nothing */
    struct sim_random chances[SIM_FAULTS]; /* each fault has its own, so that leaving one out changes little */
    size_t rate[SIM_FAULTS];               /* 0 = off; else how bad, 1 to 8 */
    struct pt_arena arena;                 /* of the instrument */
    struct pt_buf instrument_bytes;
    struct pt_hash instrument_hash;
    struct pt_instrument instrument;
};

/* One history. Broken promises are reported through w->failed (support/world.h) and do not return. */
void sim_run(const struct sim_options *options, void (*failed)(struct world *w, const char *what),
             struct sim_result *out);
const char *sim_fault_name(enum sim_fault fault);
const char *sim_deed_name(enum sim_deed deed);
struct sim_options sim_defaults(void);

/* --- chance and time (agenda.c) --- */

size_t sim_chance(struct sim_random *random, size_t below);
void sim_plan(struct sim *s, int64_t at_ms, enum sim_event_kind kind, size_t who);
/* false: nothing is planned any more. */
bool sim_next(struct sim *s, struct sim_event *out);

/* --- an assessment as a node sees it (sight.c) --- */

struct sim_sight {
    struct pt_arena arena;
    struct pt_subject subject;
    struct pt_view *offices; /* office logs */
    size_t n_offices;
    struct pt_view *views; /* logs of the assessment */
    size_t n_views;
    struct pt_authority authority;
    struct pt_assessment state;
    bool ready; /* the instrument is at the node */
};
/* In a transaction on the node's store, or on another one made of its chunks. Followed by sim_sight_close. Errors:
 * those of the store. */
enum pt_err sim_sight_open(struct sim *s, struct world_node *node, struct pt_txn *txn, const struct pt_subject *subject,
                           enum pt_level level, bool with_tail, struct sim_sight *out);
/* The state at another level. Errors: NOMEM. */
enum pt_err sim_sight_merge(struct sim *s, enum pt_level level, struct sim_sight *sight);
void sim_sight_close(struct sim_sight *sight);
/* Of everything that counts, and of the answers alone. */
struct pt_hash sim_sight_digest(const struct sim_sight *sight);
struct pt_hash sim_answers_digest(const struct pt_assessment *state);
struct pt_subject sim_subject(const char *text);
struct pt_subject sim_office_subject(const struct sim *s, size_t office);
/* NULL: no unit of ours. */
struct sim_unit *sim_unit_of(struct sim *s, const struct pt_subject *subject);

/* --- the beginning (founding.c) --- */

void sim_found(struct sim *s); /* offices, reviewers, devices, the instrument */

/* --- people (field.c, intruders.c, offices.c) --- */

void sim_work(struct sim *s, struct sim_device *device);
/* A visit of somebody who may not write there. */
void sim_intrude(struct sim *s, struct sim_device *device);
/* What a surveyor was told to be saved is there. */
void sim_check_saved(struct sim *s, struct sim_device *device);
/* Seal what waits in tails; a store that was copied goes on in a new incarnation. */
void sim_seal(struct sim *s, struct world_node *node);
/* Seal, connect; what follows comes when the link ends. */
void sim_sync(struct sim *s, struct sim_device *device);
/* A device takes a new incarnation; false when the disk does not let it. */
bool sim_renew(struct sim *s, struct world_node *node);
/* A link of a device is over: was its store restored or copied? */
void sim_sync_ended(struct sim *s, struct world_link *link);

/* After a good sync a device lets go of what is done (prune.c). */
void sim_prune(struct sim *s, struct sim_device *device);
/* A sync of a device is over: what came back? */
void sim_count_recalled(struct sim *s, struct sim_device *device);
/* recalled: it is on its way back. */
bool sim_is_pruned(struct world_node *node, const struct pt_subject *subject, bool *recalled);

/* 1 + the number of the approval that this move is; 0: it is none. */
size_t sim_approval_of(const struct sim *s, const struct pt_subject *subject, const struct pt_claim *move);
void sim_review(struct sim *s, size_t office);
void sim_revoke(struct sim *s, struct sim_device *device);

/* --- faults (faults.c) --- */

void sim_choose_faults(struct sim *s);
void sim_plan_faults(struct sim *s, int64_t day_ms);
void sim_do_fault(struct sim *s, enum sim_fault fault);
/* How bad the way is that a new link takes. */
void sim_spoil_link(struct sim *s, struct world_link *link);
void sim_end_faults(struct sim *s);

/* --- who may write, as the sim knows it (words.c) --- */

/* Office `office` has said this, in the entry of that log. */
struct sim_word *sim_say(struct sim *s, enum sim_word_kind kind, const struct pt_log_id *log, uint64_t seq,
                         size_t office);
/* Merge and the sim agree on whose entries count. */
void sim_judge_authors(struct sim *s, struct sim_sight *sight);
/* Is it that the author may not write this, whatever it says? */
bool sim_is_about_authority(enum pt_msg why);

/* --- what has to hold (judge.c, orders.c, settle.c) --- */

/* Of one merge: no value has disappeared in a conflict, and what was approved counts. */
void sim_judge(struct sim *s, struct world_node *node, struct sim_sight *sight, enum pt_level level);
/* Of one assessment at one node: that, at every level, and the same from its chunks in any other order. */
void sim_judge_unit(struct sim *s, struct world_node *node, const struct pt_subject *subject);
/* As in struct world: to be looked at when the step is over. */
void sim_note_change(struct world *w, struct world_node *node, const struct pt_log_id *log);
/* Everything that has changed since the last look. */
void sim_look(struct sim *s);
/* Faults are over: everybody syncs until all have the same, and then nothing more is said. */
void sim_settle(struct sim *s);

#endif
