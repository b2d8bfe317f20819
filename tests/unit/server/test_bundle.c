/* A device's bundle at an office of its own folder. */
#include "bundle.h"

#include "base/mem.h"
#include "core/bundle/fill.h"
#include "core/store/store_mem.h"
#include "core/wire/pack.h"
#include "io/store/bundle_file.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(bundle, .timeout = 60);

#define UNIT "2023/62.71/disdukcapil"

struct scene {
    char root[64];
    struct office office;
    struct pt_keypair region; /* below head office, when the office is that */
    struct pt_keypair author; /* of the device */
    struct pt_keypair transport;
    struct pt_store *store; /* the device's */
    struct pt_head head;    /* its log */
};

static struct pt_keypair pair_of(uint8_t seed_byte)
{
    uint8_t seed[PT_KEY_BYTES] = {seed_byte};
    struct pt_keypair pair;
    pt_keypair_from_seed(seed, &pair);
    return pair;
}

static void write_entries(struct scene *s, size_t n)
{
    struct pt_author_pen pen = {.pair = &s->author, .incarnation = 7, .wall_ms = 1700000000000};
    struct pt_subject subject;
    struct pt_txn *txn;
    struct pt_arena arena;
    pt_arena_init(&arena, SIZE_MAX);
    cr_assert_eq(pt_subject_make(PT_SUBJECT_ASSESSMENT, UNIT, &subject), PT_OK);
    cr_assert_eq(pt_store_begin_write(s->store, &txn), PT_OK);
    for (size_t i = 0; i < n; i++) {
        struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_ANSWER, 1700000000);
        entry.question = 5;
        entry.value = (struct pt_value){.type = PT_VALUE_INTEGER, .number = {(int64_t)i, 0}};
        cr_assert_eq(pt_pen_write(txn, &pen, &subject, &entry, 1, &arena), PT_OK);
    }
    cr_assert_eq(pt_pen_log(txn, &pen, &subject, &s->head), PT_OK);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
    pt_arena_close(&arena);
}

static void scene_open(struct scene *s, bool national)
{
    char dir[96];
    struct pt_problem problem = {0};
    struct pt_random random = pt_random_system();
    *s = (struct scene){.root = "/tmp/patuh-bundle-XXXXXX"};
    cr_assert_eq(pt_crypto_init(), PT_OK);
    cr_assert_not_null(mkdtemp(s->root));
    (void)snprintf(dir, sizeof dir, "%s/office", s->root);
    cr_assert_eq(office_init(dir, national, national ? "pusat" : "62", "Kantor", &problem), PT_OK);
    cr_assert_eq(office_open(dir, &s->office, &problem), PT_OK);
    s->region = pair_of(3);
    s->author = pair_of(1);
    s->transport = pair_of(2);
    cr_assert_eq(pt_store_mem_create(NULL, &random, &s->store), PT_OK);
    write_entries(s, 3);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *at)
{
    (void)status;
    (void)type;
    (void)at;
    return remove(path);
}

