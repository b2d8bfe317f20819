#include "io/disk/stream.h"

#include "io/disk/files.h"
#include "io/disk/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum pt_err from_errno(int code)
{
    if (code == ENOSPC || code == EDQUOT) {
        return PT_EFULL;
    }
    return code == ENOENT || code == ENOTDIR ? PT_ENOTFOUND : PT_EIO;
}

static enum pt_err tell_write(const struct pt_out *out, int code, struct pt_problem *problem)
{
    return pt_problem_set(problem, from_errno(code), PT_MSG_FILE_WRITE, out->path, strerror(code), NULL);
}

enum pt_err pt_out_begin(struct pt_out *out, const char *path, unsigned mode, struct pt_problem *problem)
{
    *out = (struct pt_out){.fd = -1};
    int n = snprintf(out->path, sizeof out->path, "%s", path);
    int n_temporary = snprintf(out->temporary, sizeof out->temporary, "%s.%ld.new", path, (long)getpid());
    if (n < 0 || (size_t)n >= sizeof out->path || n_temporary < 0 || (size_t)n_temporary >= sizeof out->temporary) {
        return pt_problem_set(problem, PT_ELIMIT, PT_MSG_FILE_WRITE, path, strerror(ENAMETOOLONG), NULL);
    }
    if (pt_file_exists(path)) {
        return pt_problem_set(problem, PT_EEXISTS, PT_MSG_FILE_EXISTS, path, NULL);
    }
    out->fd = open(out->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, (mode_t)mode);
    out->is_open = out->fd >= 0;
    return out->is_open ? PT_OK : tell_write(out, errno, problem);
}

enum pt_err pt_out_put(struct pt_out *out, struct pt_bytes bytes)
{
    return pt_parts_write(out->fd, &bytes, 1) ? PT_OK : from_errno(errno);
}

static void close_file(struct pt_out *out)
{
    (void)close(out->fd);
    out->is_open = false;
}

enum pt_err pt_out_finish(struct pt_out *out, struct pt_problem *problem)
{
    int bad = fsync(out->fd);
    int code = errno;
    close_file(out);
    if (bad == 0 && rename(out->temporary, out->path) != 0) {
        code = errno;
        bad = -1;
    }
    if (bad != 0) {
        (void)unlink(out->temporary);
        return tell_write(out, code, problem);
    }
    if (pt_parent_sync(out->path) != PT_OK) {
        (void)unlink(out->path);
        return tell_write(out, EIO, problem);
    }
    return PT_OK;
}

void pt_out_drop(struct pt_out *out)
{
    if (out->is_open) {
        close_file(out);
        (void)unlink(out->temporary);
    }
}

enum pt_err pt_in_open(struct pt_in *in, const char *path, struct pt_problem *problem)
{
    *in = (struct pt_in){.fd = -1};
    if (pt_file_exists(path) && !pt_file_is_regular(path)) {
        return pt_problem_set(problem, PT_EINVALID, PT_MSG_FILE_OPEN, path, "not an ordinary file", NULL);
    }
    in->fd = open(path, O_RDONLY | O_CLOEXEC);
    in->is_open = in->fd >= 0;
    return in->is_open ? PT_OK
                       : pt_problem_set(problem, from_errno(errno), PT_MSG_FILE_OPEN, path, strerror(errno), NULL);
}

enum pt_err pt_in_read(struct pt_in *in, void *out, size_t n, size_t *n_read)
{
    *n_read = 0;
    while (*n_read < n) {
        ssize_t got = read(in->fd, (uint8_t *)out + *n_read, n - *n_read);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return PT_EIO;
        }
        if (got == 0) {
            break;
        }
        *n_read += (size_t)got;
    }
    return PT_OK;
}

enum pt_err pt_in_rewind(struct pt_in *in)
{
    return lseek(in->fd, 0, SEEK_SET) == 0 ? PT_OK : PT_EIO;
}

void pt_in_close(struct pt_in *in)
{
    if (in->is_open) {
        (void)close(in->fd);
        in->is_open = false;
    }
}
