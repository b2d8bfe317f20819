#include "core/bundle/take.h"

#include "base/mem.h"
#include "core/bundle/fill.h"
#include "core/log/texts.h"
#include "core/wire/pack.h"
#include "support/bundle_kit.h"
#include "support/logs_kit.h"

#include <criterion/criterion.h>
#include <string.h>

#define SUBJECT "a:2023/62.71/disdukcapil"
#define OTHER "a:2023/62.71/dinkes"
#define FILE_BYTES 40000 /* three parts */

enum { DEVICE = 1, OFFICE = 2, COLLEAGUE = 3 };

/* One file, whose content the test knows. */
struct blobs {
    uint8_t content[FILE_BYTES];
    size_t arrived;
};

struct world {
    struct pt_arena arena;
    struct pt_store *device;
    struct pt_store *office;
    struct pt_keypair pair, office_pair, colleague;
    struct pt_log_id log;
    struct kit_chunk chain[6];
    struct blobs here, there;
    struct pt_blob_ops device_blobs, office_blobs;
    struct pt_bundle_taker taker;
};

static enum pt_err blob_read(void *data, const struct pt_hash *hash, uint64_t offset, size_t n_max,
                             struct pt_arena *arena, struct pt_bytes *bytes, uint64_t *total)
{
    struct blobs *blobs = data;
    struct pt_hash own = pt_hash1(PT_CONTEXT_BLOB, pt_bytes_of(blobs->content, sizeof blobs->content));
    size_t left = sizeof blobs->content - (size_t)offset;
    if (blobs->arrived < sizeof blobs->content || !pt_hash_eq(hash, &own)) {
        return PT_ENOTFOUND;
    }
    *total = sizeof blobs->content;
    *bytes = pt_arena_dup(arena, pt_bytes_of(blobs->content + offset, left < n_max ? left : n_max));
    return bytes->data == NULL ? PT_ENOMEM : PT_OK;
}

static enum pt_err blob_append(void *data, const struct pt_hash *hash, uint64_t offset, uint64_t total,
                               struct pt_bytes part, uint64_t *next, bool *complete)
{
    struct blobs *blobs = data;
    (void)hash;
    if (total != sizeof blobs->content) {
        return PT_ELIMIT;
    }
    if (offset == blobs->arrived) {
        memcpy(blobs->content + offset, part.data, part.n);
        blobs->arrived += part.n;
    }
    *next = blobs->arrived;
    *complete = blobs->arrived == sizeof blobs->content;
    return PT_OK;
}

static enum pt_err blob_resume(void *data, const struct pt_hash *hash, uint64_t *offset)
{
    (void)hash;
    *offset = ((struct blobs *)data)->arrived;
    return PT_OK;
}

static bool blob_is_durable(void *data, const struct pt_hash *hash)
{
    (void)hash;
    return ((struct blobs *)data)->arrived == FILE_BYTES;
}

static struct pt_blob_ops ops_of(struct blobs *blobs)
{
    return (struct pt_blob_ops){
        .read = blob_read, .append = blob_append, .resume = blob_resume, .is_durable = blob_is_durable, .data = blobs};
}

static bool takes_of_device(void *data, const struct pt_log_id *log)
{
    const struct world *w = data;
    return pt_author_eq(&log->author, &w->log.author) && strcmp(log->subject.text, OTHER) != 0;
}

