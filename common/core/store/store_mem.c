#include "core/store/store_mem.h"

#include "base/check.h"
#include "base/mem.h"

#include <string.h>

/* A value as of one commit; newest first in its row. */
struct version {
    struct version *older;
    uint64_t commit; /* number of the commit that made it; committed + 1 while it is pending */
    bool deleted;
    size_t n;
    uint8_t value[];
};

struct row {
    struct version *newest;
    bool in_history;
    size_t n_key;
    uint8_t key[];
};

struct rows {
    struct row **items; /* by key */
    size_t n;
    size_t capacity;
};

struct history_item {
    struct rows *table;
    struct row *row;
};

struct mem_store {
    struct pt_store base;
    struct rows table[PT_TABLE_COUNT];
    uint64_t committed;
    struct mem_txn *open; /* all open transactions */
    struct mem_txn *writer;
    /* Rows with a deleted, a pending or more than one version: what an abort undoes and an idle moment cleans. */
    struct history_item *history;
    size_t n_history;
    size_t history_capacity;
    unsigned fault_calls;
    size_t fault_pass;
    enum pt_err fault_err;
};

struct mem_txn {
    struct pt_txn base;
    struct mem_txn *next;
    uint64_t sees; /* versions up to this commit */
};

struct mem_cursor {
    struct mem_txn *txn;
    struct rows *table;
    const struct row *at;
};

static struct mem_store *store_of(struct pt_txn *txn)
{
    return (struct mem_store *)txn->store;
}

static enum pt_err fault(struct mem_store *store, unsigned call)
{
    if ((store->fault_calls & call) == 0) {
        return PT_OK;
    }
    if (store->fault_pass > 0) {
        store->fault_pass--;
        return PT_OK;
    }
    return store->fault_err;
}

static struct pt_bytes key_of(const struct row *row)
{
    return pt_bytes_of(row->key, row->n_key);
}

