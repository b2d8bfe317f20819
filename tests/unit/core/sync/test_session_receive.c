#include "base/mem.h"
#include "support/scene.h"

#include <criterion/criterion.h>
#include <string.h>

enum hostile {
    FOREIGN_LOG,
    WRONG_SIGNATURE,
    WRONG_LINK,
    WRONG_PREVIOUS,
    WRONG_KEY,
    UNKNOWN_NUMBER,
    NO_CHUNKS,
    HALF_MESSAGE,
    UNKNOWN_FRAME,
    TWO_FRAMES,
    EMPTY_FRAME,
    BEFORE_HELLO,
    SECOND_HELLO,
    STRANGER,
    OTHER_VERSION,
    RECEIPT_UPWARDS,
    PART_NOT_ASKED,
    HOSTILE_COUNT
};

static const struct {
    const char *name;
    Patuh__FailureCode code;
} hostile_rows[HOSTILE_COUNT] = {
    [FOREIGN_LOG] = {"somebody else's log about what is not in scope", PATUH__FAILURE_CODE__FAILURE_FOREIGN_LOG},
    [WRONG_SIGNATURE] = {"wrong signature", PATUH__FAILURE_CODE__FAILURE_SIGNATURE},
    [WRONG_LINK] = {"one bit of a chunk", PATUH__FAILURE_CODE__FAILURE_SIGNATURE},
    [WRONG_PREVIOUS] = {"wrong first link", PATUH__FAILURE_CODE__FAILURE_LINK},
    [WRONG_KEY] = {"another author's key", PATUH__FAILURE_CODE__FAILURE_LINK},
    [UNKNOWN_NUMBER] = {"a number never announced", PATUH__FAILURE_CODE__FAILURE_PROTOCOL},
    [NO_CHUNKS] = {"a run of nothing", PATUH__FAILURE_CODE__FAILURE_PROTOCOL},
    [HALF_MESSAGE] = {"half a message", PATUH__FAILURE_CODE__FAILURE_PROTOCOL},
    [UNKNOWN_FRAME] = {"a frame nobody knows", PATUH__FAILURE_CODE__FAILURE_PROTOCOL},
    [TWO_FRAMES] = {"two frames in one", PATUH__FAILURE_CODE__FAILURE_PROTOCOL},
    [EMPTY_FRAME] = {"an empty frame", PATUH__FAILURE_CODE__FAILURE_PROTOCOL},
    [BEFORE_HELLO] = {"chunks before Hello", PATUH__FAILURE_CODE__FAILURE_PROTOCOL},
    [SECOND_HELLO] = {"a second Hello", PATUH__FAILURE_CODE__FAILURE_PROTOCOL},
    [STRANGER] = {"a stranger", PATUH__FAILURE_CODE__FAILURE_STRANGER},
    [OTHER_VERSION] = {"another protocol", PATUH__FAILURE_CODE__FAILURE_VERSION},
    [RECEIPT_UPWARDS] = {"a receipt from below", PATUH__FAILURE_CODE__FAILURE_PROTOCOL},
    [PART_NOT_ASKED] = {"a part of a blob nobody asked for", PATUH__FAILURE_CODE__FAILURE_PROTOCOL},
};

static void put_hello(struct world_link *link, enum hostile what)
{
    Patuh__Hello hello = PATUH__HELLO__INIT;
    Patuh__SignedStatement statement = PATUH__SIGNED_STATEMENT__INIT;
    Patuh__Frame frame = PATUH__FRAME__INIT;
    hello.has_protocol_min = hello.has_protocol_max = true;
    hello.protocol_min = hello.protocol_max = what == OTHER_VERSION ? 9 : 1;
    hello.statement = &statement;
    frame.hello = &hello;
    scene_put(link, &frame);
}

static void put_simple(struct world_link *link, enum hostile what)
{
    Patuh__Receipt receipt = PATUH__RECEIPT__INIT;
    Patuh__BlobPart part = PATUH__BLOB_PART__INIT;
    Patuh__Want want = PATUH__WANT__INIT;
    Patuh__Frame frame = PATUH__FRAME__INIT;
    static const uint8_t unknown[] = {0xfa, 0x07, 0x00}; /* field 127, empty */
    switch ((int)what) {
    case UNKNOWN_FRAME:
        scene_put_bytes(link, pt_bytes_of(unknown, sizeof unknown));
        return;
    case EMPTY_FRAME:
        scene_put_bytes(link, pt_bytes_of(unknown, 0));
        return;
    case RECEIPT_UPWARDS:
        frame.receipt = &receipt;
        break;
    case PART_NOT_ASKED:
        frame.blob_part = &part;
        break;
    default:
        frame.want = &want;
        frame.blob_part = &part;
        break;
    }
    scene_put(link, &frame);
}

