#include "invites.h"

#include "core/store/keys.h"
#include "core/wire/pack.h"
#include "core/wire/unpack.h"
#include "records.pb-c.h"

#include <stdio.h>
#include <string.h>

enum pt_err invite_put(struct pt_txn *txn, const struct invite *invite)
{
    struct pt_arena arena;
    struct pt_bytes packed;
    Patuh__InviteRecord row = PATUH__INVITE_RECORD__INIT;
    row.has_secret = row.has_role = row.has_expires_ms = row.has_tries = true;
    row.secret = pt_binary(invite->secret, sizeof invite->secret);
    row.role = (uint32_t)invite->role;
    row.name = pt_text_of(invite->name);
    row.expires_ms = invite->expires_ms;
    row.tries = invite->tries;
    if (invite->used) {
        row.has_used_by = row.has_used_transport = row.has_answer = true;
        row.used_by = pt_binary(invite->used_by.b, sizeof invite->used_by.b);
        row.used_transport = pt_binary(invite->used_transport.b, sizeof invite->used_transport.b);
        row.answer = pt_binary(invite->answer.data, invite->answer.n);
    }
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_pack(&row.base, &arena, &packed);
    if (err == PT_OK) {
        err = pt_store_put(txn, PT_TABLE_INVITES, pt_bytes_of(invite->id, sizeof invite->id), packed);
    }
    pt_arena_close(&arena);
    return err;
}

static bool copy_exact(const ProtobufCBinaryData *field, void *out, size_t n)
{
    if (field->len != n) {
        return false;
    }
    memcpy(out, field->data, n);
    return true;
}

enum pt_err invite_get(struct pt_txn *txn, const uint8_t id[PT_CODE_ID_BYTES], struct pt_arena *arena,
                       struct invite *out)
{
    struct pt_bytes value;
    ProtobufCMessage *message;
    enum pt_err err = pt_store_get(txn, PT_TABLE_INVITES, pt_bytes_of(id, PT_CODE_ID_BYTES), &value);
    if (err == PT_OK) {
        err = pt_unpack(&patuh__invite_record__descriptor, value, arena, &message);
    }
    if (err != PT_OK) {
        return err;
    }
    const Patuh__InviteRecord *row = (const Patuh__InviteRecord *)message;
    struct invite invite = {.role = (int)row->role, .expires_ms = row->expires_ms, .tries = row->tries};
    memcpy(invite.id, id, sizeof invite.id);
    invite.name = row->name == NULL ? "" : row->name;
    invite.used = row->has_answer;
    invite.answer = pt_bytes_of(row->answer.data, row->answer.len);
    if (!copy_exact(&row->secret, invite.secret, sizeof invite.secret) ||
        (invite.used && (!copy_exact(&row->used_by, invite.used_by.b, sizeof invite.used_by.b) ||
                         !copy_exact(&row->used_transport, invite.used_transport.b, sizeof invite.used_transport.b)))) {
        return PT_EDAMAGED;
    }
    *out = invite;
    return PT_OK;
}

/* Of the first row that is an open code after the one with this id; NOTFOUND: there is none. */
static enum pt_err next_open(struct pt_txn *txn, struct pt_key *looked_upto, struct pt_arena *arena, struct invite *out)
{
    struct pt_rows rows = pt_rows_from(txn, PT_TABLE_INVITES, (struct pt_bytes){0}, pt_key_bytes(looked_upto));
    struct pt_bytes key;
    struct pt_bytes value;
    bool found = false;
    enum pt_err err = PT_OK;
    while (err == PT_OK && !found && pt_rows_next(&rows, &key, &value)) {
        if (key.n != PT_CODE_ID_BYTES) {
            err = PT_EDAMAGED;
            break;
        }
        *looked_upto = pt_key_copy(key);
        err = invite_get(txn, key.data, arena, out);
        found = err == PT_OK && !out->used && out->expires_ms > 0;
    }
    enum pt_err end = pt_rows_end(&rows);
    err = err == PT_OK ? end : err;
    return err == PT_OK && !found ? PT_ENOTFOUND : err;
}

