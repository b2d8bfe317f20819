/* showing.h - one assessment while it is written for a reviewer: names, texts and values in one arena. For the form and
 * the history of a question only.
 *
 * Thread: a command's.  Memory: strings live until showing_close; the arena remembers that it was exhausted. */
#ifndef PATUHD_SHOWING_H
#define PATUHD_SHOWING_H

#include "io/assessment/conditions.h"
#include "review/review.h"

struct showing {
    const struct review_case *c;
    struct pt_arena arena;
    struct review_change *changes;
    size_t n_changes;
    bool first;
    struct pt_conditions conditions;
};

enum pt_err showing_open(struct showing *s, const struct review_case *c);
void showing_close(struct showing *s);
const char *showing_keep(struct showing *s, struct pt_buf *text);
const char *showing_text(struct showing *s, const struct pt_hash *hash);
const char *showing_field(struct showing *s, const ProtobufCBinaryData *field);
const char *showing_value(struct showing *s, uint32_t node, const struct pt_value *value, bool label);
const char *showing_path(struct showing *s, uint32_t node, const char *instance);
const char *showing_label(struct showing *s, uint32_t node, const char *instance);
const char *showing_author(struct showing *s, const struct pt_view *view);
const char *showing_received(struct showing *s, const struct pt_view *view, uint64_t seq);
bool showing_is_about(const struct pt_comment *comment, uint32_t question, const char *instance);

#endif
