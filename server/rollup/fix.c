#include "rollup/fix.h"

#include "base/mem.h"
#include "core/merge/seen.h"
#include "core/wire/pack.h"
#include "core/wire/unpack.h"
#include "rollup/rollup_internal.h"

#include <stdlib.h>
#include <string.h>

#define MOVE_BYTES_MAX (PT_CHUNK_BYTES_MAX - 512) /* what a chunk has room for beside its header */
#define OUT_BYTES 160 /* that a move out of a version has more than the one into it: one log, and the reason */

static struct pt_log_id own_log(const struct pt__rollup *r, const struct pt_subject *subject)
{
    return (struct pt_log_id){.subject = *subject, .author = r->in->root, .incarnation = r->plan->incarnation};
}

/* A move that names more logs than one entry has room for stays out: whoever begins new logs in one assessment does not
 * keep a cycle from being fixed. The move into a version leaves room for the one that takes it out again. */
static enum pt_err pack_move(struct pt__rollup *r, const Patuh__Move *move, struct pt_fix_row *row)
{
    bool out = move->has_reopens;
    size_t n_logs = out ? PT_CUT_LOGS_MAX : PT_CUT_LOGS_MAX - 1;
    size_t n_bytes = out ? MOVE_BYTES_MAX : MOVE_BYTES_MAX - OUT_BYTES;
    enum pt_err err = pt_pack(&move->base, &r->plan->arena, &row->move);
    if (err != PT_OK || (move->n_cut <= n_logs && row->move.n <= n_bytes)) {
        return err;
    }
    if (out) {
        return pt_problem_set(r->problem, PT_ELIMIT, PT_MSG_FIX_LOGS, row->subject.text + 2, NULL);
    }
    row->part = PT_FIX_LEFT_OUT;
    row->many_logs = true;
    row->move = (struct pt_bytes){0};
    return PT_OK;
}

/* The move into the next version: all that is there, and how much of it counts. */
static enum pt_err move_in(struct pt__rollup *r, struct pt_view *views, size_t n_views, const struct pt_assessment *a,
                           struct pt_fix_row *row)
{
    Patuh__Move move = PATUH__MOVE__INIT;
    struct pt_log_id own = own_log(r, a->subject);
    enum pt_err err = pt_seen_cut(a, views, n_views, &own, &r->work, &move);
    move.counted = pt_arena_zalloc(&r->work, n_views, sizeof *move.counted);
    if (err != PT_OK || move.counted == NULL) {
        return PT_ENOMEM;
    }
    for (size_t v = 0; v < n_views && move.n_counted < move.n_cut; v++) { /* the cut is in the order of the views */
        if (move.cut[move.n_counted]->author.data == views[v].log.author.b) {
            move.counted[move.n_counted++] = a->upto[v];
        }
    }
    move.has_to = move.has_version = true;
    move.to = row->part == PT_FIX_NOT_ASSESSED ? PATUH__STATE__STATE_NOT_ASSESSED : PATUH__STATE__STATE_FIXED;
    move.version = r->plan->version;
    return pack_move(r, &move, row);
}

static const struct pt_view *own_view(const struct pt__rollup *r, const struct pt_view *views, size_t n_views,
                                      const struct pt_subject *subject)
{
    struct pt_log_id own = own_log(r, subject);
    for (size_t v = 0; v < n_views; v++) {
        if (pt_log_id_eq(&views[v].log, &own)) {
            return &views[v];
        }
    }
    return NULL;
}

static void see_log(struct pt_view *view, uint64_t seq, Patuh__LogSeen *out)
{
    size_t at = 0;
    while (at + 1 < view->n_chunks && view->chunks[at].last_seq < seq) {
        at++;
    }
    patuh__log_seen__init(out);
    out->has_author = out->has_incarnation = out->has_seq = out->has_link = true;
    out->author = (ProtobufCBinaryData){.len = PT_HASH_BYTES, .data = view->log.author.b};
    out->incarnation = view->log.incarnation;
    out->seq = seq;
    out->link = (ProtobufCBinaryData){.len = PT_HASH_BYTES, .data = view->chunks[at].link.b};
}