enum pt_err invites_expire(struct pt_txn *txn)
{
    struct pt_arena arena;
    struct pt_key looked_upto = {0};
    struct invite invite;
    enum pt_err err = PT_OK;
    while (err == PT_OK) {
        pt_arena_init(&arena, SIZE_MAX);
        err = next_open(txn, &looked_upto, &arena, &invite);
        if (err == PT_OK) {
            invite.expires_ms = 0;
            err = invite_put(txn, &invite);
        }
        pt_arena_close(&arena);
    }
    return err == PT_ENOTFOUND ? PT_OK : err;
}

static enum pt_err refuse(struct enrol_job *job, Patuh__FailureCode code)
{
    job->refused = true;
    job->code = code;
    return PT_OK;
}

/* What people call a joining office: as it says, when that is short enough. */
static const char *office_name(const struct enrol_job *job, const struct invite *invite)
{
    const char *name = job->request->name;
    bool good = name != NULL && name[0] != '\0' && strlen(name) <= PT_NAME_BYTES_MAX;
    return good ? name : invite->name;
}

/* The peer enters the office's log: from now on everybody who has the log knows its keys. */
static enum pt_err name_peer(struct pt_txn *txn, const struct enrol_job *job, const struct invite *invite)
{
    Patuh__Member member = PATUH__MEMBER__INIT;
    Patuh__Office office = PATUH__OFFICE__INIT;
    struct pt_subject subject;
    bool is_office = invite->role == PATUH__ROLE__ROLE_REGIONAL;
    struct pt_entry entry =
        pt_entry_of(is_office ? PATUH__ENTRY_KIND__ENTRY_OFFICE : PATUH__ENTRY_KIND__ENTRY_MEMBER, job->now_ms / 1000);
    office.has_public_key = office.has_transport_key = office.has_generation = true;
    office.code = pt_text_of(invite->name);
    office.name = pt_text_of(office_name(job, invite));
    office.public_key = pt_binary(invite->used_by.b, sizeof invite->used_by.b);
    office.transport_key = pt_binary(invite->used_transport.b, sizeof invite->used_transport.b);
    office.generation = 1;
    member.has_public_key = member.has_transport_key = member.has_role = true;
    member.public_key = office.public_key;
    member.transport_key = office.transport_key;
    member.role = (Patuh__Role)invite->role;
    member.name = pt_text_of(invite->name);
    enum pt_err err = pt_pack(is_office ? &office.base : &member.base, job->arena, &entry.detail);
    if (err == PT_OK) {
        err = pt_subject_make(PT_SUBJECT_OFFICE, job->office->code, &subject);
    }
    return err == PT_OK ? office_log_in(txn, job->office, &subject, &entry, 1) : err;
}

static void fill_office(Patuh__SignedOffice *out, const struct pt_office_record *record)
{
    patuh__signed_office__init(out);
    out->has_body = out->has_signature = true;
    out->body = pt_binary(record->body.data, record->body.n);
    out->signature = pt_binary(record->signature.b, sizeof record->signature.b);
}

/* An office that joins stands first in its own chain, signed by us. */
static enum pt_err add_joining(const struct enrol_job *job, const struct invite *invite, struct pt_office_record *chain,
                               size_t *n)
{
    memmove(&chain[1], &chain[0], *n * sizeof *chain);
    chain[0] = (struct pt_office_record){
        .code = invite->name, .name = office_name(job, invite), .generation = 1, .tier = PT_TIER_REGION};
    chain[0].key = invite->used_by;
    chain[0].transport_key = invite->used_transport;
    chain[0].address = job->request->address == NULL ? "" : job->request->address;
    (*n)++;
    return pt_office_record_sign(&chain[0], &job->office->pair, job->arena);
}

