/* parts.h - pieces of memory as one run of bytes at the end of a file.
 *
 * Thread: any.  Memory: the caller's; the second takes a buffer while it works. */
#ifndef PT_PARTS_H
#define PT_PARTS_H

#include "base/bytes.h"

/* False with errno when the disk refuses; then some of it may be there. */
bool pt_parts_write(int fd, const struct pt_bytes *parts, size_t n);
/* The same for a large new file that is made durable at once: on its way to the disk it does not lie in memory a second
 * time (O_DIRECT, where the file system has it), which is half the work. */
bool pt_parts_write_past(int fd, const struct pt_bytes *parts, size_t n);

#endif
