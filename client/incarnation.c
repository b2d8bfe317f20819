/* A log of this device lives in one incarnation. When the store may be older than what was sent from it (restored from
 * a copy, or a copy itself), going on in the same log would make two chunks after one link; so it goes on in new logs,
 * and what was typed and not sealed moves there. */
#include "client/incarnation.h"

#include "core/store/meta.h"
#include "core/sync/inbox.h"
#include "io/store/marker.h"

/* --- the incarnation --- */

enum pt_err pt_incarnation_renew(struct patuh *device)
{
    struct pt_txn *txn;
    uint64_t fresh = pt_random_u64(&device->random);
    enum pt_err err = pt_store_begin_write(device->store, &txn);
    if (err != PT_OK) {
        return err;
    }
    struct pt_author_pen pen = pt_device_pen(device, NULL);
    pen.incarnation = fresh;
    err = pt_tails_move(txn, &pen);
    if (err == PT_OK) {
        err = pt_meta_put_u64(txn, PT_META_PREVIOUS_INCARNATION, device->incarnation);
    }
    if (err == PT_OK) {
        err = pt_meta_put_u64(txn, PT_META_INCARNATION, fresh);
    }
    if (err == PT_OK) {
        err = pt_meta_put_u64(txn, PT_META_STALE, 0);
    }
    if (err != PT_OK) {
        pt_store_abort(txn);
        return err;
    }
    err = pt_store_commit(txn);
    if (err == PT_OK) {
        device->previous = device->incarnation;
        device->has_previous = true;
        device->incarnation = fresh;
    }
    return err;
}

static enum pt_err read_stale(struct pt_txn *txn, bool *stale)
{
    uint64_t said = 0;
    enum pt_err err = pt_meta_get_u64(txn, PT_META_STALE, &said);
    *stale = said != 0;
    return err == PT_ENOTFOUND ? PT_OK : err;
}

enum pt_err pt_incarnation_mark(struct patuh *device, struct pt_problem *problem)
{
    return pt_marker_write(device->store, device->folder, &device->random, problem);
}

/* --- opening --- */

static enum pt_err read_incarnation(struct patuh *device, bool *known, bool *stale)
{
    struct pt_txn *txn;
    enum pt_err err = pt_store_begin_read(device->store, &txn);
    if (err != PT_OK) {
        return err;
    }
    err = pt_meta_get_u64(txn, PT_META_PREVIOUS_INCARNATION, &device->previous);
    device->has_previous = err == PT_OK;
    if (err == PT_OK || err == PT_ENOTFOUND) {
        err = pt_meta_get_u64(txn, PT_META_INCARNATION, &device->incarnation);
    }
    *known = err == PT_OK;
    if (err == PT_OK || err == PT_ENOTFOUND) {
        err = read_stale(txn, stale);
    }
    pt_store_abort(txn);
    return err;
}

static enum pt_err first_incarnation(struct patuh *device)
{
    struct pt_txn *txn;
    uint64_t fresh = pt_random_u64(&device->random);
    enum pt_err err = pt_store_begin_write(device->store, &txn);
    if (err != PT_OK) {
        return err;
    }
    err = pt_meta_put_u64(txn, PT_META_INCARNATION, fresh);
    if (err != PT_OK) {
        pt_store_abort(txn);
        return err;
    }
    device->incarnation = fresh;
    return pt_store_commit(txn);
}

enum pt_err pt_incarnation_open(struct patuh *device, struct pt_problem *problem)
{
    bool known = false;
    bool stale = false; /* the office said so, and no new incarnation was taken since */
    enum pt_marker marker = PT_MARKER_NONE;
    enum pt_err err = read_incarnation(device, &known, &stale);
    if (err == PT_OK) {
        err = pt_marker_check(device->store, device->folder, &marker);
    }
    if (err == PT_OK && known && !stale && marker == PT_MARKER_FITS) {
        return PT_OK;
    }
    if (err == PT_OK) {
        err = known && marker != PT_MARKER_NONE ? pt_incarnation_renew(device) : first_incarnation(device);
    }
    return err == PT_OK ? pt_incarnation_mark(device, problem) : err;
}
