/* attempt.h - a history in a process of its own, so that one that fails, or crashes, can be tried again in small.
 *
 * Thread: one. */
#ifndef SIM_ATTEMPT_H
#define SIM_ATTEMPT_H

#include "sim.h"

/* With the end of the trace on stderr when it fails and `tell` is set. */
void sim_attempt(const struct sim_options *options, bool tell, struct sim_result *out);
/* The same failure with fewer faults, regions, devices, days and events: greedy, at most tries_max histories. */
struct sim_options sim_shrink(const struct sim_options *options, const struct sim_result *failure, size_t tries_max);
/* The words after the program's name that tell this history again. */
void sim_replay_put(struct pt_buf *out, const struct sim_options *options);

#endif
