/* review_show.c - one assessment as a reviewer reads it, in full. */
#include "base/json.h"
#include "base/text.h"
#include "core/merge/seen.h"
#include "io/assessment/work_score.h"
#include "review/review_print.h"
#include "review/review_remarks.h"
#include "review/showing.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool has_changed(const struct showing *s, uint32_t question, const char *instance)
{
    for (size_t i = 0; i < s->n_changes; i++) {
        if (s->changes[i].question == question && strcmp(s->changes[i].instance, instance) == 0) {
            return true;
        }
    }
    return false;
}

/* --- the whole assessment --- */

struct line {
    uint32_t question;
    uint32_t instance; /* as in pt_answer */
    const char *path;
    const char *label;  /* of the question */
    const char *values; /* as typed: "a", or in a conflict "a (siti) <> b (budi)" */
    const char *labels; /* the same for people: labels of the choices */
    const char *author;
    const char *comment;
    const char *rule; /* that the answer does not meet; "" when it does */
    size_t n_evidence;
    bool conflict;
    bool changed;
};

static const char *claims_text(struct showing *s, uint32_t node, const struct pt_register *reg, bool label)
{
    struct pt_buf text = {0};
    for (size_t i = 0; i < reg->n_heads; i++) {
        pt_buf_printf(&text, "%s%s (%s)", i == 0 ? "" : " <> ", showing_value(s, node, &reg->heads[i].value, label),
                      showing_author(s, reg->heads[i].view));
    }
    return showing_keep(s, &text);
}

static const char *authors_text(struct showing *s, const struct pt_register *reg)
{
    const char *names = pt_work_authors(&s->c->work, reg, &s->arena);
    return names == NULL ? "?" : names;
}

static const char *rule_broken(struct showing *s, uint32_t node, uint32_t instance)
{
    const struct pt_broken *broken = pt_conditions_find(&s->conditions, node, instance);
    struct pt_buf text = {0};
    if (broken == NULL) {
        return "";
    }
    pt_say(&text, PT_MSG_REVIEW_BROKEN, broken->rule_id, broken->rule_en, NULL);
    return showing_keep(s, &text);
}

/* Of an earlier version only: it has no path any more, and counts nowhere. */
static bool is_asked(const struct showing *s, size_t i)
{
    const struct pt_work *work = &s->c->work;
    return pt_node_by_number(work->instrument, work->state.answers.answers[i].question) != PT_NONE;
}

static struct line line_of(struct showing *s, size_t i)
{
    const struct pt_work *work = &s->c->work;
    const struct pt_answer *answer = &work->state.answers.answers[i];
    const struct pt_register *reg = &work->state.registers[i];
    const char *instance = answer->instance == 0 ? "" : work->state.answers.instances[answer->instance - 1].name;
    uint32_t node = pt_node_by_number(work->instrument, answer->question);
    struct line line = {.question = answer->question,
                        .instance = answer->instance,
                        .path = showing_path(s, node, instance),
                        .comment = remarks_comments(s, answer->question, instance),
                        .n_evidence = answer->n_evidence,
                        .conflict = answer->n_values > 1,
                        .changed = has_changed(s, answer->question, instance)};
    line.label = showing_label(s, node, instance);
    line.rule = rule_broken(s, node, answer->instance);
    line.values = line.conflict ? claims_text(s, node, reg, false) : showing_value(s, node, &answer->values[0], false);
    line.labels = line.conflict ? claims_text(s, node, reg, true) : showing_value(s, node, &answer->values[0], true);
    line.author = authors_text(s, reg);
    return line;
}

