/* What is too large for a frame, wherever it came from: it holds up nothing else. */
#include "core/log/branches.h"
#include "core/log/texts.h"
#include "core/store/keys.h"
#include "support/logs_kit.h"
#include "support/scene.h"

#include <criterion/criterion.h>
#include <string.h>

enum { WANT = 8 }; /* of n_kind */

/* --- texts --- */

struct text {
    uint8_t bytes[60000];
    size_t n;
};

static struct pt_hash make_text(struct text *text, uint64_t seed, size_t n)
{
    text->n = n;
    for (size_t i = 0; i < n; i++) {
        text->bytes[i] = (uint8_t)kit_random(&seed);
    }
    return pt_text_hash(pt_bytes_of(text->bytes, n));
}

/* As an older version would have: whatever its size. */
static void keep(struct world_node *node, const struct text *text)
{
    struct pt_bytes content = pt_bytes_of(text->bytes, text->n);
    struct pt_subject subject = kit_subject(A1);
    struct pt_hash hash = pt_text_hash(content);
    struct pt_key key = pt_key_text(&subject, &hash);
    struct pt_txn *txn = kit_begin(node->store, true);
    cr_assert_eq(pt_store_put(txn, PT_TABLE_TEXTS, pt_key_bytes(&key), content), PT_OK);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
}

static bool has(struct world_node *node, const struct pt_hash *hash)
{
    struct pt_bytes value;
    struct pt_subject subject = kit_subject(A1);
    struct pt_key key = pt_key_text(&subject, hash);
    struct pt_txn *txn = kit_begin(node->store, false);
    enum pt_err err = pt_store_get(txn, PT_TABLE_TEXTS, pt_key_bytes(&key), &value);
    pt_store_abort(txn);
    return err == PT_OK;
}

static struct pt_entry note(const struct pt_hash *hash)
{
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_NOTE, 1700000000);
    entry.question = 1;
    entry.hash = *hash;
    return entry;
}

/* Eight texts as long as they may be, and a ninth that is much longer, lie at the region with their entries. */
Test(session_limits, a_text_that_is_too_long_holds_up_nothing)
{
    static struct text texts[9];
    struct scene s = scene_open(1);
    struct pt_hash hashes[9];
    struct pt_entry entries[9];
    world_assign(s.device, A1);
    for (size_t i = 0; i < 9; i++) {
        hashes[i] = make_text(&texts[i], i + 1, i < 8 ? PT_TEXT_BYTES_MAX + 16 : sizeof texts[i].bytes);
        entries[i] = note(&hashes[i]);
    }
    world_write_entries(s.device, A1, entries, 9);
    (void)scene_sync(&s, s.device);
    for (size_t i = 0; i < 9; i++) {
        keep(s.region, &texts[i]);
    }
    for (size_t session = 0; session < 2; session++) {
        (void)scene_sync(&s, s.region);
        for (size_t i = 0; i < 9; i++) {
            cr_expect_eq(has(s.head, &hashes[i]), i < 8, "session %zu, text %zu", session, i);
        }
    }
    scene_close(&s);
}

/* More and shorter ones than one frame takes. */
Test(session_limits, texts_that_do_not_ride_along_are_asked_for)
{
    enum { N = 1100 };
    static struct text texts[N];
    static struct pt_hash hashes[N];
    static struct pt_entry entries[N];
    static const struct {
        size_t n;
        size_t n_bytes;
        bool same; /* one text, named again and again: then the entries take little room */
    } rows[] = {{200, 700, false}, {200, 17, false}, {N, 1, true}};
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        struct scene s = scene_open(2);
        s.w->quick = true;
        world_assign(s.device, A1);
        for (size_t i = 0; i < rows[row].n; i++) {
            hashes[i] = make_text(&texts[i], rows[row].same ? 1 : i + 1, rows[row].n_bytes);
            entries[i] = note(&hashes[i]);
            keep(s.device, &texts[i]);
        }
        world_write_entries(s.device, A1, entries, rows[row].n);
        (void)scene_sync(&s, s.device);
        for (size_t i = 0; i < rows[row].n; i++) {
            cr_expect(has(s.region, &hashes[i]), "row %zu, text %zu", row, i);
        }
        scene_close(&s);
    }
}

