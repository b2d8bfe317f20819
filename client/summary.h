/* summary.h - the line about one assessment that list and form share. Inside the library only. */
#ifndef PT_CLIENT_SUMMARY_H
#define PT_CLIENT_SUMMARY_H

#include "client/device.h"

/* What a result owns besides its structs. */
struct pt_kept {
    struct pt_arena arena;
};

/* NULL when out of memory. */
struct pt_kept *pt_kept_create(void);
void pt_kept_destroy(struct pt_kept *kept); /* NULL is fine */

/* Load one assessment and let `read` fill a result from it, inside one read transaction. *kept is what the result owns,
 * NULL on error; action names what failed. */
typedef enum pt_err (*pt_summary_reader)(struct pt_work *work, struct pt_txn *txn, struct pt_arena *arena, void *out);
enum patuh_result pt_summary_read(struct patuh *device, const char *assessment, const char *action,
                                  pt_summary_reader read, void *out, struct pt_kept **kept,
                                  struct patuh_problem *problem);
/* Strings go into the arena; out->revoked is given. Errors: those of the store. */
enum pt_err pt_summary_fill(struct pt_work *work, struct pt_txn *txn, struct pt_arena *arena, struct patuh_listed *out);
/* How far one log of this device is durable elsewhere, and how far it counts there. */
struct pt_covered {
    uint64_t carried; /* in a bundle that was handed out; no receipt says that it arrived */
    uint64_t region;
    uint64_t head_office;
    uint64_t counted; /* what lies after it is at most held: a fork, or a device that was revoked */
};
/* Where the entries of one log of this device are; adds to *places. authority: as below. */
enum pt_err pt_places_add(struct pt_txn *txn, const struct pt_head *head, const struct pt_authority *authority,
                          struct pt_arena *arena, struct patuh_places *places);
/* authority: what it lets stand of a forked log counts as well; NULL: not asked. */
enum pt_err pt_covered_read(struct pt_txn *txn, const struct pt_head *head, const struct pt_authority *authority,
                            struct pt_arena *arena, struct pt_covered *out);
bool pt_covered_is_held(const struct pt_covered *covered);

#endif
