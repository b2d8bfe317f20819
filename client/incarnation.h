/* incarnation.h - notices that a store was restored or copied, and begins new logs then.
 *
 * D/marker is rewritten at each sync and must equal what the store says of it (the last two are accepted: a crash may
 * fall between the two). Inside the library only.
 * Thread: the caller's. */
#ifndef PT_CLIENT_INCARNATION_H
#define PT_CLIENT_INCARNATION_H

#include "client/device.h"

/* At opening: read the incarnation, compare the marker; a missing or foreign one means a new incarnation, as does what
 * the office said of this store in the last sync when no new incarnation was taken since. */
enum pt_err pt_incarnation_open(struct patuh *device, struct pt_problem *problem);
/* Take a new incarnation: what waited unsealed in the old logs moves to new ones. One transaction. */
enum pt_err pt_incarnation_renew(struct patuh *device);
/* Write a new marker on both sides. */
enum pt_err pt_incarnation_mark(struct patuh *device, struct pt_problem *problem);

#endif
