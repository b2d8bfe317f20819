/* store.h - ordered tables with transactions: what everything that is kept is kept in.
 *
 * One interface, two backends under one test set: LMDB (io/store/store_lmdb.h) and memory (store_mem.h: tests,
 * simulation, recomputation). Every value passes the envelope (envelope.h), so that one that was cut, flipped or moved
 * to another key is found at the first read (DAMAGED), and encryption is a matter of the codec, not of the format.
 *
 * Thread: a store may be used from several threads (memory: from one), a transaction by the thread that began it; one
 * write transaction exists at a time (begin waits for the other; memory: BUSY). A read transaction is short: it never
 * survives a return to an event loop.
 * Memory: keys and values handed out are lent until the transaction ends or, for rows, until the next row. They stay
 * as they are when the transaction writes. */
#ifndef PT_STORE_H
#define PT_STORE_H

#include "base/bytes.h"
#include "base/problem.h"
#include "core/store/envelope.h"

#include <stdbool.h>

/* Keys are built in keys.h only; integers in them are big-endian. */
enum pt_table {
    PT_TABLE_META,          /* name -> bytes: meta.h has them all */
    PT_TABLE_LOGS,          /* log id -> u64 log number of this store */
    PT_TABLE_HEADS,         /* log number -> head record */
    PT_TABLE_ARRIVAL,       /* LSN -> chunk record */
    PT_TABLE_CHUNKS,        /* log number, first seq, link -> LSN */
    PT_TABLE_PARKED,        /* log number, first seq, link -> chunk record */
    PT_TABLE_TAIL,          /* log number, seq -> one entry that is not sealed yet */
    PT_TABLE_RECEIPTS,      /* log number, tier [, link: what is held] -> newest receipt; tier 0: carried.h */
    PT_TABLE_TEXTS,         /* subject, hash -> a text with its salt; larger contents are files */
    PT_TABLE_WANTED,        /* blob hash, subject of a text or none, log number that names it -> how */
    PT_TABLE_INVITES,       /* code id -> invitation */
    PT_TABLE_PEERS,         /* author, incarnation -> what this store knows of that peer's sessions in it */
    PT_TABLE_BLOB_RECEIPTS, /* blob hash, tier -> newest receipt; tier 0: carried.h */
    PT_TABLE_COUNT
};

struct pt_store;
struct pt_txn;
struct pt_rows_state;
struct pt_scratch;

/* A raw backend: no envelope, keys of 1 to PT_STORE_KEY_BYTES_MAX bytes. Errors of all: NOMEM, IO, FULL; begin: BUSY
 * (memory: a write transaction is open; LMDB: too many readers); get, del, seek_last, cursor_seek, cursor_next:
 * NOTFOUND. What get, seek_last and cursors lend may become invalid with the next put or del of the transaction:
 * store.c copies it in write transactions. */
struct pt_store_ops {
    enum pt_err (*begin)(struct pt_store *store, bool write, struct pt_txn **out);
    enum pt_err (*commit)(struct pt_txn *txn); /* durable when it returns PT_OK; frees txn in every case */
    void (*abort)(struct pt_txn *txn);         /* frees txn */
    enum pt_err (*get)(struct pt_txn *txn, enum pt_table table, struct pt_bytes key, struct pt_bytes *value);
    enum pt_err (*put)(struct pt_txn *txn, enum pt_table table, struct pt_bytes key, struct pt_bytes value);
    enum pt_err (*del)(struct pt_txn *txn, enum pt_table table, struct pt_bytes key);
    /* Last row at or before `upto` ({NULL,0}: the last of the table). */
    enum pt_err (*seek_last)(struct pt_txn *txn, enum pt_table table, struct pt_bytes upto, struct pt_bytes *key,
                             struct pt_bytes *value);
    /* A cursor: to the first row at or after `from` ({NULL,0}: the first), then forward. Closed before its txn ends. */
    enum pt_err (*cursor_open)(struct pt_txn *txn, enum pt_table table, void **cursor);
    enum pt_err (*cursor_seek)(void *cursor, struct pt_bytes from, struct pt_bytes *key, struct pt_bytes *value);
    enum pt_err (*cursor_next)(void *cursor, struct pt_bytes *key, struct pt_bytes *value);
    void (*cursor_close)(void *cursor);
    void (*close)(struct pt_store *store);
};

