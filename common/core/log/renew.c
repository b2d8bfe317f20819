/* renew.c - what was typed and not sealed moves to the logs of a new incarnation. */
#include "core/log/logs_internal.h"

#include <string.h>

struct renamed {
    char from[PT_INSTANCE_BYTES_MAX + 1];
    char to[PT_INSTANCE_BYTES_MAX + 1];
};

struct moving {
    struct pt_txn *txn;
    struct pt_arena arena;
    struct pt_view *views; /* what is sealed about the subject */
    size_t n_views;
    struct pt_head old;
    uint64_t first_seq; /* of the old tail */
    struct pt_head log;
    struct pt_author_pen pen;
    struct renamed *renamed; /* an instance is named by the entry that adds it */
    size_t n_renamed, renamed_capacity;
};

static const char *new_name(const struct moving *m, const char *name)
{
    for (size_t i = 0; i < m->n_renamed; i++) {
        if (strcmp(m->renamed[i].from, name) == 0) {
            return m->renamed[i].to;
        }
    }
    return name;
}

static bool is_claim(const struct pt_entry *entry)
{
    return entry->kind == PATUH__ENTRY_KIND__ENTRY_ANSWER || entry->kind == PATUH__ENTRY_KIND__ENTRY_CLEAR;
}

/* Does the entry, for whoever writes it after the earlier one of the same log, say something about that one? An answer
 * replaces the claim before it; a removal takes away what it had seen: all at an instance, or a file. */
static bool is_about(const struct pt_entry *entry, const struct pt_entry *earlier)
{
    bool place = strcmp(earlier->instance, entry->instance) == 0;
    bool question = place && earlier->question == entry->question;
    if (is_claim(entry)) {
        return question && is_claim(earlier);
    }
    if (entry->kind == PATUH__ENTRY_KIND__ENTRY_REMOVE_EVIDENCE) {
        return question && earlier->kind == PATUH__ENTRY_KIND__ENTRY_ADD_EVIDENCE &&
               pt_hash_eq(&earlier->hash, &entry->hash);
    }
    return place && entry->kind == PATUH__ENTRY_KIND__ENTRY_REMOVE_INSTANCE;
}

/* The last sealed entry of the old log, before the tail, that the entry is about; 0 when there is none. */
static uint64_t last_before(const struct moving *m, const struct pt_view *old, const struct pt_entry *entry)
{
    uint64_t seq = old->n_entries < m->first_seq ? old->n_entries : m->first_seq - 1;
    while (seq > 0 && !is_about(entry, &old->entries[seq - 1])) {
        seq--;
    }
    return seq;
}

/* What an answer replaces already has the same value as the claim: then both were replaced by it. */
static bool agrees(const struct moving *m, const struct pt_entry *entry, const struct pt_entry *claim)
{
    for (size_t i = 0; i < entry->n_replaces; i++) {
        const struct pt_entry_ref *ref = &entry->replaces[i];
        const struct pt_view *view = pt_view_find(m->views, m->n_views, &ref->author, ref->incarnation);
        if (view == NULL || ref->seq == 0 || ref->seq > view->n_entries ||
            !pt_value_eq(&view->entries[ref->seq - 1].value, &claim->value)) {
            return false;
        }
    }
    return true;
}

/* Within one log what an entry is about need not be said; from the new log the earlier one has to be named. */
static enum pt_err name_earlier(struct moving *m, struct pt_entry *entry)
{
    const struct pt_log_id *id = &m->old.log;
    const struct pt_view *old = pt_view_find(m->views, m->n_views, &id->author, id->incarnation);
    uint64_t seq = old == NULL ? 0 : last_before(m, old, entry);
    const struct pt_view_chunk *chunk = seq == 0 ? NULL : pt_view_chunk_of(old, seq);
    if (chunk == NULL || entry->n_replaces == PT_ENTRY_REPLACES_MAX ||
        (is_claim(entry) && !agrees(m, entry, &old->entries[seq - 1]))) {
        return PT_OK;
    }
    struct pt_entry_ref *refs = pt_arena_zalloc(&m->arena, entry->n_replaces + 1, sizeof *refs);
    if (refs == NULL) {
        return PT_ENOMEM;
    }
    for (size_t i = 0; i < entry->n_replaces; i++) {
        refs[i] = entry->replaces[i];
    }
    struct pt_entry_ref *own = &refs[entry->n_replaces++];
    *own = (struct pt_entry_ref){.author = id->author, .incarnation = id->incarnation, .seq = seq};
    memcpy(own->link, chunk->link.b, sizeof own->link);
    entry->replaces = refs;
    return PT_OK;
}

static enum pt_err move_entry(struct moving *m, struct pt_entry entry, uint64_t old_seq)
{
    uint64_t seq = 0;
    enum pt_err err = pt_reserve(&m->renamed, &m->renamed_capacity, m->n_renamed + 1, sizeof *m->renamed);
    if (err != PT_OK) {
        return err;
    }
    err = name_earlier(m, &entry);
    entry.instance = new_name(m, entry.instance);
    m->pen.wall_ms = entry.wall_s * 1000;
    if (err == PT_OK) {
        err = pt_tail_put(m->txn, &m->pen, &m->log, &entry, &seq);
    }
    if (err == PT_OK && entry.kind == PATUH__ENTRY_KIND__ENTRY_ADD_INSTANCE) {
        struct renamed *names = &m->renamed[m->n_renamed++];
        pt_entry_instance_name(&m->old.log, old_seq, names->from);
        pt_entry_instance_name(&m->log.log, seq, names->to);
    }
    return err;
}

static enum pt_err move_entries(struct moving *m)
{
    struct pt_taken taken;
    enum pt_err err = pt_tail_take(m->txn, &m->old, &m->arena, &taken);
    if (err == PT_OK) {
        m->first_seq = taken.first_seq;
        m->pen.instrument = taken.has_instrument ? &taken.instrument : NULL;
    }
    for (size_t i = 0; err == PT_OK && i < taken.n; i++) {
        err = move_entry(m, taken.entries[i], taken.first_seq + i);
    }
    m->pen.instrument = NULL; /* lent by taken */
    return err;
}

static enum pt_err move_tail(struct pt_txn *txn, const struct pt_author_pen *pen, const struct pt_head *old)
{
    struct moving m = {.txn = txn, .old = *old, .pen = *pen};
    pt_arena_init(&m.arena, SIZE_MAX);
    enum pt_err err = pt_logs_views(txn, &old->log.subject, 0, false, &m.arena, &m.views, &m.n_views);
    if (err == PT_OK) {
        err = pt_pen_log(txn, &m.pen, &old->log.subject, &m.log);
    }
    if (err == PT_OK) {
        err = move_entries(&m);
    }
    pt_free(m.renamed);
    pt_arena_close(&m.arena);
    return err;
}

enum pt_err pt_tails_move(struct pt_txn *txn, const struct pt_author_pen *pen)
{
    struct pt_arena arena;
    struct pt_head *heads;
    size_t n = 0;
    struct pt_author author = pt_author_of(pen->pair->public_key);
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_logs_list(txn, NULL, &arena, &heads, &n);
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        if (pt_author_eq(&heads[i].log.author, &author) && heads[i].tail_seq > 0) {
            err = move_tail(txn, pen, &heads[i]);
        }
    }
    pt_arena_close(&arena);
    return err;
}
