#include "core/wire/prescan.h"

#include "base/check.h"
#include "base/text.h"
#include "core/limits.h"

#include <stdalign.h>

/* How protobuf-c 1.4 unpacks: it notes every field of a message in slabs of 16 (on the stack), 32, 64, ... notes, then
 * allocates one array a repeated field, one for the unknown fields, and one block for each string, run of bytes and
 * submessage. */
#define NOTE_BYTES ((size_t)32)
#define NOTES_ON_STACK ((size_t)16)
#define BITMAP_BYTES_ON_STACK ((size_t)16)
#define TAG_BYTES_MAX 5
#define VARINT_BYTES_MAX 10

enum wire_type { WIRE_VARINT = 0, WIRE_64BIT = 1, WIRE_LENGTH = 2, WIRE_32BIT = 5 };

/* One message being walked. */
struct walk {
    const ProtobufCMessageDescriptor *descriptor;
    struct pt_reader reader;
    struct pt_prescan *sum;
    unsigned depth; /* 1 for the outermost */
    size_t n_notes; /* fields of this message */
    size_t n_unknown;
    uint8_t seen[PT_MESSAGE_FIELDS_MAX / 8]; /* by index in the descriptor */
};

static enum pt_err walk_message(const ProtobufCMessageDescriptor *descriptor, struct pt_bytes wire, unsigned depth,
                                struct pt_prescan *sum);

/* What one allocation takes out of an arena. */
static size_t block(size_t n)
{
    size_t unit = alignof(max_align_t);
    return n == 0 ? unit : (n + unit - 1) / unit * unit;
}

/* false when it is not closed within bytes_max bytes. */
static bool read_varint(struct pt_reader *reader, unsigned bytes_max, uint64_t *value)
{
    *value = 0;
    for (unsigned i = 0; i < bytes_max; i++) {
        uint8_t byte = pt_read_u8(reader);
        *value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if ((byte & 0x80) == 0) {
            return reader->err == PT_OK;
        }
    }
    return false;
}

static enum wire_type wire_type_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return WIRE_32BIT;
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return WIRE_64BIT;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return WIRE_LENGTH;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_ENUM:
        break;
    }
    return WIRE_VARINT;
}

/* Bytes of one element in the array of a repeated field. */
static size_t element_bytes(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_ENUM:
        return sizeof(uint32_t);
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        break;
    }
    return sizeof(uint64_t);
}

static enum pt_err skip_scalar(struct pt_reader *reader, enum wire_type wire)
{
    uint64_t value;
    switch (wire) {
    case WIRE_VARINT:
        return read_varint(reader, VARINT_BYTES_MAX, &value) ? PT_OK : PT_EMALFORMED;
    case WIRE_64BIT:
        (void)pt_read_bytes(reader, 8);
        return reader->err;
    case WIRE_32BIT:
        (void)pt_read_bytes(reader, 4);
        return reader->err;
    case WIRE_LENGTH:
        break;
    }
    return PT_EMALFORMED;
}

/* The run of a length-delimited field, lent from the wire. */
static enum pt_err read_run(struct pt_reader *reader, struct pt_bytes *run)
{
    uint64_t n;
    if (!read_varint(reader, TAG_BYTES_MAX, &n) || n > (size_t)(reader->end - reader->at)) {
        return PT_EMALFORMED;
    }
    *run = pt_read_bytes(reader, (size_t)n);
    return PT_OK;
}

static enum pt_err count_packed(struct pt_bytes run, ProtobufCType type, size_t *n)
{
    struct pt_reader reader = pt_reader_on(run);
    *n = 0;
    while (reader.at < reader.end) {
        if (type == PROTOBUF_C_TYPE_BOOL && *reader.at > 1) {
            return PT_EMALFORMED;
        }
        enum pt_err err = skip_scalar(&reader, wire_type_of(type));
        if (err != PT_OK) {
            return err;
        }
        *n += 1;
    }
    return PT_OK;
}

/* Marks the field; true when it was there before. */
static bool seen_before(struct walk *walk, const ProtobufCFieldDescriptor *field)
{
    size_t i = (size_t)(field - walk->descriptor->fields);
    uint8_t bit = (uint8_t)(1u << (i % 8));
    bool before = (walk->seen[i / 8] & bit) != 0;
    walk->seen[i / 8] |= bit;
    return before;
}

static enum pt_err walk_unknown(struct walk *walk, enum wire_type wire)
{
    const uint8_t *start = walk->reader.at;
    struct pt_bytes run;
    enum pt_err err = wire == WIRE_LENGTH ? read_run(&walk->reader, &run) : skip_scalar(&walk->reader, wire);
    walk->n_unknown += 1;
    walk->sum->memory += block((size_t)(walk->reader.at - start));
    return err;
}

