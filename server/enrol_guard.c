#include "enrol_guard.h"

#include "base/mem.h"
#include "core/limits.h"

#include <stdio.h>
#include <string.h>

#define MINUTE_MS 60000

struct guard_row {
    char address[64];
    uint64_t since_ms;
    uint32_t n;
};

struct enrol_guard {
    struct guard_row rows[GUARD_ADDRESSES];
};

struct enrol_guard *enrol_guard_create(void)
{
    return pt_zalloc(sizeof(struct enrol_guard));
}

void enrol_guard_destroy(struct enrol_guard *guard)
{
    pt_free(guard);
}

bool enrol_guard_allows(struct enrol_guard *guard, const char *address, uint64_t now_ms)
{
    struct guard_row *row = &guard->rows[0];
    for (size_t i = 0; i < GUARD_ADDRESSES; i++) {
        struct guard_row *other = &guard->rows[i];
        if (strcmp(other->address, address) == 0) {
            row = other;
            break;
        }
        row = other->since_ms < row->since_ms ? other : row;
    }
    if (strcmp(row->address, address) != 0 || now_ms - row->since_ms >= MINUTE_MS) {
        *row = (struct guard_row){.since_ms = now_ms};
        (void)snprintf(row->address, sizeof row->address, "%s", address);
    }
    return ++row->n <= PT_ENROL_PER_MINUTE_PER_ADDRESS;
}
