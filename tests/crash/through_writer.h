/* through_writer.h - the workload through the writer of the servers, and a fault planted in that while it is linked.
 *
 * Thread: the one that records (disk_shim.h); the writer's own works while that one waits. */
#ifndef PT_TEST_THROUGH_WRITER_H
#define PT_TEST_THROUGH_WRITER_H

#include "core/store/store.h"

/* Transactions first..last, one request each; each is acknowledged to the disk shim when the writer says that it is
 * durable. early: pt_store_commit returns to the writer without having committed, which it makes good at the next
 * transaction. False: something failed. */
bool through_writer(struct pt_store *store, uint64_t first, uint64_t last, bool early);

#endif
