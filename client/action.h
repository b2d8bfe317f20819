/* action.h - one thing the surveyor does: begin, put entries, check, end. One transaction. Inside the library only.
 *
 *     err = pt_action_begin(&action, device, assessment, &problem);
 *     if (err == PT_OK) { err = pt_action_put(&action, &entry, NULL); }
 *     err = pt_action_end(&action, err, false, &problem);
 * Thread: the caller's.  Memory: what entries point to lives in action.work.arena. */
#ifndef PT_CLIENT_ACTION_H
#define PT_CLIENT_ACTION_H

#include "client/device.h"

struct pt_action {
    struct patuh *device;
    struct pt_txn *txn;  /* NULL when begin failed */
    struct pt_work work; /* before the action, unsealed entries included */
    struct pt_author_pen pen;
    struct pt_head head;  /* this device's log of the assessment */
    uint64_t last_before; /* its last entry before the action */
};

/* A question, repeat or instance that somebody typed. */
struct pt_target {
    uint32_t node;
    uint32_t instance;                    /* as in pt_answer; 0 outside repeats */
    char name[PT_INSTANCE_BYTES_MAX + 1]; /* of the instance, "" outside repeats */
    const char *path;                     /* as typed; the caller's */
};

/* Errors: INVALID, NOTFOUND, DENIED (not enrolled, no instrument yet), those of the store. Always followed by
 * pt_action_end. */
enum pt_err pt_action_begin(struct pt_action *action, struct patuh *device, const char *assessment,
                            struct pt_problem *problem);
/* seq may be NULL. */
enum pt_err pt_action_put(struct pt_action *action, const struct pt_entry *entry, uint64_t *seq);
/* Keep a text and get its hash. Errors: INVALID (blank, too long, not UTF-8; sentence). */
enum pt_err pt_action_text(struct pt_action *action, const char *text, size_t n_max, struct pt_hash *hash,
                           struct pt_problem *problem);
/* A packed message in the arena; data NULL when out of memory. */
struct pt_bytes pt_action_pack(struct pt_action *action, const ProtobufCMessage *message);
/* Errors: INVALID: no such question, or instance (sentence). */
enum pt_err pt_action_target(struct pt_action *action, const char *path, struct pt_target *out,
                             struct pt_problem *problem);
/* An entry of a kind at a target, now. */
struct pt_entry pt_action_entry(const struct pt_action *action, Patuh__EntryKind kind, const struct pt_target *target);
/* Read again with what was put, into *after (closed by the caller, always). Errors: DENIED when one of the entries put
 * would count nowhere (sentence). */
enum pt_err pt_action_check(struct pt_action *action, struct pt_work *after, struct pt_problem *problem);
/* Commit when err is PT_OK and pt_action_check agrees (checked: it was asked already), abort otherwise. */
enum pt_err pt_action_end(struct pt_action *action, enum pt_err err, bool checked, struct pt_problem *problem);

#endif
