#include "support/store_checks.h"

#include "base/mem.h"
#include "core/store/meta.h"

#include <criterion/criterion.h>
#include <string.h>

static void random_fill(void *data, void *out, size_t n)
{
    uint64_t *state = data;
    for (size_t i = 0; i < n; i++) {
        *state = *state * 6364136223846793005u + 1442695040888963407u;
        ((uint8_t *)out)[i] = (uint8_t)(*state >> 56);
    }
}

struct pt_random test_random(uint64_t *state)
{
    return (struct pt_random){.fill = random_fill, .data = state};
}

static struct pt_txn *begin(struct pt_store *store, bool write)
{
    struct pt_txn *txn = NULL;
    cr_assert_eq((write ? pt_store_begin_write : pt_store_begin_read)(store, &txn), PT_OK);
    return txn;
}

static void put(struct pt_txn *txn, enum pt_table table, const char *key, const char *value)
{
    cr_assert_eq(pt_store_put(txn, table, pt_bytes_str(key), pt_bytes_str(value)), PT_OK, "%s", key);
}

static void put_alone(struct pt_store *store, enum pt_table table, const char *key, const char *value)
{
    struct pt_txn *txn = begin(store, true);
    put(txn, table, key, value);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
}

/* NULL: is not there. */
static void expect(struct pt_txn *txn, enum pt_table table, const char *key, const char *value)
{
    struct pt_bytes found = {0};
    enum pt_err err = pt_store_get(txn, table, pt_bytes_str(key), &found);
    if (value == NULL) {
        cr_expect_eq(err, PT_ENOTFOUND, "%s", key);
        return;
    }
    cr_assert_eq(err, PT_OK, "%s: %s", key, pt_err_name(err));
    cr_expect(pt_bytes_eq(found, pt_bytes_str(value)), "%s", key);
}

static void expect_alone(struct pt_store *store, enum pt_table table, const char *key, const char *value)
{
    struct pt_txn *txn = begin(store, false);
    expect(txn, table, key, value);
    pt_store_abort(txn);
}

/* Keys of the rows with a prefix, joined by blanks. */
static void expect_rows(struct pt_txn *txn, enum pt_table table, const char *prefix, const char *from,
                        const char *joined)
{
    struct pt_buf keys = {0};
    struct pt_bytes key;
    struct pt_bytes value;
    struct pt_rows rows = from == NULL ? pt_rows_of(txn, table, pt_bytes_str(prefix))
                                       : pt_rows_from(txn, table, pt_bytes_str(prefix), pt_bytes_str(from));
    while (pt_rows_next(&rows, &key, &value)) {
        pt_buf_put_str(&keys, keys.n == 0 ? "" : " ");
        pt_buf_put_bytes(&keys, key);
    }
    cr_expect_not(pt_rows_next(&rows, &key, &value), "the end stays the end");
    cr_expect_eq(pt_rows_end(&rows), PT_OK);
    cr_expect_str_eq(pt_buf_text(&keys), joined, "prefix \"%s\"", prefix);
    pt_buf_free(&keys);
}

static void clear(struct pt_store *store)
{
    struct pt_txn *txn = begin(store, true);
    for (int table = 0; table < PT_TABLE_COUNT; table++) {
        struct pt_bytes key;
        struct pt_bytes raw;
        while (store->ops->seek_last(txn, (enum pt_table)table, (struct pt_bytes){0}, &key, &raw) == PT_OK) {
            uint8_t copy[PT_STORE_KEY_BYTES_MAX];
            memcpy(copy, key.data, key.n);
            cr_assert_eq(pt_store_del(txn, (enum pt_table)table, pt_bytes_of(copy, key.n)), PT_OK);
        }
    }
    cr_assert_eq(pt_store_commit(txn), PT_OK);
}

