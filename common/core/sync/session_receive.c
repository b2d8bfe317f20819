/* session_receive.c - what comes in: chunks, gaps, heads, wants. */
#include "core/sync/session_internal.h"

#include "base/mem.h"

#include <string.h>

Patuh__FailureCode pt__session_code_for(enum pt_err err)
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

bool pt__session_brings(const struct pt_session *s, const struct pt_log_id *log)
{
    return s->scope.brings != NULL && s->scope.brings(s->scope.data, log);
}

/* May this peer speak of the log? It does not see what it only may bring, but has to be answered about it. */
static bool may_name(const struct pt_session *s, const struct pt_log_id *log)
{
    return s->scope.has(s->scope.data, log) || pt__session_brings(s, log);
}

/* May this peer bring this log? Any in scope: who lost something gets it back from whoever has it. An office that was
 * restored may have lost what says that an assessment is in scope; that stands in its own logs. */
static bool may_bring(const struct pt_session *s, const struct pt_log_id *log)
{
    bool own = !s->config.connects && pt_author_eq(&log->author, &s->config.author);
    return own || may_name(s, log);
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
        err = pt_inbox_take_chunks(inbox, chunks);
    }
    if (err == PT_OK) {
        err = pt_run_check(&inbox->run, &inbox->arena, &inbox->checked);
    }
    if (err != PT_OK) {
        pt_inbox_destroy(inbox);
        pt__session_fail(s, u, err, pt__session_code_for(err));
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

/* link: of a chunk on the branch that is meant; NULL: everything. */
static void ask_for(struct pt_session *s, struct pt_update *u, Patuh__LogRef *ref, uint64_t from_seq,
                    const struct pt_hash *link)
{
    Patuh__Want want = PATUH__WANT__INIT;
    Patuh__Frame frame = PATUH__FRAME__INIT;
    want.has_from_seq = true;
    want.from_seq = from_seq;
    want.log = ref;
    want.has_link = link != NULL;
    if (link != NULL) {
        want.link = pt_binary(link->b, sizeof link->b);
    }
    frame.want = &want;
    if (ref != NULL) {
        pt__session_emit(s, u, &frame);
    }
}

/* What was pruned is fetched again, each log from its first chunk on: also what came just now and was left out. */
static enum pt_err ask_again(struct pt_session *s, struct pt_txn *txn, const struct pt_subject *subject,
                             struct pt_update *u)
{
    struct pt_head *heads;
    size_t n = 0;
    enum pt_err err = pt_logs_list(txn, subject, &u->arena, &heads, &n);
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        struct mark *mark = heads[i].recalled_seq == 0 ? NULL : pt__session_mark(s, u, heads[i].number);
        if (mark != NULL) {
            mark->mentioned = mark->asked = true;
            ask_for(s, u, pt__session_ref_out(s, u, &heads[i]), 1, NULL);
        }
    }
    return err;
}

static void after_recall(struct pt_session *s, const struct pt_subject *subject, struct pt_update *u)
{
    struct pt_txn *txn;
    enum pt_err err = pt_store_begin_read(s->config.store, &txn);
    if (err == PT_OK) {
        err = ask_again(s, txn, subject, u);
        pt_store_abort(txn);
    }
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
    if (append->n_accepted + append->n_held > append->n_returned && is_current(s, &append->head.log)) {
        note_own_words(s, u);
    }
    if (append->recalled) {
        after_recall(s, &inbox->run.log.subject, u);
    }
    if (!s->config.connects && (append->head.seq > 0 || append->last_held)) {
        pt__session_receipt_run(s, inbox, now, u);
    }
    if (append->last_parked) {
        say_gap(s, u, &append->head);
    }
}

void pt__session_ask_for_branch(struct pt_session *s, struct pt_update *u, const struct pt_head *head,
                                uint64_t from_seq, const struct pt_hash *link)
{
    struct branch_mark *mark = pt__session_branch_mark(s, u, head->number, link);
    if (mark != NULL && !mark->asked) {
        mark->asked = true;
        mark->named = true; /* it need not go back */
        ask_for(s, u, pt__session_ref_out(s, u, head), from_seq, link);
    }
}

