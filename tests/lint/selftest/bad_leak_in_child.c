/* A leak of another process, whose exit status and output the test does not look at. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void leak(void)
{
    char *volatile lost = malloc(10);
    memset(lost, 0, 10);
    lost = NULL;
    (void)fclose(stderr);
    exit(0);
}

Test(bad, leaks_in_a_child)
{
    pid_t child = fork();
    if (child == 0) {
        leak();
    }
    (void)waitpid(child, NULL, 0);
}
