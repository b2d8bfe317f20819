/* words.c - who may write what, from what the offices of this history have said, without the code that decides it.
 *
 * Each word is kept with the entry it stands in. At a node it holds when that entry is there: named by an office that
 * head office has named, of an assessment that was opened, assigned to it once, not past the cut of a revocation. */
#include "sim.h"

#include "base/check.h"
#include "base/mem.h"
#include "core/wire/unpack.h"

#include <string.h>

struct sim_word *sim_say(struct sim *s, enum sim_word_kind kind, const struct pt_log_id *log, uint64_t seq,
                         size_t office)
{
    PT_CHECK(pt_reserve(&s->words, &s->words_capacity, s->n_words + 1, sizeof *s->words) == PT_OK);
    struct sim_word *word = &s->words[s->n_words++];
    *word = (struct sim_word){.kind = kind, .log = *log, .seq = seq, .office = office};
    return word;
}

bool sim_is_about_authority(enum pt_msg why)
{
    return why == PT_MSG_ENTRY_UNKNOWN_AUTHOR || why == PT_MSG_ENTRY_REVOKED || why == PT_MSG_ENTRY_NOT_ASSIGNED ||
           why == PT_MSG_ENTRY_NOT_ALLOWED;
}

struct sim_unit *sim_unit_of(struct sim *s, const struct pt_subject *subject)
{
    for (size_t i = 0; i < s->n_units; i++) {
        if (strcmp(s->units[i].subject, subject->text) == 0) {
            return &s->units[i];
        }
    }
    return NULL;
}

/* --- what is known here --- */

static bool is_here(const struct sim_sight *sight, const struct sim_word *word)
{
    bool about_unit = word->kind == SIM_OPENS || word->kind == SIM_ASSIGNS;
    const struct pt_view *views = about_unit ? sight->views : sight->offices;
    size_t n = about_unit ? sight->n_views : sight->n_offices;
    for (size_t i = 0; i < n; i++) {
        if (pt_log_id_eq(&views[i].log, &word->log)) {
            return views[i].n_entries >= word->seq;
        }
    }
    return false;
}

/* Head office is known by any of its own logs. */
static bool knows_office(const struct sim *s, const struct sim_sight *sight, size_t office)
{
    for (size_t i = 0; office == 0 && i < sight->n_offices; i++) {
        if (pt_author_eq(&sight->offices[i].log.author, &s->offices[0]->author)) {
            return true;
        }
    }
    for (size_t i = 0; office != 0 && i < s->n_words; i++) {
        const struct sim_word *word = &s->words[i];
        if (word->kind == SIM_NAMES_OFFICE && word->office == office && is_here(sight, word)) {
            return true;
        }
    }
    return false;
}

static bool is_opened(const struct sim *s, const struct sim_sight *sight, size_t office)
{
    for (size_t i = 0; i < s->n_words; i++) {
        const struct sim_word *word = &s->words[i];
        if (word->kind == SIM_OPENS && pt_subject_eq(&word->log.subject, &sight->subject) && is_here(sight, word)) {
            return knows_office(s, sight, office);
        }
    }
    return false;
}

static bool was_assigned(const struct sim *s, const struct sim_sight *sight, const char *name)
{
    for (size_t i = 0; i < s->n_words; i++) {
        const struct sim_word *word = &s->words[i];
        if (word->kind == SIM_ASSIGNS && strcmp(word->name, name) == 0 &&
            pt_subject_eq(&word->log.subject, &sight->subject) && is_here(sight, word)) {
            return true;
        }
    }
    return false;
}

static const struct sim_word *find_word(const struct sim *s, const struct sim_sight *sight, enum sim_word_kind kind,
                                        const struct pt_author *author)
{
    for (size_t i = 0; i < s->n_words; i++) {
        const struct sim_word *word = &s->words[i];
        if (word->kind == kind && pt_author_eq(&word->author, author) && is_here(sight, word) &&
            knows_office(s, sight, word->office)) {
            return word;
        }
    }
    return NULL;
}

/* --- who is it? --- */

struct who {
    bool surveyor;
    enum pt_tier tier; /* of the office, or the reviewer of one; DEVICE: neither, or has nothing to say here */
    const struct sim_word *revoked; /* NULL: is not */
};

static enum pt_tier tier_of(const struct sim_unit *unit, size_t office)
{
    enum pt_tier of_region = office == unit->region ? PT_TIER_REGION : PT_TIER_DEVICE;
    return office == 0 ? PT_TIER_NATIONAL : of_region;
}

