/* authority_rulings.c - which branch of a forked log stands.
 *
 * Rulings stand in office logs, and an office log may be forked itself. So that no ruling decides whether it is one
 * itself, office logs are settled first and in two steps: those of head office by what it says before the forks of its
 * own logs, then those of the other offices by what head office says, or the office before its forks. What all of them
 * say then holds for every other log. */
#include "core/merge/authority_internal.h"

#include "chunk.pb-c.h"

#include <stdlib.h>
#include <string.h>

/* Which logs are being settled. */
enum about { ABOUT_ROOT, ABOUT_OFFICES, ABOUT_OTHERS };

static bool read_ruling(const Patuh__Stand *stand, struct pt_ruling *out)
{
    if (stand->author.len != sizeof out->log.author.b || stand->link.len != sizeof out->link.b ||
        pt_subject_read(pt_bytes_of(stand->subject.data, stand->subject.len), &out->log.subject) != PT_OK) {
        return false;
    }
    memcpy(out->log.author.b, stand->author.data, sizeof out->log.author.b);
    memcpy(out->link.b, stand->link.data, sizeof out->link.b);
    out->log.incarnation = stand->incarnation;
    out->seq = stand->seq;
    out->reason = stand->reason == NULL ? "" : stand->reason;
    return true;
}

/* Head office always; another one where the author is its member, or itself. */
bool pt_authority_may_rule(const struct pt_authority *authority, const struct pt_office *office,
                           const struct pt_author *author)
{
    const struct pt_office *own = pt_authority_office(authority, author);
    if (office->is_root) {
        return true;
    }
    if (own != NULL && strcmp(own->code, office->code) == 0) {
        return true;
    }
    const struct pt_member *member = pt_authority_member(authority, author);
    for (; member != NULL; member = pt_authority_member_next(authority, member)) {
        if (strcmp(member->office->code, office->code) == 0) {
            return true;
        }
    }
    return false;
}

static struct pt_ruling *find_ruling(const struct pt_authority *authority, const struct pt_log_id *log)
{
    for (size_t i = 0; i < authority->n_rulings; i++) {
        if (pt_log_id_eq(&authority->rulings[i].log, log)) {
            return &authority->rulings[i];
        }
    }
    return NULL;
}

/* The later word replaces the earlier one, but nobody replaces head office's. */
static enum pt_err take_ruling(struct pt_authority *out, const struct pt_ruling *ruling, struct pt_arena *arena)
{
    struct pt_ruling *known = find_ruling(out, &ruling->log);
    if (known != NULL) {
        *known = ruling->by->is_root || !known->by->is_root ? *ruling : *known;
        return PT_OK;
    }
    struct pt_ruling *grown = pt_arena_zalloc(arena, out->n_rulings + 1, sizeof *grown);
    if (grown == NULL) {
        return pt_arena_err(arena);
    }
    if (out->n_rulings > 0) {
        memcpy(grown, out->rulings, out->n_rulings * sizeof *grown);
    }
    grown[out->n_rulings++] = *ruling;
    out->rulings = grown;
    return PT_OK;
}

static enum about about(const struct pt__building *b, const struct pt_log_id *log)
{
    if (pt_subject_kind(&log->subject) != PT_SUBJECT_OFFICE) {
        return ABOUT_OTHERS;
    }
    return pt_author_eq(&log->author, b->root) ? ABOUT_ROOT : ABOUT_OFFICES;
}

static enum pt_err hear_log(struct pt__building *b, const struct pt_view *view, size_t n_entries,
                            const struct pt_office *office, enum about what)
{
    enum pt_err err = PT_OK;
    for (size_t i = 0; i < n_entries && err == PT_OK; i++) {
        struct pt_ruling ruling = {.by = office};
        const Patuh__Stand *stand = view->entries[i].kind == PATUH__ENTRY_KIND__ENTRY_STAND
                                        ? pt__authority_detail(b, &view->entries[i], &patuh__stand__descriptor)
                                        : NULL;
        bool meant = stand != NULL && read_ruling(stand, &ruling) && about(b, &ruling.log) == what;
        if (meant && pt_authority_may_rule(&b->out, office, &ruling.log.author)) {
            err = take_ruling(&b->out, &ruling, b->arena);
        }
    }
    return err;
}

static enum pt_err hear(struct pt__building *b, enum about what)
{
    enum pt_err err = PT_OK;
    for (size_t v = 0; v < b->n_views && err == PT_OK; v++) {
        const struct pt_view *view = b->views[v];
        const struct pt_office *office = pt__authority_office_of(b, view);
        if (office == NULL || (what == ABOUT_ROOT && !office->is_root)) {
            continue;
        }
        bool settled = office->is_root ? what != ABOUT_ROOT : what == ABOUT_OTHERS;
        bool whole = settled || !view->forked || view->fork_seq > view->n_entries;
        err = hear_log(b, view, whole ? view->n_entries : (size_t)view->fork_seq, office, what);
    }
    return err;
}

static enum pt_err stand_office_logs(struct pt__building *b, enum about what)
{
    enum pt_err err = PT_OK;
    for (size_t v = 0; v < b->n_views && err == PT_OK; v++) {
        struct pt_view *view = &b->all[v];
        bool meant = about(b, &view->log) == what && view->n_branches > 0;
        const struct pt_ruling *ruling = meant ? find_ruling(&b->out, &view->log) : NULL;
        if (ruling != NULL) {
            err = pt_view_stand(view, ruling->seq, &ruling->link, b->arena);
        }
    }
    return err;
}

enum pt_err pt__authority_stand_root(struct pt__building *b)
{
    enum pt_err err = hear(b, ABOUT_ROOT);
    return err == PT_OK ? stand_office_logs(b, ABOUT_ROOT) : err;
}

enum pt_err pt__authority_stand_offices(struct pt__building *b)
{
    enum pt_err err = hear(b, ABOUT_OFFICES);
    return err == PT_OK ? stand_office_logs(b, ABOUT_OFFICES) : err;
}

static int compare_rulings(const void *a, const void *b)
{
    const struct pt_ruling *x = a;
    const struct pt_ruling *y = b;
    return pt_log_id_cmp(&x->log, &y->log);
}

enum pt_err pt__authority_collect_rulings(struct pt__building *b)
{
    enum pt_err err = hear(b, ABOUT_OTHERS);
    if (err == PT_OK && b->out.n_rulings > 1) {
        qsort(b->out.rulings, b->out.n_rulings, sizeof *b->out.rulings, compare_rulings);
    }
    return err;
}

const struct pt_ruling *pt_authority_ruling(const struct pt_authority *authority, const struct pt_log_id *log)
{
    return find_ruling(authority, log);
}
