#include "core/sync/session_internal.h"

#include "base/check.h"
#include "base/mem.h"
#include "core/wire/pack.h"
#include "core/wire/unpack.h"

#include <string.h>

struct pt_session *pt_session_create(const struct pt_session_config *config)
{
    struct pt_session *s = pt_zalloc(sizeof *s);
    if (s != NULL) {
        s->config = *config;
        s->scope = config->scope;
        s->credit = PT_CREDIT_BYTES;
    }
    return s;
}

void pt_session_destroy(struct pt_session *s)
{
    if (s == NULL) {
        return;
    }
    pt_free(s->tasks);
    pt_free(s->flight);
    pt_free(s->marks);
    pt_free(s->branches);
    pt_free(s->refs);
    pt_free(s->fetch.unavailable);
    pt_free(s->owed);
    pt_free(s);
}

void pt_update_close(struct pt_update *update)
{
    pt_arena_close(&update->arena);
    pt_free(update->frames);
    *update = (struct pt_update){0};
}

/* Errors: LIMIT, which is a bug of ours that foreign bytes brought out: the session ends, and tests find it (world.c).
 */
static enum pt_err queue(struct pt_update *u, const Patuh__Frame *frame)
{
    struct pt_bytes packed;
    enum pt_err err = pt_pack(&frame->base, &u->arena, &packed);
    if (err == PT_OK && packed.n > PT_FRAME_BYTES_MAX) {
        err = PT_ELIMIT;
    }
    if (err == PT_OK) {
        err = pt_reserve(&u->frames, &u->frames_capacity, u->n_frames + 1, sizeof *u->frames);
    }
    if (err == PT_OK) {
        u->frames[u->n_frames++] = packed;
    }
    return err;
}

void pt__session_emit(struct pt_session *s, struct pt_update *u, const Patuh__Frame *frame)
{
    if (s->phase == PHASE_CLOSED) {
        return; /* nothing follows a Failure */
    }
    enum pt_err err = queue(u, frame);
    if (err != PT_OK) {
        pt__session_fail(s, u, err, PATUH__FAILURE_CODE__FAILURE_BUSY);
        return;
    }
    s->frames_out++;
}

static enum pt_err say_failure(struct pt_update *u, Patuh__FailureCode code, uint32_t retry_s)
{
    Patuh__Failure failure = PATUH__FAILURE__INIT;
    Patuh__Frame frame = PATUH__FRAME__INIT;
    failure.has_code = true;
    failure.code = code;
    failure.has_retry_s = retry_s != 0;
    failure.retry_s = retry_s;
    frame.failure = &failure;
    return queue(u, &frame);
}

#define RETRY_S 60

void pt__session_fail(struct pt_session *s, struct pt_update *u, enum pt_err why, Patuh__FailureCode code)
{
    if (s->phase == PHASE_CLOSED) {
        return;
    }
    s->phase = PHASE_CLOSED;
    bool passes = code == PATUH__FAILURE_CODE__FAILURE_FULL || code == PATUH__FAILURE_CODE__FAILURE_BUSY;
    u->close = true;
    u->reason = why;
    u->failure = code;
    u->retry_s = passes ? RETRY_S : 0;
    if (why != PT_ENOMEM) {
        (void)say_failure(u, code, u->retry_s); /* without memory the peer sees the end of the connection */
    }
}

struct pt_inbox *pt__session_inbox(struct pt_session *s, struct pt_update *u, const struct pt_now *now)
{
    struct pt_inbox *inbox = pt_inbox_create();
    if (inbox == NULL) {
        pt__session_fail(s, u, PT_ENOMEM, PATUH__FAILURE_CODE__FAILURE_BUSY);
        return NULL;
    }
    inbox->policy = s->config.policy;
    /* Evidence stays at the office that its device enrolled at: none is asked for when a region brings the entry. */
    inbox->policy.evidence = s->config.policy.evidence && (s->config.connects || s->peer.tier == PT_TIER_DEVICE);
    inbox->now_ms = now->wall_ms;
    inbox->frames = s->frames_in;
    return inbox;
}

void pt__session_submit(struct pt_session *s, struct pt_update *u, struct pt_inbox *inbox)
{
    PT_CHECK(u->n_inboxes < PT_UPDATE_INBOXES_MAX);
    u->inboxes[u->n_inboxes++] = inbox;
    s->n_inboxes_open++;
}

bool pt__session_gives(const struct pt_session *s)
{
    return !s->peer.revoked && (s->config.refilling == NULL || !*s->config.refilling);
}

