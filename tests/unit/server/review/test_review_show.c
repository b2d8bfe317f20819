/* What a reviewer is shown of an assessment, and what status and list say of it. */
#include "desk.h"

#include "commands/command.h"
#include "core/store/meta.h"
#include "core/wire/pack.h"
#include "review/review_print.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* --- what is shown --- */

static void expect_shown(struct desk *d, bool json, const char *part)
{
    struct review_case c = desk_look(d);
    struct pt_buf out = {0};
    cr_assert_eq(review_put_form(&c, json, &out), PT_OK);
    cr_expect_not_null(strstr(pt_buf_text(&out), part), "without %s:\n%s", part, pt_buf_text(&out));
    pt_buf_free(&out);
    review_case_close(&c);
}

Test(review, shows_texts_labels_score_and_what_is_missing)
{
    struct desk d;
    desk_open(&d);
    desk_open_for_both(&d);
    world_answer(&d.w, WORLD_ANA, UNIT, "desk", "l2");
    expect_shown(&d, false, "Provisional score: ");
    expect_shown(&d, false, "\n       Loket\n");
    expect_shown(&d, false, "Still missing:\n   sign  Papan\n   staff  Petugas\n");
    expect_shown(&d, true, "\"label\":\"Loket\",\"value\":\"l2\",\"value_label\":\"l2\"");
    expect_shown(&d, true, "\"settled\":");
    expect_shown(&d, true, "\"missing\":[{\"path\":\"sign\",\"label\":\"Papan\",");
    world_answer(&d.w, WORLD_BUDI, UNIT, "desk", "l4");
    expect_shown(&d, false, "l2 (ana) <> l4 (budi)");
    desk_close(&d);
}

Test(review, who_agrees_is_named_with_the_others)
{
    struct desk d;
    desk_open(&d);
    desk_open_for_both(&d);
    world_answer(&d.w, WORLD_ANA, UNIT, "desk", "l2");
    struct pt_entry entry = desk_about(&d, "desk", PATUH__ENTRY_KIND__ENTRY_ANSWER);
    entry.value = (struct pt_value){.type = PT_VALUE_CHOICE, .choices = 3};
    world_put(&d.w, WORLD_BUDI, UNIT, &entry);
    struct review_case c = desk_look(&d);
    const struct pt_register *reg = &c.work.state.registers[0];
    const char *names = pt_work_authors(&c.work, reg, &c.work.arena);
    bool ana_first = strcmp(names, "ana, budi") == 0; /* by log */
    cr_expect_eq(reg->n_heads, 2);
    cr_expect(ana_first || strcmp(names, "budi, ana") == 0, "%s", names);
    review_case_close(&c);
    expect_shown(&d, true, ana_first ? "\"author\":\"ana, budi\"" : "\"author\":\"budi, ana\"");
    desk_close(&d);
}

/* --- what status and list say --- */

/* What a command prints at the office of a tier; to be freed. */
static struct pt_buf printed(struct desk *d, enum pt_tier tier, const char *name, const char *const *words, int n)
{
    struct office office = d->offices[tier - 1];
    struct pt_buf out = {0};
    (void)snprintf(office.dir, sizeof office.dir, "%s", d->folder);
    struct command c = {.office = &office, .folder = "/", .argc = n, .argv = words};
    cr_assert_eq(command_run(&c, name), PT_EXIT_GOOD, "%s", pt_buf_text(&c.err));
    pt_buf_put_str(&out, pt_buf_text(&c.out));
    command_close(&c);
    return out;
}

static bool prints(struct desk *d, enum pt_tier tier, const char *name, const char *word, const char *part)
{
    struct pt_buf out = printed(d, tier, name, &word, word == NULL ? 0 : 1);
    bool found = strstr(pt_buf_text(&out), part) != NULL;
    pt_buf_free(&out);
    return found;
}

static void expect_todo(struct desk *d, enum pt_tier tier, const char *code, const char *other, const char *part)
{
    char text[64];
    (void)snprintf(text, sizeof text, "\"code\":\"%s\"", code);
    cr_expect(prints(d, tier, "status", "--json", text), "tier %d: no %s", tier, code);
    (void)snprintf(text, sizeof text, "\"code\":\"%s\"", other);
    cr_expect_not(prints(d, tier, "status", "--json", text), "tier %d: %s", tier, other);
    cr_expect(prints(d, tier, "status", NULL, part), "tier %d: without \"%s\"", tier, part);
}

static void write_world(struct desk *d)
{
    struct pt_txn *txn;
    cr_assert_eq(pt_store_begin_write(d->w.store, &txn), PT_OK);
    cr_assert_eq(pt_meta_put_u64(txn, PT_META_EPOCH, 8), PT_OK);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
}

