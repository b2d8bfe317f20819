/* An office that was restored takes, and gives nothing before it has back what others have of it. */
#include "core/sync/peers.h"
#include "core/wire/pack.h"
#include "support/scene.h"

#include <criterion/criterion.h>

/* Found out while nobody is connected. */
static void renew(struct world_node *office)
{
    cr_assert_eq(world_renew(office), PT_OK);
    cr_assert(office->refilling);
    office->asks_anew = false;
}

/* A region that was restored, with a device and a colleague who both hand in. */
static struct scene restored_region(uint64_t seed)
{
    struct scene s = scene_open(seed);
    s.w->refills = true;
    world_assign(s.device, A1);
    world_assign(s.other, A1);
    world_write(s.device, A1, 20);
    (void)scene_sync(&s, s.device);
    (void)scene_sync(&s, s.region);
    world_write(s.other, A1, 10);
    renew(s.region);
    return s;
}

Test(session_refilling, a_restored_region_takes_and_receipts_and_gives_nothing)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct scene s = restored_region(seed);
        struct world_link link = world_sync(s.w, s.other, s.region);
        cr_expect_eq(link.reason[0], PT_OK, "the session ends well");
        cr_expect_eq(world_head(s.region, s.other, A1).seq, 10);
        cr_expect_eq(world_receipted(s.other, s.other, A1, PT_TIER_REGION).seq, 10);
        cr_expect_eq(world_head(s.other, s.device, A1).seq, 0, "what it has may not be all");
        cr_expect_eq(world_head(s.other, s.region, "o:62").seq, 0);
        scene_close(&s);
    }
}

Test(session_refilling, head_office_refills_a_region)
{
    struct scene s = restored_region(20);
    (void)world_sync(s.w, s.region, s.head);
    cr_expect_not(s.region->refilling);
    cr_expect_eq(s.w->n_refilled, 1);
    (void)scene_sync(&s, s.other);
    cr_expect_eq(world_head(s.other, s.device, A1).seq, 20);
    scene_close(&s);
}

/* A region that is to be refilled by head office, which is to be refilled by it: neither waits for ever. */
Test(session_refilling, both_offices_at_once)
{
    struct scene s = restored_region(21);
    renew(s.head);
    (void)world_sync(s.w, s.region, s.head);
    cr_expect_not(s.head->refilling, "all its regions have brought what they have");
    cr_expect(s.region->refilling, "it has got nothing yet");
    (void)world_sync(s.w, s.region, s.head);
    cr_expect_not(s.region->refilling);
    scene_close(&s);
}

static bool has_delivered(const struct scene *s)
{
    struct pt_txn *txn;
    bool has = false;
    cr_assert_eq(pt_store_begin_read(s->head->store, &txn), PT_OK);
    cr_assert_eq(pt_peer_has_delivered(txn, &s->region->author, s->head->epoch, &has), PT_OK);
    pt_store_abort(txn);
    return has;
}

/* Head office waits for each region: the one that was there, or only said Hello, is not enough. */
Test(session_refilling, head_office_waits_for_every_region)
{
    struct scene s = restored_region(22);
    struct world_node *second = world_node(s.w, PT_TIER_REGION, "75", s.head);
    (void)world_sync(s.w, s.region, s.head);
    renew(s.head);
    cr_expect_not(has_delivered(&s));
    world_write(s.region, A1, 300);
    struct world_link *link = world_connect(s.w, s.region, s.head, false);
    link->cut_after = 1000;
    world_run(s.w);
    cr_expect_not(has_delivered(&s), "the connection was lost");
    (void)world_sync(s.w, s.region, s.head);
    cr_expect(has_delivered(&s));
    cr_expect(s.head->refilling);
    (void)world_sync(s.w, second, s.head);
    cr_expect_not(s.head->refilling);
    uint64_t epoch = s.head->epoch;
    (void)scene_sync(&s, s.region);
    cr_expect(has_delivered(&s), "a later Hello keeps it");
    cr_assert_eq(s.head->epoch, epoch);
    renew(s.head);
    cr_expect_not(has_delivered(&s), "that was another life");
    scene_close(&s);
}

/* Restored in the middle of a session: what waits to go out does not go. */
Test(session_refilling, what_was_on_its_way_out_stays)
{
    struct scene s = scene_open(23);
    s.w->refills = true;
    world_assign(s.device, A1);
    world_assign(s.other, A1);
    world_write(s.device, A1, 60000);
    (void)scene_sync(&s, s.device);
    struct world_link *link = world_connect(s.w, s.other, s.region, false);
    while (link->n_kind[1][3] == 0 && world_step(s.w)) { /* the first Chunks */
    }
    cr_assert(link->more[1], "there is more than one step takes");
    cr_assert_eq(world_renew(s.region), PT_OK);
    world_run(s.w); /* the world watches what leaves */
    cr_expect_eq(link->reason[0], PT_OK);
    cr_expect_lt(world_head(s.other, s.device, A1).seq, 60000);
    (void)world_sync(s.w, s.region, s.head);
    (void)scene_sync(&s, s.other);
    cr_expect_eq(world_head(s.other, s.device, A1).seq, 60000);
    scene_close(&s);
}

Test(session_refilling, nobody_else_may_say_that_it_has_delivered)
{
    struct scene s = scene_open(24);
    Patuh__Settled settled = PATUH__SETTLED__INIT;
    Patuh__Frame frame = PATUH__FRAME__INIT;
    frame.settled = &settled;
    struct world_link *link = world_connect(s.w, s.region, s.head, true);
    world_run(s.w);
    scene_put(link, &frame);
    world_run(s.w);
    cr_expect_eq(link->failure[1], PATUH__FAILURE_CODE__FAILURE_PROTOCOL);
    cr_expect_not(has_delivered(&s));
    scene_close(&s);
}

/* Each of those who write about a peer leaves alone what the others wrote. */
Test(session_refilling, what_is_known_of_a_peer_is_kept_field_by_field)
{
    struct scene s = scene_open(25);
    struct pt_peer_visit visit = {.salt = 7, .salt_before = 6, .epoch = 5, .seen_ms = 100, .offset_ms = -3};
    struct pt_peer_visit found = {0};
    const struct pt_author *author = &s.other->author;
    struct pt_txn *txn;
    bool has = false;
    cr_assert_eq(pt_store_begin_write(s.head->store, &txn), PT_OK);
    cr_assert_eq(pt_peer_last(txn, author, &found), PT_ENOTFOUND);
    cr_assert_eq(pt_peer_put(txn, author, 0, &visit), PT_OK);
    cr_assert_eq(pt_peer_put_delivered(txn, author, 0, 5), PT_OK);
    cr_assert_eq(pt_peer_put_seen(txn, author, 200), PT_OK);
    cr_assert_eq(pt_peer_get(txn, author, 0, &found), PT_OK);
    cr_expect_eq(found.salt, 7);
    cr_expect_eq(found.salt_before, 6);
    cr_expect_eq(found.epoch, 5);
    cr_expect_eq(found.seen_ms, 200);
    cr_expect_eq(found.offset_ms, -3);
    cr_assert_eq(pt_peer_put(txn, author, 0, &visit), PT_OK);
    cr_assert_eq(pt_peer_has_delivered(txn, author, 5, &has), PT_OK);
    cr_expect(has);
    cr_assert_eq(pt_peer_last(txn, author, &found), PT_OK);
    cr_expect_eq(found.seen_ms, 100);
    pt_store_abort(txn);
    scene_close(&s);
}
