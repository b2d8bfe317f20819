/* make_session_corpus.c - writes corpus/session: what either side of a real session says. Run it when the wire or what
 * sessions say has changed: make_session_corpus tests/fuzz/corpus/session */
#include "session_cases.h"

#include "base/check.h"

#include <stdio.h>

static int write_file(const char *path, unsigned which, unsigned side, const struct pt_buf *said)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        perror(path);
        return 1;
    }
    bool good = fputc((int)(which << 1 | side), file) != EOF && fwrite(said->data, 1, said->n, file) == said->n;
    good = fclose(file) == 0 && good;
    return good ? 0 : 1;
}

static int save(const char *folder, unsigned which, unsigned side, const struct pt_buf *said)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/case%u-%s", folder, which, side == 1 ? "from-device" : "from-region");
    return write_file(path, which, side, said);
}

/* The Hello of case 1 alone, with another clock in it. */
static int save_hello(const char *path, int64_t wall_ms)
{
    struct pt_buf said = {0};
    struct pt_buf changed = {0};
    struct pt_frames frames;
    struct pt_bytes frame;
    struct world *w = session_case(1);
    w->record[0] = &said;
    (void)world_connect(w, &w->node[2], &w->node[1], false);
    struct pt_bytes input = pt_buf_bytes(&said);
    pt_frames_init(&frames, PT_FRAME_BYTES_MAX);
    PT_CHECK(pt_frames_next(&frames, &input, &frame) == PT_OK);
    Patuh__Frame *message = patuh__frame__unpack(NULL, frame.n, frame.data);
    PT_CHECK(message != NULL && message->hello != NULL);
    message->hello->wall_ms = wall_ms;
    uint8_t bytes[4096];
    PT_CHECK(patuh__frame__get_packed_size(message) <= sizeof bytes);
    pt_frame_put(&changed, pt_bytes_of(bytes, patuh__frame__pack(message, bytes)));
    patuh__frame__free_unpacked(message, NULL);
    int failed = write_file(path, 1, 1, &changed);
    world_destroy(w);
    pt_frames_close(&frames);
    pt_buf_free(&said);
    pt_buf_free(&changed);
    return failed;
}

static int save_clocks(const char *folder)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/clock-least", folder);
    int failed = save_hello(path, INT64_MIN);
    (void)snprintf(path, sizeof path, "%s/clock-most", folder);
    return failed + save_hello(path, INT64_MAX);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    int failed = save_clocks(argv[1]);
    for (unsigned which = 0; which < SESSION_CASES; which++) {
        struct pt_buf said[2] = {0};
        struct world *w = session_case(which);
        w->record[0] = &said[0];
        w->record[1] = &said[1];
        (void)world_sync(w, &w->node[2], &w->node[1]);
        failed += save(argv[1], which, 1, &said[0]) + save(argv[1], which, 0, &said[1]);
        world_destroy(w);
        pt_buf_free(&said[0]);
        pt_buf_free(&said[1]);
    }
    return failed == 0 ? 0 : 1;
}
