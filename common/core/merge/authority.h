/* authority.h - who may write what: a pure function of the office logs.
 *
 * Head office (the root) names the regional offices in its office log; every office names its devices and reviewers in
 * its own. An office log counts only when the office itself wrote it. The same set of logs gives the same answer,
 * whatever the order they came in.
 * Thread: read-only after it is built.  Memory: in the builder's arena. */
#ifndef PT_AUTHORITY_H
#define PT_AUTHORITY_H

#include "base/arena.h"
#include "core/crypto.h"
#include "core/log/view.h"

struct pt_office {
    const char *code;
    const char *name;
    struct pt_author author;
    struct pt_public_key key;
    struct pt_public_key transport_key;
    uint64_t generation;
    bool is_root;
};

struct pt_member {
    struct pt_author author;
    struct pt_public_key key;
    struct pt_public_key transport_key;
    Patuh__Role role; /* device or reviewer */
    const char *name; /* surveyor or reviewer who owns the key */
    const struct pt_office *office;
    bool revoked;
    const Patuh__Revocation *revocation; /* what stands; NULL unless revoked */
    bool revoked_by_root;                /* then no office changes it */
};

/* An office says which branch of a forked log stands, and up to which chunk. */
struct pt_ruling {
    struct pt_log_id log;
    uint64_t seq;
    struct pt_hash link;
    const char *reason;
    const struct pt_office *by;
};

struct pt_authority {
    struct pt_office *offices; /* root first, then by code, older generations before newer */
    size_t n_offices;
    struct pt_member *members; /* sorted by author */
    size_t n_members;
    struct pt_ruling *rulings; /* those that hold, one a log, sorted by log id */
    size_t n_rulings;
};

/* views: the office logs at hand in any order (others are skipped). The root's code is the one of its own office log.
 * Forked office logs are read as far as they count: of head office's, what its logs say before their forks; of another
 * office's, what head office says, or the office before its forks. Such views are extended (pt_view_stand).
 * Errors: NOMEM. */
enum pt_err pt_authority_build(struct pt_view *views, size_t n_views, const struct pt_author *root,
                               struct pt_arena *arena, struct pt_authority *out);

/* NULL when unknown. Several offices may name one key: the first by office code, and then the others. */
const struct pt_member *pt_authority_member(const struct pt_authority *authority, const struct pt_author *author);
const struct pt_member *pt_authority_member_next(const struct pt_authority *authority, const struct pt_member *member);
/* With the newest generation it was named for. */
const struct pt_office *pt_authority_office(const struct pt_authority *authority, const struct pt_author *author);
/* Newest generation of an office. */
const struct pt_office *pt_authority_office_by_code(const struct pt_authority *authority, const char *code);

/* May the author act for this office (be it, be its reviewer, or act for the root)? *tier: NATIONAL
 * when for the root, DEVICE when not at all. */
bool pt_authority_acts_for(const struct pt_authority *authority, const struct pt_author *author,
                           const char *office_code, enum pt_tier *tier);
/* The same of one entry of a log: a membership that was revoked before it gives no right. */
bool pt_authority_acts_at(const struct pt_authority *authority, const struct pt_view *view, uint64_t seq,
                          const char *office_code, enum pt_tier *tier);
/* Was the key taken out by this office, or by head office? */
bool pt_authority_is_revoked(const struct pt_authority *authority, const struct pt_author *author,
                             const char *office_code);
/* The ruling that holds for a log; NULL when there is none. The office of the log's author rules, or head office, which
 * goes first; in one office log the later word holds. */
const struct pt_ruling *pt_authority_ruling(const struct pt_authority *authority, const struct pt_log_id *log);
/* May this office say which branch of the author's logs stands? */
bool pt_authority_may_rule(const struct pt_authority *authority, const struct pt_office *office,
                           const struct pt_author *author);
/* Extend the views of forked logs by the branches that stand: as a ruling says, or as approvals name them. views: all
 * of one assessment. Not for office logs: pt_authority_build has done it. Errors: NOMEM. */
enum pt_err pt_authority_stand(const struct pt_authority *authority, struct pt_view *views, size_t n_views,
                               struct pt_arena *arena);

/* Does view v of an assessment, as it was extended earlier, end where a ruling or the approvals let it? Errors: NOMEM.
 */
enum pt_err pt_authority_check_stand(const struct pt_authority *authority, struct pt_view *views, size_t n_views,
                                     size_t v, struct pt_arena *arena, bool *right);

/* A revoked member's entry past the cut that stands; all of a log that the cut does not name. */
bool pt_authority_is_cut_off(const struct pt_member *member, const struct pt_view *view, uint64_t seq);

#endif
