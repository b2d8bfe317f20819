/* carried.h - what a device gave to a carrier in a bundle, and when.
 *
 * This says that a copy is on its way, and nothing about where it is: only a receipt says that something is durable
 * elsewhere, and it goes before. Kept where receipts are, under the tier of the device itself, which signs none.
 * Thread: as the transaction.  Errors of all: those of the store, NOMEM, DAMAGED. */
#ifndef PT_CARRIED_H
#define PT_CARRIED_H

#include "core/log/branches.h"

/* A log as it stands went out, every branch of it. Takes the place of what was kept of it. */
enum pt_err pt_carried_put_log(struct pt_txn *txn, const struct pt_head *head, int64_t now_ms);
/* Up to which entry of our own chain; 0: nothing. */
enum pt_err pt_carried_covers(struct pt_txn *txn, const struct pt_head *head, uint64_t *seq);
enum pt_err pt_carried_put_file(struct pt_txn *txn, const struct pt_hash *hash, int64_t now_ms);
enum pt_err pt_carried_file(struct pt_txn *txn, const struct pt_hash *hash, bool *carried);

#endif
