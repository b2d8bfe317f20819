/* logs_internal.h - rows that the files of the log store share. Not for others. */
#ifndef PT_LOGS_INTERNAL_H
#define PT_LOGS_INTERNAL_H

#include "base/mem.h"
#include "core/keys.h"
#include "core/logs.h"

/* A chunk row of ARRIVAL (with the running hash) or PARKED (arrival_hash NULL). */
enum pt_err pt__record_put(struct pt_txn *txn, enum pt_table table, const struct pt_key *key,
                           const struct pt_record *record, const struct pt_hash *arrival_hash);
enum pt_err pt__record_read(struct pt_bytes value, struct pt_arena *arena, struct pt_record *out,
                            struct pt_hash *arrival_hash);

/* Give a chunk the next LSN and index it. */
enum pt_err pt__arrival_add(struct pt_txn *txn, const struct pt_record *record, uint64_t *lsn);

#endif
