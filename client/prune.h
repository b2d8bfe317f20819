/* prune.h - what is done leaves the device: head office has it, for long enough. Inside the library only.
 *
 * The rule for logs, receipts and evidence is that of core/log/prune.h; here it is joined with the state of the
 * assessment. An assessment that comes back is the session's work. */
#ifndef PT_CLIENT_PRUNE_H
#define PT_CLIENT_PRUNE_H

#include "client/summary.h"

/* Let go of each assessment that is approved by head office or fixed, with nothing that waits outside of it, and safe
 * elsewhere since age_ms of office time (PT_PRUNE_AGE_MS). Each in a transaction of its own; *n counts them. */
enum pt_err pt_device_prune(struct patuh *device, int64_t age_ms, uint32_t *n);
/* A sync was settled: what others wrote and did not come back is not waited for any more. */
enum pt_err pt_prune_note_settled(struct patuh *device);
/* Errors: NOTFOUND, with a sentence, when the assessment was pruned or is not all back. */
enum pt_err pt_prune_need_here(struct pt_txn *txn, const struct pt_subject *subject, struct pt_problem *problem);
/* The line of a pruned assessment in the list. Errors: NOTFOUND (all of it is here). */
enum pt_err pt_prune_line(const struct patuh *device, struct pt_txn *txn, const struct pt_subject *subject,
                          struct pt_arena *arena, struct patuh_listed *out);

#endif
