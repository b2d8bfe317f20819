/* cycle_data.h - a cycle's current instrument and registry, read from the cycle log and the blobs.
 *
 * Thread: any.  Memory: everything lives in its arena until cycle_data_close. */
#ifndef PATUHD_CYCLE_DATA_H
#define PATUHD_CYCLE_DATA_H

#include "core/instrument/instrument.h"
#include "core/merge/cycle.h"
#include "core/table/registry.h"
#include "office.h"

struct cycle_data {
    struct pt_arena arena;
    struct pt_cycle cycle;
    struct pt_bytes instrument_bytes; /* empty: none yet */
    struct pt_instrument instrument;
    bool has_registry;
    struct pt_registry registry;
};

/* A cycle that nothing was loaded for is good and empty. Errors: NOMEM, DAMAGED, IO. */
enum pt_err cycle_data_open(const struct office *office, const char *cycle, struct cycle_data *out);
void cycle_data_close(struct cycle_data *data);

/* Codes of all cycles that something was loaded for, sorted; in the arena. */
enum pt_err cycle_codes(const struct office *office, struct pt_arena *arena, const char ***out, size_t *n_out);

#endif
