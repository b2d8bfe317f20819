/* merge_internal.h - what the files of merge share: the work in progress. Not for others. */
#ifndef PT_MERGE_INTERNAL_H
#define PT_MERGE_INTERNAL_H

#include "core/merge.h"

struct pt__merge {
    const struct pt_merge_input *in;
    struct pt_arena *arena;
    struct pt_assessment *out;
    bool **effective; /* [view][entry] */
    uint64_t *upto;   /* [view]: entries up to this count at the level */
    const char *office;
    const char **ever_assigned;
    size_t n_ever_assigned;
};

/* Entry i of view v counts: effective and inside the cut. */
bool pt__merge_counts(const struct pt__merge *m, size_t v, size_t i);
/* Unpacked detail of an entry, NULL when it is not of that kind. Lives in the arena. */
const void *pt__merge_detail(struct pt__merge *m, const struct pt_entry *entry, const ProtobufCMessageDescriptor *kind);

/* merge_effect.c: opening, assignments, and which entries are effective. */
enum pt_err pt__merge_effect(struct pt__merge *m);
/* merge_state.c: moves, the state, and the cut of the level. */
enum pt_err pt__merge_state(struct pt__merge *m);
/* merge_registers.c: instances, registers and their heads, notes, evidence, places. */
enum pt_err pt__merge_registers(struct pt__merge *m);

#endif