static enum pt_err make_answer(struct enrol_job *job, const struct invite *invite)
{
    Patuh__EnrolAnswer answer = PATUH__ENROL_ANSWER__INIT;
    struct pt_office_record chain[PT_OFFICE_CHAIN_MAX];
    Patuh__SignedOffice offices[PT_OFFICE_CHAIN_MAX];
    Patuh__SignedOffice *list[PT_OFFICE_CHAIN_MAX];
    size_t n = 0;
    struct pt_statement statement = {
        .key = invite->used_by,
        .transport_key = invite->used_transport,
        .role = invite->role,
        .name = invite->name,
        .office = job->office->code,
        .issued_ms = job->now_ms,
    };
    enum pt_err err = office_chain(job->office, job->address, job->arena, chain, &n);
    if (err == PT_OK) {
        err = pt_statement_sign(&statement, &job->office->pair, job->arena, &answer.statement);
    }
    if (err == PT_OK && invite->role == PATUH__ROLE__ROLE_REGIONAL) {
        err = n + 1 > PT_OFFICE_CHAIN_MAX ? PT_ELIMIT : add_joining(job, invite, chain, &n);
    }
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        fill_office(&offices[i], &chain[i]);
        list[i] = &offices[i];
    }
    answer.office = list;
    answer.n_office = n;
    return err == PT_OK ? pt_pack(&answer.base, job->arena, &job->answer) : err;
}

static enum pt_err use(struct pt_txn *txn, struct enrol_job *job, struct invite *invite)
{
    memcpy(invite->used_by.b, job->request->public_key.data, sizeof invite->used_by.b);
    memcpy(invite->used_transport.b, job->request->transport_key.data, sizeof invite->used_transport.b);
    enum pt_err err = name_peer(txn, job, invite);
    if (err == PT_OK) {
        err = make_answer(job, invite);
    }
    if (err == PT_OK) {
        invite->used = true;
        invite->answer = job->answer;
        err = invite_put(txn, invite);
    }
    return err;
}

static bool same_keys(const struct invite *invite, const Patuh__EnrolRequest *request)
{
    return memcmp(invite->used_by.b, request->public_key.data, sizeof invite->used_by.b) == 0 &&
           memcmp(invite->used_transport.b, request->transport_key.data, sizeof invite->used_transport.b) == 0;
}

/* A code for an office is for that office and nobody else, one for a reviewer is used at this office, never by a
 * device. A device that is somebody's already says whose, and does not become somebody else's. */
static bool fits_role(const struct invite *invite, const struct enrol_job *job)
{
    const char *office = job->request->office;
    const char *name = job->request->name;
    if (invite->role == PATUH__ROLE__ROLE_REGIONAL) {
        return office != NULL && strcmp(office, invite->name) == 0;
    }
    bool same_name = job->reviewer || name == NULL || strcmp(name, invite->name) == 0;
    return office == NULL && same_name && job->reviewer == (invite->role == PATUH__ROLE__ROLE_REVIEWER);
}

enum pt_err enrol_apply(struct pt_txn *txn, struct enrol_job *job)
{
    struct invite invite;
    job->refused = false;
    if (job->request->code_id.len != PT_CODE_ID_BYTES) {
        return refuse(job, PATUH__FAILURE_CODE__FAILURE_CODE_WRONG);
    }
    enum pt_err err = invite_get(txn, job->request->code_id.data, job->arena, &invite);
    if (err == PT_ENOTFOUND) {
        return refuse(job, PATUH__FAILURE_CODE__FAILURE_CODE_WRONG);
    }
    if (err != PT_OK) {
        return err;
    }
    job->role = invite.role;
    (void)snprintf(job->name, sizeof job->name, "%s", invite.name);
    if (invite.tries >= PT_ENROL_TRIES_PER_CODE) {
        return refuse(job, PATUH__FAILURE_CODE__FAILURE_CODE_TRIES);
    }
    if (pt_enrol_request_check(job->request, invite.id, invite.secret) != PT_OK) {
        invite.tries++;
        err = invite_put(txn, &invite);
        return err == PT_OK ? refuse(job, PATUH__FAILURE_CODE__FAILURE_CODE_WRONG) : err;
    }
    if (invite.used) { /* the answer was lost on its way: the same one again, but to nobody else */
        if (!same_keys(&invite, job->request)) {
            return refuse(job, PATUH__FAILURE_CODE__FAILURE_CODE_USED);
        }
        job->answer = invite.answer;
        return PT_OK;
    }
    if (!fits_role(&invite, job)) {
        return refuse(job, PATUH__FAILURE_CODE__FAILURE_CODE_OTHER);
    }
    if (job->now_ms > invite.expires_ms) {
        return refuse(job, PATUH__FAILURE_CODE__FAILURE_CODE_EXPIRED);
    }
    return use(txn, job, &invite);
}
