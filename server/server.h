/* server.h - patuhd serve: one loop that owns the listener, sessions, the link to the upper office and the control
 * socket; one writer thread; commands run beside it on a worker thread.
 *
 * Thread: everything here belongs to the loop's thread unless it says otherwise.
 * Order of the end: stop listening and commands, close links, let the writer finish, close the loop. */
#ifndef PATUHD_SERVER_H
#define PATUHD_SERVER_H

#include "directory.h"
#include "io/net/control.h"
#include "io/net/link.h"
#include "io/net/listener.h"

#include <uv.h>

struct visit;
struct upper;

struct server {
    uv_loop_t loop;
    struct office *office;
    struct pt_tls_identity *identity;
    struct pt_listener *listener;
    struct pt_control *control;
    struct directory directory;
    bool has_directory; /* false: stale, read anew when it is needed */
    struct visit *visits;
    struct upper *upper; /* a region's link to head office; NULL for head office */
    struct pt_blob_ops blob_ops;
    uv_signal_t signals[2];
    bool stopping;
    bool disk_failed; /* the store takes no commit any more */
    size_t n_open;    /* parts that are still to end: the loop runs dry when it is 0 */
    struct enrol_guard *guard;
    /* What has come in, gathered until the end of the loop's turn and then told to all sessions at once. */
    uv_check_t news_check;
    bool has_news;
    uint64_t news_lsn;       /* arrivals up to here were told */
    struct pt_news gathered; /* what arrivals do not show: receipts, blobs */
    /* At the end of the turn too: is an office that went back in time refilled? Regions come back and say Hello anew.
     */
    bool check_refilled;
    bool regions_return;
};

/* Serve until SIGTERM or SIGINT. Errors (with a sentence): BUSY (port in use), INVALID (address), ... */
enum pt_err server_run(struct office *office, const char *address, struct pt_problem *problem);

/* The directory, read anew when office logs grew; NULL when that failed. Lent until the next call or turn. */
const struct directory *server_directory(struct server *server);
/* The store has grown by this (NULL: a command or an enrolment wrote): every session hears of it at the end of the
 * loop's turn, after the directory has followed. */
void server_grown(struct server *server, const struct pt_inbox *inbox);
/* The office was renewed, or something has come that may be the last it lacked (renewal.h). */
void server_check_refilled(struct server *server);
/* A session ended because of input or output: when it was our disk, the server ends too, so that whoever starts it
 * again opens the store anew and looks what is there. */
void server_check_disk(struct server *server);
/* One part of the server ended; the last one ends the writer. */
void server_part_ended(struct server *server);

/* visit.c: a peer that connected to us. */
void visit_accept(struct server *server, struct pt_conn *conn);
void visits_news(struct server *server, const struct pt_news *news);
/* Who is who has changed: sessions of keys that were revoked end. They may come back and deliver what they have. */
void visits_check(struct server *server);
/* Regions, whose sessions never end by themselves, begin anew: what they see has changed as a whole. */
void visits_return(struct server *server);
void visits_close(struct server *server);

/* enrol_service.c: a stranger with a code. */
void enrol_accept(struct server *server, struct pt_conn *conn);

/* upper.c: a region keeps a session with head office, comes back after a pause when it breaks. */
enum pt_err upper_start(struct server *server);
/* Both sides have everything of each other, as far as head office gives. */
bool upper_is_level(const struct upper *upper);
void upper_news(struct upper *upper, const struct pt_news *news);
void upper_close(struct upper *upper);

/* control_service.c: commands that come through the socket. */
enum pt_err control_service_start(struct server *server, struct pt_problem *problem);
void control_service_close(struct server *server);

#endif
