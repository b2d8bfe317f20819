/* authority_stand.c - how far the forked logs of an assessment stand.
 *
 * A ruling decides. Without one, what an office approved stands as far as the approval names it: its cut says by a link
 * which branch was meant, so a copy of a device that comes later takes nothing away from a result. Approvals that name
 * two branches need a ruling. */
#include "core/merge/authority.h"
#include "core/wire/unpack.h"

#include <string.h>

/* An end past a fork that an approval names. */
struct named {
    size_t view;
    uint64_t seq;
    struct pt_hash link;
};

struct naming {
    const struct pt_authority *authority;
    struct pt_view *views;
    size_t n_views;
    struct pt_arena *arena;
    struct named *list;
    size_t n;
};

static bool is_approval(Patuh__State to)
{
    return to == PATUH__STATE__STATE_APPROVED_REGION || to == PATUH__STATE__STATE_APPROVED_NATIONAL ||
           to == PATUH__STATE__STATE_FIXED || to == PATUH__STATE__STATE_NOT_ASSESSED;
}

/* Could the author of this entry say by a ruling which branch of the other author's logs stands? */
static bool may_name(const struct pt_authority *authority, const struct pt_view *by, uint64_t seq,
                     const struct pt_author *author)
{
    for (size_t i = 0; i < authority->n_offices; i++) {
        const struct pt_office *office = &authority->offices[i];
        enum pt_tier tier;
        if (pt_authority_acts_at(authority, by, seq, office->code, &tier) &&
            pt_authority_may_rule(authority, office, author)) {
            return true;
        }
    }
    return false;
}

static bool is_meant(const struct pt_view *view, const Patuh__LogSeen *seen)
{
    return view->forked && seen->incarnation == view->log.incarnation && seen->seq > view->fork_seq &&
           seen->link.len == PT_HASH_BYTES &&
           pt_bytes_eq(pt_bytes_of(seen->author.data, seen->author.len),
                       pt_bytes_of(view->log.author.b, sizeof view->log.author.b));
}

static enum pt_err add_named(struct naming *n, const struct named *one)
{
    struct named *grown = pt_arena_zalloc(n->arena, n->n + 1, sizeof *grown);
    if (grown == NULL) {
        return PT_ENOMEM;
    }
    if (n->n > 0) {
        memcpy(grown, n->list, n->n * sizeof *grown);
    }
    grown[n->n++] = *one;
    n->list = grown;
    return PT_OK;
}

static enum pt_err read_move(struct naming *n, const struct pt_view *by, uint64_t seq)
{
    ProtobufCMessage *message;
    const struct pt_entry *entry = &by->entries[seq - 1];
    if (pt_unpack(&patuh__move__descriptor, entry->detail, n->arena, &message) != PT_OK) {
        return n->arena->exhausted ? PT_ENOMEM : PT_OK;
    }
    const Patuh__Move *move = (const Patuh__Move *)message;
    enum pt_err err = PT_OK;
    for (size_t i = 0; is_approval(move->to) && i < move->n_cut && err == PT_OK; i++) {
        for (size_t v = 0; v < n->n_views && err == PT_OK; v++) {
            struct named one = {.view = v, .seq = move->cut[i]->seq};
            if (is_meant(&n->views[v], move->cut[i]) && may_name(n->authority, by, seq, &n->views[v].log.author)) {
                memcpy(one.link.b, move->cut[i]->link.data, sizeof one.link.b);
                err = add_named(n, &one);
            }
        }
    }
    return err;
}

/* Only rulings and what was written before a fork: nothing decides about itself. */
static uint64_t is_heard_upto(const struct naming *n, const struct pt_view *view)
{
    bool open =
        view->forked && view->fork_seq < view->n_entries && pt_authority_ruling(n->authority, &view->log) == NULL;
    return open ? view->fork_seq : view->n_entries;
}

