#include "core/sync/peers.h"

#include "core/store/keys.h"
#include "core/wire/pack.h"
#include "core/wire/unpack.h"
#include "records.pb-c.h"

static enum pt_err read_row(struct pt_bytes value, struct pt_arena *arena, const Patuh__PeerRecord **out)
{
    ProtobufCMessage *message = NULL;
    enum pt_err err = pt_unpack(&patuh__peer_record__descriptor, value, arena, &message);
    *out = (const Patuh__PeerRecord *)message;
    return err;
}

static struct pt_peer_visit visit_of(const Patuh__PeerRecord *row)
{
    return (struct pt_peer_visit){.salt = row->salt,
                                  .salt_before = row->salt_before,
                                  .epoch = row->epoch,
                                  .seen_ms = row->last_seen_ms,
                                  .offset_ms = row->clock_offset_ms};
}

/* One row, to be changed in some fields: those that others have written stay. */
struct open_row {
    struct pt_arena arena;
    struct pt_key key;
    Patuh__PeerRecord row;
};

/* As it is, or an empty one. Closed by row_close in any case. */
static enum pt_err row_open(struct open_row *open, struct pt_txn *txn, const struct pt_author *author,
                            uint64_t incarnation)
{
    struct pt_bytes value;
    const Patuh__PeerRecord *row;
    open->key = pt_key_peer(author, incarnation);
    pt_arena_init(&open->arena, SIZE_MAX);
    patuh__peer_record__init(&open->row);
    enum pt_err err = pt_store_get(txn, PT_TABLE_PEERS, pt_key_bytes(&open->key), &value);
    if (err == PT_OK) {
        err = read_row(value, &open->arena, &row);
    }
    if (err == PT_OK) {
        open->row = *row;
    }
    return err == PT_ENOTFOUND ? PT_OK : err;
}

/* Stores it, unless err says that it could not be opened. */
static enum pt_err row_close(struct open_row *open, struct pt_txn *txn, enum pt_err err)
{
    struct pt_bytes packed;
    if (err == PT_OK) {
        err = pt_pack(&open->row.base, &open->arena, &packed);
    }
    if (err == PT_OK) {
        err = pt_store_put(txn, PT_TABLE_PEERS, pt_key_bytes(&open->key), packed);
    }
    pt_arena_close(&open->arena);
    return err;
}

enum pt_err pt_peer_get(struct pt_txn *txn, const struct pt_author *author, uint64_t incarnation,
                        struct pt_peer_visit *out)
{
    struct pt_arena arena;
    struct pt_bytes value;
    const Patuh__PeerRecord *row;
    struct pt_key key = pt_key_peer(author, incarnation);
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_store_get(txn, PT_TABLE_PEERS, pt_key_bytes(&key), &value);
    if (err == PT_OK) {
        err = read_row(value, &arena, &row);
    }
    if (err == PT_OK) {
        *out = visit_of(row);
    }
    pt_arena_close(&arena);
    return err;
}

enum pt_err pt_peer_put(struct pt_txn *txn, const struct pt_author *author, uint64_t incarnation,
                        const struct pt_peer_visit *visit)
{
    struct open_row open;
    enum pt_err err = row_open(&open, txn, author, incarnation);
    Patuh__PeerRecord *row = &open.row;
    row->has_salt = row->has_salt_before = row->has_epoch = row->has_last_seen_ms = row->has_clock_offset_ms = true;
    row->salt = visit->salt;
    row->salt_before = visit->salt_before;
    row->epoch = visit->epoch;
    row->last_seen_ms = visit->seen_ms;
    row->clock_offset_ms = visit->offset_ms;
    return row_close(&open, txn, err);
}

enum pt_err pt_peer_put_seen(struct pt_txn *txn, const struct pt_author *author, int64_t seen_ms)
{
    struct pt_peer_visit last = {0};
    struct open_row open;
    enum pt_err err = pt_peer_last(txn, author, &last);
    if (err != PT_OK && err != PT_ENOTFOUND) {
        return err;
    }
    err = row_open(&open, txn, author, 0);
    open.row.has_last_seen_ms = open.row.has_clock_offset_ms = true;
    open.row.last_seen_ms = seen_ms;
    open.row.clock_offset_ms = last.offset_ms;
    return row_close(&open, txn, err);
}

enum pt_err pt_peer_put_delivered(struct pt_txn *txn, const struct pt_author *author, uint64_t incarnation,
                                  uint64_t epoch)
{
    struct open_row open;
    enum pt_err err = row_open(&open, txn, author, incarnation);
    open.row.has_delivered_epoch = true;
    open.row.delivered_epoch = epoch;
    return row_close(&open, txn, err);
}

/* All incarnations of one peer, one after the other. */
struct incarnations {
    struct pt_arena arena;
    struct pt_key prefix;
    struct pt_rows rows;
    enum pt_err err;
};

static void begin(struct incarnations *all, struct pt_txn *txn, const struct pt_author *author)
{
    *all = (struct incarnations){.prefix = pt_key_author(author)};
    pt_arena_init(&all->arena, SIZE_MAX);
    all->rows = pt_rows_of(txn, PT_TABLE_PEERS, pt_key_bytes(&all->prefix));
}

static bool next(struct incarnations *all, const Patuh__PeerRecord **out)
{
    struct pt_bytes key;
    struct pt_bytes value;
    if (all->err != PT_OK || !pt_rows_next(&all->rows, &key, &value)) {
        return false;
    }
    all->err = read_row(value, &all->arena, out);
    return all->err == PT_OK;
}

static enum pt_err end(struct incarnations *all)
{
    enum pt_err err = pt_rows_end(&all->rows);
    pt_arena_close(&all->arena);
    return all->err == PT_OK ? err : all->err;
}

enum pt_err pt_peer_last(struct pt_txn *txn, const struct pt_author *author, struct pt_peer_visit *out)
{
    struct incarnations all;
    const Patuh__PeerRecord *row;
    struct pt_peer_visit last = {0};
    bool found = false;
    begin(&all, txn, author);
    while (next(&all, &row)) {
        if (!found || row->last_seen_ms >= last.seen_ms) {
            last = visit_of(row);
            found = true;
        }
    }
    enum pt_err err = end(&all);
    if (err == PT_OK && found) {
        *out = last;
    }
    return err == PT_OK && !found ? PT_ENOTFOUND : err;
}

enum pt_err pt_peer_has_delivered(struct pt_txn *txn, const struct pt_author *author, uint64_t epoch, bool *has)
{
    struct incarnations all;
    const Patuh__PeerRecord *row;
    *has = false;
    begin(&all, txn, author);
    while (next(&all, &row)) {
        *has = *has || (row->has_delivered_epoch && row->delivered_epoch == epoch);
    }
    return end(&all);
}
