#include "client/sync.h"
#include "core/bundle/fill.h"
#include "core/log/prune.h"
#include "io/disk/files.h"
#include "io/store/bundle_file.h"
#include "support/field.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const char *in_field(const struct field *field, const char *name)
{
    static char path[160];
    (void)snprintf(path, sizeof path, "%s/%s", field->root, name);
    return path;
}

static struct pt_head own_log(struct patuh *device)
{
    struct pt_txn *txn;
    struct pt_arena arena;
    struct pt_head *heads;
    struct pt_head own = {0};
    size_t n = 0;
    pt_arena_init(&arena, SIZE_MAX);
    cr_assert_eq(pt_store_begin_read(device->store, &txn), PT_OK);
    cr_assert_eq(pt_logs_list(txn, NULL, &arena, &heads, &n), PT_OK);
    for (size_t i = 0; i < n; i++) {
        own = pt_author_eq(&heads[i].log.author, &device->author) ? heads[i] : own;
    }
    pt_store_abort(txn);
    pt_arena_close(&arena);
    return own;
}

/* What an office says in its reply. */
struct reply {
    const struct pt_keypair *maker;
    bool revoked;
    uint64_t seq; /* of the device's log, that it has; 0: no receipt */
    uint64_t epoch;
    uint64_t lsn;
};

static void put_receipt(struct pt_bundle_out *out, const struct reply *reply, const struct pt_head *head)
{
    struct pt_arena arena;
    struct pt_bundle_fill fill = {.writer = out->writer};
    struct pt_receipt_log log = {.log = head->log, .seq = reply->seq, .link = head->link};
    struct pt_receipt receipt = {.office = pt_author_of(reply->maker->public_key),
                                 .tier = PT_TIER_REGION,
                                 .author = head->log.author,
                                 .epoch = reply->epoch,
                                 .lsn = reply->lsn,
                                 .time_ms = 1690858985000,
                                 .logs = &log,
                                 .n_logs = 1};
    pt_arena_init(&arena, SIZE_MAX);
    cr_assert_eq(pt_receipt_sign(&receipt, reply->maker, &arena), PT_OK);
    cr_assert_eq(pt_fill_receipt(&fill, receipt.body, &receipt.signature), PT_OK);
    pt_arena_close(&arena);
}

static void write_reply(const struct field *field, const char *name, struct patuh *device, const struct reply *reply)
{
    struct pt_bundle_out out;
    struct pt_random random = pt_random_system();
    struct pt_public_key key;
    struct pt_bundle_origin origin = {.author = reply->maker, .made_ms = 1690858985000, .revoked = reply->revoked};
    struct pt_head head = own_log(device);
    memcpy(key.b, device->transport_pair.public_key, sizeof key.b);
    cr_assert_eq(pt_bundle_out_begin(&out, in_field(field, name), &random, &key, 1, &origin, NULL), PT_OK);
    if (reply->seq > 0) {
        put_receipt(&out, reply, &head);
    }
    cr_assert_eq(pt_bundle_out_finish(&out, NULL), PT_OK);
    pt_bundle_out_drop(&out);
}

static struct patuh *device_with_an_answer(struct field *field)
{
    uint32_t n = 0;
    field_open(field);
    struct patuh *device = field_device(field, FIELD_SARI);
    field_answer(device, "officials_available", "4");
    cr_assert_eq(pt_sync_seal(device, &n), PT_OK);
    return device;
}

static uint64_t receipted(struct patuh *device)
{
    struct pt_head head = own_log(device);
    struct pt_txn *txn;
    uint64_t seq = 0;
    cr_assert_eq(pt_store_begin_read(device->store, &txn), PT_OK);
    cr_assert_eq(pt_receipt_covers(txn, &head, PT_TIER_REGION, &seq), PT_OK);
    pt_store_abort(txn);
    return seq;
}

