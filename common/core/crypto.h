/* crypto.h - hashing and signing with a context string on every use.
 *
 * A hash is BLAKE2b-256 over  u8 context length || context || message parts.  A signature is Ed25519 over the same
 * prefix and one 32-byte hash. So no hash or signature of one kind can pass for another.
 * Thread: any.  Memory: caller's.  Needs sodium_init() once (pt_crypto_init). */
#ifndef PT_CRYPTO_H
#define PT_CRYPTO_H

#include "base/bytes.h"
#include "core/ids.h"

#define PT_CONTEXT_AUTHOR "patuh/1 author"
#define PT_CONTEXT_LOG "patuh/1 log"
#define PT_CONTEXT_CHUNK "patuh/1 chunk"
#define PT_CONTEXT_LINK "patuh/1 link"
#define PT_CONTEXT_RECEIPT "patuh/1 receipt"
#define PT_CONTEXT_STATEMENT "patuh/1 statement"
#define PT_CONTEXT_OFFICE "patuh/1 office"
#define PT_CONTEXT_ENROL "patuh/1 enrol"
#define PT_CONTEXT_BLOB "patuh/1 blob"
#define PT_CONTEXT_INSTANCE "patuh/1 instance"
#define PT_CONTEXT_DIGEST "patuh/1 digest"
#define PT_CONTEXT_ARRIVAL "patuh/1 arrival"
#define PT_CONTEXT_MANIFEST "patuh/1 manifest"
#define PT_CONTEXT_LEAF "patuh/1 leaf"
#define PT_CONTEXT_NODE "patuh/1 node"
#define PT_CONTEXT_VALUE "patuh/1 value"
#define PT_CONTEXT_ROW "patuh/1 row"
#define PT_CONTEXT_PART "patuh/1 part"
#define PT_CONTEXT_PARTS "patuh/1 parts"
#define PT_CONTEXT_INVITE "patuh/1 invite"
#define PT_CONTEXT_PSEUDONYM "patuh/1 pseudonym"
#define PT_CONTEXT_BUNDLE "patuh/1 bundle"

struct pt_keypair {
    uint8_t public_key[PT_KEY_BYTES];
    uint8_t secret_key[64]; /* seed || public key, as libsodium keeps it; wipe with pt_keypair_wipe */
};

struct pt_public_key {
    uint8_t b[PT_KEY_BYTES];
};

struct pt_signature {
    uint8_t b[PT_SIGNATURE_BYTES];
};

/* Where randomness comes from: the machine's in programs, a seed in simulations. */
struct pt_random {
    void (*fill)(void *data, void *out, size_t n);
    void *data;
};

enum pt_err pt_crypto_init(void);        /* Errors: INVALID (libsodium refuses to start) */
struct pt_random pt_random_system(void); /* libsodium's generator */
void pt_random_fill(const struct pt_random *random, void *out, size_t n);
uint64_t pt_random_u64(const struct pt_random *random);

/* Hash of up to four parts ({NULL,0} for none). */
struct pt_hash pt_hash1(const char *context, struct pt_bytes a);
struct pt_hash pt_hash2(const char *context, struct pt_bytes a, struct pt_bytes b);
struct pt_hash pt_hash4(const char *context, struct pt_bytes a, struct pt_bytes b, struct pt_bytes c,
                        struct pt_bytes d);
struct pt_bytes pt_hash_bytes(const struct pt_hash *hash); /* lent */

void pt_keypair_make(const struct pt_random *random, struct pt_keypair *out);
void pt_keypair_from_seed(const uint8_t seed[PT_KEY_BYTES], struct pt_keypair *out);
void pt_keypair_wipe(struct pt_keypair *pair);
struct pt_author pt_author_of(const uint8_t public_key[PT_KEY_BYTES]);

void pt_sign(const struct pt_keypair *pair, const char *context, const struct pt_hash *hash, struct pt_signature *out);
/* Errors: SIGNATURE. */
enum pt_err pt_verify(const uint8_t public_key[PT_KEY_BYTES], const char *context, const struct pt_hash *hash,
                      const struct pt_signature *signature);

#endif
