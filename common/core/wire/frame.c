#include "core/wire/frame.h"

#include "base/check.h"

#include <string.h>

void pt_frames_init(struct pt_frames *frames, size_t body_max)
{
    *frames = (struct pt_frames){.body_max = body_max};
}

void pt_frames_close(struct pt_frames *frames)
{
    pt_buf_free(&frames->body);
}

void pt_frames_wipe(struct pt_frames *frames)
{
    pt_buf_wipe(&frames->body);
}

static struct pt_bytes take(struct pt_bytes *input, size_t n_max)
{
    size_t n = input->n < n_max ? input->n : n_max;
    struct pt_bytes part = pt_bytes_of(input->data, n);
    if (n > 0) {
        input->data += n;
        input->n -= n;
    }
    return part;
}

static void next_frame_begins(struct pt_frames *frames)
{
    frames->head_n = 0;
    frames->body_bytes = 0;
}

/* Errors: NOTFOUND, LIMIT. */
static enum pt_err take_head(struct pt_frames *frames, struct pt_bytes *input)
{
    if (frames->head_n == sizeof frames->head) {
        return PT_OK;
    }
    struct pt_bytes part = take(input, sizeof frames->head - frames->head_n);
    if (part.n > 0) {
        memcpy(frames->head + frames->head_n, part.data, part.n);
        frames->head_n += part.n;
    }
    if (frames->head_n < sizeof frames->head) {
        return PT_ENOTFOUND;
    }
    struct pt_reader reader = pt_reader_on(pt_bytes_of(frames->head, sizeof frames->head));
    frames->body_bytes = pt_read_u32(&reader);
    return frames->body_bytes <= frames->body_max ? PT_OK : PT_ELIMIT;
}

enum pt_err pt_frames_next(struct pt_frames *frames, struct pt_bytes *input, struct pt_bytes *frame)
{
    if (frames->given) {
        pt_buf_clear(&frames->body);
        frames->given = false;
    }
    enum pt_err err = take_head(frames, input);
    if (err != PT_OK) {
        return err;
    }
    if (frames->body.n == 0 && input->n >= frames->body_bytes) {
        *frame = take(input, frames->body_bytes);
        next_frame_begins(frames);
        return PT_OK;
    }
    pt_buf_put_bytes(&frames->body, take(input, frames->body_bytes - frames->body.n));
    if (frames->body.err != PT_OK) {
        return frames->body.err;
    }
    if (frames->body.n < frames->body_bytes) {
        return PT_ENOTFOUND;
    }
    *frame = pt_buf_bytes(&frames->body);
    frames->given = true;
    next_frame_begins(frames);
    return PT_OK;
}

bool pt_frames_is_open(const struct pt_frames *frames)
{
    return frames->head_n > 0;
}

void pt_frame_put(struct pt_buf *out, struct pt_bytes body)
{
    PT_CHECK(body.n <= UINT32_MAX);
    pt_buf_put_u32(out, (uint32_t)body.n);
    pt_buf_put_bytes(out, body);
}
