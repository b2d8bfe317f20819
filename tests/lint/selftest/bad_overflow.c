/* Undefined behaviour, from which the sanitizer recovers unless told not to. */
#include <criterion/criterion.h>
#include <limits.h>

Test(bad, overflows)
{
    volatile int value = INT_MAX;
    value = value + 1;
    cr_expect(value < 0);
}
