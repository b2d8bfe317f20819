/* orders.c - after every step: what it has changed is looked at, and has to be the same from the same chunks in any
 * other order of arrival. */
#include "sim.h"

#include "base/check.h"
#include "base/mem.h"
#include "core/store/keys.h"

enum { PIECES_MAX = 1024 }; /* of one assessment and the offices */

/* Chunks that travel together. Their links were computed anew when they arrived, and signatures are verified where
 * whole stores are looked at. */
struct piece {
    struct pt_run run;
    struct pt_checked_run checked;
};

/* All chunks of one log, in the order of their first entries. */
static void add_records(struct pt_txn *txn, const struct pt_head *head, struct pt_arena *arena,
                        struct pt_record *records, size_t *n)
{
    struct pt_bytes key;
    struct pt_bytes value;
    struct pt_key prefix = pt_key_u64(head->number);
    struct pt_rows rows = pt_rows_of(txn, PT_TABLE_CHUNKS, pt_key_bytes(&prefix));
    while (pt_rows_next(&rows, &key, &value)) {
        uint64_t lsn;
        PT_CHECK(*n < PIECES_MAX && pt_key_read_u64(value, &lsn) == PT_OK);
        PT_CHECK(pt_arrival_read(txn, lsn, arena, &records[(*n)++]) == PT_OK);
    }
    PT_CHECK(pt_rows_end(&rows) == PT_OK);
}

/* The chunk before this one, when the same signature covers both. */
static const struct pt_record *before_in_piece(const struct pt_record *records, size_t n, const struct pt_record *of)
{
    for (size_t i = 0; i < n; i++) {
        if (!records[i].has_signature && pt_hash_eq(&records[i].link, &of->previous)) {
            return &records[i];
        }
    }
    return NULL;
}

/* The chunks up to a signed one, back to the signature before. */
static void make_piece(const struct pt_head *head, const struct pt_record *records, size_t n,
                       const struct pt_record *signed_one, struct pt_arena *arena, struct piece *out)
{
    size_t n_chunks = 1;
    const struct pt_record *first = signed_one;
    for (const struct pt_record *at = first; (at = before_in_piece(records, n, at)) != NULL; n_chunks++) {
        first = at;
    }
    struct pt_bytes *chunks = pt_arena_zalloc(arena, n_chunks, sizeof *chunks);
    struct pt_hash *links = pt_arena_zalloc(arena, n_chunks, sizeof *links);
    uint64_t *last_seqs = pt_arena_zalloc(arena, n_chunks, sizeof *last_seqs);
    const struct pt_record *at = signed_one;
    PT_CHECK(chunks != NULL && links != NULL && last_seqs != NULL);
    for (size_t i = n_chunks; i > 0; i--) {
        chunks[i - 1] = at->chunk;
        links[i - 1] = at->link;
        last_seqs[i - 1] = at->last_seq;
        at = i > 1 ? before_in_piece(records, n, at) : at;
    }
    out->run = (struct pt_run){.log = head->log,
                               .key = head->key,
                               .first_seq = first->first_seq,
                               .previous = first->previous,
                               .chunks = chunks,
                               .n_chunks = n_chunks,
                               .signature = signed_one->signature};
    out->checked = (struct pt_checked_run){.run = &out->run, .links = links, .last_seqs = last_seqs};
}

/* Of all logs about a subject; records: room for those of one log. */
static void add_pieces(struct pt_txn *txn, const struct pt_subject *subject, struct pt_arena *arena,
                       struct pt_record *records, struct piece *pieces, size_t *n_pieces)
{
    struct pt_head *heads;
    size_t n_heads = 0;
    PT_CHECK(pt_logs_list(txn, subject, arena, &heads, &n_heads) == PT_OK);
    for (size_t i = 0; i < n_heads; i++) {
        size_t n = 0;
        add_records(txn, &heads[i], arena, records, &n);
        for (size_t k = 0; k < n; k++) {
            if (records[k].has_signature) {
                PT_CHECK(*n_pieces < PIECES_MAX);
                make_piece(&heads[i], records, n, &records[k], arena, &pieces[(*n_pieces)++]);
            }
        }
    }
}

/* All chunks that the assessment's state depends on, held ones too. */
static struct piece *pieces_of(struct sim *s, struct pt_txn *txn, const struct pt_subject *subject,
                               struct pt_arena *arena, size_t *n)
{
    struct piece *pieces = pt_arena_zalloc(arena, PIECES_MAX, sizeof *pieces);
    struct pt_record *records = pt_arena_zalloc(arena, PIECES_MAX, sizeof *records);
    PT_CHECK(pieces != NULL && records != NULL);
    *n = 0;
    for (size_t i = 0; i <= s->options.regions; i++) {
        struct pt_subject office = sim_office_subject(s, i);
        add_pieces(txn, &office, arena, records, pieces, n);
    }
    add_pieces(txn, subject, arena, records, pieces, n);
    return pieces;
}

/* false: a log parks so many chunks only. */
static bool deliver(struct pt_txn *txn, const struct piece *piece, struct pt_arena *arena)
{
    struct pt_append append;
    enum pt_err err = pt_logs_append(txn, &piece->checked, 0, arena, &append);
    PT_CHECK(err == PT_OK || err == PT_ELIMIT);
    return err == PT_OK;
}

