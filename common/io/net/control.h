/* control.h - commands to a running server: a Unix-domain socket (mode 0600) that carries one request frame and a
 * stream of reply frames.
 *
 * What the frames say is not known here. Frames as in frame.h; the reply stream ends with an empty frame, so that a
 * server that dies is told from one that is done.
 * Thread: the server side belongs to the loop's; pt_control_call blocks its thread. */
#ifndef PT_CONTROL_H
#define PT_CONTROL_H

#include "base/problem.h"

struct uv_loop_s;
struct pt_control;
struct pt_control_call;

#define PT_CONTROL_FRAME_BYTES_MAX 1048576
#define PT_CONTROL_QUEUE_BYTES_HIGH 1048576
#define PT_CONTROL_CALLS_MAX 64
#define PT_CONTROL_REQUEST_MS 20000 /* to send the request in */

struct pt_control_events {
    /* A request is whole; lent. Replies may be sent now or later. */
    void (*on_request)(struct pt_control_call *call, struct pt_bytes request, void *data);
    /* The replies are out and below half of the high water again. May be NULL. */
    void (*on_drained)(struct pt_control_call *call, void *data);
    /* Exactly once for every on_request, after pt_control_end or when the client is gone; the call is freed when it
     * returns. */
    void (*on_done)(struct pt_control_call *call, void *data);
};

/* Listen on the path; a socket left behind by a dead server is replaced. Errors: BUSY (a server answers there),
 * INVALID (path too long), IO, each with a sentence; NOMEM. */
enum pt_err pt_control_start(struct uv_loop_s *loop, const char *path, const struct pt_control_events *events,
                             void *data, struct pt_control **out, struct pt_problem *problem);
/* Stop listening, remove the socket, drop calls that are under way (each gets on_done); on_closed (may be NULL) runs
 * once at the end. */
void pt_control_close(struct pt_control *control, void (*on_closed)(void *data), void *data);

/* Queue one reply frame, not empty; copies. Errors: BUSY (high water: wait for on_drained), CLOSED (the client is gone
 * or the call was ended), NOMEM (the call is dropped). */
enum pt_err pt_control_send(struct pt_control_call *call, struct pt_bytes reply);
/* No more replies; on_done follows when they are out. */
void pt_control_end(struct pt_control_call *call);
/* A pointer of the owner's for this call. */
void pt_control_call_set_user(struct pt_control_call *call, void *user);
void *pt_control_call_user(const struct pt_control_call *call);

/* Does a server listen there? Nothing is asked of it. */
bool pt_control_answers(const char *path);
/* Client: send the request and hand out every reply until the stream ends. on_reply returns PT_OK to go on; any other
 * value ends the call and is returned. Errors: NOTFOUND (no server runs there; no sentence), CLOSED (the server died
 * meanwhile; sentence), INVALID, IO (sentence). */
enum pt_err pt_control_call_run(const char *path, struct pt_bytes request,
                                enum pt_err (*on_reply)(struct pt_bytes reply, void *data), void *data,
                                struct pt_problem *problem);

#endif
