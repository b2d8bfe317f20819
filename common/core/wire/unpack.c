#include "core/wire/unpack.h"

#include "core/limits.h"
#include "core/wire/prescan.h"

#include <stdalign.h>
#include <stddef.h>

/* The memory that the prescan foretold, taken from the arena in one piece and handed out from its front: what fits does
 * not depend on how full the arena's blocks are. */
struct region {
    uint8_t *at;
    size_t left;
};

static void *region_take(void *data, size_t n)
{
    struct region *region = data;
    size_t unit = alignof(max_align_t);
    size_t need = n == 0 ? unit : (n + unit - 1) / unit * unit;
    if (n > region->left || need > region->left) {
        return NULL;
    }
    void *memory = region->at;
    region->at += need;
    region->left -= need;
    return memory;
}

static void region_keep(void *data, void *memory)
{
    (void)data;
    (void)memory; /* goes with the arena */
}

size_t pt_unpack_budget(size_t wire_bytes)
{
    size_t most = (SIZE_MAX - PT_FRAME_ARENA_BASE) / PT_FRAME_ARENA_FACTOR;
    return (wire_bytes < most ? wire_bytes : most) * PT_FRAME_ARENA_FACTOR + PT_FRAME_ARENA_BASE;
}

enum pt_err pt_unpack_within(const ProtobufCMessageDescriptor *descriptor, struct pt_bytes wire, size_t budget,
                             struct pt_arena *arena, ProtobufCMessage **out)
{
    struct pt_prescan scan;
    enum pt_err err = pt_prescan(descriptor, wire, &scan);
    if (err != PT_OK) {
        return err;
    }
    if (scan.memory > budget) {
        return PT_ELIMIT;
    }
    struct region region = {.at = pt_arena_alloc(arena, scan.memory), .left = scan.memory};
    if (region.at == NULL) {
        return pt_arena_err(arena);
    }
    ProtobufCAllocator allocator = {.alloc = region_take, .free = region_keep, .allocator_data = &region};
    ProtobufCMessage *message = protobuf_c_message_unpack(descriptor, &allocator, wire.n, wire.data);
    if (message == NULL) {
        return PT_EMALFORMED; /* the prescan vouches for the memory, so it was the bytes */
    }
    *out = message;
    return PT_OK;
}

enum pt_err pt_unpack(const ProtobufCMessageDescriptor *descriptor, struct pt_bytes wire, struct pt_arena *arena,
                      ProtobufCMessage **out)
{
    return pt_unpack_within(descriptor, wire, pt_unpack_budget(wire.n), arena, out);
}
