/* rollup_cache.c - what a rollup took from each assessment, for the next one.
 *
 * It is found by a key over everything it was computed from: where each log of the assessment ends, where the cycle's
 * logs end (instrument, registry, results, salt of the pseudonyms), what the office logs say of its authors, the level,
 * and the version of the engine. Another key, or bytes that are not what was written: computed anew. So the folder can
 * be deleted or damaged at any time, and the result has the same bytes with it or without it. Nothing here fails a
 * rollup: a cache that cannot be read or written is left alone. */
#include "core/wire/pack.h"
#include "rollup/rollup_internal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FORMAT "patuh/1 rollup cache 4" /* another one for another layout of what is kept */

static void put_text(struct pt_buf *out, const char *text)
{
    pt_buf_put_u32(out, (uint32_t)strlen(text));
    pt_buf_put_str(out, text);
}

/* Whether it stands, and the cut: an office may revoke again with another one. */
static enum pt_err put_member(struct pt__rollup *r, const struct pt_member *member, struct pt_buf *out)
{
    struct pt_bytes revocation = {0};
    enum pt_err err = member->revoked ? pt_pack(&member->revocation->base, &r->work, &revocation) : PT_OK;
    put_text(out, member->office->code);
    put_text(out, member->name);
    pt_buf_put_u8(out, member->office->is_root);
    pt_buf_put_u8(out, member->revoked);
    pt_buf_put_u32(out, (uint32_t)member->role);
    pt_buf_put_u32(out, (uint32_t)revocation.n);
    pt_buf_put_bytes(out, revocation);
    return err;
}

static enum pt_err put_author(struct pt__rollup *r, const struct pt_author *author, struct pt_buf *out)
{
    const struct pt_office *office = pt_authority_office(&r->authority, author);
    const struct pt_member *member = pt_authority_member(&r->authority, author);
    enum pt_err err = PT_OK;
    put_text(out, office == NULL ? "" : office->code);
    pt_buf_put_u8(out, office != NULL && office->is_root);
    for (; member != NULL && err == PT_OK; member = pt_authority_member_next(&r->authority, member)) {
        err = put_member(r, member, out);
    }
    return err;
}

/* LIMIT when the end of a log is not known without reading it: it goes on past the moment that is computed, or forks.
 */
static enum pt_err make_key(struct pt__rollup *r, size_t first, size_t last, struct pt__kept *out)
{
    struct pt_buf *ends = &r->key_ends;
    struct pt_buf *rest = &r->key_rest;
    enum pt_err err = PT_OK;
    pt_buf_clear(ends);
    pt_buf_clear(rest);
    for (size_t i = first; i < last && err == PT_OK; i++) {
        const struct pt_head *head = &r->heads[i];
        if (head->seq > 0) { /* as note_inputs does it from the views */
            pt_log_id_put(ends, &head->log);
            pt_buf_put_u64(ends, head->seq);
            pt_buf_put_bytes(ends, pt_hash_bytes(&head->link));
        }
        bool known = head->last_lsn <= r->upto_lsn && !head->forked; /* of a forked log rulings decide */
        err = !known ? PT_ELIMIT : put_author(r, &head->log.author, rest);
    }
    out->inputs = pt_hash1(PT_CONTEXT_DIGEST, pt_buf_bytes(ends));
    put_text(rest, PT_ENGINE_VERSION);
    pt_buf_put_u8(rest, (uint8_t)r->in->level);
    out->key = pt_hash4(PT_CONTEXT_DIGEST, pt_bytes_str(FORMAT), pt_hash_bytes(&out->inputs),
                        pt_hash_bytes(&r->cycle_inputs), pt_buf_bytes(rest));
    err = err == PT_OK ? ends->err : err;
    return err == PT_OK ? rest->err : err;
}

void pt__cache_open(struct pt__rollup *r)
{
    char folder[4096];
    r->caches = r->in->cache != NULL && r->checked == NULL && r->plan == NULL && r->in->level != PT_LEVEL_FIXED;
    if (!r->caches) {
        return;
    }
    int n = snprintf(folder, sizeof folder, "%s/rollup-%s-%s", r->in->cache, r->in->cycle, pt_level_name(r->in->level));
    if (n > 0 && (size_t)n < sizeof folder) {
        (void)unlink(folder); /* of a file: what earlier versions kept */
        (void)pt_folder_make(folder, 0700, NULL);
        pt__heap_open(&r->heap, folder, &r->rows->taken);
    }
}

void pt__cache_close(struct pt__rollup *r, bool whole)
{
    if (r->caches) {
        pt__heap_close(&r->heap, whole);
    }
}

void pt__cache_put(struct pt__rollup *r, const struct pt_subject *subject, const struct pt__unit *unit,
                   const struct pt__kept *kept)
{
    struct pt_buf head = {0};
    if (!kept->usable || !pt_hash_eq(&kept->inputs, &unit->inputs)) { /* read at another moment than its heads */
        return;
    }
    pt__kept_put(r, unit, kept, &head);
    struct pt_bytes copy = head.err == PT_OK ? pt_arena_dup(&r->keep, pt_buf_bytes(&head)) : (struct pt_bytes){0};
    if (copy.data != NULL) {
        pt__heap_put(&r->heap, subject->text, &kept->key,
                     (const struct pt_bytes[PT__PIECES]){copy, kept->tree.bytes, kept->answers.bytes});
    }
    pt_buf_free(&head);
}

enum pt_err pt__cache_take(struct pt__rollup *r, size_t first, size_t last, struct pt__kept *kept)
{
    const struct pt_subject *subject = &r->heads[first].log.subject;
    struct pt_bytes stretch;
    *kept = (struct pt__kept){.inputs_at = r->inputs.n};
    if (!r->caches) {
        return PT_ENOTFOUND;
    }
    enum pt_err err = make_key(r, first, last, kept);
    if (err != PT_OK) {
        return err == PT_ENOMEM ? err : PT_ENOTFOUND;
    }
    kept->usable = true;
    if (!pt__heap_find(&r->heap, subject->text, &kept->key, &stretch)) {
        return PT_ENOTFOUND;
    }
    err = pt__kept_take(r, subject, &kept->inputs, stretch);
    if (err == PT_OK) {
        r->n_taken++;
        pt__heap_keep(&r->heap);
    }
    return err == PT_EMALFORMED ? PT_ENOTFOUND : err;
}
