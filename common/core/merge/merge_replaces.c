/* merge_replaces.c - which claims of one register are replaced, and so are no heads.
 *
 * An answer names what its author had seen. What stood behind a claim is what it names, what stood behind that, and
 * what its own log said before. Claims are put in an order once, so that what is behind one comes before it; then one
 * pass over them tells of one log which of its claims is the last that is behind each. Such a pass is made only for a
 * log in which somebody changes his answer and names others: memory for all logs at once would grow with the square of
 * their number, and an author may begin as many as he likes. */
#include "core/merge/merge_internal.h"

#include <stdlib.h>
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
    size_t *order; /* claims, parents before children */
    size_t n_ordered;
    size_t *stack;     /* claims on the way */
    size_t *had;       /* [claim]: 1 + the last claim of one log that it is or has behind it; 0 = none */
    size_t looked_log; /* that log; NOWHERE: none yet */
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

static int compare_log(const void *a, const void *b)
{
    const struct pt_entry_ref *ref = a;
    const struct pt_log_id *log = &((const struct span *)b)->view->log;
    int order = memcmp(ref->author.b, log->author.b, sizeof log->author.b);
    return order != 0 ? order : (ref->incarnation > log->incarnation) - (ref->incarnation < log->incarnation);
}

/* The claim that a reference means; NOWHERE while it is not here or the link is another branch's. */
static size_t find_target(const struct history *h, const struct pt_entry_ref *ref)
{
    const struct span *span = bsearch(ref, h->logs, h->n_logs, sizeof *h->logs, compare_log);
    size_t found = span == NULL ? NOWHERE : find_seq(h, span, ref->seq);
    return found != NOWHERE && pt_view_is(span->view, ref) ? found : NOWHERE;
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

/* Parents before children. Links make the steps go back in time only; a circle would end where it began. */
static void put_in_order(struct history *h, size_t from)
{
    size_t depth = 0;
    h->stack[depth++] = from;
    while (depth > 0) {
        size_t at = h->stack[depth - 1];
        struct claim *claim = &h->claims[at];
        claim->state = claim->state == NEW ? ON_THE_WAY : claim->state;
        if (claim->state == DONE || claim->next > claim->n_targets) {
            claim->state = DONE;
            h->order[h->n_ordered++] = at;
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
    h->order = pt_arena_zalloc(arena, n_claims, sizeof *h->order);
    h->had = pt_arena_zalloc(arena, n_claims, sizeof *h->had);
    h->looked_log = NOWHERE;
    if (h->claims == NULL || h->logs == NULL || h->stack == NULL || h->order == NULL || h->had == NULL) {
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
    for (size_t i = 0; i < n_claims; i++) {
        if (h->claims[i].state == NEW) {
            put_in_order(h, i);
        }
    }
    return PT_OK;
}

/* What of one log is behind each claim. */
static void look_behind(struct history *h, size_t log)
{
    memset(h->had, 0, h->n_claims * sizeof *h->had);
    for (size_t k = 0; k < h->n_ordered; k++) {
        size_t at = h->order[k];
        const struct claim *claim = &h->claims[at];
        for (size_t i = 0; i <= claim->n_targets && claim->log != log; i++) {
            size_t parent = parent_of(claim, i);
            size_t behind = parent == NOWHERE ? 0 : h->had[parent];
            h->had[at] = behind > h->had[at] ? behind : h->had[at];
        }
        h->had[at] = claim->log == log ? at + 1 : h->had[at];
    }
    h->looked_log = log;
}

/* Is `wanted` behind one of the claims of other logs that `by` names, or one of them? */
static bool names_behind(struct history *h, const struct claim *by, size_t wanted)
{
    if (h->looked_log != h->claims[wanted].log) {
        look_behind(h, h->claims[wanted].log);
    }
    for (size_t i = 0; i < by->n_targets; i++) {
        size_t target = by->targets[i];
        if (h->claims[target].log != by->log && h->had[target] > wanted) {
            return true;
        }
    }
    return false;
}

/* Only a decision settles values that differ: an answer replaces what it names when that is one value, and the value
 * its author had stood by before, unless that was replaced already. */
static bool may_replace(struct history *h, const struct claim *by)
{
    size_t first = NOWHERE;
    for (size_t i = 0; i < by->n_targets; i++) {
        size_t target = by->targets[i];
        if (h->claims[target].log == by->log) {
            continue;
        }
        if (first != NOWHERE && !same_value(h, first, target)) {
            return false;
        }
        first = target;
    }
    return first == NOWHERE || by->before == NOWHERE || same_value(h, first, by->before) ||
           names_behind(h, by, by->before);
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
