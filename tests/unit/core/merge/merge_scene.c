#include "merge_scene.h"

#include "base/mem.h"
#include "core/wire/pack.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define SURVEY                                                                                                         \
    "type,name,label,weight,max_score\n"                                                                               \
    "integer,n,Number,60,10\ninteger,k,Other,40,10\nbegin repeat,respondent,Respondent,,\ninteger,r,Delay,,\nend "     \
    "repeat,,,,\nbegin repeat,desk,Desk,,\ninteger,d,Queue,,\nend repeat,,,,\n"

uint32_t ms_number_of(const struct merge_scene *s, const char *name)
{
    return s->f.ins.nodes[fixture_node(&s->f, name)].number;
}

void ms_assign(struct merge_scene *s, struct pt_view *by, const char *name)
{
    Patuh__Assignment detail = PATUH__ASSIGNMENT__INIT;
    detail.surveyor = pt_text_of(name);
    entry_add(&s->logs, by, PATUH__ENTRY_KIND__ENTRY_ASSIGN, &detail);
}

void ms_open(struct merge_scene *s)
{
    Patuh__Opening opening = PATUH__OPENING__INIT;
    char code[] = "62";
    *s = (struct merge_scene){.offices = usual(), .logs = make(), .subject = kit_subject(SUBJECT)};
    fixture_open(&s->f, SURVEY, "list_name,name,label\n", SETTINGS("zero", "exclude"));
    member_add(&s->offices, &s->offices.views[1], "ani", ANI, PATUH__ROLE__ROLE_DEVICE);
    s->authority = build(&s->offices);
    s->region = log_add(&s->logs, SUBJECT, REGION_62, 1);
    s->budi = log_add(&s->logs, SUBJECT, BUDI, 1);
    s->siti = log_add(&s->logs, SUBJECT, ANI, 1);
    s->root = log_add(&s->logs, SUBJECT, ROOT, 1);
    opening.office = code;
    entry_add(&s->logs, s->region, PATUH__ENTRY_KIND__ENTRY_OPEN, &opening);
    ms_assign(s, s->region, "budi");
    ms_assign(s, s->region, "ani");
}

void ms_close(struct merge_scene *s)
{
    pt_arena_close(&s->offices.arena);
    pt_arena_close(&s->logs.arena);
    fixture_close(&s->f);
    cr_expect_eq(pt_mem_alive(), 0);
}

/* The last entry of a log, as another author sees it. */
struct pt_entry_ref ms_last_of(const struct pt_view *view)
{
    struct pt_entry_ref ref = {
        .author = view->log.author, .incarnation = view->log.incarnation, .seq = view->n_entries};
    memcpy(ref.link, view->chunks[view->n_chunks - 1].link.b, sizeof ref.link);
    return ref;
}

void ms_claim(struct merge_scene *s, struct pt_view *by, Patuh__EntryKind kind, const char *question, int64_t number,
              const struct pt_entry_ref *refs, size_t n_refs)
{
    struct pt_entry entry = kit_answer(ms_number_of(s, question), number);
    Patuh__Decision decision = PATUH__DECISION__INIT;
    struct pt_bytes kept = pt_arena_dup(&s->logs.arena, pt_bytes_of(refs, n_refs * sizeof *refs));
    entry.kind = kind;
    entry.detail = kit_pack(&decision, &s->logs.arena);
    memcpy(&entry.replaces, &kept.data, sizeof entry.replaces);
    entry.n_replaces = n_refs;
    chunk_add(by, &entry);
}

void ms_answer(struct merge_scene *s, struct pt_view *by, int64_t number)
{
    ms_claim(s, by, PATUH__ENTRY_KIND__ENTRY_ANSWER, "n", number, NULL, 0);
}

void ms_answer_over(struct merge_scene *s, struct pt_view *by, int64_t number, struct pt_entry_ref target)
{
    ms_claim(s, by, PATUH__ENTRY_KIND__ENTRY_ANSWER, "n", number, &target, 1);
}

