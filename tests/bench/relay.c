/* relay.c - a link between a surveyor and an office: counts what passes, and takes its time over it.
 *
 *     bench_relay PORT_FILE HOST:PORT [--delay MS] [--sources N]
 *
 * Listens on a free port of 127.0.0.1 (written to PORT_FILE). Every byte arrives MS later than it was sent, each way;
 * a connection begins two delays late, as TCP's own handshake would. With --sources the connections to HOST:PORT come
 * from N addresses 127.0.1.1, .2, ..., as those of N houses. A line for each connection that ended: bytes up, bytes
 * down, flights up (each after something came down), milliseconds from the connection to the last byte down. */
#include "base/mem.h"
#include "bench.h"
#include "io/net/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

struct part {
    struct part *next;
    uint64_t due_ms;
    size_t n; /* 0: the end of the stream */
    uint8_t bytes[];
};

struct way {
    struct pair *pair;
    uv_tcp_t from;
    uv_tcp_t *to;
    uv_timer_t timer;
    struct part *first;
    struct part **end;
    uint64_t not_before_ms; /* the connection is on its way until then */
    uint64_t bytes;
};

/* A connection of ours to the office beside one of a surveyor to us. */
struct pair {
    struct relay *relay;
    struct way up;
    struct way down;
    uv_connect_t connect;
    uint64_t begun_ms;
    uint64_t last_down_ms;
    unsigned flights;
    bool went_down; /* the last thing that passed went down */
    bool closing;
    unsigned n_open; /* handles */
};

struct relay {
    uv_loop_t loop;
    uv_tcp_t listener;
    struct sockaddr_storage office;
    uint64_t delay_ms;
    size_t n_sources;
    size_t n_pairs;
};

static void maybe_free(uv_handle_t *handle)
{
    struct way *way = handle->data;
    struct pair *pair = way->pair;
    if (--pair->n_open > 0) {
        return;
    }
    (void)printf("%llu %llu %u %llu\n", (unsigned long long)pair->up.bytes, (unsigned long long)pair->down.bytes,
                 pair->flights, (unsigned long long)(pair->last_down_ms - pair->begun_ms));
    (void)fflush(stdout);
    struct way *ways[2] = {&pair->up, &pair->down};
    for (size_t i = 0; i < 2; i++) {
        while (ways[i]->first != NULL) {
            struct part *part = ways[i]->first;
            ways[i]->first = part->next;
            pt_free(part);
        }
    }
    pt_free(pair);
}

static void close_pair(struct pair *pair)
{
    if (pair->closing) {
        return;
    }
    pair->closing = true;
    uv_close((uv_handle_t *)&pair->up.from, maybe_free);
    uv_close((uv_handle_t *)&pair->down.from, maybe_free);
    uv_close((uv_handle_t *)&pair->up.timer, maybe_free);
    uv_close((uv_handle_t *)&pair->down.timer, maybe_free);
}

struct sending {
    uv_write_t req;
    struct part *part;
};

static void on_written(uv_write_t *req, int status)
{
    (void)status; /* a broken end shows itself when it is read */
    struct sending *sending = req->data;
    pt_free(sending->part);
    pt_free(sending);
}

static void count(struct way *way, const struct part *part)
{
    struct pair *pair = way->pair;
    way->bytes += part->n;
    if (way == &pair->down) {
        pair->last_down_ms = uv_now(&pair->relay->loop);
        pair->went_down = true;
    } else if (pair->went_down || pair->flights == 0) {
        pair->flights++;
        pair->went_down = false;
    }
}

static void pass(struct way *way, struct part *part)
{
    if (part->n == 0) {
        pt_free(part);
        close_pair(way->pair);
        return;
    }
    struct sending *sending = bench_need(pt_zalloc(sizeof *sending), "memory");
    uv_buf_t buf = uv_buf_init((char *)part->bytes, (unsigned)part->n);
    sending->part = part;
    sending->req.data = sending;
    count(way, part);
    if (uv_write(&sending->req, (uv_stream_t *)way->to, &buf, 1, on_written) != 0) {
        on_written(&sending->req, -1);
    }
}

static void on_due(uv_timer_t *timer)
{
    struct way *way = timer->data;
    uint64_t now = uv_now(timer->loop);
    while (way->first != NULL && way->first->due_ms <= now && !way->pair->closing) {
        struct part *part = way->first;
        way->first = part->next;
        way->end = way->first == NULL ? &way->first : way->end;
        pass(way, part);
    }
    if (way->first != NULL && !way->pair->closing) {
        (void)uv_timer_start(timer, on_due, way->first->due_ms - now, 0);
    }
}

static void take(struct way *way, const void *bytes, size_t n)
{
    struct part *part = bench_need(pt_alloc(sizeof *part + n), "memory");
    uint64_t now = uv_now(way->from.loop);
    uint64_t sent = now > way->not_before_ms ? now : way->not_before_ms;
    *part = (struct part){.due_ms = sent + way->pair->relay->delay_ms, .n = n};
    if (n > 0) {
        memcpy(part->bytes, bytes, n);
    }
    *way->end = part;
    way->end = &part->next;
    if (!uv_is_active((uv_handle_t *)&way->timer)) {
        (void)uv_timer_start(&way->timer, on_due, part->due_ms - now, 0);
    }
}

