#include "io/disk/disk.h"

#include <criterion/criterion.h>
#include <limits.h>

Test(disk, knows_network_disks_by_their_magic)
{
    static const struct {
        unsigned long magic;
        bool network;
    } cases[] = {{0x6969, true}, {0xFF534D42, true}, {0x01021997, true}, {0xEF53, false}, {0x01021994, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect_eq(pt_disk_magic_is_network(cases[i].magic), cases[i].network, "row %zu", i);
    }
    cr_expect_not(pt_disk_is_network("/tmp"));
}

Test(disk, the_smaller_of_bytes_and_share_is_the_reserve)
{
    static const struct {
        struct pt_disk_reserve reserve;
        bool room;
    } cases[] = {{{0, 0}, true}, {{1, 101}, true}, {{LLONG_MAX, 0}, true}, {{LLONG_MAX, 101}, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect_eq(pt_disk_has_room("/tmp", cases[i].reserve), cases[i].room, "row %zu", i);
    }
    cr_expect_not(pt_disk_has_room("/nowhere/at/all", (struct pt_disk_reserve){0}));
}
