#include "core/log/prune.h"
#include "core/store/keys.h"
#include "support/scene.h"

#include <criterion/criterion.h>
#include <string.h>

#define DAY_MS (24LL * 3600 * 1000)

static struct pt_subject subject_of(const char *text)
{
    struct pt_subject subject;
    cr_assert_eq(pt_subject_read(pt_bytes_str(text), &subject), PT_OK);
    return subject;
}

static struct pt_txn *begin(struct world_node *node, bool write)
{
    struct pt_txn *txn = NULL;
    cr_assert_eq((write ? pt_store_begin_write : pt_store_begin_read)(node->store, &txn), PT_OK);
    return txn;
}

static bool prune(struct world_node *device, const char *text, int64_t age_ms)
{
    bool pruned = false;
    struct pt_subject subject = subject_of(text);
    cr_assert_eq(world_prune(device, &subject, age_ms, &pruned), PT_OK);
    world_check_new(device);
    world_check_node(device);
    return pruned;
}

static void write_evidence(struct world_node *device, const char *subject, const struct pt_hash *file)
{
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_ADD_EVIDENCE, 1700000000);
    entry.question = 1;
    entry.hash = *file;
    entry.detail = pt_bytes_of("", 0);
    world_write_entry(device, subject, &entry);
}

/* Both assessments of the device delivered to the region, A1 with a file. */
static struct scene delivered_to_the_region(uint64_t seed, struct pt_hash *file)
{
    struct scene s = scene_open(seed);
    world_assign(s.device, A1);
    world_assign(s.device, A2);
    *file = world_file(s.device, 3000);
    (void)scene_sync(&s, s.device);
    world_write(s.device, A1, 200);
    write_evidence(s.device, A1, file);
    world_write(s.device, A2, 10);
    (void)scene_sync(&s, s.device);
    return s;
}

/* And to head office, whose receipts the device has. */
static struct scene delivered(uint64_t seed, struct pt_hash *file)
{
    struct scene s = delivered_to_the_region(seed, file);
    (void)scene_sync(&s, s.region);
    (void)scene_sync(&s, s.device);
    return s;
}

static void days_later(struct scene *s, int64_t days)
{
    s->w->now_ms += days * DAY_MS;
    (void)scene_sync(s, s->device);
}

static bool has_file(struct world_node *node, const struct pt_hash *file)
{
    const struct world_blob *blob = world_blob(node, file);
    return blob != NULL && blob->whole;
}

/* --- when --- */

Test(prune, prune_waits_for_national)
{
    struct pt_hash file;
    struct scene s = delivered_to_the_region(1, &file);
    days_later(&s, 100);
    cr_expect_not(prune(s.device, A1, 30 * DAY_MS), "head office does not have it");
    (void)scene_sync(&s, s.region);
    (void)scene_sync(&s, s.device);
    cr_expect_not(prune(s.device, A1, 30 * DAY_MS), "head office has it since today");
    days_later(&s, 29);
    cr_expect_not(prune(s.device, A1, 30 * DAY_MS));
    days_later(&s, 2);
    cr_expect(prune(s.device, A1, 30 * DAY_MS));
    cr_expect_not(prune(s.device, A1, 30 * DAY_MS), "it is gone already");
    scene_close(&s);
}

/* Days are counted between two times of offices. */
Test(prune, prune_asks_no_clock_of_the_device)
{
    struct pt_hash file;
    struct scene s = delivered(1, &file);
    s.device->clock_ms = 400 * DAY_MS;
    (void)scene_sync(&s, s.device);
    cr_expect_not(prune(s.device, A1, 30 * DAY_MS));
    s.device->clock_ms = -s.w->now_ms;
    days_later(&s, 31);
    cr_expect(prune(s.device, A1, 30 * DAY_MS));
    scene_close(&s);
}

Test(prune, prune_waits_for_an_office_time)
{
    struct pt_hash file;
    struct scene s = delivered(1, &file);
    s.w->now_ms += 100 * DAY_MS; /* and no sync since */
    cr_expect_not(prune(s.device, A1, 30 * DAY_MS));
    scene_close(&s);
}

/* Change one thing about a device that may let go of A1. */
typedef void (*spoil)(struct scene *s, const struct pt_hash *file);

static void put_receipt(struct world_node *device, const struct pt_receipt *receipt)
{
    struct pt_receipt copy = *receipt;
    struct pt_txn *txn = begin(device, true);
    copy.body = pt_bytes_str("body");
    copy.author = device->author;
    copy.current = true;
    copy.time_ms = device->world->now_ms - 100 * DAY_MS;
    cr_assert_eq(pt_receipt_store(txn, &copy), PT_OK);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
}

