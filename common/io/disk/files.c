#include "io/disk/files.h"

#include "io/disk/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define LARGE_BYTES ((size_t)4 << 20)

static enum pt_err from_errno(int code)
{
    if (code == ENOSPC || code == EDQUOT) {
        return PT_EFULL;
    }
    return code == ENOENT || code == ENOTDIR ? PT_ENOTFOUND : PT_EIO;
}

static enum pt_err read_all(int fd, size_t n_max, struct pt_buf *out, bool *too_large)
{
    uint8_t part[16384];
    size_t start = out->n;
    for (;;) {
        ssize_t n = read(fd, part, sizeof part);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return PT_EIO;
        }
        if (n == 0) {
            return out->err;
        }
        if ((size_t)n > n_max - (out->n - start)) {
            *too_large = true;
            return PT_EINVALID;
        }
        pt_buf_put(out, part, (size_t)n);
    }
}

enum pt_err pt_file_read(const char *path, size_t n_max, struct pt_buf *out, struct pt_problem *problem)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return pt_problem_set(problem, from_errno(errno), PT_MSG_FILE_OPEN, path, strerror(errno), NULL);
    }
    bool too_large = false;
    enum pt_err err = read_all(fd, n_max, out, &too_large);
    int code = errno;
    (void)close(fd);
    if (too_large) {
        char limit[24];
        (void)snprintf(limit, sizeof limit, "%zu", n_max);
        return pt_problem_set(problem, err, PT_MSG_FILE_TOO_LARGE, path, limit, NULL);
    }
    if (err == PT_EIO) {
        return pt_problem_set(problem, err, PT_MSG_FILE_OPEN, path, strerror(code), NULL);
    }
    return err;
}

/* Large enough that the way past the system's memory is worth it. */
static bool is_large(const struct pt_bytes *parts, size_t n)
{
    size_t left = LARGE_BYTES;
    for (size_t i = 0; i < n; i++) {
        if (parts[i].n >= left) {
            return true;
        }
        left -= parts[i].n;
    }
    return false;
}

enum pt_err pt_parent_sync(const char *path)
{
    char parent[PATH_MAX];
    (void)snprintf(parent, sizeof parent, "%s", path);
    char *slash = strrchr(parent, '/');
    if (slash == NULL) {
        (void)snprintf(parent, sizeof parent, ".");
    } else {
        slash[slash == parent] = '\0';
    }
    int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return PT_EIO;
    }
    int bad = fsync(fd);
    (void)close(fd);
    return bad == 0 ? PT_OK : PT_EIO;
}

/* Into a new file of the temporary name, which is renamed to the path. */
static enum pt_err write_and_rename(const char *temporary, const char *path, const struct pt_bytes *parts, size_t n,
                                    unsigned mode, bool durable)
{
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, (mode_t)mode);
    bool past = durable && is_large(parts, n);
    bool written = fd >= 0 && (past ? pt_parts_write_past(fd, parts, n) : pt_parts_write(fd, parts, n));
    enum pt_err err = written ? PT_OK : from_errno(errno);
    if (err == PT_OK && durable && fsync(fd) != 0) {
        err = PT_EIO;
    }
    int code = errno;
    if (fd >= 0) {
        (void)close(fd);
    }
    if (err == PT_OK && rename(temporary, path) != 0) {
        code = errno;
        err = from_errno(code);
    }
    if (err == PT_OK && durable) {
        err = pt_parent_sync(path);
        code = errno;
    }
    if (err != PT_OK) {
        (void)unlink(temporary);
    }
    errno = code;
    return err;
}

enum pt_err pt_file_write_parts(const char *path, const struct pt_bytes *parts, size_t n, unsigned mode,
                                struct pt_problem *problem)
{
    char temporary[PATH_MAX];
    int length = snprintf(temporary, sizeof temporary, "%s.%ld.new", path, (long)getpid());
    if (length < 0 || (size_t)length >= sizeof temporary) {
        return pt_problem_set(problem, PT_ELIMIT, PT_MSG_FILE_WRITE, path, strerror(ENAMETOOLONG), NULL);
    }
    enum pt_err err = write_and_rename(temporary, path, parts, n, mode, true);
    return err == PT_OK ? PT_OK : pt_problem_set(problem, err, PT_MSG_FILE_WRITE, path, strerror(errno), NULL);
}

