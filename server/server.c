#include "server.h"

#include "base/log.h"
#include "base/mem.h"
#include "core/store/keys.h"
#include "core/store/meta.h"
#include "enrol_guard.h"
#include "renewal.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

const struct directory *server_directory(struct server *server)
{
    if (server->has_directory) {
        return &server->directory;
    }
    directory_close(&server->directory);
    enum pt_err err = directory_open(server->office, &server->directory);
    server->has_directory = err == PT_OK;
    if (err != PT_OK) {
        pt_log("directory_failed", "why=%s", pt_err_name(err));
        return NULL;
    }
    return &server->directory;
}

static enum pt_err read_news(struct server *server, struct pt_news *news)
{
    struct pt_txn *txn;
    enum pt_err err = pt_store_begin_read(server->office->store, &txn);
    if (err == PT_OK) {
        err = pt_news_read(txn, &server->news_lsn, news);
        pt_store_abort(txn);
    }
    return err;
}

/* The directory goes on with what came in, or is opened anew when it is needed. Who is revoked stands in office logs:
 * then sessions are looked at. */
static void follow(struct server *server, const struct pt_news *news)
{
    if (server->has_directory && directory_can_follow(&server->directory, news)) {
        enum pt_err err = directory_follow(&server->directory, server->office, news);
        server->has_directory = err == PT_OK;
    } else {
        server->has_directory = false;
    }
    if (!server->has_directory) {
        visits_check(server);
    }
}

void server_check_refilled(struct server *server)
{
    server->check_refilled = true;
}

/* Has everybody been heard that may have something of ours? */
static bool is_level(const struct server *server)
{
    char code[PT_OFFICE_CODE_BYTES_MAX + 1];
    bool refilling;
    if (server->upper != NULL) {
        return upper_is_level(server->upper);
    }
    return office_unheard(server->office, code, &refilling) == PT_OK && code[0] == '\0';
}

static void follow_refilling(struct server *server)
{
    bool look = server->check_refilled && server->office->refilling;
    server->check_refilled = false;
    if (look && is_level(server) && office_refilled(server->office, "heard") == PT_OK) {
        server->regions_return = true;
    }
    if (server->regions_return) {
        server->regions_return = false;
        visits_return(server);
    }
}

/* Once a turn of the loop, however many commits and sessions brought something in it. */
static void on_turn(uv_check_t *check)
{
    struct server *server = check->data;
    follow_refilling(server);
    if (!server->has_news) {
        return;
    }
    server->has_news = false;
    struct pt_news news = server->gathered;
    server->gathered = (struct pt_news){0};
    enum pt_err err = read_news(server, &news);
    if (err != PT_OK) {
        pt_log("news_failed", "why=%s", pt_err_name(err));
        server->has_news = true; /* again in the next turn */
    }
    follow(server, &news);
    visits_news(server, &news);
    upper_news(server->upper, &news);
    pt_news_close(&news);
}

static enum pt_err start_news(struct server *server)
{
    struct pt_txn *txn;
    struct pt_hash hash;
    (void)uv_check_init(&server->loop, &server->news_check);
    server->news_check.data = server;
    (void)uv_check_start(&server->news_check, on_turn);
    enum pt_err err = pt_store_begin_read(server->office->store, &txn);
    if (err == PT_OK) {
        err = pt_arrival_last(txn, &server->news_lsn, &hash);
        pt_store_abort(txn);
    }
    return err;
}

void server_grown(struct server *server, const struct pt_inbox *inbox)
{
    server->has_news = true;
    server->check_refilled = server->check_refilled || (inbox != NULL && inbox->has_delivered);
    server->gathered.blobs =
        server->gathered.blobs || inbox == NULL || inbox->has_text || inbox->files.whole || inbox->n_texts > 0;
    for (size_t i = 0; inbox != NULL && i < inbox->n_receipts; i++) {
        if (pt_news_add_receipt(&server->gathered, &inbox->receipts[i]) != PT_OK) {
            return; /* without memory the surveyors hear of it with their next sync */
        }
    }
}

static void on_writer_stopped(void *data)
{
    struct server *server = data;
    server->office->writer = NULL;
}

static void on_handle_closed(uv_handle_t *handle)
{
    (void)handle;
}

void server_part_ended(struct server *server)
{
    server->n_open--;
    if (server->n_open > 0) {
        return;
    }
    pt_writer_stop(server->office->writer, on_writer_stopped, server);
    uv_close((uv_handle_t *)&server->news_check, on_handle_closed);
    for (size_t i = 0; i < 2; i++) {
        uv_close((uv_handle_t *)&server->signals[i], on_handle_closed);
    }
}

static void on_listener_closed(void *data)
{
    server_part_ended(data);
}

static void stop(struct server *server)
{
    if (server->stopping) {
        return;
    }
    pt_log("stopping", "code=%s", server->office->code);
    server->stopping = true;
    atomic_store(&server->office->stopping, true);
    control_service_close(server);
    visits_close(server);
    upper_close(server->upper);
    pt_listener_close(server->listener, on_listener_closed, server);
}

