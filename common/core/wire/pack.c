#include "core/wire/pack.h"

#include <string.h>

enum pt_err pt_pack(const ProtobufCMessage *message, struct pt_arena *arena, struct pt_bytes *out)
{
    size_t n = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = pt_arena_alloc(arena, n);
    if (bytes == NULL) {
        return pt_arena_err(arena);
    }
    *out = pt_bytes_of(bytes, protobuf_c_message_pack(message, bytes));
    return PT_OK;
}

ProtobufCBinaryData pt_binary(const void *data, size_t n)
{
    ProtobufCBinaryData out = {.len = n};
    memcpy(&out.data, &data, sizeof data);
    return out;
}

char *pt_text_of(const char *text)
{
    char *out;
    memcpy(&out, &text, sizeof out);
    return out;
}
