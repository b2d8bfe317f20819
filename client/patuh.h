/* patuh.h - libpatuh: the field client as a library of plain C.
 *
 * A device folder holds one surveyor's store (encrypted), its keys and its evidence. Everything but patuh_enroll and
 * patuh_sync works without a network. An action that returns PATUH_OK is durable; one that returns anything else has
 * stored nothing.
 *
 *     struct patuh *device;
 *     struct patuh_problem problem;
 *     if (patuh_open("/data/patuh", &device, &problem) != PATUH_OK) { puts(problem.text); ... }
 *     patuh_answer(device, "2023/62.71/disdukcapil", "delay", "5", NULL, &problem);
 *     patuh_close(device);
 *
 * Thread: a device belongs to one thread at a time, its folder to one process at a time (others get PATUH_BUSY).
 * Memory: strings given are read during the call only. What a call hands out (list, form, status, history) belongs to
 * the caller, stays valid after further calls and after patuh_close, and is freed with its own free function; its
 * strings are UTF-8, never NULL, and live as long as it does.
 * Errors: every function says why in *problem (may be NULL), one sentence "Indonesian / English". */
#ifndef PATUH_H
#define PATUH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct patuh;

enum patuh_result {
    PATUH_OK = 0,
    PATUH_INVALID,  /* what was asked has to be corrected by the person who asked */
    PATUH_NOTFOUND, /* no such folder, assessment, file */
    PATUH_BUSY,     /* another program uses this folder */
    PATUH_OFFLINE,  /* the office cannot be reached, or the connection was lost */
    PATUH_DENIED,   /* the office refused, or the assessment is not this surveyor's */
    PATUH_FULL,     /* no space left */
    PATUH_FAILED    /* memory, disk, or a damaged store */
};

#define PATUH_PROBLEM_BYTES 2048

struct patuh_problem {
    char text[PATUH_PROBLEM_BYTES];
};

/* --- the device folder --- */

/* Open a folder that patuh_create made. NOTFOUND when it is none. */
enum patuh_result patuh_open(const char *folder, struct patuh **out, struct patuh_problem *problem);
/* Open a folder, made when it is not there, with new keys. */
enum patuh_result patuh_create(const char *folder, struct patuh **out, struct patuh_problem *problem);
void patuh_close(struct patuh *device); /* NULL is fine */

/* Ask the office that gave the code to make this device known. The code is a secret; the same code and device may be
 * used again when the answer was lost. DENIED when the device is enrolled and the code is for somebody else. */
enum patuh_result patuh_enroll(struct patuh *device, const char *code, struct patuh_problem *problem);

/* Who works with this device; empty strings before it is enrolled. Lent until the device is closed or enrolled. A
 * device that the office revoked goes on taking answers, which count nowhere, and hands nothing in; a later sync may
 * take that back. */
struct patuh_identity {
    const char *surveyor;
    const char *office_code;
    const char *office_name;
    const char *revoked; /* when the office said that it took this device out, UTC; "" when it did not */
    bool enrolled;
};
struct patuh_identity patuh_identity(const struct patuh *device);

/* --- exchange with the office --- */

struct patuh_counts {
    uint32_t chunks_sealed;
    uint32_t chunks_sent;
    uint32_t chunks_received;
    uint32_t receipts;
    uint32_t blobs_received;
    uint32_t evidence_sent;
    uint32_t held;   /* chunks the office stored but does not count until it releases them */
    uint32_t pruned; /* assessments that are done and left this device: head office has them */
    uint64_t bytes_in;
    uint64_t bytes_out;
    uint32_t retry_s;       /* the office asks to try again after so many seconds; 0 = no wish */
    bool office_refilling;  /* it was restored: it took everything, and gives nothing until it has its own data back */
    bool fresh_incarnation; /* the folder had been restored or copied: it writes new logs from now on */
};

/* Called from inside patuh_sync, on its thread, with the counts so far; must not call back into the device. */
typedef void (*patuh_progress)(void *data, const struct patuh_counts *counts);

/* Seal what waits, exchange everything with the office, wait until both sides have all. Blocks for at most half an
 * hour. What was exchanged before a failure stays. counts and progress may be NULL. After a good sync an assessment
 * leaves the device that is approved by head office, or fixed, and that head office has had for 30 days of office time;
 * when anything new about it arrives, it is fetched again. Until then all about it but the list is NOTFOUND. */
