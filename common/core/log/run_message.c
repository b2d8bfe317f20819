#include "core/log/run_message.h"

#include "base/mem.h"
#include "core/log/entry_blobs.h"
#include "core/log/texts.h"
#include "core/wire/pack.h"

#include <assert.h>
#include <string.h>

#define ITEM_BYTES 3      /* tag and length beside every chunk and text */
#define BESIDES_BYTES 512 /* all else in a frame with a run, its log named for the first time */
static_assert(PT_RUN_BYTES_MAX + ITEM_BYTES * PT_RUN_CHUNKS_MAX + BESIDES_BYTES <= PT_FRAME_BYTES_MAX,
              "the largest run fits a frame");

Patuh__LogRef *pt_log_ref_of(const struct pt_log_id *log, const struct pt_public_key *key, struct pt_arena *arena)
{
    char *subject = pt_arena_str(arena, log->subject.text);
    struct pt_bytes public_key = pt_arena_dup(arena, pt_bytes_of(key->b, sizeof key->b));
    Patuh__LogRef *ref = pt_arena_alloc(arena, sizeof *ref);
    if (subject == NULL || public_key.data == NULL || ref == NULL) {
        return NULL;
    }
    patuh__log_ref__init(ref);
    ref->has_subject = ref->has_public_key = ref->has_incarnation = true;
    ref->subject = pt_binary(subject, strlen(subject));
    ref->public_key = pt_binary(public_key.data, public_key.n);
    ref->incarnation = log->incarnation;
    return ref;
}

enum pt_err pt_log_ref_read(const Patuh__LogRef *ref, struct pt_log_id *log, struct pt_public_key *key)
{
    if (ref->public_key.len != sizeof key->b) {
        return PT_EMALFORMED;
    }
    memcpy(key->b, ref->public_key.data, sizeof key->b);
    log->author = pt_author_of(key->b);
    log->incarnation = ref->incarnation;
    return pt_subject_read(pt_bytes_of(ref->subject.data, ref->subject.len), &log->subject);
}

struct riding {
    const struct pt_subject *subject;
    struct pt_txn *txn;
    struct pt_arena *arena;
    ProtobufCBinaryData *texts;
    size_t n, capacity;
    size_t skip; /* so many more are not taken */
    size_t room; /* bytes for more of them */
};

static size_t room_for_texts(const struct pt_run *run)
{
    size_t room = PT_FRAME_BYTES_MAX - BESIDES_BYTES - ITEM_BYTES * run->n_chunks - pt_run_bytes(run);
    return room < PT_CREDIT_BYTES ? room : PT_CREDIT_BYTES;
}

static enum pt_err take_text(struct riding *r, struct pt_bytes content)
{
    if (content.n < PT_TEXT_SALT_BYTES) {
        return PT_OK; /* not a text of ours; unpacked many of them are too much for what they measure */
    }
    if (r->skip > 0) {
        r->skip--;
        return PT_OK;
    }
    if (content.n + ITEM_BYTES > r->room) {
        r->room = 0; /* none is looked for any more: entries may name many */
        return PT_OK;
    }
    enum pt_err err = pt_reserve(&r->texts, &r->capacity, r->n + 1, sizeof *r->texts);
    if (err == PT_OK) {
        r->texts[r->n++] = pt_binary(content.data, content.n);
        r->room -= content.n + ITEM_BYTES;
    }
    return err;
}

static enum pt_err add_text(void *data, const struct pt_hash *hash, bool small, Patuh__EntryKind kind)
{
    (void)kind;
    struct riding *r = data;
    struct pt_bytes content;
    if (!small || r->room == 0) {
        return PT_OK;
    }
    enum pt_err err = pt_text_content(r->txn, r->subject, hash, r->arena, &content);
    if (err == PT_ENOTFOUND) {
        return PT_OK;
    }
    return err == PT_OK ? take_text(r, content) : err;
}

static enum pt_err collect_texts(const struct pt_run *run, struct riding *r)
{
    enum pt_err err = PT_OK;
    for (size_t i = 0; i < run->n_chunks && err == PT_OK; i++) {
        struct pt_chunk_header header;
        struct pt_entry *entries;
        if (pt_chunk_decode(run->chunks[i], r->arena, &header, &entries) != PT_OK) {
            continue; /* relayed as it is */
        }
        for (uint32_t k = 0; k < header.count && err == PT_OK; k++) {
            err = pt_entry_blobs(&entries[k], r->arena, add_text, r);
        }
    }
    return err;
}

enum pt_err pt_run_texts(struct pt_txn *txn, const struct pt_run *run, size_t first, struct pt_arena *arena,
                         ProtobufCBinaryData **out, size_t *n_out)
{
    struct riding riding = {
        .subject = &run->log.subject, .txn = txn, .arena = arena, .skip = first, .room = room_for_texts(run)};
    enum pt_err err = collect_texts(run, &riding);
    ProtobufCBinaryData *list = err == PT_OK ? pt_arena_zalloc(arena, riding.n, sizeof *list) : NULL;
    if (err == PT_OK && list == NULL) {
        err = pt_arena_err(arena);
    }
    if (err == PT_OK) {
        if (riding.n > 0) {
            memcpy(list, riding.texts, riding.n * sizeof *list);
        }
        *out = list;
        *n_out = riding.n;
    }
    pt_free(riding.texts);
    return err;
}

enum pt_err pt_run_message(struct pt_txn *txn, const struct pt_run *run, struct pt_arena *arena, Patuh__Chunks *out)
{
    ProtobufCBinaryData *chunks = pt_arena_zalloc(arena, run->n_chunks, sizeof *chunks);
    if (chunks == NULL) {
        return pt_arena_err(arena);
    }
    for (size_t i = 0; i < run->n_chunks; i++) {
        chunks[i] = pt_binary(run->chunks[i].data, run->chunks[i].n);
    }
    patuh__chunks__init(out);
    out->has_previous_link = out->has_first_seq = out->has_signature = true;
    out->previous_link = pt_binary(run->previous.b, sizeof run->previous.b);
    out->first_seq = run->first_seq;
    out->n_chunk = run->n_chunks;
    out->chunk = chunks;
    out->signature = pt_binary(run->signature.b, sizeof run->signature.b);
    return pt_run_texts(txn, run, 0, arena, &out->text, &out->n_text);
}
