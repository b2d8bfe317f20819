/* Bytes of a connection. In, when all goes well:
 *   1. on_read gives ciphertext to TLS; the handshake goes on until it is open.
 *   2. deliver reads plaintext and hands out frames, at most PT_FRAMES_PER_TURN.
 *   3. What is left waits: for the next turn of the loop, for the owner (paused), or for the queue (throttled); until
 *      it is delivered the socket is not read, so the peer waits too.
 * Out: frames gather as plaintext while a write is under way, then leave as few TLS records as possible in one write.
 * What can go wrong: bad bytes and refusals (finish: the alert still goes out), the stream ends early (abort). */
#include "io/net/conn_internal.h"

#include "base/mem.h"

#include <string.h>

#define READ_BYTES 65536
#define PLAIN_BYTES 16384 /* the largest TLS record */

/* libuv asks for it and gives it back filled before it does anything else, so one a thread is enough. */
static _Thread_local uint8_t read_bytes[READ_BYTES];

/* --- out --- */

size_t pt_conn_queued(const struct pt_conn *conn)
{
    return conn->plain_out.n + conn->cipher_out.n + conn->tcp.write_queue_size;
}

/* A buffer that has grown in a busy moment gives its memory back. */
static void clear(struct pt_buf *buf)
{
    if (buf->capacity > PT_QUEUE_BYTES_HIGH) {
        pt_buf_free(buf);
    } else {
        pt_buf_clear(buf);
    }
}

static enum pt_err encrypt(struct pt_conn *conn)
{
    enum pt_err err = PT_OK;
    if (conn->plain_out.n > 0) {
        err = pt_tls_write(conn->tls, pt_buf_bytes(&conn->plain_out));
        clear(&conn->plain_out);
    }
    if (conn->state == CONN_FLUSHING) {
        pt_tls_close(conn->tls);
    }
    enum pt_err drained = pt_tls_drain(conn->tls, &conn->cipher_out);
    return err != PT_OK ? err : drained;
}

static void unthrottle(struct pt_conn *conn)
{
    if (!conn->throttled || pt_conn_queued(conn) > PT_QUEUE_BYTES_LOW) {
        return;
    }
    conn->throttled = false;
    if (conn->state == CONN_OPEN && conn->events.on_drained != NULL) {
        conn->corked = true;
        conn->events.on_drained(conn, conn->data);
        conn->corked = false;
    }
}

static void on_written(uv_write_t *write, int status)
{
    struct pt_conn *conn = write->handle->data;
    conn->writing = false;
    clear(&conn->in_flight);
    if (conn->state == CONN_ENDING) {
        return;
    }
    if (status < 0) {
        pt__conn_abort(conn, pt_uv_err(status));
        return;
    }
    unthrottle(conn);
    pt__conn_flush(conn);
    pt__conn_update_reading(conn);
}

static void on_shutdown(uv_shutdown_t *shutdown, int status)
{
    struct pt_conn *conn = shutdown->handle->data;
    if (status < 0 && conn->state == CONN_LINGERING) {
        pt__conn_abort(conn, conn->why);
    }
}

/* Everything is out: shut our half and wait for the peer's end, unless we have seen it. */
static void shut_down(struct pt_conn *conn)
{
    conn->state = CONN_LINGERING;
    pt__clock_set(conn, CLOCK_STATE, conn->clocks.linger_ms);
    bool peer_ended = conn->eof || pt_tls_peer_closed(conn->tls);
    if (peer_ended || uv_shutdown(&conn->shutdown, (uv_stream_t *)&conn->tcp, on_shutdown) != 0) {
        pt__conn_abort(conn, conn->why);
    }
}

static void write_out(struct pt_conn *conn)
{
    struct pt_buf swap = conn->in_flight;
    conn->in_flight = conn->cipher_out;
    conn->cipher_out = swap;
    uv_buf_t part = uv_buf_init((char *)conn->in_flight.data, (unsigned)conn->in_flight.n);
    conn->writing = true;
    conn->bytes_handed += conn->in_flight.n;
    int code = uv_write(&conn->write, (uv_stream_t *)&conn->tcp, &part, 1, on_written);
    if (code < 0) {
        conn->writing = false;
        conn->bytes_handed -= conn->in_flight.n;
        pt__conn_abort(conn, pt_uv_err(code));
    }
}

void pt__conn_flush(struct pt_conn *conn)
{
    bool writes = conn->state == CONN_HANDSHAKE || conn->state == CONN_OPEN || conn->state == CONN_FLUSHING;
    if (!writes || conn->writing || conn->corked) {
        return;
    }
    enum pt_err err = encrypt(conn);
    if (err != PT_OK) {
        pt__conn_abort(conn, err);
    } else if (conn->cipher_out.n > 0) {
        write_out(conn);
    } else if (conn->state == CONN_FLUSHING) {
        shut_down(conn);
    }
    pt__clock_stall(conn);
}

/* An accepted connection is not read while it is throttled; one that we made always is. So of two ends with full queues
 * one still reads, and they cannot wait for each other for ever. */
static void hold_back(struct pt_conn *conn)
{
    if (!conn->we_made_it) {
        conn->has_more = true; /* TLS may hold read bytes; the turn after the queue has drained looks */
        pt__clock_progress(conn);
        pt__conn_update_reading(conn);
    }
}

enum pt_err pt_conn_send(struct pt_conn *conn, struct pt_bytes frame)
{
    if (conn->state != CONN_OPEN) {
        return PT_ECLOSED;
    }
    if (pt_conn_queued(conn) >= PT_QUEUE_BYTES_MAX) {
        return PT_EBUSY;
    }
    pt_frame_put(&conn->plain_out, frame);
    if (conn->plain_out.err != PT_OK) {
        pt__conn_abort(conn, PT_ENOMEM);
        return PT_ENOMEM;
    }
    if (pt_conn_queued(conn) > PT_QUEUE_BYTES_HIGH && !conn->throttled) {
        conn->throttled = true;
        hold_back(conn);
    }
    pt__conn_flush(conn);
    return PT_OK;
}