static enum pt_err read_approvals(struct naming *n)
{
    enum pt_err err = PT_OK;
    for (size_t v = 0; v < n->n_views; v++) {
        uint64_t upto = is_heard_upto(n, &n->views[v]);
        for (uint64_t seq = 1; seq <= upto && err == PT_OK; seq++) {
            if (n->views[v].entries[seq - 1].kind == PATUH__ENTRY_KIND__ENTRY_MOVE) {
                err = read_move(n, &n->views[v], seq);
            }
        }
    }
    return err;
}

/* The furthest end that was named; NULL for none. */
static const struct named *last_named(const struct naming *n, size_t v)
{
    const struct named *last = NULL;
    for (size_t i = 0; i < n->n; i++) {
        bool further = n->list[i].view == v && (last == NULL || n->list[i].seq > last->seq);
        last = further ? &n->list[i] : last;
    }
    return last;
}

static bool has_all_named(const struct naming *n, size_t v)
{
    for (size_t i = 0; i < n->n; i++) {
        const struct named *one = &n->list[i];
        if (one->view == v && !pt_view_has(&n->views[v], one->seq, pt_hash_bytes(&one->link))) {
            return false;
        }
    }
    return true;
}

/* As far as the last end that was named, if all the others lie on the way to it. */
static enum pt_err stand_as_named(struct naming *n, size_t v)
{
    struct pt_view before = n->views[v];
    const struct named *last = last_named(n, v);
    enum pt_err err = last == NULL ? PT_OK : pt_view_stand(&n->views[v], last->seq, &last->link, n->arena);
    if (err == PT_OK && !has_all_named(n, v)) {
        n->views[v] = before;
    }
    return err;
}

enum pt_err pt_authority_stand(const struct pt_authority *authority, struct pt_view *views, size_t n_views,
                               struct pt_arena *arena)
{
    struct naming naming = {.authority = authority, .views = views, .n_views = n_views, .arena = arena};
    size_t n_open = 0;
    enum pt_err err = PT_OK;
    for (size_t v = 0; v < n_views && err == PT_OK; v++) {
        const struct pt_ruling *ruling = views[v].n_branches > 0 ? pt_authority_ruling(authority, &views[v].log) : NULL;
        if (ruling != NULL) {
            err = pt_view_stand(&views[v], ruling->seq, &ruling->link, arena);
        } else {
            n_open += views[v].n_branches > 0;
        }
    }
    if (err == PT_OK && n_open > 0) {
        err = read_approvals(&naming);
    }
    for (size_t v = 0; v < n_views && err == PT_OK && naming.n > 0; v++) {
        bool ruled = pt_authority_ruling(authority, &views[v].log) != NULL;
        err = ruled ? PT_OK : stand_as_named(&naming, v);
    }
    return err;
}

static bool ends_at(const struct pt_view *view, uint64_t seq, const struct pt_hash *link)
{
    const struct pt_view_chunk *end = view->n_chunks == 0 ? NULL : &view->chunks[view->n_chunks - 1];
    return end != NULL && end->last_seq == seq && pt_hash_eq(&end->link, link);
}

enum pt_err pt_authority_check_stand(const struct pt_authority *authority, struct pt_view *views, size_t n_views,
                                     size_t v, struct pt_arena *arena, bool *right)
{
    struct naming naming = {.authority = authority, .views = views, .n_views = n_views, .arena = arena};
    const struct pt_ruling *ruling = pt_authority_ruling(authority, &views[v].log);
    *right = !views[v].forked || views[v].n_entries <= views[v].fork_seq;
    if (*right) {
        return PT_OK;
    }
    if (ruling != NULL) {
        *right = ends_at(&views[v], ruling->seq, &ruling->link);
        return PT_OK;
    }
    enum pt_err err = read_approvals(&naming);
    const struct named *last = last_named(&naming, v);
    *right = last != NULL && ends_at(&views[v], last->seq, &last->link) && has_all_named(&naming, v);
    return err;
}
