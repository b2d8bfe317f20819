/* world_check.c - the promises: what was receipted stays, chains verify, nobody's words are changed. */
#include "support/world.h"

#include "base/check.h"
#include "base/mem.h"
#include "core/log/branches.h"
#include "core/store/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRACE_SHOWN (16 * 1024)

void world_failed(struct world *w, const char *what)
{
    size_t from = w->trace.n > TRACE_SHOWN ? w->trace.n - TRACE_SHOWN : 0;
    if (w->failed != NULL) {
        w->failed(w, what);
    }
    (void)fprintf(stderr, "%s\nworld of seed %llu after %zu steps: %s\n", pt_buf_text(&w->trace) + from,
                  (unsigned long long)w->seed, w->n_steps, what);
    abort();
}

void world_expect(struct world *w, bool good, const char *what)
{
    if (!good) {
        world_failed(w, what);
    }
}

static struct pt_txn *reader(const struct world_node *node)
{
    struct pt_txn *txn = NULL;
    PT_CHECK(pt_store_begin_read(node->store, &txn) == PT_OK);
    return txn;
}

/* --- a set of hashes: open addressing, at most half full --- */

static size_t slot_of(const struct world_set *set, const struct pt_hash *hash)
{
    static const struct pt_hash none = {0};
    uint64_t first;
    memcpy(&first, hash->b, sizeof first);
    size_t at = (size_t)first & (set->capacity - 1);
    while (!pt_hash_eq(&set->slots[at], &none) && !pt_hash_eq(&set->slots[at], hash)) {
        at = (at + 1) & (set->capacity - 1);
    }
    return at;
}

void world_set_add(struct world_set *set, const struct pt_hash *hash)
{
    if (2 * (set->n + 1) > set->capacity) {
        struct world_set larger = {.capacity = set->capacity == 0 ? 64 : 2 * set->capacity};
        larger.slots = pt_zalloc(larger.capacity * sizeof *larger.slots);
        PT_CHECK(larger.slots != NULL);
        for (size_t i = 0; i < set->capacity; i++) {
            larger.slots[slot_of(&larger, &set->slots[i])] = set->slots[i];
        }
        larger.n = set->n;
        pt_free(set->slots);
        *set = larger;
    }
    size_t at = slot_of(set, hash);
    set->n += !pt_hash_eq(&set->slots[at], hash);
    set->slots[at] = *hash;
}

bool world_set_has(const struct world_set *set, const struct pt_hash *hash)
{
    return set->capacity > 0 && pt_hash_eq(&set->slots[slot_of(set, hash)], hash);
}

void world_set_free(struct world_set *set)
{
    pt_free(set->slots);
    *set = (struct world_set){0};
}

/* --- what authors wrote --- */

void world_note_written(struct world_node *node, uint64_t after_lsn)
{
    struct pt_txn *txn = reader(node);
    struct pt_arena arena;
    struct pt_record record;
    pt_arena_init(&arena, SIZE_MAX);
    while (pt_arrival_read(txn, ++after_lsn, &arena, &record) == PT_OK) {
        world_set_add(&node->world->written, &record.link);
    }
    pt_arena_close(&arena);
    pt_store_abort(txn);
}

/* --- what offices signed --- */

static struct world_promise *promise_for(struct world *w, const struct world_node *office,
                                         const struct pt_receipt_log *log)
{
    for (size_t i = 0; i < w->n_promises; i++) {
        struct world_promise *p = &w->promises[i];
        bool same = p->log.held == log->held && (!log->held || pt_hash_eq(&p->log.link, &log->link));
        if (p->office == office && same && pt_log_id_eq(&p->log.log, &log->log)) {
            return p;
        }
    }
    return NULL;
}

/* Where a chunk begins and ends. */
struct span {
    uint64_t first_seq, last_seq;
    struct pt_hash previous, link;
};

static struct span *spans_of(struct pt_txn *txn, uint64_t log, struct pt_arena *arena, size_t *n_out)
{
    struct pt_bytes key;
    struct pt_bytes value;
    size_t n = 0;
    struct span *spans = NULL;
    struct pt_key prefix = pt_key_u64(log);
    for (int pass = 0; pass < 2; pass++) {
        struct pt_rows rows = pt_rows_of(txn, PT_TABLE_CHUNKS, pt_key_bytes(&prefix));
        for (n = 0; pt_rows_next(&rows, &key, &value); n++) {
            uint64_t lsn;
            struct pt_record record;
            if (pass == 0) {
                continue;
            }
            PT_CHECK(pt_key_read_u64(value, &lsn) == PT_OK && pt_arrival_read(txn, lsn, arena, &record) == PT_OK);
            spans[n] = (struct span){record.first_seq, record.last_seq, record.previous, record.link};
        }
        PT_CHECK(pt_rows_end(&rows) == PT_OK);
        if (pass == 0) {
            spans = pt_arena_zalloc(arena, n + 1, sizeof *spans);
            PT_CHECK(spans != NULL);
        }
    }
    *n_out = n;
    return spans;
}

