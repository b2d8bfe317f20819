#include "desk.h"
#include "core/store/meta.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct reviewer reviewer_of(const struct world *w, enum world_author who, const char *name)
{
    struct reviewer out = {.pair = w->pairs[who], .author = pt_author_of(w->pairs[who].public_key)};
    (void)snprintf(out.name, sizeof out.name, "%s", name);
    return out;
}

void desk_keep_blobs(struct desk *d)
{
    struct pt_hash hash;
    for (size_t i = 0; i < d->w.n_blobs; i++) {
        cr_assert_eq(pt_blobs_put(d->offices[0].blobs, pt_buf_bytes(&d->w.blobs[i]), &hash), PT_OK);
    }
}

void desk_open(struct desk *d)
{
    struct pt_random random = pt_random_system();
    struct pt_blobs *blobs;
    struct pt_txn *txn;
    *d = (struct desk){.folder = "/tmp/patuh-review-XXXXXX"};
    cr_assert_not_null(mkdtemp(d->folder));
    cr_assert_eq(pt_blobs_open(d->folder, NULL, &random, (struct pt_disk_reserve){0}, &blobs, NULL), PT_OK);
    world_open(&d->w, "2023");
    world_load_small(&d->w);
    world_load_registry(&d->w);
    world_name_member(&d->w, WORLD_SOUTH, WORLD_RINI, "rini", PATUH__ROLE__ROLE_REVIEWER);
    world_name_member(&d->w, WORLD_ROOT, WORLD_DEWI, "dewi", PATUH__ROLE__ROLE_REVIEWER);
    d->reviewers[0] = reviewer_of(&d->w, WORLD_RINI, "rini");
    d->reviewers[1] = reviewer_of(&d->w, WORLD_DEWI, "dewi");
    for (size_t i = 0; i < 2; i++) {
        struct office *office = &d->offices[i];
        *office = (struct office){.store = d->w.store, .blobs = blobs, .joined = true};
        office->pair = d->w.pairs[i == 0 ? WORLD_SOUTH : WORLD_ROOT];
        office->author = pt_author_of(office->pair.public_key);
        office->root = pt_author_of(d->w.pairs[WORLD_ROOT].public_key);
        office->national = i == 1;
        (void)snprintf(office->code, sizeof office->code, "%s", i == 0 ? "62" : "pusat");
    }
    desk_keep_blobs(d);
    cr_assert_eq(pt_store_begin_write(d->w.store, &txn), PT_OK);
    cr_assert_eq(pt_meta_put_u64(txn, PT_META_INCARNATION, 77), PT_OK);
    cr_assert_eq(pt_store_commit(txn), PT_OK);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *at)
{
    (void)status;
    (void)type;
    (void)at;
    return remove(path);
}

void desk_close(struct desk *d)
{
    pt_blobs_close(d->offices[0].blobs);
    cr_expect_eq(nftw(d->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
    world_close(&d->w);
}

/* What the reviewer of the tier is told; NONE: done. */
enum pt_msg desk_act(struct desk *d, enum pt_tier tier, const struct review_act *wanted)
{
    struct pt_problem problem = {0};
    struct review_done done;
    enum pt_err err = review_do(&d->offices[tier - 1], &d->reviewers[tier - 1], wanted, &done, &problem);
    cr_expect_eq(err == PT_OK, problem.msg == PT_MSG_NONE, "%s without a sentence", pt_err_name(err));
    return problem.msg;
}

enum pt_msg desk_act_on(struct desk *d, enum pt_tier tier, enum review_kind kind, const char *unit)
{
    static const struct review_comment comment = {.path = "desk", .text = "foto kurang jelas"};
    struct review_act wanted = {.kind = kind, .assessment = unit, .reason = "salah unit"};
    if (kind == REVIEW_RETURN) {
        wanted.comments = &comment;
        wanted.n_comments = 1;
    }
    return desk_act(d, tier, &wanted);
}

void desk_return(struct desk *d, enum pt_tier tier, const char *path, const char *text)
{
    struct review_comment comment = {.path = path, .text = text};
    struct review_act wanted = {.kind = REVIEW_RETURN, .assessment = UNIT_NAME, .comments = &comment, .n_comments = 1};
    cr_assert_eq(desk_act(d, tier, &wanted), PT_MSG_NONE);
}

struct review_case desk_look(struct desk *d)
{
    struct review_case c;
    struct pt_problem problem = {0};
    cr_assert_eq(review_case_open(&d->offices[0], UNIT_NAME, &c, &problem), PT_OK, "%d", (int)problem.msg);
    return c;
}

Patuh__State desk_state(struct desk *d)
{
    struct review_case c = desk_look(d);
    Patuh__State state = c.work.state.state;
    review_case_close(&c);
    return state;
}

void desk_open_for_both(struct desk *d)
{
    world_open_unit(&d->w, WORLD_SOUTH, UNIT, "62", "ana");
    world_assign(&d->w, WORLD_SOUTH, UNIT, "budi");
}

void desk_bring_to(struct desk *d, enum stage stage)
{
    bool assessed = stage != PROPOSED && stage != CONFIRMED_REGION && stage != CONFIRMED_NATION;
    Patuh__State handed = assessed ? PATUH__STATE__STATE_SUBMITTED : PATUH__STATE__STATE_NOT_ASSESSED;
    world_open_unit(&d->w, WORLD_SOUTH, UNIT, "62", "ana");
    world_answer(&d->w, WORLD_ANA, UNIT, "desk", "l2");
    if (stage == DRAFT) {
        return;
    }
    world_move(&d->w, WORLD_ANA, UNIT, handed);
    if (stage == RETURNED) {
        world_move(&d->w, WORLD_SOUTH, UNIT, PATUH__STATE__STATE_HAS_ISSUES);
    }
    if (stage >= APPROVED_REGION) {
        world_move(&d->w, WORLD_SOUTH, UNIT, assessed ? PATUH__STATE__STATE_APPROVED_REGION : handed);
    }
    if (stage >= APPROVED_NATION) {
        world_move(&d->w, WORLD_ROOT, UNIT, assessed ? PATUH__STATE__STATE_APPROVED_NATIONAL : handed);
    }
    if (stage == FIXED) {
        world_fix(&d->w);
    }
}

/* An entry about the question of ana's last one, by budi. */
struct pt_entry desk_about(struct desk *d, const char *path, Patuh__EntryKind kind)
{
    struct review_case c = desk_look(d);
    struct pt_entry entry = pt_entry_of(kind, 0);
    char instance[PT_INSTANCE_BYTES_MAX + 1];
    uint32_t node;
    cr_assert_eq(pt_path_read(c.work.instrument, path, &node, instance, NULL), PT_OK);
    entry.question = c.work.instrument->nodes[node].number;
    entry.instance = "";
    review_case_close(&c);
    return entry;
}