/* What it pruned is coming back: that far the office has more of our log, and the store is not older for that. */
Test(bundle_in, a_receipt_of_what_comes_back_needs_no_new_incarnation)
{
    struct field field;
    struct pt_txn *txn;
    struct patuh_bundle_in in = {0};
    bool recalled = false;
    struct patuh *device = device_with_an_answer(&field);
    struct pt_subject subject = own_log(device).log.subject;
    cr_assert_eq(pt_store_begin_write(device->store, &txn), PT_OK);
    cr_assert_eq(pt_prune(txn, &subject, &(struct pt_pruned){.unit = ""}), PT_OK);
    cr_assert_eq(pt_prune_recall(txn, &subject, &recalled), PT_OK);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
    cr_assert(recalled);
    write_reply(&field, "a", device, &(struct reply){.maker = &field.region, .seq = 1, .epoch = 5, .lsn = 9});
    cr_assert_eq(patuh_bundle_in(device, in_field(&field, "a"), &in, NULL), PATUH_OK);
    cr_expect_not(in.fresh_incarnation);
    write_reply(&field, "b", device, &(struct reply){.maker = &field.region, .seq = 2, .epoch = 5, .lsn = 10});
    cr_assert_eq(patuh_bundle_in(device, in_field(&field, "b"), &in, NULL), PATUH_OK);
    cr_expect(in.fresh_incarnation, "more than there ever was here");
    patuh_close(device);
    field_close(&field);
}

Test(bundle_in, receipts_of_its_office_are_taken)
{
    struct field field;
    struct patuh_bundle_in in = {0};
    struct patuh *device = device_with_an_answer(&field);
    write_reply(&field, "a", device, &(struct reply){.maker = &field.region, .seq = 1, .epoch = 5, .lsn = 9});
    cr_assert_eq(patuh_bundle_in(device, in_field(&field, "a"), &in, NULL), PATUH_OK);
    cr_expect_eq(in.receipts, 1);
    cr_expect_eq(in.left_out, 0);
    cr_expect_not(in.fresh_incarnation);
    cr_expect_eq(receipted(device), 1);
    cr_assert_eq(patuh_bundle_in(device, in_field(&field, "a"), &in, NULL), PATUH_OK);
    cr_expect_eq(receipted(device), 1);
    patuh_close(device);
    field_close(&field);
}

/* Which epoch is the office's now only a session says. */
Test(bundle_in, a_receipt_of_another_epoch_is_not_the_newest)
{
    struct field field;
    struct pt_txn *txn;
    uint64_t epoch = 0;
    uint64_t lsn = 0;
    struct patuh *device = device_with_an_answer(&field);
    write_reply(&field, "a", device, &(struct reply){.maker = &field.region, .seq = 1, .epoch = 5, .lsn = 9});
    write_reply(&field, "b", device, &(struct reply){.maker = &field.region, .seq = 1, .epoch = 6, .lsn = 99});
    write_reply(&field, "c", device, &(struct reply){.maker = &field.region, .seq = 1, .epoch = 5, .lsn = 10});
    for (const char *name = "abc"; *name != '\0'; name++) {
        char file[2] = {*name, '\0'};
        cr_assert_eq(patuh_bundle_in(device, in_field(&field, file), NULL, NULL), PATUH_OK);
    }
    cr_assert_eq(pt_store_begin_read(device->store, &txn), PT_OK);
    cr_assert_eq(pt_receipt_newest(txn, PT_TIER_REGION, &epoch, &lsn), PT_OK);
    pt_store_abort(txn);
    cr_expect_eq(epoch, 5);
    cr_expect_eq(lsn, 10);
    patuh_close(device);
    field_close(&field);
}

Test(bundle_in, a_receipt_for_more_than_is_here_means_an_old_copy)
{
    struct field field;
    struct patuh_bundle_in in = {0};
    struct patuh *device = device_with_an_answer(&field);
    uint64_t before = device->incarnation;
    write_reply(&field, "a", device, &(struct reply){.maker = &field.region, .seq = 7, .epoch = 5, .lsn = 9});
    cr_assert_eq(patuh_bundle_in(device, in_field(&field, "a"), &in, NULL), PATUH_OK);
    cr_expect(in.fresh_incarnation);
    cr_expect_neq(device->incarnation, before);
    patuh_close(device);
    field_close(&field);
}