static void scene_close(struct scene *s)
{
    pt_store_close(s->store);
    office_close(&s->office);
    (void)nftw(s->root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    cr_expect_eq(pt_mem_alive(), 0);
}

static const char *in_scene(const struct scene *s, const char *name)
{
    static char paths[2][128];
    static size_t turn;
    turn = 1 - turn;
    (void)snprintf(paths[turn], sizeof paths[turn], "%s/%s", s->root, name);
    return paths[turn];
}

/* How a bundle is made. */
struct making {
    const struct pt_keypair *signer; /* of the statement; NULL: there is none */
    const struct pt_keypair *author; /* of the bundle; NULL: the device */
    int role;                        /* 0: a device */
    struct pt_bundle_seen seen;      /* of the office's tier */
    const char *office;              /* in the statement; NULL: 62 */
};

static void write_bundle(struct scene *s, const char *name, const struct making *making)
{
    struct pt_arena arena;
    struct pt_bundle_out out;
    struct pt_random random = pt_random_system();
    struct pt_public_key office;
    struct pt_bundle_fill fill = {0};
    struct pt_bundle_origin origin = {.author = making->author == NULL ? &s->author : making->author};
    struct pt_statement statement = {.role = making->role == 0 ? PATUH__ROLE__ROLE_DEVICE : making->role,
                                     .name = "siti",
                                     .office = making->office == NULL ? "62" : making->office};
    pt_arena_init(&arena, SIZE_MAX);
    memcpy(office.b, s->office.transport.public_key, sizeof office.b);
    memcpy(statement.key.b, s->author.public_key, PT_KEY_BYTES);
    memcpy(statement.transport_key.b, s->transport.public_key, PT_KEY_BYTES);
    *(s->office.national ? &origin.national : &origin.region) = making->seen;
    if (making->signer != NULL) {
        Patuh__SignedStatement *signed_one;
        cr_assert_eq(pt_statement_sign(&statement, making->signer, &arena, &signed_one), PT_OK);
        cr_assert_eq(pt_pack(&signed_one->base, &arena, &origin.statement), PT_OK);
    }
    cr_assert_eq(pt_bundle_out_begin(&out, in_scene(s, name), &random, &office, 1, &origin, NULL), PT_OK);
    fill.writer = out.writer;
    cr_assert_eq(pt_store_begin_read(s->store, &fill.txn), PT_OK);
    cr_assert_eq(pt_fill_after(&fill, &s->head, NULL), PT_OK);
    pt_store_abort(fill.txn);
    cr_assert_eq(pt_bundle_out_finish(&out, NULL), PT_OK);
    pt_bundle_out_drop(&out);
    pt_arena_close(&arena);
}

/* What the device finds in the reply: receipts that this office signed, for all of its log. */
static uint32_t count_receipts(struct scene *s, const char *name, uint64_t epoch, uint32_t *n_others)
{
    struct pt_bundle_in in = {0};
    struct pt_public_key key;
    uint32_t n = 0;
    enum pt_err err = pt_bundle_in_open(&in, in_scene(s, name), &s->transport, NULL);
    memcpy(key.b, s->office.pair.public_key, sizeof key.b);
    *n_others = 0;
    while (err == PT_OK) {
        struct pt_arena arena;
        const Patuh__BundleRecord *record;
        pt_arena_init(&arena, SIZE_MAX);
        err = pt_bundle_in_next(&in, &arena, &record, NULL);
        if (err == PT_OK && record->receipt != NULL) {
            struct pt_receipt receipt;
            struct pt_signature signature;
            memcpy(signature.b, record->receipt->signature.data, sizeof signature.b);
            cr_expect_eq(pt_receipt_read(pt_bytes_of(record->receipt->body.data, record->receipt->body.len), &signature,
                                         &key, &arena, &receipt),
                         PT_OK);
            cr_expect_eq(receipt.epoch, epoch);
            cr_assert_eq(receipt.n_logs, 1);
            cr_expect_eq(receipt.logs[0].seq, s->head.seq);
            cr_expect(pt_hash_eq(&receipt.logs[0].link, &s->head.link));
            n++;
        }
        *n_others += err == PT_OK && record->chunks != NULL;
        pt_arena_close(&arena);
    }
    cr_expect_eq(err, PT_ENOTFOUND);
    pt_bundle_in_close(&in);
    return n;
}

static void expect_refused(struct scene *s, const char *name, const struct making *making)
{
    struct bundle bundle;
    struct pt_problem problem = {0};
    write_bundle(s, name, making);
    cr_expect_eq(bundle_take(&s->office, in_scene(s, name), &bundle, &problem), PT_EDENIED, "%s", name);
    cr_expect_eq(problem.msg, PT_MSG_BUNDLE_STRANGER);
    cr_expect_eq(bundle.taker.counts.chunks_new, 0);
    bundle_close(&bundle);
}

Test(bundle, of_a_device_is_taken_and_receipted_for_it_alone)
{
    struct scene s;
    struct bundle bundle;
    struct bundle_told told;
    uint32_t n_others;
    scene_open(&s, true);
    write_bundle(&s, "a", &(struct making){.signer = &s.office.pair, .office = "pusat"});
    for (uint32_t i = 0; i < 2; i++) {
        const char *reply = i == 0 ? "first" : "second";
        cr_assert_eq(bundle_take(&s.office, in_scene(&s, "a"), &bundle, NULL), PT_OK);
        cr_expect_eq(bundle.taker.counts.chunks_new, i == 0 ? 3 : 0);
        cr_expect_eq(bundle.taker.counts.chunks_duplicate, i == 0 ? 0 : 3);
        cr_assert_eq(bundle_reply(&bundle, in_scene(&s, reply), &told, NULL), PT_OK);
        cr_expect_eq(told.receipts, 1);
        cr_expect_eq(count_receipts(&s, reply, s.office.epoch, &n_others), 1);
        cr_expect_gt(n_others, 0, "its office log");
        cr_expect_eq(bundle_reply(&bundle, in_scene(&s, reply), &told, NULL), PT_EEXISTS);
        bundle_close(&bundle);
    }
    scene_close(&s);
}

Test(bundle, of_a_stranger_is_refused)
{
    struct scene s;
    struct pt_keypair nobody = pair_of(9);
    scene_open(&s, true);
    expect_refused(&s, "none", &(struct making){0});
    expect_refused(&s, "unknown", &(struct making){.signer = &nobody});
    expect_refused(&s, "region", &(struct making){.signer = &s.region}); /* which head office does not know yet */
    expect_refused(&s, "others", &(struct making){.signer = &s.office.pair, .author = &nobody});
    expect_refused(&s, "reviewer", &(struct making){.signer = &s.office.pair, .role = PATUH__ROLE__ROLE_REVIEWER});
    scene_close(&s);
}

static void name_region(struct scene *s)
{
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_OFFICE, 1700000000);
    Patuh__Office office = PATUH__OFFICE__INIT;
    struct pt_arena arena;
    char code[] = "62";
    pt_arena_init(&arena, SIZE_MAX);
    office.code = code;
    office.has_public_key = office.has_transport_key = office.has_generation = true;
    office.public_key = pt_binary(s->region.public_key, PT_KEY_BYTES);
    office.transport_key = pt_binary(s->region.public_key, PT_KEY_BYTES);
    office.generation = 1;
    cr_assert_eq(pt_pack(&office.base, &arena, &entry.detail), PT_OK);
    cr_assert_eq(office_log(&s->office, &s->office.root_subject, &entry, 1), PT_OK);
    pt_arena_close(&arena);
}

