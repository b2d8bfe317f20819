#include "core/bundle/take.h"

#include "core/log/run_message.h"
#include "core/log/texts.h"

#include <string.h>

/* What is wrong with the content is no failure of ours. */
static bool is_wrong(enum pt_err err)
{
    return err == PT_EMALFORMED || err == PT_ELIMIT || err == PT_ELINK || err == PT_ESIGNATURE || err == PT_EDENIED;
}

static bool may_bring(const struct pt_bundle_taker *taker, const struct pt_log_id *log)
{
    return !pt_author_eq(&log->author, &taker->author) && taker->takes(taker->data, log);
}

static enum pt_err read_log(const struct pt_bundle_taker *taker, const Patuh__LogRef *ref, struct pt_log_id *log,
                            struct pt_public_key *key)
{
    enum pt_err err = ref == NULL ? PT_EMALFORMED : pt_log_ref_read(ref, log, key);
    return err == PT_OK && !may_bring(taker, log) ? PT_EDENIED : err;
}

static enum pt_err prepare_run(const struct pt_bundle_taker *taker, const Patuh__Chunks *chunks, struct pt_inbox *inbox)
{
    enum pt_err err = read_log(taker, chunks->log, &inbox->run.log, &inbox->run.key);
    if (err == PT_OK) {
        err = pt_inbox_take_chunks(inbox, chunks);
    }
    if (err == PT_OK) {
        err = pt_run_check(&inbox->run, &inbox->arena, &inbox->checked);
    }
    inbox->has_run = err == PT_OK;
    return err;
}

/* Only a text that an entry names here and that nobody has brought. */
static enum pt_err prepare_text(const struct pt_bundle_taker *taker, struct pt_txn *txn, const Patuh__BundleText *text,
                                struct pt_inbox *inbox)
{
    struct pt_log_id log;
    struct pt_public_key key;
    enum pt_err err = read_log(taker, text->log, &log, &key);
    if (err == PT_OK && text->content.len > PT_TEXT_CONTENT_BYTES_MAX) {
        err = PT_ELIMIT;
    }
    if (err == PT_OK) {
        inbox->text = pt_arena_dup(&inbox->arena, pt_bytes_of(text->content.data, text->content.len));
        inbox->text_subject = log.subject;
        err = inbox->text.data == NULL ? PT_ENOMEM : PT_OK;
    }
    if (err == PT_OK) {
        struct pt_hash hash = pt_text_hash(inbox->text);
        err = pt_wanted_is(txn, &hash, &log.subject, &inbox->has_text);
    }
    return err;
}

/* A part of a file that is asked for; of one that is not, the last part is where to look whether it is here already. */
static enum pt_err prepare_part(const struct pt_bundle_taker *taker, struct pt_txn *txn, const Patuh__BlobPart *part,
                                struct pt_inbox *inbox)
{
    struct pt_file_work *work = &inbox->files;
    bool wanted = false;
    if (part->hash.len != sizeof work->hash.b || part->data.len == 0 || part->total > PT_BLOB_BYTES_MAX ||
        part->data.len > PT_BLOB_PART_BYTES || part->offset > part->total ||
        part->data.len > part->total - part->offset) {
        return PT_EMALFORMED;
    }
    *work = (struct pt_file_work){.ops = taker->blobs, .offset = part->offset, .total = part->total};
    memcpy(work->hash.b, part->hash.data, sizeof work->hash.b);
    work->part = pt_arena_dup(&inbox->arena, pt_bytes_of(part->data.data, part->data.len));
    enum pt_err err = work->part.data == NULL ? PT_ENOMEM : pt_wanted_is(txn, &work->hash, NULL, &wanted);
    if (err == PT_OK && wanted) {
        work->task = PT_FILE_PART;
    } else if (err == PT_OK && part->offset + part->data.len == part->total) {
        work->task = PT_FILE_LOOK;
    }
    return err;
}

