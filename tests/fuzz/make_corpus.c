/* make_corpus.c - writes the first inputs of the targets chunk, run, bundle and instrument: well-formed ones, for a
 * fuzzer to start from.
 *
 *     make_corpus tests/fuzz/corpus */
#include "core/bundle/fill.h"
#include "core/wire/pack.h"
#include "instrument_cases.h"
#include "support/bundle_kit.h"
#include "support/logs_kit.h"

#include <stdio.h>
#include <string.h>

static const char *folder;

static void write_file(const char *target, const char *name, struct pt_bytes bytes)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s/%s", folder, target, name);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes.data, 1, bytes.n, file) != bytes.n || fclose(file) != 0) {
        (void)fprintf(stderr, "%s: cannot be written\n", path);
    }
}

static void write_chunk(const char *name, const struct pt_chunk_header *header, const struct pt_entry *entries)
{
    struct pt_buf out = {0};
    if (pt_chunk_encode(header, entries, &out) == PT_OK) {
        write_file("chunk", name, pt_buf_bytes(&out));
    }
    pt_buf_free(&out);
}

static void write_chunks(void)
{
    struct pt_arena arena;
    struct pt_entry typical[60];
    uint64_t state = 5;
    struct pt_keypair pair = kit_pair(1);
    struct pt_log_id log = kit_log("a:2023/62.71/disdukcapil", &pair, 0x0102030405060708);
    struct pt_chunk_header header = kit_header(&log, 1, 60);
    pt_arena_init(&arena, SIZE_MAX);
    kit_typical(typical, 60);
    write_chunk("typical", &header, typical);
    header.count = 1;
    write_chunk("one", &header, typical);
    header.count = 40;
    write_chunk("random", &header, kit_entries(40, &state, &arena));
    struct pt_entry later = pt_entry_of((Patuh__EntryKind)99, 1700000000);
    later.detail = pt_bytes_str("later");
    header.count = 1;
    write_chunk("later-kind", &header, &later);
    pt_arena_close(&arena);
}

/* In the form of fuzz_run.c. */
static void write_run(const char *name, uint64_t first_seq, size_t n_chunks)
{
    struct pt_buf chunks = {0};
    struct pt_buf out = {0};
    struct pt_signature signature;
    uint8_t seed[PT_KEY_BYTES] = {1};
    struct pt_keypair pair = kit_pair(1);
    struct pt_log_id log = kit_log("o:62", &pair, 7);
    struct pt_hash previous = pt_link_first(&log);
    struct pt_hash link = previous;
    struct pt_entry entries[2] = {pt_entry_of(PATUH__ENTRY_KIND__ENTRY_MEMBER, 1700000000),
                                  pt_entry_of(PATUH__ENTRY_KIND__ENTRY_REVOKE, 1700000020)};
    for (size_t i = 0; i < n_chunks; i++) {
        struct pt_buf chunk = {0};
        struct pt_chunk_header header = kit_header(&log, first_seq + 2 * i, 2);
        if (pt_chunk_encode(&header, entries, &chunk) == PT_OK) {
            link = pt_link_next(&link, pt_buf_bytes(&chunk));
            pt_buf_put_u32(&chunks, (uint32_t)chunk.n);
            pt_buf_put_bytes(&chunks, pt_buf_bytes(&chunk));
        }
        pt_buf_free(&chunk);
    }
    pt_sign(&pair, PT_CONTEXT_LINK, &link, &signature);
    pt_buf_put_u8(&out, (uint8_t)first_seq);
    pt_buf_put_u64(&out, log.incarnation);
    pt_buf_put(&out, seed, sizeof seed);
    pt_buf_put(&out, previous.b, sizeof previous.b);
    pt_buf_put(&out, signature.b, sizeof signature.b);
    pt_buf_put_bytes(&out, pt_buf_bytes(&chunks));
    write_file("run", name, pt_buf_bytes(&out));
    pt_buf_free(&chunks);
    pt_buf_free(&out);
}

static void write_instrument(const char *name, const char *expression, unsigned form)
{
    struct pt_buf out = {0};
    if (expression_compile(expression, form, &out) == PT_OK) {
        write_file("instrument", name, pt_buf_bytes(&out));
    }
    pt_buf_free(&out);
}