/* Ends the store and frees it; no transaction is open. NULL is fine. */
void pt_store_close(struct pt_store *store);

/* Errors: NOMEM, IO, FULL; BUSY (too many readers, or in memory a second writer). */
enum pt_err pt_store_begin_read(struct pt_store *store, struct pt_txn **out);
enum pt_err pt_store_begin_write(struct pt_store *store, struct pt_txn **out);
/* Durable when it returns PT_OK. Ends txn in every case; a transaction in which a put or del failed for lack of memory,
 * disk or space is aborted and that error returned. After IO what was committed last is unknown: close, open again,
 * look. Errors: NOMEM, IO, FULL. */
enum pt_err pt_store_commit(struct pt_txn *txn);
void pt_store_abort(struct pt_txn *txn); /* NULL is fine */

/* Errors of all below: NOMEM, IO, FULL; LIMIT (key empty or longer than PT_STORE_KEY_BYTES_MAX); get, last, rows: the
 * errors of pt_envelope_open; get, del, last: NOTFOUND. `upto` {NULL,0} means the last row of the table. */
enum pt_err pt_store_get(struct pt_txn *txn, enum pt_table table, struct pt_bytes key, struct pt_bytes *value);
enum pt_err pt_store_put(struct pt_txn *txn, enum pt_table table, struct pt_bytes key, struct pt_bytes value);
enum pt_err pt_store_del(struct pt_txn *txn, enum pt_table table, struct pt_bytes key);
enum pt_err pt_store_last(struct pt_txn *txn, enum pt_table table, struct pt_bytes upto, struct pt_bytes *key,
                          struct pt_bytes *value);

/* Rows of one table in key order, all with keys that begin with `prefix` ({NULL,0}: all).
 *     struct pt_rows rows = pt_rows_from(txn, table, prefix, from);
 *     while (pt_rows_next(&rows, &key, &value)) { ... }
 *     err = pt_rows_end(&rows);
 * pt_rows_end is called always, before the transaction ends. The table must not be changed meanwhile. Key and value are
 * lent until the next call. A row that does not pass its envelope ends the loop with its error; *key then names that
 * row until pt_rows_end, so that a scrub can go on after it. */
struct pt_rows {
    struct pt_txn *txn;
    enum pt_table table;
    struct pt_bytes prefix; /* the caller's, must stay */
    struct pt_bytes from;   /* the caller's, must stay until the first pt_rows_next */
    struct pt_rows_state *state;
    enum pt_err err;
};
struct pt_rows pt_rows_of(struct pt_txn *txn, enum pt_table table, struct pt_bytes prefix);
struct pt_rows pt_rows_from(struct pt_txn *txn, enum pt_table table, struct pt_bytes prefix, struct pt_bytes from);
bool pt_rows_next(struct pt_rows *rows, struct pt_bytes *key, struct pt_bytes *value);
enum pt_err pt_rows_end(struct pt_rows *rows);

/* The layout of the tables, kept in PT_META_FORMAT (meta.h): written into a new store, compared in an old one; `where`
 * is how people know the store. Errors: VERSION (another format), DAMAGED, and those of the store. */
#define PT_STORE_FORMAT "patuh/1"
enum pt_err pt_store_format_check(struct pt_store *store, const char *where, struct pt_problem *problem);
/* Open every row once, but those of ARRIVAL (nearly all the bytes; every look at a log goes over them). A row whose key
 * was changed would else be missing without a word, since nobody asks for it any more. Errors: DAMAGED, DENIED,
 * VERSION, and those of the store, each with a sentence. */
enum pt_err pt_store_rows_check(struct pt_store *store, const char *where, struct pt_problem *problem);

/* Name of a table as LMDB and the envelope know it ("meta", "logs", ...). */
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
    /* The rest belongs to store.c; a backend's begin leaves it zero. */
    enum pt_err err;            /* the first failed put or del */
    struct pt_scratch *scratch; /* what is lent until the end of the transaction */
};

#endif
