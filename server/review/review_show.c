/* review_show.c - one assessment as a reviewer reads it, and one question with everything ever written there. */
#include "base/json.h"
#include "base/text.h"
#include "core/merge/seen.h"
#include "core/sync/inbox.h"
#include "core/wire/unpack.h"
#include "io/files.h"
#include "io/work_score.h"
#include "review/review_print.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct showing {
    const struct review_case *c;
    struct pt_arena arena;
    struct review_change *changes;
    size_t n_changes;
    bool first;
};

static enum pt_err showing_open(struct showing *s, const struct review_case *c)
{
    *s = (struct showing){.c = c};
    pt_arena_init(&s->arena, SIZE_MAX);
    return review_changes(&c->work, &s->arena, &s->changes, &s->n_changes, &s->first);
}

static void showing_close(struct showing *s)
{
    pt_arena_close(&s->arena);
}

static const char *keep(struct showing *s, struct pt_buf *text)
{
    const char *kept = pt_arena_str(&s->arena, pt_buf_text(text));
    pt_buf_free(text);
    return kept == NULL ? "" : kept;
}

static const char *text_of(struct showing *s, const struct pt_hash *hash)
{
    const char *text = "...";
    return pt_text_get(s->c->txn, &s->c->work.subject, hash, &s->arena, &text) == PT_OK
               ? text
               : "..."; /* erased, or not here yet */
}

static const char *field_text(struct showing *s, const ProtobufCBinaryData *field)
{
    struct pt_hash hash;
    if (field->len != sizeof hash.b) {
        return "";
    }
    memcpy(hash.b, field->data, sizeof hash.b);
    return text_of(s, &hash);
}

static const char *value_of(struct showing *s, uint32_t node, const struct pt_value *value, bool label)
{
    struct pt_buf text = {0};
    if (value->type == PT_VALUE_TEXT) {
        return text_of(s, &value->text);
    }
    if (value->type == PT_VALUE_NONE) {
        return "-";
    }
    if (label) {
        pt_value_put_label(&text, s->c->work.instrument, node, value);
    } else {
        pt_value_put(&text, s->c->work.instrument, node, value);
    }
    return keep(s, &text);
}

static const char *path_of(struct showing *s, uint32_t node, const char *instance)
{
    struct pt_buf text = {0};
    pt_path_put(&text, s->c->work.instrument, node, instance);
    return keep(s, &text);
}

static const char *instance_label(const struct showing *s, uint32_t node, const char *name)
{
    const struct pt_instrument *instrument = s->c->work.instrument;
    const struct pt_node *at = &instrument->nodes[node];
    uint32_t instance = name[0] == '\0' ? 0 : pt_work_instance(&s->c->work, at->repeat == 0 ? node : at->repeat, name);
    return instance == 0 ? "" : s->c->work.state.answers.instances[instance - 1].label;
}

/* "Papan informasi / Information board", and of a product or respondent its name: "... (Akta)". */
static const char *label_of(struct showing *s, uint32_t node, const char *instance)
{
    const struct pt_node *at = &s->c->work.instrument->nodes[node];
    const char *en = strcmp(at->label.id, at->label.en) == 0 ? "" : at->label.en;
    const char *name = instance_label(s, node, instance);
    struct pt_buf text = {0};
    pt_buf_printf(&text, "%s%s%s", at->label.id, at->label.id[0] == '\0' || en[0] == '\0' ? "" : " / ", en);
    if (name[0] != '\0') {
        pt_buf_printf(&text, "%s(%s)", text.n == 0 ? "" : " ", name);
    }
    return keep(s, &text);
}

static const char *author_of(struct showing *s, const struct pt_view *view)
{
    const char *name = pt_work_author(&s->c->work, &view->log.author, &s->arena);
    return name == NULL ? "?" : name;
}

/* When the office got it, by the office's clock. */
static const char *received(struct showing *s, const struct pt_view *view, uint64_t seq)
{
    char time[24];
    const struct pt_view_chunk *chunk = pt_view_chunk_of(view, seq);
    const char *text =
        chunk == NULL ? "-" : pt_arena_str(&s->arena, pt_time_text(chunk->received_ms / 1000, time, sizeof time));
    return text == NULL ? "-" : text;
}

