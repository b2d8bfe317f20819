#include "io/store/blobs.h"
#include "support/disk_shim.h"
#include "support/store_checks.h"

#include "base/mem.h"
#include "io/disk/files.h"
#include "io/net/link.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct pt_disk_reserve no_reserve = {0};
static const struct pt_store_key secret = {.present = true, .id = 2, .key = {8}};
static char dir[64];
static uint64_t seed = 11;
static uint8_t content[PT_BLOB_BYTES_MAX + 1];

static struct pt_blobs *blobs_open(const struct pt_store_key *key)
{
    struct pt_blobs *blobs = NULL;
    struct pt_random random = test_random(&seed);
    cr_assert_eq(pt_blobs_open(dir, key, &random, no_reserve, &blobs, NULL), PT_OK);
    return blobs;
}

static struct pt_blobs *setup(const struct pt_store_key *key)
{
    struct pt_random random = test_random(&seed);
    (void)snprintf(dir, sizeof dir, "/tmp/patuh-blobs-XXXXXX");
    cr_assert_not_null(mkdtemp(dir));
    cr_assert_eq(pt_crypto_init(), PT_OK);
    pt_random_fill(&random, content, sizeof content);
    disk_shim_watch(dir);
    return blobs_open(key);
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *at)
{
    (void)info;
    (void)type;
    (void)at;
    return remove(path);
}

static void finish(struct pt_blobs *blobs)
{
    pt_blobs_close(blobs);
    cr_expect_eq(nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
    cr_expect_eq(pt_mem_alive(), 0);
}

static void expect_content(struct pt_blobs *blobs, const struct pt_hash *hash, struct pt_bytes want)
{
    struct pt_buf found = {0};
    cr_assert_eq(pt_blobs_get(blobs, hash, &found), PT_OK);
    cr_expect(pt_bytes_eq(pt_buf_bytes(&found), want));
    pt_buf_free(&found);
}

static const char *file_of(const struct pt_hash *hash)
{
    static char path[PATH_MAX];
    struct pt_buf hex = {0};
    for (size_t i = 0; i < sizeof hash->b; i++) {
        pt_buf_printf(&hex, "%02x", (unsigned)hash->b[i]);
    }
    (void)snprintf(path, sizeof path, "%s/%.2s/%s", dir, pt_buf_text(&hex), pt_buf_text(&hex));
    pt_buf_free(&hex);
    return path;
}

static const struct pt_store_key *const keys[] = {NULL, &secret};

Test(blobs, keep_contents_of_every_size_plain_and_sealed)
{
    static const size_t sizes[] = {0, 1, 16384, PT_BLOB_BYTES_MAX};
    for (size_t k = 0; k < 2; k++) {
        struct pt_blobs *blobs = setup(keys[k]);
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            struct pt_hash hash;
            struct pt_bytes want = pt_bytes_of(content, sizes[i]);
            cr_assert_eq(pt_blobs_put(blobs, want, &hash), PT_OK);
            struct pt_hash again = pt_blob_hash(want);
            cr_expect(pt_hash_eq(&hash, &again));
            pt_blobs_close(blobs);
            blobs = blobs_open(keys[k]);
            cr_expect(pt_blobs_has(blobs, &hash));
            expect_content(blobs, &hash, want);
            cr_expect_eq(pt_blobs_put(blobs, want, &hash), PT_OK, "twice is fine");
            cr_expect_eq(pt_blobs_remove(blobs, &hash), PT_OK);
            cr_expect_eq(pt_blobs_remove(blobs, &hash), PT_ENOTFOUND);
            cr_expect_not(pt_blobs_has(blobs, &hash));
        }
        finish(blobs);
    }
}

Test(blobs, refuse_more_than_the_limit)
{
    struct pt_hash hash;
    struct pt_blobs *blobs = setup(NULL);
    cr_expect_eq(pt_blobs_put(blobs, pt_bytes_of(content, sizeof content), &hash), PT_ELIMIT);
    finish(blobs);
}

