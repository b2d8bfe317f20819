/* session_branches.c - forked logs go out branch by branch: which of them the peer lacks, and from where on.
 *
 * What lies before the fork goes with the first branch that goes out. */
#include "core/sync/session_internal.h"

#include "base/mem.h"

struct branch_mark *pt__session_branch_mark(struct pt_session *s, struct pt_update *u, uint64_t log,
                                            const struct pt_hash *link)
{
    for (size_t i = 0; i < s->n_branches; i++) {
        if (s->branches[i].log == log && pt_hash_eq(&s->branches[i].link, link)) {
            return &s->branches[i];
        }
    }
    if (pt_reserve(&s->branches, &s->branches_capacity, s->n_branches + 1, sizeof *s->branches) != PT_OK) {
        pt__session_fail(s, u, PT_ENOMEM, PATUH__FAILURE_CODE__FAILURE_BUSY);
        return NULL;
    }
    s->branches[s->n_branches] = (struct branch_mark){.log = log, .link = *link};
    return &s->branches[s->n_branches++];
}

static void send_chain(struct pt_session *s, struct pt_update *u, const struct pt_head *head, uint64_t from_seq)
{
    struct task task = {.log = head->number, .next_seq = from_seq};
    pt__session_add_task(s, u, &task);
}

static void send_branch(struct pt_session *s, struct pt_update *u, const struct pt_head *head,
                        const struct pt_branch *branch, uint64_t from_seq)
{
    struct task task = {.log = head->number, .next_seq = from_seq, .is_branch = true, .link = branch->link};
    struct branch_mark *mark = pt__session_branch_mark(s, u, head->number, &branch->link);
    if (mark != NULL) {
        mark->sent = true;
        pt__session_add_task(s, u, &task);
    }
}

/* Not before the fork, when an earlier branch brings that already. */
static uint64_t past_trunk(const struct pt_fork *fork, bool trunk_goes, uint64_t from_seq)
{
    return trunk_goes && from_seq <= fork->seq ? fork->seq + 1 : from_seq;
}

enum pt_err pt__session_send_unreceipted(struct pt_session *s, struct pt_txn *txn, struct pt_update *u,
                                         const struct pt_head *head)
{
    struct pt_fork fork = {0};
    uint64_t covered = 0;
    enum pt_tier tier = s->config.upper_tier;
    enum pt_err err = pt_logs_fork(txn, head, 0, &u->arena, &fork);
    if (err == PT_OK && fork.n == 0) {
        err = pt_receipt_covers(txn, head, tier, &covered);
        if (err == PT_OK && covered < head->seq) {
            send_chain(s, u, head, covered + 1);
        }
        return err;
    }
    bool trunk_goes = false;
    for (size_t i = 0; i < fork.n && err == PT_OK; i++) {
        err = pt_receipt_covers_branch(txn, head, tier, &fork.branches[i], &covered);
        if (err == PT_OK && covered < fork.branches[i].seq) {
            send_branch(s, u, head, &fork.branches[i], past_trunk(&fork, trunk_goes, covered + 1));
            trunk_goes = true;
        }
    }
    return err;
}

/* How far along the branch the peer has named a place. */
static uint64_t named_upto(const struct pt_session *s, const struct pt_head *head, const struct pt_branch *branch)
{
    uint64_t upto = 0;
    for (size_t i = 0; i < s->n_branches; i++) {
        const struct branch_mark *mark = &s->branches[i];
        const struct pt_branch_chunk *chunk =
            mark->log == head->number && mark->named ? pt_branch_chunk(branch, &mark->link) : NULL;
        upto = chunk != NULL && chunk->last_seq > upto ? chunk->last_seq : upto;
    }
    return upto;
}

enum pt_err pt__session_send_unnamed(struct pt_session *s, struct pt_txn *txn, struct pt_update *u,
                                     const struct pt_head *head)
{
    struct pt_fork fork = {0};
    struct mark *known = pt__session_mark(s, u, head->number);
    enum pt_err err = pt_logs_fork(txn, head, 0, &u->arena, &fork);
    uint64_t peer_seq = known == NULL ? 0 : known->peer_seq;
    bool trunk_goes = false;
    for (size_t i = 0; i < fork.n && err == PT_OK; i++) {
        const struct pt_branch *branch = &fork.branches[i];
        const struct branch_mark *mark = pt__session_branch_mark(s, u, head->number, &branch->link);
        uint64_t named = named_upto(s, head, branch);
        if (mark != NULL && !mark->sent && named < branch->seq) {
            uint64_t from = named > 0 ? named + 1 : past_trunk(&fork, trunk_goes, peer_seq + 1);
            send_branch(s, u, head, branch, from);
            trunk_goes = true;
        }
    }
    return err;
}

