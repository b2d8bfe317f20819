/* logs_read.c - logs out of the store: heads, runs to send, decoded views. */
#include "core/log/branches.h"
#include "core/log/logs_internal.h"

#include <string.h>

enum pt_err pt_logs_list(struct pt_txn *txn, const struct pt_subject *subject, struct pt_arena *arena,
                         struct pt_head **out, size_t *n_out)
{
    struct pt_key prefix = {0};
    struct pt_head *heads = NULL;
    size_t capacity = 0;
    size_t n = 0;
    enum pt_err err = PT_OK;
    if (subject != NULL) {
        prefix = pt_key_subject(subject);
    }
    struct pt_rows rows = pt_rows_of(txn, PT_TABLE_LOGS, pt_key_bytes(&prefix));
    struct pt_bytes key;
    struct pt_bytes value;
    while (err == PT_OK && pt_rows_next(&rows, &key, &value)) {
        uint64_t number = 0;
        err = pt_key_read_u64(value, &number);
        if (err == PT_OK) {
            err = pt_reserve(&heads, &capacity, n + 1, sizeof *heads);
        }
        if (err == PT_OK) {
            err = pt_logs_head(txn, number, &heads[n]);
            n += err == PT_OK;
        }
    }
    enum pt_err end = pt_rows_end(&rows);
    err = err == PT_OK ? end : err;
    if (err == PT_OK) {
        struct pt_bytes copy = pt_arena_dup(arena, pt_bytes_of(heads, n * sizeof *heads));
        err = copy.data == NULL ? pt_arena_err(arena) : PT_OK;
        memcpy(out, &copy.data, sizeof *out);
        *n_out = n;
    }
    pt_free(heads);
    return err;
}

enum pt_err pt_logs_all(struct pt_txn *txn, struct pt_head **out, size_t *n_out)
{
    struct pt_head *heads = NULL;
    size_t capacity = 0;
    size_t n = 0;
    struct pt_rows rows = pt_rows_of(txn, PT_TABLE_HEADS, (struct pt_bytes){0});
    struct pt_arena scratch;
    struct pt_bytes key;
    struct pt_bytes value;
    enum pt_err err = PT_OK;
    pt_arena_init(&scratch, SIZE_MAX);
    while (err == PT_OK && pt_rows_next(&rows, &key, &value)) {
        uint64_t number = 0;
        err = pt_key_read_u64(key, &number);
        if (err == PT_OK) {
            err = pt_reserve(&heads, &capacity, n + 1, sizeof *heads);
        }
        if (err == PT_OK) {
            err = pt__head_read(value, number, &scratch, &heads[n]);
            n += err == PT_OK;
        }
        pt_arena_reset(&scratch);
    }
    pt_arena_close(&scratch);
    enum pt_err end = pt_rows_end(&rows);
    err = err == PT_OK ? end : err;
    if (err != PT_OK) {
        pt_free(heads);
        return err;
    }
    *out = heads;
    *n_out = n;
    return PT_OK;
}

/* Does a row of CHUNKS lead to a chunk that ends like this? */
static enum pt_err compare_end(struct pt_txn *txn, struct pt_bytes lsn_bytes, uint64_t seq, const struct pt_hash *link,
                               enum pt_stand *out)
{
    struct pt_arena arena;
    struct pt_record record;
    uint64_t lsn = 0;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_key_read_u64(lsn_bytes, &lsn);
    if (err == PT_OK) {
        err = pt_arrival_read(txn, lsn, &arena, &record);
    }
    if (err == PT_OK && record.last_seq == seq && pt_hash_eq(&record.link, link)) {
        *out = record.held ? PT_STAND_HELD : PT_STAND_GOOD;
    }
    pt_arena_close(&arena);
    return err == PT_ENOTFOUND ? PT_OK : err; /* pruned */
}

