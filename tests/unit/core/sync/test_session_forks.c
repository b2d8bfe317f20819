/* Forked logs over the wire: every branch reaches every office, in any order, and then all is quiet. */
#include "core/log/branches.h"
#include "support/scene.h"

#include <criterion/criterion.h>
#include <stdio.h>

static size_t pick(uint64_t *state, size_t n)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (size_t)((*state >> 33) % n);
}

static size_t n_branches(struct world_node *node, struct world_node *author)
{
    struct pt_head head = world_head(node, author, A1);
    struct pt_arena arena;
    struct pt_fork fork = {0};
    struct pt_txn *txn = NULL;
    pt_arena_init(&arena, SIZE_MAX);
    cr_assert_eq(pt_store_begin_read(node->store, &txn), PT_OK);
    cr_assert_eq(pt_logs_fork(txn, &head, 0, &arena, &fork), PT_OK);
    pt_store_abort(txn);
    pt_arena_close(&arena);
    return fork.n;
}

/* How many ends of branches the office of this tier holds, as the node's receipts say. */
static size_t n_held(struct world_node *node, enum pt_tier tier)
{
    struct pt_head head = world_head(node, node, A1);
    struct pt_arena arena;
    struct pt_receipted *rows;
    size_t n = 0;
    struct pt_txn *txn = NULL;
    pt_arena_init(&arena, SIZE_MAX);
    cr_assert_eq(pt_store_begin_read(node->store, &txn), PT_OK);
    cr_assert_eq(pt_receipts_held(txn, &head, tier, &arena, &rows, &n), PT_OK);
    pt_store_abort(txn);
    pt_arena_close(&arena);
    return n;
}

static void expect_idle(struct scene *s, struct world_node *node)
{
    struct world_link idle = scene_sync(s, node);
    cr_expect_eq(idle.n_frames[0], 1, "seed %llu: %zu frames up", (unsigned long long)s->w->seed, idle.n_frames[0]);
    cr_expect_eq(idle.n_frames[1], 2, "seed %llu: %zu frames down", (unsigned long long)s->w->seed, idle.n_frames[1]);
    cr_expect_eq(idle.counts[0].chunks_sent + idle.counts[1].chunks_sent, 0);
}

/* A device that was synced up to entry 5 and then copied. */
static struct scene cloned_scene(uint64_t seed, struct world_node **clone)
{
    struct scene s = scene_open(seed);
    s.w->piece_max = seed % 2 == 0 ? 0 : 1 + seed % 700;
    world_assign(s.device, A1);
    world_write(s.device, A1, 5);
    (void)scene_sync(&s, s.device);
    (void)scene_sync(&s, s.region);
    (void)scene_sync(&s, s.device);
    *clone = world_clone(s.device);
    return s;
}

Test(session_forks, a_clone_that_synced_second_is_held_at_head_office_too)
{
    struct world_node *clone;
    struct scene s = cloned_scene(2, &clone);
    world_write(s.device, A1, 5);
    world_write(clone, A1, 3);
    (void)scene_sync(&s, s.device);
    (void)scene_sync(&s, s.region);
    (void)scene_sync(&s, s.device);
    cr_expect_eq(world_receipted(s.device, s.device, A1, PT_TIER_NATIONAL).seq, 10);
    (void)scene_sync(&s, clone);
    struct world_link up = scene_sync(&s, s.region);
    cr_expect_eq(up.counts[0].chunks_sent, 1, "only the branch that came: %u", up.counts[0].chunks_sent);
    cr_expect_eq(n_branches(s.head, s.device), 2);
    cr_expect_eq(world_head(s.head, s.device, A1).seq, 5);
    struct world_link back = scene_sync(&s, s.device);
    cr_expect_eq(back.counts[0].chunks_sent, 0, "the office has the device's own branch: it does not go again");
    cr_expect_eq(back.counts[0].chunks_received, 1);
    expect_idle(&s, s.device);
    cr_expect_eq(world_receipted(s.device, s.device, A1, PT_TIER_REGION).seq, 5, "what counts ends at the fork");
    cr_expect_eq(world_receipted(s.device, s.device, A1, PT_TIER_NATIONAL).seq, 5);
    cr_expect_eq(n_held(s.device, PT_TIER_REGION), 2);
    cr_expect_eq(n_held(s.device, PT_TIER_NATIONAL), 2);
    expect_idle(&s, s.device);
    (void)scene_sync(&s, clone);
    expect_idle(&s, clone);
    expect_idle(&s, s.region);
    scene_close(&s);
}

