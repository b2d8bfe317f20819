#include "support/workload.h"

#include "core/store/keys.h"
#include "core/store/store_mem.h"

#include <stdbool.h>

#define VALUE_BYTES_MAX 9000

static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

static void fill(void *data, void *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ((uint8_t *)out)[i] = (uint8_t)next_random(data);
    }
}

/* Mostly small values, some over the size at which LMDB takes pages of their own. */
static size_t value_bytes(uint64_t *state)
{
    switch (next_random(state) % 8) {
    case 0:
        return next_random(state) % VALUE_BYTES_MAX;
    case 1:
        return 1900 + next_random(state) % 300;
    default:
        return next_random(state) % 300;
    }
}

static enum pt_err put_random(struct pt_txn *txn, enum pt_table table, struct pt_key key, uint64_t *state)
{
    uint8_t value[VALUE_BYTES_MAX];
    size_t n = value_bytes(state);
    fill(state, value, n);
    return pt_store_put(txn, table, pt_key_bytes(&key), pt_bytes_of(value, n));
}

/* An append by number, changes and deletions among few keys, the count. */
enum pt_err workload_put(struct pt_txn *txn, uint64_t k)
{
    uint64_t state = k * 0x9E3779B97F4A7C15u;
    struct pt_key done = pt_key_u64(k);
    enum pt_err err = put_random(txn, PT_TABLE_ARRIVAL, pt_key_u64(k), &state);
    for (int i = 0; i < 6 && err == PT_OK; i++) {
        struct pt_key key = pt_key_log_seq(next_random(&state) % 4, next_random(&state) % 10);
        enum pt_table table = next_random(&state) % 2 == 0 ? PT_TABLE_TAIL : PT_TABLE_CHUNKS;
        if (next_random(&state) % 3 == 0) {
            err = pt_store_del(txn, table, pt_key_bytes(&key));
            err = err == PT_ENOTFOUND ? PT_OK : err;
        } else {
            err = put_random(txn, table, key, &state);
        }
    }
    if (err == PT_OK && k > 40) {
        struct pt_key old = pt_key_u64(k - 40);
        err = pt_store_del(txn, PT_TABLE_ARRIVAL, pt_key_bytes(&old));
    }
    return err == PT_OK ? pt_store_put(txn, PT_TABLE_META, pt_bytes_str("done"), pt_key_bytes(&done)) : err;
}

enum pt_err workload_commit(struct pt_store *store, uint64_t k)
{
    struct pt_txn *txn;
    enum pt_err err = pt_store_begin_write(store, &txn);
    if (err != PT_OK) {
        return err;
    }
    err = workload_put(txn, k);
    if (err != PT_OK) {
        pt_store_abort(txn);
        return err;
    }
    return pt_store_commit(txn);
}

enum pt_err workload_done(struct pt_store *store, uint64_t *k)
{
    struct pt_txn *txn;
    struct pt_bytes value;
    enum pt_err err = pt_store_begin_read(store, &txn);
    if (err != PT_OK) {
        return err;
    }
    err = pt_store_get(txn, PT_TABLE_META, pt_bytes_str("done"), &value);
    if (err == PT_OK) {
        err = pt_key_read_u64(value, k);
    } else if (err == PT_ENOTFOUND) {
        *k = 0;
        err = PT_OK;
    }
    pt_store_abort(txn);
    return err;
}

static const char *rows_compare(struct pt_txn *a, struct pt_txn *b, enum pt_table table)
{
    struct pt_bytes key_a;
    struct pt_bytes key_b;
    struct pt_bytes value_a;
    struct pt_bytes value_b;
    struct pt_rows rows_a = pt_rows_of(a, table, (struct pt_bytes){0});
    struct pt_rows rows_b = pt_rows_of(b, table, (struct pt_bytes){0});
    const char *wrong = NULL;
    for (;;) {
        bool has_a = pt_rows_next(&rows_a, &key_a, &value_a);
        bool has_b = pt_rows_next(&rows_b, &key_b, &value_b);
        if (has_a != has_b) {
            wrong = "a row is missing or too many";
        } else if (has_a && (!pt_bytes_eq(key_a, key_b) || !pt_bytes_eq(value_a, value_b))) {
            wrong = "a row differs";
        }
        if (wrong != NULL || !has_a) {
            break;
        }
    }
    enum pt_err err_b = pt_rows_end(&rows_b);
    return pt_rows_end(&rows_a) != PT_OK || err_b != PT_OK ? "a row cannot be read" : wrong;
}

static const char *stores_compare(struct pt_store *a, struct pt_store *b)
{
    struct pt_txn *txn_a;
    struct pt_txn *txn_b;
    const char *wrong = NULL;
    if (pt_store_begin_read(a, &txn_a) != PT_OK) {
        return "the store cannot be read";
    }
    if (pt_store_begin_read(b, &txn_b) != PT_OK) {
        pt_store_abort(txn_a);
        return "out of memory";
    }
    for (int table = 0; table < PT_TABLE_COUNT && wrong == NULL; table++) {
        wrong = rows_compare(txn_a, txn_b, (enum pt_table)table);
    }
    pt_store_abort(txn_a);
    pt_store_abort(txn_b);
    return wrong;
}

const char *workload_check(struct pt_store *store, uint64_t k)
{
    static uint64_t state = 1;
    struct pt_random random = {.fill = fill, .data = &state};
    struct pt_store *model;
    if (pt_store_mem_create(NULL, &random, &model) != PT_OK) {
        return "out of memory";
    }
    const char *wrong = NULL;
    for (uint64_t i = 1; i <= k && wrong == NULL; i++) {
        wrong = workload_commit(model, i) == PT_OK ? NULL : "out of memory";
    }
    wrong = wrong == NULL ? stores_compare(store, model) : wrong;
    pt_store_close(model);
    return wrong;
}
