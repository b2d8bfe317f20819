/* session_send.c - what goes out: runs of chunks within the credit, and the list of heads. */
#include "core/log/run_message.h"
#include "core/sync/session_internal.h"

#include "base/mem.h"

#include <string.h>

#define STEP_BYTES_MAX (128 * 1024) /* chunk bytes of one step; the rest waits for pt_session_drained */
static bool same_task(const struct task *a, const struct task *b)
{
    return a->log == b->log && a->is_branch == b->is_branch && (!a->is_branch || pt_hash_eq(&a->link, &b->link));
}

void pt__session_add_task(struct pt_session *s, struct pt_update *u, const struct task *task)
{
    struct mark *mark = pt__session_mark(s, u, task->log);
    if (mark == NULL || mark->stuck || !pt__session_gives(s)) {
        return;
    }
    for (size_t i = 0; mark->n_tasks > 0 && i < s->n_tasks; i++) {
        struct task *waiting = &s->tasks[s->first_task + i];
        if (same_task(waiting, task)) {
            waiting->next_seq = task->next_seq < waiting->next_seq ? task->next_seq : waiting->next_seq;
            return;
        }
    }
    if (pt_reserve(&s->tasks, &s->tasks_capacity, s->first_task + s->n_tasks + 1, sizeof *s->tasks) != PT_OK) {
        pt__session_fail(s, u, PT_ENOMEM, PATUH__FAILURE_CODE__FAILURE_BUSY);
        return;
    }
    mark->n_tasks++;
    s->tasks[s->first_task + s->n_tasks++] = *task;
}

static void end_task(struct pt_session *s)
{
    pt__session_known_mark(s, s->tasks[s->first_task].log)->n_tasks--;
    s->first_task++;
    s->n_tasks--;
    if (s->first_task >= s->n_tasks) { /* half of the array is used up: move the rest to its front */
        memmove(s->tasks, s->tasks + s->first_task, s->n_tasks * sizeof *s->tasks);
        s->first_task = 0;
    }
}

static bool is_receipted(const struct in_flight *f, uint64_t log, const struct pt_receipt_log *receipted)
{
    bool there = receipted->held ? pt_hash_eq(&f->link, &receipted->link) : f->last_seq <= receipted->seq;
    return f->log == log && there;
}

void pt__session_flight_done(struct pt_session *s, uint64_t log, const struct pt_receipt_log *receipted)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->n_flight; i++) {
        if (is_receipted(&s->flight[i], log, receipted)) {
            s->flight_bytes -= s->flight[i].bytes;
        } else {
            s->flight[kept++] = s->flight[i];
        }
    }
    s->n_flight = kept;
}

void pt__session_flight_drop(struct pt_session *s, uint64_t log, uint64_t after_seq)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->n_flight; i++) {
        if (s->flight[i].log == log && s->flight[i].last_seq > after_seq) {
            s->flight_bytes -= s->flight[i].bytes;
        } else {
            s->flight[kept++] = s->flight[i];
        }
    }
    s->n_flight = kept;
}

static enum pt_err emit_run(struct pt_session *s, struct pt_txn *txn, struct pt_update *u, const struct pt_head *head,
                            const struct pt_run *run)
{
    Patuh__Chunks chunks;
    Patuh__Frame frame = PATUH__FRAME__INIT;
    enum pt_err err = pt_run_message(txn, run, &u->arena, &chunks);
    if (err != PT_OK) {
        return err;
    }
    chunks.log = pt__session_ref_out(s, u, head);
    frame.chunks = &chunks;
    if (chunks.log != NULL) {
        pt__session_emit(s, u, &frame);
    }
    s->counts.chunks_sent += (uint32_t)run->n_chunks;
    return PT_OK;
}

