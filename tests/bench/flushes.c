/* flushes.c - counts how often a program makes the disk write: preloaded into it.
 *
 *     BENCH_FLUSHES=FILE LD_PRELOAD=libbench_flushes.so patuhd serve ...
 *
 * FILE holds two numbers of 64 bits, in the machine's order: calls of fsync and fdatasync, and writes to files that
 * were opened to be written through (LMDB's second descriptor, which ends a commit). */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct counts {
    _Atomic uint64_t flushes;
    _Atomic uint64_t written_through;
};

static struct counts nowhere;
static struct counts *counts = &nowhere;
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);

static void next_of(const char *name, void *out)
{
    void *symbol = dlsym(RTLD_NEXT, name);
    memcpy(out, &symbol, sizeof symbol);
}

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("BENCH_FLUSHES");
    next_of("fsync", &real_fsync);
    next_of("fdatasync", &real_fdatasync);
    next_of("pwrite", &real_pwrite);
    int fd = path == NULL ? -1 : open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd >= 0 && ftruncate(fd, sizeof *counts) == 0) {
        void *map = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        counts = map == MAP_FAILED ? counts : map;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
}

int fsync(int fd)
{
    counts->flushes++;
    return real_fsync(fd);
}

int fdatasync(int fildes)
{
    counts->flushes++;
    return real_fdatasync(fildes);
}

ssize_t pwrite(int fd, const void *buf, size_t n, off_t offset)
{
    int flags = fcntl(fd, F_GETFL);
    counts->written_through += flags >= 0 && (flags & O_DSYNC) != 0;
    return real_pwrite(fd, buf, n, offset);
}
