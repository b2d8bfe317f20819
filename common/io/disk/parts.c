#include "io/disk/parts.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define PIECES_PER_WRITE 1024          /* what Linux takes at once */
#define STAGE_BYTES ((size_t)1 << 20)  /* stays in the processor's cache */
#define ALIGNMENT_BYTES ((size_t)4096) /* of memory, place and length on the way past: the largest blocks there are */

/* The parts from byte `skip` of parts[0] on, as many as fit. Returns how many pieces. */
static int pieces_of(const struct pt_bytes *parts, size_t n, size_t skip, struct iovec pieces[PIECES_PER_WRITE])
{
    size_t i = 0;
    for (; i < n && i < PIECES_PER_WRITE; i++) {
        const uint8_t *data = parts[i].data;
        data = i == 0 && data != NULL ? data + skip : data;
        memcpy(&pieces[i].iov_base, &data, sizeof pieces[i].iov_base); /* writev changes nothing behind it */
        pieces[i].iov_len = parts[i].n - (i == 0 ? skip : 0);
    }
    return (int)i;
}

bool pt_parts_write(int fd, const struct pt_bytes *parts, size_t n)
{
    struct iovec pieces[PIECES_PER_WRITE];
    size_t at = 0;
    size_t done = 0; /* of parts[at] */
    while (at < n) {
        ssize_t written = writev(fd, pieces, pieces_of(parts + at, n - at, done, pieces));
        if (written < 0 && errno != EINTR) {
            return false;
        }
        done += written < 0 ? 0 : (size_t)written;
        while (at < n && done >= parts[at].n) {
            done -= parts[at++].n;
        }
    }
    return true;
}

/* Where the parts are put together, a stage at a time. */
struct stage {
    int fd;
    bool past; /* the descriptor has O_DIRECT */
    uint8_t *room;
    size_t n;
};

static void set_past(struct stage *stage, bool past)
{
    int flags = fcntl(stage->fd, F_GETFL);
    int wanted = past ? flags | O_DIRECT : flags & ~O_DIRECT;
    bool set = flags >= 0 && fcntl(stage->fd, F_SETFL, wanted) == 0;
    stage->past = past && set;
}

/* A file system that refuses the way past is asked again for the ordinary one. */
static bool flush(struct stage *stage)
{
    size_t done = 0;
    while (done < stage->n) {
        ssize_t written = write(stage->fd, stage->room + done, stage->n - done);
        if (written < 0 && errno == EINVAL && stage->past) {
            set_past(stage, false);
        } else if (written < 0 && errno != EINTR) {
            return false;
        }
        done += written < 0 ? 0 : (size_t)written;
    }
    stage->n = 0;
    return true;
}

static bool stage_part(struct stage *stage, struct pt_bytes part)
{
    while (part.n > 0) {
        size_t room = STAGE_BYTES - stage->n;
        size_t n = part.n < room ? part.n : room;
        memcpy(stage->room + stage->n, part.data, n);
        stage->n += n;
        part = pt_bytes_of(part.data + n, part.n - n);
        if (stage->n == STAGE_BYTES && !flush(stage)) {
            return false;
        }
    }
    return true;
}

bool pt_parts_write_past(int fd, const struct pt_bytes *parts, size_t n)
{
    struct stage stage = {.fd = fd};
    uint8_t *memory = pt_alloc(STAGE_BYTES + ALIGNMENT_BYTES);
    if (memory == NULL) {
        return pt_parts_write(fd, parts, n);
    }
    stage.room = memory + (ALIGNMENT_BYTES - (uintptr_t)memory % ALIGNMENT_BYTES) % ALIGNMENT_BYTES;
    set_past(&stage, true);
    bool good = true;
    for (size_t i = 0; i < n && good; i++) {
        good = stage_part(&stage, parts[i]);
    }
    if (good) {
        set_past(&stage, false); /* the rest does not end where a block does */
        good = flush(&stage);
    }
    int code = errno;
    pt_free(memory);
    errno = code;
    return good;
}
