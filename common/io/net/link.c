#include "io/net/link.h"

#include "base/mem.h"
#include "io/clock.h"
#include "io/net/listener.h"

#include <string.h>

struct pending {
    struct pt_write_req req;
    struct pt_link *link;
    struct pt_inbox *inbox;
};

/* Inboxes of one link at the writer; at so many it reads no further until half of them are done. Else a peer that sends
 * faster than this disk writes would fill the writer's queue, which all links share. A few commits' worth. */
#define PENDING_MAX 128

struct pt_link {
    struct pt_link_options options;
    struct pt_session *session;
    struct pt_conn *conn;
    size_t n_pending; /* inboxes at the writer */
    bool waits;       /* for the writer: the connection is not read */
    bool conn_open;   /* on_close is still to come */
    bool congested;   /* the session has more for a connection that takes it */
    /* What the connection's queue had no room for: each frame behind its length. A list of all heads is one step of the
     * session, however long. */
    struct pt_buf backlog;
    size_t backlog_at;
    bool has_end;
    struct pt_link_end end;
};

static void do_update(struct pt_link *link, struct pt_update *update);

/* Freed when the connection is gone and the writer has given everything back. */
static void maybe_ended(struct pt_link *link)
{
    if (link->conn_open || link->n_pending > 0) {
        return;
    }
    link->end.counts = pt_session_counts(link->session);
    link->options.events.on_end(link, &link->end, link->options.data);
    pt_session_destroy(link->session);
    pt_buf_free(&link->backlog);
    pt_free(link);
}

static void set_end(struct pt_link *link, enum pt_err why, Patuh__FailureCode failure, bool by_peer, uint32_t retry_s)
{
    if (link->has_end) {
        return; /* the first reason is the reason */
    }
    link->has_end = true;
    link->end.why = why;
    link->end.failure = failure;
    link->end.by_peer = by_peer;
    link->end.retry_s = retry_s;
    if (why != PT_OK && !link->end.by_store && failure != PATUH__FAILURE_CODE__FAILURE_UNKNOWN) {
        (void)pt_problem_set(&link->end.problem, why, pt_failure_msg(failure), NULL);
    }
}

/* A session ends with these for our own sake alone; what a peer tells of itself is DENIED. */
static bool is_own_fault(enum pt_err why)
{
    return why == PT_EIO || why == PT_EFULL || why == PT_ENOMEM || why == PT_EDAMAGED ||
           why == PT_EBUSY; /* at the writer */
}

static void wait_for_writer(struct pt_link *link)
{
    if (link->conn_open && !link->waits && link->n_pending >= PENDING_MAX) {
        link->waits = true;
        pt_conn_pause(link->conn);
    } else if (link->conn_open && link->waits && link->n_pending <= PENDING_MAX / 2) {
        link->waits = false;
        pt_conn_resume(link->conn);
    }
}

static enum pt_err run_inbox(struct pt_txn *txn, struct pt_write_req *req)
{
    return pt_inbox_apply(txn, ((struct pending *)req->data)->inbox);
}

static bool has_news(const struct pt_inbox *inbox)
{
    return inbox->append.n_accepted + inbox->append.n_held > 0 || inbox->n_receipts > 0 || inbox->has_text ||
           inbox->files.whole || inbox->has_delivered;
}

static void on_stored(struct pt_write_req *req, enum pt_err err)
{
    struct pending *pending = req->data;
    struct pt_link *link = pending->link;
    struct pt_now now = pt_now_read();
    struct pt_update update;
    link->n_pending--;
    if (err == PT_OK && has_news(pending->inbox) && link->options.events.on_grown != NULL) {
        link->options.events.on_grown(link, pending->inbox, link->options.data);
    }
    pt_session_stored(link->session, pending->inbox, err, &now, &update);
    pt_free(pending);
    do_update(link, &update);
    wait_for_writer(link);
    maybe_ended(link);
}

static void submit(struct pt_link *link, struct pt_inbox *inbox)
{
    struct pending *pending = pt_zalloc(sizeof *pending);
    enum pt_err err = PT_ENOMEM;
    if (pending != NULL) {
        *pending = (struct pending){.link = link, .inbox = inbox};
        pending->req.run = run_inbox;
        pending->req.done = on_stored;
        pending->req.data = pending;
        bool reads_many = inbox->files.task == PT_FILE_OFFERED; /* one of them is enough for a commit */
        pending->req.bytes = reads_many ? PT_WRITER_BATCH_BYTES_MAX : PT_FRAME_BYTES_MAX;
        err = pt_writer_submit(link->options.writer, &pending->req);
    }
    if (err == PT_OK) {
        link->n_pending++;
        wait_for_writer(link);
        return;
    }
    pt_free(pending);
    struct pt_now now = pt_now_read();
    struct pt_update update;
    pt_session_stored(link->session, inbox, err, &now, &update);
    do_update(link, &update);
}

