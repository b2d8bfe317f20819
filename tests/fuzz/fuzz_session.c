/* fuzz_session.c - frames of a peer, to either side of a session. The first byte says which world and which side; then
 * come frames with their lengths, as on a connection. The promises of world.h hold whatever comes. */
#include "base/mem.h"
#include "session_cases.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0) {
        return 0;
    }
    struct world *w = session_case((data[0] >> 1) % SESSION_CASES);
    struct world_link *link = world_connect(w, &w->node[2], &w->node[1], false);
    struct pt_bytes input = pt_bytes_of(data + 1, n - 1);
    struct pt_bytes frame;
    struct pt_frames frames;
    pt_frames_init(&frames, PT_FRAME_BYTES_MAX);
    while (pt_frames_next(&frames, &input, &frame) == PT_OK) {
        world_feed(link, data[0] & 1, frame);
    }
    pt_frames_close(&frames);
    w->quick = false;
    world_check_node(&w->node[1]);
    world_check_node(&w->node[2]);
    world_destroy(w);
    return 0;
}
