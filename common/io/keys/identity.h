/* identity.h - keys in files: NAME.key holds the 32-byte seed of an Ed25519 pair, mode 0600.
 *
 * Thread: any.  Memory: the pair is the caller's, to be wiped with pt_keypair_wipe. */
#ifndef PT_IDENTITY_H
#define PT_IDENTITY_H

#include "base/problem.h"
#include "core/crypto.h"

/* Read folder/name.key. *warning (may be NULL) is set when others may read the file; its msg stays PT_MSG_NONE
 * otherwise. Errors (sentence in problem): NOTFOUND, DAMAGED (not 32 bytes), IO. */
enum pt_err pt_identity_load(const char *folder, const char *name, struct pt_keypair *out, struct pt_problem *warning,
                             struct pt_problem *problem);
/* Make a new pair and its file; never overwrites. Errors: EXISTS, FULL, IO (sentence set for the last two). */
enum pt_err pt_identity_create(const char *folder, const char *name, const struct pt_random *random,
                               struct pt_keypair *out, struct pt_problem *problem);
/* Load, or create when there is none. Errors: as the two above. */
enum pt_err pt_identity_load_or_create(const char *folder, const char *name, const struct pt_random *random,
                                       struct pt_keypair *out, struct pt_problem *warning, struct pt_problem *problem);

#endif
