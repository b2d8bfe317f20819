#include "io/disk/disk.h"

#include "core/limits.h"

#include <stddef.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

struct pt_disk_reserve pt_disk_reserve_default(void)
{
    return (struct pt_disk_reserve){.bytes = PT_STORE_RESERVE_BYTES, .percent = 5};
}

bool pt_disk_has_room(const char *folder, struct pt_disk_reserve reserve)
{
    struct statvfs disk;
    if (statvfs(folder, &disk) != 0) {
        return false;
    }
    unsigned long long free_bytes = (unsigned long long)disk.f_bavail * disk.f_frsize;
    unsigned long long share = (unsigned long long)disk.f_blocks * disk.f_frsize / 100 * reserve.percent;
    unsigned long long fixed = (unsigned long long)reserve.bytes;
    return free_bytes >= (share < fixed ? share : fixed);
}

unsigned long long pt_disk_free_bytes(const char *folder)
{
    struct statvfs disk;
    return statvfs(folder, &disk) == 0 ? (unsigned long long)disk.f_bavail * disk.f_frsize : 0;
}

bool pt_disk_magic_is_network(unsigned long magic)
{
    static const unsigned long magics[] = {
        0x6969,     /* NFS */
        0x517B,     /* SMB */
        0xFF534D42, /* CIFS */
        0xFE534D42, /* SMB 2 */
        0x564C,     /* NCP */
        0x01021997, /* 9p */
        0x00C36400, /* Ceph */
        0x5346414F, /* AFS */
        0x6B414653, /* AFS in the kernel */
        0x73757245, /* Coda */
        0x0BD00BD0, /* Lustre */
        0x01161970, /* GFS2 */
        0x7461636F, /* OCFS2 */
    };
    for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++) {
        if (magics[i] == (magic & 0xFFFFFFFFUL)) {
            return true;
        }
    }
    return false;
}

bool pt_disk_is_network(const char *folder)
{
    struct statfs disk;
    return statfs(folder, &disk) == 0 && pt_disk_magic_is_network((unsigned long)disk.f_type);
}
