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

/* The row as it is, or an empty one. */
static enum pt_err load(struct pt_txn *txn, const struct pt_key *key, struct pt_arena *arena, Patuh__PeerRecord *out)
{
    struct pt_bytes value;
    const Patuh__PeerRecord *row;
    patuh__peer_record__init(out);
    enum pt_err err = pt_store_get(txn, PT_TABLE_PEERS, pt_key_bytes(key), &value);
    if (err == PT_OK) {
        err = read_row(value, arena, &row);
    }
    if (err == PT_OK) {
        *out = *row;
    }
    return err == PT_ENOTFOUND ? PT_OK : err;
}

static enum pt_err save(struct pt_txn *txn, const struct pt_key *key, struct pt_arena *arena,
                        const Patuh__PeerRecord *row)
{
    struct pt_bytes packed;
    enum pt_err err = pt_pack(&row->base, arena, &packed);
    return err == PT_OK ? pt_store_put(txn, PT_TABLE_PEERS, pt_key_bytes(key), packed) : err;
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
    struct pt_arena arena;
    Patuh__PeerRecord row;
    struct pt_key key = pt_key_peer(author, incarnation);
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = load(txn, &key, &arena, &row);
    if (err == PT_OK) {
        row.has_salt = row.has_salt_before = row.has_epoch = row.has_last_seen_ms = row.has_clock_offset_ms = true;
        row.salt = visit->salt;
        row.salt_before = visit->salt_before;
        row.epoch = visit->epoch;
        row.last_seen_ms = visit->seen_ms;
        row.clock_offset_ms = visit->offset_ms;
        err = save(txn, &key, &arena, &row);
    }
    pt_arena_close(&arena);
    return err;
}

enum pt_err pt_peer_put_seen(struct pt_txn *txn, const struct pt_author *author, int64_t seen_ms)
{
    struct pt_peer_visit visit = {0};
    enum pt_err err = pt_peer_last(txn, author, &visit);
    struct pt_peer_visit seen = {.seen_ms = seen_ms, .offset_ms = visit.offset_ms};
    return err == PT_OK || err == PT_ENOTFOUND ? pt_peer_put(txn, author, 0, &seen) : err;
}

enum pt_err pt_peer_put_delivered(struct pt_txn *txn, const struct pt_author *author, uint64_t incarnation,
                                  uint64_t epoch)
{
    struct pt_arena arena;
    Patuh__PeerRecord row;
    struct pt_key key = pt_key_peer(author, incarnation);
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = load(txn, &key, &arena, &row);
    if (err == PT_OK) {
        row.has_delivered_epoch = true;
        row.delivered_epoch = epoch;
        err = save(txn, &key, &arena, &row);
    }
    pt_arena_close(&arena);
    return err;
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
