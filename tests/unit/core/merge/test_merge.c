#include "core/merge/merge.h"

#include "base/mem.h"
#include "core/wire/pack.h"
#include "support/instrument_fixture.h"
#include "support/office_kit.h"

#include <criterion/criterion.h>
#include <string.h>

#define SUBJECT "a:2023/62.71/x"
#define SURVEY                                                                                                         \
    "type,name,label,weight,max_score\n"                                                                               \
    "integer,n,Number,60,10\ninteger,k,Other,40,10\nbegin repeat,respondent,Respondent,,\ninteger,r,Delay,,\nend "     \
    "repeat,,,,\n"

/* One assessment: the offices of office_kit.h, siti as a second device, logs of region, budi, siti and head office. */
struct scene {
    struct fixture f;
    struct world offices;
    struct world logs;
    struct pt_authority authority;
    struct pt_view *region, *budi, *siti, *root;
    struct pt_subject subject;
};

static uint32_t number_of(const struct scene *s, const char *name)
{
    return s->f.ins.nodes[fixture_node(&s->f, name)].number;
}

static void assign(struct scene *s, struct pt_view *by, const char *name)
{
    Patuh__Assignment detail = PATUH__ASSIGNMENT__INIT;
    detail.surveyor = pt_text_of(name);
    entry_add(&s->logs, by, PATUH__ENTRY_KIND__ENTRY_ASSIGN, &detail);
}

static void scene_open(struct scene *s)
{
    Patuh__Opening opening = PATUH__OPENING__INIT;
    char code[] = "62";
    *s = (struct scene){.offices = usual(), .logs = make(), .subject = kit_subject(SUBJECT)};
    fixture_open(&s->f, SURVEY, "list_name,name,label\n", SETTINGS("zero", "exclude"));
    member_add(&s->offices, &s->offices.views[1], "ani", ANI, PATUH__ROLE__ROLE_DEVICE);
    s->authority = build(&s->offices);
    s->region = log_add(&s->logs, SUBJECT, REGION_62, 1);
    s->budi = log_add(&s->logs, SUBJECT, BUDI, 1);
    s->siti = log_add(&s->logs, SUBJECT, ANI, 1);
    s->root = log_add(&s->logs, SUBJECT, ROOT, 1);
    opening.office = code;
    entry_add(&s->logs, s->region, PATUH__ENTRY_KIND__ENTRY_OPEN, &opening);
    assign(s, s->region, "budi");
    assign(s, s->region, "ani");
}

static void scene_close(struct scene *s)
{
    pt_arena_close(&s->offices.arena);
    pt_arena_close(&s->logs.arena);
    fixture_close(&s->f);
    cr_expect_eq(pt_mem_alive(), 0);
}

/* The last entry of a log, as another author sees it. */
static struct pt_entry_ref last_of(const struct pt_view *view)
{
    struct pt_entry_ref ref = {
        .author = view->log.author, .incarnation = view->log.incarnation, .seq = view->n_entries};
    memcpy(ref.link, view->chunks[view->n_chunks - 1].link.b, sizeof ref.link);
    return ref;
}

static void claim(struct scene *s, struct pt_view *by, Patuh__EntryKind kind, const char *question, int64_t number,
                  const struct pt_entry_ref *refs, size_t n_refs)
{
    struct pt_entry entry = kit_answer(number_of(s, question), number);
    Patuh__Decision decision = PATUH__DECISION__INIT;
    struct pt_bytes kept = pt_arena_dup(&s->logs.arena, pt_bytes_of(refs, n_refs * sizeof *refs));
    entry.kind = kind;
    entry.detail = kit_pack(&decision, &s->logs.arena);
    memcpy(&entry.replaces, &kept.data, sizeof entry.replaces);
    entry.n_replaces = n_refs;
    chunk_add(by, &entry);
}

static void answer(struct scene *s, struct pt_view *by, int64_t number)
{
    claim(s, by, PATUH__ENTRY_KIND__ENTRY_ANSWER, "n", number, NULL, 0);
}

