/* The counterpart: a child that a test forked may leave by _exit. */
#include <criterion/criterion.h>
#include <sys/wait.h>
#include <unistd.h>

Test(good, child_may_exit)
{
    pid_t child = fork();
    if (child == 0) {
        _exit(7);
    }
    int status = 0;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_expect_eq(WEXITSTATUS(status), 7);
}
