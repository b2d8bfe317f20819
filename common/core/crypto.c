#include "core/crypto.h"

#include "base/mem.h"

#include <sodium.h>
#include <string.h>

enum pt_err pt_crypto_init(void)
{
    return sodium_init() < 0 ? PT_EINVALID : PT_OK;
}

static void system_fill(void *data, void *out, size_t n)
{
    (void)data;
    randombytes_buf(out, n);
}

struct pt_random pt_random_system(void)
{
    return (struct pt_random){.fill = system_fill};
}

void pt_random_fill(const struct pt_random *random, void *out, size_t n)
{
    random->fill(random->data, out, n);
}

uint64_t pt_random_u64(const struct pt_random *random)
{
    uint64_t value;
    pt_random_fill(random, &value, sizeof value);
    return value;
}

static void hash_part(crypto_generichash_state *state, struct pt_bytes part)
{
    if (part.n > 0) {
        (void)crypto_generichash_update(state, part.data, part.n);
    }
}

struct pt_hash pt_hash4(const char *context, struct pt_bytes a, struct pt_bytes b, struct pt_bytes c, struct pt_bytes d)
{
    struct pt_hash hash;
    crypto_generichash_state state;
    uint8_t n = (uint8_t)strlen(context);
    (void)crypto_generichash_init(&state, NULL, 0, sizeof hash.b);
    (void)crypto_generichash_update(&state, &n, 1);
    hash_part(&state, pt_bytes_of(context, n));
    hash_part(&state, a);
    hash_part(&state, b);
    hash_part(&state, c);
    hash_part(&state, d);
    (void)crypto_generichash_final(&state, hash.b, sizeof hash.b);
    return hash;
}

struct pt_hash pt_hash1(const char *context, struct pt_bytes a)
{
    struct pt_bytes none = {0};
    return pt_hash4(context, a, none, none, none);
}

struct pt_hash pt_hash2(const char *context, struct pt_bytes a, struct pt_bytes b)
{
    struct pt_bytes none = {0};
    return pt_hash4(context, a, b, none, none);
}

struct pt_bytes pt_hash_bytes(const struct pt_hash *hash)
{
    return pt_bytes_of(hash->b, sizeof hash->b);
}

void pt_keypair_from_seed(const uint8_t seed[PT_KEY_BYTES], struct pt_keypair *out)
{
    (void)crypto_sign_seed_keypair(out->public_key, out->secret_key, seed);
}

void pt_keypair_make(const struct pt_random *random, struct pt_keypair *out)
{
    uint8_t seed[PT_KEY_BYTES];
    pt_random_fill(random, seed, sizeof seed);
    pt_keypair_from_seed(seed, out);
    pt_wipe(seed, sizeof seed);
}

void pt_keypair_wipe(struct pt_keypair *pair)
{
    pt_wipe(pair, sizeof *pair);
}

struct pt_author pt_author_of(const uint8_t public_key[PT_KEY_BYTES])
{
    struct pt_hash hash = pt_hash1(PT_CONTEXT_AUTHOR, pt_bytes_of(public_key, PT_KEY_BYTES));
    struct pt_author author;
    memcpy(author.b, hash.b, sizeof author.b);
    return author;
}

#define SIGNED_BYTES_MAX (1 + 64 + PT_HASH_BYTES)

static size_t signed_message(const char *context, const struct pt_hash *hash, uint8_t out[SIGNED_BYTES_MAX])
{
    size_t n = strnlen(context, 64);
    out[0] = (uint8_t)n;
    memcpy(out + 1, context, n);
    memcpy(out + 1 + n, hash->b, sizeof hash->b);
    return 1 + n + sizeof hash->b;
}

void pt_sign(const struct pt_keypair *pair, const char *context, const struct pt_hash *hash, struct pt_signature *out)
{
    uint8_t message[SIGNED_BYTES_MAX];
    size_t n = signed_message(context, hash, message);
    (void)crypto_sign_detached(out->b, NULL, message, n, pair->secret_key);
}

enum pt_err pt_verify(const uint8_t public_key[PT_KEY_BYTES], const char *context, const struct pt_hash *hash,
                      const struct pt_signature *signature)
{
    uint8_t message[SIGNED_BYTES_MAX];
    size_t n = signed_message(context, hash, message);
    int bad = crypto_sign_verify_detached(signature->b, message, n, public_key);
    return bad == 0 ? PT_OK : PT_ESIGNATURE;
}
