/* forks.h - forked logs for people: whose they are, their branches, and which of them stands.
 *
 * Thread: any.  Memory: everything lives in its arena until forks_close. */
#ifndef PATUHD_FORKS_H
#define PATUHD_FORKS_H

#include "directory.h"

#define FORKS_LINK_DIGITS 16 /* of a link, as they are shown */

struct forks_branch {
    size_t log; /* index */
    uint64_t seq;
    struct pt_hash link;
    char digits[2 * PT_HASH_BYTES + 1]; /* the whole link */
    uint64_t n_entries;                 /* past the fork */
    int64_t first_s;                    /* the author's clock, seconds since 1970 */
    int64_t last_s;
    bool stands;
};

struct forks_log {
    struct pt_log_id log;
    const char *subject; /* "2023/62.71/dinkes", "62", "2023" */
    const char *author;  /* surveyor, reviewer or office */
    uint64_t fork_seq;
    const struct pt_ruling *ruling; /* NULL: nobody has decided */
};

struct forks {
    struct pt_arena arena;
    struct pt_authority authority;
    struct forks_log *logs;
    size_t n_logs;
    struct forks_branch *branches; /* those of a log follow each other */
    size_t n_branches;
};

/* Errors: NOMEM, and those of the store. */
enum pt_err forks_open(const struct office *office, struct forks *out);
void forks_close(struct forks *forks);

#endif
