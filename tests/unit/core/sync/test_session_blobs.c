#include "core/log/texts.h"
#include "support/logs_kit.h"
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
    cr_assert_eq(pt_store_begin_read(node->store, &txn), PT_OK);
    struct pt_subject subject = kit_subject(A1);
    enum pt_err err = pt_text_content(txn, &subject, hash, &arena, &content);
    pt_store_abort(txn);
    pt_arena_close(&arena);
    return err == PT_OK;
}

static void keep_text(struct world_node *node, struct pt_bytes content)
{
    struct pt_hash hash;
    struct pt_txn *txn = NULL;
    cr_assert_eq(pt_store_begin_write(node->store, &txn), PT_OK);
    struct pt_subject subject = kit_subject(A1);
    cr_assert_eq(pt_text_put(txn, &subject, content, &hash), PT_OK);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
}

static bool is_receipted(struct world_node *node, const struct pt_hash *hash, enum pt_tier tier)
{
    struct pt_blob_receipted receipted;
    struct pt_txn *txn = NULL;
    cr_assert_eq(pt_store_begin_read(node->store, &txn), PT_OK);
    cr_assert_eq(pt_blob_receipted(txn, hash, tier, &receipted), PT_OK);
    pt_store_abort(txn);
    return receipted.found;
}

Test(session_blobs, a_small_text_rides_along)
{
    struct scene s = scene_open(1);
    world_assign(s.device, A1);
    struct pt_hash text = world_text(s.device, A1, true);
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

/* Cut at many places: the parts that arrived are not sent again. */
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
        cr_expect_leq(second.n_bytes[0], 70000 - staged + 1500, "cut at %zu: %zu bytes", k, second.n_bytes[0]);
        scene_close(&s);
    }
}

/* Every session brings one part and a bit: each goes on from what the one before has left. */
Test(session_blobs, short_sessions_bring_a_large_file)
{
    struct scene s = scene_open(22);
    world_assign(s.device, A1);
    (void)scene_sync(&s, s.device);
    struct pt_hash file = world_file(s.device, 70000);
    struct pt_entry entry = evidence(&file);
    world_write_entry(s.device, A1, &entry);
    struct world_blob *blob = NULL;
    size_t n_sessions = 0;
    for (; n_sessions < 10 && (blob == NULL || !blob->whole); n_sessions++) {
        struct world_link *link = world_connect(s.w, s.device, s.region, false);
        link->cut_after = 20000;
        world_run(s.w);
        blob = world_blob(s.region, &file);
    }
    cr_assert_not_null(blob);
    cr_expect(blob->whole, "%zu bytes after %zu sessions", blob->bytes.n, n_sessions);
    scene_close(&s);
}

/* Somebody said that a file is larger than it is, and sent as much; whoever has it says how large it is. */
Test(session_blobs, parts_of_a_file_said_to_be_larger_hold_up_nothing)
{
    static const char lie[2000] = {1};
    struct scene s = scene_open(23);
    world_assign(s.device, A1);
    struct pt_hash file = world_file(s.device, 1000);
    struct pt_blob_ops ops = world_blob_ops(s.region);
    uint64_t next = 0;
    bool complete = true;
    s.region->writing = true;
    cr_assert_eq(ops.append(ops.data, &file, 0, 5000, pt_bytes_of(lie, sizeof lie), &next, &complete), PT_OK);
    s.region->writing = false;
    cr_assert_eq(next, sizeof lie);
    struct pt_entry entry = evidence(&file);
    world_write_entry(s.device, A1, &entry);
    struct world_link link = scene_sync(&s, s.device);
    cr_expect(world_blob(s.region, &file)->whole);
    cr_expect_eq(link.n_kind[0][9], 2, "%zu parts", link.n_kind[0][9]);
    cr_expect(is_receipted(s.device, &file, PT_TIER_REGION));
    scene_close(&s);
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

/* A device does not ask for others' photos, nor does head office ask its regions for them. */
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
    cr_expect_null(world_blob(s.head, &file));
    cr_expect_eq(world_count(s.head, PT_TABLE_WANTED), 0);
    cr_expect_not(is_receipted(s.device, &file, PT_TIER_NATIONAL));
    scene_close(&s);
}

