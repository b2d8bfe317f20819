/* tls.h - TLS 1.3 over buffers: ciphertext in, plaintext out, and back.
 *
 * Both sides show a self-signed certificate made in memory from an Ed25519 seed and are known by the raw public key;
 * there is no certificate authority, no name and no date that matters. One suite, one group and one signature scheme
 * keep the handshake small; tickets, renegotiation and compression are off. No socket and no clock in here.
 * Thread: a pt_tls belongs to one thread; an identity may be shared within that thread.
 * Memory: an identity may be destroyed while connections that began with it go on. */
#ifndef PT_TLS_H
#define PT_TLS_H

#include "base/bytes.h"
#include "core/limits.h"

struct pt_tls_identity;
struct pt_tls;

#define PT_ALPN_BYTES_MAX 31

enum pt_tls_role { PT_TLS_CLIENT, PT_TLS_SERVER };

struct pt_tls_options {
    enum pt_tls_role role;
    const char *alpns[4];        /* acceptable protocols, best first, closed by NULL; strings outlive the pt_tls */
    const uint8_t *expected_key; /* the only PT_KEY_BYTES accepted from the peer; NULL: any key. Copied */
};

/* Errors: NOMEM (also whatever OpenSSL refuses of its own data). */
enum pt_err pt_tls_identity_create(const uint8_t seed[PT_KEY_BYTES], struct pt_tls_identity **out);
void pt_tls_identity_destroy(struct pt_tls_identity *identity); /* NULL is fine */

/* A client's first bytes are ready for pt_tls_drain at once. Errors: NOMEM. */
enum pt_err pt_tls_create(struct pt_tls_identity *identity, const struct pt_tls_options *options, struct pt_tls **out);
void pt_tls_destroy(struct pt_tls *tls); /* NULL is fine */

/* Each of the next four can leave ciphertext to send, also when it fails (the alert): call pt_tls_drain after each. */

/* Take ciphertext, cut anywhere, and go on with the handshake. Errors: MALFORMED (not TLS 1.3 as agreed), DENIED (key
 * or protocol not accepted, by us or by the peer), NOMEM. After an error every further call gives the same error. */
enum pt_err pt_tls_feed(struct pt_tls *tls, struct pt_bytes ciphertext);
/* Up to n bytes of plaintext; *got = 0: nothing more until the next feed. Errors: CLOSED (the peer said goodbye: all
 * it sent was read), MALFORMED, DENIED (the peer refused us after its half of the handshake). */
enum pt_err pt_tls_read(struct pt_tls *tls, uint8_t *out, size_t n, size_t *got);
/* Encrypt all of it; only after the handshake. Errors: CLOSED (goodbye was said), NOMEM. */
enum pt_err pt_tls_write(struct pt_tls *tls, struct pt_bytes plaintext);
/* Say goodbye; nothing can be written after it, reading goes on. */
void pt_tls_close(struct pt_tls *tls);

/* Move the ciphertext made so far to the end of out. Errors: NOMEM. */
enum pt_err pt_tls_drain(struct pt_tls *tls, struct pt_buf *out);

/* The peer is known and both may write. */
bool pt_tls_is_open(const struct pt_tls *tls);
/* The peer's goodbye was read: an end of the stream before it is a truncation. */
bool pt_tls_peer_closed(const struct pt_tls *tls);
/* After DENIED: it was we who refused the peer's key or protocol. */
bool pt_tls_denied_by_us(const struct pt_tls *tls);
/* When open: the peer's Ed25519 key (PT_KEY_BYTES) and the protocol agreed on. Lent. */
const uint8_t *pt_tls_peer_key(const struct pt_tls *tls);
const char *pt_tls_alpn(const struct pt_tls *tls);

#endif
