#include "client/detail.h"

#include "client/evidence.h"
#include "client/patuh.h"
#include "core/log/texts.h"
#include "core/wire/unpack.h"

#include <string.h>

static const ProtobufCMessage *unpack(const ProtobufCMessageDescriptor *descriptor, const struct pt_entry *entry,
                                      struct pt_arena *arena)
{
    ProtobufCMessage *message = NULL;
    return pt_unpack(descriptor, entry->detail, arena, &message) == PT_OK ? message : NULL;
}

static const char *label_text(struct pt_txn *txn, const struct pt_subject *subject, const struct pt_entry *entry,
                              struct pt_arena *arena)
{
    const Patuh__Instance *detail = (const Patuh__Instance *)unpack(&patuh__instance__descriptor, entry, arena);
    struct pt_hash hash;
    const char *text = "";
    if (detail == NULL || detail->label.len != sizeof hash.b) {
        return "";
    }
    memcpy(hash.b, detail->label.data, sizeof hash.b);
    return pt_text_get(txn, subject, &hash, arena, &text) == PT_OK ? text : "...";
}

static const char *assigned_text(const struct pt_entry *entry, struct pt_arena *arena)
{
    const Patuh__Assignment *detail = (const Patuh__Assignment *)unpack(&patuh__assignment__descriptor, entry, arena);
    if (detail == NULL || detail->surveyor == NULL) {
        return "";
    }
    return detail->instead_of == NULL
               ? pt_arena_str(arena, detail->surveyor)
               : pt_arena_printf(arena, "%s (--instead-of %s)", detail->surveyor, detail->instead_of);
}

static const char *degrees(int32_t units_e7, struct pt_arena *arena)
{
    struct pt_buf text = {0};
    pt_degrees_put(&text, units_e7);
    const char *kept = text.err == PT_OK ? pt_arena_str(arena, pt_buf_text(&text)) : NULL;
    pt_buf_free(&text);
    return kept;
}

bool pt_detail_visit(const struct pt_entry *entry, struct pt_arena *arena, struct patuh_visit *out)
{
    const Patuh__Place *place = (const Patuh__Place *)unpack(&patuh__place__descriptor, entry, arena);
    if (place == NULL) {
        return false;
    }
    char time[24];
    *out = (struct patuh_visit){.author = "",
                                .time = pt_arena_str(arena, pt_time_text(entry->wall_s, time, sizeof time)),
                                .latitude = degrees(place->latitude_e7, arena),
                                .longitude = degrees(place->longitude_e7, arena),
                                .accuracy_m = place->accuracy_m};
    return out->latitude != NULL && out->longitude != NULL && out->time != NULL;
}

static const char *visit_text(const struct pt_entry *entry, struct pt_arena *arena)
{
    struct patuh_visit visit;
    return pt_detail_visit(entry, arena, &visit)
               ? pt_arena_printf(arena, "%s %s %u", visit.latitude, visit.longitude, visit.accuracy_m)
               : "";
}

static const char *evidence_text(const struct pt_entry *entry, struct pt_arena *arena)
{
    const Patuh__Evidence *detail = pt_evidence_detail(entry, arena);
    return detail == NULL || detail->name == NULL ? "" : pt_arena_str(arena, detail->name);
}

static void add_text(struct pt_txn *txn, const struct pt_subject *subject, const ProtobufCBinaryData *field,
                     struct pt_arena *arena, struct pt_buf *out)
{
    struct pt_hash hash;
    const char *text = "...";
    if (field->len == sizeof hash.b) {
        memcpy(hash.b, field->data, sizeof hash.b);
        pt_buf_put_str(out, pt_text_get(txn, subject, &hash, arena, &text) == PT_OK ? text : "...");
    }
}

