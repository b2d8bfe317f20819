#include "base/mem.h"
#include "core/limits.h"
#include "core/wire/frame.h"

#include <criterion/criterion.h>
#include <string.h>

/* Feed the stream in pieces of `step` bytes; every frame is appended to out as it was sent. */
static size_t split(struct pt_bytes stream, size_t step, struct pt_buf *out)
{
    struct pt_frames frames;
    pt_frames_init(&frames, PT_FRAME_BYTES_MAX);
    size_t n_frames = 0;
    for (size_t at = 0; at < stream.n; at += step) {
        size_t n = stream.n - at < step ? stream.n - at : step;
        uint8_t *piece = pt_alloc(n); /* exact size: reading past it is seen by the sanitizer */
        memcpy(piece, stream.data + at, n);
        struct pt_bytes input = pt_bytes_of(piece, n);
        struct pt_bytes frame;
        enum pt_err err;
        while ((err = pt_frames_next(&frames, &input, &frame)) == PT_OK) {
            pt_frame_put(out, frame);
            n_frames++;
        }
        cr_assert_eq(err, PT_ENOTFOUND);
        cr_assert_eq(input.n, 0);
        pt_free(piece);
    }
    cr_expect_not(pt_frames_is_open(&frames));
    pt_frames_close(&frames);
    return n_frames;
}

static void put_frames(struct pt_buf *stream, const size_t *sizes, size_t n_sizes)
{
    struct pt_buf body = {0};
    for (size_t i = 0; i < n_sizes; i++) {
        pt_buf_clear(&body);
        for (size_t k = 0; k < sizes[i]; k++) {
            pt_buf_put_u8(&body, (uint8_t)(k * 7 + i));
        }
        pt_frame_put(stream, pt_buf_bytes(&body));
    }
    pt_buf_free(&body);
}

Test(frame, splits_the_same_at_every_border)
{
    static const size_t sizes[] = {0, 1, 3, 4, 5, 300, 0, 0, 17};
    struct pt_buf stream = {0};
    struct pt_buf got = {0};
    put_frames(&stream, sizes, sizeof sizes / sizeof *sizes);
    for (size_t step = 1; step <= stream.n; step++) {
        pt_buf_clear(&got);
        cr_expect_eq(split(pt_buf_bytes(&stream), step, &got), sizeof sizes / sizeof *sizes, "step %zu", step);
        cr_expect(pt_bytes_eq(pt_buf_bytes(&got), pt_buf_bytes(&stream)), "step %zu", step);
    }
    pt_buf_free(&stream);
    pt_buf_free(&got);
    cr_expect_eq(pt_mem_alive(), 0);
}

Test(frame, splits_large_frames_in_reads_up_to_64_kib)
{
    static const size_t sizes[] = {PT_FRAME_BYTES_MAX, 1, PT_FRAME_BYTES_MAX - 1, 20000};
    static const size_t steps[] = {1, 2, 1023, 4096, 16384, 65535, 65536};
    struct pt_buf stream = {0};
    struct pt_buf got = {0};
    put_frames(&stream, sizes, sizeof sizes / sizeof *sizes);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        pt_buf_clear(&got);
        cr_expect_eq(split(pt_buf_bytes(&stream), steps[i], &got), 4, "step %zu", steps[i]);
        cr_expect(pt_bytes_eq(pt_buf_bytes(&got), pt_buf_bytes(&stream)), "step %zu", steps[i]);
    }
    pt_buf_free(&stream);
    pt_buf_free(&got);
}

Test(frame, refuses_a_length_before_allocating)
{
    static const struct {
        const char *head;
        size_t body_max;
        enum pt_err err;
    } rows[] = {
        {"\x00\x00\x04\x00", 1024, PT_ENOTFOUND}, {"\x00\x00\x04\x01", 1024, PT_ELIMIT},
        {"\xff\xff\xff\xff", 65536, PT_ELIMIT},   {"\x80\x00\x00\x00", 65536, PT_ELIMIT},
        {"\x00\x01\x00\x01", 65536, PT_ELIMIT},   {"\x00\x00\x00\x01", 0, PT_ELIMIT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pt_frames frames;
        pt_frames_init(&frames, rows[i].body_max);
        struct pt_bytes input = pt_bytes_of(rows[i].head, PT_FRAME_HEAD_BYTES);
        struct pt_bytes frame;
        cr_expect_eq(pt_frames_next(&frames, &input, &frame), rows[i].err, "row %zu", i);
        cr_expect_leq(frames.body.capacity, 64, "row %zu", i);
        pt_frames_close(&frames);
    }
}

Test(frame, limit_can_be_raised_between_frames)
{
    struct pt_buf stream = {0};
    static const size_t sizes[] = {10, 2000};
    put_frames(&stream, sizes, 2);
    struct pt_frames frames;
    pt_frames_init(&frames, 10);
    struct pt_bytes input = pt_buf_bytes(&stream);
    struct pt_bytes frame;
    cr_assert_eq(pt_frames_next(&frames, &input, &frame), PT_OK);
    frames.body_max = 2000;
    cr_assert_eq(pt_frames_next(&frames, &input, &frame), PT_OK);
    cr_expect_eq(frame.n, 2000);
    pt_frames_close(&frames);
    pt_buf_free(&stream);
}

Test(frame, open_frame_survives_no_memory)
{
    struct pt_frames frames;
    pt_frames_init(&frames, 100);
    struct pt_bytes input = pt_bytes_of("\0\0\0\x05"
                                        "ab",
                                        6);
    struct pt_bytes frame;
    pt_mem_fault_arm(0);
    cr_expect_eq(pt_frames_next(&frames, &input, &frame), PT_ENOMEM);
    pt_mem_fault_disarm();
    pt_frames_close(&frames);
    cr_expect_eq(pt_mem_alive(), 0);
}