static enum pt_err prepare_receipt(const struct pt_bundle_taker *taker, const Patuh__Receipt *receipt,
                                   struct pt_inbox *inbox)
{
    struct pt_signature signature;
    if (receipt->signature.len != sizeof signature.b) {
        return PT_EMALFORMED;
    }
    memcpy(signature.b, receipt->signature.data, sizeof signature.b);
    struct pt_bytes body = pt_arena_dup(&inbox->arena, pt_bytes_of(receipt->body.data, receipt->body.len));
    inbox->receipts = pt_arena_zalloc(&inbox->arena, 1, sizeof *inbox->receipts);
    if (inbox->receipts == NULL || body.data == NULL) {
        return PT_ENOMEM;
    }
    enum pt_err err = pt_receipt_read_tier(body, &signature, taker->region_key, taker->national_key, &inbox->arena,
                                           &inbox->receipts[0]);
    inbox->n_receipts = err == PT_OK;
    return err;
}

static enum pt_err fill_inbox(const struct pt_bundle_taker *taker, struct pt_txn *txn,
                              const Patuh__BundleRecord *record, struct pt_inbox *inbox)
{
    if (record->chunks != NULL) {
        return prepare_run(taker, record->chunks, inbox);
    }
    if (record->text != NULL) {
        return prepare_text(taker, txn, record->text, inbox);
    }
    if (record->part != NULL) {
        return prepare_part(taker, txn, record->part, inbox);
    }
    return record->receipt != NULL ? prepare_receipt(taker, record->receipt, inbox) : PT_OK;
}

/* The run was here before, and its texts may not have come with it. */
static enum pt_err put_texts(struct pt_txn *txn, const struct pt_inbox *inbox)
{
    const struct pt_append *append = &inbox->append;
    bool news = append->n_accepted + append->n_held + append->n_parked > 0; /* then they were looked at */
    enum pt_err err = PT_OK;
    for (size_t i = 0; i < inbox->n_texts && err == PT_OK && !news; i++) {
        struct pt_hash hash = pt_text_hash(inbox->texts[i]);
        bool wanted = false;
        err = pt_wanted_is(txn, &hash, &inbox->run.log.subject, &wanted);
        if (err == PT_OK && wanted) {
            err = pt_text_put(txn, &inbox->run.log.subject, inbox->texts[i], &hash);
        }
    }
    return err;
}

static void count(struct pt_bundle_taker *taker, const struct pt_inbox *inbox)
{
    struct pt_bundle_counts *counts = &taker->counts;
    const struct pt_file_work *files = &inbox->files;
    counts->chunks_new += inbox->append.n_accepted;
    counts->chunks_duplicate += inbox->append.n_duplicate;
    counts->chunks_held += inbox->append.n_held;
    counts->chunks_parked += inbox->append.n_parked;
    counts->receipts += (uint32_t)inbox->n_receipts;
    counts->files_new += files->task == PT_FILE_PART && files->whole;
    counts->left_out += files->refused || (files->task == PT_FILE_LOOK && !files->whole);
}

static bool brings(const struct pt_inbox *inbox)
{
    return inbox->has_run || inbox->has_text || inbox->n_receipts > 0 || inbox->files.task != PT_FILE_NOTHING;
}

enum pt_err pt_bundle_take(struct pt_bundle_taker *taker, struct pt_txn *txn, const Patuh__BundleRecord *record,
                           bool *whole)
{
    struct pt_inbox *inbox = pt_inbox_create();
    *whole = false;
    if (inbox == NULL) {
        return PT_ENOMEM;
    }
    inbox->policy = taker->policy;
    inbox->now_ms = taker->now_ms;
    enum pt_err err = fill_inbox(taker, txn, record, inbox);
    if (err == PT_OK && brings(inbox)) {
        err = pt_inbox_apply(txn, inbox); /* LIMIT: more would be parked than may be, and nothing has changed */
    }
    if (err == PT_OK && inbox->has_run) {
        err = put_texts(txn, inbox);
    }
    if (err == PT_OK) {
        count(taker, inbox);
        *whole = inbox->files.whole;
    } else if (is_wrong(err)) {
        taker->counts.left_out++;
        err = PT_OK;
    }
    pt_inbox_destroy(inbox);
    return err;
}
