/* session_receive.c - what comes in: chunks, receipts, gaps, heads, wants. */
#include "core/sync/session_internal.h"

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
    if (chunks->n_text > PT_INBOX_TEXTS_MAX) {
        return PT_ELIMIT;
    }
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

/* May this peer bring this log? Any in scope: who lost something gets it back from whoever has it. An office that was
 * restored may have lost what says that an assessment is in scope; that stands in its own logs. */
static bool may_bring(const struct pt_session *s, const struct pt_log_id *log)
{
    const struct pt_scope *scope = &s->scope;
    bool own = !s->config.connects && pt_author_eq(&log->author, &s->config.author);
    return own || scope->has(scope->data, log) || (scope->brings != NULL && scope->brings(scope->data, log));
}

void pt__session_on_chunks(struct pt_session *s, const Patuh__Chunks *chunks, const struct pt_now *now,
                           struct pt_update *u)
{
    struct pt_inbox *inbox = pt__session_inbox(s, u, now);
    if (inbox == NULL) {
        return;
    }
    enum pt_err err = pt__session_ref_in(s, chunks->log, &inbox->run.log, &inbox->run.key);
    if (err == PT_OK && !may_bring(s, &inbox->run.log)) {
        if (s->config.connects) {
            pt_inbox_destroy(inbox); /* an assessment that is ours no longer, or not yet */
            return;
        }
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
    gap.have_link = pt_binary(link.b, sizeof link.b);
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
    if (head->seq > 0) {
        logs[n++] = (struct pt_receipt_log){.log = head->log, .seq = head->seq, .link = head->link};
    }
    if (inbox->append.last_held) {
        size_t last = inbox->run.n_chunks - 1;
        logs[n++] = (struct pt_receipt_log){
            .log = head->log, .seq = inbox->checked.last_seqs[last], .link = inbox->checked.links[last], .held = true};
    }
    struct pt_receipt receipt = {.author = head->log.author, .lsn = inbox->lsn, .logs = logs, .n_logs = n};
    pt__session_say_receipt(s, &receipt, now, u);
}

static bool is_current(const struct pt_session *s, const struct pt_log_id *log)
{
    return s->config.incarnation != NULL && pt_author_eq(&log->author, &s->config.author) &&
           log->incarnation == *s->config.incarnation;
}

/* Somebody brought what we wrote ourselves, and it was not here: this store is older than it was. Going on in that log
 * would make a fork, or there is one already, and nothing more can be written in it. */
static void note_own_words(struct pt_session *s, struct pt_update *u)
{
    if (s->config.connects) {
        u->fresh_incarnation = true;
        return;
    }
    enum pt_err err = s->config.renew(s->config.admit_data);
    if (err != PT_OK) {
        pt__session_fail(s, u, err, PATUH__FAILURE_CODE__FAILURE_BUSY);
    }
}

void pt__session_after_run(struct pt_session *s, const struct pt_inbox *inbox, const struct pt_now *now,
                           struct pt_update *u)
{
    const struct pt_append *append = &inbox->append;
    s->counts.chunks_new += append->n_accepted;
    s->counts.held += append->n_held;
    if (append->n_accepted + append->n_held > 0) {
        pt__session_look_again(s);
    }
    bool up = s->scope.is_up(s->scope.data, &append->head.log);
    if (!s->config.connects && !up && append->n_accepted > 0) {
        s->counts.chunks_refilled += append->n_accepted;
        s->refilled = true;
    }
    if (append->n_accepted + append->n_held > 0 && is_current(s, &append->head.log)) {
        note_own_words(s, u);
    }
    if (!s->config.connects && (append->head.seq > 0 || append->last_held)) {
        say_receipt(s, inbox, now, u);
    }
    if (append->last_parked) {
        say_gap(s, u, &append->head);
    }
}

static const struct pt_public_key *receipt_key(const struct pt_session *s, int tier)
{
    return tier == PT_TIER_REGION ? s->config.region_key : s->config.national_key;
}

/* The tier stands in the signed body; each tier has its own key, so the right one must fit. */
static enum pt_err read_receipt(const struct pt_session *s, struct pt_bytes body, const struct pt_signature *signature,
                                struct pt_arena *arena, struct pt_receipt *out)
{
    enum pt_err err = PT_ESIGNATURE;
    for (int tier = PT_TIER_REGION; tier <= PT_TIER_NATIONAL; tier++) {
        const struct pt_public_key *key = receipt_key(s, tier);
        err = key == NULL ? PT_ESIGNATURE : pt_receipt_read(body, signature, key, arena, out);
        if (err == PT_OK && out->tier == tier) {
            return PT_OK;
        }
        err = err == PT_OK ? PT_ESIGNATURE : err;
    }
    return err;
}

static void ask_for(struct pt_session *s, struct pt_update *u, Patuh__LogRef *ref, uint64_t from_seq)
{
    Patuh__Want want = PATUH__WANT__INIT;
    Patuh__Frame frame = PATUH__FRAME__INIT;
    want.has_from_seq = true;
    want.from_seq = from_seq;
    want.log = ref;
    frame.want = &want;
    if (ref != NULL) {
        pt__session_emit(s, u, &frame);
    }
}

/* The office holds what we wrote, and here it is a log like any other: there is a branch we do not know. */
static void ask_for_branch(struct pt_session *s, struct pt_update *u, const struct pt_head *head)
{
    struct mark *mark = pt__session_mark(s, u, head->number);
    if (mark != NULL && !head->forked && !mark->branch_asked) {
        mark->branch_asked = true;
        ask_for(s, u, pt__session_ref_out(s, u, head), 1);
    }
}

static void settle_flight(struct pt_session *s, struct pt_update *u, const struct pt_receipt *receipt)
{
    struct pt_txn *txn;
    if (receipt->tier != s->config.upper_tier) {
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
            if (receipt->logs[i].held) {
                ask_for_branch(s, u, &head);
            }
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

/* Send what follows this place; the whole log when the peer's history is another one, so that it sees the fork. */
static void send_after(struct pt_session *s, struct pt_update *u, const struct pt_head *head, uint64_t seq,
                       const struct pt_hash *link)
{
    enum pt_stand place;
    struct pt_txn *txn;
    enum pt_err err = pt_store_begin(s->config.store, false, &txn);
    if (err == PT_OK) {
        err = pt_logs_stand(txn, head, seq, link, &place);
        pt_store_abort(txn);
    }
    if (err != PT_OK) {
        pt__session_fail(s, u, err, PATUH__FAILURE_CODE__FAILURE_BUSY);
        return;
    }
    pt__session_add_task(s, u, head->number, place == PT_STAND_GOOD ? seq + 1 : 1);
}

void pt__session_on_gap(struct pt_session *s, const Patuh__Gap *gap, struct pt_update *u)
{
    struct pt_head head;
    enum pt_err err = own_head(s, gap->log, &head);
    if (err != PT_OK) {
        pt__session_fail(s, u, err, code_for(err));
        return;
    }
    struct pt_hash link;
    if (gap->have_link.len != sizeof link.b) {
        pt__session_fail(s, u, PT_EMALFORMED, PATUH__FAILURE_CODE__FAILURE_PROTOCOL);
        return;
    }
    memcpy(link.b, gap->have_link.data, sizeof link.b);
    pt__session_flight_drop(s, head.number, gap->have_seq);
    send_after(s, u, &head, gap->have_seq, &link);
}

/* No chunk of ours begins there: the peer's chain is another one, and from the first chunk on it will see where. */
static bool begins_chunk(struct pt_session *s, const struct pt_head *head, uint64_t seq)
{
    struct pt_txn *txn;
    struct pt_arena arena;
    struct pt_run run;
    uint64_t last;
    if (pt_store_begin(s->config.store, false, &txn) != PT_OK) {
        return true; /* the next step meets the same error and tells it */
    }
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_logs_run(txn, head, seq, 1, &arena, &run, &last);
    pt_arena_close(&arena);
    pt_store_abort(txn);
    return err != PT_ENOTFOUND;
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
    if (want->from_seq > head.seq && want->from_seq > head.held_seq) {
        return;
    }
    pt__session_add_task(s, u, head.number, begins_chunk(s, &head, want->from_seq) ? want->from_seq : 1);
}

/* The list is as old as the peer's first frame: what went out since then does not go again. */
static void send_missing(struct pt_session *s, struct pt_update *u, const struct mark *mark, const struct pt_head *ours,
                         uint64_t peer_seq)
{
    bool on_its_way = mark->sent_from != 0 && peer_seq + 1 >= mark->sent_from && peer_seq < mark->sent_seq;
    uint64_t from = on_its_way ? mark->sent_seq + 1 : peer_seq + 1;
    if (from <= ours->seq) {
        pt__session_add_task(s, u, ours->number, from);
    }
}

/* A log that both have: send what the peer lacks, ask for what we lack, for all of it when the histories differ. */
static enum pt_err compare_known(struct pt_session *s, struct pt_txn *txn, struct pt_update *u,
                                 const struct pt_head *ours, uint64_t seq, const struct pt_hash *link)
{
    enum pt_stand place = PT_STAND_GOOD;
    struct mark *mark = pt__session_mark(s, u, ours->number);
    if (mark == NULL) {
        return PT_ENOMEM;
    }
    mark->mentioned = true;
    if (ours->seq < seq && is_current(s, &ours->log)) {
        u->fresh_incarnation = true; /* we wrote more than is here: this store was restored or copied */
    }
    if (ours->seq < seq && !ours->forked) {
        ask_for(s, u, pt__session_ref_out(s, u, ours), ours->seq + 1);
        return PT_OK;
    }
    enum pt_err err = pt_logs_stand(txn, ours, seq, link, &place);
    if (err != PT_OK || place == PT_STAND_HELD) {
        return err; /* held: we have all of it, and our own branch goes out by its receipts */
    }
    if (place == PT_STAND_NONE) {
        ask_for(s, u, pt__session_ref_out(s, u, ours), 1);
        if (!s->scope.is_up(s->scope.data, &ours->log)) { /* what goes up is on its way by its receipts */
            pt__session_add_task(s, u, ours->number, 1);
        }
    } else if (ours->seq > seq) {
        send_missing(s, u, mark, ours, seq);
    }
    return PT_OK;
}

static enum pt_err compare_head(struct pt_session *s, struct pt_txn *txn, struct pt_update *u, const Patuh__Head *head)
{
    struct pt_log_id log;
    struct pt_public_key key;
    struct pt_head ours;
    struct pt_hash link;
    enum pt_err err = pt__session_ref_in(s, head->log, &log, &key);
    if (err == PT_OK && head->link.len != sizeof link.b) {
        err = PT_EMALFORMED;
    }
    if (err != PT_OK || !s->scope.has(s->scope.data, &log)) {
        return err; /* not ours any more, or not yet: left alone */
    }
    memcpy(link.b, head->link.data, sizeof link.b);
    err = pt_logs_find(txn, &log, &ours);
    if (err == PT_ENOTFOUND) {
        ask_for(s, u, pt__session_ref_stranger(s, u, &log, &key), 1);
        return PT_OK;
    }
    return err == PT_OK ? compare_known(s, txn, u, &ours, head->seq, &link) : err;
}

static bool has_mark(struct pt_session *s, struct pt_update *u, const struct pt_head *head)
{
    struct mark *mark = pt__session_mark(s, u, head->number);
    return mark == NULL || mark->mentioned;
}

/* Does the peer's list name a log about this subject that this side does not bring up? Then the subject is in scope
 * there. heads are sorted by subject; *end: where the next one begins. */
static bool is_listed(struct pt_session *s, struct pt_update *u, const struct pt_head *heads, size_t n, size_t from,
                      size_t *end)
{
    bool listed = false;
    size_t i = from;
    for (; i < n && pt_subject_eq(&heads[i].log.subject, &heads[from].log.subject); i++) {
        listed = listed || (!s->scope.is_up(s->scope.data, &heads[i].log) && has_mark(s, u, &heads[i]));
    }
    *end = i;
    return listed;
}

static bool is_peers_own(const struct pt_session *s, const struct pt_log_id *log)
{
    const struct pt_public_key *key = receipt_key(s, s->config.upper_tier);
    struct pt_author peer = key == NULL ? (struct pt_author){0} : pt_author_of(key->b);
    return key != NULL && pt_author_eq(&log->author, &peer);
}

/* Logs that the peer's list does not name are new to it, or it has lost them. What goes up always goes; of the others
 * those that are in scope there, and what the peer wrote itself, which may say what else is in scope. */
static enum pt_err send_unmentioned(struct pt_session *s, struct pt_txn *txn, struct pt_update *u)
{
    struct pt_head *heads;
    size_t n = 0;
    size_t end = 0;
    bool listed = false;
    enum pt_err err = pt__session_heads(s, txn, &u->arena, &heads, &n);
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        if (i == end) {
            listed = is_listed(s, u, heads, n, i, &end);
        }
        bool goes = s->scope.has(s->scope.data, &heads[i].log) &&
                    (listed || is_peers_own(s, &heads[i].log) || s->scope.is_up(s->scope.data, &heads[i].log));
        if (goes && heads[i].seq > 0 && !has_mark(s, u, &heads[i])) {
            send_missing(s, u, pt__session_mark(s, u, heads[i].number), &heads[i], 0);
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
