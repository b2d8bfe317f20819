/* load.h - authority and cycle as a store has them: the logs that say so, found, read and judged in one transaction.
 *
 * Unsealed entries do not count. Thread: as the transaction.  Memory: in the arena; nothing points into the
 * transaction. Errors: those of the store, NOMEM, DAMAGED. */
#ifndef PT_MERGE_LOAD_H
#define PT_MERGE_LOAD_H

#include "core/log/logs.h"
#include "core/merge/authority.h"
#include "core/merge/cycle.h"

/* Who may write what, from all office logs. */
enum pt_err pt_authority_load(struct pt_txn *txn, const struct pt_author *root, struct pt_arena *arena,
                              struct pt_authority *out);
/* What head office has loaded for the cycle of this code; nothing for one that has no log here. Errors: MALFORMED (not
 * the code of a cycle). */
enum pt_err pt_cycle_load(struct pt_txn *txn, const char *code, const struct pt_authority *authority,
                          const struct pt_author *root, struct pt_arena *arena, struct pt_cycle *out);

#endif
