/* bundle.h - a bundle file: what two peers would say in a session, encrypted, for somebody to carry.
 *
 * proto/README.md, section 15, has it to the byte. Here are only the form and who made it: fill.h says what goes in,
 * take.h what a record does to a store. No file is touched here: bytes leave through a sink and come from a source.
 * Thread: any one thread at a time.  Memory: writer and reader until their destroy. */
#ifndef PT_BUNDLE_H
#define PT_BUNDLE_H

#include "base/arena.h"
#include "bundle.pb-c.h"
#include "core/crypto.h"
#include "core/limits.h"

struct pt_bundle_seen {
    uint64_t epoch;
    uint64_t lsn; /* 0: no receipt yet */
};

/* Who makes a bundle. */
struct pt_bundle_origin {
    const struct pt_keypair *author; /* signs it */
    struct pt_bytes statement;       /* of a device, message SignedStatement; empty: an office */
    int64_t made_ms;                 /* by its clock */
    struct pt_bundle_seen region;    /* of a device: its newest receipt of each tier */
    struct pt_bundle_seen national;
    bool revoked; /* of an office: it took the key out for which this is */
};

/* --- writing --- */

struct pt_bundle_sink {
    enum pt_err (*put)(void *data, struct pt_bytes bytes); /* what follows; its errors are handed on */
    void *data;
};

struct pt_bundle_writer;

/* Head and first record. recipients: transport keys, 1 to PT_BUNDLE_RECIPIENTS_MAX. Errors: NOMEM, LIMIT, MALFORMED (a
 * key that is none), those of the sink; *out is NULL then. */
enum pt_err pt_bundle_begin(struct pt_bundle_sink sink, const struct pt_random *random,
                            const struct pt_public_key *recipients, size_t n_recipients,
                            const struct pt_bundle_origin *origin, struct pt_bundle_writer **out);
/* One record, with exactly one field set. Errors: NOMEM, LIMIT (PT_BUNDLE_RECORD_BYTES_MAX), those of the sink. */
enum pt_err pt_bundle_put(struct pt_bundle_writer *writer, const Patuh__BundleRecord *record);
/* The last record: without it the file counts as cut off. Errors: as pt_bundle_put. */
enum pt_err pt_bundle_end(struct pt_bundle_writer *writer);
void pt_bundle_writer_destroy(struct pt_bundle_writer *writer); /* NULL is fine */

/* --- reading --- */

struct pt_bundle_source {
    /* The next n bytes; fewer at the end only. */
    enum pt_err (*read)(void *data, void *out, size_t n, size_t *n_read);
    void *data;
};

struct pt_bundle_reader;

/* Head and first record. Errors: MALFORMED (not a bundle), VERSION (of a newer program), DENIED (not sealed to this
 * key), DAMAGED (cut off or changed), NOMEM, those of the source. *out is NULL then. */
enum pt_err pt_bundle_open(struct pt_bundle_source source, const struct pt_keypair *transport,
                           struct pt_bundle_reader **out);
/* Whose key made it: proved by a signature over the head, in which every bundle is different. What the statement says
 * is not checked yet. Lent by the reader. */
const Patuh__BundleFrom *pt_bundle_from(const struct pt_bundle_reader *reader);
struct pt_public_key pt_bundle_key(const struct pt_bundle_reader *reader);
/* The next record, in the arena. Errors: NOTFOUND (that was the end, and all is whole), DAMAGED, NOMEM, those of the
 * source. Nothing after an error. */
enum pt_err pt_bundle_next(struct pt_bundle_reader *reader, struct pt_arena *arena, const Patuh__BundleRecord **out);
void pt_bundle_reader_destroy(struct pt_bundle_reader *reader); /* NULL is fine */

#endif
