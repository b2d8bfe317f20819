/* enrol_service.c - a stranger with a code: one frame in, one frame out, at most so many a minute from one address. */
#include "server.h"

#include "base/log.h"
#include "base/mem.h"
#include "core/store/meta.h"
#include "core/wire/pack.h"
#include "core/wire/unpack.h"
#include "enrol_guard.h"
#include "invites.h"
#include "io/clock.h"

#include <string.h>

struct enrolling {
    struct server *server;
    struct pt_conn *conn; /* NULL once it is closed */
    struct pt_arena arena;
    struct enrol_job job;
    struct pt_write_req req;
    bool at_writer;
    bool asked;
};

static void maybe_ended(struct enrolling *e)
{
    if (e->conn != NULL || e->at_writer) {
        return;
    }
    struct server *server = e->server;
    pt_arena_close(&e->arena);
    pt_free(e);
    server_part_ended(server);
}

static void send_frame(struct enrolling *e, const Patuh__Frame *frame)
{
    struct pt_bytes packed;
    if (e->conn != NULL && pt_pack(&frame->base, &e->arena, &packed) == PT_OK) {
        (void)pt_conn_send(e->conn, packed); /* an error ends in on_close */
    }
}

static void refuse(struct enrolling *e, Patuh__FailureCode code)
{
    Patuh__Failure failure = PATUH__FAILURE__INIT;
    Patuh__Frame frame = PATUH__FRAME__INIT;
    failure.has_code = true;
    failure.code = code;
    frame.failure = &failure;
    send_frame(e, &frame);
}

static void answer(struct enrolling *e)
{
    ProtobufCMessage *message;
    Patuh__Frame frame = PATUH__FRAME__INIT;
    if (pt_unpack(&patuh__enrol_answer__descriptor, e->job.answer, &e->arena, &message) != PT_OK) {
        refuse(e, PATUH__FAILURE_CODE__FAILURE_BUSY);
        return;
    }
    frame.enrol_answer = (Patuh__EnrolAnswer *)message;
    send_frame(e, &frame);
}

static enum pt_err run_job(struct pt_txn *txn, struct pt_write_req *req)
{
    return enrol_apply(txn, &((struct enrolling *)req->data)->job);
}

static void on_done(struct pt_write_req *req, enum pt_err err)
{
    struct enrolling *e = req->data;
    e->at_writer = false;
    if (err != PT_OK) {
        refuse(e, err == PT_EFULL ? PATUH__FAILURE_CODE__FAILURE_FULL : PATUH__FAILURE_CODE__FAILURE_BUSY);
    } else if (e->job.refused) {
        pt_log("enrol_refused", "code=%d name=%s address=%s", (int)e->job.code,
               e->job.name[0] == '\0' ? "?" : e->job.name, e->conn == NULL ? "?" : pt_conn_address(e->conn));
        refuse(e, e->job.code);
    } else {
        pt_log("enrolled", "name=%s role=%d address=%s", e->job.name, e->job.role,
               e->conn == NULL ? "?" : pt_conn_address(e->conn));
        answer(e);
        server_grown(e->server, NULL);
    }
    if (e->conn != NULL) {
        pt_conn_close(e->conn);
    }
    maybe_ended(e);
}

/* The transport key in the request must be the one that TLS has seen. */
static bool same_transport(const struct enrolling *e, const Patuh__EnrolRequest *request)
{
    return request->transport_key.len == PT_KEY_BYTES &&
           memcmp(request->transport_key.data, pt_conn_peer_key(e->conn), PT_KEY_BYTES) == 0;
}

static enum pt_err own_address(struct office *office, struct pt_arena *arena, const char **out)
{
    struct pt_txn *txn;
    struct pt_bytes value;
    enum pt_err err = pt_store_begin_read(office->store, &txn);
    if (err != PT_OK) {
        return err;
    }
    err = pt_meta_get(txn, PT_META_ADDRESS, &value);
    if (err == PT_OK) {
        *out = pt_arena_strn(arena, (const char *)value.data, value.n);
        err = *out == NULL ? PT_ENOMEM : PT_OK;
    }
    pt_store_abort(txn);
    return err;
}

static void submit(struct enrolling *e, const Patuh__EnrolRequest *request)
{
    struct office *office = e->server->office;
    e->job = (struct enrol_job){.office = office, .request = request, .arena = &e->arena, .address = ""};
    e->job.now_ms = pt_now_read().wall_ms;
    enum pt_err err = own_address(office, &e->arena, &e->job.address);
    e->req = (struct pt_write_req){.run = run_job, .done = on_done, .data = e, .bytes = PT_CHUNK_BYTES_MAX};
    if (err == PT_OK || err == PT_ENOTFOUND) {
        err = pt_writer_submit(office->writer, &e->req);
    }
    if (err != PT_OK) {
        refuse(e, PATUH__FAILURE_CODE__FAILURE_BUSY);
        pt_conn_close(e->conn);
        return;
    }
    e->at_writer = true;
}

static void on_frame(struct pt_conn *conn, struct pt_bytes frame, void *data)
{
    struct enrolling *e = data;
    ProtobufCMessage *message;
    uint64_t now_ms = pt_now_read().monotonic_ms;
    if (e->asked) {
        return; /* one question a connection */
    }
    e->asked = true;
    if (!enrol_guard_allows(e->server->guard, pt_conn_address(conn), now_ms)) {
        refuse(e, PATUH__FAILURE_CODE__FAILURE_CODE_TRIES);
    } else if (pt_unpack(&patuh__frame__descriptor, frame, &e->arena, &message) != PT_OK ||
               ((const Patuh__Frame *)message)->enrol_request == NULL ||
               !same_transport(e, ((const Patuh__Frame *)message)->enrol_request)) {
        refuse(e, PATUH__FAILURE_CODE__FAILURE_PROTOCOL);
    } else {
        submit(e, ((const Patuh__Frame *)message)->enrol_request);
        return;
    }
    pt_conn_close(conn);
}

static void on_close(struct pt_conn *conn, enum pt_err why, void *data)
{
    (void)conn;
    (void)why;
    struct enrolling *e = data;
    e->conn = NULL;
    maybe_ended(e);
}

static const struct pt_conn_events enrol_events = {.on_frame = on_frame, .on_close = on_close};

void enrol_accept(struct server *server, struct pt_conn *conn)
{
    struct enrolling *e = server->stopping || !server->office->joined ? NULL : pt_zalloc(sizeof *e);
    if (e == NULL) {
        pt_conn_close(conn);
        return;
    }
    e->server = server;
    e->conn = conn;
    pt_arena_init(&e->arena, SIZE_MAX);
    server->n_open++;
    pt_conn_set_frame_max(conn, PT_ENROL_FRAME_BYTES_MAX);
    pt_conn_attach(conn, &enrol_events, e);
}