static void make(struct world *w)
{
    *w = (struct world){.device = kit_store(),
                        .office = kit_store(),
                        .pair = kit_pair(DEVICE),
                        .office_pair = kit_pair(OFFICE),
                        .colleague = kit_pair(COLLEAGUE)};
    pt_arena_init(&w->arena, SIZE_MAX);
    w->log = kit_log(SUBJECT, &w->pair, 7);
    for (size_t i = 0; i < 6; i++) {
        w->chain[i] = kit_chunk_after(&w->log, i == 0 ? NULL : &w->chain[i - 1], 2, (int64_t)i, &w->arena);
    }
    for (size_t i = 0; i < FILE_BYTES; i++) {
        w->here.content[i] = (uint8_t)(i * 7);
    }
    w->here.arrived = FILE_BYTES;
    w->device_blobs = ops_of(&w->here);
    w->office_blobs = ops_of(&w->there);
    w->taker = (struct pt_bundle_taker){.author = pt_author_of(w->office_pair.public_key),
                                        .takes = takes_of_device,
                                        .data = w,
                                        .blobs = &w->office_blobs,
                                        .policy = {.evidence = true},
                                        .now_ms = 1700000000000};
}

static void leave(struct world *w)
{
    pt_arena_close(&w->arena);
    pt_store_close(w->device);
    pt_store_close(w->office);
    cr_expect_eq(pt_mem_alive(), 0);
}

static void deliver(struct world *w, struct pt_store *store, const struct kit_chunk *chunks, size_t n)
{
    struct pt_run run = kit_run(&w->log, &w->pair, chunks, n, &w->arena);
    (void)kit_deliver(store, &run);
}

static struct pt_head head_in(struct pt_store *store, const struct pt_log_id *log)
{
    struct pt_head head = {0};
    struct pt_txn *txn = kit_begin(store, false);
    enum pt_err err = pt_logs_find(txn, log, &head);
    pt_store_abort(txn);
    cr_assert(err == PT_OK || err == PT_ENOTFOUND);
    return head;
}

/* All logs of the device's store from a place on, and its file. */
static struct kit_file bundle_after(struct world *w, const struct pt_chunk_end *place)
{
    struct kit_file file = {0};
    struct pt_head *heads;
    size_t n = 0;
    struct pt_hash hash = pt_hash1(PT_CONTEXT_BLOB, pt_bytes_of(w->here.content, FILE_BYTES));
    struct pt_bundle_fill fill = {.txn = kit_begin(w->device, false), .blobs = &w->device_blobs};
    fill.writer = kit_bundle(&file, &w->pair, &w->office_pair, (struct pt_bytes){0});
    cr_assert_eq(pt_logs_list(fill.txn, NULL, &w->arena, &heads, &n), PT_OK);
    for (size_t i = 0; i < n; i++) {
        cr_assert_eq(pt_fill_after(&fill, &heads[i], place), PT_OK);
    }
    cr_assert_eq(pt_fill_file(&fill, &hash), PT_OK);
    cr_expect_eq(fill.n_files, 1);
    kit_bundle_end(fill.writer);
    pt_store_abort(fill.txn);
    return file;
}

/* What it brought, this time. */
static struct pt_bundle_counts take(struct world *w, struct kit_file *file)
{
    struct pt_bundle_reader *reader;
    enum pt_err err = PT_OK;
    w->taker.counts = (struct pt_bundle_counts){0};
    cr_assert_eq(pt_bundle_open(kit_source(file), &w->office_pair, &reader), PT_OK);
    while (err == PT_OK) {
        const Patuh__BundleRecord *record;
        struct pt_arena arena;
        bool whole = false;
        pt_arena_init(&arena, SIZE_MAX);
        err = pt_bundle_next(reader, &arena, &record);
        if (err == PT_OK) {
            struct pt_txn *txn = kit_begin(w->office, true);
            cr_assert_eq(pt_bundle_take(&w->taker, txn, record, &whole), PT_OK);
            cr_assert_eq(pt_store_commit(txn), PT_OK);
        }
        pt_arena_close(&arena);
    }
    cr_expect_eq(err, PT_ENOTFOUND);
    pt_bundle_reader_destroy(reader);
    return w->taker.counts;
}