static void put_line(struct showing *s, struct pt_buf *out, const struct line *line)
{
    pt_buf_printf(out, "%c%c %-36s %-28s %-12s", line->conflict ? '!' : ' ', line->changed ? '+' : ' ', line->path,
                  line->labels, line->conflict ? "" : line->author);
    if (line->n_evidence > 0) {
        pt_buf_printf(out, " [%zu]", line->n_evidence);
    }
    if (line->label[0] != '\0') {
        pt_buf_printf(out, "\n       %s", line->label);
    }
    if (line->rule[0] != '\0') {
        pt_buf_printf(out, "\n       ! %s", line->rule);
    }
    pt_buf_put_str(out, "\n");
    remarks_put_notes(s, line->question, line->instance, out, NULL);
    if (line->comment[0] != '\0') {
        pt_buf_printf(out, "       > %s\n", line->comment);
    }
}

static void put_line_json(struct showing *s, struct pt_json *json, const struct line *line)
{
    pt_json_begin(json, NULL, '{');
    pt_json_text(json, "path", line->path);
    pt_json_text(json, "label", line->label);
    pt_json_text(json, "value", line->values);
    pt_json_text(json, "value_label", line->labels);
    pt_json_text(json, "author", line->author);
    pt_json_bool(json, "conflict", line->conflict);
    pt_json_bool(json, "changed", line->changed);
    pt_json_text(json, "broken", line->rule);
    pt_json_count(json, "evidence", line->n_evidence);
    pt_json_begin(json, "notes", '[');
    remarks_put_notes(s, line->question, line->instance, NULL, json);
    pt_json_end(json, ']');
    pt_json_text(json, "comment", line->comment);
    pt_json_end(json, '}');
}

static bool has_line(const struct showing *s, const struct review_change *change)
{
    const struct pt_answers *answers = &s->c->work.state.answers;
    for (size_t i = 0; i < answers->n_answers; i++) {
        const struct pt_answer *answer = &answers->answers[i];
        const char *instance = answer->instance == 0 ? "" : answers->instances[answer->instance - 1].name;
        if (answer->question == change->question && strcmp(instance, change->instance) == 0) {
            return true;
        }
    }
    return false;
}

/* What changed and has no line of its own: a product or respondent that was added or removed, with what stood there. */
static void put_other_changes(struct showing *s, struct pt_buf *out, struct pt_json *json)
{
    for (size_t i = 0; i < s->n_changes; i++) {
        const struct review_change *change = &s->changes[i];
        uint32_t node = pt_node_by_number(s->c->work.instrument, change->question);
        if (node == PT_NONE || has_line(s, change)) {
            continue;
        }
        const char *path = showing_path(s, node, change->instance);
        const char *label = showing_label(s, node, change->instance);
        if (json == NULL) {
            pt_buf_printf(out, " + %s\n       %s\n", path, label);
            continue;
        }
        pt_json_begin(json, NULL, '{');
        pt_json_text(json, "path", path);
        pt_json_text(json, "label", label);
        pt_json_end(json, '}');
    }
}

/* --- score and what is missing --- */

static void put_score(struct showing *s, struct pt_buf *out)
{
    struct pt_points points = pt_work_points(&s->c->work, &s->arena);
    if (!points.has_score) {
        pt_say(out, PT_MSG_SCORE_NONE, NULL);
    } else if (points.settled) {
        pt_say(out, PT_MSG_SCORE_SETTLED, points.low, points.zone, points.category, NULL);
    } else {
        pt_say(out, PT_MSG_SCORE_RANGE, points.low, points.high, NULL);
    }
    pt_buf_put_str(out, "\n");
    if (points.placeholders) {
        pt_say(out, PT_MSG_SCORE_PLACEHOLDERS, NULL);
        pt_buf_put_str(out, "\n");
    }
}

static void put_score_json(struct showing *s, struct pt_json *json)
{
    struct pt_points points = pt_work_points(&s->c->work, &s->arena);
    pt_json_begin(json, "score", '{');
    pt_json_number(json, "low", points.low);
    pt_json_number(json, "high", points.high);
    pt_json_bool(json, "settled", points.settled);
    pt_json_bool(json, "exact", points.exact);
    pt_json_text(json, "zone", points.zone);
    pt_json_text(json, "category", points.category);
    pt_json_bool(json, "placeholders", points.placeholders);
    pt_json_end(json, '}');
}