/* A device that enrolled at head office has no other office to bring its photos to. */
Test(session_blobs, head_office_takes_the_photos_of_its_own_devices)
{
    struct scene s = scene_open(33);
    struct world_node *device = world_node(s.w, 0, "", s.head);
    world_assign(device, A1);
    struct pt_hash file = world_file(device, 30000);
    struct pt_entry entry = evidence(&file);
    world_write_entry(device, A1, &entry);
    (void)scene_sync(&s, device);
    cr_expect(world_blob(s.head, &file)->whole);
    cr_expect(is_receipted(device, &file, PT_TIER_NATIONAL));
    scene_close(&s);
}

/* Notes whose texts are missing in one direction of a live session, tables in the other: all that exists arrives. */
Test(session_blobs, files_named_while_others_are_asked_for_are_not_forgotten)
{
    for (uint64_t seed = 40; seed < 60; seed++) {
        struct scene s = scene_open(seed);
        struct world_link *live = world_connect(s.w, s.region, s.head, true);
        struct pt_hash there[12];
        for (size_t i = 0; i < 12; i++) {
            struct pt_hash absent = world_text(s.region, A1, false);
            struct pt_entry entry = note(&absent);
            world_write_entry(s.region, A1, &entry);
            absent = world_text(s.head, A1, false);
            entry = note(&absent);
            world_write_entry(s.head, A1, &entry);
            there[i] = world_file(s.head, 100 + i);
            entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_REGISTRY, 1700000000);
            entry.hash = there[i];
            entry.detail = pt_bytes_of("", 0);
            world_write_entry(s.head, "c:2023", &entry);
            for (uint64_t steps = seed % 7; steps > 0 && world_step(s.w); steps--) {
            }
        }
        world_run(s.w);
        for (size_t i = 0; i < 12; i++) {
            struct world_blob *blob = world_blob(s.region, &there[i]);
            cr_expect(blob != NULL && blob->whole, "seed %llu, file %zu", (unsigned long long)seed, i);
        }
        world_cut(live);
        world_run(s.w);
        scene_close(&s);
    }
}

/* Instrument, tables, and the pins of a result that was fixed. */
Test(session_blobs, a_region_gets_every_file_of_a_cycle)
{
    static const Patuh__EntryKind kinds[] = {PATUH__ENTRY_KIND__ENTRY_INSTRUMENT, PATUH__ENTRY_KIND__ENTRY_REGISTRY,
                                             PATUH__ENTRY_KIND__ENTRY_RESULTS, PATUH__ENTRY_KIND__ENTRY_FIX};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct scene s = scene_open(61);
        struct pt_hash file = world_file(s.head, 20000);
        struct pt_entry entry = pt_entry_of(kinds[i], 1700000000);
        entry.hash = file;
        entry.detail = pt_bytes_of("", 0);
        world_write_entry(s.head, "c:2023", &entry);
        (void)scene_sync(&s, s.region);
        struct world_blob *blob = world_blob(s.region, &file);
        cr_expect(blob != NULL && blob->whole, "kind %d", (int)kinds[i]);
        cr_expect_eq(world_count(s.region, PT_TABLE_WANTED), 0, "kind %d", (int)kinds[i]);
        scene_close(&s);
    }
}

/* --- receipts and offers --- */

enum { OFFER = 14 }; /* of n_kind */

Test(session_blobs, a_file_is_receipted_when_it_is_whole)
{
    struct scene s = scene_open(70);
    world_assign(s.device, A1);
    struct pt_hash file = world_file(s.device, 20000);
    struct pt_hash absent = pt_hash1(PT_CONTEXT_BLOB, pt_bytes_str("nowhere"));
    struct pt_entry entries[] = {evidence(&file), evidence(&absent)};
    world_write_entries(s.device, A1, entries, 2);
    cr_expect_not(is_receipted(s.device, &file, PT_TIER_REGION));
    struct world_link link = scene_sync(&s, s.device);
    cr_expect(is_receipted(s.device, &file, PT_TIER_REGION));
    cr_expect_not(is_receipted(s.device, &absent, PT_TIER_REGION), "the entry has a receipt, its content has none");
    cr_expect_eq(link.n_kind[0][OFFER], 0, "what is new is asked for without an offer");
    scene_close(&s);
}

