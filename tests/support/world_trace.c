/* world_trace.c - what is noted of everything that happens: lines for people, a hash, and what frames promise. */
#include "support/world.h"

#include "base/check.h"
#include "core/wire/unpack.h"

#include <string.h>

size_t world_link_number(const struct world *w, const struct world_link *link)
{
    return (size_t)(link - w->link);
}

#define TRACE_KEPT ((size_t)64 * 1024)

void world_trace_bytes(struct world *w, struct pt_bytes bytes)
{
    for (size_t i = 0; i < bytes.n; i++) { /* FNV-1a */
        w->trace_hash = (w->trace_hash ^ bytes.data[i]) * 0x100000001b3u;
    }
}

void world_trace(struct world *w, const char *format, ...)
{
    va_list args;
    if (w->trace.n > 8 * TRACE_KEPT) {
        memmove(w->trace.data, w->trace.data + w->trace.n - TRACE_KEPT, TRACE_KEPT + 1);
        w->trace.n = TRACE_KEPT;
    }
    size_t from = w->trace.n;
    pt_buf_printf(&w->trace, "%lld ", (long long)w->now_ms);
    va_start(args, format);
    pt_buf_vprintf(&w->trace, format, args);
    va_end(args);
    PT_CHECK(w->trace.err == PT_OK);
    world_trace_bytes(w, pt_bytes_of(w->trace.data + from, w->trace.n - from));
}

/* --- frames --- */

static const char *frame_kind(const Patuh__Frame *frame, size_t *number)
{
    static const char *const names[] = {"?",       "Hello",   "Welcome", "Chunks",   "Receipt",
                                        "Gap",     "Heads",   "Want",    "BlobWant", "BlobPart",
                                        "Settled", "Failure", "Enrol",   "Enrol",    "BlobOffer"};
    const void *const fields[] = {
        NULL,           frame->hello,   frame->welcome,       frame->chunks,       frame->receipt,
        frame->gap,     frame->heads,   frame->want,          frame->blob_want,    frame->blob_part,
        frame->settled, frame->failure, frame->enrol_request, frame->enrol_answer, frame->blob_offer};
    *number = 0;
    for (size_t i = 1; i < sizeof fields / sizeof fields[0]; i++) {
        if (fields[i] != NULL) {
            *number = i;
        }
    }
    return names[*number];
}

void world_watch_frame(struct world_link *link, int side, struct pt_bytes bytes, bool leaving)
{
    struct world *w = link->node[0]->world;
    struct pt_arena arena;
    ProtobufCMessage *message;
    size_t kind;
    pt_arena_init(&arena, SIZE_MAX);
    PT_CHECK(pt_unpack(&patuh__frame__descriptor, bytes, &arena, &message) == PT_OK);
    const Patuh__Frame *frame = (const Patuh__Frame *)message;
    const char *name = frame_kind(frame, &kind);
    if (leaving) {
        world_trace(w, "link %zu: node %zu sends %s, %zu bytes\n", world_link_number(w, link),
                    world_number(link->node[side]), name, bytes.n);
        world_trace_bytes(w, bytes);
        link->n_kind[side][kind]++;
    }
    bool gives = frame->chunks != NULL || (frame->blob_part != NULL && frame->blob_part->total > 0);
    if (leaving && side == 1 && gives) {
        world_expect(w, !link->node[1]->refilling, "an office gives while it is being refilled");
    }
    if (leaving && frame->receipt != NULL && side == 1) {
        struct pt_signature signature;
        memcpy(signature.b, frame->receipt->signature.data, sizeof signature.b);
        world_note_receipt(link->node[1], pt_bytes_of(frame->receipt->body.data, frame->receipt->body.len), &signature);
    }
    if (leaving && frame->chunks != NULL && side == 0 && link->n_way < 64) {
        size_t n = 0;
        for (size_t i = 0; i < frame->chunks->n_chunk; i++) {
            n += frame->chunks->chunk[i].len;
        }
        link->way[link->n_way++] = n;
        for (size_t i = n = 0; i < link->n_way; i++) {
            n += link->way[i];
        }
        link->way_max = n > link->way_max ? n : link->way_max;
    }
    if (!leaving && side == 0 && link->n_way > 0 && frame->receipt != NULL) {
        memmove(link->way, link->way + 1, --link->n_way * sizeof link->way[0]);
    }
    pt_arena_close(&arena);
}
