#include "waiting.h"

#include "core/log/entry_blobs.h"
#include "core/log/receipts.h"
#include "core/store/keys.h"
#include "core/sync/peers.h"
#include "core/wire/unpack.h"
#include "io/assessment/work.h"
#include "records.pb-c.h"

#include <stdlib.h>
#include <string.h>

struct reading {
    const struct office *office;
    struct waiting *out;
    struct pt_work_place place; /* shared by all assessments */
    struct pt_instruments instruments;
    struct pt_registries registries;
    struct pt_arena scratch; /* one log's */
};

/* --- assessments --- */

static void add_reason(struct reading *r, enum pt_msg why, const char *assessment)
{
    struct waiting *w = r->out;
    size_t i = 0;
    while (i < w->n_reasons && w->reasons[i].why != why) {
        i++;
    }
    if (i == w->n_reasons) {
        w->reasons[w->n_reasons++] = (struct waiting_reason){.why = why, .example = assessment};
    }
    w->reasons[i].n_entries++;
}

static const char *join_names(const char *const *names, size_t n, struct pt_arena *arena)
{
    struct pt_buf text = {0};
    for (size_t i = 0; i < n; i++) {
        pt_buf_printf(&text, "%s%s", i == 0 ? "" : ", ", names[i]);
    }
    const char *kept = pt_arena_str(arena, pt_buf_text(&text));
    pt_buf_free(&text);
    return kept == NULL ? "" : kept; /* the arena remembers */
}

static int64_t since(const struct pt_claim *by)
{
    const struct pt_view_chunk *chunk = by == NULL ? NULL : pt_view_chunk_of(by->view, by->seq);
    return chunk == NULL ? 0 : chunk->received_ms;
}

static bool is_of_root(const struct reading *r, const char *code)
{
    const struct pt_authority *authority = &r->out->directory.authority;
    const struct pt_office *office = code == NULL ? NULL : pt_authority_office_by_code(authority, code);
    return office != NULL && office->is_root;
}

static enum pt_err read_assessment(struct reading *r, struct pt_txn *txn, const struct directory_assessment *from,
                                   struct waiting_assessment *out)
{
    struct pt_work work;
    enum pt_err err = pt_work_load_state(&work, &r->place, txn, &from->subject, false, NULL);
    *out = (struct waiting_assessment){.name = pt_subject_name(&from->subject)};
    if (err == PT_OK) {
        const struct pt_assessment *state = &work.state;
        out->state = state->state;
        out->office = state->office == NULL ? NULL : pt_arena_str(&r->out->arena, state->office);
        out->tier = state->state_tier;
        out->incomplete = state->incomplete;
        out->of_root = is_of_root(r, state->office);
        out->since_ms = since(state->state_by);
        out->surveyors = join_names(state->surveyors, state->n_surveyors, &r->out->arena);
        out->n_conflicts = state->n_conflicts;
        out->n_ineffective = state->n_ineffective;
        for (size_t i = 0; i < state->n_ineffective; i++) {
            add_reason(r, state->ineffective[i].why, out->name);
        }
        err = pt_work_pending(&work, &out->n_outside);
    }
    pt_work_close(&work);
    return err;
}

static enum pt_err read_next(struct reading *r, const struct directory_assessment *from)
{
    struct pt_txn *txn;
    enum pt_err err = office_is_stopping(r->office) ? PT_ECANCELED : pt_store_begin_read(r->office->store, &txn);
    if (err == PT_OK) {
        err = read_assessment(r, txn, from, &r->out->assessments[r->out->n_assessments++]);
        pt_store_abort(txn);
    }
    return err;
}

static enum pt_err read_assessments(struct reading *r)
{
    struct waiting *w = r->out;
    size_t n = w->directory.n_assessments;
    w->assessments = pt_arena_zalloc(&w->arena, n, sizeof *w->assessments);
    w->reasons = pt_arena_zalloc(&w->arena, PT_MSG_COUNT, sizeof *w->reasons);
    enum pt_err err = w->assessments == NULL || w->reasons == NULL ? PT_ENOMEM : PT_OK;
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        err = read_next(r, &w->directory.assessments[i]);
    }
    return err;
}

/* --- peers --- */

static void add_peer(struct waiting *w, const char *kind, const char *name, const struct pt_author *author)
{
    w->peers[w->n_peers++] = (struct waiting_peer){.kind = kind, .name = name, .author = *author};
}

static enum pt_err list_peers(struct reading *r)
{
    struct waiting *w = r->out;
    const struct pt_authority *a = &w->directory.authority;
    w->peers = pt_arena_zalloc(&w->arena, a->n_offices + a->n_members, sizeof *w->peers);
    if (w->peers == NULL) {
        return PT_ENOMEM;
    }
    for (size_t i = 0; i < a->n_offices && r->office->national; i++) {
        if (!pt_author_eq(&a->offices[i].author, &r->office->author)) {
            add_peer(w, "office", a->offices[i].code, &a->offices[i].author);
        }
    }
    for (size_t i = 0; i < a->n_members; i++) {
        const struct pt_member *member = &a->members[i];
        if (pt_author_eq(&member->office->author, &r->office->author)) {
            add_peer(w, member->role == PATUH__ROLE__ROLE_DEVICE ? "device" : "reviewer", member->name,
                     &member->author);
            w->peers[w->n_peers - 1].revoked = member->revoked;
        }
    }
    return PT_OK;
}