/* The state, why, and what was asked for. */
static const char *move_text(struct pt_txn *txn, const struct pt_subject *subject, const struct pt_entry *entry,
                             struct pt_arena *arena)
{
    const Patuh__Move *move = (const Patuh__Move *)unpack(&patuh__move__descriptor, entry, arena);
    struct pt_buf out = {0};
    if (move == NULL) {
        return "";
    }
    pt_buf_put_str(&out, pt_state_name(move->to));
    if (move->reason.len > 0) {
        pt_buf_put_str(&out, ": ");
        add_text(txn, subject, &move->reason, arena, &out);
    }
    for (size_t i = 0; i < move->n_comment; i++) {
        pt_buf_put_str(&out, i == 0 ? ": " : " | ");
        add_text(txn, subject, &move->comment[i]->text, arena, &out);
    }
    const char *text = pt_arena_str(arena, pt_buf_text(&out));
    pt_buf_free(&out);
    return text;
}

const char *pt_detail_text(struct pt_txn *txn, const struct pt_subject *subject, const struct pt_entry *entry,
                           struct pt_arena *arena)
{
    const char *text = "";
    switch ((int)entry->kind) {
    case PATUH__ENTRY_KIND__ENTRY_ADD_INSTANCE:
        text = label_text(txn, subject, entry, arena);
        break;
    case PATUH__ENTRY_KIND__ENTRY_ASSIGN:
        text = assigned_text(entry, arena);
        break;
    case PATUH__ENTRY_KIND__ENTRY_PLACE:
        text = visit_text(entry, arena);
        break;
    case PATUH__ENTRY_KIND__ENTRY_ADD_EVIDENCE:
        text = evidence_text(entry, arena);
        break;
    case PATUH__ENTRY_KIND__ENTRY_MOVE:
        text = move_text(txn, subject, entry, arena);
        break;
    default:
        break;
    }
    return text == NULL ? "" : text; /* the arena remembers that it was exhausted */
}

/* --- the order of instances --- */

struct ordering {
    const struct pt_work *work;
    bool *placed; /* by instance */
    uint32_t *order;
    size_t n;
};

static void place_instance(struct ordering *o, uint32_t instance)
{
    if (instance != 0 && !o->placed[instance - 1]) {
        o->placed[instance - 1] = true;
        o->order[o->n++] = instance;
    }
}

static void place_products(struct ordering *o)
{
    const Patuh__Opening *opening = o->work->state.opening;
    uint32_t repeat = o->work->instrument->settings.product_repeat;
    for (size_t i = 0; repeat != 0 && opening != NULL && i < opening->n_product; i++) {
        if (opening->product[i]->code != NULL) {
            place_instance(o, pt_work_instance(o->work, repeat, opening->product[i]->code));
        }
    }
}

static void place_added(struct ordering *o, const struct pt_view *view)
{
    for (size_t i = 0; i < view->n_entries; i++) {
        const struct pt_entry *entry = &view->entries[i];
        char name[PT_INSTANCE_BYTES_MAX + 1];
        uint32_t repeat = entry->kind == PATUH__ENTRY_KIND__ENTRY_ADD_INSTANCE
                              ? pt_node_by_number(o->work->instrument, entry->question)
                              : PT_NONE;
        if (repeat != PT_NONE) {
            pt_entry_instance_name(&view->log, i + 1, name);
            place_instance(o, pt_work_instance(o->work, repeat, name));
        }
    }
}

const uint32_t *pt_detail_instance_order(const struct pt_work *work, struct pt_arena *arena)
{
    size_t n = work->state.answers.n_instances;
    struct ordering o = {.work = work,
                         .placed = pt_arena_zalloc(arena, n, sizeof *o.placed),
                         .order = pt_arena_zalloc(arena, n, sizeof *o.order)};
    if (o.placed == NULL || o.order == NULL) {
        return NULL;
    }
    place_products(&o);
    for (size_t v = 0; v < work->n_views; v++) {
        place_added(&o, &work->views[v]);
    }
    for (uint32_t i = 1; i <= n; i++) { /* whatever else there is */
        place_instance(&o, i);
    }
    return o.order;
}

bool pt_detail_is_registered(const struct pt_work *work, uint32_t repeat, const char *name)
{
    const Patuh__Opening *opening = work->state.opening;
    bool products = repeat == work->instrument->settings.product_repeat;
    for (size_t i = 0; products && opening != NULL && i < opening->n_product; i++) {
        if (opening->product[i]->code != NULL && strcmp(opening->product[i]->code, name) == 0) {
            return true;
        }
    }
    return false;
}
