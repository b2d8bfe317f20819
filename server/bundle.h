/* bundle.h - a device's bundle, carried to this office in a file, and the reply that goes back the same way.
 *
 * What a session with that device would do, as far as a file can: who made it is admitted by its statement, may bring
 * what it may bring there, and gets receipts signed for what is durable here. Works beside the server: everything is
 * written through office_write, and sessions hear of it when the command ends.
 * Thread: a command's.  Memory: bundle_close frees everything. Every error has a sentence. */
#ifndef PATUHD_BUNDLE_H
#define PATUHD_BUNDLE_H

#include "core/bundle/take.h"
#include "peer.h"

/* How far the device has a log that it does not write. */
struct bundle_place {
    struct pt_log_id log;
    struct pt_chunk_end end;
};

struct bundle {
    struct office *office;
    struct directory directory;
    struct peer peer;               /* who made it */
    struct pt_peer session;         /* what it may see and bring */
    struct pt_public_key transport; /* whom the reply is sealed to */
    struct pt_blob_ops blobs;
    struct pt_bundle_taker taker; /* counts: what it brought */
    struct bundle_place *places;
    size_t n_places, places_capacity;
    struct pt_hash wants[PT_BLOB_HASHES_MAX]; /* files that it lacks */
    size_t n_wants;
    struct pt_hash *files; /* that it brought, and are durable here */
    size_t n_files, files_capacity;
};

/* Take everything the file brings. Nothing is taken of a file that is cut off, changed, for somebody else, or of a
 * stranger; after another error what came before stays, and the file may be taken again. BUSY: this store went back in
 * time, and only who has it alone may say so. */
enum pt_err bundle_take(struct office *office, const char *file, struct bundle *out, struct pt_problem *problem);

struct bundle_told {
    uint32_t receipts;
    uint32_t chunks;
    uint32_t files;
    bool refilling; /* receipts only, until this office has back what it lost */
};
/* Receipts of this office for all logs of the device and the files of this bundle, those of head office, and what the
 * device lacks of the logs it may see, with their instruments. The file must not be there yet. */
enum pt_err bundle_reply(struct bundle *bundle, const char *file, struct bundle_told *told, struct pt_problem *problem);
void bundle_close(struct bundle *bundle);

#endif
