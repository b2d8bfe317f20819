/* codec.c - bytes an entry and time of the codec, on the corpus.
 *
 *     bench_codec [--seconds N]
 *
 * Sealing = fit, encode, link, sign; opening = links, signature, decode: what both ends of a sync do to a day's
 * entries. Beside each the same bytes through zstd, BLAKE2b and Ed25519 alone. Best of many rounds. */
#include "bench.h"
#include "core/log/logs.h"
#include "corpus.h"

#include <stdio.h>
#include <string.h>
#include <zstd.h>

#define CHUNKS_MAX 32
#define ZSTD_LEVEL 3

struct day {
    struct pt_entry *entries;
    size_t n;
    struct pt_chunk_header header;
    struct pt_keypair pair;
    struct pt_buf chunks[CHUNKS_MAX];
    size_t first[CHUNKS_MAX]; /* entry of each chunk */
    size_t n_chunks;
    struct pt_hash link;
    struct pt_signature signature;
};

static void make_day(const struct corpus *corpus, size_t n, struct pt_arena *arena, struct day *day)
{
    uint8_t seed[PT_KEY_BYTES] = {7};
    struct writer writer = corpus_writer(corpus, 7);
    struct corpus_text text;
    *day = (struct day){.n = n};
    day->entries = bench_need(pt_arena_zalloc(arena, n, sizeof *day->entries), "memory");
    for (size_t i = 0; i < n; i++) {
        day->entries[i] = corpus_next(&writer, &text);
    }
    pt_keypair_from_seed(seed, &day->pair);
    bench_must(pt_subject_make(PT_SUBJECT_ASSESSMENT, CORPUS_CYCLE "/62.71/disdukcapil", &day->header.log.subject),
               "subject");
    day->header.log.author = pt_author_of(day->pair.public_key);
    day->header.log.incarnation = 0x1122334455667788u;
    day->header.has_instrument = true;
    day->header.instrument = corpus->hash;
    day->header.wall_ms = writer.wall_s * 1000;
    day->header.monotonic_ms = 86400000;
    day->header.boot = 0x8877665544332211u;
}

/* Every chunk is signed when it is sealed. */
static void seal(struct day *day)
{
    struct pt_chunk_header header = day->header;
    header.first_seq = 1;
    day->link = pt_link_first(&header.log);
    day->n_chunks = 0;
    for (size_t at = 0; at < day->n;) {
        size_t n_fit = 0;
        struct pt_buf *chunk = &day->chunks[day->n_chunks];
        bench_must(pt_chunk_fit(&header, day->entries + at, day->n - at, &n_fit), "fit");
        header.count = (uint32_t)n_fit;
        pt_buf_clear(chunk);
        bench_must(pt_chunk_encode(&header, day->entries + at, chunk), "encode");
        day->link = pt_link_next(&day->link, pt_buf_bytes(chunk));
        pt_sign(&day->pair, PT_CONTEXT_LINK, &day->link, &day->signature);
        day->first[day->n_chunks++] = at;
        at += n_fit;
        header.first_seq += n_fit;
    }
}

static void open_run(const struct day *day)
{
    struct pt_arena arena;
    struct pt_checked_run checked;
    struct pt_bytes chunks[CHUNKS_MAX];
    struct pt_run run = {.log = day->header.log, .first_seq = 1, .chunks = chunks, .n_chunks = day->n_chunks};
    pt_arena_init(&arena, SIZE_MAX);
    run.previous = pt_link_first(&run.log);
    run.signature = day->signature;
    memcpy(run.key.b, day->pair.public_key, sizeof run.key.b);
    for (size_t i = 0; i < day->n_chunks; i++) {
        chunks[i] = pt_buf_bytes(&day->chunks[i]);
    }
    bench_must(pt_run_check(&run, &arena, &checked), "check");
    for (size_t i = 0; i < day->n_chunks; i++) {
        struct pt_chunk_header header;
        struct pt_entry *entries;
        bench_must(pt_chunk_decode(chunks[i], &arena, &header, &entries), "decode");
    }
    pt_arena_close(&arena);
}

/* The columns of each chunk as they are before and after zstd. */
struct plain {
    struct pt_buf raw[CHUNKS_MAX];
    uint8_t *packed[CHUNKS_MAX];
    size_t packed_bytes[CHUNKS_MAX];
    ZSTD_CCtx *compressor;
    ZSTD_DCtx *decompressor;
    uint8_t *room;
};

static void plain_seal(struct day *day, struct plain *plain)
{
    for (size_t i = 0; i < day->n_chunks; i++) {
        struct pt_buf *raw = &plain->raw[i];
        size_t n = ZSTD_compressCCtx(plain->compressor, plain->packed[i], ZSTD_compressBound(raw->n), raw->data, raw->n,
                                     ZSTD_LEVEL);
        bench_must(ZSTD_isError(n) ? PT_EINVALID : PT_OK, "zstd");
        plain->packed_bytes[i] = n;
        struct pt_hash link = pt_link_next(&day->link, pt_buf_bytes(&day->chunks[i]));
        pt_sign(&day->pair, PT_CONTEXT_LINK, &link, &day->signature);
    }
}