static void check_insert_replace_delete(struct pt_store *store)
{
    put_alone(store, PT_TABLE_META, "a", "one");
    put_alone(store, PT_TABLE_META, "b", "");
    put_alone(store, PT_TABLE_LOGS, "a", "of another table");
    expect_alone(store, PT_TABLE_META, "a", "one");
    expect_alone(store, PT_TABLE_META, "b", "");
    expect_alone(store, PT_TABLE_LOGS, "a", "of another table");
    put_alone(store, PT_TABLE_META, "a", "two, and longer");
    expect_alone(store, PT_TABLE_META, "a", "two, and longer");
    struct pt_txn *txn = begin(store, true);
    cr_expect_eq(pt_store_del(txn, PT_TABLE_META, pt_bytes_str("a")), PT_OK);
    cr_expect_eq(pt_store_del(txn, PT_TABLE_META, pt_bytes_str("a")), PT_ENOTFOUND);
    expect(txn, PT_TABLE_META, "a", NULL);
    cr_expect_eq(pt_store_commit(txn), PT_OK, "a delete of nothing is no failure");
    expect_alone(store, PT_TABLE_META, "a", NULL);
    expect_alone(store, PT_TABLE_LOGS, "a", "of another table");
}

static void check_order_and_rows(struct pt_store *store)
{
    static const char *const keys[] = {"b2", "a", "b", "c", "b1", "ba", "aa", "b10"};
    struct pt_txn *txn = begin(store, true);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        put(txn, PT_TABLE_TAIL, keys[i], keys[i]);
    }
    put(txn, PT_TABLE_PARKED, "b1", "elsewhere");
    for (int round = 0; round < 2; round++) {
        expect_rows(txn, PT_TABLE_TAIL, "", NULL, "a aa b b1 b10 b2 ba c");
        expect_rows(txn, PT_TABLE_TAIL, "b", NULL, "b b1 b10 b2 ba");
        expect_rows(txn, PT_TABLE_TAIL, "b1", NULL, "b1 b10");
        expect_rows(txn, PT_TABLE_TAIL, "b", "b11", "b2 ba");
        expect_rows(txn, PT_TABLE_TAIL, "b", "a", "b b1 b10 b2 ba");
        expect_rows(txn, PT_TABLE_TAIL, "b", "c", "");
        expect_rows(txn, PT_TABLE_TAIL, "c", NULL, "c");
        expect_rows(txn, PT_TABLE_TAIL, "d", NULL, "");
        expect_rows(txn, PT_TABLE_WANTED, "", NULL, "");
        if (round == 0) {
            cr_assert_eq(pt_store_commit(txn), PT_OK);
            txn = begin(store, false);
        }
    }
    pt_store_abort(txn);
}

static void check_last(struct pt_store *store)
{
    static const struct {
        const char *upto;
        const char *found;
    } cases[] = {{"", "c9"}, {"c9", "c9"}, {"z", "c9"}, {"c8", "b5"}, {"b5", "b5"}, {"b", "a1"}, {"a0", NULL}};
    struct pt_bytes key;
    struct pt_bytes value;
    struct pt_txn *txn = begin(store, true);
    cr_expect_eq(pt_store_last(txn, PT_TABLE_CHUNKS, (struct pt_bytes){0}, &key, &value), PT_ENOTFOUND);
    put(txn, PT_TABLE_CHUNKS, "a1", "1");
    put(txn, PT_TABLE_CHUNKS, "b5", "5");
    put(txn, PT_TABLE_CHUNKS, "c9", "9");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum pt_err err = pt_store_last(txn, PT_TABLE_CHUNKS, pt_bytes_str(cases[i].upto), &key, &value);
        cr_expect_eq(err, cases[i].found == NULL ? PT_ENOTFOUND : PT_OK, "row %zu", i);
        cr_expect(err != PT_OK || pt_bytes_eq(key, pt_bytes_str(cases[i].found)), "row %zu", i);
        cr_expect(err != PT_OK || value.data[0] == (uint8_t)cases[i].found[1], "row %zu", i);
    }
    pt_store_abort(txn);
}

