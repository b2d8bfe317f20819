/* cmd_status.c - patuhd status: first what somebody has to do, then the figures and tables it follows from. */
#include "base/json.h"
#include "commands/command.h"
#include "commands/forks_report.h"
#include "commands/renewal_report.h"
#include "io/clock.h"
#include "io/disk/disk.h"
#include "link_state.h"
#include "waiting.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SILENT_MS ((int64_t)3 * 24 * 3600 * 1000) /* a device that says nothing for so long is asked for */
#define CLOCK_MS ((int64_t)10 * 60 * 1000)
#define NAMES_MAX 8 /* of a list in a sentence; the tables name all */
#define ACTIONS_MAX 256
#define TIME_BYTES 24

struct action {
    const char *code;
    enum pt_msg msg;
    const char *arg[4];
};

struct report {
    struct command *c;
    struct waiting w;
    struct link_state link;
    int64_t now_ms;
    unsigned long long free_bytes;
    struct action actions[ACTIONS_MAX];
    size_t n_actions;
};

/* --- what has to be done --- */

static const char *keep(struct report *r, const char *text)
{
    const char *kept = pt_arena_str(&r->w.arena, text);
    return kept == NULL ? "" : kept;
}

static const char *number(struct report *r, uint64_t n)
{
    const char *kept = pt_arena_printf(&r->w.arena, "%" PRIu64, n);
    return kept == NULL ? "" : kept;
}

static const char *time_of(struct report *r, int64_t ms)
{
    char text[TIME_BYTES];
    return keep(r, pt_time_text(ms / 1000, text, sizeof text));
}

static void act(struct report *r, const char *code, enum pt_msg msg, const char *a, const char *b, const char *c)
{
    if (r->n_actions < ACTIONS_MAX) { /* the tables have everything */
        r->actions[r->n_actions++] = (struct action){.code = code, .msg = msg, .arg = {a, b, c, ""}};
    }
}

/* The same with a reason, in each half in its language. */
static void act_why(struct report *r, const char *code, enum pt_msg msg, const char *a, const char *b, enum pt_msg why)
{
    if (r->n_actions < ACTIONS_MAX) {
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

static const char *take_names(struct report *r, struct names *names)
{
    const char *kept = keep(r, pt_buf_text(&names->text));
    pt_buf_free(&names->text);
    return kept;
}

static void act_on_office(struct report *r)
{
    const struct office *office = r->c->office;
    if (!office->joined) {
        act(r, "not_joined", PT_MSG_OFFICE_NOT_JOINED, "", "", "");
    } else if (office->writer == NULL) {
        act(r, "not_serving", PT_MSG_STATUS_NOT_SERVING, "", "", "");
    } else if (r->link.known && !r->link.up) {
        act(r, "link_down", PT_MSG_STATUS_LINK_DOWN, time_of(r, r->link.since_ms), r->link.error, "");
    }
    if (!pt_disk_has_room(office->dir, pt_disk_reserve_default())) {
        act(r, "disk_full", PT_MSG_STATUS_FULL, number(r, r->free_bytes >> 20), "", "");
    }
}

/* A reviewer writes at the office itself. */
static bool syncs(const struct waiting_peer *peer)
{
    return strcmp(peer->kind, "reviewer") != 0;
}

enum peer_trouble { PEER_NEVER, PEER_SILENT, PEER_CLOCK };

static bool has_trouble(const struct report *r, const struct waiting_peer *peer, enum peer_trouble trouble)
{
    switch (trouble) {
    case PEER_NEVER:
        return peer->seen_ms == 0;
    case PEER_SILENT:
        return peer->seen_ms != 0 && r->now_ms - peer->seen_ms >= SILENT_MS;
    case PEER_CLOCK:
        break;
    }
    return peer->offset_ms >= CLOCK_MS || peer->offset_ms <= -CLOCK_MS;
}

static void act_on_peers(struct report *r)
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
            if (syncs(peer) && !peer->revoked && has_trouble(r, peer, rows[i].trouble)) {
                add_name(&names, peer->name);
            }
        }
        const char *list = take_names(r, &names);
        if (names.n > 0) {
            act(r, rows[i].code, rows[i].msg, number(r, names.n), list, "");
        }
    }
}