/* Only a forked log needs the search: elsewhere the last chunk that begins at or before seq is the one. */
static enum pt_err search_end(struct pt_txn *txn, const struct pt_head *head, uint64_t seq, const struct pt_hash *link,
                              enum pt_stand *out)
{
    struct pt_key prefix = pt_key_u64(head->number);
    struct pt_rows rows = pt_rows_of(txn, PT_TABLE_CHUNKS, pt_key_bytes(&prefix));
    struct pt_bytes key;
    struct pt_bytes value;
    enum pt_err err = PT_OK;
    while (err == PT_OK && *out == PT_STAND_NONE && pt_rows_next(&rows, &key, &value)) {
        err = compare_end(txn, value, seq, link, out);
    }
    enum pt_err end = pt_rows_end(&rows);
    return err == PT_OK ? end : err;
}

enum pt_err pt_logs_stand(struct pt_txn *txn, const struct pt_head *head, uint64_t seq, const struct pt_hash *link,
                          enum pt_stand *out)
{
    struct pt_hash first = pt_link_first(&head->log);
    *out = PT_STAND_NONE;
    if (seq == 0 || (seq == head->seq && pt_hash_eq(link, &head->link))) {
        *out = seq > 0 || pt_hash_eq(link, &first) ? PT_STAND_GOOD : PT_STAND_NONE;
        return PT_OK;
    }
    if (head->forked) {
        return search_end(txn, head, seq, link, out);
    }
    struct pt_bytes key;
    struct pt_bytes value;
    struct pt_key after = pt_key_log_seq(head->number, seq + 1); /* shorter than any row of that seq: before them all */
    uint64_t log = 0;
    uint64_t row_seq = 0;
    struct pt_hash row_link;
    enum pt_err err =
        seq > head->seq ? PT_ENOTFOUND : pt_store_last(txn, PT_TABLE_CHUNKS, pt_key_bytes(&after), &key, &value);
    if (err == PT_OK) {
        err = pt_key_read_log_seq_link(key, &log, &row_seq, &row_link);
    }
    if (err == PT_OK && log == head->number) {
        err = compare_end(txn, value, seq, link, out);
    }
    return err == PT_ENOTFOUND ? PT_OK : err;
}

/* Chunks of a log in order, from the one that begins at from_seq: along a branch, or else the chain that came first. */
struct chain {
    struct pt_txn *txn;
    struct pt_arena *arena;
    const struct pt_branch *branch; /* or NULL */
    struct pt_key prefix;
    struct pt_key from;
    struct pt_rows rows;
    struct pt_hash link; /* of the chunk before; the next one must follow it */
    bool any_link;       /* the first one may have any predecessor */
    uint64_t next_seq;
    enum pt_err err;
};

static void chain_open(struct chain *c, struct pt_txn *txn, uint64_t log, uint64_t from_seq, struct pt_arena *arena)
{
    *c = (struct chain){.txn = txn, .arena = arena, .prefix = pt_key_u64(log), .next_seq = from_seq, .any_link = true};
    c->from = pt_key_log_seq(log, from_seq);
    c->rows = pt_rows_from(txn, PT_TABLE_CHUNKS, pt_key_bytes(&c->prefix), pt_key_bytes(&c->from));
}

bool pt__is_on(const struct pt_branch *branch, const struct pt_record *record)
{
    bool past_fork = branch != NULL && record->first_seq >= branch->chunks[0].first_seq;
    return past_fork ? pt_branch_chunk(branch, &record->link) != NULL : !record->held;
}

static bool chain_takes(const struct chain *c, const struct pt_record *record)
{
    bool follows = record->first_seq == c->next_seq && (c->any_link || pt_hash_eq(&record->previous, &c->link));
    return follows && pt__is_on(c->branch, record);
}

