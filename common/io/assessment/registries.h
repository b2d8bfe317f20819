/* registries.h - who the registry of a cycle gives a unit to, read from the blobs; the last registry stays open.
 *
 * A device has none: there nobody is asked.
 * Thread: any one at a time.  Memory: what it lends lives until the next registry is asked for, or it is closed. */
#ifndef PT_REGISTRIES_H
#define PT_REGISTRIES_H

#include "core/ids.h"
#include "core/table/registry.h"
#include "io/store/blobs.h"

struct pt_registries {
    struct pt_blobs *blobs;
    struct pt_arena arena;
    struct pt_hash hash; /* of the blob */
    bool asked;
    bool here;
    struct pt_registry registry;
};

void pt_registries_open(struct pt_registries *registries, struct pt_blobs *blobs);
void pt_registries_close(struct pt_registries *registries);
/* The office that assesses the unit of this assessment; "" when the registry does not have it; NULL when the registry
 * is not here (or damaged, or there is no memory for it). */
const char *pt_registries_office(struct pt_registries *registries, const struct pt_hash *hash,
                                 const struct pt_subject *subject);

#endif
