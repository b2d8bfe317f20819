#include "base/mem.h"
#include "core/wire/pack.h"
#include "core/wire/unpack.h"
#include "records.pb-c.h"
#include "support/scene.h"

#include <criterion/criterion.h>

Test(session, first_sync_brings_everything_both_ways)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct scene s = scene_open(seed);
        s.w->lifo = seed % 2 == 0;
        s.w->piece_max = seed % 3 == 0 ? 200 : 0;
        world_assign(s.device, A1);
        world_assign(s.device, A2);
        world_write(s.device, A1, 30);
        (void)scene_sync(&s, s.device);
        cr_expect_eq(world_head(s.region, s.device, A1).seq, 30);
        cr_expect_eq(world_head(s.device, s.region, A2).seq, 1);
        scene_close(&s);
    }
}

Test(session, a_day_without_news_is_three_frames)
{
    struct scene s = scene_open(7);
    world_assign(s.device, A1);
    world_write(s.device, A1, 30);
    (void)scene_sync(&s, s.device);
    struct world_link link = scene_sync(&s, s.device);
    cr_expect_eq(link.n_frames[0], 1, "%zu frames", link.n_frames[0]);
    cr_expect_eq(link.n_frames[1], 2, "%zu frames", link.n_frames[1]);
    cr_expect_leq(link.n_bytes[0], 201, "%zu bytes up", link.n_bytes[0]);
    cr_expect_leq(link.n_bytes[1], 50, "%zu bytes down", link.n_bytes[1]);
    scene_close(&s);
}

Test(session, a_day_of_300_entries_is_cheap)
{
    struct scene s = scene_open(8);
    world_assign(s.device, A1);
    (void)scene_sync(&s, s.device);
    world_write(s.device, A1, 300);
    struct world_link link = scene_sync(&s, s.device);
    cr_expect_leq(link.n_bytes[0], 300 * 20, "%zu bytes up", link.n_bytes[0]);
    cr_expect_leq(link.n_bytes[1], 600, "%zu bytes down", link.n_bytes[1]);
    scene_close(&s);
}

Test(session, two_devices_of_one_assessment_get_each_others_logs)
{
    struct scene s = scene_open(9);
    world_assign(s.device, A1);
    world_assign(s.other, A1);
    world_write(s.device, A1, 12);
    world_write(s.other, A1, 13);
    (void)scene_sync(&s, s.device);
    (void)scene_sync(&s, s.other);
    (void)scene_sync(&s, s.device);
    cr_expect_eq(world_head(s.device, s.other, A1).seq, 13);
    cr_expect_eq(world_head(s.other, s.device, A1).seq, 12);
    scene_close(&s);
}

Test(session, receipts_of_head_office_reach_the_device_at_its_next_sync)
{
    struct scene s = scene_open(10);
    world_assign(s.device, A1);
    struct world_link *live = world_connect(s.w, s.region, s.head, true);
    world_write(s.device, A1, 20);
    struct world_link *first = world_connect(s.w, s.device, s.region, false);
    world_run(s.w);
    cr_expect_not(first->open);
    cr_expect(live->open);
    cr_expect(world_is_converged(s.region, s.head));
    (void)scene_sync(&s, s.device);
    cr_expect_eq(world_receipted(s.device, s.device, A1, PT_TIER_NATIONAL).seq, 20);
    cr_expect_eq(world_receipted(s.device, s.device, A1, PT_TIER_REGION).seq, 20);
    struct world_link idle = scene_sync(&s, s.device);
    cr_expect_eq(idle.n_frames[1], 2, "%zu frames", idle.n_frames[1]);
    world_cut(live);
    world_run(s.w);
    scene_close(&s);
}