/* A peer that takes nothing, or there is no memory for what waits: it will come again. */
static void give_up(struct pt_link *link, enum pt_err why)
{
    set_end(link, why, PATUH__FAILURE_CODE__FAILURE_UNKNOWN, false, 0);
    pt_conn_close(link->conn);
}

static bool has_backlog(const struct pt_link *link)
{
    return link->backlog_at < link->backlog.n;
}

static void keep_for_later(struct pt_link *link, struct pt_bytes frame)
{
    pt_buf_put_u32(&link->backlog, (uint32_t)frame.n);
    pt_buf_put_bytes(&link->backlog, frame);
    if (link->backlog.err != PT_OK || link->backlog.n > PT_BACKLOG_BYTES_MAX) {
        give_up(link, link->backlog.err != PT_OK ? link->backlog.err : PT_EBUSY);
    }
}

static void send_frames(struct pt_link *link, const struct pt_update *update)
{
    for (size_t i = 0; i < update->n_frames && link->conn_open; i++) {
        enum pt_err err = has_backlog(link) ? PT_EBUSY : pt_conn_send(link->conn, update->frames[i]);
        if (err == PT_EBUSY) {
            keep_for_later(link, update->frames[i]);
        } else if (err != PT_OK) {
            return; /* on_close is on its way */
        }
    }
}

/* As much of it as the connection takes. */
static void send_backlog(struct pt_link *link)
{
    while (has_backlog(link)) {
        struct pt_reader reader =
            pt_reader_on(pt_bytes_of(link->backlog.data + link->backlog_at, link->backlog.n - link->backlog_at));
        struct pt_bytes frame = pt_read_bytes(&reader, pt_read_u32(&reader));
        if (pt_conn_send(link->conn, frame) != PT_OK) {
            return;
        }
        link->backlog_at += sizeof(uint32_t) + frame.n;
    }
    pt_buf_free(&link->backlog); /* it may have been large, and is rarely needed */
    link->backlog_at = 0;
}

static void continue_sending(struct pt_link *link)
{
    struct pt_now now = pt_now_read();
    struct pt_update update;
    pt_session_drained(link->session, &now, &update);
    do_update(link, &update);
}

static void do_update(struct pt_link *link, struct pt_update *update)
{
    for (size_t i = 0; i < update->n_inboxes; i++) {
        submit(link, update->inboxes[i]);
    }
    if (update->known && link->conn_open) {
        pt_conn_set_known(link->conn);
    }
    send_frames(link, update);
    if (update->fresh_incarnation && link->options.events.on_stale != NULL) {
        link->options.events.on_stale(link, link->options.data);
    }
    bool more = update->more;
    if (update->close) {
        bool by_peer = update->reason == PT_EDENIED && update->n_frames == 0;
        link->end.by_store = link->end.by_store || (!link->has_end && is_own_fault(update->reason));
        set_end(link, update->reason, update->failure, by_peer, update->retry_s);
        if (link->conn_open) {
            pt_conn_close(link->conn);
        }
        more = false;
    }
    pt_update_close(update);
    if (link->options.events.on_step != NULL) {
        link->options.events.on_step(link, link->options.data);
    }
    if (more && link->conn_open && pt_conn_queued(link->conn) == 0) {
        continue_sending(link);
    } else if (more) {
        link->congested = true;
    }
}

static void on_open(struct pt_conn *conn, void *data)
{
    (void)conn;
    struct pt_link *link = data;
    struct pt_now now = pt_now_read();
    struct pt_update update;
    pt_session_start(link->session, &now, &update);
    do_update(link, &update);
}

static void on_frame(struct pt_conn *conn, struct pt_bytes frame, void *data)
{
    (void)conn;
    struct pt_link *link = data;
    struct pt_now now = pt_now_read();
    struct pt_update update;
    pt_session_frame(link->session, frame, &now, &update);
    do_update(link, &update);
}

static void on_drained(struct pt_conn *conn, void *data)
{
    (void)conn;
    struct pt_link *link = data;
    send_backlog(link);
    if (link->congested && !has_backlog(link)) {
        link->congested = false;
        continue_sending(link);
    }
}

static void on_close(struct pt_conn *conn, enum pt_err why, void *data)
{
    struct pt_link *link = data;
    enum pt_err reason = why == PT_OK ? PT_ECLOSED : why; /* a goodbye before everything was settled */
    bool settled = pt_session_is_settled(link->session);
    if (!link->has_end && reason != PT_OK && pt_conn_problem(conn) != NULL) {
        link->end.problem = *pt_conn_problem(conn);
    }
    set_end(link, settled && why == PT_OK ? PT_OK : reason, PATUH__FAILURE_CODE__FAILURE_UNKNOWN, true, 0);
    if (link->end.why != PT_OK && !link->end.by_store && link->end.problem.msg == PT_MSG_NONE) {
        (void)pt_problem_set(&link->end.problem, link->end.why, PT_MSG_LINK_LOST, NULL);
    }
    link->end.bytes_in = pt_conn_bytes_in(conn);
    link->end.bytes_out = pt_conn_bytes_out(conn);
    link->conn_open = false;
    link->conn = NULL;
    maybe_ended(link);
}

