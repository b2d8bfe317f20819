/* session_blobs.c - blobs: asked for one at a time, after all entries; offered, and receipted. */
#include "core/sync/session_internal.h"

#include "base/mem.h"
#include "core/store/keys.h"
#include "core/wire/unpack.h"
#include "records.pb-c.h"

#include <string.h>

void pt__session_look_again(struct pt_session *s)
{
    s->asked_all = false;
    s->asked_after = (struct pt_hash){0};
}

/* Where the hash stands, or would stand. */
static size_t unavailable_position(const struct pt_session *s, const struct pt_hash *hash)
{
    size_t low = 0;
    size_t high = s->n_unavailable;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (pt_hash_cmp(&s->unavailable[middle], hash) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool is_unavailable(const struct pt_session *s, const struct pt_hash *hash)
{
    size_t at = unavailable_position(s, hash);
    return at < s->n_unavailable && pt_hash_eq(&s->unavailable[at], hash);
}

/* A blob to ask for. */
struct lacking {
    struct pt_hash hash;
    bool small;
    bool may_ask;        /* the peer may have it: it brings the log that names it */
    struct pt_head head; /* of that log */
};

static enum pt_err look_at(struct pt_session *s, struct pt_txn *txn, struct pt_bytes key, struct pt_bytes value,
                           struct pt_update *u, struct lacking *out)
{
    ProtobufCMessage *message;
    out->may_ask = false;
    enum pt_err err = pt_key_read_hash(key, &out->hash);
    if (err == PT_OK) {
        err = pt_unpack(&patuh__wanted_record__descriptor, value, &u->arena, &message);
    }
    if (err != PT_OK || is_unavailable(s, &out->hash)) {
        return err;
    }
    const Patuh__WantedRecord *row = (const Patuh__WantedRecord *)message;
    err = pt_logs_head(txn, row->log, &out->head);
    out->small = !pt_kind_names_file((Patuh__EntryKind)row->kind);
    out->may_ask = err == PT_OK && s->scope.has(s->scope.data, &out->head.log) &&
                   s->scope.is_up(s->scope.data, &out->head.log) != s->config.connects;
    return err;
}

/* ref: of the log that names a text; NULL for a file. */
static void say_want(struct pt_session *s, struct pt_update *u, const struct pt_hash *hash, uint64_t offset,
                     Patuh__LogRef *ref)
{
    Patuh__BlobWant want = PATUH__BLOB_WANT__INIT;
    Patuh__Frame frame = PATUH__FRAME__INIT;
    want.has_hash = want.has_offset = true;
    want.hash = pt_binary(hash->b, sizeof hash->b);
    want.offset = offset;
    want.log = ref;
    frame.blob_want = &want;
    pt__session_emit(s, u, &frame);
}

/* The file is complete: nobody wants it any more. */
static void note_file(struct pt_session *s, const struct pt_hash *hash, const struct pt_now *now, struct pt_update *u)
{
    struct pt_inbox *inbox = pt__session_inbox(s, u, now);
    if (inbox != NULL) {
        inbox->has_file = true;
        inbox->file_hash = *hash;
        pt__session_submit(s, u, inbox);
    }
}

/* A file goes on where an earlier session broke off; a text comes whole. */
static void ask(struct pt_session *s, const struct lacking *lacking, struct pt_update *u)
{
    uint64_t offset = 0;
    enum pt_err err = lacking->small ? PT_OK : s->config.blobs->resume(s->config.blobs->data, &lacking->hash, &offset);
    if (err != PT_OK) {
        pt__session_fail(s, u, err, PATUH__FAILURE_CODE__FAILURE_BUSY);
        return;
    }
    s->asking = true;
    s->asked = lacking->hash;
    s->asked_small = lacking->small;
    s->asked_subject = lacking->head.log.subject;
    s->asked_offset = offset;
    s->asked_total = 0;
    s->asked_after = lacking->hash;
    say_want(s, u, &lacking->hash, offset, lacking->small ? pt__session_ref_out(s, u, &lacking->head) : NULL);
}

void pt__session_ask_blob(struct pt_session *s, struct pt_txn *txn, const struct pt_now *now, struct pt_update *u)
{
    struct pt_key from = pt_key_hash(&s->asked_after);
    if (s->asked_all || s->revoked) {
        return; /* who was revoked gets nothing back */
    }
    struct pt_rows rows = pt_rows_from(txn, PT_TABLE_WANTED, (struct pt_bytes){0}, pt_key_bytes(&from));
    struct pt_bytes key;
    struct pt_bytes value;
    struct lacking lacking = {.small = false};
    enum pt_err err = PT_OK;
    while (err == PT_OK && !lacking.may_ask && pt_rows_next(&rows, &key, &value)) {
        err = look_at(s, txn, key, value, u, &lacking);
    }
    enum pt_err end = pt_rows_end(&rows);
    err = err == PT_OK ? end : err;
    if (err != PT_OK) {
        pt__session_fail(s, u, err, PATUH__FAILURE_CODE__FAILURE_BUSY);
        return;
    }
    bool file_here = lacking.may_ask && !lacking.small &&
                     s->config.blobs->is_durable(s->config.blobs->data, &lacking.hash); /* it came for another entry */
    if (file_here) {
        s->asked_after = lacking.hash;
        note_file(s, &lacking.hash, now, u);
    } else if (lacking.may_ask) {
        ask(s, &lacking, u);
    } else { /* looked at all: again from the first one when new entries have come */
        s->asked_all = true;
        s->asked_after = (struct pt_hash){0};
    }
}

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
    enum pt_err err = pt_store_begin(s->config.store, false, &txn);
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
        if (pt_hash_eq(&s->owed[i].hash, &blob->hash)) {
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
        err = s->scope.has(s->scope.data, &log) ? PT_OK : PT_EDENIED;
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
    if (s->peer.revoked && (err == PT_OK || err == PT_EDENIED)) {
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
    say_part(s, u, &want->hash, offset, total, bytes);
}

static void not_there(struct pt_session *s, struct pt_update *u)
{
    s->asking = false;
    if (pt_reserve(&s->unavailable, &s->unavailable_capacity, s->n_unavailable + 1, sizeof *s->unavailable) != PT_OK) {
        pt__session_fail(s, u, PT_ENOMEM, PATUH__FAILURE_CODE__FAILURE_BUSY);
        return;
    }
    size_t at = unavailable_position(s, &s->asked);
    memmove(&s->unavailable[at + 1], &s->unavailable[at], (s->n_unavailable - at) * sizeof *s->unavailable);
    s->unavailable[at] = s->asked;
    s->n_unavailable++;
}

static void take_text(struct pt_session *s, const Patuh__BlobPart *part, const struct pt_now *now, struct pt_update *u)
{
    struct pt_bytes content = pt_bytes_of(part->data.data, part->data.len);
    struct pt_hash hash = pt_text_hash(content);
    bool fits = content.n <= PT_TEXT_CONTENT_BYTES_MAX; /* else nobody could pass it on */
    if (!fits || part->total != content.n || !pt_hash_eq(&hash, &s->asked)) {
        not_there(s, u);
        return;
    }
    struct pt_inbox *inbox = pt__session_inbox(s, u, now);
    if (inbox != NULL) {
        inbox->text_subject = s->asked_subject;
        inbox->text = pt_arena_dup(&inbox->arena, content);
        inbox->has_text = inbox->text.data != NULL;
        s->asking = false;
        s->counts.blobs_received++;
        pt__session_submit(s, u, inbox);
    }
}

static void ask_from(struct pt_session *s, uint64_t offset, struct pt_update *u)
{
    s->asked_offset = offset;
    say_want(s, u, &s->asked, offset, NULL);
}

static void take_file(struct pt_session *s, const Patuh__BlobPart *part, const struct pt_now *now, struct pt_update *u)
{
    bool complete = false;
    bool first = s->asked_total == 0;
    uint64_t next = 0;
    if (!first && part->total != s->asked_total) {
        not_there(s, u); /* a content has one size */
        return;
    }
    s->asked_total = part->total;
    if (first && part->offset >= part->total) { /* what came earlier was said to be of a larger content */
        ask_from(s, 0, u);
        return;
    }
    struct pt_bytes bytes = pt_bytes_of(part->data.data, part->data.len);
    enum pt_err err =
        s->config.blobs->append(s->config.blobs->data, &s->asked, part->offset, part->total, bytes, &next, &complete);
    if (err == PT_EMALFORMED || err == PT_ELIMIT) {
        not_there(s, u); /* what came is not what the entry names */
        return;
    }
    if (err != PT_OK) {
        pt__session_fail(s, u, err,
                         err == PT_EFULL ? PATUH__FAILURE_CODE__FAILURE_FULL : PATUH__FAILURE_CODE__FAILURE_BUSY);
        return;
    }
    if (!complete && !first && next <= s->asked_offset) {
        not_there(s, u); /* it would never end */
        return;
    }
    if (!complete) {
        ask_from(s, next, u);
        return;
    }
    s->asking = false;
    s->counts.blobs_received++;
    note_file(s, &s->asked, now, u);
}

void pt__session_on_blob_part(struct pt_session *s, const Patuh__BlobPart *part, const struct pt_now *now,
                              struct pt_update *u)
{
    bool asked =
        s->asking && part->hash.len == sizeof s->asked.b && memcmp(part->hash.data, s->asked.b, sizeof s->asked.b) == 0;
    if (!asked || part->total > PT_BLOB_BYTES_MAX || (part->total > 0 && part->offset != s->asked_offset)) {
        pt__session_fail(s, u, PT_EMALFORMED, PATUH__FAILURE_CODE__FAILURE_PROTOCOL);
        return;
    }
    bool past_end = !s->asked_small && part->offset >= part->total;
    if (part->total == 0 || (part->data.len == 0 && !past_end)) {
        not_there(s, u);
    } else if (s->asked_small) {
        take_text(s, part, now, u);
    } else {
        take_file(s, part, now, u);
    }
}

/* --- receipts and offers --- */

static void receipt_blobs(struct pt_session *s, struct pt_hash *hashes, size_t n, uint64_t lsn,
                          const struct pt_now *now, struct pt_update *u)
{
    struct pt_receipt receipt = {.author = s->peer.author, .lsn = lsn, .blobs = hashes, .n_blobs = n};
    if (n > 0) {
        pt__session_say_receipt(s, &receipt, now, u);
    }
}

void pt__session_after_file(struct pt_session *s, const struct pt_inbox *inbox, const struct pt_now *now,
                            struct pt_update *u)
{
    struct pt_hash hash = inbox->file_hash;
    if (!s->config.connects) {
        receipt_blobs(s, &hash, 1, inbox->lsn, now, u);
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

static bool offers(const struct offer *offer, const struct pt_hash *hash)
{
    bool found = false;
    for (size_t i = 0; i < offer->n && !found; i++) {
        found = pt_hash_eq(&offer->hashes[i], hash);
    }
    return found;
}

/* The evidence that the first `covered` entries of a log of ours name. The rest is asked for when its entries come. */
static enum pt_err offer_log(struct pt_session *s, struct pt_txn *txn, const struct pt_view *view, uint64_t covered,
                             uint64_t epoch, struct offer *offer)
{
    enum pt_err err = PT_OK;
    for (size_t i = 0; i < view->n_entries && i < covered && offer->n < PT_BLOB_HASHES_MAX && err == PT_OK; i++) {
        const struct pt_entry *entry = &view->entries[i];
        struct pt_blob_receipted receipted;
        if (entry->kind != PATUH__ENTRY_KIND__ENTRY_ADD_EVIDENCE || offers(offer, &entry->hash)) {
            continue;
        }
        err = pt_blob_receipted(txn, &entry->hash, (uint8_t)s->config.upper_tier, &receipted);
        if (err == PT_OK && (!receipted.found || receipted.epoch != epoch)) {
            offer->hashes[offer->n++] = entry->hash;
        }
    }
    return err;
}

enum pt_err pt__session_offer_own(struct pt_session *s, struct pt_txn *txn, uint64_t epoch, struct pt_update *u)
{
    struct pt_head *heads;
    struct offer offer = {.n = 0};
    size_t n = 0;
    enum pt_err err = pt_logs_list(txn, NULL, &u->arena, &heads, &n);
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        struct pt_view view;
        uint64_t covered = 0;
        if (!s->scope.is_up(s->scope.data, &heads[i].log)) {
            continue;
        }
        err = pt_receipt_covers(txn, &heads[i], (uint8_t)s->config.upper_tier, &covered);
        if (err == PT_OK && covered > 0) {
            err = pt_logs_view(txn, &heads[i], 0, false, &u->arena, &view);
            err = err == PT_OK ? offer_log(s, txn, &view, covered, epoch, &offer) : err;
        }
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
    uint64_t total;
    if (blob->small) {
        return pt_text_content(txn, &blob->subject, &blob->hash, arena, &bytes) == PT_OK;
    }
    return s->config.blobs->read(s->config.blobs->data, &blob->hash, 0, 1, arena, &bytes, &total) == PT_OK;
}

void pt__session_offer_owed(struct pt_session *s, struct pt_txn *txn, struct pt_update *u)
{
    struct offer offer = {.n = 0};
    size_t kept = 0;
    for (size_t i = 0; i < s->n_owed; i++) {
        if (has_blob(s, txn, &s->owed[i], &u->arena)) {
            offer.hashes[offer.n++] = s->owed[i].hash;
        } else {
            s->owed[kept++] = s->owed[i];
        }
    }
    s->n_owed = kept;
    say_offer(s, &offer, u);
}

static void forget_unavailable(struct pt_session *s, const struct pt_hash *hash)
{
    size_t at = unavailable_position(s, hash);
    if (at < s->n_unavailable && pt_hash_eq(&s->unavailable[at], hash)) {
        s->n_unavailable--;
        memmove(&s->unavailable[at], &s->unavailable[at + 1], (s->n_unavailable - at) * sizeof *s->unavailable);
    }
}

static enum pt_err is_wanted(struct pt_txn *txn, const struct pt_hash *hash, bool *wanted)
{
    struct pt_bytes value;
    struct pt_key key = pt_key_hash(hash);
    enum pt_err err = pt_store_get(txn, PT_TABLE_WANTED, pt_key_bytes(&key), &value);
    *wanted = err == PT_OK;
    return err == PT_ENOTFOUND ? PT_OK : err;
}

/* Evidence of one log that was here once and is lost: nobody would ask for it again but for this offer. */
static enum pt_err find_missing(struct pt_txn *txn, const struct pt_head *head, const struct offer *lost,
                                struct pt_inbox *inbox)
{
    struct pt_view view;
    enum pt_err err = pt_logs_view(txn, head, 0, false, &inbox->arena, &view);
    for (size_t i = 0; err == PT_OK && i < view.n_entries && inbox->n_missing < PT_BLOB_HASHES_MAX; i++) {
        const struct pt_entry *entry = &view.entries[i];
        if (entry->kind == PATUH__ENTRY_KIND__ENTRY_ADD_EVIDENCE && offers(lost, &entry->hash)) {
            inbox->missing[inbox->n_missing++] =
                (struct pt_missing_blob){.hash = entry->hash, .log = head->number, .kind = entry->kind};
        }
    }
    return err;
}

/* Once a session: it reads all that the peer wrote. */
static enum pt_err want_lost(struct pt_session *s, struct pt_txn *txn, const struct offer *lost,
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
            err = find_missing(txn, &heads[i], lost, inbox);
        }
    }
    if (err != PT_OK || inbox->n_missing == 0) {
        pt_inbox_destroy(inbox);
        return err;
    }
    pt__session_submit(s, u, inbox);
    return PT_OK;
}

static enum pt_err answer_offer(struct pt_session *s, struct pt_txn *txn, const struct offer *offer,
                                const struct pt_now *now, struct pt_update *u)
{
    struct offer here = {.n = 0};
    struct offer lost = {.n = 0};
    uint64_t lsn = 0;
    struct pt_hash hash;
    enum pt_err err = pt_arrival_last(txn, &lsn, &hash);
    for (size_t i = 0; i < offer->n && err == PT_OK; i++) {
        bool wanted = false;
        err = is_wanted(txn, &offer->hashes[i], &wanted);
        if (err != PT_OK || wanted) {
            continue; /* asked for when its turn comes, and receipted then */
        }
        bool whole = s->config.blobs->is_durable(s->config.blobs->data, &offer->hashes[i]);
        struct offer *list = whole ? &here : &lost;
        list->hashes[list->n++] = offer->hashes[i];
    }
    if (err == PT_OK) {
        receipt_blobs(s, here.hashes, here.n, lsn, now, u);
    }
    bool takes = s->config.policy.evidence && s->peer.tier == 0;
    return err == PT_OK && lost.n > 0 && takes && !s->searched ? want_lost(s, txn, &lost, now, u) : err;
}

void pt__session_on_blob_offer(struct pt_session *s, const Patuh__BlobOffer *message, const struct pt_now *now,
                               struct pt_update *u)
{
    struct offer offer = {.n = message->hashes.len / PT_HASH_BYTES};
    struct pt_txn *txn;
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
        forget_unavailable(s, &offer.hashes[i]);
    }
    pt__session_look_again(s);
    if (s->config.connects) {
        return;
    }
    enum pt_err err = pt_store_begin(s->config.store, false, &txn);
    if (err == PT_OK) {
        err = answer_offer(s, txn, &offer, now, u);
        pt_store_abort(txn);
    }
    if (err != PT_OK) {
        pt__session_fail(s, u, err, PATUH__FAILURE_CODE__FAILURE_BUSY);
    }
}
