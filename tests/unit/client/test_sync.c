#include "client/sync.h"
#include "support/field.h"

#include <criterion/criterion.h>
#include <string.h>

static uint64_t waiting(struct patuh *device)
{
    struct patuh_status status;
    uint64_t n = 0;
    cr_assert_eq(patuh_status(device, &status, NULL), PATUH_OK);
    for (size_t i = 0; i < status.n_pieces; i++) {
        n += strcmp(status.pieces[i].what, "tail") == 0 ? status.pieces[i].n_entries : 0;
    }
    patuh_status_free(&status);
    return n;
}

Test(sync, without_an_office_says_so_and_keeps_what_it_sealed)
{
    struct field field;
    struct patuh_counts counts = {0};
    struct patuh_problem problem = {""};
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_SARI);
    field_answer(device, "officials_available", "4");
    cr_expect_eq(waiting(device), 1);
    cr_expect_eq(patuh_sync(device, NULL, NULL, &counts, &problem), PATUH_OFFLINE, "%s", problem.text);
    cr_expect_not_null(strstr(problem.text, "127.0.0.1:1"), "%s", problem.text);
    cr_expect_eq(counts.chunks_sealed, 1);
    cr_expect_not(counts.fresh_incarnation);
    cr_expect_eq(waiting(device), 0);
    uint64_t incarnation = device->incarnation;
    patuh_close(device);
    device = field_device(&field, FIELD_SARI);
    cr_expect_eq(device->incarnation, incarnation); /* the marker was written anew on both sides */
    patuh_close(device);
    field_close(&field);
}

Test(sync, seals_every_log_with_something_in_it)
{
    struct field field;
    uint32_t n = 0;
    field_open(&field);
    struct patuh *device = field_device(&field, FIELD_BUDI);
    field_answer(device, "officials_available", "4");
    cr_assert_eq(patuh_answer(device, FIELD_OTHER_UNIT, "officials_available", "3", NULL, NULL), PATUH_OK);
    cr_expect_eq(waiting(device), 2);
    cr_assert_eq(pt_sync_seal(device, &n), PT_OK);
    cr_expect_eq(n, 2);
    cr_assert_eq(pt_sync_seal(device, &n), PT_OK);
    cr_expect_eq(n, 2);
    cr_expect_eq(waiting(device), 0);
    patuh_close(device);
    field_close(&field);
}
