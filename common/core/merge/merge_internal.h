/* merge_internal.h - what the files of merge share: the work in progress. Not for others. */
#ifndef PT_MERGE_INTERNAL_H
#define PT_MERGE_INTERNAL_H

#include "core/merge/merge.h"

/* An office that is responsible for the assessment, or was until head office moved it. */
struct pt__charge {
    const char *code;
    const Patuh__OfficeMove *left; /* what stands of this office's acts; NULL: it is responsible now */
};

struct pt__merge {
    const struct pt_merge_input *in;
    struct pt_arena *arena;
    struct pt_assessment *out;
    bool **effective;           /* [view][entry] */
    uint64_t *upto;             /* [view]: entries up to this count at the level */
    struct pt__charge *charges; /* in the order of the moves; the last one is responsible now */
    size_t n_charges;
    const char **ever_assigned;
    size_t n_ever_assigned;
    struct pt_instance *instances; /* ever added, sorted; those that are there now: out->answers */
    size_t n_instances;
};

/* One entry about one path. */
struct pt__row {
    uint32_t question;
    uint32_t instance;
    size_t view;
    uint64_t seq;
    const struct pt_entry *entry;
    bool replaced;
};

/* Did the author of entry seq act for an office in charge of the assessment? *tier: 2 for head office. */
bool pt__merge_in_charge(const struct pt__merge *m, const struct pt_view *view, uint64_t seq, enum pt_tier *tier);
/* Entry i of view v counts: effective and inside the cut. */
bool pt__merge_counts(const struct pt__merge *m, size_t v, size_t i);
/* Unpacked detail of an entry, NULL when it is not of that kind. Lives in the arena. */
const void *pt__merge_detail(struct pt__merge *m, const struct pt_entry *entry, const ProtobufCMessageDescriptor *kind);

/* Entries of a kind in all views. */
size_t pt__merge_count_kind(const struct pt__merge *m, Patuh__EntryKind kind);

/* merge_effect.c: opening, assignments, and which entries are effective. */
enum pt_err pt__merge_effect(struct pt__merge *m);
/* merge_state.c: moves, the state, and the cut of the level. */
enum pt_err pt__merge_state(struct pt__merge *m);
/* merge_instances.c: which instances there are. */
enum pt_err pt__merge_instances(struct pt__merge *m);
/* 1 + index of an instance in pt_answers; 0 when it is not there. */
uint32_t pt__merge_find_instance(const struct pt__merge *m, uint32_t repeat, const char *name);
/* It is there, was removed, or lies outside the cut. */
bool pt__merge_had_instance(const struct pt__merge *m, uint32_t repeat, const char *name);
/* Number of the repeat around a question in the cycle's newest instrument; 0: in none, or not asked there. */
uint32_t pt__merge_repeat_of(const struct pt__merge *m, uint32_t question);
/* merge_registers.c: registers and their heads, notes, evidence, places. */
enum pt_err pt__merge_registers(struct pt__merge *m);
/* merge_replaces.c: answered, cleared, decided. */
bool pt__merge_is_claim(Patuh__EntryKind kind);
/* What a claim says; empty when it clears. */
struct pt_value pt__merge_value(const struct pt__row *row);
/* Sets `replaced` in the rows of one register, which are sorted by view, then seq. Errors: NOMEM. */
enum pt_err pt__merge_mark_replaced(const struct pt__merge *m, struct pt__row *rows, size_t n);

#endif
