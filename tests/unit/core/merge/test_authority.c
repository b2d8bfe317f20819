#include "core/merge/authority.h"

#include "base/mem.h"
#include "support/office_kit.h"

#include <criterion/criterion.h>
#include <string.h>

/* What stands of `log` ends with entry seq; NULL: nothing stands. */
static void revoke_add(struct world *w, struct pt_view *view, uint8_t who, const struct pt_view *log, uint64_t seq)
{
    Patuh__Revocation revocation = PATUH__REVOCATION__INIT;
    Patuh__LogSeen seen = PATUH__LOG_SEEN__INIT;
    Patuh__LogSeen *cut[] = {&seen};
    struct pt_author author = author_of(who);
    revocation.has_author = true;
    revocation.author = (ProtobufCBinaryData){.len = sizeof author.b, .data = author.b};
    struct pt_hash link = {0};
    if (log != NULL) {
        link = log->chunks[seq - 1].link;
        seen.has_incarnation = seen.has_seq = seen.has_link = true;
        seen.incarnation = log->log.incarnation;
        seen.seq = seq;
        seen.link = (ProtobufCBinaryData){.len = sizeof link.b, .data = link.b};
        revocation.n_cut = 1;
        revocation.cut = cut;
    }
    entry_add(w, view, PATUH__ENTRY_KIND__ENTRY_REVOKE, &revocation);
}

static bool acts(const struct pt_authority *a, uint8_t who, const char *office, enum pt_tier expected_tier)
{
    struct pt_author author = author_of(who);
    enum pt_tier tier = PT_TIER_DEVICE;
    return pt_authority_acts_for(a, &author, office, &tier) && tier == expected_tier;
}

Test(authority, root_names_offices_and_offices_name_members)
{
    struct world w = usual();
    struct pt_authority a = build(&w);
    struct pt_author budi = author_of(BUDI);
    cr_assert_eq(a.n_offices, 3);
    cr_expect(a.offices[0].is_root);
    cr_expect_str_eq(a.offices[0].code, "00");
    cr_expect_str_eq(a.offices[2].code, "63");
    cr_assert_eq(a.n_members, 2);
    const struct pt_member *member = pt_authority_member(&a, &budi);
    cr_assert_not_null(member);
    cr_expect_str_eq(member->name, "budi");
    cr_expect_str_eq(member->office->code, "62");
    cr_expect_null(pt_authority_member_next(&a, member));
    cr_expect(acts(&a, REGION_62, "62", 1));
    cr_expect(acts(&a, SITI, "62", 1), "a reviewer acts for its office");
    cr_expect(acts(&a, ROOT, "62", 2) && acts(&a, ROOT, "63", 2), "head office acts for all");
    cr_expect_not(acts(&a, BUDI, "62", 1), "a device does not");
    cr_expect_not(acts(&a, REGION_62, "63", 1));
    cr_expect_not(acts(&a, SITI, "63", 1));
    cr_expect_not(acts(&a, STRANGER, "62", 1));
    pt_arena_close(&w.arena);
    cr_expect_eq(pt_mem_alive(), 0);
}

/* Two offices may name one key: it acts for both, whichever stands first. */
Test(authority, a_reviewer_of_two_offices_acts_for_both)
{
    struct world w = usual();
    struct pt_view *own = log_add(&w, "o:63", REGION_63, 1);
    member_add(&w, own, "siti", SITI, PATUH__ROLE__ROLE_REVIEWER);
    member_add(&w, own, "budi", BUDI, PATUH__ROLE__ROLE_REVIEWER);
    struct pt_authority a = build(&w);
    cr_expect(acts(&a, SITI, "62", 1));
    cr_expect(acts(&a, SITI, "63", 1));
    cr_expect(acts(&a, BUDI, "63", 1), "a device of one office may be a reviewer of another");
    cr_expect_not(acts(&a, BUDI, "62", 1));
    member_add(&w, &w.views[0], "siti", SITI, PATUH__ROLE__ROLE_REVIEWER);
    a = build(&w);
    cr_expect(acts(&a, SITI, "62", 2), "the higher tier when head office names it too");
    cr_expect(acts(&a, SITI, "64", 2));
    pt_arena_close(&w.arena);
    cr_expect_eq(pt_mem_alive(), 0);
}

