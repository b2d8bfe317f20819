/* authority_internal.h - the authority while it is built. Not for others. */
#ifndef PT_AUTHORITY_INTERNAL_H
#define PT_AUTHORITY_INTERNAL_H

#include "core/merge/authority.h"

struct pt__building {
    struct pt_view *all;
    const struct pt_view **views; /* by author and age, so that the order they were given in decides nothing */
    size_t n_views;
    const struct pt_author *root;
    struct pt_arena *arena;
    struct pt_authority out;
};

/* NULL for a detail that is no such message: the entry is ineffective, the log stays. */
const void *pt__authority_detail(struct pt__building *b, const struct pt_entry *entry,
                                 const ProtobufCMessageDescriptor *kind);
/* The office whose own log this is; NULL for any other log. */
const struct pt_office *pt__authority_office_of(const struct pt__building *b, const struct pt_view *view);

/* authority_rulings.c */
/* Head office's forked office logs, by what it says before their forks. Before anything else is read of them. */
enum pt_err pt__authority_stand_root(struct pt__building *b);
/* The other forked office logs; offices are known. */
enum pt_err pt__authority_stand_offices(struct pt__building *b);
/* All rulings; members are known. */
enum pt_err pt__authority_collect_rulings(struct pt__building *b);

#endif