/* Our head of a log the peer names. Errors: NOTFOUND (also what it may bring and does not see), DENIED. */
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
        return may_name(s, &log) ? PT_ENOTFOUND : PT_EDENIED;
    }
    err = pt_store_begin_read(s->config.store, &txn);
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
    struct pt_txn *txn;
    enum pt_err err = pt_store_begin_read(s->config.store, &txn);
    if (err == PT_OK) {
        err = pt__session_send_after(s, txn, u, head, seq, link);
        pt_store_abort(txn);
    }
    if (err != PT_OK) {
        pt__session_fail(s, u, err, PATUH__FAILURE_CODE__FAILURE_BUSY);
    }
}

void pt__session_on_gap(struct pt_session *s, const Patuh__Gap *gap, struct pt_update *u)
{
    struct pt_head head;
    enum pt_err err = own_head(s, gap->log, &head);
    if (err == PT_ENOTFOUND) {
        return; /* as in Want */
    }
    if (err != PT_OK) {
        pt__session_fail(s, u, err, pt__session_code_for(err));
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

void pt__session_on_want(struct pt_session *s, const Patuh__Want *want, const struct pt_now *now, struct pt_update *u)
{
    struct pt_head head;
    enum pt_err err = own_head(s, want->log, &head);
    if (err == PT_ENOTFOUND) {
        return; /* gone meanwhile: the next comparison will tell */
    }
    struct pt_hash link;
    if (err == PT_OK && (want->from_seq == 0 || (want->has_link && want->link.len != sizeof link.b))) {
        err = PT_EMALFORMED;
    }
    if (err != PT_OK) {
        pt__session_fail(s, u, err, pt__session_code_for(err));
        return;
    }
    if (want->has_link) {
        memcpy(link.b, want->link.data, sizeof link.b);
    }
    struct pt_txn *txn;
    err = pt_store_begin_read(s->config.store, &txn);
    if (err == PT_OK) {
        bool up = s->scope.is_up(s->scope.data, &head.log);
        err = !s->config.connects && up ? pt__session_receipt_fork(s, txn, &head, now, u) : PT_OK;
        if (err == PT_OK) {
            err = pt__session_send_wanted(s, txn, u, &head, want->from_seq, want->has_link ? &link : NULL);
        }
        pt_store_abort(txn);
    }
    if (err != PT_OK) {
        pt__session_fail(s, u, err, PATUH__FAILURE_CODE__FAILURE_BUSY);
    }
}

/* The list is as old as the peer's first frame: what went out since then does not go again. */
static void send_missing(struct pt_session *s, struct pt_update *u, const struct mark *mark, const struct pt_head *ours)
{
    bool on_its_way = mark->sent_from != 0 && mark->peer_seq + 1 >= mark->sent_from && mark->peer_seq < mark->sent_seq;
    struct task task = {.log = ours->number, .next_seq = on_its_way ? mark->sent_seq + 1 : mark->peer_seq + 1};
    if (task.next_seq <= ours->seq) {
        pt__session_add_task(s, u, &task);
    }
}

/* A place in a log that both have. What is not here is asked for, once; what is, the peer need not get. */
static enum pt_err compare_place(struct pt_session *s, struct pt_txn *txn, struct pt_update *u,
                                 const struct pt_head *ours, const struct pt_chunk_end *place, bool held)
{
    enum pt_stand stand = PT_STAND_NONE;
    struct mark *mark = pt__session_mark(s, u, ours->number);
    enum pt_err err = mark == NULL ? PT_ENOMEM : pt_logs_stand(txn, ours, place->seq, &place->link, &stand);
    if (err != PT_OK || mark->asked) {
        return err;
    }
    mark->mentioned = true;
    if (ours->pruned && stand == PT_STAND_NONE && place->seq < ours->seq && !held) {
        mark->peer_seq = ours->seq; /* it has lost what is not here either: head office has it */
        return PT_OK;
    }
    uint64_t known_seq = ours->recalled_seq > ours->seq ? ours->recalled_seq : ours->seq;
    if (stand == PT_STAND_NONE && known_seq < place->seq && is_current(s, &ours->log)) {
        u->fresh_incarnation = true; /* we wrote more than is here: this store was restored or copied */
    }
    if (!held) {
        mark->fork_seq = stand == PT_STAND_NONE ? 0 : place->seq;
    }
    if (stand == PT_STAND_NONE && held) {
        pt__session_ask_for_branch(s, u, ours, mark->fork_seq + 1, &place->link);
    } else if (stand == PT_STAND_NONE) {
        bool shorter = ours->seq < place->seq;
        mark->asked = true;
        ask_for(s, u, pt__session_ref_out(s, u, ours), shorter ? ours->seq + 1 : 1, NULL);
        if (!shorter && !s->scope.is_up(s->scope.data, &ours->log)) { /* what goes up is on its way by its receipts */
            err = pt__session_send_wanted(s, txn, u, ours, 1, NULL);
        }
    } else if (ours->forked && place->seq > ours->seq) {
        struct branch_mark *named = pt__session_branch_mark(s, u, ours->number, &place->link);
        err = named == NULL ? PT_ENOMEM : PT_OK;
        if (err == PT_OK) {
            named->named = true;
            mark->peer_seq = ours->seq;
        }
    } else {
        mark->peer_seq = place->seq > mark->peer_seq ? place->seq : mark->peer_seq;
    }
    return err;
}

static enum pt_err compare_head(struct pt_session *s, struct pt_txn *txn, struct pt_update *u, const Patuh__Head *head)
{
    struct pt_log_id log;
    struct pt_public_key key;
    struct pt_head ours;
    struct pt_chunk_end place = {.seq = head->seq};
    enum pt_err err = pt__session_ref_in(s, head->log, &log, &key);
    if (err == PT_OK && head->link.len != sizeof place.link.b) {
        err = PT_EMALFORMED;
    }
    if (err != PT_OK || !s->scope.has(s->scope.data, &log)) {
        return err; /* not ours any more, or not yet: left alone */
    }
    memcpy(place.link.b, head->link.data, sizeof place.link.b);
    err = pt_logs_find(txn, &log, &ours);
    if (err == PT_ENOTFOUND) {
        if (!head->held) { /* everything that follows comes along */
            ask_for(s, u, pt__session_ref_stranger(s, u, &log, &key), 1, NULL);
        }
        return PT_OK;
    }
    return err == PT_OK ? compare_place(s, txn, u, &ours, &place, head->held) : err;
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

/* Whatever a region has of logs that do not go up came from head office: from itself, its reviewers, its surveyors. */
static bool is_peers_own(const struct pt_session *s, const struct pt_log_id *log)
{
    if (s->config.connects && s->config.tier == PT_TIER_REGION) {
        return true;
    }
    const struct pt_public_key *key = pt__session_receipt_key(s, s->config.upper_tier);
    struct pt_author peer = key == NULL ? (struct pt_author){0} : pt_author_of(key->b);
    return key != NULL && pt_author_eq(&log->author, &peer);
}

/* After the last page. Logs that the peer's list does not name are new to it, or it has lost them: what goes up always
 * goes; of the others those that are in scope there, and what the peer and its people wrote, which may say what else is
 * in scope. Where histories differ the log was asked for, and the next session compares again. */
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
        struct mark *mark = pt__session_mark(s, u, heads[i].number);
        bool up = s->scope.is_up(s->scope.data, &heads[i].log);
        bool lacks = mark != NULL && (mark->mentioned || listed || is_peers_own(s, &heads[i].log));
        bool goes = s->scope.has(s->scope.data, &heads[i].log) && mark != NULL && !mark->asked &&
                    (up || (lacks && !s->revoked)); /* who was revoked delivers what it wrote, nothing else */
        if (goes && heads[i].forked) {
            err = pt__session_send_unnamed(s, txn, u, &heads[i]);
        } else if (goes) {
            send_missing(s, u, mark, &heads[i]);
        }
    }
    return err;
}

void pt__session_on_heads(struct pt_session *s, const Patuh__Heads *heads, struct pt_update *u)
{
    struct pt_txn *txn;
    enum pt_err err = pt_store_begin_read(s->config.store, &txn);
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
        pt__session_fail(s, u, err, pt__session_code_for(err));
    }
}
