/* merge_replaces.c - which claims of one register are replaced, and so are no heads.
 *
 * An answer names what its author had seen. What stood behind a claim is what it names, what stood behind that, and
 * what its own log said before: kept as a vector, for each log the last claim that is behind it. Each claim is looked
 * at once, whatever one author writes into a register. */
#include "core/merge/merge_internal.h"

#include <string.h>

#define NOWHERE SIZE_MAX

struct claim {
    struct pt__row *row;
    size_t log;      /* index into history.logs */
    size_t before;   /* the claim before it in its own log; NOWHERE for the first */
    size_t *targets; /* claims it names; those that are not here are left out */
    size_t n_targets;
    size_t next; /* parent to look at, while the claim is on the way */
    enum { NEW, ON_THE_WAY, DONE } state;
};

/* The claims of one log in the register: [first, end) of history.claims. */
struct span {
    const struct pt_view *view;
    size_t first;
    size_t end;
};

struct history {
    const struct pt__merge *m;
    struct claim *claims; /* by log, then seq */
    size_t n_claims;
    struct span *logs;
    size_t n_logs;
    size_t *had;   /* [claim][log]: 1 + the last claim of the log that it is or has behind it; 0 = none */
    size_t *stack; /* claims on the way */
};

bool pt__merge_is_claim(Patuh__EntryKind kind)
{
    return kind == PATUH__ENTRY_KIND__ENTRY_ANSWER || kind == PATUH__ENTRY_KIND__ENTRY_CLEAR ||
           kind == PATUH__ENTRY_KIND__ENTRY_DECIDE;
}

struct pt_value pt__merge_value(const struct pt__row *row)
{
    struct pt_value none = {0};
    return row->entry->kind == PATUH__ENTRY_KIND__ENTRY_CLEAR ? none : row->entry->value;
}

static bool same_value(const struct history *h, size_t x, size_t y)
{
    struct pt_value a = pt__merge_value(h->claims[x].row);
    struct pt_value b = pt__merge_value(h->claims[y].row);
    return pt_value_eq(&a, &b);
}

/* The claim of a log by its number; NOWHERE when there is none. */
static size_t find_seq(const struct history *h, const struct span *span, uint64_t seq)
{
    size_t low = span->first;
    size_t high = span->end;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (h->claims[middle].row->seq < seq) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < span->end && h->claims[low].row->seq == seq ? low : NOWHERE;
}

/* The claim that a reference means; NOWHERE while it is not here or the link is another branch's. */
static size_t find_target(const struct history *h, const struct pt_entry_ref *ref)
{
    for (size_t i = 0; i < h->n_logs; i++) {
        size_t found = find_seq(h, &h->logs[i], ref->seq);
        if (found != NOWHERE && pt_view_is(h->logs[i].view, ref)) {
            return found;
        }
    }
    return NOWHERE;
}

static void add_claim(struct history *h, struct pt__row *row)
{
    const struct pt_view *view = &h->m->in->views[row->view];
    bool same_log = h->n_logs > 0 && h->logs[h->n_logs - 1].view == view;
    if (!same_log) {
        h->logs[h->n_logs++] = (struct span){.view = view, .first = h->n_claims};
    }
    h->claims[h->n_claims] =
        (struct claim){.row = row, .log = h->n_logs - 1, .before = same_log ? h->n_claims - 1 : NOWHERE};
    h->logs[h->n_logs - 1].end = ++h->n_claims;
}

static enum pt_err find_targets(struct history *h, struct claim *claim)
{
    const struct pt_entry *entry = claim->row->entry;
    claim->targets = pt_arena_zalloc(h->m->arena, entry->n_replaces, sizeof *claim->targets);
    if (claim->targets == NULL) {
        return PT_ENOMEM;
    }
    for (size_t i = 0; i < entry->n_replaces; i++) {
        size_t target = find_target(h, &entry->replaces[i]);
        if (target != NOWHERE) {
            claim->targets[claim->n_targets++] = target;
        }
    }
    return PT_OK;
}

/* What stands directly behind a claim, one after the other: its own log's claim before it, then what it names. */
static size_t parent_of(const struct claim *claim, size_t i)
{
    return i == 0 ? claim->before : claim->targets[i - 1];
}

static void take_over(struct history *h, size_t claim, size_t parent)
{
    for (size_t log = 0; log < h->n_logs; log++) {
        size_t *had = &h->had[claim * h->n_logs + log];
        size_t behind = h->had[parent * h->n_logs + log];
        *had = behind > *had ? behind : *had;
    }
}

