/* session_hello.c - the first frame each way: who is there, and is there anything to compare. */
#include "core/store/meta.h"
#include "core/sync/peers.h"
#include "core/sync/session_internal.h"

#include "base/arith.h"
#include "core/store/keys.h"
#include "core/wire/unpack.h"
#include "records.pb-c.h"

#include <string.h>

#define PROTOCOL 1

struct digests {
    struct pt_hash mine;     /* logs that are brought up, as far as the answering side has them */
    struct pt_hash theirs;   /* the other logs in scope */
    struct pt_hash receipts; /* head office's receipts for the logs that are brought up */
};

static void digest_add(struct pt_hash *digest, const struct pt_log_id *log, uint64_t seq, const struct pt_hash *link)
{
    struct pt_key id = pt_key_log_id(log);
    struct pt_key number = pt_key_u64(seq);
    *digest = pt_hash4(PT_CONTEXT_DIGEST, pt_hash_bytes(digest), pt_key_bytes(&id), pt_key_bytes(&number),
                       pt_hash_bytes(link));
}

/* The ends of a forked log's branches follow its own row. On the side that brings the log: those that are receipted. */
static enum pt_err add_branch_ends(struct pt_session *s, struct pt_txn *txn, const struct pt_head *head, bool up,
                                   struct pt_arena *arena, struct digests *out)
{
    struct pt_chunk_end *ends = NULL;
    size_t n = 0;
    enum pt_err err = pt_logs_branch_ends(txn, head, arena, &ends, &n);
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        const struct pt_chunk_end *branch = &ends[i];
        struct pt_receipted upper = {0};
        struct pt_receipted lower = {.seq = branch->seq};
        if (up) {
            err = pt_receipted_held(txn, head, PT_TIER_NATIONAL, &branch->link, arena, &upper);
        }
        if (err == PT_OK && up && s->config.connects) {
            err = pt_receipted_held(txn, head, s->config.upper_tier, &branch->link, arena, &lower);
        }
        if (err == PT_OK && lower.seq > 0) {
            digest_add(up ? &out->mine : &out->theirs, &head->log, branch->seq, &branch->link);
        }
        if (err == PT_OK && upper.seq > 0) {
            digest_add(&out->receipts, &head->log, branch->seq, &branch->link);
        }
    }
    return err;
}

/* Logs come in the order of their canonical ids, so both sides add the same rows in the same order. */
static enum pt_err add_log(struct pt_session *s, struct pt_txn *txn, const struct pt_head *head, struct pt_arena *arena,
                           struct digests *out)
{
    bool up = s->scope.is_up(s->scope.data, &head->log);
    struct pt_receipted upper = {0};
    struct pt_receipted lower = {.seq = head->seq, .link = head->link};
    enum pt_err err = up ? pt_receipted(txn, head, PT_TIER_NATIONAL, arena, &upper) : PT_OK;
    if (err == PT_OK && up && s->config.connects) {
        err = pt_receipted(txn, head, s->config.upper_tier, arena, &lower);
        lower.seq = head->recalled_seq > head->seq ? 0 : lower.seq; /* it has to come again: the digests must differ */
    }
    if (err == PT_OK && lower.seq > 0) {
        digest_add(up ? &out->mine : &out->theirs, &head->log, lower.seq, &lower.link);
    }
    if (err == PT_OK && upper.seq > 0) {
        digest_add(&out->receipts, &head->log, upper.seq, &upper.link);
    }
    return err == PT_OK ? add_branch_ends(s, txn, head, up, arena, out) : err;
}

static enum pt_err compute(struct pt_session *s, struct pt_txn *txn, struct pt_arena *arena, struct digests *out)
{
    struct pt_head *heads;
    struct pt_hash hash;
    size_t n = 0;
    *out = (struct digests){0};
    enum pt_err err = pt_arrival_last(txn, &s->news_lsn, &hash);
    if (err == PT_OK) {
        err = pt__session_heads(s, txn, arena, &heads, &n);
    }
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        if (s->scope.has(s->scope.data, &heads[i].log)) {
            err = add_log(s, txn, &heads[i], arena, out);
        }
    }
    return err;
}

