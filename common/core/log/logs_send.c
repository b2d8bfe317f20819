/* logs_send.c - runs that any peer takes, also where the signatures of a forked log lie far apart. */
#include "core/log/branches.h"
#include "core/log/logs_internal.h"

#include <string.h>

/* A chunk on a way from the first one to a signature. */
struct step {
    struct pt_record record;
    const struct step *before; /* NULL: the first */
    size_t n_bytes;            /* of all up to here */
    size_t n;
};

/* All ways from one chunk on, over every branch, until one comes to a signature. */
struct search {
    struct step steps[PT_RUN_CHUNKS_MAX];
    size_t n;
    uint64_t furthest; /* last entry of all steps */
};

static const struct step *step_before(const struct search *search, const struct pt_record *record)
{
    for (size_t i = 0; i < search->n; i++) {
        const struct pt_record *before = &search->steps[i].record;
        if (before->last_seq + 1 == record->first_seq && pt_hash_eq(&before->link, &record->previous)) {
            return &search->steps[i];
        }
    }
    return NULL;
}

/* NULL: too far. */
static const struct step *add_step(struct search *search, const struct step *before, const struct pt_record *record)
{
    struct step step = {.record = *record, .before = before, .n_bytes = record->chunk.n, .n = 1};
    if (before != NULL) {
        step.n_bytes += before->n_bytes;
        step.n += before->n;
    }
    if (search->n == PT_RUN_CHUNKS_MAX || step.n_bytes > PT_RUN_BYTES_MAX) {
        return NULL;
    }
    search->furthest = record->last_seq > search->furthest ? record->last_seq : search->furthest;
    search->steps[search->n] = step;
    return &search->steps[search->n++];
}

/* The step, when the record is the first one or follows another, and there is a signature at it. */
static const struct step *take_step(struct search *search, bool first, const struct pt_record *record)
{
    const struct step *before = step_before(search, record);
    const struct step *added = first || before != NULL ? add_step(search, before, record) : NULL;
    return added != NULL && record->has_signature ? added : NULL;
}

/* Errors: NOTFOUND (no chunk of the branch begins there), LIMIT. */
static enum pt_err find_signed(struct pt_txn *txn, const struct pt_head *head, const struct pt_branch *branch,
                               uint64_t from_seq, struct pt_arena *arena, const struct step **out)
{
    struct pt_key prefix = pt_key_u64(head->number);
    struct pt_key from = pt_key_log_seq(head->number, from_seq);
    struct search *search = NULL; /* made when there is something to look for: mostly the log ends here */
    struct pt_bytes key;
    struct pt_bytes value;
    struct pt_record record = {.first_seq = from_seq};
    uint64_t lsn;
    enum pt_err err = PT_OK;
    *out = NULL;
    struct pt_rows rows = pt_rows_from(txn, PT_TABLE_CHUNKS, pt_key_bytes(&prefix), pt_key_bytes(&from));
    while (err == PT_OK && *out == NULL && record.first_seq <= (search == NULL ? from_seq : search->furthest + 1) &&
           pt_rows_next(&rows, &key, &value)) {
        err = pt__indexed_read(txn, value, arena, &record, &lsn);
        bool first = search == NULL && record.first_seq == from_seq && pt__is_on(branch, &record);
        if (err == PT_OK && first) {
            search = pt_arena_zalloc(arena, 1, sizeof *search);
            err = search == NULL ? pt_arena_err(arena) : PT_OK;
        }
        if (err == PT_OK && search != NULL) {
            *out = take_step(search, first, &record);
        }
    }
    enum pt_err end = pt_rows_end(&rows);
    err = err == PT_OK ? end : err;
    if (err == PT_OK && *out == NULL) {
        err = search == NULL ? PT_ENOTFOUND : PT_ELIMIT;
    }
    return err;
}

static enum pt_err run_to(const struct step *last, const struct pt_head *head, const struct pt_branch *branch,
                          struct pt_arena *arena, struct pt_run *out, uint64_t *next_seq)
{
    struct pt_run run = {.log = head->log, .key = head->key, .n_chunks = last->n, .signature = last->record.signature};
    struct pt_bytes *chunks = pt_arena_zalloc(arena, last->n, sizeof *chunks);
    if (chunks == NULL) {
        return pt_arena_err(arena);
    }
    *next_seq = 0;
    for (const struct step *step = last; step != NULL; step = step->before) {
        chunks[step->n - 1] = step->record.chunk;
        run.first_seq = step->record.first_seq;
        run.previous = step->record.previous;
        if (*next_seq == 0 && pt__is_on(branch, &step->record)) {
            *next_seq = step->record.last_seq + 1;
        }
    }
    run.chunks = chunks;
    *out = run;
    return PT_OK;
}

enum pt_err pt_logs_sendable_run(struct pt_txn *txn, const struct pt_head *head, const struct pt_branch *branch,
                                 uint64_t from_seq, size_t n_bytes_max, struct pt_arena *arena, struct pt_run *out,
                                 uint64_t *last_seq, uint64_t *next_seq)
{
    const struct step *last = NULL;
    enum pt_err err = pt_logs_branch_run(txn, head, branch, from_seq, n_bytes_max, arena, out, last_seq);
    if (err == PT_OK && pt_run_bytes(out) <= PT_RUN_BYTES_MAX) {
        *next_seq = *last_seq + 1;
        return PT_OK;
    }
    bool none = err == PT_ENOTFOUND && branch == NULL && head->forked; /* its branches are sent one by one */
    if (none || (err != PT_OK && err != PT_ENOTFOUND)) {
        return err;
    }
    err = find_signed(txn, head, branch, from_seq, arena, &last);
    if (err == PT_OK) {
        err = run_to(last, head, branch, arena, out, next_seq);
    }
    if (err == PT_OK) {
        *last_seq = last->record.last_seq;
    }
    return err;
}
