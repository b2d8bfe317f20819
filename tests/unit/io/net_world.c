#include "unit/io/net_world.h"

#include "base/mem.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

struct pt_conn_clocks net_clocks(void)
{
    struct pt_conn_clocks clocks = pt_conn_clocks_default();
    clocks.progress_ms = 100;
    clocks.stall_ms = 100;
    clocks.linger_ms = 100;
    return clocks;
}

static void end_on_open(struct pt_conn *conn, void *data)
{
    struct net_end *end = data;
    end->n_opened++;
    memcpy(end->peer_key, pt_conn_peer_key(conn), sizeof end->peer_key);
    (void)snprintf(end->alpn, sizeof end->alpn, "%s", pt_conn_alpn(conn));
    (void)snprintf(end->address, sizeof end->address, "%s", pt_conn_address(conn));
    if (end->on_open != NULL) {
        end->on_open(end);
    }
}

static void end_on_frame(struct pt_conn *conn, struct pt_bytes frame, void *data)
{
    struct net_end *end = data;
    cr_assert_eq(conn, end->conn);
    cr_assert_eq(end->n_closed, 0, "a frame after the end");
    end->n_frames++;
    if (end->on_frame != NULL) {
        end->on_frame(end, frame);
    }
}

static void end_on_drained(struct pt_conn *conn, void *data)
{
    (void)conn;
    struct net_end *end = data;
    end->n_drained++;
    if (end->on_drained != NULL) {
        end->on_drained(end);
    }
}

static void end_on_close(struct pt_conn *conn, enum pt_err why, void *data)
{
    struct net_end *end = data;
    end->n_closed++;
    end->why = why;
    end->bytes_in = pt_conn_bytes_in(conn);
    end->bytes_out = pt_conn_bytes_out(conn);
    end->problem = *pt_conn_problem(conn);
    end->conn = NULL;
    if (end->on_closed != NULL) {
        end->on_closed(end);
    }
    if (end == &end->world->server && end->n_closed == end->world->n_ends) {
        net_world_stop_listening(end->world);
    }
}

static const struct pt_conn_events end_events = {end_on_open, end_on_frame, end_on_drained, end_on_close};

static void on_conn(struct pt_conn *conn, void *data)
{
    struct net_world *world = data;
    world->server.conn = conn;
    pt_conn_attach(conn, &end_events, &world->server);
    end_on_open(conn, &world->server);
}

static void end_init(struct net_end *end, struct net_world *world, uint8_t seed_byte)
{
    uint8_t seed[PT_KEY_BYTES];
    memset(seed, seed_byte, sizeof seed);
    pt_keypair_from_seed(seed, &end->keys);
    end->world = world;
    cr_assert_eq(pt_tls_identity_create(seed, &end->identity), PT_OK);
}

void net_world_open(struct net_world *world, const struct pt_listener_options *options)
{
    *world = (struct net_world){.n_ends = 1};
    cr_assert_eq(uv_loop_init(&world->loop), 0);
    end_init(&world->client, world, 1);
    end_init(&world->server, world, 2);
    struct pt_listener_options used = options == NULL ? (struct pt_listener_options){0} : *options;
    used.identity = world->server.identity;
    if (used.alpns[0] == NULL) {
        used.alpns[0] = "patuh/1";
    }
    used.on_conn = on_conn;
    used.data = world;
    cr_assert_eq(pt_listener_start(&world->loop, "127.0.0.1:0", &used, &world->listener, NULL), PT_OK);
    (void)snprintf(world->listen_at, sizeof world->listen_at, "127.0.0.1:%u", pt_listener_port(world->listener));
    world->client_options = (struct pt_conn_options){
        .identity = world->client.identity, .expected_key = world->server.keys.public_key, .alpn = "patuh/1"};
}

void net_world_connect(struct net_world *world)
{
    enum pt_err err = pt_conn_connect(&world->loop, world->listen_at, &world->client_options, &end_events,
                                      &world->client, &world->client.conn, NULL);
    cr_assert_eq(err, PT_OK);
}

void net_world_stop_listening(struct net_world *world)
{
    if (world->listener != NULL) {
        world->counts = pt_listener_counts(world->listener);
        pt_listener_close(world->listener, NULL, NULL);
        world->listener = NULL;
    }
}

void net_world_run(struct net_world *world)
{
    cr_assert_eq(uv_run(&world->loop, UV_RUN_DEFAULT), 0);
}

void net_world_close(struct net_world *world)
{
    cr_expect_eq(uv_loop_close(&world->loop), 0, "handles are left");
    cr_expect_leq(world->client.n_closed, 1);
    pt_tls_identity_destroy(world->client.identity);
    pt_tls_identity_destroy(world->server.identity);
    cr_expect_eq(pt_mem_alive(), 0);
}