static void answer_over(struct scene *s, struct pt_view *by, int64_t number, struct pt_entry_ref target)
{
    claim(s, by, PATUH__ENTRY_KIND__ENTRY_ANSWER, "n", number, &target, 1);
}

/* A move whose cut is all that is there of the given logs. */
static void move(struct scene *s, struct pt_view *by, Patuh__State to, struct pt_view *const *seen, size_t n_seen)
{
    Patuh__Move detail = PATUH__MOVE__INIT;
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
    detail.to = to;
    detail.n_cut = n_seen;
    detail.cut = cut;
    entry_add(&s->logs, by, PATUH__ENTRY_KIND__ENTRY_MOVE, &detail);
}

static const struct pt_instrument *find_instrument(void *data, const struct pt_hash *hash)
{
    const struct scene *s = data;
    return hash->b[0] == 1 ? &s->f.ins : NULL;
}

static const char *find_text(void *data, const struct pt_hash *hash)
{
    (void)data;
    (void)hash;
    return NULL;
}

static int compare_views(const void *a, const void *b)
{
    const struct pt_view *x = a;
    const struct pt_view *y = b;
    return pt_log_id_cmp(&x->log, &y->log);
}

static struct pt_assessment merge(struct scene *s, enum pt_level level)
{
    struct pt_assessment out = {0};
    struct pt_bytes kept = pt_arena_dup(&s->logs.arena, pt_bytes_of(s->logs.views, s->logs.n * sizeof *s->logs.views));
    struct pt_view *views = NULL;
    memcpy(&views, &kept.data, sizeof views);
    qsort(views, s->logs.n, sizeof *views, compare_views);
    struct pt_merge_input input = {
        .subject = &s->subject,
        .views = views,
        .n_views = s->logs.n,
        .authority = &s->authority,
        .instrument = &s->f.ins,
        .lookup = {.instrument = find_instrument, .text = find_text, .data = s},
        .level = level,
    };
    cr_assert_eq(pt_merge(&input, &s->logs.arena, &out), PT_OK);
    return out;
}

/* Values of question n as "5" or "5 7"; "-" when there is none. */
static void expect_n(struct scene *s, enum pt_level level, const char *expected)
{
    struct pt_buf text = {0};
    struct pt_assessment a = merge(s, level);
    for (size_t i = 0; i < a.answers.n_answers; i++) {
        const struct pt_answer *found = &a.answers.answers[i];
        for (size_t k = 0; found->question == number_of(s, "n") && k < found->n_values; k++) {
            pt_buf_printf(&text, "%s%d", text.n == 0 ? "" : " ", (int)found->values[k].number.mantissa);
        }
    }
    cr_expect_str_eq(text.n == 0 ? "-" : pt_buf_text(&text), expected);
    pt_buf_free(&text);
}

Test(merge, concurrent_answers_are_a_conflict_until_a_decision)
{
    struct scene s;
    scene_open(&s);
    answer(&s, s.budi, 5);
    answer(&s, s.siti, 7);
    expect_n(&s, PT_LEVEL_WORK, "5 7");
    cr_expect_eq(merge(&s, PT_LEVEL_WORK).n_conflicts, 1);
    struct pt_entry_ref both[2] = {last_of(s.budi), last_of(s.siti)};
    claim(&s, s.region, PATUH__ENTRY_KIND__ENTRY_DECIDE, "n", 7, both, 2);
    expect_n(&s, PT_LEVEL_WORK, "7");
    scene_close(&s);
}

Test(merge, equal_answers_are_one_value)
{
    struct scene s;
    scene_open(&s);
    answer(&s, s.budi, 5);
    answer(&s, s.siti, 5);
    expect_n(&s, PT_LEVEL_WORK, "5");
    answer(&s, s.siti, 6);
    expect_n(&s, PT_LEVEL_WORK, "5 6");
    scene_close(&s);
}

