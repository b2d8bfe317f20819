/* session_offer.c - blobs that we have: parts for who asks, offers, and receipts for those that a peer brought. */
#include "core/log/texts.h"
#include "core/sync/session_internal.h"

#include "base/mem.h"
#include "core/store/keys.h"

#include <string.h>

static void say_part(struct pt_session *s, struct pt_update *u, const ProtobufCBinaryData *hash, uint64_t offset,
                     uint64_t total, struct pt_bytes bytes)
{
    Patuh__BlobPart part = PATUH__BLOB_PART__INIT;
    Patuh__Frame frame = PATUH__FRAME__INIT;
    part.has_hash = part.has_offset = part.has_total = part.has_data = true;
    part.hash = *hash;
    part.offset = offset;
    part.total = total;
    part.data = pt_binary(bytes.data, bytes.n);
    frame.blob_part = &part;
    pt__session_emit(s, u, &frame);
}

static enum pt_err read_text(struct pt_session *s, const struct pt_subject *subject, const struct pt_hash *hash,
                             struct pt_arena *arena, struct pt_bytes *out)
{
    struct pt_txn *txn;
    enum pt_err err = pt_store_begin_read(s->config.store, &txn);
    if (err == PT_OK) {
        err = pt_text_content(txn, subject, hash, arena, out);
        pt_store_abort(txn);
    }
    return err;
}

/* When it comes the peer hears of it (pt__session_offer_owed); past the limit it finds out in its next session. */
static void note_owed(struct pt_session *s, const struct owed_blob *blob)
{
    for (size_t i = 0; i < s->n_owed; i++) {
        const struct owed_blob *owed = &s->owed[i];
        bool same = owed->small == blob->small && pt_hash_eq(&owed->hash, &blob->hash);
        if (same && (!blob->small || pt_subject_eq(&owed->subject, &blob->subject))) {
            return;
        }
    }
    if (s->n_owed < PT_BLOB_HASHES_MAX &&
        pt_reserve(&s->owed, &s->owed_capacity, s->n_owed + 1, sizeof *s->owed) == PT_OK) {
        s->owed[s->n_owed++] = *blob;
    }
}

/* Which blob is it? Errors: MALFORMED, and those of a log reference. */
static enum pt_err read_want(struct pt_session *s, const Patuh__BlobWant *want, struct owed_blob *out)
{
    struct pt_log_id log;
    struct pt_public_key key;
    *out = (struct owed_blob){.small = want->log != NULL};
    if (want->hash.len != sizeof out->hash.b) {
        return PT_EMALFORMED;
    }
    memcpy(out->hash.b, want->hash.data, sizeof out->hash.b);
    enum pt_err err = out->small ? pt__session_ref_in(s, want->log, &log, &key) : PT_OK;
    if (err == PT_OK && out->small) {
        out->subject = log.subject;
        err = s->scope.has(s->scope.data, &log) ? PT_OK : pt__session_brings(s, &log) ? PT_ENOTFOUND : PT_EDENIED;
    }
    return err;
}

