#include "support/disk_shim.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static const char *watched;
static struct disk_trace *recording;
static bool fault_armed;
static size_t fault_pass;
static int fault_code;

void disk_shim_watch(const char *folder)
{
    watched = folder;
}

void disk_shim_fault_arm(size_t pass, int code)
{
    fault_pass = pass;
    fault_code = code;
    fault_armed = true;
}

void disk_shim_fault_disarm(void)
{
    fault_armed = false;
}

void disk_shim_record(struct disk_trace *trace)
{
    recording = trace;
}

/* The next function of this name: the C library's, or a sanitizer's. */
static void next_function(const char *name, void *out)
{
    void *function = dlsym(RTLD_NEXT, name);
    if (function == NULL) {
        abort();
    }
    memcpy(out, &function, sizeof function); /* ISO C has no conversion from object to function pointers */
}

/* The name below the watched folder; NULL for any other file. */
static const char *watched_name(int fd, char path[PATH_MAX])
{
    char link[32];
    if (watched == NULL || (!fault_armed && recording == NULL)) {
        return NULL;
    }
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, PATH_MAX - 1);
    size_t n_watched = strlen(watched);
    if (n < 0 || (size_t)n < n_watched || memcmp(path, watched, n_watched) != 0) {
        return NULL;
    }
    path[n] = '\0';
    return (size_t)n == n_watched ? "." : path + n_watched + 1;
}

static bool fails(const char *name)
{
    if (name == NULL || !fault_armed) {
        return false;
    }
    if (fault_pass > 0) {
        fault_pass--;
        return false;
    }
    errno = fault_code;
    return true;
}

static struct disk_record *record_add(enum disk_op op, const char *name)
{
    struct disk_trace *trace = recording;
    if (trace->n == trace->capacity) {
        trace->capacity = trace->capacity * 2 + 64;
        trace->records = realloc(trace->records, trace->capacity * sizeof *trace->records);
        if (trace->records == NULL) {
            abort();
        }
    }
    struct disk_record *record = &trace->records[trace->n++];
    memset(record, 0, sizeof *record);
    record->op = op;
    (void)snprintf(record->name, sizeof record->name, "%s", name);
    return record;
}

static void record_write(int fd, const char *name, uint64_t offset, const void *data, size_t n)
{
    int flags = fcntl(fd, F_GETFL);
    struct disk_record *record = record_add(DISK_WRITE, name);
    record->durable = (flags & (O_DSYNC | O_SYNC)) != 0;
    record->offset = offset;
    record->n = n;
    record->data = malloc(n + 1);
    if (record->data == NULL) {
        abort();
    }
    memcpy(record->data, data, n);
}

void disk_shim_ack(uint64_t number)
{
    if (recording != NULL) {
        record_add(DISK_ACK, "")->offset = number;
    }
}

void disk_trace_free(struct disk_trace *trace)
{
    for (size_t i = 0; i < trace->n; i++) {
        free(trace->records[i].data);
    }
    free(trace->records);
    *trace = (struct disk_trace){0};
}

/* glibc names its parameters with underscores. */
/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */
ssize_t pwrite(int fd, const void *data, size_t n, off_t offset)
{
    static ssize_t (*next)(int, const void *, size_t, off_t);
    char path[PATH_MAX];
    const char *name = watched_name(fd, path);
    if (fails(name)) {
        return -1;
    }
    if (next == NULL) {
        next_function("pwrite", &next);
    }
    ssize_t done = next(fd, data, n, offset);
    if (done > 0 && name != NULL && recording != NULL) {
        record_write(fd, name, (uint64_t)offset, data, (size_t)done);
    }
    return done;
}

ssize_t write(int fd, const void *data, size_t n)
{
    static ssize_t (*next)(int, const void *, size_t);
    char path[PATH_MAX];
    const char *name = watched_name(fd, path);
    if (fails(name)) {
        return -1;
    }
    if (next == NULL) {
        next_function("write", &next);
    }
    ssize_t done = next(fd, data, n);
    if (done > 0 && name != NULL && recording != NULL) {
        record_write(fd, name, (uint64_t)(lseek(fd, 0, SEEK_CUR) - done), data, (size_t)done);
    }
    return done;
}

ssize_t writev(int fd, const struct iovec *parts, int n_parts)
{
    static ssize_t (*next)(int, const struct iovec *, int);
    char path[PATH_MAX];
    const char *name = watched_name(fd, path);
    if (fails(name)) {
        return -1;
    }
    if (next == NULL) {
        next_function("writev", &next);
    }
    ssize_t done = next(fd, parts, n_parts);
    if (done <= 0 || name == NULL || recording == NULL) {
        return done;
    }
    uint64_t offset = (uint64_t)(lseek(fd, 0, SEEK_CUR) - done);
    size_t left = (size_t)done;
    for (int i = 0; i < n_parts && left > 0; i++) {
        size_t n = parts[i].iov_len < left ? parts[i].iov_len : left;
        record_write(fd, name, offset, parts[i].iov_base, n);
        offset += n;
        left -= n;
    }
    return done;
}

int ftruncate(int fd, off_t size)
{
    static int (*next)(int, off_t);
    char path[PATH_MAX];
    const char *name = watched_name(fd, path);
    if (fails(name)) {
        return -1;
    }
    if (next == NULL) {
        next_function("ftruncate", &next);
    }
    return next(fd, size);
}

static int sync_with(int fd, const char *function, int (**next)(int))
{
    char path[PATH_MAX];
    const char *name = watched_name(fd, path);
    if (fails(name)) {
        return -1;
    }
    if (*next == NULL) {
        next_function(function, next);
    }
    int bad = (*next)(fd);
    if (bad == 0 && name != NULL && recording != NULL) {
        (void)record_add(DISK_SYNC, name);
    }
    return bad;
}

int fsync(int fd)
{
    static int (*next)(int);
    return sync_with(fd, "fsync", &next);
}

int fdatasync(int fd)
{
    static int (*next)(int);
    return sync_with(fd, "fdatasync", &next);
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
