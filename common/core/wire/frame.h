/* frame.h - frames on a stream: a 4-byte big-endian length, then that many bytes (one protobuf message).
 *
 * The splitter takes a stream cut anywhere and gives whole frames. A length is compared with the maximum before
 * anything is allocated, so its memory never exceeds the maximum. Pure.
 * Thread: any one thread at a time.  Memory: lends frames, from the input or from its own buffer. */
#ifndef PT_FRAME_H
#define PT_FRAME_H

#include "base/bytes.h"

#define PT_FRAME_HEAD_BYTES 4

struct pt_frames {
    size_t body_max;    /* may be changed between two frames */
    struct pt_buf body; /* of an open frame whose bytes came in pieces */
    size_t body_bytes;  /* announced by the head; valid once the head is whole */
    uint8_t head[PT_FRAME_HEAD_BYTES];
    size_t head_n;
    bool given; /* the last frame was lent from body, which is reused by the next call */
};

void pt_frames_init(struct pt_frames *frames, size_t body_max);
void pt_frames_close(struct pt_frames *frames);
void pt_frames_wipe(struct pt_frames *frames); /* the same where frames held a secret */
/* Take bytes off the front of *input until a frame is whole. *frame is lent until the next call or until the input
 * goes. Errors: NOTFOUND (all input taken, more is needed), LIMIT (a longer frame than body_max was announced; the
 * stream cannot be used any more), NOMEM. */
enum pt_err pt_frames_next(struct pt_frames *frames, struct pt_bytes *input, struct pt_bytes *frame);
/* A frame has begun and is not whole. */
bool pt_frames_is_open(const struct pt_frames *frames);

/* Append head and body. A body that does not fit 32 bits is our own bug. */
void pt_frame_put(struct pt_buf *out, struct pt_bytes body);

#endif