/* A move whose cut is all that is there of the given logs; kind: its state and what it says of a version. */
void ms_move_as(struct merge_scene *s, struct pt_view *by, const Patuh__Move *kind, struct pt_view *const *seen,
                size_t n_seen)
{
    Patuh__Move detail = *kind;
    Patuh__LogSeen items[4];
    Patuh__LogSeen *cut[4];
    for (size_t i = 0; i < n_seen; i++) {
        patuh__log_seen__init(&items[i]);
        items[i].has_author = items[i].has_incarnation = items[i].has_seq = items[i].has_link = true;
        items[i].author = (ProtobufCBinaryData){.len = PT_HASH_BYTES, .data = seen[i]->log.author.b};
        items[i].incarnation = seen[i]->log.incarnation;
        items[i].seq = seen[i]->n_entries;
        items[i].link =
            (ProtobufCBinaryData){.len = PT_HASH_BYTES, .data = seen[i]->chunks[seen[i]->n_chunks - 1].link.b};
        cut[i] = &items[i];
    }
    detail.has_to = true;
    detail.n_cut = n_seen;
    detail.cut = cut;
    entry_add(&s->logs, by, PATUH__ENTRY_KIND__ENTRY_MOVE, &detail);
}

void ms_move(struct merge_scene *s, struct pt_view *by, Patuh__State to, struct pt_view *const *seen, size_t n_seen)
{
    Patuh__Move kind = PATUH__MOVE__INIT;
    kind.to = to;
    ms_move_as(s, by, &kind, seen, n_seen);
}

/* Head office puts the assessment into a version: what counts of budi's log, the others whole. */
void ms_fix(struct merge_scene *s, uint32_t version, uint64_t counted)
{
    Patuh__Move kind = PATUH__MOVE__INIT;
    uint64_t counts[] = {counted, s->region->n_entries};
    struct pt_view *seen[] = {s->budi, s->region};
    kind.to = PATUH__STATE__STATE_FIXED;
    kind.has_version = true;
    kind.version = version;
    kind.n_counted = 2;
    kind.counted = counts;
    ms_move_as(s, s->root, &kind, seen, 2);
}

void ms_reopen(struct merge_scene *s, uint32_t version)
{
    Patuh__Move kind = PATUH__MOVE__INIT;
    struct pt_view *seen[] = {s->region};
    kind.to = PATUH__STATE__STATE_APPROVED_NATIONAL;
    kind.has_reopens = true;
    kind.reopens = version;
    ms_move_as(s, s->root, &kind, seen, 1);
}

const struct pt_instrument *ms_find_instrument(void *data, const struct pt_hash *hash)
{
    const struct merge_scene *s = data;
    return hash->b[0] == 1 ? &s->f.ins : NULL;
}

const char *ms_find_text(void *data, const struct pt_hash *hash)
{
    (void)data;
    (void)hash;
    return NULL;
}

int ms_compare_views(const void *a, const void *b)
{
    const struct pt_view *x = a;
    const struct pt_view *y = b;
    return pt_log_id_cmp(&x->log, &y->log);
}

struct pt_assessment ms_merge_version(struct merge_scene *s, enum pt_level level, uint32_t version)
{
    struct pt_assessment out = {0};
    struct pt_bytes kept = pt_arena_dup(&s->logs.arena, pt_bytes_of(s->logs.views, s->logs.n * sizeof *s->logs.views));
    struct pt_view *views = NULL;
    memcpy(&views, &kept.data, sizeof views);
    qsort(views, s->logs.n, sizeof *views, ms_compare_views);
    struct pt_merge_input input = {
        .subject = &s->subject,
        .views = views,
        .n_views = s->logs.n,
        .authority = &s->authority,
        .office = s->office,
        .instrument = &s->f.ins,
        .lookup = {.instrument = ms_find_instrument, .text = ms_find_text, .data = s},
        .level = level,
        .version = version,
    };
    cr_assert_eq(pt_merge(&input, &s->logs.arena, &out), PT_OK);
    return out;
}

struct pt_assessment ms_merge(struct merge_scene *s, enum pt_level level)
{
    return ms_merge_version(s, level, 0);
}

/* Values of question n as "5" or "5 7"; "-" when there is none. */
void ms_expect_values(struct merge_scene *s, const struct pt_assessment *a, const char *expected)
{
    struct pt_buf text = {0};
    for (size_t i = 0; i < a->answers.n_answers; i++) {
        const struct pt_answer *found = &a->answers.answers[i];
        for (size_t k = 0; found->question == ms_number_of(s, "n") && k < found->n_values; k++) {
            pt_buf_printf(&text, "%s%d", text.n == 0 ? "" : " ", (int)found->values[k].number.mantissa);
        }
    }
    cr_expect_str_eq(text.n == 0 ? "-" : pt_buf_text(&text), expected);
    pt_buf_free(&text);
}

void ms_expect_n(struct merge_scene *s, enum pt_level level, const char *expected)
{
    struct pt_assessment a = ms_merge(s, level);
    ms_expect_values(s, &a, expected);
}
