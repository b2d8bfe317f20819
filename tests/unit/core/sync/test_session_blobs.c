#include "support/scene.h"

#include <criterion/criterion.h>
#include <string.h>

static struct pt_entry evidence(const struct pt_hash *hash)
{
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_ADD_EVIDENCE, 1700000000);
    entry.question = 1;
    entry.hash = *hash;
    entry.detail = pt_bytes_of("", 0);
    return entry;
}

static struct pt_entry note(const struct pt_hash *hash)
{
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_NOTE, 1700000000);
    entry.question = 1;
    entry.hash = *hash;
    return entry;
}

static bool has_text(struct world_node *node, const struct pt_hash *hash)
{
    struct pt_arena arena;
    struct pt_bytes content;
    struct pt_txn *txn = NULL;
    pt_arena_init(&arena, SIZE_MAX);
    cr_assert_eq(pt_store_begin(node->store, false, &txn), PT_OK);
    enum pt_err err = pt_text_content(txn, hash, &arena, &content);
    pt_store_abort(txn);
    pt_arena_close(&arena);
    return err == PT_OK;
}

static void keep_text(struct world_node *node, struct pt_bytes content)
{
    struct pt_hash hash;
    struct pt_txn *txn = NULL;
    cr_assert_eq(pt_store_begin(node->store, true, &txn), PT_OK);
    cr_assert_eq(pt_text_put(txn, content, &hash), PT_OK);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
}

Test(session_blobs, a_small_text_rides_along)
{
    struct scene s = scene_open(1);
    world_assign(s.device, A1);
    struct pt_hash text = world_text(s.device, true);
    struct pt_entry entry = note(&text);
    world_write_entry(s.device, A1, &entry);
    struct world_link link = scene_sync(&s, s.device);
    cr_expect(has_text(s.region, &text));
    cr_expect_eq(link.n_kind[1][8], 0, "it was asked for");
    scene_close(&s);
}

/* The text is not there when the entry goes out; in a later session it is asked for and comes. */
Test(session_blobs, a_text_that_came_later_is_asked_for)
{
    static const char content[] = "0123456789abcdefmenyusul";
    struct pt_bytes bytes = pt_bytes_str(content);
    struct scene s = scene_open(2);
    world_assign(s.device, A1);
    struct pt_hash text = pt_text_hash(bytes);
    struct pt_entry entry = note(&text);
    world_write_entry(s.device, A1, &entry);
    struct world_link link = scene_sync(&s, s.device);
    cr_expect_eq(link.n_kind[1][8], 1);
    cr_expect_not(has_text(s.region, &text));
    cr_expect_eq(world_receipted(s.device, s.device, A1, PT_TIER_REGION).seq, 1, "a text never holds up its entry");
    keep_text(s.device, bytes);
    (void)scene_sync(&s, s.device);
    cr_expect(has_text(s.region, &text));
    cr_expect_eq(world_count(s.region, PT_TABLE_WANTED), 0);
    scene_close(&s);
}

Test(session_blobs, a_file_comes_in_parts_after_all_entries)
{
    static const size_t sizes[] = {1, 16 * 1024, 16 * 1024 + 1, 70000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct scene s = scene_open(10 + i);
        world_assign(s.device, A1);
        struct pt_hash file = world_file(s.device, sizes[i]);
        struct pt_entry entry = evidence(&file);
        world_write_entry(s.device, A1, &entry);
        world_write(s.device, A1, 100);
        struct world_link link = scene_sync(&s, s.device);
        struct world_blob *blob = world_blob(s.region, &file);
        cr_assert_not_null(blob);
        cr_expect(blob->whole);
        cr_expect_eq(blob->bytes.n, sizes[i]);
        cr_expect_eq(link.n_kind[0][9], (sizes[i] + 16383) / 16384, "%zu parts", link.n_kind[0][9]);
        cr_expect_eq(world_count(s.region, PT_TABLE_WANTED), 0);
        scene_close(&s);
    }
}

/* Cut at many places: the parts that arrived are not sent again but for the first. */
Test(session_blobs, a_file_goes_on_where_it_was_cut)
{
    for (size_t k = 500; k < 75000; k += 4999) {
        struct scene s = scene_open(20);
        world_assign(s.device, A1);
        struct pt_hash file = world_file(s.device, 70000);
        struct pt_entry entry = evidence(&file);
        world_write_entry(s.device, A1, &entry);
        struct world_link *link = world_connect(s.w, s.device, s.region, false);
        link->cut_after = k;
        world_run(s.w);
        struct world_blob *blob = world_blob(s.region, &file);
        size_t staged = blob == NULL ? 0 : blob->bytes.n;
        struct world_link second = scene_sync(&s, s.device);
        cr_expect(world_blob(s.region, &file)->whole, "cut at %zu", k);
        cr_expect_leq(second.n_bytes[0], 70000 - staged + 16384 + 1000, "cut at %zu: %zu bytes", k, second.n_bytes[0]);
        scene_close(&s);
    }
}