/* A question without an answer, or a repeat with fewer than its questions need (n_need > 0). */
static void put_missing_one(struct showing *s, uint32_t node, const char *instance, uint32_t n_have, uint32_t n_need,
                            struct pt_buf *out, struct pt_json *json)
{
    char counts[2][16];
    const char *path = showing_path(s, node, instance);
    const char *label = showing_label(s, node, instance);
    if (json != NULL) {
        pt_json_begin(json, NULL, '{');
        pt_json_text(json, "path", path);
        pt_json_text(json, "label", label);
        pt_json_count(json, "have", n_have);
        pt_json_count(json, "need", n_need);
        pt_json_end(json, '}');
        return;
    }
    pt_buf_printf(out, "   %s  %s", path, label);
    if (n_need > 0) {
        (void)snprintf(counts[0], sizeof counts[0], "%" PRIu32, n_have);
        (void)snprintf(counts[1], sizeof counts[1], "%" PRIu32, n_need);
        pt_buf_put_str(out, ": ");
        pt_say(out, PT_MSG_ITEM_SHORTAGE, counts[0], counts[1], NULL);
    }
    pt_buf_put_str(out, "\n");
}

/* In the order of the instrument. What a repeat as a whole lacks is told at the repeat. */
static void put_missing_rows(struct showing *s, struct pt_buf *out, struct pt_json *json)
{
    const struct pt_work *work = &s->c->work;
    for (uint32_t node = 1; node < work->instrument->n_nodes; node++) {
        const struct pt_node *at = &work->instrument->nodes[node];
        uint32_t n_have = 0;
        uint32_t n_need = 0;
        if (at->type == PT_NODE_REPEAT && pt_work_is_short(work, node, &n_have, &n_need)) {
            put_missing_one(s, node, "", n_have, n_need, out, json);
        }
        for (size_t i = 0; i < work->score.n_missing; i++) {
            const struct pt_missing *missing = &work->score.missing[i];
            bool whole = at->repeat != 0 && missing->instance == 0;
            if (missing->node == node && !whole) {
                const char *name =
                    missing->instance == 0 ? "" : work->state.answers.instances[missing->instance - 1].name;
                put_missing_one(s, node, name, 0, 0, out, json);
            }
        }
    }
}

static void put_missing(struct showing *s, struct pt_buf *out)
{
    struct pt_buf list = {0};
    put_missing_rows(s, &list, NULL);
    if (list.n > 0) {
        pt_say(out, PT_MSG_REVIEW_MISSING, NULL);
        pt_buf_printf(out, "\n%s", pt_buf_text(&list));
    }
    pt_buf_free(&list);
}

/* --- the rest --- */

/* What counts nowhere, and why. */
static void put_ineffective(struct showing *s, struct pt_buf *out)
{
    const struct pt_assessment *state = &s->c->work.state;
    for (size_t i = 0; i < state->n_ineffective; i++) {
        const struct pt_ineffective *row = &state->ineffective[i];
        pt_buf_printf(out, "x  %s %s: ", showing_author(s, row->view),
                      review_entry_name(row->view, row->seq, &s->arena));
        pt_say(out, row->why, NULL);
        pt_buf_put_str(out, "\n");
    }
}

/* What the last move took back, and why; "" when it did not. */
static const char *taken_back(struct showing *s)
{
    const struct pt_assessment *state = &s->c->work.state;
    enum pt_msg msg = pt_work_taken_back(&s->c->work);
    struct pt_buf text = {0};
    if (msg == PT_MSG_NONE || state->state_by == NULL) {
        return "";
    }
    bool said = state->state_move->reason.len > 0;
    pt_say(&text, msg, showing_author(s, state->state_by->view),
           said ? showing_field(s, &state->state_move->reason) : "-", NULL);
    return showing_keep(s, &text);
}

