#include "core/bundle/seal.h"

#include "base/mem.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

static_assert(PT_STREAM_KEY_BYTES == crypto_secretstream_xchacha20poly1305_KEYBYTES, "key");
static_assert(PT_STREAM_HEADER_BYTES == crypto_secretstream_xchacha20poly1305_HEADERBYTES, "header");
static_assert(PT_STREAM_MORE_BYTES == crypto_secretstream_xchacha20poly1305_ABYTES, "tag");
static_assert(PT_SEALED_BYTES == PT_STREAM_KEY_BYTES + crypto_box_SEALBYTES, "sealed box");

#define BOX_KEY_BYTES crypto_box_PUBLICKEYBYTES

/* As crypto_box_seal does it: a pair for this box alone, whose public key stands in front of it. */
enum pt_err pt_seal(const uint8_t transport_key[PT_KEY_BYTES], const uint8_t key[PT_STREAM_KEY_BYTES],
                    const struct pt_random *random, uint8_t out[PT_SEALED_BYTES])
{
    uint8_t box_key[BOX_KEY_BYTES];
    uint8_t seed[crypto_box_SEEDBYTES];
    uint8_t secret[crypto_box_SECRETKEYBYTES];
    uint8_t nonce[crypto_box_NONCEBYTES];
    crypto_generichash_state state;
    if (crypto_sign_ed25519_pk_to_curve25519(box_key, transport_key) != 0) {
        return PT_EMALFORMED;
    }
    pt_random_fill(random, seed, sizeof seed);
    (void)crypto_box_seed_keypair(out, secret, seed);
    (void)crypto_generichash_init(&state, NULL, 0, sizeof nonce);
    (void)crypto_generichash_update(&state, out, BOX_KEY_BYTES);
    (void)crypto_generichash_update(&state, box_key, BOX_KEY_BYTES);
    (void)crypto_generichash_final(&state, nonce, sizeof nonce);
    int bad = crypto_box_easy(out + BOX_KEY_BYTES, key, PT_STREAM_KEY_BYTES, nonce, box_key, secret);
    pt_wipe(seed, sizeof seed);
    pt_wipe(secret, sizeof secret);
    return bad == 0 ? PT_OK : PT_EMALFORMED;
}

enum pt_err pt_unseal(const struct pt_keypair *transport, const uint8_t sealed[PT_SEALED_BYTES],
                      uint8_t out[PT_STREAM_KEY_BYTES])
{
    uint8_t box_key[BOX_KEY_BYTES];
    uint8_t secret[crypto_box_SECRETKEYBYTES];
    int bad = crypto_sign_ed25519_pk_to_curve25519(box_key, transport->public_key);
    bad = bad == 0 ? crypto_sign_ed25519_sk_to_curve25519(secret, transport->secret_key) : bad;
    bad = bad == 0 ? crypto_box_seal_open(out, sealed, PT_SEALED_BYTES, box_key, secret) : bad;
    pt_wipe(secret, sizeof secret);
    return bad == 0 ? PT_OK : PT_ESIGNATURE;
}

struct pt_stream {
    crypto_secretstream_xchacha20poly1305_state state;
};

/* Both sides begin alike; what libsodium calls init_push only chooses the header by itself. */
struct pt_stream *pt_stream_create(const uint8_t key[PT_STREAM_KEY_BYTES], const uint8_t header[PT_STREAM_HEADER_BYTES])
{
    struct pt_stream *stream = pt_zalloc(sizeof *stream);
    if (stream != NULL) {
        (void)crypto_secretstream_xchacha20poly1305_init_pull(&stream->state, header, key);
    }
    return stream;
}

void pt_stream_destroy(struct pt_stream *stream)
{
    if (stream != NULL) {
        pt_wipe(stream, sizeof *stream);
        pt_free(stream);
    }
}

void pt_stream_push(struct pt_stream *stream, struct pt_bytes plain, bool last, uint8_t *out)
{
    uint8_t tag =
        last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL : crypto_secretstream_xchacha20poly1305_TAG_MESSAGE;
    (void)crypto_secretstream_xchacha20poly1305_push(&stream->state, out, NULL, plain.data, plain.n, NULL, 0, tag);
}

enum pt_err pt_stream_pull(struct pt_stream *stream, struct pt_bytes sealed, uint8_t *out, bool *last)
{
    uint8_t tag = 0;
    if (sealed.n < PT_STREAM_MORE_BYTES || crypto_secretstream_xchacha20poly1305_pull(
                                               &stream->state, out, NULL, &tag, sealed.data, sealed.n, NULL, 0) != 0) {
        return PT_ESIGNATURE;
    }
    *last = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
    return PT_OK;
}
