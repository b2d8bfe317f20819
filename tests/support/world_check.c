/* world_check.c - the promises: what was receipted stays, chains verify, nobody's words are changed. */
#include "support/world.h"

#include "base/check.h"
#include "base/mem.h"
#include "core/store/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRACE_SHOWN (16 * 1024)

void world_failed(struct world *w, const char *what)
{
    size_t from = w->trace.n > TRACE_SHOWN ? w->trace.n - TRACE_SHOWN : 0;
    (void)fprintf(stderr, "%s\nworld of seed %llu after %zu steps: %s\n", pt_buf_text(&w->trace) + from,
                  (unsigned long long)w->seed, w->n_steps, what);
    abort();
}

static void expect(struct world *w, bool good, const char *what)
{
    if (!good) {
        world_failed(w, what);
    }
}

static struct pt_txn *reader(const struct world_node *node)
{
    struct pt_txn *txn = NULL;
    PT_CHECK(pt_store_begin(node->store, false, &txn) == PT_OK);
    return txn;
}

/* --- what authors wrote --- */

static int compare_hashes(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct pt_hash));
}

void world_note_written(struct world_node *node, uint64_t after_lsn)
{
    struct world *w = node->world;
    struct pt_txn *txn = reader(node);
    struct pt_arena arena;
    struct pt_record record;
    pt_arena_init(&arena, SIZE_MAX);
    while (pt_arrival_read(txn, ++after_lsn, &arena, &record) == PT_OK) {
        PT_CHECK(pt_reserve(&w->written, &w->written_capacity, w->n_written + 1, sizeof *w->written) == PT_OK);
        w->written[w->n_written++] = record.link;
    }
    qsort(w->written, w->n_written, sizeof *w->written, compare_hashes);
    pt_arena_close(&arena);
    pt_store_abort(txn);
}

static bool was_written(const struct world *w, const struct pt_hash *link)
{
    return w->n_written > 0 && bsearch(link, w->written, w->n_written, sizeof *w->written, compare_hashes) != NULL;
}

/* --- what offices signed --- */

static struct world_promise *promise_for(struct world *w, const struct world_node *office,
                                         const struct pt_receipt_log *log)
{
    for (size_t i = 0; i < w->n_promises; i++) {
        struct world_promise *p = &w->promises[i];
        if (p->office == office && p->log.held == log->held && pt_log_id_eq(&p->log.log, &log->log)) {
            return p;
        }
    }
    return NULL;
}

/* Is the chunk that ends with this link durable at the node? */
static bool has_link(struct pt_txn *txn, const struct pt_receipt_log *log)
{
    struct pt_head head;
    struct pt_arena arena;
    struct pt_bytes key;
    struct pt_bytes value;
    bool found = false;
    if (pt_logs_find(txn, &log->log, &head) != PT_OK) {
        return false;
    }
    struct pt_key prefix = pt_key_u64(head.number);
    struct pt_rows rows = pt_rows_of(txn, PT_TABLE_CHUNKS, pt_key_bytes(&prefix));
    pt_arena_init(&arena, SIZE_MAX);
    while (!found && pt_rows_next(&rows, &key, &value)) {
        uint64_t lsn;
        struct pt_record record;
        PT_CHECK(pt_key_read_u64(value, &lsn) == PT_OK && pt_arrival_read(txn, lsn, &arena, &record) == PT_OK);
        found = record.last_seq == log->seq && pt_hash_eq(&record.link, &log->link);
    }
    PT_CHECK(pt_rows_end(&rows) == PT_OK);
    pt_arena_close(&arena);
    return found;
}

void world_note_receipt(struct world_node *office, struct pt_bytes body, const struct pt_signature *signature)
{
    struct world *w = office->world;
    struct pt_arena arena;
    struct pt_receipt receipt;
    if (w->blind) {
        return;
    }
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_receipt_read(body, signature, &office->key, &arena, &receipt);
    if (err == PT_ESIGNATURE) { /* one of the office above that rides along */
        pt_arena_close(&arena);
        return;
    }
    expect(w, err == PT_OK && receipt.tier == office->tier, "a receipt that cannot be read");
    struct pt_txn *txn = reader(office);
    for (size_t i = 0; i < receipt.n_logs; i++) {
        expect(w, has_link(txn, &receipt.logs[i]), "a receipt for what is not durable");
        struct world_promise *p = promise_for(w, office, &receipt.logs[i]);
        if (p == NULL) {
            PT_CHECK(pt_reserve(&w->promises, &w->promises_capacity, w->n_promises + 1, sizeof *w->promises) == PT_OK);
            p = &w->promises[w->n_promises++];
            *p = (struct world_promise){.office = office, .log = receipt.logs[i]};
        }
        if (receipt.logs[i].seq >= p->log.seq) {
            p->log = receipt.logs[i];
        }
    }
    pt_store_abort(txn);
    pt_arena_close(&arena);
}

/* --- what lies in a store --- */

static void check_arrivals(struct world *w, struct pt_txn *txn)
{
    struct pt_arena arena;
    struct pt_record record;
    uint64_t lsn = 0;
    pt_arena_init(&arena, SIZE_MAX);
    while (pt_arrival_read(txn, ++lsn, &arena, &record) == PT_OK) {
        struct pt_hash link = pt_link_next(&record.previous, record.chunk);
        expect(w, pt_hash_eq(&link, &record.link), "a chunk whose link does not follow");
        expect(w, was_written(w, &link), "a chunk that its author did not write");
    }
    pt_arena_close(&arena);
}

