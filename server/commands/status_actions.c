/* status_actions.c - what has to be done, by whom, as the office's store shows it. */
#include "commands/status.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SILENT_MS ((int64_t)3 * 24 * 3600 * 1000) /* a device that says nothing for so long is asked for */
#define CLOCK_MS ((int64_t)10 * 60 * 1000)
#define NAMES_MAX 8 /* of a list in a sentence; the tables name all */
#define TIME_BYTES 24

static const char *keep(struct status *r, const char *text)
{
    const char *kept = pt_arena_str(&r->w.arena, text);
    return kept == NULL ? "" : kept;
}

static const char *number(struct status *r, uint64_t n)
{
    const char *kept = pt_arena_printf(&r->w.arena, "%" PRIu64, n);
    return kept == NULL ? "" : kept;
}

const char *status_time(struct status *r, int64_t ms)
{
    char text[TIME_BYTES];
    return keep(r, pt_time_text(ms / 1000, text, sizeof text));
}

static void act(struct status *r, const char *code, enum pt_msg msg, const char *a, const char *b, const char *c)
{
    if (r->n_actions < STATUS_ACTIONS_MAX) { /* the tables have everything */
        r->actions[r->n_actions++] = (struct status_action){.code = code, .msg = msg, .arg = {a, b, c, ""}};
    }
}

/* The same with a reason, in each half in its language. */
static void act_why(struct status *r, const char *code, enum pt_msg msg, const char *a, const char *b, enum pt_msg why)
{
    if (r->n_actions < STATUS_ACTIONS_MAX) {
        act(r, code, msg, a, b, pt_msg_indonesian(why));
        r->actions[r->n_actions - 1].arg[3] = pt_msg_english(why);
    }
}

/* "budi, siti, ...": the first of those that are chosen. */
struct names {
    struct pt_buf text;
    size_t n;
};

static void add_name(struct names *names, const char *name)
{
    if (names->n < NAMES_MAX) {
        pt_buf_printf(&names->text, "%s%s", names->n == 0 ? "" : ", ", name);
    } else if (names->n == NAMES_MAX) {
        pt_buf_put_str(&names->text, ", ...");
    }
    names->n++;
}

static const char *take_names(struct status *r, struct names *names)
{
    const char *kept = keep(r, pt_buf_text(&names->text));
    pt_buf_free(&names->text);
    return kept;
}

static void act_on_office(struct status *r)
{
    const struct office *office = r->c->office;
    if (!office->joined) {
        act(r, "not_joined", PT_MSG_OFFICE_NOT_JOINED, "", "", "");
    } else if (office->writer == NULL) {
        act(r, "not_serving", PT_MSG_STATUS_NOT_SERVING, "", "", "");
    } else if (r->link.known && !r->link.up) {
        act(r, "link_down", PT_MSG_STATUS_LINK_DOWN, status_time(r, r->link.since_ms), r->link.error_id,
            r->link.error_en);
    }
    if (r->refilling && r->unheard[0] != '\0') {
        act(r, "refilling", PT_MSG_STATUS_REFILLING, r->unheard, "", "");
    }
    if (!pt_disk_has_room(office->dir, pt_disk_reserve_default())) {
        act(r, "disk_full", PT_MSG_STATUS_FULL, number(r, r->free_bytes >> 20), "", "");
    }
}

/* A reviewer writes at the office itself. */
bool status_syncs(const struct waiting_peer *peer)
{
    return strcmp(peer->kind, "reviewer") != 0;
}

bool status_clock_is_off(const struct waiting_peer *peer)
{
    return peer->offset_ms >= CLOCK_MS || peer->offset_ms <= -CLOCK_MS;
}

enum peer_trouble { PEER_NEVER, PEER_SILENT, PEER_CLOCK };

