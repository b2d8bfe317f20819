#include "core/log/entry_blobs.h"
#include "core/log/wanted.h"

#include "base/mem.h"
#include "core/store/keys.h"
#include "records.pb-c.h"
#include "support/logs_kit.h"
#include "support/scene.h"

#include <criterion/criterion.h>
#include <string.h>

/* An entry that names a hash: a photo as its file, or a note as its text. */
static struct pt_entry naming(Patuh__EntryKind kind, const struct pt_hash *hash)
{
    struct pt_entry entry = pt_entry_of(kind, 1700000000);
    entry.question = 1;
    entry.hash = *hash;
    entry.detail = pt_bytes_of("", 0);
    return entry;
}

#define PHOTO PATUH__ENTRY_KIND__ENTRY_ADD_EVIDENCE
#define REMARK PATUH__ENTRY_KIND__ENTRY_NOTE

static void write_naming(struct world_node *node, const char *subject, Patuh__EntryKind kind,
                         const struct pt_hash *hash)
{
    struct pt_entry entry = naming(kind, hash);
    world_write_entry(node, subject, &entry);
}

static bool has_file(struct world_node *node, const struct pt_hash *hash)
{
    const struct world_blob *blob = world_blob(node, hash);
    return blob != NULL && blob->whole;
}

static bool is_receipted(struct world_node *node, const struct pt_hash *hash)
{
    struct pt_blob_receipted receipted;
    struct pt_txn *txn = NULL;
    cr_assert_eq(pt_store_begin_read(node->store, &txn), PT_OK);
    cr_assert_eq(pt_blob_receipted(txn, hash, PT_TIER_REGION, &receipted), PT_OK);
    pt_store_abort(txn);
    return receipted.found;
}

/* A device of A1 and a colleague of A2, both known to the region. */
static struct scene colleagues(uint64_t seed)
{
    struct scene s = scene_open(seed);
    world_assign(s.device, A1);
    world_assign(s.other, A2);
    return s;
}

/* The session need not end well: what is asked of who does not have it stays wanted. */
static struct world_link visit(struct scene *s, struct world_node *from)
{
    struct world_link *link = world_connect(s->w, from, s->region, false);
    world_run(s->w);
    return *link;
}

/* The line breaks when the entry is there and its photo is not, as it does all the time. */
static void bring_the_entry_alone(struct scene *s, const struct pt_hash *file)
{
    write_naming(s->device, A1, PHOTO, file);
    for (size_t k = 500; world_head(s->region, s->device, A1).seq == 0; k += 100) {
        world_connect(s->w, s->device, s->region, false)->cut_after = k;
        world_run(s->w);
    }
    cr_assert_not(has_file(s->region, file));
}

static void lose(struct world_node *office, const struct pt_hash *file)
{
    struct world_blob *blob = world_blob(office, file);
    pt_buf_clear(&blob->bytes);
    blob->whole = false;
    office->epoch++;
}

Test(wanted, a_colleague_who_names_a_photo_does_not_take_away_that_its_owner_is_asked)
{
    static const Patuh__EntryKind kinds[] = {REMARK, PHOTO};
    for (size_t i = 0; i < 2; i++) {
        struct scene s = colleagues(77 + i);
        struct pt_hash file = world_file(s.device, 3000);
        bring_the_entry_alone(&s, &file);
        write_naming(s.other, A2, kinds[i], &file);
        (void)visit(&s, s.other);
        (void)visit(&s, s.device);
        cr_expect(has_file(s.region, &file), "kind %d", (int)kinds[i]);
        cr_expect(is_receipted(s.device, &file), "kind %d", (int)kinds[i]);
        cr_expect_eq(world_count(s.region, PT_TABLE_WANTED), i == 0, "kind %d: the note's text alone", (int)kinds[i]);
        scene_close(&s);
    }
}

Test(wanted, a_photo_the_office_lost_comes_back_though_a_colleague_names_it)
{
    static const Patuh__EntryKind kinds[] = {REMARK, PHOTO};
    for (size_t i = 0; i < 2; i++) {
        struct scene s = colleagues(74 + i);
        struct pt_hash file = world_file(s.device, 30000);
        write_naming(s.device, A1, PHOTO, &file);
        (void)scene_sync(&s, s.device);
        cr_assert(is_receipted(s.device, &file));
        lose(s.region, &file);
        write_naming(s.other, A2, kinds[i], &file);
        (void)visit(&s, s.other);
        (void)visit(&s, s.device);
        cr_expect(has_file(s.region, &file), "kind %d", (int)kinds[i]);
        scene_close(&s);
    }
}

