/* store_lmdb.h - the store on disk: LMDB, one environment in a folder, one named database a table.
 *
 * Default flags only, so that a commit is on the disk when it returns. One process and one opening at a time (lock on
 * the folder); the environment does not survive a fork.
 * Thread: any; a transaction belongs to the thread that began it, and a thread has at most one write transaction.
 * Limits: 1 TiB (1 GiB on 32 bit, or what the address space allows); 256 readers at a time. */
#ifndef PT_STORE_LMDB_H
#define PT_STORE_LMDB_H

#include "core/store/store.h"
#include "io/disk/disk.h"

struct pt_store_lmdb_options {
    /* A commit that adds something needs this much free space, else it fails with FULL; one that only deletes may use
     * the reserve. */
    struct pt_disk_reserve reserve;
    bool must_exist; /* a store that is missing or empty is not made anew: what was in it is lost */
};

/* What programs use: the default reserve. */
struct pt_store_lmdb_options pt_store_lmdb_defaults(void);

/* Open the store in folder dir; makes it when missing, unless it must exist. key may be NULL (plain values).
 * Errors: INVALID (network disk), BUSY (open already, here or in another process), VERSION and DAMAGED (a file that is
 * not one of ours, or not whole: store_pages.h), IO, FULL, NOMEM; each with a sentence in problem. After IO from a
 * commit the store takes no write transaction any more: close it, open again, look what is there. */
enum pt_err pt_store_lmdb_open(const char *dir, const struct pt_store_key *key,
                               const struct pt_store_lmdb_options *options, struct pt_store **out,
                               struct pt_problem *problem);

#endif
