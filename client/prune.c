#include "client/prune.h"

#include "base/mem.h"
#include "core/log/prune.h"
#include "core/store/meta.h"

/* --- which --- */

static enum pt_err read_rule(const struct patuh *device, struct pt_txn *txn, int64_t age_ms, struct pt_prune_rule *out)
{
    uint64_t office_ms = 0;
    enum pt_err err = pt_meta_get_u64(txn, PT_META_OFFICE_MS, &office_ms);
    *out = (struct pt_prune_rule){.author = device->author,
                                  .office_tier = device->enrolment.offices[0].tier,
                                  .office_ms = (int64_t)office_ms,
                                  .age_ms = age_ms};
    return err;
}

/* What may go as far as logs and receipts say: most of the others are found out by their heads alone. */
static enum pt_err list_due(struct pt_txn *txn, const struct pt_prune_rule *rule, struct pt_arena *arena,
                            struct pt_subject **out, size_t *n_out)
{
    struct pt_head *heads;
    size_t n = 0;
    enum pt_err err = pt_logs_list(txn, NULL, arena, &heads, &n);
    struct pt_subject *due = err == PT_OK ? pt_arena_zalloc(arena, n, sizeof *due) : NULL;
    if (err == PT_OK && due == NULL) {
        err = PT_ENOMEM;
    }
    *n_out = 0;
    for (size_t i = 0; i < n && err == PT_OK; i++) { /* sorted by subject: one round for each */
        const struct pt_subject *subject = &heads[i].log.subject;
        bool first = i == 0 || !pt_subject_eq(subject, &heads[i - 1].log.subject);
        bool is = false;
        if (first && pt_subject_kind(subject) == PT_SUBJECT_ASSESSMENT) {
            err = pt_prune_is_due(txn, subject, rule, &is);
        }
        if (is) {
            due[(*n_out)++] = *subject;
        }
    }
    *out = due;
    return err;
}

/* Nothing more is expected of it, and nothing waits for somebody to look at it. */
static enum pt_err is_done(struct pt_work *work, bool *done)
{
    size_t n_pending = 0;
    *done =
        work->state.state == PATUH__STATE__STATE_APPROVED_NATIONAL || work->state.state == PATUH__STATE__STATE_FIXED;
    enum pt_err err = *done ? pt_work_pending(work, &n_pending) : PT_OK;
    *done = *done && n_pending == 0 && !work->state.incomplete && work->state.state_by != NULL;
    return err;
}

/* --- letting go --- */

/* Before the commit: after a crash in between the next sync goes on, and nobody is left to look for a lost file. */
static enum pt_err remove_files(struct patuh *device, struct pt_txn *txn, const struct pt_subject *subject,
                                struct pt_arena *arena)
{
    struct pt_hash *files;
    size_t n = 0;
    enum pt_err err = pt_prune_files(txn, subject, arena, &files, &n);
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        err = pt_blobs_remove(device->blobs, &files[i]);
        err = err == PT_ENOTFOUND ? PT_OK : err; /* a colleague's, or one of an earlier try */
    }
    return err;
}

static enum pt_err let_go(struct patuh *device, struct pt_txn *txn, struct pt_work *work, int64_t office_ms)
{
    struct patuh_listed line = {.revoked = false};
    enum pt_err err = pt_summary_fill(work, txn, &work->arena, &line);
    struct pt_pruned pruned = {.state = (uint32_t)work->state.state,
                               .since_ms = work->state.state_by->entry->wall_s * 1000,
                               .pruned_ms = office_ms,
                               .unit = line.unit,
                               .institution = line.institution,
                               .surveyors = line.surveyors,
                               .assigned = line.assigned,
                               .n_answered = line.n_answered};
    if (err == PT_OK) {
        err = remove_files(device, txn, &work->subject, &work->arena);
    }
    return err == PT_OK ? pt_prune(txn, &work->subject, &pruned) : err;
}

static enum pt_err consider(struct patuh *device, const struct pt_subject *subject, int64_t office_ms, uint32_t *n)
{
    struct pt_txn *txn;
    struct pt_work work;
    bool done = false;
    enum pt_err err = pt_store_begin_write(device->store, &txn);
    if (err != PT_OK) {
        return err;
    }
    err = pt_device_work(&work, device, txn, subject, true, NULL);
    if (err == PT_OK) {
        err = is_done(&work, &done);
    }
    if (err == PT_OK && done) {
        err = let_go(device, txn, &work, office_ms);
    }
    pt_work_close(&work);
    if (err != PT_OK || !done) {
        pt_store_abort(txn);
        return err == PT_ENOTFOUND ? PT_OK : err; /* nobody opened it, as far as is known here */
    }
    err = pt_store_commit(txn);
    *n += err == PT_OK;
    return err;
}

