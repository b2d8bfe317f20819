/* An office that lost the newest part of its store gets it back from whoever holds it. */
#include "core/log/receipts.h"
#include "support/scene.h"

#include <criterion/criterion.h>

/* A log of a node in an incarnation that it wrote in before. */
static struct pt_head old_head(const struct world_node *node, const struct world_node *author, uint64_t incarnation,
                               const char *subject)
{
    struct world_node before = *author;
    before.incarnation = incarnation;
    return world_head(node, &before, subject);
}

/* The backup becomes the store of an office, and nobody says so. What it receipted since is somewhere. */
static void roll_back(struct world_node *office, struct pt_store *backup)
{
    world_restore(office, backup);
    world_check_elsewhere(office);
}

Test(session_refill, a_clean_restart_changes_nothing)
{
    struct scene s = scene_open(1);
    world_assign(s.device, A1);
    world_write(s.device, A1, 20);
    (void)scene_sync(&s, s.device);
    uint64_t epoch = s.region->epoch;
    uint64_t incarnation = s.region->incarnation;
    world_power_cut(s.region);
    (void)scene_sync(&s, s.device);
    world_write(s.device, A1, 20);
    (void)scene_sync(&s, s.device);
    cr_expect_eq(s.region->epoch, epoch);
    cr_expect_eq(s.region->incarnation, incarnation);
    scene_close(&s);
}

/* The same epoch, and fewer arrivals than the peer has a receipt for. */
Test(session_refill, a_store_rolled_back_takes_a_new_epoch_before_it_signs)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct scene s = scene_open(seed);
        world_assign(s.device, A1);
        world_write(s.device, A1, 20);
        (void)scene_sync(&s, s.device);
        struct pt_store *backup = world_backup(s.region);
        world_write(s.device, A1, 40);
        (void)scene_sync(&s, s.device);
        struct pt_receipted before = world_receipted(s.device, s.device, A1, PT_TIER_REGION);
        uint64_t epoch = s.region->epoch;
        uint64_t incarnation = s.region->incarnation;
        roll_back(s.region, backup);
        struct world_link link = scene_sync(&s, s.device);
        cr_expect_not(link.fresh[0], "it is not the device that is older");
        cr_expect_neq(s.region->epoch, epoch, "seed %llu", (unsigned long long)seed);
        cr_expect_neq(s.region->incarnation, incarnation);
        cr_expect_eq(world_head(s.region, s.device, A1).seq, 60);
        struct pt_receipted after = world_receipted(s.device, s.device, A1, PT_TIER_REGION);
        cr_expect_eq(after.seq, before.seq);
        cr_expect_eq(before.epoch, epoch);
        cr_expect_eq(after.epoch, s.region->epoch, "what it signs now is another store's");
        epoch = s.region->epoch;
        (void)scene_sync(&s, s.device);
        cr_expect_eq(s.region->epoch, epoch, "once is enough");
        scene_close(&s);
    }
}

/* The first life's clock was years ahead: the device still says what the second one signed, so its loss is noticed. */
Test(session_refill, a_new_epoch_with_an_earlier_clock_rolled_back_is_noticed)
{
    struct scene s = scene_open(12);
    world_assign(s.device, A1);
    s.region->clock_ms = 10LL * 365 * 24 * 3600 * 1000;
    world_write(s.device, A1, 20);
    (void)scene_sync(&s, s.device);
    cr_assert_eq(world_renew(s.region), PT_OK, "as after a restore that its marker showed");
    s.region->clock_ms = 0;
    struct pt_store *backup = world_backup(s.region);
    world_write(s.device, A1, 20);
    (void)scene_sync(&s, s.device);
    uint64_t second = s.region->epoch;
    cr_assert_eq(world_receipted(s.device, s.device, A1, PT_TIER_REGION).epoch, second);
    roll_back(s.region, backup);
    cr_assert_eq(s.region->epoch, second);
    (void)scene_sync(&s, s.device);
    cr_expect_neq(s.region->epoch, second);
    cr_expect_eq(world_head(s.region, s.device, A1).seq, 40);
    scene_close(&s);
}

/* The device says that it has a receipt of this epoch for far more than is there. */
static void claim(struct world_node *device)
{
    struct pt_txn *txn = NULL;
    struct pt_receipt receipt = {.tier = PT_TIER_REGION,
                                 .author = device->author,
                                 .epoch = device->upper->epoch,
                                 .lsn = 1000000,
                                 .current = true};
    cr_assert_eq(pt_store_begin_write(device->store, &txn), PT_OK);
    cr_assert_eq(pt_receipt_store(txn, &receipt), PT_OK);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
}

