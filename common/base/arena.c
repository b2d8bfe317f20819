#include "base/arena.h"

#include "base/mem.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define PT_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PT_ASAN 1
#endif
#endif
#ifdef PT_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, n) ((void)(at), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(at, n) ((void)(at), (void)(n))
#endif

#define BLOCK_BYTES_MIN ((size_t)4096)
#define ALIGNMENT (alignof(max_align_t))

struct pt_arena_block {
    struct pt_arena_block *next;
    size_t capacity; /* bytes behind the header */
    size_t used;
    alignas(max_align_t) uint8_t data[];
};

void pt_arena_init(struct pt_arena *arena, size_t budget)
{
    *arena = (struct pt_arena){.budget = budget};
}

static void block_free(struct pt_arena_block *block)
{
    ASAN_UNPOISON_MEMORY_REGION(block->data, block->capacity);
    pt_free(block);
}

void pt_arena_close(struct pt_arena *arena)
{
    while (arena->blocks != NULL) {
        struct pt_arena_block *next = arena->blocks->next;
        block_free(arena->blocks);
        arena->blocks = next;
    }
    arena->used = 0;
    arena->exhausted = false;
}

void pt_arena_wipe(struct pt_arena *arena)
{
    for (struct pt_arena_block *block = arena->blocks; block != NULL; block = block->next) {
        ASAN_UNPOISON_MEMORY_REGION(block->data, block->capacity);
        pt_wipe(block->data, block->used);
    }
    pt_arena_close(arena);
}

void pt_arena_reset(struct pt_arena *arena)
{
    struct pt_arena_block *kept = arena->blocks;
    if (kept == NULL) {
        arena->exhausted = false;
        return;
    }
    arena->blocks = kept->next;
    pt_arena_close(arena);
    kept->next = NULL;
    kept->used = 0;
    ASAN_POISON_MEMORY_REGION(kept->data, kept->capacity);
    arena->blocks = kept;
    arena->used = sizeof *kept + kept->capacity;
}

static struct pt_arena_block *block_add(struct pt_arena *arena, size_t need)
{
    size_t capacity = arena->blocks == NULL ? BLOCK_BYTES_MIN : arena->blocks->capacity;
    capacity = capacity < (size_t)1024 * 1024 ? capacity * 2 : capacity;
    size_t room = arena->budget - arena->used;
    if (room <= sizeof(struct pt_arena_block) || need > room - sizeof(struct pt_arena_block)) {
        return NULL;
    }
    room -= sizeof(struct pt_arena_block);
    capacity = capacity < need ? need : capacity;
    capacity = capacity > room ? room : capacity;
    struct pt_arena_block *block = pt_alloc(sizeof *block + capacity);
    if (block == NULL) {
        return NULL;
    }
    *block = (struct pt_arena_block){.next = arena->blocks, .capacity = capacity};
    ASAN_POISON_MEMORY_REGION(block->data, block->capacity);
    arena->blocks = block;
    arena->used += sizeof *block + capacity;
    return block;
}

void *pt_arena_alloc(struct pt_arena *arena, size_t n_bytes)
{
    if (n_bytes > SIZE_MAX - ALIGNMENT) {
        arena->exhausted = true;
        return NULL;
    }
    size_t need = n_bytes == 0 ? ALIGNMENT : (n_bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    struct pt_arena_block *block = arena->blocks;
    if (block == NULL || need > block->capacity - block->used) {
        block = block_add(arena, need);
        if (block == NULL) {
            arena->exhausted = true;
            return NULL;
        }
    }
    void *memory = block->data + block->used;
    block->used += need;
    ASAN_UNPOISON_MEMORY_REGION(memory, n_bytes);
    return memory;
}

void *pt_arena_zalloc(struct pt_arena *arena, size_t n_items, size_t item_bytes)
{
    if (item_bytes != 0 && n_items > SIZE_MAX / item_bytes) {
        arena->exhausted = true;
        return NULL;
    }
    void *memory = pt_arena_alloc(arena, n_items * item_bytes);
    if (memory != NULL) {
        memset(memory, 0, n_items * item_bytes);
    }
    return memory;
}

struct pt_bytes pt_arena_dup(struct pt_arena *arena, struct pt_bytes bytes)
{
    uint8_t *copy = pt_arena_alloc(arena, bytes.n);
    if (copy == NULL) {
        return (struct pt_bytes){0};
    }
    if (bytes.n > 0) {
        memcpy(copy, bytes.data, bytes.n);
    }
    return pt_bytes_of(copy, bytes.n);
}

char *pt_arena_strn(struct pt_arena *arena, const char *text, size_t n)
{
    char *copy = pt_arena_alloc(arena, n + 1);
    if (copy != NULL) {
        if (n > 0) { /* text may be NULL then */
            memcpy(copy, text, n);
        }
        copy[n] = '\0';
    }
    return copy;
}

char *pt_arena_str(struct pt_arena *arena, const char *text)
{
    return pt_arena_strn(arena, text, strlen(text));
}

char *pt_arena_printf(struct pt_arena *arena, const char *format, ...)
{
    va_list args;
    va_list again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = n < 0 ? NULL : pt_arena_alloc(arena, (size_t)n + 1);
    if (text != NULL) {
        (void)vsnprintf(text, (size_t)n + 1, format, again);
    }
    va_end(again);
    return text;
}