static void check_abort_and_isolation(struct pt_store *store)
{
    put_alone(store, PT_TABLE_META, "kept", "old");
    struct pt_txn *before = begin(store, false);
    struct pt_bytes lent;
    cr_assert_eq(pt_store_get(before, PT_TABLE_META, pt_bytes_str("kept"), &lent), PT_OK);
    struct pt_txn *txn = begin(store, true);
    put(txn, PT_TABLE_META, "kept", "new");
    put(txn, PT_TABLE_META, "more", "x");
    expect(txn, PT_TABLE_META, "kept", "new");
    expect(before, PT_TABLE_META, "more", NULL);
    pt_store_abort(txn);
    expect(before, PT_TABLE_META, "kept", "old");
    expect_alone(store, PT_TABLE_META, "kept", "old");
    expect_alone(store, PT_TABLE_META, "more", NULL);
    for (int i = 0; i < 20; i++) {
        put_alone(store, PT_TABLE_META, "kept", "newer");
        put_alone(store, PT_TABLE_META, i % 2 == 0 ? "a" : "z", "y");
    }
    txn = begin(store, true);
    cr_expect_eq(pt_store_del(txn, PT_TABLE_META, pt_bytes_str("kept")), PT_OK);
    cr_expect_eq(pt_store_commit(txn), PT_OK);
    expect_rows(before, PT_TABLE_META, "", NULL, "kept");
    cr_expect(pt_bytes_eq(lent, pt_bytes_str("old")), "what was lent stays until the reader ends");
    pt_store_abort(before);
    txn = begin(store, false);
    expect_rows(txn, PT_TABLE_META, "", NULL, "a z");
    pt_store_abort(txn);
}

static void check_lent_values_survive_writes(struct pt_store *store)
{
    struct pt_bytes first;
    struct pt_bytes key;
    struct pt_bytes last;
    struct pt_txn *txn = begin(store, true);
    put(txn, PT_TABLE_META, "k1", "first value");
    put(txn, PT_TABLE_META, "k2", "last value");
    cr_assert_eq(pt_store_get(txn, PT_TABLE_META, pt_bytes_str("k1"), &first), PT_OK);
    cr_assert_eq(pt_store_last(txn, PT_TABLE_META, (struct pt_bytes){0}, &key, &last), PT_OK);
    for (int i = 0; i < 300; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "a%d", i);
        put(txn, PT_TABLE_META, name, "something that moves the pages");
    }
    put(txn, PT_TABLE_META, "k1", "overwritten");
    put(txn, PT_TABLE_META, "k2", "overwritten");
    cr_expect(pt_bytes_eq(first, pt_bytes_str("first value")));
    cr_expect(pt_bytes_eq(key, pt_bytes_str("k2")));
    cr_expect(pt_bytes_eq(last, pt_bytes_str("last value")));
    pt_store_abort(txn);
}

static void check_key_limits(struct pt_store *store)
{
    uint8_t long_key[PT_STORE_KEY_BYTES_MAX + 1];
    struct pt_bytes value;
    struct pt_bytes found;
    memset(long_key, 'k', sizeof long_key);
    struct pt_bytes longest = pt_bytes_of(long_key, PT_STORE_KEY_BYTES_MAX);
    struct pt_bytes bad[] = {pt_bytes_of(long_key, sizeof long_key), {0}};
    struct pt_txn *txn = begin(store, true);
    cr_expect_eq(pt_store_put(txn, PT_TABLE_META, longest, pt_bytes_str("v")), PT_OK);
    cr_expect_eq(pt_store_get(txn, PT_TABLE_META, longest, &value), PT_OK);
    for (size_t i = 0; i < 2; i++) {
        cr_expect_eq(pt_store_put(txn, PT_TABLE_META, bad[i], pt_bytes_str("v")), PT_ELIMIT, "row %zu", i);
        cr_expect_eq(pt_store_get(txn, PT_TABLE_META, bad[i], &value), PT_ELIMIT, "row %zu", i);
        cr_expect_eq(pt_store_del(txn, PT_TABLE_META, bad[i]), PT_ELIMIT, "row %zu", i);
    }
    cr_expect_eq(pt_store_last(txn, PT_TABLE_META, bad[0], &found, &value), PT_ELIMIT);
    struct pt_rows rows = pt_rows_of(txn, PT_TABLE_META, bad[0]);
    cr_expect_not(pt_rows_next(&rows, &found, &value));
    cr_expect_eq(pt_rows_end(&rows), PT_ELIMIT);
    cr_expect_eq(pt_store_commit(txn), PT_OK, "a refused key is no failure of the transaction");
}