static void put_half(struct world_link *link, const Patuh__Frame *frame)
{
    uint8_t *bytes = pt_alloc(patuh__frame__get_packed_size(frame));
    size_t n = patuh__frame__pack(frame, bytes);
    scene_put_bytes(link, pt_bytes_of(bytes, n / 2));
    pt_free(bytes);
}

static void put_chunks(struct scene *s, struct world_link *link, enum hostile what)
{
    struct pt_arena arena;
    pt_arena_init(&arena, SIZE_MAX);
    bool foreign = what == FOREIGN_LOG;
    struct world_node *author = foreign ? s->other : s->device;
    Patuh__Frame *frame = scene_chunks(author, author, foreign ? A2 : A1, 1, &arena);
    switch ((int)what) {
    case WRONG_SIGNATURE:
        frame->chunks->signature.data[5] ^= 1;
        break;
    case WRONG_LINK:
        frame->chunks->chunk[0].data[frame->chunks->chunk[0].len - 1] ^= 1;
        break;
    case WRONG_PREVIOUS:
        frame->chunks->previous_link.data[0] ^= 1;
        break;
    case WRONG_KEY:
        memcpy(frame->chunks->log->public_key.data, s->other->key.b, sizeof s->other->key.b);
        break;
    case UNKNOWN_NUMBER:
        frame->chunks->log->has_subject = frame->chunks->log->has_public_key = false;
        frame->chunks->log->number = 2;
        break;
    case NO_CHUNKS:
        frame->chunks->n_chunk = 0;
        break;
    case HALF_MESSAGE:
        put_half(link, frame);
        pt_arena_close(&arena);
        return;
    default:
        break;
    }
    scene_put(link, frame);
    pt_arena_close(&arena);
}

static void put_hostile(struct scene *s, struct world_link *link, enum hostile what)
{
    if (what == BEFORE_HELLO || what == STRANGER || what == OTHER_VERSION) {
        scene_unsay(link);
    }
    if (what == SECOND_HELLO || what == STRANGER || what == OTHER_VERSION) {
        put_hello(link, what);
    } else if (what <= HALF_MESSAGE || what == BEFORE_HELLO) {
        put_chunks(s, link, what);
    } else {
        put_simple(link, what);
    }
}

Test(session_receive, what_is_not_allowed_ends_the_session_and_leaves_nothing)
{
    for (int what = 0; what < HOSTILE_COUNT; what++) {
        struct scene s = scene_open((uint64_t)what + 1);
        world_assign(s.device, A1);
        world_assign(s.other, A1);
        world_write(s.device, A1, 5);
        world_assign(s.other, A2);
        world_write(s.other, A1, 5);
        world_write(s.other, A2, 5);
        (void)scene_sync(&s, s.device);
        size_t arrivals = world_count(s.region, PT_TABLE_ARRIVAL);
        struct world_link *link = world_connect(s.w, s.device, s.region, false);
        put_hostile(&s, link, (enum hostile)what);
        world_run(s.w);
        const char *name = hostile_rows[what].name;
        cr_expect_not(link->open, "%s: still open", name);
        cr_expect_eq(link->failure[1], hostile_rows[what].code, "%s: failure %d", name, (int)link->failure[1]);
        cr_expect_eq(link->failure[0], link->failure[1], "%s: the peer heard %d", name, (int)link->failure[0]);
        cr_expect_eq(world_count(s.region, PT_TABLE_ARRIVAL), arrivals, "%s", name);
        cr_expect_eq(world_count(s.region, PT_TABLE_PARKED), 0, "%s", name);
        (void)scene_sync(&s, s.device);
        (void)scene_sync(&s, s.other);
        scene_close(&s);
    }
}

