/* peer.h - the connecting side of a connection on a plain blocking socket: what the programs here lie through.
 *
 * Thread: one.  Memory: peer_close frees what a peer holds; frames live in the arena given. */
#ifndef PEER_H
#define PEER_H

#include "base/arena.h"
#include "core/wire/frame.h"
#include "io/net/tls.h"
#include "wire.pb-c.h"

#define PEER_WAIT_S 45 /* for a server that says nothing and goes on: longer than all its clocks */

struct peer {
    int fd;
    struct pt_tls_identity *identity;
    struct pt_tls *tls;
    struct pt_frames frames;
    struct pt_buf plain; /* what came */
    size_t taken;        /* bytes of it that were frames */
    bool ended;          /* by the server */
};

/* TCP alone. False: nobody listens at HOST:PORT. */
bool peer_reach(const char *address, struct peer *out);
/* TLS on top of it with this key, for this protocol. False: the server did not agree. */
bool peer_greet_for(struct peer *peer, const uint8_t seed[PT_KEY_BYTES], const char *alpn);
bool peer_greet(struct peer *peer, const uint8_t seed[PT_KEY_BYTES]); /* for "patuh/1" */
/* A server that has left already is fine for both. */
void peer_send(struct peer *peer, struct pt_bytes bytes); /* as they are */
void peer_say(struct peer *peer, struct pt_bytes bytes);  /* within TLS */
void peer_say_frame(struct peer *peer, const Patuh__Frame *frame);
/* Take what comes next. False: there is nothing more. */
bool peer_listen(struct peer *peer);
/* The next frame; false when none comes any more. */
bool peer_next(struct peer *peer, struct pt_arena *arena, Patuh__Frame **out);
void peer_close(struct peer *peer);

#endif
