/* A number that is printed before a choice is what is typed for it, and nothing else is. */
#include "client/cli/cli.h"

#include <criterion/criterion.h>
#include <string.h>

#define CHOICES(...) ((const struct patuh_choice[]){__VA_ARGS__})

static struct patuh_item item_of(const struct patuh_choice *choices, size_t n)
{
    return (struct patuh_item){.kind = PATUH_MANY, .choices = choices, .n_choices = n};
}

static void expect_named(const struct patuh_item *item, const char *typed, const char *names)
{
    struct pt_buf out = {0};
    pt_cli_name_choices(item, typed, &out);
    cr_expect_str_eq(pt_buf_text(&out), names, "%s", typed);
    pt_buf_free(&out);
}

static void expect_listed(const struct patuh_item *item, const char *lines)
{
    struct pt_buf out = {0};
    pt_cli_put_choices(&out, item, 2);
    cr_expect_str_eq(pt_buf_text(&out), lines);
    pt_buf_free(&out);
}

Test(choices, levels_are_typed_by_the_number_their_label_begins_with)
{
    const struct patuh_choice *levels = CHOICES({"never", "0 - Tidak pernah", "0 - Never"}, {"once", "1 - Pernah", ""},
                                                {"monthly", "5 - Setiap bulan", "5 - Every month"});
    struct patuh_item item = item_of(levels, 3);
    expect_listed(&item, "  0) never  0 - Tidak pernah / 0 - Never\n"
                         "  1) once  1 - Pernah\n"
                         "  5) monthly  5 - Setiap bulan / 5 - Every month\n");
    expect_named(&item, "0", "never");
    expect_named(&item, "05", "monthly");
    expect_named(&item, "5, once", "monthly once");
    expect_named(&item, "2", "2"); /* refused further on: no place in the list stands for a level */
}

Test(choices, levels_are_typed_by_the_number_their_name_ends_with)
{
    struct patuh_item item = item_of(CHOICES({"l0", "Tidak ada", ""}, {"l5", "Baik", ""}, {"unknown", "Lain", ""}), 3);
    expect_listed(&item, "  0) l0  Tidak ada\n  5) l5  Baik\n  unknown  Lain\n");
    expect_named(&item, "5 0 unknown", "l5 l0 unknown");
    expect_named(&item, "1", "1");
}

Test(choices, without_numbers_of_their_own_are_typed_by_their_place)
{
    struct patuh_item item = item_of(CHOICES({"yes", "Ya", "Yes"}, {"no", "Tidak", "No"}), 2);
    expect_listed(&item, "  1) yes  Ya / Yes\n  2) no  Tidak / No\n");
    expect_named(&item, "2", "no");
    expect_named(&item, "3 ya", "3 ya");
    item = item_of(CHOICES({"a", "1 bulan", ""}, {"b", "1 tahun", ""}), 2); /* these tell nothing apart */
    expect_named(&item, "2", "b");
    item = item_of(CHOICES({"a", "1-2 kali", ""}, {"b", "3-5 kali", ""}), 2);
    expect_named(&item, "2", "b");
    item = item_of(CHOICES({"a", "24/7", ""}, {"b", "8 jam", ""}), 2);
    expect_named(&item, "2", "b");
}

Test(choices, whose_names_are_numbers_are_typed_by_name)
{
    struct patuh_item item = item_of(CHOICES({"2", "1 - Dua", ""}, {"1", "2 - Satu", ""}), 2);
    expect_listed(&item, "  2  1 - Dua\n  1  2 - Satu\n");
    expect_named(&item, "1 2", "1 2");
}