/* Do the spans lead from the first chunk of the log to the one that ends here? */
static bool leads_to(const struct span *spans, size_t n, const struct pt_log_id *log, uint64_t seq,
                     const struct pt_hash *end)
{
    struct pt_hash link = *end;
    struct pt_hash first = pt_link_first(log);
    for (size_t i = n; i > 0; i--) { /* in the order of first_seq: one walk back finds all of one branch */
        if (spans[i - 1].last_seq == seq && pt_hash_eq(&spans[i - 1].link, &link)) {
            seq = spans[i - 1].first_seq - 1;
            link = spans[i - 1].previous;
        }
    }
    return seq == 0 && pt_hash_eq(&link, &first);
}

/* Is the chunk that ends here stored at the node, and everything before it from the first chunk on? */
static bool is_connected(struct pt_txn *txn, const struct pt_receipt_log *log)
{
    struct pt_head head;
    struct pt_arena arena;
    size_t n = 0;
    if (pt_logs_find(txn, &log->log, &head) != PT_OK) {
        return false;
    }
    pt_arena_init(&arena, SIZE_MAX);
    struct span *spans = spans_of(txn, head.number, &arena, &n);
    bool connected = leads_to(spans, n, &log->log, log->seq, &log->link);
    pt_arena_close(&arena);
    return connected;
}

static bool node_has(struct pt_store *store, const struct pt_receipt_log *log)
{
    struct pt_txn *txn = NULL;
    PT_CHECK(pt_store_begin_read(store, &txn) == PT_OK);
    bool has = is_connected(txn, log);
    pt_store_abort(txn);
    return has;
}

/* Does anybody have it, were one node's store another one? */
static bool somebody_has(struct world *w, const struct pt_receipt_log *log, const struct world_node *node,
                         struct pt_store *instead)
{
    for (size_t i = 0; i < w->n_nodes; i++) {
        if (node_has(&w->node[i] == node ? instead : w->node[i].store, log)) {
            return true;
        }
    }
    return false;
}

bool world_can_lose(struct world_node *node, struct pt_store *instead)
{
    struct world *w = node->world;
    for (size_t i = 0; i < w->n_promises; i++) {
        const struct world_promise *p = &w->promises[i];
        if (!node_has(instead, &p->log) && node_has(node->store, &p->log) && !somebody_has(w, &p->log, node, instead)) {
            return false;
        }
    }
    return true;
}

void world_check_elsewhere(struct world_node *office)
{
    struct world *w = office->world;
    for (size_t i = 0; i < w->n_promises; i++) {
        struct world_promise *p = &w->promises[i];
        if (p->office == office && !node_has(office->store, &p->log)) {
            world_expect(w, somebody_has(w, &p->log, NULL, NULL), "a receipted chunk is nowhere");
            p->elsewhere = true;
        }
    }
}

void world_check_promises(struct world *w)
{
    for (size_t i = 0; i < w->n_promises; i++) {
        const struct world_promise *p = &w->promises[i];
        bool kept = node_has(p->office->store, &p->log);
        if (!kept) {
            world_trace(w, "node %zu has receipted %s of author %02x%02x, incarnation %llx, up to %llu, held %d\n",
                        world_number(p->office), p->log.log.subject.text, p->log.log.author.b[0],
                        p->log.log.author.b[1], (unsigned long long)p->log.log.incarnation,
                        (unsigned long long)p->log.seq, p->log.held);
        }
        world_expect(w, kept, "a receipted chunk is lost");
    }
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
    world_expect(w, err == PT_OK && receipt.tier == office->tier, "a receipt that cannot be read");
    struct pt_txn *txn = reader(office);
    for (size_t i = 0; i < receipt.n_logs; i++) {
        world_expect(w, is_connected(txn, &receipt.logs[i]), "a receipt for what is not durable and connected");
        struct world_promise *p = promise_for(w, office, &receipt.logs[i]);
        if (p == NULL) {
            PT_CHECK(pt_reserve(&w->promises, &w->promises_capacity, w->n_promises + 1, sizeof *w->promises) == PT_OK);
            p = &w->promises[w->n_promises++];
            *p = (struct world_promise){.office = office, .log = receipt.logs[i]};
        }
        if (receipt.logs[i].seq >= p->log.seq && !p->elsewhere) {
            p->log = receipt.logs[i];
        }
    }
    for (size_t i = 0; i < receipt.n_blobs; i++) {
        world_expect(w, world_blob_is_durable(office, &receipt.blobs[i]), "a receipt for a blob that is not there");
    }
    pt_store_abort(txn);
    pt_arena_close(&arena);
}

