/* member.h - what a member of an office shows of itself: keys and statement, read from a real device's or region's
 * folder while nobody else has it open.
 *
 * Thread: one.  Memory: member_close frees everything. */
#ifndef MEMBER_H
#define MEMBER_H

#include "client/device.h"
#include "core/sync/enrol.h"

struct member {
    struct pt_keypair pair;
    struct pt_keypair transport;
    struct pt_arena arena;
    struct pt_enrolment enrolment;
    const struct pt_office_record *upper; /* the office it connects to: in enrolment */
    struct patuh *device;                 /* NULL: a region */
    struct pt_store *store;               /* of a region */
};

/* False, with a line on stderr: not a folder of an enrolled device or of a region that joined. */
bool member_open(const char *folder, struct member *out);
void member_close(struct member *member);

#endif
