/* unpack.h - the one way in which foreign protobuf bytes become a struct.
 *
 * Prescan, then protobuf-c with an arena as its allocator: no message takes more memory than its size allows
 * (PT_FRAME_ARENA_FACTOR), none nests deeper than PT_FRAME_DEPTH_MAX. Pure.
 * Thread: any one thread at a time.  Memory: the message lives in the arena, as long as that; it is never freed by
 * itself and keeps no pointer into the wire bytes. */
#ifndef PT_UNPACK_H
#define PT_UNPACK_H

#include "base/arena.h"

#include <protobuf-c/protobuf-c.h>

/* The memory a message of so many wire bytes may take; the budget for an arena that holds one such message. */
size_t pt_unpack_budget(size_t wire_bytes);

/* Bytes from a peer or a bundle, within pt_unpack_budget(wire.n) and the arena's own budget. What protobuf-c cannot
 * tell, the caller checks afterwards: required fields, ranges, sizes of bytes.
 * Errors: MALFORMED, LIMIT (deep, many, or over the budget), NOMEM. On error *out is untouched. */
enum pt_err pt_unpack(const ProtobufCMessageDescriptor *descriptor, struct pt_bytes wire, struct pt_arena *arena,
                      ProtobufCMessage **out);
/* The same with a budget that the caller vouches for, for bytes whose author is already trusted (a compiled instrument,
 * a value from our own store). */
enum pt_err pt_unpack_within(const ProtobufCMessageDescriptor *descriptor, struct pt_bytes wire, size_t budget,
                             struct pt_arena *arena, ProtobufCMessage **out);

#endif
