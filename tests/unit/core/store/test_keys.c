#include "core/store/keys.h"

#include <criterion/criterion.h>
#include <string.h>

static const uint64_t numbers[] = {0, 1, 255, 256, 65535, 1ULL << 32, (1ULL << 63) - 1, UINT64_MAX - 1, UINT64_MAX};
#define N_NUMBERS (sizeof numbers / sizeof numbers[0])

static struct pt_subject subject_of(const char *text)
{
    struct pt_subject subject;
    cr_assert_eq(pt_subject_read(pt_bytes_str(text), &subject), PT_OK, "%s", text);
    return subject;
}

Test(keys, order_of_keys_is_order_of_numbers)
{
    for (size_t i = 0; i + 1 < N_NUMBERS; i++) {
        struct pt_key low = pt_key_u64(numbers[i]);
        struct pt_key high = pt_key_u64(numbers[i + 1]);
        cr_expect_lt(pt_bytes_cmp(pt_key_bytes(&low), pt_key_bytes(&high)), 0, "row %zu", i);
        low = pt_key_log_seq(7, numbers[i]);
        high = pt_key_log_seq(7, numbers[i + 1]);
        cr_expect_lt(pt_bytes_cmp(pt_key_bytes(&low), pt_key_bytes(&high)), 0, "row %zu", i);
        low = pt_key_log_seq(numbers[i], UINT64_MAX);
        high = pt_key_log_seq(numbers[i + 1], 0);
        cr_expect_lt(pt_bytes_cmp(pt_key_bytes(&low), pt_key_bytes(&high)), 0, "row %zu", i);
    }
}

Test(keys, numbers_come_back)
{
    for (size_t i = 0; i < N_NUMBERS; i++) {
        uint64_t log = 5;
        uint64_t seq = 5;
        struct pt_key key = pt_key_u64(numbers[i]);
        cr_expect_eq(pt_key_read_u64(pt_key_bytes(&key), &log), PT_OK);
        cr_expect_eq(log, numbers[i]);
        key = pt_key_log_seq(numbers[i], numbers[N_NUMBERS - 1 - i]);
        cr_expect_eq(pt_key_read_log_seq(pt_key_bytes(&key), &log, &seq), PT_OK);
        cr_expect(log == numbers[i] && seq == numbers[N_NUMBERS - 1 - i], "row %zu", i);
        key = pt_key_receipt(numbers[i], PT_TIER_NATIONAL);
        cr_expect_eq(pt_key_read_u64(pt_bytes_of(key.b, 8), &log), PT_OK);
        cr_expect(log == numbers[i] && key.n == 9 && key.b[8] == 2, "row %zu", i);
    }
}

Test(keys, names_and_hashes_come_back)
{
    struct pt_hash hash = {.b = {1, 2, 3}};
    struct pt_hash found_hash;
    uint64_t log;
    uint64_t seq;
    struct pt_key key = pt_key_log_seq_link(1, 2, &hash);
    cr_expect_eq(pt_key_read_log_seq_link(pt_key_bytes(&key), &log, &seq, &found_hash), PT_OK);
    cr_expect(log == 1 && seq == 2 && pt_hash_eq(&hash, &found_hash));
    struct pt_subject subject = subject_of("o:62");
    struct pt_key wanted[] = {pt_key_hash(&hash), pt_key_wanted_log(&hash, NULL, 7),
                              pt_key_wanted_log(&hash, &subject, 7)};
    for (size_t i = 0; i < 3; i++) {
        found_hash = (struct pt_hash){0};
        cr_expect_eq(pt_key_read_wanted(pt_key_bytes(&wanted[i]), &found_hash), PT_OK, "row %zu", i);
        cr_expect(pt_hash_eq(&hash, &found_hash), "row %zu", i);
        key = pt_key_copy(pt_key_bytes(&wanted[i]));
        cr_expect(pt_bytes_eq(pt_key_bytes(&key), pt_key_bytes(&wanted[i])), "row %zu", i);
    }
}

Test(keys, log_id_is_the_canonical_form_at_its_longest)
{
    struct pt_log_id id = {.author = {.b = {7}}, .incarnation = UINT64_MAX};
    struct pt_log_id found;
    struct pt_buf canonical = {0};
    memset(id.subject.text, 'x', PT_SUBJECT_BYTES_MAX);
    memcpy(id.subject.text, "o:", 2);
    struct pt_key key = pt_key_log_id(&id);
    cr_expect_eq(key.n, PT_KEY_BYTES_LONGEST);
    cr_expect_eq(pt_key_wanted_log(&(struct pt_hash){0}, &id.subject, 1).n, PT_KEY_BYTES_LONGEST);
    pt_log_id_put(&canonical, &id);
    cr_expect(pt_bytes_eq(pt_key_bytes(&key), pt_buf_bytes(&canonical)));
    cr_expect_eq(pt_log_id_read(pt_key_bytes(&key), &found), PT_OK);
    cr_expect(pt_log_id_eq(&id, &found));
    pt_buf_free(&canonical);
}

Test(keys, a_subject_is_no_prefix_of_a_longer_one)
{
    struct pt_subject short_one = subject_of("o:6");
    struct pt_log_id id = {.subject = subject_of("o:62")};
    struct pt_key prefix = pt_key_subject(&short_one);
    struct pt_key key = pt_key_log_id(&id);
    cr_expect_neq(memcmp(prefix.b, key.b, prefix.n), 0);
    id.subject = short_one;
    key = pt_key_log_id(&id);
    cr_expect_eq(memcmp(prefix.b, key.b, prefix.n), 0);
}

Test(keys, every_other_length_is_damage)
{
    struct pt_hash hash = {.b = {1}};
    uint64_t a = 1;
    uint64_t b = 1;
    uint8_t bytes[64];
    memset(bytes, 'x', sizeof bytes);
    for (size_t n = 0; n <= sizeof bytes; n++) {
        struct pt_bytes cut = pt_bytes_of(bytes, n);
        cr_expect_eq(pt_key_read_u64(cut, &a), n == 8 ? PT_OK : PT_EDAMAGED, "%zu", n);
        cr_expect_eq(pt_key_read_log_seq(cut, &a, &b), n == 16 ? PT_OK : PT_EDAMAGED, "%zu", n);
        cr_expect_eq(pt_key_read_log_seq_link(cut, &a, &b, &hash), n == 48 ? PT_OK : PT_EDAMAGED, "%zu", n);
        bytes[32] = 4;
        bool wanted = n == 32 || n == 32 + 1 + 4 + 8;
        cr_expect_eq(pt_key_read_wanted(cut, &hash), wanted ? PT_OK : PT_EDAMAGED, "%zu", n);
    }
}
