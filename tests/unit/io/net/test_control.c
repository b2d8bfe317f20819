#include "base/mem.h"
#include "core/wire/frame.h"
#include "io/net/control.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

TestSuite(control, .timeout = 60);

/* A server on a loop, and a client that blocks in libuv's pool. */
struct desk {
    uv_loop_t loop;
    uv_work_t client;
    struct pt_control *control;
    char folder[64];
    char path[80];
    const char *request;
    unsigned n_replies_asked; /* replies the server gives; of reply_bytes each */
    size_t reply_bytes;
    bool never_ends;  /* the server closes its socket instead of ending the call */
    unsigned stop_at; /* the client gives up after so many replies; 0 = never */
    unsigned n_requests;
    unsigned n_done;
    unsigned n_sent;
    unsigned n_replies;
    size_t n_reply_bytes;
    enum pt_err err;
    struct pt_problem problem;
};

static void give_replies(struct pt_control_call *call, struct desk *desk)
{
    uint8_t *reply = pt_zalloc(desk->reply_bytes);
    enum pt_err err = PT_OK;
    while (err == PT_OK && desk->n_sent < desk->n_replies_asked) {
        err = pt_control_send(call, pt_bytes_of(reply, desk->reply_bytes));
        desk->n_sent += err == PT_OK;
    }
    pt_free(reply);
    if (desk->n_sent < desk->n_replies_asked) {
        return; /* full: on_drained goes on */
    }
    if (desk->never_ends) {
        pt_control_close(desk->control, NULL, NULL);
    } else {
        pt_control_end(call);
    }
}

static void on_request(struct pt_control_call *call, struct pt_bytes request, void *data)
{
    struct desk *desk = data;
    desk->n_requests++;
    cr_expect(pt_bytes_eq(request, pt_bytes_str(desk->request)));
    pt_control_call_set_user(call, desk);
    give_replies(call, desk);
}

static void on_drained(struct pt_control_call *call, void *data)
{
    (void)data;
    give_replies(call, pt_control_call_user(call));
}

static void on_done(struct pt_control_call *call, void *data)
{
    struct desk *desk = data;
    cr_expect_eq(pt_control_call_user(call), desk);
    cr_expect_eq(pt_control_send(call, pt_bytes_str("late")), PT_ECLOSED);
    desk->n_done++;
}

static const struct pt_control_events events = {on_request, on_drained, on_done};

static void desk_open(struct desk *desk)
{
    (void)snprintf(desk->folder, sizeof desk->folder, "/tmp/patuh-control-XXXXXX");
    cr_assert_not_null(mkdtemp(desk->folder));
    (void)snprintf(desk->path, sizeof desk->path, "%s/control", desk->folder);
    cr_assert_eq(uv_loop_init(&desk->loop), 0);
    cr_assert_eq(pt_control_start(&desk->loop, desk->path, &events, desk, &desk->control, &desk->problem), PT_OK);
}

static void desk_close(struct desk *desk)
{
    cr_assert_eq(uv_run(&desk->loop, UV_RUN_DEFAULT), 0);
    cr_expect_eq(uv_loop_close(&desk->loop), 0);
    cr_expect_eq(rmdir(desk->folder), 0, "the socket is removed");
    cr_expect_eq(pt_mem_alive(), 0);
}

static enum pt_err on_reply(struct pt_bytes reply, void *data)
{
    struct desk *desk = data;
    desk->n_replies++;
    desk->n_reply_bytes += reply.n;
    return desk->n_replies == desk->stop_at ? PT_ECANCELED : PT_OK;
}

static void client_works(uv_work_t *work)
{
    struct desk *desk = work->data;
    desk->err = pt_control_call_run(desk->path, pt_bytes_str(desk->request), on_reply, desk, &desk->problem);
}

static void client_worked(uv_work_t *work, int status)
{
    cr_expect_eq(status, 0);
    struct desk *desk = work->data;
    if (!desk->never_ends) {
        pt_control_close(desk->control, NULL, NULL);
    }
}

