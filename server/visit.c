/* visit.c - a peer that connected to us: who it is, what it may see, and its session. */
#include "server.h"

#include "base/log.h"
#include "base/mem.h"
#include "core/sync/enrol.h"
#include "renewal.h"

#include <stdio.h>
#include <string.h>

struct visit {
    struct server *server;
    struct pt_conn *conn;
    struct pt_link *link;
    struct pt_author author;
    int role; /* chunk.proto Role */
    bool revoked;
    char name[PT_NAME_BYTES_MAX + 1];
    bool concerned; /* by what has just come in */
    struct visit *next;
    struct visit **link_in; /* the pointer that points to us */
};

static bool names_subject(const struct pt_log_id *log, enum pt_subject_kind kind, const char *name)
{
    return pt_subject_kind(&log->subject) == kind && strcmp(pt_subject_name(&log->subject), name) == 0;
}

/* Office logs and cycles are written by offices: another author's would be stored by everybody and count nowhere. */
static bool is_of_root(const struct visit *visit, const struct pt_log_id *log)
{
    return pt_author_eq(&log->author, &visit->server->office->root);
}

static bool is_root_log(const struct visit *visit, const struct pt_log_id *log)
{
    return pt_subject_eq(&log->subject, &visit->server->office->root_subject) && is_of_root(visit, log);
}

static bool is_own_office_log(const struct visit *visit, const struct pt_log_id *log)
{
    const struct office *office = visit->server->office;
    return names_subject(log, PT_SUBJECT_OFFICE, office->code) && pt_author_eq(&log->author, &office->author);
}