Test(session_blobs, nothing_to_offer_costs_nothing)
{
    size_t n_bytes[2];
    for (size_t i = 0; i < 2; i++) {
        struct scene s = scene_open(71);
        world_assign(s.device, A1);
        struct pt_hash file = world_file(s.device, 20000);
        struct pt_entry entry = evidence(&file);
        if (i == 1) {
            world_write_entry(s.device, A1, &entry);
        }
        (void)scene_sync(&s, s.device);
        struct world_link idle = scene_sync(&s, s.device);
        cr_expect_eq(idle.n_frames[0], 1, "Hello alone");
        cr_expect_eq(idle.n_kind[0][OFFER], 0);
        n_bytes[i] = idle.n_bytes[0] + idle.n_bytes[1];
        scene_close(&s);
    }
    cr_expect_leq(n_bytes[1], n_bytes[0] + 16, "%zu, with evidence %zu", n_bytes[0], n_bytes[1]); /* varints, epoch */
}

/* The office has the whole file, and the connection breaks before its receipt arrives. */
Test(session_blobs, a_receipt_lost_after_the_blob_was_stored_comes_again)
{
    bool seen = false;
    struct scene s = scene_open(72);
    world_assign(s.device, A1);
    struct pt_hash file = world_file(s.device, 20000);
    struct pt_entry entry = evidence(&file);
    world_write_entry(s.device, A1, &entry);
    struct world_link *link = world_connect(s.w, s.device, s.region, false);
    while (!seen && world_step(s.w)) {
        struct world_blob *blob = world_blob(s.region, &file);
        seen = blob != NULL && blob->whole && world_count(s.region, PT_TABLE_WANTED) == 0;
    }
    cr_assert(seen);
    world_cut(link);
    world_run(s.w);
    cr_expect_not(is_receipted(s.device, &file, PT_TIER_REGION));
    struct world_link second = scene_sync(&s, s.device);
    cr_expect_eq(second.n_kind[0][OFFER], 1);
    cr_expect_eq(second.n_kind[0][9], 0, "no part goes again");
    cr_expect(is_receipted(s.device, &file, PT_TIER_REGION));
    struct world_link third = scene_sync(&s, s.device);
    cr_expect_eq(third.n_kind[0][OFFER], 0);
    scene_close(&s);
}

static void cut_and_resume(size_t file_bytes, size_t k, bool *whole)
{
    struct scene s = scene_open(73);
    s.w->quick = true;
    world_assign(s.device, A1);
    struct pt_hash file = world_file(s.device, file_bytes);
    struct pt_entry entry = evidence(&file);
    world_write_entry(s.device, A1, &entry);
    struct world_link *link = world_connect(s.w, s.device, s.region, false);
    link->cut_after = k;
    world_run(s.w);
    *whole = link->cut_after > 0;
    struct world_blob *blob = world_blob(s.region, &file);
    bool there = blob != NULL && blob->whole;
    cr_expect(there || !is_receipted(s.device, &file, PT_TIER_REGION), "cut at %zu: receipted and not there", k);
    (void)scene_sync(&s, s.device);
    cr_expect(is_receipted(s.device, &file, PT_TIER_REGION), "cut at %zu", k);
    cr_expect(world_blob(s.region, &file)->whole, "cut at %zu", k);
    struct world_link third = scene_sync(&s, s.device);
    cr_expect_eq(third.n_frames[0], 1, "cut at %zu: something is left to say", k);
    scene_close(&s);
}

Test(session_blobs, an_upload_cut_at_every_byte_goes_on_and_is_receipted)
{
    bool whole = false;
    size_t k = 0;
    while (!whole) {
        cut_and_resume(100, ++k, &whole);
    }
    cr_expect_gt(k, 1000, "%zu places", k);
    whole = false;
    for (k = 1; !whole; k += 509) {
        cut_and_resume(40000, k, &whole);
    }
}

