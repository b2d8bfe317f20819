#include "peer.h"

#include "core/sync/enrol.h"

#include <stdio.h>
#include <string.h>

static const struct directory *directory_of(const struct peer *peer)
{
    return peer->directory(peer->data);
}

static bool names_subject(const struct pt_log_id *log, enum pt_subject_kind kind, const char *name)
{
    return pt_subject_kind(&log->subject) == kind && strcmp(pt_subject_name(&log->subject), name) == 0;
}

/* Office logs and cycles are written by offices: another author's would be stored by everybody and count nowhere. */
static bool is_of_root(const struct peer *peer, const struct pt_log_id *log)
{
    return pt_author_eq(&log->author, &peer->office->root);
}

static bool is_root_log(const struct peer *peer, const struct pt_log_id *log)
{
    return pt_subject_eq(&log->subject, &peer->office->root_subject) && is_of_root(peer, log);
}

static bool is_own_office_log(const struct peer *peer, const struct pt_log_id *log)
{
    const struct office *office = peer->office;
    return names_subject(log, PT_SUBJECT_OFFICE, office->code) && pt_author_eq(&log->author, &office->author);
}

/* What a peer wrote itself it may always bring: the office that lost who was assigned gets it back all the same. */
static bool is_own_assessment(const struct peer *peer, const struct pt_log_id *log)
{
    return pt_subject_kind(&log->subject) == PT_SUBJECT_ASSESSMENT && pt_author_eq(&log->author, &peer->author);
}

/* Is the author an office of this code, or named by one? */
static bool belongs_to(const struct directory *directory, const struct pt_author *author, const char *code)
{
    const struct pt_office *office = pt_authority_office(&directory->authority, author);
    const struct pt_member *member = pt_authority_member(&directory->authority, author);
    bool belongs = office != NULL && strcmp(office->code, code) == 0;
    for (; member != NULL && !belongs; member = pt_authority_member_next(&directory->authority, member)) {
        belongs = strcmp(member->office->code, code) == 0;
    }
    return belongs;
}

static bool is_known(const struct directory *directory, const struct pt_author *author)
{
    return pt_authority_office(&directory->authority, author) != NULL ||
           pt_authority_member(&directory->authority, author) != NULL;
}

/* What a third office's people wrote about a unit of this one counts nowhere, and stays with them and head office. */
static bool concerns(const struct peer *peer, const struct directory *directory, const struct pt_author *author,
                     const char *code)
{
    return !is_known(directory, author) || belongs_to(directory, author, code) ||
           directory_is_of_root(directory, peer->office, author);
}

/* A device: the office logs, the cycles it works in, the assessments it was ever assigned to. */
static bool device_has(void *data, const struct pt_log_id *log)
{
    const struct peer *peer = data;
    const struct directory *directory = directory_of(peer);
    if (directory == NULL) {
        return false;
    }
    switch (pt_subject_kind(&log->subject)) {
    case PT_SUBJECT_OFFICE:
        return is_root_log(peer, log) || is_own_office_log(peer, log);
    case PT_SUBJECT_CYCLE:
        return is_of_root(peer, log) && directory_has_cycle(directory, peer->name, pt_subject_name(&log->subject));
    case PT_SUBJECT_ASSESSMENT: {
        const struct directory_assessment *a = directory_find(directory, &log->subject);
        bool assigned = a != NULL && directory_is_assigned(a, peer->name);
        return is_own_assessment(peer, log) ||
               (assigned && concerns(peer, directory, &log->author, peer->office->code));
    }
    case PT_SUBJECT_NONE:
        break;
    }
    return false;
}

/* What device_has says yes to. */
static enum pt_err device_subjects(void *data, struct pt_arena *arena, struct pt_subject **out, size_t *n)
{
    const struct peer *peer = data;
    const struct office *office = peer->office;
    const struct directory *directory = directory_of(peer);
    struct pt_subject *assigned;
    size_t n_assigned = 0;
    struct pt_subject own;
    if (directory == NULL) {
        return PT_ENOMEM;
    }
    enum pt_err err = directory_subjects(directory, peer->name, &peer->author, arena, &assigned, &n_assigned);
    if (err == PT_OK) {
        err = pt_subject_make(PT_SUBJECT_OFFICE, office->code, &own);
    }
    struct pt_subject *all = err == PT_OK ? pt_arena_zalloc(arena, n_assigned + 2, sizeof *all) : NULL;
    if (all == NULL) {
        return err == PT_OK ? pt_arena_err(arena) : err;
    }
    memcpy(all, assigned, n_assigned * sizeof *all);
    *n = n_assigned;
    all[(*n)++] = office->root_subject;
    if (!pt_subject_eq(&own, &office->root_subject)) {
        all[(*n)++] = own;
    }
    *out = all;
    return PT_OK;
}

/* Who was revoked still delivers what it wrote: nothing of it is lost, and it counts as far as the revocation says. */
static bool own_has(void *data, const struct pt_log_id *log)
{
    const struct peer *peer = data;
    return pt_author_eq(&log->author, &peer->author) && device_has(data, log);
}

static bool device_is_up(void *data, const struct pt_log_id *log)
{
    return pt_author_eq(&log->author, &((const struct peer *)data)->author);
}

static bool has_opened(const struct directory *directory, const char *code, const struct pt_subject *subject)
{
    const struct directory_assessment *a = directory_find(directory, subject);
    return a != NULL && directory_names_has(&a->offices, code);
}

/* A region: head office's log and its own, all cycles, what it opened, and whatever its own people write, also about a
 * unit of another region. */
