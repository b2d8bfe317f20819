#include "core/sync/enrol.h"

#include "base/text.h"
#include "chunk.pb-c.h"
#include "core/wire/pack.h"
#include "core/wire/unpack.h"
#include "enrol.pb-c.h"

#include <stdio.h>
#include <string.h>

#define CODE_BYTES (PT_CODE_ID_BYTES + PT_CODE_SECRET_BYTES + PT_CODE_KEY_BYTES + 2)

/* --- codes --- */

static void code_bytes(const struct pt_code *code, uint8_t out[CODE_BYTES])
{
    uint8_t *at = out;
    memcpy(at, code->id, sizeof code->id);
    memcpy(at += sizeof code->id, code->secret, sizeof code->secret);
    memcpy(at += sizeof code->secret, code->key, sizeof code->key);
    struct pt_hash check = pt_hash2(PT_CONTEXT_INVITE, pt_bytes_of(out, CODE_BYTES - 2), pt_bytes_str(code->address));
    memcpy(at + sizeof code->key, check.b, 2);
}

void pt_code_put(struct pt_buf *out, const struct pt_code *code)
{
    uint8_t bytes[CODE_BYTES];
    struct pt_buf digits = {0};
    code_bytes(code, bytes);
    pt_base32_put(&digits, pt_bytes_of(bytes, sizeof bytes));
    pt_buf_put_str(out, code->address);
    for (size_t i = 0; i < digits.n; i++) {
        pt_buf_put_str(out, i == 0 ? "/" : i % 5 == 0 ? "-" : "");
        pt_buf_put(out, digits.data + i, 1);
    }
    out->err = out->err == PT_OK ? digits.err : out->err;
    pt_buf_free(&digits);
}

enum pt_err pt_code_read(const char *text, struct pt_code *out, struct pt_problem *problem)
{
    struct pt_code code = {0};
    uint8_t bytes[CODE_BYTES];
    uint8_t expected[CODE_BYTES];
    while (*text == ' ' || *text == '\n' || *text == '\t') {
        text++;
    }
    const char *slash = strchr(text, '/');
    size_t n = slash == NULL ? 0 : (size_t)(slash - text);
    if (n == 0 || n > PT_ADDRESS_BYTES_MAX || pt_base32_read(pt_bytes_str(slash + 1), bytes, sizeof bytes) != PT_OK) {
        return pt_problem_set(problem, PT_EINVALID, PT_MSG_CODE_MISTYPED, NULL);
    }
    memcpy(code.address, text, n);
    memcpy(code.id, bytes, sizeof code.id);
    memcpy(code.secret, bytes + sizeof code.id, sizeof code.secret);
    memcpy(code.key, bytes + sizeof code.id + sizeof code.secret, sizeof code.key);
    code_bytes(&code, expected);
    if (memcmp(bytes, expected, sizeof bytes) != 0) {
        return pt_problem_set(problem, PT_EINVALID, PT_MSG_CODE_MISTYPED, NULL);
    }
    *out = code;
    return PT_OK;
}

void pt_code_key_of(const uint8_t transport_key[PT_KEY_BYTES], uint8_t out[PT_CODE_KEY_BYTES])
{
    struct pt_author id = pt_author_of(transport_key);
    memcpy(out, id.b, PT_CODE_KEY_BYTES);
}

/* --- request --- */

static struct pt_hash proof_of(const uint8_t *id, const uint8_t *secret, struct pt_bytes key, struct pt_bytes transport)
{
    return pt_hash4(PT_CONTEXT_ENROL, pt_bytes_of(id, PT_CODE_ID_BYTES), pt_bytes_of(secret, PT_CODE_SECRET_BYTES), key,
                    transport);
}

