/* Becoming known: the office answers a code with a signed statement and the chain of offices up to head office. */
#include "client/device.h"
#include "core/store/meta.h"
#include "io/net/enrol_call.h"

#include <string.h>

/* This device has seen these offices already: another head office, or an older key of one, is not theirs. */
static bool continues(const struct pt_enrolment *before, const struct pt_enrolment *after)
{
    const struct pt_public_key *old_root = &pt_enrolment_root(before)->key;
    if (memcmp(old_root->b, pt_enrolment_root(after)->key.b, sizeof old_root->b) != 0) {
        return false;
    }
    for (size_t i = 0; i < before->n_offices; i++) {
        for (size_t k = 0; k < after->n_offices; k++) {
            if (strcmp(before->offices[i].code, after->offices[k].code) == 0 &&
                after->offices[k].generation < before->offices[i].generation) {
                return false;
            }
        }
    }
    return true;
}

static enum pt_err refuse_name(const struct patuh *device, struct pt_problem *problem)
{
    return pt_problem_set(problem, PT_EDENIED, PT_MSG_CLIENT_OTHER_SURVEYOR, device->folder,
                          device->enrolment.statement.name, NULL);
}

static enum pt_err check_answer(const struct patuh *device, struct pt_bytes answer, struct pt_problem *problem)
{
    struct pt_arena arena;
    struct pt_enrolment fresh;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_enrolment_read(answer, NULL, &arena, &fresh);
    if (err == PT_OK &&
        memcmp(fresh.statement.key.b, device->author_pair.public_key, sizeof fresh.statement.key.b) != 0) {
        err = PT_ESIGNATURE;
    }
    if (err == PT_OK && device->enrolled && !continues(&device->enrolment, &fresh)) {
        err = pt_problem_set(problem, PT_EDENIED, PT_MSG_CLIENT_OTHER_ROOT, device->folder, NULL);
    }
    if (err == PT_OK && device->enrolled && strcmp(fresh.statement.name, device->enrolment.statement.name) != 0) {
        err = refuse_name(device, problem); /* an office of an older version did not look at the name */
    }
    pt_arena_close(&arena);
    return err;
}

/* The answer, and where the code said the office is: its record may not know the address its devices use. */
static enum pt_err keep_answer(struct patuh *device, struct pt_bytes answer, const char *address)
{
    struct pt_txn *txn;
    enum pt_err err = pt_store_begin_write(device->store, &txn);
    if (err != PT_OK) {
        return err;
    }
    err = pt_meta_put(txn, PT_META_ENROLMENT, answer);
    if (err == PT_OK) {
        err = pt_meta_put(txn, PT_META_OFFICE_ADDRESS, pt_bytes_str(address));
    }
    if (err != PT_OK) {
        pt_store_abort(txn);
        return err;
    }
    return pt_store_commit(txn);
}

/* To the caller an office that cannot be reached is one kind of failure, whatever the network said. */
static enum pt_err call(const struct patuh *device, const struct pt_code *code, struct pt_buf *answer,
                        struct pt_problem *problem)
{
    struct pt_applicant applicant = {.pair = &device->author_pair, .transport_key = device->transport_pair.public_key};
    if (device->enrolled) { /* so that a code for somebody else is not used up */
        applicant.name = device->enrolment.statement.name;
    }
    enum pt_err err = pt_enrol_call(code, &applicant, &device->transport_pair, answer, problem);
    if (err == PT_EDENIED && device->enrolled && problem->msg == PT_MSG_CODE_OTHER) {
        return refuse_name(device, problem);
    }
    return err == PT_ENOTFOUND || err == PT_EIO ? PT_ECLOSED : err;
}

enum patuh_result patuh_enroll(struct patuh *device, const char *code, struct patuh_problem *problem)
{
    struct pt_problem inner = {0};
    struct pt_code parsed;
    struct pt_buf answer = {0};
    enum pt_err err = pt_code_read(code, &parsed, &inner);
    if (err == PT_OK) {
        err = call(device, &parsed, &answer, &inner);
    }
    if (err == PT_OK) {
        err = check_answer(device, pt_buf_bytes(&answer), &inner);
    }
    if (err == PT_OK) {
        err = keep_answer(device, pt_buf_bytes(&answer), parsed.address);
    }
    if (err == PT_OK) {
        err = pt_device_read_enrolment(device, &inner);
    }
    pt_buf_free(&answer);
    return pt_device_tell(device, err, &inner, "enroll", problem);
}
