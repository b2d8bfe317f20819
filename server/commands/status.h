/* status.h - what patuhd status found, before it is printed. For cmd_status.c and status_actions.c.
 *
 * Thread: a command's.  Memory: texts live in the arena of `w`. */
#ifndef PATUHD_STATUS_H
#define PATUHD_STATUS_H

#include "commands/command.h"
#include "link_state.h"
#include "waiting.h"

#define STATUS_ACTIONS_MAX 256

/* One thing that somebody has to do. */
struct status_action {
    const char *code; /* for programs: "submitted", "silent", ... */
    enum pt_msg msg;
    const char *arg[4];
};

struct status {
    struct command *c;
    struct waiting w;
    struct link_state link;
    bool refilling;                             /* what was lost has yet to come back */
    char unheard[PT_OFFICE_CODE_BYTES_MAX + 1]; /* from this office first; "" when from nobody */
    int64_t now_ms;
    unsigned long long free_bytes;
    struct status_action actions[STATUS_ACTIONS_MAX];
    size_t n_actions;
};

/* What has to be done, the office itself first. */
void status_find_actions(struct status *r);
/* UTC, as people read it. */
const char *status_time(struct status *r, int64_t ms);
/* Is it a key that connects by itself? */
bool status_syncs(const struct waiting_peer *peer);
/* Is its clock so far off that its times mislead? */
bool status_clock_is_off(const struct waiting_peer *peer);
/* Does anybody have to do anything about the assessment? */
bool status_waits(const struct status *r, const struct waiting_assessment *a);

#endif
