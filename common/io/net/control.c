/* Server side of the control socket. One call is one connection:
 *   READING (the request) -> REPLYING (on_request was called) -> CLOSING -> freed.
 * What can go wrong: no or a bad request (CLOSING, nobody is told), the client leaves (CLOSING, on_done). */
#include "io/net/control.h"

#include "base/check.h"
#include "base/mem.h"
#include "core/wire/frame.h"
#include "io/net/address.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#define READ_BYTES 16384

struct pt_control {
    uv_loop_t *loop;
    uv_pipe_t pipe;
    struct pt_control_events events;
    void *data;
    struct pt_control_call *calls;
    struct pt_control_call *spare; /* always there: a connection that libuv cannot hand over would stop the listener */
    unsigned n_calls;
    bool closing;
    bool pipe_closed;
    void (*on_closed)(void *data);
    void *closed_data;
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

enum call_state { CALL_READING, CALL_REPLYING, CALL_CLOSING };

struct pt_control_call {
    enum call_state state;
    struct pt_control *control;
    struct pt_control_call *next;
    void *user;
    uv_pipe_t pipe;
    uv_timer_t timer; /* for the request */
    uv_write_t write;
    unsigned n_open; /* handles */
    struct pt_frames frames;
    struct pt_buf out;
    struct pt_buf in_flight;
    bool writing;
    bool ended;
    bool full;  /* high water was reached */
    bool asked; /* on_request was called, so on_done is owed */
    uint8_t part[READ_BYTES];
};

/* --- the end of a call and of all --- */

static void free_when_closed(struct pt_control *control)
{
    if (!control->pipe_closed || control->calls != NULL) {
        return;
    }
    if (control->on_closed != NULL) {
        control->on_closed(control->closed_data);
    }
    pt_free(control->spare);
    pt_free(control);
}

static void forget(struct pt_control_call *call)
{
    struct pt_control_call **at = &call->control->calls;
    while (*at != call) {
        at = &(*at)->next;
    }
    *at = call->next;
    call->control->n_calls--;
}

/* Requests carry passphrases. */
static void wipe_request(struct pt_control_call *call)
{
    pt_frames_wipe(&call->frames);
    pt_wipe(call->part, sizeof call->part);
}

static void on_call_handle_closed(uv_handle_t *handle)
{
    struct pt_control_call *call = handle->data;
    struct pt_control *control = call->control;
    if (--call->n_open > 0) {
        return;
    }
    if (call->asked) {
        control->events.on_done(call, control->data);
    }
    forget(call);
    wipe_request(call);
    pt_buf_free(&call->out);
    pt_buf_free(&call->in_flight);
    if (control->spare == NULL) {
        control->spare = call;
    } else {
        pt_free(call);
    }
    free_when_closed(control);
}

static void call_close(struct pt_control_call *call)
{
    if (call->state == CALL_CLOSING) {
        return;
    }
    call->state = CALL_CLOSING;
    uv_close((uv_handle_t *)&call->pipe, on_call_handle_closed);
    uv_close((uv_handle_t *)&call->timer, on_call_handle_closed);
}

/* --- replies --- */

static void flush(struct pt_control_call *call);

static void on_written(uv_write_t *write, int status)
{
    struct pt_control_call *call = write->handle->data;
    call->writing = false;
    pt_buf_clear(&call->in_flight);
    if (call->state == CALL_CLOSING) {
        return;
    }
    if (status < 0) {
        call_close(call);
        return;
    }
    if (call->full && call->out.n <= PT_CONTROL_QUEUE_BYTES_HIGH / 2) {
        call->full = false;
        if (!call->ended && call->control->events.on_drained != NULL) {
            call->control->events.on_drained(call, call->control->data);
        }
    }
    flush(call);
}

static void flush(struct pt_control_call *call)
{
    if (call->writing || call->state != CALL_REPLYING) {
        return;
    }
    if (call->out.n == 0) {
        if (call->ended) {
            call_close(call);
        }
        return;
    }
    struct pt_buf swap = call->in_flight;
    call->in_flight = call->out;
    call->out = swap;
    uv_buf_t part = uv_buf_init((char *)call->in_flight.data, (unsigned)call->in_flight.n);
    call->writing = true;
    if (uv_write(&call->write, (uv_stream_t *)&call->pipe, &part, 1, on_written) < 0) {
        call->writing = false;
        call_close(call);
    }
}

static enum pt_err queue(struct pt_control_call *call, struct pt_bytes frame)
{
    pt_frame_put(&call->out, frame);
    if (call->out.err != PT_OK) {
        call_close(call);
        return PT_ENOMEM;
    }
    flush(call);
    return PT_OK;
}

enum pt_err pt_control_send(struct pt_control_call *call, struct pt_bytes reply)
{
    if (call->state != CALL_REPLYING || call->ended) {
        return PT_ECLOSED;
    }
    if (call->out.n >= PT_CONTROL_QUEUE_BYTES_HIGH) {
        call->full = true;
        return PT_EBUSY;
    }
    return queue(call, reply);
}

void pt_control_end(struct pt_control_call *call)
{
    if (call->state == CALL_REPLYING && !call->ended) {
        call->ended = true;
        (void)!queue(call, (struct pt_bytes){0});
    }
}

void pt_control_call_set_user(struct pt_control_call *call, void *user)
{
    call->user = user;
}

void *pt_control_call_user(const struct pt_control_call *call)
{
    return call->user;
}

/* --- the request --- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *part)
{
    (void)suggested;
    struct pt_control_call *call = handle->data;
    *part = uv_buf_init((char *)call->part, sizeof call->part);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *part)
{
    struct pt_control_call *call = stream->data;
    if (n < 0 || (n > 0 && call->state == CALL_REPLYING)) {
        call_close(call); /* the client left, or says more than one request */
        return;
    }
    struct pt_bytes input = pt_bytes_of(part->base, (size_t)n);
    struct pt_bytes request;
    enum pt_err err = pt_frames_next(&call->frames, &input, &request);
    if (err == PT_ENOTFOUND) {
        return;
    }
    if (err != PT_OK || input.n > 0) {
        call_close(call);
        return;
    }
    call->state = CALL_REPLYING;
    call->asked = true;
    (void)uv_timer_stop(&call->timer);
    call->control->events.on_request(call, request, call->control->data);
    wipe_request(call);
}