static bool chain_next(struct chain *c, struct pt_record *record, uint64_t *lsn)
{
    struct pt_bytes key;
    struct pt_bytes value;
    while (c->err == PT_OK && pt_rows_next(&c->rows, &key, &value)) {
        c->err = pt__indexed_read(c->txn, value, c->arena, record, lsn);
        if (c->err == PT_OK && chain_takes(c, record)) {
            c->next_seq = record->last_seq + 1;
            c->link = record->link;
            c->any_link = false;
            return true;
        }
    }
    return false;
}

static enum pt_err chain_close(struct chain *c)
{
    enum pt_err end = pt_rows_end(&c->rows);
    return c->err == PT_OK ? end : c->err;
}

static enum pt_err run_along(struct pt_txn *txn, const struct pt_head *head, const struct pt_branch *branch,
                             uint64_t from_seq, size_t n_bytes_max, struct pt_arena *arena, struct pt_run *out,
                             uint64_t *last_seq)
{
    struct pt_run run = {.log = head->log, .key = head->key, .first_seq = from_seq};
    size_t n_max = n_bytes_max < PT_RUN_BYTES_MAX ? n_bytes_max : PT_RUN_BYTES_MAX;
    struct pt_bytes *chunks = pt_arena_zalloc(arena, PT_RUN_CHUNKS_MAX, sizeof *chunks);
    if (chunks == NULL) {
        return pt_arena_err(arena);
    }
    struct chain chain;
    struct pt_record record;
    uint64_t lsn;
    uint64_t last = 0;
    size_t n = 0;
    size_t n_bytes = 0;
    chain_open(&chain, txn, head->number, from_seq, arena);
    chain.branch = branch;
    while (n < PT_RUN_CHUNKS_MAX && chain_next(&chain, &record, &lsn)) {
        n_bytes += record.chunk.n;
        if (run.n_chunks > 0 && n_bytes > n_max) {
            break;
        }
        if (n == 0) {
            run.previous = record.previous;
        }
        chunks[n++] = record.chunk;
        if (record.has_signature) {
            run.n_chunks = n;
            run.signature = record.signature;
            last = record.last_seq;
        }
    }
    enum pt_err err = chain_close(&chain);
    if (err == PT_OK && run.n_chunks == 0) {
        err = PT_ENOTFOUND;
    }
    if (err == PT_OK) {
        run.chunks = chunks;
        *out = run;
        *last_seq = last;
    }
    return err;
}

enum pt_err pt_logs_branch_run(struct pt_txn *txn, const struct pt_head *head, const struct pt_branch *branch,
                               uint64_t from_seq, size_t n_bytes_max, struct pt_arena *arena, struct pt_run *out,
                               uint64_t *last_seq)
{
    enum pt_err err = run_along(txn, head, branch, from_seq, n_bytes_max, arena, out, last_seq);
    if (err != PT_ENOTFOUND || branch != NULL || !head->forked || from_seq > head->seq) {
        return err;
    }
    /* What lies before the fork came in a run whose signature lies past it, where all is held: the run ended with a
     * chunk that was parked, and another one that was parked entered before it. */
    struct pt_fork fork;
    enum pt_err found = pt_logs_fork(txn, head, 0, arena, &fork);
    for (size_t i = 0; found == PT_OK && err == PT_ENOTFOUND && i < fork.n; i++) {
        err = run_along(txn, head, &fork.branches[i], from_seq, n_bytes_max, arena, out, last_seq);
    }
    return found == PT_OK ? err : found;
}

enum pt_err pt_logs_run(struct pt_txn *txn, const struct pt_head *head, uint64_t from_seq, size_t n_bytes_max,
                        struct pt_arena *arena, struct pt_run *out, uint64_t *last_seq)
{
    return pt_logs_branch_run(txn, head, NULL, from_seq, n_bytes_max, arena, out, last_seq);
}

/* A growing view: entries and chunks are appended, then moved into the arena. */
struct view_builder {
    struct pt_entry *entries;
    size_t n_entries, entries_capacity;
    struct pt_view_chunk *chunks;
    size_t n_chunks, chunks_capacity;
    bool has_previous;
    struct pt_hash previous;
};

