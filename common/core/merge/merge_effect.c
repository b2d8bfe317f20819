/* merge_effect.c - which entries are effective: the author may write them, and they fit their instrument.
 *
 * An entry that is not allowed or not valid changes nothing, is listed with a sentence, and becomes effective by itself
 * when what it lacks (an assignment, a key, an instrument) arrives. */
#include "core/limits.h"
#include "core/merge/merge_internal.h"

#include <string.h>

static bool name_in(const char *const *names, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_head_office(const struct pt__merge *m, const struct pt_view *view, uint64_t seq)
{
    enum pt_tier tier = PT_TIER_DEVICE;
    return pt_authority_acts_at(m->in->authority, view, seq, "", &tier) && tier == PT_TIER_NATIONAL;
}

/* What an opening is worth: 0 nothing. A unit belongs to the office that the registry gives it to; head office may open
 * any. Without a registry every office's own word is as good as another's. */
static int rank_of(const struct pt__merge *m, const struct pt_view *view, uint64_t seq, const Patuh__Opening *opening)
{
    enum pt_tier tier = PT_TIER_DEVICE;
    if (opening == NULL || opening->office == NULL ||
        !pt_authority_acts_at(m->in->authority, view, seq, opening->office, &tier)) {
        return 0;
    }
    bool right = m->in->office == NULL || strcmp(m->in->office, opening->office) == 0;
    return tier == PT_TIER_NATIONAL ? 2 : right;
}

/* The first of the best in the order of logs: the same everywhere. */
static void find_opening(struct pt__merge *m)
{
    int best = 0;
    for (size_t v = 0; v < m->in->n_views; v++) {
        const struct pt_view *view = &m->in->views[v];
        for (size_t i = 0; i < view->n_entries; i++) {
            if (view->entries[i].kind != PATUH__ENTRY_KIND__ENTRY_OPEN) {
                continue;
            }
            const Patuh__Opening *opening = pt__merge_detail(m, &view->entries[i], &patuh__opening__descriptor);
            int rank = rank_of(m, view, i + 1, opening);
            if (rank > best) {
                best = rank;
                m->out->opening = opening;
            }
        }
    }
}

/* Head office may give the assessment to another office. */
static enum pt_err find_charges(struct pt__merge *m)
{
    size_t n = pt__merge_count_kind(m, PATUH__ENTRY_KIND__ENTRY_MOVE_OFFICE) + 1;
    m->charges = pt_arena_zalloc(m->arena, n, sizeof *m->charges);
    if (m->charges == NULL) {
        return PT_ENOMEM;
    }
    if (m->out->opening == NULL) {
        return PT_OK;
    }
    m->charges[m->n_charges++].code = m->out->opening->office;
    for (size_t v = 0; v < m->in->n_views; v++) {
        const struct pt_view *view = &m->in->views[v];
        for (size_t i = 0; i < view->n_entries; i++) {
            if (view->entries[i].kind != PATUH__ENTRY_KIND__ENTRY_MOVE_OFFICE || !is_head_office(m, view, i + 1)) {
                continue;
            }
            const Patuh__OfficeMove *move = pt__merge_detail(m, &view->entries[i], &patuh__office_move__descriptor);
            if (move != NULL && move->office != NULL) {
                m->charges[m->n_charges - 1].left = move;
                m->charges[m->n_charges++].code = move->office;
            }
        }
    }
    m->out->office = m->charges[m->n_charges - 1].code;
    return PT_OK;
}

/* Does the cut of a move between offices hold this entry? */
static bool cut_holds(const Patuh__OfficeMove *move, const struct pt_view *view, uint64_t seq)
{
    for (size_t i = 0; i < move->n_cut; i++) {
        const Patuh__LogSeen *seen = move->cut[i];
        if (seq <= seen->seq && pt_view_has(view, seen->seq, pt_bytes_of(seen->link.data, seen->link.len))) {
            return true;
        }
    }
    return false;
}

bool pt__merge_in_charge(const struct pt__merge *m, const struct pt_view *view, uint64_t seq, enum pt_tier *tier)
{
    *tier = PT_TIER_DEVICE;
    for (size_t i = m->n_charges; i > 0; i--) {
        const struct pt__charge *charge = &m->charges[i - 1];
        if (pt_authority_acts_at(m->in->authority, view, seq, charge->code, tier) &&
            (*tier == PT_TIER_NATIONAL || charge->left == NULL || cut_holds(charge->left, view, seq))) {
            return true;
        }
        *tier = PT_TIER_DEVICE;
    }
    return false;
}

static void add_name(const char **names, size_t *n, const char *name)
{
    size_t at = 0;
    while (at < *n && strcmp(names[at], name) < 0) {
        at++;
    }
    if (at < *n && strcmp(names[at], name) == 0) {
        return;
    }
    memmove(&names[at + 1], &names[at], (*n - at) * sizeof *names);
    names[at] = name;
    (*n)++;
}

struct assignment {
    size_t view;
    uint64_t seq;
    const Patuh__Assignment *detail;
};

/* By whoever was in charge. */
static size_t collect_assignments(struct pt__merge *m, struct assignment *out)
{
    size_t n = 0;
    for (size_t v = 0; v < m->in->n_views; v++) {
        const struct pt_view *view = &m->in->views[v];
        for (uint64_t seq = 1; seq <= view->n_entries; seq++) {
            const struct pt_entry *entry = &view->entries[seq - 1];
            enum pt_tier tier;
            if (entry->kind != PATUH__ENTRY_KIND__ENTRY_ASSIGN || !pt__merge_in_charge(m, view, seq, &tier)) {
                continue;
            }
            const Patuh__Assignment *detail = pt__merge_detail(m, entry, &patuh__assignment__descriptor);
            out[n] = (struct assignment){.view = v, .seq = seq, .detail = detail};
            n += detail != NULL && detail->surveyor != NULL;
        }
    }
    return n;
}

/* Did the author of `by` put somebody in the place of this one? Only of what it knew: the order of logs decides
 * nothing.
 */
static bool ends(const struct pt__merge *m, const struct assignment *by, const struct assignment *earlier)
{
    if (by->detail->instead_of == NULL || strcmp(by->detail->instead_of, earlier->detail->surveyor) != 0) {
        return false;
    }
    bool known = by->view == earlier->view && by->seq > earlier->seq;
    for (size_t i = 0; i < by->detail->n_seen && by->view != earlier->view; i++) {
        const Patuh__LogSeen *seen = by->detail->seen[i];
        known = known || (seen->seq >= earlier->seq && pt_view_has(&m->in->views[earlier->view], seen->seq,
                                                                   pt_bytes_of(seen->link.data, seen->link.len)));
    }
    return known;
}

static enum pt_err find_assignments(struct pt__merge *m)
{
    size_t n = pt__merge_count_kind(m, PATUH__ENTRY_KIND__ENTRY_ASSIGN);
    struct assignment *list = pt_arena_zalloc(m->arena, n + 1, sizeof *list);
    m->out->surveyors = pt_arena_zalloc(m->arena, n + 1, sizeof *m->out->surveyors);
    m->ever_assigned = pt_arena_zalloc(m->arena, n + 1, sizeof *m->ever_assigned);
    if (list == NULL || m->out->surveyors == NULL || m->ever_assigned == NULL) {
        return PT_ENOMEM;
    }
    n = collect_assignments(m, list);
    for (size_t i = 0; i < n; i++) {
        bool ended = false;
        for (size_t k = 0; k < n && !ended; k++) {
            ended = ends(m, &list[k], &list[i]);
        }
        if (!ended) {
            add_name(m->out->surveyors, &m->out->n_surveyors, list[i].detail->surveyor);
        }
        add_name(m->ever_assigned, &m->n_ever_assigned, list[i].detail->surveyor);
    }
    return PT_OK;
}

/* Who the author of a log is, seen from this assessment. */
struct writer {
    const struct pt_member *member; /* the first membership of the key; NULL for none */
    bool known;
    bool is_root;     /* head office's own key */
    bool varies;      /* one of its memberships was revoked somewhere */
    bool surveyor;    /* at this entry: a device of somebody who was ever assigned */
    bool was_revoked; /* at this entry: it would be, but for a revocation */
    bool office;      /* at this entry: the responsible office, head office, or a reviewer of theirs */
    enum pt_tier tier;
    size_t n_added; /* products and respondents by this log so far */
};

/* Names of surveyors are unique within an office only: the member has to be one of an office in charge. */
static bool is_assigned(const struct pt__merge *m, const struct pt_member *member)
{
    bool ours = member->office->is_root;
    for (size_t i = 0; i < m->n_charges && !ours; i++) {
        ours = strcmp(m->charges[i].code, member->office->code) == 0;
    }
    return ours && member->role == PATUH__ROLE__ROLE_DEVICE &&
           name_in(m->ever_assigned, m->n_ever_assigned, member->name);
}

static struct writer writer_of(const struct pt__merge *m, const struct pt_author *author)
{
    const struct pt_office *office = pt_authority_office(m->in->authority, author);
    struct writer w = {.member = pt_authority_member(m->in->authority, author)};
    w.known = w.member != NULL || office != NULL;
    w.is_root = office != NULL && office->is_root;
    const struct pt_member *member = w.member;
    for (; member != NULL; member = pt_authority_member_next(m->in->authority, member)) {
        w.varies = w.varies || member->revoked;
    }
    return w;
}

/* Each office that names the key judges for itself: what one of them revoked another one may still let write. */
static void look_up_surveyor(const struct pt__merge *m, struct writer *w, const struct pt_view *view, uint64_t seq)
{
    const struct pt_member *member = w->member;
    w->surveyor = false;
    w->was_revoked = false;
    for (; member != NULL && !w->surveyor; member = pt_authority_member_next(m->in->authority, member)) {
        bool assigned = is_assigned(m, member);
        bool cut_off = pt_authority_is_cut_off(member, view, seq);
        w->surveyor = assigned && !cut_off;
        w->was_revoked = w->was_revoked || cut_off;
    }
}

/* Of a whole result: fixed or not assessed in it, approved or not assessed after it. */
static enum pt_msg check_version(const struct writer *w, const Patuh__Move *move)
{
    bool goes_in = move->to == PATUH__STATE__STATE_FIXED && move->version > 0;
    bool comes_out = move->to == PATUH__STATE__STATE_APPROVED_NATIONAL && move->reopens > 0;
    bool right = goes_in || comes_out || move->to == PATUH__STATE__STATE_NOT_ASSESSED;
    bool one = (move->version > 0) != (move->reopens > 0);
    return right && one && w->is_root ? PT_MSG_NONE : PT_MSG_ENTRY_NOT_ALLOWED;
}

static enum pt_msg check_move(struct pt__merge *m, const struct writer *w, const struct pt_entry *entry)
{
    const Patuh__Move *move = pt__merge_detail(m, entry, &patuh__move__descriptor);
    if (move == NULL || move->n_cut > PT_CUT_LOGS_MAX) {
        return PT_MSG_ENTRY_UNREADABLE;
    }
    if (move->version > 0 || move->reopens > 0) {
        return check_version(w, move);
    }
    switch (move->to) {
    case PATUH__STATE__STATE_SUBMITTED:
    case PATUH__STATE__STATE_NOT_ASSESSED: /* a surveyor proposes it: no further than submitted until an office says so
                                            */
        return w->surveyor || w->office ? PT_MSG_NONE : PT_MSG_ENTRY_NOT_ASSIGNED;
    case PATUH__STATE__STATE_HAS_ISSUES:
    case PATUH__STATE__STATE_APPROVED_REGION:
        return w->office ? PT_MSG_NONE : PT_MSG_ENTRY_NOT_ALLOWED;
    case PATUH__STATE__STATE_APPROVED_NATIONAL:
        return w->office && w->tier == PT_TIER_NATIONAL ? PT_MSG_NONE : PT_MSG_ENTRY_NOT_ALLOWED;
    case PATUH__STATE__STATE_DRAFT:
    case PATUH__STATE__STATE_FIXED: /* without a version */
    case _PATUH__STATE_IS_INT_SIZE:
        break;
    }
    return PT_MSG_ENTRY_NOT_ALLOWED;
}

/* Against the version the entry was written with. */
static enum pt_msg check_question(struct pt__merge *m, const struct pt_view *view, uint64_t seq,
                                  const struct pt_entry *entry)
{
    const struct pt_view_chunk *chunk = pt_view_chunk_of(view, seq);
    const struct pt_hash *version = chunk == NULL ? &view->tail_instrument : &chunk->instrument;
    const struct pt_instrument *instrument = m->in->lookup.instrument(m->in->lookup.data, version);
    if (instrument == NULL) {
        return PT_MSG_ENTRY_NO_INSTRUMENT;
    }
    uint32_t node = pt_node_by_number(instrument, entry->question);
    if (node == PT_NONE) {
        return PT_MSG_ENTRY_UNKNOWN_QUESTION;
    }
    bool about_instance =
        entry->kind == PATUH__ENTRY_KIND__ENTRY_ADD_INSTANCE || entry->kind == PATUH__ENTRY_KIND__ENTRY_REMOVE_INSTANCE;
    if (about_instance != (instrument->nodes[node].type == PT_NODE_REPEAT)) {
        return PT_MSG_ENTRY_UNKNOWN_QUESTION;
    }
    bool has_value = (pt_entry_fields(entry->kind) & PT_FIELD_VALUE) != 0;
    return !has_value || pt_value_fits(instrument, node, &entry->value) ? PT_MSG_NONE : PT_MSG_ENTRY_WRONG_VALUE;
}

static bool by_office(Patuh__EntryKind kind)
{
    return kind == PATUH__ENTRY_KIND__ENTRY_OPEN || kind == PATUH__ENTRY_KIND__ENTRY_ASSIGN ||
           kind == PATUH__ENTRY_KIND__ENTRY_ERASE;
}

/* Of the other kinds, which are nearly all entries, only a surveyor's count. */
static bool asks_for_office(Patuh__EntryKind kind)
{
    return by_office(kind) || kind == PATUH__ENTRY_KIND__ENTRY_MOVE || kind == PATUH__ENTRY_KIND__ENTRY_MOVE_OFFICE ||
           kind == PATUH__ENTRY_KIND__ENTRY_DECIDE;
}

static enum pt_msg check_right(struct pt__merge *m, struct writer *w, const struct pt_view *view, uint64_t seq)
{
    const struct pt_entry *entry = &view->entries[seq - 1];
    unsigned fields = pt_entry_fields(entry->kind);
    if (fields == 0 || pt_entry_subject(entry->kind) != PT_SUBJECT_ASSESSMENT) {
        return PT_MSG_ENTRY_UNREADABLE;
    }
    if (!w->known) {
        return PT_MSG_ENTRY_UNKNOWN_AUTHOR;
    }
    if (seq == 1 || w->varies) {
        look_up_surveyor(m, w, view, seq);
    }
    w->office = asks_for_office(entry->kind) && pt__merge_in_charge(m, view, seq, &w->tier);
    if (entry->kind == PATUH__ENTRY_KIND__ENTRY_MOVE) {
        return check_move(m, w, entry);
    }
    if (by_office(entry->kind)) {
        return w->office ? PT_MSG_NONE : PT_MSG_ENTRY_NOT_ALLOWED;
    }
    if (entry->kind == PATUH__ENTRY_KIND__ENTRY_MOVE_OFFICE) {
        return w->office && w->tier == PT_TIER_NATIONAL ? PT_MSG_NONE : PT_MSG_ENTRY_NOT_ALLOWED;
    }
    if (entry->kind == PATUH__ENTRY_KIND__ENTRY_DECIDE) {
        return w->office ? check_question(m, view, seq, entry) : PT_MSG_ENTRY_NOT_ALLOWED;
    }
    if (!w->surveyor) {
        return PT_MSG_ENTRY_NOT_ASSIGNED;
    }
    if (entry->kind == PATUH__ENTRY_KIND__ENTRY_ADD_INSTANCE && w->n_added++ >= PT_INSTANCES_PER_LOG_MAX) {
        return PT_MSG_ENTRY_TOO_MANY_INSTANCES;
    }
    return (fields & PT_FIELD_QUESTION) != 0 ? check_question(m, view, seq, entry) : PT_MSG_NONE;
}

/* Who could do it but for a revocation is told of that. */
static enum pt_msg check_entry(struct pt__merge *m, struct writer *w, const struct pt_view *view, uint64_t seq)
{
    enum pt_msg why = check_right(m, w, view, seq);
    bool no_right = why == PT_MSG_ENTRY_NOT_ASSIGNED || why == PT_MSG_ENTRY_NOT_ALLOWED;
    return no_right && w->was_revoked ? PT_MSG_ENTRY_REVOKED : why;
}

static enum pt_err judge(struct pt__merge *m)
{
    size_t n = 0;
    for (size_t v = 0; v < m->in->n_views; v++) {
        n += m->in->views[v].n_entries;
    }
    m->out->ineffective = pt_arena_zalloc(m->arena, n, sizeof *m->out->ineffective);
    if (m->out->ineffective == NULL) {
        return PT_ENOMEM;
    }
    for (size_t v = 0; v < m->in->n_views; v++) {
        const struct pt_view *view = &m->in->views[v];
        struct writer w = writer_of(m, &view->log.author);
        for (uint64_t seq = 1; seq <= view->n_entries; seq++) {
            enum pt_msg why = check_entry(m, &w, view, seq);
            m->effective[v][seq - 1] = why == PT_MSG_NONE;
            if (why != PT_MSG_NONE) {
                m->out->ineffective[m->out->n_ineffective++] =
                    (struct pt_ineffective){.view = view, .seq = seq, .why = why};
            }
        }
    }
    return PT_OK;
}

enum pt_err pt__merge_effect(struct pt__merge *m)
{
    find_opening(m);
    enum pt_err err = find_charges(m);
    if (err == PT_OK) {
        err = find_assignments(m);
    }
    return err == PT_OK ? judge(m) : err;
}