/* Notes with long texts, more than ride along with their run. */
static void write_notes(struct world *w, size_t n)
{
    struct pt_author_pen pen = {.pair = &w->pair, .incarnation = 9, .wall_ms = 1700000000000};
    struct pt_subject subject = kit_subject(SUBJECT);
    struct pt_head head;
    struct pt_txn *txn = kit_begin(w->device, true);
    cr_assert_eq(pt_pen_log(txn, &pen, &subject, &head), PT_OK);
    for (size_t i = 0; i < n; i++) {
        char text[PT_TEXT_CONTENT_BYTES_MAX];
        uint64_t seq;
        struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_NOTE, 1700000000);
        memset(text, 'a', sizeof text);
        text[0] = (char)i; /* in the salt: each is another one */
        entry.question = 1;
        cr_assert_eq(pt_text_put(txn, &subject, pt_bytes_of(text, sizeof text), &entry.hash), PT_OK);
        cr_assert_eq(pt_tail_put(txn, &pen, &head, &entry, &seq), PT_OK);
    }
    cr_assert_eq(pt_tail_seal(txn, &pen, &head, &w->arena, NULL), PT_OK);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
}

static size_t n_rows(struct pt_store *store, enum pt_table table)
{
    struct pt_txn *txn = kit_begin(store, false);
    struct pt_rows rows = pt_rows_of(txn, table, (struct pt_bytes){0});
    struct pt_bytes key;
    struct pt_bytes value;
    size_t n = 0;
    while (pt_rows_next(&rows, &key, &value)) {
        n++;
    }
    cr_expect_eq(pt_rows_end(&rows), PT_OK);
    pt_store_abort(txn);
    return n;
}

Test(take, brings_the_same_log_and_twice_nothing_more)
{
    struct world w;
    make(&w);
    deliver(&w, w.device, w.chain, 6);
    struct kit_file file = bundle_after(&w, NULL);
    struct pt_bundle_counts first = take(&w, &file);
    cr_expect_eq(first.chunks_new, 6);
    cr_expect_eq(first.left_out, 1, "the file, which no entry names");
    struct pt_head head = head_in(w.office, &w.log);
    struct pt_bundle_counts second = take(&w, &file);
    cr_expect_eq(second.chunks_new, 0);
    cr_expect_eq(second.chunks_duplicate, 6);
    struct pt_head again = head_in(w.office, &w.log);
    cr_expect_eq(again.seq, 12);
    cr_expect(pt_hash_eq(&again.link, &head.link));
    cr_expect_eq(again.last_lsn, head.last_lsn);
    pt_buf_free(&file.bytes);
    leave(&w);
}

/* Every order of three bundles, each of which begins where the one before it was receipted. */
Test(take, bundles_in_any_order_give_the_same_log)
{
    static const size_t orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (size_t k = 0; k < 6; k++) {
        struct world w;
        struct kit_file files[3];
        make(&w);
        for (size_t i = 0; i < 3; i++) {
            struct pt_chunk_end place = {0};
            deliver(&w, w.device, &w.chain[2 * i], 2);
            place.seq = i == 0 ? 0 : w.chain[2 * i - 1].last_seq;
            place.link = i == 0 ? w.chain[0].previous : w.chain[2 * i - 1].link;
            files[i] = bundle_after(&w, &place);
        }
        for (size_t i = 0; i < 3; i++) {
            struct pt_bundle_counts counts = take(&w, &files[orders[k][i]]);
            if (i == 0) {
                cr_expect_eq(counts.chunks_parked, orders[k][0] == 0 ? 0 : 2, "order %zu", k);
            }
        }
        struct pt_head head = head_in(w.office, &w.log);
        cr_expect_eq(head.seq, 12);
        cr_expect_eq(head.n_parked, 0);
        cr_expect_not(head.forked);
        cr_expect(pt_hash_eq(&head.link, &w.chain[5].link));
        for (size_t i = 0; i < 3; i++) {
            pt_buf_free(&files[i].bytes);
        }
        leave(&w);
    }
}

