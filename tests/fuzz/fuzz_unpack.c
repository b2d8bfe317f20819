/* fuzz_unpack.c - what unpacks stays within its budget, and can be packed again. */
#include "base/check.h"
#include "core/wire/unpack.h"

#include "wire.pb-c.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct pt_arena arena;
    pt_arena_init(&arena, pt_unpack_budget(n));
    ProtobufCMessage *message = NULL;
    enum pt_err err = pt_unpack(&patuh__frame__descriptor, pt_bytes_of(data, n), &arena, &message);
    PT_CHECK(arena.used <= pt_unpack_budget(n));
    PT_CHECK(err == PT_OK || message == NULL);
    if (err == PT_OK) {
        PT_CHECK(protobuf_c_message_check(message));
        (void)protobuf_c_message_get_packed_size(message);
    }
    pt_arena_close(&arena);
    return 0;
}