static enum waiting_turn turn_of(const struct report *r, const struct waiting_assessment *a)
{
    return waiting_turn(r->c->office->national, a);
}

static bool is_incomplete(const struct report *r, const struct waiting_assessment *a)
{
    (void)r;
    return a->incomplete;
}

static bool waits_for(const struct report *r, const struct waiting_assessment *a, Patuh__State state,
                      enum waiting_turn turn)
{
    return a->state == state && !a->incomplete && turn_of(r, a) == turn;
}

static bool is_submitted(const struct report *r, const struct waiting_assessment *a)
{
    return waits_for(r, a, PATUH__STATE__STATE_SUBMITTED, WAITING_HERE);
}

static bool is_submitted_to_region(const struct report *r, const struct waiting_assessment *a)
{
    return waits_for(r, a, PATUH__STATE__STATE_SUBMITTED, WAITING_REGION);
}

static bool is_approved_by_region(const struct report *r, const struct waiting_assessment *a)
{
    return r->c->office->national && waits_for(r, a, PATUH__STATE__STATE_APPROVED_REGION, WAITING_HERE);
}

static bool is_proposed(const struct report *r, const struct waiting_assessment *a)
{
    enum pt_tier own_tier = r->c->office->national ? PT_TIER_NATIONAL : PT_TIER_REGION;
    return a->tier < own_tier && waits_for(r, a, PATUH__STATE__STATE_NOT_ASSESSED, WAITING_HERE);
}

static bool is_proposed_to_region(const struct report *r, const struct waiting_assessment *a)
{
    return waits_for(r, a, PATUH__STATE__STATE_NOT_ASSESSED, WAITING_REGION);
}

static bool is_returned(const struct report *r, const struct waiting_assessment *a)
{
    return waits_for(r, a, PATUH__STATE__STATE_HAS_ISSUES, WAITING_HERE);
}

/* What waits for whom; each assessment in one row at most. */
static const struct row {
    const char *code;
    enum pt_msg msg;
    bool (*is)(const struct report *r, const struct waiting_assessment *a);
} waits[] = {{"submitted", PT_MSG_STATUS_SUBMITTED, is_submitted},
             {"submitted_region", PT_MSG_STATUS_SUBMITTED_REGION, is_submitted_to_region},
             {"approved_region", PT_MSG_STATUS_APPROVED_REGION, is_approved_by_region},
             {"not_assessed", PT_MSG_STATUS_NOT_ASSESSED, is_proposed},
             {"not_assessed_region", PT_MSG_STATUS_NOT_ASSESSED_REGION, is_proposed_to_region},
             {"returned", PT_MSG_STATUS_RETURNED, is_returned},
             {"incomplete", PT_MSG_STATUS_INCOMPLETE, is_incomplete}};

static bool waits_at_all(const struct report *r, const struct waiting_assessment *a)
{
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        if (waits[i].is(r, a)) {
            return true;
        }
    }
    return a->n_conflicts > 0 || a->n_outside > 0 || a->n_ineffective > 0;
}

static void act_on_row(struct report *r, const struct row *row)
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
        act(r, row->code, row->msg, number(r, names.n), time_of(r, oldest), list);
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
static size_t part_of(const struct report *r, const struct sum *sum, const struct waiting_assessment *a)
{
    enum waiting_turn turn = turn_of(r, a);
    if (sum->conflicts) {
        return turn == WAITING_HERE || turn == WAITING_REGION ? a->n_conflicts : 0;
    }
    return turn == sum->turn ? a->n_outside : 0;
}

static void act_on_sum(struct report *r, const struct sum *sum)
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

static void act_on_assessments(struct report *r)
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

