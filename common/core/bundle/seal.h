/* seal.h - how a bundle is encrypted: a key that is sealed to each recipient, and a stream of records under it.
 *
 * Sealed boxes and secretstream of libsodium, to the byte; only their randomness comes from outside, as everywhere in
 * core, so that a simulation can repeat its runs.
 * A recipient is known by its transport key, turned into a key for boxes: both sides have it from the enrolment, so
 * there is no further key to hand out and to renew; and since that pair signs nothing but TLS handshakes, to use it
 * here as well gives nobody a signature or a plaintext to play with. Thread: any one thread at a time.  Memory:
 * caller's; a stream is freed by pt_stream_destroy. */
#ifndef PT_SEAL_H
#define PT_SEAL_H

#include "core/crypto.h"

#define PT_STREAM_KEY_BYTES 32
#define PT_STREAM_HEADER_BYTES 24
#define PT_STREAM_MORE_BYTES 17 /* so much longer is a record when it is encrypted */
#define PT_SEALED_BYTES (PT_STREAM_KEY_BYTES + 48)

/* Errors: MALFORMED (that is no public key). */
enum pt_err pt_seal(const uint8_t transport_key[PT_KEY_BYTES], const uint8_t key[PT_STREAM_KEY_BYTES],
                    const struct pt_random *random, uint8_t out[PT_SEALED_BYTES]);
/* Errors: SIGNATURE (not sealed to this key, or changed). */
enum pt_err pt_unseal(const struct pt_keypair *transport, const uint8_t sealed[PT_SEALED_BYTES],
                      uint8_t out[PT_STREAM_KEY_BYTES]);

struct pt_stream;

/* One side of a stream. header: random bytes that the writer chose. NULL when out of memory. */
struct pt_stream *pt_stream_create(const uint8_t key[PT_STREAM_KEY_BYTES],
                                   const uint8_t header[PT_STREAM_HEADER_BYTES]);
void pt_stream_destroy(struct pt_stream *stream); /* NULL is fine */
/* The next record; out has room for PT_STREAM_MORE_BYTES more. */
void pt_stream_push(struct pt_stream *stream, struct pt_bytes plain, bool last, uint8_t *out);
/* Back again; out has room for PT_STREAM_MORE_BYTES less. Errors: SIGNATURE (changed, or not the next one). */
enum pt_err pt_stream_pull(struct pt_stream *stream, struct pt_bytes sealed, uint8_t *out, bool *last);

#endif
