/* rollup.c - the national table of a million entries, against reading the same chunks.
 *
 *     bench_rollup fill HEAD_OFFICE_FOLDER --units N      N units of the loaded registry, each assessed and submitted
 *     bench_rollup change HEAD_OFFICE_FOLDER --units N --first I    a correction in every hundredth, submitted again
 *     bench_rollup run HEAD_OFFICE_FOLDER                 rows: seconds of both without a cache, entries and chunks
 *     bench_rollup again HEAD_OFFICE_FOLDER --as FIGURE   a row: seconds with the cache that the last one left there
 * Both write the files into the folder's "out", as patuhd does.
 * Seconds are computed ones, kernel included: one thread does it all, and nothing waits for the disk.
 * The logs are written by the devices' and regions' own pens, as if they had been synced. */
#include "rollup/rollup.h"
#include "base/mem.h"
#include "bench.h"
#include "core/log/texts.h"
#include "core/wire/pack.h"
#include "corpus.h"
#include "io/disk/files.h"
#include "national.h"
#include "office.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNIT_ENTRIES 225
#define UNITS_PER_COMMIT 50
#define INCARNATION 1
#define ROUNDS 3

static void pair_of(uint8_t which, size_t i, struct pt_keypair *out)
{
    uint8_t seed[PT_KEY_BYTES] = {which, (uint8_t)i, (uint8_t)(i >> 8)};
    pt_keypair_from_seed(seed, out);
}

static struct pt_entry packed(Patuh__EntryKind kind, const ProtobufCMessage *detail, struct pt_arena *arena)
{
    struct pt_entry entry = pt_entry_of(kind, 1690858985);
    bench_must(pt_pack(detail, arena, &entry.detail), "entry");
    return entry;
}

static void write_log(struct pt_txn *txn, const struct pt_keypair *pair, const struct pt_hash *instrument,
                      const struct pt_subject *subject, const struct pt_entry *entries, size_t n)
{
    struct pt_arena arena;
    struct pt_author_pen pen = {
        .pair = pair, .incarnation = INCARNATION, .wall_ms = 1690858985000, .boot = 1, .instrument = instrument};
    pt_arena_init(&arena, SIZE_MAX);
    bench_must(pt_pen_write(txn, &pen, subject, entries, n, &arena), subject->text);
    pt_arena_close(&arena);
}

/* --- who is there: regions, and a surveyor in each --- */

static void name_region(struct pt_txn *txn, const struct office *office, size_t region)
{
    struct pt_arena arena;
    struct pt_keypair pair;
    struct pt_keypair device;
    struct pt_subject subject;
    char code[16];
    Patuh__Office detail = PATUH__OFFICE__INIT;
    Patuh__Member member = PATUH__MEMBER__INIT;
    pt_arena_init(&arena, SIZE_MAX);
    pair_of('r', region, &pair);
    pair_of('d', region, &device);
    national_office(region, code, sizeof code);
    detail.code = detail.name = pt_text_of(code);
    detail.has_public_key = detail.has_transport_key = detail.has_generation = true;
    detail.public_key = detail.transport_key = pt_binary(pair.public_key, PT_KEY_BYTES);
    detail.generation = 1;
    struct pt_entry entry = packed(PATUH__ENTRY_KIND__ENTRY_OFFICE, &detail.base, &arena);
    bench_must(office_log_in(txn, office, &office->root_subject, &entry, 1), code);
    member.has_public_key = member.has_transport_key = member.has_role = true;
    member.public_key = member.transport_key = pt_binary(device.public_key, PT_KEY_BYTES);
    member.role = PATUH__ROLE__ROLE_DEVICE;
    member.name = pt_text_of("surveyor");
    entry = packed(PATUH__ENTRY_KIND__ENTRY_MEMBER, &member.base, &arena);
    bench_must(pt_subject_make(PT_SUBJECT_OFFICE, code, &subject), code);
    write_log(txn, &pair, NULL, &subject, &entry, 1);
    pt_arena_close(&arena);
}

/* --- a unit --- */

static struct pt_subject subject_of(size_t unit)
{
    char code[32];
    char name[64];
    struct pt_subject subject;
    national_unit(unit, code, sizeof code);
    (void)snprintf(name, sizeof name, CORPUS_CYCLE "/%s", code);
    bench_must(pt_subject_make(PT_SUBJECT_ASSESSMENT, name, &subject), name);
    return subject;
}