/* The records of a file that nothing is wrong with, in the form of fuzz_bundle.c. */
static void write_records(const char *name, struct kit_file *file)
{
    struct pt_keypair office = kit_pair(2);
    struct pt_bundle_reader *reader;
    struct pt_buf out = {0};
    enum pt_err err = pt_bundle_open(kit_source(file), &office, &reader);
    pt_buf_put_str(&out, "R");
    while (err == PT_OK) {
        struct pt_arena arena;
        const Patuh__BundleRecord *record;
        pt_arena_init(&arena, SIZE_MAX);
        err = pt_bundle_next(reader, &arena, &record);
        if (err == PT_OK) {
            struct pt_bytes packed = kit_pack(record, &arena);
            pt_buf_put_u32(&out, (uint32_t)packed.n);
            pt_buf_put_bytes(&out, packed);
        }
        pt_arena_close(&arena);
    }
    pt_bundle_reader_destroy(reader);
    write_file("bundle", name, pt_buf_bytes(&out));
    pt_buf_free(&out);
}

static void put_part_and_receipt(struct pt_bundle_fill *fill, const struct pt_head *head,
                                 const struct pt_keypair *office, struct pt_arena *arena)
{
    Patuh__BundleRecord record = PATUH__BUNDLE_RECORD__INIT;
    Patuh__BlobPart part = PATUH__BLOB_PART__INIT;
    struct pt_receipt_log log = {.log = head->log, .seq = head->seq, .link = head->link};
    struct pt_receipt receipt = {.office = pt_author_of(office->public_key),
                                 .tier = PT_TIER_REGION,
                                 .author = head->log.author,
                                 .epoch = 3,
                                 .lsn = 4,
                                 .logs = &log,
                                 .n_logs = 1};
    part.has_hash = part.has_total = part.has_data = true;
    part.hash = pt_binary(head->link.b, sizeof head->link.b);
    part.total = 5;
    part.data = pt_binary("photo", 5);
    record.part = &part;
    (void)!pt_bundle_put(fill->writer, &record);
    if (pt_receipt_sign(&receipt, office, arena) == PT_OK) {
        (void)!pt_fill_receipt(fill, receipt.body, &receipt.signature);
    }
    (void)!pt_fill_heads(fill, head, 1);
    (void)!pt_fill_wants(fill, &head->link, 1);
}

/* forked: a second chunk follows the first. */
static void write_bundle(const char *name, bool forked)
{
    struct kit_file file = {0};
    struct pt_keypair pair = kit_pair(1);
    struct pt_keypair office = kit_pair(2);
    struct pt_log_id log = kit_log("a:2023/62.71/disdukcapil", &pair, 7);
    struct kit_chunk chunks[3];
    struct pt_arena arena;
    struct pt_head head;
    struct pt_store *store = kit_store();
    struct pt_bundle_fill fill = {0};
    pt_arena_init(&arena, SIZE_MAX);
    chunks[0] = kit_chunk_after(&log, NULL, 3, 1, &arena);
    chunks[1] = kit_chunk_after(&log, &chunks[0], 2, 2, &arena);
    chunks[2] = kit_chunk_after(&log, &chunks[0], 1, 3, &arena);
    struct pt_run run = kit_run(&log, &pair, chunks, 2, &arena);
    (void)kit_deliver(store, &run);
    run = kit_run(&log, &pair, &chunks[2], 1, &arena);
    if (forked) {
        (void)kit_deliver(store, &run);
    }
    fill.txn = kit_begin(store, false);
    fill.writer = kit_bundle(&file, &pair, &office, (struct pt_bytes){0});
    if (pt_logs_find(fill.txn, &log, &head) == PT_OK && pt_fill_after(&fill, &head, NULL) == PT_OK) {
        put_part_and_receipt(&fill, &head, &office, &arena);
    }
    kit_bundle_end(fill.writer);
    pt_store_abort(fill.txn);
    write_records(name, &file);
    struct pt_buf whole = {0};
    pt_buf_put_str(&whole, "F");
    pt_buf_put_bytes(&whole, pt_buf_bytes(&file.bytes));
    write_file("bundle", forked ? "file-forked" : "file", pt_buf_bytes(&whole));
    pt_buf_free(&whole);
    pt_buf_free(&file.bytes);
    pt_store_close(store);
    pt_arena_close(&arena);
}

int main(int n_args, char **args)
{
    if (n_args != 2) {
        (void)fprintf(stderr, "usage: make_corpus FOLDER\n");
        return 2;
    }
    folder = args[1];
    write_chunks();
    write_run("first", 1, 1);
    write_run("three", 1, 3);
    write_run("later", 41, 2);
    write_bundle("records", false);
    write_bundle("records-forked", true);
    write_instrument("relevant", "${count} > 3 and selected(${many}, 'a')", 0);
    write_instrument("constraint", ". >= 0 and . <= 20", 1);
    write_instrument("calculation", "if(${one} = 'a', sum(${fee}), coalesce(${amount}, 0) div 3)", 2);
    write_instrument("inside", "${fee} * 2 - count-selected(${shown})", 5);
    return 0;
}