static void desk_call(struct desk *desk)
{
    desk->client.data = desk;
    cr_assert_eq(uv_queue_work(&desk->loop, &desk->client, client_works, client_worked), 0);
    cr_assert_eq(uv_run(&desk->loop, UV_RUN_DEFAULT), 0);
}

Test(control, streams_replies_until_the_end)
{
    static const struct {
        unsigned n;
        size_t bytes;
    } rows[] = {{0, 1}, {1, 5}, {1000, 10}, {200, 100000}, {3, PT_CONTROL_FRAME_BYTES_MAX}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct desk desk = {.request = "status", .n_replies_asked = rows[i].n, .reply_bytes = rows[i].bytes};
        desk_open(&desk);
        desk_call(&desk);
        cr_expect_eq(desk.err, PT_OK, "row %zu", i);
        cr_expect_eq(desk.n_replies, rows[i].n, "row %zu", i);
        cr_expect_eq(desk.n_reply_bytes, rows[i].n * rows[i].bytes, "row %zu", i);
        cr_expect_eq(desk.n_done, 1, "row %zu", i);
        desk_close(&desk);
    }
}

Test(control, a_server_that_dies_is_told_from_one_that_is_done)
{
    struct desk desk = {.request = "verify", .n_replies_asked = 2, .reply_bytes = 10, .never_ends = true};
    desk_open(&desk);
    desk_call(&desk);
    cr_expect_eq(desk.err, PT_ECLOSED);
    cr_expect_eq(desk.problem.msg, PT_MSG_CONTROL_LOST);
    cr_expect_eq(desk.n_done, 1);
    desk_close(&desk);
}

Test(control, a_client_that_leaves_ends_the_call)
{
    struct desk desk = {.request = "rollup", .n_replies_asked = 1000, .reply_bytes = 100000, .stop_at = 3};
    desk_open(&desk);
    desk_call(&desk);
    cr_expect_eq(desk.err, PT_ECANCELED);
    cr_expect_eq(desk.n_replies, 3);
    cr_expect_eq(desk.n_done, 1);
    cr_expect_lt(desk.n_sent, 1000);
    desk_close(&desk);
}

/* --- passphrases --- */

#define SECRET_BYTES 40

/* Never in one piece in the program, so that the only copies are those of the request. */
static void make_secret(char out[SECRET_BYTES + 1])
{
    for (int i = 0; i < SECRET_BYTES; i++) {
        out[i] = (char)('a' + (i * 7 + 3) % 26);
    }
    out[SECRET_BYTES] = '\0';
}

static bool has_secret(const uint8_t *bytes, size_t n)
{
    size_t matched = 0;
    for (size_t i = 0; i < n; i++) {
        matched = bytes[i] == 'a' + ((int)matched * 7 + 3) % 26 ? matched + 1 : bytes[i] == 'd';
        if (matched == SECRET_BYTES) {
            return true;
        }
    }
    return false;
}

static unsigned copies_between(int memory, uint64_t from, uint64_t to)
{
    static uint8_t page[1 << 16]; /* a copy over its edge is one of several */
    unsigned n = 0;
    for (uint64_t at = from; at < to; at += sizeof page) {
        ssize_t got = pread(memory, page, sizeof page, (off_t)at);
        n += got > 0 && has_secret(page, (size_t)got);
        memset(page, 0, sizeof page);
    }
    return n;
}

/* In what the program may write, its stacks and freed memory included. */
static unsigned copies_in_memory(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    char line[512];
    unsigned n = 0;
    cr_assert(maps != NULL && memory >= 0);
    while (fgets(line, sizeof line, maps) != NULL) {
        char *rest;
        unsigned long long from = strtoull(line, &rest, 16);
        unsigned long long to = strtoull(rest + 1, &rest, 16);
        bool heap = strncmp(rest, " rw", 3) == 0;
        if (heap && to - from < (1ull << 30)) { /* what a sanitizer keeps of its own is larger */
            n += copies_between(memory, from, to);
        }
    }
    (void)fclose(maps);
    (void)close(memory);
    return n;
}