enum pt_err pt_enrol_request_put(struct pt_buf *out, const struct pt_code *code, const struct pt_applicant *applicant)
{
    Patuh__Frame frame = PATUH__FRAME__INIT;
    Patuh__EnrolRequest request = PATUH__ENROL_REQUEST__INIT;
    struct pt_signature signature;
    struct pt_hash proof = proof_of(code->id, code->secret, pt_bytes_of(applicant->pair->public_key, PT_KEY_BYTES),
                                    pt_bytes_of(applicant->transport_key, PT_KEY_BYTES));
    pt_sign(applicant->pair, PT_CONTEXT_ENROL, &proof, &signature);
    request.has_code_id = request.has_proof = request.has_public_key = request.has_transport_key = true;
    request.has_signature = true;
    request.code_id = pt_binary(code->id, sizeof code->id);
    request.proof = pt_binary(proof.b, sizeof proof.b);
    request.public_key = pt_binary(applicant->pair->public_key, PT_KEY_BYTES);
    request.transport_key = pt_binary(applicant->transport_key, PT_KEY_BYTES);
    request.signature = pt_binary(signature.b, sizeof signature.b);
    request.address = pt_text_of(applicant->address);
    request.name = pt_text_of(applicant->name);
    request.office = pt_text_of(applicant->office);
    frame.enrol_request = &request;
    uint8_t bytes[PT_ENROL_FRAME_BYTES_MAX];
    if (patuh__frame__get_packed_size(&frame) > sizeof bytes) {
        return PT_ELIMIT;
    }
    pt_buf_put(out, bytes, patuh__frame__pack(&frame, bytes));
    return out->err;
}

enum pt_err pt_enrol_request_check(const Patuh__EnrolRequest *request, const uint8_t id[PT_CODE_ID_BYTES],
                                   const uint8_t secret[PT_CODE_SECRET_BYTES])
{
    struct pt_signature signature;
    if (request->public_key.len != PT_KEY_BYTES || request->transport_key.len != PT_KEY_BYTES ||
        request->signature.len != sizeof signature.b || request->proof.len != PT_HASH_BYTES) {
        return PT_ESIGNATURE;
    }
    struct pt_hash proof = proof_of(id, secret, pt_bytes_of(request->public_key.data, PT_KEY_BYTES),
                                    pt_bytes_of(request->transport_key.data, PT_KEY_BYTES));
    uint8_t difference = 0;
    for (size_t i = 0; i < sizeof proof.b; i++) { /* in constant time: the proof stands for the secret */
        difference |= (uint8_t)(proof.b[i] ^ request->proof.data[i]);
    }
    if (difference != 0) {
        return PT_ESIGNATURE;
    }
    memcpy(signature.b, request->signature.data, sizeof signature.b);
    return pt_verify(request->public_key.data, PT_CONTEXT_ENROL, &proof, &signature);
}

/* --- signed bodies --- */

static bool read_key(const ProtobufCBinaryData *field, struct pt_public_key *out)
{
    if (field->len != sizeof out->b) {
        return false;
    }
    memcpy(out->b, field->data, sizeof out->b);
    return true;
}

static bool read_signature(const ProtobufCBinaryData *field, struct pt_signature *out)
{
    if (field->len != sizeof out->b) {
        return false;
    }
    memcpy(out->b, field->data, sizeof out->b);
    return true;
}

enum pt_err pt_office_record_sign(struct pt_office_record *record, const struct pt_keypair *signer,
                                  struct pt_arena *arena)
{
    Patuh__OfficeRecord body = PATUH__OFFICE_RECORD__INIT;
    char *addresses[1] = {pt_text_of(record->address)};
    body.code = pt_text_of(record->code);
    body.name = pt_text_of(record->name);
    body.has_public_key = body.has_transport_key = body.has_generation = body.has_role = true;
    body.public_key = pt_binary(record->key.b, sizeof record->key.b);
    body.transport_key = pt_binary(record->transport_key.b, sizeof record->transport_key.b);
    body.address = addresses;
    body.n_address = record->address[0] == '\0' ? 0 : 1;
    body.generation = record->generation;
    body.role = record->tier == PT_TIER_NATIONAL ? PATUH__ROLE__ROLE_NATIONAL : PATUH__ROLE__ROLE_REGIONAL;
    enum pt_err err = pt_pack(&body.base, arena, &record->body);
    if (err == PT_OK) {
        struct pt_hash hash = pt_hash1(PT_CONTEXT_OFFICE, record->body);
        pt_sign(signer, PT_CONTEXT_OFFICE, &hash, &record->signature);
    }
    return err;
}