enum pt_err pt__session_send_arrived(struct pt_session *s, struct pt_txn *txn, struct pt_update *u,
                                     const struct pt_head *head, const struct pt_record *record)
{
    struct pt_fork fork = {0};
    enum pt_err err = pt_logs_fork(txn, head, 0, &u->arena, &fork);
    const struct pt_branch *branch = err == PT_OK ? pt_fork_branch(&fork, &record->link) : NULL;
    if (branch != NULL) {
        if (named_upto(s, head, branch) < record->last_seq) {
            send_branch(s, u, head, branch, record->first_seq);
        }
    } else if (err == PT_OK) {
        send_chain(s, u, head, record->first_seq);
    }
    return err;
}

enum pt_err pt__session_send_after(struct pt_session *s, struct pt_txn *txn, struct pt_update *u,
                                   const struct pt_head *head, uint64_t seq, const struct pt_hash *link)
{
    struct pt_fork fork = {0};
    enum pt_stand place = PT_STAND_NONE;
    enum pt_err err = pt_logs_stand(txn, head, seq, link, &place);
    if (err == PT_OK) {
        err = pt_logs_fork(txn, head, 0, &u->arena, &fork);
    }
    if (err != PT_OK) {
        return err;
    }
    if (fork.n == 0) {
        send_chain(s, u, head, place == PT_STAND_GOOD ? seq + 1 : 1);
        return PT_OK;
    }
    bool before_fork = place != PT_STAND_NONE && seq <= fork.seq;
    bool trunk_goes = place != PT_STAND_NONE && seq >= fork.seq;
    for (size_t i = 0; i < fork.n; i++) {
        const struct pt_branch_chunk *chunk = pt_branch_chunk(&fork.branches[i], link);
        uint64_t from = chunk != NULL && chunk->last_seq == seq ? seq + 1 : 1;
        send_branch(s, u, head, &fork.branches[i], past_trunk(&fork, trunk_goes, before_fork ? seq + 1 : from));
        trunk_goes = true;
    }
    return PT_OK;
}

/* No chunk of ours begins there: the peer's chain is another one, and from the first chunk on it will see where. */
static enum pt_err begins_chunk(struct pt_txn *txn, const struct pt_head *head, const struct pt_branch *branch,
                                uint64_t seq, bool *begins)
{
    struct pt_arena arena;
    struct pt_run run;
    uint64_t last;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_logs_branch_run(txn, head, branch, seq, 1, &arena, &run, &last);
    pt_arena_close(&arena);
    *begins = err == PT_OK;
    return err == PT_ENOTFOUND ? PT_OK : err;
}

enum pt_err pt__session_send_wanted(struct pt_session *s, struct pt_txn *txn, struct pt_update *u,
                                    const struct pt_head *head, uint64_t from_seq, const struct pt_hash *link)
{
    struct pt_fork fork = {0};
    bool begins = false;
    enum pt_err err = pt_logs_fork(txn, head, 0, &u->arena, &fork);
    if (err == PT_OK && fork.n == 0) {
        err = from_seq > head->seq ? PT_ENOTFOUND : begins_chunk(txn, head, NULL, from_seq, &begins);
        if (err == PT_OK) {
            send_chain(s, u, head, begins ? from_seq : 1);
        }
        return err == PT_ENOTFOUND ? PT_OK : err;
    }
    const struct pt_branch *only = err == PT_OK && link != NULL ? pt_fork_branch(&fork, link) : NULL;
    bool trunk_goes = false;
    for (size_t i = 0; i < fork.n && err == PT_OK; i++) {
        const struct pt_branch *branch = &fork.branches[i];
        if (only != NULL && branch != only) {
            continue;
        }
        err = begins_chunk(txn, head, branch, from_seq, &begins);
        if (err == PT_OK) {
            send_branch(s, u, head, branch, past_trunk(&fork, trunk_goes, begins ? from_seq : 1));
            trunk_goes = true;
        }
    }
    return err;
}
