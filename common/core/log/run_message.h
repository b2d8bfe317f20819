/* run_message.h - a log and a run of it as messages: LogRef, and Chunks with the texts that its entries name.
 *
 * Texts ride along as far as a frame has room, so that a receipt is for something readable.
 * Thread: as the transaction.  Memory: in the given arena; the message lends the bytes of the run. */
#ifndef PT_RUN_MESSAGE_H
#define PT_RUN_MESSAGE_H

#include "core/log/logs.h"
#include "wire.pb-c.h"

/* Everything but the number, which is a session's. NULL when out of memory. */
Patuh__LogRef *pt_log_ref_of(const struct pt_log_id *log, const struct pt_public_key *key, struct pt_arena *arena);
/* Of one that carries everything. Errors: MALFORMED. */
enum pt_err pt_log_ref_read(const Patuh__LogRef *ref, struct pt_log_id *log, struct pt_public_key *key);

/* All but the reference to the log, which is the caller's. Errors: NOMEM, those of the store. */
enum pt_err pt_run_message(struct pt_txn *txn, const struct pt_run *run, struct pt_arena *arena, Patuh__Chunks *out);
/* The texts that entries of the run name and that are here, from the given number on (0: the first), as many as there
 * is room for beside the run; n 0: no more. Errors: as above. */
enum pt_err pt_run_texts(struct pt_txn *txn, const struct pt_run *run, size_t first, struct pt_arena *arena,
                         ProtobufCBinaryData **out, size_t *n_out);

#endif
