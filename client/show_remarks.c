/* show_remarks.c - what people wrote beside the answers: notes, evidence, comments of an office that returned it. */
#include "client/evidence.h"
#include "client/show_internal.h"

#include "core/log/texts.h"

#include <string.h>

const char *pt__show_keep(struct pt__showing *b, const char *text)
{
    const char *kept = pt_arena_str(b->arena, text);
    return kept == NULL ? "" : kept; /* the arena remembers that it was exhausted */
}

const char *pt__show_keep_buf(struct pt__showing *b, struct pt_buf *text)
{
    const char *kept = pt__show_keep(b, pt_buf_text(text));
    b->err = b->err == PT_OK ? text->err : b->err;
    pt_buf_free(text);
    return kept;
}

const char *pt__show_text(struct pt__showing *b, const struct pt_hash *hash)
{
    const char *text = "";
    enum pt_err err = pt_text_get(b->txn, &b->work->subject, hash, b->arena, &text);
    if (err != PT_OK && err != PT_ENOTFOUND && err != PT_EDAMAGED) {
        b->err = err;
    }
    return text;
}

const char *pt__show_author(struct pt__showing *b, const struct pt_view *view)
{
    const char *name = pt_work_author(b->work, &view->log.author, b->arena);
    return name == NULL ? "" : name;
}

/* --- notes and evidence --- */

const char *pt__show_path(struct pt__showing *b, uint32_t node, const char *name)
{
    struct pt_buf path = {0};
    pt_path_put(&path, b->work->instrument, node, name);
    return pt__show_keep_buf(b, &path);
}

struct patuh_remark pt__show_remark(struct pt__showing *b, const struct pt_remark *from, const char *path)
{
    struct patuh_remark remark = {.author = pt__show_author(b, from->view), .text = "", .id = "", .time = ""};
    if (from->entry->kind == PATUH__ENTRY_KIND__ENTRY_ADD_EVIDENCE) {
        char id[PATUH_PATH_BYTES + 9];
        pt_evidence_id(path, &from->entry->hash, id, sizeof id);
        remark.id = pt__show_keep(b, id);
        const Patuh__Evidence *detail = pt_evidence_detail(from->entry, b->arena);
        remark.text = pt__show_keep(b, detail == NULL || detail->name == NULL ? "" : detail->name);
    } else {
        char time[24];
        remark.text = pt__show_text(b, &from->entry->hash);
        remark.time = pt__show_keep(b, pt_time_text(from->entry->wall_s, time, sizeof time));
    }
    return remark;
}

const struct patuh_remark *pt__show_remarks(struct pt__showing *b, const struct pt_remark *from, size_t n_from,
                                            uint32_t question, uint32_t instance, const char *path, size_t *n_out)
{
    size_t n = 0;
    for (size_t i = 0; i < n_from; i++) {
        n += from[i].entry->question == question && from[i].instance == instance ? 1 : 0;
    }
    struct patuh_remark *out = n == 0 ? NULL : pt_arena_zalloc(b->arena, n, sizeof *out);
    *n_out = 0;
    for (size_t i = 0; out != NULL && i < n_from; i++) {
        if (from[i].entry->question == question && from[i].instance == instance) {
            out[(*n_out)++] = pt__show_remark(b, &from[i], path);
        }
    }
    return out;
}

/* --- comments --- */

static struct patuh_remark comment_of(struct pt__showing *b, const struct pt_comment *from)
{
    char time[24];
    struct pt_hash hash;
    const ProtobufCBinaryData *text = &from->detail->text;
    const struct pt_entry *entry = &from->view->entries[from->seq - 1];
    struct patuh_remark remark = {.author = pt__show_author(b, from->view), .text = "", .id = ""};
    remark.time = pt__show_keep(b, pt_time_text(entry->wall_s, time, sizeof time));
    if (text->len == sizeof hash.b) {
        memcpy(hash.b, text->data, sizeof hash.b);
        remark.text = pt__show_text(b, &hash);
    }
    return remark;
}

static bool is_there(const struct pt__showing *b, uint32_t repeat, struct pt_bytes name)
{
    const struct pt_answers *answers = &b->work->state.answers;
    for (size_t i = 0; i < answers->n_instances; i++) {
        const struct pt_instance *instance = &answers->instances[i];
        if (instance->repeat == b->work->instrument->nodes[repeat].number &&
            pt_bytes_eq(pt_bytes_str(instance->name), name)) {
            return true;
        }
    }
    return false;
}

/* Is it about a product or respondent of this repeat that was removed since? *node: what it is about. */
static bool is_about_gone(const struct pt__showing *b, uint32_t repeat, const Patuh__Comment *detail, uint32_t *node)
{
    struct pt_bytes name = pt_bytes_of(detail->instance.data, detail->instance.len);
    *node = pt_node_by_number(b->work->instrument, detail->question);
    return name.n > 0 && *node >= repeat && *node < b->work->instrument->nodes[repeat].end &&
           !is_there(b, repeat, name);
}

/* Does it belong to this item? node: of a repeat, which has those too that are about what is gone; their id is the
 * path they were written for. */
static bool take_comment(struct pt__showing *b, const struct pt_comment *comment, uint32_t node, const char *instance,
                         struct patuh_remark *out)
{
    const Patuh__Comment *detail = comment->detail;
    uint32_t gone;
    if (instance[0] == '\0' && b->work->instrument->nodes[node].type == PT_NODE_REPEAT &&
        is_about_gone(b, node, detail, &gone)) {
        const char *name =
            pt_arena_printf(b->arena, "%.*s", (int)detail->instance.len, (const char *)detail->instance.data);
        *out = comment_of(b, comment);
        out->id = name == NULL ? "" : pt__show_path(b, gone, name);
        return true;
    }
    bool here = detail->question == b->work->instrument->nodes[node].number &&
                pt_bytes_eq(pt_bytes_of(detail->instance.data, detail->instance.len), pt_bytes_str(instance));
    if (here) {
        *out = comment_of(b, comment);
    }
    return here;
}

static const struct patuh_remark *comments_at(struct pt__showing *b, uint32_t node, const char *instance, bool stands,
                                              size_t *n_out)
{
    const struct pt_assessment *state = &b->work->state;
    struct patuh_remark *out = NULL;
    for (size_t i = 0; i < state->n_comments; i++) {
        struct patuh_remark remark;
        if (state->comments[i].stands != stands || !take_comment(b, &state->comments[i], node, instance, &remark)) {
            continue;
        }
        out = out == NULL ? pt_arena_zalloc(b->arena, state->n_comments, sizeof *out) : out;
        if (out != NULL) {
            out[(*n_out)++] = remark;
        }
    }
    return out;
}

void pt__show_comments(struct pt__showing *b, uint32_t node, const char *instance, struct patuh_item *item)
{
    item->comments = comments_at(b, node, instance, true, &item->n_comments);
    item->earlier = comments_at(b, node, instance, false, &item->n_earlier);
}
