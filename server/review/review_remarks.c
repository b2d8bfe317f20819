#include "review/review_remarks.h"

#include "base/text.h"
#include "core/wire/unpack.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* --- comments --- */

/* "foto buram (rini)": those that stand. */
const char *remarks_comments(struct showing *s, uint32_t question, const char *instance)
{
    const struct pt_assessment *state = &s->c->work.state;
    struct pt_buf text = {0};
    for (size_t i = 0; i < state->n_comments; i++) {
        const struct pt_comment *comment = &state->comments[i];
        if (comment->stands && showing_is_about(comment, question, instance)) {
            pt_buf_printf(&text, "%s%s (%s)", text.n == 0 ? "" : " | ", showing_field(s, &comment->detail->text),
                          showing_author(s, comment->view));
        }
    }
    return showing_keep(s, &text);
}

/* Where a comment stands that is at no line: what it is about was not answered, or is a group. NULL: at a line. */
static const char *place_of_other(struct showing *s, const struct pt_comment *comment)
{
    const struct pt_work *work = &s->c->work;
    uint32_t node = pt_node_by_number(work->instrument, comment->detail->question);
    for (size_t k = 0; k < work->state.answers.n_answers; k++) {
        const struct pt_answer *answer = &work->state.answers.answers[k];
        const char *instance = answer->instance == 0 ? "" : work->state.answers.instances[answer->instance - 1].name;
        if (node != PT_NONE && showing_is_about(comment, answer->question, instance)) {
            return NULL;
        }
    }
    if (node == PT_NONE) {
        return "?";
    }
    const ProtobufCBinaryData *instance = &comment->detail->instance;
    char *name = pt_arena_strn(&s->arena, (const char *)instance->data, instance->len);
    return showing_path(s, node, name == NULL ? "" : name);
}

/* What stands and is at no line, as a table or as JSON. */
void remarks_put_other_comments(struct showing *s, struct pt_buf *out, struct pt_json *json)
{
    const struct pt_assessment *state = &s->c->work.state;
    for (size_t i = 0; i < state->n_comments; i++) {
        const struct pt_comment *comment = &state->comments[i];
        const char *place = comment->stands ? place_of_other(s, comment) : NULL;
        if (place == NULL) {
            continue;
        }
        const char *text = showing_field(s, &comment->detail->text);
        const char *author = showing_author(s, comment->view);
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

/* --- notes --- */

void remarks_put_notes(struct showing *s, uint32_t question, uint32_t instance, struct pt_buf *out,
                       struct pt_json *json)
{
    const struct pt_assessment *state = &s->c->work.state;
    for (size_t i = 0; i < state->n_notes; i++) {
        const struct pt_remark *note = &state->notes[i];
        if (note->entry->question != question || note->instance != instance) {
            continue;
        }
        const char *text = showing_text(s, &note->entry->hash);
        const char *author = showing_author(s, note->view);
        if (json == NULL) {
            pt_buf_printf(out, "       \" %s (%s)\n", text, author);
            continue;
        }
        pt_json_begin(json, NULL, '{');
        pt_json_text(json, "author", author);
        pt_json_text(json, "text", text);
        pt_json_end(json, '}');
    }
}

/* --- of the whole assessment --- */

void remarks_put_reasons(struct showing *s, struct pt_buf *out, struct pt_json *json)
{
    const struct pt_assessment *state = &s->c->work.state;
    for (size_t i = 0; i < state->n_not_assessed; i++) {
        const char *author = showing_author(s, state->not_assessed[i].view);
        const char *text = showing_text(s, &state->not_assessed[i].entry->hash);
        if (json == NULL) {
            pt_say(out, PT_MSG_REVIEW_NOT_ASSESSED, author, text, NULL);
            pt_buf_put_str(out, "\n");
            continue;
        }
        pt_json_begin(json, NULL, '{');
        pt_json_text(json, "author", author);
        pt_json_text(json, "text", text);
        pt_json_end(json, '}');
    }
}

/* As printed; the time is the device's, for a visit has no other. */
struct place_words {
    const char *author;
    struct pt_buf latitude;
    struct pt_buf longitude;
    char accuracy_m[16];
    char time[24];
};

static void put_place(struct pt_buf *out, struct pt_json *json, const struct place_words *words)
{
    const char *latitude = pt_buf_text(&words->latitude);
    const char *longitude = pt_buf_text(&words->longitude);
    if (json == NULL) {
        pt_say(out, PT_MSG_REVIEW_PLACE, words->author, latitude, longitude, words->accuracy_m, words->time, NULL);
        pt_buf_put_str(out, "\n");
        return;
    }
    pt_json_begin(json, NULL, '{');
    pt_json_text(json, "author", words->author);
    pt_json_number(json, "latitude", latitude);
    pt_json_number(json, "longitude", longitude);
    pt_json_number(json, "accuracy_m", words->accuracy_m);
    pt_json_text(json, "device_time", words->time);
    pt_json_end(json, '}');
}

void remarks_put_places(struct showing *s, struct pt_buf *out, struct pt_json *json)
{
    const struct pt_assessment *state = &s->c->work.state;
    for (size_t i = 0; i < state->n_places; i++) {
        const struct pt_remark *visit = &state->places[i];
        struct place_words words = {.author = showing_author(s, visit->view)};
        ProtobufCMessage *message;
        if (pt_unpack(&patuh__place__descriptor, visit->entry->detail, &s->arena, &message) != PT_OK) {
            continue; /* of a later version: the arena remembers that it was exhausted */
        }
        const Patuh__Place *place = (const Patuh__Place *)message;
        pt_degrees_put(&words.latitude, place->latitude_e7);
        pt_degrees_put(&words.longitude, place->longitude_e7);
        (void)snprintf(words.accuracy_m, sizeof words.accuracy_m, "%" PRIu32, place->accuracy_m);
        (void)pt_time_text(visit->entry->wall_s, words.time, sizeof words.time);
        put_place(out, json, &words);
        pt_buf_free(&words.latitude);
        pt_buf_free(&words.longitude);
    }
}