static void open_unit(struct pt_txn *txn, size_t unit, const struct corpus *corpus)
{
    struct pt_arena arena;
    struct pt_keypair region;
    char code[16];
    Patuh__Opening opening = PATUH__OPENING__INIT;
    Patuh__Assignment assignment = PATUH__ASSIGNMENT__INIT;
    struct pt_subject subject = subject_of(unit);
    pt_arena_init(&arena, SIZE_MAX);
    national_office(national_office_of(unit), code, sizeof code);
    pair_of('r', national_office_of(unit), &region);
    opening.unit_name = opening.institution_name = pt_text_of("Unit");
    opening.unit_type = pt_text_of("health");
    opening.office = pt_text_of(code);
    assignment.surveyor = pt_text_of("surveyor");
    struct pt_entry entries[2] = {packed(PATUH__ENTRY_KIND__ENTRY_OPEN, &opening.base, &arena),
                                  packed(PATUH__ENTRY_KIND__ENTRY_ASSIGN, &assignment.base, &arena)};
    write_log(txn, &region, &corpus->hash, &subject, entries, 2);
    pt_arena_close(&arena);
}

/* Submitted with everything the region's log says. */
static struct pt_entry submission(struct pt_txn *txn, size_t unit, struct pt_arena *arena)
{
    struct pt_keypair region;
    struct pt_head head;
    struct pt_log_id log = {.subject = subject_of(unit), .incarnation = INCARNATION};
    Patuh__LogSeen seen = PATUH__LOG_SEEN__INIT;
    Patuh__LogSeen *cut[1] = {&seen};
    Patuh__Move move = PATUH__MOVE__INIT;
    pair_of('r', national_office_of(unit), &region);
    log.author = pt_author_of(region.public_key);
    bench_must(pt_logs_find(txn, &log, &head), "region's log");
    seen.has_author = seen.has_incarnation = seen.has_seq = seen.has_link = true;
    seen.author = pt_binary(log.author.b, sizeof log.author.b);
    seen.incarnation = log.incarnation;
    seen.seq = head.seq;
    seen.link = pt_binary(head.link.b, sizeof head.link.b);
    move.has_to = true;
    move.to = PATUH__STATE__STATE_SUBMITTED;
    move.cut = cut;
    move.n_cut = 1;
    return packed(PATUH__ENTRY_KIND__ENTRY_MOVE, &move.base, arena);
}

static void assess(struct pt_txn *txn, size_t unit, const struct corpus *corpus, struct writer *writer, size_t n)
{
    static struct pt_entry entries[UNIT_ENTRIES + 1];
    struct pt_arena arena;
    struct pt_keypair device;
    struct pt_subject subject = subject_of(unit);
    pt_arena_init(&arena, SIZE_MAX);
    pair_of('d', national_office_of(unit), &device);
    for (size_t i = 0; i < n; i++) {
        struct corpus_text text;
        entries[i] = corpus_next(writer, &text);
        if (text.n > 0) {
            struct pt_hash hash;
            bench_must(pt_text_put(txn, &subject, pt_bytes_of(text.bytes, text.n), &hash), "text");
        }
    }
    entries[n] = submission(txn, unit, &arena);
    write_log(txn, &device, &corpus->hash, &subject, entries, n + 1);
    pt_arena_close(&arena);
}

static void fill(const struct office *office, size_t n_units)
{
    struct corpus corpus;
    struct pt_txn *txn;
    corpus_open(&corpus);
    bench_must(pt_store_begin_write(office->store, &txn), "begin");
    for (size_t region = 0; region < NATIONAL_OFFICES; region++) {
        name_region(txn, office, region);
    }
    for (size_t unit = 0; unit < n_units; unit++) {
        struct writer writer = corpus_writer(&corpus, unit);
        open_unit(txn, unit, &corpus);
        assess(txn, unit, &corpus, &writer, UNIT_ENTRIES);
        if (unit % UNITS_PER_COMMIT == UNITS_PER_COMMIT - 1) {
            bench_must(pt_store_commit(txn), "commit");
            bench_must(pt_store_begin_write(office->store, &txn), "begin");
        }
    }
    bench_must(pt_store_commit(txn), "commit");
    corpus_close(&corpus);
}

static void change(const struct office *office, size_t n_units, size_t first)
{
    struct corpus corpus;
    struct pt_txn *txn;
    corpus_open(&corpus);
    bench_must(pt_store_begin_write(office->store, &txn), "begin");
    for (size_t unit = first; unit < n_units; unit += 100) {
        struct writer writer = corpus_writer(&corpus, unit + n_units);
        assess(txn, unit, &corpus, &writer, 1);
    }
    bench_must(pt_store_commit(txn), "commit");
    corpus_close(&corpus);
}