/* reviewer_resolution_races_new_edit, and two decisions that differ */
Test(merge, what_a_decision_did_not_see_is_a_conflict_again)
{
    struct scene s;
    scene_open(&s);
    answer(&s, s.budi, 5);
    answer(&s, s.siti, 7);
    struct pt_entry_ref both[2] = {last_of(s.budi), last_of(s.siti)};
    answer(&s, s.budi, 6);
    claim(&s, s.region, PATUH__ENTRY_KIND__ENTRY_DECIDE, "n", 7, both, 2);
    expect_n(&s, PT_LEVEL_WORK, "6 7");
    both[0] = last_of(s.budi);
    claim(&s, s.root, PATUH__ENTRY_KIND__ENTRY_DECIDE, "n", 8, both, 2);
    expect_n(&s, PT_LEVEL_WORK, "7 8");
    scene_close(&s);
}

Test(merge, an_answer_replaces_what_it_has_seen)
{
    struct scene s;
    scene_open(&s);
    answer(&s, s.budi, 5);
    answer_over(&s, s.siti, 7, last_of(s.budi));
    expect_n(&s, PT_LEVEL_WORK, "7");
    answer_over(&s, s.budi, 8, last_of(s.siti));
    expect_n(&s, PT_LEVEL_WORK, "8");
    answer_over(&s, s.siti, 9, last_of(s.budi));
    expect_n(&s, PT_LEVEL_WORK, "9");
    scene_close(&s);
}

Test(merge, no_answer_settles_two_values)
{
    struct scene s;
    scene_open(&s);
    answer(&s, s.budi, 5);
    answer(&s, s.siti, 7);
    answer_over(&s, s.siti, 7, last_of(s.budi)); /* its own 7 against budi's 5 */
    expect_n(&s, PT_LEVEL_WORK, "5 7");
    answer_over(&s, s.siti, 8, last_of(s.budi));
    expect_n(&s, PT_LEVEL_WORK, "5 8");
    answer(&s, s.siti, 5);
    expect_n(&s, PT_LEVEL_WORK, "5");
    scene_close(&s);
}

Test(merge, a_missing_or_forked_target_is_waited_for)
{
    struct scene s;
    scene_open(&s);
    answer(&s, s.budi, 5);
    answer_over(&s, s.siti, 7, last_of(s.budi));
    s.budi->n_entries = s.budi->n_chunks = 0;
    expect_n(&s, PT_LEVEL_WORK, "7");
    s.budi->n_entries = s.budi->n_chunks = 1;
    expect_n(&s, PT_LEVEL_WORK, "7");
    s.budi->chunks[0].link.b[0] ^= 1; /* the other branch */
    expect_n(&s, PT_LEVEL_WORK, "5 7");
    scene_close(&s);
}

Test(merge, an_ineffective_entry_replaces_nothing_until_its_authority_arrives)
{
    struct scene s;
    scene_open(&s);
    answer(&s, s.budi, 5);
    answer_over(&s, s.siti, 7, last_of(s.budi));
    s.region->n_entries = s.region->n_chunks = 2; /* ani is not assigned yet */
    expect_n(&s, PT_LEVEL_WORK, "5");
    struct pt_assessment a = merge(&s, PT_LEVEL_WORK);
    cr_assert_eq(a.n_ineffective, 1);
    cr_expect_eq(a.ineffective[0].why, PT_MSG_ENTRY_NOT_ASSIGNED);
    s.region->n_entries = s.region->n_chunks = 3;
    expect_n(&s, PT_LEVEL_WORK, "7");
    cr_expect_eq(merge(&s, PT_LEVEL_WORK).n_ineffective, 0);
    s.siti->chunks[0].instrument.b[0] = 9;
    a = merge(&s, PT_LEVEL_WORK);
    cr_assert_eq(a.n_ineffective, 1);
    cr_expect_eq(a.ineffective[0].why, PT_MSG_ENTRY_NO_INSTRUMENT);
    scene_close(&s);
}

