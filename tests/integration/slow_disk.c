/* slow_disk.c - a cheap memory card: every flush takes a tenth of a second. Preloaded into a program. */
#include <dlfcn.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

int fdatasync(int fildes)
{
    int (*real)(int);
    void *symbol = dlsym(RTLD_NEXT, "fdatasync");
    memcpy(&real, &symbol, sizeof real);
    (void)poll(NULL, 0, 100);
    return real(fildes);
}