/* The move out of the version: as much was there and counts as when it was fixed. */
static enum pt_err move_out(struct pt__rollup *r, struct pt_view *views, size_t n_views, const Patuh__Move *in,
                            const struct pt__place *at, struct pt_fix_row *row)
{
    Patuh__Move move = PATUH__MOVE__INIT;
    Patuh__LogSeen seen;
    Patuh__LogSeen **cut = pt_arena_zalloc(&r->work, in->n_cut + 1, sizeof *cut);
    uint64_t *counted = pt_arena_zalloc(&r->work, in->n_cut + 1, sizeof *counted);
    if (cut == NULL || counted == NULL) {
        return PT_ENOMEM;
    }
    for (size_t i = 0; i < in->n_cut; i++) {
        cut[i] = in->cut[i];
        counted[i] = i < in->n_counted ? in->counted[i] : in->cut[i]->seq;
    }
    move.n_cut = in->n_cut;
    if (own_view(r, views, n_views, &row->subject) != &views[at->view]) { /* head office writes another log now */
        see_log(&views[at->view], at->seq, &seen);
        cut[move.n_cut] = &seen;
        counted[move.n_cut++] = at->seq;
    }
    move.cut = cut;
    move.counted = counted;
    move.n_counted = move.n_cut;
    move.has_to = move.has_reopens = true;
    move.to = in->to == PATUH__STATE__STATE_FIXED ? PATUH__STATE__STATE_APPROVED_NATIONAL : in->to;
    move.reopens = r->plan->version;
    move.has_reason = r->plan->has_reason;
    move.reason = (ProtobufCBinaryData){.len = PT_HASH_BYTES, .data = r->plan->reason.b};
    return pack_move(r, &move, row);
}

/* Entries that the version does not have. */
static size_t count_late(const struct pt_view *views, size_t n_views, const Patuh__Move *in, const struct pt__place *at)
{
    size_t n = 0;
    for (size_t v = 0; v < n_views; v++) {
        uint64_t upto = v == at->view ? at->seq : 0;
        for (size_t i = 0; i < in->n_cut && v != at->view; i++) {
            const Patuh__LogSeen *seen = in->cut[i];
            upto = pt_view_has(&views[v], seen->seq, pt_bytes_of(seen->link.data, seen->link.len)) ? seen->seq : upto;
        }
        n += views[v].n_entries > upto ? views[v].n_entries - upto : 0;
    }
    return n;
}

/* Of the unit or of a product; or it is open whether there is a score at all. */
static bool is_range(const struct pt__unit *unit)
{
    bool range = (unit->has_score && !pt__unit_settled(unit)) || unit->n_to_come > 0;
    for (size_t i = 0; i < unit->n_product_scores; i++) {
        const struct pt_product_score *product = &unit->products[i];
        range = range || (product->has_score && (product->may_lack || product->low != product->high));
    }
    return range;
}

static enum pt_fix_part part_of(const struct pt__unit *unit)
{
    if (unit->not_assessed) {
        return PT_FIX_NOT_ASSESSED;
    }
    if (!unit->counts) {
        return PT_FIX_LEFT_OUT;
    }
    return is_range(unit) ? PT_FIX_OPEN : PT_FIX_ENTERS;
}

static enum pt_msg todo_of(const struct pt_fix_row *row)
{
    switch (row->part) {
    case PT_FIX_OPEN:
        return row->n_conflicts > 0 ? PT_MSG_FIX_TODO_DECIDE : PT_MSG_FIX_TODO_MISSING;
    case PT_FIX_LEFT_OUT:
        return row->many_logs          ? PT_MSG_FIX_TODO_LOGS
               : row->state[0] == '\0' ? PT_MSG_FIX_TODO_OPEN
                                       : PT_MSG_FIX_TODO_APPROVE;
    case PT_FIX_LATE:
        return PT_MSG_FIX_TODO_LATE;
    case PT_FIX_ENTERS:
    case PT_FIX_NOT_ASSESSED:
        break;
    }
    return PT_MSG_NONE;
}

static enum pt_err add_row(struct pt_fix *fix, const struct pt__unit *unit, enum pt_fix_part part,
                           struct pt_fix_row **out)
{
    if (pt_reserve(&fix->rows, &fix->capacity, fix->n_rows + 1, sizeof *fix->rows) != PT_OK) {
        return PT_ENOMEM;
    }
    struct pt_fix_row *row = &fix->rows[fix->n_rows];
    *row = (struct pt_fix_row){.part = part, .state = unit->opened ? pt_state_name(unit->state) : ""};
    row->code = pt_arena_str(&fix->arena, unit->code);
    row->has_score = unit->counts && unit->has_score;
    row->low = unit->low;
    row->high = unit->high;
    row->n_conflicts = unit->n_conflicts;
    row->n_missing = unit->n_missing;
    row->subject = unit->subject;
    fix->n_rows += row->code == NULL ? 0 : 1;
    *out = row;
    return row->code == NULL ? PT_ENOMEM : PT_OK;
}