void pt__session_on_blob_want(struct pt_session *s, const Patuh__BlobWant *want, struct pt_update *u)
{
    struct owed_blob blob;
    struct pt_bytes bytes = {0};
    uint64_t total = 0;
    uint64_t offset = want->log != NULL ? 0 : want->offset;
    enum pt_err err = read_want(s, want, &blob);
    bool nothing = !pt__session_gives(s) && (err == PT_OK || err == PT_EDENIED);
    if (nothing || err == PT_ENOTFOUND) { /* NOTFOUND: it may bring that log, and does not see it */
        say_part(s, u, &want->hash, offset, 0, bytes);
        return;
    }
    if (err != PT_OK) {
        Patuh__FailureCode code = err == PT_EDENIED  ? PATUH__FAILURE_CODE__FAILURE_FOREIGN_LOG
                                  : err == PT_ELIMIT ? PATUH__FAILURE_CODE__FAILURE_LIMIT
                                  : err == PT_ENOMEM ? PATUH__FAILURE_CODE__FAILURE_BUSY
                                                     : PATUH__FAILURE_CODE__FAILURE_PROTOCOL;
        pt__session_fail(s, u, err, code);
        return;
    }
    if (blob.small) {
        err = read_text(s, &blob.subject, &blob.hash, &u->arena, &bytes);
        total = bytes.n;
    } else {
        err = s->config.blobs->read(s->config.blobs->data, &blob.hash, offset, PT_BLOB_PART_BYTES, &u->arena, &bytes,
                                    &total);
    }
    if (err != PT_OK && err != PT_ENOTFOUND) {
        pt__session_fail(s, u, err, PATUH__FAILURE_CODE__FAILURE_BUSY);
        return;
    }
    if (err == PT_ENOTFOUND) {
        note_owed(s, &blob);
        total = 0;
    }
    s->counts.files_sent += !blob.small && bytes.n > 0 && offset + bytes.n == total ? 1 : 0;
    say_part(s, u, &want->hash, offset, total, bytes);
}

/* --- receipts and offers --- */

void pt__session_receipt_blobs(struct pt_session *s, struct pt_hash *hashes, size_t n, uint64_t lsn,
                               const struct pt_now *now, struct pt_update *u)
{
    struct pt_receipt receipt = {.author = s->peer.author, .lsn = lsn, .blobs = hashes, .n_blobs = n};
    if (n > 0) {
        pt__session_say_receipt(s, &receipt, now, u);
    }
}

struct offer {
    struct pt_hash hashes[PT_BLOB_HASHES_MAX];
    size_t n;
};

static void say_offer(struct pt_session *s, struct offer *offer, struct pt_update *u)
{
    Patuh__BlobOffer message = PATUH__BLOB_OFFER__INIT;
    Patuh__Frame frame = PATUH__FRAME__INIT;
    message.has_hashes = true;
    message.hashes = pt_binary(offer->hashes, offer->n * sizeof offer->hashes[0]);
    frame.blob_offer = &message;
    if (offer->n > 0) {
        pt__session_emit(s, u, &frame);
    }
}

static bool is_among(const struct pt_hash *hashes, size_t n, const struct pt_hash *hash)
{
    bool found = false;
    for (size_t i = 0; i < n && !found; i++) {
        found = pt_hash_eq(&hashes[i], hash);
    }
    return found;
}

static bool has_file(struct pt_session *s, const struct pt_hash *hash, struct pt_arena *arena)
{
    struct pt_bytes bytes;
    uint64_t total;
    return s->config.blobs->read(s->config.blobs->data, hash, 0, 1, arena, &bytes, &total) == PT_OK;
}

/* The evidence that the first `covered` entries of a log of ours name. The rest is asked for when its entries come. */
static enum pt_err offer_log(struct pt_session *s, struct pt_txn *txn, const struct pt_view *view, uint64_t covered,
                             uint64_t epoch, bool only_here, struct pt_arena *arena, struct offer *offer)
{
    enum pt_err err = PT_OK;
    for (size_t i = 0; i < view->n_entries && i < covered && offer->n < PT_BLOB_HASHES_MAX && err == PT_OK; i++) {
        const struct pt_entry *entry = &view->entries[i];
        struct pt_blob_receipted receipted;
        if (entry->kind != PATUH__ENTRY_KIND__ENTRY_ADD_EVIDENCE || is_among(offer->hashes, offer->n, &entry->hash)) {
            continue;
        }
        err = pt_blob_receipted(txn, &entry->hash, s->config.upper_tier, &receipted);
        bool known = receipted.found && receipted.epoch == epoch;
        if (err == PT_OK && !known && (!only_here || has_file(s, &entry->hash, arena))) {
            offer->hashes[offer->n++] = entry->hash;
        }
    }
    return err;
}

