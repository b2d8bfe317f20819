#include "base/mem.h"
#include "io/listener.h"

#include "unit/io/net_world.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(conn, .timeout = 60);

/* --- an echo of frames --- */

static void echo(struct net_end *end, struct pt_bytes frame)
{
    cr_assert_eq(pt_conn_send(end->conn, frame), PT_OK);
}

struct ping {
    unsigned sent;
    unsigned received;
    unsigned n;
};

static void ping_send(struct net_end *end)
{
    struct ping *ping = end->script;
    char text[64];
    int n = snprintf(text, sizeof text, "frame %u of the echo", ping->sent);
    ping->sent++;
    cr_assert_eq(pt_conn_send(end->conn, pt_bytes_of(text, (size_t)n)), PT_OK);
}

static void ping_on_open(struct net_end *end)
{
    for (int i = 0; i < 10; i++) {
        ping_send(end);
    }
}

static void ping_on_frame(struct net_end *end, struct pt_bytes frame)
{
    struct ping *ping = end->script;
    char text[64];
    int n = snprintf(text, sizeof text, "frame %u of the echo", ping->received);
    cr_expect(pt_bytes_eq(frame, pt_bytes_of(text, (size_t)n)), "frame %u", ping->received);
    ping->received++;
    if (ping->sent < ping->n) {
        ping_send(end);
    } else if (ping->received == ping->n) {
        pt_conn_close(end->conn);
    }
}

Test(conn, echoes_frames_in_order)
{
    struct net_world world;
    net_world_open(&world, NULL);
    struct ping ping = {.n = 1000};
    world.server.on_frame = echo;
    world.client.on_open = ping_on_open;
    world.client.on_frame = ping_on_frame;
    world.client.script = &ping;
    net_world_connect(&world);
    uint64_t start = uv_hrtime();
    net_world_run(&world);
    uint64_t ns = uv_hrtime() - start;
    cr_expect_eq(ping.received, 1000);
    cr_expect_eq(world.client.why, PT_OK);
    cr_expect_eq(world.server.why, PT_OK);
    cr_expect_eq(world.client.bytes_out, world.server.bytes_in);
    cr_expect_eq(world.server.bytes_out, world.client.bytes_in);
    (void)fprintf(stderr, "echo: %.0f frames/s, handshake included\n", 1000 * 1e9 / (double)ns);
    net_world_close(&world);
}

static void close_it(struct net_end *end)
{
    pt_conn_close(end->conn);
}

Test(conn, both_ends_learn_key_protocol_and_address)
{
    struct net_world world;
    net_world_open(&world, NULL);
    world.client.on_open = close_it;
    net_world_connect(&world);
    net_world_run(&world);
    cr_expect_arr_eq(world.client.peer_key, world.server.keys.public_key, PT_KEY_BYTES);
    cr_expect_arr_eq(world.server.peer_key, world.client.keys.public_key, PT_KEY_BYTES);
    cr_expect_str_eq(world.server.alpn, "patuh/1");
    cr_expect_str_eq(world.server.address, "127.0.0.1");
    (void)fprintf(stderr, "connection with goodbye: client sent %lu, server sent %lu bytes\n",
                  (unsigned long)world.client.bytes_out, (unsigned long)world.server.bytes_out);
    net_world_close(&world);
}
