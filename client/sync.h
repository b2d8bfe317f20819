/* sync.h - the part of a sync that needs no network. Inside the library only. */
#ifndef PT_CLIENT_SYNC_H
#define PT_CLIENT_SYNC_H

#include "client/device.h"

/* Seal every tail of this device, in one transaction. */
enum pt_err pt_sync_seal(struct patuh *device, uint32_t *n_sealed);

#endif
