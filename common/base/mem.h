/* mem.h - the only place that calls malloc, and the one that wipes.
 *
 * Lets a test fail the n-th allocation and count what is alive.
 * Thread: pt_alloc and friends any; the fault switch belongs to single-threaded tests. */
#ifndef PT_MEM_H
#define PT_MEM_H

#include "base/err.h"

#include <stddef.h>

/* NULL when out of memory (or when the armed fault fires). A size of 0 gives a valid pointer. */
void *pt_alloc(size_t n_bytes);
void *pt_zalloc(size_t n_bytes);
void *pt_realloc(void *old, size_t n_bytes);
void pt_free(void *memory); /* NULL is fine */
char *pt_strdup(const char *text);

/* Overwrite what was secret: the compiler does not take it for useless. NULL with 0 is fine. */
void pt_wipe(void *memory, size_t n_bytes);

/* Make room for `need` items of item_bytes each in a growing array (doubles). On error nothing changed. Errors: NOMEM.
 */
enum pt_err pt_reserve(void *items_ptr, size_t *capacity, size_t need, size_t item_bytes);

/* Tests: let `pass` allocations through, then fail every one until disarmed with pt_mem_fault_disarm(). */
void pt_mem_fault_arm(size_t pass);
void pt_mem_fault_disarm(void);
/* Tests: allocations alive now (all threads). */
long pt_mem_alive(void);

#endif
