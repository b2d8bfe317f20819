/* session_receipts.c - receipts: given for what was brought, passed on from head office, and taken from an office. */
#include "core/sync/session_internal.h"

#include <string.h>

static void send_receipt(struct pt_session *s, struct pt_update *u, const struct pt_receipt *receipt)
{
    Patuh__Receipt out = PATUH__RECEIPT__INIT;
    Patuh__Frame frame = PATUH__FRAME__INIT;
    out.has_body = out.has_signature = true;
    out.body = pt_binary(receipt->body.data, receipt->body.n);
    out.signature = pt_binary(receipt->signature.b, sizeof receipt->signature.b);
    frame.receipt = &out;
    pt__session_emit(s, u, &frame);
}

void pt__session_say_receipt(struct pt_session *s, struct pt_receipt *receipt, const struct pt_now *now,
                             struct pt_update *u)
{
    receipt->office = s->config.author;
    receipt->tier = s->config.tier;
    receipt->epoch = *s->config.epoch;
    receipt->time_ms = now->wall_ms;
    if (pt_receipt_sign(receipt, s->config.office_pair, &u->arena) != PT_OK) {
        pt__session_fail(s, u, PT_ENOMEM, PATUH__FAILURE_CODE__FAILURE_BUSY);
        return;
    }
    send_receipt(s, u, receipt);
}

/* --- given --- */

/* What a receipt says of one log: what counts, and of a forked log the end of every branch. */
struct receipted {
    struct pt_receipt_log logs[PT_RECEIPT_LOGS_MAX + 1];
    size_t n;
};

static void add_held(struct receipted *r, const struct pt_head *head, uint64_t seq, const struct pt_hash *link)
{
    r->logs[r->n++] = (struct pt_receipt_log){.log = head->log, .seq = seq, .link = *link, .held = true};
}

static void say_receipt(struct pt_session *s, struct receipted *receipted, uint64_t lsn, const struct pt_now *now,
                        struct pt_update *u)
{
    struct pt_receipt receipt = {
        .author = receipted->logs[0].log.author, .lsn = lsn, .logs = receipted->logs, .n_logs = receipted->n};
    pt__session_say_receipt(s, &receipt, now, u);
}

void pt__session_receipt_run(struct pt_session *s, const struct pt_inbox *inbox, const struct pt_now *now,
                             struct pt_update *u)
{
    const struct pt_append *append = &inbox->append;
    struct receipted receipted;
    size_t last = inbox->run.n_chunks - 1;
    bool listed = !append->last_held;
    receipted.n = pt_receipt_logs_of(&append->head, append->branch_ends, append->n_branch_ends, receipted.logs);
    for (size_t i = 0; i < receipted.n && !listed; i++) {
        listed = pt_hash_eq(&receipted.logs[i].link, &inbox->checked.links[last]);
    }
    if (!listed) { /* what was brought is named in any case */
        add_held(&receipted, &append->head, inbox->checked.last_seqs[last], &inbox->checked.links[last]);
    }
    say_receipt(s, &receipted, inbox->lsn, now, u);
}

enum pt_err pt__session_receipt_fork(struct pt_session *s, struct pt_txn *txn, const struct pt_head *head,
                                     const struct pt_now *now, struct pt_update *u)
{
    struct receipted receipted;
    struct pt_hash hash;
    struct pt_chunk_end *ends;
    size_t n;
    uint64_t lsn = 0;
    enum pt_err err = pt_arrival_last(txn, &lsn, &hash);
    if (err == PT_OK) {
        err = pt_logs_branch_ends(txn, head, &u->arena, &ends, &n);
    }
    if (err == PT_OK && n > 0) {
        receipted.n = pt_receipt_logs_of(head, ends, n, receipted.logs);
        say_receipt(s, &receipted, lsn, now, u);
    }
    return err;
}

/* --- passed on --- */

static void pass_receipt(struct pt_session *s, struct pt_update *u, const struct pt_receipted *upper,
                         struct pt_bytes *last)
{
    if (!pt_bytes_eq(*last, upper->body)) {
        struct pt_receipt receipt = {.body = upper->body, .signature = upper->signature};
        send_receipt(s, u, &receipt);
        *last = upper->body;
    }
}

/* What has not gone to this peer in this session, of what counts and of every branch. */
static enum pt_err pass_log(struct pt_session *s, struct pt_txn *txn, struct pt_update *u, const struct pt_head *head,
                            struct pt_bytes *last)
{
    struct pt_receipted upper;
    struct pt_receipted *held = NULL;
    size_t n = 0;
    if (!s->scope.has(s->scope.data, &head->log) || !s->scope.is_up(s->scope.data, &head->log)) {
        return PT_OK;
    }
    enum pt_err err = pt_receipted(txn, head, PT_TIER_NATIONAL, &u->arena, &upper);
    if (err == PT_OK && head->forked) {
        err = pt_receipts_held(txn, head, PT_TIER_NATIONAL, &u->arena, &held, &n);
    }
    struct mark *mark = err == PT_OK ? pt__session_mark(s, u, head->number) : NULL;
    if (mark == NULL) {
        return err;
    }
    struct mark before = *mark;
    for (size_t i = 0; i <= n; i++) {
        const struct pt_receipted *row = i == 0 ? &upper : &held[i - 1];
        if (row->body.n > 0 && (!before.told || row->lsn > before.told_lsn)) {
            pass_receipt(s, u, row, last);
            mark->told = true;
            mark->told_lsn = row->lsn > mark->told_lsn ? row->lsn : mark->told_lsn;
        }
    }
    return PT_OK;
}