/* The office's clock was years ahead when it signed, and right again when its store was restored. */
Test(session, receipts_of_a_new_epoch_count_whatever_the_clock_said)
{
    struct scene s = scene_open(18);
    world_assign(s.device, A1);
    world_write(s.device, A1, 5);
    struct pt_store *backup = world_backup(s.region);
    s.region->clock_ms = 10LL * 365 * 24 * 3600 * 1000;
    (void)scene_sync(&s, s.device);
    world_restore(s.region, backup);
    world_check_elsewhere(s.region);
    s.region->epoch++;
    s.region->clock_ms = 0;
    world_write(s.device, A1, 3);
    (void)scene_sync(&s, s.device);
    cr_expect_eq(world_receipted(s.device, s.device, A1, PT_TIER_REGION).epoch, s.region->epoch);
    struct world_link idle = scene_sync(&s, s.device);
    cr_expect_eq(idle.n_frames[0] + idle.n_frames[1], 3);
    scene_close(&s);
}

/* Nothing stands between: head office's own receipts say what is delivered, and end the session. */
Test(session, a_device_of_head_office_gets_its_receipts_of_tier_2)
{
    struct scene s = scene_open(17);
    struct world_node *direct = world_node(s.w, 0, "", s.head);
    world_assign(direct, A1);
    world_write(direct, A1, 20);
    world_write(direct, A1, 10);
    struct world_link first = scene_sync(&s, direct);
    cr_expect_eq(first.counts[0].chunks_sent, 2);
    cr_expect_eq(world_receipted(direct, direct, A1, PT_TIER_NATIONAL).seq, 30);
    cr_expect_eq(world_receipted(direct, direct, A1, PT_TIER_REGION).seq, 0);
    struct world_link idle = scene_sync(&s, direct);
    cr_expect_eq(idle.counts[0].chunks_sent, 0, "what has its receipt does not go again");
    cr_expect_eq(idle.n_frames[0], 1, "%zu frames", idle.n_frames[0]);
    cr_expect_eq(idle.n_frames[1], 2, "%zu frames", idle.n_frames[1]);
    scene_close(&s);
}

/* split_brain_two_primaries: an office that was replaced and comes back is refused by whoever has seen its successor,
 * whichever side notices; equal and newer ones are welcome. */
Test(session, an_office_that_was_replaced_is_refused)
{
    static const struct {
        uint64_t seen, own;
        bool refused;
    } rows[] = {{1, 1, false}, {1, 2, false}, {2, 1, true}, {0, 1, false}, {2, 0, false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scene s = scene_open(40 + i);
        world_write(s.device, A1, 5);
        s.device->generation = rows[i].seen;
        s.region->generation = rows[i].own;
        struct world_link *link = world_connect(s.w, s.device, s.region, false);
        world_run(s.w);
        uint64_t receipted = world_receipted(s.device, s.device, A1, PT_TIER_REGION).seq;
        cr_expect_eq(receipted, rows[i].refused ? 0 : 5, "row %zu", i);
        cr_expect_eq(link->failure[1] == PATUH__FAILURE_CODE__FAILURE_GENERATION, rows[i].refused, "row %zu", i);
        scene_close(&s);
    }
}

/* What head office decides comes down while the region's session lives, and on to the device. */
/* What it wrote is taken and receipted, nothing of others comes, and then it is told. */
Test(session, revoked_device_delivers_its_outbox)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct scene s = scene_open(seed);
        s.w->lifo = seed % 2 == 0;
        s.w->piece_max = seed % 3 == 0 ? 200 : 0;
        world_assign(s.device, A1);
        world_assign(s.other, A1);
        (void)scene_sync(&s, s.device);
        world_write(s.other, A1, 13);
        (void)scene_sync(&s, s.other);
        world_write(s.device, A1, 700); /* more than goes out before Welcome */
        s.device->revoked = true;
        struct world_link link = world_sync(s.w, s.device, s.region);
        cr_expect_eq(link.reason[0], PT_EDENIED);
        cr_expect_eq(link.failure[0], PATUH__FAILURE_CODE__FAILURE_REVOKED);
        cr_expect_eq(world_head(s.region, s.device, A1).seq, 700);
        cr_expect_eq(world_receipted(s.device, s.device, A1, PT_TIER_REGION).seq, 700, "seed %d", (int)seed);
        cr_expect_eq(world_head(s.device, s.other, A1).seq, 0, "nothing of others comes any more");
        struct world_link again = world_sync(s.w, s.device, s.region);
        cr_expect_eq(again.failure[0], PATUH__FAILURE_CODE__FAILURE_REVOKED, "it is told every time");
        cr_expect_eq(again.counts[0].chunks_sent, 0);
        scene_close(&s);
    }
}

