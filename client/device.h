/* device.h - an open device folder: what every action of libpatuh works on. Inside the library only.
 *
 *     D/store/         LMDB, sealed with D/store.key
 *     D/blobs/         evidence and instruments, sealed with the same key
 *     D/author.key     signs chunks
 *     D/transport.key  shown in TLS
 *     D/marker         the store's twin: a store without it was restored or copied (incarnation.h)
 * Thread: the caller's.  Memory: strings of the enrolment live until the device is closed or enrolled again. */
#ifndef PT_CLIENT_DEVICE_H
#define PT_CLIENT_DEVICE_H

#include "client/patuh.h"
#include "core/log/logs.h"
#include "core/sync/enrol.h"
#include "io/assessment/work.h"

#include <limits.h>

struct patuh {
    char folder[PATH_MAX];
    struct pt_store_key key;
    struct pt_random random;
    struct pt_keypair author_pair;
    struct pt_keypair transport_pair;
    struct pt_author author;
    struct pt_store *store;
    struct pt_blobs *blobs;
    bool enrolled;
    struct pt_arena enrolment_arena;
    struct pt_enrolment enrolment;
    char address[PT_ADDRESS_BYTES_MAX + 1]; /* where the code said the office is */
    uint64_t incarnation;
    bool has_previous;
    uint64_t previous;   /* the incarnation before this one */
    uint64_t revoked_ms; /* when the office said that it took this device out; 0: it did not */
    char revoked[24];    /* the same for people; "" */
};

/* Read the enrolment out of the store again. */
enum pt_err pt_device_read_enrolment(struct patuh *device, struct pt_problem *problem);
/* Errors: DENIED, with a sentence that says how to enroll. */
enum pt_err pt_device_need_enrolment(const struct patuh *device, struct pt_problem *problem);
/* What the office said of this device in the session that ended now. */
enum pt_err pt_device_note_revoked(struct patuh *device, bool revoked);
/* Errors: DENIED, with a sentence, when the office took this device out. */
enum pt_err pt_device_need_standing(const struct patuh *device, struct pt_problem *problem);
/* One assessment as this device has it, as pt_work_load; DENIED before it is enrolled, NOTFOUND also for one that
 * left it (prune.h). */
enum pt_err pt_device_work(struct pt_work *work, const struct patuh *device, struct pt_txn *txn,
                           const struct pt_subject *subject, bool with_tail, struct pt_problem *problem);
/* What chunks and entries of this device say of their writer, now. */
struct pt_author_pen pt_device_pen(const struct patuh *device, const struct pt_hash *instrument);

/* The public result of an internal one; what nobody described becomes "{action} failed". */
enum patuh_result pt_device_tell(const struct patuh *device, enum pt_err err, struct pt_problem *inner,
                                 const char *action, struct patuh_problem *problem);

#endif
