/* enrol.h - how a device, reviewer or office becomes known: code, request, answer, and the office chain.
 *
 * A code is "HOST:PORT/xxxxx-xxxxx-...": where the office is, 5 bytes that name the invitation, 11 secret bytes, the
 * first 16 bytes of the hash of the office's transport key, 2 check bytes, in base 32. The secret never travels: the
 * request proves it. The same code and keys get the same answer again.
 * Thread: any.  Memory: results by value or in the given arena. */
#ifndef PT_ENROL_H
#define PT_ENROL_H

#include "base/arena.h"
#include "base/problem.h"
#include "core/crypto.h"
#include "wire.pb-c.h"

#define PT_CODE_ID_BYTES 5
#define PT_CODE_SECRET_BYTES 11
#define PT_CODE_KEY_BYTES 16
#define PT_ADDRESS_BYTES_MAX 127
#define PT_OFFICE_CHAIN_MAX 4

struct pt_code {
    char address[PT_ADDRESS_BYTES_MAX + 1];
    uint8_t id[PT_CODE_ID_BYTES];
    uint8_t secret[PT_CODE_SECRET_BYTES];
    uint8_t key[PT_CODE_KEY_BYTES]; /* of the office's transport key */
};

void pt_code_put(struct pt_buf *out, const struct pt_code *code);
/* Errors: INVALID (with a sentence): not a code, or mistyped. */
enum pt_err pt_code_read(const char *text, struct pt_code *out, struct pt_problem *problem);
void pt_code_key_of(const uint8_t transport_key[PT_KEY_BYTES], uint8_t out[PT_CODE_KEY_BYTES]);

/* Who asks to become known. */
struct pt_applicant {
    const struct pt_keypair *pair; /* author key */
    const uint8_t *transport_key;  /* PT_KEY_BYTES */
    const char *address;           /* of an office that joins; NULL otherwise */
    const char *name;              /* the same; of a device that is enrolled already its surveyor: nobody else's code */
    const char *office;            /* the same: its code */
};

/* Append the frame body of the request. Errors: NOMEM. */
enum pt_err pt_enrol_request_put(struct pt_buf *out, const struct pt_code *code, const struct pt_applicant *applicant);
/* Does the request prove the secret and the possession of its key? Errors: SIGNATURE. */
enum pt_err pt_enrol_request_check(const Patuh__EnrolRequest *request, const uint8_t id[PT_CODE_ID_BYTES],
                                   const uint8_t secret[PT_CODE_SECRET_BYTES]);

/* One office as its signed record says. */
struct pt_office_record {
    const char *code;
    const char *name;
    struct pt_public_key key;
    struct pt_public_key transport_key;
    const char *address; /* first one; "" when none */
    uint64_t generation;
    enum pt_tier tier; /* REGION or NATIONAL */
    struct pt_bytes body;
    struct pt_signature signature;
};
/* Sign a record whose fields before body are set. signer: the upper office, or head office itself. */
enum pt_err pt_office_record_sign(struct pt_office_record *record, const struct pt_keypair *signer,
                                  struct pt_arena *arena);

/* What an office says of a peer. */
struct pt_statement {
    struct pt_public_key key;
    struct pt_public_key transport_key;
    int role; /* chunk.proto Role */
    const char *name;
    const char *office;
    int64_t issued_ms;
};
/* Pack and sign: the message SignedStatement, in the arena. */
enum pt_err pt_statement_sign(const struct pt_statement *statement, const struct pt_keypair *office,
                              struct pt_arena *arena, Patuh__SignedStatement **out);
/* Errors: MALFORMED, SIGNATURE, NOMEM. */
enum pt_err pt_statement_read(const Patuh__SignedStatement *signed_statement, const struct pt_public_key *office_key,
                              struct pt_arena *arena, struct pt_statement *out);

/* Everything an answer says, verified. */
struct pt_enrolment {
    struct pt_statement statement;
    struct pt_bytes signed_statement;                     /* packed, as shown in Hello */
    struct pt_office_record offices[PT_OFFICE_CHAIN_MAX]; /* own office first, head office last */
    size_t n_offices;
};
/* answer: packed EnrolAnswer. code_key: of the code (struct pt_code), which the transport key of the office that was
 * asked has to fit (the first of the chain; of an office that joins, the second); NULL: the answer is our own. Every
 * office must be signed by the next, head office by itself. Errors: MALFORMED, SIGNATURE, LIMIT, NOMEM. */
enum pt_err pt_enrolment_read(struct pt_bytes answer, const uint8_t *code_key, struct pt_arena *arena,
                              struct pt_enrolment *out);
const struct pt_office_record *pt_enrolment_root(const struct pt_enrolment *enrolment);

#endif
