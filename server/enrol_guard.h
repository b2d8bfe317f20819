/* enrol_guard.h - how often one address may try a code: PT_ENROL_PER_MINUTE_PER_ADDRESS times in the minute that begins
 * with its first try. It knows GUARD_ADDRESSES addresses; one more makes it forget the one that began longest ago.
 *
 * Thread: one.  Memory: enrol_guard_destroy frees it. */
#ifndef PATUHD_ENROL_GUARD_H
#define PATUHD_ENROL_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#define GUARD_ADDRESSES 1024

struct enrol_guard;

struct enrol_guard *enrol_guard_create(void); /* NULL: no memory */
void enrol_guard_destroy(struct enrol_guard *guard);
/* Counts this try. address: as pt_conn_address gives it; now_ms: of a clock that never goes back. */
bool enrol_guard_allows(struct enrol_guard *guard, const char *address, uint64_t now_ms);

#endif