static const struct pt_conn_events link_events = {
    .on_open = on_open, .on_frame = on_frame, .on_drained = on_drained, .on_close = on_close};

static struct pt_link *link_new(const struct pt_link_options *options)
{
    struct pt_link *link = pt_zalloc(sizeof *link);
    if (link == NULL) {
        return NULL;
    }
    link->options = *options;
    link->session = pt_session_create(&options->session);
    if (link->session == NULL) {
        pt_free(link);
        return NULL;
    }
    link->conn_open = true;
    return link;
}

enum pt_err pt_link_connect(struct uv_loop_s *loop, const char *address, struct pt_tls_identity *identity,
                            const uint8_t *peer_key, const struct pt_link_options *options, struct pt_link **out,
                            struct pt_problem *problem)
{
    struct pt_link *link = link_new(options);
    if (link == NULL) {
        return pt_problem_set(problem, PT_ENOMEM, PT_MSG_ERR_NOMEM, NULL);
    }
    struct pt_conn_options conn = {.identity = identity, .expected_key = peer_key, .alpn = PT_ALPN_SYNC};
    enum pt_err err = pt_conn_connect(loop, address, &conn, &link_events, link, &link->conn, problem);
    if (err != PT_OK) {
        pt_session_destroy(link->session);
        pt_free(link);
        return err;
    }
    *out = link;
    return PT_OK;
}

enum pt_err pt_link_accept(struct pt_conn *conn, const struct pt_link_options *options, struct pt_link **out)
{
    struct pt_link *link = link_new(options);
    if (link == NULL) {
        pt_conn_close(conn);
        return PT_ENOMEM;
    }
    link->conn = conn;
    pt_conn_attach(conn, &link_events, link);
    *out = link;
    return PT_OK;
}

void pt_link_news(struct pt_link *link, const struct pt_news *news)
{
    struct pt_now now = pt_now_read();
    struct pt_update update;
    if (!link->conn_open) {
        return;
    }
    pt_session_news(link->session, news, &now, &update);
    do_update(link, &update);
}

void pt_link_close(struct pt_link *link)
{
    set_end(link, PT_OK, PATUH__FAILURE_CODE__FAILURE_UNKNOWN, false, 0);
    if (link->conn_open) {
        pt_conn_close(link->conn);
    }
}

void pt_link_close_soon(struct pt_link *link)
{
    set_end(link, PT_OK, PATUH__FAILURE_CODE__FAILURE_UNKNOWN, false, 0);
    if (link->conn_open) {
        pt_conn_close_soon(link->conn);
    }
}

const struct pt_session *pt_link_session(const struct pt_link *link)
{
    return link->session;
}

const struct pt_conn *pt_link_conn(const struct pt_link *link)
{
    return link->conn;
}

enum pt_msg pt_failure_msg(Patuh__FailureCode code)
{
    static const struct {
        Patuh__FailureCode code;
        enum pt_msg msg;
    } rows[] = {
        {PATUH__FAILURE_CODE__FAILURE_PROTOCOL, PT_MSG_FAILURE_PROTOCOL},
        {PATUH__FAILURE_CODE__FAILURE_VERSION, PT_MSG_FAILURE_VERSION},
        {PATUH__FAILURE_CODE__FAILURE_STRANGER, PT_MSG_FAILURE_STRANGER},
        {PATUH__FAILURE_CODE__FAILURE_REVOKED, PT_MSG_FAILURE_REVOKED},
        {PATUH__FAILURE_CODE__FAILURE_SIGNATURE, PT_MSG_FAILURE_SIGNATURE},
        {PATUH__FAILURE_CODE__FAILURE_LINK, PT_MSG_FAILURE_LINK},
        {PATUH__FAILURE_CODE__FAILURE_FULL, PT_MSG_FAILURE_FULL},
        {PATUH__FAILURE_CODE__FAILURE_LIMIT, PT_MSG_FAILURE_LIMIT},
        {PATUH__FAILURE_CODE__FAILURE_BUSY, PT_MSG_FAILURE_BUSY},
        {PATUH__FAILURE_CODE__FAILURE_CODE_WRONG, PT_MSG_CODE_WRONG},
        {PATUH__FAILURE_CODE__FAILURE_CODE_USED, PT_MSG_CODE_USED},
        {PATUH__FAILURE_CODE__FAILURE_CODE_EXPIRED, PT_MSG_CODE_EXPIRED},
        {PATUH__FAILURE_CODE__FAILURE_CODE_TRIES, PT_MSG_CODE_TRIES},
        {PATUH__FAILURE_CODE__FAILURE_CODE_OTHER, PT_MSG_CODE_OTHER},
        {PATUH__FAILURE_CODE__FAILURE_GENERATION, PT_MSG_FAILURE_GENERATION},
        {PATUH__FAILURE_CODE__FAILURE_FOREIGN_LOG, PT_MSG_FAILURE_FOREIGN_LOG},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].code == code) {
            return rows[i].msg;
        }
    }
    return PT_MSG_LINK_LOST;
}
