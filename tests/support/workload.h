/* workload.h - a long history of transactions that can be told again: what crash tests write and compare with.
 *
 * Transaction k puts, replaces and deletes rows of several tables, small and over many pages, by a rule that depends on
 * k alone; META "done" holds k. So what a store must hold after k is found by running 1..k in memory. */
#ifndef PT_TEST_WORKLOAD_H
#define PT_TEST_WORKLOAD_H

#include "core/store/store.h"

/* What transaction k (from 1) does, in one of the caller's. */
enum pt_err workload_put(struct pt_txn *txn, uint64_t k);
/* Transaction k, committed. */
enum pt_err workload_commit(struct pt_store *store, uint64_t k);
/* The last k in the store; 0 for none. Errors: those of the store. */
enum pt_err workload_done(struct pt_store *store, uint64_t *k);
/* NULL when the store holds exactly what it has to after k transactions, else what is wrong (static text). */
const char *workload_check(struct pt_store *store, uint64_t k);

#endif