/* --- what lies in a store --- */

/* The good chain of a log from its first chunk ends at its head, and each piece is signed. */
static void check_chain(struct world *w, struct pt_txn *txn, const struct pt_head *head)
{
    struct pt_arena arena;
    struct pt_hash link = pt_link_first(&head->log);
    uint64_t seq = 0;
    pt_arena_init(&arena, SIZE_MAX);
    if (head->pruned) { /* only its end is known */
        seq = head->seq;
        link = head->link;
    }
    while (seq < head->seq) {
        struct pt_run run;
        struct pt_checked_run checked;
        uint64_t last = 0;
        world_expect(w, pt_logs_run(txn, head, seq + 1, 4096, &arena, &run, &last) == PT_OK, "a log with a hole");
        world_expect(w, pt_hash_eq(&run.previous, &link), "a log that does not continue");
        world_expect(w, pt_run_check(&run, &arena, &checked) == PT_OK, "a log that does not verify");
        for (size_t i = 0; i < run.n_chunks && seq < head->seq; i++) { /* a forked log goes on past its head */
            link = checked.links[i];
            seq = checked.last_seqs[i];
        }
    }
    world_expect(w, seq == head->seq && pt_hash_eq(&link, &head->link), "a head that is not the end of its chain");
    pt_arena_close(&arena);
}

void world_check_node(struct world_node *node)
{
    struct world *w = node->world;
    struct pt_arena arena;
    struct pt_head *heads;
    size_t n = 0;
    if (w->blind) {
        return;
    }
    struct pt_txn *txn = reader(node);
    pt_arena_init(&arena, SIZE_MAX);
    PT_CHECK(pt_logs_list(txn, NULL, &arena, &heads, &n) == PT_OK);
    for (size_t i = 0; i < n; i++) {
        check_chain(w, txn, &heads[i]);
    }
    for (size_t i = 0; i < w->n_promises; i++) {
        struct world_promise *p = &w->promises[i];
        if (p->office == node) {
            bool kept = is_connected(txn, &p->log);
            world_expect(w, kept || p->elsewhere, "a receipted chunk is lost");
            p->elsewhere = !kept;
        }
    }
    pt_store_abort(txn);
    pt_arena_close(&arena);
}

/* One log, without its signatures: whole as far as its head says, and everything of it that this office receipted. */
static void check_log(struct world_node *node, struct pt_txn *txn, const struct pt_head *head)
{
    struct world *w = node->world;
    struct pt_arena arena;
    size_t n;
    pt_arena_init(&arena, SIZE_MAX);
    struct span *spans = spans_of(txn, head->number, &arena, &n);
    bool whole = head->pruned ? n == 0 : leads_to(spans, n, &head->log, head->seq, &head->link);
    world_expect(w, whole, "a log with a hole");
    for (size_t i = 0; i < w->n_promises; i++) {
        struct world_promise *p = &w->promises[i];
        if (p->office == node && pt_log_id_eq(&p->log.log, &head->log)) {
            bool kept = leads_to(spans, n, &head->log, p->log.seq, &p->log.link);
            world_expect(w, kept || p->elsewhere, "a receipted chunk is lost");
            p->elsewhere = !kept;
        }
    }
    pt_arena_close(&arena);
}

/* The chunk is its author's, follows its chain, and is new. */
static void check_chunk(struct world_node *node, const struct pt_record *record)
{
    struct world *w = node->world;
    struct pt_hash link = pt_link_next(&record->previous, record->chunk);
    world_expect(w, pt_hash_eq(&link, &record->link), "a chunk whose link does not follow");
    world_expect(w, world_set_has(&w->written, &link), "a chunk that its author did not write");
    world_expect(w, !world_set_has(&node->there, &link), "a chunk that is there twice");
    world_set_add(&node->there, &link);
}

/* Logs are numbered from 1: each has its turn, also those that nothing comes to any more. */
static void check_next_log(struct world_node *node, struct pt_txn *txn)
{
    struct pt_head head;
    if (pt_logs_head(txn, ++node->checked_log, &head) == PT_OK) {
        check_log(node, txn, &head);
    } else {
        node->checked_log = 0;
    }
}

static void check_grown(struct world_node *node, struct pt_txn *txn, uint64_t number)
{
    struct world *w = node->world;
    struct pt_head head;
    PT_CHECK(pt_logs_head(txn, number, &head) == PT_OK);
    check_log(node, txn, &head);
    if (w->stored != NULL) {
        w->stored(w, node, &head.log);
    }
}

