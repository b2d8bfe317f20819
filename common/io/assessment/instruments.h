/* instruments.h - compiled instruments by hash, each opened once from the blobs.
 *
 * Thread: any one at a time.  Memory: everything it lends lives until pt_instruments_close. */
#ifndef PT_INSTRUMENTS_H
#define PT_INSTRUMENTS_H

#include "core/instrument/instrument.h"
#include "io/store/blobs.h"

struct pt_opened {
    struct pt_hash hash;
    const struct pt_instrument *instrument; /* NULL: not here */
};

struct pt_instruments {
    struct pt_blobs *blobs;
    struct pt_arena arena;
    struct pt_opened *opened;
    size_t n, capacity;
};

void pt_instruments_open(struct pt_instruments *instruments, struct pt_blobs *blobs);
void pt_instruments_close(struct pt_instruments *instruments);
/* NULL for one that is not here; a damaged or newer one, or one for which there is no memory, is like one that has not
 * arrived. As merge looks it up: data is a struct pt_instruments. */
const struct pt_instrument *pt_instruments_find(void *data, const struct pt_hash *hash);

#endif
