/* session_send.c - what goes out: log references, runs of chunks within the credit, heads, receipts. */
#include "core/session_internal.h"

#include "base/mem.h"

#include <string.h>

#define STEP_BYTES_MAX (128 * 1024) /* chunk bytes of one step; the rest waits for pt_session_drained */
#define PEER_REFS_MAX 65536

static enum pt_err mark_announced(struct pt_session *s, uint64_t log, bool *first)
{
    size_t before = s->announced_capacity;
    enum pt_err err = pt_reserve(&s->announced, &s->announced_capacity, (size_t)log + 1, 1);
    if (err != PT_OK) {
        return err;
    }
    if (s->announced_capacity > before) {
        memset(s->announced + before, 0, s->announced_capacity - before);
    }
    *first = s->announced[log] == 0;
    s->announced[log] = 1;
    return PT_OK;
}

Patuh__LogRef *pt__session_ref_out(struct pt_session *s, struct pt_update *u, const struct pt_head *head)
{
    bool first;
    Patuh__LogRef *ref = pt_arena_alloc(&u->arena, sizeof *ref);
    struct pt_head *copy = pt_arena_alloc(&u->arena, sizeof *copy); /* what the reference points into */
    if (ref == NULL || copy == NULL || head->number > UINT32_MAX || mark_announced(s, head->number, &first) != PT_OK) {
        pt__session_fail(s, u, PT_ENOMEM, PATUH__FAILURE_CODE__FAILURE_BUSY);
        return NULL;
    }
    *copy = *head;
    patuh__log_ref__init(ref);
    ref->has_number = true;
    ref->number = (uint32_t)head->number;
    if (first) {
        ref->has_subject = ref->has_public_key = ref->has_incarnation = true;
        ref->subject = pt__binary(copy->log.subject.text, strlen(copy->log.subject.text));
        ref->public_key = pt__binary(copy->key.b, sizeof copy->key.b);
        ref->incarnation = copy->log.incarnation;
    }
    return ref;
}

static size_t ref_position(const struct pt_session *s, uint32_t number)
{
    size_t low = 0;
    size_t high = s->n_refs;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s->refs[middle].number < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

enum pt_err pt__session_ref_in(struct pt_session *s, const Patuh__LogRef *ref, struct pt_log_id *log,
                               struct pt_public_key *key)
{
    if (ref == NULL || !ref->has_number) {
        return PT_EMALFORMED;
    }
    size_t at = ref_position(s, ref->number);
    bool known = at < s->n_refs && s->refs[at].number == ref->number;
    if (!known && !ref->has_subject) {
        return PT_EMALFORMED;
    }
    if (!known) {
        struct peer_ref fresh = {.number = ref->number};
        if (ref->public_key.len != sizeof fresh.key.b || s->n_refs >= PEER_REFS_MAX) {
            return s->n_refs >= PEER_REFS_MAX ? PT_ELIMIT : PT_EMALFORMED;
        }
        memcpy(fresh.key.b, ref->public_key.data, sizeof fresh.key.b);
        fresh.log.author = pt_author_of(fresh.key.b);
        fresh.log.incarnation = ref->incarnation;
        enum pt_err err = pt_subject_read(pt_bytes_of(ref->subject.data, ref->subject.len), &fresh.log.subject);
        if (err == PT_OK) {
            err = pt_reserve(&s->refs, &s->refs_capacity, s->n_refs + 1, sizeof *s->refs);
        }
        if (err != PT_OK) {
            return err;
        }
        memmove(&s->refs[at + 1], &s->refs[at], (s->n_refs - at) * sizeof *s->refs);
        s->refs[at] = fresh;
        s->n_refs++;
    }
    *log = s->refs[at].log;
    *key = s->refs[at].key;
    return PT_OK;
}

void pt__session_add_task(struct pt_session *s, struct pt_update *u, uint64_t log, uint64_t next_seq)
{
    for (size_t i = 0; i < s->n_tasks; i++) {
        if (s->tasks[i].log == log) {
            s->tasks[i].next_seq = next_seq < s->tasks[i].next_seq ? next_seq : s->tasks[i].next_seq;
            return;
        }
    }
    if (pt_reserve(&s->tasks, &s->tasks_capacity, s->n_tasks + 1, sizeof *s->tasks) != PT_OK) {
        pt__session_fail(s, u, PT_ENOMEM, PATUH__FAILURE_CODE__FAILURE_BUSY);
        return;
    }
    s->tasks[s->n_tasks++] = (struct task){.log = log, .next_seq = next_seq};
}

void pt__session_flight_done(struct pt_session *s, uint64_t log, uint64_t seq)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->n_flight; i++) {
        if (s->flight[i].log == log && s->flight[i].last_seq <= seq) {
            s->flight_bytes -= s->flight[i].bytes;
        } else {
            s->flight[kept++] = s->flight[i];
        }
    }
    s->n_flight = kept;
}

