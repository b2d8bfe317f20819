/* The entries of an assessment, log by log, with links and signatures checked anew from the stored bytes. */
#include "client/detail.h"
#include "client/summary.h"

#include "base/mem.h"
#include "core/log/branches.h"
#include "core/log/texts.h"

#include <stdio.h>
#include <string.h>

struct listing {
    struct pt_work *work;
    struct pt_txn *txn;
    struct pt_arena *arena;
    struct patuh_entry *items;
    size_t n;
    size_t capacity;
};

/* Last entry whose chunk, link and signature fit, from the first on: up to the end, along the branch it lies on. */
static enum pt_err check_log(const struct listing *l, const struct pt_head *head, const struct pt_chunk_end *end,
                             uint64_t *good_upto)
{
    struct pt_hash link = pt_link_first(&head->log);
    struct pt_fork fork;
    uint64_t last = 0;
    *good_upto = 0;
    enum pt_err found = pt_logs_fork(l->txn, head, 0, l->arena, &fork);
    if (found != PT_OK) {
        return found;
    }
    const struct pt_branch *branch = pt_fork_branch(&fork, &end->link);
    while (*good_upto < end->seq) {
        struct pt_run run;
        struct pt_checked_run checked;
        enum pt_err err =
            pt_logs_branch_run(l->txn, head, branch, *good_upto + 1, PT_FRAME_BYTES_MAX, l->arena, &run, &last);
        if (err == PT_OK && !pt_hash_eq(&run.previous, &link)) {
            return PT_OK;
        }
        if (err == PT_OK) {
            err = pt_run_check_stored(&run, l->arena, &checked);
        }
        if (err == PT_ENOMEM) {
            return err;
        }
        if (err != PT_OK) {
            return PT_OK; /* damaged from here on */
        }
        link = checked.links[run.n_chunks - 1];
        *good_upto = last;
    }
    return PT_OK;
}

static const char *value_text(struct listing *l, const struct pt_entry *entry, uint32_t node)
{
    const char *text = "";
    bool has_text = (pt_entry_fields(entry->kind) & PT_FIELD_TEXT_HASH) != 0;
    if (has_text || entry->value.type == PT_VALUE_TEXT) {
        const struct pt_hash *hash = has_text ? &entry->hash : &entry->value.text;
        return pt_text_get(l->txn, &l->work->subject, hash, l->arena, &text) == PT_OK ? text : "...";
    }
    if (node == PT_NONE || entry->value.type == PT_VALUE_NONE) {
        return pt_detail_text(l->txn, &l->work->subject, entry, l->arena);
    }
    struct pt_buf value = {0};
    pt_value_put(&value, l->work->instrument, node, &entry->value);
    text = pt_arena_str(l->arena, pt_buf_text(&value));
    pt_buf_free(&value);
    return text == NULL ? "" : text;
}

/* An instance that is added is named by the entry itself. */
static const char *path_text(struct listing *l, const struct pt_view *view, const struct pt_entry *entry, uint64_t seq,
                             uint32_t node)
{
    struct pt_buf path = {0};
    char added[PT_INSTANCE_BYTES_MAX + 1];
    const char *instance = entry->instance == NULL ? "" : entry->instance;
    if (node == PT_NONE) {
        return "";
    }
    if (entry->kind == PATUH__ENTRY_KIND__ENTRY_ADD_INSTANCE) {
        pt_entry_instance_name(&view->log, seq, added);
        instance = added;
    }
    pt_path_put(&path, l->work->instrument, node, instance);
    const char *text = pt_arena_str(l->arena, pt_buf_text(&path));
    pt_buf_free(&path);
    return text == NULL ? "" : text;
}

static const char *why_ineffective(const struct listing *l, const struct pt_view *view, uint64_t seq)
{
    for (size_t i = 0; i < l->work->state.n_ineffective; i++) {
        const struct pt_ineffective *ineffective = &l->work->state.ineffective[i];
        if (ineffective->view == view && ineffective->seq == seq) {
            struct pt_buf text = {0};
            pt_say(&text, ineffective->why, NULL);
            const char *kept = pt_arena_str(l->arena, pt_buf_text(&text));
            pt_buf_free(&text);
            return kept == NULL ? "" : kept;
        }
    }
    return "";
}

