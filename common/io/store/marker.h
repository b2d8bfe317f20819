/* marker.h - notices that a store was restored or copied.
 *
 * D/marker, a file outside the store, equals what the store says of it. It is rewritten at every clean start or sync,
 * so a store that comes back from a copy does not find its marker. Two values are accepted, the newest and the one that
 * the file had then: a crash may fall between store and file, or the file cannot be written. A folder that was copied
 * whole has the right marker; that is noticed by what others have seen of it (session.h). Thread: the caller's, which
 * may block on the disk. */
#ifndef PT_MARKER_H
#define PT_MARKER_H

#include "core/store/store.h"

enum pt_marker {
    PT_MARKER_NONE, /* the store never had one */
    PT_MARKER_FITS,
    PT_MARKER_FOREIGN /* the file is not there, or not this store's */
};

/* Compare dir/marker with the store. Errors: those of the store. */
enum pt_err pt_marker_check(struct pt_store *store, const char *dir, enum pt_marker *out);
/* Write a new one on both sides, the store first. Errors: those of the store; IO, FULL (with a sentence). */
enum pt_err pt_marker_write(struct pt_store *store, const char *dir, const struct pt_random *random,
                            struct pt_problem *problem);

#endif
