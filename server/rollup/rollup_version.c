/* rollup_version.c - which logs a version of the fixed result rests on, and how far.
 *
 * The FIX entry of the cycle's log names the version and the pins of the other logs of cycle and offices; a move of
 * head office in each assessment names the version and how far its logs were there. Everything later is late: it is not
 * read at all, so that a version has the same bytes for ever, whatever comes, is revoked, or is fixed after it. */
#include "core/wire/unpack.h"
#include "rollup/rollup_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool is_seen(const Patuh__LogSeen *seen, const struct pt_view *view)
{
    return seen->incarnation == view->log.incarnation && seen->author.len == PT_HASH_BYTES &&
           memcmp(seen->author.data, view->log.author.b, PT_HASH_BYTES) == 0;
}

static enum pt_err not_whole(struct pt__rollup *r, const char *subject)
{
    char version[24];
    (void)snprintf(version, sizeof version, "%" PRIu32, r->fix.version);
    return pt_problem_set(r->problem, PT_EINVALID, PT_MSG_ROLLUP_PIN, subject, version, NULL);
}

/* Which branch of a forked log is meant says the link, whatever has become of the log since. */
static enum pt_err meet(struct pt_view *view, const Patuh__LogSeen *pin, struct pt_arena *arena, bool *met)
{
    struct pt_hash link;
    *met = false;
    if (!is_seen(pin, view) || pin->link.len != sizeof link.b) {
        return PT_OK;
    }
    memcpy(link.b, pin->link.data, sizeof link.b);
    enum pt_err err = pt_view_stand(view, pin->seq, &link, arena);
    *met = pt_view_has(view, pin->seq, pt_hash_bytes(&link));
    return err;
}

/* A list of pins, and the log that the list itself stands in, up to it (view SIZE_MAX: it is no log of the subject). */
struct pinned {
    Patuh__LogSeen *const *pins;
    size_t n;
    struct pt__place own;
};

/* Offices are pinned together, with the cycle: each pin is looked for in every subject, its link says whose it is. */
static enum pt_err cut_to(struct pt__rollup *r, struct pt_view *views, size_t n, const struct pinned *to,
                          struct pt_arena *arena, size_t *n_met)
{
    enum pt_err err = PT_OK;
    for (size_t v = 0; v < n && err == PT_OK; v++) {
        bool own = v == to->own.view;
        uint64_t upto = own ? to->own.seq : 0;
        for (size_t i = 0; i < to->n && !own && err == PT_OK; i++) {
            bool met;
            err = meet(&views[v], to->pins[i], arena, &met);
            upto = met ? to->pins[i]->seq : upto;
            *n_met += met;
        }
        pt__cut_view(&views[v], upto);
        views[v].forked = false;
        views[v].fork_seq = 0;
        views[v].n_branches = 0;
        if (err == PT_OK && own && views[v].n_entries != to->own.seq) {
            err = not_whole(r, views[v].log.subject.text);
        }
    }
    return err;
}

/* The chunk of a branch that holds an entry. */
static const struct pt_view_chunk *chunk_on(const struct pt_view_branch *branch, uint64_t seq)
{
    size_t at = 0;
    while (at + 1 < branch->n_chunks && branch->chunks[at].last_seq < seq) {
        at++;
    }
    return &branch->chunks[at];
}

/* One entry after the other: of what stands, then of each branch. What head office fixed it has published, whatever
 * became of its log since. */
struct walk {
    const struct pt_view *view;
    size_t branch; /* 0: what stands; else the number of the branch */
    uint64_t seq;  /* of the entry at hand */
    const struct pt_entry *entry;
};

static bool next_entry(struct walk *w)
{
    w->seq++;
    while (w->branch == 0 ? w->seq > w->view->n_entries
                          : w->seq - w->view->fork_seq > w->view->branches[w->branch - 1].n_entries) {
        if (w->branch == w->view->n_branches) {
            return false;
        }
        w->branch++;
        w->seq = w->view->fork_seq + 1;
    }
    w->entry = w->branch == 0 ? &w->view->entries[w->seq - 1]
                              : &w->view->branches[w->branch - 1].entries[w->seq - w->view->fork_seq - 1];
    return true;
}

static struct pt_hash link_of(const struct walk *w)
{
    return w->branch == 0 ? pt_view_chunk_of(w->view, w->seq)->link
                          : chunk_on(&w->view->branches[w->branch - 1], w->seq)->link;
}

