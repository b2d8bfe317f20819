#include "io/clock.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

static int64_t milliseconds(clockid_t clock)
{
    struct timespec now;
    if (clock_gettime(clock, &now) != 0) {
        return 0;
    }
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A number per boot of this machine, from the kernel's boot id; 0 where there is none. */
static uint64_t read_boot_number(void)
{
    char text[36];
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return 0;
    }
    ssize_t n = read(fd, text, sizeof text);
    (void)close(fd);
    struct pt_hash hash = pt_hash1("patuh/1 boot", pt_bytes_of(text, n < 0 ? 0 : (size_t)n));
    struct pt_reader reader = pt_reader_on(pt_hash_bytes(&hash));
    return pt_read_u64(&reader);
}

/* Asked for with every event of every session, and the same for as long as this process lives. */
static uint64_t boot_number(void)
{
    static _Atomic uint64_t kept;
    uint64_t boot = atomic_load_explicit(&kept, memory_order_relaxed);
    if (boot == 0) {
        boot = read_boot_number();
        atomic_store_explicit(&kept, boot, memory_order_relaxed);
    }
    return boot;
}

struct pt_now pt_now_read(void)
{
    return (struct pt_now){
        .wall_ms = milliseconds(CLOCK_REALTIME),
        .monotonic_ms = (uint64_t)milliseconds(CLOCK_MONOTONIC),
        .boot = boot_number(),
    };
}
