/* bundle_file.h - bundles as files: read from a stick, or written whole and durable.
 *
 * Thread: any one thread at a time; calls block on the disk.  Memory: until close or drop. Every error has a sentence
 * that says what to do. */
#ifndef PT_BUNDLE_FILE_H
#define PT_BUNDLE_FILE_H

#include "core/bundle/bundle.h"
#include "io/disk/stream.h"

/* --- reading --- */

struct pt_bundle_in {
    char path[PATH_MAX];
    struct pt_in file;
    struct pt_bundle_reader *reader;
};

/* Reads all of it once before anything is done with it, so that of a file that was cut off or changed nothing is taken;
 * then it stands at its first record again. transport: whom it has to be sealed to. Starts from zeros; closed in every
 * case. */
enum pt_err pt_bundle_in_open(struct pt_bundle_in *in, const char *path, const struct pt_keypair *transport,
                              struct pt_problem *problem);
/* The next record, in the arena. Errors: NOTFOUND (the end; no sentence). */
enum pt_err pt_bundle_in_next(struct pt_bundle_in *in, struct pt_arena *arena, const Patuh__BundleRecord **out,
                              struct pt_problem *problem);
void pt_bundle_in_close(struct pt_bundle_in *in);

/* --- writing --- */

struct pt_bundle_out {
    struct pt_out file;
    struct pt_bundle_writer *writer;
    enum pt_err err; /* the first one of this file's disk */
};

/* Errors: EXISTS (never written over). Starts from zeros; finished or dropped in every case. */
enum pt_err pt_bundle_out_begin(struct pt_bundle_out *out, const char *path, const struct pt_random *random,
                                const struct pt_public_key *recipients, size_t n_recipients,
                                const struct pt_bundle_origin *origin, struct pt_problem *problem);
/* While it is filled both it and the store may fail: says so when it was the file. Returns err. */
enum pt_err pt_bundle_out_tell(const struct pt_bundle_out *out, enum pt_err err, struct pt_problem *problem);
/* The last record; durable under its name when it returns PT_OK. */
enum pt_err pt_bundle_out_finish(struct pt_bundle_out *out, struct pt_problem *problem);
void pt_bundle_out_drop(struct pt_bundle_out *out);

#endif
