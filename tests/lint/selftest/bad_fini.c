/* An assertion that fails in the teardown: printed, and passed. */
#include <criterion/criterion.h>

static void teardown(void)
{
    cr_assert_eq(1, 2);
}

Test(bad, fails_in_teardown, .fini = teardown)
{
    cr_expect(1);
}