/* The hash fits, and still it is more than anybody could pass on. */
Test(session_limits, a_text_part_that_is_too_long_is_not_kept)
{
    static struct text texts[2];
    for (size_t i = 0; i < 2; i++) {
        struct scene s = scene_open(3);
        struct pt_hash hash = make_text(&texts[i], 1, PT_TEXT_BYTES_MAX + 16 + i);
        struct pt_entry entry = note(&hash);
        world_assign(s.device, A1);
        world_write_entry(s.device, A1, &entry);
        struct world_link *link = world_connect(s.w, s.device, s.region, true);
        while (link->n_kind[1][WANT] == 0 && world_step(s.w)) {
        }
        Patuh__BlobPart part = PATUH__BLOB_PART__INIT;
        Patuh__Frame frame = PATUH__FRAME__INIT;
        struct pt_arena arena;
        pt_arena_init(&arena, SIZE_MAX);
        part.has_hash = part.has_total = part.has_data = true;
        part.hash = (ProtobufCBinaryData){.data = hash.b, .len = sizeof hash.b};
        part.total = texts[i].n;
        part.data = (ProtobufCBinaryData){.data = texts[i].bytes, .len = texts[i].n};
        frame.blob_part = &part;
        world_feed(link, 1, kit_pack(&frame, &arena));
        cr_expect(link->open);
        cr_expect_eq(has(s.region, &hash), i == 0, "row %zu", i);
        pt_arena_close(&arena);
        world_cut(link);
        world_run(s.w);
        scene_close(&s);
    }
}

/* --- runs --- */

/* What another program might write in the name of a device: chunks signed only where it likes. */
struct foreign {
    struct scene *s;
    struct pt_arena arena;
    struct pt_log_id log;
    uint64_t state;
};

static struct foreign foreign_of(struct scene *s)
{
    struct foreign f = {.s = s, .state = 5};
    pt_arena_init(&f.arena, SIZE_MAX);
    f.log = kit_log(A1, &s->device->pair, s->device->incarnation);
    return f;
}

/* Its entries hold hashes that name nothing, which cannot be made smaller. */
static struct kit_chunk large_chunk(struct foreign *f, const struct kit_chunk *before, uint32_t n)
{
    struct kit_chunk chunk = {.previous = before == NULL ? pt_link_first(&f->log) : before->link};
    struct pt_entry entries[110];
    struct pt_buf out = {0};
    chunk.first_seq = before == NULL ? 1 : before->last_seq + 1;
    chunk.last_seq = chunk.first_seq + n - 1;
    for (uint32_t i = 0; i < n; i++) {
        entries[i] = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_REMOVE_EVIDENCE, 1700000000);
        entries[i].question = 1;
        for (size_t k = 0; k < sizeof entries[i].hash.b; k++) {
            entries[i].hash.b[k] = (uint8_t)kit_random(&f->state);
        }
    }
    struct pt_chunk_header header = kit_header(&f->log, chunk.first_seq, n);
    cr_assert_eq(pt_chunk_encode(&header, entries, &out), PT_OK);
    chunk.bytes = pt_arena_dup(&f->arena, pt_buf_bytes(&out));
    chunk.link = pt_link_next(&chunk.previous, chunk.bytes);
    world_set_add(&f->s->w->written, &chunk.link);
    pt_buf_free(&out);
    return chunk;
}

/* One run of n chunks behind another chunk (NULL: the first of the log), about 3700 bytes each. */
static void large_chain(struct foreign *f, const struct kit_chunk *before, struct kit_chunk *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = large_chunk(f, i == 0 ? before : &out[i - 1], 110);
    }
}

static void deliver(struct foreign *f, struct world_node *node, const struct kit_chunk *chunks, size_t n)
{
    struct pt_run run = kit_run(&f->log, &f->s->device->pair, chunks, n, &f->arena);
    (void)kit_deliver(node->store, &run);
}

static size_t bytes_of(const struct kit_chunk *chunks, size_t n)
{
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++) {
        bytes += chunks[i].bytes.n;
    }
    return bytes;
}

/* With texts that would ride along, and in a session in which the log is named for the first time. */
Test(session_limits, the_largest_run_under_one_signature_goes_on)
{
    static struct text texts[8];
    struct scene s = scene_open(10);
    struct foreign f = foreign_of(&s);
    struct kit_chunk chunks[17];
    struct pt_entry notes[8];
    struct pt_hash hashes[8];
    world_assign(s.device, A1);
    (void)scene_sync(&s, s.region);
    large_chain(&f, NULL, chunks, 16);
    size_t room = PT_RUN_BYTES_MAX - bytes_of(chunks, 16);
    for (size_t i = 0; i < 8; i++) {
        hashes[i] = make_text(&texts[i], i + 1, PT_TEXT_BYTES_MAX + 16);
        notes[i] = note(&hashes[i]);
        keep(s.region, &texts[i]);
    }
    struct pt_chunk_header header = kit_header(&f.log, chunks[15].last_seq + 1, 8);
    struct pt_buf last = {0};
    cr_assert_eq(pt_chunk_encode(&header, notes, &last), PT_OK);
    cr_assert_leq(last.n, room);
    chunks[16] = (struct kit_chunk){.bytes = pt_arena_dup(&f.arena, pt_buf_bytes(&last)), .previous = chunks[15].link};
    chunks[16].link = pt_link_next(&chunks[15].link, chunks[16].bytes);
    chunks[16].first_seq = header.first_seq;
    chunks[16].last_seq = header.first_seq + 7;
    world_set_add(&s.w->written, &chunks[16].link);
    pt_buf_free(&last);
    deliver(&f, s.region, chunks, 17);
    (void)scene_sync(&s, s.region);
    cr_expect_eq(world_head(s.head, s.device, A1).seq, chunks[16].last_seq);
    for (size_t i = 0; i < 8; i++) {
        cr_expect(has(s.head, &hashes[i]), "text %zu", i);
    }
    pt_arena_close(&f.arena);
    scene_close(&s);
}