/* Texts that the run's entries name and that are here ride along, so that a receipt is for something readable. */
struct riding {
    struct pt_txn *txn;
    struct pt_update *u;
    ProtobufCBinaryData *texts;
    size_t n, capacity, bytes;
};

static enum pt_err add_text(void *data, const struct pt_hash *hash, bool small, Patuh__EntryKind kind)
{
    (void)kind;
    struct riding *r = data;
    struct pt_bytes content;
    if (!small || r->bytes > PT_CREDIT_BYTES) {
        return PT_OK; /* asked for later */
    }
    enum pt_err err = pt_text_content(r->txn, hash, &r->u->arena, &content);
    if (err == PT_OK) {
        err = pt_reserve(&r->texts, &r->capacity, r->n + 1, sizeof *r->texts);
    }
    if (err == PT_OK) {
        r->texts[r->n++] = pt__binary(content.data, content.n);
        r->bytes += content.n;
    }
    return err == PT_ENOTFOUND ? PT_OK : err;
}

static enum pt_err collect_texts(const struct pt_run *run, struct riding *r)
{
    enum pt_err err = PT_OK;
    for (size_t i = 0; i < run->n_chunks && err == PT_OK; i++) {
        struct pt_chunk_header header;
        struct pt_entry *entries;
        if (pt_chunk_decode(run->chunks[i], &r->u->arena, &header, &entries) != PT_OK) {
            continue; /* relayed as it is */
        }
        for (uint32_t k = 0; k < header.count && err == PT_OK; k++) {
            err = pt_entry_blobs(&entries[k], &r->u->arena, add_text, r);
        }
    }
    return err;
}

static enum pt_err emit_run(struct pt_session *s, struct pt_txn *txn, struct pt_update *u, const struct pt_head *head,
                            const struct pt_run *run)
{
    Patuh__Chunks chunks = PATUH__CHUNKS__INIT;
    Patuh__Frame frame = PATUH__FRAME__INIT;
    struct riding riding = {.txn = txn, .u = u};
    ProtobufCBinaryData *list = pt_arena_alloc(&u->arena, run->n_chunks * sizeof *list);
    enum pt_err err = collect_texts(run, &riding);
    if (err == PT_OK && list != NULL) {
        for (size_t i = 0; i < run->n_chunks; i++) {
            list[i] = pt__binary(run->chunks[i].data, run->chunks[i].n);
        }
        chunks.log = pt__session_ref_out(s, u, head);
        chunks.has_previous_link = chunks.has_first_seq = chunks.has_signature = true;
        chunks.previous_link = pt__binary(run->previous.b, sizeof run->previous.b);
        chunks.first_seq = run->first_seq;
        chunks.n_chunk = run->n_chunks;
        chunks.chunk = list;
        chunks.signature = pt__binary(run->signature.b, sizeof run->signature.b);
        chunks.n_text = riding.n;
        chunks.text = riding.texts;
        frame.chunks = &chunks;
        if (chunks.log != NULL) {
            pt__session_emit(s, u, &frame);
        }
        s->counts.chunks_sent += (uint32_t)run->n_chunks;
    }
    pt_free(riding.texts);
    return list == NULL ? PT_ENOMEM : err;
}

static enum pt_err add_flight(struct pt_session *s, uint64_t log, uint64_t last_seq, const struct pt_run *run)
{
    size_t n = 0;
    for (size_t i = 0; i < run->n_chunks; i++) {
        n += run->chunks[i].n;
    }
    enum pt_err err = pt_reserve(&s->flight, &s->flight_capacity, s->n_flight + 1, sizeof *s->flight);
    if (err == PT_OK) {
        s->flight[s->n_flight++] = (struct in_flight){.log = log, .last_seq = last_seq, .bytes = n};
        s->flight_bytes += n;
    }
    return err;
}

static enum pt_err send_some(struct pt_session *s, struct pt_txn *txn, struct pt_update *u, struct task *task,
                             size_t n_bytes_max, bool *done, size_t *n_sent)
{
    struct pt_head head;
    struct pt_run run;
    uint64_t last_seq = 0;
    enum pt_err err = pt_logs_head(txn, task->log, &head);
    if (err == PT_OK) {
        err = pt_logs_run(txn, &head, task->next_seq, n_bytes_max, &u->arena, &run, &last_seq);
    }
    if (err == PT_ENOTFOUND) {
        *done = true; /* all of it went out */
        return PT_OK;
    }
    if (err == PT_OK) {
        err = emit_run(s, txn, u, &head, &run);
    }
    if (err == PT_OK && s->config.connects) {
        err = add_flight(s, task->log, last_seq, &run);
    }
    for (size_t i = 0; err == PT_OK && i < run.n_chunks; i++) {
        *n_sent += run.chunks[i].n;
    }
    task->next_seq = last_seq + 1;
    return err;
}

