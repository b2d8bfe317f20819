#include "base/mem.h"
#include "io/net/listener.h"

#include "support/net_world.h"

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

/* --- what hostile or unlucky peers do --- */

static void send_half_a_frame(struct net_raw *raw)
{
    net_raw_send(raw, pt_bytes_of("\0\0\0\x64half", 8));
}

static void send_four_gib(struct net_raw *raw)
{
    net_raw_send(raw, pt_bytes_of("\xff\xff\xff\xffxxxx", 8));
}

static void send_half_and_reset(struct net_raw *raw)
{
    send_half_a_frame(raw);
    net_raw_reset(raw);
}

static void send_half_and_close(struct net_raw *raw)
{
    send_half_a_frame(raw);
    net_raw_close(raw);
}

static void send_half_and_half_close(struct net_raw *raw)
{
    send_half_a_frame(raw);
    net_raw_half_close(raw);
}

static void say_goodbye_and_half_close(struct net_raw *raw)
{
    net_raw_goodbye(raw);
    net_raw_half_close(raw);
}

static void say_goodbye(struct net_raw *raw)
{
    net_raw_goodbye(raw);
}

static void say_nothing(struct net_raw *raw)
{
    (void)raw;
}

/* The peer acts when it has heard this: only then is the server's end open too. */
static void greet(struct net_end *end)
{
    cr_assert_eq(pt_conn_send(end->conn, pt_bytes_str("hello")), PT_OK);
}

