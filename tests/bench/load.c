/* load.c - many surveyors at one regional office, played on one loop.
 *
 *     bench_load arrive|ingest|idle --office FOLDER --at HOST:PORT [--first I] [--n N] [--incarnation R]
 *
 * arrive  N surveyors connect at the same moment, each with a day's entries; ends with the last receipt
 * ingest  over N open sessions each sends a day about each of its units, one after the other's receipt
 * idle    opens N sessions, says so, and keeps them until its standard input ends
 * Chunks are sealed beforehand by the code that seals on devices; sessions are spoken by hand, so that playing a
 * surveyor costs as little as it can. FOLDER is the office's, whose key signs their statements. */
#include "bench.h"
#include "core/log/receipts.h"
#include "core/store/store_mem.h"
#include "core/sync/enrol.h"
#include "core/wire/pack.h"
#include "core/wire/unpack.h"
#include "corpus.h"
#include "io/keys/identity.h"
#include "io/net/conn.h"
#include "surveyor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#define OPENING_MAX 32 /* connections of `idle` and `ingest` that are begun and not yet there */

enum mode { ARRIVE, INGEST, IDLE };

struct session {
    struct load *load;
    size_t number;
    struct pt_keypair author;
    struct pt_tls_identity *identity;
    struct pt_conn *conn;
    struct pt_buf hello;
    struct pt_buf *uploads; /* frame bodies */
    size_t n_done;
    double sent_at;
    bool settled; /* the office has nothing more to say */
};

struct load {
    enum mode mode;
    uv_loop_t loop;
    const char *address;
    struct corpus corpus;
    struct pt_keypair office;
    struct session *sessions;
    size_t n;
    size_t first;
    size_t n_uploads;
    uint64_t incarnation;
    size_t n_begun, n_open, n_settled, n_finished;
    double *took; /* seconds of each upload */
    size_t n_took;
    double start;
    double opened; /* the last handshake */
    struct pt_arena arena;
};

/* --- before: what is said --- */

static void put_frame(const Patuh__Frame *frame, struct pt_buf *out)
{
    struct pt_arena arena;
    struct pt_bytes body;
    pt_arena_init(&arena, SIZE_MAX);
    bench_must(pt_pack(&frame->base, &arena, &body), "frame");
    pt_buf_put_bytes(out, body);
    pt_arena_close(&arena);
}

static void make_hello(struct session *s, const struct pt_keypair *transport)
{
    struct pt_arena arena;
    char name[16];
    struct pt_statement statement = {.role = PATUH__ROLE__ROLE_DEVICE, .name = name, .office = SURVEYOR_OFFICE};
    Patuh__Hello hello = PATUH__HELLO__INIT;
    Patuh__Frame frame = PATUH__FRAME__INIT;
    uint8_t nothing[PT_HASH_BYTES] = {0};
    surveyor_name(s->number, name, sizeof name);
    memcpy(statement.key.b, s->author.public_key, PT_KEY_BYTES);
    memcpy(statement.transport_key.b, transport->public_key, PT_KEY_BYTES);
    pt_arena_init(&arena, SIZE_MAX);
    bench_must(pt_statement_sign(&statement, &s->load->office, &arena, &hello.statement), "statement");
    hello.has_protocol_min = hello.has_protocol_max = hello.has_wall_ms = true;
    hello.protocol_min = hello.protocol_max = 1;
    hello.has_mine = hello.has_theirs = hello.has_receipts = true;
    hello.mine = hello.theirs = hello.receipts = pt_binary(nothing, sizeof nothing);
    frame.hello = &hello;
    put_frame(&frame, &s->hello);
    pt_arena_close(&arena);
}

struct day {
    struct pt_entry entries[CORPUS_DAY];
    struct corpus_text texts[CORPUS_DAY];
    ProtobufCBinaryData riding[CORPUS_DAY];
    size_t n_riding;
};

static void make_day(struct writer *writer, struct day *day)
{
    day->n_riding = 0;
    for (size_t i = 0; i < CORPUS_DAY; i++) {
        day->entries[i] = corpus_next(writer, &day->texts[i]);
        if (day->texts[i].n > 0) {
            day->riding[day->n_riding++] = pt_binary(day->texts[i].bytes, day->texts[i].n);
        }
    }
}

