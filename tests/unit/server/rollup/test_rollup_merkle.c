#include "rollup/rollup_internal.h"

#include <criterion/criterion.h>

#define LEAVES_MAX 33

/* As RFC 9162 words it: the left part is the largest power of two smaller than n. */
static struct pt_hash by_the_book(const struct pt__leaf *leaves, size_t n)
{
    size_t k = 1;
    if (n == 1) {
        return leaves[0].hash;
    }
    while (k * 2 < n) {
        k *= 2;
    }
    struct pt_hash left = by_the_book(leaves, k);
    struct pt_hash right = by_the_book(leaves + k, n - k);
    return pt_hash2(PT_CONTEXT_NODE, pt_hash_bytes(&left), pt_hash_bytes(&right));
}

Test(rollup_merkle, tree_is_that_of_the_rfc)
{
    struct pt__leaf leaves[LEAVES_MAX];
    cr_assert_eq(pt_crypto_init(), PT_OK);
    for (size_t i = 0; i < LEAVES_MAX; i++) {
        uint8_t name = (uint8_t)i;
        leaves[i] = (struct pt__leaf){.subject = "", .hash = pt_hash1(PT_CONTEXT_LEAF, pt_bytes_of(&name, 1))};
    }
    for (size_t n = 1; n <= LEAVES_MAX; n++) {
        struct pt_hash root = pt__merkle_root(leaves, n);
        struct pt_hash book = by_the_book(leaves, n);
        cr_expect(pt_hash_eq(&root, &book), "%zu leaves", n);
    }
}