/* Both copies go on syncing for weeks: one of them takes an incarnation of its own, and that is that. */
Test(session_forks, each_of_two_copies_keeps_its_salt_once_it_has_its_own_incarnation)
{
    struct world_node *clone;
    struct scene s = cloned_scene(12, &clone);
    struct world_node *copies[] = {s.device, clone};
    size_t n_fresh = 0;
    for (size_t i = 0; i < 20; i++) {
        struct world_link link = scene_sync(&s, copies[i % 2]);
        if (link.fresh[0]) {
            cr_assert_eq(world_renew(copies[i % 2]), PT_OK);
            n_fresh++;
        }
    }
    cr_expect_eq(n_fresh, 1, "%zu new incarnations", n_fresh);
    cr_expect_neq(s.device->incarnation, clone->incarnation);
    world_write(s.device, A1, 2);
    world_write(clone, A1, 3);
    (void)scene_sync(&s, s.device);
    (void)scene_sync(&s, clone);
    cr_expect_eq(world_head(s.region, s.device, A1).seq + world_head(s.region, clone, A1).seq, 5 + 2 + 3);
    cr_expect_eq(n_branches(s.region, s.device), 0, "nothing is forked");
    scene_close(&s);
}

Test(session_forks, a_fork_in_a_live_session_goes_up_at_once)
{
    struct world_node *clone;
    struct scene s = cloned_scene(4, &clone);
    world_write(s.device, A1, 5);
    world_write(clone, A1, 3);
    struct world_link *up = world_connect(s.w, s.region, s.head, true);
    (void)world_connect(s.w, s.device, s.region, true);
    world_run(s.w);
    (void)world_connect(s.w, clone, s.region, false);
    world_run(s.w);
    cr_expect_eq(n_branches(s.head, s.device), 2);
    cr_expect_eq(n_held(clone, PT_TIER_REGION), 2);
    cr_expect(up->open);
    for (size_t i = 0; i < s.w->n_links; i++) {
        if (s.w->link[i].open) {
            world_cut(&s.w->link[i]);
        }
    }
    world_run(s.w);
    (void)scene_sync(&s, s.device);
    expect_idle(&s, s.device);
    expect_idle(&s, s.region);
    scene_close(&s);
}

/* Three copies write after the same entry and sync in any order, while sessions break and the region's runs. */
static void any_order(uint64_t seed)
{
    struct world_node *clone;
    struct scene s = cloned_scene(seed, &clone);
    struct world_node *third = world_clone(s.device);
    struct world_node *nodes[] = {s.device, clone, third, s.region};
    uint64_t state = seed;
    s.w->lifo = seed % 3 == 0;
    world_write(s.device, A1, 1 + pick(&state, 60));
    world_write(clone, A1, 1 + pick(&state, 60));
    world_write(third, A1, 1 + pick(&state, 60));
    for (size_t i = 0; i < 12; i++) {
        struct world_node *node = nodes[pick(&state, 4)];
        if (world_open_links(s.w) < 5) {
            struct world_link *link = world_connect(s.w, node, node->upper, pick(&state, 3) == 0);
            link->cut_after = pick(&state, 3) == 0 ? pick(&state, 4000) : link->cut_after;
        }
        for (size_t steps = pick(&state, 60); steps > 0 && world_step(s.w); steps--) {
        }
        if (pick(&state, 3) == 0 && !world_head(nodes[i % 3], s.device, A1).forked) {
            world_write(nodes[i % 3], A1, 1 + pick(&state, 9));
        }
    }
    for (size_t i = 0; i < WORLD_LINKS_MAX; i++) {
        if (s.w->link[i].open) {
            world_cut(&s.w->link[i]);
        }
    }
    world_run(s.w);
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < 4; i++) {
            (void)world_sync(s.w, nodes[i], nodes[i]->upper);
        }
    }
    struct pt_head office = world_head(s.head, s.device, A1);
    cr_expect(office.forked && office.seq == 5, "seed %llu: head at %llu", (unsigned long long)seed,
              (unsigned long long)office.seq);
    for (size_t i = 0; i < 4; i++) {
        struct pt_head head = world_head(nodes[i], s.device, A1);
        cr_expect(head.forked && head.seq == office.seq && pt_hash_eq(&head.link, &office.link), "seed %llu: node %zu",
                  (unsigned long long)seed, i);
        cr_expect_eq(n_branches(nodes[i], s.device), 3, "seed %llu: node %zu has %zu", (unsigned long long)seed, i,
                     n_branches(nodes[i], s.device));
        cr_expect_eq(head.n_parked, 0);
        expect_idle(&s, nodes[i]);
    }
    scene_close(&s);
}