/* The next arrival that is there and was not looked at: what was pruned leaves holes. */
static bool next_arrival(struct world_node *node, struct pt_txn *txn, struct pt_arena *arena, struct pt_record *record)
{
    uint64_t last;
    struct pt_hash hash;
    PT_CHECK(pt_arrival_last(txn, &last, &hash) == PT_OK);
    while (node->checked_lsn < last) {
        enum pt_err err = pt_arrival_read(txn, ++node->checked_lsn, arena, record);
        PT_CHECK(err == PT_OK || err == PT_ENOTFOUND);
        if (err == PT_OK && record->chunk.n > 0) {
            return true;
        }
    }
    return false;
}

void world_check_new(struct world_node *node)
{
    struct pt_arena arena;
    struct pt_record record;
    uint64_t last = 0; /* neighbours are often of one log */
    if (node->world->blind) {
        return;
    }
    struct pt_txn *txn = reader(node);
    pt_arena_init(&arena, SIZE_MAX);
    while (next_arrival(node, txn, &arena, &record)) {
        check_chunk(node, &record);
        if (last != 0 && last != record.log) {
            check_grown(node, txn, last);
        }
        last = record.log;
    }
    if (last != 0) {
        check_grown(node, txn, last);
    }
    check_next_log(node, txn);
    pt_arena_close(&arena);
    pt_store_abort(txn);
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
                                    enum pt_tier tier)
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

static bool same_fork(struct pt_txn *here, struct pt_txn *there, const struct pt_head *a, const struct pt_head *b)
{
    struct pt_arena arena;
    struct pt_fork x;
    struct pt_fork y;
    pt_arena_init(&arena, SIZE_MAX);
    PT_CHECK(pt_logs_fork(here, a, 0, &arena, &x) == PT_OK && pt_logs_fork(there, b, 0, &arena, &y) == PT_OK);
    bool same = x.n == y.n;
    for (size_t i = 0; i < x.n && same; i++) {
        same = x.branches[i].seq == y.branches[i].seq && pt_hash_eq(&x.branches[i].link, &y.branches[i].link);
    }
    pt_arena_close(&arena);
    return same;
}

static bool is_same(struct pt_txn *here, struct pt_txn *there, const struct pt_head *head)
{
    struct pt_head other;
    enum pt_err err = pt_logs_find(there, &head->log, &other);
    if (head->seq == 0 && !head->forked) {
        return true;
    }
    return err == PT_OK && other.seq == head->seq && pt_hash_eq(&other.link, &head->link) &&
           same_fork(here, there, head, &other);
}

/* What counts, and the end of every branch. */
static bool is_receipted(struct pt_txn *txn, const struct pt_head *head, enum pt_tier tier)
{
    struct pt_arena arena;
    struct pt_fork fork;
    struct pt_receipted receipted;
    pt_arena_init(&arena, SIZE_MAX);
    PT_CHECK(pt_receipted(txn, head, tier, &arena, &receipted) == PT_OK);
    PT_CHECK(pt_logs_fork(txn, head, 0, &arena, &fork) == PT_OK);
    bool all = receipted.seq == head->seq && (head->seq == 0 || pt_hash_eq(&receipted.link, &head->link));
    for (size_t i = 0; i < fork.n && all; i++) {
        PT_CHECK(pt_receipted_held(txn, head, tier, &fork.branches[i].link, &arena, &receipted) == PT_OK);
        all = receipted.seq == fork.branches[i].seq;
    }
    pt_arena_close(&arena);
    return all;
}

/* What two nodes do not agree on, for whoever looks for the reason. */
static void trace_difference(const struct world_node *from, const struct world_node *to, struct pt_txn *there,
                             const struct pt_head *head, const struct pt_receipted *receipted)
{
    struct pt_head other = {0};
    (void)pt_logs_find(there, &head->log, &other);
    world_trace(from->world,
                "node %zu has %s of author %02x%02x, incarnation %llx, up to %llu (fork %d, held %llu), node %zu up to "
                "%llu (fork %d, held %llu), receipted %llu\n",
                world_number(from), head->log.subject.text, head->log.author.b[0], head->log.author.b[1],
                (unsigned long long)head->log.incarnation, (unsigned long long)head->seq, head->forked,
                (unsigned long long)head->held_seq, world_number(to), (unsigned long long)other.seq, other.forked,
                (unsigned long long)other.held_seq, (unsigned long long)receipted->seq);
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
        bool goes = (heads[i].seq > 0 || heads[i].forked) && scope->has(scope->data, &heads[i].log) &&
                    scope->is_up(scope->data, &heads[i].log) == up;
        struct pt_receipted receipted = {0};
        same = !goes || (is_same(here, there, &heads[i]) && (!up || is_receipted(here, &heads[i], to->tier)));
        if (!same) {
            PT_CHECK(pt_receipted(here, &heads[i], to->tier, &arena, &receipted) == PT_OK);
            trace_difference(from, to, there, &heads[i], &receipted);
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
