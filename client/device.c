#include "client/device.h"

#include "base/mem.h"
#include "client/incarnation.h"
#include "client/prune.h"
#include "core/store/meta.h"
#include "io/clock.h"
#include "io/disk/files.h"
#include "io/keys/identity.h"
#include "io/store/store_lmdb.h"

#include <stdio.h>
#include <string.h>

#define ROLE_DEVICE "device"

static enum patuh_result result_of(enum pt_err err)
{
    switch (err) {
    case PT_OK:
        return PATUH_OK;
    case PT_EINVALID:
    case PT_ELIMIT:
    case PT_EEXISTS:
        return PATUH_INVALID;
    case PT_ENOTFOUND:
        return PATUH_NOTFOUND;
    case PT_EBUSY:
        return PATUH_BUSY;
    case PT_ECLOSED:
    case PT_ETIMEOUT:
    case PT_ECANCELED:
        return PATUH_OFFLINE;
    case PT_EDENIED:
        return PATUH_DENIED;
    case PT_EFULL:
        return PATUH_FULL;
    case PT_ENOMEM:
    case PT_EMALFORMED:
    case PT_ESIGNATURE:
    case PT_ELINK:
    case PT_EFORK:
    case PT_EGAP:
    case PT_EDAMAGED:
    case PT_EVERSION:
    case PT_EIO:
    case PT_EUNSUPPORTED:
    case PT_ERR_COUNT:
        break;
    }
    return PATUH_FAILED;
}

enum patuh_result pt_device_tell(const struct patuh *device, enum pt_err err, struct pt_problem *inner,
                                 const char *action, struct patuh_problem *problem)
{
    if (err == PT_OK || problem == NULL) {
        return result_of(err);
    }
    if (err == PT_EDAMAGED && inner->msg == PT_MSG_NONE && device != NULL) {
        (void)!pt_problem_set(inner, err, PT_MSG_STORE_DAMAGED, device->folder, NULL);
    }
    if ((err == PT_EIO || err == PT_EFULL) && inner->msg == PT_MSG_NONE && device != NULL) {
        (void)!pt_problem_set(inner, err, PT_MSG_CLIENT_DISK, device->folder, NULL);
    }
    (void)!pt_problem_default(inner, err, action);
    struct pt_buf text = {0};
    pt_problem_put(&text, inner);
    (void)snprintf(problem->text, sizeof problem->text, "%s", pt_buf_text(&text));
    pt_buf_free(&text);
    return result_of(err);
}

enum pt_err pt_device_work(struct pt_work *work, const struct patuh *device, struct pt_txn *txn,
                           const struct pt_subject *subject, bool with_tail, struct pt_problem *problem)
{
    *work = (struct pt_work){0};
    enum pt_err err = pt_device_need_enrolment(device, problem);
    if (err == PT_OK) {
        err = pt_prune_need_here(txn, subject, problem);
    }
    if (err != PT_OK) {
        return err;
    }
    struct pt_work_place place = {.blobs = device->blobs,
                                  .root = pt_author_of(pt_enrolment_root(&device->enrolment)->key.b),
                                  .author = device->author,
                                  .name = device->enrolment.statement.name};
    return pt_work_load(work, &place, txn, subject, with_tail, problem);
}

struct pt_author_pen pt_device_pen(const struct patuh *device, const struct pt_hash *instrument)
{
    struct pt_now now = pt_now_read();
    return (struct pt_author_pen){.pair = &device->author_pair,
                                  .incarnation = device->incarnation,
                                  .has_previous_incarnation = device->has_previous,
                                  .previous_incarnation = device->previous,
                                  .wall_ms = now.wall_ms,
                                  .monotonic_ms = now.monotonic_ms,
                                  .boot = now.boot,
                                  .instrument = instrument};
}

enum pt_err pt_device_need_enrolment(const struct patuh *device, struct pt_problem *problem)
{
    if (device->enrolled) {
        return PT_OK;
    }
    return pt_problem_set(problem, PT_EDENIED, PT_MSG_CLIENT_NOT_ENROLLED, device->folder, NULL);
}

enum pt_err pt_device_read_enrolment(struct patuh *device, struct pt_problem *problem)
{
    struct pt_txn *txn;
    struct pt_bytes value;
    enum pt_err err = pt_store_begin_read(device->store, &txn);
    if (err != PT_OK) {
        return err;
    }
    pt_arena_reset(&device->enrolment_arena);
    device->enrolled = false;
    err = pt_meta_get(txn, PT_META_ENROLMENT, &value);
    if (err == PT_OK) {
        err = pt_enrolment_read(value, NULL, &device->enrolment_arena, &device->enrolment);
        device->enrolled = err == PT_OK;
        if (err != PT_OK && err != PT_ENOMEM) {
            err = pt_problem_set(problem, PT_EDAMAGED, PT_MSG_STORE_DAMAGED, device->folder, NULL);
        }
    }
    if (err == PT_OK && (err = pt_meta_get(txn, PT_META_OFFICE_ADDRESS, &value)) == PT_OK) {
        (void)snprintf(device->address, sizeof device->address, "%.*s", (int)value.n, (const char *)value.data);
    }
    pt_store_abort(txn);
    return err == PT_ENOTFOUND ? PT_OK : err;
}