/* Index of the first row at or after key. */
static size_t lower_bound(const struct rows *table, struct pt_bytes key)
{
    size_t low = 0;
    size_t high = table->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (pt_bytes_cmp(key_of(table->items[middle]), key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct row *row_find(const struct rows *table, struct pt_bytes key)
{
    size_t i = lower_bound(table, key);
    return i < table->n && pt_bytes_eq(key_of(table->items[i]), key) ? table->items[i] : NULL;
}

/* What a transaction sees of a row; NULL for nothing. */
static const struct version *visible(const struct mem_txn *txn, const struct row *row)
{
    const struct version *version = row->newest;
    while (version != NULL && version->commit > txn->sees) {
        version = version->older;
    }
    return version == NULL || version->deleted ? NULL : version;
}

static void row_remove(struct rows *table, struct row *row)
{
    size_t i = lower_bound(table, key_of(row));
    memmove(&table->items[i], &table->items[i + 1], (table->n - i - 1) * sizeof *table->items);
    table->n--;
    pt_free(row);
}

static void versions_free(struct version *version)
{
    while (version != NULL) {
        struct version *older = version->older;
        pt_free(version);
        version = older;
    }
}

/* Nobody reads: only the newest version of each row stays. */
static void history_clean(struct mem_store *store)
{
    for (size_t i = 0; i < store->n_history; i++) {
        struct row *row = store->history[i].row;
        row->in_history = false;
        if (row->newest != NULL && !row->newest->deleted) {
            versions_free(row->newest->older);
            row->newest->older = NULL;
            continue;
        }
        versions_free(row->newest);
        row_remove(store->history[i].table, row);
    }
    store->n_history = 0;
}

static void pending_drop(struct mem_store *store)
{
    for (size_t i = 0; i < store->n_history; i++) {
        struct row *row = store->history[i].row;
        if (row->newest != NULL && row->newest->commit > store->committed) {
            struct version *older = row->newest->older;
            pt_free(row->newest);
            row->newest = older;
        }
    }
}

static void txn_end(struct mem_txn *txn)
{
    struct mem_store *store = store_of(&txn->base);
    struct mem_txn **link = &store->open;
    while (*link != txn) {
        link = &(*link)->next;
    }
    *link = txn->next;
    if (store->writer == txn) {
        store->writer = NULL;
    }
    pt_free(txn);
    if (store->open == NULL) {
        history_clean(store);
    }
}

static enum pt_err mem_begin(struct pt_store *base, bool write, struct pt_txn **out)
{
    struct mem_store *store = (struct mem_store *)base;
    enum pt_err err = fault(store, PT_STORE_MEM_BEGIN);
    if (err != PT_OK) {
        return err;
    }
    if (write && store->writer != NULL) {
        return PT_EBUSY;
    }
    struct mem_txn *txn = pt_zalloc(sizeof *txn);
    if (txn == NULL) {
        return PT_ENOMEM;
    }
    txn->base.store = base;
    txn->base.write = write;
    txn->sees = store->committed + (write ? 1 : 0);
    txn->next = store->open;
    store->open = txn;
    if (write) {
        store->writer = txn;
    }
    *out = &txn->base;
    return PT_OK;
}

static void mem_abort(struct pt_txn *base)
{
    if (base->write) {
        pending_drop(store_of(base));
    }
    txn_end((struct mem_txn *)base);
}

static enum pt_err mem_commit(struct pt_txn *base)
{
    struct mem_store *store = store_of(base);
    enum pt_err err = base->write ? fault(store, PT_STORE_MEM_COMMIT) : PT_OK;
    if (err != PT_OK) {
        mem_abort(base);
        return err;
    }
    store->committed += base->write ? 1 : 0;
    txn_end((struct mem_txn *)base);
    return PT_OK;
}

static enum pt_err mem_get(struct pt_txn *base, enum pt_table table, struct pt_bytes key, struct pt_bytes *value)
{
    struct mem_store *store = store_of(base);
    enum pt_err err = fault(store, PT_STORE_MEM_READ);
    if (err != PT_OK) {
        return err;
    }
    const struct row *row = row_find(&store->table[table], key);
    const struct version *version = row == NULL ? NULL : visible((struct mem_txn *)base, row);
    if (version == NULL) {
        return PT_ENOTFOUND;
    }
    *value = pt_bytes_of(version->value, version->n);
    return PT_OK;
}

static struct row *row_insert(struct rows *table, struct pt_bytes key)
{
    if (pt_reserve(&table->items, &table->capacity, table->n + 1, sizeof *table->items) != PT_OK) {
        return NULL;
    }
    struct row *row = pt_zalloc(sizeof *row + key.n);
    if (row == NULL) {
        return NULL;
    }
    row->n_key = key.n;
    memcpy(row->key, key.data, key.n);
    size_t i = lower_bound(table, key);
    memmove(&table->items[i + 1], &table->items[i], (table->n - i) * sizeof *table->items);
    table->items[i] = row;
    table->n++;
    return row;
}

/* Puts a pending version in front, in place of an earlier one of this transaction. */
static enum pt_err version_add(struct mem_store *store, struct rows *table, struct pt_bytes key, struct pt_bytes value,
                               bool deleted)
{
    if (pt_reserve(&store->history, &store->history_capacity, store->n_history + 1, sizeof *store->history) != PT_OK) {
        return PT_ENOMEM;
    }
    struct version *version = pt_zalloc(sizeof *version + value.n);
    if (version == NULL) {
        return PT_ENOMEM;
    }
    struct row *row = row_find(table, key);
    row = row == NULL ? row_insert(table, key) : row;
    if (row == NULL) {
        pt_free(version);
        return PT_ENOMEM;
    }
    version->commit = store->committed + 1;
    version->deleted = deleted;
    version->n = value.n;
    if (value.n > 0) {
        memcpy(version->value, value.data, value.n);
    }
    version->older = row->newest;
    if (row->newest != NULL && row->newest->commit == version->commit) {
        version->older = row->newest->older;
        pt_free(row->newest);
    }
    row->newest = version;
    if (!row->in_history) {
        row->in_history = true;
        store->history[store->n_history++] = (struct history_item){.table = table, .row = row};
    }
    return PT_OK;
}

static enum pt_err mem_put(struct pt_txn *base, enum pt_table table, struct pt_bytes key, struct pt_bytes value)
{
    struct mem_store *store = store_of(base);
    enum pt_err err = fault(store, PT_STORE_MEM_PUT);
    return err == PT_OK ? version_add(store, &store->table[table], key, value, false) : err;
}

static enum pt_err mem_del(struct pt_txn *base, enum pt_table table, struct pt_bytes key)
{
    struct mem_store *store = store_of(base);
    enum pt_err err = fault(store, PT_STORE_MEM_PUT);
    if (err != PT_OK) {
        return err;
    }
    const struct row *row = row_find(&store->table[table], key);
    if (row == NULL || visible((struct mem_txn *)base, row) == NULL) {
        return PT_ENOTFOUND;
    }
    return version_add(store, &store->table[table], key, (struct pt_bytes){0}, true);
}

static enum pt_err mem_seek_last(struct pt_txn *base, enum pt_table table, struct pt_bytes upto, struct pt_bytes *key,
                                 struct pt_bytes *value)
{
    struct mem_store *store = store_of(base);
    const struct rows *rows = &store->table[table];
    enum pt_err err = fault(store, PT_STORE_MEM_READ);
    if (err != PT_OK) {
        return err;
    }
    size_t i = upto.n == 0 ? rows->n : lower_bound(rows, upto);
    i += i < rows->n && pt_bytes_eq(key_of(rows->items[i]), upto);
    for (; i > 0; i--) {
        const struct version *version = visible((struct mem_txn *)base, rows->items[i - 1]);
        if (version != NULL) {
            *key = key_of(rows->items[i - 1]);
            *value = pt_bytes_of(version->value, version->n);
            return PT_OK;
        }
    }
    return PT_ENOTFOUND;
}

static enum pt_err mem_cursor_open(struct pt_txn *base, enum pt_table table, void **out)
{
    struct mem_cursor *cursor = pt_zalloc(sizeof *cursor);
    if (cursor == NULL) {
        return PT_ENOMEM;
    }
    cursor->txn = (struct mem_txn *)base;
    cursor->table = &store_of(base)->table[table];
    *out = cursor;
    return PT_OK;
}

static enum pt_err cursor_from(struct mem_cursor *cursor, size_t i, struct pt_bytes *key, struct pt_bytes *value)
{
    enum pt_err err = fault(store_of(&cursor->txn->base), PT_STORE_MEM_READ);
    if (err != PT_OK) {
        return err;
    }
    for (; i < cursor->table->n; i++) {
        const struct version *version = visible(cursor->txn, cursor->table->items[i]);
        if (version != NULL) {
            cursor->at = cursor->table->items[i];
            *key = key_of(cursor->at);
            *value = pt_bytes_of(version->value, version->n);
            return PT_OK;
        }
    }
    return PT_ENOTFOUND;
}

static enum pt_err mem_cursor_seek(void *state, struct pt_bytes from, struct pt_bytes *key, struct pt_bytes *value)
{
    struct mem_cursor *cursor = state;
    return cursor_from(cursor, lower_bound(cursor->table, from), key, value);
}

static enum pt_err mem_cursor_next(void *state, struct pt_bytes *key, struct pt_bytes *value)
{
    struct mem_cursor *cursor = state;
    /* Other transactions may have inserted rows since: the position is found again by key. */
    return cursor_from(cursor, lower_bound(cursor->table, key_of(cursor->at)) + 1, key, value);
}

static void mem_close(struct pt_store *base)
{
    struct mem_store *store = (struct mem_store *)base;
    PT_CHECK(store->open == NULL);
    for (size_t t = 0; t < PT_TABLE_COUNT; t++) {
        for (size_t i = 0; i < store->table[t].n; i++) {
            versions_free(store->table[t].items[i]->newest);
            pt_free(store->table[t].items[i]);
        }
        pt_free(store->table[t].items);
    }
    pt_free(store->history);
    pt_free(store);
}

static const struct pt_store_ops mem_ops = {
    .begin = mem_begin,
    .commit = mem_commit,
    .abort = mem_abort,
    .get = mem_get,
    .put = mem_put,
    .del = mem_del,
    .seek_last = mem_seek_last,
    .cursor_open = mem_cursor_open,
    .cursor_seek = mem_cursor_seek,
    .cursor_next = mem_cursor_next,
    .cursor_close = pt_free,
    .close = mem_close,
};

enum pt_err pt_store_mem_create(const struct pt_store_key *key, const struct pt_random *random, struct pt_store **out)
{
    struct mem_store *store = pt_zalloc(sizeof *store);
    if (store == NULL) {
        return PT_ENOMEM;
    }
    store->base.ops = &mem_ops;
    store->base.random = *random;
    if (key != NULL) {
        store->base.key = *key;
    }
    *out = &store->base;
    return PT_OK;
}

void pt_store_mem_fault_arm(struct pt_store *base, unsigned calls, size_t pass, enum pt_err err)
{
    struct mem_store *store = (struct mem_store *)base;
    store->fault_calls = calls;
    store->fault_pass = pass;
    store->fault_err = err;
}

void pt_store_mem_fault_disarm(struct pt_store *base)
{
    ((struct mem_store *)base)->fault_calls = 0;
}

void pt_store_mem_crash(struct pt_store *base)
{
    struct mem_store *store = (struct mem_store *)base;
    pt_store_mem_fault_disarm(base);
    while (store->open != NULL) {
        pt_store_abort(&store->open->base);
    }
}