static bool has_changed(const struct showing *s, uint32_t question, const char *instance)
{
    for (size_t i = 0; i < s->n_changes; i++) {
        if (s->changes[i].question == question && strcmp(s->changes[i].instance, instance) == 0) {
            return true;
        }
    }
    return false;
}

/* --- comments --- */

static bool is_about(const struct pt_comment *comment, uint32_t question, const char *instance)
{
    const ProtobufCBinaryData *name = &comment->detail->instance;
    size_t n = strlen(instance);
    return comment->detail->question == question && name->len == n && (n == 0 || memcmp(name->data, instance, n) == 0);
}

/* "foto buram (rini)": those that stand. */
static const char *comments_on(struct showing *s, uint32_t question, const char *instance)
{
    const struct pt_assessment *state = &s->c->work.state;
    struct pt_buf text = {0};
    for (size_t i = 0; i < state->n_comments; i++) {
        const struct pt_comment *comment = &state->comments[i];
        if (comment->stands && is_about(comment, question, instance)) {
            pt_buf_printf(&text, "%s%s (%s)", text.n == 0 ? "" : " | ", field_text(s, &comment->detail->text),
                          author_of(s, comment->view));
        }
    }
    return keep(s, &text);
}

/* --- the whole assessment --- */

struct line {
    const char *path;
    const char *label;  /* of the question */
    const char *values; /* as typed: "a", or in a conflict "a (siti) <> b (budi)" */
    const char *labels; /* the same for people: labels of the choices */
    const char *author;
    const char *comment;
    size_t n_evidence;
    bool conflict;
    bool changed;
};

static const char *claims_text(struct showing *s, uint32_t node, const struct pt_register *reg, bool label)
{
    struct pt_buf text = {0};
    for (size_t i = 0; i < reg->n_heads; i++) {
        pt_buf_printf(&text, "%s%s (%s)", i == 0 ? "" : " <> ", value_of(s, node, &reg->heads[i].value, label),
                      author_of(s, reg->heads[i].view));
    }
    return keep(s, &text);
}

static const char *authors_text(struct showing *s, const struct pt_register *reg)
{
    const char *names = pt_work_authors(&s->c->work, reg, &s->arena);
    return names == NULL ? "?" : names;
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
    struct line line = {.path = path_of(s, node, instance),
                        .comment = comments_on(s, answer->question, instance),
                        .n_evidence = answer->n_evidence,
                        .conflict = answer->n_values > 1,
                        .changed = has_changed(s, answer->question, instance)};
    line.label = label_of(s, node, instance);
    line.values = line.conflict ? claims_text(s, node, reg, false) : value_of(s, node, &answer->values[0], false);
    line.labels = line.conflict ? claims_text(s, node, reg, true) : value_of(s, node, &answer->values[0], true);
    line.author = authors_text(s, reg);
    return line;
}

static void put_line(struct pt_buf *out, const struct line *line)
{
    pt_buf_printf(out, "%c%c %-36s %-28s %-12s", line->conflict ? '!' : ' ', line->changed ? '+' : ' ', line->path,
                  line->labels, line->conflict ? "" : line->author);
    if (line->n_evidence > 0) {
        pt_buf_printf(out, " [%zu]", line->n_evidence);
    }
    if (line->label[0] != '\0') {
        pt_buf_printf(out, "\n       %s", line->label);
    }
    if (line->comment[0] != '\0') {
        pt_buf_printf(out, "\n       > %s", line->comment);
    }
    pt_buf_put_str(out, "\n");
}

