#include "core/store/store.h"

#include "base/arena.h"
#include "base/check.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

/* What a transaction lends, and the rows it has open. Made at the first need: most reads of a plain store have none. */
struct pt_scratch {
    struct pt_arena arena;
    struct pt_buf sealed; /* of one put */
    struct pt_rows_state *rows;
};

struct pt_rows_state {
    struct pt_rows_state *next;
    void *cursor;
    bool found; /* the cursor stands on a row */
    struct pt_buf key;
    struct pt_buf value;
};

const char *pt_table_name(enum pt_table table)
{
    static const char *const names[PT_TABLE_COUNT] = {
        [PT_TABLE_META] = "meta",
        [PT_TABLE_LOGS] = "logs",
        [PT_TABLE_HEADS] = "heads",
        [PT_TABLE_ARRIVAL] = "arrival",
        [PT_TABLE_CHUNKS] = "chunks",
        [PT_TABLE_PARKED] = "parked",
        [PT_TABLE_TAIL] = "tail",
        [PT_TABLE_RECEIPTS] = "receipts",
        [PT_TABLE_TEXTS] = "texts",
        [PT_TABLE_WANTED] = "wanted",
        [PT_TABLE_INVITES] = "invites",
        [PT_TABLE_PEERS] = "peers",
        [PT_TABLE_BLOB_RECEIPTS] = "blob_receipts",
    };
    PT_CHECK(table < PT_TABLE_COUNT);
    return names[table];
}

void pt_store_close(struct pt_store *store)
{
    if (store != NULL) {
        store->ops->close(store);
    }
}

enum pt_err pt_store_begin_read(struct pt_store *store, struct pt_txn **out)
{
    return store->ops->begin(store, false, out);
}

enum pt_err pt_store_begin_write(struct pt_store *store, struct pt_txn **out)
{
    return store->ops->begin(store, true, out);
}

static enum pt_err scratch_get(struct pt_txn *txn, struct pt_scratch **out)
{
    if (txn->scratch == NULL) {
        txn->scratch = pt_zalloc(sizeof *txn->scratch);
        if (txn->scratch == NULL) {
            return PT_ENOMEM;
        }
        pt_arena_init(&txn->scratch->arena, SIZE_MAX);
    }
    *out = txn->scratch;
    return PT_OK;
}

static void rows_state_free(struct pt_txn *txn, struct pt_rows_state *state)
{
    txn->store->ops->cursor_close(state->cursor);
    pt_buf_free(&state->key);
    pt_buf_free(&state->value);
    pt_free(state);
}

static void scratch_free(struct pt_txn *txn)
{
    struct pt_scratch *scratch = txn->scratch;
    if (scratch == NULL) {
        return;
    }
    while (scratch->rows != NULL) {
        struct pt_rows_state *next = scratch->rows->next;
        rows_state_free(txn, scratch->rows);
        scratch->rows = next;
    }
    pt_arena_close(&scratch->arena);
    pt_buf_free(&scratch->sealed);
    pt_free(scratch);
    txn->scratch = NULL;
}

enum pt_err pt_store_commit(struct pt_txn *txn)
{
    enum pt_err err = txn->err;
    scratch_free(txn);
    if (err != PT_OK) {
        txn->store->ops->abort(txn);
        return err;
    }
    return txn->store->ops->commit(txn);
}

void pt_store_abort(struct pt_txn *txn)
{
    if (txn != NULL) {
        scratch_free(txn);
        txn->store->ops->abort(txn);
    }
}

static bool key_fits(struct pt_bytes key)
{
    return key.n > 0 && key.n <= PT_STORE_KEY_BYTES_MAX;
}

static struct pt_place place_of(enum pt_table table, struct pt_bytes key)
{
    return (struct pt_place){.table = pt_table_name(table), .key = key};
}