static void head_office_begins_a_new_epoch(struct scene *s, const struct pt_hash *file)
{
    (void)file;
    struct pt_head head = world_head(s->device, s->device, A2);
    struct pt_receipt_log log = {.log = head.log, .seq = head.seq, .link = head.link};
    put_receipt(s->device,
                &(struct pt_receipt){.tier = PT_TIER_NATIONAL, .epoch = 77, .lsn = 1, .logs = &log, .n_logs = 1});
}

static void head_office_counts_less(struct scene *s, const struct pt_hash *file)
{
    (void)file;
    struct pt_receipted had = world_receipted(s->device, s->device, A1, PT_TIER_NATIONAL);
    struct pt_head head = world_head(s->device, s->device, A1);
    struct pt_receipt_log log = {.log = head.log, .seq = head.seq - 1, .link = head.link};
    put_receipt(s->device,
                &(struct pt_receipt){
                    .tier = PT_TIER_NATIONAL, .epoch = had.epoch, .lsn = had.lsn + 1, .logs = &log, .n_logs = 1});
}

static void head_office_has_another_chain(struct scene *s, const struct pt_hash *file)
{
    (void)file;
    struct pt_receipted had = world_receipted(s->device, s->device, A1, PT_TIER_NATIONAL);
    struct pt_head head = world_head(s->device, s->device, A1);
    struct pt_receipt_log log = {.log = head.log, .seq = head.seq, .link = {.b = {1}}};
    put_receipt(s->device,
                &(struct pt_receipt){
                    .tier = PT_TIER_NATIONAL, .epoch = had.epoch, .lsn = had.lsn + 1, .logs = &log, .n_logs = 1});
}

static void the_region_counts_less(struct scene *s, const struct pt_hash *file)
{
    (void)file;
    struct pt_receipted had = world_receipted(s->device, s->device, A1, PT_TIER_REGION);
    struct pt_head head = world_head(s->device, s->device, A1);
    struct pt_receipt_log log = {.log = head.log, .seq = 1, .link = {.b = {1}}};
    put_receipt(s->device,
                &(struct pt_receipt){
                    .tier = PT_TIER_REGION, .epoch = had.epoch, .lsn = had.lsn + 1, .logs = &log, .n_logs = 1});
}

static void the_region_begins_a_new_epoch(struct scene *s, const struct pt_hash *file)
{
    (void)file;
    struct pt_head head = world_head(s->device, s->device, A1);
    struct pt_receipt_log log = {.log = head.log, .seq = head.seq, .link = head.link};
    put_receipt(s->device,
                &(struct pt_receipt){.tier = PT_TIER_REGION, .epoch = 77, .lsn = 1, .logs = &log, .n_logs = 1});
}

static void no_file_is_receipted(struct scene *s, const struct pt_hash *file)
{
    struct pt_txn *txn = begin(s->device, true);
    struct pt_key key = pt_key_hash_tier(file, PT_TIER_REGION);
    cr_assert_eq(pt_store_del(txn, PT_TABLE_BLOB_RECEIPTS, pt_key_bytes(&key)), PT_OK);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
}

static void something_is_typed(struct scene *s, const struct pt_hash *file)
{
    (void)file;
    struct pt_head head;
    uint64_t seq;
    struct pt_subject subject = subject_of(A1);
    struct pt_author_pen pen = world_pen(s->device);
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_CLEAR, 1700000000);
    entry.question = 1;
    struct pt_txn *txn = begin(s->device, true);
    cr_assert_eq(pt_pen_log(txn, &pen, &subject, &head), PT_OK);
    cr_assert_eq(pt_tail_put(txn, &pen, &head, &entry, &seq), PT_OK);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
}

static void more_is_sealed(struct scene *s, const struct pt_hash *file)
{
    (void)file;
    world_write(s->device, A1, 1);
}

/* A head as no test of its own makes it: the office's log of A1 here. */
static void change_head(struct scene *s, bool forked, uint32_t n_parked)
{
    struct pt_head head = world_head(s->device, s->region, A1);
    struct pt_txn *txn = begin(s->device, true);
    head.forked = forked;
    head.n_parked = n_parked;
    cr_assert_eq(pt_logs_put_head(txn, &head), PT_OK);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
}

static void a_log_is_forked(struct scene *s, const struct pt_hash *file)
{
    (void)file;
    change_head(s, true, 0);
}

static void a_chunk_is_parked(struct scene *s, const struct pt_hash *file)
{
    (void)file;
    change_head(s, false, 1);
}

