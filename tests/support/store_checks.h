/* store_checks.h - the one test set of every store: what memory and LMDB have to do alike. */
#ifndef PT_TEST_STORE_CHECKS_H
#define PT_TEST_STORE_CHECKS_H

#include "core/store/store.h"

/* A store under test, and how its disk is made to fail. */
struct store_subject {
    struct pt_store *store;
    /* Let `pass` accesses to the disk through, then fail each with err (PT_EIO or PT_EFULL) until disarmed. */
    void (*fault_arm)(struct store_subject *subject, size_t pass, enum pt_err err);
    void (*fault_disarm)(struct store_subject *subject);
    /* After a power cut or an error: as a new process would find it. */
    void (*reopen)(struct store_subject *subject);
    void *data;
};

/* Every check of the set; reports through Criterion. The store is empty afterwards. */
void check_store(struct store_subject *subject);

/* A generator of random bytes for tests, the same every time. */
struct pt_random test_random(uint64_t *state);

#endif
