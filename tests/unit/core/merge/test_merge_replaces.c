/* Which claims stand, against the definition written down plainly: slow, and easy to see right. */
#include "merge_scene.h"

#include "support/logs_kit.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_MAX 24
#define REFS_MAX 3
#define ROUNDS 400

/* A claim as the oracle sees it: who wrote it, and which earlier claims it names. */
struct plain {
    struct pt_view *log;
    uint64_t seq;
    int64_t number;
    bool decides;
    size_t refs[REFS_MAX];
    size_t n_refs;
};

static size_t own_before(const struct plain *claims, size_t at)
{
    for (size_t i = at; i > 0; i--) {
        if (claims[i - 1].log == claims[at].log) {
            return i - 1;
        }
    }
    return N_MAX;
}

/* Is `wanted` the claim `at`, or behind it? Claims are in the order they were written: what is behind comes before. */
static bool is_behind(const struct plain *claims, size_t at, size_t wanted)
{
    bool behind[N_MAX + 1] = {false};
    behind[at] = true;
    for (size_t i = at + 1; i > 0; i--) {
        if (behind[i - 1]) {
            behind[own_before(claims, i - 1)] = true;
            for (size_t k = 0; k < claims[i - 1].n_refs; k++) {
                behind[claims[i - 1].refs[k]] = true;
            }
        }
    }
    return behind[wanted];
}

static bool may_replace(const struct plain *claims, size_t at)
{
    const struct plain *by = &claims[at];
    size_t own = own_before(claims, at);
    size_t other = N_MAX;
    bool own_stands = own != N_MAX;
    for (size_t k = 0; k < by->n_refs; k++) {
        const struct plain *target = &claims[by->refs[k]];
        if (target->log == by->log) {
            continue;
        }
        if (other != N_MAX && claims[other].number != target->number) {
            return false;
        }
        other = by->refs[k];
        own_stands = own_stands && !is_behind(claims, other, own);
    }
    return other == N_MAX || !own_stands || claims[other].number == claims[own].number;
}

/* One digit a claim that stands, sorted, each value once: as ms_expect_values prints them. */
static void expect(const struct plain *claims, size_t n, char *out)
{
    bool replaced[N_MAX + 1] = {false};
    bool stands[10] = {false};
    for (size_t i = 0; i < n; i++) {
        replaced[own_before(claims, i)] = true;
        for (size_t k = 0; k < claims[i].n_refs && (claims[i].decides || may_replace(claims, i)); k++) {
            replaced[claims[i].refs[k]] = true;
        }
    }
    for (size_t i = 0; i < n; i++) {
        stands[claims[i].number] = stands[claims[i].number] || !replaced[i];
    }
    for (size_t digit = 0; digit < 10; digit++) {
        if (stands[digit]) {
            out += sprintf(out, "%s%zu", out[-1] == '\0' ? "" : " ", digit);
        }
    }
}

static struct pt_entry_ref ref_to(const struct plain *claim)
{
    struct pt_entry_ref ref = {
        .author = claim->log->log.author, .incarnation = claim->log->log.incarnation, .seq = claim->seq};
    memcpy(ref.link, claim->log->chunks[claim->seq - 1].link.b, sizeof ref.link);
    return ref;
}

#define N_LOGS 5

static void write_claim(struct merge_scene *s, struct pt_view *const *logs, struct plain *claims, size_t at,
                        uint64_t *random)
{
    struct plain *claim = &claims[at];
    struct pt_entry_ref refs[REFS_MAX];
    *claim = (struct plain){.log = logs[kit_random(random) % N_LOGS], .number = (int64_t)(kit_random(random) % 3)};
    claim->decides = claim->log == s->region;
    claim->n_refs = at == 0 ? 0 : kit_random(random) % (REFS_MAX + 1);
    for (size_t k = 0; k < claim->n_refs; k++) {
        claim->refs[k] = at - 1 - kit_random(random) % (at < 6 ? at : 6);
        refs[k] = ref_to(&claims[claim->refs[k]]);
    }
    ms_claim(s, claim->log, claim->decides ? PATUH__ENTRY_KIND__ENTRY_DECIDE : PATUH__ENTRY_KIND__ENTRY_ANSWER, "n",
             claim->number, refs, claim->n_refs);
    claim->seq = claim->log->n_entries;
}