/* Whoever found a lost key could keep an office from giving anything to anybody. */
Test(session_refill, the_word_of_who_was_revoked_begins_no_new_epoch)
{
    for (int revoked = 0; revoked < 2; revoked++) {
        struct scene s = scene_open(3);
        world_assign(s.device, A1);
        world_write(s.device, A1, 20);
        (void)scene_sync(&s, s.device);
        uint64_t epoch = s.region->epoch;
        s.device->revoked = revoked == 1;
        claim(s.device);
        (void)world_sync(s.w, s.device, s.region);
        cr_expect_eq(s.region->epoch == epoch, revoked == 1);
        scene_close(&s);
    }
}

/* Two devices notice, one after the other: one new epoch. */
Test(session_refill, the_second_device_finds_the_new_epoch)
{
    struct scene s = scene_open(11);
    world_assign(s.device, A1);
    world_assign(s.other, A2);
    struct pt_store *backup = world_backup(s.region);
    world_write(s.device, A1, 20);
    world_write(s.other, A2, 20);
    (void)scene_sync(&s, s.device);
    (void)scene_sync(&s, s.other);
    roll_back(s.region, backup);
    (void)scene_sync(&s, s.device);
    uint64_t epoch = s.region->epoch;
    (void)scene_sync(&s, s.other);
    cr_expect_eq(s.region->epoch, epoch);
    cr_expect_eq(world_head(s.region, s.device, A1).seq, 20);
    cr_expect_eq(world_head(s.region, s.other, A2).seq, 20);
    scene_close(&s);
}

/* What the office wrote after the backup, and what a colleague wrote, comes back from the one device that has it. */
Test(session_refill, a_device_brings_back_the_offices_own_logs_and_a_colleagues)
{
    for (uint64_t seed = 20; seed < 30; seed++) {
        struct scene s = scene_open(seed);
        world_assign(s.device, A1);
        struct pt_store *backup = world_backup(s.region);
        world_assign(s.device, A2);
        world_assign(s.other, A2);
        world_write(s.region, "o:62", 3);
        world_write(s.other, A2, 30);
        (void)scene_sync(&s, s.other);
        (void)scene_sync(&s, s.device);
        uint64_t old = s.region->incarnation;
        struct pt_head office = world_head(s.region, s.region, A2);
        roll_back(s.region, backup);
        cr_assert_eq(world_head(s.region, s.region, A2).seq, 0);
        (void)scene_sync(&s, s.device);
        cr_expect_neq(s.region->incarnation, old, "seed %llu", (unsigned long long)seed);
        struct pt_head back = old_head(s.region, s.region, old, A2);
        cr_expect_eq(back.seq, office.seq);
        cr_expect(pt_hash_eq(&back.link, &office.link));
        cr_expect_eq(old_head(s.region, s.region, old, "o:62").seq, 3);
        cr_expect_eq(world_head(s.region, s.other, A2).seq, 30, "the colleague's phone may be lost");
        world_write(s.region, A2, 2);
        world_write(s.region, "o:62", 1);
        (void)scene_sync(&s, s.device);
        cr_expect_eq(world_head(s.device, s.region, A2).seq, 2, "the new log stands beside the old one");
        cr_expect_eq(old_head(s.device, s.region, old, A2).seq, office.seq);
        cr_expect_not(old_head(s.device, s.region, old, A2).forked);
        struct world_link idle = scene_sync(&s, s.device);
        cr_expect_eq(idle.n_frames[0], 1, "all is equal again");
        scene_close(&s);
    }
}

/* The backup does not know that the device was ever assigned: the office's own log says so, and that may come. */
Test(session_refill, what_the_office_wrote_comes_back_although_it_is_not_in_scope)
{
    struct scene s = scene_open(31);
    struct pt_store *backup = world_backup(s.region);
    world_assign(s.device, A1);
    world_assign(s.other, A1);
    world_write(s.device, A1, 10);
    world_write(s.other, A1, 10);
    (void)scene_sync(&s, s.other);
    (void)scene_sync(&s, s.device);
    uint64_t old = s.region->incarnation;
    roll_back(s.region, backup);
    s.device->n_subjects = 0; /* as the office sees it */
    struct world_link link = world_sync(s.w, s.device, s.region);
    cr_expect_eq(link.reason[0], PT_OK, "failure %d", (int)link.failure[0]);
    cr_expect_eq(old_head(s.region, s.region, old, A1).seq, 2);
    cr_expect_eq(world_head(s.region, s.device, A1).seq, 10);
    cr_expect_eq(world_head(s.region, s.other, A1).seq, 0, "not before the office knows the scope again");
    s.device->n_subjects = 1;
    (void)scene_sync(&s, s.device);
    cr_expect_eq(world_head(s.region, s.other, A1).seq, 10);
    scene_close(&s);
}

