#include "core/ids.h"

#include <criterion/criterion.h>
#include <string.h>

static struct pt_subject subject_of(const char *text)
{
    struct pt_subject subject;
    cr_assert_eq(pt_subject_read(pt_bytes_str(text), &subject), PT_OK, "%s", text);
    return subject;
}

Test(ids, subjects_have_one_form)
{
    static const struct {
        const char *text;
        enum pt_subject_kind kind;
    } rows[] = {
        {"a:2023/62.71/disdukcapil", PT_SUBJECT_ASSESSMENT},
        {"a:latihan-1/62.71/rs_ulin-2~2", PT_SUBJECT_ASSESSMENT},
        {"a:2023/62.71/x~10", PT_SUBJECT_ASSESSMENT},
        {"o:62", PT_SUBJECT_OFFICE},
        {"c:2023", PT_SUBJECT_CYCLE},
        {"", PT_SUBJECT_NONE},
        {"a", PT_SUBJECT_NONE},
        {"a:", PT_SUBJECT_NONE},
        {"o:", PT_SUBJECT_NONE},
        {"x:62", PT_SUBJECT_NONE},
        {"A:2023/62.71/x", PT_SUBJECT_NONE},
        {"a:2023/62.71", PT_SUBJECT_NONE},
        {"a:2023/62.71/x/y", PT_SUBJECT_NONE},
        {"a:2023//x", PT_SUBJECT_NONE},
        {"a:/62.71/x", PT_SUBJECT_NONE},
        {"a:2023/62.71/", PT_SUBJECT_NONE},
        {"a:2023/62.71/X", PT_SUBJECT_NONE},
        {"a:2023/62.71/x y", PT_SUBJECT_NONE},
        {"o:62/71", PT_SUBJECT_NONE},
        {"c:2023/1", PT_SUBJECT_NONE},
        /* a tilde is the number of a second assessment and nothing else */
        {"a:2023/62.71/x~", PT_SUBJECT_NONE},
        {"a:2023/62.71/x~0", PT_SUBJECT_NONE},
        {"a:2023/62.71/x~02", PT_SUBJECT_NONE},
        {"a:2023/62.71/x~2~3", PT_SUBJECT_NONE},
        {"a:2023/62.71/x~a", PT_SUBJECT_NONE},
        {"a:2023/62.71/~2", PT_SUBJECT_NONE},
        {"a:2023/62~2/x", PT_SUBJECT_NONE},
        {"a:2023~2/62.71/x", PT_SUBJECT_NONE},
        {"o:62~2", PT_SUBJECT_NONE},
        {"c:2023~2", PT_SUBJECT_NONE},
        /* names become file names: no way out of a folder */
        {"a:2023/../..", PT_SUBJECT_NONE},
        {"a:./62.71/x", PT_SUBJECT_NONE},
        {"o:..", PT_SUBJECT_NONE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pt_subject subject = {.text = "untouched"};
        enum pt_err err = pt_subject_read(pt_bytes_str(rows[i].text), &subject);
        cr_expect_eq(err, rows[i].kind == PT_SUBJECT_NONE ? PT_EMALFORMED : PT_OK, "%s", rows[i].text);
        cr_expect_str_eq(subject.text, err == PT_OK ? rows[i].text : "untouched");
        cr_expect(err != PT_OK || pt_subject_kind(&subject) == rows[i].kind, "%s", rows[i].text);
    }
}

Test(ids, subjects_end_at_their_limit_and_hold_no_nul)
{
    char text[PT_SUBJECT_BYTES_MAX + 2];
    struct pt_subject subject;
    memset(text, 'x', sizeof text);
    text[0] = 'o';
    text[1] = ':';
    cr_expect_eq(pt_subject_read(pt_bytes_of(text, PT_SUBJECT_BYTES_MAX), &subject), PT_OK);
    cr_expect_eq(pt_subject_read(pt_bytes_of(text, PT_SUBJECT_BYTES_MAX + 1), &subject), PT_EMALFORMED);
    cr_expect_eq(pt_subject_read(pt_bytes_of("o:6\0x", 5), &subject), PT_EMALFORMED);
    cr_expect_eq(pt_subject_read((struct pt_bytes){0}, &subject), PT_EMALFORMED);
}

Test(ids, subjects_are_made_from_what_people_type)
{
    struct pt_subject subject;
    cr_expect_eq(pt_subject_make(PT_SUBJECT_ASSESSMENT, "2023/62.71/x", &subject), PT_OK);
    cr_expect_str_eq(subject.text, "a:2023/62.71/x");
    cr_expect_eq(pt_subject_make(PT_SUBJECT_OFFICE, "62", &subject), PT_OK);
    cr_expect_str_eq(subject.text, "o:62");
    cr_expect_eq(pt_subject_make(PT_SUBJECT_CYCLE, "2023", &subject), PT_OK);
    cr_expect_str_eq(subject.text, "c:2023");
    cr_expect_eq(pt_subject_make(PT_SUBJECT_OFFICE, "2023/62.71/x", &subject), PT_EMALFORMED);
    cr_expect_eq(pt_subject_make(PT_SUBJECT_ASSESSMENT, "62", &subject), PT_EMALFORMED);
    cr_expect_eq(pt_subject_make(PT_SUBJECT_NONE, "62", &subject), PT_EMALFORMED);
    cr_expect_str_eq(subject.text, "c:2023", "an error leaves the output");
}

Test(ids, parts_of_subjects)
{
    static const struct {
        const char *text, *name, *cycle, *unit, *institution;
        bool second;
    } rows[] = {
        {"a:2023/62.71/disdukcapil", "2023/62.71/disdukcapil", "2023", "62.71/disdukcapil", "62.71", false},
        {"a:2023/62.71/disdukcapil~2", "2023/62.71/disdukcapil~2", "2023", "62.71/disdukcapil", "62.71", true},
        {"o:62", "62", "", "", "", false},
        {"c:latihan-1", "latihan-1", "latihan-1", "", "", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char part[PT_SUBJECT_BYTES_MAX + 1];
        struct pt_subject subject = subject_of(rows[i].text);
        cr_expect_str_eq(pt_subject_name(&subject), rows[i].name);
        pt_subject_cycle(&subject, part);
        cr_expect_str_eq(part, rows[i].cycle, "row %zu", i);
        pt_subject_unit(&subject, part);
        cr_expect_str_eq(part, rows[i].unit, "row %zu", i);
        pt_subject_institution(&subject, part);
        cr_expect_str_eq(part, rows[i].institution, "row %zu", i);
        cr_expect_eq(pt_subject_is_second(&subject), rows[i].second, "row %zu", i);
    }
}

Test(ids, log_ids_come_back_from_their_canonical_bytes)
{
    struct pt_log_id id = {.subject = subject_of("o:62"), .incarnation = 0x0102030405060708};
    struct pt_log_id back;
    struct pt_buf bytes = {0};
    memset(id.author.b, 0xab, sizeof id.author.b);
    pt_log_id_put(&bytes, &id);
    cr_expect_eq(bytes.n, 1 + 4 + 32 + 8);
    cr_expect_eq(bytes.data[0], 4);
    cr_expect_eq(bytes.data[bytes.n - 1], 8);
    cr_expect_eq(pt_log_id_read(pt_buf_bytes(&bytes), &back), PT_OK);
    cr_expect(pt_log_id_eq(&id, &back));
    for (size_t n = 0; n < bytes.n; n++) {
        cr_expect_eq(pt_log_id_read(pt_bytes_of(bytes.data, n), &back), PT_EMALFORMED, "cut at %zu", n);
    }
    pt_buf_put_u8(&bytes, 0);
    cr_expect_eq(pt_log_id_read(pt_buf_bytes(&bytes), &back), PT_EMALFORMED, "one byte too many");
    pt_buf_free(&bytes);
}

Test(ids, log_ids_are_ordered_by_subject_author_incarnation)
{
    struct pt_log_id low = {.subject = subject_of("o:62"), .incarnation = 5};
    struct pt_log_id high = low;
    high.incarnation = 1ULL << 63;
    cr_expect_lt(pt_log_id_cmp(&low, &high), 0);
    cr_expect_gt(pt_log_id_cmp(&high, &low), 0);
    low.author.b[31] = 1;
    cr_expect_gt(pt_log_id_cmp(&low, &high), 0);
    high.subject = subject_of("o:63");
    cr_expect_lt(pt_log_id_cmp(&low, &high), 0);
    cr_expect_not(pt_log_id_eq(&low, &high));
    cr_expect_eq(pt_log_id_cmp(&low, &low), 0);
}