/* The same chunks into a new store: in any order, some of them twice; what there was no room for, in its own order. */
static struct pt_store *shuffled(struct sim *s, struct world_node *node, const struct pt_subject *subject)
{
    struct pt_store *store;
    struct pt_txn *from;
    struct pt_txn *to;
    struct pt_arena arena;
    size_t n;
    bool all = true;
    world_make_store(s->w, &store);
    pt_arena_init(&arena, SIZE_MAX);
    PT_CHECK(pt_store_begin_read(node->store, &from) == PT_OK && pt_store_begin_write(store, &to) == PT_OK);
    const struct piece *pieces = pieces_of(s, from, subject, &arena, &n);
    size_t *order = pt_arena_zalloc(&arena, n + 1, sizeof *order);
    PT_CHECK(order != NULL);
    for (size_t i = 0; i < n; i++) {
        size_t at = sim_chance(&s->orders, i + 1);
        order[i] = order[at];
        order[at] = i;
    }
    for (size_t i = 0; i < n + n / 4; i++) {
        all = deliver(to, &pieces[i < n ? order[i] : sim_chance(&s->orders, n)], &arena) && all;
    }
    for (size_t i = 0; i < n && !all; i++) {
        PT_CHECK(deliver(to, &pieces[i], &arena));
    }
    pt_store_abort(from);
    PT_CHECK(pt_store_commit(to) == PT_OK);
    pt_arena_close(&arena);
    return store;
}

static void see(struct sim *s, struct world_node *node, struct pt_store *store, const struct pt_subject *subject,
                struct sim_sight *out)
{
    struct pt_txn *txn;
    PT_CHECK(pt_store_begin_read(store, &txn) == PT_OK);
    PT_CHECK(sim_sight_open(s, node, txn, subject, PT_LEVEL_WORK, false, out) == PT_OK);
    pt_store_abort(txn);
}

void sim_judge_unit(struct sim *s, struct world_node *node, const struct pt_subject *subject)
{
    struct sim_sight here;
    struct sim_sight there;
    struct pt_store *other = shuffled(s, node, subject);
    see(s, node, node->store, subject, &here);
    see(s, node, other, subject, &there);
    for (enum pt_level level = PT_LEVEL_WORK; level <= PT_LEVEL_NATIONAL; level++) {
        if (level != PT_LEVEL_WORK) {
            PT_CHECK(sim_sight_merge(s, level, &here) == PT_OK && sim_sight_merge(s, level, &there) == PT_OK);
        }
        sim_judge(s, node, &here, level);
        struct pt_hash mine = sim_sight_digest(&here);
        struct pt_hash theirs = sim_sight_digest(&there);
        world_expect(s->w, pt_hash_eq(&mine, &theirs), "another order of arrival gives another state");
    }
    sim_sight_close(&here);
    sim_sight_close(&there);
    pt_store_close(other);
    s->result.looks++;
}

/* --- after every step --- */

static bool is_noted(const struct sim *s, const struct sim_change *change)
{
    for (size_t i = 0; i < s->n_changes; i++) {
        if (s->changes[i].node == change->node && pt_subject_eq(&s->changes[i].subject, &change->subject)) {
            return true;
        }
    }
    return false;
}

void sim_note_change(struct world *w, struct world_node *node, const struct pt_log_id *log)
{
    struct sim *s = w->data;
    struct sim_change change = {.node = node};
    enum pt_subject_kind kind = pt_subject_kind(&log->subject);
    if (kind == PT_SUBJECT_ASSESSMENT) {
        change.subject = log->subject;
    }
    if (kind != PT_SUBJECT_CYCLE && !is_noted(s, &change)) {
        PT_CHECK(pt_reserve(&s->changes, &s->changes_capacity, s->n_changes + 1, sizeof *s->changes) == PT_OK);
        s->changes[s->n_changes++] = change;
    }
}

/* Whatever the node has: who may write there has changed. */
static void look_at_all(struct sim *s, struct world_node *node)
{
    struct pt_arena arena;
    struct pt_head *heads;
    struct pt_txn *txn;
    size_t n = 0;
    pt_arena_init(&arena, SIZE_MAX);
    PT_CHECK(pt_store_begin_read(node->store, &txn) == PT_OK);
    PT_CHECK(pt_logs_list(txn, NULL, &arena, &heads, &n) == PT_OK);
    pt_store_abort(txn);
    for (size_t i = 0; i < n; i++) {
        bool first = i == 0 || !pt_subject_eq(&heads[i - 1].log.subject, &heads[i].log.subject);
        if (first && pt_subject_kind(&heads[i].log.subject) == PT_SUBJECT_ASSESSMENT) {
            sim_judge_unit(s, node, &heads[i].log.subject);
        }
    }
    pt_arena_close(&arena);
}

void sim_look(struct sim *s)
{
    for (size_t i = 0; i < s->n_changes; i++) {
        struct sim_change change = s->changes[i];
        if (change.subject.text[0] == '\0') {
            look_at_all(s, change.node);
        } else {
            sim_judge_unit(s, change.node, &change.subject);
        }
    }
    s->n_changes = 0;
}