/* A stolen key does not bring back what was wiped. */
Test(session, revoked_device_gets_nothing_back)
{
    struct scene s = scene_open(21);
    world_assign(s.device, A1);
    (void)scene_sync(&s, s.device);
    struct pt_store *before = world_backup(s.device);
    world_write(s.device, A1, 30);
    (void)scene_sync(&s, s.device);
    world_restore(s.device, before);
    s.device->revoked = true;
    struct world_link link = world_sync(s.w, s.device, s.region);
    cr_expect_eq(link.failure[0], PATUH__FAILURE_CODE__FAILURE_REVOKED);
    cr_expect_eq(world_head(s.device, s.device, A1).seq, 0);
    s.device->revoked = false;
    (void)world_sync(s.w, s.device, s.region);
    cr_expect_eq(world_head(s.device, s.device, A1).seq, 30, "as anybody else does");
    scene_close(&s);
}

Test(session, a_live_session_brings_news_down)
{
    struct scene s = scene_open(11);
    struct world_link *live = world_connect(s.w, s.region, s.head, true);
    world_run(s.w);
    world_assign(s.device, A1);
    world_write(s.head, A1, 2);
    world_write(s.head, "c:2023", 1);
    world_run(s.w);
    cr_expect(world_is_converged(s.region, s.head));
    (void)scene_sync(&s, s.device);
    cr_expect_eq(world_head(s.device, s.head, A1).seq, 2);
    cr_expect_eq(world_head(s.device, s.head, "c:2023").seq, 1);
    world_cut(live);
    world_run(s.w);
    scene_close(&s);
}

/* News that come between our Hello and the answer are not forgotten. */
Test(session, what_is_written_during_the_greeting_goes_out)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct scene s = scene_open(seed);
        world_write(s.region, A1, 1);
        struct world_link *live = world_connect(s.w, s.region, s.head, true);
        for (size_t i = 0; i < seed % 5; i++) {
            (void)world_step(s.w);
        }
        world_write(s.region, A1, 3);
        world_run(s.w);
        cr_expect(world_is_converged(s.region, s.head), "seed %llu", (unsigned long long)seed);
        world_cut(live);
        world_run(s.w);
        scene_close(&s);
    }
}

/* The office's receipts are gone on the device: it sends again and hears of it as if it were the first time. */
Test(session, ack_lost_resend_identical)
{
    struct scene s = scene_open(12);
    world_assign(s.device, A1);
    world_write(s.device, A1, 5);
    struct pt_store *before = world_backup(s.device);
    (void)scene_sync(&s, s.device);
    world_restore(s.device, before);
    struct world_link link = scene_sync(&s, s.device);
    cr_expect_eq(link.counts[1].chunks_new, 0);
    cr_expect_eq(world_head(s.region, s.device, A1).seq, 5);
    cr_expect_not(world_head(s.region, s.device, A1).forked);
    scene_close(&s);
}

Test(session, a_scope_that_the_device_does_not_share_is_left_alone)
{
    struct scene s = scene_open(13);
    world_assign(s.device, A1);
    (void)scene_sync(&s, s.device);
    world_assign(s.device, A2);
    s.device->n_narrow = 1; /* the device does not know of A2 */
    struct world_link link = world_sync(s.w, s.device, s.region);
    cr_expect_eq(link.reason[0], PT_OK);
    cr_expect_eq(world_head(s.device, s.region, A2).seq, 0);
    scene_close(&s);
}

Test(session, rechunk_1_byte)
{
    struct scene s = scene_open(14);
    s.w->piece_max = 1;
    world_assign(s.device, A1);
    world_write(s.device, A1, 20);
    (void)scene_sync(&s, s.device);
    scene_close(&s);
}

