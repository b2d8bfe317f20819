#include "core/log/entry.h"

#include "core/crypto.h"

#include <criterion/criterion.h>
#include <string.h>

/* Every kind of chunk.proto is known, and belongs where it is listed there. */
Test(entry, the_table_knows_every_kind)
{
    const ProtobufCEnumDescriptor *kinds = &patuh__entry_kind__descriptor;
    for (unsigned i = 0; i < kinds->n_values; i++) {
        Patuh__EntryKind kind = (Patuh__EntryKind)kinds->values[i].value;
        enum pt_subject_kind expected = kind >= 48   ? PT_SUBJECT_CYCLE
                                        : kind >= 32 ? PT_SUBJECT_OFFICE
                                                     : PT_SUBJECT_ASSESSMENT;
        expected = kind == PATUH__ENTRY_KIND__ENTRY_UNKNOWN ? PT_SUBJECT_NONE : expected;
        cr_expect_eq(pt_entry_subject(kind), expected, "%s", kinds->values[i].name);
        cr_expect_eq(pt_entry_fields(kind) == 0, kind == PATUH__ENTRY_KIND__ENTRY_UNKNOWN, "%s", kinds->values[i].name);
    }
    cr_expect_eq(pt_entry_fields((Patuh__EntryKind)1000), 0);
    cr_expect_eq(pt_entry_subject((Patuh__EntryKind)1000), PT_SUBJECT_NONE);
}

Test(entry, a_new_entry_is_empty)
{
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_ANSWER, -5);
    cr_expect_eq(entry.kind, PATUH__ENTRY_KIND__ENTRY_ANSWER);
    cr_expect_eq(entry.wall_s, -5);
    cr_expect_str_eq(entry.instance, "");
    cr_expect_eq(entry.n_replaces, 0);
    cr_expect_eq(entry.value.type, PT_VALUE_NONE);
}

/* Names go into paths that people write down: they never change. */
Test(entry, golden_instance_names)
{
    struct pt_log_id log = {.subject = {.text = "a:2023/62.71/disdukcapil"}, .incarnation = 1};
    char name[6];
    char other[6];
    cr_assert_eq(pt_crypto_init(), PT_OK);
    pt_entry_instance_name(&log, 1, name);
    cr_expect_str_eq(name, "ch7pt");
    pt_entry_instance_name(&log, 2, other);
    cr_expect_str_neq(name, other);
    log.incarnation = 2;
    pt_entry_instance_name(&log, 1, other);
    cr_expect_str_neq(name, other);
    log.incarnation = 1;
    log.author.b[0] = 1;
    pt_entry_instance_name(&log, 1, other);
    cr_expect_str_neq(name, other);
    cr_expect_eq(strspn(name, "0123456789abcdefghjkmnpqrstvwxyz"), 5);
}