enum patuh_result patuh_sync(struct patuh *device, patuh_progress progress, void *data, struct patuh_counts *counts,
                             struct patuh_problem *problem);

/* --- exchange by a file that somebody carries --- */

struct patuh_bundle_out {
    uint32_t chunks; /* both 0: it only asks for receipts and assignments */
    uint32_t files;
    bool fresh_incarnation; /* as in patuh_counts */
};
/* Seal what waits, and write everything that the office has not receipted to a file: for the office where this device
 * enrolled, and head office; nobody else can read it. The file must not be there yet (INVALID), and is durable before
 * this returns. out may be NULL. */
enum patuh_result patuh_bundle_out(struct patuh *device, const char *file, struct patuh_bundle_out *out,
                                   struct patuh_problem *problem);

struct patuh_bundle_in {
    uint32_t receipts;
    uint32_t chunks; /* new ones */
    uint32_t files;
    uint32_t left_out;      /* records that were not for this device, or wrong */
    bool fresh_incarnation; /* as in patuh_counts */
};
/* Take the reply of an office, in one step. The same again, or an older one after a newer, does no harm. */
enum patuh_result patuh_bundle_in(struct patuh *device, const char *file, struct patuh_bundle_in *out,
                                  struct patuh_problem *problem);

/* --- what there is to do --- */

/* Where this device's own entries about an assessment are. The counts are entries, each in exactly one place. */
struct patuh_places {
    uint64_t device;      /* here only */
    uint64_t carried;     /* handed to a carrier in a bundle, and no office has said yet that it has them */
    uint64_t region;      /* durable at the regional office */
    uint64_t head_office; /* durable at head office */
    bool held;            /* an office holds some of them: they count nowhere until it releases them */
};

struct patuh_listed {
    const char *assessment; /* "2023/62.71/disdukcapil" */
    const char *unit;
    const char *institution;
    const char *state;      /* draft, submitted, has_issues, approved_region, approved_national, fixed, not_assessed */
    const char *advice;     /* what that means and what to do next, for people */
    const char *taken_back; /* what the office took back, and why; "" when it did not */
    bool revoked;           /* the office took this device out: what it writes counts nowhere */
    bool held;              /* this device handed it in, and an office only holds that: it does not count */
    bool assigned;          /* now; false: it was, and this device has written about it */
    bool ready;             /* its instrument is here */
    bool pruned;            /* head office has it and this device no longer does: only what stands here is known */
    uint32_t n_answered;
    uint32_t n_missing; /* questions that need an answer and have none */
    uint32_t n_broken;  /* answers that do not meet the condition of their question, since another one changed */
    uint32_t n_conflicts;
    uint32_t n_comments;    /* of the office, when it returned the assessment */
    uint32_t n_outside;     /* entries that do not count until the next handing in or approval */
    uint32_t n_ineffective; /* entries that count nowhere; patuh_form says why */
    const char *surveyors;  /* assigned now: "budi, sari" */
    struct patuh_places places;
};

struct patuh_list {
    const struct patuh_listed *items; /* by assessment */
    size_t n_items;
    void *memory;
};
enum patuh_result patuh_list(struct patuh *device, struct patuh_list *out, struct patuh_problem *problem);
void patuh_list_free(struct patuh_list *list);

/* --- one assessment as a form --- */

enum patuh_kind {
    PATUH_GROUP,
    PATUH_REPEAT,   /* can be added to; its instances follow */
    PATUH_INSTANCE, /* one product or respondent; its questions follow */
    PATUH_NOTE,     /* text to read */
    PATUH_ONE,      /* one of the choices */
    PATUH_MANY,     /* any of the choices */
    PATUH_INTEGER,
    PATUH_DECIMAL,
    PATUH_TEXT,
    PATUH_IMAGE, /* answered by attached files */
    PATUH_CALCULATED
};

struct patuh_choice {
    const char *name; /* what is typed */
    const char *label_id;
    const char *label_en;
};

/* One value that stands, with who wrote it. */
struct patuh_claim {
    const char *value; /* as it is typed; "" = cleared */
    const char *label; /* for people */
    const char *author;
    const char *entry; /* names the entry towards the office: author and number */
    bool own;          /* written by this device's surveyor */
};