static void put_line_json(struct pt_json *json, const struct line *line)
{
    pt_json_begin(json, NULL, '{');
    pt_json_text(json, "path", line->path);
    pt_json_text(json, "label", line->label);
    pt_json_text(json, "value", line->values);
    pt_json_text(json, "value_label", line->labels);
    pt_json_text(json, "author", line->author);
    pt_json_bool(json, "conflict", line->conflict);
    pt_json_bool(json, "changed", line->changed);
    pt_json_count(json, "evidence", line->n_evidence);
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
        const char *path = path_of(s, node, change->instance);
        const char *label = label_of(s, node, change->instance);
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

/* Where a comment stands that is at no line: what it is about was not answered, or is a group. NULL: at a line. */
static const char *place_of_other(struct showing *s, const struct pt_comment *comment)
{
    const struct pt_work *work = &s->c->work;
    uint32_t node = pt_node_by_number(work->instrument, comment->detail->question);
    for (size_t k = 0; k < work->state.answers.n_answers; k++) {
        const struct pt_answer *answer = &work->state.answers.answers[k];
        const char *instance = answer->instance == 0 ? "" : work->state.answers.instances[answer->instance - 1].name;
        if (node != PT_NONE && is_about(comment, answer->question, instance)) {
            return NULL;
        }
    }
    if (node == PT_NONE) {
        return "?";
    }
    const ProtobufCBinaryData *instance = &comment->detail->instance;
    char *name = pt_arena_strn(&s->arena, (const char *)instance->data, instance->len);
    return path_of(s, node, name == NULL ? "" : name);
}

/* What stands and is at no line, as a table or as JSON. */
static void put_other_comments(struct showing *s, struct pt_buf *out, struct pt_json *json)
{
    const struct pt_assessment *state = &s->c->work.state;
    for (size_t i = 0; i < state->n_comments; i++) {
        const struct pt_comment *comment = &state->comments[i];
        const char *place = comment->stands ? place_of_other(s, comment) : NULL;
        if (place == NULL) {
            continue;
        }
        const char *text = field_text(s, &comment->detail->text);
        const char *author = author_of(s, comment->view);
        if (json == NULL) {
            pt_buf_printf(out, "   %s\n       > %s (%s)\n", place, text, author);
            continue;
        }
        pt_json_begin(json, NULL, '{');
        pt_json_text(json, "path", place);
        pt_json_text(json, "comment", text);
        pt_json_text(json, "author", author);
        pt_json_end(json, '}');
    }
}

/* --- score and what is missing --- */

static void put_score(struct showing *s, struct pt_buf *out)
{
    struct pt_points points = pt_work_points(&s->c->work, &s->arena);
    if (!points.has_score) {
        pt_say(out, PT_MSG_CLI_NO_SCORE, NULL);
    } else if (points.settled) {
        pt_say(out, PT_MSG_CLI_SCORE, points.low, points.zone, points.category, NULL);
    } else {
        pt_say(out, PT_MSG_CLI_SCORE_RANGE, points.low, points.high, NULL);
    }
    pt_buf_put_str(out, "\n");
    if (points.placeholders) {
        pt_say(out, PT_MSG_CLI_PLACEHOLDERS, NULL);
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
    const char *path = path_of(s, node, instance);
    const char *label = label_of(s, node, instance);
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
        pt_say(out, PT_MSG_CLI_SHORTAGE, counts[0], counts[1], NULL);
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

static void put_remarks(struct showing *s, struct pt_buf *out)
{
    const struct pt_assessment *state = &s->c->work.state;
    for (size_t i = 0; i < state->n_not_assessed; i++) {
        pt_say(out, PT_MSG_REVIEW_NOT_ASSESSED, author_of(s, state->not_assessed[i].view),
               text_of(s, &state->not_assessed[i].entry->hash), NULL);
        pt_buf_put_str(out, "\n");
    }
    for (size_t i = 0; i < state->n_ineffective; i++) {
        const struct pt_ineffective *row = &state->ineffective[i];
        pt_buf_printf(out, "x  %s %s: ", author_of(s, row->view), review_entry_name(row->view, row->seq, &s->arena));
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
    if (msg == PT_MSG_NONE) {
        return "";
    }
    bool said = state->state_move->reason.len > 0;
    pt_say(&text, msg, author_of(s, state->state_by->view), said ? field_text(s, &state->state_move->reason) : "-",
           NULL);
    return keep(s, &text);
}

static void put_head(struct showing *s, struct pt_buf *out)
{
    const struct pt_work *work = &s->c->work;
    const struct pt_claim *by = work->state.state_by;
    const char *name = pt_subject_name(&work->subject);
    pt_buf_printf(out, "%s  %s  %s", name, work->state.opening->unit_name == NULL ? "" : work->state.opening->unit_name,
                  pt_state_name(work->state.state));
    if (by != NULL) {
        pt_buf_printf(out, "  %s %s", author_of(s, by->view), received(s, by->view, by->seq));
    }
    pt_buf_put_str(out, "\n");
    const char *back = taken_back(s);
    pt_buf_printf(out, "%s%s%s", back[0] == '\0' ? "" : "       ", back, back[0] == '\0' ? "" : "\n");
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
    pt_json_count(&json, "ineffective", work->state.n_ineffective);
    pt_json_bool(&json, "first_submission", s->first);
    put_score_json(s, &json);
    pt_json_begin(&json, "missing", '[');
    put_missing_rows(s, NULL, &json);
    pt_json_end(&json, ']');
    pt_json_begin(&json, "answers", '[');
    for (size_t i = 0; i < work->state.answers.n_answers; i++) {
        if (is_asked(s, i)) {
            struct line line = line_of(s, i);
            put_line_json(&json, &line);
        }
    }
    pt_json_end(&json, ']');
    pt_json_begin(&json, "other_changes", '[');
    put_other_changes(s, NULL, &json);
    pt_json_end(&json, ']');
    pt_json_begin(&json, "other_comments", '[');
    put_other_comments(s, NULL, &json);
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
                put_line(out, &line);
            }
        }
        put_other_changes(&s, out, NULL);
        put_other_comments(&s, out, NULL);
        put_missing(&s, out);
        put_remarks(&s, out);
    }
    err = err == PT_OK && s.arena.exhausted ? PT_ENOMEM : err;
    showing_close(&s);
    return err;
}

/* --- one question --- */

struct place {
    uint32_t node;
    uint32_t question;
    const char *instance;
};

static enum pt_err find_place(struct showing *s, const char *path, struct place *out, struct pt_problem *problem)
{
    char name[PT_INSTANCE_BYTES_MAX + 1];
    enum pt_err err = review_path_read(s->c->work.instrument, path, &out->node, name, problem);
    if (err == PT_OK) {
        out->question = s->c->work.instrument->nodes[out->node].number;
        out->instance = pt_arena_str(&s->arena, name);
    }
    return err == PT_OK && out->instance == NULL ? PT_ENOMEM : err;
}

/* "head", "replaced", or "ineffective": what became of an entry. */
static const char *fate(const struct showing *s, const struct place *at, const struct pt_view *view, uint64_t seq)
{
    const struct pt_assessment *state = &s->c->work.state;
    for (size_t i = 0; i < state->n_ineffective; i++) {
        if (state->ineffective[i].view == view && state->ineffective[i].seq == seq) {
            return "ineffective";
        }
    }
    for (size_t i = 0; i < state->answers.n_answers; i++) {
        const struct pt_register *reg = &state->registers[i];
        for (size_t k = 0; state->answers.answers[i].question == at->question && k < reg->n_heads; k++) {
            if (reg->heads[k].view == view && reg->heads[k].seq == seq) {
                return "stands";
            }
        }
    }
    bool claim = (pt_entry_fields(view->entries[seq - 1].kind) & PT_FIELD_REPLACES) != 0;
    return claim ? "replaced" : "";
}

static const char *evidence_text(struct showing *s, const struct pt_entry *entry)
{
    ProtobufCMessage *message;
    if (entry->kind == PATUH__ENTRY_KIND__ENTRY_ADD_EVIDENCE &&
        pt_unpack(&patuh__evidence__descriptor, entry->detail, &s->arena, &message) == PT_OK) {
        const Patuh__Evidence *detail = (const Patuh__Evidence *)message;
        const char *text = pt_arena_printf(&s->arena, "%s %s %u B", detail->name == NULL ? "" : detail->name,
                                           detail->media_type == NULL ? "" : detail->media_type, detail->bytes);
        return text == NULL ? "" : text;
    }
    return "";
}

static const char *entry_text(struct showing *s, const struct place *at, const struct pt_entry *entry, bool label)
{
    unsigned fields = pt_entry_fields(entry->kind);
    if ((fields & PT_FIELD_VALUE) != 0) {
        return value_of(s, at->node, &entry->value, label);
    }
    return (fields & PT_FIELD_TEXT_HASH) != 0 ? text_of(s, &entry->hash) : evidence_text(s, entry);
}

struct history_row {
    const char *entry;
    const char *author;
    const char *received;
    char device_time[24];
    const char *kind;
    const char *text;  /* as typed */
    const char *label; /* for people */
    const char *fate;
};

static struct history_row row_of(struct showing *s, const struct place *at, const struct pt_view *view, uint64_t seq)
{
    const struct pt_entry *entry = &view->entries[seq - 1];
    struct history_row row = {.entry = review_entry_name(view, seq, &s->arena),
                              .author = author_of(s, view),
                              .received = received(s, view, seq),
                              .kind = pt_work_kind_name(entry->kind, &s->arena),
                              .text = entry_text(s, at, entry, false),
                              .label = entry_text(s, at, entry, true),
                              .fate = fate(s, at, view, seq)};
    (void)pt_time_text(entry->wall_s, row.device_time, sizeof row.device_time);
    return row;
}

static void put_row(struct pt_buf *out, struct pt_json *json, const struct history_row *row)
{
    if (json == NULL) {
        pt_buf_printf(out, "%-20s %-12s %-20s %-20s %-16s %-12s %s\n", row->entry, row->author, row->received,
                      row->device_time, row->kind, row->fate, row->label);
        return;
    }
    pt_json_begin(json, NULL, '{');
    pt_json_text(json, "entry", row->entry);
    pt_json_text(json, "author", row->author);
    pt_json_text(json, "received", row->received);
    pt_json_text(json, "device_time", row->device_time);
    pt_json_text(json, "kind", row->kind);
    pt_json_text(json, "value", row->text);
    pt_json_text(json, "value_label", row->label);
    pt_json_text(json, "fate", row->fate);
    pt_json_end(json, '}');
}

/* A comment stands in the entry of its move. */
static struct history_row row_of_comment(struct showing *s, const struct pt_comment *comment)
{
    const struct pt_entry *entry = &comment->view->entries[comment->seq - 1];
    struct history_row row = {.entry = review_entry_name(comment->view, comment->seq, &s->arena),
                              .author = author_of(s, comment->view),
                              .received = received(s, comment->view, comment->seq),
                              .kind = "comment",
                              .text = field_text(s, &comment->detail->text),
                              .fate = comment->stands ? "stands" : "answered"};
    row.label = row.text;
    (void)pt_time_text(entry->wall_s, row.device_time, sizeof row.device_time);
    return row;
}

/* A file of its own name, or of its hash when that name could lead elsewhere. */
static enum pt_err save_one(struct showing *s, const struct office *office, const char *folder,
                            const struct pt_entry *entry, struct pt_buf *out, struct pt_problem *problem)
{
    char path[PATH_MAX];
    char name[17];
    struct pt_buf content = {0};
    for (size_t i = 0; i < 8; i++) {
        (void)snprintf(name + 2 * i, 3, "%02x", entry->hash.b[i]);
    }
    enum pt_err err = pt_blobs_get(office->blobs, &entry->hash, &content);
    if (err == PT_ENOTFOUND) {
        pt_say(out, PT_MSG_REVIEW_NOT_BROUGHT, evidence_text(s, entry), NULL);
        pt_buf_put_str(out, "\n");
        err = PT_OK;
    } else if (err == PT_OK) {
        err = pt_path_join(path, sizeof path, folder, name);
        err = err == PT_OK ? pt_file_write(path, pt_buf_bytes(&content), S_IRUSR | S_IWUSR, problem) : err;
        pt_buf_printf(out, "%s  %s\n", path, evidence_text(s, entry));
    }
    pt_buf_free(&content);
    return err;
}

static bool is_at(const struct pt_entry *entry, const struct place *at)
{
    bool about = (pt_entry_fields(entry->kind) & PT_FIELD_QUESTION) != 0;
    return about && entry->question == at->question && strcmp(entry->instance, at->instance) == 0;
}

static enum pt_err put_entries(struct showing *s, const struct place *at, struct pt_buf *out, struct pt_json *json)
{
    const struct pt_work *work = &s->c->work;
    for (size_t v = 0; v < work->n_views; v++) {
        for (size_t i = 0; i < work->views[v].n_entries; i++) {
            if (is_at(&work->views[v].entries[i], at)) {
                struct history_row row = row_of(s, at, &work->views[v], i + 1);
                put_row(out, json, &row);
            }
        }
    }
    for (size_t i = 0; i < work->state.n_comments; i++) {
        if (is_about(&work->state.comments[i], at->question, at->instance)) {
            struct history_row row = row_of_comment(s, &work->state.comments[i]);
            put_row(out, json, &row);
        }
    }
    return s->arena.exhausted ? PT_ENOMEM : PT_OK;
}

static enum pt_err save_evidence(struct showing *s, const struct place *at, const struct office *office,
                                 const char *folder, struct pt_buf *out, struct pt_problem *problem)
{
    const struct pt_work *work = &s->c->work;
    enum pt_err err = pt_folder_make(folder, 0700, problem);
    for (size_t i = 0; i < work->state.n_evidence && err == PT_OK; i++) {
        if (is_at(work->state.evidence[i].entry, at)) {
            err = save_one(s, office, folder, work->state.evidence[i].entry, out, problem);
        }
    }
    return err;
}

enum pt_err review_put_history(const struct review_case *c, const char *path, const struct office *office,
                               const char *save, bool json, struct pt_buf *out, struct pt_problem *problem)
{
    struct showing s;
    struct place at;
    struct pt_json writer = {.out = out};
    enum pt_err err = showing_open(&s, c);
    if (err == PT_OK) {
        err = find_place(&s, path, &at, problem);
    }
    if (err == PT_OK && json) {
        pt_json_begin(&writer, NULL, '[');
        err = put_entries(&s, &at, out, &writer);
        pt_json_end(&writer, ']');
        pt_buf_put_str(out, "\n");
    } else if (err == PT_OK) {
        pt_buf_printf(out, "%s  %s\n", path_of(&s, at.node, at.instance), label_of(&s, at.node, at.instance));
        pt_say(out, PT_MSG_REVIEW_HISTORY_HEAD, NULL);
        pt_buf_put_str(out, "\n");
        err = put_entries(&s, &at, out, NULL);
    }
    if (err == PT_OK && save != NULL) {
        err = save_evidence(&s, &at, office, save, out, problem);
    }
    showing_close(&s);
    return err;
}

enum pt_err review_put_claims(const struct review_case *c, const char *path, struct pt_buf *out,
                              struct pt_problem *problem)
{
    struct showing s;
    struct place at;
    const struct pt_register *reg;
    enum pt_err err = showing_open(&s, c);
    if (err == PT_OK) {
        err = find_place(&s, path, &at, problem);
    }
    if (err == PT_OK) {
        uint32_t number = at.instance[0] == '\0'
                              ? 0
                              : pt_work_instance(&c->work, c->work.instrument->nodes[at.node].repeat, at.instance);
        const struct pt_answer *answer = pt_assessment_answer(&c->work.state, at.question, number, &reg);
        for (size_t i = 0; answer != NULL && i < reg->n_heads; i++) {
            struct history_row row = row_of(&s, &at, reg->heads[i].view, reg->heads[i].seq);
            put_row(out, NULL, &row);
        }
    }
    showing_close(&s);
    return err;
}
