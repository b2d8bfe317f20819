/* cmd_status.c - patuhd status: first what somebody has to do, then the figures and tables it follows from. */
#include "base/json.h"
#include "commands/forks_report.h"
#include "commands/renewal_report.h"
#include "commands/status.h"
#include "io/clock.h"
#include "io/disk/disk.h"
#include "renewal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* --- the figures --- */

struct figure {
    const char *name;
    uint64_t n;
};

static size_t find_figures(const struct status *r, struct figure out[12])
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

static size_t count_state(const struct status *r, int state)
{
    size_t n = 0;
    for (size_t i = 0; i < r->w.n_assessments; i++) {
        n += (int)r->w.assessments[i].state == state;
    }
    return n;
}

static const char *epoch_of(struct status *r)
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

static void put_actions(struct status *r)
{
    struct pt_buf *out = &r->c->out;
    pt_say(out, r->n_actions == 0 ? PT_MSG_STATUS_NOTHING : PT_MSG_STATUS_TODO, NULL);
    pt_buf_put_str(out, "\n");
    for (size_t i = 0; i < r->n_actions; i++) {
        const struct status_action *a = &r->actions[i];
        pt_buf_put_str(out, "  - ");
        pt_say(out, a->msg, a->arg[0], a->arg[1], a->arg[2], a->arg[3], NULL);
        pt_buf_put_str(out, "\n");
    }
    pt_buf_put_str(out, "\n");
}

static void put_figures(struct status *r)
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

static const char *link_word(const struct status *r)
{
    return r->link.up && r->c->office->writer != NULL ? "up" : "down";
}

/* "" when it ended well. */
static const char *link_error(struct status *r)
{
    const char *text =
        r->link.error_id[0] == '\0' ? "" : pt_arena_printf(&r->w.arena, "%s / %s", r->link.error_id, r->link.error_en);
    return text == NULL ? "" : text;
}

static void put_link(struct status *r)
{
    if (r->link.known) {
        put_heading(&r->c->out, PT_MSG_STATUS_HEAD_LINK);
        pt_buf_printf(&r->c->out, "link\t%s\t%s\t%s\t%s\n", link_word(r), status_time(r, r->link.since_ms),
                      status_time(r, r->link.tried_ms), link_error(r));
    }
}

static void put_peers(struct status *r)
{
    struct pt_buf *out = &r->c->out;
    if (r->w.n_peers > 0) {
        put_heading(out, PT_MSG_STATUS_HEAD_PEERS);
    }
    for (size_t i = 0; i < r->w.n_peers; i++) {
        const struct waiting_peer *p = &r->w.peers[i];
        const char *unseen = status_syncs(p) ? "" : "-";
        pt_buf_printf(out, "%s\t%s\t%s\t%" PRIu64 "\t", p->kind, p->name,
                      p->seen_ms == 0 ? unseen : status_time(r, p->seen_ms), p->entries);
        if (status_clock_is_off(p)) {
            pt_buf_printf(out, "%" PRId64, p->offset_ms / 1000);
        }
        pt_buf_put_str(out, "\t");
        if (p->revoked || (p->seen_ms == 0 && status_syncs(p))) {
            pt_say(out, p->revoked ? PT_MSG_STATUS_REVOKED : PT_MSG_STATUS_NEVER_SEEN, NULL);
        }
        pt_buf_put_str(out, "\t");
        pt_hex_put(out, pt_bytes_of(p->author.b, COMMAND_KEY_BYTES));
        pt_buf_put_str(out, "\n");
    }
}

static void put_assessments(struct status *r)
{
    struct pt_buf *out = &r->c->out;
    bool any = false;
    for (size_t i = 0; i < r->w.n_assessments; i++) {
        const struct waiting_assessment *a = &r->w.assessments[i];
        if (!status_waits(r, a)) {
            continue;
        }
        if (!any) {
            put_heading(out, PT_MSG_STATUS_HEAD_ASSESSMENTS);
        }
        any = true;
        pt_buf_printf(out, "%s\t%s\t%s\t%s\t%zu\t%zu\t%zu\n", a->name, pt_state_name(a->state),
                      a->since_ms == 0 ? "" : status_time(r, a->since_ms), a->surveyors, a->n_conflicts, a->n_outside,
                      a->n_ineffective);
    }
}

/* --- for programs --- */

static void put_actions_json(struct status *r, struct pt_json *json)
{
    pt_json_begin(json, "actions", '[');
    for (size_t i = 0; i < r->n_actions; i++) {
        const struct status_action *a = &r->actions[i];
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

static void put_figures_json(struct status *r, struct pt_json *json)
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
        pt_json_text(json, "since", status_time(r, r->link.since_ms));
        pt_json_text(json, "tried", status_time(r, r->link.tried_ms));
        pt_json_text(json, "error", link_error(r));
        pt_json_end(json, '}');
    }
}

static void put_peers_json(struct status *r, struct pt_json *json)
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
        pt_json_text(json, "last_seen", p->seen_ms == 0 ? "" : status_time(r, p->seen_ms));
        pt_json_number(json, "clock_offset_s", offset);
        pt_json_count(json, "entries", p->entries);
        pt_json_bool(json, "revoked", p->revoked);
        pt_json_text(json, "key", pt_buf_text(&key));
        pt_json_end(json, '}');
        pt_buf_free(&key);
    }
    pt_json_end(json, ']');
}

static void put_assessments_json(struct status *r, struct pt_json *json)
{
    pt_json_begin(json, "waiting", '[');
    for (size_t i = 0; i < r->w.n_assessments; i++) {
        const struct waiting_assessment *a = &r->w.assessments[i];
        if (!status_waits(r, a)) {
            continue;
        }
        pt_json_begin(json, NULL, '{');
        pt_json_text(json, "assessment", a->name);
        pt_json_text(json, "state", pt_state_name(a->state));
        pt_json_text(json, "since", a->since_ms == 0 ? "" : status_time(r, a->since_ms));
        pt_json_text(json, "surveyors", a->surveyors);
        pt_json_count(json, "conflicts", a->n_conflicts);
        pt_json_count(json, "outside", a->n_outside);
        pt_json_count(json, "ineffective", a->n_ineffective);
        pt_json_bool(json, "awaits_chunks", a->incomplete);
        pt_json_end(json, '}');
    }
    pt_json_end(json, ']');
}

static void put_parked_json(struct status *r, struct pt_json *json)
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

static enum pt_err put_json(struct status *r)
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
    struct status r = {.c = c, .now_ms = pt_now_read().wall_ms, .free_bytes = pt_disk_free_bytes(c->office->dir)};
    size_t n = 0;
    enum pt_err err = command_words(c, options, 1, NULL, 0, &n);
    if (err == PT_OK) {
        err = link_state_read(c->office, &r.link);
    }
    if (err == PT_OK) {
        err = office_unheard(c->office, r.unheard, &r.refilling);
    }
    if (err == PT_OK) {
        err = waiting_open(c->office, &r.w);
    }
    if (err != PT_OK) {
        return err;
    }
    status_find_actions(&r);
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
