#include "link_state.h"

#include "base/log.h"
#include "base/mem.h"
#include "core/store/meta.h"
#include "core/wire/pack.h"
#include "core/wire/unpack.h"
#include "io/clock.h"
#include "records.pb-c.h"

#include <stdio.h>

static enum pt_err read_state(struct pt_txn *txn, struct link_state *out)
{
    struct pt_arena arena;
    struct pt_bytes value;
    ProtobufCMessage *message;
    *out = (struct link_state){0};
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_meta_get(txn, PT_META_LINK, &value);
    if (err == PT_OK) {
        err = pt_unpack(&patuh__link_record__descriptor, value, &arena, &message);
    }
    if (err == PT_OK) {
        const Patuh__LinkRecord *row = (const Patuh__LinkRecord *)message;
        *out = (struct link_state){.known = true, .up = row->up, .since_ms = row->since_ms, .tried_ms = row->tried_ms};
        (void)snprintf(out->error_id, sizeof out->error_id, "%s", row->error == NULL ? "" : row->error);
        (void)snprintf(out->error_en, sizeof out->error_en, "%s", row->error_en == NULL ? "" : row->error_en);
    }
    pt_arena_close(&arena);
    return err == PT_ENOTFOUND ? PT_OK : err;
}

enum pt_err link_state_read(const struct office *office, struct link_state *out)
{
    struct pt_txn *txn;
    enum pt_err err = pt_store_begin_read(office->store, &txn);
    if (err == PT_OK) {
        err = read_state(txn, out);
        pt_store_abort(txn);
    }
    return err;
}

struct note {
    struct pt_write_req req;
    bool up;
    int64_t now_ms;
    char error_id[LINK_ERROR_BYTES];
    char error_en[LINK_ERROR_BYTES];
};

static enum pt_err run_note(struct pt_txn *txn, struct pt_write_req *req)
{
    struct note *note = req->data;
    struct link_state before;
    struct pt_arena arena;
    struct pt_bytes packed;
    Patuh__LinkRecord row = PATUH__LINK_RECORD__INIT;
    enum pt_err err = read_state(txn, &before);
    if (err != PT_OK) {
        return err;
    }
    row.has_up = row.has_since_ms = row.has_tried_ms = true;
    row.up = note->up;
    row.since_ms = before.known && before.up == note->up ? before.since_ms : note->now_ms;
    row.tried_ms = note->now_ms;
    row.error = note->error_id;
    row.error_en = note->error_en;
    pt_arena_init(&arena, SIZE_MAX);
    err = pt_pack(&row.base, &arena, &packed);
    if (err == PT_OK) {
        err = pt_meta_put(txn, PT_META_LINK, packed);
    }
    pt_arena_close(&arena);
    return err;
}

static void on_noted(struct pt_write_req *req, enum pt_err err)
{
    if (err != PT_OK) {
        pt_log("link_not_noted", "why=%s", pt_err_name(err));
    }
    pt_free(req->data);
}

void link_state_note(struct pt_writer *writer, bool up, const struct pt_problem *why)
{
    struct note *note = pt_zalloc(sizeof *note);
    if (note == NULL) {
        return;
    }
    *note = (struct note){.up = up, .now_ms = pt_now_read().wall_ms};
    note->req = (struct pt_write_req){.run = run_note, .done = on_noted, .data = note, .bytes = sizeof *note};
    if (why != NULL && why->msg != PT_MSG_NONE) {
        struct pt_buf indonesian = {0};
        struct pt_buf english = {0};
        pt_problem_put_each(&indonesian, &english, why);
        (void)snprintf(note->error_id, sizeof note->error_id, "%s", pt_buf_text(&indonesian));
        (void)snprintf(note->error_en, sizeof note->error_en, "%s", pt_buf_text(&english));
        pt_buf_free(&indonesian);
        pt_buf_free(&english);
    }
    if (pt_writer_submit(writer, &note->req) != PT_OK) {
        pt_free(note);
    }
}