Test(conn, ends_for_the_right_reason)
{
    static const struct {
        const char *name;
        void (*act)(struct net_raw *raw);
        unsigned hello_ms;
        unsigned life_ms;
        enum pt_err why;
    } rows[] = {
        {"slowloris_frame: half a frame, then silence", send_half_a_frame, 0, 0, PT_ETIMEOUT},
        {"frame_len_over_cap: 4 GiB announced", send_four_gib, 0, 0, PT_ELIMIT},
        {"rst_mid_frame", send_half_and_reset, 0, 0, PT_ECLOSED},
        {"tls_truncation_no_close_notify", send_half_and_close, 0, 0, PT_ECLOSED},
        {"half_close in a frame", send_half_and_half_close, 0, 0, PT_ECLOSED},
        {"half_close after goodbye", say_goodbye_and_half_close, 0, 0, PT_OK},
        {"goodbye", say_goodbye, 0, 0, PT_OK},
        {"silence instead of a hello", say_nothing, 50, 0, PT_ETIMEOUT},
        {"a life without end", say_nothing, 0, 50, PT_ETIMEOUT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pt_conn_clocks clocks = net_clocks();
        clocks.hello_ms = rows[i].hello_ms;
        clocks.life_ms = rows[i].life_ms;
        struct net_world world;
        net_world_open(&world, &(struct pt_listener_options){.clocks = &clocks});
        world.server.on_open = greet;
        struct net_raw raw = {.on_data = rows[i].act};
        net_raw_connect(&world, &raw, true);
        net_world_run(&world);
        cr_expect_eq(world.server.n_opened, 1, "%s", rows[i].name);
        cr_expect_eq(world.server.n_closed, 1, "%s", rows[i].name);
        cr_expect_eq(world.server.n_frames, 0, "%s", rows[i].name);
        cr_expect_eq(world.server.why, rows[i].why, "%s: %s", rows[i].name, pt_err_name(world.server.why));
        cr_expect(raw.closed, "%s", rows[i].name);
        net_world_close(&world);
    }
}

static void send_http(struct net_raw *raw)
{
    net_raw_send(raw, pt_bytes_str("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"));
}

static void send_bad_hello(struct net_raw *raw)
{
    net_raw_send(raw, pt_bytes_of("\x16\x03\x01\x00\x08\x01\x00\x00\x04zzzz", 13));
}

static void send_half_a_record(struct net_raw *raw)
{
    net_raw_send(raw, pt_bytes_of("\x16\x03\x01\x02\x00\x01", 6));
}

Test(conn, strangers_never_reach_the_owner)
{
    static const struct {
        const char *name;
        void (*act)(struct net_raw *raw);
        bool alert; /* the stranger is told in TLS */
    } rows[] = {
        {"garbage instead of TLS", send_http, false}, {"garbage inside TLS", send_bad_hello, true},
        {"slowloris_connect", say_nothing, false},    {"slowloris_tls", send_half_a_record, false},
        {"gone at once", net_raw_close, false},       {"reset at once", net_raw_reset, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pt_conn_clocks clocks = net_clocks();
        clocks.tls_ms = 50;
        struct net_world world;
        net_world_open(&world, &(struct pt_listener_options){.clocks = &clocks});
        struct net_raw raw = {.on_open = rows[i].act};
        net_raw_connect(&world, &raw, false);
        net_world_run(&world);
        cr_expect_eq(world.server.n_opened, 0, "%s", rows[i].name);
        cr_expect_eq(world.counts.opened, 0, "%s", rows[i].name);
        cr_expect_eq(raw.n_read > 0, rows[i].alert, "%s", rows[i].name);
        net_world_close(&world);
    }
}

/* A peer that sends a frame of 1,500 bytes in parts, one at every tick, with a gap after the first of them. */
struct dribble {
    struct net_raw raw;
    uv_timer_t timer;
    size_t part;
    size_t left;
    unsigned gap; /* ticks */
};

static void on_tick(uv_timer_t *timer)
{
    struct dribble *dribble = timer->data;
    static const uint8_t bytes[1500];
    if (dribble->left == 0 || dribble->raw.closed) {
        uv_close((uv_handle_t *)timer, NULL);
        if (!dribble->raw.closed) {
            net_raw_goodbye(&dribble->raw);
        }
        return;
    }
    if (dribble->left < sizeof bytes && dribble->gap > 0) {
        dribble->gap--;
        return;
    }
    size_t n = dribble->left < dribble->part ? dribble->left : dribble->part;
    dribble->left -= n;
    net_raw_send(&dribble->raw, pt_bytes_of(bytes, n));
}

static void dribble_begin(struct net_raw *raw)
{
    struct dribble *dribble = (struct dribble *)raw;
    net_raw_send(raw, pt_bytes_of("\0\0\x05\xdc", 4));
    cr_assert_eq(uv_timer_start(&dribble->timer, on_tick, 0, 100), 0);
}

Test(conn, an_open_frame_must_move)
{
    static const struct {
        const char *name;
        size_t part;
        unsigned gap;
        unsigned n_frames;
        enum pt_err why;
    } rows[] = {
        {"enough in every window", 300, 0, 1, PT_OK},
        {"a byte at a time", 1, 0, 0, PT_ETIMEOUT},
        {"stall_then_continue: half a window", 600, 2, 1, PT_OK},
        {"stall_then_continue: three windows", 600, 12, 0, PT_ETIMEOUT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pt_conn_clocks clocks = net_clocks();
        clocks.progress_ms = 400; /* 4 parts, of which one is enough */
        struct net_world world;
        net_world_open(&world, &(struct pt_listener_options){.clocks = &clocks});
        struct dribble dribble = {
            .raw = {.on_open = dribble_begin}, .part = rows[i].part, .left = 1500, .gap = rows[i].gap};
        cr_assert_eq(uv_timer_init(&world.loop, &dribble.timer), 0);
        dribble.timer.data = &dribble;
        net_raw_connect(&world, &dribble.raw, true);
        net_world_run(&world);
        cr_expect_eq(world.server.why, rows[i].why, "%s", rows[i].name);
        cr_expect_eq(world.server.n_frames, rows[i].n_frames, "%s", rows[i].name);
        net_world_close(&world);
    }
}

/* --- limits and back-pressure --- */

static const uint8_t zeros[PT_FRAME_BYTES_MAX + 1];

struct sizes {
    size_t bytes;
    bool known;
};

static void size_server_open(struct net_end *end)
{
    const struct sizes *sizes = end->script;
    if (sizes->known) {
        pt_conn_set_known(end->conn);
    }
}

static void size_client_open(struct net_end *end)
{
    const struct sizes *sizes = end->script;
    cr_assert_eq(pt_conn_send(end->conn, pt_bytes_of(zeros, sizes->bytes)), PT_OK);
    pt_conn_close(end->conn);
}

Test(conn, frame_limit_rises_when_the_peer_is_known)
{
    static const struct {
        struct sizes sizes;
        enum pt_err why;
    } rows[] = {
        {{PT_FRAME_BYTES_MAX_UNKNOWN, false}, PT_OK},    {{PT_FRAME_BYTES_MAX_UNKNOWN + 1, false}, PT_ELIMIT},
        {{PT_FRAME_BYTES_MAX_UNKNOWN + 1, true}, PT_OK}, {{PT_FRAME_BYTES_MAX, true}, PT_OK},
        {{PT_FRAME_BYTES_MAX + 1, true}, PT_ELIMIT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct net_world world;
        net_world_open(&world, NULL);
        struct sizes sizes = rows[i].sizes;
        world.server.on_open = size_server_open;
        world.server.script = &sizes;
        world.client.on_open = size_client_open;
        world.client.script = &sizes;
        net_world_connect(&world);
        net_world_run(&world);
        cr_expect_eq(world.server.why, rows[i].why, "row %zu", i);
        cr_expect_eq(world.server.n_frames, rows[i].why == PT_OK, "row %zu", i);
        net_world_close(&world);
    }
}

static void fill(struct net_end *end)
{
    size_t *largest = end->script;
    enum pt_err err;
    while ((err = pt_conn_send(end->conn, pt_bytes_of(zeros, 10000))) == PT_OK) {
        *largest = pt_conn_queued(end->conn) > *largest ? pt_conn_queued(end->conn) : *largest;
    }
    cr_expect_eq(err, PT_EBUSY);
}

static void stop_reading(struct net_raw *raw)
{
    (void)uv_read_stop((uv_stream_t *)&raw->tcp);
}

static void close_raw(struct net_end *end)
{
    net_raw_close(end->world->client.script);
}

Test(conn, reader_never_reads)
{
    struct pt_conn_clocks clocks = net_clocks();
    struct net_world world;
    net_world_open(&world, &(struct pt_listener_options){.clocks = &clocks});
    struct net_raw raw = {.on_open = stop_reading};
    size_t largest = 0;
    world.server.on_open = fill;
    world.server.on_drained = fill;
    world.server.script = &largest;
    world.server.on_closed = close_raw;
    world.client.script = &raw;
    net_raw_connect(&world, &raw, true);
    net_world_run(&world);
    cr_expect_eq(world.server.why, PT_ETIMEOUT);
    cr_expect_geq(largest, PT_QUEUE_BYTES_HIGH);
    cr_expect_leq(largest, PT_QUEUE_BYTES_MAX + 11000, "one frame over the maximum at most");
    net_world_close(&world);
}

struct flood {
    unsigned sent;
    unsigned n;
};

static void flood_fill(struct net_end *end)
{
    struct flood *flood = end->script;
    while (flood->sent < flood->n && pt_conn_send(end->conn, pt_bytes_of(zeros, 10000)) == PT_OK) {
        flood->sent++;
    }
}

static void flood_on_frame(struct net_end *end, struct pt_bytes frame)
{
    const struct flood *flood = end->script;
    cr_assert_eq(frame.n, 10000);
    cr_expect_leq(pt_conn_queued(end->conn), PT_QUEUE_BYTES_MAX + 11000);
    if (end->n_frames == flood->n) {
        pt_conn_close(end->conn);
    }
}

static void flood_echo(struct net_end *end, struct pt_bytes frame)
{
    cr_assert_eq(pt_conn_send(end->conn, frame), PT_OK, "what answers every frame is throttled before it is full");
    cr_expect_leq(pt_conn_queued(end->conn), PT_QUEUE_BYTES_HIGH + 11000);
}

Test(conn, throttled_ends_lose_nothing)
{
    struct net_world world;
    net_world_open(&world, NULL);
    struct flood flood = {.n = 2000};
    world.server.on_frame = flood_echo;
    world.client.on_open = flood_fill;
    world.client.on_drained = flood_fill;
    world.client.on_frame = flood_on_frame;
    world.client.script = &flood;
    net_world_connect(&world);
    net_world_run(&world);
    cr_expect_eq(world.server.n_frames, 2000);
    cr_expect_eq(world.client.n_frames, 2000);
    cr_expect_gt(world.client.n_drained, 1);
    net_world_close(&world);
}

struct turns {
    uv_check_t check;
    unsigned n_before;
    unsigned most;
};

static void on_turn_end(uv_check_t *check)
{
    struct turns *turns = (struct turns *)check;
    const struct net_world *world = check->data;
    unsigned n = world->server.n_frames - turns->n_before;
    turns->most = n > turns->most ? n : turns->most;
    turns->n_before = world->server.n_frames;
}

static void send_500_frames(struct net_raw *raw)
{
    struct pt_buf all = {0};
    for (int i = 0; i < 500; i++) {
        pt_buf_put(&all, "\0\0\0\x01x", 5);
    }
    net_raw_send(raw, pt_buf_bytes(&all));
    pt_buf_free(&all);
    net_raw_goodbye(raw);
}

Test(conn, coalesced_reads_are_taken_in_turns)
{
    struct net_world world;
    net_world_open(&world, NULL);
    struct turns turns = {0};
    cr_assert_eq(uv_check_init(&world.loop, &turns.check), 0);
    turns.check.data = &world;
    cr_assert_eq(uv_check_start(&turns.check, on_turn_end), 0);
    uv_unref((uv_handle_t *)&turns.check);
    struct net_raw raw = {.on_open = send_500_frames};
    net_raw_connect(&world, &raw, true);
    net_world_run(&world);
    cr_expect_eq(world.server.n_frames, 500);
    cr_expect_eq(world.server.why, PT_OK);
    cr_expect_gt(turns.most, 0);
    cr_expect_leq(turns.most, 2 * PT_FRAMES_PER_TURN, "idle and poll of one iteration");
    uv_close((uv_handle_t *)&turns.check, NULL);
    net_world_run(&world);
    net_world_close(&world);
}

static void pause_at_three(struct net_end *end, struct pt_bytes frame)
{
    (void)frame;
    if (end->n_frames == 3) {
        pt_conn_pause(end->conn);
    }
}

static void on_resume_time(uv_timer_t *timer)
{
    struct net_world *world = timer->data;
    cr_expect_eq(world->server.n_frames, 3, "nothing while paused");
    pt_conn_resume(world->server.conn);
    uv_close((uv_handle_t *)timer, NULL);
}

Test(conn, pause_holds_frames_back_until_resume)
{
    struct pt_conn_clocks clocks = net_clocks();
    struct net_world world;
    net_world_open(&world, &(struct pt_listener_options){.clocks = &clocks});
    uv_timer_t timer;
    cr_assert_eq(uv_timer_init(&world.loop, &timer), 0);
    timer.data = &world;
    cr_assert_eq(uv_timer_start(&timer, on_resume_time, 150, 0), 0); /* longer than the progress clock */
    struct net_raw raw = {.on_open = send_500_frames};
    world.server.on_frame = pause_at_three;
    net_raw_connect(&world, &raw, true);
    net_world_run(&world);
    cr_expect_eq(world.server.n_frames, 500);
    cr_expect_eq(world.server.why, PT_OK);
    net_world_close(&world);
}

/* --- the end, in every state --- */

Test(conn, closes_cleanly_in_every_state)
{
    unsigned n_opened = 0;
    for (unsigned n = 0; n < 24; n++) {
        struct net_world world;
        net_world_open(&world, NULL);
        struct ping ping = {.n = 1000000};
        world.server.on_frame = echo;
        world.client.on_open = ping_on_open;
        world.client.on_frame = ping_on_frame;
        world.client.script = &ping;
        net_world_connect(&world);
        for (unsigned turn = 0; turn < n; turn++) {
            (void)uv_run(&world.loop, n < 4 ? UV_RUN_NOWAIT : UV_RUN_ONCE);
        }
        if (n % 2 == 0) {
            pt_conn_close(world.client.conn);
            pt_conn_close(world.client.conn);
        }
        net_world_stop_listening(&world);
        net_world_run(&world);
        cr_expect_eq(world.client.n_closed, 1, "turn %u", n);
        cr_expect_eq(world.server.n_closed, world.server.n_opened, "turn %u", n);
        n_opened += world.client.n_opened;
        net_world_close(&world);
    }
    cr_expect_gt(n_opened, 0);
    cr_expect_lt(n_opened, 24);
}

/* --- refusals --- */

Test(conn, refusals_are_told_in_one_sentence)
{
    static const uint8_t other_key[PT_KEY_BYTES] = {7};
    static const struct {
        const char *alpn;
        const uint8_t *key;
        enum pt_msg msg;
    } rows[] = {
        {"patuh/1", other_key, PT_MSG_NET_KEY},
        {"patuh/99", NULL, PT_MSG_NET_REFUSED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct net_world world;
        net_world_open(&world, NULL);
        world.client_options.alpn = rows[i].alpn;
        world.client_options.expected_key = rows[i].key;
        world.client.on_closed = NULL;
        net_world_connect(&world);
        while (world.client.n_closed == 0) {
            (void)uv_run(&world.loop, UV_RUN_ONCE);
        }
        cr_expect_eq(world.client.why, PT_EDENIED, "row %zu", i);
        cr_expect_eq(world.client.n_opened, 0, "row %zu", i);
        cr_expect_eq(world.client.problem.msg, rows[i].msg, "row %zu", i);
        cr_expect_str_eq(world.client.problem.arg[0], world.listen_at, "row %zu", i);
        net_world_stop_listening(&world);
        net_world_run(&world);
        cr_expect_eq(world.server.n_opened, 0, "row %zu", i);
        net_world_close(&world);
    }
}

Test(conn, nobody_there_is_told_in_one_sentence)
{
    struct net_world world;
    net_world_open(&world, NULL);
    net_world_stop_listening(&world);
    net_world_run(&world); /* the port is free again */
    net_world_connect(&world);
    net_world_run(&world);
    cr_expect_eq(world.client.why, PT_ENOTFOUND);
    cr_expect_eq(world.client.problem.msg, PT_MSG_NET_CONNECT);
    cr_expect_str_eq(world.client.problem.arg[1], "connection refused");
    net_world_close(&world);
}