static void put_upload(const struct session *s, const struct pt_run *run, size_t k, struct day *day, struct pt_buf *out)
{
    struct pt_arena arena;
    Patuh__LogRef ref = PATUH__LOG_REF__INIT;
    Patuh__Chunks chunks = PATUH__CHUNKS__INIT;
    Patuh__Frame frame = PATUH__FRAME__INIT;
    pt_arena_init(&arena, SIZE_MAX);
    ref.has_number = ref.has_subject = ref.has_public_key = ref.has_incarnation = true;
    ref.number = (uint32_t)k + 1;
    ref.subject = pt_binary(run->log.subject.text, strlen(run->log.subject.text));
    ref.public_key = pt_binary(s->author.public_key, PT_KEY_BYTES);
    ref.incarnation = run->log.incarnation;
    ProtobufCBinaryData *list = bench_need(pt_arena_zalloc(&arena, run->n_chunks, sizeof *list), "memory");
    for (size_t i = 0; i < run->n_chunks; i++) {
        list[i] = pt_binary(run->chunks[i].data, run->chunks[i].n);
    }
    chunks.log = &ref;
    chunks.has_previous_link = chunks.has_first_seq = chunks.has_signature = true;
    chunks.previous_link = pt_binary(run->previous.b, sizeof run->previous.b);
    chunks.first_seq = run->first_seq;
    chunks.chunk = list;
    chunks.n_chunk = run->n_chunks;
    chunks.signature = pt_binary(run->signature.b, sizeof run->signature.b);
    chunks.text = day->riding;
    chunks.n_text = day->n_riding;
    frame.chunks = &chunks;
    put_frame(&frame, out);
    pt_arena_close(&arena);
}

/* A day about one unit, sealed by the device's own code in a store in memory. */
static void make_upload(struct session *s, size_t k)
{
    static struct day day; /* large */
    struct load *load = s->load;
    struct pt_random random = pt_random_system();
    struct pt_store *store;
    struct pt_txn *txn;
    struct pt_arena arena;
    struct pt_head head;
    struct pt_run run;
    uint64_t last = 0;
    struct writer writer = corpus_writer(&load->corpus, s->number * 1000 + k + load->incarnation * 1000000);
    size_t unit = load->mode == INGEST ? surveyor_visit(s->number, k) : s->number;
    struct pt_subject subject = surveyor_subject(unit);
    make_day(&writer, &day);
    struct pt_author_pen pen = {.pair = &s->author,
                                .incarnation = load->incarnation,
                                .wall_ms = writer.wall_s * 1000,
                                .monotonic_ms = 86400000,
                                .boot = 1,
                                .instrument = &load->corpus.hash};
    pt_arena_init(&arena, SIZE_MAX);
    bench_must(pt_store_mem_create(NULL, &random, &store), "store");
    bench_must(pt_store_begin_write(store, &txn), "begin");
    bench_must(pt_pen_write(txn, &pen, &subject, day.entries, CORPUS_DAY, &arena), "seal");
    bench_must(pt_pen_log(txn, &pen, &subject, &head), "log");
    bench_must(pt_logs_run(txn, &head, 1, PT_FRAME_BYTES_MAX / 2, &arena, &run, &last), "run");
    bench_must(last == CORPUS_DAY ? PT_OK : PT_ELIMIT, "a day in one frame");
    put_upload(s, &run, k, &day, &s->uploads[k]);
    pt_store_abort(txn);
    pt_store_close(store);
    pt_arena_close(&arena);
}

static void session_init(struct load *load, size_t i)
{
    struct session *s = &load->sessions[i];
    struct pt_keypair transport;
    *s = (struct session){.load = load, .number = load->first + i};
    surveyor_author(s->number, &s->author);
    surveyor_transport(s->number, &transport);
    bench_must(pt_tls_identity_create(transport.secret_key, &s->identity), "identity");
    make_hello(s, &transport);
    s->uploads = bench_need(pt_arena_zalloc(&load->arena, load->n_uploads, sizeof *s->uploads), "memory");
    for (size_t k = 0; k < load->n_uploads; k++) {
        make_upload(s, k);
    }
}