Test(take, a_forked_log_comes_with_every_branch)
{
    struct world w;
    make(&w);
    struct kit_chunk other = kit_chunk_after(&w.log, &w.chain[1], 1, 99, &w.arena);
    deliver(&w, w.device, w.chain, 4);
    deliver(&w, w.device, &other, 1);
    struct kit_file file = bundle_after(&w, NULL);
    struct pt_bundle_counts counts = take(&w, &file);
    cr_expect_eq(counts.chunks_new + counts.chunks_held, 5);
    struct pt_head here = head_in(w.device, &w.log);
    struct pt_head there = head_in(w.office, &w.log);
    cr_expect(there.forked);
    cr_expect_eq(there.seq, here.seq);
    cr_expect_eq(there.held_seq, here.held_seq);
    pt_buf_free(&file.bytes);
    leave(&w);
}

Test(take, all_texts_come_however_long_they_are)
{
    struct world w;
    make(&w);
    write_notes(&w, 40); /* 80 KB of texts, one signature */
    struct kit_file file = bundle_after(&w, NULL);
    (void)take(&w, &file);
    cr_expect_eq(n_rows(w.office, PT_TABLE_TEXTS), 40);
    cr_expect_eq(n_rows(w.office, PT_TABLE_WANTED), 0);
    (void)take(&w, &file);
    cr_expect_eq(n_rows(w.office, PT_TABLE_TEXTS), 40);
    pt_buf_free(&file.bytes);
    leave(&w);
}

/* A session brought the run and broke before it asked for the texts. */
Test(take, texts_of_a_run_that_is_here_already_are_taken)
{
    struct world w;
    struct pt_arena arena;
    struct pt_inbox *inbox = pt_inbox_create();
    make(&w);
    write_notes(&w, 3);
    struct pt_log_id log = kit_log(SUBJECT, &w.pair, 9);
    struct pt_head head = head_in(w.device, &log);
    struct pt_txn *from = kit_begin(w.device, false);
    uint64_t last = 0;
    pt_arena_init(&arena, SIZE_MAX);
    cr_assert_eq(pt_logs_run(from, &head, 1, PT_CREDIT_BYTES, &arena, &inbox->run, &last), PT_OK);
    cr_assert_eq(pt_run_check(&inbox->run, &inbox->arena, &inbox->checked), PT_OK);
    inbox->has_run = true;
    struct pt_txn *txn = kit_begin(w.office, true);
    cr_assert_eq(pt_inbox_apply(txn, inbox), PT_OK);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
    pt_store_abort(from);
    cr_assert_eq(n_rows(w.office, PT_TABLE_WANTED), 3);
    struct kit_file file = bundle_after(&w, NULL);
    struct pt_bundle_counts counts = take(&w, &file);
    cr_expect_eq(counts.chunks_new, 0);
    cr_expect_eq(n_rows(w.office, PT_TABLE_WANTED), 0);
    cr_expect_eq(n_rows(w.office, PT_TABLE_TEXTS), 3);
    pt_buf_free(&file.bytes);
    pt_inbox_destroy(inbox);
    pt_arena_close(&arena);
    leave(&w);
}

Test(take, a_file_comes_once_an_entry_names_it)
{
    struct world w;
    make(&w);
    struct pt_author_pen pen = {.pair = &w.pair, .incarnation = 8, .wall_ms = 1700000000000};
    struct pt_subject subject = kit_subject(SUBJECT);
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_ADD_EVIDENCE, 1700000000);
    entry.question = 1;
    entry.hash = pt_hash1(PT_CONTEXT_BLOB, pt_bytes_of(w.here.content, FILE_BYTES));
    struct pt_txn *txn = kit_begin(w.device, true);
    cr_assert_eq(pt_pen_write(txn, &pen, &subject, &entry, 1, &w.arena), PT_OK);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
    struct kit_file file = bundle_after(&w, NULL);
    struct pt_bundle_counts counts = take(&w, &file);
    cr_expect_eq(counts.files_new, 1);
    cr_expect_eq(counts.left_out, 0);
    cr_expect_arr_eq(w.there.content, w.here.content, FILE_BYTES);
    cr_expect_eq(n_rows(w.office, PT_TABLE_WANTED), 0);
    counts = take(&w, &file);
    cr_expect_eq(counts.files_new, 0);
    cr_expect_eq(counts.left_out, 0, "it is here: receipted once more");
    pt_buf_free(&file.bytes);
    leave(&w);
}

