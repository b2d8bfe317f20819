/* A test that skips itself is counted nowhere. */
#include <criterion/criterion.h>

Test(bad, good)
{
    cr_expect(1);
}

Test(bad, skipped)
{
    cr_skip_test("not today");
}
