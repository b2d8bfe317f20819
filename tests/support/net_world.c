#include "support/net_world.h"

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

/* --- the raw peer --- */

static uint8_t raw_part[65536];

static void raw_on_closed(uv_handle_t *handle)
{
    struct net_raw *raw = handle->data;
    pt_tls_destroy(raw->tls);
    raw->tls = NULL;
    raw->closed = true;
    if (raw->world->server.conn == NULL) { /* otherwise its end is yet to come, and stops it */
        net_world_stop_listening(raw->world);
    }
}

void net_raw_half_close(struct net_raw *raw)
{
    cr_assert_eq(uv_shutdown(&raw->shutdown, (uv_stream_t *)&raw->tcp, NULL), 0);
}

void net_raw_close(struct net_raw *raw)
{
    if (!uv_is_closing((uv_handle_t *)&raw->tcp)) {
        uv_close((uv_handle_t *)&raw->tcp, raw_on_closed);
    }
}

void net_raw_reset(struct net_raw *raw)
{
    cr_assert_eq(uv_tcp_close_reset(&raw->tcp, raw_on_closed), 0);
}

struct raw_write {
    uv_write_t write;
    uint8_t *bytes;
};

static void raw_on_written(uv_write_t *write, int status)
{
    (void)status;
    struct raw_write *one = (struct raw_write *)write;
    pt_free(one->bytes);
    pt_free(one);
}

static void raw_write(struct net_raw *raw, struct pt_bytes bytes)
{
    struct raw_write *one = pt_zalloc(sizeof *one);
    one->bytes = pt_alloc(bytes.n);
    memcpy(one->bytes, bytes.data, bytes.n);
    uv_buf_t part = uv_buf_init((char *)one->bytes, (unsigned)bytes.n);
    cr_assert_eq(uv_write(&one->write, (uv_stream_t *)&raw->tcp, &part, 1, raw_on_written), 0);
}

static void raw_drain(struct net_raw *raw)
{
    struct pt_buf out = {0};
    cr_assert_eq(pt_tls_drain(raw->tls, &out), PT_OK);
    if (out.n > 0) {
        raw_write(raw, pt_buf_bytes(&out));
    }
    pt_buf_free(&out);
}

void net_raw_send(struct net_raw *raw, struct pt_bytes bytes)
{
    if (raw->tls == NULL) {
        raw_write(raw, bytes);
        return;
    }
    cr_assert_eq(pt_tls_write(raw->tls, bytes), PT_OK);
    raw_drain(raw);
}

void net_raw_goodbye(struct net_raw *raw)
{
    pt_tls_close(raw->tls);
    raw_drain(raw);
}

static void raw_opened(struct net_raw *raw)
{
    raw->opened = true;
    if (raw->on_open != NULL) {
        raw->on_open(raw);
    }
}

static void raw_take(struct net_raw *raw, struct pt_bytes ciphertext)
{
    enum pt_err err = pt_tls_feed(raw->tls, ciphertext);
    raw_drain(raw);
    if (err == PT_OK && pt_tls_is_open(raw->tls) && !raw->opened) {
        raw_opened(raw);
    }
    size_t got = 1;
    while (err == PT_OK && got > 0) {
        uint8_t plain[16384];
        err = pt_tls_read(raw->tls, plain, sizeof plain, &got);
        if (got > 0 && raw->n_read == 0 && raw->on_data != NULL) {
            raw->n_read = got;
            raw->on_data(raw);
            return;
        }
        raw->n_read += got;
    }
}

static void raw_on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *part)
{
    struct net_raw *raw = stream->data;
    if (n < 0) {
        net_raw_close(raw);
    } else if (raw->tls == NULL) {
        raw->n_read += (size_t)n;
    } else {
        raw_take(raw, pt_bytes_of(part->base, (size_t)n));
    }
}

static void raw_on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *part)
{
    (void)handle;
    (void)suggested;
    *part = uv_buf_init((char *)raw_part, sizeof raw_part);
}

static void raw_on_connected(uv_connect_t *connect, int status)
{
    struct net_raw *raw = connect->handle->data;
    cr_assert_eq(status, 0);
    cr_assert_eq(uv_read_start((uv_stream_t *)&raw->tcp, raw_on_alloc, raw_on_read), 0);
    if (raw->tls == NULL) {
        raw_opened(raw);
    } else {
        raw_drain(raw);
    }
}

void net_raw_connect(struct net_world *world, struct net_raw *raw, bool with_tls)
{
    raw->world = world;
    if (with_tls) {
        struct pt_tls_options options = {.role = PT_TLS_CLIENT, .alpns = {"patuh/1"}};
        cr_assert_eq(pt_tls_create(world->client.identity, &options, &raw->tls), PT_OK);
    }
    struct sockaddr_in address;
    cr_assert_eq(uv_ip4_addr("127.0.0.1", (int)pt_listener_port(world->listener), &address), 0);
    cr_assert_eq(uv_tcp_init(&world->loop, &raw->tcp), 0);
    raw->tcp.data = raw;
    cr_assert_eq(uv_tcp_connect(&raw->connect, &raw->tcp, (struct sockaddr *)&address, raw_on_connected), 0);
}
