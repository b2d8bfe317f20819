/* fuzz_receipt.c - the body of a receipt that its office has really signed: what is read keeps the limits, is stored
 * without harm, and says the same when it is signed again. */
#include "base/check.h"
#include "core/limits.h"
#include "core/log/receipts.h"
#include "core/store/store_mem.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void sign(const struct pt_keypair *office, struct pt_bytes body, struct pt_signature *out)
{
    struct pt_hash hash = pt_hash1(PT_CONTEXT_RECEIPT, body);
    pt_sign(office, PT_CONTEXT_RECEIPT, &hash, out);
}

static void check_read(const struct pt_receipt *receipt)
{
    PT_CHECK(receipt->tier == PT_TIER_REGION || receipt->tier == PT_TIER_NATIONAL);
    for (size_t i = 0; i < receipt->n_logs; i++) {
        const struct pt_receipt_log *log = &receipt->logs[i];
        PT_CHECK(strlen(log->log.subject.text) <= PT_SUBJECT_BYTES_MAX);
        PT_CHECK(pt_subject_kind(&log->log.subject) != PT_SUBJECT_NONE);
        PT_CHECK(pt_author_eq(&log->log.author, &receipt->author));
    }
}

static void check_again(const struct pt_receipt *receipt, const struct pt_keypair *office, struct pt_arena *arena)
{
    struct pt_receipt copy = *receipt;
    struct pt_receipt back;
    struct pt_public_key key;
    memcpy(key.b, office->public_key, sizeof key.b);
    PT_CHECK(pt_receipt_sign(&copy, office, arena) == PT_OK);
    PT_CHECK(pt_receipt_read(copy.body, &copy.signature, &key, arena, &back) == PT_OK);
    PT_CHECK(back.n_logs == receipt->n_logs && back.tier == receipt->tier && back.epoch == receipt->epoch &&
             back.lsn == receipt->lsn && back.time_ms == receipt->time_ms);
    for (size_t i = 0; i < back.n_logs; i++) {
        PT_CHECK(pt_log_id_eq(&back.logs[i].log, &receipt->logs[i].log));
        PT_CHECK(back.logs[i].seq == receipt->logs[i].seq && back.logs[i].held == receipt->logs[i].held);
    }
}

/* Of logs that are not here nothing is kept. */
static void check_store(const struct pt_receipt *receipt)
{
    struct pt_store *store;
    struct pt_txn *txn;
    struct pt_random random = pt_random_system();
    PT_CHECK(pt_store_mem_create(NULL, &random, &store) == PT_OK);
    PT_CHECK(pt_store_begin_write(store, &txn) == PT_OK);
    PT_CHECK(pt_receipt_store(txn, receipt) == PT_OK);
    PT_CHECK(pt_store_commit(txn) == PT_OK);
    pt_store_close(store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct pt_keypair office;
    struct pt_public_key key;
    struct pt_signature signature;
    struct pt_arena arena;
    struct pt_receipt receipt;
    const uint8_t seed[PT_KEY_BYTES] = {1};
    struct pt_bytes body = pt_bytes_of(data, n);
    PT_CHECK(pt_crypto_init() == PT_OK);
    pt_keypair_from_seed(seed, &office);
    memcpy(key.b, office.public_key, sizeof key.b);
    sign(&office, body, &signature);
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_receipt_read(body, &signature, &key, &arena, &receipt);
    PT_CHECK(err == PT_OK || err == PT_EMALFORMED || err == PT_ELIMIT);
    if (err == PT_OK) {
        check_read(&receipt);
        check_again(&receipt, &office, &arena);
        check_store(&receipt);
    }
    signature.b[0] ^= 1u;
    PT_CHECK(pt_receipt_read(body, &signature, &key, &arena, &receipt) == PT_ESIGNATURE);
    pt_arena_close(&arena);
    return 0;
}
