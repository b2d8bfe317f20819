/* session_receive.c - what comes in: chunks, receipts, gaps, heads, wants. */
#include "core/session_internal.h"

#include "base/mem.h"

#include <string.h>

static Patuh__FailureCode code_for(enum pt_err err)
{
    switch ((int)err) {
    case PT_ESIGNATURE:
        return PATUH__FAILURE_CODE__FAILURE_SIGNATURE;
    case PT_ELINK:
        return PATUH__FAILURE_CODE__FAILURE_LINK;
    case PT_ELIMIT:
        return PATUH__FAILURE_CODE__FAILURE_LIMIT;
    case PT_EDENIED:
        return PATUH__FAILURE_CODE__FAILURE_FOREIGN_LOG;
    default:
        return PATUH__FAILURE_CODE__FAILURE_PROTOCOL;
    }
}

static enum pt_err copy_run(const Patuh__Chunks *chunks, struct pt_inbox *inbox)
{
    struct pt_run *run = &inbox->run;
    struct pt_bytes *list = pt_arena_zalloc(&inbox->arena, chunks->n_chunk, sizeof *list);
    inbox->texts = pt_arena_zalloc(&inbox->arena, chunks->n_text, sizeof *inbox->texts);
    if (list == NULL || inbox->texts == NULL) {
        return PT_ENOMEM;
    }
    if (chunks->previous_link.len != sizeof run->previous.b || chunks->signature.len != sizeof run->signature.b) {
        return PT_EMALFORMED;
    }
    memcpy(run->previous.b, chunks->previous_link.data, sizeof run->previous.b);
    memcpy(run->signature.b, chunks->signature.data, sizeof run->signature.b);
    run->first_seq = chunks->first_seq;
    run->held = chunks->held;
    for (size_t i = 0; i < chunks->n_chunk; i++) {
        list[i] = pt_arena_dup(&inbox->arena, pt_bytes_of(chunks->chunk[i].data, chunks->chunk[i].len));
    }
    for (size_t i = 0; i < chunks->n_text; i++) {
        inbox->texts[i] = pt_arena_dup(&inbox->arena, pt_bytes_of(chunks->text[i].data, chunks->text[i].len));
        if (chunks->text[i].len > PT_TEXT_BYTES_MAX + 16) {
            return PT_ELIMIT;
        }
    }
    inbox->n_texts = chunks->n_text;
    run->chunks = list;
    run->n_chunks = chunks->n_chunk;
    return inbox->arena.exhausted ? PT_ENOMEM : PT_OK;
}

/* May this peer bring this log? What comes up is brought by the connecting side, the rest by the answering one. */
static bool may_bring(const struct pt_session *s, const struct pt_log_id *log)
{
    return s->scope.has(s->scope.data, log) && s->scope.is_up(s->scope.data, log) != s->config.connects;
}

void pt__session_on_chunks(struct pt_session *s, const Patuh__Chunks *chunks, const struct pt_now *now,
                           struct pt_update *u)
{
    struct pt_inbox *inbox = pt__session_inbox(s, u, now);
    if (inbox == NULL) {
        return;
    }
    enum pt_err err = pt__session_ref_in(s, chunks->log, &inbox->run.log, &inbox->run.key);
    bool refill = s->config.connects && err == PT_OK && s->scope.is_up(s->scope.data, &inbox->run.log);
    if (err == PT_OK && !may_bring(s, &inbox->run.log) && !refill) {
        err = PT_EDENIED;
    }
    if (err == PT_OK) {
        err = copy_run(chunks, inbox);
    }
    if (err == PT_OK) {
        err = pt_run_check(&inbox->run, &inbox->arena, &inbox->checked);
    }
    if (err != PT_OK) {
        pt_inbox_destroy(inbox);
        pt__session_fail(s, u, err, code_for(err));
        return;
    }
    inbox->has_run = true;
    s->counts.chunks_received += (uint32_t)chunks->n_chunk;
    pt__session_submit(s, u, inbox);
}

static void say_gap(struct pt_session *s, struct pt_update *u, const struct pt_head *head)
{
    Patuh__Gap gap = PATUH__GAP__INIT;
    Patuh__Frame frame = PATUH__FRAME__INIT;
    struct pt_hash link = head->link;
    gap.log = pt__session_ref_out(s, u, head);
    gap.has_have_seq = gap.has_have_link = true;
    gap.have_seq = head->seq;
    gap.have_link = pt__binary(link.b, sizeof link.b);
    frame.gap = &gap;
    if (gap.log != NULL) {
        pt__session_emit(s, u, &frame);
    }
}

