/* store.h - ordered tables with transactions: what everything that is kept is kept in.
 *
 * One interface, two backends under one test set: LMDB (io/store_lmdb.h) and memory (store_mem.h: tests, simulation,
 * recomputation). Every value passes the envelope of this file: u8 format version, u8 codec, u32 key id, payload.
 * Codec 0 = plain payload with a 16-byte BLAKE2b checksum over table, key and payload in front of it; codec 1 =
 * XChaCha20-Poly1305 (24-byte nonce in front), additional data = table name and key. So a value that was cut, flipped,
 * or moved to another key is found at the first read (DAMAGED), and encryption is a matter of the codec, not of the
 * format.
 *
 * Thread: a store may be used from several threads, a transaction by one at a time; one write transaction exists at a
 * time (begin waits for the other). A read transaction is short: it never survives a return to an event loop.
 * Memory: keys and values handed out are lent until the transaction ends or, for a cursor, until it moves. */
#ifndef PT_STORE_H
#define PT_STORE_H

#include "base/bytes.h"
#include "core/crypto.h"

#include <stdbool.h>

/* Keys are built in keys.h only; integers in them are big-endian. */
enum pt_table {
    PT_TABLE_META,     /* name -> bytes: role, code, epoch, format, counters */
    PT_TABLE_LOGS,     /* log id -> u64 log number of this store */
    PT_TABLE_HEADS,    /* log number -> head record */
    PT_TABLE_ARRIVAL,  /* LSN -> chunk record */
    PT_TABLE_CHUNKS,   /* log number, first seq, 8 bytes of the link -> LSN */
    PT_TABLE_PARKED,   /* log number, first seq, link -> chunk record */
    PT_TABLE_TAIL,     /* log number, seq -> one entry that is not sealed yet */
    PT_TABLE_RECEIPTS, /* log number, tier -> newest receipt */
    PT_TABLE_BLOBS,    /* blob hash -> blob record */
    PT_TABLE_WANTED,   /* blob hash -> who refers to it */
    PT_TABLE_INVITES,  /* code id -> invitation */
    PT_TABLE_PEERS,    /* author -> what this store knows of that peer's sessions */
    PT_TABLE_COUNT
};

#define PT_STORE_KEY_BYTES_MAX 511

struct pt_store;
struct pt_txn;

/* A raw backend: no envelope. Errors of all: NOMEM, IO, FULL; get and del: NOTFOUND. */
struct pt_store_ops {
    enum pt_err (*begin)(struct pt_store *store, bool write, struct pt_txn **out);
    enum pt_err (*commit)(struct pt_txn *txn); /* durable when it returns PT_OK; frees txn in every case */
    void (*abort)(struct pt_txn *txn);         /* frees txn */
    enum pt_err (*get)(struct pt_txn *txn, enum pt_table table, struct pt_bytes key, struct pt_bytes *value);
    enum pt_err (*put)(struct pt_txn *txn, enum pt_table table, struct pt_bytes key, struct pt_bytes value);
    enum pt_err (*del)(struct pt_txn *txn, enum pt_table table, struct pt_bytes key);
    /* First row at or after `from` (at or before, for seek_last). NOTFOUND at the end. */
    enum pt_err (*seek)(struct pt_txn *txn, enum pt_table table, struct pt_bytes from, struct pt_bytes *key,
                        struct pt_bytes *value);
    enum pt_err (*seek_last)(struct pt_txn *txn, enum pt_table table, struct pt_bytes upto, struct pt_bytes *key,
                             struct pt_bytes *value);
    /* Cursor forward from a position; the backend may keep state in *cursor_state (freed with the transaction). */
    enum pt_err (*cursor_open)(struct pt_txn *txn, enum pt_table table, void **cursor_state);
    enum pt_err (*cursor_seek)(void *cursor_state, struct pt_bytes from, struct pt_bytes *key, struct pt_bytes *value);
    enum pt_err (*cursor_next)(void *cursor_state, struct pt_bytes *key, struct pt_bytes *value);
    void (*cursor_close)(void *cursor_state);
    void (*close)(struct pt_store *store);
};

/* Key material of the envelope: absent = codec 0. */
struct pt_store_key {
    bool present;
    uint32_t id;
    uint8_t key[32];
};

/* Ends the store and frees it. NULL is fine. */
void pt_store_close(struct pt_store *store);

enum pt_err pt_store_begin(struct pt_store *store, bool write, struct pt_txn **out);
enum pt_err pt_store_commit(struct pt_txn *txn);
void pt_store_abort(struct pt_txn *txn); /* NULL is fine */

/* Errors of all below: NOMEM, IO, FULL, DAMAGED (value does not pass its envelope), VERSION (envelope of a newer
 * format). get, seek, del: NOTFOUND. */
enum pt_err pt_store_get(struct pt_txn *txn, enum pt_table table, struct pt_bytes key, struct pt_bytes *value);
enum pt_err pt_store_put(struct pt_txn *txn, enum pt_table table, struct pt_bytes key, struct pt_bytes value);
enum pt_err pt_store_del(struct pt_txn *txn, enum pt_table table, struct pt_bytes key);
enum pt_err pt_store_last(struct pt_txn *txn, enum pt_table table, struct pt_bytes upto, struct pt_bytes *key,
                          struct pt_bytes *value);

/* Rows of one table in key order, all with keys that begin with `prefix` ({NULL,0}: all).
 *     struct pt_rows rows = pt_rows_from(txn, table, prefix, from);
 *     while (pt_rows_next(&rows, &key, &value)) { ... }
 *     err = pt_rows_end(&rows);
 * The table must not be changed meanwhile. Key and value are lent until the next pt_rows_next. */
struct pt_rows {
    struct pt_txn *txn;
    enum pt_table table;
    struct pt_bytes prefix; /* the caller's, must stay */
    struct pt_bytes from;   /* the caller's, must stay until the first pt_rows_next */
    void *state;
    bool started;
    enum pt_err err;
};
struct pt_rows pt_rows_of(struct pt_txn *txn, enum pt_table table, struct pt_bytes prefix);
struct pt_rows pt_rows_from(struct pt_txn *txn, enum pt_table table, struct pt_bytes prefix, struct pt_bytes from);
bool pt_rows_next(struct pt_rows *rows, struct pt_bytes *key, struct pt_bytes *value);
enum pt_err pt_rows_end(struct pt_rows *rows);

/* Name of a table as LMDB and additional data know it ("meta", "logs", ...). */
const char *pt_table_name(enum pt_table table);

/* For backends: the first member of a backend's store and transaction. */
struct pt_store {
    const struct pt_store_ops *ops;
    struct pt_store_key key;
    struct pt_random random; /* nonces */
};
struct pt_txn {
    struct pt_store *store;
    bool write;
    void *scratch; /* opened values live here until the end of the transaction; store.c owns it */
};

#endif