Test(blobs, are_read_in_parts)
{
    static const struct {
        uint32_t offset;
        uint32_t n;
        size_t found;
    } cases[] = {{0, 100, 100}, {900, 100, 100}, {950, 100, 50}, {1000, 100, 0}, {5000, 1, 0}, {3, UINT32_MAX, 997}};
    struct pt_hash hash;
    struct pt_blobs *blobs = setup(&secret);
    cr_assert_eq(pt_blobs_put(blobs, pt_bytes_of(content, 1000), &hash), PT_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pt_buf found = {0};
        cr_expect_eq(pt_blobs_read(blobs, &hash, cases[i].offset, cases[i].n, &found), PT_OK, "row %zu", i);
        cr_assert_eq(found.n, cases[i].found, "row %zu", i);
        cr_expect(found.n == 0 || memcmp(found.data, content + cases[i].offset, found.n) == 0, "row %zu", i);
        pt_buf_free(&found);
    }
    finish(blobs);
}

Test(blobs, damage_is_found_and_mended_by_putting_again)
{
    for (size_t k = 0; k < 2; k++) {
        struct pt_hash hash;
        struct pt_buf file = {0};
        struct pt_buf found = {0};
        struct pt_bytes want = pt_bytes_of(content, 500);
        struct pt_blobs *blobs = setup(keys[k]);
        cr_assert_eq(pt_blobs_put(blobs, want, &hash), PT_OK);
        cr_assert_eq(pt_file_read(file_of(&hash), SIZE_MAX, &file, NULL), PT_OK);
        for (size_t i = 0; i < file.n; i += 7) {
            enum pt_err allowed = i < 6 ? PT_EVERSION : PT_EDAMAGED;
            file.data[i] ^= 0x40;
            cr_assert_eq(pt_file_write(file_of(&hash), pt_buf_bytes(&file), 0600, NULL), PT_OK);
            cr_expect_eq(pt_blobs_get(blobs, &hash, &found), allowed, "byte %zu", i);
            file.data[i] ^= 0x40;
            cr_assert_eq(pt_file_write(file_of(&hash), pt_bytes_of(file.data, i), 0600, NULL), PT_OK);
            cr_expect_eq(pt_blobs_get(blobs, &hash, &found), PT_EDAMAGED, "cut at %zu", i);
        }
        cr_expect_eq(found.n, 0, "nothing damaged is handed out");
        cr_expect_eq(pt_blobs_put(blobs, want, &hash), PT_OK);
        expect_content(blobs, &hash, want);
        pt_buf_free(&file);
        finish(blobs);
    }
}

static uint32_t arrived_of(struct pt_blobs *blobs, const struct pt_hash *hash)
{
    struct pt_blob_claim claim;
    uint32_t arrived = UINT32_MAX;
    cr_expect_eq(pt_blobs_arrived(blobs, hash, &claim, &arrived), PT_OK);
    return arrived;
}

static struct pt_blob_claim claim_of(uint32_t size)
{
    return (struct pt_blob_claim){.hash = pt_blob_hash(pt_bytes_of(content, size)), .size = size};
}

Test(blobs, arrive_in_parts_and_go_on_after_a_restart)
{
    for (size_t k = 0; k < 2; k++) {
        struct pt_blobs *blobs = setup(keys[k]);
        struct pt_blob_claim claim = claim_of(100000);
        uint32_t at = 0;
        at = arrived_of(blobs, &claim.hash);
        cr_expect_eq(at, 0);
        while (at < claim.size) {
            uint32_t n = claim.size - at < 7000 ? claim.size - at : 7000;
            cr_assert_eq(pt_blobs_append(blobs, &claim, at, pt_bytes_of(content + at, n), &at), PT_OK);
            pt_blobs_close(blobs);
            blobs = blobs_open(keys[k]);
            uint32_t resumed = arrived_of(blobs, &claim.hash);
            cr_expect_eq(resumed, at);
            cr_expect_eq(pt_blobs_finish(blobs, &claim), at < claim.size ? PT_EGAP : PT_OK);
        }
        expect_content(blobs, &claim.hash, pt_bytes_of(content, claim.size));
        at = arrived_of(blobs, &claim.hash);
        cr_expect_eq(at, 0, "the parts are gone");
        finish(blobs);
    }
}