static bool region_has(void *data, const struct pt_log_id *log)
{
    const struct peer *peer = data;
    const struct directory *directory = directory_of(peer);
    if (directory == NULL) {
        return false;
    }
    switch (pt_subject_kind(&log->subject)) {
    case PT_SUBJECT_OFFICE:
        return is_root_log(peer, log) ||
               (names_subject(log, PT_SUBJECT_OFFICE, peer->name) && pt_author_eq(&log->author, &peer->author));
    case PT_SUBJECT_CYCLE:
        return is_of_root(peer, log);
    case PT_SUBJECT_ASSESSMENT: {
        bool opened = has_opened(directory, peer->name, &log->subject);
        return is_own_assessment(peer, log) || belongs_to(directory, &log->author, peer->name) ||
               (opened && concerns(peer, directory, &log->author, peer->name));
    }
    case PT_SUBJECT_NONE:
        break;
    }
    return false;
}

/* Whoever wrote it: the entry that tells may be right behind it, and who is a member of another region a region cannot
 * know. What one of its surveyors brings it of such an author must not keep it from us. */
static bool region_brings(void *data, const struct pt_log_id *log)
{
    (void)data;
    return pt_subject_kind(&log->subject) == PT_SUBJECT_ASSESSMENT;
}

static bool region_is_up(void *data, const struct pt_log_id *log)
{
    const struct peer *peer = data;
    return !directory_is_of_root(directory_of(peer), peer->office, &log->author);
}

struct peer peer_of(const struct office *office, const struct directory *(*directory)(void *data), void *data)
{
    return (struct peer){.office = office, .directory = directory, .data = data, .name = "?"};
}

bool peer_is_region(const struct peer *peer)
{
    return peer->role == PATUH__ROLE__ROLE_REGIONAL;
}

/* office: the code of the one that signed it. */
static enum pt_err admit_member(struct peer *peer, const struct pt_statement *statement, const char *office,
                                Patuh__FailureCode *code)
{
    const struct directory *directory = directory_of(peer);
    peer->author = pt_author_of(statement->key.b);
    if (directory == NULL) {
        *code = PATUH__FAILURE_CODE__FAILURE_BUSY;
        return PT_EBUSY;
    }
    peer->revoked = pt_authority_is_revoked(&directory->authority, &peer->author, office);
    peer->role = statement->role;
    (void)snprintf(peer->name, sizeof peer->name, "%s", statement->name);
    return PT_OK;
}

enum pt_err peer_admit(struct peer *peer, const Patuh__SignedStatement *signed_statement, const uint8_t *transport,
                       Patuh__FailureCode *code)
{
    struct pt_arena arena;
    struct pt_statement statement;
    struct pt_public_key key;
    memcpy(key.b, peer->office->pair.public_key, sizeof key.b);
    pt_arena_init(&arena, SIZE_MAX);
    *code = PATUH__FAILURE_CODE__FAILURE_STRANGER;
    enum pt_err err = pt_statement_read(signed_statement, &key, &arena, &statement);
    if (err == PT_OK && memcmp(statement.transport_key.b, transport, sizeof statement.transport_key.b) != 0) {
        err = PT_EDENIED; /* somebody else's statement */
    }
    if (err == PT_OK) {
        err = admit_member(peer, &statement, peer->office->code, code);
    }
    pt_arena_close(&arena);
    return err;
}

/* Which office has signed this statement: this one, or at head office a region. *code: how that office is called. */
static enum pt_err read_signed(struct peer *peer, const Patuh__SignedStatement *signed_statement,
                               struct pt_arena *arena, struct pt_statement *out, const char **code)
{
    const struct directory *directory = directory_of(peer);
    struct pt_public_key key;
    memcpy(key.b, peer->office->pair.public_key, sizeof key.b);
    *code = peer->office->code;
    enum pt_err err = directory == NULL ? PT_EBUSY : pt_statement_read(signed_statement, &key, arena, out);
    for (size_t i = 0; err == PT_ESIGNATURE && peer->office->national && i < directory->authority.n_offices; i++) {
        const struct pt_office *office = &directory->authority.offices[i];
        err = pt_statement_read(signed_statement, &office->key, arena, out);
        peer->elsewhere = err == PT_OK;
        *code = office->code;
    }
    return err;
}

enum pt_err peer_admit_bundle(struct peer *peer, const Patuh__SignedStatement *signed_statement,
                              const struct pt_public_key *author, struct pt_public_key *transport)
{
    struct pt_arena arena;
    struct pt_statement statement;
    const char *office = NULL;
    Patuh__FailureCode code = PATUH__FAILURE_CODE__FAILURE_STRANGER;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = read_signed(peer, signed_statement, &arena, &statement, &office);
    if (err == PT_OK &&
        (memcmp(statement.key.b, author->b, sizeof author->b) != 0 || statement.role != PATUH__ROLE__ROLE_DEVICE)) {
        err = PT_EDENIED;
    }
    if (err == PT_OK) {
        *transport = statement.transport_key;
        err = admit_member(peer, &statement, office, &code);
    }
    pt_arena_close(&arena);
    return err;
}

struct pt_peer peer_session(struct peer *peer)
{
    bool region = peer_is_region(peer);
    bool brings_own = peer->revoked || peer->elsewhere;
    return (struct pt_peer){
        .author = peer->author,
        .tier = region ? PT_TIER_REGION : PT_TIER_DEVICE,
        .revoked = peer->revoked,
        .scope = {.has = region       ? region_has
                         : brings_own ? own_has
                                      : device_has,
                  .is_up = region ? region_is_up : device_is_up,
                  .subjects = region ? NULL : device_subjects,
                  .data = peer,
                  .brings = region ? region_brings : NULL},
    };
}