static enum pt_err walk_run(struct walk *walk, const ProtobufCFieldDescriptor *field, bool again)
{
    struct pt_bytes run;
    enum pt_err err = read_run(&walk->reader, &run);
    if (err != PT_OK) {
        return err;
    }
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        walk->sum->memory += block(run.n + 1);
        return pt_utf8_ok(run) ? PT_OK : PT_EMALFORMED;
    }
    if (field->type == PROTOBUF_C_TYPE_BYTES) {
        walk->sum->memory += run.n == 0 ? 0 : block(run.n);
        return PT_OK;
    }
    /* protobuf-c merges two of them, with allocations of its own; no sender of ours writes a submessage twice. */
    if (again && field->label != PROTOBUF_C_LABEL_REPEATED) {
        return PT_EMALFORMED;
    }
    return walk_message(field->descriptor, run, walk->depth + 1, walk->sum);
}

static enum pt_err walk_packed(struct walk *walk, const ProtobufCFieldDescriptor *field)
{
    struct pt_bytes run;
    size_t n;
    enum pt_err err = read_run(&walk->reader, &run);
    if (err == PT_OK) {
        err = count_packed(run, field->type, &n);
    }
    if (err == PT_OK) {
        walk->sum->memory += n * element_bytes(field->type);
    }
    return err;
}

static enum pt_err walk_known(struct walk *walk, const ProtobufCFieldDescriptor *field, enum wire_type wire)
{
    enum wire_type own = wire_type_of(field->type);
    bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
    bool again = seen_before(walk, field);
    if (repeated && !again) {
        walk->sum->memory += block(1); /* rounding up of the array */
    }
    if (repeated && wire == WIRE_LENGTH && own != WIRE_LENGTH) {
        return walk_packed(walk, field);
    }
    if (wire != own) {
        return PT_EMALFORMED;
    }
    if (repeated) {
        walk->sum->memory += element_bytes(field->type);
    }
    return wire == WIRE_LENGTH ? walk_run(walk, field, again) : skip_scalar(&walk->reader, wire);
}

static enum pt_err walk_field(struct walk *walk)
{
    uint64_t tag;
    if (!read_varint(&walk->reader, TAG_BYTES_MAX, &tag) || tag > UINT32_MAX || tag >> 3 == 0) {
        return PT_EMALFORMED;
    }
    unsigned wire = (unsigned)(tag & 7);
    if (wire != WIRE_VARINT && wire != WIRE_64BIT && wire != WIRE_LENGTH && wire != WIRE_32BIT) {
        return PT_EMALFORMED; /* groups and the two numbers without a meaning */
    }
    walk->n_notes += 1;
    walk->sum->fields += 1;
    if (walk->sum->fields > PT_FRAME_FIELDS_MAX) {
        return PT_ELIMIT;
    }
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field(walk->descriptor, (unsigned)(tag >> 3));
    return field == NULL ? walk_unknown(walk, (enum wire_type)wire) : walk_known(walk, field, (enum wire_type)wire);
}

static size_t slab_memory(size_t n_notes)
{
    size_t memory = 0;
    size_t slab = NOTES_ON_STACK;
    for (size_t room = slab; n_notes > room; room += slab) {
        slab *= 2;
        memory += block(slab * NOTE_BYTES);
    }
    return memory;
}

static enum pt_err walk_message(const ProtobufCMessageDescriptor *descriptor, struct pt_bytes wire, unsigned depth,
                                struct pt_prescan *sum)
{
    if (depth > PT_FRAME_DEPTH_MAX) {
        return PT_ELIMIT;
    }
    PT_CHECK(descriptor->n_fields <= PT_MESSAGE_FIELDS_MAX);
    struct walk walk = {.descriptor = descriptor, .reader = pt_reader_on(wire), .sum = sum, .depth = depth};
    while (walk.reader.at < walk.reader.end) {
        enum pt_err err = walk_field(&walk);
        if (err != PT_OK) {
            return err;
        }
    }
    sum->memory += block(descriptor->sizeof_message) + slab_memory(walk.n_notes);
    if (walk.n_unknown > 0) {
        sum->memory += block(walk.n_unknown * sizeof(ProtobufCMessageUnknownField));
    }
    size_t bitmap = ((size_t)descriptor->n_fields + 7) / 8;
    if (bitmap > BITMAP_BYTES_ON_STACK) {
        sum->memory += block(bitmap);
    }
    return PT_OK;
}

enum pt_err pt_prescan(const ProtobufCMessageDescriptor *descriptor, struct pt_bytes wire, struct pt_prescan *out)
{
    struct pt_prescan sum = {0};
    enum pt_err err = walk_message(descriptor, wire, 1, &sum);
    if (err == PT_OK) {
        *out = sum;
    }
    return err;
}

static bool bounded_from(const ProtobufCMessageDescriptor *descriptor, unsigned depth)
{
    if (depth > PT_FRAME_DEPTH_MAX || descriptor->n_fields > PT_MESSAGE_FIELDS_MAX) {
        return false;
    }
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        if (field->type == PROTOBUF_C_TYPE_MESSAGE && !bounded_from(field->descriptor, depth + 1)) {
            return false;
        }
    }
    return true;
}

bool pt_descriptor_is_bounded(const ProtobufCMessageDescriptor *descriptor)
{
    return bounded_from(descriptor, 1);
}
