/* visit.c - a peer that connected to us, and its session. */
#include "server.h"

#include "base/log.h"
#include "base/mem.h"
#include "peer.h"
#include "renewal.h"

struct visit {
    struct server *server;
    struct pt_conn *conn;
    struct pt_link *link;
    struct peer peer;
    bool concerned; /* by what has just come in */
    struct visit *next;
    struct visit **link_in; /* the pointer that points to us */
};

static const struct directory *directory_now(void *data)
{
    return server_directory(data);
}

static enum pt_err admit(void *data, const Patuh__SignedStatement *statement, struct pt_peer *out,
                         Patuh__FailureCode *code)
{
    struct visit *visit = data;
    enum pt_err err = peer_admit(&visit->peer, statement, pt_conn_peer_key(visit->conn), code);
    if (err == PT_OK) {
        *out = peer_session(&visit->peer);
        pt_log("peer", "name=%s role=%d revoked=%d address=%s", visit->peer.name, visit->peer.role, visit->peer.revoked,
               pt_conn_address(visit->conn));
    }
    return err;
}

static enum pt_err renew(void *data)
{
    const struct visit *visit = data;
    struct server *server = visit->server;
    pt_log("store_older", "peer=%s", visit->peer.name); /* who says so, should it be a lie */
    enum pt_err err = office_renew(server->office, "peer");
    server->regions_return = err == PT_OK;
    server_check_refilled(server);
    return err;
}

/* A store does not go back in time while it is open: what a peer says of an epoch that began since then is a lie. */
static enum pt_err renew_on_word(void *data)
{
    struct visit *visit = data;
    if (visit->server->office->renewed) {
        pt_log("store_not_renewed", "peer=%s", visit->peer.name);
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
    pt_log("peer_left", "name=%s why=%s failure=%d chunks_new=%u refilled=%u held=%u in=%llu out=%llu",
           visit->peer.name, pt_err_name(end->why), (int)end->failure, end->counts.chunks_new,
           end->counts.chunks_refilled, end->counts.held, (unsigned long long)end->bytes_in,
           (unsigned long long)end->bytes_out);
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
    visit->peer = peer_of(server->office, directory_now, server);
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
                .refilling = &office->refilling,
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
        bool region = peer_is_region(&visit->peer);
        visit->concerned = visit->concerned || all || region ||
                           (a != NULL && !pt_author_eq(&item->log.author, &visit->peer.author) &&
                            directory_is_assigned(a, visit->peer.name));
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
        if (admitted && !visit->peer.revoked &&
            pt_authority_is_revoked(&directory->authority, &visit->peer.author, server->office->code)) {
            pt_log("revoked", "name=%s", visit->peer.name);
            visit->peer.revoked = true;
            pt_link_close(visit->link);
        }
    }
}

void visits_return(struct server *server)
{
    for (struct visit *visit = server->visits; visit != NULL; visit = visit->next) {
        if (visit->link != NULL && peer_is_region(&visit->peer)) {
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