Test(authority, claims_of_strangers_and_in_foreign_logs_are_ignored)
{
    struct world w = usual();
    struct pt_view *stranger = log_add(&w, "o:62", STRANGER, 1);
    member_add(&w, stranger, "mallory", STRANGER, PATUH__ROLE__ROLE_REVIEWER);
    office_add(&w, stranger, "64", STRANGER, 9);
    revoke_add(&w, stranger, BUDI, NULL, 0);
    struct pt_view *neighbour = log_add(&w, "o:62", REGION_63, 1);
    member_add(&w, neighbour, "mallory", STRANGER, PATUH__ROLE__ROLE_REVIEWER);
    struct pt_view *own = log_add(&w, "o:63", REGION_63, 1);
    office_add(&w, own, "64", STRANGER, 1);
    revoke_add(&w, own, BUDI, NULL, 0);
    struct pt_authority a = build(&w);
    struct pt_author budi = author_of(BUDI);
    cr_expect_eq(a.n_offices, 3);
    cr_expect_eq(a.n_members, 2);
    cr_expect_not(pt_authority_member(&a, &budi)->revoked, "another region revokes nobody here");
    pt_arena_close(&w.arena);
}

Test(authority, members_of_offices_that_are_not_known_yet_wait)
{
    struct world w = usual();
    struct world later = usual();
    w.views[0].n_entries = 0;
    struct pt_authority a = build(&w);
    cr_expect_eq(a.n_members, 0);
    cr_expect_eq(a.n_offices, 1);
    a = build(&later);
    cr_expect_eq(a.n_members, 2);
    w.n = 0;
    a = build(&w);
    cr_expect_eq(a.n_offices, 0, "no root, nobody");
    pt_arena_close(&w.arena);
    pt_arena_close(&later.arena);
}

/* A rogue office that names a foreign key takes nothing from its owner. */
Test(authority, a_key_named_by_two_offices_belongs_to_both)
{
    struct world w = usual();
    struct pt_view *root = &w.views[0];
    office_add(&w, root, "11", STRANGER, 1);
    struct pt_view *rogue = log_add(&w, "o:11", STRANGER, 1);
    member_add(&w, rogue, "mine", BUDI, PATUH__ROLE__ROLE_DEVICE);
    struct pt_authority a = build(&w);
    struct pt_author budi = author_of(BUDI);
    const struct pt_member *first = pt_authority_member(&a, &budi);
    cr_assert_not_null(first);
    cr_expect_str_eq(first->office->code, "11");
    const struct pt_member *next = pt_authority_member_next(&a, first);
    cr_assert_not_null(next);
    cr_expect_str_eq(next->office->code, "62");
    cr_expect_null(pt_authority_member_next(&a, next));
    revoke_add(&w, rogue, BUDI, NULL, 0);
    a = build(&w);
    first = pt_authority_member(&a, &budi);
    cr_expect(first->revoked);
    cr_expect_not(pt_authority_member_next(&a, first)->revoked, "it revokes its own naming only");
    pt_arena_close(&w.arena);
}

/* The cut names logs by link: one device has the same incarnation in all its logs. */
Test(authority, a_revocation_cuts_each_log_where_it_says)
{
    struct world w = usual();
    Patuh__Place place = PATUH__PLACE__INIT;
    struct pt_view *one = log_add(&w, "a:2023/62.71/x", BUDI, 7);
    struct pt_view *two = log_add(&w, "a:2023/62.71/y", BUDI, 7);
    for (size_t i = 0; i < 5; i++) {
        entry_add(&w, one, PATUH__ENTRY_KIND__ENTRY_PLACE, &place);
        entry_add(&w, two, PATUH__ENTRY_KIND__ENTRY_PLACE, &place);
    }
    revoke_add(&w, &w.views[1], BUDI, one, 3);
    struct pt_authority a = build(&w);
    struct pt_author budi = author_of(BUDI);
    const struct pt_member *member = pt_authority_member(&a, &budi);
    cr_expect_not(pt_authority_is_cut_off(member, one, 3));
    cr_expect(pt_authority_is_cut_off(member, one, 4));
    cr_expect(pt_authority_is_cut_off(member, two, 1), "a log that the cut does not name");
    one->chunks[2].link.b[0] ^= 1;
    cr_expect(pt_authority_is_cut_off(member, one, 1), "the other branch of a fork");
    pt_arena_close(&w.arena);
}