/* What a peer wrote itself it may always bring: the office that lost who was assigned gets it back all the same. */
static bool is_own_assessment(const struct visit *visit, const struct pt_log_id *log)
{
    return pt_subject_kind(&log->subject) == PT_SUBJECT_ASSESSMENT && pt_author_eq(&log->author, &visit->author);
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
static bool concerns(const struct visit *visit, const struct directory *directory, const struct pt_author *author,
                     const char *code)
{
    return !is_known(directory, author) || belongs_to(directory, author, code) ||
           directory_is_of_root(directory, visit->server->office, author);
}

/* A device: the office logs, the cycles it works in, the assessments it was ever assigned to. */
static bool device_has(void *data, const struct pt_log_id *log)
{
    const struct visit *visit = data;
    const struct directory *directory = server_directory(visit->server);
    if (directory == NULL) {
        return false;
    }
    switch (pt_subject_kind(&log->subject)) {
    case PT_SUBJECT_OFFICE:
        return is_root_log(visit, log) || is_own_office_log(visit, log);
    case PT_SUBJECT_CYCLE:
        return is_of_root(visit, log) && directory_has_cycle(directory, visit->name, pt_subject_name(&log->subject));
    case PT_SUBJECT_ASSESSMENT: {
        const struct directory_assessment *a = directory_find(directory, &log->subject);
        bool assigned = a != NULL && directory_is_assigned(a, visit->name);
        return is_own_assessment(visit, log) ||
               (assigned && concerns(visit, directory, &log->author, visit->server->office->code));
    }
    case PT_SUBJECT_NONE:
        break;
    }
    return false;
}

/* What device_has says yes to. */
static enum pt_err device_subjects(void *data, struct pt_arena *arena, struct pt_subject **out, size_t *n)
{
    const struct visit *visit = data;
    const struct office *office = visit->server->office;
    const struct directory *directory = server_directory(visit->server);
    struct pt_subject *assigned;
    size_t n_assigned = 0;
    struct pt_subject own;
    if (directory == NULL) {
        return PT_ENOMEM;
    }
    enum pt_err err = directory_subjects(directory, visit->name, &visit->author, arena, &assigned, &n_assigned);
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
static bool revoked_has(void *data, const struct pt_log_id *log)
{
    const struct visit *visit = data;
    return pt_author_eq(&log->author, &visit->author) && device_has(data, log);
}

static bool device_is_up(void *data, const struct pt_log_id *log)
{
    return pt_author_eq(&log->author, &((const struct visit *)data)->author);
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
    const struct visit *visit = data;
    const struct directory *directory = server_directory(visit->server);
    if (directory == NULL) {
        return false;
    }
    switch (pt_subject_kind(&log->subject)) {
    case PT_SUBJECT_OFFICE:
        return is_root_log(visit, log) ||
               (names_subject(log, PT_SUBJECT_OFFICE, visit->name) && pt_author_eq(&log->author, &visit->author));
    case PT_SUBJECT_CYCLE:
        return is_of_root(visit, log);
    case PT_SUBJECT_ASSESSMENT: {
        bool opened = has_opened(directory, visit->name, &log->subject);
        return is_own_assessment(visit, log) || belongs_to(directory, &log->author, visit->name) ||
               (opened && concerns(visit, directory, &log->author, visit->name));
    }
    case PT_SUBJECT_NONE:
        break;
    }
    return false;
}

/* Of an author that is not known: the entry that tells may be right behind it. What head office's own people wrote it
 * takes back from whoever has it. */
static bool region_brings(void *data, const struct pt_log_id *log)
{
    const struct visit *visit = data;
    const struct directory *directory = server_directory(visit->server);
    return directory != NULL && pt_subject_kind(&log->subject) == PT_SUBJECT_ASSESSMENT &&
           (!is_known(directory, &log->author) || directory_is_of_root(directory, visit->server->office, &log->author));
}

static bool region_is_up(void *data, const struct pt_log_id *log)
{
    const struct visit *visit = data;
    return !directory_is_of_root(server_directory(visit->server), visit->server->office, &log->author);
}

/* A key without a record is let in on its signed statement: the record may have been lost with the end of the office
 * log. */
static enum pt_err admit_member(struct visit *visit, const struct pt_statement *statement, Patuh__FailureCode *code)
{
    const struct directory *directory = server_directory(visit->server);
    visit->author = pt_author_of(statement->key.b);
    if (directory == NULL) {
        *code = PATUH__FAILURE_CODE__FAILURE_BUSY;
        return PT_EBUSY;
    }
    visit->revoked = pt_authority_is_revoked(&directory->authority, &visit->author, visit->server->office->code);
    visit->role = statement->role;
    (void)snprintf(visit->name, sizeof visit->name, "%s", statement->name);
    return PT_OK;
}

static enum pt_err admit(void *data, const Patuh__SignedStatement *signed_statement, struct pt_peer *peer,
                         Patuh__FailureCode *code)
{
    struct visit *visit = data;
    struct pt_arena arena;
    struct pt_statement statement;
    struct pt_public_key key;
    memcpy(key.b, visit->server->office->pair.public_key, sizeof key.b);
    pt_arena_init(&arena, SIZE_MAX);
    *code = PATUH__FAILURE_CODE__FAILURE_STRANGER;
    enum pt_err err = pt_statement_read(signed_statement, &key, &arena, &statement);
    if (err == PT_OK &&
        memcmp(statement.transport_key.b, pt_conn_peer_key(visit->conn), sizeof statement.transport_key.b) != 0) {
        err = PT_EDENIED; /* somebody else's statement */
    }
    if (err == PT_OK) {
        err = admit_member(visit, &statement, code);
    }
    bool region = err == PT_OK && visit->role == PATUH__ROLE__ROLE_REGIONAL;
    if (err == PT_OK) {
        *peer = (struct pt_peer){.author = visit->author, .tier = region ? 1 : 0, .revoked = visit->revoked};
        peer->scope = (struct pt_scope){.has = region           ? region_has
                                               : visit->revoked ? revoked_has
                                                                : device_has,
                                        .is_up = region ? region_is_up : device_is_up,
                                        .subjects = region ? NULL : device_subjects,
                                        .data = visit,
                                        .brings = region ? region_brings : NULL};
        pt_log("peer", "name=%s role=%d revoked=%d address=%s", visit->name, visit->role, visit->revoked,
               pt_conn_address(visit->conn));
    }
    pt_arena_close(&arena);
    return err;
}

static enum pt_err renew(void *data)
{
    struct visit *visit = data;
    return office_renew(visit->server->office, "peer");
}

/* A store does not go back in time while it is open: what a peer says of an epoch that began since then is a lie. */
static enum pt_err renew_on_word(void *data)
{
    struct visit *visit = data;
    if (visit->server->office->renewed) {
        pt_log("store_not_renewed", "peer=%s", visit->name);
        return PT_OK;
    }
    return renew(data);
}

static void on_grown(struct pt_link *link, const struct pt_inbox *inbox, void *data)
{
    (void)link;
    struct visit *visit = data;
    server_grown(visit->server, inbox);
}

static void visit_free(struct visit *visit)
{
    struct server *server = visit->server;
    *visit->link_in = visit->next;
    if (visit->next != NULL) {
        visit->next->link_in = visit->link_in;
    }
    pt_free(visit);
    server_part_ended(server);
}

static void on_end(struct pt_link *link, const struct pt_link_end *end, void *data)
{
    (void)link;
    struct visit *visit = data;
    pt_log("peer_left", "name=%s why=%s failure=%d chunks_new=%u refilled=%u held=%u in=%llu out=%llu", visit->name,
           pt_err_name(end->why), (int)end->failure, end->counts.chunks_new, end->counts.chunks_refilled,
           end->counts.held, (unsigned long long)end->bytes_in, (unsigned long long)end->bytes_out);
    if (end->why == PT_EIO) {
        server_check_disk(visit->server);
    }
    visit_free(visit);
}

static struct visit *visit_new(struct server *server, struct pt_conn *conn)
{
    struct visit *visit = pt_zalloc(sizeof *visit);
    if (visit == NULL) {
        return NULL;
    }
    *visit = (struct visit){.server = server, .conn = conn, .next = server->visits, .link_in = &server->visits};
    (void)snprintf(visit->name, sizeof visit->name, "?");
    if (server->visits != NULL) {
        server->visits->link_in = &visit->next;
    }
    server->visits = visit;
    server->n_open++;
    return visit;
}

void visit_accept(struct server *server, struct pt_conn *conn)
{
    struct office *office = server->office;
    struct visit *visit = server->stopping || !office->joined ? NULL : visit_new(server, conn);
    if (visit == NULL) {
        pt_conn_close(conn);
        return;
    }
    struct pt_link_options options = {
        .session =
            {
                .store = office->store,
                .blobs = &server->blob_ops,
                .policy = {.evidence = true, .registry = true},
                .random = pt_random_system(),
                .author = office->author,
                .tier = office->national ? PT_TIER_NATIONAL : PT_TIER_REGION,
                .epoch = &office->epoch,
                .incarnation = &office->incarnation,
                .generation = office->generation,
                .office_pair = &office->pair,
                .admit = admit,
                .renew = renew,
                .renew_on_word = renew_on_word,
                .admit_data = visit,
            },
        .writer = office->writer,
        .events = {.on_grown = on_grown, .on_end = on_end},
        .data = visit,
    };
    if (pt_link_accept(conn, &options, &visit->link) != PT_OK) {
        visit_free(visit);
    }
}

/* The surveyors of an assessment may want to know, but for the one that wrote; what is not about an assessment, and
 * receipts, everybody. The session looks closer. */
static void note_concerned(struct server *server, const struct directory *directory, const struct pt_news_item *item)
{
    const struct directory_assessment *a = directory_find(directory, &item->log.subject);
    bool all = pt_subject_kind(&item->log.subject) != PT_SUBJECT_ASSESSMENT || item->lsn == 0;
    for (struct visit *visit = server->visits; visit != NULL; visit = visit->next) {
        bool region = visit->role == PATUH__ROLE__ROLE_REGIONAL;
        visit->concerned =
            visit->concerned || all || region ||
            (a != NULL && !pt_author_eq(&item->log.author, &visit->author) && directory_is_assigned(a, visit->name));
    }
}

void visits_news(struct server *server, const struct pt_news *news)
{
    const struct directory *directory = server->visits == NULL ? NULL : server_directory(server);
    for (size_t i = 0; i < news->n && directory != NULL; i++) {
        note_concerned(server, directory, &news->items[i]);
    }
    for (struct visit *visit = server->visits; visit != NULL; visit = visit->next) {
        bool concerned = visit->concerned || directory == NULL;
        const struct pt_session *session = visit->link == NULL ? NULL : pt_link_session(visit->link);
        visit->concerned = false;
        if (session != NULL && pt_session_peer(session) != NULL &&
            (concerned || (news->blobs && pt_session_owes(session)))) {
            pt_link_news(visit->link, news);
        }
    }
}

void visits_check(struct server *server)
{
    const struct directory *directory = server->visits == NULL ? NULL : server_directory(server);
    for (struct visit *visit = server->visits; directory != NULL && visit != NULL; visit = visit->next) {
        bool admitted = visit->link != NULL && pt_session_peer(pt_link_session(visit->link)) != NULL;
        if (admitted && !visit->revoked &&
            pt_authority_is_revoked(&directory->authority, &visit->author, server->office->code)) {
            pt_log("revoked", "name=%s", visit->name);
            visit->revoked = true;
            pt_link_close(visit->link);
        }
    }
}

void visits_close(struct server *server)
{
    for (struct visit *visit = server->visits; visit != NULL; visit = visit->next) {
        if (visit->link != NULL) {
            pt_link_close_soon(visit->link);
        }
    }
}