Test(blobs, parts_out_of_place_are_answered_with_what_arrived)
{
    static const struct {
        uint32_t offset;
        uint32_t n;
        enum pt_err err;
        uint32_t arrived;
    } cases[] = {
        {0, 300, PT_OK, 300},      {0, 300, PT_OK, 300},      {100, 100, PT_OK, 300},    {200, 200, PT_OK, 400},
        {401, 100, PT_EGAP, 400},  {390, 73, PT_ELIMIT, 400}, {400, 63, PT_ELIMIT, 400}, {400, 601, PT_ELIMIT, 400},
        {1001, 0, PT_ELIMIT, 400}, {400, 590, PT_OK, 990},    {990, 10, PT_OK, 1000},    {1000, 0, PT_OK, 1000},
    };
    struct pt_blobs *blobs = setup(NULL);
    struct pt_blob_claim claim = claim_of(1000);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t arrived = 0;
        struct pt_bytes part = pt_bytes_of(content + cases[i].offset, cases[i].n);
        cr_expect_eq(pt_blobs_append(blobs, &claim, cases[i].offset, part, &arrived), cases[i].err, "row %zu", i);
        arrived = arrived_of(blobs, &claim.hash);
        cr_expect_eq(arrived, cases[i].arrived, "row %zu", i);
    }
    cr_expect_eq(pt_blobs_finish(blobs, &claim), PT_OK);
    expect_content(blobs, &claim.hash, pt_bytes_of(content, 1000));
    finish(blobs);
}

Test(blobs, sizes_outside_the_limit_are_refused)
{
    static const uint32_t sizes[] = {0, PT_BLOB_BYTES_MAX + 1, UINT32_MAX};
    struct pt_blobs *blobs = setup(NULL);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct pt_blob_claim claim = {.size = sizes[i]};
        uint32_t arrived;
        cr_expect_eq(pt_blobs_append(blobs, &claim, 0, pt_bytes_of(content, 100), &arrived), PT_ELIMIT, "row %zu", i);
        cr_expect_eq(pt_blobs_finish(blobs, &claim), PT_ELIMIT, "row %zu", i);
    }
    finish(blobs);
}

Test(blobs, another_content_than_declared_is_refused_and_forgotten)
{
    struct pt_blobs *blobs = setup(NULL);
    struct pt_blob_claim claim = claim_of(1000);
    uint32_t arrived;
    cr_assert_eq(pt_blobs_append(blobs, &claim, 0, pt_bytes_of(content + 1, 1000), &arrived), PT_OK);
    cr_expect_eq(pt_blobs_finish(blobs, &claim), PT_EMALFORMED);
    cr_expect_not(pt_blobs_has(blobs, &claim.hash));
    arrived = arrived_of(blobs, &claim.hash);
    cr_expect_eq(arrived, 0);
    finish(blobs);
}

Test(blobs, parts_of_another_declared_size_count_as_nothing)
{
    struct pt_blobs *blobs = setup(NULL);
    struct pt_blob_claim claim = claim_of(1000);
    struct pt_blob_claim lie = {.hash = claim.hash, .size = 5000};
    struct pt_blob_claim found = {.size = 0};
    uint32_t arrived = 0;
    cr_assert_eq(pt_blobs_append(blobs, &lie, 0, pt_bytes_of(content + 1, 2000), &arrived), PT_OK);
    cr_expect_eq(pt_blobs_arrived(blobs, &claim.hash, &found, &arrived), PT_OK);
    cr_expect_eq(arrived, 2000);
    cr_expect_eq(found.size, 5000);
    cr_expect_eq(pt_blobs_append(blobs, &claim, 600, pt_bytes_of(content + 600, 400), &arrived), PT_EGAP);
    cr_expect_eq(arrived, 0);
    cr_expect_eq(arrived_of(blobs, &claim.hash), 2000, "a part that does not fit throws nothing away");
    cr_expect_eq(pt_blobs_append(blobs, &claim, 0, pt_bytes_of(content, 600), &arrived), PT_OK);
    cr_expect_eq(pt_blobs_append(blobs, &claim, 600, pt_bytes_of(content + 600, 400), &arrived), PT_OK);
    cr_expect_eq(pt_blobs_finish(blobs, &claim), PT_OK);
    expect_content(blobs, &claim.hash, pt_bytes_of(content, 1000));
    finish(blobs);
}

