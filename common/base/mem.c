#include "base/mem.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static atomic_long alive;
static bool fault_armed;
static size_t fault_pass;

static bool fault_fires(void)
{
    if (!fault_armed) {
        return false;
    }
    if (fault_pass == 0) {
        return true;
    }
    fault_pass--;
    return false;
}

void *pt_alloc(size_t n_bytes)
{
    if (fault_fires()) {
        return NULL;
    }
    void *memory = malloc(n_bytes == 0 ? 1 : n_bytes);
    if (memory != NULL) {
        atomic_fetch_add(&alive, 1);
    }
    return memory;
}

void *pt_zalloc(size_t n_bytes)
{
    void *memory = pt_alloc(n_bytes);
    if (memory != NULL) {
        memset(memory, 0, n_bytes == 0 ? 1 : n_bytes);
    }
    return memory;
}

void *pt_realloc(void *old, size_t n_bytes)
{
    if (fault_fires()) {
        return NULL;
    }
    void *memory = realloc(old, n_bytes == 0 ? 1 : n_bytes);
    if (memory != NULL && old == NULL) {
        atomic_fetch_add(&alive, 1);
    }
    return memory;
}

void pt_free(void *memory)
{
    if (memory != NULL) {
        atomic_fetch_sub(&alive, 1);
        free(memory);
    }
}

char *pt_strdup(const char *text)
{
    size_t n = strlen(text) + 1;
    char *copy = pt_alloc(n);
    if (copy != NULL) {
        memcpy(copy, text, n);
    }
    return copy;
}

void pt_wipe(void *memory, size_t n_bytes)
{
    if (n_bytes > 0) {
        explicit_bzero(memory, n_bytes);
    }
}

enum pt_err pt_reserve(void *items_ptr, size_t *capacity, size_t need, size_t item_bytes)
{
    if (need <= *capacity) {
        return PT_OK;
    }
    size_t wanted = *capacity == 0 ? 8 : *capacity;
    while (wanted < need) {
        if (wanted > SIZE_MAX / 2) {
            return PT_ENOMEM;
        }
        wanted *= 2;
    }
    if (wanted > SIZE_MAX / item_bytes) {
        return PT_ENOMEM;
    }
    void *old;
    memcpy(&old, items_ptr, sizeof old); /* the caller's pointer has another type: copied, not aliased */
    void *grown = pt_realloc(old, wanted * item_bytes);
    if (grown == NULL) {
        return PT_ENOMEM;
    }
    memcpy(items_ptr, &grown, sizeof grown);
    *capacity = wanted;
    return PT_OK;
}

void pt_mem_fault_arm(size_t pass)
{
    fault_pass = pass;
    fault_armed = true;
}

void pt_mem_fault_disarm(void)
{
    fault_armed = false;
}

long pt_mem_alive(void)
{
    return atomic_load(&alive);
}