static void put_head(struct showing *s, struct pt_buf *out)
{
    const struct pt_work *work = &s->c->work;
    const struct pt_claim *by = work->state.state_by;
    const char *name = pt_subject_name(&work->subject);
    pt_buf_printf(out, "%s  %s  %s", name, work->state.opening->unit_name == NULL ? "" : work->state.opening->unit_name,
                  pt_state_name(work->state.state));
    if (by != NULL) {
        pt_buf_printf(out, "  %s %s", showing_author(s, by->view), showing_received(s, by->view, by->seq));
    }
    pt_buf_put_str(out, "\n");
    const char *back = taken_back(s);
    pt_buf_printf(out, "%s%s%s", back[0] == '\0' ? "" : "       ", back, back[0] == '\0' ? "" : "\n");
    remarks_put_reasons(s, out, NULL); /* where nobody was, there is nothing else to read */
    remarks_put_places(s, out, NULL);
    put_score(s, out);
    pt_say(out, PT_MSG_REVIEW_FORM_HEAD, NULL);
    pt_buf_put_str(out, "\n");
}

static void put_form_json(struct showing *s, struct pt_buf *out)
{
    struct pt_json json = {.out = out};
    const struct pt_work *work = &s->c->work;
    pt_json_begin(&json, NULL, '{');
    pt_json_text(&json, "assessment", pt_subject_name(&work->subject));
    pt_json_text(&json, "state", pt_state_name(work->state.state));
    pt_json_text(&json, "taken_back", taken_back(s));
    pt_json_count(&json, "conflicts", work->state.n_conflicts);
    pt_json_count(&json, "broken", s->conditions.n_broken);
    pt_json_count(&json, "ineffective", work->state.n_ineffective);
    pt_json_bool(&json, "first_submission", s->first);
    pt_json_begin(&json, "not_assessed_reasons", '[');
    remarks_put_reasons(s, NULL, &json);
    pt_json_end(&json, ']');
    pt_json_begin(&json, "places", '[');
    remarks_put_places(s, NULL, &json);
    pt_json_end(&json, ']');
    put_score_json(s, &json);
    pt_json_begin(&json, "missing", '[');
    put_missing_rows(s, NULL, &json);
    pt_json_end(&json, ']');
    pt_json_begin(&json, "answers", '[');
    for (size_t i = 0; i < work->state.answers.n_answers; i++) {
        if (is_asked(s, i)) {
            struct line line = line_of(s, i);
            put_line_json(s, &json, &line);
        }
    }
    pt_json_end(&json, ']');
    pt_json_begin(&json, "other_changes", '[');
    put_other_changes(s, NULL, &json);
    pt_json_end(&json, ']');
    pt_json_begin(&json, "other_comments", '[');
    remarks_put_other_comments(s, NULL, &json);
    pt_json_end(&json, ']');
    pt_json_end(&json, '}');
    pt_buf_put_str(out, "\n");
}

enum pt_err review_put_form(const struct review_case *c, bool json, struct pt_buf *out)
{
    struct showing s;
    enum pt_err err = showing_open(&s, c);
    if (err == PT_OK && json) {
        put_form_json(&s, out);
    } else if (err == PT_OK) {
        put_head(&s, out);
        for (size_t i = 0; i < c->work.state.answers.n_answers; i++) {
            if (is_asked(&s, i)) {
                struct line line = line_of(&s, i);
                put_line(&s, out, &line);
            }
        }
        put_other_changes(&s, out, NULL);
        remarks_put_other_comments(&s, out, NULL);
        put_missing(&s, out);
        put_ineffective(&s, out);
    }
    err = err == PT_OK && s.arena.exhausted ? PT_ENOMEM : err;
    showing_close(&s);
    return err;
}