/* Names of surveyors are unique within an office only. */
Test(merge, a_surveyor_of_the_same_name_elsewhere_may_not_write)
{
    struct scene s;
    scene_open(&s);
    struct pt_view *neighbour = log_add(&s.offices, "o:63", REGION_63, 1);
    member_add(&s.offices, neighbour, "budi", STRANGER, PATUH__ROLE__ROLE_DEVICE);
    s.authority = build(&s.offices);
    answer(&s, log_add(&s.logs, SUBJECT, STRANGER, 1), 66);
    expect_n(&s, PT_LEVEL_WORK, "-");
    member_add(&s.offices, neighbour, "claimed", BUDI, PATUH__ROLE__ROLE_DEVICE);
    s.authority = build(&s.offices);
    answer(&s, s.budi, 5);
    expect_n(&s, PT_LEVEL_WORK, "5");
    scene_close(&s);
}

Test(merge, what_comes_after_the_cut_is_pending)
{
    struct scene s;
    scene_open(&s);
    answer(&s, s.budi, 5);
    expect_n(&s, PT_LEVEL_SUBMITTED, "-");
    move(&s, s.budi, PATUH__STATE__STATE_SUBMITTED, &s.region, 1);
    answer(&s, s.budi, 6);
    expect_n(&s, PT_LEVEL_SUBMITTED, "5");
    expect_n(&s, PT_LEVEL_WORK, "6");
    struct pt_assessment a = merge(&s, PT_LEVEL_SUBMITTED);
    cr_expect_eq(a.state, PATUH__STATE__STATE_SUBMITTED);
    cr_expect_eq(a.n_pending, 1);
    move(&s, s.budi, PATUH__STATE__STATE_SUBMITTED, &s.region, 1);
    expect_n(&s, PT_LEVEL_SUBMITTED, "6");
    scene_close(&s);
}

Test(merge, two_concurrent_submits_count_together)
{
    struct scene s;
    scene_open(&s);
    answer(&s, s.budi, 5);
    claim(&s, s.siti, PATUH__ENTRY_KIND__ENTRY_ANSWER, "k", 4, NULL, 0);
    move(&s, s.budi, PATUH__STATE__STATE_SUBMITTED, &s.region, 1);
    move(&s, s.siti, PATUH__STATE__STATE_SUBMITTED, &s.region, 1);
    cr_expect_eq(merge(&s, PT_LEVEL_SUBMITTED).answers.n_answers, 2);
    scene_close(&s);
}

Test(merge, a_return_stands_after_the_submit_and_a_new_submit_after_the_return)
{
    struct scene s;
    scene_open(&s);
    answer(&s, s.budi, 5);
    move(&s, s.budi, PATUH__STATE__STATE_SUBMITTED, &s.region, 1);
    move(&s, s.region, PATUH__STATE__STATE_HAS_ISSUES, &s.budi, 1);
    cr_expect_eq(merge(&s, PT_LEVEL_WORK).state, PATUH__STATE__STATE_HAS_ISSUES);
    expect_n(&s, PT_LEVEL_SUBMITTED, "-");
    answer(&s, s.budi, 6);
    move(&s, s.budi, PATUH__STATE__STATE_SUBMITTED, &s.region, 1);
    cr_expect_eq(merge(&s, PT_LEVEL_WORK).state, PATUH__STATE__STATE_SUBMITTED);
    expect_n(&s, PT_LEVEL_SUBMITTED, "6");
    scene_close(&s);
}

/* A surveyor who submits again undoes no approval; a region none of head office's. */
Test(merge, a_lower_tier_does_not_undo_an_approval)
{
    struct scene s;
    scene_open(&s);
    answer(&s, s.budi, 5);
    move(&s, s.region, PATUH__STATE__STATE_APPROVED_REGION, &s.budi, 1);
    answer(&s, s.budi, 6);
    move(&s, s.budi, PATUH__STATE__STATE_SUBMITTED, &s.region, 1);
    cr_expect_eq(merge(&s, PT_LEVEL_WORK).state, PATUH__STATE__STATE_APPROVED_REGION);
    expect_n(&s, PT_LEVEL_REGION, "5");
    struct pt_view *seen[2] = {s.budi, s.region};
    move(&s, s.root, PATUH__STATE__STATE_APPROVED_NATIONAL, seen, 2);
    expect_n(&s, PT_LEVEL_NATIONAL, "6");
    seen[1] = s.root;
    move(&s, s.region, PATUH__STATE__STATE_HAS_ISSUES, seen, 2);
    cr_expect_eq(merge(&s, PT_LEVEL_WORK).state, PATUH__STATE__STATE_APPROVED_NATIONAL);
    move(&s, s.root, PATUH__STATE__STATE_HAS_ISSUES, &s.region, 1);
    cr_expect_eq(merge(&s, PT_LEVEL_WORK).state, PATUH__STATE__STATE_HAS_ISSUES);
    scene_close(&s);
}

