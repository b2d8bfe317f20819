/* clock.h - the machine's clocks, as the core wants them: wall, monotonic, boot.
 *
 * Thread: any. */
#ifndef PT_CLOCK_H
#define PT_CLOCK_H

#include "core/sync/session.h"

struct pt_now pt_now_read(void);

#endif
