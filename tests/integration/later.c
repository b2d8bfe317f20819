/* later.c - the wall clock of a machine that is 31 days ahead. Preloaded into a program. */
#include <dlfcn.h>
#include <string.h>
#include <time.h>

enum { AHEAD_S = 31 * 24 * 3600 };

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int (*real)(clockid_t, struct timespec *);
    void *symbol = dlsym(RTLD_NEXT, "clock_gettime");
    memcpy(&real, &symbol, sizeof real);
    int code = real(clock, now);
    now->tv_sec += code == 0 && clock == CLOCK_REALTIME ? AHEAD_S : 0;
    return code;
}
