/* Memory read after it was given back. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

Test(bad, reads_freed_memory)
{
    char *volatile memory = malloc(10);
    memset(memory, 1, 10);
    free(memory);
    volatile char seen = memory[3];
    (void)seen;
}