/* What a surveyor proposes counts as submitted; what the office says so is final up to head office's level. */
Test(merge, not_assessed_is_final_when_an_office_confirms_it)
{
    struct scene s;
    scene_open(&s);
    move(&s, s.budi, PATUH__STATE__STATE_NOT_ASSESSED, &s.region, 1);
    cr_expect(merge(&s, PT_LEVEL_SUBMITTED).counts);
    struct pt_assessment a = merge(&s, PT_LEVEL_REGION);
    cr_expect_not(a.counts);
    cr_expect_eq(a.state_tier, 0);
    move(&s, s.region, PATUH__STATE__STATE_NOT_ASSESSED, &s.budi, 1);
    answer(&s, s.budi, 6);
    move(&s, s.budi, PATUH__STATE__STATE_SUBMITTED, &s.region, 1);
    for (int level = PT_LEVEL_SUBMITTED; level <= PT_LEVEL_NATIONAL; level++) {
        a = merge(&s, (enum pt_level)level);
        cr_expect(a.counts, "level %d", level);
        cr_expect_eq(a.state, PATUH__STATE__STATE_NOT_ASSESSED, "a surveyor does not undo it");
        cr_expect_eq(a.state_tier, 1);
        cr_expect_eq(a.n_pending, 2, "level %d", level);
    }
    cr_expect_not(merge(&s, PT_LEVEL_FIXED).counts);
    move(&s, s.region, PATUH__STATE__STATE_HAS_ISSUES, &s.budi, 1);
    move(&s, s.budi, PATUH__STATE__STATE_SUBMITTED, &s.region, 1);
    cr_expect_eq(merge(&s, PT_LEVEL_WORK).state, PATUH__STATE__STATE_SUBMITTED, "after a return it goes on");
    scene_close(&s);
}

Test(merge, of_concurrent_moves_the_higher_tier_and_then_the_less_approved_wins)
{
    struct scene s;
    scene_open(&s);
    answer(&s, s.budi, 5);
    move(&s, s.region, PATUH__STATE__STATE_APPROVED_REGION, &s.budi, 1);
    move(&s, s.root, PATUH__STATE__STATE_HAS_ISSUES, &s.budi, 1);
    cr_expect_eq(merge(&s, PT_LEVEL_WORK).state, PATUH__STATE__STATE_HAS_ISSUES);
    struct pt_view *restored = log_add(&s.logs, SUBJECT, REGION_62, 2);
    struct pt_view *seen[2] = {s.region, s.root};
    move(&s, restored, PATUH__STATE__STATE_APPROVED_REGION, seen, 1);
    cr_expect_eq(merge(&s, PT_LEVEL_WORK).state, PATUH__STATE__STATE_HAS_ISSUES);
    scene_close(&s);
}

Test(merge, who_may_move)
{
    static const struct {
        Patuh__State to;
        bool surveyor, region, root;
    } rows[] = {{PATUH__STATE__STATE_DRAFT, false, false, false},
                {PATUH__STATE__STATE_SUBMITTED, true, true, true},
                {PATUH__STATE__STATE_HAS_ISSUES, false, true, true},
                {PATUH__STATE__STATE_APPROVED_REGION, false, true, true},
                {PATUH__STATE__STATE_APPROVED_NATIONAL, false, false, true},
                {PATUH__STATE__STATE_FIXED, false, false, false},
                {PATUH__STATE__STATE_NOT_ASSESSED, true, true, true}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t who = 0; who < 3; who++) {
            struct scene s;
            scene_open(&s);
            struct pt_view *by = who == 0 ? s.budi : who == 1 ? s.region : s.root;
            bool may = who == 0 ? rows[i].surveyor : who == 1 ? rows[i].region : rows[i].root;
            move(&s, by, rows[i].to, NULL, 0);
            cr_expect_eq(merge(&s, PT_LEVEL_WORK).n_ineffective, may ? 0 : 1, "row %zu, who %zu", i, who);
            scene_close(&s);
        }
    }
}

