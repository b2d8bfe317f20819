/* peers.h - what an office remembers of each peer that was there: rows of PT_TABLE_PEERS, one of each incarnation.
 *
 * Thread: as the transaction.  Memory: by value. Errors of all: those of the store, DAMAGED. */
#ifndef PT_PEERS_H
#define PT_PEERS_H

#include "core/store/store.h"

struct pt_peer_visit {
    uint64_t salt;        /* given last */
    uint64_t salt_before; /* accepted once more, in case that Welcome was lost */
    uint64_t epoch;       /* of this store when it gave them */
    int64_t seen_ms;      /* by this office's clock */
    int64_t offset_ms;    /* this office's clock minus the peer's */
};

/* Errors: NOTFOUND. */
enum pt_err pt_peer_get(struct pt_txn *txn, const struct pt_author *author, uint64_t incarnation,
                        struct pt_peer_visit *out);
enum pt_err pt_peer_put(struct pt_txn *txn, const struct pt_author *author, uint64_t incarnation,
                        const struct pt_peer_visit *visit);
/* It was heard of without a session: a bundle of it came. Changes no salt. */
enum pt_err pt_peer_put_seen(struct pt_txn *txn, const struct pt_author *author, int64_t seen_ms);
/* The last visit of any incarnation. Errors: NOTFOUND. */
enum pt_err pt_peer_last(struct pt_txn *txn, const struct pt_author *author, struct pt_peer_visit *out);

/* In this epoch of the store, which was restored, the peer has brought everything back that it has. */
enum pt_err pt_peer_put_delivered(struct pt_txn *txn, const struct pt_author *author, uint64_t incarnation,
                                  uint64_t epoch);
/* Has it, in whatever incarnation? */
enum pt_err pt_peer_has_delivered(struct pt_txn *txn, const struct pt_author *author, uint64_t epoch, bool *has);

#endif