/* --- in --- */

static bool may_deliver(const struct pt_conn *conn)
{
    return conn->state == CONN_OPEN && !conn->paused && (!conn->throttled || conn->we_made_it);
}

/* Hand out the whole frames of input while allowed. */
static void deliver_frames(struct pt_conn *conn, struct pt_bytes *input, unsigned *n_left)
{
    while (may_deliver(conn) && *n_left > 0) {
        struct pt_bytes frame;
        enum pt_err err = pt_frames_next(&conn->frames, input, &frame);
        if (err == PT_ENOTFOUND) {
            return;
        }
        if (err != PT_OK) {
            pt__conn_finish(conn, err);
            return;
        }
        conn->n_frames++;
        *n_left -= 1;
        conn->events.on_frame(conn, frame, conn->data);
    }
}

static void deliver_rest(struct pt_conn *conn, unsigned *n_left)
{
    struct pt_bytes input = pt_bytes_of(conn->rest.data + conn->rest_at, conn->rest.n - conn->rest_at);
    deliver_frames(conn, &input, n_left);
    conn->rest_at = conn->rest.n - input.n;
    if (input.n == 0) {
        pt_buf_clear(&conn->rest);
        conn->rest_at = 0;
    }
}

static void keep_rest(struct pt_conn *conn, struct pt_bytes input)
{
    pt_buf_put_bytes(&conn->rest, input);
    if (conn->rest.err != PT_OK) {
        pt__conn_abort(conn, PT_ENOMEM);
    }
}

static void deliver(struct pt_conn *conn)
{
    uint8_t part[PLAIN_BYTES];
    unsigned n_left = PT_FRAMES_PER_TURN;
    if (conn->rest.n > 0) {
        deliver_rest(conn, &n_left);
    }
    while (may_deliver(conn) && n_left > 0 && conn->rest.n == 0) {
        size_t n;
        enum pt_err err = pt_tls_read(conn->tls, part, sizeof part, &n);
        if (err != PT_OK) {
            pt__conn_finish(conn, err == PT_ECLOSED ? PT_OK : err);
            return;
        }
        if (n == 0) {
            conn->has_more = false;
            return;
        }
        struct pt_bytes input = pt_bytes_of(part, n);
        deliver_frames(conn, &input, &n_left);
        if (input.n > 0 && conn->state == CONN_OPEN) {
            keep_rest(conn, input);
        }
    }
    conn->has_more = true;
}

/* Everything that one event causes to be written leaves in one write. */
static void deliver_corked(struct pt_conn *conn)
{
    conn->corked = true;
    deliver(conn);
    conn->corked = false;
    pt__conn_flush(conn);
    pt__clock_progress(conn);
    pt__conn_update_reading(conn);
}

static void on_turn(uv_idle_t *turn)
{
    deliver_corked(turn->data);
}

static void on_ciphertext(struct pt_conn *conn, struct pt_bytes ciphertext)
{
    conn->bytes_in += ciphertext.n;
    if (conn->state != CONN_HANDSHAKE && conn->state != CONN_OPEN) {
        return; /* we are at the end: read only so that our last words are not reset */
    }
    enum pt_err err = pt_tls_feed(conn->tls, ciphertext);
    if (err != PT_OK) {
        pt__conn_finish(conn, err);
        return;
    }
    if (conn->state == CONN_HANDSHAKE && pt_tls_is_open(conn->tls)) {
        conn->corked = true;
        pt__conn_opened(conn);
        conn->corked = false;
    }
    deliver_corked(conn);
}

static void on_stream_end(struct pt_conn *conn, int code)
{
    conn->eof = true;
    if (conn->state == CONN_LINGERING) {
        pt__conn_abort(conn, conn->why);
    } else if (conn->state == CONN_FLUSHING && code == UV_EOF) {
        pt__conn_update_reading(conn);
    } else {
        pt__conn_abort(conn, pt_uv_err(code));
    }
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *part)
{
    struct pt_conn *conn = stream->data;
    if (n < 0) {
        on_stream_end(conn, (int)n);
    } else if (n > 0) {
        on_ciphertext(conn, pt_bytes_of(part->base, (size_t)n));
    }
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *part)
{
    (void)handle;
    (void)suggested;
    *part = uv_buf_init((char *)read_bytes, sizeof read_bytes);
}

static bool wants_bytes(const struct pt_conn *conn)
{
    switch (conn->state) {
    case CONN_HANDSHAKE:
        return true;
    case CONN_OPEN:
        return may_deliver(conn) && !conn->has_more;
    case CONN_FLUSHING:
    case CONN_LINGERING:
        return !conn->eof;
    case CONN_RESOLVING:
    case CONN_CONNECTING:
    case CONN_ENDING:
        break;
    }
    return false;
}

void pt__conn_update_reading(struct pt_conn *conn)
{
    if (conn->state == CONN_ENDING) {
        return;
    }
    if (may_deliver(conn) && conn->has_more) {
        (void)uv_idle_start(&conn->turn, on_turn);
    } else {
        (void)uv_idle_stop(&conn->turn);
    }
    bool wants = wants_bytes(conn);
    if (wants == conn->reading) {
        return;
    }
    conn->reading = wants;
    int code =
        wants ? uv_read_start((uv_stream_t *)&conn->tcp, on_alloc, on_read) : uv_read_stop((uv_stream_t *)&conn->tcp);
    if (code < 0) {
        pt__conn_abort(conn, pt_uv_err(code));
    }
}