Test(bundle_in, a_receipt_for_what_is_being_fetched_again_means_none)
{
    struct field field;
    struct pt_txn *txn;
    struct patuh_bundle_in in = {0};
    bool recalled = false;
    struct patuh *device = device_with_an_answer(&field);
    struct pt_subject subject = own_log(device).log.subject;
    uint64_t before = device->incarnation;
    write_reply(&field, "a", device, &(struct reply){.maker = &field.region, .seq = 1, .epoch = 5, .lsn = 9});
    write_reply(&field, "b", device, &(struct reply){.maker = &field.region, .seq = 2, .epoch = 5, .lsn = 10});
    cr_assert_eq(pt_store_begin_write(device->store, &txn), PT_OK);
    cr_assert_eq(pt_prune(txn, &subject, &(struct pt_pruned){.unit = "", .institution = "", .surveyors = ""}), PT_OK);
    cr_assert_eq(pt_prune_recall(txn, &subject, &recalled), PT_OK);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
    cr_assert_eq(own_log(device).seq, 0);
    cr_assert_eq(patuh_bundle_in(device, in_field(&field, "a"), &in, NULL), PATUH_OK);
    cr_expect_not(in.fresh_incarnation);
    cr_expect_eq(device->incarnation, before);
    cr_assert_eq(patuh_bundle_in(device, in_field(&field, "b"), &in, NULL), PATUH_OK);
    cr_expect(in.fresh_incarnation, "an entry more than there ever was");
    patuh_close(device);
    field_close(&field);
}

static void expect_refused(const struct field *field, struct patuh *device, const char *name, enum patuh_result wanted,
                           const char *says)
{
    struct patuh_problem problem = {""};
    cr_expect_eq(patuh_bundle_in(device, in_field(field, name), NULL, &problem), wanted, "%s: %s", name, problem.text);
    cr_expect_not_null(strstr(problem.text, says), "%s", problem.text);
    cr_expect_eq(receipted(device), 0);
}

Test(bundle_in, what_is_not_from_its_office_or_not_for_it_is_refused)
{
    struct field field;
    struct patuh *device = device_with_an_answer(&field);
    struct patuh *other = field_device(&field, FIELD_BUDI);
    struct reply stranger = {.maker = &field.transport, .seq = 1, .epoch = 5, .lsn = 9};
    struct reply region = {.maker = &field.region};
    write_reply(&field, "stranger", device, &stranger);
    write_reply(&field, "other", other, &region);
    cr_assert_eq(patuh_bundle_out(device, in_field(&field, "own"), NULL, NULL), PATUH_OK);
    cr_assert_eq(pt_file_write(in_field(&field, "text"), pt_bytes_str("path,value,note\nminutes,5,\n"), 0600, NULL),
                 PT_OK);
    expect_refused(&field, device, "stranger", PATUH_DENIED, "another office");
    expect_refused(&field, device, "other", PATUH_DENIED, "not for here");
    expect_refused(&field, device, "own", PATUH_DENIED, "not for here");
    expect_refused(&field, device, "text", PATUH_FAILED, "not a bundle");
    expect_refused(&field, device, "nothing", PATUH_NOTFOUND, "cannot be opened");
    patuh_close(other);
    patuh_close(device);
    field_close(&field);
}

Test(bundle_in, of_a_file_that_was_cut_off_nothing_is_taken)
{
    struct field field;
    struct pt_buf whole = {0};
    struct patuh *device = device_with_an_answer(&field);
    write_reply(&field, "a", device, &(struct reply){.maker = &field.region, .seq = 1, .epoch = 5, .lsn = 9});
    cr_assert_eq(pt_file_read(in_field(&field, "a"), 1 << 20, &whole, NULL), PT_OK);
    cr_assert_eq(pt_file_write(in_field(&field, "cut"), pt_bytes_of(whole.data, whole.n - 3), 0600, NULL), PT_OK);
    expect_refused(&field, device, "cut", PATUH_FAILED, "cut off or changed");
    pt_buf_free(&whole);
    patuh_close(device);
    field_close(&field);
}

Test(bundle_in, an_office_says_that_it_took_the_device_out)
{
    struct field field;
    struct patuh *device = device_with_an_answer(&field);
    write_reply(&field, "a", device, &(struct reply){.maker = &field.region, .revoked = true});
    write_reply(&field, "b", device, &(struct reply){.maker = &field.region});
    cr_assert_eq(patuh_bundle_in(device, in_field(&field, "a"), NULL, NULL), PATUH_OK);
    cr_expect_str_neq(patuh_identity(device).revoked, "");
    cr_assert_eq(patuh_bundle_in(device, in_field(&field, "b"), NULL, NULL), PATUH_OK);
    cr_expect_str_neq(patuh_identity(device).revoked, "", "an older reply takes nothing back");
    patuh_close(device);
    field_close(&field);
}