static struct who who_is(const struct sim *s, const struct sim_sight *sight, const struct sim_unit *unit,
                         const struct pt_author *author)
{
    struct who who = {.revoked = find_word(s, sight, SIM_REVOKES, author)};
    const struct sim_word *member = find_word(s, sight, SIM_NAMES_MEMBER, author);
    if (!is_opened(s, sight, unit->region)) {
        return who;
    }
    for (size_t i = 0; i <= s->options.regions; i++) {
        if (pt_author_eq(&s->offices[i]->author, author) && knows_office(s, sight, i)) {
            who.tier = tier_of(unit, i);
        }
    }
    if (member != NULL && member->reviews) {
        who.tier = tier_of(unit, member->office);
    } else if (member != NULL) {
        who.surveyor = tier_of(unit, member->office) != PT_TIER_DEVICE && was_assigned(s, sight, member->name);
    }
    return who;
}

enum may { MAY_NOT, MAY, MAY_PERHAPS };

/* Past the cut? Where less of the log is here than the cut names, nobody knows yet. */
static enum may may_within_cut(const struct sim_word *revoked, const struct pt_view *view, uint64_t seq)
{
    for (size_t i = 0; i < revoked->n_cut; i++) {
        const struct sim_cut *cut = &revoked->cut[i];
        if (pt_log_id_eq(&cut->log, &view->log)) {
            bool reaches = pt_view_has(view, cut->seq, pt_hash_bytes(&cut->link));
            return seq > cut->seq ? MAY_NOT : reaches ? MAY : MAY_PERHAPS;
        }
    }
    return MAY_NOT;
}

static bool may_move(struct sim_sight *sight, const struct who *who, const struct pt_entry *entry)
{
    ProtobufCMessage *message;
    PT_CHECK(pt_unpack(&patuh__move__descriptor, entry->detail, &sight->arena, &message) == PT_OK);
    Patuh__State to = ((const Patuh__Move *)message)->to;
    bool proposes = to == PATUH__STATE__STATE_SUBMITTED || to == PATUH__STATE__STATE_NOT_ASSESSED;
    bool reviews = to == PATUH__STATE__STATE_HAS_ISSUES || to == PATUH__STATE__STATE_APPROVED_REGION;
    return (proposes && who->surveyor) || ((proposes || reviews) && who->tier != PT_TIER_DEVICE) ||
           (to == PATUH__STATE__STATE_APPROVED_NATIONAL && who->tier == PT_TIER_NATIONAL);
}

static enum may may_write(struct sim_sight *sight, const struct who *who, const struct pt_view *view, uint64_t seq)
{
    const struct pt_entry *entry = &view->entries[seq - 1];
    bool may = who->surveyor;
    if (entry->kind == PATUH__ENTRY_KIND__ENTRY_MOVE) {
        may = may_move(sight, who, entry);
    } else if (entry->kind == PATUH__ENTRY_KIND__ENTRY_OPEN || entry->kind == PATUH__ENTRY_KIND__ENTRY_ASSIGN ||
               entry->kind == PATUH__ENTRY_KIND__ENTRY_DECIDE) {
        may = who->tier != PT_TIER_DEVICE;
    }
    if (may && who->revoked != NULL) {
        return may_within_cut(who->revoked, view, seq);
    }
    return may ? MAY : MAY_NOT;
}

/* --- and merge? --- */

static bool is_refused(const struct pt_assessment *state, const struct pt_view *view, uint64_t seq)
{
    for (size_t i = 0; i < state->n_ineffective; i++) {
        const struct pt_ineffective *row = &state->ineffective[i];
        if (row->view == view && row->seq == seq && sim_is_about_authority(row->why)) {
            return true;
        }
    }
    return false;
}

void sim_judge_authors(struct sim *s, struct sim_sight *sight)
{
    const struct sim_unit *unit = sim_unit_of(s, &sight->subject);
    for (size_t v = 0; v < sight->n_views && unit != NULL; v++) {
        const struct pt_view *view = &sight->views[v];
        struct who who = who_is(s, sight, unit, &view->log.author);
        for (uint64_t seq = 1; seq <= view->n_entries; seq++) {
            bool refused = is_refused(&sight->state, view, seq);
            enum may may = may_write(sight, &who, view, seq);
            world_expect(s->w, may != MAY_NOT || refused, "an entry counts that its author may not write");
            world_expect(s->w, may != MAY || !refused, "an entry counts nowhere that its author may write");
        }
    }
}
