#include "core/bundle/bundle.h"

#include "base/mem.h"
#include "core/bundle/seal.h"
#include "core/wire/pack.h"
#include "support/bundle_kit.h"
#include "support/logs_kit.h"

#include <criterion/criterion.h>
#include <string.h>

#define FRONT 20 /* "patuh/bundle", format, length of the head */

enum { MAKER = 1, OFFICE = 2, STRANGER = 3 };

static Patuh__BundleRecord wants_of(const void *bytes, size_t n, Patuh__BlobOffer *wants)
{
    Patuh__BundleRecord record = PATUH__BUNDLE_RECORD__INIT;
    patuh__blob_offer__init(wants);
    wants->has_hashes = true;
    wants->hashes = pt_binary(bytes, n);
    record.wants = wants;
    return record;
}

/* A bundle of n records that say their number. */
static void make(struct kit_file *file, uint32_t n)
{
    struct pt_keypair maker = kit_pair(MAKER);
    struct pt_keypair office = kit_pair(OFFICE);
    struct pt_bundle_writer *writer = kit_bundle(file, &maker, &office, (struct pt_bytes){0});
    for (uint32_t i = 0; i < n; i++) {
        Patuh__BlobOffer wants;
        uint8_t number[PT_HASH_BYTES] = {(uint8_t)i};
        Patuh__BundleRecord record = wants_of(number, sizeof number, &wants);
        cr_assert_eq(pt_bundle_put(writer, &record), PT_OK);
    }
    kit_bundle_end(writer);
}

/* Reads all; how many records there were before the end, or the error. */
static enum pt_err read_all(struct kit_file *file, uint8_t who, uint32_t *n)
{
    struct pt_keypair transport = kit_pair(who);
    struct pt_bundle_reader *reader;
    *n = 0;
    enum pt_err err = pt_bundle_open(kit_source(file), &transport, &reader);
    while (err == PT_OK) {
        struct pt_arena arena;
        const Patuh__BundleRecord *record;
        pt_arena_init(&arena, SIZE_MAX);
        err = pt_bundle_next(reader, &arena, &record);
        if (err == PT_OK) {
            cr_expect_eq(record->wants->hashes.data[0], (uint8_t)*n);
            (*n)++;
        }
        pt_arena_close(&arena);
    }
    pt_bundle_reader_destroy(reader);
    return err == PT_ENOTFOUND ? PT_OK : err;
}

static void set_u32(struct kit_file *file, size_t at, uint32_t value)
{
    for (size_t i = 0; i < 4; i++) {
        file->bytes.data[at + i] = (uint8_t)(value >> (24 - 8 * i));
    }
}

Test(bundle, gives_back_what_was_put_in_and_says_who_made_it)
{
    struct kit_file file = {0};
    struct pt_keypair maker = kit_pair(MAKER);
    struct pt_keypair office = kit_pair(OFFICE);
    struct pt_bundle_reader *reader;
    uint32_t n;
    make(&file, 300);
    cr_expect_eq(read_all(&file, OFFICE, &n), PT_OK);
    cr_expect_eq(n, 300);
    cr_assert_eq(pt_bundle_open(kit_source(&file), &office, &reader), PT_OK);
    struct pt_public_key key = pt_bundle_key(reader);
    cr_expect_arr_eq(key.b, maker.public_key, sizeof key.b);
    cr_expect_eq(pt_bundle_from(reader)->made_ms, 1700000000000);
    cr_expect_null(pt_bundle_from(reader)->statement);
    pt_bundle_reader_destroy(reader);
    pt_buf_free(&file.bytes);
    cr_expect_eq(pt_mem_alive(), 0);
}

Test(bundle, the_same_content_and_randomness_give_the_same_bytes)
{
    struct kit_file a = {0};
    struct kit_file b = {0};
    make(&a, 3);
    make(&b, 3);
    cr_expect(pt_bytes_eq(pt_buf_bytes(&a.bytes), pt_buf_bytes(&b.bytes)));
    pt_buf_free(&a.bytes);
    pt_buf_free(&b.bytes);
}