/* --- the sessions --- */

static void send_frame(struct session *s, const struct pt_buf *body)
{
    bench_must(pt_conn_send(s->conn, pt_buf_bytes(body)), "send");
}

static void send_upload(struct session *s)
{
    s->sent_at = bench_now();
    send_frame(s, &s->uploads[s->n_done]);
}

static void begin_some(struct load *load);

static void on_open(struct pt_conn *conn, void *data)
{
    (void)conn;
    struct session *s = data;
    s->load->n_open++;
    s->load->opened = bench_now();
    send_frame(s, &s->hello);
    if (s->load->mode == ARRIVE) {
        send_upload(s);
    }
}

static void finish(struct session *s)
{
    struct load *load = s->load;
    load->n_finished++;
    if (load->n_finished == load->n) {
        uv_stop(&load->loop);
    }
}

static void start_ingest(struct load *load)
{
    load->start = bench_now();
    for (size_t i = 0; i < load->n; i++) {
        send_upload(&load->sessions[i]);
    }
}

static void on_settled(struct session *s)
{
    struct load *load = s->load;
    if (s->settled) {
        return;
    }
    s->settled = true;
    load->n_settled++;
    begin_some(load);
    if (load->n_settled == load->n && load->mode == INGEST) {
        start_ingest(load);
    } else if (load->n_settled == load->n && load->mode == IDLE) {
        uv_stop(&load->loop);
    }
}

static void on_receipt(struct session *s, const Patuh__Receipt *frame, struct pt_arena *arena)
{
    struct pt_receipt receipt;
    struct pt_public_key key;
    struct pt_signature signature;
    struct load *load = s->load;
    ProtobufCMessage *message;
    bench_must(
        pt_unpack(&patuh__receipt_body__descriptor, pt_bytes_of(frame->body.data, frame->body.len), arena, &message),
        "receipt");
    const Patuh__ReceiptBody *body = (const Patuh__ReceiptBody *)message;
    if (body->n_log != 1 || body->log[0]->seq < CORPUS_DAY) {
        return;
    }
    load->took[load->n_took++] = bench_now() - s->sent_at;
    s->n_done++;
    if (s->n_done < load->n_uploads) {
        send_upload(s);
        return;
    }
    memcpy(key.b, load->office.public_key, sizeof key.b); /* the last one is looked at in full */
    memcpy(signature.b, frame->signature.data, sizeof signature.b);
    bench_must(pt_receipt_read(pt_bytes_of(frame->body.data, frame->body.len), &signature, &key, arena, &receipt),
               "receipt");
    finish(s);
}

static void on_frame(struct pt_conn *conn, struct pt_bytes bytes, void *data)
{
    (void)conn;
    struct session *s = data;
    struct pt_arena arena;
    ProtobufCMessage *message;
    pt_arena_init(&arena, SIZE_MAX);
    bench_must(pt_unpack(&patuh__frame__descriptor, bytes, &arena, &message), "frame");
    const Patuh__Frame *frame = (const Patuh__Frame *)message;
    if (frame->receipt != NULL) {
        on_receipt(s, frame->receipt, &arena);
    } else if (frame->settled != NULL) {
        on_settled(s);
    } else if (frame->failure != NULL) {
        bench_die("the office refused a session");
    }
    pt_arena_close(&arena);
}

static void on_close(struct pt_conn *conn, enum pt_err why, void *data)
{
    struct session *s = data;
    if (s->n_done < s->load->n_uploads || why != PT_OK) {
        if (pt_conn_problem(conn) != NULL) {
            pt_problem_print(stderr, pt_conn_problem(conn));
        }
        bench_must(why == PT_OK ? PT_ECLOSED : why, "a session ended");
    }
    s->conn = NULL;
}

