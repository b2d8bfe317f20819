/* office.h - an office's folder: keys, store, blobs, and who it is.
 *
 *   D/author.key     signs the office's logs, receipts and statements
 *   D/transport.key  shown in TLS
 *   D/store/         LMDB            D/blobs/  contents as files
 *   D/marker         the store's twin: a store without it was restored or copied (renewal.h)
 *   D/control        socket of the running server        D/lock  held while a program has the folder open
 *
 * Thread: identity is read-only after opening, but for epoch, incarnation, renewed and refilling, which are the loop's
 * (renewal.h): commands and the writer ask the store. The store as store.h says; writes go through office_write.
 * Memory: office_close frees everything. */
#ifndef PATUHD_OFFICE_H
#define PATUHD_OFFICE_H

#include "base/problem.h"
#include "core/log/logs.h"
#include "core/sync/enrol.h"
#include "core/sync/session.h"
#include "io/assessment/work.h"
#include "io/store/writer.h"

#include <limits.h>
#include <stdatomic.h>

struct office {
    char dir[PATH_MAX];
    int lock;
    struct pt_store *store;
    struct pt_blobs *blobs;
    struct pt_writer *writer; /* while the server runs; else NULL */
    struct pt_keypair pair;
    struct pt_keypair transport;
    struct pt_author author;
    bool national;
    char code[PT_OFFICE_CODE_BYTES_MAX + 1];
    char name[PT_NAME_BYTES_MAX + 1];
    uint64_t epoch;       /* the loop's */
    uint64_t incarnation; /* of its own logs; the loop's */
    bool renewed;         /* both are newer than the opening of the store; the loop's */
    bool refilling;       /* PT_META_REFILLING; the loop's, commands ask the store */
    uint64_t generation;  /* of our key, as the office above has signed it */
    atomic_bool stopping; /* written by the loop; office_is_stopping */
    bool joined;          /* root is known: always for head office, after join for a region */
    struct pt_author root;
    struct pt_public_key root_key;
    struct pt_subject root_subject;               /* "o:pusat" */
    struct pt_buf enrolment;                      /* a region's EnrolAnswer; empty for head office */
    char upper_address[PT_ADDRESS_BYTES_MAX + 1]; /* where the code said head office is */
};

/* Make a new folder. Errors with a sentence: EXISTS, INVALID, IO. */
enum pt_err office_init(const char *dir, bool national, const char *code, const char *name, struct pt_problem *problem);
/* Errors with a sentence: NOTFOUND (no office there), BUSY (a program has it open), VERSION (role or format), ... */
enum pt_err office_open(const char *dir, struct office *out, struct pt_problem *problem);
void office_close(struct office *office);
/* Its store, for reading assessments in it. Lent: as long as the office is open. */
struct pt_work_place office_place(const struct office *office);

/* The server ends: whoever reads assessment after assessment gives up with CANCELED. Any thread. */
bool office_is_stopping(const struct office *office);

/* One write transaction, durable when it returns PT_OK; through the server's writer when it runs; the caller waits,
 * so not from the loop but for office_renew and office_refilled. */
enum pt_err office_write(struct office *office, pt_write_run run, void *data);
/* The same where the caller has no request of its own: writes entries to the office's log about a subject. */
enum pt_err office_log(struct office *office, const struct pt_subject *subject, const struct pt_entry *entries,
                       size_t n);
/* Inside a transaction. */
enum pt_err office_log_in(struct pt_txn *txn, const struct office *office, const struct pt_subject *subject,
                          const struct pt_entry *entries, size_t n);

/* The same by another key of this office, a reviewer's. instrument: what entries about questions were written with. */
enum pt_err office_log_as(struct pt_txn *txn, const struct pt_keypair *pair, const struct pt_hash *instrument,
                          const struct pt_subject *subject, const struct pt_entry *entries, size_t n);
/* Who writes here now: a key of this office, its clocks, the incarnation that the store says. */
enum pt_err office_pen(struct pt_txn *txn, const struct pt_keypair *pair, const struct pt_hash *instrument,
                       struct pt_author_pen *out);
/* The incarnation of everything that is written here now, and the epoch. */
enum pt_err office_incarnation(struct pt_txn *txn, uint64_t *out);
enum pt_err office_epoch(struct pt_txn *txn, uint64_t *out);

/* The office chain as enrolment answers show it, own office first. Records live in the arena. address: ours. */
enum pt_err office_chain(const struct office *office, const char *address, struct pt_arena *arena,
                         struct pt_office_record *out, size_t *n_out);
/* Take over the answer of head office, found at address: from now on the root is known. */
enum pt_err office_set_enrolment(struct office *office, struct pt_bytes answer, const char *address,
                                 struct pt_problem *problem);

#endif
