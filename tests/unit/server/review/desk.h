/* desk.h - the office of region 62 (reviewer rini) and head office (reviewer dewi) over one store, for the tests here.
 */
#ifndef PT_TEST_DESK_H
#define PT_TEST_DESK_H

#include "../rollup/world.h"
#include "review/review.h"

#define UNIT "62.01/dinkes"
#define UNIT_NAME "2023/" UNIT
#define OWN_UNIT "62.01-polres/polres" /* head office's own */

struct desk {
    struct world w;
    char folder[32];
    struct office offices[2]; /* of tier 1 and 2 */
    struct reviewer reviewers[2];
};

/* How far UNIT_NAME has come. */
enum stage {
    DRAFT,
    SUBMITTED,
    RETURNED,
    PROPOSED,
    APPROVED_REGION,
    CONFIRMED_REGION,
    APPROVED_NATION,
    CONFIRMED_NATION,
    FIXED
};

void desk_keep_blobs(struct desk *d);
void desk_open(struct desk *d);
void desk_close(struct desk *d);
/* What the reviewer of the tier is told; NONE: done. */
enum pt_msg desk_act(struct desk *d, enum pt_tier tier, const struct review_act *wanted);
enum pt_msg desk_act_on(struct desk *d, enum pt_tier tier, enum review_kind kind, const char *unit);
void desk_return(struct desk *d, enum pt_tier tier, const char *path, const char *text);
/* The unit as it is now; to be closed. */
struct review_case desk_look(struct desk *d);
Patuh__State desk_state(struct desk *d);
void desk_open_for_both(struct desk *d);
void desk_bring_to(struct desk *d, enum stage stage);
struct pt_entry desk_about(struct desk *d, const char *path, Patuh__EntryKind kind);

#endif
