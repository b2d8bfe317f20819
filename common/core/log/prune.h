/* prune.h - an assessment that is done leaves the device, and comes back when something new about it arrives.
 *
 * Of its logs the heads and the receipts stay, so that digests are equal and nothing is asked for; chunks, texts and
 * wants go. A record says for people what it was. Whatever arrives about it afterwards recalls it: every log of it
 * begins at entry 1 again, the office is asked for them, and until each is back as far as it was, nothing is shown of
 * it and nothing may be written (pt_pen_log, pt_tail_put): that would fork our own log.
 * Only a device prunes. Thread: as the transaction.  Memory: in the given arena, or by value.  Errors of all: those of
 * the store, NOMEM, DAMAGED. */
#ifndef PT_PRUNE_H
#define PT_PRUNE_H

#include "core/log/logs.h"

/* What stays known of it. */
struct pt_pruned {
    bool recalled;     /* it is being fetched again */
    uint32_t state;    /* enum State in chunk.proto, when it was pruned */
    int64_t since_ms;  /* when it came into that state, by the clock of whoever said so */
    int64_t pruned_ms; /* office time */
    const char *unit;
    const char *institution;
    const char *surveyors;
    bool assigned;
    uint32_t n_answered;
};

/* --- when (prune_rule.c): what logs and receipts say; the state of the assessment is the caller's to know --- */

struct pt_prune_rule {
    struct pt_author author;  /* whose device */
    enum pt_tier office_tier; /* of the office that it delivers to, where its evidence stays */
    int64_t office_ms;        /* the newest office time that it has heard */
    int64_t age_ms;           /* so much lies between head office's receipts and that */
};
/* Is everything that the author wrote about the subject (something) safe elsewhere, for so long? Each of its logs is
 * receipted up to its head by head office, in the newest epoch of it that is known here, and by the office it delivers
 * to; the evidence by the latter, in its newest epoch, which is the one of the last Welcome. No log of the subject has
 * a tail, is forked or has parked chunks. */
enum pt_err pt_prune_is_due(struct pt_txn *txn, const struct pt_subject *subject, const struct pt_prune_rule *rule,
                            bool *due);
/* Its parts, of one log (prune_proof.c). Does head office have it up to its head, since long enough? */
enum pt_err pt_prune_is_at_head_office(struct pt_txn *txn, const struct pt_head *head, const struct pt_prune_rule *rule,
                                       bool *is);
/* Does the office that it was delivered to? */
enum pt_err pt_prune_is_delivered(struct pt_txn *txn, const struct pt_head *head, const struct pt_prune_rule *rule,
                                  bool *is);
/* And all evidence that its entries name? */
enum pt_err pt_prune_is_evidence_safe(struct pt_txn *txn, const struct pt_head *head, const struct pt_prune_rule *rule,
                                      bool *safe);
/* Files that nothing but evidence of this subject's logs names, sorted, in the arena. */
enum pt_err pt_prune_files(struct pt_txn *txn, const struct pt_subject *subject, struct pt_arena *arena,
                           struct pt_hash **out, size_t *n);

/* --- what (prune.c) --- */

/* Let it go. The last row of the arrival log stays without its chunk: the running hash goes on from there. */
enum pt_err pt_prune(struct pt_txn *txn, const struct pt_subject *subject, const struct pt_pruned *pruned);
/* Errors: NOTFOUND (all of it is here). */
enum pt_err pt_pruned_read(struct pt_txn *txn, const struct pt_subject *subject, struct pt_arena *arena,
                           struct pt_pruned *out);
enum pt_err pt_pruned_has(struct pt_txn *txn, const struct pt_subject *subject, bool *pruned);
/* Something about the subject has come: if it is pruned, every log of it begins anew; else nothing. */
enum pt_err pt_prune_recall(struct pt_txn *txn, const struct pt_subject *subject, bool *recalled);
/* A session was settled after a recall: the office has no more of what others wrote (it was restored, and lost words of
 * its own), so that is all of it. Our own logs are waited for: head office has them. */
enum pt_err pt_prune_settled(struct pt_txn *txn, const struct pt_author *author);

#endif