static void on_timer(uv_timer_t *timer)
{
    call_close(timer->data);
}

static void call_begin(struct pt_control *control, struct pt_control_call *call)
{
    *call = (struct pt_control_call){.control = control, .next = control->calls, .n_open = 2};
    control->calls = call;
    control->n_calls++;
    pt_frames_init(&call->frames, PT_CONTROL_FRAME_BYTES_MAX);
    (void)uv_pipe_init(control->loop, &call->pipe, 0);
    (void)uv_timer_init(control->loop, &call->timer);
    call->pipe.data = call;
    call->timer.data = call;
}

static void on_connection(uv_stream_t *server, int status)
{
    struct pt_control *control = server->data;
    if (status < 0) {
        return; /* no descriptor: libuv has dropped the client and goes on */
    }
    struct pt_control_call *call = control->spare;
    PT_CHECK(call != NULL);
    control->spare = pt_alloc(sizeof *call);
    call_begin(control, call);
    bool taken = uv_accept(server, (uv_stream_t *)&call->pipe) == 0;
    /* Without a new spare this client is dropped at once, and its memory is the spare again. */
    if (!taken || control->spare == NULL || control->n_calls > PT_CONTROL_CALLS_MAX ||
        uv_read_start((uv_stream_t *)&call->pipe, on_alloc, on_read) != 0) {
        call_close(call);
        return;
    }
    (void)uv_timer_start(&call->timer, on_timer, PT_CONTROL_REQUEST_MS, 0);
}

/* --- the listening socket --- */

static bool somebody_answers(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return false;
    }
    bool answers = connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;
    (void)close(fd);
    return answers;
}

/* Nobody else may connect, not even between bind and chmod. */
static int bind_private(struct pt_control *control)
{
    mode_t before = umask(S_IXUSR | S_IRWXG | S_IRWXO);
    int code = uv_pipe_bind(&control->pipe, control->path);
    (void)umask(before);
    return code < 0 ? code : uv_listen((uv_stream_t *)&control->pipe, PT_CONTROL_CALLS_MAX, on_connection);
}

static void on_pipe_closed(uv_handle_t *handle)
{
    struct pt_control *control = handle->data;
    control->pipe_closed = true;
    free_when_closed(control);
}

static enum pt_err check_path(const char *path, struct pt_problem *problem)
{
    size_t n_max = sizeof((struct pt_control *)0)->path - 1;
    if (strlen(path) > n_max) {
        char most[24];
        (void)snprintf(most, sizeof most, "%zu", n_max);
        return pt_problem_set(problem, PT_EINVALID, PT_MSG_CONTROL_PATH_LONG, path, most, NULL);
    }
    return somebody_answers(path) ? pt_problem_set(problem, PT_EBUSY, PT_MSG_CONTROL_IN_USE, path, NULL) : PT_OK;
}

enum pt_err pt_control_start(struct uv_loop_s *loop, const char *path, const struct pt_control_events *events,
                             void *data, struct pt_control **out, struct pt_problem *problem)
{
    enum pt_err err = check_path(path, problem);
    if (err != PT_OK) {
        return err;
    }
    struct pt_control *control = pt_zalloc(sizeof *control);
    struct pt_control_call *spare = pt_alloc(sizeof *spare);
    if (control == NULL || spare == NULL) {
        pt_free(control);
        pt_free(spare);
        return PT_ENOMEM;
    }
    control->spare = spare;
    pt_sigpipe_ignore();
    memcpy(control->path, path, strlen(path) + 1);
    control->loop = loop;
    control->events = *events;
    control->data = data;
    (void)uv_pipe_init(loop, &control->pipe, 0);
    control->pipe.data = control;
    (void)unlink(path); /* of a server that died */
    int code = bind_private(control);
    if (code < 0) {
        control->closing = true;
        uv_close((uv_handle_t *)&control->pipe, on_pipe_closed);
        return pt_problem_set(problem, PT_EIO, PT_MSG_CONTROL_OPEN, path, uv_strerror(code), NULL);
    }
    *out = control;
    return PT_OK;
}

void pt_control_close(struct pt_control *control, void (*on_closed)(void *data), void *data)
{
    if (control->closing) {
        return;
    }
    control->closing = true;
    control->on_closed = on_closed;
    control->closed_data = data;
    uv_close((uv_handle_t *)&control->pipe, on_pipe_closed); /* libuv removes the file */
    for (struct pt_control_call *call = control->calls; call != NULL; call = call->next) {
        call_close(call);
    }
}