/* Everything of ours that has no receipt yet goes out at once. */
static enum pt_err add_unreceipted(struct pt_session *s, struct pt_txn *txn, struct pt_update *u)
{
    struct pt_head *heads;
    size_t n = 0;
    enum pt_err err = pt__session_heads(s, txn, &u->arena, &heads, &n);
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        if (s->scope.has(s->scope.data, &heads[i].log) && s->scope.is_up(s->scope.data, &heads[i].log)) {
            err = pt__session_send_unreceipted(s, txn, u, &heads[i]);
        }
    }
    return err;
}

/* What this side remembers of the office it connects to. */
struct memory {
    uint64_t salt;
    uint64_t epoch; /* of its newest receipt */
    uint64_t lsn;
};

static enum pt_err remember(struct pt_session *s, struct pt_txn *txn, struct memory *out)
{
    *out = (struct memory){0};
    enum pt_err err = pt_meta_get_u64(txn, PT_META_SALT, &out->salt);
    if (err == PT_OK || err == PT_ENOTFOUND) {
        err = pt_receipt_newest(txn, s->config.upper_tier, &out->epoch, &out->lsn);
    }
    return err;
}

static void emit_hello(struct pt_session *s, struct pt_update *u, const Patuh__SignedStatement *statement,
                       const struct digests *d, const struct memory *memory, const struct pt_now *now)
{
    Patuh__Hello hello = PATUH__HELLO__INIT;
    Patuh__Frame frame = PATUH__FRAME__INIT;
    Patuh__SignedStatement copy = *statement;
    hello.has_protocol_min = hello.has_protocol_max = true;
    hello.protocol_min = hello.protocol_max = PROTOCOL;
    hello.statement = &copy;
    hello.has_salt = memory->salt != 0;
    hello.salt = memory->salt;
    hello.has_epoch = hello.has_lsn = memory->lsn != 0;
    hello.epoch = memory->epoch;
    hello.lsn = memory->lsn;
    hello.has_incarnation = s->config.incarnation != NULL;
    hello.incarnation = hello.has_incarnation ? *s->config.incarnation : 0;
    hello.has_wall_ms = hello.has_monotonic_ms = hello.has_boot = true;
    hello.wall_ms = now->wall_ms;
    hello.monotonic_ms = now->monotonic_ms;
    hello.boot = now->boot;
    hello.has_generation = s->config.generation != 0;
    hello.generation = s->config.generation;
    hello.has_mine = hello.has_theirs = hello.has_receipts = true;
    hello.mine = pt_binary(d->mine.b, sizeof d->mine.b);
    hello.theirs = pt_binary(d->theirs.b, sizeof d->theirs.b);
    hello.receipts = pt_binary(d->receipts.b, sizeof d->receipts.b);
    frame.hello = &hello;
    pt__session_emit(s, u, &frame);
}

static enum pt_err say_hello(struct pt_session *s, struct pt_txn *txn, const struct pt_now *now, struct pt_update *u)
{
    struct digests d;
    struct memory memory;
    ProtobufCMessage *statement;
    enum pt_err err = remember(s, txn, &memory);
    if (err == PT_OK) {
        err = pt_unpack(&patuh__signed_statement__descriptor, s->config.statement, &u->arena, &statement);
    }
    if (err == PT_OK) {
        err = compute(s, txn, &u->arena, &d);
    }
    if (err == PT_OK) {
        emit_hello(s, u, (const Patuh__SignedStatement *)statement, &d, &memory, now);
        err = add_unreceipted(s, txn, u);
    }
    return err;
}

void pt__session_say_hello(struct pt_session *s, const struct pt_now *now, struct pt_update *u)
{
    struct pt_txn *txn;
    enum pt_err err = pt_store_begin_read(s->config.store, &txn);
    if (err == PT_OK) {
        err = say_hello(s, txn, now, u);
        pt_store_abort(txn);
    }
    if (err != PT_OK) {
        pt__session_fail(s, u, err, PATUH__FAILURE_CODE__FAILURE_BUSY);
        return;
    }
    s->phase = s->phase == PHASE_NEW ? PHASE_GREETING : s->phase;
}

static bool same(const struct pt_hash *hash, const ProtobufCBinaryData *field)
{
    return field->len == sizeof hash->b && memcmp(hash->b, field->data, sizeof hash->b) == 0;
}

/* A salt that is neither the last one nor the one before: the peer's store is older than it should be. Unless it is
 * ours that is older: then nothing is said. Two copies of one device show each other's salts to be old until one has an
 * incarnation of its own; from then on each has its own salts. */