static void copy_file(struct world_node *from, struct world_node *to, const struct pt_hash *file)
{
    struct pt_buf copy = {0};
    pt_buf_put_bytes(&copy, pt_buf_bytes(&world_blob(from, file)->bytes));
    cr_assert_eq(copy.err, PT_OK);
    struct pt_hash hash = world_keep_file(to, &copy);
    cr_assert(pt_hash_eq(&hash, file));
}

/* Both have the same picture: either is asked, whoever named it last, and the other one gets its receipt for nothing.
 */
Test(wanted, of_two_who_have_a_file_whoever_comes_is_asked)
{
    for (int i = 0; i < 4; i++) {
        bool lost = (i & 1) != 0;
        struct scene s = colleagues(81 + (uint64_t)i);
        struct pt_hash file = world_file(s.device, 3000);
        copy_file(s.device, s.other, &file);
        bring_the_entry_alone(&s, &file);
        write_naming(s.other, A2, PHOTO, &file);
        if (lost) { /* all was there once */
            (void)scene_sync(&s, s.other);
            (void)scene_sync(&s, s.device);
            lose(s.region, &file);
        }
        struct world_node *first = (i & 2) != 0 ? s.other : s.device;
        struct world_node *second = (i & 2) != 0 ? s.device : s.other;
        (void)scene_sync(&s, first);
        cr_expect(has_file(s.region, &file) && is_receipted(first, &file), "way %d", i);
        struct world_link link = scene_sync(&s, second); /* may learn first that its entry is there */
        struct world_link next = scene_sync(&s, second);
        cr_expect_eq(link.n_kind[0][9] + next.n_kind[0][9], 0, "way %d: it goes once", i);
        cr_expect(is_receipted(second, &file), "way %d", i);
        cr_expect_eq(world_count(s.region, PT_TABLE_WANTED), 0, "way %d", i);
        scene_close(&s);
    }
}

/* --- rows --- */

/* An author's logs about A1 and A2 in a store. */
struct shelf {
    struct pt_store *store;
    struct pt_txn *txn;
    struct pt_author author;
    struct pt_head heads[2];
};

static struct shelf shelf_open(void)
{
    static const char *const names[] = {A1, A2};
    struct shelf shelf = {.store = kit_store()};
    struct pt_keypair pair = kit_pair(1);
    struct pt_arena arena;
    pt_arena_init(&arena, SIZE_MAX);
    for (size_t i = 0; i < 2; i++) {
        struct pt_log_id log = kit_log(names[i], &pair, 1);
        struct kit_chunk chunk = kit_chunk_after(&log, NULL, 1, 1, &arena);
        struct pt_run run = kit_run(&log, &pair, &chunk, 1, &arena);
        shelf.heads[i] = kit_deliver(shelf.store, &run).head;
    }
    shelf.author = shelf.heads[0].log.author;
    shelf.txn = kit_begin(shelf.store, true);
    pt_arena_close(&arena);
    return shelf;
}

static void shelf_close(struct shelf *shelf)
{
    pt_store_abort(shelf->txn);
    pt_store_close(shelf->store);
    cr_expect_eq(pt_mem_alive(), 0);
}

static void want(const struct shelf *shelf, size_t log, Patuh__EntryKind kind, const struct pt_hash *hash)
{
    struct pt_wanted wanted = {.hash = *hash, .log = shelf->heads[log].number, .kind = kind};
    cr_assert_eq(pt_wanted_put(shelf->txn, &wanted, &shelf->heads[log].log.subject), PT_OK);
}

/* As stores have it that were written before: the hash alone is the key. */
static void want_as_before(const struct shelf *shelf, size_t log, Patuh__EntryKind kind, const struct pt_hash *hash)
{
    uint8_t bytes[64];
    struct pt_key key = pt_key_hash(hash);
    Patuh__WantedRecord row = PATUH__WANTED_RECORD__INIT;
    row.has_log = row.has_kind = true;
    row.log = shelf->heads[log].number;
    row.kind = (uint32_t)kind;
    size_t n = patuh__wanted_record__pack(&row, bytes);
    cr_assert_eq(pt_store_put(shelf->txn, PT_TABLE_WANTED, pt_key_bytes(&key), pt_bytes_of(bytes, n)), PT_OK);
}