/* An exchange of everything there is: entries up and down, texts, receipts of both tiers. */
static struct scene full_scene(void)
{
    struct scene s = scene_open(15);
    s.w->quick = true;
    world_assign(s.device, A1);
    world_write(s.device, A1, 2);
    (void)world_sync(s.w, s.device, s.region);
    (void)world_sync(s.w, s.region, s.head);
    world_assign(s.other, A1);
    world_write(s.other, A1, 8);
    (void)world_sync(s.w, s.other, s.region);
    world_write(s.device, A1, 9);
    return s;
}

/* Cut after k bytes for k = first, first + step ...: the next session brings both sides to the same. */
static void drop_at_every_byte(size_t first, size_t step)
{
    for (size_t k = first;; k += step) {
        struct scene s = full_scene();
        s.w->piece_max = 0;
        struct world_link *link = world_connect(s.w, s.device, s.region, false);
        link->cut_after = k;
        world_run(s.w);
        bool whole = link->reason[0] == PT_OK && link->ended[0];
        world_check_node(s.device);
        world_check_node(s.region);
        s.w->quick = false;
        (void)scene_sync(&s, s.device);
        cr_expect_eq(world_head(s.region, s.device, A1).seq, 11, "cut at %zu", k);
        cr_expect_eq(world_head(s.device, s.other, A1).seq, 8, "cut at %zu", k);
        cr_expect_eq(world_receipted(s.device, s.device, A1, PT_TIER_NATIONAL).seq, 2, "cut at %zu", k);
        cr_expect_not(world_head(s.region, s.device, A1).forked, "cut at %zu", k);
        cr_expect_eq(world_count(s.device, PT_TABLE_WANTED), 0, "cut at %zu", k);
        scene_close(&s);
        if (whole) {
            return;
        }
    }
}

Test(session, drop_at_every_byte_hello_chunk_ack_a)
{
    drop_at_every_byte(1, 2);
}

Test(session, drop_at_every_byte_hello_chunk_ack_b)
{
    drop_at_every_byte(2, 2);
}

/* The same device five times at once: nothing twice, nothing lost. */
Test(session, five_sessions_with_the_same_chunks)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct scene s = scene_open(seed);
        s.w->piece_max = 300;
        world_assign(s.device, A1);
        world_write(s.device, A1, 10);
        struct world_link *link[5];
        for (size_t i = 0; i < 5; i++) {
            link[i] = world_connect(s.w, s.device, s.region, false);
        }
        world_run(s.w);
        for (size_t i = 0; i < 5; i++) {
            cr_expect_eq(link[i]->reason[0], PT_OK);
            cr_expect_not(link[i]->open, "seed %llu: session %zu never ends", (unsigned long long)seed, i);
        }
        cr_expect_eq(world_head(s.region, s.device, A1).seq, 10);
        cr_expect(world_is_converged(s.device, s.region));
        scene_close(&s);
    }
}

Test(session, more_logs_than_a_page_of_heads)
{
    struct scene s = scene_open(16);
    char subject[64];
    s.w->quick = true;
    for (int i = 0; i < 700; i++) {
        (void)snprintf(subject, sizeof subject, "a:2023/62.%d/unit%d", i % 14, i);
        world_write(s.region, subject, 1);
    }
    (void)scene_sync(&s, s.region);
    cr_expect_eq(world_count(s.head, PT_TABLE_LOGS), 700);
    for (int i = 0; i < 10;
         i++) { /* one log is unknown to the region: all pages are compared, no chunk travels twice */
        (void)snprintf(subject, sizeof subject, "a:2023/62.1/baru%d", i);
        world_write(s.head, subject, 1);
    }
    struct world_link link = scene_sync(&s, s.region);
    cr_expect_eq(link.n_kind[1][6], 3, "%zu pages", link.n_kind[1][6]);
    cr_expect_eq(link.counts[0].chunks_sent, 0);
    cr_expect_eq(link.counts[0].chunks_received, 10);
    struct world_link idle = scene_sync(&s, s.region);
    cr_expect_eq(idle.n_frames[1], 2);
    scene_close(&s);
}