static void check_large_values(struct pt_store *store)
{
    static const size_t sizes[] = {1, 1000, 2000, 4096, 70000, 300000};
    static uint8_t content[300000];
    uint64_t seed = 4;
    struct pt_random random = test_random(&seed);
    pt_random_fill(&random, content, sizeof content);
    struct pt_txn *txn = begin(store, true);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct pt_bytes key = pt_bytes_of(&sizes[i], sizeof sizes[i]);
        cr_assert_eq(pt_store_put(txn, PT_TABLE_ARRIVAL, key, pt_bytes_of(content, sizes[i])), PT_OK);
    }
    cr_assert_eq(pt_store_commit(txn), PT_OK);
    txn = begin(store, false);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct pt_bytes value;
        cr_assert_eq(pt_store_get(txn, PT_TABLE_ARRIVAL, pt_bytes_of(&sizes[i], sizeof sizes[i]), &value), PT_OK);
        cr_expect(pt_bytes_eq(value, pt_bytes_of(content, sizes[i])), "%zu bytes", sizes[i]);
    }
    pt_store_abort(txn);
}

/* The raw value of a row, as it lies on the disk. */
static void raw_get(struct pt_store *store, const char *key, struct pt_buf *out)
{
    struct pt_bytes raw;
    struct pt_txn *txn = begin(store, false);
    cr_assert_eq(store->ops->get(txn, PT_TABLE_HEADS, pt_bytes_str(key), &raw), PT_OK);
    pt_buf_put_bytes(out, raw);
    cr_assert_eq(out->err, PT_OK);
    pt_store_abort(txn);
}

static void raw_put(struct pt_store *store, const char *key, struct pt_bytes raw)
{
    struct pt_txn *txn = begin(store, true);
    cr_assert_eq(store->ops->put(txn, PT_TABLE_HEADS, pt_bytes_str(key), raw), PT_OK);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
}

/* The damaged row "k" is found by get and by rows, its neighbours are read. */
static void expect_bad(struct pt_store *store, enum pt_err want, const char *what, size_t i)
{
    struct pt_bytes key;
    struct pt_bytes value;
    struct pt_txn *txn = begin(store, false);
    cr_expect_eq(pt_store_get(txn, PT_TABLE_HEADS, pt_bytes_str("k"), &value), want, "%s %zu", what, i);
    expect(txn, PT_TABLE_HEADS, "a", "before");
    expect(txn, PT_TABLE_HEADS, "z", "after");
    struct pt_rows rows = pt_rows_of(txn, PT_TABLE_HEADS, (struct pt_bytes){0});
    cr_expect(pt_rows_next(&rows, &key, &value));
    cr_expect_not(pt_rows_next(&rows, &key, &value));
    cr_expect(pt_bytes_eq(key, pt_bytes_str("k")), "the damaged row is named: %s %zu", what, i);
    cr_expect_eq(pt_rows_end(&rows), want, "%s %zu", what, i);
    expect_rows(txn, PT_TABLE_HEADS, "", "k\x01", "z");
    pt_store_abort(txn);
}

static void check_damage(struct pt_store *store)
{
    struct pt_buf raw = {0};
    put_alone(store, PT_TABLE_HEADS, "a", "before");
    put_alone(store, PT_TABLE_HEADS, "k", "the value");
    put_alone(store, PT_TABLE_HEADS, "z", "after");
    raw_get(store, "k", &raw);
    for (size_t n = 0; n < raw.n; n++) {
        raw_put(store, "k", pt_bytes_of(raw.data, n));
        expect_bad(store, PT_EDAMAGED, "cut at", n);
    }
    for (size_t i = 0; i < raw.n; i++) {
        raw.data[i] ^= 0x10;
        raw_put(store, "k", pt_buf_bytes(&raw));
        enum pt_err want = i < 2 ? PT_EVERSION : PT_EDAMAGED;
        /* Another key id in a sealed value is a key that was not given; in a plain one it is damage. */
        want = i >= 2 && i < 6 && store->key.present ? PT_EDENIED : want;
        expect_bad(store, want, "flipped byte", i);
        raw.data[i] ^= 0x10;
    }
    raw_put(store, "k", pt_buf_bytes(&raw));
    expect_alone(store, PT_TABLE_HEADS, "k", "the value");
    pt_buf_free(&raw);
}

