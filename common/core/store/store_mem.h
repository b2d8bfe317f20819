/* store_mem.h - the store in memory: the twin of LMDB for tests, simulation and recomputation.
 *
 * Readers see the state of their begin, whatever is committed later. Every put and commit can be made to fail, and a
 * power cut can be had at any time.
 * Thread: one at a time for the store and all its transactions; a second write transaction is BUSY instead of waiting.
 * Memory: heap; grows with the rows. Old versions go when the last transaction ends. */
#ifndef PT_STORE_MEM_H
#define PT_STORE_MEM_H

#include "core/store/store.h"

/* key may be NULL (plain values). random gives the nonces. Errors: NOMEM. */
enum pt_err pt_store_mem_create(const struct pt_store_key *key, const struct pt_random *random, struct pt_store **out);

/* Which calls of the backend a fault concerns; several with |. */
enum pt_store_mem_calls {
    PT_STORE_MEM_BEGIN = 1,
    PT_STORE_MEM_READ = 2, /* get, seek_last, cursors */
    PT_STORE_MEM_PUT = 4,  /* put, del */
    PT_STORE_MEM_COMMIT = 8,
    PT_STORE_MEM_ALL = 15
};

/* Let `pass` such calls through, then fail every one with err (PT_EIO, PT_EFULL, ...) until disarmed. A failed commit
 * has no effect on the store. */
void pt_store_mem_fault_arm(struct pt_store *base, unsigned calls, size_t pass, enum pt_err err);
void pt_store_mem_fault_disarm(struct pt_store *base);

/* A power cut: ends all open transactions (their handles are gone), drops what was not committed, disarms faults. */
void pt_store_mem_crash(struct pt_store *base);

#endif