/* The move of this version in a log of head office; NULL for another entry. */
static const Patuh__Move *move_of(const struct walk *w, uint32_t version, struct pt_arena *arena)
{
    ProtobufCMessage *message;
    bool right = w->entry->kind == PATUH__ENTRY_KIND__ENTRY_MOVE &&
                 pt_unpack(&patuh__move__descriptor, w->entry->detail, arena, &message) == PT_OK;
    const Patuh__Move *move = right ? (const Patuh__Move *)message : NULL;
    return move != NULL && move->version == version ? move : NULL;
}

enum pt_err pt__version_move(const struct pt__rollup *r, uint32_t version, struct pt_view *views, size_t n,
                             struct pt_arena *arena, const Patuh__Move **out, struct pt__place *at)
{
    *out = NULL;
    for (size_t v = 0; v < n; v++) {
        struct walk w = {.view = &views[v]};
        bool wrote_it = pt_author_eq(&views[v].log.author, &r->in->root) &&
                        views[v].log.incarnation == r->fix.log.incarnation; /* FIX and moves are one transaction */
        while (wrote_it && next_entry(&w)) {
            *out = move_of(&w, version, arena);
            if (*out != NULL) {
                *at = (struct pt__place){.view = v, .seq = w.seq, .link = link_of(&w)};
                return pt_view_stand(&views[v], at->seq, &at->link, arena);
            }
        }
    }
    return arena->exhausted ? PT_ENOMEM : PT_OK;
}

static enum pt_err cut_assessment(struct pt__rollup *r, struct pt_view *views, size_t n, struct pt_arena *arena)
{
    struct pinned to = {.own = {.view = SIZE_MAX}};
    size_t n_met = 0;
    const Patuh__Move *move;
    enum pt_err err = pt__version_move(r, r->fix.version, views, n, arena, &move, &to.own);
    if (err != PT_OK) {
        return err;
    }
    if (move == NULL) { /* not in it */
        return cut_to(r, views, n, &to, arena, &n_met);
    }
    to.pins = move->cut;
    to.n = move->n_cut;
    r->fix.n_found++;
    err = cut_to(r, views, n, &to, arena, &n_met);
    return err == PT_OK && n_met != move->n_cut ? not_whole(r, views[0].log.subject.text) : err;
}

enum pt_err pt__version_cut(struct pt__rollup *r, struct pt_view *views, size_t n, struct pt_arena *arena)
{
    if (r->fix.version == 0 || n == 0) {
        return PT_OK;
    }
    if (pt_subject_kind(&views[0].log.subject) == PT_SUBJECT_ASSESSMENT) {
        return cut_assessment(r, views, n, arena);
    }
    struct pinned to = {.pins = r->fix.pins->log, .n = r->fix.pins->n_log, .own = {.view = SIZE_MAX}};
    to.own.seq = r->fix.seq;
    enum pt_err err = PT_OK;
    for (size_t v = 0; v < n && err == PT_OK; v++) {
        if (pt_log_id_eq(&views[v].log, &r->fix.log)) {
            to.own.view = v;
            err = pt_view_stand(&views[v], r->fix.seq, &r->fix.link, arena);
        }
    }
    return err == PT_OK ? cut_to(r, views, n, &to, arena, &r->fix.n_met) : err;
}

bool pt__version_has(const struct pt__rollup *r, const struct pt_view *view)
{
    if (r->fix.version == 0 || pt_log_id_eq(&view->log, &r->fix.log)) {
        return true;
    }
    for (size_t i = 0; i < r->fix.pins->n_log; i++) {
        if (is_seen(r->fix.pins->log[i], view)) {
            return true;
        }
    }
    return false;
}

enum pt_err pt__version_check(struct pt__rollup *r)
{
    bool whole = r->fix.version == 0 || (r->fix.n_met == r->fix.pins->n_log &&
                                         r->fix.n_found == (size_t)r->fix.n_fixed + r->fix.n_not_assessed);
    return whole ? PT_OK : not_whole(r, r->in->cycle);
}

/* What the entries FIX of the cycle come to. */
struct history {
    uint32_t last;     /* highest version that was fixed */
    uint32_t reopened; /* highest version that was opened again */
};

static const Patuh__Fixing *fixing_of(const struct pt__rollup *r, const struct walk *w, struct pt_arena *arena)
{
    ProtobufCMessage *message;
    bool right = pt_author_eq(&w->view->log.author, &r->in->root) && w->entry->kind == PATUH__ENTRY_KIND__ENTRY_FIX &&
                 pt_unpack(&patuh__fixing__descriptor, w->entry->detail, arena, &message) == PT_OK;
    return right ? (const Patuh__Fixing *)message : NULL;
}