struct patuh_remark {
    const char *author;
    const char *text; /* note or comment; of evidence its file name; "" while it has not arrived */
    const char *id;   /* of evidence: what patuh_remove takes; of a comment about something removed since: its path */
    const char *time; /* of a comment or note, by its author's clock, UTC; "" of others */
};

struct patuh_item {
    enum patuh_kind kind;
    unsigned depth; /* of the tree, from 0 */
    const char *path;
    const char *instance; /* the label of the instance it lies in; "" outside repeats, and of the instance itself */
    bool registered;      /* an instance that came with the registry: its name is its code there */
    const char *label_id;
    const char *label_en;
    const char *hint_id;
    const char *hint_en;
    const char *role; /* interview, observation, documents, or "" */
    const struct patuh_choice *choices;
    size_t n_choices;
    bool asked;            /* relevant now */
    const char *blocker;   /* when not asked: the group or question whose condition says so */
    const char *condition; /* and that condition, as in the sheet */
    bool needed;
    uint32_t n_have; /* of a repeat with fewer answers than its questions need: how many there are, */
    uint32_t n_need; /* and how many they have to be; 0: enough */
    bool missing;
    bool answered;
    bool conflict;       /* several values; only a reviewer settles it */
    bool broken;         /* its value does not meet the condition of the question */
    const char *rule_id; /* what that condition says; "" when it is met */
    const char *rule_en;
    const char *value;  /* settled: as typed; calculated: the number; "" otherwise */
    const char *author; /* of the settled value */
    const struct patuh_claim *claims;
    size_t n_claims;
    const struct patuh_remark *notes;
    size_t n_notes;
    const struct patuh_remark *evidence;
    size_t n_evidence;
    const struct patuh_remark *comments; /* of the office that returned the assessment */
    size_t n_comments;
    const struct patuh_remark *earlier; /* that were answered: it was handed in again since, or went on otherwise */
    size_t n_earlier;
};

/* Everything, this device's unsealed entries included: the same entries give the same score at the office. */
struct patuh_score {
    bool has_score;
    const char *low; /* points, as printed; "" without a score */
    const char *high;
    bool settled;     /* there is a score in any case, and one only: zone and category stand */
    const char *zone; /* green, yellow, red, or "" */
    const char *category;
    bool exact;        /* low and high can be reached, and there is a score in any case */
    bool placeholders; /* weights that are not official took part */
};

/* Where the surveyor says to have been; degrees as printed. */
struct patuh_visit {
    const char *author;
    const char *latitude;
    const char *longitude;
    uint32_t accuracy_m;
    const char *time; /* by the author's clock, UTC */
};

struct patuh_writer {
    const char *name;
    const char *role; /* device, reviewer, office, or "unknown" */
    uint64_t n_entries;
};

/* An entry that counts nowhere as things are. */
struct patuh_ineffective {
    const char *author;
    const char *entry;  /* as in patuh_claim */
    const char *path;   /* "" when it is about no question */
    const char *why;    /* a sentence with what to do next, in both languages, */
    const char *why_id; /* and in each */
    const char *why_en;
    bool own;
};

struct patuh_form {
    struct patuh_listed summary;
    const struct patuh_item *items; /* in the order of the instrument, instances as they were added */
    size_t n_items;
    struct patuh_score score;
    const struct patuh_writer *writers; /* whose entries are in it */
    size_t n_writers;
    const char *const *surveyors; /* assigned now */
    size_t n_surveyors;
    const struct patuh_visit *visits;
    size_t n_visits;
    const struct patuh_remark *reasons; /* proposed for "not assessed" */
    size_t n_reasons;
    const struct patuh_ineffective *ineffective;
    size_t n_ineffective;
    void *memory;
};
enum patuh_result patuh_form(struct patuh *device, const char *assessment, struct patuh_form *out,
                             struct patuh_problem *problem);
void patuh_form_free(struct patuh_form *form);

/* --- actions: each one durable, or nothing stored --- */

/* value: as typed (number, choice by name, choices with blanks or commas between, text). note may be NULL. */
enum patuh_result patuh_answer(struct patuh *device, const char *assessment, const char *path, const char *value,
                               const char *note, struct patuh_problem *problem);
/* A CSV file with the columns path,value,note: all of its rows or none; a problem names file and line. Rows with
 * neither value nor note are skipped; *n_rows: the others. */
