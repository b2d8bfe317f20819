/* fuzz_bundle.c - a bundle as it comes on a stick, and the records of one that is authentic.
 *
 * Input: 'F' and a whole file; or 'R' and records as they are after decryption, each a u32 length and a message, which
 * are taken into a store twice: the second time nothing is new. */
#include "base/check.h"
#include "core/bundle/take.h"
#include "core/store/store_mem.h"
#include "core/wire/unpack.h"
#include "support/bundle_kit.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct pt_keypair pair_of(uint8_t seed_byte)
{
    uint8_t seed[PT_KEY_BYTES] = {seed_byte};
    struct pt_keypair pair;
    pt_keypair_from_seed(seed, &pair);
    return pair;
}

/* For the key to which the corpus is sealed. */
static void read_file(struct pt_bytes bytes)
{
    struct kit_file file = {.given = bytes};
    struct pt_keypair office = pair_of(2);
    struct pt_bundle_reader *reader;
    enum pt_err err = pt_bundle_open(kit_source(&file), &office, &reader);
    PT_CHECK(err == PT_OK || err == PT_EMALFORMED || err == PT_EVERSION || err == PT_EDENIED || err == PT_EDAMAGED);
    while (err == PT_OK) {
        struct pt_arena arena;
        const Patuh__BundleRecord *record;
        pt_arena_init(&arena, SIZE_MAX);
        err = pt_bundle_next(reader, &arena, &record);
        PT_CHECK(err == PT_OK || err == PT_ENOTFOUND || err == PT_EDAMAGED);
        pt_arena_close(&arena);
    }
    PT_CHECK(file.at <= bytes.n);
    pt_bundle_reader_destroy(reader);
}

static bool takes_all(void *data, const struct pt_log_id *log)
{
    (void)data;
    return pt_subject_kind(&log->subject) != PT_SUBJECT_NONE;
}

/* A disk that has nothing and takes everything. */
static enum pt_err append(void *data, const struct pt_hash *hash, uint64_t offset, uint64_t total, struct pt_bytes part,
                          uint64_t *next, bool *complete)
{
    (void)data;
    (void)hash;
    PT_CHECK(part.n > 0 && offset <= total && part.n <= total - offset && total <= PT_BLOB_BYTES_MAX);
    *next = offset + part.n;
    *complete = *next == total;
    return PT_OK;
}

static enum pt_err resume(void *data, const struct pt_hash *hash, uint64_t *offset)
{
    (void)data;
    (void)hash;
    *offset = 0;
    return PT_OK;
}

static bool is_durable(void *data, const struct pt_hash *hash)
{
    (void)data;
    (void)hash;
    return false;
}

static void take_records(struct pt_store *store, struct pt_bundle_taker *taker, struct pt_bytes bytes)
{
    struct pt_reader reader = pt_reader_on(bytes);
    while (reader.err == PT_OK && reader.at < reader.end) {
        struct pt_bytes packed = pt_read_bytes(&reader, pt_read_u32(&reader));
        struct pt_arena arena;
        ProtobufCMessage *message;
        struct pt_txn *txn;
        bool whole;
        pt_arena_init(&arena, SIZE_MAX);
        if (packed.n <= PT_BUNDLE_RECORD_BYTES_MAX &&
            pt_unpack(&patuh__bundle_record__descriptor, packed, &arena, &message) == PT_OK) {
            PT_CHECK(pt_store_begin_write(store, &txn) == PT_OK);
            PT_CHECK(pt_bundle_take(taker, txn, (const Patuh__BundleRecord *)message, &whole) == PT_OK);
            PT_CHECK(pt_store_commit(txn) == PT_OK);
        }
        pt_arena_close(&arena);
    }
}

static void take_twice(struct pt_bytes bytes)
{
    struct pt_store *store;
    struct pt_random random = pt_random_system();
    struct pt_keypair office = pair_of(2);
    struct pt_public_key key;
    struct pt_blob_ops blobs = {.append = append, .resume = resume, .is_durable = is_durable};
    struct pt_bundle_taker taker = {.author = pt_author_of(office.public_key),
                                    .takes = takes_all,
                                    .blobs = &blobs,
                                    .policy = {.evidence = true, .registry = true},
                                    .region_key = &key,
                                    .now_ms = 1700000000000};
    memcpy(key.b, office.public_key, sizeof key.b);
    PT_CHECK(pt_store_mem_create(NULL, &random, &store) == PT_OK);
    take_records(store, &taker, bytes);
    taker.counts.chunks_new = taker.counts.chunks_held = 0;
    take_records(store, &taker, bytes);
    PT_CHECK(taker.counts.chunks_new + taker.counts.chunks_held == 0);
    pt_store_close(store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    PT_CHECK(pt_crypto_init() == PT_OK);
    if (n > 0 && data[0] == 'F') {
        read_file(pt_bytes_of(data + 1, n - 1));
    } else if (n > 0 && data[0] == 'R') {
        take_twice(pt_bytes_of(data + 1, n - 1));
    }
    return 0;
}
