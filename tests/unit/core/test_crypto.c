#include "core/crypto.h"

#include "base/text.h"
#include "support/store_checks.h"

#include <criterion/criterion.h>
#include <string.h>

static void expect_hex(struct pt_bytes bytes, const char *hex, const char *what)
{
    struct pt_buf text = {0};
    pt_hex_put(&text, bytes);
    cr_expect_str_eq(pt_buf_text(&text), hex, "%s", what);
    pt_buf_free(&text);
}

static void expect_hash(struct pt_hash hash, const char *hex)
{
    expect_hex(pt_hash_bytes(&hash), hex, "hash");
}

static void key_of(uint8_t first, struct pt_keypair *out)
{
    uint8_t seed[PT_KEY_BYTES] = {first};
    cr_assert_eq(pt_crypto_init(), PT_OK);
    pt_keypair_from_seed(seed, out);
}

/* Another implementation has to get these. */
Test(crypto, golden_hashes)
{
    struct pt_bytes none = {0};
    expect_hash(pt_hash1("patuh/1 chunk", none), "10a6631b706d8738b679bedfdf6054e75faafe8d3c0457e5ee8e249537d01d7c");
    expect_hash(pt_hash1("patuh/1 chunk", pt_bytes_str("abc")),
                "05567cdfbe3bd49a519dacc145e9823620be3ba9efb2e43b14de086ce71996b8");
    expect_hash(pt_hash1("patuh/1 link", pt_bytes_str("abc")),
                "492f1896f9d00969e58d78524223cd198831b604884b4db2e229f8bb72253512");
    expect_hash(pt_hash4("patuh/1 chunk", pt_bytes_str("a"), pt_bytes_str("b"), none, pt_bytes_str("c")),
                "05567cdfbe3bd49a519dacc145e9823620be3ba9efb2e43b14de086ce71996b8");
}

Test(crypto, golden_keys_and_signature)
{
    struct pt_keypair pair;
    struct pt_signature signature;
    key_of(1, &pair);
    struct pt_author author = pt_author_of(pair.public_key);
    struct pt_hash hash = pt_hash1(PT_CONTEXT_CHUNK, pt_bytes_str("abc"));
    pt_sign(&pair, PT_CONTEXT_LINK, &hash, &signature);
    expect_hex(pt_bytes_of(pair.public_key, PT_KEY_BYTES),
               "cecc1507dc1ddd7295951c290888f095adb9044d1b73d696e6df065d683bd4fc", "public key");
    expect_hex(pt_bytes_of(author.b, sizeof author.b),
               "a19e7f2ed3f2d5a54ae17615101aa11ab500e42082592dbce26fc5588035a39b", "author");
    expect_hex(pt_bytes_of(signature.b, sizeof signature.b),
               "e4c0b96968ebe45f3a19e9bcbd67d5b25802abcdadf2dccd4d5d1451f1ab8d361f9aab49e03df08c4564a92a1ffee1a9ec17494"
               "7d6ac974e69b175e4d34abf07",
               "signature");
}

Test(crypto, the_context_parts_a_hash_from_all_others)
{
    struct pt_hash a = pt_hash2("ab", pt_bytes_str("c"), pt_bytes_str("d"));
    struct pt_hash b = pt_hash2("a", pt_bytes_str("bc"), pt_bytes_str("d"));
    struct pt_hash c = pt_hash1("ab", pt_bytes_str("cd"));
    cr_expect_not(pt_hash_eq(&a, &b), "the length of the context is hashed");
    cr_expect(pt_hash_eq(&a, &c), "parts are one message");
}

Test(crypto, a_signature_fits_one_key_context_and_hash)
{
    struct pt_keypair pair;
    struct pt_keypair other;
    struct pt_signature signature;
    key_of(1, &pair);
    key_of(2, &other);
    struct pt_hash hash = pt_hash1(PT_CONTEXT_CHUNK, pt_bytes_str("abc"));
    pt_sign(&pair, PT_CONTEXT_LINK, &hash, &signature);
    cr_expect_eq(pt_verify(pair.public_key, PT_CONTEXT_LINK, &hash, &signature), PT_OK);
    cr_expect_eq(pt_verify(other.public_key, PT_CONTEXT_LINK, &hash, &signature), PT_ESIGNATURE);
    cr_expect_eq(pt_verify(pair.public_key, PT_CONTEXT_RECEIPT, &hash, &signature), PT_ESIGNATURE);
    for (size_t i = 0; i < PT_SIGNATURE_BYTES; i++) {
        struct pt_signature bad = signature;
        bad.b[i] ^= 1;
        cr_expect_eq(pt_verify(pair.public_key, PT_CONTEXT_LINK, &hash, &bad), PT_ESIGNATURE, "byte %zu", i);
    }
    for (size_t i = 0; i < PT_HASH_BYTES; i++) {
        struct pt_hash bad = hash;
        bad.b[i] ^= 0x80;
        cr_expect_eq(pt_verify(pair.public_key, PT_CONTEXT_LINK, &bad, &signature), PT_ESIGNATURE, "byte %zu", i);
    }
}

Test(crypto, weak_public_keys_verify_nothing)
{
    static const uint8_t weak[][PT_KEY_BYTES] = {{0}, {1}}; /* points of small order */
    struct pt_signature signature = {.b = {1}};
    struct pt_hash hash = {.b = {1}};
    cr_assert_eq(pt_crypto_init(), PT_OK);
    for (size_t i = 0; i < sizeof weak / sizeof weak[0]; i++) {
        cr_expect_eq(pt_verify(weak[i], PT_CONTEXT_LINK, &hash, &signature), PT_ESIGNATURE, "row %zu", i);
    }
}

Test(crypto, keys_follow_from_the_random_source)
{
    struct pt_keypair a;
    struct pt_keypair b;
    uint64_t state = 7;
    cr_assert_eq(pt_crypto_init(), PT_OK);
    struct pt_random random = test_random(&state);
    pt_keypair_make(&random, &a);
    pt_keypair_make(&random, &b);
    cr_expect_neq(memcmp(a.public_key, b.public_key, PT_KEY_BYTES), 0);
    state = 7;
    pt_keypair_make(&random, &b);
    cr_expect_eq(memcmp(a.public_key, b.public_key, PT_KEY_BYTES), 0);
    pt_keypair_wipe(&a);
    struct pt_keypair wiped = {0};
    cr_expect_eq(memcmp(&a, &wiped, sizeof a), 0);
    struct pt_random system = pt_random_system();
    cr_expect_neq(pt_random_u64(&system), pt_random_u64(&system));
}