static void check_moved_and_newer(struct pt_store *store)
{
    struct pt_buf raw = {0};
    put_alone(store, PT_TABLE_HEADS, "a", "before");
    put_alone(store, PT_TABLE_HEADS, "z", "after");
    raw_get(store, "a", &raw);
    raw_put(store, "k", pt_buf_bytes(&raw));
    expect_bad(store, PT_EDAMAGED, "moved to another key", 0);
    struct pt_txn *txn = begin(store, true);
    struct pt_bytes value;
    cr_assert_eq(store->ops->put(txn, PT_TABLE_LOGS, pt_bytes_str("a"), pt_buf_bytes(&raw)), PT_OK);
    cr_expect_eq(pt_store_get(txn, PT_TABLE_LOGS, pt_bytes_str("a"), &value), PT_EDAMAGED, "moved to another table");
    pt_store_abort(txn);
    raw.data[0] = PT_ENVELOPE_VERSION + 1;
    raw_put(store, "k", pt_buf_bytes(&raw));
    expect_bad(store, PT_EVERSION, "newer envelope", 0);
    pt_buf_free(&raw);
}

/* A transaction over several tables and pages; the error of the first call that fails. */
static enum pt_err change_much(struct pt_store *store)
{
    struct pt_txn *txn;
    struct pt_bytes value;
    struct pt_bytes key;
    static const uint8_t large[9000];
    enum pt_err err = pt_store_begin_write(store, &txn);
    if (err != PT_OK) {
        return err;
    }
    err = pt_store_get(txn, PT_TABLE_META, pt_bytes_str("state"), &value);
    if (err == PT_OK) {
        err = pt_store_put(txn, PT_TABLE_META, pt_bytes_str("state"), pt_bytes_str("new"));
    }
    if (err == PT_OK) {
        err = pt_store_put(txn, PT_TABLE_ARRIVAL, pt_bytes_str("large"), pt_bytes_of(large, sizeof large));
    }
    if (err == PT_OK) {
        err = pt_store_del(txn, PT_TABLE_META, pt_bytes_str("gone"));
    }
    if (err == PT_OK) {
        struct pt_rows rows = pt_rows_of(txn, PT_TABLE_META, (struct pt_bytes){0});
        while (pt_rows_next(&rows, &key, &value)) {
            cr_expect(pt_bytes_eq(key, pt_bytes_str("state")));
        }
        err = pt_rows_end(&rows);
    }
    if (err != PT_OK) {
        pt_store_abort(txn);
        return err;
    }
    return pt_store_commit(txn);
}

static void prepare(struct pt_store *store)
{
    put_alone(store, PT_TABLE_META, "state", "old");
    put_alone(store, PT_TABLE_META, "gone", "x");
}

static void expect_state(struct pt_store *store, bool changed, const char *what, size_t pass)
{
    struct pt_txn *txn = begin(store, false);
    struct pt_bytes value;
    cr_assert_eq(pt_store_get(txn, PT_TABLE_META, pt_bytes_str("state"), &value), PT_OK, "%s %zu", what, pass);
    cr_expect(pt_bytes_eq(value, pt_bytes_str(changed ? "new" : "old")), "%s %zu", what, pass);
    enum pt_err gone = pt_store_get(txn, PT_TABLE_META, pt_bytes_str("gone"), &value);
    cr_expect_eq(gone, changed ? PT_ENOTFOUND : PT_OK, "%s %zu", what, pass);
    enum pt_err large = pt_store_get(txn, PT_TABLE_ARRIVAL, pt_bytes_str("large"), &value);
    cr_expect_eq(large, changed ? PT_OK : PT_ENOTFOUND, "%s %zu", what, pass);
    pt_store_abort(txn);
}

/* After IO either state may be on the disk, but a whole one. */
static bool state_changed(struct pt_store *store)
{
    struct pt_bytes value;
    struct pt_txn *txn = begin(store, false);
    cr_assert_eq(pt_store_get(txn, PT_TABLE_META, pt_bytes_str("state"), &value), PT_OK);
    bool changed = pt_bytes_eq(value, pt_bytes_str("new"));
    pt_store_abort(txn);
    return changed;
}