static void plain_open(struct day *day, struct plain *plain)
{
    struct pt_hash link = pt_link_first(&day->header.log);
    for (size_t i = 0; i < day->n_chunks; i++) {
        link = pt_link_next(&link, pt_buf_bytes(&day->chunks[i]));
        size_t n = ZSTD_decompressDCtx(plain->decompressor, plain->room, PT_CHUNK_RAW_BYTES_MAX, plain->packed[i],
                                       plain->packed_bytes[i]);
        bench_must(n == plain->raw[i].n ? PT_OK : PT_EINVALID, "zstd");
    }
    bench_must(pt_verify(day->pair.public_key, PT_CONTEXT_LINK, &link, &day->signature), "verify");
}

static void plain_init(const struct day *day, struct pt_arena *arena, struct plain *plain)
{
    *plain = (struct plain){.compressor = ZSTD_createCCtx(), .decompressor = ZSTD_createDCtx()};
    plain->room = pt_arena_alloc(arena, PT_CHUNK_RAW_BYTES_MAX);
    for (size_t i = 0; i < day->n_chunks; i++) {
        size_t next = i + 1 < day->n_chunks ? day->first[i + 1] : day->n;
        bench_must(pt_body_encode(day->entries + day->first[i], next - day->first[i],
                                  day->entries[day->first[i]].wall_s, &plain->raw[i]),
                   "body");
        plain->packed[i] = pt_arena_alloc(arena, ZSTD_compressBound(plain->raw[i].n));
    }
}

static void plain_close(struct plain *plain)
{
    for (size_t i = 0; i < CHUNKS_MAX; i++) {
        pt_buf_free(&plain->raw[i]);
    }
    (void)ZSTD_freeCCtx(plain->compressor);
    (void)ZSTD_freeDCtx(plain->decompressor);
}

/* What is measured: one of the four. */
enum what { SEAL, OPEN, PLAIN_SEAL, PLAIN_OPEN, WHAT_COUNT };

static void run_once(enum what what, struct day *day, struct plain *plain)
{
    switch (what) {
    case SEAL:
        seal(day);
        break;
    case OPEN:
        open_run(day);
        break;
    case PLAIN_SEAL:
        plain_seal(day, plain);
        break;
    case PLAIN_OPEN:
        plain_open(day, plain);
        break;
    case WHAT_COUNT:
        break;
    }
}

/* The four in turns, so that a busy moment of the machine hits all of them; the best of each. */
static void best_of(struct day *day, struct plain *plain, double seconds, double best[WHAT_COUNT])
{
    double until = bench_now() + seconds;
    for (int what = 0; what < WHAT_COUNT; what++) {
        best[what] = 1e9;
    }
    while (bench_now() < until) {
        for (int what = 0; what < WHAT_COUNT; what++) {
            if (what == PLAIN_OPEN) {
                seal(day); /* the signature that fits */
            }
            double start = bench_now();
            run_once((enum what)what, day, plain);
            double took = bench_now() - start;
            best[what] = took < best[what] ? took : best[what];
        }
    }
}

static void measure(const struct corpus *corpus, size_t n, double seconds)
{
    struct pt_arena arena;
    struct day day;
    struct plain plain;
    char group[32];
    double best[WHAT_COUNT];
    size_t bytes = 0;
    pt_arena_init(&arena, SIZE_MAX);
    make_day(corpus, n, &arena, &day);
    seal(&day);
    plain_init(&day, &arena, &plain);
    plain_seal(&day, &plain);
    best_of(&day, &plain, seconds, best);
    for (size_t i = 0; i < day.n_chunks; i++) {
        bytes += day.chunks[i].n;
        pt_buf_free(&day.chunks[i]);
    }
    (void)snprintf(group, sizeof group, "codec.%zu", n);
    bench_row_of(group, "bytes", (double)bytes / (double)n, "B/entry");
    bench_row_of(group, "chunks", (double)day.n_chunks, "");
    bench_row_of(group, "seal", best[SEAL] * 1e6, "us");
    bench_row_of(group, "open", best[OPEN] * 1e6, "us");
    bench_row_of(group, "seal_limit", best[PLAIN_SEAL] * 1e6, "us");
    bench_row_of(group, "open_limit", best[PLAIN_OPEN] * 1e6, "us");
    plain_close(&plain);
    pt_arena_close(&arena);
}

int main(int argc, char **argv)
{
    struct corpus corpus;
    double seconds = (double)bench_number(argc, argv, "--seconds", 2);
    bench_must(pt_crypto_init(), "crypto");
    corpus_open(&corpus);
    measure(&corpus, 20, seconds);
    measure(&corpus, CORPUS_DAY, seconds);
    corpus_close(&corpus);
    return 0;
}