static enum pt_err check_salt(struct pt_session *s, struct pt_txn *txn, const Patuh__Hello *hello, bool *stale,
                              uint64_t *before)
{
    struct pt_peer_visit visit;
    *stale = false;
    *before = hello->salt;
    enum pt_err err = pt_peer_get(txn, &s->peer.author, hello->incarnation, &visit);
    if (err == PT_OK) {
        bool ours = visit.epoch == *s->config.epoch; /* salts given since then may be lost here */
        *stale = ours && hello->salt != visit.salt && hello->salt != visit.salt_before;
        *before = *stale ? visit.salt : hello->salt; /* should it not hear of it, the old salt stays a stale one */
    }
    return err == PT_ENOTFOUND ? PT_OK : err;
}

static void emit_welcome(struct pt_session *s, struct pt_update *u, const Patuh__Hello *hello, const struct digests *d,
                         uint64_t salt, bool stale, const struct pt_now *now)
{
    Patuh__Welcome welcome = PATUH__WELCOME__INIT;
    Patuh__Frame frame = PATUH__FRAME__INIT;
    welcome.has_protocol = welcome.has_epoch = welcome.has_now_ms = welcome.has_salt = true;
    welcome.has_mine_equal = welcome.has_theirs_equal = welcome.has_credit = true;
    welcome.protocol = PROTOCOL;
    welcome.epoch = *s->config.epoch;
    welcome.has_generation = s->config.generation != 0;
    welcome.generation = s->config.generation;
    welcome.now_ms = now->wall_ms;
    welcome.salt = salt;
    welcome.credit = PT_CREDIT_BYTES * 4;
    welcome.mine_equal = same(&d->mine, &hello->mine);
    welcome.theirs_equal = same(&d->theirs, &hello->theirs);
    welcome.has_stale_salt = stale;
    welcome.stale_salt = stale;
    welcome.has_revoked = s->peer.revoked;
    welcome.revoked = s->peer.revoked;
    s->said_refilling = s->config.refilling != NULL && *s->config.refilling;
    welcome.has_refilling = s->said_refilling;
    welcome.refilling = s->said_refilling;
    frame.welcome = &welcome;
    pt__session_emit(s, u, &frame);
}

/* As much of it as a number holds: the peer says what it likes. */
static int64_t clock_offset(int64_t ours_ms, int64_t peers_ms)
{
    int64_t offset_ms;
    if (pt_sub_i64(ours_ms, peers_ms, &offset_ms)) {
        return offset_ms;
    }
    return peers_ms < 0 ? INT64_MAX : INT64_MIN;
}

static void save_peer(struct pt_session *s, struct pt_update *u, const Patuh__Hello *hello, uint64_t salt,
                      uint64_t before, const struct pt_now *now)
{
    struct pt_inbox *inbox = pt__session_inbox(s, u, now);
    if (inbox == NULL) {
        return;
    }
    inbox->has_salt = true;
    inbox->peer = s->peer.author;
    inbox->peer_incarnation = hello->incarnation;
    inbox->salt = salt;
    inbox->salt_before = before;
    inbox->salt_epoch = *s->config.epoch;
    inbox->peer_seen_ms = now->wall_ms;
    inbox->peer_offset_ms = clock_offset(now->wall_ms, hello->wall_ms);
    pt__session_submit(s, u, inbox);
}

static enum pt_err answer_hello(struct pt_session *s, struct pt_txn *txn, const Patuh__Hello *hello,
                                const struct pt_now *now, struct pt_update *u)
{
    struct digests d;
    bool stale = false;
    uint64_t before = 0;
    uint64_t salt = pt_random_u64(&s->config.random);
    enum pt_err err = check_salt(s, txn, hello, &stale, &before);
    if (err == PT_OK) {
        err = compute(s, txn, &u->arena, &d);
    }
    if (err != PT_OK) {
        return err;
    }
    s->phase = PHASE_OPEN;
    s->peer_incarnation = hello->incarnation;
    u->known = true;
    emit_welcome(s, u, hello, &d, salt, stale, now);
    save_peer(s, u, hello, salt, before, now);
    if (!same(&d.receipts, &hello->receipts)) {
        pt__session_pass_receipts(s, txn, u);
    }
    if (!same(&d.mine, &hello->mine) || !same(&d.theirs, &hello->theirs)) {
        pt__session_send_heads(s, txn, u);
    }
    return PT_OK;
}