static enum pt_err add_chunk(struct view_builder *b, const struct pt_record *record, struct pt_arena *arena)
{
    struct pt_chunk_header header = {0};
    struct pt_entry *entries = NULL;
    size_t n = (size_t)(record->last_seq - record->first_seq + 1);
    enum pt_err err = pt_chunk_decode(record->chunk, arena, &header, &entries);
    if (err == PT_ENOMEM || (err != PT_OK && arena->exhausted)) {
        return err; /* our memory, not the author's mistake */
    }
    bool readable = err == PT_OK && header.count == n;
    err = pt_reserve(&b->entries, &b->entries_capacity, b->n_entries + n, sizeof *b->entries);
    if (err == PT_OK) {
        err = pt_reserve(&b->chunks, &b->chunks_capacity, b->n_chunks + 1, sizeof *b->chunks);
    }
    if (err != PT_OK) {
        return err;
    }
    for (size_t i = 0; i < n; i++) { /* a body that its author encoded wrongly keeps its place and counts nowhere */
        b->entries[b->n_entries++] = readable ? entries[i] : pt_entry_of(PATUH__ENTRY_KIND__ENTRY_UNKNOWN, 0);
    }
    b->has_previous = b->has_previous || (readable && header.has_previous && b->n_chunks == 0);
    b->previous = b->n_chunks == 0 ? header.previous : b->previous;
    b->chunks[b->n_chunks++] = (struct pt_view_chunk){
        .last_seq = record->last_seq,
        .link = record->link,
        .has_instrument = readable && header.has_instrument,
        .instrument = header.instrument,
        .received_ms = record->received_ms,
    };
    return PT_OK;
}

/* The tail, unless the log went on elsewhere meanwhile (a clone of this store sealed first): its numbers are taken. */
static enum pt_err add_tail(struct pt_txn *txn, const struct pt_head *head, struct view_builder *b,
                            struct pt_arena *arena, struct pt_view *view)
{
    struct pt__tail tail;
    enum pt_err err = pt__tail_read(txn, head, arena, &tail);
    if (err != PT_OK || tail.n == 0 || tail.first_seq != b->n_entries + 1) {
        return err;
    }
    err = pt_reserve(&b->entries, &b->entries_capacity, b->n_entries + tail.n, sizeof *b->entries);
    if (err == PT_OK) {
        memcpy(b->entries + b->n_entries, tail.entries, tail.n * sizeof *tail.entries);
        b->n_entries += tail.n;
        view->tail_instrument = tail.instrument;
    }
    return err;
}

static enum pt_err move_into(const struct view_builder *b, struct pt_arena *arena, struct pt_view_branch *out)
{
    struct pt_bytes entries = pt_arena_dup(arena, pt_bytes_of(b->entries, b->n_entries * sizeof *b->entries));
    struct pt_bytes chunks = pt_arena_dup(arena, pt_bytes_of(b->chunks, b->n_chunks * sizeof *b->chunks));
    if (entries.data == NULL || chunks.data == NULL) {
        return pt_arena_err(arena);
    }
    memcpy(&out->entries, &entries.data, sizeof out->entries);
    memcpy(&out->chunks, &chunks.data, sizeof out->chunks);
    out->n_entries = b->n_entries;
    out->n_chunks = b->n_chunks;
    return PT_OK;
}

static enum pt_err read_branch(struct pt_txn *txn, const struct pt_branch *branch, struct pt_arena *arena,
                               struct pt_view_branch *out)
{
    struct view_builder b = {0};
    enum pt_err err = PT_OK;
    for (size_t i = 0; i < branch->n_chunks && err == PT_OK; i++) {
        struct pt_record record;
        err = pt_arrival_read(txn, branch->chunks[i].lsn, arena, &record);
        if (err == PT_OK) {
            err = add_chunk(&b, &record, arena);
        }
    }
    if (err == PT_OK) {
        err = move_into(&b, arena, out);
    }
    pt_free(b.entries);
    pt_free(b.chunks);
    return err;
}