Test(take, what_the_maker_may_not_bring_is_left_out_and_the_rest_is_not)
{
    struct world w;
    make(&w);
    deliver(&w, w.device, w.chain, 2);
    const struct pt_keypair *const authors[] = {&w.pair, &w.colleague, &w.office_pair};
    static const char *const subjects[] = {OTHER, SUBJECT, SUBJECT};
    for (size_t i = 0; i < 3; i++) {
        struct pt_log_id log = kit_log(subjects[i], authors[i], 7);
        struct kit_chunk chunk = kit_chunk_after(&log, NULL, 1, 1, &w.arena);
        struct pt_run run = kit_run(&log, authors[i], &chunk, 1, &w.arena);
        (void)kit_deliver(w.device, &run);
    }
    struct kit_file file = bundle_after(&w, NULL);
    struct pt_bundle_counts counts = take(&w, &file);
    cr_expect_eq(counts.chunks_new, 2);
    cr_expect_eq(counts.left_out, 3 + 1);
    cr_expect_eq(n_rows(w.office, PT_TABLE_LOGS), 1);
    pt_buf_free(&file.bytes);
    leave(&w);
}

static struct pt_bundle_counts take_one(struct world *w, const Patuh__BundleRecord *record)
{
    bool whole;
    struct pt_txn *txn = kit_begin(w->office, true);
    w->taker.counts = (struct pt_bundle_counts){0};
    cr_expect_eq(pt_bundle_take(&w->taker, txn, record, &whole), PT_OK);
    cr_expect_not(whole);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
    return w->taker.counts;
}

/* In an authentic bundle: by a program that is wrong, or a person who means it so. */
Test(take, wrong_contents_are_left_out)
{
    struct world w;
    make(&w);
    static uint8_t hash[PT_HASH_BYTES];
    static uint8_t data[PT_BLOB_PART_BYTES + 1];
    Patuh__BundleRecord record = PATUH__BUNDLE_RECORD__INIT;
    Patuh__Chunks chunks = PATUH__CHUNKS__INIT;
    record.chunks = &chunks;
    cr_expect_eq(take_one(&w, &record).left_out, 1, "no log");
    record.chunks = NULL;
    Patuh__BundleText text = PATUH__BUNDLE_TEXT__INIT;
    record.text = &text;
    cr_expect_eq(take_one(&w, &record).left_out, 1, "no log");
    record.text = NULL;
    Patuh__Receipt receipt = PATUH__RECEIPT__INIT;
    record.receipt = &receipt;
    cr_expect_eq(take_one(&w, &record).left_out, 1, "no signature");
    record.receipt = NULL;
    Patuh__BlobPart part = PATUH__BLOB_PART__INIT;
    record.part = &part;
    part.hash = pt_binary(hash, sizeof hash);
    part.data = pt_binary(data, 10);
    part.total = 9;
    cr_expect_eq(take_one(&w, &record).left_out, 1, "longer than the whole");
    part.total = PT_BLOB_BYTES_MAX + 1;
    cr_expect_eq(take_one(&w, &record).left_out, 1, "too large");
    part.total = UINT64_MAX;
    part.offset = UINT64_MAX - 5;
    cr_expect_eq(take_one(&w, &record).left_out, 1, "far away");
    part.offset = 0;
    part.total = sizeof data;
    part.data = pt_binary(data, sizeof data);
    cr_expect_eq(take_one(&w, &record).left_out, 1, "a large part");
    leave(&w);
}

