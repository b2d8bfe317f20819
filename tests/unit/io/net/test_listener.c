#include "base/mem.h"
#include "io/net/address.h"
#include "io/net/listener.h"

#include "support/net_world.h"

#include <criterion/criterion.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

TestSuite(listener, .timeout = 60);

Test(listener, addresses_that_cannot_be_read_get_a_sentence)
{
    static const struct {
        const char *text;
        enum pt_msg msg; /* NONE: good */
    } rows[] = {
        {"127.0.0.1:0", PT_MSG_NONE},
        {"[::1]:0", PT_MSG_NONE},
        {"127.0.0.1", PT_MSG_NET_ADDRESS},
        {"127.0.0.1:", PT_MSG_NET_ADDRESS},
        {":7440", PT_MSG_NET_ADDRESS},
        {"127.0.0.1:65536", PT_MSG_NET_ADDRESS},
        {"127.0.0.1:-1", PT_MSG_NET_ADDRESS},
        {"127.0.0.1:74x", PT_MSG_NET_ADDRESS},
        {"::1:7440", PT_MSG_NET_ADDRESS},
        {"", PT_MSG_NET_ADDRESS},
        {"localhost:0", PT_MSG_NET_ADDRESS_NUMERIC},
    };
    uv_loop_t loop;
    cr_assert_eq(uv_loop_init(&loop), 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pt_problem problem = {0};
        struct pt_listener *listener = NULL;
        struct pt_listener_options options = {0};
        enum pt_err err = pt_listener_start(&loop, rows[i].text, &options, &listener, &problem);
        cr_expect_eq(problem.msg, rows[i].msg, "%s", rows[i].text);
        cr_expect_eq(err, rows[i].msg == PT_MSG_NONE ? PT_OK : PT_EINVALID, "%s", rows[i].text);
        if (err == PT_OK) {
            cr_expect_gt(pt_listener_port(listener), 0, "%s", rows[i].text);
            pt_listener_close(listener, NULL, NULL);
        }
    }
    cr_expect_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
    cr_expect_eq(uv_loop_close(&loop), 0);
    cr_expect_eq(pt_mem_alive(), 0);
}

Test(listener, port_in_use_gets_a_sentence)
{
    struct net_world world;
    net_world_open(&world, NULL);
    struct pt_problem problem = {0};
    struct pt_listener *second = NULL;
    struct pt_listener_options options = {0};
    cr_expect_eq(pt_listener_start(&world.loop, world.listen_at, &options, &second, &problem), PT_EBUSY);
    cr_expect_eq(problem.msg, PT_MSG_NET_PORT_USED);
    cr_expect_str_eq(problem.arg[0], world.listen_at);
    net_world_stop_listening(&world);
    net_world_run(&world);
    net_world_close(&world);
}

static void close_it(struct net_end *end)
{
    pt_conn_close(end->conn);
}

Test(listener, caps_refuse_one_more)
{
    static const struct {
        unsigned connections_max;
        unsigned per_address_max;
    } rows[] = {{2, 0}, {0, 2}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct net_world world;
        net_world_open(&world, &(struct pt_listener_options){.connections_max = rows[i].connections_max,
                                                             .per_address_max = rows[i].per_address_max});
        struct net_raw raws[2] = {0};
        net_raw_connect(&world, &raws[0], true);
        net_raw_connect(&world, &raws[1], true);
        while (!raws[0].opened || !raws[1].opened) {
            (void)uv_run(&world.loop, UV_RUN_ONCE);
        }
        net_world_connect(&world);
        while (world.client.n_closed == 0) {
            (void)uv_run(&world.loop, UV_RUN_ONCE);
        }
        cr_expect_eq(world.client.why, PT_ECLOSED, "row %zu", i);
        cr_expect_eq(pt_listener_counts(world.listener).refused, 1, "row %zu", i);
        cr_expect_eq(pt_listener_counts(world.listener).now, 2, "row %zu", i);
        net_world_stop_listening(&world);
        net_world_run(&world);
        cr_expect(raws[0].closed && raws[1].closed, "row %zu", i);
        net_world_close(&world);
    }
}

static int connect_blocking(unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_geq(fd, 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* Below this number every descriptor is taken. */
static rlim_t lowest_free(void)
{
    int fd = dup(0);
    cr_assert_geq(fd, 0);
    (void)close(fd);
    return (rlim_t)fd;
}

Test(listener, fd_exhaustion)
{
    struct net_world world;
    net_world_open(&world, NULL);
    int waiting[3];
    for (size_t i = 0; i < 3; i++) {
        waiting[i] = connect_blocking(pt_listener_port(world.listener));
    }
    struct rlimit before;
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit none = {.rlim_cur = lowest_free(), .rlim_max = before.rlim_max};
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    for (int i = 0; i < 5; i++) {
        (void)uv_run(&world.loop, UV_RUN_NOWAIT);
    }
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    for (size_t i = 0; i < 3; i++) {
        char byte;
        cr_expect_leq(recv(waiting[i], &byte, 1, 0), 0, "dropped, not kept waiting");
        (void)close(waiting[i]);
    }
    world.client.on_open = close_it;
    net_world_connect(&world);
    net_world_run(&world);
    cr_expect_eq(world.client.n_opened, 1, "and the next one is served");
    net_world_close(&world);
}

Test(listener, no_memory_drops_the_connection_and_goes_on)
{
    struct net_world world;
    net_world_open(&world, NULL);
    int waiting = connect_blocking(pt_listener_port(world.listener));
    pt_mem_fault_arm(0);
    for (int i = 0; i < 5; i++) {
        (void)uv_run(&world.loop, UV_RUN_NOWAIT);
    }
    pt_mem_fault_disarm();
    cr_expect_eq(pt_listener_counts(world.listener).refused, 1);
    (void)close(waiting);
    world.client.on_open = close_it;
    net_world_connect(&world);
    net_world_run(&world);
    cr_expect_eq(world.client.n_opened, 1);
    net_world_close(&world);
}

Test(listener, hosts_are_written_as_numbers)
{
    static const struct {
        const char *host;
        const char *text;
    } rows[] = {{"127.0.0.1", "127.0.0.1"}, {"::1", "::1"}, {"::ffff:10.1.2.3", "10.1.2.3"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pt_address address = {.port = "80"};
        memcpy(address.host, rows[i].host, strlen(rows[i].host) + 1);
        struct sockaddr_storage socket;
        cr_assert_eq(pt_address_numeric(&address, &socket), PT_OK);
        char text[PT_ADDRESS_TEXT_BYTES];
        pt_address_host_text((const struct sockaddr *)&socket, text);
        cr_expect_str_eq(text, rows[i].text);
        cr_expect_eq(pt_address_port((const struct sockaddr *)&socket), 80);
    }
}
