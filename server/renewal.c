#include "renewal.h"

#include "base/log.h"
#include "core/store/meta.h"
#include "core/sync/peers.h"
#include "directory.h"
#include "invites.h"
#include "io/clock.h"
#include "io/store/marker.h"

#include <stdio.h>
#include <string.h>

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
    if (err == PT_OK) {
        err = pt_meta_put_u64(txn, PT_META_REFILLING, 1);
    }
    if (err == PT_OK) {
        err = invites_expire(txn);
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
        office->refilling = true;
    }
    return err;
}

static enum pt_err run_refilled(struct pt_txn *txn, struct pt_write_req *req)
{
    (void)req;
    return pt_meta_put_u64(txn, PT_META_REFILLING, 0);
}

enum pt_err office_refilled(struct office *office, const char *why)
{
    enum pt_err err = office_write(office, run_refilled, NULL);
    pt_log("store_refilled", "code=%s why=%s result=%s", office->code, why, pt_err_name(err));
    office->refilling = office->refilling && err != PT_OK;
    return err;
}

enum pt_err office_is_refilling(struct pt_txn *txn, bool *refilling)
{
    uint64_t said = 0;
    enum pt_err err = pt_meta_get_u64(txn, PT_META_REFILLING, &said);
    *refilling = said != 0;
    return err == PT_ENOTFOUND ? PT_OK : err;
}

static enum pt_err read_refilling(const struct office *office, bool *refilling, uint64_t *epoch)
{
    struct pt_txn *txn;
    enum pt_err err = pt_store_begin_read(office->store, &txn);
    if (err != PT_OK) {
        return err;
    }
    err = office_is_refilling(txn, refilling);
    if (err == PT_OK) {
        err = office_epoch(txn, epoch);
    }
    pt_store_abort(txn);
    return err;
}

/* A region that joined anew, with other keys, stands there twice, and who has the keys of before is gone: one of them
 * is enough. */
static enum pt_err is_heard(const struct directory *directory, struct pt_txn *txn, uint64_t epoch, const char *code,
                            bool *heard)
{
    enum pt_err err = PT_OK;
    *heard = false;
    for (size_t i = 0; i < directory->authority.n_offices && err == PT_OK && !*heard; i++) {
        const struct pt_office *office = &directory->authority.offices[i];
        if (strcmp(office->code, code) == 0) {
            err = pt_peer_has_delivered(txn, &office->author, epoch, heard);
        }
    }
    return err;
}

static enum pt_err find_unheard(const struct directory *directory, struct pt_txn *txn, uint64_t epoch, char *code)
{
    enum pt_err err = PT_OK;
    for (size_t i = 0; i < directory->authority.n_offices && err == PT_OK && code[0] == '\0'; i++) {
        const struct pt_office *office = &directory->authority.offices[i];
        bool heard = office->is_root;
        err = heard ? PT_OK : is_heard(directory, txn, epoch, office->code, &heard);
        if (err == PT_OK && !heard) {
            (void)snprintf(code, PT_OFFICE_CODE_BYTES_MAX + 1, "%s", office->code);
        }
    }
    return err;
}

enum pt_err office_unheard(const struct office *office, char *code, bool *refilling)
{
    struct directory directory;
    struct pt_txn *txn;
    uint64_t epoch = 0;
    code[0] = '\0';
    enum pt_err err = read_refilling(office, refilling, &epoch);
    if (err != PT_OK || !*refilling || !office->joined) {
        return err;
    }
    if (!office->national) {
        (void)snprintf(code, PT_OFFICE_CODE_BYTES_MAX + 1, "%s", pt_subject_name(&office->root_subject));
        return PT_OK;
    }
    err = directory_open(office, &directory);
    if (err != PT_OK) {
        return err;
    }
    err = pt_store_begin_read(office->store, &txn);
    if (err == PT_OK) {
        err = find_unheard(&directory, txn, epoch, code);
        pt_store_abort(txn);
    }
    directory_close(&directory);
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
    uint64_t epoch;
    enum pt_marker marker = PT_MARKER_NONE;
    enum pt_err err = pt_marker_check(office->store, office->dir, &marker);
    if (err == PT_OK) {
        err = read_refilling(office, &office->refilling, &epoch);
    }
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