Test(bundle, what_is_none_of_a_newer_format_or_for_somebody_else_is_told_apart)
{
    struct kit_file file = {0};
    struct kit_file text = {.given = pt_bytes_str("path,value,note\nminutes,5,\n")};
    struct kit_file empty = {.given = pt_bytes_of("", 0)};
    uint32_t n;
    make(&file, 1);
    cr_expect_eq(read_all(&text, OFFICE, &n), PT_EMALFORMED);
    cr_expect_eq(read_all(&empty, OFFICE, &n), PT_EMALFORMED);
    cr_expect_eq(read_all(&file, STRANGER, &n), PT_EDENIED);
    set_u32(&file, 12, 2);
    cr_expect_eq(read_all(&file, OFFICE, &n), PT_EVERSION);
    set_u32(&file, 12, 0);
    cr_expect_eq(read_all(&file, OFFICE, &n), PT_EDAMAGED);
    pt_buf_free(&file.bytes);
}

Test(bundle, a_byte_changed_anywhere_is_seen)
{
    struct kit_file file = {0};
    uint32_t n;
    make(&file, 3);
    for (size_t i = 0; i < file.bytes.n; i++) {
        for (unsigned bit = 0; bit < 8; bit += 7) {
            file.bytes.data[i] ^= (uint8_t)(1u << bit);
            cr_expect_neq(read_all(&file, OFFICE, &n), PT_OK, "byte %zu", i);
            file.bytes.data[i] ^= (uint8_t)(1u << bit);
        }
    }
    cr_expect_eq(read_all(&file, OFFICE, &n), PT_OK);
    pt_buf_free(&file.bytes);
}

Test(bundle, a_file_that_is_cut_off_or_goes_on_is_seen)
{
    struct kit_file file = {0};
    uint32_t n;
    make(&file, 3);
    size_t whole = file.bytes.n;
    for (size_t i = 0; i < whole; i++) {
        struct kit_file cut = {.given = pt_bytes_of(file.bytes.data, i)};
        enum pt_err err = read_all(&cut, OFFICE, &n);
        cr_expect(err == PT_EDAMAGED || (i < FRONT && err == PT_EMALFORMED), "cut off at %zu: %s", i, pt_err_name(err));
    }
    pt_buf_put_u8(&file.bytes, 0);
    cr_expect_eq(read_all(&file, OFFICE, &n), PT_EDAMAGED);
    pt_buf_free(&file.bytes);
}

/* Nothing of that size is allocated or waited for. */
Test(bundle, lengths_that_are_too_large_are_refused)
{
    static const uint32_t lengths[] = {PT_BUNDLE_HEAD_BYTES_MAX + 1, 0x7fffffff, 0xffffffff};
    struct kit_file file = {0};
    uint32_t n;
    make(&file, 1);
    struct pt_reader reader = pt_reader_on(pt_bytes_of(file.bytes.data + 16, 4));
    uint32_t n_head = pt_read_u32(&reader);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        set_u32(&file, 16, lengths[i]);
        cr_expect_eq(read_all(&file, OFFICE, &n), PT_EDAMAGED);
        set_u32(&file, 16, n_head);
        set_u32(&file, FRONT + n_head, lengths[i] + PT_BUNDLE_RECORD_BYTES_MAX);
        cr_expect_eq(read_all(&file, OFFICE, &n), PT_EDAMAGED);
        pt_buf_free(&file.bytes);
        make(&file, 1);
    }
    pt_buf_free(&file.bytes);
}

Test(bundle, a_record_fits_up_to_its_limit)
{
    struct kit_file file = {0};
    struct pt_keypair maker = kit_pair(MAKER);
    struct pt_keypair office = kit_pair(OFFICE);
    struct pt_bundle_writer *writer = kit_bundle(&file, &maker, &office, (struct pt_bytes){0});
    static uint8_t large[PT_BUNDLE_RECORD_BYTES_MAX];
    Patuh__BlobOffer wants;
    uint32_t n;
    size_t besides = 8; /* two tags with their lengths */
    Patuh__BundleRecord record = wants_of(large, sizeof large - besides + 1, &wants);
    cr_expect_eq(pt_bundle_put(writer, &record), PT_ELIMIT);
    record = wants_of(large, sizeof large - besides, &wants);
    cr_expect_eq(pt_bundle_put(writer, &record), PT_OK);
    kit_bundle_end(writer);
    cr_expect_eq(read_all(&file, OFFICE, &n), PT_OK);
    cr_expect_eq(n, 1);
    pt_buf_free(&file.bytes);
}

