/* control_service.c - commands that come through the socket, each on a worker thread.
 *
 *   1. on_request: the words are unpacked and the command queued for a worker thread.
 *   2. work: the command runs.
 *   3. after_work: output goes out in parts, the exit code last; on_drained goes on where the socket was full.
 *   4. on_done: freed.
 * The caller may leave at any point (on_done early): the command still ends, its output goes nowhere. */
#include "server.h"

#include "base/log.h"
#include "base/mem.h"
#include "commands/command.h"
#include "control.pb-c.h"
#include "core/wire/pack.h"
#include "core/wire/unpack.h"

#include <string.h>

#define REPLY_PART_BYTES (64 * 1024)

struct calling {
    struct server *server;
    struct pt_control_call *call; /* NULL once it is done */
    struct pt_arena arena;
    const Patuh__ControlRequest *request;
    struct command command;
    int exit;
    size_t out_at; /* how much of the command's output is queued */
    size_t err_at;
    uv_work_t work;
    bool working;
};

static void calling_free(struct calling *c)
{
    if (c->working || c->call != NULL) {
        return;
    }
    struct server *server = c->server;
    command_close(&c->command);
    pt_arena_wipe(&c->arena);
    pt_free(c);
    server_part_ended(server);
}

static enum pt_err send_message(struct calling *c, const Patuh__ControlReply *message)
{
    struct pt_arena arena;
    struct pt_bytes packed;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_pack(&message->base, &arena, &packed);
    if (err == PT_OK) {
        err = pt_control_send(c->call, packed);
    }
    pt_arena_close(&arena);
    return err;
}

/* What follows the first `at` bytes; false when nothing does. */
static bool next_part(const struct pt_buf *text, size_t at, ProtobufCBinaryData *part)
{
    if (at == text->n) {
        return false;
    }
    part->data = text->data + at;
    part->len = text->n - at < REPLY_PART_BYTES ? text->n - at : REPLY_PART_BYTES;
    return true;
}

static void send_rest(struct calling *c)
{
    enum pt_err err = PT_OK;
    bool ended = false;
    while (err == PT_OK && !ended) {
        Patuh__ControlReply message = PATUH__CONTROL_REPLY__INIT;
        message.has_out = next_part(&c->command.out, c->out_at, &message.out);
        message.has_err = !message.has_out && next_part(&c->command.err, c->err_at, &message.err);
        message.has_exit = !message.has_out && !message.has_err;
        message.exit = (uint32_t)c->exit;
        err = send_message(c, &message);
        if (err == PT_OK) {
            c->out_at += message.out.len;
            c->err_at += message.err.len;
            ended = message.has_exit;
        }
    }
    if (err != PT_EBUSY) { /* BUSY: on_drained goes on */
        pt_control_end(c->call);
    }
}

static void work(uv_work_t *work_req)
{
    struct calling *c = work_req->data;
    c->exit = command_run(&c->command, c->request->argument[0]);
    pt_wipe(c->request->input.data, c->request->input.len); /* a passphrase */
}

static void after_work(uv_work_t *work_req, int status)
{
    (void)status;
    struct calling *c = work_req->data;
    c->working = false;
    if (c->call != NULL) {
        send_rest(c);
    }
    if (!c->server->stopping) {
        server_grown(c->server, NULL);
    }
    calling_free(c);
}

static void start(struct calling *c)
{
    size_t n = c->request->n_argument;
    c->command = (struct command){
        .office = c->server->office,
        .folder = c->request->folder == NULL ? "/" : c->request->folder,
        .argc = (int)n - 1,
        .input = pt_bytes_of(c->request->input.data, c->request->input.len),
    };
    const char **words = pt_arena_zalloc(&c->arena, n, sizeof *words);
    for (size_t i = 1; words != NULL && i < n; i++) {
        words[i - 1] = c->request->argument[i];
    }
    c->command.argv = words;
    c->work.data = c;
    c->working = words != NULL && uv_queue_work(&c->server->loop, &c->work, work, after_work) == 0;
    if (!c->working) {
        pt_control_end(c->call);
    }
}

static void on_request(struct pt_control_call *call, struct pt_bytes request, void *data)
{
    struct server *server = data;
    struct calling *c = server->stopping ? NULL : pt_zalloc(sizeof *c);
    ProtobufCMessage *message;
    if (c == NULL) {
        pt_control_end(call);
        return;
    }
    c->server = server;
    c->call = call;
    server->n_open++;
    pt_arena_init(&c->arena, SIZE_MAX);
    pt_control_call_set_user(call, c);
    enum pt_err err = pt_unpack(&patuh__control_request__descriptor, request, &c->arena, &message);
    c->request = err == PT_OK ? (const Patuh__ControlRequest *)message : NULL;
    if (c->request == NULL || c->request->n_argument == 0) {
        pt_control_end(call);
        return;
    }
    pt_log("command", "name=%s", c->request->argument[0]);
    start(c);
}

static void on_drained(struct pt_control_call *call, void *data)
{
    (void)data;
    send_rest(pt_control_call_user(call));
}

static void on_done(struct pt_control_call *call, void *data)
{
    (void)data;
    struct calling *c = pt_control_call_user(call);
    if (c != NULL) {
        c->call = NULL;
        calling_free(c);
    }
}

static const struct pt_control_events control_events = {
    .on_request = on_request, .on_drained = on_drained, .on_done = on_done};

enum pt_err control_service_start(struct server *server, struct pt_problem *problem)
{
    char path[PATH_MAX + 16];
    (void)snprintf(path, sizeof path, "%s/control", server->office->dir);
    enum pt_err err = pt_control_start(&server->loop, path, &control_events, server, &server->control, problem);
    server->n_open += err == PT_OK;
    return err;
}

static void on_closed(void *data)
{
    server_part_ended(data);
}

void control_service_close(struct server *server)
{
    if (server->control != NULL) {
        pt_control_close(server->control, on_closed, server);
        server->control = NULL;
    }
}