Test(session_forks, three_branches_in_any_order_are_the_same_everywhere)
{
    for (uint64_t seed = 1; seed <= 60; seed++) {
        any_order(seed);
    }
}

Test(session_forks, a_fork_of_the_first_chunk_counts_nowhere_and_is_quiet)
{
    struct scene s = scene_open(7);
    world_assign(s.device, A1);
    (void)scene_sync(&s, s.device);
    struct world_node *clone = world_clone(s.device);
    world_write(s.device, A1, 4);
    world_write(clone, A1, 2);
    struct world_node *order[] = {s.device, s.region, clone, s.region, s.device, clone, s.device, clone};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        (void)world_sync(s.w, order[i], order[i]->upper);
    }
    cr_expect_eq(world_head(s.head, s.device, A1).seq, 0);
    cr_expect_eq(n_branches(s.head, s.device), 2);
    cr_expect_eq(world_receipted(s.device, s.device, A1, PT_TIER_NATIONAL).seq, 0);
    expect_idle(&s, s.device);
    expect_idle(&s, clone);
    expect_idle(&s, s.region);
    scene_close(&s);
}

/* The chunk that the clone's branch goes on with comes before the branch itself. */
Test(session_forks, a_branch_whose_beginning_is_late_waits_parked_and_is_then_held)
{
    struct world_node *clone;
    struct scene s = cloned_scene(8, &clone);
    struct pt_arena arena;
    pt_arena_init(&arena, SIZE_MAX);
    world_write(s.device, A1, 4);
    (void)scene_sync(&s, s.device);
    world_write(clone, A1, 3);
    world_write(clone, A1, 2);
    Patuh__Frame *late = scene_chunks(clone, clone, A1, 9, &arena);
    struct world_link *link = world_connect(s.w, clone, s.region, false);
    size_t n_hello = 4 + ((size_t)link->pipe[0].data[2] << 8 | link->pipe[0].data[3]);
    link->pipe[0].n = n_hello;
    scene_put(link, late);
    link->cut_after = link->pipe[0].n;
    world_run(s.w);
    cr_expect_eq(world_count(s.region, PT_TABLE_PARKED), 1);
    cr_expect_not(world_head(s.region, s.device, A1).forked, "what is parked makes no fork");
    (void)scene_sync(&s, s.region);
    (void)world_sync(s.w, clone, s.region);
    cr_expect_eq(world_count(s.region, PT_TABLE_PARKED), 0);
    cr_expect_eq(n_branches(s.region, s.device), 2);
    (void)world_sync(s.w, s.region, s.head);
    (void)world_sync(s.w, clone, s.region);
    cr_expect_eq(n_branches(s.head, s.device), 2);
    expect_idle(&s, clone);
    expect_idle(&s, s.region);
    pt_arena_close(&arena);
    scene_close(&s);
}

/* An office that lost its store and was filled again has both branches, from below and from above. */
Test(session_forks, a_region_that_lost_everything_gets_every_branch_back)
{
    struct world_node *clone;
    struct scene s = cloned_scene(10, &clone);
    struct pt_store *backup = world_backup(s.region);
    world_write(s.device, A1, 4);
    world_write(clone, A1, 3);
    (void)scene_sync(&s, s.device);
    (void)scene_sync(&s, clone);
    (void)scene_sync(&s, s.region);
    s.w->n_promises = 0; /* the office breaks them by losing its disk */
    world_restore(s.region, backup);
    s.region->epoch++;
    s.w->now_ms += 1000;
    (void)world_sync(s.w, s.region, s.head);
    cr_expect_eq(n_branches(s.region, s.device), 2, "from above");
    (void)world_sync(s.w, s.region, s.head);
    (void)world_sync(s.w, s.device, s.region);
    (void)world_sync(s.w, s.device, s.region);
    expect_idle(&s, s.device);
    expect_idle(&s, s.region);
    scene_close(&s);
}