/* --- the office's last word --- */

static void set_revoked(struct patuh *device, uint64_t revoked_ms)
{
    device->revoked_ms = revoked_ms;
    device->revoked[0] = '\0';
    if (revoked_ms != 0) {
        (void)pt_time_text((int64_t)(revoked_ms / 1000), device->revoked, sizeof device->revoked);
    }
}

static enum pt_err read_revoked(struct patuh *device)
{
    struct pt_txn *txn;
    uint64_t revoked_ms = 0;
    enum pt_err err = pt_store_begin_read(device->store, &txn);
    if (err != PT_OK) {
        return err;
    }
    err = pt_meta_get_u64(txn, PT_META_REVOKED_MS, &revoked_ms);
    pt_store_abort(txn);
    set_revoked(device, revoked_ms);
    return err == PT_ENOTFOUND ? PT_OK : err;
}

enum pt_err pt_device_note_revoked(struct patuh *device, bool revoked)
{
    struct pt_txn *txn;
    if (revoked == (device->revoked_ms != 0)) {
        return PT_OK; /* when it said so first */
    }
    uint64_t revoked_ms = revoked ? (uint64_t)pt_now_read().wall_ms : 0;
    enum pt_err err = pt_store_begin_write(device->store, &txn);
    if (err != PT_OK) {
        return err;
    }
    err = pt_meta_put_u64(txn, PT_META_REVOKED_MS, revoked_ms);
    if (err != PT_OK) {
        pt_store_abort(txn);
        return err;
    }
    err = pt_store_commit(txn);
    if (err == PT_OK) {
        set_revoked(device, revoked_ms);
    }
    return err;
}

enum pt_err pt_device_need_standing(const struct patuh *device, struct pt_problem *problem)
{
    if (device->revoked_ms == 0) {
        return PT_OK;
    }
    return pt_problem_set(problem, PT_EDENIED, PT_MSG_CLIENT_REVOKED, device->revoked, NULL);
}

/* --- opening --- */

static enum pt_err load_store_key(struct patuh *device, bool make, struct pt_problem *problem)
{
    char path[PATH_MAX];
    struct pt_buf bytes = {0};
    enum pt_err err = pt_path_join(path, sizeof path, device->folder, "store.key");
    if (err != PT_OK) {
        return pt_problem_set(problem, PT_EINVALID, PT_MSG_FILE_OPEN, device->folder, pt_err_text(err), NULL);
    }
    if (make && !pt_file_exists(path)) {
        uint8_t fresh[sizeof device->key.key];
        pt_random_fill(&device->random, fresh, sizeof fresh);
        err = pt_file_write(path, pt_bytes_of(fresh, sizeof fresh), 0600, problem);
        pt_wipe(fresh, sizeof fresh);
    }
    if (err == PT_OK) {
        err = pt_file_read(path, sizeof device->key.key, &bytes, problem);
    }
    if (err == PT_EINVALID || (err == PT_OK && bytes.n != sizeof device->key.key)) {
        err = pt_problem_set(problem, PT_EDAMAGED, PT_MSG_KEY_FILE_DAMAGED, path, NULL);
    } else if (err == PT_OK) {
        memcpy(device->key.key, bytes.data, sizeof device->key.key);
        device->key.present = true;
        device->key.id = 1;
    }
    pt_buf_wipe(&bytes);
    return err;
}

static enum pt_err load_pair(struct patuh *device, const char *name, bool make, struct pt_keypair *out,
                             struct pt_problem *problem)
{
    return make ? pt_identity_load_or_create(device->folder, name, &device->random, out, NULL, problem)
                : pt_identity_load(device->folder, name, out, NULL, problem);
}

static enum pt_err load_keys(struct patuh *device, bool make, struct pt_problem *problem)
{
    enum pt_err err = load_store_key(device, make, problem);
    if (err == PT_OK) {
        err = load_pair(device, "author", make, &device->author_pair, problem);
    }
    if (err == PT_OK) {
        err = load_pair(device, "transport", make, &device->transport_pair, problem);
    }
    if (err == PT_OK) {
        device->author = pt_author_of(device->author_pair.public_key);
    }
    return err;
}

static enum pt_err open_store(struct patuh *device, bool make, struct pt_problem *problem)
{
    char path[PATH_MAX];
    struct pt_store_lmdb_options options = pt_store_lmdb_defaults();
    options.must_exist = !make;
    enum pt_err err = pt_path_join(path, sizeof path, device->folder, "store");
    if (err == PT_OK) {
        err = pt_store_lmdb_open(path, &device->key, &options, &device->store, problem);
    }
    if (err == PT_OK) {
        err = pt_store_format_check(device->store, device->folder, problem);
    }
    if (err == PT_OK) {
        err = pt_store_rows_check(device->store, device->folder, problem);
    }
    if (err == PT_OK) {
        err = pt_path_join(path, sizeof path, device->folder, "blobs");
    }
    if (err == PT_OK) {
        err = pt_blobs_open(path, &device->key, &device->random, options.reserve, &device->blobs, problem);
    }
    return err;
}