bool pt_session_is_refilling(const struct pt_session *s)
{
    return s->refills;
}

bool pt_session_only_delivers(const struct pt_session *s)
{
    return s->revoked || s->refills;
}

/* Nothing is left to do; who was revoked hears it only now, when everything it wrote is there. */
static void finish(struct pt_session *s, struct pt_update *u)
{
    s->phase = PHASE_CLOSED;
    u->close = true;
    u->reason = s->revoked ? PT_EDENIED : PT_OK;
    u->failure = s->revoked ? PATUH__FAILURE_CODE__FAILURE_REVOKED : PATUH__FAILURE_CODE__FAILURE_UNKNOWN;
}

static bool is_idle(const struct pt_session *s)
{
    return s->n_inboxes_open == 0 && s->n_tasks == 0 && s->n_flight == 0 && s->fetch.state == FETCH_IDLE;
}

bool pt_session_is_settled(const struct pt_session *s)
{
    bool agreed = s->config.connects ? s->settled_heard == s->frames_out : s->settled_told == s->frames_in;
    return s->phase == PHASE_OPEN && is_idle(s) && agreed;
}

static void say_settled(struct pt_session *s, struct pt_update *u)
{
    Patuh__Settled settled = PATUH__SETTLED__INIT;
    Patuh__Frame frame = PATUH__FRAME__INIT;
    settled.has_frames = true;
    settled.frames = s->frames_durable;
    frame.settled = &settled;
    s->settled_told = s->frames_durable;
    pt__session_emit(s, u, &frame);
}

/* The office has nothing left to ask, and this side nothing to bring. */
static void both_settled(struct pt_session *s, struct pt_update *u)
{
    if (s->refills && !s->delivered_told) {
        s->delivered_told = true;
        say_settled(s, u);
        s->frames_out--; /* as in on_settled */
    }
    if (!s->config.live || s->revoked) {
        finish(s, u);
    }
}

/* What every event ends with: send what may go, ask for what lacks, say when nothing is left. */
static void proceed(struct pt_session *s, const struct pt_now *now, struct pt_update *u)
{
    if (s->phase != PHASE_OPEN && s->phase != PHASE_GREETING) {
        return;
    }
    struct pt_txn *txn;
    enum pt_err err = pt_store_begin_read(s->config.store, &txn);
    if (err != PT_OK) {
        pt__session_fail(s, u, err, PATUH__FAILURE_CODE__FAILURE_BUSY);
        return;
    }
    pt__session_send_tasks(s, txn, u);
    if (s->refilled && s->phase == PHASE_OPEN && is_idle(s)) {
        s->refilled = false; /* what came may say that more is in scope */
        pt__session_send_heads(s, txn, u);
    }
    if (s->phase == PHASE_OPEN && is_idle(s)) {
        pt__session_ask_blob(s, txn, now, u);
    }
    pt_store_abort(txn);
    if (s->phase != PHASE_OPEN || !is_idle(s) || s->n_inboxes_open > 0) {
        return;
    }
    s->frames_durable = s->frames_in;
    if (s->config.connects) {
        if (s->settled_heard == s->frames_out) {
            both_settled(s, u);
        }
    } else if (s->settled_told != s->frames_durable) {
        say_settled(s, u);
    }
}

static struct pt_update update_new(void)
{
    struct pt_update u = {0};
    pt_arena_init(&u.arena, SIZE_MAX);
    return u;
}

void pt_session_start(struct pt_session *s, const struct pt_now *now, struct pt_update *update)
{
    *update = update_new();
    pt__session_say_hello(s, now, update);
    proceed(s, now, update);
}

/* Answering side: of somebody that refills this store. It is kept, for when the last one has said so. */
static void on_delivered(struct pt_session *s, const struct pt_now *now, struct pt_update *u)
{
    struct pt_inbox *inbox = pt__session_inbox(s, u, now);
    if (inbox != NULL) {
        inbox->has_delivered = true;
        inbox->peer = s->peer.author;
        inbox->peer_incarnation = s->peer_incarnation;
        inbox->salt_epoch = *s->config.epoch;
        pt__session_submit(s, u, inbox);
    }
}

static void on_settled(struct pt_session *s, const Patuh__Settled *settled, const struct pt_now *now,
                       struct pt_update *u)
{
    s->frames_in--; /* says nothing that has to be settled itself */
    if (s->config.connects) {
        s->settled_heard = settled->frames;
    } else {
        on_delivered(s, now, u);
    }
}