/* --- measuring --- */

struct scanned {
    uint64_t chunks;
    uint64_t entries;
};

/* Every chunk from the disk's pages to entries, one after the other. */
static struct scanned scan(struct pt_store *store)
{
    struct scanned scanned = {0};
    struct pt_txn *txn;
    struct pt_arena arena;
    uint64_t last = 0;
    struct pt_hash hash;
    pt_arena_init(&arena, SIZE_MAX);
    bench_must(pt_store_begin_read(store, &txn), "begin");
    bench_must(pt_arrival_last(txn, &last, &hash), "last");
    for (uint64_t lsn = 1; lsn <= last; lsn++) {
        struct pt_record record;
        struct pt_chunk_header header;
        struct pt_entry *entries;
        bench_must(pt_arrival_read(txn, lsn, &arena, &record), "chunk");
        bench_must(pt_chunk_decode(record.chunk, &arena, &header, &entries), "decode");
        scanned.chunks++;
        scanned.entries += header.count;
        pt_arena_reset(&arena);
    }
    pt_store_abort(txn);
    pt_arena_close(&arena);
    return scanned;
}

static enum pt_err read_blob(void *data, const struct pt_hash *hash, struct pt_buf *out)
{
    return pt_blobs_get(data, hash, out);
}

/* Built and written into the folder out. cache: its folder, or NULL. Seconds. */
static double roll_up(const struct office *office, const char *cache, const char *out)
{
    double start = bench_cpu();
    struct pt_problem problem = {0};
    struct pt_rollup_files files = {0};
    struct pt_rollup_input input = {.store = office->store,
                                    .root = office->root,
                                    .office = &office->pair,
                                    .cycle = CORPUS_CYCLE,
                                    .level = PT_LEVEL_SUBMITTED,
                                    .blob = read_blob,
                                    .blob_data = office->blobs,
                                    .cache = cache};
    enum pt_err err = pt_rollup_build(&input, &files, &problem);
    if (err == PT_OK) {
        err = pt_rollup_write(&files, out, &problem);
    }
    if (err != PT_OK) {
        pt_problem_print(stderr, &problem);
    }
    bench_must(err, "rollup");
    pt_rollup_files_free(&files);
    return bench_cpu() - start;
}

/* A folder of the head office's own, by its full name. */
struct inside {
    char path[4096];
};

static struct inside inside_of(const char *folder, const char *name)
{
    struct inside inside;
    bench_must(pt_path_join(inside.path, sizeof inside.path, folder, name), folder);
    return inside;
}

static void run(const struct office *office, const char *folder)
{
    struct inside out = inside_of(folder, "out");
    struct scanned scanned = scan(office->store); /* everything is in memory afterwards */
    bench_row("rollup.entries", (double)scanned.entries, "");
    bench_row("rollup.chunks", (double)scanned.chunks, "");
    for (int round = 0; round < ROUNDS; round++) {
        double start = bench_cpu();
        (void)scan(office->store);
        bench_row("rollup.scan", bench_cpu() - start, "s");
        bench_row("rollup.run", roll_up(office, NULL, out.path), "s");
    }
}

static void again(const struct office *office, const char *folder, const char *figure)
{
    struct inside cache = inside_of(folder, "cache");
    struct inside out = inside_of(folder, "out");
    (void)scan(office->store);
    bench_row(figure, roll_up(office, cache.path, out.path), "s");
}

int main(int argc, char **argv)
{
    struct office office;
    struct pt_problem problem = {0};
    if (argc < 3) {
        (void)fputs("bench_rollup fill|change|run|again HEAD_OFFICE_FOLDER [--units N] [--first I] [--as FIGURE]\n",
                    stderr);
        return 2;
    }
    bench_must(pt_crypto_init(), "crypto");
    size_t n_units = bench_number(argc, argv, "--units", NATIONAL_UNITS);
    enum pt_err err = office_open(argv[2], &office, &problem);
    if (err != PT_OK) {
        pt_problem_print(stderr, &problem);
    }
    bench_must(err, argv[2]);
    if (strcmp(argv[1], "fill") == 0) {
        fill(&office, n_units);
    } else if (strcmp(argv[1], "change") == 0) {
        change(&office, n_units, bench_number(argc, argv, "--first", 0));
    } else if (strcmp(argv[1], "again") == 0) {
        again(&office, argv[2], bench_word(argc, argv, "--as"));
    } else {
        run(&office, argv[2]);
    }
    office_close(&office);
    return 0;
}
