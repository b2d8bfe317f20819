/* prescan.h - look over foreign protobuf bytes before protobuf-c may unpack them.
 *
 * protobuf-c follows nesting without a limit (some 9,000 levels overrun a stack) and can take 84 times the size of its
 * input. So the bytes are walked along the descriptor first, without allocating: form, limits, and the memory that
 * unpacking will take. Pure.
 * Thread: any. */
#ifndef PT_PRESCAN_H
#define PT_PRESCAN_H

#include "base/bytes.h"

#include <protobuf-c/protobuf-c.h>

#define PT_MESSAGE_FIELDS_MAX 256 /* fields that a message type of ours may declare */

struct pt_prescan {
    size_t fields; /* on the wire, in all messages together */
    size_t memory; /* bytes an arena will hand out, never less than protobuf-c asks for */
};

/* Errors: MALFORMED (cut off, group, wire type that does not fit the field, text that is not UTF-8 or holds a NUL, a
 * single submessage given twice), LIMIT (deeper than PT_FRAME_DEPTH_MAX, more than PT_FRAME_FIELDS_MAX fields). On
 * error *out is untouched. */
enum pt_err pt_prescan(const ProtobufCMessageDescriptor *descriptor, struct pt_bytes wire, struct pt_prescan *out);

/* No path through the message types is deeper than PT_FRAME_DEPTH_MAX (so none is recursive), and none declares more
 * than PT_MESSAGE_FIELDS_MAX fields. Every type of the protocol has to pass; a test walks them. */
bool pt_descriptor_is_bounded(const ProtobufCMessageDescriptor *descriptor);

#endif
