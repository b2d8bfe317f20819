#include "unit/client/program.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGS_MAX 16

struct pipes {
    int in[2];
    int out[2];
    int err[2];
};

static pid_t spawn(const char *program, const char *const *argv, const struct pipes *p, bool with_err)
{
    char *args[ARGS_MAX + 2] = {0};
    posix_spawn_file_actions_t actions;
    pid_t pid;
    memcpy(&args[0], &program, sizeof args[0]);
    for (size_t i = 0; argv[i] != NULL; i++) {
        cr_assert(i < ARGS_MAX);
        memcpy(&args[i + 1], &argv[i], sizeof args[0]);
    }
    cr_assert_eq(posix_spawn_file_actions_init(&actions), 0);
    cr_assert_eq(posix_spawn_file_actions_adddup2(&actions, p->in[0], STDIN_FILENO), 0);
    cr_assert_eq(posix_spawn_file_actions_adddup2(&actions, p->out[1], STDOUT_FILENO), 0);
    if (with_err) {
        cr_assert_eq(posix_spawn_file_actions_adddup2(&actions, p->err[1], STDERR_FILENO), 0);
    }
    cr_assert_eq(posix_spawnp(&pid, program, &actions, NULL, args, environ), 0, "%s", program);
    (void)posix_spawn_file_actions_destroy(&actions);
    return pid;
}

static bool drain(int fd, struct pt_buf *out)
{
    char part[4096];
    ssize_t n = read(fd, part, sizeof part);
    if (n > 0) {
        pt_buf_put(out, part, (size_t)n);
    }
    return n > 0;
}

/* Both pipes at once, so that a full one cannot stop the program. */
static void read_both(const struct pipes *p, struct run *run)
{
    struct pollfd fds[2] = {{.fd = p->out[0], .events = POLLIN}, {.fd = p->err[0], .events = POLLIN}};
    while (fds[0].fd >= 0 || fds[1].fd >= 0) {
        cr_assert(poll(fds, 2, 60000) > 0);
        for (size_t i = 0; i < 2; i++) {
            if (fds[i].fd >= 0 && fds[i].revents != 0 && !drain(fds[i].fd, i == 0 ? &run->out : &run->err)) {
                fds[i].fd = -1;
            }
        }
    }
}

static int exit_code(pid_t pid)
{
    int status = 0;
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

struct run program_run(const char *const *argv, const char *input)
{
    struct run run = {0};
    struct pipes p;
    (void)signal(SIGPIPE, SIG_IGN); /* a program that refuses may not read its input */
    cr_assert(pipe2(p.in, O_CLOEXEC) == 0 && pipe2(p.out, O_CLOEXEC) == 0 && pipe2(p.err, O_CLOEXEC) == 0);
    pid_t pid = spawn(PATUH_PROGRAM, argv, &p, true);
    (void)close(p.in[0]);
    (void)close(p.out[1]);
    (void)close(p.err[1]);
    if (input != NULL) {
        (void)!write(p.in[1], input, strlen(input)); /* short: it fits the pipe */
    }
    (void)close(p.in[1]);
    read_both(&p, &run);
    run.code = exit_code(pid);
    (void)close(p.out[0]);
    (void)close(p.err[0]);
    return run;
}

void program_free(struct run *run)
{
    pt_buf_free(&run->out);
    pt_buf_free(&run->err);
}

struct child program_start(const char *program, const char *const *argv)
{
    struct pipes p;
    (void)signal(SIGPIPE, SIG_IGN);
    cr_assert(pipe2(p.in, O_CLOEXEC) == 0 && pipe2(p.out, O_CLOEXEC) == 0);
    struct child child = {.pid = spawn(program, argv, &p, false), .in = p.in[1], .out = p.out[0]};
    (void)close(p.in[0]);
    (void)close(p.out[1]);
    return child;
}

void program_kill(struct child *child)
{
    (void)kill(child->pid, SIGKILL);
    (void)exit_code(child->pid);
    (void)close(child->in);
    (void)close(child->out);
}