static void finish(struct history *h, size_t at)
{
    struct claim *claim = &h->claims[at];
    for (size_t i = 0; i <= claim->n_targets; i++) {
        size_t parent = parent_of(claim, i);
        if (parent != NOWHERE && h->claims[parent].state == DONE) {
            take_over(h, at, parent);
        }
    }
    h->had[at * h->n_logs + claim->log] = at + 1;
    claim->state = DONE;
}

/* Parents before children. Links make the steps go back in time only; a circle would end where it began. */
static void look_behind(struct history *h, size_t from)
{
    size_t depth = 0;
    h->stack[depth++] = from;
    while (depth > 0) {
        size_t at = h->stack[depth - 1];
        struct claim *claim = &h->claims[at];
        claim->state = claim->state == NEW ? ON_THE_WAY : claim->state;
        if (claim->state == DONE || claim->next > claim->n_targets) {
            finish(h, at);
            depth--;
            continue;
        }
        size_t parent = parent_of(claim, claim->next++);
        if (parent != NOWHERE && h->claims[parent].state == NEW) {
            h->stack[depth++] = parent;
        }
    }
}

static enum pt_err open_history(struct history *h, struct pt__row *rows, size_t n, size_t n_claims)
{
    struct pt_arena *arena = h->m->arena;
    h->claims = pt_arena_zalloc(arena, n_claims, sizeof *h->claims);
    h->logs = pt_arena_zalloc(arena, n_claims, sizeof *h->logs);
    h->stack = pt_arena_zalloc(arena, n_claims, sizeof *h->stack);
    if (h->claims == NULL || h->logs == NULL || h->stack == NULL) {
        return PT_ENOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        if (pt__merge_is_claim(rows[i].entry->kind)) {
            add_claim(h, &rows[i]);
        }
    }
    for (size_t i = 0; i < n_claims; i++) {
        if (find_targets(h, &h->claims[i]) != PT_OK) {
            return PT_ENOMEM;
        }
    }
    h->had = pt_arena_zalloc(arena, n_claims * h->n_logs, sizeof *h->had);
    if (h->had == NULL) {
        return PT_ENOMEM;
    }
    for (size_t i = 0; i < n_claims; i++) {
        if (h->claims[i].state == NEW) {
            look_behind(h, i);
        }
    }
    return PT_OK;
}

/* Is `wanted` the claim itself, or behind it? */
static bool has_behind(const struct history *h, size_t claim, size_t wanted)
{
    return h->had[claim * h->n_logs + h->claims[wanted].log] > wanted;
}

/* Only a decision settles values that differ: an answer replaces what it names when that is one value, and the value
 * its author had stood by before, unless that was replaced already. */
static bool may_replace(const struct history *h, const struct claim *by)
{
    size_t first = NOWHERE;
    bool own_stands = by->before != NOWHERE;
    for (size_t i = 0; i < by->n_targets; i++) {
        size_t target = by->targets[i];
        if (h->claims[target].log == by->log) {
            continue;
        }
        if (first != NOWHERE && !same_value(h, first, target)) {
            return false;
        }
        first = target;
        own_stands = own_stands && !has_behind(h, target, by->before);
    }
    return first == NOWHERE || !own_stands || same_value(h, first, by->before);
}

static void mark(struct history *h, size_t at)
{
    const struct claim *by = &h->claims[at];
    if (by->before != NOWHERE) {
        h->claims[by->before].row->replaced = true; /* by a later entry of its own log */
    }
    if (by->row->entry->kind != PATUH__ENTRY_KIND__ENTRY_DECIDE && !may_replace(h, by)) {
        return;
    }
    for (size_t i = 0; i < by->n_targets; i++) {
        if (by->targets[i] != at) {
            h->claims[by->targets[i]].row->replaced = true;
        }
    }
}

enum pt_err pt__merge_mark_replaced(const struct pt__merge *m, struct pt__row *rows, size_t n)
{
    struct history h = {.m = m};
    size_t n_claims = 0;
    for (size_t i = 0; i < n; i++) {
        n_claims += pt__merge_is_claim(rows[i].entry->kind);
    }
    if (n_claims < 2) { /* nearly all registers: nothing to replace */
        return PT_OK;
    }
    enum pt_err err = open_history(&h, rows, n, n_claims);
    for (size_t i = 0; i < n_claims && err == PT_OK; i++) {
        mark(&h, i);
    }
    return err;
}