/* A chunk comes before the one it follows: it waits, the office says where it is, and the session fills the gap. */
Test(session_receive, gap_and_refill)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct scene s = scene_open(seed);
        struct pt_arena arena;
        pt_arena_init(&arena, SIZE_MAX);
        world_assign(s.device, A1);
        (void)scene_sync(&s, s.device);
        world_write(s.device, A1, 3);
        world_write(s.device, A1, 4);
        Patuh__Frame *late = scene_chunks(s.device, s.device, A1, 4, &arena);
        struct world_link *link = world_connect(s.w, s.device, s.region, false);
        struct pt_buf hello = {0}; /* put the late chunk between Hello and what follows */
        size_t n_hello = 4 + ((size_t)link->pipe[0].data[2] << 8 | link->pipe[0].data[3]);
        pt_buf_put(&hello, link->pipe[0].data, seed % 2 == 0 ? n_hello : link->pipe[0].n);
        scene_unsay(link);
        pt_buf_put_bytes(&link->pipe[0], pt_buf_bytes(&hello));
        if (seed % 2 == 0) { /* the run that the session sent is lost on the way */
            scene_put(link, late);
            link->hostile = false;
        }
        world_run(s.w);
        cr_expect_not(link->open, "seed %llu", (unsigned long long)seed);
        cr_expect_eq(world_head(s.region, s.device, A1).seq, 7);
        cr_expect_eq(world_head(s.region, s.device, A1).n_parked, 0);
        pt_buf_free(&hello);
        pt_arena_close(&arena);
        scene_close(&s);
    }
}

/* Cut after the chunk was parked; the next session finds it there and connects it. */
Test(session_receive, a_parked_chunk_waits_for_the_next_session)
{
    struct scene s = scene_open(3);
    struct pt_arena arena;
    pt_arena_init(&arena, SIZE_MAX);
    world_assign(s.device, A1);
    world_write(s.device, A1, 3);
    world_write(s.device, A1, 4);
    Patuh__Frame *late = scene_chunks(s.device, s.device, A1, 4, &arena);
    struct world_link *link = world_connect(s.w, s.device, s.region, false);
    size_t n_hello = 4 + ((size_t)link->pipe[0].data[2] << 8 | link->pipe[0].data[3]);
    link->pipe[0].n = n_hello;
    scene_put(link, late);
    link->cut_after = link->pipe[0].n;
    world_run(s.w);
    cr_expect_eq(world_count(s.region, PT_TABLE_PARKED), 1);
    (void)scene_sync(&s, s.device);
    cr_expect_eq(world_head(s.region, s.device, A1).seq, 7);
    cr_expect_eq(world_count(s.region, PT_TABLE_PARKED), 0);
    pt_arena_close(&arena);
    scene_close(&s);
}

/* A device that was restored from a backup: it is told, gets its own entries back and goes on in a new incarnation. */
Test(session_receive, a_restored_device_takes_a_new_incarnation_and_gets_its_entries_back)
{
    struct scene s = scene_open(21);
    world_assign(s.device, A1);
    world_write(s.device, A1, 5);
    (void)scene_sync(&s, s.device);
    struct pt_store *backup = world_backup(s.device);
    world_write(s.device, A1, 5);
    (void)scene_sync(&s, s.device);
    (void)scene_sync(&s, s.device);
    world_restore(s.device, backup);
    struct world_link link = world_sync(s.w, s.device, s.region);
    cr_expect(link.fresh[0]);
    cr_expect_eq(world_head(s.device, s.device, A1).seq, 10);
    link = scene_sync(&s, s.device); /* what came back is receipted again */
    cr_expect_eq(link.counts[1].chunks_new, 0);
    s.device->previous_incarnation = s.device->incarnation;
    s.device->incarnation = 4711;
    world_write(s.device, A1, 2);
    link = scene_sync(&s, s.device);
    cr_expect_not(link.fresh[0]);
    cr_expect_eq(world_head(s.region, s.device, A1).seq, 2);
    scene_close(&s);
}

/* The Welcome that told a restored device is lost: it is told again. */
Test(session_receive, a_restored_device_is_told_until_it_heard)
{
    struct scene s = scene_open(22);
    world_assign(s.device, A1);
    (void)scene_sync(&s, s.device);
    struct pt_store *backup = world_backup(s.device);
    (void)scene_sync(&s, s.device);
    (void)scene_sync(&s, s.device);
    world_restore(s.device, backup);
    struct world_link *link = world_connect(s.w, s.device, s.region, false);
    link->cut_after = link->pipe[0].n;
    world_run(s.w);
    cr_expect_not(link->fresh[0]);
    cr_expect(world_sync(s.w, s.device, s.region).fresh[0]);
    cr_expect_not(world_sync(s.w, s.device, s.region).fresh[0]);
    scene_close(&s);
}

