/* planted.c - functions of the core that are linked through a wrapper (the linker's --wrap): the real one runs, then a
 * fault is added to what it says. A function that is gone does not link; one that nobody calls any more lets its fault
 * pass, and the test fails. */
#include "planted.h"

#include "core/log/logs_internal.h"
#include "core/log/prune.h"
#include "core/merge/merge_internal.h"
#include "core/sync/session_internal.h"

static enum sim_plant planted;

void sim_plant_fault(enum sim_plant plant)
{
    planted = plant;
}

const char *sim_plant_name(enum sim_plant plant)
{
    static const char *const names[SIM_PLANTS] = {"none",
                                                  "a receipt before the commit",
                                                  "a receipt over a gap",
                                                  "the last writer wins",
                                                  "what came twice is stored twice",
                                                  "a cut that is ignored",
                                                  "a revoked key goes on",
                                                  "anybody acts for any office",
                                                  "a restored office gives at once",
                                                  "what only the region has leaves a device"};
    return names[plant];
}

/* --- the log store --- */

enum pt_err __real_pt_logs_append(struct pt_txn *txn, const struct pt_checked_run *checked, int64_t now_ms,
                                  struct pt_arena *arena, struct pt_append *out);
enum pt_err __wrap_pt_logs_append(struct pt_txn *txn, const struct pt_checked_run *checked, int64_t now_ms,
                                  struct pt_arena *arena, struct pt_append *out);

/* The first chunk of the run once more, as if it had not been looked for. */
static enum pt_err add_again(struct pt_txn *txn, const struct pt_checked_run *checked, const struct pt_head *head)
{
    uint64_t lsn;
    struct pt_record record = {
        .log = head->number,
        .first_seq = checked->run->first_seq,
        .last_seq = checked->last_seqs[0],
        .chunk = checked->run->chunks[0],
        .previous = checked->run->previous,
        .link = checked->links[0],
        .has_signature = checked->run->n_chunks == 1,
        .signature = checked->run->signature,
    };
    return pt__arrival_add(txn, &record, &lsn);
}

enum pt_err __wrap_pt_logs_append(struct pt_txn *txn, const struct pt_checked_run *checked, int64_t now_ms,
                                  struct pt_arena *arena, struct pt_append *out)
{
    enum pt_err err = __real_pt_logs_append(txn, checked, now_ms, arena, out);
    size_t last = checked->run->n_chunks - 1;
    if (err == PT_OK && planted == SIM_PLANT_GAP && out->last_parked) {
        out->head.seq = checked->last_seqs[last];
        out->head.link = checked->links[last];
    }
    if (err == PT_OK && planted == SIM_PLANT_DEDUP && out->n_duplicate > 0 && out->n_parked == 0) {
        err = add_again(txn, checked, &out->head);
    }
    return err;
}

/* --- the session --- */

bool __real_pt__session_gives(const struct pt_session *s);
bool __wrap_pt__session_gives(const struct pt_session *s);

bool __wrap_pt__session_gives(const struct pt_session *s)
{
    bool refilling = s->config.refilling != NULL && *s->config.refilling;
    return __real_pt__session_gives(s) || (planted == SIM_PLANT_GIVES && refilling);
}

/* --- what leaves a device --- */

enum pt_err __real_pt_prune_is_at_head_office(struct pt_txn *txn, const struct pt_head *head,
                                              const struct pt_prune_rule *rule, bool *is);
enum pt_err __wrap_pt_prune_is_at_head_office(struct pt_txn *txn, const struct pt_head *head,
                                              const struct pt_prune_rule *rule, bool *is);

/* The region's receipt is looked at beside it. */
enum pt_err __wrap_pt_prune_is_at_head_office(struct pt_txn *txn, const struct pt_head *head,
                                              const struct pt_prune_rule *rule, bool *is)
{
    enum pt_err err = __real_pt_prune_is_at_head_office(txn, head, rule, is);
    *is = *is || (err == PT_OK && planted == SIM_PLANT_PRUNE);
    return err;
}

/* --- the merge --- */

enum pt_err __real_pt_merge(const struct pt_merge_input *input, struct pt_arena *arena, struct pt_assessment *out);
enum pt_err __wrap_pt_merge(const struct pt_merge_input *input, struct pt_arena *arena, struct pt_assessment *out);
bool __real_pt__merge_counts(const struct pt__merge *m, size_t v, size_t i);
bool __wrap_pt__merge_counts(const struct pt__merge *m, size_t v, size_t i);

static void keep_last(struct pt_answer *answer, struct pt_register *reg)
{
    for (size_t i = 1; i < reg->n_heads; i++) {
        if (reg->heads[i].entry->wall_s > reg->heads[0].entry->wall_s) {
            reg->heads[0] = reg->heads[i];
        }
    }
    if (reg->n_heads > 1) {
        reg->n_heads = 1;
        answer->n_values = 1;
        answer->values[0] = reg->heads[0].value;
    }
}

enum pt_err __wrap_pt_merge(const struct pt_merge_input *input, struct pt_arena *arena, struct pt_assessment *out)
{
    enum pt_err err = __real_pt_merge(input, arena, out);
    for (size_t i = 0; err == PT_OK && planted == SIM_PLANT_LAST && i < out->answers.n_answers; i++) {
        keep_last(&out->answers.answers[i], &out->registers[i]);
    }
    return err;
}

bool __wrap_pt__merge_counts(const struct pt__merge *m, size_t v, size_t i)
{
    return planted == SIM_PLANT_CUT ? m->effective[v][i] : __real_pt__merge_counts(m, v, i);
}

/* --- authority --- */

bool __real_pt_authority_is_cut_off(const struct pt_member *member, const struct pt_view *view, uint64_t seq);
bool __wrap_pt_authority_is_cut_off(const struct pt_member *member, const struct pt_view *view, uint64_t seq);
bool __real_pt_authority_acts_at(const struct pt_authority *authority, const struct pt_view *view, uint64_t seq,
                                 const char *office_code, enum pt_tier *tier);
bool __wrap_pt_authority_acts_at(const struct pt_authority *authority, const struct pt_view *view, uint64_t seq,
                                 const char *office_code, enum pt_tier *tier);

bool __wrap_pt_authority_is_cut_off(const struct pt_member *member, const struct pt_view *view, uint64_t seq)
{
    return planted != SIM_PLANT_CUT_OFF && __real_pt_authority_is_cut_off(member, view, seq);
}

bool __wrap_pt_authority_acts_at(const struct pt_authority *authority, const struct pt_view *view, uint64_t seq,
                                 const char *office_code, enum pt_tier *tier)
{
    bool acts = __real_pt_authority_acts_at(authority, view, seq, office_code, tier);
    if (planted == SIM_PLANT_ANYBODY && !acts && pt_authority_member(authority, &view->log.author) != NULL) {
        *tier = 1;
        return true;
    }
    return acts;
}
