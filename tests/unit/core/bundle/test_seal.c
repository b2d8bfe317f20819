#include "core/bundle/seal.h"

#include "base/mem.h"
#include "support/bundle_kit.h"
#include "support/logs_kit.h"

#include <criterion/criterion.h>
#include <string.h>

static const uint8_t key[PT_STREAM_KEY_BYTES] = {1, 2, 3};
static const uint8_t header[PT_STREAM_HEADER_BYTES] = {9};

Test(seal, opens_with_the_transport_key_it_was_sealed_to_and_no_other)
{
    struct pt_keypair office = kit_pair(1);
    struct pt_keypair other = kit_pair(2);
    uint8_t sealed[PT_SEALED_BYTES];
    uint8_t opened[PT_STREAM_KEY_BYTES];
    uint64_t state = 1;
    struct pt_random random = kit_steady(&state);
    cr_assert_eq(pt_seal(office.public_key, key, &random, sealed), PT_OK);
    cr_assert_eq(pt_unseal(&office, sealed, opened), PT_OK);
    cr_expect_arr_eq(opened, key, sizeof key);
    cr_expect_eq(pt_unseal(&other, sealed, opened), PT_ESIGNATURE);
    for (size_t i = 0; i < sizeof sealed; i++) {
        sealed[i] ^= 1;
        cr_expect_eq(pt_unseal(&office, sealed, opened), PT_ESIGNATURE, "byte %zu", i);
        sealed[i] ^= 1;
    }
}

Test(seal, a_key_that_is_none_is_refused)
{
    static const uint8_t none[PT_KEY_BYTES] = {1}; /* of small order: everybody could open it */
    uint8_t sealed[PT_SEALED_BYTES];
    uint64_t state = 1;
    struct pt_random random = kit_steady(&state);
    cr_assert_eq(pt_crypto_init(), PT_OK);
    cr_expect_eq(pt_seal(none, key, &random, sealed), PT_EMALFORMED);
}

Test(seal, a_stream_gives_its_records_in_their_order_only)
{
    uint8_t sealed[3][8 + PT_STREAM_MORE_BYTES];
    uint8_t plain[8];
    bool last = true;
    cr_assert_eq(pt_crypto_init(), PT_OK);
    struct pt_stream *out = pt_stream_create(key, header);
    struct pt_stream *in = pt_stream_create(key, header);
    for (size_t i = 0; i < 3; i++) {
        pt_stream_push(out, pt_bytes_of(i == 0 ? "record 0" : i == 1 ? "record 1" : "record 2", 8), i == 2, sealed[i]);
    }
    cr_expect_eq(pt_stream_pull(in, pt_bytes_of(sealed[0], sizeof sealed[0]), plain, &last), PT_OK);
    cr_expect_not(last);
    cr_expect_eq(pt_stream_pull(in, pt_bytes_of(sealed[2], sizeof sealed[2]), plain, &last), PT_ESIGNATURE);
    cr_expect_eq(pt_stream_pull(in, pt_bytes_of(sealed[1], PT_STREAM_MORE_BYTES - 1), plain, &last), PT_ESIGNATURE);
    cr_expect_eq(pt_stream_pull(in, pt_bytes_of(sealed[1], sizeof sealed[1]), plain, &last), PT_OK);
    cr_expect_eq(pt_stream_pull(in, pt_bytes_of(sealed[2], sizeof sealed[2]), plain, &last), PT_OK);
    cr_expect(last);
    cr_expect_arr_eq(plain, "record 2", 8);
    pt_stream_destroy(out);
    pt_stream_destroy(in);
    cr_expect_eq(pt_mem_alive(), 0);
}
