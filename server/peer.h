/* peer.h - who syncs with this office, what it may see of the store, and what it may bring.
 *
 * A device sees what its surveyor works on, a region what was opened for it and what its people wrote; the table stands
 * in proto/README.md, section 11. Authority over what counts is merge's alone: here is only who gets what.
 * Thread: that of its directory.  Memory: by value; the scope lends from the peer. */
#ifndef PATUHD_PEER_H
#define PATUHD_PEER_H

#include "directory.h"

struct peer {
    const struct office *office;
    /* Who is who now; NULL when that cannot be read. */
    const struct directory *(*directory)(void *data);
    void *data; /* for directory */
    /* By peer_admit. */
    struct pt_author author;
    int role; /* chunk.proto Role */
    bool revoked;
    bool elsewhere;                   /* a device of a region, whose bundle came straight to head office */
    char name[PT_NAME_BYTES_MAX + 1]; /* surveyor, reviewer, or office code; before "?" */
};

/* Somebody that has yet to say who it is. */
struct peer peer_of(const struct office *office, const struct directory *(*directory)(void *data), void *data);

/* Whose statement is it? A key without a record is let in on it: the record may have been lost with the end of the
 * office log. transport: the key it must be for. Errors, with the code to answer: SIGNATURE, MALFORMED, DENIED (another
 * transport key), BUSY, NOMEM. */
enum pt_err peer_admit(struct peer *peer, const Patuh__SignedStatement *statement, const uint8_t *transport,
                       Patuh__FailureCode *code);
/* The same of the device that made a bundle, whose author key was proved there; no TLS says more. Head office takes the
 * statement of a region too: what such a device wrote about assessments it may bring, and it sees nothing. *transport:
 * whom the reply is sealed to. Errors: SIGNATURE, MALFORMED, DENIED (another key, or no device), BUSY, NOMEM. */
enum pt_err peer_admit_bundle(struct peer *peer, const Patuh__SignedStatement *statement,
                              const struct pt_public_key *author, struct pt_public_key *transport);
/* Of one that was admitted. */
struct pt_peer peer_session(struct peer *peer);
bool peer_is_region(const struct peer *peer);

#endif
