#include "review/reviewers.h"

#include "assessments.h"
#include "chunk.pb-c.h"
#include "core/wire/unpack.h"
#include "directory.h"
#include "invites.h"
#include "io/clock.h"
#include "io/disk/files.h"
#include "io/keys/keybox.h"
#include "io/net/link.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define KEY ".key"
#define NEXT ".next" /* made, and not yet named in the office's log */

static enum pt_err key_path(const struct office *office, const char *name, const char *suffix, char out[PATH_MAX],
                            struct pt_problem *problem)
{
    int n = snprintf(out, PATH_MAX, "%s/reviewers/%s%s", office->dir, name, suffix);
    bool good = person_name_ok(name) && n > 0 && n < PATH_MAX;
    return good ? PT_OK : pt_problem_set(problem, PT_EINVALID, PT_MSG_NAME_INVALID, name, NULL);
}

static void set(struct reviewer *out, const char *name, const struct pt_keypair *pair)
{
    (void)snprintf(out->name, sizeof out->name, "%s", name);
    out->pair = *pair;
    out->author = pt_author_of(pair->public_key);
}

static enum pt_err open_file(const struct office *office, const char *name, const char *suffix,
                             struct pt_bytes passphrase, struct reviewer *out, struct pt_problem *problem)
{
    char path[PATH_MAX];
    struct pt_keypair pair;
    enum pt_err err = key_path(office, name, suffix, path, problem);
    if (err == PT_OK && !pt_file_exists(path)) {
        err = pt_problem_set(problem, PT_ENOTFOUND, PT_MSG_REVIEWER_UNKNOWN, name, NULL);
    }
    if (err == PT_OK) {
        err = pt_keybox_open(path, passphrase, &pair, problem);
    }
    if (err == PT_OK) {
        set(out, name, &pair);
        pt_keypair_wipe(&pair);
    }
    return err;
}

enum pt_err reviewer_open(const struct office *office, const char *name, struct pt_bytes passphrase,
                          struct reviewer *out, struct pt_problem *problem)
{
    return open_file(office, name, KEY, passphrase, out, problem);
}

void reviewer_close(struct reviewer *reviewer)
{
    pt_keypair_wipe(&reviewer->pair);
}

/* --- enrolling --- */

/* Whose code it is; the code itself is judged by enrol_apply. */
static enum pt_err name_of_code(const struct office *office, const struct pt_code *code, char *name, size_t n,
                                struct pt_problem *problem)
{
    uint8_t key[PT_CODE_KEY_BYTES];
    struct pt_txn *txn;
    struct pt_arena arena;
    struct invite invite;
    pt_code_key_of(office->transport.public_key, key);
    if (memcmp(key, code->key, sizeof key) != 0) {
        return pt_problem_set(problem, PT_EINVALID, PT_MSG_REVIEWER_OTHER_OFFICE, office->code, NULL);
    }
    enum pt_err err = pt_store_begin_read(office->store, &txn);
    if (err != PT_OK) {
        return err;
    }
    pt_arena_init(&arena, SIZE_MAX);
    err = invite_get(txn, code->id, &arena, &invite);
    if (err == PT_ENOTFOUND) {
        err = pt_problem_set(problem, PT_EDENIED, pt_failure_msg(PATUH__FAILURE_CODE__FAILURE_CODE_WRONG), NULL);
    } else if (err == PT_OK && invite.role != PATUH__ROLE__ROLE_REVIEWER) {
        err = pt_problem_set(problem, PT_EINVALID, PT_MSG_REVIEWER_OTHER_CODE, invite.name, NULL);
    } else if (err == PT_OK) {
        (void)snprintf(name, n, "%s", invite.name);
    }
    pt_arena_close(&arena);
    pt_store_abort(txn);
    return err;
}

static enum pt_err run_enrol(struct pt_txn *txn, struct pt_write_req *req)
{
    return enrol_apply(txn, req->data);
}

/* The same request that a device sends, judged by the same rules. A reviewer's key is never shown in TLS. */
static enum pt_err ask(struct office *office, const struct pt_code *code, const struct reviewer *reviewer,
                       struct pt_problem *problem)
{
    struct pt_buf frame = {0};
    struct pt_arena arena;
    ProtobufCMessage *message;
    struct pt_applicant applicant = {.pair = &reviewer->pair, .transport_key = reviewer->pair.public_key};
    struct enrol_job job = {.office = office, .address = "", .arena = &arena, .reviewer = true};
    job.now_ms = pt_now_read().wall_ms;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_enrol_request_put(&frame, code, &applicant);
    if (err == PT_OK) {
        err = pt_unpack(&patuh__frame__descriptor, pt_buf_bytes(&frame), &arena, &message);
    }
    if (err == PT_OK) {
        job.request = ((const Patuh__Frame *)message)->enrol_request;
        err = office_write(office, run_enrol, &job);
    }
    if (err == PT_OK && job.refused) {
        err = pt_problem_set(problem, PT_EDENIED, pt_failure_msg(job.code), NULL);
    }
    pt_arena_close(&arena);
    pt_buf_free(&frame);
    return err;
}