/* By a program that is wrong: all of it is encrypted and signed as it should be. */
Test(bundle, a_record_that_says_nothing_or_two_things_is_refused)
{
    static uint8_t hash[PT_HASH_BYTES];
    for (int which = 0; which < 3; which++) {
        struct kit_file file = {0};
        struct pt_keypair maker = kit_pair(MAKER);
        struct pt_keypair office = kit_pair(OFFICE);
        struct pt_bundle_writer *writer = kit_bundle(&file, &maker, &office, (struct pt_bytes){0});
        Patuh__BlobOffer wants;
        Patuh__BundleRecord record = wants_of(hash, sizeof hash, &wants);
        Patuh__Receipt receipt = PATUH__RECEIPT__INIT;
        Patuh__BundleFrom from = PATUH__BUNDLE_FROM__INIT;
        uint32_t n;
        record.wants = which == 0 ? &wants : NULL;
        record.receipt = which == 0 ? &receipt : NULL;
        record.from = which == 1 ? &from : NULL;
        cr_assert_eq(pt_bundle_put(writer, &record), PT_OK);
        kit_bundle_end(writer);
        cr_expect_eq(read_all(&file, OFFICE, &n), PT_EDAMAGED, "%d", which);
        pt_buf_free(&file.bytes);
    }
}

/* The head of one bundle before the records of another: the signature is over the head. */
Test(bundle, nobody_puts_a_bundle_together_from_two)
{
    struct kit_file file = {0};
    struct pt_keypair maker = kit_pair(MAKER);
    struct pt_keypair office = kit_pair(OFFICE);
    struct pt_keypair second = kit_pair(STRANGER);
    struct pt_public_key both[2];
    struct pt_bundle_origin origin = {.author = &maker};
    struct pt_bundle_writer *writer;
    uint64_t state = 1;
    struct pt_random random = kit_steady(&state);
    uint32_t n;
    memcpy(both[0].b, office.public_key, sizeof both[0].b);
    memcpy(both[1].b, second.public_key, sizeof both[1].b);
    cr_assert_eq(pt_bundle_begin(kit_sink(&file), &random, both, 2, &origin, &writer), PT_OK);
    kit_bundle_end(writer);
    cr_expect_eq(read_all(&file, OFFICE, &n), PT_OK);
    cr_expect_eq(read_all(&file, STRANGER, &n), PT_OK);
    file.bytes.data[file.bytes.n / 4] ^= 1; /* in what is sealed to the first one */
    cr_expect_eq(read_all(&file, STRANGER, &n), PT_EDAMAGED);
    pt_buf_free(&file.bytes);
}

Test(bundle, a_sink_that_is_full_is_told_at_once)
{
    struct pt_keypair maker = kit_pair(MAKER);
    struct pt_keypair office = kit_pair(OFFICE);
    struct pt_public_key key;
    struct pt_bundle_origin origin = {.author = &maker};
    struct pt_bundle_writer *writer;
    uint64_t state = 1;
    struct pt_random random = kit_steady(&state);
    memcpy(key.b, office.public_key, sizeof key.b);
    for (size_t room = 1; room < 400; room += 40) {
        struct kit_file file = {.room = room};
        enum pt_err err = pt_bundle_begin(kit_sink(&file), &random, &key, 1, &origin, &writer);
        if (err == PT_OK) {
            err = pt_bundle_end(writer);
            pt_bundle_writer_destroy(writer);
        }
        cr_expect(err == PT_EFULL || file.bytes.n <= room);
        pt_buf_free(&file.bytes);
    }
    cr_expect_eq(pt_bundle_begin(kit_sink(&(struct kit_file){0}), &random, &key, 0, &origin, &writer), PT_ELIMIT);
    cr_expect_eq(pt_bundle_begin(kit_sink(&(struct kit_file){0}), &random, &key, 5, &origin, &writer), PT_ELIMIT);
    cr_expect_eq(pt_mem_alive(), 0);
}

Test(bundle, memory_that_runs_out_is_an_error_and_no_leak)
{
    struct kit_file file = {0};
    uint32_t n;
    make(&file, 3);
    for (size_t pass = 0; pass < 40; pass++) {
        struct pt_keypair office = kit_pair(OFFICE);
        struct pt_bundle_reader *reader = NULL;
        pt_mem_fault_arm(pass);
        enum pt_err err = pt_bundle_open(kit_source(&file), &office, &reader);
        pt_mem_fault_disarm();
        cr_expect(err == PT_OK || err == PT_ENOMEM, "%s", pt_err_name(err));
        pt_bundle_reader_destroy(reader);
    }
    cr_expect_eq(read_all(&file, OFFICE, &n), PT_OK);
    pt_buf_free(&file.bytes);
    cr_expect_eq(pt_mem_alive(), 0);
}