void server_check_disk(struct server *server)
{
    struct pt_txn *txn;
    enum pt_err err = pt_store_begin_write(server->office->store, &txn);
    if (err == PT_OK) {
        pt_store_abort(txn);
    } else if (err == PT_EIO) {
        pt_log("disk_failed", "code=%s", server->office->code);
        server->disk_failed = true;
        stop(server);
    }
}

static void on_signal(uv_signal_t *handle, int number)
{
    (void)number;
    stop(handle->data);
}

static void on_conn(struct pt_conn *conn, void *data)
{
    struct server *server = data;
    if (strcmp(pt_conn_alpn(conn), PT_ALPN_ENROL) == 0) {
        enrol_accept(server, conn);
    } else {
        visit_accept(server, conn);
    }
}

static enum pt_err run_save_address(struct pt_txn *txn, struct pt_write_req *req)
{
    return pt_meta_put(txn, PT_META_ADDRESS, pt_bytes_str(req->data));
}

/* Keeps where codes send people: what the last `serve` listened on. It says that it serves when commands find it too.
 */
static enum pt_err announce(struct server *server, const char *host, struct pt_problem *problem)
{
    char address[PT_ADDRESS_BYTES_MAX + 1];
    const char *colon = strrchr(host, ':');
    int n = colon == NULL ? 0 : (int)(colon - host);
    (void)snprintf(address, sizeof address, "%.*s:%u", n, host, pt_listener_port(server->listener));
    enum pt_err err = pt_writer_call(server->office->writer, run_save_address, address, sizeof address);
    if (err == PT_OK) {
        err = control_service_start(server, problem);
    }
    if (err == PT_OK) {
        pt_log("serving", "address=%s code=%s role=%s", address, server->office->code,
               server->office->national ? "national" : "regional");
        pt_say_to(stderr, PT_MSG_OFFICE_SERVING, address, NULL);
    }
    return err;
}

static enum pt_err start_listening(struct server *server, const char *address, struct pt_problem *problem)
{
    struct pt_listener_options options = {
        .identity = server->identity,
        .alpns = {PT_ALPN_SYNC, PT_ALPN_ENROL, NULL},
        .on_conn = on_conn,
        .data = server,
    };
    enum pt_err err = pt_listener_start(&server->loop, address, &options, &server->listener, problem);
    if (err == PT_OK) {
        server->n_open++;
    }
    return err;
}

static void start_signals(struct server *server)
{
    static const int numbers[] = {SIGTERM, SIGINT};
    for (size_t i = 0; i < 2; i++) {
        (void)uv_signal_init(&server->loop, &server->signals[i]);
        server->signals[i].data = server;
        (void)uv_signal_start(&server->signals[i], on_signal, numbers[i]);
    }
}

static enum pt_err start(struct server *server, const char *address, struct pt_problem *problem)
{
    enum pt_err err = office_mark(server->office, problem);
    if (err == PT_OK) {
        err = pt_tls_identity_create(server->office->transport.secret_key, &server->identity);
    }
    if (err == PT_OK) {
        err = pt_writer_start(&server->loop, server->office->store, &server->office->writer);
    }
    if (err != PT_OK) {
        return err;
    }
    server->n_open = 1; /* this function's hold */
    start_signals(server);
    err = start_news(server);
    if (err == PT_OK) {
        err = start_listening(server, address, problem);
    }
    if (err == PT_OK) {
        err = announce(server, address, problem);
    }
    if (err == PT_OK && !server->office->national && server->office->joined) {
        err = upper_start(server);
    }
    server_check_refilled(server);
    if (err != PT_OK && server->listener != NULL) {
        stop(server);
    }
    server_part_ended(server);
    return err;
}

enum pt_err server_run(struct office *office, const char *address, struct pt_problem *problem)
{
    struct server server = {.office = office, .blob_ops = pt_blob_files(office->blobs)};
    if (uv_loop_init(&server.loop) != 0) {
        return PT_ENOMEM;
    }
    server.guard = enrol_guard_create();
    enum pt_err err = server.guard == NULL ? PT_ENOMEM : start(&server, address, problem);
    (void)uv_run(&server.loop, UV_RUN_DEFAULT);
    if (uv_loop_close(&server.loop) != 0) {
        pt_log("loop_busy", "%s", "");
    }
    pt_news_close(&server.gathered);
    directory_close(&server.directory);
    pt_tls_identity_destroy(server.identity);
    enrol_guard_destroy(server.guard);
    if (server.disk_failed) {
        return pt_problem_set(problem, PT_EIO, PT_MSG_STORE_BROKEN, office->dir, NULL);
    }
    if (err == PT_EDAMAGED && problem->msg == PT_MSG_NONE) {
        return pt_problem_set(problem, err, PT_MSG_STORE_DAMAGED, office->dir, NULL);
    }
    return pt_problem_default(problem, err, "serve");
}