void pt__session_send_tasks(struct pt_session *s, struct pt_txn *txn, struct pt_update *u)
{
    size_t n_sent = 0;
    while (s->n_tasks > 0 && s->phase != PHASE_CLOSED) {
        size_t room =
            s->config.connects ? (s->flight_bytes < s->credit ? s->credit - s->flight_bytes : 0) : PT_CREDIT_BYTES;
        bool must_wait = s->config.connects && room < PT_CHUNK_BYTES_MAX && s->n_flight > 0;
        if (must_wait) {
            return; /* a receipt will come and make room */
        }
        if (n_sent >= STEP_BYTES_MAX) {
            u->more = true;
            return;
        }
        bool done = false;
        enum pt_err err = send_some(s, txn, u, &s->tasks[0], room, &done, &n_sent);
        if (err != PT_OK) {
            pt__session_fail(s, u, err, PATUH__FAILURE_CODE__FAILURE_BUSY);
            return;
        }
        if (done) {
            memmove(s->tasks, s->tasks + 1, (s->n_tasks - 1) * sizeof *s->tasks);
            s->n_tasks--;
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

static Patuh__Head *make_head(struct pt_session *s, struct pt_update *u, const struct pt_head *head)
{
    Patuh__Head *out = pt_arena_alloc(&u->arena, sizeof *out);
    struct pt_hash *link = pt_arena_alloc(&u->arena, sizeof *link);
    if (out == NULL || link == NULL) {
        pt__session_fail(s, u, PT_ENOMEM, PATUH__FAILURE_CODE__FAILURE_BUSY);
        return NULL;
    }
    patuh__head__init(out);
    *link = head->link;
    out->log = pt__session_ref_out(s, u, head);
    out->has_seq = out->has_link = true;
    out->seq = head->seq;
    out->link = pt__binary(link->b, sizeof link->b);
    return out->log == NULL ? NULL : out;
}

void pt__session_send_heads(struct pt_session *s, struct pt_txn *txn, struct pt_update *u)
{
    struct pt_head *heads;
    size_t n = 0;
    Patuh__Head *page[PT_HEADS_PER_PAGE];
    size_t filled = 0;
    enum pt_err err = pt_logs_list(txn, NULL, &u->arena, &heads, &n);
    if (err != PT_OK) {
        pt__session_fail(s, u, err, PATUH__FAILURE_CODE__FAILURE_BUSY);
        return;
    }
    for (size_t i = 0; i < n && s->phase != PHASE_CLOSED; i++) {
        if (heads[i].seq == 0 || !s->scope.has(s->scope.data, &heads[i].log)) {
            continue;
        }
        page[filled] = make_head(s, u, &heads[i]);
        filled += page[filled] != NULL;
        if (filled == PT_HEADS_PER_PAGE) {
            emit_heads(s, u, page, filled, false);
            filled = 0;
        }
    }
    if (s->phase != PHASE_CLOSED) {
        emit_heads(s, u, page, filled, true);
    }
}

void pt__session_send_receipt(struct pt_session *s, struct pt_update *u, const struct pt_receipt *receipt)
{
    Patuh__Receipt out = PATUH__RECEIPT__INIT;
    Patuh__Frame frame = PATUH__FRAME__INIT;
    out.has_body = out.has_signature = true;
    out.body = pt__binary(receipt->body.data, receipt->body.n);
    out.signature = pt__binary(receipt->signature.b, sizeof receipt->signature.b);
    frame.receipt = &out;
    pt__session_emit(s, u, &frame);
}

/* What this peer was already told for a log. */
static struct sent_receipt *told_for(struct pt_session *s, struct pt_update *u, uint64_t log)
{
    for (size_t i = 0; i < s->n_told; i++) {
        if (s->told[i].log == log) {
            return &s->told[i];
        }
    }
    if (pt_reserve(&s->told, &s->told_capacity, s->n_told + 1, sizeof *s->told) != PT_OK) {
        pt__session_fail(s, u, PT_ENOMEM, PATUH__FAILURE_CODE__FAILURE_BUSY);
        return NULL;
    }
    s->told[s->n_told] = (struct sent_receipt){.log = log};
    return &s->told[s->n_told++];
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
    enum pt_err err = pt_logs_list(txn, NULL, &u->arena, &heads, &n);
    for (size_t i = 0; i < n && err == PT_OK && s->phase != PHASE_CLOSED; i++) {
        struct pt_receipted upper;
        if (!s->scope.has(s->scope.data, &heads[i].log) || !s->scope.is_up(s->scope.data, &heads[i].log)) {
            continue;
        }
        err = pt_receipted(txn, &heads[i], PT_TIER_NATIONAL, &u->arena, &upper);
        struct sent_receipt *told = err == PT_OK ? told_for(s, u, heads[i].number) : NULL;
        if (told == NULL || upper.seq <= told->seq) {
            continue;
        }
        told->seq = upper.seq;
        if (!pt_bytes_eq(last, upper.body)) {
            struct pt_receipt receipt = {.body = upper.body, .signature = upper.signature};
            pt__session_send_receipt(s, u, &receipt);
            last = upper.body;
        }
    }
    if (err != PT_OK) {
        pt__session_fail(s, u, err, PATUH__FAILURE_CODE__FAILURE_BUSY);
    }
}