static enum pt_err is_revoked(const struct office *office, const struct reviewer *reviewer, bool *revoked)
{
    struct directory directory;
    enum pt_err err = directory_open(office, &directory);
    if (err == PT_OK) {
        *revoked = pt_authority_is_revoked(&directory.authority, &reviewer->author, office->code);
        directory_close(&directory);
    }
    return err;
}

/* A key that is here, opens with this passphrase and was not revoked. NOTFOUND: there is none, whatever the file is. */
static enum pt_err open_usable(const struct office *office, const char *name, const char *suffix,
                               struct pt_bytes passphrase, struct reviewer *out)
{
    bool revoked = false;
    struct pt_problem why = {0};
    enum pt_err err = open_file(office, name, suffix, passphrase, out, &why);
    if (err == PT_EDENIED || err == PT_EDAMAGED) {
        return PT_ENOTFOUND;
    }
    if (err == PT_OK) {
        err = is_revoked(office, out, &revoked);
    }
    if (err != PT_OK || revoked) {
        reviewer_close(out);
        return err == PT_OK ? PT_ENOTFOUND : err;
    }
    return PT_OK;
}

static enum pt_err make(const struct office *office, const char *name, struct pt_bytes passphrase, struct reviewer *out,
                        struct pt_problem *problem)
{
    char path[PATH_MAX];
    char folder[PATH_MAX];
    struct pt_keypair pair;
    struct pt_random random = pt_random_system();
    enum pt_err err = key_path(office, name, NEXT, path, problem);
    if (err == PT_OK) {
        err = pt_path_join(folder, sizeof folder, office->dir, "reviewers");
    }
    if (err == PT_OK) {
        err = pt_folder_make(folder, 0700, problem);
    }
    if (err == PT_OK) {
        (void)unlink(path); /* of a try that came to nothing */
        err = pt_keybox_create(path, passphrase, &random, &pair, problem);
    }
    if (err == PT_OK) {
        set(out, name, &pair);
        pt_keypair_wipe(&pair);
    }
    return err;
}

/* The office knows the key now: it takes the place of an older one, which was revoked or whose passphrase is lost. */
static enum pt_err settle(const struct office *office, const char *name, bool known, struct pt_problem *problem)
{
    char from[PATH_MAX];
    char to[PATH_MAX];
    enum pt_err err = key_path(office, name, NEXT, from, problem);
    if (err == PT_OK) {
        err = key_path(office, name, KEY, to, problem);
    }
    if (err != PT_OK) {
        return err;
    }
    if (!known) {
        (void)unlink(from);
        return PT_OK;
    }
    if (rename(from, to) != 0) {
        return pt_problem_set(problem, PT_EIO, PT_MSG_FILE_WRITE, to, strerror(errno), NULL);
    }
    return pt_parent_sync(to);
}

/* The key in use, that of a try which ended half-way, or a new one: *fresh for the last two. */
static enum pt_err find_key(const struct office *office, const char *name, struct pt_bytes passphrase,
                            struct reviewer *out, bool *fresh, struct pt_problem *problem)
{
    enum pt_err err = open_usable(office, name, KEY, passphrase, out);
    *fresh = err != PT_OK;
    if (err == PT_ENOTFOUND) {
        err = open_usable(office, name, NEXT, passphrase, out);
    }
    return err == PT_ENOTFOUND ? make(office, name, passphrase, out, problem) : err;
}

enum pt_err reviewer_enroll(struct office *office, const char *code, struct pt_bytes passphrase, struct reviewer *out,
                            struct pt_problem *problem)
{
    struct pt_code parsed;
    char name[PT_INSTANCE_BYTES_MAX + 1];
    bool fresh = false;
    enum pt_err err = pt_code_read(code, &parsed, problem);
    if (err == PT_OK) {
        err = name_of_code(office, &parsed, name, sizeof name, problem);
    }
    if (err == PT_OK) {
        err = find_key(office, name, passphrase, out, &fresh, problem);
    }
    if (err != PT_OK) {
        return err;
    }
    err = ask(office, &parsed, out, problem);
    if (fresh && (err == PT_OK || err == PT_EDENIED)) {
        enum pt_err kept = settle(office, name, err == PT_OK, problem);
        err = err == PT_OK ? kept : err;
    }
    return err;
}