static bool has_trouble(const struct status *r, const struct waiting_peer *peer, enum peer_trouble trouble)
{
    switch (trouble) {
    case PEER_NEVER:
        return peer->seen_ms == 0;
    case PEER_SILENT:
        return peer->seen_ms != 0 && r->now_ms - peer->seen_ms >= SILENT_MS;
    case PEER_CLOCK:
        break;
    }
    return status_clock_is_off(peer);
}

static void act_on_peers(struct status *r)
{
    static const struct {
        const char *code;
        enum pt_msg msg;
        enum peer_trouble trouble;
    } rows[] = {{"never_synced", PT_MSG_STATUS_NEVER, PEER_NEVER},
                {"silent", PT_MSG_STATUS_SILENT, PEER_SILENT},
                {"clock", PT_MSG_STATUS_CLOCK, PEER_CLOCK}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct names names = {0};
        for (size_t k = 0; k < r->w.n_peers; k++) {
            const struct waiting_peer *peer = &r->w.peers[k];
            if (status_syncs(peer) && !peer->revoked && has_trouble(r, peer, rows[i].trouble)) {
                add_name(&names, peer->name);
            }
        }
        const char *list = take_names(r, &names);
        if (names.n > 0) {
            act(r, rows[i].code, rows[i].msg, number(r, names.n), list, "");
        }
    }
}

static enum waiting_turn turn_of(const struct status *r, const struct waiting_assessment *a)
{
    return waiting_turn(r->c->office->national, a);
}

static bool is_incomplete(const struct status *r, const struct waiting_assessment *a)
{
    (void)r;
    return a->incomplete;
}

static bool waits_for(const struct status *r, const struct waiting_assessment *a, Patuh__State state,
                      enum waiting_turn turn)
{
    return a->state == state && !a->incomplete && turn_of(r, a) == turn;
}

static bool is_submitted(const struct status *r, const struct waiting_assessment *a)
{
    return waits_for(r, a, PATUH__STATE__STATE_SUBMITTED, WAITING_HERE);
}

static bool is_submitted_to_region(const struct status *r, const struct waiting_assessment *a)
{
    return waits_for(r, a, PATUH__STATE__STATE_SUBMITTED, WAITING_REGION);
}

static bool is_approved_by_region(const struct status *r, const struct waiting_assessment *a)
{
    return r->c->office->national && waits_for(r, a, PATUH__STATE__STATE_APPROVED_REGION, WAITING_HERE);
}

static bool is_proposed(const struct status *r, const struct waiting_assessment *a)
{
    enum pt_tier own_tier = r->c->office->national ? PT_TIER_NATIONAL : PT_TIER_REGION;
    return a->tier < own_tier && waits_for(r, a, PATUH__STATE__STATE_NOT_ASSESSED, WAITING_HERE);
}

static bool is_proposed_to_region(const struct status *r, const struct waiting_assessment *a)
{
    return waits_for(r, a, PATUH__STATE__STATE_NOT_ASSESSED, WAITING_REGION);
}

static bool is_returned(const struct status *r, const struct waiting_assessment *a)
{
    return waits_for(r, a, PATUH__STATE__STATE_HAS_ISSUES, WAITING_HERE);
}

/* What waits for whom; each assessment in one row at most. */
static const struct row {
    const char *code;
    enum pt_msg msg;
    bool (*is)(const struct status *r, const struct waiting_assessment *a);
} waits[] = {{"submitted", PT_MSG_STATUS_SUBMITTED, is_submitted},
             {"submitted_region", PT_MSG_STATUS_SUBMITTED_REGION, is_submitted_to_region},
             {"approved_region", PT_MSG_STATUS_APPROVED_REGION, is_approved_by_region},
             {"not_assessed", PT_MSG_STATUS_NOT_ASSESSED, is_proposed},
             {"not_assessed_region", PT_MSG_STATUS_NOT_ASSESSED_REGION, is_proposed_to_region},
             {"returned", PT_MSG_STATUS_RETURNED, is_returned},
             {"incomplete", PT_MSG_STATUS_INCOMPLETE, is_incomplete}};