static enum pt_err add_flight(struct pt_session *s, uint64_t log, uint64_t last_seq, const struct pt_run *run,
                              size_t n_bytes)
{
    struct pt_hash link = run->previous;
    for (size_t i = 0; i < run->n_chunks; i++) {
        link = pt_link_next(&link, run->chunks[i]);
    }
    enum pt_err err = pt_reserve(&s->flight, &s->flight_capacity, s->n_flight + 1, sizeof *s->flight);
    if (err == PT_OK) {
        s->flight[s->n_flight++] = (struct in_flight){.log = log, .last_seq = last_seq, .link = link, .bytes = n_bytes};
        s->flight_bytes += n_bytes;
    }
    return err;
}

/* Chunk bytes that may go out now. The answering side has no credit to keep: its peer takes what it asked for. */
static size_t room_for(const struct pt_session *s)
{
    size_t room = s->flight_bytes < s->credit ? s->credit - s->flight_bytes : 0;
    return !s->config.connects || room > PT_CREDIT_BYTES ? PT_CREDIT_BYTES : room;
}

/* What went out in this session stays one stretch: another one forgets it. */
static void note_sent(struct mark *mark, uint64_t first_seq, uint64_t last_seq)
{
    bool touches = mark->sent_from != 0 && first_seq <= mark->sent_seq + 1 && last_seq + 1 >= mark->sent_from;
    mark->sent_from = touches && mark->sent_from < first_seq ? mark->sent_from : first_seq;
    mark->sent_seq = touches && mark->sent_seq > last_seq ? mark->sent_seq : last_seq;
}

enum outcome { SENT, ALL_SENT, NO_ROOM };

/* Errors: NOTFOUND (nothing follows), LIMIT (more than a peer takes). */
static enum pt_err next_run(struct pt_txn *txn, const struct task *task, const struct pt_head *head, size_t room,
                            struct pt_arena *arena, struct pt_run *run, uint64_t *last_seq, uint64_t *next_seq)
{
    struct pt_fork fork = {0};
    enum pt_err err = task->is_branch ? pt_logs_fork(txn, head, 0, arena, &fork) : PT_OK;
    const struct pt_branch *branch = err == PT_OK && task->is_branch ? pt_fork_branch(&fork, &task->link) : NULL;
    if (err == PT_OK && task->is_branch && branch == NULL) {
        err = PT_ENOTFOUND;
    }
    return err == PT_OK ? pt_logs_sendable_run(txn, head, branch, task->next_seq, room, arena, run, last_seq, next_seq)
                        : err;
}

/* The next run of a task. A run that is larger than the whole credit goes alone. A log that cannot go on is left alone
 * for this session: what lies behind would only be parked there. */
static enum pt_err send_some(struct pt_session *s, struct pt_txn *txn, struct pt_update *u, struct task *task,
                             enum outcome *outcome, size_t *n_sent)
{
    struct pt_head head;
    struct pt_run run;
    uint64_t last_seq = 0;
    uint64_t next_seq = 0;
    size_t room = room_for(s);
    struct mark *mark = pt__session_known_mark(s, task->log);
    enum pt_err err = mark->stuck ? PT_ENOTFOUND : pt_logs_head(txn, task->log, &head);
    if (err == PT_OK) {
        err = next_run(txn, task, &head, room, &u->arena, &run, &last_seq, &next_seq);
    }
    if (err != PT_OK) {
        *outcome = ALL_SENT;
        mark->stuck = mark->stuck || err == PT_ELIMIT;
        return err == PT_ENOTFOUND || err == PT_ELIMIT ? PT_OK : err;
    }
    size_t n = pt_run_bytes(&run);
    if (s->config.connects && n > room && s->n_flight > 0) {
        *outcome = NO_ROOM;
        return PT_OK;
    }
    err = emit_run(s, txn, u, &head, &run);
    if (err == PT_OK && s->config.connects) {
        err = add_flight(s, task->log, last_seq, &run, n);
    }
    if (!task->is_branch) {
        note_sent(pt__session_known_mark(s, task->log), task->next_seq, last_seq);
    }
    *outcome = SENT;
    *n_sent += n;
    task->next_seq = next_seq;
    return err;
}