/* Each run is small enough, and each branches off before the one before it was signed: along the last branch there is
 * no signature for a long way. */
Test(session_limits, runs_that_branch_off_before_their_signature_all_go_on)
{
    enum { RUNS = 8, CHUNKS = 15 };
    for (size_t kept = 1; kept < CHUNKS; kept += 4) { /* chunks of a run that the next one follows */
        struct scene s = scene_open(20 + kept);
        struct foreign f = foreign_of(&s);
        static struct kit_chunk chunks[RUNS][CHUNKS];
        s.w->quick = true;
        world_assign(s.device, A1);
        (void)scene_sync(&s, s.region);
        for (size_t i = 0; i < RUNS; i++) {
            large_chain(&f, i == 0 ? NULL : &chunks[i - 1][kept - 1], chunks[i], CHUNKS);
            deliver(&f, s.region, chunks[i], CHUNKS);
        }
        (void)scene_sync(&s, s.region);
        cr_expect_eq(world_count(s.head, PT_TABLE_CHUNKS), world_count(s.region, PT_TABLE_CHUNKS),
                     "%zu kept: %zu of %zu", kept, world_count(s.head, PT_TABLE_CHUNKS),
                     world_count(s.region, PT_TABLE_CHUNKS));
        cr_expect_eq(world_count(s.head, PT_TABLE_PARKED), 0);
        struct world_link idle = scene_sync(&s, s.region);
        cr_expect_eq(idle.n_frames[0], 1, "%zu kept: %zu frames", kept, idle.n_frames[0]);
        pt_arena_close(&f.arena);
        scene_close(&s);
    }
}

/* What no peer takes: an older version kept it. */
static void deliver_longer(struct foreign *f, struct world_node *node, const struct kit_chunk *chunks, size_t n)
{
    struct pt_run run = kit_run(&f->log, &f->s->device->pair, chunks, n, &f->arena);
    struct pt_append append;
    struct pt_checked_run checked = {.run = &run};
    checked.links = pt_arena_zalloc(&f->arena, n, sizeof *checked.links);
    checked.last_seqs = pt_arena_zalloc(&f->arena, n, sizeof *checked.last_seqs);
    for (size_t i = 0; i < n; i++) {
        checked.links[i] = chunks[i].link;
        checked.last_seqs[i] = chunks[i].last_seq;
    }
    struct pt_txn *txn = kit_begin(node->store, true);
    cr_assert_eq(pt_logs_append(txn, &checked, 1700000000000, &f->arena, &append), PT_OK);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
}

Test(session_limits, a_longer_run_of_an_older_version_holds_up_no_other_log)
{
    for (size_t forked = 0; forked < 2; forked++) {
        struct scene s = scene_open(40);
        struct foreign f = foreign_of(&s);
        static struct kit_chunk chunks[18];
        static struct kit_chunk other[2];
        s.w->quick = true;
        world_assign(s.device, A1);
        world_assign(s.other, A1);
        world_write(s.other, A1, 5);
        large_chain(&f, NULL, chunks, 18);
        cr_assert_gt(bytes_of(chunks, 18), PT_RUN_BYTES_MAX);
        deliver_longer(&f, s.region, chunks, 18);
        if (forked) {
            large_chain(&f, &chunks[16], other, 2);
            deliver(&f, s.region, other, 2);
        }
        (void)world_sync(s.w, s.other, s.region);
        for (size_t session = 0; session < 2; session++) {
            struct world_link link = world_sync(s.w, s.region, s.head);
            cr_expect_eq(link.reason[0], PT_OK, "%s", pt_err_name(link.reason[0]));
            cr_expect(link.settled);
            cr_expect_eq(world_head(s.head, s.other, A1).seq, 5);
        }
        pt_arena_close(&f.arena);
        scene_close(&s);
    }
}