static enum pt_err offer_logs(struct pt_session *s, struct pt_txn *txn, uint64_t epoch, bool only_here,
                              struct pt_arena *arena, struct offer *offer)
{
    struct pt_head *heads;
    size_t n = 0;
    enum pt_err err = pt_logs_list(txn, NULL, arena, &heads, &n);
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        struct pt_view view;
        uint64_t covered = 0;
        if (!s->scope.is_up(s->scope.data, &heads[i].log)) {
            continue;
        }
        err = pt_receipt_covers(txn, &heads[i], s->config.upper_tier, &covered);
        if (err == PT_OK && covered > 0) {
            err = pt_logs_view(txn, &heads[i], 0, false, arena, &view);
            err = err == PT_OK ? offer_log(s, txn, &view, covered, epoch, only_here, arena, offer) : err;
        }
    }
    return err;
}

/* First what is here. The rest, which was pruned, may be there, or nowhere; it keeps nothing else from being offered.
 */
enum pt_err pt__session_offer_own(struct pt_session *s, struct pt_txn *txn, uint64_t epoch, struct pt_update *u)
{
    struct offer offer = {.n = 0};
    enum pt_err err = offer_logs(s, txn, epoch, true, &u->arena, &offer);
    if (err == PT_OK && offer.n < PT_BLOB_HASHES_MAX) {
        err = offer_logs(s, txn, epoch, false, &u->arena, &offer);
    }
    if (err == PT_OK) {
        say_offer(s, &offer, u);
    }
    return err;
}

/* Texts lie in the store, the rest in files. */
static bool has_blob(struct pt_session *s, struct pt_txn *txn, const struct owed_blob *blob, struct pt_arena *arena)
{
    struct pt_bytes bytes;
    return blob->small ? pt_text_content(txn, &blob->subject, &blob->hash, arena, &bytes) == PT_OK
                       : has_file(s, &blob->hash, arena);
}

void pt__session_offer_owed(struct pt_session *s, struct pt_txn *txn, struct pt_update *u)
{
    struct offer offer = {.n = 0};
    size_t kept = 0;
    for (size_t i = 0; i < s->n_owed; i++) {
        if (!has_blob(s, txn, &s->owed[i], &u->arena)) {
            s->owed[kept++] = s->owed[i];
        } else if (!is_among(offer.hashes, offer.n, &s->owed[i].hash)) {
            offer.hashes[offer.n++] = s->owed[i].hash;
        }
    }
    s->n_owed = kept;
    say_offer(s, &offer, u);
}

/* Evidence of one log that was here once and is lost: nobody would ask for it again but for this offer. */
static enum pt_err find_missing(struct pt_txn *txn, const struct pt_head *head, const struct pt_file_work *work,
                                struct pt_inbox *inbox)
{
    struct pt_view view;
    enum pt_err err = pt_logs_view(txn, head, 0, false, &inbox->arena, &view);
    for (size_t i = 0; err == PT_OK && i < view.n_entries && inbox->n_missing < PT_BLOB_HASHES_MAX; i++) {
        const struct pt_entry *entry = &view.entries[i];
        if (entry->kind == PATUH__ENTRY_KIND__ENTRY_ADD_EVIDENCE && is_among(work->lost, work->n_lost, &entry->hash)) {
            inbox->missing[inbox->n_missing++] =
                (struct pt_wanted){.hash = entry->hash, .log = head->number, .kind = entry->kind};
        }
    }
    return err;
}

