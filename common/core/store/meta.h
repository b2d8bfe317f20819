/* meta.h - the small facts of a store: rows of META by name. All names stand here, so that no two facts share one.
 *
 * Thread: as the transaction.  Memory: values are lent as by pt_store_get. Errors of all: those of the store; get,
 * del: NOTFOUND (no such fact yet), get_u64: DAMAGED (not eight bytes). */
#ifndef PT_META_H
#define PT_META_H

#include "core/store/store.h"

/* Whose store it is. */
#define PT_META_FORMAT "format"       /* PT_STORE_FORMAT */
#define PT_META_ROLE "role"           /* "device", "regional", "national" */
#define PT_META_CODE "code"           /* of an office */
#define PT_META_NAME "name"           /* of an office, for people */
#define PT_META_ENROLMENT "enrolment" /* message EnrolAnswer: statement and chain of offices, as they came */
#define PT_META_MARKER "marker"       /* what the file beside the store has to say (io/store/marker.h) */
/* Where others are found: "host:port". */
#define PT_META_ADDRESS "address"               /* of this office, as devices reach it */
#define PT_META_UPPER_ADDRESS "upper_address"   /* of head office, as this region reaches it */
#define PT_META_OFFICE_ADDRESS "office_address" /* of the office, as this device was told to reach it */
/* What this store writes under. All u64 but for the last, in milliseconds. */
#define PT_META_EPOCH "epoch"                   /* of an office: its receipts are of this life of the store */
#define PT_META_INCARNATION "incarnation"       /* of its own logs */
#define PT_META_PREVIOUS_INCARNATION "previous" /* the one before; none: it never took a new one */
#define PT_META_RENEWED_MS "renewed_ms"         /* when an office took both anew, by its clock */
#define PT_META_LAST_LOG "last_log"             /* u64: the highest number given to a log */
/* u64, not 0: an office took both anew and does not have back yet what others still have of it (server/renewal.h). */
#define PT_META_REFILLING "refilling"
/* What this side remembers of the office above it. */
#define PT_META_SALT "salt" /* u64 of its last Welcome */
/* u64, not 0: that office met an older store than it knew, and a new incarnation is still to be taken. It is written
 * with the salt that the office accepts from now on: without it nobody would find out again. */
#define PT_META_STALE "stale"
/* u64: when it said to this device that it took it out, by the device's clock; 0: no longer. */
#define PT_META_REVOKED_MS "revoked"
#define PT_META_NEWEST_REGION "seen1"   /* u64 epoch, u64 LSN, i64 time of the newest receipt of tier 1 */
#define PT_META_NEWEST_NATIONAL "seen2" /* the same of tier 2 */
#define PT_META_NEWEST "seen"           /* of either: epoch, LSN, 8 bytes of its hash, as the next chunk names it */
/* u64: its time in milliseconds, as its last Welcome said. */
#define PT_META_OFFICE_MS "office_ms"
#define PT_META_OFFICE_EPOCH "office_epoch" /* u64, as the last Welcome said */
#define PT_META_LINK "upper_link"           /* message LinkRecord: how a region's link to head office is */

/* What a device let go: PT_META_PRUNED, a space, the subject: message PrunedRecord (core/log/prune.h). */
#define PT_META_PRUNED "pruned"

enum pt_err pt_meta_get(struct pt_txn *txn, const char *name, struct pt_bytes *value);
enum pt_err pt_meta_put(struct pt_txn *txn, const char *name, struct pt_bytes value);
enum pt_err pt_meta_get_u64(struct pt_txn *txn, const char *name, uint64_t *value);
enum pt_err pt_meta_put_u64(struct pt_txn *txn, const char *name, uint64_t value);
enum pt_err pt_meta_del(struct pt_txn *txn, const char *name);

#endif