Test(review, status_says_who_can_go_on)
{
    static const struct {
        enum stage stage;
        bool late; /* the surveyor writes afterwards */
        enum pt_tier tier;
        const char *code;
        const char *other;
        const char *part;
    } rows[] = {
        {SUBMITTED, false, 1, "submitted", "submitted_region", "wait for review"},
        {SUBMITTED, false, 2, "submitted_region", "submitted", "approval of their region"},
        {PROPOSED, false, 1, "not_assessed", "not_assessed_region", "wait for the office"},
        {PROPOSED, false, 2, "not_assessed_region", "not_assessed", "wait for their region"},
        {CONFIRMED_REGION, false, 2, "not_assessed", "not_assessed_region", "wait for the office"},
        {APPROVED_REGION, true, 1, "outside", "outside_upper", "approve again, or return it"},
        {APPROVED_REGION, true, 2, "outside", "outside_region", "approve again, or return it"},
        {APPROVED_NATION, true, 1, "outside_upper", "outside", "ask head office"},
        {APPROVED_NATION, true, 2, "outside", "outside_upper", "approve again, or return it"},
        {FIXED, true, 1, "outside_fixed", "outside", "patuhd unfix"},
        {FIXED, true, 2, "outside_fixed", "outside", "patuhd unfix"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct desk d;
        desk_open(&d);
        write_world(&d);
        desk_bring_to(&d, rows[i].stage);
        if (rows[i].late) {
            world_answer(&d.w, WORLD_ANA, UNIT, "staff", "l1");
        }
        expect_todo(&d, rows[i].tier, rows[i].code, rows[i].other, rows[i].part);
        desk_close(&d);
    }
}

/* What the move names has not come: nobody can go on, and both lists say why. */
Test(review, what_is_not_whole_is_listed_as_such)
{
    struct desk d;
    Patuh__Move move = PATUH__MOVE__INIT;
    Patuh__LogSeen seen = PATUH__LOG_SEEN__INIT;
    Patuh__LogSeen *cut[] = {&seen};
    struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_MOVE, 0);
    desk_open(&d);
    write_world(&d);
    desk_open_for_both(&d);
    world_answer(&d.w, WORLD_ANA, UNIT, "desk", "l2");
    struct pt_head head = world_head(&d.w, WORLD_SOUTH, UNIT);
    struct pt_author budi = pt_author_of(d.w.pairs[WORLD_BUDI].public_key);
    seen.has_author = seen.has_incarnation = seen.has_seq = seen.has_link = true;
    seen.author = (ProtobufCBinaryData){.len = sizeof budi.b, .data = budi.b};
    seen.incarnation = head.log.incarnation;
    seen.seq = 3;
    seen.link = (ProtobufCBinaryData){.len = sizeof head.link.b, .data = head.link.b};
    move.has_to = true;
    move.to = PATUH__STATE__STATE_SUBMITTED;
    move.n_cut = 1;
    move.cut = cut;
    cr_assert_eq(pt_pack(&move.base, &d.w.arena, &entry.detail), PT_OK);
    world_put(&d.w, WORLD_ANA, UNIT, &entry);
    cr_expect_eq(desk_act_on(&d, 1, REVIEW_APPROVE, UNIT_NAME), PT_MSG_REVIEW_INCOMPLETE);
    expect_todo(&d, 1, "incomplete", "submitted", "not whole here");
    expect_todo(&d, 2, "incomplete", "submitted_region", "not whole here");
    cr_expect(prints(&d, 1, "review", "list", "not whole here"));
    cr_expect(prints(&d, 1, "status", "--json", "\"awaits_chunks\":true"));
    desk_close(&d);
}

static struct pt_buf listed(struct desk *d)
{
    static const char *const words[] = {"list", "--json"};
    return printed(d, 1, "review", words, 2);
}

/* Two of three questions have no answer: nobody is kept from approving that, and nobody does it unawares. */
Test(review, what_an_approval_lacks_is_said)
{
    struct desk d;
    struct review_done done = {0};
    struct pt_problem problem = {0};
    struct review_act act = {.kind = REVIEW_APPROVE, .assessment = UNIT_NAME};
    desk_open(&d);
    write_world(&d);
    desk_bring_to(&d, SUBMITTED);
    struct pt_buf list = listed(&d);
    cr_expect_not_null(strstr(pt_buf_text(&list), "\"missing\":2,\"conflicts\":0"), "%s", pt_buf_text(&list));
    cr_expect_not_null(strstr(pt_buf_text(&list), "\"awaits_chunks\":false"), "%s", pt_buf_text(&list));
    pt_buf_free(&list);
    cr_expect_eq(review_do(&d.offices[0], &d.reviewers[0], &act, &done, &problem), PT_OK);
    cr_expect_eq(done.msg, PT_MSG_REVIEW_APPROVED);
    cr_expect_eq(done.n_missing, 2);
    cr_expect_eq(done.n_broken, 0);
    act.kind = REVIEW_UNAPPROVE;
    act.reason = "salah unit";
    cr_expect_eq(review_do(&d.offices[0], &d.reviewers[0], &act, &done, &problem), PT_OK);
    cr_expect_eq(done.n_missing, 0, "only an approval has to be told");
    desk_close(&d);
}

Test(review, a_revoked_key_stays_out_and_nothing_else_is_promised)
{
    struct desk d;
    desk_open(&d);
    write_world(&d);
    desk_bring_to(&d, SUBMITTED);
    world_revoke(&d.w, WORLD_ANA);
    cr_expect(prints(&d, 1, "status", NULL, "stays out; answer it again on another device"));
    desk_close(&d);
}

Test(review, a_reviewer_does_not_sync)
{
    struct desk d;
    desk_open(&d);
    write_world(&d);
    cr_expect(prints(&d, 1, "status", NULL, "reviewer\trini\t-\t0\t\t\t"));
    cr_expect(prints(&d, 1, "status", NULL, "device\tana\t\t0\t\tbelum pernah / never\t"));
    desk_close(&d);
}