/* A new epoch says that the office's store is another one: what it receipted before may be lost there. */
Test(session_blobs, a_new_epoch_of_the_office_brings_lost_files_back)
{
    struct scene s = scene_open(74);
    world_assign(s.device, A1);
    struct pt_hash kept = world_file(s.device, 20000);
    struct pt_hash lost = world_file(s.device, 30000);
    struct pt_entry entries[] = {evidence(&kept), evidence(&lost)};
    world_write_entries(s.device, A1, entries, 2);
    (void)scene_sync(&s, s.device);
    struct world_blob *blob = world_blob(s.region, &lost);
    pt_buf_clear(&blob->bytes);
    blob->whole = false;
    s.region->epoch++;
    struct world_link link = scene_sync(&s, s.device);
    cr_expect_eq(link.n_kind[0][OFFER], 1);
    cr_expect(world_blob(s.region, &lost)->whole);
    cr_expect_eq(link.n_kind[0][9], 2, "only the lost one goes again: %zu parts", link.n_kind[0][9]);
    struct world_link idle = scene_sync(&s, s.device);
    cr_expect_eq(idle.n_kind[0][OFFER], 0);
    scene_close(&s);
}

/* What a live peer did not have once is asked for again when it has come there. */
Test(session_blobs, a_live_session_hears_when_what_it_asked_for_has_come)
{
    static const char content[] = "0123456789abcdefmenyusul";
    struct pt_bytes bytes = pt_bytes_str(content);
    struct scene s = scene_open(75);
    world_assign(s.device, A1);
    struct world_link *live = world_connect(s.w, s.region, s.head, true);
    struct pt_hash text = pt_text_hash(bytes);
    struct pt_entry entry = note(&text);
    world_write_entry(s.device, A1, &entry);
    (void)world_connect(s.w, s.device, s.region, false);
    world_run(s.w);
    cr_expect_not(has_text(s.head, &text));
    cr_expect_eq(world_count(s.head, PT_TABLE_WANTED), 1);
    size_t asked = live->n_kind[1][8];
    cr_expect_eq(asked, 1);
    keep_text(s.device, bytes);
    (void)world_connect(s.w, s.device, s.region, false);
    world_run(s.w);
    cr_expect(has_text(s.region, &text));
    cr_expect(has_text(s.head, &text));
    cr_expect_eq(live->n_kind[1][8], 2, "asked again once: %zu", live->n_kind[1][8]);
    world_cut(live);
    world_run(s.w);
    scene_close(&s);
}

/* It lacks a text of somebody else when it is taken out: it asks no more, and its own evidence still arrives. */
Test(session_blobs, a_revoked_device_asks_for_nothing_and_delivers_its_evidence)
{
    static const char content[] = "0123456789abcdefmenyusul";
    struct scene s = scene_open(93);
    world_assign(s.device, A1);
    struct pt_hash text = pt_text_hash(pt_bytes_str(content));
    struct pt_entry remark = note(&text);
    world_write_entry(s.region, A1, &remark);
    (void)scene_sync(&s, s.device);
    cr_assert_eq(world_count(s.device, PT_TABLE_WANTED), 1);
    struct pt_hash file = world_file(s.device, 40000);
    struct pt_entry entry = evidence(&file);
    world_write_entry(s.device, A1, &entry);
    s.device->revoked = true;
    struct world_link link = world_sync(s.w, s.device, s.region);
    cr_expect_eq(link.n_kind[0][8], 0, "it asked");
    cr_expect_eq(link.failure[0], PATUH__FAILURE_CODE__FAILURE_REVOKED);
    cr_assert_not_null(world_blob(s.region, &file));
    cr_expect(world_blob(s.region, &file)->whole);
    cr_expect(is_receipted(s.device, &file, PT_TIER_REGION));
    scene_close(&s);
}

