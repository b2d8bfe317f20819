/* Leaves by exit(0): Criterion would count it as passed. */
#include <criterion/criterion.h>
#include <stdlib.h>

Test(bad, exits_before_its_assertion)
{
    exit(0);
    cr_assert(0);
}