Test(merge, a_move_between_offices_keeps_what_the_old_one_did)
{
    struct scene s;
    Patuh__OfficeMove detail = PATUH__OFFICE_MOVE__INIT;
    Patuh__LogSeen seen = PATUH__LOG_SEEN__INIT;
    Patuh__LogSeen *cut[] = {&seen};
    char code[] = "63";
    scene_open(&s);
    answer(&s, s.budi, 5);
    seen.has_seq = seen.has_link = true;
    seen.seq = s.region->n_entries;
    seen.link = (ProtobufCBinaryData){.len = PT_HASH_BYTES, .data = s.region->chunks[s.region->n_chunks - 1].link.b};
    detail.office = code;
    detail.n_cut = 1;
    detail.cut = cut;
    entry_add(&s.logs, s.root, PATUH__ENTRY_KIND__ENTRY_MOVE_OFFICE, &detail);
    cr_expect_eq(merge(&s, PT_LEVEL_WORK).n_ineffective, 0, "opening and assignments stand");
    expect_n(&s, PT_LEVEL_WORK, "5");
    move(&s, s.region, PATUH__STATE__STATE_APPROVED_REGION, &s.budi, 1);
    cr_expect_eq(merge(&s, PT_LEVEL_WORK).state, PATUH__STATE__STATE_DRAFT, "after the move it has no say");
    move(&s, log_add(&s.logs, SUBJECT, REGION_63, 1), PATUH__STATE__STATE_APPROVED_REGION, &s.budi, 1);
    cr_expect_eq(merge(&s, PT_LEVEL_WORK).state, PATUH__STATE__STATE_APPROVED_REGION);
    scene_close(&s);
}

static void add_respondent(struct scene *s, struct pt_view *by, char *name)
{
    struct pt_entry add = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_ADD_INSTANCE, 0);
    add.question = number_of(s, "respondent");
    chunk_add(by, &add);
    pt_entry_instance_name(&by->log, by->n_entries, name);
}

/* seen: the last entry of another log that its author knew; NULL for none. */
static void remove_instance(struct scene *s, struct pt_view *by, const char *name, const struct pt_entry_ref *seen)
{
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_REMOVE_INSTANCE, 0);
    struct pt_bytes kept = pt_arena_dup(&s->logs.arena, pt_bytes_of(seen, seen == NULL ? 0 : sizeof *seen));
    entry.question = number_of(s, "respondent");
    entry.instance = pt_arena_str(&s->logs.arena, name);
    entry.replaces = seen == NULL ? NULL : (const struct pt_entry_ref *)kept.data;
    entry.n_replaces = seen == NULL ? 0 : 1;
    chunk_add(by, &entry);
}

Test(merge, instances_come_and_go_with_their_answers)
{
    struct scene s;
    scene_open(&s);
    struct pt_entry delay = kit_answer(number_of(&s, "r"), 3);
    char name[6];
    add_respondent(&s, s.budi, name);
    delay.instance = name;
    chunk_add(s.siti, &delay);
    struct pt_assessment a = merge(&s, PT_LEVEL_WORK);
    cr_assert_eq(a.answers.n_instances, 1);
    cr_expect_str_eq(a.answers.instances[0].name, name);
    cr_assert_eq(a.answers.n_answers, 1);
    cr_expect_eq(a.answers.answers[0].instance, 1);
    remove_instance(&s, s.siti, name, NULL);
    a = merge(&s, PT_LEVEL_WORK);
    cr_expect_eq(a.answers.n_instances, 0);
    cr_expect_eq(a.answers.n_answers, 0);
    scene_close(&s);
}

