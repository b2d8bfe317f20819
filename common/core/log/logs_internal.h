/* logs_internal.h - rows that the files of the log store share. Not for others. */
#ifndef PT_LOGS_INTERNAL_H
#define PT_LOGS_INTERNAL_H

#include "base/mem.h"
#include "core/log/branches.h"
#include "core/store/keys.h"

#include <protobuf-c/protobuf-c.h>

/* A message as a row of any table. Errors: NOMEM, and those of pt_store_put. */
enum pt_err pt__row_put(struct pt_txn *txn, enum pt_table table, const struct pt_key *key,
                        const ProtobufCMessage *message);

/* A row of HEADS. Nothing in out lies in scratch. */
enum pt_err pt__head_read(struct pt_bytes value, uint64_t number, struct pt_arena *scratch, struct pt_head *out);

/* A chunk row of ARRIVAL (with the running hash) or PARKED (arrival_hash NULL). */
enum pt_err pt__record_put(struct pt_txn *txn, enum pt_table table, const struct pt_key *key,
                           const struct pt_record *record, const struct pt_hash *arrival_hash);
enum pt_err pt__record_read(struct pt_bytes value, struct pt_arena *arena, struct pt_record *out,
                            struct pt_hash *arrival_hash);

/* The chunk that a row of CHUNKS names. Errors: DAMAGED (also when it is not there). */
enum pt_err pt__indexed_read(struct pt_txn *txn, struct pt_bytes lsn_row, struct pt_arena *arena,
                             struct pt_record *record, uint64_t *lsn);

/* Does a stored chunk lie on this branch, or (NULL) on what counts? */
bool pt__is_on(const struct pt_branch *branch, const struct pt_record *record);

/* Give a chunk the next LSN and index it. */
enum pt_err pt__arrival_add(struct pt_txn *txn, const struct pt_record *record, uint64_t *lsn);

/* prune.c: keep the head after an append; when all that was recalled of its subject is back, forget that it was. */
enum pt_err pt__prune_returned(struct pt_txn *txn, struct pt_head *head);

/* The open tail of a log of our own: entries that wait to be sealed, all written with one instrument. */
struct pt__tail {
    struct pt_entry *entries; /* in the arena */
    size_t n;
    uint64_t first_seq; /* 0 when empty */
    bool has_instrument;
    struct pt_hash instrument;
};
/* Errors: DAMAGED (a row is missing or cannot be read). */
enum pt_err pt__tail_read(struct pt_txn *txn, const struct pt_head *head, struct pt_arena *arena, struct pt__tail *out);
/* The tail must follow the head. Errors: FORK (chunks of ours came from elsewhere: this store was cloned or restored),
 * GAP (pruned: what was written now would stand beside what comes back). */
enum pt_err pt__tail_check(struct pt_txn *txn, const struct pt_head *head);
/* Was the open tail written with another instrument than the pen's? */
enum pt_err pt__tail_changes(struct pt_txn *txn, const struct pt_author_pen *pen, const struct pt_head *head,
                             bool *changes);
/* One more row; head goes along. */
enum pt_err pt__tail_add(struct pt_txn *txn, const struct pt_author_pen *pen, struct pt_head *head,
                         const struct pt_entry *entry);

#endif