static enum pt_err read_peer(struct pt_txn *txn, struct waiting_peer *peer)
{
    struct pt_peer_visit visit;
    enum pt_err err = pt_peer_last(txn, &peer->author, &visit);
    if (err == PT_OK) {
        peer->seen_ms = visit.seen_ms;
        peer->offset_ms = visit.offset_ms;
    }
    return err == PT_ENOTFOUND ? PT_OK : err;
}

/* --- logs: counts, what is parked, forked, not at head office yet --- */

static const char *author_name(struct waiting *w, const struct pt_author *author)
{
    return directory_author(&w->directory.authority, author, &w->arena);
}

static struct waiting_log log_of(struct waiting *w, const struct pt_head *head)
{
    const char *subject = pt_arena_str(&w->arena, pt_subject_name(&head->log.subject));
    return (struct waiting_log){
        .subject = subject == NULL ? "" : subject, .author = author_name(w, &head->log.author), .have = head->seq};
}

static enum pt_err add_parked(struct pt_txn *txn, struct waiting *w, const struct pt_head *head)
{
    struct waiting_log *out = &w->parked[w->n_parked++];
    struct pt_key prefix = pt_key_u64(head->number);
    struct pt_rows rows = pt_rows_of(txn, PT_TABLE_PARKED, pt_key_bytes(&prefix));
    struct pt_bytes key;
    struct pt_bytes value;
    struct pt_hash link;
    uint64_t log;
    enum pt_err err = PT_OK;
    *out = log_of(w, head);
    out->n_chunks = head->n_parked;
    w->n_parked_chunks += head->n_parked;
    if (pt_rows_next(&rows, &key, &value)) {
        err = pt_key_read_log_seq_link(key, &log, &out->next, &link);
    }
    enum pt_err end = pt_rows_end(&rows);
    return err == PT_OK ? end : err;
}

/* Its own entries and its reviewers' come down, and nobody receipts them upwards. */
static bool is_of_head_office(const struct reading *r, const struct pt_author *author)
{
    const struct pt_member *member = pt_authority_member(&r->out->directory.authority, author);
    return pt_author_eq(author, &r->office->root) || (member != NULL && member->office->is_root);
}

static enum pt_err add_upper(struct pt_txn *txn, struct reading *r, const struct pt_head *head)
{
    struct pt_receipted upper;
    if (r->office->national || is_of_head_office(r, &head->log.author)) {
        return PT_OK;
    }
    enum pt_err err = pt_receipted(txn, head, PT_TIER_NATIONAL, &r->scratch, &upper);
    if (err == PT_OK && upper.seq < head->seq) {
        r->out->n_waiting_upper += head->seq - upper.seq;
    }
    return err;
}

static enum pt_err read_log(struct pt_txn *txn, struct reading *r, const struct pt_head *head)
{
    struct waiting *w = r->out;
    w->n_logs++;
    w->n_entries += head->seq;
    for (size_t i = 0; i < w->n_peers; i++) {
        if (pt_author_eq(&w->peers[i].author, &head->log.author)) {
            w->peers[i].entries += head->seq;
        }
    }
    enum pt_err err = head->n_parked > 0 ? add_parked(txn, w, head) : PT_OK;
    w->n_forked += head->forked;
    return err == PT_OK ? add_upper(txn, r, head) : err;
}

/* --- blobs --- */

static struct waiting_blobs *blobs_of(struct waiting *w, const char *author)
{
    for (size_t i = 0; i < w->n_blobs; i++) {
        if (strcmp(w->blobs[i].author, author) == 0) {
            return &w->blobs[i];
        }
    }
    w->blobs[w->n_blobs] = (struct waiting_blobs){.author = author};
    return &w->blobs[w->n_blobs++];
}

/* Rows of one blob stand together, one for each log that names it. */
struct wanted_row {
    struct pt_key blob;
    struct pt_author author; /* of that log */
    bool file;
};

static enum pt_err read_wanted_row(struct pt_txn *txn, struct waiting *w, struct pt_bytes key, struct pt_bytes value,
                                   struct wanted_row *out)
{
    struct pt_wanted wanted;
    struct pt_head head;
    enum pt_err err = pt_wanted_read(key, value, &w->arena, &wanted);
    if (err == PT_OK) {
        err = pt_logs_head(txn, wanted.log, &head);
    }
    if (err == PT_OK) {
        out->author = head.log.author;
        out->file = pt_kind_names_file(wanted.kind);
        out->blob = pt_key_wanted(&wanted.hash, out->file ? NULL : &head.log.subject);
    }
    return err;
}

