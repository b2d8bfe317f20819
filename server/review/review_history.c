/* review_history.c - one question with everything ever written there. */
#include "base/json.h"
#include "base/text.h"
#include "core/merge/seen.h"
#include "core/wire/unpack.h"
#include "io/disk/files.h"
#include "review/review_print.h"
#include "review/showing.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

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

/* NULL: it adds none, or cannot be read. */
static const Patuh__Evidence *evidence_of(struct showing *s, const struct pt_entry *entry)
{
    ProtobufCMessage *message;
    bool added = entry->kind == PATUH__ENTRY_KIND__ENTRY_ADD_EVIDENCE &&
                 pt_unpack(&patuh__evidence__descriptor, entry->detail, &s->arena, &message) == PT_OK;
    return added ? (const Patuh__Evidence *)message : NULL;
}

/* What opens a file by a double click; of what we know only, since the type comes from a device. */
static const char *file_ending(struct showing *s, const struct pt_entry *entry)
{
    static const struct {
        const char *type;
        const char *ending;
    } rows[] = {{"image/jpeg", ".jpg"},  {"image/png", ".png"},   {"image/webp", ".webp"},    {"image/gif", ".gif"},
                {"image/heic", ".heic"}, {"image/heif", ".heif"}, {"application/pdf", ".pdf"}};
    const Patuh__Evidence *detail = evidence_of(s, entry);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (detail != NULL && detail->media_type != NULL && strcmp(detail->media_type, rows[i].type) == 0) {
            return rows[i].ending;
        }
    }
    return "";
}

static const char *evidence_text(struct showing *s, const struct pt_entry *entry)
{
    const Patuh__Evidence *detail = evidence_of(s, entry);
    if (detail != NULL) {
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
        return showing_value(s, at->node, &entry->value, label);
    }
    return (fields & PT_FIELD_TEXT_HASH) != 0 ? showing_text(s, &entry->hash) : evidence_text(s, entry);
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
                              .author = showing_author(s, view),
                              .received = showing_received(s, view, seq),
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
                              .author = showing_author(s, comment->view),
                              .received = showing_received(s, comment->view, comment->seq),
                              .kind = "comment",
                              .text = showing_field(s, &comment->detail->text),
                              .fate = comment->stands ? "stands" : "answered"};
    row.label = row.text;
    (void)pt_time_text(entry->wall_s, row.device_time, sizeof row.device_time);
    return row;
}

/* A file named by its hash, for a name from a device could lead elsewhere. */
static enum pt_err save_one(struct showing *s, const struct office *office, const char *folder,
                            const struct pt_entry *entry, struct pt_buf *out, struct pt_problem *problem)
{
    char path[PATH_MAX];
    char name[32];
    struct pt_buf content = {0};
    for (size_t i = 0; i < 8; i++) {
        (void)snprintf(name + 2 * i, 3, "%02x", entry->hash.b[i]);
    }
    (void)snprintf(name + 16, sizeof name - 16, "%s", file_ending(s, entry));
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
        if (showing_is_about(&work->state.comments[i], at->question, at->instance)) {
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
        pt_buf_printf(out, "%s  %s\n", showing_path(&s, at.node, at.instance), showing_label(&s, at.node, at.instance));
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

static void put_claims(struct showing *s, const struct place *at, const struct pt_register *reg, struct pt_buf *out,
                       struct pt_json *json)
{
    if (json == NULL && reg != NULL) { /* nothing is there: no table */
        pt_say(out, PT_MSG_REVIEW_HISTORY_HEAD, NULL);
        pt_buf_put_str(out, "\n");
    }
    for (size_t i = 0; reg != NULL && i < reg->n_heads; i++) {
        struct history_row row = row_of(s, at, reg->heads[i].view, reg->heads[i].seq);
        put_row(out, json, &row);
    }
}

enum pt_err review_put_claims(const struct review_case *c, const char *path, bool json, struct pt_buf *out,
                              bool *conflict, struct pt_problem *problem)
{
    struct showing s;
    struct place at;
    struct pt_json writer = {.out = out};
    const struct pt_register *reg = NULL;
    enum pt_err err = showing_open(&s, c);
    *conflict = false;
    if (err == PT_OK) {
        err = find_place(&s, path, &at, problem);
    }
    if (err == PT_OK) {
        uint32_t number = at.instance[0] == '\0'
                              ? 0
                              : pt_work_instance(&c->work, c->work.instrument->nodes[at.node].repeat, at.instance);
        const struct pt_answer *answer = pt_assessment_answer(&c->work.state, at.question, number, &reg);
        *conflict = answer != NULL && answer->n_values > 1;
        reg = answer == NULL || reg->n_heads == 0 ? NULL : reg;
    }
    if (err == PT_OK && json) {
        pt_json_begin(&writer, NULL, '[');
        put_claims(&s, &at, reg, out, &writer);
        pt_json_end(&writer, ']');
        pt_buf_put_str(out, "\n");
    } else if (err == PT_OK) {
        put_claims(&s, &at, reg, out, NULL);
    }
    err = err == PT_OK && s.arena.exhausted ? PT_ENOMEM : err;
    showing_close(&s);
    return err;
}