enum patuh_result patuh_answer_file(struct patuh *device, const char *assessment, const char *file, size_t *n_rows,
                                    struct patuh_problem *problem);
enum patuh_result patuh_clear(struct patuh *device, const char *assessment, const char *path,
                              struct patuh_problem *problem);
enum patuh_result patuh_note(struct patuh *device, const char *assessment, const char *path, const char *text,
                             struct patuh_problem *problem);
#define PATUH_PATH_BYTES 161
/* A product or respondent; its path is written to path (PATUH_PATH_BYTES). The code of a product of the registry that
 * was removed brings that one back, with its answers. */
enum patuh_result patuh_add(struct patuh *device, const char *assessment, const char *repeat, const char *label,
                            char *path, struct patuh_problem *problem);
/* An instance by its path, or a piece of evidence by its id. */
enum patuh_result patuh_remove(struct patuh *device, const char *assessment, const char *path,
                               struct patuh_problem *problem);
/* A photo, or a document at a question that is no image, of at most 256 KiB; its id is written to id (PATUH_PATH_BYTES
 * + 9), which may be NULL. */
enum patuh_result patuh_attach(struct patuh *device, const char *assessment, const char *path, const char *file,
                               char *id, struct patuh_problem *problem);
/* Degrees times 10^7, metres. */
struct patuh_position {
    int32_t latitude_e7;
    int32_t longitude_e7;
    uint32_t accuracy_m;
};
enum patuh_result patuh_place(struct patuh *device, const char *assessment, struct patuh_position position,
                              struct patuh_problem *problem);
/* Propose that the unit is not assessed. */
enum patuh_result patuh_not_assessed(struct patuh *device, const char *assessment, const char *reason,
                                     struct patuh_problem *problem);
/* Hand in and seal. DENIED once the office approved it or revoked the device; INVALID while needed questions are
 * missing or answers break their condition, unless with_missing. */
enum patuh_result patuh_submit(struct patuh *device, const char *assessment, bool with_missing,
                               struct patuh_problem *problem);

/* --- where everything is, and whether it is whole --- */

/* Carried: in a bundle that was handed out; a copy is on its way, and nothing but a receipt says that it arrived. */
enum patuh_where { PATUH_ON_DEVICE, PATUH_CARRIED, PATUH_AT_REGION, PATUH_AT_HEAD_OFFICE };
const char *patuh_where_name(enum patuh_where where); /* "device", "carried", "region", "head_office" */

/* One chunk of this device, the entries that wait to be sealed, or one piece of evidence. What left the device is one
 * chunk of no bytes. */
struct patuh_piece {
    const char *assessment;
    const char *what; /* "chunk", "tail", "evidence" */
    const char *name; /* "1-12" (entries), or the file name */
    uint64_t n_entries;
    uint64_t n_bytes;
    enum patuh_where where;
    bool held;
    bool here; /* on this device: of evidence its file; false also of entries that left it */
};

struct patuh_status {
    const struct patuh_piece *pieces;
    size_t n_pieces;
    uint64_t n_on_device; /* pieces that are nowhere else */
    uint64_t n_carried;   /* pieces that went out in a bundle, without a receipt yet */
    bool revoked;         /* as in patuh_listed */
    void *memory;
};
enum patuh_result patuh_status(struct patuh *device, struct patuh_status *out, struct patuh_problem *problem);
void patuh_status_free(struct patuh_status *status);

struct patuh_entry {
    const char *log; /* author and incarnation, short */
    const char *author;
    uint64_t seq;
    const char *time; /* the author's clock, UTC */
    const char *kind;
    const char *path;
    const char
        *value; /* or what else it says: label added, who was assigned, place, file, state with reason and comments */
    const char *check;   /* "good", "unsealed", "damaged" (link or signature wrong), "held" */
    const char *problem; /* why it counts nowhere; "" when it counts */
};

struct patuh_history {
    const struct patuh_entry *entries;
    size_t n_entries;
    size_t n_damaged; /* logs whose links or signatures do not fit */
    void *memory;
};
enum patuh_result patuh_history(struct patuh *device, const char *assessment, struct patuh_history *out,
                                struct patuh_problem *problem);
void patuh_history_free(struct patuh_history *history);

#ifdef __cplusplus
}
#endif

#endif