/* A folder made by patuhd is not one of ours. */
static enum pt_err check_role(struct patuh *device, struct pt_problem *problem)
{
    struct pt_txn *txn;
    struct pt_bytes role;
    enum pt_err err = pt_store_begin_write(device->store, &txn);
    if (err != PT_OK) {
        return err;
    }
    err = pt_meta_get(txn, PT_META_ROLE, &role);
    if (err == PT_OK && !pt_bytes_eq(role, pt_bytes_str(ROLE_DEVICE))) {
        err = pt_problem_set(problem, PT_EINVALID, PT_MSG_CLIENT_OTHER_ROLE, device->folder, NULL);
    }
    bool fresh = err == PT_ENOTFOUND;
    if (fresh) {
        err = pt_meta_put(txn, PT_META_ROLE, pt_bytes_str(ROLE_DEVICE));
    }
    if (err != PT_OK || !fresh) {
        pt_store_abort(txn);
        return err;
    }
    return pt_store_commit(txn);
}

static enum pt_err fill_device(struct patuh *device, bool make, struct pt_problem *problem)
{
    enum pt_err err = pt_crypto_init();
    if (err == PT_OK && make) {
        err = pt_folder_make(device->folder, 0700, problem);
    }
    if (err == PT_OK) {
        err = load_keys(device, make, problem);
    }
    if (err == PT_OK) {
        err = open_store(device, make, problem);
    }
    if (err == PT_OK) {
        err = check_role(device, problem);
    }
    if (err == PT_OK) {
        err = pt_device_read_enrolment(device, problem);
    }
    if (err == PT_OK) {
        err = read_revoked(device);
    }
    return err == PT_OK ? pt_incarnation_open(device, problem) : err;
}

static bool has_file(const char *folder, const char *name)
{
    char path[PATH_MAX];
    return pt_path_join(path, sizeof path, folder, name) == PT_OK && pt_file_exists(path);
}

/* A folder with an author but without store.key is an office's, or has lost the one thing that opens its store: a new
 * store.key would help neither. */
static enum pt_err check_folder(const char *folder, bool make, struct pt_problem *problem)
{
    if (strlen(folder) < PATH_MAX && has_file(folder, "store.key")) {
        return PT_OK;
    }
    if (has_file(folder, "author.key")) {
        return pt_problem_set(problem, PT_EINVALID, PT_MSG_CLIENT_NO_STORE_KEY, folder, NULL);
    }
    return make && strlen(folder) < PATH_MAX
               ? PT_OK
               : pt_problem_set(problem, PT_ENOTFOUND, PT_MSG_CLIENT_NO_FOLDER, folder, NULL);
}

static enum patuh_result open_device(const char *folder, bool make, struct patuh **out, struct patuh_problem *problem)
{
    struct pt_problem inner = {0};
    struct patuh *device = NULL;
    enum pt_err err = check_folder(folder, make, &inner);
    if (err == PT_OK) {
        device = pt_zalloc(sizeof *device);
        err = device == NULL ? PT_ENOMEM : PT_OK;
    }
    if (err == PT_OK) {
        (void)snprintf(device->folder, sizeof device->folder, "%s", folder);
        device->random = pt_random_system();
        pt_arena_init(&device->enrolment_arena, SIZE_MAX);
        err = fill_device(device, make, &inner);
    }
    if (err == PT_OK) {
        *out = device;
    }
    enum patuh_result result = pt_device_tell(device, err, &inner, "open", problem);
    if (err != PT_OK) {
        patuh_close(device);
    }
    return result;
}

enum patuh_result patuh_open(const char *folder, struct patuh **out, struct patuh_problem *problem)
{
    return open_device(folder, false, out, problem);
}

enum patuh_result patuh_create(const char *folder, struct patuh **out, struct patuh_problem *problem)
{
    return open_device(folder, true, out, problem);
}

void patuh_close(struct patuh *device)
{
    if (device == NULL) {
        return;
    }
    pt_blobs_close(device->blobs);
    pt_store_close(device->store);
    pt_arena_close(&device->enrolment_arena);
    pt_keypair_wipe(&device->author_pair);
    pt_keypair_wipe(&device->transport_pair);
    pt_wipe(&device->key, sizeof device->key);
    pt_free(device);
}

struct patuh_identity patuh_identity(const struct patuh *device)
{
    struct patuh_identity identity = {.surveyor = "", .office_code = "", .office_name = "", .revoked = ""};
    if (device->enrolled) {
        const struct pt_office_record *office = &device->enrolment.offices[0];
        identity = (struct patuh_identity){.surveyor = device->enrolment.statement.name,
                                           .office_code = office->code,
                                           .office_name = office->name,
                                           .revoked = device->revoked,
                                           .enrolled = true};
    }
    return identity;
}