static void on_failure(struct pt_session *s, const Patuh__Failure *failure, struct pt_update *u)
{
    s->phase = PHASE_CLOSED;
    u->close = true;
    u->reason = PT_EDENIED;
    u->failure = failure->code;
    u->retry_s = failure->retry_s;
}

static void protocol_error(struct pt_session *s, struct pt_update *u)
{
    pt__session_fail(s, u, PT_EMALFORMED, PATUH__FAILURE_CODE__FAILURE_PROTOCOL);
}

static void open_frame(struct pt_session *s, const Patuh__Frame *f, const struct pt_now *now, struct pt_update *u)
{
    if (f->chunks != NULL) {
        pt__session_on_chunks(s, f->chunks, now, u);
    } else if (f->receipt != NULL) {
        pt__session_on_receipt(s, f->receipt, now, u);
    } else if (f->gap != NULL) {
        pt__session_on_gap(s, f->gap, u);
    } else if (f->heads != NULL && s->config.connects) {
        pt__session_on_heads(s, f->heads, u);
    } else if (f->want != NULL) {
        pt__session_on_want(s, f->want, now, u);
    } else if (f->blob_want != NULL) {
        pt__session_on_blob_want(s, f->blob_want, u);
    } else if (f->blob_part != NULL) {
        pt__session_on_blob_part(s, f->blob_part, now, u);
    } else if (f->blob_offer != NULL) {
        pt__session_on_blob_offer(s, f->blob_offer, now, u);
    } else if (f->settled != NULL && (s->config.connects || s->said_refilling)) {
        on_settled(s, f->settled, now, u);
    } else {
        protocol_error(s, u);
    }
}

static void dispatch(struct pt_session *s, const Patuh__Frame *f, const struct pt_now *now, struct pt_update *u)
{
    if (f->failure != NULL) {
        on_failure(s, f->failure, u);
    } else if (s->phase == PHASE_NEW && !s->config.connects && f->hello != NULL) {
        pt__session_on_hello(s, f->hello, now, u);
    } else if (s->phase == PHASE_GREETING && f->welcome != NULL) {
        pt__session_on_welcome(s, f->welcome, now, u);
    } else if (s->phase == PHASE_OPEN) {
        open_frame(s, f, now, u);
    } else {
        protocol_error(s, u);
    }
}

/* All fields of a frame are pointers to messages. */
static size_t n_fields(const ProtobufCMessage *frame)
{
    size_t n = 0;
    for (unsigned i = 0; i < frame->descriptor->n_fields; i++) {
        const void *field;
        memcpy(&field, (const uint8_t *)frame + frame->descriptor->fields[i].offset, sizeof field);
        n += field != NULL;
    }
    return n;
}

void pt_session_frame(struct pt_session *s, struct pt_bytes frame, const struct pt_now *now, struct pt_update *update)
{
    *update = update_new();
    if (s->phase == PHASE_CLOSED) {
        return;
    }
    struct pt_arena arena;
    ProtobufCMessage *message;
    pt_arena_init(&arena, pt_unpack_budget(frame.n) + 4096);
    s->frames_in++;
    enum pt_err err = pt_unpack(&patuh__frame__descriptor, frame, &arena, &message);
    if (err == PT_OK && n_fields(message) != 1) {
        protocol_error(s, update);
    } else if (err == PT_OK) {
        dispatch(s, (const Patuh__Frame *)message, now, update);
        proceed(s, now, update);
    } else {
        pt__session_fail(s, update, err,
                         err == PT_EMALFORMED ? PATUH__FAILURE_CODE__FAILURE_PROTOCOL
                                              : PATUH__FAILURE_CODE__FAILURE_LIMIT);
    }
    pt_arena_close(&arena);
}

static Patuh__FailureCode code_of(enum pt_err err)
{
    if (err == PT_EFULL) {
        return PATUH__FAILURE_CODE__FAILURE_FULL;
    }
    return err == PT_ELIMIT ? PATUH__FAILURE_CODE__FAILURE_LIMIT : PATUH__FAILURE_CODE__FAILURE_BUSY;
}