/* All parts came, and then the disk was full or power failed. */
Test(blobs, a_session_finishes_what_is_all_there)
{
    struct pt_blobs *blobs = setup(&secret);
    struct pt_blob_ops ops = pt_blob_files(blobs);
    struct pt_blob_claim claim = claim_of(1000);
    uint32_t arrived = 0;
    uint64_t offset = 1;
    uint64_t next = 0;
    bool complete = false;
    cr_expect_eq(ops.resume(ops.data, &claim.hash, &offset), PT_OK);
    cr_expect_eq(offset, 0);
    cr_assert_eq(pt_blobs_append(blobs, &claim, 0, pt_bytes_of(content, 400), &arrived), PT_OK);
    cr_expect_eq(ops.resume(ops.data, &claim.hash, &offset), PT_OK);
    cr_expect_eq(offset, 400);
    cr_assert_eq(pt_blobs_append(blobs, &claim, 400, pt_bytes_of(content + 400, 600), &arrived), PT_OK);
    cr_expect_eq(ops.resume(ops.data, &claim.hash, &offset), PT_OK);
    cr_expect_eq(offset, 999, "an answer to this is never empty");
    struct pt_bytes last = pt_bytes_of(content + offset, 1000 - offset);
    cr_expect_eq(ops.append(ops.data, &claim.hash, offset, 1000, last, &next, &complete), PT_OK);
    cr_expect(complete);
    cr_expect(ops.is_durable(ops.data, &claim.hash));
    finish(blobs);
}

Test(blobs, a_torn_part_is_asked_for_again)
{
    char path[PATH_MAX];
    struct pt_blobs *blobs = setup(NULL);
    struct pt_blob_claim claim = claim_of(1000);
    uint32_t arrived;
    cr_assert_eq(pt_blobs_append(blobs, &claim, 0, pt_bytes_of(content, 400), &arrived), PT_OK);
    cr_assert_eq(pt_blobs_append(blobs, &claim, 400, pt_bytes_of(content + 400, 400), &arrived), PT_OK);
    (void)snprintf(path, sizeof path, "%s/parts/%s", dir, strrchr(file_of(&claim.hash), '/') + 1);
    struct pt_buf file = {0};
    cr_assert_eq(pt_file_read(path, SIZE_MAX, &file, NULL), PT_OK);
    for (size_t cut = file.n - 1; cut > 430; cut -= 37) {
        cr_assert_eq(truncate(path, (off_t)cut), 0);
        arrived = arrived_of(blobs, &claim.hash);
        cr_expect_eq(arrived, 400, "cut at %zu", cut);
    }
    cr_expect_eq(pt_blobs_append(blobs, &claim, 400, pt_bytes_of(content + 400, 600), &arrived), PT_OK);
    cr_expect_eq(pt_blobs_finish(blobs, &claim), PT_OK);
    expect_content(blobs, &claim.hash, pt_bytes_of(content, 1000));
    pt_buf_free(&file);
    finish(blobs);
}

Test(blobs, a_full_or_failing_disk_leaves_no_half_file)
{
    static const int codes[] = {ENOSPC, EIO};
    for (size_t c = 0; c < 2; c++) {
        struct pt_blobs *blobs = setup(NULL);
        struct pt_hash hash = pt_blob_hash(pt_bytes_of(content, 3000));
        size_t pass = 0;
        enum pt_err err;
        do {
            struct pt_buf found = {0};
            disk_shim_fault_arm(pass, codes[c]);
            err = pt_blobs_put(blobs, pt_bytes_of(content, 3000), &hash);
            disk_shim_fault_disarm();
            enum pt_err got = pt_blobs_get(blobs, &hash, &found);
            cr_expect(got == PT_OK || (err != PT_OK && got == PT_ENOTFOUND), "pass %zu", pass);
            cr_expect(err == PT_OK || err == (codes[c] == ENOSPC ? PT_EFULL : PT_EIO) || err == PT_EIO);
            pt_buf_free(&found);
            if (err != PT_OK) {
                (void)pt_blobs_remove(blobs, &hash);
            }
        } while (err != PT_OK && ++pass < 20);
        cr_expect_eq(err, PT_OK);
        cr_expect_geq(pass, 2, "write, sync of the file, sync of the folder");
        finish(blobs);
    }
}

