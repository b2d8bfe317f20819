#include "client/sync.h"
#include "core/store/keys.h"
#include "support/field.h"

#include <criterion/criterion.h>
#include <string.h>

static struct patuh_history history_of(struct patuh *device)
{
    struct patuh_history history = {0};
    struct patuh_problem problem = {""};
    cr_assert_eq(patuh_history(device, FIELD_UNIT, &history, &problem), PATUH_OK, "%s", problem.text);
    return history;
}

static size_t count_checks(const struct patuh_history *history, const char *check)
{
    size_t n = 0;
    for (size_t i = 0; i < history->n_entries; i++) {
        n += strcmp(history->entries[i].check, check) == 0 ? 1 : 0;
    }
    return n;
}

Test(history, lists_entries_with_what_was_checked)
{
    struct field field;
    uint32_t n = 0;
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    field_answer(device, "officials_available", "4");
    cr_assert_eq(pt_sync_seal(device, &n), PT_OK);
    field_answer(device, "complaint_remark", "baik");
    struct patuh_history history = history_of(device);
    cr_assert_eq(history.n_entries, 5); /* three of the region, two of the device */
    cr_expect_eq(history.n_damaged, 0);
    cr_expect_eq(count_checks(&history, "good"), 4);
    cr_expect_eq(count_checks(&history, "unsealed"), 1);
    for (size_t i = 0; i < history.n_entries; i++) {
        if (strcmp(history.entries[i].path, "complaint_remark") == 0) {
            cr_expect_str_eq(history.entries[i].value, "baik");
            cr_expect_str_eq(history.entries[i].author, "sari");
            cr_expect_str_eq(history.entries[i].kind, "answer");
        }
        cr_expect_str_empty(history.entries[i].problem);
    }
    patuh_history_free(&history);
    patuh_close(device);
    field_close(&field);
}

/* A chunk whose bytes were changed by somebody who has the store's key. */
static void falsify(struct patuh *device)
{
    struct pt_txn *txn;
    struct pt_bytes value;
    uint64_t lsn = 0;
    struct pt_hash hash;
    uint8_t changed[8192];
    cr_assert_eq(pt_store_begin_write(device->store, &txn), PT_OK);
    cr_assert_eq(pt_arrival_last(txn, &lsn, &hash), PT_OK);
    struct pt_key key = pt_key_u64(lsn);
    cr_assert_eq(pt_store_get(txn, PT_TABLE_ARRIVAL, pt_key_bytes(&key), &value), PT_OK);
    cr_assert(value.n <= sizeof changed);
    memcpy(changed, value.data, value.n);
    const uint8_t *subject = memmem(changed, value.n, FIELD_UNIT, strlen(FIELD_UNIT));
    cr_assert_not_null(subject);
    size_t after = (size_t)(subject - changed) + strlen(FIELD_UNIT) + 2 + PT_HASH_BYTES + 1; /* the incarnation */
    changed[after + 12] ^= 1;                                                                /* the count */
    cr_assert_eq(pt_store_put(txn, PT_TABLE_ARRIVAL, pt_key_bytes(&key), pt_bytes_of(changed, value.n)), PT_OK);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
}

Test(history, finds_a_chunk_that_was_changed)
{
    struct field field;
    uint32_t n = 0;
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    field_answer(device, "officials_available", "4");
    cr_assert_eq(pt_sync_seal(device, &n), PT_OK);
    falsify(device);
    struct patuh_history history = history_of(device);
    cr_expect_eq(history.n_damaged, 1);
    cr_expect_eq(count_checks(&history, "damaged"), 1);
    patuh_history_free(&history);
    patuh_close(device);
    field_close(&field);
}