static struct pt_bundle_counts take_receipt(struct world *w, uint8_t signer, enum pt_tier tier, uint64_t lsn)
{
    struct pt_keypair office = kit_pair(signer);
    struct pt_receipt_log log = {.log = w->log, .seq = w->chain[1].last_seq, .link = w->chain[1].link};
    struct pt_receipt signed_one = {.office = pt_author_of(office.public_key),
                                    .tier = tier,
                                    .author = w->log.author,
                                    .epoch = 5,
                                    .lsn = lsn,
                                    .time_ms = 1700000000000,
                                    .logs = &log,
                                    .n_logs = 1};
    Patuh__BundleRecord record = PATUH__BUNDLE_RECORD__INIT;
    Patuh__Receipt receipt = PATUH__RECEIPT__INIT;
    cr_assert_eq(pt_receipt_sign(&signed_one, &office, &w->arena), PT_OK);
    receipt.body = pt_binary(signed_one.body.data, signed_one.body.n);
    receipt.signature = pt_binary(signed_one.signature.b, sizeof signed_one.signature.b);
    record.receipt = &receipt;
    return take_one(w, &record);
}

Test(take, receipts_are_taken_of_the_office_of_their_tier_only)
{
    struct world w;
    struct pt_public_key region;
    struct pt_public_key national;
    struct pt_keypair head_office = kit_pair(9);
    make(&w);
    deliver(&w, w.office, w.chain, 2);
    memcpy(region.b, w.office_pair.public_key, sizeof region.b);
    memcpy(national.b, head_office.public_key, sizeof national.b);
    cr_expect_eq(take_receipt(&w, OFFICE, PT_TIER_REGION, 1).left_out, 1, "who knows no office takes none");
    w.taker.region_key = &region;
    w.taker.national_key = &national;
    cr_expect_eq(take_receipt(&w, OFFICE, PT_TIER_REGION, 1).receipts, 1);
    cr_expect_eq(take_receipt(&w, OFFICE, PT_TIER_NATIONAL, 1).left_out, 1);
    cr_expect_eq(take_receipt(&w, COLLEAGUE, PT_TIER_REGION, 1).left_out, 1);
    cr_expect_eq(take_receipt(&w, 9, PT_TIER_NATIONAL, 1).receipts, 1);
    struct pt_head head = head_in(w.office, &w.log);
    struct pt_txn *txn = kit_begin(w.office, false);
    uint64_t covered = 0;
    cr_expect_eq(pt_receipt_covers(txn, &head, PT_TIER_NATIONAL, &covered), PT_OK);
    cr_expect_eq(covered, w.chain[1].last_seq);
    pt_store_abort(txn);
    leave(&w);
}

/* The 65th chunk that would wait is left out; what the store has stays as it is. */
Test(take, no_more_is_parked_than_a_store_keeps)
{
    struct world w;
    make(&w);
    struct kit_chunk chunks[PT_PARKED_PER_LOG_MAX + 2];
    struct pt_chunk_end place;
    for (size_t i = 0; i < PT_PARKED_PER_LOG_MAX + 2; i++) {
        chunks[i] = kit_chunk_after(&w.log, i == 0 ? NULL : &chunks[i - 1], 1, (int64_t)i, &w.arena);
        deliver(&w, w.device, &chunks[i], 1); /* each with a signature */
    }
    place = (struct pt_chunk_end){.seq = 1, .link = chunks[0].link};
    struct kit_file file = bundle_after(&w, &place);
    struct pt_bundle_counts counts = take(&w, &file);
    cr_expect_gt(counts.left_out, 1);
    cr_expect_leq(head_in(w.office, &w.log).n_parked, PT_PARKED_PER_LOG_MAX);
    pt_buf_free(&file.bytes);
    file = bundle_after(&w, NULL);
    (void)take(&w, &file);
    cr_expect_eq(head_in(w.office, &w.log).seq, PT_PARKED_PER_LOG_MAX + 2);
    pt_buf_free(&file.bytes);
    leave(&w);
}
