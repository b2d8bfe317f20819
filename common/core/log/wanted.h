/* wanted.h - blobs that entries name and that are not here: which log names one says who may have it.
 *
 * A file lies here once, whoever names it; a text lies beside the others of its subject. So a file and a text are two
 * wants even where their hashes are one, and so are texts of two subjects. Each log that names a blob has a row of its
 * own: anybody may name any hash, and the peer that brings this log may be the only one that has the content.
 * Rows of before have the hash alone as their key; they are read as they are, and go when their blob comes.
 * Thread: as the transaction.  Memory: by value.  Errors of all: those of the store, NOMEM, DAMAGED. */
#ifndef PT_WANTED_H
#define PT_WANTED_H

#include "base/arena.h"
#include "core/log/entry.h"
#include "core/store/store.h"

/* Each needs a read, and names of one file are many only where somebody makes them so. */
enum { PT_WANTED_NAMERS_LOOKED = 64 };

/* A blob that is not here although it should be. */
struct pt_wanted {
    struct pt_hash hash;
    uint64_t log;          /* that names it */
    Patuh__EntryKind kind; /* of the entry that does */
};

/* subject: of the log that names it. */
enum pt_err pt_wanted_put(struct pt_txn *txn, const struct pt_wanted *wanted, const struct pt_subject *subject);
/* It is here: nobody asks for it any more, whoever names it. subject: of a text; NULL: a file. */
enum pt_err pt_wanted_got(struct pt_txn *txn, const struct pt_hash *hash, const struct pt_subject *subject);
/* Nothing that this log names is asked for any more. */
enum pt_err pt_wanted_forget(struct pt_txn *txn, uint64_t log);
/* Is it asked for, whoever names it? subject: of a text; NULL: a file. */
enum pt_err pt_wanted_is(struct pt_txn *txn, const struct pt_hash *hash, const struct pt_subject *subject,
                         bool *wanted);
/* Is this file asked for because a log of this author names it? Looks at PT_WANTED_NAMERS_LOOKED rows: no as well when
 * it is among more. */
enum pt_err pt_wanted_file_of(struct pt_txn *txn, const struct pt_hash *hash, const struct pt_author *author,
                              bool *wanted);
/* A row of the table; the arena is scratch. */
enum pt_err pt_wanted_read(struct pt_bytes key, struct pt_bytes value, struct pt_arena *arena, struct pt_wanted *out);

#endif