/* The peer has a receipt of this very epoch for what is not here: the store went back in time, and nobody said so. The
 * word of who was revoked is not taken: a lost key must not keep an office from giving. */
static enum pt_err check_epoch(struct pt_session *s, const Patuh__Hello *hello)
{
    struct pt_txn *txn;
    struct pt_hash hash;
    uint64_t last = 0;
    if (s->peer.revoked || !hello->has_epoch || hello->epoch != *s->config.epoch) {
        return PT_OK;
    }
    enum pt_err err = pt_store_begin_read(s->config.store, &txn);
    if (err == PT_OK) {
        err = pt_arrival_last(txn, &last, &hash);
        pt_store_abort(txn);
    }
    return err == PT_OK && hello->lsn > last ? s->config.renew_on_word(s->config.admit_data) : err;
}

/* This generation of an office is older than the one that was seen. */
static bool is_replaced(uint64_t generation, uint64_t seen)
{
    return generation != 0 && generation < seen;
}

void pt__session_on_hello(struct pt_session *s, const Patuh__Hello *hello, const struct pt_now *now,
                          struct pt_update *u)
{
    Patuh__FailureCode code = PATUH__FAILURE_CODE__FAILURE_STRANGER;
    if (hello->protocol_min > PROTOCOL || hello->protocol_max < PROTOCOL) {
        pt__session_fail(s, u, PT_EVERSION, PATUH__FAILURE_CODE__FAILURE_VERSION);
        return;
    }
    if (is_replaced(s->config.generation, hello->generation)) {
        pt__session_fail(s, u, PT_EVERSION, PATUH__FAILURE_CODE__FAILURE_GENERATION);
        return;
    }
    enum pt_err err = hello->statement == NULL
                          ? PT_EDENIED
                          : s->config.admit(s->config.admit_data, hello->statement, &s->peer, &code);
    if (err != PT_OK) {
        pt__session_fail(s, u, err, code);
        return;
    }
    s->has_peer = true;
    s->scope = s->peer.scope;
    struct pt_txn *txn;
    err = check_epoch(s, hello);
    if (err == PT_OK) {
        err = pt_store_begin_read(s->config.store, &txn);
    }
    if (err == PT_OK) {
        err = answer_hello(s, txn, hello, now, u);
        pt_store_abort(txn);
    }
    if (err != PT_OK) {
        pt__session_fail(s, u, err, PATUH__FAILURE_CODE__FAILURE_BUSY);
    }
}

void pt__session_on_welcome(struct pt_session *s, const Patuh__Welcome *welcome, const struct pt_now *now,
                            struct pt_update *u)
{
    if (welcome->protocol != PROTOCOL) {
        pt__session_fail(s, u, PT_EVERSION, PATUH__FAILURE_CODE__FAILURE_VERSION);
        return;
    }
    if (is_replaced(welcome->generation, s->config.generation)) {
        pt__session_fail(s, u, PT_EVERSION, PATUH__FAILURE_CODE__FAILURE_GENERATION);
        return;
    }
    s->phase = PHASE_OPEN;
    u->known = true;
    u->fresh_incarnation = welcome->stale_salt;
    s->revoked = welcome->revoked;
    s->refills = welcome->refilling;
    s->credit = welcome->credit > PT_CREDIT_BYTES && welcome->credit <= 1024 * 1024 ? welcome->credit : s->credit;
    struct pt_inbox *inbox = pt__session_inbox(s, u, now);
    if (inbox != NULL) {
        inbox->has_own_salt = true;
        inbox->salt = welcome->salt;
        inbox->own_stale = welcome->stale_salt;
        inbox->office_ms = welcome->now_ms;
        inbox->office_epoch = welcome->epoch;
        pt__session_submit(s, u, inbox);
    }
    struct pt_txn *txn;
    enum pt_err err = pt_store_begin_read(s->config.store, &txn);
    if (err == PT_OK) {
        err = pt__session_take_news(s, txn, u); /* what was written since our Hello */
        if (err == PT_OK && s->config.tier == PT_TIER_DEVICE) {
            err = pt__session_offer_own(s, txn, welcome->epoch, u);
        }
        pt_store_abort(txn);
    }
    if (err != PT_OK) {
        pt__session_fail(s, u, err, PATUH__FAILURE_CODE__FAILURE_BUSY);
    }
}