Test(session, never_more_on_the_way_than_the_credit)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct scene s = scene_open(seed);
        s.w->piece_max = 2000;
        s.w->quick = true;
        world_assign(s.device, A1);
        for (int i = 0; i < 60; i++) {
            world_write(s.device, A1, 200);
            world_write(s.device, A2, 11);
        }
        struct world_link link = scene_sync(&s, s.device);
        cr_expect_leq(link.way_max, 4 * PT_CREDIT_BYTES, "%zu bytes on the way", link.way_max);
        cr_expect_gt(link.way_max, PT_CREDIT_BYTES);
        cr_expect_eq(link.counts[0].chunks_sent, link.counts[1].chunks_new, "%u went out for %u",
                     link.counts[0].chunks_sent, link.counts[1].chunks_new);
        scene_close(&s);
    }
}

/* One session in which allocations of one call fail. true: it went well all the same. */
static bool sync_without_memory(size_t call, size_t pass, size_t *n_calls)
{
    struct scene s = scene_open(17);
    world_assign(s.device, A1);
    world_assign(s.other, A1);
    world_write(s.device, A1, 3);
    (void)world_sync(s.w, s.other, s.region);
    (void)world_sync(s.w, s.device, s.region);
    world_write(s.device, A1, 9);
    world_write(s.region, A1, 3);
    s.w->n_calls = 0;
    s.w->fault_call = call;
    s.w->fault_pass = pass;
    struct world_link link = world_sync(s.w, s.device, s.region);
    bool well = link.ended[0] && link.reason[0] == PT_OK;
    *n_calls = s.w->n_calls;
    s.w->fault_call = 0;
    (void)scene_sync(&s, s.device);
    scene_close(&s);
    return well;
}

/* On either side, in every call: no crash, no leak, nothing receipted that is not there; the next session is whole. */
Test(session, out_of_memory_at_every_allocation)
{
    size_t n_calls = 1;
    size_t n_failed = 0;
    for (size_t call = 1; call <= n_calls; call++) {
        for (size_t pass = 0; !sync_without_memory(call, pass, &n_calls); pass++) {
            n_failed++;
            cr_assert_lt(pass, 2000);
        }
    }
    cr_expect_gt(n_failed, 100, "only %zu allocations", n_failed);
}

/* --- any history --- */

static size_t pick(uint64_t *state, size_t n)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (size_t)((*state >> 33) % n);
}

/* Something a day brings: a device writes, syncs, loses its connection; an office decides; a disk is full for a while.
 */
static void something(struct scene *s, uint64_t *state)
{
    struct world_node *devices[] = {s->device, s->other};
    struct world_node *device = devices[pick(state, 2)];
    const char *subject = pick(state, 2) == 0 ? A1 : A2;
    struct world_link *link = &s->w->link[pick(state, 16)];
    switch (pick(state, 8)) {
    case 0:
    case 1:
        world_write(device, subject, 1 + pick(state, 40));
        break;
    case 2:
        pt_store_mem_fault_disarm(s->region->store);
        world_write(pick(state, 2) == 0 ? s->region : s->head, subject, 1 + pick(state, 5));
        break;
    case 3:
        if (link->open && link->session[0] != NULL) {
            world_cut(link);
        }
        break;
    case 4:
        pt_store_mem_fault_arm(s->region->store, PT_STORE_MEM_PUT, pick(state, 30), PT_EFULL);
        break;
    case 5:
        pt_store_mem_fault_disarm(s->region->store);
        break;
    case 6:
        if (world_open_links(s->w) < 6) {
            (void)world_connect(s->w, s->region, s->head, pick(state, 2) == 0);
        }
        break;
    default:
        if (world_open_links(s->w) < 6) {
            (void)world_connect(s->w, device, s->region, pick(state, 8) == 0);
        }
        break;
    }
    for (size_t steps = pick(state, 40); steps > 0 && world_step(s->w); steps--) {
    }
}

