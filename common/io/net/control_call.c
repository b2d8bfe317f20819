/* Client side of the control socket: blocking, without a loop. */
#include "io/net/control.h"

#include "core/wire/frame.h"
#include "io/net/address.h"

#include <errno.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

static enum pt_err open_socket(const char *path, int *out, struct pt_problem *problem)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        return PT_ENOTFOUND; /* no server can listen there */
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int code = errno;
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0) {
        *out = fd;
        return PT_OK;
    }
    if (fd >= 0) {
        code = errno;
        (void)close(fd);
    }
    if (code == ENOENT || code == ECONNREFUSED || code == ENOTDIR) {
        return PT_ENOTFOUND;
    }
    return pt_problem_set(problem, PT_EIO, PT_MSG_CONTROL_OPEN, path, strerror(code), NULL);
}

static enum pt_err send_all(int fd, struct pt_bytes bytes)
{
    while (bytes.n > 0) {
        ssize_t n = send(fd, bytes.data, bytes.n, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return PT_ECLOSED;
        }
        bytes.data += n;
        bytes.n -= (size_t)n;
    }
    return PT_OK;
}

/* Read until the empty frame. */
static enum pt_err receive(int fd, struct pt_frames *frames, enum pt_err (*on_reply)(struct pt_bytes reply, void *data),
                           void *data)
{
    uint8_t part[16384];
    for (;;) {
        ssize_t n = recv(fd, part, sizeof part, 0);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return PT_ECLOSED;
        }
        struct pt_bytes input = pt_bytes_of(part, (size_t)n);
        struct pt_bytes reply;
        enum pt_err err;
        while ((err = pt_frames_next(frames, &input, &reply)) == PT_OK) {
            if (reply.n == 0) {
                return PT_OK;
            }
            err = on_reply(reply, data);
            if (err != PT_OK) {
                return err;
            }
        }
        if (err != PT_ENOTFOUND) {
            return err;
        }
    }
}

bool pt_control_answers(const char *path)
{
    int fd = -1;
    bool answers = open_socket(path, &fd, NULL) == PT_OK;
    if (answers) {
        (void)close(fd);
    }
    return answers;
}

enum pt_err pt_control_call_run(const char *path, struct pt_bytes request,
                                enum pt_err (*on_reply)(struct pt_bytes reply, void *data), void *data,
                                struct pt_problem *problem)
{
    int fd = -1;
    enum pt_err err = open_socket(path, &fd, problem);
    if (err != PT_OK) {
        return err;
    }
    struct pt_buf wire = {0};
    pt_frame_put(&wire, request);
    err = wire.err != PT_OK ? wire.err : send_all(fd, pt_buf_bytes(&wire));
    pt_buf_wipe(&wire); /* requests carry passphrases */
    if (err == PT_OK) {
        struct pt_frames frames;
        pt_frames_init(&frames, PT_CONTROL_FRAME_BYTES_MAX);
        err = receive(fd, &frames, on_reply, data);
        pt_frames_close(&frames);
    }
    (void)close(fd);
    if (err == PT_ECLOSED) {
        return pt_problem_set(problem, err, PT_MSG_CONTROL_LOST, path, NULL);
    }
    return err;
}
