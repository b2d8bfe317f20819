/* sight.c - one assessment as a node sees it: its logs, who may write, the merge. */
#include "sim.h"

#include "base/check.h"

#include <stdio.h>
#include <string.h>

struct pt_subject sim_subject(const char *text)
{
    struct pt_subject subject;
    PT_CHECK(pt_subject_read(pt_bytes_str(text), &subject) == PT_OK);
    return subject;
}

struct pt_subject sim_office_subject(const struct sim *s, size_t office)
{
    char text[8];
    (void)snprintf(text, sizeof text, "o:%s", office == 0 ? "00" : s->offices[office]->code);
    return sim_subject(text);
}

/* The logs of offices: head office's, then the regions'. */
static enum pt_err load_offices(struct sim *s, struct pt_txn *txn, struct sim_sight *out)
{
    struct pt_view *parts[1 + SIM_REGIONS_MAX];
    size_t sizes[1 + SIM_REGIONS_MAX] = {0};
    enum pt_err err = PT_OK;
    for (size_t i = 0; i <= s->options.regions && err == PT_OK; i++) {
        struct pt_subject subject = sim_office_subject(s, i);
        err = pt_logs_views(txn, &subject, 0, false, &out->arena, &parts[i], &sizes[i]);
        out->n_offices += sizes[i];
    }
    out->offices = err == PT_OK ? pt_arena_zalloc(&out->arena, out->n_offices + 1, sizeof *out->offices) : NULL;
    for (size_t i = 0, n = 0; i <= s->options.regions && err == PT_OK; i++) {
        PT_CHECK(out->offices != NULL);
        for (size_t k = 0; k < sizes[i]; k++) {
            out->offices[n++] = parts[i][k];
        }
    }
    return err;
}

struct lookup {
    struct sim *s;
    bool here;
};

static const struct pt_instrument *find_instrument(void *data, const struct pt_hash *hash)
{
    const struct lookup *lookup = data;
    return lookup->here && pt_hash_eq(hash, &lookup->s->instrument_hash) ? &lookup->s->instrument : NULL;
}

enum pt_err sim_sight_open(struct sim *s, struct world_node *node, struct pt_txn *txn, const struct pt_subject *subject,
                           enum pt_level level, bool with_tail, struct sim_sight *out)
{
    const struct world_blob *blob = world_blob(node, &s->instrument_hash);
    *out = (struct sim_sight){.subject = *subject, .ready = blob != NULL && blob->whole};
    pt_arena_init(&out->arena, SIZE_MAX);
    enum pt_err err = load_offices(s, txn, out);
    if (err == PT_OK) {
        err = pt_authority_build(out->offices, out->n_offices, &s->offices[0]->author, &out->arena, &out->authority);
    }
    if (err == PT_OK) {
        err = pt_logs_views(txn, subject, 0, with_tail, &out->arena, &out->views, &out->n_views);
    }
    if (err == PT_OK) {
        err = pt_authority_stand(&out->authority, out->views, out->n_views, &out->arena);
    }
    return err == PT_OK ? sim_sight_merge(s, level, out) : err;
}

enum pt_err sim_sight_merge(struct sim *s, enum pt_level level, struct sim_sight *sight)
{
    struct lookup lookup = {.s = s, .here = sight->ready};
    struct pt_merge_input input = {
        .subject = &sight->subject,
        .views = sight->views,
        .n_views = sight->n_views,
        .authority = &sight->authority,
        .instrument = lookup.here ? &s->instrument : NULL,
        .lookup = {.instrument = find_instrument, .data = &lookup},
        .level = level,
    };
    s->result.merges++;
    return pt_merge(&input, &sight->arena, &sight->state);
}

void sim_sight_close(struct sim_sight *sight)
{
    pt_arena_close(&sight->arena);
}

/* --- digests --- */

static void put_value(struct pt_buf *out, const struct pt_value *value)
{
    pt_buf_put_u8(out, (uint8_t)value->type);
    pt_buf_put_u64(out, (uint64_t)value->number.mantissa);
    pt_buf_put_u64(out, value->choices);
    pt_buf_put_bytes(out, pt_hash_bytes(&value->text));
}

static void put_place(struct pt_buf *out, const struct pt_view *view, uint64_t seq)
{
    pt_log_id_put(out, &view->log);
    pt_buf_put_u64(out, seq);
}

static void put_answers(struct pt_buf *out, const struct pt_assessment *state)
{
    for (size_t i = 0; i < state->answers.n_instances; i++) {
        pt_buf_put_u32(out, state->answers.instances[i].repeat);
        pt_buf_put_str(out, state->answers.instances[i].name);
    }
    for (size_t i = 0; i < state->answers.n_answers; i++) {
        const struct pt_answer *answer = &state->answers.answers[i];
        pt_buf_put_u32(out, answer->question);
        pt_buf_put_u32(out, answer->instance);
        pt_buf_put_u32(out, answer->n_evidence);
        for (size_t k = 0; k < answer->n_values; k++) {
            put_value(out, &answer->values[k]);
        }
        for (size_t k = 0; k < state->registers[i].n_heads; k++) {
            put_place(out, state->registers[i].heads[k].view, state->registers[i].heads[k].seq);
        }
    }
}

static struct pt_hash close_digest(struct pt_buf *bytes)
{
    PT_CHECK(bytes->err == PT_OK);
    struct pt_hash hash = pt_hash1("patuh/1 sim", pt_buf_bytes(bytes));
    pt_buf_free(bytes);
    return hash;
}

struct pt_hash sim_answers_digest(const struct pt_assessment *state)
{
    struct pt_buf bytes = {0};
    put_answers(&bytes, state);
    return close_digest(&bytes);
}

static void put_remarks(struct pt_buf *out, const struct pt_remark *remarks, size_t n)
{
    pt_buf_put_u64(out, n);
    for (size_t i = 0; i < n; i++) {
        put_place(out, remarks[i].view, remarks[i].seq);
    }
}

/* Why an author may not write depends on the offices' logs at hand: head office knows devices of every region. */
static enum pt_msg reason_of(enum pt_msg why)
{
    return sim_is_about_authority(why) ? PT_MSG_ENTRY_NOT_ALLOWED : why;
}

struct pt_hash sim_sight_digest(const struct sim_sight *sight)
{
    struct pt_buf bytes = {0};
    const struct pt_assessment *state = &sight->state;
    put_answers(&bytes, state);
    pt_buf_put_u32(&bytes, (uint32_t)state->state);
    pt_buf_put_u8(&bytes, state->counts);
    pt_buf_put_u64(&bytes, state->n_conflicts);
    pt_buf_put_u64(&bytes, state->n_pending);
    for (size_t i = 0; i < state->n_surveyors; i++) {
        pt_buf_put_str(&bytes, state->surveyors[i]);
    }
    put_remarks(&bytes, state->notes, state->n_notes);
    put_remarks(&bytes, state->evidence, state->n_evidence);
    put_remarks(&bytes, state->places, state->n_places);
    for (size_t i = 0; i < state->n_ineffective; i++) {
        put_place(&bytes, state->ineffective[i].view, state->ineffective[i].seq);
        pt_buf_put_u32(&bytes, (uint32_t)reason_of(state->ineffective[i].why));
    }
    return close_digest(&bytes);
}