static void history(uint64_t seed)
{
    struct scene s = scene_open(seed);
    uint64_t state = seed;
    s.w->lifo = seed % 2 == 0;
    s.w->piece_max = seed % 3 == 0 ? 0 : 1 + seed % 700;
    world_assign(s.device, A1);
    world_assign(s.other, A1);
    world_assign(s.other, A2);
    for (size_t i = 0; i < 60; i++) {
        something(&s, &state);
    }
    pt_store_mem_fault_disarm(s.region->store);
    world_run(s.w);
    for (size_t i = 0; i < WORLD_LINKS_MAX; i++) {
        if (s.w->link[i].open) {
            world_cut(&s.w->link[i]);
        }
    }
    world_run(s.w);
    (void)scene_sync(&s, s.device);
    (void)scene_sync(&s, s.other);
    (void)scene_sync(&s, s.region);
    (void)scene_sync(&s, s.device);
    (void)scene_sync(&s, s.other);
    struct world_link idle = scene_sync(&s, s.device);
    cr_expect_eq(idle.n_frames[0] + idle.n_frames[1], 3, "seed %llu: %zu + %zu frames", (unsigned long long)seed,
                 idle.n_frames[0], idle.n_frames[1]);
    scene_close(&s);
}

Test(session, any_history_ends_with_the_same_everywhere)
{
    for (uint64_t seed = 1; seed <= 60; seed++) {
        history(seed);
    }
}

static int64_t clock_offset_ms(struct world_node *office)
{
    struct pt_txn *txn = NULL;
    struct pt_bytes key;
    struct pt_bytes value;
    struct pt_arena arena;
    ProtobufCMessage *message = NULL;
    pt_arena_init(&arena, SIZE_MAX);
    cr_assert_eq(pt_store_begin_read(office->store, &txn), PT_OK);
    cr_assert_eq(pt_store_last(txn, PT_TABLE_PEERS, (struct pt_bytes){0}, &key, &value), PT_OK);
    cr_assert_eq(pt_unpack(&patuh__peer_record__descriptor, value, &arena, &message), PT_OK);
    int64_t offset_ms = ((const Patuh__PeerRecord *)message)->clock_offset_ms;
    pt_store_abort(txn);
    pt_arena_close(&arena);
    return offset_ms;
}

/* The Hello that side 0 has said arrives with another clock in it. */
static void feed_hello(struct world_link *link, int64_t wall_ms)
{
    struct pt_arena arena;
    struct pt_bytes said = pt_buf_bytes(&link->pipe[0]);
    struct pt_bytes bytes;
    struct pt_frames frames;
    ProtobufCMessage *message = NULL;
    pt_arena_init(&arena, SIZE_MAX);
    pt_frames_init(&frames, PT_FRAME_BYTES_MAX);
    cr_assert_eq(pt_frames_next(&frames, &said, &bytes), PT_OK);
    cr_assert_eq(pt_unpack(&patuh__frame__descriptor, bytes, &arena, &message), PT_OK);
    ((Patuh__Frame *)message)->hello->wall_ms = wall_ms;
    cr_assert_eq(pt_pack(message, &arena, &bytes), PT_OK);
    scene_unsay(link);
    world_feed(link, 1, bytes);
    pt_frames_close(&frames);
    pt_arena_close(&arena);
}

/* A clock that is off by more than a number holds is off by as much as it holds. */
Test(session, any_clock_of_a_peer_is_taken)
{
    static const struct {
        int64_t wall_ms;
        int64_t offset_ms;
    } rows[] = {{0, 1700000000000},
                {1700000000000, 0},
                {INT64_MAX, 1700000000000 - INT64_MAX},
                {1700000000000 - INT64_MAX, INT64_MAX},
                {1700000000000 - INT64_MAX - 1, INT64_MAX},
                {INT64_MIN, INT64_MAX}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scene s = scene_open(91);
        struct world_link *link = world_connect(s.w, s.device, s.region, false);
        feed_hello(link, rows[i].wall_ms);
        int64_t offset_ms = clock_offset_ms(s.region);
        cr_expect_eq(offset_ms, rows[i].offset_ms, "row %zu: %lld", i, (long long)offset_ms);
        world_cut(link);
        world_run(s.w);
        scene_close(&s);
    }
}
