#include "enrol_guard.h"

#include "base/mem.h"
#include "core/limits.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define MINUTE_MS 60000

static unsigned allowed(struct enrol_guard *guard, const char *address, uint64_t now_ms, unsigned n_tries)
{
    unsigned n = 0;
    for (unsigned i = 0; i < n_tries; i++) {
        n += enrol_guard_allows(guard, address, now_ms);
    }
    return n;
}

Test(enrol_guard, twenty_tries_a_minute_and_address)
{
    struct enrol_guard *guard = enrol_guard_create();
    uint64_t now = 5; /* a machine that has just started */
    cr_assert_not_null(guard);
    cr_expect_eq(allowed(guard, "10.0.0.1", now, 100), PT_ENROL_PER_MINUTE_PER_ADDRESS);
    cr_expect_eq(allowed(guard, "10.0.0.2", now, 1), 1, "others are free");
    cr_expect_eq(allowed(guard, "10.0.0.1", now + MINUTE_MS - 1, 1), 0);
    cr_expect_eq(allowed(guard, "10.0.0.1", now + MINUTE_MS, 100), PT_ENROL_PER_MINUTE_PER_ADDRESS, "a new minute");
    cr_expect_eq(allowed(guard, "10.0.0.1", now + 2 * MINUTE_MS - 1, 1), 0, "counted from its first try");
    enrol_guard_destroy(guard);
    cr_expect_eq(pt_mem_alive(), 0);
}

Test(enrol_guard, tries_spread_over_the_minute_count_together)
{
    struct enrol_guard *guard = enrol_guard_create();
    unsigned n = 0;
    for (uint64_t i = 0; i < 60; i++) {
        n += enrol_guard_allows(guard, "::1", 1000000 + i * 999);
    }
    cr_expect_eq(n, PT_ENROL_PER_MINUTE_PER_ADDRESS);
    enrol_guard_destroy(guard);
}

Test(enrol_guard, a_full_table_forgets_who_began_longest_ago)
{
    struct enrol_guard *guard = enrol_guard_create();
    char address[32];
    for (unsigned i = 0; i < GUARD_ADDRESSES; i++) {
        (void)snprintf(address, sizeof address, "10.1.%u.%u", i / 256, i % 256);
        cr_expect_eq(allowed(guard, address, 100 + i, 21), PT_ENROL_PER_MINUTE_PER_ADDRESS, "address %u", i);
    }
    cr_expect(enrol_guard_allows(guard, "10.2.0.1", 2000), "one more than it knows");
    cr_expect(enrol_guard_allows(guard, "10.1.0.0", 2001), "the first one was forgotten");
    cr_expect_not(enrol_guard_allows(guard, "10.1.0.2", 2002), "the third one was not");
    enrol_guard_destroy(guard);
}
