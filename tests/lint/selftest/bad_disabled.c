/* A disabled test is counted nowhere. */
#include <criterion/criterion.h>

Test(bad, good)
{
    cr_expect(1);
}

Test(bad, disabled, .disabled = true)
{
    cr_expect(0);
}