/* Both stores hold both branches, none counts beyond the fork, nothing is lost and later days are quiet. */
static void fork_case(uint64_t seed, size_t n_first, size_t n_second)
{
    struct scene s = scene_open(seed);
    s.w->piece_max = seed % 2 == 0 ? 0 : 500;
    world_assign(s.device, A1);
    world_write(s.device, A1, 5);
    (void)scene_sync(&s, s.device);
    struct pt_store *backup = world_backup(s.device);
    for (size_t i = 0; i < n_first; i++) {
        world_write(s.device, A1, 1 + i);
    }
    (void)scene_sync(&s, s.device);
    world_restore(s.device, backup);
    for (size_t i = 0; i < n_second; i++) {
        world_write(s.device, A1, 2);
    }
    struct world_link link = world_sync(s.w, s.device, s.region);
    cr_expect_eq(link.reason[0], PT_OK, "%zu %zu", n_first, n_second);
    struct pt_head device = world_head(s.device, s.device, A1);
    struct pt_head region = world_head(s.region, s.device, A1);
    cr_expect(device.forked && region.forked, "%zu %zu", n_first, n_second);
    cr_expect_eq(device.fork_seq, 5);
    cr_expect_eq(region.fork_seq, 5);
    cr_expect_eq(world_count(s.device, PT_TABLE_CHUNKS), world_count(s.region, PT_TABLE_CHUNKS), "%zu %zu: %zu %zu",
                 n_first, n_second, world_count(s.device, PT_TABLE_CHUNKS), world_count(s.region, PT_TABLE_CHUNKS));
    cr_expect_eq(world_count(s.region, PT_TABLE_PARKED), 0, "%zu %zu", n_first, n_second);
    (void)world_sync(s.w, s.device, s.region);
    struct world_link idle = world_sync(s.w, s.device, s.region);
    cr_expect_eq(idle.n_frames[0] + idle.n_frames[1], 3, "%zu %zu: %zu + %zu frames", n_first, n_second,
                 idle.n_frames[0], idle.n_frames[1]);
    scene_close(&s);
}

Test(session_receive, a_fork_is_held_on_both_sides)
{
    uint64_t seed = 30;
    for (size_t first = 1; first <= 4; first++) {
        for (size_t second = 1; second <= 4; second++) {
            fork_case(seed++, first, second);
        }
    }
}

/* The k-th put of the office fails for lack of space: the device hears FULL, nothing is receipted that is not there
 * (checked by the world), and when there is space again everything arrives. */
Test(session_receive, store_full_at_every_put)
{
    bool passed = false;
    for (size_t k = 0; !passed; k++) {
        struct scene s = scene_open(40);
        world_assign(s.device, A1);
        world_write(s.device, A1, 10);
        pt_store_mem_fault_arm(s.region->store, PT_STORE_MEM_PUT, k, PT_EFULL);
        struct world_link link = world_sync(s.w, s.device, s.region);
        pt_store_mem_fault_disarm(s.region->store);
        passed = link.reason[0] == PT_OK;
        if (!passed) {
            cr_expect_eq(link.failure[0], PATUH__FAILURE_CODE__FAILURE_FULL, "put %zu: failure %d", k,
                         (int)link.failure[0]);
            cr_expect_gt(link.retry_s[0], 0);
        }
        (void)scene_sync(&s, s.device);
        scene_close(&s);
        cr_assert_lt(k, 1000);
    }
}

Test(session_receive, io_error_at_every_call_of_either_store)
{
    for (int node = 0; node < 2; node++) {
        bool passed = false;
        for (size_t k = 0; !passed; k++) {
            struct scene s = scene_open(41);
            s.w->blind = true;
            world_assign(s.device, A1);
            world_write(s.device, A1, 10);
            struct world_node *broken = node == 0 ? s.device : s.region;
            pt_store_mem_fault_arm(broken->store, PT_STORE_MEM_BEGIN | PT_STORE_MEM_COMMIT | PT_STORE_MEM_PUT, k,
                                   PT_EIO);
            struct world_link *link = world_connect(s.w, s.device, s.region, false);
            world_run(s.w);
            cr_expect_not(link->open, "call %zu", k);
            passed = link->reason[0] == PT_OK;
            pt_store_mem_fault_disarm(broken->store);
            s.w->blind = false;
            (void)scene_sync(&s, s.device);
            scene_close(&s);
            cr_assert_lt(k, 2000);
        }
    }
}