static void check_disk_faults(struct store_subject *subject, enum pt_err fault)
{
    for (size_t pass = 0; pass < 100; pass++) {
        clear(subject->store);
        prepare(subject->store);
        subject->fault_arm(subject, pass, fault);
        enum pt_err err = change_much(subject->store);
        subject->fault_disarm(subject);
        if (err == PT_OK) {
            cr_expect_gt(pass, 0, "no fault was injected");
            expect_state(subject->store, true, pt_err_name(fault), pass);
            return;
        }
        cr_expect(err == fault || err == PT_EIO, "pass %zu: %s", pass, pt_err_name(err));
        if (err == PT_EIO) {
            subject->reopen(subject);
            expect_state(subject->store, state_changed(subject->store), pt_err_name(fault), pass);
        } else {
            expect_state(subject->store, false, pt_err_name(fault), pass);
        }
        clear(subject->store);
        prepare(subject->store);
        cr_assert_eq(change_much(subject->store), PT_OK, "works again after pass %zu", pass);
    }
    cr_assert_fail("the sweep never succeeded");
}

static void check_allocation_sweep(struct pt_store *store)
{
    for (size_t pass = 0; pass < 100; pass++) {
        clear(store);
        prepare(store);
        long alive = pt_mem_alive();
        pt_mem_fault_arm(pass);
        enum pt_err err = change_much(store);
        pt_mem_fault_disarm();
        expect_state(store, err == PT_OK, "allocation", pass);
        if (err == PT_OK) {
            cr_expect_gt(pass, 0);
            return;
        }
        cr_expect_eq(err, PT_ENOMEM, "pass %zu: %s", pass, pt_err_name(err));
        cr_expect_leq(pt_mem_alive() - alive, 4, "pass %zu leaks", pass); /* tables of the memory store grow */
    }
    cr_assert_fail("the sweep never succeeded");
}

static void check_failed_put_is_never_committed(struct store_subject *subject)
{
    struct pt_txn *txn = begin(subject->store, true);
    put(txn, PT_TABLE_META, "half", "x");
    pt_mem_fault_arm(0);
    static const uint8_t large[20000];
    enum pt_err err = pt_store_put(txn, PT_TABLE_META, pt_bytes_str("other"), pt_bytes_of(large, sizeof large));
    pt_mem_fault_disarm();
    cr_expect_eq(err, PT_ENOMEM);
    cr_expect_eq(pt_store_commit(txn), PT_ENOMEM);
    expect_alone(subject->store, PT_TABLE_META, "half", NULL);
}

static void check_format(struct pt_store *store)
{
    struct pt_problem problem = {0};
    cr_expect_eq(pt_store_format_check(store, "x", &problem), PT_OK, "written into a new store");
    expect_alone(store, PT_TABLE_META, PT_META_FORMAT, PT_STORE_FORMAT);
    cr_expect_eq(pt_store_format_check(store, "x", &problem), PT_OK);
    put_alone(store, PT_TABLE_META, PT_META_FORMAT, "patuh/999");
    cr_expect_eq(pt_store_format_check(store, "x", &problem), PT_EVERSION);
    cr_expect_eq(problem.msg, PT_MSG_STORE_FORMAT);
    cr_expect_str_eq(problem.arg[1], "patuh/999");
}

void check_store(struct store_subject *subject)
{
    static void (*const checks[])(struct pt_store *) = {
        check_insert_replace_delete,
        check_order_and_rows,
        check_last,
        check_abort_and_isolation,
        check_lent_values_survive_writes,
        check_key_limits,
        check_large_values,
        check_damage,
        check_moved_and_newer,
        check_allocation_sweep,
        check_format,
    };
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        clear(subject->store);
        checks[i](subject->store);
    }
    clear(subject->store);
    check_failed_put_is_never_committed(subject);
    check_disk_faults(subject, PT_EIO);
    check_disk_faults(subject, PT_EFULL);
    clear(subject->store);
}