/* A peer may offer the same again and again: the disk is asked once. */
Test(blobs, what_is_known_to_be_durable_is_not_synced_again)
{
    struct pt_blobs *blobs = setup(NULL);
    struct pt_hash hash;
    cr_assert_eq(pt_blobs_put(blobs, pt_bytes_of(content, 3000), &hash), PT_OK);
    for (size_t opened = 0; opened < 2; opened++) {
        disk_shim_fault_arm(0, EIO);
        cr_expect_eq(pt_blobs_is_durable(blobs, &hash), opened == 0, "opened %zu: it was put by this process", opened);
        disk_shim_fault_disarm();
        cr_expect(pt_blobs_is_durable(blobs, &hash));
        disk_shim_fault_arm(0, EIO);
        cr_expect(pt_blobs_is_durable(blobs, &hash));
        disk_shim_fault_disarm();
        pt_blobs_close(blobs);
        blobs = blobs_open(NULL);
    }
    cr_expect(pt_blobs_is_durable(blobs, &hash));
    cr_expect_eq(pt_blobs_remove(blobs, &hash), PT_OK);
    cr_expect_not(pt_blobs_is_durable(blobs, &hash));
    finish(blobs);
}

Test(blobs, many_are_remembered)
{
    enum { N = 300 };
    static struct pt_hash hashes[N];
    struct pt_blobs *blobs = setup(NULL);
    for (uint32_t i = 0; i < N; i++) {
        cr_assert_eq(pt_blobs_put(blobs, pt_bytes_of(&i, sizeof i), &hashes[i]), PT_OK);
    }
    disk_shim_fault_arm(0, EIO);
    for (uint32_t i = 0; i < N; i++) {
        cr_expect(pt_blobs_is_durable(blobs, &hashes[i]), "%u", i);
    }
    disk_shim_fault_disarm();
    finish(blobs);
}

Test(blobs, below_the_reserve_nothing_is_taken)
{
    struct pt_blobs *blobs = setup(NULL);
    pt_blobs_close(blobs);
    struct pt_random random = test_random(&seed);
    struct pt_disk_reserve everything = {.bytes = LLONG_MAX, .percent = 101};
    cr_assert_eq(pt_blobs_open(dir, NULL, &random, everything, &blobs, NULL), PT_OK);
    struct pt_hash hash;
    struct pt_blob_claim claim = claim_of(1000);
    uint32_t arrived;
    cr_expect_eq(pt_blobs_put(blobs, pt_bytes_of(content, 10), &hash), PT_EFULL);
    cr_expect_eq(pt_blobs_append(blobs, &claim, 0, pt_bytes_of(content, 1000), &arrived), PT_EFULL);
    finish(blobs);
}

Test(blobs, what_a_crash_left_is_removed_at_the_next_start)
{
    char path[PATH_MAX];
    struct pt_blobs *blobs = setup(NULL);
    pt_blobs_close(blobs);
    (void)snprintf(path, sizeof path, "%s/parts/new.7", dir);
    cr_assert_eq(pt_file_write(path, pt_bytes_str("half"), 0600, NULL), PT_OK);
    blobs = blobs_open(NULL);
    cr_expect_not(pt_file_exists(path));
    finish(blobs);
}

Test(blobs, survive_failing_allocations)
{
    struct pt_blobs *blobs = setup(&secret);
    struct pt_blob_claim claim = claim_of(1000);
    for (size_t pass = 0; pass < 100; pass++) {
        uint32_t arrived = 0;
        long alive = pt_mem_alive();
        pt_mem_fault_arm(pass);
        enum pt_err err = pt_blobs_append(blobs, &claim, 0, pt_bytes_of(content, 1000), &arrived);
        if (err == PT_OK) {
            err = pt_blobs_finish(blobs, &claim);
        }
        struct pt_buf found = {0};
        if (err == PT_OK) {
            err = pt_blobs_get(blobs, &claim.hash, &found);
        }
        pt_mem_fault_disarm();
        pt_buf_free(&found);
        cr_assert_eq(pt_mem_alive(), alive, "pass %zu leaks", pass);
        if (err == PT_OK) {
            finish(blobs);
            return;
        }
        cr_expect_eq(err, PT_ENOMEM, "pass %zu: %s", pass, pt_err_name(err));
    }
    cr_assert_fail("the sweep never succeeded");
}
