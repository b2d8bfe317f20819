/* sync.h - the parts of a sync that need no network. Inside the library only. */
#ifndef PT_CLIENT_SYNC_H
#define PT_CLIENT_SYNC_H

#include "client/device.h"

/* Seal every tail of this device, in one transaction. */
enum pt_err pt_sync_seal(struct patuh *device, uint32_t *n_sealed);

/* After every exchange: a new incarnation when stale says so, or when the office holds what somebody else wrote with
 * our key in it (*fresh says that one was taken), and a new marker. */
enum pt_err pt_sync_settle(struct patuh *device, bool stale, bool *fresh, struct pt_problem *problem);

#endif