static enum pt_err take_fixed(struct pt__rollup *r, struct pt_view *views, size_t n_views, const struct pt__unit *unit,
                              struct pt_fix_row **row)
{
    struct pt__place at;
    const Patuh__Move *in;
    enum pt_err err = pt__version_move(r, r->plan->version, views, n_views, &r->work, &in, &at);
    if (err != PT_OK) {
        return err;
    }
    if (in == NULL) {
        return add_row(r->plan, unit, PT_FIX_LEFT_OUT, row);
    }
    size_t n_late = count_late(views, n_views, in, &at);
    bool not_assessed = in->to == PATUH__STATE__STATE_NOT_ASSESSED;
    enum pt_fix_part part = n_late > 0 ? PT_FIX_LATE : not_assessed ? PT_FIX_NOT_ASSESSED : PT_FIX_ENTERS;
    err = add_row(r->plan, unit, part, row);
    if (err == PT_OK) {
        (*row)->n_late = n_late;
        r->plan->n_late += n_late;
        err = move_out(r, views, n_views, in, &at, *row);
    }
    return err;
}

enum pt_err pt__fix_take(struct pt__rollup *r, struct pt_view *views, size_t n_views, const struct pt_assessment *a,
                         const struct pt__unit *unit)
{
    struct pt_fix_row *row = NULL;
    enum pt_err err;
    if (r->fix.stands) {
        err = take_fixed(r, views, n_views, unit, &row);
    } else {
        err = add_row(r->plan, unit, part_of(unit), &row);
        if (err == PT_OK && (row->part == PT_FIX_ENTERS || row->part == PT_FIX_NOT_ASSESSED)) {
            err = move_in(r, views, n_views, a, row);
        }
    }
    if (err == PT_OK) {
        const struct pt_view *own = own_view(r, views, n_views, a->subject);
        row->own_seq = own == NULL ? 0 : own->n_entries;
    }
    return err;
}

static int compare_rows(const void *a, const void *b)
{
    const struct pt_fix_row *x = a;
    const struct pt_fix_row *y = b;
    return strcmp(x->code, y->code);
}

/* Units of the registry that nobody opened. */
static enum pt_err add_unopened(struct pt__rollup *r)
{
    enum pt_err err = PT_OK;
    for (size_t i = 0; i < r->n_units && err == PT_OK; i++) {
        struct pt_fix_row *row;
        err = r->units[i].has_logs ? PT_OK : add_row(r->plan, &r->units[i], PT_FIX_LEFT_OUT, &row);
    }
    struct pt_fix *fix = r->plan;
    if (err == PT_OK && fix->n_rows > 1) {
        qsort(fix->rows, fix->n_rows, sizeof *fix->rows, compare_rows);
    }
    for (size_t i = 0; i < fix->n_rows; i++) {
        fix->rows[i].todo = todo_of(&fix->rows[i]);
        fix->n_of[fix->rows[i].part]++;
    }
    return err;
}

static bool add_pins(const struct pt__rollup *r, struct pt_view *views, size_t n, Patuh__Pins *pins)
{
    struct pt_log_id own = own_log(r, &r->plan->cycle);
    Patuh__LogSeen *seen = pt_arena_zalloc(&r->plan->arena, n, sizeof *seen);
    for (size_t i = 0; i < n && seen != NULL; i++) {
        if (pt_log_id_eq(&views[i].log, &own)) { /* as far as the FIX itself */
            r->plan->cycle_seq = views[i].n_entries;
            continue;
        }
        if (views[i].n_chunks == 0) {
            continue;
        }
        see_log(&views[i], views[i].chunks[views[i].n_chunks - 1].last_seq, &seen[i]);
        pins->log[pins->n_log++] = &seen[i];
    }
    return seen != NULL;
}

/* The logs of offices, and what else there is of the cycle's. */
static enum pt_err make_pins(struct pt__rollup *r)
{
    struct pt_fix *fix = r->plan;
    Patuh__Pins pins = PATUH__PINS__INIT;
    pins.log = pt_arena_zalloc(&fix->arena, r->n_cycle_views + r->n_office_views, sizeof *pins.log);
    if (pins.log == NULL || !add_pins(r, r->cycle_views, r->n_cycle_views, &pins) ||
        !add_pins(r, r->office_views, r->n_office_views, &pins)) {
        return PT_ENOMEM;
    }
    enum pt_err err = pt_pack(&pins.base, &fix->arena, &fix->pins);
    if (err == PT_OK && fix->pins.n > PT_BLOB_BYTES_MAX) {
        err = pt_problem_set(r->problem, PT_ELIMIT, PT_MSG_FIX_LOGS, r->in->cycle, NULL);
    }
    fix->pins_hash = pt_hash1(PT_CONTEXT_BLOB, fix->pins);
    return err;
}

