#include "io/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

static enum pt_err write_all(int fd, struct pt_bytes content)
{
    size_t done = 0;
    while (done < content.n) {
        ssize_t n = write(fd, content.data + done, content.n - done);
        if (n < 0 && errno != EINTR) {
            return from_errno(errno);
        }
        done += n < 0 ? 0 : (size_t)n;
    }
    return fsync(fd) == 0 ? PT_OK : PT_EIO;
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

enum pt_err pt_file_write(const char *path, struct pt_bytes content, unsigned mode, struct pt_problem *problem)
{
    char temporary[PATH_MAX];
    int n = snprintf(temporary, sizeof temporary, "%s.%ld.new", path, (long)getpid());
    if (n < 0 || (size_t)n >= sizeof temporary) {
        return pt_problem_set(problem, PT_ELIMIT, PT_MSG_FILE_WRITE, path, strerror(ENAMETOOLONG), NULL);
    }
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, (mode_t)mode);
    enum pt_err err = fd < 0 ? from_errno(errno) : write_all(fd, content);
    int code = errno;
    if (fd >= 0) {
        (void)close(fd);
    }
    if (err == PT_OK && rename(temporary, path) != 0) {
        code = errno;
        err = from_errno(code);
    }
    if (err == PT_OK) {
        err = pt_parent_sync(path);
        code = errno;
    }
    if (err != PT_OK) {
        (void)unlink(temporary);
        return pt_problem_set(problem, err, PT_MSG_FILE_WRITE, path, strerror(code), NULL);
    }
    return PT_OK;
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

bool pt_file_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

enum pt_err pt_path_join(char *out, size_t n, const char *folder, const char *name)
{
    int written = snprintf(out, n, "%s/%s", folder, name);
    return written < 0 || (size_t)written >= n ? PT_ELIMIT : PT_OK;
}