static enum pt_err read_office(const Patuh__SignedOffice *signed_office, struct pt_arena *arena,
                               struct pt_office_record *out)
{
    ProtobufCMessage *message;
    struct pt_office_record record = {.body = pt_bytes_of(signed_office->body.data, signed_office->body.len)};
    enum pt_err err = pt_unpack(&patuh__office_record__descriptor, record.body, arena, &message);
    if (err != PT_OK) {
        return err;
    }
    const Patuh__OfficeRecord *body = (const Patuh__OfficeRecord *)message;
    if (body->code == NULL || body->name == NULL || !read_key(&body->public_key, &record.key) ||
        !read_key(&body->transport_key, &record.transport_key) ||
        !read_signature(&signed_office->signature, &record.signature)) {
        return PT_EMALFORMED;
    }
    record.code = body->code;
    record.name = body->name;
    record.address = body->n_address > 0 ? body->address[0] : "";
    record.generation = body->generation;
    record.tier = body->role == PATUH__ROLE__ROLE_NATIONAL ? 2 : 1;
    *out = record;
    return PT_OK;
}

enum pt_err pt_statement_sign(const struct pt_statement *statement, const struct pt_keypair *office,
                              struct pt_arena *arena, Patuh__SignedStatement **out)
{
    Patuh__Statement body = PATUH__STATEMENT__INIT;
    Patuh__SignedStatement *result = pt_arena_alloc(arena, sizeof *result);
    struct pt_signature *signature = pt_arena_alloc(arena, sizeof *signature);
    struct pt_bytes packed;
    body.has_public_key = body.has_transport_key = body.has_role = body.has_issued_ms = true;
    body.public_key = pt_binary(statement->key.b, sizeof statement->key.b);
    body.transport_key = pt_binary(statement->transport_key.b, sizeof statement->transport_key.b);
    body.role = (uint32_t)statement->role;
    body.name = pt_text_of(statement->name);
    body.office = pt_text_of(statement->office);
    body.issued_ms = statement->issued_ms;
    enum pt_err err = result == NULL || signature == NULL ? PT_ENOMEM : pt_pack(&body.base, arena, &packed);
    if (err != PT_OK) {
        return err;
    }
    struct pt_hash hash = pt_hash1(PT_CONTEXT_STATEMENT, packed);
    pt_sign(office, PT_CONTEXT_STATEMENT, &hash, signature);
    patuh__signed_statement__init(result);
    result->has_body = result->has_signature = true;
    result->body = pt_binary(packed.data, packed.n);
    result->signature = pt_binary(signature->b, sizeof signature->b);
    *out = result;
    return PT_OK;
}

enum pt_err pt_statement_read(const Patuh__SignedStatement *signed_statement, const struct pt_public_key *office_key,
                              struct pt_arena *arena, struct pt_statement *out)
{
    ProtobufCMessage *message;
    struct pt_signature signature;
    struct pt_statement statement = {0};
    struct pt_bytes packed = pt_bytes_of(signed_statement->body.data, signed_statement->body.len);
    struct pt_hash hash = pt_hash1(PT_CONTEXT_STATEMENT, packed);
    if (!read_signature(&signed_statement->signature, &signature)) {
        return PT_EMALFORMED;
    }
    enum pt_err err = pt_verify(office_key->b, PT_CONTEXT_STATEMENT, &hash, &signature);
    if (err == PT_OK) {
        err = pt_unpack(&patuh__statement__descriptor, packed, arena, &message);
    }
    if (err != PT_OK) {
        return err;
    }
    const Patuh__Statement *body = (const Patuh__Statement *)message;
    if (!read_key(&body->public_key, &statement.key) || !read_key(&body->transport_key, &statement.transport_key) ||
        body->name == NULL || body->office == NULL) {
        return PT_EMALFORMED;
    }
    statement.role = (int)body->role;
    statement.name = body->name;
    statement.office = body->office;
    statement.issued_ms = body->issued_ms;
    *out = statement;
    return PT_OK;
}