Test(session_blobs, what_does_not_fit_its_hash_is_dropped_and_holds_up_nothing)
{
    struct scene s = scene_open(30);
    world_assign(s.device, A1);
    struct pt_hash wrong = world_file(s.device, 40000);
    struct pt_hash right = world_file(s.device, 20000);
    struct pt_hash absent = pt_hash1(PT_CONTEXT_BLOB, pt_bytes_str("nowhere"));
    struct pt_entry entries[] = {evidence(&wrong), evidence(&absent), evidence(&right)};
    for (size_t i = 0; i < 3; i++) {
        world_write_entry(s.device, A1, &entries[i]);
    }
    world_blob(s.device, &wrong)->bytes.data[39999] ^= 1;
    (void)scene_sync(&s, s.device);
    cr_expect_not(world_blob(s.region, &wrong)->whole);
    cr_expect(world_blob(s.region, &right)->whole);
    cr_expect_eq(world_count(s.region, PT_TABLE_WANTED), 2);
    cr_expect_eq(world_receipted(s.device, s.device, A1, PT_TIER_REGION).seq, 3);
    world_blob(s.device, &wrong)->bytes.data[39999] ^= 1;
    (void)scene_sync(&s, s.device);
    cr_expect(world_blob(s.region, &wrong)->whole);
    scene_close(&s);
}

/* A blob that is here already, because two entries name it, does not travel again. */
Test(session_blobs, a_file_travels_once)
{
    struct scene s = scene_open(31);
    world_assign(s.device, A1);
    struct pt_hash file = world_file(s.device, 30000);
    struct pt_entry entry = evidence(&file);
    world_write_entry(s.device, A1, &entry);
    (void)scene_sync(&s, s.device);
    world_write_entry(s.device, A1, &entry);
    struct world_link link = scene_sync(&s, s.device);
    cr_expect_leq(link.n_bytes[0], 1000, "%zu bytes", link.n_bytes[0]);
    cr_expect_eq(world_count(s.region, PT_TABLE_WANTED), 0);
    scene_close(&s);
}

/* A device does not ask for others' photos; its office does, also through a live session from below. */
Test(session_blobs, photos_stay_at_the_office)
{
    struct scene s = scene_open(32);
    world_assign(s.device, A1);
    world_assign(s.other, A1);
    struct pt_hash file = world_file(s.device, 30000);
    struct pt_entry entry = evidence(&file);
    world_write_entry(s.device, A1, &entry);
    (void)scene_sync(&s, s.device);
    (void)scene_sync(&s, s.other);
    cr_expect_null(world_blob(s.other, &file));
    cr_expect_eq(world_count(s.other, PT_TABLE_WANTED), 0);
    (void)scene_sync(&s, s.region);
    cr_expect(world_blob(s.head, &file)->whole);
    scene_close(&s);
}

/* Notes whose texts are missing here and there, in both directions of a live session: each that exists arrives. */
Test(session_blobs, texts_named_while_others_are_asked_for_are_not_forgotten)
{
    for (uint64_t seed = 40; seed < 60; seed++) {
        struct scene s = scene_open(seed);
        struct world_link *live = world_connect(s.w, s.region, s.head, true);
        struct pt_hash there[12];
        for (size_t i = 0; i < 12; i++) {
            struct pt_hash absent = world_text(s.region, false);
            struct pt_entry entry = note(&absent);
            world_write_entry(s.region, A1, &entry);
            there[i] = world_file(s.region, 100 + i);
            entry = evidence(&there[i]);
            world_write_entry(s.region, A1, &entry);
            for (uint64_t steps = seed % 7; steps > 0 && world_step(s.w); steps--) {
            }
        }
        world_run(s.w);
        for (size_t i = 0; i < 12; i++) {
            struct world_blob *blob = world_blob(s.head, &there[i]);
            cr_expect(blob != NULL && blob->whole, "seed %llu, file %zu", (unsigned long long)seed, i);
        }
        world_cut(live);
        world_run(s.w);
        scene_close(&s);
    }
}
