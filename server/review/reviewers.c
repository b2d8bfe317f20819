#include "review/reviewers.h"

#include "assessments.h"
#include "chunk.pb-c.h"
#include "core/wire/unpack.h"
#include "invites.h"
#include "io/clock.h"
#include "io/files.h"
#include "io/keybox.h"
#include "io/link.h"

#include <stdio.h>
#include <string.h>

static enum pt_err key_path(const struct office *office, const char *name, char out[PATH_MAX],
                            struct pt_problem *problem)
{
    int n = snprintf(out, PATH_MAX, "%s/reviewers/%s.key", office->dir, name);
    bool good = person_name_ok(name) && n > 0 && n < PATH_MAX;
    return good ? PT_OK : pt_problem_set(problem, PT_EINVALID, PT_MSG_NAME_INVALID, name, NULL);
}

static void set(struct reviewer *out, const char *name, const struct pt_keypair *pair)
{
    (void)snprintf(out->name, sizeof out->name, "%s", name);
    out->pair = *pair;
    out->author = pt_author_of(pair->public_key);
}

enum pt_err reviewer_open(const struct office *office, const char *name, struct pt_bytes passphrase,
                          struct reviewer *out, struct pt_problem *problem)
{
    char path[PATH_MAX];
    struct pt_keypair pair;
    enum pt_err err = key_path(office, name, path, problem);
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
    enum pt_err err = pt_store_begin(office->store, false, &txn);
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

static enum pt_err make_or_open(const struct office *office, const char *name, struct pt_bytes passphrase,
                                struct reviewer *out, struct pt_problem *problem)
{
    char path[PATH_MAX];
    char folder[PATH_MAX];
    struct pt_keypair pair;
    struct pt_random random = pt_random_system();
    enum pt_err err = key_path(office, name, path, problem);
    if (err == PT_OK && pt_file_exists(path)) {
        return reviewer_open(office, name, passphrase, out, problem);
    }
    if (err == PT_OK) {
        err = pt_path_join(folder, sizeof folder, office->dir, "reviewers");
    }
    if (err == PT_OK) {
        err = pt_folder_make(folder, 0700, problem);
    }
    if (err == PT_OK) {
        err = pt_keybox_create(path, passphrase, &random, &pair, problem);
    }
    if (err == PT_OK) {
        set(out, name, &pair);
        pt_keypair_wipe(&pair);
    }
    return err;
}

enum pt_err reviewer_enroll(struct office *office, const char *code, struct pt_bytes passphrase, struct reviewer *out,
                            struct pt_problem *problem)
{
    struct pt_code parsed;
    char name[PT_INSTANCE_BYTES_MAX + 1];
    enum pt_err err = pt_code_read(code, &parsed, problem);
    if (err == PT_OK) {
        err = name_of_code(office, &parsed, name, sizeof name, problem);
    }
    if (err == PT_OK) {
        err = make_or_open(office, name, passphrase, out, problem);
    }
    if (err == PT_OK) {
        err = ask(office, &parsed, out, problem);
    }
    return err;
}