static void got(const struct shelf *shelf, const char *subject, const struct pt_hash *hash)
{
    struct pt_subject about = kit_subject(subject == NULL ? A1 : subject);
    cr_assert_eq(pt_wanted_got(shelf->txn, hash, subject == NULL ? NULL : &about), PT_OK);
}

/* The rows in their order, as "log kind" each: f a file, t a text. */
static void expect_rows(const struct shelf *shelf, const char *expected, const char *when)
{
    char found[64] = "";
    struct pt_rows rows = pt_rows_of(shelf->txn, PT_TABLE_WANTED, (struct pt_bytes){0});
    struct pt_bytes key;
    struct pt_bytes value;
    struct pt_arena arena;
    pt_arena_init(&arena, SIZE_MAX);
    while (pt_rows_next(&rows, &key, &value)) {
        struct pt_wanted row;
        size_t n = strlen(found);
        cr_assert_eq(pt_wanted_read(key, value, &arena, &row), PT_OK);
        found[n] = row.log == shelf->heads[0].number ? '1' : '2';
        found[n + 1] = pt_kind_names_file(row.kind) ? 'f' : 't';
    }
    cr_assert_eq(pt_rows_end(&rows), PT_OK);
    pt_arena_close(&arena);
    cr_expect_str_eq(found, expected, "%s: %s", when, found);
}

Test(wanted, a_file_and_the_texts_of_one_hash_come_each_for_itself)
{
    struct pt_hash hash = {.b = {7}};
    struct shelf shelf = shelf_open();
    for (size_t log = 0; log < 2; log++) {
        want(&shelf, log, PHOTO, &hash);
        want(&shelf, log, REMARK, &hash);
        want(&shelf, log, REMARK, &hash);
    }
    expect_rows(&shelf, "1f2f1t2t", "all");
    got(&shelf, A1, &hash);
    expect_rows(&shelf, "1f2f2t", "a text came");
    got(&shelf, NULL, &hash);
    expect_rows(&shelf, "2t", "the file came");
    got(&shelf, A1, &hash);
    expect_rows(&shelf, "2t", "nothing more came");
    got(&shelf, A2, &hash);
    expect_rows(&shelf, "", "the other text came");
    shelf_close(&shelf);
}

Test(wanted, rows_of_before_are_read_and_go_when_their_blob_comes)
{
    struct pt_hash hash = {.b = {7}};
    struct shelf shelf = shelf_open();
    want_as_before(&shelf, 0, PHOTO, &hash);
    want(&shelf, 1, PHOTO, &hash);
    expect_rows(&shelf, "1f2f", "both shapes");
    got(&shelf, A1, &hash);
    expect_rows(&shelf, "1f2f", "a text came");
    got(&shelf, NULL, &hash);
    expect_rows(&shelf, "", "the file came");
    want_as_before(&shelf, 1, REMARK, &hash);
    want(&shelf, 0, PHOTO, &hash);
    got(&shelf, A1, &hash);
    expect_rows(&shelf, "2t1f", "a text of the other subject came");
    got(&shelf, A2, &hash);
    expect_rows(&shelf, "1f", "its text came");
    shelf_close(&shelf);
}

Test(wanted, a_file_is_asked_of_an_author_whose_log_names_it)
{
    bool wanted = true;
    struct pt_hash hash = {.b = {7}};
    struct pt_author nobody = {.b = {1}};
    struct shelf shelf = shelf_open();
    cr_assert_eq(pt_wanted_file_of(shelf.txn, &hash, &shelf.author, &wanted), PT_OK);
    cr_expect_not(wanted, "nobody names it");
    want(&shelf, 0, REMARK, &hash);
    cr_assert_eq(pt_wanted_file_of(shelf.txn, &hash, &shelf.author, &wanted), PT_OK);
    cr_expect_not(wanted, "a text is no file");
    want(&shelf, 1, PHOTO, &hash);
    cr_assert_eq(pt_wanted_file_of(shelf.txn, &hash, &nobody, &wanted), PT_OK);
    cr_expect_not(wanted);
    cr_assert_eq(pt_wanted_file_of(shelf.txn, &hash, &shelf.author, &wanted), PT_OK);
    cr_expect(wanted);
    shelf_close(&shelf);
}
