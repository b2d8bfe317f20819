/* session_fetch.c - blobs that come to us: asked for one at a time, after all entries. */
#include "core/log/entry_blobs.h"
#include "core/log/texts.h"
#include "core/sync/session_internal.h"

#include "base/mem.h"
#include "core/store/keys.h"

#include <string.h>

void pt__session_look_again(struct pt_session *s)
{
    s->fetch.looked_all = false;
    s->fetch.looked_upto = (struct pt_key){0};
}

static bool is_text(const struct asked_blob *blob)
{
    return blob->log != 0;
}

static int compare_blobs(const struct asked_blob *a, const struct asked_blob *b)
{
    int order = pt_hash_cmp(&a->hash, &b->hash);
    return order != 0 ? order : (a->log > b->log) - (a->log < b->log);
}

/* Where the blob stands, or would stand. */
static size_t unavailable_position(const struct pt_session *s, const struct asked_blob *blob)
{
    size_t low = 0;
    size_t high = s->fetch.n_unavailable;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_blobs(&s->fetch.unavailable[middle], blob) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool is_unavailable(const struct pt_session *s, const struct asked_blob *blob)
{
    size_t at = unavailable_position(s, blob);
    return at < s->fetch.n_unavailable && compare_blobs(&s->fetch.unavailable[at], blob) == 0;
}

/* A blob to ask for. */
struct lacking {
    struct asked_blob blob;
    struct pt_key row;
    bool may_ask;        /* the peer may have it */
    struct pt_head head; /* of that log */
};

/* It brings the log; or the log is ours, and who was restored gets back what it lost from whoever was given it. Texts
 * of what this side brings are asked for as well: entries of it may have come back from the office (after a recall, to
 * a region that was restored), and who wrote them may have let go of their texts. */
static bool may_have(const struct pt_session *s, const struct pt_log_id *log, bool text)
{
    bool brings = s->scope.is_up(s->scope.data, log) != s->config.connects;
    bool lost = s->config.connects ? text : pt_author_eq(&log->author, &s->config.author);
    return s->scope.has(s->scope.data, log) && (brings || lost);
}

static enum pt_err look_at(struct pt_session *s, struct pt_txn *txn, struct pt_bytes key, struct pt_bytes value,
                           struct pt_update *u, struct lacking *out)
{
    struct pt_wanted row;
    out->may_ask = false;
    enum pt_err err = pt_wanted_read(key, value, &u->arena, &row);
    if (err != PT_OK) {
        return err;
    }
    out->row = pt_key_copy(key);
    out->blob = (struct asked_blob){.hash = row.hash, .log = pt_kind_names_file(row.kind) ? 0 : row.log};
    if (is_unavailable(s, &out->blob)) {
        return PT_OK;
    }
    err = pt_logs_head(txn, row.log, &out->head);
    out->may_ask = err == PT_OK && may_have(s, &out->head.log, is_text(&out->blob));
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

/* What is asked for or looked at next. */
static void turn_to(struct pt_session *s, const struct lacking *lacking)
{
    s->fetch.blob = lacking->blob;
    s->fetch.subject = lacking->head.log.subject;
    s->fetch.offset = 0;
    s->fetch.total = 0;
    s->fetch.looked_upto = lacking->row;
}

/* ref: as in say_want. */
static void ask_from(struct pt_session *s, uint64_t offset, Patuh__LogRef *ref, struct pt_update *u)
{
    s->fetch.state = FETCH_ASKED;
    s->fetch.offset = offset;
    say_want(s, u, &s->fetch.blob.hash, offset, ref);
}

/* A file is looked for or grows at the disk; pt__session_after_file goes on. NULL after a failure. */
static struct pt_inbox *disk_inbox(struct pt_session *s, enum pt_file_task task, const struct pt_now *now,
                                   struct pt_update *u)
{
    struct pt_inbox *inbox = pt__session_inbox(s, u, now);
    if (inbox != NULL) {
        s->fetch.state = FETCH_AT_DISK;
        inbox->files = (struct pt_file_work){.task = task, .ops = s->config.blobs, .hash = s->fetch.blob.hash};
    }
    return inbox;
}

/* A text comes whole; a file goes on where an earlier session broke off. */
static void ask(struct pt_session *s, const struct lacking *lacking, const struct pt_now *now, struct pt_update *u)
{
    turn_to(s, lacking);
    if (is_text(&lacking->blob)) {
        Patuh__LogRef *ref = pt__session_ref_out(s, u, &lacking->head);
        if (ref != NULL) {
            ask_from(s, 0, ref, u);
        }
        return;
    }
    struct pt_inbox *inbox = disk_inbox(s, PT_FILE_LOOK, now, u);
    if (inbox != NULL) {
        pt__session_submit(s, u, inbox);
    }
}

void pt__session_ask_blob(struct pt_session *s, struct pt_txn *txn, const struct pt_now *now, struct pt_update *u)
{
    if (s->fetch.looked_all || pt_session_only_delivers(s)) {
        return; /* nothing would come */
    }
    struct pt_rows rows = pt_rows_from(txn, PT_TABLE_WANTED, (struct pt_bytes){0}, pt_key_bytes(&s->fetch.looked_upto));
    struct pt_bytes key;
    struct pt_bytes value;
    struct lacking lacking = {.may_ask = false};
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
    if (lacking.may_ask) {
        ask(s, &lacking, now, u);
    } else { /* looked at all: again from the first one when new entries have come */
        s->fetch.looked_all = true;
        s->fetch.looked_upto = (struct pt_key){0};
    }
}

static void not_there(struct pt_session *s, struct pt_update *u)
{
    s->fetch.state = FETCH_IDLE;
    if (pt_reserve(&s->fetch.unavailable, &s->fetch.unavailable_capacity, s->fetch.n_unavailable + 1,
                   sizeof *s->fetch.unavailable) != PT_OK) {
        pt__session_fail(s, u, PT_ENOMEM, PATUH__FAILURE_CODE__FAILURE_BUSY);
        return;
    }
    size_t at = unavailable_position(s, &s->fetch.blob);
    memmove(&s->fetch.unavailable[at + 1], &s->fetch.unavailable[at],
            (s->fetch.n_unavailable - at) * sizeof *s->fetch.unavailable);
    s->fetch.unavailable[at] = s->fetch.blob;
    s->fetch.n_unavailable++;
}

static void take_text(struct pt_session *s, const Patuh__BlobPart *part, const struct pt_now *now, struct pt_update *u)
{
    struct pt_bytes content = pt_bytes_of(part->data.data, part->data.len);
    struct pt_hash hash = pt_text_hash(content);
    bool fits = content.n <= PT_TEXT_CONTENT_BYTES_MAX; /* else nobody could pass it on */
    if (!fits || part->total != content.n || !pt_hash_eq(&hash, &s->fetch.blob.hash)) {
        not_there(s, u);
        return;
    }
    struct pt_inbox *inbox = pt__session_inbox(s, u, now);
    if (inbox != NULL) {
        inbox->text_subject = s->fetch.subject;
        inbox->text = pt_arena_dup(&inbox->arena, content);
        inbox->has_text = inbox->text.data != NULL;
        s->fetch.state = FETCH_IDLE;
        s->counts.blobs_received++;
        pt__session_submit(s, u, inbox);
    }
}

static void take_file(struct pt_session *s, const Patuh__BlobPart *part, const struct pt_now *now, struct pt_update *u)
{
    bool first = s->fetch.total == 0;
    if (!first && part->total != s->fetch.total) {
        not_there(s, u); /* a content has one size */
        return;
    }
    s->fetch.total = part->total;
    if (first && part->offset >= part->total) { /* what came earlier was said to be of a larger content */
        ask_from(s, 0, NULL, u);
        return;
    }
    struct pt_inbox *inbox = disk_inbox(s, PT_FILE_PART, now, u);
    if (inbox == NULL) {
        return;
    }
    s->fetch.first = first;
    inbox->files.offset = part->offset;
    inbox->files.total = part->total;
    inbox->files.part = pt_arena_dup(&inbox->arena, pt_bytes_of(part->data.data, part->data.len));
    if (inbox->files.part.data == NULL) {
        pt_inbox_destroy(inbox);
        pt__session_fail(s, u, PT_ENOMEM, PATUH__FAILURE_CODE__FAILURE_BUSY);
        return;
    }
    pt__session_submit(s, u, inbox);
}

void pt__session_after_file(struct pt_session *s, const struct pt_inbox *inbox, const struct pt_now *now,
                            struct pt_update *u)
{
    const struct pt_file_work *work = &inbox->files;
    bool stands = work->task == PT_FILE_PART && !s->fetch.first && work->next <= s->fetch.offset;
    if (work->whole) {
        struct pt_hash hash = work->hash;
        s->fetch.state = FETCH_IDLE;
        s->counts.blobs_received += work->task == PT_FILE_PART;
        if (!s->config.connects) {
            pt__session_receipt_blobs(s, &hash, 1, inbox->lsn, now, u);
        }
    } else if (work->refused || stands) {
        not_there(s, u); /* what came is not what the entry names, or it would never end */
    } else {
        ask_from(s, work->next, NULL, u);
    }
}

void pt__session_on_blob_part(struct pt_session *s, const Patuh__BlobPart *part, const struct pt_now *now,
                              struct pt_update *u)
{
    bool asked = s->fetch.state == FETCH_ASKED && part->hash.len == PT_HASH_BYTES &&
                 memcmp(part->hash.data, s->fetch.blob.hash.b, PT_HASH_BYTES) == 0;
    if (!asked || part->total > PT_BLOB_BYTES_MAX || (part->total > 0 && part->offset != s->fetch.offset)) {
        pt__session_fail(s, u, PT_EMALFORMED, PATUH__FAILURE_CODE__FAILURE_PROTOCOL);
        return;
    }
    bool text = is_text(&s->fetch.blob);
    bool past_end = !text && part->offset >= part->total;
    if (part->total == 0 || (part->data.len == 0 && !past_end)) {
        not_there(s, u);
    } else if (text) {
        take_text(s, part, now, u);
    } else {
        take_file(s, part, now, u);
    }
}

void pt__session_offered(struct pt_session *s, const struct pt_hash *hash)
{
    struct asked_blob file = {.hash = *hash};
    size_t at = unavailable_position(s, &file); /* the texts of this hash follow */
    size_t end = at;
    while (end < s->fetch.n_unavailable && pt_hash_eq(&s->fetch.unavailable[end].hash, hash)) {
        end++;
    }
    if (end > at) {
        memmove(&s->fetch.unavailable[at], &s->fetch.unavailable[end],
                (s->fetch.n_unavailable - end) * sizeof *s->fetch.unavailable);
        s->fetch.n_unavailable -= end - at;
    }
}
