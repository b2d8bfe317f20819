#include "core/log/entry_blobs.h"

#include "core/wire/unpack.h"

#include <string.h>

bool pt_kind_names_file(Patuh__EntryKind kind)
{
    unsigned fields = pt_entry_fields(kind);
    bool cycle = pt_entry_subject(kind) == PT_SUBJECT_CYCLE;
    bool file = (fields & PT_FIELD_HASH) != 0 && (fields & PT_FIELD_TEXT_HASH) == 0;
    return file && (cycle || kind == PATUH__ENTRY_KIND__ENTRY_ADD_EVIDENCE);
}

static enum pt_err visit_field(const ProtobufCBinaryData *field, Patuh__EntryKind kind, pt_blob_visit visit, void *data)
{
    struct pt_hash hash;
    if (field->len != sizeof hash.b) {
        return PT_OK;
    }
    memcpy(hash.b, field->data, sizeof hash.b);
    return visit(data, &hash, true, kind);
}

static enum pt_err visit_move(const struct pt_entry *entry, struct pt_arena *arena, pt_blob_visit visit, void *data)
{
    ProtobufCMessage *message;
    enum pt_err err = pt_unpack(&patuh__move__descriptor, entry->detail, arena, &message);
    if (err != PT_OK) {
        return err == PT_ENOMEM ? err : PT_OK; /* not readable: names nothing */
    }
    const Patuh__Move *move = (const Patuh__Move *)message;
    err = visit_field(&move->reason, entry->kind, visit, data);
    for (size_t i = 0; i < move->n_comment && err == PT_OK; i++) {
        err = visit_field(&move->comment[i]->text, entry->kind, visit, data);
    }
    return err;
}

static enum pt_err visit_detail(const struct pt_entry *entry, struct pt_arena *arena, pt_blob_visit visit, void *data)
{
    ProtobufCMessage *message;
    bool instance = entry->kind == PATUH__ENTRY_KIND__ENTRY_ADD_INSTANCE;
    if (entry->kind == PATUH__ENTRY_KIND__ENTRY_MOVE) {
        return visit_move(entry, arena, visit, data);
    }
    if (!instance && entry->kind != PATUH__ENTRY_KIND__ENTRY_DECIDE) {
        return PT_OK;
    }
    const ProtobufCMessageDescriptor *kind = instance ? &patuh__instance__descriptor : &patuh__decision__descriptor;
    enum pt_err err = pt_unpack(kind, entry->detail, arena, &message);
    if (err != PT_OK) {
        return err == PT_ENOMEM ? err : PT_OK;
    }
    const ProtobufCBinaryData *field =
        instance ? &((const Patuh__Instance *)message)->label : &((const Patuh__Decision *)message)->reason;
    return visit_field(field, entry->kind, visit, data);
}

enum pt_err pt_entry_blobs(const struct pt_entry *entry, struct pt_arena *arena, pt_blob_visit visit, void *data)
{
    unsigned fields = pt_entry_fields(entry->kind);
    bool text = (fields & PT_FIELD_TEXT_HASH) != 0;
    enum pt_err err = PT_OK;
    if ((fields & PT_FIELD_VALUE) != 0 && entry->value.type == PT_VALUE_TEXT) {
        err = visit(data, &entry->value.text, true, entry->kind);
    }
    if (err == PT_OK && (text || pt_kind_names_file(entry->kind))) {
        err = visit(data, &entry->hash, text, entry->kind);
    }
    if (err == PT_OK && (fields & PT_FIELD_DETAIL) != 0) {
        err = visit_detail(entry, arena, visit, data);
    }
    return err;
}
