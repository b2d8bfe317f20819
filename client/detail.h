/* detail.h - what an entry carries beside a value: the label that was added, who was assigned, where. Inside the
 * library only.
 *
 * Thread: the caller's.  Memory: the arena given. */
#ifndef PT_CLIENT_DETAIL_H
#define PT_CLIENT_DETAIL_H

#include "io/assessment/work.h"

/* For people, "" when there is nothing; never NULL. Texts are looked up in the transaction. */
const char *pt_detail_text(struct pt_txn *txn, const struct pt_subject *subject, const struct pt_entry *entry,
                           struct pt_arena *arena);
/* The place of an entry of that kind; strings as in patuh_visit. False: there is none. */
struct patuh_visit;
bool pt_detail_visit(const struct pt_entry *entry, struct pt_arena *arena, struct patuh_visit *out);
/* Numbers of all instances (as in pt_answer) in the order in which they were added: products of the registry first,
 * then log by log. n_instances of them; NULL when out of memory. */
const uint32_t *pt_detail_instance_order(const struct pt_work *work, struct pt_arena *arena);
/* Is it an instance that the registry gave this unit, whether it was removed or not? repeat: a node. */
bool pt_detail_is_registered(const struct pt_work *work, uint32_t repeat, const char *name);

#endif
