#include "review/showing.h"
#include "core/log/texts.h"

#include <string.h>

enum pt_err showing_open(struct showing *s, const struct review_case *c)
{
    *s = (struct showing){.c = c};
    pt_arena_init(&s->arena, SIZE_MAX);
    enum pt_err err = pt_conditions_check(&c->work, &s->arena, &s->conditions);
    return err == PT_OK ? review_changes(&c->work, &s->arena, &s->changes, &s->n_changes, &s->first) : err;
}

void showing_close(struct showing *s)
{
    pt_arena_close(&s->arena);
}

const char *showing_keep(struct showing *s, struct pt_buf *text)
{
    const char *kept = pt_arena_str(&s->arena, pt_buf_text(text));
    pt_buf_free(text);
    return kept == NULL ? "" : kept;
}

const char *showing_text(struct showing *s, const struct pt_hash *hash)
{
    const char *text = "...";
    return pt_text_get(s->c->txn, &s->c->work.subject, hash, &s->arena, &text) == PT_OK
               ? text
               : "..."; /* erased, or not here yet */
}

const char *showing_field(struct showing *s, const ProtobufCBinaryData *field)
{
    struct pt_hash hash;
    if (field->len != sizeof hash.b) {
        return "";
    }
    memcpy(hash.b, field->data, sizeof hash.b);
    return showing_text(s, &hash);
}

const char *showing_value(struct showing *s, uint32_t node, const struct pt_value *value, bool label)
{
    struct pt_buf text = {0};
    if (value->type == PT_VALUE_TEXT) {
        return showing_text(s, &value->text);
    }
    if (value->type == PT_VALUE_NONE) {
        return label ? "-" : ""; /* as typed, "-" is the answer that none of the choices fits */
    }
    if (label) {
        pt_value_put_label(&text, s->c->work.instrument, node, value);
    } else {
        pt_value_put(&text, s->c->work.instrument, node, value);
    }
    return showing_keep(s, &text);
}

const char *showing_path(struct showing *s, uint32_t node, const char *instance)
{
    struct pt_buf text = {0};
    pt_path_put(&text, s->c->work.instrument, node, instance);
    return showing_keep(s, &text);
}

static const char *instance_label(const struct showing *s, uint32_t node, const char *name)
{
    const struct pt_instrument *instrument = s->c->work.instrument;
    const struct pt_node *at = &instrument->nodes[node];
    uint32_t instance = name[0] == '\0' ? 0 : pt_work_instance(&s->c->work, at->repeat == 0 ? node : at->repeat, name);
    return instance == 0 ? "" : s->c->work.state.answers.instances[instance - 1].label;
}

/* "Papan informasi / Information board", and of a product or respondent its name: "... (Akta)". */
const char *showing_label(struct showing *s, uint32_t node, const char *instance)
{
    const struct pt_node *at = &s->c->work.instrument->nodes[node];
    const char *en = strcmp(at->label.id, at->label.en) == 0 ? "" : at->label.en;
    const char *name = instance_label(s, node, instance);
    struct pt_buf text = {0};
    pt_buf_printf(&text, "%s%s%s", at->label.id, at->label.id[0] == '\0' || en[0] == '\0' ? "" : " / ", en);
    if (name[0] != '\0') {
        pt_buf_printf(&text, "%s(%s)", text.n == 0 ? "" : " ", name);
    }
    return showing_keep(s, &text);
}

const char *showing_author(struct showing *s, const struct pt_view *view)
{
    const char *name = pt_work_author(&s->c->work, &view->log.author, &s->arena);
    return name == NULL ? "?" : name;
}

/* When the office got it, by the office's clock. */
const char *showing_received(struct showing *s, const struct pt_view *view, uint64_t seq)
{
    char time[24];
    const struct pt_view_chunk *chunk = pt_view_chunk_of(view, seq);
    const char *text =
        chunk == NULL ? "-" : pt_arena_str(&s->arena, pt_time_text(chunk->received_ms / 1000, time, sizeof time));
    return text == NULL ? "-" : text;
}

bool showing_is_about(const struct pt_comment *comment, uint32_t question, const char *instance)
{
    const ProtobufCBinaryData *name = &comment->detail->instance;
    size_t n = strlen(instance);
    return comment->detail->question == question && name->len == n && (n == 0 || memcmp(name->data, instance, n) == 0);
}