static struct patuh_entry describe(struct listing *l, const struct pt_view *view, const struct pt_entry *entry,
                                   uint64_t seq)
{
    char time[24];
    uint32_t node =
        l->work->ready && entry->question != 0 ? pt_node_by_number(l->work->instrument, entry->question) : PT_NONE;
    return (struct patuh_entry){
        .log = pt_work_log_name(&view->log, l->arena),
        .author = pt_work_author(l->work, &view->log.author, l->arena),
        .seq = seq,
        .time = pt_arena_str(l->arena, pt_time_text(entry->wall_s, time, sizeof time)),
        .kind = pt_work_kind_name(entry->kind, l->arena),
        .path = path_text(l, view, entry, seq, node),
        .value = value_text(l, entry, node),
        .problem = why_ineffective(l, view, seq),
    };
}

static enum pt_err add_entry(struct listing *l, struct patuh_entry entry, const char *check)
{
    enum pt_err err = pt_reserve(&l->items, &l->capacity, l->n + 1, sizeof *l->items);
    if (err == PT_OK) {
        entry.check = check;
        l->items[l->n++] = entry;
    }
    return err;
}

/* What lies past a fork and does not stand; the links of the branch that stands are its chunks'. */
static enum pt_err add_held(struct listing *l, const struct pt_view *view, const struct pt_chunk_end *end)
{
    const struct pt_view_branch *stands = pt_view_branch_of(view, end->seq, &end->link);
    enum pt_err err = PT_OK;
    for (size_t b = 0; b < view->n_branches; b++) {
        const struct pt_view_branch *branch = &view->branches[b];
        size_t first = branch == stands ? (size_t)(end->seq - view->fork_seq) : 0;
        for (size_t i = first; err == PT_OK && i < branch->n_entries; i++) {
            struct patuh_entry entry = describe(l, view, &branch->entries[i], view->fork_seq + i + 1);
            entry.problem = "";
            err = add_entry(l, entry, "held");
        }
    }
    return err;
}

static enum pt_err add_log(struct listing *l, const struct pt_view *view, struct patuh_history *out)
{
    struct pt_head head;
    struct pt_chunk_end end = {.seq = 0};
    uint64_t good_upto = 0;
    if (view->n_chunks > 0) {
        const struct pt_view_chunk *last = &view->chunks[view->n_chunks - 1];
        end = (struct pt_chunk_end){.seq = last->last_seq, .link = last->link};
    }
    enum pt_err err = pt_logs_find(l->txn, &view->log, &head);
    if (err == PT_OK) {
        err = check_log(l, &head, &end, &good_upto);
    }
    for (size_t i = 0; err == PT_OK && i < view->n_entries; i++) {
        const char *check = i + 1 > end.seq ? "unsealed" : (i + 1 <= good_upto ? "good" : "damaged");
        err = add_entry(l, describe(l, view, &view->entries[i], i + 1), check);
    }
    if (err == PT_OK) {
        out->n_damaged += good_upto < end.seq || end.seq < head.seq ? 1 : 0;
        err = add_held(l, view, &end);
    }
    return err;
}

static enum pt_err fill_history(struct listing *l, struct patuh_history *out)
{
    enum pt_err err = PT_OK;
    for (size_t v = 0; v < l->work->n_views && err == PT_OK; v++) {
        err = add_log(l, &l->work->views[v], out);
    }
    struct pt_bytes items = pt_arena_dup(l->arena, pt_bytes_of(l->items, l->n * sizeof *l->items));
    if (err != PT_OK || items.data == NULL || l->arena->exhausted) {
        return err == PT_OK ? PT_ENOMEM : err;
    }
    memcpy(&out->entries, &items.data, sizeof out->entries);
    out->n_entries = l->n;
    return PT_OK;
}

static enum pt_err read_history(struct pt_work *work, struct pt_txn *txn, struct pt_arena *arena, void *out)
{
    struct listing l = {.work = work, .txn = txn, .arena = arena};
    enum pt_err err = fill_history(&l, out);
    pt_free(l.items);
    return err;
}

enum patuh_result patuh_history(struct patuh *device, const char *assessment, struct patuh_history *out,
                                struct patuh_problem *problem)
{
    struct pt_kept *kept;
    struct patuh_history history = {0};
    enum patuh_result result = pt_summary_read(device, assessment, "log", read_history, &history, &kept, problem);
    if (result == PATUH_OK) {
        history.memory = kept;
        *out = history;
    }
    return result;
}

void patuh_history_free(struct patuh_history *history)
{
    pt_kept_destroy(history->memory);
    *history = (struct patuh_history){0};
}