Test(session_refill, a_region_brings_back_head_offices_own_logs)
{
    struct scene s = scene_open(40);
    world_write(s.head, "o:0", 2);
    world_write(s.head, "c:2023", 2);
    (void)scene_sync(&s, s.region);
    struct pt_store *backup = world_backup(s.head);
    world_write(s.head, "o:0", 3);
    world_write(s.head, "c:2023", 4);
    world_write(s.head, "c:2024", 5);
    world_assign(s.device, A1);
    world_write(s.device, A1, 30);
    (void)scene_sync(&s, s.device);
    (void)scene_sync(&s, s.region);
    uint64_t old = s.head->incarnation;
    roll_back(s.head, backup);
    (void)scene_sync(&s, s.region);
    cr_expect_neq(s.head->incarnation, old);
    cr_expect_eq(old_head(s.head, s.head, old, "o:0").seq, 5);
    cr_expect_eq(old_head(s.head, s.head, old, "c:2023").seq, 6);
    cr_expect_eq(old_head(s.head, s.head, old, "c:2024").seq, 5);
    cr_expect_eq(world_head(s.head, s.device, A1).seq, 30);
    world_write(s.head, "c:2023", 1);
    (void)scene_sync(&s, s.region);
    cr_expect_eq(world_head(s.region, s.head, "c:2023").seq, 1);
    scene_close(&s);
}

/* No receipt says so, but head office has more of the region's own log than the region has. */
Test(session_refill, a_region_rolled_back_hears_it_from_head_office)
{
    struct scene s = scene_open(41);
    world_write(s.region, "o:62", 2);
    (void)scene_sync(&s, s.region);
    struct pt_store *backup = world_backup(s.region);
    world_write(s.region, "o:62", 3);
    (void)scene_sync(&s, s.region);
    roll_back(s.region, backup);
    struct world_link link = world_sync(s.w, s.region, s.head);
    cr_expect_eq(link.reason[0], PT_OK);
    cr_expect(link.fresh[0]);
    cr_expect_eq(world_head(s.region, s.region, "o:62").seq, 5, "its own words are back");
    link = scene_sync(&s, s.region);
    cr_expect_not(link.fresh[0]);
    scene_close(&s);
}

/* Cut anywhere while it is refilled: the next session goes on. */
Test(session_refill, a_refill_that_was_cut_goes_on)
{
    for (size_t k = 200; k < 9000; k += 311) {
        struct scene s = scene_open(50);
        world_assign(s.device, A1);
        struct pt_store *backup = world_backup(s.region);
        world_write(s.region, "o:62", 20);
        world_write(s.device, A1, 200);
        (void)scene_sync(&s, s.device);
        uint64_t old = s.region->incarnation;
        roll_back(s.region, backup);
        struct world_link *link = world_connect(s.w, s.device, s.region, false);
        link->cut_after = k;
        world_run(s.w);
        (void)scene_sync(&s, s.device);
        cr_expect_eq(old_head(s.region, s.region, old, "o:62").seq, 20, "cut at %zu", k);
        cr_expect_eq(world_head(s.region, s.device, A1).seq, 200, "cut at %zu", k);
        scene_close(&s);
    }
}

/* It wrote on before anybody could tell it: its log is forked, and it goes on in another one. */
Test(session_refill, an_office_that_wrote_on_too_early_has_a_fork_and_a_new_log)
{
    struct scene s = scene_open(60);
    world_write(s.region, "o:62", 2);
    (void)scene_sync(&s, s.device);
    struct pt_store *backup = world_backup(s.region);
    world_write(s.region, "o:62", 3);
    (void)scene_sync(&s, s.device);
    roll_back(s.region, backup);
    world_write(s.region, "o:62", 1);
    uint64_t old = s.region->incarnation;
    struct world_link link = world_sync(s.w, s.device, s.region);
    cr_expect_eq(link.reason[0], PT_OK, "failure %d", (int)link.failure[0]);
    cr_expect(old_head(s.region, s.region, old, "o:62").forked);
    cr_expect_neq(s.region->incarnation, old);
    world_write(s.region, "o:62", 2);
    link = world_sync(s.w, s.device, s.region);
    cr_expect_eq(link.reason[0], PT_OK);
    cr_expect_eq(world_head(s.device, s.region, "o:62").seq, 2);
    scene_close(&s);
}
