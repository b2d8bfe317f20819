/* disk.h - what a folder's disk is and how much room it has.
 *
 * Thread: any. */
#ifndef PT_DISK_H
#define PT_DISK_H

#include <stdbool.h>

/* What has to stay free: the smaller of a fixed number of bytes and a share of the disk (5 % of a large disk would be
 * a needless refusal, 64 MiB of a small card as well). */
struct pt_disk_reserve {
    long long bytes;
    unsigned percent;
};

/* PT_STORE_RESERVE_BYTES and 5 %. */
struct pt_disk_reserve pt_disk_reserve_default(void);
/* False when less than the reserve is free (or the disk cannot be asked). */
bool pt_disk_has_room(const char *folder, struct pt_disk_reserve reserve);
/* What is free for us there; 0 when the disk cannot be asked. */
unsigned long long pt_disk_free_bytes(const char *folder);
/* NFS, SMB, 9p and the like by the magic number of statfs(2): their locks and maps do not carry a store. */
bool pt_disk_magic_is_network(unsigned long magic);
bool pt_disk_is_network(const char *folder);

#endif