/* Once a session: it reads all that the peer wrote. */
static enum pt_err want_lost(struct pt_session *s, struct pt_txn *txn, const struct pt_file_work *work,
                             const struct pt_now *now, struct pt_update *u)
{
    struct pt_head *heads;
    size_t n = 0;
    struct pt_inbox *inbox = pt__session_inbox(s, u, now);
    if (inbox == NULL) {
        return PT_OK; /* said already */
    }
    s->searched = true;
    inbox->missing = pt_arena_zalloc(&inbox->arena, PT_BLOB_HASHES_MAX, sizeof *inbox->missing);
    enum pt_err err = inbox->missing == NULL ? PT_ENOMEM : pt_logs_list(txn, NULL, &u->arena, &heads, &n);
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        if (pt_author_eq(&heads[i].log.author, &s->peer.author)) {
            err = find_missing(txn, &heads[i], work, inbox);
        }
    }
    if (err != PT_OK || inbox->n_missing == 0) {
        pt_inbox_destroy(inbox);
        return err;
    }
    pt__session_submit(s, u, inbox);
    return PT_OK;
}

void pt__session_after_offer(struct pt_session *s, const struct pt_inbox *inbox, const struct pt_now *now,
                             struct pt_update *u)
{
    const struct pt_file_work *work = &inbox->files;
    struct pt_txn *txn;
    s->sorting = false;
    pt__session_receipt_blobs(s, work->here, work->n_here, inbox->lsn, now, u);
    bool takes = s->config.policy.evidence && s->peer.tier == PT_TIER_DEVICE;
    if (work->n_lost == 0 || !takes || s->searched) {
        return;
    }
    enum pt_err err = pt_store_begin_read(s->config.store, &txn);
    if (err == PT_OK) {
        err = want_lost(s, txn, work, now, u);
        pt_store_abort(txn);
    }
    if (err != PT_OK) {
        pt__session_fail(s, u, err, PATUH__FAILURE_CODE__FAILURE_BUSY);
    }
}

/* One offer at a time, since files are read for it. What is offered meanwhile has been asked for, or is offered again
 * in the next session. */
static void sort_offer(struct pt_session *s, const struct offer *offer, const struct pt_now *now, struct pt_update *u)
{
    struct pt_inbox *inbox = s->sorting ? NULL : pt__session_inbox(s, u, now);
    if (inbox == NULL) {
        return;
    }
    size_t n_bytes = offer->n * sizeof offer->hashes[0];
    struct pt_bytes offered = pt_arena_dup(&inbox->arena, pt_bytes_of(offer->hashes, n_bytes));
    inbox->files = (struct pt_file_work){
        .task = PT_FILE_OFFERED, .ops = s->config.blobs, .n_offered = offer->n, .offers = s->peer.author};
    inbox->files.here = pt_arena_alloc(&inbox->arena, n_bytes);
    inbox->files.lost = pt_arena_alloc(&inbox->arena, n_bytes);
    if (offered.data == NULL || inbox->files.here == NULL || inbox->files.lost == NULL) {
        pt_inbox_destroy(inbox);
        pt__session_fail(s, u, PT_ENOMEM, PATUH__FAILURE_CODE__FAILURE_BUSY);
        return;
    }
    inbox->files.offered = (const struct pt_hash *)(const void *)offered.data;
    s->sorting = true;
    pt__session_submit(s, u, inbox);
}

void pt__session_on_blob_offer(struct pt_session *s, const Patuh__BlobOffer *message, const struct pt_now *now,
                               struct pt_update *u)
{
    struct offer offer = {.n = message->hashes.len / PT_HASH_BYTES};
    if (message->hashes.len % PT_HASH_BYTES != 0 || offer.n == 0) {
        pt__session_fail(s, u, PT_EMALFORMED, PATUH__FAILURE_CODE__FAILURE_PROTOCOL);
        return;
    }
    if (offer.n > PT_BLOB_HASHES_MAX) {
        pt__session_fail(s, u, PT_ELIMIT, PATUH__FAILURE_CODE__FAILURE_LIMIT);
        return;
    }
    memcpy(offer.hashes, message->hashes.data, message->hashes.len);
    for (size_t i = 0; i < offer.n; i++) {
        pt__session_offered(s, &offer.hashes[i]);
    }
    pt__session_look_again(s);
    if (!s->config.connects) {
        sort_offer(s, &offer, now, u);
    }
}