static enum pt_err plan(struct pt__rollup *r)
{
    enum pt_err err = pt__rollup_open(r);
    if (err != PT_OK) {
        return err;
    }
    r->plan->stands = r->fix.stands;
    r->plan->version = r->fix.stands ? r->fix.last : r->fix.last + 1;
    r->plan->decimals = r->ins->settings.decimals;
    err = make_pins(r);
    if (err == PT_OK) {
        err = pt__rollup_collect(r);
    }
    return err == PT_OK ? add_unopened(r) : err;
}

enum pt_err pt_fix_plan(const struct pt_rollup_input *input, uint64_t incarnation, const struct pt_hash *reason,
                        struct pt_fix *out, struct pt_problem *problem)
{
    struct pt_rollup_input national = *input;
    struct pt_fix fix = {.incarnation = incarnation, .has_reason = reason != NULL};
    national.level = PT_LEVEL_NATIONAL;
    fix.reason = reason != NULL ? *reason : fix.reason;
    pt_arena_init(&fix.arena, SIZE_MAX);
    struct pt__rollup r = {.in = &national, .problem = problem, .plan = &fix};
    enum pt_err err = pt_subject_make(PT_SUBJECT_CYCLE, input->cycle, &fix.cycle);
    err = err == PT_OK ? plan(&r) : pt_problem_set(problem, PT_EINVALID, PT_MSG_ROLLUP_NO_CYCLE, input->cycle, NULL);
    pt__rollup_close(&r);
    if (err == PT_OK) {
        *out = fix;
    } else {
        pt_fix_close(&fix);
    }
    return err;
}

void pt_fix_close(struct pt_fix *fix)
{
    pt_free(fix->rows);
    pt_arena_close(&fix->arena);
    *fix = (struct pt_fix){0};
}

/* One entry into our own log about a subject, which has to be where the plan saw it. */
static enum pt_err write_one(struct pt_txn *txn, const struct pt_author_pen *pen, const struct pt_subject *subject,
                             uint64_t seq, const struct pt_entry *entry)
{
    struct pt_log_id id = {.subject = *subject, .author = pt_author_of(pen->pair->public_key)};
    struct pt_head head = {0};
    struct pt_arena arena;
    id.incarnation = pen->incarnation;
    enum pt_err err = pt_logs_find(txn, &id, &head);
    if (err != PT_OK && err != PT_ENOTFOUND) {
        return err;
    }
    if (head.seq != seq) {
        return PT_EBUSY;
    }
    pt_arena_init(&arena, SIZE_MAX);
    err = pt_pen_write(txn, pen, subject, entry, 1, &arena);
    pt_arena_close(&arena);
    return err;
}

static enum pt_err write_fixing(struct pt_txn *txn, const struct pt_author_pen *pen, const struct pt_fix *fix,
                                const char *reason)
{
    Patuh__Fixing fixing = PATUH__FIXING__INIT;
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_FIX, pen->wall_ms / 1000);
    struct pt_arena arena;
    fixing.has_to = fixing.has_version = true;
    fixing.to = fix->stands ? PATUH__STATE__STATE_APPROVED_NATIONAL : PATUH__STATE__STATE_FIXED;
    fixing.version = fix->version;
    fixing.has_fixed = fixing.has_not_assessed = fixing.has_left_out = !fix->stands;
    fixing.fixed = (uint32_t)fix->n_of[PT_FIX_ENTERS];
    fixing.not_assessed = (uint32_t)fix->n_of[PT_FIX_NOT_ASSESSED];
    fixing.left_out = (uint32_t)fix->n_of[PT_FIX_LEFT_OUT];
    fixing.reason = pt_text_of(reason);
    entry.hash = fix->pins_hash;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_pack(&fixing.base, &arena, &entry.detail);
    if (err == PT_OK) {
        err = write_one(txn, pen, &fix->cycle, fix->cycle_seq, &entry);
    }
    pt_arena_close(&arena);
    return err;
}

enum pt_err pt_fix_write(struct pt_txn *txn, const struct pt_author_pen *pen, const struct pt_fix *fix,
                         const char *reason)
{
    enum pt_err err = PT_OK;
    for (size_t i = 0; i < fix->n_rows && err == PT_OK; i++) {
        const struct pt_fix_row *row = &fix->rows[i];
        struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_MOVE, pen->wall_ms / 1000);
        entry.detail = row->move;
        err = row->move.n == 0 ? PT_OK : write_one(txn, pen, &row->subject, row->own_seq, &entry);
    }
    return err == PT_OK ? write_fixing(txn, pen, fix, reason) : err;
}