Test(merge_replaces, any_history_is_what_the_plain_definition_says)
{
    uint64_t random = 7;
    size_t n_conflicts = 0;
    for (size_t round = 0; round < ROUNDS; round++) {
        struct merge_scene s;
        struct plain claims[N_MAX];
        char text[64] = {0};
        size_t n = 2 + kit_random(&random) % (N_MAX - 1);
        ms_open(&s);
        struct pt_view *logs[N_LOGS] = {s.budi, s.siti, s.region, log_add(&s.logs, SUBJECT, BUDI, 2),
                                        log_add(&s.logs, SUBJECT, ANI, 7)}; /* an author has several */
        for (size_t i = 0; i < n; i++) {
            write_claim(&s, logs, claims, i, &random);
        }
        expect(claims, n, text + 1);
        ms_expect_n(&s, PT_LEVEL_WORK, text + 1);
        n_conflicts += strlen(text + 1) > 1;
        ms_close(&s);
    }
    cr_expect(n_conflicts > ROUNDS / 10 && n_conflicts < ROUNDS, "%zu conflicts", n_conflicts);
}

/* Whatever two authors write into one question, nobody waits for it: a walk for every claim would take hours here. */
Test(merge_replaces, a_long_quarrel_is_settled_at_once, .timeout = 60)
{
    struct merge_scene s;
    ms_open(&s);
    ms_answer(&s, s.budi, 1);
    for (size_t i = 0; i < WORLD_ENTRIES - 8; i++) {
        ms_answer_over(&s, s.siti, (int64_t)(i % 7), ms_last_of(s.budi));
        ms_answer_over(&s, s.budi, (int64_t)(i % 5), ms_last_of(s.siti));
    }
    ms_answer_over(&s, s.siti, 9, ms_last_of(s.budi));
    ms_expect_n(&s, PT_LEVEL_WORK, "9");
    ms_close(&s);
}

/* A log of budi's for each incarnation: two answers, the second one another than the first, each naming the last one of
 * the log before. */
static void add_incarnations(struct merge_scene *s, struct pt_view *views, size_t n)
{
    struct pt_keypair pair = kit_pair(BUDI);
    const struct pt_view *before = NULL;
    for (size_t i = 0; i < n; i++) {
        struct pt_view *view = &views[i];
        *view = (struct pt_view){.log = kit_log(SUBJECT, &pair, 100 + i)};
        memcpy(view->public_key, pair.public_key, PT_KEY_BYTES);
        view->entries = pt_arena_zalloc(&s->logs.arena, 2, sizeof *view->entries);
        view->chunks = pt_arena_zalloc(&s->logs.arena, 2, sizeof *view->chunks);
        for (size_t k = 0; k < 2; k++) {
            struct pt_entry_ref ref = before == NULL ? (struct pt_entry_ref){0} : ms_last_of(before);
            ms_claim(s, view, PATUH__ENTRY_KIND__ENTRY_ANSWER, "n", (int64_t)((i + k) % 7), &ref, before != NULL);
        }
        before = view;
    }
}

/* What a merge takes of memory when one author has so many logs. */
static size_t bytes_of_merge(size_t n_logs)
{
    struct merge_scene s;
    struct pt_arena arena;
    struct pt_assessment out;
    ms_open(&s);
    size_t n = s.logs.n + n_logs;
    struct pt_view *views = pt_arena_zalloc(&s.logs.arena, n, sizeof *views);
    memcpy(views, s.logs.views, s.logs.n * sizeof *views);
    add_incarnations(&s, views + s.logs.n, n_logs);
    qsort(views, n, sizeof *views, ms_compare_views);
    struct pt_merge_input input = {.subject = &s.subject,
                                   .views = views,
                                   .n_views = n,
                                   .authority = &s.authority,
                                   .instrument = &s.f.ins,
                                   .lookup = {.instrument = ms_find_instrument, .text = ms_find_text, .data = &s}};
    pt_arena_init(&arena, SIZE_MAX);
    cr_assert_eq(pt_merge(&input, &arena, &out), PT_OK);
    cr_expect_eq(out.n_entries, 3 + 2 * n_logs);
    size_t used = arena.used;
    pt_arena_close(&arena);
    ms_close(&s);
    return used;
}

/* Who takes one incarnation after the other fills no memory but with what he wrote. */
Test(merge_replaces, memory_grows_with_the_logs_of_an_author_and_not_with_their_square)
{
    size_t few = bytes_of_merge(500);
    size_t many = bytes_of_merge(2000);
    cr_expect_lt(many, 5 * few, "%zu bytes for 500 logs, %zu for 2000", few, many);
}