static void on_alloc(uv_handle_t *handle, size_t wished, uv_buf_t *out)
{
    static char room[65536]; /* read at once into a part */
    (void)handle;
    (void)wished;
    *out = uv_buf_init(room, sizeof room);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct way *way = stream->data;
    if (n > 0) {
        take(way, buf->base, (size_t)n);
    } else if (n < 0) {
        (void)uv_read_stop(stream);
        take(way, NULL, 0);
    }
}

static void on_connected(uv_connect_t *req, int status)
{
    struct pair *pair = req->data;
    if (status != 0) {
        close_pair(pair);
        return;
    }
    (void)uv_read_start((uv_stream_t *)&pair->up.from, on_alloc, on_read);
    (void)uv_read_start((uv_stream_t *)&pair->down.from, on_alloc, on_read);
}

static void way_init(struct pair *pair, struct way *way, struct way *other)
{
    uv_loop_t *loop = &pair->relay->loop;
    way->pair = pair;
    way->end = &way->first;
    way->to = &other->from;
    (void)uv_tcp_init(loop, &way->from);
    (void)uv_timer_init(loop, &way->timer);
    way->from.data = way->timer.data = way;
    pair->n_open += 2;
}

/* Each pair of another house, round and round. */
static void bind_source(struct pair *pair)
{
    struct sockaddr_in source;
    char text[32];
    if (pair->relay->n_sources == 0) {
        return;
    }
    (void)snprintf(text, sizeof text, "127.0.1.%zu", pair->relay->n_pairs % pair->relay->n_sources + 1);
    (void)uv_ip4_addr(text, 0, &source);
    bench_must(uv_tcp_bind(&pair->down.from, (const struct sockaddr *)&source, 0) != 0 ? PT_EINVALID : PT_OK, text);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct relay *relay = listener->data;
    bench_must(status != 0 ? PT_EIO : PT_OK, "connection");
    struct pair *pair = bench_need(pt_zalloc(sizeof *pair), "memory");
    pair->relay = relay;
    way_init(pair, &pair->up, &pair->down);
    way_init(pair, &pair->down, &pair->up);
    bench_must(uv_accept(listener, (uv_stream_t *)&pair->up.from) != 0 ? PT_EIO : PT_OK, "accept");
    uv_update_time(&relay->loop);
    pair->begun_ms = pair->last_down_ms = uv_now(&relay->loop);
    pair->up.not_before_ms = pair->begun_ms + 2 * relay->delay_ms;
    (void)uv_tcp_nodelay(&pair->up.from, 1);
    (void)uv_tcp_nodelay(&pair->down.from, 1);
    bind_source(pair);
    relay->n_pairs++;
    pair->connect.data = pair;
    if (uv_tcp_connect(&pair->connect, &pair->down.from, (const struct sockaddr *)&relay->office, on_connected) != 0) {
        close_pair(pair);
    }
}

static void start(struct relay *relay, const char *port_file)
{
    struct sockaddr_in address;
    struct sockaddr_storage bound;
    int n = sizeof bound;
    (void)uv_ip4_addr("127.0.0.1", 0, &address);
    (void)uv_tcp_init(&relay->loop, &relay->listener);
    relay->listener.data = relay;
    bool good = uv_tcp_bind(&relay->listener, (const struct sockaddr *)&address, 0) == 0 &&
                uv_listen((uv_stream_t *)&relay->listener, 1024, on_connection) == 0 &&
                uv_tcp_getsockname(&relay->listener, (struct sockaddr *)&bound, &n) == 0;
    FILE *file = bench_need(good ? fopen(port_file, "w") : NULL, port_file);
    (void)fprintf(file, "127.0.0.1:%u\n", pt_address_port((const struct sockaddr *)&bound));
    bench_must(fclose(file) != 0 ? PT_EIO : PT_OK, port_file);
}

int main(int argc, char **argv)
{
    static struct relay relay;
    struct pt_address office;
    struct pt_problem problem = {0};
    if (argc < 3) {
        (void)fputs("bench_relay PORT_FILE HOST:PORT [--delay MS] [--sources N]\n", stderr);
        return 2;
    }
    pt_sigpipe_ignore();
    relay.delay_ms = bench_number(argc, argv, "--delay", 0);
    relay.n_sources = bench_number(argc, argv, "--sources", 0);
    bench_must(pt_address_read(argv[2], &office, &problem), argv[2]);
    bench_must(pt_address_numeric(&office, &relay.office), argv[2]);
    bench_must(uv_loop_init(&relay.loop) != 0 ? PT_ENOMEM : PT_OK, "loop");
    start(&relay, argv[1]);
    return uv_run(&relay.loop, UV_RUN_DEFAULT);
}