/* The good chain of a log from its first chunk ends at its head, and each piece is signed. */
static void check_chain(struct world *w, struct pt_txn *txn, const struct pt_head *head)
{
    struct pt_arena arena;
    struct pt_hash link = pt_link_first(&head->log);
    uint64_t seq = 0;
    pt_arena_init(&arena, SIZE_MAX);
    while (seq < head->seq) {
        struct pt_run run;
        struct pt_checked_run checked;
        uint64_t last = 0;
        expect(w, pt_logs_run(txn, head, seq + 1, 4096, &arena, &run, &last) == PT_OK, "a log with a hole");
        expect(w, pt_hash_eq(&run.previous, &link), "a log that does not continue");
        expect(w, pt_run_check(&run, &arena, &checked) == PT_OK, "a log that does not verify");
        for (size_t i = 0; i < run.n_chunks && seq < head->seq; i++) { /* a forked log goes on past its head */
            link = checked.links[i];
            seq = checked.last_seqs[i];
        }
    }
    expect(w, seq == head->seq && pt_hash_eq(&link, &head->link), "a head that is not the end of its chain");
    pt_arena_close(&arena);
}

void world_check_node(struct world_node *node)
{
    struct world *w = node->world;
    struct pt_arena arena;
    struct pt_head *heads;
    size_t n = 0;
    if (w->quick || w->blind) {
        return;
    }
    struct pt_txn *txn = reader(node);
    pt_arena_init(&arena, SIZE_MAX);
    PT_CHECK(pt_logs_list(txn, NULL, &arena, &heads, &n) == PT_OK);
    for (size_t i = 0; i < n; i++) {
        check_chain(w, txn, &heads[i]);
    }
    check_arrivals(w, txn);
    for (size_t i = 0; i < w->n_promises; i++) {
        expect(w, w->promises[i].office != node || has_link(txn, &w->promises[i].log), "a receipted chunk is lost");
    }
    pt_store_abort(txn);
    pt_arena_close(&arena);
}

/* --- asking --- */

static struct pt_log_id log_of(const struct world_node *author, const char *subject)
{
    struct pt_log_id id = {.author = author->author, .incarnation = author->incarnation};
    PT_CHECK(pt_subject_read(pt_bytes_str(subject), &id.subject) == PT_OK);
    return id;
}

struct pt_head world_head(const struct world_node *node, const struct world_node *author, const char *subject)
{
    struct pt_log_id id = log_of(author, subject);
    struct pt_head head = {0};
    struct pt_txn *txn = reader(node);
    enum pt_err err = pt_logs_find(txn, &id, &head);
    PT_CHECK(err == PT_OK || err == PT_ENOTFOUND);
    pt_store_abort(txn);
    return head;
}

struct pt_receipted world_receipted(const struct world_node *node, const struct world_node *author, const char *subject,
                                    uint8_t tier)
{
    struct pt_head head = world_head(node, author, subject);
    struct pt_receipted out = {0};
    struct pt_arena arena;
    struct pt_txn *txn = reader(node);
    pt_arena_init(&arena, SIZE_MAX);
    PT_CHECK(head.number == 0 || pt_receipted(txn, &head, tier, &arena, &out) == PT_OK);
    pt_store_abort(txn);
    pt_arena_close(&arena);
    out.body = (struct pt_bytes){0};
    return out;
}

size_t world_count(const struct world_node *node, enum pt_table table)
{
    struct pt_bytes key;
    struct pt_bytes value;
    size_t n = 0;
    struct pt_txn *txn = reader(node);
    struct pt_rows rows = pt_rows_of(txn, table, (struct pt_bytes){0});
    while (pt_rows_next(&rows, &key, &value)) {
        n++;
    }
    PT_CHECK(pt_rows_end(&rows) == PT_OK);
    pt_store_abort(txn);
    return n;
}

static bool is_same(struct pt_txn *txn, const struct pt_head *head)
{
    struct pt_head other;
    enum pt_err err = pt_logs_find(txn, &head->log, &other);
    return head->seq == 0 || (err == PT_OK && other.seq == head->seq && pt_hash_eq(&other.link, &head->link));
}

/* Everything of `from` that the scope holds, up or down, is at `to` as well. */
static bool has_all(const struct world_node *from, const struct world_node *to, const struct pt_scope *scope, bool up)
{
    struct pt_arena arena;
    struct pt_head *heads;
    size_t n = 0;
    struct pt_txn *here = reader(from);
    struct pt_txn *there = reader(to);
    bool same = true;
    pt_arena_init(&arena, SIZE_MAX);
    PT_CHECK(pt_logs_list(here, NULL, &arena, &heads, &n) == PT_OK);
    for (size_t i = 0; i < n && same; i++) {
        bool goes = scope->has(scope->data, &heads[i].log) && scope->is_up(scope->data, &heads[i].log) == up;
        same = !goes || is_same(there, &heads[i]);
        if (goes && up && same) {
            struct pt_receipted receipted;
            PT_CHECK(pt_receipted(here, &heads[i], (uint8_t)to->tier, &arena, &receipted) == PT_OK);
            same = receipted.seq == heads[i].seq && pt_hash_eq(&receipted.link, &heads[i].link);
        }
    }
    pt_arena_close(&arena);
    pt_store_abort(here);
    pt_store_abort(there);
    return same;
}

bool world_is_converged(struct world_node *lower, struct world_node *upper)
{
    struct pt_scope scope = world_scope(lower, true);
    return has_all(lower, upper, &scope, true) && has_all(upper, lower, &scope, false);
}