static enum pt_err read_branches(struct pt_txn *txn, const struct pt_fork *fork, struct pt_arena *arena,
                                 struct pt_view *view)
{
    view->forked = true;
    view->fork_seq = fork->seq;
    view->n_branches = fork->n;
    view->branches = pt_arena_zalloc(arena, fork->n, sizeof *view->branches);
    enum pt_err err = view->branches == NULL ? pt_arena_err(arena) : PT_OK;
    for (size_t i = 0; i < fork->n && err == PT_OK; i++) {
        err = read_branch(txn, &fork->branches[i], arena, &view->branches[i]);
    }
    return err;
}

/* Up to a fork, and no further than an LSN. */
static enum pt_err read_trunk(struct pt_txn *txn, const struct pt_head *head, const struct pt_fork *fork,
                              uint64_t upto_lsn, struct view_builder *b, struct pt_arena *arena)
{
    struct chain chain;
    struct pt_record record;
    uint64_t lsn;
    uint64_t last_seq = fork->n > 0 ? fork->seq : UINT64_MAX;
    enum pt_err err = PT_OK;
    chain_open(&chain, txn, head->number, 1, arena);
    while (err == PT_OK && chain_next(&chain, &record, &lsn)) {
        if (record.last_seq > last_seq || (upto_lsn != 0 && lsn > upto_lsn)) {
            break;
        }
        err = add_chunk(b, &record, arena);
    }
    enum pt_err end = chain_close(&chain);
    return err == PT_OK ? end : err;
}

enum pt_err pt_logs_view(struct pt_txn *txn, const struct pt_head *head, uint64_t upto_lsn, bool with_tail,
                         struct pt_arena *arena, struct pt_view *out)
{
    struct pt_view view = {.log = head->log};
    struct view_builder b = {0};
    struct pt_view_branch counted = {0};
    struct pt_fork fork;
    memcpy(view.public_key, head->key.b, sizeof view.public_key);
    enum pt_err err = pt_logs_fork(txn, head, upto_lsn, arena, &fork);
    if (err == PT_OK) {
        err = read_trunk(txn, head, &fork, upto_lsn, &b, arena);
    }
    if (err == PT_OK && with_tail && head->tail_seq > 0) {
        err = add_tail(txn, head, &b, arena, &view);
    }
    if (err == PT_OK) {
        err = move_into(&b, arena, &counted);
    }
    if (err == PT_OK && fork.n > 0) {
        err = read_branches(txn, &fork, arena, &view);
    }
    if (err == PT_OK) {
        view.entries = counted.entries;
        view.n_entries = counted.n_entries;
        view.chunks = counted.chunks;
        view.n_chunks = counted.n_chunks;
        view.has_previous = b.has_previous;
        view.previous = b.previous;
        *out = view;
    }
    pt_free(b.entries);
    pt_free(b.chunks);
    return err;
}

enum pt_err pt_logs_views(struct pt_txn *txn, const struct pt_subject *subject, uint64_t upto_lsn, bool with_tail,
                          struct pt_arena *arena, struct pt_view **out, size_t *n_out)
{
    struct pt_head *heads;
    size_t n = 0;
    enum pt_err err = pt_logs_list(txn, subject, arena, &heads, &n);
    struct pt_view *views = err == PT_OK ? pt_arena_zalloc(arena, n, sizeof *views) : NULL;
    if (err == PT_OK && views == NULL) {
        err = pt_arena_err(arena);
    }
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        err = pt_logs_view(txn, &heads[i], upto_lsn, with_tail, arena, &views[i]);
    }
    if (err == PT_OK) {
        *out = views;
        *n_out = n;
    }
    return err;
}