/* Each office is signed by the next one of the chain, the last by itself. */
static enum pt_err check_chain(const struct pt_enrolment *enrolment)
{
    for (size_t i = 0; i < enrolment->n_offices; i++) {
        const struct pt_office_record *office = &enrolment->offices[i];
        bool last = i + 1 == enrolment->n_offices;
        const struct pt_office_record *signer = last ? office : &enrolment->offices[i + 1];
        struct pt_hash hash = pt_hash1(PT_CONTEXT_OFFICE, office->body);
        if (last != (office->tier == PT_TIER_NATIONAL)) {
            return PT_ESIGNATURE;
        }
        enum pt_err err = pt_verify(signer->key.b, PT_CONTEXT_OFFICE, &hash, &office->signature);
        if (err != PT_OK) {
            return err;
        }
    }
    return PT_OK;
}

/* The first office says who a device is; of an office that joins, the one above it. */
static enum pt_err read_statement(const Patuh__SignedStatement *signed_statement, struct pt_enrolment *enrolment,
                                  struct pt_arena *arena, size_t *signer)
{
    enum pt_err err = pt_statement_read(signed_statement, &enrolment->offices[0].key, arena, &enrolment->statement);
    *signer = 0;
    if (err == PT_ESIGNATURE && enrolment->n_offices > 1) {
        err = pt_statement_read(signed_statement, &enrolment->offices[1].key, arena, &enrolment->statement);
        *signer = 1;
    }
    return err;
}

enum pt_err pt_enrolment_read(struct pt_bytes answer, const uint8_t *code_key, struct pt_arena *arena,
                              struct pt_enrolment *out)
{
    ProtobufCMessage *message;
    struct pt_enrolment enrolment = {0};
    enum pt_err err = pt_unpack(&patuh__enrol_answer__descriptor, answer, arena, &message);
    if (err != PT_OK) {
        return err;
    }
    const Patuh__EnrolAnswer *body = (const Patuh__EnrolAnswer *)message;
    if (body->statement == NULL || body->n_office == 0 || body->n_office > PT_OFFICE_CHAIN_MAX) {
        return PT_EMALFORMED;
    }
    for (size_t i = 0; i < body->n_office && err == PT_OK; i++) {
        err = read_office(body->office[i], arena, &enrolment.offices[enrolment.n_offices++]);
    }
    if (err == PT_OK) {
        err = check_chain(&enrolment);
    }
    size_t signer = 0;
    if (err == PT_OK) {
        err = read_statement(body->statement, &enrolment, arena, &signer);
    }
    if (err == PT_OK && code_key != NULL) {
        uint8_t key[PT_CODE_KEY_BYTES];
        pt_code_key_of(enrolment.offices[signer].transport_key.b, key);
        err = memcmp(key, code_key, sizeof key) == 0 ? PT_OK : PT_ESIGNATURE;
    }
    if (err == PT_OK) {
        err = pt_pack(&body->statement->base, arena, &enrolment.signed_statement);
    }
    if (err == PT_OK) {
        *out = enrolment;
    }
    return err;
}

const struct pt_office_record *pt_enrolment_root(const struct pt_enrolment *enrolment)
{
    return &enrolment->offices[enrolment->n_offices - 1];
}
