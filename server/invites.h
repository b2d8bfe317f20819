/* invites.h - one-time codes: made by a command, used by the enrolment service.
 *
 * Thread: as the transaction.  Memory: by value or in the given arena. */
#ifndef PATUHD_INVITES_H
#define PATUHD_INVITES_H

#include "office.h"

struct invite {
    uint8_t id[PT_CODE_ID_BYTES];
    uint8_t secret[PT_CODE_SECRET_BYTES];
    int role;         /* chunk.proto Role */
    const char *name; /* surveyor, reviewer, or office code */
    int64_t expires_ms;
    uint32_t tries;
    bool used;
    struct pt_public_key used_by;
    struct pt_public_key used_transport;
    struct pt_bytes answer; /* of the first use, given again */
};

enum pt_err invite_put(struct pt_txn *txn, const struct invite *invite);
/* Errors: NOTFOUND. */
enum pt_err invite_get(struct pt_txn *txn, const uint8_t id[PT_CODE_ID_BYTES], struct pt_arena *arena,
                       struct invite *out);

/* Every code that was not used: from now on it has expired. Errors: those of the store, DAMAGED. */
enum pt_err invites_expire(struct pt_txn *txn);

/* A request from a stranger, judged and answered in one write transaction: the code is marked used, the peer named in
 * the office's log, and the answer kept, together. address: where this office is reached.
 * A refusal is PT_OK too, since a wrong try is counted in the store: refused is set, code says why. Errors: those of
 * the store; then nothing of it counts. */
struct enrol_job {
    const struct office *office;
    const Patuh__EnrolRequest *request;
    const char *address;
    bool reviewer; /* asked by a person at this office, for a reviewer's key */
    int64_t now_ms;
    struct pt_arena *arena;
    struct pt_bytes answer; /* packed EnrolAnswer */
    bool refused;
    Patuh__FailureCode code;
    int role; /* whom the code was for; 0 and "" while no code of ours was shown */
    char name[PT_NAME_BYTES_MAX + 1];
};
enum pt_err enrol_apply(struct pt_txn *txn, struct enrol_job *job);

#endif