Test(bundle, of_a_device_of_a_region_brings_its_own_to_head_office_and_sees_nothing)
{
    struct scene s;
    struct bundle bundle;
    struct bundle_told told;
    uint32_t n_others;
    scene_open(&s, true);
    name_region(&s);
    write_bundle(&s, "a", &(struct making){.signer = &s.region});
    cr_assert_eq(bundle_take(&s.office, in_scene(&s, "a"), &bundle, NULL), PT_OK);
    cr_expect(bundle.peer.elsewhere);
    cr_expect_eq(bundle.taker.counts.chunks_new, 3);
    cr_assert_eq(bundle_reply(&bundle, in_scene(&s, "reply"), &told, NULL), PT_OK);
    cr_expect_eq(count_receipts(&s, "reply", s.office.epoch, &n_others), 1);
    cr_expect_eq(n_others, 0);
    bundle_close(&bundle);
    scene_close(&s);
}

/* As in Hello: nothing more is signed under an epoch that promised what is not here. */
Test(bundle, tells_an_office_that_it_went_back_in_time)
{
    struct scene s;
    struct bundle bundle;
    struct bundle_told told;
    uint32_t n_others;
    scene_open(&s, true);
    uint64_t epoch = s.office.epoch;
    write_bundle(&s, "before", &(struct making){.signer = &s.office.pair, .seen = {.epoch = epoch, .lsn = 1}});
    cr_assert_eq(bundle_take(&s.office, in_scene(&s, "before"), &bundle, NULL), PT_OK);
    cr_expect_eq(s.office.epoch, epoch);
    bundle_close(&bundle);
    write_bundle(&s, "a", &(struct making){.signer = &s.office.pair, .seen = {.epoch = epoch, .lsn = 1000}});
    cr_assert_eq(bundle_take(&s.office, in_scene(&s, "a"), &bundle, NULL), PT_OK);
    cr_expect_neq(s.office.epoch, epoch);
    cr_assert_eq(bundle_reply(&bundle, in_scene(&s, "reply"), &told, NULL), PT_OK);
    cr_expect_eq(count_receipts(&s, "reply", s.office.epoch, &n_others), 1);
    bundle_close(&bundle);
    scene_close(&s);
}
