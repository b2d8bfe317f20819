/* show_internal.h - the state in which a form is built, shared by show.c and show_remarks.c. Not for others. */
#ifndef PT_CLIENT_SHOW_INTERNAL_H
#define PT_CLIENT_SHOW_INTERNAL_H

#include "client/patuh.h"
#include "io/assessment/conditions.h"
#include "io/assessment/work.h"

struct pt__showing {
    struct pt_work *work;
    struct pt_txn *txn;
    struct pt_arena *arena;
    struct pt_conditions conditions;
    const uint32_t *instances; /* in the order they were added */
    struct patuh_item *items;
    size_t n_items;
    size_t capacity;
    enum pt_err err;
};

/* Copies in the arena; "" when it is exhausted, which the arena remembers, or when a text has not arrived. */
const char *pt__show_keep(struct pt__showing *b, const char *text);
const char *pt__show_keep_buf(struct pt__showing *b, struct pt_buf *text); /* and frees it */
const char *pt__show_text(struct pt__showing *b, const struct pt_hash *hash);
const char *pt__show_author(struct pt__showing *b, const struct pt_view *view);
const char *pt__show_path(struct pt__showing *b, uint32_t node, const char *instance);

/* path: of the question, for the id of evidence. */
struct patuh_remark pt__show_remark(struct pt__showing *b, const struct pt_remark *from, const char *path);
/* Those about one question of an instance (0: none). */
const struct patuh_remark *pt__show_remarks(struct pt__showing *b, const struct pt_remark *from, size_t n_from,
                                            uint32_t question, uint32_t instance, const char *path, size_t *n_out);
/* Comments of an item; instance: its name, or "". */
void pt__show_comments(struct pt__showing *b, uint32_t node, const char *instance, struct patuh_item *item);

#endif
