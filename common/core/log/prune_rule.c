/* prune_rule.c - may an assessment leave this device? What its logs and their receipts say. */
#include "core/log/prune.h"

static enum pt_err is_log_safe(struct pt_txn *txn, const struct pt_head *head, const struct pt_prune_rule *rule,
                               bool *safe)
{
    enum pt_err err = pt_prune_is_at_head_office(txn, head, rule, safe);
    if (err == PT_OK && *safe) {
        err = pt_prune_is_delivered(txn, head, rule, safe);
    }
    if (err == PT_OK && *safe) {
        err = pt_prune_is_evidence_safe(txn, head, rule, safe);
    }
    return err;
}

static bool is_quiet(const struct pt_head *head)
{
    return !head->forked && head->n_parked == 0 && head->tail_seq == 0 && !head->pruned && head->recalled_seq == 0;
}

enum pt_err pt_prune_is_due(struct pt_txn *txn, const struct pt_subject *subject, const struct pt_prune_rule *rule,
                            bool *due)
{
    struct pt_arena arena;
    struct pt_head *heads;
    size_t n = 0;
    size_t n_own = 0;
    bool safe = true;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_logs_list(txn, subject, &arena, &heads, &n);
    for (size_t i = 0; i < n && err == PT_OK && safe; i++) {
        bool own = pt_author_eq(&heads[i].log.author, &rule->author) && heads[i].seq > 0;
        safe = is_quiet(&heads[i]);
        if (own && safe) {
            err = is_log_safe(txn, &heads[i], rule, &safe);
            n_own++;
        }
    }
    pt_arena_close(&arena);
    *due = err == PT_OK && safe && n_own > 0;
    return err;
}