void pt__session_send_tasks(struct pt_session *s, struct pt_txn *txn, struct pt_update *u)
{
    size_t n_sent = 0;
    enum outcome outcome = SENT;
    while (s->n_tasks > 0 && !pt__session_gives(s)) {
        end_task(s); /* from before the store was found to be old */
    }
    while (s->n_tasks > 0 && s->phase != PHASE_CLOSED) {
        if (n_sent >= STEP_BYTES_MAX) {
            u->more = true;
            return;
        }
        enum pt_err err = send_some(s, txn, u, &s->tasks[s->first_task], &outcome, &n_sent);
        if (err != PT_OK) {
            pt__session_fail(s, u, err, PATUH__FAILURE_CODE__FAILURE_BUSY);
            return;
        }
        if (outcome == NO_ROOM) {
            return; /* a receipt will come and make room */
        }
        if (outcome == ALL_SENT) {
            end_task(s);
        }
    }
}

static void emit_heads(struct pt_session *s, struct pt_update *u, Patuh__Head **page, size_t n, bool last)
{
    Patuh__Heads heads = PATUH__HEADS__INIT;
    Patuh__Frame frame = PATUH__FRAME__INIT;
    heads.n_head = n;
    heads.head = page;
    heads.has_last = true;
    heads.last = last;
    frame.heads = &heads;
    pt__session_emit(s, u, &frame);
}

/* A page that is being filled. */
struct page {
    Patuh__Head *heads[PT_HEADS_PER_PAGE];
    size_t n;
};

static void add_head(struct pt_session *s, struct pt_update *u, struct page *page, const struct pt_head *head,
                     const struct pt_chunk_end *branch_end)
{
    Patuh__Head *out = pt_arena_alloc(&u->arena, sizeof *out);
    struct pt_hash *link = pt_arena_alloc(&u->arena, sizeof *link);
    if (out == NULL || link == NULL) {
        pt__session_fail(s, u, PT_ENOMEM, PATUH__FAILURE_CODE__FAILURE_BUSY);
        return;
    }
    patuh__head__init(out);
    *link = branch_end == NULL ? head->link : branch_end->link;
    out->log = pt__session_ref_out(s, u, head);
    out->has_seq = out->has_link = true;
    out->seq = branch_end == NULL ? head->seq : branch_end->seq;
    out->link = pt_binary(link->b, sizeof link->b);
    out->has_held = out->held = branch_end != NULL;
    if (out->log == NULL) {
        return;
    }
    page->heads[page->n++] = out;
    if (page->n == PT_HEADS_PER_PAGE) {
        emit_heads(s, u, page->heads, page->n, false);
        page->n = 0;
    }
}

static enum pt_err add_branch_ends(struct pt_session *s, struct pt_txn *txn, struct pt_update *u, struct page *page,
                                   const struct pt_head *head)
{
    struct pt_chunk_end *ends;
    size_t n;
    enum pt_err err = pt_logs_branch_ends(txn, head, &u->arena, &ends, &n);
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        add_head(s, u, page, head, &ends[i]);
    }
    return err;
}

void pt__session_send_heads(struct pt_session *s, struct pt_txn *txn, struct pt_update *u)
{
    struct pt_head *heads;
    size_t n = 0;
    struct page page = {.n = 0};
    enum pt_err err = pt__session_heads(s, txn, &u->arena, &heads, &n);
    for (size_t i = 0; err == PT_OK && i < n && s->phase != PHASE_CLOSED; i++) {
        bool empty = heads[i].seq == 0 && !heads[i].forked;
        if (empty || !s->scope.has(s->scope.data, &heads[i].log)) {
            continue;
        }
        add_head(s, u, &page, &heads[i], NULL);
        err = add_branch_ends(s, txn, u, &page, &heads[i]);
    }
    if (err != PT_OK) {
        pt__session_fail(s, u, err, PATUH__FAILURE_CODE__FAILURE_BUSY);
    } else if (s->phase != PHASE_CLOSED) {
        emit_heads(s, u, page.heads, page.n, true);
    }
}