enum pt_err pt_file_write(const char *path, struct pt_bytes content, unsigned mode, struct pt_problem *problem)
{
    return pt_file_write_parts(path, &content, 1, mode, problem);
}

enum pt_err pt_file_replace(const char *path, const struct pt_bytes *parts, size_t n, unsigned mode)
{
    char temporary[PATH_MAX];
    int length = snprintf(temporary, sizeof temporary, "%s.new", path);
    if (length < 0 || (size_t)length >= sizeof temporary) {
        return PT_ELIMIT;
    }
    return write_and_rename(temporary, path, parts, n, mode, false);
}

enum pt_err pt_folder_make(const char *path, unsigned mode, struct pt_problem *problem)
{
    char partial[PATH_MAX];
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof partial) {
        return pt_problem_set(problem, PT_EINVALID, PT_MSG_FILE_WRITE, path, strerror(ENAMETOOLONG), NULL);
    }
    memcpy(partial, path, n + 1);
    for (size_t i = 1; i <= n; i++) {
        if (partial[i] != '/' && partial[i] != '\0') {
            continue;
        }
        char kept = partial[i];
        partial[i] = '\0';
        if (mkdir(partial, (mode_t)mode) != 0 && errno != EEXIST) {
            return pt_problem_set(problem, from_errno(errno), PT_MSG_FILE_WRITE, path, strerror(errno), NULL);
        }
        partial[i] = kept;
    }
    return PT_OK;
}

enum pt_err pt_folder_lock(const char *path, int *out)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return from_errno(errno);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        enum pt_err err = errno == EWOULDBLOCK ? PT_EBUSY : PT_EIO;
        (void)close(fd);
        return err;
    }
    *out = fd;
    return PT_OK;
}

bool pt_file_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

bool pt_file_is_regular(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

enum pt_err pt_path_join(char *out, size_t n, const char *folder, const char *name)
{
    int written = snprintf(out, n, "%s/%s", folder, name);
    return written < 0 || (size_t)written >= n ? PT_ELIMIT : PT_OK;
}

enum pt_err pt_file_map(const char *path, struct pt_mapped *out)
{
    struct stat info;
    int fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC);
    if (fd < 0) {
        return from_errno(errno);
    }
    out->fd = fd;
    out->is_open = true;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        return PT_EIO;
    }
    if (info.st_size == 0) { /* there is no mapping of nothing */
        return PT_OK;
    }
    if ((uintmax_t)info.st_size > SIZE_MAX) {
        return PT_ENOMEM;
    }
    void *memory = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
    if (memory == MAP_FAILED) {
        return errno == ENOMEM ? PT_ENOMEM : PT_EIO;
    }
    out->bytes = pt_bytes_of(memory, (size_t)info.st_size);
    return PT_OK;
}

enum pt_err pt_file_append(const struct pt_mapped *mapped, const struct pt_bytes *parts, size_t n, uint64_t *at)
{
    off_t end = lseek(mapped->fd, 0, SEEK_END);
    if (end < 0) {
        return PT_EIO;
    }
    if (!pt_parts_write(mapped->fd, parts, n)) {
        enum pt_err err = from_errno(errno);
        (void)ftruncate(mapped->fd, end); /* what nobody knows of only takes space */
        return err;
    }
    *at = (uint64_t)end;
    return PT_OK;
}

void pt_file_unmap(struct pt_mapped *mapped)
{
    if (mapped->bytes.data != NULL) {
        void *memory;
        memcpy(&memory, &mapped->bytes.data, sizeof memory);
        (void)munmap(memory, mapped->bytes.n);
    }
    if (mapped->is_open) {
        (void)close(mapped->fd);
    }
    *mapped = (struct pt_mapped){0};
}