static void begin(struct load *load, struct session *s)
{
    static const struct pt_conn_events events = {.on_open = on_open, .on_frame = on_frame, .on_close = on_close};
    struct pt_conn_options options = {.identity = s->identity, .alpn = "patuh/1"};
    struct pt_problem problem = {0};
    load->n_begun++;
    bench_must(pt_conn_connect(&load->loop, load->address, &options, &events, s, &s->conn, &problem), load->address);
}

static void begin_some(struct load *load)
{
    while (load->n_begun < load->n && (load->mode == ARRIVE || load->n_begun - load->n_settled < OPENING_MAX)) {
        begin(load, &load->sessions[load->n_begun]);
    }
}

/* --- one measurement --- */

static void report_arrive(struct load *load, double end)
{
    bench_row("arrive.sessions", (double)load->n, "");
    bench_row("arrive.handshakes", (load->opened - load->start) * 1e3, "ms");
    bench_row("arrive.last_receipt", (end - load->start) * 1e3, "ms");
    bench_row("arrive.load_cpu", bench_cpu() * 1e3, "ms");
}

static void report_ingest(struct load *load, double end)
{
    bench_row("ingest.sessions", (double)load->n, "");
    bench_row("ingest.bytes", (double)load->sessions[0].uploads[0].n, "B/upload");
    bench_row("ingest.uploads", (double)load->n_took / (end - load->start), "/s");
    bench_row("ingest.p50", bench_percentile(load->took, load->n_took, 50) * 1e3, "ms");
    bench_row("ingest.p99", bench_percentile(load->took, load->n_took, 99) * 1e3, "ms");
}

static void wait_for_end_of_input(void)
{
    char byte;
    bench_row("idle.ready", 1, "");
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
}

static void run(struct load *load)
{
    load->start = bench_now();
    begin_some(load);
    (void)uv_run(&load->loop, UV_RUN_DEFAULT);
    double end = bench_now();
    if (load->mode == ARRIVE) {
        report_arrive(load, end);
    } else if (load->mode == INGEST) {
        report_ingest(load, end);
    } else {
        wait_for_end_of_input();
    }
    for (size_t i = 0; i < load->n; i++) {
        if (load->sessions[i].conn != NULL) {
            pt_conn_close(load->sessions[i].conn);
        }
    }
    (void)uv_run(&load->loop, UV_RUN_DEFAULT);
}

static void prepare(struct load *load, int argc, char **argv)
{
    struct pt_problem problem = {0};
    load->address = bench_word(argc, argv, "--at");
    load->first = bench_number(argc, argv, "--first", 0);
    load->n = bench_number(argc, argv, "--n", 1);
    load->n_uploads = load->mode == INGEST ? SURVEYOR_VISITS : load->mode == ARRIVE;
    load->incarnation = bench_number(argc, argv, "--incarnation", 1);
    bench_must(pt_identity_load(bench_word(argc, argv, "--office"), "author", &load->office, NULL, &problem), "key");
    bench_must(uv_loop_init(&load->loop) != 0 ? PT_ENOMEM : PT_OK, "loop");
    pt_arena_init(&load->arena, SIZE_MAX);
    corpus_open(&load->corpus);
    load->sessions = bench_need(pt_arena_zalloc(&load->arena, load->n, sizeof *load->sessions), "memory");
    load->took = bench_need(pt_arena_zalloc(&load->arena, load->n * load->n_uploads, sizeof *load->took), "memory");
    for (size_t i = 0; i < load->n; i++) {
        session_init(load, i);
    }
}

int main(int argc, char **argv)
{
    static const char *const modes[] = {[ARRIVE] = "arrive", [INGEST] = "ingest", [IDLE] = "idle"};
    static struct load load;
    size_t mode = 0;
    while (argc > 1 && mode < 3 && strcmp(argv[1], modes[mode]) != 0) {
        mode++;
    }
    if (argc < 2 || mode == 3) {
        (void)fputs("bench_load arrive|ingest|idle --office FOLDER --at HOST:PORT ...\n", stderr);
        return 2;
    }
    load.mode = (enum mode)mode;
    bench_must(pt_crypto_init(), "crypto");
    prepare(&load, argc, argv);
    run(&load);
    return 0;
}