static void say_receipt(struct pt_session *s, const struct pt_inbox *inbox, const struct pt_now *now,
                        struct pt_update *u)
{
    const struct pt_head *head = &inbox->append.head;
    struct pt_receipt_log logs[2];
    size_t n = 0;
    logs[n++] = (struct pt_receipt_log){.log = head->log, .seq = head->seq, .link = head->link};
    if (inbox->append.n_held > 0) {
        size_t last = inbox->run.n_chunks - 1;
        logs[n++] = (struct pt_receipt_log){
            .log = head->log, .seq = inbox->checked.last_seqs[last], .link = inbox->checked.links[last], .held = true};
    }
    struct pt_receipt receipt = {
        .office = s->config.author,
        .tier = (uint8_t)s->config.tier,
        .author = head->log.author,
        .epoch = s->config.epoch,
        .lsn = inbox->lsn,
        .time_ms = now->wall_ms,
        .logs = logs,
        .n_logs = n,
    };
    if (pt_receipt_sign(&receipt, s->config.office_pair, &u->arena) != PT_OK) {
        pt__session_fail(s, u, PT_ENOMEM, PATUH__FAILURE_CODE__FAILURE_BUSY);
        return;
    }
    pt__session_send_receipt(s, u, &receipt);
}

void pt__session_after_run(struct pt_session *s, const struct pt_inbox *inbox, const struct pt_now *now,
                           struct pt_update *u)
{
    const struct pt_append *append = &inbox->append;
    s->counts.chunks_new += append->n_accepted;
    s->counts.held += append->n_held;
    bool up = s->scope.is_up(s->scope.data, &append->head.log);
    if (!s->config.connects && up && (append->head.seq > 0 || append->n_held > 0)) {
        say_receipt(s, inbox, now, u);
    }
    if (append->n_parked > 0) {
        say_gap(s, u, &append->head);
    }
}

static const struct pt_public_key *receipt_key(const struct pt_session *s, uint8_t tier)
{
    return tier == PT_TIER_REGION ? s->config.region_key : s->config.national_key;
}

/* The tier stands in the signed body; each tier has its own key, so the right one must fit. */
static enum pt_err read_receipt(const struct pt_session *s, struct pt_bytes body, const struct pt_signature *signature,
                                struct pt_arena *arena, struct pt_receipt *out)
{
    enum pt_err err = PT_ESIGNATURE;
    for (uint8_t tier = PT_TIER_REGION; tier <= PT_TIER_NATIONAL; tier++) {
        const struct pt_public_key *key = receipt_key(s, tier);
        err = key == NULL ? PT_ESIGNATURE : pt_receipt_read(body, signature, key, arena, out);
        if (err == PT_OK && out->tier == tier) {
            return PT_OK;
        }
        err = err == PT_OK ? PT_ESIGNATURE : err;
    }
    return err;
}

static void settle_flight(struct pt_session *s, struct pt_update *u, const struct pt_receipt *receipt)
{
    uint8_t tier = s->config.tier == 0 ? PT_TIER_REGION : PT_TIER_NATIONAL;
    struct pt_txn *txn;
    if (receipt->tier != tier) {
        return;
    }
    enum pt_err err = pt_store_begin(s->config.store, false, &txn);
    if (err != PT_OK) {
        pt__session_fail(s, u, err, PATUH__FAILURE_CODE__FAILURE_BUSY);
        return;
    }
    for (size_t i = 0; i < receipt->n_logs; i++) {
        struct pt_head head;
        if (pt_logs_find(txn, &receipt->logs[i].log, &head) == PT_OK) {
            pt__session_flight_done(s, head.number, receipt->logs[i].seq);
        }
    }
    pt_store_abort(txn);
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
                          : read_receipt(s, body, &signature, &inbox->arena, &inbox->receipts[0]);
    if (err != PT_OK) {
        pt_inbox_destroy(inbox);
        pt__session_fail(s, u, err, code_for(err));
        return;
    }
    inbox->n_receipts = 1;
    s->counts.receipts++;
    settle_flight(s, u, &inbox->receipts[0]);
    pt__session_submit(s, u, inbox);
}

/* Our head of a log the peer names; NOTFOUND. */
static enum pt_err own_head(struct pt_session *s, const Patuh__LogRef *ref, struct pt_head *out)
{
    struct pt_log_id log;
    struct pt_public_key key;
    struct pt_txn *txn;
    enum pt_err err = pt__session_ref_in(s, ref, &log, &key);
    if (err != PT_OK) {
        return err;
    }
    if (!s->scope.has(s->scope.data, &log)) {
        return PT_EDENIED;
    }
    err = pt_store_begin(s->config.store, false, &txn);
    if (err != PT_OK) {
        return err;
    }
    err = pt_logs_find(txn, &log, out);
    pt_store_abort(txn);
    return err;
}

void pt__session_on_gap(struct pt_session *s, const Patuh__Gap *gap, struct pt_update *u)
{
    struct pt_head head;
    enum pt_err err = own_head(s, gap->log, &head);
    if (err != PT_OK) {
        pt__session_fail(s, u, err, code_for(err));
        return;
    }
    if (gap->have_seq < head.seq) {
        pt__session_add_task(s, u, head.number, gap->have_seq + 1);
    }
}