enum pt_err pt_device_prune(struct patuh *device, int64_t age_ms, uint32_t *n)
{
    struct pt_txn *txn;
    struct pt_arena arena;
    struct pt_prune_rule rule;
    struct pt_subject *due = NULL;
    size_t n_due = 0;
    enum pt_err err = pt_store_begin_read(device->store, &txn);
    if (err != PT_OK) {
        return err;
    }
    pt_arena_init(&arena, SIZE_MAX);
    err = read_rule(device, txn, age_ms, &rule);
    if (err == PT_OK) {
        err = list_due(txn, &rule, &arena, &due, &n_due);
    }
    pt_store_abort(txn);
    for (size_t i = 0; i < n_due && err == PT_OK; i++) {
        err = consider(device, &due[i], rule.office_ms, n);
    }
    pt_arena_close(&arena);
    return err == PT_ENOTFOUND ? PT_OK : err; /* no office has said its time yet */
}

enum pt_err pt_prune_note_settled(struct patuh *device)
{
    struct pt_txn *txn;
    enum pt_err err = pt_store_begin_write(device->store, &txn);
    if (err != PT_OK) {
        return err;
    }
    err = pt_prune_settled(txn, &device->author);
    if (err != PT_OK) {
        pt_store_abort(txn);
        return err;
    }
    return pt_store_commit(txn);
}

/* --- what is said of it --- */

static void say(struct pt_buf *text, const struct pt_subject *subject, const struct pt_pruned *pruned)
{
    char since[24];
    (void)pt_time_text(pruned->since_ms / 1000, since, sizeof since);
    pt_say(text, pruned->recalled ? PT_MSG_CLIENT_RECALLED : PT_MSG_CLIENT_PRUNED, pt_subject_name(subject), since,
           NULL);
}

enum pt_err pt_prune_need_here(struct pt_txn *txn, const struct pt_subject *subject, struct pt_problem *problem)
{
    char since[24];
    struct pt_arena arena;
    struct pt_pruned pruned;
    pt_arena_init(&arena, SIZE_MAX);
    enum pt_err err = pt_pruned_read(txn, subject, &arena, &pruned);
    pt_arena_close(&arena);
    if (err != PT_OK) {
        return err == PT_ENOTFOUND ? PT_OK : err;
    }
    (void)pt_time_text(pruned.since_ms / 1000, since, sizeof since);
    return pt_problem_set(problem, PT_ENOTFOUND, pruned.recalled ? PT_MSG_CLIENT_RECALLED : PT_MSG_CLIENT_PRUNED,
                          pt_subject_name(subject), since, NULL);
}

static enum pt_err add_own_places(const struct patuh *device, struct pt_txn *txn, const struct pt_subject *subject,
                                  struct pt_arena *arena, struct patuh_places *places)
{
    struct pt_head *heads;
    size_t n = 0;
    enum pt_err err = pt_logs_list(txn, subject, arena, &heads, &n);
    for (size_t i = 0; i < n && err == PT_OK; i++) {
        if (pt_author_eq(&heads[i].log.author, &device->author)) {
            err = pt_places_add(txn, &heads[i], NULL, arena, places);
        }
    }
    return err;
}

enum pt_err pt_prune_line(const struct patuh *device, struct pt_txn *txn, const struct pt_subject *subject,
                          struct pt_arena *arena, struct patuh_listed *out)
{
    struct pt_pruned pruned;
    struct pt_buf advice = {0};
    enum pt_err err = pt_pruned_read(txn, subject, arena, &pruned);
    if (err != PT_OK) {
        return err;
    }
    say(&advice, subject, &pruned);
    *out = (struct patuh_listed){.assessment = pt_arena_str(arena, pt_subject_name(subject)),
                                 .unit = pruned.unit,
                                 .institution = pruned.institution,
                                 .state = pt_state_name((Patuh__State)pruned.state),
                                 .advice = pt_arena_str(arena, pt_buf_text(&advice)),
                                 .taken_back = "",
                                 .surveyors = pruned.surveyors,
                                 .revoked = device->revoked_ms != 0,
                                 .assigned = pruned.assigned,
                                 .ready = true,
                                 .pruned = true,
                                 .n_answered = pruned.n_answered};
    pt_buf_free(&advice);
    err = add_own_places(device, txn, subject, arena, &out->places);
    return err == PT_OK && arena->exhausted ? PT_ENOMEM : err;
}
