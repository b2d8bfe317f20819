/* no_exit.c - a test that leaves by exit(0) would count as passed, so leaving becomes a crash.
 *
 * Linked with --wrap into every Criterion program. Only the process of the test itself is held: a child that a test
 * forked may leave as it likes. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

_Noreturn void __real__exit(int status);
_Noreturn void __real_exit(int status);
_Noreturn void __wrap_exit(int status);
_Noreturn void __wrap__exit(int status);
_Noreturn void __wrap__Exit(int status);
_Noreturn void __wrap_quick_exit(int status);

static pid_t born_as;

__attribute__((constructor)) static void remember_process(void)
{
    born_as = getpid();
}

static void refuse_in_test(void)
{
    if (getpid() == born_as) {
        (void)fputs("a test must not leave by exit(): it would count as passed\n", stderr);
        abort();
    }
}

void __wrap_exit(int status)
{
    refuse_in_test();
    __real_exit(status);
}

void __wrap__exit(int status)
{
    refuse_in_test();
    __real__exit(status);
}

void __wrap__Exit(int status)
{
    refuse_in_test();
    __real__exit(status);
}

void __wrap_quick_exit(int status)
{
    refuse_in_test();
    __real__exit(status);
}