static enum pt_err read_wanted(struct pt_txn *txn, struct waiting *w)
{
    struct pt_rows rows = pt_rows_of(txn, PT_TABLE_WANTED, (struct pt_bytes){0});
    struct pt_bytes key;
    struct pt_bytes value;
    enum pt_err err = PT_OK;
    struct wanted_row before = {.blob.n = 0};
    while (err == PT_OK && pt_rows_next(&rows, &key, &value)) {
        struct wanted_row row = {.blob.n = 0};
        err = read_wanted_row(txn, w, key, value, &row);
        bool same = err == PT_OK && pt_bytes_eq(pt_key_bytes(&row.blob), pt_key_bytes(&before.blob));
        if (err == PT_OK && !(same && pt_author_eq(&row.author, &before.author))) {
            struct waiting_blobs *blobs = blobs_of(w, author_name(w, &row.author));
            blobs->n_files += row.file;
            blobs->n_texts += !row.file;
            w->n_wanted += !same;
        }
        before = row;
    }
    enum pt_err end = pt_rows_end(&rows);
    return err == PT_OK ? end : err;
}

/* --- all of it --- */

static enum pt_err read_store(struct pt_txn *txn, struct reading *r)
{
    struct waiting *w = r->out;
    struct pt_head *heads;
    size_t n = 0;
    enum pt_err err = office_epoch(txn, &w->epoch);
    if (err == PT_OK) {
        err = pt_logs_list(txn, NULL, &w->arena, &heads, &n);
    }
    if (err != PT_OK) {
        return err;
    }
    w->parked = pt_arena_zalloc(&w->arena, n, sizeof *w->parked);
    w->blobs = pt_arena_zalloc(&w->arena, n, sizeof *w->blobs); /* one an author at most */
    err = w->parked == NULL || w->blobs == NULL ? PT_ENOMEM : PT_OK;
    for (size_t i = 0; i < w->n_peers && err == PT_OK; i++) {
        err = read_peer(txn, &w->peers[i]);
    }
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        err = read_log(txn, r, &heads[i]);
        pt_arena_reset(&r->scratch);
    }
    return err == PT_OK ? read_wanted(txn, w) : err;
}

static enum pt_err read_all(struct reading *r)
{
    struct pt_txn *txn;
    enum pt_err err = PT_OK;
    if (r->office->joined) { /* before that nobody is known and nothing is here */
        err = directory_open(r->office, &r->out->directory);
    }
    if (err == PT_OK) {
        err = list_peers(r);
    }
    if (err == PT_OK) {
        err = pt_store_begin_read(r->office->store, &txn);
    }
    if (err == PT_OK) {
        err = read_store(txn, r);
        pt_store_abort(txn);
    }
    return err == PT_OK ? read_assessments(r) : err;
}

enum pt_err waiting_open(const struct office *office, struct waiting *out)
{
    struct waiting w = {0};
    struct reading r = {.office = office, .out = &w};
    pt_arena_init(&w.arena, SIZE_MAX);
    pt_arena_init(&r.scratch, SIZE_MAX);
    pt_instruments_open(&r.instruments, office->blobs);
    pt_registries_open(&r.registries, office->blobs);
    r.place = office_place(office);
    r.place.authority = &w.directory.authority;
    r.place.instruments = &r.instruments;
    r.place.registries = &r.registries;
    enum pt_err err = read_all(&r);
    if (err == PT_OK && w.arena.exhausted) {
        err = PT_ENOMEM;
    }
    pt_arena_close(&r.scratch);
    pt_instruments_close(&r.instruments);
    pt_registries_close(&r.registries);
    if (err != PT_OK) {
        waiting_close(&w);
        return err;
    }
    *out = w;
    return PT_OK;
}

void waiting_close(struct waiting *waiting)
{
    directory_close(&waiting->directory);
    pt_arena_close(&waiting->arena);
    *waiting = (struct waiting){0};
}

/* As review.c lets them: the region first, and what head office approved is its own. */
enum waiting_turn waiting_turn(bool national, const struct waiting_assessment *assessment)
{
    Patuh__State state = assessment->state;
    bool proposed = state == PATUH__STATE__STATE_NOT_ASSESSED;
    if (state == PATUH__STATE__STATE_FIXED) {
        return WAITING_UNFIX;
    }
    if (!national) {
        bool approved = state == PATUH__STATE__STATE_APPROVED_NATIONAL || proposed;
        return approved && assessment->tier == PT_TIER_NATIONAL ? WAITING_HEAD_OFFICE : WAITING_HERE;
    }
    bool first = state == PATUH__STATE__STATE_SUBMITTED || (proposed && assessment->tier == PT_TIER_DEVICE);
    return first && !assessment->of_root ? WAITING_REGION : WAITING_HERE;
}