void pt__session_on_want(struct pt_session *s, const Patuh__Want *want, struct pt_update *u)
{
    struct pt_head head;
    enum pt_err err = own_head(s, want->log, &head);
    if (err == PT_ENOTFOUND) {
        return; /* gone meanwhile: the next comparison will tell */
    }
    if (err != PT_OK || want->from_seq == 0) {
        pt__session_fail(s, u, err == PT_OK ? PT_EMALFORMED : err, code_for(err));
        return;
    }
    pt__session_add_task(s, u, head.number, want->from_seq);
}

static void ask_for(struct pt_session *s, struct pt_update *u, const struct pt_head *ours, const struct pt_log_id *log,
                    const struct pt_public_key *key)
{
    Patuh__Want want = PATUH__WANT__INIT;
    Patuh__Frame frame = PATUH__FRAME__INIT;
    Patuh__LogRef ref = PATUH__LOG_REF__INIT;
    want.has_from_seq = true;
    want.from_seq = ours == NULL ? 1 : ours->seq + 1;
    if (ours != NULL) {
        want.log = pt__session_ref_out(s, u, ours);
    } else { /* a log we do not have has no number of ours: a number beyond any log's, used once */
        ref.has_number = ref.has_subject = ref.has_public_key = ref.has_incarnation = true;
        ref.number = UINT32_MAX - (uint32_t)s->n_mentioned;
        ref.subject = pt__binary(log->subject.text, strlen(log->subject.text));
        ref.public_key = pt__binary(key->b, sizeof key->b);
        ref.incarnation = log->incarnation;
        want.log = &ref;
    }
    frame.want = &want;
    if (want.log != NULL) {
        pt__session_emit(s, u, &frame);
    }
}

static enum pt_err mention(struct pt_session *s, uint64_t log)
{
    enum pt_err err = pt_reserve(&s->mentioned, &s->mentioned_capacity, s->n_mentioned + 1, sizeof *s->mentioned);
    if (err == PT_OK) {
        s->mentioned[s->n_mentioned++] = log;
    }
    return err;
}

/* Compare one log of the peer's list with ours: send what it lacks, ask for what we lack. */
static enum pt_err compare_head(struct pt_session *s, struct pt_txn *txn, struct pt_update *u, const Patuh__Head *head)
{
    struct pt_log_id log;
    struct pt_public_key key;
    struct pt_head ours;
    enum pt_err err = pt__session_ref_in(s, head->log, &log, &key);
    if (err != PT_OK) {
        return err;
    }
    err = pt_logs_find(txn, &log, &ours);
    bool here = err == PT_OK;
    if (err != PT_OK && err != PT_ENOTFOUND) {
        return err;
    }
    err = mention(s, here ? ours.number : 0);
    if (err != PT_OK) {
        return err;
    }
    bool up = s->scope.has(s->scope.data, &log) && s->scope.is_up(s->scope.data, &log);
    if (here && ours.seq > head->seq && up) {
        pt__session_add_task(s, u, ours.number, head->seq + 1);
    } else if (!here || ours.seq < head->seq) {
        ask_for(s, u, here ? &ours : NULL, &log, &key);
    }
    return PT_OK;
}

static bool was_mentioned(const struct pt_session *s, uint64_t log)
{
    for (size_t i = 0; i < s->n_mentioned; i++) {
        if (s->mentioned[i] == log) {
            return true;
        }
    }
    return false;
}

/* Logs that the peer's list does not name are new to it. */
static enum pt_err send_unmentioned(struct pt_session *s, struct pt_txn *txn, struct pt_update *u)
{
    struct pt_head *heads;
    size_t n = 0;
    enum pt_err err = pt_logs_list(txn, NULL, &u->arena, &heads, &n);
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        bool up = s->scope.has(s->scope.data, &heads[i].log) && s->scope.is_up(s->scope.data, &heads[i].log);
        if (up && heads[i].seq > 0 && !was_mentioned(s, heads[i].number)) {
            pt__session_add_task(s, u, heads[i].number, 1);
        }
    }
    return err;
}

void pt__session_on_heads(struct pt_session *s, const Patuh__Heads *heads, struct pt_update *u)
{
    struct pt_txn *txn;
    enum pt_err err = pt_store_begin(s->config.store, false, &txn);
    if (err == PT_OK) {
        for (size_t i = 0; i < heads->n_head && err == PT_OK; i++) {
            err = compare_head(s, txn, u, heads->head[i]);
        }
        if (err == PT_OK && heads->last) {
            err = send_unmentioned(s, txn, u);
        }
        pt_store_abort(txn);
    }
    if (err != PT_OK) {
        pt__session_fail(s, u, err, code_for(err));
    }
}