static struct history read_history(const struct pt__rollup *r, const struct pt_view *views, size_t n,
                                   struct pt_arena *arena)
{
    struct history h = {0};
    for (size_t v = 0; v < n; v++) {
        struct walk w = {.view = &views[v]};
        while (next_entry(&w)) {
            const Patuh__Fixing *fixing = fixing_of(r, &w, arena);
            uint32_t *highest = fixing == NULL || fixing->to == PATUH__STATE__STATE_FIXED ? &h.last : &h.reopened;
            *highest = fixing != NULL && fixing->version > *highest ? fixing->version : *highest;
        }
    }
    return h;
}

static enum pt_err read_pins(struct pt__rollup *r, const struct pt_hash *hash)
{
    struct pt_loaded loaded = {.blob = *hash, .title = "pins"};
    struct pt_bytes bytes = {0};
    ProtobufCMessage *message = NULL;
    enum pt_err err = pt__rollup_blob(r, &loaded, &r->keep, &bytes);
    if (err == PT_OK && pt_unpack(&patuh__pins__descriptor, bytes, &r->keep, &message) != PT_OK) {
        err = pt_problem_set(r->problem, PT_EINVALID, PT_MSG_ROLLUP_NO_BLOB, r->in->cycle, loaded.title, NULL);
    }
    r->fix.pins = (const Patuh__Pins *)message;
    return err;
}

static void take_fixing(struct pt__rollup *r, const struct walk *w, const Patuh__Fixing *fixing)
{
    r->fix.log = w->view->log;
    r->fix.seq = w->seq;
    r->fix.link = link_of(w);
    r->fix.n_fixed = fixing->fixed;
    r->fix.n_not_assessed = fixing->not_assessed;
}

/* The oldest entry that fixes this version: should a restored head office have given its number again, the first that
 * was published keeps it. *pins: the blob that it names. Errors: NOTFOUND, NOMEM. */
static enum pt_err find_fixing(struct pt__rollup *r, uint32_t version, const struct pt_view *views, size_t n,
                               struct pt_hash *pins)
{
    const struct pt_view **sorted;
    enum pt_err err = pt_views_by_age(views, n, &r->keep, &sorted);
    for (size_t v = 0; v < n && err == PT_OK; v++) {
        struct walk w = {.view = sorted[v]};
        while (next_entry(&w)) {
            const Patuh__Fixing *fixing = fixing_of(r, &w, &r->keep);
            if (fixing != NULL && fixing->to == PATUH__STATE__STATE_FIXED && fixing->version == version) {
                take_fixing(r, &w, fixing);
                *pins = w.entry->hash;
                return PT_OK;
            }
        }
    }
    return err == PT_OK ? PT_ENOTFOUND : err;
}

/* Errors: NOTFOUND (there is no such version). */
static enum pt_err take_version(struct pt__rollup *r, uint32_t version, const struct pt_view *views, size_t n)
{
    struct pt_hash pins;
    enum pt_err err = find_fixing(r, version, views, n, &pins);
    if (err != PT_OK || r->in->level != PT_LEVEL_FIXED) {
        return err;
    }
    r->fix.version = version;
    return read_pins(r, &pins);
}

enum pt_err pt__version_open(struct pt__rollup *r, const struct pt_view *views, size_t n)
{
    struct history h = read_history(r, views, n, &r->keep);
    bool fixed = r->in->level == PT_LEVEL_FIXED;
    char text[2][24];
    r->fix.last = h.last;
    r->fix.stands = h.last > h.reopened;
    if (fixed && (h.last == 0 || (r->in->version == 0 && !r->fix.stands))) {
        return pt_problem_set(r->problem, PT_EINVALID, PT_MSG_ROLLUP_NOT_FIXED, r->in->cycle, NULL);
    }
    uint32_t version = fixed && r->in->version != 0 ? r->in->version : h.last;
    enum pt_err err = take_version(r, version, views, n);
    if (err != PT_ENOTFOUND) {
        return err;
    }
    (void)snprintf(text[0], sizeof text[0], "%" PRIu32, version);
    (void)snprintf(text[1], sizeof text[1], "%" PRIu32, h.last);
    return fixed
               ? pt_problem_set(r->problem, PT_EINVALID, PT_MSG_ROLLUP_NO_VERSION, r->in->cycle, text[0], text[1], NULL)
               : PT_OK;
}