static void act_on_logs(struct report *r)
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
static void find_actions(struct report *r)
{
    act_on_office(r);
    act_on_peers(r);
    act_on_assessments(r);
    act_on_logs(r);
}

/* --- the figures --- */

struct figure {
    const char *name;
    uint64_t n;
};

static size_t find_figures(const struct report *r, struct figure out[12])
{
    const struct waiting *w = &r->w;
    struct figure figures[] = {
        {"free_bytes", r->free_bytes},
        {"assessments", w->n_assessments},
        {"logs", w->n_logs},
        {"entries", w->n_entries},
        {"waiting_upper", w->n_waiting_upper},
        {"parked", w->n_parked_chunks},
        {"forked", w->n_forked},
        {"wanted", w->n_wanted},
    };
    memcpy(out, figures, sizeof figures);
    return sizeof figures / sizeof figures[0];
}

static size_t count_state(const struct report *r, int state)
{
    size_t n = 0;
    for (size_t i = 0; i < r->w.n_assessments; i++) {
        n += (int)r->w.assessments[i].state == state;
    }
    return n;
}

static const char *epoch_of(struct report *r)
{
    const char *text = pt_arena_printf(&r->w.arena, "%016" PRIx64, r->w.epoch);
    return text == NULL ? "" : text;
}

/* --- for people --- */

static void put_heading(struct pt_buf *out, enum pt_msg msg)
{
    pt_buf_put_str(out, "\n");
    pt_say(out, msg, NULL);
    pt_buf_put_str(out, "\n");
}

static void put_actions(struct report *r)
{
    struct pt_buf *out = &r->c->out;
    pt_say(out, r->n_actions == 0 ? PT_MSG_STATUS_NOTHING : PT_MSG_STATUS_TODO, NULL);
    pt_buf_put_str(out, "\n");
    for (size_t i = 0; i < r->n_actions; i++) {
        const struct action *a = &r->actions[i];
        pt_buf_put_str(out, "  - ");
        pt_say(out, a->msg, a->arg[0], a->arg[1], a->arg[2], a->arg[3], NULL);
        pt_buf_put_str(out, "\n");
    }
    pt_buf_put_str(out, "\n");
}

static void put_figures(struct report *r)
{
    struct pt_buf *out = &r->c->out;
    struct figure figures[12];
    size_t n = find_figures(r, figures);
    pt_buf_printf(out, "office\t%s\nrole\t%s\nepoch\t%s\n", r->c->office->code,
                  r->c->office->national ? "national" : "regional", epoch_of(r));
    for (size_t i = 0; i < n; i++) {
        pt_buf_printf(out, "%s\t%" PRIu64 "\n", figures[i].name, figures[i].n);
    }
    for (int state = 0; state <= PATUH__STATE__STATE_NOT_ASSESSED; state++) {
        size_t count = count_state(r, state);
        if (count > 0) {
            pt_buf_printf(out, "%s\t%zu\t", pt_state_name((Patuh__State)state), count);
            pt_say(out, pt_state_msg((Patuh__State)state), NULL);
            pt_buf_put_str(out, "\n");
        }
    }
}

static const char *link_word(const struct report *r)
{
    return r->link.up && r->c->office->writer != NULL ? "up" : "down";
}

static void put_link(struct report *r)
{
    if (r->link.known) {
        put_heading(&r->c->out, PT_MSG_STATUS_HEAD_LINK);
        pt_buf_printf(&r->c->out, "link\t%s\t%s\t%s\t%s\n", link_word(r), time_of(r, r->link.since_ms),
                      time_of(r, r->link.tried_ms), r->link.error);
    }
}