/* Receipts of head office for the peer's own logs, each body once. */
void pt__session_pass_receipts(struct pt_session *s, struct pt_txn *txn, struct pt_update *u)
{
    struct pt_head *heads;
    size_t n = 0;
    struct pt_bytes last = {0};
    if (s->config.tier != PT_TIER_REGION) {
        return;
    }
    enum pt_err err = pt__session_heads(s, txn, &u->arena, &heads, &n);
    for (size_t i = 0; i < n && err == PT_OK && s->phase != PHASE_CLOSED; i++) {
        err = pass_log(s, txn, u, &heads[i], &last);
    }
    if (err != PT_OK) {
        pt__session_fail(s, u, err, PATUH__FAILURE_CODE__FAILURE_BUSY);
    }
}

void pt__session_pass_new_receipts(struct pt_session *s, struct pt_txn *txn, const struct pt_news *news,
                                   struct pt_update *u)
{
    struct pt_bytes last = {0};
    enum pt_err err = PT_OK;
    if (s->config.tier != PT_TIER_REGION) {
        return;
    }
    for (size_t i = 0; i < news->n && err == PT_OK && s->phase != PHASE_CLOSED; i++) {
        struct pt_head head;
        if (news->items[i].lsn != 0) {
            continue;
        }
        err = pt_logs_find(txn, &news->items[i].log, &head);
        if (err == PT_OK) {
            err = pass_log(s, txn, u, &head, &last);
        }
        err = err == PT_ENOTFOUND ? PT_OK : err; /* a log that is not here */
    }
    if (err != PT_OK) {
        pt__session_fail(s, u, err, PATUH__FAILURE_CODE__FAILURE_BUSY);
    }
}

/* --- taken from an office --- */

const struct pt_public_key *pt__session_receipt_key(const struct pt_session *s, enum pt_tier tier)
{
    return tier == PT_TIER_REGION ? s->config.region_key : s->config.national_key;
}

/* The office holds a branch of a log that came from here and that we do not know: somebody else writes it as well. */
static enum pt_err ask_for_held(struct pt_session *s, struct pt_txn *txn, struct pt_update *u,
                                const struct pt_head *head, const struct pt_receipt *receipt)
{
    uint64_t fork_seq = 0;
    enum pt_err err = PT_OK;
    for (size_t i = 0; i < receipt->n_logs && err == PT_OK; i++) {
        const struct pt_receipt_log *log = &receipt->logs[i];
        enum pt_stand place = PT_STAND_GOOD;
        if (!pt_log_id_eq(&log->log, &head->log)) {
            continue;
        }
        err = pt_logs_stand(txn, head, log->seq, &log->link, &place);
        if (err == PT_OK && !log->held) {
            fork_seq = place == PT_STAND_NONE ? 0 : log->seq;
        } else if (err == PT_OK && place == PT_STAND_NONE) {
            pt__session_ask_for_branch(s, u, head, fork_seq + 1, &log->link);
        }
    }
    return err;
}

static void settle_flight(struct pt_session *s, struct pt_update *u, const struct pt_receipt *receipt)
{
    struct pt_txn *txn;
    if (receipt->tier != s->config.upper_tier) {
        return;
    }
    enum pt_err err = pt_store_begin_read(s->config.store, &txn);
    if (err != PT_OK) {
        pt__session_fail(s, u, err, PATUH__FAILURE_CODE__FAILURE_BUSY);
        return;
    }
    for (size_t i = 0; i < receipt->n_logs && err == PT_OK; i++) {
        struct pt_head head;
        if (pt_logs_find(txn, &receipt->logs[i].log, &head) != PT_OK) {
            continue;
        }
        pt__session_flight_done(s, head.number, &receipt->logs[i]);
        bool first_held = receipt->logs[i].held && (i == 0 || !receipt->logs[i - 1].held);
        err = first_held ? ask_for_held(s, txn, u, &head, receipt) : PT_OK;
    }
    pt_store_abort(txn);
    if (err != PT_OK) {
        pt__session_fail(s, u, err, PATUH__FAILURE_CODE__FAILURE_BUSY);
    }
}

void pt__session_on_receipt(struct pt_session *s, const Patuh__Receipt *receipt, const struct pt_now *now,
                            struct pt_update *u)
{
    struct pt_signature signature;
    if (!s->config.connects || receipt->signature.len != sizeof signature.b) {
        pt__session_fail(s, u, PT_EMALFORMED, PATUH__FAILURE_CODE__FAILURE_PROTOCOL);
        return;
    }
    memcpy(signature.b, receipt->signature.data, sizeof signature.b);
    struct pt_inbox *inbox = pt__session_inbox(s, u, now);
    if (inbox == NULL) {
        return;
    }
    struct pt_bytes body = pt_arena_dup(&inbox->arena, pt_bytes_of(receipt->body.data, receipt->body.len));
    inbox->receipts = pt_arena_zalloc(&inbox->arena, 1, sizeof *inbox->receipts);
    enum pt_err err = inbox->receipts == NULL || body.data == NULL
                          ? PT_ENOMEM
                          : pt_receipt_read_tier(body, &signature, s->config.region_key, s->config.national_key,
                                                 &inbox->arena, &inbox->receipts[0]);
    if (err != PT_OK) {
        pt_inbox_destroy(inbox);
        pt__session_fail(s, u, err, pt__session_code_for(err));
        return;
    }
    inbox->n_receipts = 1;
    inbox->receipts[0].current = true;
    inbox->receipts[0].passed_on = inbox->receipts[0].tier != s->config.upper_tier;
    s->counts.receipts++;
    settle_flight(s, u, &inbox->receipts[0]);
    pt__session_submit(s, u, inbox);
}
