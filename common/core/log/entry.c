#include "core/log/entry.h"

#include "core/crypto.h"

#include <string.h>

static const struct kind_row {
    Patuh__EntryKind kind;
    unsigned fields;
    enum pt_subject_kind subject;
} kinds[] = {
    {PATUH__ENTRY_KIND__ENTRY_ANSWER, PT_FIELD_QUESTION | PT_FIELD_VALUE | PT_FIELD_REPLACES, PT_SUBJECT_ASSESSMENT},
    {PATUH__ENTRY_KIND__ENTRY_CLEAR, PT_FIELD_QUESTION | PT_FIELD_REPLACES, PT_SUBJECT_ASSESSMENT},
    {PATUH__ENTRY_KIND__ENTRY_ADD_INSTANCE, PT_FIELD_QUESTION | PT_FIELD_DETAIL, PT_SUBJECT_ASSESSMENT},
    {PATUH__ENTRY_KIND__ENTRY_REMOVE_INSTANCE, PT_FIELD_QUESTION | PT_FIELD_REPLACES, PT_SUBJECT_ASSESSMENT},
    {PATUH__ENTRY_KIND__ENTRY_ADD_EVIDENCE, PT_FIELD_QUESTION | PT_FIELD_HASH | PT_FIELD_DETAIL, PT_SUBJECT_ASSESSMENT},
    {PATUH__ENTRY_KIND__ENTRY_REMOVE_EVIDENCE, PT_FIELD_QUESTION | PT_FIELD_HASH | PT_FIELD_REPLACES,
     PT_SUBJECT_ASSESSMENT},
    {PATUH__ENTRY_KIND__ENTRY_PLACE, PT_FIELD_DETAIL, PT_SUBJECT_ASSESSMENT},
    {PATUH__ENTRY_KIND__ENTRY_NOTE, PT_FIELD_QUESTION | PT_FIELD_HASH | PT_FIELD_TEXT_HASH, PT_SUBJECT_ASSESSMENT},
    {PATUH__ENTRY_KIND__ENTRY_MOVE, PT_FIELD_DETAIL, PT_SUBJECT_ASSESSMENT},
    {PATUH__ENTRY_KIND__ENTRY_DECIDE, PT_FIELD_QUESTION | PT_FIELD_VALUE | PT_FIELD_REPLACES | PT_FIELD_DETAIL,
     PT_SUBJECT_ASSESSMENT},
    {PATUH__ENTRY_KIND__ENTRY_OPEN, PT_FIELD_DETAIL, PT_SUBJECT_ASSESSMENT},
    {PATUH__ENTRY_KIND__ENTRY_ASSIGN, PT_FIELD_DETAIL, PT_SUBJECT_ASSESSMENT},
    {PATUH__ENTRY_KIND__ENTRY_MOVE_OFFICE, PT_FIELD_DETAIL, PT_SUBJECT_ASSESSMENT},
    {PATUH__ENTRY_KIND__ENTRY_NOT_ASSESSED, PT_FIELD_HASH | PT_FIELD_TEXT_HASH, PT_SUBJECT_ASSESSMENT},
    {PATUH__ENTRY_KIND__ENTRY_ERASE, PT_FIELD_HASH | PT_FIELD_DETAIL, PT_SUBJECT_ASSESSMENT},
    {PATUH__ENTRY_KIND__ENTRY_MEMBER, PT_FIELD_DETAIL, PT_SUBJECT_OFFICE},
    {PATUH__ENTRY_KIND__ENTRY_OFFICE, PT_FIELD_DETAIL, PT_SUBJECT_OFFICE},
    {PATUH__ENTRY_KIND__ENTRY_REVOKE, PT_FIELD_DETAIL, PT_SUBJECT_OFFICE},
    {PATUH__ENTRY_KIND__ENTRY_STAND, PT_FIELD_DETAIL, PT_SUBJECT_OFFICE},
    {PATUH__ENTRY_KIND__ENTRY_INSTRUMENT, PT_FIELD_HASH | PT_FIELD_DETAIL, PT_SUBJECT_CYCLE},
    {PATUH__ENTRY_KIND__ENTRY_REGISTRY, PT_FIELD_HASH | PT_FIELD_DETAIL, PT_SUBJECT_CYCLE},
    {PATUH__ENTRY_KIND__ENTRY_RESULTS, PT_FIELD_HASH | PT_FIELD_DETAIL, PT_SUBJECT_CYCLE},
    {PATUH__ENTRY_KIND__ENTRY_FIX, PT_FIELD_HASH | PT_FIELD_DETAIL, PT_SUBJECT_CYCLE},
};

static const struct kind_row *find_kind(Patuh__EntryKind kind)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].kind == kind) {
            return &kinds[i];
        }
    }
    return NULL;
}

unsigned pt_entry_fields(Patuh__EntryKind kind)
{
    const struct kind_row *row = find_kind(kind);
    return row == NULL ? 0 : row->fields;
}

enum pt_subject_kind pt_entry_subject(Patuh__EntryKind kind)
{
    const struct kind_row *row = find_kind(kind);
    return row == NULL ? PT_SUBJECT_NONE : row->subject;
}

struct pt_entry pt_entry_of(Patuh__EntryKind kind, int64_t wall_s)
{
    return (struct pt_entry){.kind = kind, .wall_s = wall_s, .instance = ""};
}

void pt_entry_instance_name(const struct pt_log_id *log, uint64_t seq, char *out)
{
    static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz"; /* as pt_base32_put */
    uint8_t be[16];
    for (size_t i = 0; i < 8; i++) {
        be[i] = (uint8_t)(log->incarnation >> (56 - 8 * i));
        be[8 + i] = (uint8_t)(seq >> (56 - 8 * i));
    }
    struct pt_hash hash = pt_hash4(PT_CONTEXT_INSTANCE, pt_bytes_of(log->author.b, sizeof log->author.b),
                                   pt_bytes_str(log->subject.text), pt_bytes_of(be, sizeof be), (struct pt_bytes){0});
    for (size_t i = 0; i < 5; i++) {
        out[i] = digits[hash.b[i] & 31];
    }
    out[5] = '\0';
}
