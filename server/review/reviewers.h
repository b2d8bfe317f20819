/* reviewers.h - people who review: a key of their own each, sealed with a passphrase in D/reviewers/NAME.key.
 *
 * The office's key signs receipts and what the office assigns, never a review. A reviewer's key is opened for one
 * command (--as NAME) and wiped after it.
 * Thread: a command's.  Memory: by value; reviewer_close wipes. */
#ifndef PATUHD_REVIEWERS_H
#define PATUHD_REVIEWERS_H

#include "office.h"

struct reviewer {
    char name[PT_INSTANCE_BYTES_MAX + 1];
    struct pt_keypair pair;
    struct pt_author author;
};

/* A person with a one-time code becomes a reviewer of this office: the key is made (or opened again, when an earlier
 * try ended half-way) and named in the office's log. Errors with a sentence: INVALID (not a code, of another office,
 * not for a reviewer; passphrase too short), DENIED (code wrong, used, expired; another passphrase), those of the
 * store. */
enum pt_err reviewer_enroll(struct office *office, const char *code, struct pt_bytes passphrase, struct reviewer *out,
                            struct pt_problem *problem);
/* Errors with a sentence: NOTFOUND, DENIED (another passphrase), INVALID (no such name), DAMAGED, IO. */
enum pt_err reviewer_open(const struct office *office, const char *name, struct pt_bytes passphrase,
                          struct reviewer *out, struct pt_problem *problem);
void reviewer_close(struct reviewer *reviewer);

#endif