Test(prune, each_condition_keeps_it_here)
{
    static const spoil spoils[] = {head_office_begins_a_new_epoch,
                                   head_office_counts_less,
                                   head_office_has_another_chain,
                                   the_region_counts_less,
                                   the_region_begins_a_new_epoch,
                                   no_file_is_receipted,
                                   something_is_typed,
                                   more_is_sealed,
                                   a_log_is_forked,
                                   a_chunk_is_parked};
    for (size_t i = 0; i < sizeof spoils / sizeof spoils[0]; i++) {
        struct pt_hash file;
        bool due = false;
        struct scene s = delivered(1, &file);
        struct pt_subject subject = subject_of(A1);
        days_later(&s, 31);
        for (int spoiled = 0; spoiled < 2; spoiled++) {
            if (spoiled == 1) {
                spoils[i](&s, &file);
            }
            struct pt_txn *txn = begin(s.device, false);
            struct pt_prune_rule rule = world_prune_rule(s.device, txn, 30 * DAY_MS);
            cr_assert_eq(pt_prune_is_due(txn, &subject, &rule, &due), PT_OK);
            pt_store_abort(txn);
            cr_expect_eq(due, spoiled == 0, "condition %zu, spoiled %d", i, spoiled);
        }
        s.w->blind = true; /* some of these stores are not as any store could be */
        scene_close(&s);
    }
}

Test(prune, what_the_device_did_not_write_stays)
{
    struct pt_hash file;
    struct scene s = delivered(1, &file);
    world_assign(s.other, A1);
    (void)scene_sync(&s, s.other);
    s.w->now_ms += 100 * DAY_MS;
    (void)scene_sync(&s, s.other);
    cr_expect_not(prune(s.other, A1, 0), "no receipt says how old it is");
    scene_close(&s);
}

/* After a life of head office began, the region passes on what it has: of another assessment that is a receipt of the
 * life before. It comes last, and is not the newest for that. */
Test(prune, an_old_receipt_that_is_passed_on_is_not_the_newest)
{
    struct pt_hash file;
    bool due = true;
    struct scene s = delivered(1, &file);
    struct pt_subject subject = subject_of(A2);
    cr_assert_eq(world_renew(s.head), PT_OK);
    world_write(s.device, A1, 5);
    (void)scene_sync(&s, s.device);
    (void)scene_sync(&s, s.region);
    (void)scene_sync(&s, s.region);
    (void)scene_sync(&s, s.device);
    days_later(&s, 31);
    struct pt_receipted first = world_receipted(s.device, s.device, A1, PT_TIER_NATIONAL);
    struct pt_receipted second = world_receipted(s.device, s.device, A2, PT_TIER_NATIONAL);
    cr_assert_eq(first.epoch, s.head->epoch);
    cr_assert_neq(second.epoch, s.head->epoch, "it was not brought again");
    struct pt_txn *txn = begin(s.device, false);
    struct pt_prune_rule rule = world_prune_rule(s.device, txn, 30 * DAY_MS);
    cr_assert_eq(pt_prune_is_due(txn, &subject, &rule, &due), PT_OK);
    pt_store_abort(txn);
    cr_expect_not(due);
    scene_close(&s);
}

static void lose_file(struct world_node *node, const struct pt_hash *file)
{
    struct world_blob *blob = world_blob(node, file);
    pt_buf_clear(&blob->bytes);
    blob->whole = false;
    blob->total = 0;
}

/* The region got its logs back, and not its files; those of A1, more than one offer holds, are nowhere. The one of A2
 * is here: it is offered all the same, and stays until the region has it again. */
Test(prune, files_that_are_nowhere_keep_no_other_from_coming_back)
{
    struct pt_hash file;
    struct pt_hash photos[PT_BLOB_HASHES_MAX];
    struct scene s = delivered(1, &file);
    struct pt_hash last = world_file(s.device, 500);
    for (size_t i = 0; i < PT_BLOB_HASHES_MAX; i++) {
        photos[i] = world_file(s.device, 100 + i);
        write_evidence(s.device, A1, &photos[i]);
    }
    write_evidence(s.device, A2, &last);
    (void)scene_sync(&s, s.device);
    (void)scene_sync(&s, s.region);
    (void)scene_sync(&s, s.device);
    cr_assert(prune(s.device, A1, 0));
    world_write(s.region, A1, 1);
    (void)scene_sync(&s, s.device);
    cr_assert_eq(world_renew(s.region), PT_OK);
    for (size_t i = 0; i < PT_BLOB_HASHES_MAX; i++) {
        lose_file(s.region, &photos[i]);
    }
    lose_file(s.region, &last);
    lose_file(s.region, &file);
    (void)scene_sync(&s, s.device);
    cr_expect(has_file(s.region, &last) || !prune(s.device, A2, 0), "the only one left has gone");
    cr_expect(has_file(s.region, &last));
    scene_close(&s);
}

/* It has another epoch, and does not ask: a receipt of before says nothing, though no other came since. */
Test(prune, evidence_waits_for_the_epoch_that_the_office_has)
{
    struct pt_hash file;
    struct scene s = delivered(1, &file);
    cr_assert_eq(world_renew(s.region), PT_OK);
    s.region->policy.evidence = false;
    lose_file(s.region, &file);
    (void)scene_sync(&s, s.device);
    cr_expect_not(prune(s.device, A1, 0));
    s.region->policy.evidence = true;
    (void)scene_sync(&s, s.device);
    cr_expect(has_file(s.region, &file));
    cr_expect(prune(s.device, A1, 0));
    scene_close(&s);
}