void pt_session_stored(struct pt_session *s, struct pt_inbox *inbox, enum pt_err err, const struct pt_now *now,
                       struct pt_update *update)
{
    *update = update_new();
    s->n_inboxes_open--;
    if (s->phase != PHASE_CLOSED && err != PT_OK) {
        pt__session_fail(s, update, err, code_of(err));
    }
    if (s->phase != PHASE_CLOSED) {
        s->frames_durable = inbox->frames > s->frames_durable ? inbox->frames : s->frames_durable;
        if (inbox->has_run) {
            pt__session_after_run(s, inbox, now, update);
        }
        if (inbox->n_missing > 0) {
            pt__session_look_again(s);
        }
        if (inbox->files.task == PT_FILE_OFFERED) {
            pt__session_after_offer(s, inbox, now, update);
        } else if (inbox->files.task != PT_FILE_NOTHING) {
            pt__session_after_file(s, inbox, now, update);
        }
        proceed(s, now, update);
    }
    pt_inbox_destroy(inbox);
}

static bool goes_out(const struct pt_session *s, const struct pt_news_item *item)
{
    return item->lsn > s->news_lsn && s->scope.is_up(s->scope.data, &item->log) == s->config.connects &&
           s->scope.has(s->scope.data, &item->log);
}

static bool any_goes_out(const struct pt_session *s, const struct pt_news *news)
{
    for (size_t i = 0; i < news->n; i++) {
        if (goes_out(s, &news->items[i])) {
            return true;
        }
    }
    return false;
}

static void cover_news(struct pt_session *s, const struct pt_news *news)
{
    for (size_t i = 0; i < news->n; i++) {
        s->news_lsn = news->items[i].lsn > s->news_lsn ? news->items[i].lsn : s->news_lsn;
    }
}

static enum pt_err send_news(struct pt_session *s, struct pt_txn *txn, const struct pt_news *news, struct pt_update *u)
{
    enum pt_err err = PT_OK;
    for (size_t i = 0; i < news->n && err == PT_OK; i++) {
        const struct pt_news_item *item = &news->items[i];
        struct pt_head head;
        if (!goes_out(s, item)) {
            continue;
        }
        err = pt_logs_head(txn, item->number, &head);
        if (err == PT_OK) {
            struct pt_record record = {.first_seq = item->first_seq, .last_seq = item->last_seq, .link = item->link};
            err = pt__session_send_arrived(s, txn, u, &head, &record);
        }
    }
    cover_news(s, news);
    return err;
}

enum pt_err pt__session_take_news(struct pt_session *s, struct pt_txn *txn, struct pt_update *u)
{
    struct pt_news news = {0};
    uint64_t lsn = s->news_lsn;
    enum pt_err err = pt_news_read(txn, &lsn, &news);
    if (err == PT_OK) {
        err = send_news(s, txn, &news, u);
    }
    pt_news_close(&news);
    return err;
}

/* A receipt that this peer's own log has got. */
static bool is_receipted(const struct pt_session *s, const struct pt_news *news)
{
    for (size_t i = 0; i < news->n && !s->config.connects; i++) {
        const struct pt_news_item *item = &news->items[i];
        if (item->lsn == 0 && s->scope.is_up(s->scope.data, &item->log) && s->scope.has(s->scope.data, &item->log)) {
            return true;
        }
    }
    return false;
}

/* Most news are nothing to most peers: those must cost little. */
void pt_session_news(struct pt_session *s, const struct pt_news *news, const struct pt_now *now,
                     struct pt_update *update)
{
    *update = update_new();
    if (s->phase != PHASE_OPEN) {
        pt__session_look_again(s);
        return; /* looked at when the Welcome comes */
    }
    bool receipted = is_receipted(s, news);
    bool any = any_goes_out(s, news) || receipted;
    if (!any && s->n_owed == 0) {
        cover_news(s, news);
        return;
    }
    if (any) {
        pt__session_look_again(s);
    }
    struct pt_txn *txn;
    enum pt_err err = pt_store_begin_read(s->config.store, &txn);
    if (err == PT_OK) {
        err = send_news(s, txn, news, update);
        if (err == PT_OK && receipted) {
            pt__session_pass_new_receipts(s, txn, news, update);
        }
        pt__session_offer_owed(s, txn, update);
        pt_store_abort(txn);
    }
    if (err != PT_OK) {
        pt__session_fail(s, update, err, PATUH__FAILURE_CODE__FAILURE_BUSY);
        return;
    }
    proceed(s, now, update);
}

void pt_session_drained(struct pt_session *s, const struct pt_now *now, struct pt_update *update)
{
    *update = update_new();
    proceed(s, now, update);
}

struct pt_session_counts pt_session_counts(const struct pt_session *s)
{
    return s->counts;
}

bool pt_session_owes(const struct pt_session *s)
{
    return s->n_owed > 0;
}

const struct pt_peer *pt_session_peer(const struct pt_session *s)
{
    return s->has_peer ? &s->peer : NULL;
}