/* A stolen key fetches no file of which it knows the name. */
Test(session_blobs, a_revoked_device_gets_no_file)
{
    for (size_t revoked = 0; revoked < 2; revoked++) {
        struct scene s = scene_open(94);
        struct pt_hash file = world_file(s.region, 10000);
        Patuh__BlobWant want = PATUH__BLOB_WANT__INIT;
        Patuh__Frame frame = PATUH__FRAME__INIT;
        s.device->revoked = revoked == 1;
        struct world_link *link = world_connect(s.w, s.device, s.region, false);
        want.has_hash = true;
        want.hash = (ProtobufCBinaryData){.data = file.b, .len = sizeof file.b};
        frame.blob_want = &want;
        scene_put(link, &frame);
        world_run(s.w);
        cr_expect_eq(link->n_kind[1][9], 1);
        cr_expect_eq(link->n_bytes[1] > 10000, revoked == 0, "%zu bytes", link->n_bytes[1]);
        scene_close(&s);
    }
}

Test(session_blobs, an_offer_has_at_most_64_whole_hashes)
{
    static const struct {
        size_t n_bytes;
        Patuh__FailureCode code;
    } rows[] = {{0, PATUH__FAILURE_CODE__FAILURE_PROTOCOL},
                {31, PATUH__FAILURE_CODE__FAILURE_PROTOCOL},
                {32 * 65, PATUH__FAILURE_CODE__FAILURE_LIMIT},
                {32 * 64, PATUH__FAILURE_CODE__FAILURE_UNKNOWN}};
    uint8_t hashes[32 * 65] = {1};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scene s = scene_open(76);
        Patuh__BlobOffer offer = PATUH__BLOB_OFFER__INIT;
        Patuh__Frame frame = PATUH__FRAME__INIT;
        offer.has_hashes = true;
        offer.hashes = (ProtobufCBinaryData){.data = hashes, .len = rows[i].n_bytes};
        frame.blob_offer = &offer;
        struct world_link *link = world_connect(s.w, s.device, s.region, true);
        world_run(s.w);
        scene_put(link, &frame);
        world_run(s.w);
        cr_expect_eq(link->failure[1], rows[i].code, "row %zu: %d", i, (int)link->failure[1]);
        world_cut(link);
        world_run(s.w);
        scene_close(&s);
    }
}

/* One session in which a file is offered that the office has and one that it lost, and allocations of one call fail.
 * true: it went well all the same. */
static bool offer_without_memory(size_t call, size_t pass, size_t *n_calls)
{
    struct scene s = scene_open(80);
    world_assign(s.device, A1);
    struct pt_hash kept = world_file(s.device, 300);
    struct pt_hash lost = world_file(s.device, 20000);
    struct pt_entry entries[] = {evidence(&kept), evidence(&lost)};
    world_write_entries(s.device, A1, entries, 2);
    (void)world_sync(s.w, s.device, s.region);
    struct world_blob *blob = world_blob(s.region, &lost);
    pt_buf_clear(&blob->bytes);
    blob->whole = false;
    s.region->epoch++;
    s.w->n_calls = 0;
    s.w->fault_call = call;
    s.w->fault_pass = pass;
    struct world_link link = world_sync(s.w, s.device, s.region);
    bool well = link.ended[0] && link.reason[0] == PT_OK;
    *n_calls = s.w->n_calls;
    s.w->fault_call = 0;
    (void)scene_sync(&s, s.device);
    cr_expect(world_blob(s.region, &lost)->whole, "call %zu, allocation %zu", call, pass);
    struct world_link idle = scene_sync(&s, s.device);
    cr_expect_eq(idle.n_frames[0], 1, "call %zu, allocation %zu", call, pass);
    scene_close(&s);
    return well;
}

Test(session_blobs, out_of_memory_while_blobs_are_offered)
{
    size_t n_calls = 1;
    size_t n_failed = 0;
    for (size_t call = 1; call <= n_calls; call++) {
        for (size_t pass = 0; !offer_without_memory(call, pass, &n_calls); pass++) {
            n_failed++;
            cr_assert_lt(pass, 2000);
        }
    }
    cr_expect_gt(n_failed, 100, "only %zu allocations", n_failed);
}