static void put_peers(struct report *r)
{
    struct pt_buf *out = &r->c->out;
    if (r->w.n_peers > 0) {
        put_heading(out, PT_MSG_STATUS_HEAD_PEERS);
    }
    for (size_t i = 0; i < r->w.n_peers; i++) {
        const struct waiting_peer *p = &r->w.peers[i];
        const char *unseen = syncs(p) ? "" : "-";
        pt_buf_printf(out, "%s\t%s\t%s\t%" PRIu64 "\t", p->kind, p->name,
                      p->seen_ms == 0 ? unseen : time_of(r, p->seen_ms), p->entries);
        if (has_trouble(r, p, PEER_CLOCK)) {
            pt_buf_printf(out, "%" PRId64, p->offset_ms / 1000);
        }
        pt_buf_put_str(out, "\t");
        if (p->revoked || (p->seen_ms == 0 && syncs(p))) {
            pt_say(out, p->revoked ? PT_MSG_STATUS_REVOKED : PT_MSG_STATUS_NEVER_SEEN, NULL);
        }
        pt_buf_put_str(out, "\t");
        pt_hex_put(out, pt_bytes_of(p->author.b, COMMAND_KEY_BYTES));
        pt_buf_put_str(out, "\n");
    }
}

static void put_assessments(struct report *r)
{
    struct pt_buf *out = &r->c->out;
    bool any = false;
    for (size_t i = 0; i < r->w.n_assessments; i++) {
        const struct waiting_assessment *a = &r->w.assessments[i];
        if (!waits_at_all(r, a)) {
            continue;
        }
        if (!any) {
            put_heading(out, PT_MSG_STATUS_HEAD_ASSESSMENTS);
        }
        any = true;
        pt_buf_printf(out, "%s\t%s\t%s\t%s\t%zu\t%zu\t%zu\n", a->name, pt_state_name(a->state),
                      a->since_ms == 0 ? "" : time_of(r, a->since_ms), a->surveyors, a->n_conflicts, a->n_outside,
                      a->n_ineffective);
    }
}

/* --- for programs --- */

static void put_actions_json(struct report *r, struct pt_json *json)
{
    pt_json_begin(json, "actions", '[');
    for (size_t i = 0; i < r->n_actions; i++) {
        const struct action *a = &r->actions[i];
        struct pt_buf text = {0};
        pt_say(&text, a->msg, a->arg[0], a->arg[1], a->arg[2], a->arg[3], NULL);
        pt_json_begin(json, NULL, '{');
        pt_json_text(json, "code", a->code);
        pt_json_text(json, "sentence", pt_buf_text(&text));
        pt_json_end(json, '}');
        pt_buf_free(&text);
    }
    pt_json_end(json, ']');
}

static void put_figures_json(struct report *r, struct pt_json *json)
{
    struct figure figures[12];
    size_t n = find_figures(r, figures);
    pt_json_text(json, "office", r->c->office->code);
    pt_json_text(json, "role", r->c->office->national ? "national" : "regional");
    pt_json_text(json, "epoch", epoch_of(r));
    for (size_t i = 0; i < n; i++) {
        pt_json_count(json, figures[i].name, figures[i].n);
    }
    pt_json_begin(json, "states", '{');
    for (int state = 0; state <= PATUH__STATE__STATE_NOT_ASSESSED; state++) {
        pt_json_count(json, pt_state_name((Patuh__State)state), count_state(r, state));
    }
    pt_json_end(json, '}');
    if (r->link.known) {
        pt_json_begin(json, "link", '{');
        pt_json_text(json, "state", link_word(r));
        pt_json_text(json, "since", time_of(r, r->link.since_ms));
        pt_json_text(json, "tried", time_of(r, r->link.tried_ms));
        pt_json_text(json, "error", r->link.error);
        pt_json_end(json, '}');
    }
}