Test(authority, a_later_revocation_of_the_office_stands_and_the_roots_over_both)
{
    struct world w = usual();
    Patuh__Place place = PATUH__PLACE__INIT;
    struct pt_view *log = log_add(&w, "a:2023/62.71/x", BUDI, 7);
    for (size_t i = 0; i < 5; i++) {
        entry_add(&w, log, PATUH__ENTRY_KIND__ENTRY_PLACE, &place);
    }
    struct pt_author budi = author_of(BUDI);
    revoke_add(&w, &w.views[1], BUDI, log, 2);
    revoke_add(&w, &w.views[1], BUDI, log, 4);
    struct pt_authority a = build(&w);
    cr_expect_not(pt_authority_is_cut_off(pt_authority_member(&a, &budi), log, 4));
    revoke_add(&w, &w.views[0], BUDI, log, 1);
    a = build(&w);
    cr_expect(pt_authority_is_cut_off(pt_authority_member(&a, &budi), log, 2));
    cr_expect_not(pt_authority_is_cut_off(pt_authority_member(&a, &budi), log, 1));
    pt_arena_close(&w.arena);
}

/* standby_promote: the new key of an office governs the members that the old one named. */
Test(authority, a_new_generation_of_an_office_takes_over)
{
    struct world w = usual();
    office_add(&w, &w.views[0], "62", NEW_62, 2);
    struct pt_view *new_log = log_add(&w, "o:62", NEW_62, 1);
    revoke_add(&w, new_log, BUDI, NULL, 0);
    struct pt_authority a = build(&w);
    struct pt_author budi = author_of(BUDI);
    struct pt_author new_key = author_of(NEW_62);
    cr_expect(pt_author_eq(&pt_authority_office_by_code(&a, "62")->author, &new_key));
    cr_expect(pt_authority_member(&a, &budi)->revoked);
    office_add(&w, &w.views[0], "62", NEW_62, 3);
    a = build(&w);
    cr_expect_eq(pt_authority_office(&a, &new_key)->generation, 3, "the same key named again");
    pt_arena_close(&w.arena);
}

Test(authority, unreadable_details_are_skipped)
{
    struct world w = usual();
    for (size_t v = 0; v < 2; v++) {
        w.views[v].entries[0].detail = pt_bytes_str("\xff\xff");
    }
    struct pt_authority a = build(&w);
    cr_expect_eq(a.n_offices, 2);
    cr_expect_eq(a.n_members, 0, "63 alone is known");
    pt_arena_close(&w.arena);
}

static struct pt_hash digest_of(const struct pt_authority *a)
{
    struct pt_buf out = {0};
    for (size_t i = 0; i < a->n_offices; i++) {
        pt_buf_printf(&out, "%s %s %d ", a->offices[i].code, a->offices[i].name, (int)a->offices[i].generation);
        pt_buf_put(&out, a->offices[i].author.b, PT_HASH_BYTES);
    }
    for (size_t i = 0; i < a->n_members; i++) {
        const struct pt_member *m = &a->members[i];
        pt_buf_printf(&out, "%s %s %d %d ", m->name, m->office->code, (int)m->role, m->revoked);
        pt_buf_put_u64(&out, m->revoked && m->revocation->n_cut > 0 ? m->revocation->cut[0]->seq : 0);
    }
    struct pt_hash hash = pt_hash1("test", pt_buf_bytes(&out));
    pt_buf_free(&out);
    return hash;
}

