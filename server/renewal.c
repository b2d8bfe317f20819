#include "renewal.h"

#include "base/log.h"
#include "core/store/meta.h"
#include "io/clock.h"
#include "io/store/marker.h"
#include "office.h"

struct fresh {
    uint64_t epoch;
    uint64_t incarnation;
    uint64_t now_ms;
};

static enum pt_err run_renew(struct pt_txn *txn, struct pt_write_req *req)
{
    const struct fresh *fresh = req->data;
    uint64_t old = 0;
    enum pt_err err = pt_meta_get_u64(txn, PT_META_INCARNATION, &old);
    if (err == PT_OK) {
        err = pt_meta_put_u64(txn, PT_META_PREVIOUS_INCARNATION, old);
    }
    if (err == PT_OK) {
        err = pt_meta_put_u64(txn, PT_META_INCARNATION, fresh->incarnation);
    }
    if (err == PT_OK) {
        err = pt_meta_put_u64(txn, PT_META_EPOCH, fresh->epoch);
    }
    if (err == PT_OK) {
        err = pt_meta_put_u64(txn, PT_META_STALE, 0);
    }
    return err == PT_OK ? pt_meta_put_u64(txn, PT_META_RENEWED_MS, fresh->now_ms) : err;
}

enum pt_err office_renew(struct office *office, const char *why)
{
    struct pt_random random = pt_random_system();
    struct fresh fresh = {.epoch = pt_random_u64(&random),
                          .incarnation = pt_random_u64(&random),
                          .now_ms = (uint64_t)pt_now_read().wall_ms};
    enum pt_err err = office_write(office, run_renew, &fresh);
    pt_log("store_renewed", "code=%s why=%s result=%s", office->code, why, pt_err_name(err));
    if (err == PT_OK) {
        office->epoch = fresh.epoch;
        office->incarnation = fresh.incarnation;
        office->renewed = true;
    }
    return err;
}

enum pt_err office_mark(struct office *office, struct pt_problem *problem)
{
    struct pt_random random = pt_random_system();
    return pt_marker_write(office->store, office->dir, &random, problem);
}

/* Head office said so, and we ended before we could act on it. */
static enum pt_err read_stale(struct office *office, bool *stale)
{
    struct pt_txn *txn;
    uint64_t said = 0;
    enum pt_err err = pt_store_begin_read(office->store, &txn);
    if (err == PT_OK) {
        err = pt_meta_get_u64(txn, PT_META_STALE, &said);
        pt_store_abort(txn);
    }
    *stale = said != 0;
    return err == PT_ENOTFOUND ? PT_OK : err;
}

enum pt_err office_check_marker(struct office *office, struct pt_problem *problem)
{
    bool stale = false;
    enum pt_marker marker = PT_MARKER_NONE;
    enum pt_err err = pt_marker_check(office->store, office->dir, &marker);
    if (err == PT_OK) {
        err = read_stale(office, &stale);
    }
    if (err != PT_OK || (marker == PT_MARKER_FITS && !stale)) {
        return err;
    }
    if (marker != PT_MARKER_NONE) {
        err = office_renew(office, stale ? "head_office" : "marker");
    }
    return err == PT_OK ? office_mark(office, problem) : err;
}
