/* fuzz_prescan.c - the look over foreign bytes, alone, along any message type of the protocol (the first byte chooses):
 * what it lets pass unpacks in the memory it foretold, and comes back the same when it is packed again. */
#include "base/arena.h"
#include "base/check.h"
#include "base/mem.h"
#include "core/wire/pack.h"
#include "core/wire/prescan.h"

#define TYPE(name)
#include "protocol_types.def"
#undef TYPE

#define GRAIN 16 /* of an arena */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const ProtobufCMessageDescriptor *const types[] = {
#define TYPE(name) &patuh__##name##__descriptor,
#include "protocol_types.def"
#undef TYPE
};

static void *count_alloc(void *data, size_t n)
{
    *(size_t *)data += n == 0 ? GRAIN : (n + GRAIN - 1) / GRAIN * GRAIN;
    return pt_alloc(n);
}

static void count_free(void *data, void *memory)
{
    (void)data;
    pt_free(memory);
}

/* An unknown field may stand anywhere, so only a second packing has to be like the first. */
static void pack_again(const ProtobufCMessage *message)
{
    struct pt_arena arena;
    struct pt_bytes first;
    struct pt_bytes second;
    struct pt_prescan scan;
    pt_arena_init(&arena, SIZE_MAX);
    PT_CHECK(pt_pack(message, &arena, &first) == PT_OK);
    PT_CHECK(pt_prescan(message->descriptor, first, &scan) == PT_OK);
    ProtobufCMessage *back = protobuf_c_message_unpack(message->descriptor, NULL, first.n, first.data);
    PT_CHECK(back != NULL && pt_pack(back, &arena, &second) == PT_OK);
    PT_CHECK(pt_bytes_eq(first, second));
    protobuf_c_message_free_unpacked(back, NULL);
    pt_arena_close(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct pt_prescan scan = {0};
    if (n == 0) {
        return 0;
    }
    const ProtobufCMessageDescriptor *type = types[data[0] % (sizeof types / sizeof types[0])];
    struct pt_bytes wire = pt_bytes_of(data + 1, n - 1);
    enum pt_err err = pt_prescan(type, wire, &scan);
    PT_CHECK(err == PT_OK || ((err == PT_EMALFORMED || err == PT_ELIMIT) && scan.memory == 0));
    if (err != PT_OK) {
        return 0;
    }
    size_t taken = 0;
    long alive = pt_mem_alive();
    ProtobufCAllocator allocator = {count_alloc, count_free, &taken};
    ProtobufCMessage *message = protobuf_c_message_unpack(type, &allocator, wire.n, wire.data);
    PT_CHECK(message != NULL && taken <= scan.memory);
    pack_again(message);
    protobuf_c_message_free_unpacked(message, &allocator);
    PT_CHECK(pt_mem_alive() == alive);
    return 0;
}