bool status_waits(const struct status *r, const struct waiting_assessment *a)
{
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        if (waits[i].is(r, a)) {
            return true;
        }
    }
    return a->n_conflicts > 0 || a->n_outside > 0 || a->n_ineffective > 0;
}

static void act_on_row(struct status *r, const struct row *row)
{
    struct names names = {0};
    int64_t oldest = INT64_MAX;
    for (size_t i = 0; i < r->w.n_assessments; i++) {
        const struct waiting_assessment *a = &r->w.assessments[i];
        if (row->is(r, a)) {
            oldest = a->since_ms < oldest ? a->since_ms : oldest;
            add_name(&names, a->name);
        }
    }
    const char *list = take_names(r, &names);
    if (names.n > 0) {
        act(r, row->code, row->msg, number(r, names.n), status_time(r, oldest), list);
    }
}

static const struct sum {
    const char *code;
    enum pt_msg msg;
    bool conflicts; /* else: entries outside what counts */
    enum waiting_turn turn;
} sums[] = {{"conflicts", PT_MSG_STATUS_CONFLICTS, true, WAITING_HERE},
            {"outside", PT_MSG_STATUS_OUTSIDE, false, WAITING_HERE},
            {"outside_region", PT_MSG_STATUS_OUTSIDE_REGION, false, WAITING_REGION},
            {"outside_upper", PT_MSG_STATUS_OUTSIDE_UPPER, false, WAITING_HEAD_OFFICE},
            {"outside_fixed", PT_MSG_STATUS_OUTSIDE_FIXED, false, WAITING_UNFIX}};

/* Where nothing can be decided any more, the differing answers came late: the sentence about those says what to do. */
static size_t part_of(const struct status *r, const struct sum *sum, const struct waiting_assessment *a)
{
    enum waiting_turn turn = turn_of(r, a);
    if (sum->conflicts) {
        return turn == WAITING_HERE || turn == WAITING_REGION ? a->n_conflicts : 0;
    }
    return turn == sum->turn ? a->n_outside : 0;
}

static void act_on_sum(struct status *r, const struct sum *sum)
{
    const char *example = "";
    size_t n = 0;
    for (size_t i = 0; i < r->w.n_assessments; i++) {
        size_t here = part_of(r, sum, &r->w.assessments[i]);
        example = here > 0 && n == 0 ? r->w.assessments[i].name : example;
        n += here;
    }
    if (n > 0) {
        act(r, sum->code, sum->msg, number(r, n), example, "");
    }
}

static void act_on_assessments(struct status *r)
{
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        act_on_row(r, &waits[i]);
    }
    for (size_t i = 0; i < sizeof sums / sizeof sums[0]; i++) {
        act_on_sum(r, &sums[i]);
    }
    for (size_t i = 0; i < r->w.n_reasons; i++) {
        const struct waiting_reason *reason = &r->w.reasons[i];
        act_why(r, "ineffective", PT_MSG_STATUS_INEFFECTIVE, number(r, reason->n_entries), reason->example,
                reason->why);
    }
}

static void act_on_logs(struct status *r)
{
    for (size_t i = 0; i < r->w.n_blobs; i++) {
        const struct waiting_blobs *b = &r->w.blobs[i];
        act(r, "wanted", PT_MSG_STATUS_WANTED, number(r, b->n_texts), number(r, b->n_files), b->author);
    }
    for (size_t i = 0; i < r->w.n_parked; i++) {
        const struct waiting_log *log = &r->w.parked[i];
        act(r, "parked", PT_MSG_STATUS_PARKED, number(r, log->n_chunks), log->author, number(r, log->have));
    }
    if (r->w.n_waiting_upper > 0) {
        act(r, "waiting_upper", PT_MSG_STATUS_UPPER, number(r, r->w.n_waiting_upper), "", "");
    }
}

/* What people look after first comes first. One line for each area. */
void status_find_actions(struct status *r)
{
    act_on_office(r);
    act_on_peers(r);
    act_on_assessments(r);
    act_on_logs(r);
}
