/* fuzz_frame.c - the splitter gives the same frames wherever the stream is cut; the first byte says where. */
#include "base/check.h"
#include "core/wire/frame.h"

#define BODY_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static enum pt_err split(struct pt_bytes stream, size_t step, struct pt_buf *out)
{
    struct pt_frames frames;
    pt_frames_init(&frames, BODY_MAX);
    enum pt_err err = PT_ENOTFOUND;
    for (size_t at = 0; at < stream.n && err == PT_ENOTFOUND; at += step) {
        size_t left = stream.n - at;
        struct pt_bytes input = pt_bytes_of(stream.data + at, left < step ? left : step);
        struct pt_bytes frame;
        while ((err = pt_frames_next(&frames, &input, &frame)) == PT_OK) {
            PT_CHECK(frame.n <= BODY_MAX);
            pt_frame_put(out, frame);
        }
    }
    pt_frames_close(&frames);
    return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n < 2) {
        return 0;
    }
    struct pt_bytes stream = pt_bytes_of(data + 1, n - 1);
    struct pt_buf whole = {0};
    struct pt_buf pieces = {0};
    enum pt_err err = split(stream, stream.n, &whole);
    PT_CHECK(split(stream, (size_t)data[0] + 1, &pieces) == err);
    PT_CHECK(pt_bytes_eq(pt_buf_bytes(&whole), pt_buf_bytes(&pieces)));
    PT_CHECK(whole.n <= stream.n);
    pt_buf_free(&whole);
    pt_buf_free(&pieces);
    return 0;
}