Test(control, a_passphrase_does_not_outlive_its_request)
{
    char secret[SECRET_BYTES + 1];
    struct desk desk = {.request = secret, .n_replies_asked = 3, .reply_bytes = 100};
    make_secret(secret);
    cr_expect_geq(copies_in_memory(), 1, "it would be seen");
    desk_open(&desk);
    desk_call(&desk);
    cr_expect_eq(desk.err, PT_OK);
    pt_wipe(secret, sizeof secret);
    cr_expect_eq(copies_in_memory(), 0);
    desk_close(&desk);
}

Test(control, socket_is_private_and_a_second_server_is_refused)
{
    struct desk desk = {.request = ""};
    desk_open(&desk);
    struct stat info;
    cr_assert_eq(stat(desk.path, &info), 0);
    cr_expect_eq(info.st_mode & 0777, 0600);
    struct pt_control *second = NULL;
    cr_expect_eq(pt_control_start(&desk.loop, desk.path, &events, &desk, &second, &desk.problem), PT_EBUSY);
    cr_expect_eq(desk.problem.msg, PT_MSG_CONTROL_IN_USE);
    pt_control_close(desk.control, NULL, NULL);
    desk_close(&desk);
}

static void leave_dead_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    (void)close(fd);
}

Test(control, socket_of_a_dead_server_is_replaced)
{
    struct desk desk = {.request = "status", .n_replies_asked = 1, .reply_bytes = 1};
    desk_open(&desk);
    pt_control_close(desk.control, NULL, NULL);
    cr_assert_eq(uv_run(&desk.loop, UV_RUN_DEFAULT), 0);
    cr_expect_eq(pt_control_call_run(desk.path, pt_bytes_str("x"), on_reply, &desk, NULL), PT_ENOTFOUND);
    leave_dead_socket(desk.path);
    cr_expect_eq(pt_control_call_run(desk.path, pt_bytes_str("x"), on_reply, &desk, NULL), PT_ENOTFOUND);
    cr_assert_eq(pt_control_start(&desk.loop, desk.path, &events, &desk, &desk.control, NULL), PT_OK);
    desk_call(&desk);
    cr_expect_eq(desk.err, PT_OK);
    desk_close(&desk);
}

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

Test(control, bad_requests_are_dropped)
{
    static const struct {
        const char *bytes;
        size_t n;
    } rows[] = {{"\xff\xff\xff\xff", 4}, {"\0\0\0\1ab", 6}, {"\0\0", 2}, {"", 0}};
    struct desk desk = {.request = "status"};
    desk_open(&desk);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int fd = connect_to(desk.path);
        cr_assert_eq(send(fd, rows[i].bytes, rows[i].n, MSG_NOSIGNAL), (ssize_t)rows[i].n);
        (void)shutdown(fd, SHUT_WR);
        for (int turn = 0; turn < 4; turn++) {
            (void)uv_run(&desk.loop, UV_RUN_NOWAIT);
        }
        char byte;
        cr_expect_leq(recv(fd, &byte, 1, MSG_DONTWAIT), 0, "row %zu", i);
        (void)close(fd);
    }
    cr_expect_eq(desk.n_requests, 0);
    pt_control_close(desk.control, NULL, NULL);
    desk_close(&desk);
}

Test(control, a_path_too_long_gets_a_sentence)
{
    char path[200];
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    struct pt_problem problem = {0};
    struct pt_control *control = NULL;
    uv_loop_t loop;
    cr_assert_eq(uv_loop_init(&loop), 0);
    cr_expect_eq(pt_control_start(&loop, path, &events, NULL, &control, &problem), PT_EINVALID);
    cr_expect_eq(problem.msg, PT_MSG_CONTROL_PATH_LONG);
    cr_expect_eq(uv_loop_close(&loop), 0);
}