/* Opens a raw value for as long as the transaction lasts. A write transaction copies: its next put may move pages. */
static enum pt_err open_for_txn(struct pt_txn *txn, struct pt_place place, struct pt_bytes raw, struct pt_bytes *value)
{
    const struct pt_store_key *key = &txn->store->key;
    struct pt_scratch *scratch = NULL;
    struct pt_bytes payload;
    uint8_t *room = NULL;
    enum pt_err err = key->present || txn->write ? scratch_get(txn, &scratch) : PT_OK;
    if (err == PT_OK && key->present) {
        room = pt_arena_alloc(&scratch->arena, raw.n);
        err = room == NULL ? PT_ENOMEM : PT_OK;
    }
    if (err == PT_OK) {
        err = pt_envelope_open(key, place, raw, room, &payload);
    }
    if (err != PT_OK) {
        return err;
    }
    if (txn->write && room == NULL) {
        payload = pt_arena_dup(&scratch->arena, payload);
        if (payload.data == NULL) {
            return PT_ENOMEM;
        }
    }
    *value = payload;
    return PT_OK;
}

enum pt_err pt_store_get(struct pt_txn *txn, enum pt_table table, struct pt_bytes key, struct pt_bytes *value)
{
    struct pt_bytes raw;
    if (!key_fits(key)) {
        return PT_ELIMIT;
    }
    enum pt_err err = txn->store->ops->get(txn, table, key, &raw);
    return err == PT_OK ? open_for_txn(txn, place_of(table, key), raw, value) : err;
}

/* Remembers the failure: a transaction with a hole is never committed. */
static enum pt_err note(struct pt_txn *txn, enum pt_err err)
{
    if (err != PT_OK && txn->err == PT_OK) {
        txn->err = err;
    }
    return err;
}

enum pt_err pt_store_put(struct pt_txn *txn, enum pt_table table, struct pt_bytes key, struct pt_bytes value)
{
    struct pt_scratch *scratch;
    PT_CHECK(txn->write);
    if (!key_fits(key)) {
        return PT_ELIMIT;
    }
    enum pt_err err = scratch_get(txn, &scratch);
    if (err != PT_OK) {
        return note(txn, err);
    }
    struct pt_store *store = txn->store;
    pt_buf_clear(&scratch->sealed);
    err = pt_envelope_seal(&store->key, &store->random, place_of(table, key), value, &scratch->sealed);
    if (err == PT_OK) {
        err = store->ops->put(txn, table, key, pt_buf_bytes(&scratch->sealed));
    }
    return note(txn, err);
}

enum pt_err pt_store_del(struct pt_txn *txn, enum pt_table table, struct pt_bytes key)
{
    PT_CHECK(txn->write);
    if (!key_fits(key)) {
        return PT_ELIMIT;
    }
    enum pt_err err = txn->store->ops->del(txn, table, key);
    return err == PT_ENOTFOUND ? err : note(txn, err);
}

enum pt_err pt_store_last(struct pt_txn *txn, enum pt_table table, struct pt_bytes upto, struct pt_bytes *key,
                          struct pt_bytes *value)
{
    struct pt_bytes raw_key;
    struct pt_bytes raw;
    struct pt_bytes payload;
    if (upto.n > PT_STORE_KEY_BYTES_MAX) {
        return PT_ELIMIT;
    }
    enum pt_err err = txn->store->ops->seek_last(txn, table, upto, &raw_key, &raw);
    if (err == PT_OK) {
        err = open_for_txn(txn, place_of(table, raw_key), raw, &payload);
    }
    if (err == PT_OK && txn->write) {
        raw_key = pt_arena_dup(&txn->scratch->arena, raw_key);
        err = raw_key.data == NULL ? PT_ENOMEM : PT_OK;
    }
    if (err == PT_OK) {
        *key = raw_key;
        *value = payload;
    }
    return err;
}

struct pt_rows pt_rows_of(struct pt_txn *txn, enum pt_table table, struct pt_bytes prefix)
{
    return pt_rows_from(txn, table, prefix, prefix);
}

struct pt_rows pt_rows_from(struct pt_txn *txn, enum pt_table table, struct pt_bytes prefix, struct pt_bytes from)
{
    struct pt_rows rows = {.txn = txn, .table = table, .prefix = prefix, .from = from};
    if (pt_bytes_cmp(from, prefix) < 0) {
        rows.from = prefix;
    }
    if (rows.from.n > PT_STORE_KEY_BYTES_MAX) {
        rows.err = PT_ELIMIT;
    }
    return rows;
}