Test(authority, the_order_of_logs_decides_nothing)
{
    struct world w = usual();
    struct pt_view *second = log_add(&w, "o:00", ROOT, 9); /* a restored head office */
    office_add(&w, second, "00", ROOT, 2);
    office_add(&w, second, "62", NEW_62, 2);
    revoke_add(&w, second, BUDI, &w.views[1], 2);
    struct pt_view *third = log_add(&w, "o:62", NEW_62, 1);
    member_add(&w, third, "budi", BUDI, PATUH__ROLE__ROLE_DEVICE);
    revoke_add(&w, third, BUDI, &w.views[1], 1);
    struct pt_view *odd = log_add(&w, "o:99", ROOT, 1);
    member_add(&w, odd, "extra", STRANGER, PATUH__ROLE__ROLE_REVIEWER);
    struct pt_authority a = build(&w);
    struct pt_hash first = digest_of(&a);
    uint64_t state = 1;
    for (size_t round = 0; round < 200; round++) {
        for (size_t i = w.n - 1; i > 0; i--) {
            size_t k = kit_random(&state) % (i + 1);
            struct pt_view kept = w.views[i];
            w.views[i] = w.views[k];
            w.views[k] = kept;
        }
        a = build(&w);
        struct pt_hash now = digest_of(&a);
        cr_assert(pt_hash_eq(&first, &now), "round %zu", round);
    }
    cr_expect_str_eq(a.offices[0].code, "00");
    pt_arena_close(&w.arena);
}

Test(authority, oom_loop)
{
    struct world w = usual();
    struct pt_author root = author_of(ROOT);
    enum pt_err err = PT_ENOMEM;
    for (size_t pass = 0; err != PT_OK; pass++) {
        struct pt_arena arena;
        struct pt_authority a = {.n_offices = 77};
        pt_arena_init(&arena, SIZE_MAX);
        pt_mem_fault_arm(pass);
        err = pt_authority_build(w.views, w.n, &root, &arena, &a);
        pt_mem_fault_disarm();
        cr_assert(err == PT_OK || (err == PT_ENOMEM && a.n_offices == 77), "allocation %zu", pass);
        pt_arena_close(&arena);
        cr_assert_lt(pass, 100);
    }
    pt_arena_close(&w.arena);
    cr_expect_eq(pt_mem_alive(), 0);
}

/* An office whose store went back in time goes on in a new log: what both say counts. */
Test(authority, an_office_log_of_a_new_incarnation_stands_beside_the_old_one)
{
    struct world w = usual();
    struct pt_view *fresh = log_add(&w, "o:62", REGION_62, 4711);
    member_add(&w, fresh, "ani", ANI, PATUH__ROLE__ROLE_DEVICE);
    struct pt_authority a = build(&w);
    struct pt_author budi = author_of(BUDI);
    struct pt_author ani = author_of(ANI);
    cr_expect_not_null(pt_authority_member(&a, &budi));
    cr_expect_not_null(pt_authority_member(&a, &ani));
    pt_arena_close(&w.arena);
}

/* The later revocation stands: the one in the log that was begun after the other, whatever the incarnations are. */
Test(authority, what_a_later_incarnation_says_comes_after)
{
    for (uint64_t later = 1; later < 1000; later += 998) { /* below and above the incarnation of the old log */
        struct world w = usual();
        struct pt_view *old = log_add(&w, "o:62", REGION_62, 500);
        struct pt_view *device = log_add(&w, "a:2023/62.71/dinkes", BUDI, 1);
        for (int i = 0; i < 3; i++) {
            struct pt_entry entry = pt_entry_of(PATUH__ENTRY_KIND__ENTRY_ANSWER, 0);
            chunk_add(device, &entry);
        }
        revoke_add(&w, old, BUDI, device, 1);
        struct pt_view *fresh = log_add(&w, "o:62", REGION_62, later);
        fresh->has_previous = true;
        fresh->previous = old->chunks[old->n_chunks - 1].link;
        revoke_add(&w, fresh, BUDI, device, 2);
        struct pt_authority a = build(&w);
        struct pt_author budi = author_of(BUDI);
        const struct pt_member *member = pt_authority_member(&a, &budi);
        cr_assert_not_null(member);
        cr_expect_not(pt_authority_is_cut_off(member, device, 2), "incarnation %llu", (unsigned long long)later);
        cr_expect(pt_authority_is_cut_off(member, device, 3));
        pt_arena_close(&w.arena);
    }
}