Test(merge, no_answer_disappears_in_a_removal_that_did_not_know_of_it)
{
    struct scene s;
    scene_open(&s);
    struct pt_entry delay = kit_answer(number_of(&s, "r"), 3);
    char name[6];
    add_respondent(&s, s.budi, name);
    delay.instance = name;
    chunk_add(s.siti, &delay);
    struct pt_entry_ref seen = last_of(s.siti);
    chunk_add(s.siti, &delay);
    remove_instance(&s, s.budi, name, &seen);
    struct pt_assessment a = merge(&s, PT_LEVEL_WORK);
    cr_expect_eq(a.answers.n_instances, 1, "siti answered again meanwhile");
    cr_assert_eq(a.n_ineffective, 1);
    cr_expect_eq(a.ineffective[0].why, PT_MSG_ENTRY_REMOVED_IN_VAIN);
    cr_expect_eq(a.ineffective[0].seq, s.budi->n_entries);
    seen = last_of(s.siti);
    remove_instance(&s, s.budi, name, &seen);
    a = merge(&s, PT_LEVEL_WORK);
    cr_expect_eq(a.answers.n_instances, 0, "now it was known");
    cr_expect_eq(a.answers.n_answers, 0);
    scene_close(&s);
}

Test(merge, two_removals_take_away_what_each_of_them_knew)
{
    struct scene s;
    scene_open(&s);
    struct pt_entry delay = kit_answer(number_of(&s, "r"), 3);
    char name[6];
    add_respondent(&s, s.budi, name);
    delay.instance = name;
    chunk_add(s.siti, &delay);
    remove_instance(&s, s.budi, name, NULL);
    cr_expect_eq(merge(&s, PT_LEVEL_WORK).answers.n_instances, 1);
    remove_instance(&s, s.siti, name, NULL);
    cr_expect_eq(merge(&s, PT_LEVEL_WORK).answers.n_instances, 0);
    cr_expect_eq(merge(&s, PT_LEVEL_WORK).n_ineffective, 0, "both were in time");
    scene_close(&s);
}

Test(merge, evidence_is_there_until_removed_and_again_when_attached_again)
{
    struct scene s;
    static const Patuh__EntryKind kinds[] = {PATUH__ENTRY_KIND__ENTRY_ADD_EVIDENCE,
                                             PATUH__ENTRY_KIND__ENTRY_REMOVE_EVIDENCE,
                                             PATUH__ENTRY_KIND__ENTRY_ADD_EVIDENCE};
    static const size_t expected[] = {1, 0, 1};
    scene_open(&s);
    for (size_t i = 0; i < 3; i++) {
        struct pt_entry entry = pt_entry_of(kinds[i], 0);
        entry.question = number_of(&s, "n");
        entry.hash.b[0] = 5;
        chunk_add(s.budi, &entry);
        cr_expect_eq(merge(&s, PT_LEVEL_WORK).n_evidence, expected[i], "row %zu", i);
    }
    scene_close(&s);
}

Test(merge, oom_loop)
{
    struct scene s;
    scene_open(&s);
    answer(&s, s.budi, 5);
    move(&s, s.budi, PATUH__STATE__STATE_SUBMITTED, &s.region, 1);
    qsort(s.logs.views, s.logs.n, sizeof *s.logs.views, compare_views);
    struct pt_merge_input input = {.subject = &s.subject,
                                   .views = s.logs.views,
                                   .n_views = s.logs.n,
                                   .authority = &s.authority,
                                   .instrument = &s.f.ins,
                                   .lookup = {.instrument = find_instrument, .text = find_text, .data = &s}};
    enum pt_err err = PT_ENOMEM;
    for (size_t pass = 0; err != PT_OK; pass++) {
        struct pt_arena arena;
        struct pt_assessment out = {.n_entries = 77};
        pt_arena_init(&arena, SIZE_MAX);
        pt_mem_fault_arm(pass);
        err = pt_merge(&input, &arena, &out);
        pt_mem_fault_disarm();
        cr_assert(err == PT_OK || (err == PT_ENOMEM && out.n_entries == 77), "allocation %zu", pass);
        pt_arena_close(&arena);
        cr_assert_lt(pass, 200);
    }
    scene_close(&s);
}
