/* pack.h - messages on their way out; the other direction is unpack.h.
 *
 * protobuf-c's structs want writable fields even where it only reads: the casts live here, and nowhere else.
 * Thread: any.  Memory: fields lend what they are given; packed bytes live in the arena. */
#ifndef PT_PACK_H
#define PT_PACK_H

#include "base/arena.h"

#include <protobuf-c/protobuf-c.h>

/* The bytes of a message. Errors: NOMEM, LIMIT (the arena's budget); then *out is untouched. */
enum pt_err pt_pack(const ProtobufCMessage *message, struct pt_arena *arena, struct pt_bytes *out);

/* A bytes field that lends n bytes. */
ProtobufCBinaryData pt_binary(const void *data, size_t n);
/* A string field that lends the text; NULL stays NULL. */
char *pt_text_of(const char *text);

#endif
