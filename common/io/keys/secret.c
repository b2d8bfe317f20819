#include "io/keys/secret.h"

#include "base/mem.h"
#include "io/disk/files.h"

#include <string.h>
#include <termios.h>
#include <unistd.h>

#define SECRET_BYTES_MAX 4096

/* Byte by byte, so that what follows the line is left to others. */
static enum pt_err read_line(uint8_t line[SECRET_BYTES_MAX], size_t *n)
{
    for (*n = 0; *n < SECRET_BYTES_MAX; (*n)++) {
        ssize_t got = read(STDIN_FILENO, &line[*n], 1);
        if (got < 0) {
            return PT_EIO;
        }
        if (got == 0 || line[*n] == '\n') {
            return PT_OK;
        }
    }
    return PT_ELIMIT;
}

/* In one piece: a buffer that grows leaves its beginnings in freed memory. */
static enum pt_err read_input(struct pt_buf *out)
{
    uint8_t line[SECRET_BYTES_MAX];
    size_t n = 0;
    enum pt_err err = read_line(line, &n);
    pt_buf_put(out, line, n);
    pt_wipe(line, sizeof line);
    return err == PT_OK ? out->err : err;
}

static enum pt_err read_terminal(enum pt_msg question, struct pt_buf *out)
{
    struct termios before;
    struct termios quiet;
    pt_say_to(stderr, question, NULL);
    if (tcgetattr(STDIN_FILENO, &before) != 0) {
        return PT_EIO;
    }
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    enum pt_err err = read_input(out);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    return err;
}

static void cut_line(struct pt_buf *out)
{
    const uint8_t *end = out->n == 0 ? NULL : memchr(out->data, '\n', out->n);
    if (end != NULL) {
        out->n = (size_t)(end - out->data);
        out->data[out->n] = 0;
    }
}

enum pt_err pt_secret_read(const char *path, enum pt_msg question, struct pt_buf *out, struct pt_problem *problem)
{
    enum pt_err err;
    if (path != NULL) {
        err = pt_file_read(path, SECRET_BYTES_MAX, out, problem);
    } else {
        err = isatty(STDIN_FILENO) != 0 ? read_terminal(question, out) : read_input(out);
    }
    cut_line(out);
    if (err == PT_OK && out->n == 0) {
        bool code = question == PT_MSG_CODE_ASK;
        return pt_problem_set(problem, PT_EINVALID, code ? PT_MSG_SECRET_EMPTY : PT_MSG_PASSPHRASE_EMPTY, NULL);
    }
    return pt_problem_default(problem, err, "read");
}
