/* What a peer can do about our last words: take them, a little at a time. */
#include "support/net_world.h"

#include <criterion/criterion.h>
#include <sys/socket.h>

TestSuite(conn_end, .timeout = 60);

static const uint8_t zeros[10000];

/* A peer that takes a little at every tick: enough for the stall clock, and never all of it. */
struct sipper {
    struct net_raw raw;
    uv_timer_t timer;
    size_t bytes_queued; /* by us, for it */
    unsigned n_ticks;
    bool closes; /* after some ticks: the program ends */
};

static void on_sip(uv_timer_t *timer)
{
    struct sipper *sipper = timer->data;
    static uint8_t part[512];
    uv_os_fd_t fd;
    sipper->n_ticks++;
    if (sipper->closes && sipper->n_ticks == 20) {
        net_world_stop_listening(sipper->raw.world);
    }
    if (sipper->raw.closed) {
        uv_close((uv_handle_t *)timer, NULL);
    } else if (uv_fileno((const uv_handle_t *)&sipper->raw.tcp, &fd) == 0) {
        (void)recv(fd, part, sizeof part, MSG_DONTWAIT);
    }
}

static void sip(struct net_raw *raw)
{
    struct sipper *sipper = (struct sipper *)raw;
    (void)uv_read_stop((uv_stream_t *)&raw->tcp);
    cr_assert_eq(uv_timer_start(&sipper->timer, on_sip, 0, 5), 0);
}

static void fill_for_sipper(struct net_end *end)
{
    struct sipper *sipper = end->script;
    while (pt_conn_send(end->conn, pt_bytes_of(zeros, sizeof zeros)) == PT_OK) {
        sipper->bytes_queued += sizeof zeros;
    }
}

static void close_sipper(struct net_end *end)
{
    net_raw_close(&((struct sipper *)end->script)->raw);
}

Test(conn_end, last_words_have_an_end)
{
    static const struct {
        const char *name;
        unsigned life_ms;
        bool closes;
    } rows[] = {{"a life that is over", 100, false}, {"a program that ends", 0, true}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pt_conn_clocks clocks = net_clocks();
        clocks.life_ms = rows[i].life_ms;
        clocks.end_ms = 150;
        clocks.stall_ms = PT_STALL_MS_MAX;
        struct net_world world;
        net_world_open(&world, &(struct pt_listener_options){.clocks = &clocks});
        struct sipper sipper = {.raw = {.on_open = sip}, .closes = rows[i].closes};
        cr_assert_eq(uv_timer_init(&world.loop, &sipper.timer), 0);
        sipper.timer.data = &sipper;
        world.server.on_open = fill_for_sipper;
        world.server.on_drained = fill_for_sipper;
        world.server.on_closed = close_sipper;
        world.server.script = &sipper;
        net_raw_connect(&world, &sipper.raw, true);
        net_world_run(&world);
        cr_expect_eq(world.server.n_closed, 1, "%s", rows[i].name);
        cr_expect_eq(world.server.why, PT_ETIMEOUT, "%s: %s", rows[i].name, pt_err_name(world.server.why));
        cr_expect_lt(world.server.bytes_out, sipper.bytes_queued, "%s: waited for all of it", rows[i].name);
        net_world_close(&world);
    }
}
