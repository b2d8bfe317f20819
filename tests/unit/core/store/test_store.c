#include "base/mem.h"
#include "core/store/store_mem.h"
#include "support/store_checks.h"

#include <criterion/criterion.h>

static void fault_arm(struct store_subject *subject, size_t pass, enum pt_err err)
{
    pt_store_mem_fault_arm(subject->store, PT_STORE_MEM_ALL, pass, err);
}

static void fault_disarm(struct store_subject *subject)
{
    pt_store_mem_fault_disarm(subject->store);
}

static void reopen(struct store_subject *subject)
{
    pt_store_mem_crash(subject->store);
}

static struct pt_store *make(const struct pt_store_key *key)
{
    static uint64_t seed = 1;
    struct pt_random random = test_random(&seed);
    struct pt_store *store = NULL;
    cr_assert_eq(pt_crypto_init(), PT_OK);
    cr_assert_eq(pt_store_mem_create(key, &random, &store), PT_OK);
    return store;
}

Test(store, keeps_its_promises_in_memory)
{
    struct store_subject subject = {
        .store = make(NULL), .fault_arm = fault_arm, .fault_disarm = fault_disarm, .reopen = reopen};
    check_store(&subject);
    pt_store_close(subject.store);
    cr_expect_eq(pt_mem_alive(), 0);
}

Test(store, keeps_its_promises_in_memory_and_sealed)
{
    struct pt_store_key key = {.present = true, .id = 0x01020304, .key = {9}};
    struct store_subject subject = {
        .store = make(&key), .fault_arm = fault_arm, .fault_disarm = fault_disarm, .reopen = reopen};
    check_store(&subject);
    pt_store_close(subject.store);
    cr_expect_eq(pt_mem_alive(), 0);
}

Test(store, a_second_writer_in_memory_is_busy)
{
    struct pt_store *store = make(NULL);
    struct pt_txn *first;
    struct pt_txn *second;
    cr_assert_eq(pt_store_begin_write(store, &first), PT_OK);
    cr_expect_eq(pt_store_begin_write(store, &second), PT_EBUSY);
    pt_store_abort(first);
    cr_assert_eq(pt_store_begin_write(store, &second), PT_OK);
    pt_store_abort(second);
    pt_store_close(store);
}

Test(store, a_power_cut_in_memory_keeps_what_was_committed_only)
{
    struct pt_store *store = make(NULL);
    struct pt_bytes key = pt_bytes_str("k");
    struct pt_bytes found_key;
    struct pt_bytes value;
    struct pt_txn *txn;
    cr_assert_eq(pt_store_begin_write(store, &txn), PT_OK);
    cr_assert_eq(pt_store_put(txn, PT_TABLE_META, key, pt_bytes_str("committed")), PT_OK);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
    struct pt_txn *reader;
    cr_assert_eq(pt_store_begin_read(store, &reader), PT_OK);
    struct pt_rows rows = pt_rows_of(reader, PT_TABLE_META, (struct pt_bytes){0});
    cr_expect(pt_rows_next(&rows, &found_key, &value));
    cr_assert_eq(pt_store_begin_write(store, &txn), PT_OK);
    cr_assert_eq(pt_store_put(txn, PT_TABLE_META, key, pt_bytes_str("not committed")), PT_OK);
    cr_assert_eq(pt_store_put(txn, PT_TABLE_META, pt_bytes_str("k2"), pt_bytes_str("not committed")), PT_OK);
    pt_store_mem_crash(store);
    cr_assert_eq(pt_store_begin_write(store, &txn), PT_OK);
    cr_assert_eq(pt_store_get(txn, PT_TABLE_META, key, &value), PT_OK);
    cr_expect(pt_bytes_eq(value, pt_bytes_str("committed")));
    cr_expect_eq(pt_store_get(txn, PT_TABLE_META, pt_bytes_str("k2"), &value), PT_ENOTFOUND);
    pt_store_abort(txn);
    pt_store_close(store);
    cr_expect_eq(pt_mem_alive(), 0);
}

Test(store, plain_values_do_not_pass_in_a_sealed_store)
{
    struct pt_store_key key = {.present = true, .id = 1, .key = {1}};
    struct pt_store *store = make(&key);
    struct pt_bytes name = pt_bytes_str("k");
    struct pt_bytes value;
    struct pt_txn *txn;
    cr_assert_eq(pt_store_begin_write(store, &txn), PT_OK);
    store->key.present = false;
    cr_assert_eq(pt_store_put(txn, PT_TABLE_META, name, pt_bytes_str("slipped in")), PT_OK);
    store->key.present = true;
    cr_expect_eq(pt_store_get(txn, PT_TABLE_META, name, &value), PT_EDAMAGED);
    cr_assert_eq(pt_store_put(txn, PT_TABLE_META, name, pt_bytes_str("a secret answer")), PT_OK);
    cr_assert_eq(store->ops->get(txn, PT_TABLE_META, name, &value), PT_OK);
    cr_expect_null(memmem(value.data, value.n, "secret", 6), "the answer does not stand on the disk");
    store->key.key[0] ^= 1;
    cr_expect_eq(pt_store_get(txn, PT_TABLE_META, name, &value), PT_EDAMAGED, "another key of the same number");
    store->key.present = false;
    cr_expect_eq(pt_store_get(txn, PT_TABLE_META, name, &value), PT_EDENIED);
    pt_store_abort(txn);
    pt_store_close(store);
}
