/* arena.h - many small allocations, freed together, within a byte budget.
 *
 * The budget is the defence against messages that expand: an arena never takes more from the heap than it was given.
 * Under AddressSanitizer everything not handed out, and everything after a reset, is poisoned.
 * Thread: any one thread at a time.  Memory: what it hands out lives until pt_arena_reset or pt_arena_close. */
#ifndef PT_ARENA_H
#define PT_ARENA_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>

struct pt_arena_block;

struct pt_arena {
    struct pt_arena_block *blocks; /* newest first */
    size_t used;                   /* bytes taken from the heap */
    size_t budget;
    bool exhausted; /* an allocation failed since the last reset: tells a full arena from bad bytes */
};

/* Takes nothing yet. budget in bytes; SIZE_MAX for our own data, a limit from limits.h for foreign bytes. */
void pt_arena_init(struct pt_arena *arena, size_t budget);
void pt_arena_reset(struct pt_arena *arena); /* keeps one block */
void pt_arena_close(struct pt_arena *arena);
void pt_arena_wipe(struct pt_arena *arena); /* close one that held a secret: overwritten first */
/* Aligned for any type, not cleared; NULL when the budget or the heap is exhausted. */
void *pt_arena_alloc(struct pt_arena *arena, size_t n_bytes);
void *pt_arena_zalloc(struct pt_arena *arena, size_t n_items, size_t item_bytes);
/* Copies; {NULL, 0} or NULL when exhausted (a copy of nothing has a non-NULL pointer). */
struct pt_bytes pt_arena_dup(struct pt_arena *arena, struct pt_bytes bytes);
char *pt_arena_strn(struct pt_arena *arena, const char *text, size_t n);
char *pt_arena_str(struct pt_arena *arena, const char *text);
char *pt_arena_printf(struct pt_arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* LIMIT when the budget is what stopped us, NOMEM when the heap did. */
static inline enum pt_err pt_arena_err(const struct pt_arena *arena)
{
    return arena->budget == SIZE_MAX ? PT_ENOMEM : PT_ELIMIT;
}

#endif
