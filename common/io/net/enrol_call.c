#include "io/net/enrol_call.h"

#include "core/wire/pack.h"
#include "core/wire/unpack.h"
#include "io/net/conn.h"
#include "io/net/link.h"

#include <string.h>
#include <uv.h>

struct call {
    const struct pt_code *code;
    const struct pt_applicant *applicant;
    struct pt_buf request;
    struct pt_buf *answer;
    struct pt_problem *problem;
    enum pt_err err;
    bool answered;
};

static void fail(struct call *call, enum pt_err err, enum pt_msg msg)
{
    call->answered = true;
    call->err = pt_problem_set(call->problem, err, msg, NULL);
}

static void on_open(struct pt_conn *conn, void *data)
{
    struct call *call = data;
    uint8_t key[PT_CODE_KEY_BYTES];
    pt_code_key_of(pt_conn_peer_key(conn), key);
    if (memcmp(key, call->code->key, sizeof key) != 0) {
        fail(call, PT_ESIGNATURE, PT_MSG_ENROL_OTHER_OFFICE);
        pt_conn_close(conn);
        return;
    }
    pt_conn_set_known(conn);
    (void)pt_conn_send(conn, pt_buf_bytes(&call->request)); /* an error ends in on_close */
}

static void take_answer(struct call *call, const Patuh__EnrolAnswer *answer)
{
    struct pt_arena arena;
    struct pt_enrolment enrolment;
    struct pt_bytes packed;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_pack(&answer->base, &arena, &packed);
    if (err == PT_OK) {
        err = pt_enrolment_read(packed, call->code->key, &arena, &enrolment);
    }
    if (err == PT_OK && memcmp(enrolment.statement.key.b, call->applicant->pair->public_key, PT_KEY_BYTES) != 0) {
        err = PT_ESIGNATURE; /* about somebody else */
    }
    if (err == PT_OK) {
        pt_buf_put_bytes(call->answer, packed);
        err = call->answer->err;
    }
    call->answered = true;
    call->err = err;
    if (err != PT_OK) {
        fail(call, err, err == PT_ENOMEM ? PT_MSG_ERR_NOMEM : PT_MSG_ENROL_OTHER_OFFICE);
    }
    pt_arena_close(&arena);
}

static void on_frame(struct pt_conn *conn, struct pt_bytes frame, void *data)
{
    struct call *call = data;
    struct pt_arena arena;
    ProtobufCMessage *message;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_unpack(&patuh__frame__descriptor, frame, &arena, &message);
    const Patuh__Frame *f = err == PT_OK ? (const Patuh__Frame *)message : NULL;
    if (f != NULL && f->enrol_answer != NULL) {
        take_answer(call, f->enrol_answer);
    } else if (f != NULL && f->failure != NULL) {
        fail(call, PT_EDENIED, pt_failure_msg(f->failure->code));
    } else {
        fail(call, PT_EMALFORMED, PT_MSG_FAILURE_PROTOCOL);
    }
    pt_arena_close(&arena);
    pt_conn_close(conn);
}

static void on_close(struct pt_conn *conn, enum pt_err why, void *data)
{
    struct call *call = data;
    if (call->answered) {
        return;
    }
    call->err = why == PT_OK ? PT_ECLOSED : why;
    const struct pt_problem *problem = pt_conn_problem(conn);
    if (problem != NULL && problem->msg != PT_MSG_NONE && call->problem != NULL) {
        *call->problem = *problem;
    } else {
        (void)pt_problem_set(call->problem, call->err, PT_MSG_LINK_LOST, NULL);
    }
}

static const struct pt_conn_events call_events = {.on_open = on_open, .on_frame = on_frame, .on_close = on_close};

static enum pt_err run(struct call *call, const struct pt_keypair *transport)
{
    uv_loop_t loop;
    struct pt_tls_identity *identity;
    struct pt_conn *conn;
    if (uv_loop_init(&loop) != 0) {
        return PT_ENOMEM;
    }
    enum pt_err err = pt_tls_identity_create(transport->secret_key, &identity); /* begins with the seed */
    if (err == PT_OK) {
        struct pt_conn_options options = {.identity = identity, .alpn = PT_ALPN_ENROL};
        err = pt_conn_connect(&loop, call->code->address, &options, &call_events, call, &conn, call->problem);
        if (err == PT_OK) {
            (void)uv_run(&loop, UV_RUN_DEFAULT);
            err = call->err;
        }
        pt_tls_identity_destroy(identity);
    }
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&loop);
    return err;
}

enum pt_err pt_enrol_call(const struct pt_code *code, const struct pt_applicant *applicant,
                          const struct pt_keypair *transport, struct pt_buf *answer, struct pt_problem *problem)
{
    struct call call = {.code = code, .applicant = applicant, .answer = answer, .problem = problem};
    enum pt_err err = pt_enrol_request_put(&call.request, code, applicant);
    if (err == PT_OK) {
        err = run(&call, transport);
    }
    pt_buf_free(&call.request);
    return pt_problem_default(problem, err, "enroll");
}
