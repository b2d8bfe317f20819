/* link_state.h - how a region's link to head office is: kept in the store, so that a command can say it with or without
 * a running server.
 *
 * Thread: note on the loop's, read on any.  Memory: by value. */
#ifndef PATUHD_LINK_STATE_H
#define PATUHD_LINK_STATE_H

#include "office.h"

#define LINK_ERROR_BYTES 512

struct link_state {
    bool known; /* false: this office never tried */
    bool up;
    int64_t since_ms;
    int64_t tried_ms;
    char error_id[LINK_ERROR_BYTES]; /* why it ended, in each language; "": it ended well, or never did */
    char error_en[LINK_ERROR_BYTES];
};

/* Errors: those of the store, DAMAGED. */
enum pt_err link_state_read(const struct office *office, struct link_state *out);
/* Write it later, through the writer. Nothing depends on it: when it cannot be written it is as it was. why: may be
 * NULL. */
void link_state_note(struct pt_writer *writer, bool up, const struct pt_problem *why);

#endif
