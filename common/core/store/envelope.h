/* envelope.h - what surrounds every stored value: version, codec, key id, and a check that it is the value of its
 * place.
 *
 *     u8 version (1), u8 codec, u32 key id, rest
 * Codec 0: rest = 16 bytes of BLAKE2b over head, table, key and payload, then the payload.
 * Codec 1: rest = 24-byte nonce, XChaCha20-Poly1305 of the payload with head, table and key as additional data.
 * A store opened with a key takes codec 1 only: otherwise whoever can write to the disk could slip in plain values.
 * Thread: any.  Memory: caller's. */
#ifndef PT_ENVELOPE_H
#define PT_ENVELOPE_H

#include "base/bytes.h"
#include "core/crypto.h"

#include <stdbool.h>

#define PT_ENVELOPE_VERSION 1
#define PT_STORE_KEY_BYTES_MAX 511 /* LMDB's */
#define PT_PLACE_TABLE_BYTES_MAX 31

/* Key material: absent = codec 0. */
struct pt_store_key {
    bool present;
    uint32_t id;
    uint8_t key[32];
};

/* Where a value lives: bound into the check, so that a value moved elsewhere is found. */
struct pt_place {
    const char *table;   /* at most PT_PLACE_TABLE_BYTES_MAX */
    struct pt_bytes key; /* at most PT_STORE_KEY_BYTES_MAX */
};

/* Append the sealed payload to out. Errors: NOMEM. */
enum pt_err pt_envelope_seal(const struct pt_store_key *key, const struct pt_random *random, struct pt_place place,
                             struct pt_bytes payload, struct pt_buf *out);

/* Open a sealed value. *payload lies in `sealed` (codec 0) or in `room` (codec 1), which the caller provides with
 * sealed.n bytes when key->present, and may be NULL otherwise.
 * Errors: DAMAGED; VERSION (a newer envelope or codec); DENIED (sealed under a key that was not given). */
enum pt_err pt_envelope_open(const struct pt_store_key *key, struct pt_place place, struct pt_bytes sealed,
                             uint8_t *room, struct pt_bytes *payload);

#endif