static enum pt_err rows_start(struct pt_rows *rows)
{
    struct pt_scratch *scratch;
    enum pt_err err = scratch_get(rows->txn, &scratch);
    if (err != PT_OK) {
        return err;
    }
    struct pt_rows_state *state = pt_zalloc(sizeof *state);
    if (state == NULL) {
        return PT_ENOMEM;
    }
    err = rows->txn->store->ops->cursor_open(rows->txn, rows->table, &state->cursor);
    if (err != PT_OK) {
        pt_free(state);
        return err;
    }
    state->next = scratch->rows;
    scratch->rows = state;
    rows->state = state;
    return PT_OK;
}

/* The next raw row; NOTFOUND when there is none with the prefix. */
static enum pt_err rows_step(struct pt_rows *rows, struct pt_bytes *key, struct pt_bytes *raw)
{
    const struct pt_store_ops *ops = rows->txn->store->ops;
    struct pt_rows_state *state = rows->state;
    enum pt_err err;
    if (state == NULL) {
        err = rows_start(rows);
        if (err != PT_OK) {
            return err;
        }
        state = rows->state;
        err = ops->cursor_seek(state->cursor, rows->from, key, raw);
    } else if (state->found) {
        err = ops->cursor_next(state->cursor, key, raw);
    } else {
        err = PT_ENOTFOUND;
    }
    size_t n = rows->prefix.n;
    bool inside = err == PT_OK && key->n >= n && pt_bytes_eq(pt_bytes_of(key->data, n), rows->prefix);
    state->found = inside;
    return err == PT_OK && !inside ? PT_ENOTFOUND : err;
}

/* Replaces what is lent by a copy in buf. */
static enum pt_err keep(struct pt_buf *buf, struct pt_bytes *lent)
{
    pt_buf_clear(buf);
    pt_buf_put_bytes(buf, *lent);
    if (buf->err != PT_OK) {
        return buf->err;
    }
    *lent = lent->n == 0 ? *lent : pt_buf_bytes(buf);
    return PT_OK;
}

static enum pt_err rows_open(struct pt_rows *rows, struct pt_bytes *key, struct pt_bytes raw, struct pt_bytes *value)
{
    struct pt_rows_state *state = rows->state;
    const struct pt_store_key *store_key = &rows->txn->store->key;
    bool write = rows->txn->write;
    enum pt_err err = write ? keep(&state->key, key) : PT_OK;
    /* One buffer serves both: the copy of a plain value, and the room of an opened one. */
    struct pt_bytes sealed = raw;
    if (err == PT_OK && (write || store_key->present)) {
        err = keep(&state->value, &sealed);
    }
    if (err != PT_OK) {
        return err;
    }
    return pt_envelope_open(store_key, place_of(rows->table, *key), store_key->present ? raw : sealed,
                            state->value.data, value);
}

bool pt_rows_next(struct pt_rows *rows, struct pt_bytes *key, struct pt_bytes *value)
{
    struct pt_bytes found;
    struct pt_bytes raw;
    struct pt_bytes payload;
    if (rows->err != PT_OK) {
        return false;
    }
    enum pt_err err = rows_step(rows, &found, &raw);
    if (err == PT_ENOTFOUND) {
        return false;
    }
    if (err == PT_OK) {
        err = rows_open(rows, &found, raw, &payload);
        *key = found;
    }
    if (err != PT_OK) {
        rows->err = err;
        return false;
    }
    *value = payload;
    return true;
}

enum pt_err pt_rows_end(struct pt_rows *rows)
{
    if (rows->state != NULL) {
        struct pt_rows_state **link = &rows->txn->scratch->rows;
        while (*link != rows->state) {
            link = &(*link)->next;
        }
        *link = rows->state->next;
        rows_state_free(rows->txn, rows->state);
        rows->state = NULL;
    }
    return rows->err;
}