/* --- what --- */

Test(prune, chunks_texts_wants_and_files_go_and_heads_and_receipts_stay)
{
    struct pt_hash file;
    struct scene s = delivered(1, &file);
    size_t n_receipts = world_count(s.device, PT_TABLE_RECEIPTS);
    size_t n_logs = world_count(s.device, PT_TABLE_LOGS);
    struct pt_head before = world_head(s.device, s.device, A1);
    cr_assert(has_file(s.device, &file));
    cr_assert(prune(s.device, A1, 0));
    struct pt_head after = world_head(s.device, s.device, A1);
    cr_expect(after.pruned);
    cr_expect_eq(after.seq, before.seq);
    cr_expect(pt_hash_eq(&after.link, &before.link));
    cr_expect_not(has_file(s.device, &file));
    cr_expect_eq(world_count(s.device, PT_TABLE_RECEIPTS), n_receipts);
    cr_expect_eq(world_count(s.device, PT_TABLE_LOGS), n_logs);
    cr_expect(prune(s.device, A2, 0));
    cr_expect_eq(world_count(s.device, PT_TABLE_TEXTS), 0);
    cr_expect_eq(world_count(s.device, PT_TABLE_WANTED), 0);
    cr_expect_eq(world_count(s.device, PT_TABLE_CHUNKS), 0);
    cr_expect_eq(world_count(s.device, PT_TABLE_ARRIVAL), 1, "the last one keeps its place");
    scene_close(&s);
}

Test(prune, a_file_that_another_assessment_names_stays)
{
    struct pt_hash file;
    struct scene s = delivered(1, &file);
    write_evidence(s.device, A2, &file);
    (void)scene_sync(&s, s.device);
    (void)scene_sync(&s, s.region);
    (void)scene_sync(&s, s.device);
    cr_expect(prune(s.device, A1, 0));
    cr_expect(has_file(s.device, &file));
    cr_expect(prune(s.device, A2, 0));
    cr_expect_not(has_file(s.device, &file));
    scene_close(&s);
}

/* The running hash and its numbers go on from the last arrival, also when that one is pruned. */
Test(prune, the_arrival_log_goes_on)
{
    uint64_t last;
    uint64_t later;
    struct pt_hash before;
    struct pt_hash after;
    struct pt_hash file;
    struct scene s = delivered(1, &file);
    struct pt_txn *txn = begin(s.device, false);
    cr_assert_eq(pt_arrival_last(txn, &last, &before), PT_OK);
    pt_store_abort(txn);
    cr_assert(prune(s.device, A1, 0) && prune(s.device, A2, 0));
    txn = begin(s.device, false);
    cr_assert_eq(pt_arrival_last(txn, &later, &after), PT_OK);
    pt_store_abort(txn);
    cr_expect_eq(later, last);
    cr_expect(pt_hash_eq(&before, &after));
    struct pt_news news = {0};
    uint64_t lsn = 0;
    txn = begin(s.device, false);
    cr_expect_eq(pt_news_read(txn, &lsn, &news), PT_OK);
    pt_store_abort(txn);
    cr_expect_eq(news.n, 0);
    cr_expect_eq(lsn, last);
    pt_news_close(&news);
    scene_close(&s);
}

Test(prune, a_sync_without_news_stays_idle)
{
    struct pt_hash file;
    struct scene s = delivered(1, &file);
    cr_assert(prune(s.device, A1, 0));
    struct world_link link = scene_sync(&s, s.device);
    cr_expect_eq(link.n_frames[0], 1);
    cr_expect_eq(link.n_frames[1], 2);
    scene_close(&s);
}

Test(prune, nothing_is_written_to_what_is_gone)
{
    struct pt_hash file;
    struct pt_head head;
    uint64_t seq;
    struct scene s = delivered(1, &file);
    struct pt_subject subject = subject_of(A1);
    struct pt_author_pen pen = world_pen(s.device);
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_CLEAR, 1700000000);
    entry.question = 1;
    cr_assert(prune(s.device, A1, 0));
    for (int again = 0; again < 2; again++) { /* also in a log of another incarnation */
        struct pt_txn *txn = begin(s.device, true);
        cr_expect_eq(pt_pen_log(txn, &pen, &subject, &head), PT_EGAP);
        head = world_head(s.device, s.device, A1);
        cr_expect_eq(pt_tail_put(txn, &pen, &head, &entry, &seq), PT_EGAP);
        pt_store_abort(txn);
        pen.incarnation++;
    }
    scene_close(&s);
}
