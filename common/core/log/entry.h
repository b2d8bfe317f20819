/* entry.h - one entry of a log, decoded.
 *
 * What fields a kind has is one table (pt_entry_fields); encoder, decoder and validation all read it.
 * Thread: any.  Memory: pointers lead into the arena or buffer the entry was made in. */
#ifndef PT_ENTRY_H
#define PT_ENTRY_H

#include "chunk.pb-c.h"
#include "core/value.h"

#define PT_LINK_PREFIX_BYTES 8

enum pt_entry_field {
    PT_FIELD_QUESTION = 1, /* and instance */
    PT_FIELD_VALUE = 2,
    PT_FIELD_REPLACES = 4,
    PT_FIELD_HASH = 8,
    PT_FIELD_DETAIL = 16,
    PT_FIELD_TEXT_HASH = 32 /* the hash names a small text that travels with the chunk */
};

/* One entry of another log of the same subject, with the link its author saw there. */
struct pt_entry_ref {
    struct pt_author author;
    uint64_t incarnation;
    uint64_t seq;
    uint8_t link[PT_LINK_PREFIX_BYTES];
};

struct pt_entry {
    Patuh__EntryKind kind;
    int64_t wall_s;       /* author's clock since 1970, seconds; recorded, never trusted */
    uint32_t question;    /* number in the cycle's instruments; 0 = none */
    const char *instance; /* "" = none */
    struct pt_value value;
    struct pt_hash hash;
    const struct pt_entry_ref *replaces;
    size_t n_replaces;
    struct pt_bytes detail; /* packed message of the kind */
};

/* Fields of a kind, as bits of enum pt_entry_field; 0 for a kind this version does not know. */
unsigned pt_entry_fields(Patuh__EntryKind kind);
/* Which subject a kind belongs to; PT_SUBJECT_NONE for an unknown kind. */
enum pt_subject_kind pt_entry_subject(Patuh__EntryKind kind);
/* An entry with nothing but its kind and time. */
struct pt_entry pt_entry_of(Patuh__EntryKind kind, int64_t wall_s);

/* Name of the instance that an ADD_INSTANCE entry makes: five base-32 digits. out: at least 6 bytes. */
void pt_entry_instance_name(const struct pt_log_id *log, uint64_t seq, char *out);

#endif
