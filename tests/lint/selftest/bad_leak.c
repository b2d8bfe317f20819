/* A leak is printed, and the test passes. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

Test(bad, leaks)
{
    char *volatile lost = malloc(10);
    memset(lost, 0, 10);
    lost = NULL;
    cr_expect_null(lost);
}