static void put_peers_json(struct report *r, struct pt_json *json)
{
    pt_json_begin(json, "peers", '[');
    for (size_t i = 0; i < r->w.n_peers; i++) {
        const struct waiting_peer *p = &r->w.peers[i];
        struct pt_buf key = {0};
        char offset[24];
        pt_hex_put(&key, pt_bytes_of(p->author.b, sizeof p->author.b));
        (void)snprintf(offset, sizeof offset, "%" PRId64, p->offset_ms / 1000);
        pt_json_begin(json, NULL, '{');
        pt_json_text(json, "kind", p->kind);
        pt_json_text(json, "name", p->name);
        pt_json_text(json, "last_seen", p->seen_ms == 0 ? "" : time_of(r, p->seen_ms));
        pt_json_number(json, "clock_offset_s", offset);
        pt_json_count(json, "entries", p->entries);
        pt_json_bool(json, "revoked", p->revoked);
        pt_json_text(json, "key", pt_buf_text(&key));
        pt_json_end(json, '}');
        pt_buf_free(&key);
    }
    pt_json_end(json, ']');
}

static void put_assessments_json(struct report *r, struct pt_json *json)
{
    pt_json_begin(json, "waiting", '[');
    for (size_t i = 0; i < r->w.n_assessments; i++) {
        const struct waiting_assessment *a = &r->w.assessments[i];
        if (!waits_at_all(r, a)) {
            continue;
        }
        pt_json_begin(json, NULL, '{');
        pt_json_text(json, "assessment", a->name);
        pt_json_text(json, "state", pt_state_name(a->state));
        pt_json_text(json, "since", a->since_ms == 0 ? "" : time_of(r, a->since_ms));
        pt_json_text(json, "surveyors", a->surveyors);
        pt_json_count(json, "conflicts", a->n_conflicts);
        pt_json_count(json, "outside", a->n_outside);
        pt_json_count(json, "ineffective", a->n_ineffective);
        pt_json_bool(json, "awaits_chunks", a->incomplete);
        pt_json_end(json, '}');
    }
    pt_json_end(json, ']');
}

static void put_parked_json(struct report *r, struct pt_json *json)
{
    const struct waiting_log *logs = r->w.parked;
    pt_json_begin(json, "parked_logs", '[');
    for (size_t i = 0; i < r->w.n_parked; i++) {
        pt_json_begin(json, NULL, '{');
        pt_json_text(json, "subject", logs[i].subject);
        pt_json_text(json, "author", logs[i].author);
        pt_json_count(json, "have", logs[i].have);
        pt_json_count(json, "next", logs[i].next);
        pt_json_count(json, "chunks", logs[i].n_chunks);
        pt_json_end(json, '}');
    }
    pt_json_end(json, ']');
}

static enum pt_err put_json(struct report *r)
{
    struct pt_json json = {.out = &r->c->out};
    pt_json_begin(&json, NULL, '{');
    put_actions_json(r, &json);
    put_figures_json(r, &json);
    put_peers_json(r, &json);
    put_assessments_json(r, &json);
    put_parked_json(r, &json);
    enum pt_err err = forks_report(r->c, &json);
    pt_json_end(&json, '}');
    pt_buf_put_str(&r->c->out, "\n");
    return err;
}

enum pt_err cmd_status(struct command *c)
{
    struct pt_option options[] = {{.name = "--json"}};
    struct report r = {.c = c, .now_ms = pt_now_read().wall_ms, .free_bytes = pt_disk_free_bytes(c->office->dir)};
    size_t n = 0;
    enum pt_err err = command_words(c, options, 1, NULL, 0, &n);
    if (err == PT_OK) {
        err = link_state_read(c->office, &r.link);
    }
    if (err == PT_OK) {
        err = waiting_open(c->office, &r.w);
    }
    if (err != PT_OK) {
        return err;
    }
    find_actions(&r);
    if (options[0].n > 0) {
        err = put_json(&r);
    } else {
        put_actions(&r);
        put_figures(&r);
        put_link(&r);
        put_peers(&r);
        put_assessments(&r);
        err = forks_report(c, NULL);
    }
    err = err == PT_OK && r.w.arena.exhausted ? PT_ENOMEM : err;
    waiting_close(&r.w);
    return err == PT_OK ? renewal_report(c) : err;
}
